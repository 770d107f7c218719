/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal: one append-only file of canonical JSON lines, each with the hash of the line before, a Merkle tree over it
 * (RFC 6962 hashing) and signed checkpoints (C2SP signed note). Append = lock, verify the new tail, decide, write, fsync.
 */
#ifndef BL_POLICY_JOURNAL_H
#define BL_POLICY_JOURNAL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "crypt/ident.h"

enum { BL_JOURNAL_LINE = 64 << 10, BL_JOURNAL_HASH = 32 };

struct bl_journal_tree {		/* the right edge: enough to append and to know the root */
	uint64_t size;
	uint8_t edge[64][BL_JOURNAL_HASH];
};
void bl_journal_tree_add(struct bl_journal_tree *t, const void *line, size_t n);
void bl_journal_tree_root(const struct bl_journal_tree *t, uint8_t root[BL_JOURNAL_HASH]);

struct bl_journal;
/* Called for every entry in order, also for those found at the next lock; -1 with err refuses the journal (65). */
typedef int bl_journal_fold(void *arg, const struct bl_json *entry, struct bl_err *err);

/* fd: O_RDWR|O_APPEND, or O_RDONLY for readers (borrowed). Nothing is read yet. */
int bl_journal_open(struct bl_journal **j, int fd, bl_journal_fold *fold, void *arg, struct bl_err *err);
void bl_journal_close(struct bl_journal *j);
/* Exclusive OFD lock (75 after 10 s), then reads and verifies what is new and folds it. A torn tail is cut. 65 otherwise. */
int bl_journal_lock(struct bl_journal *j, struct bl_err *err);
/* Adds an entry to the transaction: members beside seq, prev, time. Takes over `entry`. */
void bl_journal_add(struct bl_journal *j, const char *kind, struct bl_json *entry);
/* Writes the transaction in one write, fdatasync; folds it. A failed sync is final: every later call fails (74). */
int bl_journal_commit(struct bl_journal *j, struct bl_err *err);
void bl_journal_abandon(struct bl_journal *j);		/* drops the transaction */
void bl_journal_unlock(struct bl_journal *j);

uint64_t bl_journal_size(const struct bl_journal *j);
void bl_journal_root(const struct bl_journal *j, uint8_t root[BL_JOURNAL_HASH]);
bool bl_journal_torn(const struct bl_journal *j);	/* a torn tail was found (and cut, when writable) */

/* Signed note of (size, root) by the helper's key; text appended to b. */
int bl_journal_checkpoint(const struct bl_journal *j, const struct bl_ident *helper, struct bl_buf *b, struct bl_err *err);

#endif
