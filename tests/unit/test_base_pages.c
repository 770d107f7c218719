/* SPDX-License-Identifier: Apache-2.0 */
/* Large memory is marked for large pages, small memory is left alone; what is in it is the same. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../tap.h"
#include "base/pages.h"

/* Is the mapping with this address marked? -1: the kernel does not say. */
static int marked(const void *p)
{
	char line[512];
	unsigned long from, to;
	bool here = false;
	int r = -1;
	FILE *f = fopen("/proc/self/smaps", "re");

	while (f && fgets(line, sizeof line, f)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = (uintptr_t)p >= from && (uintptr_t)p < to;
		else if (here && !strncmp(line, "VmFlags:", 8))
			r = strstr(line, " hg") != NULL;
	}
	if (f)
		fclose(f);
	return r;
}

int main(void)
{
	const size_t n = 16 << 20, small = 1 << 20;
	uint8_t *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *q;
	bool zero = true, kept = true;

	q = mmap(NULL, small, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED || q == MAP_FAILED)
		return 1;
	bl_pages_large(q, small);
	bl_pages_large(p + 1, n - 2);
	for (size_t i = 0; i < n; i += 509)
		zero = zero && !p[i];
	for (size_t i = 0; i < n; i += 509)
		p[i] = (uint8_t)i;
	for (size_t i = 0; i < n; i += 509)
		kept = kept && p[i] == (uint8_t)i;
	ok(zero && kept, "memory is what it was");
	if (access("/sys/kernel/mm/transparent_hugepage", F_OK) || marked(p + n / 2) < 0) {
		skip(2, "this kernel has no transparent huge pages, or does not tell");
		return tap_done();
	}
	ok(marked(p + n / 2) == 1, "sixteen megabytes are marked for large pages");
	ok(marked(q) == 0, "one megabyte is not");
	return tap_done();
}
