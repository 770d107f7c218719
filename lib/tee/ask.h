/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ask: one request from judging to answer, in the order of the policy guide (section 6): file and policy version, who asks,
 * plan, static rules, counters reserved and synced, run, gate, journal synced, answer. Steps before the run look at no row.
 * Every request, verdict and release is an entry of the journal before the answer exists.
 */
#ifndef BL_TEE_ASK_H
#define BL_TEE_ASK_H

#include "attest/receipt.h"
#include "format/reader.h"
#include "policy/judge.h"
#include "policy/journal.h"
#include "policy/ledger.h"
#include "policy/vault.h"
#include "tee/answer.h"
#include "tee/request.h"

struct bl_ask {				/* what a session has for its requests */
	struct bl_vault *vault;
	uint32_t mask;			/* of the lockdown */
	enum bl_tee_class tee_class;	/* that the owner of the file accepted by a grant; without one, software */
	const struct bl_ident *session;	/* signs receipts */
	const struct bl_json *evidence;	/* binds that key */
	struct bl_reader *reader;	/* header checked, not unlocked */
	const uint8_t *key;		/* the file's, that its owner granted for this session; NULL: what is sealed to the vault */
	/* made by init */
	struct bl_policy policy;
	struct bl_ledger *ledger;
	struct bl_journal *journal;
	char owner[BL_IDENT_FPR];	/* of the file */
	bool anchored;			/* the journal is not behind the vault's own checkpoint */
	bool ready;			/* unlocked, checked, registered */
};

/* Parses the file's policy and opens the journal; the members above it are set by the caller. 78 for a policy that this version does not enforce in full. */
int bl_ask_init(struct bl_ask *k, struct bl_err *err);
void bl_ask_fini(struct bl_ask *k);
/* Answers: a refusal and a failure are answers too. Everything in *out but the document lives in a. */
void bl_ask_run(struct bl_ask *k, const struct bl_request *q, struct bl_arena *a, struct bl_answer *out);

#endif
