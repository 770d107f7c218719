/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash: SHA-256 (OpenSSL's when it was initialised, for its sha_ni code, else libsodium's), SHA-512, HMAC-SHA256,
 * HKDF-SHA256 (RFC 5869), keyed 128-bit BLAKE2b.
 */
#ifndef BL_CRYPT_HASH_H
#define BL_CRYPT_HASH_H

#include <stddef.h>
#include <stdint.h>

enum { BL_HASH_LEN = 32, BL_HASH512_LEN = 64 };
struct bl_hash;			/* a running SHA-256 */
struct bl_hash *bl_hash_new(void);	/* NULL: out of memory */
void bl_hash_add(struct bl_hash *h, const void *p, size_t n);
void bl_hash_end(struct bl_hash *h, uint8_t out[BL_HASH_LEN]);	/* result; h is ready for another message */
void bl_hash_free(struct bl_hash *h);

void bl_hash_sha256(const void *p, size_t n, uint8_t out[BL_HASH_LEN]);
/* SHA-256(p || q); never fails. */
void bl_hash_both(const void *p, size_t n, const void *q, size_t m, uint8_t out[BL_HASH_LEN]);
void bl_hash_sha512(const void *p, size_t n, uint8_t out[BL_HASH512_LEN]);
void bl_hash_hmac(const uint8_t *key, size_t klen, const void *p, size_t n, uint8_t out[BL_HASH_LEN]);
/* HKDF-Expand(prk, info) and HKDF-Extract(salt, ikm); len <= 255 * 32. */
void bl_hash_extract(const void *salt, size_t slen, const void *ikm, size_t ilen, uint8_t prk[BL_HASH_LEN]);
void bl_hash_expand(const uint8_t prk[BL_HASH_LEN], const void *info, size_t ilen, uint8_t *out, size_t len);
/* BLAKE2b with a 32-byte key and 16 bytes of output: entity identifiers. */
void bl_hash_keyed16(const uint8_t key[32], const void *p, size_t n, uint8_t out[16]);

/* For bl_mem_init only: from here on SHA-256 is OpenSSL's. */
int bl_hash_init(void);

#endif
