/* SPDX-License-Identifier: Apache-2.0 */
/* claims: see claims.h. Claims are printed only of a receipt that verified: the caller looks at `good`. */
#include <string.h>
#include <unistd.h>

#include "attest/claims.h"
#include "base/file.h"
#include "base/mask.h"
#include "base/text.h"
#include "crypt/hash.h"

/* *first: how it begins, or NUL. */
static int hash_file(const char *path, uint8_t out[BL_HASH_LEN], uint8_t *first, struct bl_err *err)
{
	uint8_t p[65536];
	struct bl_hash *h = NULL;
	ssize_t n = -1;
	int fd = bl_file_open(path, err);

	if (fd < 0)
		return -1;
	if (!(h = bl_hash_new()))
		bl_err_set(err, BL_OSERR, "out of memory");
	*first = 0;
	while (h && (n = bl_file_readn(fd, p, sizeof p, err)) > 0) {
		*first = *first ? *first : p[0];
		bl_hash_add(h, p, (size_t)n);
	}
	if (!n)
		bl_hash_end(h, out);
	bl_hash_free(h);
	close(fd);
	return n ? bl_err_where(err, "%s", path) : 0;
}

/* The published answer against the receipt's claim. */
static int check_output(struct bl_claims *r, const char *answer, struct bl_err *err)
{
	struct bl_receipt_check *c = &r->check[r->n++];
	uint8_t hash[BL_HASH_LEN], first;

	if (hash_file(answer, hash, &first, err))
		return -1;
	c->name = "output";
	c->result = memcmp(hash, r->claims.output, sizeof hash) ? BL_CHECK_FAIL : BL_CHECK_PASS;
	snprintf(c->why, sizeof c->why, c->result == BL_CHECK_PASS ? "the published answer is the one that was released" :
		 first == '{' || !first ? "the published answer is not the one that was released" :
		 "this is not the answer in format jsonl, the only one that can be compared");
	r->good = r->good && c->result == BL_CHECK_PASS;
	return 0;
}

int bl_claims_examine(struct bl_claims *r, const void *p, size_t n, const uint8_t *vault_pk, const char *answer, struct bl_err *err)
{
	if (bl_receipt_verify(p, n, vault_pk, &r->claims, r->check, &r->n, &r->good, err))
		return -1;
	return answer ? check_output(r, answer, err) : 0;
}

void bl_claims_fini(struct bl_claims *r)
{
	bl_receipt_fini(&r->claims);
}

/* Text of others on a terminal: control bytes as '?'. */
static void print_text(FILE *to, const char *label, const char *s)
{
	if (!s)
		return;
	fprintf(to, "%-11s ", label);
	bl_text_puts(s, to);
	putc('\n', to);
}

void bl_claims_print(const struct bl_claims *r, FILE *to)
{
	const struct bl_json *c = r->claims.receipt, *list = bl_json_get(c, "files");
	static const uint8_t unmeasured[BL_HASH_LEN];
	char mask[256], text[512], hex[2 * BL_HASH_LEN + 1];

	print_text(to, "output", bl_json_get_text(c, "output"));
	print_text(to, "request", bl_json_get_text(c, "request"));
	snprintf(text, sizeof text, "%s, %s", bl_json_get_text(c, "principal"), bl_json_get_text(c, "role"));
	print_text(to, "principal", text);
	print_text(to, "purpose", bl_json_get_text(c, "purpose"));
	print_text(to, "time", bl_json_get_text(c, "time"));
	for (size_t i = 0; i < bl_json_count(list); i++) {
		const struct bl_json *f = bl_json_item(list, i);
		const char *name = bl_json_get_text(f, "name"), *owner = bl_json_get_text(f, "owner"), *id = bl_json_get_text(f, "id");
		snprintf(text, sizeof text, "%s of %s, policy version %lld, file %s", name ? name : "?", owner ? owner : "?",
			 (long long)bl_json_get_int(f, "version", -1), id ? id : "?");
		print_text(to, "data", text);
	}
	list = bl_json_get(c, "rules");
	for (size_t i = 0; i < bl_json_count(list); i++) {
		const struct bl_json *f = bl_json_item(list, i);
		const char *rule = bl_json_get_text(f, "rule"), *path = bl_json_get_text(f, "path"), *param = bl_json_get_text(f, "param");
		snprintf(text, sizeof text, "%s%s%s (%s)", rule ? rule : "?", param && *param ? " " : "", param ? param : "", path ? path : "?");
		print_text(to, "rule", text);
	}
	print_text(to, "withheld", bl_json_get_text(c, "withheld"));
	list = bl_json_get(c, "journal");
	snprintf(text, sizeof text, "entry %lld of %lld, root %s, rollback: %s", (long long)bl_json_get_int(list, "index", -1),
		 (long long)bl_json_get_int(list, "size", -1), bl_json_get_text(list, "root"), bl_json_get_text(c, "rollback"));
	print_text(to, "journal", text);
	print_text(to, "vault", r->claims.vault);
	snprintf(text, sizeof text, "%s: %s", bl_statement_class_name(r->claims.statement.class), r->claims.statement.class == BL_STATEMENT_SOFTWARE ?
		 "proves who holds the vault's key, nothing about the machine" : "what it says of the machine was not judged here: 'bl-attest verify' does");
	print_text(to, "evidence", text);
	bl_mask_print(r->claims.statement.mask, mask);
	print_text(to, "lockdown", mask);
	if (memcmp(r->claims.statement.about.build, unmeasured, BL_HASH_LEN)) {
		bl_text_hex(r->claims.statement.about.build, BL_HASH_LEN, hex);
		print_text(to, "build", hex);
	}
}

struct bl_json *bl_claims_json(const struct bl_claims *r, bool pinned)
{
	struct bl_json *j = bl_json_new_object(), *layers = bl_json_new_array();

	for (unsigned i = 0; i < BL_MASK_COUNT; i++)
		if (r->claims.statement.mask >> i & 1)
			bl_json_add(layers, bl_json_new_text(bl_mask_name(i)));
	bl_json_put_text(j, "class", bl_statement_class_name(r->claims.statement.class));
	bl_json_put(j, "lockdown", layers);
	bl_json_put(j, "pinned", bl_json_new_bool(pinned));
	bl_json_put(j, "receipt", bl_json_copy(r->claims.receipt));
	bl_json_put_text(j, "vault", r->claims.vault);
	bl_json_put_text(j, "schema", "bl-attest/1");
	return j;
}
