/* SPDX-License-Identifier: Apache-2.0 */
/* Memory, hashes, HKDF (RFC 5869 appendix A), AES-GCM (SP 800-38D, as the GCM specification's test cases). */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"
#include "base/buf.h"
#include "base/text.h"
#include "crypt/gcm.h"
#include "crypt/hash.h"
#include "crypt/mem.h"

static struct bl_err err;

static size_t unhex(const char *s, uint8_t *out)
{
	size_t n = strlen(s) / 2;
	if (!bl_text_unhex(s, strlen(s), out, n))
		abort();
	return n;
}

static const char *hex(const uint8_t *p, size_t n)
{
	static char s[4][1024];
	static unsigned turn;
	bl_text_hex(p, n, s[++turn % 4]);
	return s[turn % 4];
}

/* --- memory --- */

static void test_memory(void)
{
	uint8_t *p = bl_mem_new(33), *q, zero[48] = { 0 };

	ok(p && !memcmp(p, zero, 33), "guarded memory comes zeroed");
	ok(p && (uintptr_t)p % 16 == 0, "and aligned, whatever its size");
	bl_mem_free(p);
	bl_mem_free(NULL);
	ok((p = bl_mem_new(0)), "none at all is a pointer too");
	bl_mem_free(p);
	ok(!bl_mem_new(SIZE_MAX), "more than there is is refused");

	pid_t pid = fork();
	if (!pid) {
		struct rlimit none = { 0, 0 };
		setrlimit(RLIMIT_MEMLOCK, &none);
		(void)!setuid(65534);		/* root may lock without a limit */
		p = bl_mem_new(64);
		if (p)
			p[63] = 1;
		bl_mem_free(p);
		_exit(!p);
	}
	int status = 1;
	waitpid(pid, &status, 0);
	is_int(status, 0, "where locking is refused it comes all the same");

	pid = fork();
	if (!pid) {
		struct rlimit none = { 0, 0 };
		setrlimit(RLIMIT_CORE, &none);
		close(2);
		p = bl_mem_new(64);
		p[64] = 1;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	ok(WIFSIGNALED(status) || WEXITSTATUS(status), "a write past its end ends the process");

	p = bl_mem_new(16);
	q = bl_mem_new(16);
	ok(bl_mem_equal(p, q, 16), "equal is equal");
	q[15] = 1;
	ok(!bl_mem_equal(p, q, 16), "and one bit is not");
	bl_mem_random(p, 16);
	bl_mem_random(q, 16);
	ok(memcmp(p, q, 16) && memcmp(p, zero, 16), "two draws of randomness differ");
	bl_mem_wipe(p, 16);
	ok(!memcmp(p, zero, 16), "wiping wipes");
	bl_mem_free(p);
	bl_mem_free(q);
}

/* --- hashes --- */

static void running(const char *message, size_t n, const char *want, const char *name)
{
	struct bl_hash *h = bl_hash_new();
	uint8_t out[BL_HASH_LEN];

	for (size_t i = 0; i < n; i += 7)
		bl_hash_add(h, message + i, n - i < 7 ? n - i : 7);
	bl_hash_end(h, out);
	is_str(hex(out, sizeof out), want, "SHA-256 of %s in pieces", name);
	bl_hash_add(h, "abc", 3);
	bl_hash_end(h, out);
	is_str(hex(out, sizeof out), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "and the next message starts anew");
	bl_hash_free(h);
	bl_hash_sha256(message, n, out);
	is_str(hex(out, sizeof out), want, "SHA-256 of %s at once", name);
	for (size_t cut = 0; cut <= n; cut += n / 3 + 1) {
		bl_hash_both(message, cut, message + cut, n - cut, out);
		is_str(hex(out, sizeof out), want, "SHA-256 of %s as two, cut at %zu", name, cut);
	}
}

/* FIPS 180-4 examples; the same answers are wanted of libsodium and of OpenSSL. */
static void test_sha256(const char *by)
{
	static char million[1000000];

	printf("# %s\n", by);
	memset(million, 'a', sizeof million);
	running("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "nothing");
	running("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "abc");
	running("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1", "56 bytes");
	running(million, sizeof million, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0", "a million");
}

static void test_other_hashes(void)
{
	uint8_t out[BL_HASH512_LEN], key[131], again[16];

	bl_hash_sha512("abc", 3, out);
	is_str(hex(out, 64), "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	       "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f", "SHA-512 of abc");
	memset(key, 0x0b, 20);		/* RFC 4231, cases 1, 2 and 6 */
	bl_hash_hmac(key, 20, "Hi There", 8, out);
	is_str(hex(out, 32), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7", "HMAC-SHA256 with a short key");
	bl_hash_hmac((const uint8_t *)"Jefe", 4, "what do ya want for nothing?", 28, out);
	is_str(hex(out, 32), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", "with a shorter one");
	memset(key, 0xaa, sizeof key);
	bl_hash_hmac(key, sizeof key, "Test Using Larger Than Block-Size Key - Hash Key First", 54, out);
	is_str(hex(out, 32), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", "with one longer than a block");
	memset(key, 1, 32);
	bl_hash_keyed16(key, "x", 1, out);
	bl_hash_keyed16(key, "x", 1, again);
	ok(!memcmp(out, again, 16), "the keyed hash of the same is the same");
	bl_hash_keyed16(key, "y", 1, again);
	ok(memcmp(out, again, 16), "of another it differs");
	key[31] ^= 1;
	bl_hash_keyed16(key, "x", 1, again);
	ok(memcmp(out, again, 16), "and under another key");
}

static void test_hkdf(void)
{
	static const struct { const char *ikm, *salt, *info; size_t len; const char *prk, *okm; } v[] = {
		{ "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9", 42,
		  "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
		  "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865" },
		{ "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
		  "303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
		  "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f"
		  "909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
		  "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
		  "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", 82,
		  "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
		  "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
		  "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87" },
		{ "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "", 42,
		  "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
		  "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8" },
	};
	static uint8_t most[255 * 32];

	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		uint8_t ikm[80], salt[80], info[80], prk[32], okm[82];
		size_t n = unhex(v[i].ikm, ikm), s = unhex(v[i].salt, salt), f = unhex(v[i].info, info);
		bl_hash_extract(salt, s, ikm, n, prk);
		is_str(hex(prk, 32), v[i].prk, "HKDF extracts as in RFC 5869 A.%zu", i + 1);
		bl_hash_expand(prk, info, f, okm, v[i].len);
		is_str(hex(okm, v[i].len), v[i].okm, "and expands");
		bl_hash_extract(s ? salt : NULL, s, ikm, n, prk);
		bl_hash_expand(prk, f ? info : NULL, f, most, sizeof most);
		ok(!memcmp(most, okm, v[i].len), "the longest output begins alike");
	}
	uint8_t first = most[0];
	bl_hash_expand(most, NULL, 0, most, 0);
	is_int(most[0], first, "an output of no bytes writes none");
}

/* --- AES-GCM --- */

/* Cases of "The Galois/Counter Mode of Operation", appendix B: 13 to 16 with 256 bits of key, 4 with 128. */
static void test_gcm_vectors(void)
{
	static const char key[] = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
	static const char text[] = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
				   "b16aedf5aa0de657ba637b391aafd255";
	static const char aad[] = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
	static const struct { const char *name, *key, *nonce, *aad, *in, *out; size_t n; bool small; } v[] = {
		{ "13", "0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "", "",
		  "530f8afbc74536b9a963b4f1c4cb738b", 0, false },
		{ "14", "0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "",
		  "00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919", 16, false },
		{ "15", key, "cafebabefacedbaddecaf888", "", text, "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
		  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad" "b094dac5d93471bdec1a502270e3cc6c", 64, false },
		{ "16", key, "cafebabefacedbaddecaf888", aad, text, "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
		  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662" "76fc6ece0f4e1768cddf8853bb2d551b", 60, false },
		{ "4", key, "cafebabefacedbaddecaf888", aad, text, "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
		  "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091" "5bc94fbc3221a5db94fae95ae7121a47", 60, true },
	};

	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		uint8_t k[32], nonce[12], a[20], in[64], out[80], back[64];
		size_t an = unhex(v[i].aad, a);
		unhex(v[i].key, k);
		unhex(v[i].nonce, nonce);
		unhex(v[i].in, in);
		struct bl_gcm *g = v[i].small ? bl_gcm_new128(k) : bl_gcm_new(k);
		ok(!bl_gcm_seal(g, nonce, a, an, in, v[i].n, out), "GCM case %s seals", v[i].name);
		is_str(hex(out, v[i].n + 16), v[i].out, "to the bytes of the specification");
		ok(!bl_gcm_open(g, nonce, a, an, out, v[i].n + 16, back) && !memcmp(back, in, v[i].n), "and opens again");
		bl_gcm_free(g);
	}
}

static void test_gcm_refuses(void)
{
	enum { N = 100, A = 10 };
	static const uint8_t zero[N];
	uint8_t key[32] = { 1 }, nonce[12] = { 2 }, aad[A] = { 3 }, in[N], sealed[N + 16], out[N];
	struct bl_gcm *g = bl_gcm_new(key), *other;
	unsigned passed = 0, shown = 0;

	memset(in, 7, N);
	bl_gcm_seal(g, nonce, aad, A, in, N, sealed);
	for (size_t i = 0; i < N + 16 + A + 12; i++) {
		uint8_t *p = i < N + 16 ? &sealed[i] : i < N + 16 + A ? &aad[i - N - 16] : &nonce[i - N - 16 - A];
		*p ^= (uint8_t)(1u << i % 8);
		memset(out, 0x55, N);
		passed += bl_gcm_open(g, nonce, aad, A, sealed, N + 16, out) != -1;
		shown += memcmp(out, zero, N) != 0;
		*p ^= (uint8_t)(1u << i % 8);
	}
	is_int(passed, 0, "one bit flipped anywhere, in text, tag, data or nonce, does not open");
	is_int(shown, 0, "and leaves zeros");
	ok(!bl_gcm_open(g, nonce, aad, A, sealed, N + 16, out) && !memcmp(in, out, N), "the same context opens what is whole after that");
	is_int(bl_gcm_open(g, nonce, aad, A, sealed, N + 15, out), -1, "cut by a byte it does not open");
	is_int(bl_gcm_open(g, nonce, aad, A, sealed, 15, out), -1, "nor when shorter than a tag");
	is_int(bl_gcm_open(g, nonce, NULL, 0, sealed, N + 16, out), -1, "nor without its data");
	key[31] ^= 1;
	other = bl_gcm_new(key);
	is_int(bl_gcm_open(other, nonce, aad, A, sealed, N + 16, out), -1, "nor under another key");
	bl_gcm_free(other);

	/* In place, both ways, alternating nonces: the one context must keep nothing of the last message. */
	static uint8_t big[70000 + 16];
	for (unsigned round = 0; round < 4; round++) {
		nonce[0] = (uint8_t)round;
		memset(big, (int)round, sizeof big);
		bl_gcm_seal(g, nonce, NULL, 0, big, 70000, big);
		ok(!bl_gcm_open(g, nonce, NULL, 0, big, sizeof big, big) && big[0] == round && big[69999] == round,
		   "in place, message %u", round);
	}
	bl_gcm_free(g);
	bl_gcm_free(NULL);
}

/* A process that may open no file any more: everything must work from memory. */
static void test_nothing_opened(void)
{
	int status = 1;
	pid_t pid = fork();

	if (!pid) {
		struct rlimit none = { 0, 0 };
		uint8_t key[32] = { 0 }, buf[600] = { 0 }, nonce[12] = { 0 };
		if (chdir("/proc") || setrlimit(RLIMIT_NOFILE, &none) || open("/dev/null", O_RDONLY) >= 0)
			_exit(2);
		struct bl_gcm *g = bl_gcm_new(key);
		if (!g || bl_gcm_seal(g, nonce, NULL, 0, buf, 500, buf) || bl_gcm_open(g, nonce, NULL, 0, buf, 516, buf))
			_exit(3);
		bl_hash_sha256(buf, sizeof buf, key);
		bl_mem_random(key, sizeof key);
		uint8_t *p = bl_mem_new(32);
		_exit(p ? 0 : 4);
	}
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
		skip(1, "the limit on open files is not kept here (valgrind)");
	else
		is_int(status, 0, "with no file to be opened any more, everything still works");
}

int main(void)
{
	uint8_t key[32] = { 0 };

	is_int(bl_mem_init(false, &err), 0, "starts without OpenSSL");
	ok(!bl_gcm_new(key), "then there is no AES-GCM");
	test_sha256("libsodium's");
	is_int(bl_mem_init(true, &err), 0, "and OpenSSL is added later");
	is_int(bl_mem_init(true, &err), 0, "twice is fine");
	test_sha256("OpenSSL's");
	test_memory();
	test_other_hashes();
	test_hkdf();
	test_gcm_vectors();
	test_gcm_refuses();
	test_nothing_opened();
	return tap_done();
}
