/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry: what the helper writes into the journal, and the claims of a receipt. Never row values, literals, counts of
 * entities, or anything whose length depends on rows.
 */
#ifndef BL_TEE_ENTRY_H
#define BL_TEE_ENTRY_H

#include "base/json.h"
#include "format/blf.h"
#include "policy/judge.h"

struct bl_entry {			/* who asks what of which file */
	const struct bl_header *file;
	const char *owner, *principal;	/* fingerprints */
	const char *purpose;		/* NULL: none */
	enum bl_role role;
	uint8_t request[32], footer[32];
};

struct bl_entry_verdict {
	const char *outcome;		/* "release", "suppressed", "log", "refuse" */
	const char *stage;		/* "judge", "run", "gate" */
	const char *rule;		/* of a refusal without data rules: its name; else NULL */
	uint32_t ntested, nfired;
	const struct bl_rule *const *tested, *const *fired;
	const uint8_t *cells;		/* hash of the record of the differencing store, or NULL */
	const uint8_t *output;		/* of a release, or NULL */
};

struct bl_json *bl_entry_dataset(const struct bl_entry *e);
struct bl_json *bl_entry_request(const struct bl_entry *e, const uint8_t id[16]);
struct bl_json *bl_entry_verdict(const struct bl_entry *e, const struct bl_entry_verdict *v);
struct bl_json *bl_entry_release(const struct bl_entry *e, const uint8_t output[32], const uint8_t receipt[16]);
/* The claims of attest/receipt.h but evidence, checkpoint and journal. note: NULL when nothing could be withheld. */
struct bl_json *bl_entry_receipt(const struct bl_entry *e, const struct bl_entry_verdict *v, const uint8_t receipt[16], uint32_t columns,
				 uint64_t rows, const char *note);

#endif
