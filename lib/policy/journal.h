/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal: one append-only file of canonical JSON lines, each with the hash of the line before, a Merkle tree over it
 * (RFC 6962 hashing) and signed checkpoints (C2SP signed note). Append = lock, verify the new tail, decide, write, fsync.
 *
 * Every entry has seq (from 0), prev (SHA-256 of the line before without its newline, 64 zeros first), time (a claim of the
 * host) and kind. A transaction of several lines has "part": true in each line but the last and "end": true in the last; a
 * single line has neither. What an interrupted write leaves (a last line without newline, lines of a transaction without
 * its end) is a torn tail: nothing was released on its strength, writers cut it, readers pass over it. Any other damage
 * is refused as `seq N: what`, class 65, and the journal answers nothing more.
 *
 * Works on its descriptors alone (fcntl, fstat, pread, write, pwrite, ftruncate, fdatasync, poll), so it runs in the helper's sandbox.
 */
#ifndef BL_POLICY_JOURNAL_H
#define BL_POLICY_JOURNAL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "crypt/ident.h"
#include "crypt/tree.h"
#include "policy/snapshot.h"

enum { BL_JOURNAL_LINE = 64 << 10, BL_JOURNAL_LINES = 64, BL_JOURNAL_DEPTH = 16 };	/* of a line; of a transaction; of JSON */

struct bl_journal;
/* Called for every entry in order, also for those found at the next lock; -1 with err refuses the journal (65). */
typedef int bl_journal_fold(void *arg, const struct bl_json *entry, struct bl_err *err);

/* fd: O_RDWR|O_APPEND, or O_RDONLY for readers (borrowed). Nothing is read yet. */
int bl_journal_open(struct bl_journal **j, int fd, bl_journal_fold *fold, void *arg, struct bl_err *err);
void bl_journal_close(struct bl_journal *j);	/* unlocks; NULL is fine */
/* Keeps every leaf hash for proofs. Before the first lock. */
void bl_journal_keep(struct bl_journal *j);
/* What a fold adds up to, as bytes. */
struct bl_journal_state {
	uint64_t (*size)(const void *arg);				/* bytes that save puts */
	bool (*save)(const void *arg, struct bl_snapshot *s);
	bool (*load)(void *arg, struct bl_snapshot *s);			/* all of it (bl_snapshot_done), or arg is as before */
};
/*
 * From now on what was folded is kept in fd (borrowed), sealed under key (32 bytes, copied), and a long journal opens without being read
 * again: the line that ends where the snapshot does must have the hash that it says, and what follows is verified and folded as ever.
 * What lies before it is not looked at. Without a snapshot that fits, everything is folded, and one is made. For a
 * writer, before the first lock. -1: out of memory.
 */
int bl_journal_snapshot(struct bl_journal *j, int fd, const uint8_t key[32], const struct bl_journal_state *state, struct bl_err *err);
/* OFD lock, exclusive for writers and shared for readers (75 after 10 s), then reads, verifies and folds what is new. */
int bl_journal_lock(struct bl_journal *j, struct bl_err *err);
/*
 * With the lock held by a writer: verifies and folds what was appended behind what is known, by somebody whom the holder of the lock let
 * write. Only whole transactions: anything else is cut off again, class 65, and everything later fails alike.
 */
int bl_journal_follow(struct bl_journal *j, struct bl_err *err);
/* Adds an entry to the transaction: members beside seq, prev, time, kind, part, end. Takes over `entry`. */
void bl_journal_add(struct bl_journal *j, const char *kind, struct bl_json *entry);
/*
 * Folds the transaction, writes it in one write, fdatasync. Folding comes first, so that an entry that the fold refuses
 * never reaches the disk. A failed write is taken back (74, nothing durable). After any failure from the fold on, every later
 * call fails alike: open the journal again to know what the disk holds.
 */
int bl_journal_commit(struct bl_journal *j, struct bl_err *err);
void bl_journal_abandon(struct bl_journal *j);		/* drops the transaction */
void bl_journal_unlock(struct bl_journal *j);		/* and makes a snapshot, when enough was folded to be worth it */

uint64_t bl_journal_size(const struct bl_journal *j);
uint64_t bl_journal_bytes(const struct bl_journal *j);	/* of the file that are whole transactions */
void bl_journal_root(const struct bl_journal *j, uint8_t root[BL_TREE_HASH]);
bool bl_journal_torn(const struct bl_journal *j);	/* a torn tail was found (and cut, when writable) */
uint64_t bl_journal_bad(const struct bl_journal *j);	/* after damage: the seq that was refused */
const uint8_t (*bl_journal_leaves(const struct bl_journal *j))[BL_TREE_HASH];	/* size of them, after bl_journal_keep */

/* With the journal locked: did it have this root when it had this many entries (at least one)? Reads that far. 77 when it did not. */
int bl_journal_extends(const struct bl_journal *j, uint64_t size, const uint8_t root[BL_TREE_HASH], struct bl_err *err);
/* {"entry","index","proof","root","size"}: the newest entry and its inclusion proof, for a receipt. Size must not be 0. */
struct bl_json *bl_journal_proof(const struct bl_journal *j);
/* Signed note of (size, root) by the helper's key; text appended to b. */
int bl_journal_checkpoint(const struct bl_journal *j, const struct bl_ident *helper, struct bl_buf *b, struct bl_err *err);

#endif
