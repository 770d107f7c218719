/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vectors: evidence in memory for the unit tests of lib/attest: files by name, one run, what its checks said; and the cases under
 * ../shared/vectors/attest where those are.
 */
#ifndef TESTS_VECTORS_H
#define TESTS_VECTORS_H

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "attest/appraise.h"
#include "attest/evidence.h"
#include "base/file.h"
#include "base/text.h"
#include "base/time.h"
#include "crypt/hash.h"
#include "crypt/mem.h"

#define VECTORS "../shared/vectors/attest/"
static struct bl_err err;

/* One verification with all that it stands on. */
struct run {
	struct bl_arena a;
	struct bl_evidence_files files;
	struct bl_evidence e;
	struct bl_json *policy;
	uint8_t nonce[512];
	int rc;
};

static inline void run_add(struct run *r, const char *name, const void *p, size_t n)
{
	struct bl_evidence_file *f = &r->files.v[r->files.n++];

	*f = (struct bl_evidence_file){ .name = bl_arena_strndup(&r->a, name, strlen(name)), .n = n };
	f->p = (uint8_t *)bl_arena_strndup(&r->a, p, n);
	bl_hash_sha256(p, n, f->sha256);
}

static inline void run_init(struct run *r, const char *policy)
{
	memset(r, 0, sizeof *r);
	bl_arena_init(&r->a, 64 << 20);
	r->e.a = &r->a;
	r->e.files = &r->files;
	if (policy && !(r->policy = bl_appraise_parse(policy, strlen(policy), &err)))
		printf("# policy: %s\n", err.msg);
	r->e.policy = r->policy;
}

static inline void run_nonce(struct run *r, const char *hex)
{
	r->e.nonce = r->nonce;
	r->e.nonce_len = strlen(hex) / 2;
	if (!bl_text_unhex(hex, strlen(hex), r->nonce, r->e.nonce_len))
		printf("# nonce is not hex\n");
}

/* The evidence is the first file that the technology knows by name. */
static inline int run(struct run *r, const struct bl_evidence_tech *tech)
{
	const struct bl_evidence_file *f = NULL;

	r->e.tech = tech;
	for (const char *const *name = tech->file; !f && *name; name++)
		f = bl_evidence_find(&r->files, *name);
	r->rc = f ? bl_evidence_run(&r->e, f->p, f->n, &err) : -1;
	return r->rc;
}

static inline void run_fini(struct run *r)
{
	bl_evidence_fini(&r->e);
	bl_json_free(r->policy);
	bl_arena_fini(&r->a);
}

/* 1, 0, -1 as bl_evidence_authentic; 65 when it does not parse. */
static inline int run_authentic(const struct run *r)
{
	return r->rc ? err.code : bl_evidence_authentic(&r->e);
}

static inline const char *run_reason(const struct run *r)
{
	const struct bl_evidence_check *c = r->rc ? NULL : bl_evidence_reason(&r->e);

	return r->rc ? "malformed" : c ? c->reason : "";
}

/* "pass", "fail", "skip", or "" for a check that is not listed; the worst of its name. */
static inline const char *run_check(const struct run *r, const char *name)
{
	static const char *const word[] = { "pass", "skip", "fail" };
	int worst = -1;

	for (size_t i = 0; i < r->e.ncheck; i++) {
		enum bl_evidence_result v = r->e.check[i].result;
		int rank = v == BL_EVIDENCE_FAIL ? 2 : v == BL_EVIDENCE_SKIP ? 1 : 0;
		if (!strcmp(r->e.check[i].name, name) && rank > worst)
			worst = rank;
	}
	return worst < 0 ? "" : word[worst];
}

static inline void run_print(const struct run *r)
{
	static const char *const word[] = { "pass", "fail", "skip" };

	if (r->rc)
		printf("# %d: %s\n", err.code, err.msg);
	for (size_t i = 0; i < r->e.ncheck; i++)
		printf("# %s %s %s %s\n", word[r->e.check[i].result], r->e.check[i].name, r->e.check[i].reason ? r->e.check[i].reason : "",
		       r->e.check[i].detail);
}

/* --- the cases on disk --- */

static inline bool run_load(struct run *r, const char *dir)
{
	char path[4096];
	struct dirent *d;
	DIR *h = opendir(dir);

	while (h && (d = readdir(h))) {
		struct stat st;
		struct bl_buf b;
		snprintf(path, sizeof path, "%s/%s", dir, d->d_name);
		if (stat(path, &st) || !S_ISREG(st.st_mode))
			continue;
		bl_buf_init(&b, 16 << 20);
		if (!bl_file_read(path, &b, &err))
			run_add(r, d->d_name, b.p, b.len);
		bl_buf_fini(&b);
	}
	if (h)
		closedir(h);
	return h;
}

static inline char *run_text(const struct bl_json *j)
{
	struct bl_buf b;
	char *s;

	bl_buf_init(&b, 16 << 20);
	bl_json_print(j, &b);
	s = strndup((const char *)b.p, b.len);
	bl_buf_fini(&b);
	return s;
}

/* Has `claims` all of `want`, in the same form? Members that are notes of whoever collected the case are not claims. */
static inline bool run_claims(const struct bl_json *claims, const struct bl_json *want)
{
	bool good = true;

	for (size_t i = 0; i < bl_json_count(want); i++) {
		const struct bl_json *v, *has;
		const char *key = bl_json_key(want, i, &v);
		char *a, *b;
		if (!strcmp(key, "nonce_stated_by_collector"))
			continue;
		has = bl_json_get(claims, key);
		if (has && bl_json_kind(has) == BL_JSON_OBJECT && bl_json_kind(v) == BL_JSON_OBJECT) {
			good = run_claims(has, v) && good;
			continue;
		}
		a = run_text(v);
		b = has ? run_text(has) : strdup("(none)");
		if (strcmp(a, b))
			printf("# claim %s: %.200s, wanted %.200s\n", key, b, a), good = false;
		free(a);
		free(b);
	}
	return good;
}

/* Root certificates from a file of the case; none when it does not parse: then nothing has a root. */
static inline struct bl_cert_anchors *run_roots(struct run *r, const char *name)
{
	const struct bl_evidence_file *f = bl_evidence_find(&r->files, name);
	struct bl_cert_anchors *a = bl_arena_alloc(&r->a, sizeof *a);

	if (!f || bl_certs_parse(&a->own, f->p, f->n, &err))
		return a;
	for (size_t i = 0; i < a->own.n; i++)
		if (bl_cert_self_issued(a->own.v[i]))
			bl_key_hash(bl_cert_key(a->own.v[i]), a->key[a->n++]);
	return a;
}

/* Names of the directories under VECTORS/tech, or 0. */
static inline size_t run_cases(const char *tech, char name[][128], size_t most)
{
	char path[4096];
	struct dirent *d;
	size_t n = 0;
	DIR *h;

	snprintf(path, sizeof path, VECTORS "%s", tech);
	if (!(h = opendir(path)))
		return 0;
	while ((d = readdir(h)) && n < most)
		if (d->d_name[0] != '.' && strlen(d->d_name) < 128)
			strcpy(name[n++], d->d_name);
	closedir(h);
	qsort(name, n, 128, (int (*)(const void *, const void *))strcmp);
	return n;
}

static inline struct bl_json *run_expect(const struct run *r)
{
	const struct bl_evidence_file *f = bl_evidence_find(&r->files, "expect.json");

	return f ? bl_json_parse((const char *)f->p, f->n, 32, BL_DATA, &err) : NULL;
}

/* Switches appraisal off as far as a policy can: what is left is whether the evidence is authentic. */
#define ANY "{\"version\":1,\"debug\":\"allow\",\"accepted_tcb_status\":[\"*\"],\"collateral\":\"optional\",\"revocation\":\"if-present\"," \
	    "\"provisional\":\"allow\",\"vmpl\":[0,1,2,3],\"migrate_ma\":\"allow\",\"masked_chip_id\":\"allow\",\"service_td\":\"allow\",\"sha1\":\"allow\"}"

/* The claims as a case has them: one member of it, or (NULL) those of evidence inside evidence. */
static inline struct bl_json *run_wanted(const struct bl_json *x, const char *member)
{
	static const char *const parts[][2] = { { "hw", "hw" }, { "tpm", "tpm" }, { "pcrs", "pcrs" }, { "snp_fields", "snp" },
						{ "runtime_user_data", "runtime_user_data" }, { "runtime_vm_config", "runtime_vm_config" } };
	struct bl_json *o;

	if (member)
		return bl_json_copy(bl_json_get(x, member));
	o = bl_json_new_object();
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (bl_json_get(x, parts[i][0]))
			bl_json_put(o, parts[i][1], bl_json_copy(bl_json_get(x, parts[i][0])));
	return o;
}

/*
 * One case at its time and for its nonce, with its own root where it has one that is not the vendor's: is it authentic, what does policy
 * ANY say, are the claims those that are known; and the default policy refuses what is in debug mode.
 */
static inline void run_case(const char *dir, const char *name, const struct bl_evidence_tech *tech, const char *fields)
{
	static struct run r;
	struct bl_cert_anchors *roots = NULL;
	struct bl_json *x, *want;
	char path[512];
	bool authentic, debug;

	snprintf(path, sizeof path, VECTORS "%s/%s", dir, name);
	run_init(&r, ANY);
	run_load(&r, path);
	x = run_expect(&r);
	r.e.time = bl_json_get_int(x, "time", 1767225600);
	if (bl_json_get_text(x, "nonce"))
		run_nonce(&r, bl_json_get_text(x, "nonce"));
	if (bl_json_get(x, "anchor_source"))
		r.e.anchors = roots = run_roots(&r, "root.pem");
	authentic = x && bl_json_get(x, "authentic") && bl_json_bool(bl_json_get(x, "authentic"));
	debug = x && bl_json_get(x, "debug") && bl_json_bool(bl_json_get(x, "debug"));
	run(&r, tech);
	if (!ok((run_authentic(&r) == 1) == authentic && (!r.rc && bl_evidence_verdict(&r.e)) == authentic, "%s/%s: %s (%s)", dir, name,
		authentic ? "passes" : "is refused", run_reason(&r)))
		run_print(&r);
	if (authentic) {
		want = run_wanted(x, fields);
		ok(bl_json_count(want) && run_claims(r.e.claims, want), "%s/%s: claims are as known", dir, name);
		ok(r.e.debug == debug, "%s/%s: debug is %s", dir, name, debug ? "on" : "off");
		bl_json_free(want);
	}
	bl_json_free(x);
	if (roots)
		bl_certs_fini(&roots->own);
	run_fini(&r);
}

#endif
