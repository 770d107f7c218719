/* SPDX-License-Identifier: Apache-2.0 */
/* SQL from anyone: never a crash, never a plan that breaks its contract or prints two ways, never a hidden column. */
#include "../query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct query q, again;
	char table[64], *one, *two;
	struct bl_err err = { 0 };

	if (!query_n(&q, (const char *)data, size)->rc) {
		if (query_bad(&q.p) || q.p.used[QUERY_SECRET])
			abort();
		query_n(&again, (const char *)data, size);
		one = query_text(&q.p);
		two = query_text(&again.p);
		if (!one || !two || strcmp(one, two))
			abort();
		free(one);
		free(two);
		bl_arena_fini(&again.a);
		if (bl_plan_table((const char *)data, size, table, sizeof table, NULL, &err))
			abort();
	} else if ((q.err.code != BL_USAGE && q.err.code != BL_REFUSED) || !q.err.msg[0] ||
		   (q.place.pos != SIZE_MAX && (q.place.pos > size || q.place.len > size - q.place.pos))) {
		abort();
	}
	bl_arena_fini(&q.a);
	return 0;
}
