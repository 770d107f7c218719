/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cells: the differencing store. For every released cell the set of entities in it, as a bitmap over entity numbers; one
 * append-only file `cells` in the vault, each record sealed (XChaCha20-Poly1305, random nonce, key derived from the vault
 * key) and named in the journal by its hash. Entities are numbered in order of appearance by their keyed 128-bit ids, so
 * the store survives re-ingest. It is read and appended under the journal's lock, and works on its descriptor alone (fstat,
 * pread, pwrite, fdatasync, ftruncate).
 *
 * Beside the set a cell keeps a sketch of what each entity contributed. Two equal sets are the same cell only if the
 * contributions are the same too: otherwise `sum(amount)` and `sum(amount) where tx <> 7`, over the same people, would differ
 * by one transaction of one person. Where they differ in fewer than k entities the later one fails.
 */
#ifndef BL_POLICY_CELLS_H
#define BL_POLICY_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { BL_CELLS_HASH = 32, BL_CELLS_FAMILY = 255 };
struct bl_cells;

/* fd: the store file, O_RDWR (borrowed); key: 32 bytes; dataset: 32-byte id (hash of owner key and dataset name).
 * wanted: hashes of the records that the journal names for this dataset, in order; every one must be there (else 77
 * `differencing`: the store was damaged, exact releases stop). Records the journal does not name are ignored. */
int bl_cells_open(struct bl_cells **c, int fd, const uint8_t key[32], const uint8_t dataset[32],
		  const uint8_t (*wanted)[BL_CELLS_HASH], size_t nwanted, struct bl_err *err);
/* Where the last record of the file ends, as its header says: needs no key, and looks into none. */
int bl_cells_end(int fd, uint64_t *end, struct bl_err *err);
void bl_cells_close(struct bl_cells *c);	/* NULL is fine */

/* Maps this result's entity numbers to the store's; new ones are numbered. Once per request (bl_rules_apply does it). */
int bl_cells_map(struct bl_cells *c, const uint64_t (*entity)[2], uint64_t n, struct bl_err *err);

enum bl_cells_set { BL_CELLS_D, BL_CELLS_N };
/* By the rule's mode; or as by xor whatever the mode, and where the mode is `either` also by what the item has that the stored
 * set has not (MORE), or the other way round (LESS). */
enum bl_cells_how { BL_CELLS_MODE, BL_CELLS_LOOSE, BL_CELLS_MORE, BL_CELLS_LESS };
struct bl_cells_item {
	const char *family;		/* "n", "s:Age": at most BL_CELLS_FAMILY bytes */
	enum bl_cells_set set;
	const uint32_t *who;		/* entity numbers of the result, ascending */
	const uint64_t *tag;		/* what each contributed, as a hash; NULL: all of them 1 */
	uint64_t n;
	const struct bl_cells_item *base;	/* not compared with sets equal to this one's, or NULL */
	enum bl_cells_how how;
	bool fails, known;		/* out: too near to some cell; released before */
};
/*
 * Compares each item with every stored cell of its family and kind, in one pass over the store: a = |A\B|, b = |B\A|.
 * `either` fails if 0 < a < k or 0 < b < k; xor fails if 0 < a + b < k. A set that is stored already is `known` and never
 * fails, however near to others: nothing is learned from it a second time. Sets `fails` and `known` (both false before).
 */
int bl_cells_test(struct bl_cells *c, struct bl_cells_item *item, size_t n, uint64_t k, bool xor_mode, struct bl_err *err);
/* The same against what bl_cells_keep holds of this request; returns whether it fits. Sets `known` if an equal one is held. */
int bl_cells_fits(struct bl_cells *c, struct bl_cells_item *item, uint64_t k, bool xor_mode, bool *fits, struct bl_err *err);
/* Keeps a set that is not `known` for bl_cells_write. 77 `differencing` when `most` sets are stored. */
int bl_cells_keep(struct bl_cells *c, const struct bl_cells_item *item, uint64_t most, struct bl_err *err);
/* Forgets what was kept in this request. */
void bl_cells_drop(struct bl_cells *c);
/* Appends the prepared record (new entities and cells), syncs; hash names it in the journal. false in *written when there was
 * nothing new. After a failure nothing of it is in the file that a reader would take. */
int bl_cells_write(struct bl_cells *c, uint8_t hash[BL_CELLS_HASH], bool *written, struct bl_err *err);

#endif
