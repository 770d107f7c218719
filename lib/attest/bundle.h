/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle: collateral of one or many platforms in one dated document, which somebody may sign:
 *
 * {"bl_collateral":1,"created":"2025-07-04T10:16:31Z","files":[{"data":B64,"name":"Milan/ask_ark.pem","sha256":HEX}...],
 *  "signature":B64,"signer":HEX}
 * `signer` is an Ed25519 public key (64 hex digits), `signature` that key's over "bl collateral v1" NUL and the canonical bytes
 * without the member `signature`; both are absent from an unsigned one. A hash that does not fit is 65; a signature that does
 * not verify is for the verification to say (files.bundle[].good).
 */
#ifndef BL_ATTEST_BUNDLE_H
#define BL_ATTEST_BUNDLE_H

#include "attest/evidence.h"
#include "crypt/ident.h"

enum { BL_BUNDLE_MAX = 24 << 20, BL_BUNDLE_DEPTH = 8 };

/* Is this text such a document, by its first member names? Believes nothing. */
bool bl_bundle_is(const struct bl_json *j);
/* Its files into f; replaces what is there, if `replace`. 65. */
int bl_bundle_read(struct bl_evidence_files *f, struct bl_arena *a, const char *name, const struct bl_json *j, bool replace, struct bl_err *err);
/* Canonical, newline after it. id NULL: unsigned. */
int bl_bundle_print(const struct bl_evidence_files *f, int64_t created, const struct bl_ident *id, struct bl_buf *out, struct bl_err *err);

#endif
