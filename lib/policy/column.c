/* SPDX-License-Identifier: Apache-2.0 */
/*
 * column: what a policy says about one column, and whether that fits the type the column has.
 */
#include <string.h>

#include "base/time.h"
#include "policy/column.h"
#include "policy/grammar.h"

static unsigned mask(const char *words, const struct bl_json *list)
{
	unsigned m = 0;

	for (size_t i = 0; i < bl_json_count(list); i++)
		m |= 1u << bl_shape_word(words, bl_json_text(bl_json_item(list, i), NULL));
	return m;
}

void bl_column_take(struct bl_doc_column *c, const char *name, const struct bl_json *j)
{
	const struct bl_json *functions = bl_json_get(j, "functions"), *bounds = bl_json_get(j, "bounds"), *ingest = bl_json_get(j, "ingest");
	const char *class = bl_json_get_text(j, "class"), *transform = bl_json_text(ingest, NULL);
	static const enum bl_class classes[] = { BL_CLASS_IDENTIFIER, BL_CLASS_QUASI, BL_CLASS_SENSITIVE, BL_CLASS_PUBLIC };

	*c = (struct bl_doc_column){ .name = name, .functions = BL_FN_ADDITIVE, .class = BL_CLASS_DEFAULT };
	c->uses = mask(bl_grammar_uses, bl_json_get(j, "uses"));
	if (class)
		c->class = classes[bl_shape_word(bl_grammar_classes, class)];
	if (functions)
		c->functions = mask(bl_grammar_functions, functions);
	else if (c->class == BL_CLASS_IDENTIFIER)	/* the default is what the class allows */
		c->functions = BL_FN_COUNT | BL_FN_COUNT_DISTINCT;
	if (bounds && !(bl_shape_dec(bl_json_item(bounds, 0), &c->lo) && bl_shape_dec(bl_json_item(bounds, 1), &c->hi))) {
		c->lo = c->hi = (struct bl_dec){ 0 };
		c->lo_text = bl_json_text(bl_json_item(bounds, 0), NULL);
		c->hi_text = bl_json_text(bl_json_item(bounds, 1), NULL);
	}
	c->domain = bl_json_get(j, "domain");
	if (bl_json_get(j, "grid"))
		bl_shape_dec(bl_json_get(j, "grid"), &c->grid);
	if (bl_json_get(j, "bin"))
		bl_shape_dec(bl_json_get(j, "bin"), &c->bin);
	c->like = bl_json_bool(bl_json_get(j, "like"));
	c->scale = (int)bl_json_get_int(j, "scale", -1);
	c->ingest = transform && !strcmp(transform, "keep") ? NULL : ingest;
	c->tag = bl_json_get(j, "tag");
}

unsigned bl_column_excess_uses(const struct bl_doc_column *c)
{
	switch (c->class) {
	case BL_CLASS_IDENTIFIER:
		return c->uses & ~(unsigned)(BL_USE_JOIN | BL_USE_AGGREGATE);
	case BL_CLASS_QUASI:
	case BL_CLASS_SENSITIVE:
		return c->uses & BL_USE_PROJECT;
	case BL_CLASS_DEFAULT:
	case BL_CLASS_PUBLIC:
		return 0;
	}
	return c->uses;
}

unsigned bl_column_excess_functions(const struct bl_doc_column *c)
{
	return c->class == BL_CLASS_IDENTIFIER && c->uses & BL_USE_AGGREGATE ? c->functions & ~(unsigned)(BL_FN_COUNT | BL_FN_COUNT_DISTINCT) : 0;
}

/* --- against a type --- */

static bool numeric(struct bl_type t)
{
	return t.kind == BL_TYPE_INT || t.kind == BL_TYPE_DECIMAL || t.kind == BL_TYPE_DOUBLE;
}

/* A number that a column of this type can hold exactly (doubles: any). */
static bool number_fits(const struct bl_dec *d, struct bl_type t)
{
	unsigned scale = t.kind == BL_TYPE_DECIMAL ? t.scale : 0;

	if (t.kind == BL_TYPE_DOUBLE)
		return true;
	if (t.kind == BL_TYPE_BOOL)
		return !d->scale && (d->v == 0 || d->v == 1);
	if ((t.kind != BL_TYPE_INT && t.kind != BL_TYPE_DECIMAL) || d->scale > scale)
		return false;
	/* 10^18 on either side: times 10^18 at most, which is within 128 bits; a column's value is within 64. */
	bl_i128 v = d->v * bl_num_pow10_i128(scale - d->scale);
	return v >= INT64_MIN && v <= INT64_MAX;
}

static bool value_fits(const struct bl_json *j, struct bl_type t)
{
	size_t n;
	const char *s = bl_json_text(j, &n);
	struct bl_dec d;
	int64_t v;

	if (bl_json_kind(j) == BL_JSON_NULL)
		return true;
	switch (t.kind) {
	case BL_TYPE_TEXT:
		return s;
	case BL_TYPE_DATE:
		return s && bl_time_parse_date(s, n, &v);
	case BL_TYPE_STAMP:
		return s && (bl_time_parse_stamp(s, n, &v) || bl_time_parse_date(s, n, &v));
	case BL_TYPE_BOOL:
		return bl_json_kind(j) == BL_JSON_BOOL || (bl_shape_dec(j, &d) && number_fits(&d, t));
	default:
		return bl_shape_dec(j, &d) && number_fits(&d, t);
	}
}

/* Microseconds or days. */
static bool moment(const char *s, struct bl_type t, int64_t *v)
{
	size_t n = strlen(s);

	if (t.kind == BL_TYPE_DATE)
		return bl_time_parse_date(s, n, v);
	if (t.kind != BL_TYPE_STAMP)
		return false;
	if (bl_time_parse_stamp(s, n, v))
		return true;
	return bl_time_parse_date(s, n, v) && !__builtin_mul_overflow(*v, INT64_C(86400000000), v);
}

static int misfit(const struct bl_doc_column *c, const struct bl_column *of, const char *field, struct bl_err *err)
{
	char type[32];

	bl_type_print(of->type, type);
	return bl_err_set(err, BL_CONFIG, "columns.%s.%s: does not fit column '%s' of type %s", c->name, field, of->name, type);
}

static int check_bounds(const struct bl_doc_column *c, const struct bl_column *of, struct bl_err *err)
{
	int64_t lo, hi;

	if (c->lo.set && (!number_fits(&c->lo, of->type) || !number_fits(&c->hi, of->type)))
		return misfit(c, of, "bounds", err);
	if (!c->lo_text)
		return 0;
	if (!moment(c->lo_text, of->type, &lo) || !moment(c->hi_text, of->type, &hi))
		return misfit(c, of, "bounds", err);
	return lo > hi ? bl_err_set(err, BL_CONFIG, "columns.%s.bounds: the lower one is above the upper one", c->name) : 0;
}

static int check_domain(const struct bl_doc_column *c, const struct bl_column *of, struct bl_err *err)
{
	static const char *const ends[] = { "from", "to", "step" };
	struct bl_dec d;

	if (bl_json_kind(c->domain) == BL_JSON_OBJECT) {
		for (size_t i = 0; i < 3; i++)
			if (!numeric(of->type) || (bl_json_get(c->domain, ends[i]) &&
			    !(bl_shape_dec(bl_json_get(c->domain, ends[i]), &d) && number_fits(&d, of->type))))
				return misfit(c, of, "domain", err);
		return 0;
	}
	for (size_t i = 0; i < bl_json_count(c->domain); i++)
		if (!value_fits(bl_json_item(c->domain, i), of->type))
			return misfit(c, of, "domain", err);
	return 0;
}

int bl_column_check(const struct bl_doc_column *c, const struct bl_column *of, struct bl_err *err)
{
	unsigned scale = of->type.kind == BL_TYPE_DECIMAL ? of->type.scale : 0;

	if (c->scale >= 0 && ((unsigned)c->scale != scale || (of->type.kind != BL_TYPE_INT && of->type.kind != BL_TYPE_DECIMAL)))
		return misfit(c, of, "scale", err);
	if (check_bounds(c, of, err) || check_domain(c, of, err))
		return -1;
	if (c->grid.set && (!numeric(of->type) || !number_fits(&c->grid, of->type)))
		return misfit(c, of, "grid", err);
	if (c->bin.set && (!numeric(of->type) || !number_fits(&c->bin, of->type)))
		return misfit(c, of, "bin", err);
	return 0;
}
