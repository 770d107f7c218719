/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build: which file this program is, by its manifest: the SHA-256 that lies beside it as FILE.sha256, put there by whoever built or installed
 * it. The program may not be able to read itself (mode 0711) and has better to do at each start. What the manifest says is worth what the
 * platform's evidence of it is: with class software it is a claim.
 */
#ifndef BL_TEE_BUILD_H
#define BL_TEE_BUILD_H

#include <stdint.h>

/*
 * Of this process's program. Zeros where there is no manifest that counts: a regular file of 64 hex digits and perhaps a newline, written by
 * nobody but root or the program's owner.
 */
void bl_build_read(uint8_t build[32]);

#endif
