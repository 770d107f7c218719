/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of foreign evidence: forms, kinds, hashes; signatures that OpenSSL made verify, and nothing near them does. */
#include "../attest.h"
#include "../tap.h"

#include "crypt/hash.h"
#include "crypt/mem.h"

static struct bl_err err;
static const char msg[] = "what the hardware says";
enum { N = sizeof msg };

static size_t spki(EVP_PKEY *k, uint8_t **der)
{
	*der = NULL;
	return (size_t)i2d_PUBKEY(k, der);
}

static struct bl_key *read_back(EVP_PKEY *k)
{
	uint8_t *der;
	size_t n = spki(k, &der);
	struct bl_key *got = bl_key_parse(der, n, &err);

	OPENSSL_free(der);
	return got;
}

/* Every single bit of the signature matters. */
static bool each_bit_matters(const struct bl_key *k, enum bl_key_hash hash, bool pss, const uint8_t *sig, size_t n)
{
	uint8_t bad[1024];

	for (size_t i = 0; i < n * 8; i += n > 200 ? 37 : 1) {
		memcpy(bad, sig, n);
		bad[i / 8] ^= (uint8_t)(1 << i % 8);
		if (pss ? bl_key_check_pss(k, hash, msg, N, bad, n) : bl_key_check(k, hash, msg, N, bad, n))
			return false;
	}
	return true;
}

static void elliptic(enum attest_kind kind, enum bl_key_kind want, enum bl_key_hash hash, const char *name)
{
	EVP_PKEY *k = attest_key(kind), *other = attest_key(kind);
	struct bl_key *a = read_back(k), *b = read_back(other), *p;
	uint8_t sig[1024], rs[96], xy[97], h[32], h2[32];
	const size_t w = attest_width(k);
	size_t n = attest_sign(k, hash, false, msg, N, sig);

	ok(a && bl_key_kind(a) == want && bl_key_bits(a) == w * 8, "%s: a key that OpenSSL wrote is read", name);
	ok(bl_key_check(a, hash, msg, N, sig, n), "%s: its DER signature verifies", name);
	ok(!bl_key_check(b, hash, msg, N, sig, n), "%s: not under another key", name);
	ok(!bl_key_check(a, hash, msg, N - 1, sig, n), "%s: not over another message", name);
	ok(!bl_key_check(a, hash == BL_KEY_SHA256 ? BL_KEY_SHA384 : BL_KEY_SHA256, msg, N, sig, n), "%s: not with another hash", name);
	ok(!bl_key_check_pss(a, hash, msg, N, sig, n), "%s: not as PSS", name);
	ok(!bl_key_check(a, hash, msg, N, sig, n - 1) && !bl_key_check(a, hash, msg, N, sig, 0), "%s: nor cut short", name);
	sig[n] = 0;
	ok(!bl_key_check(a, hash, msg, N, sig, n + 1), "%s: nor with a byte after it", name);
	ok(each_bit_matters(a, hash, false, sig, n), "%s: nor with any bit of it flipped", name);

	attest_sign_raw(k, hash, msg, N, rs);
	ok(bl_key_check_raw(a, hash, msg, N, rs), "%s: a raw signature verifies", name);
	for (size_t i = 0; i < 200 && bl_key_check_raw(a, hash, msg, N, rs); i++)
		attest_sign_raw(k, hash, msg, N, rs);
	ok(bl_key_check_raw(a, hash, msg, N, rs), "%s: so do 200, with leading zeros and high bits among them", name);
	rs[w] ^= 1;
	ok(!bl_key_check_raw(a, hash, msg, N, rs), "%s: not with a bit flipped", name);
	memset(rs, 0, sizeof rs);
	ok(!bl_key_check_raw(a, hash, msg, N, rs), "%s: zeros are no signature", name);
	memset(rs, 0xff, sizeof rs);
	ok(!bl_key_check_raw(a, hash, msg, N, rs), "%s: nor are numbers above the order", name);

	attest_point(k, xy);
	p = bl_key_point(want, xy);
	ok(p && bl_key_equal(p, a) && !bl_key_equal(p, b), "%s: a bare point is the same key", name);
	bl_key_hash(a, h);
	bl_key_hash(p, h2);
	ok(!memcmp(h, h2, 32), "%s: with the same hash", name);
	bl_key_free(p);
	xy[2 * w - 1] ^= 1;
	p = bl_key_point(want, xy);
	ok(!p, "%s: a point that is not on the curve is no key", name);
	memset(xy, 0, sizeof xy);
	ok(!bl_key_point(want, xy), "%s: nor is zero", name);
	bl_key_free(a);
	bl_key_free(b);
}

static void rsa(void)
{
	EVP_PKEY *k = attest_key(ATTEST_RSA2048), *other = attest_key(ATTEST_RSA2048);
	struct bl_key *a = read_back(k), *b = read_back(other), *made;
	BIGNUM *n = NULL, *e = NULL;
	uint8_t sig[1024], mod[257] = { 0 }, exp[8] = { 0 }, h[32], h2[32];
	size_t len = attest_sign(k, BL_KEY_SHA256, false, msg, N, sig);

	ok(a && bl_key_kind(a) == BL_KEY_RSA && bl_key_bits(a) == 2048, "RSA: a key that OpenSSL wrote is read");
	ok(bl_key_check(a, BL_KEY_SHA256, msg, N, sig, len), "RSA: its PKCS #1 signature verifies");
	ok(!bl_key_check_pss(a, BL_KEY_SHA256, msg, N, sig, len) && !bl_key_check(b, BL_KEY_SHA256, msg, N, sig, len) &&
	   !bl_key_check(a, BL_KEY_SHA384, msg, N, sig, len) && !bl_key_check_raw(a, BL_KEY_SHA256, msg, N, sig),
	   "RSA: not as PSS, under another key, with another hash, or as a raw one");
	ok(each_bit_matters(a, BL_KEY_SHA256, false, sig, len), "RSA: nor with a bit flipped");
	len = attest_sign(k, BL_KEY_SHA384, true, msg, N, sig);
	ok(bl_key_check_pss(a, BL_KEY_SHA384, msg, N, sig, len), "RSA: a PSS signature verifies");
	ok(!bl_key_check(a, BL_KEY_SHA384, msg, N, sig, len) && !bl_key_check_pss(a, BL_KEY_SHA256, msg, N, sig, len), "RSA: not as PKCS #1, or with another hash");
	ok(each_bit_matters(a, BL_KEY_SHA384, true, sig, len), "RSA: nor with a bit flipped");
	len = attest_sign(k, BL_KEY_SHA1, false, msg, N, sig);
	ok(bl_key_check(a, BL_KEY_SHA1, msg, N, sig, len), "RSA: SHA-1 verifies for a caller that asks for it");

	EVP_PKEY_get_bn_param(k, OSSL_PKEY_PARAM_RSA_N, &n);
	EVP_PKEY_get_bn_param(k, OSSL_PKEY_PARAM_RSA_E, &e);
	BN_bn2binpad(n, mod, sizeof mod);
	BN_bn2binpad(e, exp, sizeof exp);
	made = bl_key_rsa(mod, sizeof mod, exp, sizeof exp);
	ok(made && bl_key_equal(made, a), "RSA: modulus and exponent, with zeros in front, are the same key");
	bl_key_hash(a, h);
	bl_key_hash(made, h2);
	ok(!memcmp(h, h2, 32), "RSA: with the same hash");
	bl_key_free(made);
	exp[7]--;
	ok(!bl_key_rsa(mod, sizeof mod, exp, sizeof exp), "RSA: an even exponent is refused");
	ok(!bl_key_rsa(mod, sizeof mod, (uint8_t[]){ 1 }, 1) && !bl_key_rsa(mod, sizeof mod, (uint8_t[]){ 0 }, 1) && !bl_key_rsa(mod, sizeof mod, mod, sizeof mod),
	   "RSA: so are 1, 0 and one as long as the modulus");
	ok(!bl_key_rsa(mod + 2, sizeof mod - 2, (uint8_t[]){ 3 }, 1) && !bl_key_rsa(mod, 0, (uint8_t[]){ 3 }, 1), "RSA: so are 2040 bits, and none");
	mod[256] &= 0xfe;
	ok(!bl_key_rsa(mod, sizeof mod, (uint8_t[]){ 3 }, 1), "RSA: so is an even modulus");
	BN_free(n);
	BN_free(e);
	bl_key_free(a);
	bl_key_free(b);
}

static void forms(void)
{
	static const enum attest_kind others[] = { ATTEST_P521, ATTEST_RSA1024 };
	EVP_PKEY *k = attest_key(ATTEST_P384);
	struct bl_key *a, *b;
	uint8_t *der, h[32], want[32], bad[256], *pem;
	size_t n = spki(k, &der), refused = 0;
	BIO *bio = BIO_new(BIO_s_mem());

	a = bl_key_parse(der, n, &err);
	bl_key_hash(a, h);
	bl_hash_sha256(der, n, want);
	ok(!memcmp(h, want, 32), "the hash of a key is that of its SubjectPublicKeyInfo");
	PEM_write_bio_PUBKEY(bio, k);
	n = (size_t)BIO_get_mem_data(bio, &pem);
	b = bl_key_parse(pem, n, &err);
	ok(b && bl_key_equal(a, b), "a PEM key is the same key");
	bl_key_free(b);
	pem[n / 2] = '*';
	ok(!bl_key_parse(pem, n, &err) && err.code == BL_DATA, "a PEM key with a bad character is exit 65");
	BIO_free(bio);
	for (size_t i = 0; i < 2; i++) {
		OPENSSL_free(der);
		n = spki(attest_key(others[i]), &der);
		ok(!bl_key_parse(der, n, &err) && err.code == BL_DATA, "a key of %s is exit 65", i ? "RSA-1024" : "P-521");
	}
	OPENSSL_free(der);
	n = spki(k, &der);
	for (size_t i = 0; i < n; i++) {
		memcpy(bad, der, n);
		bad[i] ^= 4;
		b = bl_key_parse(bad, n, &err);
		refused += !b || !bl_key_equal(a, b);
		bl_key_free(b);
	}
	ok(refused == n, "no byte of a key can change without another key, or none");
	for (size_t i = 0; i < n; i++)
		if ((b = bl_key_parse(der, i, &err)))
			break;
	ok(!b && !bl_key_parse(der, 0, &err), "a key cut short anywhere is none");
	memcpy(bad, der, n);
	bad[n] = 0;
	ok(!bl_key_parse(bad, n + 1, &err), "nor is one with a byte after it");
	OPENSSL_free(der);

	EVP_PKEY_set_utf8_string_param(k, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed");
	n = spki(k, &der);
	ok(!bl_key_parse(der, n, &err), "nor is one with a compressed point: one key, one form");
	OPENSSL_free(der);
	bl_key_free(a);
}

static void edwards(void)
{
	EVP_PKEY *k = attest_keep(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), attest_drop_key);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct bl_key *a = read_back(k);
	uint8_t sig[64];
	size_t n = sizeof sig;

	EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, k, NULL);
	EVP_DigestSign(ctx, sig, &n, (const uint8_t *)msg, N);
	EVP_MD_CTX_free(ctx);
	ok(a && bl_key_kind(a) == BL_KEY_ED25519 && bl_key_check(a, BL_KEY_SHA512, msg, N, sig, n), "Ed25519: OpenSSL's signature verifies");
	ok(!bl_key_check(a, BL_KEY_SHA256, msg, N, sig, n) && !bl_key_check(a, BL_KEY_SHA512, msg, N, sig, 63), "Ed25519: not with another hash, or cut short");
	sig[3] ^= 1;
	ok(!bl_key_check(a, BL_KEY_SHA512, msg, N, sig, n), "Ed25519: not with a bit flipped");
	bl_key_free(a);
}

static void printed(void)
{
	EVP_PKEY *const key[] = { attest_key(ATTEST_P256), attest_key(ATTEST_P384), attest_key(ATTEST_RSA2048) };
	static const char *const name[] = { "P-256", "P-384", "RSA" };

	for (size_t i = 0; i < 3; i++) {
		struct bl_key *k = read_back(key[i]);
		BIO *bio = BIO_new(BIO_s_mem());
		struct bl_buf b;
		char *p = NULL;
		long n = 0;

		if (PEM_write_bio_PUBKEY(bio, key[i]) == 1)
			n = BIO_get_mem_data(bio, &p);
		bl_buf_init(&b, 4096);
		bl_key_print(k, &b);
		ok(n > 0 && b.len == (size_t)n && !memcmp(b.p, p, b.len), "%s: a key is printed as OpenSSL prints it", name[i]);
		bl_buf_fini(&b);
		BIO_free(bio);
		bl_key_free(k);
	}
}

static void digests(void)
{
	static const char *const want[] = { "a9993e36", "ba7816bf", "cb00753f", "ddaf35a1" };
	static const size_t len[] = { 20, 32, 48, 64 };
	uint8_t out[64];
	char hex[9];

	for (int h = BL_KEY_SHA1; h <= BL_KEY_SHA512; h++) {
		size_t n = bl_key_digest((enum bl_key_hash)h, "abc", 3, out);

		snprintf(hex, sizeof hex, "%02x%02x%02x%02x", out[0], out[1], out[2], out[3]);
		ok(n == len[h] && !strcmp(hex, want[h]), "a digest of %zu bytes is FIPS 180-4's", n);
	}
}

int main(void)
{
	if (bl_mem_init_hashes(&err))
		return 1;
	elliptic(ATTEST_P256, BL_KEY_P256, BL_KEY_SHA256, "P-256");
	elliptic(ATTEST_P384, BL_KEY_P384, BL_KEY_SHA384, "P-384");
	rsa();
	edwards();
	forms();
	printed();
	digests();
	attest_done();
	return tap_done();
}
