/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot: a state that can be made again, in a file that may be lost at any time: the vault's `snapshot`, with what the journal adds up
 * to. One is overwritten in place and never synced. What is cut, torn, changed, of another key or mixed from two does not
 * authenticate, and then there is none. That a good one is the right one, its user has to check (journal.c).
 *
 *	magic "bl-snap1", bytes of the state u64, random id 16			the head, 32 bytes
 *	boxes (crypt/box.h) of 64 KiB of the state, the last one shorter; additional data: the head, number of the box u32
 *
 * and nothing behind them. The digit in the magic is raised when the state's own layout changes. Works on its descriptor alone (fstat,
 * pread, pwrite, ftruncate).
 */
#ifndef BL_POLICY_SNAPSHOT_H
#define BL_POLICY_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BL_SNAPSHOT_HEAD = 32, BL_SNAPSHOT_BOX = 64 << 10 };

struct bl_snapshot {
	int fd;
	const uint8_t *key;
	uint64_t left, off;		/* bytes of the state beyond the box in hand; where the next box stands */
	uint32_t box;
	uint8_t *plain, *sealed;
	size_t at, have;
	bool bad;			/* for good */
	uint8_t head[BL_SNAPSHOT_HEAD];
};

/* For reading; fd and key (32 bytes) are borrowed. False: nothing here that could be one. */
bool bl_snapshot_open(struct bl_snapshot *s, int fd, const uint8_t *key);
/* The next n bytes; false when there are not as many that authenticate. What was taken counts only after bl_snapshot_done. */
bool bl_snapshot_take(struct bl_snapshot *s, void *p, uint64_t n);
static inline uint64_t bl_snapshot_left(const struct bl_snapshot *s) { return s->left + (s->have - s->at); }	/* to be taken */
/* For writing a state of exactly n bytes over what there is; false when memory is short. */
bool bl_snapshot_create(struct bl_snapshot *s, int fd, const uint8_t *key, uint64_t n);
bool bl_snapshot_put(struct bl_snapshot *s, const void *p, uint64_t n);
/* All of it was taken, or put and written, and nothing went wrong. */
bool bl_snapshot_done(struct bl_snapshot *s);
void bl_snapshot_close(struct bl_snapshot *s);

#endif
