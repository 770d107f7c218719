/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show: what an owner would say of the policy, read back to them. It tells what the document says, not what a version of the
 * program does of it; that is the linter's.
 */
#include <stdio.h>
#include <string.h>

#include "base/mask.h"
#include "base/text.h"
#include "base/time.h"
#include "policy/grammar.h"
#include "policy/lint.h"
#include "policy/show.h"

void bl_show_text(struct bl_buf *b, const char *s)
{
	for (; *s; s++) {
		uint8_t c = (uint8_t)*s, next = (uint8_t)s[1];
		if (c == '\n') {
			bl_buf_put8(b, ' ');
		} else if (c < 0x20 || c == 0x7f) {
			bl_buf_put8(b, '?');
		} else if (c == 0xc2 && next >= 0x80 && next < 0xa0) {
			bl_buf_put8(b, '?');
			s++;
		} else {
			bl_buf_put8(b, c);
		}
	}
}

static void put_dec(struct bl_buf *b, const struct bl_dec *d)
{
	char s[BL_NUM_TEXT];

	bl_num_print_dec(d->v, d->scale, s);
	bl_buf_puts(b, s);
}

static void put_time(struct bl_buf *b, int64_t seconds)
{
	char s[BL_TIME_TEXT];

	bl_time_print_stamp(seconds * 1000000, s);
	bl_buf_puts(b, s);
}

/* The words whose bits are set, each after a space; "none" for no bit. */
static void put_mask(struct bl_buf *b, const char *words, unsigned mask)
{
	unsigned i = 0;

	if (!mask)
		bl_buf_puts(b, "none");
	for (const char *s = words, *end; *s; s = end + (*end == ' '), i++) {
		end = strchrnul(s, ' ');
		if (!(mask >> i & 1))
			continue;
		if (mask & ((1u << i) - 1))
			bl_buf_put8(b, ' ');
		bl_buf_put(b, s, (size_t)(end - s));
	}
}

static void heading(struct bl_buf *b, const char *s)
{
	bl_buf_printf(b, "\n%s\n", s);
}

/* --- who --- */

static void put_principal(struct bl_buf *b, const struct bl_doc_principal *who)
{
	const struct bl_json *cert = bl_json_get(who->json, "cert"), *oidc = bl_json_get(who->json, "oidc");
	const char *s;

	bl_buf_printf(b, "  %-10s", bl_json_get_text(who->json, "role"));
	if (who->who == BL_WHO_KEY)
		bl_buf_puts(b, who->fpr);
	else if (who->who == BL_WHO_ANY)
		bl_buf_puts(b, "anybody who signs a request");
	if (cert) {
		bl_buf_puts(b, "certificates of ");
		bl_buf_puts(b, (s = bl_json_get_text(cert, "ca")) ? s : "any CA");
		bl_buf_puts(b, " for ");
		bl_show_text(b, (s = bl_json_get_text(cert, "subject")) ? s : "any subject");
	}
	if (oidc) {
		bl_buf_puts(b, "tokens of ");
		bl_show_text(b, (s = bl_json_get_text(oidc, "issuer")) ? s : "any issuer");
	}
	bl_buf_put8(b, '\n');
}

static void put_who(struct bl_buf *b, const struct bl_policy *p)
{
	heading(b, "Who may ask");
	bl_buf_puts(b, "  owner     the key that sealed the file, under the same rules\n");
	for (uint32_t i = 0; i < p->nprincipal; i++)
		put_principal(b, &p->principal[i]);
	if (p->has_purposes) {
		bl_buf_puts(b, "  Every request must name one of these purposes:");
		for (uint32_t i = 0; i < p->npurpose; i++) {
			bl_buf_puts(b, i ? ", " : " ");
			bl_show_text(b, p->purpose[i]);
		}
		bl_buf_put8(b, '\n');
	}
	if (p->not_before != INT64_MIN) {
		bl_buf_puts(b, "  Not before ");
		put_time(b, p->not_before);
		bl_buf_puts(b, ".\n");
	}
	if (p->not_after != INT64_MAX) {
		bl_buf_puts(b, "  Not after ");
		put_time(b, p->not_after);
		bl_buf_puts(b, ".\n");
	}
}

/* --- what --- */

static void put_domain(struct bl_buf *b, const struct bl_json *j)
{
	struct bl_dec from, to, step = { true, 1, 0 };

	if (bl_json_kind(j) == BL_JSON_ARRAY) {
		bl_buf_printf(b, "; %zu public values", bl_json_count(j));
		return;
	}
	bl_shape_dec(bl_json_get(j, "from"), &from);
	bl_shape_dec(bl_json_get(j, "to"), &to);
	if (bl_json_get(j, "step"))
		bl_shape_dec(bl_json_get(j, "step"), &step);
	bl_buf_puts(b, "; public values ");
	put_dec(b, &from);
	bl_buf_puts(b, " to ");
	put_dec(b, &to);
	bl_buf_puts(b, " by ");
	put_dec(b, &step);
}

static void put_details(struct bl_buf *b, const struct bl_doc_column *c)
{
	if (c->uses & BL_USE_AGGREGATE) {
		bl_buf_puts(b, " (");
		put_mask(b, bl_grammar_functions, c->functions);
		bl_buf_put8(b, ')');
	}
	if (c->domain)
		put_domain(b, c->domain);
	if (c->lo.set) {
		bl_buf_puts(b, "; bounds ");
		put_dec(b, &c->lo);
		bl_buf_puts(b, " to ");
		put_dec(b, &c->hi);
	}
	if (c->lo_text) {
		bl_buf_puts(b, "; bounds ");
		bl_show_text(b, c->lo_text);
		bl_buf_puts(b, " to ");
		bl_show_text(b, c->hi_text);
	}
	if (c->grid.set) {
		bl_buf_puts(b, "; compared only at multiples of ");
		put_dec(b, &c->grid);
	}
	if (c->bin.set) {
		bl_buf_puts(b, "; grouped only in bins of a multiple of ");
		put_dec(b, &c->bin);
	}
	if (c->like)
		bl_buf_puts(b, "; parts of its text may be tested");
}

static void put_column(struct bl_buf *b, const struct bl_doc_column *c, size_t width)
{
	static const char *const classes[] = { "sensitive", "", "identifier", "quasi", "public" };
	size_t n = strcmp(c->name, "*") ? bl_text_columns(c->name, strlen(c->name)) : strlen("(others)");

	bl_buf_puts(b, "  ");
	bl_show_text(b, strcmp(c->name, "*") ? c->name : "(others)");
	for (; n < width + 2; n++)
		bl_buf_put8(b, ' ');
	bl_buf_printf(b, "%-12s", classes[c->class]);
	if (c->uses)
		put_mask(b, bl_grammar_uses, c->uses);
	else
		bl_buf_puts(b, "hidden");
	put_details(b, c);
	if (c->ingest) {
		bl_buf_puts(b, "; changed before sealing: ");
		bl_json_print(c->ingest, b);
	}
	bl_buf_put8(b, '\n');
}

static void put_what(struct bl_buf *b, const struct bl_policy *p)
{
	const struct bl_doc_column *c;
	size_t width = strlen("(others)");

	heading(b, "What the columns may be used for");
	for (uint32_t i = 0; i < p->ncolumn; i++) {
		size_t n = bl_text_columns(p->column[i].name, strlen(p->column[i].name));
		width = n > width && n <= 32 ? n : width;
	}
	for (uint32_t i = 0; (c = bl_lint_each(p, i)); i++)
		put_column(b, c, width);
	if (!p->star)
		bl_buf_puts(b, p->ncolumn ? "  Columns not listed are hidden.\n" : "  Every column is hidden.\n");
}

/* --- when --- */

static void put_time_rule(struct bl_buf *b, const struct bl_rule *r)
{
	bl_buf_puts(b, "asked");
	if (r->after != INT64_MIN) {
		bl_buf_puts(b, " after ");
		put_time(b, r->after);
	}
	if (r->before != INT64_MAX) {
		bl_buf_puts(b, " before ");
		put_time(b, r->before);
	}
	if (r->hour_from || r->hour_to != 24)
		bl_buf_printf(b, " between %02u:00 and %02u:00 UTC", r->hour_from, r->hour_to);
	if (r->days != 127) {
		static const char *const names[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
		bl_buf_puts(b, " on");
		for (unsigned i = 0; i < 7; i++)
			if (r->days >> i & 1)
				bl_buf_printf(b, " %s", names[i]);
	}
}

static void put_leaf(struct bl_buf *b, const struct bl_rule *r)
{
	unsigned long long n = r->n;

	switch (r->kind) {
	case BL_RULE_TRUE:
		bl_buf_puts(b, "always");
		return;
	case BL_RULE_FALSE:
		bl_buf_puts(b, "never");
		return;
	case BL_RULE_PRINCIPAL:
	case BL_RULE_ROLE:
	case BL_RULE_PURPOSE:
		bl_buf_puts(b, r->kind == BL_RULE_PURPOSE ? "the purpose is " : "the one who asks is ");
		bl_show_text(b, r->text);
		return;
	case BL_RULE_TIME:
		put_time_rule(b, r);
		return;
	case BL_RULE_DP:
		bl_buf_puts(b, "noise makes it differentially private");
		if (r->num.set) {
			bl_buf_puts(b, ", epsilon at most ");
			put_dec(b, &r->num);
		}
		return;
	case BL_RULE_MIN_ENTITIES:
		bl_buf_printf(b, "at least %llu entities are in every cell%s", n, r->complement ? ", and nobody or as many are left out" : "");
		return;
	case BL_RULE_P_PERCENT:
		bl_buf_puts(b, "no contributor can estimate the largest one's value within ");
		put_dec(b, &r->num);
		bl_buf_puts(b, " %");
		if (n)
			bl_buf_printf(b, ", even together with %llu others", n);
		return;
	case BL_RULE_NK:
		bl_buf_printf(b, "the %llu largest contributors make less than ", n);
		put_dec(b, &r->num);
		bl_buf_puts(b, " % of every sum");
		return;
	case BL_RULE_DIFFERENCING:
		bl_buf_printf(b, "it differs from every earlier answer by nobody or by at least %llu entities%s", n,
			      r->xor_mode ? " (both ways together)" : "");
		return;
	case BL_RULE_ZEROS:
		bl_buf_puts(b, r->allow ? "empty and full cells pass" : "empty cells do not pass");
		return;
	case BL_RULE_DOF:
		bl_buf_printf(b, "variances and regressions have at least %llu degrees of freedom", n);
		return;
	case BL_RULE_ENDPOINTS:
		bl_buf_printf(b, "quantiles have at least %llu entities on both sides", n);
		return;
	case BL_RULE_ALL:
	case BL_RULE_ANY:
	case BL_RULE_AT_LEAST:
		return;
	}
}

static void put_rule(struct bl_buf *b, const struct bl_rule *r, int indent)
{
	bl_buf_printf(b, "%*s", indent, "");
	if (!r->narg)
		put_leaf(b, r);
	else if (r->kind == BL_RULE_AT_LEAST)
		bl_buf_printf(b, "at least %llu of:", (unsigned long long)r->n);
	else
		bl_buf_puts(b, r->kind == BL_RULE_ALL ? "all of:" : "any of:");
	bl_buf_put8(b, '\n');
	for (uint32_t i = 0; i < r->narg; i++)
		put_rule(b, r->arg[i], indent + 2);
}

static void put_when(struct bl_buf *b, const struct bl_policy *p)
{
	static const char *const otherwise[] = {
		"Otherwise it is refused.", "Otherwise it waits for review.", "Otherwise it leaves all the same, with a warning and an entry in the journal.",
	};

	heading(b, "When an answer leaves");
	put_rule(b, p->release, 2);
	bl_buf_printf(b, "  %s\n", otherwise[p->otherwise]);
	if (p->suppress)
		bl_buf_printf(b, "  Cells that fail are withheld%s; the rest leaves.\n", p->secondary ? ", and others from which they could be computed" : "");
	if (p->round)
		bl_buf_printf(b, "  Counts are rounded to multiples of %llu.\n", (unsigned long long)p->round);
	if (p->midpoint)
		bl_buf_printf(b, "  Counts are replaced by the middle of their span of %llu.\n", (unsigned long long)p->midpoint);
	if (p->cell_key)
		bl_buf_puts(b, "  Counts get noise that depends on who is in them.\n");
	if (p->mitigate_dp)
		bl_buf_puts(b, "  Every answer is noisy.\n");
}

/* --- how much, where --- */

static void put_limits(struct bl_buf *b, const struct bl_policy *p)
{
	heading(b, "How much");
	bl_buf_printf(b, "  At most %llu rows, %llu groups and %llu columns in an answer, within %llu s.\n", (unsigned long long)p->limits.rows_out,
		      (unsigned long long)p->limits.groups, (unsigned long long)p->limits.columns_out, (unsigned long long)p->limits.seconds);
	if (p->limits.quantum_ms)
		bl_buf_printf(b, "  Answers come at multiples of %llu ms.\n", (unsigned long long)p->limits.quantum_ms);
	if (p->budget_requests != UINT64_MAX)
		bl_buf_printf(b, "  At most %llu requests of one asker.\n", (unsigned long long)p->budget_requests);
	if (p->budget_refusals != UINT64_MAX)
		bl_buf_printf(b, "  At most %llu refused or cut answers of one asker.\n", (unsigned long long)p->budget_refusals);
	if (bl_json_count(bl_json_get(p->budget, "principals")))
		bl_buf_printf(b, "  Other limits for %zu named keys.\n", bl_json_count(bl_json_get(p->budget, "principals")));
}

static void put_where(struct bl_buf *b, const struct bl_policy *p)
{
	static const char *const classes[] = { "software or better", "tpm2 or better", "hardware" };
	char names[256];

	heading(b, "Where");
	bl_buf_printf(b, "  In a helper of class %s.\n", classes[p->tee_class]);
	if (p->lockdown) {
		bl_mask_print(p->lockdown, names);
		bl_buf_printf(b, "  Locked down at least by: %s.\n", names);
	}
	if (p->delete_after != INT64_MAX) {
		bl_buf_puts(b, "  No keys, and due for shredding, after ");
		put_time(b, p->delete_after);
		bl_buf_puts(b, ".\n");
	}
}

/* --- what not --- */

const char *bl_show_gap(const struct bl_policy *p, size_t at)
{
	const struct bl_rule *r = p->release;
	bool never = bl_lint_never(r), always = !p->mitigate_dp && bl_lint_always(r), rows = false;
	bool tested = !never && !always && !p->mitigate_dp && !bl_lint_covered(r, BL_RULE_DP);	/* some answers are exact */
	bool counted = bl_lint_covered(r, BL_RULE_MIN_ENTITIES);
	const struct bl_doc_column *c;

	for (uint32_t i = 0; (c = bl_lint_each(p, i)); i++)
		rows |= c->uses & BL_USE_PROJECT;
	const struct { bool is; const char *text; } gap[] = {
		{ never && p->otherwise == BL_OTHERWISE_REJECT, "Nothing ever leaves: whoever is to use the table needs another policy." },
		{ always, "Nothing is tested: every answer that the uses of the columns permit leaves as it is." },
		{ !always && p->otherwise == BL_OTHERWISE_LOG, "What fails the rules leaves all the same; it is only recorded." },
		{ rows && (always || (tested && !counted)), "Rows may be printed: whoever may ask may copy the columns that have 'project'." },
		{ tested && !counted, "Some answers leave without a least number of entities." },
		{ tested && bl_lint_has(r, BL_RULE_MIN_ENTITIES) && !p->nentity, "Thresholds count rows: somebody with many rows counts as many." },
		{ tested && !bl_lint_covered(r, BL_RULE_P_PERCENT) && !bl_lint_covered(r, BL_RULE_NK), "One large contributor may be read off a sum." },
		{ tested && !bl_lint_covered(r, BL_RULE_DIFFERENCING), "Two answers may differ by one person." },
		{ tested && bl_lint_has(r, BL_RULE_DIFFERENCING),
		  "Answers are compared in pairs: three or more, taken together, may still single somebody out." },
		{ tested, "Answers are tested as if the asker knew nobody: whoever knows the rest of a group may learn about one of it." },
		{ tested, "Exact answers have no bound on what many of them tell together; only differential privacy has." },
		{ tested && p->budget_refusals == UINT64_MAX, "Refusals are not limited: each tells one bit about who is in a group." },
		{ p->not_after == INT64_MAX, "It never expires." },
		{ p->tee_class == BL_TEE_SOFTWARE, "Root on the helper's machine can read everything (class software)." },
		{ true, "The host sees sizes and times of ciphertext, and that the table is asked." },
	};
	for (size_t i = 0; i < sizeof gap / sizeof *gap; i++)
		if (gap[i].is && !at--)
			return gap[i].text;
	return NULL;
}

void bl_show_print(const struct bl_policy *p, const char *dataset, struct bl_buf *b)
{
	char hash[65];

	bl_text_hex(p->hash, sizeof p->hash, hash);
	if (p->title[0]) {
		bl_show_text(b, p->title);
		bl_buf_put8(b, '\n');
	}
	if (p->note[0]) {
		bl_show_text(b, p->note);
		bl_buf_put8(b, '\n');
	}
	if (!dataset)
		dataset = p->dataset;
	bl_buf_puts(b, "Table ");
	bl_show_text(b, dataset ? dataset : "not named here");
	bl_buf_printf(b, ", policy version %llu, SHA-256 %s\n", (unsigned long long)p->version, hash);
	bl_buf_puts(b, "Counted and protected:");
	for (uint32_t i = 0; i < p->nentity; i++) {
		bl_buf_puts(b, i ? ", " : " each ");
		bl_show_text(b, p->entity[i]);
	}
	bl_buf_puts(b, p->nentity ? "\n" : " each row\n");
	put_who(b, p);
	put_what(b, p);
	put_when(b, p);
	put_limits(b, p);
	put_where(b, p);
	heading(b, "What this does not protect");
	for (size_t i = 0; bl_show_gap(p, i); i++)
		bl_buf_printf(b, "  %s\n", bl_show_gap(p, i));
}
