/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_quote: any bytes as a quote; and a good quote, of an Intel of our own, with any bytes of it changed, cut or added to: with
 * collateral that is in order no such quote is authentic. The input is a kind, then triples of a place and what to add there.
 */
#include <assert.h>
#include <string.h>

#include "../attest-quote.h"
#include "crypt/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { KINDS = 4 };
static struct bl_err err;
static struct bl_arena kept;
static struct intel intel[KINDS];
static struct bl_evidence_files files[KINDS];
static struct bl_evidence_cache *cache;

static void make(void)
{
	static const struct { unsigned version; enum bl_quote_body kind; } is[KINDS] = {
		{ 3, BL_QUOTE_SGX }, { 4, BL_QUOTE_TDX10 }, { 5, BL_QUOTE_TDX15 }, { 5, BL_QUOTE_SGX },
	};

	bl_mem_init(true, &err);
	bl_json_init();
	bl_arena_init(&kept, 64 << 20);
	cache = bl_evidence_cache_new();
	for (int k = 0; k < KINDS; k++) {
		intel_init(&intel[k], &kept);
		if (is[k].kind == BL_QUOTE_SGX)
			intel_sgx(&intel[k], is[k].version);
		intel[k].version = is[k].version;
		intel[k].kind = is[k].kind;
		intel_make(&intel[k], &files[k]);
	}
}

/* Whether these bytes, beside the collateral of kind k, are authentic. */
static bool authentic(int k, const uint8_t *p, size_t n)
{
	struct bl_arena a;
	struct bl_evidence e = { .a = &a, .files = &files[k], .anchors = &intel[k].anchors, .time = ATTEST_NOW, .cache = cache };
	bool good;

	bl_arena_init(&a, 32 << 20);
	if (bl_evidence_run(&e, p, n, &err)) {
		assert(err.code == BL_DATA);
		good = false;
	} else {
		good = bl_evidence_authentic(&e) == 1;
		assert(e.ncheck < BL_EVIDENCE_CHECKS && (good || !bl_evidence_verdict(&e)));
	}
	bl_evidence_fini(&e);
	bl_arena_fini(&a);
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static uint8_t quote[8192];
	const struct bl_evidence_file *f;
	size_t len;
	int k;

	if (!cache)
		make();
	if (n < 3)
		return 0;
	k = p[0] % KINDS;
	f = &files[k].v[0];
	authentic(k, p + 1, n - 1);
	memset(quote, 0, sizeof quote);
	memcpy(quote, f->p, f->n);
	len = f->n;
	if (p[1])				/* cut, or zeros added, which are nothing */
		len = len + (size_t)(p[1] & 0x7f) - 64;
	for (size_t i = 2; i + 3 <= n; i += 3)
		quote[(size_t)(p[i] | p[i + 1] << 8) % len] ^= p[i + 2];
	assert(authentic(k, quote, len) == (len >= f->n && !memcmp(quote, f->p, f->n) &&
					    (len == f->n || (!quote[f->n] && !memcmp(quote + f->n, quote + f->n + 1, len - f->n - 1)))));
	return 0;
}
