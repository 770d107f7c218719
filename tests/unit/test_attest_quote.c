/* SPDX-License-Identifier: Apache-2.0 */
/* test_attest_quote: SGX and TDX quotes of a hierarchy of our own: what is in order, and each thing that may not be. */
#include <stdlib.h>
#include <time.h>

#include "attest/appraise.h"
#include "attest/pcs.h"
#include "crypt/mem.h"
#include "../attest-quote.h"
#include "../tap.h"

static struct bl_err err;
static struct bl_arena arena;
static const char any_policy[] = "{\"version\":1,\"debug\":\"allow\",\"accepted_tcb_status\":[\"*\"],\"collateral\":\"optional\","
	"\"revocation\":\"if-present\",\"service_td\":\"allow\"}";

static bool same_text(const char *a, const char *b)
{
	return a ? b && !strcmp(a, b) : !b;
}

static void tell(const struct bl_evidence *e)
{
	for (size_t i = 0; i < e->ncheck; i++)
		printf("#   %-22s %s %s %s\n", e->check[i].name, e->check[i].result == BL_EVIDENCE_PASS ? "pass" :
		       e->check[i].result == BL_EVIDENCE_FAIL ? "FAIL" : "skip", e->check[i].reason ? e->check[i].reason : "", e->check[i].detail);
	printf("#   status %s date %s short %s\n", e->tcb_status ? e->tcb_status : "-", e->tcb_date ? e->tcb_date : "-", e->shortfall);
}

/* --- quotes of our own --- */

static struct intel made;
static struct bl_evidence_files files;
static struct bl_evidence ev;

/* Runs what is in `files` under this policy (NULL: the default). 0, or -1 with err. */
static int run_files(const char *policy, const struct intel *i)
{
	int r;

	bl_json_free((struct bl_json *)(uintptr_t)ev.policy);
	bl_evidence_fini(&ev);
	ev = (struct bl_evidence){ .tech = i->kind == BL_QUOTE_SGX ? &bl_quote_sgx_tech : &bl_quote_tdx_tech, .a = &arena, .files = &files,
		.anchors = &made.anchors, .time = ATTEST_NOW };
	if (policy && !(ev.policy = bl_appraise_parse(policy, strlen(policy), &err)))
		printf("# policy: %s\n", err.msg);
	r = bl_evidence_run(&ev, files.v[0].p, files.v[0].n, &err);
	if (r)
		printf("# %d %s\n", err.code, err.msg);
	return r;
}

static int run_made(const char *policy)
{
	intel_make(&made, &files);
	return run_files(policy, &made);
}

static const char *reason(void)
{
	const struct bl_evidence_check *c = bl_evidence_reason(&ev);
	return c ? c->reason : "none";
}

static const char *failed_check(void)
{
	const struct bl_evidence_check *c = bl_evidence_reason(&ev);
	return c ? c->name : "none";
}

/* Begins anew with a platform in order. */
static struct intel *anew(void)
{
	intel_fini(&made);
	bl_arena_fini(&arena);
	intel_init(&made, &arena);
	return &made;
}

/* Not authentic, for this reason at this check. */
static void refused(const char *check, const char *why, const char *promise)
{
	bool good = !run_made(NULL) && bl_evidence_authentic(&ev) == 0 && !strcmp(reason(), why) && !strcmp(failed_check(), check);

	if (!ok(good, "%s: %s", promise, why))
		tell(&ev);
}

/* Authentic, of this status, and refused by the default policy with this reason ("none": accepted). */
static void status(const char *want, const char *why, const char *promise)
{
	bool good = !run_made(NULL) && bl_evidence_authentic(&ev) == 1 && same_text(ev.tcb_status, want) && !strcmp(reason(), why);

	if (!ok(good, "%s", promise))
		tell(&ev);
}

static void malformed(const char *promise)
{
	ok(run_made(NULL) && err.code == BL_DATA, "%s: malformed", promise);
}

static void test_good(void)
{
	static const struct { unsigned version; enum bl_quote_body kind; const char *what; } all[] = {
		{ 3, BL_QUOTE_SGX, "SGX, v3" }, { 4, BL_QUOTE_SGX, "SGX, v4" }, { 5, BL_QUOTE_SGX, "SGX, v5" },
		{ 4, BL_QUOTE_TDX10, "TDX, v4" }, { 5, BL_QUOTE_TDX10, "TDX 1.0, v5" }, { 5, BL_QUOTE_TDX15, "TDX 1.5, v5" },
	};

	for (size_t k = 0; k < sizeof all / sizeof *all; k++)
		for (int one = 0; one < 2; one++) {
			struct intel *i = anew();
			if (all[k].kind == BL_QUOTE_SGX)
				intel_sgx(i, all[k].version);
			i->version = all[k].version;
			i->kind = all[k].kind;
			i->one_file = one;
			status("UpToDate", "none", all[k].what);
			is_int(bl_evidence_verdict(&ev), 1, "%s: the default policy accepts it", all[k].what);
			ok(bl_quote_detect(files.v[0].p, files.v[0].n) && bl_evidence_detect(files.v[0].p, files.v[0].n) == ev.tech, "%s: it is recognised", all[k].what);
		}
	intel_sgx(anew(), 3);
	made.tcb_id = NULL;
	status("UpToDate", "none", "TCB info of version 2 serves SGX");
	is_str(ev.tcb_date, "2024-03-13T00:00:00Z", "with its date");
	anew();
	made.tcb_id = NULL;
	refused("tcb-info-match", "collateral-mismatch", "TCB info of version 2 does not serve TDX");
	anew();
	made.cert_type = 5;
	intel_make(&made, &files);
	files.v[0].p = (const uint8_t *)memcpy(bl_arena_alloc(&arena, files.v[0].n + 100), files.v[0].p, files.v[0].n);
	files.v[0].n += 100;
	ok(!run_files(NULL, &made) && bl_evidence_verdict(&ev), "zeros after a quote are nothing");
	((uint8_t *)(uintptr_t)files.v[0].p)[files.v[0].n - 1] = 1;
	ok(run_files(NULL, &made) && err.code == BL_DATA, "anything else after it is malformed");
	size_t whole = files.v[0].n - 100, taken = 0;
	for (size_t n = 0; n < whole; n += 7) {
		files.v[0].n = n;
		taken += !bl_evidence_run(&(struct bl_evidence){ .tech = &bl_quote_tdx_tech, .a = &arena, .files = &files, .time = ATTEST_NOW },
					  files.v[0].p, n, &err) || err.code != BL_DATA;
	}
	is_int(taken, 0, "a quote that is cut anywhere is malformed");
}

static void test_revocation(void)
{
	anew();
	made.pck_crl.revoked[0] = made.pck;
	refused("pck-revocation", "revoked", "a revoked PCK");
	anew();
	made.root_crl.revoked[0] = made.ca;
	refused("pck-ca-revocation", "revoked", "a revoked PCK CA");
	anew();
	made.root_crl.revoked[0] = made.tcb;
	refused("tcb-info-revocation", "revoked", "a revoked TCB signing key");
	anew();
	made.pck_crl.revoked[0] = made.tcb;
	status("UpToDate", "none", "a PCK CA's list says nothing of the root's certificates");
	anew();
	made.pck_crl.until = ATTEST_NOW;
	refused("pck-revocation", "crl-stale", "a PCK list at its nextUpdate");
	anew();
	made.pck_crl.from = ATTEST_NOW + 1;
	refused("pck-revocation", "collateral-future", "a PCK list that is not yet issued");
	anew();
	made.root_crl.until = ATTEST_NOW - 1;
	refused("pck-ca-revocation", "crl-stale", "a stale root list");
	anew();
	made.root_crl.from = ATTEST_NOW + 60;
	refused("pck-ca-revocation", "collateral-future", "a root list that is not yet issued");
	anew();
	made.pck_crl_by = made.other_ca;
	refused("pck-revocation", "crl-signature", "the list of the other PCK CA");
	anew();
	made.pck_crl.key = made.other_ca->key;
	refused("pck-revocation", "crl-signature", "a PCK list signed by another");
	anew();
	made.without = "pck_crl.der";
	status("UpToDate", "collateral-missing", "without a PCK list");
	anew();
	made.without = "root_ca_crl.der";
	status("UpToDate", "collateral-missing", "without a root list");
}

static void test_windows(void)
{
	anew();
	made.expires = ATTEST_NOW;
	refused("tcb-info-validity", "collateral-stale", "TCB info at its nextUpdate");
	ok(!ev.has_status, "and nothing is concluded from it");
	anew();
	made.issued = ATTEST_NOW + 1;
	refused("tcb-info-validity", "collateral-future", "TCB info that is not yet issued");
	anew();
	made.qe_expires = ATTEST_NOW - 5;
	refused("qe-identity-validity", "collateral-stale", "a stale QE identity");
	anew();
	made.qe_issued = ATTEST_NOW + 86400;
	refused("qe-identity-validity", "collateral-future", "a QE identity that is not yet issued");
	anew();
	made.expires = ATTEST_NOW;
	ok(!run_made("{\"version\":1,\"collateral_grace\":\"1h\"}") && bl_evidence_verdict(&ev) && same_text(ev.tcb_status, "UpToDate"),
	   "a policy may grant grace");
	for (int one = 0; one < 2; one++)
		for (int k = 0; k < 3; k++) {
			int64_t old = ATTEST_NOW - 8 * 86400;
			anew();
			made.one_file = one;
			*(k == 0 ? &made.issued : k == 1 ? &made.qe_issued : &made.pck_crl.from) = old;
			ok(!run_made("{\"version\":1,\"collateral_max_age\":\"7d\"}") && !bl_evidence_verdict(&ev) && !strcmp(reason(), "collateral-stale") &&
			   bl_evidence_authentic(&ev) == 1, "or ask for younger collateral than this (%d, %s)", k, one ? "one file" : "files");
		}
	anew();
	made.root_crl.from = ATTEST_NOW - 300 * 86400;
	ok(!run_made("{\"version\":1,\"collateral_max_age\":\"7d\"}") && bl_evidence_verdict(&ev), "but the root's list, a yearly one, has its own window");
	anew();
	intel_pck(&made, made.ca, NULL, ATTEST_FROM, ATTEST_NOW - 1);
	refused("pck-chain", "cert-expired", "an expired PCK");
	anew();
	intel_pck(&made, made.ca, NULL, ATTEST_NOW + 1, ATTEST_UNTIL);
	refused("pck-chain", "cert-not-yet-valid", "a PCK of tomorrow");
}

static void test_signers(void)
{
	struct attest_cert *c, *pck;

	anew();
	made.signer = attest_issue(NULL, attest_key(ATTEST_P256), &(struct attest_spec){ .subject = "CN=Intel SGX TCB Signing, O=made" });
	refused("tcb-info-chain", "root-unknown", "TCB info signed by nobody's key");
	anew();
	made.signer = made.pck;
	made.signer_ca = made.ca;
	refused("tcb-info-signature", "collateral-signature", "TCB info signed by a PCK");
	anew();
	made.signer = attest_issue(made.ca, attest_key(ATTEST_P256), &(struct attest_spec){ .subject = "CN=Intel SGX TCB Signing" });
	made.signer_ca = made.ca;
	refused("tcb-info-signature", "collateral-signature", "TCB info signed by a key that a PCK CA issued");
	anew();
	made.signer = attest_issue(made.root, attest_key(ATTEST_P256), &(struct attest_spec){ .subject = "CN=Intel SGX Something" });
	refused("tcb-info-signature", "collateral-signature", "TCB info signed by another certificate of the root");
	anew();
	c = attest_issue(NULL, attest_key(ATTEST_P256), &(struct attest_spec){ .subject = "CN=Intel SGX Root CA, O=made", .ca = true });
	made.root = c;
	refused("pck-chain", "chain", "a root of the same name did not issue the chain");
	anew();
	bl_certs_fini(&made.anchors.own);
	made.anchors.own.n = made.anchors.n = 0;
	attest_anchor(&made.anchors, attest_issue(NULL, attest_key(ATTEST_P256), &(struct attest_spec){ .subject = "CN=Intel SGX Root CA, O=made", .ca = true }));
	refused("pck-chain", "root-unknown", "a chain to another root");
	anew();
	intel_pck(&made, made.ca, "CN=Intel SGX TCB Signing", 0, 0);
	refused("pck-certificate", "chain", "a PCK of another name");
	anew();
	made.pck = attest_issue(made.ca, attest_key(ATTEST_P256), &(struct attest_spec){ .subject = "CN=Intel SGX PCK Certificate" });
	refused("pck-certificate", "chain", "a PCK without the SGX extension");
	anew();
	pck = made.pck;
	intel_pck(&made, made.root, NULL, 0, 0);
	made.ca = made.root;
	refused("pck-certificate", "chain", "a PCK that the root itself issued");
	anew();
	pck = made.pck;
	intel_pck(&made, made.ca, NULL, 0, 0);
	intel_make(&made, &files);
	made.pck->key = pck->key;
	refused("qe-signature", "signature", "a QE report signed by another PCK");
}

static void test_texts(void)
{
	static const struct { const char *from, *to; bool qe; const char *check, *why, *what; } each[] = {
		{ "\"fmspc\":\"90c06f000000\"", "\"fmspc\":\"90c06f000001\"", false, "tcb-info-match", "collateral-mismatch", "TCB info of another FMSPC" },
		{ "\"pceId\":\"0000\"", "\"pceId\":\"0001\"", false, "tcb-info-match", "collateral-mismatch", "TCB info of another PCE" },
		{ "TDX_01", "TDX_03", false, "module-identity", "module-identity", "a module without identity" },
		{ "\"TDX_01\",\"mrsigner\":\"00", "\"TDX_01\",\"mrsigner\":\"01", false, "module-identity", "module-identity", "a module of another signer" },
		{ "\"miscselect\":\"00", "\"miscselect\":\"01", true, "qe-identity", "qe-identity", "a QE of another MISCSELECT" },
		{ "\"attributes\":\"11", "\"attributes\":\"13", true, "qe-identity", "qe-identity", "a QE of other attributes" },
		{ "\"mrsigner\":\"dc", "\"mrsigner\":\"dd", true, "qe-identity", "qe-identity", "a QE of another signer" },
		{ "\"isvprodid\":2", "\"isvprodid\":1", true, "qe-identity", "qe-identity", "a QE of another product" },
		{ "\"TD_QE\"", "\"QE\"", true, "qe-identity", "qe-identity", "an identity of SGX's QE for a TD" },
		{ "\"version\":3", "\"version\":4", false, NULL, NULL, "TCB info of an unknown version" },
		{ "\"tcbType\":0", "\"tcbType\":1", false, NULL, NULL, "TCB info of an unknown type" },
		{ "UpToDate", "Splendid", false, NULL, NULL, "an unknown status" },
		{ "\"pcesvn\":300", "\"pcesvn\":65536", false, NULL, NULL, "a PCESVN out of range" },
		{ "{\"svn\":200}", "{\"svn\":256}", false, NULL, NULL, "an SVN out of range" },
		{ "{\"svn\":200},", "", false, NULL, NULL, "fifteen components" },
		{ "\"tcbType\":0", "\"tcbType\":0,\"tcbType\":0", false, NULL, NULL, "a member twice" },
		{ "\"tcbLevels\"", "\"levels\"", false, NULL, NULL, "no levels" },
		{ "\"version\":2", "\"version\":1", true, NULL, NULL, "a QE identity of version 1" },
		{ "\"isvprodid\":2", "\"isvprodid\":-2", true, NULL, NULL, "a negative product" },
	};

	for (size_t k = 0; k < sizeof each / sizeof *each; k++) {
		char **text, *at;
		intel_texts(anew());
		text = each[k].qe ? &made.qe_identity : &made.tcb_info;
		at = strstr(*text, each[k].from);
		assert(at);
		*text = intel_printf(&made, "%.*s%s%s", (int)(at - *text), *text, each[k].to, at + strlen(each[k].from));
		if (each[k].check)
			refused(each[k].check, each[k].why, each[k].what);
		else
			malformed(each[k].what);
	}
	/* What is changed after it was signed. */
	for (int qe = 0; qe < 2; qe++) {
		intel_make(anew(), &files);
		for (size_t k = 0; k < files.n; k++)
			if (!strcmp(files.v[k].name, qe ? "qe_identity.json" : "tcb_info.json"))
				memcpy(strstr((char *)(uintptr_t)files.v[k].p, "OutOfDate\""), "UpToDate\" ", 10);
		ok(!run_files(NULL, &made) && bl_evidence_authentic(&ev) == 0 && !strcmp(reason(), "collateral-signature") && !ev.has_status,
		   "a forged status in the %s is not signed", qe ? "QE identity" : "TCB info");
	}
	anew();
	made.without = "tcb_sign_chain.pem";
	status(NULL, "collateral-missing", "TCB info without the certificate of its signer is none");
}

static const uint8_t more[16] = { 5, 5, 2, 3, 200 }, tdx_svn[16] = { 9, 0, 3 };

static void test_levels(void)
{
	anew();
	made.levels = intel_printf(&made, "%s,%s", intel_level(&made, more, 300, tdx_svn, "UpToDate", ""),
				   intel_level(&made, made.svn, 300, tdx_svn, "OutOfDate", ",\"advisoryIDs\":[\"INTEL-SA-00001\"]"));
	status("OutOfDate", "tcb-status", "after a TCB recovery an old platform is out of date");
	is_str(ev.shortfall, "component 4 is 2, needs 3 for UpToDate (2024-03-13)", "and is told how far");
	is_int(ev.nadvisory, 1, "with the advisories of its level");
	ok(!run_made("{\"version\":1,\"accepted_tcb_status\":[\"UpToDate\",\"OutOfDate\"]}") && bl_evidence_verdict(&ev), "a policy may accept that");
	ok(!run_made("{\"version\":1,\"accepted_tcb_status\":[\"*\"],\"allowed_advisories\":[]}") && !bl_evidence_verdict(&ev), "but not its advisories");
	ok(!run_made("{\"version\":1,\"min_tcb_evaluation\":18}") && !strcmp(reason(), "tcb-status"), "evaluation");
	anew();
	made.levels = intel_level(&made, more, 300, tdx_svn, "UpToDate", "");
	status(NULL, "tcb-not-supported", "a platform below every level is not supported");
	ok(!run_made(any_policy) && !bl_evidence_verdict(&ev) && bl_evidence_authentic(&ev) == 1, "under any policy");
	anew();
	made.levels = intel_level(&made, made.svn, 301, tdx_svn, "UpToDate", "");
	status(NULL, "tcb-not-supported", "nor one whose PCESVN is too low");
	anew();
	made.levels = intel_level(&made, made.svn, 300, (uint8_t[16]){ 255, 255, 3 }, "UpToDate", "");
	status("UpToDate", "none", "TDX components 0 and 1 are left to the module's own levels");
	anew();
	made.levels = intel_level(&made, made.svn, 300, (uint8_t[16]){ 9, 0, 4 }, "UpToDate", "");
	status(NULL, "tcb-not-supported", "the others are not");
	anew();
	made.body[0] = 5;
	status("OutOfDate", "tcb-status", "a module that is out of date makes its platform so");
	is_str(ev.shortfall, "TDX_01: isvsvn 5, needs 6 for UpToDate (2024-03-13)", "and is named");
	is_int(ev.nadvisory, 1, "with its advisory");
	is_str(bl_json_get_text(ev.claims, "module_status"), "OutOfDate", "its status is among the claims");
	anew();
	made.body[0] = 1;
	status(NULL, "tcb-not-supported", "a module below every level is not supported");
	anew();
	made.body[1] = 0;
	made.body[0] = 9;
	status("UpToDate", "none", "a module without version is a component of the platform");
	ok(!bl_json_get(ev.claims, "module_status"), "and has no status of its own");
	anew();
	made.body[1] = 0;
	made.body[0] = 8;
	status(NULL, "tcb-not-supported", "which counts");
	anew();
	made.qe_svn = 4;
	status("OutOfDate", "tcb-status", "a QE that is out of date makes its platform so");
	is_str(ev.shortfall, "TD_QE: isvsvn 4, needs 6 for UpToDate (2024-03-13)", "and is named");
	anew();
	made.qe_svn = 2;
	status(NULL, "tcb-not-supported", "a QE below every level is not supported");
	anew();
	made.qe_levels = intel_isv(&made, 0, "Revoked", "");
	status("Revoked", "tcb-status", "a revoked QE");
	anew();
	made.levels = intel_level(&made, made.svn, 300, tdx_svn, "Revoked", "");
	status("Revoked", "tcb-status", "a revoked platform");
}

static void test_relaunch(void)
{
	anew();
	made.version = 5;
	made.kind = BL_QUOTE_TDX15;
	made.body[0] = 5;
	status("TDRelaunchAdvised", "tcb-status", "launched under an old module, running on the latest");
	made.body[584] = 5;
	status("OutOfDate", "tcb-status", "not when it still runs on the old one");
	made.body[584] = 6;
	made.body[586] = 2;
	status("OutOfDate", "tcb-status", "nor on an old TDX microcode");
	made.body[586] = 3;
	made.qe_svn = 4;
	status("OutOfDate", "tcb-status", "nor when the QE is old");
	made.qe_svn = 6;
	made.body[585] = 2;
	status("OutOfDate", "tcb-status", "nor on a module that nobody knows");
	made.body[585] = 1;
	made.tcb_info = NULL;
	made.levels = intel_level(&made, made.svn, 300, tdx_svn, "ConfigurationNeeded", "");
	status("TDRelaunchAdvisedConfigurationNeeded", "tcb-status", "with the configuration that is needed besides");
}

static void test_converge(void)
{
	static const enum bl_pcs_status after_old[] = { BL_PCS_OUT_OF_DATE, BL_PCS_OUT_OF_DATE, BL_PCS_OUT_OF_DATE_CONFIGURATION,
		BL_PCS_OUT_OF_DATE_CONFIGURATION, BL_PCS_OUT_OF_DATE, BL_PCS_OUT_OF_DATE_CONFIGURATION, BL_PCS_REVOKED };
	bool good = true;

	for (enum bl_pcs_status s = BL_PCS_UP_TO_DATE; s <= BL_PCS_REVOKED; s++)
		good = good && bl_pcs_converge(s, BL_PCS_UP_TO_DATE) == s && bl_pcs_converge(s, BL_PCS_REVOKED) == BL_PCS_REVOKED &&
		       bl_pcs_converge(s, BL_PCS_OUT_OF_DATE) == after_old[s] && bl_pcs_converge(s, BL_PCS_NONE) == BL_PCS_NONE &&
		       bl_pcs_converge(BL_PCS_NONE, s) == BL_PCS_NONE;
	ok(good, "platform and module converge as Intel's table says");
}

static void test_policy(void)
{
	uint8_t nonce[8] = { 1, 2, 3 };

	anew();
	made.body[120] = 1;
	status("UpToDate", "debug", "a TD in debug mode is refused by default");
	anew();
	made.version = 5;
	made.kind = BL_QUOTE_TDX15;
	made.body[600] = 1;
	status("UpToDate", "policy-bits", "so is one with a service TD");
	anew();
	made.body[123] = 0;
	ok(!run_made("{\"version\":1,\"sept_ve_disable\":\"require\"}") && !bl_evidence_verdict(&ev), "SEPT_VE_DISABLE may be required");
	intel_sgx(anew(), 3);
	made.body[48] = 7;
	status("UpToDate", "debug", "an enclave in debug mode is refused by default");
	anew();
	memset(made.body + 520, 0, 64);
	memcpy(made.body + 520, nonce, sizeof nonce);
	intel_make(&made, &files);
	for (int k = 0; k < 2; k++) {
		bl_evidence_fini(&ev);
		ev = (struct bl_evidence){ .tech = &bl_quote_tdx_tech, .a = &arena, .files = &files, .anchors = &made.anchors, .time = ATTEST_NOW,
			.nonce = nonce, .nonce_len = sizeof nonce };
		nonce[7] = (uint8_t)k;
		ok(!bl_evidence_run(&ev, files.v[0].p, files.v[0].n, &err) && bl_evidence_authentic(&ev) == !k && !strcmp(reason(), k ? "nonce" : "none"),
		   k ? "another nonce is refused" : "the nonce is the report data");
	}
	anew();
	made.without = "tcb_info.json";
	status(NULL, "collateral-missing", "without TCB info the default policy refuses what is authentic");
	ok(!run_made(any_policy) && bl_evidence_verdict(&ev), "and one to which collateral is optional accepts it");
	anew();
	intel_make(&made, &files);
	files.n = 1;
	ok(!run_files(any_policy, &made) && bl_evidence_verdict(&ev), "without any collateral as well");
	ok(!run_files(NULL, &made) && bl_evidence_authentic(&ev) == 1 && !bl_evidence_verdict(&ev), "but not by default");
}

static void test_chains(void)
{
	struct bl_buf b;

	for (unsigned type = 1; type <= 3; type++) {
		anew();
		made.cert_type = type;
		intel_make(&made, &files);
		ok(!run_files(NULL, &made) && bl_evidence_authentic(&ev) == -1 && !strcmp(reason(), "collateral-missing"),
		   "a quote with certification data of type %u cannot be decided alone", type);
		bl_buf_init(&b, 1 << 20);
		intel_chain(&b, made.pck, made.ca, made.root);
		intel_file(&made, &files, "pck_chain.pem", b.p, b.len);
		bl_buf_fini(&b);
		ok(!run_files(NULL, &made) && bl_evidence_verdict(&ev), "with pck_chain.pem it can");
		made.svn[0] = 6;
		intel_pck(&made, made.ca, NULL, 0, 0);
		bl_buf_init(&b, 1 << 20);
		intel_chain(&b, made.pck, made.ca, made.root);
		made.svn[0] = 5;
		intel_make(&made, &files);
		intel_file(&made, &files, "pck_chain.pem", b.p, b.len);
		bl_buf_fini(&b);
		ok(!run_files(NULL, &made) && bl_evidence_authentic(&ev) == 0 && !strcmp(reason(), "collateral-mismatch"),
		   "but not with that of another TCB of the platform");
	}
	anew();
	made.ca = attest_issue(made.root, made.ca->key, &(struct attest_spec){ .subject = "CN=Intel SGX PCK Platform CA, O=made", .ca = true });
	status("UpToDate", "none", "another certificate of the same CA is as good");
}

/* Every byte of a quote, one bit of it: never authentic. */
static void test_flips(unsigned version, enum bl_quote_body kind)
{
	struct bl_evidence_cache *cache = bl_evidence_cache_new();
	size_t passed = 0, undecided = 0, n;
	uint8_t *p;

	anew();
	if (kind == BL_QUOTE_SGX)
		intel_sgx(&made, version);
	made.version = version;
	made.kind = kind;
	intel_make(&made, &files);
	p = (uint8_t *)(uintptr_t)files.v[0].p;
	n = files.v[0].n;
	for (size_t i = 0; i < n; i++) {
		struct bl_arena a;
		uint8_t bit = (uint8_t)(1u << (i * 5 + i / 8) % 8);
		bl_arena_init(&a, 16 << 20);
		bl_evidence_fini(&ev);
		ev = (struct bl_evidence){ .tech = NULL, .a = &a, .files = &files, .anchors = &made.anchors, .time = ATTEST_NOW, .cache = cache };
		p[i] ^= bit;
		if (!bl_evidence_run(&ev, p, n, &err)) {
			int authentic = bl_evidence_authentic(&ev);
			if (authentic == 1 || bl_evidence_verdict(&ev))
				printf("# byte %zu bit %x of %zu\n", i, bit, n);
			passed += authentic == 1 || bl_evidence_verdict(&ev);
			undecided += authentic < 0;
		}
		p[i] ^= bit;
		bl_evidence_fini(&ev);
		bl_arena_fini(&a);
	}
	is_int(passed, 0, "version %u, body %d: no quote with a changed byte is authentic", version, kind);
	ok(undecided < 8, "and hardly one undecided");
	bl_evidence_cache_free(cache);
}

/* --- the slice of a member --- */

static void test_cut(void)
{
	static const struct { const char *s, *want; } each[] = {
		{ "{\"a\":1}", "1" }, { " { \"b\" : [1,{\"a\":2}] , \"a\" : { \"x\" : \"}\\\"\" } } ", "{ \"x\" : \"}\\\"\" }" },
		{ "{\"\\u0061\":3}", "3" }, { "{\"a\":true ,\"b\":null}", "true" }, { "{\"b\":\"\\\\\",\"a\":\"{\"}", "\"{\"" },
		{ "{\"a\":1,\"a\":1}", NULL }, { "{\"a\":1,\"\\u0061\":2}", NULL }, { "{\"b\":1,\"b\":2,\"a\":3}", NULL }, { "{\"a\":1}x", NULL }, { "{\"a\":1", NULL },
		{ "[\"a\",1]", NULL }, { "{\"b\":{\"a\":1}}", NULL }, { "{\"a\":}", NULL }, { "{\"a\"}", NULL }, { "{a:1}", NULL }, { "", NULL }, { "{", NULL },
		{ "{\"a\":1,}", NULL }, { "{,\"a\":1}", NULL }, { "{\"b\":{\"c\":1,\"c\":1},\"a\":1}", NULL }, { "{\"b\":01,\"a\":1}", NULL }, { "{\"b\":[},\"a\":1}", NULL },
	};

	for (size_t k = 0; k < sizeof each / sizeof *each; k++) {
		const char *const want[] = { "a" };
		struct bl_pcs_slice got;
		bool found = bl_pcs_cut(each[k].s, strlen(each[k].s), want, &got, 1);
		struct bl_json *whole = bl_json_parse(each[k].s, strlen(each[k].s), 32, BL_DATA, &err);
		ok(found ? each[k].want && strlen(each[k].want) == got.n && !memcmp(got.s, each[k].want, got.n) : !each[k].want, "cutting %s", each[k].s);
		ok(!!bl_json_get(whole, "a") == found, "as the strict parser sees it");
		bl_json_free(whole);
	}
}

/* --- how long it takes --- */

static void bench(void)
{
	enum { N = 200 };
	clock_t from;

	anew();
	intel_make(&made, &files);
	from = clock();
	for (int k = 0; k < N; k++)
		run_files(NULL, &made);
	printf("# a verification with full collateral: %.0f us of CPU\n", (double)(clock() - from) * 1e6 / CLOCKS_PER_SEC / N);
}

int main(void)
{
	if (bl_mem_init(true, &err))
		return bl_err_print(&err, "test_attest_quote");
	bl_json_init();
	bl_arena_init(&arena, 64 << 20);
	intel_init(&made, &arena);
	test_good();
	test_revocation();
	test_windows();
	test_signers();
	test_texts();
	test_levels();
	test_relaunch();
	test_converge();
	test_policy();
	test_chains();
	test_cut();
	test_flips(3, BL_QUOTE_SGX);
	test_flips(5, BL_QUOTE_TDX15);
	bench();
	bl_json_free((struct bl_json *)(uintptr_t)ev.policy);
	bl_evidence_fini(&ev);
	intel_fini(&made);
	bl_arena_fini(&arena);
	return tap_done();
}
