/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session: see session.h. Errors before an answer can be sealed leave as an exit class and nothing else; from then on they
 * travel inside the seal. The keys of a session are made here and die with the process.
 */
#include "tee/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "crypt/hash.h"
#include "crypt/mem.h"
#include "tee/ask.h"
#include "tee/frame.h"
#include "tee/grant.h"
#include "tee/sandbox.h"
#include "tee/wire.h"

enum { ARENA = 1 << 30, REQUESTS = 1024 };

struct session {
	int sock, file;
	struct bl_frame_link link;
	uint8_t packet[BL_FRAME_MAX];
	struct bl_ident sign;		/* signs receipts */
	uint8_t *kem_sk;		/* guarded */
	struct bl_wire_hello hello;
	struct bl_wire_challenge challenge;
	uint8_t report[BL_WIRE_REPORT], hash[64];
	struct bl_provider *provider;
	struct bl_json *evidence;
	struct bl_ask ask;
	bool granted;			/* by the owner, for this session: sealed until OPEN names the file */
	uint8_t sealed[BL_GRANT_BODY];
	struct bl_grant grant;
	uint8_t *key;			/* guarded: of the file, out of the grant */
	uint8_t (*seen)[16];		/* ids of this session's requests: none is answered twice */
	size_t nseen;
};

/* --- START: HELLO --- */

static int make_keys(struct session *s, struct bl_err *err)
{
	struct bl_ident kem = { 0 };

	if (bl_ident_generate(&s->sign, err) || bl_ident_generate(&kem, err))
		return -1;
	s->kem_sk = bl_mem_new(32);
	if (s->kem_sk) {
		bl_ident_kem_sk(&kem, s->kem_sk);
		bl_ident_kem_pk(kem.pk, s->hello.kem_pk);
		memcpy(s->hello.sig_pk, s->sign.pk, 32);
	}
	bl_ident_fini(&kem);
	return s->kem_sk ? 0 : bl_err_set(err, BL_OSERR, "out of memory");
}

static int send_hello(struct session *s, struct bl_err *err)
{
	uint8_t p[BL_WIRE_HELLO];

	bl_wire_put_hello(p, &s->hello);
	return bl_frame_send(&s->link, s->sock, BL_FRAME_HELLO, 0, p, sizeof p, -1, err);
}

/* --- CHALLENGE, EVIDENCE --- */

/* A statement about this session, with what the platform says of it: class software has no platform that would. */
static int make_evidence(struct session *s, struct bl_err *err)
{
	struct bl_statement_about about;
	struct bl_provider_answer said;
	struct bl_provider_data data;
	int rc = 0;

	bl_wire_about(&s->hello, &s->challenge, &about);
	bl_provider_init(&said);
	if (s->hello.class != BL_STATEMENT_SOFTWARE) {
		memcpy(data.report, s->report, sizeof data.report);
		bl_statement_digest(&about, data.digest);
		memcpy(data.kem_pk, about.kem_pk, sizeof data.kem_pk);
		memcpy(data.nonce, about.nonce, sizeof data.nonce);
		rc = bl_provider_ask(s->provider, &data, &said, err);
		if (rc)			/* the class that a client's end has, too, which nobody would be told of */
			bl_frame_send_error(&s->link, s->sock, err->code, 0);
	}
	if (!rc)
		s->evidence = bl_statement_new(&s->ask.vault->id, &about, s->hello.class == BL_STATEMENT_SOFTWARE ? NULL : &said.pieces);
	bl_provider_fini(&said);
	return rc;
}

static int answer_challenge(struct session *s, const struct bl_frame *f, struct bl_err *err)
{
	struct bl_buf text, b;
	int rc = -1;

	if (s->evidence)
		return bl_err_set(err, BL_PROTOCOL, "a second challenge: this version serves one file in a session");
	if (bl_wire_get_challenge(f->body, f->len, &s->challenge, err))
		return -1;
	bl_wire_report(&s->hello, &s->challenge, s->report);
	bl_wire_session(s->report, s->hash);
	if (make_evidence(s, err))
		return -1;
	bl_buf_init(&text, BL_FRAME_BODY);
	bl_buf_init(&b, BL_FRAME_BODY);
	bl_json_print(s->evidence, &text);
	bl_wire_put_evidence(&b, s->hello.class, text.p, text.len);
	if (text.failed || b.failed)
		bl_err_set(err, BL_OSERR, "out of memory");
	else
		rc = bl_frame_send(&s->link, s->sock, BL_FRAME_EVIDENCE, 0, b.p, b.len, -1, err);
	bl_buf_fini(&text);
	bl_buf_fini(&b);
	return rc;
}

/* --- GRANT --- */

/* Whose it is cannot be told before there is a header: kept as it came. */
static int keep_grant(struct session *s, const struct bl_frame *f, struct bl_err *err)
{
	if (f->len != BL_GRANT_BODY)
		return bl_err_set(err, BL_PROTOCOL, "the other side sent a malformed GRANT");
	memcpy(s->sealed, f->body, BL_GRANT_BODY);
	s->granted = true;
	return 0;
}

/* With the file's header and the journal at hand: is the grant the owner's for this session, file, policy, vault and time? */
static int open_grant(struct session *s, const struct bl_header *h, struct bl_err *err)
{
	if (bl_sandbox_recheck(err))
		return -1;
	if (!(s->key = bl_mem_new(BL_BLF_KEY)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	if (bl_grant_open(&s->grant, s->key, s->sealed, sizeof s->sealed, h, s->kem_sk, s->report, s->ask.vault->id.pk, bl_time_now(), err))
		return -1;
	if (s->grant.size) {
		if (bl_journal_lock(s->ask.journal, err))
			return -1;
		int rc = bl_journal_extends(s->ask.journal, s->grant.size, s->grant.root, err);
		bl_journal_unlock(s->ask.journal);
		if (rc)
			return -1;
	}
	s->ask.key = s->key;
	s->ask.tee_class = bl_grant_class(s->hello.class);
	return 0;
}

/* Requests that the owner did not grant are not read. */
static int check_grant(const struct session *s, struct bl_err *err)
{
	if (!s->granted)
		return 0;
	if (s->nseen > s->grant.requests)
		return bl_err_set(err, BL_REFUSED, "refused: grant (for %u requests, all used)", s->grant.requests);
	return bl_grant_timely(&s->grant, bl_time_now(), err);
}

/* --- OPEN, OPENED --- */

/*
 * A regular file, open for reading only, and large enough to be anything (files of /proc call themselves regular and empty); in a
 * virtual machine a disk, of which so many bytes are the file.
 */
static int check_file(int fd, bool vm, uint64_t part, struct bl_err *err)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	if (fd < 0 || fstat(fd, &st) || flags < 0)
		return bl_err_set(err, BL_PROTOCOL, "no file came with OPEN");
	if (!(S_ISREG(st.st_mode) || (vm && S_ISBLK(st.st_mode))) || (flags & O_ACCMODE) != O_RDONLY || (flags & O_PATH))
		return bl_err_set(err, BL_NOINPUT, "not a regular file open for reading");
	return (vm ? part : (uint64_t)st.st_size) < 16 ? bl_err_set(err, BL_DATA, "header: truncated") : 0;
}

static int open_file(struct session *s, const struct bl_frame *f, int fd, struct bl_err *err)
{
	const bool vm = s->hello.backend == BL_WIRE_VM;
	uint8_t p[BL_WIRE_OPENED] = { 0 };
	const struct bl_header *h;
	uint64_t version, part;

	if (s->ask.reader) {
		close(fd);
		return bl_err_set(err, BL_PROTOCOL, "a second file: this version serves one in a session");
	}
	s->file = fd;
	if (f->len != BL_WIRE_OPEN || bl_le16(f->body) || bl_le16(f->body + 2) != BL_WIRE_FILE || bl_le64(f->body + 4) ||
	    ((part = bl_le64(f->body + 12)) && !vm))
		return bl_err_set(err, BL_PROTOCOL, "the other side sent a malformed OPEN");
	if (check_file(fd, vm, part, err) || bl_reader_open_part(&s->ask.reader, fd, part, err))
		return -1;
	h = bl_reader_header(s->ask.reader);
	if (memcmp(h->owner, s->challenge.owner_pk, 32) || memcmp(h->policy_hash, s->challenge.policy_hash, 32) ||
	    memcmp(h->file_id, s->challenge.file_id, 32))
		return bl_err_set(err, BL_DATA, "another file than the challenge names");
	if (bl_ask_init(&s->ask, err) || (s->granted && open_grant(s, h, err)))
		return -1;
	version = h->policy_version;
	memcpy(p + 4, h->file_id, 32);
	memcpy(p + 36, &version, 8);
	return bl_frame_send(&s->link, s->sock, BL_FRAME_OPENED, 0, p, sizeof p, -1, err);
}

/* --- REQUEST, RELEASE --- */

static int remember(struct session *s, const uint8_t id[16], struct bl_err *err)
{
	for (size_t i = 0; i < s->nseen; i++)
		if (!memcmp(s->seen[i], id, 16))
			return bl_err_set(err, BL_PROTOCOL, "a request was sent twice");
	if (s->nseen == REQUESTS)
		return bl_err_set(err, BL_PROTOCOL, "more than %d requests in a session", REQUESTS);
	memcpy(s->seen[s->nseen++], id, 16);
	return 0;
}

/* Replies leave at multiples of the policy's quantum, so that their time tells little. */
static void wait_for_quantum(uint64_t start_ns, uint64_t quantum_ms)
{
	const uint64_t quantum = quantum_ms * 1000000u;
	uint64_t spent = bl_time_mono_ns() - start_ns, left;

	for (left = quantum ? quantum - spent % quantum : 0; left; left = left > spent ? left - spent : 0) {
		const uint64_t from = bl_time_mono_ns();
		poll(NULL, 0, (int)((left + 999999) / 1000000 < 60000 ? (left + 999999) / 1000000 : 60000));
		spent = bl_time_mono_ns() - from;
	}
}

static int seal_answer(struct session *s, const struct bl_request *q, struct bl_answer *answer, struct bl_buf *out, struct bl_err *err)
{
	struct bl_buf plain;
	uint8_t pk[32];
	int rc = -1;

	if (bl_ident_kem_pk(q->principal, pk))
		return bl_err_set(err, BL_PROTOCOL, "the asker's key is not usable");
	bl_buf_init(&plain, BL_WIRE_ANSWER_MAX);
	if (bl_answer_print(answer, &plain, err)) {
		struct bl_answer failed = { .err = *err, .place = { SIZE_MAX, 0 } };
		bl_buf_clear(&plain);
		if (bl_answer_print(&failed, &plain, err))
			goto out;
	}
	rc = bl_wire_seal_answer(pk, s->hash, q->hash, &plain, out, err);
out:
	bl_buf_wipe(&plain);
	return rc;
}

static int answer_request(struct session *s, const struct bl_buf *sealed, struct bl_err *err)
{
	const uint64_t start = bl_time_mono_ns();
	struct bl_request q = { 0 };
	struct bl_answer answer = { 0 };
	struct bl_arena arena;
	struct bl_buf plain, out;
	int rc = -1;

	bl_arena_init(&arena, ARENA);
	bl_buf_init(&plain, BL_WIRE_REQUEST_MAX);
	bl_buf_init(&out, bl_wire_answer_room());
	if (bl_wire_open_request(s->kem_sk, s->hash, sealed->p, sealed->len, &plain, err) ||
	    bl_request_parse(&q, plain.p, plain.len, s->hash, err) || remember(s, q.id, err))
		goto out;
	if (check_grant(s, &answer.err))
		answer.place = (struct bl_place){ SIZE_MAX, 0 };
	else
		bl_ask_run(&s->ask, &q, &arena, &answer);
	if (seal_answer(s, &q, &answer, &out, err))
		goto out;
	wait_for_quantum(start, s->ask.policy.limits.quantum_ms);
	rc = bl_frame_send_long(&s->link, s->sock, BL_FRAME_RELEASE, out.p, out.len, err);
out:
	bl_json_free((struct bl_json *)(uintptr_t)answer.document);
	bl_request_fini(&q);
	bl_buf_wipe(&plain);
	bl_buf_fini(&out);
	bl_arena_fini(&arena);
	return rc;
}

static int serve_request(struct session *s, const struct bl_frame *f, struct bl_err *err)
{
	struct bl_buf b;
	int rc;

	bl_buf_init(&b, BL_WIRE_REQUEST_MAX + BL_WIRE_SEALED);
	rc = bl_frame_recv_rest(&s->link, s->sock, f, &b, err) || answer_request(s, &b, err) ? -1 : 0;
	bl_buf_fini(&b);
	return rc;
}

/* --- the loop --- */

/* One frame; 1 when the session is over. */
static int step(struct session *s, struct bl_err *err)
{
	struct bl_frame f;
	int fd = -1;

	if (bl_frame_recv(&s->link, s->sock, s->packet, &f, &fd, err))
		return -1;
	switch (f.type) {
	case BL_FRAME_CHALLENGE:
		return answer_challenge(s, &f, err);
	case BL_FRAME_GRANT:
		return keep_grant(s, &f, err);
	case BL_FRAME_OPEN:
		return open_file(s, &f, fd, err);
	case BL_FRAME_REQUEST:
		return serve_request(s, &f, err);
	case BL_FRAME_BYE:
		return bl_frame_send(&s->link, s->sock, BL_FRAME_BYE, 0, NULL, 0, -1, err) ? -1 : 1;
	default:
		return bl_err_set(err, BL_PROTOCOL, "a frame that this version does not serve");
	}
}

int bl_session_run(int sock, struct bl_vault *v, struct bl_provider *p, const struct bl_session_self *self, struct bl_err *err)
{
	struct session *s = calloc(1, sizeof *s);
	int rc = -1;

	if (!s)
		return bl_err_set(err, BL_OSERR, "out of memory");
	s->sock = sock;
	s->file = -1;
	s->provider = p;
	s->hello.backend = self->backend;
	memcpy(s->hello.build, self->build, sizeof s->hello.build);
	s->hello.class = (uint8_t)p->class;
	s->hello.mask = s->ask.mask = self->mask;
	s->ask.vault = v;
	s->ask.session = &s->sign;
	s->seen = calloc(REQUESTS, sizeof *s->seen);
	bl_frame_init(&s->link, BL_FRAME_HELPER);
	if (!s->seen)
		bl_err_set(err, BL_OSERR, "out of memory");
	else if (!make_keys(s, err) && !send_hello(s, err))
		while (s->ask.evidence = s->evidence, !(rc = step(s, err)))
			;
	if (rc < 0 && err->code != BL_UNAVAILABLE)
		bl_frame_send_error(&s->link, sock, err->code, 0);
	bl_ask_fini(&s->ask);
	bl_reader_close(s->ask.reader);
	bl_json_free(s->evidence);
	bl_ident_fini(&s->sign);
	bl_mem_free(s->kem_sk);
	bl_mem_free(s->key);
	free(s->seen);
	free(s);
	return rc < 0 && err->code != BL_UNAVAILABLE ? -1 : 0;
}
