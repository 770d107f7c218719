/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pbes2: see pbes2.h. Reads any cipher and hash that PBES2 with PBKDF2 names and OpenSSL knows, so that keys made by
 * `openssl genpkey -aes256` are welcome, but never more than ROUNDS_MAX rounds: the file says how many, and may not be ours.
 */
#include "crypt/pbes2.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <string.h>

#include "crypt/mem.h"

enum { ROUNDS = 600000, ROUNDS_MAX = 10000000, SALT = 16 };	/* OWASP's advice of 2023: about a quarter of a second */

int bl_pbes2_seal(const uint8_t *der, size_t n, const char *passphrase, struct bl_buf *pem, struct bl_err *err)
{
	const uint8_t *p = der;
	PKCS8_PRIV_KEY_INFO *key = NULL;
	X509_SIG *sealed = NULL;
	BIO *bio = NULL;
	char *text;
	long len = 0;

	if (bl_mem_init(true, err))
		return -1;
	if ((key = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)n)) && (bio = BIO_new(BIO_s_mem())))
		sealed = PKCS8_encrypt(-1, EVP_aes_256_cbc(), passphrase, (int)strlen(passphrase), NULL, SALT, ROUNDS, key);
	if (sealed && PEM_write_bio_PKCS8(bio, sealed) == 1 && (len = BIO_get_mem_data(bio, &text)) > 0)
		bl_buf_put(pem, text, (size_t)len);
	X509_SIG_free(sealed);
	BIO_free(bio);
	PKCS8_PRIV_KEY_INFO_free(key);
	ERR_clear_error();
	return len > 0 && !pem->failed ? 0 : bl_err_set(err, BL_OSERR, "cannot encrypt the private key");
}

/* PBES2 with PBKDF2, and not too many rounds. */
static int check_scheme(const X509_SIG *sealed, struct bl_err *err)
{
	const X509_ALGOR *alg;
	const ASN1_OBJECT *oid;
	const void *value;
	int type, ret = -1;
	int64_t rounds = 0;
	PBE2PARAM *pbe = NULL;
	PBKDF2PARAM *kdf = NULL;

	X509_SIG_get0(sealed, &alg, NULL);
	X509_ALGOR_get0(&oid, &type, &value, alg);
	if (OBJ_obj2nid(oid) != NID_pbes2 || type != V_ASN1_SEQUENCE ||
	    !(pbe = ASN1_item_unpack(value, ASN1_ITEM_rptr(PBE2PARAM))))
		goto out;
	X509_ALGOR_get0(&oid, &type, &value, pbe->keyfunc);
	if (OBJ_obj2nid(oid) != NID_id_pbkdf2 || type != V_ASN1_SEQUENCE ||
	    !(kdf = ASN1_item_unpack(value, ASN1_ITEM_rptr(PBKDF2PARAM))))
		goto out;
	if (ASN1_INTEGER_get_int64(&rounds, kdf->iter) == 1 && rounds > 0 && rounds <= ROUNDS_MAX)
		ret = 0;
out:
	PBKDF2PARAM_free(kdf);
	PBE2PARAM_free(pbe);
	if (!ret)
		return 0;
	bl_err_set(err, BL_DATA, rounds ? "encrypted with more than %d rounds of PBKDF2" : "not encrypted by PBES2 with PBKDF2",
		   ROUNDS_MAX);
	return bl_err_hint(err, "'openssl pkcs8 -topk8 -in FILE' rewrites it");
}

int bl_pbes2_open(const char *pem, size_t n, const char *passphrase, uint8_t *der, size_t len, struct bl_err *err)
{
	X509_SIG *sealed = NULL;
	PKCS8_PRIV_KEY_INFO *key = NULL;
	uint8_t *out = NULL;
	BIO *bio = NULL;
	int got = 0, ret = -1;

	if (bl_mem_init(true, err))
		return -1;
	if (!(bio = BIO_new_mem_buf(pem, (int)n)) || !(sealed = PEM_read_bio_PKCS8(bio, NULL, NULL, NULL))) {
		bl_err_set(err, BL_DATA, "not an encrypted private key");
	} else if (!check_scheme(sealed, err)) {
		key = PKCS8_decrypt(sealed, passphrase, (int)strlen(passphrase));
		if (!key)
			bl_err_set(err, BL_REFUSED, "wrong passphrase");
		else if ((got = i2d_PKCS8_PRIV_KEY_INFO(key, &out)) != (int)len)
			bl_err_set(err, BL_DATA, "not an Ed25519 private key");
		else
			ret = 0;
	}
	if (!ret)
		memcpy(der, out, len);
	OPENSSL_clear_free(out, got > 0 ? (size_t)got : 0);
	PKCS8_PRIV_KEY_INFO_free(key);
	X509_SIG_free(sealed);
	BIO_free(bio);
	ERR_clear_error();
	return ret;
}
