/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify: what one command asks for (type, collateral, policy, nonce, time, roots), applied to one piece of evidence or, in a
 * batch, to many: settings are read once, certificates and lists parsed once. A receipt and a helper's statement are verified here
 * too (platform.h), as evidence of types "receipt" and "statement", so that every output has one form.
 */
#ifndef BL_ATTEST_VERIFY_H
#define BL_ATTEST_VERIFY_H

#include "attest/evidence.h"
#include "attest/files.h"
#include "attest/receipt.h"
#include "base/opt.h"

struct bl_verify {			/* the settings */
	const struct bl_evidence_tech *tech;	/* NULL: detected */
	bool receipt, statement;	/* --type receipt, statement: nothing else */
	struct bl_arena a;
	struct bl_evidence_files files;	/* of --collateral */
	struct bl_cert_anchors anchors;
	bool own_anchors;
	struct bl_json *policy;		/* or NULL */
	char policy_id[72];		/* "default", or "sha256:" and the hash of the policy's bytes */
	uint8_t nonce[64]; size_t nonce_len;
	int64_t time;			/* where time_source is "given" */
	const char *time_source;	/* "now", "given", "signed" */
	const uint8_t *vault_pk;	/* of receipts and statements, or NULL */
	const char *answer;		/* of a receipt: the published one, a path or -; or NULL */
	struct bl_evidence_cache *cache;	/* of a batch, or NULL */
};
void bl_verify_init(struct bl_verify *v);
void bl_verify_fini(struct bl_verify *v);
/* The same settings, to be changed for one run: borrows what they hold, so that free() is its end. NULL (71) when memory is out. */
struct bl_verify *bl_verify_copy(const struct bl_verify *v, struct bl_err *err);
/* Settings; 64 for what is no type, time or nonce; 65, 66, 78 for files, named in the error. */
int bl_verify_type(struct bl_verify *v, const char *name, struct bl_err *err);
int bl_verify_time(struct bl_verify *v, const char *when, struct bl_err *err);
int bl_verify_nonce(struct bl_verify *v, const char *hex, struct bl_err *err);
int bl_verify_policy(struct bl_verify *v, const char *path, struct bl_err *err);
/* Each self-signed certificate of the file becomes an anchor instead of the built-in ones; 65 when there is none. */
int bl_verify_root(struct bl_verify *v, const char *path, struct bl_err *err);
/* The three that a command line names: a policy or NULL, roots, and collateral (directories, files, bundles). */
int bl_verify_with(struct bl_verify *v, const char *policy, const struct bl_opt_list *roots, const struct bl_opt_list *collateral, struct bl_err *err);

struct bl_verify_run {			/* one verification and what came of it */
	struct bl_arena a;
	struct bl_evidence_files files;
	struct bl_evidence e;
	const uint8_t *p; size_t n;	/* the evidence */
	const struct bl_statement_about *about;	/* p is a helper's statement, about this session; else NULL */
	const char *type;		/* "snp", ..., "receipt", "statement", or NULL where nobody knows */
	const char *time_source;
	uint8_t sha256[32];
	bool shown;			/* parsed only: nothing was verified */
	int code;			/* of what failed to parse or open: BL_DATA, BL_NOINPUT; BL_OK when there is a verdict */
	char why[1024];			/* then */
};
/* Large: storage is the caller's, one at a time. */
void bl_verify_begin(struct bl_verify_run *r);
void bl_verify_end(struct bl_verify_run *r);
/* Evidence from a path (a file, -, a directory), or from bytes at hand. 66, 65 too large. */
int bl_verify_open(struct bl_verify_run *r, const struct bl_verify *v, const char *path, struct bl_err *err);
int bl_verify_take(struct bl_verify_run *r, const void *p, size_t n, struct bl_err *err);
/* Is what was opened a receipt, by its first byte or by --type? */
bool bl_verify_is_receipt(const struct bl_verify_run *r, const struct bl_verify *v);
/* Verifies, or parses only. 0 with a verdict in r->e; -1 with r->code, r->why and err when it does not parse. */
int bl_verify_run(struct bl_verify_run *r, const struct bl_verify *v, struct bl_err *err);
int bl_verify_show(struct bl_verify_run *r, const struct bl_verify *v, struct bl_err *err);
/* The exit class of r: 0, 1 or 65. */
int bl_verify_exit(const struct bl_verify_run *r);

#endif
