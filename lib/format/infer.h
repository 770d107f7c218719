/* SPDX-License-Identifier: Apache-2.0 */
/*
 * infer: the narrowest type of bool, bigint, decimal, double, date, timestamp, text that holds every value of a column
 * exactly, over the whole input. A column without values is text. What it must not lose: leading zeros (007 is text),
 * digits that a double has not room for (text), places after the point (1.50 is decimal(3,2)).
 */
#ifndef BL_FORMAT_INFER_H
#define BL_FORMAT_INFER_H

#include "format/csv.h"

struct bl_infer;
struct bl_infer *bl_infer_new(uint32_t columns);	/* NULL: out of memory */
void bl_infer_free(struct bl_infer *f);
void bl_infer_add(struct bl_infer *f, const struct bl_csv_rows *r);
struct bl_type bl_infer_type(const struct bl_infer *f, uint32_t column);

#endif
