/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snp: see snp.h. The report is 1184 bytes, little-endian; all but the signature and the zeros after it are signed. Where the VEK is
 * not of this chip or of this firmware, the signature fails too: the checks before it say why.
 */
#include "attest/snp.h"

#include <stdio.h>
#include <string.h>

#include "attest/appraise.h"
#include "base/cur.h"
#include "base/text.h"

enum {	/* offsets in a report */
	VERSION = 0, GUEST_SVN = 4, POLICY = 8, FAMILY_ID = 0x10, IMAGE_ID = 0x20, VMPL = 0x30, SIG_ALGO = 0x34, CURRENT_TCB = 0x38,
	PLATFORM_INFO = 0x40, FLAGS = 0x48, REPORT_DATA = BL_SNP_REPORT_DATA, MEASUREMENT = 0x90, HOST_DATA = 0xc0, ID_KEY = 0xe0,
	AUTHOR_KEY = 0x110, REPORT_ID = 0x140, REPORT_ID_MA = 0x160, REPORTED_TCB = 0x180, CPUID = 0x188, CHIP_ID = 0x1a0,
	COMMITTED_TCB = 0x1e0, CURRENT_VERSION = 0x1e8, COMMITTED_VERSION = 0x1ec, LAUNCH_TCB = 0x1f0, LAUNCH_MIT = 0x1f8, CURRENT_MIT = 0x200,
	SIGNED = 0x2a0, SIG_S = SIGNED + 72, SIG_END = SIG_S + 72,
};
enum { TCB_LEN = 8, CHIP_ID_LEN = 64, TURIN_ID_LEN = 8, DIGEST = 48, ID = 16, HALF = 72, SCALAR = 48 };
enum { VCEK = 0, VLEK = 1 };
static const enum bl_evidence_layer AUTHENTIC = BL_EVIDENCE_AUTHENTIC;

const uint8_t bl_snp_anchor[BL_SNP_ANCHORS][32] = {
	{ 0x9f, 0x05, 0x6b, 0xee, 0x44, 0x37, 0x7e, 0x29, 0x30, 0x8c, 0xb5, 0xff, 0xa8, 0x95, 0xbd, 0xfb,
	  0x62, 0xd1, 0x88, 0x81, 0xfa, 0x6b, 0xed, 0x8d, 0x6f, 0x07, 0x5b, 0x02, 0x04, 0x08, 0x9c, 0xb9 },	/* Milan */
	{ 0x42, 0x9a, 0x69, 0xc9, 0x42, 0x2a, 0xa2, 0x58, 0xee, 0x4d, 0x8d, 0xb5, 0xfc, 0xda, 0x9c, 0x64,
	  0x70, 0xef, 0x15, 0xf8, 0xcd, 0x5a, 0x9c, 0xeb, 0xd6, 0xcb, 0xc7, 0xd9, 0x0b, 0x86, 0x38, 0x31 },	/* Genoa */
	{ 0x4f, 0x12, 0x54, 0x10, 0x56, 0x3a, 0x2a, 0xb9, 0xa5, 0x03, 0x56, 0xf9, 0x24, 0x3f, 0x6f, 0xe0,
	  0xb6, 0xf7, 0x3d, 0xe9, 0x86, 0x03, 0xf5, 0x3f, 0x90, 0x33, 0x9c, 0x70, 0xe9, 0xd7, 0xad, 0x08 },	/* Turin */
};

/* --- TCB: eight bytes whose meaning depends on the product --- */

struct part { const char *name, *oid; unsigned at; };
static const struct part old_parts[] = {
	{ "boot_loader", "1.3.6.1.4.1.3704.1.3.1", 0 }, { "tee", "1.3.6.1.4.1.3704.1.3.2", 1 }, { "snp", "1.3.6.1.4.1.3704.1.3.3", 6 },
	{ "microcode", "1.3.6.1.4.1.3704.1.3.8", 7 }, { NULL, NULL, 0 },
};
static const struct part turin_parts[] = {
	{ "fmc", "1.3.6.1.4.1.3704.1.3.9", 0 }, { "boot_loader", "1.3.6.1.4.1.3704.1.3.1", 1 }, { "tee", "1.3.6.1.4.1.3704.1.3.2", 2 },
	{ "snp", "1.3.6.1.4.1.3704.1.3.3", 3 }, { "microcode", "1.3.6.1.4.1.3704.1.3.8", 7 }, { NULL, NULL, 0 },
};
static const struct { const char *which, *raw; unsigned at; } tcbs[] = {
	{ "reported", "reported_tcb", REPORTED_TCB }, { "committed", "committed_tcb", COMMITTED_TCB },
	{ "current", "current_tcb", CURRENT_TCB }, { "launch", "launch_tcb", LAUNCH_TCB },
};

static bool is_turin(const char *product)
{
	return product && !strcmp(product, "Turin");
}

static const struct part *parts(const char *product)
{
	return is_turin(product) ? turin_parts : old_parts;
}

/* --- what there is beside the report --- */

struct keys {
	const struct bl_cert *vek;	/* NULL: none */
	struct bl_certs others;		/* ASK or ASVK, ARK, in any order; not ours to free */
};

static const uint8_t guid_vcek[16] = { 0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd };
static const uint8_t guid_vlek[16] = { 0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e, 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8, 0xa1 };
static const uint8_t guid_ask[16] = { 0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82 };
static const uint8_t guid_ark[16] = { 0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0, 0xae };

enum { ENTRY = 24, ENTRIES = 64 };

static bool zero(const uint8_t *p, size_t n)
{
	uint8_t any = 0;

	while (n--)
		any |= *p++;
	return !any;
}

/* The table after the report: entries up to one of zeros, each inside of it, and after the last certificate only zeros. */
static int check_table(const uint8_t *p, size_t n, struct bl_err *err)
{
	size_t i, end;

	for (i = 0; i < ENTRIES && (i + 1) * ENTRY <= n && !zero(p + i * ENTRY, ENTRY); i++)
		;
	if (i == ENTRIES || (i + 1) * ENTRY > n)
		return bl_err_set(err, BL_DATA, "certificate table: no end");
	end = (i + 1) * ENTRY;
	while (i--) {
		size_t at = bl_le32(p + i * ENTRY + 16), len = bl_le32(p + i * ENTRY + 20);
		if (at > n || len > n - at)
			return bl_err_set(err, BL_DATA, "certificate table: an entry lies outside of it");
		if (at + len > end)
			end = at + len;
	}
	return zero(p + end, n - end) ? 0 : bl_err_set(err, BL_DATA, "certificate table: bytes after the last certificate");
}

/* The bytes of an entry of a checked table. */
static const uint8_t *in_table(const uint8_t *p, size_t n, const uint8_t guid[16], size_t *len)
{
	for (; n >= ENTRY && !zero(p, ENTRY); p += ENTRY, n -= ENTRY)
		if (!memcmp(p, guid, 16)) {
			*len = bl_le32(p + 20);
			return *len ? p : NULL;
		}
	return NULL;
}

static int add(struct keys *k, const struct bl_certs *s, size_t from, struct bl_err *err)
{
	for (size_t i = from; i < s->n; i++) {
		if (k->others.n == BL_CERT_MOST)
			return bl_err_set(err, BL_DATA, "more than %d certificates", BL_CERT_MOST);
		k->others.v[k->others.n++] = s->v[i];
	}
	return 0;
}

/* One source of certificates: the first is the VEK where that is wanted. */
static int take(struct bl_evidence *e, struct keys *k, bool vek, const char *name, const uint8_t *p, size_t n, struct bl_err *err)
{
	const struct bl_certs *s = bl_evidence_certs(e, p, n, err);

	if (!s || add(k, s, vek, err))
		return bl_err_where(err, "%s", name);
	if (vek && s->n)
		k->vek = s->v[0];
	return 0;
}

static unsigned signer_of(const uint8_t *report)
{
	return bl_le32(report + FLAGS) >> 2 & 7;
}

/* A file wins over the table, whose certificate must be genuine even so: a provider may not have renewed it yet. */
static int gather_vek(struct bl_evidence *e, const uint8_t *report, const uint8_t *table, size_t n, struct keys *k, struct bl_err *err)
{
	const struct bl_evidence_file *f = bl_evidence_find(e->files, "vek.der");
	const uint8_t *entry, *const *want, *const guids[] = { guid_vlek, guid_vcek, guid_vlek };
	size_t len = 0;

	if (!f)
		f = bl_evidence_find(e->files, "vek.pem");
	if (f && take(e, k, true, f->name, f->p, f->n, err))
		return -1;
	want = signer_of(report) == VLEK ? guids : guids + 1;
	if (!(entry = in_table(table, n, want[0], &len)))
		entry = in_table(table, n, want[1], &len);
	return entry ? take(e, k, !f, "certificate table: VEK", table + bl_le32(entry + 16), len, err) : 0;
}

static int gather(struct bl_evidence *e, const uint8_t *p, size_t n, struct keys *k, struct bl_err *err)
{
	static const struct { const uint8_t *guid; const char *name; } rest[] = { { guid_ask, "certificate table: ASK" }, { guid_ark, "certificate table: ARK" } };
	const struct bl_evidence_file *f = bl_evidence_find(e->files, "ask_ark.pem");
	const uint8_t *table = p + BL_SNP_REPORT, *entry;
	size_t len;

	n -= BL_SNP_REPORT;
	*k = (struct keys){ 0 };
	if (gather_vek(e, p, table, n, k, err) || (f && take(e, k, false, f->name, f->p, f->n, err)))
		return -1;
	for (size_t i = 0; i < 2; i++)
		if ((entry = in_table(table, n, rest[i].guid, &len)) &&
		    take(e, k, false, rest[i].name, table + bl_le32(entry + 16), len, err))
			return -1;
	return 0;
}

/* --- product --- */

static const char *const products[] = { "Milan", "Genoa", "Turin" };

/* Of a name with that prefix, "SEV-VLEK-" and the like. */
static const char *product_after(const char *name, const char *prefix)
{
	size_t n = strlen(prefix);

	for (size_t i = 0; name && i < 3; i++)
		if (!strncmp(name, prefix, n) && !strcmp(name + n, products[i]))
			return products[i];
	return NULL;
}

static const char *product_of_vek(const struct bl_cert *vek)
{
	const char *issuer = bl_cert_issuer(vek, "CN"), *p = product_after(issuer, "SEV-");

	return p ? p : product_after(issuer, "SEV-VLEK-");
}

/* By CPUID from version 3 on (model ranges as AMD numbers them: Bergamo and Siena count as Genoa). */
static const char *product_of_cpu(const uint8_t *report)
{
	uint8_t family = report[CPUID], model = report[CPUID + 1];

	if (family == 0x1a)
		return "Turin";
	if (family == 0x19 && model < 0x10)
		return "Milan";
	if (family == 0x19 && (model < 0x20 || (model >= 0xa0 && model < 0xb0)))
		return "Genoa";
	return NULL;
}

/* Version 2 does not say: the VEK does, if there is one. What it says is only believed after the chain. */
static const char *product_of(struct bl_evidence *e, const uint8_t *p, size_t n)
{
	struct bl_err ignored;
	struct keys k;

	if (bl_le32(p + VERSION) > 2)
		return product_of_cpu(p);
	return !gather(e, p, n, &k, &ignored) && k.vek ? product_of_vek(k.vek) : NULL;
}

/* --- parse --- */

bool bl_snp_detect(const uint8_t *p, size_t n)
{
	uint32_t version = n >= BL_SNP_REPORT ? bl_le32(p + VERSION) : 0;

	return (version == 2 || version == 3 || version == 5) && bl_le32(p + SIG_ALGO) == 1;
}

static void put_bits(struct bl_json *claims, const char *name, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof text, "0x%llx", (unsigned long long)v);
	bl_json_put_text(claims, name, text);
}

static void put_policy(struct bl_evidence *e, struct bl_json *claims, uint64_t policy)
{
	static const struct { const char *name; unsigned bit; bool word; } bits[] = {
		{ "smt", 16, true }, { "migrate_ma", 18, true }, { "debug", 19, false }, { "single_socket", 20, true }, { "cxl_allow", 21, false },
		{ "mem_aes_256_xts", 22, false }, { "rapl_dis", 23, false }, { "ciphertext_hiding", 24, false },
	};
	struct bl_json *j = bl_json_new_object();
	char abi[16];

	snprintf(abi, sizeof abi, "%u.%u", (unsigned)(policy >> 8 & 0xff), (unsigned)(policy & 0xff));
	bl_evidence_word_text(e, "abi", abi);
	bl_json_put_int(j, "abi_minor", policy & 0xff);
	bl_json_put_int(j, "abi_major", policy >> 8 & 0xff);
	for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
		bool on = policy >> bits[i].bit & 1;
		bl_json_put(j, bits[i].name, bl_json_new_bool(on));
		if (bits[i].word)
			bl_evidence_word_int(e, bits[i].name, on);
	}
	put_bits(claims, "policy", policy);
	bl_json_put(claims, "policy_bits", j);
	e->has_debug = true;
	e->debug = policy >> 19 & 1;
}

static void put_tcbs(struct bl_evidence *e, struct bl_json *claims, const uint8_t *p)
{
	char raw[32];

	for (size_t i = 0; i < sizeof tcbs / sizeof *tcbs; i++) {
		struct bl_json *j = bl_json_new_object();
		struct bl_evidence_tcb *t = &e->tcb[i];

		*t = (struct bl_evidence_tcb){ .which = tcbs[i].which };
		for (const struct part *q = parts(e->product); q->name; q++) {
			t->part[t->n] = q->name;
			t->svn[t->n++] = p[tcbs[i].at + q->at];
			bl_json_put_int(j, q->name, p[tcbs[i].at + q->at]);
		}
		snprintf(raw, sizeof raw, "%s_raw", tcbs[i].raw);
		bl_json_put(claims, tcbs[i].raw, j);
		bl_json_put_hex(claims, raw, p + tcbs[i].at, TCB_LEN);
	}
	e->ntcb = sizeof tcbs / sizeof *tcbs;
}

/* Fields that are bytes; those with a word are what a policy may list. */
static void put_bytes(struct bl_evidence *e, struct bl_json *claims, const uint8_t *p)
{
	static const struct { const char *name, *word; unsigned at, n; } fields[] = {
		{ "family_id", "family_id", FAMILY_ID, ID }, { "image_id", "image_id", IMAGE_ID, ID }, { "report_data", NULL, REPORT_DATA, 64 },
		{ "measurement", "measurement", MEASUREMENT, DIGEST }, { "host_data", "host_data", HOST_DATA, 32 }, { "id_key_digest", "signer", ID_KEY, DIGEST },
		{ "author_key_digest", "signer", AUTHOR_KEY, DIGEST }, { "report_id", "report_id", REPORT_ID, 32 }, { "report_id_ma", NULL, REPORT_ID_MA, 32 },
		{ "chip_id", "chip_id", CHIP_ID, CHIP_ID_LEN },
	};

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		const uint8_t *v = p + fields[i].at;
		bool signer = fields[i].word && !strcmp(fields[i].word, "signer");

		bl_json_put_hex(claims, fields[i].name, v, fields[i].n);
		if (fields[i].word && !(signer && zero(v, fields[i].n)))	/* zeros: nobody signed */
			bl_evidence_word(e, fields[i].word, v, fields[i].n);
	}
}

static void put_versions(struct bl_evidence *e, struct bl_json *claims, const uint8_t *p)
{
	static const struct { const char *name; unsigned at; } fields[] = {
		{ "current_build", CURRENT_VERSION }, { "current_minor", CURRENT_VERSION + 1 }, { "current_major", CURRENT_VERSION + 2 },
		{ "committed_build", COMMITTED_VERSION }, { "committed_minor", COMMITTED_VERSION + 1 }, { "committed_major", COMMITTED_VERSION + 2 },
		{ "cpuid_fam", CPUID }, { "cpuid_mod", CPUID + 1 }, { "cpuid_step", CPUID + 2 },
	};
	uint32_t version = bl_le32(p + VERSION);
	char firmware[16];

	for (size_t i = 0; i < (version > 2 ? 9 : 6); i++)
		bl_json_put_int(claims, fields[i].name, p[fields[i].at]);
	if (version > 3) {
		put_bits(claims, "launch_mit_vector", bl_le64(p + LAUNCH_MIT));
		put_bits(claims, "current_mit_vector", bl_le64(p + CURRENT_MIT));
	}
	snprintf(firmware, sizeof firmware, "%u.%u.%u", p[CURRENT_VERSION + 2], p[CURRENT_VERSION + 1], p[CURRENT_VERSION]);
	bl_evidence_word_text(e, "firmware", firmware);
}

/* MASK_CHIP_KEY, or a chip id of zeros. */
static bool masked(const uint8_t *p)
{
	return (bl_le32(p + FLAGS) >> 1 & 1) || zero(p + CHIP_ID, CHIP_ID_LEN);
}

int bl_snp_parse(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_json *claims, struct bl_err *err)
{
	static const char *const signers[8] = { "VCEK", "VLEK", "2", "3", "4", "5", "6", "none" };
	uint32_t flags;

	if (!bl_snp_detect(p, n))
		return bl_err_set(err, BL_DATA, "not an SNP report of version 2, 3 or 5 that is signed with ECDSA P-384");
	if (n > BL_SNP_REPORT && check_table(p + BL_SNP_REPORT, n - BL_SNP_REPORT, err))
		return -1;
	flags = bl_le32(p + FLAGS);
	e->product = product_of(e, p, n);
	bl_json_put_int(claims, "version", bl_le32(p + VERSION));
	bl_json_put_int(claims, "guest_svn", bl_le32(p + GUEST_SVN));
	bl_json_put_int(claims, "vmpl", bl_le32(p + VMPL));
	bl_json_put_int(claims, "signature_algo", bl_le32(p + SIG_ALGO));
	bl_json_put(claims, "author_key_en", bl_json_new_bool(flags & 1));
	bl_json_put(claims, "mask_chip_key", bl_json_new_bool(flags >> 1 & 1));
	bl_json_put_text(claims, "signing_key", signers[signer_of(p)]);
	put_bits(claims, "platform_info", bl_le64(p + PLATFORM_INFO));
	put_policy(e, claims, bl_le64(p + POLICY));
	put_tcbs(e, claims, p);
	put_bytes(e, claims, p);
	put_versions(e, claims, p);
	bl_evidence_word_int(e, "svn", bl_le32(p + GUEST_SVN));
	bl_evidence_word_int(e, "vmpl", bl_le32(p + VMPL));
	if (signer_of(p) != VLEK)	/* a provider's key speaks for no chip */
		bl_evidence_word_int(e, "masked_chip_id", masked(p));
	return 0;
}

/* --- verify --- */

/* 2: the key that the report names is of the kind that the certificate is. */
static void check_key_type(struct bl_evidence *e, const uint8_t *p, const struct bl_cert *vek)
{
	const char *cn = bl_cert_subject(vek, "CN"), *want = signer_of(p) == VCEK ? "SEV-VCEK" : signer_of(p) == VLEK ? "SEV-VLEK" : NULL;

	if (!want)
		bl_evidence_fail(e, AUTHENTIC, "key-type", "key-type", "the report says that it is not signed by a VCEK or VLEK");
	else if (!cn || strcmp(cn, want))
		bl_evidence_fail(e, AUTHENTIC, "key-type", "key-type", "the report is signed by a %s, the certificate is of '%s'", want + 4, cn ? cn : "");
	else
		bl_evidence_pass(e, AUTHENTIC, "key-type");
}

/* 3, 4: the chain, three certificates and no more. */
static bool check_chain(struct bl_evidence *e, const struct keys *k, struct bl_cert_path *path)
{
	size_t at = e->ncheck;

	if (!k->others.n)
		return bl_evidence_fail(e, AUTHENTIC, "vek-chain", "collateral-missing", "no certificate of whoever issued the VEK (ask_ark.pem, or in the certificate table)");
	if (!bl_evidence_chain(e, "vek-chain", k->vek, &k->others, path))
		return false;
	if (path->n == 3)
		return true;
	e->ncheck = at;
	return bl_evidence_fail(e, AUTHENTIC, "vek-chain", "chain", "the chain of a VEK has three certificates, this one %zu", path->n);
}

static bool names_product(const struct bl_cert *vek, const char *product)
{
	size_t n, len = strlen(product);
	const uint8_t *v = bl_cert_extension(vek, "1.3.6.1.4.1.3704.1.2", &n);

	/* IA5String "Milan" or "Milan-B0" */
	return v && n >= 2 + len && v[0] == 0x16 && v[1] == n - 2 && !memcmp(v + 2, product, len) && (n == 2 + len || v[2 + len] == '-');
}

/* The rest of 3: everybody speaks of the same product, and the intermediate is the one for this kind of key. */
static void check_product(struct bl_evidence *e, const uint8_t *p, const struct bl_cert_path *path)
{
	const char *ask, *ark = product_after(bl_cert_subject(path->v[2], "CN"), "ARK-");

	ask = product_after(bl_cert_subject(path->v[1], "CN"), signer_of(p) == VLEK ? "SEV-VLEK-" : "SEV-");
	if (!e->product)
		bl_evidence_fail(e, AUTHENTIC, "vek-product", "unsupported", "a product that we do not know");
	else if (!ask || !ark || strcmp(ask, e->product) || strcmp(ark, e->product))
		bl_evidence_fail(e, AUTHENTIC, "vek-product", "chain", "the chain is not that of a %s of %s", signer_of(p) == VLEK ? "VLEK" : "VCEK", e->product);
	else if (!names_product(path->v[0], e->product))
		bl_evidence_fail(e, AUTHENTIC, "vek-product", "chain", "the VEK is not of a %s", e->product);
	else
		bl_evidence_pass(e, AUTHENTIC, "vek-product");
}

static void remember(struct bl_evidence *e, const struct bl_evidence_file *f, const struct bl_crl *crl)
{
	size_t i = e->ncollateral;

	if (i == sizeof e->collateral / sizeof *e->collateral)
		return;
	e->collateral[i].name = f->name;
	e->collateral[i].issued = bl_crl_from(crl);
	e->collateral[i].expires = bl_crl_until(crl);
	memcpy(e->collateral[i].sha256, f->sha256, sizeof f->sha256);
	e->ncollateral++;
}

static bool is_crl(const char *name)
{
	size_t n = strlen(name);

	return !strcmp(name, "crl.der") || !strcmp(name, "crl.pem") ||
	       (n > 8 && !strncmp(name, "crl-", 4) && (!strcmp(name + n - 4, ".der") || !strcmp(name + n - 4, ".pem")));
}

/*
 * 5: lists of the ARK are about the ASK, those of the ASK about the VEK; one of anybody else has no place here. AMD publishes
 * none of the ASK: that one is never required by itself.
 */
static int check_revocation(struct bl_evidence *e, const struct bl_cert_path *path, struct bl_err *err)
{
	bool of_ark = false, of_ask = false;

	for (size_t i = 0; e->files && i < e->files->n; i++) {
		const struct bl_evidence_file *f = &e->files->v[i];
		const struct bl_crl *crl;

		if (!is_crl(f->name))
			continue;
		if (!(crl = bl_evidence_crl(e, f->p, f->n, err)))
			return bl_err_where(err, "%s", f->name);
		remember(e, f, crl);
		if (!path)
			continue;
		if (bl_crl_names(crl, path->v[2])) {
			of_ark = true;
			bl_evidence_revocation(e, "ask-revocation", crl, path->v[2], path->v[1]);
		} else if (bl_crl_names(crl, path->v[1])) {
			of_ask = true;
			bl_evidence_revocation(e, "vek-revocation", crl, path->v[1], path->v[0]);
		} else if (!strcmp(bl_appraise_word(e, "revocation"), "ignore")) {
			bl_evidence_skip(e, AUTHENTIC, "crl", "the policy ignores revocation");
		} else {
			bl_evidence_fail(e, AUTHENTIC, "crl", "collateral-mismatch", "%s is not of anybody in this chain", f->name);
		}
	}
	if (!path) {
		bl_evidence_skip(e, AUTHENTIC, "ask-revocation", "there is no chain that verifies");
		bl_evidence_skip(e, AUTHENTIC, "vek-revocation", "there is no chain that verifies");
		return 0;
	}
	if (!of_ark)
		bl_evidence_revocation(e, "ask-revocation", NULL, path->v[2], path->v[1]);
	if (!of_ask)
		bl_evidence_skip(e, AUTHENTIC, "vek-revocation", "no revocation list of whoever issued the VEK");
	return 0;
}

/* An INTEGER from 0 to 255 in an extension, or -1. */
static int svn_in(const struct bl_cert *vek, const char *oid)
{
	size_t n;
	const uint8_t *v = bl_cert_extension(vek, oid, &n);

	if (!v || n < 3 || v[0] != 2 || v[1] != n - 2)
		return -1;
	if (n == 3 && v[2] < 0x80)
		return v[2];
	return n == 4 && !v[2] && v[3] >= 0x80 ? v[3] : -1;
}

/* 6: the VEK was made for the TCB that the report tells. */
static void check_tcb(struct bl_evidence *e, const uint8_t *p, const struct bl_cert *vek)
{
	for (const struct part *q = parts(e->product); q->name; q++) {
		int has = svn_in(vek, q->oid);

		if (has < 0) {
			bl_evidence_fail(e, AUTHENTIC, "vek-tcb", "tcb-mismatch", "the VEK does not say for which %s it was made", q->name);
			return;
		}
		if (has != p[REPORTED_TCB + q->at]) {
			bl_evidence_fail(e, AUTHENTIC, "vek-tcb", "tcb-mismatch", "wrong VEK for this report: it was made for %s %d, the report has %u; "
					 "fetch the one for the reported TCB", q->name, has, p[REPORTED_TCB + q->at]);
			return;
		}
	}
	bl_evidence_pass(e, AUTHENTIC, "vek-tcb");
}

/* Raw bytes, not an OCTET STRING inside; Turin has eight and zeros after them. */
static void check_chip_id(struct bl_evidence *e, const uint8_t *p, const struct bl_cert *vek)
{
	size_t n = 0, len = is_turin(e->product) ? TURIN_ID_LEN : CHIP_ID_LEN;
	const uint8_t *v = bl_cert_extension(vek, "1.3.6.1.4.1.3704.1.4", &n);

	if (signer_of(p) == VLEK)
		bl_evidence_skip(e, AUTHENTIC, "chip-id", "a VLEK is of a provider, not of a chip");
	else if (masked(p))
		bl_evidence_skip(e, AUTHENTIC, "chip-id", "the report does not tell its chip: masked");
	else if (!v || n != len)
		bl_evidence_fail(e, AUTHENTIC, "chip-id", "chip-id", "the VEK does not say of which chip it is");
	else if (memcmp(v, p + CHIP_ID, len) || !zero(p + CHIP_ID + len, CHIP_ID_LEN - len))
		bl_evidence_fail(e, AUTHENTIC, "chip-id", "chip-id", "wrong VEK for this report: it is of another chip");
	else
		bl_evidence_pass(e, AUTHENTIC, "chip-id");
}

/* 7: r and s are 72 bytes each, little-endian, of which 48 may be used; what follows is not signed and must be zero. */
static void check_signature(struct bl_evidence *e, const uint8_t *p, const struct bl_cert *vek)
{
	uint8_t rs[2 * SCALAR];

	if (bl_key_kind(bl_cert_key(vek)) != BL_KEY_P384) {
		bl_evidence_fail(e, AUTHENTIC, "signature", "unsupported", "the key of the VEK is not on P-384");
		return;
	}
	for (size_t i = 0; i < SCALAR; i++) {
		rs[i] = p[SIGNED + SCALAR - 1 - i];
		rs[SCALAR + i] = p[SIG_S + SCALAR - 1 - i];
	}
	if (!zero(p + SIGNED + SCALAR, HALF - SCALAR) || !zero(p + SIG_S + SCALAR, HALF - SCALAR) || !zero(p + SIG_END, BL_SNP_REPORT - SIG_END))
		bl_evidence_fail(e, AUTHENTIC, "signature", "signature", "bytes that must be zero are not");
	else if (!bl_key_check_raw(bl_cert_key(vek), BL_KEY_SHA384, p, SIGNED, rs))
		bl_evidence_fail(e, AUTHENTIC, "signature", "signature", "the report was altered, or signed by another key");
	else
		bl_evidence_pass(e, AUTHENTIC, "signature");
}

static int without_vek(struct bl_evidence *e, struct bl_err *err)
{
	static const char *const rest[] = { "vek-tcb", "chip-id", "signature" };

	bl_evidence_skip(e, AUTHENTIC, "key-type", "there is no VEK");
	bl_evidence_fail(e, AUTHENTIC, "vek-chain", "collateral-missing", "no certificate of the key that signed (vek.der, or in the certificate table)");
	bl_evidence_skip(e, AUTHENTIC, "vek-product", "there is no VEK");
	if (check_revocation(e, NULL, err))
		return -1;
	for (size_t i = 0; i < 3; i++)
		bl_evidence_skip(e, AUTHENTIC, rest[i], "there is no VEK");
	return 0;
}

int bl_snp_verify(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *err)
{
	struct bl_cert_path path;
	struct keys k;
	bool chained;

	if (gather(e, p, n, &k, err))
		return -1;
	if (!k.vek)
		return without_vek(e, err);
	check_key_type(e, p, k.vek);
	chained = check_chain(e, &k, &path);
	if (chained)
		check_product(e, p, &path);
	else
		bl_evidence_skip(e, AUTHENTIC, "vek-product", "there is no chain that verifies");
	if (check_revocation(e, chained ? &path : NULL, err))
		return -1;
	check_tcb(e, p, k.vek);
	check_chip_id(e, p, k.vek);
	check_signature(e, p, k.vek);
	return 0;
}

/* --- the technology --- */

static int parse(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *err)
{
	e->claims = bl_json_new_object();
	if (bl_snp_parse(e, p, n, e->claims, err))
		return -1;
	bl_evidence_word(e, "report_data", p + REPORT_DATA, BL_SNP_REPORT_DATA_LEN);
	return 0;
}

static int verify(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *err)
{
	const uint8_t *data = p + REPORT_DATA;
	size_t len = e->nonce_len;

	if (bl_snp_verify(e, p, n, err))
		return -1;
	if (!e->nonce)
		bl_evidence_skip(e, AUTHENTIC, "nonce", "none was asked for");
	else if (len > BL_SNP_REPORT_DATA_LEN || memcmp(data, e->nonce, len) || !zero(data + len, BL_SNP_REPORT_DATA_LEN - len))
		bl_evidence_fail(e, AUTHENTIC, "nonce", "nonce", "report_data is not the nonce that was asked for");
	else
		bl_evidence_pass(e, AUTHENTIC, "nonce");
	return 0;
}

static const char *const files[] = { "report.bin", "extended.bin", NULL };
const struct bl_evidence_tech bl_snp_tech = {
	.name = "snp", .file = files, .detect = bl_snp_detect, .parse = parse, .verify = verify, .anchor = bl_snp_anchor, .nanchor = BL_SNP_ANCHORS,
};
