/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tpm: quotes of TPM 2.0 (TCG TPM 2.0 Library, part 2: TPMS_ATTEST, TPMT_SIGNATURE), and what azure needs of a quote that comes
 * with other evidence. Big endian.
 */
#ifndef BL_ATTEST_TPM_H
#define BL_ATTEST_TPM_H

#include "attest/evidence.h"

enum { BL_TPM_BANKS = 16, BL_TPM_PCRS = 64 };	/* most banks; most PCRs of one */

struct bl_tpm_bytes { const uint8_t *p; size_t n; };

/* A TPMS_ATTEST of a quote: views into its bytes. */
struct bl_tpm_quote {
	const uint8_t *p; size_t n;
	struct bl_tpm_bytes signer, extra, digest;
	uint64_t clock, firmware;
	uint32_t resets, restarts;
	uint8_t safe;
	struct bl_tpm_bank { uint16_t alg; uint64_t pcrs; } bank[BL_TPM_BANKS];	/* pcrs: bit i is PCR i */
	size_t nbank;
};

struct bl_tpm_sig {
	enum { BL_TPM_RSASSA = 0x14, BL_TPM_RSAPSS = 0x16, BL_TPM_ECDSA = 0x18 } alg;
	enum bl_key_hash hash;
	struct bl_tpm_bytes rsa, r, s;
};

/* 65 when malformed. Nothing may follow. */
int bl_tpm_parse(struct bl_tpm_quote *q, const uint8_t *p, size_t n, struct bl_err *err);
/* A TPMT_SIGNATURE; what is not of these three schemes and four hashes is 65, by name. */
int bl_tpm_parse_sig(struct bl_tpm_sig *s, const uint8_t *p, size_t n, struct bl_err *err);
/* Members qualified_signer, extra_data, clock, ... of o. */
void bl_tpm_claims(const struct bl_tpm_quote *q, struct bl_json *o);

/* AUTHENTIC check `name` ("quote-signature"): is q signed by key? Sets the word sha1. */
bool bl_tpm_check_sig(struct bl_evidence *e, const char *name, const struct bl_tpm_quote *q, const struct bl_tpm_sig *s, const struct bl_key *key);
/* AUTHENTIC check `nonce`: extraData is the nonce asked for. */
void bl_tpm_check_nonce(struct bl_evidence *e, const struct bl_tpm_quote *q);
/*
 * AUTHENTIC check `pcr-digest`: the values of f, all that are selected in that order (NULL: skipped), hash to what was quoted. The
 * words sha256:7 and pcr7 (of every bank), and `pcrs`, an object by the former, in claims (NULL: not). 65 for another length.
 */
int bl_tpm_check_pcrs(struct bl_evidence *e, const struct bl_tpm_quote *q, enum bl_key_hash hash, const struct bl_evidence_file *f,
		      struct bl_json *claims, struct bl_err *err);
/* APPRAISAL check `pcr-selection`: every PCR that the policy's registers name is in the quote. */
void bl_tpm_appraise(struct bl_evidence *e, const struct bl_tpm_quote *q);
/* "sha256", or NULL for a bank that is not known; the length of its values. */
const char *bl_tpm_bank_name(uint16_t alg, size_t *len);

#endif
