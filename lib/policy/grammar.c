/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grammar: every member that a policy may have, as tables. Ranges here keep numbers sane; what contradicts something else
 * in the document is for lint.c to say.
 */
#include <string.h>

#include "base/mask.h"
#include "base/text.h"
#include "policy/grammar.h"

const char bl_grammar_uses[] = "project filter group join aggregate train infer";
const char bl_grammar_functions[] = "count count_distinct sum avg var stddev covar corr regr min max quantile";
const char bl_grammar_classes[] = "identifier quasi sensitive public";
const char bl_grammar_roles[] = "custodian analyst auditor operator";

enum { NAME_MAX_ = BL_TYPE_NAME - 1, MANY = 1000, WORD_MAX = 256, TEXT_MAX = 1024 };
#define COUNT_MAX ((INT64_C(1) << 53) - 1)

#define END { .kind = BL_SHAPE_END }
#define MEMBER(n, k, ...) { .name = n, .kind = BL_SHAPE_##k, __VA_ARGS__ }
#define INT(n, low, high) MEMBER(n, INT, .min = low, .max = high)
#define TEXT(n, low, high) MEMBER(n, TEXT, .min = low, .max = high)
#define WORD(n, list) MEMBER(n, WORD, .words = list)
#define WORDS(n, list) MEMBER(n, WORDS, .words = list)
#define OBJECT(n, table) MEMBER(n, OBJECT, .of = table)
#define EPSILON(n) MEMBER(n, DEC, .min = 0, .max = 1000000, .digits = 12)

/* --- what no table can say --- */

/* A list of strings without two alike: an approver or a name that is listed twice counts once at most. */
static int distinct(const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err)
{
	for (size_t i = 0; i < bl_json_count(j); i++)
		for (size_t k = 0; k < i; k++)
			if (!strcmp(bl_json_text(bl_json_item(j, i), NULL), bl_json_text(bl_json_item(j, k), NULL))) {
				struct bl_shape_at item = { at, NULL, i };
				return bl_shape_fail(&item, err, "given twice");
			}
	return 0;
}

/* Column and dataset names: what a header can hold. */
static int name(const struct bl_shape_at *at, const char *s, struct bl_err *err)
{
	size_t n = strlen(s);

	if (!n || n > NAME_MAX_)
		return bl_shape_fail(at, err, n ? "a name longer than %d bytes" : "an empty name", NAME_MAX_);
	for (size_t i = 0; i < n; i++)
		if (bl_text_control(s + i, n - i))
			return bl_shape_fail(at, err, "a name with a control character");
	return 0;
}

static int named(const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err)
{
	const char *s = bl_json_text(j, NULL);

	return s ? name(at, s, err) : bl_shape_fail(at, err, "not a name");
}

static int names(const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err)
{
	for (size_t i = 0; i < bl_json_count(j); i++) {
		const struct bl_json *v;
		struct bl_shape_at member = { at, bl_json_key(j, i, &v), 0 };
		if (name(&member, member.key, err))
			return -1;
	}
	return 0;
}

static int entity(const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err)
{
	size_t n = bl_json_count(j);

	if (bl_json_kind(j) != BL_JSON_ARRAY)
		return bl_json_text(j, NULL) ? named(at, j, err) : bl_shape_fail(at, err, "not a column, a list of columns or \"row\"");
	if (!n || n > 16)
		return bl_shape_fail(at, err, n ? "more than 16 columns" : "empty");
	for (size_t i = 0; i < n; i++) {
		struct bl_shape_at item = { at, NULL, i };
		if (named(&item, bl_json_item(j, i), err))
			return -1;
	}
	return distinct(at, j, err);
}

static bool scalar(const struct bl_json *j)
{
	return bl_json_kind(j) == BL_JSON_BOOL || bl_json_kind(j) == BL_JSON_INT || bl_json_kind(j) == BL_JSON_TEXT;
}

static int bounds(const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err)
{
	const struct bl_json *lo = bl_json_item(j, 0), *hi = bl_json_item(j, 1);
	struct bl_dec a, b;
	bool low, high;

	if (bl_json_kind(j) != BL_JSON_ARRAY || bl_json_count(j) != 2)
		return bl_shape_fail(at, err, "not a list of two: [lower, upper]");
	low = bl_shape_dec(lo, &a);
	high = bl_shape_dec(hi, &b);
	if (low && high)
		return bl_shape_compare(&a, &b) > 0 ? bl_shape_fail(at, err, "the lower one is above the upper one") : 0;
	if (low || high || !bl_json_text(lo, NULL) || !bl_json_text(hi, NULL))
		return bl_shape_fail(at, err, "neither two numbers nor two dates");
	return 0;
}

static int domain(const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err)
{
	static const struct bl_shape steps[] = {
		MEMBER("from", DEC, .min = -COUNT_MAX, .max = COUNT_MAX, .required = true),
		MEMBER("to", DEC, .min = -COUNT_MAX, .max = COUNT_MAX, .required = true),
		MEMBER("step", DEC, .min = 0, .open = true), END,
	};
	static const struct bl_shape range = { .kind = BL_SHAPE_OBJECT, .of = steps };
	struct bl_dec from, to;

	if (bl_json_kind(j) == BL_JSON_OBJECT) {
		if (bl_shape_check(&range, at, j, err))
			return -1;
		if (bl_shape_dec(bl_json_get(j, "from"), &from) && bl_shape_dec(bl_json_get(j, "to"), &to) && bl_shape_compare(&from, &to) > 0)
			return bl_shape_fail(at, err, "'from' is above 'to'");
		return 0;
	}
	if (bl_json_kind(j) != BL_JSON_ARRAY)
		return bl_shape_fail(at, err, "neither a list of values nor {from, to, step}");
	if (!bl_json_count(j))
		return bl_shape_fail(at, err, "empty");
	for (size_t i = 0; i < bl_json_count(j); i++)
		if (!scalar(bl_json_item(j, i)) && bl_json_kind(bl_json_item(j, i)) != BL_JSON_NULL) {
			struct bl_shape_at item = { at, NULL, i };
			return bl_shape_fail(&item, err, "not a value of a column");
		}
	return 0;
}

static int ingest(const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err)
{
	static const struct bl_shape word = WORD(NULL, "keep drop null year month");
	static const struct bl_shape members[] = {
		INT("prefix", 1, 1024), TEXT("zip3", 1, TEXT_MAX), TEXT("recode", 1, TEXT_MAX), MEMBER("round", DEC, .min = 0, .open = true),
		MEMBER("cap", DEC, .min = -COUNT_MAX, .max = COUNT_MAX), MEMBER("as", DEC, .min = -COUNT_MAX, .max = COUNT_MAX), END,
	};
	static const struct bl_shape object = { .kind = BL_SHAPE_OBJECT, .of = members };
	bool capped;

	if (bl_json_kind(j) != BL_JSON_OBJECT)
		return bl_shape_check(&word, at, j, err);
	if (bl_shape_check(&object, at, j, err))
		return -1;
	capped = bl_json_get(j, "cap") && bl_json_get(j, "as");
	if (bl_json_count(j) != (capped ? 2 : 1) || (!capped && (bl_json_get(j, "cap") || bl_json_get(j, "as"))))
		return bl_shape_fail(at, err, "one transform is needed: prefix, zip3, recode, round, or cap with as");
	return 0;
}

/* Exactly one way to know them, and no owner: that is the key in the header. */
static int principal(const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err)
{
	int ways = !!bl_json_get(j, "key") + !!bl_json_get(j, "cert") + !!bl_json_get(j, "oidc") + !!bl_json_get(j, "any");

	return ways == 1 ? 0 : bl_shape_fail(at, err, "exactly one of key, cert, oidc, any is needed");
}

static int round_base(const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err)
{
	static const struct bl_shape base = INT(NULL, 2, 1000000);
	static const struct bl_shape members[] = { MEMBER("base", INT, .min = 2, .max = 1000000, .required = true), END };
	static const struct bl_shape object = { .kind = BL_SHAPE_OBJECT, .of = members };

	return bl_shape_check(bl_json_kind(j) == BL_JSON_OBJECT ? &object : &base, at, j, err);
}

static int even(const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err)
{
	return bl_json_int(j) % 2 ? bl_shape_fail(at, err, "not an even number") : 0;
}

/* An owner's fingerprint, or "self". */
static int partner(const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err)
{
	const char *s = bl_json_text(j, NULL);

	return s && (!strcmp(s, "self") || bl_ident_is_fpr(s)) ? 0 : bl_shape_fail(at, err, "neither a fingerprint nor \"self\"");
}

static int layer(const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err)
{
	return bl_mask_bit(bl_json_text(j, NULL)) >= 0 ? 0 : bl_shape_fail(at, err, "no such layer of the helper's lockdown");
}

static int statement(const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err)
{
	if (bl_json_kind(j) == BL_JSON_ARRAY) {
		for (size_t i = 0; i < bl_json_count(j); i++)
			if (bl_json_kind(bl_json_item(j, i)) != BL_JSON_TEXT)
				return bl_shape_fail(at, err, "a list of strings is needed");
		return 0;
	}
	return scalar(j) ? 0 : bl_shape_fail(at, err, "a string, a number, true, false or a list of strings is needed");
}

/* expires is short for valid.not_after: only one of them can be meant. */
static int document(const struct bl_shape_at *at, const struct bl_json *j, struct bl_err *err)
{
	struct bl_shape_at member = { at, "expires", 0 };

	if (bl_json_get(j, "expires") && bl_json_get(bl_json_get(j, "valid"), "not_after"))
		return bl_shape_fail(&member, err, "valid.not_after is given too");
	return 0;
}

/* --- the tables --- */

static const struct bl_shape word = TEXT(NULL, 1, WORD_MAX), fingerprint = { .kind = BL_SHAPE_FPR },
	dataset = MEMBER(NULL, ANY, .check = named), measurement = MEMBER(NULL, HEX, .min = 32, .max = 64),
	model = MEMBER(NULL, HEX, .min = 32, .max = 32), owner = MEMBER(NULL, ANY, .check = partner),
	bit = MEMBER(NULL, TEXT, .min = 1, .max = 32, .check = layer), said = MEMBER(NULL, ANY, .check = statement),
	number = INT(NULL, 0, COUNT_MAX), share = MEMBER(NULL, DEC, .min = 0, .max = 1);
#define LIST(n, item, low, high) MEMBER(n, LIST, .of = &item, .min = low, .max = high)
#define SET(n, item, low, high) MEMBER(n, LIST, .of = &item, .min = low, .max = high, .check = distinct)

static const struct bl_shape column_members[] = {
	WORDS("uses", bl_grammar_uses), WORD("class", bl_grammar_classes), WORDS("functions", bl_grammar_functions),
	MEMBER("bounds", ANY, .check = bounds), MEMBER("domain", ANY, .check = domain),
	MEMBER("grid", DEC, .min = 0, .open = true), MEMBER("bin", DEC, .min = 0, .open = true),
	MEMBER("like", BOOL), INT("scale", 0, 18), SET("tag", word, 0, 64), MEMBER("ingest", ANY, .check = ingest), END,
};
static const struct bl_shape column = { .kind = BL_SHAPE_OBJECT, .of = column_members };

static const struct bl_shape cert_members[] = { MEMBER("ca", FPR), TEXT("subject", 1, TEXT_MAX), END };
static const struct bl_shape oidc_members[] = {
	TEXT("issuer", 1, TEXT_MAX), TEXT("audience", 1, TEXT_MAX), MEMBER("jwks", FPR),
	MEMBER("claims", MAP, .of = &word, .max = 64), END,
};
static const struct bl_shape principal_members[] = {
	MEMBER("role", WORD, .words = bl_grammar_roles, .required = true), MEMBER("key", FPR), OBJECT("cert", cert_members),
	OBJECT("oidc", oidc_members), MEMBER("any", TRUE), END,
};
static const struct bl_shape principal_shape = { .kind = BL_SHAPE_OBJECT, .of = principal_members, .check = principal };

static const struct bl_shape suppress_members[] = { MEMBER("secondary", BOOL), WORD("as", "null"), END };
static const struct bl_shape cell_key_members[] = {
	TEXT("table", 1, WORD_MAX), MEMBER("variance", DEC, .min = 0, .max = COUNT_MAX, .open = true), INT("max", 1, 1000000), END,
};
static const struct bl_shape mitigate_members[] = {
	OBJECT("suppress", suppress_members), MEMBER("round", ANY, .check = round_base),
	MEMBER("midpoint", INT, .min = 2, .max = 1000000, .check = even), OBJECT("cell_key", cell_key_members), MEMBER("dp", BOOL), END,
};

static const struct bl_shape dp_members[] = {
	EPSILON("max_epsilon"), EPSILON("default_epsilon"), EPSILON("min_epsilon"), MEMBER("delta", DELTA),
	INT("max_rows", 1, 1000000), INT("max_groups", 1, 1000000), WORD("accounting", "pure zcdp"),
	WORD("mechanism", "auto laplace gaussian"), MEMBER("unknown_keys", BOOL), INT("quantum_ms", 0, 3600000), END,
};

static const struct bl_shape spend_members[] = { EPSILON("epsilon"), MEMBER("delta", DELTA), END };
static const struct bl_shape account_members[] = {
	EPSILON("epsilon"), MEMBER("delta", DELTA), INT("requests", 0, COUNT_MAX), INT("refusals", 0, COUNT_MAX), END,
};
static const struct bl_shape account = { .kind = BL_SHAPE_OBJECT, .of = account_members };
static const struct bl_shape budget_members[] = {
	OBJECT("dataset", spend_members), OBJECT("principal", account_members), MEMBER("principals", FPR_MAP, .of = &account, .max = MANY),
	MEMBER("purpose", MAP, .of = &account, .max = MANY), WORD("window", "none month"), END,
};

static const struct bl_shape review_members[] = {
	SET("approvers", fingerprint, 0, MANY), INT("n", 1, MANY), WORDS("covers", "rules uses functions"), MEMBER("preview", BOOL),
	MEMBER("expires", DURATION), WORD("note", "required optional"), END,
};
static const struct bl_shape combine_members[] = {
	SET("with", owner, 0, MANY), SET("datasets", dataset, 0, MANY), MEMBER("analyst_files", BOOL), WORDS("ops", "join union train"), END,
};
static const struct bl_shape train_members[] = {
	SET("models", word, 0, 64), WORD("dp", "required optional"), INT("min_entities", 1, COUNT_MAX), INT("dof", 0, COUNT_MAX),
	MEMBER("max_ratio", DEC, .min = 0, .max = 1), INT("features", 1, COUNT_MAX), INT("epochs", 1, COUNT_MAX),
	WORD("output", "sealed open"), SET("metrics", word, 0, 64), END,
};
static const struct bl_shape infer_members[] = {
	SET("models", model, 0, MANY), WORD("to", "client owner"), SET("outputs", word, 0, 64), END,
};
static const struct bl_shape plot_members[] = {
	WORDS("kinds", "hist bar box line heat pie"), LIST("box", share, 2, 2), END,
};
static const struct bl_shape limits_members[] = {
	INT("rows_out", 0, COUNT_MAX), INT("groups", 0, COUNT_MAX), INT("columns_out", 0, COUNT_MAX), INT("sql_bytes", 0, COUNT_MAX),
	INT("seconds", 0, 86400), INT("quantum_ms", 0, 3600000), END,
};
static const struct bl_shape valid_members[] = { MEMBER("not_before", TIME), MEMBER("not_after", TIME), END };
static const struct bl_shape retention_members[] = { MEMBER("delete_after", TIME, .required = true), END };
static const struct bl_shape tee_members[] = {
	WORD("class", "software tpm2 hardware"), WORDS("technologies", "sev-snp tdx sgx nitro"), SET("measurements", measurement, 0, MANY),
	MEMBER("min_tcb", MAP, .of = &number, .max = 64), MEMBER("debug", BOOL), SET("lockdown", bit, 0, 64),
	WORD("rollback", "none cosign tpm"), END,
};
static const struct bl_shape amend_members[] = {
	MEMBER("of", LIST, .of = &fingerprint, .min = 1, .max = MANY, .required = true, .check = distinct),
	MEMBER("n", INT, .min = 1, .max = MANY, .required = true), END,
};

static const struct bl_shape document_members[] = {
	WORD("format", "bl-policy/1"), MEMBER("version", INT, .min = 1, .max = COUNT_MAX, .required = true),
	MEMBER("dataset", ANY, .check = named), TEXT("title", 0, TEXT_MAX), TEXT("note", 0, TEXT_MAX),
	MEMBER("entity", ANY, .required = true, .check = entity),
	MEMBER("columns", MAP, .of = &column, .max = BL_TYPE_COLUMNS + 1, .check = names),
	LIST("principals", principal_shape, 0, MANY), SET("purposes", word, 1, MANY), MEMBER("release", ANY),
	WORD("otherwise", "reject review log"), OBJECT("mitigate", mitigate_members), WORD("expressions", "affine polynomial any"),
	OBJECT("dp", dp_members), OBJECT("budget", budget_members), OBJECT("review", review_members), OBJECT("combine", combine_members),
	WORD("derive", "none sealed"), OBJECT("train", train_members), OBJECT("infer", infer_members), OBJECT("plot", plot_members),
	OBJECT("limits", limits_members), OBJECT("valid", valid_members), MEMBER("expires", TIME), OBJECT("retention", retention_members),
	OBJECT("tee", tee_members), OBJECT("amend", amend_members), TEXT("template", 1, WORD_MAX),
	MEMBER("requires", MAP, .of = &said, .max = 64), END,
};

int bl_grammar_check(const struct bl_json *j, struct bl_err *err)
{
	static const struct bl_shape whole = { .kind = BL_SHAPE_OBJECT, .of = document_members, .check = document };

	return bl_shape_check(&whole, NULL, j, err);
}
