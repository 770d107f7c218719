/* SPDX-License-Identifier: Apache-2.0 */
/* lint: what the parts of the linter share. Private to this folder; doc.h has what others call. */
#ifndef BL_POLICY_LINT_H
#define BL_POLICY_LINT_H

#include "policy/doc.h"

/* One more finding. A failure is sticky, and the run says so. */
void bl_lint_add(struct bl_lint *l, const char code[4], const char *path, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The same with a path of two parts, "columns.NAME.uses" for instance. */
void bl_lint_column(struct bl_lint *l, const char code[4], const struct bl_doc_column *c, const char *field, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* What an expression says about every request whatsoever. */
bool bl_lint_always(const struct bl_rule *r);	/* passes for everybody */
bool bl_lint_never(const struct bl_rule *r);	/* passes for nobody */
/* Every way to pass leads through a rule of this kind. DP answers pass through any: data rules are moot there. */
bool bl_lint_covered(const struct bl_rule *r, enum bl_rule_kind kind);
bool bl_lint_has(const struct bl_rule *r, enum bl_rule_kind kind);
/* Calls see for r and all below it, in the order of the document. */
void bl_lint_walk(const struct bl_rule *r, void (*see)(void *arg, const struct bl_rule *r), void *arg);
/* The columns of the policy, "*" last; NULL past the end. */
const struct bl_doc_column *bl_lint_each(const struct bl_policy *p, uint32_t i);

void bl_contradiction_find(struct bl_lint *l, const struct bl_policy *p);	/* E03..E16 */
void bl_caution_find(struct bl_lint *l, const struct bl_policy *p, const struct bl_schema *s);	/* W01..W16 */
void bl_enforced_find(struct bl_lint *l, const struct bl_policy *p);	/* E17, W17, W18 */

#endif
