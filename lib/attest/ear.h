/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ear: the result of a verification as an EAT attestation result (draft-ietf-rats-ear; member names as veraison/ear prints
 * them), with the AR4SI values of the guide, in a compact JWS (RFC 7515, EdDSA). A result that is no is signed too.
 */
#ifndef BL_ATTEST_EAR_H
#define BL_ATTEST_EAR_H

#include "attest/verify.h"
#include "crypt/ident.h"

/* One line, newline after it, into an empty buffer. */
int bl_ear_print(const struct bl_verify_run *r, const char *policy_id, const struct bl_ident *id, int64_t now, struct bl_buf *out, struct bl_err *err);

#endif
