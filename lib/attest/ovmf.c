/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ovmf: see ovmf.h. The table is read from its end: each entry is its data, then a u16 of its whole size, then its GUID.
 */
#include "attest/ovmf.h"

#include <string.h>

#include "base/cur.h"

enum { GUID = 16, ENTRY = 2 + GUID, AFTER_TABLE = 32, HEADER = 16, SECTION = 12 };

static const uint8_t guid_table[GUID] = { 0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45, 0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d };
static const uint8_t guid_hashes[GUID] = { 0x1f, 0x37, 0x55, 0x72, 0x3b, 0x3a, 0x04, 0x4b, 0x92, 0x7b, 0x1d, 0xa6, 0xef, 0xa8, 0xd4, 0x54 };
static const uint8_t guid_reset[GUID] = { 0xde, 0x71, 0xf7, 0x00, 0x7e, 0x1a, 0xcb, 0x4f, 0x89, 0x0e, 0x68, 0xc7, 0x7e, 0x2f, 0xb4, 0x4e };
static const uint8_t guid_metadata[GUID] = { 0x66, 0x65, 0x88, 0xdc, 0x4a, 0x98, 0x98, 0x47, 0xa7, 0x5e, 0x55, 0x85, 0xa7, 0xbf, 0x67, 0xcc };

int bl_ovmf_check(size_t n, struct bl_err *err)
{
	if (!n || n % BL_OVMF_PAGE)
		return bl_err_set(err, BL_DATA, "firmware: not whole pages of %d bytes", BL_OVMF_PAGE);
	if (n > BL_OVMF_MAX)
		return bl_err_set(err, BL_DATA, "firmware: more than %d MiB", BL_OVMF_MAX >> 20);
	return 0;
}

static int bad(struct bl_err *err, const char *what)
{
	return bl_err_set(err, BL_DATA, "firmware: %s", what);
}

/* The first u32 of an entry's data. */
static bool word(const uint8_t *data, size_t n, uint32_t *v)
{
	if (n < 4)
		return false;
	*v = bl_le32(data);
	return true;
}

static int read_table(struct bl_ovmf *o, const uint8_t *p, size_t n, bool *has_meta, uint32_t *meta, struct bl_err *err)
{
	size_t end = n - AFTER_TABLE - ENTRY, left;

	if (memcmp(p + end + 2, guid_table, GUID))
		return bad(err, "no table of GUIDs at its end: it is not an OVMF image");
	left = bl_le16(p + end);
	if (left < ENTRY || left - ENTRY > end)
		return bad(err, "the table of GUIDs is longer than the image");
	left -= ENTRY;
	while (left >= ENTRY) {
		const uint8_t *guid = p + end - GUID;
		size_t size = bl_le16(guid - 2);
		const uint8_t *data;
		bool fits = true;

		if (size < ENTRY || size > left)
			return bad(err, "an entry of the table of GUIDs has a wrong size");
		data = p + end - size;
		if (!memcmp(guid, guid_hashes, GUID))
			fits = o->has_hashes = word(data, size - ENTRY, &o->hashes);
		else if (!memcmp(guid, guid_reset, GUID))
			fits = o->has_reset = word(data, size - ENTRY, &o->reset);
		else if (!memcmp(guid, guid_metadata, GUID))
			fits = *has_meta = word(data, size - ENTRY, meta);
		if (!fits)
			return bad(err, "an entry of the table of GUIDs is too short");
		end -= size;
		left -= size;
	}
	return left ? bad(err, "bytes before the first entry of the table of GUIDs") : 0;
}

static bool known(uint32_t type)
{
	return (type >= BL_OVMF_SEC_MEM && type <= BL_OVMF_SVSM_CAA) || type == BL_OVMF_KERNEL_HASHES;
}

static int read_sections(struct bl_ovmf *o, const uint8_t *p, uint32_t count, struct bl_err *err)
{
	size_t total = 0;

	for (uint32_t i = 0; i < count; i++, p += SECTION) {
		uint32_t gpa = bl_le32(p), size = bl_le32(p + 4), type = bl_le32(p + 8);

		if (!known(type))
			return bl_err_set(err, BL_DATA, "firmware: a metadata section of type %u, which we do not know how to measure", (unsigned)type);
		if (gpa % BL_OVMF_PAGE || size % BL_OVMF_PAGE || !size)
			return bad(err, "a metadata section is not whole pages");
		if (size > BL_OVMF_SECTION_BYTES || (total += size) > BL_OVMF_SECTION_BYTES)
			return bl_err_set(err, BL_DATA, "firmware: metadata sections of more than %d MiB", BL_OVMF_SECTION_BYTES >> 20);
		o->section[i].gpa = gpa;
		o->section[i].size = size;
		o->section[i].type = (enum bl_ovmf_type)type;
	}
	o->nsection = count;
	return 0;
}

int bl_ovmf_parse(struct bl_ovmf *o, const uint8_t *p, size_t n, struct bl_err *err)
{
	struct bl_ovmf r = { 0 };
	uint32_t from_end = 0, count, size;
	bool has_meta = false;
	const uint8_t *m;

	if (bl_ovmf_check(n, err) || read_table(&r, p, n, &has_meta, &from_end, err))
		return -1;
	if (!has_meta)
		return bad(err, "no SEV metadata: this build cannot start an SNP guest");
	if (from_end < HEADER || from_end > n)
		return bad(err, "the SEV metadata lies outside of the image");
	m = p + n - from_end;
	size = bl_le32(m + 4);
	count = bl_le32(m + 12);
	if (memcmp(m, "ASEV", 4))
		return bad(err, "the SEV metadata has a wrong signature");
	if (bl_le32(m + 8) != 1)
		return bl_err_set(err, BL_DATA, "firmware: SEV metadata of version %u, we know 1", (unsigned)bl_le32(m + 8));
	if (count > BL_OVMF_SECTIONS || size > from_end || size < HEADER + count * SECTION)
		return bad(err, "the SEV metadata has a wrong size");
	if (read_sections(&r, m + HEADER, count, err))
		return -1;
	*o = r;
	return 0;
}
