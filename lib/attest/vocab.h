/* SPDX-License-Identifier: Apache-2.0 */
/* vocab: the members of an appraisal policy, what each may hold, and their defaults; appraise.h judges by them. */
#ifndef BL_ATTEST_VOCAB_H
#define BL_ATTEST_VOCAB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

enum bl_vocab_kind {
	BL_VOCAB_INTEGER, BL_VOCAB_DATE, BL_VOCAB_DURATION, BL_VOCAB_VERSION,	/* one value; BL_VOCAB_VERSION "1.55" or "1.55.40" */
	BL_VOCAB_CHOICE,					/* one of `words` */
	BL_VOCAB_CHOICES,				/* list of them; `words` NULL: any text */
	BL_VOCAB_TEXT_OR_LIST, BL_VOCAB_HEXES, BL_VOCAB_INTEGERS, BL_VOCAB_FINGERPRINTS,
	BL_VOCAB_MIN_TCB, BL_VOCAB_REGISTERS, BL_VOCAB_REPORT_DATA,
};
struct bl_vocab {
	const char *name;
	enum bl_vocab_kind kind;
	const char *words;	/* of BL_VOCAB_CHOICE and BL_VOCAB_CHOICES, with spaces around each */
	const char *def;	/* of BL_VOCAB_CHOICE */
	const char *check, *reason;	/* of those that one function judges alike */
};

enum { BL_VOCAB_COUNT = 45 };
extern const struct bl_vocab bl_vocab_members[];	/* in order of name */
const struct bl_vocab *bl_vocab_member(const char *name);	/* or NULL */
/* Does the document hold nothing but these, each of its kind? 78. */
int bl_vocab_check(const struct bl_json *j, struct bl_err *err);
/* Two or three numbers with dots between them; an RFC 3339 date or time, in Unix seconds. */
bool bl_vocab_parse_version(const char *s, unsigned v[3]);
bool bl_vocab_parse_date(const char *s, int64_t *seconds);

#endif
