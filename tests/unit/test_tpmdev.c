/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provider tpm2 against a TPM of our own making, whose answers lie ready in a socket: what it asks, in which order; that every key is
 * flushed whatever goes wrong; and that no answer, however it is cut, altered or slow, does more than fail.
 *
 *	test_tpmdev quote ROOT DIR HEX	evidence of a real TPM over these 32 bytes, as files in DIR (432-tpm-provider.t)
 *	test_tpmdev ask ROOT DIR HEX	the same by a process of its own, as the helper has it
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../attest.h"
#include "../tap.h"
#include "../tpm.h"
#include "../vectors.h"
#include "tee/tpmdev.h"

static EVP_PKEY *p256, *rsa;
static const struct bl_provider_data data = { .digest = { 1, 2, 3, 4, 5, 6, 7, 8, [31] = 99 } };
static const char *const names[] = { "quote.msg", "quote.sig", "ak_pub.pem", "pcrs.bin" };

/* --- asking --- */

static struct bl_tpmdev dev;
static struct bl_provider_answer got;
static char asked[256];			/* the commands, in hex, as they came */
static uint32_t flushed;

static void note(int fd)
{
	static uint8_t p[BL_TPMCMD_MAX];
	ssize_t n;

	asked[0] = 0;
	flushed = 0;
	while ((n = recv(fd, p, sizeof p, MSG_DONTWAIT)) > 0) {
		const uint32_t command = __builtin_bswap32(bl_le32(p + 6));
		const size_t at = strlen(asked);

		if (n < 10 || __builtin_bswap32(bl_le32(p + 2)) != n)
			snprintf(asked + at, sizeof asked - at, "%smalformed", at ? " " : "");
		else
			snprintf(asked + at, sizeof asked - at, "%s%x", at ? " " : "", command);
		if (command == 0x165)
			flushed = __builtin_bswap32(bl_le32(p + 10));
	}
}

/* One quote from the answers that lie ready, in packets of `cut` bytes; what was asked is in `asked`. */
static int ask_cut(size_t cut, bool is_socket, bool hang_up)
{
	int fd[2], rc;

	rc = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fd);
	assert(!rc);
	for (size_t i = 0; i < tpm_steps; i++)
		for (size_t at = 0; at < tpm_step[i].n; at += cut) {
			const size_t n = tpm_step[i].n - at < cut ? tpm_step[i].n - at : cut;
			const ssize_t put = send(fd[1], tpm_step[i].p + at, n, 0);

			assert(put == (ssize_t)n);
		}
	if (hang_up)
		shutdown(fd[1], SHUT_WR);
	bl_provider_fini(&got);
	bl_provider_init(&got);
	memset(&err, 0, sizeof err);
	dev = (struct bl_tpmdev){ .fd = fd[0], .is_socket = is_socket, .patience = 100 };
	rc = bl_tpmdev_quote(&dev, &data, &got, &err);
	note(fd[1]);
	close(fd[0]);
	close(fd[1]);
	return rc;
}

static int quote(void)
{
	const int rc = ask_cut(TPM_LONG, false, true);

	tpm_steps = 0;
	return rc;
}

/* Fails with 69 and these words, after these commands. */
static void fails(const char *words, const char *commands, const char *why)
{
	const int rc = quote();

	if (!ok(rc && err.code == BL_UNAVAILABLE && strstr(err.msg, words) && !strcmp(asked, commands) && !got.pieces.n, "%s: 69, '%s'", why, words))
		printf("# %d, %d, '%s', asked %s\n", rc, err.code, err.msg, asked);
}

static const struct bl_statement_piece *piece(const char *name)
{
	for (size_t i = 0; i < got.pieces.n; i++)
		if (!strcmp(got.pieces.v[i].name, name))
			return &got.pieces.v[i];
	return NULL;
}

/* --- what is promised --- */

static void key_hash(EVP_PKEY *key, char hex[65])
{
	uint8_t *der = NULL, hash[32];
	const int n = i2d_PUBKEY(key, &der);

	bl_hash_sha256(der, (size_t)n, hash);
	bl_text_hex(hash, 32, hex);
	OPENSSL_free(der);
}

/* The pieces verify, as a directory with these names does. */
static void verifies(EVP_PKEY *key, const char *why)
{
	char policy[256], hex[65], nonce[65];
	static struct run r;

	key_hash(key, hex);
	bl_text_hex(data.digest, 32, nonce);
	snprintf(policy, sizeof policy, "{\"version\":1,\"ak\":[\"%s\"],\"must\":[\"ak-binding\",\"pcr-digest\",\"nonce\"],\"registers\":{\"sha256:15\":[\"%s\"]}}",
		 hex, "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f");
	run_init(&r, policy);
	r.e.time = ATTEST_NOW;
	for (size_t i = 0; i < 4; i++)
		if (piece(names[i]))
			run_add(&r, names[i], piece(names[i])->p, piece(names[i])->n);
	run_nonce(&r, nonce);
	run(&r, &bl_tpm_tech);
	if (!ok(got.pieces.n == 4 && run_authentic(&r) == 1 && !*run_reason(&r), "%s", why))
		run_print(&r);
	run_fini(&r);
}

static void good(void)
{
	tpm_rest(p256, 0);
	ok(!quote(), "a quote is taken");
	is_str(asked, "131 17e 17e 158 165", "with a key made, PCRs read in two parts, a quote, and the key flushed");
	ok(flushed == TPM_HANDLE, "that key");
	verifies(p256, "and verifies: signature, nonce, values, and the key that a policy lists");

	tpm_rest(p256, 0);
	ok(!ask_cut(7, true, true), "the same in pieces of seven bytes, out of a socket");
	verifies(p256, "and that verifies");
	tpm_steps = 0;

	tpm_head(0x8001, 0x2e6);			/* curve, in parameter 2 */
	tpm_rest(rsa, 0);
	ok(!quote(), "a TPM without the curve makes an RSA key");
	is_str(asked, "131 131 17e 17e 158 165", "after it was asked for the other");
	verifies(rsa, "and that verifies");

	tpm_refuse(0x922);
	tpm_refuse(0x922);
	tpm_created(p256);
	tpm_refuse(0x908);
	tpm_read_out(0x00ff);
	tpm_read_out(0xff00);
	tpm_refuse(0x90a);
	tpm_quoted(p256, NULL);
	tpm_refuse(0);
	ok(!quote(), "a TPM that is busy is asked again");
	is_str(asked, "131 131 131 17e 17e 17e 158 158 165", "the same");
	verifies(p256, "until it answers");
}

/* Values are read, a PCR is extended, the quote is of what is there then. */
static void overtaken(void)
{
	tpm_values[3][0] ^= 1;
	tpm_read_out(0x00ff);
	tpm_read_out(0xff00);
	tpm_values[3][0] ^= 1;
	tpm_quoted(p256, NULL);
}

static void race(void)
{
	tpm_created(p256);
	overtaken();
	overtaken();
	tpm_rest(p256, 1);
	ok(!quote(), "where a PCR is extended between reading and quoting, both are done again");
	is_str(asked, "131 17e 17e 158 17e 17e 158 17e 17e 158 165", "up to three times");
	verifies(p256, "and the values are those that were quoted");
	tpm_created(p256);
	overtaken();
	overtaken();
	overtaken();
	tpm_refuse(0);
	fails("change faster", "131 17e 17e 158 17e 17e 158 17e 17e 158 165", "a fourth time is not tried");

	tpm_created(p256);
	tpm_read_out(0x0001);
	tpm_read_out(0x807e);
	tpm_read_out(0x0780);
	tpm_read_out(0x7800);
	tpm_quoted(p256, NULL);
	tpm_refuse(0);
	ok(!quote(), "a TPM may answer with fewer PCRs than it was asked for");
	verifies(p256, "and is asked until it gave all");
}

static void refusals(void)
{
	static const struct { uint32_t rc; const char *words; } one[] = {
		{ 0x9a2, "its endorsement hierarchy has a password" }, { 0x98e, "has a password" }, { 0x185, "hierarchy is disabled" },
		{ 0x100, "was not started" }, { 0x101, "failure mode" }, { 0x143, "no such command" }, { 0x902, "as many keys as it can" },
		{ 0x921, "locked" }, { 0x2d5, "response code 0x2d5" }, { 0xffffffff, "response code 0xffffffff" },
	};

	for (size_t i = 0; i < sizeof one / sizeof *one; i++) {
		tpm_refuse(one[i].rc);
		fails(one[i].words, "131", "no key");
	}
	tpm_refuse(0x902);
	quote();
	ok(strstr(err.hint, "/dev/tpmrm0"), "a TPM that is full is hinted past");
	tpm_refuse(0x2e6);
	tpm_refuse(0x2c1);
	fails("response code 0x2c1", "131 131", "neither curve nor RSA");
	tpm_created(p256);
	tpm_refuse(0x184);
	tpm_refuse(0);
	fails("cannot read its PCRs", "131 17e 165", "no values");
	ok(flushed == TPM_HANDLE, "and the key is flushed");
	tpm_created(p256);
	tpm_read_out(0x00ff);
	tpm_read_out(0xff00);
	tpm_refuse(0x98b);
	tpm_refuse(0);
	fails("cannot quote", "131 17e 17e 158 165", "no quote");
	tpm_rest(p256, 0);
	tpm_step[tpm_steps - 1].p[9] = 1;
	ok(!quote() && got.pieces.n == 4, "a key that does not let itself be flushed costs no quote");
	for (int i = 0; i < TPM_STEPS; i++)
		tpm_refuse(0x922);
	ok(ask_cut(TPM_LONG, false, false) && err.code == BL_UNAVAILABLE && strstr(err.msg, "busy"), "a TPM that is always busy is not waited for always");
	tpm_steps = 0;
}

/* Answer i of a good quote, altered: only it and what came before are sent, then the answer to a flush. */
static struct tpm_step *altered(int i)
{
	tpm_steps = 0;
	tpm_rest(p256, 0);
	tpm_step[i + 1] = tpm_step[4];
	tpm_steps = (size_t)i + 2;
	return &tpm_step[i];
}

static void malformed(void)
{
	struct tpm_step *s;

	s = altered(0);
	s->p[0] = 0x81;
	fails("wrong tag", "131", "another tag");
	s = altered(0);
	s->p[1] = 1;
	fails("wrong tag", "131", "no session where there was one");
	s = altered(3);
	s->p[1] = 1;
	fails("wrong tag", "131 17e 17e 158 165", "the same in a quote");
	s = altered(0);
	memcpy(s->p, "\0\xc4\0\0\0\xa\0\0\0\x1e", s->n = 10);
	fails("not a TPM 2.0", "131", "a TPM of version 1.2");
	s = altered(0);
	s->n = 9;
	tpm_steps = 1;
	fails("cut short", "131", "half a header");
	s = altered(0);
	s->n--;
	tpm_steps = 1;
	fails("cut short", "131", "an answer without its end");
	s = altered(1);
	s->p[s->n++] = 0;
	fails("more than it was asked", "131 17e", "a byte after it");
	s = altered(0);
	memset(s->p + s->n, 0, TPM_LONG - s->n);
	s->n = TPM_LONG;
	tpm_fit(s);
	fails("no length that one can have", "131", "more than a TPM says");
	s = altered(0);
	memcpy(s->p + 2, "\xff\xff\xff\xff", 4);
	fails("no length that one can have", "131", "a length of four gigabytes");
	s = altered(0);
	memcpy(s->p + 2, "\0\0\0\x9", 4);
	fails("no length that one can have", "131", "a length below the header's");
	s = altered(0);
	memcpy(s->p + 6, "\0\0\x9\xa2", 4);
	s->p[1] = 1;
	fails("bytes after a refusal", "131", "a refusal with something to say");

	for (unsigned type = 0; type < 256; type += 0x40) {
		if (type == 0x80)
			continue;
		s = altered(0);
		s->p[10] = (uint8_t)type;
		fails("handle", "131", "a handle that is no key's is not flushed");
	}
	s = altered(0);
	s->p[14 + 4 + 2 + 7] ^= 4;		/* attributes */
	fails("another key than was asked for", "131 165", "a key with other rights");
	s = altered(0);
	s->p[14 + 4 + 2 + 20 + 10] ^= 1;	/* x */
	fails("another key than was asked for", "131 165", "a key that is not on its curve");
	s = altered(0);
	s->p[17]++;
	fails("wrong form", "131 165", "parameters longer than they are");
	s = altered(0);
	s->p[s->n - 1] = 1;
	s->p[s->n++] = 'x';
	tpm_fit(s);
	fails("wrong form", "131 165", "a password acknowledged with a value");

	s = altered(1);
	s->p[10 + 4 + 4 + 3 + 2] = 1;
	fails("other PCRs", "131 17e 165", "a PCR that was not asked for");
	s = altered(2);
	s->p[10 + 4 + 4 + 3] = 1;
	fails("other PCRs", "131 17e 17e 165", "one that was answered before");
	s = altered(1);
	s->p[10 + 4 + 5] = 4;
	fails("other PCRs", "131 17e 165", "another bank");
	s = altered(1);
	s->p[10 + 4 + 4 + 3 + 3 + 3] = 7;
	fails("more or fewer values", "131 17e 165", "fewer values");
	s = altered(1);
	s->p[10 + 4 + 4 + 3 + 3 + 0] = 0xff;
	fails("more or fewer values", "131 17e 165", "billions of values");
	s = altered(1);
	s->p[10 + 4 + 4 + 3 + 3 + 4 + 1] = 20;
	fails("another length", "131 17e 165", "a short value");
	s = altered(1);
	s->p[s->n++] = 0;
	tpm_fit(s);
	fails("bytes after", "131 17e 165", "something after the values");
	altered(0);
	tpm_steps = 1;
	tpm_read_out(0);
	tpm_refuse(0);
	fails("no bank of SHA-256", "131 17e 165", "no bank");

	for (int i = 0; i < 4; i++) {
		static const struct tpm_odd odd[] = { { .pcrs = 0x7fff }, { .hash = 0xc }, { .other_data = true }, { .other_scheme = true } };
		static const char *const words[] = { "other PCRs", "other PCRs", "other data", "another scheme" };

		altered(3);
		tpm_steps = 3;
		tpm_quoted(p256, &odd[i]);
		tpm_refuse(0);
		fails(words[i], "131 17e 17e 158 165", "a quote that was not asked for");
	}
	s = altered(3);
	s->p[10 + 4 + 2] = 0xfe;
	fails("not made by a TPM", "131 17e 17e 158 165", "a quote without its magic");
}

/* Whatever is cut off or turned, nothing but a failure or an answer to what was asked; and no key stays. */
static void hostile(void)
{
	size_t bad = 0, left = 0, cuts = 0, flips = 0;

	for (int i = 0; i < 4; i++) {
		const size_t n = altered(i)->n;

		for (size_t at = 10; at < n; at++, cuts++) {
			struct tpm_step *s = altered(i);

			s->n = at;
			tpm_fit(s);
			bad += !quote();
			left += (i || at >= 14) && flushed != TPM_HANDLE;
		}
	}
	ok(!bad && cuts > 900, "an answer that ends too early anywhere is none");
	ok(!left, "and leaves no key");
	for (int i = 0; i < 4; i++) {
		const size_t n = altered(i)->n;

		for (size_t at = 6; at < n; at++, flips++) {
			struct tpm_step *s = altered(i);
			const struct bl_statement_piece *msg;

			s->p[at] ^= (uint8_t)(1 << at % 8);
			if (!quote() && i < 3)
				bad++;			/* the answers that follow are missing */
			left += i && flushed != TPM_HANDLE;
			msg = piece("quote.msg");
			bad += msg && (msg->n < 48 || memcmp(msg->p + 6 + 2 + 8 + 2, data.digest, 32));
		}
	}
	ok(!bad && flips > 900, "nor is one with a byte turned, but where it says what was not asked");
	ok(!left, "and that leaves no key either");
}

static void slow(void)
{
	int fd[2], status, rc;
	pid_t pid;

	ok(ask_cut(TPM_LONG, false, false) && err.code == BL_UNAVAILABLE && strstr(err.msg, "does not answer"), "a TPM that says nothing is given up");
	is_str(asked, "131", "and asked nothing more");
	altered(1);
	tpm_steps = 1;
	ok(ask_cut(TPM_LONG, false, false) && err.code == BL_UNAVAILABLE, "so is one that falls silent later");
	is_str(asked, "131 17e", "and nothing is asked that its late answer could be taken for");
	tpm_steps = 0;

	rc = socketpair(AF_UNIX, SOCK_STREAM, 0, fd);
	assert(!rc);
	if (!(pid = fork())) {			/* a byte now and then, for ever */
		static const uint8_t first[] = { 0x80, 2, 0, 0, 0x0f, 0xff, 0, 0, 0, 0 };

		close(fd[0]);
		for (size_t i = 0; send(fd[1], i < sizeof first ? first + i : first, 1, MSG_NOSIGNAL) == 1; i++)
			usleep(2000);
		_exit(0);
	}
	close(fd[1]);
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	dev = (struct bl_tpmdev){ .fd = fd[0], .is_socket = true, .patience = 100 };
	ok(bl_tpmdev_quote(&dev, &data, &got, &err) && strstr(err.msg, "does not answer"), "one that says a byte now and then runs out of time all the same");
	close(fd[0]);
	waitpid(pid, &status, 0);

	rc = socketpair(AF_UNIX, SOCK_STREAM, 0, fd);
	assert(!rc);
	close(fd[1]);
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	dev = (struct bl_tpmdev){ .fd = fd[0], .is_socket = true, .patience = 100 };
	ok(bl_tpmdev_quote(&dev, &data, &got, &err) && err.code == BL_UNAVAILABLE, "one that hung up is 69, not a signal");
	close(fd[0]);
}

static void commands(void)
{
	static const uint8_t pcr_read[] = { 0x80, 1, 0, 0, 0, 0x14, 0, 0, 1, 0x7e, 0, 0, 0, 1, 0, 0xb, 3, 0xff, 0, 0 };
	uint8_t cmd[BL_TPMCMD_ROOM], other[BL_TPMCMD_ROOM];
	size_t n = bl_tpmcmd_read(cmd, 0xff);

	ok(n == sizeof pcr_read && !memcmp(cmd, pcr_read, n), "PCRs 0 to 7 are read as the specification says");
	n = bl_tpmcmd_create(cmd, BL_TPMCMD_RSA);
	ok(n <= BL_TPMCMD_ROOM && bl_tpmcmd_size(cmd) == n, "the longest command fits");
	n = bl_tpmcmd_create(cmd, BL_TPMCMD_P256);
	ok(bl_tpmcmd_create(other, BL_TPMCMD_P256) == n && !memcmp(cmd, other, n), "the template of the key is always the same");
}

static void roots(void)
{
	enum bl_statement_class class = BL_STATEMENT_SOFTWARE;
	char dir[] = "/tmp/bl-tpmdev-XXXXXX", path[256];
	const struct bl_provider_tech *const t = &bl_tpmdev_tech;
	void *d;

	ok(!strcmp(t->name, "tpm2") && !strcmp(t->root, "/dev/tpmrm0") && !t->probed, "the provider is asked only where it is named");
	if (!mkdtemp(dir))
		return;
	snprintf(path, sizeof path, "%s/none", dir);
	ok(!t->open(path, &class, &err) && err.code == BL_UNAVAILABLE && strstr(err.msg, "no TPM at"), "what is not there is 69");
	ok(!t->open(dir, &class, &err) && err.code == BL_UNAVAILABLE && strstr(err.msg, "neither a device nor a socket"), "so is a folder");
	snprintf(path, sizeof path, "%s/", dir);
	while (strlen(path) < 180)
		strcat(path, "../tmp/");
	ok(!t->open(path, &class, &err) && err.code == BL_UNAVAILABLE, "and a long path");
	ok(class == BL_STATEMENT_SOFTWARE, "and none of them has a class");
	d = t->open("/dev/null", &class, &err);
	ok(d && class == BL_STATEMENT_TPM2, "a device is opened and not asked");
	if (d) {
		bl_provider_fini(&got);
		bl_provider_init(&got);
		ok(t->quote(d, &data, &got, &err) && err.code == BL_UNAVAILABLE && !got.pieces.n, "and one that is no TPM gives no evidence");
		t->close(d);
	}
	rmdir(dir);
}

/* --- a real one --- */

static int take_here(const char *root, const struct bl_provider_data *about)
{
	enum bl_statement_class class;
	void *d = bl_tpmdev_tech.open(root, &class, &err);
	int rc = d ? bl_tpmdev_tech.quote(d, about, &got, &err) : -1;

	if (d)
		bl_tpmdev_tech.close(d);
	return rc;
}

static int take_there(const char *root, const struct bl_provider_data *about)
{
	struct bl_provider p;
	char spec[4096];

	snprintf(spec, sizeof spec, "tpm2:%s", root);
	if (bl_provider_start(&p, spec, &err))
		return -1;
	if (p.class != BL_STATEMENT_TPM2)
		return bl_err_set(&err, BL_BUG, "another class");
	return bl_provider_ask(&p, about, &got, &err);
}

static int take(char **argv)
{
	struct bl_provider_data about = { .nonce = { 0 } };
	char path[4096];

	if (!bl_text_unhex(argv[4], strlen(argv[4]), about.digest, 32))
		return BL_USAGE;
	if ((strcmp(argv[1], "ask") ? take_here : take_there)(argv[2], &about))
		return bl_err_print(&err, "test_tpmdev");
	mkdir(argv[3], 0700);
	for (size_t i = 0; i < got.pieces.n; i++) {
		FILE *f;

		snprintf(path, sizeof path, "%s/%s", argv[3], got.pieces.v[i].name);
		f = fopen(path, "wb");
		if (!f || fwrite(got.pieces.v[i].p, 1, got.pieces.v[i].n, f) != got.pieces.v[i].n || fclose(f))
			return BL_IOERR;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int rc = 0;

	bl_json_init();
	if (bl_mem_init(true, &err))
		return BL_OSERR;
	bl_provider_init(&got);
	if (argc == 5 && (!strcmp(argv[1], "quote") || !strcmp(argv[1], "ask"))) {
		rc = take(argv);
		bl_provider_fini(&got);
		return rc;
	}
	signal(SIGPIPE, SIG_DFL);
	memcpy(tpm_data, data.digest, sizeof tpm_data);
	p256 = attest_key(ATTEST_P256);
	rsa = attest_key(ATTEST_RSA2048);
	for (int i = 0; i < 16; i++)
		memset(tpm_values[i], i, sizeof tpm_values[i]);
	commands();
	good();
	race();
	refusals();
	malformed();
	hostile();
	slow();
	roots();
	bl_provider_fini(&got);
	attest_done();
	return tap_done();
}
