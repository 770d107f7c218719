/* SPDX-License-Identifier: Apache-2.0 */
/*
 * owner: the owner's side of a key release: a challenge for a sealed file, then a grant for the evidence that answers it. Files
 * and pipes, no connection. The nonce of a challenge is remembered beside the identity (nonces.h) and answered once.
 */
#ifndef BL_TEE_OWNER_H
#define BL_TEE_OWNER_H

#include "attest/verify.h"
#include "tee/handoff.h"

struct bl_owner { const char *path; const struct bl_ident *id; };	/* the private key and the file that it was read from */

/* For the file with this header, valid for so many seconds. 77 when the identity is not the file's owner. */
int bl_owner_challenge(const struct bl_owner *o, const struct bl_header *h, int64_t seconds, uint8_t out[BL_HANDOFF_CHALLENGE], struct bl_err *err);

struct bl_owner_terms {			/* what the owner wants of the helper, and what it gets */
	const uint8_t (*vault)[BL_IDENT_PK];	/* public keys: one of these it must be */
	size_t nvault;
	const char *checkpoint;		/* a signed note of that vault's journal, which it must still extend; NULL: none */
	size_t checkpoint_len;
	uint32_t requests;
	const struct bl_verify *appraisal;	/* policy, roots and collateral for the evidence of a platform, judged now */
};
/*
 * Verifies the evidence against the challenge: whose it is, for which file and policy, in time, of a vault that the terms name, of
 * a class and with a lockdown that the policy accepts; above class software that the platform's evidence is authentic and passes both
 * the file's `tee` and the terms' appraisal policy, and that these name what runs there (named.h; of a TPM also whose key signs). Then marks the nonce used, and only then seals the file key. 65, 76 malformed, 77.
 */
int bl_owner_grant(const struct bl_owner *o, const struct bl_header *h, const struct bl_owner_terms *t, const struct bl_buf *challenge,
		   const struct bl_buf *evidence, uint8_t out[BL_HANDOFF_GRANT], struct bl_err *err);

struct bl_owner_way {			/* the same out of files; - is the standard input */
	const char *challenge, *evidence, *checkpoint;	/* checkpoint NULL: none */
	const struct bl_opt_list *vaults;
};
/* Vaults and checkpoint of t are those of w. The evidence is read last: who waits at the other end of a pipe hears of other mistakes first. */
int bl_owner_grant_files(const struct bl_owner *o, const struct bl_header *h, const struct bl_owner_terms *t, const struct bl_owner_way *w,
			 uint8_t out[BL_HANDOFF_GRANT], struct bl_err *err);

#endif
