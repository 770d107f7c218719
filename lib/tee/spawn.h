/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn: the client's side of backend `proc`: finds the helper, starts it with descriptor 3 = socket and descriptor 4 =
 * the vault's directory, empty environment, argv {"bl-tee"}; and says in plain words how it ended.
 */
#ifndef BL_TEE_SPAWN_H
#define BL_TEE_SPAWN_H

#include <sys/types.h>

#include "base/err.h"

struct bl_spawn { pid_t pid; int sock; };
/* addr: NULL or "proc" (BL_LIBEXEC, else the installed libexec path, else beside this program), or "proc:PATH". "unix:",
 * "tls:" and "vm:" are refused by name (64). vault: directory. 66 vault, 69 helper. */
int bl_spawn_open(struct bl_spawn *s, const char *addr, const char *vault, struct bl_err *err);
/* Closes, waits; when err already holds a lost connection, replaces it by how the helper ended (signal: 69 or 70). */
void bl_spawn_close(struct bl_spawn *s, struct bl_err *err);

#endif
