/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert: see cert.h. OpenSSL parses and does the arithmetic; what a certificate may do, and which certificates make a path, is decided
 * here, in sight. A certificate must be DER to the byte: written again it is the same.
 */
#include "crypt/cert.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "crypt/certwork.h"
#include "crypt/keyevp.h"
#include "crypt/pem.h"

enum { EXTENSIONS = 64, NO_LIMIT = 1 << 20 };

/* Text of a name, made when first asked for. */
struct text { struct text *next; bool issuer; int nid; char s[]; };

struct bl_cert {
	X509 *x;
	struct bl_key *key;
	uint8_t *der;
	size_t n;
	int64_t from, until;
	bool ca, has_usage;
	uint32_t usage;
	long path;		/* most certificates between this one and the leaf; NO_LIMIT */
	int self;		/* of bl_cert_self_issued: 0 not known yet, 1 yes, -1 no */
	struct text *text;
};

X509 *bl_cert_x509(const struct bl_cert *c)
{
	return c->x;
}

/* --- parsing --- */

static bool two_digits(const uint8_t *p, unsigned least, unsigned most, unsigned *v)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return false;
	*v = (p[0] - '0') * 10u + (p[1] - '0');
	return *v >= least && *v <= most;
}

bool bl_cert_time(const ASN1_TIME *t, int64_t *ret)
{
	const uint8_t *p = t ? ASN1_STRING_get0_data(t) : NULL;
	const int n = t ? ASN1_STRING_length(t) : 0;
	unsigned century = 0, year, month, day, hour, min, sec, m, d;
	int64_t days;
	int y;

	if (n == 15 && ASN1_STRING_type(t) == V_ASN1_GENERALIZEDTIME) {
		if (!two_digits(p, 0, 99, &century))
			return false;
		p += 2;
	} else if (n != 13 || ASN1_STRING_type(t) != V_ASN1_UTCTIME) {
		return false;
	}
	if (!two_digits(p, 0, 99, &year) || !two_digits(p + 2, 1, 12, &month) || !two_digits(p + 4, 1, 31, &day) ||
	    !two_digits(p + 6, 0, 23, &hour) || !two_digits(p + 8, 0, 59, &min) || !two_digits(p + 10, 0, 59, &sec) || p[12] != 'Z')
		return false;
	if (n == 13)
		century = year < 50 ? 20 : 19;
	if (!(century + year))
		return false;
	days = bl_time_days((int)(century * 100 + year), month, day);
	bl_time_civil(days, &y, &m, &d);
	if (m != month || d != day)
		return false;
	*ret = days * 86400 + hour * 3600 + min * 60 + sec;
	return true;
}

/* RSASSA-PSS names its hash in parameters; none there is SHA-1. */
static int pss_hash(const X509_ALGOR *a)
{
	RSA_PSS_PARAMS *pss = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(RSA_PSS_PARAMS), a->parameter);
	const ASN1_OBJECT *o = NULL;
	int nid = NID_undef;

	if (pss && pss->hashAlgorithm) {
		X509_ALGOR_get0(&o, NULL, NULL, pss->hashAlgorithm);
		nid = OBJ_obj2nid(o);
	}
	RSA_PSS_PARAMS_free(pss);
	return nid;
}

enum scheme { ECDSA, PKCS1, PSS };
static const struct algorithm { int nid; enum scheme scheme; enum bl_key_hash hash; } algorithms[] = {
	{ NID_ecdsa_with_SHA256, ECDSA, BL_KEY_SHA256 },
	{ NID_ecdsa_with_SHA384, ECDSA, BL_KEY_SHA384 },
	{ NID_ecdsa_with_SHA512, ECDSA, BL_KEY_SHA512 },
	{ NID_sha256WithRSAEncryption, PKCS1, BL_KEY_SHA256 },
	{ NID_sha384WithRSAEncryption, PKCS1, BL_KEY_SHA384 },
	{ NID_sha512WithRSAEncryption, PKCS1, BL_KEY_SHA512 },
	{ NID_sha256, PSS, BL_KEY_SHA256 },
	{ NID_sha384, PSS, BL_KEY_SHA384 },
	{ NID_sha512, PSS, BL_KEY_SHA512 },
};

static const struct algorithm *algorithm(const X509_ALGOR *a)
{
	const ASN1_OBJECT *o;
	bool pss;
	int nid;

	X509_ALGOR_get0(&o, NULL, NULL, a);
	nid = OBJ_obj2nid(o);
	pss = nid == NID_rsassaPss;
	if (pss)
		nid = pss_hash(a);
	for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
		if (algorithms[i].nid == nid && pss == (algorithms[i].scheme == PSS))
			return &algorithms[i];
	return NULL;
}

bool bl_cert_signed(const uint8_t *tbs, size_t n, const X509_ALGOR *a, const ASN1_BIT_STRING *sig, const struct bl_key *key)
{
	const struct algorithm *g = algorithm(a);
	const uint8_t *s = ASN1_STRING_get0_data(sig);
	const size_t len = (size_t)ASN1_STRING_length(sig);
	const enum bl_key_kind kind = bl_key_kind(key);

	if (!g || sig->flags & 7 /* bits that are not used */)
		return false;
	if (g->scheme == ECDSA)
		return (kind == BL_KEY_P256 || kind == BL_KEY_P384) && bl_key_check(key, g->hash, tbs, n, s, len);
	if (kind != BL_KEY_RSA)
		return false;
	return g->scheme == PSS ? bl_key_check_pss(key, g->hash, tbs, n, s, len) : bl_key_check(key, g->hash, tbs, n, s, len);
}

/* Extensions by number, none twice; what is read here is read once, so that a bad one fails now. */
static int read_extensions(struct bl_cert *c, struct bl_err *err)
{
	const int n = X509_get_ext_count(c->x);
	int bad = 0, critical;
	BASIC_CONSTRAINTS *bc;
	ASN1_BIT_STRING *ku;

	if (n > EXTENSIONS)
		return bl_err_set(err, BL_DATA, "certificate with more than %d extensions", EXTENSIONS);
	if (n > 0 && X509_get_version(c->x) != X509_VERSION_3)
		return bl_err_set(err, BL_DATA, "certificate with extensions that is not of version 3");
	for (int i = 0; i < n; i++)
		for (int j = 0; j < i; j++)
			if (!OBJ_cmp(X509_EXTENSION_get_object(X509_get_ext(c->x, i)), X509_EXTENSION_get_object(X509_get_ext(c->x, j))))
				return bl_err_set(err, BL_DATA, "certificate with an extension twice");
	c->path = NO_LIMIT;
	if ((bc = X509_get_ext_d2i(c->x, NID_basic_constraints, &critical, NULL))) {
		c->ca = bc->ca;
		if (bc->pathlen)
			c->path = bc->ca ? ASN1_INTEGER_get(bc->pathlen) : -1;
		BASIC_CONSTRAINTS_free(bc);
		bad |= c->path < 0;
		if (c->path > NO_LIMIT)
			c->path = NO_LIMIT;
	} else {
		bad |= critical != -1;
	}
	if ((ku = X509_get_ext_d2i(c->x, NID_key_usage, &critical, NULL))) {
		c->has_usage = true;
		for (int i = 0; i < 8; i++)
			if (ASN1_BIT_STRING_get_bit(ku, i))
				c->usage |= 0x80u >> i;
		ASN1_BIT_STRING_free(ku);
	} else {
		bad |= critical != -1;
	}
	ERR_clear_error();
	return bad ? bl_err_set(err, BL_DATA, "certificate with basic constraints or a key usage that cannot be read") : 0;
}

static int read_key(struct bl_cert *c, struct bl_err *err)
{
	uint8_t *spki = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(c->x), &spki);

	if (n > 0)
		c->key = bl_key_wrap(spki, (size_t)n, X509_get0_pubkey(c->x));
	OPENSSL_free(spki);
	ERR_clear_error();
	return c->key ? 0 : bl_err_set(err, n > 0 ? BL_OSERR : BL_DATA, n > 0 ? "out of memory" : "certificate without a public key");
}

static int read_cert(struct bl_cert *c, const uint8_t *der, size_t n, struct bl_err *err)
{
	const uint8_t *p = der;
	uint8_t *again = NULL;
	int len;
	bool same;

	if (n > BL_CERT_SIZE)
		return bl_err_set(err, BL_DATA, "certificate of more than %d bytes", BL_CERT_SIZE);
	c->x = d2i_X509(NULL, &p, (long)n);
	ERR_clear_error();
	if (!c->x || p != der + n)
		return bl_err_set(err, BL_DATA, c->x ? "bytes after the certificate" : "not an X.509 certificate");
	len = i2d_X509(c->x, &again);
	same = len > 0 && (size_t)len == n && !memcmp(again, der, n);
	OPENSSL_free(again);
	if (!same)
		return bl_err_set(err, BL_DATA, "certificate is not DER");
	if (!bl_cert_time(X509_get0_notBefore(c->x), &c->from) || !bl_cert_time(X509_get0_notAfter(c->x), &c->until))
		return bl_err_set(err, BL_DATA, "certificate with a validity that is not of RFC 5280");
	if (read_extensions(c, err) || read_key(c, err))
		return -1;
	if (!(c->der = malloc(n)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	memcpy(c->der, der, n);
	c->n = n;
	return 0;
}

struct bl_cert *bl_cert_parse(const uint8_t *der, size_t n, struct bl_err *err)
{
	struct bl_cert *c = calloc(1, sizeof *c);

	if (!c) {
		bl_err_set(err, BL_OSERR, "out of memory");
	} else if (read_cert(c, der, n, err)) {
		bl_cert_free(c);
		c = NULL;
	}
	return c;
}

void bl_cert_free(struct bl_cert *c)
{
	if (!c)
		return;
	for (struct text *t = c->text, *next; t; t = next) {
		next = t->next;
		free(t);
	}
	bl_key_free(c->key);
	X509_free(c->x);
	free(c->der);
	free(c);
}

/* --- what it says --- */

const struct bl_key *bl_cert_key(const struct bl_cert *c)
{
	return c->key;
}

const uint8_t *bl_cert_der(const struct bl_cert *c, size_t *n)
{
	*n = c->n;
	return c->der;
}

int64_t bl_cert_from(const struct bl_cert *c)
{
	return c->from;
}

int64_t bl_cert_until(const struct bl_cert *c)
{
	return c->until;
}

bool bl_cert_same(const struct bl_cert *a, const struct bl_cert *b)
{
	return a == b || (a->n == b->n && !memcmp(a->der, b->der, a->n));
}

bool bl_cert_may(const struct bl_cert *c, uint32_t usage)
{
	return c->ca && (!c->has_usage || c->usage & usage);
}

bool bl_cert_is_ca(const struct bl_cert *c)
{
	return bl_cert_may(c, KU_KEY_CERT_SIGN);
}

/* The first value of that type in a name, as a text without NULs. */
static const char *name_text(const struct bl_cert *c, bool issuer, const char *rdn)
{
	struct bl_cert *own = (struct bl_cert *)(uintptr_t)c;
	X509_NAME *name = issuer ? X509_get_issuer_name(c->x) : X509_get_subject_name(c->x);
	const int nid = OBJ_txt2nid(rdn), at = nid == NID_undef ? -1 : X509_NAME_get_index_by_NID(name, nid, -1);
	uint8_t *s = NULL;
	struct text *t;
	int n;

	for (t = c->text; t; t = t->next)
		if (t->issuer == issuer && t->nid == nid)
			return t->s;
	if (at < 0)
		return NULL;
	n = ASN1_STRING_to_UTF8(&s, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	ERR_clear_error();
	if (n >= 0 && !memchr(s, 0, (size_t)n) && (t = malloc(sizeof *t + (size_t)n + 1))) {
		t->next = own->text;
		t->issuer = issuer;
		t->nid = nid;
		memcpy(t->s, s, (size_t)n);
		t->s[n] = 0;
		own->text = t;
	}
	if (n >= 0)
		OPENSSL_free(s);
	return t ? t->s : NULL;
}

const char *bl_cert_subject(const struct bl_cert *c, const char *rdn)
{
	return name_text(c, false, rdn);
}

const char *bl_cert_issuer(const struct bl_cert *c, const char *rdn)
{
	return name_text(c, true, rdn);
}

const uint8_t *bl_cert_extension(const struct bl_cert *c, const char *oid, size_t *n)
{
	ASN1_OBJECT *o = OBJ_txt2obj(oid, 1);
	const int at = o ? X509_get_ext_by_OBJ(c->x, o, -1) : -1;
	const ASN1_OCTET_STRING *s;

	ASN1_OBJECT_free(o);
	if (at < 0)
		return NULL;
	s = X509_EXTENSION_get_data(X509_get_ext(c->x, at));
	*n = (size_t)ASN1_STRING_length(s);
	return ASN1_STRING_get0_data(s);
}

/* --- links --- */

static bool names_match(const struct bl_cert *c, const struct bl_cert *by)
{
	return !X509_NAME_cmp(X509_get_issuer_name(c->x), X509_get_subject_name(by->x));
}

static bool verifies(const struct bl_cert *c, const struct bl_cert *by)
{
	const ASN1_BIT_STRING *sig;
	const X509_ALGOR *a;
	size_t head, len;

	X509_get0_signature(&sig, &a, c->x);
	bl_pem_der(c->der, c->n, 0x30, &head);
	len = bl_pem_der(c->der + head, c->n - head, 0x30, NULL);
	/* The algorithm stands twice, and only what is inside is signed. */
	return !X509_ALGOR_cmp(a, X509_get0_tbs_sigalg(c->x)) && bl_cert_signed(c->der + head, len, a, sig, by->key);
}

bool bl_cert_self_issued(const struct bl_cert *c)
{
	struct bl_cert *own = (struct bl_cert *)(uintptr_t)c;

	if (!c->self)
		own->self = names_match(c, c) && verifies(c, c) ? 1 : -1;
	return c->self > 0;
}

bool bl_cert_issued(const struct bl_cert *c, const struct bl_cert *by)
{
	return names_match(c, by) && bl_cert_is_ca(by) && verifies(c, by);
}

/* --- paths --- */

/*
 * A search by breadth: each certificate is reached once, over the fewest links, which is the best a path length can ask for. So
 * the work is bounded by the square of the certificates, and by SIGNATURES besides: whoever brings more candidates of one name than
 * that finds no path.
 */
enum { NODES = 1 + 2 * BL_CERT_MOST, SIGNATURES = 128 };

struct search {
	const struct bl_cert *node[NODES];
	size_t n;
	int8_t edge[NODES][NODES];	/* is i signed by j: 0 not known, 1, -1 */
	int spent;			/* signatures */
	const struct bl_cert_anchors *anchors;
	int64_t time;
	/* of the last walk */
	size_t queue[NODES], from[NODES], depth[NODES], seen;
	bool reached[NODES];
};

static void add_node(struct search *s, const struct bl_cert *c)
{
	for (size_t i = 0; i < s->n; i++)
		if (bl_cert_same(s->node[i], c))
			return;
	s->node[s->n++] = c;
}

static bool edge(struct search *s, size_t i, size_t j)
{
	int8_t *e = &s->edge[i][j];

	if (!*e && !names_match(s->node[i], s->node[j]))
		*e = -1;
	if (!*e && s->spent == SIGNATURES)
		return false;
	if (!*e) {
		s->spent++;
		*e = verifies(s->node[i], s->node[j]) ? 1 : -1;
	}
	return *e > 0;
}

static bool is_anchor(const struct search *s, const struct bl_cert *c)
{
	uint8_t hash[32];

	bl_key_hash(c->key, hash);
	for (size_t i = 0; i < s->anchors->n; i++)
		if (!memcmp(hash, s->anchors->key[i], sizeof hash))
			return bl_cert_self_issued(c);
	return false;
}

/* Extensions that say "refuse me if you do not know me": two are known here, others by the caller. */
static bool critical_known(const struct search *s, const struct bl_cert *c)
{
	for (int i = 0, n = X509_get_ext_count(c->x); i < n; i++) {
		const X509_EXTENSION *x = X509_get_ext(c->x, i);
		ASN1_OBJECT *o = X509_EXTENSION_get_object((X509_EXTENSION *)(uintptr_t)x);
		const int nid = OBJ_obj2nid(o);
		bool known = !X509_EXTENSION_get_critical(x) || nid == NID_basic_constraints || nid == NID_key_usage;
		char oid[128];

		for (const char *const *r = s->anchors->reads; !known && r && *r; r++)
			known = OBJ_obj2txt(oid, sizeof oid, o, 1) > 0 && !strcmp(oid, *r);
		if (!known)
			return false;
	}
	return true;
}

/* depth 0 is the leaf; a leaf may sign something, if it says what its key is for. */
static bool structure_good(const struct search *s, const struct bl_cert *c, size_t depth)
{
	const uint32_t signing = KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION | KU_KEY_CERT_SIGN | KU_CRL_SIGN;

	if (!critical_known(s, c))
		return false;
	if (!depth)
		return !c->has_usage || c->usage & signing;
	return bl_cert_is_ca(c) && (long)depth - 1 <= c->path;
}

static bool node_good(const struct search *s, size_t i, size_t depth)
{
	const struct bl_cert *c = s->node[i];

	return s->time >= c->from && s->time <= c->until && structure_good(s, c, depth);
}

static void reach(struct search *s, size_t i, size_t from, size_t depth)
{
	s->reached[i] = true;
	s->from[i] = from;
	s->depth[i] = depth;
	s->queue[s->seen++] = i;
}

/* From the leaf to a node for which end is true; NODES when there is none. strict: over good certificates only. */
static size_t walk(struct search *s, bool strict, bool (*end)(const struct search *, const struct bl_cert *))
{
	memset(s->reached, 0, sizeof s->reached);
	s->seen = 0;
	if (!strict || node_good(s, 0, 0))
		reach(s, 0, 0, 0);
	for (size_t at = 0; at < s->seen; at++) {
		const size_t i = s->queue[at], depth = s->depth[i] + 1;

		if (end(s, s->node[i]))
			return i;
		for (size_t j = 0; j < s->n && depth < BL_CERT_MOST; j++)
			if (!s->reached[j] && (!strict || node_good(s, j, depth)) && edge(s, i, j))
				reach(s, j, i, depth);
	}
	return NODES;
}

static bool is_root(const struct search *s, const struct bl_cert *c)
{
	(void)s;
	return bl_cert_self_issued(c);
}

static void trace(const struct search *s, size_t i, struct bl_cert_path *path)
{
	path->n = s->depth[i] + 1;
	for (size_t d = path->n; d-- > 0; i = s->from[i])
		path->v[d] = s->node[i];
}

static enum bl_cert_verdict blame(const struct search *s, struct bl_cert_path *path)
{
	for (size_t d = 0; d < path->n; d++) {
		path->at = path->v[d];
		if (!structure_good(s, path->at, d))
			return BL_CERT_PATH;
	}
	for (size_t d = 0; d < path->n; d++) {
		path->at = path->v[d];
		if (s->time > path->at->until)
			return BL_CERT_EXPIRED;
		if (s->time < path->at->from)
			return BL_CERT_EARLY;
	}
	return BL_CERT_CHAIN;
}

static enum bl_cert_verdict find(struct search *s, struct bl_cert_path *path)
{
	size_t i = walk(s, true, is_anchor);

	if (i != NODES) {
		trace(s, i, path);
		path->at = NULL;
		return BL_CERT_GOOD;
	}
	/* Again, over anything that is signed, to say what is wrong. */
	if ((i = walk(s, false, is_anchor)) != NODES) {
		trace(s, i, path);
		return blame(s, path);
	}
	if ((i = walk(s, false, is_root)) != NODES) {
		trace(s, i, path);
		path->at = s->node[i];
		return BL_CERT_ROOT;
	}
	i = s->queue[s->seen - 1];
	trace(s, i, path);
	path->at = s->node[i];
	return BL_CERT_CHAIN;
}

enum bl_cert_verdict bl_cert_chain(const struct bl_cert *leaf, const struct bl_certs *candidates, const struct bl_cert_anchors *anchors,
				   int64_t time, struct bl_cert_path *path)
{
	struct search s = { .anchors = anchors, .time = time };
	struct bl_cert_path none;

	add_node(&s, leaf);
	for (size_t i = 0; candidates && i < candidates->n; i++)
		add_node(&s, candidates->v[i]);
	for (size_t i = 0; i < anchors->own.n; i++)
		add_node(&s, anchors->own.v[i]);
	return find(&s, path ? path : &none);
}
