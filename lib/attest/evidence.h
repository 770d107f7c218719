/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence: one verification, whatever the technology. A technology is one file with one `struct bl_evidence_tech`, and one row in
 * the table of evidence.c: it says how its bytes look, reads claims out of them, and makes checks. Two questions are kept
 * apart: a check of layer AUTHENTIC asks whether signatures, chains, lists, bindings and validity hold at the chosen time; one
 * of layer APPRAISAL whether the claims satisfy the policy. A check that could not be made is skipped, never passed.
 */
#ifndef BL_ATTEST_EVIDENCE_H
#define BL_ATTEST_EVIDENCE_H

#include "base/arena.h"
#include "base/json.h"
#include "crypt/cert.h"

enum { BL_EVIDENCE_MAX = 1 << 20, BL_EVIDENCE_COLLATERAL = 16 << 20, BL_EVIDENCE_CHECKS = 128, BL_EVIDENCE_FILES = 256 };

/* --- what there is to verify with: bytes by name --- */
struct bl_evidence_file {
	const char *name;
	const uint8_t *p; size_t n;
	uint8_t sha256[32];
	const char *signer;			/* fingerprint of whoever signed the bundle that it came in, NULL: none */
	bool given;				/* by who verifies; else it lay beside the evidence, whose maker chose it */
};
struct bl_evidence_bundle { const char *name, *signer; int64_t created; bool good; };	/* signer NULL: unsigned; good: or its signature verifies */
struct bl_evidence_files {			/* names unique; bytes in an arena */
	struct bl_evidence_file v[BL_EVIDENCE_FILES]; size_t n;
	struct bl_evidence_bundle bundle[8]; size_t nbundle;
};
const struct bl_evidence_file *bl_evidence_find(const struct bl_evidence_files *f, const char *name);

/* --- checks --- */
enum bl_evidence_layer { BL_EVIDENCE_AUTHENTIC, BL_EVIDENCE_APPRAISAL };
enum bl_evidence_result { BL_EVIDENCE_PASS, BL_EVIDENCE_FAIL, BL_EVIDENCE_SKIP };
struct bl_evidence_check {
	const char *name;		/* "quote-signature" */
	enum bl_evidence_layer layer;
	enum bl_evidence_result result;
	const char *reason;		/* of a failure: a reason word of the guide, "signature", "cert-expired", ... */
	char detail[256];		/* for people; says how far off */
};

/* --- what the policy speaks about: filled by the technology, judged by appraise.c for all of them alike --- */
struct bl_evidence_tcb { const char *which; const char *part[8]; unsigned svn[8]; size_t n; };	/* "reported": boot_loader 3, ... */

struct bl_evidence {
	/* in */
	const struct bl_evidence_tech *tech;
	struct bl_arena *a;
	const struct bl_evidence_files *files;	/* evidence and collateral; the evidence itself under the technology's name */
	const struct bl_cert_anchors *anchors;	/* NULL: the technology's built-in ones */
	const struct bl_json *policy;		/* the appraisal policy, or NULL for the default column */
	const uint8_t *nonce; size_t nonce_len;	/* NULL: none asked for */
	int64_t time;				/* every window is judged at it */
	bool time_signed;			/* --time=signed: the technology sets `time` from the evidence, after its signature */
	struct bl_evidence_cache *cache;	/* of a batch, or NULL */
	/* out */
	struct bl_evidence_check check[BL_EVIDENCE_CHECKS];
	size_t ncheck;
	struct bl_json *claims;			/* owned; names and forms as in the guide */
	const char *product;			/* "Milan", "hopper", or NULL */
	bool has_debug, debug;
	bool has_time; int64_t signed_time;	/* the time inside the evidence */
	const char *tcb_status, *tcb_date;	/* SGX, TDX; NULL: none */
	bool has_status;			/* a level was looked for (tcb_status NULL then means: not supported) */
	char shortfall[160];			/* how far the TCB is behind, in words; empty: nothing to say */
	const char *advisory[64]; size_t nadvisory;
	struct { const char *name; int64_t issued, expires; uint8_t sha256[32]; } collateral[64]; size_t ncollateral;
	struct bl_evidence_tcb tcb[4]; size_t ntcb;
	struct bl_json *words;			/* owned; word -> array of hex, text or integer: "measurement", "signer", "vmpl", ... */
	struct bl_evidence_cache *own;		/* where there is no cache of a batch; evidence.c's */
	struct bl_evidence_files *resolved;	/* files with those for this platform under their bare names; evidence.c's */
};

struct bl_evidence_tech {
	const char *name;			/* "snp" */
	const char *const *file;		/* names that its evidence has in a directory; first one present is it; NULL ends */
	bool (*detect)(const uint8_t *p, size_t n);
	/* Parses: fills claims, product, debug, tcb, words. 65 when malformed. Believes nothing. */
	int (*parse)(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *err);
	/* Makes the AUTHENTIC checks in the guide's order, after parse. 65 for collateral that does not parse. */
	int (*verify)(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *err);
	/* APPRAISAL checks that no word of the policy covers, or NULL. */
	int (*appraise)(struct bl_evidence *e, struct bl_err *err);
	const uint8_t (*anchor)[32]; size_t nanchor;	/* built in: SHA-256 of SubjectPublicKeyInfo */
	const char *const *reads;	/* critical extensions that its checks read in every path of bl_evidence_chain (cert.h); NULL: none */
};
extern const struct bl_evidence_tech bl_snp_tech, bl_quote_sgx_tech, bl_quote_tdx_tech, bl_nitro_tech, bl_tpm_tech, bl_nvidia_tech, bl_azure_tech;

/* The technology of these bytes, or NULL; by name; the i-th, NULL after the last. */
const struct bl_evidence_tech *bl_evidence_detect(const uint8_t *p, size_t n);
const struct bl_evidence_tech *bl_evidence_tech(const char *name);
const struct bl_evidence_tech *bl_evidence_tech_at(size_t i);

/*
 * What was parsed and verified once: certificates and lists by the hash of their bytes, paths by the hash of leaf, candidates and
 * anchors; a path is judged anew at each evidence's time. Never a verdict. For one batch; NULL when memory is short.
 */
struct bl_evidence_cache *bl_evidence_cache_new(void);
void bl_evidence_cache_free(struct bl_evidence_cache *c);
/* Parsed by crypt/cert.h, through the cache; valid until bl_evidence_fini, never the caller's to free. NULL: 65. */
const struct bl_certs *bl_evidence_certs(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *err);
const struct bl_crl *bl_evidence_crl(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *err);

/* Adds a check; returns whether it passed. */
bool bl_evidence_pass(struct bl_evidence *e, enum bl_evidence_layer layer, const char *name);
bool bl_evidence_fail(struct bl_evidence *e, enum bl_evidence_layer layer, const char *name, const char *reason, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void bl_evidence_skip(struct bl_evidence *e, enum bl_evidence_layer layer, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* A pass with something to say about it. */
bool bl_evidence_warn(struct bl_evidence *e, enum bl_evidence_layer layer, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* "12 days", "3 hours", "40 seconds": how far apart two instants are, for people. */
enum { BL_EVIDENCE_SPAN = 40 };
const char *bl_evidence_span(int64_t seconds, char out[BL_EVIDENCE_SPAN]);
/* Claims and words. */
void bl_evidence_word(struct bl_evidence *e, const char *word, const void *p, size_t n);	/* bytes, as hex */
void bl_evidence_word_text(struct bl_evidence *e, const char *word, const char *s);
void bl_evidence_word_int(struct bl_evidence *e, const char *word, int64_t v);
/* Collateral that was used: its validity is judged here: fails `name` with collateral-stale / collateral-future (policy: collateral_grace,
 * collateral_max_age), else passes. */
bool bl_evidence_collateral(struct bl_evidence *e, const char *name, const struct bl_evidence_file *f, int64_t issued, int64_t expires);
/* A chain to the anchors of e (or built in): one check `name`; on success the path. Reasons chain, root-unknown, cert-expired, ...
 * Candidates that the chain does without must be under an anchor, too, if not at that time. */
bool bl_evidence_chain(struct bl_evidence *e, const char *name, const struct bl_cert *leaf, const struct bl_certs *candidates, struct bl_cert_path *path);
/* One revocation list over one certificate: check `name`, reasons revoked, crl-stale, crl-signature; crl NULL: skipped, or failed
 * where the policy's `revocation` requires it (SGX, TDX: by default; that failure is appraisal's: what is missing forges nothing). */
bool bl_evidence_revocation(struct bl_evidence *e, const char *name, const struct bl_crl *crl, const struct bl_cert *signer, const struct bl_cert *cert);

/*
 * The whole: detects (tech NULL) or checks the type, parses, verifies, appraises (appraise.c). 65 when malformed: then
 * nothing but the error. The evidence is p; for directories it is among files too.
 */
int bl_evidence_run(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *err);
/* Parse only: `show`. */
int bl_evidence_show(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *err);
void bl_evidence_fini(struct bl_evidence *e);

/*
 * -1 not decidable (no key: an AUTHENTIC check failed with collateral-missing, and none with another reason), 0 no, 1 yes; and the
 * verdict: authentic and no failed check, none of `must` skipped.
 */
int bl_evidence_authentic(const struct bl_evidence *e);
bool bl_evidence_verdict(const struct bl_evidence *e);
/* The first failed check in order, or NULL. */
const struct bl_evidence_check *bl_evidence_reason(const struct bl_evidence *e);

#endif
