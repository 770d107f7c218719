/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device: what devices of our own answer over any report data: SNP reports with their table, TDX and SGX quotes, Nitro documents, all
 * under hierarchies of this process; and whether bl's own verifier takes an answer for that data.
 *
 *	static struct device p;		// large
 *	device_init(&p, ATTEST_NOW);		// after bl_mem_init
 *	device_report(&p, data, &report), device_table(&p, &table), device_quote(&p, BL_STATEMENT_TDX, data, &quote)
 *	device_proves(&p, BL_STATEMENT_SNP, &answer, data)
 */
#ifndef TESTS_DEVICE_H
#define TESTS_DEVICE_H

#include "attest-amd.h"
#include "attest-aws.h"
#include "attest-quote.h"
#include "attest/appraise.h"
#include "attest/snp.h"
#include "attest/statement.h"
#include "tee/provider.h"

struct device {
	int64_t now;
	struct bl_arena a;
	struct attest_cert *ark, *ask, *vek;
	struct intel tdx, sgx;
	struct aws aws;
};

static inline void device_intel(struct device *p, struct intel *i)
{
	intel_init(i, &p->a);
	i->issued = i->qe_issued = p->now - 86400;
	i->expires = i->qe_expires = p->now + 29 * 86400;
	i->root_crl.from = i->pck_crl.from = p->now - 86400;
	i->root_crl.until = i->pck_crl.until = p->now + 29 * 86400;
}

/* Evidence is good at `now`. */
static inline void device_init(struct device *p, int64_t now)
{
	memset(p, 0, sizeof *p);
	p->now = now;
	bl_arena_init(&p->a, 64 << 20);
	p->ark = attest_issue(NULL, attest_key(ATTEST_RSA2048), &(struct attest_spec){ .subject = "CN=ARK-Milan", .ca = true });
	p->ask = attest_issue(p->ark, attest_key(ATTEST_RSA2048), &(struct attest_spec){ .subject = "CN=SEV-Milan", .ca = true });
	p->vek = amd_vek(p->ask, &(struct amd){ 0 });
	device_intel(p, &p->tdx);
	device_intel(p, &p->sgx);
	intel_sgx(&p->sgx, 3);
	aws_init(&p->aws);
}

static inline void device_fini(struct device *p)
{
	bl_certs_fini(&p->tdx.anchors.own);
	bl_certs_fini(&p->sgx.anchors.own);
	attest_done();
	bl_arena_fini(&p->a);
}

/* --- what a device answers --- */

/* As a host gives them: VCEK, ASK, ARK. */
static inline void device_table(struct device *p, struct bl_buf *b)
{
	static const uint8_t guid[][16] = {
		{ 0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd },
		{ 0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82 },
		{ 0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0, 0xae },
		{ 0 },
	};
	const struct attest_cert *c[] = { p->vek, p->ask, p->ark };
	uint32_t at = sizeof guid / sizeof *guid * 24;

	for (size_t i = 0; i < 4; at += i < 3 ? (uint32_t)c[i]->n : 0, i++) {
		bl_buf_put(b, guid[i], 16);
		bl_buf_put32(b, i < 3 ? at : 0);
		bl_buf_put32(b, i < 3 ? (uint32_t)c[i]->n : 0);
	}
	for (size_t i = 0; i < 3; i++)
		bl_buf_put(b, c[i]->der, c[i]->n);
}

static inline void device_report(struct device *p, const uint8_t data[64], struct bl_buf *report)
{
	uint8_t r[BL_SNP_REPORT];

	bl_buf_put(report, r, amd_report(r, data, p->vek->key));
}

static inline struct intel *device_of_intel(struct device *p, enum bl_statement_class class)
{
	return class == BL_STATEMENT_SGX ? &p->sgx : &p->tdx;
}

static inline void device_quote(struct device *p, enum bl_statement_class class, const uint8_t data[64], struct bl_buf *quote)
{
	struct intel *i = device_of_intel(p, class);

	memcpy(i->body + (class == BL_STATEMENT_SGX ? 320 : 520), data, 64);
	intel_quote(i, quote);
}

/* --- what proves it --- */

static inline const struct bl_evidence_tech *device_tech(enum bl_statement_class class)
{
	return class == BL_STATEMENT_SNP ? &bl_snp_tech : class == BL_STATEMENT_TDX ? &bl_quote_tdx_tech :
	       class == BL_STATEMENT_SGX ? &bl_quote_sgx_tech : &bl_nitro_tech;
}

/* Collateral that verifies its quotes, by name; quote.bin is among it. */
static inline void device_collateral(struct device *p, enum bl_statement_class class, struct bl_evidence_files *f)
{
	struct intel *i = device_of_intel(p, class);

	i->tcb_info = i->qe_identity = NULL;
	intel_make(i, f);
}

/* The certificate that --root wants. */
static inline const struct attest_cert *device_root(struct device *p, enum bl_statement_class class)
{
	return class == BL_STATEMENT_SNP ? p->ark : class == BL_STATEMENT_NITRO ? p->aws.root : device_of_intel(p, class)->root;
}

/* Do the pieces verify, beside collateral of the platform's, for this nonce? Says why not. */
static inline bool device_proves(struct device *p, enum bl_statement_class class, const struct bl_provider_answer *a, const uint8_t *nonce, size_t n)
{
	static struct bl_evidence_files f;
	struct bl_evidence e = { .tech = device_tech(class), .a = &p->a, .files = &f, .nonce = nonce, .nonce_len = n, .time = p->now };
	struct bl_cert_anchors anchors = { .n = 0 };
	const struct bl_evidence_file *first = NULL;
	struct bl_err err = { 0 };
	bool good;

	f.n = 0;
	if (class == BL_STATEMENT_TDX || class == BL_STATEMENT_SGX) {
		device_collateral(p, class, &f);
		for (size_t i = 0; i < f.n; i++)
			if (!strcmp(f.v[i].name, "quote.bin"))
				f.v[i] = f.v[--f.n];
	}
	for (size_t i = 0; i < a->pieces.n; i++) {
		struct bl_evidence_file *x = &f.v[f.n++];
		*x = (struct bl_evidence_file){ .name = a->pieces.v[i].name, .p = a->pieces.v[i].p, .n = a->pieces.v[i].n };
		bl_hash_sha256(x->p, x->n, x->sha256);
	}
	attest_anchor(&anchors, device_root(p, class));
	e.anchors = &anchors;
	for (const char *const *name = e.tech->file; !first && *name; name++)
		first = bl_evidence_find(&f, *name);
	good = first && !bl_evidence_run(&e, first->p, first->n, &err) && bl_evidence_verdict(&e);
	if (!good)
		printf("# %s%s\n", err.msg, first && !err.code && bl_evidence_reason(&e) ? bl_evidence_reason(&e)->reason : "");
	bl_evidence_fini(&e);
	bl_certs_fini(&anchors.own);
	return good;
}

#endif
