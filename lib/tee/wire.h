/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire: what the frames of a session carry, as bytes, and what binds it all together: the transcript of the challenge and
 * the seals of request and answer. Both ends use it; PROTOCOL.md is the byte table. All integers are little-endian.
 */
#ifndef BL_TEE_WIRE_H
#define BL_TEE_WIRE_H

#include "base/buf.h"
#include "base/err.h"
#include "attest/statement.h"

enum {
	BL_WIRE_HELLO = 112, BL_WIRE_START = 16, BL_WIRE_CHALLENGE = 144, BL_WIRE_OPEN = 20, BL_WIRE_OPENED = 44, BL_WIRE_ERROR = 8,
	BL_WIRE_REPORT = 64,
	BL_WIRE_REQUEST_MAX = 256 << 10,	/* plaintext of a request */
	BL_WIRE_ANSWER_MAX = 64 << 20,		/* of an answer, before padding */
	BL_WIRE_SEALED = 32 + 4 + 16,		/* what sealing adds: enc, length, tag */
	BL_WIRE_PROC = 1, BL_WIRE_VM = 3,	/* backend: spawned here, or by the first process of a virtual machine */
	BL_WIRE_FILE = 1,			/* OPEN: what */
	BL_WIRE_STATEMENT = 1,			/* kind of a piece of evidence: the JSON statement of attest/statement.h */
};

struct bl_wire_hello {
	uint8_t start[BL_WIRE_START];		/* version, backend, class, mask, frame limit: what evidence covers */
	uint8_t backend, class;		/* BL_WIRE_PROC, ...; enum bl_statement_class */
	uint32_t mask;
	uint8_t kem_pk[32], sig_pk[32], build[32];
};
void bl_wire_put_hello(uint8_t out[BL_WIRE_HELLO], struct bl_wire_hello *h);		/* fills h->start from backend, class, mask */
/* 76 unless it is version 1 and of a known backend and class. */
int bl_wire_get_hello(const uint8_t *p, size_t n, struct bl_wire_hello *h, struct bl_err *err);

struct bl_wire_challenge { uint8_t nonce[32], owner_pk[32], policy_hash[32], file_id[32]; int64_t expires; };
void bl_wire_put_challenge(uint8_t out[BL_WIRE_CHALLENGE], const struct bl_wire_challenge *c);
int bl_wire_get_challenge(const uint8_t *p, size_t n, struct bl_wire_challenge *c, struct bl_err *err);

/* What the transcript is over, and its hash, the report data. */
void bl_wire_about(const struct bl_wire_hello *h, const struct bl_wire_challenge *c, struct bl_statement_about *a);
void bl_wire_report(const struct bl_wire_hello *h, const struct bl_wire_challenge *c, uint8_t report[BL_WIRE_REPORT]);
/* The session hash over its one challenge: SHA-512("bl-tee session v1" NUL report). */
void bl_wire_session(const uint8_t report[BL_WIRE_REPORT], uint8_t session[64]);

/* EVIDENCE of a class with one piece, the statement. get: 76 also when it is of another class than HELLO. */
void bl_wire_put_evidence(struct bl_buf *b, uint8_t class, const void *statement, size_t n);
int bl_wire_get_evidence(const uint8_t *p, size_t n, uint8_t class, const char **statement, size_t *len, struct bl_err *err);

/*
 * REQUEST and RELEASE: enc, u32 length, ciphertext. A request is sealed to the helper's kem_pk under the session hash; an
 * answer to the asker's key under session hash and request hash (SHA-256 of the request's plaintext), padded so that its
 * length tells little: to 4, 16, 64, 256 KiB, then whole MiB. pk and sk are X25519.
 */
int bl_wire_seal_request(const uint8_t kem_pk[32], const uint8_t session[64], const struct bl_buf *plain, struct bl_buf *out, struct bl_err *err);
int bl_wire_open_request(const uint8_t kem_sk[32], const uint8_t session[64], const uint8_t *p, size_t n, struct bl_buf *plain, struct bl_err *err);
int bl_wire_seal_answer(const uint8_t kem_pk[32], const uint8_t session[64], const uint8_t request[32], const struct bl_buf *plain,
			struct bl_buf *out, struct bl_err *err);
int bl_wire_open_answer(const uint8_t kem_sk[32], const uint8_t session[64], const uint8_t request[32], const uint8_t *p, size_t n,
			struct bl_buf *plain, struct bl_err *err);
/* Most bytes of a sealed answer. */
size_t bl_wire_answer_room(void);

#endif
