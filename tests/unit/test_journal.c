/* SPDX-License-Identifier: Apache-2.0 */
/* The journal: tree, notes, append, torn ends, damage, crashes at every system call, writers side by side. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"
#include "base/file.h"
#include "base/text.h"
#include "crypt/mem.h"
#include "crypt/note.h"
#include "policy/journal.h"
#include "policy/ledger.h"

static struct bl_err err;
static char dir[] = "/tmp/bl-journal.XXXXXX", path[64];

static int count_entries(void *arg, const struct bl_json *entry, struct bl_err *e)
{
	(void)entry;
	(void)e;
	++*(unsigned *)arg;
	return 0;
}

static int writer(void)
{
	return open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static void put_file(const void *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || bl_file_write(fd, p, n, &err))
		abort();
	close(fd);
}

static size_t get_file(struct bl_buf *b)
{
	bl_buf_init(b, 1 << 24);
	if (bl_file_read(path, b, &err))
		abort();
	return b->len;
}

/* Entries that a reader finds, or -1 when it refuses. */
static long verify_fd(int fd, bool *torn)
{
	struct bl_journal *j = NULL;
	unsigned n = 0;
	long r = -1;

	if (!bl_journal_open(&j, fd, count_entries, &n, &err) && !bl_journal_lock(j, &err)) {
		r = (long)bl_journal_size(j);
		if (r != (long)n)
			r = -2;
		if (torn)
			*torn = bl_journal_torn(j);
	}
	bl_journal_close(j);
	return r;
}

static long verify(bool *torn)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	long r = verify_fd(fd, torn);
	close(fd);
	return r;
}

static struct bl_json *entry(int i)
{
	struct bl_json *e = bl_json_new_object();
	bl_json_put_int(e, "i", i);
	return e;
}

/* A transaction of `lines` lines; 0 or the error's class. */
static int append(int lines)
{
	struct bl_journal *j = NULL;
	int fd = writer(), rc = -1;

	if (!bl_journal_open(&j, fd, NULL, NULL, &err) && !bl_journal_lock(j, &err)) {
		for (int i = 0; i < lines; i++)
			bl_journal_add(j, "test", entry(i));
		rc = bl_journal_commit(j, &err);
	}
	bl_journal_close(j);
	close(fd);
	return rc ? err.code : 0;
}

static void leaf_of(unsigned i, uint8_t leaf[32])
{
	bl_tree_leaf(&i, sizeof i, leaf);
}

static void test_tree(void)
{
	enum { MOST = 70 };
	uint8_t leaf[MOST][32], root[MOST + 1][32], proof[BL_TREE_PROOF][32], next[BL_TREE_PROOF][32];
	struct bl_tree t = { 0 };
	bool roots = true, in = true, nexts = true, ext = true, wrong = true;

	for (unsigned i = 0; i < MOST; i++) {
		leaf_of(i, leaf[i]);
		bl_tree_root(&t, root[i]);
		size_t n = bl_tree_next(&t, next);
		bl_tree_add(&t, leaf[i]);
		size_t m = bl_tree_prove(leaf, i + 1, i, proof);
		nexts &= n == m && !memcmp(next, proof, 32 * n);
	}
	bl_tree_root(&t, root[MOST]);
	for (unsigned n = 1; n <= MOST; n++) {
		uint8_t r[32];
		bl_tree_root_of(leaf, n, r);
		roots &= !memcmp(r, root[n], 32);
		for (unsigned i = 0; i < n; i++) {
			size_t k = bl_tree_prove(leaf, n, i, proof);
			in &= bl_tree_includes(root[n], n, i, leaf[i], proof, k);
			wrong &= !bl_tree_includes(root[n], n, i, leaf[(i + 1) % MOST], proof, k);
			wrong &= !bl_tree_includes(root[n], n, i, leaf[i], proof, k + 1);
			wrong &= !k || !bl_tree_includes(root[n], n, i, leaf[i], proof, k - 1);
			wrong &= !bl_tree_includes(root[n], n, n, leaf[i], proof, k);
		}
		for (unsigned m = 1; m <= n; m++) {
			size_t k = bl_tree_prove_extends(leaf, n, m, proof);
			ext &= bl_tree_extends(root[n], n, root[m], m, proof, k);
			wrong &= !bl_tree_extends(root[n], n, root[m - 1], m, proof, k);
			wrong &= !bl_tree_extends(root[n], n, root[m], m, proof, k + 1);
			wrong &= !k || !bl_tree_extends(root[n], n, root[m], m, proof, k - 1);
		}
	}
	ok(roots, "the right edge gives the root of every size");
	ok(in, "every inclusion proof verifies");
	ok(nexts, "the edge is the proof of the leaf that comes next");
	ok(ext, "every consistency proof verifies");
	ok(wrong, "no proof verifies for another leaf, root, size or length");
}

static bool unhex32(const struct bl_json *j, uint8_t out[32])
{
	size_t n;
	const char *s = bl_json_text(j, &n);
	return s && bl_text_unhex(s, n, out, 32);
}

static size_t proof_of(const struct bl_json *list, uint8_t proof[BL_TREE_PROOF][32])
{
	size_t n = bl_json_count(list);
	for (size_t i = 0; i < n; i++)
		unhex32(bl_json_item(list, i), proof[i]);
	return n;
}

static void test_proof_vectors(const char *shared)
{
	char name[512];
	struct bl_buf b;
	uint8_t leaf[8][32], root[9][32], proof[BL_TREE_PROOF][32], ours[BL_TREE_PROOF][32];
	bool good = true;

	snprintf(name, sizeof name, "%s/proofs.json", shared);
	bl_buf_init(&b, 1 << 20);
	struct bl_json *j = bl_file_read(name, &b, &err) ? NULL : bl_json_parse((char *)b.p, b.len, 8, BL_DATA, &err);
	for (size_t i = 0; i < 7; i++)
		good &= unhex32(bl_json_item(bl_json_get(j, "leaves"), i), leaf[i]);
	for (size_t i = 0; i < 8; i++) {
		uint8_t r[32];
		good &= unhex32(bl_json_item(bl_json_get(j, "roots"), i), root[i]);
		bl_tree_root_of(leaf, i, r);
		good &= !memcmp(r, root[i], 32);
	}
	ok(good, "vectors: roots of sizes 0 to 7");
	const struct bl_json *list = bl_json_get(j, "inclusion");
	for (size_t i = 0; i < bl_json_count(list); i++) {
		const struct bl_json *v = bl_json_item(list, i);
		uint64_t size = (uint64_t)bl_json_get_int(v, "size", 0), index = (uint64_t)bl_json_get_int(v, "index", 0);
		size_t n = proof_of(bl_json_get(v, "proof"), proof);
		good &= bl_tree_includes(root[size], size, index, leaf[index], proof, n);
		good &= bl_tree_prove(leaf, size, index, ours) == n && !memcmp(ours, proof, 32 * n);
	}
	ok(good && bl_json_count(list) == 28, "vectors: 28 inclusion proofs, verified and made alike");
	list = bl_json_get(j, "consistency");
	for (size_t i = 0; i < bl_json_count(list); i++) {
		const struct bl_json *v = bl_json_item(list, i);
		uint64_t size = (uint64_t)bl_json_get_int(v, "size", 0), old = (uint64_t)bl_json_get_int(v, "old", 0);
		size_t n = proof_of(bl_json_get(v, "proof"), proof);
		good &= bl_tree_extends(root[size], size, root[old], old, proof, n);
		good &= bl_tree_prove_extends(leaf, size, old, ours) == n && !memcmp(ours, proof, 32 * n);
	}
	ok(good && bl_json_count(list) == 28, "vectors: 28 consistency proofs, verified and made alike");
	bl_json_free(j);
	bl_buf_fini(&b);
}

static void test_note_vectors(const char *shared, const struct bl_ident *helper, const struct bl_ident *owner)
{
	char name[512];
	struct bl_buf b, mine;
	struct bl_note n;
	const char *by = "";
	int64_t time = 0;

	snprintf(name, sizeof name, "%s/journal", shared);
	struct bl_buf line;
	bl_buf_init(&line, 1 << 20);
	bl_file_read(name, &line, &err);
	put_file(line.p, line.len);

	bl_buf_init(&b, 1 << 16);
	bl_buf_init(&mine, 1 << 16);
	snprintf(name, sizeof name, "%s/checkpoint", shared);
	bl_file_read(name, &b, &err);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct bl_journal *j = NULL;
	ok(!bl_journal_open(&j, fd, NULL, NULL, &err) && !bl_journal_lock(j, &err) && bl_journal_size(j) == 7,
	   "vectors: the journal has seven entries");
	ok(!bl_journal_checkpoint(j, helper, &mine, &err) && mine.len == b.len && !memcmp(mine.p, b.p, b.len),
	   "vectors: our checkpoint is theirs, byte by byte");
	bl_journal_close(j);
	close(fd);

	ok(!bl_note_parse(&n, (char *)b.p, b.len, &err) && bl_note_signed(&n, helper->pk) == BL_NOTE_GOOD, "vectors: the checkpoint is signed");
	is_int(bl_note_signed(&n, owner->pk), BL_NOTE_ABSENT, "another key did not sign it");
	is_int(bl_note_cosigned(&n, owner->pk, &by, &time), BL_NOTE_ABSENT, "nobody cosigned it");
	bool refused = true;
	for (size_t i = 0; i < b.len; i++) {
		b.p[i] ^= 1;
		refused &= bl_note_parse(&n, (char *)b.p, b.len, &err) || bl_note_signed(&n, helper->pk) != BL_NOTE_GOOD;
		b.p[i] ^= 1;
	}
	ok(refused, "no flipped byte of a checkpoint leaves it signed");
	bl_buf_clear(&b);
	snprintf(name, sizeof name, "%s/checkpoint.cosigned", shared);
	bl_file_read(name, &b, &err);
	bl_note_parse(&n, (char *)b.p, b.len, &err);
	ok(bl_note_cosigned(&n, owner->pk, &by, &time) == BL_NOTE_GOOD && time == 1767225610, "vectors: the cosignature verifies with its time");
	is_str(by, "owner/visits", "and under its name");
	n.sig[1].blob[20] ^= 1;
	is_int(bl_note_cosigned(&n, owner->pk, &by, &time), BL_NOTE_BAD, "a bad line by a known key is fatal");

	bool caught = true;
	for (size_t i = 0; i < line.len; i++) {
		line.p[i] ^= 1;
		put_file(line.p, line.len);
		long k = verify(NULL);
		line.p[i] ^= 1;
		/* The value of the last line is under the checkpoint alone. */
		uint8_t *last = memrchr(line.p, '\n', line.len - 1);
		caught &= k < 0 || (k == 7 && line.p + i > last);
	}
	ok(caught, "each flipped byte of the journal is refused, but for the last line that no later one names");
	bool cut = true;
	for (size_t i = 0; i <= line.len; i++) {
		size_t whole = 0;
		bool torn = false;
		put_file(line.p, i);
		for (size_t k = 0; k < i; k++)
			whole += line.p[k] == '\n';
		cut &= verify(&torn) == (long)whole && torn == (i && line.p[i - 1] != '\n');
	}
	ok(cut, "a journal cut anywhere verifies as its whole lines");
	bl_buf_fini(&b);
	bl_buf_fini(&mine);
	bl_buf_fini(&line);
}

static void test_append(void)
{
	struct bl_journal *a = NULL, *b = NULL;
	struct bl_buf file;
	unsigned na = 0, nb = 0;
	bool torn;

	put_file("", 0);
	is_int(verify(NULL), 0, "an empty file is a journal without entries");
	int fa = writer(), fb = writer();
	bl_journal_open(&a, fa, count_entries, &na, &err);
	bl_journal_open(&b, fb, count_entries, &nb, &err);
	ok(!bl_journal_lock(a, &err), "the lock is free");
	bl_journal_add(a, "one", entry(1));
	ok(!bl_journal_commit(a, &err) && bl_journal_size(a) == 1 && na == 1, "an entry is committed and folded once");
	for (int i = 0; i < 3; i++)
		bl_journal_add(a, "three", entry(i));
	ok(!bl_journal_commit(a, &err) && bl_journal_size(a) == 4, "a transaction of three lines is committed");
	bl_journal_add(a, "dropped", entry(0));
	bl_journal_abandon(a);
	ok(!bl_journal_commit(a, &err) && bl_journal_size(a) == 4, "an abandoned transaction leaves nothing");
	bl_journal_unlock(a);
	ok(!bl_journal_lock(b, &err) && bl_journal_size(b) == 4 && nb == 4, "another writer sees all of it at its next lock");
	bl_journal_add(b, "more", entry(7));
	ok(!bl_journal_commit(b, &err), "and appends");
	bl_journal_unlock(b);
	ok(!bl_journal_lock(a, &err) && bl_journal_size(a) == 5 && na == 5, "which the first one folds at its next lock");

	struct bl_json *p = bl_journal_proof(a);
	struct bl_buf line;
	uint8_t leaf[32], root[32], proof[BL_TREE_PROOF][32];
	bl_buf_init(&line, 1 << 16);
	bl_json_print(bl_json_get(p, "entry"), &line);
	bl_tree_leaf(line.p, line.len, leaf);
	bl_journal_root(a, root);
	ok(bl_tree_includes(root, 5, 4, leaf, proof, proof_of(bl_json_get(p, "proof"), proof)), "the newest entry's proof verifies");
	bl_json_free(p);
	bl_buf_fini(&line);

	struct bl_json *bad = bl_json_new_object();
	bl_json_put_text(bad, "x", "\xff");
	bl_journal_add(a, "bad", bad);
	ok(bl_journal_commit(a, &err) && !bl_journal_commit(a, &err) && bl_journal_size(a) == 5, "an entry that is not UTF-8 is not written");
	char *big = calloc(1, BL_JOURNAL_LINE + 1);
	memset(big, 'x', BL_JOURNAL_LINE);
	bad = bl_json_new_object();
	bl_json_put_text(bad, "x", big);
	bl_journal_add(a, "small", entry(1));
	bl_journal_add(a, "big", bad);
	ok(bl_journal_commit(a, &err) && err.code == BL_DATA && bl_journal_size(a) == 5, "nor one of more than 64 KiB, nor those beside it");
	free(big);
	bl_journal_close(a);
	bl_journal_close(b);
	close(fa);
	close(fb);
	is_int(verify(&torn), 5, "a reader finds five entries");
	ok(!torn, "and no torn end");

	/* Longer than what is read at once. */
	bool long_good = true;
	get_file(&file);
	for (int i = 0; i < 60; i++)
		long_good &= append(BL_JOURNAL_LINES) == 0;
	ok(long_good && verify(NULL) == 5 + 60 * BL_JOURNAL_LINES, "a long journal of full transactions is read");
	is_int(append(BL_JOURNAL_LINES + 1), BL_BUG, "a transaction of more lines is our own mistake");
	put_file(file.p, file.len);
	bl_buf_fini(&file);

	/* Every cut: whole transactions stay, the three lines count together or not at all. */
	bool good = true;
	get_file(&file);
	for (size_t i = 0; i <= file.len; i++) {
		static const long want[] = { 0, 1, 1, 1, 4, 5 };
		size_t whole = 0;
		for (size_t k = 0; k < i; k++)
			whole += file.p[k] == '\n';
		put_file(file.p, i);
		good &= verify(NULL) == want[whole];
		if (i % 37 == 0) {
			good &= append(2) == 0 && verify(&torn) == want[whole] + 2 && !torn;
		}
	}
	ok(good, "a transaction cut anywhere is cut as a whole, and the next writer goes on from there");
	put_file(file.p, file.len);
	bl_buf_fini(&file);
}

static int refuse_all(void *arg, const struct bl_json *e, struct bl_err *er)
{
	(void)arg;
	return bl_json_get(e, "no") ? bl_err_set(er, BL_DATA, "fold: no") : 0;
}

static void test_failures(void)
{
	struct bl_journal *j = NULL;
	struct bl_buf before, after;

	put_file("", 0);
	append(1);
	get_file(&before);
	int fd = writer();
	bl_journal_open(&j, fd, refuse_all, NULL, &err);
	bl_journal_lock(j, &err);
	struct bl_json *no = entry(1);
	bl_json_put_int(no, "no", 1);
	bl_journal_add(j, "refused", no);
	ok(bl_journal_commit(j, &err) && err.code == BL_DATA, "an entry that the fold refuses is 65");
	is_str(err.msg, "seq 1: fold: no", "and names its seq");
	ok(get_file(&after) == before.len, "and never reached the disk");
	bl_journal_add(j, "fine", entry(2));
	ok(bl_journal_commit(j, &err), "and this journal answers nothing more");
	bl_journal_close(j);
	bl_buf_fini(&after);

	pid_t pid = fork();
	if (!pid) {
		struct rlimit r = { before.len + 100, before.len + 100 };
		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &r);
		j = NULL;
		bl_journal_open(&j, fd, NULL, NULL, &err);
		bl_journal_lock(j, &err);
		bl_journal_add(j, "toolong", entry(1));
		bl_journal_add(j, "toolong", entry(2));
		int first = bl_journal_commit(j, &err) ? err.code : 0, second = bl_journal_commit(j, &err) ? err.code : 0;
		_exit(first == BL_IOERR && second == BL_IOERR ? 0 : 1);
	}
	int st;
	waitpid(pid, &st, 0);
	ok(WIFEXITED(st) && WEXITSTATUS(st) == 0, "a write that does not fit is 74, and final");
	ok(get_file(&after) == before.len && !memcmp(before.p, after.p, after.len), "and is taken back");
	bl_buf_fini(&after);
	close(fd);

	/* Shorter than what was seen. */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	j = NULL;
	bl_journal_open(&j, fd, NULL, NULL, &err);
	bl_journal_lock(j, &err);
	bl_journal_unlock(j);
	put_file("", 0);
	ok(bl_journal_lock(j, &err) && err.code == BL_DATA, "a journal that became shorter while in use is refused");
	bl_journal_close(j);
	close(fd);
	bl_buf_fini(&before);
}

/* A line of `n` bytes that is an entry but for its length. */
static void test_limits(void)
{
	struct bl_buf b;

	bl_buf_init(&b, 1 << 20);
	bl_buf_puts(&b, "{\"kind\":\"x\",\"prev\":\"");
	for (int i = 0; i < 64; i++)
		bl_buf_put8(&b, '0');
	bl_buf_puts(&b, "\",\"seq\":0,\"time\":\"2026-01-01T00:00:00Z\",\"x\":\"");
	while (b.len < BL_JOURNAL_LINE - 2)
		bl_buf_put8(&b, 'x');
	bl_buf_puts(&b, "\"}\n");
	put_file(b.p, b.len);
	is_int(verify(NULL), 1, "a line of 64 KiB is read");
	bl_buf_clear(&b);
	for (size_t i = 0; i < 300000; i++)
		bl_buf_put8(&b, '{');
	put_file(b.p, b.len);
	ok(verify(NULL) == -1 && err.code == BL_DATA, "a line without end is refused, not kept");
	static const char *const bad[] = {
		"{}\n", "[]\n", "\n", "{\"kind\":\"x\",\"prev\":\"\",\"seq\":0,\"time\":\"2026-01-01T00:00:00Z\"}\n",
		"{\"kind\": \"x\"}\n", "null\n", "0\n", "{\"kind\":1,\"prev\":1,\"seq\":\"0\",\"time\":0}\n",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		put_file(bad[i], strlen(bad[i]));
		ok(verify(NULL) == -1 && err.code == BL_DATA && !strncmp(err.msg, "seq 0: ", 7), "damage of kind %zu is refused as seq 0", i);
	}
	bl_buf_fini(&b);
	is_int(verify_fd(open("/dev/null", O_RDONLY | O_CLOEXEC), NULL), -1, "a device is not a journal");
}

/* Runs append(2) in a child that is killed at its nth system call; or, with fail set, in which that call fails with EIO.
 * Returns the number of the call seen (-1: it was never reached), exit status in *st. */
static long step(int nth, long fail, int *st)
{
	long nr = -1;
	int stops = 0;
	bool entry_stop = true;
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(append(2));
	}
	if (waitpid(pid, st, 0) != pid || !WIFSTOPPED(*st))
		return -2;
	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD);
	while (!ptrace(PTRACE_SYSCALL, pid, NULL, NULL) && waitpid(pid, st, 0) == pid && WIFSTOPPED(*st)) {
		struct user_regs_struct r;
		if (WSTOPSIG(*st) != (SIGTRAP | 0x80) || ptrace(PTRACE_GETREGS, pid, NULL, &r))
			continue;
		if (fail >= 0 && (long)r.orig_rax == fail && entry_stop) {
			r.orig_rax = (unsigned long long)-1;	/* no call at all; its answer is written below */
			ptrace(PTRACE_SETREGS, pid, NULL, &r);
			ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
			waitpid(pid, st, 0);
			r.rax = (unsigned long long)-EIO;
			ptrace(PTRACE_SETREGS, pid, NULL, &r);
			nr = fail;
			continue;
		}
		entry_stop = !entry_stop;
		if (fail < 0 && stops++ == nth) {
			nr = (long)r.orig_rax;
			kill(pid, SIGKILL);
			waitpid(pid, st, 0);
			break;
		}
	}
	return nr;
}

static void test_crashes(void)
{
	struct bl_buf before;
	bool good = true, wrote = false, synced = false;
	int n, st;

	put_file("", 0);
	append(1);
	get_file(&before);
	if (step(0, -1, &st) < 0) {
		skip(3, "ptrace is not allowed here");
		bl_buf_fini(&before);
		return;
	}
	for (n = 1; n < 1000; n++) {
		put_file(before.p, before.len);
		long nr = step(n, -1, &st);
		if (nr < 0)
			break;
		wrote |= nr == SYS_write;
		synced |= nr == SYS_fdatasync;
		long size = verify(NULL);
		good &= size == 1 || size == 3;
		good &= append(1) == 0 && verify(NULL) == size + 1;
	}
	ok(good, "killed before or after any system call of an append, the journal has all of it or nothing");
	ok(n > 10 && wrote && synced, "among them the write and the sync");
	put_file(before.p, before.len);
	ok(step(0, SYS_fdatasync, &st) == SYS_fdatasync && WIFEXITED(st) && WEXITSTATUS(st) == BL_IOERR, "a failed sync is 74");
	bl_buf_fini(&before);
}

static void test_side_by_side(void)
{
	enum { WRITERS = 32, EACH = 8 };
	pid_t pid[WRITERS];
	int st, bad = 0;

	put_file("", 0);
	for (int w = 0; w < WRITERS; w++) {
		if ((pid[w] = fork()))
			continue;
		struct bl_journal *j = NULL;
		unsigned seen = 0;
		int fd = writer();
		int rc = bl_journal_open(&j, fd, count_entries, &seen, &err);
		for (int i = 0; !rc && i < EACH; i++) {
			rc = bl_journal_lock(j, &err);
			if (rc)
				break;
			for (int k = 0; k < 1 + i % 2; k++)
				bl_journal_add(j, "test", entry(w));
			rc = bl_journal_commit(j, &err) || seen != bl_journal_size(j);
			bl_journal_unlock(j);
		}
		_exit(rc ? 1 : 0);
	}
	for (int w = 0; w < WRITERS; w++)
		bad += waitpid(pid[w], &st, 0) != pid[w] || st;
	is_int(bad, 0, "32 writers at once all get their turn and see each other");
	is_int(verify(NULL), WRITERS * (EACH + EACH / 2), "every entry is there once");
}

static void test_lock(void)
{
	struct bl_journal *j = NULL, *r = NULL;
	int fd = writer(), fr = open(path, O_RDONLY | O_CLOEXEC), fr2 = open(path, O_RDONLY | O_CLOEXEC);

	bl_journal_open(&r, fr, NULL, NULL, &err);
	bl_journal_lock(r, &err);
	long n = verify_fd(fr2, NULL);
	ok(n >= 0, "readers share the lock");
	bl_journal_open(&j, fd, NULL, NULL, &err);
	ok(bl_journal_lock(j, &err) && err.code == BL_TEMPFAIL, "a writer waits ten seconds for a reader, then it is 75");
	is_str(err.msg, "the vault is locked by another request", "and says why");
	bl_journal_unlock(r);
	ok(!bl_journal_lock(j, &err), "and may try again");
	bl_journal_close(j);
	bl_journal_close(r);
	close(fd);
	close(fr);
	close(fr2);
}

static int feed(struct bl_ledger *l, const char *text)
{
	struct bl_json *j = bl_json_parse(text, strlen(text), 8, BL_DATA, &err);
	int rc = bl_ledger_fold(l, j, &err);
	bl_json_free(j);
	return rc;
}

#define H1 "1111111111111111111111111111111111111111111111111111111111111111"
#define H2 "2222222222222222222222222222222222222222222222222222222222222222"
#define ASK(kind, request, who, rest) "{\"kind\":\"" kind "\",\"request\":\"" request "\",\"principal\":\"" who \
	"\",\"dataset\":{\"owner\":\"o\",\"name\":\"people\"}" rest "}"
#define SET(version, file, name) "{\"kind\":\"dataset\",\"file\":\"" file "\",\"footer\":\"" H2 "\",\"name\":\"" name \
	"\",\"owner\":\"o\",\"policy\":\"" H1 "\",\"version\":" version "}"

static void test_ledger(void)
{
	struct bl_ledger *l = bl_ledger_new();
	const struct bl_ledger_dataset *d;
	uint8_t h1[32], h2[32];

	memset(h1, 0x11, 32);
	memset(h2, 0x22, 32);
	ok(!bl_ledger_find(l, "o", "people") && !bl_ledger_knows(l, h1, h2), "nothing is known at first");
	ok(!feed(l, SET("2", H1, "people")) && !feed(l, SET("3", H1, "people")) && !feed(l, SET("1", H2, "other")), "datasets fold");
	d = bl_ledger_find(l, "o", "people");
	ok(d && d->version == 3 && !memcmp(d->policy, h1, 32) && d->ncells == 0, "the highest version stands");
	ok(bl_ledger_knows(l, h1, h2) && !bl_ledger_knows(l, h2, h1), "a file is known by id and footer");
	ok(!bl_ledger_find(l, "op", "eople"), "owner and name do not run together");
	ok(feed(l, SET("2", H1, "people")) && err.code == BL_DATA, "a version that goes back is a fold error");
	ok(!feed(l, ASK("request", H1, "a", "")) && !feed(l, ASK("request", H1, "a", "")) && !feed(l, ASK("request", H2, "a", "")) &&
	   !feed(l, ASK("request", H1, "b", "")), "requests fold");
	is_int(bl_ledger_requests(l, "o", "people", "a"), 2, "a request hash counts once for a principal");
	is_int(bl_ledger_requests(l, "o", "people", "b"), 1, "and once more for another");
	is_int(bl_ledger_requests(l, "o", "other", "a"), 0, "and not for another dataset");
	ok(!feed(l, ASK("verdict", H1, "a", ",\"outcome\":\"refuse\"")) && !feed(l, ASK("verdict", H1, "a", ",\"outcome\":\"suppressed\"")) &&
	   !feed(l, ASK("verdict", H2, "a", ",\"outcome\":\"release\",\"cells\":[\"" H2 "\"]")) &&
	   !feed(l, ASK("verdict", H2, "a", ",\"outcome\":\"release\",\"cells\":[]")) &&
	   !feed(l, ASK("verdict", H2, "b", ",\"outcome\":\"release\",\"cells\":[\"" H1 "\"]")), "verdicts fold");
	is_int(bl_ledger_refusals(l, "o", "people", "a"), 1, "a refused request counts once");
	d = bl_ledger_find(l, "o", "people");
	ok(d->ncells == 2 && !memcmp(d->cells[0], h2, 32) && !memcmp(d->cells[1], h1, 32), "records of the store are in order");
	ok(feed(l, ASK("verdict", H2, "b", ",\"outcome\":\"release\",\"cells\":[7]")), "a record that is no hash is an error");
	ok(!bl_ledger_released(l, h1, "a") &&
	   !feed(l, "{\"kind\":\"release\",\"request\":\"" H1 "\",\"principal\":\"a\"}") && bl_ledger_released(l, h1, "a") &&
	   !bl_ledger_released(l, h1, "b"), "a release is remembered for its principal");
	ok(!feed(l, "{\"kind\":\"reserve\"}") && !feed(l, "{\"kind\":\"request\"}"), "other kinds and strangers count for nothing");

	bool good = true;
	for (int i = 0; i < 5000; i++) {
		char text[256];
		snprintf(text, sizeof text, ASK("request", "%064x", "c", ""), i / 2);
		good &= !feed(l, text);
	}
	ok(good && bl_ledger_requests(l, "o", "people", "c") == 2500, "thousands of requests are counted right");
	bl_ledger_free(l);
}

int main(void)
{
	struct bl_ident helper, owner;
	uint8_t seed[32];
	char shared[400];
	const char *top = getenv("BL_TOP");

	if (bl_mem_init(true, &err) || !mkdtemp(dir))
		return 99;
	bl_json_init();
	snprintf(path, sizeof path, "%s/journal", dir);
	memset(seed, 1, 32);
	bl_ident_from_seed(&helper, seed, &err);
	memset(seed, 2, 32);
	bl_ident_from_seed(&owner, seed, &err);
	snprintf(shared, sizeof shared, "%s/../shared/vectors/journal", top ? top : ".");

	test_tree();
	if (access(shared, R_OK)) {
		skip(3 + 11, "the journal vectors are not here");
	} else {
		test_proof_vectors(shared);
		test_note_vectors(shared, &helper, &owner);
	}
	test_append();
	test_failures();
	test_limits();
	test_crashes();
	test_side_by_side();
	test_lock();
	test_ledger();
	bl_ident_fini(&helper);
	bl_ident_fini(&owner);
	unlink(path);
	rmdir(dir);
	return tap_done();
}
