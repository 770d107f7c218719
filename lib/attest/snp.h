/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snp: attestation reports of AMD SEV-SNP (firmware ABI 56860: versions 2, 3 and 5), signed by the key of a chip (VCEK) or of a provider
 * (VLEK), alone or with the certificate table of an extended report. `bl_snp_tech` is in evidence.h; this is what evidence
 * that embeds a report needs of it.
 */
#ifndef BL_ATTEST_SNP_H
#define BL_ATTEST_SNP_H

#include "attest/evidence.h"

enum { BL_SNP_REPORT = 1184, BL_SNP_REPORT_DATA = 0x50, BL_SNP_REPORT_DATA_LEN = 64 };

bool bl_snp_detect(const uint8_t *p, size_t n);
/*
 * A report, with its certificate table where n says so: claims into the object `claims`; product, debug, tcb and words (but
 * report_data, which the embedding may give another meaning) into e. 65.
 */
int bl_snp_parse(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_json *claims, struct bl_err *err);
/*
 * The checks of its authenticity but for the nonce, by the table and by e->files (vek.der, ask_ark.pem, crl.der, ...). Anchors are those
 * of e: whoever embeds reports lists bl_snp_anchor among its own. 65 for collateral that does not parse.
 */
int bl_snp_verify(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *err);
/* SHA-256 of the public keys of ARK-Milan, ARK-Genoa, ARK-Turin. */
enum { BL_SNP_ANCHORS = 3 };
extern const uint8_t bl_snp_anchor[BL_SNP_ANCHORS][32];

#endif
