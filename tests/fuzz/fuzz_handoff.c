/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a key release, and a grant, from anyone. The first byte chooses; the last choice is a grant's plaintext that is sealed and signed well. */
#include <stdlib.h>
#include <string.h>

#include "crypt/hash.h"
#include "crypt/hpke.h"
#include "crypt/mem.h"
#include "tee/handoff.h"

static struct bl_ident owner;
static uint8_t kem_pk[32], kem_sk[32];

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct bl_err err;
	uint8_t seed[32] = { 1 };

	(void)argc;
	(void)argv;
	if (bl_mem_init(false, &err) || bl_ident_from_seed(&owner, seed, &err))
		abort();
	bl_ident_kem_pk(owner.pk, kem_pk);
	bl_ident_kem_sk(&owner, kem_sk);
	return 0;
}

static void grant(const uint8_t *p, size_t n)
{
	uint8_t body[BL_GRANT_BODY] = { 0 }, plain[BL_GRANT_PLAIN] = "BLG1\1", info[80] = "bl-tee grant v1", t[96] = { 0 }, key[32];
	struct bl_header h = { .policy = "" };
	struct bl_grant g;
	struct bl_err err;

	memcpy(plain + 8, p, n < sizeof plain - 8 ? n : sizeof plain - 8);
	memcpy(h.owner, owner.pk, 32);
	memcpy(h.file_id, plain + 8, 32);
	memcpy(h.policy_hash, plain + 72, 32);
	bl_header_commit(h.file_id, plain + 40, h.commitment, h.seed);
	body[32] = BL_GRANT_SEALED;
	if (bl_hpke_seal(kem_pk, info, sizeof info, h.hash, 32, plain, sizeof plain, body, body + 36))
		abort();
	bl_hash_both(body, 32, body + 36, BL_GRANT_SEALED, t + 64);
	bl_ident_sign(&owner, "bl-tee grant sig v1", t, sizeof t, body + 36 + BL_GRANT_SEALED);
	if (!bl_grant_open(&g, key, body, sizeof body, &h, kem_sk, t, plain + 124, 5, &err) &&
	    (g.not_before > 5 || g.expires < 5 || !g.requests || memcmp(key, plain + 40, 32)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t report[BL_WIRE_REPORT];
	struct bl_wire_challenge c;
	struct bl_handoff_evidence e;
	const uint8_t *body;
	struct bl_err err;

	if (!n)
		return 0;
	switch (*p++ % 4) {
	case 0:
		bl_handoff_get_challenge(p, n - 1, &c, &err);
		break;
	case 1:
		if (!bl_handoff_get_evidence(p, n - 1, &e, &err) && ((const uint8_t *)e.statement < p || e.len > n))
			abort();
		break;
	case 2:
		if (!bl_handoff_get_grant(p, n - 1, &body, &err) && !bl_grant_check(body, BL_GRANT_BODY, owner.pk, report, &err))
			abort();
		break;
	default:
		grant(p, n - 1);
	}
	return 0;
}
