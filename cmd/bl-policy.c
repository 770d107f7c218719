/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bl-policy: finds the mistakes in a policy, says in plain words what one means, drafts a first one, puts a newer one on a
 * table that is sealed already, and gives the key of one to a helper whose evidence it accepts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/opt.h"
#include "base/out.h"
#include "base/term.h"
#include "base/time.h"
#include "crypt/mem.h"
#include "policy/attach.h"
#include "policy/draft.h"
#include "policy/show.h"
#include "tee/owner.h"

static const char *output, *identity, *policy, *entity, *table, *name, *challenge, *checkpoint;
static uint64_t k = 10, requests = 1;
static struct bl_opt_list vaults, roots, collateral;
static bool json, strict, dry;

#define OPT_OUTPUT { BL_OPT_TEXT, 'o', "output", "FILE", "write to FILE, complete or not at all; - is the standard output", &output, NULL, 0, 0, false }
#define OPT_JSON { BL_OPT_FLAG, 0, "json", NULL, "JSON instead of text", &json, NULL, 0, 0, false }
#define OPT_END { BL_OPT_END, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, false }

static const struct bl_opt lint_opts[] = {
	{ BL_OPT_FLAG, 0, "strict", NULL, "warnings fail too", &strict, NULL, 0, 0, false },
	OPT_JSON, OPT_END,
};
static const struct bl_opt show_opts[] = { OPT_JSON, OPT_END };
static const struct bl_opt new_opts[] = {
	{ BL_OPT_INT, 'k', "threshold", "N", "least number of entities in an answer (10)", &k, NULL, 1, 1000000000, false },
	{ BL_OPT_TEXT, 0, "entity", "COLUMN", "the column that tells people apart; otherwise each row is one", &entity, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 0, "schema", "CSV", "a table whose first line names the columns; - is the standard input", &table, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 0, "name", "NAME", "the table's name", &name, NULL, 0, 0, false },
	OPT_OUTPUT, OPT_END,
};
static const struct bl_opt attach_opts[] = {
	{ BL_OPT_TEXT, 'i', "identity", "FILE", "the owner's private key", &identity, "BL_IDENTITY", 0, 0, false },
	{ BL_OPT_TEXT, 'p', "policy", "FILE", "the new policy", &policy, NULL, 0, 0, false },
	OPT_OUTPUT,
	{ BL_OPT_FLAG, 'n', "dry-run", NULL, "check everything, write nothing", &dry, NULL, 0, 0, false },
	OPT_END,
};

static const struct bl_opt grant_opts[] = {
	{ BL_OPT_TEXT, 'i', "identity", "FILE", "the owner's private key", &identity, "BL_IDENTITY", 0, 0, false },
	{ BL_OPT_TEXT, 'c', "challenge", "FILE", "the challenge that the evidence answers; used once", &challenge, NULL, 0, 0, false },
	{ BL_OPT_LIST, 0, "vault", "PUB", "a vault's helper.pub: the evidence must be of one of them", &vaults, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 0, "checkpoint", "FILE", "a checkpoint of that vault, which its journal must extend", &checkpoint, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 'p', "policy", "FILE", "an appraisal policy for evidence above class software", &policy, NULL, 0, 0, false },
	{ BL_OPT_LIST, 0, "collateral", "PATH", "certificates, lists, TCB info for it: a directory, file or bundle", &collateral, NULL, 0, 0, false },
	{ BL_OPT_LIST, 0, "root", "PEM", "trust these self-signed certificates for it, not the built-in ones", &roots, NULL, 0, 0, false },
	{ BL_OPT_INT, 0, "requests", "N", "most requests under this grant (1)", &requests, NULL, 1, 1024, false },
	OPT_OUTPUT, OPT_END,
};

static int start(struct bl_err *err)
{
	if (bl_mem_init(false, err))
		return -1;
	bl_json_init();
	return 0;
}

static int need_identity(struct bl_err *err)
{
	return identity ? 0 : bl_err_set(err, BL_USAGE, "the owner's key is missing: give -i FILE");
}

static int need_files(int argc, const char *what, struct bl_err *err)
{
	if (argc)
		return 0;
	bl_err_set(err, BL_USAGE, "a policy to %s is missing", what);
	return bl_err_hint(err, "give a policy's JSON file or a sealed table");
}

/* --- lint --- */

static int print_findings(const char *file, const struct bl_lint *l, struct bl_err *err)
{
	struct bl_buf b;
	int rc;

	bl_buf_init(&b, 64 << 20);
	bl_lint_print(l, file, &b);
	rc = bl_out_put(NULL, 0666, &b, err);
	bl_buf_fini(&b);
	return rc;
}

/* 1 when this one fails, 0 when not, -1 with err when it cannot be told. */
static int lint_one(const char *file, struct bl_json *all, struct bl_err *err)
{
	struct bl_source s;
	struct bl_lint l = { 0 };
	int rc = -1;

	if (bl_source_open(&s, file, err))
		return -1;
	if (bl_lint_document(&l, s.text, s.len, s.sealed ? &s.header.schema : NULL, err)) {
		bl_err_where(err, "'%s'", file);
		goto out;
	}
	if (all)
		bl_json_add(all, bl_lint_json(&l, file));
	else if (print_findings(file, &l, err))
		goto out;
	rc = l.errors || (strict && l.warnings);
out:
	bl_lint_fini(&l);
	bl_source_close(&s);
	return rc;
}

static int lint(int argc, char **argv, struct bl_err *err)
{
	struct bl_json *j, *all;
	int failed = 0;

	if (need_files(argc, "lint", err) || start(err))
		return -1;
	all = json ? bl_json_new_array() : NULL;
	for (int i = 0; i < argc; i++) {
		int rc = lint_one(argv[i], all, err);
		if (rc < 0) {
			bl_json_free(all);
			return -1;
		}
		failed += rc;
	}
	if (json) {
		j = bl_json_new_object();
		bl_json_put_text(j, "schema", "bl-policy-lint/1");
		bl_json_put(j, "files", all);
		if (bl_out_json(j, err))
			return -1;
	}
	if (!failed)
		return BL_OK;
	return argc == 1 ? bl_err_set(err, BL_CONFIG, "'%s' has %s", argv[0], strict ? "errors or warnings" : "errors") :
	       bl_err_set(err, BL_CONFIG, "%d of %d policies have %s", failed, argc, strict ? "errors or warnings" : "errors");
}

/* lint knows no clock: the same policy has the same findings tomorrow. */
static void note_expired(const struct bl_policy *p)
{
	if (p->not_after < bl_time_now())
		bl_opt_note("the policy has expired: nobody will get an answer");
}

/* --- show --- */

static int show_json(const struct bl_policy *p, const struct bl_source *s, struct bl_err *err)
{
	struct bl_json *j = bl_json_new_object(), *gaps = bl_json_new_array();
	char owner[BL_IDENT_FPR] = "";
	const char *dataset = s->sealed ? s->header.name : p->dataset;

	if (s->sealed)
		bl_ident_fpr(s->header.owner, owner);
	for (size_t i = 0; bl_show_gap(p, i); i++)
		bl_json_add(gaps, bl_json_new_text(bl_show_gap(p, i)));
	bl_json_put_text(j, "schema", "bl-policy-show/1");
	bl_json_put(j, "dataset", dataset ? bl_json_new_text(dataset) : bl_json_new_null());
	bl_json_put(j, "owner", s->sealed ? bl_json_new_text(owner) : bl_json_new_null());
	bl_json_put_hex(j, "hash", p->hash, sizeof p->hash);
	bl_json_put(j, "policy", bl_json_copy(p->json));
	bl_json_put(j, "gaps", gaps);
	return bl_out_json(j, err);
}

static int show_text(const struct bl_policy *p, const struct bl_source *s, struct bl_err *err)
{
	struct bl_buf b;
	int rc;

	bl_buf_init(&b, 64 << 20);
	bl_show_print(p, s->sealed ? s->header.name : NULL, &b);
	rc = bl_out_put(NULL, 0666, &b, err);
	bl_buf_fini(&b);
	return rc;
}

static int show(int argc, char **argv, struct bl_err *err)
{
	struct bl_source s;
	struct bl_policy p;
	int rc = -1;

	if (need_files(argc, "show", err))
		return -1;
	if (argc > 1)
		return bl_err_set(err, BL_USAGE, "one policy at a time; '%s' is another one", argv[1]);
	if (start(err) || bl_source_open(&s, argv[0], err))
		return -1;
	if (bl_doc_parse(&p, s.text, s.len, err)) {
		bl_err_where(err, "'%s'", argv[0]);
	} else {
		rc = json ? show_json(&p, &s, err) : show_text(&p, &s, err);
		if (!rc && bl_lint_check(&p, s.sealed ? &s.header.schema : NULL, &(struct bl_err){ 0 }))
			bl_opt_note("'%s' has errors: see bl-policy lint", argv[0]);
		if (!rc)
			note_expired(&p);
		bl_doc_fini(&p);
	}
	bl_source_close(&s);
	return rc;
}

/* --- new --- */

static int new(int argc, char **argv, struct bl_err *err)
{
	struct bl_draft d = { .k = k, .entity = entity, .dataset = name };
	struct bl_source s = { .fd = -1 };
	struct bl_policy p;
	struct bl_buf b;
	int rc = -1;

	bl_buf_init(&b, 4 << 20);
	if (argc) {
		bl_err_set(err, BL_USAGE, "unexpected operand '%s'", argv[0]);
		bl_err_hint(err, "a table to take column names from is given by --schema");
		goto out;
	}
	if (start(err) || (table && bl_source_open(&s, table, err)))
		goto out;
	if (s.sealed) {
		bl_err_set(err, BL_USAGE, "'%s' is sealed already; 'bl-policy show' prints its policy", table);
		goto out;
	}
	if (table) {
		d.header = s.text;
		d.header_len = s.len;
	}
	if (bl_draft_print(&d, &b, err)) {
		if (table)
			bl_err_where(err, "'%s'", table);
		goto out;
	}
	/* Names come from outside: what is printed has been through the parser and the linter. */
	if (bl_doc_parse(&p, (const char *)b.p, b.len, err))
		goto out;
	rc = bl_lint_check(&p, NULL, err);
	bl_doc_fini(&p);
	if (!rc)
		rc = bl_out_put(output, 0666, &b, err);
	if (!rc && !entity)
		bl_opt_note("each row counts as one person: if a column tells people apart, name it with --entity");
out:
	bl_source_close(&s);
	bl_buf_fini(&b);
	return rc;
}

/* --- attach --- */

static int read_policy(struct bl_policy *p, struct bl_err *err)
{
	struct bl_source s;
	int rc;

	if (bl_source_open(&s, policy, err))
		return -1;
	rc = s.sealed ? bl_err_set(err, BL_CONFIG, "a sealed table, where a policy's JSON is meant") : bl_doc_parse(p, s.text, s.len, err);
	bl_source_close(&s);
	return rc ? bl_err_where(err, "'%s'", policy) : 0;
}

static int write_sealed(struct bl_source *s, const struct bl_policy *p, const struct bl_ident *id, struct bl_err *err)
{
	struct bl_out out;
	int rc;

	bl_out_init(&out);
	rc = bl_out_open(&out, output, 0666, false, err) || bl_attach_write(s, p, id, out.fd, err) || bl_out_commit(&out, err) ? -1 : 0;
	bl_out_fini(&out);
	return rc;
}

static int attach_to(const char *file, struct bl_err *err)
{
	static const struct bl_ident_ask ask = { bl_term_passphrase, NULL };
	struct bl_source s = { .fd = -1 };
	struct bl_policy p = { 0 };
	struct bl_ident id = { 0 };
	int rc = -1;

	if (start(err) || read_policy(&p, err) || bl_source_open(&s, file, err) || bl_ident_read(&id, identity, &ask, err))
		goto out;
	if (!s.sealed)
		bl_err_set(err, BL_DATA, "not a sealed file");
	else
		rc = bl_attach_check(&s, &p, id.pk, err) || (!dry && write_sealed(&s, &p, &id, err)) ? -1 : 0;
	if (!rc)
		note_expired(&p);
	if (rc)
		bl_err_where(err, "'%s'", file);
	else
		bl_opt_note("%s version %llu in place of %llu", dry ? "would put" : "put", (unsigned long long)p.version,
			    (unsigned long long)s.header.policy_version);
out:
	bl_ident_fini(&id);
	bl_source_close(&s);
	bl_doc_fini(&p);
	return rc;
}

static int attach(int argc, char **argv, struct bl_err *err)
{
	if (argc != 1)
		return bl_err_set(err, BL_USAGE, "one sealed FILE is needed");
	if (need_identity(err))
		return -1;
	if (!policy)
		return bl_err_set(err, BL_USAGE, "the new policy is missing: give -p FILE");
	if (!dry && bl_out_check(output, "a sealed file", err))
		return -1;
	return attach_to(argv[0], err);
}

/* --- grant --- */

static int grant_to(const char *evidence, const char *file, struct bl_err *err)
{
	static const struct bl_ident_ask ask = { bl_term_passphrase, NULL };
	const struct bl_owner_way way = { challenge, evidence, checkpoint, &vaults };
	struct bl_verify *v = malloc(sizeof *v);
	const struct bl_owner_terms t = { .requests = (uint32_t)requests, .appraisal = v };
	uint8_t out[BL_HANDOFF_GRANT];
	struct bl_source s = { .fd = -1 };
	struct bl_ident id = { 0 };
	struct bl_buf b;
	int rc = -1;

	if (!v)
		return bl_err_set(err, BL_OSERR, "out of memory");
	bl_verify_init(v);
	bl_buf_init(&b, sizeof out);
	if (start(err) || bl_verify_with(v, policy, &roots, &collateral, err) || bl_source_open(&s, file, err) || bl_ident_read(&id, identity, &ask, err))
		goto out;
	if (!s.sealed) {
		bl_err_set(err, BL_DATA, "'%s' is not a sealed file", file);
	} else if (!bl_owner_grant_files(&(struct bl_owner){ identity, &id }, &s.header, &t, &way, out, err)) {
		bl_buf_put(&b, out, sizeof out);
		rc = bl_out_put(output, 0666, &b, err);
	}
out:
	bl_buf_fini(&b);
	bl_ident_fini(&id);
	bl_source_close(&s);
	bl_verify_fini(v);
	free(v);
	return rc;
}

static int grant(int argc, char **argv, struct bl_err *err)
{
	if (argc != 2)
		return bl_err_set(err, BL_USAGE, "EVIDENCE and one sealed FILE are needed");
	if (need_identity(err))
		return -1;
	if (!challenge)
		return bl_err_set(err, BL_USAGE, "the challenge is missing: give -c FILE");
	if (!vaults.n) {
		bl_err_set(err, BL_USAGE, "a vault is missing");
		return bl_err_hint(err, "evidence tells of which vault a helper is: name the one you mean with --vault helper.pub");
	}
	if (bl_out_check(output, "a grant", err))
		return -1;
	return grant_to(argv[0], argv[1], err);
}

static const struct bl_opt_verb verbs[] = {
	{ "lint", "FILE...", "find mistakes in policies, as JSON or in sealed tables", lint_opts, lint, "bl-policy new > policy.json\nbl-policy lint policy.json" },
	{ "show", "FILE", "say in plain words what a policy means", show_opts, show, "bl-policy new | bl-policy show -" },
	{ "new", "", "print a first policy: every column hidden, strict rules", new_opts, new, "printf 'id,age,city\\n' | bl-policy new --schema - --entity id" },
	{ "attach", "FILE", "put a newer policy on a sealed table", attach_opts, attach,
	  "sed 's/\"version\": 1/\"version\": 2/' policy.json > newer.json\nbl-policy attach -i owner.pem -p newer.json -o newer.blf people.blf" },
	{ "grant", "EVIDENCE FILE", "give a helper the key of a sealed table, for one session", grant_opts, grant,
	  "bl-attest challenge -i owner.pem -o challenge people.blf\n"
	  "bl-query -i analyst.pem -V vault --challenge challenge --evidence - --grant grant -o n.csv 'select count(*) from people' people.blf |\n"
	  "    bl-policy grant -i owner.pem -c challenge --vault vault/helper.pub -o grant - people.blf" },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};

int main(int argc, char **argv)
{
	static const struct bl_opt_prog prog = {
		.name = "bl-policy", .summary = "Checks, explains, drafts and replaces policies; grants the key of a table.",
		.verbs = verbs, .example = "bl-policy new > policy.json\nbl-policy lint policy.json\nbl-policy show policy.json",
	};
	return bl_opt_main(&prog, argc, argv);
}
