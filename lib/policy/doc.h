/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doc: one policy document, parsed from JSON (bl-policy(5)): the whole grammar, canonical bytes, no meaning yet.
 * lint.c decides what contradicts itself and names what this version does not enforce.
 */
#ifndef BL_POLICY_DOC_H
#define BL_POLICY_DOC_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/num.h"
#include "crypt/ident.h"
#include "format/type.h"

enum { BL_DOC_MAX = 256 << 10, BL_DOC_DEPTH = 16, BL_DOC_ITEMS = 65536, BL_DOC_EXPR_DEPTH = 8 };

enum {		/* uses */
	BL_USE_PROJECT = 1, BL_USE_FILTER = 2, BL_USE_GROUP = 4, BL_USE_JOIN = 8, BL_USE_AGGREGATE = 16, BL_USE_TRAIN = 32,
	BL_USE_INFER = 64, BL_USE_ALL = 127,
};
enum {		/* functions */
	BL_FN_COUNT = 1, BL_FN_COUNT_DISTINCT = 2, BL_FN_SUM = 4, BL_FN_AVG = 8, BL_FN_VAR = 16, BL_FN_STDDEV = 32,
	BL_FN_COVAR = 64, BL_FN_CORR = 128, BL_FN_REGR = 256, BL_FN_MIN = 512, BL_FN_MAX = 1024, BL_FN_QUANTILE = 2048,
	BL_FN_ADDITIVE = 511,
};
enum bl_class { BL_CLASS_SENSITIVE = 0, BL_CLASS_DEFAULT = 1, BL_CLASS_IDENTIFIER, BL_CLASS_QUASI, BL_CLASS_PUBLIC };	/* DEFAULT: not said: sensitive for the gate, no ceiling */

struct bl_dec { bool set; bl_i128 v; uint8_t scale; };	/* a decimal of the document; v / 10^scale */

struct bl_doc_column {
	const char *name;		/* "*" is kept apart in bl_policy.star */
	unsigned uses, functions;
	enum bl_class class;
	struct bl_dec lo, hi;		/* bounds: numbers; see bounds_text for dates and texts */
	const char *lo_text, *hi_text;	/* set when lo and hi are not: dates or times, as written */
	const struct bl_json *domain;	/* array, or object from/to/step, or NULL */
	struct bl_dec grid, bin;
	bool like;
	int scale;			/* -1: not said */
	const struct bl_json *ingest;	/* NULL: keep */
	const struct bl_json *tag;
};

enum bl_rule_kind {
	BL_RULE_TRUE, BL_RULE_FALSE, BL_RULE_ALL, BL_RULE_ANY, BL_RULE_AT_LEAST,
	/* static */
	BL_RULE_PRINCIPAL, BL_RULE_ROLE, BL_RULE_PURPOSE, BL_RULE_TIME, BL_RULE_DP,
	/* data */
	BL_RULE_MIN_ENTITIES, BL_RULE_P_PERCENT, BL_RULE_NK, BL_RULE_DIFFERENCING, BL_RULE_ZEROS, BL_RULE_DOF, BL_RULE_ENDPOINTS,
};
struct bl_rule {
	enum bl_rule_kind kind;
	const char *path;		/* "release.all[0].min_entities": its place in the policy */
	uint32_t narg; struct bl_rule **arg;	/* ALL, ANY, AT_LEAST */
	uint64_t n;			/* AT_LEAST n; min_entities, differencing, endpoints k; dof min; nk n; p_percent coalition (0) */
	bool complement;		/* min_entities: default true */
	struct bl_dec num;		/* p_percent p; nk k (percent); dof max_ratio; dp max_epsilon */
	bool xor_mode;			/* differencing */
	uint64_t cells;			/* differencing: most cells kept; 10000 */
	bool allow;			/* zeros */
	const char *text;		/* principal fingerprint, role, purpose */
	int64_t after, before;		/* time: Unix seconds; INT64_MIN, INT64_MAX when open */
	uint8_t hour_from, hour_to;	/* [from, to) 0..24; 0, 24 */
	uint8_t days;			/* bit 0 = Monday; 127 */
};

enum bl_role { BL_ROLE_NONE, BL_ROLE_OWNER, BL_ROLE_CUSTODIAN, BL_ROLE_ANALYST, BL_ROLE_AUDITOR, BL_ROLE_OPERATOR };
enum bl_who { BL_WHO_KEY, BL_WHO_CERT, BL_WHO_OIDC, BL_WHO_ANY };
struct bl_doc_principal { enum bl_role role; enum bl_who who; const char *fpr; const struct bl_json *json; };

enum bl_otherwise { BL_OTHERWISE_REJECT, BL_OTHERWISE_REVIEW, BL_OTHERWISE_LOG };
enum bl_tee_class { BL_TEE_SOFTWARE, BL_TEE_TPM2, BL_TEE_HARDWARE };

struct bl_policy {
	struct bl_arena arena;
	struct bl_json *json;		/* the whole document, numbers already canonical */
	const char *canonical;		/* canonical bytes */
	size_t canonical_len;
	uint8_t hash[32];		/* SHA-256 of them */

	uint64_t version;
	const char *dataset;		/* NULL: not said */
	const char *title, *note;
	uint32_t nentity; const char **entity;	/* nentity 0: "row" */
	struct bl_doc_column *star;	/* "*", or NULL */
	uint32_t ncolumn; struct bl_doc_column *column;
	uint32_t nprincipal; struct bl_doc_principal *principal;
	bool has_purposes; uint32_t npurpose; const char **purpose;
	struct bl_rule *release;
	enum bl_otherwise otherwise;
	bool suppress, secondary;	/* mitigate.suppress */
	uint64_t round, midpoint;	/* 0: off */
	bool mitigate_dp; const struct bl_json *cell_key;
	enum { BL_EXPR_AFFINE, BL_EXPR_POLYNOMIAL, BL_EXPR_ANY } expressions;
	const struct bl_json *dp, *budget, *review, *combine, *train, *infer, *plot, *retention, *amend, *requires;
	bool derive_sealed;
	const char *template;
	uint64_t budget_requests, budget_refusals;	/* per principal; UINT64_MAX: no limit */
	struct { uint64_t rows_out, groups, columns_out, sql_bytes, seconds, quantum_ms; } limits;
	int64_t not_before, not_after;	/* Unix seconds; INT64_MIN, INT64_MAX: open */
	int64_t delete_after;		/* INT64_MAX: never */
	enum bl_tee_class tee_class;
	uint32_t lockdown;		/* mask bits that must be set (tee/mask.h) */
	const struct bl_json *tee;
};

/* Parses UTF-8 JSON; 78 with the JSON path ("columns.Age.bounds: ..."). Errors never depend on data. */
int bl_doc_parse(struct bl_policy *p, const char *s, size_t n, struct bl_err *err);
void bl_doc_fini(struct bl_policy *p);
/* The members of `tee` that speak of a platform, one by one; NULL after the last. Evidence of class software says nothing of them. */
const char *bl_doc_platform(size_t i);
/* The entry that governs a column of this name: its own, "*", or NULL (hidden). */
const struct bl_doc_column *bl_doc_column_of(const struct bl_policy *p, const char *name);
/* Against a schema: every named column is there (78), bounds, domain, grid and bin parse in its type, scale equals, entity columns exist (E02). */
int bl_doc_check_schema(const struct bl_policy *p, const struct bl_schema *s, struct bl_err *err);

/* The limits of one asker, from budget.principals where it names this fingerprint and the limit, else from budget.principal. */
void bl_doc_limits(const struct bl_policy *p, const char *fpr, uint64_t *requests, uint64_t *refusals);

/* lint.c: contradictions (E01..E16), cautions (W01..W16, W19), and by this version: E17 `not enforced`, W17 `grants nothing`, W18 needs a grant. */
struct bl_finding { char code[4]; const char *path, *text; };
struct bl_lint { struct bl_arena arena; struct bl_finding *v; size_t n, errors, warnings; bool failed; };
int bl_lint_run(struct bl_lint *l, const struct bl_policy *p, const struct bl_schema *schema_or_null, struct bl_err *err);
/* Parses too; what does not parse is a finding (E01, E02). -1 only where memory is out or findings are too many. */
int bl_lint_document(struct bl_lint *l, const char *text, size_t n, const struct bl_schema *schema_or_null, struct bl_err *err);
void bl_lint_fini(struct bl_lint *l);
/* A finding a line, "FILE: CODE PATH: TEXT", or "FILE: ok"; and as an object of schema bl-policy-lint/1, one of its files. */
void bl_lint_print(const struct bl_lint *l, const char *file, struct bl_buf *b);
struct bl_json *bl_lint_json(const struct bl_lint *l, const char *file);
/* What ingest and attach ask: 78 with the first error ("E05 mitigate.round: ...") as its message. */
int bl_lint_check(const struct bl_policy *p, const struct bl_schema *schema_or_null, struct bl_err *err);

#endif
