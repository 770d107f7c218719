/* SPDX-License-Identifier: Apache-2.0 */
/*
 * func: the functions of the dialect, one table: name, arguments, how it is typed. What is not in the table is refused by
 * name. Parameters that shape a function (digits, widths, fields, counts) are literals, checked here.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "query/ast.h"

enum shape {
	SAME_NUMBER,	/* number -> its type */
	WHOLE,		/* ceil, floor: whole number of the argument's kind */
	DIGITS,		/* round, trunc: x [, literal digits]; always two arguments afterwards */
	REAL,		/* doubles -> double */
	MODULO,
	UNIFIED,	/* all of one type -> that type */
	CLIPPED,	/* three numbers of one type */
	BUCKET,		/* x, low, high of one type, literal count -> bigint */
	BINNED,		/* x, positive literal */
	TEXTS,		/* texts -> text */
	TEXT_INT,	/* texts -> bigint */
	TEXT_BOOL,
	PART_OF_TEXT,	/* text, bigint ... -> text */
	JOINED,		/* concat: NULLs are empty */
	DATE_FIELD,	/* date or timestamp -> bigint */
	FIELD,		/* literal field, date or timestamp */
};

static const struct func { const char *name; enum bl_op op; uint8_t min, max; enum shape shape; } funcs[] = {
	{ "abs", BL_OP_ABS, 1, 1, SAME_NUMBER },	{ "sign", BL_OP_SIGN, 1, 1, WHOLE },
	{ "ceil", BL_OP_CEIL, 1, 1, WHOLE },		{ "ceiling", BL_OP_CEIL, 1, 1, WHOLE },
	{ "floor", BL_OP_FLOOR, 1, 1, WHOLE },		{ "round", BL_OP_ROUND, 1, 2, DIGITS },
	{ "trunc", BL_OP_TRUNC, 1, 2, DIGITS },		{ "sqrt", BL_OP_SQRT, 1, 1, REAL },
	{ "exp", BL_OP_EXP, 1, 1, REAL },		{ "ln", BL_OP_LN, 1, 1, REAL },
	{ "log", BL_OP_LOG, 1, 1, REAL },		{ "log10", BL_OP_LOG, 1, 1, REAL },
	{ "power", BL_OP_POWER, 2, 2, REAL },		{ "pow", BL_OP_POWER, 2, 2, REAL },
	{ "mod", BL_OP_MOD, 2, 2, MODULO },		{ "clip", BL_OP_CLIP, 3, 3, CLIPPED },
	{ "width_bucket", BL_OP_WIDTH_BUCKET, 4, 4, BUCKET }, { "bin", BL_OP_BIN, 2, 2, BINNED },
	{ "coalesce", BL_OP_COALESCE, 1, 255, UNIFIED },	{ "nullif", BL_OP_NULLIF, 2, 2, UNIFIED },
	{ "greatest", BL_OP_GREATEST, 1, 255, UNIFIED }, { "least", BL_OP_LEAST, 1, 255, UNIFIED },
	{ "length", BL_OP_LENGTH, 1, 1, TEXT_INT },	{ "char_length", BL_OP_LENGTH, 1, 1, TEXT_INT },
	{ "lower", BL_OP_LOWER, 1, 1, TEXTS },		{ "upper", BL_OP_UPPER, 1, 1, TEXTS },
	{ "trim", BL_OP_TRIM, 1, 1, TEXTS },		{ "replace", BL_OP_REPLACE, 3, 3, TEXTS },
	{ "substr", BL_OP_SUBSTR, 2, 3, PART_OF_TEXT },	{ "substring", BL_OP_SUBSTR, 2, 3, PART_OF_TEXT },
	{ "left", BL_OP_LEFT, 2, 2, PART_OF_TEXT },	{ "right", BL_OP_RIGHT, 2, 2, PART_OF_TEXT },
	{ "position", BL_OP_POSITION, 2, 2, TEXT_INT },	{ "starts_with", BL_OP_STARTS_WITH, 2, 2, TEXT_BOOL },
	{ "concat", BL_OP_CONCAT, 1, 255, JOINED },
	{ "year", BL_OP_YEAR, 1, 1, DATE_FIELD },	{ "month", BL_OP_MONTH, 1, 1, DATE_FIELD },
	{ "day", BL_OP_DAY, 1, 1, DATE_FIELD },		{ "extract", BL_OP_DATE_PART, 2, 2, FIELD },
	{ "date_part", BL_OP_DATE_PART, 2, 2, FIELD },	{ "date_trunc", BL_OP_DATE_TRUNC, 2, 2, FIELD },
};
enum { NFUNC = sizeof funcs / sizeof *funcs };

static const struct { const char *name; enum bl_agg_fn fn; } aggs[] = {
	{ "count", BL_AGG_COUNT }, { "sum", BL_AGG_SUM }, { "avg", BL_AGG_AVG }, { "min", BL_AGG_MIN }, { "max", BL_AGG_MAX },
	{ "median", BL_AGG_MEDIAN }, { "stddev", BL_AGG_STDDEV_SAMP }, { "stddev_samp", BL_AGG_STDDEV_SAMP },
	{ "stddev_pop", BL_AGG_STDDEV_POP }, { "variance", BL_AGG_VAR_SAMP }, { "var_samp", BL_AGG_VAR_SAMP }, { "var_pop", BL_AGG_VAR_POP },
};
enum { NAGG = sizeof aggs / sizeof *aggs };

/* Known to SQL or to the guide of this dialect, and not here: said so rather than "no such function". */
static const char *const others[] = {
	"age_years", "age", "quantile", "percentile_cont", "percentile_disc", "mode", "corr", "covar_pop", "covar_samp", "regr_slope",
	"regr_intercept", "regr_r2", "regr_count", "histogram", "bool_and", "bool_or", "every", "array_agg", "string_agg", "json_agg",
	"any_value", "first", "last", "list", "arg_min", "arg_max", "row_number", "rank", "dense_rank", "ntile", "lag", "lead",
	"first_value", "last_value", "now", "random", "regexp_replace", "regexp_matches", "to_char", "to_date", "ltrim", "rtrim", "strpos",
	"lpad", "rpad", "split_part", "md5", "generate_series", "unnest", "grouping", "approx_count_distinct",
};
enum { NOTHER = sizeof others / sizeof *others };

static bool named(struct bl_str s, const char *name)
{
	return bl_lex_same(s, (struct bl_str){ name, (uint32_t)strlen(name) });
}

static const struct func *find(struct bl_str name)
{
	for (size_t i = 0; i < NFUNC; i++)
		if (named(name, funcs[i].name))
			return &funcs[i];
	return NULL;
}

bool bl_func_known(struct bl_str name)
{
	return find(name) != NULL;
}

const char *bl_func_field(struct bl_str s)
{
	static const char *const fields[] = { "year", "month", "day", "quarter", "week", "hour", "minute", "second", "dow", "isodow", "doy" };

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (named(s, fields[i]))
			return fields[i];
	return NULL;
}

int bl_func_aggregate(struct bl_str name, enum bl_agg_fn *fn)
{
	for (size_t i = 0; i < NAGG; i++) {
		if (named(name, aggs[i].name)) {
			*fn = aggs[i].fn;
			return 0;
		}
	}
	return -1;
}

int bl_func_unknown(struct bl_bind *b, const struct bl_ast *x)
{
	const char *names[NFUNC + NAGG], *word = bl_arena_strndup(b->q->a, x->s.p, x->s.n), *near;

	for (size_t i = 0; i < NOTHER; i++)
		if (named(x->s, others[i]))
			return bl_lex_fail(b->q, x->pos, x->s.n, BL_USAGE, "the function '%s' is not supported by this version", others[i]);
	bl_lex_fail(b->q, x->pos, x->s.n, BL_USAGE, "no function '%.*s'", BL_LEX_NAME(x->s));
	for (size_t i = 0; i < NFUNC + NAGG; i++)
		names[i] = i < NFUNC ? funcs[i].name : aggs[i - NFUNC].name;
	near = word && x->s.n < 64 ? bl_text_nearest(word, names, NFUNC + NAGG) : NULL;
	return near ? bl_err_hint(b->q->err, "did you mean '%s'?", near) : -1;
}

struct call { struct bl_bind *b; const struct func *f; const struct bl_expr *at; };

static struct bl_expr *wrong(const struct call *c, const struct bl_expr *arg, const char *wants)
{
	bl_lex_fail(c->b->q, arg->pos, arg->len, BL_USAGE, "'%s' needs %s", c->f->name, wants);
	return NULL;
}

static struct bl_expr *make(const struct call *c, enum bl_type_kind kind, struct bl_expr **arg, uint32_t n)
{
	return bl_node_new(c->b->q, c->f->op, bl_type_of(kind), c->at, arg, n);
}

/* Every argument to a type; a NULL literal is any type. */
static int all_to(const struct call *c, struct bl_expr **arg, uint32_t n, enum bl_type_kind kind, const char *wants)
{
	for (uint32_t i = 0; i < n; i++) {
		struct bl_type t = arg[i]->type;
		if (t.kind && t.kind != kind && !(kind == BL_TYPE_DOUBLE && bl_type_number(t)))
			return wrong(c, arg[i], wants), -1;
		if (!(arg[i] = bl_node_cast(c->b->q, arg[i], bl_type_of(kind))))
			return -1;
	}
	return 0;
}

static bool literal_int(const struct bl_expr *e)
{
	return e->op == BL_OP_LIT && e->type.kind == BL_TYPE_INT && !e->lit.null;
}

static struct bl_expr *digits(const struct call *c, struct bl_expr **arg, uint32_t n)
{
	struct bl_type t = arg[0]->type;
	int64_t d = 0;
	struct bl_expr *pair[2] = { arg[0], NULL };

	if (n == 2) {
		if (!literal_int(arg[1]) || arg[1]->lit.i < -38 || arg[1]->lit.i > 38)
			return wrong(c, arg[1], "a literal number of digits");
		d = (int64_t)arg[1]->lit.i;
	}
	if (t.kind != BL_TYPE_DOUBLE && d >= t.scale)
		return arg[0];			/* nothing to round */
	if (t.kind == BL_TYPE_DECIMAL) {
		t.scale = d > 0 ? (uint8_t)d : 0;
		t.precision = (uint8_t)(arg[0]->type.precision - arg[0]->type.scale + t.scale + 1);
		t.precision = t.precision > 38 ? 38 : t.precision;
	}
	pair[1] = bl_node_int(c->b->q, d, c->at);
	return pair[1] ? bl_node_new(c->b->q, c->f->op, t, c->at, pair, 2) : NULL;
}

static struct bl_expr *whole(const struct call *c, struct bl_expr **arg)
{
	struct bl_type t = arg[0]->type;

	if (t.kind == BL_TYPE_INT && c->f->op != BL_OP_SIGN)
		return arg[0];
	if (t.kind == BL_TYPE_DECIMAL) {
		unsigned p = t.precision - t.scale + 1u;
		t.precision = (uint8_t)(p > 38 ? 38 : p);
		t.scale = 0;
	}
	return bl_node_new(c->b->q, c->f->op, t, c->at, arg, 1);
}

static struct bl_expr *bucket(const struct call *c, struct bl_expr **arg)
{
	if (!literal_int(arg[3]) || arg[3]->lit.i < 1 || arg[3]->lit.i > 1000000)
		return wrong(c, arg[3], "a literal number of buckets");
	return bl_bind_unify(c->b, arg, 3, c->at, "width_bucket does not take") ? NULL : make(c, BL_TYPE_INT, arg, 4);
}

static struct bl_expr *binned(const struct call *c, struct bl_expr **arg)
{
	const struct bl_value *w = &arg[1]->lit;

	if (arg[1]->op != BL_OP_LIT || w->null || !bl_type_number(w->type) || (w->type.kind == BL_TYPE_DOUBLE ? w->f <= 0 : w->i <= 0))
		return wrong(c, arg[1], "a positive literal width");
	if (bl_bind_unify(c->b, arg, 2, c->at, "bin does not take"))
		return NULL;
	return bl_node_new(c->b->q, c->f->op, arg[0]->type, c->at, arg, 2);
}

/* concat(a, b): texts of all, NULL as nothing. */
static struct bl_expr *joined(const struct call *c, struct bl_expr **arg, uint32_t n)
{
	struct bl_type text = bl_type_of(BL_TYPE_TEXT);
	struct bl_expr *empty = bl_node_lit(c->b->q, &(struct bl_value){ .type = text, .s = { "", 0 } }, c->at);

	for (uint32_t i = 0; i < n; i++) {
		struct bl_expr *pair[] = { bl_node_cast(c->b->q, arg[i], text), empty };
		if (!pair[0] || !empty || !(arg[i] = bl_node_new(c->b->q, BL_OP_COALESCE, text, arg[i], pair, 2)))
			return NULL;
	}
	return make(c, BL_TYPE_TEXT, arg, n);
}

/* extract(f from x), date_part, date_trunc: the field a lower-case literal; year, month and day have operators of their own. */
static struct bl_expr *field(const struct call *c, struct bl_expr **arg)
{
	const char *name = arg[0]->op == BL_OP_LIT && arg[0]->type.kind == BL_TYPE_TEXT ? bl_func_field(arg[0]->lit.s) : NULL;
	struct bl_type t = bl_type_of(BL_TYPE_INT);
	enum bl_op own;

	if (!name || (c->f->op == BL_OP_DATE_TRUNC && strstr("dow isodow doy", name)))
		return wrong(c, arg[0], "a field such as 'year' or 'month'");
	if (arg[1]->type.kind != BL_TYPE_DATE && arg[1]->type.kind != BL_TYPE_STAMP)
		return wrong(c, arg[1], "a date or timestamp");
	own = !strcmp(name, "year") ? BL_OP_YEAR : !strcmp(name, "month") ? BL_OP_MONTH : !strcmp(name, "day") ? BL_OP_DAY : c->f->op;
	if (c->f->op == BL_OP_DATE_PART && own != c->f->op)
		return bl_node_new(c->b->q, own, t, c->at, &arg[1], 1);
	if (c->f->op == BL_OP_DATE_TRUNC)
		t = bl_type_of(BL_TYPE_STAMP);
	else if (!strcmp(name, "second"))
		t = (struct bl_type){ BL_TYPE_DECIMAL, 8, 6 };
	arg[0] = bl_node_lit(c->b->q, &(struct bl_value){ .type = bl_type_of(BL_TYPE_TEXT), .s = { name, (uint32_t)strlen(name) } }, arg[0]);
	arg[1] = bl_node_cast(c->b->q, arg[1], bl_type_of(BL_TYPE_STAMP));
	return arg[0] && arg[1] ? bl_node_new(c->b->q, c->f->op, t, c->at, arg, 2) : NULL;
}

struct bl_expr *bl_func_call(struct bl_bind *b, const struct bl_ast *x, struct bl_expr **arg, const struct bl_expr *at)
{
	struct call c = { b, find(x->s), at };
	uint32_t n = x->narg;
	char what[64];

	if (!c.f)
		return bl_func_unknown(b, x), NULL;
	if (n < c.f->min || n > c.f->max) {
		bl_lex_fail(b->q, x->pos, x->len, BL_USAGE, "'%s' takes %s%u argument%s", c.f->name, c.f->min == c.f->max ? "" : "at least ",
			    (unsigned)c.f->min, c.f->min == 1 ? "" : "s");
		return NULL;
	}
	switch (c.f->shape) {
	case SAME_NUMBER: case WHOLE: case DIGITS: case CLIPPED: case BUCKET: case BINNED:
		for (uint32_t i = 0; i < n; i++) {
			if (!arg[i]->type.kind && !(arg[i] = bl_node_cast(b->q, arg[i], bl_type_of(BL_TYPE_INT))))
				return NULL;
			if (!bl_type_number(arg[i]->type))
				return wrong(&c, arg[i], "a number");
		}
		break;
	default:
		break;
	}
	switch (c.f->shape) {
	case SAME_NUMBER:
		return bl_node_new(b->q, c.f->op, arg[0]->type, at, arg, 1);
	case WHOLE:
		return whole(&c, arg);
	case DIGITS:
		return digits(&c, arg, n);
	case REAL:
		return all_to(&c, arg, n, BL_TYPE_DOUBLE, "a number") ? NULL : make(&c, BL_TYPE_DOUBLE, arg, n);
	case MODULO:
		return bl_bind_arith(b, BL_OP_MOD, arg[0], arg[1], at);
	case UNIFIED:
	case CLIPPED:
		snprintf(what, sizeof what, "'%s' does not mix", c.f->name);
		return bl_bind_unify(b, arg, n, at, what) ? NULL : bl_node_new(b->q, c.f->op, arg[0]->type, at, arg, n);
	case BUCKET:
		return bucket(&c, arg);
	case BINNED:
		return binned(&c, arg);
	case TEXTS:
		return all_to(&c, arg, n, BL_TYPE_TEXT, "a text") ? NULL : make(&c, BL_TYPE_TEXT, arg, n);
	case TEXT_INT:
		return all_to(&c, arg, n, BL_TYPE_TEXT, "a text") ? NULL : make(&c, BL_TYPE_INT, arg, n);
	case TEXT_BOOL:
		return all_to(&c, arg, n, BL_TYPE_TEXT, "a text") ? NULL : make(&c, BL_TYPE_BOOL, arg, n);
	case PART_OF_TEXT:
		if (all_to(&c, arg, 1, BL_TYPE_TEXT, "a text") || all_to(&c, arg + 1, n - 1, BL_TYPE_INT, "a whole number"))
			return NULL;
		return make(&c, BL_TYPE_TEXT, arg, n);
	case JOINED:
		return joined(&c, arg, n);
	case DATE_FIELD:
		if (arg[0]->type.kind != BL_TYPE_DATE && arg[0]->type.kind != BL_TYPE_STAMP)
			return wrong(&c, arg[0], "a date or timestamp");
		return make(&c, BL_TYPE_INT, arg, 1);
	case FIELD:
		return field(&c, arg);
	}
	return NULL;
}
