/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that means harm, against the code of a session without its sandbox, so that sanitizers see it: handshakes that are
 * right up to a point, files that are none or change, requests that are not theirs, headers and footers that their owner signed
 * and that lie. Whatever comes: no crash, a class of its own, and the vault answers the next one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../blf.h"
#include "../tap.h"
#include "base/file.h"
#include "base/json.h"
#include "base/time.h"
#include "format/footer.h"
#include "policy/doc.h"
#include "tee/client.h"
#include "tee/session.h"

enum { ROWS = 3000, LIES = 25 };

static char dir[] = "/tmp/bl-hostile.XXXXXX", vault_dir[64];
static struct bl_ident owner, analyst, stranger;
static uint8_t vault_pk[BL_IDENT_PK];
static struct bl_err err;

/* --- the other end --- */

static uint8_t backend = BL_WIRE_PROC;
static uint64_t part;			/* what OPEN says how much of a disk is the file */

struct session { pid_t pid; int sock; struct bl_frame_link link; struct bl_wire_hello hello; uint8_t hash[64]; };

static void serve(int sock)
{
	struct bl_provider none = { .sock = -1 };
	struct bl_vault v;
	struct bl_err e = { 0 };
	int d = open(vault_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	alarm(60);
	if (d < 0 || bl_vault_open(&v, d, "vault", &e))
		_exit(99);
	close(d);
	if (!bl_session_run(sock, &v, &none, &(struct bl_session_self){ .backend = backend }, &e))
		e.code = 0;
	bl_vault_close(&v);
	_exit(e.code);
}

static void start(struct session *s)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		exit(1);
	s->pid = fork();
	if (!s->pid) {
		close(pair[0]);
		serve(pair[1]);
	}
	close(pair[1]);
	s->sock = pair[0];
	bl_frame_init(&s->link, BL_FRAME_CLIENT);
}

/* The exit class of the other end; 128 and more: a signal. */
static int end(struct session *s)
{
	int status = 0;

	close(s->sock);
	if (waitpid(s->pid, &status, 0) != s->pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int expect(struct session *s, uint16_t type, struct bl_buf *b)
{
	bl_buf_clear(b);
	err = (struct bl_err){ 0 };
	return bl_frame_recv_long(&s->link, s->sock, type, b, &err);
}

static int hello(struct session *s)
{
	struct bl_buf b;
	int rc;

	start(s);
	bl_buf_init(&b, BL_FRAME_BODY);
	rc = expect(s, BL_FRAME_HELLO, &b) || bl_wire_get_hello(b.p, b.len, &s->hello, &err) ? -1 : 0;
	bl_buf_fini(&b);
	return rc;
}

/* A right challenge for the file, and its evidence. */
static int challenge(struct session *s, const struct bl_header *h)
{
	struct bl_wire_challenge c = { .expires = bl_time_now() + 60 };
	uint8_t p[BL_WIRE_CHALLENGE], report[BL_WIRE_REPORT];
	struct bl_buf b;
	int rc;

	bl_mem_random(c.nonce, sizeof c.nonce);
	memcpy(c.owner_pk, h->owner, 32);
	memcpy(c.policy_hash, h->policy_hash, 32);
	memcpy(c.file_id, h->file_id, 32);
	bl_wire_put_challenge(p, &c);
	bl_wire_report(&s->hello, &c, report);
	bl_wire_session(report, s->hash);
	bl_buf_init(&b, BL_FRAME_BODY);
	rc = bl_frame_send(&s->link, s->sock, BL_FRAME_CHALLENGE, 0, p, sizeof p, -1, &err) || expect(s, BL_FRAME_EVIDENCE, &b) ? -1 : 0;
	bl_buf_fini(&b);
	return rc;
}

/* OPEN of a descriptor; the class of what comes back, 0: OPENED. */
static int open_fd(struct session *s, int fd)
{
	uint8_t p[BL_WIRE_OPEN] = { 0, 0, BL_WIRE_FILE };
	struct bl_buf b;
	int rc;

	memcpy(p + 12, &part, 8);
	bl_buf_init(&b, BL_FRAME_BODY);
	rc = bl_frame_send(&s->link, s->sock, BL_FRAME_OPEN, 0, p, sizeof p, fd, &err) || expect(s, BL_FRAME_OPENED, &b) ? err.code : 0;
	bl_buf_fini(&b);
	return rc;
}

static int read_only(int fd)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* A session with the file opened, or the class of what went wrong. */
static int opened(struct session *s, int fd)
{
	struct bl_header h;
	int ro = read_only(fd), rc;

	if (bl_header_read(&h, fd, &err))
		exit(1);
	rc = hello(s) || challenge(s, &h) ? -1 : open_fd(s, ro);
	bl_header_fini(&h);
	close(ro);
	return rc;
}

/* A sealed request on its way; the class of the answer, of the sealed one where there is one; text is its message. */
static char message[2048];
static int send_sealed(struct session *s, const void *p, size_t n, const struct bl_request *q, const struct bl_ident *asker)
{
	struct bl_answer a = { 0 };
	struct bl_arena arena;
	struct bl_buf b, plain;
	uint8_t sk[32];
	int rc;

	bl_arena_init(&arena, 64 << 20);
	bl_buf_init(&b, bl_wire_answer_room());
	bl_buf_init(&plain, bl_wire_answer_room());
	bl_ident_kem_sk(asker, sk);
	err = (struct bl_err){ 0 };
	snprintf(message, sizeof message, "%s", "");
	if (bl_frame_send_long(&s->link, s->sock, BL_FRAME_REQUEST, p, n, &err) || expect(s, BL_FRAME_RELEASE, &b) ||
	    bl_wire_open_answer(sk, s->hash, q->hash, b.p, b.len, &plain, &err) || bl_answer_parse(&a, plain.p, plain.len, &arena, &err)) {
		rc = err.code;
	} else {
		rc = a.err.code;
		snprintf(message, sizeof message, "%s", a.err.msg);
		bl_answer_fini(&a);
	}
	bl_buf_fini(&b);
	bl_buf_fini(&plain);
	bl_arena_fini(&arena);
	return rc;
}

static int ask_n(struct session *s, const char *sql, size_t n, const struct bl_ident *asker)
{
	struct bl_request q = { .sql = sql, .sql_len = n };
	struct bl_buf text, b;
	int rc;

	bl_buf_init(&text, BL_WIRE_REQUEST_MAX);
	bl_buf_init(&b, bl_wire_answer_room());
	err = (struct bl_err){ 0 };
	rc = bl_request_print(&q, asker, s->hash, &text, &err) || bl_wire_seal_request(s->hello.kem_pk, s->hash, &text, &b, &err) ?
		     err.code : send_sealed(s, b.p, b.len, &q, asker);
	bl_buf_fini(&text);
	bl_buf_fini(&b);
	return rc;
}

static int ask(struct session *s, const char *sql)
{
	return ask_n(s, sql, strlen(sql), &analyst);
}

/* --- files --- */

#define SELECT "select g, count(*), sum(x), avg(d) from t group by g"
#define COLUMNS "\"columns\":{\"*\":{\"uses\":[\"filter\",\"group\",\"aggregate\"],\"class\":\"quasi\",\"like\":true}}"
#define TAIL "\"release\":{\"min_entities\":10},\"tee\":{\"class\":\"software\"},\"version\":%d}"

/* The canonical text of a policy for the analyst. */
static char *policy(const char *more, int version)
{
	char *s = NULL, fpr[BL_IDENT_FPR];
	struct bl_policy p;

	bl_ident_fpr(analyst.pk, fpr);
	if (asprintf(&s, "{\"dataset\":\"t\",\"entity\":\"id\",\"principals\":[{\"role\":\"analyst\",\"key\":\"%s\"}],%s" COLUMNS "," TAIL, fpr, more,
		     version) < 0 || bl_doc_parse(&p, s, strlen(s), &err))
		abort();
	free(s);
	s = strndup(p.canonical, p.canonical_len);
	bl_doc_fini(&p);
	return s;
}

static int seal(const char *document, int version)
{
	static struct bl_column col[] = {
		{ "id", { BL_TYPE_INT, 0, 0 } }, { "g", { BL_TYPE_INT, 0, 0 } }, { "x", { BL_TYPE_DECIMAL, 15, 2 } },
		{ "d", { BL_TYPE_DOUBLE, 0, 0 } }, { "s", { BL_TYPE_TEXT, 0, 0 } },
	};
	struct bl_header h = { .name = "t", .schema = { 5, col }, .nentity = 1, .policy_version = (uint64_t)version, .policy = document,
			       .policy_len = strlen(document) };
	struct bl_writer w;
	int fd = memfd_create("t", MFD_CLOEXEC);

	if (bl_writer_open(&w, fd, &h, &owner, (const uint8_t (*)[BL_IDENT_PK])&vault_pk, 1, &err)) {
		printf("# %s\n", err.msg);
		exit(1);
	}
	for (int i = 0; i < ROWS; i++) {
		double d = i % 17 * 0.25;
		char text[32];
		uint32_t n = (uint32_t)snprintf(text, sizeof text, "value %d", i % 300);
		w.col[0].i64[i] = i;
		w.col[1].i64[i] = i % 5;
		w.col[2].i64[i] = i % 1000;
		memcpy(&w.col[3].i64[i], &d, 8);
		if (bl_writer_text(&w, 4, n, &err))
			abort();
		memcpy(w.col[4].text + w.col[4].text_len, text, n);
		w.col[4].text_len += n;
		w.col[4].end[i] = (uint32_t)w.col[4].text_len;
		w.rows++;
	}
	if (bl_writer_close(&w, &err))
		abort();
	bl_writer_fini(&w);
	return fd;
}

static int seal_policy(const char *more, int version)
{
	char *s = policy(more, version);
	int fd = seal(s, version);

	free(s);
	return fd;
}

static bool vault_answers(int fd)
{
	struct session s;
	int rc = opened(&s, fd);

	rc = rc ? rc : ask(&s, SELECT);
	return end(&s) == 0 && rc == 0;
}

/* --- handshakes --- */

static void handshakes(int fd)
{
	struct session s;
	struct bl_header h;
	struct bl_buf b;
	uint8_t p[BL_WIRE_CHALLENGE] = { 0 };

	if (bl_header_read(&h, fd, &err))
		exit(1);
	bl_buf_init(&b, BL_FRAME_BODY);
	ok(!hello(&s) && !challenge(&s, &h) && challenge(&s, &h) && err.code == BL_PROTOCOL, "a second CHALLENGE ends it: 76");
	is_int(end(&s), BL_PROTOCOL, "and that is its exit");
	ok(!hello(&s) && !bl_frame_send(&s.link, s.sock, BL_FRAME_CHALLENGE, 0, p, sizeof p, -1, &err) && !expect(&s, BL_FRAME_EVIDENCE, &b),
	   "a challenge of zeros is answered with evidence");
	int ro = read_only(fd);
	is_int(open_fd(&s, ro), BL_DATA, "and then no file is opened: 65");
	close(ro);
	is_int(end(&s), BL_DATA, "with that exit");
	hello(&s);
	is_int(end(&s), 0, "who leaves after HELLO leaves a clean end");
	ok(!hello(&s) && !challenge(&s, &h), "a session up to its evidence");
	static const uint8_t raw[][16] = {
		{ 'B', 'L', 'T', '1', 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0 },	/* REQUEST before OPEN */
		{ 'B', 'L', 'T', '1', 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0 },	/* the helper's own type */
		{ 'B', 'L', 'T', '1', 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0 },	/* GRANT of nothing */
		{ 'B', 'L', 'T', '1', 5, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0 },	/* OPEN without descriptor and body */
		{ 'B', 'L', 'T', '1', 126, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0 },	/* out of sequence */
		{ 'B', 'L', 'T', '1', 126, 0, 0, 0, 1, 0, 0, 0, 255, 255, 255, 255 },
		{ 'B', 'L', 'T', '2', 126, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0 },
	};
	for (size_t i = 0; i < sizeof raw / sizeof *raw; i++) {
		if (i && (hello(&s) || challenge(&s, &h)))
			ok(0, "a session up to its evidence");
		if (send(s.sock, raw[i], sizeof raw[i], MSG_NOSIGNAL) != sizeof raw[i])
			ok(0, "sent");
		expect(&s, BL_FRAME_OPENED, &b);
		is_int(end(&s), BL_PROTOCOL, "frame %zu out of place: 76", i);
	}
	bl_buf_fini(&b);
	bl_header_fini(&h);
	ok(vault_answers(fd), "the vault answers the next one");
}

/* --- descriptors --- */

static void descriptors(int fd)
{
	char fifo[96], plain[96];
	struct { const char *what; int fd, code; } odd[] = {
		{ "/proc/self/mem", open("/proc/self/mem", O_RDONLY | O_CLOEXEC), BL_DATA },
		{ "/proc/self/maps", open("/proc/self/maps", O_RDONLY | O_CLOEXEC), BL_DATA },
		{ "/dev/zero", open("/dev/zero", O_RDONLY | O_CLOEXEC), BL_NOINPUT },
		{ "a folder", open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), BL_NOINPUT },
		{ "the path of a file", open("/proc/self/exe", O_PATH | O_CLOEXEC), BL_NOINPUT },
		{ "a program", open("/proc/self/exe", O_RDONLY | O_CLOEXEC), BL_DATA },
		{ "the sealed file, writable", dup(fd), BL_NOINPUT },
		{ "a FIFO", -1, BL_NOINPUT },
		{ "a socket", socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), BL_NOINPUT },
		{ "an empty file", -1, BL_DATA },
	};
	struct bl_header h;
	struct session s;

	snprintf(fifo, sizeof fifo, "%s/fifo", dir);
	snprintf(plain, sizeof plain, "%s/empty", dir);
	if (mkfifo(fifo, 0600) || bl_header_read(&h, fd, &err))
		exit(1);
	odd[7].fd = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	close(open(plain, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	odd[9].fd = open(plain, O_RDONLY | O_CLOEXEC);
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		ok(!hello(&s) && !challenge(&s, &h), "a session up to its evidence");
		is_int(open_fd(&s, odd[i].fd), odd[i].code, "OPEN of %s: %d", odd[i].what, odd[i].code);
		is_int(end(&s), odd[i].code, "and that is its exit");
		close(odd[i].fd);
	}
	bl_header_fini(&h);
	unlink(fifo);
	unlink(plain);
	ok(vault_answers(fd), "the vault answers the next one");
}

static void other_file(int fd)
{
	int other = seal_policy("", 1), ro = read_only(other);
	struct bl_header h;
	struct session s;

	if (bl_header_read(&h, fd, &err))
		exit(1);
	ok(!hello(&s) && !challenge(&s, &h), "a challenge for one file");
	is_int(open_fd(&s, ro), BL_DATA, "another one opened: 65");
	is_int(end(&s), BL_DATA, "and that is its exit");
	bl_header_fini(&h);
	close(ro);
	close(other);
}

/* --- files that change after OPEN --- */

static int copy_of(int fd, off_t *size)
{
	static uint8_t p[1 << 20];
	int to = memfd_create("copy", MFD_CLOEXEC);
	ssize_t n = pread(fd, p, sizeof p, 0);

	if (n <= 0 || write(to, p, (size_t)n) != n)
		exit(1);
	*size = n;
	return to;
}

/* In a virtual machine a disk holds the file and is longer. */
static void disks(int fd)
{
	static const struct { int more; bool good; } parts[] = { { 0, true }, { 1, false }, { -1, false }, { 300, false }, { 70000, false } };
	struct session s;
	off_t size;
	int disk = copy_of(fd, &size);

	if (ftruncate(disk, size + 512))
		exit(1);
	part = (uint64_t)size;
	is_int(opened(&s, disk), BL_PROTOCOL, "only in a virtual machine OPEN says how long the file is");
	end(&s);
	backend = BL_WIRE_VM;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		part = (uint64_t)(size + parts[i].more);
		if (opened(&s, disk))
			ok(0, "opened: %s", err.msg);
		is_int(ask(&s, SELECT), parts[i].good ? 0 : BL_DATA, "a disk whose first %s%d bytes are said to be the file", parts[i].good ? "(right) " : "", (int)part);
		end(&s);
	}
	part = 15;
	is_int(opened(&s, disk), BL_DATA, "or so few that nothing is");
	end(&s);
	backend = BL_WIRE_PROC;
	part = 0;
	close(disk);
}

static void changes(int fd)
{
	off_t size;
	struct session s;
	uint8_t byte;

	for (int i = 0; i < 9; i++) {
		int f = copy_of(fd, &size);
		if (opened(&s, f))
			ok(0, "opened: %s", err.msg);
		if (i > 5)
			is_int(ask(&s, SELECT), 0, "a question while the file is whole");
		switch (i % 3) {
		case 0:
			if (ftruncate(f, i == 3 ? 0 : size / 2))
				exit(1);
			break;
		case 1:
			if (ftruncate(f, size + 4096))
				exit(1);
			break;
		default:
			for (off_t at = 2000; at < size; at += i == 5 ? 100 : 7)
				if (pread(f, &byte, 1, at) != 1 || (byte ^= 1, pwrite(f, &byte, 1, at)) != 1)
					exit(1);
		}
		int rc = ask(&s, "select g, count(*), sum(x) from t where s like 'value 1%' group by g");
		/* Its footer is in memory from the first question on: bytes behind the file are none of its business then. */
		ok(rc == BL_DATA || (i == 7 && rc == 0), "cut, grown or altered after OPEN%s: %d", i > 5 ? " and a question" : "", rc);
		ok(i == 7 || strstr(message, "column") || strstr(message, "footer"), "told without a value: %s", message);
		is_int(end(&s), 0, "and the session goes on to its end");
		close(f);
	}
	ok(vault_answers(fd), "the vault answers the next one");
}

/* --- requests --- */

static void requests(int fd)
{
	struct bl_request q = { .sql = SELECT, .sql_len = strlen(SELECT) };
	struct bl_buf text, b;
	struct session s;
	uint8_t other[64] = { 1 };
	char *sql;

	bl_buf_init(&text, BL_WIRE_REQUEST_MAX);
	bl_buf_init(&b, BL_WIRE_REQUEST_MAX + 1024);
	is_int(opened(&s, fd), 0, "a file is opened");
	ok(!bl_request_print(&q, &analyst, s.hash, &text, &err) && !bl_wire_seal_request(s.hello.kem_pk, s.hash, &text, &b, &err), "a request is made");
	is_int(send_sealed(&s, b.p, b.len, &q, &analyst), 0, "and answered");
	is_int(send_sealed(&s, b.p, b.len, &q, &analyst), BL_PROTOCOL, "the same bytes again: 76");
	is_int(end(&s), BL_PROTOCOL, "and that is its exit");
	is_int(opened(&s, fd), 0, "another session");
	ok(send_sealed(&s, b.p, b.len, &q, &analyst) == BL_PROTOCOL || err.code == BL_REFUSED || err.code == BL_DATA, "those bytes in it: %d", err.code);
	end(&s);
	bl_buf_clear(&b);
	opened(&s, fd);
	bl_wire_seal_request(s.hello.kem_pk, s.hash, &text, &b, &err);
	is_int(send_sealed(&s, b.p, b.len, &q, &analyst), BL_REFUSED, "that request, sealed to this session, was signed for another: 77");
	end(&s);
	for (int i = 0; i < 3; i++) {
		bl_buf_clear(&text);
		bl_buf_clear(&b);
		opened(&s, fd);
		bl_request_print(&q, &analyst, i ? s.hash : other, &text, &err);
		if (i == 1)
			memcpy(memmem(text.p, text.len, "select", 6), "SELECT", 6);
		if (i == 2)
			bl_buf_put(&text, " ", 1);
		bl_wire_seal_request(s.hello.kem_pk, s.hash, &text, &b, &err);
		int rc = send_sealed(&s, b.p, b.len, &q, &analyst);
		is_int(rc, i == 2 ? BL_PROTOCOL : BL_REFUSED, "a request %s: %d", i == 0 ? "for another session" : i == 1 ? "altered" : "not canonical", rc);
		end(&s);
	}
	opened(&s, fd);
	for (int i = 0; i < 70000; i += 69999) {
		uint8_t *junk = calloc(1, (size_t)i + 1);
		bl_mem_random(junk, (size_t)i + 1);
		if (i)
			opened(&s, fd);
		ok(send_sealed(&s, junk, (size_t)i + 1, &q, &analyst) && err.code != BL_BUG, "%d random bytes for a request: %d", i + 1, err.code);
		int rc = end(&s);
		ok(rc && rc < 128 && rc != BL_BUG, "exit %d", rc);
		free(junk);
	}
	is_int(opened(&s, fd), 0, "a session for odd SQL");
	is_int(ask_n(&s, "select count(*) from t", 22, &stranger), BL_REFUSED, "a stranger is refused in it");
	sql = malloc(250000);
	memset(sql, '(', 250000);
	is_int(ask_n(&s, sql, 200000, &analyst), BL_USAGE, "200,000 parentheses: 64");
	for (int i = 0; i < 30000; i++)
		memcpy(sql + i * 4, "not ", 4);
	is_int(ask_n(&s, sql, 120000, &analyst), BL_USAGE, "30,000 times not: 64");
	memcpy(sql, "select ", 7);
	for (int i = 0; i < 30000; i++)
		memcpy(sql + 7 + i * 2, "--", 2);
	is_int(ask_n(&s, sql, 32000, &analyst), BL_USAGE, "signs without end: 64");
	is_int(ask_n(&s, "", 0, &analyst), BL_USAGE, "no SQL at all: 64");
	is_int(ask(&s, "select count(*) from other"), BL_USAGE, "another table: 64");
	is_int(ask(&s, SELECT), 0, "a good question after all that");
	is_int(end(&s), 0, "and a clean end");
	free(sql);
	bl_buf_fini(&text);
	bl_buf_fini(&b);
}

/* --- policies that their owner signed --- */

static void policies(void)
{
	char *good = policy("", 3), *odd;
	struct session s;
	int fd;

	fd = seal(good, 4);
	is_int(opened(&s, fd), BL_DATA, "a header whose version is not its policy's: 65");
	is_int(end(&s), BL_DATA, "and that is its exit");
	close(fd);
	if (asprintf(&odd, "%.*s ", (int)strlen(good), good) < 0)
		abort();
	fd = seal(odd, 3);
	is_int(opened(&s, fd), BL_DATA, "a policy that is not canonical: 65");
	end(&s);
	close(fd);
	free(odd);
	static const char *const bad[] = { "{}", "[]", "{\"version\":3}", "{\"a\":", "\"x\"", "{\"version\":3,\"entity\":\"nobody\"}", " " };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		fd = seal(bad[i], 3);
		int rc = opened(&s, fd);
		ok(rc == BL_CONFIG || rc == BL_DATA, "a policy '%s': %d", bad[i], rc);
		is_int(end(&s), rc, "and that is its exit");
		close(fd);
	}
	odd = policy("\"mitigate\":{\"dp\":true},", 3);
	fd = seal(odd, 3);
	is_int(opened(&s, fd), BL_CONFIG, "a policy with what this version does not keep: 78");
	is_int(end(&s), BL_CONFIG, "and that is its exit");
	close(fd);
	free(odd);
	free(good);
}

/* --- footers that their owner signed --- */

static uint64_t seed = 20;

static int64_t lie(void)
{
	static const int64_t odd[] = { 0, 1, -1, INT64_MAX, INT64_MIN, INT32_MAX, 1 << 20, 3000, 65536, INT64_MAX - 1 };
	uint64_t r = blf_random(&seed);

	return r % 4 ? odd[r / 4 % 10] : (int64_t)blf_random(&seed);
}

/* The file with statistics that are not its own. */
static int lying(int fd)
{
	struct bl_header h;
	struct bl_footer f;
	struct bl_buf b;
	uint8_t *key = bl_mem_new(BL_BLF_KEY);
	off_t size;
	int to = copy_of(fd, &size);

	bl_buf_init(&b, 1 << 20);
	if (bl_header_read(&h, fd, &err) || bl_header_unlock(&h, &owner, key, &err) || bl_footer_read(&f, &h, key, fd, (uint64_t)size, &err))
		abort();
	for (uint32_t i = 0; i < f.groups * f.columns; i++) {
		struct bl_stat *s = &f.chunk[i].stat;
		if (blf_random(&seed) % 3 == 0)
			continue;
		s->min = lie();
		s->max = lie();
		s->nulls = (uint32_t)(blf_random(&seed) % 3 ? 0 : (uint64_t)lie() % (ROWS + 1));
		s->distinct = (uint32_t)((uint64_t)lie() % (ROWS - s->nulls + 1));
	}
	if (bl_footer_print(&f, &h, key, &owner, &b, &err) || ftruncate(to, (off_t)(h.size + f.size)) ||
	    pwrite(to, b.p, b.len, (off_t)(h.size + f.size)) != (ssize_t)b.len)
		abort();
	bl_buf_fini(&b);
	bl_footer_fini(&f);
	bl_header_fini(&h);
	bl_mem_free(key);
	return to;
}

static void lies(int fd)
{
	static const char *const sql[] = {
		SELECT, "select count(*) from t where id < 100", "select bin(x, 10), stddev(x), sum(x * 1000000) from t group by 1", "select s, count(*) from t group by s",
		"select g, count(distinct x), count(distinct s), count(distinct d) from t where x between 1 and 1000000 group by g",
		"select g, g + 1, id % 7, count(*) from t group by 1, 2, 3", "select sum(case when d > 1 then x else 0 end), avg(id) from t where s like '%1%'",
		"select count(*) from t where x + id * 100000000000 > 5 and g in (1, 2, 3) and s >= 'value 2'", "select d, count(x) from t where d < 1e300 group by d order by 2",
		"select year(cast('2020-01-01' as date) + g), count(*) from t group by 1", "select length(s || s), sum(x), avg(x), variance(x), variance(d) from t group by 1",
	};
	int crashed = 0, answered = 0, other = 0;
	struct session s;

	for (int i = 0; i < LIES; i++) {
		int f = lying(fd), rc = opened(&s, f);
		for (size_t k = 0; k < sizeof sql / sizeof *sql && !rc; k++) {
			int code = ask(&s, sql[k]);
			answered += code == 0;
			other += code && code != BL_REFUSED && code != BL_DATA;
			if (err.code == BL_UNAVAILABLE) {
				printf("# %s\n", sql[k]);
				break;
			}
		}
		rc = end(&s);
		crashed += rc >= 128 || rc == BL_BUG || rc == 1;
		close(f);
	}
	is_int(crashed, 0, "statistics that lie crash nothing (%d answers)", answered);
	is_int(other, 0, "and end in an answer, 65 or 77");
	ok(vault_answers(fd), "the vault answers the next one");
}

int main(void)
{
	char path[96];
	int fd;

	if (bl_mem_init(true, &err))
		return 1;
	bl_json_init();
	prctl(PR_SET_DUMPABLE, 0);
	if (!mkdtemp(dir))
		skip_all("no room in /tmp");
	snprintf(vault_dir, sizeof vault_dir, "%s/vault", dir);
	if (bl_vault_make(vault_dir, vault_pk, &err) || bl_ident_generate(&owner, &err) || bl_ident_generate(&analyst, &err) ||
	    bl_ident_generate(&stranger, &err))
		return 1;
	fd = seal_policy("", 1);
	ok(vault_answers(fd), "a good question is answered");
	handshakes(fd);
	descriptors(fd);
	other_file(fd);
	disks(fd);
	changes(fd);
	requests(fd);
	lies(fd);
	policies();
	close(fd);
	static const char *const files[] = { "helper.key", "helper.pub", "journal", "checkpoint", "cells" };
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "%s/%s", vault_dir, files[i]);
		unlink(path);
	}
	rmdir(vault_dir);
	rmdir(dir);
	bl_ident_fini(&owner);
	bl_ident_fini(&analyst);
	bl_ident_fini(&stranger);
	return tap_done();
}
