/* SPDX-License-Identifier: Apache-2.0 */
/* test_attest_quote_real: real SGX and TDX quotes with real collateral, where the vectors are beside the repository. */
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "attest/appraise.h"
#include "attest/quote.h"
#include "base/file.h"
#include "crypt/hash.h"
#include "crypt/mem.h"
#include "../tap.h"

static struct bl_err err;
static struct bl_arena arena;
static const char any_policy[] = "{\"version\":1,\"debug\":\"allow\",\"accepted_tcb_status\":[\"*\"],\"collateral\":\"optional\","
	"\"revocation\":\"if-present\",\"service_td\":\"allow\"}";

static bool load(struct bl_evidence_files *f, const char *dir, const char *name)
{
	struct bl_evidence_file *x = &f->v[f->n];
	struct bl_buf b;
	char path[512];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	bl_buf_init(&b, BL_EVIDENCE_COLLATERAL);
	if (access(path, R_OK) || bl_file_read(path, &b, &err)) {
		bl_buf_fini(&b);
		return false;
	}
	*x = (struct bl_evidence_file){ .name = bl_arena_strndup(&arena, name, strlen(name)), .n = b.len };
	x->p = (const uint8_t *)bl_arena_strndup(&arena, (const char *)b.p, b.len);
	bl_hash_sha256(x->p, x->n, x->sha256);
	bl_buf_fini(&b);
	f->n++;
	return true;
}

static const char *const collateral[] = { "tcb_info.json", "qe_identity.json", "tcb_sign_chain.pem", "pck_crl.der",
	"pck_crl_issuer_chain.pem", "root_ca_crl.der", NULL };

static struct bl_json *parse_file(const char *dir, const char *name)
{
	struct bl_evidence_files f = { .n = 0 };

	return load(&f, dir, name) ? bl_json_parse((const char *)f.v[0].p, f.v[0].n, 32, BL_DATA, &err) : NULL;
}

static bool same_text(const char *a, const char *b)
{
	return a ? b && !strcmp(a, b) : !b;
}

static bool same_json(const struct bl_json *a, const struct bl_json *b)
{
	struct bl_buf x, y;
	bool same;

	bl_buf_init(&x, 1 << 20);
	bl_buf_init(&y, 1 << 20);
	bl_json_print(a, &x);
	bl_json_print(b, &y);
	same = !x.failed && !y.failed && x.len == y.len && !memcmp(x.p, y.p, x.len);
	bl_buf_fini(&x);
	bl_buf_fini(&y);
	return same;
}

/* Claims hold each of the fields, and say the same. */
static bool same_fields(const struct bl_json *claims, const struct bl_json *fields)
{
	const struct bl_json *v;
	const char *key;

	for (size_t i = 0; i < bl_json_count(fields); i++) {
		key = bl_json_key(fields, i, &v);
		if (!bl_json_get(claims, key) || !same_json(bl_json_get(claims, key), v))
			return false;
	}
	return true;
}

static bool same_advisories(const struct bl_evidence *e, const struct bl_json *list)
{
	if (e->nadvisory != (list ? bl_json_count(list) : 0))
		return false;
	for (size_t i = 0; i < e->nadvisory; i++) {
		bool there = false;
		for (size_t k = 0; k < e->nadvisory; k++)
			there = there || !strcmp(e->advisory[i], bl_json_text(bl_json_item(list, k), NULL));
		if (!there)
			return false;
	}
	return true;
}

static void tell(const struct bl_evidence *e)
{
	for (size_t i = 0; i < e->ncheck; i++)
		printf("#   %-22s %s %s %s\n", e->check[i].name, e->check[i].result == BL_EVIDENCE_PASS ? "pass" :
		       e->check[i].result == BL_EVIDENCE_FAIL ? "FAIL" : "skip", e->check[i].reason ? e->check[i].reason : "", e->check[i].detail);
	printf("#   status %s date %s short %s\n", e->tcb_status ? e->tcb_status : "-", e->tcb_date ? e->tcb_date : "-", e->shortfall);
}

/* One case of a vector: with its collateral (as files, or as one collateral.json), at its time. */
static void run_case(const char *dir, const struct bl_json *expect, const struct bl_json *c, bool one_file)
{
	static struct bl_evidence e;
	static struct bl_evidence_files f;
	const struct bl_json *authentic = bl_json_get(expect, "authentic");
	int want = bl_json_kind(authentic) == BL_JSON_NULL ? -1 : bl_json_bool(authentic);
	const char *sub = c ? bl_json_get_text(c, "dir") : NULL, *name = strrchr(dir, '/') + 1;
	char path[512];
	int r;

	f.n = 0;
	snprintf(path, sizeof path, "%s/%s", dir, sub ? sub : "");
	if (!load(&f, dir, "quote.bin") || (one_file && !load(&f, path, "collateral.json")))
		return;
	for (size_t i = 0; c && !one_file && collateral[i]; i++)
		load(&f, path, collateral[i]);
	e = (struct bl_evidence){ .tech = bl_quote_detect(f.v[0].p, f.v[0].n) && strstr(dir, "/tdx/") ? &bl_quote_tdx_tech : &bl_quote_sgx_tech,
		.a = &arena, .files = &f, .time = c ? bl_json_get_int(c, "time", 0) : 1740000000 };	/* no case: when every PCK is valid */
	e.policy = bl_appraise_parse(any_policy, sizeof any_policy - 1, &err);
	r = bl_evidence_run(&e, f.v[0].p, f.v[0].n, &err);
	if (r && err.code == BL_DATA) {
		ok(want != 1, "%s %s %s: malformed: %s", name, sub ? sub : "", one_file ? "(one file)" : "", err.msg);
	} else if (!ok(!r && bl_evidence_authentic(&e) == want, "%s %s %s: authentic is as it should be", name, sub ? sub : "", one_file ? "(one file)" : "")) {
		tell(&e);
	}
	if (!r && want == 1) {
		ok(same_fields(e.claims, bl_json_get(expect, "fields")), "%s: its claims are its fields", name);
		ok(bl_json_bool(bl_json_get(expect, "debug")) == e.debug, "%s: debug", name);
	}
	if (!r && want == 1 && c) {
		bool good = same_text(e.tcb_status, bl_json_get_text(c, "tcb_status")) && same_text(e.tcb_date, bl_json_get_text(c, "tcb_date")) &&
			same_text(bl_json_get_text(e.claims, "module_status"), bl_json_get_text(c, "module_status")) &&
			same_text(bl_json_get_text(e.claims, "platform_status"), bl_json_get_text(c, "platform_status")) &&
			same_text(bl_json_get_text(e.claims, "qe_status"), bl_json_get_text(c, "qe_status"));
		ok(good, "%s %s: every status and its date", name, sub);
		ok(same_advisories(&e, bl_json_get(c, "advisories")), "%s %s: its advisories", name, sub);
		is_int(bl_json_get_int(e.claims, "tcb_eval_number", -1), bl_json_get_int(c, "tcb_eval_number", -2), "%s %s: its evaluation", name, sub);
		is_int(bl_evidence_verdict(&e), e.tcb_status != NULL, "%s %s: accepted by the policy that accepts all, unless not supported", name, sub);
		if (!good)
			tell(&e);
	}
	if (getenv("TELL"))
		tell(&e);
	bl_json_free((struct bl_json *)(uintptr_t)e.policy);
	bl_evidence_fini(&e);
	bl_arena_fini(&arena);
}

static void run_vectors(const char *root)
{
	DIR *d = opendir(root);
	const struct dirent *x;

	while (d && (x = readdir(d))) {
		char dir[512];
		struct bl_json *expect;
		const struct bl_json *cases;
		if (*x->d_name == '.')
			continue;
		snprintf(dir, sizeof dir, "%s/%s", root, x->d_name);
		if (!(expect = parse_file(dir, "expect.json")))
			continue;
		cases = bl_json_get(expect, "cases");
		if (!bl_json_count(cases))
			run_case(dir, expect, NULL, false);
		for (size_t i = 0; i < bl_json_count(cases); i++) {
			run_case(dir, expect, bl_json_item(cases, i), false);
			run_case(dir, expect, bl_json_item(cases, i), true);
		}
		bl_json_free(expect);
	}
	if (d)
		closedir(d);
}

int main(void)
{
	if (access("../shared/vectors/attest", R_OK))
		skip_all("no vectors of real quotes beside the repository");
	if (bl_mem_init(true, &err))
		return bl_err_print(&err, "test_attest_quote_real");
	bl_json_init();
	bl_arena_init(&arena, 64 << 20);
	run_vectors("../shared/vectors/attest/tdx");
	run_vectors("../shared/vectors/attest/sgx");
	bl_arena_fini(&arena);
	return tap_done();
}
