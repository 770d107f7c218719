/* SPDX-License-Identifier: Apache-2.0 */
/* signed: see signed.h. */
#include "attest/signed.h"

#include <string.h>

#include "base/text.h"

static bool print_unsigned(const struct bl_json *j, struct bl_buf *b)
{
	struct bl_json *o = bl_json_new_object();

	for (size_t i = 0; i < bl_json_count(j); i++) {
		const struct bl_json *v;
		const char *key = bl_json_key(j, i, &v);
		if (strcmp(key, "sig"))
			bl_json_put(o, key, bl_json_copy(v));
	}
	bl_json_print(o, b);
	bl_json_free(o);
	return !b->failed;
}

bool bl_signed_add(struct bl_json *j, const char *domain, const struct bl_ident *id)
{
	uint8_t sig[BL_IDENT_SIG];
	char b64[BL_TEXT_B64(BL_IDENT_SIG)];
	struct bl_buf b;
	bool good;

	bl_buf_init(&b, BL_SIGNED_MAX);
	good = print_unsigned(j, &b) && !bl_ident_sign(id, domain, b.p, b.len, sig);
	bl_buf_fini(&b);
	if (!good)
		return false;
	bl_text_b64(sig, sizeof sig, b64);
	bl_json_put_text(j, "sig", b64);
	return true;
}

bool bl_signed_get(const struct bl_json *j, uint8_t sig[BL_IDENT_SIG])
{
	const char *s = bl_json_get_text(j, "sig");

	return s && bl_text_unb64(s, strlen(s), sig, BL_IDENT_SIG) == BL_IDENT_SIG;
}

bool bl_signed_check(const struct bl_json *j, const char *domain, const uint8_t pk[BL_IDENT_PK])
{
	uint8_t sig[BL_IDENT_SIG];
	struct bl_buf b;
	bool good;

	bl_buf_init(&b, BL_SIGNED_MAX);
	good = bl_signed_get(j, sig) && print_unsigned(j, &b) && bl_ident_check(pk, domain, b.p, b.len, sig);
	bl_buf_fini(&b);
	return good;
}

bool bl_signed_hex(const struct bl_json *j, const char *key, uint8_t *out, size_t n)
{
	const char *s = bl_json_get_text(j, key);

	return s && strspn(s, "0123456789abcdef") == 2 * n && bl_text_unhex(s, strlen(s), out, n);
}
