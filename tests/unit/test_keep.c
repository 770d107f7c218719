/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vault and the copy of it that a helper in a virtual machine works on: whenever something of the helper is heard both are the same; and
 * whatever a machine that means harm sends, no entry is lost, and none is there that does not belong.
 */
#include "../vm.h"
#include "policy/record.h"

static const char *const names[BL_SHIP_FILES] = { "helper.key", "cells", "journal", "checkpoint", "snapshot" };

/* All of DIR/NAME; freed by one of the calls to come, far off. */
static struct bl_buf *content(const char *dir, const char *name)
{
	static struct bl_buf b[64];
	static unsigned next;
	struct bl_buf *p = &b[next++ % 64];
	char path[512];

	bl_buf_fini(p);
	bl_buf_init(p, 64 << 20);
	snprintf(path, sizeof path, "%s/%s", dir, name);
	if (bl_file_read(path, p, &err))
		printf("# %s\n", err.msg);
	bl_file_forget_inputs();
	return p;
}

static bool equal(const struct bl_buf *a, const struct bl_buf *b)
{
	return a->len == b->len && !memcmp(a->p, b->p, a->len);
}

static bool same(const char *name)
{
	return equal(content(vault, name), content(copy, name));
}

static void work_in(const char *path, int n, size_t more)
{
	int dir = enter(path);

	work(dir, n, more);
	close(dir);
}

/* The journal of the vault as it is on the disk: its size, or -1 when it does not verify. */
static int entries(void)
{
	struct bl_journal *j = NULL;
	char path[96];
	int n = -1, fd;

	snprintf(path, sizeof path, "%s/journal", vault);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && !bl_journal_open(&j, fd, NULL, NULL, &err) && !bl_journal_lock(j, &err) && !bl_journal_torn(j))
		n = (int)bl_journal_size(j);
	bl_journal_close(j);
	close(fd);
	return n;
}

/* --- a vault and its copy --- */

/* A machine that attaches, then lets the helper work `rounds` times, and says after each that it did (HELLO, EVIDENCE). */
static pid_t machine(void (*round)(int dir, int i), int rounds)
{
	pid_t pid;

	open_port();
	pid = fork();
	if (!pid) {
		struct bl_frame_link l;
		struct bl_ship s;
		uint8_t body[112] = { 0 };
		int dir = enter(copy);

		close(port[0]);
		bl_frame_init_vm(&l, BL_FRAME_HELPER);
		if (bl_ship_attach(&s, &l, port[1], dir, &err))
			_exit(err.code);
		for (int i = 0; i < rounds; i++) {
			const uint32_t before = l.out_seq;
			round(dir, i);
			if (bl_ship_changes(&s, &l, port[1], &err))
				_exit(err.code);
			body[0] = l.out_seq != before;
			if (bl_frame_send(&l, port[1], i ? BL_FRAME_EVIDENCE : BL_FRAME_HELLO, 0, body, sizeof body, -1, &err))
				_exit(err.code);
			l.state = BL_FRAME_CHALLENGED;		/* the word stays with it */
		}
		bl_ship_fini(&s);
		_exit(0);
	}
	close(port[1]);
	return pid;
}

static int attach(void)
{
	struct bl_buf b;
	int rc;

	bl_buf_init(&b, 0);
	err = (struct bl_err){ 0 };
	rc = bl_keep_open(&keep, vault, &err) || bl_frame_recv_long(&client, port[0], BL_FRAME_ATTACH, &b, &err) ||
	     bl_keep_attach(&keep, &client, port[0], &err) ? err.code : 0;
	bl_file_forget_inputs();
	bl_buf_fini(&b);
	return rc;
}

/* The next round is over: 1 when something of it was shipped, 0 when nothing was; -1. */
static int hear(int i)
{
	struct bl_buf b;
	int rc;

	bl_buf_init(&b, 1024);
	rc = bl_frame_recv_long(&client, port[0], i ? BL_FRAME_EVIDENCE : BL_FRAME_HELLO, &b, &err) ? -1 : b.p[0];
	client.state = BL_FRAME_CHALLENGED;
	bl_buf_fini(&b);
	return rc;
}

static int end(pid_t pid)
{
	int status = 0;

	close(port[0]);
	waitpid(pid, &status, 0);
	bl_keep_close(&keep);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool is_locked(void)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[96];
	int fd, rc;

	snprintf(path, sizeof path, "%s/journal", vault);
	fd = open(path, O_RDWR | O_CLOEXEC);
	rc = fcntl(fd, F_OFD_SETLK, &l);
	close(fd);
	return rc && (errno == EAGAIN || errno == EACCES);
}

static void round_works(int dir, int i)
{
	static const size_t more[] = { 10, 0, 30000, 0 };

	if (i == 1)
		return;			/* nothing */
	work(dir, i == 2 ? 20 : 1, more[i]);
	if (i == 2)
		put_at(copy, "snapshot", noise, 150000, 0);
	if (i == 3)
		put_at(copy, "snapshot", noise + 1, 150000, 0);
}

static void test_copy(void)
{
	static const int shipped[] = { 1, 0, 1, 1 };
	struct bl_ident id, was;
	char path[96];
	pid_t pid;
	bool good = true;

	make_vault();
	put_at(vault, "cells", noise, sizeof noise, 0);
	work_in(vault, 30, 20000);
	pid = machine(round_works, 4);
	ok(!attach(), "a vault is attached: %s", err.msg);
	ok(is_locked(), "and locked");
	for (int i = 0; i < 4; i++) {
		good &= hear(i) == shipped[i];
		for (size_t f = BL_SHIP_CELLS; f < BL_SHIP_FILES; f++)
			good &= same(names[f]);
	}
	ok(good, "whenever a frame of the helper is heard the vault is what its copy is, and nothing is shipped when nothing changed");
	is_int(end(pid), 0, "the machine heard SYNCED each time");
	ok(!is_locked(), "then the vault is free again");
	is_int(entries(), 1 + 60 + 2 + 40 + 2, "its journal verifies and has the entries of both");
	snprintf(path, sizeof path, "%s/helper.key", vault);
	good = !bl_ident_read(&was, path, NULL, &err);
	snprintf(path, sizeof path, "%s/helper.key", copy);
	good = good && !bl_ident_read(&id, path, NULL, &err) && !memcmp(id.pk, was.pk, BL_IDENT_PK);
	ok(good, "the helper's key went along");
	bl_ident_fini(&id);
	bl_ident_fini(&was);
	bl_file_forget_inputs();
}

/* A record's header without the record, as an interrupted write leaves it; and whole ones, as far as a header tells. */
static size_t fake_record(uint8_t *p, size_t boxes)
{
	const uint64_t plain = boxes * BL_RECORD_BOX;

	memset(p, 0, BL_RECORD_HEAD);
	memcpy(p, "bl-cells", 8);
	memcpy(p + 8, &plain, 8);
	p[17] = 1;
	return (size_t)bl_record_len(plain);
}

static void round_cuts(int dir, int i)
{
	(void)dir;
	(void)i;
	/* Over what was torn, so that the file is as long as before. */
	put_at(copy, "cells", NULL, 0, (off_t)bl_record_len(BL_RECORD_BOX));
	put_at(copy, "cells", noise + 5000, 640, (off_t)bl_record_len(BL_RECORD_BOX));
}

static void test_torn(void)
{
	static const char torn[] = "{\"kind\":\"te";
	static uint8_t cells[200000];
	const size_t first = fake_record(cells, 1);
	struct bl_buf *j;
	off_t len;
	pid_t pid;

	make_vault();
	fake_record(cells + first, 2);
	put_at(vault, "cells", cells, first + 640, 0);		/* the second is cut short */
	j = content(vault, "journal");
	len = (off_t)j->len;
	put_at(vault, "journal", torn, sizeof torn - 1, len);
	pid = machine(round_cuts, 1);
	ok(!attach() && (off_t)content(copy, "journal")->len <= len, "a torn entry is cut before the copy is made");
	is_int(hear(0), 1, "a torn end of the cells is replaced");
	ok(same("cells") && content(vault, "cells")->len == first + 640, "by as many other bytes");
	is_int(end(pid), 0, "which the machine is told");
	is_int(entries(), 1, "no entry was lost");

	make_vault();
	j = content(vault, "journal");
	j->p[40] ^= 1;
	put_at(vault, "journal", j->p, j->len, 0);
	pid = machine(round_works, 0);
	is_int(attach(), BL_DATA, "a damaged journal is not attached (65): %s", err.msg);
	end(pid);
	make_vault();
	put_at(vault, "snapshot", NULL, 0, BL_SHIP_MOST);
	pid = machine(round_works, 0);
	ok(attach() == BL_UNAVAILABLE && strstr(err.msg, "256 MiB"), "nor is a vault that is too large (69)");
	end(pid);
}

/* --- a helper that means harm, to a client --- */

/* One APPEND, straight to the vault: its class, or minus what it returned. */
static int append(unsigned file, unsigned last, uint64_t offset, uint64_t size, const void *p, size_t n)
{
	static uint8_t body[BL_FRAME_BODY];
	const uint16_t head[4] = { (uint16_t)file, (uint16_t)last };
	struct bl_frame f = { BL_FRAME_APPEND, 0, 0, (uint32_t)(BL_SHIP_PIECE + n), body };
	uint64_t synced;
	int rc;

	memcpy(body, head, 8);
	memcpy(body + 8, &offset, 8);
	memcpy(body + 16, &size, 8);
	memcpy(body + BL_SHIP_PIECE, p, n);
	err = (struct bl_err){ 0 };
	rc = bl_keep_append(&keep, &f, &synced, &err);
	if (rc < 0)
		keep.file = 0;		/* as for a new session */
	return rc < 0 ? err.code : -rc;
}

/* A vault, its copy one transaction further on, and a session over it. */
static void harm(void)
{
	pid_t pid;

	make_vault();
	work_in(vault, 3, 10);
	pid = machine(round_works, 0);
	if (attach())
		exit(1);
	end(pid);
	work_in(copy, 1, 10);
	if (bl_keep_open(&keep, vault, &err) || bl_journal_lock(keep.journal, &err))
		exit(1);
	bl_file_forget_inputs();
}

static void test_harm(void)
{
	static uint8_t cells[200000];
	const struct bl_buf *j, *more, *note;
	uint64_t had;
	struct bl_frame f = { BL_FRAME_APPEND, 0, 0, 23, noise };
	uint64_t synced;
	size_t first;

	harm();
	j = content(vault, "journal");
	had = j->len;
	more = content(copy, "journal");
	const size_t n = more->len - j->len;
	const uint8_t *tail = more->p + j->len;
	const size_t line = (size_t)((const uint8_t *)memchr(tail, '\n', n) + 1 - tail);

	ok(bl_keep_append(&keep, &f, &synced, &err) < 0 && err.code == BL_PROTOCOL, "an APPEND shorter than its head is 76");
	is_int(append(0, 1, 0, 5, "abcde", 5), BL_PROTOCOL, "so is one to the key");
	is_int(append(5, 1, 0, 5, "abcde", 5), BL_PROTOCOL, "to a file that there is not");
	is_int(append(3, 2, 0, 5, "abcde", 5), BL_PROTOCOL, "one that is neither the last nor not");
	is_int(append(2, 1, 0, n, tail, n), BL_PROTOCOL, "one that writes over the journal");
	is_int(append(2, 1, had - 1, had, "\n", 1), BL_PROTOCOL, "over its last byte");
	is_int(append(2, 1, had - 10, had - 10, "", 0), BL_PROTOCOL, "that makes it shorter");
	is_int(append(2, 1, had, had, "", 0), BL_PROTOCOL, "or adds nothing");
	is_int(append(2, 1, had + 1, had + 1 + n, tail, n), BL_PROTOCOL, "that leaves a gap");
	is_int(append(2, 1, had, UINT64_MAX, tail, n), BL_PROTOCOL, "that says to be without end");
	is_int(append(2, 1, had, had + n + 1, tail, n), BL_PROTOCOL, "that says more than comes");
	is_int(append(2, 1, had, had + n - 1, tail, n), BL_PROTOCOL, "or less");
	ok(equal(content(vault, "journal"), j), "and the journal is as it was");

	note = content(copy, "checkpoint");
	is_int(append(3, 1, 0, note->len, note->p, note->len), BL_PROTOCOL, "a checkpoint of more entries than there are is 76");
	note = content(vault, "checkpoint");
	is_int(append(3, 1, 0, 0, "", 0), BL_PROTOCOL, "so is an empty one");
	is_int(append(3, 1, 0, note->len, noise, note->len), BL_PROTOCOL, "one that is none");
	is_int(append(3, 0, 0, note->len, note->p, 20), BL_PROTOCOL, "one in two pieces");
	is_int(append(3, 1, 5, note->len, note->p + 5, note->len - 5), BL_PROTOCOL, "or not from its start on");
	is_int(append(4, 1, 7, 10, "abc", 3), BL_PROTOCOL, "and a snapshot that does not begin at its start");
	ok(equal(content(vault, "checkpoint"), note), "and the checkpoint is as it was");

	first = fake_record(cells, 1);
	fake_record(cells + first, 1);
	is_int(append(1, 1, 0, 2 * first, cells, 60000), BL_PROTOCOL, "cells that break off are 76");
	put_at(vault, "cells", NULL, 0, 0);
	is_int(append(1, 0, 0, first, cells, 60000), 0, "cells come in pieces");
	is_int(append(1, 1, 60000, first, cells + 60000, first - 60000), -1, "and are synced with the last");
	is_int(append(1, 1, 0, 640, noise, 640), BL_PROTOCOL, "records that would be lost are 76");
	is_int(append(1, 1, first + 64, first + 128, noise, 64), BL_PROTOCOL, "and a gap");
	is_int(content(vault, "cells")->len, (long long)first, "and the cells are as they were");
	is_int(append(2, 0, had, had + n, tail, 20), 0, "when entries came, and not all of them,");
	is_int(append(1, 1, first, first + 64, noise, 64), BL_PROTOCOL, "cells come too late");
	is_int(append(2, 0, had, had + n, "\n\n", 2), 0, "when something came that breaks off");
	ok(equal(content(vault, "journal"), j), "nothing of it is in the journal");
	bl_keep_close(&keep);

	/* Each of these ends the session: the journal is opened anew. */
	static const struct { size_t from; const char *what; } bad[] = {
		{ 0, "the first line of a transaction is no entry" }, { 1, "nor is its last" }, { 2, "nor a changed one" },
		{ 3, "nor one without its end" }, { 4, "nor noise" }, { 5, "nor an entry of another time" },
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct bl_buf b;
		bl_buf_init(&b, 1 << 20);
		bl_buf_put(&b, tail, n);
		if (i == 0)
			b.len = line;
		if (i == 1 || i == 5)
			memmove(b.p, b.p + line, b.len -= line);
		if (i == 2)
			b.p[line - 40] ^= 1;
		if (i == 3)
			b.len -= 1;
		if (i == 4)
			memcpy(b.p, noise, b.len);
		if (i == 5) {		/* one that is in the journal already */
			bl_buf_clear(&b);
			bl_buf_put(&b, j->p, (size_t)((const uint8_t *)memchr(j->p, '\n', j->len) + 1 - j->p));
		}
		if (bl_keep_open(&keep, vault, &err) || bl_journal_lock(keep.journal, &err))
			exit(1);
		is_int(append(2, 1, had, had + b.len, b.p, b.len), BL_PROTOCOL, "%s: 76 (%s)", bad[i].what, err.msg);
		is_int(append(2, 1, had, had + n, tail, n), BL_PROTOCOL, "and nothing is taken after it");
		ok(equal(content(vault, "journal"), j), "the journal is as it was");
		bl_keep_close(&keep);
		bl_buf_fini(&b);
	}
	if (bl_keep_open(&keep, vault, &err) || bl_journal_lock(keep.journal, &err))
		exit(1);
	is_int(append(2, 1, had, had + n, tail, n), -1, "the whole transaction is taken");
	note = content(copy, "checkpoint");
	is_int(append(3, 1, 0, note->len, note->p, note->len), -1, "and so is its checkpoint, after it");
	bl_keep_close(&keep);
	is_int(entries(), 9, "and the journal verifies");
	bl_file_forget_inputs();
}

int main(void)
{
	if (!set_up())
		skip_all("no room in /tmp");
	alarm(300);
	test_copy();
	test_torn();
	test_harm();
	tear_down();
	return tap_done();
}
