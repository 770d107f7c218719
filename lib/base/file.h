/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file: whole reads with a bound, exact preads, checked stdout; out.h has output files.
 */
#ifndef BL_BASE_FILE_H
#define BL_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Opens for reading with O_CLOEXEC; "-" is a duplicate of stdin, given once a process (then 64). Exit class 66: cannot open 'PATH': why. */
int bl_file_open(const char *path, struct bl_err *err);
/*
 * What this process reads: files that bl_file_open opened, and whatever else is told (a descriptor of a file, or of a folder
 * whose files are not ours to replace). out.h refuses to write over any of them, by device and inode.
 */
void bl_file_input(int fd);
bool bl_file_is_input(const struct stat *st);
void bl_file_forget_inputs(void);	/* for another job in the same process, as a test does them */
/* Appends the whole of path ("-" is stdin) to b, refusing more than b->max bytes (65). */
int bl_file_read(const char *path, struct bl_buf *b, struct bl_err *err);
/* Reads until n bytes or end of file; returns the count or -1 (74). Retries EINTR. */
ssize_t bl_file_readn(int fd, void *p, size_t n, struct bl_err *err);
/* Exactly n bytes at off; a short read is 65 "truncated". */
int bl_file_pread(int fd, void *p, size_t n, uint64_t off, struct bl_err *err);
/* Writes all n bytes; 74. EPIPE is reported as 74 too (callers that own stdout let SIGPIPE end them quietly). */
int bl_file_write(int fd, const void *p, size_t n, struct bl_err *err);

/* Flushes stdout and closes it; -1 and class 74 when anything written to it was lost. Every main ends with it. */
int bl_file_close_stdout(struct bl_err *err);

#endif
