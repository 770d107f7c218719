/* SPDX-License-Identifier: Apache-2.0 */
/* query: a table to plan against, and one call that plans. */
#ifndef TESTS_QUERY_H
#define TESTS_QUERY_H

#include <stdlib.h>
#include <string.h>

#include "query/plan.h"

static struct bl_column query_columns[] = {
	{ "id", { BL_TYPE_INT, 0, 0 } },	{ "Pclass", { BL_TYPE_INT, 0, 0 } },	{ "Sex", { BL_TYPE_TEXT, 0, 0 } },
	{ "age", { BL_TYPE_DOUBLE, 0, 0 } },	{ "fare", { BL_TYPE_DECIMAL, 15, 4 } },	{ "price", { BL_TYPE_DECIMAL, 15, 2 } },
	{ "disc", { BL_TYPE_DECIMAL, 15, 2 } },	{ "born", { BL_TYPE_DATE, 0, 0 } },	{ "seen", { BL_TYPE_STAMP, 0, 0 } },
	{ "ok", { BL_TYPE_BOOL, 0, 0 } },	{ "qty", { BL_TYPE_INT, 0, 0 } },	{ "QTY", { BL_TYPE_INT, 0, 0 } },
	{ "odd name", { BL_TYPE_TEXT, 0, 0 } },	{ "secret", { BL_TYPE_INT, 0, 0 } },
};
enum { QUERY_NCOL = sizeof query_columns / sizeof *query_columns, QUERY_SECRET = QUERY_NCOL - 1 };
static const struct bl_schema query_schema = { QUERY_NCOL, query_columns };

struct query {
	struct bl_arena a;
	struct bl_plan p;
	struct bl_err err;
	struct bl_place place;
	int rc;
};

/* The last column is hidden. */
static inline struct query *query_n(struct query *q, const char *sql, size_t n)
{
	bool visible[QUERY_NCOL];

	memset(visible, true, sizeof visible);
	visible[QUERY_SECRET] = false;
	memset(q, 0, sizeof *q);
	bl_arena_init(&q->a, 64 << 20);
	q->rc = bl_plan_make(&q->p, &q->a, sql, n, "t", &query_schema, visible, &q->place, &q->err);
	return q;
}

static inline struct query *query(struct query *q, const char *sql)
{
	return query_n(q, sql, strlen(sql));
}

/* The canonical text, to be freed. */
static inline char *query_text(const struct bl_plan *p)
{
	struct bl_buf b;
	char *s;

	bl_buf_init(&b, 1 << 20);
	bl_plan_print(p, &b);
	bl_buf_put8(&b, 0);
	s = b.failed ? NULL : strdup((char *)b.p);
	bl_buf_fini(&b);
	return s;
}

#endif
