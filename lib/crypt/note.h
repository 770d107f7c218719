/* SPDX-License-Identifier: Apache-2.0 */
/*
 * note: checkpoints of a journal as signed notes (C2SP signed-note, tlog-checkpoint, tlog-cosignature). Three text lines
 * (origin, size, base64 root), a blank line, signature lines "— NAME base64(key id || signature)". Signed by the vault's key
 * under the name of the origin, cosigned by owners under theirs. Unknown signature lines are ignored.
 */
#ifndef BL_CRYPT_NOTE_H
#define BL_CRYPT_NOTE_H

#include "base/buf.h"
#include "base/err.h"
#include "crypt/ident.h"

enum { BL_NOTE_MAX = 16 << 10, BL_NOTE_ORIGIN = 28, BL_NOTE_NAME = 128, BL_NOTE_SIGS = 16, BL_NOTE_BLOB = 76 };

struct bl_note {
	const char *text;		/* the signed text, inside what was parsed */
	size_t len;
	char origin[BL_NOTE_NAME];
	uint64_t size;
	uint8_t root[32];
	size_t nsig;
	struct bl_note_sig {
		char name[BL_NOTE_NAME];
		size_t len;		/* of blob; 0: longer than any signature this reads */
		uint8_t blob[BL_NOTE_BLOB];	/* key id, 4 bytes; then what the type says */
	} sig[BL_NOTE_SIGS];
};

/* "bl-journal/" and the first 16 hex digits of SHA-256 of the vault's public key. */
void bl_note_origin(const uint8_t pk[BL_IDENT_PK], char out[BL_NOTE_ORIGIN]);
/* The note of (size, root) signed by the vault's identity, appended to b. */
int bl_note_sign(struct bl_buf *b, uint64_t size, const uint8_t root[32], const struct bl_ident *vault, struct bl_err *err);
/* 65 when it is not such a note. n points into s. */
int bl_note_parse(struct bl_note *n, const char *s, size_t len, struct bl_err *err);

enum bl_note_check { BL_NOTE_ABSENT, BL_NOTE_GOOD, BL_NOTE_BAD };	/* BAD: a line under this key's id does not verify */
/* By the key that the origin names (type 0x01). */
enum bl_note_check bl_note_signed(const struct bl_note *n, const uint8_t pk[BL_IDENT_PK]);
/* By this key under any name (cosignature/v1, type 0x04). Of a good one: *by and its time in Unix seconds. */
enum bl_note_check bl_note_cosigned(const struct bl_note *n, const uint8_t pk[BL_IDENT_PK], const char **by, int64_t *time);

#endif
