/* SPDX-License-Identifier: Apache-2.0 */
/* progress: how far long work is, for whoever waits at a terminal. */
#ifndef BL_BASE_PROGRESS_H
#define BL_BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* One redrawn line "ingest: 120 MB of 754 MB, 250 MB/s, 3 s left" at most ten times a second, only when stderr is a
 * terminal and not quiet; SIGUSR1 prints a line at any time. total 0: unknown. Never rows. */
struct bl_progress { const char *what; uint64_t total, done, start_ns, last_ns; bool on, drawn; };
void bl_progress_init(struct bl_progress *p, const char *what, uint64_t total);
void bl_progress_step(struct bl_progress *p, uint64_t done);
void bl_progress_fini(struct bl_progress *p);

#endif
