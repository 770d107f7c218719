/* SPDX-License-Identifier: Apache-2.0 */
/* nonces: see nonces.h. Whoever waits for the lock of a file that was replaced meanwhile opens the new one. */
#include "tee/nonces.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/num.h"
#include "base/out.h"
#include "base/text.h"
#include "base/time.h"

enum { HEX = 64, LINE = HEX + 1 + 20 + 6, FILE_MAX = BL_NONCES_MAX * LINE };

struct store { char *path; int fd; struct bl_buf text; };
struct line { const char *nonce; int64_t expires; bool used; };

static void shut(struct store *s)
{
	if (s->fd >= 0)
		close(s->fd);		/* and unlocks */
	bl_buf_fini(&s->text);
	free(s->path);
}

/* The file as it is now, locked. */
static int lock(struct store *s, struct bl_err *err)
{
	struct stat held, named;

	for (;;) {
		s->fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
		if (s->fd < 0)
			return bl_err_sys(err, BL_CANTCREAT, "cannot open '%s'", s->path);
		while (flock(s->fd, LOCK_EX))
			if (errno != EINTR)
				return bl_err_sys(err, BL_OSERR, "cannot lock '%s'", s->path);
		if (fstat(s->fd, &held) || !S_ISREG(held.st_mode))
			return bl_err_set(err, BL_DATA, "'%s' is not a regular file", s->path);
		if (!lstat(s->path, &named) && held.st_dev == named.st_dev && held.st_ino == named.st_ino)
			break;
		close(s->fd);
	}
	if (held.st_mode & 077) {
		bl_err_set(err, BL_REFUSED, "'%s' may be read or written by others", s->path);
		return bl_err_hint(err, "chmod 600 '%s'", s->path);
	}
	return 0;
}

static int get(struct store *s, const char *identity, struct bl_err *err)
{
	struct stat st;

	*s = (struct store){ .fd = -1 };
	bl_buf_init(&s->text, FILE_MAX);
	if (asprintf(&s->path, "%s.nonces", identity) < 0) {
		s->path = NULL;
		return bl_err_set(err, BL_OSERR, "out of memory");
	}
	if (lock(s, err))
		return -1;
	if (fstat(s->fd, &st) || st.st_size > FILE_MAX)
		return bl_err_set(err, BL_DATA, "'%s' is not a list of nonces", s->path);
	if (!bl_buf_room(&s->text, (size_t)st.st_size + 1))
		return bl_err_set(err, BL_OSERR, "out of memory");
	s->text.len = (size_t)st.st_size;
	return bl_file_pread(s->fd, s->text.p, s->text.len, 0, err) ? bl_err_where(err, "'%s'", s->path) : 0;
}

/* The line at *at, which moves on; 1 at the end, -1 for what is none. */
static int next(const struct bl_buf *text, size_t *at, struct line *l)
{
	const char *p = (const char *)text->p + *at, *nl = memchr(p, '\n', text->len - *at), *word;
	uint8_t bytes[HEX / 2];
	uint64_t expires;
	size_t n;

	if (*at == text->len)
		return 1;
	if (!nl || nl - p < HEX + 6 || !bl_text_unhex(p, HEX, bytes, sizeof bytes) || p[HEX] != ' ')
		return -1;
	n = (size_t)(nl - p);
	if (!(word = memchr(p + HEX + 1, ' ', n - HEX - 1)) ||
	    !bl_num_parse_u64(p + HEX + 1, (size_t)(word - p) - HEX - 1, &expires) || expires > INT64_MAX)
		return -1;
	l->nonce = p;
	l->expires = (int64_t)expires;
	l->used = nl - word == 5 && !memcmp(word, " used", 5);
	*at += n + 1;
	return l->used || (nl - word == 4 && !memcmp(word, " new", 4)) ? 0 : -1;
}

static void put(struct bl_buf *b, const char *nonce, int64_t expires, bool used)
{
	bl_buf_put(b, nonce, HEX);
	bl_buf_printf(b, " %lld %s\n", (long long)expires, used ? "used" : "new");
}

static int replace(const struct store *s, const struct bl_buf *b, struct bl_err *err)
{
	return b->failed ? bl_err_set(err, BL_TEMPFAIL, "more than %d challenges wait in '%s'", BL_NONCES_MAX, s->path) :
	       bl_out_put(s->path, 0600, b, err);
}

/* Copies what has not expired, `used` marked; *found: that it was there and new. */
static int copy(const struct store *s, struct bl_buf *b, const char *use, bool *found, struct bl_err *err)
{
	const int64_t now = bl_time_now();
	struct line l;
	size_t at = 0, lines = 0;
	int rc;

	while (!(rc = next(&s->text, &at, &l))) {
		const bool this = use && !memcmp(l.nonce, use, HEX);
		if (l.expires < now)
			continue;
		if (this && l.used)
			return bl_err_set(err, BL_REFUSED, "the challenge was answered already");
		*found |= this;
		put(b, l.nonce, l.expires, l.used || this);
		lines++;
	}
	if (rc < 0)
		return bl_err_set(err, BL_DATA, "'%s' is not a list of nonces", s->path);
	if (!use && lines >= BL_NONCES_MAX)
		return bl_err_set(err, BL_TEMPFAIL, "%d challenges wait in '%s'", BL_NONCES_MAX, s->path);
	return 0;
}

int bl_nonces_add(const char *identity, const uint8_t nonce[32], int64_t expires, struct bl_err *err)
{
	char hex[HEX + 1];
	bool found = false;
	struct store s;
	struct bl_buf b;
	int rc = -1;

	bl_text_hex(nonce, 32, hex);
	bl_buf_init(&b, FILE_MAX);
	if (!get(&s, identity, err) && !copy(&s, &b, NULL, &found, err)) {
		put(&b, hex, expires, false);
		rc = replace(&s, &b, err);
	}
	bl_buf_fini(&b);
	shut(&s);
	return rc;
}

int bl_nonces_use(const char *identity, const uint8_t nonce[32], struct bl_err *err)
{
	char hex[HEX + 1];
	bool found = false;
	struct store s;
	struct bl_buf b;
	int rc = -1;

	bl_text_hex(nonce, 32, hex);
	bl_buf_init(&b, FILE_MAX);
	if (!get(&s, identity, err) && !copy(&s, &b, hex, &found, err))
		rc = found ? replace(&s, &b, err) : bl_err_set(err, BL_REFUSED, "the challenge is not known to '%s', or has expired", s.path);
	bl_buf_fini(&b);
	shut(&s);
	return rc;
}
