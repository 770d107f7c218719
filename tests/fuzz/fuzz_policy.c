/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy from anyone: parsed or refused with class 78, never a crash. What parses has canonical bytes that parse to
 * themselves, is linted, shown and fitted to a table.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/draft.h"
#include "policy/show.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_policy(const char *s, size_t n)
{
	static struct bl_column col[] = {
		{ "id", { BL_TYPE_INT, 0, 0 } }, { "a", { BL_TYPE_DECIMAL, 9, 2 } }, { "b", { BL_TYPE_TEXT, 0, 0 } }, { "c", { BL_TYPE_DATE, 0, 0 } },
		{ "d", { BL_TYPE_DOUBLE, 0, 0 } }, { "e", { BL_TYPE_BOOL, 0, 0 } }, { "f", { BL_TYPE_STAMP, 0, 0 } },
	};
	static const struct bl_schema schema = { 7, col };
	struct bl_policy p, again;
	struct bl_lint l;
	struct bl_err err = { 0 };
	struct bl_buf b;

	if (bl_doc_parse(&p, s, n, &err)) {
		if (err.code != BL_CONFIG || !err.msg[0])
			abort();
		return;
	}
	if (bl_doc_parse(&again, p.canonical, p.canonical_len, &err) || memcmp(p.hash, again.hash, 32) || !bl_json_canonical(p.canonical, p.canonical_len, BL_DOC_DEPTH))
		abort();
	bl_doc_fini(&again);
	if (bl_lint_run(&l, &p, &schema, &err) || l.errors + l.warnings != l.n)
		abort();
	if (bl_doc_check_schema(&p, &schema, &err) && !l.errors)
		abort();
	bl_lint_fini(&l);
	bl_buf_init(&b, 64 << 20);
	bl_show_print(&p, NULL, &b);
	if (b.failed)
		abort();
	bl_buf_fini(&b);
	bl_doc_fini(&p);
}

/* The same bytes as the first line of a table. */
static void try_draft(const char *s, size_t n)
{
	struct bl_draft d = { .k = 10, .header = s, .header_len = n };
	struct bl_err err = { 0 };
	struct bl_policy p;
	struct bl_buf b;

	bl_buf_init(&b, 4 << 20);
	if (bl_draft_print(&d, &b, &err)) {
		if (err.code != BL_DATA)
			abort();
	} else if (bl_doc_parse(&p, (const char *)b.p, b.len, &err)) {
		if (b.len <= BL_DOC_MAX)
			abort();
	} else {
		if (bl_lint_check(&p, NULL, &err))
			abort();
		bl_doc_fini(&p);
	}
	bl_buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int ready;

	if (!ready++)
		bl_json_init();
	try_policy((const char *)data, size);
	try_draft((const char *)data, size);
	return 0;
}
