/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ship: a vault that lives elsewhere, as the first process of a virtual machine sees it: a copy comes in by ATTACH, the helper works on
 * the copy, and what it changed goes out by APPEND before anything else of it does. keep.h is the other end; PROTOCOL.md has the bytes.
 */
#ifndef BL_TEE_SHIP_H
#define BL_TEE_SHIP_H

#include "tee/frame.h"

/* The vault's files, in the order in which they travel: what the journal names lies before it, what names it behind it. */
enum bl_ship_file { BL_SHIP_KEY, BL_SHIP_CELLS, BL_SHIP_JOURNAL, BL_SHIP_CHECKPOINT, BL_SHIP_SNAPSHOT, BL_SHIP_FILES };
enum {
	BL_SHIP_MOST = 256 << 20,		/* bytes of all of them */
	BL_SHIP_HEAD = 8 * BL_SHIP_FILES,	/* of ATTACH: their lengths */
	BL_SHIP_PIECE = 24,			/* of APPEND, before the bytes: u16 file, u16 last, u32 0, u64 offset, u64 size of the file then */
	BL_SHIP_ROOM = BL_FRAME_BODY - BL_SHIP_PIECE,
};

struct bl_ship {
	struct {
		int fd;
		uint64_t size;		/* as the other end knows it */
		uint64_t from;		/* the bytes from here on may be replaced: seen are the first of them as they were */
		uint8_t *seen;
		size_t nseen;
	} file[BL_SHIP_FILES];
};

/* Asks for the vault and puts it into dir, an empty directory: files of mode 0600. 76 for what is none, 74 when there is no room. */
int bl_ship_attach(struct bl_ship *s, struct bl_frame_link *l, int port, int dir, struct bl_err *err);
/*
 * Whatever changed since the last time goes out; returns once the other end says that it is on its disk. Nothing may write meanwhile.
 * 70 when a file lost what was shipped.
 */
int bl_ship_changes(struct bl_ship *s, struct bl_frame_link *l, int port, struct bl_err *err);
void bl_ship_fini(struct bl_ship *s);		/* closes; the files stay */

#endif
