/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL from anyone, planned and evaluated over the nasty rows of tests/values.h: never a crash, and the same values with
 * ranges (row by row, so mostly in 64 bits) and without (mostly checked), with dictionaries, as constants, and over a full vector.
 */
#include "../values.h"

static struct values table;

/* The values of e by all rows, `way` by `way`; false when memory was out. */
static bool evaluate(struct query *q, const struct bl_expr *e, enum values_way way, struct bl_buf *b)
{
	uint32_t step = way == VALUES_PLAIN ? BL_TYPE_VECTOR : way == VALUES_RANGES ? 1 : way == VALUES_CONSTANT ? 3 : VALUES_ROWS;

	for (uint32_t row = 0; row < VALUES_ROWS; row += step == 3 ? 1 : step) {
		struct bl_eval_vec out;
		struct bl_eval *v;
		int64_t min, max;

		values_init(&table, way, row, step);
		struct bl_eval_in in = values_in(&table, way);
		v = bl_eval_new(&q->p, e, table.range, &q->a, &q->err);
		if (!v || bl_eval_run(v, &in, NULL, &out, &q->err))
			return false;
		for (uint32_t i = 0; i < (step == 3 ? 1 : step < VALUES_ROWS ? step : VALUES_ROWS); i++) {
			values_print(&out, i, b);
			bl_buf_put8(b, '|');
			bool null = out.null && out.null[0] >> (out.constant ? 0 : i) & 1;
			if (!null && out.i64 && bl_eval_narrow(v, &min, &max) && (out.i64[out.constant ? 0 : i] < min || out.i64[out.constant ? 0 : i] > max))
				abort();	/* outside of what was proven */
		}
	}
	return true;
}

static void check(struct query *q, const struct bl_expr *e)
{
	struct bl_buf first, b;
	bool good;

	if (!e)
		return;
	bl_buf_init(&first, 64 << 20);
	good = evaluate(q, e, VALUES_PLAIN, &first);
	for (int way = 1; way < VALUES_WAYS && good; way++) {
		bl_buf_init(&b, 64 << 20);
		good = evaluate(q, e, (enum values_way)way, &b);
		if (good && !b.failed && !first.failed && (b.len != first.len || memcmp(b.p, first.p, b.len)))
			abort();
		bl_buf_fini(&b);
	}
	if (!good && q->err.code != BL_REFUSED)
		abort();
	bl_buf_fini(&first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct query q;

	if (!query_n(&q, (const char *)data, size)->rc) {
		uint32_t nodes = 0;
		for (uint32_t i = 0; i < q.p.nkey; i++)
			nodes += q.p.key[i]->size;
		if (nodes < 300) {
			check(&q, q.p.where);
			for (uint32_t i = 0; i < q.p.nkey; i++)
				check(&q, q.p.key[i]);
			for (uint32_t i = 0; i < q.p.ncell; i++) {
				check(&q, q.p.cell[i].arg);
				check(&q, q.p.cell[i].cond);
			}
		}
	}
	bl_arena_fini(&q.a);
	return 0;
}
