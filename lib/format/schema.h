/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema: a schema as text, "name type, name type": commas or line ends between columns, '#' begins a comment, names that
 * are not plain words in double quotes (doubled inside). What is printed can be parsed again.
 */
#ifndef BL_FORMAT_SCHEMA_H
#define BL_FORMAT_SCHEMA_H

#include "base/buf.h"
#include "format/type.h"

/* s->col is allocated: bl_schema_fini. 64 when it does not parse. */
int bl_schema_parse(struct bl_schema *s, const char *text, size_t n, struct bl_err *err);
void bl_schema_print(const struct bl_schema *s, struct bl_buf *b);	/* one column a line */
void bl_schema_fini(struct bl_schema *s);
/* Gives the columns of s the types that `given` says; 65 when the two do not have the same columns, in any order. */
int bl_schema_apply(struct bl_schema *s, const struct bl_schema *given, struct bl_err *err);
/* A name that a column may have: 1 to 127 bytes of UTF-8 without control bytes. */
bool bl_schema_name(const char *s, size_t n);
/* No two columns of one name: 65. */
int bl_schema_check(const struct bl_schema *s, struct bl_err *err);

#endif
