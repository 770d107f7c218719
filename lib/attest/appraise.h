/* SPDX-License-Identifier: Apache-2.0 */
/*
 * appraise: the appraisal policy, one vocabulary for every technology (guide: attest, Appraisal policy). A word that cannot apply to
 * the evidence at hand is skipped, and fails if `must` lists it.
 */
#ifndef BL_ATTEST_APPRAISE_H
#define BL_ATTEST_APPRAISE_H

#include "attest/evidence.h"

/* Parses and checks the document: unknown members and wrong types are 78. The tree is the caller's. */
struct bl_json *bl_appraise_parse(const char *s, size_t n, struct bl_err *err);
/* All APPRAISAL checks of e by its words, tcb, debug, status; e->policy NULL: the default column. */
int bl_appraise_run(struct bl_evidence *e, struct bl_err *err);
/* What the policy (or its default for this technology) says of a member that has a word as value: "refuse", "allow", "require", ... */
const char *bl_appraise_word(const struct bl_evidence *e, const char *member);
/* A duration member in seconds, def when absent. */
int64_t bl_appraise_duration(const struct bl_evidence *e, const char *member, int64_t def);

#endif
