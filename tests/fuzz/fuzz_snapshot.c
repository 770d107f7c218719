/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_snapshot: any bytes as a vault's snapshot beside a journal that is good. The first byte's lowest bit: the file as it is, or
 * what is sealed under the right key, behind what ties it to this journal, so that the loader is reached which no stranger reaches. The journal
 * opens with all its entries whatever that is, and from the file as it is nothing is ever believed.
 */
#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "crypt/hash.h"
#include "crypt/mem.h"
#include "policy/ledger.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { BOUND = 2 * 8 + 2 * 32 + 8 + 64 * 32, ENTRIES = 8 };
#define H "1111111111111111111111111111111111111111111111111111111111111111"

static struct bl_err err;
static const uint8_t key[32] = { 7 };
static int journal, snapshot;
static uint8_t *good;			/* the state of this journal, without boxes */
static uint64_t good_len;

static struct bl_json *parse(const char *s)
{
	struct bl_json *j = bl_json_parse(s, strlen(s), 8, BL_BUG, &err);

	assert(j);
	return j;
}

/* Number of entries; *released: was the answer released that this journal says was? */
static uint64_t open_journal(bool *released, bool *known)
{
	static const uint8_t hash[32] = { [0 ... 31] = 0x11 };
	struct bl_ledger *l = bl_ledger_new();
	struct bl_journal *j = NULL;
	uint64_t size = 0;

	if (!bl_journal_open(&j, journal, bl_ledger_fold, l, &err) && !bl_journal_snapshot(j, snapshot, key, &bl_ledger_state, &err) &&
	    !bl_journal_lock(j, &err))
		size = bl_journal_size(j);
	*released = bl_ledger_released(l, hash, "p");
	*known = bl_ledger_find(l, "o", "d") && bl_ledger_requests(l, "o", "d", "p") == 1 && !bl_ledger_refusals(l, "o", "d", "p") && bl_ledger_knows(l, hash, hash);
	if (size)
		bl_json_free(bl_journal_proof(j));
	bl_journal_close(j);
	bl_ledger_free(l);
	return size;
}

static void init(void)
{
	struct bl_snapshot s;
	struct bl_journal *j;
	bool a, b;

	bl_mem_init(true, &err);
	bl_json_init();
	journal = memfd_create("journal", MFD_CLOEXEC);
	snapshot = memfd_create("snapshot", MFD_CLOEXEC);
	fcntl(journal, F_SETFL, O_APPEND);
	assert(!bl_journal_open(&j, journal, NULL, NULL, &err) && !bl_journal_lock(j, &err));
	bl_journal_add(j, "dataset", parse("{\"file\":\"" H "\",\"footer\":\"" H "\",\"name\":\"d\",\"owner\":\"o\",\"policy\":\"" H "\",\"version\":1}"));
	bl_journal_add(j, "request", parse("{\"dataset\":{\"name\":\"d\",\"owner\":\"o\"},\"principal\":\"p\",\"request\":\"" H "\"}"));
	bl_journal_add(j, "release", parse("{\"principal\":\"p\",\"request\":\"" H "\"}"));
	for (int i = 3; i < ENTRIES; i++)
		bl_journal_add(j, "other", parse("{}"));
	assert(!bl_journal_commit(j, &err));
	bl_journal_close(j);
	for (int i = 0; i < 8; i++) {		/* too few entries for one: more of them, until there is */
		assert(open_journal(&a, &b) == ENTRIES + (uint64_t)i * 8 && a && b);
		if (bl_snapshot_open(&s, snapshot, key)) {
			good_len = s.left;
			good = malloc(good_len);
			assert(bl_snapshot_take(&s, good, good_len) && bl_snapshot_done(&s));
			bl_snapshot_close(&s);
			/* And something to fold behind it. */
			assert(!bl_journal_open(&j, journal, NULL, NULL, &err) && !bl_journal_lock(j, &err));
			bl_journal_add(j, "dataset", parse("{\"file\":\"" H "\",\"footer\":\"" H "\",\"name\":\"d\",\"owner\":\"o\",\"policy\":\"" H "\",\"version\":1}"));
			bl_journal_add(j, "verdict", parse("{\"cells\":[\"" H "\"],\"dataset\":{\"name\":\"d\",\"owner\":\"o\"},\"outcome\":\"release\",\"principal\":\"p\",\"request\":\"" H "\"}"));
			assert(!bl_journal_commit(j, &err));
			bl_journal_close(j);
			return;
		}
		bl_snapshot_close(&s);
		assert(!bl_journal_open(&j, journal, NULL, NULL, &err) && !bl_journal_lock(j, &err));
		for (int k = 0; k < 8; k++)
			bl_journal_add(j, "other", parse("{}"));
		assert(!bl_journal_commit(j, &err));
		bl_journal_close(j);
	}
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static uint64_t entries;
	struct bl_snapshot s;
	bool released, known;

	if (!good) {
		init();
		entries = open_journal(&released, &known);
	}
	if (!n || ftruncate(snapshot, 0))
		return 0;
	if (*p & 1) {
		/* The good state with the input over it, from a place that its second byte names on, cut or longer as it comes. */
		const uint64_t at = BOUND + (n > 1 ? p[1] : 0), len = *p & 2 ? at + n : good_len > at + n ? good_len : at + n;
		uint8_t *state = calloc(1, len);
		memcpy(state, good, good_len < len ? good_len : len);
		memcpy(state + at, p, n);
		assert(bl_snapshot_create(&s, snapshot, key, len) && bl_snapshot_put(&s, state, len) && bl_snapshot_done(&s));
		bl_snapshot_close(&s);
		free(state);
	} else if (bl_file_write(snapshot, p + 1, n - 1, &err) || lseek(snapshot, 0, SEEK_SET)) {
		return 0;
	}
	/* What we sealed ourselves may be a lie, and the journal then be refused; it may not be anything worse. */
	bool opens = open_journal(&released, &known) == entries;
	assert(*p & 1 || (opens && released && known));
	return 0;
}
