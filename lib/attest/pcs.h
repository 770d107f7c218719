/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcs: Intel's statements about SGX and TDX platforms, as its Provisioning Certification Service hands them out: TCB info (v2, v3),
 * QE identity (v2), revocation lists. Files are read in two steps: first where the
 * signed bytes are, then, once the caller has checked the signature over exactly those bytes, what they say. Nothing here
 * checks a signature or a window, and nothing is fetched.
 */
#ifndef BL_ATTEST_PCS_H
#define BL_ATTEST_PCS_H

#include "attest/evidence.h"
#include "attest/pck.h"

enum { BL_PCS_SVNS = 16, BL_PCS_LEVELS = 1024, BL_PCS_MODULES = 64, BL_PCS_ADVISORIES = 64, BL_PCS_DEPTH = 32 };

enum bl_pcs_status {
	BL_PCS_UP_TO_DATE, BL_PCS_SW_HARDENING, BL_PCS_CONFIGURATION, BL_PCS_CONFIGURATION_SW_HARDENING, BL_PCS_OUT_OF_DATE,
	BL_PCS_OUT_OF_DATE_CONFIGURATION, BL_PCS_REVOKED,
	BL_PCS_RELAUNCH, BL_PCS_RELAUNCH_CONFIGURATION,		/* concluded here, never in a file */
	BL_PCS_NONE,						/* no level matches: not supported */
};
/* Intel's word, or NULL for BL_PCS_NONE. */
const char *bl_pcs_word(enum bl_pcs_status s);

/* A level: what is at least needed, and what it is worth. Strings and arrays live in the arena. */
struct bl_pcs_level {
	uint8_t sgx[BL_PCS_SVNS], tdx[BL_PCS_SVNS];
	uint16_t svn;			/* pcesvn of a platform; isvsvn of a module or QE */
	enum bl_pcs_status status;
	const char *date;		/* tcbDate, RFC 3339 */
	const char *const *advisory; size_t nadvisory;
};
struct bl_pcs_levels { const struct bl_pcs_level *v; size_t n; };	/* in file order */

/* The signed bytes of one statement, its signature (r || s) and who is said to have signed it. */
struct bl_pcs_signed {
	const struct bl_evidence_file *file;	/* where it was found; NULL: there is none */
	const uint8_t *p; size_t n;
	uint8_t sig[64];
	const struct bl_certs *chain;		/* NULL: there is none */
	int64_t issued, expires, evaluation;	/* after parsing */
};
struct bl_pcs_module { char id[16]; uint8_t signer[48], attributes[8], mask[8]; struct bl_pcs_levels levels; };
struct bl_pcs_tcb {
	struct bl_pcs_signed s;
	bool tdx;
	uint8_t fmspc[6], pce_id[2];
	struct bl_pcs_levels levels;
	struct bl_pcs_module base;		/* tdxModule: of modules without a version of their own */
	struct bl_pcs_module *module; size_t nmodule;
};
struct bl_pcs_qe {
	struct bl_pcs_signed s;
	char id[16];				/* "QE", "TD_QE" */
	uint8_t misc[4], misc_mask[4], attributes[16], mask[16], signer[32];
	uint16_t prod_id;
	struct bl_pcs_levels levels;
};
struct bl_pcs {
	struct bl_pcs_tcb tcb;
	struct bl_pcs_qe qe;
	const struct bl_certs *crl_chain;	/* pck_crl_issuer_chain.pem: more candidates; this and the lists: NULL, there is none */
	const struct bl_crl *root_crl, *pck_crl;
	const struct bl_evidence_file *pck_file;	/* where pck_crl was found */
};

/*
 * Finds tcb_info.json, qe_identity.json, tcb_sign_chain.pem, pck_crl.der, pck_crl_issuer_chain.pem, root_ca_crl.der; what is
 * not there as a file is taken from collateral.json. What is nowhere stays empty. 65 for what does not parse. All of it lives as
 * long as e.
 */
int bl_pcs_open(struct bl_pcs *p, struct bl_evidence *e, struct bl_err *err);
/* What the signed bytes say. To be called after their signature was checked. 65. */
int bl_pcs_parse_tcb(struct bl_pcs_tcb *t, struct bl_arena *a, struct bl_err *err);
int bl_pcs_parse_qe(struct bl_pcs_qe *q, struct bl_arena *a, struct bl_err *err);

/*
 * The raw bytes of `wanted` members of the JSON object s, without the white space around them. Cuts the object into keys and
 * values and leaves each key, and each value that was not asked for, to the strict parser: so if that one takes the slices
 * too, it takes the whole text and sees the same members. False: no such object, a member missing, more than 16 members,
 * or one of them twice.
 */
struct bl_pcs_slice { const char *s; size_t n; };
bool bl_pcs_cut(const char *s, size_t n, const char *const *want, struct bl_pcs_slice *out, size_t wanted);

/* The first level that the platform reaches; tee_svn is a TD's tee_tcb_svn, or NULL to leave TDX components aside. NULL: none. */
const struct bl_pcs_level *bl_pcs_match(const struct bl_pcs_tcb *t, const struct bl_pck *pck, const uint8_t *tee_svn);
const struct bl_pcs_level *bl_pcs_match_svn(const struct bl_pcs_levels *l, unsigned svn);
/* The identity of TDX module version v: of tdxModuleIdentities, or for 0 tdxModule. NULL: none. */
const struct bl_pcs_module *bl_pcs_find(const struct bl_pcs_tcb *t, unsigned v);
/* A platform's status after that of its TDX module or QE. */
enum bl_pcs_status bl_pcs_converge(enum bl_pcs_status platform, enum bl_pcs_status other);
/*
 * Whether only a launch under an older module stands between a TD and being up to date: platform and QE are in order, the
 * module it was launched with is out of date, the one it runs on now (tee_tcb_svn2) is the latest. `status` is the platform's
 * after the module. Returns the relaunch status or `status`.
 */
enum bl_pcs_status bl_pcs_relaunch(const struct bl_pcs_tcb *t, const struct bl_pck *pck, const uint8_t svn2[16],
				   enum bl_pcs_status status, enum bl_pcs_status module, enum bl_pcs_status qe);

#endif
