/* SPDX-License-Identifier: Apache-2.0 */
/* bl-query: asks a sealed table a question in SQL, through the helper, and prints what the policy lets out. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/opt.h"
#include "base/out.h"
#include "base/term.h"
#include "crypt/mem.h"
#include "tee/client.h"
#include "tee/provider.h"

static struct {
	const char *identity, *vault, *helper, *provider, *out, *format, *receipt, *purpose;
	struct bl_release_way way;
	bool explain, dry_run, schema, json, suppressed;
} opt;

static const struct bl_opt options[] = {
	{ BL_OPT_TEXT, 'i', "identity", "FILE", "your private key (default: $BL_IDENTITY)", &opt.identity, "BL_IDENTITY", 0, 0, false },
	{ BL_OPT_TEXT, 'V', "vault", "DIR", "the helper's vault (default: $BL_VAULT)", &opt.vault, "BL_VAULT", 0, 0, false },
	{ BL_OPT_TEXT, 'H', "helper", "ADDR", "the helper: proc, proc:PATH for another program, or vm:DIR", &opt.helper, "BL_HELPER", 0, 0, false },
	{ BL_OPT_TEXT, 0, "provider", "NAME[:ROOT]", "where the helper gets its evidence; software: nowhere", &opt.provider, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 'o', "output", "FILE", "write the answer here, and its receipt to FILE.receipt.json", &opt.out, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 'f', "format", "FORMAT", "table, csv, jsonl or json (default: table on a terminal, else csv)", &opt.format, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 0, "receipt", "FILE", "write the receipt here", &opt.receipt, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 0, "purpose", "TEXT", "what the answer is for, where the policy asks", &opt.purpose, NULL, 0, 0, false },
	{ BL_OPT_FLAG, 0, "explain", NULL, "say what the policy decides and why; asks nothing of the data", &opt.explain, NULL, 0, 0, false },
	{ BL_OPT_FLAG, 'n', "dry-run", NULL, "the same as --explain", &opt.dry_run, NULL, 0, 0, false },
	{ BL_OPT_FLAG, 0, "schema", NULL, "show the columns that you may use, and for what", &opt.schema, NULL, 0, 0, false },
	{ BL_OPT_FLAG, 0, "json", NULL, "JSON: as -f json, also for --explain and --schema", &opt.json, NULL, 0, 0, false },
	{ BL_OPT_FLAG, 0, "suppressed", NULL, "keep the column _suppressed in csv", &opt.suppressed, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 0, "challenge", "FILE", "of a file not sealed to the vault: its owner's challenge", &opt.way.challenge, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 0, "evidence", "FILE", "write the helper's evidence here, for the owner", &opt.way.evidence, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 0, "grant", "FILE", "then wait here for the owner's grant", &opt.way.grant, NULL, 0, 0, false },
	{ .kind = BL_OPT_END },
};

/* --- what is asked, and of which file --- */

struct table { const char *name, *path; int fd; struct bl_header h; };	/* name NULL: the header's */

/* FILE, or NAME=FILE where NAME could stand in SQL. */
static void split(struct table *t, char *arg)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
	size_t n = strspn(arg, word);

	*t = (struct table){ .path = arg, .fd = -1 };
	if (n && arg[n] == '=') {
		arg[n] = '\0';
		t->name = arg;
		t->path = arg + n + 1;
	}
}

static int open_table(struct table *t, struct bl_err *err)
{
	if (!strcmp(t->path, "-")) {
		bl_err_set(err, BL_USAGE, "a sealed file cannot come from a pipe");
		return bl_err_hint(err, "the helper reads it by position: give it a name");
	}
	if ((t->fd = bl_file_open(t->path, err)) < 0) {
		if (strchr(t->path, ' '))
			bl_err_hint(err, "the SQL comes first, in one pair of quotes, then the sealed file");
		return -1;
	}
	return bl_header_read(&t->h, t->fd, err) ? bl_err_where(err, "%s", t->path) : 0;
}

static int read_identity(struct bl_ident *id, struct bl_err *err)
{
	static const struct bl_ident_ask ask = { bl_term_passphrase, NULL };

	if (!opt.identity) {
		bl_err_set(err, BL_USAGE, "an identity is missing");
		return bl_err_hint(err, "give your private key with -i; bl-keygen -o me.pem makes one");
	}
	return bl_ident_read(id, opt.identity, &ask, err);
}

static bool to_file(void)
{
	return opt.out && strcmp(opt.out, "-");
}

/* A challenge, evidence and a grant belong together. */
static int check_way(bool asks, struct bl_err *err)
{
	const struct bl_release_way *w = &opt.way;

	if (!w->challenge && !w->evidence && !w->grant)
		return 0;
	if (!w->challenge || !w->evidence || !w->grant)
		return bl_err_set(err, BL_USAGE, "--challenge, --evidence and --grant go together");
	if (!strcmp(w->evidence, "-") && (!asks || !to_file())) {
		bl_err_set(err, BL_USAGE, "the evidence and the answer cannot both go to the standard output");
		return bl_err_hint(err, "give -o FILE for the answer");
	}
	if (!strcmp(w->evidence, "-") && isatty(STDOUT_FILENO))
		return bl_err_set(err, BL_USAGE, "evidence is not for a terminal");
	return 0;
}

static int check_options(struct bl_err *err)
{
	const bool asks = !opt.schema && !opt.explain && !opt.dry_run;
	const struct bl_provider_tech *tech;
	const char *root;
	const char *dot = opt.out ? strrchr(opt.out, '.') : NULL, *format = opt.format ? opt.format : dot ? dot + 1 : "csv";

	if (opt.json && opt.format && strcmp(opt.format, "json"))
		return bl_err_set(err, BL_USAGE, "--json and -f %s contradict each other", opt.format);
	if (bl_table_face(format) < 0 && (opt.format || (!opt.json && (!strcmp(format, "parquet") || !strcmp(format, "arrow")))))
		return bl_err_set(err, BL_USAGE, "format '%s' is not written by this version: table, csv, jsonl or json", format);
	if (!asks && opt.format && bl_table_face(format) != BL_TABLE_TEXT && bl_table_face(format) != BL_TABLE_JSON)
		return bl_err_set(err, BL_USAGE, "--schema and --explain are printed as text or as JSON, not as %s", format);
	opt.json = opt.json || (opt.format && bl_table_face(format) == BL_TABLE_JSON);
	if (opt.schema && (opt.explain || opt.dry_run))
		return bl_err_set(err, BL_USAGE, "--schema and --explain are two questions");
	if (!asks && (opt.receipt || opt.out))
		return bl_err_set(err, BL_USAGE, "--schema and --explain release nothing: no -o, no --receipt");
	if (opt.receipt && !strcmp(opt.receipt, to_file() ? opt.out : "-"))
		return bl_err_set(err, BL_USAGE, "the answer and its receipt cannot both go to '%s'", opt.receipt);
	if (check_way(asks, err) || (opt.provider && bl_provider_parse(opt.provider, &tech, &root, err)))
		return -1;
	if (!opt.vault) {
		bl_err_set(err, BL_USAGE, "a vault is missing");
		return bl_err_hint(err, "give it with -V, or in $BL_VAULT");
	}
	return 0;
}

/* --- what is printed --- */

static enum bl_table_face face(void)
{
	const char *dot = opt.out ? strrchr(opt.out, '.') : NULL;
	int f = opt.format ? bl_table_face(opt.format) : opt.json ? BL_TABLE_JSON : dot ? bl_table_face(dot + 1) : -1;

	if (f >= 0)
		return (enum bl_table_face)f;
	return !opt.out && isatty(STDOUT_FILENO) ? BL_TABLE_TEXT : BL_TABLE_CSV;
}

/* The table without its last column, which tells withheld cells from empty ones. */
static struct bl_table without_last(const struct bl_table *t, struct bl_arena *a)
{
	struct bl_table s = *t;
	struct bl_str *cell;

	if (!t->ncol || strcmp(t->col[t->ncol - 1].name, BL_TABLE_SUPPRESSED) || !(cell = bl_arena_array(a, (t->ncol - 1) * t->nrow, sizeof *cell)))
		return s;
	s.ncol--;
	for (uint64_t r = 0; r < t->nrow; r++)
		memcpy(cell + r * s.ncol, t->cell + r * t->ncol, s.ncol * sizeof *cell);
	s.cell = cell;
	return s;
}

static int print_table(const struct bl_table *t, struct bl_arena *a, struct bl_buf *b, struct bl_err *err)
{
	static void (*const faces[])(const struct bl_table *, struct bl_buf *) = { bl_table_text, bl_table_csv, bl_table_jsonl, bl_table_json };
	const enum bl_table_face f = face();
	struct bl_table s = f == BL_TABLE_CSV && !opt.suppressed ? without_last(t, a) : *t;

	faces[f](&s, b);
	return b->failed ? bl_err_set(err, BL_OSERR, "out of memory") : 0;
}

struct outputs { struct bl_out answer, receipt; bool keep; };	/* keep: the receipt is wanted */

/* Before anything is asked: an answer that has nowhere to go would be charged all the same. */
static int open_outputs(struct outputs *o, struct bl_arena *a, struct bl_err *err)
{
	const char *receipt = opt.receipt ? opt.receipt : to_file() ? bl_arena_printf(a, "%s.receipt.json", opt.out) : NULL;

	if ((o->keep = receipt) && bl_out_open(&o->receipt, receipt, 0666, false, err))
		return -1;
	if (bl_out_open(&o->answer, opt.out, 0666, false, err))
		return -1;
	if (o->answer.path && o->receipt.path && !strcmp(o->answer.path, o->receipt.path))
		return bl_err_set(err, BL_USAGE, "the answer and its receipt cannot both go to '%s'", receipt);
	return 0;
}

/* Both complete or both absent, the receipt first: an answer without its receipt is worth less than none. */
static int write_outputs(struct outputs *o, const struct bl_answer *answer, const struct bl_buf *text, struct bl_err *err)
{
	if (o->keep && bl_file_write(o->receipt.fd, answer->receipt, strlen(answer->receipt), err))
		return -1;
	if (bl_file_write(o->answer.fd, text->p, text->len, err))
		return -1;
	return (o->keep && bl_out_commit(&o->receipt, err)) || bl_out_commit(&o->answer, err) ? -1 : 0;
}

static int print_release(const struct bl_answer *answer, struct outputs *o, struct bl_arena *a, struct bl_err *err)
{
	struct bl_buf text;
	int rc;

	bl_buf_init(&text, SIZE_MAX / 2);
	rc = print_table(&answer->table, a, &text, err) || write_outputs(o, answer, &text, err) ? -1 : 0;
	bl_buf_fini(&text);
	if (rc)
		return rc;
	if (answer->note)
		bl_opt_note("note: %s", answer->note);
	if (answer->warning)
		bl_opt_note("warning: %s", answer->warning);
	if (!o->keep)
		bl_opt_detail("the receipt was not kept; --receipt FILE keeps it");
	return 0;
}

/* What an explanation says of a question that was refused before there was a plan to explain. */
static void put_refusal(struct bl_json *j, const struct bl_answer *answer)
{
	struct bl_json *why = bl_json_new_object();

	bl_json_put_text(why, "message", answer->err.msg);
	if (*answer->err.hint)
		bl_json_put_text(why, "hint", answer->err.hint);
	if (answer->place.pos != SIZE_MAX) {
		bl_json_put_int(why, "pos", (int64_t)answer->place.pos);
		bl_json_put_int(why, "len", (int64_t)answer->place.len);
	}
	bl_json_put_text(j, "verdict", "refuse");
	bl_json_put(j, "refused", why);
}

static int print_document(const struct bl_answer *answer, struct bl_err *err)
{
	struct bl_json *j = answer->document ? bl_json_copy(answer->document) : bl_json_new_object();

	if (!opt.schema && answer->err.code == BL_REFUSED && !bl_json_get(j, "verdict"))
		put_refusal(j, answer);
	bl_json_put_text(j, "schema", opt.schema ? "bl-schema/1" : "bl-explain/1");
	return bl_out_json(j, err);
}

/* The answer to --explain or --schema; an explanation in JSON is there for a refusal too. */
static int print_text(const struct bl_answer *answer, struct bl_err *err)
{
	if (opt.json && (answer->text || (!opt.schema && answer->err.code == BL_REFUSED)))
		return print_document(answer, err);
	return !opt.json && answer->text && fputs(answer->text, stdout) == EOF ? bl_err_sys(err, BL_IOERR, "cannot write") : 0;
}

static bool is_middle(char c)		/* of a UTF-8 sequence */
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* The line of the SQL where it is wrong, or the part of a long one that is around, and a caret under the place. */
static void print_place(const struct bl_place *place, const char *sql, size_t n)
{
	enum { WHOLE = 110, BEFORE = 60, AFTER = 40 };
	size_t from = place->pos, to = place->pos, columns = 0;
	const char *left = "", *right = "";

	if (place->pos == SIZE_MAX || place->pos > n)
		return;
	while (from && sql[from - 1] != '\n')
		from--;
	while (to < n && sql[to] != '\n')
		to++;
	if (to - from > WHOLE && place->pos - from > BEFORE) {
		for (from = place->pos - BEFORE; is_middle(sql[from]); from++)
			;
		left = "...";
	}
	if (to - from > WHOLE) {
		for (to = place->pos + AFTER; is_middle(sql[to]); to--)
			;
		right = "...";
	}
	if (from == to)
		return;
	fprintf(stderr, "  %s", left);
	for (size_t i = from; i < to; i++) {
		/* Control bytes, C1 (C2 80..9F) among them, as blanks. */
		const bool c1 = (unsigned char)sql[i] == 0xc2 && i + 1 < to && (unsigned char)sql[i + 1] < 0xa0;
		fputc(c1 || (unsigned char)sql[i] < 0x20 || sql[i] == 0x7f ? ' ' : sql[i], stderr);
		i += c1;
	}
	for (size_t i = from; i < place->pos; i++)
		columns += !is_middle(sql[i]);
	fprintf(stderr, "%s\n  %*s^\n", right, (int)(columns + strlen(left)), "");
}

/* What people used to other languages meant. */
static const char *slip(const struct bl_answer *answer, const struct bl_request *q)
{
	const size_t pos = answer->place.pos;
	size_t before = pos;

	if (pos >= q->sql_len || !pos)
		return NULL;
	if (answer->err.code == BL_USAGE && q->sql[pos] == '=' && q->sql[pos - 1] == '=')
		return "what is equal is compared with one =";
	while (before && q->sql[before - 1] == ' ')
		before--;
	if (answer->err.code == BL_REFUSED && q->sql[pos] == '"' && before && strchr("=<>(,", q->sql[before - 1]))
		return "double quotes name a column; text stands in single ones";
	return NULL;
}

static int print_refusal(const struct bl_answer *answer, const struct table *t, const struct bl_request *q)
{
	struct bl_err e = answer->err;

	if (e.code != BL_USAGE)
		bl_err_where(&e, "%s", t->path);
	bl_err_line("bl-query", e.msg);
	if (q->sql) {
		print_place(&answer->place, q->sql, q->sql_len);
		if (!*e.hint && slip(answer, q))
			bl_err_hint(&e, "%s", slip(answer, q));
	}
	if (*e.hint) {
		memmove(e.msg, "hint: ", 6);
		snprintf(e.msg + 6, sizeof e.msg - 6, "%s", e.hint);
		bl_err_line("bl-query", e.msg);
	}
	return e.code;
}

/* --- the program --- */

static int ask(const struct table *t, struct bl_request *q, const struct bl_ident *me, struct bl_err *err)
{
	struct bl_answer answer = { 0 };
	struct bl_client client;
	struct outputs o = { .keep = false };
	struct bl_arena arena;
	struct bl_buf plain;
	int rc = -1;

	bl_out_init(&o.answer);
	bl_out_init(&o.receipt);
	bl_arena_init(&arena, SIZE_MAX / 2);
	bl_buf_init(&plain, bl_wire_answer_room());
	if (!bl_client_open(&client, opt.helper, opt.provider, opt.vault, t->fd, &t->h, opt.way.challenge ? &opt.way : NULL, me, err)) {
		rc = q->kind == BL_REQUEST_QUERY ? open_outputs(&o, &arena, err) : 0;
		if (!rc)
			rc = bl_client_ask(&client, q, &plain, &arena, &answer, err);
		bl_client_close(&client, err);
	} else if (!*err->hint && !opt.way.challenge && (err->code == BL_NOINPUT || err->code == BL_REFUSED)) {
		bl_err_hint(err, "a vault is a folder that 'bl-keygen -V' made, of one user, its helper.key of mode 0600");
	}
	if (rc)
		goto out;
	if (q->kind != BL_REQUEST_QUERY && (rc = print_text(&answer, err)))
		goto out;
	if (answer.err.code)
		rc = print_refusal(&answer, t, q);
	else if (q->kind == BL_REQUEST_QUERY)
		rc = print_release(&answer, &o, &arena, err);
out:
	bl_out_fini(&o.answer);
	bl_out_fini(&o.receipt);
	bl_answer_fini(&answer);
	bl_buf_wipe(&plain);
	bl_arena_fini(&arena);
	return rc;
}

/* SQL from the command line, or from stdin when it is "-". */
static int read_sql(const char *arg, struct bl_buf *b, struct bl_request *q, struct bl_err *err)
{
	if (strcmp(arg, "-")) {
		q->sql = arg;
		q->sql_len = strlen(arg);
		return 0;
	}
	if (bl_file_read("-", b, err)) {
		if (err->code == BL_DATA)
			err->code = BL_USAGE;
		return bl_err_where(err, "SQL");
	}
	q->sql = b->p ? (const char *)b->p : "";
	q->sql_len = b->len;
	return memchr(q->sql, 0, q->sql_len) ? bl_err_set(err, BL_USAGE, "SQL holds a NUL byte") : 0;
}

static int run(int argc, char **argv, struct bl_err *err)
{
	struct bl_request q = { .kind = opt.schema ? BL_REQUEST_SCHEMA : opt.explain || opt.dry_run ? BL_REQUEST_EXPLAIN : BL_REQUEST_QUERY,
				.purpose = opt.purpose };
	const int first = opt.schema ? 0 : 1;
	struct bl_ident me = { 0 };
	struct table t = { .fd = -1 };
	struct bl_buf sql;
	int rc = -1;

	if (argc < first + 1)
		return bl_err_set(err, BL_USAGE, first && !argc ? "SQL and a sealed file are missing" : "a sealed file is missing");
	if (argc > first + 1)
		return bl_err_set(err, BL_USAGE, opt.schema ? "--schema takes one sealed file and no SQL" :
							      "a question to several files is not answered by this version");
	if (check_options(err))
		return -1;
	bl_buf_init(&sql, 1 << 20);
	split(&t, argv[first]);
	q.table = t.name;
	bl_json_init();
	if (!bl_mem_init(false, err) && (!first || !read_sql(argv[0], &sql, &q, err)) && !read_identity(&me, err) && !open_table(&t, err))
		rc = ask(&t, &q, &me, err);
	bl_ident_fini(&me);
	bl_header_fini(&t.h);
	if (t.fd >= 0)
		close(t.fd);
	bl_buf_fini(&sql);
	return rc;
}

static const struct bl_opt_prog prog = {
	.name = "bl-query",
	.args = "[OPTION...] SQL [NAME=]FILE",
	.summary = "Asks a sealed table in SQL and prints what its policy allows.",
	.opts = options,
	.run = run,
	.example = "bl-query -i analyst.pem -V vault 'select count(*) from people' people.blf",
};

int main(int argc, char **argv)
{
	signal(SIGCHLD, SIG_DFL);	/* who started us may have ignored it: then nobody could ask how a helper ended */
	return bl_opt_main(&prog, argc, argv);
}
