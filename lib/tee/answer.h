/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer: what comes back, sealed to the asker: a u32 length, canonical JSON of that length, then the cells of the table,
 * row by row, each a u32 length (all ones: NULL) and its bytes.
 *   {"code":N,"columns":[{"name":TEXT,"type":TEXT}...],"document":{...}|null,"hint":TEXT,"message":TEXT,"note":TEXT|null,
 *    "place":[AT,LENGTH]|null,"receipt":TEXT|null,"rows":N,"schema":"bl-answer/1","text":TEXT|null,"warning":TEXT|null}
 * code is an exit class; with one there is no table and no receipt.
 */
#ifndef BL_TEE_ANSWER_H
#define BL_TEE_ANSWER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "format/table.h"
#include "query/plan.h"

struct bl_answer {
	struct bl_err err;		/* code BL_OK: answered */
	struct bl_place place;		/* in the SQL; pos SIZE_MAX: none */
	const char *note;		/* what the reader of the answer must know: groups may be withheld */
	const char *warning;		/* a result that the policy only logs */
	const char *text;		/* explain, schema */
	const struct bl_json *document;	/* the same for machines */
	const char *receipt;		/* with its newline */
	struct bl_table table;		/* ncol 0: none */
	struct bl_json *root;		/* of a parsed one */
};

int bl_answer_print(const struct bl_answer *a, struct bl_buf *b, struct bl_err *err);
/* Texts point into p and into a->root, columns and cells into the arena; 76 malformed. */
int bl_answer_parse(struct bl_answer *a, const uint8_t *p, size_t n, struct bl_arena *arena, struct bl_err *err);
void bl_answer_fini(struct bl_answer *a);

#endif
