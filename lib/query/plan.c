/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan: the public face of the front end: SQL to a plan, and a plan to its canonical text. That text names columns as the
 * schema does and every conversion that is made; how the SQL was spelled does not show in it.
 */
#include <string.h>

#include "base/text.h"
#include "base/time.h"
#include "query/ast.h"

static int parse(struct bl_sql *q, struct bl_ast_select *s, struct bl_arena *a, const char *sql, size_t n, struct bl_place *place, struct bl_err *err)
{
	if (place)
		*place = (struct bl_place){ SIZE_MAX, 0 };
	if (n > BL_PLAN_SQL)
		return bl_err_set(err, BL_USAGE, "the SQL text is longer than %d KiB", BL_PLAN_SQL >> 10);
	/* Literals and names stay where they stand in the text, so the plan keeps its own. */
	if (!(sql = bl_arena_strndup(a, sql, n)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	*q = (struct bl_sql){ .text = sql, .n = (uint32_t)n, .a = a, .place = place, .err = err };
	return bl_clause_select(q, s);
}

int bl_plan_make(struct bl_plan *p, struct bl_arena *a, const char *sql, size_t n, const char *table,
		 const struct bl_schema *schema, const bool *visible, struct bl_place *place, struct bl_err *err)
{
	struct bl_str known = { table, (uint32_t)strlen(table) };
	struct bl_sql q;
	struct bl_ast_select s;

	if (parse(&q, &s, a, sql, n, place, err))
		return -1;
	if (s.table.kind == BL_TOK_QUOTED ? !bl_lex_equal(s.table.s, known) : !bl_lex_same(s.table.s, known)) {
		bl_lex_fail(&q, s.table.pos, s.table.len, BL_USAGE, "no table '%.*s'", BL_LEX_NAME(s.table.s));
		return bl_err_hint(err, "the table here is '%s'", table);
	}
	*p = (struct bl_plan){ .schema = schema, .table = bl_arena_strndup(a, table, known.n) };
	if (!p->table)
		return bl_err_set(err, BL_OSERR, "out of memory");
	struct bl_bind b = { .q = &q, .schema = schema, .visible = visible, .plan = p };
	b.table = s.alias_of_table.kind == BL_TOK_END ? s.table.s : s.alias_of_table.s;
	return bl_select_bind(&b, &s);
}

int bl_plan_table(const char *sql, size_t n, char *name, size_t size, struct bl_place *place, struct bl_err *err)
{
	struct bl_arena a;
	struct bl_sql q;
	struct bl_ast_select s;
	int r;

	bl_arena_init(&a, 16 << 20);
	r = parse(&q, &s, &a, sql, n, place, err);
	if (!r && s.table.s.n >= size)
		r = bl_lex_fail(&q, s.table.pos, s.table.len, BL_USAGE, "the table's name is too long");
	if (!r) {
		memcpy(name, s.table.s.p, s.table.s.n);
		name[s.table.s.n] = 0;
	}
	bl_arena_fini(&a);
	return r;
}

/* --- printing --- */

static const char *const signs[BL_OP_ADD_INTERVAL + 1] = {
	[BL_OP_ADD] = " + ", [BL_OP_SUB] = " - ", [BL_OP_MUL] = " * ", [BL_OP_DIV] = " / ", [BL_OP_MOD] = " % ", [BL_OP_AND] = " and ",
	[BL_OP_OR] = " or ", [BL_OP_EQ] = " = ", [BL_OP_NE] = " <> ", [BL_OP_LT] = " < ", [BL_OP_LE] = " <= ", [BL_OP_GT] = " > ",
	[BL_OP_GE] = " >= ", [BL_OP_LIKE] = " like ", [BL_OP_ILIKE] = " ilike ", [BL_OP_CONCAT] = " || ",
};
static const char *const names[BL_OP_ADD_INTERVAL + 1] = {
	[BL_OP_COALESCE] = "coalesce", [BL_OP_NULLIF] = "nullif", [BL_OP_GREATEST] = "greatest", [BL_OP_LEAST] = "least", [BL_OP_ABS] = "abs",
	[BL_OP_CEIL] = "ceil", [BL_OP_FLOOR] = "floor", [BL_OP_ROUND] = "round", [BL_OP_TRUNC] = "trunc", [BL_OP_SIGN] = "sign",
	[BL_OP_SQRT] = "sqrt", [BL_OP_EXP] = "exp", [BL_OP_LN] = "ln", [BL_OP_LOG] = "log", [BL_OP_POWER] = "power", [BL_OP_CLIP] = "clip",
	[BL_OP_WIDTH_BUCKET] = "width_bucket", [BL_OP_BIN] = "bin", [BL_OP_LENGTH] = "length", [BL_OP_LOWER] = "lower",
	[BL_OP_UPPER] = "upper", [BL_OP_TRIM] = "trim", [BL_OP_SUBSTR] = "substr", [BL_OP_LEFT] = "left", [BL_OP_RIGHT] = "right",
	[BL_OP_REPLACE] = "replace", [BL_OP_POSITION] = "position", [BL_OP_STARTS_WITH] = "starts_with", [BL_OP_YEAR] = "year",
	[BL_OP_MONTH] = "month", [BL_OP_DAY] = "day", [BL_OP_DATE_PART] = "date_part", [BL_OP_DATE_TRUNC] = "date_trunc",
	[BL_OP_ADD_INTERVAL] = "add_interval",
};
static const char *const agg_names[] = {
	[BL_AGG_COUNT] = "count", [BL_AGG_SUM] = "sum", [BL_AGG_AVG] = "avg", [BL_AGG_VAR_SAMP] = "var_samp", [BL_AGG_VAR_POP] = "var_pop",
	[BL_AGG_STDDEV_SAMP] = "stddev_samp", [BL_AGG_STDDEV_POP] = "stddev_pop", [BL_AGG_MIN] = "min", [BL_AGG_MAX] = "max",
	[BL_AGG_MEDIAN] = "median", [BL_AGG_COUNT_DISTINCT] = "count",
};

/* numbered: an aggregate is its number, since one aggregate may be spelled in several ways. */
struct printer { const struct bl_plan *p; struct bl_buf *b; bool numbered; };

static void print(const struct printer *w, const struct bl_expr *e, bool nested);

static void put_quoted(struct bl_buf *b, const char *s, size_t n, char quote)
{
	bl_buf_put8(b, (uint8_t)quote);
	for (size_t i = 0; i < n; i++) {
		if (s[i] == quote)
			bl_buf_put8(b, (uint8_t)quote);
		bl_buf_put8(b, (uint8_t)s[i]);
	}
	bl_buf_put8(b, (uint8_t)quote);
}

static void put_name(struct bl_buf *b, const char *s)
{
	bool plain = *s >= 'A' && (*s | 0x20) >= 'a' && (*s | 0x20) <= 'z';

	for (const char *c = s; *c && plain; c++)
		plain = ((*c | 0x20) >= 'a' && (*c | 0x20) <= 'z' && *c >= 'A') || (*c >= '0' && *c <= '9') || *c == '_';
	if (plain)
		bl_buf_puts(b, s);
	else
		put_quoted(b, s, strlen(s), '"');
}

/* typed: what a number's text leaves open is said: 2e0 is a double, 2. a decimal. */
static void put_literal(struct bl_buf *b, const struct bl_value *v, bool typed)
{
	char out[BL_NUM_TEXT];

	if (v->null) {
		bl_type_print(v->type, out);
		bl_buf_printf(b, "%snull%s%s%s", typed ? "cast(" : "", typed ? " as " : "", typed ? out : "", typed ? ")" : "");
		return;
	}
	switch ((enum bl_type_kind)v->type.kind) {
	case BL_TYPE_TEXT:
		put_quoted(b, v->s.p, v->s.n, '\'');
		return;
	case BL_TYPE_BOOL:
		bl_buf_puts(b, v->i ? "true" : "false");
		return;
	case BL_TYPE_DOUBLE:
		bl_num_print_f64(v->f, out);
		bl_buf_puts(b, out);
		if (typed && !strchr(out, 'e'))
			bl_buf_puts(b, "e0");
		return;
	case BL_TYPE_DATE:
		bl_time_print_date((int64_t)v->i, out);
		bl_buf_printf(b, "date '%s'", out);
		return;
	case BL_TYPE_STAMP:
		bl_time_print_stamp((int64_t)v->i, out);
		bl_buf_printf(b, "timestamp '%s'", out);
		return;
	default:
		bl_num_print_dec(v->i, v->type.scale, out);
		bl_buf_puts(b, out);
		if (typed && v->type.kind == BL_TYPE_DECIMAL && !v->type.scale)
			bl_buf_puts(b, ".");
		return;
	}
}

static void put_list(const struct printer *w, const struct bl_expr *e, uint32_t from, const char *between, bool nested)
{
	for (uint32_t i = from; i < e->narg; i++) {
		if (i > from)
			bl_buf_puts(w->b, between);
		print(w, e->arg[i], nested);
	}
}

static void put_case(const struct printer *w, const struct bl_expr *e)
{
	bl_buf_puts(w->b, "case");
	for (uint32_t i = 0; i + 1 < e->narg; i += 2) {
		bl_buf_puts(w->b, " when ");
		print(w, e->arg[i], false);
		bl_buf_puts(w->b, " then ");
		print(w, e->arg[i + 1], false);
	}
	bl_buf_puts(w->b, " else ");
	print(w, e->arg[e->narg - 1], false);
	bl_buf_puts(w->b, " end");
}

static void put_agg(const struct printer *w, const struct bl_agg *g)
{
	bl_buf_printf(w->b, "%s(%s", agg_names[g->fn], g->fn == BL_AGG_COUNT_DISTINCT ? "distinct " : "");
	if (g->arg)
		print(w, g->arg, false);
	else
		bl_buf_puts(w->b, "*");
	bl_buf_puts(w->b, ")");
	if (g->filter) {
		bl_buf_puts(w->b, " filter (where ");
		print(w, g->filter, false);
		bl_buf_puts(w->b, ")");
	}
}

static void put_tail(const struct printer *w, const struct bl_expr *e, const char *tail)
{
	print(w, e->arg[0], true);
	bl_buf_puts(w->b, tail);
}

static void print(const struct printer *w, const struct bl_expr *e, bool nested)
{
	bool infix = signs[e->op] || e->op == BL_OP_NEG || e->op == BL_OP_NOT || e->op == BL_OP_ISNULL ||
		     e->op == BL_OP_ISTRUE || e->op == BL_OP_ISFALSE || e->op == BL_OP_IN;
	char type[32];

	if (infix && nested)
		bl_buf_puts(w->b, "(");
	switch (e->op) {
	case BL_OP_LIT:
		put_literal(w->b, &e->lit, w->numbered);
		break;
	case BL_OP_COL:
		put_name(w->b, w->p->schema->col[e->index].name);
		break;
	case BL_OP_KEY:
		print(w, w->p->key[e->index], nested);
		break;
	case BL_OP_AGG:
		if (w->numbered) {
			bl_buf_printf(w->b, "agg%u", e->index);
			break;
		}
		put_agg(w, &w->p->agg[e->index]);
		break;
	case BL_OP_NEG:
		bl_buf_puts(w->b, "-");
		print(w, e->arg[0], true);
		break;
	case BL_OP_NOT:
		bl_buf_puts(w->b, "not ");
		print(w, e->arg[0], true);
		break;
	case BL_OP_ISNULL:
		put_tail(w, e, " is null");
		break;
	case BL_OP_ISTRUE:
		put_tail(w, e, " is true");
		break;
	case BL_OP_ISFALSE:
		put_tail(w, e, " is false");
		break;
	case BL_OP_IN:
		put_tail(w, e, " in (");
		put_list(w, e, 1, ", ", false);
		bl_buf_puts(w->b, ")");
		break;
	case BL_OP_CASE:
		put_case(w, e);
		break;
	case BL_OP_CAST:
		bl_type_print(e->type, type);
		bl_buf_puts(w->b, "cast(");
		print(w, e->arg[0], false);
		bl_buf_printf(w->b, " as %s)", type);
		break;
	default:
		if (signs[e->op]) {
			put_list(w, e, 0, signs[e->op], true);
			break;
		}
		bl_buf_printf(w->b, "%s(", names[e->op]);
		put_list(w, e, 0, ", ", false);
		bl_buf_puts(w->b, ")");
		break;
	}
	if (infix && nested)
		bl_buf_puts(w->b, ")");
}

void bl_plan_print_expr(const struct bl_plan *p, const struct bl_expr *e, struct bl_buf *b)
{
	print(&(struct printer){ p, b, false }, e, false);
}

static void put_terms(const struct bl_agg *g, struct bl_buf *b)
{
	static const char *const kinds[] = { "n", "s", "ss" };
	char mul[BL_NUM_TEXT], add[BL_NUM_TEXT];

	for (uint32_t i = 0; i < g->nterm; i++) {
		const struct bl_term *t = &g->term[i];
		int32_t cell[] = { t->n, t->s, t->ss };
		bl_num_print_dec(t->mul, t->mul_scale, mul);
		bl_num_print_dec(t->add, t->add_scale, add);
		bl_buf_printf(b, " [%s x + %s", mul, add);
		for (int k = 0; k < 3; k++)
			if (cell[k] >= 0)
				bl_buf_printf(b, " %s=%d", kinds[k], (int)cell[k]);
		bl_buf_puts(b, "]");
	}
	for (uint32_t i = 0; i < g->ncheck; i++)
		bl_buf_printf(b, " check=%u", g->check[i]);
}

static void put_line(const struct printer *w, const char *what, const struct bl_expr *e)
{
	if (!e)
		return;
	bl_buf_puts(w->b, what);
	print(w, e, false);
	bl_buf_puts(w->b, "\n");
}

void bl_plan_print(const struct bl_plan *p, struct bl_buf *b)
{
	static const char *const kinds[] = { "rows", "distinct", "groups" };
	static const char *const cells[] = { "n", "s", "ss", "min", "max", "median", "distinct" };
	struct printer w = { p, b, true };
	char type[32];

	bl_buf_printf(b, "%s ", kinds[p->kind]);
	put_name(b, p->table);
	bl_buf_puts(b, "\n");
	put_line(&w, "where ", p->where);
	for (uint32_t i = 0; i < p->nkey; i++)
		put_line(&w, "key ", p->key[i]);
	for (uint32_t i = 0; i < p->ncell; i++) {
		bl_buf_printf(b, "cell %u %s(", i, cells[p->cell[i].kind]);
		if (p->cell[i].arg)
			print(&w, p->cell[i].arg, false);
		else
			bl_buf_puts(b, "*");
		bl_buf_puts(b, p->cell[i].check ? ") check" : ")");
		put_line(&w, " if ", p->cell[i].cond);
		if (!p->cell[i].cond)
			bl_buf_puts(b, "\n");
	}
	for (uint32_t i = 0; i < p->nagg; i++) {
		bl_type_print(p->agg[i].type, type);
		bl_buf_printf(b, "agg %u %s %s", i, agg_names[p->agg[i].fn], type);
		put_terms(&p->agg[i], b);
		bl_buf_puts(b, "\n");
	}
	for (uint32_t i = 0; i < p->nout; i++) {
		bl_buf_puts(b, p->out[i].hidden ? "hidden " : "out ");
		put_quoted(b, p->out[i].name, strlen(p->out[i].name), '"');
		put_line(&w, " ", p->out[i].expr);
	}
	put_line(&w, "having ", p->having);
	for (uint32_t i = 0; i < p->norder; i++)
		put_line(&w, p->order[i].desc ? (p->order[i].nulls_first ? "order desc nulls first " : "order desc nulls last ")
					     : (p->order[i].nulls_first ? "order asc nulls first " : "order asc nulls last "), p->order[i].expr);
	if (p->has_limit)
		bl_buf_printf(b, "limit %llu\n", (unsigned long long)p->limit);
	if (p->offset)
		bl_buf_printf(b, "offset %llu\n", (unsigned long long)p->offset);
}
