/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signed: canonical JSON objects with their own signature inside: member `sig` is base64 of Ed25519 over a domain, NUL and the
 * canonical bytes of the object without that member.
 */
#ifndef BL_ATTEST_SIGNED_H
#define BL_ATTEST_SIGNED_H

#include "base/json.h"
#include "crypt/ident.h"

enum { BL_SIGNED_MAX = 1 << 20 };	/* bytes of such an object */

/* Adds the signature; false when memory is short. */
bool bl_signed_add(struct bl_json *j, const char *domain, const struct bl_ident *id);
bool bl_signed_get(const struct bl_json *j, uint8_t sig[BL_IDENT_SIG]);
bool bl_signed_check(const struct bl_json *j, const char *domain, const uint8_t pk[BL_IDENT_PK]);
/* Exactly n bytes from a member in lower-case hex, which is all that one has: one value has one text. */
bool bl_signed_hex(const struct bl_json *j, const char *key, uint8_t *out, size_t n);

#endif
