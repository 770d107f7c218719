/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash: see hash.h. SHA-256 is OpenSSL's once that has started: three to five times as fast, at any length, where the
 * processor has SHA instructions. Everything else is libsodium's, which needs no context.
 */
#include "crypt/hash.h"

#include <assert.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static EVP_MD *sha256;		/* NULL: OpenSSL was not started */

struct bl_hash {
	EVP_MD_CTX *ctx;	/* NULL: state is in use */
	crypto_hash_sha256_state state;
};

int bl_hash_init(void)
{
	if (!sha256)
		sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	return sha256 ? 0 : -1;
}

/* An initialised digest of the default provider fails only by our mistake. */
static void must(int ok)
{
	if (ok != 1)
		abort();
}

static void begin(struct bl_hash *h)
{
	if (h->ctx)
		must(EVP_DigestInit_ex2(h->ctx, sha256, NULL));
	else
		crypto_hash_sha256_init(&h->state);
}

struct bl_hash *bl_hash_new(void)
{
	struct bl_hash *h = calloc(1, sizeof *h);

	if (!h)
		return NULL;
	if (sha256 && !(h->ctx = EVP_MD_CTX_new())) {
		free(h);
		return NULL;
	}
	begin(h);
	return h;
}

void bl_hash_add(struct bl_hash *h, const void *p, size_t n)
{
	if (!n)
		return;
	if (h->ctx)
		must(EVP_DigestUpdate(h->ctx, p, n));
	else
		crypto_hash_sha256_update(&h->state, p, n);
}

void bl_hash_end(struct bl_hash *h, uint8_t out[BL_HASH_LEN])
{
	if (h->ctx)
		must(EVP_DigestFinal_ex(h->ctx, out, NULL));
	else
		crypto_hash_sha256_final(&h->state, out);
	begin(h);
}

void bl_hash_free(struct bl_hash *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	sodium_memzero(h, sizeof *h);
	free(h);
}

void bl_hash_sha256(const void *p, size_t n, uint8_t out[BL_HASH_LEN])
{
	/* Out of memory: libsodium's needs none. */
	if (!sha256 || EVP_Digest(p, n, out, NULL, sha256, NULL) != 1)
		crypto_hash_sha256(out, p, n);
}

void bl_hash_both(const void *p, size_t n, const void *q, size_t m, uint8_t out[BL_HASH_LEN])
{
	struct bl_hash h = { .ctx = sha256 ? EVP_MD_CTX_new() : NULL };

	begin(&h);
	bl_hash_add(&h, p, n);
	bl_hash_add(&h, q, m);
	if (h.ctx)
		must(EVP_DigestFinal_ex(h.ctx, out, NULL));
	else
		crypto_hash_sha256_final(&h.state, out);
	EVP_MD_CTX_free(h.ctx);
	sodium_memzero(&h.state, sizeof h.state);
}

void bl_hash_sha512(const void *p, size_t n, uint8_t out[BL_HASH512_LEN])
{
	crypto_hash_sha512(out, p, n);
}

void bl_hash_hmac(const uint8_t *key, size_t klen, const void *p, size_t n, uint8_t out[BL_HASH_LEN])
{
	crypto_auth_hmacsha256_state s;

	crypto_auth_hmacsha256_init(&s, key, klen);
	if (n)
		crypto_auth_hmacsha256_update(&s, p, n);
	crypto_auth_hmacsha256_final(&s, out);
	sodium_memzero(&s, sizeof s);
}

void bl_hash_extract(const void *salt, size_t slen, const void *ikm, size_t ilen, uint8_t prk[BL_HASH_LEN])
{
	/* No salt is a salt of zeros, which is what HMAC makes of an empty key. */
	bl_hash_hmac(slen ? salt : (const uint8_t *)"", slen, ikm, ilen, prk);
}

void bl_hash_expand(const uint8_t prk[BL_HASH_LEN], const void *info, size_t ilen, uint8_t *out, size_t len)
{
	uint8_t t[BL_HASH_LEN];
	crypto_auth_hmacsha256_state s;

	assert(len <= 255 * BL_HASH_LEN);
	for (uint8_t i = 1; len; i++) {
		size_t n = len < BL_HASH_LEN ? len : BL_HASH_LEN;
		crypto_auth_hmacsha256_init(&s, prk, BL_HASH_LEN);
		if (i > 1)
			crypto_auth_hmacsha256_update(&s, t, sizeof t);
		if (ilen)
			crypto_auth_hmacsha256_update(&s, info, ilen);
		crypto_auth_hmacsha256_update(&s, &i, 1);
		crypto_auth_hmacsha256_final(&s, t);
		memcpy(out, t, n);
		out += n;
		len -= n;
	}
	sodium_memzero(t, sizeof t);
	sodium_memzero(&s, sizeof s);
}

void bl_hash_keyed16(const uint8_t key[32], const void *p, size_t n, uint8_t out[16])
{
	crypto_generichash_blake2b(out, 16, p, n, key, 32);
}
