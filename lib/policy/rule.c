/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule: {"all": [{"min_entities": 10}, ...]} to a tree of struct bl_rule. Every rule keeps its path, which is what a refusal
 * names.
 */
#include <string.h>

#include "base/time.h"
#include "policy/grammar.h"
#include "policy/rule.h"

#define COUNT_MAX ((INT64_C(1) << 53) - 1)
#define END { .kind = BL_SHAPE_END }

struct parse {
	struct bl_policy *p;
	unsigned n;			/* rules made */
	uint64_t k;			/* largest k of a min_entities: the default of differencing */
	struct bl_rule *pending[BL_RULE_MOST];		/* differencing without k */
	unsigned npending;
	struct bl_err *err;
};

static int expression(struct parse *x, const struct bl_shape_at *at, const struct bl_json *j, unsigned depth, struct bl_rule **rule);

static struct bl_rule *new_rule(struct parse *x, const struct bl_shape_at *at, enum bl_rule_kind kind)
{
	char path[BL_SHAPE_PATH];
	struct bl_rule *r;

	if (x->n++ == BL_RULE_MOST) {
		bl_shape_fail(at, x->err, "more than %d rules", BL_RULE_MOST);
		return NULL;
	}
	bl_shape_path(at, path);
	r = bl_arena_alloc(&x->p->arena, sizeof *r);
	if (r && !(r->path = bl_arena_strndup(&x->p->arena, path, strlen(path))))
		r = NULL;
	if (!r) {
		bl_err_set(x->err, BL_OSERR, "out of memory");
		return NULL;
	}
	*r = (struct bl_rule){ .kind = kind, .path = r->path, .complement = true, .cells = 10000, .after = INT64_MIN, .before = INT64_MAX,
			       .hour_to = 24, .days = 127 };
	return r;
}

/* --- connectives --- */

static int list(struct parse *x, const struct bl_shape_at *at, const struct bl_json *j, unsigned depth, struct bl_rule *r)
{
	size_t n = bl_json_count(j);

	if (bl_json_kind(j) != BL_JSON_ARRAY)
		return bl_shape_fail(at, x->err, "not a list of rules");
	if (!n || n > BL_RULE_MOST)
		return bl_shape_fail(at, x->err, n ? "more than %d rules" : "empty", BL_RULE_MOST);
	r->arg = bl_arena_array(&x->p->arena, n, sizeof(struct bl_rule *));
	if (!r->arg)
		return bl_err_set(x->err, BL_OSERR, "out of memory");
	r->narg = (uint32_t)n;
	for (size_t i = 0; i < n; i++) {
		struct bl_shape_at item = { at, NULL, i };
		if (expression(x, &item, bl_json_item(j, i), depth + 1, &r->arg[i]))
			return -1;
	}
	return 0;
}

static int at_least(struct parse *x, const struct bl_shape_at *at, const struct bl_json *j, unsigned depth, struct bl_rule *r)
{
	static const struct bl_shape members[] = {
		{ .name = "n", .kind = BL_SHAPE_INT, .min = 1, .max = BL_RULE_MOST, .required = true },
		{ .name = "of", .kind = BL_SHAPE_ANY, .required = true }, END,
	};
	static const struct bl_shape object = { .kind = BL_SHAPE_OBJECT, .of = members };
	struct bl_shape_at of = { at, "of", 0 }, n = { at, "n", 0 };

	if (bl_shape_check(&object, at, j, x->err) || list(x, &of, bl_json_get(j, "of"), depth, r))
		return -1;
	r->n = (uint64_t)bl_json_get_int(j, "n", 0);
	return r->n > r->narg ? bl_shape_fail(&n, x->err, "more than there are rules") : 0;
}

/* --- data rules --- */

/* An object of these members, or in short the bare integer that is its member `k`. */
static int members_or_k(struct parse *x, const struct bl_shape_at *at, const struct bl_json *j, const struct bl_shape *members, const char *k,
			uint64_t *v)
{
	const struct bl_shape object = { .kind = BL_SHAPE_OBJECT, .of = members };
	const struct bl_shape *m = members;

	while (strcmp(m->name, k))
		m++;
	if (bl_json_kind(j) == BL_JSON_OBJECT) {
		if (bl_shape_check(&object, at, j, x->err))
			return -1;
		*v = (uint64_t)bl_json_get_int(j, k, 0);
		return 0;
	}
	if (bl_shape_check(m, at, j, x->err))
		return -1;
	*v = (uint64_t)bl_json_int(j);
	return 0;
}

static int min_entities(struct parse *x, const struct bl_shape_at *at, const struct bl_json *j, struct bl_rule *r)
{
	static const struct bl_shape members[] = {
		{ .name = "k", .kind = BL_SHAPE_INT, .min = 1, .max = COUNT_MAX, .required = true },
		{ .name = "complement", .kind = BL_SHAPE_BOOL }, END,
	};

	if (members_or_k(x, at, j, members, "k", &r->n))
		return -1;
	if (bl_json_get(j, "complement"))
		r->complement = bl_json_bool(bl_json_get(j, "complement"));
	if (r->n > x->k)
		x->k = r->n;
	return 0;
}

static int nk(struct parse *x, const struct bl_shape_at *at, const struct bl_json *j, struct bl_rule *r)
{
	static const struct bl_shape n = { .kind = BL_SHAPE_INT, .min = 1, .max = 1000000 };
	static const struct bl_shape percent = { .kind = BL_SHAPE_DEC, .min = 0, .max = 100, .open = true };
	struct bl_shape_at here = { at, "nk", 0 }, first = { &here, NULL, 0 }, second = { &here, NULL, 1 };

	if (bl_json_kind(j) != BL_JSON_ARRAY || bl_json_count(j) != 2)
		return bl_shape_fail(&here, x->err, "not a list of two: [n, percent]");
	if (bl_shape_check(&n, &first, bl_json_item(j, 0), x->err) || bl_shape_check(&percent, &second, bl_json_item(j, 1), x->err))
		return -1;
	r->kind = BL_RULE_NK;
	r->n = (uint64_t)bl_json_int(bl_json_item(j, 0));
	bl_shape_dec(bl_json_item(j, 1), &r->num);
	return 0;
}

static int dominance(struct parse *x, const struct bl_shape_at *at, const struct bl_json *j, struct bl_rule *r)
{
	static const struct bl_shape members[] = {
		{ .name = "p_percent", .kind = BL_SHAPE_DEC, .min = 0, .max = 100, .open = true },
		{ .name = "coalition", .kind = BL_SHAPE_INT, .min = 1, .max = 1000000 },
		{ .name = "nk", .kind = BL_SHAPE_ANY }, END,
	};
	static const struct bl_shape object = { .kind = BL_SHAPE_OBJECT, .of = members };
	const struct bl_json *p = bl_json_get(j, "p_percent"), *pair = bl_json_get(j, "nk");

	if (bl_shape_check(&object, at, j, x->err))
		return -1;
	if (!p == !pair || (pair && bl_json_get(j, "coalition")))
		return bl_shape_fail(at, x->err, "either p_percent (with coalition, if wanted) or nk is needed");
	if (pair)
		return nk(x, at, pair, r);
	r->n = (uint64_t)bl_json_get_int(j, "coalition", 0);
	bl_shape_dec(p, &r->num);
	return 0;
}

static int differencing(struct parse *x, const struct bl_shape_at *at, const struct bl_json *j, struct bl_rule *r)
{
	static const struct bl_shape members[] = {
		{ .name = "k", .kind = BL_SHAPE_INT, .min = 1, .max = COUNT_MAX }, { .name = "mode", .kind = BL_SHAPE_WORD, .words = "either xor" },
		{ .name = "cells", .kind = BL_SHAPE_INT, .min = 1, .max = 100000000 }, END,
	};
	static const struct bl_shape object = { .kind = BL_SHAPE_OBJECT, .of = members };

	if (bl_shape_check(&object, at, j, x->err))
		return -1;
	r->n = (uint64_t)bl_json_get_int(j, "k", 0);
	r->cells = (uint64_t)bl_json_get_int(j, "cells", 10000);
	r->xor_mode = bl_json_get(j, "mode") && !strcmp(bl_json_get_text(j, "mode"), "xor");
	if (!r->n)
		x->pending[x->npending++] = r;
	return 0;
}

static int zeros(struct parse *x, const struct bl_shape_at *at, const struct bl_json *j, struct bl_rule *r)
{
	static const struct bl_shape words = { .kind = BL_SHAPE_WORD, .words = "suppress allow" };

	if (bl_shape_check(&words, at, j, x->err))
		return -1;
	r->allow = !strcmp(bl_json_text(j, NULL), "allow");
	return 0;
}

static int dof(struct parse *x, const struct bl_shape_at *at, const struct bl_json *j, struct bl_rule *r)
{
	static const struct bl_shape members[] = {
		{ .name = "min", .kind = BL_SHAPE_INT, .min = 1, .max = COUNT_MAX, .required = true },
		{ .name = "max_ratio", .kind = BL_SHAPE_DEC, .min = 0, .max = 1, .open = true }, END,
	};

	if (members_or_k(x, at, j, members, "min", &r->n))
		return -1;
	if (bl_json_get(j, "max_ratio"))
		bl_shape_dec(bl_json_get(j, "max_ratio"), &r->num);
	return 0;
}

static int endpoints(struct parse *x, const struct bl_shape_at *at, const struct bl_json *j, struct bl_rule *r)
{
	static const struct bl_shape members[] = {
		{ .name = "k", .kind = BL_SHAPE_INT, .min = 1, .max = COUNT_MAX, .required = true }, END,
	};

	return members_or_k(x, at, j, members, "k", &r->n);
}

/* --- static rules --- */

static int principal(struct parse *x, const struct bl_shape_at *at, const struct bl_json *j, struct bl_rule *r)
{
	static const struct bl_shape shape = { .kind = BL_SHAPE_FPR };

	r->text = bl_json_text(j, NULL);
	return bl_shape_check(&shape, at, j, x->err);
}

static int role(struct parse *x, const struct bl_shape_at *at, const struct bl_json *j, struct bl_rule *r)
{
	static const struct bl_shape shape = { .kind = BL_SHAPE_WORD, .words = "owner custodian analyst auditor operator" };

	r->text = bl_json_text(j, NULL);
	return bl_shape_check(&shape, at, j, x->err);
}

static int purpose(struct parse *x, const struct bl_shape_at *at, const struct bl_json *j, struct bl_rule *r)
{
	static const struct bl_shape shape = { .kind = BL_SHAPE_TEXT, .min = 1, .max = 256 };

	r->text = bl_json_text(j, NULL);
	return bl_shape_check(&shape, at, j, x->err);
}

/* "08-18": two numbers of exactly `digits` digits. */
static bool range(const char *s, size_t digits, unsigned *from, unsigned *to)
{
	uint64_t a, b;

	if (strlen(s) != 2 * digits + 1 || s[digits] != '-' || !bl_num_parse_u64(s, digits, &a) || !bl_num_parse_u64(s + digits + 1, digits, &b))
		return false;
	*from = (unsigned)a;
	*to = (unsigned)b;
	return true;
}

static void take_time(const struct bl_json *j, const char *name, int64_t *out)
{
	size_t n;
	const char *s = bl_json_text(bl_json_get(j, name), &n);
	int64_t us;

	if (s && bl_time_parse_stamp(s, n, &us))
		*out = us / 1000000 - (us % 1000000 < 0);
}

static int time_of(struct parse *x, const struct bl_shape_at *at, const struct bl_json *j, struct bl_rule *r)
{
	static const struct bl_shape members[] = {
		{ .name = "after", .kind = BL_SHAPE_TIME }, { .name = "before", .kind = BL_SHAPE_TIME },
		{ .name = "hours", .kind = BL_SHAPE_TEXT, .min = 1, .max = 8 }, { .name = "days", .kind = BL_SHAPE_TEXT, .min = 1, .max = 8 }, END,
	};
	static const struct bl_shape object = { .kind = BL_SHAPE_OBJECT, .of = members };
	struct bl_shape_at hours = { at, "hours", 0 }, days = { at, "days", 0 };
	const char *h, *d;
	unsigned from, to;

	if (bl_shape_check(&object, at, j, x->err))
		return -1;
	if (!bl_json_count(j))
		return bl_shape_fail(at, x->err, "empty");
	take_time(j, "after", &r->after);
	take_time(j, "before", &r->before);
	h = bl_json_get_text(j, "hours");
	if (h) {
		if (!range(h, 2, &from, &to) || from >= to || to > 24)
			return bl_shape_fail(&hours, x->err, "not hours of a day like 08-18");
		r->hour_from = (uint8_t)from;
		r->hour_to = (uint8_t)to;
	}
	d = bl_json_get_text(j, "days");
	if (d) {
		if (!range(d, 1, &from, &to) || from < 1 || from > to || to > 7)
			return bl_shape_fail(&days, x->err, "not days of a week like 1-5, Monday is 1");
		r->days = (uint8_t)((1u << to) - (1u << (from - 1)));
	}
	return 0;
}

static int dp(struct parse *x, const struct bl_shape_at *at, const struct bl_json *j, struct bl_rule *r)
{
	static const struct bl_shape members[] = {
		{ .name = "max_epsilon", .kind = BL_SHAPE_DEC, .min = 0, .max = 1000000, .open = true, .digits = 12, .required = true }, END,
	};
	static const struct bl_shape object = { .kind = BL_SHAPE_OBJECT, .of = members }, yes = { .kind = BL_SHAPE_TRUE };
	bool capped = bl_json_kind(j) == BL_JSON_OBJECT;

	if (bl_shape_check(capped ? &object : &yes, at, j, x->err))
		return -1;
	if (capped)
		bl_shape_dec(bl_json_get(j, "max_epsilon"), &r->num);
	return 0;
}

/* --- one expression --- */

static const struct {
	const char *name;
	enum bl_rule_kind kind;
	int (*parse)(struct parse *x, const struct bl_shape_at *at, const struct bl_json *j, struct bl_rule *r);
} rules[] = {
	{ "min_entities", BL_RULE_MIN_ENTITIES, min_entities }, { "dominance", BL_RULE_P_PERCENT, dominance },
	{ "differencing", BL_RULE_DIFFERENCING, differencing }, { "zeros", BL_RULE_ZEROS, zeros }, { "dof", BL_RULE_DOF, dof },
	{ "endpoints", BL_RULE_ENDPOINTS, endpoints }, { "principal", BL_RULE_PRINCIPAL, principal }, { "role", BL_RULE_ROLE, role },
	{ "purpose", BL_RULE_PURPOSE, purpose }, { "time", BL_RULE_TIME, time_of }, { "dp", BL_RULE_DP, dp },
};

static int unknown(struct parse *x, const struct bl_shape_at *at)
{
	/* The walk over a table that cannot hold it words the error and the hint. */
	static const struct bl_shape members[] = {
		{ .name = "all", .kind = BL_SHAPE_ANY }, { .name = "any", .kind = BL_SHAPE_ANY }, { .name = "at_least", .kind = BL_SHAPE_ANY },
		{ .name = "min_entities", .kind = BL_SHAPE_ANY }, { .name = "dominance", .kind = BL_SHAPE_ANY },
		{ .name = "differencing", .kind = BL_SHAPE_ANY }, { .name = "zeros", .kind = BL_SHAPE_ANY },
		{ .name = "dof", .kind = BL_SHAPE_ANY }, { .name = "endpoints", .kind = BL_SHAPE_ANY },
		{ .name = "principal", .kind = BL_SHAPE_ANY }, { .name = "role", .kind = BL_SHAPE_ANY },
		{ .name = "purpose", .kind = BL_SHAPE_ANY }, { .name = "time", .kind = BL_SHAPE_ANY }, { .name = "dp", .kind = BL_SHAPE_ANY }, END,
	};
	return bl_shape_unknown(members, at, x->err);
}

static int connective(struct parse *x, const struct bl_shape_at *at, const struct bl_json *j, unsigned depth, enum bl_rule_kind kind,
		      struct bl_rule **rule)
{
	struct bl_rule *r = new_rule(x, at, kind);

	if (!r)
		return -1;
	if (depth >= BL_DOC_EXPR_DEPTH)
		return bl_shape_fail(at, x->err, "nested more than %d deep", BL_DOC_EXPR_DEPTH);
	*rule = r;
	return kind == BL_RULE_AT_LEAST ? at_least(x, at, j, depth, r) : list(x, at, j, depth, r);
}

static int expression(struct parse *x, const struct bl_shape_at *at, const struct bl_json *j, unsigned depth, struct bl_rule **rule)
{
	const struct bl_json *v = NULL;
	struct bl_shape_at in = { at, NULL, 0 };
	struct bl_rule *r;

	if (bl_json_kind(j) == BL_JSON_BOOL)
		return (*rule = new_rule(x, at, bl_json_bool(j) ? BL_RULE_TRUE : BL_RULE_FALSE)) ? 0 : -1;
	if (bl_json_kind(j) != BL_JSON_OBJECT || bl_json_count(j) != 1)
		return bl_shape_fail(at, x->err, "not true, false or an object with exactly one rule");
	in.key = bl_json_key(j, 0, &v);
	if (!strcmp(in.key, "all"))
		return connective(x, &in, v, depth, BL_RULE_ALL, rule);
	if (!strcmp(in.key, "any"))
		return connective(x, &in, v, depth, BL_RULE_ANY, rule);
	if (!strcmp(in.key, "at_least"))
		return connective(x, &in, v, depth, BL_RULE_AT_LEAST, rule);
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (!strcmp(in.key, rules[i].name)) {
			*rule = r = new_rule(x, &in, rules[i].kind);
			return r ? rules[i].parse(x, &in, v, r) : -1;
		}
	return unknown(x, &in);
}

int bl_rule_parse(struct bl_policy *p, const struct bl_json *release, struct bl_rule **rule, struct bl_err *err)
{
	struct bl_shape_at at = { NULL, "release", 0 };
	struct parse x = { .p = p, .err = err };

	if (!release)
		return (*rule = new_rule(&x, &at, BL_RULE_FALSE)) ? 0 : -1;
	if (expression(&x, &at, release, 0, rule))
		return -1;
	for (unsigned i = 0; i < x.npending; i++) {
		if (!x.k) {
			bl_err_set(err, BL_CONFIG, "%s: k is missing, and there is no min_entities to take it from", x.pending[i]->path);
			return -1;
		}
		x.pending[i]->n = x.k;
	}
	return 0;
}
