/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger: see ledger.h. Two hash tables hold every set and every counter, keyed by a 64-bit hash under a random key: nobody who chooses
 * names or questions can choose where they land, and among a million entries that two of them meet by chance is a matter of 2^-25.
 * The tables are arrays without pointers, so that a snapshot of them is used as it is read.
 */
#include "policy/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/cur.h"
#include "base/pages.h"
#include "base/text.h"
#include "crypt/hash.h"
#include "crypt/mem.h"

/* Of the first three it is known that they were seen; the others have a value. */
enum what { FILE_KNOWN = 1, REQUEST, REFUSAL, RELEASED, DATASET, REQUESTS, REFUSALS };
enum { FIELDS = 4, HASH = 32, FIRST = 64, SHORT = 128 };

/* Slots of `width` words: a key, 0 in a free slot, and a value if there is room for one. */
struct table { uint64_t *word; uint64_t width, slots, used; };		/* slots: a power of two */
struct dataset { struct bl_ledger_dataset pub; size_t room; };

struct bl_ledger {
	uint8_t secret[32];
	struct table seen, value;
	struct dataset *dataset;
	size_t ndataset, room;
};

struct bl_ledger *bl_ledger_new(void)
{
	struct bl_ledger *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	l->seen = (struct table){ calloc(FIRST, 8), 1, FIRST, 0 };
	l->value = (struct table){ calloc(FIRST, 16), 2, FIRST, 0 };
	bl_mem_random(l->secret, sizeof l->secret);
	if (l->seen.word && l->value.word)
		return l;
	bl_ledger_free(l);
	return NULL;
}

static void clear(struct bl_ledger *l)
{
	for (size_t i = 0; i < l->ndataset; i++)
		free((void *)(uintptr_t)l->dataset[i].pub.cells);
	free(l->dataset);
	free(l->seen.word);
	free(l->value.word);
	bl_mem_wipe(l->secret, sizeof l->secret);
}

void bl_ledger_free(struct bl_ledger *l)
{
	if (l)
		clear(l);
	free(l);
}

/* --- the tables --- */

struct field { const void *p; size_t n; };
#define TEXT(s) { (s), strlen(s) }

/* Each field with its length, so that ("ab", "c") and ("a", "bc") differ; a long one as its hash, with a length that none has. */
static uint64_t make_key(const struct bl_ledger *l, enum what what, const struct field *f, size_t n)
{
	uint8_t b[1 + FIELDS * (1 + SHORT)], hash[16];
	size_t len = 0;

	b[len++] = (uint8_t)what;
	for (size_t i = 0; i < n; i++) {
		const bool whole = f[i].n <= SHORT;
		b[len++] = whole ? (uint8_t)f[i].n : 255;
		if (whole)
			memcpy(b + len, f[i].p, f[i].n);
		else
			bl_hash_keyed16(l->secret, f[i].p, f[i].n, b + len);
		len += whole ? f[i].n : 16;
	}
	bl_hash_keyed16(l->secret, b, len, hash);
	return bl_le64(hash) ? bl_le64(hash) : 1;
}

/* Its slot, or the free one where it would be. */
static uint64_t *find(const struct table *t, uint64_t key)
{
	uint64_t i = key & (t->slots - 1);

	while (t->word[i * t->width] && t->word[i * t->width] != key)
		i = (i + 1) & (t->slots - 1);
	return &t->word[i * t->width];
}

/* The value, 1 for what has none, 0 for what is not there. */
static uint64_t look(const struct bl_ledger *l, enum what what, const struct field *f, size_t n)
{
	const struct table *t = what < DATASET ? &l->seen : &l->value;
	const uint64_t *slot = find(t, make_key(l, what, f, n));

	return !*slot ? 0 : t->width == 1 ? 1 : slot[1];
}

static int grow(struct table *t, struct bl_err *err)
{
	struct table bigger = { .width = t->width, .slots = 2 * t->slots, .used = t->used };

	if (!(bigger.word = calloc(bigger.slots, 8 * t->width)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	for (uint64_t i = 0; i < t->slots; i++) {
		const uint64_t *slot = &t->word[i * t->width];
		if (*slot)
			memcpy(find(&bigger, *slot), slot, 8 * t->width);
	}
	free(t->word);
	*t = bigger;
	return 0;
}

/* The slot of a key, made with `value`, if it takes one, when there was none; *fresh tells. */
static uint64_t *enter(struct bl_ledger *l, enum what what, const struct field *f, size_t n, uint64_t value, bool *fresh,
		       struct bl_err *err)
{
	struct table *t = what < DATASET ? &l->seen : &l->value;
	uint64_t key = make_key(l, what, f, n), *slot;

	if (4 * (t->used + 1) > 3 * t->slots && grow(t, err))
		return NULL;
	slot = find(t, key);
	*fresh = !*slot;
	if (*fresh) {
		slot[t->width - 1] = value;
		slot[0] = key;
		t->used++;
	}
	return slot;
}

/* --- the fold --- */

static int malformed(struct bl_err *err, const char *kind)
{
	return bl_err_set(err, BL_DATA, "fold: a malformed entry of kind %s", kind);
}

static bool get_hash(const struct bl_json *e, const char *key, uint8_t out[HASH])
{
	return bl_json_get_hex(e, key, out, HASH);
}

static struct dataset *find_dataset(const struct bl_ledger *l, const char *owner, const char *name)
{
	uint64_t at = look(l, DATASET, (const struct field[]){ TEXT(owner), TEXT(name) }, 2);

	return at && at <= l->ndataset ? &l->dataset[at - 1] : NULL;
}

static struct dataset *new_dataset(struct bl_ledger *l, struct bl_err *err)
{
	if (l->ndataset == l->room) {
		size_t room = l->room ? 2 * l->room : 8;
		void *p = reallocarray(l->dataset, room, sizeof *l->dataset);
		if (!p) {
			bl_err_set(err, BL_OSERR, "out of memory");
			return NULL;
		}
		l->dataset = p;
		l->room = room;
	}
	struct dataset *d = &l->dataset[l->ndataset++];
	*d = (struct dataset){ 0 };
	return d;
}

static int fold_dataset(struct bl_ledger *l, const struct bl_json *e, struct bl_err *err)
{
	const char *owner = bl_json_get_text(e, "owner"), *name = bl_json_get_text(e, "name");
	int64_t version = bl_json_get_int(e, "version", -1);
	uint8_t file[HASH], footer[HASH], policy[HASH];
	bool fresh;

	if (!owner || !name || version < 0 || !get_hash(e, "file", file) || !get_hash(e, "footer", footer) ||
	    !get_hash(e, "policy", policy))
		return malformed(err, "dataset");
	uint64_t *s = enter(l, DATASET, (const struct field[]){ TEXT(owner), TEXT(name) }, 2, l->ndataset + 1, &fresh, err);
	if (!s || (fresh && !new_dataset(l, err)))
		return -1;
	if (!s[1] || s[1] > l->ndataset)		/* of a snapshot that is wrong about itself */
		return malformed(err, "dataset");
	struct bl_ledger_dataset *d = &l->dataset[s[1] - 1].pub;
	if ((uint64_t)version < d->version)
		return bl_err_set(err, BL_DATA, "fold: the policy's version goes back");
	if (!enter(l, FILE_KNOWN, (const struct field[]){ { file, HASH }, { footer, HASH } }, 2, 1, &fresh, err))
		return -1;
	d->version = (uint64_t)version;
	memcpy(d->policy, policy, HASH);
	return 0;
}

/* Who asked what of which dataset. */
struct about { const char *owner, *name, *fpr; uint8_t request[HASH]; };

/* Counts a request hash once: `each` marks it, `all` is the counter. */
static int count(struct bl_ledger *l, enum what each, enum what all, const struct about *a, struct bl_err *err)
{
	const struct field f[] = { TEXT(a->owner), TEXT(a->name), TEXT(a->fpr), { a->request, HASH } };
	uint64_t *s;
	bool fresh;

	if (!enter(l, each, f, 4, 1, &fresh, err))
		return -1;
	if (!fresh)
		return 0;
	if (!(s = enter(l, all, f, 3, 1, &fresh, err)))
		return -1;
	s[1] += !fresh;
	return 0;
}

static int add_cells(struct bl_ledger *l, const struct bl_json *cells, const struct about *a, struct bl_err *err)
{
	struct dataset *d = find_dataset(l, a->owner, a->name);
	size_t n = bl_json_count(cells);

	if (!n)
		return 0;
	if (!d)
		return bl_err_set(err, BL_DATA, "fold: cells of a dataset that was never registered");
	uint8_t (*p)[HASH] = (uint8_t (*)[HASH])(uintptr_t)d->pub.cells;
	if (d->pub.ncells + n > d->room) {
		size_t room = 2 * (d->pub.ncells + n);
		if (!(p = reallocarray(p, room, HASH)))
			return bl_err_set(err, BL_OSERR, "out of memory");
		d->pub.cells = (const uint8_t (*)[HASH])p;
		d->room = room;
	}
	for (size_t i = 0; i < n; i++) {
		size_t len;
		const struct bl_json *v = bl_json_item(cells, i);
		const char *hex = bl_json_kind(v) == BL_JSON_TEXT ? bl_json_text(v, &len) : NULL;
		if (!hex || !bl_text_unhex(hex, len, p[d->pub.ncells + i], HASH))
			return malformed(err, "verdict");
	}
	d->pub.ncells += n;
	return 0;
}

static int fold_question(struct bl_ledger *l, const struct bl_json *e, bool verdict, struct bl_err *err)
{
	const struct bl_json *dataset = bl_json_get(e, "dataset"), *cells;
	const char *outcome;
	struct about a = { bl_json_get_text(dataset, "owner"), bl_json_get_text(dataset, "name"),
			   bl_json_get_text(e, "principal"), { 0 } };

	if (!dataset)
		return 0;
	if (!a.owner || !a.name || !a.fpr || !get_hash(e, "request", a.request))
		return malformed(err, verdict ? "verdict" : "request");
	if (!verdict)
		return count(l, REQUEST, REQUESTS, &a, err);
	if (!(outcome = bl_json_get_text(e, "outcome")))
		return malformed(err, "verdict");
	if ((!strcmp(outcome, "refuse") || !strcmp(outcome, "suppressed")) && count(l, REFUSAL, REFUSALS, &a, err))
		return -1;
	if (!(cells = bl_json_get(e, "cells")))
		return 0;
	return bl_json_kind(cells) == BL_JSON_ARRAY ? add_cells(l, cells, &a, err) : malformed(err, "verdict");
}

static int fold_release(struct bl_ledger *l, const struct bl_json *e, struct bl_err *err)
{
	const char *fpr = bl_json_get_text(e, "principal");
	uint8_t request[HASH];
	bool fresh;

	if (!bl_json_get(e, "principal"))
		return 0;
	if (!fpr || !get_hash(e, "request", request))
		return malformed(err, "release");
	return enter(l, RELEASED, (const struct field[]){ { request, HASH }, TEXT(fpr) }, 2, 1, &fresh, err) ? 0 : -1;
}

int bl_ledger_fold(void *ledger, const struct bl_json *entry, struct bl_err *err)
{
	struct bl_ledger *l = ledger;
	const char *kind = bl_json_get_text(entry, "kind");

	if (!kind)
		return malformed(err, "nothing");
	if (!strcmp(kind, "dataset"))
		return fold_dataset(l, entry, err);
	if (!strcmp(kind, "request") || !strcmp(kind, "verdict"))
		return fold_question(l, entry, *kind == 'v', err);
	if (!strcmp(kind, "release"))
		return fold_release(l, entry, err);
	return 0;
}

/* --- what it adds up to --- */

const struct bl_ledger_dataset *bl_ledger_find(const struct bl_ledger *l, const char *owner, const char *name)
{
	const struct dataset *d = find_dataset(l, owner, name);

	return d ? &d->pub : NULL;
}

bool bl_ledger_knows(const struct bl_ledger *l, const uint8_t file_id[32], const uint8_t footer[32])
{
	return look(l, FILE_KNOWN, (const struct field[]){ { file_id, HASH }, { footer, HASH } }, 2);
}

uint64_t bl_ledger_requests(const struct bl_ledger *l, const char *owner, const char *name, const char *fpr)
{
	return look(l, REQUESTS, (const struct field[]){ TEXT(owner), TEXT(name), TEXT(fpr) }, 3);
}

uint64_t bl_ledger_refusals(const struct bl_ledger *l, const char *owner, const char *name, const char *fpr)
{
	return look(l, REFUSALS, (const struct field[]){ TEXT(owner), TEXT(name), TEXT(fpr) }, 3);
}

bool bl_ledger_released(const struct bl_ledger *l, const uint8_t request[32], const char *fpr)
{
	return look(l, RELEASED, (const struct field[]){ { request, HASH }, TEXT(fpr) }, 2);
}

/* --- as a snapshot: the secret, sizes, datasets, the tables as they lie --- */

struct sizes { uint64_t seen, value, datasets; };
struct dataset_head { uint64_t version, cells; uint8_t policy[HASH]; };
_Static_assert(sizeof(struct sizes) == 24 && sizeof(struct dataset_head) == 16 + HASH, "written as they lie: no gaps");

static uint64_t state_size(const void *ledger)
{
	const struct bl_ledger *l = ledger;
	uint64_t n = sizeof l->secret + sizeof(struct sizes) + 8 * l->seen.slots + 16 * l->value.slots;

	for (size_t i = 0; i < l->ndataset; i++)
		n += sizeof(struct dataset_head) + HASH * l->dataset[i].pub.ncells;
	return n;
}

static bool save(const void *ledger, struct bl_snapshot *s)
{
	const struct bl_ledger *l = ledger;
	const struct sizes z = { l->seen.slots, l->value.slots, l->ndataset };

	bl_snapshot_put(s, l->secret, sizeof l->secret);
	bl_snapshot_put(s, &z, sizeof z);
	for (size_t i = 0; i < l->ndataset; i++) {
		const struct bl_ledger_dataset *d = &l->dataset[i].pub;
		struct dataset_head h = { .version = d->version, .cells = d->ncells };
		memcpy(h.policy, d->policy, HASH);
		bl_snapshot_put(s, &h, sizeof h);
		bl_snapshot_put(s, d->cells, HASH * d->ncells);
	}
	bl_snapshot_put(s, l->seen.word, 8 * l->seen.slots);
	return bl_snapshot_put(s, l->value.word, 16 * l->value.slots);
}

static bool load_dataset(struct dataset *d, struct bl_snapshot *s)
{
	struct dataset_head h;
	void *cells;

	if (!bl_snapshot_take(s, &h, sizeof h) || h.cells > bl_snapshot_left(s) / HASH || !(cells = malloc(h.cells ? HASH * h.cells : 1)))
		return false;
	*d = (struct dataset){ { .version = h.version, .cells = cells, .ncells = h.cells }, h.cells };
	memcpy(d->pub.policy, h.policy, HASH);
	return bl_snapshot_take(s, cells, HASH * h.cells);
}

/* One that is full, where looking for what is not there would not end, is none. */
static bool load_table(struct table *t, uint64_t width, uint64_t slots, struct bl_snapshot *s)
{
	*t = (struct table){ .width = width, .slots = slots };
	if (!slots || slots & (slots - 1) || slots > bl_snapshot_left(s) / 8 / width || !(t->word = malloc(8 * width * slots)))
		return false;
	bl_pages_large(t->word, 8 * width * slots);
	if (!bl_snapshot_take(s, t->word, 8 * width * slots))
		return false;
	for (uint64_t i = 0; i < slots; i++)
		t->used += t->word[i * width] != 0;
	return 4 * t->used <= 3 * slots;
}

static bool load_all(struct bl_ledger *l, struct bl_snapshot *s)
{
	struct sizes z;

	if (!bl_snapshot_take(s, l->secret, sizeof l->secret) || !bl_snapshot_take(s, &z, sizeof z) ||
	    z.datasets > bl_snapshot_left(s) / sizeof(struct dataset_head) || !(l->dataset = calloc(z.datasets + 1, sizeof *l->dataset)))
		return false;
	l->room = z.datasets + 1;
	while (l->ndataset < z.datasets)
		if (!load_dataset(&l->dataset[l->ndataset++], s))
			return false;
	return load_table(&l->seen, 1, z.seen, s) && load_table(&l->value, 2, z.value, s) && bl_snapshot_done(s);
}

static bool load(void *ledger, struct bl_snapshot *s)
{
	struct bl_ledger *l = ledger, fresh = { .ndataset = 0 };
	const bool good = load_all(&fresh, s);

	clear(good ? l : &fresh);
	if (good)
		*l = fresh;
	bl_mem_wipe(fresh.secret, sizeof fresh.secret);
	return good;
}

const struct bl_journal_state bl_ledger_state = { state_size, save, load };
