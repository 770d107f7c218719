/* SPDX-License-Identifier: Apache-2.0 */
/* Policy documents: the strict grammar, canonical bytes, defaults, the release expression, the fit to a table. */
#include <stdlib.h>

#include "../tap.h"
#include "crypt/hash.h"
#include "policy/doc.h"

#define FPR "SHA256:qOiozwBgUCsXPRM2CmpnvgTmyJUFdHN+VPVFm8cdrOc"
#define FPR2 "SHA256:SMA6YXCz6DrTbhYK4zX2MIkcnPaq4p191fkZ/JoF2SQ"

static struct bl_policy p;
static struct bl_err err;

static int parse(const char *s)
{
	bl_doc_fini(&p);
	err = (struct bl_err){ 0 };
	return bl_doc_parse(&p, s, strlen(s), &err);
}

/* {"version":1,"entity":"id", MEMBERS} */
static int with(const char *members)
{
	char *s = NULL;
	int rc;

	if (asprintf(&s, "{\"version\":1,\"entity\":\"id\",%s}", members) < 0)
		abort();
	rc = parse(s);
	free(s);
	return rc;
}

static void refuses(const char *members, const char *message, const char *promise)
{
	int rc = with(members);

	ok(rc && err.code == BL_CONFIG, "%s: class 78", promise);
	is_str(err.msg, message, "%s: %s", promise, message);
}

static void defaults(void)
{
	is_int(parse("{\"version\":3,\"entity\":\"id\"}"), 0, "version and entity are all a policy needs");
	ok(p.version == 3 && p.nentity == 1 && !strcmp(p.entity[0], "id") && !p.dataset, "their values are read");
	ok(!p.ncolumn && !p.star && !bl_doc_column_of(&p, "x"), "no columns: every column is hidden");
	ok(!p.nprincipal && !p.has_purposes, "no principals: the owner alone; purposes are not asked for");
	is_int(p.release->kind, BL_RULE_FALSE, "no release expression: false");
	ok(p.otherwise == BL_OTHERWISE_REJECT && !p.suppress && !p.round && !p.midpoint, "what fails is rejected, nothing is mitigated");
	is_int(p.tee_class, BL_TEE_HARDWARE, "the default class of helper is hardware");
	is_int(p.expressions, BL_EXPR_AFFINE, "expressions are affine");
	ok(p.limits.rows_out == 10000 && p.limits.groups == 10000 && p.limits.columns_out == 64 && p.limits.sql_bytes == 32768 &&
	   p.limits.seconds == 60 && p.limits.quantum_ms == 0, "limits have their defaults");
	ok(p.not_before == INT64_MIN && p.not_after == INT64_MAX && p.delete_after == INT64_MAX, "no times: open");
	ok(p.budget_requests == UINT64_MAX && p.budget_refusals == UINT64_MAX, "no budget: requests and refusals are not limited");
	is_int(parse("{\"version\":1,\"entity\":\"row\"}"), 0, "\"row\" is an entity");
	is_int(p.nentity, 0, "\"row\" is no column");
	parse("{\"version\":1,\"entity\":[\"row\"]}");
	is_int(p.nentity, 1, "[\"row\"] is a column called row");
	with("\"dp\":{}");
	is_int(p.limits.quantum_ms, 100, "with dp replies are padded by default");
}

static void strictness(void)
{
	refuses("\"colums\":{}", "colums: no such member", "a misspelled member");
	is_str(err.hint, "did you mean 'columns'?", "and the nearest one is hinted at");
	refuses("\"columns\":{\"Age\":{\"uses\":[\"filter\",\"filter\"]}}", "columns.Age.uses[1]: given twice", "a use given twice");
	refuses("\"columns\":{\"Age\":{\"use\":[]}}", "columns.Age.use: no such member", "an unknown member of a column");
	refuses("\"columns\":{\"Age\":{\"like\":1}}", "columns.Age.like: neither true nor false", "a mistyped member");
	refuses("\"columns\":{\"Age\":{\"like\":null}}", "columns.Age.like: neither true nor false", "null is not a value");
	refuses("\"columns\":{\"Age\":{\"bounds\":[1]}}", "columns.Age.bounds: not a list of two: [lower, upper]", "half of the bounds");
	refuses("\"columns\":{\"Age\":{\"bounds\":[2,\"1.5\"]}}", "columns.Age.bounds: the lower one is above the upper one", "swapped bounds");
	refuses("\"columns\":{\"Age\":{\"grid\":0}}", "columns.Age.grid: not above 0", "a grid of 0");
	refuses("\"columns\":{\"Age\":{\"scale\":19}}", "columns.Age.scale: not in 0..18", "a scale of 19");
	refuses("\"columns\":{\"\":{}}", "columns.: an empty name", "a column without a name");
	refuses("\"limits\":{\"groups\":\"5\"}", "limits.groups: not an integer", "a number in quotes where a count is meant");
	refuses("\"limits\":{\"groups\":5.0}", "limits.groups: not an integer", "a real where a count is meant");
	refuses("\"limits\":{\"groups\":-1}", "limits.groups: not in 0..9007199254740991", "a negative limit");
	refuses("\"format\":\"bl-policy/2\"", "format: not one of: bl-policy/1", "another version of the grammar");
	refuses("\"purposes\":[]", "purposes: empty", "an empty list of purposes");
	refuses("\"principals\":[{\"role\":\"analyst\"}]", "principals[0]: exactly one of key, cert, oidc, any is needed", "a principal nobody is");
	refuses("\"principals\":[{\"role\":\"owner\",\"any\":true}]", "principals[0].role: not one of: custodian analyst auditor operator",
		"another owner than the one in the header");
	refuses("\"principals\":[{\"role\":\"analyst\",\"any\":false}]", "principals[0].any: only true may stand here", "any: false");
	refuses("\"principals\":[{\"role\":\"analyst\",\"key\":\"SHA256:x\"}]",
		"principals[0].key: not a fingerprint (SHA256: and 43 characters of base64, as bl-keygen -l prints it)", "a broken fingerprint");
	refuses("\"review\":{\"approvers\":[\"" FPR "\",\"" FPR "\"]}", "review.approvers[1]: given twice", "an approver who would count twice");
	refuses("\"expires\":\"2030-01-01T00:00:00Z\",\"valid\":{\"not_after\":\"2030-01-01T00:00:00Z\"}", "expires: valid.not_after is given too",
		"two ends");
	refuses("\"expires\":\"2030-01-01\"", "expires: not a time like 2030-01-31T00:00:00Z", "a date where a time is meant");
	refuses("\"mitigate\":{\"midpoint\":7}", "mitigate.midpoint: not an even number", "an odd midpoint");
	refuses("\"tee\":{\"lockdown\":[\"seccom\"]}", "tee.lockdown[0]: no such layer of the helper's lockdown", "an unknown layer");
	refuses("\"budget\":{\"principals\":{\"me\":{}}}", "budget.principals.me: not a fingerprint", "an account of nobody");
	refuses("\"title\":\"a\\u0007b\"", "title: holds a control character", "a title that rings");
	ok(parse("{\"version\":1,\"version\":1,\"entity\":\"id\"}") && err.code == BL_CONFIG, "a member given twice: class 78");
	ok(parse("{\"version\":0,\"entity\":\"id\"}") && !strcmp(err.msg, "version: not in 1..9007199254740991"), "version 0 is none");
	ok(parse("{\"entity\":\"id\"}") && !strcmp(err.msg, "version: missing"), "version is required");
	ok(parse("{\"version\":1}") && !strcmp(err.msg, "entity: missing"), "entity is required");
	ok(parse("[]") && !strcmp(err.msg, "not an object"), "a list is no policy");
	ok(parse("{\"version\":1,\"entity\":\"id\"} x") && err.code == BL_CONFIG, "nothing may follow");
	ok(with("\"note\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]") && err.code == BL_CONFIG, "depth is bounded");
}

static void numbers(void)
{
	is_int(with("\"columns\":{\"a\":{\"bounds\":[0.5,1e3],\"grid\":1e-9,\"domain\":[0.1,-2.50,3.0]}}"), 0, "reals are taken");
	is_str(p.canonical, "{\"columns\":{\"a\":{\"bounds\":[\"0.5\",\"1000\"],\"domain\":[\"0.1\",\"-2.5\",\"3\"],\"grid\":\"0.000000001\"}},"
	       "\"entity\":\"id\",\"version\":1}", "and are canonicalised to their shortest decimal text");
	ok(p.column[0].lo.v == 5 && p.column[0].lo.scale == 1 && p.column[0].hi.v == 1000, "bounds are exact decimals");
	ok(p.column[0].grid.v == 1 && p.column[0].grid.scale == 9, "so is the grid");
	refuses("\"columns\":{\"a\":{\"grid\":1e-19}}", "columns.a.grid: a number of more than 18 digits before or after the point", "a real too fine");
	refuses("\"columns\":{\"a\":{\"grid\":1e300}}", "columns.a.grid: a number of more than 18 digits before or after the point", "a real too large");
	refuses("\"columns\":{\"a\":{\"grid\":\"1e3\"}}",
		"columns.a.grid: not a number (an integer, or a decimal with at most 18 digits before and after the point)", "an exponent in a string");
	refuses("\"columns\":{\"a\":{\"grid\":\"01\"}}",
		"columns.a.grid: not a number (an integer, or a decimal with at most 18 digits before and after the point)", "a leading zero");
	ok(with("\"columns\":{\"a\":{\"grid\":9007199254740992}}") && err.code == BL_CONFIG, "integers end below 2^53");
	is_int(with("\"budget\":{\"dataset\":{\"delta\":\"1e-9\",\"epsilon\":\"0.123456789012\"}}"), 0, "a delta may have an exponent");
	refuses("\"budget\":{\"dataset\":{\"epsilon\":\"0.1234567890123\"}}", "budget.dataset.epsilon: more than 12 digits after the point",
		"an epsilon finer than the ledger");
	refuses("\"budget\":{\"dataset\":{\"delta\":1}}", "budget.dataset.delta: not in [0, 1)", "a delta of 1");
}

static void canonical(void)
{
	uint8_t hash[32], first[32];
	char *copy;

	is_int(parse(" { \"entity\" : \"i\\u0064\\u00e9\",\n \"version\" : 1, \"note\":\"\\u0041\\/\\n\" } "), 0, "white space and escapes are taken");
	is_str(p.canonical, "{\"entity\":\"id\xc3\xa9\",\"note\":\"A/\\n\",\"version\":1}", "canonical bytes: sorted, dense, shortest escapes");
	bl_hash_sha256(p.canonical, p.canonical_len, hash);
	ok(!memcmp(hash, p.hash, 32), "the hash is SHA-256 of them");
	memcpy(first, p.hash, 32);
	copy = strdup(p.canonical);
	ok(copy && !parse(copy) && !memcmp(first, p.hash, 32), "canonical bytes are a fixed point");
	free(copy);
}

static void columns(void)
{
	is_int(with("\"columns\":{\"b\":{\"uses\":[\"filter\",\"infer\"],\"class\":\"public\",\"functions\":[\"min\",\"count\"],\"like\":true,"
		    "\"scale\":2,\"ingest\":\"keep\"},\"a\":{\"class\":\"identifier\",\"uses\":[\"aggregate\"],\"ingest\":{\"cap\":89,\"as\":90}},"
		    "\"*\":{\"uses\":[\"aggregate\"],\"bounds\":[\"2020-01-01\",\"2021-01-01\"]}}"), 0, "columns are read");
	const struct bl_doc_column *a = bl_doc_column_of(&p, "a"), *b = bl_doc_column_of(&p, "b"), *c = bl_doc_column_of(&p, "c");
	ok(p.ncolumn == 2 && a == &p.column[0] && b == &p.column[1], "by name");
	ok(c && c == p.star && !strcmp(c->name, "*"), "* covers the columns that are not listed");
	ok(bl_doc_column_of(&p, "*") == p.star, "* is no column's name");
	ok(b->uses == (BL_USE_FILTER | BL_USE_INFER) && b->class == BL_CLASS_PUBLIC && b->functions == (BL_FN_MIN | BL_FN_COUNT) && b->like &&
	   b->scale == 2 && !b->ingest, "uses, class, functions, like, scale");
	ok(a->functions == (BL_FN_COUNT | BL_FN_COUNT_DISTINCT) && a->ingest, "an identifier's functions are by default those of its class");
	ok(c->functions == BL_FN_ADDITIVE && c->class == BL_CLASS_DEFAULT && c->scale == -1, "functions are by default the additive ones");
	is_str(c->lo_text, "2020-01-01", "bounds may be dates");
	refuses("\"columns\":{\"a\":{\"ingest\":{\"cap\":1}}}", "columns.a.ingest: one transform is needed: prefix, zip3, recode, round, or cap with as",
		"a cap without as");
	refuses("\"columns\":{\"a\":{\"ingest\":{\"prefix\":1,\"round\":5}}}",
		"columns.a.ingest: one transform is needed: prefix, zip3, recode, round, or cap with as", "two transforms");
	refuses("\"columns\":{\"a\":{\"domain\":[]}}", "columns.a.domain: empty", "an empty domain");
	refuses("\"columns\":{\"a\":{\"domain\":[[1]]}}", "columns.a.domain[0]: not a value of a column", "a list in a domain");
	refuses("\"columns\":{\"a\":{\"domain\":{\"from\":2,\"to\":1}}}", "columns.a.domain: 'from' is above 'to'", "a domain from its end");
}

static void release(void)
{
	const struct bl_rule *r;

	is_int(with("\"release\":{\"all\":[{\"min_entities\":{\"k\":10,\"complement\":false}},{\"dominance\":{\"p_percent\":\"12.5\",\"coalition\":1}},"
		    "{\"dominance\":{\"nk\":[2,90]}},{\"differencing\":{\"mode\":\"xor\",\"cells\":7}},{\"zeros\":\"allow\"},"
		    "{\"dof\":{\"min\":10,\"max_ratio\":0.33}},{\"endpoints\":5},{\"at_least\":{\"n\":1,\"of\":[{\"principal\":\"" FPR "\"},"
		    "{\"role\":\"owner\"},{\"purpose\":\"x\"},{\"dp\":{\"max_epsilon\":\"0.5\"}}]}},"
		    "{\"time\":{\"after\":\"2020-01-01T00:00:00Z\",\"hours\":\"08-18\",\"days\":\"1-5\"}}]}"), 0, "every rule is read");
	r = p.release;
	ok(r->kind == BL_RULE_ALL && r->narg == 9, "all of nine");
	ok(r->arg[0]->kind == BL_RULE_MIN_ENTITIES && r->arg[0]->n == 10 && !r->arg[0]->complement, "min_entities");
	is_str(r->arg[0]->path, "release.all[0].min_entities", "a rule knows its place");
	ok(r->arg[1]->kind == BL_RULE_P_PERCENT && r->arg[1]->num.v == 125 && r->arg[1]->num.scale == 1 && r->arg[1]->n == 1, "p percent, coalition");
	ok(r->arg[2]->kind == BL_RULE_NK && r->arg[2]->n == 2 && r->arg[2]->num.v == 90, "(n, k)");
	ok(r->arg[3]->kind == BL_RULE_DIFFERENCING && r->arg[3]->n == 10 && r->arg[3]->xor_mode && r->arg[3]->cells == 7,
	   "differencing takes its k from min_entities");
	ok(r->arg[4]->kind == BL_RULE_ZEROS && r->arg[4]->allow, "zeros");
	ok(r->arg[5]->kind == BL_RULE_DOF && r->arg[5]->n == 10 && r->arg[5]->num.v == 33 && r->arg[5]->num.scale == 2, "dof");
	ok(r->arg[6]->kind == BL_RULE_ENDPOINTS && r->arg[6]->n == 5, "endpoints");
	ok(r->arg[7]->kind == BL_RULE_AT_LEAST && r->arg[7]->n == 1 && r->arg[7]->narg == 4, "at_least");
	is_str(r->arg[7]->arg[3]->path, "release.all[7].at_least.of[3].dp", "deep places too");
	ok(r->arg[8]->kind == BL_RULE_TIME && r->arg[8]->after == 1577836800 && r->arg[8]->before == INT64_MAX && r->arg[8]->hour_from == 8 &&
	   r->arg[8]->hour_to == 18 && r->arg[8]->days == 31, "time");
	ok(!with("\"release\":true") && p.release->kind == BL_RULE_TRUE, "true");
	is_int(with("\"release\":{\"min_entities\":5}"), 0, "a bare number is k");
	ok(p.release->n == 5 && p.release->complement && !strcmp(p.release->path, "release.min_entities"), "with the complement by default");
	refuses("\"release\":{\"all\":[]}", "release.all: empty", "an empty all");
	refuses("\"release\":{\"any\":[]}", "release.any: empty", "an empty any");
	refuses("\"release\":{\"at_least\":{\"n\":2,\"of\":[true]}}", "release.at_least.n: more than there are rules", "two of one");
	refuses("\"release\":{\"min_entities\":5,\"zeros\":\"allow\"}", "release: not true, false or an object with exactly one rule", "two rules in one");
	refuses("\"release\":\"true\"", "release: not true, false or an object with exactly one rule", "true in quotes");
	refuses("\"release\":{\"min_entity\":5}", "release.min_entity: no such member", "a misspelled rule");
	is_str(err.hint, "did you mean 'min_entities'?", "is guessed at");
	refuses("\"release\":{\"min_entities\":0}", "release.min_entities: not in 1..9007199254740991", "k 0");
	refuses("\"release\":{\"differencing\":{}}", "release.differencing: k is missing, and there is no min_entities to take it from",
		"differencing without any k");
	refuses("\"release\":{\"dominance\":{}}", "release.dominance: either p_percent (with coalition, if wanted) or nk is needed", "dominance of nothing");
	refuses("\"release\":{\"time\":{\"hours\":\"18-08\"}}", "release.time.hours: not hours of a day like 08-18", "hours backwards");
	refuses("\"release\":{\"time\":{\"days\":\"0-5\"}}", "release.time.days: not days of a week like 1-5, Monday is 1", "day 0");
	refuses("\"release\":{\"dp\":false}", "release.dp: only true may stand here", "dp: false");
	is_int(with("\"release\":{\"all\":[{\"all\":[{\"all\":[{\"all\":[{\"all\":[{\"all\":[true]}]}]}]}]}]}"), 0, "six deep");
	refuses("\"release\":{\"all\":[{\"all\":[{\"all\":[{\"all\":[{\"all\":[{\"all\":[{\"all\":[{\"all\":[true]}]}]}]}]}]}]}]}",
		"line 1: nested too deeply", "deeper than the document may be");
}

static void rest(void)
{
	is_int(with("\"principals\":[{\"role\":\"custodian\",\"key\":\"" FPR "\"},{\"role\":\"analyst\",\"cert\":{\"ca\":\"" FPR2 "\",\"subject\":\"O=x\"}},"
		    "{\"role\":\"auditor\",\"oidc\":{\"issuer\":\"i\"}},{\"any\":true,\"role\":\"operator\"}],\"purposes\":[\"a\",\"b\"],"
		    "\"otherwise\":\"log\",\"mitigate\":{\"suppress\":{},\"round\":{\"base\":5}},\"expressions\":\"any\",\"derive\":\"sealed\","
		    "\"budget\":{\"principal\":{\"requests\":3,\"refusals\":2}},\"limits\":{\"quantum_ms\":7},"
		    "\"valid\":{\"not_before\":\"2020-01-01T00:00:00Z\",\"not_after\":\"2020-01-02T01:00:00+01:00\"},"
		    "\"retention\":{\"delete_after\":\"2020-01-01T00:00:01Z\"},\"tee\":{\"class\":\"tpm2\",\"lockdown\":[\"nodump\",\"seccomp\"]}"),
	       0, "the other members are read");
	ok(p.nprincipal == 4 && p.principal[0].role == BL_ROLE_CUSTODIAN && p.principal[0].who == BL_WHO_KEY && !strcmp(p.principal[0].fpr, FPR),
	   "a principal by key");
	ok(p.principal[1].role == BL_ROLE_ANALYST && p.principal[1].who == BL_WHO_CERT && p.principal[2].role == BL_ROLE_AUDITOR &&
	   p.principal[2].who == BL_WHO_OIDC && p.principal[3].role == BL_ROLE_OPERATOR && p.principal[3].who == BL_WHO_ANY, "and by other ways");
	ok(p.has_purposes && p.npurpose == 2 && !strcmp(p.purpose[1], "b"), "purposes");
	ok(p.otherwise == BL_OTHERWISE_LOG && p.suppress && p.secondary && p.round == 5 && !p.midpoint, "otherwise, suppress (secondary by default), round");
	ok(p.expressions == BL_EXPR_ANY && p.derive_sealed && p.budget_requests == 3 && p.budget_refusals == 2 && p.limits.quantum_ms == 7,
	   "expressions, derive, budget, limits");
	ok(p.not_before == 1577836800 && p.not_after == 1577923200 && p.delete_after == 1577836801, "times");
	ok(p.tee_class == BL_TEE_TPM2 && p.lockdown == ((1u << 1) | (1u << 10)), "tee");
	with("\"expires\":\"2020-01-01T00:00:00Z\",\"mitigate\":{\"suppress\":{\"secondary\":false,\"as\":\"null\"},\"midpoint\":6}");
	ok(p.not_after == 1577836800 && p.suppress && !p.secondary && p.midpoint == 6, "expires is valid.not_after");
}

static void schema(void)
{
	struct bl_column c[] = {
		{ "id", { BL_TYPE_INT, 0, 0 } }, { "pay", { BL_TYPE_DECIMAL, 9, 2 } }, { "day", { BL_TYPE_DATE, 0, 0 } },
		{ "city", { BL_TYPE_TEXT, 0, 0 } }, { "x", { BL_TYPE_DOUBLE, 0, 0 } }, { "yes", { BL_TYPE_BOOL, 0, 0 } },
	};
	struct bl_schema s = { 6, c };
	static const struct { const char *members, *message; } bad[] = {
		{ "\"columns\":{\"Id\":{}}", "columns: the table has no column 'Id'" },
		{ "\"columns\":{\"pay\":{\"scale\":1}}", "columns.pay.scale: does not fit column 'pay' of type decimal(9,2)" },
		{ "\"columns\":{\"pay\":{\"bounds\":[0,\"0.001\"]}}", "columns.pay.bounds: does not fit column 'pay' of type decimal(9,2)" },
		{ "\"columns\":{\"id\":{\"domain\":[1,\"x\"]}}", "columns.id.domain: does not fit column 'id' of type bigint" },
		{ "\"columns\":{\"id\":{\"grid\":0.5}}", "columns.id.grid: does not fit column 'id' of type bigint" },
		{ "\"columns\":{\"city\":{\"bin\":5}}", "columns.city.bin: does not fit column 'city' of type text" },
		{ "\"columns\":{\"city\":{\"domain\":[5]}}", "columns.city.domain: does not fit column 'city' of type text" },
		{ "\"columns\":{\"city\":{\"bounds\":[\"a\",\"b\"]}}", "columns.city.bounds: does not fit column 'city' of type text" },
		{ "\"columns\":{\"day\":{\"bounds\":[\"2020-01-02\",\"2020-01-01\"]}}", "columns.day.bounds: the lower one is above the upper one" },
		{ "\"columns\":{\"day\":{\"bounds\":[\"2020-01-01\",\"2020-02-30\"]}}", "columns.day.bounds: does not fit column 'day' of type date" },
		{ "\"columns\":{\"yes\":{\"domain\":[2]}}", "columns.yes.domain: does not fit column 'yes' of type bool" },
		{ "\"columns\":{\"*\":{\"grid\":1}}", "columns.*.grid: does not fit column 'day' of type date" },
	};

	is_int(with("\"columns\":{\"*\":{\"like\":true},\"pay\":{\"scale\":2,\"bounds\":[0,\"99.99\"],\"grid\":0.5,\"bin\":10},\"city\":{\"domain\":[\"a\",null]},"
		    "\"day\":{\"bounds\":[\"2020-01-01\",\"2020-12-31\"],\"domain\":[\"2020-01-01\"]},\"yes\":{\"domain\":[true,0]},"
		    "\"x\":{\"bounds\":[0,0.123456],\"grid\":0.1},\"id\":{\"domain\":{\"from\":1,\"to\":9,\"step\":2}}}"), 0, "a policy for a table");
	is_int(bl_doc_check_schema(&p, &s, &err), 0, "fits it");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		with(bad[i].members);
		ok(bl_doc_check_schema(&p, &s, &err) && err.code == BL_CONFIG, "class 78: %s", bad[i].members);
		is_str(err.msg, bad[i].message, "%s", bad[i].message);
	}
	parse("{\"version\":1,\"entity\":[\"id\",\"person\"]}");
	ok(bl_doc_check_schema(&p, &s, &err) && !strcmp(err.msg, "entity: the table has no column 'person'"), "an entity that the table lacks");
}

int main(void)
{
	bl_json_init();
	defaults();
	strictness();
	numbers();
	canonical();
	columns();
	release();
	rest();
	schema();
	bl_doc_fini(&p);
	return tap_done();
}
