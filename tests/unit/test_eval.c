/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions over the rows of tests/values.h: what every operator gives, however wide it runs and however the values come. */
#include "../values.h"
#include "../tap.h"

static struct values table;

/* The values of expr for all rows, one behind the other with "|" between; "-" is NULL. */
static char *evaluate(const char *expr, enum values_way way)
{
	struct query q;
	struct bl_eval *v = NULL;
	struct bl_eval_vec out;
	struct bl_eval_in in;
	struct bl_buf b;
	char *sql, *text;

	bl_buf_init(&b, 4 << 20);
	if (asprintf(&sql, "select %s from t", expr) < 0)
		return NULL;
	query(&q, sql);
	if (!q.rc && q.p.out[0].expr->op == BL_OP_LIT)
		q.rc = bl_err_set(&q.err, BL_BUG, "this is a literal");
	for (uint32_t row = 0; !q.rc && row < VALUES_ROWS; row++) {
		/* Row by row with its own range and as a constant; the other ways at once. */
		uint32_t first = way == VALUES_RANGES || way == VALUES_CONSTANT ? row : 0, n = way == VALUES_RANGES ? 1 : way == VALUES_CONSTANT ? 70 : 8;
		if (row == first) {
			values_init(&table, way, first, n);
			v = bl_eval_new(&q.p, q.p.key[0], table.range, &q.a, &q.err);
			in = values_in(&table, way);
			for (int again = 0; v && !q.rc && again < 2; again++)
				q.rc = bl_eval_run(v, &in, NULL, &out, &q.err);
			if (!v || q.rc)
				q.rc = -1;
		}
		if (q.rc)
			break;
		if (row)
			bl_buf_puts(&b, "|");
		values_print(&out, row - first + (way == VALUES_CONSTANT ? 69 : 0), &b);
	}
	if (q.rc)
		bl_buf_puts(&b, q.err.msg);
	bl_buf_put8(&b, 0);
	text = strdup((char *)b.p);
	bl_buf_fini(&b);
	bl_arena_fini(&q.a);
	free(sql);
	return text;
}

static void check(const char *expr, const char *wanted)
{
	static const char *const names[] = { "plain", "with ranges", "with dictionaries", "with kept dictionaries", "as constants" };
	bool good = true;

	for (int way = 0; way < VALUES_WAYS; way++) {
		char *got = evaluate(expr, (enum values_way)way);
		if (good && strcmp(got, wanted)) {
			ok(false, "%s", expr);
			printf("# %s\n# got:    %s\n# wanted: %s\n", names[way], got, wanted);
			good = false;
		}
		free(got);
	}
	if (good)
		ok(true, "%.100s", expr);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			for (int way = 0; way < VALUES_WAYS; way++)
				printf("%s\n", evaluate(argv[i], (enum values_way)way));
		return 0;
	}
	check("id + 1", "8|-|-|-9223372036854775807|1|0|1234568|11");
	return tap_done();
}
