/* SPDX-License-Identifier: Apache-2.0 */
/* rule: the release expression of a policy. Private to this folder. */
#ifndef BL_POLICY_RULE_H
#define BL_POLICY_RULE_H

#include "policy/doc.h"

enum { BL_RULE_MOST = 64 };	/* rules and connectives in one expression */

/* release of the document (NULL: absent, that is, false) into p->arena. 78 with the path. */
int bl_rule_parse(struct bl_policy *p, const struct bl_json *release, struct bl_rule **rule, struct bl_err *err);

#endif
