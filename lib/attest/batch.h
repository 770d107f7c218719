/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch: many verifications, one JSON object a line in, one out, in the same order:
 *
 * {"id":ANY,"evidence":PATH | "evidence_b64":B64,"type":T,"collateral":PATH | [PATH...],"nonce":HEX,"time":WHEN}
 * All but the evidence is optional and, where given, instead of the command's (collateral: over it). Every line is answered, also
 * one that is not JSON or whose file cannot be opened: then with verdict "fail" and exit class 65. Certificates and lists are
 * parsed, and paths verified, once; a verdict is never kept.
 */
#ifndef BL_ATTEST_BATCH_H
#define BL_ATTEST_BATCH_H

#include "attest/verify.h"

enum { BL_BATCH_LINE = 2 << 20 };	/* a line is shorter */

/* One line without its newline: its answer goes to out (cleared first). Returns 0, 1 or 65; -1 with err when memory is out. */
int bl_batch_line(const struct bl_verify *v, const char *s, size_t n, struct bl_buf *out, struct bl_err *err);
/* All lines of fd to `to`, each answered before more is read. The worst class goes to *worst: 65, else 1, else 0. */
int bl_batch_run(const struct bl_verify *v, int fd, int to, int *worst, struct bl_err *err);

#endif
