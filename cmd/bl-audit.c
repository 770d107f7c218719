/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bl-audit: verifies a vault's journal, shows it, and makes and checks proofs about it. Reads `journal`, `checkpoint*` and public
 * keys, no secret, and writes nothing: a copy of a vault, or one without write permission, does as well.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attest/receipt.h"
#include "base/file.h"
#include "base/num.h"
#include "base/opt.h"
#include "base/out.h"
#include "base/text.h"
#include "base/time.h"
#include "crypt/mem.h"
#include "policy/audit.h"
#include "policy/proof.h"

static const char *dir, *checkpoint, *key, *kind, *since, *principal;
static bool json;

#define OPT_VAULT { BL_OPT_TEXT, 'V', "vault", "DIR", "the vault's directory", &dir, "BL_VAULT", 0, 0, false }
#define OPT_KEY { BL_OPT_TEXT, 0, "key", "PUB", "public key that must have signed or cosigned", &key, NULL, 0, 0, false }
#define OPT_JSON { BL_OPT_FLAG, 0, "json", NULL, "JSON instead of text", &json, NULL, 0, 0, false }
#define OPT_END { BL_OPT_END, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, false }

static const struct bl_opt verify_opts[] = {
	OPT_VAULT,
	{ BL_OPT_TEXT, 0, "checkpoint", "FILE", "a checkpoint kept elsewhere, which the journal must extend", &checkpoint, NULL, 0, 0, false },
	OPT_KEY, OPT_JSON, OPT_END,
};
static const struct bl_opt show_opts[] = {
	OPT_VAULT,
	{ BL_OPT_TEXT, 0, "kind", "KIND", "only entries of this kind", &kind, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 0, "since", "TIME", "only entries that claim this time or a later one", &since, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 0, "principal", "FPR", "only entries of this principal", &principal, NULL, 0, 0, false },
	OPT_JSON, OPT_END,
};
static const struct bl_opt prove_opts[] = { OPT_VAULT, OPT_END };
static const struct bl_opt check_opts[] = { OPT_KEY, OPT_END };

static int open_vault(struct bl_audit *a, struct bl_err *err)
{
	*a = (struct bl_audit){ .fd = -1 };
	if (!dir) {
		bl_err_set(err, BL_USAGE, "a vault is missing");
		return bl_err_hint(err, "give -V DIR, or set BL_VAULT");
	}
	if (bl_mem_init(true, err))
		return -1;
	bl_json_init();
	return bl_audit_open(a, dir, key, err);
}

static const char *newest(char path[4096])
{
	snprintf(path, 4096, "%s/checkpoint", dir);
	return path;
}

/* --- verify --- */

static void put_time(struct bl_json *j, const char *name, int64_t time)
{
	char stamp[BL_TIME_TEXT];
	bl_time_print_stamp(time * 1000000, stamp);
	bl_json_put_text(j, name, stamp);
}

static int report_json(const struct bl_audit *a, bool good, const struct bl_err *why, struct bl_err *err)
{
	struct bl_json *j = bl_json_new_object(), *cosigned = bl_json_new_object();
	uint8_t root[BL_TREE_HASH];

	bl_json_put_text(j, "schema", "bl-audit/1");
	bl_json_put(j, "verified", bl_json_new_bool(good));
	if (good) {
		bl_journal_root(a->j, root);
		bl_json_put_int(j, "entries", (int64_t)bl_journal_size(a->j));
		bl_json_put_hex(j, "root", root, sizeof root);
		bl_json_put(j, "torn", bl_json_new_bool(bl_journal_torn(a->j)));
		bl_json_put_int(j, "signed", (int64_t)a->signed_size);
		bl_json_put_text(cosigned, "by", a->by);
		put_time(cosigned, "time", a->time);
		bl_json_put(j, "cosigned", a->by[0] ? bl_json_copy(cosigned) : bl_json_new_null());
	} else {
		bl_json_put_text(j, "error", why->msg);
		bl_json_put(j, "seq", a->damaged ? bl_json_new_int((int64_t)a->bad) : bl_json_new_null());
	}
	bl_json_free(cosigned);
	return bl_out_json(j, err);
}

static void report_good(const struct bl_audit *a)
{
	char b64[BL_TEXT_B64(BL_TREE_HASH)], stamp[BL_TIME_TEXT];
	uint8_t root[BL_TREE_HASH];

	bl_journal_root(a->j, root);
	bl_text_b64(root, sizeof root, b64);
	printf("ok: %llu entries, root %s", (unsigned long long)bl_journal_size(a->j), b64);
	if (a->signed_size)
		printf(", signed up to %llu", (unsigned long long)a->signed_size);
	else
		printf(a->unchecked ? ", signatures not checked" : ", no checkpoint");
	if (a->by[0]) {
		bl_time_print_stamp(a->time * 1000000, stamp);
		printf(", cosigned by %s at %s", a->by, stamp);
	}
	puts(bl_journal_torn(a->j) ? ", a torn end passed over" : "");
}

static int verify(int argc, char **argv, struct bl_err *err)
{
	struct bl_audit a = { .fd = -1 };
	struct bl_err why = { 0 };
	int rc = -1;

	(void)argv;
	if (argc) {
		bl_err_set(err, BL_USAGE, "'verify' takes no operand; the vault is given by -V");
		goto out;
	}
	if (open_vault(&a, err))
		goto out;
	bool good = !bl_audit_read(&a, &why) && !bl_audit_checkpoints(&a, checkpoint, &why);
	if (!good && why.code != BL_NO && !a.damaged) {
		*err = why;
		goto out;
	}
	if (json && report_json(&a, good, &why, err))
		goto out;
	if (!json && good && !bl_opt_quiet)
		report_good(&a);
	else if (!json && !good && !bl_opt_quiet)
		printf("bad: %s\n", why.msg);
	rc = good ? BL_OK : bl_err_set(err, BL_NO, "'%s': the journal does not verify", dir);
	if (good && a.unchecked)
		bl_opt_note("a checkpoint's signature was not checked: no helper.pub in the vault, and no --key");
out:
	bl_audit_close(&a);
	return rc;
}

/* --- show --- */

struct filter { int64_t since; bool met; };	/* met: an entry of --kind */

/* Kinds of this version; a later one may have more. */
static const char *const kinds[] = { "init", "dataset", "request", "verdict", "release" };
enum { KINDS = sizeof kinds / sizeof *kinds };

/* A list that is empty because of a slip. */
static void note_kind(const struct filter *f)
{
	const char *near = kind ? bl_text_nearest(kind, kinds, KINDS) : NULL;

	if (kind && !f->met && !near)
		bl_opt_note("no entry is of kind '%s'", kind);
	else if (kind && !f->met && strcmp(kind, near))
		bl_opt_note("no entry is of kind '%s', did you mean '%s'?", kind, near);
}

static void put_clean(const char *s, int width)
{
	const size_t n = s ? bl_text_puts(s, stdout) : 0;

	printf("%*s", n < (size_t)width ? width - (int)n : 0, "");
}

/* The rules that failed. */
static void put_rules(const struct bl_json *rules)
{
	const char *before = " by ";

	for (size_t i = 0; i < bl_json_count(rules); i++) {
		const struct bl_json *r = bl_json_item(rules, i);
		const char *result = bl_json_get_text(r, "result"), *rule = bl_json_get_text(r, "rule");

		if (!result || !rule || strcmp(result, "fail"))
			continue;
		fputs(before, stdout);
		put_clean(rule, 0);
		before = ", ";
	}
}

/* The one thing about an entry that fits the line. */
static void put_subject(const struct bl_json *e)
{
	const struct bl_json *d = bl_json_get(e, "dataset");
	const char *what = bl_json_get_text(e, "kind"), *s;

	if (!strcmp(what, "dataset")) {
		put_clean(bl_json_get_text(e, "name"), 0);
		printf(" version %lld", (long long)bl_json_get_int(e, "version", 0));
		return;
	}
	if ((s = bl_json_get_text(e, "outcome"))) {
		put_clean(s, 0);
		putchar(' ');
	}
	if ((s = bl_json_get_text(d, "name"))) {
		put_clean(s, 0);
		putchar(' ');
	}
	if ((s = bl_json_get_text(e, "request")))
		printf("request %.12s", bl_text_utf8(s, strlen(s)) && strspn(s, "0123456789abcdef") == strlen(s) ? s : "?");
	else
		put_clean(bl_json_get_text(e, "vault"), 0);
	put_rules(bl_json_get(e, "rules"));
}

static int show_entry(void *arg, const struct bl_json *e, struct bl_err *err)
{
	struct filter *f = arg;
	const char *who = bl_json_get_text(e, "principal"), *what = bl_json_get_text(e, "kind"), *when = bl_json_get_text(e, "time");
	int64_t us = 0;
	struct bl_buf b;

	(void)err;
	if (kind && strcmp(what, kind))
		return 0;
	f->met = true;
	if (principal && (!who || strcmp(who, principal)))
		return 0;
	if (since && (!bl_time_parse_stamp(when, strlen(when), &us) || us < f->since))
		return 0;
	if (json) {
		bl_buf_init(&b, BL_JOURNAL_LINE + 1);
		bl_json_print(e, &b);
		bl_buf_put8(&b, '\n');
		fwrite(b.p, 1, b.len, stdout);
		bl_buf_fini(&b);
		return 0;
	}
	printf("%6lld  ", (long long)bl_json_get_int(e, "seq", 0));
	put_clean(when, 22);
	put_clean(what, 9);
	put_clean(who ? who : "-", 52);
	put_subject(e);
	putchar('\n');
	return 0;
}

static bool parse_since(int64_t *us)
{
	int64_t days;

	if (bl_time_parse_date(since, strlen(since), &days)) {
		*us = days * 86400 * 1000000;
		return true;
	}
	return bl_time_parse_stamp(since, strlen(since), us);
}

static int show(int argc, char **argv, struct bl_err *err)
{
	struct bl_audit a = { .fd = -1 };
	struct filter f = { 0 };
	struct bl_journal *again = NULL;
	int rc = -1;

	(void)argv;
	if (argc)
		bl_err_set(err, BL_USAGE, "'show' takes no operand; the vault is given by -V");
	else if (since && !parse_since(&f.since))
		bl_err_set(err, BL_USAGE, "--since: '%s' is not a date or an RFC 3339 time", since);
	else if (principal && !bl_ident_is_fpr(principal))
		bl_err_set(err, BL_USAGE, "--principal: '%s' is not a fingerprint", principal);
	else if (!open_vault(&a, err) && !bl_audit_read(&a, err)) {
		/* The whole chain held, and the lock is kept: now the same bytes are read again and printed. */
		if (!json)
			printf("%6s  %-22s%-9s%-52s%s\n", "SEQ", "TIME (CLAIMED)", "KIND", "PRINCIPAL", "SUBJECT");
		rc = bl_journal_open(&again, a.fd, show_entry, &f, err) || bl_journal_lock(again, err) ? -1 : 0;
		if (!rc)
			note_kind(&f);
		if (!rc && bl_journal_torn(a.j))
			bl_opt_note("the journal ends in a torn write, which was passed over");
	}
	bl_journal_close(again);
	bl_audit_close(&a);
	return rc;
}

/* --- proofs --- */

static int prove(int argc, char **argv, struct bl_err *err)
{
	struct bl_audit a = { .fd = -1 };
	struct bl_note n;
	struct bl_buf b;
	char path[4096];
	uint64_t seq;
	int rc = -1;

	bl_buf_init(&b, BL_NOTE_MAX);
	if (argc != 1 || !bl_num_parse_u64(argv[0], strlen(argv[0]), &seq)) {
		bl_err_set(err, BL_USAGE, "one SEQ, the number of an entry, is needed");
		goto out;
	}
	if (open_vault(&a, err))
		goto out;
	a.wanted = seq;
	if (bl_audit_read(&a, err) || bl_audit_checkpoints(&a, NULL, err) || bl_audit_note(newest(path), &b, &n, err))
		goto out;
	if (seq >= n.size) {
		bl_err_set(err, BL_NO, "there is no entry %llu under the vault's checkpoint", (unsigned long long)seq);
		goto out;
	}
	bl_buf_put8(&a.line, 0);
	bl_buf_put8(&b, 0);
	rc = a.line.failed || b.failed ? bl_err_set(err, BL_OSERR, "out of memory") :
	     bl_out_json(bl_proof_inclusion(bl_journal_leaves(a.j), seq, (char *)a.line.p, &n, (char *)b.p), err);
out:
	bl_buf_fini(&b);
	bl_audit_close(&a);
	return rc;
}

static int consistency(int argc, char **argv, struct bl_err *err)
{
	struct bl_audit a = { .fd = -1 };
	struct bl_note old, new;
	struct bl_buf b = { 0 }, c = { 0 };
	char path[4096];
	int rc = -1;

	if (argc != 1 && argc != 2) {
		bl_err_set(err, BL_USAGE, "an OLD checkpoint and, unless the vault's is meant, a NEW one are needed");
		goto out;
	}
	if (open_vault(&a, err) || bl_audit_read(&a, err) || bl_audit_note(argv[0], &b, &old, err) ||
	    bl_audit_note(argc == 2 ? argv[1] : newest(path), &c, &new, err))
		goto out;
	if (bl_audit_signatures(&a, &old, err) || bl_audit_extends(&a, &old, err)) {
		bl_err_where(err, "the old checkpoint");
		goto out;
	}
	if (bl_audit_signatures(&a, &new, err) || bl_audit_extends(&a, &new, err)) {
		bl_err_where(err, "the new checkpoint");
		goto out;
	}
	if (!old.size || old.size > new.size) {
		bl_err_set(err, BL_NO, "the new checkpoint does not extend the old one");
		goto out;
	}
	bl_buf_put8(&b, 0);
	bl_buf_put8(&c, 0);
	rc = b.failed || c.failed ? bl_err_set(err, BL_OSERR, "out of memory") :
	     bl_out_json(bl_proof_consistency(bl_journal_leaves(a.j), &old, (char *)b.p, &new, (char *)c.p), err);
out:
	bl_buf_fini(&b);
	bl_buf_fini(&c);
	bl_audit_close(&a);
	return rc;
}

static int check_receipt(const struct bl_buf *b, struct bl_audit *a, char said[256], struct bl_err *err)
{
	struct bl_receipt_check checks[BL_RECEIPT_CHECKS];
	struct bl_receipt_claims claims = { 0 };
	size_t n;
	bool good;

	if (bl_receipt_verify((const char *)b->p, b->len, key ? a->key : NULL, &claims, checks, &n, &good, err))
		return -1;
	snprintf(said, 256, "a receipt, entry %lld of the journal of %s",
		 (long long)bl_json_get_int(bl_json_get(claims.receipt, "journal"), "index", 0), claims.vault);
	bl_receipt_fini(&claims);
	a->unchecked = !key;
	return good ? 0 : bl_err_set(err, BL_NO, "the receipt does not verify");
}

static int check_proof(const struct bl_json *j, struct bl_audit *a, char said[256], struct bl_err *err)
{
	struct bl_proof p;

	if (bl_proof_parse(&p, j, err))
		return -1;
	if (!bl_proof_holds(&p))
		return bl_err_set(err, BL_NO, "the proof does not hold");
	if (bl_audit_signatures(a, &p.note, err) || (!p.entry && bl_audit_signatures(a, &p.old, err)))
		return -1;
	if (p.entry)
		snprintf(said, 256, "entry %llu of %llu in %s", (unsigned long long)p.index, (unsigned long long)p.note.size, p.note.origin);
	else
		snprintf(said, 256, "%llu entries extend %llu in %s", (unsigned long long)p.note.size, (unsigned long long)p.old.size,
			 p.note.origin);
	return 0;
}

static int check_document(const struct bl_buf *b, struct bl_audit *a, char said[256], struct bl_err *err)
{
	struct bl_note n;
	struct bl_json *j;
	const char *schema;
	int rc;

	if (!bl_note_parse(&n, (const char *)b->p, b->len, err)) {
		snprintf(said, 256, "checkpoint of %llu entries of %s", (unsigned long long)n.size, n.origin);
		return bl_audit_signatures(a, &n, err);
	}
	j = bl_json_parse((const char *)b->p, b->len, BL_RECEIPT_DEPTH, BL_DATA, err);
	schema = bl_json_get_text(j, "schema");
	if (!schema)
		rc = bl_err_set(err, BL_DATA, "neither a proof, a receipt nor a checkpoint");
	else if (!strcmp(schema, "bl-receipt/1"))
		rc = check_receipt(b, a, said, err);
	else
		rc = check_proof(j, a, said, err);
	bl_json_free(j);
	return rc;
}

static int check(int argc, char **argv, struct bl_err *err)
{
	struct bl_audit a = { .fd = -1 };
	struct bl_buf b;
	char said[256];
	int rc = -1;

	bl_buf_init(&b, BL_RECEIPT_MAX);
	if (argc != 1) {
		bl_err_set(err, BL_USAGE, "one FILE, a proof, a receipt or a checkpoint, is needed");
		goto out;
	}
	if (bl_mem_init(true, err))
		goto out;
	bl_json_init();
	if (bl_audit_open(&a, NULL, key, err) || bl_file_read(argv[0], &b, err))
		goto out;
	rc = check_document(&b, &a, said, err);
	if (!rc && key && a.unchecked)
		rc = bl_err_set(err, BL_NO, "not signed by the key given");
	if (rc) {
		bl_err_where(err, "'%s'", argv[0]);
		goto out;
	}
	printf("ok: ");
	put_clean(said, 0);
	putchar('\n');
	if (a.unchecked)
		bl_opt_note("signatures were not checked against a known key: give --key");
out:
	bl_buf_fini(&b);
	bl_audit_close(&a);
	return rc;
}

static const struct bl_opt_verb verbs[] = {
	{ "verify", "", "check every entry, the chain, the checkpoints", verify_opts, verify, "bl-audit verify -V vault" },
	{ "show", "", "the entries, as a table or as lines of JSON", show_opts, show, "bl-audit show -V vault --kind release" },
	{ "prove", "SEQ", "a proof that an entry is in the journal", prove_opts, prove, "bl-audit prove -V vault 3 > proof" },
	{ "consistency", "OLD [NEW]", "a proof that a checkpoint extends an older one", prove_opts, consistency,
	  "cp vault/checkpoint monday\nbl-audit consistency -V vault monday > proof" },
	{ "check", "FILE", "check a proof, a receipt or a checkpoint without the vault", check_opts, check,
	  "bl-audit prove -V vault 0 > proof\nbl-audit check --key vault/helper.pub proof" },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};

int main(int argc, char **argv)
{
	static const struct bl_opt_prog prog = {
		.name = "bl-audit", .summary = "Verifies and shows the journal of a vault; makes and checks proofs about it.",
		.verbs = verbs, .example = "bl-audit verify -V vault",
	};
	return bl_opt_main(&prog, argc, argv);
}
