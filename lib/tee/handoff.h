/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handoff: the three files of a key release as bytes: the challenge that the owner signs, the evidence that answers it, the
 * grant. PROTOCOL.md is the byte table. Nothing is opened; what is malformed is 65.
 */
#ifndef BL_TEE_HANDOFF_H
#define BL_TEE_HANDOFF_H

#include "tee/frame.h"
#include "tee/grant.h"
#include "tee/wire.h"

enum {
	BL_HANDOFF_CHALLENGE = 4 + BL_WIRE_CHALLENGE + BL_IDENT_SIG,
	BL_HANDOFF_EVIDENCE_MAX = 4 + BL_WIRE_HELLO + BL_WIRE_CHALLENGE + 4 + BL_FRAME_BODY,
	BL_HANDOFF_GRANT = 4 + BL_GRANT_BODY,
};

/* For the file with this header, with a new nonce. */
void bl_handoff_ask(struct bl_wire_challenge *c, const struct bl_header *h, int64_t expires);
int bl_handoff_put_challenge(uint8_t out[BL_HANDOFF_CHALLENGE], const struct bl_wire_challenge *c, const struct bl_ident *owner, struct bl_err *err);
/* 77 when it is not signed by the owner that it names. */
int bl_handoff_get_challenge(const uint8_t *p, size_t n, struct bl_wire_challenge *c, struct bl_err *err);
/* Does it name this file, its policy and its owner, and has it not expired? 77. */
int bl_handoff_fits(const struct bl_wire_challenge *c, const struct bl_header *h, int64_t now, struct bl_err *err);

struct bl_handoff_evidence {
	struct bl_wire_hello hello;
	struct bl_wire_challenge challenge;	/* that it says it answers */
	const char *statement;			/* inside what was parsed */
	size_t len;
};
void bl_handoff_put_evidence(struct bl_buf *b, const struct bl_wire_hello *h, const struct bl_wire_challenge *c, const char *statement, size_t n);
/* Does it begin as one does? */
bool bl_handoff_may_evidence(const uint8_t *p, size_t n);
int bl_handoff_get_evidence(const uint8_t *p, size_t n, struct bl_handoff_evidence *e, struct bl_err *err);

void bl_handoff_put_grant(uint8_t out[BL_HANDOFF_GRANT], const uint8_t body[BL_GRANT_BODY]);
/* Could the n bytes that are there so far become a grant? */
bool bl_handoff_may_grant(const uint8_t *p, size_t n);
/* *body points into p. */
int bl_handoff_get_grant(const uint8_t *p, size_t n, const uint8_t **body, struct bl_err *err);

#endif
