/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge: a table and a strict policy over it, and one call that asks, for the tests and the fuzzer of the judge. Tables of
 * (promise, SQL, verdict, place): the verdict is "run", "open" (nothing will be tested) or the rule that refuses; the place is
 * where the caret stands in the SQL, given as the text from there on.
 */
#ifndef TESTS_JUDGE_H
#define TESTS_JUDGE_H

#include <stdlib.h>
#include <string.h>

#include "crypt/ident.h"
#include "policy/judge.h"
#include "tap.h"

enum { ID, NAME, SEX, CLS, AGE, FARE, BORN, SEEN, OK_, ZIP, CITY, OPEN, RAW, NOTE, JUDGE_NCOL };
static struct bl_column judge_columns[JUDGE_NCOL] = {
	{ "id", { BL_TYPE_INT, 0, 0 } },	{ "name", { BL_TYPE_TEXT, 0, 0 } },	{ "sex", { BL_TYPE_TEXT, 0, 0 } },
	{ "cls", { BL_TYPE_INT, 0, 0 } },	{ "age", { BL_TYPE_DOUBLE, 0, 0 } },	{ "fare", { BL_TYPE_DECIMAL, 12, 4 } },
	{ "born", { BL_TYPE_DATE, 0, 0 } },	{ "seen", { BL_TYPE_STAMP, 0, 0 } },	{ "ok", { BL_TYPE_BOOL, 0, 0 } },
	{ "zip", { BL_TYPE_TEXT, 0, 0 } },	{ "city", { BL_TYPE_TEXT, 0, 0 } },	{ "open", { BL_TYPE_INT, 0, 0 } },
	{ "raw", { BL_TYPE_DOUBLE, 0, 0 } },	{ "note", { BL_TYPE_TEXT, 0, 0 } },
};
static const struct bl_schema judge_schema = { JUDGE_NCOL, judge_columns };

/* 'name' is hidden by name, 'note' by not being there. Quotes are single, see judge_parse. */
#define JUDGE_COLUMNS \
	"'columns': {'id': {'uses': ['aggregate'], 'class': 'identifier', 'functions': ['count', 'count_distinct']}, 'name': {'uses': []}," \
	"'sex': {'uses': ['filter', 'group'], 'class': 'quasi'}," \
	"'cls': {'uses': ['filter', 'group', 'aggregate'], 'functions': ['count', 'sum', 'avg']}," \
	"'age': {'uses': ['filter', 'group', 'aggregate'], 'class': 'quasi', 'grid': 5, 'bin': 10, 'bounds': [0, 100]," \
	"        'functions': ['count', 'sum', 'avg', 'var', 'stddev', 'min', 'max', 'quantile']}," \
	"'fare': {'uses': ['aggregate'], 'functions': ['sum']}, 'born': {'uses': ['filter']}, 'seen': {'uses': ['group']}," \
	"'ok': {'uses': ['filter']}, 'zip': {'uses': ['filter', 'group']}, 'city': {'uses': ['filter', 'group'], 'like': true}," \
	"'open': {'uses': ['project', 'filter', 'group', 'aggregate'], 'class': 'public', 'grid': '0.5'}," \
	"'raw': {'uses': ['filter', 'group', 'aggregate'], 'class': 'sensitive'}}"
#define JUDGE_STRICT "{'version': 1, 'entity': 'id', " JUDGE_COLUMNS ", 'principals': [{'role': 'analyst', 'any': true}]," \
	"'release': {'all': [{'min_entities': 10}, {'zeros': 'suppress'}]}, 'tee': {'class': 'software'}}"

/* A policy spelled with single quotes. */
static inline int judge_parse(struct bl_policy *p, const char *text, struct bl_err *err)
{
	char *s = strdup(text);
	int rc;

	for (char *c = s; *c; c++)
		if (*c == '\'')
			*c = '"';
	rc = bl_doc_parse(p, s, strlen(s), err);
	free(s);
	return rc;
}

static const uint8_t judge_owner[32] = { 9 };
static inline struct bl_asker judge_asker(void)
{
	struct bl_asker who = { .pk = { 7 }, .owner = judge_owner, .now = 1800000000, .tee_class = BL_TEE_SOFTWARE };

	bl_ident_fpr(who.pk, who.fpr);
	return who;
}

struct judge {
	struct bl_arena a;
	struct bl_plan plan;
	struct bl_verdict v;
	bool planned;
};
/* Plans and judges as a session does; what the parser refuses becomes a refusal by its own error. */
static inline struct judge *judge_n(struct judge *j, const struct bl_policy *p, const struct bl_asker *who, const char *sql, size_t n)
{
	bool visible[JUDGE_NCOL];

	memset(j, 0, sizeof *j);
	bl_arena_init(&j->a, 64 << 20);
	bl_judge_visible(p, &judge_schema, visible);
	if (bl_plan_make(&j->plan, &j->a, sql, n, "t", &judge_schema, visible, &j->v.place, &j->v.err)) {
		j->v.kind = BL_VERDICT_REFUSE;
		j->v.rule_name = j->v.err.code == BL_REFUSED ? "uses" : "sql";
		return j;
	}
	j->planned = true;
	bl_judge_plan(&j->v, p, &judge_schema, &j->plan, who);
	return j;
}

struct question { const char *promise, *sql, *verdict, *place, *path; };
#define RUNS(promise, sql) { promise, sql, "run", NULL, NULL }
#define OPENS(promise, sql) { promise, sql, "open", NULL, NULL }
#define NO(promise, sql, rule, place) { promise, sql, rule, place, NULL }
#define AT(promise, sql, rule, place, path) { promise, sql, rule, place, path }

static inline const char *said(const struct bl_verdict *v)
{
	return v->kind == BL_VERDICT_REFUSE ? v->rule_name : v->open ? "open" : "run";
}

static inline void ask(const struct bl_policy *p, const struct bl_asker *who, const struct question *q)
{
	struct judge j;
	bool place;

	judge_n(&j, p, who, q->sql, strlen(q->sql));
	place = !q->place || (j.v.place.pos < strlen(q->sql) && !strncmp(q->sql + j.v.place.pos, q->place, strlen(q->place)));
	ok(!strcmp(said(&j.v), q->verdict) && place && (!q->path || !strcmp(j.v.path, q->path)), "%s: %s", q->promise, q->sql);
	if (strcmp(said(&j.v), q->verdict) || !place || (q->path && strcmp(j.v.path, q->path)))
		printf("# got %s at %zu by %s: %s\n", said(&j.v), j.v.place.pos, j.v.path, j.v.err.msg);
	if (j.v.kind == BL_VERDICT_REFUSE && strcmp(j.v.rule_name, "sql")) {
		char start[64];
		snprintf(start, sizeof start, "refused: %.40s (", j.v.rule_name);
		if (j.v.err.code != BL_REFUSED || strncmp(j.v.err.msg, start, strlen(start)))
			ok(false, "a refusal is 77 and begins with its rule: %s", j.v.err.msg);
	}
	bl_arena_fini(&j.a);
}

static inline void ask_all(const char *policy, const struct question *q, size_t n)
{
	struct bl_asker who = judge_asker();
	struct bl_err err = { 0 };
	struct bl_policy p;

	if (judge_parse(&p, policy, &err)) {
		ok(false, "the policy parses: %s", err.msg);
		return;
	}
	for (size_t i = 0; i < n; i++)
		ask(&p, &who, &q[i]);
	bl_doc_fini(&p);
}
#define ASK(policy, questions) ask_all(policy, questions, sizeof(questions) / sizeof *(questions))

#endif
