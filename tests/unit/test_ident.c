/* SPDX-License-Identifier: Apache-2.0 */
/* Identities: PEM both ways beside openssl's, permissions, passphrases, points, fingerprints, signatures, X25519 twins. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"
#include "base/file.h"
#include "base/text.h"
#include "crypt/ident.h"
#include "crypt/mem.h"

/* RFC 8410 section 10.3, and the key of RFC 8032 section 7.1, test 1. */
static const char rfc8410[] = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
static const char rfc8410_pub[] = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";

static struct bl_err err;
static char dir[] = "/tmp/bl-ident.XXXXXX", path[64];

static void put_file(const void *p, size_t n, mode_t mode)
{
	unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || bl_file_write(fd, p, n, &err) || fchmod(fd, mode))
		abort();
	close(fd);
}

static int code(int rc)
{
	return rc ? err.code : 0;
}

static int read_it(struct bl_ident *id)
{
	int c = code(bl_ident_read(id, path, NULL, &err));
	if (c && id->sk)
		return -1;
	return c;
}

static int parse_pub(const char *s)
{
	uint8_t pk[32];
	return code(bl_ident_parse_pub(pk, s, strlen(s), "k", &err));
}

static void test_pem(void)
{
	struct bl_ident id, again;
	struct bl_buf b, pub;
	uint8_t pk[32];
	char fpr[BL_IDENT_FPR];

	bl_buf_init(&b, 1 << 16);
	bl_buf_init(&pub, 1 << 16);
	is_int(code(bl_ident_parse(&id, rfc8410, strlen(rfc8410), "k", NULL, &err)), 0, "reads the private key of RFC 8410");
	is_int(code(bl_ident_parse_pub(pk, rfc8410_pub, strlen(rfc8410_pub), "k", &err)), 0, "and the public one");
	ok(!memcmp(pk, id.pk, 32), "which belong together");
	is_int(bl_ident_print(&id, NULL, &b, &err), 0, "prints it");
	bl_ident_print_pub(pk, &pub);
	ok(b.len == strlen(rfc8410) && !memcmp(b.p, rfc8410, b.len), "to the bytes of the RFC");
	ok(pub.len == strlen(rfc8410_pub) && !memcmp(pub.p, rfc8410_pub, pub.len), "the public key too");
	bl_ident_fpr(pk, fpr);
	is_str(fpr, "SHA256:50TAeRMgwyhUYO3bUj8UyI2FetpGuXpWkNiM+Xi5GR8", "a fingerprint is SHA-256 of the raw key");
	bl_ident_fini(&id);

	bl_buf_clear(&b);
	is_int(bl_ident_generate(&id, &err), 0, "makes a key");
	bl_ident_print(&id, NULL, &b, &err);
	put_file(b.p, b.len, 0600);
	ok(!read_it(&again) && !memcmp(again.sk, id.sk, 64) && !memcmp(again.pk, id.pk, 32), "which comes back from its file");
	bl_ident_fini(&again);
	put_file(b.p, b.len - 1, 0600);
	is_int(read_it(&again), 0, "the last newline may be missing");
	bl_ident_fini(&again);
	struct bl_ident other;
	bl_ident_generate(&other, &err);
	ok(memcmp(other.pk, id.pk, 32), "two keys differ");
	bl_ident_fini(&other);
	bl_ident_fini(&id);
	bl_ident_fini(&id);
	bl_buf_wipe(&b);
	bl_buf_fini(&pub);
}

/* Every single-bit change of a key's file: it is refused, or it is a different key. Nothing reads as the same one. */
static void test_flips(void)
{
	struct bl_ident id, was;
	unsigned same = 0, crooked = 0;
	char s[sizeof rfc8410], p[sizeof rfc8410_pub];

	bl_ident_parse(&was, rfc8410, strlen(rfc8410), "k", NULL, &err);
	for (size_t i = 0; i < 8 * strlen(rfc8410); i++) {
		memcpy(s, rfc8410, sizeof s);
		s[i / 8] ^= (char)(1 << i % 8);
		if (!bl_ident_parse(&id, s, strlen(rfc8410), "k", NULL, &err))
			same += !memcmp(id.sk, was.sk, 32);
		else
			crooked += err.code != BL_DATA && err.code != BL_REFUSED;
		bl_ident_fini(&id);
	}
	is_int(same, 0, "no changed private key reads as the one it was");
	is_int(crooked, 0, "and what is refused is 65");
	same = 0;
	for (size_t i = 0; i < 8 * strlen(rfc8410_pub); i++) {
		uint8_t pk[32];
		memcpy(p, rfc8410_pub, sizeof p);
		p[i / 8] ^= (char)(1 << i % 8);
		if (!bl_ident_parse_pub(pk, p, strlen(rfc8410_pub), "k", &err))
			same += !memcmp(pk, was.pk, 32);
	}
	is_int(same, 0, "no changed public key reads as the one it was");
	bl_ident_fini(&was);
}

static void test_other_forms(void)
{
	static const struct { const char *what, *text, *hint; } v[] = {
		{ "nothing", "", NULL },
		{ "a text", "hello\n", NULL },
		{ "a public key", rfc8410_pub, "public key" },
		{ "CRLF", "-----BEGIN PRIVATE KEY-----\r\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\r\n-----END PRIVATE KEY-----\r\n", NULL },
		{ "two keys", "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n\n", NULL },
		{ "X25519", "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n", "Ed25519" },
		{ "a key of OpenSSH", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----\n", "private key" },
	};
	struct bl_ident id;

	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		is_int(code(bl_ident_parse(&id, v[i].text, strlen(v[i].text), "k", NULL, &err)), BL_DATA, "%s is no private key", v[i].what);
		ok(!v[i].hint ? !id.sk : strstr(err.hint, v[i].hint) != NULL, "and it says what it is, where it knows");
	}
	is_int(parse_pub(rfc8410), BL_DATA, "a private key is not read as a public one");
	ok(strstr(err.hint, "private key"), "and the hint says so");
	ok(!strstr(err.msg, "MC4C") && !strstr(err.hint, "MC4C"), "without its bytes");
	is_int(parse_pub("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuF=\n-----END PUBLIC KEY-----\n"),
	       BL_DATA, "base64 with stray bits is refused");
	static char big[20000];
	memset(big, 'A', sizeof big);
	put_file(big, sizeof big, 0600);
	is_int(read_it(&id), BL_DATA, "a large file is no key");
	uint8_t pk[32];
	is_int(code(bl_ident_read_pub(pk, path, &err)), BL_DATA, "nor a public one");
}

static void test_permissions(void)
{
	static const mode_t bad[] = { 0640, 0604, 0660, 0602, 0620, 0644 };
	struct bl_ident id;
	uint8_t pk[32];

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		put_file(rfc8410, strlen(rfc8410), bad[i]);
		is_int(read_it(&id), BL_REFUSED, "a private key of mode %04o is refused", bad[i]);
		ok(strstr(err.hint, "chmod 600"), "with what to do");
		is_int(code(bl_ident_read_either(pk, path, NULL, &err)), BL_REFUSED, "also when only its public half is wanted");
	}
	put_file(rfc8410, strlen(rfc8410), 0400);
	is_int(read_it(&id), 0, "0400 will do");
	is_int(code(bl_ident_read_either(pk, path, NULL, &err)), 0, "and its public half is had");
	ok(!memcmp(pk, id.pk, 32), "the right one");
	bl_ident_fini(&id);
	put_file(rfc8410_pub, strlen(rfc8410_pub), 0644);
	memset(pk, 0, 32);
	is_int(code(bl_ident_read_either(pk, path, NULL, &err)), 0, "a public key may be read by all");
	is_int(code(bl_ident_read_pub(pk, path, &err)), 0, "and is read");
	unlink(path);
	is_int(read_it(&id), BL_NOINPUT, "a file that is not there cannot be opened");
	is_int(code(bl_ident_read_pub(pk, path, &err)), BL_NOINPUT, "nor a public one");
	is_int(code(bl_ident_read(&id, dir, NULL, &err)), BL_NOINPUT, "nor a folder");
	int fd = open("/dev/null", O_RDONLY);
	is_int(code(bl_ident_read_fd(&id, fd, "null", &err)), BL_DATA, "nothing is no key");
	close(fd);
	int fds[2];
	if (pipe(fds) || write(fds[1], rfc8410, strlen(rfc8410)) < 0)
		abort();
	close(fds[1]);
	is_int(code(bl_ident_read_fd(&id, fds[0], "pipe", &err)), 0, "a pipe has no mode to refuse");
	close(fds[0]);
	bl_ident_fini(&id);
}

/* --- passphrases --- */

static const char *answer;
static unsigned asked;

static int ask(void *arg, const char *name, char *out, size_t n, struct bl_err *e)
{
	(void)arg;
	(void)name;
	asked++;
	if (!answer)
		return bl_err_set(e, BL_NOINPUT, "no terminal");
	snprintf(out, n, "%s", answer);
	return 0;
}
static const struct bl_ident_ask asking = { ask, NULL };

static void test_passphrase(void)
{
	struct bl_ident id, again;
	struct bl_buf b;

	bl_buf_init(&b, 1 << 16);
	bl_ident_generate(&id, &err);
	is_int(code(bl_ident_print(&id, "correct horse", &b, &err)), 0, "prints under a passphrase");
	put_file(b.p, b.len, 0600);
	is_int(read_it(&again), BL_REFUSED, "nobody to ask is 77");
	answer = "correct horse";
	asked = 0;
	ok(!bl_ident_read(&again, path, &asking, &err) && !memcmp(again.sk, id.sk, 64), "the passphrase opens it");
	is_int(asked, 1, "asked for once");
	bl_ident_fini(&again);
	answer = "correct horse ";
	is_int(code(bl_ident_read(&again, path, &asking, &err)), BL_REFUSED, "a wrong one is 77");
	ok(!again.sk && strstr(err.msg, "passphrase") && !strstr(err.msg, "horse"), "and is not repeated in the message");
	answer = NULL;
	is_int(code(bl_ident_read(&again, path, &asking, &err)), BL_NOINPUT, "no answer is the asker's error");
	asked = 0;
	put_file(rfc8410, strlen(rfc8410), 0600);
	is_int(code(bl_ident_read(&again, path, &asking, &err)), 0, "a key without one is read");
	is_int(asked, 0, "without asking");
	bl_ident_fini(&again);
	int fd;
	put_file(b.p, b.len, 0600);
	fd = open(path, O_RDONLY);
	is_int(code(bl_ident_read_fd(&again, fd, "helper.key", &err)), BL_REFUSED, "a helper never asks");
	close(fd);
	answer = "correct horse";
	/* The parameters, and the first block of the ciphertext: what encrypts is no seal, damage to its end may go unseen. */
	for (size_t at = b.len - 110; at > 80; at -= 35) {
		const uint8_t was = b.p[at];
		b.p[at] = was == 'A' ? 'B' : 'A';
		put_file(b.p, b.len, 0600);
		int c = code(bl_ident_read(&again, path, &asking, &err));
		ok((c == BL_DATA || c == BL_REFUSED) && !again.sk, "damaged at %zu it does not open", at);
		b.p[at] = was;
	}
	bl_ident_fini(&id);
	bl_buf_wipe(&b);
}

/* Made with 2,000,000,000 rounds by hand: DER of PBES2, PBKDF2, salt 8, then what no one will decrypt. */
static void test_rounds(void)
{
	static const uint8_t der[] = {
		0x30, 0x67, 0x30, 0x53, 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 0x0d, 0x30, 0x46,
		0x30, 0x25, 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 0x0c, 0x30, 0x18, 4, 8, 1, 2, 3, 4, 5, 6, 7, 8,
		2, 4, 0x77, 0x35, 0x94, 0, 0x30, 0x06, 0x06, 4, 0x2a, 0x03, 4, 5,
		0x30, 0x1d, 0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x2a, 4, 0x10,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	};
	char b64[BL_TEXT_B64(sizeof der)], pem[600];
	struct bl_ident id;

	bl_text_b64(der, sizeof der, b64);
	snprintf(pem, sizeof pem, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n%.64s\n%.64s\n%s\n-----END ENCRYPTED PRIVATE KEY-----\n",
		 b64, b64 + 64, b64 + 128);
	answer = "x";
	is_int(code(bl_ident_parse(&id, pem, strlen(pem), "k", &asking, &err)), BL_DATA, "rounds that would take hours are refused");
	ok(strstr(err.msg, "rounds"), "and named");
}

/* --- beside openssl --- */

static int shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static int shell(const char *fmt, ...)
{
	char command[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof command, fmt, ap);
	va_end(ap);
	return system(command);
}

static void test_openssl(void)
{
	struct bl_ident id, again;
	struct bl_buf b;
	uint8_t pk[32];

	if (shell("openssl version >/dev/null 2>&1")) {
		skip(10, "no openssl program");
		return;
	}
	bl_buf_init(&b, 1 << 16);
	bl_ident_generate(&id, &err);
	bl_ident_print(&id, NULL, &b, &err);
	put_file(b.p, b.len, 0600);
	is_int(shell("openssl pkey -in %s -pubout -out %s/pub 2>/dev/null", path, dir), 0, "openssl reads our private key");
	snprintf(path, sizeof path, "%s/pub", dir);
	ok(!bl_ident_read_pub(pk, path, &err) && !memcmp(pk, id.pk, 32), "and prints its public key as we read it");
	bl_buf_clear(&b);
	bl_ident_print_pub(id.pk, &b);
	put_file(b.p, b.len, 0644);
	is_int(shell("openssl pkey -pubin -in %s -noout 2>/dev/null", path), 0, "openssl reads our public key");
	snprintf(path, sizeof path, "%s/key", dir);
	bl_buf_clear(&b);
	bl_ident_print(&id, "swordfish", &b, &err);
	put_file(b.p, b.len, 0600);
	is_int(shell("openssl pkey -in %s -passin pass:swordfish -out %s/plain 2>/dev/null", path, dir), 0, "openssl opens our passphrase");
	snprintf(path, sizeof path, "%s/plain", dir);
	chmod(path, 0600);
	ok(!read_it(&again) && !memcmp(again.pk, id.pk, 32), "to the same key");
	bl_ident_fini(&again);
	snprintf(path, sizeof path, "%s/key", dir);
	unlink(path);
	is_int(shell("umask 077; openssl genpkey -algorithm ed25519 -out %s 2>/dev/null", path), 0, "openssl makes a key");
	is_int(read_it(&again), 0, "and we read it");
	bl_ident_fini(&again);
	unlink(path);
	shell("umask 077; openssl genpkey -algorithm ed25519 -aes256 -pass pass:swordfish -out %s 2>/dev/null", path);
	answer = "swordfish";
	is_int(code(bl_ident_read(&again, path, &asking, &err)), 0, "one under a passphrase as well");
	bl_ident_fini(&again);
	unlink(path);
	shell("umask 077; openssl genpkey -algorithm x25519 -aes256 -pass pass:swordfish -out %s 2>/dev/null", path);
	is_int(code(bl_ident_read(&again, path, &asking, &err)), BL_DATA, "an X25519 key under a passphrase is no identity");
	shell("umask 077; openssl genpkey -algorithm ed25519 -out %s/e 2>/dev/null; openssl pkcs8 -topk8 -scrypt -in %s/e "
	      "-passout pass:swordfish -out %s 2>/dev/null", dir, dir, path);
	is_int(code(bl_ident_read(&again, path, &asking, &err)), BL_DATA, "scrypt is refused");
	bl_ident_fini(&id);
	bl_buf_wipe(&b);
}

/* --- points --- */

static void pub_of(const uint8_t pk[32], struct bl_buf *b)
{
	bl_buf_clear(b);
	bl_ident_print_pub(pk, b);
	bl_buf_put8(b, 0);
}

static void test_points(void)
{
	/* The eight points of small order, the non-canonical forms of y = 0, 1, -1, and a y that no point has. */
	static const char *const bad[] = {
		"0100000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
		"0100000000000000000000000000000000000000000000000000000000000080",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"0200000000000000000000000000000000000000000000000000000000000000",
	};
	struct bl_buf b;
	uint8_t pk[32], out[32], sig[64] = { 1 };

	bl_buf_init(&b, 4096);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		bl_text_unhex(bad[i], 64, pk, 32);
		pub_of(pk, &b);
		is_int(parse_pub((const char *)b.p), BL_DATA, "point %zu is no public key", i);
		is_int(bl_ident_kem_pk(pk, out), -1, "and has no twin");
		/* For a small-order key, R = identity and S = 0 would verify anything where this is not checked. */
		memset(sig, 0, sizeof sig);
		sig[0] = 1;
		ok(!bl_ident_check(pk, "d", "x", 1, sig), "nor does the trivial signature verify under it");
	}
	bl_buf_fini(&b);
}

static void test_fingerprints(void)
{
	uint8_t seed[32] = { 0 };
	struct bl_ident id;
	char fpr[BL_IDENT_FPR], s[64];
	unsigned bad = 0;

	for (unsigned i = 0; i < 200; i++) {
		seed[0] = (uint8_t)i;
		bl_ident_from_seed(&id, seed, &err);
		bl_ident_fpr(id.pk, fpr);
		bad += !bl_ident_is_fpr(fpr) || strlen(fpr) != BL_IDENT_FPR - 1;
		bl_ident_fini(&id);
	}
	is_int(bad, 0, "every fingerprint is one");
	ok(!bl_ident_is_fpr(""), "nothing is none");
	ok(!bl_ident_is_fpr("me"), "a name is none");
	snprintf(s, sizeof s, "%.49s", fpr);
	ok(!bl_ident_is_fpr(s), "nor one cut by a character");
	snprintf(s, sizeof s, "%s=", fpr);
	ok(!bl_ident_is_fpr(s), "nor one with padding");
	memcpy(s, fpr, sizeof fpr);
	s[49] = s[49] == 'B' ? 'C' : 'B';	/* two of its bits are no part of the hash */
	ok(!bl_ident_is_fpr(s), "nor one with stray bits");
	memcpy(s, fpr, sizeof fpr);
	s[0] = 's';
	ok(!bl_ident_is_fpr(s), "nor one of another case");
}

static void test_signatures(void)
{
	uint8_t seed[32] = { 9 }, sig[64], raw[64], twin[32], sk[32];
	struct bl_ident id, other;
	unsigned passed = 0;
	char msg[20] = "a message";

	bl_ident_from_seed(&id, seed, &err);
	seed[0]++;
	bl_ident_from_seed(&other, seed, &err);
	is_int(bl_ident_sign(&id, "domain", msg, 9, sig), 0, "signs");
	ok(bl_ident_check(id.pk, "domain", msg, 9, sig), "and it verifies");
	ok(!bl_ident_check(other.pk, "domain", msg, 9, sig), "not under another key");
	ok(!bl_ident_check(id.pk, "domaim", msg, 9, sig), "not in another domain");
	ok(!bl_ident_check(id.pk, "domai", "n\0a message", 11, sig), "not with the domain's end moved into the message");
	ok(!bl_ident_check(id.pk, "domain", msg, 8, sig), "not of a shorter message");
	ok(!bl_ident_check_raw(id.pk, msg, 9, sig), "not as a signature without domain");
	ok(bl_ident_check_raw(id.pk, "domain\0a message", 16, sig), "it is over the domain, a NUL and the message");
	for (size_t i = 0; i < 64 * 8 + 9 * 8; i++) {
		uint8_t *p = i < 512 ? &sig[i / 8] : (uint8_t *)&msg[(i - 512) / 8];
		*p ^= (uint8_t)(1u << i % 8);
		passed += bl_ident_check(id.pk, "domain", msg, 9, sig);
		*p ^= (uint8_t)(1u << i % 8);
	}
	is_int(passed, 0, "no flipped bit of signature or message verifies");
	is_int(bl_ident_sign(&id, "", NULL, 0, sig), 0, "signs nothing in no domain");
	ok(bl_ident_check(id.pk, "", NULL, 0, sig), "which verifies");
	/* RFC 8032 section 7.1, test 3 */
	bl_ident_fini(&id);
	bl_text_unhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", 64, seed, 32);
	bl_ident_from_seed(&id, seed, &err);
	bl_ident_sign_raw(&id, "\xaf\x82", 2, raw);
	bl_text_unhex("6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a", 128, sig, 64);
	ok(!memcmp(raw, sig, 64), "without a domain it is RFC 8032's Ed25519");
	ok(!bl_ident_kem_pk(id.pk, twin), "a key has an X25519 twin");
	bl_ident_kem_sk(&id, sk);
	ok(memcmp(sk, seed, 32) && memcmp(twin, id.pk, 32), "which is another key");
	bl_ident_fini(&id);
	is_int(bl_ident_sign(&id, "domain", msg, 9, sig), -1, "no key does not sign");
	bl_ident_fini(&other);
}

int main(void)
{
	if (!mkdtemp(dir) || bl_mem_init(false, &err))
		return 1;
	snprintf(path, sizeof path, "%s/key", dir);
	test_pem();
	test_flips();
	test_other_forms();
	test_permissions();
	test_points();
	test_fingerprints();
	test_signatures();
	test_passphrase();	/* from here on OpenSSL is there */
	test_rounds();
	test_openssl();
	shell("rm -rf %s", dir);
	return tap_done();
}
