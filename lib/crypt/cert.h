/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert: X.509 certificates and revocation lists (RFC 5280), judged link by link at a time that the caller names, without OpenSSL's
 * purposes, security levels or system store. Nothing here knows a vendor. bl_mem_init_hashes comes first.
 */
#ifndef BL_CRYPT_CERT_H
#define BL_CRYPT_CERT_H

#include "crypt/key.h"

/* Of certificates in a chain or file; bytes of a certificate, and of a revocation list as it stands in its file. */
enum { BL_CERT_MOST = 32, BL_CERT_SIZE = 1 << 16, BL_CRL_SIZE = 1 << 20 };

struct bl_cert;
struct bl_cert *bl_cert_parse(const uint8_t *der, size_t n, struct bl_err *err);	/* exactly one, no bytes after it: 65 */
void bl_cert_free(struct bl_cert *c);
struct bl_certs { struct bl_cert *v[BL_CERT_MOST]; size_t n; };
/* All certificates of a PEM text (NULs after it are fine), or of concatenated DER. 65. */
int bl_certs_parse(struct bl_certs *s, const uint8_t *p, size_t n, struct bl_err *err);
void bl_certs_fini(struct bl_certs *s);

const struct bl_key *bl_cert_key(const struct bl_cert *c);	/* never NULL; of kind OTHER when key.h knows none such */
const uint8_t *bl_cert_der(const struct bl_cert *c, size_t *n);
int64_t bl_cert_from(const struct bl_cert *c);		/* notBefore, notAfter in Unix seconds, to year 9999 */
int64_t bl_cert_until(const struct bl_cert *c);
bool bl_cert_self_issued(const struct bl_cert *c);	/* issuer = subject, and signed by its own key */
bool bl_cert_is_ca(const struct bl_cert *c);		/* basicConstraints CA, and keyCertSign where a key usage is there */
/* The first value of an RDN of the subject ("CN", "O"), or NULL; valid as long as c. */
const char *bl_cert_subject(const struct bl_cert *c, const char *rdn);
const char *bl_cert_issuer(const struct bl_cert *c, const char *rdn);
bool bl_cert_same(const struct bl_cert *a, const struct bl_cert *b);
/* The content of an extension (inside the OCTET STRING), by dotted OID; NULL when it is not there. */
const uint8_t *bl_cert_extension(const struct bl_cert *c, const char *oid, size_t *n);

/*
 * Is c issued by `by`: names match, by may sign certificates, signature verifies? RSA (PKCS #1 v1.5, PSS) and ECDSA with SHA-256 or
 * better, under keys of key.h: SHA-1 and RSA below 2048 bits never verify.
 */
bool bl_cert_issued(const struct bl_cert *c, const struct bl_cert *by);

enum bl_cert_verdict {
	BL_CERT_GOOD, BL_CERT_CHAIN,		/* no path: a link is missing or does not verify */
	BL_CERT_ROOT,				/* a path, but to no anchor */
	BL_CERT_EXPIRED, BL_CERT_EARLY,		/* some certificate at that time */
	BL_CERT_PATH,				/* path length, CA flag, key usage, critical extensions unknown to us */
};
/*
 * A path from leaf through candidates to one of the anchors, in any order of candidates. Anchors are keys: by SHA-256 of
 * SubjectPublicKeyInfo; the self-signed certificate that carries one may be among the candidates or the anchors' own. The
 * path found (leaf first, root last) goes to path, or as much of one as there is; `at` is the first certificate to blame (NULL: none).
 * A path length counts every certificate between, self-issued ones too. A leaf with a key usage must be allowed to sign something;
 * validity ends are inclusive (RFC 5280). path may be NULL.
 */
struct bl_cert_anchors {
	uint8_t key[BL_CERT_MOST][32];
	size_t n;
	struct bl_certs own;
	const char *const *reads;	/* critical extensions that the caller reads itself, by dotted OID, NULL ends; NULL: none */
};
struct bl_cert_path { const struct bl_cert *v[BL_CERT_MOST]; size_t n; const struct bl_cert *at; };
enum bl_cert_verdict bl_cert_chain(const struct bl_cert *leaf, const struct bl_certs *candidates, const struct bl_cert_anchors *anchors,
				   int64_t time, struct bl_cert_path *path);

/* Whole lists only: delta, indirect and partial ones (an issuing distribution point) do not parse. */
struct bl_crl;
struct bl_crl *bl_crl_parse(const uint8_t *p, size_t n, struct bl_err *err);	/* DER, PEM, or hex text of DER; 65 */
void bl_crl_free(struct bl_crl *c);
int64_t bl_crl_from(const struct bl_crl *c);		/* thisUpdate */
int64_t bl_crl_until(const struct bl_crl *c);		/* nextUpdate; INT64_MIN when it has none */
bool bl_crl_issued(const struct bl_crl *c, const struct bl_cert *by);	/* names match, by may sign lists, the signature verifies */
bool bl_crl_names(const struct bl_crl *c, const struct bl_cert *by);	/* names match */
bool bl_crl_revokes(const struct bl_crl *c, const struct bl_cert *cert);	/* its serial, under its issuer's name; false under another */

#endif
