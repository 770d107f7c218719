/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cells: the differencing store. For every released cell the set of entities in it, as a bitmap over entity numbers; one
 * append-only file `cells` in the vault, each record sealed (XChaCha20-Poly1305, random nonce, key derived from the vault
 * key) and named in the journal by its hash. Entities are numbered in order of appearance by their keyed 128-bit ids, so
 * the store survives re-ingest.  It is read and appended under the journal's lock.
 */
#ifndef BL_POLICY_CELLS_H
#define BL_POLICY_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum { BL_CELLS_HASH = 32 };
struct bl_cells;

/* fd: the store file, O_RDWR (borrowed); key: 32 bytes; dataset: 32-byte id (hash of owner key and dataset name).
 * wanted: hashes of the records that the journal names for this dataset, in order; every one must be there (else 77
 * `differencing`: the store was damaged, exact releases stop). Records the journal does not name are ignored. */
int bl_cells_open(struct bl_cells **c, int fd, const uint8_t key[32], const uint8_t dataset[32],
		  const uint8_t (*wanted)[BL_CELLS_HASH], size_t nwanted, struct bl_err *err);
void bl_cells_close(struct bl_cells *c);

/* Maps this result's entity numbers to the store's; new ones are numbered. Call once per request. */
int bl_cells_map(struct bl_cells *c, const uint64_t (*entity)[2], uint64_t n, struct bl_err *err);
enum bl_cells_set { BL_CELLS_D, BL_CELLS_N };
/*
 * Compares the set (entity numbers of the result, ascending) with every earlier cell of the family and with those prepared
 * in this request. `either`: fails if 0 < |A\B| < k or 0 < |B\A| < k; xor: fails if 0 < |A xor B| < k. *pass tells; an
 * equal set is free. family: a name such as "n" or "s:Age".
 */
int bl_cells_test(struct bl_cells *c, const char *family, enum bl_cells_set which, const uint32_t *who, uint64_t n,
		  uint64_t k, bool xor_mode, bool *pass, struct bl_err *err);
/* Keeps a set for bl_cells_write (unless an equal one is stored). 77 `differencing` when `most` cells are stored. */
int bl_cells_keep(struct bl_cells *c, const char *family, enum bl_cells_set which, const uint32_t *who, uint64_t n,
		  uint64_t most, struct bl_err *err);
/* Forgets what was kept or compared in this request. */
void bl_cells_drop(struct bl_cells *c);
/* Appends the prepared record (new entities and cells), syncs; hash names it in the journal. false in *written when there was nothing new. */
int bl_cells_write(struct bl_cells *c, uint8_t hash[BL_CELLS_HASH], bool *written, struct bl_err *err);

#endif
