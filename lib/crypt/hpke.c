/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hpke: RFC 9180 sections 4.1 (DHKEM), 5.1 (key schedule), 5.2 (encryption), 5.3 (export), on libsodium's X25519 and
 * ChaCha20Poly1305 and our HKDF. Every secret is wiped before its function returns.
 */
#include "crypt/hpke.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "crypt/gcm.h"
#include "crypt/hash.h"

/* suite_id: "KEM" + id in the KEM, "HPKE" + three ids in the key schedule; all ids are 16 bits, big-endian. */
struct suite {
	uint8_t id[10];
	size_t n;
};
static const struct suite kem = { "KEM\0\x20", 5 };

static struct suite suite_of(uint16_t aead)
{
	struct suite s = { "HPKE\0\x20\0\x01", 10 };

	s.id[9] = (uint8_t)aead;
	return s;
}

/* Extract(salt, "HPKE-v1" || suite_id || label || ikm) */
static void labeled_extract(const struct suite *s, const uint8_t *salt, size_t slen, const char *label, const void *ikm,
			    size_t ilen, uint8_t prk[BL_HASH_LEN])
{
	crypto_auth_hmacsha256_state h;

	crypto_auth_hmacsha256_init(&h, salt, slen);
	crypto_auth_hmacsha256_update(&h, (const uint8_t *)"HPKE-v1", 7);
	crypto_auth_hmacsha256_update(&h, s->id, s->n);
	crypto_auth_hmacsha256_update(&h, (const uint8_t *)label, strlen(label));
	if (ilen)
		crypto_auth_hmacsha256_update(&h, ikm, ilen);
	crypto_auth_hmacsha256_final(&h, prk);
	sodium_memzero(&h, sizeof h);
}

enum { INFO = 1 + 2 * BL_HASH_LEN };		/* the key schedule's context, the longest info there is */
/* Expand(prk, I2OSP(len, 2) || "HPKE-v1" || suite_id || label || info) */
static void labeled_expand(const struct suite *s, const uint8_t prk[BL_HASH_LEN], const char *label, const void *info, size_t ilen,
			   uint8_t *out, size_t len)
{
	uint8_t b[2 + 7 + 10 + 16 + INFO] = { (uint8_t)(len >> 8), (uint8_t)len, 'H', 'P', 'K', 'E', '-', 'v', '1' };
	size_t n = 9, l = strlen(label);

	assert(l <= 16 && ilen <= INFO);
	memcpy(b + n, s->id, s->n);
	n += s->n;
	memcpy(b + n, label, l);
	n += l;
	if (ilen)
		memcpy(b + n, info, ilen);
	bl_hash_expand(prk, b, n + ilen, out, len);
	sodium_memzero(b, sizeof b);
}

/* The KEM's shared secret out of the Diffie-Hellman point; context = enc || pkR. */
static void shared_secret(const uint8_t dh[32], const uint8_t enc[32], const uint8_t pk[32], uint8_t out[32])
{
	uint8_t context[64], prk[BL_HASH_LEN];

	memcpy(context, enc, 32);
	memcpy(context + 32, pk, 32);
	labeled_extract(&kem, context, 0, "eae_prk", dh, 32, prk);
	labeled_expand(&kem, prk, "shared_secret", context, sizeof context, out, 32);
	sodium_memzero(prk, sizeof prk);
}

static void schedule(struct bl_hpke *h, uint16_t aead, const uint8_t shared[32], const void *info, size_t ilen)
{
	const struct suite s = suite_of(aead);
	uint8_t context[1 + 2 * BL_HASH_LEN] = { 0 }, secret[BL_HASH_LEN];	/* mode_base is 0 */

	memset(h, 0, sizeof *h);
	h->aead = aead;
	labeled_extract(&s, context, 0, "psk_id_hash", NULL, 0, context + 1);
	labeled_extract(&s, context, 0, "info_hash", info, ilen, context + 1 + BL_HASH_LEN);
	labeled_extract(&s, shared, 32, "secret", NULL, 0, secret);
	labeled_expand(&s, secret, "key", context, sizeof context, h->key, aead == BL_HPKE_AES128 ? 16 : 32);
	labeled_expand(&s, secret, "base_nonce", context, sizeof context, h->nonce, sizeof h->nonce);
	labeled_expand(&s, secret, "exp", context, sizeof context, h->exporter, sizeof h->exporter);
	sodium_memzero(secret, sizeof secret);
}

int bl_hpke_sender(struct bl_hpke *h, uint16_t aead, const uint8_t pk[32], const uint8_t ephemeral[32],
		   const void *info, size_t ilen, uint8_t enc[BL_HPKE_ENC])
{
	uint8_t dh[32], shared[32];

	/* -1 when the shared point is all zeros: a public key of small order. */
	if (aead < BL_HPKE_AES128 || aead > BL_HPKE_CHACHA || crypto_scalarmult(dh, ephemeral, pk))
		return -1;
	crypto_scalarmult_base(enc, ephemeral);
	shared_secret(dh, enc, pk, shared);
	schedule(h, aead, shared, info, ilen);
	sodium_memzero(dh, sizeof dh);
	sodium_memzero(shared, sizeof shared);
	return 0;
}

int bl_hpke_receiver(struct bl_hpke *h, uint16_t aead, const uint8_t sk[32], const uint8_t enc[BL_HPKE_ENC],
		     const void *info, size_t ilen)
{
	uint8_t dh[32], shared[32], pk[32];

	if (aead < BL_HPKE_AES128 || aead > BL_HPKE_CHACHA || crypto_scalarmult(dh, sk, enc))
		return -1;
	crypto_scalarmult_base(pk, sk);
	shared_secret(dh, enc, pk, shared);
	schedule(h, aead, shared, info, ilen);
	sodium_memzero(dh, sizeof dh);
	sodium_memzero(shared, sizeof shared);
	return 0;
}

/* base_nonce xor I2OSP(seq, 12) */
static void next_nonce(const struct bl_hpke *h, uint8_t nonce[12])
{
	memcpy(nonce, h->nonce, 12);
	for (unsigned i = 0; i < 8; i++)
		nonce[11 - i] ^= (uint8_t)(h->seq >> 8 * i);
}

static struct bl_gcm *aes(const struct bl_hpke *h)
{
	return h->aead == BL_HPKE_AES128 ? bl_gcm_new128(h->key) : bl_gcm_new(h->key);
}

int bl_hpke_encrypt(struct bl_hpke *h, const void *aad, size_t alen, const void *pt, size_t n, uint8_t *out)
{
	uint8_t nonce[12];
	struct bl_gcm *g;
	int ret;

	if (h->seq == UINT64_MAX)
		return -1;
	next_nonce(h, nonce);
	if (h->aead == BL_HPKE_CHACHA) {
		ret = crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, pt, n, aad, alen, NULL, nonce, h->key);
	} else {
		g = aes(h);
		ret = g ? bl_gcm_seal(g, nonce, aad, alen, pt, n, out) : -1;
		bl_gcm_free(g);
	}
	h->seq += !ret;
	return ret;
}

int bl_hpke_decrypt(struct bl_hpke *h, const void *aad, size_t alen, const uint8_t *ct, size_t n, uint8_t *out)
{
	uint8_t nonce[12];
	struct bl_gcm *g;
	int ret;

	if (n < BL_HPKE_TAG || h->seq == UINT64_MAX)
		return -1;
	next_nonce(h, nonce);
	if (h->aead == BL_HPKE_CHACHA) {
		ret = crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, ct, n, aad, alen, nonce, h->key);
		if (ret)
			sodium_memzero(out, n - BL_HPKE_TAG);
	} else {
		g = aes(h);
		ret = g ? bl_gcm_open(g, nonce, aad, alen, ct, n, out) : -1;
		bl_gcm_free(g);
	}
	h->seq += !ret;
	return ret;
}

void bl_hpke_export(const struct bl_hpke *h, const void *context, size_t clen, uint8_t *out, size_t len)
{
	const struct suite s = suite_of(h->aead);

	labeled_expand(&s, h->exporter, "sec", context, clen, out, len);
}

int bl_hpke_seal(const uint8_t pk[32], const void *info, size_t ilen, const void *aad, size_t alen,
		 const void *pt, size_t n, uint8_t enc[BL_HPKE_ENC], uint8_t *out)
{
	uint8_t ephemeral[32];
	struct bl_hpke h;
	int ret;

	/* RFC 9180 7.1.3: for X25519 32 random bytes are a key as good as DeriveKeyPair's. */
	randombytes_buf(ephemeral, sizeof ephemeral);
	ret = bl_hpke_sender(&h, BL_HPKE_CHACHA, pk, ephemeral, info, ilen, enc);
	sodium_memzero(ephemeral, sizeof ephemeral);
	if (ret)
		return -1;
	ret = bl_hpke_encrypt(&h, aad, alen, pt, n, out);
	sodium_memzero(&h, sizeof h);
	return ret;
}

int bl_hpke_open(const uint8_t sk[32], const uint8_t enc[BL_HPKE_ENC], const void *info, size_t ilen,
		 const void *aad, size_t alen, const uint8_t *ct, size_t n, uint8_t *out)
{
	struct bl_hpke h;
	int ret;

	if (n < BL_HPKE_TAG)
		return -1;
	if (bl_hpke_receiver(&h, BL_HPKE_CHACHA, sk, enc, info, ilen)) {
		sodium_memzero(out, n - BL_HPKE_TAG);
		return -1;
	}
	ret = bl_hpke_decrypt(&h, aad, alen, ct, n, out);
	sodium_memzero(&h, sizeof h);
	return ret;
}
