/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key: see key.h. A key is its DER SubjectPublicKeyInfo, in the one form that each algorithm has (named curve, uncompressed point, RSA
 * with a NULL parameter): the kind is read off these bytes, so that what is hashed, pinned and compared is what verifies. Keys in
 * another form are OTHER. OpenSSL's objects are made from the numbers, past its decoders, which cost more than an RSA signature.
 * Ed25519 is libsodium's, which refuses points of small order.
 */
#include "crypt/key.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "crypt/der.h"
#include "crypt/hash.h"
#include "crypt/keywrap.h"
#include "crypt/pem.h"

enum { RSA_LEAST = 2048, RSA_MOST = 8192, RSA_EXPONENT = 8, SPKI_MAX = RSA_MOST / 8 + 64, KEY_FILE = 1 << 16, WIDE = 48 };

struct bl_key {
	enum bl_key_kind kind;
	unsigned bits;
	EVP_PKEY *evp;		/* NULL until it is needed; always for OTHER and Ed25519 */
	uint8_t hash[BL_HASH_LEN];
	size_t n;
	uint8_t der[];
};

/* --- the forms --- */

#define EC(outer, inner, len) 0x30, outer, 0x30, inner, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, len
static const uint8_t p256_prefix[] = { EC(0x59, 0x13, 8), 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 3, 0x42, 0, 4 };
static const uint8_t p384_prefix[] = { EC(0x76, 0x10, 5), 0x2b, 0x81, 4, 0, 0x22, 3, 0x62, 0, 4 };
static const uint8_t ed25519_prefix[] = { 0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0 };
static const uint8_t rsa_algorithm[] = { 0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0 };

static const struct form {
	enum bl_key_kind kind;
	const uint8_t *prefix;
	size_t n, len;		/* of the prefix, and of what follows it */
	const char *group;
} forms[] = {
	{ BL_KEY_P256, p256_prefix, sizeof p256_prefix, 64, "P-256" },
	{ BL_KEY_P384, p384_prefix, sizeof p384_prefix, 96, "P-384" },
	{ BL_KEY_ED25519, ed25519_prefix, sizeof ed25519_prefix, 32, NULL },
};

static const struct form *form_of(enum bl_key_kind kind)
{
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (forms[i].kind == kind)
			return &forms[i];
	return NULL;
}

/* --- RSA: modulus and exponent in and out of DER --- */

struct number { const uint8_t *p; size_t n; };	/* big-endian, first byte not zero */

static struct number number(const uint8_t *p, size_t n)
{
	while (n && !*p)
		p++, n--;
	return (struct number){ p, n };
}

static unsigned bits_of(struct number x)
{
	unsigned bits = (unsigned)x.n * 8;

	for (unsigned top = x.n ? x.p[0] : 0; top && !(top & 0x80); top <<= 1)
		bits--;
	return bits;
}

static bool rsa_good(struct number n, struct number e)
{
	return n.n <= RSA_MOST / 8 && bits_of(n) >= RSA_LEAST && n.p[n.n - 1] & 1 && e.n && e.n <= RSA_EXPONENT && e.p[e.n - 1] & 1 &&
	       !(e.n == 1 && e.p[0] < 3);
}

/* Elements are written from the end to the front, for only then are their lengths known. */
struct back { uint8_t buf[SPKI_MAX]; size_t at; };

static void back_put(struct back *b, const void *p, size_t n)
{
	b->at -= n;
	memcpy(b->buf + b->at, p, n);
}

static void back_head(struct back *b, uint8_t tag, size_t end)
{
	size_t len = end - b->at;
	uint8_t head[4] = { tag, 0x82, (uint8_t)(len >> 8), (uint8_t)len };

	if (len >= 0x100) {
		back_put(b, head, 4);
	} else {
		head[1] = 0x81;
		head[2] = (uint8_t)len;
		if (len < 0x80)
			head[1] = (uint8_t)len;
		back_put(b, head, len < 0x80 ? 2 : 3);
	}
}

static void back_number(struct back *b, struct number x)
{
	size_t end = b->at;

	back_put(b, x.p, x.n);
	if (x.p[0] & 0x80)
		back_put(b, "", 1);
	back_head(b, 2, end);
}

static void rsa_print(struct back *b, struct number n, struct number e)
{
	const size_t end = sizeof b->buf;

	b->at = end;
	back_number(b, e);
	back_number(b, n);
	back_head(b, 0x30, end);
	back_put(b, "", 1);
	back_head(b, 3, end);
	back_put(b, rsa_algorithm, sizeof rsa_algorithm);
	back_head(b, 0x30, end);
}

static bool rsa_parse(const uint8_t *p, size_t n, struct number *mod, struct number *e)
{
	struct bl_der s = { p, n }, spki, bits, seq, x, y;
	struct back b;

	if (!bl_der_enter(&s, BL_DER_SEQUENCE, &spki) || spki.n < sizeof rsa_algorithm || memcmp(spki.p, rsa_algorithm, sizeof rsa_algorithm))
		return false;
	spki.p += sizeof rsa_algorithm;
	spki.n -= sizeof rsa_algorithm;
	if (!bl_der_enter(&spki, BL_DER_BITS, &bits) || !bits.n)
		return false;
	bits.p++;
	bits.n--;
	if (!bl_der_enter(&bits, BL_DER_SEQUENCE, &seq) || !bl_der_enter(&seq, BL_DER_INTEGER, &x) || !bl_der_enter(&seq, BL_DER_INTEGER, &y))
		return false;
	*mod = number(x.p, x.n);
	*e = number(y.p, y.n);
	if (!rsa_good(*mod, *e))
		return false;
	/* All else is settled by writing it again. */
	rsa_print(&b, *mod, *e);
	return bl_der_same((struct bl_der){ b.buf + b.at, sizeof b.buf - b.at }, (struct bl_der){ p, n });
}

/* --- OpenSSL's half --- */

/* Failures leave a queue behind that nobody reads. */
static bool said(int ok)
{
	if (ok == 1)
		return true;
	ERR_clear_error();
	return false;
}

static EVP_PKEY *from_data(const char *type, OSSL_PARAM *params)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *p = NULL;

	if (!ctx || !params || !said(EVP_PKEY_fromdata_init(ctx)) || !said(EVP_PKEY_fromdata(ctx, &p, EVP_PKEY_PUBLIC_KEY, params))) {
		EVP_PKEY_free(p);
		p = NULL;
	}
	EVP_PKEY_CTX_free(ctx);
	return p;
}

/* NULL when the point is not on the curve. */
static EVP_PKEY *make_ec(const struct form *f, const uint8_t *der)
{
	/* The byte 4 before x and y is the prefix's last. */
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)f->group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (uint8_t *)(uintptr_t)der + f->n - 1, f->len + 1),
		OSSL_PARAM_construct_end(),
	};

	return from_data("EC", params);
}

static EVP_PKEY *make_rsa(struct number n, struct number e)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *bn = BN_bin2bn(n.p, (int)n.n, NULL), *be = BN_bin2bn(e.p, (int)e.n, NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *p = NULL;

	if (bld && bn && be && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, bn) &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, be) && (params = OSSL_PARAM_BLD_to_param(bld)))
		p = from_data("RSA", params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	BN_free(bn);
	BN_free(be);
	return p;
}

/* --- keys --- */

static struct bl_key *make(const uint8_t *der, size_t n)
{
	struct bl_key *k = calloc(1, sizeof *k + n);
	struct number mod, e;

	if (!k)
		return NULL;
	k->kind = BL_KEY_OTHER;
	k->n = n;
	memcpy(k->der, der, n);
	bl_hash_sha256(der, n, k->hash);
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		const struct form *f = &forms[i];

		if (n == f->n + f->len && !memcmp(der, f->prefix, f->n)) {
			k->kind = f->kind;
			k->bits = f->kind == BL_KEY_P384 ? 384 : 256;
		}
	}
	if (k->kind == BL_KEY_OTHER && rsa_parse(k->der, n, &mod, &e)) {
		k->kind = BL_KEY_RSA;
		k->bits = bits_of(mod);
	}
	return k;
}

/* OpenSSL's object, made when first asked for: NULL when there is none, a point off its curve among the reasons. */
static EVP_PKEY *evp_of(const struct bl_key *k)
{
	struct bl_key *own = (struct bl_key *)(uintptr_t)k;
	struct number mod, e;

	if (!k->evp && k->kind == BL_KEY_RSA && rsa_parse(k->der, k->n, &mod, &e))
		own->evp = make_rsa(mod, e);
	else if (!k->evp && (k->kind == BL_KEY_P256 || k->kind == BL_KEY_P384))
		own->evp = make_ec(form_of(k->kind), k->der);
	return k->evp;
}

/* k, if it is whole; else nothing is left of it. */
static struct bl_key *whole(struct bl_key *k)
{
	if (k && k->kind != BL_KEY_ED25519 && !evp_of(k)) {
		bl_key_free(k);
		return NULL;
	}
	return k;
}

struct bl_key *bl_key_wrap(const uint8_t *spki, size_t n)
{
	return make(spki, n);
}

/* A DER sequence of an algorithm sequence and a bit string is as much as is asked of a key of kind OTHER. */
static int parse_der(void *arg, const uint8_t *p, size_t n, struct bl_err *err)
{
	struct bl_key **ret = arg;
	struct bl_der s = { p, n }, in, x;

	if (*ret)
		return bl_err_set(err, BL_DATA, "more than one public key");
	if (!bl_der_enter(&s, BL_DER_SEQUENCE, &in) || s.n || !bl_der_take(&in, BL_DER_SEQUENCE, &x) || !bl_der_take(&in, BL_DER_BITS, &x) || in.n)
		return bl_err_set(err, BL_DATA, "not a public key (SubjectPublicKeyInfo)");
	if (!(*ret = make(p, n)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	return 0;
}

struct bl_key *bl_key_parse(const uint8_t *p, size_t n, struct bl_err *err)
{
	struct bl_key *k = NULL;
	int ret;

	if (n > KEY_FILE) {
		bl_err_set(err, BL_DATA, "public key of more than %d bytes", KEY_FILE);
		return NULL;
	}
	ret = bl_pem_is(p, n) ? bl_pem_each(p, n, "PUBLIC KEY", parse_der, &k, err) : parse_der(&k, p, n, err);
	if (ret) {
		bl_key_free(k);
		return NULL;
	}
	if (!(k = whole(k)))
		bl_err_set(err, BL_DATA, "public key is not RSA of 2048 to 8192 bits, P-256, P-384 or Ed25519 in its usual form");
	return k;
}

struct bl_key *bl_key_point(enum bl_key_kind curve, const uint8_t *xy)
{
	const struct form *f = form_of(curve);
	uint8_t der[sizeof p384_prefix + 2 * WIDE];

	if (curve != BL_KEY_P256 && curve != BL_KEY_P384)
		return NULL;
	memcpy(der, f->prefix, f->n);
	memcpy(der + f->n, xy, f->len);
	return whole(make(der, f->n + f->len));
}

struct bl_key *bl_key_rsa(const uint8_t *n, size_t nlen, const uint8_t *e, size_t elen)
{
	struct number mod = number(n, nlen), exp = number(e, elen);
	struct back b;

	if (!rsa_good(mod, exp))
		return NULL;
	rsa_print(&b, mod, exp);
	return whole(make(b.buf + b.at, sizeof b.buf - b.at));
}

void bl_key_free(struct bl_key *k)
{
	if (!k)
		return;
	EVP_PKEY_free(k->evp);
	free(k);
}

enum bl_key_kind bl_key_kind(const struct bl_key *k)
{
	return k->kind;
}

unsigned bl_key_bits(const struct bl_key *k)
{
	return k->bits;
}

void bl_key_hash(const struct bl_key *k, uint8_t out[32])
{
	memcpy(out, k->hash, sizeof k->hash);
}

void bl_key_print(const struct bl_key *k, struct bl_buf *out)
{
	bl_pem_put(out, "PUBLIC KEY", k->der, k->n);
}

bool bl_key_equal(const struct bl_key *a, const struct bl_key *b)
{
	return a->n == b->n && !memcmp(a->der, b->der, a->n);
}

/* --- signatures --- */

static const char *const hash_name[] = { "SHA1", "SHA256", "SHA384", "SHA512" };
static EVP_MD *hash_made[sizeof hash_name / sizeof *hash_name];

/* Fetched when first asked for, then kept. NULL: OpenSSL has none, or no memory. */
static const EVP_MD *digest(enum bl_key_hash hash)
{
	if (!hash_made[hash])
		hash_made[hash] = EVP_MD_fetch(NULL, hash_name[hash], NULL);
	return hash_made[hash];
}

size_t bl_key_digest(enum bl_key_hash hash, const void *msg, size_t n, uint8_t out[64])
{
	unsigned len = 0;

	/* An approved digest of the default provider fails only for want of memory: no caller could go on. */
	if (!digest(hash) || EVP_Digest(msg, n, out, &len, digest(hash), NULL) != 1)
		abort();
	return len;
}

static bool verify(const struct bl_key *k, enum bl_key_hash hash, bool pss, const void *msg, size_t n, const uint8_t *sig, size_t len)
{
	uint8_t md[64];
	size_t mdlen = bl_key_digest(hash, msg, n, md);
	EVP_PKEY *evp = evp_of(k);
	EVP_PKEY_CTX *ctx = evp ? EVP_PKEY_CTX_new_from_pkey(NULL, evp, NULL) : NULL;
	bool good = ctx && said(EVP_PKEY_verify_init(ctx)) &&
		    (k->kind != BL_KEY_RSA || said(EVP_PKEY_CTX_set_rsa_padding(ctx, pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING))) &&
		    said(EVP_PKEY_CTX_set_signature_md(ctx, digest(hash))) &&
		    (!pss || said(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_AUTO))) &&
		    said(EVP_PKEY_verify(ctx, sig, len, md, mdlen));

	EVP_PKEY_CTX_free(ctx);
	return good;
}

/* A DER INTEGER of w big-endian bytes; returns its length. */
static size_t der_number(const uint8_t *p, size_t w, uint8_t *out)
{
	struct number x = number(p, w);
	size_t pad = !x.n || x.p[0] & 0x80;

	out[0] = 2;
	out[1] = (uint8_t)(x.n + pad);
	out[2] = 0;
	if (x.n)
		memcpy(out + 2 + pad, x.p, x.n);
	return 2 + pad + x.n;
}

bool bl_key_check_raw(const struct bl_key *k, enum bl_key_hash hash, const void *msg, size_t n, const uint8_t *rs)
{
	size_t w = k->kind == BL_KEY_P384 ? 48 : 32, len = 2;
	uint8_t sig[2 + 2 * (WIDE + 3)];

	if (k->kind != BL_KEY_P256 && k->kind != BL_KEY_P384)
		return false;
	len += der_number(rs, w, sig + len);
	len += der_number(rs + w, w, sig + len);
	sig[0] = 0x30;
	sig[1] = (uint8_t)(len - 2);
	return verify(k, hash, false, msg, n, sig, len);
}

bool bl_key_check(const struct bl_key *k, enum bl_key_hash hash, const void *msg, size_t n, const uint8_t *sig, size_t len)
{
	if (k->kind == BL_KEY_ED25519)
		return hash == BL_KEY_SHA512 && len == crypto_sign_BYTES &&
		       !crypto_sign_verify_detached(sig, msg, n, k->der + sizeof ed25519_prefix);
	return k->kind != BL_KEY_OTHER && verify(k, hash, false, msg, n, sig, len);
}

bool bl_key_check_pss(const struct bl_key *k, enum bl_key_hash hash, const void *msg, size_t n, const uint8_t *sig, size_t len)
{
	return k->kind == BL_KEY_RSA && verify(k, hash, true, msg, n, sig, len);
}
