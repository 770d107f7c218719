/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame: the helper's protocol as bytes: 16-byte header (magic "BLT1", u16 type, u16 flags, u32 seq, u32 len), then len
 * bytes; one frame is one SEQPACKET packet of at most 65,536 bytes. The state machine is a pure function: bytes in, what is
 * allowed out. Anything else ends the session with exit 76. PROTOCOL.md is the byte table.
 */
#ifndef BL_TEE_FRAME_H
#define BL_TEE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { BL_FRAME_HEAD = 16, BL_FRAME_MAX = 65536, BL_FRAME_BODY = BL_FRAME_MAX - BL_FRAME_HEAD, BL_FRAME_SLOTS = 16 };
enum bl_frame_type {
	BL_FRAME_HELLO = 1, BL_FRAME_CHALLENGE = 2, BL_FRAME_EVIDENCE = 3, BL_FRAME_GRANT = 4, BL_FRAME_OPEN = 5,
	BL_FRAME_OPENED = 6, BL_FRAME_REQUEST = 7, BL_FRAME_RELEASE = 8, BL_FRAME_APPEND = 9, BL_FRAME_SYNCED = 10,
	BL_FRAME_BYE = 126, BL_FRAME_ERROR = 127,
};
enum { BL_FRAME_MORE = 1 };		/* flag: more follows, same type */
enum bl_frame_side { BL_FRAME_HELPER, BL_FRAME_CLIENT };

struct bl_frame { uint16_t type, flags; uint32_t seq, len; const uint8_t *body; };

/* One end of a session: both sequences and the state. */
struct bl_frame_link { enum bl_frame_side side; unsigned state; uint32_t out_seq, in_seq; uint16_t more_type; };
void bl_frame_init(struct bl_frame_link *l, enum bl_frame_side side);
/* Header and body of the next outgoing frame appended to b; -1 (BL_BUG) when this type may not be sent in this state. */
int bl_frame_put(struct bl_frame_link *l, uint16_t type, uint16_t flags, const void *body, size_t n, struct bl_buf *b, struct bl_err *err);
/* Checks one received packet of n bytes with nfd descriptors: 76 for anything out of order. f->body points into p. */
int bl_frame_get(struct bl_frame_link *l, const uint8_t *p, size_t n, unsigned nfd, struct bl_frame *f, struct bl_err *err);

/* Over a SEQPACKET socket. recv: at most one descriptor (-1 when none) where the type takes one; 69 on EOF. */
int bl_frame_send(struct bl_frame_link *l, int sock, uint16_t type, uint16_t flags, const void *body, size_t n, int fd, struct bl_err *err);
int bl_frame_recv(struct bl_frame_link *l, int sock, uint8_t *packet /* BL_FRAME_MAX */, struct bl_frame *f, int *fd, struct bl_err *err);
/* A long payload in pieces with BL_FRAME_MORE, and back, bounded by b->max. */
int bl_frame_send_long(struct bl_frame_link *l, int sock, uint16_t type, const void *p, size_t n, struct bl_err *err);
int bl_frame_recv_long(struct bl_frame_link *l, int sock, uint16_t type, struct bl_buf *b, struct bl_err *err);

#endif
