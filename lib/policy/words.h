/* SPDX-License-Identifier: Apache-2.0 */
/* words: rules in words, and tables of aligned text. */
#ifndef BL_POLICY_WORDS_H
#define BL_POLICY_WORDS_H

#include "base/arena.h"
#include "base/buf.h"
#include "policy/doc.h"

enum { BL_WORDS_RULE = 320 };
/* "min_entities", "dominance", ... as the policy spells it; "release" for true, false and connectives. */
const char *bl_words_name(enum bl_rule_kind kind);
/* What a rule asks of a cell, or of a request. */
void bl_words_rule(const struct bl_rule *r, char out[BL_WORDS_RULE]);
/* Its parameter, "10", "p_percent 10", "nk [2, 90]", as journal and receipts name it; empty where there is none. */
void bl_words_param(const struct bl_rule *r, char out[BL_WORDS_RULE]);
/* "min_entities (10), release.all[0].min_entities": name, parameter, place in the policy. */
void bl_words_place(const struct bl_rule *r, char out[2 * BL_WORDS_RULE]);
/* "reject", "review", "log" and the like. */
const char *bl_words_otherwise(enum bl_otherwise o);
const char *bl_words_class(enum bl_class c);
const char *bl_words_role(enum bl_role r);

/* Rows of up to 8 texts; columns are as wide as they must be. Without memory the buffer printed to is marked failed. */
struct bl_words_table {
	struct bl_arena arena;
	uint32_t ncol, nrow;
	const char **cell;
	bool failed;
};
void bl_words_init(struct bl_words_table *t, uint32_t ncol);
void bl_words_row(struct bl_words_table *t, const char *const *cell);	/* ncol texts, copied; NULL is empty */
void bl_words_print(const struct bl_words_table *t, struct bl_buf *b);
void bl_words_fini(struct bl_words_table *t);

#endif
