/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crl: see cert.h: revocation lists. Only whole lists by their own issuer: delta and indirect ones, and those that cover a part of
 * an issuer's certificates (any issuing distribution point), are refused, for a certificate missing from them says nothing.
 */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "crypt/certwork.h"
#include "crypt/pem.h"

struct bl_crl {
	X509_CRL *x;
	int64_t from, until;
	uint8_t *tbs;		/* what is signed */
	size_t n;
};

static int refuse_partial(X509_CRL *x, struct bl_err *err)
{
	STACK_OF(X509_REVOKED) *list = X509_CRL_get_REVOKED(x);

	if (X509_CRL_get_ext_by_NID(x, NID_delta_crl, -1) >= 0)
		return bl_err_set(err, BL_DATA, "delta revocation lists are not read");
	if (X509_CRL_get_ext_by_NID(x, NID_issuing_distribution_point, -1) >= 0)
		return bl_err_set(err, BL_DATA, "indirect and partial revocation lists are not read");
	for (int i = 0; i < X509_CRL_get_ext_count(x); i++)
		if (X509_EXTENSION_get_critical(X509_CRL_get_ext(x, i)))
			return bl_err_set(err, BL_DATA, "revocation list with a critical extension");
	for (int i = 0; i < sk_X509_REVOKED_num(list); i++) {
		const X509_REVOKED *r = sk_X509_REVOKED_value(list, i);

		if (X509_REVOKED_get_ext_by_NID(r, NID_certificate_issuer, -1) >= 0)
			return bl_err_set(err, BL_DATA, "indirect and partial revocation lists are not read");
		for (int j = 0; j < X509_REVOKED_get_ext_count(r); j++)
			if (X509_EXTENSION_get_critical(X509_REVOKED_get_ext(r, j)))
				return bl_err_set(err, BL_DATA, "revocation list with a critical extension");
	}
	return 0;
}

/*
 * Keeps what is signed. The algorithm stands twice, and only the one inside is signed: they must be the same bytes (OpenSSL compares them
 * for certificates alone). CertificateList: sequence of {sequence of {version?, algorithm, ...}, algorithm, signature}; it parsed.
 */
static int read_signed(struct bl_crl *c, const uint8_t *p, size_t n, struct bl_err *err)
{
	size_t head = 0, in = 0, alg;

	bl_pem_der(p, n, 0x30, &head);
	p += head;
	n -= head;
	if (!(c->n = bl_pem_der(p, n, 0x30, &in)))
		return bl_err_set(err, BL_DATA, "not an X.509 revocation list");
	in += bl_pem_der(p + in, c->n - in, 2, NULL);
	alg = bl_pem_der(p + in, c->n - in, 0x30, NULL);
	if (!alg || alg != bl_pem_der(p + c->n, n - c->n, 0x30, NULL) || memcmp(p + in, p + c->n, alg))
		return bl_err_set(err, BL_DATA, "revocation list that names two signature algorithms");
	if (!(c->tbs = malloc(c->n)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	memcpy(c->tbs, p, c->n);
	return 0;
}

static int read_der(void *arg, const uint8_t *der, size_t n, struct bl_err *err)
{
	struct bl_crl *c = arg;
	const uint8_t *p = der;
	uint8_t *again = NULL;
	int len;
	bool same;

	if (c->x)
		return bl_err_set(err, BL_DATA, "more than one revocation list");
	c->x = d2i_X509_CRL(NULL, &p, (long)n);
	ERR_clear_error();
	if (!c->x || p != der + n)
		return bl_err_set(err, BL_DATA, c->x ? "bytes after the revocation list" : "not an X.509 revocation list");
	len = i2d_X509_CRL(c->x, &again);
	same = len > 0 && (size_t)len == n && !memcmp(again, der, n);
	OPENSSL_free(again);
	if (!same)
		return bl_err_set(err, BL_DATA, "revocation list is not DER");
	if (read_signed(c, der, n, err))
		return -1;
	c->until = INT64_MIN;
	if (!bl_cert_time(X509_CRL_get0_lastUpdate(c->x), &c->from) ||
	    (X509_CRL_get0_nextUpdate(c->x) && !bl_cert_time(X509_CRL_get0_nextUpdate(c->x), &c->until)))
		return bl_err_set(err, BL_DATA, "revocation list with a time that is not of RFC 5280");
	return refuse_partial(c->x, err);
}

static bool is_hex(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!((p[i] >= '0' && p[i] <= '9') || ((p[i] | 0x20) >= 'a' && (p[i] | 0x20) <= 'f')))
			return false;
	return n > 0;
}

static int read_hex(struct bl_crl *c, const uint8_t *p, size_t n, struct bl_err *err)
{
	uint8_t *der = malloc(n / 2 + 1);
	int ret;

	if (!der)
		return bl_err_set(err, BL_OSERR, "out of memory");
	ret = bl_text_unhex((const char *)p, n, der, n / 2) ? read_der(c, der, n / 2, err) : bl_err_set(err, BL_DATA, "odd number of hex digits");
	free(der);
	return ret;
}

static int read_any(struct bl_crl *c, const uint8_t *p, size_t n, struct bl_err *err)
{
	size_t text = n;

	if (n > BL_CRL_SIZE)
		return bl_err_set(err, BL_DATA, "revocation list of more than %d bytes", BL_CRL_SIZE);
	if (bl_pem_is(p, n))
		return bl_pem_each(p, n, "X509 CRL", read_der, c, err);
	while (text && memchr(" \t\r\n", p[text - 1], 4))
		text--;
	return is_hex(p, text) ? read_hex(c, p, text, err) : read_der(c, p, n, err);
}

struct bl_crl *bl_crl_parse(const uint8_t *p, size_t n, struct bl_err *err)
{
	struct bl_crl *c = calloc(1, sizeof *c);

	if (!c) {
		bl_err_set(err, BL_OSERR, "out of memory");
	} else if (read_any(c, p, n, err)) {
		bl_crl_free(c);
		c = NULL;
	}
	return c;
}

void bl_crl_free(struct bl_crl *c)
{
	if (!c)
		return;
	X509_CRL_free(c->x);
	free(c->tbs);
	free(c);
}

int64_t bl_crl_from(const struct bl_crl *c)
{
	return c->from;
}

int64_t bl_crl_until(const struct bl_crl *c)
{
	return c->until;
}

bool bl_crl_names(const struct bl_crl *c, const struct bl_cert *by)
{
	return !X509_NAME_cmp(X509_CRL_get_issuer(c->x), X509_get_subject_name(bl_cert_x509(by)));
}

bool bl_crl_issued(const struct bl_crl *c, const struct bl_cert *by)
{
	const ASN1_BIT_STRING *sig;
	const X509_ALGOR *a;

	X509_CRL_get0_signature(c->x, &sig, &a);
	return bl_crl_names(c, by) && bl_cert_may(by, KU_CRL_SIGN) && bl_cert_signed(c->tbs, c->n, a, sig, bl_cert_key(by));
}

bool bl_crl_revokes(const struct bl_crl *c, const struct bl_cert *cert)
{
	X509 *x = bl_cert_x509(cert);
	X509_REVOKED *r;

	return !X509_NAME_cmp(X509_CRL_get_issuer(c->x), X509_get_issuer_name(x)) &&
	       X509_CRL_get0_by_serial(c->x, &r, X509_get_serialNumber(x));
}
