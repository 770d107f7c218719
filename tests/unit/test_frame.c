/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames: the order of a session, byte by byte and over a socket with descriptors; and that of a helper in a VM, over a stream.
 * Whatever is out of order ends it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"
#include "base/time.h"
#include "tee/frame.h"

static struct bl_err err;
static uint8_t zeros[BL_FRAME_MAX];

static const struct { uint16_t type; enum bl_frame_side from; size_t len; } session[] = {
	{ BL_FRAME_HELLO, BL_FRAME_HELPER, 112 }, { BL_FRAME_CHALLENGE, BL_FRAME_CLIENT, 144 }, { BL_FRAME_EVIDENCE, BL_FRAME_HELPER, 700 },
	{ BL_FRAME_OPEN, BL_FRAME_CLIENT, 20 }, { BL_FRAME_OPENED, BL_FRAME_HELPER, 44 }, { BL_FRAME_REQUEST, BL_FRAME_CLIENT, 90 },
	{ BL_FRAME_RELEASE, BL_FRAME_HELPER, 4096 }, { BL_FRAME_REQUEST, BL_FRAME_CLIENT, 1 }, { BL_FRAME_RELEASE, BL_FRAME_HELPER, 1 },
	{ BL_FRAME_BYE, BL_FRAME_CLIENT, 0 }, { BL_FRAME_BYE, BL_FRAME_HELPER, 0 },
};
enum { STEPS = sizeof session / sizeof *session };

/* Both ends after the first n steps of that session. */
static void after(int n, struct bl_frame_link end[2])
{
	struct bl_buf b;
	struct bl_frame f;

	bl_frame_init(&end[0], BL_FRAME_HELPER);
	bl_frame_init(&end[1], BL_FRAME_CLIENT);
	bl_buf_init(&b, BL_FRAME_MAX);
	for (int i = 0; i < n; i++) {
		bl_buf_clear(&b);
		if (bl_frame_put(&end[session[i].from], session[i].type, 0, zeros, session[i].len, &b, &err) ||
		    bl_frame_get(&end[!session[i].from], b.p, b.len, session[i].type == BL_FRAME_OPEN, &f, &err) ||
		    f.type != session[i].type || f.len != session[i].len) {
			printf("# step %d: %s\n", i, err.msg);
			exit(1);
		}
	}
	bl_buf_fini(&b);
}

/* A packet with any header, as a peer that does not use our code would send it. */
static size_t packet(uint8_t *p, uint16_t type, uint16_t flags, uint32_t seq, uint32_t len)
{
	memset(p, 0, BL_FRAME_MAX);
	memcpy(p, "BLT1", 4);
	memcpy(p + 4, &type, 2);
	memcpy(p + 6, &flags, 2);
	memcpy(p + 8, &seq, 4);
	memcpy(p + 12, &len, 4);
	return BL_FRAME_HEAD + len;
}

static bool refuses(const struct bl_frame_link *l, const uint8_t *p, size_t n, unsigned nfd)
{
	struct bl_frame_link try = *l;
	struct bl_frame f;

	return bl_frame_get(&try, p, n, nfd, &f, &err) && err.code == BL_PROTOCOL &&
	       bl_frame_get(&try, p, n, nfd, &f, &err) && err.code == BL_PROTOCOL;
}

static void test_order(void)
{
	static const struct { uint16_t type; uint32_t len; } kinds[] = {
		{ 0, 0 }, { 1, 112 }, { 2, 144 }, { 3, 40 }, { 4, 332 }, { 5, 20 }, { 6, 44 }, { 7, 40 }, { 8, 40 }, { 9, 8 }, { 10, 8 },
		{ 11, 0 }, { 125, 0 }, { 126, 0 }, { 127, 8 }, { 128, 0 }, { 0xffff, 0 },
	};
	static uint8_t p[BL_FRAME_MAX];
	unsigned wrong = 0, allowed = 0;
	struct bl_frame_link end[2];

	after(STEPS, end);
	ok(end[0].state == BL_FRAME_DONE && end[1].state == BL_FRAME_DONE, "a whole session passes, and both ends agree that it is over");
	for (int i = 0; i <= STEPS; i++) {
		after(i, end);
		for (int side = 0; side < 2; side++)
			for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
				const uint16_t t = kinds[k].type;
				size_t n = packet(p, t, 0, end[side].in_seq, kinds[k].len);
				bool good = i < STEPS && t == session[i].type && (int)session[i].from != side;
				/* Beside the next step: the helper's ERROR, the client's BYE between steps. */
				good |= side == BL_FRAME_CLIENT && t == BL_FRAME_ERROR && i < STEPS;
				good |= side == BL_FRAME_HELPER && t == BL_FRAME_BYE && (i == 1 || i == 3 || i == 5 || i == 7 || i == 9);
				good |= side == BL_FRAME_HELPER && t == BL_FRAME_CHALLENGE && (i == 1 || i == 3);
				good |= side == BL_FRAME_HELPER && t == BL_FRAME_GRANT && i == 3;
				good |= side == BL_FRAME_HELPER && t == BL_FRAME_REQUEST && (i == 5 || i == 7 || i == 9);
				allowed += good;
				if (refuses(&end[side], p, n, t == BL_FRAME_OPEN) == good)
					wrong++, printf("# after %d steps, side %d, type %u\n", i, side, t);
			}
	}
	ok(!wrong && allowed > STEPS, "in every state, every type but the allowed ones is refused with 76");
}

/* A grant comes between evidence and OPEN, no more of them than challenges. */
static void test_grant(void)
{
	static uint8_t p[BL_FRAME_MAX];
	struct bl_frame_link end[2];
	struct bl_frame f;
	size_t n;

	after(3, end);
	n = packet(p, BL_FRAME_GRANT, 0, end[0].in_seq, 331);
	ok(refuses(&end[0], p, n, 0), "a grant's length is exact");
	n = packet(p, BL_FRAME_GRANT, 0, end[0].in_seq, 332);
	ok(refuses(&end[0], p, n, 1), "it takes no descriptor");
	ok(!bl_frame_get(&end[0], p, n, 0, &f, &err) && end[0].state == BL_FRAME_KEYED, "a grant may follow the evidence");
	ok(refuses(&end[0], p, packet(p, BL_FRAME_GRANT, 0, end[0].in_seq, 332), 0), "one for each challenge");
	ok(refuses(&end[0], p, packet(p, BL_FRAME_CHALLENGE, 0, end[0].in_seq, 144), 0), "no challenge after it");
	ok(refuses(&end[0], p, packet(p, BL_FRAME_REQUEST, 0, end[0].in_seq, 9), 0), "no request before the file");
	ok(!refuses(&end[0], p, packet(p, BL_FRAME_BYE, 0, end[0].in_seq, 0), 0), "but the end");
	ok(!refuses(&end[0], p, packet(p, BL_FRAME_OPEN, 0, end[0].in_seq, 20), 1), "or OPEN");
	after(5, end);
	ok(refuses(&end[0], p, packet(p, BL_FRAME_GRANT, 0, end[0].in_seq, 332), 0), "behind which a grant comes too late");
	bl_frame_init(&end[0], BL_FRAME_CLIENT);
	end[0].state = BL_FRAME_ASKED;
	end[0].asked = 1;
	ok(refuses(&end[0], p, packet(p, BL_FRAME_GRANT, 0, 0, 332), 0), "and a helper grants nothing");
}

static void test_header(void)
{
	static uint8_t p[BL_FRAME_MAX + 1];
	struct bl_frame_link end[2];
	size_t n;
	bool all = true;

	after(1, end);
	const struct bl_frame_link *l = &end[BL_FRAME_HELPER];
	n = packet(p, BL_FRAME_CHALLENGE, 0, 0, 144);
	ok(!refuses(l, p, n, 0), "the challenge that the next ones spoil is good");
	for (size_t i = 0; i < BL_FRAME_HEAD; i++)
		for (unsigned bit = 1; bit < 256; bit <<= 1) {
			p[i] ^= (uint8_t)bit;
			all &= refuses(l, p, n, 0);
			p[i] ^= (uint8_t)bit;
		}
	ok(all, "no flipped bit of a header passes");
	for (size_t i = 0; i < n; i++)
		all &= refuses(l, p, i, 0);
	ok(all && refuses(l, p, n + 1, 0), "a packet that is shorter or longer than it says is refused");
	ok(refuses(l, p, n, 1), "a descriptor with a type that takes none is refused");
	n = packet(p, BL_FRAME_CHALLENGE, 0, 0, 143);
	ok(refuses(l, p, n, 0), "a type's length is exact");
	after(3, end);
	n = packet(p, BL_FRAME_OPEN, 0, 1, 20);
	ok(refuses(&end[0], p, n, 0) && refuses(&end[0], p, n, 2) && !refuses(&end[0], p, n, 1), "OPEN takes one descriptor, not none, not two");
	after(4, end);
	struct bl_buf b;
	bl_buf_init(&b, BL_FRAME_MAX);
	ok(bl_frame_put(&end[0], BL_FRAME_RELEASE, 0, zeros, 8, &b, &err) && err.code == BL_BUG && !b.len,
	   "what the state does not allow cannot be sent either");
	bl_buf_fini(&b);
}

static void test_limits(void)
{
	static uint8_t p[BL_FRAME_MAX + 1];
	struct bl_frame_link end[2];
	struct bl_frame f;
	struct bl_buf b;
	size_t n;
	int good = 0;

	bl_buf_init(&b, BL_FRAME_MAX);
	after(1, end);
	for (; good < 20; good++) {
		bl_buf_clear(&b);
		n = packet(p, BL_FRAME_CHALLENGE, 0, end[0].in_seq, 144);
		if (bl_frame_get(&end[0], p, n, 0, &f, &err) || bl_frame_put(&end[0], BL_FRAME_EVIDENCE, 0, zeros, 8, &b, &err))
			break;
	}
	is_int(good, BL_FRAME_SLOTS, "sixteen files to a session, and no more");
	after(5, end);
	n = packet(p, BL_FRAME_OPEN, 0, end[0].in_seq, 20);
	ok(refuses(&end[0], p, n, 1), "no more files than challenges");
	n = packet(p, BL_FRAME_REQUEST, BL_FRAME_MORE, end[0].in_seq, 100);
	ok(refuses(&end[0], p, n, 0), "a piece that is not full is the last");
	n = packet(p, BL_FRAME_REQUEST, BL_FRAME_MORE, end[0].in_seq, BL_FRAME_BODY);
	is_int(bl_frame_get(&end[0], p, n, 0, &f, &err), 0, "a full piece may be followed");
	ok(refuses(&end[0], p, packet(p, BL_FRAME_BYE, 0, end[0].in_seq, 0), 0), "by nothing but the same type");
	ok(refuses(&end[0], p, packet(p, BL_FRAME_REQUEST, 0, end[0].in_seq, 0), 0), "and not by an empty piece");
	bl_buf_clear(&b);
	is_int(bl_frame_put(&end[0], BL_FRAME_ERROR, 0, zeros, 8, &b, &err), 0, "the helper may break off in the middle with ERROR");
	ok(refuses(&end[0], p, packet(p, BL_FRAME_REQUEST, 0, end[0].in_seq, 9), 0), "and hears nothing after it");
	bl_buf_fini(&b);
}

/* --- over a socket --- */

static int pair[2];

static unsigned open_fds(void)
{
	unsigned n = 0;

	for (int i = 0; i < 64; i++)
		n += fcntl(i, F_GETFD) >= 0;
	return n;
}

/* Sends n bytes with nfd descriptors, whatever they are. */
static void send_raw(const void *p, size_t n, int nfd)
{
	union { struct cmsghdr h; char room[CMSG_SPACE(32 * sizeof(int))]; } c = { .room = { 0 } };
	struct iovec iov = { (void *)(uintptr_t)p, n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (nfd) {
		m.msg_control = c.room;
		m.msg_controllen = CMSG_SPACE((size_t)nfd * sizeof(int));
		c.h.cmsg_level = SOL_SOCKET;
		c.h.cmsg_type = SCM_RIGHTS;
		c.h.cmsg_len = CMSG_LEN((size_t)nfd * sizeof(int));
		for (int i = 0; i < nfd; i++)
			memcpy(CMSG_DATA(&c.h) + (size_t)i * sizeof(int), &(int){ STDIN_FILENO }, sizeof(int));
	}
	if (sendmsg(pair[1], &m, 0) != (ssize_t)n)
		exit(1);
}

/* What a helper in the state after n steps says of it: an exit class, 0 for good. Descriptors that stay open are *more. */
static int receive(int steps, const void *p, size_t n, int nfd, int *more)
{
	static uint8_t room[BL_FRAME_MAX];
	struct bl_frame_link end[2];
	struct bl_frame f;
	unsigned before = open_fds();
	int fd, rc;

	after(steps, end);
	send_raw(p, n, nfd);
	rc = bl_frame_recv(&end[0], pair[0], room, &f, &fd, &err) ? err.code : 0;
	*more = (int)(open_fds() - before);
	if (fd >= 0) {
		*more += !(fcntl(fd, F_GETFD) & FD_CLOEXEC) * 100;
		close(fd);
	}
	return rc;
}

static void test_descriptors(void)
{
	static uint8_t p[BL_FRAME_MAX + 100];
	size_t n = packet(p, BL_FRAME_OPEN, 0, 1, 20);
	int more, rc;

	rc = receive(3, p, n, 1, &more);
	ok(!rc && more == 1, "OPEN's descriptor arrives, closed on exec");
	for (int nfd = 2; nfd <= 20; nfd += 6) {
		rc = receive(3, p, n, nfd, &more);
		ok(rc == BL_PROTOCOL && !more, "%d descriptors are 76, and every one is closed", nfd);
	}
	n = packet(p, BL_FRAME_CHALLENGE, 0, 0, 144);
	rc = receive(1, p, n, 1, &more);
	ok(rc == BL_PROTOCOL && !more, "a descriptor where none belongs is 76, and closed");
	rc = receive(1, p, BL_FRAME_MAX + 1, 1, &more);
	ok(rc == BL_PROTOCOL && !more, "a packet longer than a frame is 76, its descriptor closed");
	rc = receive(1, p, 3, 1, &more);
	ok(rc == BL_PROTOCOL && !more, "a packet shorter than a header is 76, its descriptor closed");
	rc = receive(1, p, 0, 1, &more);
	ok(rc == BL_PROTOCOL && !more, "an empty packet with a descriptor is 76, and closed");
}

static void test_long(void)
{
	static const size_t sizes[] = { 1, BL_FRAME_BODY - 1, BL_FRAME_BODY, BL_FRAME_BODY + 1, 2 * BL_FRAME_BODY };
	static uint8_t p[2 * BL_FRAME_BODY];
	struct bl_frame_link end[2];
	struct bl_buf b;
	bool same = true;

	for (size_t i = 0; i < sizeof p; i++)
		p[i] = (uint8_t)(i * 7 + i / 251);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		after(5, end);
		bl_buf_init(&b, sizes[i]);
		same &= !bl_frame_send_long(&end[1], pair[1], BL_FRAME_REQUEST, p, sizes[i], &err) &&
			!bl_frame_recv_long(&end[0], pair[0], BL_FRAME_REQUEST, &b, &err) && b.len == sizes[i] && !memcmp(b.p, p, sizes[i]);
		bl_buf_fini(&b);
	}
	ok(same, "a long message is cut into full pieces and put together again");
	after(5, end);
	bl_buf_init(&b, BL_FRAME_BODY);
	ok(!bl_frame_send_long(&end[1], pair[1], BL_FRAME_REQUEST, p, BL_FRAME_BODY + 1, &err) &&
	   bl_frame_recv_long(&end[0], pair[0], BL_FRAME_REQUEST, &b, &err) && err.code == BL_PROTOCOL, "one longer than its bound is 76");
	bl_frame_send_error(&end[0], pair[0], BL_REFUSED, 7);
	bl_buf_clear(&b);
	ok(bl_frame_recv_long(&end[1], pair[1], BL_FRAME_RELEASE, &b, &err) && err.code == BL_REFUSED && strstr(err.msg, "rule 7") && !b.len,
	   "an ERROR in place of an answer is its exit class and rule");
	bl_buf_fini(&b);
	const uint32_t strange[2] = { 1, 0 };
	const struct bl_frame f = { BL_FRAME_ERROR, 0, 0, 8, (const uint8_t *)strange };
	ok(bl_frame_error(&f, NULL, &err) && err.code == BL_PROTOCOL, "an ERROR of no class that there is, is 76");
}

static void test_end(void)
{
	static uint8_t room[BL_FRAME_MAX];
	struct bl_frame_link end[2];
	struct bl_frame f;
	int fd;

	after(1, end);
	close(pair[1]);
	ok(bl_frame_recv(&end[0], pair[0], room, &f, &fd, &err) && err.code == BL_UNAVAILABLE && fd == -1, "the end of the connection is 69");
	bl_frame_send_error(&end[0], pair[0], BL_DATA, 0);
	after(0, end);
	ok(bl_frame_send(&end[0], pair[0], BL_FRAME_HELLO, 0, zeros, 112, -1, &err) && err.code == BL_UNAVAILABLE,
	   "sending to nobody is 69, not SIGPIPE");
}

/* --- of a helper in a VM --- */

static const struct { uint16_t type; enum bl_frame_side from; size_t len; } vm_session[] = {
	{ BL_FRAME_ATTACH, BL_FRAME_HELPER, 0 }, { BL_FRAME_ATTACH, BL_FRAME_CLIENT, 3000 }, { BL_FRAME_APPEND, BL_FRAME_HELPER, 24 },
	{ BL_FRAME_SYNCED, BL_FRAME_CLIENT, 8 }, { BL_FRAME_HELLO, BL_FRAME_HELPER, 112 }, { BL_FRAME_CHALLENGE, BL_FRAME_CLIENT, 144 },
	{ BL_FRAME_EVIDENCE, BL_FRAME_HELPER, 700 }, { BL_FRAME_OPEN, BL_FRAME_CLIENT, 20 }, { BL_FRAME_OPENED, BL_FRAME_HELPER, 44 },
	{ BL_FRAME_REQUEST, BL_FRAME_CLIENT, 90 }, { BL_FRAME_APPEND, BL_FRAME_HELPER, BL_FRAME_BODY }, { BL_FRAME_APPEND, BL_FRAME_HELPER, 99 },
	{ BL_FRAME_SYNCED, BL_FRAME_CLIENT, 8 }, { BL_FRAME_RELEASE, BL_FRAME_HELPER, 4096 }, { BL_FRAME_BYE, BL_FRAME_CLIENT, 0 },
	{ BL_FRAME_APPEND, BL_FRAME_HELPER, 24 }, { BL_FRAME_SYNCED, BL_FRAME_CLIENT, 8 }, { BL_FRAME_BYE, BL_FRAME_HELPER, 0 },
};
enum { VM_STEPS = sizeof vm_session / sizeof *vm_session };

static void vm_after(int n, struct bl_frame_link end[2])
{
	struct bl_buf b;
	struct bl_frame f;

	bl_frame_init_vm(&end[0], BL_FRAME_HELPER);
	bl_frame_init_vm(&end[1], BL_FRAME_CLIENT);
	bl_buf_init(&b, BL_FRAME_MAX);
	for (int i = 0; i < n; i++) {
		bl_buf_clear(&b);
		if (bl_frame_put(&end[vm_session[i].from], vm_session[i].type, 0, zeros, vm_session[i].len, &b, &err) ||
		    bl_frame_get(&end[!vm_session[i].from], b.p, b.len, 0, &f, &err)) {
			printf("# step %d: %s\n", i, err.msg);
			exit(1);
		}
	}
	bl_buf_fini(&b);
}

/* Is a type allowed after the first i steps? */
static bool vm_allows(int i, uint16_t t, enum bl_frame_side from)
{
	const bool syncing = i && vm_session[i - 1].type == BL_FRAME_APPEND;
	bool word;
	uint16_t next;

	if (i == VM_STEPS)
		return false;
	if (t == BL_FRAME_ERROR && from == BL_FRAME_HELPER)
		return true;
	if (syncing)		/* more of it, or its end */
		return t == (from == BL_FRAME_HELPER ? BL_FRAME_APPEND : BL_FRAME_SYNCED);
	word = vm_session[i].from == BL_FRAME_HELPER;
	if (t == BL_FRAME_APPEND)
		return from == BL_FRAME_HELPER && word && i;
	while (vm_session[i].type == BL_FRAME_APPEND || vm_session[i].type == BL_FRAME_SYNCED)
		i++;		/* which may be left out */
	next = vm_session[i].type;
	if (from == vm_session[i].from && t == next)
		return true;
	if (from == BL_FRAME_HELPER)
		return false;
	switch (t) {
	case BL_FRAME_BYE:
		return !word && next != BL_FRAME_ATTACH;
	case BL_FRAME_CHALLENGE:
		return next == BL_FRAME_OPEN;
	case BL_FRAME_GRANT:
		return next == BL_FRAME_OPEN;
	case BL_FRAME_REQUEST:
		return next == BL_FRAME_BYE && !word;
	default:
		return false;
	}
}

static void test_vm_order(void)
{
	static const uint16_t len[13] = { 0, 112, 144, 40, 332, 20, 44, 40, 40, 24, 8, 0, 0 };
	static uint8_t p[BL_FRAME_MAX];
	struct bl_frame_link end[2];
	unsigned wrong = 0, allowed = 0;

	vm_after(VM_STEPS, end);
	ok(end[0].state == BL_FRAME_DONE && end[1].state == BL_FRAME_DONE, "a whole session of a VM passes, and both ends agree that it is over");
	for (int i = 0; i <= VM_STEPS; i++) {
		vm_after(i, end);
		for (int side = 0; side < 2; side++)
			for (uint16_t k = 0; k < 15; k++) {
				const uint16_t t = k < 13 ? k : k == 13 ? BL_FRAME_BYE : BL_FRAME_ERROR;
				const size_t n = packet(p, t, 0, end[side].in_seq, t == BL_FRAME_ERROR ? 8 : t == BL_FRAME_BYE ? 0 : len[t]);
				const bool good = vm_allows(i, t, side == BL_FRAME_CLIENT ? BL_FRAME_HELPER : BL_FRAME_CLIENT);
				allowed += good;
				if (refuses(&end[side], p, n, 0) == good)
					wrong++, printf("# after %d steps, side %d, type %u\n", i, side, t);
			}
	}
	ok(!wrong && allowed > VM_STEPS, "in every state of it, every type but the allowed ones is refused with 76");
	vm_after(7, end);
	ok(refuses(&end[0], p, packet(p, BL_FRAME_OPEN, 0, end[0].in_seq, 20), 1), "OPEN takes no descriptor there");
	vm_after(10, end);
	ok(!bl_frame_get(&end[1], p, packet(p, BL_FRAME_RELEASE, BL_FRAME_MORE, end[1].in_seq, BL_FRAME_BODY), 0, &(struct bl_frame){ 0 }, &err) &&
	   refuses(&end[1], p, packet(p, BL_FRAME_APPEND, 0, end[1].in_seq, 24), 0), "nothing is appended between two pieces of an answer");
}

static int stream[2];

static void open_stream(void)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, stream))
		exit(1);
}

static void close_stream(void)
{
	close(stream[0]);
	close(stream[1]);
}

/* A client's first word of n bytes to a helper that waits for it, from a process that sends it in drops. */
static int hear(const uint8_t *p, size_t n, size_t drop, struct bl_frame *f, uint8_t room[BL_FRAME_MAX])
{
	struct bl_frame_link end[2];
	pid_t pid;
	int fd = 7, rc;

	vm_after(1, end);
	open_stream();
	pid = fork();
	if (!pid) {
		close(stream[0]);
		for (size_t at = 0; at < n; at += drop) {
			const size_t some = n - at < drop ? n - at : drop;
			while (write(stream[1], p + at, some) != (ssize_t)some)
				usleep(100);
			usleep(drop < 100 ? 200 : 0);
		}
		_exit(0);
	}
	close(stream[1]);
	err = (struct bl_err){ 0 };
	rc = bl_frame_recv(&end[0], stream[0], room, f, &fd, &err) ? err.code : 0;
	close(stream[0]);
	waitpid(pid, NULL, 0);
	return fd == -1 ? rc : -1;
}

static void test_stream(void)
{
	static uint8_t p[BL_FRAME_MAX + 1], room[BL_FRAME_MAX];
	struct bl_frame f;
	size_t n = packet(p, BL_FRAME_ATTACH, 0, 0, 50);
	bool all = true;

	ok(!hear(p, n, 1, &f, room) && f.len == 50, "a frame that comes byte by byte is one");
	n = packet(p, BL_FRAME_ATTACH, 0, 0, BL_FRAME_BODY);
	p[BL_FRAME_MAX - 1] = 77;
	ok(!hear(p, n, 5000, &f, room) && f.len == BL_FRAME_BODY && room[BL_FRAME_MAX - 1] == 77, "and so is the largest");
	for (size_t cut = 0; cut < 60; cut += 7)
		all &= hear(p, cut, 30, &f, room) == BL_UNAVAILABLE;
	ok(all, "the end of the stream is 69, wherever it is: the other side was killed");
	memset(room, 0, sizeof room);
	n = packet(p, BL_FRAME_ATTACH, 0, 0, BL_FRAME_BODY);
	memcpy(p + 12, &(uint32_t){ BL_FRAME_BODY + 1 }, 4);
	p[BL_FRAME_HEAD] = 77;
	ok(hear(p, n + 1, n + 1, &f, room) == BL_PROTOCOL && !room[BL_FRAME_HEAD], "a length above the most is 76 before a byte of the body is read");
	p[0] = 'x';
	ok(hear(p, n, n, &f, room) == BL_PROTOCOL, "and so is what does not begin as a frame does");
	packet(p, BL_FRAME_HELLO, 0, 0, 112);
	ok(hear(p, 128, 128, &f, room) == BL_PROTOCOL, "a frame of the wrong side is 76");
}

static void test_patience(void)
{
	static uint8_t room[BL_FRAME_MAX];
	struct bl_frame_link end[2];
	struct bl_frame f;
	unsigned sent = 0;
	int fd;

	vm_after(1, end);
	open_stream();
	end[0].deadline = bl_time_mono_ns() + 30000000;
	ok(bl_frame_recv(&end[0], stream[0], room, &f, &fd, &err) && err.code == BL_UNAVAILABLE && strstr(err.msg, "in time"),
	   "nobody waits beyond the deadline");
	end[1].deadline = bl_time_mono_ns() + 30000000;
	while (sent < 10000 && !bl_frame_send(&end[1], stream[1], BL_FRAME_ATTACH, BL_FRAME_MORE, zeros, BL_FRAME_BODY, -1, &err))
		sent++;
	ok(sent < 10000 && err.code == BL_UNAVAILABLE && strstr(err.msg, "in time"), "neither to be heard");
	close(stream[0]);
	end[1].deadline = 0;
	end[1].more_type = 0;
	ok(bl_frame_send(&end[1], stream[1], BL_FRAME_ATTACH, 0, zeros, 50, -1, &err) && err.code == BL_UNAVAILABLE, "sending to nobody is 69");
	close(stream[1]);
}

/* What the client's vault is told: how often, and whether the last of it has come. */
static struct { unsigned n, bytes; int rc; } told;
static int take_append(void *arg, const struct bl_frame *f, uint64_t *synced, struct bl_err *e)
{
	(void)arg;
	told.n++;
	told.bytes += f->len;
	*synced = 4711;
	return told.rc < 0 ? bl_err_set(e, BL_IOERR, "no room") : f->len < BL_FRAME_BODY;
}

static void test_append(void)
{
	static uint8_t room[BL_FRAME_MAX];
	struct bl_frame_link end[2];
	struct bl_frame f;
	struct bl_buf b;
	int fd;

	vm_after(10, end);
	open_stream();
	end[1].append = take_append;
	bl_buf_init(&b, BL_FRAME_BODY);
	if (bl_frame_send(&end[0], stream[0], BL_FRAME_APPEND, 0, zeros, BL_FRAME_BODY, -1, &err) ||
	    bl_frame_send(&end[0], stream[0], BL_FRAME_APPEND, 0, zeros, 30, -1, &err))
		exit(1);
	if (!fork()) {		/* the helper, once it heard SYNCED */
		if (bl_frame_recv(&end[0], stream[0], room, &f, &fd, &err) || f.type != BL_FRAME_SYNCED || bl_le64(f.body) != 4711)
			_exit(1);
		_exit(bl_frame_send_long(&end[0], stream[0], BL_FRAME_RELEASE, zeros, 100, &err) ? 1 : 0);
	}
	ok(!bl_frame_recv_long(&end[1], stream[1], BL_FRAME_RELEASE, &b, &err) && b.len == 100 && told.n == 2 && told.bytes == BL_FRAME_BODY + 30,
	   "the vault hears of every change, and SYNCED is said, before the answer is heard");
	wait(NULL);
	close_stream();
	vm_after(10, end);
	open_stream();
	end[1].append = take_append;
	told.rc = -1;
	bl_buf_clear(&b);
	if (bl_frame_send(&end[0], stream[0], BL_FRAME_APPEND, 0, zeros, 30, -1, &err))
		exit(1);
	ok(bl_frame_recv_long(&end[1], stream[1], BL_FRAME_RELEASE, &b, &err) && err.code == BL_IOERR, "a change that cannot be kept ends it");
	ok(read(stream[0], room, 1) < 0 && errno == EAGAIN, "and SYNCED is not said");
	close_stream();
	bl_buf_fini(&b);
}

int main(void)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		skip_all("no SEQPACKET sockets here");
	test_order();
	test_grant();
	test_header();
	test_limits();
	test_descriptors();
	test_long();
	test_end();
	test_vm_order();
	test_stream();
	test_patience();
	test_append();
	return tap_done();
}
