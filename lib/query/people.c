/* SPDX-License-Identifier: Apache-2.0 */
/*
 * people: see people.h. Most entities are in few groups, and a file is often in their order: their pairs are a short list
 * from the entity. The pairs of an entity past the first few are in a hash table.
 */
#include "query/people.h"

#include <string.h>

#include "base/buf.h"
#include "base/seed.h"
#include "base/time.h"

enum { N = BL_KERNEL_N, WORDS = BL_KERNEL_WORDS, LIST = 8, SLOTS = 1024 };

struct bl_people_seen {
	struct bl_scan_node *node;
	uint64_t *bit;			/* by entity */
	size_t cap;
};

static int find_seen(struct bl_people *p, const struct bl_expr *arg, struct bl_people_seen **of, struct bl_err *err)
{
	struct bl_scan_node *node = bl_scan_node(p->s, arg, true, err);
	uint32_t i = 0;

	if (!node)
		return -1;
	if (!node->nullable)
		return 0;
	while (i < p->nseen && p->seen[i].node != node)
		i++;
	if (i == p->nseen)
		p->seen[p->nseen++].node = node;
	*of = &p->seen[i];
	return 0;
}

int bl_people_init(struct bl_people *p, struct bl_scan *s, struct bl_err *err)
{
	const struct bl_header *h = bl_reader_header(s->reader);
	struct bl_scan_node *key[BL_BLF_ENTITY];

	*p = (struct bl_people){ .s = s, .rows = !h->nentity };
	p->seed = bl_seed();
	p->seen = bl_pool_alloc(s->pool, s->plan->ncell, sizeof(*p->seen), err);
	p->of = bl_pool_alloc(s->pool, s->plan->ncell, sizeof(*p->of), err);
	if (!p->seen || !p->of)
		return -1;
	for (uint32_t i = 0; i < s->plan->ncell; i++) {
		const struct bl_cell *c = &s->plan->cell[i];

		if (c->kind == BL_CELL_N && c->arg && find_seen(p, c->arg, &p->of[i], err))
			return -1;
	}
	if (p->rows) {
		p->entity = p->row;
		return bl_reader_rows(s->reader) < UINT32_MAX ? 0 : bl_pool_refuse(err);
	}
	for (uint32_t i = 0; i < h->nentity; i++) {
		struct bl_expr *e = bl_pool_alloc(s->pool, 1, sizeof(*e), err);

		if (!e)
			return -1;
		*e = (struct bl_expr){ .op = BL_OP_COL, .type = h->schema.col[h->entity[i]].type, .index = h->entity[i], .size = 1 };
		if (!(key[i] = bl_scan_node(s, e, true, err)))
			return -1;
	}
	p->entity = p->who.gid;
	return bl_group_init(&p->who, s, h->nentity, key, UINT32_MAX, "limits.memory", err);
}

void bl_people_fini(struct bl_people *p)
{
	if (!p->s)
		return;
	bl_group_fini(&p->who);
	bl_pool_drop(p->s->pool, &p->pair, &p->cap, sizeof(*p->pair));
	bl_pool_drop(p->s->pool, &p->head, &p->nhead, sizeof(*p->head));
	bl_pool_drop(p->s->pool, &p->slot, &p->nslot, sizeof(*p->slot));
	for (uint32_t i = 0; i < p->nseen; i++)
		bl_pool_drop(p->s->pool, &p->seen[i].bit, &p->seen[i].cap, sizeof(*p->seen[i].bit));
}

/* --- vectors --- */

static int number_rows(struct bl_people *p, struct bl_err *err)
{
	uint64_t mask[WORDS], first = (uint64_t)p->s->group * BL_TYPE_GROUP + p->s->from;

	if (!p->rows) {
		bl_where_rows(mask, p->s->n);
		if (bl_group_run(&p->who, mask, err))
			return -1;
		p->n = p->who.n;
		return 0;
	}
	for (uint32_t i = 0; i < p->s->n; i++)
		p->row[i] = (uint32_t)(first + i);
	p->n = (uint32_t)(first + p->s->n);
	return 0;
}

int bl_people_vector(struct bl_people *p, struct bl_err *err)
{
	if (number_rows(p, err) || bl_pool_grow(p->s->pool, &p->head, &p->nhead, p->n, sizeof(*p->head), err))
		return -1;
	for (uint32_t k = 0; k < p->nseen; k++) {
		struct bl_people_seen *s = &p->seen[k];

		if (bl_pool_grow(p->s->pool, &s->bit, &s->cap, p->n / 64 + 1, sizeof(*s->bit), err) || bl_scan_run(p->s, s->node, err))
			return -1;
		for (uint32_t i = 0; i < p->s->n; i++)
			if (!s->node->vec.null || !bl_scan_bit(s->node->vec.null, i))
				s->bit[p->entity[i] / 64] |= UINT64_C(1) << p->entity[i] % 64;
	}
	return 0;
}

/* --- pairs --- */

static int add(struct bl_people *p, uint32_t group, uint32_t entity, uint32_t next, uint32_t *pair, struct bl_err *err)
{
	if (p->npair >= UINT32_MAX - 1)
		return bl_pool_refuse(err);
	if (bl_pool_grow(p->s->pool, &p->pair, &p->cap, (size_t)p->npair + 1, sizeof(*p->pair), err))
		return -1;
	*pair = p->npair;
	p->pair[p->npair++] = (struct bl_people_pair){ group, entity, next };
	return 0;
}

static size_t slot_of(const struct bl_people *p, uint32_t group, uint32_t entity)
{
	size_t s = bl_seed_mix(p->seed, (uint64_t)group << 32 | entity) & (p->nslot - 1);
	const struct bl_people_pair *q;

	for (; p->slot[s]; s = (s + 1) & (p->nslot - 1)) {
		q = &p->pair[p->slot[s] - 1];
		if (q->group == group && q->entity == entity)
			break;
	}
	return s;
}

static int grow_slots(struct bl_people *p, struct bl_err *err)
{
	uint32_t *old = p->slot;
	size_t nold = p->nslot;

	p->slot = NULL;
	p->nslot = 0;
	if (bl_pool_fresh(p->s->pool, &p->slot, &p->nslot, nold ? nold * 2 : SLOTS, sizeof(*p->slot), err)) {
		p->slot = old;
		p->nslot = nold;
		return -1;
	}
	for (size_t i = 0; i < nold; i++)
		if (old[i])
			p->slot[slot_of(p, p->pair[old[i] - 1].group, p->pair[old[i] - 1].entity)] = old[i];
	bl_pool_drop(p->s->pool, &old, &nold, sizeof(*old));
	return 0;
}

static int find_many(struct bl_people *p, uint32_t group, uint32_t entity, uint32_t *pair, struct bl_err *err)
{
	size_t s;

	if ((p->used + 1) * 2 > p->nslot && grow_slots(p, err))
		return -1;
	s = slot_of(p, group, entity);
	if (p->slot[s]) {
		*pair = p->slot[s] - 1;
		return 0;
	}
	if (add(p, group, entity, 0, pair, err))
		return -1;
	p->slot[s] = *pair + 1;
	p->used++;
	return 0;
}

static int find(struct bl_people *p, uint32_t group, uint32_t entity, uint32_t *pair, struct bl_err *err)
{
	uint32_t at = p->head[entity], steps = 0;

	for (; at && steps < LIST; steps++) {
		const struct bl_people_pair *q = &p->pair[at - 1];

		if (q->group == group) {
			*pair = at - 1;
			return 0;
		}
		at = q->next;
	}
	if (steps == LIST)
		return find_many(p, group, entity, pair, err);
	if (add(p, group, entity, p->head[entity], pair, err))
		return -1;
	p->head[entity] = *pair + 1;
	return 0;
}

int bl_people_pairs(struct bl_people *p, const uint64_t *mask, const uint32_t *gid, struct bl_err *err)
{
	for (uint32_t i = 0; i < p->s->n; i++)
		__builtin_prefetch(&p->head[p->entity[i]]);
	BL_SCAN_EACH(i, mask)
		if (find(p, gid[i], p->entity[i], &p->pid[i], err))
			return -1;
	return 0;
}

/* --- the result --- */

static size_t number_text(struct bl_value v, char out[BL_NUM_TEXT])
{
	size_t n;

	if (v.type.kind == BL_TYPE_DOUBLE)
		return bl_num_print_f64(v.f + 0.0, out);
	/* Most ids are small integers, and there are millions. */
	if (!v.type.scale && v.i >= 0 && v.i <= INT64_MAX) {
		char *p = out + BL_NUM_TEXT;

		for (uint64_t u = (uint64_t)v.i; p == out + BL_NUM_TEXT || u; u /= 10)
			*--p = (char)('0' + u % 10);
		n = (size_t)(out + BL_NUM_TEXT - p);
		memmove(out, p, n);
		return n;
	}
	n = bl_num_print_dec(v.i, v.type.scale, out);
	while (v.type.scale && n && out[n - 1] == '0')
		n--;
	return v.type.scale && n && out[n - 1] == '.' ? n - 1 : n;
}

static void put_text(struct bl_buf *b, const struct bl_value *v)
{
	char text[BL_NUM_TEXT];
	const char *p = text;
	size_t n;

	_Static_assert((int)BL_NUM_TEXT >= (int)BL_TIME_TEXT, "one buffer for both");
	switch (v->type.kind) {
	case BL_TYPE_TEXT:
		p = v->s.p;
		n = v->s.n;
		break;
	case BL_TYPE_BOOL:
		p = v->i ? "true" : "false";
		n = strlen(p);
		break;
	case BL_TYPE_DATE:
		n = bl_time_is_date((int64_t)v->i) ? bl_time_print_date((int64_t)v->i, text) : number_text(*v, text);
		break;
	case BL_TYPE_STAMP:
		n = bl_time_is_stamp((int64_t)v->i) ? bl_time_print_stamp((int64_t)v->i, text) : number_text(*v, text);
		break;
	default:
		n = number_text(*v, text);
	}
	bl_buf_put32(b, (uint32_t)n);
	bl_buf_put(b, p, n);
}

static int ids(struct bl_people *p, const struct bl_exec *x, struct bl_arena *a, struct bl_result *out, struct bl_err *err)
{
	const struct bl_header *h = bl_reader_header(p->s->reader);
	struct bl_value v;
	struct bl_buf b;
	int r = -1;

	if (!(out->entity = bl_arena_array(a, p->n, sizeof(*out->entity))))
		return bl_pool_refuse(err);
	bl_buf_init(&b, (size_t)BL_BLF_ENTITY << 25);
	for (uint32_t e = 0; e < p->n; e++) {
		bl_buf_clear(&b);
		if (p->rows) {
			bl_buf_put32(&b, UINT32_MAX);
			bl_buf_put32(&b, h->shard_index);
			bl_buf_put64(&b, e);
		}
		for (uint32_t k = 0; k < p->who.nkey; k++) {
			bl_group_value(&p->who, e, k, &v);
			put_text(&b, &v);
		}
		if (b.failed) {
			bl_err_set(err, BL_OSERR, "out of memory");
			goto out;
		}
		x->name(x->name_arg, b.p, b.len, (uint8_t *)out->entity[e]);
	}
	r = 0;
out:
	bl_buf_wipe(&b);
	return r;
}

static int universe(const struct bl_people *p, struct bl_arena *a, struct bl_result *out, struct bl_err *err)
{
	size_t words = (size_t)p->n / 64 + 1;

	out->universe = bl_arena_array(a, out->ncell, sizeof(*out->universe));
	out->holds = bl_arena_array(a, out->ncell, sizeof(*out->holds));
	if (!out->universe || !out->holds)
		return bl_pool_refuse(err);
	for (uint32_t c = 0; c < out->ncell; c++) {
		const struct bl_people_seen *s = p->of[c];

		if (p->s->plan->cell[c].kind != BL_CELL_N)
			continue;
		if (!s)
			out->universe[c] = p->n;
		for (size_t i = 0; s && i < s->cap; i++)
			out->universe[c] += (uint64_t)__builtin_popcountll(s->bit[i]);
		for (uint32_t k = 0; s && k < c && !out->holds[c]; k++)
			if (p->of[k] == s)
				out->holds[c] = out->holds[k];
		if (s && !out->holds[c]) {
			uint64_t *bit = bl_arena_array(a, words, sizeof(*bit));

			if (!bit)
				return bl_pool_refuse(err);
			if (s->cap)		/* a file without rows has none */
				memcpy(bit, s->bit, (s->cap < words ? s->cap : words) * sizeof(*bit));
			out->holds[c] = bit;
		}
	}
	return 0;
}

static int contributions(struct bl_people *p, const struct bl_accum_set *set, const struct bl_pool_pair *order, struct bl_arena *a,
			 struct bl_result *out, struct bl_err *err)
{
	uint64_t g = 0;
	bool over;

	out->first = bl_arena_array(a, out->ngroup + 1, sizeof(*out->first));
	out->who = bl_arena_array(a, p->npair, sizeof(*out->who));
	out->part = bl_arena_array(a, (size_t)p->npair * out->ncell, sizeof(*out->part));
	out->shift = bl_arena_array(a, out->ncell, sizeof(*out->shift));
	if (!out->first || !out->who || !out->part || !out->shift)
		return bl_pool_refuse(err);
	for (uint32_t i = 0; i < p->npair; i++) {
		uint32_t pid = (uint32_t)order[i].val;

		while (g < order[i].key >> 32)
			out->first[++g] = i;
		out->who[i] = (uint32_t)order[i].key;
		for (uint32_t c = 0; c < out->ncell; c++) {
			out->part[(size_t)i * out->ncell + c] = bl_accum_part(set, pid, c, &over);
			/* A sum that one entity alone passes is none. */
			if (over)
				out->acc[g * out->ncell + c] = (struct bl_acc){ .null = true };
		}
	}
	while (g < out->ngroup)
		out->first[++g] = p->npair;
	for (uint32_t c = 0; c < out->ncell; c++)
		out->shift[c] = bl_accum_shift(set, c);
	return 0;
}

int bl_people_finish(struct bl_people *p, const struct bl_accum_set *set, const uint32_t *rank, const struct bl_exec *x, struct bl_arena *a,
		     struct bl_result *out, struct bl_err *err)
{
	struct bl_pool_pair *order = NULL;
	size_t cap = 0;
	int r = -1;

	out->by_entity = true;
	out->population = p->n;
	if (bl_pool_fresh(p->s->pool, &order, &cap, p->npair, sizeof(*order), err))
		return -1;
	for (uint32_t i = 0; i < p->npair; i++)
		order[i] = (struct bl_pool_pair){ (uint64_t)rank[p->pair[i].group] << 32 | p->pair[i].entity, i };
	if (!bl_pool_sort(p->s->pool, order, p->npair, err) && !universe(p, a, out, err) && !contributions(p, set, order, a, out, err) &&
	    (!x->name || !ids(p, x, a, out, err)))
		r = 0;
	bl_pool_drop(p->s->pool, &order, &cap, sizeof(*order));
	return r;
}
