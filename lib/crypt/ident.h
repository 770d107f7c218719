/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ident: identities. An Ed25519 key pair in PEM (PKCS#8, RFC 8410; PBES2 when it has a passphrase), its X25519 twin
 * (RFC 7748 by the birational map), and fingerprints "SHA256:" + base64 without padding of SHA-256 of the raw public key.
 */
#ifndef BL_CRYPT_IDENT_H
#define BL_CRYPT_IDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { BL_IDENT_PK = 32, BL_IDENT_SIG = 64, BL_IDENT_FPR = 51 };	/* FPR with terminator */

struct bl_ident {
	uint8_t *sk;			/* guarded: 64 bytes, libsodium's form (seed, public key) */
	uint8_t pk[BL_IDENT_PK];
};

int bl_ident_generate(struct bl_ident *id, struct bl_err *err);
void bl_ident_fini(struct bl_ident *id);
/* From a 32-byte seed (tests, derived keys). */
int bl_ident_from_seed(struct bl_ident *id, const uint8_t seed[32], struct bl_err *err);

/* A passphrase is asked for through this when the PEM is encrypted; fill out (n bytes, terminated), 0 or -1 with err. */
struct bl_ident_ask { int (*ask)(void *arg, const char *path, char *out, size_t n, struct bl_err *err); void *arg; };
/* Reads a private key. Refused when group or world may read the file (77, hint chmod). 66 cannot open, 65 not a key, 77 a
 * wrong passphrase, or one and ask NULL. */
int bl_ident_read(struct bl_ident *id, const char *path, const struct bl_ident_ask *ask, struct bl_err *err);
/* The same from an open descriptor (a vault's key, opened before a sandbox): never asks. */
int bl_ident_read_fd(struct bl_ident *id, int fd, const char *name, struct bl_err *err);
/* PEM text of the private key; passphrase NULL: not encrypted. The buffer holds a secret: bl_buf_wipe it. */
int bl_ident_print(const struct bl_ident *id, const char *passphrase, struct bl_buf *pem, struct bl_err *err);
/* PEM text of a public key (SPKI), and back; a PKCS#8 file is refused by read_pub with a hint. Small-order and
 * non-canonical points are refused (65). */
void bl_ident_print_pub(const uint8_t pk[BL_IDENT_PK], struct bl_buf *pem);
int bl_ident_read_pub(uint8_t pk[BL_IDENT_PK], const char *path, struct bl_err *err);
/* The public key of a file that holds either half; a private one as by bl_ident_read. */
int bl_ident_read_either(uint8_t pk[BL_IDENT_PK], const char *path, const struct bl_ident_ask *ask, struct bl_err *err);
/* The same from text at hand. */
int bl_ident_parse(struct bl_ident *id, const char *s, size_t n, const char *name, const struct bl_ident_ask *ask, struct bl_err *err);
int bl_ident_parse_pub(uint8_t pk[BL_IDENT_PK], const char *s, size_t n, const char *name, struct bl_err *err);

void bl_ident_fpr(const uint8_t pk[BL_IDENT_PK], char out[BL_IDENT_FPR]);
bool bl_ident_is_fpr(const char *s);

/* Ed25519 over domain || msg, where domain is a C string whose terminating NUL is signed too. */
int bl_ident_sign(const struct bl_ident *id, const char *domain, const void *msg, size_t n, uint8_t sig[BL_IDENT_SIG]);
bool bl_ident_check(const uint8_t pk[BL_IDENT_PK], const char *domain, const void *msg, size_t n,
		    const uint8_t sig[BL_IDENT_SIG]);
/* The same without any domain (C2SP notes sign the bare text). */
int bl_ident_sign_raw(const struct bl_ident *id, const void *msg, size_t n, uint8_t sig[BL_IDENT_SIG]);
bool bl_ident_check_raw(const uint8_t pk[BL_IDENT_PK], const void *msg, size_t n, const uint8_t sig[BL_IDENT_SIG]);
/* X25519 twins. -1 for a public key of small order. */
int bl_ident_kem_pk(const uint8_t pk[BL_IDENT_PK], uint8_t out[32]);
void bl_ident_kem_sk(const struct bl_ident *id, uint8_t out[32]);

#endif
