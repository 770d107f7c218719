/* SPDX-License-Identifier: Apache-2.0 */
/* Collateral from files, collateral.json and bundles; what is printed of a verification: JSON, table, EAR; batches. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"
#include "attest/appraise.h"
#include "attest/batch.h"
#include "attest/bundle.h"
#include "attest/ear.h"
#include "attest/files.h"
#include "attest/report.h"
#include "base/text.h"
#include "crypt/hash.h"
#include "crypt/mem.h"

static struct bl_err err;
static struct bl_arena arena;
static struct bl_evidence_files f;
static struct bl_ident id;

static bool holds(const struct bl_evidence_files *s, const char *name, const char *text)
{
	const struct bl_evidence_file *at = bl_evidence_find(s, name);

	return at && at->n == strlen(text) && !memcmp(at->p, text, at->n);
}

static int parse(const char *name, const char *text)
{
	memset(&f, 0, sizeof f);
	return bl_files_parse(&f, &arena, name, (const uint8_t *)text, strlen(text), true, &err);
}

static void put(const char *name, const char *text)
{
	bl_files_put(&f, &arena, name, text, strlen(text), NULL, true, &err);
}

/* --- names --- */

static void test_names(void)
{
	static const char *const good[] = { "vek.der", "crl-ask.der", "crl-1.pem", "Milan/ask_ark.pem", "00806f050000/tcb_info.json", "refs.json" };
	static const char *const bad[] = { "report.bin", "../vek.der", "/vek.der", "a/b/vek.der", "Milan/", "crl-.der", "root.pem", "vek.der/", "..", "", "Mi lan/vek.der" };

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		ok(bl_files_known(good[i]), "'%s' is a name of collateral", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(!bl_files_known(bad[i]), "'%s' is none", bad[i]);
	memset(&f, 0, sizeof f);
	put("vek.der", "one");
	put("vek.der", "two");
	ok(f.n == 1 && holds(&f, "vek.der", "two"), "what is put again replaces");
	bl_files_put(&f, &arena, "vek.der", "three", 5, NULL, false, &err);
	ok(holds(&f, "vek.der", "two"), "or is left, as asked");
	for (int i = 0; i < BL_EVIDENCE_FILES + 1; i++) {
		char name[32];
		snprintf(name, sizeof name, "crl-%d.der", i);
		put(name, "");
	}
	ok(f.n == BL_EVIDENCE_FILES && err.code == BL_DATA, "more files than fit are 65");
}

static void test_json(void)
{
	ok(!parse("collateral.json", "{\"tcb_info\":\"{\\\"id\\\" : \\\"TDX\\\"}\",\"tcb_info_signature\":\"00ff\",\"pck_crl\":\"3000\",\"root_ca_crl\":\"30\",\"pck_crl_issuer_chain\":\"p\","
		   "\"tcb_info_issuer_chain\":\"a\",\"qe_identity_issuer_chain\":\"b\",\"qe_identity\":\"{}\",\"qe_identity_signature\":\"01\"}"), "collateral.json parses");
	ok(holds(&f, "tcb_info.json", "{\"tcbInfo\":{\"id\" : \"TDX\"},\"signature\":\"00ff\"}"), "TCB info keeps its exact bytes");
	ok(holds(&f, "qe_identity.json", "{\"enclaveIdentity\":{},\"signature\":\"01\"}"), "QE identity too");
	ok(holds(&f, "pck_crl.der", "0") == false && bl_evidence_find(&f, "pck_crl.der")->n == 2, "lists are unhexed");
	ok(holds(&f, "tcb_sign_chain.pem", "a\nb") && holds(&f, "pck_crl_issuer_chain.pem", "p"), "chains are PEM");
	ok(parse("collateral.json", "{\"tcb_info\":\"{}\"}") && err.code == BL_DATA, "TCB info without its signature is 65");
	ok(parse("collateral.json", "{\"tcb_info\":\"{}\",\"tcb_info_signature\":\"0\\\",\\\"x\\\":\\\"\"}") && err.code == BL_DATA, "a signature that is not hex is 65");
	ok(parse("collateral.json", "{\"pck_crl\":\"zz\"}") && err.code == BL_DATA, "a list that is not hex is 65");
	ok(!parse("collateral.json", "{\"pck_crl\":\"3000\",\"pck_certificate_chain\":\"pck\"}") && holds(&f, "pck_chain.pem", "pck"), "the chain of a quote without one may be in it");
	ok(parse("collateral.json", "{\"pck_crl\":\"3000\",\"root_ca_crm\":\"3000\"}") && strstr(err.msg, "'root_ca_crm' is not known"), "a member that is not known is 65, by its name");
	ok(parse("collateral.json", "{\"pck_crl\":\"3000\",\"root_ca_crl\":0}") && err.code == BL_DATA, "a member that is not text is 65");
	ok(parse("collateral.json", "{}") && err.code == BL_DATA, "an object of nothing is 65");
	ok(parse("collateral.json", "[") && err.code == BL_DATA, "what is no JSON is 65");
	ok(parse("foo.der", "0") && err.code == BL_USAGE, "a name that says nothing is wrong usage");
}

/* --- bundles --- */

static char *bundle(const struct bl_ident *by)
{
	struct bl_buf b;
	char *s = NULL;

	bl_buf_init(&b, BL_BUNDLE_MAX);
	if (!bl_bundle_print(&f, 1751624191, by, &b, &err))
		s = strndup((const char *)b.p, b.len);
	bl_buf_fini(&b);
	return s;
}

static void test_bundle(void)
{
	char fpr[BL_IDENT_FPR], *s, *signed_by;

	bl_ident_fpr(id.pk, fpr);
	memset(&f, 0, sizeof f);
	put("Milan/ask_ark.pem", "chain");
	put("vek.der", "vek");
	s = bundle(NULL);
	ok(strstr(s, "{\"bl_collateral\":1,\"created\":\"2025-07-04T10:16:31Z\",\"files\":[{\"data\":\"") == s, "a bundle is one canonical document");
	ok(!parse("x.json", s), "and parses");
	ok(f.n == 2 && holds(&f, "Milan/ask_ark.pem", "chain") && holds(&f, "vek.der", "vek"), "to the same files");
	ok(f.nbundle == 1 && !f.bundle[0].signer && f.bundle[0].created == 1751624191, "dated and unsigned");
	signed_by = bundle(&id);
	ok(!parse("x.json", signed_by) && f.bundle[0].good && !strcmp(f.bundle[0].signer, fpr), "a signed one says who signed it");
	ok(bl_evidence_find(&f, "vek.der")->signer && !strcmp(bl_evidence_find(&f, "vek.der")->signer, fpr), "and so does each of its files");

	size_t n = strlen(signed_by), passed = 0;
	for (size_t i = 0; i < n; i++) {
		signed_by[i] = (char)(signed_by[i] ^ 1);
		if (!parse("x.json", signed_by) && f.bundle[0].good && f.bundle[0].signer && !strcmp(f.bundle[0].signer, fpr)) {
			passed++;
			if (signed_by[i] != ' ' && signed_by[i] != '\n' && signed_by[i] != '\v')
				printf("# byte %zu: %c\n", i, signed_by[i]);
		}
		signed_by[i] = (char)(signed_by[i] ^ 1);
	}
	is_int(passed, 0, "a byte flipped anywhere is 65, or not signed by them");
	free(signed_by);

	char *data = strstr(s, "\"data\":\"") + 8;
	*data = *data == 'Y' ? 'Z' : 'Y';
	ok(parse("x.json", s) && err.code == BL_DATA && strstr(err.msg, "hash"), "a file without its hash is 65");
	free(s);
	ok(parse("x.json", "{\"bl_collateral\":2,\"created\":\"2025-07-04T10:16:31Z\",\"files\":[]}") && err.code == BL_DATA, "another version is 65");
	ok(parse("x.json", "{\"bl_collateral\":1,\"created\":\"2025-07-04T10:16:31Z\",\"files\":[],\"more\":1}") && err.code == BL_DATA, "an unknown member is 65");
	ok(parse("x.json", "{\"bl_collateral\":1,\"created\":\"2025-07-04T10:16:31Z\",\"files\":[{\"name\":\"../x\",\"sha256\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\"data\":\"\"}]}") &&
	   err.code == BL_DATA, "a name that is none is 65");
	ok(parse("x.json", "{\"bl_collateral\":1,\"created\":\"2025-07-04T10:16:31Z\",\"files\":[],\"signer\":\"00\",\"signature\":\"\"}") && err.code == BL_DATA, "a signer that is no key is 65");
}

/* --- directories --- */

static void spew(const char *path, const char *text)
{
	FILE *to = fopen(path, "w");

	if (to) {
		fputs(text, to);
		fclose(to);
	}
}

static void test_directory(void)
{
	char dir[] = "/tmp/bl-bundle.XXXXXX";
	char *const both[] = { (char[]){ "." }, NULL };

	if (!mkdtemp(dir) || chdir(dir)) {
		skip(8, "no scratch directory");
		return;
	}
	mkdir("Genoa", 0700);
	mkdir("other", 0700);
	spew("report.bin", "report");
	spew("vek.der", "vek");
	spew("crl-1.der", "crl");
	spew("notes.txt", "notes");
	spew("root.pem", "root");
	spew("collateral.json", "{\"pck_crl\":\"3000\"}");
	spew("Genoa/ask_ark.pem", "genoa");
	spew("other/vek.der", "over");
	memset(&f, 0, sizeof f);
	ok(!bl_files_directory(&f, &arena, ".", true, &err) && f.n == 4, "a directory gives evidence, collateral, lists, and what collateral.json holds");
	ok(!bl_evidence_find(&f, "root.pem") && !bl_evidence_find(&f, "notes.txt"), "no root, and nothing else");
	ok(!bl_files_collateral(&f, &arena, "other", &err) && holds(&f, "vek.der", "over"), "--collateral goes over it");
	ok(!bl_files_collateral(&f, &arena, "vek.der", &err) && holds(&f, "vek.der", "vek"), "the last one wins");
	ok(bl_files_collateral(&f, &arena, "report.bin", &err) && err.code == BL_USAGE, "evidence is no collateral");
	ok(bl_files_collateral(&f, &arena, "nowhere", &err) && err.code == BL_NOINPUT, "a path that is not there is 66");
	memset(&f, 0, sizeof f);
	ok(!bl_files_gather(&f, &arena, both, 1, &err) && holds(&f, "Genoa/ask_ark.pem", "genoa") && !bl_evidence_find(&f, "report.bin"), "a bundle takes collateral of each platform, and no evidence");
	memset(&f, 0, sizeof f);
	unlink("other/vek.der");
	ok(bl_files_gather(&f, &arena, (char *const[]){ (char[]){ "other" } }, 1, &err) && err.code == BL_USAGE, "nothing to bundle is wrong usage");
	unlink("report.bin"); unlink("vek.der"); unlink("crl-1.der"); unlink("notes.txt"); unlink("root.pem"); unlink("collateral.json"); unlink("Genoa/ask_ark.pem");
	rmdir("Genoa");
	rmdir("other");
	if (!chdir("/"))
		rmdir(dir);
}

/* --- a technology of our own, for what is printed --- */

static int t_parse(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *why)
{
	if (n < 2)
		return bl_err_set(why, BL_DATA, "short");
	e->claims = bl_json_new_object();
	bl_json_put_text(e->claims, "name", "a \xc2\x9b[31m");
	bl_evidence_word(e, "measurement", p, 2);
	e->product = "Milan";
	e->has_debug = true;
	e->debug = p[1] == 'd';
	return 0;
}
static int t_verify(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *why)
{
	(void)n; (void)why;
	if (p[0] == 'g')
		bl_evidence_pass(e, BL_EVIDENCE_AUTHENTIC, "signature");
	else
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "signature", "signature", "altered");
	if (bl_evidence_find(e->files, "ask_ark.pem"))
		bl_evidence_pass(e, BL_EVIDENCE_AUTHENTIC, "platform");
	bl_evidence_skip(e, BL_EVIDENCE_AUTHENTIC, "crl", "none");
	return 0;
}
static bool t_detect(const uint8_t *p, size_t n) { return n && (*p == 'g' || *p == 'b'); }
static const char *const t_names[] = { "t.bin", NULL };
static const struct bl_evidence_tech tech = { .name = "snp", .file = t_names, .detect = t_detect, .parse = t_parse, .verify = t_verify };

static struct bl_verify_run run;
static struct bl_verify v;
static void judge(const char *evidence, const char *policy)
{
	bl_json_free(v.policy);
	v.policy = policy ? bl_appraise_parse(policy, strlen(policy), &err) : NULL;
	bl_verify_end(&run);
	bl_verify_begin(&run);
	bl_verify_take(&run, evidence, strlen(evidence), &err);
	bl_verify_run(&run, &v, &err);
}

static struct bl_json *json(void)
{
	struct bl_buf b;
	struct bl_json *j;

	bl_buf_init(&b, BL_REPORT_MAX);
	bl_report_json(&run, "default", NULL, &b);
	j = bl_json_parse((const char *)b.p, b.len, 16, BL_DATA, &err);
	bl_buf_fini(&b);
	return j;
}

static void test_report(void)
{
	struct bl_json *j;
	struct bl_buf b;

	bl_buf_init(&b, BL_REPORT_MAX);
	judge("gx", NULL);
	j = json();
	is_str(bl_json_get_text(j, "verdict"), "pass", "JSON has the verdict");
	ok(bl_json_bool(bl_json_get(j, "authentic")) && bl_json_kind(bl_json_get(j, "reason")) == BL_JSON_NULL, "authentic, no reason");
	is_int(bl_json_count(bl_json_get(j, "checks")), 3, "every check is listed");
	is_str(bl_json_get_text(bl_json_item(bl_json_get(j, "checks"), 1), "result"), "skipped", "a skipped one as skipped");
	is_str(bl_json_get_text(j, "time"), "2025-07-04T10:16:31Z", "the time, RFC 3339");
	is_str(bl_json_get_text(j, "time_source"), "given", "and where it is from");
	bl_json_free(j);
	judge("gd", NULL);
	j = json();
	ok(bl_json_bool(bl_json_get(j, "authentic")), "what the policy refuses is authentic");
	is_str(bl_json_get_text(j, "reason"), "debug", "with the policy's reason");
	bl_json_free(j);
	bl_report_table(&run, "default", false, &b);
	bl_buf_put8(&b, 0);
	ok(strstr((char *)b.p, "verdict      fail\nreason       debug\n") == (char *)b.p && strstr((char *)b.p, "skipped  crl") && !strstr((char *)b.p, "signature"),
	   "the table has verdict, reason, failed and skipped checks");
	bl_buf_clear(&b);
	bl_report_table(&run, "default", true, &b);
	bl_buf_put8(&b, 0);
	ok(strstr((char *)b.p, "pass     signature"), "--explain has those that passed too");
	judge("b", NULL);
	j = json();
	is_str(bl_json_get_text(j, "reason"), "malformed", "what does not parse is malformed");
	ok(bl_json_kind(bl_json_get(j, "authentic")) == BL_JSON_BOOL && !bl_json_bool(bl_json_get(j, "authentic")), "and not authentic");
	bl_json_free(j);
	bl_verify_end(&run);
	bl_verify_begin(&run);
	bl_verify_take(&run, "bx", 2, &err);
	bl_verify_show(&run, &v, &err);
	bl_buf_clear(&b);
	bl_report_table(&run, "default", false, &b);
	bl_buf_put8(&b, 0);
	ok(strstr((char *)b.p, "NOT VERIFIED\n") == (char *)b.p && !strchr((char *)b.p, '\xc2'), "show begins with NOT VERIFIED, and sends a terminal no controls of others");
	j = json();
	ok(bl_json_kind(bl_json_get(j, "authentic")) == BL_JSON_NULL && bl_json_kind(bl_json_get(j, "verdict")) == BL_JSON_NULL, "its JSON says neither yes nor no");
	bl_json_free(j);
	bl_buf_fini(&b);
}

/* --- EAR --- */

static struct bl_json *part(const char *s, size_t n)
{
	char *std = calloc(1, n + 5);
	uint8_t *p = malloc(n + 1);
	struct bl_json *j;
	long len;

	for (size_t i = 0; i < n; i++)
		std[i] = s[i] == '-' ? '+' : s[i] == '_' ? '/' : s[i];
	for (size_t i = n; i % 4; i++)
		std[i] = '=';
	len = bl_text_unb64(std, strlen(std), p, n + 1);
	j = len < 0 ? NULL : bl_json_parse((const char *)p, (size_t)len, 8, BL_DATA, &err);
	free(std);
	free(p);
	return j;
}

static void ear_is(const char *evidence, const char *policy, const char *status, int instance, int hardware, int configuration, int executables)
{
	static const char *const names[] = { "instance-identity", "hardware", "configuration", "executables" };
	const int want[] = { instance, hardware, configuration, executables };
	const struct bl_json *sub;
	struct bl_json *j;
	struct bl_buf b;
	const char *s, *dot;

	judge(evidence, policy);
	bl_buf_init(&b, 1 << 16);
	ok(!bl_ear_print(&run, "default", &id, 1751624191, &b, &err), "%s %s: an EAR", evidence, policy ? policy : "");
	bl_buf_put8(&b, 0);
	s = (const char *)b.p;
	dot = strrchr(s, '.');
	uint8_t sig[BL_IDENT_SIG + 3];
	char std[96] = "";
	for (size_t i = 0; dot[1 + i] && dot[1 + i] != '\n'; i++)
		std[i] = dot[1 + i] == '-' ? '+' : dot[1 + i] == '_' ? '/' : dot[1 + i];
	strcat(std, "==");
	ok(bl_text_unb64(std, strlen(std), sig, sizeof sig) == BL_IDENT_SIG && bl_ident_check_raw(id.pk, s, (size_t)(dot - s), sig), "signed as a compact JWS");
	s = strchr(s, '.') + 1;
	j = part(s, (size_t)(dot - s));
	ok(j && bl_json_get_int(j, "iat", 0) == 1751624191 && bl_json_get_text(j, "eat_profile"), "with its profile and time");
	sub = bl_json_get(bl_json_get(j, "submods"), "snp");
	is_str(bl_json_get_text(sub, "ear.status"), status, "status");
	for (int i = 0; i < 4; i++)
		is_int(bl_json_get_int(bl_json_get(sub, "ear.trustworthiness-vector"), names[i], -9), want[i], "%s", names[i]);
	bl_json_free(j);
	bl_buf_fini(&b);
}

static void test_ear(void)
{
	ear_is("gx", NULL, "affirming", 2, 2, 2, 0);
	ear_is("gx", "{\"version\":1,\"measurement\":[\"6778\"]}", "affirming", 2, 2, 2, 3);
	ear_is("gx", "{\"version\":1,\"measurement\":[\"00\"]}", "warning", 2, 2, 2, 33);
	ear_is("gd", NULL, "contraindicated", 2, 2, 96, 0);
	ear_is("gd", "{\"version\":1,\"debug\":\"allow\"}", "warning", 2, 2, 32, 0);
	ear_is("bx", NULL, "contraindicated", 97, 97, 0, 0);
}

/* --- batches --- */

static int line(const char *s, struct bl_buf *out)
{
	int rc = bl_batch_line(&v, s, strlen(s), out, &err);

	bl_buf_put8(out, 0);
	return rc;
}

static void test_batch(void)
{
	struct bl_buf b;

	bl_json_free(v.policy);
	v.policy = NULL;
	bl_buf_init(&b, BL_REPORT_MAX);
	is_int(line("{\"id\":\"a\",\"evidence_b64\":\"Z3g=\"}", &b), 0, "a good line");
	ok(strstr((char *)b.p, "{\"id\":\"a\",\"bl_attest\":1,") == (char *)b.p, "is answered with its id first");
	is_int(line("{\"id\":2,\"evidence_b64\":\"Yng=\",\"time\":1000}", &b), 1, "one that does not verify is 1");
	ok(strstr((char *)b.p, "\"time\":\"1970-01-01T00:16:40Z\""), "at its own time");
	is_int(line("{\"id\":3,\"evidence\":\"/nowhere\"}", &b), BL_DATA, "one that cannot be opened is 65");
	ok(strstr((char *)b.p, "{\"id\":3,") == (char *)b.p && strstr((char *)b.p, "\"reason\":\"unreadable\""), "and answered");
	is_int(line("not json", &b), BL_DATA, "one that is no JSON is 65");
	ok(strstr((char *)b.p, "{\"id\":null,") == (char *)b.p && strstr((char *)b.p, "\"verdict\":\"fail\""), "and answered too");
	is_int(line("{\"evidence_b64\":\"Z3g=\",\"evidnce\":\"x\"}", &b), BL_DATA, "an unknown member is 65");
	is_int(line("{\"id\":1}", &b), BL_DATA, "as is no evidence");
	is_int(line("{\"id\":[1.5],\"evidence_b64\":\"Z3g=\"}", &b), BL_DATA, "an id that could not be said again as it is written is 65");
	ok(strstr((char *)b.p, "{\"id\":null,") == (char *)b.p, "and answered without it");
	is_int(line("{\"evidence\":\"-\"}", &b), BL_DATA, "standard input is no evidence of a line");
	is_int(line("{\"evidence_b64\":\"Z3g=\",\"type\":\"tpx\"}", &b), BL_DATA, "or a type that is none");
	is_int(line("{\"evidence_b64\":\"Z3g=\",\"nonce\":\"zz\"}", &b), BL_DATA, "or a nonce that is none");
	is_int(line("{\"evidence_b64\":\"Z3g=\",\"collateral\":7}", &b), BL_DATA, "or collateral that is no path");
	bl_buf_fini(&b);
}

/* A bundle of many platforms serves the one at hand. */
static void test_platform(void)
{
	memset(&v.files, 0, sizeof v.files);
	bl_files_put(&v.files, &arena, "Genoa/ask_ark.pem", "g", 1, NULL, true, &err);
	judge("gx", NULL);
	ok(strcmp(run.e.check[1].name, "platform"), "what is of another platform is not taken");
	bl_files_put(&v.files, &arena, "MILAN/ask_ark.pem", "m", 1, NULL, true, &err);
	judge("gx", NULL);
	is_str(run.e.check[1].name, "platform", "what is of this one is");
	memset(&v.files, 0, sizeof v.files);
}

static void test_settings(void)
{
	struct bl_verify s;

	bl_verify_init(&s);
	ok(!bl_verify_time(&s, "1751624191", &err) && s.time == 1751624191, "--time in seconds");
	ok(!bl_verify_time(&s, "2025-07-04T10:16:31Z", &err) && s.time == 1751624191, "or RFC 3339");
	ok(!bl_verify_time(&s, "signed", &err) && !strcmp(s.time_source, "signed"), "or signed");
	ok(bl_verify_time(&s, "yesterday", &err) && err.code == BL_USAGE, "else wrong usage");
	ok(bl_verify_time(&s, "999999999999999", &err) && err.code == BL_USAGE, "as is a time after the year 9999");
	ok(!bl_verify_nonce(&s, "00Ff", &err) && s.nonce_len == 2, "a nonce in hex");
	ok(bl_verify_nonce(&s, "0", &err) && err.code == BL_USAGE, "half a byte is none");
	ok(bl_verify_type(&s, "spn", &err) && err.code == BL_USAGE && strstr(err.hint, "'snp'"), "a type that is meant is named");
	ok(bl_verify_root(&s, "/nowhere", &err) && err.code == BL_NOINPUT, "a root that is not there is 66");
	bl_verify_fini(&s);
}

int main(void)
{
	static const uint8_t seed[32] = { 1 };

	if (bl_mem_init(true, &err) || bl_ident_from_seed(&id, seed, &err))
		return 1;
	bl_json_init();
	bl_arena_init(&arena, 64 << 20);
	bl_verify_init(&v);
	v.tech = &tech;
	v.time = 1751624191;
	v.time_source = "given";
	bl_verify_begin(&run);
	test_names();
	test_json();
	test_bundle();
	test_directory();
	test_report();
	test_ear();
	test_batch();
	test_platform();
	test_settings();
	bl_verify_end(&run);
	bl_verify_fini(&v);
	bl_arena_fini(&arena);
	bl_ident_fini(&id);
	return tap_done();
}
