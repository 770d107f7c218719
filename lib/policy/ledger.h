/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger: what the journal's entries add up to. The helper and bl-audit fold with the same code: datasets and their
 * highest policy version, requests and refusals per principal, records of the differencing store per dataset.
 *
 * What it reads of an entry, hashes in hex, D = {"name","owner"}; entries of other kinds, and those of these kinds that
 * say no `dataset` (no `principal`, for release), count for nothing:
 *   dataset  file, footer, name, owner, policy, version	a lower version than seen before is an error
 *   request  request, principal, dataset D			counted once per request hash
 *   verdict  request, principal, dataset D, outcome, cells	refuse, suppressed: a refusal, once per request hash
 *   release  request, principal
 */
#ifndef BL_POLICY_LEDGER_H
#define BL_POLICY_LEDGER_H

#include "policy/journal.h"

struct bl_ledger;
struct bl_ledger *bl_ledger_new(void);
void bl_ledger_free(struct bl_ledger *l);
int bl_ledger_fold(void *ledger, const struct bl_json *entry, struct bl_err *err);	/* a bl_journal_fold */
extern const struct bl_journal_state bl_ledger_state;				/* and what it adds up to, for bl_journal_snapshot */

struct bl_ledger_dataset {
	uint64_t version;		/* highest policy version seen */
	uint8_t policy[32];		/* hash of that policy */
	const uint8_t (*cells)[32];	/* records of the differencing store, in order */
	size_t ncells;
};
/* By (owner fingerprint, dataset name); NULL when never seen. Valid until the next fold. */
const struct bl_ledger_dataset *bl_ledger_find(const struct bl_ledger *l, const char *owner, const char *name);
/* Was this very file (id, footer hash) registered? Then its chunk hashes were checked once. */
bool bl_ledger_knows(const struct bl_ledger *l, const uint8_t file_id[32], const uint8_t footer[32]);
/* Counters of a principal on a dataset. A request hash that this principal was already answered is counted once. */
uint64_t bl_ledger_requests(const struct bl_ledger *l, const char *owner, const char *name, const char *fpr);
uint64_t bl_ledger_refusals(const struct bl_ledger *l, const char *owner, const char *name, const char *fpr);
/* Has this principal been released the answer of this request hash before? */
bool bl_ledger_released(const struct bl_ledger *l, const uint8_t request[32], const char *fpr);

#endif
