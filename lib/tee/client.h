/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client: the analyst's side of a session: starts a helper, checks that it holds the key of a vault that the file's owner
 * sealed the file to, or takes the owner's grant for this session (release.h), asks, and checks the receipt of every release before anybody sees it.
 */
#ifndef BL_TEE_CLIENT_H
#define BL_TEE_CLIENT_H

#include "format/blf.h"
#include "tee/answer.h"
#include "tee/frame.h"
#include "tee/release.h"
#include "tee/request.h"
#include "tee/spawn.h"
#include "tee/vm.h"
#include "tee/wire.h"

struct bl_client {
	int sock;
	bool in_vm;
	struct bl_spawn spawn;		/* one of the two */
	struct bl_vm vm;
	struct bl_frame_link link;
	const struct bl_ident *asker;	/* borrowed */
	struct bl_wire_hello hello;
	uint8_t hash[64];		/* of the session */
	uint8_t vault[BL_IDENT_PK];
};

/*
 * addr, provider and vault as in spawn.h, or vm.h, which takes no provider (64). fd: the sealed file, h its header, checked by the caller.
 * way: NULL, or how the owner is asked for the key of a file that is not sealed to the vault.
 */
int bl_client_open(struct bl_client *c, const char *addr, const char *provider, const char *vault, int fd, const struct bl_header *h,
		   const struct bl_release_way *way, const struct bl_ident *asker, struct bl_err *err);
/* q names kind, SQL, purpose, table. The answer's bytes go to plain, which must outlive it; a refusal is an answer (out->err). */
int bl_client_ask(struct bl_client *c, struct bl_request *q, struct bl_buf *plain, struct bl_arena *a, struct bl_answer *out, struct bl_err *err);
/* err as in bl_spawn_close: a lost connection becomes how the helper ended. */
void bl_client_close(struct bl_client *c, struct bl_err *err);

#endif
