/* SPDX-License-Identifier: Apache-2.0 */
/* source: a policy from where people keep one: a JSON file, or the signed header of a sealed file. */
#ifndef BL_POLICY_SOURCE_H
#define BL_POLICY_SOURCE_H

#include "base/buf.h"
#include "format/blf.h"

struct bl_source {
	int fd;				/* at the byte behind `bytes` */
	struct bl_buf bytes;		/* how the file begins: at least the whole policy, or the whole header */
	bool sealed;			/* a sealed file, whose header's signature was checked */
	struct bl_header header;	/* when sealed */
	const char *text;		/* the policy's JSON */
	size_t len;
};
/* path "-" is the standard input. 66 cannot open, 65 a damaged sealed file. What is no sealed file is taken for JSON. */
int bl_source_open(struct bl_source *s, const char *path, struct bl_err *err);
void bl_source_close(struct bl_source *s);

#endif
