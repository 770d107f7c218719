/* SPDX-License-Identifier: Apache-2.0 */
/* facts: what plan and policy say of each cell, and how many entities contribute to it in each group. */
#include <stdio.h>
#include <string.h>

#include "policy/work.h"

/* Columns in an expression: how many different ones (2 stands for more), the last of them. */
struct columns { unsigned n; uint32_t col; bool sensitive; };

static const struct bl_doc_column *policy_of(const struct bl_work *w, uint32_t col)
{
	return col < w->plan->schema->n ? bl_doc_column_of(w->p, w->plan->schema->col[col].name) : NULL;
}

/* Class not said counts as sensitive: the guide's "sensitive for the gate". */
static bool is_sensitive(const struct bl_doc_column *c)
{
	return !c || c->class == BL_CLASS_SENSITIVE || c->class == BL_CLASS_DEFAULT;
}

static void look(const struct bl_work *w, const struct bl_expr *e, struct columns *c)
{
	if (e->op == BL_OP_COL) {
		if (!c->n)
			c->n = 1;
		else if (c->col != e->index)
			c->n = 2;
		c->col = e->index;
		c->sensitive = c->sensitive || is_sensitive(policy_of(w, e->index));
	}
	for (uint32_t i = 0; i < e->narg; i++)
		look(w, e->arg[i], c);
}

/* Degree of a polynomial in columns; 9: it is none, or too high to matter. */
static unsigned degree(const struct bl_expr *e)
{
	unsigned d = 0, x;

	switch (e->op) {
	case BL_OP_LIT:
		return 0;
	case BL_OP_COL:
		return 1;
	case BL_OP_NEG: case BL_OP_CAST: case BL_OP_ADD: case BL_OP_SUB:
		for (uint32_t i = 0; i < e->narg; i++)
			if ((x = degree(e->arg[i])) > d)
				d = x;
		return d;
	case BL_OP_MUL:
		for (uint32_t i = 0; i < e->narg && d < 9; i++)
			d += degree(e->arg[i]);
		return d < 9 ? d : 9;
	case BL_OP_DIV:
		return degree(e->arg[1]) ? 9 : degree(e->arg[0]);
	default:
		return 9;
	}
}

/* --- columns of 0 and 1 --- */

static bool is_small(const struct bl_json *j, int64_t want)
{
	const char *text = want ? "1" : "0";

	if (!j)
		return false;
	if (bl_json_kind(j) == BL_JSON_TEXT)
		return !strcmp(bl_json_text(j, NULL), text);
	return bl_json_kind(j) == BL_JSON_INT && bl_json_int(j) == want;
}

static bool domain_is_zero_one(const struct bl_json *d)
{
	size_t n = d ? bl_json_count(d) : 0;

	if (!n)
		return false;
	if (bl_json_kind(d) == BL_JSON_OBJECT)
		return is_small(bl_json_get(d, "from"), 0) && is_small(bl_json_get(d, "to"), 1) && is_small(bl_json_get(d, "step"), 1);
	for (size_t i = 0; i < n; i++)
		if (!is_small(bl_json_item(d, i), 0) && !is_small(bl_json_item(d, i), 1))
			return false;
	return true;
}

/* By the owner's words: domain {0, 1}, or whole numbers with bounds [0, 1]. Bounds of a rate say nothing. */
static bool is_zero_one(const struct bl_doc_column *c, struct bl_type t)
{
	bool number = t.kind == BL_TYPE_INT || t.kind == BL_TYPE_DECIMAL;

	if (!c || !number)
		return false;
	if (domain_is_zero_one(c->domain))
		return true;
	return !t.scale && c->lo.set && c->hi.set && !c->lo.v && c->hi.scale <= 18 && c->hi.v == bl_num_pow10_i128(c->hi.scale);
}

/* --- cells --- */

static bool is_sum(const struct bl_cell *c)
{
	return c->kind == BL_CELL_S || c->kind == BL_CELL_SS;
}

static bl_i128 unit_of(const struct bl_work *w, uint32_t i)
{
	const struct bl_cell *c = &w->plan->cell[i];
	unsigned scale = c->arg->type.scale * (c->kind == BL_CELL_SS ? 2u : 1u);

	if (c->arg->type.kind == BL_TYPE_DOUBLE) {
		int shift = w->r->shift ? w->r->shift[i] : -1;
		return shift >= 0 && shift < 126 ? (bl_i128)1 << shift : 0;
	}
	return scale <= 38 ? bl_num_pow10_i128(scale) : 0;
}

static void describe(const struct bl_work *w, uint32_t i)
{
	struct bl_work_cell *x = &w->cell[i];
	const struct bl_cell *c = &w->plan->cell[i];
	struct columns in = { 0 }, under = { 0 };

	*x = (struct bl_work_cell){ .cell = c, .n = c->n, .sum = is_sum(c), .check = c->check, .squares = c->kind == BL_CELL_SS };
	x->never = c->kind == BL_CELL_MIN || c->kind == BL_CELL_MAX || c->kind == BL_CELL_MEDIAN;
	x->may_be_empty = c->check && c->cond;
	if (c->arg)
		look(w, c->arg, &in);
	if (c->cond)
		look(w, c->cond, &under);
	x->sensitive_cond = under.sensitive;
	if (!x->sum)
		return;
	x->product = x->squares || degree(c->arg) > 1;
	x->unit = unit_of(w, i);
	if (c->arg->op == BL_OP_COL) {
		const struct bl_doc_column *d = policy_of(w, c->arg->index);
		x->zero_one = is_zero_one(d, c->arg->type) && x->unit;
		x->sensitive = x->zero_one && is_sensitive(d);
	}
	/* What is made of several columns, or of none, is one family. */
	if (x->zero_one)
		strcpy(x->family, "n");
	else
		snprintf(x->family, sizeof x->family, "%s:%s", x->squares ? "ss" : "s",
		 in.n == 1 && in.col < w->plan->schema->n ? w->plan->schema->col[in.col].name : "*");
}

/* Which cells aggregates are made of; and branches of a CASE that are worth nothing, like its ELSE 0. */
static void use_cells(const struct bl_work *w)
{
	const struct bl_plan *p = w->plan;

	for (uint32_t i = 0; i < p->nagg; i++)
		for (uint32_t t = 0; t < p->agg[i].nterm; t++) {
			const struct bl_term *x = &p->agg[i].term[t];
			int32_t cell[] = { x->n, x->s, x->ss };
			bool nothing = p->agg[i].fn != BL_AGG_COUNT && p->agg[i].nterm > 1 && !x->mul && !x->add;
			for (int j = 0; j < 3; j++) {
				struct bl_work_cell *c = cell[j] < 0 ? NULL : &w->cell[cell[j]];
				if (!c)
					continue;
				c->may_be_empty = nothing && c->cell->cond && (c->may_be_empty || !c->printed);
				c->printed = true;
			}
		}
}

static void count(const struct bl_work *w, uint64_t g)
{
	uint32_t nc = w->r->ncell, *size = w->size + bl_work_at(w, g, 0);
	bool *many = w->many + bl_work_at(w, g, 0);

	for (uint64_t i = w->r->first[g]; i < w->r->first[g + 1]; i++)
		for (uint32_t c = 0; c < nc; c++) {
			bl_i128 v = w->r->part[i * nc + c];
			size[c] += v != 0;
			many[c] = many[c] || (!w->cell[c].sum && v > 1);
		}
	/* A sum that does not fit has parts that mean nothing: it is tested as if nobody stood behind it. */
	for (uint32_t c = 0; c < nc; c++)
		if (w->cell[c].sum && w->r->acc[bl_work_at(w, g, c)].null)
			size[c] = 0;
}

static void rules(struct bl_work *w)
{
	uint64_t other = 0;

	for (uint32_t i = 0; i < w->v->nrule; i++) {
		const struct bl_rule *r = w->v->rule[i];
		if (r->kind == BL_RULE_MIN_ENTITIES && r->n > w->k)
			w->k = r->n;
		if (r->kind == BL_RULE_DIFFERENCING) {
			w->diff[w->ndiff++] = r;
			other = r->n > other ? r->n : other;
		}
		if (r->kind == BL_RULE_ZEROS) {
			w->zeros_allow = r->allow && (w->zeros_allow || !w->zeros_leaf);
			w->zeros_leaf = true;
		}
	}
	if (!w->k)
		w->k = other;
}

int bl_facts_find(struct bl_work *w, struct bl_err *err)
{
	size_t ng = (size_t)w->r->ngroup, nc = w->r->ncell, all;

	rules(w);
	if (!bl_num_mul(ng, nc, &all))
		return bl_err_set(err, BL_REFUSED, "refused: limits.memory");
	w->cell = bl_arena_array(w->a, nc, sizeof *w->cell);
	w->size = bl_arena_array(w->a, all, sizeof *w->size);
	w->many = bl_arena_array(w->a, all, sizeof *w->many);
	w->bad = bl_arena_array(w->a, all, sizeof *w->bad);
	w->known = bl_arena_array(w->a, all, sizeof *w->known);
	if (!w->cell || !w->size || !w->many || !w->bad || !w->known)
		return bl_err_set(err, BL_REFUSED, "refused: limits.memory");
	for (uint32_t i = 0; i < w->ndiff; i++)
		if (!(w->near[i] = bl_arena_array(w->a, all, sizeof *w->near[i])))
			return bl_err_set(err, BL_REFUSED, "refused: limits.memory");
	for (uint32_t c = 0; c < nc; c++)
		describe(w, c);
	use_cells(w);
	for (uint64_t g = 0; g < ng && w->r->by_entity; g++)
		count(w, g);
	return 0;
}
