/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem: guarded memory for keys (libsodium's, locked, guard pages, wiped on free), randomness, constant-time compare.
 * bl_mem_init must have run before anything else in lib/crypt.
 */
#ifndef BL_CRYPT_MEM_H
#define BL_CRYPT_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* sodium_init and, when `openssl` is true, OpenSSL without configuration file, with every cipher and digest that this
 * library uses fetched once, so that nothing is opened later (a sandbox may follow). May be called again, also to add
 * OpenSSL, while there is one thread. Class 71. */
int bl_mem_init(bool openssl, struct bl_err *err);
/* The same without ciphers, of which the first takes OpenSSL a third of a millisecond: for who hashes and verifies only. */
int bl_mem_init_hashes(struct bl_err *err);
/*
 * From now on bl_mem_new gives out of a pool of n bytes while it lasts: memory that is locked, in no dump, in no child and,
 * where the kernel has memfd_secret(2), in no other mapping, not even the kernel's own. Returns what holds of that. For the
 * helper, before its sandbox; one thread only. Once a process.
 */
enum { BL_MEM_LOCKED = 1, BL_MEM_HIDDEN = 2 };
unsigned bl_mem_pool(size_t n);
void *bl_mem_new(size_t n);		/* zeroed, aligned to 16, or NULL; not locked where the limit refuses that */
void bl_mem_free(void *p);		/* NULL is fine */
void bl_mem_wipe(void *p, size_t n);
bool bl_mem_equal(const void *a, const void *b, size_t n);
void bl_mem_random(void *p, size_t n);	/* never fails, or the process ends */

#endif
