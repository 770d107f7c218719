/* SPDX-License-Identifier: Apache-2.0 */
/* certwork: what cert.c and crl.c share. Private to lib/crypt. */
#ifndef BL_CRYPT_CERTWORK_H
#define BL_CRYPT_CERTWORK_H

#include <openssl/x509.h>

#include "crypt/cert.h"
#include "crypt/der.h"

/* What certificates and revocation lists have in common: sequence of {what is signed, algorithm, signature}. */
struct bl_cert_envelope {
	struct bl_der tbs, algorithm, signature;	/* whole elements, and the bits */
};
/* Exactly one in DER. false: malformed. */
bool bl_cert_open(struct bl_cert_envelope *e, const uint8_t *der, size_t n);
/* Does it verify: RSA PKCS #1 v1.5 and PSS, ECDSA, with SHA-256 or better? `inside` is the algorithm as it stands in what is signed. */
bool bl_cert_signed(const struct bl_cert_envelope *e, struct bl_der inside, const struct bl_key *key);
/* Takes a name of at most 2048 bytes and 32 attributes; NULL: malformed, or larger. The caller frees. */
X509_NAME *bl_cert_read_name(struct bl_der *s);
X509_NAME *bl_cert_name(const struct bl_cert *c, bool issuer);
struct bl_der bl_cert_serial(const struct bl_cert *c);	/* the whole INTEGER */
/* May this certificate's key sign what usage (a KU_ bit of openssl/x509v3.h) names: CA flag, and the bit where there is a key usage? */
bool bl_cert_may(const struct bl_cert *c, uint32_t usage);

#endif
