/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest-aws: a Nitro of our own: root, CA and leaf, and documents under them with what a test wants to be wrong about it.
 *
 *	struct aws aws;
 *	aws_init(&aws);
 *	aws_document(&b, &aws, AWS_NONE);
 */
#ifndef TESTS_ATTEST_AWS_H
#define TESTS_ATTEST_AWS_H

#include "attest.h"
#include "attest/cbor.h"

struct aws {
	struct attest_cert *root, *middle, *leaf;
	const uint8_t *user_data, *nonce, *public_key;	/* 64, 32 and 32 bytes; NULL: "hello", 01 02 03, none */
};

static inline void aws_init(struct aws *a)
{
	*a = (struct aws){ 0 };
	a->root = attest_issue(NULL, attest_key(ATTEST_P384), &(struct attest_spec){ .subject = "CN=root", .ca = true });
	a->middle = attest_issue(a->root, attest_key(ATTEST_P384), &(struct attest_spec){ .subject = "CN=middle", .ca = true });
	a->leaf = attest_issue(a->middle, attest_key(ATTEST_P384), &(struct attest_spec){ .subject = "CN=leaf" });
}

enum aws_flaw { AWS_NONE, AWS_OTHER_KEY, AWS_BUNDLE_OTHER, AWS_PCR_SHORT, AWS_PCR_HIGH, AWS_NO_NONCE, AWS_EXTRA_HEADER, AWS_SIG_SHORT, AWS_NONCE_TWICE, AWS_TAGGED, AWS_DEBUG, AWS_NO_BUNDLE, AWS_SIGNED_BY_CA, AWS_DIGEST };

static inline void aws_head(struct bl_buf *b, enum bl_cbor_type type, uint64_t v)
{
	uint8_t out[9];

	bl_buf_put(b, out, bl_cbor_put(out, type, v));
}

static inline void aws_text(struct bl_buf *b, const char *s)
{
	aws_head(b, BL_CBOR_TEXT, strlen(s));
	bl_buf_puts(b, s);
}

static inline void aws_bytes(struct bl_buf *b, const void *p, size_t n)
{
	aws_head(b, BL_CBOR_BYTES, n);
	bl_buf_put(b, p, n);
}

static inline void aws_payload(struct bl_buf *b, const struct aws *a, enum aws_flaw flaw)
{
	const struct attest_cert *signer = flaw == AWS_SIGNED_BY_CA ? a->middle : a->leaf;
	uint8_t pcr[48] = { 0 };

	aws_head(b, BL_CBOR_MAP, flaw == AWS_NONCE_TWICE ? 10 : 9);
	aws_text(b, "module_id");
	aws_text(b, "i-0123-enc0123");
	aws_text(b, "digest");
	aws_text(b, flaw == AWS_DIGEST ? "SHA256" : "SHA384");
	aws_text(b, "timestamp");
	aws_head(b, BL_CBOR_UINT, (uint64_t)ATTEST_NOW * 1000 + 999);
	aws_text(b, "pcrs");
	aws_head(b, BL_CBOR_MAP, 3);
	for (unsigned i = 0; i < 3; i++) {
		memset(pcr, flaw == AWS_DEBUG ? 0 : 0x11 * (int)(i + 1), sizeof pcr);
		aws_head(b, BL_CBOR_UINT, flaw == AWS_PCR_HIGH && i == 2 ? 32 : i == 2 ? 8 : i);
		aws_bytes(b, pcr, flaw == AWS_PCR_SHORT && i == 1 ? 47 : 48);
	}
	aws_text(b, "certificate");
	aws_bytes(b, signer->der, signer->n);
	aws_text(b, "cabundle");
	aws_head(b, BL_CBOR_ARRAY, flaw == AWS_NO_BUNDLE ? 0 : flaw == AWS_BUNDLE_OTHER ? 1 : 2);
	if (flaw != AWS_NO_BUNDLE)
		aws_bytes(b, a->root->der, a->root->n);
	if (flaw != AWS_NO_BUNDLE && flaw != AWS_BUNDLE_OTHER)
		aws_bytes(b, a->middle->der, a->middle->n);
	aws_text(b, "public_key");
	if (a->public_key)
		aws_bytes(b, a->public_key, 32);
	else
		aws_head(b, BL_CBOR_SIMPLE, BL_CBOR_NULL);
	aws_text(b, "user_data");
	aws_bytes(b, a->user_data ? a->user_data : (const uint8_t *)"hello", a->user_data ? 64 : 5);
	for (int i = 0; i < (flaw == AWS_NONCE_TWICE ? 2 : 1); i++) {
		aws_text(b, "nonce");
		if (flaw == AWS_NO_NONCE)
			aws_head(b, BL_CBOR_SIMPLE, BL_CBOR_NULL);
		else
			aws_bytes(b, a->nonce ? a->nonce : (const uint8_t *)"\x01\x02\x03", a->nonce ? 32 : 3);
	}
}

static inline void aws_document(struct bl_buf *b, const struct aws *a, enum aws_flaw flaw)
{
	EVP_PKEY *key = flaw == AWS_OTHER_KEY || flaw == AWS_SIGNED_BY_CA ? a->middle->key : a->leaf->key;
	struct bl_buf payload, m;
	uint8_t rs[96];

	bl_buf_init(&payload, 1 << 16);
	bl_buf_init(&m, 1 << 16);
	aws_payload(&payload, a, flaw);
	bl_buf_put(&m, "\x84\x6aSignature1\x44\xa1\x01\x38\x22\x40", 18);
	aws_bytes(&m, payload.p, payload.len);
	attest_sign_raw(key, BL_KEY_SHA384, m.p, m.len, rs);
	if (flaw == AWS_TAGGED)
		bl_buf_put8(b, 0xd2);
	bl_buf_put(b, "\x84\x44\xa1\x01\x38\x22", 6);
	bl_buf_put(b, "\xa1\x04\x41\x01", flaw == AWS_EXTRA_HEADER ? 4 : 0);
	if (flaw != AWS_EXTRA_HEADER)
		bl_buf_put8(b, 0xa0);
	aws_bytes(b, payload.p, payload.len);
	aws_bytes(b, rs, flaw == AWS_SIG_SHORT ? 95 : 96);
	bl_buf_fini(&payload);
	bl_buf_fini(&m);
}

#endif
