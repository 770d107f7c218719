/* SPDX-License-Identifier: Apache-2.0 */
/*
 * appraise: the appraisal policy, one vocabulary for every technology (guide: attest, Appraisal policy). A word that cannot apply to
 * the evidence at hand is skipped, and fails if `must` lists it; where only the default speaks of it, it is not listed.
 *
 * What a technology tells it, besides product, debug, tcb, tcb_status and signed_time: words (bl_evidence_word...), some of which
 *   bytes    measurement signer report_data host_data family_id image_id chip_id report_id mr_seam mr_config_id mr_owner public_key ak
 *            fmspc tee_tcb_svn, and registers by their names: rtmr0, pcr4, sha256:7, block2
 *   text     module_id, abi "1.55", firmware "1.55.40"
 *   integers vmpl isv_prod_id isv_svn tcb_evaluation, svn (what `min_svn` judges; else isv_svn), and bits as 0 or 1: migrate_ma smt
 *            single_socket masked_chip_id sept_ve_disable service_td sha1
 */
#ifndef BL_ATTEST_APPRAISE_H
#define BL_ATTEST_APPRAISE_H

#include "attest/evidence.h"

enum { BL_APPRAISE_MAX = 1 << 20, BL_APPRAISE_DEPTH = 8 };	/* bytes of a policy, and how deep it may nest */

/* Parses and checks the document: unknown members and wrong types are 78. The tree is the caller's. */
struct bl_json *bl_appraise_parse(const char *s, size_t n, struct bl_err *err);
/* All APPRAISAL checks of e by its words, tcb, debug, status; e->policy NULL: the default column. */
int bl_appraise_run(struct bl_evidence *e, struct bl_err *err);
/* What the policy (or its default for this technology) says of a member that has a word as value: "refuse", "allow", "require", ... */
const char *bl_appraise_word(const struct bl_evidence *e, const char *member);
/* A duration member in seconds, def when absent. */
int64_t bl_appraise_duration(const struct bl_evidence *e, const char *member, int64_t def);
/* "30s", "15m", "12h", "7d", "2w" in seconds; false otherwise. */
bool bl_appraise_parse_duration(const char *s, int64_t *seconds);

#endif
