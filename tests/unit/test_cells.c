/* SPDX-License-Identifier: Apache-2.0 */
/* The differencing store: what was released stays compared, across processes, re-ingests and crashes, or nothing is answered. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"
#include "crypt/box.h"
#include "crypt/mem.h"
#include "policy/cells.h"
#include "policy/record.h"
#include "policy/runs.h"

enum { MOST = 20000 };
static const uint8_t key[32] = { 1, 2, 3 }, data[32] = { 4, 5, 6 }, other[32] = { 7 };
static uint8_t named[100][BL_CELLS_HASH];
static size_t nnamed;
static uint64_t ids[MOST][2];
static uint32_t who[MOST];
static struct bl_cells *c;
static struct bl_err err;
static int fd = -1;

static int open_it(void)
{
	bl_cells_close(c);
	c = NULL;
	err = (struct bl_err){ 0 };
	return bl_cells_open(&c, fd, key, data, named, nnamed, &err);
}

static void fresh(void)
{
	if (fd >= 0)
		close(fd);
	fd = memfd_create("cells", MFD_CLOEXEC);
	nnamed = 0;
	if (fd < 0 || open_it())
		abort();
}

/* Person number i of the world. */
static void person(uint64_t i, uint64_t id[2])
{
	id[0] = (i + 1) * 0x9e3779b97f4a7c15u;
	id[1] = ~id[0] * 0xbf58476d1ce4e5b9u;
}

/* A request about people first, first + step, ...: n of them are the result's entities 0, 1, ... */
static int request(uint64_t first, int64_t step, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		person((uint64_t)((int64_t)first + (int64_t)i * step), ids[i]);
	return bl_cells_map(c, (const uint64_t (*)[2])ids, n, &err);
}

static struct bl_cells_item set_of(const char *family, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		who[i] = i;
	return (struct bl_cells_item){ .family = family, .who = who + from, .n = to - from };
}

/* Tests against the store, and keeps and writes when it passes. */
static bool release_item(struct bl_cells_item item, uint64_t k, bool xor_mode)
{
	bool written;

	if (bl_cells_test(c, &item, 1, k, xor_mode, &err))
		return false;
	if (item.fails)
		return false;
	if (bl_cells_keep(c, &item, 1000, &err) || bl_cells_write(c, named[nnamed], &written, &err))
		abort();
	nnamed += written;
	return true;
}

static bool release_set(const char *family, uint32_t from, uint32_t to, uint64_t k, bool xor_mode)
{
	return release_item(set_of(family, from, to), k, xor_mode);
}

static uint64_t size(void)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : (uint64_t)st.st_size;
}

/* --- sets as bytes --- */

static bool runs_back(const uint32_t *v, uint32_t n, uint32_t universe, size_t most)
{
	uint64_t *words = calloc(universe / 64 + 1, 8);
	struct bl_buf b;
	bool good;

	bl_buf_init(&b, 1 << 20);
	bl_runs_put(&b, v, n);
	good = b.len <= most && b.len <= bl_runs_most(universe) && bl_runs_get(b.p, b.len, words, universe, n);
	for (uint32_t i = 0, at = 0; i < universe && good; i++) {
		bool in = at < n && v[at] == i;
		at += in;
		good = (words[i / 64] >> i % 64 & 1) == in;
	}
	good = good && !bl_runs_get(b.p, b.len, words, universe, n + 1) && (b.len < 2 || !bl_runs_get(b.p, b.len - 1, words, universe, n)) &&
	       (!n || v[n - 1] != universe - 1 || !bl_runs_get(b.p, b.len, words, universe - 1, n));
	bl_buf_fini(&b);
	free(words);
	return good;
}

static void runs(void)
{
	static uint32_t v[3000];

	ok(runs_back(v, 0, 10, 1), "the empty set is one byte");
	for (uint32_t i = 0; i < 3000; i++)
		v[i] = i;
	ok(runs_back(v, 3000, 3000, 4), "one run is four bytes");
	ok(runs_back(v + 1000, 2000, 3000, 6), "wherever it begins");
	for (uint32_t i = 0; i < 3000; i++)
		v[i] = 2 * i + 1;
	ok(runs_back(v, 3000, 6000, 751), "every second one is a bitmap");
	v[0] = 127;
	v[1] = 129;
	v[2] = 70000;
	ok(runs_back(v, 3, 70001, 12) && runs_back(v, 1, 128, 4), "numbers of every length come back");
	uint64_t w[4];
	ok(!bl_runs_get((const uint8_t *)"\0\x01\x80\0", 4, w, 200, 1), "a number written longer than need be is refused");
	ok(!bl_runs_get((const uint8_t *)"\0\x01\0\0\0", 5, w, 200, 2), "two runs that touch are refused");
	ok(!bl_runs_get((const uint8_t *)"\1\1\0", 3, w, 200, 1) && !bl_runs_get((const uint8_t *)"\2\1", 2, w, 200, 1) && !bl_runs_get(NULL, 0, w, 200, 0),
	   "a bitmap that ends with 0, another kind and nothing are refused");
	ok(!bl_runs_get((const uint8_t *)"\0\x01\xff\xff\xff\xff\x0f", 7, w, 200, 0), "a run as long as the numbers go is refused");
}

/* --- comparing --- */

static void modes(void)
{
	fresh();
	ok(!request(0, 1, 500) && release_set("n", 0, 100, 10, false), "the first set passes");
	is_int(nnamed, 1, "and is written");
	ok(!open_it() && !request(0, 1, 500), "another process opens it");
	ok(!release_set("n", 0, 99, 10, false) && !release_set("n", 0, 101, 10, false), "one less, one more: refused");
	ok(!release_set("n", 0, 91, 10, false) && !release_set("n", 0, 109, 10, false), "nine: refused");
	ok(!release_set("n", 1, 111, 10, false), "a 1, b 11: refused by either");
	ok(release_set("n", 1, 111, 10, true), "passed by xor");
	ok(!release_set("n", 1, 100, 10, true), "one less: refused by xor");
	is_int(nnamed, 2, "what is refused is not written");
	ok(release_set("n", 0, 100, 10, false), "the first again passes, though it is now near to another");
	is_int(nnamed, 2, "and costs nothing");
	ok(release_set("n", 300, 400, 10, false) && release_set("n", 300, 390, 10, false), "far ones pass: disjoint, ten less");
	ok(release_set("s:Age", 0, 99, 10, false), "another family is not compared");
	struct bl_cells_item item = set_of("s:Age", 0, 95);
	item.set = BL_CELLS_N;
	ok(release_item(item, 10, false), "nor is the other kind of set");
	item = set_of("n", 1, 100);
	item.how = BL_CELLS_LOOSE;
	ok(!release_item(item, 10, false), "loose: near is near");
	item = set_of("n", 291, 380);
	item.how = BL_CELLS_LOOSE;
	ok(release_item(item, 10, false), "loose: a 9, b 10 passes whatever the mode");
	open_it();
	struct bl_cells_item base = set_of("n", 0, 100);
	request(0, 1, 500);
	item = set_of("n", 2, 109);
	item.base = &base;
	ok(!release_item(item, 10, false), "a base does not free from sets that are not equal to it (1..110)");
	item = set_of("n", 1, 100);
	item.base = &base;
	ok(release_item(item, 10, false), "it does from those that are (0..99)");
}

static void contributions(void)
{
	static uint64_t tag[500];
	struct bl_cells_item item;

	fresh();
	request(0, 1, 500);
	item = set_of("s:Age", 0, 200);
	item.tag = tag;
	for (int i = 0; i < 200; i++)
		tag[i] = 1000 + (uint64_t)i;
	ok(release_item(item, 10, false), "a sum over 200");
	open_it();
	request(0, 1, 500);
	ok(release_item(item, 10, false) && nnamed == 1, "the same contributions: free");
	for (int i = 0; i < 15; i++) {
		tag[100 + 2 * i] ^= 1;
		if (i == 0 || i == 8)
			ok(!release_item(item, 10, false), "%d of them differ: refused", i + 1);
	}
	ok(release_item(item, 10, false) && nnamed == 2, "fifteen of them differ: another cell");
	open_it();
	request(0, 1, 500);
	item = set_of("n", 0, 200);
	ok(release_item(item, 10, false), "a count with one row each");
	for (int i = 0; i < 200; i++)
		tag[i] = 1;
	item.tag = tag;
	ok(release_item(item, 10, false) && nnamed == 3, "said otherwise, the same");
	tag[199] = 2;
	ok(!release_item(item, 10, false), "one more row of one of them: refused");
	for (int i = 0; i < 200; i++)
		tag[i] = 2;
	ok(release_item(item, 10, false), "two rows each: another cell");
	open_it();
	request(0, 1, 500);
	item.tag = NULL;
	ok(release_item(item, 10, false) && nnamed == 4, "and the first is still known");
}

static void one_request(void)
{
	struct bl_cells_item a, b;
	bool fits, written;

	fresh();
	request(0, 1, 500);
	a = set_of("n", 0, 100);
	ok(!bl_cells_fits(c, &a, 10, false, &fits, &err) && fits && !a.known && !bl_cells_keep(c, &a, 10, &err), "the first cell of a request");
	b = set_of("n", 0, 99);
	ok(!bl_cells_fits(c, &b, 10, false, &fits, &err) && !fits, "is held against the second");
	b = set_of("n", 0, 100);
	ok(!bl_cells_fits(c, &b, 10, false, &fits, &err) && fits && b.known, "which may be the same");
	for (uint32_t i = 0; i < 20; i++) {		/* small sets are held in another way */
		b = set_of("n", 200 + 10 * i, 210 + 10 * i);
		if (bl_cells_fits(c, &b, 10, false, &fits, &err) || !fits || bl_cells_keep(c, &b, 1000, &err))
			break;
	}
	ok(fits, "twenty small ones fit");
	b = set_of("n", 201, 211);
	ok(!bl_cells_fits(c, &b, 10, false, &fits, &err) && !fits, "one that takes from two of them does not");
	b = set_of("n", 200, 210);
	ok(!bl_cells_fits(c, &b, 10, false, &fits, &err) && fits && b.known, "one of them again is known");
	b = set_of("m", 201, 211);
	ok(!bl_cells_fits(c, &b, 10, false, &fits, &err) && fits, "another family is not compared");
	bl_cells_drop(c);
	b = set_of("n", 0, 99);
	ok(!bl_cells_fits(c, &b, 10, false, &fits, &err) && fits, "what was dropped is forgotten");
	ok(!bl_cells_write(c, named[0], &written, &err) && !written && !size(), "and nothing is written");
	a = set_of("n", 0, 100);
	b = set_of("n", 200, 300);
	ok(!bl_cells_keep(c, &a, 2, &err) && !bl_cells_keep(c, &b, 2, &err), "two sets where two may be");
	ok(bl_cells_keep(c, &b, 2, &err) && err.code == BL_REFUSED && strstr(err.msg, "full"), "a third is class 77, the store is full");
	ok(!bl_cells_write(c, named[nnamed++], &written, &err) && written, "two are written");
	open_it();
	request(0, 1, 500);
	ok(bl_cells_keep(c, &b, 2, &err) && err.code == BL_REFUSED, "and count for the next request");
	b.known = true;
	ok(!bl_cells_keep(c, &b, 2, &err), "what is known needs no room");
}

/* --- entities --- */

static void numbering(void)
{
	fresh();
	ok(!request(0, 1, 300) && release_set("n", 0, 100, 10, false), "people 0..99 of 300");
	open_it();
	ok(!request(299, -1, 300) && !release_set("n", 201, 300, 10, false), "the table turned round: 1..99 are refused under their new numbers");
	ok(release_set("n", 200, 300, 10, false) && nnamed == 1, "0..99 are known");
	open_it();
	ok(!request(0, 1, 1000) && release_set("n", 0, 400, 10, false), "the table grew to 1000: 0..399");
	open_it();
	ok(!request(1000, 1, 50) && release_set("n", 0, 50, 10, false), "an entirely different snapshot");
	open_it();
	ok(!request(0, 1, 1050) && !release_set("n", 0, 401, 10, false), "all of it: 0..400 is refused");
	ok(!release_set("n", 1001, 1050, 10, false), "and so is 1001..1049");
	ok(!release_set("n", 0, 92, 10, false) && release_set("n", 0, 90, 10, false), "0..91 is refused, 0..89 passes");
	uint64_t twice[2][2] = { { 5, 5 }, { 5, 5 } };
	ok(bl_cells_map(c, (const uint64_t (*)[2])twice, 2, &err) && err.code == BL_BUG, "two entities with one id are our mistake");
}

/* --- a store that is not as it was --- */

static size_t file(uint8_t **p)
{
	size_t n = size();

	*p = malloc(n + 1);
	if (!*p || pread(fd, *p, n, 0) != (ssize_t)n)
		abort();
	return n;
}

static void replace(const uint8_t *p, size_t n)
{
	if (ftruncate(fd, 0) || pwrite(fd, p, n, 0) != (ssize_t)n)
		abort();
}

static void damage(void)
{
	uint8_t *p;
	size_t n, bad = 0, cut = 0;

	fresh();
	request(0, 1, 300);
	release_set("n", 0, 100, 10, false);
	release_set("n", 100, 250, 10, false);
	n = file(&p);
	ok(n % BL_RECORD_STEP == 0 && !open_it(), "two records");
	for (size_t i = 0; i < n; i++) {
		p[i] ^= 1;
		replace(p, n);
		bad += !open_it() || err.code != BL_REFUSED || !strstr(err.msg, "differencing");
		p[i] ^= 1;
	}
	is_int(bad, 0, "a bit flipped in any byte of them is class 77 `differencing`");
	for (size_t i = 0; i < n; i++) {
		replace(p, i);
		cut += !open_it() || err.code != BL_REFUSED;
	}
	is_int(cut, 0, "so is a file cut anywhere");
	replace(p, n);
	uint8_t first[BL_CELLS_HASH];
	memcpy(first, named[0], sizeof first);
	memcpy(named[0], named[1], sizeof first);
	memcpy(named[1], first, sizeof first);
	ok(open_it() && err.code == BL_REFUSED, "records in another order than the journal's are refused");
	memcpy(named[1], named[0], sizeof first);
	memcpy(named[0], first, sizeof first);
	ok(!open_it(), "in its order they are not");
	uint8_t wrong[32] = { 9 };
	bl_cells_close(c);
	c = NULL;
	ok(bl_cells_open(&c, fd, wrong, data, named, nnamed, &err) && err.code == BL_REFUSED, "another key opens nothing");
	ok(bl_cells_open(&c, fd, key, other, named, nnamed, &err) && err.code == BL_REFUSED, "nor does another dataset");
	free(p);
}

static void torn(void)
{
	uint8_t *p, junk[200];
	size_t n, whole, bad = 0;
	bool written;

	fresh();
	request(0, 1, 300);
	release_set("n", 0, 100, 10, false);
	whole = size();
	struct bl_cells_item item = set_of("n", 100, 250);
	if (bl_cells_keep(c, &item, 100, &err) || bl_cells_write(c, named[1], &written, &err))
		abort();
	n = file(&p);
	ok(!open_it() && !request(0, 1, 300) && release_set("n", 100, 249, 10, false), "a record that the journal does not name is ignored");
	for (size_t i = whole; i < n; i += 7) {
		replace(p, i);
		nnamed = 1;
		bad += open_it() || request(0, 1, 300) || release_set("n", 0, 99, 10, false) || !release_set("n", 100, 200, 10, false) || open_it() ||
		       request(0, 1, 300) || release_set("n", 100, 199, 10, false) || nnamed != 2;
	}
	is_int(bad, 0, "a record torn anywhere is cut, and what is written next is found again");
	memset(junk, 0, sizeof junk);
	replace(p, whole);
	if (pwrite(fd, junk, sizeof junk, (off_t)whole) != sizeof junk)
		abort();
	nnamed = 1;
	ok(!open_it() && !request(0, 1, 300) && release_set("n", 100, 250, 10, false) && !open_it(), "a tail of zeros is cut too");
	replace(p, n);
	p[whole + 3] ^= 1;			/* the header of the second record: unnamed now */
	replace(p, n);
	nnamed = 1;
	ok(!open_it() && !request(0, 1, 300) && release_set("n", 150, 250, 10, false) && !open_it(), "and so is a record without a header");
	free(p);
}

static void neighbours(void)
{
	uint8_t mine[BL_CELLS_HASH], theirs[BL_CELLS_HASH], *p;
	struct bl_cells *b = NULL;
	bool written;
	size_t n;

	fresh();
	request(0, 1, 300);
	struct bl_cells_item item = set_of("n", 0, 100);
	if (bl_cells_open(&b, fd, key, other, NULL, 0, &err) || bl_cells_map(b, (const uint64_t (*)[2])ids, 300, &err) ||
	    bl_cells_keep(b, &item, 100, &err) || bl_cells_write(b, theirs, &written, &err))
		abort();
	bl_cells_close(b);
	open_it();
	request(0, 1, 300);
	ok(release_set("n", 0, 99, 10, false), "another dataset's cells in the same file are not compared");
	memcpy(mine, named[0], sizeof mine);
	b = NULL;
	ok(!bl_cells_open(&b, fd, key, other, (const uint8_t (*)[BL_CELLS_HASH])theirs, 1, &err), "and are still there");
	bl_cells_close(b);
	n = file(&p);
	p[0] ^= 1;
	replace(p, n);
	ok(!open_it() && !request(0, 1, 300) && !release_set("n", 0, 98, 10, false), "damage to theirs does not hide what is behind it");
	b = NULL;
	ok(bl_cells_open(&b, fd, key, other, (const uint8_t (*)[BL_CELLS_HASH])theirs, 1, &err), "and they notice");
	free(p);
}

static void full_disk(void)
{
	struct rlimit old, few;
	bool written;

	fresh();
	request(0, 1, 3000);
	release_set("n", 0, 100, 10, false);
	struct bl_cells_item item = set_of("n", 100, 250);
	bl_cells_keep(c, &item, 100, &err);
	getrlimit(RLIMIT_FSIZE, &old);
	few = (struct rlimit){ size() + 100, old.rlim_max };
	setrlimit(RLIMIT_FSIZE, &few);
	ok(bl_cells_write(c, named[nnamed], &written, &err) && err.code == BL_IOERR && !written, "a disk that is full is class 74");
	setrlimit(RLIMIT_FSIZE, &old);
	ok(!open_it() && !request(0, 1, 3000) && release_set("n", 100, 249, 10, false) && !open_it(), "and leaves nothing behind");
}

/* --- larger --- */

static void large(void)
{
	static uint32_t some[MOST];
	struct bl_cells_item item = { .family = "s:income", .who = some };
	bool written;

	fresh();
	request(0, 1, MOST);
	for (int k = 0; k < 40; k++) {
		item.n = 0;
		for (uint32_t i = 0; i < MOST; i++)
			if ((i * 2654435761u >> 20) % 40 == (uint32_t)k)
				some[item.n++] = i;
		if (bl_cells_keep(c, &item, 1000, &err))
			abort();
	}
	ok(!bl_cells_write(c, named[nnamed++], &written, &err) && written && size() > 5 * BL_RECORD_BOX, "forty scattered sets of 20,000 people: several boxes");
	open_it();
	request(MOST - 1, -1, MOST);
	item.n = 0;
	for (uint32_t i = MOST; i-- > 0; )
		if ((i * 2654435761u >> 20) % 40 == 39)
			some[item.n++] = MOST - 1 - i;
	struct bl_cells_item all[3] = { item, item, item };
	all[1].n -= 9;
	all[2].n -= 10;
	ok(!bl_cells_test(c, all, 3, 10, false, &err) && all[0].known && !all[0].fails && all[1].fails && !all[2].fails,
	   "are compared in one pass: the same, nine less, ten less");
	is_int(bl_cells_test(c, all, 0, 10, false, &err), 0, "nothing to compare is no error");
}

static void boxes(void)
{
	uint8_t in[100], box[100 + BL_BOX_MORE], out[100], bad = 0, zero[100] = { 0 };

	memset(in, 7, sizeof in);
	bl_box_seal(key, "aad", 3, in, sizeof in, box);
	ok(!bl_box_open(key, "aad", 3, box, sizeof box, out) && !memcmp(in, out, sizeof in), "a box opens");
	for (size_t i = 0; i < sizeof box; i++) {
		box[i] ^= 1;
		bad |= !bl_box_open(key, "aad", 3, box, sizeof box, out) || memcmp(out, zero, sizeof out);
		box[i] ^= 1;
	}
	ok(!bad, "a bit flipped in any byte: it does not, and gives zeros");
	ok(bl_box_open(key, "bad", 3, box, sizeof box, out) && bl_box_open(other, "aad", 3, box, sizeof box, out) &&
	   bl_box_open(key, "aad", 3, box, BL_BOX_MORE - 1, out), "nor with other data, another key, or cut short");
}

int main(void)
{
	if (bl_mem_init(false, &err))
		return 1;
	signal(SIGXFSZ, SIG_IGN);
	boxes();
	runs();
	modes();
	contributions();
	one_request();
	numbering();
	damage();
	torn();
	neighbours();
	full_disk();
	large();
	bl_cells_close(c);
	return tap_done();
}
