/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox: the helper locks itself down after exec, in the one order that works. Every layer is optional at run time; the
 * mask says which are in force, a bit only when the call succeeded and a read-back agrees. In a build with address, memory or thread
 * sanitizer, which need what the sandbox takes away, only the first layers are applied, and the mask says so.
 */
#ifndef BL_TEE_SANDBOX_H
#define BL_TEE_SANDBOX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* First of all: not traced (69), then environment gone, umask, stdio to /dev/null, every descriptor closed but `keep` (up to
 * 16, all above 2), keys in memory of their own (bl_mem_pool). Bits are added to *mask. */
int bl_sandbox_begin(const int *keep, size_t nkeep, uint32_t *mask, struct bl_err *err);
/*
 * The rest, once everything is open and every library started. sock: the one descriptor for frames; provider: the one to who asks
 * the platform for evidence, or -1. sync_fd: descriptors that may be written, synced and locked (journal, cells, checkpoint): up to
 * 8. The process must have one thread. 69 when the parent is gone.
 */
int bl_sandbox_enter(int sock, int provider, const int *sync_fd, size_t nsync, uint32_t *mask, struct bl_err *err);
/* Just before a key is opened: what bl_sandbox_enter reported is still in force (dumpable, new privileges, filter); -1 (71)
 * otherwise. */
int bl_sandbox_recheck(struct bl_err *err);

/*
 * The same for the process that asks a provider's device, forked by `helper` after bl_sandbox_begin: first it dies with the helper (69:
 * that is gone already) and keeps no descriptor above 2 but sock; then, with its device open, it opens nothing more but what lies
 * beneath root, where that is a directory, has no capability and few system calls. Each layer where the kernel has it.
 */
int bl_sandbox_begin_child(pid_t helper, int sock, struct bl_err *err);
void bl_sandbox_enter_child(const char *root);

#endif
