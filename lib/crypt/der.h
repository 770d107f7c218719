/* SPDX-License-Identifier: Apache-2.0 */
/*
 * der: the elements of DER (X.690), one after the other, in bytes that stay the caller's. Lengths are definite and minimal, or the element
 * is none. What was never written is never read: every call looks at what is left.
 */
#ifndef BL_CRYPT_DER_H
#define BL_CRYPT_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	BL_DER_BOOLEAN = 1, BL_DER_INTEGER = 2, BL_DER_BITS = 3, BL_DER_OCTETS = 4, BL_DER_OID = 6, BL_DER_UTC = 23, BL_DER_TIME = 24,
	BL_DER_SEQUENCE = 0x30, BL_DER_SET = 0x31,
};

struct bl_der { const uint8_t *p; size_t n; };

/* The whole length (header and content) of the element of that tag at p, or 0. *head, if not NULL: the length of the header. */
size_t bl_der_length(const uint8_t *p, size_t n, uint8_t tag, size_t *head);
/* The next element of that tag: all of it, or what is in it; s moves on. false: another tag, or malformed; s stays. */
bool bl_der_take(struct bl_der *s, uint8_t tag, struct bl_der *all);
bool bl_der_enter(struct bl_der *s, uint8_t tag, struct bl_der *in);
bool bl_der_next_is(struct bl_der s, uint8_t tag);
bool bl_der_same(struct bl_der a, struct bl_der b);
/* The next element as a boolean that is false where there is none (DEFAULT FALSE). */
bool bl_der_take_bool(struct bl_der *s, bool *v);
/* The next element as a UTCTime or GeneralizedTime of RFC 5280 (UTC, seconds, Z), in Unix seconds; and the content of one. */
bool bl_der_take_time(struct bl_der *s, int64_t *t);
bool bl_der_time(uint8_t tag, struct bl_der in, int64_t *t);
/* Is that the content of this dotted OID? */
bool bl_der_is_oid(struct bl_der in, const char *dotted);

#endif
