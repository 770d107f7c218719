/* SPDX-License-Identifier: Apache-2.0 */
/* rules: results made by hand, for tests of the data rules. */
#ifndef TESTS_RULES_H
#define TESTS_RULES_H

#include <stdio.h>

#include "query.h"
#include "policy/rules.h"

#define FPR "SHA256:qOiozwBgUCsXPRM2CmpnvgTmyJUFdHN+VPVFm8cdrOc"
#define FPR2 "SHA256:SMA6YXCz6DrTbhYK4zX2MIkcnPaq4p191fkZ/JoF2SQ"

/* --- a result by hand --- */

enum { POP = 2000, GROUPS = 64, SHARES = 20000 };
static struct query q;
static struct bl_policy p;
static struct bl_verdict v;
static struct bl_result r;
static struct bl_rules_out out;
static struct bl_arena a;
static struct bl_err err;
static struct bl_cells *store;
static int rc;

static inline void leaves(const struct bl_rule *rule)
{
	for (uint32_t i = 0; i < rule->narg; i++)
		leaves(rule->arg[i]);
	if (!rule->narg && bl_judge_rule(&v, rule) == BL_OUTCOME_DATA)
		v.rule[v.nrule++] = rule;
}

/* A question under {"release": RELEASE, MORE}; every column may be used, age is of the default class, ok is quasi. */
static inline void ask(const char *sql, const char *release, const char *more)
{
	char *s = NULL;

	bl_arena_fini(&q.a);
	bl_arena_fini(&a);
	bl_doc_fini(&p);
	bl_arena_init(&a, 256 << 20);
	if (asprintf(&s, "{\"version\":1,\"entity\":\"id\",\"release\":%s%s%s}", release, *more ? "," : "", more) < 0 ||
	    bl_doc_parse(&p, s, strlen(s), &err) || query(&q, sql)->rc) {
		printf("# %s: %s%s\n", sql, err.msg, q.err.msg);
		abort();
	}
	free(s);
	memset(&v, 0, sizeof v);
	v.role = BL_ROLE_ANALYST;
	memcpy(v.who.fpr, FPR, sizeof FPR);
	leaves(p.release);
	r = (struct bl_result){ .nkey = q.p.nkey, .ncell = q.p.ncell, .by_entity = true, .population = POP };
	r.key = bl_arena_array(&a, GROUPS * r.nkey, sizeof *r.key);
	r.acc = bl_arena_array(&a, GROUPS * r.ncell, sizeof *r.acc);
	r.universe = bl_arena_array(&a, r.ncell, sizeof *r.universe);
	r.first = bl_arena_array(&a, GROUPS + 1, sizeof *r.first);
	r.who = bl_arena_array(&a, SHARES, sizeof *r.who);
	r.part = bl_arena_array(&a, (size_t)SHARES * r.ncell, sizeof *r.part);
	r.shift = bl_arena_array(&a, r.ncell, sizeof *r.shift);
	r.entity = bl_arena_array(&a, POP, sizeof *r.entity);
	for (uint32_t e = 0; e < POP; e++)
		r.entity[e][0] = r.entity[e][1] = (e + 1) * 0x9e3779b97f4a7c15u;
	for (uint32_t c = 0; c < r.ncell; c++)
		r.universe[c] = POP;
}

/* The next group. Its first key is `key`. */
static inline void group(int64_t key)
{
	r.first[r.ngroup + 1] = r.first[r.ngroup];
	if (r.nkey)
		r.key[r.ngroup * r.nkey] = (struct bl_value){ .type = q.p.key[0]->type, .i = key };
	r.ngroup++;
}

/* An entity of the last group, in ascending order, with its part of every cell. */
static inline bl_i128 *entity(uint32_t who)
{
	uint64_t i = r.first[r.ngroup]++;

	r.who[i] = who;
	return r.part + i * r.ncell;
}

/* Entities from..to-1 of the last group: `rows` rows each, all with this value. */
static inline void people(uint32_t from, uint32_t to, int rows, bl_i128 value)
{
	for (uint32_t e = from; e < to; e++) {
		bl_i128 *part = entity(e);
		for (uint32_t c = 0; c < r.ncell; c++)
			part[c] = q.p.cell[c].kind == BL_CELL_S ? rows * value : q.p.cell[c].kind == BL_CELL_SS ? rows * value * value :
				  q.p.cell[c].kind == BL_CELL_N ? rows : 0;
	}
}

/* The last entity is not in cell c. */
static inline void outside(uint32_t c)
{
	r.part[(r.first[r.ngroup] - 1) * r.ncell + c] = 0;
}

static inline int apply(void)
{
	for (uint64_t g = 0; g < r.ngroup; g++)
		for (uint64_t i = r.first[g]; i < r.first[g + 1]; i++)
			for (uint32_t c = 0; c < r.ncell; c++)
				r.acc[g * r.ncell + c].i = (bl_i128)((bl_u128)r.acc[g * r.ncell + c].i + (bl_u128)r.part[i * r.ncell + c]);
	err = (struct bl_err){ 0 };
	rc = bl_rules_apply(&p, &v, &q.p, &r, store, &a, &out, &err);
	return rc;
}

static inline bool passes(void)
{
	return !apply() && out.all_passed && !out.nothing_left;
}

static inline bool shown(uint64_t g, uint32_t c)
{
	return !out.dropped[g] && !out.withheld[g * r.ncell + c];
}

static inline bool fired(const char *path)
{
	for (uint32_t i = 0; i < out.nfired; i++)
		if (!strcmp(out.fired[i]->path, path))
			return true;
	return false;
}

#define K10 "{\"min_entities\":10}"
#define SUPPRESS "\"mitigate\":{\"suppress\":{\"secondary\":true,\"as\":\"null\"}}"

#endif
