/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain: a verdict and a policy in words, for people at a terminal and as JSON. What it says comes from the SQL, the policy
 * and the asker. Private to lib/policy: judge.h has the public names.
 */
#ifndef BL_POLICY_EXPLAIN_H
#define BL_POLICY_EXPLAIN_H

#include "policy/judge.h"
#include "policy/lineage.h"

void bl_explain_plan(const struct bl_verdict *v, const struct bl_policy *p, const struct bl_schema *s, const struct bl_plan *plan,
		     struct bl_buf *text, struct bl_json *json);

#endif
