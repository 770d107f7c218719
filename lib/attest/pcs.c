/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcs: see pcs.h. Formats after Intel's PCS API (v3, v4), levels and their convergence after Intel's attestation guide for TCB
 * recovery. A statement with a member that is missing, of the wrong type or out of range is refused whole.
 */
#include "attest/pcs.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "base/time.h"

static const char *const words[] = {
	[BL_PCS_UP_TO_DATE] = "UpToDate",
	[BL_PCS_SW_HARDENING] = "SWHardeningNeeded",
	[BL_PCS_CONFIGURATION] = "ConfigurationNeeded",
	[BL_PCS_CONFIGURATION_SW_HARDENING] = "ConfigurationAndSWHardeningNeeded",
	[BL_PCS_OUT_OF_DATE] = "OutOfDate",
	[BL_PCS_OUT_OF_DATE_CONFIGURATION] = "OutOfDateConfigurationNeeded",
	[BL_PCS_REVOKED] = "Revoked",
	[BL_PCS_RELAUNCH] = "TDRelaunchAdvised",
	[BL_PCS_RELAUNCH_CONFIGURATION] = "TDRelaunchAdvisedConfigurationNeeded",
	[BL_PCS_NONE] = NULL,
};

const char *bl_pcs_word(enum bl_pcs_status s)
{
	return words[s];
}

/* --- the raw bytes of a member --- */

enum { MEMBERS = 16 };

static size_t skip_space(const char *s, size_t n, size_t i)
{
	while (i < n && (s[i] == ' ' || s[i] == '\t' || s[i] == '\n' || s[i] == '\r'))
		i++;
	return i;
}

/* Where the string that begins at i ends (after its quote), or n + 1. */
static size_t skip_text(const char *s, size_t n, size_t i)
{
	for (i++; i < n && s[i] != '"'; i++)
		if (s[i] == '\\')
			i++;
	return i < n ? i + 1 : n + 1;
}

/* Where the value that begins at i ends, by its brackets and quotes alone, or n + 1. */
static size_t skip_value(const char *s, size_t n, size_t i)
{
	size_t depth = 0;

	while (i < n) {
		if (s[i] == '"') {
			i = skip_text(s, n, i);
		} else {
			if (!depth && (s[i] == ',' || s[i] == '}' || s[i] == ']'))
				return i;	/* a number or word ended here */
			depth += s[i] == '{' || s[i] == '[';
			depth -= s[i] == '}' || s[i] == ']';
			i++;
			if (depth || (s[i - 1] != '}' && s[i - 1] != ']'))
				continue;
		}
		if (!depth)
			return i;
	}
	return n + 1;
}

/* One value that the strict parser takes. */
static struct bl_json *parse(const char *s, size_t n)
{
	struct bl_err ignored;

	return bl_json_parse(s, n, BL_PCS_DEPTH, BL_DATA, &ignored);
}

struct members { struct bl_json *key[MEMBERS]; size_t n; };

/* The key s[0..n) must be a string that was not there before. */
static const char *take_key(struct members *m, const char *s, size_t n)
{
	struct bl_json *key = m->n < MEMBERS ? parse(s, n) : NULL;

	if (!key)
		return NULL;
	m->key[m->n++] = key;
	for (size_t i = 0; i + 1 < m->n; i++)
		if (!strcmp(bl_json_text(m->key[i], NULL), bl_json_text(key, NULL)))
			return NULL;
	return bl_json_text(key, NULL);
}

/* A value is one of those looked for, or one that the strict parser takes. */
static bool take_value(const char *key, const char *s, size_t n, const char *const *want, struct bl_pcs_slice *out, size_t wanted)
{
	struct bl_json *j;

	for (size_t i = 0; i < wanted; i++)
		if (!strcmp(key, want[i])) {
			out[i] = (struct bl_pcs_slice){ s, n };
			return true;
		}
	j = parse(s, n);
	bl_json_free(j);
	return j;
}

/* The members of the object whose bracket is at i. */
static bool walk(struct members *m, const char *s, size_t n, size_t i, const char *const *want, struct bl_pcs_slice *out, size_t wanted)
{
	do {
		size_t from = skip_space(s, n, i + 1), to = from < n && s[from] == '"' ? skip_text(s, n, from) : n + 1;
		const char *key = to <= n ? take_key(m, s + from, to - from) : NULL;
		if (!key)
			return false;
		i = skip_space(s, n, to);
		if (i >= n || s[i] != ':')
			return false;
		from = skip_space(s, n, i + 1);
		to = i = skip_value(s, n, from);
		if (to > n || to == from)
			return false;
		while (skip_space(s, to, to - 1) == to)
			to--;		/* the space after a number or word */
		if (!take_value(key, s + from, to - from, want, out, wanted))
			return false;
		i = skip_space(s, n, i);
	} while (i < n && s[i] == ',');
	return i < n && s[i] == '}' && skip_space(s, n, i + 1) == n;
}

bool bl_pcs_cut(const char *s, size_t n, const char *const *want, struct bl_pcs_slice *out, size_t wanted)
{
	struct members m = { .n = 0 };
	size_t i = skip_space(s, n, 0);
	bool good;

	for (size_t k = 0; k < wanted; k++)
		out[k] = (struct bl_pcs_slice){ NULL, 0 };
	good = i < n && s[i] == '{' && walk(&m, s, n, i, want, out, wanted);
	for (size_t k = 0; k < wanted; k++)
		good = good && out[k].s;
	while (m.n)
		bl_json_free(m.key[--m.n]);
	return good;
}

/* --- finding the statements --- */

static const struct bl_json *text_in(const struct bl_json *all, const char *key)
{
	const struct bl_json *j = bl_json_get(all, key);
	return j && bl_json_kind(j) == BL_JSON_TEXT ? j : NULL;
}

/* The file of that name, else the member of collateral.json as a file; false when neither is there. */
static bool locate(struct bl_evidence_file *out, const struct bl_evidence_files *f, const char *name, const struct bl_json *all, const char *key)
{
	const struct bl_evidence_file *file = bl_evidence_find(f, name);
	const struct bl_json *j = file ? NULL : text_in(all, key);

	*out = file ? *file : (struct bl_evidence_file){ .name = key };
	if (j)
		out->p = (const uint8_t *)bl_json_text(j, &out->n);
	return file || j;
}

static int read_certs(const struct bl_certs **c, struct bl_evidence *e, const char *name, const struct bl_json *all, const char *key,
		      struct bl_err *err)
{
	struct bl_evidence_file x;

	if (!locate(&x, e->files, name, all, key))
		return 0;
	*c = bl_evidence_certs(e, x.p, x.n, err);
	return *c ? 0 : bl_err_where(err, "%s", x.name);
}

static int read_crl(const struct bl_crl **c, struct bl_evidence *e, const char *name, const struct bl_json *all, const char *key,
		    struct bl_err *err)
{
	struct bl_evidence_file x;

	if (!locate(&x, e->files, name, all, key))
		return 0;
	*c = bl_evidence_crl(e, x.p, x.n, err);
	return *c ? 0 : bl_err_where(err, "%s", x.name);
}

struct names { const char *file, *member, *key, *sig, *chain; };

/* A file {MEMBER: statement, "signature": hex}. */
static int open_file(struct bl_pcs_signed *s, const struct bl_evidence_file *f, const struct names *is, struct bl_err *err)
{
	const char *const want[] = { is->member, "signature" };
	struct bl_pcs_slice got[2];

	if (!bl_pcs_cut((const char *)f->p, f->n, want, got, 2) || got[1].n != 2 * sizeof s->sig + 2 || got[1].s[0] != '"' ||
	    !bl_text_unhex(got[1].s + 1, got[1].n - 2, s->sig, sizeof s->sig))
		return bl_err_set(err, BL_DATA, "%s: not an object of '%s' and its signature", f->name, is->member);
	s->file = f;
	s->p = (const uint8_t *)got[0].s;
	s->n = got[0].n;
	return 0;
}

/* The statement as text and its signature as hex, side by side in collateral.json. */
static int open_member(struct bl_pcs_signed *s, const struct bl_evidence_file *f, const struct bl_json *all, const struct names *is,
		       struct bl_arena *a, struct bl_err *err)
{
	const struct bl_json *body = text_in(all, is->key), *sig = text_in(all, is->sig);
	size_t n, m;
	const char *hex, *text;

	if (!bl_json_get(all, is->key))
		return 0;
	if (!body || !sig)
		return bl_err_set(err, BL_DATA, "%s: '%s' and '%s' must be text", f->name, is->key, is->sig);
	hex = bl_json_text(sig, &m);
	text = bl_json_text(body, &n);
	if (!bl_text_unhex(hex, m, s->sig, sizeof s->sig))
		return bl_err_set(err, BL_DATA, "%s: '%s' is not a signature", f->name, is->sig);
	s->p = (const uint8_t *)bl_arena_strndup(a, text, n);	/* all is freed before */
	s->n = n;
	s->file = f;
	return s->p ? 0 : bl_err_set(err, BL_OSERR, "out of memory");
}

static int open_signed(struct bl_pcs_signed *s, struct bl_evidence *e, const struct bl_json *all, const struct names *is, struct bl_err *err)
{
	const struct bl_evidence_file *file = bl_evidence_find(e->files, is->file);

	if (file ? open_file(s, file, is, err) : open_member(s, bl_evidence_find(e->files, "collateral.json"), all, is, e->a, err))
		return -1;
	return read_certs(&s->chain, e, "tcb_sign_chain.pem", all, is->chain, err);
}

int bl_pcs_open(struct bl_pcs *p, struct bl_evidence *e, struct bl_err *err)
{
	static const struct names tcb = { "tcb_info.json", "tcbInfo", "tcb_info", "tcb_info_signature", "tcb_info_issuer_chain" },
		qe = { "qe_identity.json", "enclaveIdentity", "qe_identity", "qe_identity_signature", "qe_identity_issuer_chain" };
	const struct bl_evidence_file *file = bl_evidence_find(e->files, "collateral.json");
	struct bl_json *all = NULL;
	int r;

	*p = (struct bl_pcs){ .root_crl = NULL };
	if (file) {
		all = bl_json_parse((const char *)file->p, file->n, BL_PCS_DEPTH, BL_DATA, err);
		if (!all)
			return bl_err_where(err, "%s", file->name);
	}
	r = open_signed(&p->tcb.s, e, all, &tcb, err) || open_signed(&p->qe.s, e, all, &qe, err) ||
	    read_certs(&p->crl_chain, e, "pck_crl_issuer_chain.pem", all, "pck_crl_issuer_chain", err) ||
	    read_crl(&p->root_crl, e, "root_ca_crl.der", all, "root_ca_crl", err) ||
	    read_crl(&p->pck_crl, e, "pck_crl.der", all, "pck_crl", err);
	p->pck_file = bl_evidence_find(e->files, "pck_crl.der");
	if (!p->pck_file)
		p->pck_file = file;
	bl_json_free(all);
	return r ? -1 : 0;
}

/* --- what they say --- */

/* A whole number 0..most. */
static bool get_number(const struct bl_json *o, const char *key, int64_t most, int64_t *out)
{
	*out = bl_json_get_int(o, key, -1);
	return *out >= 0 && *out <= most;
}

static bool get_svn(const struct bl_json *o, const char *key, uint16_t *out)
{
	int64_t v;

	if (!get_number(o, key, UINT16_MAX, &v))
		return false;
	*out = (uint16_t)v;
	return true;
}

static bool get_stamp(const struct bl_json *o, const char *key, int64_t *seconds)
{
	const char *s = bl_json_get_text(o, key);
	int64_t us;

	if (!s || !bl_time_parse_stamp(s, strlen(s), &us))
		return false;
	*seconds = us / 1000000 - (us % 1000000 < 0);
	return true;
}

static bool get_id(const struct bl_json *o, const char *key, char *out, size_t room)
{
	const char *s = bl_json_get_text(o, key);
	return s && (size_t)snprintf(out, room, "%s", s) < room;
}

static bool get_components(const struct bl_json *tcb, const char *key, uint8_t out[BL_PCS_SVNS])
{
	const struct bl_json *list = bl_json_get(tcb, key);
	int64_t v;

	if (!list || bl_json_kind(list) != BL_JSON_ARRAY || bl_json_count(list) != BL_PCS_SVNS)
		return false;
	for (size_t i = 0; i < BL_PCS_SVNS; i++) {
		if (!get_number(bl_json_item(list, i), "svn", UINT8_MAX, &v))
			return false;
		out[i] = (uint8_t)v;
	}
	return true;
}

/* v2: sgxtcbcomp01svn to 16. */
static bool get_numbered(const struct bl_json *tcb, uint8_t out[BL_PCS_SVNS])
{
	char key[24];
	int64_t v;

	for (unsigned i = 0; i < BL_PCS_SVNS; i++) {
		snprintf(key, sizeof key, "sgxtcbcomp%02usvn", i + 1);
		if (!get_number(tcb, key, UINT8_MAX, &v))
			return false;
		out[i] = (uint8_t)v;
	}
	return true;
}

static bool get_status(const struct bl_json *j, enum bl_pcs_status *out)
{
	const char *s = bl_json_get_text(j, "tcbStatus");

	for (enum bl_pcs_status i = BL_PCS_UP_TO_DATE; s && i <= BL_PCS_REVOKED; i++)
		if (!strcmp(s, words[i])) {
			*out = i;
			return true;
		}
	return false;
}

static bool get_advisories(struct bl_pcs_level *l, const struct bl_json *j, struct bl_arena *a)
{
	const struct bl_json *list = bl_json_get(j, "advisoryIDs");
	size_t n = list ? bl_json_count(list) : 0;
	const char **v;

	if (!list)
		return true;
	if (bl_json_kind(list) != BL_JSON_ARRAY || n > BL_PCS_ADVISORIES || !(v = bl_arena_array(a, n, sizeof *v)))
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct bl_json *x = bl_json_item(list, i);
		size_t len;
		const char *s = bl_json_kind(x) == BL_JSON_TEXT ? bl_json_text(x, &len) : NULL;
		if (!s || !(v[i] = bl_arena_strndup(a, s, len)))
			return false;
	}
	l->advisory = v;
	l->nadvisory = n;
	return true;
}

enum form { ISV, SGX_V2, SGX_V3, TDX_V3 };

static bool get_level(struct bl_pcs_level *l, const struct bl_json *j, enum form form, struct bl_arena *a)
{
	const struct bl_json *tcb = bl_json_get(j, "tcb");
	const char *date = bl_json_get_text(j, "tcbDate");
	int64_t when;

	if (!tcb || !get_svn(tcb, form == ISV ? "isvsvn" : "pcesvn", &l->svn) ||
	    (form == SGX_V2 && !get_numbered(tcb, l->sgx)) || (form >= SGX_V3 && !get_components(tcb, "sgxtcbcomponents", l->sgx)) ||
	    (form == TDX_V3 && !get_components(tcb, "tdxtcbcomponents", l->tdx)))
		return false;
	if (!get_status(j, &l->status) || !get_stamp(j, "tcbDate", &when) || !get_advisories(l, j, a))
		return false;
	l->date = bl_arena_strndup(a, date, strlen(date));
	return l->date;
}

static bool get_levels(struct bl_pcs_levels *out, const struct bl_json *o, enum form form, struct bl_arena *a)
{
	const struct bl_json *list = bl_json_get(o, "tcbLevels");
	size_t n = list && bl_json_kind(list) == BL_JSON_ARRAY ? bl_json_count(list) : 0;
	struct bl_pcs_level *v;

	if (!n || n > BL_PCS_LEVELS || !(v = bl_arena_array(a, n, sizeof *v)))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!get_level(&v[i], bl_json_item(list, i), form, a))
			return false;
	out->v = v;
	out->n = n;
	return true;
}

static bool get_window(struct bl_pcs_signed *s, const struct bl_json *j)
{
	return get_stamp(j, "issueDate", &s->issued) && get_stamp(j, "nextUpdate", &s->expires) &&
	       get_number(j, "tcbEvaluationDataNumber", INT32_MAX, &s->evaluation);
}

static bool get_module(struct bl_pcs_module *m, const struct bl_json *j)
{
	return j && bl_json_get_hex(j, "mrsigner", m->signer, sizeof m->signer) && bl_json_get_hex(j, "attributes", m->attributes, sizeof m->attributes) &&
	       bl_json_get_hex(j, "attributesMask", m->mask, sizeof m->mask);
}

/* tdxModuleIdentities came with TDX 1.5; an older TCB info has none. */
static bool get_modules(struct bl_pcs_tcb *t, const struct bl_json *j, struct bl_arena *a)
{
	const struct bl_json *list = bl_json_get(j, "tdxModuleIdentities");
	size_t n = list ? bl_json_count(list) : 0;

	if (!get_module(&t->base, bl_json_get(j, "tdxModule")))
		return false;
	if (!list)
		return true;
	if (bl_json_kind(list) != BL_JSON_ARRAY || n > BL_PCS_MODULES || !(t->module = bl_arena_array(a, n, sizeof *t->module)))
		return false;
	for (; t->nmodule < n; t->nmodule++) {
		struct bl_pcs_module *m = &t->module[t->nmodule];
		const struct bl_json *x = bl_json_item(list, t->nmodule);
		if (!get_id(x, "id", m->id, sizeof m->id) || !get_module(m, x) || !get_levels(&m->levels, x, ISV, a))
			return false;
		for (size_t i = 0; i < t->nmodule; i++)
			if (!strcasecmp(t->module[i].id, m->id))
				return false;	/* which of them? */
	}
	return true;
}

static bool get_tcb(struct bl_pcs_tcb *t, const struct bl_json *j, struct bl_arena *a)
{
	const char *id = bl_json_get_text(j, "id");
	int64_t version, type;

	if (!get_number(j, "version", 3, &version) || version < 2 || !get_number(j, "tcbType", 0, &type) || !get_window(&t->s, j) ||
	    !bl_json_get_hex(j, "fmspc", t->fmspc, sizeof t->fmspc) || !bl_json_get_hex(j, "pceId", t->pce_id, sizeof t->pce_id))
		return false;
	if (version == 2)
		return !bl_json_get(j, "id") && get_levels(&t->levels, j, SGX_V2, a);
	t->tdx = id && !strcmp(id, "TDX");
	if (t->tdx)
		return get_modules(t, j, a) && get_levels(&t->levels, j, TDX_V3, a);
	return id && !strcmp(id, "SGX") && get_levels(&t->levels, j, SGX_V3, a);
}

static bool get_qe(struct bl_pcs_qe *q, const struct bl_json *j, struct bl_arena *a)
{
	int64_t version;

	return get_number(j, "version", 2, &version) && version == 2 && get_id(j, "id", q->id, sizeof q->id) && get_window(&q->s, j) &&
	       bl_json_get_hex(j, "miscselect", q->misc, sizeof q->misc) && bl_json_get_hex(j, "miscselectMask", q->misc_mask, sizeof q->misc_mask) &&
	       bl_json_get_hex(j, "attributes", q->attributes, sizeof q->attributes) &&
	       bl_json_get_hex(j, "attributesMask", q->mask, sizeof q->mask) && bl_json_get_hex(j, "mrsigner", q->signer, sizeof q->signer) &&
	       get_svn(j, "isvprodid", &q->prod_id) && get_levels(&q->levels, j, ISV, a);
}

int bl_pcs_parse_tcb(struct bl_pcs_tcb *t, struct bl_arena *a, struct bl_err *err)
{
	struct bl_json *j = bl_json_parse((const char *)t->s.p, t->s.n, BL_PCS_DEPTH, BL_DATA, err);
	bool good = j && get_tcb(t, j, a);

	if (!j)
		return bl_err_where(err, "%s", t->s.file->name);
	bl_json_free(j);
	return good ? 0 : bl_err_set(err, BL_DATA, "%s: not TCB info of version 2 or 3", t->s.file->name);
}

int bl_pcs_parse_qe(struct bl_pcs_qe *q, struct bl_arena *a, struct bl_err *err)
{
	struct bl_json *j = bl_json_parse((const char *)q->s.p, q->s.n, BL_PCS_DEPTH, BL_DATA, err);
	bool good = j && get_qe(q, j, a);

	if (!j)
		return bl_err_where(err, "%s", q->s.file->name);
	bl_json_free(j);
	return good ? 0 : bl_err_set(err, BL_DATA, "%s: not a QE identity of version 2", q->s.file->name);
}

/* --- levels --- */

static bool reaches(const uint8_t *have, const uint8_t *need, unsigned from)
{
	for (unsigned i = from; i < BL_PCS_SVNS; i++)
		if (have[i] < need[i])
			return false;
	return true;
}

const struct bl_pcs_level *bl_pcs_match(const struct bl_pcs_tcb *t, const struct bl_pck *pck, const uint8_t *tee_svn)
{
	/* From TDX 1.5 on the first two components speak of the module, which has levels of its own. */
	unsigned from = tee_svn && tee_svn[1] ? 2 : 0;

	for (size_t i = 0; i < t->levels.n; i++) {
		const struct bl_pcs_level *l = &t->levels.v[i];
		if (reaches(pck->sgx, l->sgx, 0) && pck->pce_svn >= l->svn && (!tee_svn || reaches(tee_svn, l->tdx, from)))
			return l;
	}
	return NULL;
}

const struct bl_pcs_level *bl_pcs_match_svn(const struct bl_pcs_levels *l, unsigned svn)
{
	for (size_t i = 0; i < l->n; i++)
		if (svn >= l->v[i].svn)
			return &l->v[i];
	return NULL;
}

const struct bl_pcs_module *bl_pcs_find(const struct bl_pcs_tcb *t, unsigned v)
{
	char id[16];

	snprintf(id, sizeof id, "TDX_%02x", v);
	for (size_t i = 0; v && i < t->nmodule; i++)
		if (!strcasecmp(t->module[i].id, id))
			return &t->module[i];
	return v || !t->tdx ? NULL : &t->base;
}

enum bl_pcs_status bl_pcs_converge(enum bl_pcs_status platform, enum bl_pcs_status other)
{
	if (platform == BL_PCS_NONE || other == BL_PCS_NONE)
		return BL_PCS_NONE;
	if (platform == BL_PCS_REVOKED || other == BL_PCS_REVOKED)
		return BL_PCS_REVOKED;
	if (other != BL_PCS_OUT_OF_DATE)
		return platform;
	if (platform == BL_PCS_UP_TO_DATE || platform == BL_PCS_SW_HARDENING)
		return BL_PCS_OUT_OF_DATE;
	if (platform == BL_PCS_CONFIGURATION || platform == BL_PCS_CONFIGURATION_SW_HARDENING)
		return BL_PCS_OUT_OF_DATE_CONFIGURATION;
	return platform;
}

enum bl_pcs_status bl_pcs_relaunch(const struct bl_pcs_tcb *t, const struct bl_pck *pck, const uint8_t svn2[16],
				   enum bl_pcs_status status, enum bl_pcs_status module, enum bl_pcs_status qe)
{
	const struct bl_pcs_level *sgx = bl_pcs_match(t, pck, NULL), *latest = &t->levels.v[0];
	const struct bl_pcs_module *now = bl_pcs_find(t, svn2[1]);
	bool config;

	if (qe == BL_PCS_OUT_OF_DATE || qe == BL_PCS_REVOKED || qe == BL_PCS_NONE || module != BL_PCS_OUT_OF_DATE ||
	    (status != BL_PCS_OUT_OF_DATE && status != BL_PCS_OUT_OF_DATE_CONFIGURATION) || !sgx || sgx->status >= BL_PCS_OUT_OF_DATE)
		return status;
	if (!now || svn2[0] < (svn2[1] ? now->levels.v[0].svn : latest->tdx[0]) || svn2[2] < latest->tdx[2])
		return status;
	config = status == BL_PCS_OUT_OF_DATE_CONFIGURATION || sgx->status == BL_PCS_CONFIGURATION ||
		 sgx->status == BL_PCS_CONFIGURATION_SW_HARDENING;
	return config ? BL_PCS_RELAUNCH_CONFIGURATION : BL_PCS_RELAUNCH;
}
