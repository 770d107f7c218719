/* SPDX-License-Identifier: Apache-2.0 */
/* Ids of entities: the same person has the same id whatever type the file gives to what names it. */
#include "../exec.h"
#include "../tap.h"

static int ids_of(const struct bl_column *col, uint32_t n, const char *const *text, const int64_t *i64, const double *f64, uint32_t rows, uint64_t (*id)[2])
{
	static const uint8_t key[32] = { 9 };
	const struct bl_schema s = { n, (struct bl_column *)col };
	const uint32_t entity[] = { 0 };
	struct bl_exec x = { .max_groups = 10, .memory = 16 << 20, .by_entity = true, .name = exec_name, .name_arg = key };
	struct exec_file f;
	struct bl_arena a;
	struct bl_plan p;
	struct bl_result res = { 0 };
	int r;

	bl_arena_init(&a, 16 << 20);
	r = exec_begin(&f, &s, entity, 1);
	for (uint32_t i = 0; i < rows && !r; i++) {
		if (text)
			r = exec_text(&f, 0, text[i], strlen(text[i]));
		else if (i64)
			f.w.col[0].i64[f.w.rows] = i64[i];
		else
			memcpy(&f.w.col[0].i64[f.w.rows], &f64[i], 8);
		r = r || exec_row(&f);
	}
	r = r || exec_end(&f) || exec_plan(&p, &a, &f, "select count(*) from t", &f.err) || bl_exec_run(&p, f.r, &x, &a, &res, &f.err);
	for (uint32_t i = 0; i < rows && !r; i++)
		memcpy(id[i], res.entity[i], 16);
	exec_fini(&f);
	bl_arena_fini(&a);
	return r;
}

static void ids(void)
{
	const struct bl_column text = { "e", { BL_TYPE_TEXT, 0, 0 } }, num = { "e", { BL_TYPE_INT, 0, 0 } }, dec = { "e", { BL_TYPE_DECIMAL, 9, 2 } },
			       real = { "e", { BL_TYPE_DOUBLE, 0, 0 } }, day = { "e", { BL_TYPE_DATE, 0, 0 } }, stamp = { "e", { BL_TYPE_STAMP, 0, 0 } };
	uint64_t a[3][2], b[3][2];
	uint8_t want[16];
	const uint8_t key[32] = { 9 }, bytes[] = { 2, 0, 0, 0, '1', '2' };

	ok(!ids_of(&text, 1, (const char *const[]){ "12", "-3", "0" }, NULL, NULL, 3, a), "ids of texts");
	ok(!ids_of(&num, 1, NULL, (const int64_t[]){ 12, -3, 0 }, NULL, 3, b) && !memcmp(a, b, sizeof a), "an integer has the id of its text");
	ok(!ids_of(&dec, 1, NULL, (const int64_t[]){ 1200, -300, 0 }, NULL, 3, b) && !memcmp(a, b, sizeof a), "so has a decimal, zeros at its end aside");
	ok(!ids_of(&real, 1, NULL, NULL, (const double[]){ 12, -3, 0 }, 3, b) && !memcmp(a, b, sizeof a), "and a double");
	bl_hash_keyed16(key, bytes, sizeof bytes, want);
	ok(!memcmp(a[0], want, 16), "an id is the keyed hash of length and text");
	ok(!ids_of(&text, 1, (const char *const[]){ "1.5", "1970-01-11", "x" }, NULL, NULL, 3, a) &&
	   !ids_of(&dec, 1, NULL, (const int64_t[]){ 150 }, NULL, 1, b) && !memcmp(a[0], b[0], 16), "fractions are texts too");
	ok(!ids_of(&day, 1, NULL, (const int64_t[]){ 10 }, NULL, 1, b) && !memcmp(a[1], b[0], 16), "a date is its RFC 3339 text");
	ok(!ids_of(&num, 1, NULL, (const int64_t[]){ INT64_MIN, 2932897, INT64_MAX }, NULL, 3, a) &&
	   !ids_of(&day, 1, NULL, (const int64_t[]){ INT64_MIN, 2932897, INT64_MAX }, NULL, 3, b) && !memcmp(a, b, sizeof a),
	   "a day that no calendar has is a number");
	ok(!ids_of(&stamp, 1, NULL, (const int64_t[]){ INT64_MIN, 2932897, INT64_MAX }, NULL, 3, b) && !memcmp(a[0], b[0], 16) &&
	   memcmp(a[1], b[1], 16) && !memcmp(a[2], b[2], 16), "and so is such a time");
}

int main(void)
{
	struct bl_err err;

	if (bl_mem_init(true, &err))
		return 1;
	ids();
	return tap_done();
}
