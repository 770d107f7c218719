/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devnode: what most technologies have for a device: one descriptor, which is all that `struct bl_provider_tech` opens and closes, or a folder
 * of files that are written and read whole.
 */
#ifndef BL_TEE_DEVNODE_H
#define BL_TEE_DEVNODE_H

#include "base/buf.h"
#include "base/err.h"

/* With these flags of open(2). NULL and 69. */
void *bl_devnode_open(const char *root, int flags, struct bl_err *err);
int bl_devnode_fd(const void *device);
void bl_devnode_close(void *device);

/* All of a file, appended to b. -1 with errno; EFBIG where there is more than b may hold. */
int bl_devnode_read(int dir, const char *name, struct bl_buf *b);
/* All of it in one write, which counts when the file is closed. 69. */
int bl_devnode_write(int dir, const char *name, const void *p, size_t n, struct bl_err *err);

#endif
