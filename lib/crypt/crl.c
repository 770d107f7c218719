/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crl: see cert.h: revocation lists (RFC 5280, section 5.1), walked here in DER and nothing but DER, and kept as the bytes that they are: a
 * list of a mebibyte has fifty thousand entries, of each of which OpenSSL would make objects. Only whole lists by their own issuer:
 * delta and indirect ones, and those that cover a part of an issuer's certificates (any issuing distribution point), are refused, for a
 * certificate missing from them says nothing.
 */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "crypt/certwork.h"
#include "crypt/pem.h"

struct bl_crl {
	X509_NAME *issuer;
	int64_t from, until;
	uint8_t *der;
	struct bl_cert_envelope envelope;
	struct bl_der algorithm, revoked;	/* the entries, each of which was looked at; empty: none */
};

/* --- reading --- */

static int not_one(struct bl_err *err)
{
	return bl_err_set(err, BL_DATA, "not an X.509 revocation list");
}

/* Extensions, of the list or of an entry: refused, where they make it another kind of list or are critical. */
static int read_extensions(struct bl_der list, struct bl_err *err)
{
	struct bl_der in, oid, value;
	bool critical;

	if (!list.n)
		return not_one(err);
	while (list.n) {
		if (!bl_der_enter(&list, BL_DER_SEQUENCE, &in) || !bl_der_enter(&in, BL_DER_OID, &oid) || !oid.n || !bl_der_take_bool(&in, &critical) ||
		    !bl_der_take(&in, BL_DER_OCTETS, &value) || in.n)
			return bl_err_set(err, BL_DATA, "revocation list with an extension that cannot be read");
		if (bl_der_is_oid(oid, "2.5.29.27"))
			return bl_err_set(err, BL_DATA, "delta revocation lists are not read");
		if (bl_der_is_oid(oid, "2.5.29.28") || bl_der_is_oid(oid, "2.5.29.29"))
			return bl_err_set(err, BL_DATA, "indirect and partial revocation lists are not read");
		if (critical)
			return bl_err_set(err, BL_DATA, "revocation list with a critical extension");
	}
	return 0;
}

/* An INTEGER's content in its shortest form, as it is compared. */
static bool is_shortest(struct bl_der x)
{
	return x.n && !(x.n > 1 && ((!x.p[0] && !(x.p[1] & 0x80)) || (x.p[0] == 0xff && x.p[1] & 0x80)));
}

/* The next entry {serial, date, extensions?}. */
static int read_entry(struct bl_der *s, struct bl_der *serial, struct bl_err *err)
{
	struct bl_der in, list;
	int64_t date;

	if (!bl_der_enter(s, BL_DER_SEQUENCE, &in) || !bl_der_enter(&in, BL_DER_INTEGER, serial) || !is_shortest(*serial) || !bl_der_take_time(&in, &date))
		return bl_err_set(err, BL_DATA, "revocation list with an entry that cannot be read");
	if (!in.n)
		return 0;
	if (!bl_der_enter(&in, BL_DER_SEQUENCE, &list) || in.n)
		return bl_err_set(err, BL_DATA, "revocation list with an entry that cannot be read");
	return read_extensions(list, err);
}

static bool next_is_time(struct bl_der s)
{
	return bl_der_next_is(s, BL_DER_UTC) || bl_der_next_is(s, BL_DER_TIME);
}

/* TBSCertList: {version?, algorithm, issuer, thisUpdate, nextUpdate?, revoked?, [0] extensions?}. */
static int read_tbs(struct bl_crl *c, struct bl_err *err)
{
	static const uint8_t version2[] = { 2, 1, 1 };
	struct bl_der s = c->envelope.tbs, in, x, list;
	bool v2 = false;

	bl_der_enter(&s, BL_DER_SEQUENCE, &in);
	if (bl_der_next_is(in, BL_DER_INTEGER)) {
		v2 = bl_der_take(&in, BL_DER_INTEGER, &x) && bl_der_same(x, (struct bl_der){ version2, sizeof version2 });
		if (!v2)
			return not_one(err);
	}
	if (!bl_der_take(&in, BL_DER_SEQUENCE, &c->algorithm) || !(c->issuer = bl_cert_read_name(&in)))
		return not_one(err);
	c->until = INT64_MIN;
	if (!bl_der_take_time(&in, &c->from) || (next_is_time(in) && !bl_der_take_time(&in, &c->until)))
		return bl_err_set(err, BL_DATA, "revocation list with a time that is not of RFC 5280");
	if (bl_der_next_is(in, BL_DER_SEQUENCE) && !bl_der_enter(&in, BL_DER_SEQUENCE, &c->revoked))
		return not_one(err);
	for (s = c->revoked; s.n;)
		if (read_entry(&s, &x, err))
			return -1;
	if (!in.n)
		return 0;
	if (!v2 || !bl_der_enter(&in, 0xa0, &x) || in.n || !bl_der_enter(&x, BL_DER_SEQUENCE, &list) || x.n)
		return not_one(err);
	return read_extensions(list, err);
}

static int read_der(void *arg, const uint8_t *der, size_t n, struct bl_err *err)
{
	struct bl_crl *c = arg;

	if (c->der)
		return bl_err_set(err, BL_DATA, "more than one revocation list");
	if (!(c->der = malloc(n + 1)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	memcpy(c->der, der, n);
	return bl_cert_open(&c->envelope, c->der, n) ? read_tbs(c, err) : not_one(err);
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
	X509_NAME_free(c->issuer);
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
	return !X509_NAME_cmp(c->issuer, bl_cert_name(by, false));
}

bool bl_crl_issued(const struct bl_crl *c, const struct bl_cert *by)
{
	return bl_crl_names(c, by) && bl_cert_may(by, KU_CRL_SIGN) && bl_cert_signed(&c->envelope, c->algorithm, bl_cert_key(by));
}

bool bl_crl_revokes(const struct bl_crl *c, const struct bl_cert *cert)
{
	struct bl_der all = bl_cert_serial(cert), own = { NULL, 0 }, s = c->revoked, serial;
	struct bl_err ignored;

	if (X509_NAME_cmp(c->issuer, bl_cert_name(cert, true)))
		return false;
	/* A serial that is written in a form of its own might be any: whoever cannot tell had better say yes. */
	if (!bl_der_enter(&all, BL_DER_INTEGER, &own) || !is_shortest(own))
		return true;
	while (s.n)
		if (read_entry(&s, &serial, &ignored) || bl_der_same(serial, own))
			return true;
	return false;
}
