/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hpke: RFC 9180, mode base, DHKEM(X25519, HKDF-SHA256) with HKDF-SHA256 and ChaCha20Poly1305. Single-shot seal and open for
 * the programs; underneath, a context that also speaks the AES ones (those need bl_mem_init with OpenSSL), for tests.
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

/* --- the context underneath; its owner wipes it with bl_mem_wipe --- */

struct bl_hpke {
	uint8_t key[32], nonce[12], exporter[32];	/* AES-128 uses the first 16 bytes of the key */
	uint64_t seq;					/* of the next message; never wraps */
	uint16_t aead;
};
/* As sender with this ephemeral key (never used twice); enc is its public half. -1: a bad public key. */
int bl_hpke_sender(struct bl_hpke *h, uint16_t aead, const uint8_t pk[32], const uint8_t ephemeral[32],
		   const void *info, size_t ilen, uint8_t enc[BL_HPKE_ENC]);
int bl_hpke_receiver(struct bl_hpke *h, uint16_t aead, const uint8_t sk[32], const uint8_t enc[BL_HPKE_ENC],
		     const void *info, size_t ilen);
/* The next message; -1 does not count as one. */
int bl_hpke_encrypt(struct bl_hpke *h, const void *aad, size_t alen, const void *pt, size_t n, uint8_t *out);
int bl_hpke_decrypt(struct bl_hpke *h, const void *aad, size_t alen, const uint8_t *ct, size_t n, uint8_t *out);
/* A secret of both sides; clen <= 65, len <= 255 * 32. */
void bl_hpke_export(const struct bl_hpke *h, const void *context, size_t clen, uint8_t *out, size_t len);

#endif
