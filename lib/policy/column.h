/* SPDX-License-Identifier: Apache-2.0 */
/* column: one entry of a policy's `columns`. Private to this folder. */
#ifndef BL_POLICY_COLUMN_H
#define BL_POLICY_COLUMN_H

#include "policy/doc.h"

/* From checked JSON, which must outlive c. */
void bl_column_take(struct bl_doc_column *c, const char *name, const struct bl_json *j);
/* Scale, bounds, domain, grid and bin against the column of a table that c governs. 78 with the path. */
int bl_column_check(const struct bl_doc_column *c, const struct bl_column *of, struct bl_err *err);
/* Uses and functions above the ceiling of the class (E03). */
unsigned bl_column_excess_uses(const struct bl_doc_column *c);
unsigned bl_column_excess_functions(const struct bl_doc_column *c);

#endif
