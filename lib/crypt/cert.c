/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert: see cert.h. The outline of a certificate (RFC 5280, section 4.1) is walked here, in DER and nothing but DER; names and signatures
 * are OpenSSL's. Its d2i_X509 is not used: it decodes every public key, of which most are never needed, at three times the cost of
 * verifying an RSA signature. What a certificate may do, and which certificates make a path, is decided here, in sight.
 */
#include "crypt/cert.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "crypt/certwork.h"
#include "crypt/keywrap.h"

enum { EXTENSIONS = 64, SERIAL = 64, NAME = 2048, ATTRIBUTES = 32, NO_LIMIT = 1 << 20 };

struct extension { struct bl_der oid, value; bool critical; };	/* contents */

/* Text of a name, made when first asked for. */
struct text { struct text *next; bool issuer; int nid; char s[]; };

struct bl_cert {
	uint8_t *der;
	size_t n;
	struct bl_cert_envelope envelope;
	struct bl_der algorithm, serial, spki;	/* whole elements */
	X509_NAME *issuer, *subject;
	int64_t from, until;
	struct extension ext[EXTENSIONS];
	size_t next;
	struct bl_key *key;
	bool ca, has_usage;
	uint32_t usage;
	long path;		/* most certificates between this one and the leaf; NO_LIMIT */
	int self;		/* of bl_cert_self_issued: 0 not known yet, 1 yes, -1 no */
	struct text *text;
};

X509_NAME *bl_cert_name(const struct bl_cert *c, bool issuer)
{
	return issuer ? c->issuer : c->subject;
}

struct bl_der bl_cert_serial(const struct bl_cert *c)
{
	return c->serial;
}

/* --- elements --- */

bool bl_cert_open(struct bl_cert_envelope *e, const uint8_t *der, size_t n)
{
	struct bl_der s = { der, n }, in;

	if (!bl_der_enter(&s, BL_DER_SEQUENCE, &in) || s.n || !bl_der_take(&in, BL_DER_SEQUENCE, &e->tbs) || !bl_der_take(&in, BL_DER_SEQUENCE, &e->algorithm) ||
	    !bl_der_enter(&in, BL_DER_BITS, &e->signature) || in.n || !e->signature.n || *e->signature.p /* bits that are not used */)
		return false;
	e->signature.p++;
	e->signature.n--;
	return true;
}

/* --- extensions --- */

static const struct extension *find_extension(const struct bl_cert *c, const char *dotted)
{
	for (size_t i = 0; i < c->next; i++)
		if (bl_der_is_oid(c->ext[i].oid, dotted))
			return &c->ext[i];
	return NULL;
}

static const char basic_constraints[] = "2.5.29.19", key_usage[] = "2.5.29.15";

/* BasicConstraints: sequence of {cA boolean, default false; pathLenConstraint, where cA is true}. */
static bool read_constraints(struct bl_cert *c, struct bl_der s)
{
	struct bl_der in, len;

	if (!bl_der_enter(&s, BL_DER_SEQUENCE, &in) || s.n || !bl_der_take_bool(&in, &c->ca))
		return false;
	c->path = NO_LIMIT;
	if (!in.n)
		return true;
	if (!c->ca || !bl_der_enter(&in, BL_DER_INTEGER, &len) || in.n || !len.n || *len.p & 0x80)
		return false;
	/* A length of many bytes limits nothing. */
	if (len.n <= 2)
		c->path = len.n == 1 ? len.p[0] : len.p[0] << 8 | len.p[1];
	return true;
}

static bool read_usage(struct bl_cert *c, struct bl_der s)
{
	struct bl_der in;

	if (!bl_der_enter(&s, BL_DER_BITS, &in) || s.n || in.n < 2 || in.n > 3 || *in.p > 7)
		return false;
	c->has_usage = true;
	c->usage = in.p[1];
	return true;
}

static int read_extension(struct bl_cert *c, struct bl_der *s, struct bl_err *err)
{
	struct extension *x = &c->ext[c->next];
	struct bl_der in;

	if (c->next == EXTENSIONS)
		return bl_err_set(err, BL_DATA, "certificate with more than %d extensions", EXTENSIONS);
	if (!bl_der_enter(s, BL_DER_SEQUENCE, &in) || !bl_der_enter(&in, BL_DER_OID, &x->oid) || !x->oid.n || !bl_der_take_bool(&in, &x->critical) ||
	    !bl_der_enter(&in, BL_DER_OCTETS, &x->value) || in.n)
		return bl_err_set(err, BL_DATA, "certificate with an extension that cannot be read");
	for (size_t i = 0; i < c->next; i++)
		if (bl_der_same(c->ext[i].oid, x->oid))
			return bl_err_set(err, BL_DATA, "certificate with an extension twice");
	if ((bl_der_is_oid(x->oid, basic_constraints) && !read_constraints(c, x->value)) || (bl_der_is_oid(x->oid, key_usage) && !read_usage(c, x->value)))
		return bl_err_set(err, BL_DATA, "certificate with basic constraints or a key usage that cannot be read");
	c->next++;
	return 0;
}

/* --- parsing --- */

/* Name: a sequence of sets of {type, value}. OpenSSL takes 250 bytes for each of these, so that they are counted first. */
static bool name_fits(struct bl_der s)
{
	struct bl_der in, set, x;
	size_t n = 0;

	if (s.n > NAME || !bl_der_enter(&s, BL_DER_SEQUENCE, &in))
		return false;
	while (in.n) {
		if (!bl_der_enter(&in, BL_DER_SET, &set))
			return false;
		for (; set.n; n++)
			if (!bl_der_take(&set, BL_DER_SEQUENCE, &x))
				return false;
	}
	return n <= ATTRIBUTES;
}

X509_NAME *bl_cert_read_name(struct bl_der *s)
{
	struct bl_der all;
	const uint8_t *p;
	X509_NAME *name;

	if (!bl_der_take(s, BL_DER_SEQUENCE, &all) || !name_fits(all))
		return NULL;
	p = all.p;
	name = d2i_X509_NAME(NULL, &p, (long)all.n);
	ERR_clear_error();
	if (name && p == all.p + all.n)
		return name;
	X509_NAME_free(name);
	return NULL;
}

/* TBSCertificate, up to its extensions. */
static int read_tbs(struct bl_cert *c, struct bl_err *err)
{
	static const uint8_t version3[] = { 0xa0, 3, 2, 1, 2 };
	struct bl_der s = c->envelope.tbs, in, x, list;
	bool v3;

	c->path = NO_LIMIT;
	bl_der_enter(&s, BL_DER_SEQUENCE, &in);
	v3 = in.n > sizeof version3 && !memcmp(in.p, version3, sizeof version3);
	if (bl_der_next_is(in, 0xa0) && !bl_der_take(&in, 0xa0, &x))
		return bl_err_set(err, BL_DATA, "not an X.509 certificate");
	if (!bl_der_take(&in, BL_DER_INTEGER, &c->serial) || c->serial.n < 3 || c->serial.n > SERIAL || !bl_der_take(&in, BL_DER_SEQUENCE, &c->algorithm) ||
	    !(c->issuer = bl_cert_read_name(&in)) || !bl_der_enter(&in, BL_DER_SEQUENCE, &x))
		return bl_err_set(err, BL_DATA, "not an X.509 certificate");
	if (!bl_der_take_time(&x, &c->from) || !bl_der_take_time(&x, &c->until) || x.n)
		return bl_err_set(err, BL_DATA, "certificate with a validity that is not of RFC 5280");
	if (!(c->subject = bl_cert_read_name(&in)) || !bl_der_take(&in, BL_DER_SEQUENCE, &c->spki))
		return bl_err_set(err, BL_DATA, "not an X.509 certificate");
	for (uint8_t unique = 0x81; unique <= 0x82; unique++)
		if (bl_der_next_is(in, unique) && !bl_der_take(&in, unique, &x))
			return bl_err_set(err, BL_DATA, "not an X.509 certificate");
	if (!in.n)
		return 0;
	if (!v3)
		return bl_err_set(err, BL_DATA, "certificate with extensions that is not of version 3");
	if (!bl_der_enter(&in, 0xa3, &x) || in.n || !bl_der_enter(&x, BL_DER_SEQUENCE, &list) || x.n || !list.n)
		return bl_err_set(err, BL_DATA, "not an X.509 certificate");
	while (list.n)
		if (read_extension(c, &list, err))
			return -1;
	return 0;
}

static int read_cert(struct bl_cert *c, const uint8_t *der, size_t n, struct bl_err *err)
{
	if (n > BL_CERT_SIZE)
		return bl_err_set(err, BL_DATA, "certificate of more than %d bytes", BL_CERT_SIZE);
	if (!n || bl_der_length(der, n, BL_DER_SEQUENCE, NULL) != n)
		return bl_err_set(err, BL_DATA, "not an X.509 certificate, or not one alone");
	if (!(c->der = malloc(n)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	memcpy(c->der, der, n);
	c->n = n;
	if (!bl_cert_open(&c->envelope, c->der, n))
		return bl_err_set(err, BL_DATA, "not an X.509 certificate");
	if (read_tbs(c, err))
		return -1;
	c->key = bl_key_wrap(c->spki.p, c->spki.n);
	return c->key ? 0 : bl_err_set(err, BL_OSERR, "out of memory");
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
	X509_NAME_free(c->issuer);
	X509_NAME_free(c->subject);
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
	const X509_NAME *name = bl_cert_name(c, issuer);
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
	const struct extension *x = find_extension(c, oid);

	if (!x)
		return NULL;
	*n = x->value.n;
	return x->value.p;
}

/* --- signatures --- */

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

/* AlgorithmIdentifier: sequence of {OID, parameters}. */
static const struct algorithm *algorithm(struct bl_der s)
{
	const uint8_t *p = s.p;
	X509_ALGOR *a = d2i_X509_ALGOR(NULL, &p, (long)s.n);
	const struct algorithm *found = NULL;
	const ASN1_OBJECT *o;
	bool pss;
	int nid;

	if (a) {
		X509_ALGOR_get0(&o, NULL, NULL, a);
		nid = OBJ_obj2nid(o);
		if ((pss = nid == NID_rsassaPss))
			nid = pss_hash(a);
		for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
			if (algorithms[i].nid == nid && pss == (algorithms[i].scheme == PSS))
				found = &algorithms[i];
	}
	X509_ALGOR_free(a);
	ERR_clear_error();
	return found;
}

bool bl_cert_signed(const struct bl_cert_envelope *e, struct bl_der inside, const struct bl_key *key)
{
	/* The algorithm stands twice, and only what is inside is signed: they must be the same bytes. */
	const struct algorithm *g = bl_der_same(e->algorithm, inside) ? algorithm(inside) : NULL;
	const enum bl_key_kind kind = bl_key_kind(key);

	if (!g || (g->scheme == ECDSA ? kind != BL_KEY_P256 && kind != BL_KEY_P384 : kind != BL_KEY_RSA))
		return false;
	return (g->scheme == PSS ? bl_key_check_pss : bl_key_check)(key, g->hash, e->tbs.p, e->tbs.n, e->signature.p, e->signature.n);
}

/* --- links --- */

static bool names_match(const struct bl_cert *c, const struct bl_cert *by)
{
	return !X509_NAME_cmp(c->issuer, by->subject);
}

static bool verifies(const struct bl_cert *c, const struct bl_cert *by)
{
	return bl_cert_signed(&c->envelope, c->algorithm, by->key);
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
	for (size_t i = 0; i < c->next; i++) {
		const struct extension *x = &c->ext[i];
		bool known = !x->critical || bl_der_is_oid(x->oid, basic_constraints) || bl_der_is_oid(x->oid, key_usage);

		for (const char *const *r = s->anchors->reads; !known && r && *r; r++)
			known = bl_der_is_oid(x->oid, *r);
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
