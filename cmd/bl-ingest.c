/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bl-ingest: seals a table, with the policy that governs it, into one file. The types are those of the whole input, so it
 * is read twice: a file in place, a pipe from an encrypted spool. The policy is checked before the table is read, and
 * against the table's columns before a value is sealed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/opt.h"
#include "base/out.h"
#include "base/progress.h"
#include "base/term.h"
#include "base/time.h"
#include "crypt/mem.h"
#include "format/infer.h"
#include "format/load.h"
#include "format/schema.h"
#include "format/spool.h"
#include "policy/doc.h"

static const char *identity, *policy_path, *output, *schema_text, *name, *delimiter, *quote;
static struct bl_opt_list recipients, nulls;
static uint64_t expect = UINT64_MAX;
static bool dry, json;

static const struct bl_opt opts[] = {
	{ BL_OPT_TEXT, 'i', "identity", "FILE", "the owner's private key, which signs the file", &identity, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 'p', "policy", "FILE", "the policy that goes into the file", &policy_path, NULL, 0, 0, false },
	{ BL_OPT_LIST, 'r', "recipient", "KEY", "a public key that can open the file, as a vault's helper.pub", &recipients, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 'o', "output", "FILE", "the sealed file; - is the standard output", &output, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 0, "schema", "SCHEMA", "'name type, ...', or a file that says so: do not infer", &schema_text, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 0, "name", "NAME", "the dataset's name, when the policy has none", &name, NULL, 0, 0, false },
	{ BL_OPT_LIST, 0, "null", "TEXT", "a text that is NULL, besides nothing at all", &nulls, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 0, "delimiter", "C", "what separates fields: one character, or \\t (default ,)", &delimiter, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 0, "quote", "C", "what quotes fields: one character, or nothing (default \")", &quote, NULL, 0, 0, false },
	{ BL_OPT_INT, 0, "expect-rows", "N", "refuse a table of any other number of rows", &expect, NULL, 0, UINT64_MAX - 1, false },
	{ BL_OPT_FLAG, 'n', "dry-run", NULL, "read all, check all, write nothing; print the schema", &dry, NULL, 0, 0, false },
	{ BL_OPT_FLAG, 0, "json", NULL, "with -n: the schema as JSON", &json, NULL, 0, 0, false },
	{ BL_OPT_END, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, false },
};

struct job {
	struct bl_ident owner;
	uint8_t recipient[64][BL_IDENT_PK];
	struct bl_policy policy;
	struct bl_schema given, schema;		/* given: by --schema */
	struct bl_csv_dialect dialect;
	int fd;
	const char *input;
	struct bl_spool *spool;
	struct bl_csv *csv;
	struct bl_header header;
	struct bl_out out;
};

/* --- what is given --- */

static int parse_char(const char *s, const char *what, char *c, struct bl_err *err)
{
	if (!strcmp(s, "\\t"))
		s = "\t";
	if (strlen(s) != 1 || (unsigned char)*s > 0x7e || ((unsigned char)*s < 0x20 && *s != '\t'))
		return bl_err_set(err, BL_USAGE, "--%s is one ASCII character, or \\t", what);
	*c = *s;
	return 0;
}

static int parse_dialect(struct bl_csv_dialect *d, struct bl_err *err)
{
	*d = (struct bl_csv_dialect){ ',', '"', nulls.item, nulls.n };
	if (delimiter && parse_char(delimiter, "delimiter", &d->delimiter, err))
		return -1;
	if (quote && !*quote)
		d->quote = 0;
	else if (quote && parse_char(quote, "quote", &d->quote, err))
		return -1;
	return d->delimiter == d->quote ? bl_err_set(err, BL_USAGE, "--delimiter and --quote are the same") : 0;
}

static int read_schema(struct bl_schema *s, struct bl_err *err)
{
	struct bl_buf b;
	int r = -1;

	if (strpbrk(schema_text, " \n"))
		return bl_schema_parse(s, schema_text, strlen(schema_text), err);
	bl_buf_init(&b, 1 << 20);
	if (!bl_file_read(schema_text, &b, err))
		r = bl_schema_parse(s, (const char *)b.p, b.len, err);
	else if (err->code == BL_NOINPUT)
		bl_err_hint(err, "a schema is 'name type, name type', or the name of a file without a space");
	bl_buf_fini(&b);
	return r;
}

/* s: NULL before it is known. */
static int check_policy(const struct bl_policy *p, const struct bl_schema *s, struct bl_err *err)
{
	if (!(s && bl_doc_check_schema(p, s, err)) && !bl_lint_check(p, s, err))
		return 0;
	return bl_err_where(err, "'%s'", policy_path);
}

static int read_policy(struct job *j, struct bl_err *err)
{
	struct bl_buf b;
	int r = -1;

	bl_buf_init(&b, BL_DOC_MAX);
	if (!bl_file_read(policy_path, &b, err)) {
		r = bl_doc_parse(&j->policy, (const char *)b.p, b.len, err);
		if (r)
			bl_err_where(err, "'%s'", policy_path);
	}
	bl_buf_fini(&b);
	if (r || check_policy(&j->policy, NULL, err))
		return -1;
	if (name && j->policy.dataset && strcmp(name, j->policy.dataset))
		return bl_err_set(err, BL_USAGE, "--name is not the name that '%s' gives the dataset", policy_path);
	if (!name && !j->policy.dataset) {
		bl_err_set(err, BL_CONFIG, "'%s': the dataset has no name", policy_path);
		return bl_err_hint(err, "give it one: \"dataset\": \"people\" in the policy, or --name people");
	}
	if (name && !bl_schema_name(name, strlen(name)))
		return bl_err_set(err, BL_USAGE, "--name is 1 to 127 bytes of UTF-8 without control bytes");
	return 0;
}

static int read_keys(struct job *j, struct bl_err *err)
{
	const struct bl_ident_ask asking = { bl_term_passphrase, NULL };

	for (size_t i = 0; i < recipients.n; i++)
		if (bl_ident_read_pub(j->recipient[i], recipients.item[i], err))
			return -1;
	if (bl_ident_read(&j->owner, identity, &asking, err))
		return -1;
	/* Such a class asks for evidence before a key goes out, and a recipient opens the file without any. */
	for (size_t i = 0; j->policy.tee_class != BL_TEE_SOFTWARE && i < recipients.n; i++)
		if (memcmp(j->recipient[i], j->owner.pk, BL_IDENT_PK)) {
			bl_err_set(err, BL_CONFIG, "'%s': tee.class: '%s' would open the file without evidence of that class", policy_path, recipients.item[i]);
			return bl_err_hint(err, "leave out -r and grant the key to each session (bl-policy grant), or accept class software in the policy");
		}
	if (!recipients.n)
		bl_opt_note("no -r: only the owner can open the file, no helper can");
	return 0;
}

/* --- the two passes --- */

/* A fault of the table names it; one of the output, or of this machine, does not. */
static int fail_at_input(const struct job *j, struct bl_err *err)
{
	if (err->code != BL_DATA)
		return -1;
	return bl_err_where(err, "'%s'", strcmp(j->input, "-") ? j->input : "standard input");
}

/* A reader at the first record after the header. */
static int open_csv(struct job *j, struct bl_csv_rows *header, struct bl_err *err)
{
	struct bl_csv_source src = { bl_spool_read, j->spool };
	int more;

	bl_csv_free(j->csv);
	if (!(j->csv = bl_csv_new(src, j->dialect, err)))
		return -1;
	more = bl_csv_next(j->csv, header, err);
	if (!more)
		return bl_err_set(err, BL_DATA, "empty: not even a header line");
	return more < 0 ? -1 : 0;
}

static int infer(struct job *j, struct bl_err *err)
{
	struct bl_infer *f = bl_infer_new(j->schema.n);
	struct bl_csv_rows rows;
	struct bl_progress p;
	int more;

	if (!f)
		return bl_err_set(err, BL_OSERR, "out of memory");
	bl_progress_init(&p, "reading", bl_spool_total(j->spool));
	while ((more = bl_csv_next(j->csv, &rows, err)) == 1) {
		bl_infer_add(f, &rows);
		bl_progress_step(&p, bl_spool_done(j->spool));
	}
	bl_progress_fini(&p);
	for (uint32_t i = 0; !more && i < j->schema.n; i++)
		j->schema.col[i].type = bl_infer_type(f, i);
	bl_infer_free(f);
	return more || bl_spool_rewind(j->spool, err) || open_csv(j, &rows, err) ? -1 : 0;
}

/* Names and types; then the reader is at the first record. */
static int find_schema(struct job *j, struct bl_err *err)
{
	struct bl_csv_rows header;

	if (open_csv(j, &header, err) || bl_load_names(&j->schema, j->csv, &header, err))
		return -1;
	bl_csv_names(j->csv, &j->schema);
	if (schema_text)
		return bl_schema_apply(&j->schema, &j->given, err);
	if (infer(j, err))
		return -1;
	bl_csv_names(j->csv, &j->schema);
	return 0;
}

static int fill_header(struct job *j, struct bl_err *err)
{
	struct bl_header *h = &j->header;
	const struct bl_policy *p = &j->policy;

	if (check_policy(p, &j->schema, err)) {
		if (j->schema.n == 1 && strpbrk(j->schema.col[0].name, ",;\t|"))
			bl_err_hint(err, "the table has one column only: is its --delimiter another one?");
		return -1;
	}
	if (p->not_after < bl_time_now())
		bl_opt_note("the policy has expired: nobody will get an answer");
	snprintf(h->name, sizeof(h->name), "%s", name ? name : p->dataset);
	h->schema = j->schema;
	h->nentity = p->nentity;
	for (uint32_t i = 0; i < p->nentity; i++) {
		int k = bl_type_find(&j->schema, p->entity[i], strlen(p->entity[i]));

		if (k < 0 || i >= BL_BLF_ENTITY)
			return bl_err_set(err, BL_CONFIG, "'%s': entity: more than %d columns, or one that the table lacks", policy_path, BL_BLF_ENTITY);
		h->entity[i] = (uint32_t)k;
	}
	h->policy_version = p->version;
	h->policy = p->canonical;
	h->policy_len = p->canonical_len;
	return 0;
}

static int load(struct job *j, int fd, struct bl_err *err)
{
	struct bl_writer w;
	struct bl_csv_rows rows;
	struct bl_progress p;
	uint64_t n = 0;
	int more;

	if (bl_writer_open(&w, fd, &j->header, &j->owner, (const uint8_t (*)[BL_IDENT_PK])j->recipient, recipients.n, err))
		return -1;
	bl_progress_init(&p, "sealing", bl_spool_total(j->spool));
	while ((more = bl_csv_next(j->csv, &rows, err)) == 1) {
		n += rows.n;
		if (bl_load_rows(&w, j->csv, &rows, err)) {
			more = -1;
			break;
		}
		bl_progress_step(&p, bl_spool_done(j->spool));
	}
	bl_progress_fini(&p);
	if (!more && expect != UINT64_MAX && n != expect)
		more = bl_err_set(err, BL_DATA, "not the number of rows that --expect-rows says");
	if (!more)
		more = bl_writer_close(&w, err);
	bl_writer_fini(&w);
	return more ? fail_at_input(j, err) : 0;
}

/* --- the whole --- */

static int open_output(struct job *j, struct bl_err *err)
{
	if (dry)
		return (j->out.fd = open("/dev/null", O_WRONLY | O_CLOEXEC)) < 0 ? bl_err_sys(err, BL_OSERR, "cannot open '/dev/null'") : 0;
	return bl_out_open(&j->out, output, 0666, false, err);
}

static struct bl_json *schema_json(const struct job *j)
{
	struct bl_json *all = bl_json_new_object(), *columns = bl_json_new_array(), *entity = bl_json_new_array();
	char type[32];

	for (uint32_t i = 0; i < j->schema.n; i++) {
		struct bl_json *c = bl_json_new_object();
		bl_type_print(j->schema.col[i].type, type);
		bl_json_put_text(c, "name", j->schema.col[i].name);
		bl_json_put_text(c, "type", type);
		bl_json_add(columns, c);
	}
	for (uint32_t i = 0; i < j->header.nentity; i++)
		bl_json_add(entity, bl_json_new_text(j->schema.col[j->header.entity[i]].name));
	bl_json_put(all, "columns", columns);
	bl_json_put_text(all, "dataset", j->header.name);
	bl_json_put(all, "entity", entity);
	bl_json_put_text(all, "schema", "bl-ingest/1");
	return all;
}

static int print_schema(const struct job *j, struct bl_err *err)
{
	struct bl_buf b;
	int rc;

	if (json)
		return bl_out_json(schema_json(j), err);
	bl_buf_init(&b, 4 << 20);
	bl_schema_print(&j->schema, &b);
	rc = bl_out_put(NULL, 0666, &b, err);
	bl_buf_fini(&b);
	return rc;
}

/* What -v wants to know: never how many rows. */
static void tell(const struct job *j)
{
	char fpr[BL_IDENT_FPR];

	bl_opt_detail("%s '%s' under version %llu of its policy, %u columns", dry ? "would seal" : "sealed", j->header.name,
		      (unsigned long long)j->policy.version, (unsigned)j->schema.n);
	bl_ident_fpr(j->owner.pk, fpr);
	bl_opt_detail("its owner is %s", fpr);
	for (size_t i = 0; i < recipients.n; i++) {
		bl_ident_fpr(j->recipient[i], fpr);
		bl_opt_detail("%s can open it", fpr);
	}
}

static int seal(struct job *j, struct bl_err *err)
{
	if (schema_text && read_schema(&j->given, err))
		return -1;
	if (read_policy(j, err) || read_keys(j, err))
		return -1;
	if ((j->fd = bl_file_open(j->input, err)) < 0)
		return -1;
	if (open_output(j, err) || !(j->spool = bl_spool_new(j->fd, schema_text ? BL_SPOOL_ONCE : BL_SPOOL_TWICE, err)))
		return -1;
	if (find_schema(j, err))
		return fail_at_input(j, err);
	if (fill_header(j, err) || load(j, j->out.fd, err))
		return -1;
	if (dry ? print_schema(j, err) : bl_out_commit(&j->out, err))
		return -1;
	tell(j);
	return 0;
}

static int check_usage(int argc, struct bl_err *err)
{
	if (!identity || !policy_path) {
		bl_err_set(err, BL_USAGE, "%s is missing", identity ? "the policy, -p," : "the owner's identity, -i,");
		return bl_err_hint(err, "bl-ingest -i owner.pem -p policy.json -r vault/helper.pub -o people.blf people.csv");
	}
	if (argc > 1)
		return bl_err_set(err, BL_USAGE, "one table at a time");
	if (json && !dry)
		return bl_err_set(err, BL_USAGE, "--json goes with -n only");
	if (!argc && isatty(STDIN_FILENO)) {
		bl_err_set(err, BL_USAGE, "a CSV file is missing");
		return bl_err_hint(err, "give a file, or - for the standard input");
	}
	return dry ? 0 : bl_out_check(output, "a sealed file", err);
}

static int run(int argc, char **argv, struct bl_err *err)
{
	struct job *j;
	int r = -1;

	if (check_usage(argc, err))
		return -1;
	if (!(j = calloc(1, sizeof(*j))))
		return bl_err_set(err, BL_OSERR, "out of memory");
	bl_out_init(&j->out);
	j->fd = -1;
	j->input = argc ? argv[0] : "-";
	bl_json_init();
	if (!parse_dialect(&j->dialect, err) && !bl_mem_init(true, err))
		r = seal(j, err);
	bl_csv_free(j->csv);
	bl_spool_free(j->spool);
	bl_out_fini(&j->out);
	bl_schema_fini(&j->schema);
	bl_schema_fini(&j->given);
	bl_ident_fini(&j->owner);
	bl_doc_fini(&j->policy);
	if (j->fd >= 0)
		close(j->fd);
	free(j);
	return r;
}

int main(int argc, char **argv)
{
	static const struct bl_opt_prog prog = {
		.name = "bl-ingest", .args = "[OPTION...] [FILE]",
		.summary = "Seals a table in CSV, with the policy that governs it, into one file.", .opts = opts, .run = run,
		.example = "bl-ingest -i owner.pem -p policy.json -r vault/helper.pub -o people.blf people.csv",
	};
	return bl_opt_main(&prog, argc, argv);
}
