/* SPDX-License-Identifier: Apache-2.0 */
/*
 * azure: evidence of Azure's confidential VMs. The paravisor (HCL) keeps a hardware report, of SNP or TDX, whose report data is the hash
 * of a JSON text, the runtime data; there stands the key by which the VM's TPM signs quotes. So: the hardware is genuine, the text
 * is what it was asked to vouch for, the quote is by the text's key. Of a TDX VM the hardware's word is td_quote.bin: the report inside
 * is checked to be that of the quote and whole in itself, but for CPUSVN and MAC, which nobody outside the machine can check.
 */
#include <string.h>

#include "attest/dcap.h"
#include "attest/evidence.h"
#include "attest/quote.h"
#include "attest/snp.h"
#include "attest/tpm.h"
#include "base/text.h"
#include "crypt/hash.h"

enum { HEADER = 0x20, RUNTIME = 0x4c0, JSON = RUNTIME + 20, TDREPORT = 1024, SNP = 2, TDX = 4, REQUEST = 2, SHA256 = 1, DEPTH = 16 };
enum { PCRS = 24, DATA = 64, RSA_MOST = 1024 };

struct hcl { unsigned type; const uint8_t *report; const char *json; size_t len; struct bl_json *runtime; };

static bool detect(const uint8_t *p, size_t n)
{
	return n >= 4 && !memcmp(p, "HCLA", 4);
}

/* --- reading: little endian --- */

static bool zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

/* The frame is under no signature, so that nothing in it may vary but what is needed. What is wrong, or NULL. */
static const char *get_frame(struct hcl *h, const uint8_t *p, size_t n)
{
	size_t size;

	if (n < JSON || !detect(p, n))
		return "cut short";
	if ((bl_le32(p + 4) != 1 && bl_le32(p + 4) != 2) || bl_le32(p + 12) != REQUEST || !zero(p + 16, HEADER - 16))
		return "header";
	size = bl_le32(p + RUNTIME);
	h->type = bl_le32(p + RUNTIME + 8);
	h->len = bl_le32(p + RUNTIME + 16);
	if (bl_le32(p + RUNTIME + 4) != 1 || (h->type != SNP && h->type != TDX))
		return "kind of hardware report";
	if (bl_le32(p + RUNTIME + 12) != SHA256)
		return "hash of the runtime data is not SHA-256";
	if (h->len > n - JSON || size != h->len + JSON - RUNTIME || bl_le32(p + 8) != RUNTIME + size || !zero(p + RUNTIME + size, n - RUNTIME - size))
		return "length of the runtime data";
	if (h->type == TDX && !zero(p + HEADER + TDREPORT, RUNTIME - HEADER - TDREPORT))
		return "bytes after the hardware report";
	h->report = p + HEADER;
	h->json = (const char *)p + JSON;
	return NULL;
}

/* h->runtime is the caller's to free. */
static int read_hcl(struct hcl *h, const uint8_t *p, size_t n, struct bl_err *err)
{
	const char *bad;

	*h = (struct hcl){ .type = 0 };
	if ((bad = get_frame(h, p, n)))
		return bl_err_set(err, BL_DATA, "azure: malformed: %s", bad);
	if (!(h->runtime = bl_json_parse(h->json, h->len, DEPTH, BL_DATA, err)))
		return bl_err_where(err, "azure: runtime data");
	return 0;
}

/* --- claims --- */

/* Flat members only: nothing of the VM's configuration is deep. */
static void put_config(struct bl_json *claims, const struct bl_json *config)
{
	struct bl_json *o = bl_json_new_object();
	const struct bl_json *v;

	for (size_t i = 0; i < bl_json_count(config); i++) {
		const char *key = bl_json_key(config, i, &v);
		enum bl_json_kind kind = bl_json_kind(v);
		if (kind == BL_JSON_TEXT || kind == BL_JSON_BOOL || kind == BL_JSON_INT)
			bl_json_put(o, key, bl_json_copy(v));
	}
	bl_json_put(claims, "runtime_vm_config", o);
}

/* What the user of the VM chose is the report data that a policy speaks about: the hardware's is the hash of all this. */
static void put_runtime(struct bl_evidence *e, const struct hcl *h)
{
	const struct bl_json *config = bl_json_get(h->runtime, "vm-configuration");
	const char *user = bl_json_get_text(h->runtime, "user-data");
	uint8_t data[DATA];

	if (config && bl_json_kind(config) == BL_JSON_OBJECT)
		put_config(e->claims, config);
	if (!user)
		return;
	bl_json_put_text(e->claims, "runtime_user_data", user);
	if (bl_text_unhex(user, strlen(user), data, sizeof data))
		bl_evidence_word(e, "report_data", data, sizeof data);
}

static int parse_td(struct bl_evidence *e, struct bl_json *claims, struct bl_err *err)
{
	const struct bl_evidence_file *f = bl_evidence_find(e->files, "td_quote.bin");
	struct bl_quote q;

	if (!f)
		return 0;
	if (bl_quote_parse(&q, f->p, f->n, err))
		return bl_err_where(err, "td_quote.bin");
	if (q.kind == BL_QUOTE_SGX)
		return bl_err_set(err, BL_DATA, "td_quote.bin: a quote of an SGX enclave");
	bl_quote_claims(&q, claims);
	return bl_quote_words(e, &q, err);
}

static int parse_tpm(struct bl_evidence *e, struct bl_err *err)
{
	const struct bl_evidence_file *f = bl_evidence_find(e->files, "tpm_quote.msg");
	struct bl_json *o;
	struct bl_tpm_quote q;

	if (!f)
		return 0;
	if (bl_tpm_parse(&q, f->p, f->n, err))
		return bl_err_where(err, "tpm_quote.msg");
	o = bl_json_new_object();
	bl_tpm_claims(&q, o);
	bl_json_put(e->claims, "tpm", o);
	return 0;
}

static int parse(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *err)
{
	struct bl_json *hw;
	struct hcl h;
	int rc;

	if (read_hcl(&h, p, n, err))
		return -1;
	e->claims = bl_json_new_object();
	hw = bl_json_new_object();
	bl_json_put_text(e->claims, "hw", h.type == SNP ? "snp" : "tdx");
	put_runtime(e, &h);
	rc = h.type == SNP ? bl_snp_parse(e, h.report, BL_SNP_REPORT, hw, err) : parse_td(e, hw, err);
	if (h.type == SNP || bl_json_count(hw))
		bl_json_put(e->claims, h.type == SNP ? "snp" : "tdx", hw);
	else
		bl_json_free(hw);
	bl_json_free(h.runtime);
	return rc || parse_tpm(e, err) ? -1 : 0;
}

/* --- the hardware --- */

/* The built-in anchors of this kind of hardware only. */
static const struct bl_cert_anchors *anchors_of(struct bl_evidence *e, const uint8_t (*key)[32], size_t n)
{
	struct bl_cert_anchors *a = bl_arena_alloc(e->a, sizeof *a);

	if (a) {
		memcpy(a->key, key, n * sizeof *key);
		a->n = n;
	}
	return a;
}

/*
 * Is it whole in itself (Intel TDX module ABI, TDREPORT_STRUCT): the hashes of its two parts, zeros where nothing stands? That leaves
 * CPUSVN and the MAC, which only that processor can check.
 */
static bool is_td_report(const uint8_t *report)
{
	enum { TYPE = 0x81, PART_HASH = 32, TD_HASH = 80, REST = 192, REST_LEN = 32, PART = 256, PART_LEN = 239, TD_AT = 512, SERVICE = 912, SERVICE_LEN = 48 };
	const bool bound = !zero(report + SERVICE, SERVICE_LEN);	/* a service TD: version 1 of the report */
	uint8_t part[64], td[64];

	bl_key_digest(BL_KEY_SHA384, report + PART, PART_LEN, part);
	bl_key_digest(BL_KEY_SHA384, report + TD_AT, TDREPORT - TD_AT, td);
	return *report == TYPE && !report[1] && report[2] <= bound && zero(report + 3, 13) && zero(report + REST, REST_LEN) &&
	       zero(report + PART + PART_LEN, TD_AT - PART - PART_LEN) && !memcmp(report + PART_HASH, part, 48) && !memcmp(report + TD_HASH, td, 48);
}

/* The report that the quote was made of: the same TD, the same module, the same data. */
static void check_td_report(struct bl_evidence *e, const uint8_t *report, const struct bl_quote *q)
{
	enum { DATA_AT = 128, MODULE_AT = 264, MODULE = 120, TD_AT = 512, TD = BL_QUOTE_TDX_DATA - MODULE };

	if (is_td_report(report) && !memcmp(report + MODULE_AT, q->body, MODULE) && !memcmp(report + TD_AT, q->body + MODULE, TD) &&
	    !memcmp(report + DATA_AT, bl_quote_report_data(q), DATA))
		bl_evidence_pass(e, BL_EVIDENCE_AUTHENTIC, "td-report");
	else
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "td-report", "binding", "td_quote.bin is not a quote of the report in hcl_report.bin");
}

/* Where its report data is goes to *data; NULL when there is no word of the hardware. */
static int check_td(struct bl_evidence *e, const struct hcl *h, const uint8_t **data, struct bl_err *err)
{
	const struct bl_evidence_file *f = bl_evidence_find(e->files, "td_quote.bin");
	struct bl_quote q;

	*data = NULL;
	if (!f) {
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "quote-signature", "collateral-missing", "there is no td_quote.bin");
		return 0;
	}
	if (bl_quote_parse(&q, f->p, f->n, err) || bl_dcap_verify(e, &q, NULL, err))
		return bl_err_where(err, "td_quote.bin");
	check_td_report(e, h->report, &q);
	*data = bl_quote_report_data(&q);
	return 0;
}

static int check_hardware(struct bl_evidence *e, const struct hcl *h, const uint8_t **data, struct bl_err *err)
{
	const struct bl_cert_anchors *given = e->anchors;
	int rc;

	if (!given && !(e->anchors = h->type == SNP ? anchors_of(e, bl_snp_anchor, BL_SNP_ANCHORS) :
			anchors_of(e, bl_quote_tdx_tech.anchor, bl_quote_tdx_tech.nanchor)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	*data = h->report + BL_SNP_REPORT_DATA;
	rc = h->type == SNP ? bl_snp_verify(e, h->report, BL_SNP_REPORT, err) : check_td(e, h, data, err);
	e->anchors = given;
	return rc;
}

static void check_runtime(struct bl_evidence *e, const struct hcl *h, const uint8_t *data)
{
	uint8_t want[DATA] = { 0 };

	bl_hash_sha256(h->json, h->len, want);
	if (!data)
		bl_evidence_skip(e, BL_EVIDENCE_AUTHENTIC, "runtime-data", "there is no report of the hardware");
	else if (!memcmp(data, want, sizeof want))
		bl_evidence_pass(e, BL_EVIDENCE_AUTHENTIC, "runtime-data");
	else
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "runtime-data", "binding", "the hardware's report data is not the hash of the runtime data");
}

/* --- the TPM --- */

/* Base64url without padding (RFC 7515), as in a JWK. Returns the length, or 0. */
static size_t unb64url(const char *s, uint8_t *out, size_t most)
{
	char text[BL_TEXT_B64(RSA_MOST)];
	size_t n = s ? strlen(s) : 0;
	long len;

	if (!n || n > sizeof text - 4 || n % 4 == 1)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '+' || s[i] == '/' || s[i] == '=')
			return 0;
		text[i] = s[i] == '-' ? '+' : s[i] == '_' ? '/' : s[i];
	}
	while (n % 4)
		text[n++] = '=';
	len = bl_text_unb64(text, n, out, most);
	return len < 0 ? 0 : (size_t)len;
}

/* The one key of that name, RSA; NULL: 65. */
static struct bl_key *get_ak(const struct hcl *h, struct bl_err *err)
{
	const struct bl_json *keys = bl_json_get(h->runtime, "keys"), *ak = NULL;
	uint8_t n[RSA_MOST], e[8];
	struct bl_key *key = NULL;
	size_t nlen, elen, found = 0;

	for (size_t i = 0; keys && bl_json_kind(keys) == BL_JSON_ARRAY && i < bl_json_count(keys); i++) {
		const char *kid = bl_json_get_text(bl_json_item(keys, i), "kid");
		if (kid && !strcmp(kid, "HCLAkPub")) {
			ak = bl_json_item(keys, i);
			found++;
		}
	}
	if (found == 1 && bl_json_get_text(ak, "kty") && !strcmp(bl_json_get_text(ak, "kty"), "RSA") &&
	    (nlen = unb64url(bl_json_get_text(ak, "n"), n, sizeof n)) && (elen = unb64url(bl_json_get_text(ak, "e"), e, sizeof e)))
		key = bl_key_rsa(n, nlen, e, elen);
	if (!key)
		bl_err_set(err, BL_DATA, "azure: malformed: runtime data has not one RSA key HCLAkPub");
	return key;
}

static int check_ak(struct bl_evidence *e, const struct bl_key *ak, struct bl_err *err)
{
	const struct bl_evidence_file *f = bl_evidence_find(e->files, "ak_pub.pem");
	struct bl_key *other;
	uint8_t hash[32];

	bl_key_hash(ak, hash);
	bl_evidence_word(e, "ak", hash, sizeof hash);
	if (!f)
		return 0;
	if (!(other = bl_key_parse(f->p, f->n, err)))
		return bl_err_where(err, "ak_pub.pem");
	if (bl_key_equal(ak, other))
		bl_evidence_pass(e, BL_EVIDENCE_AUTHENTIC, "ak-match");
	else
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "ak-match", "binding", "ak_pub.pem is not the key HCLAkPub");
	bl_key_free(other);
	return 0;
}

/* Often the bare signature, RSASSA with SHA-256, as long as the modulus. */
static int get_sig(struct bl_tpm_sig *s, const struct bl_evidence_file *f, const struct bl_key *ak, struct bl_err *err)
{
	if (f->n == (bl_key_bits(ak) + 7) / 8) {
		*s = (struct bl_tpm_sig){ .alg = BL_TPM_RSASSA, .hash = BL_KEY_SHA256, .rsa = { f->p, f->n } };
		return 0;
	}
	return bl_tpm_parse_sig(s, f->p, f->n, err) ? bl_err_where(err, "tpm_quote.sig") : 0;
}

static bool has_all_pcrs(const struct bl_tpm_quote *q)
{
	size_t len;

	return q->nbank == 1 && q->bank[0].pcrs == (1u << PCRS) - 1 && bl_tpm_bank_name(q->bank[0].alg, &len) && len == 32;
}

static void put_pcrs(struct bl_evidence *e, const struct bl_evidence_file *f)
{
	struct bl_json *pcrs = bl_json_new_array();
	char hex[65];

	for (size_t i = 0; i < PCRS; i++) {
		bl_text_hex(f->p + 32 * i, 32, hex);
		bl_json_add(pcrs, bl_json_new_text(hex));
	}
	bl_json_put(e->claims, "pcrs", pcrs);
}

static int check_pcrs(struct bl_evidence *e, const struct bl_tpm_quote *q, enum bl_key_hash hash, struct bl_err *err)
{
	const struct bl_evidence_file *f = bl_evidence_find(e->files, "pcrs.bin");

	if (f && !has_all_pcrs(q)) {
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "pcr-digest", "binding", "the quote is not of all %d PCRs of one bank", PCRS);
		return 0;
	}
	if (bl_tpm_check_pcrs(e, q, hash, f, NULL, err))
		return -1;
	if (f)
		put_pcrs(e, f);
	return 0;
}

static int check_tpm(struct bl_evidence *e, const struct bl_key *ak, struct bl_err *err)
{
	const struct bl_evidence_file *msg = bl_evidence_find(e->files, "tpm_quote.msg"), *f = bl_evidence_find(e->files, "tpm_quote.sig");
	struct bl_tpm_quote q;
	struct bl_tpm_sig s;

	if (!msg || !f) {
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "tpm-signature", "collateral-missing", "there is no %s", msg ? "tpm_quote.sig" : "tpm_quote.msg");
		bl_evidence_skip(e, BL_EVIDENCE_AUTHENTIC, "pcr-digest", "there is no quote");
		bl_evidence_skip(e, BL_EVIDENCE_AUTHENTIC, "nonce", "there is no quote");
		return 0;
	}
	if (bl_tpm_parse(&q, msg->p, msg->n, err) || get_sig(&s, f, ak, err))
		return bl_err_where(err, "azure");
	bl_tpm_check_sig(e, "tpm-signature", &q, &s, ak);
	if (check_pcrs(e, &q, s.hash, err))
		return bl_err_where(err, "azure");
	bl_tpm_check_nonce(e, &q);
	bl_tpm_appraise(e, &q);
	return 0;
}

static int verify(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *err)
{
	const uint8_t *data = NULL;
	struct bl_key *ak = NULL;
	struct hcl h;
	int rc = -1;

	if (read_hcl(&h, p, n, err))
		return -1;
	if ((ak = get_ak(&h, err)) && !check_hardware(e, &h, &data, err)) {
		check_runtime(e, &h, data);
		rc = check_ak(e, ak, err) || check_tpm(e, ak, err) ? -1 : 0;
	}
	bl_key_free(ak);
	bl_json_free(h.runtime);
	return rc;
}

static const char *const files[] = { "hcl_report.bin", NULL };
const struct bl_evidence_tech bl_azure_tech = { .name = "azure", .file = files, .detect = detect, .parse = parse, .verify = verify };
