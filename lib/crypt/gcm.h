/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gcm: AES-256-GCM (NIST SP 800-38D) by OpenSSL, 96-bit nonce, 128-bit tag. A context keeps the key schedule: one per
 * column key, used by one thread at a time. The caller owns nonce uniqueness.
 */
#ifndef BL_CRYPT_GCM_H
#define BL_CRYPT_GCM_H

#include <stddef.h>
#include <stdint.h>

enum { BL_GCM_KEY = 32, BL_GCM_NONCE = 12, BL_GCM_TAG = 16 };
struct bl_gcm;
struct bl_gcm *bl_gcm_new(const uint8_t key[BL_GCM_KEY]);	/* NULL: out of memory, or bl_mem_init was without OpenSSL */
struct bl_gcm *bl_gcm_new128(const uint8_t key[16]);		/* AES-128-GCM, for the vectors of HPKE */
void bl_gcm_free(struct bl_gcm *g);
/* out holds n + BL_GCM_TAG bytes: ciphertext, then tag. in == out is allowed. Returns 0, -1 on internal failure. */
int bl_gcm_seal(struct bl_gcm *g, const uint8_t nonce[BL_GCM_NONCE], const void *aad, size_t alen,
		const void *in, size_t n, uint8_t *out);
/* n counts the tag. Returns 0, or -1 when it does not authenticate: then `out` (n - BL_GCM_TAG bytes) has been zeroed. */
int bl_gcm_open(struct bl_gcm *g, const uint8_t nonce[BL_GCM_NONCE], const void *aad, size_t alen,
		const uint8_t *in, size_t n, uint8_t *out);

/* For bl_mem_init only: fetches the ciphers. */
int bl_gcm_init(void);

#endif
