/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger: see ledger.h. One hash table holds every set and counter, keyed by a 128-bit hash under a random key, so that
 * nobody who chooses names or questions can choose where they land.
 */
#include "policy/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "crypt/hash.h"
#include "crypt/mem.h"

enum what { DATASET = 1, FILE_KNOWN, REQUEST, REQUESTS, REFUSAL, REFUSALS, RELEASED };
enum { FIELDS = 4, HASH = 32 };

struct key { uint64_t w[2]; };
struct slot { struct key key; uint64_t value; };		/* value 0: free */
struct dataset { struct bl_ledger_dataset pub; size_t room; };

struct bl_ledger {
	uint8_t secret[32];
	struct slot *slot;
	size_t slots, used;		/* slots: a power of two */
	struct dataset *dataset;
	size_t ndataset, room;
};

struct bl_ledger *bl_ledger_new(void)
{
	struct bl_ledger *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	l->slots = 1024;
	if (!(l->slot = calloc(l->slots, sizeof *l->slot))) {
		free(l);
		return NULL;
	}
	bl_mem_random(l->secret, sizeof l->secret);
	return l;
}

void bl_ledger_free(struct bl_ledger *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->ndataset; i++)
		free((void *)(uintptr_t)l->dataset[i].pub.cells);
	free(l->dataset);
	free(l->slot);
	free(l);
}

/* --- the table --- */

struct field { const void *p; size_t n; };
#define TEXT(s) { (s), strlen(s) }

/* Fields are hashed one by one, so that ("ab", "c") and ("a", "bc") differ. */
static struct key make_key(const struct bl_ledger *l, enum what what, const struct field *f, size_t n)
{
	uint8_t b[1 + 16 * FIELDS] = { (uint8_t)what };
	struct key k;

	for (size_t i = 0; i < n; i++)
		bl_hash_keyed16(l->secret, f[i].p, f[i].n, b + 1 + 16 * i);
	bl_hash_keyed16(l->secret, b, 1 + 16 * n, (uint8_t *)k.w);
	return k;
}

static struct slot *find(const struct bl_ledger *l, struct key k)
{
	size_t i = k.w[0] & (l->slots - 1);

	while (l->slot[i].value && (l->slot[i].key.w[0] != k.w[0] || l->slot[i].key.w[1] != k.w[1]))
		i = (i + 1) & (l->slots - 1);
	return &l->slot[i];
}

static uint64_t look(const struct bl_ledger *l, enum what what, const struct field *f, size_t n)
{
	return find(l, make_key(l, what, f, n))->value;
}

static int grow(struct bl_ledger *l, struct bl_err *err)
{
	struct bl_ledger bigger = { .slots = 2 * l->slots };

	if (!(bigger.slot = calloc(bigger.slots, sizeof *bigger.slot)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	for (size_t i = 0; i < l->slots; i++)
		if (l->slot[i].value)
			*find(&bigger, l->slot[i].key) = l->slot[i];
	free(l->slot);
	l->slot = bigger.slot;
	l->slots = bigger.slots;
	return 0;
}

/* The slot of a key, made with `value` when it was free; *fresh tells. */
static struct slot *enter(struct bl_ledger *l, enum what what, const struct field *f, size_t n, uint64_t value, bool *fresh,
			  struct bl_err *err)
{
	struct key k = make_key(l, what, f, n);

	if (2 * (l->used + 1) > l->slots && grow(l, err))
		return NULL;
	struct slot *s = find(l, k);
	*fresh = !s->value;
	if (*fresh) {
		*s = (struct slot){ k, value };
		l->used++;
	}
	return s;
}

/* --- the fold --- */

static int malformed(struct bl_err *err, const char *kind)
{
	return bl_err_set(err, BL_DATA, "fold: a malformed entry of kind %s", kind);
}

static bool get_hash(const struct bl_json *e, const char *key, uint8_t out[HASH])
{
	const char *s = bl_json_get_text(e, key);
	return s && bl_text_unhex(s, strlen(s), out, HASH);
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
	struct slot *s = enter(l, DATASET, (const struct field[]){ TEXT(owner), TEXT(name) }, 2, l->ndataset + 1, &fresh, err);
	if (!s || (fresh && !new_dataset(l, err)))
		return -1;
	struct bl_ledger_dataset *d = &l->dataset[s->value - 1].pub;
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
	struct slot *s;
	bool fresh;

	if (!enter(l, each, f, 4, 1, &fresh, err))
		return -1;
	if (!fresh)
		return 0;
	if (!(s = enter(l, all, f, 3, 1, &fresh, err)))
		return -1;
	s->value += !fresh;
	return 0;
}

static int add_cells(struct bl_ledger *l, const struct bl_json *cells, const struct about *a, struct bl_err *err)
{
	uint64_t at = look(l, DATASET, (const struct field[]){ TEXT(a->owner), TEXT(a->name) }, 2);
	size_t n = bl_json_count(cells);

	if (!n)
		return 0;
	if (!at)
		return bl_err_set(err, BL_DATA, "fold: cells of a dataset that was never registered");
	struct dataset *d = &l->dataset[at - 1];
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
	uint64_t at = look(l, DATASET, (const struct field[]){ TEXT(owner), TEXT(name) }, 2);
	return at ? &l->dataset[at - 1].pub : NULL;
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
