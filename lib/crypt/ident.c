/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ident: see ident.h. RFC 8410 leaves one DER form for a private key (48 bytes) and one for a public key (44), so both are
 * a fixed prefix and 32 bytes, in PEM as openssl prints it: one line of base64. Nothing else is read, and OpenSSL is not
 * needed but for keys under a passphrase (PKCS#8 with PBES2, in pbes2.c). Secrets pass through guarded memory and
 * libsodium's base64, which does not branch on them.
 */
#include "crypt/ident.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "crypt/mem.h"
#include "crypt/pbes2.h"

enum { SEED = 32, SK_DER = 48, SK_B64 = 64, PK_DER = 44, PK_B64 = 60, PEM_MAX = 8192, PASSPHRASE = 1024 };
static const uint8_t sk_prefix[SK_DER - SEED] = { 0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20 };
static const uint8_t pk_prefix[PK_DER - BL_IDENT_PK] = { 0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0 };

static const char sk_begin[] = "-----BEGIN PRIVATE KEY-----\n", sk_end[] = "\n-----END PRIVATE KEY-----\n";
static const char pk_begin[] = "-----BEGIN PUBLIC KEY-----\n", pk_end[] = "\n-----END PUBLIC KEY-----\n";
static const char enc_begin[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n";

/* --- key pairs --- */

int bl_ident_generate(struct bl_ident *id, struct bl_err *err)
{
	uint8_t seed[SEED];
	int ret;

	randombytes_buf(seed, sizeof seed);
	ret = bl_ident_from_seed(id, seed, err);
	sodium_memzero(seed, sizeof seed);
	return ret;
}

int bl_ident_from_seed(struct bl_ident *id, const uint8_t seed[32], struct bl_err *err)
{
	memset(id, 0, sizeof *id);
	if (!(id->sk = bl_mem_new(crypto_sign_SECRETKEYBYTES)))
		return bl_err_set(err, BL_OSERR, "out of guarded memory");
	crypto_sign_seed_keypair(id->pk, id->sk, seed);
	return 0;
}

void bl_ident_fini(struct bl_ident *id)
{
	bl_mem_free(id->sk);
	memset(id, 0, sizeof *id);
}

/* --- PEM --- */

static bool begins(const char *s, size_t n, const char *with)
{
	size_t m = strlen(with);

	return n >= m && !memcmp(s, with, m);
}

/* libsodium's decoder takes some bytes above 0x7f for '/': only what it would print again is good. */
static bool from_base64(const char *s, size_t n, uint8_t *der, size_t len)
{
	char again[SK_B64 + 1];
	size_t got;
	bool good = !sodium_base642bin(der, len, s, n, NULL, &got, NULL, sodium_base64_VARIANT_ORIGINAL) && got == len &&
		    sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_ORIGINAL) == n + 1 && n < sizeof again;

	if (good) {
		sodium_bin2base64(again, sizeof again, der, len, sodium_base64_VARIANT_ORIGINAL);
		good = !sodium_memcmp(again, s, n);
		sodium_memzero(again, sizeof again);
	}
	return good;
}

/* BEGIN line, b64 characters, END line (its last newline may be missing), nothing else. */
static bool unwrap(const char *s, size_t n, const char *begin, size_t b64, const char *end, uint8_t *der, size_t len)
{
	size_t b = strlen(begin), e = strlen(end);

	if (n + 1 == b + b64 + e)
		e--;
	return n == b + b64 + e && begins(s, n, begin) && !memcmp(s + b + b64, end, e) && from_base64(s + b, b64, der, len);
}

/* Some private key, of whatever kind. */
static bool is_secret(const char *s, size_t n)
{
	static const char begin[] = "-----BEGIN ", end[] = "PRIVATE KEY-----";
	const char *line = begins(s, n, begin) ? memchr(s, '\n', n) : NULL;

	return begins(s, n, begin) && memmem(s, line ? (size_t)(line - s) : n, end, sizeof end - 1);
}

/* What the file is instead of what was wanted. */
static int not_a_key(const char *wanted, const char *s, size_t n, const char *name, struct bl_err *err)
{
	bl_err_set(err, BL_DATA, "'%s' is not %s", name, wanted);
	if (begins(s, n, "-----BEGIN PUBLIC KEY-----"))
		bl_err_hint(err, "it is a public key, or meant to be one; an Ed25519 key as bl-keygen and openssl write it is needed");
	if (is_secret(s, n))
		bl_err_hint(err, "it is a private key; keep it to yourself (bl-keygen makes Ed25519 keys, -y prints their public half)");
	return -1;
}

/* The seed in a PEM text; 77 without the right passphrase. */
static int parse(const char *s, size_t n, const char *name, const struct bl_ident_ask *ask, uint8_t seed[SEED], struct bl_err *err)
{
	uint8_t *der = bl_mem_new(SK_DER);
	char *pass = NULL;
	int ret = -1;

	if (!der) {
		bl_err_set(err, BL_OSERR, "out of guarded memory");
	} else if (unwrap(s, n, sk_begin, SK_B64, sk_end, der, SK_DER)) {
		ret = 0;
	} else if (!begins(s, n, enc_begin)) {
		not_a_key("an Ed25519 private key", s, n, name, err);
	} else if (!ask) {
		bl_err_set(err, BL_REFUSED, "'%s' has a passphrase, which cannot be asked for here", name);
	} else if (!(pass = bl_mem_new(PASSPHRASE))) {
		bl_err_set(err, BL_OSERR, "out of guarded memory");
	} else if (!ask->ask(ask->arg, name, pass, PASSPHRASE, err)) {
		ret = bl_pbes2_open(s, n, pass, der, SK_DER, err) ? bl_err_where(err, "'%s'", name) : 0;
	}
	if (!ret && memcmp(der, sk_prefix, sizeof sk_prefix))
		ret = not_a_key("an Ed25519 private key", s, n, name, err);
	if (!ret)
		memcpy(seed, der + sizeof sk_prefix, SEED);
	bl_mem_free(pass);
	bl_mem_free(der);
	return ret;
}

int bl_ident_parse(struct bl_ident *id, const char *s, size_t n, const char *name, const struct bl_ident_ask *ask, struct bl_err *err)
{
	uint8_t *seed = bl_mem_new(SEED);
	int ret;

	memset(id, 0, sizeof *id);
	if (!seed)
		return bl_err_set(err, BL_OSERR, "out of guarded memory");
	ret = parse(s, n, name, ask, seed, err);
	if (!ret)
		ret = bl_ident_from_seed(id, seed, err);
	bl_mem_free(seed);
	return ret;
}

/* Everything that fd holds; not, when it is a private key that others may read. */
static int read_text(int fd, const char *name, char *text, size_t *n, struct bl_err *err)
{
	struct stat st;
	ssize_t got = bl_file_readn(fd, text, PEM_MAX, err);

	if (got < 0)
		return bl_err_where(err, "'%s'", name);
	if (fstat(fd, &st))
		return bl_err_sys(err, BL_NOINPUT, "cannot open '%s'", name);
	*n = (size_t)got;
	if (S_ISREG(st.st_mode) && st.st_mode & 077 && is_secret(text, *n)) {
		bl_err_set(err, BL_REFUSED, "private key '%s' can be read or written by others (mode %04o)", name, st.st_mode & 07777);
		return bl_err_hint(err, "chmod 600 '%s', and consider who may have read it", name);
	}
	return *n < PEM_MAX ? 0 : not_a_key("an Ed25519 key", text, *n, name, err);
}

static int read_key(struct bl_ident *id, int fd, const char *name, const struct bl_ident_ask *ask, struct bl_err *err)
{
	char *text = bl_mem_new(PEM_MAX);
	size_t n = 0;
	int ret = -1;

	memset(id, 0, sizeof *id);
	if (!text)
		bl_err_set(err, BL_OSERR, "out of guarded memory");
	else if (!read_text(fd, name, text, &n, err))
		ret = bl_ident_parse(id, text, n, name, ask, err);
	bl_mem_free(text);
	return ret;
}

int bl_ident_read(struct bl_ident *id, const char *path, const struct bl_ident_ask *ask, struct bl_err *err)
{
	int fd = bl_file_open(path, err), ret;

	memset(id, 0, sizeof *id);
	if (fd < 0)
		return -1;
	ret = read_key(id, fd, path, ask, err);
	close(fd);
	return ret;
}

int bl_ident_read_fd(struct bl_ident *id, int fd, const char *name, struct bl_err *err)
{
	return read_key(id, fd, name, NULL, err);
}

int bl_ident_read_either(uint8_t pk[BL_IDENT_PK], const char *path, const struct bl_ident_ask *ask, struct bl_err *err)
{
	char *text = bl_mem_new(PEM_MAX);
	int fd = text ? bl_file_open(path, err) : bl_err_set(err, BL_OSERR, "out of guarded memory"), ret = -1;
	struct bl_ident id = { 0 };
	size_t n = 0;

	if (fd < 0 || read_text(fd, path, text, &n, err))
		goto out;
	if (begins(text, n, pk_begin)) {
		ret = bl_ident_parse_pub(pk, text, n, path, err);
	} else if (!bl_ident_parse(&id, text, n, path, ask, err)) {
		memcpy(pk, id.pk, BL_IDENT_PK);
		ret = 0;
	}
out:
	if (fd >= 0)
		close(fd);
	bl_ident_fini(&id);
	bl_mem_free(text);
	return ret;
}

int bl_ident_print(const struct bl_ident *id, const char *passphrase, struct bl_buf *pem, struct bl_err *err)
{
	uint8_t *der = bl_mem_new(SK_DER);
	char *b64 = bl_mem_new(SK_B64 + 1);
	int ret = -1;

	if (!der || !b64 || !bl_buf_room(pem, PEM_MAX < pem->max - pem->len ? PEM_MAX : pem->max - pem->len)) {
		bl_err_set(err, BL_OSERR, "out of memory");
		goto out;
	}
	memcpy(der, sk_prefix, sizeof sk_prefix);
	memcpy(der + sizeof sk_prefix, id->sk, SEED);
	if (passphrase) {
		ret = bl_pbes2_seal(der, SK_DER, passphrase, pem, err);
		goto out;
	}
	sodium_bin2base64(b64, SK_B64 + 1, der, SK_DER, sodium_base64_VARIANT_ORIGINAL);
	bl_buf_puts(pem, sk_begin);
	bl_buf_put(pem, b64, SK_B64);
	bl_buf_puts(pem, sk_end);
	ret = pem->failed ? bl_err_set(err, BL_OSERR, "out of memory") : 0;
out:
	bl_mem_free(b64);
	bl_mem_free(der);
	return ret;
}

void bl_ident_print_pub(const uint8_t pk[BL_IDENT_PK], struct bl_buf *pem)
{
	uint8_t der[PK_DER];
	char b64[BL_TEXT_B64(PK_DER)];

	memcpy(der, pk_prefix, sizeof pk_prefix);
	memcpy(der + sizeof pk_prefix, pk, BL_IDENT_PK);
	bl_text_b64(der, sizeof der, b64);
	bl_buf_puts(pem, pk_begin);
	bl_buf_puts(pem, b64);
	bl_buf_puts(pem, pk_end);
}

int bl_ident_read_pub(uint8_t pk[BL_IDENT_PK], const char *path, struct bl_err *err)
{
	struct bl_buf b;
	int ret = -1;

	bl_buf_init(&b, PEM_MAX);
	if (!bl_file_read(path, &b, err))
		ret = bl_ident_parse_pub(pk, (const char *)b.p, b.len, path, err);
	else if (err->code == BL_DATA)		/* longer than any key */
		not_a_key("an Ed25519 public key", (const char *)b.p, b.len, path, err);
	bl_buf_wipe(&b);	/* it may have been a private key, by mistake */
	return ret;
}

int bl_ident_parse_pub(uint8_t pk[BL_IDENT_PK], const char *s, size_t n, const char *name, struct bl_err *err)
{
	uint8_t der[PK_DER];

	if (!unwrap(s, n, pk_begin, PK_B64, pk_end, der, sizeof der) || memcmp(der, pk_prefix, sizeof pk_prefix))
		return not_a_key("an Ed25519 public key", s, n, name, err);
	/* Canonical, on the curve, in the prime-order group, and so not of small order. */
	if (!crypto_core_ed25519_is_valid_point(der + sizeof pk_prefix))
		return bl_err_set(err, BL_DATA, "'%s' holds a public key that no private key has", name);
	memcpy(pk, der + sizeof pk_prefix, BL_IDENT_PK);
	return 0;
}

/* --- fingerprints --- */

static const char fpr_prefix[] = "SHA256:";
enum { FPR_PREFIX = sizeof fpr_prefix - 1, FPR_B64 = 43 };
_Static_assert(FPR_PREFIX + FPR_B64 + 1 == BL_IDENT_FPR, "room of a fingerprint");

void bl_ident_fpr(const uint8_t pk[BL_IDENT_PK], char out[BL_IDENT_FPR])
{
	uint8_t h[crypto_hash_sha256_BYTES];
	char b64[BL_TEXT_B64(sizeof h)];

	crypto_hash_sha256(h, pk, BL_IDENT_PK);
	bl_text_b64(h, sizeof h, b64);
	memcpy(out, fpr_prefix, FPR_PREFIX);
	memcpy(out + FPR_PREFIX, b64, FPR_B64);
	out[BL_IDENT_FPR - 1] = 0;
}

bool bl_ident_is_fpr(const char *s)
{
	char b64[FPR_B64 + 1];
	uint8_t h[crypto_hash_sha256_BYTES];

	if (strlen(s) != BL_IDENT_FPR - 1 || memcmp(s, fpr_prefix, FPR_PREFIX))
		return false;
	memcpy(b64, s + FPR_PREFIX, FPR_B64);
	b64[FPR_B64] = '=';
	return bl_text_unb64(b64, sizeof b64, h, sizeof h) == sizeof h;
}

/* --- signatures --- */

/* domain with its NUL, then msg, to be freed; NULL: out of memory. */
static uint8_t *joined(const char *domain, const void *msg, size_t n, size_t *len)
{
	size_t d = strlen(domain) + 1;
	uint8_t *p = n <= SIZE_MAX - d ? malloc(d + n) : NULL;

	if (!p)
		return NULL;
	memcpy(p, domain, d);
	if (n)
		memcpy(p + d, msg, n);
	*len = d + n;
	return p;
}

int bl_ident_sign(const struct bl_ident *id, const char *domain, const void *msg, size_t n, uint8_t sig[BL_IDENT_SIG])
{
	size_t len;
	uint8_t *p = joined(domain, msg, n, &len);
	int ret = p ? bl_ident_sign_raw(id, p, len, sig) : -1;

	free(p);
	return ret;
}

bool bl_ident_check(const uint8_t pk[BL_IDENT_PK], const char *domain, const void *msg, size_t n, const uint8_t sig[BL_IDENT_SIG])
{
	size_t len;
	uint8_t *p = joined(domain, msg, n, &len);
	bool good = p && bl_ident_check_raw(pk, p, len, sig);

	free(p);
	return good;
}

int bl_ident_sign_raw(const struct bl_ident *id, const void *msg, size_t n, uint8_t sig[BL_IDENT_SIG])
{
	return id->sk ? crypto_sign_detached(sig, NULL, msg, n, id->sk) : -1;
}

bool bl_ident_check_raw(const uint8_t pk[BL_IDENT_PK], const void *msg, size_t n, const uint8_t sig[BL_IDENT_SIG])
{
	return !crypto_sign_verify_detached(sig, msg, n, pk);
}

/* --- X25519 twins --- */

int bl_ident_kem_pk(const uint8_t pk[BL_IDENT_PK], uint8_t out[32])
{
	return crypto_sign_ed25519_pk_to_curve25519(out, pk);
}

void bl_ident_kem_sk(const struct bl_ident *id, uint8_t out[32])
{
	crypto_sign_ed25519_sk_to_curve25519(out, id->sk);
}
