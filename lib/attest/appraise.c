/* SPDX-License-Identifier: Apache-2.0 */
/*
 * appraise: see appraise.h. One function a kind of member makes its checks; what each may hold stands in vocab.c. Believes that the
 * technology filled words truthfully, and that the policy is one that bl_appraise_parse let through.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "attest/appraise.h"
#include "attest/vocab.h"
#include "base/text.h"

struct bl_json *bl_appraise_parse(const char *s, size_t n, struct bl_err *err)
{
	struct bl_json *j;

	if (n > BL_APPRAISE_MAX) {
		bl_err_set(err, BL_CONFIG, "longer than %d bytes", BL_APPRAISE_MAX);
		return NULL;
	}
	j = bl_json_parse(s, n, BL_APPRAISE_DEPTH, BL_CONFIG, err);
	if (j && bl_vocab_check(j, err)) {
		bl_json_free(j);
		return NULL;
	}
	return j;
}

bool bl_appraise_parse_duration(const char *s, int64_t *seconds)
{
	static const struct { char c; int64_t n; } unit[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
	size_t n = strspn(s, "0123456789");

	if (!n || n > 9 || !s[n] || s[n + 1])
		return false;
	for (size_t i = 0; i < sizeof unit / sizeof *unit; i++)
		if (unit[i].c == s[n]) {
			*seconds = strtoll(s, NULL, 10) * unit[i].n;
			return true;
		}
	return false;
}

/* --- what the policy says --- */

static bool of_intel(const struct bl_evidence *e)
{
	return e->tech && (!strcmp(e->tech->name, "sgx") || !strcmp(e->tech->name, "tdx"));
}

const char *bl_appraise_word(const struct bl_evidence *e, const char *name)
{
	const struct bl_vocab *m = bl_vocab_member(name);
	const char *s = bl_json_get_text(e->policy, name);

	if (s)
		return s;
	if (!strcmp(name, "collateral"))
		return of_intel(e) ? "require" : "optional";
	if (!strcmp(name, "revocation"))
		return of_intel(e) ? "require" : "if-present";
	return m ? m->def : NULL;
}

int64_t bl_appraise_duration(const struct bl_evidence *e, const char *name, int64_t def)
{
	const char *s = bl_json_get_text(e->policy, name);
	int64_t seconds;

	return s && bl_appraise_parse_duration(s, &seconds) ? seconds : def;
}

static bool says(const struct bl_evidence *e, const char *name, const char *word)
{
	const char *s = bl_appraise_word(e, name);

	return s && !strcmp(s, word);
}

static const struct bl_json *given(const struct bl_evidence *e, const char *name)
{
	return bl_json_get(e->policy, name);
}

static bool fail(struct bl_evidence *e, const char *check, const char *reason, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
static bool fail(struct bl_evidence *e, const char *check, const char *reason, const char *fmt, ...)
{
	char why[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	return bl_evidence_fail(e, BL_EVIDENCE_APPRAISAL, check, reason, "%s", why);
}

static void pass(struct bl_evidence *e, const char *check)
{
	bl_evidence_pass(e, BL_EVIDENCE_APPRAISAL, check);
}

static void cannot(struct bl_evidence *e, const char *check)
{
	bl_evidence_skip(e, BL_EVIDENCE_APPRAISAL, check, "%s evidence says nothing of it", e->tech->name);
}

static bool same(const struct bl_json *a, const struct bl_json *b)
{
	const char *s = bl_json_text(a, NULL), *t = bl_json_text(b, NULL);

	return s && t ? !strcasecmp(s, t) : !s && !t && bl_json_kind(a) == BL_JSON_INT && bl_json_kind(b) == BL_JSON_INT && bl_json_int(a) == bl_json_int(b);
}

/* Is one of what the evidence says in the list? */
static bool listed(const struct bl_json *said, const struct bl_json *list)
{
	for (size_t i = 0; i < bl_json_count(said); i++)
		for (size_t k = 0; k < bl_json_count(list); k++)
			if (same(bl_json_item(said, i), bl_json_item(list, k)))
				return true;
	return false;
}

static const char *text_in(const struct bl_json *list, const char *s)
{
	for (size_t i = 0; i < bl_json_count(list); i++) {
		const char *t = bl_json_text(bl_json_item(list, i), NULL);
		if (t && !strcasecmp(t, s))
			return t;
	}
	return NULL;
}

/* The first value of a word, for people. */
static const char *first(const struct bl_json *said, char out[40])
{
	const struct bl_json *j = bl_json_item(said, 0);
	const char *s = bl_json_text(j, NULL);

	if (s)
		snprintf(out, 40, strlen(s) > 36 ? "%.32s..." : "%.36s", s);
	else
		snprintf(out, 40, "%lld", (long long)bl_json_int(j));
	return out;
}

/* --- checks --- */

static void check_types(struct bl_evidence *e)
{
	const struct bl_json *list = given(e, "types");

	if (!list)
		return;
	if (text_in(list, e->tech->name))
		pass(e, "type");
	else
		fail(e, "type", "type", "the policy does not speak of %s evidence", e->tech->name);
}

static void check_product(struct bl_evidence *e)
{
	const struct bl_json *j = given(e, "product");
	const char *one = bl_json_text(j, NULL);

	if (!j)
		return;
	if (!e->product)
		cannot(e, "product");
	else if (one ? !strcasecmp(one, e->product) : !!text_in(j, e->product))
		pass(e, "product");
	else
		fail(e, "product", "product", "%s is not a product that the policy accepts", e->product);
}

static void check_debug(struct bl_evidence *e)
{
	if (!e->has_debug) {
		if (given(e, "debug"))
			cannot(e, "debug");
	} else if (e->debug && says(e, "debug", "refuse")) {
		fail(e, "debug", "debug", "debugging is on: the host can read everything");
	} else {
		pass(e, "debug");
	}
}

static void list_text(const struct bl_json *list, char *out, size_t n)
{
	size_t len = 0;

	*out = 0;
	for (size_t i = 0; i < bl_json_count(list) && len < n; i++)
		len += (size_t)snprintf(out + len, n - len, "%s%s", i ? ", " : "", bl_json_text(bl_json_item(list, i), NULL));
}

/* Whether the level of the platform is accepted, and its advisories. */
static void check_status(struct bl_evidence *e)
{
	const struct bl_json *list = given(e, "accepted_tcb_status"), *allowed = given(e, "allowed_advisories");
	char accepted[96] = "UpToDate", date[64] = "";

	if (!e->has_status) {
		if (of_intel(e))
			bl_evidence_skip(e, BL_EVIDENCE_APPRAISAL, "tcb-status", "without TCB info nobody knows");
		else if (list)
			cannot(e, "tcb-status");
		return;
	}
	if (list)
		list_text(list, accepted, sizeof accepted);
	if (e->tcb_date)
		snprintf(date, sizeof date, " (%.10s)", e->tcb_date);
	if (!e->tcb_status)
		fail(e, "tcb-status", "tcb-not-supported", "no level of the TCB info fits this platform%s%s", *e->shortfall ? ": " : "", e->shortfall);
	else if (list ? text_in(list, e->tcb_status) || text_in(list, "*") : !strcmp(e->tcb_status, "UpToDate"))
		pass(e, "tcb-status");
	else
		fail(e, "tcb-status", "tcb-status", "%s%s, accepted: %s%s%s", e->tcb_status, date, accepted, *e->shortfall ? "; " : "", e->shortfall);
	if (!allowed)
		return;
	for (size_t i = 0; i < e->nadvisory; i++)
		if (!text_in(allowed, e->advisory[i])) {
			fail(e, "advisories", "tcb-status", "%s is not an advisory that the policy allows", e->advisory[i]);
			return;
		}
	pass(e, "advisories");
}

static const struct bl_evidence_tcb *tcb(const struct bl_evidence *e, const char *which)
{
	for (size_t i = 0; i < e->ntcb; i++)
		if (!strcmp(e->tcb[i].which, which))
			return &e->tcb[i];
	return NULL;
}

static const unsigned *svn(const struct bl_evidence_tcb *t, const char *part)
{
	for (size_t i = 0; t && i < t->n; i++)
		if (!strcmp(t->part[i], part))
			return &t->svn[i];
	return NULL;
}

/* One part of `min_tcb`. False when there is nothing of it in the evidence. */
static bool min_part(struct bl_evidence *e, const char *which, const char *part, int64_t needs, bool *good)
{
	const unsigned *has = svn(tcb(e, which), part);

	if (has && *has < needs)
		*good = fail(e, "tcb-min", "tcb-min", "%s TCB: needs %s >= %lld, has %u", which, part, (long long)needs, *has);
	return has;
}

/* tee_tcb_svn, component by component. */
static bool min_components(struct bl_evidence *e, const char *needs, bool *good)
{
	const char *has = bl_json_text(bl_json_item(bl_json_get(e->words, "tee_tcb_svn"), 0), NULL);
	uint8_t a[16], b[16];
	size_t n = strlen(needs) / 2;

	if (!has || strlen(has) < 2 * n || n > sizeof a || !bl_text_unhex(needs, 2 * n, a, n) || !bl_text_unhex(has, 2 * n, b, n))
		return false;
	for (size_t i = 0; i < n; i++)
		if (b[i] < a[i])
			*good = fail(e, "tcb-min", "tcb-min", "needs tee_tcb_svn[%zu] >= %u, has %u", i, a[i], b[i]);
	return true;
}

static void check_min_tcb_words(struct bl_evidence *e)
{
	const struct bl_json *min = given(e, "min_tcb"), *of = given(e, "min_tcb_of"), *v;
	bool good = true, any = false;
	const char *part;

	if (!min)
		return;
	for (size_t i = 0; (part = bl_json_key(min, i, &v)); i++) {
		const struct bl_json *said = bl_json_get(e->words, part);
		bool known = false;
		if (!strcmp(part, "tee_tcb_svn"))
			known = min_components(e, bl_json_text(v, NULL), &good);
		else if (!strcmp(part, "isv_svn") && (known = said))
			good = bl_json_int(bl_json_item(said, 0)) >= bl_json_int(v) ? good :
			       fail(e, "tcb-min", "tcb-min", "needs isv_svn >= %lld, has %lld", (long long)bl_json_int(v), (long long)bl_json_int(bl_json_item(said, 0)));
		for (size_t k = 0; k < (of ? bl_json_count(of) : 1); k++)
			known = min_part(e, of ? bl_json_text(bl_json_item(of, k), NULL) : "reported", part, bl_json_int(v), &good) || known;
		any = any || known;
		if (!known)
			bl_evidence_skip(e, BL_EVIDENCE_APPRAISAL, "tcb-min", "this evidence has no %s", part);
	}
	if (any && good)
		pass(e, "tcb-min");
}

static void check_min_rest(struct bl_evidence *e)
{
	const struct bl_json *j;
	int64_t needs, has;

	if ((j = given(e, "min_tcb_date")) && bl_vocab_parse_date(bl_json_text(j, NULL), &needs)) {
		if (!e->tcb_date || !bl_vocab_parse_date(e->tcb_date, &has))
			cannot(e, "tcb-date");
		else if (has < needs)
			fail(e, "tcb-date", "tcb-min", "needs a TCB of %s or later, has one of %.10s", bl_json_text(j, NULL), e->tcb_date);
		else
			pass(e, "tcb-date");
	}
	for (int i = 0; i < 2; i++) {
		static const char *const check[] = { "tcb-evaluation", "svn" }, *const word[] = { "tcb_evaluation", "svn" };
		const struct bl_json *said = bl_json_get(e->words, word[i]);
		if (!(j = given(e, i ? "min_svn" : "min_tcb_evaluation")))
			continue;
		if (i && !said)
			said = bl_json_get(e->words, "isv_svn");
		if (!said)
			cannot(e, check[i]);
		else if (bl_json_int(bl_json_item(said, 0)) < bl_json_int(j))
			fail(e, check[i], "tcb-min", "needs %s >= %lld, has %lld", word[i], (long long)bl_json_int(j), (long long)bl_json_int(bl_json_item(said, 0)));
		else
			pass(e, check[i]);
	}
}

/* Firmware that may be taken back: what is committed is behind what runs. */
static void check_provisional(struct bl_evidence *e)
{
	const struct bl_evidence_tcb *committed = tcb(e, "committed"), *current = tcb(e, "current");

	if (!committed || !current) {
		if (given(e, "provisional"))
			cannot(e, "provisional");
		return;
	}
	for (size_t i = 0; says(e, "provisional", "refuse") && i < current->n; i++) {
		const unsigned *has = svn(committed, current->part[i]);
		if (has && *has < current->svn[i]) {
			fail(e, "provisional", "provisional", "firmware is provisional: committed %s %u, current %u", current->part[i], *has, current->svn[i]);
			return;
		}
	}
	pass(e, "provisional");
}

static bool from_listed_signer(const struct bl_evidence *e, const struct bl_evidence_file *f, const struct bl_json *list)
{
	for (size_t i = 0; f->signer && i < e->files->nbundle; i++) {
		const struct bl_evidence_bundle *b = &e->files->bundle[i];
		if (b->signer && b->good && !strcmp(b->signer, f->signer) && text_in(list, b->signer))
			return true;
	}
	return false;
}

/* Whatever file it stood in. */
static bool was_checked(const struct bl_evidence *e, const char *name)
{
	for (size_t i = 0; i < e->ncheck; i++)
		if (!strcmp(e->check[i].name, name))
			return e->check[i].result != BL_EVIDENCE_SKIP;
	return false;
}

static void check_collateral(struct bl_evidence *e)
{
	const struct bl_json *signers = given(e, "collateral_signer");
	int64_t most = bl_appraise_duration(e, "collateral_max_age", -1), age;
	char has[BL_EVIDENCE_SPAN];
	bool good = true;

	if (of_intel(e) || given(e, "collateral")) {
		bool there = was_checked(e, "tcb-info-chain") && was_checked(e, "qe-identity-chain");
		if (!there && says(e, "collateral", "require"))
			fail(e, "collateral", "collateral-missing", "TCB info and QE identity are required, and not both are here");
		else if (there)
			pass(e, "collateral");
		else
			bl_evidence_skip(e, BL_EVIDENCE_APPRAISAL, "collateral", "no TCB info and QE identity");
	}
	if (most >= 0) {
		for (size_t i = 0; i < e->ncollateral; i++)
			if ((age = e->time - e->collateral[i].issued) > most)
				good = fail(e, "collateral-age", "collateral-stale", "%s was issued %s before the chosen time", e->collateral[i].name,
					    bl_evidence_span(age, has));
		for (size_t i = 0; e->files && i < e->files->nbundle; i++)
			if ((age = e->time - e->files->bundle[i].created) > most)
				good = fail(e, "collateral-age", "collateral-stale", "bundle %s was made %s before the chosen time",
					    e->files->bundle[i].name, bl_evidence_span(age, has));
		if (!e->ncollateral && !(e->files && e->files->nbundle))
			bl_evidence_skip(e, BL_EVIDENCE_APPRAISAL, "collateral-age", "no collateral with a date");
		else if (good)
			pass(e, "collateral-age");
	}
	if (!signers)
		return;
	for (size_t i = 0; i < e->ncollateral; i++) {
		const struct bl_evidence_file *f = bl_evidence_find(e->files, e->collateral[i].name);
		if (!f || !from_listed_signer(e, f, signers)) {
			fail(e, "collateral-signer", "collateral-signature", "%s is in no bundle of a signer that the policy lists", e->collateral[i].name);
			return;
		}
	}
	if (e->ncollateral)
		pass(e, "collateral-signer");
	else
		bl_evidence_skip(e, BL_EVIDENCE_APPRAISAL, "collateral-signer", "no collateral was used");
}

static void check_age(struct bl_evidence *e)
{
	int64_t most = bl_appraise_duration(e, "evidence_max_age", -1), age = e->time - e->signed_time;
	char has[BL_EVIDENCE_SPAN], may[BL_EVIDENCE_SPAN];

	if (most < 0)
		return;
	if (!e->has_time)
		cannot(e, "age");
	else if (age > most)
		fail(e, "age", "age", "evidence is %s old, may be %s", bl_evidence_span(age, has), bl_evidence_span(most, may));
	else if (age < 0)
		fail(e, "age", "age", "evidence was made %s after the chosen time", bl_evidence_span(age, has));
	else
		pass(e, "age");
}

/* Members that list values: one of what the evidence says must be among them. */
static void check_values(struct bl_evidence *e, const struct bl_vocab *m, const struct bl_json *list)
{
	const struct bl_json *said = bl_json_get(e->words, m->name);
	char has[40];

	if (!said)
		cannot(e, m->check);
	else if (listed(said, list))
		pass(e, m->check);
	else
		fail(e, m->check, m->reason, "%s %s is not one that the policy lists", m->name, first(said, has));
}

static void check_vmpl(struct bl_evidence *e, const struct bl_vocab *m)
{
	const struct bl_json *said = bl_json_get(e->words, "vmpl");

	if (given(e, "vmpl"))
		check_values(e, m, given(e, "vmpl"));
	else if (said && bl_json_int(bl_json_item(said, 0)))
		fail(e, "vmpl", "vmpl", "runs at VMPL %lld, only 0 is accepted", (long long)bl_json_int(bl_json_item(said, 0)));
	else if (said)
		pass(e, "vmpl");
}

/* Members that allow, refuse or require a bit of the evidence. */
static void check_bit(struct bl_evidence *e, const struct bl_vocab *m)
{
	const struct bl_json *said = bl_json_get(e->words, m->name);
	bool on = bl_json_int(bl_json_item(said, 0)) != 0;

	if (!said) {
		if (given(e, m->name))
			cannot(e, m->check);
	} else if (on && says(e, m->name, "refuse")) {
		fail(e, m->check, m->reason, "%s is set, and refused", m->name);
	} else if (!on && says(e, m->name, "require")) {
		fail(e, m->check, m->reason, "%s is not set, and required", m->name);
	} else {
		pass(e, m->check);
	}
}

static void check_version(struct bl_evidence *e, const struct bl_vocab *m, const struct bl_json *min)
{
	const char *has = bl_json_text(bl_json_item(bl_json_get(e->words, m->check), 0), NULL), *needs = bl_json_text(min, NULL);
	unsigned a[3], b[3];

	if (!has || !bl_vocab_parse_version(has, a) || !bl_vocab_parse_version(needs, b))
		cannot(e, m->check);
	else if (a[0] != b[0] ? a[0] < b[0] : a[1] != b[1] ? a[1] < b[1] : a[2] < b[2])
		fail(e, m->check, m->reason, "needs %s >= %s, has %s", m->check, needs, has);
	else
		pass(e, m->check);
}

static void check_register_values(struct bl_evidence *e, const struct bl_json *map)
{
	const struct bl_json *list;
	const char *name;
	char has[40];

	for (size_t i = 0; (name = bl_json_key(map, i, &list)); i++) {
		const struct bl_json *said = bl_json_get(e->words, name);
		if (!said)
			bl_evidence_skip(e, BL_EVIDENCE_APPRAISAL, "registers", "this evidence has no register %s", name);
		else if (listed(said, list))
			pass(e, "registers");
		else
			fail(e, "registers", "registers", "%s is %s, not one that the policy lists", name, first(said, has));
	}
}

static void check_report_bytes(struct bl_evidence *e, const struct bl_json *want)
{
	const char *has = bl_json_text(bl_json_item(bl_json_get(e->words, "report_data"), 0), NULL);
	const char *equals = bl_json_get_text(want, "equals"), *s = equals ? equals : bl_json_get_text(want, "prefix");
	size_t n = strlen(s);

	if (!has)
		cannot(e, "report-data");
	else if (!strncasecmp(has, s, n) && (!equals || has[n + strspn(has + n, "0")] == 0))
		pass(e, "report-data");
	else
		fail(e, "report-data", "report-data", equals ? "report data is not what the policy wants" : "report data does not begin as the policy wants");
}

static void check_must(struct bl_evidence *e)
{
	const struct bl_json *list = given(e, "must");
	size_t n = e->ncheck;

	for (size_t i = 0; i < bl_json_count(list); i++) {
		const char *name = bl_json_text(bl_json_item(list, i), NULL);
		bool made = false, skipped = false;
		for (size_t k = 0; k < n; k++) {
			if (strcmp(e->check[k].name, name))
				continue;
			made = made || e->check[k].result != BL_EVIDENCE_SKIP;
			skipped = skipped || e->check[k].result == BL_EVIDENCE_SKIP;
		}
		if (made && !skipped)
			pass(e, "must");
		else
			fail(e, "must", "missing-check", "check '%s' %s, and the policy says that it must be made", name, skipped ? "was skipped" : "was not made");
	}
}

int bl_appraise_run(struct bl_evidence *e, struct bl_err *err)
{
	(void)err;
	check_types(e);
	check_product(e);
	check_debug(e);
	check_collateral(e);
	check_status(e);
	check_min_tcb_words(e);
	check_min_rest(e);
	check_provisional(e);
	check_age(e);
	for (size_t i = 0; i < BL_VOCAB_COUNT; i++) {
		const struct bl_vocab *m = &bl_vocab_members[i];
		const struct bl_json *j = given(e, m->name);
		if (!strcmp(m->name, "vmpl"))
			check_vmpl(e, m);
		else if (m->kind == BL_VOCAB_CHOICE && m->check)
			check_bit(e, m);
		else if (j && m->kind == BL_VOCAB_VERSION)
			check_version(e, m, j);
		else if (j && m->check)
			check_values(e, m, j);
		else if (j && m->kind == BL_VOCAB_REGISTERS)
			check_register_values(e, j);
		else if (j && m->kind == BL_VOCAB_REPORT_DATA)
			check_report_bytes(e, j);
	}
	check_must(e);
	return 0;
}
