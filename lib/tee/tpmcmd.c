/* SPDX-License-Identifier: Apache-2.0 */
/* tpmcmd: see tpmcmd.h. Big endian. Names of constants are the specification's, without their prefixes. */
#include "tee/tpmcmd.h"

#include <string.h>

enum {
	ST_NO_SESSIONS = 0x8001, ST_SESSIONS = 0x8002, ST_RSP_COMMAND = 0xc4,
	CC_CREATE_PRIMARY = 0x131, CC_QUOTE = 0x158, CC_FLUSH_CONTEXT = 0x165, CC_PCR_READ = 0x17e,
	RH_ENDORSEMENT = 0x4000000b, RS_PW = 0x40000009, HT_TRANSIENT = 0x80,
	ALG_RSA = 1, ALG_SHA256 = 0xb, ALG_NULL = 0x10, ALG_RSASSA = 0x14, ALG_ECDSA = 0x18, ALG_ECC = 0x23, ECC_NIST_P256 = 3,
	RSA_BYTES = 256, P256_BYTES = 32, MAP = 3, AT_ONCE = 8,
};

/*
 * Fixed to this TPM and its parent, made from its seed alone, used by an (empty) password, signs only what the TPM itself made; and not
 * under the lockout of wrong passwords, for it has none to guess.
 */
#define ATTRIBUTES (UINT32_C(1) << 1 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 10 | 1 << 16 | 1 << 18)

/* --- writing --- */

struct out { uint8_t *p; size_t n; };

static void put(struct out *o, const void *p, size_t n)
{
	memcpy(o->p + o->n, p, n);
	o->n += n;
}

static void put16(struct out *o, uint16_t v)
{
	v = __builtin_bswap16(v);
	put(o, &v, sizeof v);
}

static void put32(struct out *o, uint32_t v)
{
	v = __builtin_bswap32(v);
	put(o, &v, sizeof v);
}

static struct out begin(uint8_t *room, uint16_t tag, uint32_t command)
{
	struct out o = { room, 0 };

	put16(&o, tag);
	put32(&o, 0);
	put32(&o, command);
	return o;
}

/* Lengths are written once they are known. */
static size_t end(struct out *o)
{
	struct out size = { o->p + 2, 0 };

	put32(&size, (uint32_t)o->n);
	return o->n;
}

/* One session: an empty password, which is all that is ever tried. */
static void put_password(struct out *o)
{
	put32(o, 9);
	put32(o, RS_PW);
	put16(o, 0);
	put(o, "", 1);
	put16(o, 0);
}

static void put_selection(struct out *o, uint16_t pcrs)
{
	const uint8_t map[MAP] = { (uint8_t)pcrs, (uint8_t)(pcrs >> 8), 0 };

	put32(o, 1);
	put16(o, ALG_SHA256);
	put(o, (uint8_t[]){ MAP }, 1);
	put(o, map, sizeof map);
}

/* TPMT_PUBLIC up to its `unique`: what the TPM has to give back as it is. */
static void put_template(struct out *o, enum bl_tpmcmd_key kind)
{
	put16(o, kind == BL_TPMCMD_P256 ? ALG_ECC : ALG_RSA);
	put16(o, ALG_SHA256);
	put32(o, ATTRIBUTES);
	put16(o, 0);
	put16(o, ALG_NULL);
	put16(o, kind == BL_TPMCMD_P256 ? ALG_ECDSA : ALG_RSASSA);
	put16(o, ALG_SHA256);
	if (kind == BL_TPMCMD_P256) {
		put16(o, ECC_NIST_P256);
		put16(o, ALG_NULL);
	} else {
		put16(o, RSA_BYTES * 8);
		put32(o, 0);		/* the usual exponent, 65537 */
	}
}

/* `unique` goes into the derivation: keys of this name are nobody else's, whatever templates others use. */
static void put_unique(struct out *o, enum bl_tpmcmd_key kind)
{
	static const uint8_t name[RSA_BYTES] = "bl attestation key v1", none[P256_BYTES];
	const size_t n = kind == BL_TPMCMD_P256 ? P256_BYTES : RSA_BYTES;

	put16(o, (uint16_t)n);
	put(o, name, n);
	if (kind == BL_TPMCMD_P256) {
		put16(o, P256_BYTES);
		put(o, none, sizeof none);
	}
}

size_t bl_tpmcmd_create(uint8_t room[BL_TPMCMD_ROOM], enum bl_tpmcmd_key kind)
{
	struct out o = begin(room, ST_SESSIONS, CC_CREATE_PRIMARY), size;
	size_t at;

	put32(&o, RH_ENDORSEMENT);
	put_password(&o);
	put16(&o, 4);			/* sensitive: no password, no data */
	put16(&o, 0);
	put16(&o, 0);
	at = o.n;
	put16(&o, 0);
	put_template(&o, kind);
	put_unique(&o, kind);
	size = (struct out){ room + at, 0 };
	put16(&size, (uint16_t)(o.n - at - 2));
	put16(&o, 0);			/* outside info */
	put32(&o, 0);			/* creation PCRs */
	return end(&o);
}

size_t bl_tpmcmd_quote(uint8_t room[BL_TPMCMD_ROOM], uint32_t handle, const uint8_t data[32])
{
	struct out o = begin(room, ST_SESSIONS, CC_QUOTE);

	put32(&o, handle);
	put_password(&o);
	put16(&o, 32);
	put(&o, data, 32);
	put16(&o, ALG_NULL);		/* the scheme is the key's */
	put_selection(&o, 0xffff);
	return end(&o);
}

size_t bl_tpmcmd_read(uint8_t room[BL_TPMCMD_ROOM], uint16_t pcrs)
{
	struct out o = begin(room, ST_NO_SESSIONS, CC_PCR_READ);

	put_selection(&o, pcrs);
	return end(&o);
}

size_t bl_tpmcmd_flush(uint8_t room[BL_TPMCMD_ROOM], uint32_t handle)
{
	struct out o = begin(room, ST_NO_SESSIONS, CC_FLUSH_CONTEXT);

	put32(&o, handle);
	return end(&o);
}

/* --- reading --- */

static uint16_t get16(struct bl_cur *c) { return __builtin_bswap16(bl_cur_get16(c)); }
static uint32_t get32(struct bl_cur *c) { return __builtin_bswap32(bl_cur_get32(c)); }

static struct bl_tpm_bytes get_bytes(struct bl_cur *c)		/* TPM2B */
{
	size_t n = get16(c);

	return (struct bl_tpm_bytes){ bl_cur_get(c, n), n };
}

static int odd(struct bl_err *err, const char *what)
{
	return bl_err_set(err, BL_UNAVAILABLE, "the TPM's answer is malformed: %s", what);
}

size_t bl_tpmcmd_size(const uint8_t head[BL_TPMCMD_HEAD])
{
	const uint32_t n = __builtin_bswap32(bl_le32(head + 2));

	return n >= BL_TPMCMD_HEAD && n <= BL_TPMCMD_MAX ? n : 0;
}

int bl_tpmcmd_open(struct bl_tpmcmd_response *r, enum bl_tpmcmd_session session, const uint8_t *p, size_t n, struct bl_err *err)
{
	uint16_t tag;

	bl_cur_init(&r->body, p, n);
	tag = get16(&r->body);
	if (n < BL_TPMCMD_HEAD || get32(&r->body) != n)
		return odd(err, "its header says another length");
	r->rc = get32(&r->body);
	if (tag == ST_RSP_COMMAND)
		return bl_err_set(err, BL_UNAVAILABLE, "not a TPM 2.0: it answers as one of version 1.2");
	/* What failed has no session, and nothing to say. */
	if (tag != (session == BL_TPMCMD_PASSWORD && !r->rc ? ST_SESSIONS : ST_NO_SESSIONS))
		return odd(err, "wrong tag");
	return r->rc && r->body.left ? odd(err, "bytes after a refusal") : 0;
}

/* The parameters of a response with a password session, after which nothing but its acknowledgement comes. */
static bool get_parameters(struct bl_cur *body, struct bl_cur *in)
{
	const size_t n = get32(body);
	const uint8_t *p = bl_cur_get(body, n);

	bl_cur_init(in, p, p ? n : 0);
	if (!p || get_bytes(body).n)
		return false;
	bl_cur_get8(body);
	return !get_bytes(body).n && !body->bad && !body->left;
}

/* --- refusals --- */

enum {
	RC_INITIALIZE = 0x100, RC_FAILURE = 0x101, RC_COMMAND_CODE = 0x143, RC_OBJECT_MEMORY = 0x902, RC_OBJECT_HANDLES = 0x906, RC_YIELDED = 0x908,
	RC_TESTING = 0x90a, RC_LOCKOUT = 0x921, RC_RETRY = 0x922,
	FORMAT_ONE = 0x80, PARAMETER = 0x40,
	RC_ASYMMETRIC = 0x01, RC_HIERARCHY = 0x05, RC_TYPE = 0x0a, RC_AUTH_FAIL = 0x0e, RC_SCHEME = 0x12, RC_BAD_AUTH = 0x22, RC_CURVE = 0x26,
};

/* The error without the number of the parameter, handle or session that it is about; -1 for codes that have none. */
static int format_one(uint32_t rc)
{
	return rc & FORMAT_ONE && rc <= 0xfff ? (int)(rc & 0x3f) : -1;
}

bool bl_tpmcmd_again(uint32_t rc)
{
	return rc == RC_RETRY || rc == RC_YIELDED || rc == RC_TESTING;
}

bool bl_tpmcmd_unsupported(uint32_t rc)
{
	const int e = rc & PARAMETER ? format_one(rc) : -1;

	return e == RC_CURVE || e == RC_ASYMMETRIC || e == RC_TYPE || e == RC_SCHEME;
}

int bl_tpmcmd_refused(uint32_t rc, const char *what, struct bl_err *err)
{
	static const char password[] = "its endorsement hierarchy has a password, and none is ever given", full[] = "it holds as many keys as it can";
	static const struct { int one; uint32_t rc; const char *why; } known[] = {
		{ RC_BAD_AUTH, 0, password }, { RC_AUTH_FAIL, 0, password }, { RC_HIERARCHY, 0, "its endorsement hierarchy is disabled" },
		{ -1, RC_INITIALIZE, "it was not started" }, { -1, RC_FAILURE, "it is in failure mode" }, { -1, RC_COMMAND_CODE, "it has no such command" },
		{ -1, RC_OBJECT_MEMORY, full }, { -1, RC_OBJECT_HANDLES, full }, { -1, RC_LOCKOUT, "it is locked after wrong passwords" },
	};
	const int one = format_one(rc);

	bl_err_set(err, BL_UNAVAILABLE, "the TPM cannot %s: response code 0x%03x", what, rc);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].one == one && (one >= 0 || known[i].rc == rc))
			bl_err_set(err, BL_UNAVAILABLE, "the TPM cannot %s: %s", what, known[i].why);
	if (rc == RC_OBJECT_MEMORY || rc == RC_OBJECT_HANDLES)
		bl_err_hint(err, "use /dev/tpmrm0, which gives every program its own room");
	return -1;
}

/* --- what was asked for --- */

/* Big-endian and perhaps without its leading zeros. */
static bool widen(struct bl_tpm_bytes b, uint8_t *out, size_t n)
{
	if (!b.n || b.n > n)
		return false;
	memset(out, 0, n - b.n);
	memcpy(out + n - b.n, b.p, b.n);
	return true;
}

static struct bl_key *get_public(struct bl_tpm_bytes public, enum bl_tpmcmd_key kind)
{
	static const uint8_t exponent[] = { 1, 0, 1 };
	uint8_t want[BL_TPMCMD_ROOM], number[RSA_BYTES];
	struct out template = { want, 0 };
	struct bl_tpm_bytes x, y = { NULL, 0 };
	struct bl_cur c;

	put_template(&template, kind);
	if (public.n < template.n || memcmp(public.p, want, template.n))
		return NULL;
	bl_cur_init(&c, public.p + template.n, public.n - template.n);
	x = get_bytes(&c);
	if (kind == BL_TPMCMD_P256)
		y = get_bytes(&c);
	if (c.bad || c.left)
		return NULL;
	if (kind == BL_TPMCMD_RSA)
		return x.n == RSA_BYTES ? bl_key_rsa(x.p, x.n, exponent, sizeof exponent) : NULL;
	return widen(x, number, P256_BYTES) && widen(y, number + P256_BYTES, P256_BYTES) ? bl_key_point(BL_KEY_P256, number) : NULL;
}

int bl_tpmcmd_created(struct bl_tpmcmd_response *r, enum bl_tpmcmd_key kind, uint32_t *handle, struct bl_key **key, struct bl_err *err)
{
	struct bl_tpm_bytes public;
	struct bl_cur in;

	*handle = get32(&r->body);
	if (*handle >> 24 != HT_TRANSIENT) {
		*handle = 0;		/* what else it is, is not ours to flush */
		return odd(err, "a new key under a handle that is none of a key");
	}
	if (!get_parameters(&r->body, &in))
		return odd(err, "a new key in the wrong form");
	public = get_bytes(&in);	/* what follows says how and by whom it was made, which is known here */
	if (in.bad)
		return odd(err, "a new key that is cut short");
	if (!(*key = get_public(public, kind)))
		return odd(err, "another key than was asked for");
	return 0;
}

/* One selection of one bank; *map: PCRs 0 to 15. */
static bool get_selection(struct bl_cur *c, uint16_t *pcrs)
{
	const uint8_t *map;
	size_t n;

	if (get32(c) != 1 || get16(c) != ALG_SHA256)
		return false;
	n = bl_cur_get8(c);
	map = bl_cur_get(c, n);
	if (!map || n < 2 || n > BL_TPM_PCRS / 8)
		return false;
	for (size_t i = 2; i < n; i++)
		if (map[i])
			return false;
	*pcrs = bl_le16(map);
	return true;
}

int bl_tpmcmd_values(struct bl_tpmcmd_response *r, uint16_t asked, uint16_t *got, uint8_t value[BL_TPMCMD_PCRS][BL_TPMCMD_PCR], struct bl_err *err)
{
	struct bl_cur *c = &r->body;
	struct bl_tpm_bytes v[AT_ONCE];
	uint32_t n;

	get32(c);			/* how often PCRs were extended: the digest of the quote tells better */
	if (!get_selection(c, got) || *got & ~asked)
		return odd(err, "other PCRs than were asked for");
	if (!*got)
		return bl_err_set(err, BL_UNAVAILABLE, "the TPM has no bank of SHA-256 PCRs");
	n = get32(c);
	if (n > AT_ONCE || n != (uint32_t)__builtin_popcount(*got))
		return odd(err, "more or fewer values than PCRs");
	for (uint32_t i = 0; i < n; i++) {
		v[i] = get_bytes(c);
		if (c->bad || v[i].n != BL_TPMCMD_PCR)
			return odd(err, "a PCR of another length");
	}
	if (c->left)
		return odd(err, "bytes after the PCRs");
	for (uint32_t i = 0, pcr = 0; pcr < BL_TPMCMD_PCRS; pcr++)
		if (*got >> pcr & 1)
			memcpy(value[pcr], v[i++].p, BL_TPMCMD_PCR);
	return 0;
}

int bl_tpmcmd_quoted(struct bl_tpmcmd_response *r, enum bl_tpmcmd_key kind, const uint8_t data[32], struct bl_tpmcmd_quoted *q, struct bl_err *err)
{
	struct bl_tpm_quote quote;
	struct bl_tpm_sig sig;
	struct bl_err why;
	struct bl_cur in;

	if (!get_parameters(&r->body, &in))
		return odd(err, "a quote in the wrong form");
	q->msg = get_bytes(&in);
	if (in.bad)
		return odd(err, "a quote that is cut short");
	q->sig = (struct bl_tpm_bytes){ in.p, in.left };
	if (bl_tpm_parse(&quote, q->msg.p, q->msg.n, &why) || bl_tpm_parse_sig(&sig, q->sig.p, q->sig.n, &why))
		return odd(err, why.msg);
	if (sig.hash != BL_KEY_SHA256 || (int)sig.alg != (kind == BL_TPMCMD_P256 ? (int)BL_TPM_ECDSA : (int)BL_TPM_RSASSA))
		return odd(err, "a signature in another scheme than the key's");
	if (quote.extra.n != 32 || memcmp(quote.extra.p, data, 32))
		return odd(err, "a quote over other data");
	if (quote.nbank != 1 || quote.bank[0].alg != ALG_SHA256 || quote.bank[0].pcrs != 0xffff || quote.digest.n != sizeof q->digest)
		return odd(err, "a quote of other PCRs than were asked for");
	memcpy(q->digest, quote.digest.p, sizeof q->digest);
	return 0;
}
