/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tpm: see tpm.h. Whose the attestation key is, the quote does not say: a certificate under a given root does, or the policy's list of
 * keys; else that stays a check that was not made. Event logs are not replayed.
 */
#include "attest/tpm.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "crypt/der.h"

enum { ST_ATTEST_QUOTE = 0x8018, ALG_SHA1 = 0x4, ALG_SHA256 = 0xb, ALG_SHA384 = 0xc, ALG_SHA512 = 0xd, RSA_MOST = 1024, EC_MOST = 48 };
#define TPM_GENERATED UINT32_C(0xff544347)
#define JSON_MOST (UINT64_C(1) << 53)

static bool detect(const uint8_t *p, size_t n)
{
	static const uint8_t magic[] = { 0xff, 'T', 'C', 'G', 0x80, 0x18 };

	return n >= sizeof magic && !memcmp(p, magic, sizeof magic);
}

/* --- reading: big endian --- */

static uint16_t get16(struct bl_cur *c) { return __builtin_bswap16(bl_cur_get16(c)); }
static uint32_t get32(struct bl_cur *c) { return __builtin_bswap32(bl_cur_get32(c)); }
static uint64_t get64(struct bl_cur *c) { return __builtin_bswap64(bl_cur_get64(c)); }

static struct bl_tpm_bytes get_bytes(struct bl_cur *c)		/* TPM2B */
{
	size_t n = get16(c);

	return (struct bl_tpm_bytes){ bl_cur_get(c, n), n };
}

const char *bl_tpm_bank_name(uint16_t alg, size_t *len)
{
	static const struct { uint16_t alg; const char *name; size_t len; } bank[] = {
		{ ALG_SHA1, "sha1", 20 }, { ALG_SHA256, "sha256", 32 }, { ALG_SHA384, "sha384", 48 }, { ALG_SHA512, "sha512", 64 },
		{ 0x12, "sm3_256", 32 }, { 0x27, "sha3_256", 32 }, { 0x28, "sha3_384", 48 }, { 0x29, "sha3_512", 64 },
	};

	for (size_t i = 0; i < sizeof bank / sizeof *bank; i++)
		if (bank[i].alg == alg) {
			*len = bank[i].len;
			return bank[i].name;
		}
	return NULL;
}

static bool get_bank(struct bl_cur *c, struct bl_tpm_quote *q)
{
	struct bl_tpm_bank *b = &q->bank[q->nbank];
	const uint8_t *map;
	uint8_t n;

	b->alg = get16(c);
	n = bl_cur_get8(c);
	map = bl_cur_get(c, n);
	if (!map || n > BL_TPM_PCRS / 8)
		return false;
	for (uint8_t i = 0; i < n; i++)
		b->pcrs |= (uint64_t)map[i] << 8 * i;
	for (size_t i = 0; i < q->nbank; i++)
		if (q->bank[i].alg == b->alg)
			return false;
	q->nbank++;
	return true;
}

int bl_tpm_parse(struct bl_tpm_quote *q, const uint8_t *p, size_t n, struct bl_err *err)
{
	struct bl_cur c;
	uint32_t banks;

	*q = (struct bl_tpm_quote){ .p = p, .n = n };
	bl_cur_init(&c, p, n);
	if (get32(&c) != TPM_GENERATED || get16(&c) != ST_ATTEST_QUOTE)
		return bl_err_set(err, BL_DATA, "quote: not made by a TPM: wrong magic or type");
	q->signer = get_bytes(&c);
	q->extra = get_bytes(&c);
	q->clock = get64(&c);
	q->resets = get32(&c);
	q->restarts = get32(&c);
	q->safe = bl_cur_get8(&c);
	q->firmware = get64(&c);
	banks = get32(&c);
	if (c.bad || banks > BL_TPM_BANKS)
		return bl_err_set(err, BL_DATA, "quote: malformed: cut short, or more than %d banks", BL_TPM_BANKS);
	while (banks--)
		if (!get_bank(&c, q))
			return bl_err_set(err, BL_DATA, "quote: malformed: selection of PCRs");
	q->digest = get_bytes(&c);
	if (c.bad || c.left)
		return bl_err_set(err, BL_DATA, "quote: malformed: %s", c.bad ? "cut short" : "bytes after the end");
	return 0;
}

static bool get_hash(uint16_t alg, enum bl_key_hash *hash)
{
	*hash = alg == ALG_SHA1 ? BL_KEY_SHA1 : alg == ALG_SHA256 ? BL_KEY_SHA256 : alg == ALG_SHA384 ? BL_KEY_SHA384 : BL_KEY_SHA512;
	return alg == ALG_SHA1 || alg == ALG_SHA256 || alg == ALG_SHA384 || alg == ALG_SHA512;
}

int bl_tpm_parse_sig(struct bl_tpm_sig *s, const uint8_t *p, size_t n, struct bl_err *err)
{
	struct bl_cur c;
	uint16_t alg, hash;

	*s = (struct bl_tpm_sig){ .alg = BL_TPM_RSASSA };
	bl_cur_init(&c, p, n);
	alg = get16(&c);
	hash = get16(&c);
	if (c.bad || (alg != BL_TPM_RSASSA && alg != BL_TPM_RSAPSS && alg != BL_TPM_ECDSA) || !get_hash(hash, &s->hash))
		return bl_err_set(err, BL_DATA, "signature: unsupported: scheme 0x%04x, hash 0x%04x", alg, hash);
	s->alg = (int)alg;
	if (alg == BL_TPM_ECDSA) {
		s->r = get_bytes(&c);
		s->s = get_bytes(&c);
	} else {
		s->rsa = get_bytes(&c);
	}
	if (c.bad || c.left || s->rsa.n > RSA_MOST || s->r.n > EC_MOST || s->s.n > EC_MOST)
		return bl_err_set(err, BL_DATA, "signature: malformed: wrong length");
	return 0;
}

/* --- claims --- */

static void put_u64(struct bl_json *o, const char *key, uint64_t v)
{
	char text[24];

	if (v < JSON_MOST) {
		bl_json_put_int(o, key, (int64_t)v);
		return;
	}
	snprintf(text, sizeof text, "0x%llx", (unsigned long long)v);	/* more than JSON's numbers hold: hostile, or a broken clock */
	bl_json_put_text(o, key, text);
}

static void put_bank(struct bl_json *list, const struct bl_tpm_bank *b)
{
	struct bl_json *o = bl_json_new_object(), *pcrs = bl_json_new_array();
	char unknown[8];
	size_t len;

	snprintf(unknown, sizeof unknown, "0x%04x", b->alg);
	bl_json_put_text(o, "alg", bl_tpm_bank_name(b->alg, &len) ? bl_tpm_bank_name(b->alg, &len) : unknown);
	for (unsigned i = 0; i < BL_TPM_PCRS; i++)
		if (b->pcrs >> i & 1)
			bl_json_add(pcrs, bl_json_new_int(i));
	bl_json_put(o, "pcrs", pcrs);
	bl_json_add(list, o);
}

void bl_tpm_claims(const struct bl_tpm_quote *q, struct bl_json *o)
{
	struct bl_json *selection = bl_json_new_array();
	char firmware[17];

	snprintf(firmware, sizeof firmware, "%016llx", (unsigned long long)q->firmware);
	bl_json_put_hex(o, "qualified_signer", q->signer.p, q->signer.n);
	bl_json_put_hex(o, "extra_data", q->extra.p, q->extra.n);
	put_u64(o, "clock", q->clock);
	bl_json_put_int(o, "reset_count", q->resets);
	bl_json_put_int(o, "restart_count", q->restarts);
	bl_json_put_int(o, "safe", q->safe);
	bl_json_put_text(o, "firmware_version", firmware);
	bl_json_put_hex(o, "pcr_digest", q->digest.p, q->digest.n);
	for (size_t i = 0; i < q->nbank; i++)
		put_bank(selection, &q->bank[i]);
	bl_json_put(o, "selection", selection);
	bl_json_put_int(o, "len", (int64_t)q->n);
}

/* The key of the first certificate, or of ak_pub.pem (then to be freed), or NULL. */
struct ak { const struct bl_certs *certs; struct bl_key *own; const struct bl_key *key; };

static int get_ak(struct bl_evidence *e, struct ak *ak, struct bl_err *err)
{
	const struct bl_evidence_file *cert = bl_evidence_find(e->files, "ak_cert.pem"), *pub = bl_evidence_find(e->files, "ak_pub.pem");

	*ak = (struct ak){ .certs = NULL };
	if (cert && (!(ak->certs = bl_evidence_certs(e, cert->p, cert->n, err)) || !ak->certs->n))
		return bl_err_where(err, "ak_cert.pem");
	if (pub && !(ak->own = bl_key_parse(pub->p, pub->n, err)))
		return bl_err_where(err, "ak_pub.pem");
	ak->key = ak->certs ? bl_cert_key(ak->certs->v[0]) : ak->own;
	return 0;
}

/* The hash of the key is shown as the policy's `ak` takes it: whoever shows evidence of a machine of theirs can pin its key. */
static int put_ak(struct bl_evidence *e, struct bl_err *err)
{
	uint8_t hash[32];
	struct ak ak;

	if (get_ak(e, &ak, err))
		return -1;
	if (ak.key) {
		bl_key_hash(ak.key, hash);
		bl_json_put_hex(e->claims, "ak", hash, sizeof hash);
	}
	bl_key_free(ak.own);
	return 0;
}

static int parse(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *err)
{
	struct bl_tpm_quote q;

	if (bl_tpm_parse(&q, p, n, err))
		return bl_err_where(err, "tpm");
	e->claims = bl_json_new_object();
	bl_tpm_claims(&q, e->claims);
	return put_ak(e, err) ? bl_err_where(err, "tpm") : 0;
}

/* --- checks that azure makes too --- */

/* r and s come without their leading zeros. */
static bool check_ecdsa(const struct bl_tpm_quote *q, const struct bl_tpm_sig *s, const struct bl_key *key)
{
	size_t width = bl_key_kind(key) == BL_KEY_P384 ? 48 : 32;
	uint8_t rs[2 * EC_MOST] = { 0 };

	if (s->r.n > width || s->s.n > width)
		return false;
	memcpy(rs + width - s->r.n, s->r.p, s->r.n);
	memcpy(rs + 2 * width - s->s.n, s->s.p, s->s.n);
	return bl_key_check_raw(key, s->hash, q->p, q->n, rs);
}

bool bl_tpm_check_sig(struct bl_evidence *e, const char *name, const struct bl_tpm_quote *q, const struct bl_tpm_sig *s, const struct bl_key *key)
{
	enum bl_key_kind kind = bl_key_kind(key);
	bool good;

	bl_evidence_word_int(e, "sha1", s->hash == BL_KEY_SHA1);
	if (s->alg == BL_TPM_ECDSA ? kind != BL_KEY_P256 && kind != BL_KEY_P384 : kind != BL_KEY_RSA)
		return bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, name, "key-type", "the attestation key is not one for %s signatures",
					s->alg == BL_TPM_ECDSA ? "ECDSA P-256 or P-384" : "RSA");
	good = s->alg == BL_TPM_ECDSA ? check_ecdsa(q, s, key) :
	       s->alg == BL_TPM_RSAPSS ? bl_key_check_pss(key, s->hash, q->p, q->n, s->rsa.p, s->rsa.n) :
	       bl_key_check(key, s->hash, q->p, q->n, s->rsa.p, s->rsa.n);
	return good ? bl_evidence_pass(e, BL_EVIDENCE_AUTHENTIC, name) :
	       bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, name, "signature", "the quote is not signed by this attestation key");
}

void bl_tpm_check_nonce(struct bl_evidence *e, const struct bl_tpm_quote *q)
{
	if (!e->nonce)
		bl_evidence_skip(e, BL_EVIDENCE_AUTHENTIC, "nonce", "no nonce was asked for");
	else if (q->extra.n != e->nonce_len || memcmp(q->extra.p, e->nonce, q->extra.n))
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "nonce", "nonce", "the quote answers another nonce");
	else
		bl_evidence_pass(e, BL_EVIDENCE_AUTHENTIC, "nonce");
}

static void put_pcr(struct bl_evidence *e, struct bl_json *pcrs, const char *bank, unsigned i, const uint8_t *p, size_t n)
{
	char name[24];

	snprintf(name, sizeof name, "%s:%u", bank, i);
	bl_evidence_word(e, name, p, n);
	if (pcrs)
		bl_json_put_hex(pcrs, name, p, n);
	snprintf(name, sizeof name, "pcr%u", i);
	bl_evidence_word(e, name, p, n);
}

/* The length that the values of the selected PCRs have; false when a bank is not known. */
static bool values_len(const struct bl_tpm_quote *q, size_t *n)
{
	size_t len;

	*n = 0;
	for (size_t i = 0; i < q->nbank; i++) {
		if (!q->bank[i].pcrs)
			continue;
		if (!bl_tpm_bank_name(q->bank[i].alg, &len))
			return false;
		*n += len * (size_t)__builtin_popcountll(q->bank[i].pcrs);
	}
	return true;
}

static void put_values(struct bl_evidence *e, const struct bl_tpm_quote *q, const uint8_t *p, struct bl_json *claims)
{
	struct bl_json *pcrs = claims ? bl_json_new_object() : NULL;
	const char *name;
	size_t len;

	for (size_t b = 0; b < q->nbank; b++)
		for (unsigned i = 0; i < BL_TPM_PCRS; i++)
			if (q->bank[b].pcrs >> i & 1 && (name = bl_tpm_bank_name(q->bank[b].alg, &len))) {
				put_pcr(e, pcrs, name, i, p, len);
				p += len;
			}
	if (claims)
		bl_json_put(claims, "pcrs", pcrs);
}

int bl_tpm_check_pcrs(struct bl_evidence *e, const struct bl_tpm_quote *q, enum bl_key_hash hash, const struct bl_evidence_file *f,
		      struct bl_json *claims, struct bl_err *err)
{
	uint8_t digest[64];
	size_t n;

	if (!f) {
		bl_evidence_skip(e, BL_EVIDENCE_AUTHENTIC, "pcr-digest", "there is no pcrs.bin");
		return 0;
	}
	if (!values_len(q, &n)) {
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "pcr-digest", "unsupported", "the quote has PCRs of a bank that is not known here");
		return 0;
	}
	if (f->n != n)
		return bl_err_set(err, BL_DATA, "pcrs.bin: %zu bytes, and the quote is of PCRs of %zu bytes", f->n, n);
	n = bl_key_digest(hash, f->p, f->n, digest);
	if (q->digest.n != n || memcmp(q->digest.p, digest, n)) {
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "pcr-digest", "binding", "the values of pcrs.bin are not those that were quoted");
		return 0;
	}
	bl_evidence_pass(e, BL_EVIDENCE_AUTHENTIC, "pcr-digest");
	put_values(e, q, f->p, claims);
	return 0;
}

/* Is the PCR that a register of the policy names, pcr7 or sha256:7, among those selected? */
static bool is_selected(const struct bl_tpm_quote *q, const char *name)
{
	char word[24];
	const char *bank;
	size_t len;

	for (size_t b = 0; b < q->nbank; b++)
		for (unsigned i = 0; i < BL_TPM_PCRS; i++) {
			if (!(q->bank[b].pcrs >> i & 1) || !(bank = bl_tpm_bank_name(q->bank[b].alg, &len)))
				continue;
			snprintf(word, sizeof word, "pcr%u", i);
			if (!strcmp(name, word))
				return true;
			snprintf(word, sizeof word, "%s:%u", bank, i);
			if (!strcmp(name, word))
				return true;
		}
	return false;
}

void bl_tpm_appraise(struct bl_evidence *e, const struct bl_tpm_quote *q)
{
	const struct bl_json *registers = bl_json_get(e->policy, "registers");
	bool good = true;

	for (size_t i = 0; i < bl_json_count(registers); i++) {
		const struct bl_json *v;
		const char *name = bl_json_key(registers, i, &v);
		if ((!strncmp(name, "pcr", 3) || strchr(name, ':')) && !is_selected(q, name))
			good = bl_evidence_fail(e, BL_EVIDENCE_APPRAISAL, "pcr-selection", "registers", "%s is not in the quote", name);
	}
	if (good && bl_json_count(registers))
		bl_evidence_pass(e, BL_EVIDENCE_APPRAISAL, "pcr-selection");
}

/* --- the quote alone --- */

static bool is_listed(const struct bl_evidence *e, const uint8_t hash[32])
{
	const struct bl_json *list = bl_json_get(e->policy, "ak");
	char hex[65];

	bl_text_hex(hash, 32, hex);
	for (size_t i = 0; i < bl_json_count(list); i++) {
		const char *s = bl_json_text(bl_json_item(list, i), NULL);
		if (s && !strcasecmp(s, hex))
			return true;
	}
	return false;
}

/* --- what certificates on the way to an attestation key say in extensions that may be critical --- */

static const char extended_usage[] = "2.5.29.37", alternative_name[] = "2.5.29.17";
static const char *const reads[] = { extended_usage, alternative_name, NULL };

/* ExtKeyUsageSyntax: one or more OIDs. Is tcg-kp-AIKCertificate among them, or, where `any` counts, anyExtendedKeyUsage? */
static bool usage_good(struct bl_der s, bool any)
{
	struct bl_der in, oid;
	bool good = false;

	if (!bl_der_enter(&s, BL_DER_SEQUENCE, &in) || s.n || !in.n)
		return false;
	while (in.n) {
		if (!bl_der_enter(&in, BL_DER_OID, &oid))
			return false;
		good = good || bl_der_is_oid(oid, "2.23.133.8.3") || (any && bl_der_is_oid(oid, "2.5.29.37.0"));
	}
	return good;
}

/*
 * GeneralNames: one or more, by the tags of RFC 5280, section 4.2.1.6. Which TPM they name decides nothing here: a key is known by its
 * hash or by who certified it, and constraints of names, which would have to be held against them, are refused where they are critical.
 */
static bool names_good(struct bl_der s)
{
	static const uint8_t tags[] = { 0xa0, 0x81, 0x82, 0xa3, 0xa4, 0xa5, 0x86, 0x87, 0x88 };
	struct bl_der in, name;

	if (!bl_der_enter(&s, BL_DER_SEQUENCE, &in) || s.n || !in.n)
		return false;
	while (in.n) {
		size_t i = 0;

		while (i < sizeof tags && !bl_der_enter(&in, tags[i], &name))
			i++;
		if (i == sizeof tags)
			return false;
	}
	return true;
}

/*
 * AUTHENTIC check `ak-usage` over a good path, where one of its certificates has something to say. An extended key usage limits a key
 * whether it is critical or not (RFC 5280, section 4.2.1.12), and an authority's limits what it certifies: else whoever has a
 * certificate for a web server under the same root could sign quotes.
 */
static void check_usage(struct bl_evidence *e, const struct bl_cert_path *path)
{
	bool any = false;

	for (size_t i = 0; i < path->n; i++) {
		const struct bl_cert *c = path->v[i];
		struct bl_der usage = { NULL, 0 }, name = { NULL, 0 };
		const char *who = bl_cert_subject(c, "CN");

		usage.p = bl_cert_extension(c, extended_usage, &usage.n);
		name.p = bl_cert_extension(c, alternative_name, &name.n);
		if (usage.p && !usage_good(usage, i > 0)) {
			bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "ak-usage", "chain", "'%s' is certified for other uses than attestation",
					 who ? who : "a certificate");
			return;
		}
		if (name.p && !names_good(name)) {
			bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "ak-usage", "chain", "'%s' has alternative names that cannot be read",
					 who ? who : "a certificate");
			return;
		}
		any = any || usage.p || name.p;
	}
	if (any)
		bl_evidence_pass(e, BL_EVIDENCE_AUTHENTIC, "ak-usage");
}

static void check_binding(struct bl_evidence *e, const struct ak *ak)
{
	struct bl_cert_path path;
	uint8_t hash[32];

	bl_key_hash(ak->key, hash);
	bl_evidence_word(e, "ak", hash, sizeof hash);
	if (ak->certs && ak->own) {
		if (bl_key_equal(ak->key, ak->own))
			bl_evidence_pass(e, BL_EVIDENCE_AUTHENTIC, "ak-match");
		else
			bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "ak-match", "binding", "ak_pub.pem is not the key of ak_cert.pem");
	}
	if (ak->certs && e->anchors) {
		if (bl_evidence_chain(e, "ak-binding", ak->certs->v[0], ak->certs, &path))
			check_usage(e, &path);
	} else if (is_listed(e, hash)) {
		bl_evidence_pass(e, BL_EVIDENCE_AUTHENTIC, "ak-binding");
	} else {
		bl_evidence_skip(e, BL_EVIDENCE_AUTHENTIC, "ak-binding", "nothing says whose key this is: no ak_cert.pem under a given root, no `ak` in the policy");
	}
}

static int verify_with(struct bl_evidence *e, const struct bl_tpm_quote *q, const struct ak *ak, struct bl_err *err)
{
	const struct bl_evidence_file *f = bl_evidence_find(e->files, "quote.sig");
	struct bl_tpm_sig sig = { .hash = BL_KEY_SHA256 };

	if (f && bl_tpm_parse_sig(&sig, f->p, f->n, err))
		return bl_err_where(err, "tpm");
	if (f && ak->key)
		bl_tpm_check_sig(e, "quote-signature", q, &sig, ak->key);
	else
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "quote-signature", "collateral-missing", "there is no %s",
				 f ? "ak_pub.pem or ak_cert.pem" : "quote.sig");
	bl_tpm_check_nonce(e, q);
	if (f && bl_tpm_check_pcrs(e, q, sig.hash, bl_evidence_find(e->files, "pcrs.bin"), e->claims, err))
		return -1;
	if (!f)
		bl_evidence_skip(e, BL_EVIDENCE_AUTHENTIC, "pcr-digest", "there is no quote.sig, which says by what hash");
	if (ak->key)
		check_binding(e, ak);
	else
		bl_evidence_skip(e, BL_EVIDENCE_AUTHENTIC, "ak-binding", "there is no attestation key");
	if (bl_evidence_find(e->files, "eventlog.bin"))
		bl_evidence_skip(e, BL_EVIDENCE_AUTHENTIC, "event-log", "event logs are not replayed");
	bl_tpm_appraise(e, q);
	return 0;
}

static int verify(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *err)
{
	struct bl_tpm_quote q;
	struct ak ak;
	int rc;

	if (bl_tpm_parse(&q, p, n, err) || get_ak(e, &ak, err))
		return bl_err_where(err, "tpm");
	rc = verify_with(e, &q, &ak, err);
	bl_key_free(ak.own);
	return rc;
}

static const char *const files[] = { "quote.msg", NULL };
const struct bl_evidence_tech bl_tpm_tech = { .name = "tpm", .file = files, .detect = detect, .parse = parse, .verify = verify, .reads = reads };
