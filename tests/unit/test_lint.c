/* SPDX-License-Identifier: Apache-2.0 */
/* The linter: each contradiction, each caution, and what this version does not enforce, found where it is and nowhere else. */
#include <stdlib.h>

#include "../tap.h"
#include "policy/doc.h"
#include "policy/show.h"

#define FPR "SHA256:x8fuzt/N/biYNglWwwjpeBJ7On0+DFNrqs7zKmqmGnM"
#define FPR2 "SHA256:8SCFquppnsWOW/NfN0abv4e6nsXph10SVQLoAsku7hY"

/* A policy without a finding but W07, that tests change one member of. */
#define RULES "{\"min_entities\":10},{\"dominance\":{\"p_percent\":10}},{\"differencing\":{}}"
#define RELEASE "\"release\":{\"all\":[" RULES "]}"
#define BASE "\"expires\":\"2030-01-01T00:00:00Z\",\"tee\":{\"class\":\"software\"}"
#define TAIL RELEASE "," BASE

static struct bl_lint l;
static struct bl_err err;

static void lint(const char *members, const struct bl_schema *s)
{
	char *text = NULL;

	bl_lint_fini(&l);
	if (asprintf(&text, "{\"version\":1,\"entity\":\"id\",%s}", members) < 0 || bl_lint_document(&l, text, strlen(text), s, &err))
		abort();
	free(text);
}

static bool has(const char *code, const char *path)
{
	for (size_t i = 0; i < l.n; i++)
		if (!strcmp(l.v[i].code, code) && !strcmp(l.v[i].path, path))
			return true;
	return false;
}

static bool has_code(const char *code)
{
	for (size_t i = 0; i < l.n; i++)
		if (!strcmp(l.v[i].code, code))
			return true;
	return false;
}

static void dump(void)
{
	for (size_t i = 0; i < l.n; i++)
		printf("#   %s %s: %s\n", l.v[i].code, l.v[i].path, l.v[i].text);
}

static void finds(const char *code, const char *path, const char *members)
{
	lint(members, NULL);
	if (!ok(has(code, path), "%s at '%s'", code, path))
		dump();
}

static void not(const char *code, const char *members, const char *promise)
{
	lint(members, NULL);
	if (!ok(!has_code(code), "no %s: %s", code, promise))
		dump();
}

/* E of any kind but `but`. */
static void clean(const char *members, const char *promise)
{
	lint(members, NULL);
	if (!ok(l.errors == 0 && l.n == 1 && has("W07", "tee.class"), "nothing to say but W07: %s", promise))
		dump();
}

static void parse_errors(void)
{
	finds("E01", "colums", "\"colums\":{}");
	is_str(l.v[0].text, "no such member (did you mean 'columns'?)", "with the hint");
	finds("E01", "columns.a.uses[0]", "\"columns\":{\"a\":{\"uses\":[\"read\"]}}," TAIL);
	bl_lint_fini(&l);
	bl_lint_document(&l, "{\"version\":1}", 13, NULL, &err);
	ok(has("E02", "entity"), "E02 without an entity");
	bl_lint_fini(&l);
	bl_lint_document(&l, "{", 1, NULL, &err);
	ok(has_code("E01") && l.errors == 1, "E01 for what is no JSON");
	clean("\"columns\":{\"a\":{\"uses\":[\"group\"]}}," TAIL, "a plain policy");
}

static void table(void)
{
	struct bl_column c[] = { { "id", { BL_TYPE_INT, 0, 0 } }, { "pay", { BL_TYPE_DECIMAL, 9, 2 } }, { "city", { BL_TYPE_TEXT, 0, 0 } } };
	struct bl_schema s = { 3, c };

	lint("\"columns\":{\"town\":{}}," TAIL, &s);
	ok(has("E01", "columns"), "a column that the table lacks");
	s.n = 0;
	lint("\"columns\":{}," TAIL, &s);
	ok(has("E02", "entity"), "E02: an entity that the table lacks");
	s.n = 3;
	lint("\"columns\":{\"pay\":{\"uses\":[\"filter\"]},\"city\":{\"uses\":[\"filter\"]}}," TAIL, &s);
	ok(has("W10", "columns.pay.grid") && !has("W10", "columns.city.grid"), "W10 of the numbers in the table, not of its texts");
	lint("\"columns\":{\"*\":{\"uses\":[\"filter\"]}}," TAIL, &s);
	ok(has("W10", "columns.*.grid"), "W10 of * that covers a number");
}

static void contradictions(void)
{
	finds("E03", "columns.a.uses", "\"columns\":{\"a\":{\"class\":\"identifier\",\"uses\":[\"group\"]}}," TAIL);
	finds("E03", "columns.a.uses", "\"columns\":{\"a\":{\"class\":\"quasi\",\"uses\":[\"project\"]}}," TAIL);
	finds("E03", "columns.a.functions", "\"columns\":{\"a\":{\"class\":\"identifier\",\"uses\":[\"aggregate\"],\"functions\":[\"sum\"]}}," TAIL);
	not("E03", "\"columns\":{\"a\":{\"class\":\"identifier\",\"uses\":[\"aggregate\"]},\"b\":{\"uses\":[\"project\"]}}," TAIL, "the default class has no ceiling");
	bl_lint_fini(&l);
	bl_lint_document(&l, "{\"version\":1,\"entity\":\"row\",\"columns\":{\"a\":{\"class\":\"identifier\",\"uses\":[\"aggregate\"]}}," TAIL "}",
			 sizeof "{\"version\":1,\"entity\":\"row\",\"columns\":{\"a\":{\"class\":\"identifier\",\"uses\":[\"aggregate\"]}}," TAIL "}" - 1, NULL, &err);
	ok(has("E04", "columns.a.uses"), "E04: rows counted where an identifier is in use");

	static const struct { unsigned k, base; bool good; } rounds[] = {
		{ 6, 5, false }, { 8, 5, true }, { 10, 5, false }, { 13, 5, true }, { 3, 5, true }, { 5, 10, true }, { 10, 10, false }, { 15, 10, true },
	};
	for (size_t i = 0; i < sizeof rounds / sizeof *rounds; i++) {
		char m[256];
		snprintf(m, sizeof m, "\"release\":{\"min_entities\":%u},\"mitigate\":{\"round\":%u}", rounds[i].k, rounds[i].base);
		lint(m, NULL);
		is_int(has("E05", "mitigate.round"), !rounds[i].good, "k %u and base %u: %s", rounds[i].k, rounds[i].base, rounds[i].good ? "passes" : "E05");
	}
	lint("\"release\":{\"min_entities\":10},\"mitigate\":{\"round\":5}", NULL);
	ok(strstr(l.v[0].text, "a k like 13"), "E05 proposes the next k that passes");
	finds("E05", "mitigate.midpoint", "\"release\":{\"min_entities\":10},\"mitigate\":{\"midpoint\":6}");
	not("E05", "\"release\":{\"min_entities\":7},\"mitigate\":{\"midpoint\":6}", "k 7 and midpoint 6");

	finds("E06", "columns.a.class", "\"columns\":{\"a\":{\"uses\":[\"group\"]}},\"otherwise\":\"log\"," TAIL);
	finds("E06", "columns.a.class", "\"columns\":{\"a\":{\"uses\":[\"aggregate\"],\"class\":\"identifier\"}},\"otherwise\":\"log\"," TAIL);
	finds("E06", "columns.a.uses", "\"columns\":{\"a\":{\"uses\":[\"project\"],\"class\":\"public\"}},\"otherwise\":\"log\"," TAIL);
	finds("E06", "otherwise", "\"dp\":{},\"otherwise\":\"log\"," TAIL);
	finds("E06", "otherwise", "\"combine\":{\"with\":[\"self\"]},\"otherwise\":\"log\"," TAIL);
	finds("E06", "otherwise", "\"template\":\"gdpr\",\"otherwise\":\"log\"," TAIL);
	not("E06", "\"columns\":{\"a\":{\"uses\":[\"group\"],\"class\":\"public\"},\"b\":{}},\"otherwise\":\"log\"," TAIL, "public columns, and hidden ones");

	finds("E07", "mitigate", "\"mitigate\":{\"round\":5,\"midpoint\":6}," TAIL);
	finds("E07", "mitigate", "\"mitigate\":{\"dp\":true,\"midpoint\":6}," TAIL);
	finds("E07", "mitigate.suppress", "\"mitigate\":{\"dp\":true,\"suppress\":{}}," TAIL);
	not("E07", "\"dp\":{},\"mitigate\":{\"round\":5,\"suppress\":{}}," TAIL, "suppress, round and a dp section");
	finds("E08", "expressions", "\"expressions\":\"any\"," TAIL);
	finds("E08", "expressions", "\"expressions\":\"any\",\"release\":{\"any\":[{\"dp\":true},{\"min_entities\":10}]}");
	not("E08", "\"expressions\":\"any\",\"release\":true", "nothing is tested");
	not("E08", "\"expressions\":\"any\",\"release\":{\"all\":[{\"dp\":true},{\"purpose\":\"x\"}]}", "all is dp");
	not("E08", "\"expressions\":\"any\",\"mitigate\":{\"dp\":true}," TAIL, "all is noisy");

	finds("E09", "columns.a.bounds", "\"dp\":{},\"columns\":{\"a\":{\"uses\":[\"aggregate\"]}}," TAIL);
	finds("E09", "columns.a.bounds", "\"dp\":{},\"columns\":{\"a\":{\"uses\":[\"aggregate\"],\"bounds\":[0,\"100000000000000\"]}}," TAIL);
	not("E09", "\"dp\":{},\"columns\":{\"a\":{\"uses\":[\"aggregate\"],\"functions\":[\"sum\"],\"bounds\":[0,\"100000000000000\"]}}," TAIL, "a sum of as much");
	not("E09", "\"dp\":{},\"columns\":{\"a\":{\"uses\":[\"aggregate\"],\"functions\":[\"count\"]},\"b\":{\"uses\":[\"group\"]}}," TAIL, "counts");
	not("E09", "\"columns\":{\"a\":{\"uses\":[\"aggregate\"]}}," TAIL, "without dp");

	finds("E10", "review", "\"otherwise\":\"review\"," TAIL);
	finds("E10", "review.approvers", "\"otherwise\":\"review\",\"review\":{}," TAIL);
	finds("E10", "review.n", "\"review\":{\"approvers\":[\"" FPR "\"],\"n\":2}," TAIL);
	finds("E10", "review.n", "\"review\":{\"approvers\":[\"" FPR "\"]},\"principals\":[{\"role\":\"analyst\",\"key\":\"" FPR "\"}]," TAIL);
	not("E10", "\"review\":{\"approvers\":[\"" FPR "\"]},\"principals\":[{\"role\":\"analyst\",\"key\":\"" FPR2 "\"}]," TAIL, "somebody else approves");

	finds("E11", "release", "\"release\":false");
	finds("E11", "release", "\"note\":\"\"");
	finds("E11", "release", "\"release\":{\"all\":[{\"min_entities\":5},false]}");
	finds("E11", "release", "\"release\":{\"at_least\":{\"n\":2,\"of\":[{\"min_entities\":5},false]}}");
	finds("E11", "release.any", "\"release\":{\"any\":[true,{\"min_entities\":5}]}");
	finds("E11", "release.any", "\"release\":{\"any\":[{\"all\":[true,true]},{\"all\":[{\"min_entities\":5}]}]}");
	not("E11", "\"release\":{\"any\":[{\"principal\":\"" FPR "\"},{\"min_entities\":5}]}", "true for one is not true for everybody");
	finds("E12", "columns.a.grid", "\"columns\":{\"a\":{\"uses\":[\"aggregate\"],\"functions\":[\"quantile\"]}},\"release\":{\"endpoints\":5}");
	not("E12", "\"columns\":{\"a\":{\"uses\":[\"aggregate\"],\"functions\":[\"quantile\"],\"grid\":1}},\"release\":{\"endpoints\":5}", "with a grid");
	finds("E13", "template", "\"template\":\"x\"," TAIL);
	finds("E13", "requires", "\"template\":\"ccpa\",\"requires\":{\"no_reidentification\":true}," TAIL);
	finds("E14", "dp.delta", "\"dp\":{\"delta\":\"1e-4\"}," TAIL);
	finds("E14", "budget.dataset", "\"budget\":{\"dataset\":{\"delta\":\"0.00002\"}}," TAIL);
	finds("E14", "budget.dataset", "\"dp\":{\"max_epsilon\":2},\"budget\":{\"dataset\":{\"epsilon\":\"1.5\"}}," TAIL);
	finds("E14", "budget.principal", "\"budget\":{\"dataset\":{\"epsilon\":1},\"principal\":{\"epsilon\":2}}," TAIL);
	finds("E14", "budget.principals." FPR, "\"budget\":{\"dataset\":{\"delta\":\"1e-9\"},\"principals\":{\"" FPR "\":{\"delta\":\"1e-8\"}}}," TAIL);
	not("E14", "\"dp\":{\"max_epsilon\":1,\"delta\":\"1e-5\"},\"budget\":{\"dataset\":{\"epsilon\":1},\"principal\":{\"epsilon\":1}}," TAIL, "equal ones");
	finds("E15", "valid.not_after", "\"valid\":{\"not_before\":\"2030-01-02T00:00:00Z\",\"not_after\":\"2030-01-01T00:00:00Z\"}," RELEASE);
	finds("E15", "release.time", "\"release\":{\"time\":{\"after\":\"2030-01-02T00:00:00Z\",\"before\":\"2030-01-01T00:00:00Z\"}}");
	finds("E16", "principals[0].cert", "\"principals\":[{\"role\":\"analyst\",\"cert\":{\"subject\":\"O=x\"}}]," TAIL);
	finds("E16", "principals[1].oidc", "\"principals\":[{\"role\":\"analyst\",\"any\":true},{\"role\":\"analyst\",\"oidc\":{\"issuer\":\"i\",\"jwks\":\"" FPR "\"}}]," TAIL);
}

static void not_enforced(void)
{
	static const struct { const char *path, *members; } all[] = {
		{ "dp", "\"dp\":{}," TAIL }, { "release.dp", "\"release\":{\"dp\":true}" }, { "release.any[3].endpoints", "\"release\":{\"any\":[" RULES ",{\"endpoints\":5}]}" },
		{ "release.all[1].endpoints", "\"release\":{\"all\":[{\"min_entities\":9},{\"endpoints\":5}]}" },
		{ "mitigate.cell_key", "\"mitigate\":{\"cell_key\":{\"table\":\"t\"}}," TAIL }, { "mitigate.dp", "\"mitigate\":{\"dp\":true}," TAIL },
		{ "otherwise", "\"otherwise\":\"review\"," TAIL }, { "review", "\"review\":{}," TAIL },
		{ "principals[0].cert", "\"principals\":[{\"role\":\"analyst\",\"cert\":{\"ca\":\"" FPR "\"}}]," TAIL },
		{ "principals[0].oidc", "\"principals\":[{\"role\":\"analyst\",\"oidc\":{}}]," TAIL },
		{ "columns.a.ingest", "\"columns\":{\"a\":{\"ingest\":\"drop\"}}," TAIL }, { "columns.*.ingest", "\"columns\":{\"*\":{\"ingest\":{\"prefix\":2}}}," TAIL },
		{ "template", "\"template\":\"gdpr\"," TAIL }, { "requires", "\"requires\":{}," TAIL },
		{ "amend", "\"amend\":{\"of\":[\"" FPR "\"],\"n\":1}," TAIL }, { "tee.rollback", RELEASE ",\"tee\":{\"rollback\":\"tpm\"}" },
		{ "tee.technologies", RELEASE ",\"tee\":{\"class\":\"tpm2\",\"technologies\":[]}" }, { "tee.min_tcb", RELEASE ",\"tee\":{\"class\":\"software\",\"min_tcb\":{\"snp\":3}}" },
		{ "tee.measurements", RELEASE ",\"tee\":{\"class\":\"software\",\"measurements\":[]}" }, { "budget.window", "\"budget\":{\"window\":\"month\"}," TAIL },
		{ "budget.dataset.epsilon", "\"budget\":{\"dataset\":{\"epsilon\":1}}," TAIL },
		{ "budget.principals." FPR ".delta", "\"budget\":{\"principals\":{\"" FPR "\":{\"delta\":\"1e-9\"}}}," TAIL },
		{ "budget.purpose", "\"budget\":{\"purpose\":{\"x\":{}}}," TAIL }, { "expressions", "\"expressions\":\"polynomial\"," TAIL },
	};
	static const struct { const char *path, *members; } idle[] = {
		{ "combine", "\"combine\":{\"with\":[\"self\"]}," TAIL }, { "train", "\"train\":{\"dp\":\"required\"}," TAIL }, { "infer", "\"infer\":{\"to\":\"owner\"}," TAIL },
		{ "plot", "\"plot\":{\"kinds\":[]}," TAIL }, { "derive", "\"derive\":\"sealed\"," TAIL }, { "columns.a.uses", "\"columns\":{\"a\":{\"uses\":[\"join\"]}}," TAIL },
		{ "tee.debug", RELEASE ",\"tee\":{\"class\":\"tpm2\",\"debug\":true}" },
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		finds("E17", all[i].path, all[i].members);
	for (size_t i = 0; i < sizeof idle / sizeof *idle; i++) {
		finds("W17", idle[i].path, idle[i].members);
		is_int(l.errors, 0, "and that is no error: %s", idle[i].path);
	}
	finds("W18", "tee.class", RELEASE);
	finds("W18", "tee.class", RELEASE ",\"tee\":{\"technologies\":[\"sev-snp\"],\"measurements\":[],\"min_tcb\":{\"snp\":3}}");
	is_int(l.errors, 0, "and what the platform must be is kept, at the grant");
	finds("W18", "tee.class", RELEASE ",\"tee\":{\"class\":\"tpm2\"}");
	clean("\"columns\":{\"a\":{\"uses\":[\"filter\",\"group\",\"aggregate\"],\"class\":\"quasi\",\"functions\":[\"count\",\"avg\"],\"bounds\":[0,9],\"domain\":[1],"
	      "\"grid\":1,\"bin\":1,\"scale\":0,\"tag\":[\"x\"],\"ingest\":\"keep\"}},\"principals\":[{\"role\":\"auditor\",\"key\":\"" FPR "\"}],\"purposes\":[\"p\"],"
	      "\"release\":{\"any\":[{\"all\":[{\"principal\":\"" FPR "\"}," RULES "]},{\"all\":[{\"role\":\"analyst\"},{\"purpose\":\"p\"},{\"time\":{\"days\":\"1-5\"}}," RULES
	      ",{\"dominance\":{\"nk\":[2,85]}},{\"zeros\":\"suppress\"},{\"dof\":{\"min\":10}},{\"at_least\":{\"n\":1,\"of\":[" RULES "]}}]}]},"
	      "\"mitigate\":{\"suppress\":{\"secondary\":true}},\"budget\":{\"principal\":{\"epsilon\":0,\"requests\":9,\"refusals\":9},\"principals\":{\"" FPR
	      "\":{\"requests\":1}},\"window\":\"none\"},\"limits\":{\"groups\":9},\"retention\":{\"delete_after\":\"2031-01-01T00:00:00Z\"},"
	      "\"derive\":\"none\",\"combine\":{},\"expires\":\"2030-01-01T00:00:00Z\",\"tee\":{\"class\":\"software\",\"lockdown\":[\"nnp\"],\"rollback\":\"none\"}",
	      "all that is enforced");
}

static void cautions(void)
{
	static const struct { const char *code, *path, *members; } all[] = {
		{ "W01", "columns.*.uses", "\"columns\":{\"*\":{\"uses\":[\"group\"]}}," TAIL },
		{ "W02", "release.min_entities", "\"release\":{\"min_entities\":4}," BASE },
		{ "W03", "release", "\"release\":{\"min_entities\":10}," BASE },
		{ "W04", "release", "\"columns\":{\"a\":{\"uses\":[\"aggregate\"]}},\"release\":{\"all\":[{\"min_entities\":10},{\"differencing\":{}}]}," BASE },
		{ "W04", "release", "\"columns\":{\"a\":{\"uses\":[\"aggregate\"]}},\"release\":{\"any\":[{\"min_entities\":10},{\"dominance\":{\"p_percent\":10}}]}," BASE },
		{ "W05", "release.zeros", "\"release\":{\"zeros\":\"allow\"}," BASE },
		{ "W06", "budget.window", "\"budget\":{\"window\":\"month\"}," TAIL },
		{ "W08", "limits.quantum_ms", "\"dp\":{},\"limits\":{\"quantum_ms\":0}," TAIL },
		{ "W09", "principals", "\"principals\":[{\"role\":\"analyst\",\"any\":true}]," TAIL },
		{ "W10", "columns.a.grid", "\"columns\":{\"a\":{\"uses\":[\"filter\"],\"bounds\":[0,9]}}," TAIL },
		{ "W11", "release.min_entities", "\"release\":{\"min_entities\":{\"k\":10,\"complement\":false}}," BASE },
		{ "W12", "mitigate.suppress.secondary", "\"mitigate\":{\"suppress\":{\"secondary\":false}}," TAIL },
		{ "W13", "expires", RELEASE },
		{ "W14", "columns.a.like", "\"columns\":{\"a\":{\"like\":true}}," TAIL },
		{ "W15", "release.differencing", "\"release\":{\"differencing\":{\"k\":9,\"mode\":\"xor\"}}," BASE },
		{ "W16", "mitigate.cell_key", "\"mitigate\":{\"cell_key\":{}}," TAIL },
		{ "W19", "columns.id.uses", "\"columns\":{\"id\":{\"uses\":[\"filter\"]}}," TAIL },
		{ "W19", "columns.*.uses", "\"columns\":{\"*\":{\"uses\":[\"group\"]}}," TAIL },
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		finds(all[i].code, all[i].path, all[i].members);
	not("W08", "\"dp\":{}," TAIL, "dp pads by default");
	not("W10", "\"columns\":{\"a\":{\"uses\":[\"filter\"],\"bounds\":[0,9],\"domain\":[1,2]}}," TAIL, "a list of public values");
	not("W19", "\"columns\":{\"id\":{\"uses\":[\"aggregate\"]},\"a\":{\"uses\":[\"filter\"]}}," TAIL, "who somebody is cannot be asked for");
	not("W19", "\"columns\":{\"id\":{\"uses\":[\"filter\"]}},\"release\":true,\"otherwise\":\"reject\"", "nothing is tested");
	not("W03", "\"release\":{\"any\":[{\"all\":[" RULES "]},{\"dp\":true}]}", "dp needs no differencing");
	lint("\"principals\":[{\"role\":\"analyst\",\"any\":true}],\"note\":\"because\"," TAIL, NULL);
	ok(has_code("W09") && strcmp(l.v[1].text, "anybody with a key may ask; say why in note"), "W09 with a reason asks for none");
}

static void check(void)
{
	static const char good[] = "{\"version\":1,\"entity\":\"id\"," TAIL "}", bad[] = "{\"version\":1,\"entity\":\"id\",\"review\":{},\"mitigate\":{\"round\":7}," TAIL "}";
	struct bl_policy p;
	uint64_t requests, refusals;

	bl_doc_parse(&p, good, sizeof good - 1, &err);
	is_int(bl_lint_check(&p, NULL, &err), 0, "warnings do not stop a policy");
	bl_doc_fini(&p);
	bl_doc_parse(&p, bad, sizeof bad - 1, &err);
	ok(bl_lint_check(&p, NULL, &err) && err.code == BL_CONFIG, "an error does: class 78");
	is_str(err.msg, "E05 mitigate.round: with base 7 the smallest count that release.all[0].min_entities lets through would show through: take a k like 11",
	       "with the first of them");
	bl_doc_fini(&p);
	static const char limits[] = "{\"version\":1,\"entity\":\"id\",\"budget\":{\"principal\":{\"requests\":5},\"principals\":{\"" FPR "\":{\"refusals\":0}}}}";
	bl_doc_parse(&p, limits, sizeof limits - 1, &err);
	bl_doc_limits(&p, FPR, &requests, &refusals);
	ok(requests == 5 && refusals == 0, "one asker's own limits stand before everybody's");
	bl_doc_limits(&p, FPR2, &requests, &refusals);
	ok(requests == 5 && refusals == UINT64_MAX, "others have everybody's");
	bl_doc_fini(&p);
}

/* What show says of a policy's gaps. */
static bool gap(const char *members, const char *text)
{
	char *s = NULL;
	struct bl_policy p;
	struct bl_buf b;
	bool found = false;

	if (asprintf(&s, "{\"version\":1,\"entity\":\"id\",%s}", members) < 0 || bl_doc_parse(&p, s, strlen(s), &err))
		abort();
	for (size_t i = 0; bl_show_gap(&p, i); i++)
		found |= !!strstr(bl_show_gap(&p, i), text);
	bl_buf_init(&b, 1 << 20);
	bl_show_print(&p, NULL, &b);
	bl_buf_put8(&b, 0);
	if (b.failed || !strstr((char *)b.p, "What this does not protect"))
		abort();
	bl_buf_fini(&b);
	bl_doc_fini(&p);
	free(s);
	return found;
}

static void gaps(void)
{
	ok(gap(TAIL, "three or more"), "show says that differencing is pairwise");
	ok(gap(TAIL, "Refusals are not limited"), "and that unlimited refusals search");
	ok(!gap("\"budget\":{\"principal\":{\"refusals\":9}}," TAIL, "Refusals"), "but not when they are limited");
	ok(gap(TAIL, "Root"), "and who class software does not hold against");
	ok(!gap(RELEASE, "Root"), "but not of class hardware");
	ok(gap("\"release\":{\"min_entities\":9}", "differ by one person"), "and that nothing compares answers");
	ok(gap("\"release\":true", "Nothing is tested"), "and that nothing is tested");
	ok(gap("\"release\":{\"purpose\":\"x\"},\"columns\":{\"*\":{\"uses\":[\"project\"]}}", "Rows may be printed"), "and that rows may be printed");
}

int main(void)
{
	bl_json_init();
	parse_errors();
	table();
	contradictions();
	not_enforced();
	cautions();
	check();
	gaps();
	bl_lint_fini(&l);
	return tap_done();
}
