/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSV from anyone: never a crash, never a field that is not valid UTF-8 or keeps a quote alone, the same whatever the pieces
 * and whichever indexer, the same as libcsv where both accept; and every value loads as the type inferred from it.
 */
#include "../csv.h"
#include "base/text.h"
#include "format/csvindex.h"
#include "format/infer.h"
#include "format/value.h"

static void check_index(const uint8_t *p, size_t n)
{
	uint8_t *q = malloc(n + BL_CSVINDEX_SLACK);
	uint32_t *a = malloc((n + BL_CSVINDEX_SLACK) * 4), *b = malloc((n + BL_CSVINDEX_SLACK) * 4);
	struct bl_csvindex x, y;

	memcpy(q, p, n);
	memset(q + n, '"', BL_CSVINDEX_SLACK);
	bl_csvindex_plain(q, n, a, (uint32_t)n / 2, &x);
	if (bl_csvindex_has_fast()) {
		bl_csvindex_fast(q, n, b, (uint32_t)n / 2, &y);
		if (x.n != y.n || x.records != y.records || x.fault != y.fault || x.fault_at != y.fault_at || x.high != y.high ||
		    x.stopped != y.stopped || memcmp(a, b, x.n * 4) != 0)
			abort();
	}
	free(q);
	free(a);
	free(b);
}

static void check_value(struct bl_type t, const struct bl_csv_field *f)
{
	int64_t v;
	bool good = true;

	if (!f->n && !f->quoted)
		return;
	switch (t.kind) {
	case BL_TYPE_BOOL:
		good = bl_value_bool(f->p, f->n, &v);
		break;
	case BL_TYPE_INT:
		good = bl_value_int(f->p, f->n, &v);
		break;
	case BL_TYPE_DECIMAL:
		good = bl_value_decimal(f->p, f->n, t.precision, t.scale, &v);
		break;
	case BL_TYPE_DOUBLE:
		good = bl_value_double(f->p, f->n, &v);
		break;
	case BL_TYPE_DATE:
		good = bl_value_date(f->p, f->n, &v);
		break;
	case BL_TYPE_STAMP:
		good = bl_value_stamp(f->p, f->n, &v);
		break;
	}
	if (!good || (t.kind != BL_TYPE_TEXT && f->escaped))
		abort();
}

/* Two passes, as ingest makes them. */
static void check_types(const uint8_t *p, size_t n)
{
	struct bl_infer *f = NULL;
	struct bl_err err;

	for (int pass = 0; pass < 2; pass++) {
		struct csv_text t = { p, n, 0, pass ? 7 : 0 };
		struct bl_csv *c = bl_csv_new((struct bl_csv_source){ csv_read, &t }, (struct bl_csv_dialect){ ',', '"', NULL, 0 }, &err);
		struct bl_csv_rows r;
		int more = bl_csv_next(c, &r, &err);

		if (more == 1 && !pass)
			f = bl_infer_new(r.columns);
		while (more == 1 && (more = bl_csv_next(c, &r, &err)) == 1) {
			if (!pass)
				bl_infer_add(f, &r);
			for (uint32_t i = 0; i < r.n * r.columns; i++) {
				if (!bl_text_utf8(r.field[i].p, r.field[i].n))
					abort();
				if (pass)
					check_value(bl_infer_type(f, i % r.columns), &r.field[i]);
			}
		}
		bl_csv_free(c);
		if (more)
			break;
	}
	bl_infer_free(f);
}

/* Empty lines are records here and nothing to libcsv: compared without NULL-only records, and only where there is no lone CR. */
static bool same(const struct bl_buf *a, const struct bl_buf *b)
{
	size_t i = 0, k = 0;
	bool first = true;

	while (i < a->len || k < b->len) {
		if (first && i + 1 < a->len && a->p[i] == '-' && a->p[i + 1] == 1) {
			i += 2;
			if (k + 1 < b->len && b->p[k] == '-' && b->p[k + 1] == 1)
				k += 2;
			continue;
		}
		if (i == a->len || k == b->len || a->p[i] != b->p[k])
			return false;
		first = a->p[i] == 1;
		i++;
		k++;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bl_csv_dialect standard = { ',', '"', NULL, 0 }, odd = { '\t', '\'', NULL, 0 };
	struct bl_buf a, b, c, d;
	struct bl_err err = { 0 };
	bool bom = size >= 3 && !memcmp(data, "\xef\xbb\xbf", 3), marks = memchr(data, 1, size) || memchr(data, 2, size);
	int ra, rb, rc, rd;

	if (!size)
		return 0;
	check_index(data, size);
	check_types(data, size);
	ra = csv_dump(data, size, 0, standard, &a, &err);
	if (ra && (err.code != BL_DATA || !err.msg[0]))
		abort();
	rb = csv_dump(data, size, 3, standard, &b, &err);
	if (ra != rb || (!ra && (a.len != b.len || (a.len && memcmp(a.p, b.p, a.len) != 0))))
		abort();
	rc = csv_oracle(data + (bom ? 3 : 0), size - (bom ? 3 : 0), &c);
	if (!ra && !rc && !marks && !same(&a, &c))
		abort();
	rd = csv_dump(data, size, 5, odd, &d, &err);
	if (rd && (err.code != BL_DATA || !err.msg[0]))
		abort();
	bl_buf_fini(&a);
	bl_buf_fini(&b);
	bl_buf_fini(&c);
	bl_buf_fini(&d);
	return 0;
}
