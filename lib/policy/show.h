/* SPDX-License-Identifier: Apache-2.0 */
/* show: a policy in plain language: who may ask, about what, when an answer leaves, and what is not protected. */
#ifndef BL_POLICY_SHOW_H
#define BL_POLICY_SHOW_H

#include "policy/doc.h"

/* Text for a terminal or a page, appended to b. dataset: the name in the file's header, or NULL. Control characters are '?'. */
void bl_show_print(const struct bl_policy *p, const char *dataset, struct bl_buf *b);
/* The gaps alone, one sentence each; NULL past the end. */
const char *bl_show_gap(const struct bl_policy *p, size_t i);
/* s with control characters (C0, DEL, C1) as '?', newlines as spaces. */
void bl_show_text(struct bl_buf *b, const char *s);

#endif
