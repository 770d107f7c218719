/* SPDX-License-Identifier: Apache-2.0 */
/* files: see files.h. Names are looked for, not found: what else lies in a directory is never opened. */
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "attest/bundle.h"
#include "attest/files.h"
#include "base/file.h"
#include "base/text.h"
#include "crypt/hash.h"

static const char *const evidence_names[] = { "report.bin", "extended.bin", "quote.bin", "doc.cbor", "quote.msg", "hcl_report.bin", NULL };
static const char *const names[] = {
	"vek.der", "vek.pem", "ask_ark.pem", "crl.der", "crl.pem",
	"tcb_info.json", "qe_identity.json", "tcb_sign_chain.pem", "pck_crl.der", "pck_crl_issuer_chain.pem", "root_ca_crl.der", "pck_chain.pem",
	"quote.sig", "ak_pub.pem", "ak_cert.pem", "pcrs.bin", "eventlog.bin", "chain.pem", "refs.json",
	"tpm_quote.msg", "tpm_quote.sig", "td_quote.bin", NULL
};

static bool in(const char *const *list, const char *name)
{
	for (; *list; list++)
		if (!strcmp(*list, name))
			return true;
	return false;
}

bool bl_files_is_evidence(const char *name)
{
	return in(evidence_names, name);
}

static bool is_crl(const char *name)
{
	return !fnmatch("crl-?*.der", name, 0) || !fnmatch("crl-?*.pem", name, 0);
}

/* Milan, Genoa, hopper..., or six bytes of FMSPC. */
static bool is_platform(const char *name, size_t n)
{
	return n && n <= 32 && strspn(name, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == n;
}

bool bl_files_known(const char *name)
{
	const char *slash = strchr(name, '/');

	if (slash && !is_platform(name, (size_t)(slash - name)))
		return false;
	name = slash ? slash + 1 : name;
	return strlen(name) < 64 && !strchr(name, '/') && (in(names, name) || is_crl(name));
}

static int too_much(struct bl_err *err)
{
	return bl_err_set(err, BL_DATA, "more than %d bytes of collateral", BL_EVIDENCE_COLLATERAL);
}

int bl_files_put(struct bl_evidence_files *f, struct bl_arena *a, const char *name, const void *p, size_t n, const char *signer,
		 bool replace, struct bl_err *err)
{
	struct bl_evidence_file *at = (struct bl_evidence_file *)(uintptr_t)bl_evidence_find(f, name);	/* f is the caller's to change */
	struct bl_evidence_file v = { .signer = signer, .n = n, .given = replace };

	if (at && !replace)
		return 0;
	if (!at && f->n == BL_EVIDENCE_FILES)
		return bl_err_set(err, BL_DATA, "more than %d files of collateral", BL_EVIDENCE_FILES);
	v.name = bl_arena_strndup(a, name, strlen(name));
	v.p = (const uint8_t *)bl_arena_strndup(a, p ? p : "", n);
	if (!v.name || !v.p)
		return too_much(err);
	bl_hash_sha256(v.p, n, v.sha256);
	*(at ? at : &f->v[f->n++]) = v;
	return 0;
}

/* --- collateral.json: what one call for a quote's collateral answers, as the files of the guide --- */

static int put_hex(struct bl_evidence_files *f, struct bl_arena *a, const char *name, const struct bl_json *j, const char *member, bool replace, struct bl_err *err)
{
	const char *s = bl_json_get_text(j, member);
	size_t n = s ? strlen(s) / 2 : 0;
	uint8_t *p;
	int rc;

	if (!s)
		return 0;
	if (!(p = malloc(n + 1)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	rc = bl_text_unhex(s, strlen(s), p, n) ? bl_files_put(f, a, name, p, n, NULL, replace, err) :
	     bl_err_set(err, BL_DATA, "member '%s' is not hex", member);
	free(p);
	return rc;
}

static int put_text(struct bl_evidence_files *f, struct bl_arena *a, const char *name, const struct bl_json *j, const char *member, bool replace, struct bl_err *err)
{
	const char *s = bl_json_get_text(j, member);

	return s ? bl_files_put(f, a, name, s, strlen(s), NULL, replace, err) : 0;
}

/* The signed text exactly as it stands, between its name and its signature. */
static int put_signed(struct bl_evidence_files *f, struct bl_arena *a, const char *name, const struct bl_json *j, const char *member, const char *key,
		      bool replace, struct bl_err *err)
{
	char with[64];
	const char *s = bl_json_get_text(j, member), *sig;
	struct bl_buf b;
	int rc;

	snprintf(with, sizeof with, "%s_signature", member);
	sig = bl_json_get_text(j, with);
	if (!s || !sig)
		return s || sig ? bl_err_set(err, BL_DATA, "'%s' and '%s' go together", member, with) : 0;
	if (strspn(sig, "0123456789abcdefABCDEF") != strlen(sig))
		return bl_err_set(err, BL_DATA, "member '%s' is not hex", with);
	bl_buf_init(&b, BL_EVIDENCE_COLLATERAL);
	bl_buf_printf(&b, "{\"%s\":", key);
	bl_buf_puts(&b, s);
	bl_buf_printf(&b, ",\"signature\":\"%s\"}", sig);
	rc = b.failed ? too_much(err) : bl_files_put(f, a, name, b.p, b.len, NULL, replace, err);
	bl_buf_fini(&b);
	return rc;
}

static int put_chains(struct bl_evidence_files *f, struct bl_arena *a, const struct bl_json *j, bool replace, struct bl_err *err)
{
	const char *one = bl_json_get_text(j, "tcb_info_issuer_chain"), *two = bl_json_get_text(j, "qe_identity_issuer_chain");
	struct bl_buf b;
	int rc;

	if (!one && !two)
		return 0;
	bl_buf_init(&b, BL_EVIDENCE_COLLATERAL);
	bl_buf_puts(&b, one ? one : "");
	if (two && (!one || strcmp(one, two))) {
		bl_buf_puts(&b, one ? "\n" : "");
		bl_buf_puts(&b, two);
	}
	rc = b.failed ? too_much(err) : bl_files_put(f, a, "tcb_sign_chain.pem", b.p, b.len, NULL, replace, err);
	bl_buf_fini(&b);
	return rc;
}

/* A name that is misspelt would be a list that is missing. */
static int check_members(const struct bl_json *j, struct bl_err *err)
{
	static const char *const known[] = { "pck_crl_issuer_chain", "root_ca_crl", "pck_crl", "tcb_info_issuer_chain", "tcb_info", "tcb_info_signature",
		"qe_identity_issuer_chain", "qe_identity", "qe_identity_signature", "pck_certificate_chain", NULL };
	const struct bl_json *v;
	const char *key;

	for (size_t i = 0; (key = bl_json_key(j, i, &v)); i++)
		if (!in(known, key) || (bl_json_kind(v) != BL_JSON_TEXT && bl_json_kind(v) != BL_JSON_NULL))
			return bl_err_set(err, BL_DATA, "member '%.64s' is %s", key, in(known, key) ? "not text" : "not known");
	return 0;
}

static int put_all(struct bl_evidence_files *f, struct bl_arena *a, const struct bl_json *j, bool replace, struct bl_err *err)
{
	if (bl_json_kind(j) != BL_JSON_OBJECT)
		return bl_err_set(err, BL_DATA, "not an object");
	if (check_members(j, err))
		return -1;
	if (!bl_json_get_text(j, "tcb_info") && !bl_json_get_text(j, "pck_crl") && !bl_json_get_text(j, "qe_identity"))
		return bl_err_set(err, BL_DATA, "neither a bundle nor the collateral of a quote");
	return put_signed(f, a, "tcb_info.json", j, "tcb_info", "tcbInfo", replace, err) ||
	       put_signed(f, a, "qe_identity.json", j, "qe_identity", "enclaveIdentity", replace, err) ||
	       put_chains(f, a, j, replace, err) ||
	       put_hex(f, a, "pck_crl.der", j, "pck_crl", replace, err) || put_hex(f, a, "root_ca_crl.der", j, "root_ca_crl", replace, err) ||
	       put_text(f, a, "pck_crl_issuer_chain.pem", j, "pck_crl_issuer_chain", replace, err) ||
	       put_text(f, a, "pck_chain.pem", j, "pck_certificate_chain", replace, err) ? -1 : 0;	/* of quotes that embed none */
}

int bl_files_parse(struct bl_evidence_files *f, struct bl_arena *a, const char *name, const uint8_t *p, size_t n, bool replace, struct bl_err *err)
{
	struct bl_json *j;
	int rc;

	if (bl_files_known(name))
		return bl_files_put(f, a, name, p, n, NULL, replace, err);
	if (strcmp(name, "collateral.json") && (!n || *p != '{')) {
		bl_err_set(err, BL_USAGE, "'%s' is not the name of anything that evidence has beside it, and no bundle", name);
		return bl_err_hint(err, "a certificate is vek.der, ask_ark.pem, chain.pem; the man page has all names");
	}
	if (!(j = bl_json_parse((const char *)p, n, BL_BUNDLE_DEPTH, BL_DATA, err)))
		return -1;
	rc = bl_bundle_is(j) ? bl_bundle_read(f, a, name, j, replace, err) : put_all(f, a, j, replace, err);
	bl_json_free(j);
	return rc;
}

/* --- the file system --- */

static int read_into(struct bl_evidence_files *f, struct bl_arena *a, const char *path, const char *name, bool replace, struct bl_err *err)
{
	struct bl_buf b;
	int rc;

	bl_buf_init(&b, bl_files_is_evidence(name) ? BL_EVIDENCE_MAX : BL_BUNDLE_MAX);
	rc = bl_file_read(path, &b, err);
	if (!rc)
		rc = bl_files_is_evidence(name) ? bl_files_put(f, a, name, b.p, b.len, NULL, replace, err) : bl_files_parse(f, a, name, b.p, b.len, replace, err);
	if (rc && err->code == BL_DATA)
		bl_err_where(err, "'%s'", path);
	bl_buf_fini(&b);
	return rc;
}

static int wanted(const struct dirent *d)
{
	return is_crl(d->d_name);
}

static int read_crls(struct bl_evidence_files *f, struct bl_arena *a, const char *path, struct bl_err *err)
{
	struct dirent **list = NULL;
	int n = scandir(path, &list, wanted, alphasort), rc = 0;
	char at[4096];

	if (n < 0)
		return bl_err_sys(err, BL_NOINPUT, "cannot open '%s'", path);
	for (int i = 0; i < n; i++) {
		snprintf(at, sizeof at, "%s/%s", path, list[i]->d_name);
		rc = rc ? rc : read_into(f, a, at, list[i]->d_name, false, err);
		free(list[i]);
	}
	free(list);
	return rc;
}

static int read_named(struct bl_evidence_files *f, struct bl_arena *a, const char *path, const char *const *list, struct bl_err *err)
{
	struct stat st;
	char at[4096];

	for (; *list; list++) {
		snprintf(at, sizeof at, "%s/%s", path, *list);
		if (!stat(at, &st) ? read_into(f, a, at, *list, false, err) : errno != ENOENT && bl_err_sys(err, BL_NOINPUT, "cannot open '%s'", at))
			return -1;
	}
	return 0;
}

int bl_files_directory(struct bl_evidence_files *f, struct bl_arena *a, const char *path, bool evidence, struct bl_err *err)
{
	static const char *const json[] = { "collateral.json", NULL };

	if (strlen(path) > 3800)
		return bl_err_set(err, BL_NOINPUT, "a path of more than 3800 bytes");
	return (evidence && read_named(f, a, path, evidence_names, err)) || read_named(f, a, path, names, err) || read_crls(f, a, path, err) ||
	       read_named(f, a, path, json, err) ? -1 : 0;
}

/* Takes the files of `from` into f, no second copy of the bytes; names behind `platform`/, if it is one. */
static int merge(struct bl_evidence_files *f, struct bl_arena *a, const struct bl_evidence_files *from, const char *platform, struct bl_err *err)
{
	for (size_t i = 0; i < from->n; i++) {
		const char *name = platform ? bl_arena_printf(a, "%s/%s", platform, from->v[i].name) : from->v[i].name;
		struct bl_evidence_file *at = name ? (struct bl_evidence_file *)(uintptr_t)bl_evidence_find(f, name) : NULL;
		if (!name)
			return bl_err_set(err, BL_OSERR, "out of memory");
		if (!at && f->n == BL_EVIDENCE_FILES)
			return bl_err_set(err, BL_DATA, "more than %d files of collateral", BL_EVIDENCE_FILES);
		at = at ? at : &f->v[f->n++];
		*at = from->v[i];
		at->name = name;
		at->given = true;
	}
	for (size_t i = 0; i < from->nbundle; i++) {
		if (f->nbundle == sizeof f->bundle / sizeof *f->bundle)
			return bl_err_set(err, BL_DATA, "more than %zu bundles", f->nbundle);
		f->bundle[f->nbundle++] = from->bundle[i];
	}
	return 0;
}

int bl_files_collateral(struct bl_evidence_files *f, struct bl_arena *a, const char *path, struct bl_err *err)
{
	const char *slash = strrchr(path, '/');
	struct bl_evidence_files *own;
	struct stat st;
	int rc = 0;

	if (stat(path, &st) || !S_ISDIR(st.st_mode)) {
		if (bl_files_is_evidence(slash ? slash + 1 : path))
			return bl_err_set(err, BL_USAGE, "'%s' is evidence, not collateral", path);
		return read_into(f, a, path, slash ? slash + 1 : path, true, err);
	}
	if (!(own = calloc(1, sizeof *own)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	rc = bl_files_directory(own, a, path, false, err);
	rc = rc ? rc : merge(f, a, own, NULL, err);
	free(own);
	return rc;
}

static int is_subdirectory(const struct dirent *d)
{
	return is_platform(d->d_name, strlen(d->d_name));
}

static int gather_platforms(struct bl_evidence_files *f, struct bl_evidence_files *own, struct bl_arena *a, const char *path, struct bl_err *err)
{
	struct dirent **list = NULL;
	int n = scandir(path, &list, is_subdirectory, alphasort), rc = 0;
	struct stat st;
	char at[4096];

	for (int i = 0; i < n; i++) {
		snprintf(at, sizeof at, "%s/%s", path, list[i]->d_name);
		if (!rc && !stat(at, &st) && S_ISDIR(st.st_mode)) {
			memset(own, 0, sizeof *own);
			rc = bl_files_directory(own, a, at, false, err) || merge(f, a, own, list[i]->d_name, err) ? -1 : 0;
		}
		free(list[i]);
	}
	free(list);
	return rc;
}

int bl_files_gather(struct bl_evidence_files *f, struct bl_arena *a, char *const *path, size_t n, struct bl_err *err)
{
	struct bl_evidence_files *own = malloc(sizeof *own);
	struct stat st;
	int rc = own ? 0 : bl_err_set(err, BL_OSERR, "out of memory");

	for (size_t i = 0; !rc && i < n; i++) {
		rc = bl_files_collateral(f, a, path[i], err);
		if (!rc && !stat(path[i], &st) && S_ISDIR(st.st_mode))
			rc = gather_platforms(f, own, a, path[i], err);
	}
	free(own);
	if (!rc && !f->n)
		rc = bl_err_set(err, BL_USAGE, "there is no collateral: nothing here has a name that evidence has beside it");
	return rc;
}
