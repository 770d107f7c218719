/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nonces: which challenges an owner made and did not answer yet, in IDENTITY.nonces (0600) beside the private key: a line
 * "NONCE EXPIRES new|used" each, hex and Unix seconds. Replaced as a whole, under a lock; a line is dropped once it expired.
 */
#ifndef BL_TEE_NONCES_H
#define BL_TEE_NONCES_H

#include <stdint.h>

#include "base/err.h"

enum { BL_NONCES_MAX = 4096 };		/* that have not expired */

int bl_nonces_add(const char *identity, const uint8_t nonce[32], int64_t expires, struct bl_err *err);
/* Once: 77 when it is unknown here, used, or expired. Durable before it returns. */
int bl_nonces_use(const char *identity, const uint8_t nonce[32], struct bl_err *err);

#endif
