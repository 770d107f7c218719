/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox: the helper locks itself down after exec, in the one order that works. Every layer is optional at run time; the
 * mask says which are in force, a bit only when the call succeeded and a read-back agrees.
 */
#ifndef BL_TEE_SANDBOX_H
#define BL_TEE_SANDBOX_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Steps 1 and 2: not traced (69), then environment gone, umask, stdio to /dev/null, every descriptor closed but `keep`. */
int bl_sandbox_begin(const int *keep, size_t nkeep, uint32_t *mask, struct bl_err *err);
/* Steps 4 to 14. sync_fd: descriptors that may be written, synced and locked (journal, cells, checkpoint): up to 8. */
int bl_sandbox_enter(const int *sync_fd, size_t nsync, uint32_t *mask, struct bl_err *err);
/* Just before a key is opened: still not dumpable, no new privileges, and a filter in force; -1 (71) otherwise. */
int bl_sandbox_recheck(struct bl_err *err);

#endif
