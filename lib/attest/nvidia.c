/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nvidia: measurement reports of GPUs (Hopper, Blackwell) and switches (LS10): the GET_MEASUREMENTS request of SPDM 1.1 (DMTF
 * DSP0274) and its signed response. Measurements are compared with refs.json where there is one. Vendor RIMs (XML) are not read and
 * OCSP is not asked: both stay checks that were not made.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "attest/evidence.h"
#include "base/text.h"

enum { REQUEST = 37, NONCE = 32, SIG = 96, BLOCKS = 255, VALUE_MOST = 64, SHA384_LEN = 48, DMTF = 1, REFS_DEPTH = 8 };
enum { DRIVER = 3, VBIOS = 6, FWID = 20, CHIP = 35, OPAQUE_MOST = 64 };

struct bytes { const uint8_t *p; size_t n; };
struct report {
	const uint8_t *nonce, *sig;
	size_t signed_len, nblocks;
	struct bytes block[BLOCKS + 1];		/* by index, from 1 */
	struct bytes driver, vbios, fwid, chip;
};

static bool detect(const uint8_t *p, size_t n)
{
	return n >= 4 && p[0] == 0x11 && p[1] == 0xe0 && p[2] == 0x01 && p[3] == 0xff;
}

/* --- reading: little endian --- */

static bool get_block(struct bl_cur *c, struct report *r)
{
	uint8_t index = bl_cur_get8(c), spec = bl_cur_get8(c);
	uint16_t size = bl_cur_get16(c), len;
	struct bl_cur in;
	const uint8_t *p;

	if (!(p = bl_cur_get(c, size)) || !index || spec != DMTF || r->block[index].p)
		return false;
	bl_cur_init(&in, p, size);
	bl_cur_get8(&in);			/* the kind of measurement */
	len = bl_cur_get16(&in);
	if (in.bad || !len || len > VALUE_MOST || len != in.left)
		return false;
	r->block[index] = (struct bytes){ in.p, len };
	r->nblocks++;
	return true;
}

static bool get_opaque(struct bl_cur *c, struct report *r)
{
	for (size_t i = 0; c->left; i++) {
		uint16_t type = bl_cur_get16(c), size = bl_cur_get16(c);
		const uint8_t *p = bl_cur_get(c, size);
		struct bytes *to = type == DRIVER ? &r->driver : type == VBIOS ? &r->vbios : type == FWID ? &r->fwid : type == CHIP ? &r->chip : NULL;
		if (!p || i == OPAQUE_MOST || (to && to->p))
			return false;
		if (to)
			*to = (struct bytes){ p, size };
	}
	return true;
}

/* What is not as it must be, or NULL. */
static const char *get_report(struct report *r, const uint8_t *p, size_t n)
{
	struct bl_cur c, in;
	const uint8_t *head, *q;
	size_t count, len;

	*r = (struct report){ .nonce = p + 4 };
	bl_cur_init(&c, p, n);
	if (!detect(p, n) || !bl_cur_get(&c, REQUEST))
		return "request";
	if (!(head = bl_cur_get(&c, 8)) || head[0] != 0x11 || head[1] != 0x60)
		return "header of the response";
	count = head[4];
	len = (size_t)head[5] | (size_t)head[6] << 8 | (size_t)head[7] << 16;
	if (!(q = bl_cur_get(&c, len)))
		return "length of the measurements";
	bl_cur_init(&in, q, len);
	while (in.left)
		if (!get_block(&in, r))
			return "measurement block";
	if (r->nblocks != count)
		return "number of measurement blocks";
	bl_cur_get(&c, NONCE);
	len = bl_cur_get16(&c);
	if (!(q = bl_cur_get(&c, len)))
		return "length of the opaque data";
	bl_cur_init(&in, q, len);
	if (!get_opaque(&in, r))
		return "opaque data";
	r->signed_len = n - c.left;
	if (c.left != SIG)
		return "length of the signature";
	r->sig = c.p;
	return NULL;
}

static int read_report(struct report *r, const uint8_t *p, size_t n, struct bl_err *err)
{
	const char *bad = get_report(r, p, n);

	return bad ? bl_err_set(err, BL_DATA, "nvidia: malformed: %s", bad) : 0;
}

/* --- claims --- */

enum { NAME = 64 };
/* Text with zeros after it. False when it is empty, too long or not printable. */
static bool text(struct bytes b, char out[NAME])
{
	size_t n = b.p ? strnlen((const char *)b.p, b.n) : 0;

	if (!n || n >= NAME)
		return false;
	for (size_t i = 0; i < b.n; i++)
		if (i < n ? b.p[i] < 0x20 || b.p[i] > 0x7e : b.p[i])
			return false;
	memcpy(out, b.p, n);
	out[n] = '\0';
	return true;
}

/* Eight bytes on GPUs, of which five are the version; text on switches. */
static bool vbios_text(struct bytes b, char out[NAME])
{
	if (b.n != 8)
		return text(b, out);
	return snprintf(out, NAME, "%02x.%02x.%02x.%02x.%02x", b.p[3], b.p[2], b.p[1], b.p[0], b.p[4]) > 0;
}

static bool is_zero(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if (b.p[i])
			return false;
	return true;
}

static void put(struct bl_json *o, const char *key, struct bytes b)
{
	if (b.p)
		bl_json_put_hex(o, key, b.p, b.n);
	else
		bl_json_put(o, key, bl_json_new_null());
}

static void put_text(struct bl_json *o, const char *key, const char *s)
{
	bl_json_put(o, key, s ? bl_json_new_text(s) : bl_json_new_null());
}

/* The chip's name tells the generation: GH100, GB100, LS_10. */
static const char *generation(const char *name)
{
	return !name ? NULL : !strncmp(name, "GH1", 3) ? "hopper" : !strncmp(name, "GB1", 3) || !strncmp(name, "GB2", 3) ? "blackwell" :
	       !strncmp(name, "LS_10", 5) ? "switch" : NULL;
}

static int parse(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *err)
{
	struct bl_json *measurements;
	struct report r;
	char s[NAME], key[16];

	if (read_report(&r, p, n, err))
		return -1;
	e->claims = bl_json_new_object();
	bl_json_put_hex(e->claims, "nonce", r.nonce, NONCE);
	bl_json_put_int(e->claims, "blocks", (int64_t)r.nblocks);
	put_text(e->claims, "driver_version", text(r.driver, s) ? s : NULL);
	put(e->claims, "vbios_or_bios_raw", r.vbios);
	put_text(e->claims, "vbios_or_bios_text", vbios_text(r.vbios, s) ? s : NULL);
	put(e->claims, "fwid", r.fwid);
	measurements = bl_json_new_object();
	for (unsigned i = 1; i <= BLOCKS; i++) {
		if (!r.block[i].p)
			continue;
		snprintf(key, sizeof key, "%u", i);
		bl_json_put_hex(measurements, key, r.block[i].p, r.block[i].n);
		snprintf(key, sizeof key, "block%u", i);
		bl_evidence_word(e, key, r.block[i].p, r.block[i].n);
	}
	bl_json_put(e->claims, "measurements", measurements);
	e->product = text(r.chip, s) ? generation(s) : NULL;
	return 0;
}

/* --- the firmware that the certificate names --- */

enum { SEQUENCE = 0x30, OID = 0x06, OCTETS = 0x04, CONTEXT = 0x80, CONSTRUCTED = 0x20, DEPTH = 8 };
struct der { uint8_t tag; struct bytes in; };

/* One DER element of the short kinds: single-byte tags, lengths of up to two bytes. */
static bool get_der(struct bl_cur *c, struct der *d)
{
	const uint8_t *p;
	size_t n;

	d->tag = bl_cur_get8(c);
	n = bl_cur_get8(c);
	if (n == 0x81) {
		n = bl_cur_get8(c);
	} else if (n == 0x82) {
		n = (size_t)bl_cur_get8(c) << 8;
		n |= bl_cur_get8(c);
	} else if (n >= 0x80) {
		return false;
	}
	if (!(p = bl_cur_get(c, n)))
		return false;
	d->in = (struct bytes){ p, n };
	return true;
}

/* FWID ::= SEQUENCE { hashAlg OBJECT IDENTIFIER, digest OCTET STRING } (TCG DICE), with SHA-384. */
static bool is_fwid(struct bytes b, struct bytes *digest)
{
	static const uint8_t sha384[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02 };
	struct der alg, octets;
	struct bl_cur c;

	bl_cur_init(&c, b.p, b.n);
	if (!get_der(&c, &alg) || alg.tag != OID || alg.in.n != sizeof sha384 || memcmp(alg.in.p, sha384, sizeof sha384))
		return false;
	if (!get_der(&c, &octets) || octets.tag != OCTETS || octets.in.n != SHA384_LEN || c.left)
		return false;
	*digest = octets.in;
	return true;
}

struct fwids { unsigned named; bool found; };

/* All FWIDs in the extension, which has one (CompositeDeviceID) or several (DiceTcbInfo, empty ones zero). */
static void find_fwid(struct bytes b, struct bytes want, unsigned depth, struct fwids *f)
{
	struct bytes digest;
	struct bl_cur c;
	struct der d;

	for (bl_cur_init(&c, b.p, b.n); depth && c.left && get_der(&c, &d);) {
		if (d.tag == SEQUENCE && is_fwid(d.in, &digest)) {
			f->named += !is_zero(digest);
			f->found = f->found || (want.n == SHA384_LEN && !memcmp(digest.p, want.p, SHA384_LEN));
		} else if (d.tag & CONSTRUCTED) {
			find_fwid(d.in, want, depth - 1, f);
		}
	}
}

static void check_fwid(struct bl_evidence *e, const struct report *r, const struct bl_cert *leaf)
{
	struct fwids f = { .found = false };
	struct bytes ext = { NULL, 0 };

	if (!(ext.p = bl_cert_extension(leaf, "2.23.133.5.4.1", &ext.n)))
		ext.p = bl_cert_extension(leaf, "2.23.133.5.4.1.1", &ext.n);
	if (ext.p)
		find_fwid(ext, r->fwid, DEPTH, &f);
	if (!r->fwid.p)
		bl_evidence_skip(e, BL_EVIDENCE_AUTHENTIC, "fwid", "the report names no firmware");
	else if (!f.named)
		bl_evidence_skip(e, BL_EVIDENCE_AUTHENTIC, "fwid", "the certificate names no firmware");
	else if (f.found)
		bl_evidence_pass(e, BL_EVIDENCE_AUTHENTIC, "fwid");
	else
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "fwid", "binding", "the certificate is of other firmware than the report");
}

/* --- references --- */

/* The members known to version 1 and no other. */
static bool is_refs(const struct bl_json *j)
{
	const struct bl_json *v;

	if (!j || bl_json_kind(j) != BL_JSON_OBJECT || bl_json_get_int(j, "version", 0) != 1)
		return false;
	for (size_t i = 0; i < bl_json_count(j); i++) {
		const char *key = bl_json_key(j, i, &v);
		enum bl_json_kind kind = bl_json_kind(v);
		if (!(!strcmp(key, "version") || ((!strcmp(key, "driver") || !strcmp(key, "vbios")) && kind == BL_JSON_TEXT) ||
		      (!strcmp(key, "measurements") && kind == BL_JSON_OBJECT)))
			return false;
	}
	return bl_json_get(j, "measurements");
}

/* 1..255 in its one spelling, or 0. */
static unsigned block_index(const char *s)
{
	unsigned v = 0;

	for (size_t i = 0; s[i]; i++) {
		if (s[i] < '0' || s[i] > '9' || (i == 0 && s[i] == '0') || i == 3)
			return 0;
		v = v * 10 + (unsigned)(s[i] - '0');
	}
	return v <= BLOCKS ? v : 0;
}

/* Is b among the values? -1: they are not hex. */
static int is_among(struct bytes b, const struct bl_json *values)
{
	char hex[2 * VALUE_MOST + 1];
	int found = 0;

	if (bl_json_kind(values) != BL_JSON_ARRAY)
		return -1;
	bl_text_hex(b.p, b.n, hex);
	for (size_t i = 0; i < bl_json_count(values); i++) {
		size_t len;
		const char *s = bl_json_text(bl_json_item(values, i), &len);
		if (!s || !len || len % 2 || strspn(s, "0123456789abcdefABCDEF") != len)
			return -1;
		found = found || !strcasecmp(s, hex);
	}
	return found;
}

struct compared { size_t blocks, empty; bool good; };

/* One member of `measurements`. A block that reports nothing is not compared, unless zeros are what is wanted. */
static int compare_block(struct bl_evidence *e, const struct report *r, const char *key, const struct bl_json *values, struct compared *c,
			 struct bl_err *err)
{
	unsigned i = block_index(key);
	struct bytes b = i ? r->block[i] : (struct bytes){ NULL, 0 };
	int found = is_among(b, values);

	if (!i || found < 0)
		return bl_err_set(err, BL_DATA, "refs.json: block '%.16s' is not a list of hex values", key);
	c->blocks++;
	if (found)
		return 0;
	if (b.p && is_zero(b)) {
		c->empty++;
		return 0;
	}
	if (c->good)
		bl_evidence_fail(e, BL_EVIDENCE_APPRAISAL, "references", "measurement", b.p ? "block %u is not one of its %zu reference values" :
				 "block %u is not in the report, and has %zu reference values", i, bl_json_count(values));
	c->good = false;
	return 0;
}

static void compare_text(struct bl_evidence *e, const struct bl_json *refs, const char *member, const char *claim, bool *good)
{
	const char *want = bl_json_get_text(refs, member), *have = bl_json_get_text(e->claims, claim);

	if (!want || (have && !strcmp(want, have)))
		return;
	if (*good)
		bl_evidence_fail(e, BL_EVIDENCE_APPRAISAL, "references", "measurement", "the references are of %s %s, the report of %s", member, want,
				 have ? have : "none");
	*good = false;
}

/* Whoever makes evidence can make references that fit it: they count from a signer that the policy lists. */
static bool is_trusted(const struct bl_evidence *e, const struct bl_evidence_file *f)
{
	const struct bl_json *list = bl_json_get(e->policy, "collateral_signer");

	for (size_t i = 0; f->signer && i < bl_json_count(list); i++) {
		const char *s = bl_json_text(bl_json_item(list, i), NULL);
		if (s && !strcmp(s, f->signer))
			return true;
	}
	return false;
}

static void say_compared(struct bl_evidence *e, const struct bl_evidence_file *f, const struct compared *c)
{
	if (c->blocks == c->empty)
		bl_evidence_skip(e, BL_EVIDENCE_APPRAISAL, "references", "refs.json speaks of no block that the report has");
	else if (bl_json_get(e->policy, "collateral_signer") && !is_trusted(e, f))
		bl_evidence_fail(e, BL_EVIDENCE_APPRAISAL, "references", "collateral-signature", "refs.json is in no bundle of a signer that the policy lists");
	else if (!is_trusted(e, f))
		bl_evidence_skip(e, BL_EVIDENCE_APPRAISAL, "references", "%zu blocks agree with refs.json, but no signer that the policy lists vouches for it",
				 c->blocks - c->empty);
	else if (!c->empty)
		bl_evidence_pass(e, BL_EVIDENCE_APPRAISAL, "references");
	else
		bl_evidence_warn(e, BL_EVIDENCE_APPRAISAL, "references", "%zu blocks agree, %zu report nothing", c->blocks - c->empty, c->empty);
}

static int compare(struct bl_evidence *e, const struct report *r, const struct bl_evidence_file *f, struct bl_err *err)
{
	struct bl_json *refs = bl_json_parse((const char *)f->p, f->n, REFS_DEPTH, BL_DATA, err);
	const struct bl_json *m = refs ? bl_json_get(refs, "measurements") : NULL, *values;
	struct compared c = { .good = true };
	int rc = 0;

	if (!refs)
		return bl_err_where(err, "refs.json");
	if (!is_refs(refs))
		rc = bl_err_set(err, BL_DATA, "refs.json: not references of version 1");
	for (size_t i = 0; !rc && i < bl_json_count(m); i++) {
		const char *key = bl_json_key(m, i, &values);
		rc = compare_block(e, r, key, values, &c, err);
	}
	if (!rc) {
		compare_text(e, refs, "driver", "driver_version", &c.good);
		compare_text(e, refs, "vbios", "vbios_or_bios_text", &c.good);
	}
	if (!rc && c.good)
		say_compared(e, f, &c);
	bl_json_free(refs);
	return rc;
}

/* --- checks --- */

static void check_signature(struct bl_evidence *e, const struct report *r, const uint8_t *p, const struct bl_key *key)
{
	if (bl_key_kind(key) != BL_KEY_P384)
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "signature", "key-type", "the certificate's key is not on P-384");
	else if (bl_key_check_raw(key, BL_KEY_SHA384, p, r->signed_len, r->sig))
		bl_evidence_pass(e, BL_EVIDENCE_AUTHENTIC, "signature");
	else
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "signature", "signature", "the report is not signed by the first certificate of chain.pem");
}

static void check_nonce(struct bl_evidence *e, const struct report *r)
{
	if (!e->nonce)
		bl_evidence_skip(e, BL_EVIDENCE_AUTHENTIC, "nonce", "no nonce was asked for");
	else if (e->nonce_len != NONCE || memcmp(e->nonce, r->nonce, NONCE))
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "nonce", "nonce", "the report answers another nonce");
	else
		bl_evidence_pass(e, BL_EVIDENCE_AUTHENTIC, "nonce");
}

static int verify(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *err)
{
	const struct bl_evidence_file *f = bl_evidence_find(e->files, "chain.pem");
	const struct bl_certs *certs = NULL;
	struct bl_cert_path path;
	struct report r;

	if (read_report(&r, p, n, err))
		return -1;
	if (f && !(certs = bl_evidence_certs(e, f->p, f->n, err)))
		return bl_err_where(err, "chain.pem");
	if (certs && certs->n) {
		check_signature(e, &r, p, bl_cert_key(certs->v[0]));
		bl_evidence_chain(e, "chain", certs->v[0], certs, &path);
		check_fwid(e, &r, certs->v[0]);
		e->product = generation(bl_cert_subject(certs->v[0], "CN"));
	} else {
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "signature", "collateral-missing", "there is no chain.pem to check the signature with");
		bl_evidence_skip(e, BL_EVIDENCE_AUTHENTIC, "chain", "there is no chain.pem");
		bl_evidence_skip(e, BL_EVIDENCE_AUTHENTIC, "fwid", "there is no chain.pem");
	}
	check_nonce(e, &r);
	bl_evidence_revocation(e, "revocation", NULL, NULL, NULL);	/* by OCSP only, which is online */
	if ((f = bl_evidence_find(e->files, "refs.json")))
		return compare(e, &r, f, err);
	bl_evidence_skip(e, BL_EVIDENCE_APPRAISAL, "references", "there is no refs.json");
	return 0;
}

static const char *const files[] = { "report.bin", NULL };
static const uint8_t anchors[][32] = {	/* NVIDIA Device Identity CA */
	{ 0xa9, 0x0c, 0x4e, 0xb5, 0xac, 0xfd, 0x3e, 0x3d, 0x03, 0xa2, 0x5d, 0xb6, 0xa2, 0x6b, 0x84, 0xf7,
	  0x20, 0xad, 0x05, 0x03, 0x19, 0x6c, 0x62, 0x7c, 0x21, 0xdd, 0xd4, 0x8d, 0xd8, 0x5b, 0x06, 0xa4 },
};
const struct bl_evidence_tech bl_nvidia_tech = {
	.name = "nvidia", .file = files, .detect = detect, .parse = parse, .verify = verify, .anchor = anchors, .nanchor = 1,
};
