/* SPDX-License-Identifier: Apache-2.0 */
/* bundle: see bundle.h. */
#include <stdlib.h>
#include <string.h>

#include "attest/bundle.h"
#include "attest/files.h"
#include "base/text.h"
#include "base/time.h"
#include "crypt/hash.h"

static const char domain[] = "bl collateral v1";

bool bl_bundle_is(const struct bl_json *j)
{
	return bl_json_get(j, "bl_collateral");
}

static int bad(struct bl_err *err, const char *what)
{
	return bl_err_set(err, BL_DATA, "not a collateral bundle: %s", what);
}

/* One file: its bytes must have the hash that stands beside them. */
static int read_file(struct bl_evidence_files *f, struct bl_arena *a, const struct bl_json *j, const char *signer, bool replace, struct bl_err *err)
{
	const char *name = bl_json_get_text(j, "name"), *hex = bl_json_get_text(j, "sha256");
	uint8_t want[BL_HASH_LEN], got[BL_HASH_LEN], *p;
	size_t len;
	const char *data = bl_json_text(bl_json_get(j, "data"), &len);
	long n;
	int rc;

	if (!name || !hex || !data || bl_json_count(j) != 3 || !bl_text_unhex(hex, strlen(hex), want, sizeof want))
		return bad(err, "a file is an object of name, sha256 and data");
	if (!bl_files_known(name))
		return bad(err, "a file has a name that no evidence has beside it");
	if (!(p = malloc(len + 1)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	n = bl_text_unb64(data, len, p, len + 1);
	if (n >= 0)
		bl_hash_sha256(p, (size_t)n, got);
	if (n < 0 || memcmp(got, want, sizeof got))
		rc = bl_err_set(err, BL_DATA, "file '%s' of the bundle does not have the hash that stands beside it", name);
	else
		rc = bl_files_put(f, a, name, p, (size_t)n, signer, replace, err);
	free(p);
	return rc;
}

/* Who signed it, if the document says so, and whether they did. */
static int read_signer(struct bl_evidence_bundle *b, struct bl_arena *a, const struct bl_json *j, struct bl_err *err)
{
	const char *hex = bl_json_get_text(j, "signer"), *b64 = bl_json_get_text(j, "signature"), *key;
	uint8_t pk[BL_IDENT_PK], sig[BL_IDENT_SIG];
	struct bl_json *bare = bl_json_new_object();
	char fpr[BL_IDENT_FPR];
	const struct bl_json *v;
	struct bl_buf text;

	for (size_t i = 0; (key = bl_json_key(j, i, &v)); i++)
		if (strcmp(key, "signature"))
			bl_json_put(bare, key, bl_json_copy(v));
	bl_buf_init(&text, BL_BUNDLE_MAX);
	bl_json_print(bare, &text);
	bl_json_free(bare);
	if (text.failed || !hex || !b64 || !bl_text_unhex(hex, strlen(hex), pk, sizeof pk) || bl_text_unb64(b64, strlen(b64), sig, sizeof sig) != sizeof sig) {
		bl_buf_fini(&text);
		return bad(err, "signer is a public key in hex, signature base64");
	}
	b->good = bl_ident_check(pk, domain, text.p, text.len, sig);
	bl_buf_fini(&text);
	bl_ident_fpr(pk, fpr);
	b->signer = bl_arena_strndup(a, fpr, strlen(fpr));
	return b->signer ? 0 : bl_err_set(err, BL_OSERR, "out of memory");
}

int bl_bundle_read(struct bl_evidence_files *f, struct bl_arena *a, const char *name, const struct bl_json *j, bool replace, struct bl_err *err)
{
	const struct bl_json *files = bl_json_get(j, "files");
	const char *created = bl_json_get_text(j, "created");
	bool sealed = bl_json_get(j, "signer") || bl_json_get(j, "signature");
	struct bl_evidence_bundle b = { .good = true };
	int64_t us;

	if (bl_json_get_int(j, "bl_collateral", 0) != 1)
		return bad(err, "of another version");
	if (bl_json_count(j) != (sealed ? 5 : 3) || bl_json_kind(files) != BL_JSON_ARRAY || !created || !bl_time_parse_stamp(created, strlen(created), &us))
		return bad(err, "it is bl_collateral, created, files, and signer with signature");
	if (f->nbundle == sizeof f->bundle / sizeof *f->bundle)
		return bl_err_set(err, BL_DATA, "more than %zu bundles", f->nbundle);
	b.created = us / 1000000;
	b.name = bl_arena_strndup(a, name, strlen(name));
	if (!b.name)
		return bl_err_set(err, BL_OSERR, "out of memory");
	if (sealed && read_signer(&b, a, j, err))
		return -1;
	for (size_t i = 0; i < bl_json_count(files); i++)
		if (read_file(f, a, bl_json_item(files, i), b.signer, replace, err))
			return -1;
	f->bundle[f->nbundle++] = b;
	return 0;
}

static struct bl_json *file_json(const struct bl_evidence_file *f)
{
	struct bl_json *j = bl_json_new_object();
	char *b64 = malloc(BL_TEXT_B64(f->n));

	if (b64)
		bl_text_b64(f->p, f->n, b64);
	bl_json_put(j, "data", b64 ? bl_json_new_text(b64) : NULL);
	bl_json_put_text(j, "name", f->name);
	bl_json_put_hex(j, "sha256", f->sha256, sizeof f->sha256);
	free(b64);
	return j;
}

int bl_bundle_print(const struct bl_evidence_files *f, int64_t created, const struct bl_ident *id, struct bl_buf *out, struct bl_err *err)
{
	struct bl_json *j = bl_json_new_object(), *files = bl_json_new_array();
	char stamp[BL_TIME_TEXT], b64[BL_TEXT_B64(BL_IDENT_SIG)];
	uint8_t sig[BL_IDENT_SIG];
	struct bl_buf text;
	int rc = -1;

	bl_time_print_stamp(created * 1000000, stamp);
	for (size_t i = 0; i < f->n; i++)
		bl_json_add(files, file_json(&f->v[i]));
	bl_json_put_int(j, "bl_collateral", 1);
	bl_json_put_text(j, "created", stamp);
	bl_json_put(j, "files", files);
	bl_buf_init(&text, BL_BUNDLE_MAX);
	if (id) {
		bl_json_put_hex(j, "signer", id->pk, sizeof id->pk);
		bl_json_print(j, &text);
		if (text.failed || bl_ident_sign(id, domain, text.p, text.len, sig))
			goto out;
		bl_text_b64(sig, sizeof sig, b64);
		bl_json_put_text(j, "signature", b64);
	}
	bl_json_print(j, out);
	bl_buf_put8(out, '\n');
	rc = out->failed ? -1 : 0;
out:
	bl_buf_fini(&text);
	bl_json_free(j);
	return rc ? bl_err_set(err, BL_DATA, "the bundle would be longer than %d bytes", BL_BUNDLE_MAX) : 0;
}
