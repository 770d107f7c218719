/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn: the client's side of backend `proc`: finds the helper, starts it with descriptor 3 = socket and descriptor 4 =
 * the vault's directory, an empty environment, no arguments but the provider's name; and says in plain words how it ended. The first process of a virtual
 * machine starts it in the same way.
 */
#ifndef BL_TEE_SPAWN_H
#define BL_TEE_SPAWN_H

#include <sys/types.h>

#include "base/err.h"

enum { BL_SPAWN_SOCK = 3, BL_SPAWN_VAULT = 4 };		/* the helper's descriptors */

struct bl_spawn { pid_t pid; int sock; };
/* The helper by path, with these arguments behind its name (each may be NULL, then so is the next). 0, or an errno. */
int bl_spawn_start(pid_t *pid, const char *path, const char *arg, const char *value, int sock, int vault);
/* The class of its end: its exit status where that is a class, 69 or 70 for signals. */
int bl_spawn_class(int status);
/* addr: NULL or "proc" (BL_LIBEXEC's bl-tee when it is set; else the one beside this program, as in a build tree; else the
 * installed one), or "proc:PATH". "unix:" and "tls:" are refused by name (64); "vm:" is vm.h's. provider: what the helper
 * asks for its platform's evidence (provider.h), NULL: what it finds. vault: directory. 66 vault, 69 helper.
 * Call it from the main thread: the helper dies with the thread that started it. */
int bl_spawn_open(struct bl_spawn *s, const char *addr, const char *provider, const char *vault, struct bl_err *err);
/* Closes, waits (a helper that does not end by itself within two seconds is killed); when err already holds a lost
 * connection (69), replaces it by how the helper ended: its exit class, or the signal (69 or 70). */
void bl_spawn_close(struct bl_spawn *s, struct bl_err *err);
/* Hangs up and does not wait: once a good answer is here its journal is synced, and the helper dies with this process. */
void bl_spawn_leave(struct bl_spawn *s);

#endif
