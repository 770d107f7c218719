/* SPDX-License-Identifier: Apache-2.0 */
/* words: see words.h. */
#include "policy/words.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/time.h"

enum { ARENA = 8 << 20 };

/* --- rules --- */

const char *bl_words_name(enum bl_rule_kind kind)
{
	switch (kind) {
	case BL_RULE_PRINCIPAL: return "principal";
	case BL_RULE_ROLE: return "role";
	case BL_RULE_PURPOSE: return "purpose";
	case BL_RULE_TIME: return "time";
	case BL_RULE_DP: return "dp";
	case BL_RULE_MIN_ENTITIES: return "min_entities";
	case BL_RULE_P_PERCENT: case BL_RULE_NK: return "dominance";
	case BL_RULE_DIFFERENCING: return "differencing";
	case BL_RULE_ZEROS: return "zeros";
	case BL_RULE_DOF: return "dof";
	case BL_RULE_ENDPOINTS: return "endpoints";
	default: return "release";
	}
}

static void put_stamp(char *out, size_t size, size_t *n, const char *word, int64_t seconds)
{
	char text[BL_TIME_TEXT];

	bl_time_print_stamp(seconds * 1000000, text);
	*n += (size_t)snprintf(out + *n, size - *n, " %s %s", word, text);
}

static void put_time(const struct bl_rule *r, char out[BL_WORDS_RULE])
{
	static const char *const day[] = { "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday" };
	size_t n = (size_t)snprintf(out, BL_WORDS_RULE, "it is asked");
	unsigned first = 0, last = 6;

	if (r->after > INT64_MIN)
		put_stamp(out, BL_WORDS_RULE, &n, "from", r->after);
	if (r->before < INT64_MAX)
		put_stamp(out, BL_WORDS_RULE, &n, "before", r->before);
	if (r->hour_from || r->hour_to < 24)
		n += (size_t)snprintf(out + n, BL_WORDS_RULE - n, " between %02u:00 and %02u:00 UTC", (unsigned)r->hour_from, (unsigned)r->hour_to);
	while (first < 6 && !(r->days >> first & 1))
		first++;
	while (last > first && !(r->days >> last & 1))
		last--;
	if (r->days != 127)
		snprintf(out + n, BL_WORDS_RULE - n, " from %s to %s", day[first], day[last]);
}

void bl_words_rule(const struct bl_rule *r, char out[BL_WORDS_RULE])
{
	unsigned long long n = r->n, others = n ? n + 1 : 2;
	char num[BL_NUM_TEXT] = "";

	if (r->num.set)
		bl_num_print_dec(r->num.v, r->num.scale, num);
	switch (r->kind) {
	case BL_RULE_MIN_ENTITIES:
		if (r->complement)
			snprintf(out, BL_WORDS_RULE, "at least %llu entities are in it, and none or at least %llu outside it", n, n);
		else
			snprintf(out, BL_WORDS_RULE, "at least %llu entities are in it", n);
		return;
	case BL_RULE_P_PERCENT:
		snprintf(out, BL_WORDS_RULE, "all but its %llu largest contributions come to at least %s %% of the largest", others, num);
		return;
	case BL_RULE_NK:
		snprintf(out, BL_WORDS_RULE, "its %llu largest contributions come to less than %s %% of the total", n, num);
		return;
	case BL_RULE_DIFFERENCING:
		snprintf(out, BL_WORDS_RULE, "it differs from every earlier answer by no entity or by at least %llu%s", n, r->xor_mode ? " in all" : " either way");
		return;
	case BL_RULE_ZEROS:
		snprintf(out, BL_WORDS_RULE, r->allow ? "it may be empty, or the same for all of a group" : "it is not empty, and not the same for nearly all of a group");
		return;
	case BL_RULE_DOF:
		if (r->num.set)
			snprintf(out, BL_WORDS_RULE, "at least %llu degrees of freedom are left, and at most %s parameters a value", n, num);
		else
			snprintf(out, BL_WORDS_RULE, "at least %llu degrees of freedom are left", n);
		return;
	case BL_RULE_ENDPOINTS:
		snprintf(out, BL_WORDS_RULE, "at least %llu entities are on either side of a quantile", n);
		return;
	case BL_RULE_PRINCIPAL:
		snprintf(out, BL_WORDS_RULE, "the asker is %s", r->text);
		return;
	case BL_RULE_ROLE:
		snprintf(out, BL_WORDS_RULE, "the asker's role is %s", r->text);
		return;
	case BL_RULE_PURPOSE:
		snprintf(out, BL_WORDS_RULE, "the purpose is '%s'", r->text);
		return;
	case BL_RULE_TIME:
		put_time(r, out);
		return;
	case BL_RULE_DP:
		snprintf(out, BL_WORDS_RULE, "it is made differentially private%s%s", num[0] ? ", epsilon at most " : "", num);
		return;
	case BL_RULE_TRUE:
		snprintf(out, BL_WORDS_RULE, "always");
		return;
	case BL_RULE_FALSE:
		snprintf(out, BL_WORDS_RULE, "never");
		return;
	case BL_RULE_ALL:
		snprintf(out, BL_WORDS_RULE, "all of these");
		return;
	case BL_RULE_ANY:
		snprintf(out, BL_WORDS_RULE, "any of these");
		return;
	case BL_RULE_AT_LEAST:
		snprintf(out, BL_WORDS_RULE, "at least %llu of these", n);
		return;
	}
	snprintf(out, BL_WORDS_RULE, "unknown");
}

void bl_words_param(const struct bl_rule *r, char out[BL_WORDS_RULE])
{
	const unsigned long long n = r->n;
	char num[BL_NUM_TEXT] = "";

	if (r->num.set)
		bl_num_print_dec(r->num.v, r->num.scale, num);
	*out = '\0';
	switch (r->kind) {
	case BL_RULE_MIN_ENTITIES:
	case BL_RULE_DOF:
		snprintf(out, BL_WORDS_RULE, "%llu", n);
		return;
	case BL_RULE_DIFFERENCING:
		snprintf(out, BL_WORDS_RULE, "%llu, %s", n, r->xor_mode ? "xor" : "either");
		return;
	case BL_RULE_P_PERCENT:
		snprintf(out, BL_WORDS_RULE, n ? "p_percent %s, coalition %llu" : "p_percent %s", num, n);
		return;
	case BL_RULE_NK:
		snprintf(out, BL_WORDS_RULE, "nk [%llu, %s]", n, num);
		return;
	case BL_RULE_ZEROS:
		snprintf(out, BL_WORDS_RULE, "%s", r->allow ? "allow" : "suppress");
		return;
	default:			/* static rules are the judge's to explain */
		return;
	}
}

void bl_words_place(const struct bl_rule *r, char out[2 * BL_WORDS_RULE])
{
	char param[BL_WORDS_RULE];

	bl_words_param(r, param);
	if (*param)
		snprintf(out, 2 * BL_WORDS_RULE, "%s (%s), %s", bl_words_name(r->kind), param, r->path);
	else
		snprintf(out, 2 * BL_WORDS_RULE, "%s, %s", bl_words_name(r->kind), r->path);
}

const char *bl_words_otherwise(enum bl_otherwise o)
{
	return o == BL_OTHERWISE_LOG ? "log" : o == BL_OTHERWISE_REVIEW ? "review" : "reject";
}

const char *bl_words_class(enum bl_class c)
{
	static const char *const names[] = {
		[BL_CLASS_SENSITIVE] = "sensitive", [BL_CLASS_DEFAULT] = "sensitive", [BL_CLASS_IDENTIFIER] = "identifier", [BL_CLASS_QUASI] = "quasi",
		[BL_CLASS_PUBLIC] = "public",
	};
	return (unsigned)c < sizeof names / sizeof *names ? names[c] : "sensitive";
}

const char *bl_words_role(enum bl_role r)
{
	static const char *const names[] = { "none", "owner", "custodian", "analyst", "auditor", "operator" };

	return (unsigned)r < sizeof names / sizeof *names ? names[r] : "none";
}

/* --- tables --- */

void bl_words_init(struct bl_words_table *t, uint32_t ncol)
{
	*t = (struct bl_words_table){ .ncol = ncol };
	bl_arena_init(&t->arena, ARENA);
}

void bl_words_fini(struct bl_words_table *t)
{
	bl_arena_fini(&t->arena);
}

void bl_words_row(struct bl_words_table *t, const char *const *cell)
{
	const char **grown = t->cell;

	if (t->failed)
		return;
	if (!(t->nrow & (t->nrow - 1))) {	/* none, or full: capacities are powers of two */
		grown = bl_arena_array(&t->arena, (t->nrow ? 2 * (size_t)t->nrow : 1) * t->ncol, sizeof *grown);
		if (grown && t->nrow)
			memcpy(grown, t->cell, (size_t)t->nrow * t->ncol * sizeof *grown);
	}
	t->failed = !grown;
	for (uint32_t i = 0; i < t->ncol && !t->failed; i++) {
		const char *s = cell[i] ? cell[i] : "";
		grown[t->nrow * t->ncol + i] = bl_arena_strndup(&t->arena, s, strlen(s));
		t->failed = !grown[t->nrow * t->ncol + i];
	}
	if (!t->failed) {
		t->cell = grown;
		t->nrow++;
	}
}

static size_t width(const char *s)
{
	return bl_text_columns(s, strlen(s));
}

/* Two spaces between columns, none at the end of a line. */
void bl_words_print(const struct bl_words_table *t, struct bl_buf *b)
{
	size_t wide[8] = { 0 };

	b->failed = b->failed || t->failed;
	for (uint32_t r = 0; r < t->nrow; r++)
		for (uint32_t c = 0; c < t->ncol; c++)
			if (width(t->cell[r * t->ncol + c]) > wide[c])
				wide[c] = width(t->cell[r * t->ncol + c]);
	for (uint32_t r = 0; r < t->nrow; r++) {
		size_t owed = 0;
		for (uint32_t c = 0; c < t->ncol; c++) {
			const char *s = t->cell[r * t->ncol + c];
			for (; *s && owed; owed--)
				bl_buf_put8(b, ' ');
			bl_buf_puts(b, s);
			owed += wide[c] ? wide[c] - width(s) + 2 : 0;
		}
		bl_buf_puts(b, "\n");
	}
}
