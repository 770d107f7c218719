/* SPDX-License-Identifier: Apache-2.0 */
/*
 * platform: evidence that is carried in something of ours: in a helper's statement, and with it in a receipt. What carries it is
 * checked, then the platform's evidence as any other, with the report data of the statement as its nonce. Everything lands in one
 * run, so that every output has one form.
 */
#ifndef BL_ATTEST_PLATFORM_H
#define BL_ATTEST_PLATFORM_H

#include "attest/verify.h"

/* The technology of a class's evidence; NULL for class software, which has none. */
const struct bl_evidence_tech *bl_platform_tech(enum bl_statement_class c);
/* And back; -1: of no class. */
int bl_platform_class(const struct bl_evidence_tech *tech);
/*
 * The platform's evidence of a statement that was checked otherwise, under the settings of v, of which type and nonce become the
 * statement's: does it hold the statement's report data, and for Nitro its key? As bl_verify_run.
 */
int bl_platform_run(struct bl_verify_run *r, struct bl_verify *v, const struct bl_statement *s, struct bl_err *err);
/* Was that class software, where no platform has a say? Roots and collateral were then for nothing. */
bool bl_platform_alone(const struct bl_verify_run *r);

/* What bl_verify_run and bl_verify_show do with r->p when it is a receipt, or r->about's statement. 64 for settings that neither has. */
int bl_platform_receipt(struct bl_verify_run *r, const struct bl_verify *v, struct bl_err *err);
int bl_platform_statement(struct bl_verify_run *r, const struct bl_verify *v, struct bl_err *err);

#endif
