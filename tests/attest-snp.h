/* SPDX-License-Identifier: Apache-2.0 */
/* attest-snp: for tests of SNP reports: one verification with files and anchors of the test's own. */
#ifndef TESTS_ATTEST_SNP_H
#define TESTS_ATTEST_SNP_H

#include <string.h>

#include "attest/appraise.h"
#include "attest/snp.h"
#include "crypt/hash.h"

static struct bl_err err;
static struct bl_arena arena;
static struct bl_evidence_cache *cache;	/* of the tests that judge thousands of times */

/* One verification: what to verify with, and what came out. */
struct trial {
	struct bl_evidence_files files;
	struct bl_cert_anchors anchors;
	bool own_root;
	const uint8_t *nonce;
	size_t nonce_len;
	struct bl_evidence e;
	int rc;
};

static inline void put_file(struct trial *t, const char *name, const void *p, size_t n)
{
	struct bl_evidence_file *f = &t->files.v[t->files.n++];

	memset(f, 0, sizeof *f);
	f->name = name;
	f->p = (uint8_t *)bl_arena_strndup(&arena, p, n);
	f->n = n;
	bl_hash_sha256(p, n, f->sha256);
}

/* Judges p with everything in t; the policy may be NULL. */
static inline void judge(struct trial *t, const uint8_t *p, size_t n, int64_t time, const struct bl_json *policy)
{
	bl_evidence_fini(&t->e);
	memset(&t->e, 0, sizeof t->e);
	t->e.tech = &bl_snp_tech;
	t->e.a = &arena;
	t->e.files = &t->files;
	t->e.anchors = t->own_root ? &t->anchors : NULL;
	t->e.policy = policy;
	t->e.time = time;
	t->e.cache = cache;
	t->e.nonce = t->nonce;
	t->e.nonce_len = t->nonce_len;
	t->rc = bl_evidence_run(&t->e, p, n, &err);
}

static inline void done(struct trial *t)
{
	bl_evidence_fini(&t->e);
	bl_certs_fini(&t->anchors.own);
	memset(t, 0, sizeof *t);
	bl_arena_fini(&arena);
}

/* Every self-signed certificate is an anchor, as --root takes it. */
static inline void root_from(struct trial *t, const uint8_t *p, size_t n)
{
	struct bl_certs all = { .n = 0 };

	if (bl_certs_parse(&all, p, n, &err))
		return;
	for (size_t i = 0; i < all.n; i++) {
		if (bl_cert_self_issued(all.v[i])) {
			bl_key_hash(bl_cert_key(all.v[i]), t->anchors.key[t->anchors.n++]);
			t->anchors.own.v[t->anchors.own.n++] = all.v[i];
		} else {
			bl_cert_free(all.v[i]);
		}
	}
	t->own_root = true;
}

static inline bool failed_with(const struct trial *t, const char *reason)
{
	for (size_t i = 0; i < t->e.ncheck; i++)
		if (t->e.check[i].result == BL_EVIDENCE_FAIL && !strcmp(t->e.check[i].reason, reason))
			return true;
	return false;
}

static inline const char *first_reason(const struct trial *t)
{
	const struct bl_evidence_check *c = t->rc ? NULL : bl_evidence_reason(&t->e);

	return t->rc ? "malformed" : c ? c->reason : "none";
}

#endif
