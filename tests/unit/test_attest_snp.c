/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_attest_snp: SNP reports under a hierarchy of our own, for what no real report shows: revocation, expiry, other chips, other
 * firmware, Turin, providers' keys, tables of certificates.
 */
#include <stdlib.h>

#include "../attest.h"
#include "../attest-snp.h"
#include "../tap.h"
#include "base/text.h"
#include "crypt/mem.h"

/* --- a hierarchy of our own --- */

enum { MILAN, GENOA, TURIN };
static const char *const product_name[] = { "Milan", "Genoa", "Turin" };
enum { REPORT = BL_SNP_REPORT, FLAGS = 0x48, REPORTED_TCB = 0x180, CHIP_ID = 0x1a0, SIGNED = 0x2a0 };

static struct maker {
	int product;
	struct attest_cert *ark, *ask, *asvk;
	uint8_t chip[64];
	uint8_t tcb[8];
} made[3];

static const char *called(char out[32], const char *prefix, int product)
{
	snprintf(out, 32, "CN=%s%s", prefix, product_name[product]);
	return out;
}

static void make_hierarchies(void)
{
	static const uint8_t old_tcb[8] = { 4, 0, 0, 0, 0, 0, 24, 219 }, turin_tcb[8] = { 1, 2, 0, 4, 0, 0, 0, 84 };
	char name[32];

	for (int i = 0; i < 3; i++) {
		struct maker *m = &made[i];

		m->product = i;
		m->ark = attest_issue(NULL, attest_key(ATTEST_RSA2048), &(struct attest_spec){ .subject = called(name, "ARK-", i), .ca = true });
		m->ask = attest_issue(m->ark, attest_key(ATTEST_RSA2048), &(struct attest_spec){ .subject = called(name, "SEV-", i), .ca = true });
		m->asvk = attest_issue(m->ark, attest_key(ATTEST_RSA2048), &(struct attest_spec){ .subject = called(name, "SEV-VLEK-", i), .ca = true });
		for (uint8_t k = 0; k < (i == TURIN ? 8 : 64); k++)
			m->chip[k] = (uint8_t)(0x80 + 3 * k + i);
		memcpy(m->tcb, i == TURIN ? turin_tcb : old_tcb, 8);
	}
}

/* What a VEK may have that is not as it should. */
struct vek {
	const struct attest_cert *by;	/* NULL: the usual */
	bool vlek;
	const char *subject, *product;	/* NULL: the usual */
	const uint8_t *tcb;		/* NULL: the maker's */
	const uint8_t *hwid;
	size_t nhwid;			/* 0: the maker's */
	bool no_hwid, no_snp;
	int64_t from, until;
	EVP_PKEY *key;
};

static struct attest_cert *make_vek(const struct maker *m, const struct vek *v)
{
	static const char *const oid[] = { "1.3.6.1.4.1.3704.1.3.1", "1.3.6.1.4.1.3704.1.3.2", "1.3.6.1.4.1.3704.1.3.3", "1.3.6.1.4.1.3704.1.3.8",
					   "1.3.6.1.4.1.3704.1.3.9" };
	static const uint8_t old_at[] = { 0, 1, 6, 7 }, turin_at[] = { 1, 2, 3, 7, 0 };
	struct attest_spec s = { .subject = v->subject ? v->subject : v->vlek ? "CN=SEV-VLEK" : "CN=SEV-VCEK", .from = v->from, .until = v->until };
	const uint8_t *tcb = v->tcb ? v->tcb : m->tcb, *at = m->product == TURIN ? turin_at : old_at;
	uint8_t svn[5][4], name[32] = { 0x16 };
	size_t n = 0;

	for (size_t i = 0; i < (m->product == TURIN ? 5 : 4); i++) {
		uint8_t x = tcb[at[i]];
		if (i == 2 && v->no_snp)
			continue;
		svn[i][0] = 2;
		svn[i][1] = x < 0x80 ? 1 : 2;
		svn[i][2] = x < 0x80 ? x : 0;
		svn[i][3] = x;
		s.ext[n++] = (struct attest_ext){ oid[i], false, svn[i], 2u + svn[i][1] };
	}
	name[1] = (uint8_t)snprintf((char *)name + 2, 30, "%s", v->product ? v->product : product_name[m->product]);
	s.ext[n++] = (struct attest_ext){ "1.3.6.1.4.1.3704.1.2", false, name, 2u + name[1] };
	if (!v->no_hwid && !v->vlek)
		s.ext[n++] = (struct attest_ext){ "1.3.6.1.4.1.3704.1.4", false, v->nhwid ? v->hwid : m->chip, v->nhwid ? v->nhwid : m->product == TURIN ? 8 : 64 };
	return attest_issue(v->by ? v->by : v->vlek ? m->asvk : m->ask, v->key ? v->key : attest_key(ATTEST_P384), &s);
}

static void sign(uint8_t p[REPORT], EVP_PKEY *key)
{
	uint8_t rs[96];

	attest_sign_raw(key, BL_KEY_SHA384, p, SIGNED, rs);
	memset(p + SIGNED, 0, REPORT - SIGNED);
	for (int i = 0; i < 48; i++) {
		p[SIGNED + i] = rs[47 - i];
		p[SIGNED + 72 + i] = rs[95 - i];
	}
}

static void fill(uint8_t p[REPORT], const struct maker *m, uint8_t version, bool vlek)
{
	static const uint8_t cpuid[3][3] = { { 0x19, 1, 1 }, { 0x19, 0x11, 1 }, { 0x1a, 2, 1 } };
	static const unsigned tcb[] = { 0x38, REPORTED_TCB, 0x1e0, 0x1f0 };

	memset(p, 0, REPORT);
	p[0] = version;
	p[10] = 3;			/* SMT, and the bit that is always one */
	p[0x34] = 1;
	p[FLAGS] = vlek ? 1 << 2 : 0;
	for (uint8_t i = 0; i < 64; i++)
		p[0x50 + i] = (uint8_t)(i + 1);
	for (uint8_t i = 0; i < 48; i++)
		p[0x90 + i] = (uint8_t)(0xa0 + i);
	for (size_t i = 0; i < 4; i++)
		memcpy(p + tcb[i], m->tcb, 8);
	if (version > 2)
		memcpy(p + 0x188, cpuid[m->product], 3);
	if (!vlek)
		memcpy(p + CHIP_ID, m->chip, 64);
	memcpy(p + 0x1e8, "\x1d\x37\x01\0\x1d\x37\x01", 7);
}

/* The files of a verification; the ARK of m is the root. */
static void beside(struct trial *t, const struct maker *m, const struct attest_cert *vek, bool vlek)
{
	const struct attest_cert *ask = vlek ? m->asvk : m->ask;
	uint8_t both[8192];

	memcpy(both, ask->der, ask->n);
	memcpy(both + ask->n, m->ark->der, m->ark->n);
	put_file(t, "vek.der", vek->der, vek->n);
	put_file(t, "ask_ark.pem", both, ask->n + m->ark->n);
	attest_anchor(&t->anchors, m->ark);
	t->own_root = true;
}

static struct bl_json *policy(const char *s)
{
	struct bl_json *j = bl_appraise_parse(s, strlen(s), &err);

	if (!j)
		printf("# policy: %s\n", err.msg);
	return j;
}

/* Judged at the usual time: the first reason is `reason` ("none": all is well), and authentic is as said. */
static void expect(struct trial *t, const uint8_t *p, size_t n, const char *reason, int authentic, const char *promise)
{
	judge(t, p, n, ATTEST_NOW, NULL);
	is_str(first_reason(t), reason, "%s", promise);
	is_int(t->rc ? 0 : bl_evidence_authentic(&t->e), authentic, "%s: authentic %d", promise, authentic);
}

/* One VEK, one report, one answer. */
static void one(const struct maker *m, uint8_t version, const struct vek *v, const char *reason, int authentic, const char *promise)
{
	static struct trial t;
	struct attest_cert *vek = make_vek(m, v);
	uint8_t p[REPORT];

	fill(p, m, version, v->vlek);
	sign(p, vek->key);
	beside(&t, m, vek, v->vlek);
	expect(&t, p, REPORT, reason, authentic, promise);
	done(&t);
}

static void test_good(void)
{
	one(&made[MILAN], 2, &(struct vek){ 0 }, "none", 1, "version 2 of Milan");
	one(&made[MILAN], 3, &(struct vek){ .product = "Milan-B0" }, "none", 1, "version 3 of Milan, with its stepping");
	one(&made[GENOA], 2, &(struct vek){ 0 }, "none", 1, "version 2 of Genoa");
	one(&made[GENOA], 5, &(struct vek){ 0 }, "none", 1, "version 5 of Genoa");
	one(&made[TURIN], 3, &(struct vek){ 0 }, "none", 1, "version 3 of Turin");
	one(&made[TURIN], 5, &(struct vek){ 0 }, "none", 1, "version 5 of Turin");
	one(&made[TURIN], 2, &(struct vek){ 0 }, "none", 1, "version 2 of Turin, whose VEK says what it is");
	one(&made[MILAN], 3, &(struct vek){ .vlek = true }, "none", 1, "a provider's key");
	one(&made[TURIN], 5, &(struct vek){ .vlek = true }, "none", 1, "a provider's key on Turin");
	one(&made[MILAN], 4, &(struct vek){ 0 }, "malformed", 0, "version 4");
	one(&made[MILAN], 6, &(struct vek){ 0 }, "malformed", 0, "version 6");
}

static void test_vek(void)
{
	const struct maker *m = &made[MILAN];
	uint8_t other[64], wrapped[66] = { 4, 64 };
	struct attest_cert *stranger = attest_issue(NULL, attest_key(ATTEST_P384), &(struct attest_spec){ .subject = "CN=ARK-Milan", .ca = true });
	struct attest_cert *between = attest_issue(m->ark, attest_key(ATTEST_P384), &(struct attest_spec){ .subject = "CN=SEV-Milan", .ca = true });

	memcpy(other, m->chip, 64);
	other[63] ^= 1;
	memcpy(wrapped + 2, m->chip, 64);
	one(m, 3, &(struct vek){ .hwid = other, .nhwid = 64 }, "chip-id", 0, "a VEK of another chip");
	one(m, 3, &(struct vek){ .hwid = wrapped, .nhwid = 66 }, "chip-id", 0, "a chip id inside of an OCTET STRING");
	one(m, 3, &(struct vek){ .hwid = m->chip, .nhwid = 8 }, "chip-id", 0, "the first bytes of a chip id where the product has 64");
	one(m, 3, &(struct vek){ .no_hwid = true }, "chip-id", 0, "a VEK without chip id");
	one(m, 3, &(struct vek){ .until = ATTEST_NOW - 1 }, "cert-expired", 0, "a VEK that has expired");
	one(m, 3, &(struct vek){ .from = ATTEST_NOW + 1 }, "cert-not-yet-valid", 0, "a VEK of tomorrow");
	one(m, 3, &(struct vek){ .by = stranger }, "chain", 0, "a VEK of a stranger");
	one(m, 3, &(struct vek){ .by = between }, "chain", 0, "a VEK of another ASK of that name");
	one(m, 3, &(struct vek){ .by = m->asvk }, "chain", 0, "a chip's key that the ASVK signed");
	one(m, 3, &(struct vek){ .by = m->ask, .vlek = true }, "chain", 0, "a provider's key that the ASK signed");
	one(m, 3, &(struct vek){ .subject = "CN=SEV-VLEK" }, "key-type", 0, "a provider's certificate for a chip's report");
	one(m, 3, &(struct vek){ .vlek = true, .subject = "CN=SEV-VCEK" }, "key-type", 0, "a chip's certificate for a provider's report");
	one(m, 3, &(struct vek){ .product = "Genoa" }, "chain", 0, "a VEK that says Genoa, in the chain of Milan");
	one(m, 3, &(struct vek){ .product = "Mila" }, "chain", 0, "a VEK whose product is not spelt in full");
	one(m, 3, &(struct vek){ .product = "Milano" }, "chain", 0, "a VEK whose product only begins so");
	one(m, 3, &(struct vek){ .key = attest_key(ATTEST_P256) }, "unsupported", 0, "a VEK on P-256");
}

/* The report's parts against the VEK's, one by one, and the VEK for the firmware after an update. */
static void test_tcb(void)
{
	for (int i = 0; i < 3; i++) {
		const struct maker *m = &made[i];
		static const uint8_t old_at[] = { 0, 1, 6, 7 }, turin_at[] = { 0, 1, 2, 3, 7 };

		for (size_t k = 0; k < (i == TURIN ? 5 : 4); k++) {
			uint8_t tcb[8], at = (i == TURIN ? turin_at : old_at)[k];
			struct maker updated = *m;
			char promise[80];

			memcpy(tcb, m->tcb, 8);
			tcb[at]++;
			snprintf(promise, sizeof promise, "%s: a VEK of other firmware, byte %u", product_name[i], at);
			one(m, 3, &(struct vek){ .tcb = tcb }, "tcb-mismatch", 0, promise);
			snprintf(promise, sizeof promise, "%s: the old VEK after an update, byte %u", product_name[i], at);
			memcpy(updated.tcb, tcb, 8);
			one(&updated, 3, &(struct vek){ .tcb = m->tcb }, "tcb-mismatch", 0, promise);
			snprintf(promise, sizeof promise, "%s: the VEK that was made after the update, byte %u", product_name[i], at);
			one(&updated, 3, &(struct vek){ 0 }, "none", 1, promise);
		}
	}
	one(&made[MILAN], 3, &(struct vek){ .no_snp = true }, "tcb-mismatch", 0, "a VEK that does not say for which firmware it is");
}

static void test_turin(void)
{
	static struct trial t;
	const struct maker *m = &made[TURIN];
	struct attest_cert *vek = make_vek(m, &(struct vek){ 0 });
	uint8_t p[REPORT], wide[64] = { 0 };
	const struct bl_json *tcb;

	fill(p, m, 5, false);
	p[CHIP_ID + 8] = 1;
	sign(p, vek->key);
	beside(&t, m, vek, false);
	expect(&t, p, REPORT, "chip-id", 0, "Turin: bytes after the eight of its chip id");
	fill(p, m, 5, false);
	sign(p, vek->key);
	expect(&t, p, REPORT, "none", 1, "Turin: eight bytes and zeros");
	tcb = bl_json_get(t.e.claims, "reported_tcb");
	ok(bl_json_get_int(tcb, "fmc", -1) == 1 && bl_json_get_int(tcb, "boot_loader", -1) == 2 && bl_json_get_int(tcb, "snp", -1) == 4 &&
	   bl_json_get_int(tcb, "microcode", -1) == 84, "Turin: the parts of its TCB are where they are");
	ok(bl_json_get(t.e.claims, "launch_mit_vector"), "version 5 has mitigation vectors");
	done(&t);
	memcpy(wide, m->chip, 8);
	one(m, 5, &(struct vek){ .hwid = wide, .nhwid = 64 }, "chip-id", 0, "Turin: a VEK with 64 bytes of chip id");
}

/* Three certificates, no more and no fewer. */
static void test_length(void)
{
	static struct trial t;
	const struct maker *m = &made[MILAN];
	struct attest_cert *between = attest_issue(m->ark, attest_key(ATTEST_P384), &(struct attest_spec){ .subject = "CN=ARK-Milan", .ca = true });
	struct attest_cert *ask = attest_issue(between, attest_key(ATTEST_P384), &(struct attest_spec){ .subject = "CN=SEV-Milan", .ca = true });
	struct attest_cert *far = make_vek(m, &(struct vek){ .by = ask }), *near = make_vek(m, &(struct vek){ .by = m->ark });
	uint8_t p[REPORT], chain[8192];

	t.own_root = true;
	attest_anchor(&t.anchors, m->ark);
	memcpy(chain, ask->der, ask->n);
	memcpy(chain + ask->n, between->der, between->n);
	put_file(&t, "ask_ark.pem", chain, ask->n + between->n);
	put_file(&t, "vek.der", far->der, far->n);
	fill(p, m, 3, false);
	sign(p, far->key);
	expect(&t, p, REPORT, "chain", 0, "a chain of four");
	t.files.v[1].p = near->der;
	t.files.v[1].n = near->n;
	sign(p, near->key);
	expect(&t, p, REPORT, "chain", 0, "a VEK that the ARK signed itself");
	done(&t);
}

/* --- the report --- */

static void test_report(void)
{
	static struct trial t;
	const struct maker *m = &made[MILAN];
	struct attest_cert *vek = make_vek(m, &(struct vek){ 0 });
	struct bl_json *allow = policy("{\"version\":1,\"masked_chip_id\":\"allow\"}");
	uint8_t p[REPORT + 1], nonce[65] = { 0 };

	beside(&t, m, vek, false);
	fill(p, m, 3, false);
	sign(p, attest_key(ATTEST_P384));
	expect(&t, p, REPORT, "signature", 0, "a report that another key signed");
	fill(p, m, 3, false);
	p[FLAGS] |= 7 << 2;
	sign(p, vek->key);
	expect(&t, p, REPORT, "key-type", 0, "a report that says it is not signed");
	fill(p, &made[GENOA], 3, false);
	memcpy(p + CHIP_ID, m->chip, 64);
	sign(p, vek->key);
	expect(&t, p, REPORT, "chain", 0, "a report of Genoa with the chain of Milan");
	fill(p, m, 3, false);
	p[0x188] = 0x17;
	sign(p, vek->key);
	expect(&t, p, REPORT, "unsupported", 0, "a report of a family that has no SNP");
	fill(p, m, 3, false);
	memset(p + CHIP_ID, 0, 64);
	sign(p, vek->key);
	expect(&t, p, REPORT, "masked-chip-id", 1, "a masked chip id");
	judge(&t, p, REPORT, ATTEST_NOW, allow);
	ok(bl_evidence_verdict(&t.e), "a masked chip id that the policy allows");
	fill(p, m, 3, false);
	p[10] |= 1 << 3;
	sign(p, vek->key);
	expect(&t, p, REPORT, "debug", 1, "a guest that the host may debug");
	fill(p, m, 3, false);
	p[0x1e0 + 6]--;
	sign(p, vek->key);
	expect(&t, p, REPORT, "provisional", 1, "firmware that may be taken back");

	fill(p, m, 3, false);
	memset(p + 0x50, 0, 64);
	p[0x50] = 7;
	sign(p, vek->key);
	nonce[0] = 7;
	t.nonce = nonce;
	t.nonce_len = 1;
	expect(&t, p, REPORT, "none", 1, "the nonce that was asked for, zeros after it");
	t.nonce_len = 64;
	expect(&t, p, REPORT, "none", 1, "the same with its zeros");
	t.nonce_len = 65;
	expect(&t, p, REPORT, "nonce", 0, "a nonce that is too long");
	t.nonce_len = 2;
	nonce[1] = 1;
	expect(&t, p, REPORT, "nonce", 0, "another nonce");
	t.nonce_len = 1;
	nonce[1] = 0;
	p[0x50 + 1] = 1;
	sign(p, vek->key);
	expect(&t, p, REPORT, "nonce", 0, "a nonce with something after it");
	t.nonce = NULL;
	for (size_t n = 0; n < REPORT; n += 37)
		if (judge(&t, p, n, ATTEST_NOW, NULL), !t.rc)
			ok(false, "a report of %zu bytes", n);
	p[REPORT] = 0;
	expect(&t, p, REPORT + 1, "malformed", 0, "a report with a byte after it");
	bl_json_free(allow);
	done(&t);
}

/* --- what is missing, what is too much --- */

static const char *result(const struct trial *t, const char *check)
{
	static const char *const names[] = { "pass", "fail", "skip" };

	for (size_t i = 0; i < t->e.ncheck; i++)
		if (!strcmp(t->e.check[i].name, check))
			return names[t->e.check[i].result];
	return "absent";
}

static void test_missing(void)
{
	static const char *const always[] = { "key-type", "vek-chain", "vek-product", "ask-revocation", "vek-revocation", "vek-tcb", "chip-id", "signature", "nonce" };
	static struct trial t;
	const struct maker *m = &made[MILAN];
	struct attest_cert *vek = make_vek(m, &(struct vek){ 0 });
	uint8_t p[REPORT];

	fill(p, m, 3, false);
	sign(p, vek->key);
	t.own_root = true;
	attest_anchor(&t.anchors, m->ark);
	expect(&t, p, REPORT, "collateral-missing", -1, "no certificate at all");
	for (size_t i = 0; i < 9; i++)
		is_str(result(&t, always[i]), i == 1 ? "fail" : "skip", "without certificates %s is listed", always[i]);
	put_file(&t, "vek.der", vek->der, vek->n);
	expect(&t, p, REPORT, "collateral-missing", -1, "no ASK");
	put_file(&t, "ask_ark.pem", m->ask->der, m->ask->n);
	expect(&t, p, REPORT, "none", 1, "the ARK may come from --root alone");
	for (size_t i = 0; i < 9; i++)
		is_str(result(&t, always[i]), strstr(" ask-revocation vek-revocation nonce ", always[i]) ? "skip" : "pass", "with them too: %s", always[i]);
	t.own_root = false;
	expect(&t, p, REPORT, "chain", 0, "without --root nobody trusts this");
	t.files.v[1].p = m->ark->der;
	t.files.v[1].n = m->ark->n;
	t.own_root = true;
	expect(&t, p, REPORT, "chain", 0, "an ARK without ASK");
	t.files.v[0].n--;
	expect(&t, p, REPORT, "malformed", 0, "a VEK that is cut short");
	done(&t);
}

static void test_crls(void)
{
	static struct trial t;
	const struct maker *m = &made[MILAN];
	struct attest_cert *vek = make_vek(m, &(struct vek){ 0 }), *other = make_vek(m, &(struct vek){ 0 });
	const struct { const struct attest_cert *by; struct attest_crl_spec s; const char *reason, *promise; } cases[] = {
		{ m->ark, { .revoked = { m->asvk } }, "none", "a list of the ARK that does not name the ASK" },
		{ m->ark, { .revoked = { m->asvk, m->ask } }, "revoked", "a list of the ARK that names the ASK" },
		{ m->ask, { .revoked = { other } }, "none", "a list of the ASK that does not name the VEK" },
		{ m->ask, { .revoked = { other, vek } }, "revoked", "a list of the ASK that names the VEK" },
		{ m->ark, { .until = ATTEST_NOW }, "crl-stale", "a list that ends now" },
		{ m->ark, { .until = ATTEST_NOW + 1 }, "none", "a list that ends in a second" },
		{ m->ark, { .until = -1 }, "crl-stale", "a list without end" },
		{ m->ark, { .from = ATTEST_NOW + 1 }, "collateral-future", "a list of tomorrow" },
		{ m->ark, { .key = vek->key }, "crl-signature", "a list in the name of the ARK by another key" },
		{ m->ask, { .key = m->ark->key }, "crl-signature", "a list in the name of the ASK by the ARK" },
		{ made[GENOA].ark, { .revoked = { 0 } }, "collateral-mismatch", "a list of another product" },
	};
	struct bl_json *require = policy("{\"version\":1,\"revocation\":\"require\"}"), *ignore = policy("{\"version\":1,\"revocation\":\"ignore\"}");
	struct bl_json *grace = policy("{\"version\":1,\"collateral_grace\":\"1d\"}");
	uint8_t p[REPORT], *der;
	size_t n;

	fill(p, m, 3, false);
	sign(p, vek->key);
	beside(&t, m, vek, false);
	judge(&t, p, REPORT, ATTEST_NOW, require);
	ok(!bl_evidence_verdict(&t.e) && bl_evidence_authentic(&t.e) == 1, "a list that the policy requires is missing");
	put_file(&t, "crl.der", "", 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		n = attest_crl(cases[i].by, &cases[i].s, &der);
		t.files.v[2] = (struct bl_evidence_file){ .name = i % 2 ? "crl.der" : "crl-x.der", .p = der, .n = n };
		expect(&t, p, REPORT, cases[i].reason, !strcmp(cases[i].reason, "none"), cases[i].promise);
	}
	n = attest_crl(m->ark, &(struct attest_crl_spec){ .until = ATTEST_NOW - 3600 }, &der);
	t.files.v[2] = (struct bl_evidence_file){ .name = "crl.der", .p = der, .n = n };
	judge(&t, p, REPORT, ATTEST_NOW, grace);
	ok(bl_evidence_verdict(&t.e), "a stale list within the grace of the policy");
	t.files.v[2].n = attest_crl(made[GENOA].ark, &(struct attest_crl_spec){ .until = 0 }, &der);
	t.files.v[2].p = der;
	judge(&t, p, REPORT, ATTEST_NOW, ignore);
	ok(bl_evidence_verdict(&t.e), "a list of another product that the policy ignores");
	t.files.v[2].n = attest_crl(m->ark, &(struct attest_crl_spec){ .until = ATTEST_NOW - 3600 }, &der);
	t.files.v[2].p = der;
	judge(&t, p, REPORT, ATTEST_NOW, ignore);
	ok(bl_evidence_verdict(&t.e) && !strcmp(result(&t, "ask-revocation"), "skip"), "a stale list that the policy ignores: skipped, not passed");
	n = attest_crl(m->ark, &(struct attest_crl_spec){ .revoked = { 0 } }, &der);
	t.files.v[2] = (struct bl_evidence_file){ .name = "crl.der", .p = der, .n = n };
	judge(&t, p, REPORT, ATTEST_NOW, require);
	ok(bl_evidence_verdict(&t.e), "the ARK's list is all that can be required");
	is_int(t.e.ncollateral, 1, "lists that were used are told");
	n = attest_crl(m->ask, &(struct attest_crl_spec){ .revoked = { vek } }, &der);
	t.files.v[3] = (struct bl_evidence_file){ .name = "crl-ask.der", .p = der, .n = n };
	t.files.n = 4;
	expect(&t, p, REPORT, "revoked", 0, "two lists, the second of which names the VEK");
	t.files.v[3].n--;
	expect(&t, p, REPORT, "malformed", 0, "a list that is cut short");
	bl_json_free(require);
	bl_json_free(ignore);
	bl_json_free(grace);
	done(&t);
}

/* --- extended reports --- */

struct part { const char *guid; const struct attest_cert *c; };

/* A report and its table; guids as bytes in text. */
static size_t extend(uint8_t *out, const uint8_t p[REPORT], const struct part *v, size_t n)
{
	size_t at = (n + 1) * 24;
	uint8_t *table = out + REPORT;

	memcpy(out, p, REPORT);
	memset(table, 0, at);
	for (size_t i = 0; i < n; i++) {
		uint32_t where = (uint32_t)at, len = (uint32_t)v[i].c->n;
		bl_text_unhex(v[i].guid, 32, table + 24 * i, 16);
		memcpy(table + 24 * i + 16, &where, 4);
		memcpy(table + 24 * i + 20, &len, 4);
		memcpy(table + at, v[i].c->der, len);
		at += len;
	}
	return REPORT + at;
}

static const char vcek_guid[] = "63da758de6644564adc5f4b93be8accd", vlek_guid[] = "a8074bc2a25a483eaae639c045a0b8a1",
	ask_guid[] = "4ab7b379bbac4fe4a02f05aef327c782", ark_guid[] = "c0b406a4a803495297433fb6014cd0ae";

static void test_extended(void)
{
	static struct trial t;
	static uint8_t x[16384];
	const struct maker *m = &made[MILAN];
	struct attest_cert *vek = make_vek(m, &(struct vek){ 0 }), *vlek = make_vek(m, &(struct vek){ .vlek = true });
	const struct part all[] = { { vcek_guid, vek }, { ask_guid, m->ask }, { ark_guid, m->ark } };
	const struct part provider[] = { { vcek_guid, vek }, { vlek_guid, vlek }, { ask_guid, m->asvk }, { ark_guid, m->ark } };
	uint8_t p[REPORT];
	size_t n;

	t.own_root = true;
	attest_anchor(&t.anchors, m->ark);
	fill(p, m, 2, false);
	sign(p, vek->key);
	n = extend(x, p, all, 3);
	expect(&t, x, n, "none", 1, "a report with its table of certificates");
	memset(x + n, 0, 100);
	expect(&t, x, n + 100, "none", 1, "zeros after it, as hosts pad pages");
	x[n + 50] = 1;
	expect(&t, x, n + 100, "malformed", 0, "anything else after it");
	expect(&t, x, n - 1, "malformed", 0, "a table that is cut short");
	expect(&t, x, REPORT + 71, "malformed", 0, "a table without end");
	expect(&t, x, REPORT + 1, "malformed", 0, "a table of one byte");
	memset(x + REPORT, 0, 24);
	expect(&t, x, REPORT + 24, "collateral-missing", -1, "a table of nothing");
	n = extend(x, p, all, 3);
	memset(x + REPORT + 16, 0xff, 4);
	expect(&t, x, n, "malformed", 0, "a certificate that begins past the end");
	n = extend(x, p, all, 3);
	memset(x + REPORT + 20, 0xff, 4);
	expect(&t, x, n, "malformed", 0, "a certificate of four gigabytes");
	n = extend(x, p, all, 1);
	expect(&t, x, n, "collateral-missing", -1, "a table with the VEK alone");
	fill(p, m, 3, true);
	sign(p, vlek->key);
	n = extend(x, p, provider, 4);
	expect(&t, x, n, "none", 1, "of two VEKs the one that the report names");
	put_file(&t, "vek.der", vek->der, vek->n);
	expect(&t, x, n, "key-type", 0, "a file wins over the table");
	done(&t);
}

/* --- flips --- */

/* Each byte of p, one bit of it: how many are still authentic. */
static size_t survivors(struct trial *t, uint8_t *p, size_t n, const uint8_t *report, size_t len)
{
	size_t good = 0;

	for (size_t i = 0; i < n; i++) {
		p[i] ^= (uint8_t)(1 << i % 8);
		judge(t, report, len, ATTEST_NOW, NULL);
		if (!t->rc && bl_evidence_authentic(&t->e) == 1) {
			printf("# byte %zu\n", i);
			good++;
		}
		p[i] ^= (uint8_t)(1 << i % 8);
	}
	return good;
}

static void test_flips(void)
{
	static struct trial t;
	static uint8_t x[16384];
	const struct maker *m = &made[MILAN];
	struct attest_cert *vek = make_vek(m, &(struct vek){ 0 });
	const struct part all[] = { { vcek_guid, vek }, { ask_guid, m->ask }, { ark_guid, m->ark } };
	struct bl_cert *ark = attest_parse(m->ark);
	uint8_t p[REPORT], *der;
	size_t n;

	cache = bl_evidence_cache_new();
	fill(p, m, 3, false);
	sign(p, vek->key);
	beside(&t, m, vek, false);
	expect(&t, p, REPORT, "none", 1, "before any flip");
	is_int(survivors(&t, p, REPORT, p, REPORT), 0, "no byte of a report flips and it is still authentic");
	memcpy(x, vek->der, vek->n);
	t.files.v[0].p = x;
	is_int(survivors(&t, x, vek->n, p, REPORT), 0, "no byte of a VEK does");
	memcpy(x, m->ask->der, m->ask->n);
	t.files.v[0].p = vek->der;
	t.files.v[1].p = x;
	t.files.v[1].n = m->ask->n;
	is_int(survivors(&t, x, m->ask->n, p, REPORT), 0, "no byte of an ASK does");
	t.files.v[1].p = m->ask->der;
	n = attest_crl(m->ark, &(struct attest_crl_spec){ .revoked = { m->asvk } }, &der);
	put_file(&t, "crl.der", "", 0);
	t.files.v[2].p = der;
	t.files.v[2].n = n;
	expect(&t, p, REPORT, "none", 1, "with a list");
	is_int(survivors(&t, der, n, p, REPORT), 0, "no byte of a revocation list does");
	done(&t);
	t.own_root = true;		/* the key alone is the anchor, as built in */
	bl_key_hash(bl_cert_key(ark), t.anchors.key[t.anchors.n++]);
	n = extend(x, p, all, 3);
	expect(&t, x, n, "none", 1, "an extended report before any flip");
	is_int(survivors(&t, x + REPORT, n - REPORT, x, n), 0, "no byte of its table or of the certificates in it does");
	bl_cert_free(ark);
	done(&t);
	bl_evidence_cache_free(cache);
	cache = NULL;
}

int main(void)
{
	bl_arena_init(&arena, 64 << 20);
	if (bl_mem_init(true, &err)) {
		printf("Bail out! %s\n", err.msg);
		return 1;
	}
	bl_json_init();
	make_hierarchies();
	test_good();
	test_vek();
	test_tcb();
	test_turin();
	test_length();
	test_report();
	test_missing();
	test_crls();
	test_extended();
	test_flips();
	attest_done();
	return tap_done();
}
