/* SPDX-License-Identifier: Apache-2.0 */
/* certwork: what cert.c and crl.c share. Private to lib/crypt. */
#ifndef BL_CRYPT_CERTWORK_H
#define BL_CRYPT_CERTWORK_H

#include <openssl/x509.h>

#include "crypt/cert.h"

X509 *bl_cert_x509(const struct bl_cert *c);
/* May this certificate's key sign what usage (a KU_ bit of openssl/x509v3.h) names: CA flag, and the bit where there is a key usage? */
bool bl_cert_may(const struct bl_cert *c, uint32_t usage);
/*
 * Does sig verify over the n bytes under key: RSA PKCS #1 v1.5 and PSS, ECDSA, with SHA-256 or better? Not by X509_verify, which looks
 * digests up in a table of names that mem.c leaves empty.
 */
bool bl_cert_signed(const uint8_t *tbs, size_t n, const X509_ALGOR *a, const ASN1_BIT_STRING *sig, const struct bl_key *key);
/* A time as DER and RFC 5280 have it (UTC, seconds, Z), in Unix seconds. */
bool bl_cert_time(const ASN1_TIME *t, int64_t *ret);

#endif
