/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_snp_vectors: the real and derived reports of ../shared, where it is there, alone with files and as extended reports: authentic or
 * not and why, every field, and nothing outside of the window in which their certificates hold.
 */
#include <dirent.h>
#include <stdlib.h>

#include "../attest-snp.h"
#include "../tap.h"
#include "base/file.h"
#include "crypt/mem.h"

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
