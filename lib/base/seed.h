/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seed: a number for hash tables that whoever supplies the rows cannot know, so that no choice of values makes a table
 * slow. It decides the order of slots in memory and nothing that is ever seen; keys, nonces and noise come from
 * crypt/mem.h. Never fails: a kernel without getrandom(2) is a broken environment, not an error of the user's.
 */
#ifndef BL_BASE_SEED_H
#define BL_BASE_SEED_H

#include <stdint.h>

uint64_t bl_seed(void);

#endif
