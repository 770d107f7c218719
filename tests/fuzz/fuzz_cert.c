/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates, chains, revocation lists and public keys, in DER, PEM and hex: what is read says the same when it is read again, everything
 * asked of it has an answer, paths end, and what does not parse is exit 65. Where OpenSSL reads a certificate too, it reads the same.
 */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "crypt/cert.h"
#include "crypt/mem.h"

static void need(bool good)
{
	if (!good)
		abort();
}

static void ask(const struct bl_cert *c)
{
	static const char *const oid[] = { "1.3.6.1.4.1.3704.1.4", "1.2.840.113741.1.13.1", "2.23.133.5.4.1", "2.5.29.15" };
	static const char *const rdn[] = { "CN", "O", "serialNumber" };
	struct bl_err err = { 0 };
	struct bl_cert *again;
	uint8_t hash[32];
	size_t n, m;
	const uint8_t *der = bl_cert_der(c, &n), *p;

	need((again = bl_cert_parse(der, n, &err)) && bl_cert_same(c, again) && bl_key_equal(bl_cert_key(c), bl_cert_key(again)));
	need(bl_cert_from(c) == bl_cert_from(again) && bl_cert_until(c) == bl_cert_until(again) && bl_cert_is_ca(c) == bl_cert_is_ca(again));
	/* Years 1 to 9999. */
	need(bl_cert_until(c) <= INT64_C(253402300799) && bl_cert_from(c) >= INT64_C(-62135596800));
	bl_cert_free(again);
	for (size_t i = 0; i < sizeof oid / sizeof *oid; i++)
		if ((p = bl_cert_extension(c, oid[i], &m)))
			need(m < n && (!m || p[m - 1] <= 0xff));
	for (size_t i = 0; i < sizeof rdn / sizeof *rdn; i++) {
		const char *s = bl_cert_subject(c, rdn[i]), *t = bl_cert_issuer(c, rdn[i]);

		need(!s || bl_text_utf8(s, strlen(s)));
		need(!t || strlen(t) <= 4 * n);
	}
	bl_key_hash(bl_cert_key(c), hash);
	need(!bl_cert_self_issued(c) || !bl_cert_is_ca(c) || bl_cert_issued(c, c));
}

static int64_t seconds(const ASN1_TIME *t)
{
	struct tm tm;

	need(ASN1_TIME_to_tm(t, &tm) == 1);
	return timegm(&tm);
}

static void compare(const struct bl_cert *c)
{
	size_t n, m;
	const uint8_t *der = bl_cert_der(c, &n), *p = der;
	X509 *x = d2i_X509(NULL, &p, (long)n);
	BASIC_CONSTRAINTS *bc;
	uint8_t *spki = NULL, hash[64], want[64];
	int len;

	ERR_clear_error();
	if (!x)
		return;
	need(p == der + n);
	need(seconds(X509_get0_notBefore(x)) == bl_cert_from(c) && seconds(X509_get0_notAfter(x)) == bl_cert_until(c));
	for (int i = 0; i < X509_get_ext_count(x); i++) {
		const ASN1_OCTET_STRING *s = X509_EXTENSION_get_data(X509_get_ext(x, i));
		char oid[256];

		len = OBJ_obj2txt(oid, sizeof oid, X509_EXTENSION_get_object(X509_get_ext(x, i)), 1);
		if (len <= 0 || len > 60)
			continue;
		/* An arc above 32 bits is not asked for by anybody. */
		if ((p = bl_cert_extension(c, oid, &m)))
			need((int)m == ASN1_STRING_length(s) && (!m || !memcmp(p, ASN1_STRING_get0_data(s), m)));
		else
			need(len > 10);
	}
	bc = X509_get_ext_d2i(x, NID_basic_constraints, NULL, NULL);
	need(!bl_cert_is_ca(c) || (bc && bc->ca));
	BASIC_CONSTRAINTS_free(bc);
	if (bl_key_kind(bl_cert_key(c)) != BL_KEY_OTHER && (len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki)) > 0) {
		bl_key_digest(BL_KEY_SHA256, spki, (size_t)len, want);
		bl_key_hash(bl_cert_key(c), hash);
		need(!memcmp(hash, want, 32));
	}
	OPENSSL_free(spki);
	ERR_clear_error();
	X509_free(x);
}

static void certs(const uint8_t *p, size_t n)
{
	static struct bl_cert_anchors a;	/* the key of the last certificate */
	struct bl_err err = { 0 };
	struct bl_cert_path path;
	struct bl_certs s;
	enum bl_cert_verdict v;

	if (bl_certs_parse(&s, p, n, &err)) {
		need(!s.n && err.code == BL_DATA);
		return;
	}
	need(s.n);
	for (size_t i = 0; i < s.n; i++) {
		ask(s.v[i]);
		compare(s.v[i]);
	}
	bl_key_hash(bl_cert_key(s.v[s.n - 1]), a.key[0]);
	a.n = 1;
	v = bl_cert_chain(s.v[0], &s, &a, INT64_C(1748736000), &path);
	need(path.n && path.n <= BL_CERT_MOST && path.v[0] == s.v[0] && !path.at == (v == BL_CERT_GOOD));
	for (size_t i = 1; i < path.n; i++)
		need(v != BL_CERT_GOOD || bl_cert_issued(path.v[i - 1], path.v[i]));
	bl_certs_fini(&s);
}

static void list(const uint8_t *p, size_t n)
{
	struct bl_err err = { 0 };
	struct bl_crl *c = bl_crl_parse(p, n, &err);

	need(c || err.code == BL_DATA);
	if (c)
		need(bl_crl_from(c) <= INT64_C(253402300799) && bl_crl_until(c) <= INT64_C(253402300799));
	bl_crl_free(c);
}

static void key(const uint8_t *p, size_t n)
{
	static const uint8_t sig[96] = { 1 };
	struct bl_err err = { 0 };
	struct bl_key *k = bl_key_parse(p, n, &err);

	need(k ? bl_key_kind(k) != BL_KEY_OTHER && bl_key_bits(k) >= 256 && bl_key_bits(k) <= 8192 : err.code == BL_DATA);
	if (!k)
		return;
	need(!bl_key_check_raw(k, BL_KEY_SHA384, "x", 1, sig) && !bl_key_check(k, BL_KEY_SHA256, "x", 1, sig, sizeof sig));
	bl_key_free(k);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static bool ready;
	struct bl_err err = { 0 };

	if (!ready)
		need(ready = !bl_mem_init_hashes(&err));
	/* No byte to choose by: a file of any kind is a seed as it is. */
	certs(p, n);
	list(p, n);
	key(p, n);
	return 0;
}
