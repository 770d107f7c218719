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
	uint8_t *der;
	struct bl_cert_envelope envelope;
	struct bl_der algorithm;
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

/* Keeps the bytes, and finds the algorithm in what is signed: sequence of {version?, algorithm, ...}. */
static int read_signed(struct bl_crl *c, const uint8_t *p, size_t n, struct bl_err *err)
{
	struct bl_der s, in, version;

	if (!(c->der = malloc(n + 1)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	memcpy(c->der, p, n);
	if (!bl_cert_open(&c->envelope, c->der, n))
		return bl_err_set(err, BL_DATA, "not an X.509 revocation list");
	s = c->envelope.tbs;
	bl_der_enter(&s, BL_DER_SEQUENCE, &in);
	if (bl_der_next_is(in, BL_DER_INTEGER) && !bl_der_take(&in, BL_DER_INTEGER, &version))
		return bl_err_set(err, BL_DATA, "not an X.509 revocation list");
	return bl_der_take(&in, BL_DER_SEQUENCE, &c->algorithm) ? 0 : bl_err_set(err, BL_DATA, "not an X.509 revocation list");
}

static bool read_time(const ASN1_TIME *t, int64_t *ret)
{
	return bl_der_time((uint8_t)ASN1_STRING_type(t), (struct bl_der){ ASN1_STRING_get0_data(t), (size_t)ASN1_STRING_length(t) }, ret);
}

static int read_der(void *arg, const uint8_t *der, size_t n, struct bl_err *err)
{
	struct bl_crl *c = arg;
	const uint8_t *p = der;

	if (c->x)
		return bl_err_set(err, BL_DATA, "more than one revocation list");
	c->x = d2i_X509_CRL(NULL, &p, (long)n);
	ERR_clear_error();
	if (!c->x || p != der + n)
		return bl_err_set(err, BL_DATA, c->x ? "bytes after the revocation list" : "not an X.509 revocation list");
	if (read_signed(c, der, n, err))
		return -1;
	c->until = INT64_MIN;
	if (!read_time(X509_CRL_get0_lastUpdate(c->x), &c->from) ||
	    (X509_CRL_get0_nextUpdate(c->x) && !read_time(X509_CRL_get0_nextUpdate(c->x), &c->until)))
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
	free(c->der);
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
	return !X509_NAME_cmp(X509_CRL_get_issuer(c->x), bl_cert_name(by, false));
}

bool bl_crl_issued(const struct bl_crl *c, const struct bl_cert *by)
{
	return bl_crl_names(c, by) && bl_cert_may(by, KU_CRL_SIGN) && bl_cert_signed(&c->envelope, c->algorithm, bl_cert_key(by));
}

bool bl_crl_revokes(const struct bl_crl *c, const struct bl_cert *cert)
{
	const struct bl_der s = bl_cert_serial(cert);
	const uint8_t *p = s.p;
	ASN1_INTEGER *serial;
	X509_REVOKED *r;
	bool on;

	if (X509_NAME_cmp(X509_CRL_get_issuer(c->x), bl_cert_name(cert, true)))
		return false;
	/* Who cannot tell (no memory) had better say yes. */
	serial = d2i_ASN1_INTEGER(NULL, &p, (long)s.n);
	on = !serial || X509_CRL_get0_by_serial(c->x, &r, serial);
	ASN1_INTEGER_free(serial);
	ERR_clear_error();
	return on;
}
