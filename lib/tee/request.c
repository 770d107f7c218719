/* SPDX-License-Identifier: Apache-2.0 */
/* request: see request.h. */
#include "tee/request.h"

#include <string.h>

#include "base/text.h"
#include "base/time.h"
#include "crypt/hash.h"
#include "crypt/mem.h"
#include "tee/wire.h"

static const char domain[] = "bl-tee request sig v1", schema[] = "bl-request/1";
static const char *const kinds[] = { "query", "explain", "schema" };
enum { DEPTH = 4, MEMBERS = 8 };

static void put_text_or_null(struct bl_json *j, const char *key, const char *s, size_t n)
{
	bl_json_put(j, key, s ? bl_json_new_textn(s, n) : bl_json_new_null());
}

/* What is signed: session and request. */
static void bind(const uint8_t session[64], const uint8_t hash[32], uint8_t out[96])
{
	memcpy(out, session, 64);
	memcpy(out + 64, hash, 32);
}

int bl_request_print(struct bl_request *q, const struct bl_ident *asker, const uint8_t session[64], struct bl_buf *b, struct bl_err *err)
{
	struct bl_json *j = bl_json_new_object();
	uint8_t sig[BL_IDENT_SIG], bound[96];
	struct bl_buf text;
	int rc = -1;

	bl_mem_random(q->id, sizeof q->id);
	q->time = bl_time_now();
	memcpy(q->principal, asker->pk, sizeof q->principal);
	bl_json_put_hex(j, "id", q->id, sizeof q->id);
	bl_json_put_text(j, "kind", kinds[q->kind]);
	bl_json_put_hex(j, "principal", q->principal, sizeof q->principal);
	put_text_or_null(j, "purpose", q->purpose, q->purpose ? strlen(q->purpose) : 0);
	bl_json_put_text(j, "schema", schema);
	put_text_or_null(j, "sql", q->sql, q->sql_len);
	put_text_or_null(j, "table", q->table, q->table ? strlen(q->table) : 0);
	bl_json_put_int(j, "time", q->time);
	bl_buf_init(&text, BL_WIRE_REQUEST_MAX - BL_IDENT_SIG);
	bl_json_print(j, &text);
	if (text.failed) {
		bl_err_set(err, BL_USAGE, "the request is not valid UTF-8, or longer than %d KiB", BL_WIRE_REQUEST_MAX >> 10);
		goto out;
	}
	bl_hash_sha256(text.p, text.len, q->hash);
	bind(session, q->hash, bound);
	if (bl_ident_sign(asker, domain, bound, sizeof bound, sig)) {
		bl_err_set(err, BL_BUG, "cannot sign the request");
		goto out;
	}
	bl_buf_put(b, sig, sizeof sig);
	bl_buf_put(b, text.p, text.len);
	rc = b->failed ? bl_err_set(err, BL_OSERR, "out of memory") : 0;
out:
	bl_buf_fini(&text);
	bl_json_free(j);
	return rc;
}

/* A text without NUL in it, or null. */
static bool get_text(const struct bl_json *j, const char *key, const char **s, size_t *n)
{
	const struct bl_json *v = bl_json_get(j, key);
	size_t len;

	*s = NULL;
	if (!v)
		return false;
	if (bl_json_kind(v) == BL_JSON_NULL)
		return true;
	if (bl_json_kind(v) != BL_JSON_TEXT)
		return false;
	*s = bl_json_text(v, &len);
	if (n)
		*n = len;
	return strlen(*s) == len;
}

static bool parse(struct bl_request *q)
{
	const char *kind = bl_json_get_text(q->root, "kind"), *s = bl_json_get_text(q->root, "schema");
	const struct bl_json *time = bl_json_get(q->root, "time");
	int k = 0;

	while (kind && k < 3 && strcmp(kinds[k], kind))
		k++;
	if (!kind || k == 3 || !s || strcmp(s, schema) || bl_json_count(q->root) != MEMBERS || !time || bl_json_kind(time) != BL_JSON_INT)
		return false;
	q->kind = (enum bl_request_kind)k;
	q->time = bl_json_int(time);
	return bl_json_get_hex(q->root, "id", q->id, sizeof q->id) && bl_json_get_hex(q->root, "principal", q->principal, sizeof q->principal) &&
	       get_text(q->root, "sql", &q->sql, &q->sql_len) && get_text(q->root, "purpose", &q->purpose, NULL) &&
	       get_text(q->root, "table", &q->table, NULL) && (q->sql || q->kind == BL_REQUEST_SCHEMA);
}

int bl_request_parse(struct bl_request *q, const uint8_t *p, size_t n, const uint8_t session[64], struct bl_err *err)
{
	const char *text = (const char *)p + BL_IDENT_SIG;
	uint8_t bound[96];

	memset(q, 0, sizeof *q);
	if (n <= BL_IDENT_SIG || !bl_json_canonical(text, n - BL_IDENT_SIG, DEPTH) ||
	    !(q->root = bl_json_parse(text, n - BL_IDENT_SIG, DEPTH, BL_PROTOCOL, err)) || !parse(q)) {
		bl_request_fini(q);
		return bl_err_set(err, BL_PROTOCOL, "the other side sent a malformed request");
	}
	bl_hash_sha256(text, n - BL_IDENT_SIG, q->hash);
	bind(session, q->hash, bound);
	if (!bl_ident_check(q->principal, domain, bound, sizeof bound, p)) {
		bl_request_fini(q);
		return bl_err_set(err, BL_REFUSED, "the request is not signed by the key that it names");
	}
	return 0;
}

void bl_request_fini(struct bl_request *q)
{
	bl_json_free(q->root);
	memset(q, 0, sizeof *q);
}
