/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grant: a file key from its owner to one session of one helper. Pure functions on bytes; PROTOCOL.md is the byte table.
 * Sealed to the session's kem_pk and signed by the owner, both over the transcript of HELLO and challenge: no other session
 * opens it, and nobody but the owner makes one.
 */
#ifndef BL_TEE_GRANT_H
#define BL_TEE_GRANT_H

#include "format/blf.h"
#include "policy/doc.h"
#include "tee/wire.h"

enum {
	BL_GRANT_PLAIN = 216, BL_GRANT_SEALED = BL_GRANT_PLAIN + 16,
	BL_GRANT_BODY = 32 + 4 + BL_GRANT_SEALED + BL_IDENT_SIG,	/* of the frame: enc, length, ciphertext, signature */
};

struct bl_grant {			/* all but the key */
	uint8_t file_id[32], policy_hash[32];
	int64_t not_before, expires;	/* Unix seconds, both included */
	uint32_t requests;		/* most requests of this session; at least 1 */
	uint8_t journal[32];		/* the vault's public key: whose journal */
	uint64_t size;			/* the least size of that journal, and its root then; 0: any, root all zeros */
	uint8_t root[32];
};

/* The policy's word for a class of evidence: what a key is good for that was granted to it. */
enum bl_tee_class bl_grant_class(enum bl_statement_class c);
/* key: the file key; header: SHA-256 of the file's header. 77 when kem_pk is not usable. */
int bl_grant_seal(uint8_t body[BL_GRANT_BODY], const struct bl_grant *g, const uint8_t key[BL_BLF_KEY], const struct bl_ident *owner,
		  const uint8_t kem_pk[32], const uint8_t report[BL_WIRE_REPORT], const uint8_t header[32], struct bl_err *err);
/* Whoever holds no key: of that form (76), and signed by this owner for this session (77)? */
int bl_grant_check(const uint8_t *p, size_t n, const uint8_t owner[BL_IDENT_PK], const uint8_t report[BL_WIRE_REPORT], struct bl_err *err);
/*
 * The helper: checks as above under the owner's key in the file's header, h, opens, and compares file, policy, clock and journal
 * (vault: the helper's own). The clock is the host's, so times are advice. Size and root are left to whoever has the journal.
 * key: guarded memory of the caller, written on success only. 76 malformed, 77 not for this.
 */
int bl_grant_open(struct bl_grant *g, uint8_t key[BL_BLF_KEY], const uint8_t *p, size_t n, const struct bl_header *h,
		  const uint8_t kem_sk[32], const uint8_t report[BL_WIRE_REPORT], const uint8_t vault[BL_IDENT_PK], int64_t now, struct bl_err *err);
/* Is it not too early and not too late? 77. */
int bl_grant_timely(const struct bl_grant *g, int64_t now, struct bl_err *err);

#endif
