/* SPDX-License-Identifier: Apache-2.0 */
/* pages: see pages.h. */
#include "base/pages.h"

#include <stdint.h>
#include <sys/mman.h>

enum { PAGE = 2 << 20, LEAST = 2 * PAGE };

void bl_pages_large(void *p, size_t n)
{
	uintptr_t from = ((uintptr_t)p + PAGE - 1) / PAGE * PAGE, to = ((uintptr_t)p + n) / PAGE * PAGE;

	/* A kernel that does not want to goes on as before. */
	if (n >= LEAST && from < to)
		(void)madvise((void *)from, to - from, MADV_HUGEPAGE);
}
