/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receipts: what is signed verifies, nothing else does. With `--write DIR` the same receipt and its vault are written for the
 * shell tests: journal, checkpoint, helper.pub, receipt, answer.jsonl, and other.pub, the key of nobody here.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../tap.h"
#include "attest/receipt.h"
#include "base/file.h"
#include "base/text.h"
#include "crypt/hash.h"
#include "crypt/mem.h"
#include "policy/journal.h"
#include "policy/ledger.h"

static struct bl_err err;
static struct bl_ident vault, session, other;
static const char answer[] = "{\"n\":216}\n{\"n\":184}\n";
static struct bl_statement_about about = { .hello = { 1, 0, 1, 0, 0xff, 0xff } };
static struct bl_json *evidence;

#define REQUEST "1111111111111111111111111111111111111111111111111111111111111111"
#define POLICY "2222222222222222222222222222222222222222222222222222222222222222"
#define ID "00112233445566778899aabbccddeeff"

static struct bl_json *object(const char *text)
{
	return bl_json_parse(text, strlen(text), 8, BL_DATA, &err);
}

/* A journal as the helper writes it: init, dataset, request, then verdict and release together. */
static struct bl_journal *write_journal(int fd, struct bl_ledger *ledger)
{
	char owner[BL_IDENT_FPR], fpr[BL_IDENT_FPR];
	uint8_t out[32];
	struct bl_journal *j = NULL;
	struct bl_json *e, *d;

	bl_ident_fpr(other.pk, owner);
	bl_ident_fpr(vault.pk, fpr);
	bl_hash_sha256(answer, sizeof answer - 1, out);
	if (bl_journal_open(&j, fd, bl_ledger_fold, ledger, &err) || bl_journal_lock(j, &err))
		return NULL;
	e = bl_json_new_object();
	bl_json_put_text(e, "vault", fpr);
	bl_journal_add(j, "init", e);
	bl_journal_commit(j, &err);
	e = object("{\"file\":\"" REQUEST "\",\"footer\":\"" POLICY "\",\"name\":\"people\",\"policy\":\"" POLICY "\",\"version\":1}");
	bl_json_put_text(e, "owner", owner);
	bl_journal_add(j, "dataset", e);
	e = object("{\"request\":\"" REQUEST "\",\"role\":\"analyst\",\"purpose\":null,\"nonce\":\"" ID "\",\"files\":[]}");
	bl_json_put_text(e, "principal", owner);
	d = bl_json_new_object();
	bl_json_put_text(d, "name", "people");
	bl_json_put_text(d, "owner", owner);
	bl_json_put(e, "dataset", bl_json_copy(d));
	bl_journal_add(j, "request", e);
	bl_journal_commit(j, &err);
	e = object("{\"request\":\"" REQUEST "\",\"role\":\"analyst\",\"purpose\":null,\"files\":[],\"outcome\":\"suppressed\","
		   "\"stage\":\"gate\",\"rules\":[],\"cells\":[]}");
	bl_json_put_text(e, "principal", owner);
	bl_json_put(e, "dataset", d);
	bl_journal_add(j, "verdict", e);
	e = object("{\"request\":\"" REQUEST "\",\"receipt\":\"" ID "\"}");
	bl_json_put_text(e, "principal", owner);
	bl_json_put_hex(e, "output", out, 32);
	bl_journal_add(j, "release", e);
	if (bl_journal_commit(j, &err)) {
		bl_journal_close(j);
		return NULL;
	}
	return j;
}

static struct bl_json *claims(const struct bl_journal *j)
{
	struct bl_json *r = object("{\"answer\":{\"columns\":1,\"rows\":2},\"files\":[{\"footer\":\"" POLICY "\",\"id\":\"" REQUEST
		"\",\"name\":\"people\",\"owner\":\"o\",\"policy\":\"" POLICY "\",\"version\":1}],\"id\":\"" ID "\",\"purpose\":null,"
		"\"request\":\"" REQUEST "\",\"role\":\"analyst\",\"rollback\":\"none\",\"rules\":[{\"param\":\"10\",\"path\":"
		"\"release.all[0].min_entities\",\"rule\":\"min_entities\"}],\"schema\":\"bl-receipt/1\",\"suppressed\":null,"
		"\"time\":\"2026-01-01T00:00:00Z\",\"withheld\":\"small groups may be withheld\"}");
	char owner[BL_IDENT_FPR];
	uint8_t out[32];
	struct bl_buf note;

	bl_ident_fpr(other.pk, owner);
	bl_json_put_text(r, "principal", owner);
	bl_hash_sha256(answer, sizeof answer - 1, out);
	bl_json_put_hex(r, "output", out, 32);
	bl_buf_init(&note, 4096);
	bl_journal_checkpoint(j, &vault, &note, &err);
	bl_json_put(r, "checkpoint", bl_json_new_textn((char *)note.p, note.len));
	bl_buf_fini(&note);
	bl_json_put(r, "journal", bl_journal_proof(j));
	return r;
}

static void print(struct bl_json *r, const struct bl_ident *by, struct bl_buf *b)
{
	bl_buf_clear(b);
	if (bl_receipt_sign(r, evidence, by, b, &err))
		abort();
}

/* 1 verifies, 0 does not, else the error's class; *why: the names of the checks that failed. */
static int verify(const void *p, size_t n, const uint8_t *pin, char why[128])
{
	struct bl_receipt_check checks[BL_RECEIPT_CHECKS];
	struct bl_receipt_claims c;
	size_t k;
	bool good;

	*why = '\0';
	if (bl_receipt_verify(p, n, pin, &c, checks, &k, &good, &err))
		return err.code;
	for (size_t i = 0; i < k; i++)
		if (checks[i].result == BL_CHECK_FAIL)
			strcat(strcat(why, *why ? " " : ""), checks[i].name);
	bl_receipt_fini(&c);
	return good;
}

/* One member replaced, then signed again by whoever `by` is. */
static void forged(const struct bl_journal *j, const char *key, struct bl_json *v, const struct bl_ident *by, const char *fails,
		   const char *promise)
{
	struct bl_json *r = claims(j);
	struct bl_buf b;
	char why[128];

	bl_buf_init(&b, BL_RECEIPT_MAX);
	if (key)
		bl_json_put(r, key, v);
	print(r, by, &b);
	int got = verify(b.p, b.len, NULL, why);
	ok(got == 0, "%s", promise);
	is_str(why, fails, "... by that check alone");
	bl_buf_fini(&b);
}

static struct bl_json *changed(const struct bl_journal *j, const char *key, struct bl_json *v)
{
	struct bl_json *o = bl_journal_proof(j);
	bl_json_put(o, key, v);
	return o;
}

static void test_receipt(struct bl_journal *j)
{
	struct bl_receipt_check checks[BL_RECEIPT_CHECKS];
	struct bl_receipt_claims c;
	struct bl_buf b;
	uint8_t out[32];
	char why[128];
	size_t k;
	bool good;

	bl_buf_init(&b, BL_RECEIPT_MAX);
	print(claims(j), &session, &b);
	ok(!bl_receipt_verify((char *)b.p, b.len, NULL, &c, checks, &k, &good, &err) && good, "a receipt verifies");
	bl_hash_sha256(answer, sizeof answer - 1, out);
	ok(!memcmp(c.output, out, 32) && !memcmp(c.statement.about.sig_pk, session.pk, 32) && !memcmp(c.statement.vault_pk, vault.pk, 32) && c.statement.mask == 0xffff,
	   "and its claims are what was signed");
	is_str(bl_statement_class_name(c.statement.class), "software", "its evidence is of class software");
	ok(checks[0].result == BL_CHECK_PASS && strstr(checks[0].why, "nothing about the machine"), "and says that it proves nothing about the machine");
	ok(checks[1].result == BL_CHECK_SKIP && strstr(checks[1].why, "not pinned: SHA256:"), "without a pinned key that check is skipped, not passed");
	bl_receipt_fini(&c);
	is_int(verify(b.p, b.len, vault.pk, why), 1, "it verifies with the vault's key pinned");
	is_int(verify(b.p, b.len, other.pk, why), 0, "and not with another");
	is_str(why, "vault", "... by that check alone");

	bool refused = true;
	for (size_t i = 0; i < b.len; i++)
		for (unsigned bit = 1; bit < 256; bit <<= 5) {		/* bits 0 and 5: the next value, the other case */
			b.p[i] ^= (uint8_t)bit;
			int got = verify(b.p, b.len, NULL, why);
			refused &= got == 0 || got == BL_DATA;
			b.p[i] ^= (uint8_t)bit;
		}
	ok(refused, "no flipped byte of a receipt verifies");
	for (size_t i = 0; i < b.len; i++)
		refused &= verify(b.p, i, NULL, why) == BL_DATA;
	ok(refused, "a receipt cut anywhere is malformed");
	bl_buf_put8(&b, '\n');
	is_int(verify(b.p, b.len, NULL, why), BL_DATA, "a byte more is malformed");
	bl_buf_fini(&b);

	forged(j, NULL, NULL, &other, "receipt", "a receipt signed by another session does not verify");
	forged(j, "request", bl_json_new_text(POLICY), &session, "entry", "nor one for another request than the journal's");
	forged(j, "output", bl_json_new_text(POLICY), &session, "entry", "nor for another output");
	forged(j, "id", bl_json_new_text("ff112233445566778899aabbccddeeff"), &session, "entry", "nor under another id");
	forged(j, "journal", changed(j, "index", bl_json_new_int(2)), &session, "inclusion entry", "nor at another place");
	forged(j, "journal", changed(j, "proof", bl_json_new_array()), &session, "inclusion", "nor without its proof");
	forged(j, "journal", changed(j, "size", bl_json_new_int(6)), &session, "checkpoint inclusion", "nor under another size");
	forged(j, "journal", changed(j, "root", bl_json_new_text(POLICY)), &session, "checkpoint inclusion", "nor under another root");
	forged(j, "checkpoint", bl_json_new_text("x\n"), &session, "checkpoint", "nor with a checkpoint that is none");

	static const char *const malformed[] = { "schema", "evidence", "journal", "checkpoint", "files", "output", "principal", "time" };
	for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
		struct bl_json *r = claims(j);
		struct bl_buf m;
		bl_buf_init(&m, BL_RECEIPT_MAX);
		bl_json_put_int(r, malformed[i], 7);
		if (!strcmp(malformed[i], "evidence")) {
			bl_json_print(r, &m);
			bl_buf_put8(&m, '\n');
			bl_json_free(r);
		} else {
			print(r, &session, &m);
		}
		is_int(verify(m.p, m.len, NULL, why), BL_DATA, "malformed: %s", malformed[i]);
		bl_buf_fini(&m);
	}
}

/* Is the text refused as evidence of a session that differs from ours in the byte at p, a field of `about`? */
static bool refused_for(const char *s, size_t n, uint8_t *p)
{
	struct bl_statement said;

	*p ^= 1;
	const bool refused = bl_statement_check(&said, s, n, &about, &err) && err.code == BL_REFUSED;
	bl_statement_fini(&said);
	*p ^= 1;
	return refused;
}

static void test_evidence(void)
{
	struct bl_statement said;
	struct bl_buf b;
	const char *s;

	bl_buf_init(&b, 65536);
	bl_json_print(evidence, &b);
	s = (const char *)b.p;
	ok(!bl_statement_check(&said, s, b.len, &about, &err) && !memcmp(said.vault_pk, vault.pk, 32), "evidence is accepted for its session and tells the vault");
	bl_statement_fini(&said);
	ok(refused_for(s, b.len, about.hello), "not for another HELLO");
	ok(refused_for(s, b.len, about.kem_pk), "nor KEM key");
	ok(refused_for(s, b.len, about.sig_pk), "nor signing key");
	ok(refused_for(s, b.len, about.build), "nor build");
	ok(refused_for(s, b.len, about.nonce), "nor nonce");
	ok(refused_for(s, b.len, about.owner_pk) && refused_for(s, b.len, about.policy_hash) && refused_for(s, b.len, about.file_id),
	   "nor owner, policy or file");
	bool refused = true;
	for (size_t i = 0; i < b.len; i++) {
		b.p[i] ^= 1;
		refused &= bl_statement_check(&said, s, b.len, &about, &err) == -1 && (err.code == BL_REFUSED || err.code == BL_PROTOCOL);
		bl_statement_fini(&said);
		b.p[i] ^= 1;
	}
	ok(refused, "no flipped byte of evidence is accepted");
	bl_buf_fini(&b);
}

static void put(const char *dir, const char *name, const void *p, size_t n)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || bl_file_write(fd, p, n, &err))
		abort();
	close(fd);
}

static void write_all(const char *dir, const struct bl_journal *j)
{
	struct bl_buf b;

	bl_buf_init(&b, BL_RECEIPT_MAX);
	print(claims(j), &session, &b);
	put(dir, "receipt", b.p, b.len);
	put(dir, "answer.jsonl", answer, sizeof answer - 1);
	bl_buf_clear(&b);
	bl_journal_checkpoint(j, &vault, &b, &err);
	put(dir, "checkpoint", b.p, b.len);
	bl_buf_clear(&b);
	bl_ident_print_pub(vault.pk, &b);
	put(dir, "helper.pub", b.p, b.len);
	bl_buf_clear(&b);
	bl_ident_print_pub(other.pk, &b);
	put(dir, "other.pub", b.p, b.len);
	bl_buf_fini(&b);
}

int main(int argc, char **argv)
{
	char made[] = "/tmp/bl-receipt.XXXXXX", path[512];
	const char *dir = argc == 3 && !strcmp(argv[1], "--write") ? argv[2] : mkdtemp(made);
	struct bl_ledger *ledger;
	uint8_t seed[32] = { 1 };

	if (!dir || bl_mem_init(true, &err))
		return 99;
	bl_json_init();
	memset(about.build, 0xb0, sizeof about.build);
	memset(about.nonce, 0xee, sizeof about.nonce);
	bl_ident_from_seed(&vault, seed, &err);
	seed[0] = 2;
	bl_ident_from_seed(&session, seed, &err);
	seed[0] = 3;
	bl_ident_from_seed(&other, seed, &err);
	memcpy(about.kem_pk, other.pk, 32);
	memcpy(about.sig_pk, session.pk, 32);
	evidence = bl_statement_new(&vault, &about, NULL);
	ledger = bl_ledger_new();
	snprintf(path, sizeof path, "%s/journal", dir);
	int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct bl_journal *j = fd < 0 ? NULL : write_journal(fd, ledger);
	if (!j)
		return 99;
	if (dir == made) {
		test_receipt(j);
		test_evidence();
		unlink(path);
		rmdir(dir);
	} else {
		write_all(dir, j);
	}
	bl_journal_close(j);
	close(fd);
	bl_ledger_free(ledger);
	bl_json_free(evidence);
	bl_ident_fini(&vault);
	bl_ident_fini(&session);
	bl_ident_fini(&other);
	return dir == made ? tap_done() : 0;
}
