/* SPDX-License-Identifier: Apache-2.0 */
/* ear: see ear.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/ear.h"
#include "base/text.h"

/* Base64url without padding (RFC 7515, 2). */
static void put_b64url(struct bl_buf *out, const void *p, size_t n)
{
	char *s = malloc(BL_TEXT_B64(n));
	size_t len;

	if (!s) {
		out->failed = true;
		return;
	}
	len = bl_text_b64(p, n, s);
	while (len && s[len - 1] == '=')
		len--;
	for (size_t i = 0; i < len; i++)
		bl_buf_put8(out, (uint8_t)(s[i] == '+' ? '-' : s[i] == '/' ? '_' : s[i]));
	free(s);
}

static bool is(const struct bl_evidence_check *c, const char *name)
{
	return !strcmp(c->name, name);
}

/* Which part of the vector a failed appraisal check speaks of. */
enum part { HARDWARE, CONFIGURATION, EXECUTABLES };
static enum part part_of(const struct bl_evidence_check *c)
{
	if (is(c, "measurement") || is(c, "registers") || is(c, "signer"))
		return EXECUTABLES;
	if (!strncmp(c->name, "tcb-", 4) || is(c, "collateral") || is(c, "provisional") || is(c, "advisories") || is(c, "firmware"))
		return HARDWARE;
	return CONFIGURATION;
}

static void vector(const struct bl_verify_run *r, int v[4])
{
	const struct bl_evidence *e = &r->e;
	bool genuine = !r->code && bl_evidence_authentic(e) == 1, failed[3] = { false, false, false }, appraised = false;

	for (size_t i = 0; i < e->ncheck; i++) {
		const struct bl_evidence_check *c = &e->check[i];
		if (c->result == BL_EVIDENCE_FAIL && c->layer == BL_EVIDENCE_APPRAISAL)
			failed[part_of(c)] = true;
		if (c->result == BL_EVIDENCE_PASS && (is(c, "measurement") || is(c, "registers")))
			appraised = true;
	}
	v[0] = genuine ? 2 : 97;
	v[1] = !genuine ? 97 : failed[HARDWARE] ? 96 : e->nadvisory ? 32 : 2;
	v[2] = !genuine ? 0 : failed[CONFIGURATION] ? 96 : e->has_debug && e->debug ? 32 : 2;
	v[3] = !genuine ? 0 : failed[EXECUTABLES] ? 33 : appraised ? 3 : 0;
}

static const char *tier(const int v[4])
{
	int worst = 0;

	for (int i = 0; i < 4; i++)
		worst = v[i] > worst ? v[i] : worst;
	return worst >= 96 ? "contraindicated" : worst >= 32 ? "warning" : worst >= 2 ? "affirming" : "none";
}

static struct bl_json *submodule(const struct bl_verify_run *r, const char *policy_id, struct bl_buf *room)
{
	struct bl_json *j = bl_json_new_object(), *t = bl_json_new_object();
	int v[4];

	vector(r, v);
	bl_json_put_int(t, "instance-identity", v[0]);
	bl_json_put_int(t, "hardware", v[1]);
	bl_json_put_int(t, "configuration", v[2]);
	bl_json_put_int(t, "executables", v[3]);
	bl_json_put_text(j, "ear.status", tier(v));
	bl_json_put(j, "ear.trustworthiness-vector", t);
	bl_json_put_text(j, "ear.appraisal-policy-id", policy_id);
	put_b64url(room, r->sha256, sizeof r->sha256);
	bl_json_put(j, "ear.raw-evidence", bl_json_new_textn((const char *)room->p, room->len));
	return j;
}

int bl_ear_print(const struct bl_verify_run *r, const char *policy_id, const struct bl_ident *id, int64_t now, struct bl_buf *out, struct bl_err *err)
{
	static const char header[] = "{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}";
	struct bl_json *j = bl_json_new_object(), *who = bl_json_new_object(), *mods = bl_json_new_object();
	uint8_t sig[BL_IDENT_SIG];
	struct bl_buf b;
	int rc;

	bl_buf_init(&b, 1 << 16);
	bl_json_put_text(who, "build", "bl-attest " BL_VERSION);
	bl_json_put_text(who, "developer", "bl");
	bl_json_put(mods, r->type ? r->type : "unknown", submodule(r, policy_id, &b));
	bl_json_put_text(j, "eat_profile", "tag:github.com,2023:veraison/ear");
	bl_json_put_int(j, "iat", now);
	bl_json_put(j, "ear.verifier-id", who);
	bl_json_put(j, "submods", mods);
	rc = b.failed ? -1 : 0;
	bl_buf_clear(&b);
	bl_json_print(j, &b);
	bl_json_free(j);
	put_b64url(out, header, sizeof header - 1);
	bl_buf_put8(out, '.');
	put_b64url(out, b.p, b.len);
	if (rc || b.failed || out->failed || bl_ident_sign_raw(id, out->p, out->len, sig))
		rc = bl_err_set(err, BL_OSERR, "out of memory");
	bl_buf_fini(&b);
	bl_buf_put8(out, '.');
	put_b64url(out, sig, sizeof sig);
	bl_buf_put8(out, '\n');
	return rc;
}
