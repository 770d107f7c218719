/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames from anyone. First byte: a helper here or in a VM; packets, or a stream, whose bytes then follow. Packets: a byte of
 * descriptors and how the header is made (raw, or repaired so that the states behind it are reached), u16 length, bytes. Never a crash; a
 * body stays in its packet; what was refused once stays refused; and two ends that hear the same words are in the same state.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tee/frame.h"

enum { STREAM = 60 << 10 };		/* what a socket takes without a reader */

/* Until it ends, one way or the other; the same bytes as packets must come to the same end. */
static void hear_stream(enum bl_frame_side side, const uint8_t *data, size_t size)
{
	static uint8_t packet[BL_FRAME_MAX];
	struct bl_frame_link l, twin;
	struct bl_frame f, g;
	struct bl_err err = { 0 }, ignored;
	size_t at = 0;
	int pair[2], fd;

	if (size > STREAM || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return;
	if (write(pair[1], data, size) != (ssize_t)size)
		abort();
	close(pair[1]);
	bl_frame_init_vm(&l, side);
	bl_frame_init_vm(&twin, side);
	while (!bl_frame_recv(&l, pair[0], packet, &f, &fd, &err)) {
		if (fd != -1 || bl_frame_get(&twin, data + at, BL_FRAME_HEAD + f.len, 0, &g, &ignored) || g.type != f.type || g.len != f.len ||
		    memcmp(f.body, g.body, f.len) || twin.state != l.state)
			abort();
		at += BL_FRAME_HEAD + f.len;
	}
	if ((err.code != BL_UNAVAILABLE && err.code != BL_PROTOCOL) || at > size)
		abort();
	close(pair[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t packet[BL_FRAME_MAX + 16];
	struct bl_frame_link end[2];
	struct bl_err err = { 0 };
	struct bl_frame f;
	struct bl_buf b;
	struct bl_cur c;

	bl_cur_init(&c, data, size);
	const uint8_t form = bl_cur_get8(&c);
	if (form & 2) {
		hear_stream(form & 1 ? BL_FRAME_CLIENT : BL_FRAME_HELPER, c.p, c.left);
		return 0;
	}
	for (unsigned i = 0; i < 2; i++)
		(form & 1 ? bl_frame_init_vm : bl_frame_init)(&end[i], i ? BL_FRAME_CLIENT : BL_FRAME_HELPER);
	bl_buf_init(&b, BL_FRAME_MAX);
	while (c.left) {
		const uint8_t how = bl_cur_get8(&c);
		const unsigned from = how & 1, nfd = how >> 1 & 3;
		size_t n = bl_cur_get16(&c);
		if (how & 8) {		/* said by our own code: the other end must take it */
			const uint16_t type = bl_cur_get8(&c), flags = bl_cur_get8(&c) & 1;
			bl_buf_clear(&b);
			memset(packet, 0, n);
			if (bl_frame_put(&end[from], type, flags, packet, n, &b, &err)) {
				if (err.code != BL_BUG || b.len)
					abort();
			} else if (bl_frame_get(&end[!from], b.p, b.len, type == BL_FRAME_OPEN && !(form & 1), &f, &err) || f.len != n || f.type != type ||
				   end[0].state != end[1].state || end[0].more_type != end[1].more_type) {
				abort();
			}
			continue;
		}
		/* A stranger's: judged on a copy, so that the two ends stay together. */
		struct bl_frame_link l = end[!from];
		const uint8_t *p;
		if (n > c.left)
			n = c.left;
		if (!(p = bl_cur_get(&c, n)))
			break;
		memcpy(packet, p, n);
		if (how & 16 && n >= BL_FRAME_HEAD) {
			memcpy(packet, "BLT1", 4);
			memcpy(packet + 8, &l.in_seq, 4);
			memcpy(packet + 12, &(uint32_t){ (uint32_t)(n - BL_FRAME_HEAD) }, 4);
		}
		if (!bl_frame_get(&l, packet, n, nfd, &f, &err)) {
			if (f.body != packet + BL_FRAME_HEAD || f.len != n - BL_FRAME_HEAD || nfd != (f.type == BL_FRAME_OPEN && !(form & 1)))
				abort();
			if (f.type == BL_FRAME_ERROR && (bl_frame_error(&f, NULL, &err) != -1 || !err.code))
				abort();
		} else if (err.code != BL_PROTOCOL || !bl_frame_get(&l, packet, n, nfd, &f, &err)) {
			abort();
		}
	}
	bl_buf_fini(&b);
	return 0;
}
