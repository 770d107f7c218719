/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers, cursors, arenas: bounds, stickiness, overflow. */
#include <stdlib.h>

#include "../tap.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/cur.h"

static void test_buf(void)
{
	struct bl_buf b;

	bl_buf_init(&b, 10);
	bl_buf_put(&b, "12345", 5);
	bl_buf_put(&b, NULL, 0);
	bl_buf_puts(&b, "67890");
	ok(!b.failed && b.len == 10 && !memcmp(b.p, "1234567890", 10), "holds as much as it may");
	bl_buf_put8(&b, 'x');
	ok(b.failed && b.len == 10, "and not a byte more");
	bl_buf_puts(&b, "");
	bl_buf_printf(&b, "%s", "");
	ok(b.failed, "which it remembers");
	bl_buf_clear(&b);
	ok(!b.failed && !b.len, "until it is cleared");
	bl_buf_printf(&b, "%d-%s", 12345, "6789");
	ok(!b.failed && b.len == 10 && !memcmp(b.p, "12345-6789", 10), "a text of just that length fits, though printf wants a terminator");
	bl_buf_clear(&b);
	bl_buf_printf(&b, "%s", "12345678901");
	ok(b.failed && !b.len, "a longer one does not, and nothing of it is there");
	bl_buf_clear(&b);
	ok(!bl_buf_room(&b, SIZE_MAX) && b.failed, "no room for everything");
	bl_buf_clear(&b);
	bl_buf_put8(&b, 1);
	ok(!bl_buf_room(&b, SIZE_MAX), "nor for a sum that overflows");
	bl_buf_fini(&b);
	ok(!b.p && !b.len && b.max == 10, "freed, it keeps its bound");

	bl_buf_init(&b, SIZE_MAX);
	for (int i = 0; i < 1000; i++)
		bl_buf_printf(&b, "%03d ", i);
	ok(b.len == 4000 && !memcmp(b.p + 3996, "999 ", 4), "it grows");
	bl_buf_wipe(&b);
	ok(!b.p, "wiped, it is empty");
	bl_buf_init(&b, 0);
	bl_buf_puts(&b, "");
	ok(!b.failed, "one of no bytes takes nothing");
	bl_buf_printf(&b, "%s", "");
	ok(!b.failed, "also by printf");
	bl_buf_put8(&b, 0);
	ok(b.failed, "and nothing more");
	bl_buf_fini(&b);
}

static void test_cursor(void)
{
	struct bl_buf b;
	struct bl_cur c;
	const uint8_t *p;

	bl_buf_init(&b, 100);
	bl_buf_put8(&b, 0x12);
	bl_buf_put16(&b, 0x3456);
	bl_buf_put32(&b, 0x789abcde);
	bl_buf_put64(&b, UINT64_C(0xf0123456789abcde));
	bl_buf_puts(&b, "tail");
	ok(b.len == 19 && b.p[1] == 0x56 && b.p[3] == 0xde && b.p[7] == 0xde && b.p[14] == 0xf0, "numbers are little-endian");
	bl_cur_init(&c, b.p, b.len);
	is_int(bl_cur_get8(&c), 0x12, "one byte");
	is_int(bl_cur_get16(&c), 0x3456, "two");
	is_int(bl_cur_get32(&c), 0x789abcde, "four");
	ok(bl_cur_get64(&c) == UINT64_C(0xf0123456789abcde), "eight");
	p = bl_cur_get(&c, 4);
	ok(p == b.p + 15 && !c.left && !c.bad, "and bytes, which are not copied");
	ok(bl_cur_get(&c, 0) && !c.bad, "nothing more can be had from the end");
	ok(!bl_cur_get(&c, 1) && c.bad, "but a byte cannot");
	bl_cur_init(&c, b.p, 3);
	is_int(bl_cur_get32(&c), 0, "a number that is cut is zero");
	ok(c.bad, "and bad");
	is_int(bl_cur_get8(&c), 0, "and so is all that follows");
	ok(!bl_cur_get(&c, 0), "even nothing");
	bl_cur_init(&c, b.p, 3);
	ok(!bl_cur_get(&c, SIZE_MAX) && c.bad, "a length from outside cannot overflow it");
	bl_buf_fini(&b);
}

static void test_arena(void)
{
	struct bl_arena a;
	uint8_t *p, *q;
	unsigned dirty = 0, crooked = 0;

	bl_arena_init(&a, 1 << 20);
	p = bl_arena_alloc(&a, 0);
	q = bl_arena_alloc(&a, 0);
	ok(p && q && p != q, "nothing is a pointer, each its own");
	for (size_t n = 1; n < 900; n += 7) {
		p = bl_arena_alloc(&a, n);
		crooked += !p || (uintptr_t)p % 16;
		for (size_t i = 0; p && i < n; i++)
			dirty += p[i] != 0;
		if (p)
			memset(p, 0xff, n);
	}
	is_int(dirty, 0, "memory comes zeroed");
	is_int(crooked, 0, "and aligned");
	p = bl_arena_alloc(&a, 600000);
	q = bl_arena_alloc(&a, 16);
	ok(p && q, "a large piece leaves room for small ones");
	ok(!bl_arena_alloc(&a, 600000), "the limit holds");
	ok(bl_arena_alloc(&a, 16), "and a refusal spoils nothing");
	ok(!bl_arena_alloc(&a, SIZE_MAX) && !bl_arena_alloc(&a, SIZE_MAX - 8), "sizes do not overflow");
	ok(!bl_arena_array(&a, SIZE_MAX / 2, 3) && !bl_arena_array(&a, SIZE_MAX, SIZE_MAX), "nor do products");
	ok(!bl_arena_strndup(&a, "x", SIZE_MAX), "nor does a terminator");
	is_str(bl_arena_strndup(&a, "abcdef", 3), "abc", "a copy has one");
	is_str(bl_arena_strndup(&a, NULL, 0), "", "also of nothing");
	is_str(bl_arena_printf(&a, "%d %s", 7, "x"), "7 x", "it prints");
	bl_arena_fini(&a);
	is_int(a.used, 0, "freed, nothing is used");
	ok(bl_arena_alloc(&a, 1 << 20), "and all of the limit is there again");
	ok(!bl_arena_alloc(&a, 1), "exactly");
	bl_arena_fini(&a);
	bl_arena_init(&a, 40);
	ok(bl_arena_alloc(&a, 32) && !bl_arena_alloc(&a, 1), "a limit is counted in aligned bytes");
	ok(!bl_arena_printf(&a, "%s", "long text that does not fit"), "a text past it is NULL");
	bl_arena_fini(&a);
}

int main(void)
{
	test_buf();
	test_cursor();
	test_arena();
	return tap_done();
}
