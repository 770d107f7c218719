/* SPDX-License-Identifier: Apache-2.0 */
/* receipt: see receipt.h. Nothing of a receipt is believed before its form is known and its signatures are checked. */
#include "attest/receipt.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "crypt/note.h"
#include "crypt/tree.h"

static const char evidence_domain[] = "bl software evidence v1", receipt_domain[] = "bl receipt v1";
enum { HELLO = 16, HASH = 32, REPORT = 64 };

/* --- signing --- */

/* Canonical bytes of an object without its member `sig`. */
static bool print_unsigned(const struct bl_json *j, struct bl_buf *b)
{
	struct bl_json *o = bl_json_new_object();

	for (size_t i = 0; i < bl_json_count(j); i++) {
		const struct bl_json *v;
		const char *key = bl_json_key(j, i, &v);
		if (strcmp(key, "sig"))
			bl_json_put(o, key, bl_json_copy(v));
	}
	bl_json_print(o, b);
	bl_json_free(o);
	return !b->failed;
}

static bool sign(struct bl_json *j, const char *domain, const struct bl_ident *id)
{
	uint8_t sig[BL_IDENT_SIG];
	char b64[BL_TEXT_B64(BL_IDENT_SIG)];
	struct bl_buf b;
	bool good;

	bl_buf_init(&b, BL_RECEIPT_MAX);
	good = print_unsigned(j, &b) && !bl_ident_sign(id, domain, b.p, b.len, sig);
	bl_buf_fini(&b);
	if (!good)
		return false;
	bl_text_b64(sig, sizeof sig, b64);
	bl_json_put_text(j, "sig", b64);
	return true;
}

static bool get_sig(const struct bl_json *j, uint8_t sig[BL_IDENT_SIG])
{
	const char *s = bl_json_get_text(j, "sig");
	return s && bl_text_unb64(s, strlen(s), sig, BL_IDENT_SIG) == BL_IDENT_SIG;
}

static bool is_signed(const struct bl_json *j, const char *domain, const uint8_t pk[BL_IDENT_PK])
{
	uint8_t sig[BL_IDENT_SIG];
	struct bl_buf b;
	bool good;

	bl_buf_init(&b, BL_RECEIPT_MAX);
	good = get_sig(j, sig) && print_unsigned(j, &b) && bl_ident_check(pk, domain, b.p, b.len, sig);
	bl_buf_fini(&b);
	return good;
}

struct bl_json *bl_receipt_evidence(const struct bl_ident *vault, const uint8_t hello[16], const uint8_t kem_pk[32],
				    const uint8_t sig_pk[32], const uint8_t build[32], const uint8_t report[64])
{
	struct bl_json *j = bl_json_new_object();

	bl_json_put_hex(j, "build", build, HASH);
	bl_json_put_text(j, "class", "software");
	bl_json_put_hex(j, "hello", hello, HELLO);
	bl_json_put_hex(j, "kem", kem_pk, 32);
	bl_json_put_hex(j, "key", sig_pk, 32);
	bl_json_put_hex(j, "report", report, REPORT);
	bl_json_put_hex(j, "vault", vault->pk, 32);
	bl_json_put_text(j, "version", BL_VERSION);
	if (!sign(j, evidence_domain, vault))
		bl_json_put(j, "sig", NULL);	/* a failed tree: whoever prints it is told */
	return j;
}

int bl_receipt_sign(struct bl_json *receipt, const struct bl_json *evidence, const struct bl_ident *session, struct bl_buf *out,
		    struct bl_err *err)
{
	bool good;

	bl_json_put(receipt, "evidence", bl_json_copy(evidence));
	good = sign(receipt, receipt_domain, session);
	bl_json_print(receipt, out);
	bl_buf_put8(out, '\n');
	bl_json_free(receipt);
	return good && !out->failed ? 0 : bl_err_set(err, BL_OSERR, "cannot sign the receipt");
}

/* --- reading --- */

/* Lower-case hex only: one value has one text. */
static bool get_hex(const struct bl_json *j, const char *key, uint8_t *out, size_t n)
{
	const char *s = bl_json_get_text(j, key);
	return s && strspn(s, "0123456789abcdef") == 2 * n && bl_text_unhex(s, strlen(s), out, n);
}

struct evidence { uint8_t hello[HELLO], kem[32], key[32], build[HASH], report[REPORT], vault[32], sig[BL_IDENT_SIG]; };

static bool parse_evidence(struct evidence *e, const struct bl_json *j)
{
	return get_hex(j, "hello", e->hello, HELLO) && get_hex(j, "kem", e->kem, 32) && get_hex(j, "key", e->key, 32) &&
	       get_hex(j, "build", e->build, HASH) && get_hex(j, "report", e->report, REPORT) &&
	       get_hex(j, "vault", e->vault, 32) && bl_json_get_text(j, "version") && get_sig(j, e->sig);
}

int bl_receipt_check_evidence(const char *s, size_t n, const uint8_t hello[16], const uint8_t kem_pk[32], const uint8_t sig_pk[32],
			      const uint8_t build[32], const uint8_t report[64], uint8_t vault_pk[32], struct bl_err *err)
{
	struct bl_json *j = bl_json_parse(s, n, BL_RECEIPT_DEPTH, BL_PROTOCOL, err);
	const char *klass = bl_json_get_text(j, "class");
	struct evidence e;
	int rc = -1;

	if (!klass || strcmp(klass, "software") || !bl_json_canonical(s, n, BL_RECEIPT_DEPTH) || !parse_evidence(&e, j)) {
		bl_err_set(err, BL_PROTOCOL, "the helper's evidence is malformed");
	} else if (!is_signed(j, evidence_domain, e.vault)) {
		bl_err_set(err, BL_REFUSED, "the helper's evidence does not verify");
	} else if (memcmp(e.hello, hello, HELLO) || memcmp(e.kem, kem_pk, 32) || memcmp(e.key, sig_pk, 32) ||
		   memcmp(e.build, build, HASH) || memcmp(e.report, report, REPORT)) {
		bl_err_set(err, BL_REFUSED, "the helper's evidence is about another session");
	} else {
		memcpy(vault_pk, e.vault, 32);
		rc = 0;
	}
	bl_json_free(j);
	return rc;
}

/* The members that checks stand on, all of them; which says what is missing. */
static const char *lacks(const struct bl_json *r, const struct bl_json *journal)
{
	static const char *const texts[] = { "principal", "role", "rollback", "time", "checkpoint" };
	static const char *const lists[] = { "files", "rules" };
	uint8_t h[BL_IDENT_SIG];

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (!bl_json_get_text(r, texts[i]))
			return texts[i];
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (!bl_json_get(r, lists[i]) || bl_json_kind(bl_json_get(r, lists[i])) != BL_JSON_ARRAY)
			return lists[i];
	if (!get_hex(r, "request", h, HASH))
		return "request";
	if (!get_hex(r, "output", h, HASH))
		return "output";
	if (!get_hex(r, "id", h, 16))
		return "id";
	if (!get_sig(r, h))
		return "sig";
	const struct bl_json *proof = bl_json_get(journal, "proof"), *entry = bl_json_get(journal, "entry");
	if (!proof || bl_json_kind(proof) != BL_JSON_ARRAY || bl_json_count(proof) > BL_TREE_PROOF)
		return "journal.proof";
	if (!entry || bl_json_kind(entry) != BL_JSON_OBJECT)
		return "journal.entry";
	if (!get_hex(journal, "root", h, HASH))
		return "journal.root";
	if (bl_json_get_int(journal, "index", -1) < 0)
		return "journal.index";
	return bl_json_get_int(journal, "size", -1) < 1 ? "journal.size" : NULL;
}

int bl_receipt_parse(struct bl_receipt_claims *c, const char *s, size_t n, struct bl_err *err)
{
	const struct bl_json *r, *ev;
	const char *schema, *missing;
	struct evidence e;

	memset(c, 0, sizeof *c);
	if (!n || n > BL_RECEIPT_MAX || s[n - 1] != '\n' || !(c->root = bl_json_parse(s, n - 1, BL_RECEIPT_DEPTH, BL_DATA, err)))
		goto bad;
	r = c->receipt = c->root;
	schema = bl_json_get_text(r, "schema");
	if (!schema || strcmp(schema, "bl-receipt/1"))
		goto bad;
	if (!bl_json_canonical(s, n - 1, BL_RECEIPT_DEPTH)) {
		bl_err_set(err, BL_DATA, "a receipt that is not canonical");
		goto out;
	}
	ev = bl_json_get(r, "evidence");
	c->klass = bl_json_get_text(ev, "class");
	if (!c->klass || strcmp(c->klass, "software")) {
		bl_err_set(err, BL_DATA, "evidence of class '%.64s' is not read by this version", c->klass ? c->klass : "");
		goto out;
	}
	missing = parse_evidence(&e, ev) ? lacks(r, bl_json_get(r, "journal")) : "evidence";
	if (missing) {
		bl_err_set(err, BL_DATA, "a receipt whose '%s' is missing or malformed", missing);
		goto out;
	}
	memcpy(c->vault_pk, e.vault, 32);
	memcpy(c->sig_pk, e.key, 32);
	memcpy(c->build, e.build, HASH);
	c->mask = bl_le32(e.hello + 4);
	bl_ident_fpr(e.vault, c->vault);
	get_hex(r, "output", c->output, HASH);
	return 0;
bad:
	bl_err_set(err, BL_DATA, "not a receipt");
out:
	bl_receipt_fini(c);
	return -1;
}

void bl_receipt_fini(struct bl_receipt_claims *c)
{
	bl_json_free(c->root);
	*c = (struct bl_receipt_claims){ 0 };
}

/* --- checks --- */

struct report { struct bl_receipt_check *v; size_t n; bool ok; };

static void __attribute__((format(printf, 4, 5))) say(struct report *r, const char *name, int result, const char *fmt, ...)
{
	struct bl_receipt_check *c = &r->v[r->n++];
	va_list ap;

	c->name = name;
	c->result = result;
	va_start(ap, fmt);
	vsnprintf(c->why, sizeof c->why, fmt, ap);
	va_end(ap);
	if (result == BL_CHECK_FAIL)
		r->ok = false;
}

static void check_checkpoint(struct report *r, const struct bl_receipt_claims *c)
{
	const struct bl_json *journal = bl_json_get(c->receipt, "journal");
	const char *text = bl_json_get_text(c->receipt, "checkpoint"), *why = NULL;
	struct bl_note note;
	struct bl_err err;
	uint8_t root[HASH];

	get_hex(journal, "root", root, HASH);
	if (bl_note_parse(&note, text, strlen(text), &err))
		why = "is not a signed checkpoint";
	else if (bl_note_signed(&note, c->vault_pk) != BL_NOTE_GOOD)
		why = "is not signed by the vault's key";
	else if (note.size != (uint64_t)bl_json_get_int(journal, "size", -1) || memcmp(note.root, root, HASH))
		why = "is of another size or root";
	if (why)
		say(r, "checkpoint", BL_CHECK_FAIL, "the journal's checkpoint %s", why);
	else
		say(r, "checkpoint", BL_CHECK_PASS, "the vault signed its journal of %llu entries", (unsigned long long)note.size);
}

static void check_inclusion(struct report *r, const struct bl_receipt_claims *c)
{
	const struct bl_json *journal = bl_json_get(c->receipt, "journal"), *list = bl_json_get(journal, "proof");
	uint8_t root[HASH], leaf[HASH], proof[BL_TREE_PROOF][HASH];
	const int64_t index = bl_json_get_int(journal, "index", -1), size = bl_json_get_int(journal, "size", -1);
	size_t n = bl_json_count(list), i;
	struct bl_buf line;
	bool good;

	bl_buf_init(&line, BL_RECEIPT_MAX);
	bl_json_print(bl_json_get(journal, "entry"), &line);
	good = !line.failed;
	if (good)
		bl_tree_leaf(line.p, line.len, leaf);
	bl_buf_fini(&line);
	for (i = 0; good && i < n; i++) {
		const struct bl_json *v = bl_json_item(list, i);
		const char *hex = bl_json_kind(v) == BL_JSON_TEXT ? bl_json_text(v, NULL) : NULL;
		good = hex && bl_text_unhex(hex, strlen(hex), proof[i], HASH);
	}
	get_hex(journal, "root", root, HASH);
	good = good && bl_tree_includes(root, (uint64_t)size, (uint64_t)index, leaf, (const uint8_t (*)[HASH])proof, n);
	if (good)
		say(r, "inclusion", BL_CHECK_PASS, "entry %lld is in that journal", (long long)index);
	else
		say(r, "inclusion", BL_CHECK_FAIL, "the entry is not in the journal under that checkpoint");
}

static bool same_text(const struct bl_json *a, const char *akey, const struct bl_json *b, const char *bkey)
{
	const char *x = bl_json_get_text(a, akey), *y = bl_json_get_text(b, bkey);
	return x && y && !strcmp(x, y);
}

static void check_entry(struct report *r, const struct bl_receipt_claims *c)
{
	const struct bl_json *journal = bl_json_get(c->receipt, "journal"), *entry = bl_json_get(journal, "entry");
	const char *kind = bl_json_get_text(entry, "kind");

	if (kind && !strcmp(kind, "release") && bl_json_get_int(entry, "seq", -1) == bl_json_get_int(journal, "index", -2) &&
	    same_text(entry, "request", c->receipt, "request") && same_text(entry, "principal", c->receipt, "principal") &&
	    same_text(entry, "output", c->receipt, "output") && same_text(entry, "receipt", c->receipt, "id"))
		say(r, "entry", BL_CHECK_PASS, "it records the release of this output to this principal");
	else
		say(r, "entry", BL_CHECK_FAIL, "the entry records something else than this receipt says");
}

int bl_receipt_verify(const char *s, size_t n, const uint8_t *vault_pk, struct bl_receipt_claims *c,
		      struct bl_receipt_check *checks, size_t *nchecks, bool *ok, struct bl_err *err)
{
	struct report r = { .v = checks, .ok = true };

	*nchecks = 0;
	*ok = false;
	if (bl_receipt_parse(c, s, n, err))
		return -1;
	if (is_signed(bl_json_get(c->receipt, "evidence"), evidence_domain, c->vault_pk))
		say(&r, "evidence", BL_CHECK_PASS, "software: proves who holds the vault's key, nothing about the machine");
	else
		say(&r, "evidence", BL_CHECK_FAIL, "the statement is not signed by the vault's key that it names");
	if (!vault_pk)
		say(&r, "vault", BL_CHECK_SKIP, "vault key not pinned: %s", c->vault);
	else if (!memcmp(vault_pk, c->vault_pk, 32))
		say(&r, "vault", BL_CHECK_PASS, "the vault is %s", c->vault);
	else
		say(&r, "vault", BL_CHECK_FAIL, "the vault is another one: %s", c->vault);
	if (is_signed(c->receipt, receipt_domain, c->sig_pk))
		say(&r, "receipt", BL_CHECK_PASS, "signed by the session key that the evidence binds");
	else
		say(&r, "receipt", BL_CHECK_FAIL, "not signed by the session key that the evidence binds");
	check_checkpoint(&r, c);
	check_inclusion(&r, c);
	check_entry(&r, c);
	*nchecks = r.n;
	*ok = r.ok;
	return 0;
}
