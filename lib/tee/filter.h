/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter: the helper's system calls. An allow-list in BPF by hand; every other call, another architecture's included, kills
 * the process (SIGSYS).
 */
#ifndef BL_TEE_FILTER_H
#define BL_TEE_FILTER_H

#include <stdbool.h>
#include <stddef.h>

enum { BL_FILTER_FDS = 8 };
/* For every thread of the process, for good. Frames on `sock`; a provider's question and answer on `provider`, -1 for none; sync_fd
 * may be written, cut, synced and locked. 0, or -1 with errno. */
int bl_filter_install(int sock, int provider, const int *sync_fd, size_t nsync);
/* For the process that asks a provider's device: what it has open, ioctl and packets among it, and files and folders where the device is a
 * directory; no socket, process or thread to be made, nothing executable, nobody signalled. 0, or -1 with errno. */
int bl_filter_install_child(bool directory);

#endif
