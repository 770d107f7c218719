/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the other end of a session sends: HELLO, CHALLENGE, EVIDENCE, a request, an answer. The first byte chooses. */
#include <stdlib.h>

#include "crypt/mem.h"
#include "tee/answer.h"
#include "tee/request.h"
#include "tee/wire.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct bl_err err;

	(void)argc;
	(void)argv;
	bl_json_init();
	return bl_mem_init(false, &err);
}

static void answer(const uint8_t *p, size_t n)
{
	struct bl_arena arena;
	struct bl_answer a, again;
	struct bl_buf b;
	struct bl_err err;

	bl_arena_init(&arena, 16 << 20);
	bl_buf_init(&b, 16 << 20);
	if (!bl_answer_parse(&a, p, n, &arena, &err)) {
		/* What was read is printed and read again as the same table. */
		if (!bl_answer_print(&a, &b, &err) && !bl_answer_parse(&again, b.p, b.len, &arena, &err)) {
			if (again.table.nrow != a.table.nrow || again.table.ncol != a.table.ncol || again.err.code != a.err.code)
				abort();
			bl_answer_fini(&again);
		}
		bl_answer_fini(&a);
	}
	bl_buf_fini(&b);
	bl_arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t session[64];
	struct bl_wire_challenge challenge;
	struct bl_wire_hello hello;
	struct bl_request q;
	struct bl_err err;
	const char *statement;
	size_t len;

	if (!n)
		return 0;
	switch (*p % 5) {
	case 0:
		bl_wire_get_hello(p + 1, n - 1, &hello, &err);
		break;
	case 1:
		bl_wire_get_challenge(p + 1, n - 1, &challenge, &err);
		break;
	case 2:
		if (!bl_wire_get_evidence(p + 1, n - 1, 0, &statement, &len, &err) && len > n)
			abort();
		break;
	case 3:
		if (!bl_request_parse(&q, p + 1, n - 1, session, &err))
			bl_request_fini(&q);
		break;
	default:
		answer(p + 1, n - 1);
	}
	return 0;
}
