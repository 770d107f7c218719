/* SPDX-License-Identifier: Apache-2.0 */
/* grammar: the members of a policy document and their types. Private to this folder; bl-policy(5) has the meanings. */
#ifndef BL_POLICY_GRAMMAR_H
#define BL_POLICY_GRAMMAR_H

#include "policy/shape.h"

/* The words of the language, in the order of the bits and enums of doc.h. */
extern const char bl_grammar_uses[], bl_grammar_functions[], bl_grammar_classes[], bl_grammar_roles[];

/* The whole document but for the release expression, which rule.c reads. 78 with the path. */
int bl_grammar_check(const struct bl_json *document, struct bl_err *err);

#endif
