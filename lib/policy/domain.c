/* SPDX-License-Identifier: Apache-2.0 */
/*
 * domain: keys that are public because the owner listed them. A group with such keys that is withheld is still named, with NULLs.
 * So are the listed ones that have no rows: if only the small ones were named, the answer would tell a small group from an empty
 * one, and `where PassengerId = 1 or ...` one person's key.
 */
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "policy/shape.h"
#include "policy/work.h"

/* The values of one key column, ascending, each once. n 0: it has no list. */
struct list { struct bl_value *v; uint64_t n; };

static int compare(const void *a, const void *b)
{
	const struct bl_value *x = a, *y = b;
	uint32_t n = x->s.n < y->s.n ? x->s.n : y->s.n;
	int r;

	if (x->null || y->null)
		return x->null - y->null;
	if (x->type.kind == BL_TYPE_DOUBLE)
		return (x->f > y->f) - (x->f < y->f);
	if (x->type.kind != BL_TYPE_TEXT)
		return (x->i > y->i) - (x->i < y->i);
	r = n ? memcmp(x->s.p, y->s.p, n) : 0;
	return r ? r : (x->s.n > y->s.n) - (x->s.n < y->s.n);
}

/* d at the type's scale; the policy was checked against the schema, so it fits. */
static bool number(struct bl_dec d, struct bl_type t, struct bl_value *v)
{
	unsigned scale = t.kind == BL_TYPE_DECIMAL ? t.scale : 0;

	if (t.kind == BL_TYPE_DOUBLE) {
		v->f = bl_num_ratio(d.v, bl_num_pow10_i128(d.scale));
		return true;
	}
	for (; d.scale > scale; d.scale--) {
		if (d.v % 10)
			return false;
		d.v /= 10;
	}
	return !__builtin_mul_overflow(d.v, bl_num_pow10_i128(scale - d.scale), &v->i);
}

static bool value(const struct bl_json *j, struct bl_type t, struct bl_value *v)
{
	size_t n = 0;
	const char *s = bl_json_kind(j) == BL_JSON_TEXT ? bl_json_text(j, &n) : NULL;
	struct bl_dec d;
	int64_t at;

	*v = (struct bl_value){ .type = t };
	v->null = bl_json_kind(j) == BL_JSON_NULL;
	if (v->null)
		return true;
	switch (t.kind) {
	case BL_TYPE_TEXT:
		v->s = (struct bl_str){ s, (uint32_t)n };
		return s && n <= UINT32_MAX;
	case BL_TYPE_DATE:
		if (!s || !bl_time_parse_date(s, n, &at))
			return false;
		v->i = at;
		return true;
	case BL_TYPE_STAMP:
		if (!s || (!bl_time_parse_stamp(s, n, &at) &&
			   (!bl_time_parse_date(s, n, &at) || __builtin_mul_overflow(at, INT64_C(86400000000), &at))))
			return false;
		v->i = at;
		return true;
	case BL_TYPE_BOOL:
		if (bl_json_kind(j) != BL_JSON_BOOL)
			return bl_shape_dec(j, &d) && number(d, t, v);
		v->i = bl_json_bool(j);
		return true;
	default:
		return bl_shape_dec(j, &d) && number(d, t, v);
	}
}

/* {"from", "to", "step"}; of doubles it is no list. */
static int steps(const struct bl_json *j, struct bl_type t, uint64_t most, struct bl_arena *a, struct list *l)
{
	const struct bl_json *step = bl_json_get(j, "step");
	struct bl_value from, to, by = { .i = 1 };
	bl_u128 n;

	if ((t.kind != BL_TYPE_INT && t.kind != BL_TYPE_DECIMAL) || !bl_json_get(j, "from") || !bl_json_get(j, "to") ||
	    !value(bl_json_get(j, "from"), t, &from) || !value(bl_json_get(j, "to"), t, &to) ||
	    !(step ? value(step, t, &by) : number((struct bl_dec){ true, 1, 0 }, t, &by)) || by.i <= 0 || from.i > to.i)
		return 0;
	n = ((bl_u128)to.i - (bl_u128)from.i) / (bl_u128)by.i + 1;
	if (n > most)
		return 0;
	if (!(l->v = bl_arena_array(a, (size_t)n, sizeof *l->v)))
		return -1;
	for (; l->n < n; l->n++) {
		l->v[l->n] = from;
		from.i += by.i;
	}
	return 0;
}

/* Leaves l empty when the column has no domain, or one of more than `most` values. */
static int list_of(const struct bl_doc_column *c, struct bl_type t, uint64_t most, struct bl_arena *a, struct list *l)
{
	const struct bl_json *d = c ? c->domain : NULL;
	uint64_t n = 0, all = d ? bl_json_count(d) : 0;

	*l = (struct list){ 0 };
	if (d && bl_json_kind(d) == BL_JSON_OBJECT)
		return steps(d, t, most, a, l);
	if (!all || all > most)
		return 0;
	if (!(l->v = bl_arena_array(a, (size_t)all, sizeof *l->v)))
		return -1;
	for (; n < all; n++)
		if (!value(bl_json_item(d, (size_t)n), t, &l->v[n]))
			return 0;
	qsort(l->v, (size_t)all, sizeof *l->v, compare);
	for (uint64_t i = 0; i < all; i++)
		if (!l->n || compare(&l->v[l->n - 1], &l->v[i]))
			l->v[l->n++] = l->v[i];
	return 0;
}

/* Which combination of listed values the keys of group g are, or UINT64_MAX. */
static uint64_t place_of(const struct bl_work *w, uint64_t g, const struct list *l)
{
	uint64_t at = 0;

	for (uint32_t k = 0; k < w->r->nkey; k++) {
		const struct bl_value *v = bsearch(&w->r->key[g * w->r->nkey + k], l[k].v, (size_t)l[k].n, sizeof *l[k].v, compare);
		if (!v)
			return UINT64_MAX;
		at = at * l[k].n + (uint64_t)(v - l[k].v);
	}
	return at;
}

/* Lists of all keys and the number of their combinations; 0 when some key has none, or there are too many. */
static int lists_of(const struct bl_work *w, struct list *l, uint64_t *all, struct bl_arena *a)
{
	*all = 1;
	for (uint32_t k = 0; k < w->r->nkey && *all; k++) {
		const struct bl_expr *e = w->plan->key[k];
		if (e->op != BL_OP_COL || e->index >= w->plan->schema->n) {
			*all = 0;
			return 0;
		}
		if (list_of(bl_doc_column_of(w->p, w->plan->schema->col[e->index].name), e->type, w->p->limits.groups, a, &l[k]))
			return -1;
		if (__builtin_mul_overflow(*all, l[k].n, all) || *all > w->p->limits.groups)
			*all = 0;
	}
	return 0;
}

int bl_domain_extra(struct bl_work *w, struct bl_rules_out *out, struct bl_err *err)
{
	uint32_t nk = w->r->nkey;
	uint64_t all = 0;
	struct list *l = bl_arena_array(w->a, nk, sizeof *l);
	bool *there = NULL;

	if (!l || lists_of(w, l, &all, w->a) ||
	    (all && (!(there = bl_arena_array(w->a, (size_t)all, sizeof *there)) ||
		     !(out->extra_key = bl_arena_array(w->a, (size_t)all * nk, sizeof *out->extra_key)))))
		return bl_err_set(err, BL_REFUSED, "refused: limits.memory");
	for (uint64_t g = 0; g < w->r->ngroup && all; g++) {
		uint64_t at = w->dropped[g] ? UINT64_MAX : place_of(w, g, l);
		if (at != UINT64_MAX)
			there[at] = true;
	}
	for (uint64_t i = 0; i < all; i++) {
		struct bl_value *key = out->extra_key + out->nextra * nk;
		uint64_t rest = i;
		if (there[i])
			continue;
		for (uint32_t k = nk; k-- > 0; rest /= l[k].n)
			key[k] = l[k].v[rest % l[k].n];
		out->nextra++;
	}
	return 0;
}
