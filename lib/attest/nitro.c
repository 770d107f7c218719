/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nitro: attestation documents of AWS Nitro enclaves: a COSE_Sign1 (RFC 9052) around a CBOR map, signed by a certificate that
 * lives for hours and whose chain is inside. The bundle's copy of the root is a candidate for the path and never an anchor. A
 * debug enclave is one whose PCR0 is zero. `--time=signed` is the timestamp, which counts milliseconds.
 */
#include <stdio.h>
#include <string.h>

#include "attest/cbor.h"
#include "attest/evidence.h"

enum { PCRS = 32, SIG = 96, TEXT_MOST = 256, KEY_MOST = 1024, DATA_MOST = 512, ALG = 1, ES384 = -35, SHA384_LEN = 48 };
#define TIME_MOST (UINT64_C(1) << 53)

struct bytes { const uint8_t *p; size_t n; };
struct doc {
	struct bytes protect, payload, module, certificate, public_key, user_data, nonce;	/* p NULL: null or absent */
	const uint8_t *sig;
	int64_t alg;			/* of the protected header; 0: none that fits */
	uint64_t timestamp;
	struct bytes pcr[PCRS];
	struct bl_cur bundle;		/* at its items */
	size_t nbundle;
};

static bool detect(const uint8_t *p, size_t n)
{
	static const uint8_t magic[] = { 0xd2, 0x84, 0x44, 0xa1, 0x01, 0x38, 0x22 };

	return (n >= sizeof magic && !memcmp(p, magic, sizeof magic)) || (n >= sizeof magic - 1 && !memcmp(p, magic + 1, sizeof magic - 1));
}

/* --- reading --- */

static bool get(struct bl_cur *c, enum bl_cbor_type type, struct bytes *b)
{
	struct bl_cbor item;

	if (!bl_cbor_get(c, &item) || item.type != type)
		return false;
	*b = (struct bytes){ item.p, (size_t)item.v };
	return true;
}

static bool get_count(struct bl_cur *c, enum bl_cbor_type type, size_t *n)
{
	struct bl_cbor item;

	if (!bl_cbor_get(c, &item) || item.type != type)
		return false;
	*n = (size_t)item.v;
	return true;
}

/* The protected header says the algorithm and nothing else; what else it might say would have to be understood. */
static int64_t algorithm(struct bytes protect)
{
	struct bl_cbor map, key, alg;
	struct bl_cur c;

	bl_cur_init(&c, protect.p, protect.n);
	if (!bl_cbor_check(protect.p, protect.n) || !bl_cbor_get(&c, &map) || map.type != BL_CBOR_MAP || map.v != 1)
		return 0;
	if (!bl_cbor_get(&c, &key) || key.type != BL_CBOR_UINT || key.v != ALG || !bl_cbor_get(&c, &alg) || alg.v > INT32_MAX)
		return 0;
	return alg.type == BL_CBOR_NINT ? -1 - (int64_t)alg.v : alg.type == BL_CBOR_UINT ? (int64_t)alg.v : 0;
}

static bool get_cose(struct doc *d, const uint8_t *p, size_t n)
{
	struct bytes sig;
	struct bl_cur c;
	size_t count;

	if (!bl_cbor_check(p, n))
		return false;
	bl_cur_init(&c, p, n);
	if (*p >> 5 == BL_CBOR_TAG)
		bl_cur_get8(&c);		/* 18, by detect */
	if (!get_count(&c, BL_CBOR_ARRAY, &count) || count != 4 || !get(&c, BL_CBOR_BYTES, &d->protect) ||
	    !get_count(&c, BL_CBOR_MAP, &count) || count || !get(&c, BL_CBOR_BYTES, &d->payload) || !get(&c, BL_CBOR_BYTES, &sig) || sig.n != SIG)
		return false;
	d->sig = sig.p;
	d->alg = algorithm(d->protect);
	return true;
}

/* A byte string of at least `least` and at most `most` bytes. */
static bool find(struct bl_cur map, const char *key, size_t least, size_t most, struct bytes *b)
{
	struct bl_cur c;

	return bl_cbor_find(map, key, &c) && get(&c, BL_CBOR_BYTES, b) && b->n >= least && b->n <= most;
}

static bool find_optional(struct bl_cur map, const char *key, size_t most, struct bytes *b)
{
	struct bl_cbor item;
	struct bl_cur c;

	if (!bl_cbor_find(map, key, &c))
		return true;
	return (bl_cbor_get(&c, &item) && item.type == BL_CBOR_SIMPLE && item.v == BL_CBOR_NULL) || find(map, key, 0, most, b);
}

static bool find_text(struct bl_cur map, const char *key, struct bytes *b)
{
	struct bl_cur c;

	if (!bl_cbor_find(map, key, &c) || !get(&c, BL_CBOR_TEXT, b) || !b->n || b->n > TEXT_MOST)
		return false;
	for (size_t i = 0; i < b->n; i++)
		if (b->p[i] < 0x20 || b->p[i] > 0x7e)
			return false;
	return true;
}

static bool find_pcrs(struct bl_cur map, struct doc *d)
{
	struct bl_cbor index;
	struct bl_cur c;
	size_t n;

	if (!bl_cbor_find(map, "pcrs", &c) || !get_count(&c, BL_CBOR_MAP, &n) || !n)
		return false;
	while (n--) {
		if (!bl_cbor_get(&c, &index) || index.type != BL_CBOR_UINT || index.v >= PCRS || !get(&c, BL_CBOR_BYTES, &d->pcr[index.v]))
			return false;
		if (d->pcr[index.v].n != 32 && d->pcr[index.v].n != SHA384_LEN && d->pcr[index.v].n != 64)
			return false;
	}
	return d->pcr[0].p;
}

static bool find_bundle(struct bl_cur map, struct doc *d)
{
	struct bl_cur c;
	struct bytes b;

	if (!bl_cbor_find(map, "cabundle", &c) || !get_count(&c, BL_CBOR_ARRAY, &d->nbundle) || !d->nbundle || d->nbundle >= BL_CERT_MOST)
		return false;
	d->bundle = c;
	for (size_t i = 0; i < d->nbundle; i++)
		if (!get(&c, BL_CBOR_BYTES, &b) || !b.n || b.n > BL_CERT_SIZE)
			return false;
	return true;
}

/* What of the document is not as it must be, or NULL. */
static const char *get_payload(struct doc *d)
{
	struct bytes digest;
	struct bl_cbor time;
	struct bl_cur map, c;

	if (!bl_cbor_check(d->payload.p, d->payload.n))
		return "payload";
	bl_cur_init(&map, d->payload.p, d->payload.n);
	if (!find_text(map, "module_id", &d->module))
		return "module_id";
	if (!find_text(map, "digest", &digest) || digest.n != 6 || memcmp(digest.p, "SHA384", 6))
		return "digest";
	if (!bl_cbor_find(map, "timestamp", &c) || !bl_cbor_get(&c, &time) || time.type != BL_CBOR_UINT || !time.v || time.v >= TIME_MOST)
		return "timestamp";
	d->timestamp = time.v;
	if (!find_pcrs(map, d))
		return "pcrs";
	if (!find(map, "certificate", 1, BL_CERT_SIZE, &d->certificate))
		return "certificate";
	if (!find_bundle(map, d))
		return "cabundle";
	if (!find_optional(map, "public_key", KEY_MOST, &d->public_key))
		return "public_key";
	if (!find_optional(map, "user_data", DATA_MOST, &d->user_data))
		return "user_data";
	return find_optional(map, "nonce", DATA_MOST, &d->nonce) ? NULL : "nonce";
}

static int read_doc(struct doc *d, const uint8_t *p, size_t n, struct bl_err *err)
{
	const char *bad;

	*d = (struct doc){ .alg = 0 };
	if (!detect(p, n) || !get_cose(d, p, n))
		return bl_err_set(err, BL_DATA, "nitro: malformed: not one COSE_Sign1 item with a signature of %d bytes", SIG);
	if ((bad = get_payload(d)))
		return bl_err_set(err, BL_DATA, "nitro: malformed: %s", bad);
	return 0;
}

/* --- claims --- */

static void put(struct bl_json *o, const char *key, struct bytes b)
{
	if (b.p)
		bl_json_put_hex(o, key, b.p, b.n);
	else
		bl_json_put(o, key, bl_json_new_null());
}

static bool is_zero(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if (b.p[i])
			return false;
	return true;
}

static void put_pcrs(struct bl_evidence *e, const struct doc *d)
{
	struct bl_json *pcrs = bl_json_new_object();
	char key[8];

	for (unsigned i = 0; i < PCRS; i++) {
		if (!d->pcr[i].p)
			continue;
		snprintf(key, sizeof key, "%u", i);
		bl_json_put_hex(pcrs, key, d->pcr[i].p, d->pcr[i].n);
		snprintf(key, sizeof key, "pcr%u", i);
		bl_evidence_word(e, key, d->pcr[i].p, d->pcr[i].n);
	}
	bl_json_put(e->claims, "pcrs", pcrs);
	bl_evidence_word(e, "measurement", d->pcr[0].p, d->pcr[0].n);
	if (d->pcr[8].p)
		bl_evidence_word(e, "signer", d->pcr[8].p, d->pcr[8].n);
}

static int parse(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *err)
{
	struct doc d;
	char module[TEXT_MOST + 1] = "";

	if (read_doc(&d, p, n, err))
		return -1;
	e->claims = bl_json_new_object();
	memcpy(module, d.module.p, d.module.n);
	bl_json_put_text(e->claims, "module_id", module);
	bl_json_put_int(e->claims, "timestamp_ms", (int64_t)d.timestamp);
	bl_json_put_text(e->claims, "digest", "SHA384");
	put_pcrs(e, &d);
	put(e->claims, "user_data", d.user_data);
	put(e->claims, "nonce", d.nonce);
	put(e->claims, "public_key", d.public_key);
	bl_json_put_int(e->claims, "cabundle_len", (int64_t)d.nbundle);
	bl_evidence_word_text(e, "module_id", module);
	if (d.user_data.p)
		bl_evidence_word(e, "report_data", d.user_data.p, d.user_data.n);
	if (d.public_key.p)
		bl_evidence_word(e, "public_key", d.public_key.p, d.public_key.n);
	e->has_debug = true;
	e->debug = is_zero(d.pcr[0]);
	e->has_time = true;
	e->signed_time = (int64_t)(d.timestamp / 1000);
	return 0;
}

/* --- checks --- */

/* Sig_structure of RFC 9052, 4.4: ["Signature1", protected, h'', payload]; NULL: no memory. */
static uint8_t *to_sign(struct bl_evidence *e, const struct doc *d, size_t *len)
{
	static const uint8_t start[] = "\x84\x6aSignature1";
	uint8_t *m = bl_arena_alloc(e->a, sizeof start + 1 + 18 + d->protect.n + d->payload.n), *w = m;

	if (!m)
		return NULL;
	w = mempcpy(w, start, sizeof start - 1);
	w += bl_cbor_put(w, BL_CBOR_BYTES, d->protect.n);
	w = mempcpy(w, d->protect.p, d->protect.n);
	w += bl_cbor_put(w, BL_CBOR_BYTES, 0);
	w += bl_cbor_put(w, BL_CBOR_BYTES, d->payload.n);
	w = mempcpy(w, d->payload.p, d->payload.n);
	*len = (size_t)(w - m);
	return m;
}

static int check_signature(struct bl_evidence *e, const struct doc *d, const struct bl_cert *leaf, struct bl_err *err)
{
	const struct bl_key *key = bl_cert_key(leaf);
	uint8_t *m;
	size_t n;

	if (d->alg != ES384)
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "algorithm", "unsupported", "algorithm %lld, not ES384", (long long)d->alg);
	else if (bl_key_kind(key) != BL_KEY_P384)
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "algorithm", "key-type", "the certificate's key is not on P-384");
	else
		bl_evidence_pass(e, BL_EVIDENCE_AUTHENTIC, "algorithm");
	if (!(m = to_sign(e, d, &n)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	if (d->alg == ES384 && bl_key_kind(key) == BL_KEY_P384 && bl_key_check_raw(key, BL_KEY_SHA384, m, n, d->sig))
		bl_evidence_pass(e, BL_EVIDENCE_AUTHENTIC, "signature");
	else
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "signature", "signature", "the document is not signed by its certificate");
	return 0;
}

/* Each item of the bundle is one certificate. */
static const struct bl_certs *get_bundle(struct bl_evidence *e, const struct doc *d, struct bl_err *err)
{
	struct bl_cur c = d->bundle;
	const struct bl_certs *s;
	uint8_t *all = bl_arena_alloc(e->a, d->payload.n), *w = all;
	struct bytes b;

	if (!all) {
		bl_err_set(err, BL_OSERR, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < d->nbundle && get(&c, BL_CBOR_BYTES, &b); i++)
		w = mempcpy(w, b.p, b.n);
	if (!(s = bl_evidence_certs(e, all, (size_t)(w - all), err)))
		return NULL;
	c = d->bundle;
	for (size_t i = 0; i < d->nbundle && s; i++) {
		size_t n = 0;
		if (!get(&c, BL_CBOR_BYTES, &b) || i >= s->n || !bl_cert_der(s->v[i], &n) || n != b.n)
			s = NULL;
	}
	if (!s || s->n != d->nbundle) {
		bl_err_set(err, BL_DATA, "nitro: malformed: cabundle");
		return NULL;
	}
	return s;
}

static void check_leaf(struct bl_evidence *e, const struct bl_cert *leaf)
{
	if (bl_cert_is_ca(leaf))
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "leaf", "chain", "the document is signed by a certificate of an authority, not of an enclave");
	else
		bl_evidence_pass(e, BL_EVIDENCE_AUTHENTIC, "leaf");
}

static void check_nonce(struct bl_evidence *e, struct bytes nonce)
{
	if (!e->nonce)
		bl_evidence_skip(e, BL_EVIDENCE_AUTHENTIC, "nonce", "no nonce was asked for");
	else if (!nonce.p)
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "nonce", "nonce", "the document has no nonce");
	else if (nonce.n != e->nonce_len || memcmp(nonce.p, e->nonce, nonce.n))
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "nonce", "nonce", "the document answers another nonce");
	else
		bl_evidence_pass(e, BL_EVIDENCE_AUTHENTIC, "nonce");
}

static int verify(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *err)
{
	const struct bl_certs *own, *bundle;
	struct bl_cert_path path;
	struct doc d;

	if (read_doc(&d, p, n, err))
		return -1;
	if (!(own = bl_evidence_certs(e, d.certificate.p, d.certificate.n, err)) || !(bundle = get_bundle(e, &d, err)))
		return bl_err_where(err, "nitro");
	if (own->n != 1)
		return bl_err_set(err, BL_DATA, "nitro: malformed: certificate");
	if (check_signature(e, &d, own->v[0], err))
		return -1;
	bl_evidence_chain(e, "chain", own->v[0], bundle, &path);
	check_leaf(e, own->v[0]);
	check_nonce(e, d.nonce);
	return 0;
}

static const char *const files[] = { "doc.cbor", NULL };
static const uint8_t anchors[][32] = {	/* AWS Nitro Enclaves root */
	{ 0xf2, 0xca, 0xf5, 0xec, 0xc6, 0x19, 0x0b, 0x4a, 0x83, 0x99, 0xb7, 0x8b, 0xc5, 0x8a, 0x2b, 0xbc,
	  0xd0, 0x38, 0x23, 0x75, 0xdb, 0x8a, 0x1b, 0xfd, 0x78, 0xa8, 0x27, 0x43, 0x87, 0x4f, 0xd2, 0x25 },
};
const struct bl_evidence_tech bl_nitro_tech = {
	.name = "nitro", .file = files, .detect = detect, .parse = parse, .verify = verify, .anchor = anchors, .nanchor = 1,
};
