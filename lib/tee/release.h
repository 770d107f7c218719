/* SPDX-License-Identifier: Apache-2.0 */
/*
 * release: the analyst's side of a key release, as files: takes the owner's challenge, leaves the evidence, waits for the grant.
 */
#ifndef BL_TEE_RELEASE_H
#define BL_TEE_RELEASE_H

#include "tee/handoff.h"

struct bl_release_way {
	const char *challenge;		/* the owner's, "-" is stdin */
	const char *evidence;		/* to be written: a file, whole at once; a FIFO; "-" is stdout, at its end then */
	const char *grant;		/* to be read: a file that may come later, a FIFO, "-" is stdin */
};

/* 77 when it is not the owner's challenge for this file, or too old. */
int bl_release_challenge(const struct bl_release_way *w, const struct bl_header *h, struct bl_wire_challenge *c, struct bl_err *err);
/*
 * Leaves the evidence, then waits until the grant is there, or the challenge has expired (75). 77 when a pipe ends without one,
 * 65 for what is none. A grant's FIFO is opened before the evidence is written: its other end may be opened before that is read.
 */
int bl_release_ask(const struct bl_release_way *w, const struct bl_wire_hello *h, const struct bl_wire_challenge *c, const char *statement,
		   size_t n, uint8_t body[BL_GRANT_BODY], struct bl_err *err);

#endif
