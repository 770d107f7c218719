/* SPDX-License-Identifier: Apache-2.0 */
/* vocab: see vocab.h. One table, so that the grammar of the policy and its defaults stand in one place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/appraise.h"
#include "attest/vocab.h"
#include "base/text.h"
#include "base/time.h"
#include "crypt/ident.h"

#define ARQ " allow refuse require "
const struct bl_vocab bl_vocab_members[] = {
	{ "accepted_tcb_status", BL_VOCAB_CHOICES, NULL, NULL, NULL, NULL },
	{ "ak", BL_VOCAB_HEXES, NULL, NULL, "ak", "ak" },
	{ "allowed_advisories", BL_VOCAB_CHOICES, NULL, NULL, NULL, NULL },
	{ "chip_id", BL_VOCAB_HEXES, NULL, NULL, "chip-id-list", "chip-id-list" },
	{ "collateral", BL_VOCAB_CHOICE, " require optional ", NULL, NULL, NULL },
	{ "collateral_grace", BL_VOCAB_DURATION, NULL, NULL, NULL, NULL },
	{ "collateral_max_age", BL_VOCAB_DURATION, NULL, NULL, NULL, NULL },
	{ "collateral_signer", BL_VOCAB_FINGERPRINTS, NULL, NULL, NULL, NULL },
	{ "debug", BL_VOCAB_CHOICE, " refuse allow ", "refuse", NULL, NULL },
	{ "evidence_max_age", BL_VOCAB_DURATION, NULL, NULL, NULL, NULL },
	{ "family_id", BL_VOCAB_HEXES, NULL, NULL, "family-id", "family-id" },
	{ "host_data", BL_VOCAB_HEXES, NULL, NULL, "host-data", "host-data" },
	{ "image_id", BL_VOCAB_HEXES, NULL, NULL, "image-id", "image-id" },
	{ "isv_prod_id", BL_VOCAB_INTEGERS, NULL, NULL, "isv-prod-id", "isv-prod-id" },
	{ "masked_chip_id", BL_VOCAB_CHOICE, ARQ, "refuse", "masked-chip-id", "masked-chip-id" },
	{ "measurement", BL_VOCAB_HEXES, NULL, NULL, "measurement", "measurement" },
	{ "migrate_ma", BL_VOCAB_CHOICE, ARQ, "refuse", "migrate-ma", "policy-bits" },
	{ "min_abi", BL_VOCAB_VERSION, NULL, NULL, "abi", "tcb-min" },
	{ "min_firmware", BL_VOCAB_VERSION, NULL, NULL, "firmware", "tcb-min" },
	{ "min_svn", BL_VOCAB_INTEGER, NULL, NULL, NULL, NULL },
	{ "min_tcb", BL_VOCAB_MIN_TCB, NULL, NULL, NULL, NULL },
	{ "min_tcb_date", BL_VOCAB_DATE, NULL, NULL, NULL, NULL },
	{ "min_tcb_evaluation", BL_VOCAB_INTEGER, NULL, NULL, NULL, NULL },
	{ "min_tcb_of", BL_VOCAB_CHOICES, " reported committed current launch ", NULL, NULL, NULL },
	{ "module_id", BL_VOCAB_CHOICES, NULL, NULL, "module-id", "module-id" },
	{ "mr_config_id", BL_VOCAB_HEXES, NULL, NULL, "mr-config-id", "mr-config-id" },
	{ "mr_owner", BL_VOCAB_HEXES, NULL, NULL, "mr-owner", "mr-owner" },
	{ "mr_seam", BL_VOCAB_HEXES, NULL, NULL, "mr-seam", "mr-seam" },
	{ "must", BL_VOCAB_CHOICES, NULL, NULL, NULL, NULL },
	{ "product", BL_VOCAB_TEXT_OR_LIST, NULL, NULL, NULL, NULL },
	{ "provisional", BL_VOCAB_CHOICE, " refuse allow ", "refuse", NULL, NULL },
	{ "public_key", BL_VOCAB_HEXES, NULL, NULL, "public-key", "public-key" },
	{ "registers", BL_VOCAB_REGISTERS, NULL, NULL, NULL, NULL },
	{ "report_data", BL_VOCAB_REPORT_DATA, NULL, NULL, NULL, NULL },
	{ "report_id", BL_VOCAB_HEXES, NULL, NULL, "report-id", "report-id" },
	{ "revocation", BL_VOCAB_CHOICE, " require if-present ignore ", NULL, NULL, NULL },
	{ "sept_ve_disable", BL_VOCAB_CHOICE, ARQ, "allow", "sept-ve-disable", "policy-bits" },
	{ "service_td", BL_VOCAB_CHOICE, ARQ, "refuse", "service-td", "policy-bits" },
	{ "sha1", BL_VOCAB_CHOICE, ARQ, "refuse", "sha1", "sha1" },
	{ "signer", BL_VOCAB_HEXES, NULL, NULL, "signer", "signer" },
	{ "single_socket", BL_VOCAB_CHOICE, ARQ, "allow", "single-socket", "policy-bits" },
	{ "smt", BL_VOCAB_CHOICE, ARQ, "allow", "smt", "policy-bits" },
	{ "types", BL_VOCAB_CHOICES, " snp tdx sgx nitro tpm nvidia azure receipt ", NULL, NULL, NULL },
	{ "version", BL_VOCAB_INTEGER, NULL, NULL, NULL, NULL },
	{ "vmpl", BL_VOCAB_INTEGERS, NULL, NULL, "vmpl", "vmpl" },
};
enum { MEMBERS = sizeof bl_vocab_members / sizeof *bl_vocab_members, ITEMS = 4096 };
_Static_assert((int)MEMBERS == (int)BL_VOCAB_COUNT, "the header says how many");

/* --- the grammar --- */

const struct bl_vocab *bl_vocab_member(const char *name)
{
	for (size_t i = 0; i < MEMBERS; i++)
		if (!strcmp(bl_vocab_members[i].name, name))
			return &bl_vocab_members[i];
	return NULL;
}

static bool among(const char *words, const char *s)
{
	size_t n = strchr(s, ' ') ? 0 : strlen(s);

	for (const char *at = words; n && (at = strstr(at, s)); at++)
		if (at[-1] == ' ' && at[n] == ' ')
			return true;
	return false;
}

static bool is_hex(const char *s)
{
	size_t n = strspn(s, "0123456789abcdefABCDEF");

	return n && n % 2 == 0 && !s[n];
}

/* Up to three numbers with dots between them. */
bool bl_vocab_parse_version(const char *s, unsigned v[3])
{
	v[0] = v[1] = v[2] = 0;
	for (int i = 0; i < 3; i++) {
		size_t n = strspn(s, "0123456789");
		if (!n || n > 5)
			return false;
		v[i] = (unsigned)strtoul(s, NULL, 10);
		s += n;
		if (!*s)
			return i > 0;
		if (*s++ != '.')
			return false;
	}
	return false;
}

bool bl_vocab_parse_date(const char *s, int64_t *seconds)
{
	int64_t days, us;

	if (bl_time_parse_date(s, strlen(s), &days))
		*seconds = days * 86400;
	else if (bl_time_parse_stamp(s, strlen(s), &us))
		*seconds = us / 1000000;
	else
		return false;
	return true;
}

static int wrong(struct bl_err *err, const char *name, const char *wants)
{
	return bl_err_set(err, BL_CONFIG, "'%s' is to be %s", name, wants);
}

static bool is_integer(const struct bl_json *j)
{
	return bl_json_kind(j) == BL_JSON_INT && bl_json_int(j) >= 0;
}

static int check_choice(const struct bl_vocab *m, const struct bl_json *j, struct bl_err *err)
{
	const char *s = bl_json_text(j, NULL);
	char wants[128];

	if (s && *s && (!m->words || among(m->words, s)))
		return 0;
	snprintf(wants, sizeof wants, m->words ? "of:%s" : "text", m->words);
	if (m->words)
		wants[strlen(wants) - 1] = 0;
	return wrong(err, m->name, wants);
}

static int check_item(const struct bl_vocab *m, const struct bl_json *j, struct bl_err *err)
{
	const char *s = bl_json_text(j, NULL);

	if (m->kind == BL_VOCAB_CHOICES || m->kind == BL_VOCAB_TEXT_OR_LIST)
		return check_choice(m, j, err);
	if (m->kind == BL_VOCAB_INTEGERS)
		return is_integer(j) ? 0 : wrong(err, m->name, "a list of integers");
	if (m->kind == BL_VOCAB_FINGERPRINTS)
		return s && bl_ident_is_fpr(s) ? 0 : wrong(err, m->name, "a list of key fingerprints (SHA256:...)");
	return s && is_hex(s) ? 0 : wrong(err, m->name, "a list of values in hex");
}

static int check_list(const struct bl_vocab *m, const struct bl_json *j, struct bl_err *err)
{
	if (bl_json_kind(j) != BL_JSON_ARRAY || bl_json_count(j) > ITEMS)
		return wrong(err, m->name, "a list");
	for (size_t i = 0; i < bl_json_count(j); i++)
		if (check_item(m, bl_json_item(j, i), err))
			return -1;
	return 0;
}

static int check_min_tcb(const struct bl_json *j, struct bl_err *err)
{
	const struct bl_json *v;
	const char *key, *s;

	if (bl_json_kind(j) != BL_JSON_OBJECT)
		return wrong(err, "min_tcb", "an object");
	for (size_t i = 0; (key = bl_json_key(j, i, &v)); i++) {
		s = bl_json_text(v, NULL);
		if (!strcmp(key, "tee_tcb_svn")) {
			if (!s || !is_hex(s) || strlen(s) > 32)
				return wrong(err, "min_tcb.tee_tcb_svn", "at most 16 bytes in hex");
		} else if (!among(" boot_loader tee snp microcode fmc isv_svn ", key)) {
			return bl_err_set(err, BL_CONFIG, "unknown member 'min_tcb.%s'", key);
		} else if (!is_integer(v)) {
			return bl_err_set(err, BL_CONFIG, "'min_tcb.%s' is to be an integer", key);
		}
	}
	return 0;
}

static int check_registers(const struct bl_json *j, struct bl_err *err)
{
	static const struct bl_vocab list = { "registers", BL_VOCAB_HEXES, NULL, NULL, NULL, NULL };
	const struct bl_json *v;

	if (bl_json_kind(j) != BL_JSON_OBJECT || bl_json_count(j) > ITEMS)
		return wrong(err, "registers", "an object");
	for (size_t i = 0; bl_json_key(j, i, &v); i++)
		if (check_list(&list, v, err))
			return -1;
	return 0;
}

static int check_report_data(const struct bl_json *j, struct bl_err *err)
{
	const struct bl_json *v = NULL;
	const char *key = bl_json_key(j, 0, &v), *s = bl_json_text(v, NULL);

	if (bl_json_kind(j) == BL_JSON_OBJECT && bl_json_count(j) == 1 && among(" equals prefix ", key) && s && is_hex(s))
		return 0;
	return wrong(err, "report_data", "{\"equals\": hex} or {\"prefix\": hex}");
}

static int check_member(const struct bl_vocab *m, const struct bl_json *j, struct bl_err *err)
{
	const char *s = bl_json_text(j, NULL);
	int64_t seconds;
	unsigned v[3];

	switch (m->kind) {
	case BL_VOCAB_INTEGER:
		return is_integer(j) ? 0 : wrong(err, m->name, "an integer");
	case BL_VOCAB_DATE:
		return s && bl_vocab_parse_date(s, &seconds) ? 0 : wrong(err, m->name, "a date (RFC 3339)");
	case BL_VOCAB_DURATION:
		return s && bl_appraise_parse_duration(s, &seconds) ? 0 : wrong(err, m->name, "a duration (90s, 15m, 12h, 7d, 2w)");
	case BL_VOCAB_VERSION:
		return s && bl_vocab_parse_version(s, v) ? 0 : wrong(err, m->name, "a version, two or three numbers with dots");
	case BL_VOCAB_CHOICE:
		return check_choice(m, j, err);
	case BL_VOCAB_TEXT_OR_LIST:
		return s ? check_choice(m, j, err) : check_list(m, j, err);
	case BL_VOCAB_CHOICES: case BL_VOCAB_HEXES: case BL_VOCAB_INTEGERS: case BL_VOCAB_FINGERPRINTS:
		return check_list(m, j, err);
	case BL_VOCAB_MIN_TCB:
		return check_min_tcb(j, err);
	case BL_VOCAB_REGISTERS:
		return check_registers(j, err);
	case BL_VOCAB_REPORT_DATA:
		return check_report_data(j, err);
	}
	return 0;
}

static int unknown(const char *key, struct bl_err *err)
{
	const char *name[MEMBERS], *near;

	for (size_t i = 0; i < MEMBERS; i++)
		name[i] = bl_vocab_members[i].name;
	near = bl_text_nearest(key, name, MEMBERS);
	bl_err_set(err, BL_CONFIG, "unknown member '%s'", key);
	return near ? bl_err_hint(err, "did you mean '%s'?", near) : -1;
}

int bl_vocab_check(const struct bl_json *j, struct bl_err *err)
{
	const struct bl_json *v;
	const char *key;

	if (bl_json_kind(j) != BL_JSON_OBJECT)
		return bl_err_set(err, BL_CONFIG, "an appraisal policy is a JSON object");
	for (size_t i = 0; (key = bl_json_key(j, i, &v)); i++) {
		const struct bl_vocab *m = bl_vocab_member(key);
		if (m ? check_member(m, v, err) : unknown(key, err))
			return -1;
	}
	return bl_json_get_int(j, "version", 0) == 1 ? 0 : bl_err_set(err, BL_CONFIG, "'version' is to be 1");
}
