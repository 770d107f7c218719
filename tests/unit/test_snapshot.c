/* SPDX-License-Identifier: Apache-2.0 */
/* The snapshot of a journal: the same answers with it and without, and nothing that is wrong with it is ever believed. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"
#include "base/file.h"
#include "base/text.h"
#include "crypt/hash.h"
#include "crypt/mem.h"
#include "policy/ledger.h"

enum { PEOPLE = 3, ASKED = 40, ANSWERS = 512, ENOUGH = 60 };
#define H "3333333333333333333333333333333333333333333333333333333333333333"

static struct bl_err err;
static char dir[] = "/tmp/bl-snapshot.XXXXXX";
static const uint8_t key[32] = { 1, 2, 3 }, other_key[32] = { 1, 2, 4 };
static const char *const who[PEOPLE] = { "SHA256:a", "SHA256:b", "SHA256:c" };

/* A ledger that counts what it is fed. */
struct counted { struct bl_ledger *l; uint64_t folded; };

static int fold(void *arg, const struct bl_json *e, struct bl_err *er)
{
	struct counted *c = arg;
	c->folded++;
	return bl_ledger_fold(c->l, e, er);
}

static uint64_t size(const void *arg)
{
	return bl_ledger_state.size(((const struct counted *)arg)->l);
}

static bool save(const void *arg, struct bl_snapshot *s)
{
	return bl_ledger_state.save(((const struct counted *)arg)->l, s);
}

static bool load(void *arg, struct bl_snapshot *s)
{
	return bl_ledger_state.load(((struct counted *)arg)->l, s);
}

static const struct bl_journal_state state = { size, save, load };

struct open { struct bl_journal *j; struct counted c; int fd, snapshot; };
enum how { WITH, WITHOUT };

/* 0, or the class of the error. Locked. */
static int open_with(struct open *o, const uint8_t *k, int flags)
{
	*o = (struct open){ .c.l = bl_ledger_new(), .fd = open("journal", O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600), .snapshot = -1 };
	if (k)
		o->snapshot = open("snapshot", flags | O_CLOEXEC, 0600);
	if (bl_journal_open(&o->j, o->fd, fold, &o->c, &err) || (k && bl_journal_snapshot(o->j, o->snapshot, k, &state, &err)) ||
	    bl_journal_lock(o->j, &err))
		return err.code;
	return 0;
}

static int open_it(struct open *o, enum how how)
{
	return open_with(o, how == WITH ? key : NULL, O_RDWR | O_CREAT);
}

static void close_it(struct open *o)
{
	bl_journal_close(o->j);		/* unlocks, and that makes the snapshot */
	bl_ledger_free(o->c.l);
	close(o->fd);
	if (o->snapshot >= 0)
		close(o->snapshot);
}

static void hash_of(uint64_t question, uint8_t hash[32])
{
	bl_hash_sha256(&question, sizeof question, hash);
}

/* Everything that the helper ever asks of it, as one text. */
static void answers(const struct open *o, char text[ANSWERS])
{
	uint8_t root[32], hash[32], h[32], sum[32];
	const struct bl_ledger_dataset *d = bl_ledger_find(o->c.l, "SHA256:o", "people");
	struct bl_hash *s = bl_hash_new();
	struct bl_json *proof;
	struct bl_buf b;
	char hex[65];

	bl_buf_init(&b, 1 << 20);
	memset(h, 0x33, sizeof h);
	bl_journal_root(o->j, root);
	bl_hash_add(s, root, sizeof root);
	for (int p = 0; p < PEOPLE; p++) {
		bl_buf_printf(&b, "%s %llu %llu;", who[p], (unsigned long long)bl_ledger_requests(o->c.l, "SHA256:o", "people", who[p]),
			      (unsigned long long)bl_ledger_refusals(o->c.l, "SHA256:o", "people", who[p]));
		for (uint64_t q = 0; q < ASKED; q++) {
			hash_of(q, hash);
			bl_buf_put8(&b, bl_ledger_released(o->c.l, hash, who[p]) ? '1' : '0');
		}
	}
	bl_buf_printf(&b, "%d %d", bl_ledger_knows(o->c.l, h, h), bl_ledger_find(o->c.l, "SHA256:o", "nothing") != NULL);
	if (d) {
		bl_buf_printf(&b, " %llu %zu", (unsigned long long)d->version, d->ncells);
		bl_buf_put(&b, d->policy, 32);
		bl_buf_put(&b, d->cells, 32 * d->ncells);
	}
	if (bl_journal_size(o->j)) {
		proof = bl_journal_proof(o->j);
		bl_json_print(proof, &b);
		bl_json_free(proof);
	}
	bl_hash_add(s, b.p, b.len);
	bl_hash_end(s, sum);
	bl_hash_free(s);
	bl_text_hex(sum, sizeof sum, hex);
	snprintf(text, ANSWERS, "%llu entries, %llu refusals of a, %zu cells, %s%s", (unsigned long long)bl_journal_size(o->j),
		 (unsigned long long)bl_ledger_refusals(o->c.l, "SHA256:o", "people", who[0]), d ? d->ncells : 0, hex, b.failed ? " failed" : "");
	bl_buf_fini(&b);
}

static struct bl_json *parse(const char *s)
{
	struct bl_json *j = bl_json_parse(s, strlen(s), 8, BL_BUG, &err);
	if (!j)
		abort();
	return j;
}

/* Appends n entries of every kind, in transactions of up to `together`; false when it is refused. */
static bool append(struct open *o, unsigned n, unsigned together)
{
	static const char *const outcome[] = { "release", "refuse", "suppressed", "log" };
	uint64_t seq = bl_journal_size(o->j);
	char s[1024], hash[65], cell[65];
	uint8_t h[32];
	bool good = true;

	for (unsigned i = 0; i < n; i++, seq++) {
		const uint64_t q = seq / 5;
		const char *p = who[q % PEOPLE];
		hash_of(q, h);
		bl_text_hex(h, 32, hash);
		hash_of(seq + 1000000, h);
		bl_text_hex(h, 32, cell);
		if (seq % 5 == 0)
			snprintf(s, sizeof s, "{\"file\":\"" H "\",\"footer\":\"" H "\",\"name\":\"people\",\"owner\":\"SHA256:o\",\"policy\":\"%s\",\"version\":%llu}", hash,
				 (unsigned long long)seq);
		else if (seq % 5 == 4)
			snprintf(s, sizeof s, "{\"request\":\"%s\",\"principal\":\"%s\"}", hash, p);
		else
			snprintf(s, sizeof s, "{\"request\":\"%s\",\"principal\":\"%s\",\"dataset\":{\"owner\":\"SHA256:o\",\"name\":\"people\"},\"outcome\":\"%s\",\"cells\":[\"%s\"]}",
				 hash, p, outcome[seq % 4], cell);
		bl_journal_add(o->j, seq % 5 == 0 ? "dataset" : seq % 5 == 4 ? "release" : seq % 5 == 1 ? "request" : "verdict", parse(s));
		if ((i + 1) % together == 0 || i + 1 == n)
			good = good && !bl_journal_commit(o->j, &err);
	}
	return good;
}

static void fresh(unsigned entries)
{
	struct open o;

	unlink("journal");
	unlink("snapshot");
	if (open_it(&o, WITH) || !append(&o, entries, 64))
		abort();
	close_it(&o);
}

static void read_file(const char *name, struct bl_buf *b)
{
	bl_buf_init(b, 1 << 24);
	if (bl_file_read(name, b, &err))
		abort();
}

static void write_file(const char *name, const void *p, size_t n)
{
	/* Not emptied first: some file systems would put it on the disk for that. */
	int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || bl_file_write(fd, p, n, &err) || ftruncate(fd, (off_t)n))
		abort();
	close(fd);
}

/* Opens it both ways: the entries that were folded with the snapshot; or -1 when the answers differ, -2 when it does not open. */
static long compare(void)
{
	char with[ANSWERS], without[ANSWERS];
	struct open o;
	long folded = -2;

	if (!open_it(&o, WITHOUT)) {
		answers(&o, without);
		close_it(&o);
		if (!open_it(&o, WITH)) {
			answers(&o, with);
			folded = strcmp(with, without) ? -1 : (long)o.c.folded;
		}
	}
	close_it(&o);
	return folded;
}

/* --- what it is for --- */

static void test_same_answers(void)
{
	struct open o;
	bool same = true, spared = true;
	uint64_t most = 0, entries = 0;

	unlink("journal");
	unlink("snapshot");
	is_int(compare(), 0, "an empty journal has the same answers with an empty snapshot");
	for (unsigned i = 0; i < 60; i++) {
		if (open_it(&o, WITH) || !append(&o, 1 + i % 7, 3))
			same = false;
		most = o.c.folded - (1 + i % 7) > most ? o.c.folded - (1 + i % 7) : most;
		entries = bl_journal_size(o.j);
		close_it(&o);
		long n = compare();
		same = same && n >= 0;
		spared = spared && n <= 64;
	}
	ok(same, "while it grows, it gives the same answers with a snapshot and without");
	ok(spared && entries == 234, "and folds a few entries of many");
	ok(most > 0 && most < 64, "which shows that some were left to fold and some were not");

	fresh(6400);
	struct stat st;
	stat("snapshot", &st);
	ok(st.st_size > 2 * BL_SNAPSHOT_BOX, "one of several boxes");
	is_int(compare(), 0, "is as good, with nothing left to fold");
	if (open_it(&o, WITH) || !append(&o, 5, 5))
		abort();
	is_int(o.c.folded, 5, "appending to it folds what is appended");
	close_it(&o);
	is_int(compare(), 5, "as does opening it next, for so little no snapshot is worth it");
	for (int i = 0; i < 16; i++) {
		if (open_it(&o, WITH) || !append(&o, 64, 64))
			abort();
		close_it(&o);
	}
	long n = compare();
	ok(n >= 0 && n < 1000, "after a thousand there was another");
}

static void test_many(void)
{
	struct open o;

	fresh(200);
	open_it(&o, WITH);
	for (int i = 0; i < 30; i++) {		/* one process, many requests */
		append(&o, 6, 3);
		bl_journal_unlock(o.j);
		if (bl_journal_lock(o.j, &err))
			abort();
	}
	close_it(&o);
	long n = compare();
	ok(n >= 0 && n < 64, "a process that stays makes them between requests too");

	/* Two that take turns. */
	struct open p;
	open_it(&o, WITH);
	bl_journal_unlock(o.j);
	open_it(&p, WITH);
	bl_journal_unlock(p.j);
	bool good = true;
	for (int i = 0; i < 40; i++) {
		struct open *x = i % 2 ? &o : &p;
		good = good && !bl_journal_lock(x->j, &err) && append(x, 5, 5);
		bl_journal_unlock(x->j);
	}
	good = good && bl_journal_size(o.j) == 380 + 200;
	close_it(&o);
	close_it(&p);
	n = compare();
	ok(good && n >= 0 && n < 64, "two that take turns write over each other's, and either is right");
}

/* --- what is not believed --- */

static void test_changed(void)
{
	struct bl_buf snap;
	bool believed = false, wrong = false, rebuilt = true;
	struct open o;

	fresh(ENOUGH);
	read_file("snapshot", &snap);
	is_int(compare(), 0, "the snapshot is good");
	for (size_t i = 0; i < snap.len; i++) {
		snap.p[i] ^= (uint8_t)(1u << i % 8);
		write_file("snapshot", snap.p, snap.len);
		if (open_it(&o, WITH))
			wrong = true;
		else if (o.c.folded != ENOUGH)
			believed = true;
		close_it(&o);
		if (i % 97 == 0) {
			long n = compare();
			rebuilt = rebuilt && n == 0;
		}
		snap.p[i] ^= (uint8_t)(1u << i % 8);
	}
	ok(!believed && !wrong, "with any byte changed it is not believed, and the journal is folded");
	ok(rebuilt, "and gives the same answers from a new one then");

	believed = wrong = false;
	rebuilt = true;
	for (size_t n = 0; n < snap.len; n += n < 64 || n + 64 > snap.len ? 1 : 13) {
		write_file("snapshot", snap.p, n);
		if (open_it(&o, WITH))
			wrong = true;
		else if (o.c.folded != ENOUGH)
			believed = true;
		close_it(&o);
		rebuilt = rebuilt && compare() == 0;
	}
	ok(!believed && !wrong && rebuilt, "nor is one that is cut anywhere");
	bl_buf_put8(&snap, 0);
	write_file("snapshot", snap.p, snap.len);
	is_int(compare(), ENOUGH, "nor one with something behind it");
	snap.len--;
	memcpy(snap.p, "bl-snap1\xff\xff\xff\xff\xff\xff\xff\xff", 16);
	write_file("snapshot", snap.p, snap.len);
	is_int(compare(), ENOUGH, "nor one that claims to be larger than any memory");
	bl_buf_fini(&snap);
}

/* Which ones of two good snapshots' boxes are used: all combinations but the two pure ones. */
static void test_mixed(void)
{
	enum { SEALED = BL_SNAPSHOT_BOX + 40, BOXES = 3 };
	struct bl_buf a, b, mix;
	struct open o;
	bool believed = false;

	fresh(6400);
	read_file("snapshot", &a);
	unlink("snapshot");
	compare();
	read_file("snapshot", &b);
	ok(a.len == b.len && a.len > BL_SNAPSHOT_HEAD + 2 * SEALED && memcmp(a.p, b.p, a.len), "two snapshots of one state differ");
	for (unsigned m = 1; m + 1 < 1u << (BOXES + 1); m++) {
		bl_buf_init(&mix, 1 << 24);
		bl_buf_put(&mix, a.p, a.len);
		if (m & 1)
			memcpy(mix.p, b.p, BL_SNAPSHOT_HEAD);
		for (size_t i = 0; i < BOXES; i++) {
			size_t at = BL_SNAPSHOT_HEAD + i * SEALED, n = i + 1 == BOXES ? a.len - at : SEALED;
			if (m >> (i + 1) & 1)
				memcpy(mix.p + at, b.p + at, n);
		}
		write_file("snapshot", mix.p, mix.len);
		open_it(&o, WITH);
		believed = believed || o.c.folded != 6400;
		close_it(&o);
		bl_buf_fini(&mix);
	}
	ok(!believed, "no mixture of the two is believed");
	bl_buf_init(&mix, 1 << 24);
	bl_buf_put(&mix, a.p, a.len);
	memcpy(mix.p + BL_SNAPSHOT_HEAD, a.p + BL_SNAPSHOT_HEAD + SEALED, SEALED);
	memcpy(mix.p + BL_SNAPSHOT_HEAD + SEALED, a.p + BL_SNAPSHOT_HEAD, SEALED);
	write_file("snapshot", mix.p, mix.len);
	is_int(compare(), 6400, "nor one with its boxes in another order");
	write_file("snapshot", a.p, a.len);
	is_int(compare(), 0, "each as it was written is");
	bl_buf_fini(&a);
	bl_buf_fini(&b);
	bl_buf_fini(&mix);
}

static void test_strangers(void)
{
	struct bl_buf old, later, snap, short_journal;
	struct open o;

	fresh(150);
	is_int(open_with(&o, other_key, O_RDWR), 0, "another vault's snapshot stops nothing");
	is_int(o.c.folded, 150, "and is not believed");
	close_it(&o);
	is_int(compare(), 150, "the other way round neither");

	fresh(150);
	read_file("snapshot", &old);
	read_file("journal", &short_journal);
	open_it(&o, WITH);
	append(&o, 400, 64);
	close_it(&o);
	read_file("snapshot", &later);
	is_int(compare(), 0, "a later snapshot");
	write_file("snapshot", old.p, old.len);
	is_int(compare(), 400, "an older one put back is behind, and what came since is folded");
	is_int(compare(), 0, "and a newer one made");

	write_file("journal", short_journal.p, short_journal.len);
	write_file("snapshot", later.p, later.len);
	is_int(compare(), 150, "a snapshot of a longer journal does not bring back what was cut: the journal is folded as it is");
	is_int(compare(), 0, "and a new one made");

	/* The same journal, gone on in two ways, to the same length. */
	unsigned n = 12;
	write_file("snapshot", old.p, old.len);
	open_it(&o, WITH);
	for (unsigned i = 0; i < n; i++)
		bl_journal_add(o.j, "one", parse("{\"way\":1}"));
	bl_journal_commit(o.j, &err);
	close_it(&o);
	read_file("snapshot", &snap);
	write_file("journal", short_journal.p, short_journal.len);
	write_file("snapshot", old.p, old.len);
	open_it(&o, WITH);
	for (unsigned i = 0; i < n; i++)
		bl_journal_add(o.j, "two", parse("{\"way\":2}"));
	bl_journal_commit(o.j, &err);
	close_it(&o);
	is_int(compare(), 0, "there is one of this way");
	write_file("snapshot", snap.p, snap.len);
	is_int(compare(), 150 + n, "of the other way it is not believed");
	bl_buf_fini(&old);
	bl_buf_fini(&later);
	bl_buf_fini(&snap);
	bl_buf_fini(&short_journal);
}

static void test_damaged_journal(void)
{
	struct bl_buf journal, snap;
	struct open o;
	bool last = true, behind = true, front = true;

	fresh(150);
	open_it(&o, WITH);
	append(&o, 2, 1);
	close_it(&o);
	read_file("journal", &journal);
	read_file("snapshot", &snap);
	is_int(compare(), 2, "two entries behind the snapshot");

	uint8_t *end = journal.p + journal.len, *second = memrchr(journal.p, '\n', journal.len - 1),
		*first = memrchr(journal.p, '\n', (size_t)(second - journal.p)), *covered = memrchr(journal.p, '\n', (size_t)(first - journal.p));
	for (uint8_t *p = covered + 1; p < end; p++) {
		*p ^= 1;
		write_file("journal", journal.p, journal.len);
		write_file("snapshot", snap.p, snap.len);
		int rc = open_it(&o, WITH);
		if (p <= first)		/* the line that it ends with: then all is read, and that is found */
			last = last && rc == BL_DATA && o.c.folded >= 100;
		else if (p < second)
			behind = behind && rc == BL_DATA && o.c.folded < 2;
		close_it(&o);
		*p ^= 1;
	}
	ok(last, "any byte changed in the line that the snapshot ends with is found, as without it");
	ok(behind, "and any behind it");
	/* A byte more or less before it moves the line away from where it has to be. */
	for (unsigned i = 0; i < 40; i++) {
		size_t at = journal.len / 50 * i;
		struct bl_buf b;
		bl_buf_init(&b, 1 << 24);
		bl_buf_put(&b, journal.p, at);
		if (i % 2)
			bl_buf_put8(&b, ' ');
		bl_buf_put(&b, journal.p + at + (i % 2 ? 0 : 1), journal.len - at - (i % 2 ? 0 : 1));
		write_file("journal", b.p, b.len);
		write_file("snapshot", snap.p, snap.len);
		front = front && open_it(&o, WITH) == BL_DATA;
		close_it(&o);
		bl_buf_fini(&b);
	}
	ok(front, "a byte more or less before it too");

	write_file("journal", journal.p, journal.len);
	write_file("snapshot", snap.p, snap.len);
	int fd = open("journal", O_WRONLY | O_APPEND | O_CLOEXEC);
	if (write(fd, "{\"kind\":\"to", 11) != 11)
		abort();
	close(fd);
	ok(!open_it(&o, WITH) && bl_journal_torn(o.j) && o.c.folded == 2, "a torn end behind it is cut");
	close_it(&o);
	is_int(compare(), 2, "and leaves what there was");

	/* What lies before it is for an auditor to find, who has no use for it. */
	journal.p[40] ^= 1;
	write_file("journal", journal.p, journal.len);
	is_int(open_it(&o, WITH), 0, "a byte changed before it is not looked at");
	close_it(&o);
	is_int(open_it(&o, WITHOUT), BL_DATA, "but by whoever reads without one");
	close_it(&o);
	bl_buf_fini(&journal);
	bl_buf_fini(&snap);
}

static void test_unwritable(void)
{
	struct open o;

	fresh(150);
	write_file("snapshot", "", 0);
	ok(!open_with(&o, key, O_RDONLY) && append(&o, 64, 64), "where no snapshot can be written, the journal is");
	close_it(&o);
	is_int(compare(), 214, "and folded every time");
	is_int(compare(), 0, "until one can");
	ok(!open_with(&o, key, O_RDONLY) && !o.c.folded, "one that cannot be written may be read");
	close_it(&o);
	unlink("snapshot");
	if (mkdir("snapshot", 0700))
		abort();
	ok(!open_with(&o, key, O_RDONLY | O_DIRECTORY) && o.c.folded == 214, "a folder is none");
	close_it(&o);
	rmdir("snapshot");
}

/* --- crashes --- */

/* Two transactions, with a snapshot due after each. Killed at its nth system call: the number of that call, or -1. */
static long killed_at(int nth)
{
	long nr = -1;
	int st, stops = 0;
	pid_t pid = fork();

	if (!pid) {
		struct open o;
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		if (!open_it(&o, WITH) && append(&o, 32, 32)) {
			bl_journal_unlock(o.j);
			if (!bl_journal_lock(o.j, &err))
				append(&o, 32, 32);
		}
		close_it(&o);
		_exit(0);
	}
	if (waitpid(pid, &st, 0) != pid || !WIFSTOPPED(st))
		return -2;
	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD);
	while (!ptrace(PTRACE_SYSCALL, pid, NULL, NULL) && waitpid(pid, &st, 0) == pid && WIFSTOPPED(st)) {
		struct user_regs_struct r;
		if (WSTOPSIG(st) != (SIGTRAP | 0x80) || ptrace(PTRACE_GETREGS, pid, NULL, &r) || stops++ != nth)
			continue;
		nr = (long)r.orig_rax;
		kill(pid, SIGKILL);
		waitpid(pid, &st, 0);
		break;
	}
	return nr;
}

static void test_crashes(void)
{
	struct bl_buf journal, snap;
	bool good = true, wrote = false, saved = false, ready = false, behind = false;
	int n;

	fresh(150);
	read_file("journal", &journal);
	read_file("snapshot", &snap);
	if (killed_at(0) < 0) {
		skip(2, "ptrace is not allowed here");
		goto out;
	}
	for (n = 1; n < 1000; n++) {
		struct open o;
		write_file("journal", journal.p, journal.len);
		write_file("snapshot", snap.p, snap.len);
		long nr = killed_at(n);
		if (nr < 0)
			break;
		wrote |= nr == SYS_write;
		saved |= nr == SYS_pwrite64;
		if (open_it(&o, WITHOUT)) {
			good = false;
		} else {
			uint64_t entries = bl_journal_size(o.j);
			good = good && (entries == 150 || entries == 182 || entries == 214);
		}
		close_it(&o);
		long folded = compare();
		ready |= folded == 0;
		behind |= folded == 32;
		good = good && folded >= 0 && compare() == 0;
	}
	ok(good, "killed before or after any system call, the journal opens with the same answers as without the snapshot");
	ok(n > 20 && wrote && saved && ready && behind, "among them between the entry and its snapshot, and within its writing");
out:
	bl_buf_fini(&journal);
	bl_buf_fini(&snap);
}

/* A file torn in the middle of being overwritten: each beginning of a new one over the old one. */
static void test_torn(void)
{
	struct bl_buf old, new, torn;
	bool good = true;
	struct open o;

	fresh(150);
	read_file("snapshot", &old);
	open_it(&o, WITH);
	append(&o, 64, 64);
	close_it(&o);
	read_file("snapshot", &new);
	bl_buf_init(&torn, 1 << 24);
	for (size_t i = 1; i < new.len; i += 37) {
		bl_buf_clear(&torn);
		bl_buf_put(&torn, new.p, i);
		if (i < old.len)
			bl_buf_put(&torn, old.p + i, old.len - i);
		write_file("snapshot", torn.p, torn.len);
		long n = compare();
		/* As long as the heads are alike, it is the old one as it was. */
		good = good && (n == 214 || (n == 64 && i <= 16));
	}
	ok(good, "torn anywhere between the old one and the new one, it is not believed");
	bl_buf_fini(&old);
	bl_buf_fini(&new);
	bl_buf_fini(&torn);
}

/* --- the file by itself --- */

static void test_stream(void)
{
	enum { N = 5 * BL_SNAPSHOT_BOX / 2 };
	static const size_t lengths[] = { 1, 2, 100, BL_SNAPSHOT_BOX - 1, BL_SNAPSHOT_BOX, BL_SNAPSHOT_BOX + 1, 2 * BL_SNAPSHOT_BOX - 1,
					  2 * BL_SNAPSHOT_BOX, 2 * BL_SNAPSHOT_BOX + 1, N };
	uint8_t *in = malloc(N), *out = malloc(N + 1);
	struct bl_snapshot s;
	bool good = true;
	int fd = open("stream", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	for (size_t i = 0; i < N; i++)
		in[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		const size_t n = lengths[i];
		good = good && bl_snapshot_create(&s, fd, key, n) && bl_snapshot_put(&s, in, n / 3) && bl_snapshot_put(&s, in + n / 3, n - n / 3) && bl_snapshot_done(&s);
		bl_snapshot_close(&s);
		good = good && bl_snapshot_open(&s, fd, key) && bl_snapshot_left(&s) == n && bl_snapshot_take(&s, out, n / 7) && bl_snapshot_left(&s) == n - n / 7 &&
		       bl_snapshot_take(&s, out + n / 7, n - n / 7) && bl_snapshot_done(&s) && !memcmp(in, out, n);
		good = good && !bl_snapshot_take(&s, out, 1) && !bl_snapshot_done(&s);
		bl_snapshot_close(&s);
	}
	ok(good, "what is put is taken, at every length around that of a box, and not a byte more");
	ok(bl_snapshot_create(&s, fd, key, 10) && !bl_snapshot_put(&s, in, 11), "more than was said is not put");
	bl_snapshot_close(&s);
	ok(bl_snapshot_create(&s, fd, key, 10) && bl_snapshot_put(&s, in, 9) && !bl_snapshot_done(&s), "less is not done");
	bl_snapshot_close(&s);
	ok(bl_snapshot_create(&s, fd, key, N) && bl_snapshot_put(&s, in, N), "a large one");
	bl_snapshot_close(&s);
	ok(bl_snapshot_create(&s, fd, key, 5) && bl_snapshot_put(&s, in, 5) && bl_snapshot_done(&s), "then a small one");
	bl_snapshot_close(&s);
	ok(bl_snapshot_open(&s, fd, key) && bl_snapshot_take(&s, out, 4) && !bl_snapshot_done(&s) && bl_snapshot_take(&s, out, 1) && bl_snapshot_done(&s),
	   "leaves nothing of the large one behind it");
	bl_snapshot_close(&s);
	ok(!bl_snapshot_open(&s, -1, key), "no file, no snapshot");
	bl_snapshot_close(&s);
	close(fd);
	unlink("stream");
	free(in);
	free(out);
}

int main(void)
{
	char command[64];

	if (bl_mem_init(true, &err) || !mkdtemp(dir) || chdir(dir))
		return 99;
	bl_json_init();
	test_stream();
	test_same_answers();
	test_many();
	test_changed();
	test_mixed();
	test_strangers();
	test_damaged_journal();
	test_unwritable();
	test_crashes();
	test_torn();
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return chdir("/") | system(command) | tap_done();
}
