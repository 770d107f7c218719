/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file: whole reads with a bound, exact preads, atomic output files, checked stdout.
 */
#ifndef BL_BASE_FILE_H
#define BL_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Opens for reading with O_CLOEXEC; "-" is a duplicate of stdin, given once a process (then 64). Exit class 66: cannot open 'PATH': why. */
int bl_file_open(const char *path, struct bl_err *err);
/* Appends the whole of path ("-" is stdin) to b, refusing more than b->max bytes (65). */
int bl_file_read(const char *path, struct bl_buf *b, struct bl_err *err);
/* Reads until n bytes or end of file; returns the count or -1 (74). Retries EINTR. */
ssize_t bl_file_readn(int fd, void *p, size_t n, struct bl_err *err);
/* Exactly n bytes at off; a short read is 65 "truncated". */
int bl_file_pread(int fd, void *p, size_t n, uint64_t off, struct bl_err *err);
/* Writes all n bytes; 74. EPIPE is reported as 74 too (callers that own stdout let SIGPIPE end them quietly). */
int bl_file_write(int fd, const void *p, size_t n, struct bl_err *err);

/*
 * An output that is complete or absent: a temporary file beside the target, synced and renamed by commit; or stdout
 * when path is NULL or "-". Never replaces one of the files named by bl_out_input (same device and inode: 64). What exists
 * and is no regular file (/dev/null, a pipe) is written to directly. Interrupting the program removes the temporary file.
 */
struct bl_out {
	int fd;			/* write here */
	char *path, *tmp;	/* NULL for stdout */
	bool excl, done;
	struct { dev_t dev; ino_t ino; } input[32];
	unsigned ninput;
};
void bl_out_init(struct bl_out *o);
void bl_out_input(struct bl_out *o, int fd);				/* remember an input, before open */
/* mode 0666 & ~umask usually, 0600 for secrets. excl: refuse an existing target (73). */
int bl_out_open(struct bl_out *o, const char *path, mode_t mode, bool excl, struct bl_err *err);
int bl_out_commit(struct bl_out *o, struct bl_err *err);		/* fsync, rename, fsync of the folder; 74 */
void bl_out_fini(struct bl_out *o);					/* removes the temporary file unless committed */

/* Flushes stdout and closes it; -1 and class 74 when anything written to it was lost. Every main ends with it. */
int bl_file_close_stdout(struct bl_err *err);

#endif
