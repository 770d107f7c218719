/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tpm: what a TPM of our own answers to the provider tpm2, one answer after the other in tpm_step[], to be sent as it is or altered. Values
 * of PCRs are tpm_values, the quote is over tpm_data; keys are the test's. attest.h comes first.
 */
#ifndef TESTS_TPM_H
#define TESTS_TPM_H

#include "attest.h"

enum { TPM_HANDLE = 0x80fffff1, TPM_STEPS = 16, TPM_LONG = 5000 };

struct tpm_step { uint8_t p[TPM_LONG]; size_t n; };
static struct tpm_step tpm_step[TPM_STEPS];
static size_t tpm_steps;

static inline void tpm_be(struct tpm_step *s, uint64_t v, int n)
{
	while (n--)
		s->p[s->n++] = (uint8_t)(v >> 8 * n);
}

static inline void tpm_add(struct tpm_step *s, const void *p, size_t n)
{
	memcpy(s->p + s->n, p, n);
	s->n += n;
}

static inline void tpm_sized(struct tpm_step *s, const void *p, size_t n)
{
	tpm_be(s, n, 2);
	tpm_add(s, p, n);
}

static inline void tpm_fit(struct tpm_step *s)		/* the header says the length that it has */
{
	for (int i = 0; i < 4; i++)
		s->p[2 + i] = (uint8_t)(s->n >> 8 * (3 - i));
}

static inline struct tpm_step *tpm_head(unsigned tag, uint32_t rc)
{
	struct tpm_step *s = &tpm_step[tpm_steps++];

	s->n = 0;
	tpm_be(s, tag, 2);
	tpm_be(s, 10, 4);
	tpm_be(s, rc, 4);
	return s;
}

static inline void tpm_refuse(uint32_t rc)
{
	tpm_head(0x8001, rc);
}

/* Parameters, their length before them, and the acknowledgement of a password. */
static inline void tpm_parameters(struct tpm_step *s, const struct tpm_step *in)
{
	tpm_be(s, in->n, 4);
	tpm_add(s, in->p, in->n);
	tpm_be(s, 0, 2);
	tpm_be(s, 1, 1);
	tpm_be(s, 0, 2);
	tpm_fit(s);
}

static inline void tpm_created(EVP_PKEY *key)
{
	static struct tpm_step public, in;
	const bool ecc = EVP_PKEY_is_a(key, "EC");
	struct tpm_step *s = tpm_head(0x8002, 0);
	uint8_t number[512];

	public.n = in.n = 0;
	tpm_be(&public, ecc ? 0x23 : 1, 2);
	tpm_be(&public, 0xb, 2);
	tpm_be(&public, 0x50472, 4);
	tpm_be(&public, 0, 2);
	tpm_be(&public, 0x10, 2);
	tpm_be(&public, ecc ? 0x18 : 0x14, 2);
	tpm_be(&public, 0xb, 2);
	tpm_be(&public, ecc ? 3 : 2048, 2);
	tpm_be(&public, ecc ? 0x10 : 0, ecc ? 2 : 4);
	if (ecc) {
		attest_point(key, number);
		tpm_sized(&public, number, 32);
		tpm_sized(&public, number + 32, 32);
	} else {
		BIGNUM *n = NULL;
		int good = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1 && BN_bn2binpad(n, number, 256) == 256;

		assert(good);
		BN_free(n);
		tpm_sized(&public, number, 256);
	}
	tpm_be(s, TPM_HANDLE, 4);
	tpm_sized(&in, public.p, public.n);
	tpm_sized(&in, "creation", 8);
	tpm_sized(&in, "hash", 4);
	tpm_be(&in, 0x8021, 2);
	tpm_be(&in, 0x4000000b, 4);
	tpm_sized(&in, "ticket", 6);
	tpm_sized(&in, "\0\xb" "name", 6);
	tpm_parameters(s, &in);
}

static uint8_t tpm_values[16][32], tpm_data[32];

static inline void tpm_read_out(uint16_t pcrs)
{
	struct tpm_step *s = tpm_head(0x8001, 0);

	tpm_be(s, 77, 4);
	tpm_be(s, 1, 4);
	tpm_be(s, 0xb, 2);
	tpm_be(s, 3, 1);
	tpm_be(s, pcrs & 0xff, 1);
	tpm_be(s, pcrs >> 8, 1);
	tpm_be(s, 0, 1);
	tpm_be(s, (unsigned)__builtin_popcount(pcrs), 4);
	for (int i = 0; i < 16; i++)
		if (pcrs >> i & 1)
			tpm_sized(s, tpm_values[i], 32);
	tpm_fit(s);
}

struct tpm_odd { uint16_t pcrs, hash; bool other_data, other_scheme; };

static inline void tpm_quoted(EVP_PKEY *key, const struct tpm_odd *odd)
{
	static struct tpm_step msg, in;
	const bool ecc = EVP_PKEY_is_a(key, "EC");
	const uint16_t pcrs = odd && odd->pcrs ? odd->pcrs : 0xffff;
	uint8_t digest[64] = { 0 }, sig[1024];
	size_t n;

	msg.n = in.n = 0;
	tpm_be(&msg, 0xff544347, 4);
	tpm_be(&msg, 0x8018, 2);
	tpm_sized(&msg, "\0\xb" "signer", 8);
	tpm_sized(&msg, odd && odd->other_data ? (const void *)digest : tpm_data, 32);
	tpm_be(&msg, 123456, 8);
	tpm_be(&msg, 7, 4);
	tpm_be(&msg, 8, 4);
	tpm_be(&msg, 1, 1);
	tpm_be(&msg, 0x2019102300163636, 8);
	tpm_be(&msg, 1, 4);
	tpm_be(&msg, odd && odd->hash ? odd->hash : 0xb, 2);
	tpm_be(&msg, 3, 1);
	tpm_be(&msg, pcrs & 0xff, 1);
	tpm_be(&msg, pcrs >> 8, 1);
	tpm_be(&msg, 0, 1);
	tpm_sized(&msg, digest, bl_key_digest(BL_KEY_SHA256, tpm_values, sizeof tpm_values, digest));
	tpm_sized(&in, msg.p, msg.n);
	tpm_be(&in, odd && odd->other_scheme ? 0x16 : ecc ? 0x18 : 0x14, 2);
	tpm_be(&in, 0xb, 2);
	if (odd && odd->other_scheme) {
		tpm_sized(&in, digest, 64);
	} else if (ecc) {
		attest_sign_raw(key, BL_KEY_SHA256, msg.p, msg.n, sig);
		tpm_sized(&in, sig, 32);
		tpm_sized(&in, sig + 32, 32);
	} else {
		n = attest_sign(key, BL_KEY_SHA256, false, msg.p, msg.n, sig);
		tpm_sized(&in, sig, n);
	}
	tpm_parameters(tpm_head(0x8002, 0), &in);
}

/* All that a quote takes, without its first `skip` answers. */
static inline void tpm_rest(EVP_PKEY *key, int skip)
{
	if (skip < 1)
		tpm_created(key);
	if (skip < 2)
		tpm_read_out(0x00ff);
	if (skip < 3)
		tpm_read_out(0xff00);
	if (skip < 4)
		tpm_quoted(key, NULL);
	if (skip < 5)
		tpm_refuse(0);
}

#endif
