/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quote: DCAP quotes of Intel SGX (v3, v4, v5) and TDX (v4, v5; bodies 1.0 and 1.5), ECDSA P-256 (Intel: SGX and TDX DCAP quoting
 * library API, appendix A): their bytes and claims, and the technologies `sgx` and `tdx`. A quote inside other evidence (azure): parse,
 * claims, words, then dcap.h.
 */
#ifndef BL_ATTEST_QUOTE_H
#define BL_ATTEST_QUOTE_H

#include "attest/evidence.h"

enum { BL_QUOTE_CHAIN = 5, BL_QUOTE_SGX_DATA = 320, BL_QUOTE_TDX_DATA = 520 };	/* a certification type; where report data is */
enum bl_quote_body { BL_QUOTE_SGX = 1, BL_QUOTE_TDX10 = 2, BL_QUOTE_TDX15 = 3 };	/* as in v5 */

/* Views into the bytes of a quote. */
struct bl_quote {
	unsigned version;
	enum bl_quote_body kind;
	const uint8_t *p; size_t signed_len;		/* header and body: what the quote's signature is over */
	const uint8_t *body;
	const uint8_t *sig, *key;			/* r || s, x || y */
	const uint8_t *qe, *qe_sig;			/* the quoting enclave's report, signed by the PCK */
	const uint8_t *auth; size_t auth_len;
	unsigned cert_type;				/* 5: a PEM chain; 1 to 3: a platform id, encrypted or not */
	const uint8_t *cert; size_t cert_len;
};

bool bl_quote_detect(const uint8_t *p, size_t n);
/* Every length must agree with the others; zeros may follow, nothing else. 65. */
int bl_quote_parse(struct bl_quote *q, const uint8_t *p, size_t n, struct bl_err *err);
const uint8_t *bl_quote_report_data(const struct bl_quote *q);	/* 64 bytes */
/* The fields of the body into a claims object. */
void bl_quote_claims(const struct bl_quote *q, struct bl_json *claims);
/* Sets debug and the words that a policy may speak about (appraise.h); `fmspc` too when there is a PCK chain inside. 65. */
int bl_quote_words(struct bl_evidence *e, const struct bl_quote *q, struct bl_err *err);

#endif
