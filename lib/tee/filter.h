/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter: the helper's system calls. An allow-list in BPF by hand; every other call, another architecture's included, kills
 * the process (SIGSYS).
 */
#ifndef BL_TEE_FILTER_H
#define BL_TEE_FILTER_H

#include <stddef.h>

enum { BL_FILTER_FDS = 8 };
/* For every thread of the process, for good. Frames on `sock`; sync_fd may be written, cut, synced and locked. 0, or -1 with
 * errno. */
int bl_filter_install(int sock, const int *sync_fd, size_t nsync);

#endif
