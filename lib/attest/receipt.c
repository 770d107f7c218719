/* SPDX-License-Identifier: Apache-2.0 */
/* receipt: see receipt.h. Nothing of a receipt is believed before its form is known and its signatures are checked. */
#include "attest/receipt.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "attest/signed.h"
#include "base/text.h"
#include "crypt/note.h"
#include "crypt/tree.h"

static const char domain[] = "bl receipt v1";
enum { HASH = 32 };

int bl_receipt_sign(struct bl_json *receipt, const struct bl_json *evidence, const struct bl_ident *session, struct bl_buf *out,
		    struct bl_err *err)
{
	bool good;

	bl_json_put(receipt, "evidence", bl_json_copy(evidence));
	good = bl_signed_add(receipt, domain, session);
	bl_json_print(receipt, out);
	bl_buf_put8(out, '\n');
	bl_json_free(receipt);
	return good && !out->failed ? 0 : bl_err_set(err, BL_OSERR, "cannot sign the receipt");
}

/* --- reading --- */

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
	if (!bl_signed_hex(r, "request", h, HASH))
		return "request";
	if (!bl_signed_hex(r, "output", h, HASH))
		return "output";
	if (!bl_signed_hex(r, "id", h, 16))
		return "id";
	if (!bl_signed_get(r, h))
		return "sig";
	const struct bl_json *proof = bl_json_get(journal, "proof"), *entry = bl_json_get(journal, "entry");
	if (!proof || bl_json_kind(proof) != BL_JSON_ARRAY || bl_json_count(proof) > BL_TREE_PROOF)
		return "journal.proof";
	if (!entry || bl_json_kind(entry) != BL_JSON_OBJECT)
		return "journal.entry";
	if (!bl_signed_hex(journal, "root", h, HASH))
		return "journal.root";
	if (bl_json_get_int(journal, "index", -1) < 0)
		return "journal.index";
	return bl_json_get_int(journal, "size", -1) < 1 ? "journal.size" : NULL;
}

int bl_receipt_parse(struct bl_receipt_claims *c, const char *s, size_t n, struct bl_err *err)
{
	const struct bl_json *r, *ev;
	const char *schema, *class, *missing;

	memset(c, 0, sizeof *c);
	if (!n || n > BL_RECEIPT_MAX || s[n - 1] != '\n' || !(c->receipt = bl_json_parse(s, n - 1, BL_RECEIPT_DEPTH, BL_DATA, err)))
		goto bad;
	r = c->receipt;
	schema = bl_json_get_text(r, "schema");
	if (!schema || strcmp(schema, "bl-receipt/1"))
		goto bad;
	if (!bl_json_canonical(s, n - 1, BL_RECEIPT_DEPTH)) {
		bl_err_set(err, BL_DATA, "a receipt that is not canonical");
		goto out;
	}
	ev = bl_json_get(r, "evidence");
	class = bl_json_get_text(ev, "class");
	if (bl_statement_class(class) < 0) {
		bl_err_set(err, BL_DATA, "evidence of class '%.64s' is not read by this version", class ? class : "");
		goto out;
	}
	missing = bl_statement_parse(&c->statement, ev) ? lacks(r, bl_json_get(r, "journal")) : "evidence";
	if (missing) {
		bl_err_set(err, BL_DATA, "a receipt whose '%s' is missing or malformed", missing);
		goto out;
	}
	bl_ident_fpr(c->statement.vault_pk, c->vault);
	bl_signed_hex(r, "output", c->output, HASH);
	return 0;
bad:
	bl_err_set(err, BL_DATA, "not a receipt");
out:
	bl_receipt_fini(c);
	return -1;
}

void bl_receipt_fini(struct bl_receipt_claims *c)
{
	bl_statement_fini(&c->statement);
	bl_json_free(c->receipt);
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

	bl_signed_hex(journal, "root", root, HASH);
	if (bl_note_parse(&note, text, strlen(text), &err))
		why = "is not a signed checkpoint";
	else if (bl_note_signed(&note, c->statement.vault_pk) != BL_NOTE_GOOD)
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
	bl_signed_hex(journal, "root", root, HASH);
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

/* The session that a platform's evidence is about, and the one that this answer came from: one file, its policy, its owner. */
static void check_binding(struct report *r, const struct bl_receipt_claims *c)
{
	const struct bl_json *files = bl_json_get(c->receipt, "files"), *file = bl_json_item(files, 0);
	const struct bl_statement_about *a = &c->statement.about;
	uint8_t id[HASH], policy[HASH];
	const char *owner = bl_json_get_text(file, "owner");
	char fpr[BL_IDENT_FPR];

	bl_ident_fpr(a->owner_pk, fpr);
	if (!bl_statement_bound(&c->statement))
		say(r, "binding", BL_CHECK_FAIL, "the report data is not that of the session's keys and challenge");
	else if (bl_json_count(files) != 1 || !bl_signed_hex(file, "id", id, HASH) || memcmp(id, a->file_id, HASH) ||
		 !bl_signed_hex(file, "policy", policy, HASH) || memcmp(policy, a->policy_hash, HASH) || !owner || strcmp(owner, fpr))
		say(r, "binding", BL_CHECK_FAIL, "the evidence is of a session about another file, policy or owner");
	else
		say(r, "binding", BL_CHECK_PASS, "the report data binds the session's keys, the file and its policy");
}

int bl_receipt_verify(const char *s, size_t n, const uint8_t *vault_pk, struct bl_receipt_claims *c,
		      struct bl_receipt_check *checks, size_t *nchecks, bool *ok, struct bl_err *err)
{
	const struct bl_statement *t = &c->statement;
	struct report r = { .v = checks, .ok = true };

	*nchecks = 0;
	*ok = false;
	if (bl_receipt_parse(c, s, n, err))
		return -1;
	if (bl_statement_signed(t, bl_json_get(c->receipt, "evidence")))
		say(&r, "evidence", BL_CHECK_PASS, t->class == BL_STATEMENT_SOFTWARE ?
			"software: proves who holds the vault's key, nothing about the machine" : "the vault signed what its helper says of itself");
	else
		say(&r, "evidence", BL_CHECK_FAIL, "the statement is not signed by the vault's key that it names");
	if (!vault_pk)
		say(&r, "vault", BL_CHECK_SKIP, "vault key not pinned: %s", c->vault);
	else if (!memcmp(vault_pk, c->statement.vault_pk, 32))
		say(&r, "vault", BL_CHECK_PASS, "the vault is %s", c->vault);
	else
		say(&r, "vault", BL_CHECK_FAIL, "the vault is another one: %s", c->vault);
	if (bl_signed_check(c->receipt, domain, t->about.sig_pk))
		say(&r, "receipt", BL_CHECK_PASS, "signed by the session key that the evidence binds");
	else
		say(&r, "receipt", BL_CHECK_FAIL, "not signed by the session key that the evidence binds");
	if (t->class != BL_STATEMENT_SOFTWARE)
		check_binding(&r, c);
	check_checkpoint(&r, c);
	check_inclusion(&r, c);
	check_entry(&r, c);
	*nchecks = r.n;
	*ok = r.ok;
	return 0;
}
