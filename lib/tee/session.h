/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session: the helper's side of one connection: HELLO, challenge and evidence, perhaps a grant, one file, then requests until BYE. The
 * only code that holds a data key and rows; what it sends are evidence, sealed answers and exit codes.
 */
#ifndef BL_TEE_SESSION_H
#define BL_TEE_SESSION_H

#include "policy/vault.h"
#include "tee/provider.h"

/* What the helper says of itself: BL_WIRE_PROC or BL_WIRE_VM, what bl_sandbox_enter reported, what bl_build_read found. */
struct bl_session_self { uint8_t backend; uint32_t mask; uint8_t build[32]; };
/* Serves the connection to its end; p is asked for evidence once. 0 after BYE or end of file between frames. */
int bl_session_run(int sock, struct bl_vault *v, struct bl_provider *p, const struct bl_session_self *self, struct bl_err *err);

#endif
