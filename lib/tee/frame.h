/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame: the helper's protocol as bytes: 16-byte header (magic "BLT1", u16 type, u16 flags, u32 seq, u32 len), then len
 * bytes; one frame is at most 65,536 bytes. The state machine is a pure function: bytes in, what is allowed out. Anything else
 * ends the session with exit 76. PROTOCOL.md is the byte table.
 *
 * A frame travels as one SEQPACKET packet; or, to and from a helper in a VM, in a stream of bytes, where no descriptor can come
 * along and the vault travels in frames of its own (ATTACH, APPEND, SYNCED).
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
	BL_FRAME_ATTACH = 11, BL_FRAME_BYE = 126, BL_FRAME_ERROR = 127,
};
enum { BL_FRAME_MORE = 1 };		/* flag: more follows, same type; such a frame is full */
enum bl_frame_side { BL_FRAME_HELPER, BL_FRAME_CLIENT };
/* What comes next: HELLO; a first CHALLENGE; EVIDENCE; CHALLENGE, GRANT or OPEN; GRANT or OPEN; OPENED; OPEN or REQUEST; RELEASE;
 * the helper's BYE; nothing; nothing but the helper's ERROR. Of a VM before HELLO: its ATTACH; the client's. Behind APPEND: more of
 * them, or SYNCED. */
enum bl_frame_state {
	BL_FRAME_START, BL_FRAME_IDLE, BL_FRAME_CHALLENGED, BL_FRAME_ASKED, BL_FRAME_KEYED, BL_FRAME_OPENING, BL_FRAME_READY, BL_FRAME_RUN,
	BL_FRAME_ENDED, BL_FRAME_DONE, BL_FRAME_BROKEN, BL_FRAME_BOOT, BL_FRAME_ATTACHING, BL_FRAME_SYNCING,
};

struct bl_frame { uint16_t type, flags; uint32_t seq, len; const uint8_t *body; };

/* One end of a session: both sequences and the state. */
struct bl_frame_link {
	enum bl_frame_side side;
	enum bl_frame_state state;
	uint32_t out_seq, in_seq;
	uint16_t more_type;		/* 0: no message is half through */
	uint8_t asked, granted, opened;	/* challenges, grants, files */
	/* Of a helper in a VM alone: */
	bool vm;
	enum bl_frame_state back;	/* where SYNCED leads */
	uint64_t deadline;		/* bl_time_mono_ns when waiting for the other side ends (69); 0: never */
	/* The client's: what becomes of an APPEND. 1: it was the last, and SYNCED says *synced; 0: more follow; -1. */
	int (*append)(void *arg, const struct bl_frame *f, uint64_t *synced, struct bl_err *err);
	void *arg;
};
void bl_frame_init(struct bl_frame_link *l, enum bl_frame_side side);
void bl_frame_init_vm(struct bl_frame_link *l, enum bl_frame_side side);
/* Header and body of the next outgoing frame appended to b; -1 (BL_BUG) when this type may not be sent in this state. */
int bl_frame_put(struct bl_frame_link *l, uint16_t type, uint16_t flags, const void *body, size_t n, struct bl_buf *b, struct bl_err *err);
/*
 * Checks one received packet of n bytes with nfd descriptors: 76 for anything out of order, and then for everything that
 * comes later; a helper may still send ERROR. f->body points into p.
 */
int bl_frame_get(struct bl_frame_link *l, const uint8_t *p, size_t n, unsigned nfd, struct bl_frame *f, struct bl_err *err);

/*
 * Over a SEQPACKET socket, or, of a VM, over a stream socket or a character device, which may be non-blocking. recv: a
 * descriptor with OPEN (none of a VM's), -1 with all others; 69 on EOF, also within a frame. Sockets never raise SIGPIPE. A client's
 * recv gives APPEND to l->append and returns what comes after it.
 */
int bl_frame_send(struct bl_frame_link *l, int sock, uint16_t type, uint16_t flags, const void *body, size_t n, int fd, struct bl_err *err);
int bl_frame_recv(struct bl_frame_link *l, int sock, uint8_t *packet /* BL_FRAME_MAX */, struct bl_frame *f, int *fd, struct bl_err *err);
/* A long payload in pieces with BL_FRAME_MORE, and back, bounded by b->max (76). recv_long: an ERROR that arrives instead
 * becomes err, as bl_frame_error says it. recv_rest: the same once the first piece has been received. */
int bl_frame_send_long(struct bl_frame_link *l, int sock, uint16_t type, const void *p, size_t n, struct bl_err *err);
int bl_frame_recv_long(struct bl_frame_link *l, int sock, uint16_t type, struct bl_buf *b, struct bl_err *err);
int bl_frame_recv_rest(struct bl_frame_link *l, int sock, const struct bl_frame *first, struct bl_buf *b, struct bl_err *err);

/* The helper's last word: exit class and rule number (0: none). Failure is not reported: the peer may be gone. */
void bl_frame_send_error(struct bl_frame_link *l, int sock, int code, uint32_t rule);
/* What an ERROR frame says, in words; its class, or 76 when it names none that there is. Always -1. */
int bl_frame_error(const struct bl_frame *f, uint32_t *rule /* may be NULL */, struct bl_err *err);

#endif
