/* SPDX-License-Identifier: Apache-2.0 */
/* csvodd: records in another dialect than RFC 4180, by libcsv; the only file that includes it. Private to csv.c. */
#ifndef BL_FORMAT_CSVODD_H
#define BL_FORMAT_CSVODD_H

#include "format/csv.h"

struct bl_csvodd;
struct bl_csvodd *bl_csvodd_new(struct bl_csv_source src, char delimiter, char quote);	/* NULL: out of memory */
void bl_csvodd_free(struct bl_csvodd *o);
/* As bl_csv_next; names may be NULL. */
int bl_csvodd_next(struct bl_csvodd *o, const struct bl_schema *names, struct bl_csv_rows *r, struct bl_err *err);
/* The line of a field of the current batch. */
uint64_t bl_csvodd_line(const struct bl_csvodd *o, uint32_t row, uint32_t column);

#endif
