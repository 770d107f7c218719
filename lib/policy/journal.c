/* SPDX-License-Identifier: Apache-2.0 */
/* journal: see journal.h. Lines from the disk and lines about to be written pass through the same function. */
#include "policy/journal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/canon.h"
#include "base/file.h"
#include "base/text.h"
#include "base/time.h"
#include "crypt/box.h"
#include "crypt/hash.h"
#include "crypt/mem.h"
#include "crypt/note.h"

enum { READ = 256 << 10, LOCK_MS = 10000, POLL_MS = 2 };

struct state {
	uint64_t off, line;		/* end of the last line; its length, without newline */
	char prev[2 * BL_HASH_LEN + 1];
	struct bl_tree tree, before;	/* before: without the last line */
};

struct bl_journal {
	int fd;
	bool writable, locked, torn, keep;
	bl_journal_fold *fold;
	void *arg;
	struct bl_err dead;		/* code is set: why nothing works any more */
	uint64_t bad;
	struct state good, now;		/* after the last whole transaction; after the last line */
	struct bl_json *pending[BL_JOURNAL_LINES];	/* lines read of the transaction in hand */
	size_t npending;
	struct bl_json *tx[BL_JOURNAL_LINES];		/* entries to be written */
	size_t ntx;
	bool tx_full;
	struct bl_json *last;
	uint8_t (*leaf)[BL_TREE_HASH];
	size_t leaves;			/* room */
	int snapshot;			/* -1: none is kept */
	uint8_t *key;
	const struct bl_journal_state *state;
	uint64_t since;			/* entries folded since it was read or written */
};

int bl_journal_open(struct bl_journal **ret, int fd, bl_journal_fold *fold, void *arg, struct bl_err *err)
{
	struct bl_journal *j;
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fstat(fd, &st))
		return bl_err_sys(err, BL_OSERR, "cannot read the journal");
	if (!S_ISREG(st.st_mode))
		return bl_err_set(err, BL_DATA, "not a journal: not a regular file");
	if (!(j = calloc(1, sizeof *j)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	j->fd = fd;
	j->writable = (flags & O_ACCMODE) == O_RDWR;
	assert(!j->writable || flags & O_APPEND);
	j->snapshot = -1;
	j->fold = fold;
	j->arg = arg;
	memset(j->good.prev, '0', sizeof j->good.prev - 1);
	j->now = j->good;
	*ret = j;
	return 0;
}

void bl_journal_close(struct bl_journal *j)
{
	if (!j)
		return;
	bl_journal_unlock(j);
	bl_journal_abandon(j);
	for (size_t i = 0; i < j->npending; i++)
		bl_json_free(j->pending[i]);
	bl_json_free(j->last);
	bl_mem_free(j->key);
	free(j->leaf);
	free(j);
}

void bl_journal_keep(struct bl_journal *j)
{
	j->keep = true;
}

static int die(struct bl_journal *j, const struct bl_err *err)
{
	j->dead = *err;
	return -1;
}

static int check_alive(const struct bl_journal *j, struct bl_err *err)
{
	if (!j->dead.code)
		return 0;
	*err = j->dead;
	return -1;
}

static int __attribute__((format(printf, 4, 5))) refuse(struct bl_journal *j, uint64_t seq, struct bl_err *err, const char *fmt, ...)
{
	va_list ap;

	j->bad = seq;
	va_start(ap, fmt);
	bl_err_vset(err, BL_DATA, fmt, ap);
	va_end(ap);
	return bl_err_where(err, "seq %llu", (unsigned long long)seq);
}

/* Back to the last whole transaction. */
static void go_back(struct bl_journal *j)
{
	while (j->npending)
		bl_json_free(j->pending[--j->npending]);
	j->now = j->good;
}

/* The transaction is whole: its entries count. */
static int settle(struct bl_journal *j, struct bl_err *err)
{
	uint64_t seq = j->good.tree.size;

	for (size_t i = 0; i < j->npending; i++) {
		if (!j->fold || !j->fold(j->arg, j->pending[i], err))
			continue;
		j->bad = seq + i;
		if (err->code != BL_OSERR)
			err->code = BL_DATA;
		bl_err_where(err, "seq %llu", (unsigned long long)(seq + i));
		return die(j, err);
	}
	j->since += j->npending;
	bl_json_free(j->last);
	j->last = j->pending[--j->npending];
	while (j->npending)
		bl_json_free(j->pending[--j->npending]);
	j->good = j->now;
	return 0;
}

static int keep_leaf(struct bl_journal *j, const uint8_t leaf[BL_TREE_HASH], struct bl_err *err)
{
	uint64_t n = j->now.tree.size;

	if (n == j->leaves) {
		size_t room = n ? 2 * n : 1024;
		void *p = reallocarray(j->leaf, room, BL_TREE_HASH);
		if (!p)
			return bl_err_set(err, BL_OSERR, "out of memory");
		j->leaf = p;
		j->leaves = room;
	}
	memcpy(j->leaf[n], leaf, BL_TREE_HASH);
	return 0;
}

/* true, absent (false), or anything else (-1) */
static int mark(const struct bl_json *entry, const char *key)
{
	const struct bl_json *v = bl_json_get(entry, key);
	if (!v)
		return false;
	return bl_json_kind(v) == BL_JSON_BOOL && bl_json_bool(v) ? true : -1;
}

static int check_members(struct bl_journal *j, const struct bl_json *entry, struct bl_err *err)
{
	const uint64_t seq = j->now.tree.size;
	const char *prev = bl_json_get_text(entry, "prev"), *time = bl_json_get_text(entry, "time"),
		   *kind = bl_json_get_text(entry, "kind");
	int64_t said = bl_json_get_int(entry, "seq", -1), us;

	if (said < 0 || !prev || !time || !kind || !*kind)
		return refuse(j, seq, err, "not an entry: seq, prev, time or kind is missing");
	if ((uint64_t)said != seq)
		return refuse(j, seq, err, "out of order: the line says seq %llu", (unsigned long long)said);
	if (strcmp(prev, j->now.prev))
		return seq ? refuse(j, seq, err, "prev is not the hash of seq %llu: one of the two was changed",
				    (unsigned long long)(seq - 1)) :
			     refuse(j, seq, err, "prev of the first entry is not 64 zeros");
	if (!bl_time_parse_stamp(time, strlen(time), &us))
		return refuse(j, seq, err, "time is not an RFC 3339 time");
	return 0;
}

/* What is wrong with a line that bl_canon_parse does not take. */
static int refuse_line(struct bl_journal *j, const char *line, size_t n, struct bl_err *err)
{
	struct bl_json *entry = bl_json_parse(line, n, BL_JOURNAL_DEPTH, BL_DATA, err);
	const bool canonical = entry && bl_json_canonical(line, n, BL_JOURNAL_DEPTH);

	bl_json_free(entry);
	if (canonical || (!entry && err->code == BL_OSERR))
		return bl_err_set(err, BL_OSERR, "out of memory");
	return refuse(j, j->now.tree.size, err, entry ? "not canonical" : "not JSON");
}

/* Takes the next line (without its newline, which follows it) into account. */
static int take(struct bl_journal *j, const char *line, size_t n, struct bl_err *err)
{
	const uint64_t seq = j->now.tree.size;
	uint8_t hash[BL_HASH_LEN];
	struct bl_json *entry;

	if (n > BL_JOURNAL_LINE)
		return refuse(j, seq, err, "longer than 64 KiB");
	if (!(entry = bl_canon_parse(line, n, BL_JOURNAL_DEPTH)))
		return refuse_line(j, line, n, err);
	j->pending[j->npending++] = entry;
	if (check_members(j, entry, err))
		return -1;
	int part = mark(entry, "part"), end = mark(entry, "end");
	if (part < 0 || end < 0 || part & end || (!part && end != (j->npending > 1)) ||
	    (part && j->npending == BL_JOURNAL_LINES))
		return refuse(j, seq, err, "a broken transaction");

	bl_hash_sha256(line, n, hash);
	bl_text_hex(hash, sizeof hash, j->now.prev);
	bl_tree_leaf(line, n, hash);
	if (j->keep && keep_leaf(j, hash, err))
		return -1;
	j->now.before = j->now.tree;
	bl_tree_add(&j->now.tree, hash);
	j->now.off += n + 1;
	j->now.line = n;
	return part ? 0 : settle(j, err);
}

/* A tail without newline: torn, unless it is a whole line whose newline became something else. */
static int check_tail(struct bl_journal *j, const char *p, size_t n, struct bl_err *err)
{
	if (n > BL_JOURNAL_LINE)
		return refuse(j, j->now.tree.size, err, "longer than 64 KiB");
	if (n > 1 && p[n - 1] && bl_json_canonical(p, n - 1, BL_JOURNAL_DEPTH))
		return refuse(j, j->now.tree.size, err, "not canonical");
	return 0;
}

/* Everything behind the last whole transaction. */
static int read_tail(struct bl_journal *j, struct bl_err *err)
{
	size_t have = 0, used = 0;
	uint64_t off = j->good.off;
	char *buf = malloc(READ);
	int rc = -1;

	if (!buf)
		return bl_err_set(err, BL_OSERR, "out of memory");
	for (;;) {
		ssize_t got = pread(j->fd, buf + have, READ - have, (off_t)off);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			bl_err_sys(err, BL_IOERR, "cannot read the journal");
			goto out;
		}
		if (!got)
			break;
		off += (uint64_t)got;
		have += (size_t)got;
		const char *nl;
		for (used = 0; (nl = memchr(buf + used, '\n', have - used)); used = (size_t)(nl + 1 - buf))
			if (take(j, buf + used, (size_t)(nl - buf) - used, err))
				goto out;
		have -= used;
		memmove(buf, buf + used, have);
		if (have > BL_JOURNAL_LINE)
			break;
	}
	if (check_tail(j, buf, have, err))
		goto out;
	if (have || j->npending) {
		go_back(j);
		j->torn = true;
		if (j->writable && ftruncate(j->fd, (off_t)j->good.off)) {
			bl_err_sys(err, BL_IOERR, "cannot cut the torn end of the journal");
			goto out;
		}
	}
	rc = 0;
out:
	free(buf);
	return rc;
}

/* --- the snapshot --- */

enum { SINCE = 1000 };

/* What ties it to the journal: the place of its last line, the tree before that line, what the two come to. */
struct bound {
	uint64_t off, line;
	uint8_t hash[BL_HASH_LEN], root[BL_TREE_HASH];
	struct bl_tree before;
};
_Static_assert(sizeof(struct bound) == 16 + BL_HASH_LEN + BL_TREE_HASH + 8 + 64 * BL_TREE_HASH, "written as it lies: no gaps");

int bl_journal_snapshot(struct bl_journal *j, int fd, const uint8_t key[32], const struct bl_journal_state *state, struct bl_err *err)
{
	assert(j->writable && !j->good.off && !j->keep);
	if (!(j->key = bl_mem_new(BL_BOX_KEY)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	memcpy(j->key, key, BL_BOX_KEY);
	j->snapshot = fd;
	j->state = state;
	return 0;
}

/* The line that is to end at b->off, into a buffer of its length + 2: is it one, with that hash, and gives the tree that root? */
static bool is_there(const struct bl_journal *j, const struct bound *b, uint8_t *p, struct state *found)
{
	const uint64_t start = b->off - b->line - 1, front = start ? 1 : 0;
	uint8_t hash[BL_HASH_LEN], leaf[BL_TREE_HASH], root[BL_TREE_HASH];
	struct bl_err err;

	if (!start != !b->before.size || bl_file_pread(j->fd, p, b->line + 1 + front, start - front, &err) || (front && p[0] != '\n') ||
	    p[front + b->line] != '\n')
		return false;
	memmove(p, p + front, b->line);
	bl_hash_sha256(p, b->line, hash);
	bl_tree_leaf(p, b->line, leaf);
	*found = (struct state){ .off = b->off, .line = b->line, .tree = b->before, .before = b->before };
	bl_tree_add(&found->tree, leaf);
	bl_tree_root(&found->tree, root);
	bl_text_hex(hash, sizeof hash, found->prev);
	return !memcmp(hash, b->hash, sizeof hash) && !memcmp(root, b->root, sizeof root);
}

/* Begins where the snapshot ends; or, where none fits the journal of this size, at the beginning. */
static void load(struct bl_journal *j, uint64_t size)
{
	struct bl_snapshot s;
	struct state found;
	struct bl_json *last = NULL;
	uint8_t *line = NULL;
	struct bound b;

	if (bl_snapshot_open(&s, j->snapshot, j->key) && bl_snapshot_take(&s, &b, sizeof b) && b.line <= BL_JOURNAL_LINE && b.off <= size &&
	    b.off > b.line && b.before.size < INT64_MAX && (line = malloc(b.line + 2)) && is_there(j, &b, line, &found) &&
	    (last = bl_canon_parse((const char *)line, b.line, BL_JOURNAL_DEPTH)) && j->state->load(j->arg, &s)) {
		j->good = j->now = found;
		j->last = last;
		last = NULL;
	}
	bl_json_free(last);
	free(line);
	bl_snapshot_close(&s);
}

/*
 * A snapshot costs its writer as much as it is long, and spares everybody who opens the vault from then on as many entries as came
 * since: the sum is least at about the square root of the length. For a small vault that is every few requests.
 */
static bool is_due(const struct bl_journal *j)
{
	if (j->snapshot < 0 || j->dead.code || !j->since)
		return false;
	return j->since >= SINCE || j->since * j->since >= 64 + j->state->size(j->arg) / 64;
}

/* Into a file that nothing depends on: what fails here is an absent snapshot, and is not tried again. */
static void save(struct bl_journal *j)
{
	struct bound b = { .off = j->good.off, .line = j->good.line, .before = j->good.before };
	struct bl_snapshot s;

	bl_tree_root(&j->good.tree, b.root);
	if (bl_text_unhex(j->good.prev, 2 * sizeof b.hash, b.hash, sizeof b.hash) &&
	    bl_snapshot_create(&s, j->snapshot, j->key, sizeof b + j->state->size(j->arg)) && bl_snapshot_put(&s, &b, sizeof b) &&
	    j->state->save(j->arg, &s) && bl_snapshot_done(&s))
		j->since = 0;
	else
		j->snapshot = -1;
	bl_snapshot_close(&s);
}

/* --- the lock --- */

static int set_lock(const struct bl_journal *j, short type)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET };
	int rc;

	do
		rc = fcntl(j->fd, F_OFD_SETLK, &l);
	while (rc && errno == EINTR);
	return rc;
}

int bl_journal_lock(struct bl_journal *j, struct bl_err *err)
{
	const uint64_t start = bl_time_mono_ns();
	struct stat st;

	if (check_alive(j, err))
		return -1;
	assert(!j->locked);
	while (set_lock(j, j->writable ? F_WRLCK : F_RDLCK)) {
		if (errno != EAGAIN && errno != EACCES)
			return bl_err_sys(err, BL_OSERR, "cannot lock the journal");
		if (bl_time_mono_ns() - start > LOCK_MS * 1000000ull)
			return bl_err_set(err, BL_TEMPFAIL, "the vault is locked by another request");
		poll(NULL, 0, POLL_MS);
	}
	j->locked = true;
	if (fstat(j->fd, &st)) {
		bl_err_sys(err, BL_IOERR, "cannot read the journal");
		goto out;
	}
	if (!j->good.off && j->snapshot >= 0)
		load(j, (uint64_t)st.st_size);
	if ((uint64_t)st.st_size < j->good.off)
		refuse(j, j->good.tree.size, err, "the journal became shorter while it was in use");
	else if (!read_tail(j, err))
		return 0;
out:
	die(j, err);
	bl_journal_unlock(j);
	return -1;
}

int bl_journal_follow(struct bl_journal *j, struct bl_err *err)
{
	const bool before = j->torn;
	bool cut;

	assert(j->locked && j->writable);
	if (check_alive(j, err))
		return -1;
	j->torn = false;
	if (read_tail(j, err)) {
		go_back(j);
		if (!ftruncate(j->fd, (off_t)j->good.off))
			j->torn = before;
		return die(j, err);
	}
	cut = j->torn;
	j->torn = before;
	if (!cut)
		return 0;
	refuse(j, j->good.tree.size, err, "no whole transaction");
	return die(j, err);
}

void bl_journal_unlock(struct bl_journal *j)
{
	if (j->locked && is_due(j))
		save(j);
	if (j->locked)
		set_lock(j, F_UNLCK);
	j->locked = false;
}

void bl_journal_add(struct bl_journal *j, const char *kind, struct bl_json *entry)
{
	char stamp[BL_TIME_TEXT];

	if (j->ntx == BL_JOURNAL_LINES) {
		j->tx_full = true;
		bl_json_free(entry);
		return;
	}
	bl_time_print_stamp(bl_time_now() * 1000000, stamp);
	bl_json_put_text(entry, "kind", kind);
	bl_json_put_text(entry, "time", stamp);
	j->tx[j->ntx++] = entry;
}

void bl_journal_abandon(struct bl_journal *j)
{
	while (j->ntx)
		bl_json_free(j->tx[--j->ntx]);
	j->tx_full = false;
}

/* The transaction's lines, each taken as if it had been read. */
static int print_lines(struct bl_journal *j, struct bl_buf *lines, struct bl_err *err)
{
	if (j->tx_full)
		return bl_err_set(err, BL_BUG, "a transaction of more than %d lines", BL_JOURNAL_LINES);
	for (size_t i = 0; i < j->ntx; i++) {
		struct bl_json *e = j->tx[i];
		size_t start = lines->len;
		bl_json_put_int(e, "seq", (int64_t)j->now.tree.size);
		bl_json_put_text(e, "prev", j->now.prev);
		if (j->ntx > 1)
			bl_json_put(e, i + 1 < j->ntx ? "part" : "end", bl_json_new_bool(true));
		bl_json_print(e, lines);
		bl_buf_put8(lines, '\n');
		if (lines->failed)
			return bl_err_set(err, BL_BUG, "an entry that cannot be printed");
		if (take(j, (const char *)lines->p + start, lines->len - start - 1, err))
			return -1;
	}
	return 0;
}

int bl_journal_commit(struct bl_journal *j, struct bl_err *err)
{
	const uint64_t start = j->good.off;
	struct bl_buf lines;
	int rc = -1;

	if (check_alive(j, err))
		return -1;
	assert(j->locked && j->writable);
	if (!j->ntx)
		return 0;
	bl_buf_init(&lines, BL_JOURNAL_LINES * (BL_JOURNAL_LINE + 1));
	if (print_lines(j, &lines, err)) {
		go_back(j);
	} else if (bl_file_write(j->fd, lines.p, lines.len, err)) {
		bl_err_where(err, "journal");
		die(j, err);
		/* What was written of it is a torn tail: cut it here, or whoever locks next does. */
		if (ftruncate(j->fd, (off_t)start))
			j->torn = true;
	} else if (fdatasync(j->fd)) {
		bl_err_sys(err, BL_IOERR, "cannot sync the journal");
		die(j, err);
	} else {
		rc = 0;
	}
	bl_buf_fini(&lines);
	bl_journal_abandon(j);
	return rc;
}

uint64_t bl_journal_size(const struct bl_journal *j)
{
	return j->good.tree.size;
}

void bl_journal_root(const struct bl_journal *j, uint8_t root[BL_TREE_HASH])
{
	bl_tree_root(&j->good.tree, root);
}

bool bl_journal_torn(const struct bl_journal *j)
{
	return j->torn;
}

uint64_t bl_journal_bad(const struct bl_journal *j)
{
	return j->bad;
}

uint64_t bl_journal_bytes(const struct bl_journal *j)
{
	return j->good.off;
}

const uint8_t (*bl_journal_leaves(const struct bl_journal *j))[BL_TREE_HASH]
{
	assert(j->keep);
	return (const uint8_t (*)[BL_TREE_HASH])j->leaf;
}

/* The tree over the first lines of p, no more than size of them. Returns the bytes that were whole lines. */
static size_t add_lines(struct bl_tree *t, uint64_t size, const char *p, size_t n)
{
	uint8_t leaf[BL_TREE_HASH];
	const char *nl;
	size_t used = 0;

	for (; t->size < size && (nl = memchr(p + used, '\n', n - used)); used = (size_t)(nl + 1 - p)) {
		bl_tree_leaf(p + used, (size_t)(nl - p) - used, leaf);
		bl_tree_add(t, leaf);
	}
	return used;
}

int bl_journal_extends(const struct bl_journal *j, uint64_t size, const uint8_t root[BL_TREE_HASH], struct bl_err *err)
{
	struct bl_tree t = { .size = 0 };
	uint8_t found[BL_TREE_HASH];
	uint64_t off = 0;
	int rc = 0;
	char *buf;

	assert(j->locked && size);
	if (size > j->good.tree.size)
		return bl_err_set(err, BL_REFUSED, "the journal is shorter than it was");
	if (!(buf = malloc(READ)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	while (!rc && t.size < size) {
		const uint64_t left = j->good.off - off;
		const size_t n = left < READ ? (size_t)left : READ;
		size_t used;

		rc = bl_file_pread(j->fd, buf, n, off, err);
		if (!rc && !(used = add_lines(&t, size, buf, n)))
			rc = bl_err_set(err, BL_DATA, "the journal has a line that is too long");
		else if (!rc)
			off += used;
	}
	free(buf);
	if (rc)
		return rc;
	bl_tree_root(&t, found);
	return memcmp(found, root, sizeof found) ? bl_err_set(err, BL_REFUSED, "the journal is not the one that it was") : 0;
}

struct bl_json *bl_journal_proof(const struct bl_journal *j)
{
	struct bl_json *o = bl_json_new_object(), *a = bl_json_new_array();
	uint8_t proof[BL_TREE_PROOF][BL_TREE_HASH], root[BL_TREE_HASH];
	size_t n = bl_tree_next(&j->good.before, proof);
	char hex[2 * BL_TREE_HASH + 1];

	assert(j->good.tree.size);
	for (size_t i = 0; i < n; i++) {
		bl_text_hex(proof[i], BL_TREE_HASH, hex);
		bl_json_add(a, bl_json_new_text(hex));
	}
	bl_tree_root(&j->good.tree, root);
	bl_json_put(o, "entry", bl_json_copy(j->last));
	bl_json_put_int(o, "index", (int64_t)j->good.tree.size - 1);
	bl_json_put(o, "proof", a);
	bl_json_put_hex(o, "root", root, sizeof root);
	bl_json_put_int(o, "size", (int64_t)j->good.tree.size);
	return o;
}

int bl_journal_checkpoint(const struct bl_journal *j, const struct bl_ident *helper, struct bl_buf *b, struct bl_err *err)
{
	uint8_t root[BL_TREE_HASH];

	bl_tree_root(&j->good.tree, root);
	return bl_note_sign(b, j->good.tree.size, root, helper, err);
}
