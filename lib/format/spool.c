/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spool: see spool.h. Blocks are AES-256-GCM messages under a random key, their number is the nonce: each number is
 * sealed once, since a spool is written front to back and then only read.
 */
#include "format/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "crypt/gcm.h"
#include "crypt/mem.h"

enum { BLOCK = 256 << 10, SEALED = BLOCK + BL_GCM_TAG };

struct bl_spool {
	int fd, file;		/* file: -1 until a block is full */
	bool keep, again;	/* keep: what is read is spooled; again: the second pass, from the spool */
	off_t start;		/* of a regular file that is read twice; else -1 */
	uint64_t done, total;
	uint64_t blocks, block;	/* in the file; the one that is in `plain` next */
	uint8_t *plain, *sealed;
	size_t len, at;		/* of plain */
	struct bl_gcm *gcm;
};

struct bl_spool *bl_spool_new(int fd, enum bl_spool_how how, struct bl_err *err)
{
	struct bl_spool *s = calloc(1, sizeof(*s));
	struct stat st;

	if (!s)
		goto memory;
	s->fd = fd;
	s->file = -1;
	s->start = -1;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && (s->start = lseek(fd, 0, SEEK_CUR)) >= 0) {
		s->total = st.st_size > s->start ? (uint64_t)(st.st_size - s->start) : 0;
		return s;
	}
	s->keep = how == BL_SPOOL_TWICE;
	if (!s->keep || ((s->plain = malloc(BLOCK)) && (s->sealed = malloc(SEALED))))
		return s;
memory:
	bl_err_set(err, BL_OSERR, "out of memory");
	bl_spool_free(s);
	return NULL;
}

void bl_spool_free(struct bl_spool *s)
{
	if (!s)
		return;
	if (s->plain)
		bl_mem_wipe(s->plain, BLOCK);
	free(s->plain);
	free(s->sealed);
	bl_gcm_free(s->gcm);
	if (s->file >= 0)
		close(s->file);
	free(s);
}

/* A file without a name; where the file system cannot make one, its name is removed at once. */
static int open_file(struct bl_spool *s, struct bl_err *err)
{
	const char *dir = getenv("TMPDIR");
	char path[4096];
	uint8_t *key;

	if (!dir || *dir != '/' || strlen(dir) > sizeof(path) - 32)
		dir = access("/var/tmp", W_OK) ? "/tmp" : "/var/tmp";
	s->file = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
	if (s->file < 0) {
		memcpy(stpcpy(path, dir), "/bl-spool.XXXXXX", 17);
		if ((s->file = mkostemp(path, O_CLOEXEC)) >= 0)
			unlink(path);
	}
	if (s->file < 0) {
		bl_err_sys(err, BL_CANTCREAT, "cannot make a temporary file in '%s'", dir);
		return bl_err_hint(err, "set TMPDIR, give a file instead of a pipe, or give the types with --schema");
	}
	if (!(key = bl_mem_new(BL_GCM_KEY)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	bl_mem_random(key, BL_GCM_KEY);
	s->gcm = bl_gcm_new(key);
	bl_mem_free(key);
	return s->gcm ? 0 : bl_err_set(err, BL_OSERR, "out of memory");
}

static void set_nonce(uint64_t block, uint8_t nonce[BL_GCM_NONCE])
{
	memset(nonce, 0, BL_GCM_NONCE);
	memcpy(nonce, &block, sizeof(block));
}

static int write_block(struct bl_spool *s, struct bl_err *err)
{
	uint8_t nonce[BL_GCM_NONCE];

	if (s->file < 0 && open_file(s, err))
		return -1;
	set_nonce(s->blocks++, nonce);
	if (bl_gcm_seal(s->gcm, nonce, NULL, 0, s->plain, BLOCK, s->sealed))
		return bl_err_set(err, BL_BUG, "cannot seal a block of the temporary file");
	s->len = 0;
	return bl_file_write(s->file, s->sealed, SEALED, err) ? bl_err_where(err, "temporary file") : 0;
}

static int read_block(struct bl_spool *s, struct bl_err *err)
{
	uint8_t nonce[BL_GCM_NONCE];

	set_nonce(s->block, nonce);
	if (bl_file_pread(s->file, s->sealed, SEALED, s->block * SEALED, err))
		return bl_err_where(err, "temporary file");
	if (bl_gcm_open(s->gcm, nonce, NULL, 0, s->sealed, SEALED, s->sealed))
		return bl_err_set(err, BL_IOERR, "temporary file: changed by somebody else");
	s->block++;
	s->at = 0;
	return 0;
}

/* Takes what was just read to the spool. */
static int keep(struct bl_spool *s, const uint8_t *p, size_t n, struct bl_err *err)
{
	while (n) {
		size_t k = n < BLOCK - s->len ? n : BLOCK - s->len;

		if (!k) {
			if (write_block(s, err))
				return -1;
			continue;
		}
		memcpy(s->plain + s->len, p, k);
		s->len += k;
		p += k;
		n -= k;
	}
	return 0;
}

/* From the file's blocks, opened in `sealed`; then from the last one, which never left memory. */
static ssize_t read_again(struct bl_spool *s, void *p, size_t n, struct bl_err *err)
{
	bool tail;
	size_t left;

	if (s->block < s->blocks && s->at == BLOCK && read_block(s, err))
		return -1;
	tail = s->at == BLOCK && s->block == s->blocks;
	if (tail) {
		s->block = s->blocks + 1;
		s->at = 0;
	}
	tail = s->block > s->blocks;
	left = (tail ? s->len : BLOCK) - s->at;
	n = n < left ? n : left;
	memcpy(p, (tail ? s->plain : s->sealed) + s->at, n);
	s->at += n;
	s->done += n;
	return (ssize_t)n;
}

ssize_t bl_spool_read(void *spool, void *p, size_t n, struct bl_err *err)
{
	struct bl_spool *s = spool;
	ssize_t got;

	if (s->again)
		return read_again(s, p, n, err);
	do
		got = read(s->fd, p, n);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return bl_err_sys(err, BL_IOERR, "cannot read the table");
	s->done += (uint64_t)got;
	return s->keep && keep(s, p, (size_t)got, err) ? -1 : got;
}

int bl_spool_rewind(struct bl_spool *s, struct bl_err *err)
{
	if (s->start >= 0 && lseek(s->fd, s->start, SEEK_SET) < 0)
		return bl_err_sys(err, BL_IOERR, "cannot read it twice");
	if (s->start < 0) {
		s->total = s->done;
		s->again = true;
		s->at = BLOCK;
	}
	s->done = 0;
	return 0;
}

uint64_t bl_spool_done(const struct bl_spool *s)
{
	return s->done;
}

uint64_t bl_spool_total(const struct bl_spool *s)
{
	return s->total;
}
