/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init: the helper's program as the first process of a virtual machine: it makes the machine usable, fetches the vault, starts the helper as
 * a client of its own machine would, passes frames on both ways, checking each as both ends do, and turns the machine off. It holds no key
 * of a session; what passes through it is sealed or public.
 */
#ifndef BL_TEE_INIT_H
#define BL_TEE_INIT_H

#include <stdbool.h>

#include "base/err.h"

/* port: a stream to the client; dir: an empty directory for the vault; file: the disk with the sealed file, or -1; helper: its program. */
struct bl_init { int port, dir, file; const char *helper; };
/* One session, from ATTACH to its end; the client is told how it ended. The same as an exit class, 0 after BYE or when the client is gone. */
int bl_init_serve(const struct bl_init *in, struct bl_err *err);

/* Is this process the first one, started as /init? */
bool bl_init_is(const char *argv0);
/* All of it; turns the machine off. Returns only when that fails. */
int bl_init_run(void);

#endif
