/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_attest_snp: SNP reports, real ones of ../shared where it is there, and under a hierarchy of our own for what no real report
 * shows: revocation, expiry, other chips, other firmware, Turin, providers' keys, tables of certificates.
 */
#include <dirent.h>
#include <stdlib.h>

#include "../tap.h"
#include "attest/appraise.h"
#include "attest/snp.h"
#include "base/file.h"
#include "base/text.h"
#include "crypt/hash.h"
#include "crypt/mem.h"

static struct bl_err err;
static struct bl_arena arena;

/* One verification: what to verify with, and what came out. */
struct trial {
	struct bl_evidence_files files;
	struct bl_cert_anchors anchors;
	bool own_root;
	struct bl_evidence e;
	int rc;
};

static void put_file(struct trial *t, const char *name, const void *p, size_t n)
{
	struct bl_evidence_file *f = &t->files.v[t->files.n++];

	memset(f, 0, sizeof *f);
	f->name = name;
	f->p = (uint8_t *)bl_arena_strndup(&arena, p, n);
	f->n = n;
	bl_hash_sha256(p, n, f->sha256);
}

/* Judges p with everything in t; the policy may be NULL. */
static void judge(struct trial *t, const uint8_t *p, size_t n, int64_t time, const struct bl_json *policy)
{
	bl_evidence_fini(&t->e);
	memset(&t->e, 0, sizeof t->e);
	t->e.tech = &bl_snp_tech;
	t->e.a = &arena;
	t->e.files = &t->files;
	t->e.anchors = t->own_root ? &t->anchors : NULL;
	t->e.policy = policy;
	t->e.time = time;
	t->rc = bl_evidence_run(&t->e, p, n, &err);
}

static void done(struct trial *t)
{
	bl_evidence_fini(&t->e);
	bl_certs_fini(&t->anchors.own);
	memset(t, 0, sizeof *t);
	bl_arena_fini(&arena);
}

/* Every self-signed certificate is an anchor, as --root takes it. */
static void root_from(struct trial *t, const uint8_t *p, size_t n)
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

static bool failed_with(const struct trial *t, const char *reason)
{
	for (size_t i = 0; i < t->e.ncheck; i++)
		if (t->e.check[i].result == BL_EVIDENCE_FAIL && !strcmp(t->e.check[i].reason, reason))
			return true;
	return false;
}

static const char *first_reason(const struct trial *t)
{
	const struct bl_evidence_check *c = t->rc ? NULL : bl_evidence_reason(&t->e);

	return t->rc ? "malformed" : c ? c->reason : "none";
}

/* --- the vectors --- */

static bool load(struct bl_buf *b, const char *dir, const char *name)
{
	char path[1024];

	bl_buf_init(b, BL_EVIDENCE_MAX);
	snprintf(path, sizeof path, "%s/%s", dir, name);
	return !bl_file_read(path, b, &err);
}

static bool same_json(const struct bl_json *a, const struct bl_json *b)
{
	struct bl_buf x, y;
	bool same;

	bl_buf_init(&x, BL_EVIDENCE_MAX);
	bl_buf_init(&y, BL_EVIDENCE_MAX);
	bl_json_print(a, &x);
	bl_json_print(b, &y);
	same = a && b && x.len == y.len && !memcmp(x.p, y.p, x.len);
	bl_buf_fini(&x);
	bl_buf_fini(&y);
	return same;
}

/* First word of the prose in expect.json to reason words; NULL: any. */
static const char *reason_of(const char *prose)
{
	static const struct { const char *in, *word; } map[] = {
		{ "ASK serial", "revoked" }, { "VCEK serial", "revoked" }, { "CRL not signed", "crl-signature" }, { "CRL nextUpdate", "crl-stale" },
		{ "VCEK HWID", "chip-id" }, { "built-in", "root-unknown" }, { "not issued", "chain" }, { "VCEK TCB", "tcb-mismatch" },
		{ "VCEK expired", "cert-expired" }, { "signature:", "signature" }, { "chain:", "chain" }, { "malformed", "malformed" },
	};

	for (size_t i = 0; prose && i < sizeof map / sizeof *map; i++)
		if (strstr(prose, map[i].in))
			return map[i].word;
	return NULL;
}

static void vector(const char *dir, const char *name, const char *evidence, const struct bl_json *any)
{
	static const char *const beside[] = { "vek.der", "ask_ark.pem", "crl.der" };
	static struct trial t;
	struct bl_buf b;
	struct bl_json *want = NULL;
	const char *reason, *verdict;
	bool authentic;

	if (load(&b, dir, "expect.json"))
		want = bl_json_parse((const char *)b.p, b.len, 16, BL_DATA, &err);
	bl_buf_fini(&b);
	for (size_t i = 0; i < 3 && strcmp(evidence, "extended.bin"); i++) {
		if (load(&b, dir, beside[i]))
			put_file(&t, beside[i], b.p, b.len);
		if (i == 1 && bl_json_bool(bl_json_get(want, "needs_custom_root")))
			root_from(&t, b.p, b.len);
		bl_buf_fini(&b);
	}
	if (!load(&b, dir, evidence))
		goto out;
	authentic = bl_json_bool(bl_json_get(want, "authentic"));
	reason = authentic ? "none" : reason_of(bl_json_get_text(want, "reason"));
	judge(&t, b.p, b.len, bl_json_get_int(want, "time", 0), any);
	is_int(!t.rc && bl_evidence_authentic(&t.e) == 1, authentic, "%s/%s: authentic or not", name, evidence);
	is_int(!t.rc && bl_evidence_verdict(&t.e), authentic, "%s/%s: accepted by the policy that accepts anything", name, evidence);
	if (reason)
		ok(!strcmp(first_reason(&t), reason) || failed_with(&t, reason), "%s/%s: %s", name, evidence, reason);
	if (authentic)
		ok(same_json(t.e.claims, bl_json_get(want, "fields")), "%s/%s: its fields", name, evidence);
	judge(&t, b.p, b.len, bl_json_get_int(want, "time", 0), NULL);
	if ((verdict = bl_json_get_text(want, "default_policy_verdict")))
		is_int(!t.rc && bl_evidence_verdict(&t.e), !strcmp(verdict, "pass"), "%s/%s: the default policy", name, evidence);
	if (authentic && bl_json_get(want, "valid_window")) {
		const struct bl_json *w = bl_json_get(want, "valid_window");
		judge(&t, b.p, b.len, bl_json_int(bl_json_item(w, 0)) - 1, any);
		ok(t.rc || failed_with(&t, "cert-not-yet-valid") || failed_with(&t, "chain"), "%s/%s: not yet, before its window", name, evidence);
		judge(&t, b.p, b.len, bl_json_int(bl_json_item(w, 1)) + 1, any);
		ok(t.rc || failed_with(&t, "cert-expired") || failed_with(&t, "chain"), "%s/%s: no more, after its window", name, evidence);
	}
out:
	bl_buf_fini(&b);
	bl_json_free(want);
	done(&t);
}

static void test_vectors(void)
{
	const char *top = getenv("BL_TOP"), *const group[] = { "snp", "snp-made" };
	char base[512], dir[1024];
	struct bl_json *any = NULL;
	struct bl_buf b;

	snprintf(base, sizeof base, "%s/../shared/vectors/attest", top ? top : ".");
	if (load(&b, base, "policy-any.json"))
		any = bl_appraise_parse((const char *)b.p, b.len, &err);
	bl_buf_fini(&b);
	if (!any)
		skip(1, "the shared vectors are absent");
	for (size_t g = 0; any && g < 2; g++) {
		struct dirent *entry;
		DIR *d;

		snprintf(dir, sizeof dir, "%s/%s", base, group[g]);
		for (d = opendir(dir); d && (entry = readdir(d));) {
			if (entry->d_name[0] == '.')
				continue;
			snprintf(dir, sizeof dir, "%s/%s/%s", base, group[g], entry->d_name);
			vector(dir, entry->d_name, "report.bin", any);
			vector(dir, entry->d_name, "extended.bin", any);
		}
		if (d)
			closedir(d);
	}
	bl_json_free(any);
}

int main(void)
{
	bl_arena_init(&arena, 64 << 20);
	if (bl_mem_init(true, &err)) {
		printf("Bail out! %s\n", err.msg);
		return 1;
	}
	bl_json_init();
	test_vectors();
	return tap_done();
}
