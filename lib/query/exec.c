/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec: see exec.h. One pass over the row groups, 1,024 rows at a time, in the order of the file:
 *
 *	where.c  which rows pass          group.c, coder.c  which group is each in
 *	scan.c   columns and expressions  people.c          which entity is each of
 *	accum.c  the cells                kernel.c          the loops, for this processor
 *
 * A column is read where a row needs it and not before.
 */
#include "query/exec.h"

#include <stdlib.h>

#include "base/time.h"
#include "query/people.h"

enum { N = BL_KERNEL_N, WORDS = BL_KERNEL_WORDS };

struct run {
	const struct bl_plan *p;
	const struct bl_exec *x;
	struct bl_arena *a;		/* the caller's */
	struct bl_result *out;
	struct bl_pool pool;
	struct bl_scan scan;
	struct bl_where *filter;
	struct bl_group group;
	struct bl_accum_set accum;
	struct bl_people people;
	struct bl_scan_node **key;
	struct bl_value *row;		/* BL_PLAN_ROWS: [nrow][nkey] */
	size_t nrow, cap;
	uint32_t gid[N];		/* of rows, or of the only group */
};

static int check_time(const struct run *r, struct bl_err *err)
{
	if (!r->x->deadline_ns || bl_time_mono_ns() < r->x->deadline_ns)
		return 0;
	bl_err_set(err, BL_REFUSED, "refused: limits.seconds");
	return bl_err_hint(err, "ask for less in one query");
}

static bool rows(const struct run *r)
{
	return r->p->kind == BL_PLAN_ROWS;
}

static int prepare(struct run *r, struct bl_reader *reader, struct bl_err *err)
{
	const struct bl_plan *p = r->p;

	if (bl_scan_init(&r->scan, p, reader, &r->pool, err))
		return -1;
	if (!(r->filter = bl_where_new(&r->scan, p->where, err)))
		return -1;
	if (!(r->key = bl_pool_alloc(&r->pool, p->nkey, sizeof(struct bl_scan_node *), err)))
		return -1;
	for (uint32_t k = 0; k < p->nkey; k++)
		if (!(r->key[k] = bl_scan_node(&r->scan, p->key[k], false, err)))
			return -1;
	if (bl_group_init(&r->group, &r->scan, rows(r) ? 0 : p->nkey, r->key, r->x->max_groups, "limits.groups", err))
		return -1;
	if (bl_accum_init(&r->accum, &r->scan, r->x->by_entity, err))
		return -1;
	return r->x->by_entity ? bl_people_init(&r->people, &r->scan, err) : 0;
}

/* --- rows as they are --- */

static int copy_text(struct bl_arena *a, struct bl_str *s, struct bl_err *err)
{
	char *p = bl_arena_strndup(a, s->p, s->n);

	if (!p)
		return bl_pool_refuse(err);
	s->p = p;
	return 0;
}

static int get_value(struct run *r, const struct bl_scan_node *n, uint32_t i, struct bl_value *v, struct bl_err *err)
{
	const struct bl_eval_vec *x = &n->vec;

	*v = (struct bl_value){ .type = n->e->type, .null = x->null && bl_scan_bit(x->null, i) };
	if (v->null)
		return 0;
	if (x->i128 || x->i64)
		v->i = x->i128 ? x->i128[i] : x->i64[i];
	else if (x->f64)
		v->f = x->f64[i];
	else
		v->s = x->code ? x->dict[x->code[i]] : x->str[i];
	return v->type.kind == BL_TYPE_TEXT ? copy_text(r->a, &v->s, err) : 0;
}

static int keep_rows(struct run *r, const uint64_t *mask, struct bl_err *err)
{
	uint32_t nkey = r->p->nkey, n = bl_where_count(mask);

	if (n > r->x->max_groups - r->nrow || r->nrow + n >= UINT32_MAX) {
		bl_err_set(err, BL_REFUSED, "refused: limits.groups");
		return bl_err_hint(err, "ask for fewer rows");
	}
	if (bl_pool_grow(&r->pool, &r->row, &r->cap, (r->nrow + n) * nkey, sizeof(*r->row), err))
		return -1;
	for (uint32_t k = 0; k < nkey; k++)
		if (bl_scan_run(&r->scan, r->key[k], err))
			return -1;
	BL_SCAN_EACH(i, mask) {
		for (uint32_t k = 0; k < nkey; k++)
			if (get_value(r, r->key[k], i, &r->row[r->nrow * nkey + k], err))
				return -1;
		r->gid[i] = (uint32_t)r->nrow++;
	}
	return 0;
}

/* --- one pass --- */

static int run_vector(struct run *r, enum bl_where_verdict v, struct bl_err *err)
{
	uint64_t mask[WORDS], any = 0;
	const uint32_t *gid = r->gid;
	uint32_t ngroup;

	r->scan.want = NULL;
	if (r->x->by_entity && bl_people_vector(&r->people, err))
		return -1;
	if (v == BL_WHERE_NONE)
		return 0;
	bl_where_rows(mask, r->scan.n);
	if (v == BL_WHERE_SOME && bl_where_vector(r->filter, mask, err))
		return -1;
	for (int i = 0; i < WORDS; i++)
		any |= mask[i];
	if (!any)
		return 0;
	r->scan.want = mask;
	if (rows(r)) {
		if (keep_rows(r, mask, err))
			return -1;
		ngroup = (uint32_t)r->nrow;
	} else if (r->p->nkey) {
		if (bl_group_run(&r->group, mask, err))
			return -1;
		gid = r->group.gid;
		ngroup = r->group.n;
	} else {
		ngroup = 1;
	}
	if (!r->x->by_entity)
		return bl_accum_vector(&r->accum, mask, gid, ngroup, NULL, 0, err);
	return bl_people_pairs(&r->people, mask, gid, err) ? -1 :
	       bl_accum_vector(&r->accum, mask, gid, ngroup, r->people.pid, r->people.npair, err);
}

static int run_group(struct run *r, uint32_t g, struct bl_err *err)
{
	enum bl_where_verdict v;
	bool plain = !r->x->by_entity && !rows(r) && !r->p->nkey;

	bl_scan_group(&r->scan, g);
	v = bl_where_group(r->filter);
	if ((v == BL_WHERE_NONE && !r->x->by_entity) || (v == BL_WHERE_ALL && plain && bl_accum_whole(&r->accum)))
		return 0;
	bl_accum_group(&r->accum);
	for (uint32_t from = 0; from < r->scan.rows; from += N) {
		if (check_time(r, err))
			return -1;
		bl_scan_vector(&r->scan, from);
		if (run_vector(r, v, err))
			return -1;
	}
	return 0;
}

/* --- the result --- */

static int put_keys(struct run *r, const uint32_t *order, struct bl_err *err)
{
	uint32_t nkey = r->p->nkey;

	for (uint64_t g = 0; g < r->out->ngroup; g++)
		for (uint32_t k = 0; k < nkey; k++) {
			struct bl_value *v = &r->out->key[g * nkey + k];

			if (rows(r)) {
				*v = r->row[g * nkey + k];
				continue;
			}
			bl_group_value(&r->group, order[g], k, v);
			if (!v->null && v->type.kind == BL_TYPE_TEXT && copy_text(r->a, &v->s, err))
				return -1;
		}
	return 0;
}

static int put_cells(struct run *r, const uint32_t *order, struct bl_err *err)
{
	const struct bl_plan *p = r->p;

	for (uint64_t g = 0; g < r->out->ngroup; g++)
		for (uint32_t c = 0; c < p->ncell; c++) {
			struct bl_acc *acc = &r->out->acc[g * p->ncell + c];

			bl_accum_cell(&r->accum, order[g], c, acc);
			if (acc->s.p && copy_text(r->a, &acc->s, err))
				return -1;
		}
	return 0;
}

static int finish(struct run *r, struct bl_err *err)
{
	struct bl_result *out = r->out;
	uint32_t n = rows(r) ? (uint32_t)r->nrow : r->group.n;
	uint32_t *order = bl_pool_alloc(&r->pool, n, sizeof(*order), err), *rank;

	if (!order || check_time(r, err))
		return -1;
	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	if (!rows(r) && bl_group_order(&r->group, order, err))
		return -1;
	*out = (struct bl_result){ .nkey = r->p->nkey, .ncell = r->p->ncell, .ngroup = n };
	out->key = bl_arena_array(r->a, (size_t)n * out->nkey, sizeof(*out->key));
	out->acc = bl_arena_array(r->a, (size_t)n * out->ncell, sizeof(*out->acc));
	if (!out->key || !out->acc)
		return bl_pool_refuse(err);
	if (check_time(r, err) || bl_accum_finish(&r->accum, n, err) || put_keys(r, order, err) || put_cells(r, order, err))
		return -1;
	if (!r->x->by_entity)
		return 0;
	if (!(rank = bl_pool_alloc(&r->pool, n, sizeof(*rank), err)) || check_time(r, err))
		return -1;
	for (uint32_t i = 0; i < n; i++)
		rank[order[i]] = i;
	return bl_people_finish(&r->people, &r->accum, rank, r->x, r->a, out, err);
}

int bl_exec_run(const struct bl_plan *p, struct bl_reader *reader, const struct bl_exec *x, struct bl_arena *a,
		struct bl_result *out, struct bl_err *err)
{
	struct bl_result result = { 0 };
	struct run *r = calloc(1, sizeof(*r));
	int ret = -1;

	if (!r)
		return bl_err_set(err, BL_OSERR, "out of memory");
	*r = (struct run){ .p = p, .x = x, .a = a, .out = &result };
	bl_pool_init(&r->pool, x->memory);
	if (prepare(r, reader, err))
		goto out;
	for (uint32_t g = 0; g < bl_reader_groups(reader); g++)
		if (check_time(r, err) || run_group(r, g, err))
			goto out;
	if (finish(r, err))
		goto out;
	*out = result;
	ret = 0;
out:
	bl_people_fini(&r->people);
	bl_accum_fini(&r->accum);
	bl_group_fini(&r->group);
	bl_where_fini(r->filter);
	bl_pool_drop(&r->pool, &r->row, &r->cap, sizeof(*r->row));
	bl_scan_fini(&r->scan);
	bl_pool_fini(&r->pool);
	free(r);
	return ret;
}
