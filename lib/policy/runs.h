/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runs: a set of numbers as bytes: lengths of gaps and runs, or a plain bitmap where that is shorter. Decoding trusts nothing.
 */
#ifndef BL_POLICY_RUNS_H
#define BL_POLICY_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Appends the set: n numbers, strictly ascending. */
void bl_runs_put(struct bl_buf *b, const uint32_t *v, uint32_t n);
/* Most bytes that a set of numbers below `universe` takes. */
static inline uint64_t bl_runs_most(uint64_t universe) { return 1 + (universe + 7) / 8; }
/*
 * Sets the bits of the set in words (zeroed here; (universe + 63) / 64 of them). False when the bytes are not exactly what
 * bl_runs_put makes of some n numbers below universe.
 */
bool bl_runs_get(const uint8_t *p, size_t len, uint64_t *words, uint32_t universe, uint32_t n);

#endif
