/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest: hierarchies of our own for tests of evidence, by OpenSSL's writing half, so that what reads certificates is tested with
 * what somebody else wrote: keys, certificates with chosen validity, usage and extensions, revocation lists, signatures.
 *
 *	struct attest_cert *root = attest_issue(NULL, attest_key(ATTEST_P384), &(struct attest_spec){ .subject = "CN=root", .ca = true });
 *	struct attest_cert *leaf = attest_issue(root, attest_key(ATTEST_P384), &(struct attest_spec){ .subject = "CN=leaf" });
 *	attest_sign_raw(leaf->key, BL_KEY_SHA384, msg, n, rs);
 *
 * Whatever cannot be made ends the test program. Everything is kept until attest_done(). bl_mem_init_hashes comes first.
 */
#ifndef TESTS_ATTEST_H
#define TESTS_ATTEST_H

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "crypt/cert.h"

enum attest_kind { ATTEST_RSA4096, ATTEST_RSA2048, ATTEST_P384, ATTEST_P256, ATTEST_P521, ATTEST_RSA1024 };

enum { ATTEST_EXTENSIONS = 16, ATTEST_KEPT = 4096 };
#define ATTEST_FROM INT64_C(1704067200)	/* 2024-01-01: the default validity */
#define ATTEST_UNTIL INT64_C(2019686400)	/* 2034-01-01 */
#define ATTEST_NOW INT64_C(1748736000)	/* 2025-06-01: between them */
#define ATTEST_YEAR_9999 INT64_C(253402300799)

struct attest_ext { const char *oid; bool critical; const void *p; size_t n; };	/* p: what stands inside the OCTET STRING */

struct attest_spec {
	const char *subject;		/* "CN=x, O=y": no commas or equals signs in values */
	const char *issuer;		/* NULL: the issuer's subject */
	int64_t from, until;		/* 0: the default */
	uint64_t serial;		/* 0: a new one */
	bool ca;			/* basicConstraints CA, keyCertSign and cRLSign */
	bool has_path; long path;	/* path length; may be there without ca */
	bool no_constraints;		/* no basicConstraints even so */
	uint32_t usage;			/* KU_ bits instead of the usual; 0: a CA's, none for a leaf */
	bool no_usage;			/* no key usage at all */
	enum bl_key_hash hash; bool has_hash;	/* of the issuer's signature; usual: SHA-256 for P-256, else SHA-384 */
	bool pkcs1;			/* RSA issuers sign with PKCS #1 v1.5, not PSS */
	struct attest_ext ext[ATTEST_EXTENSIONS];	/* up to the first without oid */
};

struct attest_cert {
	EVP_PKEY *key;
	X509 *x;
	uint8_t *der;
	size_t n;
};

/* --- what is kept --- */

static void *attest_kept[ATTEST_KEPT];
static void (*attest_drop[ATTEST_KEPT])(void *);
static size_t attest_nkept;

static inline void *attest_keep(void *p, void (*drop)(void *))
{
	assert(p && attest_nkept < ATTEST_KEPT);
	attest_drop[attest_nkept] = drop;
	return attest_kept[attest_nkept++] = p;
}

static inline void attest_drop_key(void *p) { EVP_PKEY_free(p); }
static inline void attest_drop_x509(void *p) { X509_free(p); }
static inline void attest_drop_openssl(void *p) { OPENSSL_free(p); }

static inline void attest_done(void)
{
	while (attest_nkept--)
		attest_drop[attest_nkept](attest_kept[attest_nkept]);
	attest_nkept = 0;
}

/* --- keys and signatures --- */

/* A new key; RSA keys take a second, so later calls walk round the first three of each size. */
static inline EVP_PKEY *attest_key(enum attest_kind kind)
{
	static EVP_PKEY *rsa[ATTEST_RSA1024 + 1][3];
	static size_t made[ATTEST_RSA1024 + 1], turn[ATTEST_RSA1024 + 1];
	EVP_PKEY *k;

	switch (kind) {
	case ATTEST_P256: return attest_keep(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), attest_drop_key);
	case ATTEST_P384: return attest_keep(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"), attest_drop_key);
	case ATTEST_P521: return attest_keep(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521"), attest_drop_key);
	default: break;
	}
	if (made[kind] == 3)
		return rsa[kind][turn[kind]++ % 3];
	k = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)(kind == ATTEST_RSA4096 ? 4096 : kind == ATTEST_RSA2048 ? 2048 : 1024));
	return rsa[kind][made[kind]++] = attest_keep(k, attest_drop_key);
}

static inline EVP_MD_CTX *attest_signing(EVP_PKEY *key, enum bl_key_hash hash, bool pss)
{
	static const char *const name[] = { "SHA1", "SHA256", "SHA384", "SHA512" };
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	int good = ctx && EVP_DigestSignInit_ex(ctx, &pctx, name[hash], NULL, NULL, key, NULL) == 1;

	if (good && pss)
		good = EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		       EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) == 1;
	assert(good);
	return ctx;
}

/* ECDSA in DER, or RSA PKCS #1 v1.5, or (pss) PSS; returns the length. */
static inline size_t attest_sign(EVP_PKEY *key, enum bl_key_hash hash, bool pss, const void *msg, size_t n, uint8_t sig[1024])
{
	EVP_MD_CTX *ctx = attest_signing(key, hash, pss);
	size_t len = 1024;
	int good = EVP_DigestSign(ctx, sig, &len, msg, n) == 1;

	assert(good);
	EVP_MD_CTX_free(ctx);
	return len;
}

static inline size_t attest_width(const EVP_PKEY *key)
{
	return ((size_t)EVP_PKEY_get_bits(key) + 7) / 8;
}

/* r || s, each as wide as the curve; returns the length of both. */
static inline size_t attest_sign_raw(EVP_PKEY *key, enum bl_key_hash hash, const void *msg, size_t n, uint8_t *rs)
{
	uint8_t sig[1024];
	const uint8_t *p = sig;
	ECDSA_SIG *s = d2i_ECDSA_SIG(NULL, &p, (long)attest_sign(key, hash, false, msg, n, sig));
	const int w = (int)attest_width(key);
	int good = s && BN_bn2binpad(ECDSA_SIG_get0_r(s), rs, w) == w && BN_bn2binpad(ECDSA_SIG_get0_s(s), rs + w, w) == w;

	assert(good);
	ECDSA_SIG_free(s);
	return (size_t)w * 2;
}

/* x || y of an EC key. */
static inline size_t attest_point(EVP_PKEY *key, uint8_t *xy)
{
	const size_t w = attest_width(key);
	uint8_t buf[256];
	size_t n;
	int good = EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, buf, sizeof buf, &n) == 1 && n == 1 + 2 * w && buf[0] == 4;

	assert(good);
	memcpy(xy, buf + 1, 2 * w);
	return 2 * w;
}

/* --- certificates --- */

static inline void attest_name(X509_NAME *name, const char *s)
{
	char text[512], *save = NULL;

	assert(strlen(s) < sizeof text);
	memcpy(text, s, strlen(s) + 1);
	for (char *part = strtok_r(text, ",", &save); part; part = strtok_r(NULL, ",", &save)) {
		char *eq = strchr(part, '=');
		int good;

		part += strspn(part, " ");
		assert(eq);
		*eq = 0;
		good = X509_NAME_add_entry_by_txt(name, part, MBSTRING_UTF8, (const uint8_t *)eq + 1, -1, -1, 0);
		assert(good == 1);
	}
}

static inline void attest_add_ext(X509 *x, const struct attest_ext *e)
{
	ASN1_OBJECT *o = OBJ_txt2obj(e->oid, 1);
	ASN1_OCTET_STRING *s = ASN1_OCTET_STRING_new();
	X509_EXTENSION *ext = NULL;
	int good = o && s && ASN1_OCTET_STRING_set(s, e->p, (int)e->n) == 1 && (ext = X509_EXTENSION_create_by_OBJ(NULL, o, e->critical, s)) &&
		   X509_add_ext(x, ext, -1) == 1;

	assert(good);
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(s);
	ASN1_OBJECT_free(o);
}

static inline void attest_usual_ext(X509 *x, const struct attest_spec *spec)
{
	const uint32_t usage = spec->no_usage ? 0 : spec->usage ? spec->usage : spec->ca ? KU_KEY_CERT_SIGN | KU_CRL_SIGN : 0;
	uint8_t bc[16] = { 0x30, 0 }, ku[4] = { 3, 2, 0, (uint8_t)usage };

	if (spec->ca) {
		memcpy(bc + 2, (uint8_t[]){ 1, 1, 0xff }, 3);
		bc[1] = 3;
	}
	if (spec->has_path) {
		memcpy(bc + 2 + bc[1], (uint8_t[]){ 2, 1, (uint8_t)spec->path }, 3);
		bc[1] += 3;
	}
	if ((spec->ca || spec->has_path) && !spec->no_constraints)
		attest_add_ext(x, &(struct attest_ext){ "2.5.29.19", true, bc, 2u + bc[1] });
	while (usage && !(usage >> ku[2] & 1))
		ku[2]++;
	if (usage)
		attest_add_ext(x, &(struct attest_ext){ "2.5.29.15", true, ku, sizeof ku });
}

/* by NULL: self-signed. */
static inline struct attest_cert *attest_issue(const struct attest_cert *by, EVP_PKEY *key, const struct attest_spec *spec)
{
	static uint64_t serial = 1000;
	struct attest_cert *c = attest_keep(calloc(1, sizeof *c), free);
	EVP_PKEY *signer = by ? by->key : key;
	const bool rsa = EVP_PKEY_is_a(signer, "RSA");
	const enum bl_key_hash hash = spec->has_hash ? spec->hash : attest_width(signer) == 32 ? BL_KEY_SHA256 : BL_KEY_SHA384;
	EVP_MD_CTX *ctx;
	X509 *x = attest_keep(X509_new(), attest_drop_x509);
	X509_NAME *name = X509_get_subject_name(x);
	int good;

	c->key = key;
	c->x = x;
	attest_name(name, spec->subject ? spec->subject : "CN=made");
	if (spec->issuer)
		attest_name(X509_get_issuer_name(x), spec->issuer);
	else
		X509_set_issuer_name(x, by ? X509_get_subject_name(by->x) : name);
	good = X509_set_version(x, X509_VERSION_3) && ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), spec->serial ? spec->serial : serial++) &&
	       ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(spec->from ? spec->from : ATTEST_FROM)) &&
	       ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(spec->until ? spec->until : ATTEST_UNTIL)) && X509_set_pubkey(x, key);
	assert(good);
	attest_usual_ext(x, spec);
	for (size_t i = 0; i < ATTEST_EXTENSIONS && spec->ext[i].oid; i++)
		attest_add_ext(x, &spec->ext[i]);
	ctx = attest_signing(signer, hash, rsa && !spec->pkcs1);
	good = X509_sign_ctx(x, ctx) > 0;
	assert(good);
	EVP_MD_CTX_free(ctx);
	c->n = (size_t)i2d_X509(x, &c->der);
	attest_keep(c->der, attest_drop_openssl);
	return c;
}

/* As bl reads it; the caller frees. */
static inline struct bl_cert *attest_parse(const struct attest_cert *c)
{
	struct bl_err err = { 0 };
	struct bl_cert *got = bl_cert_parse(c->der, c->n, &err);

	if (!got)
		fprintf(stderr, "attest: %s\n", err.msg);
	assert(got);
	return got;
}

/* Appends the PEM of a certificate. */
static inline void attest_pem(struct bl_buf *b, const struct attest_cert *c)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *p;
	int good = bio && PEM_write_bio_X509(bio, c->x) == 1;
	long n = good ? BIO_get_mem_data(bio, &p) : 0;

	assert(n > 0);
	bl_buf_put(b, p, (size_t)n);
	BIO_free(bio);
}

/* The key of c becomes an anchor, its certificate one of the anchors' own. */
static inline void attest_anchor(struct bl_cert_anchors *a, const struct attest_cert *c)
{
	struct bl_cert *own = attest_parse(c);

	bl_key_hash(bl_cert_key(own), a->key[a->n++]);
	a->own.v[a->own.n++] = own;
}

/* --- revocation lists --- */

struct attest_crl_spec {
	int64_t from, until;			/* 0: the default; until < 0: none */
	const struct attest_cert *revoked[16];	/* up to the first NULL */
	EVP_PKEY *key;				/* NULL: the issuer's own; another: a wrong signer */
	enum bl_key_hash hash; bool has_hash;
	struct attest_ext ext[4];
};

/* A list in DER; returns its length. */
static inline size_t attest_crl(const struct attest_cert *by, const struct attest_crl_spec *spec, uint8_t **der)
{
	X509_CRL *x = X509_CRL_new();
	ASN1_TIME *t = ASN1_TIME_new();
	EVP_PKEY *key = spec->key ? spec->key : by->key;
	const enum bl_key_hash hash = spec->has_hash ? spec->hash : attest_width(key) == 32 ? BL_KEY_SHA256 : BL_KEY_SHA384;
	EVP_MD_CTX *ctx = attest_signing(key, hash, EVP_PKEY_is_a(key, "RSA"));
	int n = 0, good = x && t && X509_CRL_set_version(x, X509_CRL_VERSION_2) && X509_CRL_set_issuer_name(x, X509_get_subject_name(by->x)) &&
			  ASN1_TIME_set(t, (time_t)(spec->from ? spec->from : ATTEST_FROM)) && X509_CRL_set1_lastUpdate(x, t);

	if (good && spec->until >= 0)
		good = ASN1_TIME_set(t, (time_t)(spec->until ? spec->until : ATTEST_UNTIL)) && X509_CRL_set1_nextUpdate(x, t);
	for (size_t i = 0; good && spec->revoked[i]; i++) {
		X509_REVOKED *r = X509_REVOKED_new();

		good = ASN1_TIME_set(t, (time_t)ATTEST_FROM) && X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(spec->revoked[i]->x)) &&
		       X509_REVOKED_set_revocationDate(r, t) && X509_CRL_add0_revoked(x, r);
	}
	for (size_t i = 0; good && i < 4 && spec->ext[i].oid; i++) {
		ASN1_OBJECT *o = OBJ_txt2obj(spec->ext[i].oid, 1);
		ASN1_OCTET_STRING *s = ASN1_OCTET_STRING_new();
		X509_EXTENSION *e = NULL;

		good = ASN1_OCTET_STRING_set(s, spec->ext[i].p, (int)spec->ext[i].n) && (e = X509_EXTENSION_create_by_OBJ(NULL, o, spec->ext[i].critical, s)) &&
		       X509_CRL_add_ext(x, e, -1);
		X509_EXTENSION_free(e);
		ASN1_OCTET_STRING_free(s);
		ASN1_OBJECT_free(o);
	}
	*der = NULL;
	if (good)
		good = X509_CRL_sort(x) && X509_CRL_sign_ctx(x, ctx) > 0 && (n = i2d_X509_CRL(x, der)) > 0;
	assert(good);
	attest_keep(*der, attest_drop_openssl);
	EVP_MD_CTX_free(ctx);
	ASN1_TIME_free(t);
	X509_CRL_free(x);
	return (size_t)n;
}

#endif
