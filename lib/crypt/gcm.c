/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gcm: see gcm.h. One OpenSSL context serves both directions, since GCM runs the block cipher forwards in both; a message
 * sets the nonce only and keeps the key schedule.
 */
#include "crypt/gcm.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "crypt/mem.h"

static EVP_CIPHER *aes256, *aes128;

struct bl_gcm {
	EVP_CIPHER_CTX *ctx;
};

int bl_gcm_init(void)
{
	if (!aes256)
		aes256 = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	if (!aes128)
		aes128 = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
	return aes256 && aes128 ? 0 : -1;
}

static struct bl_gcm *make(const EVP_CIPHER *cipher, const uint8_t *key)
{
	struct bl_gcm *g = cipher ? calloc(1, sizeof *g) : NULL;

	if (!g)
		return NULL;
	g->ctx = EVP_CIPHER_CTX_new();
	if (!g->ctx || EVP_EncryptInit_ex2(g->ctx, cipher, key, NULL, NULL) != 1) {
		bl_gcm_free(g);
		return NULL;
	}
	return g;
}

struct bl_gcm *bl_gcm_new(const uint8_t key[BL_GCM_KEY])
{
	return make(aes256, key);
}

struct bl_gcm *bl_gcm_new128(const uint8_t key[16])
{
	return make(aes128, key);
}

void bl_gcm_free(struct bl_gcm *g)
{
	if (!g)
		return;
	EVP_CIPHER_CTX_free(g->ctx);		/* wipes the key schedule */
	free(g);
}

/* OpenSSL counts bytes as int. out NULL: additional data. */
static int update(EVP_CIPHER_CTX *ctx, const uint8_t *in, size_t n, uint8_t *out)
{
	enum { MOST = 1 << 30 };
	int done;

	while (n) {
		size_t step = n < MOST ? n : MOST;
		if (EVP_CipherUpdate(ctx, out, &done, in, (int)step) != 1)
			return -1;
		in += step;
		out = out ? out + step : NULL;
		n -= step;
	}
	return 0;
}

int bl_gcm_seal(struct bl_gcm *g, const uint8_t nonce[BL_GCM_NONCE], const void *aad, size_t alen,
		const void *in, size_t n, uint8_t *out)
{
	uint8_t none[1];
	int done;

	if (EVP_CipherInit_ex2(g->ctx, NULL, NULL, nonce, 1, NULL) != 1 || update(g->ctx, aad, alen, NULL) ||
	    update(g->ctx, in, n, out) || EVP_CipherFinal_ex(g->ctx, none, &done) != 1 ||
	    EVP_CIPHER_CTX_ctrl(g->ctx, EVP_CTRL_AEAD_GET_TAG, BL_GCM_TAG, out + n) != 1)
		return -1;
	return 0;
}

int bl_gcm_open(struct bl_gcm *g, const uint8_t nonce[BL_GCM_NONCE], const void *aad, size_t alen,
		const uint8_t *in, size_t n, uint8_t *out)
{
	uint8_t none[1], tag[BL_GCM_TAG];
	int done;

	if (n < BL_GCM_TAG)
		return -1;
	n -= BL_GCM_TAG;
	__builtin_memcpy(tag, in + n, sizeof tag);	/* ctrl takes no const */
	if (EVP_CipherInit_ex2(g->ctx, NULL, NULL, nonce, 0, NULL) != 1 || update(g->ctx, aad, alen, NULL) ||
	    update(g->ctx, in, n, out) || EVP_CIPHER_CTX_ctrl(g->ctx, EVP_CTRL_AEAD_SET_TAG, BL_GCM_TAG, tag) != 1 ||
	    EVP_CipherFinal_ex(g->ctx, none, &done) != 1) {
		bl_mem_wipe(out, n);
		return -1;
	}
	return 0;
}
