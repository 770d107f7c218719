/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dcap: may a quote be believed? Signatures, binding, PCK chain, revocation, TCB info, QE identity, and the level that these give a
 * platform, by the collateral among the files of the evidence; what the collateral means is pcs.h.
 */
#ifndef BL_ATTEST_DCAP_H
#define BL_ATTEST_DCAP_H

#include "attest/quote.h"

/*
 * All AUTHENTIC checks but the nonce, with the collateral among e->files; sets tcb_status, tcb_date, advisories, shortfall, the
 * word tcb_evaluation, and in `claims` (may be NULL) `platform_status`, `module_status`, `qe_status`, `tcb_eval_number`.
 * 65 for what does not parse.
 */
int bl_dcap_verify(struct bl_evidence *e, const struct bl_quote *q, struct bl_json *claims, struct bl_err *err);
/* The certificate of a chain that is to be judged: the first that may issue none; NULL: there is none. */
const struct bl_cert *bl_dcap_leaf(const struct bl_certs *c);

#endif
