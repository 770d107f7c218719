/* SPDX-License-Identifier: Apache-2.0 */
/* certs: see cert.h: the certificates of a file, PEM or DER. */
#include <string.h>

#include "crypt/cert.h"
#include "crypt/der.h"
#include "crypt/pem.h"

enum { FILE_MAX = 4 << 20 };

static int add(void *arg, const uint8_t *der, size_t n, struct bl_err *err)
{
	struct bl_certs *s = arg;

	if (s->n == BL_CERT_MOST)
		return bl_err_set(err, BL_DATA, "more than %d certificates", BL_CERT_MOST);
	if (!(s->v[s->n] = bl_cert_parse(der, n, err)))
		return bl_err_where(err, "certificate %zu", s->n + 1);
	s->n++;
	return 0;
}

static int parse_der(struct bl_certs *s, const uint8_t *p, size_t n, struct bl_err *err)
{
	if (!n)
		return bl_err_set(err, BL_DATA, "no certificate");
	for (size_t len; n; p += len, n -= len) {
		if (!(len = bl_der_length(p, n, BL_DER_SEQUENCE, NULL)))
			return bl_err_set(err, BL_DATA, "not a certificate, neither PEM nor DER");
		if (add(s, p, len, err))
			return -1;
	}
	return 0;
}

int bl_certs_parse(struct bl_certs *s, const uint8_t *p, size_t n, struct bl_err *err)
{
	int ret;

	memset(s, 0, sizeof *s);
	if (n > FILE_MAX)
		return bl_err_set(err, BL_DATA, "more than %d MiB of certificates", FILE_MAX >> 20);
	ret = bl_pem_is(p, n) ? bl_pem_each(p, n, "CERTIFICATE", add, s, err) : parse_der(s, p, n, err);
	if (ret)
		bl_certs_fini(s);
	return ret;
}

void bl_certs_fini(struct bl_certs *s)
{
	for (size_t i = 0; i < s->n; i++)
		bl_cert_free(s->v[i]);
	memset(s, 0, sizeof *s);
}
