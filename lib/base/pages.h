/* SPDX-License-Identifier: Apache-2.0 */
/* pages: a word to the kernel about large memory. It changes how long a run takes and nothing else. */
#ifndef BL_BASE_PAGES_H
#define BL_BASE_PAGES_H

#include <stddef.h>

/* What lies wholly inside the n bytes at p, when it is several megabytes, had better be large pages: a table that is touched all
 * over costs a fault for each 2 MiB and not for each 4 KiB. For memory that was just allocated and not yet touched. */
void bl_pages_large(void *p, size_t n);

#endif
