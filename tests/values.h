/* SPDX-License-Identifier: Apache-2.0 */
/*
 * values: rows for the table of tests/query.h, from ordinary to nasty, and ways to hand them to the evaluator: with and
 * without known ranges, with dictionaries, as constants, many at once. Whatever the way, the values must be the same.
 */
#ifndef TESTS_VALUES_H
#define TESTS_VALUES_H

#include "base/time.h"
#include "query.h"
#include "query/eval.h"

enum { VALUES_ROWS = 8, VALUES_TEXT = 1 << 16 };
/* As SQL would write them; NULL is NULL. */
static const char *const values_rows[VALUES_ROWS][QUERY_NCOL] = {
	{ "7", "3", "male", "22.5", "7.2500", "10.50", "0.05", "1990-02-28", "2020-02-29T12:34:56.789Z", "true", "5", "-3", "\303\234n\303\257 %_\\", "1" },
	{ NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL },
	{ "9223372036854775807", "0", "", "-0.5", "-1.2345", "-2.50", "1.00", "0001-01-01", "1969-12-31T23:59:59.999999Z", "false", "-7", "2", " x ", "1" },
	{ "-9223372036854775808", "1", "Female", "1e300", "99999999999.9999", "9999999999999.99", "-0.01", "9999-12-31", "9999-12-31T23:59:59.999999Z", "true", "0", "-1", "aXbXc", "1" },
	{ "0", "2", "MALE", "2.675", "0.0000", "0.00", "0.00", "2000-02-29", "2000-12-31T00:00:00Z", "false", "1", "0", "3.14", "1" },
	{ "-1", "-9223372036854775808", "m", "-1e-300", "0.5000", "-0.01", "0.10", "1969-12-31", "1970-01-01T00:00:00.5Z", "true", "9223372036854775807", "1", "2021-13-01", "1" },
	{ "1234567", "9", "\347\224\267", "3", "2.5000", "2.50", "0.07", "2021-01-03", "2021-01-03T01:02:03Z", "false", "-1", "-2", " -12 ", "1" },
	{ "10", "4", "male ", "-7.5", "-2.5000", "-2.5", "0.33", "2024-12-30", "2024-12-30T23:00:00Z", "true", "3", "10", "true", "1" },
};

struct values {
	uint32_t n;
	int64_t i64[QUERY_NCOL][BL_TYPE_VECTOR];
	double f64[QUERY_NCOL][BL_TYPE_VECTOR];
	struct bl_str str[QUERY_NCOL][BL_TYPE_VECTOR];
	uint32_t code[QUERY_NCOL][BL_TYPE_VECTOR];
	struct bl_str dict[QUERY_NCOL][VALUES_ROWS];
	uint64_t null[QUERY_NCOL][BL_TYPE_VECTOR / 64];
	struct bl_eval_vec vec[QUERY_NCOL];
	struct bl_eval_range range[QUERY_NCOL];
};

enum values_way { VALUES_PLAIN, VALUES_RANGES, VALUES_DICT, VALUES_DICT_KEPT, VALUES_CONSTANT, VALUES_WAYS };

static inline void values_parse(struct values *t, uint32_t c, uint32_t i, const char *s)
{
	struct bl_type type = query_columns[c].type;
	bool good = true;

	if (!s) {
		t->null[c][i / 64] |= (uint64_t)1 << i % 64;
		t->str[c][i] = (struct bl_str){ "", 0 };
		return;
	}
	switch ((enum bl_type_kind)type.kind) {
	case BL_TYPE_BOOL: t->i64[c][i] = *s == 't'; break;
	case BL_TYPE_INT: good = bl_num_parse_i64(s, strlen(s), &t->i64[c][i]); break;
	case BL_TYPE_DECIMAL: good = bl_num_parse_dec(s, strlen(s), type.scale, &t->i64[c][i]); break;
	case BL_TYPE_DOUBLE: good = bl_num_parse_f64(s, strlen(s), &t->f64[c][i]); break;
	case BL_TYPE_DATE: good = bl_time_parse_date(s, strlen(s), &t->i64[c][i]); break;
	case BL_TYPE_STAMP: good = bl_time_parse_stamp(s, strlen(s), &t->i64[c][i]); break;
	default: t->str[c][i] = (struct bl_str){ s, (uint32_t)strlen(s) }; break;
	}
	if (!good)
		abort();
}

/* n rows: row i is row (first + i) % VALUES_ROWS of the table. A constant is one row, n times. */
static inline void values_init(struct values *t, enum values_way way, uint32_t first, uint32_t n)
{
	memset(t, 0, sizeof *t);
	t->n = n;
	for (uint32_t c = 0; c < QUERY_NCOL; c++) {
		struct bl_eval_vec *v = &t->vec[c];
		struct bl_eval_range *r = &t->range[c];
		bool text = query_columns[c].type.kind == BL_TYPE_TEXT, number = query_columns[c].type.kind == BL_TYPE_DOUBLE, nulls = false;
		for (uint32_t i = 0; i < (way == VALUES_CONSTANT ? 1 : n); i++) {
			uint32_t row = (first + i) % VALUES_ROWS;
			const char *s = values_rows[row][c];
			values_parse(t, c, i, s);
			nulls |= !s;
			if (s && !text && !number && way == VALUES_RANGES) {
				r->min = !r->known || t->i64[c][i] < r->min ? t->i64[c][i] : r->min;
				r->max = !r->known || t->i64[c][i] > r->max ? t->i64[c][i] : r->max;
				r->known = true;
			}
			t->code[c][i] = row;
			t->dict[c][row] = t->str[c][i];
		}
		*v = (struct bl_eval_vec){ .type = query_columns[c].type, .n = n, .constant = way == VALUES_CONSTANT };
		if (text && (way == VALUES_DICT || way == VALUES_DICT_KEPT)) {
			v->code = t->code[c];
			v->dict = t->dict[c];
			v->ndict = VALUES_ROWS;
		} else if (text) {
			v->str = t->str[c];
		} else if (number) {
			v->f64 = t->f64[c];
		} else {
			v->i64 = t->i64[c];
		}
		v->null = nulls ? t->null[c] : NULL;
	}
}

static inline struct bl_eval_in values_in(const struct values *t, enum values_way way)
{
	return (struct bl_eval_in){ .n = t->n, .col = t->vec, .dicts = way == VALUES_DICT_KEPT ? 1 : 0 };
}

/* Value i as canonical text, "-" for NULL. */
static inline void values_print(const struct bl_eval_vec *v, uint32_t i, struct bl_buf *b)
{
	char out[BL_NUM_TEXT];
	bl_i128 x;
	struct bl_str s;

	if (v->constant)
		i = 0;
	if (v->null && v->null[i / 64] >> i % 64 & 1) {
		bl_buf_puts(b, "-");
		return;
	}
	x = v->i64 ? v->i64[i] : v->i128 ? v->i128[i] : 0;
	switch ((enum bl_type_kind)v->type.kind) {
	case BL_TYPE_BOOL:
		bl_buf_puts(b, x ? "true" : "false");
		return;
	case BL_TYPE_DOUBLE:
		bl_num_print_f64(v->f64[i], out);
		break;
	case BL_TYPE_DATE:
		bl_time_print_date((int64_t)x, out);
		break;
	case BL_TYPE_STAMP:
		bl_time_print_stamp((int64_t)x, out);
		break;
	case BL_TYPE_TEXT:
		s = v->code ? v->dict[v->code[i]] : v->str[i];
		bl_buf_put(b, s.p, s.n);
		return;
	default:
		bl_num_print_dec(x, v->type.scale, out);
		break;
	}
	bl_buf_puts(b, out);
}

#endif
