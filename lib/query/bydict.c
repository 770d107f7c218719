/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bydict: what depends on one text column only is a function of its value, so where the column comes as codes into a
 * dictionary it is computed for the entries, and once for NULL, and then looked up. The expression is compiled a second
 * time for that, as an evaluator of its own, which also runs over the rows where there is no dictionary or none that pays.
 */
#include "query/ops.h"

enum { ENTRIES = 32768 };	/* of a dictionary that is kept from run to run */

struct bydict {
	struct bl_eval *inner;
	uint32_t column, room;
	uint64_t dicts;			/* whose results the tables hold; 0: nobody's */
	const struct bl_str *dict;	/* and where it stood */
	uint8_t *flag;			/* by entry, the one behind the last for NULL: bit 0 true, bit 1 NULL */
	int64_t *i64;
	bl_i128 *i128;
	double *f64;
	struct bl_str *str;
	uint32_t *code;			/* of a result whose NULLs have a value */
};

static uint32_t column_of(const struct bl_expr *e)
{
	uint32_t c = UINT32_MAX;

	if (e->op == BL_OP_COL)
		return e->index;
	for (uint32_t i = 0; i < e->narg && c == UINT32_MAX; i++)
		c = column_of(e->arg[i]);
	return c;
}

static int make_room(struct bl_eval *v, const struct bl_ops_node *n, struct bydict *d, uint32_t entries)
{
	uint32_t room = d->room ? d->room : 64;

	if (entries <= d->room)
		return 0;
	while (room < entries)
		room *= 2;
	d->flag = bl_compile_alloc(v, room, sizeof *d->flag);
	if (n->rep == BL_OPS_I64)
		d->i64 = bl_compile_alloc(v, room, sizeof *d->i64);
	else if (n->rep == BL_OPS_I128)
		d->i128 = bl_compile_alloc(v, room, sizeof *d->i128);
	else if (n->rep == BL_OPS_F64)
		d->f64 = bl_compile_alloc(v, room, sizeof *d->f64);
	else if (n->rep == BL_OPS_TEXT)
		d->str = bl_compile_alloc(v, room, sizeof *d->str);
	if (!d->flag || !(d->i64 || d->i128 || d->f64 || d->str || n->rep == BL_OPS_BOOL))
		return -1;
	d->room = room;
	return 0;
}

/* The result of the inner evaluator for its rows to the tables from entry `at` on. */
static void keep(struct bydict *d, const struct bl_ops_node *root, uint32_t at, uint32_t rows)
{
	const struct bl_ops_vec *r = &root->out;

	for (uint32_t i = 0; i < rows; i++) {
		bool null = bl_ops_bit(r->null, i);
		d->flag[at + i] = (uint8_t)(bl_ops_bit(r->is, i) | null << 1);
		if (root->rep == BL_OPS_I64)
			d->i64[at + i] = r->i64[i * r->step];
		else if (root->rep == BL_OPS_I128)
			d->i128[at + i] = r->i128[i * r->step];
		else if (root->rep == BL_OPS_F64)
			d->f64[at + i] = r->f64[i * r->step];
		else if (root->rep == BL_OPS_TEXT)
			d->str[at + i] = null ? (struct bl_str){ "", 0 } : bl_ops_str(r, i);
	}
}

static int fill(struct bl_eval *v, struct bl_ops_node *n, struct bydict *d, const struct bl_eval_vec *from)
{
	struct bl_eval_vec part = { .type = from->type };
	const uint64_t null = 1;

	d->dicts = 0;
	if (make_room(v, n, d, from->ndict + 1))
		return -1;
	for (uint32_t at = 0; at < from->ndict; at += part.n) {
		part.n = from->ndict - at < BL_OPS_N ? from->ndict - at : BL_OPS_N;
		part.str = from->dict + at;
		if (bl_eval_inner(v, d->inner, &part, NULL, at > 0))
			return -1;
		keep(d, d->inner->root, at, part.n);
	}
	part = (struct bl_eval_vec){ .type = from->type, .n = 1, .str = &(struct bl_str){ "", 0 }, .null = &null };
	if (bl_eval_inner(v, d->inner, &part, NULL, from->ndict > 0))
		return -1;
	keep(d, d->inner->root, from->ndict, 1);
	d->dicts = v->in->dicts;
	d->dict = from->dict;
	return 0;
}

/* Entry numbers of the rows. */
static const uint32_t *codes(struct bydict *d, const struct bl_eval_vec *from, uint32_t m)
{
	if (!from->null)
		return from->code;
	for (uint32_t i = 0; i < m; i++)
		d->code[i] = bl_ops_bit(from->null, i) ? from->ndict : from->code[i];
	return d->code;
}

static void look_up(struct bl_ops_node *n, struct bydict *d, const struct bl_eval_vec *from, uint32_t m)
{
	const uint32_t *code = codes(d, from, m);
	uint64_t any = 0;

	bl_eval_begin(n);
	memset(n->null, 0, sizeof n->null);
	for (uint32_t i = 0; i < m; i++) {
		uint64_t f = d->flag[code[i]];
		n->null[i / 64] |= (f >> 1) << i % 64;
		n->is[i / 64] |= (f & 1) << i % 64;
	}
	for (uint32_t w = 0; w < BL_OPS_WORDS; w++)
		any |= n->null[w];
	n->out.null = any ? n->null : NULL;
	if (n->rep == BL_OPS_I64) {
		for (uint32_t i = 0; i < m; i++)
			n->i64[i] = d->i64[code[i]];
	} else if (n->rep == BL_OPS_I128) {
		for (uint32_t i = 0; i < m; i++)
			n->i128[i] = d->i128[code[i]];
	} else if (n->rep == BL_OPS_F64) {
		for (uint32_t i = 0; i < m; i++)
			n->f64[i] = d->f64[code[i]];
	} else if (n->rep == BL_OPS_TEXT) {
		n->out.str = NULL;
		n->out.code = code;
		n->out.dict = d->str;
		n->out.ndict = from->ndict + 1;
	}
}

static int run(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *want)
{
	struct bydict *d = n->state;
	const struct bl_eval_vec *from = &v->in->col[d->column];
	bool known = v->in->dicts && v->in->dicts == d->dicts && from->dict == d->dict;

	if (from->code && !from->constant && (known || from->ndict < (v->in->dicts ? ENTRIES : v->n))) {
		if (!known && fill(v, n, d, from))
			return -1;
		look_up(n, d, from, v->n);
		return 0;
	}
	d->dicts = 0;
	if (bl_eval_inner(v, d->inner, from, want, false))
		return -1;
	n->out = d->inner->root->out;
	return 0;
}

int bl_bydict_bind(struct bl_eval *v, struct bl_ops_node *n)
{
	struct bydict *d = bl_compile_alloc(v, 1, sizeof *d);

	if (!d || !(d->inner = bl_compile_alloc(v, 1, sizeof *d->inner)) || !(d->code = bl_compile_alloc(v, BL_OPS_N, sizeof *d->code)))
		return -1;
	*d->inner = (struct bl_eval){ .plan = v->plan, .a = v->a, .err = v->err, .inner = true };
	d->column = column_of(n->e);
	if (bl_compile(d->inner, n->e))
		return -1;
	n->rep = d->inner->root->rep;
	n->min = d->inner->root->min;
	n->max = d->inner->root->max;
	n->state = d;
	n->run = run;
	return 0;
}
