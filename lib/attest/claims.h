/* SPDX-License-Identifier: Apache-2.0 */
/*
 * claims: a receipt with its checks and, optionally, the answer that it is about, for people and as JSON (schema bl-attest/1).
 */
#ifndef BL_ATTEST_CLAIMS_H
#define BL_ATTEST_CLAIMS_H

#include <stdio.h>

#include "attest/receipt.h"

struct bl_claims {
	struct bl_receipt_claims claims;
	struct bl_receipt_check check[BL_RECEIPT_CHECKS + 1];
	size_t n;
	bool good;
};

/* 65 when it is no receipt. answer: a path, - for stdin, or NULL. Zeroed storage is the caller's; bl_claims_fini always. */
int bl_claims_examine(struct bl_claims *r, const void *p, size_t n, const uint8_t *vault_pk, const char *answer, struct bl_err *err);
void bl_claims_fini(struct bl_claims *r);
/* What it says, once it verified; as JSON, the caller's to free. */
void bl_claims_print(const struct bl_claims *r, FILE *to);
struct bl_json *bl_claims_json(const struct bl_claims *r, bool pinned);

#endif
