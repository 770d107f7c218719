/* SPDX-License-Identifier: Apache-2.0 */
/* load: CSV records into the columns of a sealed file, and the two passes before that: names, types. */
#ifndef BL_FORMAT_LOAD_H
#define BL_FORMAT_LOAD_H

#include "format/csv.h"
#include "format/writer.h"

/* The header's names, all text; s->col is allocated (bl_schema_fini). 65 for a name that a column cannot have. */
int bl_load_names(struct bl_schema *s, const struct bl_csv *c, const struct bl_csv_rows *header, struct bl_err *err);
/* Appends the records to w, whose columns have the schema's types, row group by row group. 65, naming line and column,
 * when a value is not of its column's type. */
int bl_load_rows(struct bl_writer *w, const struct bl_csv *c, const struct bl_csv_rows *r, struct bl_err *err);

#endif
