/* SPDX-License-Identifier: Apache-2.0 */
/* snapshot: see snapshot.h. The head is in no box, but every box answers for it: its random id ties the boxes of one writing together. */
#include "policy/snapshot.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cur.h"
#include "base/file.h"
#include "crypt/box.h"
#include "crypt/mem.h"

enum { HEAD = BL_SNAPSHOT_HEAD, BOX = BL_SNAPSHOT_BOX, SEALED = BOX + BL_BOX_MORE, AAD = HEAD + 4 };
static const uint64_t most = (uint64_t)BOX << 24;		/* far above any memory, far below any overflow */
#define MAGIC "bl-snap1"

static uint64_t file_len(uint64_t n)
{
	return HEAD + n + (n + BOX - 1) / BOX * BL_BOX_MORE;
}

static bool start(struct bl_snapshot *s, int fd, const uint8_t *key)
{
	/* A head's room in front, so that a small state is written in one piece. */
	*s = (struct bl_snapshot){ .fd = fd, .key = key, .off = HEAD, .sealed = malloc(HEAD + SEALED), .plain = malloc(BOX) };
	s->bad = !s->sealed || !s->plain;
	return !s->bad;
}

void bl_snapshot_close(struct bl_snapshot *s)
{
	free(s->sealed);
	free(s->plain);
	s->sealed = s->plain = NULL;
	s->bad = true;
}

static void make_aad(const struct bl_snapshot *s, uint8_t aad[AAD])
{
	memcpy(aad, s->head, HEAD);
	memcpy(aad + HEAD, &s->box, 4);
}

/* --- reading --- */

bool bl_snapshot_open(struct bl_snapshot *s, int fd, const uint8_t *key)
{
	struct stat st;
	struct bl_err err;

	if (!start(s, fd, key))
		return false;
	s->bad = fstat(fd, &st) || st.st_size <= HEAD || bl_file_pread(fd, s->head, HEAD, 0, &err) || memcmp(s->head, MAGIC, 8) ||
		 (s->left = bl_le64(s->head + 8)) > most || !s->left || (uint64_t)st.st_size != file_len(s->left);
	return !s->bad;
}

/* Opens the next box to `plain`, which has room for it; its size, or 0. */
static size_t next_box(struct bl_snapshot *s, uint8_t *plain)
{
	const size_t n = s->left < BOX ? (size_t)s->left : BOX;
	uint8_t aad[AAD];
	struct bl_err err;

	make_aad(s, aad);
	s->bad = s->bad || !n || bl_file_pread(s->fd, s->sealed, n + BL_BOX_MORE, s->off, &err) ||
		 bl_box_open(s->key, aad, sizeof aad, s->sealed, n + BL_BOX_MORE, plain);
	if (s->bad)
		return 0;
	s->off += n + BL_BOX_MORE;
	s->left -= n;
	s->box++;
	return n;
}

bool bl_snapshot_take(struct bl_snapshot *s, void *p, uint64_t n)
{
	uint8_t *out = p;

	while (n && !s->bad) {
		if (s->at == s->have && n >= BOX) {	/* a large table is opened where it is to lie */
			size_t got = next_box(s, out);
			out += got;
			n -= got;
			continue;
		}
		if (s->at == s->have) {
			s->at = 0;
			s->have = next_box(s, s->plain);
			continue;
		}
		size_t some = s->have - s->at < n ? s->have - s->at : (size_t)n;
		memcpy(out, s->plain + s->at, some);
		out += some;
		s->at += some;
		n -= some;
	}
	return !s->bad;
}

/* --- writing --- */

bool bl_snapshot_create(struct bl_snapshot *s, int fd, const uint8_t *key, uint64_t n)
{
	struct stat st;

	if (!start(s, fd, key))
		return false;
	memcpy(s->head, MAGIC, 8);
	memcpy(s->head + 8, &n, 8);
	bl_mem_random(s->head + 16, 16);
	s->left = n;
	s->bad = !n || n > most || fstat(fd, &st) || ((uint64_t)st.st_size > file_len(n) && ftruncate(fd, (off_t)file_len(n)));
	return !s->bad;
}

static void flush(struct bl_snapshot *s)
{
	const size_t front = s->box ? 0 : HEAD, n = front + s->at + BL_BOX_MORE;
	uint8_t aad[AAD];

	make_aad(s, aad);
	memcpy(s->sealed, s->head, HEAD);
	bl_box_seal(s->key, aad, sizeof aad, s->plain, s->at, s->sealed + HEAD);
	s->bad = pwrite(s->fd, s->sealed + HEAD - front, n, (off_t)(s->off - front)) != (ssize_t)n;
	s->off += s->at + BL_BOX_MORE;
	s->at = 0;
	s->box++;
}

bool bl_snapshot_put(struct bl_snapshot *s, const void *p, uint64_t n)
{
	const uint8_t *in = p;

	s->bad = s->bad || n > s->left;
	while (n && !s->bad) {
		size_t some = BOX - s->at < n ? BOX - s->at : (size_t)n;
		memcpy(s->plain + s->at, in, some);
		s->at += some;
		in += some;
		n -= some;
		s->left -= some;
		if (s->at == BOX || !s->left)
			flush(s);
	}
	return !s->bad;
}

bool bl_snapshot_done(struct bl_snapshot *s)
{
	return !s->bad && !s->left && s->at == s->have;
}
