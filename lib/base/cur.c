/* SPDX-License-Identifier: Apache-2.0 */
/* cur: see cur.h. */
#include "base/cur.h"

void bl_cur_init(struct bl_cur *c, const void *p, size_t n)
{
	*c = (struct bl_cur){ .p = p, .left = n };
}

const uint8_t *bl_cur_get(struct bl_cur *c, size_t n)
{
	const uint8_t *p = c->p;

	if (c->bad || n > c->left) {
		c->bad = true;
		return NULL;
	}
	if (n) {
		c->p += n;
		c->left -= n;
	}
	return p;
}

uint8_t bl_cur_get8(struct bl_cur *c)
{
	const uint8_t *p = bl_cur_get(c, 1);

	return p ? *p : 0;
}

uint16_t bl_cur_get16(struct bl_cur *c)
{
	const uint8_t *p = bl_cur_get(c, 2);

	return p ? bl_le16(p) : 0;
}

uint32_t bl_cur_get32(struct bl_cur *c)
{
	const uint8_t *p = bl_cur_get(c, 4);

	return p ? bl_le32(p) : 0;
}

uint64_t bl_cur_get64(struct bl_cur *c)
{
	const uint8_t *p = bl_cur_get(c, 8);

	return p ? bl_le64(p) : 0;
}
