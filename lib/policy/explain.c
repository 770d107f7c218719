/* SPDX-License-Identifier: Apache-2.0 */
/* explain: see explain.h. A clause at a time: which columns it needs for what, and what the policy gives them. */
#include "policy/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/words.h"

enum { SHOWN = 48 };		/* columns of an expression in a table */

struct need { unsigned uses, functions; };
struct explain {
	const struct bl_verdict *v;
	const struct bl_policy *p;
	const struct bl_schema *s;
	const struct bl_plan *plan;
	struct need *need;		/* by column of the schema, of the clause at hand */
	struct bl_words_table table;
	struct bl_json *list;		/* of the clauses, or NULL */
};

/* --- what a clause needs --- */

static void collect(void *arg, const struct bl_lineage *u)
{
	struct explain *x = arg;

	x->need[u->column].uses |= u->use;
	x->need[u->column].functions |= u->function;
}

static void collect_released(struct explain *x, const struct bl_expr *e)
{
	if (e->op == BL_OP_KEY)
		bl_lineage_key(x->plan, e->index, collect, x);
	if (e->op == BL_OP_AGG)
		bl_lineage_agg(x->plan, e->index, collect, x);
	for (uint32_t i = 0; i < e->narg; i++)
		collect_released(x, e->arg[i]);
}

static struct bl_json *names(unsigned bits, const char *(*name)(unsigned))
{
	struct bl_json *a = bl_json_new_array();

	for (unsigned i = 0; name(i); i++)
		if (bits >> i & 1)
			bl_json_add(a, bl_json_new_text(name(i)));
	return a;
}

static void list_need(struct bl_json *needs, const char *column, const struct need *n, const struct bl_grant *g)
{
	struct bl_json *o = bl_json_new_object();

	bl_json_put_text(o, "column", column);
	bl_json_put(o, "uses", names(n->uses, bl_lineage_use_name));
	bl_json_put(o, "functions", names(n->functions, bl_lineage_function_name));
	bl_json_put(o, "has_uses", names(g->uses, bl_lineage_use_name));
	bl_json_put(o, "has_functions", names(g->functions, bl_lineage_function_name));
	bl_json_put(o, "granted", bl_json_new_bool(!(n->uses & ~g->uses) && !(n->functions & ~g->functions)));
	bl_json_add(needs, o);
}

static void put_words(char *out, size_t size, const char *between, unsigned uses, unsigned functions)
{
	size_t n = strlen(out);

	for (unsigned i = 0; bl_lineage_use_name(i) && n < size; i++)
		if (uses >> i & 1)
			n += (size_t)snprintf(out + n, size - n, "%s%s", n ? between : "", bl_lineage_use_name(i));
	for (unsigned i = 0; bl_lineage_function_name(i) && n < size; i++)
		if (functions >> i & 1)
			n += (size_t)snprintf(out + n, size - n, "%s%s", n ? between : "", bl_lineage_function_name(i));
}

/* The expression of a clause in at most SHOWN columns. */
static const char *shown(const struct explain *x, const struct bl_expr *e, struct bl_buf *b)
{
	size_t n = 0, wide = 0;

	bl_buf_clear(b);
	bl_plan_print_expr(x->plan, e, b);
	if (b->failed)
		return "";
	while (n < b->len && (wide < SHOWN || (b->p[n] & 0xc0) == 0x80))
		wide += (b->p[n++] & 0xc0) != 0x80;
	if (n < b->len) {
		b->len = n;
		bl_buf_puts(b, "...");
	}
	bl_buf_put8(b, 0);
	return b->failed ? "" : (const char *)b->p;
}

/* One line for every column that the clause needs; then the needs are empty again. */
static void clause(struct explain *x, const char *label, bool output, const struct bl_expr *e)
{
	struct bl_json *o = x->list ? bl_json_new_object() : NULL, *needs = x->list ? bl_json_new_array() : NULL;
	const char *text, *first = label;
	struct bl_buf b;

	bl_buf_init(&b, 1 << 20);
	text = shown(x, e, &b);
	for (uint32_t i = 0; i < x->s->n; i++) {
		struct need n = x->need[i];
		char wanted[256] = "", missing[256] = "", has[512] = "";
		struct bl_grant g;
		if (!n.uses && !n.functions)
			continue;
		g = bl_lineage_grant(x->p, x->s->col[i].name);
		put_words(wanted, sizeof wanted, ", ", n.uses & g.uses, n.functions & g.functions);
		put_words(missing, sizeof missing, ", ", n.uses & ~g.uses, n.functions & ~g.functions);
		if (missing[0])
			snprintf(wanted + strlen(wanted), sizeof wanted - strlen(wanted), "%smissing: %.200s", wanted[0] ? "; " : "", missing);
		put_words(has, sizeof has, " ", g.uses, n.functions ? g.functions : 0);
		bl_words_row(&x->table, (const char *[]){ first, first[0] ? text : "", x->s->col[i].name, wanted, has[0] ? has : "nothing" });
		first = "";
		if (needs)
			list_need(needs, x->s->col[i].name, &n, &g);
		x->need[i] = (struct need){ 0, 0 };
	}
	if (first[0])
		bl_words_row(&x->table, (const char *[]){ first, text, "", "nothing", "" });
	if (o) {
		bl_json_put_text(o, output ? "name" : "clause", label);
		bl_buf_clear(&b);
		bl_plan_print_expr(x->plan, e, &b);
		bl_json_put(o, "expression", b.failed ? NULL : bl_json_new_textn((const char *)b.p, b.len));
		bl_json_put(o, "needs", needs);
		bl_json_add(x->list, o);
	}
	bl_buf_fini(&b);
}

static bool printed(const struct bl_plan *p, uint32_t key)
{
	for (uint32_t i = 0; i < p->nout; i++)
		if (p->out[i].expr->op == BL_OP_KEY && p->out[i].expr->index == key)
			return true;
	return false;
}

static bool is_output(const struct bl_plan *p, const struct bl_expr *e)
{
	for (uint32_t i = 0; i < p->nout; i++)
		if (p->out[i].expr == e || (e->op == BL_OP_KEY && printed(p, e->index)))
			return true;
	return e->op == BL_OP_LIT;
}

static void clauses(struct explain *x)
{
	const struct bl_plan *p = x->plan;

	bl_words_row(&x->table, (const char *[]){ "output", "is", "column", "needs", "has" });
	for (uint32_t i = 0; i < p->nout; i++) {
		collect_released(x, p->out[i].expr);
		bl_lineage_released(p, p->out[i].expr, false, collect, x);
		clause(x, p->out[i].hidden ? "ORDER BY" : p->out[i].name, !p->out[i].hidden, p->out[i].expr);
	}
	if (p->where) {
		bl_lineage_where(p, collect, x);
		clause(x, "WHERE", false, p->where);
	}
	for (uint32_t i = 0; i < p->nkey; i++)
		if (!printed(p, i)) {
			bl_lineage_key(p, i, collect, x);
			clause(x, "GROUP BY", false, p->key[i]);
		}
	if (p->having) {
		collect_released(x, p->having);
		bl_lineage_released(p, p->having, true, collect, x);
		clause(x, "HAVING", false, p->having);
	}
	for (uint32_t i = 0; i < p->norder; i++)
		if (!is_output(p, p->order[i].expr)) {
			collect_released(x, p->order[i].expr);
			bl_lineage_released(p, p->order[i].expr, false, collect, x);
			clause(x, "ORDER BY", false, p->order[i].expr);
		}
}

/* --- rules --- */

/* decided: something above has its outcome whatever this one says. */
static void rule(struct explain *x, const struct bl_rule *r, bool decided)
{
	static const char *const states[] = { [BL_OUTCOME_FAIL] = "fails", [BL_OUTCOME_PASS] = "passes", [BL_OUTCOME_DATA] = "tested" };
	enum bl_outcome o = bl_judge_rule(x->v, r);
	const char *state = o == BL_OUTCOME_DATA && decided ? "moot" : states[o];
	char words[BL_WORDS_RULE], param[BL_WORDS_RULE];

	for (uint32_t i = 0; i < r->narg; i++)
		rule(x, r->arg[i], decided || o != BL_OUTCOME_DATA);
	if (r->narg)
		return;
	bl_words_rule(r, words);
	bl_words_row(&x->table, (const char *[]){ state, bl_words_name(r->kind), words, r->path, NULL });
	if (x->list) {
		struct bl_json *j = bl_json_new_object();
		bl_json_put_text(j, "rule", bl_words_name(r->kind));
		bl_json_put_text(j, "path", r->path);
		bl_words_param(r, param);
		if (param[0])
			bl_json_put_text(j, "param", param);
		bl_json_put_text(j, "state", state);
		bl_json_put_text(j, "words", words);
		bl_json_add(x->list, j);
	}
}

/* --- obligations --- */

static void obligation(struct explain *x, const char *name, const char *words)
{
	bl_words_row(&x->table, (const char *[]){ name, words, NULL, NULL, NULL });
	if (x->list) {
		struct bl_json *j = bl_json_new_object();
		bl_json_put_text(j, "rule", name);
		bl_json_put_text(j, "words", words);
		bl_json_add(x->list, j);
	}
}

static void obligations(struct explain *x)
{
	const struct bl_policy *p = x->p;
	char words[200];

	if (p->suppress && !x->v->open)
		obligation(x, "suppress", p->secondary ? "groups and cells that fail are withheld, and the smallest group beside them where they could be worked out"
						       : "groups and cells that fail are withheld");
	if (p->round) {
		snprintf(words, sizeof words, "counts and sums of counts are rounded to multiples of %llu", (unsigned long long)p->round);
		obligation(x, "round", words);
	}
	if (p->midpoint) {
		snprintf(words, sizeof words, "counts are shown as midpoints of steps of %llu", (unsigned long long)p->midpoint);
		obligation(x, "midpoint", words);
	}
	if (!x->v->open && p->budget_refusals != UINT64_MAX) {
		snprintf(words, sizeof words, "a refused or suppressed request is one of the %llu that you may have", (unsigned long long)p->budget_refusals);
		obligation(x, "budget.refusals", words);
	}
	if (p->budget_requests != UINT64_MAX) {
		snprintf(words, sizeof words, "a request is one of the %llu that you may make", (unsigned long long)p->budget_requests);
		obligation(x, "budget.requests", words);
	}
	snprintf(words, sizeof words, "at most %llu rows, %llu groups, %llu seconds", (unsigned long long)p->limits.rows_out,
		 (unsigned long long)p->limits.groups, (unsigned long long)p->limits.seconds);
	obligation(x, "limits", words);
}

/* --- the whole --- */

static const char *fate(const struct bl_verdict *v, const struct bl_policy *p)
{
	if (v->open)
		return "runs; released: nothing is tested for you";
	if (p->otherwise == BL_OTHERWISE_LOG)
		return "runs; released, and logged where a rule fails";
	if (p->suppress)
		return "runs; what fails is withheld; refused when nothing is left";
	return "runs; released if every value passes, else refused";
}

static void put_verdict(const struct bl_verdict *v, const struct bl_policy *p, struct bl_buf *text, struct bl_json *json)
{
	bool refused = v->kind == BL_VERDICT_REFUSE;
	struct bl_json *why;

	if (text) {
		bl_buf_printf(text, "%s\n", refused ? v->err.msg : fate(v, p));
		if (refused && v->err.hint[0])
			bl_buf_printf(text, "%s\n", v->err.hint);
	}
	if (!json)
		return;
	bl_json_put_text(json, "verdict", refused ? "refuse" : "run");
	if (!refused) {
		bl_json_put_text(json, "outcome", v->open ? "open" : v->statically_false ? "logged" : "tested");
		return;
	}
	why = bl_json_new_object();
	bl_json_put_text(why, "rule", v->rule_name);
	bl_json_put_text(why, "path", v->path);
	bl_json_put_text(why, "message", v->err.msg);
	if (v->err.hint[0])
		bl_json_put_text(why, "hint", v->err.hint);
	if (v->place.pos != SIZE_MAX) {
		bl_json_put_int(why, "pos", (int64_t)v->place.pos);
		bl_json_put_int(why, "len", (int64_t)v->place.len);
	}
	bl_json_put(json, "refused", why);
}

/* One table, printed under an empty line, and one list of JSON. */
static void section(struct explain *x, const char *name, uint32_t ncol, void (*fill)(struct explain *x), struct bl_buf *text, struct bl_json *json)
{
	bl_words_init(&x->table, ncol);
	x->list = json ? bl_json_new_array() : NULL;
	fill(x);
	if (text && x->table.nrow) {
		bl_buf_puts(text, "\n");
		bl_words_print(&x->table, text);
	}
	if (json)
		bl_json_put(json, name, x->list);
	bl_words_fini(&x->table);
}

static void rules(struct explain *x)
{
	rule(x, x->p->release, false);
}

void bl_explain_plan(const struct bl_verdict *v, const struct bl_policy *p, const struct bl_schema *s, const struct bl_plan *plan,
		     struct bl_buf *text, struct bl_json *json)
{
	struct explain x = { .v = v, .p = p, .s = s, .plan = plan, .need = calloc(s->n ? s->n : 1, sizeof(struct need)) };
	const struct bl_expr *at;
	struct bl_verdict admitted;

	put_verdict(v, p, text, json);
	if (!x.need && text)
		text->failed = true;
	/* The rest is for those who may ask at all. */
	if (x.need && !bl_judge_admit(&admitted, p, &v->who) && plan->schema->n == s->n && !bl_lineage_unknown(plan, &at)) {
		if (json) {
			bl_json_put_text(json, "role", bl_words_role(v->role));
			bl_json_put_text(json, "otherwise", bl_words_otherwise(p->otherwise));
		}
		section(&x, "clauses", 5, clauses, text, json);
		section(&x, "rules", 5, rules, text, json);
		section(&x, "obligations", 5, obligations, text, json);
	}
	free(x.need);
}
