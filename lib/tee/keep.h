/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keep: the vault of a helper in a virtual machine, as its client keeps it: locked as long as the session lasts, its files sent in by
 * ATTACH, and what comes back by APPEND put into them in the order that survives a crash. A helper that means harm can stop this vault from
 * being used, as whoever has its key can; it cannot take an entry away, or put one in that does not continue the journal.
 */
#ifndef BL_TEE_KEEP_H
#define BL_TEE_KEEP_H

#include "policy/journal.h"
#include "policy/vault.h"
#include "tee/frame.h"

struct bl_keep {
	struct bl_vault vault;
	struct bl_journal *journal;
	unsigned file;			/* of the APPEND before, and what is still to come of it; 0: none */
	uint64_t next, size;
	struct bl_buf entries;		/* of the journal, until all of them are here */
};

/* Opens the vault's files; nothing is locked yet. Classes and messages of bl_vault_open. */
int bl_keep_open(struct bl_keep *k, const char *vault, struct bl_err *err);
/* Locks it (75 after 10 s), verifies the journal and cuts what is torn, as every writer does (65), and sends all of it. 69 when it is
 * too large. */
int bl_keep_attach(struct bl_keep *k, struct bl_frame_link *l, int sock, struct bl_err *err);
/* Of a link: what becomes of APPEND (arg: struct bl_keep). 76 for what is no change that a helper makes, 74 when it cannot be kept. */
int bl_keep_append(void *arg, const struct bl_frame *f, uint64_t *synced, struct bl_err *err);
/*
 * Is what a verified receipt says of the vault's journal true of this one: the entry in it, after the first `before`? Else a helper that was
 * broken into has answered without being charged, and signed for a journal that nobody else has.
 */
bool bl_keep_holds(const struct bl_keep *k, uint64_t before, const struct bl_json *receipt);
void bl_keep_close(struct bl_keep *k);		/* unlocks */

#endif
