/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proof: documents that show, without the journal, that an entry is in it or that one checkpoint extends another. Checkpoints
 * are signed notes, hashes are hex.
 *   {"checkpoint":NOTE,"index":N,"line":LINE,"proof":[...],"schema":"bl-inclusion/1"}
 *   {"new":NOTE,"old":NOTE,"proof":[...],"schema":"bl-consistency/1"}
 */
#ifndef BL_POLICY_PROOF_H
#define BL_POLICY_PROOF_H

#include "base/err.h"
#include "base/json.h"
#include "crypt/note.h"
#include "crypt/tree.h"

enum { BL_PROOF_MAX = 256 << 10 };

struct bl_proof {			/* of either kind, parsed; points into the JSON */
	bool entry;			/* an entry's inclusion; else consistency of two checkpoints */
	const char *line;
	uint64_t index;
	struct bl_note old, note;	/* old: of consistency only */
	uint8_t hash[BL_TREE_PROOF][BL_TREE_HASH];
	size_t n;
};

/* leaf: at least note->size hashes, index < note->size; old->size in 1..note->size. The texts are the notes as they were read. */
struct bl_json *bl_proof_inclusion(const uint8_t (*leaf)[BL_TREE_HASH], uint64_t index, const char *line, const struct bl_note *note,
				   const char *text);
struct bl_json *bl_proof_consistency(const uint8_t (*leaf)[BL_TREE_HASH], const struct bl_note *old, const char *old_text,
				     const struct bl_note *note, const char *text);
/* 65 when it is neither. */
int bl_proof_parse(struct bl_proof *p, const struct bl_json *j, struct bl_err *err);
/* Do the hashes prove what the document says? Signatures are the caller's to check. */
bool bl_proof_holds(const struct bl_proof *p);

#endif
