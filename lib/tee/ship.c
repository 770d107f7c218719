/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ship: see ship.h. What changed is told by sizes where files only grow, and by comparing what may be replaced: the checkpoint, the head
 * of the snapshot (which is new in every one), what lies behind the last record of the cells. No file is read as a whole for it.
 */
#include "tee/ship.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "crypt/note.h"
#include "policy/cells.h"
#include "policy/snapshot.h"

static const char *const names[BL_SHIP_FILES] = { "helper.key", "cells", "journal", "checkpoint", "snapshot" };
/* Most bytes that are compared, of a file that is written from its start on. */
static const uint64_t replaced[BL_SHIP_FILES] = { [BL_SHIP_CHECKPOINT] = BL_NOTE_MAX, [BL_SHIP_SNAPSHOT] = BL_SNAPSHOT_HEAD };

void bl_ship_fini(struct bl_ship *s)
{
	for (size_t i = 0; i < BL_SHIP_FILES; i++) {
		if (s->file[i].fd >= 0)
			close(s->file[i].fd);
		free(s->file[i].seen);
		s->file[i].fd = -1;
		s->file[i].seen = NULL;
	}
}

/* --- in --- */

static int get_lengths(struct bl_ship *s, const struct bl_frame *f, struct bl_err *err)
{
	uint64_t sum = 0;

	if (f->type != BL_FRAME_ATTACH || f->len < BL_SHIP_HEAD)
		return bl_err_set(err, BL_PROTOCOL, "the client sent a malformed ATTACH");
	for (size_t i = 0; i < BL_SHIP_FILES; i++) {
		s->file[i].size = bl_le64(f->body + 8 * i);
		if (s->file[i].size > BL_SHIP_MOST - sum)
			return bl_err_set(err, BL_PROTOCOL, "the client sent a vault that is too large");
		sum += s->file[i].size;
	}
	return 0;
}

/* The rest of the message, file by file: *at is the file in hand, *have what it has. */
static int put_bytes(struct bl_ship *s, size_t *at, uint64_t *have, const uint8_t *p, size_t n, struct bl_err *err)
{
	while (n) {
		while (*at < BL_SHIP_FILES && *have == s->file[*at].size) {
			++*at;
			*have = 0;
		}
		if (*at == BL_SHIP_FILES)
			return bl_err_set(err, BL_PROTOCOL, "the client sent a vault that is longer than it says");
		const uint64_t left = s->file[*at].size - *have;
		const size_t some = n < left ? n : (size_t)left;
		if (bl_file_write(s->file[*at].fd, p, some, err))
			return -1;
		*have += some;
		p += some;
		n -= some;
	}
	return 0;
}

static int receive(struct bl_ship *s, struct bl_frame_link *l, int port, struct bl_err *err)
{
	static uint8_t packet[BL_FRAME_MAX];
	struct bl_frame f;
	uint64_t have = 0;
	size_t at = 0;
	int fd, skip = BL_SHIP_HEAD;

	do {
		if (bl_frame_recv(l, port, packet, &f, &fd, err) || (skip && get_lengths(s, &f, err)) ||
		    put_bytes(s, &at, &have, f.body + skip, f.len - (size_t)skip, err))
			return -1;
		skip = 0;
	} while (f.flags & BL_FRAME_MORE);
	while (at < BL_SHIP_FILES && have == s->file[at].size) {
		at++;
		have = 0;
	}
	return at == BL_SHIP_FILES ? 0 : bl_err_set(err, BL_PROTOCOL, "the client sent a vault that is shorter than it says");
}

/* Takes note of the bytes from `from` on, at most n of them, as they are now. */
static int see(struct bl_ship *s, size_t i, uint64_t from, uint64_t n, struct bl_err *err)
{
	const uint64_t size = s->file[i].size;

	if (from > size)
		from = size;
	if (n > size - from)
		n = size - from;
	s->file[i].from = from;
	s->file[i].nseen = (size_t)n;
	free(s->file[i].seen);
	if (!(s->file[i].seen = malloc((size_t)n + 1)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	return bl_file_pread(s->file[i].fd, s->file[i].seen, (size_t)n, from, err);
}

static int see_all(struct bl_ship *s, struct bl_err *err)
{
	uint64_t end;

	/* A torn end of the cells is replaced by the next record; of the journal, the other end has cut it. */
	if (bl_cells_end(s->file[BL_SHIP_CELLS].fd, &end, err) || see(s, BL_SHIP_CELLS, end, BL_SHIP_MOST, err) ||
	    see(s, BL_SHIP_JOURNAL, s->file[BL_SHIP_JOURNAL].size, 0, err) || see(s, BL_SHIP_CHECKPOINT, 0, replaced[BL_SHIP_CHECKPOINT], err) ||
	    see(s, BL_SHIP_SNAPSHOT, 0, replaced[BL_SHIP_SNAPSHOT], err))
		return -1;
	return 0;
}

int bl_ship_attach(struct bl_ship *s, struct bl_frame_link *l, int port, int dir, struct bl_err *err)
{
	memset(s, 0, sizeof *s);
	for (size_t i = 0; i < BL_SHIP_FILES; i++)
		s->file[i].fd = -1;
	for (size_t i = 0; i < BL_SHIP_FILES; i++)
		if ((s->file[i].fd = openat(dir, names[i], O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)) < 0) {
			bl_err_sys(err, BL_IOERR, "cannot make '%s'", names[i]);
			goto fail;
		}
	if (!bl_frame_send(l, port, BL_FRAME_ATTACH, 0, NULL, 0, -1, err) && !receive(s, l, port, err) && !see_all(s, err))
		return 0;
fail:
	bl_ship_fini(s);
	return -1;
}

/* --- out --- */

/* From where on did it change? size is its size now. Its size, when it did not. */
static int find_change(const struct bl_ship *s, size_t i, uint64_t *size, uint64_t *from, struct bl_err *err)
{
	uint8_t now[4096];
	struct stat st;

	if (fstat(s->file[i].fd, &st))
		return bl_err_sys(err, BL_IOERR, "cannot read '%s'", names[i]);
	*size = (uint64_t)st.st_size;
	if (*size < s->file[i].from)
		return bl_err_set(err, BL_BUG, "'%s' became shorter", names[i]);
	*from = s->file[i].from;
	if (*size < s->file[i].size)
		return 0;
	for (size_t at = 0, n; at < s->file[i].nseen; at += n) {
		n = s->file[i].nseen - at < sizeof now ? s->file[i].nseen - at : sizeof now;
		if (bl_file_pread(s->file[i].fd, now, n, s->file[i].from + at, err))
			return -1;
		if (memcmp(now, s->file[i].seen + at, n))
			return 0;
	}
	/* What was seen is as it was: a file that grows goes on where it ended, one that is replaced goes out as a whole. */
	if (i <= BL_SHIP_JOURNAL || *size == s->file[i].size)
		*from = s->file[i].size;
	return 0;
}

/* The bytes [from, size) of a file, in pieces; none are one piece, which only cuts. */
static int send_file(const struct bl_ship *s, size_t i, uint64_t from, uint64_t size, bool last, struct bl_frame_link *l, int port, struct bl_err *err)
{
	static uint8_t body[BL_FRAME_BODY];

	do {
		const size_t n = size - from < BL_SHIP_ROOM ? (size_t)(size - from) : BL_SHIP_ROOM;
		const uint16_t head[4] = { (uint16_t)i, last && from + n == size };
		memcpy(body, head, 8);
		memcpy(body + 8, &from, 8);
		memcpy(body + 16, &size, 8);
		if (bl_file_pread(s->file[i].fd, body + BL_SHIP_PIECE, n, from, err) ||
		    bl_frame_send(l, port, BL_FRAME_APPEND, 0, body, BL_SHIP_PIECE + n, -1, err))
			return -1;
		from += n;
	} while (from < size);
	return 0;
}

static int await_sync(const struct bl_ship *s, struct bl_frame_link *l, int port, struct bl_err *err)
{
	struct bl_buf b;
	int rc;

	bl_buf_init(&b, 8);
	rc = bl_frame_recv_long(l, port, BL_FRAME_SYNCED, &b, err);
	if (!rc && bl_le64(b.p) != s->file[BL_SHIP_JOURNAL].size)
		rc = bl_err_set(err, BL_PROTOCOL, "the client keeps another journal");
	bl_buf_fini(&b);
	return rc;
}

int bl_ship_changes(struct bl_ship *s, struct bl_frame_link *l, int port, struct bl_err *err)
{
	uint64_t size[BL_SHIP_FILES], from[BL_SHIP_FILES];
	bool changed[BL_SHIP_FILES] = { false };
	size_t last = 0;

	for (size_t i = BL_SHIP_CELLS; i < BL_SHIP_FILES; i++) {
		if (find_change(s, i, &size[i], &from[i], err))
			return -1;
		changed[i] = from[i] < size[i] || size[i] < s->file[i].size;
		last = changed[i] ? i : last;
	}
	if (!last)
		return 0;
	for (size_t i = BL_SHIP_CELLS; i <= last; i++) {
		if (changed[i] && send_file(s, i, from[i], size[i], i == last, l, port, err))
			return -1;
		s->file[i].size = size[i];
		/* From now on they end with a whole record, a whole line. */
		if (changed[i] && see(s, i, i <= BL_SHIP_JOURNAL ? size[i] : 0, replaced[i], err))
			return -1;
	}
	return await_sync(s, l, port, err);
}
