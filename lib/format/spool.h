/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spool: an input that can be read twice. A regular file is read again in place. Anything else (a pipe) is kept while it
 * is read the first time: what is more than a block goes to a temporary file that has no name and holds only ciphertext,
 * under a key that never leaves this process. Memory is one block, whatever the size.
 */
#ifndef BL_FORMAT_SPOOL_H
#define BL_FORMAT_SPOOL_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum bl_spool_how { BL_SPOOL_ONCE, BL_SPOOL_TWICE };
struct bl_spool;

/* fd is borrowed. */
struct bl_spool *bl_spool_new(int fd, enum bl_spool_how how, struct bl_err *err);
void bl_spool_free(struct bl_spool *s);
/* Up to n bytes; 0 at the end. `spool` is a struct bl_spool: the shape of a bl_csv_source. */
ssize_t bl_spool_read(void *spool, void *p, size_t n, struct bl_err *err);
/* Back to the first byte, once, after the end was reached. */
int bl_spool_rewind(struct bl_spool *s, struct bl_err *err);
/* Bytes read in this pass, and in all if that is known (a file's size, the second pass), else 0. */
uint64_t bl_spool_done(const struct bl_spool *s);
uint64_t bl_spool_total(const struct bl_spool *s);

#endif
