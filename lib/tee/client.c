/* SPDX-License-Identifier: Apache-2.0 */
/* client: see client.h. */
#include "tee/client.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "attest/receipt.h"
#include "base/time.h"
#include "crypt/hash.h"
#include "crypt/mem.h"

enum { CHALLENGE_SECONDS = 600 };

/* The next frame, which has to be of this type. body is copied to b. */
static int expect(struct bl_client *c, uint16_t type, struct bl_buf *b, struct bl_err *err)
{
	bl_buf_clear(b);
	return bl_frame_recv_long(&c->link, c->sock, type, b, err);
}

/* Is the vault one that the owner sealed the file to? */
static int check_vault(const struct bl_client *c, const struct bl_header *h, struct bl_err *err)
{
	for (uint32_t i = 0; i < h->nrecipient; i++)
		if (!memcmp(h->recipient[i].pk, c->vault, BL_IDENT_PK))
			return 0;
	bl_err_set(err, BL_REFUSED, "the file is not sealed to this vault");
	return bl_err_hint(err, "its owner has to name the vault's helper.pub with bl-ingest -r");
}

/*
 * Is the helper's statement about this session? Then the vault is one that the file is sealed to, or the owner, who is sent the
 * statement, vouches for the session by a grant.
 */
static int check_evidence(struct bl_client *c, const struct bl_buf *b, const struct bl_wire_challenge *challenge, const uint8_t report[BL_WIRE_REPORT],
			  const struct bl_header *h, const struct bl_release_way *way, struct bl_err *err)
{
	struct bl_statement_about about;
	struct bl_statement said;
	uint8_t grant[BL_GRANT_BODY];
	const char *statement;
	size_t n;
	int rc;

	bl_wire_about(&c->hello, challenge, &about);
	if (bl_wire_get_evidence(b->p, b->len, c->hello.class, &statement, &n, err))
		return -1;
	rc = bl_statement_check(&said, statement, n, &about, err);
	memcpy(c->vault, said.vault_pk, BL_IDENT_PK);
	bl_statement_fini(&said);
	if (rc)
		return -1;
	if (!way)
		return check_vault(c, h, err);
	if (bl_release_ask(way, &c->hello, challenge, statement, n, grant, err) ||
	    bl_grant_check(grant, sizeof grant, h->owner, report, err))
		return -1;
	return bl_frame_send(&c->link, c->sock, BL_FRAME_GRANT, 0, grant, sizeof grant, -1, err);
}

static int shake_hands(struct bl_client *c, int fd, const struct bl_header *h, const struct bl_wire_challenge *challenge,
		       const struct bl_release_way *way, struct bl_err *err)
{
	uint8_t p[BL_WIRE_CHALLENGE], open[BL_WIRE_OPEN] = { 0, 0, BL_WIRE_FILE }, report[BL_WIRE_REPORT];
	struct stat st;
	struct bl_buf b;
	int rc = -1;

	bl_buf_init(&b, BL_FRAME_BODY);
	bl_wire_put_challenge(p, challenge);
	if (c->in_vm) {		/* it has the file as a disk, which is longer */
		if (fstat(fd, &st)) {
			bl_err_sys(err, BL_NOINPUT, "cannot tell how long the file is");
			goto out;
		}
		memcpy(open + 12, &(uint64_t){ (uint64_t)st.st_size }, 8);
		fd = -1;
	}
	if (expect(c, BL_FRAME_HELLO, &b, err) || bl_wire_get_hello(b.p, b.len, &c->hello, err) ||
	    bl_frame_send(&c->link, c->sock, BL_FRAME_CHALLENGE, 0, p, sizeof p, -1, err))
		goto out;
	c->link.deadline = 0;
	bl_wire_report(&c->hello, challenge, report);
	bl_wire_session(report, c->hash);
	if (expect(c, BL_FRAME_EVIDENCE, &b, err) || check_evidence(c, &b, challenge, report, h, way, err) ||
	    bl_frame_send(&c->link, c->sock, BL_FRAME_OPEN, 0, open, sizeof open, fd, err) ||
	    expect(c, BL_FRAME_OPENED, &b, err))
		goto out;
	if (b.len != BL_WIRE_OPENED || memcmp(b.p + 4, h->file_id, 32) || bl_le64(b.p + 36) != h->policy_version)
		bl_err_set(err, BL_PROTOCOL, "the helper opened another file");
	else
		rc = 0;
out:
	bl_buf_fini(&b);
	return rc;
}

/* A helper of its own, on this machine or in a virtual one. */
static int start(struct bl_client *c, const char *addr, const char *provider, const char *vault, int fd, struct bl_err *err)
{
	if ((c->in_vm = bl_vm_is(addr))) {
		if (provider)
			return bl_err_set(err, BL_USAGE, "--provider is for a helper on this machine: one in a virtual machine finds its own");
		if (bl_vm_open(&c->vm, addr, vault, fd, &c->link, err))
			return -1;
		c->sock = c->vm.sock;
		return 0;
	}
	if (bl_spawn_open(&c->spawn, addr, provider, vault, err))
		return -1;
	c->sock = c->spawn.sock;
	bl_frame_init(&c->link, BL_FRAME_CLIENT);
	return 0;
}

int bl_client_open(struct bl_client *c, const char *addr, const char *provider, const char *vault, int fd, const struct bl_header *h,
		   const struct bl_release_way *way, const struct bl_ident *asker, struct bl_err *err)
{
	struct bl_wire_challenge challenge;

	memset(c, 0, sizeof *c);
	c->asker = asker;
	if (!way)
		bl_handoff_ask(&challenge, h, bl_time_now() + CHALLENGE_SECONDS);
	else if (bl_release_challenge(way, h, &challenge, err))
		return -1;
	if (start(c, addr, provider, vault, fd, err))
		return -1;
	if (!shake_hands(c, fd, h, &challenge, way, err))
		return 0;
	bl_client_close(c, err);
	if (err->code == BL_UNAVAILABLE && !*err->hint && !c->in_vm && (provider || c->hello.class != BL_STATEMENT_SOFTWARE))
		bl_err_hint(err, "'bl-tee check --provider %s' tells what a provider of evidence gives, or why nothing", provider ? provider : "NAME");
	return -1;
}

/* How many entries the vault's journal has, where the client keeps it. */
static uint64_t entries(const struct bl_client *c)
{
	return c->in_vm ? bl_journal_size(c->vm.keep.journal) : 0;
}

/*
 * A release is believed when its receipt verifies under the vault's key and speaks of these rows and of this asker; and of an entry that
 * came since the journal had `before`, where the client keeps that.
 */
static int check_receipt(const struct bl_client *c, const struct bl_answer *a, uint64_t before, struct bl_err *err)
{
	struct bl_receipt_check checks[BL_RECEIPT_CHECKS];
	struct bl_receipt_claims claims = { 0 };
	char fpr[BL_IDENT_FPR];
	uint8_t output[32];
	struct bl_buf rows;
	size_t n;
	bool good = false, kept = true;

	if (!a->receipt)
		return bl_err_set(err, BL_PROTOCOL, "the helper sent a release without a receipt");
	bl_buf_init(&rows, BL_WIRE_ANSWER_MAX);
	bl_table_jsonl(&a->table, &rows);
	if (!rows.failed && !bl_receipt_verify(a->receipt, strlen(a->receipt), c->vault, &claims, checks, &n, &good, err) && good) {
		bl_hash_sha256(rows.p, rows.len, output);
		bl_ident_fpr(c->asker->pk, fpr);
		const char *principal = bl_json_get_text(claims.receipt, "principal");
		good = !memcmp(output, claims.output, sizeof output) && principal && !strcmp(principal, fpr) &&
		       !memcmp(claims.statement.about.sig_pk, c->hello.sig_pk, 32);
		kept = !c->in_vm || bl_keep_holds(&c->vm.keep, before, claims.receipt);
	}
	bl_buf_fini(&rows);
	bl_receipt_fini(&claims);
	if (good && kept)
		return 0;
	return bl_err_set(err, BL_PROTOCOL, good ? "the helper's receipt is of an entry that is not in this vault" : "the helper's receipt does not verify");
}

int bl_client_ask(struct bl_client *c, struct bl_request *q, struct bl_buf *plain, struct bl_arena *a, struct bl_answer *out, struct bl_err *err)
{
	const uint64_t before = entries(c);
	struct bl_buf text, b;
	uint8_t sk[32];
	int rc = -1;

	bl_buf_init(&text, BL_WIRE_REQUEST_MAX);
	bl_buf_init(&b, bl_wire_answer_room());
	bl_ident_kem_sk(c->asker, sk);
	if (bl_request_print(q, c->asker, c->hash, &text, err) || bl_wire_seal_request(c->hello.kem_pk, c->hash, &text, &b, err) ||
	    bl_frame_send_long(&c->link, c->sock, BL_FRAME_REQUEST, b.p, b.len, err) || expect(c, BL_FRAME_RELEASE, &b, err) ||
	    bl_wire_open_answer(sk, c->hash, q->hash, b.p, b.len, plain, err) || bl_answer_parse(out, plain->p, plain->len, a, err))
		goto out;
	if (!out->err.code && q->kind == BL_REQUEST_QUERY && check_receipt(c, out, before, err))
		bl_answer_fini(out);
	else
		rc = 0;
out:
	bl_mem_wipe(sk, sizeof sk);
	bl_buf_fini(&text);
	bl_buf_fini(&b);
	return rc;
}

void bl_client_close(struct bl_client *c, struct bl_err *err)
{
	struct bl_err ignored;

	if (c->in_vm) {		/* what was answered is charged and synced here: the machine has nothing left to do */
		bl_vm_close(&c->vm, err);
		return;
	}
	if (err->code) {
		bl_spawn_close(&c->spawn, err);
		return;
	}
	bl_frame_send(&c->link, c->sock, BL_FRAME_BYE, 0, NULL, 0, -1, &ignored);
	bl_spawn_leave(&c->spawn);
}
