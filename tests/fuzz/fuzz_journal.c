/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_journal: any bytes as a journal. An even first byte: the rest as it is. An odd one: each line that parses gets the seq and
 * prev that fit, so that what lies behind the chain is reached too. What verifies once must verify again after it was cut.
 */
#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "crypt/hash.h"
#include "crypt/mem.h"
#include "crypt/note.h"
#include "policy/journal.h"
#include "policy/ledger.h"
#include "policy/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct bl_err err;

static void chain(const char *p, size_t n, struct bl_buf *out)
{
	uint8_t hash[BL_HASH_LEN];
	char prev[2 * BL_HASH_LEN + 1];
	int64_t seq = 0;

	memset(prev, '0', sizeof prev - 1);
	prev[sizeof prev - 1] = '\0';
	for (const char *nl, *end = p + n; p < end && (nl = memchr(p, '\n', (size_t)(end - p))); p = nl + 1) {
		struct bl_json *j = bl_json_parse(p, (size_t)(nl - p), BL_JOURNAL_DEPTH, BL_DATA, &err);
		size_t start = out->len;
		if (!j || bl_json_kind(j) != BL_JSON_OBJECT) {
			bl_json_free(j);
			continue;
		}
		bl_json_put_int(j, "seq", seq++);
		bl_json_put_text(j, "prev", prev);
		if (!bl_json_get_text(j, "time"))
			bl_json_put_text(j, "time", "2026-01-01T00:00:00Z");
		bl_json_print(j, out);
		bl_json_free(j);
		if (out->failed)
			return;
		bl_hash_sha256(out->p + start, out->len - start, hash);
		bl_text_hex(hash, sizeof hash, prev);
		bl_buf_put8(out, '\n');
	}
}

static long read_all(int fd, uint8_t root[BL_TREE_HASH])
{
	struct bl_journal *j = NULL;
	struct bl_ledger *l = bl_ledger_new();
	long size = -1;

	if (!bl_journal_open(&j, fd, bl_ledger_fold, l, &err) && !bl_journal_lock(j, &err)) {
		size = (long)bl_journal_size(j);
		bl_journal_root(j, root);
		if (size)
			bl_json_free(bl_journal_proof(j));
	}
	bl_journal_close(j);
	bl_ledger_free(l);
	return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static int fd = -1;
	uint8_t first[BL_TREE_HASH], second[BL_TREE_HASH];
	struct bl_note note;
	struct bl_buf b;

	if (fd < 0) {
		bl_mem_init(true, &err);
		bl_json_init();
		fd = memfd_create("journal", MFD_CLOEXEC);
		fcntl(fd, F_SETFL, O_APPEND);
	}
	if (!n)
		return 0;
	bl_note_parse(&note, (const char *)p, n, &err);
	bl_buf_init(&b, 4 << 20);
	if (*p & 1)
		chain((const char *)p + 1, n - 1, &b);
	else
		bl_buf_put(&b, p + 1, n - 1);
	if (!b.failed && !ftruncate(fd, 0) && !bl_file_write(fd, b.p, b.len, &err)) {
		long size = read_all(fd, first);
		if (size >= 0)
			assert(read_all(fd, second) == size && !memcmp(first, second, sizeof first));
	}
	bl_buf_fini(&b);
	return 0;
}
