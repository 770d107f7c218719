/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key: public keys of foreign evidence and the signatures under them: ECDSA on P-256 and P-384, RSA (PKCS #1 v1.5 and PSS),
 * Ed25519. By OpenSSL. The caller says which algorithm it expects; nothing is guessed from the signature.
 */
#ifndef BL_CRYPT_KEY_H
#define BL_CRYPT_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct bl_key;
enum bl_key_kind { BL_KEY_RSA, BL_KEY_P256, BL_KEY_P384, BL_KEY_ED25519, BL_KEY_OTHER };
enum bl_key_hash { BL_KEY_SHA1, BL_KEY_SHA256, BL_KEY_SHA384, BL_KEY_SHA512 };

/*
 * SubjectPublicKeyInfo (RFC 5280), DER or PEM. 65 for anything else, and for keys that are not of these kinds in the usual form (named
 * curve, uncompressed point): OTHER is the kind of such a key in a certificate; it has a hash and verifies nothing. bl_mem_init_hashes
 * comes first.
 */
struct bl_key *bl_key_parse(const uint8_t *p, size_t n, struct bl_err *err);
/* An uncompressed point x || y (32 + 32 or 48 + 48 bytes) on the curve; NULL when it is not on it. */
struct bl_key *bl_key_point(enum bl_key_kind curve, const uint8_t *xy);
/* RSA from big-endian modulus and exponent (JWK, TPMT_PUBLIC). NULL below 2048 or above 8192 bits, or for an even exponent. */
struct bl_key *bl_key_rsa(const uint8_t *n, size_t nlen, const uint8_t *e, size_t elen);
void bl_key_free(struct bl_key *k);
enum bl_key_kind bl_key_kind(const struct bl_key *k);
unsigned bl_key_bits(const struct bl_key *k);
/* SHA-256 of the DER SubjectPublicKeyInfo. */
void bl_key_hash(const struct bl_key *k, uint8_t out[32]);
/* SubjectPublicKeyInfo in PEM, as `openssl pkey -pubin` prints it; appended. */
void bl_key_print(const struct bl_key *k, struct bl_buf *out);
bool bl_key_equal(const struct bl_key *a, const struct bl_key *b);

/* r || s, each as wide as the curve, big-endian; SHA-256 on P-256, SHA-384 on P-384 unless `hash` says otherwise. */
bool bl_key_check_raw(const struct bl_key *k, enum bl_key_hash hash, const void *msg, size_t n, const uint8_t *rs);
/* A DER ECDSA signature, or RSA PKCS #1 v1.5, or Ed25519 (hash SHA512, its own). */
bool bl_key_check(const struct bl_key *k, enum bl_key_hash hash, const void *msg, size_t n, const uint8_t *sig, size_t len);
/* RSASSA-PSS with MGF1 of the same hash and any salt length. */
bool bl_key_check_pss(const struct bl_key *k, enum bl_key_hash hash, const void *msg, size_t n, const uint8_t *sig, size_t len);
/* One-shot digests; returns the length (20, 32, 48, 64). */
size_t bl_key_digest(enum bl_key_hash hash, const void *msg, size_t n, uint8_t out[64]);

#endif
