/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask: names of the lockdown layers, in the order of their bits. They are part of policies and receipts: none is ever
 * renamed or moved.
 */
#include <string.h>

#include "base/mask.h"

static const char *const names[] = {
	"nnp", "nodump", "nocore", "userns", "netns", "mntns", "ipcns", "emptyroot", "nocaps", "landlock", "seccomp", "memlock",
	"secretmem", "mdwe", "closefds", "untraced", "unreadable", "otheruid",
};
_Static_assert(sizeof names / sizeof *names == BL_MASK_COUNT, "one name a bit");

const char *bl_mask_name(unsigned bit)
{
	return bit < BL_MASK_COUNT ? names[bit] : NULL;
}

int bl_mask_bit(const char *name)
{
	for (int i = 0; i < BL_MASK_COUNT; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

void bl_mask_print(uint32_t mask, char out[256])
{
	char *p = out;

	*p = 0;
	for (unsigned i = 0; i < BL_MASK_COUNT; i++)
		if (mask >> i & 1) {
			if (p != out)
				*p++ = ' ';
			p = stpcpy(p, names[i]);
		}
}
