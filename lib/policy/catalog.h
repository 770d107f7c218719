/* SPDX-License-Identifier: Apache-2.0 */
/* catalog: what an admitted principal may know of a table: `bl-query --schema`. Words of the owner only. Private to lib/policy. */
#ifndef BL_POLICY_CATALOG_H
#define BL_POLICY_CATALOG_H

#include "policy/judge.h"

void bl_catalog_print(const struct bl_policy *p, const struct bl_schema *s, const struct bl_verdict *admitted, struct bl_buf *text,
		      struct bl_json *json);

#endif
