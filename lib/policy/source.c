/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source: reads as much of a file as a header or a policy can be long, in order, so that a pipe does. Sealed files are told
 * by their first byte, which no JSON text begins with.
 */
#include <unistd.h>

#include "base/file.h"
#include "policy/doc.h"
#include "policy/source.h"

enum { SEALED = 0x89 };
_Static_assert((int)BL_BLF_HEADER_MAX > (int)BL_DOC_MAX, "what is cut off a JSON text is longer than any policy");

int bl_source_open(struct bl_source *s, const char *path, struct bl_err *err)
{
	ssize_t n;

	*s = (struct bl_source){ .fd = bl_file_open(path, err) };
	if (s->fd < 0)
		return -1;
	bl_buf_init(&s->bytes, BL_BLF_HEADER_MAX);
	if (!bl_buf_room(&s->bytes, BL_BLF_HEADER_MAX)) {
		bl_err_set(err, BL_OSERR, "out of memory");
		goto fail;
	}
	n = bl_file_readn(s->fd, s->bytes.p, BL_BLF_HEADER_MAX, err);
	if (n < 0)
		goto fail;
	s->bytes.len = (size_t)n;
	s->text = (const char *)s->bytes.p;
	s->len = s->bytes.len;
	s->sealed = n && s->bytes.p[0] == SEALED;
	if (!s->sealed)
		return 0;
	if (bl_header_parse(&s->header, s->bytes.p, s->bytes.len, err))
		goto fail;
	s->text = s->header.policy;
	s->len = s->header.policy_len;
	return 0;
fail:
	bl_err_where(err, "'%s'", path);
	bl_source_close(s);
	return -1;
}

void bl_source_close(struct bl_source *s)
{
	if (s->fd >= 0)
		close(s->fd);
	bl_header_fini(&s->header);
	bl_buf_fini(&s->bytes);
	*s = (struct bl_source){ .fd = -1 };
}
