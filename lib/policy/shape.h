/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shape: JSON against a table of members, strictly: an unknown, missing or mistyped one is an error of class 78 that begins
 * with its path ("columns.Age.bounds: ..."). Private to this folder; grammar.c has the tables.
 */
#ifndef BL_POLICY_SHAPE_H
#define BL_POLICY_SHAPE_H

#include "policy/doc.h"

/* Where a value stands: a chain of frames up to the document. key NULL: item i of a list. */
struct bl_shape_at { const struct bl_shape_at *up; const char *key; size_t i; };
enum { BL_SHAPE_PATH = 512 };

enum bl_shape_kind {
	BL_SHAPE_END = 0,
	BL_SHAPE_ANY,		/* `check` says it all */
	BL_SHAPE_BOOL, BL_SHAPE_TRUE,
	BL_SHAPE_INT,		/* min..max */
	BL_SHAPE_DEC,		/* an integer or a decimal string, not below min, not above max when max > min; `open`: above min */
	BL_SHAPE_DELTA,		/* as DEC in [0, 1), also "1e-9" */
	BL_SHAPE_TEXT,		/* min..max bytes, no control bytes but newline and tab */
	BL_SHAPE_WORD,		/* one of words */
	BL_SHAPE_WORDS,		/* list of some of them, none twice */
	BL_SHAPE_FPR, BL_SHAPE_HEX, BL_SHAPE_TIME, BL_SHAPE_DURATION,	/* HEX: min..max bytes */
	BL_SHAPE_LIST,		/* min..max items of shape `of` */
	BL_SHAPE_MAP, BL_SHAPE_FPR_MAP,	/* members of any name, or named by fingerprints, each of shape `of` */
	BL_SHAPE_OBJECT,	/* members as the table `of` says, which ends with kind END */
};
struct bl_shape {
	const char *name;
	enum bl_shape_kind kind;
	int64_t min, max;
	const char *words;		/* separated by one space */
	const struct bl_shape *of;
	bool required, open;
	unsigned digits;		/* DEC: most digits after the point; 0 is 18 */
	int (*check)(const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err);	/* more, after the rest held */
};

int bl_shape_check(const struct bl_shape *s, const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err);
/* Sets err to "PATH: what", class 78; returns -1. */
int bl_shape_fail(const struct bl_shape_at *at, struct bl_err *err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* at is a member that the table does not have: says so, with the nearest name as a hint; returns -1. */
int bl_shape_unknown(const struct bl_shape *table, const struct bl_shape_at *at, struct bl_err *err);
void bl_shape_path(const struct bl_shape_at *at, char out[BL_SHAPE_PATH]);
/* Index of the word in a list separated by spaces, or -1. */
int bl_shape_word(const char *words, const char *word);
/* A JSON integer or a decimal string of at most 18 digits before and after the point. false for anything else. */
bool bl_shape_dec(const struct bl_json *j, struct bl_dec *d);
/* The same, and "1e-9". */
bool bl_shape_delta(const struct bl_json *j, struct bl_dec *d);
int bl_shape_compare(const struct bl_dec *a, const struct bl_dec *b);	/* -1, 0, 1 */

#endif
