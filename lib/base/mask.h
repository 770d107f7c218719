/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask: the lockdown layers of the helper, one bit each, and their names. In base because the helper reports them, a
 * policy asks for them and a receipt shows them.
 */
#ifndef BL_BASE_MASK_H
#define BL_BASE_MASK_H

#include <stdint.h>

enum {
	BL_MASK_NNP, BL_MASK_NODUMP, BL_MASK_NOCORE, BL_MASK_USERNS, BL_MASK_NETNS, BL_MASK_MNTNS, BL_MASK_IPCNS,
	BL_MASK_EMPTYROOT, BL_MASK_NOCAPS, BL_MASK_LANDLOCK, BL_MASK_SECCOMP, BL_MASK_MEMLOCK, BL_MASK_SECRETMEM,
	BL_MASK_MDWE, BL_MASK_CLOSEFDS, BL_MASK_UNTRACED, BL_MASK_UNREADABLE, BL_MASK_OTHERUID, BL_MASK_COUNT,
};
/* "nnp", "nodump", ... ; NULL past the end. */
const char *bl_mask_name(unsigned bit);
/* The bit of a name, or -1. */
int bl_mask_bit(const char *name);
/* Names of the set bits, separated by spaces; out holds 256 bytes. */
void bl_mask_print(uint32_t mask, char out[256]);

#endif
