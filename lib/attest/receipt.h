/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receipt: what a release carries: canonical JSON signed by a key that the evidence binds. Evidence of class `software` proves
 * who holds the vault's key and nothing else, and says so.
 *
 * {"answer":{"columns":n,"rows":n},"checkpoint":NOTE,"evidence":EVIDENCE,"files":[{"footer","id","name","owner","policy","version"}],
 *  "id":HEX,"journal":{"entry":{...},"index":N,"proof":[HEX...],"root":HEX,"size":N},"output":HEX,"principal":FPR,
 *  "purpose":P|null,"request":HEX,"role":R,"rollback":"none","rules":[{"param","path","rule"}],"schema":"bl-receipt/1",
 *  "sig":B64,"suppressed":null,"time":T,"withheld":NOTICE|null}
 * `journal.entry` is the release's entry, `id` the receipt id that it names, CHECKPOINT the vault's signed note of (size, root).
 * `sig` is Ed25519 by the session's signing key over "bl receipt v1" NUL and the canonical bytes without the member `sig`.
 * EVIDENCE is the statement of statement.h.
 */
#ifndef BL_ATTEST_RECEIPT_H
#define BL_ATTEST_RECEIPT_H

#include "attest/statement.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "crypt/ident.h"

enum { BL_RECEIPT_MAX = 1 << 20, BL_RECEIPT_DEPTH = 16, BL_RECEIPT_CHECKS = 16 };

/* Adds evidence and signature to `receipt` (taken over) and prints it canonically, newline after it. */
int bl_receipt_sign(struct bl_json *receipt, const struct bl_json *evidence, const struct bl_ident *session, struct bl_buf *out,
		    struct bl_err *err);

struct bl_receipt_claims {		/* what a verified receipt says */
	struct bl_json *receipt;
	struct bl_statement statement;
	char vault[BL_IDENT_FPR];
	uint8_t output[32];
};
/* One check, for text and --json. */
struct bl_receipt_check { const char *name; enum { BL_CHECK_PASS, BL_CHECK_FAIL, BL_CHECK_SKIP } result; char why[160]; };
/* Reads the claims without believing any of them. 65 when it is not a receipt of this version and a known class. */
int bl_receipt_parse(struct bl_receipt_claims *c, const char *s, size_t n, struct bl_err *err);
/*
 * Parses (65 when malformed) and checks: evidence signature by its vault key, that key against `vault_pk` when given (a
 * skipped check otherwise), receipt signature by the key in the evidence, of a class above software that the report data binds
 * that key and this file (what the platform's evidence is worth is platform.h's question), the checkpoint's signature by the vault, inclusion
 * of the release entry under it, and that this entry speaks of this receipt. Returns 0 with *ok telling; checks holds up to
 * BL_RECEIPT_CHECKS.
 */
int bl_receipt_verify(const char *s, size_t n, const uint8_t *vault_pk, struct bl_receipt_claims *c,
		      struct bl_receipt_check *checks, size_t *nchecks, bool *ok, struct bl_err *err);
void bl_receipt_fini(struct bl_receipt_claims *c);

#endif
