/* SPDX-License-Identifier: Apache-2.0 */
/* HPKE: RFC 9180 appendix A.2.1 (our suite) and A.1.1 (AES-128-GCM), base mode, encryptions and exports in full. */
#include <stdlib.h>

#include "../tap.h"
#include "base/text.h"
#include "crypt/hpke.h"
#include "crypt/ident.h"
#include "crypt/mem.h"

static const char info[] = "Ode on a Grecian Urn", beauty[] = "Beauty is truth, truth beauty";
enum { BEAUTY = sizeof beauty - 1, SEALED = BEAUTY + BL_HPKE_TAG };

struct vector {
	const char *name;
	uint16_t aead;
	const char *ephemeral, *enc, *sk, *pk, *key, *nonce, *exporter;
	struct { unsigned seq; const char *ct; } message[6];
	const char *exported[3];	/* of the contexts "", 00, "TestContext" */
};
static const struct vector vectors[] = {
	{ "A.2.1", BL_HPKE_CHACHA,
	  "f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600",
	  "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a",
	  "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb",
	  "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a",
	  "ad2744de8e17f4ebba575b3f5f5a8fa1f69c2a07f6e7500bc60ca6e3e3ec1c91", "5c4d98150661b848853b547f",
	  "a3b010d4994890e2c6968a36f64470d3c824c8f5029942feb11e7a74b2921922",
	  { { 0, "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28" },
	    { 1, "6b53c051e4199c518de79594e1c4ab18b96f081549d45ce015be002090bb119e85285337cc95ba5f59992dc98c" },
	    { 2, "71146bd6795ccc9c49ce25dda112a48f202ad220559502cef1f34271e0cb4b02b4f10ecac6f48c32f878fae86b" },
	    { 4, "63357a2aa291f5a4e5f27db6baa2af8cf77427c7c1a909e0b37214dd47db122bb153495ff0b02e9e54a50dbe16" },
	    { 255, "18ab939d63ddec9f6ac2b60d61d36a7375d2070c9b683861110757062c52b8880a5f6b3936da9cd6c23ef2a95c" },
	    { 256, "7a4a13e9ef23978e2c520fd4d2e757514ae160cd0cd05e556ef692370ca53076214c0c40d4c728d6ed9e727a5b" } },
	  { "4bbd6243b8bb54cec311fac9df81841b6fd61f56538a775e7c80a9f40160606e",
	    "8c1df14732580e5501b00f82b10a1647b40713191b7c1240ac80e2b68808ba69",
	    "5acb09211139c43b3090489a9da433e8a30ee7188ba8b0a9a1ccf0c229283e53" } },
	{ "A.1.1", BL_HPKE_AES128,
	  "52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736",
	  "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431",
	  "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
	  "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d",
	  "4531685d41d65f03dc48f6b8302c05b0", "56d890e5accaaf011cff4b7d",
	  "45ff1c2e220db587171952c0592d5f5ebe103f1561a2614e38f2ffd47e99e3f8",
	  { { 0, "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a" },
	    { 1, "af2d7e9ac9ae7e270f46ba1f975be53c09f8d875bdc8535458c2494e8a6eab251c03d0c22a56b8ca42c2063b84" },
	    { 2, "498dfcabd92e8acedc281e85af1cb4e3e31c7dc394a1ca20e173cb72516491588d96a19ad4a683518973dcc180" },
	    { 4, "583bd32bc67a5994bb8ceaca813d369bca7b2a42408cddef5e22f880b631215a09fc0012bc69fccaa251c0246d" },
	    { 255, "7175db9717964058640a3a11fb9007941a5d1757fda1a6935c805c21af32505bf106deefec4a49ac38d71c9e0a" },
	    { 256, "957f9800542b0b8891badb026d79cc54597cb2d225b54c00c5238c25d05c30e3fbeda97d2e0e1aba483a2df9f2" } },
	  { "3853fe2b4035195a573ffc53856e77058e15d9ea064de3e59f4961d0095250ee",
	    "2e8f0b54673c7029649d4eb9d5e33bf1872cf76d623ff164ac185da9e88c21a5",
	    "e9e43065102c3836401bed8c3c3c75ae46be1639869391d62c61f1ec7af54931" } },
};

static size_t unhex(const char *s, uint8_t *out)
{
	if (!bl_text_unhex(s, strlen(s), out, strlen(s) / 2))
		abort();
	return strlen(s) / 2;
}

static bool same(const uint8_t *p, const char *hex)
{
	uint8_t want[64];
	return !memcmp(p, want, unhex(hex, want));
}

static void test_vector(const struct vector *v)
{
	static const char *const context[] = { "", "\0", "TestContext" };
	static const size_t length[] = { 0, 1, 11 };
	uint8_t ephemeral[32], sk[32], pk[32], enc[32], ct[SEALED], pt[BEAUTY], out[32];
	struct bl_hpke s, r;
	unsigned good = 0;

	unhex(v->ephemeral, ephemeral);
	unhex(v->sk, sk);
	unhex(v->pk, pk);
	ok(!bl_hpke_sender(&s, v->aead, pk, ephemeral, info, strlen(info), enc) && same(enc, v->enc), "%s: encapsulated key", v->name);
	ok(!bl_hpke_receiver(&r, v->aead, sk, enc, info, strlen(info)), "%s: the receiver follows", v->name);
	ok(same(s.key, v->key) && same(r.key, v->key), "%s: key", v->name);
	ok(same(s.nonce, v->nonce) && same(r.nonce, v->nonce), "%s: base nonce", v->name);
	ok(same(s.exporter, v->exporter) && same(r.exporter, v->exporter), "%s: exporter secret", v->name);
	for (unsigned seq = 0, next = 0; seq <= 256; seq++) {
		char aad[16];
		int n = snprintf(aad, sizeof aad, "Count-%u", seq);
		bool sealed = !bl_hpke_encrypt(&s, aad, (size_t)n, beauty, BEAUTY, ct);
		good += sealed && !bl_hpke_decrypt(&r, aad, (size_t)n, ct, SEALED, pt) && !memcmp(pt, beauty, BEAUTY);
		if (seq == v->message[next].seq)
			ok(same(ct, v->message[next++].ct), "%s: message %u", v->name, seq);
	}
	is_int(good, 257, "%s: the receiver opens all 257 in order", v->name);
	for (unsigned i = 0; i < 3; i++) {
		bl_hpke_export(&s, context[i], length[i], out, sizeof out);
		ok(same(out, v->exported[i]), "%s: exported value %u", v->name, i + 1);
		bl_hpke_export(&r, context[i], length[i], out, sizeof out);
		ok(same(out, v->exported[i]), "%s: exported value %u of the receiver", v->name, i + 1);
	}
}

static void test_sequence(void)
{
	uint8_t ephemeral[32], pk[32], enc[32], sk[32], ct[SEALED], pt[BEAUTY];
	struct bl_hpke s, r;

	unhex(vectors[0].ephemeral, ephemeral);
	unhex(vectors[0].pk, pk);
	unhex(vectors[0].sk, sk);
	bl_hpke_sender(&s, BL_HPKE_AES256, pk, ephemeral, info, strlen(info), enc);
	bl_hpke_receiver(&r, BL_HPKE_AES256, sk, enc, info, strlen(info));
	bl_hpke_encrypt(&s, "a", 1, beauty, BEAUTY, ct);
	ok(!bl_hpke_decrypt(&r, "a", 1, ct, SEALED, pt) && !memcmp(pt, beauty, BEAUTY), "AES-256-GCM goes both ways");
	is_int(bl_hpke_decrypt(&r, "a", 1, ct, SEALED, pt), -1, "a message does not open twice");
	bl_hpke_encrypt(&s, "a", 1, beauty, BEAUTY, ct);
	is_int(bl_hpke_decrypt(&r, "a", 1, ct, SEALED, pt), 0, "and the failure did not count as one");
	s.seq = UINT64_MAX - 1;
	is_int(bl_hpke_encrypt(&s, "a", 1, beauty, BEAUTY, ct), 0, "the last sequence number is used");
	is_int(bl_hpke_encrypt(&s, "a", 1, beauty, BEAUTY, ct), -1, "and never wraps");
	is_int(bl_hpke_sender(&s, 0, pk, ephemeral, info, 1, enc), -1, "an AEAD that is none is refused");
	is_int(bl_hpke_sender(&s, 0xffff, pk, ephemeral, info, 1, enc), -1, "so is export only");
}

/* All points whose shared point is zero whatever the key: RFC 7748 section 6, the list of cr.yp.to/ecdh.html. */
static void test_zero_points(void)
{
	static const char *const small[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	uint8_t p[32], sk[32], enc[32], out[64], ct[48];

	unhex(vectors[0].sk, sk);
	for (size_t i = 0; i < sizeof small / sizeof *small; i++) {
		unhex(small[i], p);
		is_int(bl_hpke_seal(p, NULL, 0, NULL, 0, "x", 1, enc, out), -1, "nothing is sealed to small point %zu", i);
		memset(ct, 1, sizeof ct);
		memset(out, 1, sizeof out);
		ok(bl_hpke_open(sk, p, NULL, 0, NULL, 0, ct, sizeof ct, out) == -1 && !out[0] && !out[31], "nothing opens from it");
	}
}

static void test_single_shot(void)
{
	uint8_t seed[32] = { 5 }, pk[32], sk[32], enc[32], enc2[32], ct[SEALED], ct2[SEALED], pt[BEAUTY], zero[BEAUTY] = { 0 }, one[16];
	struct bl_ident id, other;
	struct bl_err err;
	unsigned opened = 0, shown = 0;

	bl_ident_from_seed(&id, seed, &err);
	seed[0]++;
	bl_ident_from_seed(&other, seed, &err);
	bl_ident_kem_pk(id.pk, pk);
	bl_ident_kem_sk(&id, sk);
	ok(!bl_hpke_seal(pk, info, 20, "a", 1, beauty, BEAUTY, enc, ct), "seals to an identity");
	ok(!bl_hpke_open(sk, enc, info, 20, "a", 1, ct, SEALED, pt) && !memcmp(pt, beauty, BEAUTY), "which opens it");
	bl_hpke_seal(pk, info, 20, "a", 1, beauty, BEAUTY, enc2, ct2);
	ok(memcmp(enc, enc2, 32) && memcmp(ct, ct2, SEALED), "no two messages are alike");
	ok(!bl_hpke_seal(pk, NULL, 0, NULL, 0, NULL, 0, enc2, one) && !bl_hpke_open(sk, enc2, NULL, 0, NULL, 0, one, 16, pt),
	   "a message of nothing works");
	for (size_t i = 0; i < SEALED + 32 + 2; i++) {
		char text[] = "Ode on a Grecian Urn", aad[] = "a";
		uint8_t *p = i < SEALED ? &ct[i] : i < SEALED + 32 ? &enc[i - SEALED] : (uint8_t *)(i == SEALED + 32 ? text : aad);
		uint8_t bit = (uint8_t)(1u << i % 7);		/* the top bit of enc's last byte is masked by X25519 */
		*p ^= bit;
		memset(pt, 0x55, sizeof pt);
		opened += bl_hpke_open(sk, enc, text, 20, aad, 1, ct, SEALED, pt) != -1;
		shown += memcmp(pt, zero, BEAUTY) != 0;
		*p ^= bit;
	}
	is_int(opened, 0, "a flipped bit of text, key, info or data does not open");
	is_int(shown, 0, "and leaves zeros");
	bl_ident_kem_sk(&other, sk);
	is_int(bl_hpke_open(sk, enc, info, 20, "a", 1, ct, SEALED, pt), -1, "another identity does not open it");
	is_int(bl_hpke_open(sk, enc, info, 20, "a", 1, ct, 15, pt), -1, "nor is less than a tag a message");
	bl_ident_fini(&id);
	bl_ident_fini(&other);
}

int main(void)
{
	struct bl_err err;

	if (bl_mem_init(true, &err))
		return 1;
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
		test_vector(&vectors[i]);
	test_sequence();
	test_zero_points();
	test_single_shot();
	return tap_done();
}
