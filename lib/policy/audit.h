/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit: what an auditor finds in a vault's directory: the journal, verified, folded and held under a shared lock, its
 * checkpoints, and what the vault's key and the auditor's own key say to them. Needs `journal`, `checkpoint*` and public keys
 * only, and writes nothing.
 */
#ifndef BL_POLICY_AUDIT_H
#define BL_POLICY_AUDIT_H

#include "base/buf.h"
#include "base/err.h"
#include "crypt/ident.h"
#include "crypt/note.h"
#include "policy/journal.h"

struct bl_audit {
	const char *dir;
	int fd;				/* the journal */
	struct bl_journal *j;
	struct bl_ledger *ledger;
	uint8_t vault[BL_IDENT_PK], key[BL_IDENT_PK];
	bool has_vault, has_key;	/* helper.pub is there; the auditor gave a key */
	char init[BL_IDENT_FPR];	/* the vault that the first entry names, or empty */
	uint64_t wanted;		/* seq of the entry whose line is kept in `line` */
	struct bl_buf line;
	bool damaged;			/* the journal is one, and is bad at seq `bad` */
	uint64_t bad;
	uint64_t signed_size;		/* of the largest checkpoint whose signature was checked */
	bool unchecked, vouched;	/* some checkpoint no known key signed; some checkpoint the auditor's key signed */
	char by[BL_NOTE_NAME];		/* newest cosignature of the auditor's key: its name and time */
	int64_t time;
};

/* key: public key file that must have signed or cosigned, or NULL. dir NULL: no vault, for bl_audit_signatures alone. */
int bl_audit_open(struct bl_audit *a, const char *dir, const char *key, struct bl_err *err);
void bl_audit_close(struct bl_audit *a);
/* Locks, verifies and folds. 65 for damage (then `damaged`) and for what is not a journal at all. */
int bl_audit_read(struct bl_audit *a, struct bl_err *err);

/* A checkpoint's text goes to b, n points into it; 66 when it cannot be opened, 65 when it is none. */
int bl_audit_note(const char *path, struct bl_buf *b, struct bl_note *n, struct bl_err *err);
/* What the keys say to a checkpoint, and whether the journal extends it. 1 with err when the answer is no. */
int bl_audit_signatures(struct bl_audit *a, const struct bl_note *n, struct bl_err *err);
int bl_audit_extends(struct bl_audit *a, const struct bl_note *n, struct bl_err *err);
/* All of the vault's checkpoints, and one kept elsewhere (or NULL). */
int bl_audit_checkpoints(struct bl_audit *a, const char *elsewhere, struct bl_err *err);

#endif
