/* SPDX-License-Identifier: Apache-2.0 */
/* bl-attest: shows and verifies receipts. Needs no vault and no secret; claims of a receipt are printed only after it verified. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attest/receipt.h"
#include "base/file.h"
#include "base/mask.h"
#include "base/opt.h"
#include "base/text.h"
#include "crypt/hash.h"
#include "crypt/mem.h"

static const char *key, *output;
static bool json;

static const struct bl_opt verify_opts[] = {
	{ BL_OPT_TEXT, 0, "key", "PUB", "the vault's public key (its helper.pub), which the receipt must be from", &key, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 0, "output", "FILE", "the published answer (jsonl), which the receipt must be about", &output, NULL, 0, 0, false },
	{ BL_OPT_FLAG, 0, "json", NULL, "JSON instead of lines", &json, NULL, 0, 0, false },
	{ BL_OPT_END, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, false },
};
static const struct bl_opt show_opts[] = {
	{ BL_OPT_TEXT, 0, "key", "PUB", "the vault's public key (its helper.pub), which the receipt must be from", &key, NULL, 0, 0, false },
	{ BL_OPT_FLAG, 0, "json", NULL, "JSON instead of lines", &json, NULL, 0, 0, false },
	{ BL_OPT_END, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, false },
};

struct report {
	struct bl_receipt_claims claims;
	struct bl_receipt_check check[BL_RECEIPT_CHECKS + 1];
	size_t n;
	bool good;
};

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
static int check_output(struct report *r, struct bl_err *err)
{
	struct bl_receipt_check *c = &r->check[r->n++];
	uint8_t hash[BL_HASH_LEN], first;

	if (hash_file(output, hash, &first, err))
		return -1;
	c->name = "output";
	c->result = memcmp(hash, r->claims.output, sizeof hash) ? BL_CHECK_FAIL : BL_CHECK_PASS;
	snprintf(c->why, sizeof c->why, c->result == BL_CHECK_PASS ? "the published answer is the one that was released" :
		 first == '{' || !first ? "the published answer is not the one that was released" :
		 "this is not the answer in format jsonl, the only one that can be compared");
	r->good = r->good && c->result == BL_CHECK_PASS;
	return 0;
}

static int examine(const char *path, struct report *r, struct bl_err *err)
{
	struct bl_buf b;
	uint8_t pk[BL_IDENT_PK];
	int rc = -1;

	bl_buf_init(&b, BL_RECEIPT_MAX);
	if (bl_mem_init(true, err))
		return -1;
	bl_json_init();
	if ((key && bl_ident_read_pub(pk, key, err)) || bl_file_read(path, &b, err))
		goto out;
	if (bl_receipt_verify((const char *)b.p, b.len, key ? pk : NULL, &r->claims, r->check, &r->n, &r->good, err)) {
		bl_err_where(err, "'%s'", path);
		goto out;
	}
	rc = output ? check_output(r, err) : 0;
out:
	bl_buf_fini(&b);
	return rc;
}

static const char *const results[] = { [BL_CHECK_PASS] = "pass", [BL_CHECK_FAIL] = "fail", [BL_CHECK_SKIP] = "skip" };

/* Text of others on a terminal: control bytes as '?'. */
static void print_text(const char *label, const char *s)
{
	if (!s)
		return;
	printf("%-11s ", label);
	bl_text_puts(s, stdout);
	putchar('\n');
}

static int print_json(struct bl_json *j, struct bl_err *err)
{
	struct bl_buf b;
	int rc;

	bl_buf_init(&b, 4 * BL_RECEIPT_MAX);
	bl_json_put_text(j, "schema", "bl-attest/1");
	bl_json_print_pretty(j, &b);
	bl_buf_put8(&b, '\n');
	rc = b.failed ? bl_err_set(err, BL_OSERR, "out of memory") : 0;
	if (!rc)
		fwrite(b.p, 1, b.len, stdout);
	bl_buf_fini(&b);
	bl_json_free(j);
	return rc;
}

static struct bl_json *checks_json(const struct report *r)
{
	struct bl_json *a = bl_json_new_array();

	for (size_t i = 0; i < r->n; i++) {
		struct bl_json *c = bl_json_new_object();
		bl_json_put_text(c, "name", r->check[i].name);
		bl_json_put_text(c, "result", results[r->check[i].result]);
		bl_json_put_text(c, "why", r->check[i].why);
		bl_json_add(a, c);
	}
	return a;
}

static int one_operand(int argc, struct bl_err *err)
{
	return argc == 1 ? 0 : bl_err_set(err, BL_USAGE, argc ? "one receipt at a time" : "a receipt is missing");
}

static int refuse(const char *path, struct bl_err *err)
{
	return bl_err_set(err, BL_NO, "'%s' does not verify", path);
}

static int verify(int argc, char **argv, struct bl_err *err)
{
	struct report r = { .n = 0 };
	int rc = -1;

	if (one_operand(argc, err))
		return -1;
	if (output && !strcmp(output, "-") && !strcmp(argv[0], "-"))
		return bl_err_set(err, BL_USAGE, "only one of the receipt and the answer can be read from stdin");
	if (examine(argv[0], &r, err))
		goto out;
	if (json) {
		struct bl_json *j = bl_json_new_object();
		bl_json_put_text(j, "class", r.claims.klass);
		bl_json_put_text(j, "vault", r.claims.vault);
		bl_json_put(j, "pinned", bl_json_new_bool(key));
		bl_json_put(j, "verified", bl_json_new_bool(r.good));
		bl_json_put(j, "checks", checks_json(&r));
		if (print_json(j, err))
			goto out;
	} else if (!bl_opt_quiet) {
		for (size_t i = 0; i < r.n; i++)
			printf("%s  %-10s  %s\n", results[r.check[i].result], r.check[i].name, r.check[i].why);
	}
	rc = r.good ? BL_OK : refuse(argv[0], err);
out:
	bl_receipt_fini(&r.claims);
	return rc;
}

static void print_claims(const struct report *r)
{
	const struct bl_json *c = r->claims.receipt, *list = bl_json_get(c, "files");
	static const uint8_t unmeasured[BL_HASH_LEN];
	char mask[256], text[512], hex[2 * BL_HASH_LEN + 1];

	print_text("output", bl_json_get_text(c, "output"));
	print_text("request", bl_json_get_text(c, "request"));
	snprintf(text, sizeof text, "%s, %s", bl_json_get_text(c, "principal"), bl_json_get_text(c, "role"));
	print_text("principal", text);
	print_text("purpose", bl_json_get_text(c, "purpose"));
	print_text("time", bl_json_get_text(c, "time"));
	for (size_t i = 0; i < bl_json_count(list); i++) {
		const struct bl_json *f = bl_json_item(list, i);
		const char *name = bl_json_get_text(f, "name"), *owner = bl_json_get_text(f, "owner"), *id = bl_json_get_text(f, "id");
		snprintf(text, sizeof text, "%s of %s, policy version %lld, file %s", name ? name : "?", owner ? owner : "?",
			 (long long)bl_json_get_int(f, "version", -1), id ? id : "?");
		print_text("data", text);
	}
	list = bl_json_get(c, "rules");
	for (size_t i = 0; i < bl_json_count(list); i++) {
		const struct bl_json *f = bl_json_item(list, i);
		const char *rule = bl_json_get_text(f, "rule"), *path = bl_json_get_text(f, "path"), *param = bl_json_get_text(f, "param");
		snprintf(text, sizeof text, "%s%s%s (%s)", rule ? rule : "?", param && *param ? " " : "", param ? param : "", path ? path : "?");
		print_text("rule", text);
	}
	print_text("withheld", bl_json_get_text(c, "withheld"));
	list = bl_json_get(c, "journal");
	snprintf(text, sizeof text, "entry %lld of %lld, root %s, rollback: %s", (long long)bl_json_get_int(list, "index", -1),
		 (long long)bl_json_get_int(list, "size", -1), bl_json_get_text(list, "root"), bl_json_get_text(c, "rollback"));
	print_text("journal", text);
	print_text("vault", r->claims.vault);
	snprintf(text, sizeof text, "%s: proves who holds the vault's key, nothing about the machine", r->claims.klass);
	print_text("evidence", text);
	bl_mask_print(r->claims.mask, mask);
	print_text("lockdown", mask);
	if (memcmp(r->claims.build, unmeasured, BL_HASH_LEN)) {
		bl_text_hex(r->claims.build, BL_HASH_LEN, hex);
		print_text("build", hex);
	}
}

static int show(int argc, char **argv, struct bl_err *err)
{
	struct report r = { .n = 0 };
	int rc = -1;

	if (one_operand(argc, err) || examine(argv[0], &r, err))
		goto out;
	if (!r.good) {
		refuse(argv[0], err);
		bl_err_hint(err, "'bl-attest verify' tells which check fails");
		goto out;
	}
	rc = 0;
	if (json) {
		struct bl_json *j = bl_json_new_object(), *layers = bl_json_new_array();
		for (unsigned i = 0; i < BL_MASK_COUNT; i++)
			if (r.claims.mask >> i & 1)
				bl_json_add(layers, bl_json_new_text(bl_mask_name(i)));
		bl_json_put_text(j, "class", r.claims.klass);
		bl_json_put(j, "lockdown", layers);
		bl_json_put(j, "pinned", bl_json_new_bool(key));
		bl_json_put(j, "receipt", bl_json_copy(r.claims.receipt));
		bl_json_put_text(j, "vault", r.claims.vault);
		rc = print_json(j, err);
	} else {
		print_claims(&r);
	}
	if (!rc && !key)
		bl_opt_note("vault key not pinned: compare it with its owner's, or give --key");
out:
	bl_receipt_fini(&r.claims);
	return rc;
}

static const struct bl_opt_verb verbs[] = {
	{ "verify", "RECEIPT", "check a receipt, and with --output the number that was published", verify_opts, verify,
	  "bl-attest verify --key vault/helper.pub --output mean.jsonl mean.receipt" },
	{ "show", "RECEIPT", "what a receipt says, once it verified", show_opts, show, "bl-attest show mean.receipt" },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};

int main(int argc, char **argv)
{
	static const struct bl_opt_prog prog = {
		.name = "bl-attest", .summary = "Shows and verifies receipts of released answers.", .verbs = verbs,
		.example = "bl-attest verify mean.receipt",
	};
	return bl_opt_main(&prog, argc, argv);
}
