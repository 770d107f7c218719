/* SPDX-License-Identifier: Apache-2.0 */
/* keyevp: what cert.c and crl.c need of a key. Private to lib/crypt. */
#ifndef BL_CRYPT_KEYEVP_H
#define BL_CRYPT_KEYEVP_H

#include <openssl/evp.h>

#include "crypt/key.h"

/*
 * A key of that DER SubjectPublicKeyInfo; evp is what OpenSSL made of it (NULL: could not), of which a reference is taken. A key of an
 * algorithm, size or encoding outside key.h is of kind OTHER: it has a hash and verifies nothing. NULL: out of memory.
 */
struct bl_key *bl_key_wrap(const uint8_t *spki, size_t n, EVP_PKEY *evp);
/* NULL for OTHER. */
EVP_PKEY *bl_key_evp(const struct bl_key *k);

#endif
