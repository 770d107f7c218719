/* SPDX-License-Identifier: Apache-2.0 */
/* The appraisal policy and the driver, by a technology made up here: its evidence is what each test sets. */
#include <stdlib.h>

#include "attest/appraise.h"
#include "crypt/mem.h"
#include "../attest.h"
#include "../tap.h"

static struct bl_err err;
static struct bl_evidence e;
static struct bl_evidence_files files;
static struct bl_arena arena;

/* --- a technology: what it says and which checks it makes stands in these --- */

static void (*says)(void), (*checks)(void);
static int parse(struct bl_evidence *x, const uint8_t *p, size_t n, struct bl_err *why)
{
	(void)p;
	if (n > 1)
		return bl_err_set(why, BL_DATA, "too long");
	x->claims = bl_json_new_object();
	if (says)
		says();
	return 0;
}
static int verify(struct bl_evidence *x, const uint8_t *p, size_t n, struct bl_err *why)
{
	(void)p; (void)n; (void)why;
	if (checks)
		checks();
	else
		bl_evidence_pass(x, BL_EVIDENCE_AUTHENTIC, "signature");
	return 0;
}
static bool any(const uint8_t *p, size_t n) { (void)p; return n > 0; }
static const char *const names[] = { "x.bin", NULL };
static struct bl_evidence_tech tech = { .name = "snp", .file = names, .detect = any, .parse = parse, .verify = verify };

/* Appraises under `policy` (NULL: the default column); false when the policy does not parse. */
static bool judge(const char *policy)
{
	struct bl_json *j = policy ? bl_appraise_parse(policy, strlen(policy), &err) : NULL;

	if (policy && !j)
		return false;
	bl_evidence_fini(&e);
	bl_arena_fini(&arena);
	e = (struct bl_evidence){ .tech = &tech, .a = &arena, .files = &files, .policy = j, .time = e.time, .time_signed = e.time_signed };
	bool good = !bl_evidence_run(&e, (const uint8_t *)"x", 1, &err);
	e.policy = NULL;
	bl_json_free(j);
	return good;
}

static const struct bl_evidence_check *check(const char *name)
{
	for (size_t i = 0; i < e.ncheck; i++)
		if (!strcmp(e.check[i].name, name))
			return &e.check[i];
	return NULL;
}

/* "pass", "skip", a reason word, or "none". */
static const char *result(const char *name)
{
	const struct bl_evidence_check *c = check(name);

	return !c ? "none" : c->result == BL_EVIDENCE_PASS ? "pass" : c->result == BL_EVIDENCE_SKIP ? "skip" : c->reason;
}

static void refuses(const char *policy, const char *what)
{
	ok(!bl_appraise_parse(policy, strlen(policy), &err) && err.code == BL_CONFIG, "%s is 78", what);
}

/* --- the grammar --- */

static void test_grammar(void)
{
	static const char all[] = "{\"version\":1,\"types\":[\"snp\",\"receipt\"],\"debug\":\"allow\",\"accepted_tcb_status\":[\"*\"],\"allowed_advisories\":[\"INTEL-SA-00828\"],"
		"\"min_tcb\":{\"snp\":24,\"tee_tcb_svn\":\"0601\",\"isv_svn\":1},\"min_tcb_of\":[\"reported\",\"launch\"],\"min_tcb_date\":\"2024-03-13\",\"min_tcb_evaluation\":17,"
		"\"provisional\":\"allow\",\"collateral\":\"optional\",\"collateral_max_age\":\"7d\",\"collateral_grace\":\"0s\",\"collateral_signer\":[],\"revocation\":\"ignore\","
		"\"evidence_max_age\":\"15m\",\"measurement\":[\"00ff\",\"AB\"],\"signer\":[],\"registers\":{\"rtmr1\":[\"00\"],\"sha256:7\":[]},\"report_data\":{\"prefix\":\"00\"},"
		"\"host_data\":[],\"family_id\":[],\"image_id\":[],\"chip_id\":[],\"report_id\":[],\"mr_seam\":[],\"mr_config_id\":[],\"mr_owner\":[],\"public_key\":[],\"module_id\":[\"i-0\"],\"ak\":[],"
		"\"vmpl\":[0,3],\"migrate_ma\":\"require\",\"smt\":\"refuse\",\"single_socket\":\"allow\",\"min_abi\":\"1.55\",\"min_firmware\":\"1.55.40\",\"product\":\"Milan\","
		"\"masked_chip_id\":\"allow\",\"sept_ve_disable\":\"require\",\"service_td\":\"allow\",\"sha1\":\"allow\",\"min_svn\":2,\"isv_prod_id\":[1],\"must\":[\"signature\"]}";
	static const char *const wrong[] = {
		"{}", "[]", "{\"version\":2}", "{\"version\":1,\"debug\":\"maybe\"}", "{\"version\":1,\"debug\":true}", "{\"version\":1,\"types\":[\"sevsnp\"]}",
		"{\"version\":1,\"types\":[\" snp\"]}", "{\"version\":1,\"debug\":\"refuse allow\"}", "{\"version\":1,\"types\":\"snp\"}", "{\"version\":1,\"measurement\":[\"0\"]}", "{\"version\":1,\"measurement\":[\"0x00\"]}",
		"{\"version\":1,\"measurement\":[7]}", "{\"version\":1,\"min_tcb\":{\"spl\":3}}", "{\"version\":1,\"min_tcb\":{\"snp\":-1}}", "{\"version\":1,\"min_tcb\":{\"tee_tcb_svn\":3}}",
		"{\"version\":1,\"min_tcb_of\":[\"last\"]}", "{\"version\":1,\"min_tcb_date\":\"soon\"}", "{\"version\":1,\"collateral_max_age\":\"7 days\"}", "{\"version\":1,\"collateral_max_age\":7}",
		"{\"version\":1,\"collateral_max_age\":\"9999999999d\"}", "{\"version\":1,\"collateral_signer\":[\"me\"]}", "{\"version\":1,\"registers\":[]}", "{\"version\":1,\"registers\":{\"pcr4\":\"00\"}}",
		"{\"version\":1,\"report_data\":\"00\"}", "{\"version\":1,\"report_data\":{\"equals\":\"00\",\"prefix\":\"00\"}}", "{\"version\":1,\"report_data\":{}}", "{\"version\":1,\"report_data\":{\"suffix\":\"00\"}}",
		"{\"version\":1,\"vmpl\":0}", "{\"version\":1,\"vmpl\":[\"0\"]}", "{\"version\":1,\"min_abi\":\"1\"}", "{\"version\":1,\"min_abi\":\"1.x\"}", "{\"version\":1,\"min_firmware\":1.55}",
		"{\"version\":1,\"product\":7}", "{\"version\":1,\"min_svn\":1.5}", "{\"version\":1,\"must\":\"signature\"}", "{\"version\":1,\"debug\":\"allow\",\"debug\":\"refuse\"}", "{\"version\":1} x",
	};
	struct bl_json *j = bl_appraise_parse(all, sizeof all - 1, &err);

	ok(j, "every member of the guide parses");
	bl_json_free(j);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		refuses(wrong[i], wrong[i]);
	refuses("{\"version\":1,\"min_tbc\":{}}", "an unknown member");
	ok(strstr(err.hint, "'min_tcb'"), "and the one that was meant is named");
	refuses("{\"version\":1,\"measurement\":[[[[[[[[[]]]]]]]]]}", "a policy that nests");
	char *big = malloc(BL_APPRAISE_MAX + 8);
	memset(big, ' ', BL_APPRAISE_MAX + 8);
	ok(!bl_appraise_parse(big, BL_APPRAISE_MAX + 8, &err) && err.code == BL_CONFIG, "a policy of more than its most bytes is 78");
	free(big);
}

/* --- values --- */

static void plain(void)
{
	bl_evidence_word(&e, "measurement", "\xab\xcd", 2);
	bl_evidence_word(&e, "signer", "\x01", 1);
	bl_evidence_word(&e, "signer", "\x02", 1);
	bl_evidence_word(&e, "report_data", "\x11\x22\x00\x00", 4);
	bl_evidence_word(&e, "rtmr1", "\x77", 1);
	bl_evidence_word_int(&e, "vmpl", 0);
	bl_evidence_word_int(&e, "migrate_ma", 0);
	bl_evidence_word_int(&e, "smt", 1);
	bl_evidence_word_int(&e, "isv_svn", 4);
	bl_evidence_word_text(&e, "firmware", "1.55.9");
	bl_evidence_word_text(&e, "module_id", "i-0");
	bl_evidence_word(&e, "tee_tcb_svn", "\x06\x01\x03", 3);
	e.product = "Milan";
}

static void is_result(const char *members, const char *name, const char *want, const char *what)
{
	char policy[512];

	snprintf(policy, sizeof policy, "{\"version\":1,%s}", members);
	ok(judge(policy), "%s: a policy", members);
	is_str(result(name), want, "%s: %s", members, what);
	is_int(bl_evidence_verdict(&e), !strcmp(want, "pass") || !strcmp(want, "skip"), "%s: verdict", members);
}

static void test_values(void)
{
	says = plain;
	is_result("\"measurement\":[\"00\",\"ABCD\"]", "measurement", "pass", "one of the list, in either case");
	is_result("\"measurement\":[\"ab\",\"abcdef\"]", "measurement", "measurement", "neither a prefix nor more");
	is_result("\"measurement\":[]", "measurement", "measurement", "an empty list accepts nothing");
	is_result("\"signer\":[\"02\"]", "signer", "pass", "either of two signers");
	is_result("\"host_data\":[\"02\"]", "host-data", "skip", "what the evidence does not say is skipped");
	is_result("\"host_data\":[\"02\"],\"must\":[\"host-data\"]", "must", "missing-check", "and fails where it must be");
	is_result("\"must\":[\"no-such-check\"]", "must", "missing-check", "as does a check that nobody makes");
	is_result("\"must\":[\"signature\"]", "must", "pass", "not one that was made");
	is_result("\"registers\":{\"rtmr1\":[\"77\"]}", "registers", "pass", "a register");
	is_result("\"registers\":{\"rtmr1\":[\"78\"]}", "registers", "registers", "another value");
	is_result("\"registers\":{\"rtmr1\":[\"77\"],\"pcr4\":[\"00\"]},\"must\":[\"registers\"]", "must", "missing-check", "one register of two is not enough");
	is_result("\"report_data\":{\"equals\":\"1122\"}", "report-data", "pass", "zeros after it");
	is_result("\"report_data\":{\"equals\":\"11\"}", "report-data", "report-data", "equals is no prefix");
	is_result("\"report_data\":{\"prefix\":\"11\"}", "report-data", "pass", "a prefix is");
	is_result("\"report_data\":{\"prefix\":\"1122000000\"}", "report-data", "report-data", "more than there is");
	is_result("\"vmpl\":[1,2]", "vmpl", "vmpl", "another level");
	is_result("\"migrate_ma\":\"require\"", "migrate-ma", "policy-bits", "a bit that is required");
	is_result("\"smt\":\"refuse\"", "smt", "policy-bits", "a bit that is refused");
	is_result("\"single_socket\":\"require\"", "single-socket", "skip", "a bit that nobody told");
	is_result("\"min_svn\":5", "svn", "tcb-min", "too low");
	ok(strstr(check("svn")->detail, "needs svn >= 5, has 4"), "says how far off");
	is_result("\"min_svn\":4", "svn", "pass", "high enough");
	is_result("\"min_firmware\":\"1.55.40\"", "firmware", "tcb-min", "versions are numbers, not text");
	is_result("\"min_firmware\":\"1.55\"", "firmware", "pass", "two parts are enough");
	is_result("\"min_abi\":\"1.55\"", "abi", "skip", "no ABI told");
	is_result("\"min_tcb\":{\"tee_tcb_svn\":\"0601\"}", "tcb-min", "pass", "components");
	is_result("\"min_tcb\":{\"tee_tcb_svn\":\"050104\"}", "tcb-min", "tcb-min", "component by component");
	ok(strstr(check("tcb-min")->detail, "needs tee_tcb_svn[2] >= 4, has 3"), "with the place");
	is_result("\"product\":\"milan\"", "product", "pass", "product");
	is_result("\"product\":[\"Genoa\",\"Turin\"]", "product", "product", "another product");
	is_result("\"module_id\":[\"i-1\"]", "module-id", "module-id", "text");
	is_result("\"types\":[\"snp\"]", "type", "pass", "type");
	is_result("\"types\":[\"tdx\"]", "type", "type", "another type");
	ok(judge(NULL), "no policy");
	is_str(result("measurement"), "none", "by default no measurement is asked for");
	is_str(result("vmpl"), "pass", "but VMPL 0 is");
	is_str(result("service-td"), "none", "what cannot apply is not listed");
}

static void bad_bits(void)
{
	bl_evidence_word_int(&e, "vmpl", 3);
	bl_evidence_word_int(&e, "migrate_ma", 1);
	bl_evidence_word_int(&e, "masked_chip_id", 1);
	bl_evidence_word_int(&e, "service_td", 1);
	bl_evidence_word_int(&e, "sha1", 1);
	bl_evidence_word_int(&e, "smt", 1);
	bl_evidence_word_int(&e, "single_socket", 0);
	bl_evidence_word_int(&e, "sept_ve_disable", 0);
	e.has_debug = e.debug = true;
}

static void test_defaults(void)
{
	static const struct { const char *check, *want; } want[] = {
		{ "debug", "debug" }, { "vmpl", "vmpl" }, { "migrate-ma", "policy-bits" }, { "masked-chip-id", "masked-chip-id" }, { "service-td", "policy-bits" },
		{ "sha1", "sha1" }, { "smt", "pass" }, { "single-socket", "pass" }, { "sept-ve-disable", "pass" },
	};

	says = bad_bits;
	judge(NULL);
	for (size_t i = 0; i < sizeof want / sizeof *want; i++)
		is_str(result(want[i].check), want[i].want, "by default %s: %s", want[i].check, want[i].want);
	is_int(bl_evidence_authentic(&e), 1, "what only the policy refuses is authentic");
	is_str(bl_evidence_reason(&e)->reason, "debug", "the first failed check is the reason");
	judge("{\"version\":1,\"debug\":\"allow\",\"vmpl\":[3],\"migrate_ma\":\"allow\",\"masked_chip_id\":\"allow\",\"service_td\":\"allow\",\"sha1\":\"allow\"}");
	ok(bl_evidence_verdict(&e), "all of it may be allowed");
}

/* --- TCB --- */

static unsigned committed_snp;
static void with_tcb(void)
{
	e.ntcb = 3;
	e.tcb[0] = (struct bl_evidence_tcb){ "reported", { "snp", "microcode" }, { 23, 219 }, 2 };
	e.tcb[1] = (struct bl_evidence_tcb){ "committed", { "snp", "microcode" }, { committed_snp, 219 }, 2 };
	e.tcb[2] = (struct bl_evidence_tcb){ "current", { "snp", "microcode" }, { 24, 219 }, 2 };
}

static void test_tcb(void)
{
	says = with_tcb;
	committed_snp = 24;
	is_result("\"min_tcb\":{\"snp\":23}", "tcb-min", "pass", "enough");
	is_result("\"min_tcb\":{\"snp\":24}", "tcb-min", "tcb-min", "not enough");
	ok(strstr(check("tcb-min")->detail, "needs snp >= 24, has 23"), "says what is needed and what there is");
	is_result("\"min_tcb\":{\"snp\":24},\"min_tcb_of\":[\"committed\",\"current\"]", "tcb-min", "pass", "of others");
	is_result("\"min_tcb\":{\"snp\":24},\"min_tcb_of\":[\"current\",\"reported\"]", "tcb-min", "tcb-min", "of all that are named");
	is_result("\"min_tcb\":{\"fmc\":1},\"must\":[\"tcb-min\"]", "must", "missing-check", "a part that is not there is no pass");
	is_str(result("provisional"), "pass", "committed firmware is not provisional");
	committed_snp = 22;
	judge(NULL);
	is_str(result("provisional"), "provisional", "firmware that is not committed is provisional");
	is_result("\"provisional\":\"allow\"", "provisional", "pass", "which may be allowed");
}

static const char *status, *date;
static void with_status(void)
{
	e.has_status = true;
	e.tcb_status = status;
	e.tcb_date = date;
	e.advisory[0] = "INTEL-SA-00828";
	e.nadvisory = 1;
	snprintf(e.shortfall, sizeof e.shortfall, "module TDX_01: isvsvn 6, needs 11");
	bl_evidence_word_int(&e, "tcb_evaluation", 17);
}

static void test_status(void)
{
	tech.name = "tdx";
	says = NULL;
	judge(NULL);
	is_str(result("collateral"), "collateral-missing", "TDX wants TCB info by default");
	is_int(bl_evidence_authentic(&e), 1, "but what is missing forges nothing");
	is_result("\"collateral\":\"optional\"", "tcb-status", "skip", "without it the status is skipped");
	is_result("\"collateral\":\"optional\",\"must\":[\"tcb-status\"]", "must", "missing-check", "and fails where it must be");
	says = with_status;
	status = "OutOfDate";
	date = "2024-03-13T00:00:00Z";
	is_result("\"collateral\":\"optional\"", "tcb-status", "tcb-status", "OutOfDate is not accepted by default");
	ok(strstr(check("tcb-status")->detail, "OutOfDate (2024-03-13), accepted: UpToDate; module TDX_01: isvsvn 6, needs 11"), "and the shortfall spelled out: %s", check("tcb-status")->detail);
	is_result("\"collateral\":\"optional\",\"accepted_tcb_status\":[\"UpToDate\",\"OutOfDate\"]", "tcb-status", "pass", "unless it is listed");
	is_result("\"collateral\":\"optional\",\"accepted_tcb_status\":[\"*\"]", "tcb-status", "pass", "or any is");
	is_result("\"collateral\":\"optional\",\"accepted_tcb_status\":[\"*\"],\"allowed_advisories\":[]", "advisories", "tcb-status", "an advisory that is not allowed");
	is_result("\"collateral\":\"optional\",\"accepted_tcb_status\":[\"*\"],\"allowed_advisories\":[\"INTEL-SA-00828\"]", "advisories", "pass", "and one that is");
	is_result("\"collateral\":\"optional\",\"accepted_tcb_status\":[\"*\"],\"min_tcb_date\":\"2024-03-14\"", "tcb-date", "tcb-min", "a TCB too old");
	is_result("\"collateral\":\"optional\",\"accepted_tcb_status\":[\"*\"],\"min_tcb_date\":\"2024-03-13\"", "tcb-date", "pass", "old enough");
	is_result("\"collateral\":\"optional\",\"accepted_tcb_status\":[\"*\"],\"min_tcb_evaluation\":18", "tcb-evaluation", "tcb-min", "an evaluation too old");
	status = NULL;
	is_result("\"collateral\":\"optional\",\"accepted_tcb_status\":[\"*\"]", "tcb-status", "tcb-not-supported", "no level is refused by every policy");
	tech.name = "snp";
}

/* --- authenticity, time --- */

static const char *fails;
static void one_failure(void)
{
	bl_evidence_pass(&e, BL_EVIDENCE_AUTHENTIC, "first");
	bl_evidence_fail(&e, BL_EVIDENCE_AUTHENTIC, "second", fails, "a \x1b[1mname\n of others");
}
static void only_skips(void) { bl_evidence_skip(&e, BL_EVIDENCE_AUTHENTIC, "signature", "no key"); }
static void many_checks(void)
{
	for (int i = 0; i < 1000; i++)
		bl_evidence_pass(&e, BL_EVIDENCE_AUTHENTIC, "signature");
}

static void test_authentic(void)
{
	says = NULL;
	checks = one_failure;
	fails = "signature";
	judge(NULL);
	is_int(bl_evidence_authentic(&e), 0, "a failed check is not authentic");
	ok(!strpbrk(check("second")->detail, "\x1b\n"), "details hold no control bytes");
	fails = "collateral-missing";
	judge(NULL);
	is_int(bl_evidence_authentic(&e), -1, "a missing key leaves it open");
	ok(!bl_evidence_verdict(&e), "which is no pass");
	checks = only_skips;
	judge(NULL);
	is_int(bl_evidence_authentic(&e), -1, "as do skipped checks alone");
	ok(!bl_evidence_verdict(&e), "never a pass");
	is_str(bl_evidence_reason(&e)->reason, "collateral-missing", "with a reason");
	checks = many_checks;
	judge(NULL);
	ok(e.ncheck == BL_EVIDENCE_CHECKS && !bl_evidence_verdict(&e), "more checks than fit are no pass");
	checks = NULL;
	ok(bl_evidence_run(&e, (const uint8_t *)"xx", 2, &err) && err.code == BL_DATA, "what does not parse is 65");
}

static int64_t made;
static void with_time(void) { e.has_time = true; e.signed_time = made; }

static void test_time(void)
{
	says = NULL;
	e.time_signed = true;
	judge(NULL);
	is_str(e.check[0].reason, "no-signed-time", "--time=signed of evidence without one is the first reason");
	says = with_time;
	made = 1000000;
	judge(NULL);
	is_int(e.time, made, "else windows are judged at it");
	ok(bl_evidence_verdict(&e), "and it may pass");
	e.time_signed = false;
	e.time = made + 600;
	is_result("\"evidence_max_age\":\"10m\"", "age", "pass", "not too old");
	is_result("\"evidence_max_age\":\"599s\"", "age", "age", "too old");
	e.time = made - 1;
	is_result("\"evidence_max_age\":\"10m\"", "age", "age", "and not of the future");
	says = NULL;
	is_result("\"evidence_max_age\":\"10m\"", "age", "skip", "no signed time");
}

/* --- collateral --- */

static int64_t issued, expires;
static const char *file_name = "crl.der";
static void with_collateral(void)
{
	static struct bl_evidence_file f = { .p = (const uint8_t *)"", .n = 0 };

	f.name = file_name;
	bl_evidence_pass(&e, BL_EVIDENCE_AUTHENTIC, "signature");
	bl_evidence_collateral(&e, "window", &f, issued, expires);
}

static void test_collateral(void)
{
	says = NULL;
	checks = with_collateral;
	issued = 1000000;
	expires = issued + 7 * 86400;
	e.time = issued;
	is_result("\"smt\":\"allow\"", "window", "pass", "valid from its first second");
	is_int(e.ncollateral, 1, "what was used is remembered");
	e.time = issued - 1;
	is_result("\"smt\":\"allow\"", "window", "collateral-future", "not before");
	is_int(bl_evidence_authentic(&e), 0, "collateral that is there must hold");
	e.time = expires - 1;
	is_result("\"smt\":\"allow\"", "window", "pass", "valid to its last second");
	e.time = expires;
	is_result("\"smt\":\"allow\"", "window", "collateral-stale", "not after");
	e.time = expires + 12 * 86400;
	is_result("\"smt\":\"allow\"", "window", "collateral-stale", "nor long after");
	ok(strstr(check("window")->detail, "expired 12 days before the chosen time"), "says how long");
	is_result("\"collateral_grace\":\"13d\"", "window", "pass", "grace accepts it");
	ok(strstr(check("window")->detail, "warning"), "with a warning");
	is_result("\"collateral_grace\":\"12d\"", "window", "collateral-stale", "grace ends");
	e.time = issued + 86400;
	is_result("\"collateral_max_age\":\"1d\"", "collateral-age", "pass", "young enough");
	is_result("\"collateral_max_age\":\"23h\"", "collateral-age", "collateral-stale", "too old for the policy");
	is_int(bl_evidence_authentic(&e), 1, "which is the policy's opinion");
	expires = INT64_MIN;
	is_result("\"smt\":\"allow\"", "window", "collateral-stale", "without an end it does not hold");
	checks = NULL;
}

/* --- paths and lists, through the cache --- */

static struct attest_cert *root, *leaf;
static struct bl_evidence_cache *cache;
static const uint8_t *crl_der;
static size_t crl_len;

static void with_chain(void)
{
	static struct bl_buf pem;
	const struct bl_certs *c;
	const struct bl_crl *l;

	bl_buf_init(&pem, 1 << 16);
	attest_pem(&pem, leaf);
	attest_pem(&pem, root);
	e.cache = cache;
	c = bl_evidence_certs(&e, pem.p, pem.len, &err);
	bl_evidence_chain(&e, "chain", c->v[0], c, NULL);
	l = crl_der ? bl_evidence_crl(&e, crl_der, crl_len, &err) : NULL;
	bl_evidence_revocation(&e, "revocation", l, c->v[1], c->v[0]);
	bl_buf_fini(&pem);
}

static void test_cache(void)
{
	static uint8_t anchor[1][32];
	struct bl_cert *r;
	uint8_t *der, *other;
	size_t n;

	root = attest_issue(NULL, attest_key(ATTEST_P384), &(struct attest_spec){ .subject = "CN=root", .ca = true });
	leaf = attest_issue(root, attest_key(ATTEST_P384), &(struct attest_spec){ .subject = "CN=leaf", .serial = 7 });
	r = attest_parse(root);
	bl_key_hash(bl_cert_key(r), anchor[0]);
	tech.anchor = anchor;
	tech.nanchor = 1;
	says = NULL;
	checks = with_chain;
	cache = bl_evidence_cache_new();
	e.time = ATTEST_NOW;
	for (int i = 0; i < 3; i++) {
		judge(NULL);
		is_str(result("chain"), "pass", "a path to the built-in anchor, asked %d times", i + 1);
		is_str(result("revocation"), "skip", "no list");
	}
	e.time = ATTEST_UNTIL + 1;
	judge(NULL);
	is_str(result("chain"), "cert-expired", "a path that is kept is judged anew at each time");
	e.time = ATTEST_FROM - 86400;
	judge(NULL);
	is_str(result("chain"), "cert-not-yet-valid", "at both ends");
	ok(strstr(check("chain")->detail, "1 day after the chosen time"), "and says how far");
	e.time = ATTEST_NOW;
	anchor[0][0] = (uint8_t)(anchor[0][0] ^ 1);
	judge(NULL);
	is_str(result("chain"), "root-unknown", "another anchor is another path");
	anchor[0][0] = (uint8_t)(anchor[0][0] ^ 1);

	is_result("\"revocation\":\"require\"", "revocation", "collateral-missing", "a list that is required");
	n = attest_crl(root, &(struct attest_crl_spec){ .from = ATTEST_NOW - 86400, .until = ATTEST_NOW + 86400 }, &der);
	crl_der = der;
	crl_len = n;
	judge(NULL);
	is_str(result("revocation"), "pass", "a list without it");
	e.time = ATTEST_NOW + 86400;
	judge(NULL);
	is_str(result("revocation"), "crl-stale", "is judged at each time too");
	is_result("\"revocation\":\"ignore\"", "revocation", "skip", "unless it is ignored");
	e.time = ATTEST_NOW;
	other = malloc(n);
	memcpy(other, der, n);
	other[n - 1] = (uint8_t)(other[n - 1] ^ 1);
	crl_der = other;
	judge(NULL);
	is_str(result("revocation"), "crl-signature", "an altered list");
	n = attest_crl(root, &(struct attest_crl_spec){ .from = ATTEST_NOW - 86400, .until = ATTEST_NOW + 86400, .revoked = { leaf } }, &der);
	crl_der = der;
	crl_len = n;
	judge(NULL);
	is_str(result("revocation"), "revoked", "a list with it");
	free(other);
	bl_cert_free(r);
	bl_evidence_fini(&e);
	bl_evidence_cache_free(cache);
	attest_done();
}

int main(void)
{
	char span[BL_EVIDENCE_SPAN];

	if (bl_mem_init(true, &err))
		return 1;
	bl_json_init();
	bl_arena_init(&arena, 1 << 20);
	e.time = 1000000;
	is_str(bl_evidence_span(-86400, span), "1 day", "spans in words");
	is_str(bl_evidence_span(7199, span), "1 hour", "of whole units");
	test_grammar();
	test_values();
	test_defaults();
	test_tcb();
	test_status();
	test_authentic();
	test_time();
	test_collateral();
	test_cache();
	bl_evidence_fini(&e);
	bl_arena_fini(&arena);
	return tap_done();
}
