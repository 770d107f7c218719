/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint: collects what contradiction.c, enforced.c and caution.c find in a policy, errors first. Reads the policy and, where
 * there is one, the schema; never data.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/lint.h"
#include "policy/show.h"

enum { ARENA = 64 << 20, FINDINGS = 65536 };

/* --- findings --- */

static void __attribute__((format(printf, 4, 0))) keep(struct bl_lint *l, const char code[4], const char *path, const char *fmt, va_list ap)
{
	char text[512];
	struct bl_finding *f;

	if (l->failed || l->n == FINDINGS) {
		l->failed = true;
		return;
	}
	f = &l->v[l->n];
	vsnprintf(text, sizeof text, fmt, ap);
	memcpy(f->code, code, 3);
	f->code[3] = 0;
	f->path = bl_arena_strndup(&l->arena, path, strlen(path));
	f->text = bl_arena_strndup(&l->arena, text, strlen(text));
	if (!f->path || !f->text) {
		l->failed = true;
		return;
	}
	l->n++;
	*(code[0] == 'E' ? &l->errors : &l->warnings) += 1;
}

void bl_lint_add(struct bl_lint *l, const char code[4], const char *path, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	keep(l, code, path, fmt, ap);
	va_end(ap);
}

void bl_lint_column(struct bl_lint *l, const char code[4], const struct bl_doc_column *c, const char *field, const char *fmt, ...)
{
	char path[BL_TYPE_NAME + 64];
	va_list ap;

	snprintf(path, sizeof path, "columns.%s.%s", c->name, field);
	va_start(ap, fmt);
	keep(l, code, path, fmt, ap);
	va_end(ap);
}

/* --- what an expression says --- */

static uint32_t how_many(const struct bl_rule *r, bool (*is)(const struct bl_rule *))
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->narg; i++)
		n += is(r->arg[i]);
	return n;
}

bool bl_lint_always(const struct bl_rule *r)
{
	switch (r->kind) {
	case BL_RULE_TRUE:
		return true;
	case BL_RULE_ALL:
		return how_many(r, bl_lint_always) == r->narg;
	case BL_RULE_ANY:
		return how_many(r, bl_lint_always) > 0;
	case BL_RULE_AT_LEAST:
		return how_many(r, bl_lint_always) >= r->n;
	default:
		return false;
	}
}

bool bl_lint_never(const struct bl_rule *r)
{
	switch (r->kind) {
	case BL_RULE_FALSE:
		return true;
	case BL_RULE_ALL:
		return how_many(r, bl_lint_never) > 0;
	case BL_RULE_ANY:
		return how_many(r, bl_lint_never) == r->narg;
	case BL_RULE_AT_LEAST:
		return r->narg - how_many(r, bl_lint_never) < r->n;
	default:
		return false;
	}
}

bool bl_lint_covered(const struct bl_rule *r, enum bl_rule_kind kind)
{
	uint32_t open = 0;	/* branches that pass without it */

	for (uint32_t i = 0; i < r->narg; i++)
		open += !bl_lint_covered(r->arg[i], kind);
	switch (r->kind) {
	case BL_RULE_FALSE:
	case BL_RULE_DP:
		return true;
	case BL_RULE_ALL:
		return open < r->narg;
	case BL_RULE_ANY:
		return !open;
	case BL_RULE_AT_LEAST:
		return open < r->n;
	default:
		return r->kind == kind;
	}
}

bool bl_lint_has(const struct bl_rule *r, enum bl_rule_kind kind)
{
	bool found = r->kind == kind;

	for (uint32_t i = 0; i < r->narg && !found; i++)
		found = bl_lint_has(r->arg[i], kind);
	return found;
}

void bl_lint_walk(const struct bl_rule *r, void (*see)(void *arg, const struct bl_rule *r), void *arg)
{
	see(arg, r);
	for (uint32_t i = 0; i < r->narg; i++)
		bl_lint_walk(r->arg[i], see, arg);
}

const struct bl_doc_column *bl_lint_each(const struct bl_policy *p, uint32_t i)
{
	return i < p->ncolumn ? &p->column[i] : i == p->ncolumn ? p->star : NULL;
}

/* --- runs --- */

static int start(struct bl_lint *l, struct bl_err *err)
{
	*l = (struct bl_lint){ 0 };
	bl_arena_init(&l->arena, ARENA);
	l->v = bl_arena_array(&l->arena, FINDINGS, sizeof *l->v);
	return l->v ? 0 : bl_err_set(err, BL_OSERR, "out of memory");
}

/* Errors before warnings, else in the order in which they were found. */
static void sort(struct bl_lint *l, struct bl_finding *into)
{
	size_t e = 0, w = l->errors;

	for (size_t i = 0; i < l->n; i++)
		into[l->v[i].code[0] == 'E' ? e++ : w++] = l->v[i];
	l->v = into;
}

static int finish(struct bl_lint *l, struct bl_err *err)
{
	struct bl_finding *into = l->failed ? NULL : bl_arena_array(&l->arena, l->n, sizeof *into);

	if (into) {
		sort(l, into);
		return 0;
	}
	bl_lint_fini(l);
	return bl_err_set(err, BL_CONFIG, "more than %d findings", FINDINGS);
}

/* An error of the parser or of the fit to a table as a finding: "PATH: what", of the entity E02, else E01. */
static void add_error(struct bl_lint *l, const struct bl_err *why)
{
	const char *colon = strstr(why->msg, ": ");
	char path[sizeof why->msg] = "";

	if (colon && colon != why->msg)
		memcpy(path, why->msg, (size_t)(colon - why->msg));
	bl_lint_add(l, !strcmp(path, "entity") ? "E02" : "E01", path, "%s%s%s%s", *path ? colon + 2 : why->msg, why->hint[0] ? " (" : "", why->hint,
		    why->hint[0] ? ")" : "");
}

static void find(struct bl_lint *l, const struct bl_policy *p, const struct bl_schema *s)
{
	struct bl_err why = { 0 };

	if (s && bl_doc_check_schema(p, s, &why))
		add_error(l, &why);
	bl_contradiction_find(l, p);
	bl_enforced_find(l, p);
	bl_caution_find(l, p, s);
}

int bl_lint_run(struct bl_lint *l, const struct bl_policy *p, const struct bl_schema *s, struct bl_err *err)
{
	if (start(l, err))
		return -1;
	find(l, p, s);
	return finish(l, err);
}

int bl_lint_document(struct bl_lint *l, const char *text, size_t n, const struct bl_schema *s, struct bl_err *err)
{
	struct bl_err why = { 0 };
	struct bl_policy p;

	if (start(l, err))
		return -1;
	if (!bl_doc_parse(&p, text, n, &why)) {
		find(l, &p, s);
		bl_doc_fini(&p);
	} else if (why.code == BL_CONFIG) {
		add_error(l, &why);
	} else {
		bl_lint_fini(l);
		*err = why;
		return -1;
	}
	return finish(l, err);
}

void bl_lint_fini(struct bl_lint *l)
{
	bl_arena_fini(&l->arena);
	*l = (struct bl_lint){ 0 };
}

int bl_lint_check(const struct bl_policy *p, const struct bl_schema *s, struct bl_err *err)
{
	struct bl_lint l;
	int rc = bl_lint_run(&l, p, s, err);

	for (size_t i = 0; !rc && i < l.n; i++)
		if (l.v[i].code[0] == 'E') {
			rc = bl_err_set(err, BL_CONFIG, "%s %s%s%s", l.v[i].code, l.v[i].path, *l.v[i].path ? ": " : "", l.v[i].text);
			bl_err_hint(err, "bl-policy lint lists every finding");
		}
	bl_lint_fini(&l);
	return rc;
}

/* --- for people and machines --- */

void bl_lint_print(const struct bl_lint *l, const char *file, struct bl_buf *b)
{
	for (size_t i = 0; i < l->n; i++) {
		bl_show_text(b, file);
		bl_buf_printf(b, ": %s ", l->v[i].code);
		bl_show_text(b, l->v[i].path);
		bl_buf_puts(b, l->v[i].path[0] ? ": " : "");
		bl_show_text(b, l->v[i].text);
		bl_buf_put8(b, '\n');
	}
	if (!l->n) {
		bl_show_text(b, file);
		bl_buf_puts(b, ": ok\n");
	}
}

struct bl_json *bl_lint_json(const struct bl_lint *l, const char *file)
{
	struct bl_json *j = bl_json_new_object(), *all = bl_json_new_array();

	for (size_t i = 0; i < l->n; i++) {
		struct bl_json *f = bl_json_new_object();
		bl_json_put_text(f, "code", l->v[i].code);
		bl_json_put_text(f, "path", l->v[i].path);
		bl_json_put_text(f, "text", l->v[i].text);
		bl_json_add(all, f);
	}
	bl_json_put_text(j, "file", file);
	bl_json_put_int(j, "errors", (int64_t)l->errors);
	bl_json_put_int(j, "warnings", (int64_t)l->warnings);
	bl_json_put(j, "findings", all);
	return j;
}
