/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cbor: the part of CBOR (RFC 8949) that attestation documents use: definite lengths, unsigned and negative integers, byte and
 * text strings, arrays, maps, tags, false, true, null, undefined. Bytes are checked whole first; after that reading them cannot
 * fail but by asking for another type. Floats, indefinite lengths, other simple values and maps with a key twice are refused.
 */
#ifndef BL_ATTEST_CBOR_H
#define BL_ATTEST_CBOR_H

#include "base/cur.h"

enum { BL_CBOR_DEPTH = 16, BL_CBOR_KEYS = 64 };		/* most levels; most keys in one map */
enum bl_cbor_type { BL_CBOR_UINT, BL_CBOR_NINT, BL_CBOR_BYTES, BL_CBOR_TEXT, BL_CBOR_ARRAY, BL_CBOR_MAP, BL_CBOR_TAG, BL_CBOR_SIMPLE };
enum { BL_CBOR_FALSE = 20, BL_CBOR_TRUE, BL_CBOR_NULL, BL_CBOR_UNDEFINED };

struct bl_cbor {
	enum bl_cbor_type type;
	uint64_t v;		/* the integer (NINT: -1 - v), length, count, tag or simple value */
	const uint8_t *p;	/* of strings: their v bytes */
};

/* Are these n bytes exactly one item, well-formed and within the bounds above? Map keys are integers or strings. */
bool bl_cbor_check(const void *p, size_t n);
/*
 * The next head, with its bytes if it is a string; children of arrays, maps (key, value, key, ...) and tags follow one after the
 * other. False at the end, and for what bl_cbor_check refuses.
 */
bool bl_cbor_get(struct bl_cur *c, struct bl_cbor *item);
/* Passes over one item with all that is in it. */
bool bl_cbor_skip(struct bl_cur *c);
/* Opens a map of checked bytes: a cursor at the value of that key; false when there is none. */
bool bl_cbor_find(struct bl_cur map, const char *key, struct bl_cur *value);

/* Writing: the shortest head of that type. Returns its length, at most 9. */
size_t bl_cbor_put(uint8_t out[9], enum bl_cbor_type type, uint64_t v);

#endif
