/* SPDX-License-Identifier: Apache-2.0 */
/*
 * term: what a terminal changes: passphrase prompts on /dev/tty, progress on stderr, refusal of binary output.
 */
#ifndef BL_BASE_TERM_H
#define BL_BASE_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* True when fd is a terminal and TERM is not "dumb". */
bool bl_term_is(int fd);
/* Colour allowed on fd: a terminal, no NO_COLOR, TERM not dumb. */
bool bl_term_colour(int fd);
/* Reads a line without echo from /dev/tty into out (n bytes with terminator); 66 without a terminal. */
int bl_term_secret(const char *prompt, char *out, size_t n, struct bl_err *err);

/* One redrawn line "ingest: 120 MB of 754 MB, 250 MB/s, 3 s left" at most ten times a second, only when stderr is a
 * terminal and not quiet; SIGUSR1 prints a line at any time. total 0: unknown. Never rows. */
struct bl_progress { const char *what; uint64_t total, done, start_ns, last_ns; bool on, drawn; };
void bl_progress_init(struct bl_progress *p, const char *what, uint64_t total);
void bl_progress_step(struct bl_progress *p, uint64_t done);
void bl_progress_fini(struct bl_progress *p);

#endif
