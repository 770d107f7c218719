/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report: what came of a verification, as a table for people and as one JSON object a line; ear.h has the signed form. Claims of
 * evidence that is not authentic are in the JSON, labelled by `authentic`.
 */
#ifndef BL_ATTEST_REPORT_H
#define BL_ATTEST_REPORT_H

#include "attest/verify.h"

enum { BL_REPORT_MAX = 8 << 20 };

/* Newline at the end of each. `explain`: the checks that passed too. */
void bl_report_table(const struct bl_verify_run *r, const char *policy_id, bool explain, struct bl_buf *out);
/* id: the member `id`, first, of a batch; or NULL. */
void bl_report_json(const struct bl_verify_run *r, const char *policy_id, const struct bl_json *id, struct bl_buf *out);
/* One line for stderr: why not. */
const char *bl_report_why(const struct bl_verify_run *r, char *out, size_t n);

#endif
