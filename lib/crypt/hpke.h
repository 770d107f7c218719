/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hpke: RFC 9180, mode base, DHKEM(X25519, HKDF-SHA256) with HKDF-SHA256 and, by `aead`, AES-128-GCM (0x0001),
 * AES-256-GCM (0x0002) or ChaCha20Poly1305 (0x0003). Single-shot seal and open, and the context underneath for tests.
 */
#ifndef BL_CRYPT_HPKE_H
#define BL_CRYPT_HPKE_H

#include <stddef.h>
#include <stdint.h>

enum { BL_HPKE_ENC = 32, BL_HPKE_TAG = 16, BL_HPKE_AES128 = 1, BL_HPKE_AES256 = 2, BL_HPKE_CHACHA = 3 };

/* out holds n + BL_HPKE_TAG; ChaCha20Poly1305. 0, or -1 for a bad public key. */
int bl_hpke_seal(const uint8_t pk[32], const void *info, size_t ilen, const void *aad, size_t alen,
		 const void *pt, size_t n, uint8_t enc[BL_HPKE_ENC], uint8_t *out);
/* n counts the tag; out holds n - BL_HPKE_TAG, zeroed on failure (-1). */
int bl_hpke_open(const uint8_t sk[32], const uint8_t enc[BL_HPKE_ENC], const void *info, size_t ilen,
		 const void *aad, size_t alen, const uint8_t *ct, size_t n, uint8_t *out);

#endif
