/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_bundle: any bytes as a bundle, as collateral.json, and as a line of a batch. What parses has only names that evidence has
 * beside it, hashes that fit, and prints to a bundle that parses to the same; nobody signs for a key that he has not.
 */
#include <assert.h>
#include <string.h>

#include "attest/batch.h"
#include "attest/bundle.h"
#include "attest/files.h"
#include "crypt/hash.h"
#include "crypt/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct bl_err err;
static struct bl_evidence_files f, again;
static struct bl_verify v;

static void round_trip(struct bl_arena *a)
{
	struct bl_buf b;

	bl_buf_init(&b, BL_BUNDLE_MAX);
	memset(&again, 0, sizeof again);
	assert(!bl_bundle_print(&f, 1751624191, NULL, &b, &err));
	assert(!bl_files_parse(&again, a, "x.json", b.p, b.len, true, &err));
	assert(again.n == f.n);
	for (size_t i = 0; i < f.n; i++) {
		const struct bl_evidence_file *at = bl_evidence_find(&again, f.v[i].name);
		assert(at && at->n == f.v[i].n && !memcmp(at->p, f.v[i].p, at->n));
	}
	bl_buf_fini(&b);
}

static void line(const uint8_t *p, size_t n)
{
	struct bl_buf b;

	/* Nothing on this machine is opened for a fuzzer. */
	if (memmem(p, n, "evidence\"", 9) || memmem(p, n, "collateral\"", 11) || memchr(p, '\\', n))
		return;
	bl_buf_init(&b, 8 << 20);
	int rc = bl_batch_line(&v, (const char *)p, n, &b, &err);
	assert(rc == BL_OK || rc == BL_NO || rc == BL_DATA || rc == -1);
	assert(rc < 0 || (b.len > 7 && !memcmp(b.p, "{\"id\":", 6) && b.p[b.len - 1] == '\n'));
	bl_buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char *const names[] = { "bundle.json", "collateral.json" };
	struct bl_arena a;
	static bool ready;

	if (!ready) {
		bl_mem_init(true, &err);
		bl_json_init();
		bl_verify_init(&v);
		v.time_source = "given";
		v.time = 1751624191;
		ready = true;
	}
	for (int i = 0; i < 2; i++) {
		uint8_t hash[BL_HASH_LEN];
		bl_arena_init(&a, BL_FILES_ARENA);
		memset(&f, 0, sizeof f);
		if (!bl_files_parse(&f, &a, names[i], p, n, true, &err)) {
			for (size_t k = 0; k < f.n; k++) {
				assert(bl_files_known(f.v[k].name));
				bl_hash_sha256(f.v[k].p, f.v[k].n, hash);
				assert(!memcmp(hash, f.v[k].sha256, sizeof hash));
			}
			assert(!f.nbundle || !f.bundle[0].signer || !f.bundle[0].good);
			round_trip(&a);
		}
		bl_arena_fini(&a);
	}
	line(p, n);
	return 0;
}
