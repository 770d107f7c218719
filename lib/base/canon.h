/* SPDX-License-Identifier: Apache-2.0 */
/*
 * canon: one strict pass over canonical JSON (json.h says which bytes those are): what bl_json_parse, bl_json_print and a comparison say
 * in three, at a quarter of the time. For logs, where every line is canonical or an error. Text of other people goes through json.h.
 */
#ifndef BL_BASE_CANON_H
#define BL_BASE_CANON_H

#include "base/json.h"

/* The tree; NULL when these are not the bytes that bl_json_print would print of their parse, at most max_depth (1024) deep, or when
 * memory is short: bl_json_canonical, which takes the long way, tells the two apart. */
struct bl_json *bl_canon_parse(const char *s, size_t n, unsigned max_depth);

#endif
