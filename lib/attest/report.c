/* SPDX-License-Identifier: Apache-2.0 */
/* report: see report.h. */
#include <stdio.h>
#include <string.h>

#include "attest/report.h"
#include "base/time.h"

static const char *const results[] = { [BL_EVIDENCE_PASS] = "pass", [BL_EVIDENCE_FAIL] = "fail", [BL_EVIDENCE_SKIP] = "skipped" };

static const char *stamp(int64_t t, char out[BL_TIME_TEXT])
{
	bl_time_print_stamp(t * 1000000, out);
	return out;
}

static bool passed(const struct bl_verify_run *r)
{
	return !r->code && bl_evidence_verdict(&r->e);
}

/* The reason word of a verdict that is no, else NULL. */
static const char *reason(const struct bl_verify_run *r)
{
	const struct bl_evidence_check *c = bl_evidence_reason(&r->e);

	if (r->code)
		return r->code == BL_NOINPUT ? "unreadable" : "malformed";
	return r->shown ? NULL : c ? c->reason : NULL;
}

const char *bl_report_why(const struct bl_verify_run *r, char *out, size_t n)
{
	const struct bl_evidence_check *c = bl_evidence_reason(&r->e);

	if (r->code)
		snprintf(out, n, "%s", r->why);
	else if (r->shown)
		snprintf(out, n, "parsed, not verified");
	else if (c)
		snprintf(out, n, "%s: %s", c->name, *c->detail ? c->detail : c->reason);
	else
		snprintf(out, n, "authentic, and accepted by the %s policy", r->e.policy ? "given" : "default");
	return out;
}

/* --- table --- */

static void row(struct bl_buf *out, const char *label, const char *s)
{
	if (s && *s)
		bl_buf_printf(out, "%-12s %s\n", label, s);
}

static const char *word(const struct bl_verify_run *r, const char *name)
{
	return bl_json_text(bl_json_item(bl_json_get(r->e.words, name), 0), NULL);
}

static void tcb_rows(const struct bl_verify_run *r, struct bl_buf *out)
{
	const struct bl_evidence *e = &r->e;
	char text[256];

	if (e->has_status) {
		snprintf(text, sizeof text, "%s%s%.10s", e->tcb_status ? e->tcb_status : "not supported", e->tcb_date ? ", " : "", e->tcb_date ? e->tcb_date : "");
		row(out, "tcb", text);
	}
	for (size_t i = 0; i < e->nadvisory; i++)
		row(out, i ? "" : "advisories", e->advisory[i]);
	for (size_t i = 0; i < e->ntcb; i++) {
		size_t n = (size_t)snprintf(text, sizeof text, "%s:", e->tcb[i].which);
		for (size_t k = 0; k < e->tcb[i].n && n < sizeof text; k++)
			n += (size_t)snprintf(text + n, sizeof text - n, " %s %u", e->tcb[i].part[k], e->tcb[i].svn[k]);
		row(out, i ? "" : "tcb", text);
	}
}

static void collateral_rows(const struct bl_verify_run *r, struct bl_buf *out)
{
	char from[BL_TIME_TEXT], until[BL_TIME_TEXT], text[256];

	for (size_t i = 0; i < r->e.ncollateral; i++) {
		snprintf(text, sizeof text, "%s, %s to %s", r->e.collateral[i].name, stamp(r->e.collateral[i].issued, from),
			 r->e.collateral[i].expires == INT64_MIN ? "?" : stamp(r->e.collateral[i].expires, until));
		row(out, i ? "" : "collateral", text);
	}
	for (size_t i = 0; i < r->files.nbundle; i++) {
		snprintf(text, sizeof text, "%.80s of %s, %s", r->files.bundle[i].name, stamp(r->files.bundle[i].created, from),
			 r->files.bundle[i].signer ? r->files.bundle[i].signer : "unsigned");
		row(out, "bundle", text);
	}
}

/* All claims, one a line: "policy_bits.smt true". */
static void claim_rows(const struct bl_json *j, const char *under, unsigned depth, struct bl_buf *out)
{
	const struct bl_json *v;
	const char *key;

	for (size_t i = 0; i < bl_json_count(j) && depth < 6; i++) {
		char name[160], index[24];
		v = bl_json_item(j, i);
		snprintf(index, sizeof index, "%zu", i);
		key = v ? index : bl_json_key(j, i, &v);
		snprintf(name, sizeof name, "%s%s%s", under, *under ? "." : "", key);
		if (bl_json_kind(v) == BL_JSON_OBJECT || bl_json_kind(v) == BL_JSON_ARRAY) {
			claim_rows(v, name, depth + 1, out);
			continue;
		}
		bl_buf_printf(out, "%-24s ", name);
		bl_json_print(v, out);		/* escapes what a terminal would obey */
		bl_buf_put8(out, '\n');
	}
}

/* Text of others on a terminal: control bytes, C1 (U+0080..009F) among them, as '?'. */
static void tame(struct bl_buf *out)
{
	for (size_t i = 0; i < out->len; i++) {
		bool c1 = i && out->p[i - 1] == 0xc2 && out->p[i] >= 0x80 && out->p[i] < 0xa0;
		if (c1)
			out->p[i - 1] = '?';
		if (c1 || (out->p[i] < 0x20 && out->p[i] != '\n') || out->p[i] == 0x7f)
			out->p[i] = '?';
	}
}

void bl_report_table(const struct bl_verify_run *r, const char *policy_id, bool explain, struct bl_buf *out)
{
	const struct bl_evidence *e = &r->e;
	char text[1200], when[BL_TIME_TEXT];

	if (r->shown)
		bl_buf_puts(out, "NOT VERIFIED\n");
	else
		row(out, "verdict", passed(r) ? "pass" : "fail");
	if (!r->shown && !passed(r)) {
		row(out, "reason", reason(r));
		if (r->code)
			row(out, "", r->why);
	}
	row(out, "type", r->type);
	if (r->code) {
		tame(out);
		return;
	}
	row(out, "product", e->product);
	tcb_rows(r, out);
	row(out, "measurement", word(r, "measurement"));
	row(out, "debug", e->has_debug && e->debug ? "on" : NULL);
	if (!r->shown) {
		snprintf(text, sizeof text, "%s (%s)", stamp(e->time, when), r->time_source);
		row(out, "time", text);
		row(out, "policy", policy_id);
	}
	collateral_rows(r, out);
	for (size_t i = 0; i < e->ncheck; i++) {
		const struct bl_evidence_check *c = &e->check[i];
		if (c->result != BL_EVIDENCE_PASS || *c->detail || explain)
			bl_buf_printf(out, "%-7s  %-22s%s%s\n", results[c->result], c->name, *c->detail ? "  " : "", c->detail);
	}
	if (r->shown)
		claim_rows(e->claims, "", 0, out);
	tame(out);
}

/* --- JSON: members in the order of the guide, so printed one by one --- */

static void member(struct bl_buf *out, const char *name, struct bl_json *v)
{
	if (out->len && out->p[out->len - 1] != '{')
		bl_buf_put8(out, ',');
	bl_buf_printf(out, "\"%s\":", name);
	if (!v)
		out->failed = true;
	else
		bl_json_print(v, out);
	bl_json_free(v);
}

static struct bl_json *text_or_null(const char *s)
{
	return s ? bl_json_new_text(s) : bl_json_new_null();
}

static struct bl_json *time_json(int64_t t)
{
	char text[BL_TIME_TEXT];

	return t == INT64_MIN ? bl_json_new_null() : bl_json_new_text(stamp(t, text));
}

static struct bl_json *authentic_json(const struct bl_verify_run *r)
{
	int v = r->code ? 0 : bl_evidence_authentic(&r->e);

	return r->shown || v < 0 ? bl_json_new_null() : bl_json_new_bool(v);
}

static struct bl_json *collateral_json(const struct bl_evidence *e)
{
	struct bl_json *a = bl_json_new_array();

	for (size_t i = 0; i < e->ncollateral; i++) {
		struct bl_json *c = bl_json_new_object();
		bl_json_put_text(c, "name", e->collateral[i].name);
		bl_json_put_hex(c, "sha256", e->collateral[i].sha256, sizeof e->collateral[i].sha256);
		bl_json_put(c, "issued", time_json(e->collateral[i].issued));
		bl_json_put(c, "expires", time_json(e->collateral[i].expires));
		bl_json_add(a, c);
	}
	return a;
}

static struct bl_json *checks_json(const struct bl_evidence *e)
{
	struct bl_json *a = bl_json_new_array();

	for (size_t i = 0; i < e->ncheck; i++) {
		struct bl_json *c = bl_json_new_object();
		bl_json_put_text(c, "name", e->check[i].name);
		bl_json_put_text(c, "layer", e->check[i].layer == BL_EVIDENCE_AUTHENTIC ? "authentic" : "appraisal");
		bl_json_put_text(c, "result", results[e->check[i].result]);
		if (e->check[i].reason)
			bl_json_put_text(c, "reason", e->check[i].reason);
		if (*e->check[i].detail)
			bl_json_put_text(c, "detail", e->check[i].detail);
		bl_json_add(a, c);
	}
	return a;
}

void bl_report_json(const struct bl_verify_run *r, const char *policy_id, const struct bl_json *id, struct bl_buf *out)
{
	const struct bl_evidence *e = &r->e;
	struct bl_json *hash = bl_json_new_object(), *advisories = bl_json_new_array();
	char why[1200];
	bool done = !r->code;

	bl_buf_put8(out, '{');
	if (id)
		member(out, "id", bl_json_copy(id));
	member(out, "bl_attest", bl_json_new_int(1));
	member(out, "type", text_or_null(r->type));
	member(out, "verdict", r->shown && done ? bl_json_new_null() : bl_json_new_text(passed(r) ? "pass" : "fail"));
	member(out, "authentic", authentic_json(r));
	member(out, "reason", text_or_null(reason(r)));
	member(out, "message", bl_json_new_text(bl_report_why(r, why, sizeof why)));
	member(out, "time", done && !r->shown ? time_json(e->time) : bl_json_new_null());
	member(out, "time_source", text_or_null(r->shown ? NULL : r->time_source));
	member(out, "debug", done && e->has_debug ? bl_json_new_bool(e->debug) : bl_json_new_null());
	member(out, "tcb_status", text_or_null(done && e->has_status ? e->tcb_status : NULL));
	member(out, "tcb_date", text_or_null(done && e->has_status ? e->tcb_date : NULL));
	for (size_t i = 0; done && i < e->nadvisory; i++)
		bl_json_add(advisories, bl_json_new_text(e->advisory[i]));
	member(out, "advisories", advisories);
	member(out, "product", text_or_null(done ? e->product : NULL));
	member(out, "policy", text_or_null(r->shown ? NULL : policy_id));
	bl_json_put_hex(hash, "sha256", r->sha256, sizeof r->sha256);
	member(out, "evidence_sha256", bl_json_copy(bl_json_get(hash, "sha256")));
	bl_json_free(hash);
	member(out, "collateral", done ? collateral_json(e) : bl_json_new_array());
	member(out, "checks", done ? checks_json(e) : bl_json_new_array());
	member(out, "claims", done && e->claims ? bl_json_copy(e->claims) : bl_json_new_null());
	bl_buf_puts(out, "}\n");
}
