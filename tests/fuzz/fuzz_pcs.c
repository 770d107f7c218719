/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_pcs: any bytes as what Intel says of platforms. The raw slice of a member is the member that the strict parser sees; any bytes as
 * TCB info, QE identity, a PCK's extension, each file of collateral; and whatever passes as TCB info gives a level that fits.
 */
#include <assert.h>
#include <string.h>

#include "attest/pcs.h"
#include "crypt/hash.h"
#include "crypt/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct bl_err err;

static bool same(const struct bl_json *a, const struct bl_json *b)
{
	struct bl_buf x, y;
	bool good;

	bl_buf_init(&x, 1 << 22);
	bl_buf_init(&y, 1 << 22);
	bl_json_print(a, &x);
	bl_json_print(b, &y);
	good = x.failed == y.failed && x.len == y.len && (!x.len || !memcmp(x.p, y.p, x.len));	/* a real has no print */
	bl_buf_fini(&x);
	bl_buf_fini(&y);
	return good;
}

static void cut(const char *s, size_t n)
{
	const char *const want[] = { "a", "tcbInfo" };

	for (size_t k = 0; k < 2; k++) {
		struct bl_pcs_slice got;
		bool found = bl_pcs_cut(s, n, want + k, &got, 1);
		struct bl_json *whole = bl_json_parse(s, n, BL_PCS_DEPTH, BL_DATA, &err), *deeper = NULL, *part = NULL;
		const struct bl_json *member = bl_json_get(whole, want[k]);
		if (member && bl_json_count(whole) <= 16)
			assert(found);
		if (found && (part = bl_json_parse(got.s, got.n, BL_PCS_DEPTH, BL_DATA, &err))) {
			deeper = bl_json_parse(s, n, BL_PCS_DEPTH + 1, BL_DATA, &err);
			assert(deeper && same(bl_json_get(deeper, want[k]), part));
		}
		bl_json_free(deeper);
		bl_json_free(whole);
		bl_json_free(part);
	}
}

static void statements(const uint8_t *p, size_t n)
{
	static const struct bl_evidence_file file = { .name = "x" };
	struct bl_pcs_tcb t = { .s = { .file = &file, .p = p, .n = n } };
	struct bl_pcs_qe q = { .s = { .file = &file, .p = p, .n = n } };
	struct bl_pck pck = { .pce_svn = 9, .sgx = { 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3 } };
	struct bl_arena a;

	bl_arena_init(&a, 32 << 20);
	if (!bl_pcs_parse_tcb(&t, &a, &err)) {
		for (unsigned v = 0; v < 3; v++) {
			uint8_t svn[16] = { 4, (uint8_t)v, 4, 4 };
			const struct bl_pcs_module *m = bl_pcs_find(&t, v);
			const struct bl_pcs_level *l = bl_pcs_match(&t, &pck, t.tdx ? svn : NULL);
			assert(!l || (l->sgx[0] <= 3 && l->svn <= 9 && bl_pcs_word(l->status) && l->date));
			if (t.tdx)
				bl_pcs_relaunch(&t, &pck, svn, BL_PCS_OUT_OF_DATE, BL_PCS_OUT_OF_DATE, BL_PCS_UP_TO_DATE);
			if (m && v)
				assert(m->levels.n);
		}
	}
	if (!bl_pcs_parse_qe(&q, &a, &err))
		assert(q.levels.n && strlen(q.id) < sizeof q.id);
	bl_arena_fini(&a);
}

static void open_as(const char *name, const uint8_t *p, size_t n)
{
	struct bl_evidence_files f = { .n = 1 };
	struct bl_arena a;
	struct bl_evidence e = { .a = &a, .files = &f };
	struct bl_pcs pcs;

	f.v[0] = (struct bl_evidence_file){ .name = name, .p = p, .n = n };
	bl_hash_sha256(p, n, f.v[0].sha256);
	bl_arena_init(&a, 32 << 20);
	if (bl_pcs_open(&pcs, &e, &err))
		assert(err.code == BL_DATA);
	bl_evidence_fini(&e);
	bl_arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char *const names[] = { "collateral.json", "tcb_info.json", "qe_identity.json", "tcb_sign_chain.pem", "pck_crl.der" };
	static bool begun;
	struct bl_pck pck;

	if (!begun) {
		begun = true;
		bl_mem_init(true, &err);
		bl_json_init();
	}
	if (!n)
		return 0;
	cut((const char *)p + 1, n - 1);
	statements(p + 1, n - 1);
	if (bl_pck_parse(&pck, p + 1, n - 1))
		assert(n > 200);
	open_as(names[p[0] % 5], p + 1, n - 1);
	return 0;
}
