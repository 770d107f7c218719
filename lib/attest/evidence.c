/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence: see evidence.h. The driver of a verification, and the checks that every technology makes alike. Parses nothing foreign
 * itself. What cannot be decided for want of a key is made a failed check of its own, so that no verdict is without a reason.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "attest/appraise.h"
#include "attest/evidence.h"
#include "base/text.h"
#include "base/time.h"
#include "crypt/hash.h"

/* One row a technology. */
static const struct bl_evidence_tech *const techs[] = {
	&bl_quote_tdx_tech,
	&bl_quote_sgx_tech,
	&bl_snp_tech, &bl_nitro_tech, &bl_tpm_tech, &bl_nvidia_tech, &bl_azure_tech, NULL
};

/* --- what there is --- */

const struct bl_evidence_file *bl_evidence_find(const struct bl_evidence_files *f, const char *name)
{
	for (size_t i = 0; f && i < f->n; i++)
		if (!strcmp(f->v[i].name, name))
			return &f->v[i];
	return NULL;
}

const struct bl_evidence_tech *bl_evidence_detect(const uint8_t *p, size_t n)
{
	for (const struct bl_evidence_tech *const *t = techs; *t; t++)
		if ((*t)->detect(p, n))
			return *t;
	return NULL;
}

const struct bl_evidence_tech *bl_evidence_tech(const char *name)
{
	for (const struct bl_evidence_tech *const *t = techs; *t; t++)
		if (!strcmp((*t)->name, name))
			return *t;
	return NULL;
}

const struct bl_evidence_tech *bl_evidence_tech_at(size_t i)
{
	return i < sizeof techs / sizeof *techs ? techs[i] : NULL;
}

/* --- checks --- */

/* Details quote names out of certificates: only printable ASCII reaches anybody. */
static void __attribute__((format(printf, 3, 0))) say(char *out, size_t n, const char *fmt, va_list ap)
{
	vsnprintf(out, n, fmt, ap);
	for (; *out; out++)
		if ((unsigned char)*out < 0x20 || (unsigned char)*out > 0x7e)
			*out = '?';
}

static struct bl_evidence_check *add(struct bl_evidence *e, enum bl_evidence_layer layer, const char *name, enum bl_evidence_result result)
{
	struct bl_evidence_check *c;

	if (e->ncheck == BL_EVIDENCE_CHECKS) {		/* hostile evidence may ask for many: the last one says so, and fails */
		c = &e->check[BL_EVIDENCE_CHECKS - 1];
		*c = (struct bl_evidence_check){ .name = "checks", .layer = BL_EVIDENCE_AUTHENTIC, .result = BL_EVIDENCE_FAIL,
						 .reason = "unsupported", .detail = "more checks than fit" };
		return NULL;
	}
	c = &e->check[e->ncheck++];
	*c = (struct bl_evidence_check){ .name = name, .layer = layer, .result = result };
	return c;
}

bool bl_evidence_pass(struct bl_evidence *e, enum bl_evidence_layer layer, const char *name)
{
	return add(e, layer, name, BL_EVIDENCE_PASS);
}

bool bl_evidence_warn(struct bl_evidence *e, enum bl_evidence_layer layer, const char *name, const char *fmt, ...)
{
	struct bl_evidence_check *c = add(e, layer, name, BL_EVIDENCE_PASS);
	va_list ap;

	if (!c)
		return false;
	va_start(ap, fmt);
	say(c->detail, sizeof c->detail, fmt, ap);
	va_end(ap);
	return true;
}

bool bl_evidence_fail(struct bl_evidence *e, enum bl_evidence_layer layer, const char *name, const char *reason, const char *fmt, ...)
{
	struct bl_evidence_check *c = add(e, layer, name, BL_EVIDENCE_FAIL);
	va_list ap;

	if (!c)
		return false;
	c->reason = reason;
	va_start(ap, fmt);
	say(c->detail, sizeof c->detail, fmt, ap);
	va_end(ap);
	return false;
}

void bl_evidence_skip(struct bl_evidence *e, enum bl_evidence_layer layer, const char *name, const char *fmt, ...)
{
	struct bl_evidence_check *c = add(e, layer, name, BL_EVIDENCE_SKIP);
	va_list ap;

	if (!c)
		return;
	va_start(ap, fmt);
	say(c->detail, sizeof c->detail, fmt, ap);
	va_end(ap);
}

const char *bl_evidence_span(int64_t seconds, char out[BL_EVIDENCE_SPAN])
{
	static const struct { int64_t n; const char *one; } unit[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
	uint64_t s = seconds < 0 ? -(uint64_t)seconds : (uint64_t)seconds;
	size_t i = 0;

	while (i < 3 && s < (uint64_t)unit[i].n)
		i++;
	s /= (uint64_t)unit[i].n;
	snprintf(out, BL_EVIDENCE_SPAN, "%llu %s%s", (unsigned long long)s, unit[i].one, s == 1 ? "" : "s");
	return out;
}

/* --- words: what the policy may speak about --- */

static void add_word(struct bl_evidence *e, const char *word, struct bl_json *v)
{
	const struct bl_json *list = e->words ? bl_json_get(e->words, word) : NULL;

	if (!e->words)
		e->words = bl_json_new_object();
	if (!list) {
		struct bl_json *fresh = bl_json_new_array();
		bl_json_put(e->words, word, fresh);
		list = fresh;
	}
	bl_json_add((struct bl_json *)(uintptr_t)list, v);	/* ours: the tree is e's own */
}

void bl_evidence_word(struct bl_evidence *e, const char *word, const void *p, size_t n)
{
	char *hex = malloc(2 * n + 1);

	if (hex)
		bl_text_hex(p, n, hex);
	add_word(e, word, hex ? bl_json_new_text(hex) : NULL);
	free(hex);
}

void bl_evidence_word_text(struct bl_evidence *e, const char *word, const char *s)
{
	add_word(e, word, bl_json_new_text(s));
}

void bl_evidence_word_int(struct bl_evidence *e, const char *word, int64_t v)
{
	add_word(e, word, bl_json_new_int(v));
}

/* --- the cache --- */

/* A batch starts anew above CROWDED, or BYTES of memory as it is reckoned: a certificate costs its key and names besides its bytes. */
enum { SLOTS = 1024, CROWDED = 700, FULL = 1000, BYTES = 32 << 20, CERT_BYTES = 20 << 10 };
enum kind { NOTHING, CERTS, CRL, PATH, ISSUED };
enum { LEAF = -1 };
struct slot {
	uint8_t key[BL_HASH_LEN];
	enum kind kind;
	struct bl_certs certs;
	struct bl_crl *crl;
	struct { bool own[BL_CERT_MOST]; int at[BL_CERT_MOST]; size_t n; int64_t from, until; } path;	/* at: of candidates, or of the anchors' own */
	bool issued;
};
struct bl_evidence_cache { struct slot *slot[SLOTS]; size_t n, bytes; };

struct bl_evidence_cache *bl_evidence_cache_new(void)
{
	return calloc(1, sizeof(struct bl_evidence_cache));
}

static void empty(struct bl_evidence_cache *c)
{
	for (size_t i = 0; i < SLOTS; i++) {
		if (!c->slot[i])
			continue;
		bl_certs_fini(&c->slot[i]->certs);
		bl_crl_free(c->slot[i]->crl);
		free(c->slot[i]);
		c->slot[i] = NULL;
	}
	c->n = c->bytes = 0;
}

void bl_evidence_cache_free(struct bl_evidence_cache *c)
{
	if (c)
		empty(c);
	free(c);
}

static struct bl_evidence_cache *cache(struct bl_evidence *e)
{
	if (e->cache)
		return e->cache;
	if (!e->own)
		e->own = bl_evidence_cache_new();
	return e->own;
}

/* The slot of this key and kind, one to fill (kind NOTHING), or NULL when there is no room. */
static struct slot *look(struct bl_evidence_cache *c, enum kind kind, const uint8_t key[BL_HASH_LEN])
{
	size_t at = (key[0] | (size_t)key[1] << 8) % SLOTS;

	while (c->slot[at] && (c->slot[at]->kind != kind || memcmp(c->slot[at]->key, key, BL_HASH_LEN)))
		at = (at + 1) % SLOTS;
	if (c->slot[at])
		return c->slot[at];
	if (c->n >= FULL || !(c->slot[at] = calloc(1, sizeof(struct slot))))
		return NULL;
	memcpy(c->slot[at]->key, key, BL_HASH_LEN);
	c->n++;
	return c->slot[at];
}

/* The slot for the parse of these bytes. What does not parse keeps kind NOTHING and is looked at again. */
static struct slot *parsed(struct bl_evidence *e, enum kind kind, const uint8_t *p, size_t n, struct bl_err *err)
{
	struct bl_evidence_cache *c = cache(e);
	uint8_t key[BL_HASH_LEN];
	struct slot *s;

	bl_hash_sha256(p, n, key);
	if (!c || !(s = look(c, kind, key))) {
		bl_err_set(err, BL_OSERR, c ? "more certificates and lists than fit" : "out of memory");
		return NULL;
	}
	if (s->kind == kind)
		return s;
	if (kind == CERTS ? bl_certs_parse(&s->certs, p, n, err) : !(s->crl = bl_crl_parse(p, n, err))) {
		bl_certs_fini(&s->certs);
		s->certs.n = 0;
		return NULL;
	}
	s->kind = kind;
	c->bytes += 2 * n + s->certs.n * CERT_BYTES;
	return s;
}

const struct bl_certs *bl_evidence_certs(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *err)
{
	struct slot *s = parsed(e, CERTS, p, n, err);

	return s ? &s->certs : NULL;
}

const struct bl_crl *bl_evidence_crl(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *err)
{
	struct slot *s = parsed(e, CRL, p, n, err);

	return s ? s->crl : NULL;
}

/* --- checks that all make alike --- */

static void stamp(int64_t t, char out[BL_TIME_TEXT])
{
	bl_time_print_stamp(t * 1000000, out);
}

/* Is t in the window, but for the grace of the policy past its end? Else the failed check `name`. */
static bool in_window(struct bl_evidence *e, const char *name, const char *stale, int64_t issued, int64_t expires)
{
	int64_t grace = bl_appraise_duration(e, "collateral_grace", 0);
	char span[BL_EVIDENCE_SPAN];

	if (e->time < issued)
		return bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, name, "collateral-future", "collateral was issued %s after the chosen time",
					bl_evidence_span(issued - e->time, span));
	if (expires == INT64_MIN)
		return bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, name, stale, "collateral does not say how long it holds");
	if (e->time < expires)
		return bl_evidence_pass(e, BL_EVIDENCE_AUTHENTIC, name);
	bl_evidence_span(e->time - expires, span);
	if (e->time - expires < grace)
		return bl_evidence_warn(e, BL_EVIDENCE_AUTHENTIC, name, "warning: collateral expired %s before the chosen time, within collateral_grace", span);
	return bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, name, stale, "collateral expired %s before the chosen time", span);
}

static void remember(struct bl_evidence *e, const struct bl_evidence_file *f, int64_t issued, int64_t expires)
{
	for (size_t i = 0; i < e->ncollateral; i++)
		if (!strcmp(e->collateral[i].name, f->name))
			return;
	if (e->ncollateral == sizeof e->collateral / sizeof *e->collateral)
		return;
	e->collateral[e->ncollateral].name = f->name;
	e->collateral[e->ncollateral].issued = issued;
	e->collateral[e->ncollateral].expires = expires;
	memcpy(e->collateral[e->ncollateral++].sha256, f->sha256, BL_HASH_LEN);
}

bool bl_evidence_collateral(struct bl_evidence *e, const char *name, const struct bl_evidence_file *f, int64_t issued, int64_t expires)
{
	if (f)
		remember(e, f, issued, expires);
	return in_window(e, name, "collateral-stale", issued, expires);
}

/* Those given, or the technology's own; and what it reads. */
static const struct bl_cert_anchors *anchors(struct bl_evidence *e)
{
	struct bl_cert_anchors *a;

	if (e->anchors && !e->tech->reads)
		return e->anchors;
	a = bl_arena_alloc(e->a, sizeof *a);
	if (a && e->anchors)
		*a = *e->anchors;
	for (size_t i = 0; a && !e->anchors && i < e->tech->nanchor && i < BL_CERT_MOST; i++)
		memcpy(a->key[a->n++], e->tech->anchor[i], BL_HASH_LEN);
	if (a)
		a->reads = e->tech->reads;
	return a;
}

static void hash_cert(struct bl_hash *h, const struct bl_cert *c)
{
	size_t n;
	const uint8_t *der = bl_cert_der(c, &n);

	bl_hash_add(h, &n, sizeof n);		/* where one ends, too */
	bl_hash_add(h, der, n);
}

/* What a path depends on, but for the time. */
static bool path_key(const struct bl_cert *leaf, const struct bl_certs *with, const struct bl_cert_anchors *a, uint8_t key[BL_HASH_LEN])
{
	struct bl_hash *h = bl_hash_new();

	if (!h)
		return false;
	hash_cert(h, leaf);
	for (size_t i = 0; with && i < with->n; i++)
		hash_cert(h, with->v[i]);
	bl_hash_add(h, &a->n, sizeof a->n);
	bl_hash_add(h, a->key, a->n * sizeof *a->key);
	for (size_t i = 0; i < a->own.n; i++)
		hash_cert(h, a->own.v[i]);
	for (const char *const *r = a->reads; r && *r; r++)	/* a path that is good for who reads them is not for others */
		bl_hash_add(h, *r, strlen(*r) + 1);
	bl_hash_end(h, key);
	bl_hash_free(h);
	return true;
}

static int place(const struct bl_certs *s, const struct bl_cert *c)
{
	for (size_t i = 0; s && i < s->n; i++)
		if (s->v[i] == c)
			return (int)i;
	return -1;
}

/* Keeps a good path as places in what was given: the certificates themselves may be gone when it is asked for again. */
static void keep_path(struct slot *s, const struct bl_cert_path *p, const struct bl_certs *with, const struct bl_cert_anchors *a)
{
	s->path.from = INT64_MIN;
	s->path.until = INT64_MAX;
	for (size_t i = 0; i < p->n; i++) {
		int at = place(with, p->v[i]);
		s->path.own[i] = i && at < 0;
		s->path.at[i] = i == 0 ? LEAF : at >= 0 ? at : place(&a->own, p->v[i]);
		if (i && s->path.at[i] < 0)
			return;
		if (bl_cert_from(p->v[i]) > s->path.from)
			s->path.from = bl_cert_from(p->v[i]);
		if (bl_cert_until(p->v[i]) < s->path.until)
			s->path.until = bl_cert_until(p->v[i]);
	}
	s->path.n = p->n;
	s->kind = PATH;
}

static enum bl_cert_verdict chain(struct bl_evidence *e, const struct bl_cert *leaf, const struct bl_certs *with, struct bl_cert_path *path)
{
	const struct bl_cert_anchors *a = anchors(e);
	struct bl_evidence_cache *c = cache(e);
	uint8_t key[BL_HASH_LEN];
	struct slot *s = NULL;
	enum bl_cert_verdict v;

	*path = (struct bl_cert_path){ .n = 0 };
	if (!a)
		return BL_CERT_ROOT;
	if (c && path_key(leaf, with, a, key))
		s = look(c, PATH, key);
	if (s && s->kind == PATH && e->time >= s->path.from && e->time <= s->path.until) {
		for (path->n = 0; path->n < s->path.n; path->n++)
			path->v[path->n] = s->path.at[path->n] == LEAF ? leaf : (s->path.own[path->n] ? &a->own : with)->v[s->path.at[path->n]];
		return BL_CERT_GOOD;
	}
	v = bl_cert_chain(leaf, with, a, e->time, path);
	if (v == BL_CERT_GOOD && s && s->kind == NOTHING)
		keep_path(s, path, with, a);
	return v;
}

static const char *called(const struct bl_cert *c)
{
	const char *s = c ? bl_cert_subject(c, "CN") : NULL;

	return s ? s : "a certificate";
}

static bool on_path(const struct bl_cert_path *path, const struct bl_cert *c)
{
	for (size_t i = 0; i < path->n; i++)
		if (bl_cert_same(path->v[i], c))
			return true;
	return false;
}

/*
 * A candidate that the path does without and that no anchor stands behind, or NULL: what lies there to be used is genuine, or the
 * evidence fails. It may be of another time: last year's certificate of the same key is no forgery.
 */
static const struct bl_cert *stray(struct bl_evidence *e, const struct bl_certs *candidates, const struct bl_cert_path *path)
{
	struct bl_cert_path own;

	for (size_t i = 0; candidates && i < candidates->n; i++) {
		enum bl_cert_verdict v = on_path(path, candidates->v[i]) ? BL_CERT_GOOD : chain(e, candidates->v[i], candidates, &own);
		if (v != BL_CERT_GOOD && v != BL_CERT_EXPIRED && v != BL_CERT_EARLY)
			return candidates->v[i];
	}
	return NULL;
}

bool bl_evidence_chain(struct bl_evidence *e, const char *name, const struct bl_cert *leaf, const struct bl_certs *candidates, struct bl_cert_path *path)
{
	char when[BL_TIME_TEXT], span[BL_EVIDENCE_SPAN];
	const struct bl_cert *other;
	struct bl_cert_path found;

	if (!path)
		path = &found;
	switch (chain(e, leaf, candidates, path)) {
	case BL_CERT_GOOD:
		if (!(other = stray(e, candidates, path)))
			return bl_evidence_pass(e, BL_EVIDENCE_AUTHENTIC, name);
		return bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, name, "chain", "'%s' lies beside the chain, and is of no root or was altered", called(other));
	case BL_CERT_ROOT:
		return bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, name, "root-unknown", "the chain of '%s' ends in no %s", called(leaf),
					e->anchors ? "root that was given" : "root that is built in");
	case BL_CERT_EXPIRED:
		stamp(path->at ? bl_cert_until(path->at) : 0, when);
		return bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, name, "cert-expired", "'%s' expired %s before the chosen time, at %s", called(path->at),
					bl_evidence_span(path->at ? e->time - bl_cert_until(path->at) : 0, span), when);
	case BL_CERT_EARLY:
		stamp(path->at ? bl_cert_from(path->at) : 0, when);
		return bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, name, "cert-not-yet-valid", "'%s' is valid from %s, %s after the chosen time", called(path->at),
					when, bl_evidence_span(path->at ? bl_cert_from(path->at) - e->time : 0, span));
	case BL_CERT_PATH:
		return bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, name, "chain", "'%s' may not stand where it stands in the chain", called(path->at));
	case BL_CERT_CHAIN:
		break;
	}
	return bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, name, "chain", "nobody here issued '%s', or its signature does not verify",
				called(path->at ? path->at : leaf));
}

/* bl_crl_issued, once for a list of the cache and a signer. */
static bool issued(struct bl_evidence *e, const struct bl_crl *crl, const struct bl_cert *signer)
{
	struct bl_evidence_cache *c = cache(e);
	uint8_t key[BL_HASH_LEN], both[2 * BL_HASH_LEN];
	const uint8_t *der;
	struct slot *s;
	size_t n;

	for (size_t i = 0; c && i < SLOTS; i++) {
		if (!c->slot[i] || c->slot[i]->kind != CRL || c->slot[i]->crl != crl)
			continue;
		memcpy(both, c->slot[i]->key, BL_HASH_LEN);
		der = bl_cert_der(signer, &n);
		bl_hash_sha256(der, n, both + BL_HASH_LEN);
		bl_hash_sha256(both, sizeof both, key);
		if (!(s = look(c, ISSUED, key)))
			break;
		if (s->kind == NOTHING) {
			s->issued = bl_crl_issued(crl, signer);
			s->kind = ISSUED;
		}
		return s->issued;
	}
	return bl_crl_issued(crl, signer);
}

bool bl_evidence_revocation(struct bl_evidence *e, const char *name, const struct bl_crl *crl, const struct bl_cert *signer, const struct bl_cert *cert)
{
	const char *how = bl_appraise_word(e, "revocation");
	char span[BL_EVIDENCE_SPAN];

	if (how && !strcmp(how, "ignore")) {
		bl_evidence_skip(e, BL_EVIDENCE_AUTHENTIC, name, "the policy ignores revocation");
		return false;
	}
	if (!crl && how && !strcmp(how, "require"))
		return bl_evidence_fail(e, BL_EVIDENCE_APPRAISAL, name, "collateral-missing", "no revocation list of '%s', and the policy requires one",
					signer ? called(signer) : "the issuer");
	if (!crl) {
		bl_evidence_skip(e, BL_EVIDENCE_AUTHENTIC, name, "no revocation list of '%s'", signer ? called(signer) : "the issuer");
		return false;
	}
	if (!signer || !issued(e, crl, signer))
		return bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, name, "crl-signature", "the revocation list is not signed by '%s'", called(signer));
	if (cert && bl_crl_revokes(crl, cert))
		return bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, name, "revoked", "'%s' is revoked%s%s", called(cert), bl_crl_from(crl) > e->time ? ", by a list issued after the chosen time, " : "",
					bl_crl_from(crl) > e->time ? bl_evidence_span(bl_crl_from(crl) - e->time, span) : "");
	return in_window(e, name, "crl-stale", bl_crl_from(crl), bl_crl_until(crl));
}

/* --- the whole --- */

int bl_evidence_authentic(const struct bl_evidence *e)
{
	int v = 1;
	bool any = false;

	for (size_t i = 0; i < e->ncheck; i++) {
		const struct bl_evidence_check *c = &e->check[i];
		if (c->layer != BL_EVIDENCE_AUTHENTIC)
			continue;
		any = any || c->result == BL_EVIDENCE_PASS;
		if (c->result == BL_EVIDENCE_FAIL && strcmp(c->reason, "collateral-missing"))
			return 0;
		if (c->result == BL_EVIDENCE_FAIL)
			v = -1;
	}
	return any ? v : -1;
}

const struct bl_evidence_check *bl_evidence_reason(const struct bl_evidence *e)
{
	for (size_t i = 0; i < e->ncheck; i++)
		if (e->check[i].result == BL_EVIDENCE_FAIL)
			return &e->check[i];
	return NULL;
}

bool bl_evidence_verdict(const struct bl_evidence *e)
{
	return bl_evidence_authentic(e) == 1 && !bl_evidence_reason(e);
}

/* NAME of PLATFORM/NAME for the platform of this evidence; NULL for all others. */
static const char *bare_name(const struct bl_evidence *e, const char *fmspc, const char *name)
{
	const char *slash = strchr(name, '/');
	const size_t len = slash ? (size_t)(slash - name) : 0;

	if (slash && ((e->product && strlen(e->product) == len && !strncasecmp(name, e->product, len)) ||
		      (fmspc && strlen(fmspc) == len && !strncasecmp(name, fmspc, len))))
		return slash + 1;
	return NULL;
}

/*
 * A bundle may serve many platforms: what is named PRODUCT/name or FMSPC/name is `name` for this one, unless it is there already. What
 * was given goes over what lies beside the evidence under either name: else whoever made the evidence hides a newer list behind an older one.
 */
static int resolve(struct bl_evidence *e, struct bl_err *err)
{
	const char *fmspc = bl_json_text(bl_json_item(bl_json_get(e->words, "fmspc"), 0), NULL), *name;
	struct bl_evidence_files *r;
	size_t n = e->files ? e->files->n : 0, i;

	for (i = 0; i < n && !strchr(e->files->v[i].name, '/'); i++)
		;
	if (i == n)
		return 0;
	if (!(r = e->resolved = malloc(sizeof *r)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	*r = *e->files;
	for (i = 0; i < 2 * n; i++) {
		const struct bl_evidence_file *from = &r->v[i % n];
		struct bl_evidence_file *at;
		if (from->given != (i < n) || !(name = bare_name(e, fmspc, from->name)))
			continue;
		at = (struct bl_evidence_file *)(uintptr_t)bl_evidence_find(r, name);
		if (at && at->given >= from->given)
			continue;
		if (!at && r->n == BL_EVIDENCE_FILES)
			return bl_err_set(err, BL_DATA, "more than %d files of collateral", BL_EVIDENCE_FILES);
		at = at ? at : &r->v[r->n++];
		*at = *from;
		at->name = name;
	}
	e->files = r;
	return 0;
}

/* A bundle that says who signed it must be signed by them. */
static void bundles(struct bl_evidence *e)
{
	for (size_t i = 0; e->files && i < e->files->nbundle; i++) {
		const struct bl_evidence_bundle *b = &e->files->bundle[i];
		if (!b->signer)
			continue;
		if (b->good)
			bl_evidence_pass(e, BL_EVIDENCE_AUTHENTIC, "bundle-signature");
		else
			bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "bundle-signature", "collateral-signature", "bundle '%s' is not signed by %s", b->name, b->signer);
	}
}

static int begin(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *err)
{
	if (n > BL_EVIDENCE_MAX)
		return bl_err_set(err, BL_DATA, "evidence longer than %d bytes", BL_EVIDENCE_MAX);
	if (!e->tech && !(e->tech = bl_evidence_detect(p, n)))
		return bl_err_set(err, BL_DATA, "evidence of no known type");
	if (!e->tech->detect(p, n))
		return bl_err_set(err, BL_DATA, "not evidence of type %s", e->tech->name);
	if (e->cache && (e->cache->n > CROWDED || e->cache->bytes > BYTES))
		empty(e->cache);
	return e->tech->parse(e, p, n, err);
}

int bl_evidence_show(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *err)
{
	return begin(e, p, n, err);
}

/* All that lies beside the evidence, which is one of the files, too. */
static int check_room(const struct bl_evidence *e, size_t n, struct bl_err *err)
{
	size_t all = 0;

	for (size_t i = 0; e->files && i < e->files->n; i++)
		all += e->files->v[i].n;
	return all <= BL_EVIDENCE_COLLATERAL + n ? 0 : bl_err_set(err, BL_DATA, "more than %d bytes of collateral", BL_EVIDENCE_COLLATERAL);
}

int bl_evidence_run(struct bl_evidence *e, const uint8_t *p, size_t n, struct bl_err *err)
{
	if (begin(e, p, n, err) || check_room(e, n, err) || resolve(e, err))
		return -1;
	bundles(e);
	if (e->time_signed)
		e->time = e->has_time ? e->signed_time : bl_time_now();
	if (e->tech->verify(e, p, n, err))
		return -1;
	if (e->time_signed && !e->has_time) {		/* first: what windows were judged at is not what was asked for */
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "signed-time", "no-signed-time", "this evidence holds no time that is signed");
		struct bl_evidence_check last = e->check[e->ncheck - 1];
		memmove(e->check + 1, e->check, (e->ncheck - 1) * sizeof *e->check);
		e->check[0] = last;
	}
	if (bl_evidence_authentic(e) < 0 && !bl_evidence_reason(e))
		bl_evidence_fail(e, BL_EVIDENCE_AUTHENTIC, "key", "collateral-missing", "there is no key to check this evidence with");
	if (e->tech->appraise && e->tech->appraise(e, err))
		return -1;
	return bl_appraise_run(e, err);
}

void bl_evidence_fini(struct bl_evidence *e)
{
	bl_json_free(e->claims);
	bl_json_free(e->words);
	bl_evidence_cache_free(e->own);
	free(e->resolved);
	e->claims = e->words = NULL;
	e->own = NULL;
	e->resolved = NULL;
	e->ncheck = 0;
}
