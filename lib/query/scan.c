/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan: see scan.h. Statistics are the owner's word: a file whose statistics lie gives its owner wrong sums, never an
 * access outside of a buffer.
 */
#include "query/scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/isa.h"
#include "query/ast.h"

struct bl_scan_column {
	struct bl_chunk *chunk;
	bool loaded;		/* the chunk is of this row group */
	uint64_t stamp;
	uint64_t nulls;		/* in the whole file */
	struct bl_stat stat;
};
enum { N = BL_KERNEL_N, WORDS = BL_KERNEL_WORDS };

static const struct bl_kernel *isa(void)
{
	static const struct bl_kernel *const levels[] = { [BL_ISA_V2] = &bl_kernel_v2, [BL_ISA_V3] = &bl_kernel_v3, [BL_ISA_V4] = &bl_kernel_v4 };

	return levels[bl_isa()];
}

int bl_scan_init(struct bl_scan *s, const struct bl_plan *p, struct bl_reader *r, struct bl_pool *pool, struct bl_err *err)
{
	*s = (struct bl_scan){ .plan = p, .reader = r, .pool = pool, .k = isa(), .schema = &bl_reader_header(r)->schema };
	s->vec = bl_pool_alloc(pool, s->schema->n, sizeof(*s->vec), err);
	s->entry = bl_pool_alloc(pool, s->schema->n, sizeof(*s->entry), err);
	s->range = bl_pool_alloc(pool, s->schema->n, sizeof(*s->range), err);
	s->column = bl_pool_alloc(pool, s->schema->n, sizeof(*s->column), err);
	if (!s->vec || !s->entry || !s->range || !s->column)
		return -1;
	for (uint32_t c = 0; c < s->schema->n; c++) {
		struct bl_scan_column *col = &s->column[c];
		struct bl_eval_range *range = &s->range[c];

		bl_reader_column_stat(r, c, &col->stat, &col->nulls);
		if (!bl_scan_integer(s->schema->col[c].type))
			continue;
		*range = (struct bl_eval_range){ true, col->stat.min, col->stat.max };
		if (col->nulls) {
			range->min = range->min < 0 ? range->min : 0;
			range->max = range->max > 0 ? range->max : 0;
		}
	}
	return 0;
}

void bl_scan_fini(struct bl_scan *s)
{
	for (uint32_t c = 0; s->column && c < s->schema->n; c++)
		bl_chunk_free(s->column[c].chunk);
	s->column = NULL;
}

void bl_scan_group(struct bl_scan *s, uint32_t group)
{
	s->group = group;
	s->rows = bl_reader_group_rows(s->reader, group);
	for (uint32_t c = 0; c < s->schema->n; c++)
		s->column[c].loaded = false;
}

void bl_scan_vector(struct bl_scan *s, uint32_t from)
{
	s->from = from;
	s->n = s->rows - from < N ? s->rows - from : N;
	s->stamp++;
}

/* --- columns --- */

static int load(struct bl_scan *s, uint32_t c, struct bl_err *err)
{
	struct bl_scan_column *col = &s->column[c];

	if (col->loaded)
		return 0;
	if (!col->chunk && !(col->chunk = bl_chunk_new()))
		return bl_err_set(err, BL_OSERR, "out of memory");
	if (bl_reader_load(s->reader, s->group, c, col->chunk, err))
		return -1;
	col->loaded = true;
	return 0;
}

int bl_scan_column(struct bl_scan *s, uint32_t c, struct bl_err *err)
{
	struct bl_scan_column *col = &s->column[c];
	struct bl_vec v;

	if (col->stamp == s->stamp)
		return 0;
	if (load(s, c, err))
		return -1;
	bl_chunk_vec(col->chunk, s->from, s->n, &v);
	s->vec[c] = (struct bl_eval_vec){
		.type = v.type, .n = v.n, .i64 = v.i64, .f64 = v.f64, .str = v.str, .code = v.code, .dict = v.dict, .ndict = v.ndict, .null = v.null,
	};
	col->stamp = s->stamp;
	return 0;
}

int bl_scan_dict(struct bl_scan *s, uint32_t c, const struct bl_str **dict, uint32_t *n, struct bl_err *err)
{
	if (load(s, c, err))
		return -1;
	*dict = bl_chunk_dict(s->column[c].chunk, n);
	return 0;
}

static void mark(const struct bl_expr *e, uint8_t *used)
{
	if (e->op == BL_OP_COL)
		used[e->index] = 1;
	for (uint32_t i = 0; i < e->narg; i++)
		mark(e->arg[i], used);
}

uint32_t *bl_scan_columns(struct bl_scan *s, const struct bl_expr *e, uint32_t *n, struct bl_err *err)
{
	uint8_t *used = bl_pool_alloc(s->pool, s->schema->n, 1, err);
	uint32_t *col;

	*n = 0;
	if (!used)
		return NULL;
	mark(e, used);
	for (uint32_t c = 0; c < s->schema->n; c++)
		*n += used[c];
	if (!(col = bl_pool_alloc(s->pool, *n, sizeof(*col), err)))
		return NULL;
	*n = 0;
	for (uint32_t c = 0; c < s->schema->n; c++)
		if (used[c])
			col[(*n)++] = c;
	return col;
}

/* --- making nodes --- */

/* The bounds of what is in i64, NULLs included. */
static void bounds(const struct bl_scan_node *n, bl_i128 *lo, bl_i128 *hi)
{
	*lo = n->nullable && n->min > 0 ? 0 : n->min;
	*hi = n->nullable && n->max < 0 ? 0 : n->max;
}

static bool set_range(struct bl_scan_node *n, bl_i128 lo, bl_i128 hi)
{
	/* Decimals that reach their precision are eval's: they may be NULL there. */
	bl_i128 most = n->e->type.kind == BL_TYPE_DECIMAL && n->e->type.precision < 19 ? bl_num_pow10_i128(n->e->type.precision) - 1 : INT64_MAX;

	if (lo < -most || hi > most)
		return false;
	n->narrow = n->zeroed = true;
	n->min = (int64_t)lo;
	n->max = (int64_t)hi;
	return true;
}

static bool literal(const struct bl_expr *e, int64_t *v)
{
	if (e->op != BL_OP_LIT || e->lit.null || e->lit.i < INT64_MIN + 1 || e->lit.i > INT64_MAX)
		return false;
	*v = (int64_t)e->lit.i;
	return true;
}

static bool exact(struct bl_type t)
{
	return t.kind == BL_TYPE_INT || t.kind == BL_TYPE_DECIMAL;
}

static struct bl_scan_node *narrow_node(struct bl_scan *s, const struct bl_expr *e, bool all, struct bl_err *err);

/* of * mul + plus */
static bool make_line(struct bl_scan_node *n, struct bl_scan_node *of, int64_t mul, int64_t plus)
{
	bl_i128 lo, hi, a, b;

	if (!of)
		return false;
	bounds(of, &lo, &hi);
	a = lo * mul + plus;		/* 64 by 64 bits, plus 64: fits */
	b = hi * mul + plus;
	n->kind = BL_SCAN_LINE;
	n->l = of;
	n->mul = mul;
	n->plus = plus;
	n->nullable = of->nullable;
	return set_range(n, a < b ? a : b, a < b ? b : a);
}

static bool make_pair(struct bl_scan_node *n, struct bl_scan_node *l, struct bl_scan_node *r)
{
	bl_i128 a, b, c, d, lo, hi;

	if (!l || !r)
		return false;
	bounds(l, &a, &b);
	bounds(r, &c, &d);
	n->l = l;
	n->r = r;
	n->nullable = l->nullable || r->nullable;
	if (n->e->op == BL_OP_ADD) {
		n->kind = BL_SCAN_ADD;
		return set_range(n, a + c, b + d);
	}
	if (n->e->op == BL_OP_SUB) {
		n->kind = BL_SCAN_SUB;
		return set_range(n, a - d, b - c);
	}
	bl_i128 p[] = { a * c, a * d, b * c, b * d };

	lo = hi = p[0];
	for (int i = 1; i < 4; i++) {
		lo = p[i] < lo ? p[i] : lo;
		hi = p[i] > hi ? p[i] : hi;
	}
	n->kind = BL_SCAN_MUL;
	return set_range(n, lo, hi);
}

/* Fills n when e can be computed here. */
static bool make_narrow(struct bl_scan *s, struct bl_scan_node *n, struct bl_err *err)
{
	const struct bl_expr *e = n->e;
	bool all = n->all;
	int64_t v;

	if (e->op == BL_OP_COL) {
		const struct bl_scan_column *c = &s->column[e->index];

		n->kind = BL_SCAN_COL;
		n->nullable = c->nulls != 0;
		n->narrow = n->zeroed = bl_scan_integer(e->type);
		n->min = c->stat.min;
		n->max = c->stat.max;
		return true;
	}
	if (!exact(e->type))
		return false;
	if (e->op == BL_OP_NEG)
		return make_line(n, narrow_node(s, e->arg[0], all, err), -1, 0);
	if (e->op == BL_OP_CAST) {
		struct bl_type from = e->arg[0]->type;

		return exact(from) && e->type.scale >= from.scale && e->type.scale - from.scale <= 18 &&
		       make_line(n, narrow_node(s, e->arg[0], all, err), bl_num_pow10((unsigned)(e->type.scale - from.scale)), 0);
	}
	if ((e->op != BL_OP_ADD && e->op != BL_OP_SUB && e->op != BL_OP_MUL) || !exact(e->arg[0]->type) || !exact(e->arg[1]->type))
		return false;
	if (literal(e->arg[1], &v))
		return e->op == BL_OP_MUL ? make_line(n, narrow_node(s, e->arg[0], all, err), v, 0) :
					    make_line(n, narrow_node(s, e->arg[0], all, err), 1, e->op == BL_OP_ADD ? v : -v);
	if (literal(e->arg[0], &v))
		return e->op == BL_OP_MUL ? make_line(n, narrow_node(s, e->arg[1], all, err), v, 0) :
					    make_line(n, narrow_node(s, e->arg[1], all, err), e->op == BL_OP_ADD ? 1 : -1, v);
	return make_pair(n, narrow_node(s, e->arg[0], all, err), narrow_node(s, e->arg[1], all, err));
}

static struct bl_scan_node *find(struct bl_scan *s, const struct bl_expr *e, bool all)
{
	struct bl_scan_node *n = s->node;

	while (n && (n->all != all || !bl_node_equal(n->e, e)))
		n = n->next;
	return n;
}

/* Room for 1,024 values of the kinds that n may have. */
static int room(struct bl_scan *s, struct bl_scan_node *n, struct bl_err *err)
{
	bool text = n->e->type.kind == BL_TYPE_TEXT;

	if (n->kind == BL_SCAN_COL)
		return 0;
	n->null = bl_pool_alloc(s->pool, WORDS, sizeof(*n->null), err);
	if (!n->null)
		return -1;
	if (text)
		return (n->str = bl_pool_alloc(s->pool, N, sizeof(*n->str), err)) ? 0 : -1;
	if (!(n->i64 = bl_pool_alloc(s->pool, N, sizeof(*n->i64), err)))
		return -1;
	if (!n->narrow && n->e->type.kind != BL_TYPE_DOUBLE)
		return (n->i128 = bl_pool_alloc(s->pool, N, sizeof(*n->i128), err)) ? 0 : -1;
	return 0;
}

/* e when it can be computed here, else NULL (or memory was out: then the caller's own allocation fails as well). */
static struct bl_scan_node *narrow_node(struct bl_scan *s, const struct bl_expr *e, bool all, struct bl_err *err)
{
	struct bl_scan_node *n = find(s, e, all);

	if (n)
		return n->kind != BL_SCAN_EVAL && n->narrow ? n : NULL;
	if (!(n = bl_pool_alloc(s->pool, 1, sizeof(*n), err)))
		return NULL;
	n->e = e;
	n->all = all;
	if (!make_narrow(s, n, err) || !n->narrow || room(s, n, err))
		return NULL;
	n->next = s->node;
	s->node = n;
	return n;
}

struct bl_scan_node *bl_scan_node(struct bl_scan *s, const struct bl_expr *e, bool all, struct bl_err *err)
{
	struct bl_scan_node *n = find(s, e, all);

	if (n)
		return n;
	if (!(n = bl_pool_alloc(s->pool, 1, sizeof(*n), err)))
		return NULL;
	n->e = e;
	n->all = all;
	if (!make_narrow(s, n, err)) {
		*n = (struct bl_scan_node){ .e = e, .all = all, .kind = BL_SCAN_EVAL, .nullable = true };
		n->eval = bl_eval_new(s->plan, e, s->range, &s->pool->a, err);
		n->col = n->eval ? bl_scan_columns(s, e, &n->ncol, err) : NULL;
		if (!n->col)
			return NULL;
		n->narrow = bl_scan_integer(e->type) && bl_eval_narrow(n->eval, &n->min, &n->max);
	}
	if (room(s, n, err))
		return NULL;
	n->next = s->node;
	s->node = n;
	return n;
}

/* --- running them --- */

/* NULL where either is: the bits of one of them, or of both in n->null. */
static const uint64_t *join_nulls(struct bl_scan_node *n, const uint64_t *a, const uint64_t *b)
{
	if (!a || !b || a == b)
		return a ? a : b;
	for (int i = 0; i < WORDS; i++)
		n->null[i] = a[i] | b[i];
	return n->null;
}

static int run_narrow(struct bl_scan *s, struct bl_scan_node *n, struct bl_err *err)
{
	const uint64_t *null;

	if (bl_scan_run(s, n->l, err) || (n->r && bl_scan_run(s, n->r, err)))
		return -1;
	switch (n->kind) {
	case BL_SCAN_LINE:
		s->k->line(n->l->vec.i64, n->mul, n->plus, n->i64);
		break;
	case BL_SCAN_ADD:
		s->k->add(n->l->vec.i64, n->r->vec.i64, n->i64);
		break;
	case BL_SCAN_SUB:
		s->k->sub(n->l->vec.i64, n->r->vec.i64, n->i64);
		break;
	default:
		s->k->mul(n->l->vec.i64, n->r->vec.i64, n->i64);
	}
	null = join_nulls(n, n->l->vec.null, n->r ? n->r->vec.null : NULL);
	if (null)
		s->k->zero(n->i64, null);
	n->vec = (struct bl_eval_vec){ .type = n->e->type, .n = s->n, .i64 = n->i64, .null = null };
	return 0;
}

/* A value that stands for all, or fewer than 1,024: written out, so that whoever reads need not know. */
static void fill(struct bl_scan_node *n)
{
	struct bl_eval_vec *v = &n->vec;
	uint32_t last = v->constant ? 0 : v->n - 1;

	if (v->constant && v->null && (v->null[0] & 1)) {
		memset(n->null, 0xff, WORDS * sizeof(*n->null));
		v->null = n->null;
	} else if (v->constant) {
		v->null = NULL;
	} else if (v->null) {
		memset(n->null, 0, WORDS * sizeof(*n->null));
		memcpy(n->null, v->null, (v->n + 63) / 64 * sizeof(*n->null));
		v->null = n->null;
	}
	for (uint32_t i = 0; i < N; i++) {
		uint32_t from = i < last ? i : last;

		if (v->i128)
			n->i128[i] = v->i128[from];
		else if (v->i64)
			n->i64[i] = v->i64[from];
		else if (v->f64)
			memcpy(&n->i64[i], &v->f64[from], sizeof(double));
		else if (v->code)
			n->str[i] = v->dict[v->code[from]];
		else
			n->str[i] = v->str[from];
	}
	v->i128 = v->i128 ? n->i128 : NULL;
	v->i64 = v->i64 ? n->i64 : NULL;
	v->f64 = v->f64 ? (const double *)(const void *)n->i64 : NULL;
	v->str = v->code || v->str ? n->str : NULL;
	v->code = NULL;
	v->dict = NULL;
	v->constant = false;
}

static int run_eval(struct bl_scan *s, struct bl_scan_node *n, struct bl_err *err)
{
	struct bl_eval_in in = { .n = s->n, .col = s->vec, .dicts = s->group + 1 };

	for (uint32_t i = 0; i < n->ncol; i++)
		if (bl_scan_column(s, n->col[i], err))
			return -1;
	if (bl_eval_run(n->eval, &in, n->all ? NULL : s->want, &n->vec, err))
		return -1;
	if (n->vec.constant || s->n < N)
		fill(n);
	return 0;
}

int bl_scan_run(struct bl_scan *s, struct bl_scan_node *n, struct bl_err *err)
{
	if (n->stamp == s->stamp)
		return 0;
	if (n->kind == BL_SCAN_COL) {
		if (bl_scan_column(s, n->e->index, err))
			return -1;
		n->vec = s->vec[n->e->index];
	} else if (n->kind == BL_SCAN_EVAL ? run_eval(s, n, err) : run_narrow(s, n, err)) {
		return -1;
	}
	n->stamp = s->stamp;
	return 0;
}
