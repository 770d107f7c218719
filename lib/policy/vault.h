/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vault: the helper's directory: helper.key (0600), helper.pub, journal, checkpoint, cells, snapshot. The helper opens all of
 * it before its sandbox closes and works on descriptors from then on.
 */
#ifndef BL_POLICY_VAULT_H
#define BL_POLICY_VAULT_H

#include "base/err.h"
#include "crypt/ident.h"

struct bl_vault {
	struct bl_ident id;		/* the vault's identity: sealed files name its public key as recipient */
	int journal;			/* O_RDWR | O_APPEND */
	int checkpoint;			/* O_RDWR: a note is shorter than a sector and never shrinks, so one pwrite replaces it */
	int cells;			/* O_RDWR */
	int snapshot;			/* O_RDWR, or -1: can be neither opened nor made, and the journal is folded every time */
};

/* Makes the directory (0700) with everything in it and the journal's `init` entry. 73 when dir exists. */
int bl_vault_make(const char *dir, uint8_t pk[BL_IDENT_PK], struct bl_err *err);
/* Whether it could be made now: the same answer, and nothing made. */
int bl_vault_may_make(const char *dir, struct bl_err *err);
/* From a descriptor of the directory. 66 when it is not a vault, 73 when it may not be written. name is for messages. Makes
 * the snapshot where there is none, as in a vault of a version that knew none: nothing else can be missing. */
int bl_vault_open(struct bl_vault *v, int dir, const char *name, struct bl_err *err);
void bl_vault_close(struct bl_vault *v);

#endif
