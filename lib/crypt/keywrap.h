/* SPDX-License-Identifier: Apache-2.0 */
/* keywrap: the key of a certificate. Private to lib/crypt. */
#ifndef BL_CRYPT_KEYWRAP_H
#define BL_CRYPT_KEYWRAP_H

#include "crypt/key.h"

/*
 * A key of that DER SubjectPublicKeyInfo. One of an algorithm, size or encoding outside key.h is of kind OTHER: it has a hash and verifies
 * nothing; nor does one whose point is not on its curve, which is seen when it is first used. NULL: out of memory.
 */
struct bl_key *bl_key_wrap(const uint8_t *spki, size_t n);

#endif
