/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_cells: any bytes as a store. An even first byte: the rest is the file, and the journal names its first record whatever it
 * is. An odd one: the rest is the plaintext of a record, sealed here under a fixed key, so that what lies behind the seal is
 * reached. What opens must compare, be appended to, and open again.
 */
#include <assert.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "crypt/mem.h"
#include "policy/cells.h"
#include "policy/record.h"
#include "policy/runs.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { PEOPLE = 200 };
static const uint8_t key[32] = { 1 }, dataset[32] = { 2 };
static uint64_t ids[PEOPLE][2];
static uint32_t who[PEOPLE];
static struct bl_err err;
static int fd = -1;

static int put_plain(const uint8_t *p, size_t n, uint8_t hash[BL_HASH_LEN])
{
	struct bl_record r = { 0 };
	struct bl_record_body body;

	if (n < 12)
		return -1;
	body = (struct bl_record_body){ bl_le32(p), bl_le32(p + 4), bl_le32(p + 8), (const uint64_t (*)[2])ids, p + 12, n - 12 };
	if (body.fresh > PEOPLE)
		return -1;
	return bl_record_write(&r, fd, key, dataset, &body, hash, &err);
}

static void use(struct bl_cells *c, uint8_t hash[2][BL_CELLS_HASH], size_t named)
{
	struct bl_cells_item item[] = {
		{ .family = "n", .who = who, .n = PEOPLE }, { .family = "n", .who = who + 20, .n = PEOPLE - 30 },
		{ .family = "s:Age", .set = BL_CELLS_N, .who = who, .n = 5 },
	};
	bool written, fits;

	if (bl_cells_map(c, (const uint64_t (*)[2])ids, PEOPLE, &err) || bl_cells_test(c, item, 3, 10, false, &err))
		return;
	for (int i = 0; i < 3; i++)
		if (bl_cells_fits(c, &item[i], 10, true, &fits, &err) || bl_cells_keep(c, &item[i], 100, &err))
			return;
	if (!bl_cells_write(c, hash[named], &written, &err) && written) {
		struct bl_cells *again = NULL;
		assert(!bl_cells_open(&again, fd, key, dataset, (const uint8_t (*)[BL_CELLS_HASH])hash, named + 1, &err));
		bl_cells_close(again);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t hash[2][BL_CELLS_HASH] = { 0 };
	uint64_t words[4], plain;
	struct bl_cells *c = NULL;
	size_t named = 0;

	if (fd < 0) {
		bl_mem_init(false, &err);
		fd = memfd_create("cells", MFD_CLOEXEC);
		for (uint32_t i = 0; i < PEOPLE; i++) {
			ids[i][0] = ids[i][1] = i * 0x9e3779b97f4a7c15u + 1;
			who[i] = i;
		}
	}
	if (!n || n > 1 << 20 || ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET))
		return 0;
	bl_runs_get(p, n, words, PEOPLE, (uint32_t)(n % PEOPLE));
	if (*p & 1) {
		if (put_plain(p + 1, n - 1, hash[0]))
			return 0;
		named = 1;
	} else if (bl_file_write(fd, p + 1, n - 1, &err)) {
		return 0;
	} else if (n > BL_RECORD_HEAD && (plain = bl_record_plain(p + 1)) && bl_record_len(plain) <= n - 1) {
		bl_hash_sha256(p + 1, (size_t)bl_record_len(plain), hash[0]);
		named = bl_record_of(p + 1, dataset);
	}
	if (!bl_cells_open(&c, fd, key, dataset, (const uint8_t (*)[BL_CELLS_HASH])hash, named, &err))
		use(c, hash, named);
	bl_cells_close(c);
	return 0;
}
