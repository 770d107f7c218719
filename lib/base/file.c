/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file: see file.h. Every read is bounded, every write is checked.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static bool is_dash(const char *path)
{
	return !strcmp(path, "-");
}

static const char *shown(const char *path)
{
	return is_dash(path) ? "standard input" : path;
}

/* --- what is read --- */

enum { INPUTS = 256 };
static struct { dev_t dev; ino_t ino; } input[INPUTS];
static size_t ninput;

void bl_file_input(int fd)
{
	struct stat st;

	/* Devices and pipes are no files that writing would destroy: /dev/null may be both. */
	if (fstat(fd, &st) || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) || ninput == INPUTS)
		return;
	input[ninput].dev = st.st_dev;
	input[ninput++].ino = st.st_ino;
}

bool bl_file_is_input(const struct stat *st)
{
	for (size_t i = 0; i < ninput; i++)
		if (input[i].dev == st->st_dev && input[i].ino == st->st_ino)
			return true;
	return false;
}

void bl_file_forget_inputs(void)
{
	ninput = 0;
}

int bl_file_open(const char *path, struct bl_err *err)
{
	static bool stdin_taken;
	struct stat st;
	int fd;

	if (is_dash(path)) {
		if (stdin_taken)
			return bl_err_set(err, BL_USAGE, "standard input ('-') can be read only once");
		stdin_taken = true;
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	} else {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	}
	if (fd >= 0 && !fstat(fd, &st) && S_ISDIR(st.st_mode)) {
		close(fd);
		errno = EISDIR;
		fd = -1;
	}
	if (fd < 0)
		return bl_err_sys(err, BL_NOINPUT, "cannot open '%s'", shown(path));
	bl_file_input(fd);
	return fd;
}

int bl_file_read(const char *path, struct bl_buf *b, struct bl_err *err)
{
	struct stat st;
	size_t guess = 4096;
	int fd = bl_file_open(path, err), ret = -1;

	if (fd < 0)
		return -1;
	/* The size is advice: the file may grow, and a pipe has none. */
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0)
		guess = (size_t)st.st_size + 1;
	for (;;) {
		size_t left = b->max - b->len, want = guess < left ? guess : left;
		ssize_t n;
		uint8_t over;
		if (!left) {		/* full: fine if this is also the end */
			n = bl_file_readn(fd, &over, 1, err);
			if (n > 0)
				bl_err_set(err, BL_DATA, "longer than %zu bytes", b->max);
			ret = n == 0 ? 0 : -1;
			break;
		}
		if (!bl_buf_room(b, want)) {
			bl_err_set(err, BL_OSERR, "out of memory");
			break;
		}
		n = bl_file_readn(fd, b->p + b->len, want, err);
		if (n < 0)
			break;
		b->len += (size_t)n;
		if ((size_t)n < want) {
			ret = 0;
			break;
		}
		guess = b->len < 65536 ? 65536 : b->len;
	}
	close(fd);
	return ret ? bl_err_where(err, "%s", shown(path)) : 0;
}

ssize_t bl_file_readn(int fd, void *p, size_t n, struct bl_err *err)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r = read(fd, (uint8_t *)p + got, n - got);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return bl_err_sys(err, BL_IOERR, "cannot read");
		if (r == 0)
			break;
		got += (size_t)r;
	}
	return (ssize_t)got;
}

int bl_file_pread(int fd, void *p, size_t n, uint64_t off, struct bl_err *err)
{
	for (size_t got = 0; got < n;) {
		uint64_t at = off + got, left = n - got;
		/* No file reaches past INT64_MAX; asked for such a place, the system would call it a fault of ours. */
		bool beyond = at < off || at > INT64_MAX || left > INT64_MAX - at;
		ssize_t r = beyond ? 0 : pread(fd, (uint8_t *)p + got, left, (off_t)at);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return bl_err_sys(err, BL_IOERR, "cannot read");
		if (r == 0)
			return bl_err_set(err, BL_DATA, "truncated");
		got += (size_t)r;
	}
	return 0;
}

int bl_file_write(int fd, const void *p, size_t n, struct bl_err *err)
{
	for (size_t put = 0; put < n;) {
		ssize_t r = write(fd, (const uint8_t *)p + put, n - put);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return bl_err_sys(err, BL_IOERR, "cannot write");
		put += (size_t)r;
	}
	return 0;
}

int bl_file_close_stdout(struct bl_err *err)
{
	bool lost = ferror(stdout);		/* an earlier write failed; why is forgotten by now */

	if (!fclose(stdout)) {
		if (!lost)
			return 0;
		errno = EIO;
	}
	return bl_err_sys(err, BL_IOERR, "cannot write to standard output");
}
