/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json: parsing by jansson (the only file that includes it), strict, bounded; and our own canonical printer:
 * keys sorted by code point, no white space, integers only, shortest escapes (\" \\ \b \f \n \r \t, else \u00xx in
 * lower-case hex), UTF-8 raw.  A struct bl_json is owned by its root: free the root only.
 */
#ifndef BL_BASE_JSON_H
#define BL_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct bl_json;			/* opaque */
enum bl_json_kind { BL_JSON_NULL, BL_JSON_BOOL, BL_JSON_INT, BL_JSON_REAL, BL_JSON_TEXT, BL_JSON_ARRAY, BL_JSON_OBJECT };

enum { BL_JSON_VALUES = 1 << 17 };	/* of a document, members and items: a parse takes some hundred bytes for each, besides the text */

/* Seeds jansson's hash from the system; call once before a sandbox, harmless twice. */
void bl_json_init(void);
/*
 * Parses n bytes, at most `max_depth` deep and of BL_JSON_VALUES; duplicate keys, NUL, invalid UTF-8, trailing bytes and integers at or above
 * 2^53 in magnitude are errors of class `code`.
 */
struct bl_json *bl_json_parse(const char *s, size_t n, unsigned max_depth, int code, struct bl_err *err);
void bl_json_free(struct bl_json *root);

enum bl_json_kind bl_json_kind(const struct bl_json *j);
bool bl_json_bool(const struct bl_json *j);
int64_t bl_json_int(const struct bl_json *j);
double bl_json_real(const struct bl_json *j);
const char *bl_json_text(const struct bl_json *j, size_t *len);		/* len may be NULL */
size_t bl_json_count(const struct bl_json *j);				/* array items or object members */
const struct bl_json *bl_json_item(const struct bl_json *array, size_t i);
const struct bl_json *bl_json_get(const struct bl_json *object, const char *key);	/* NULL if absent or not an object */
/* Shorthands for a member of the right kind; `def` / NULL when absent or of another kind. */
int64_t bl_json_get_int(const struct bl_json *object, const char *key, int64_t def);
const char *bl_json_get_text(const struct bl_json *object, const char *key);
/* Exactly n bytes from hex digits of either case; false when the member is anything else. */
bool bl_json_get_hex(const struct bl_json *object, const char *key, uint8_t *out, size_t n);
/* Members in order of code point; key is valid as long as the root. i < bl_json_count. */
const char *bl_json_key(const struct bl_json *object, size_t i, const struct bl_json **value);

/* Building. Every put takes over `v`, also on failure; NULL v makes the whole tree failed (bl_json_print says so). */
struct bl_json *bl_json_new_object(void);
struct bl_json *bl_json_new_array(void);
struct bl_json *bl_json_new_text(const char *s);
struct bl_json *bl_json_new_textn(const char *s, size_t n);
struct bl_json *bl_json_new_int(int64_t v);
struct bl_json *bl_json_new_bool(bool v);
struct bl_json *bl_json_new_null(void);
void bl_json_put(struct bl_json *object, const char *key, struct bl_json *v);
void bl_json_put_text(struct bl_json *object, const char *key, const char *s);
void bl_json_put_hex(struct bl_json *object, const char *key, const uint8_t *p, size_t n);
void bl_json_put_int(struct bl_json *object, const char *key, int64_t v);
void bl_json_add(struct bl_json *array, struct bl_json *v);
struct bl_json *bl_json_copy(const struct bl_json *j);

/* Canonical bytes appended to b. A real, or a failed tree, makes b->failed. */
void bl_json_print(const struct bl_json *j, struct bl_buf *b);
/* As above for people: two-space indent, same order. */
void bl_json_print_pretty(const struct bl_json *j, struct bl_buf *b);
/* One JSON string with quotes, canonical escapes. */
void bl_json_print_text(const char *s, size_t n, struct bl_buf *b);
/* True when s is exactly what bl_json_print would print of its parse. */
bool bl_json_canonical(const char *s, size_t n, unsigned max_depth);

#endif
