/* SPDX-License-Identifier: Apache-2.0 */
/* PEM of keys: what is read prints back to the very text, but for its last newline; an encrypted key never hangs. */
#include <stdlib.h>
#include <string.h>

#include "crypt/ident.h"
#include "crypt/mem.h"

static void need(bool good)
{
	if (!good)
		abort();
}

static int ask(void *arg, const char *name, char *out, size_t n, struct bl_err *err)
{
	(void)arg;
	(void)name;
	(void)n;
	(void)err;
	memcpy(out, "x", 2);
	return 0;
}

static void need_same(const struct bl_buf *b, const uint8_t *p, size_t n)
{
	need(!b->failed && (n == b->len || n + 1 == b->len) && !memcmp(b->p, p, n));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct bl_ident_ask asking = { ask, NULL };
	static const char encrypted[] = "-----BEGIN ENCRYPTED";
	static bool ready;
	struct bl_err err = { 0 };
	struct bl_ident id;
	struct bl_buf b;
	uint8_t pk[BL_IDENT_PK], twin[32];
	char fpr[BL_IDENT_FPR];

	if (!ready)
		ready = !bl_mem_init(true, &err);
	bl_buf_init(&b, 1 << 14);
	if (!bl_ident_parse(&id, (const char *)p, n, "k", &asking, &err)) {
		need(!bl_ident_print(&id, NULL, &b, &err));
		if (n < sizeof encrypted || memcmp(p, encrypted, sizeof encrypted - 1))
			need_same(&b, p, n);
		need(!bl_ident_kem_pk(id.pk, twin));
		bl_ident_fini(&id);
	} else {
		need(!id.sk && (err.code == BL_DATA || err.code == BL_REFUSED));
	}
	bl_buf_clear(&b);
	if (!bl_ident_parse_pub(pk, (const char *)p, n, "k", &err)) {
		bl_ident_print_pub(pk, &b);
		need_same(&b, p, n);
		need(!bl_ident_kem_pk(pk, twin));
		bl_ident_fpr(pk, fpr);
		need(bl_ident_is_fpr(fpr));
	} else {
		need(err.code == BL_DATA);
	}
	bl_buf_wipe(&b);
	return 0;
}
