/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csvindex: the structural bytes of RFC 4180 text: where each field ends, and the first place that breaks the rules for
 * quotes, carriage returns and NUL. 64 bytes a step as bit masks, by AVX2 and a carry-less multiplication where the
 * processor has them, else in plain C. Private to csv.c and its tests.
 */
#ifndef BL_FORMAT_CSVINDEX_H
#define BL_FORMAT_CSVINDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum bl_csvindex_fault {
	BL_CSVINDEX_NONE,
	BL_CSVINDEX_QUOTE,	/* a quote inside a field that does not begin with one */
	BL_CSVINDEX_AFTER,	/* something between a closing quote and the end of the field */
	BL_CSVINDEX_CR,		/* a carriage return without its line feed outside quotes */
	BL_CSVINDEX_NUL,
};

struct bl_csvindex {
	uint32_t n;		/* positions found */
	uint32_t records;	/* of them, line feeds: the ends of records */
	bool high, quote, cr;	/* a byte above 0x7f, a quote, a carriage return was seen */
	bool doubled, inner;	/* a doubled quote, a line feed inside quotes */
	bool stopped;		/* at `max` positions, before the end of the text */
	enum bl_csvindex_fault fault;
	uint32_t fault_at;	/* no position lies at or past it */
};

enum { BL_CSVINDEX_SLACK = 64 };	/* readable bytes after the text, and room after `max` positions */
/* The text begins a record and may end anywhere; n < 2^32 - 64. */
typedef void bl_csvindex_fn(const uint8_t *p, size_t n, uint32_t *pos, uint32_t max, struct bl_csvindex *x);
bl_csvindex_fn bl_csvindex_plain, bl_csvindex_fast;
bool bl_csvindex_has_fast(void);

#endif
