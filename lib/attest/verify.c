/* SPDX-License-Identifier: Apache-2.0 */
/* verify: see verify.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "attest/appraise.h"
#include "attest/platform.h"
#include "attest/verify.h"
#include "base/file.h"
#include "base/num.h"
#include "base/text.h"
#include "base/time.h"
#include "crypt/hash.h"

/* --- settings --- */

void bl_verify_init(struct bl_verify *v)
{
	*v = (struct bl_verify){ .time_source = "now", .policy_id = "default" };
	bl_arena_init(&v->a, BL_FILES_ARENA);
}

void bl_verify_fini(struct bl_verify *v)
{
	bl_certs_fini(&v->anchors.own);
	bl_json_free(v->policy);
	bl_evidence_cache_free(v->cache);
	bl_arena_fini(&v->a);
}

struct bl_verify *bl_verify_copy(const struct bl_verify *v, struct bl_err *err)
{
	struct bl_verify *w = malloc(sizeof *w);

	if (w)
		*w = *v;
	else
		bl_err_set(err, BL_OSERR, "out of memory");
	return w;
}

int bl_verify_type(struct bl_verify *v, const char *name, struct bl_err *err)
{
	static const char *const types[] = { "auto", "snp", "tdx", "sgx", "nitro", "tpm", "nvidia", "azure", "receipt", "statement" };
	const char *near;

	v->receipt = !strcmp(name, "receipt");
	v->statement = !strcmp(name, "statement");
	v->tech = bl_evidence_tech(name);
	if (v->tech || v->receipt || v->statement || !strcmp(name, "auto"))
		return 0;
	near = bl_text_nearest(name, types, sizeof types / sizeof *types);
	bl_err_set(err, BL_USAGE, "'%s' is no type of evidence", name);
	return near ? bl_err_hint(err, "did you mean '%s'?", near) : bl_err_hint(err, "types: auto snp tdx sgx nitro tpm nvidia azure receipt statement");
}

int bl_verify_time(struct bl_verify *v, const char *when, struct bl_err *err)
{
	int64_t us;

	v->time_source = !strcmp(when, "signed") ? "signed" : "given";
	if (*v->time_source == 's')
		return 0;
	if (bl_num_parse_i64(when, strlen(when), &v->time) && v->time >= 0 && v->time <= INT64_C(253402300799))
		return 0;
	if (!bl_time_parse_stamp(when, strlen(when), &us))
		return bl_err_set(err, BL_USAGE, "'%s' is no time: RFC 3339, seconds since 1970, or signed", when);
	v->time = us / 1000000 - (us % 1000000 < 0);
	return 0;
}

int bl_verify_nonce(struct bl_verify *v, const char *hex, struct bl_err *err)
{
	size_t n = strlen(hex);

	if (!n || n % 2 || n / 2 > sizeof v->nonce || !bl_text_unhex(hex, n, v->nonce, n / 2))
		return bl_err_set(err, BL_USAGE, "a nonce is 1 to %zu bytes in hex", sizeof v->nonce);
	v->nonce_len = n / 2;
	return 0;
}

int bl_verify_policy(struct bl_verify *v, const char *path, struct bl_err *err)
{
	uint8_t hash[BL_HASH_LEN];
	struct bl_buf b;
	int rc;

	bl_buf_init(&b, BL_APPRAISE_MAX);
	rc = bl_file_read(path, &b, err);
	if (!rc) {
		bl_hash_sha256(b.p, b.len, hash);
		strcpy(v->policy_id, "sha256:");
		bl_text_hex(hash, sizeof hash, v->policy_id + 7);
		rc = (v->policy = bl_appraise_parse((const char *)b.p, b.len, err)) ? 0 : bl_err_where(err, "policy '%s'", path);
	} else if (err->code == BL_DATA) {
		err->code = BL_CONFIG;		/* too long to be one */
	}
	bl_buf_fini(&b);
	return rc;
}

int bl_verify_root(struct bl_verify *v, const char *path, struct bl_err *err)
{
	struct bl_certs s = { .n = 0 };
	struct bl_buf b;
	size_t found = 0;
	int rc;

	bl_buf_init(&b, BL_EVIDENCE_MAX);
	rc = bl_file_read(path, &b, err);
	if (!rc)
		rc = bl_certs_parse(&s, b.p, b.len, err) ? bl_err_where(err, "'%s'", path) : 0;
	bl_buf_fini(&b);
	for (size_t i = 0; !rc && i < s.n; i++) {
		if (!bl_cert_self_issued(s.v[i]))
			continue;
		found++;
		if (v->anchors.n == BL_CERT_MOST) {
			rc = bl_err_set(err, BL_USAGE, "more than %d roots", BL_CERT_MOST);
			break;
		}
		bl_key_hash(bl_cert_key(s.v[i]), v->anchors.key[v->anchors.n++]);
		v->anchors.own.v[v->anchors.own.n++] = s.v[i];
		s.v[i] = s.v[--s.n];
		i--;
	}
	bl_certs_fini(&s);
	if (!rc && !found)
		rc = bl_err_set(err, BL_DATA, "'%s' holds no self-signed certificate: no root", path);
	v->own_anchors = true;
	return rc;
}

int bl_verify_with(struct bl_verify *v, const char *policy, const struct bl_opt_list *roots, const struct bl_opt_list *collateral, struct bl_err *err)
{
	if (policy && bl_verify_policy(v, policy, err))
		return -1;
	for (size_t i = 0; i < roots->n; i++)
		if (bl_verify_root(v, roots->item[i], err))
			return -1;
	for (size_t i = 0; i < collateral->n; i++)
		if (bl_files_collateral(&v->files, &v->a, collateral->item[i], err))
			return -1;
	return 0;
}

/* --- one piece of evidence --- */

void bl_verify_begin(struct bl_verify_run *r)
{
	memset(r, 0, sizeof *r);
	bl_arena_init(&r->a, BL_FILES_ARENA);
}

void bl_verify_end(struct bl_verify_run *r)
{
	bl_evidence_fini(&r->e);
	bl_arena_fini(&r->a);
}

int bl_verify_take(struct bl_verify_run *r, const void *p, size_t n, struct bl_err *err)
{
	if (n > BL_EVIDENCE_MAX)
		return bl_err_set(err, BL_DATA, "evidence longer than %d bytes", BL_EVIDENCE_MAX);
	r->p = (const uint8_t *)bl_arena_strndup(&r->a, p ? p : "", n);
	r->n = n;
	return r->p ? 0 : bl_err_set(err, BL_OSERR, "out of memory");
}

/* The first file of the directory that is what it may be; else the first that could be, so that its parser says what is wrong. */
static const struct bl_evidence_file *choose(const struct bl_evidence_files *f, const struct bl_evidence_tech *only)
{
	const struct bl_evidence_file *at, *any = NULL;
	const struct bl_evidence_tech *t;

	for (size_t i = 0; (t = bl_evidence_tech_at(i)); i++) {
		if (only && t != only)
			continue;
		for (const char *const *name = t->file; *name; name++) {
			if (!(at = bl_evidence_find(f, *name)))
				continue;
			if (t->detect(at->p, at->n))
				return at;
			any = any ? any : at;
		}
	}
	return any;
}

int bl_verify_open(struct bl_verify_run *r, const struct bl_verify *v, const char *path, struct bl_err *err)
{
	const struct bl_evidence_file *at;
	struct stat st;
	struct bl_buf b;
	int rc;

	if (!strcmp(path, "-") || stat(path, &st) || !S_ISDIR(st.st_mode)) {
		bl_buf_init(&b, BL_EVIDENCE_MAX);
		rc = bl_file_read(path, &b, err) || bl_verify_take(r, b.p, b.len, err) ? -1 : 0;
		bl_buf_fini(&b);
		return rc;
	}
	if (bl_files_directory(&r->files, &r->a, path, true, err))
		return -1;
	if (!(at = choose(&r->files, v->tech)))
		return bl_err_set(err, BL_NOINPUT, "'%s' holds no evidence%s%s", path, v->tech ? " of type " : "", v->tech ? v->tech->name : "");
	r->p = at->p;
	r->n = at->n;
	return 0;
}

bool bl_verify_is_receipt(const struct bl_verify_run *r, const struct bl_verify *v)
{
	return !r->about && (v->receipt || (!v->tech && !v->statement && r->n && *r->p == '{'));
}

/* Collateral of the command over the directory's. */
static int join(struct bl_verify_run *r, const struct bl_verify *v, struct bl_err *err)
{
	for (size_t i = 0; i < v->files.n; i++) {
		struct bl_evidence_file *at = (struct bl_evidence_file *)(uintptr_t)bl_evidence_find(&r->files, v->files.v[i].name);
		if (!at && r->files.n == BL_EVIDENCE_FILES)
			return bl_err_set(err, BL_DATA, "more than %d files of collateral", BL_EVIDENCE_FILES);
		*(at ? at : &r->files.v[r->files.n++]) = v->files.v[i];
	}
	for (size_t i = 0; i < v->files.nbundle; i++) {
		if (r->files.nbundle == sizeof r->files.bundle / sizeof *r->files.bundle)
			return bl_err_set(err, BL_DATA, "more than %zu bundles", r->files.nbundle);
		r->files.bundle[r->files.nbundle++] = v->files.bundle[i];
	}
	return 0;
}

static int prepare(struct bl_verify_run *r, const struct bl_verify *v, struct bl_err *err)
{
	struct bl_evidence *e = &r->e;

	bl_hash_sha256(r->p, r->n, r->sha256);
	r->time_source = v->time_source;
	e->tech = v->tech ? v->tech : bl_evidence_detect(r->p, r->n);
	e->a = &r->a;
	e->files = &r->files;
	e->anchors = v->own_anchors ? &v->anchors : NULL;
	e->policy = v->policy;
	e->nonce = v->nonce_len ? v->nonce : NULL;
	e->nonce_len = v->nonce_len;
	e->time_signed = !strcmp(v->time_source, "signed");
	e->time = !strcmp(v->time_source, "given") ? v->time : bl_time_now();
	e->cache = v->cache;
	r->type = e->tech ? e->tech->name : NULL;
	if (!e->tech)
		return bl_err_set(err, BL_DATA, "not a receipt, and not evidence of a known type");
	if (join(r, v, err))
		return -1;
	return bl_files_put(&r->files, &r->a, e->tech->file[0], r->p, r->n, NULL, true, err);
}

/* --- the whole --- */

static int failed(struct bl_verify_run *r, const struct bl_err *err)
{
	r->code = err->code;
	snprintf(r->why, sizeof r->why, "%s", err->msg);
	return -1;
}

int bl_verify_run(struct bl_verify_run *r, const struct bl_verify *v, struct bl_err *err)
{
	int rc;

	if (r->about)
		rc = bl_platform_statement(r, v, err);
	else if (bl_verify_is_receipt(r, v))
		rc = bl_platform_receipt(r, v, err);
	else
		rc = prepare(r, v, err) ? -1 : bl_evidence_run(&r->e, r->p, r->n, err);
	return rc ? failed(r, err) : 0;
}

int bl_verify_show(struct bl_verify_run *r, const struct bl_verify *v, struct bl_err *err)
{
	int rc;

	r->shown = true;
	if (r->about)
		rc = bl_platform_statement(r, v, err);
	else
		rc = prepare(r, v, err) ? -1 : bl_evidence_show(&r->e, r->p, r->n, err);
	return rc ? failed(r, err) : 0;
}

int bl_verify_exit(const struct bl_verify_run *r)
{
	return r->code ? BL_DATA : bl_evidence_verdict(&r->e) ? BL_OK : BL_NO;
}
