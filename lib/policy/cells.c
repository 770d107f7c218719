/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cells: see cells.h. The file is a sequence of records (record.h). The journal's hash is over all bytes of one, so a flipped bit
 * anywhere in it is noticed when the store is opened. What is no record (a torn end, a damaged header) is stepped over in steps
 * of 64 bytes; if no record stands behind it, the next write cuts it. Nothing is held in memory but the request's own sets and
 * one set of the store at a time.
 */
#include "policy/cells.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "crypt/mem.h"
#include "policy/near.h"
#include "policy/record.h"
#include "policy/runs.h"

enum { HEAD = BL_RECORD_HEAD, STEP = BL_RECORD_STEP, WINDOW = 64 << 10, BIG = 16 };
enum { ROOM = 256 << 20 };	/* for bitmaps of the larger sets of a request, while they are compared */

struct bl_cells {
	int fd;
	uint8_t *key, dataset[32];
	uint64_t size, end;		/* of the file; behind its last record */
	struct bl_record *rec;		/* those that the journal names */
	size_t nrec;
	uint64_t nentity, ncell;	/* in them */
	uint32_t *map;			/* by entity of the result */
	uint64_t nmap;
	uint64_t (*fresh)[2];		/* ids that get the numbers from nentity on */
	uint64_t nfresh;
	struct bl_near_held *held;
	struct bl_buf out;		/* the held cells as they will stand in the record */
	uint32_t nheld;
};

static int refuse(struct bl_err *err, const char *what, const char *hint)
{
	bl_err_set(err, BL_REFUSED, "refused: differencing (%s)", what);
	return bl_err_hint(err, "%s", hint);
}

static int damaged(struct bl_err *err)
{
	return refuse(err, "the record of earlier releases is damaged",
		      "exact answers stop until the vault's 'cells' is restored; nothing that was released is forgotten");
}

static int no_memory(struct bl_err *err)
{
	return bl_err_set(err, BL_OSERR, "out of memory");
}

/* Reads a record through once, and counts what is in it. */
static int admit(struct bl_cells *c, const struct bl_record *r, struct bl_err *err)
{
	struct bl_record_cell *x = malloc(sizeof *x);
	uint32_t before, fresh, n;
	struct bl_record_stream s;
	int rc = -1;

	if (!x || bl_record_open(&s, c->fd, c->key, r)) {
		free(x);
		return no_memory(err);
	}
	if (!bl_record_take_counts(&s, &before, &fresh) || before != c->nentity || !bl_record_take(&s, NULL, (uint64_t)fresh * 16))
		goto out;
	if (!bl_record_take_number(&s, &n))
		goto out;
	for (uint32_t i = 0; i < n; i++)
		if (!bl_record_take_cell(&s, x, (uint64_t)before + fresh) || !bl_record_take(&s, NULL, x->len))
			goto out;
	if (!bl_record_done(&s))
		goto out;
	c->nentity += fresh;
	c->ncell += n;
	rc = 0;
out:
	bl_record_close(&s);
	free(x);
	return rc ? damaged(err) : 0;
}

/* --- opening --- */

struct window { const struct bl_cells *c; uint8_t *p; uint64_t off; size_t n; };

/* n bytes (at most WINDOW) at off of the file, or NULL. */
static const uint8_t *see(struct window *w, uint64_t off, size_t n, struct bl_err *err)
{
	if (off < w->off || off + n > w->off + w->n) {
		w->off = off;
		w->n = w->c->size - off < WINDOW ? (size_t)(w->c->size - off) : WINDOW;
		if (n > w->n || bl_file_pread(w->c->fd, w->p, w->n, off, err)) {
			w->n = 0;
			return NULL;
		}
	}
	return w->p + (off - w->off);
}

/* A header whose record lies within the file: its length, else 0. */
static uint64_t header_of(const struct bl_cells *c, const uint8_t *p, uint64_t off)
{
	uint64_t plain = bl_record_plain(p), len = plain ? bl_record_len(plain) : 0;

	return len <= c->size - off ? len : 0;
}

static int hash_record(struct window *w, struct bl_hash *h, uint64_t off, uint64_t len, uint8_t hash[BL_CELLS_HASH], struct bl_err *err)
{
	for (uint64_t at = 0; at < len; ) {
		size_t n = len - at < WINDOW ? (size_t)(len - at) : WINDOW;
		const uint8_t *p = see(w, off + at, n, err);
		if (!p)
			return -1;
		bl_hash_add(h, p, n);
		at += n;
	}
	bl_hash_end(h, hash);
	return 0;
}

static int add_record(struct bl_cells *c, uint64_t off, const uint8_t head[HEAD], struct bl_err *err)
{
	struct bl_record *all = reallocarray(c->rec, c->nrec + 1, sizeof *all);

	if (!all)
		return no_memory(err);
	c->rec = all;
	all[c->nrec] = (struct bl_record){ .off = off, .plain = bl_record_plain(head) };
	memcpy(all[c->nrec].head, head, HEAD);
	return admit(c, &all[c->nrec++], err);
}

static int scan(struct bl_cells *c, struct window *w, struct bl_hash *h, const uint8_t (*wanted)[BL_CELLS_HASH], size_t nwanted,
		struct bl_err *err)
{
	uint8_t head[HEAD], hash[BL_CELLS_HASH];
	uint64_t len;

	for (uint64_t off = 0; off + HEAD <= c->size; off += len ? len : STEP) {
		const uint8_t *p = see(w, off, HEAD, err);
		if (!p)
			return -1;
		if (!(len = header_of(c, p, off)))
			continue;
		c->end = off + len;
		if (c->nrec == nwanted || !bl_record_of(p, c->dataset))
			continue;
		memcpy(head, p, HEAD);
		if (hash_record(w, h, off, len, hash, err))
			return -1;
		if (!memcmp(hash, wanted[c->nrec], BL_CELLS_HASH) && add_record(c, off, head, err))
			return -1;
	}
	return c->nrec == nwanted ? 0 : damaged(err);
}

int bl_cells_end(int fd, uint64_t *end, struct bl_err *err)
{
	struct bl_cells c = { .fd = fd };
	struct window w = { .c = &c, .p = malloc(WINDOW) };
	struct stat st;
	uint64_t len;
	int rc = -1;

	if (!w.p)
		return no_memory(err);
	if (fstat(fd, &st)) {
		bl_err_sys(err, BL_IOERR, "cannot read the vault's cells");
		goto out;
	}
	c.size = (uint64_t)st.st_size;
	*end = 0;
	for (uint64_t off = 0; off + HEAD <= c.size; off += len ? len : STEP) {
		const uint8_t *p = see(&w, off, HEAD, err);
		if (!p)
			goto out;
		if ((len = header_of(&c, p, off)))
			*end = off + len;
	}
	rc = 0;
out:
	free(w.p);
	return rc;
}

int bl_cells_open(struct bl_cells **ret, int fd, const uint8_t key[32], const uint8_t dataset[32],
		  const uint8_t (*wanted)[BL_CELLS_HASH], size_t nwanted, struct bl_err *err)
{
	struct bl_cells *c = calloc(1, sizeof *c);
	struct window w = { .c = c, .p = malloc(WINDOW) };
	struct bl_hash *h = bl_hash_new();
	struct stat st;
	int rc;

	if (!c || !w.p || !h || !(c->key = bl_mem_new(BL_BOX_KEY))) {
		rc = no_memory(err);
		goto out;
	}
	c->fd = fd;
	memcpy(c->key, key, BL_BOX_KEY);
	memcpy(c->dataset, dataset, sizeof c->dataset);
	bl_buf_init(&c->out, SIZE_MAX / 2);
	if (fstat(fd, &st)) {
		rc = bl_err_sys(err, BL_IOERR, "cannot read the vault's cells");
		goto out;
	}
	c->size = (uint64_t)st.st_size;
	rc = scan(c, &w, h, wanted, nwanted, err);
out:
	free(w.p);
	bl_hash_free(h);
	if (rc)
		bl_cells_close(c);
	else
		*ret = c;
	return rc;
}

void bl_cells_close(struct bl_cells *c)
{
	if (!c)
		return;
	bl_mem_free(c->key);
	bl_near_release(c->held);
	bl_buf_fini(&c->out);
	free(c->rec);
	free(c->map);
	free(c->fresh);
	free(c);
}

/* --- entity numbers --- */

/* Places of the result's ids by their hash: the ids are keyed hashes already. place + 1, or 0. */
struct places { uint32_t *slot; uint64_t mask; const uint64_t (*id)[2]; };

static uint32_t *find(const struct places *t, const uint64_t id[2])
{
	for (uint64_t i = id[0] & t->mask; ; i = (i + 1) & t->mask) {
		uint32_t at = t->slot[i];
		if (!at || (t->id[at - 1][0] == id[0] && t->id[at - 1][1] == id[1]))
			return &t->slot[i];
	}
}

static int make_places(struct places *t, const uint64_t (*id)[2], uint64_t n, struct bl_err *err)
{
	uint64_t size = 16;

	while (size < 2 * n)
		size *= 2;
	*t = (struct places){ calloc(size, sizeof *t->slot), size - 1, id };
	if (!t->slot)
		return no_memory(err);
	for (uint64_t i = 0; i < n; i++) {
		uint32_t *slot = find(t, id[i]);
		if (*slot)
			return bl_err_set(err, BL_BUG, "two entities with one id");
		*slot = (uint32_t)i + 1;
	}
	return 0;
}

/* The numbers of a record's new entities. */
static int map_record(struct bl_cells *c, const struct bl_record *r, const struct places *t, struct bl_err *err)
{
	uint32_t before, fresh;
	struct bl_record_stream s;
	int rc = 0;

	if (bl_record_open(&s, c->fd, c->key, r))
		return no_memory(err);
	if (!bl_record_take_counts(&s, &before, &fresh))
		rc = damaged(err);
	for (uint32_t i = 0; i < fresh && !rc; i++) {
		uint8_t b[16];
		if (!bl_record_take(&s, b, sizeof b)) {
			rc = damaged(err);
			break;
		}
		uint64_t id[2] = { bl_le64(b), bl_le64(b + 8) };
		uint32_t at = *find(t, id);
		if (at)
			c->map[at - 1] = before + i;
	}
	bl_record_close(&s);
	return rc;
}

int bl_cells_map(struct bl_cells *c, const uint64_t (*entity)[2], uint64_t n, struct bl_err *err)
{
	struct places t = { 0 };
	int rc = -1;

	bl_cells_drop(c);
	free(c->map);
	free(c->fresh);
	c->map = NULL;
	c->fresh = NULL;
	c->nmap = c->nfresh = 0;
	if (n >= UINT32_MAX - c->nentity)
		return refuse(err, "the record of earlier releases is full", "more entities than it can number");
	c->map = malloc((n + 1) * sizeof *c->map);
	c->fresh = malloc((n + 1) * sizeof *c->fresh);
	if (!c->map || !c->fresh)
		return no_memory(err);
	for (uint64_t i = 0; i < n; i++)
		c->map[i] = UINT32_MAX;
	if (make_places(&t, entity, n, err))
		goto out;
	for (size_t i = 0; i < c->nrec; i++)
		if (map_record(c, &c->rec[i], &t, err))
			goto out;
	for (uint64_t i = 0; i < n; i++)
		if (c->map[i] == UINT32_MAX) {
			c->map[i] = (uint32_t)(c->nentity + c->nfresh);
			memcpy(c->fresh[c->nfresh++], entity[i], 16);
		}
	c->nmap = n;
	rc = 0;
out:
	free(t.slot);
	return rc;
}

/* --- comparing with the store --- */

/* What a pass over the store needs: the set of the stored cell in hand, and bitmaps of the larger items. */
struct pass {
	struct bl_cells *c;
	struct bl_cells_item *item;
	size_t n;
	uint64_t k;
	bool xor_mode;
	uint32_t universe;		/* entities of the store, without fresh ones */
	uint64_t *words, **bits;
	uint8_t *bytes;
	struct bl_near_sketch mine, its;
};

/* |item and cell|; fresh entities are in no stored cell. */
static uint64_t both(const struct pass *p, const struct bl_cells_item *item, const uint64_t *bits)
{
	uint64_t n = 0;

	if (bits) {
		for (uint32_t i = 0; i < (p->universe + 63u) / 64; i++)
			n += (uint64_t)__builtin_popcountll(bits[i] & p->words[i]);
		return n;
	}
	for (uint64_t i = 0; i < item->n; i++) {
		uint32_t e = p->c->map[item->who[i]];
		n += e < p->universe && p->words[e / 64] >> e % 64 & 1;
	}
	return n;
}

static void compare(struct pass *p, size_t i, const struct bl_record_cell *x)
{
	struct bl_cells_item *item = &p->item[i];
	struct bl_near_pair pair = { item->n, x->n, both(p, item, p->bits[i]) };
	enum bl_near near = BL_NEAR_SAME;
	bool plain;

	if (!bl_near_equal(pair)) {
		if (item->base && bl_near_equal((struct bl_near_pair){ item->base->n, x->n, both(p, item->base, NULL) }))
			return;
		item->fails = item->fails || bl_near_sets(pair, p->k, p->xor_mode, item->how);
		return;
	}
	plain = !bl_near_sketch(&p->mine, item, p->c->map);
	if (!plain || !x->plain) {
		if (plain || x->plain)
			bl_near_plain(&p->its, p->words, p->universe);
		near = bl_near_sketches(plain ? &p->its : &p->mine, x->plain ? &p->its : &x->sketch, p->k);
	}
	item->known = item->known || near == BL_NEAR_SAME;
	item->fails = item->fails || near == BL_NEAR_NEAR;
}

/* Is some item to be compared with this cell? */
static bool matters(const struct pass *p, const struct bl_record_cell *x)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->item[i].set == x->set && !strcmp(p->item[i].family, x->family))
			return true;
	return false;
}

static bool pass_record(struct pass *p, struct bl_record_stream *s, struct bl_record_cell *x)
{
	uint32_t before, fresh, n;

	if (!bl_record_take_counts(s, &before, &fresh) || !bl_record_take(s, NULL, (uint64_t)fresh * 16))
		return false;
	if (!bl_record_take_number(s, &n))
		return false;
	for (uint32_t j = 0; j < n; j++) {
		if (!bl_record_take_cell(s, x, (uint64_t)before + fresh))
			return false;
		if (!matters(p, x)) {
			if (!bl_record_take(s, NULL, x->len))
				return false;
			continue;
		}
		if (!bl_record_take(s, p->bytes, x->len) || !bl_runs_get(p->bytes, x->len, p->words, p->universe, x->n))
			return false;
		for (size_t i = 0; i < p->n; i++)
			if (p->item[i].set == x->set && !strcmp(p->item[i].family, x->family))
				compare(p, i, x);
	}
	return bl_record_done(s);
}

static int make_pass(struct pass *p, struct bl_err *err)
{
	size_t words = ((size_t)p->universe + 63) / 64 + 1, room = ROOM;

	p->words = malloc(words * 8);
	p->bytes = malloc((size_t)bl_runs_most(p->universe) + 1);
	p->bits = calloc(p->n + 1, sizeof *p->bits);
	if (!p->words || !p->bytes || !p->bits)
		return no_memory(err);
	for (size_t i = 0; i < p->n; i++) {
		const struct bl_cells_item *item = &p->item[i];
		if (item->n < p->universe / BIG || words * 8 > room || !(p->bits[i] = calloc(words, 8)))
			continue;
		room -= words * 8;
		for (uint64_t k = 0; k < item->n; k++) {
			uint32_t e = p->c->map[item->who[k]];
			if (e < p->universe)
				p->bits[i][e / 64] |= 1ull << e % 64;
		}
	}
	return 0;
}

int bl_cells_test(struct bl_cells *c, struct bl_cells_item *item, size_t n, uint64_t k, bool xor_mode, struct bl_err *err)
{
	struct pass *p = malloc(sizeof *p);
	struct bl_record_cell *x = malloc(sizeof *x);
	struct bl_record_stream s;
	int rc = 0;

	if (!p || !x) {
		rc = no_memory(err);
		goto out;
	}
	*p = (struct pass){ .c = c, .item = item, .n = n, .k = k, .xor_mode = xor_mode, .universe = (uint32_t)c->nentity };
	rc = make_pass(p, err);
	for (size_t i = 0; i < c->nrec && !rc; i++) {
		if (bl_record_open(&s, c->fd, c->key, &c->rec[i]))
			rc = no_memory(err);
		else if (!pass_record(p, &s, x))
			rc = damaged(err);
		bl_record_close(&s);
	}
	for (size_t i = 0; i < n; i++) {
		item[i].fails = item[i].fails && !item[i].known;
		if (p->bits)
			free(p->bits[i]);
	}
	free(p->bits);
	free(p->bytes);
	free(p->words);
out:
	free(p);
	free(x);
	return rc;
}

/* --- the cells of the request --- */

static int hold(struct bl_cells *c, struct bl_err *err)
{
	if (!c->held && !(c->held = bl_near_hold((uint32_t)(c->nentity + c->nfresh))))
		return no_memory(err);
	return 0;
}

int bl_cells_fits(struct bl_cells *c, struct bl_cells_item *item, uint64_t k, bool xor_mode, bool *fits, struct bl_err *err)
{
	assert(c->map);
	if (hold(c, err))
		return -1;
	return bl_near_fits(c->held, item, c->map, k, xor_mode, fits) ? no_memory(err) : 0;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

int bl_cells_keep(struct bl_cells *c, const struct bl_cells_item *item, uint64_t most, struct bl_err *err)
{
	struct bl_near_sketch *sketch = NULL;
	uint32_t *who = NULL;
	bool sorted = true, plain;
	int rc = -1;

	assert(c->map && strlen(item->family) <= BL_CELLS_FAMILY);
	if (item->known)
		return 0;
	if (c->ncell + c->nheld >= most || c->nheld == UINT32_MAX)
		return refuse(err, "the record of earlier releases is full", "exact answers stop here: ask the owner to raise 'cells'");
	if (hold(c, err))
		return -1;
	who = malloc((item->n + 1) * sizeof *who);
	sketch = malloc(sizeof *sketch);
	if (!who || !sketch) {
		no_memory(err);
		goto out;
	}
	for (uint64_t i = 0; i < item->n; i++) {
		who[i] = c->map[item->who[i]];
		sorted = sorted && (!i || who[i] > who[i - 1]);
	}
	if (!sorted)
		qsort(who, item->n, sizeof *who, by_number);
	plain = !bl_near_sketch(sketch, item, c->map);
	bl_record_put_cell(&c->out, item, who, plain ? NULL : sketch);
	if (c->out.failed || bl_near_put(c->held, item->family, item->set, who, (uint32_t)item->n, plain ? NULL : sketch)) {
		no_memory(err);
		goto out;
	}
	c->nheld++;
	rc = 0;
out:
	free(who);
	free(sketch);
	return rc;
}

void bl_cells_drop(struct bl_cells *c)
{
	bl_near_release(c->held);
	c->held = NULL;
	c->nheld = 0;
	bl_buf_clear(&c->out);
}

/* --- appending --- */

int bl_cells_write(struct bl_cells *c, uint8_t hash[BL_CELLS_HASH], bool *written, struct bl_err *err)
{
	struct bl_record_body body = { (uint32_t)c->nentity, (uint32_t)c->nfresh, c->nheld, c->fresh, c->out.p, c->out.len };
	uint64_t start = bl_record_round(c->end);
	struct bl_record *all, *r;

	*written = false;
	if (!c->nheld)
		return 0;
	if (!(all = reallocarray(c->rec, c->nrec + 1, sizeof *all)))
		return no_memory(err);
	c->rec = all;
	r = &all[c->nrec];
	*r = (struct bl_record){ .off = start };
	if (c->size != start && ftruncate(c->fd, (off_t)start))
		return bl_err_sys(err, BL_IOERR, "cannot cut the torn end of the vault's cells");
	c->size = start;
	if (bl_record_write(r, c->fd, c->key, c->dataset, &body, hash, err)) {
		/* Where it cannot be cut off again it stays, torn or whole: no entry names it. */
		if (ftruncate(c->fd, (off_t)start))
			c->size = UINT64_MAX;
		return -1;
	}
	c->size = c->end = start + bl_record_len(r->plain);
	c->nrec++;
	c->nentity += c->nfresh;
	c->ncell += c->nheld;
	c->nfresh = 0;
	bl_cells_drop(c);
	*written = true;
	return 0;
}
