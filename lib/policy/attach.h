/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach: a newer policy for a file that is sealed already. The header is written and signed anew; file id, schema, entity,
 * recipients and key commitment stay, and all bytes behind the header are copied as they are.
 */
#ifndef BL_POLICY_ATTACH_H
#define BL_POLICY_ATTACH_H

#include "policy/doc.h"
#include "policy/source.h"

/*
 * May this policy take the place of the file's? 77: not signed by the file's owner, or the old policy wants more signatures
 * than one. 78: not a higher version, another dataset or entity, or an error of the linter against the schema.
 */
int bl_attach_check(const struct bl_source *file, const struct bl_policy *p, const uint8_t owner[BL_IDENT_PK], struct bl_err *err);
/* After that: the whole new file to fd. 65 when the old one does not end as a sealed file does. */
int bl_attach_write(struct bl_source *file, const struct bl_policy *p, const struct bl_ident *owner, int fd, struct bl_err *err);

#endif
