/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame: see frame.h. One table of rules is the whole protocol: both ends, sending and receiving, go through the same step.
 * What has no rule is never allowed.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "tee/frame.h"

enum { ANY = 0xffff, FDS = 8 };		/* FDS: room for descriptors that must not be there, to close them */
#define UNTOUCHED __attribute__((uninitialized))	/* not zeroed by -ftrivial-auto-var-init: 64 KiB a frame would be felt */
static const uint8_t magic[4] = "BLT1";

#define IN(state) (1u << (state))
static const struct rule {
	uint16_t type;
	enum bl_frame_side from;
	unsigned in;			/* states that allow it */
	enum bl_frame_state next;
	uint16_t len;			/* exactly, or ANY */
	bool more;
	unsigned fds;			/* none over a stream */
	bool vm;			/* of a helper in a VM only */
} rules[] = {
	{ BL_FRAME_HELLO, BL_FRAME_HELPER, IN(BL_FRAME_START), BL_FRAME_IDLE, 112, false, 0, false },
	{ BL_FRAME_CHALLENGE, BL_FRAME_CLIENT, IN(BL_FRAME_IDLE) | IN(BL_FRAME_ASKED), BL_FRAME_CHALLENGED, 144, false, 0, false },
	{ BL_FRAME_EVIDENCE, BL_FRAME_HELPER, IN(BL_FRAME_CHALLENGED), BL_FRAME_ASKED, ANY, true, 0, false },
	{ BL_FRAME_GRANT, BL_FRAME_CLIENT, IN(BL_FRAME_ASKED) | IN(BL_FRAME_KEYED), BL_FRAME_KEYED, 332, false, 0, false },
	{ BL_FRAME_OPEN, BL_FRAME_CLIENT, IN(BL_FRAME_ASKED) | IN(BL_FRAME_KEYED) | IN(BL_FRAME_READY), BL_FRAME_OPENING, 20, false, 1, false },
	{ BL_FRAME_OPENED, BL_FRAME_HELPER, IN(BL_FRAME_OPENING), BL_FRAME_READY, 44, false, 0, false },
	{ BL_FRAME_REQUEST, BL_FRAME_CLIENT, IN(BL_FRAME_READY), BL_FRAME_RUN, ANY, true, 0, false },
	{ BL_FRAME_RELEASE, BL_FRAME_HELPER, IN(BL_FRAME_RUN), BL_FRAME_READY, ANY, true, 0, false },
	{ BL_FRAME_ATTACH, BL_FRAME_HELPER, IN(BL_FRAME_BOOT), BL_FRAME_ATTACHING, 0, false, 0, true },
	{ BL_FRAME_ATTACH, BL_FRAME_CLIENT, IN(BL_FRAME_ATTACHING), BL_FRAME_START, ANY, true, 0, true },
	/* The helper changes its vault only while the word is with it. */
	{ BL_FRAME_APPEND, BL_FRAME_HELPER, IN(BL_FRAME_START) | IN(BL_FRAME_CHALLENGED) | IN(BL_FRAME_OPENING) | IN(BL_FRAME_RUN) |
	  IN(BL_FRAME_ENDED) | IN(BL_FRAME_SYNCING), BL_FRAME_SYNCING, ANY, false, 0, true },
	{ BL_FRAME_SYNCED, BL_FRAME_CLIENT, IN(BL_FRAME_SYNCING), BL_FRAME_START /* back, rather */, 8, false, 0, true },
	{ BL_FRAME_BYE, BL_FRAME_CLIENT, IN(BL_FRAME_IDLE) | IN(BL_FRAME_ASKED) | IN(BL_FRAME_KEYED) | IN(BL_FRAME_READY), BL_FRAME_ENDED, 0, false, 0, false },
	{ BL_FRAME_BYE, BL_FRAME_HELPER, IN(BL_FRAME_ENDED), BL_FRAME_DONE, 0, false, 0, false },
	{ BL_FRAME_ERROR, BL_FRAME_HELPER, ~IN(BL_FRAME_DONE), BL_FRAME_DONE, 8, false, 0, false },
};

void bl_frame_init(struct bl_frame_link *l, enum bl_frame_side side)
{
	*l = (struct bl_frame_link){ .side = side };
}

void bl_frame_init_vm(struct bl_frame_link *l, enum bl_frame_side side)
{
	*l = (struct bl_frame_link){ .side = side, .state = BL_FRAME_BOOT, .vm = true };
}

static const struct rule *find_rule(enum bl_frame_side from, uint16_t type)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (rules[i].type == type && rules[i].from == from)
			return &rules[i];
	return NULL;
}

/* Why a frame from this side is not allowed now, or NULL, and the link moves on. */
static const char *step(struct bl_frame_link *l, enum bl_frame_side from, uint16_t type, uint16_t flags, size_t len, unsigned nfd)
{
	const struct rule *r = find_rule(from, type);
	const bool more = flags & BL_FRAME_MORE;

	if (!r || (r->vm && !l->vm))
		return "a type that is unknown or not served";
	if (flags & ~BL_FRAME_MORE)
		return "unknown flags";
	if (!(r->in & IN(l->state)) || (l->more_type && l->more_type != type && type != BL_FRAME_ERROR))
		return "a type that is not allowed in this state";
	if ((type == BL_FRAME_CHALLENGE && l->asked == BL_FRAME_SLOTS) || (type == BL_FRAME_OPEN && l->opened == l->asked))
		return "a file too many";
	if (type == BL_FRAME_GRANT && l->granted == l->asked)
		return "a grant too many";
	if (r->len != ANY && len != r->len)
		return "a length that its type does not have";
	/* One way to cut a message, so that many tiny pieces are none. */
	if ((more && (!r->more || len != BL_FRAME_BODY)) || len > BL_FRAME_BODY || (l->more_type == type && !len))
		return "a piece of the wrong length";
	if (nfd != (l->vm ? 0 : r->fds))
		return "the wrong number of descriptors";
	l->more_type = more ? type : 0;
	if (type == BL_FRAME_APPEND && l->state != BL_FRAME_SYNCING)
		l->back = l->state;
	if (!more) {
		l->state = type == BL_FRAME_SYNCED ? l->back : r->next;
		l->asked = (uint8_t)(l->asked + (type == BL_FRAME_CHALLENGE));
		l->granted = (uint8_t)(l->granted + (type == BL_FRAME_GRANT));
		l->opened = (uint8_t)(l->opened + (type == BL_FRAME_OPEN));
	}
	return NULL;
}

static int put_head(struct bl_frame_link *l, uint16_t type, uint16_t flags, size_t n, unsigned nfd, uint8_t head[BL_FRAME_HEAD],
		    struct bl_err *err)
{
	const uint32_t len = (uint32_t)n;
	const char *why = step(l, l->side, type, flags, n, nfd);

	if (why)
		return bl_err_set(err, BL_BUG, "a frame of type %u cannot be sent: %s", type, why);
	memcpy(head, magic, 4);
	memcpy(head + 4, &type, 2);
	memcpy(head + 6, &flags, 2);
	memcpy(head + 8, &l->out_seq, 4);
	memcpy(head + 12, &len, 4);
	l->out_seq++;
	return 0;
}

int bl_frame_put(struct bl_frame_link *l, uint16_t type, uint16_t flags, const void *body, size_t n, struct bl_buf *b, struct bl_err *err)
{
	const struct rule *r = find_rule(l->side, type);
	uint8_t head[BL_FRAME_HEAD];

	if (put_head(l, type, flags, n, r && !l->vm ? r->fds : 0, head, err))
		return -1;
	bl_buf_put(b, head, sizeof head);
	if (n)
		bl_buf_put(b, body, n);
	return b->failed ? bl_err_set(err, BL_OSERR, "out of memory") : 0;
}

static int break_link(struct bl_frame_link *l, struct bl_err *err, const char *why)
{
	if (l->state != BL_FRAME_DONE)
		l->state = BL_FRAME_BROKEN;
	return bl_err_set(err, BL_PROTOCOL, "%s broke the protocol: %s", l->side == BL_FRAME_HELPER ? "the client" : "the helper", why);
}

int bl_frame_get(struct bl_frame_link *l, const uint8_t *p, size_t n, unsigned nfd, struct bl_frame *f, struct bl_err *err)
{
	const enum bl_frame_side from = l->side == BL_FRAME_HELPER ? BL_FRAME_CLIENT : BL_FRAME_HELPER;
	struct bl_frame got;
	const char *why;

	if (l->state == BL_FRAME_BROKEN)
		return break_link(l, err, "a frame after its end");
	if (n < BL_FRAME_HEAD || n > BL_FRAME_MAX || memcmp(p, magic, 4))
		return break_link(l, err, "not a frame");
	got = (struct bl_frame){ bl_le16(p + 4), bl_le16(p + 6), bl_le32(p + 8), bl_le32(p + 12), p + BL_FRAME_HEAD };
	if (got.len != n - BL_FRAME_HEAD)
		return break_link(l, err, "a length that is not what arrived");
	if (got.seq != l->in_seq)
		return break_link(l, err, "a frame out of sequence");
	if ((why = step(l, from, got.type, got.flags, got.len, nfd)))
		return break_link(l, err, why);
	l->in_seq++;
	*f = got;
	return 0;
}

/* --- the socket, or the stream --- */

static int lost(const struct bl_frame_link *l, struct bl_err *err)
{
	return bl_err_set(err, BL_UNAVAILABLE, "%s closed the connection", l->side == BL_FRAME_HELPER ? "the client" : "the helper");
}

static bool is_gone(int e)
{
	return e == EPIPE || e == ECONNRESET || e == ENOTCONN;
}

static ssize_t send_with_fd(int sock, const void *p, size_t n, int fd)
{
	union { struct cmsghdr h; char room[CMSG_SPACE(sizeof(int))]; } c = { .room = { 0 } };
	struct iovec iov = { (void *)(uintptr_t)p, n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = c.room, .msg_controllen = sizeof c.room };

	c.h.cmsg_level = SOL_SOCKET;
	c.h.cmsg_type = SCM_RIGHTS;
	c.h.cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(&c.h), &fd, sizeof fd);
	return sendmsg(sock, &m, MSG_NOSIGNAL);
}

/* Until the stream can be read or written; -1 when nobody is at its other end any more, or it took too long. */
static int wait_for(const struct bl_frame_link *l, int fd, short events, struct bl_err *err)
{
	struct pollfd p = { .fd = fd, .events = events };
	int rc;

	do {
		const uint64_t now = l->deadline ? bl_time_mono_ns() : 0;
		if (l->deadline && now >= l->deadline)
			return bl_err_set(err, BL_UNAVAILABLE, "%s did not answer in time", l->side == BL_FRAME_HELPER ? "the client" : "the helper");
		rc = poll(&p, 1, l->deadline ? (int)((l->deadline - now) / 1000000 + 1) : -1);
	} while (!rc || (rc < 0 && errno == EINTR));
	if (rc < 0)
		return bl_err_sys(err, BL_OSERR, "cannot wait for a frame");
	return p.revents & events ? 0 : lost(l, err);
}

/* Is the other side gone, is there nothing to be had at the moment (then that is waited for), or did something fail? */
static int after_failure(const struct bl_frame_link *l, int fd, short events, struct bl_err *err)
{
	if (errno == EINTR)
		return 0;
	if (errno == EAGAIN)
		return wait_for(l, fd, events, err);
	return is_gone(errno) ? lost(l, err) : bl_err_sys(err, BL_OSERR, events == POLLIN ? "cannot receive a frame" : "cannot send a frame");
}

static int write_stream(const struct bl_frame_link *l, int fd, const uint8_t *p, size_t n, struct bl_err *err)
{
	while (n) {
		ssize_t did = send(fd, p, n, MSG_NOSIGNAL);
		if (did < 0 && errno == ENOTSOCK)	/* the port of a VM */
			did = write(fd, p, n);
		if (did < 0 && after_failure(l, fd, POLLOUT, err))
			return -1;
		p += did < 0 ? 0 : did;
		n -= did < 0 ? 0 : (size_t)did;
	}
	return 0;
}

static int read_stream(const struct bl_frame_link *l, int fd, uint8_t *p, size_t n, struct bl_err *err)
{
	while (n) {
		ssize_t did = l->deadline && wait_for(l, fd, POLLIN, err) ? -2 : read(fd, p, n);
		if (did == -2)
			return -1;
		if (!did)
			return lost(l, err);
		if (did < 0 && after_failure(l, fd, POLLIN, err))
			return -1;
		p += did < 0 ? 0 : did;
		n -= did < 0 ? 0 : (size_t)did;
	}
	return 0;
}

int bl_frame_send(struct bl_frame_link *l, int sock, uint16_t type, uint16_t flags, const void *body, size_t n, int fd, struct bl_err *err)
{
	uint8_t packet[BL_FRAME_MAX] UNTOUCHED;
	ssize_t sent;

	if (put_head(l, type, flags, n, fd >= 0, packet, err))
		return -1;
	if (n)
		memcpy(packet + BL_FRAME_HEAD, body, n);
	if (l->vm)
		return write_stream(l, sock, packet, BL_FRAME_HEAD + n, err);
	/* The helper sends by sendto alone, so that its sandbox can tell that no descriptor goes along. */
	do
		sent = fd >= 0 ? send_with_fd(sock, packet, BL_FRAME_HEAD + n, fd) :
				 sendto(sock, packet, BL_FRAME_HEAD + n, MSG_NOSIGNAL, NULL, 0);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return is_gone(errno) ? lost(l, err) : bl_err_sys(err, BL_OSERR, "cannot send a frame");
	return 0;
}

/* Every descriptor that came with m: the first of them in *fd, the others closed. Returns how many there were. */
static unsigned take_fds(struct msghdr *m, int *fd)
{
	unsigned count = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; CMSG_LEN((i + 1) * sizeof(int)) <= c->cmsg_len; i++) {
			int got;
			memcpy(&got, CMSG_DATA(c) + i * sizeof got, sizeof got);
			if (count++)
				close(got);
			else
				*fd = got;
		}
	}
	return count;
}

/* The header alone first, and no byte of a body that it does not admit. */
static int recv_stream(struct bl_frame_link *l, int sock, uint8_t *packet, struct bl_frame *f, struct bl_err *err)
{
	uint32_t len;

	if (read_stream(l, sock, packet, BL_FRAME_HEAD, err))
		return -1;
	if (memcmp(packet, magic, 4) || (len = bl_le32(packet + 12)) > BL_FRAME_BODY)
		return break_link(l, err, "not a frame");
	if (read_stream(l, sock, packet + BL_FRAME_HEAD, len, err))
		return -1;
	return bl_frame_get(l, packet, BL_FRAME_HEAD + len, 0, f, err);
}

/* What the helper did to its vault is put into the vault before anything else of it is heard. */
static int recv_vm(struct bl_frame_link *l, int sock, uint8_t *packet, struct bl_frame *f, struct bl_err *err)
{
	for (;;) {
		uint64_t synced = 0;
		int rc = recv_stream(l, sock, packet, f, err);

		if (rc || f->type != BL_FRAME_APPEND || !l->append)
			return rc;
		if ((rc = l->append(l->arg, f, &synced, err)) < 0 ||
		    (rc && bl_frame_send(l, sock, BL_FRAME_SYNCED, 0, &synced, sizeof synced, -1, err)))
			return -1;
	}
}

int bl_frame_recv(struct bl_frame_link *l, int sock, uint8_t *packet, struct bl_frame *f, int *fd, struct bl_err *err)
{
	union { struct cmsghdr h; char room[CMSG_SPACE(FDS * sizeof(int))]; } c = { .room = { 0 } };
	struct iovec iov = { packet, BL_FRAME_MAX };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = c.room, .msg_controllen = sizeof c.room };
	ssize_t n;
	int got = -1, rc;
	unsigned nfd;

	*fd = -1;
	if (l->vm)
		return recv_vm(l, sock, packet, f, err);
	do
		n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return is_gone(errno) ? lost(l, err) : bl_err_sys(err, BL_OSERR, "cannot receive a frame");
	nfd = take_fds(&m, &got);
	if (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		rc = break_link(l, err, "more than a frame holds");
	else if (!n && !nfd)			/* an empty packet is taken for the end, too */
		return lost(l, err);
	else
		rc = bl_frame_get(l, packet, (size_t)n, nfd, f, err);
	if (rc && got >= 0)
		close(got);
	else
		*fd = got;
	return rc;
}

int bl_frame_send_long(struct bl_frame_link *l, int sock, uint16_t type, const void *p, size_t n, struct bl_err *err)
{
	const uint8_t *at = p;

	for (; n > BL_FRAME_BODY; at += BL_FRAME_BODY, n -= BL_FRAME_BODY)
		if (bl_frame_send(l, sock, type, BL_FRAME_MORE, at, BL_FRAME_BODY, -1, err))
			return -1;
	return bl_frame_send(l, sock, type, 0, at, n, -1, err);
}

int bl_frame_recv_rest(struct bl_frame_link *l, int sock, const struct bl_frame *first, struct bl_buf *b, struct bl_err *err)
{
	uint8_t packet[BL_FRAME_MAX] UNTOUCHED;
	struct bl_frame f = *first;
	int fd;

	for (;;) {
		bl_buf_put(b, f.body, f.len);
		if (b->failed)
			return break_link(l, err, "a message longer than its type may be");
		if (!(f.flags & BL_FRAME_MORE))
			return 0;
		if (bl_frame_recv(l, sock, packet, &f, &fd, err))
			return -1;
		if (f.type == BL_FRAME_ERROR)
			return bl_frame_error(&f, NULL, err);
	}
}

int bl_frame_recv_long(struct bl_frame_link *l, int sock, uint16_t type, struct bl_buf *b, struct bl_err *err)
{
	uint8_t packet[BL_FRAME_MAX] UNTOUCHED;
	struct bl_frame f;
	int fd;

	if (bl_frame_recv(l, sock, packet, &f, &fd, err))
		return -1;
	if (f.type == type)
		return bl_frame_recv_rest(l, sock, &f, b, err);
	if (fd >= 0)
		close(fd);
	return f.type == BL_FRAME_ERROR ? bl_frame_error(&f, NULL, err) : break_link(l, err, "another frame than the one expected");
}

/* --- the last word --- */

void bl_frame_send_error(struct bl_frame_link *l, int sock, int code, uint32_t rule)
{
	const uint32_t body[2] = { (uint32_t)code, rule };
	struct bl_err ignored;

	bl_frame_send(l, sock, BL_FRAME_ERROR, 0, body, sizeof body, -1, &ignored);
}

int bl_frame_error(const struct bl_frame *f, uint32_t *rule, struct bl_err *err)
{
	static const struct { int code; const char *text; } words[] = {
		{ BL_USAGE, "the helper does not understand the request" },
		{ BL_DATA, "the helper found the file malformed, forged or truncated" },
		{ BL_NOINPUT, "the helper cannot open its vault" },
		{ BL_UNAVAILABLE, "the helper is not available" },
		{ BL_BUG, "the helper stopped at a bug of its own" },
		{ BL_OSERR, "the operating system refused the helper something" },
		{ BL_CANTCREAT, "the helper cannot write to its vault" },
		{ BL_IOERR, "the helper met an i/o error" },
		{ BL_TEMPFAIL, "the vault is locked, or the request waits for review" },
		{ BL_PROTOCOL, "the helper says that this program broke the protocol" },
		{ BL_REFUSED, "the helper refused" },
		{ BL_CONFIG, "the helper cannot use the policy" },
	};
	const uint32_t code = bl_le32(f->body), number = bl_le32(f->body + 4);

	if (rule)
		*rule = number;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if ((uint32_t)words[i].code != code)
			continue;
		return number ? bl_err_set(err, words[i].code, "%s (rule %u)", words[i].text, number) :
				bl_err_set(err, words[i].code, "%s", words[i].text);
	}
	return bl_err_set(err, BL_PROTOCOL, "the helper broke the protocol: an error of no known class");
}
