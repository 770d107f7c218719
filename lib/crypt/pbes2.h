/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pbes2: a private key under a passphrase: PKCS#8 EncryptedPrivateKeyInfo with PBES2 (RFC 8018), PBKDF2 with HMAC-SHA256 and
 * AES-256-CBC, in PEM. Private to lib/crypt; starts OpenSSL when first used.
 */
#ifndef BL_CRYPT_PBES2_H
#define BL_CRYPT_PBES2_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Appends the PEM of der (a PKCS#8 PrivateKeyInfo). */
int bl_pbes2_seal(const uint8_t *der, size_t n, const char *passphrase, struct bl_buf *pem, struct bl_err *err);
/* Exactly len bytes of PrivateKeyInfo out of the PEM. 65: not such a PEM, or another scheme; 77: wrong passphrase. */
int bl_pbes2_open(const char *pem, size_t n, const char *passphrase, uint8_t *der, size_t len, struct bl_err *err);

#endif
