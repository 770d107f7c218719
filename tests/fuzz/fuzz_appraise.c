/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_appraise: any bytes as an appraisal policy; one that parses judges evidence that says something of every word. Whatever the
 * policy, evidence with a failed authentic check is never accepted.
 */
#include <assert.h>
#include <string.h>

#include "attest/appraise.h"
#include "crypt/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct bl_err err;
static bool genuine;

static int parse(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *why)
{
	static const char *const bytes[] = { "measurement", "signer", "report_data", "host_data", "chip_id", "tee_tcb_svn", "rtmr1", "pcr4" };
	static const char *const ints[] = { "vmpl", "migrate_ma", "smt", "single_socket", "masked_chip_id", "service_td", "sha1", "svn", "isv_svn", "tcb_evaluation" };

	(void)why;
	for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++)
		bl_evidence_word(e, bytes[i], p, n);
	for (size_t i = 0; i < sizeof ints / sizeof *ints; i++)
		bl_evidence_word_int(e, ints[i], (int64_t)(i & 1));
	bl_evidence_word_text(e, "firmware", "1.55.40");
	bl_evidence_word_text(e, "abi", "1.55");
	e->tcb[0] = (struct bl_evidence_tcb){ "reported", { "snp", "tee" }, { 23, 0 }, 2 };
	e->tcb[1] = (struct bl_evidence_tcb){ "committed", { "snp", "tee" }, { 23, 0 }, 2 };
	e->tcb[2] = (struct bl_evidence_tcb){ "current", { "snp", "tee" }, { 24, 0 }, 2 };
	e->ntcb = 3;
	e->product = "Milan";
	e->has_status = true;
	e->tcb_status = "OutOfDate";
	e->tcb_date = "2024-03-13T00:00:00Z";
	e->has_debug = true;
	e->has_time = true;
	return 0;
}

static int verify(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *why)
{
	static const struct bl_evidence_file f = { .name = "tcb_info.json" };

	(void)p; (void)n; (void)why;
	bl_evidence_pass(e, BL_EVIDENCE_AUTHENTIC, "signature");
	bl_evidence_collateral(e, "window", &f, e->time - 86400, e->time + 1);
	bl_evidence_revocation(e, "revocation", NULL, NULL, NULL);
	if (!genuine)
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "chain", "chain", "no");
	return 0;
}

static bool detect(const uint8_t *p, size_t n) { (void)p; return n > 0; }

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char *const names[] = { "x.bin", NULL };
	static const struct bl_evidence_tech tech = { .name = "tdx", .file = names, .detect = detect, .parse = parse, .verify = verify };
	static const struct bl_evidence_files none;
	static bool ready;
	struct bl_arena a;
	struct bl_json *j;

	if (!ready) {
		bl_mem_init(false, &err);
		bl_json_init();
		ready = true;
	}
	if (!(j = bl_appraise_parse((const char *)p, n, &err))) {
		assert(err.code == BL_CONFIG || err.code == BL_OSERR);
		return 0;
	}
	for (int i = 0; i < 2; i++) {
		struct bl_evidence e = { .tech = &tech, .a = &a, .files = &none, .policy = j, .time = 1751624191 };
		genuine = i;
		bl_arena_init(&a, 1 << 20);
		assert(!bl_evidence_run(&e, (const uint8_t *)"\x01\x02", 2, &err));
		assert(e.ncheck <= BL_EVIDENCE_CHECKS);
		assert(i || !bl_evidence_verdict(&e));
		assert(bl_evidence_verdict(&e) || bl_evidence_reason(&e));
		bl_evidence_fini(&e);
		bl_arena_fini(&a);
	}
	bl_json_free(j);
	return 0;
}
