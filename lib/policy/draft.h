/* SPDX-License-Identifier: Apache-2.0 */
/* draft: a first policy to edit: every column hidden, the owner alone may ask, strict rules of one threshold. */
#ifndef BL_POLICY_DRAFT_H
#define BL_POLICY_DRAFT_H

#include "base/buf.h"
#include "base/err.h"

struct bl_draft {
	uint64_t k;			/* threshold, at least 1 */
	const char *entity, *dataset;	/* NULL: "row"; not said */
	const char *header;		/* how a CSV begins: its first record names the columns; NULL: none are named */
	size_t header_len;
};
/* JSON for people, appended to b. 64: the entity is no column; 65: no header line, or names no table can have. */
int bl_draft_print(const struct bl_draft *d, struct bl_buf *b, struct bl_err *err);

#endif
