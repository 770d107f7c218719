/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eval: see eval.h. Runs compiled nodes over one vector: arguments first, NULLs merged, then the kernel; a node that stands
 * in several places runs once unless more rows are wanted of it. Who owns what: see ops.h.
 */
#include <assert.h>
#include <math.h>

#include "query/ops.h"

enum { TEXT_CHUNK = 64 << 10 };

int bl_eval_memory(struct bl_err *err)
{
	return bl_err_set(err, BL_REFUSED, "refused: limits.memory");
}

/* --- memory for texts: a chain of chunks, used again by every run --- */

char *bl_eval_text(struct bl_eval *v, size_t size)
{
	struct bl_ops_chunk *c = v->text_now, *next;
	char *p;

	while (!c || size > c->size - c->used) {
		next = c ? c->next : v->text;
		if (!next) {
			size_t room = size > TEXT_CHUNK ? size : TEXT_CHUNK;
			if (!(next = bl_compile_alloc(v, 1, sizeof *next)) || !(next->p = bl_compile_alloc(v, room, 1)))
				return NULL;
			next->size = room;
			if (c)
				c->next = next;
			else
				v->text = next;
		}
		c = v->text_now = next;
	}
	p = c->p + c->used;
	c->used += size;
	return p;
}

static void drop_texts(struct bl_eval *v)
{
	for (struct bl_ops_chunk *c = v->text; c; c = c->next)
		c->used = 0;
	v->text_now = v->text;
}

/* --- results --- */

void bl_eval_put(struct bl_ops_node *n, uint32_t i, bl_i128 x)
{
	if (x < n->least || x > n->most)
		bl_ops_null(n, i);
	else if (n->rep == BL_OPS_I64)
		n->i64[i] = (int64_t)x;
	else
		n->i128[i] = x;
}

void bl_eval_put_f64(struct bl_ops_node *n, uint32_t i, double x)
{
	n->f64[i] = x;
	if (!isfinite(x))
		bl_ops_null(n, i);
}

void bl_eval_finite(struct bl_ops_node *n, const uint64_t *active, uint32_t m, const struct bl_loop *loop)
{
	if (loop->finite(n->f64, m))
		return;
	BL_OPS_EACH(i, active)
		if (!isfinite(n->f64[i]))
			bl_ops_null(n, i);
}

/* --- columns --- */

static void spread(uint64_t *words, bool set)
{
	memset(words, set ? 0xff : 0, BL_OPS_WORDS * sizeof *words);
}

static void load_bool(struct bl_ops_node *n, const struct bl_eval_vec *from, uint32_t m)
{
	memset(n->is, 0, sizeof n->is);
	if (from->constant) {
		spread(n->is, from->i64[0] != 0 && !n->out.null);
	} else {
		for (uint32_t i = 0; i < m; i++)
			n->is[i / 64] |= (uint64_t)(from->i64[i] != 0) << i % 64;
		for (uint32_t w = 0; n->out.null && w < BL_OPS_WORDS; w++)
			n->is[w] &= ~n->out.null[w];
	}
	n->out.is = n->is;
}

/* An integer column in the width that the node was compiled for. */
static void load_integer(struct bl_ops_node *n, const struct bl_eval_vec *from, uint32_t m)
{
	if (n->rep == BL_OPS_I64 && from->i64) {
		n->out.i64 = from->i64;
	} else if (n->rep == BL_OPS_I128 && from->i128) {
		n->out.i128 = from->i128;
	} else if (n->rep == BL_OPS_I128) {
		for (uint32_t i = 0; i < m; i++)
			n->i128[i] = from->i64[i];
		n->out.i128 = n->i128;
	} else {
		for (uint32_t i = 0; i < m; i++) {
			n->i64[i] = (int64_t)from->i128[i];
			if (from->i128[i] != n->i64[i])
				bl_ops_null(n, i);
		}
		if (from->constant && n->out.null)
			spread(n->null, true);
		n->out.i64 = n->i64;
	}
}

int bl_eval_col(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *want)
{
	const struct bl_eval_vec *from = v->only ? v->only : n->op == BL_OP_COL ? &v->in->col[n->e->index] :
					 n->op == BL_OP_KEY ? &v->in->key[n->e->index] : &v->in->agg[n->e->index];
	uint32_t m = from->constant ? 1 : v->n, words = (v->n + 63) / 64;

	(void)want;
	n->out = (struct bl_ops_vec){ .step = !from->constant };
	if (from->null && from->constant) {
		if (from->null[0] & 1) {
			spread(n->null, true);
			n->out.null = n->null;
		}
	} else if (from->null) {
		memset(n->null, 0, sizeof n->null);
		memcpy(n->null, from->null, words * sizeof *n->null);
		n->out.null = n->null;
	}
	switch (n->rep) {
	case BL_OPS_BOOL:
		load_bool(n, from, m);
		break;
	case BL_OPS_I64:
	case BL_OPS_I128:
		load_integer(n, from, m);
		break;
	case BL_OPS_F64:
		n->out.f64 = from->f64;
		break;
	case BL_OPS_TEXT:
		n->out.str = from->str;
		n->out.code = from->code;
		n->out.dict = from->dict;
		n->out.ndict = from->ndict;
		break;
	}
	return 0;
}

/* --- running --- */

static void point_at_own(struct bl_ops_node *n)
{
	switch (n->rep) {
	case BL_OPS_BOOL:
		memset(n->is, 0, sizeof n->is);
		n->out.is = n->is;
		break;
	case BL_OPS_I64:
		n->out.i64 = n->i64;
		break;
	case BL_OPS_I128:
		n->out.i128 = n->i128;
		break;
	case BL_OPS_F64:
		n->out.f64 = n->f64;
		break;
	case BL_OPS_TEXT:
		n->out.str = n->str;
		break;
	}
}

void bl_eval_begin(struct bl_ops_node *n)
{
	n->out = (struct bl_ops_vec){ .step = 1 };
	point_at_own(n);
}

static int run_strict(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *want)
{
	uint64_t active[BL_OPS_WORDS];
	uint32_t step = 0, m;

	memcpy(active, want, sizeof active);
	for (uint32_t k = 0; k < n->narg; k++) {
		if (bl_eval_node(v, n->arg[k], want))
			return -1;
		step |= bl_ops_arg(n, k)->step;
	}
	bl_eval_begin(n);
	n->out.step = step;
	for (uint32_t k = 0; k < n->narg; k++) {
		const uint64_t *null = bl_ops_arg(n, k)->null;
		if (!null)
			continue;
		if (!n->out.null)
			memcpy(n->null, null, sizeof n->null);
		for (uint32_t w = 0; n->out.null && w < BL_OPS_WORDS; w++)
			n->null[w] |= null[w];
		n->out.null = n->null;
	}
	for (uint32_t w = 0; n->out.null && w < BL_OPS_WORDS; w++)
		active[w] &= ~n->null[w];
	m = step ? v->n : 1;
	if (!step) {
		bool any = false;
		for (uint32_t w = 0; w < BL_OPS_WORDS; w++)
			any |= active[w] != 0;
		memset(active, 0, sizeof active);
		active[0] = any;
	}
	if (n->strict(v, n, active, m))
		return -1;
	if (!step) {
		if (n->out.null)
			spread(n->null, n->null[0] & 1);
		if (n->rep == BL_OPS_BOOL)
			spread(n->is, n->is[0] & 1);
	}
	if (n->rep == BL_OPS_BOOL && n->out.null)
		for (uint32_t w = 0; w < BL_OPS_WORDS; w++)
			n->is[w] &= ~n->null[w];
	return 0;
}

int bl_eval_node(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *want)
{
	uint64_t more = 0;

	if (n->op == BL_OP_LIT)
		return 0;
	if (n->epoch != v->epoch) {
		memset(n->done, 0, sizeof n->done);
		n->epoch = v->epoch;
		more = 1;
	}
	/* What was already computed is computed again with the rest: it stays where it is and as it is. */
	for (uint32_t w = 0; w < BL_OPS_WORDS; w++) {
		more |= want[w] & ~n->done[w];
		n->done[w] |= want[w];
	}
	if (!more)
		return 0;
	return n->strict ? run_strict(v, n, n->done) : n->run(v, n, n->done);
}

static void rows_of(uint32_t n, const uint64_t *want, uint64_t *rows)
{
	memset(rows, 0, BL_OPS_WORDS * sizeof *rows);
	for (uint32_t w = 0; w < (n + 63) / 64; w++) {
		rows[w] = want ? want[w] : ~UINT64_C(0);
		if (n - 64 * w < 64)
			rows[w] &= ((uint64_t)1 << (n - 64 * w)) - 1;
	}
}

int bl_eval_inner(const struct bl_eval *v, struct bl_eval *inner, const struct bl_eval_vec *only, const uint64_t *want, bool keep_texts)
{
	uint64_t rows[BL_OPS_WORDS];

	rows_of(only->n, want, rows);
	inner->err = v->err;
	inner->only = only;
	inner->n = only->n;
	inner->epoch++;
	if (!keep_texts)
		drop_texts(inner);
	return bl_eval_node(inner, inner->root, rows);
}

static int run(struct bl_eval *v, const struct bl_eval_in *in, const uint64_t *want, uint64_t *rows, struct bl_err *err)
{
	assert(in->n <= BL_OPS_N);
	rows_of(in->n, want, rows);
	v->err = err;
	v->in = in;
	v->n = in->n;
	v->epoch++;
	drop_texts(v);
	return bl_eval_node(v, v->root, rows);
}

struct bl_eval *bl_eval_new(const struct bl_plan *p, const struct bl_expr *e, const struct bl_eval_range *range, struct bl_arena *a,
			    struct bl_err *err)
{
	struct bl_eval *v = bl_arena_alloc(a, sizeof *v);

	if (!v) {
		bl_eval_memory(err);
		return NULL;
	}
	v->plan = p;
	v->range = range;
	v->a = a;
	v->err = err;
	return bl_compile(v, e) ? NULL : v;
}

bool bl_eval_narrow(const struct bl_eval *v, int64_t *min, int64_t *max)
{
	const struct bl_ops_node *n = v->root;

	if (n->rep != BL_OPS_I64 && n->rep != BL_OPS_BOOL)
		return false;
	*min = (int64_t)n->min;
	*max = (int64_t)n->max;
	return true;
}

int bl_eval_run(struct bl_eval *v, const struct bl_eval_in *in, const uint64_t *want, struct bl_eval_vec *out, struct bl_err *err)
{
	uint64_t rows[BL_OPS_WORDS];
	const struct bl_ops_vec *r = &v->root->out;

	if (run(v, in, want, rows, err))
		return -1;
	*out = (struct bl_eval_vec){
		.type = v->root->type, .n = in->n, .constant = !r->step, .i64 = r->i64, .i128 = r->i128, .f64 = r->f64, .str = r->code ? NULL : r->str,
		.code = r->code, .dict = r->dict, .ndict = r->ndict, .null = r->null,
	};
	if (v->root->rep == BL_OPS_BOOL) {
		for (uint32_t i = 0; i < (r->step ? in->n : 1); i++)
			v->flat[i] = r->is[i / 64] >> i % 64 & 1;
		out->i64 = v->flat;
	}
	return 0;
}

int bl_eval_true(struct bl_eval *v, const struct bl_eval_in *in, const uint64_t *want, uint64_t *out, struct bl_err *err)
{
	uint64_t rows[BL_OPS_WORDS];

	if (run(v, in, want, rows, err))
		return -1;
	for (uint32_t w = 0; w < BL_OPS_WORDS; w++)
		out[w] = rows[w] & v->root->out.is[w];
	return 0;
}
