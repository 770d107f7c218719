/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key release, at the helper's, whose client does not use our code: a grant opens one file in one session, as often and as long as it
 * says, and in no other; under a journal that is what the owner has seen.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include "../grant.h"
#include "base/time.h"
#include "crypt/note.h"
#include "tee/answer.h"
#include "tee/frame.h"
#include "tee/request.h"
#include "tee/session.h"

struct session { pid_t pid; int sock; struct bl_frame_link link; struct bl_wire_hello hello; uint8_t report[BL_WIRE_REPORT], hash[64]; };

static void serve(int sock)
{
	struct bl_provider none = { .sock = -1 };
	struct bl_vault v;
	struct bl_err e = { 0 };
	int d = open(vault_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	alarm(60);
	if (d < 0 || bl_vault_open(&v, d, "vault", &e))
		_exit(99);
	if (!bl_session_run(sock, &v, &none, &(struct bl_session_self){ .backend = BL_WIRE_PROC }, &e))
		e.code = 0;
	bl_vault_close(&v);
	_exit(e.code);
}

static int expect(struct session *s, uint16_t type, struct bl_buf *b)
{
	bl_buf_clear(b);
	err = (struct bl_err){ 0 };
	return bl_frame_recv_long(&s->link, s->sock, type, b, &err);
}

/* Up to the evidence for a challenge about the file of this header. */
static void begin(struct session *s, const struct bl_header *h)
{
	struct bl_wire_challenge c = { .expires = bl_time_now() + 60 };
	uint8_t p[BL_WIRE_CHALLENGE];
	struct bl_buf b;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		exit(1);
	if (!(s->pid = fork())) {
		close(pair[0]);
		serve(pair[1]);
	}
	close(pair[1]);
	s->sock = pair[0];
	bl_frame_init(&s->link, BL_FRAME_CLIENT);
	bl_mem_random(c.nonce, sizeof c.nonce);
	memcpy(c.owner_pk, h->owner, 32);
	memcpy(c.policy_hash, h->policy_hash, 32);
	memcpy(c.file_id, h->file_id, 32);
	bl_wire_put_challenge(p, &c);
	bl_buf_init(&b, BL_FRAME_BODY);
	if (expect(s, BL_FRAME_HELLO, &b) || bl_wire_get_hello(b.p, b.len, &s->hello, &err) ||
	    bl_frame_send(&s->link, s->sock, BL_FRAME_CHALLENGE, 0, p, sizeof p, -1, &err) || expect(s, BL_FRAME_EVIDENCE, &b))
		exit(1);
	bl_wire_report(&s->hello, &c, s->report);
	bl_wire_session(s->report, s->hash);
	bl_buf_fini(&b);
}

static int end(struct session *s)
{
	int status = 0;

	close(s->sock);
	waitpid(s->pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A grant for that session by the owner, with the vault's own terms. */
static void make_grant(const struct session *s, const struct bl_header *h, const struct bl_ident *by, const struct bl_grant *g, uint8_t body[BL_GRANT_BODY])
{
	uint8_t key[BL_BLF_KEY];

	key_of(h, by, key);
	if (bl_grant_seal(body, g, key, by, s->hello.kem_pk, s->report, h->hash, &err))
		exit(1);
}

static struct bl_grant live(const struct bl_header *h)
{
	struct bl_grant g = terms(h);

	g.not_before = bl_time_now() - 1;
	g.expires = bl_time_now() + 60;
	g.requests = 2;
	g.size = 0;
	memset(g.root, 0, 32);
	return g;
}

/* GRANT, then OPEN; the class of what comes of it, 0: OPENED. */
static int open_with(struct session *s, const uint8_t *body, int fd)
{
	static const uint8_t p[BL_WIRE_OPEN] = { 0, 0, BL_WIRE_FILE };
	struct bl_buf b;
	int rc, ro = read_only(fd);

	bl_buf_init(&b, BL_FRAME_BODY);
	err = (struct bl_err){ 0 };
	rc = (body && bl_frame_send(&s->link, s->sock, BL_FRAME_GRANT, 0, body, BL_GRANT_BODY, -1, &err)) ||
	     bl_frame_send(&s->link, s->sock, BL_FRAME_OPEN, 0, p, sizeof p, ro, &err) || expect(s, BL_FRAME_OPENED, &b) ? err.code : 0;
	bl_buf_fini(&b);
	close(ro);
	return rc;
}

static char message[1024];
static int ask(struct session *s)
{
	struct bl_request q = { .sql = "select g, count(*) from t group by g", .sql_len = 36 };
	struct bl_answer a = { 0 };
	struct bl_arena arena;
	struct bl_buf text, b, plain;
	uint8_t sk[32];
	int rc;

	bl_arena_init(&arena, 64 << 20);
	bl_buf_init(&text, BL_WIRE_REQUEST_MAX);
	bl_buf_init(&b, bl_wire_answer_room());
	bl_buf_init(&plain, bl_wire_answer_room());
	bl_ident_kem_sk(&analyst, sk);
	err = (struct bl_err){ 0 };
	if (bl_request_print(&q, &analyst, s->hash, &text, &err) || bl_wire_seal_request(s->hello.kem_pk, s->hash, &text, &b, &err) ||
	    bl_frame_send_long(&s->link, s->sock, BL_FRAME_REQUEST, b.p, b.len, &err) || expect(s, BL_FRAME_RELEASE, &b) ||
	    bl_wire_open_answer(sk, s->hash, q.hash, b.p, b.len, &plain, &err) || bl_answer_parse(&a, plain.p, plain.len, &arena, &err)) {
		rc = err.code;
	} else {
		rc = a.err.code;
		snprintf(message, sizeof message, "%s", a.err.msg);
		bl_answer_fini(&a);
	}
	bl_buf_fini(&text);
	bl_buf_fini(&b);
	bl_buf_fini(&plain);
	bl_arena_fini(&arena);
	return rc;
}

/* What a helper makes of a grant for a session of its own. */
static int try(const struct bl_header *h, const struct bl_grant *g, int fd)
{
	uint8_t body[BL_GRANT_BODY];
	struct session s;
	int rc;

	begin(&s, h);
	make_grant(&s, h, &owner, g, body);
	rc = open_with(&s, body, fd);
	return end(&s) == rc ? rc : -1;
}

static void sessions(int fd)
{
	int fd2 = seal("\"class\":\"software\"", &owner), fd3 = seal("\"class\":\"software\"", &stranger);
	struct bl_header h, other, theirs;
	uint8_t body[BL_GRANT_BODY], stale[BL_GRANT_BODY];
	struct bl_grant g;
	struct session s;
	struct bl_buf b;
	int wrong = 0;

	header_of(&h, fd);
	header_of(&other, fd2);
	header_of(&theirs, fd3);
	begin(&s, &h);
	is_int(open_with(&s, NULL, fd), 0, "a file that is not sealed to the vault is looked at");
	is_int(ask(&s), BL_REFUSED, "and not opened");
	end(&s);

	begin(&s, &h);
	g = live(&h);
	make_grant(&s, &h, &owner, &g, stale);
	is_int(open_with(&s, stale, fd), 0, "with its owner's grant");
	ok(!ask(&s) && !ask(&s), "it is asked, as often as was granted");
	is_int(ask(&s), BL_REFUSED, "and no more");
	ok(strstr(message, "refused: grant"), "which is said inside the seal");
	is_int(end(&s), 0, "the session ends well");

	begin(&s, &h);
	is_int(open_with(&s, stale, fd), BL_REFUSED, "the same grant in a second session: refused");
	is_int(end(&s), BL_REFUSED, "which is its end");
	begin(&s, &h);
	make_grant(&s, &h, &owner, &g, body);
	for (size_t i = 0; i < sizeof body; i += 37) {
		struct session t;
		begin(&t, &h);
		make_grant(&t, &h, &owner, &g, body);
		body[i] ^= 1;
		wrong += !is_refusal(open_with(&t, body, fd));
		end(&t);
	}
	is_int(wrong, 0, "a grant altered on its way to the helper: refused");
	end(&s);
	begin(&s, &h);
	make_grant(&s, &h, &owner, &g, body);
	is_int(open_with(&s, body, fd2), BL_DATA, "a grant for one dataset, then the file of another: refused");
	end(&s);
	begin(&s, &other);
	make_grant(&s, &h, &owner, &g, body);
	is_int(open_with(&s, body, fd2), BL_REFUSED, "the key of another dataset: refused");
	end(&s);
	begin(&s, &h);
	g = live(&h);
	uint8_t key[BL_BLF_KEY];
	key_of(&h, &owner, key);
	bl_grant_seal(body, &g, key, &stranger, s.hello.kem_pk, s.report, h.hash, &err);
	is_int(open_with(&s, body, fd), BL_REFUSED, "the right key, signed by another owner: refused");
	end(&s);
	begin(&s, &theirs);
	g = live(&theirs);
	make_grant(&s, &theirs, &stranger, &g, body);
	is_int(open_with(&s, body, fd3), 0, "whoever owns a file grants it");
	end(&s);

	g = live(&h);
	is_int(try(&h, &g, fd), 0, "good terms");
	g.expires = bl_time_now() - 1;
	is_int(try(&h, &g, fd), BL_REFUSED, "expired");
	g = live(&h);
	g.not_before = bl_time_now() + 30;
	is_int(try(&h, &g, fd), BL_REFUSED, "not valid yet");
	g = live(&h);
	g.journal[5] ^= 1;
	is_int(try(&h, &g, fd), BL_REFUSED, "for another vault's journal");
	g = live(&h);
	g.policy_hash[5] ^= 1;
	is_int(try(&h, &g, fd), BL_REFUSED, "for another policy");
	g = live(&h);
	g.size = 1000000;
	g.root[0] = 1;
	is_int(try(&h, &g, fd), BL_REFUSED, "for a journal that is longer than this one");
	g.size = 2;
	is_int(try(&h, &g, fd), BL_REFUSED, "for one that went another way");

	begin(&s, &h);
	g = live(&h);
	make_grant(&s, &h, &owner, &g, body);
	bl_frame_send(&s.link, s.sock, BL_FRAME_GRANT, 0, body, sizeof body, -1, &err);
	s.link.granted = 0;		/* as a client that does not use our code */
	bl_frame_send(&s.link, s.sock, BL_FRAME_GRANT, 0, body, sizeof body, -1, &err);
	bl_buf_init(&b, BL_FRAME_BODY);
	s.link.state = BL_FRAME_OPENING;
	ok(expect(&s, BL_FRAME_OPENED, &b) && err.code == BL_PROTOCOL, "a second grant breaks the protocol");
	bl_buf_fini(&b);
	is_int(end(&s), BL_PROTOCOL, "and that is its exit");
	bl_header_fini(&h);
	bl_header_fini(&other);
	bl_header_fini(&theirs);
	close(fd2);
	close(fd3);
}

/* The floor of a journal that has grown since. */
static void floors(int fd)
{
	char path[96], text[4096];
	struct bl_header h;
	struct bl_grant g;
	struct bl_note n;
	struct session s;
	uint8_t body[BL_GRANT_BODY];
	ssize_t len;
	int f;

	header_of(&h, fd);
	snprintf(path, sizeof path, "%s/checkpoint", vault_dir);
	f = open(path, O_RDONLY | O_CLOEXEC);
	len = read(f, text, sizeof text);
	close(f);
	if (len < 0 || bl_note_parse(&n, text, (size_t)len, &err))
		exit(1);
	g = live(&h);
	g.size = n.size;
	memcpy(g.root, n.root, 32);
	begin(&s, &h);
	make_grant(&s, &h, &owner, &g, body);
	ok(!open_with(&s, body, fd) && !ask(&s), "a journal that is what the checkpoint says");
	end(&s);
	is_int(try(&h, &g, fd), 0, "or has grown since");
	g.root[31] ^= 1;
	is_int(try(&h, &g, fd), BL_REFUSED, "and no other");
	bl_header_fini(&h);
}

int main(void)
{
	int fd;

	if (!enter())
		skip_all("no room in /tmp");
	fd = seal("\"class\":\"software\"", &owner);
	sessions(fd);
	floors(fd);
	close(fd);
	leave();
	return tap_done();
}
