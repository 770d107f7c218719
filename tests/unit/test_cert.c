/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and revocation lists that OpenSSL wrote: what is read, which paths hold at which time, and all that must not. */
#include "../attest.h"
#include "../tap.h"

#include "base/text.h"
#include "crypt/hash.h"
#include "crypt/mem.h"

static struct bl_err err;

/* --- a small world: root, middle, leaf --- */

struct world {
	struct attest_cert *made[3];		/* root, middle, leaf */
	struct bl_cert *leaf;
	struct bl_certs cand;			/* root and middle */
	struct bl_cert_anchors anchors;		/* the root's key, no certificate */
	struct bl_cert_path path;
};

static void add(struct bl_certs *s, const struct attest_cert *c)
{
	s->v[s->n++] = attest_parse(c);
}

static void world_fini(struct world *w)
{
	bl_cert_free(w->leaf);
	bl_certs_fini(&w->cand);
	bl_certs_fini(&w->anchors.own);
	memset(w, 0, sizeof *w);
}

static const struct attest_spec root_spec = { .subject = "CN=root,O=tests", .ca = true }, middle_spec = { .subject = "CN=middle,O=tests", .ca = true },
				leaf_spec = { .subject = "CN=leaf,O=tests" };

static void world_make(struct world *w, enum attest_kind kind, const struct attest_spec *r, const struct attest_spec *m, const struct attest_spec *l)
{
	memset(w, 0, sizeof *w);
	w->made[0] = attest_issue(NULL, attest_key(kind), r ? r : &root_spec);
	w->made[1] = attest_issue(w->made[0], attest_key(kind), m ? m : &middle_spec);
	w->made[2] = attest_issue(w->made[1], attest_key(ATTEST_P384), l ? l : &leaf_spec);
	w->leaf = attest_parse(w->made[2]);
	add(&w->cand, w->made[0]);
	add(&w->cand, w->made[1]);
	bl_key_hash(bl_cert_key(w->cand.v[0]), w->anchors.key[w->anchors.n++]);
}

static enum bl_cert_verdict judge(struct world *w, int64_t time)
{
	return bl_cert_chain(w->leaf, &w->cand, &w->anchors, time, &w->path);
}

/* One world, one verdict; blamed is the CN to blame, NULL for none. */
static void expect(const struct attest_spec *r, const struct attest_spec *m, const struct attest_spec *l, enum bl_cert_verdict want, const char *blamed, const char *promise)
{
	struct world w;
	enum bl_cert_verdict got;
	const char *cn;

	world_make(&w, ATTEST_P256, r, m, l);
	got = judge(&w, ATTEST_NOW);
	cn = w.path.at ? bl_cert_subject(w.path.at, "CN") : NULL;
	ok(got == want && (blamed ? cn && !strcmp(cn, blamed) : !w.path.at), "%s", promise);
	if (got != want)
		printf("# verdict %d, wanted %d, blamed %s\n", got, want, cn ? cn : "nobody");
	world_fini(&w);
}

/* --- paths --- */

static void kinds(void)
{
	static const struct { enum attest_kind kind; const char *name; } all[] = {
		{ ATTEST_RSA4096, "RSA-4096 PSS" }, { ATTEST_P384, "P-384" }, { ATTEST_P256, "P-256" } };
	static const char *const cn[] = { "leaf", "middle", "root" };
	struct world w;

	for (size_t i = 0; i < 3; i++) {
		bool good = true;

		world_make(&w, all[i].kind, NULL, NULL, NULL);
		ok(judge(&w, ATTEST_NOW) == BL_CERT_GOOD && w.path.n == 3 && !w.path.at, "%s: a path from leaf to anchor is good", all[i].name);
		for (size_t j = 0; j < w.path.n; j++)
			good &= !strcmp(bl_cert_subject(w.path.v[j], "CN"), cn[j]);
		ok(good, "%s: it is given leaf first, root last", all[i].name);
		world_fini(&w);
	}
	expect(&(struct attest_spec){ .subject = "CN=root", .ca = true, .pkcs1 = true }, NULL, NULL, BL_CERT_GOOD, NULL, "names may differ in their parts");
}

static void times(void)
{
	static const struct attest_spec old = { .subject = "CN=middle", .ca = true, .until = ATTEST_NOW - 1 }, edge = { .subject = "CN=middle", .ca = true, .until = ATTEST_NOW },
		young = { .subject = "CN=leaf", .from = ATTEST_NOW + 1 }, now = { .subject = "CN=leaf", .from = ATTEST_NOW },
		old_root = { .subject = "CN=root", .ca = true, .until = ATTEST_NOW - 1 },
		ever = { .subject = "CN=leaf", .from = 0, .until = ATTEST_YEAR_9999 }, past = { .subject = "CN=leaf", .from = -631152000, .until = ATTEST_NOW };
	struct world w;

	expect(NULL, &old, NULL, BL_CERT_EXPIRED, "middle", "a path is expired when one certificate is, which is named");
	expect(NULL, &edge, NULL, BL_CERT_GOOD, NULL, "the last second counts");
	expect(NULL, NULL, &young, BL_CERT_EARLY, "leaf", "before notBefore is early, not expired");
	expect(NULL, NULL, &now, BL_CERT_GOOD, NULL, "the first second counts");
	expect(&old_root, NULL, NULL, BL_CERT_EXPIRED, "root", "a root expires too");
	world_make(&w, ATTEST_P256, NULL, NULL, &ever);
	ok(bl_cert_until(w.leaf) == ATTEST_YEAR_9999 && bl_cert_from(w.leaf) == ATTEST_FROM, "a validity to 9999-12-31 is read to the second");
	world_fini(&w);
	world_make(&w, ATTEST_P256, NULL, NULL, &past);
	is_int(bl_cert_from(w.leaf), -631152000, "so is one from 1950");
	world_fini(&w);
}

static void structure(void)
{
	static const struct attest_spec plain = { .subject = "CN=middle" }, no_sign = { .subject = "CN=middle", .ca = true, .usage = KU_CRL_SIGN },
		no_usage = { .subject = "CN=middle", .ca = true, .no_usage = true }, no_bc = { .subject = "CN=middle", .ca = true, .no_constraints = true },
		root0 = { .subject = "CN=root", .ca = true, .has_path = true, .path = 0 }, root1 = { .subject = "CN=root", .ca = true, .has_path = true, .path = 1 },
		middle0 = { .subject = "CN=middle", .ca = true, .has_path = true, .path = 0 },
		plain_root = { .subject = "CN=root" },
		cipher = { .subject = "CN=leaf", .usage = KU_KEY_ENCIPHERMENT }, signs = { .subject = "CN=leaf", .usage = KU_DIGITAL_SIGNATURE },
		odd = { .subject = "CN=leaf", .ext = { { "1.2.3.4.5", true, "\5\0", 2 } } }, fine = { .subject = "CN=leaf", .ext = { { "1.2.3.4.5", false, "x", 1 } } },
		odd_middle = { .subject = "CN=middle", .ca = true, .ext = { { "2.5.29.30", true, "\x30\0", 2 } } };
	static const char *const reads[] = { "1.2.3.4", "1.2.3.4.5", NULL };
	struct world w;

	expect(NULL, &plain, NULL, BL_CERT_PATH, "middle", "a certificate without the CA flag issues none");
	expect(NULL, &no_bc, NULL, BL_CERT_PATH, "middle", "nor does one without basic constraints, whatever its key usage says");
	expect(NULL, &no_sign, NULL, BL_CERT_PATH, "middle", "nor one whose key usage leaves out keyCertSign");
	expect(NULL, &no_usage, NULL, BL_CERT_GOOD, NULL, "one without any key usage does");
	expect(&plain_root, NULL, NULL, BL_CERT_PATH, "root", "a root must be a CA like any other");
	expect(&root0, NULL, NULL, BL_CERT_PATH, "root", "a path length of 0 leaves no room for a certificate between");
	expect(&root1, &middle0, NULL, BL_CERT_GOOD, NULL, "path lengths that fit are good");
	expect(NULL, NULL, &cipher, BL_CERT_PATH, "leaf", "a leaf that may only encipher signs nothing");
	expect(NULL, NULL, &signs, BL_CERT_GOOD, NULL, "a leaf may say that it signs");
	expect(NULL, NULL, &odd, BL_CERT_PATH, "leaf", "an unknown critical extension of the leaf refuses the path");
	expect(NULL, &odd_middle, NULL, BL_CERT_PATH, "middle", "so do name constraints further up: they are not read");
	expect(NULL, NULL, &fine, BL_CERT_GOOD, NULL, "an unknown extension that is not critical does not");
	world_make(&w, ATTEST_P256, NULL, NULL, &odd);
	w.anchors.reads = reads;
	ok(judge(&w, ATTEST_NOW) == BL_CERT_GOOD, "a critical extension that the caller reads does not either");
	w.anchors.reads = (const char *const[]){ "1.2.3.4", NULL };
	ok(judge(&w, ATTEST_NOW) == BL_CERT_PATH, "but only that one");
	world_fini(&w);
}

static void algorithms(void)
{
	static const struct attest_spec sha1 = { .subject = "CN=leaf", .has_hash = true, .hash = BL_KEY_SHA1 };
	struct world w;

	expect(NULL, NULL, &sha1, BL_CERT_CHAIN, "leaf", "a signature with SHA-1 is none");
	for (int pkcs1 = 0; pkcs1 < 2; pkcs1++) {
		const struct attest_spec l = { .subject = "CN=leaf", .has_hash = true, .hash = BL_KEY_SHA1, .pkcs1 = pkcs1 };

		world_make(&w, ATTEST_RSA2048, NULL, NULL, &l);
		ok(judge(&w, ATTEST_NOW) == BL_CERT_CHAIN, "nor is one with RSA %s", pkcs1 ? "PKCS #1" : "PSS");
		world_fini(&w);
	}
	world_make(&w, ATTEST_RSA2048, NULL, NULL, &(struct attest_spec){ .subject = "CN=leaf", .pkcs1 = true, .has_hash = true, .hash = BL_KEY_SHA256 });
	ok(judge(&w, ATTEST_NOW) == BL_CERT_GOOD, "RSA PKCS #1 with SHA-256 is good");
	world_fini(&w);
	world_make(&w, ATTEST_RSA1024, NULL, NULL, NULL);
	ok(judge(&w, ATTEST_NOW) == BL_CERT_CHAIN && bl_key_kind(bl_cert_key(w.cand.v[1])) == BL_KEY_OTHER, "a key of RSA-1024 issues nothing");
	world_fini(&w);
	world_make(&w, ATTEST_P521, NULL, NULL, NULL);
	ok(judge(&w, ATTEST_NOW) == BL_CERT_CHAIN, "nor does one of P-521: it is not among those that are read");
	world_fini(&w);
}

static void links(void)
{
	static const struct attest_spec wrong = { .subject = "CN=leaf", .issuer = "CN=somebody" };
	struct world w, other;
	struct bl_cert *keep;

	expect(NULL, NULL, &wrong, BL_CERT_CHAIN, "leaf", "an issuer's name must match, though the signature does");
	world_make(&w, ATTEST_P256, NULL, NULL, NULL);
	world_make(&other, ATTEST_P256, NULL, NULL, NULL);
	w.anchors = other.anchors;
	ok(judge(&w, ATTEST_NOW) == BL_CERT_ROOT && w.path.n == 3 && w.path.at == w.cand.v[0], "a path to another root of the same name is to no anchor");
	ok(judge(&w, ATTEST_UNTIL + 1) == BL_CERT_ROOT, "which is said even when it is expired too");
	keep = w.cand.v[1];
	w.cand.v[1] = other.cand.v[1];
	ok(judge(&w, ATTEST_NOW) == BL_CERT_CHAIN && w.path.n == 1, "a certificate of the issuer's name with another key issued nothing");
	w.cand.v[1] = keep;
	world_fini(&other);
	world_fini(&w);

	world_make(&w, ATTEST_P256, NULL, NULL, NULL);
	w.cand.n = 1;
	ok(judge(&w, ATTEST_NOW) == BL_CERT_CHAIN && w.path.n == 1 && w.path.at == w.leaf, "a missing link is no path");
	w.cand.n = 2;
	bl_cert_free(w.cand.v[0]);
	w.cand.v[0] = w.cand.v[1];
	w.cand.n = 1;
	ok(judge(&w, ATTEST_NOW) == BL_CERT_CHAIN && w.path.n == 2, "nor is one whose root nobody brought");
	attest_anchor(&w.anchors, w.made[0]);
	ok(judge(&w, ATTEST_NOW) == BL_CERT_GOOD, "the anchor's own certificate will do");
	keep = w.anchors.own.v[0];
	ok(bl_cert_chain(keep, NULL, &w.anchors, ATTEST_NOW, &w.path) == BL_CERT_GOOD && w.path.n == 1, "an anchor is a path by itself");
	w.anchors.n = 0;
	ok(judge(&w, ATTEST_NOW) == BL_CERT_ROOT, "without a pinned key its certificate is worth nothing");
	world_fini(&w);
}

/* A certificate for the anchor's key by somebody else is not the anchor. */
static void borrowed_key(void)
{
	struct attest_cert *root = attest_issue(NULL, attest_key(ATTEST_P256), &root_spec), *rogue = attest_issue(NULL, attest_key(ATTEST_P256), &root_spec),
			   *fake = attest_issue(rogue, root->key, &(struct attest_spec){ .subject = "CN=fake", .ca = true });
	struct bl_cert_anchors a = { .n = 1 };
	struct bl_cert *f = attest_parse(fake);
	struct bl_certs none = { .n = 0 };

	bl_key_hash(bl_cert_key(f), a.key[0]);
	ok(bl_cert_chain(f, &none, &a, ATTEST_NOW, NULL) == BL_CERT_CHAIN, "a certificate of the anchor's key by somebody else is not the anchor");
	bl_cert_free(f);
}

/* Two roots of one name and key, one of them expired: the other is found, wherever it stands. */
static void two_roots(void)
{
	EVP_PKEY *key = attest_key(ATTEST_P256);
	struct attest_cert *old = attest_issue(NULL, key, &(struct attest_spec){ .subject = "CN=root", .ca = true, .until = ATTEST_NOW - 9 }),
			   *new = attest_issue(NULL, key, &(struct attest_spec){ .subject = "CN=root", .ca = true }),
			   *leaf = attest_issue(new, attest_key(ATTEST_P256), &leaf_spec);
	struct bl_cert_anchors a = { .n = 0 };
	struct bl_cert *l = attest_parse(leaf);
	struct bl_certs cand = { .n = 0 };

	attest_anchor(&a, old);
	add(&cand, old);
	ok(bl_cert_chain(l, &cand, &a, ATTEST_NOW, NULL) == BL_CERT_EXPIRED, "an expired root is expired");
	add(&cand, new);
	ok(bl_cert_chain(l, &cand, &a, ATTEST_NOW, NULL) == BL_CERT_GOOD, "unless the same key has a newer certificate, behind it");
	bl_certs_fini(&cand);
	add(&cand, new);
	add(&cand, old);
	ok(bl_cert_chain(l, &cand, &a, ATTEST_NOW, NULL) == BL_CERT_GOOD, "or before it");
	bl_certs_fini(&cand);
	bl_certs_fini(&a.own);
	bl_cert_free(l);
}

/* Candidates that all could have issued each other: the search ends soon, and says no. */
static void flood(void)
{
	static const struct attest_spec same = { .subject = "CN=same", .ca = true };
	EVP_PKEY *key = attest_key(ATTEST_P256);
	struct attest_cert *self = attest_issue(NULL, key, &same);
	struct bl_cert_anchors a = { .n = 1 };
	struct bl_cert_path path;
	struct bl_certs cand = { .n = 0 };
	struct bl_cert *l = attest_parse(attest_issue(self, attest_key(ATTEST_P256), &leaf_spec));

	while (cand.n < BL_CERT_MOST)
		add(&cand, attest_issue(self, cand.n & 1 ? key : attest_key(ATTEST_P256), &same));
	memset(a.key[0], 1, 32);
	ok(bl_cert_chain(l, &cand, &a, ATTEST_NOW, &path) != BL_CERT_GOOD, "candidates that issued each other end in no anchor, soon");
	bl_certs_fini(&cand);
	bl_cert_free(l);
}

static void long_path(void)
{
	struct attest_cert *at = attest_issue(NULL, attest_key(ATTEST_P256), &root_spec);
	struct bl_cert_anchors a = { .n = 0 };
	struct bl_cert_path path;
	struct bl_certs cand = { .n = 0 };
	struct bl_cert *l;
	char name[32];

	attest_anchor(&a, at);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "CN=ca %d", i);
		at = attest_issue(at, attest_key(ATTEST_P256), &(struct attest_spec){ .subject = name, .ca = true });
		add(&cand, at);
	}
	l = attest_parse(attest_issue(at, attest_key(ATTEST_P256), &leaf_spec));
	ok(bl_cert_chain(l, &cand, &a, ATTEST_NOW, &path) == BL_CERT_GOOD && path.n == 22, "a path of 22 certificates is found");
	bl_certs_fini(&cand);
	bl_certs_fini(&a.own);
	bl_cert_free(l);
}

/* --- reading --- */

static void fields(void)
{
	static const uint8_t hwid[64] = { 7, 0, 9 };
	static const char *const no_oid[] = { "", ".", "1", "1.", "1.2.3.", "1..2.3", "3.2.3", "1.2.-3", " 1.2.3", "1.2.3x", "1.2.4294967296", "1.2.18446744073709551619" };
	struct world w;
	size_t n;
	const uint8_t *p;
	uint8_t h[32], want[32], *spki = NULL;

	world_make(&w, ATTEST_P256, NULL, NULL,
		   &(struct attest_spec){ .subject = "CN=first,OU=a,OU=b,O=Größe", .ext = { { "1.3.6.1.4.1.3704.1.4", false, hwid, 64 }, { "1.2.3", false, "", 0 } } });
	p = bl_cert_extension(w.leaf, "1.3.6.1.4.1.3704.1.4", &n);
	ok(p && n == 64 && !memcmp(p, hwid, 64), "an extension is given as it stands in its OCTET STRING");
	p = bl_cert_extension(w.leaf, "1.2.3", &n);
	ok(n == 0, "an empty one is empty");
	ok(!bl_cert_extension(w.leaf, "1.3.6.1.4.1.3704.1.5", &n) && !bl_cert_extension(w.leaf, "no oid", &n), "one that is not there is NULL");
	for (size_t i = 0; i < sizeof no_oid / sizeof *no_oid; i++)
		ok(!bl_cert_extension(w.leaf, no_oid[i], &n), "'%s' names no extension", no_oid[i]);
	is_str(bl_cert_subject(w.leaf, "CN"), "first", "the subject's CN is read");
	is_str(bl_cert_subject(w.leaf, "OU"), "a", "of several values the first");
	is_str(bl_cert_subject(w.leaf, "O"), "Größe", "as UTF-8");
	is_str(bl_cert_issuer(w.leaf, "CN"), "middle", "and the issuer's");
	is_str(bl_cert_subject(w.leaf, "CN"), "first", "and the subject's again");
	ok(!bl_cert_subject(w.leaf, "L") && !bl_cert_subject(w.leaf, "nonsense"), "what is not there is NULL");
	p = bl_cert_der(w.leaf, &n);
	ok(n == w.made[2]->n && !memcmp(p, w.made[2]->der, n), "the bytes are those that were parsed");
	n = (size_t)i2d_PUBKEY(w.made[2]->key, &spki);
	bl_hash_sha256(spki, n, want);
	bl_key_hash(bl_cert_key(w.leaf), h);
	ok(!memcmp(h, want, 32), "the hash of its key is that of the SubjectPublicKeyInfo in it");
	OPENSSL_free(spki);
	ok(bl_cert_is_ca(w.cand.v[0]) && !bl_cert_is_ca(w.leaf), "a CA is one, a leaf is not");
	ok(bl_cert_self_issued(w.cand.v[0]) && !bl_cert_self_issued(w.cand.v[1]) && !bl_cert_self_issued(w.leaf), "only the root is self-signed");
	ok(bl_cert_issued(w.leaf, w.cand.v[1]) && !bl_cert_issued(w.leaf, w.cand.v[0]) && !bl_cert_issued(w.cand.v[1], w.leaf), "a certificate is issued by its issuer alone");
	ok(bl_cert_same(w.leaf, w.leaf) && !bl_cert_same(w.leaf, w.cand.v[0]), "a certificate is the same as itself");
	world_fini(&w);
}

static void refused_extensions(void)
{
	static const struct { struct attest_spec spec; const char *promise; } bad[] = {
		{ { .ext = { { "1.2.3", false, "a", 1 }, { "1.2.3", false, "b", 1 } } }, "an extension twice is exit 65" },
		{ { .ext = { { "2.5.29.19", true, "\x30\x05\x01", 3 } } }, "basic constraints that are cut short are exit 65" },
		{ { .ext = { { "2.5.29.15", true, "\x30\x00", 2 } } }, "a key usage that is no bit string is exit 65" },
		{ { .has_path = true, .path = 3 }, "a path length without the CA flag is exit 65" },
		{ { .ca = true, .has_path = true, .path = 0xff }, "a negative path length is exit 65" },
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct attest_cert *c = attest_issue(NULL, attest_key(ATTEST_P256), &bad[i].spec);

		err.code = 0;
		ok(!bl_cert_parse(c->der, c->n, &err) && err.code == BL_DATA, "%s", bad[i].promise);
	}
}

/* No byte of a certificate can change and the path still be good. */
static void flips(enum attest_kind kind, const char *name)
{
	struct world w;
	uint8_t *bad;
	size_t good = 0, parsed = 0;

	world_make(&w, kind, NULL, NULL, NULL);
	bad = malloc(w.made[2]->n + 1);
	for (size_t i = 0; i < w.made[2]->n; i++)
		for (int bit = 0; bit < 8; bit += kind == ATTEST_RSA2048 ? 1 : 3) {
			struct bl_cert *c;

			memcpy(bad, w.made[2]->der, w.made[2]->n);
			bad[i] ^= (uint8_t)(1 << bit);
			if (!(c = bl_cert_parse(bad, w.made[2]->n, &err)))
				continue;
			parsed++;
			good += bl_cert_chain(c, &w.cand, &w.anchors, ATTEST_NOW, &w.path) == BL_CERT_GOOD;
			bl_cert_free(c);
		}
	ok(parsed > 100 && !good, "%s: no bit of a certificate can change", name);
	memcpy(bad, w.made[2]->der, w.made[2]->n);
	bad[w.made[2]->n] = 0;
	ok(!bl_cert_parse(bad, w.made[2]->n + 1, &err) && err.code == BL_DATA, "%s: a byte after it is exit 65", name);
	for (size_t i = 0; i < w.made[2]->n; i++)
		if (bl_cert_parse(bad, i, &err))
			good++;
	ok(!good, "%s: cut short anywhere is exit 65", name);
	free(bad);
	world_fini(&w);
}

/* BER that is not DER: the outer length in more bytes than it needs. */
static void not_der(void)
{
	struct attest_cert *c = attest_issue(NULL, attest_key(ATTEST_P256), &root_spec);
	uint8_t *ber = malloc(c->n + 1);

	ber[0] = c->der[0];
	memcpy(ber + 1, (uint8_t[]){ 0x83, 0, c->der[2], c->der[3] }, 4);
	memcpy(ber + 5, c->der + 4, c->n - 4);
	ok(c->der[1] == 0x82 && !bl_cert_parse(ber, c->n + 1, &err) && err.code == BL_DATA, "a length in more bytes than it needs is exit 65");
	free(ber);
}

/* --- files --- */

static int parse_text(struct bl_certs *s, const char *before, const char *pem, const char *after, size_t nafter)
{
	struct bl_buf b;
	int ret;

	bl_buf_init(&b, 1 << 20);
	bl_buf_puts(&b, before);
	bl_buf_puts(&b, pem);
	bl_buf_put(&b, after, nafter);
	ret = bl_certs_parse(s, b.p, b.len, &err);
	bl_buf_fini(&b);
	return ret;
}

static void files(void)
{
	struct world w;
	struct bl_certs s;
	struct bl_buf b, der;
	char *pem, *half;

	world_make(&w, ATTEST_P256, NULL, NULL, NULL);
	bl_buf_init(&b, 1 << 20);
	bl_buf_init(&der, 1 << 20);
	for (size_t i = 3; i-- > 0;) {
		attest_pem(&b, w.made[i]);
		bl_buf_put(&der, w.made[i]->der, w.made[i]->n);
	}
	bl_buf_put8(&b, 0);
	pem = (char *)b.p;
	ok(!parse_text(&s, "", pem, "", 0) && s.n == 3 && bl_cert_same(s.v[0], w.leaf), "a PEM chain is read in its order");
	bl_certs_fini(&s);
	ok(!parse_text(&s, "", pem, "\n\0\0\0", 4) && s.n == 3, "with NULs after it, as quotes have them");
	bl_certs_fini(&s);
	ok(!parse_text(&s, "subject: somebody\n", pem, "", 0) && s.n == 3, "with words before it");
	bl_certs_fini(&s);
	ok(parse_text(&s, "", pem, "words\n", 6) && err.code == BL_DATA && !s.n, "but not after it");
	ok(parse_text(&s, "", pem, "\0x", 2) && err.code == BL_DATA, "nor behind the NULs");
	ok(parse_text(&s, "-----BEGIN PRIVATE KEY-----\n", pem, "", 0) && err.code == BL_DATA, "a private key among them is exit 65");
	ok(parse_text(&s, "-----BEGIN CERTIFICATE-----\n", pem, "", 0) && err.code == BL_DATA, "so is a BEGIN without its END");
	ok(parse_text(&s, "-----END CERTIFICATE-----\n", pem, "", 0) && err.code == BL_DATA, "and an END without its BEGIN");
	half = strdup(pem);
	half[strlen(half) - 40] = 0;
	ok(parse_text(&s, "", half, "", 0) && err.code == BL_DATA, "and a text that is cut short");
	free(half);
	ok(parse_text(&s, "", "", "", 0) && err.code == BL_DATA, "an empty file has no certificate");
	ok(!bl_certs_parse(&s, der.p, der.len, &err) && s.n == 3, "certificates in DER, one after the other, are read");
	bl_certs_fini(&s);
	ok(bl_certs_parse(&s, der.p, der.len - 1, &err) && err.code == BL_DATA && !s.n, "not when the last is cut short");
	bl_buf_put8(&der, 0);
	ok(bl_certs_parse(&s, der.p, der.len, &err) && err.code == BL_DATA, "or followed by anything");
	bl_buf_clear(&b);
	for (size_t i = 0; i <= BL_CERT_MOST; i++)
		attest_pem(&b, w.made[0]);
	ok(bl_certs_parse(&s, b.p, b.len, &err) && err.code == BL_DATA, "more than %d certificates are exit 65", BL_CERT_MOST);
	bl_buf_fini(&b);
	bl_buf_fini(&der);
	world_fini(&w);
}

/* --- revocation lists --- */

static struct bl_crl *crl(const struct attest_cert *by, const struct attest_crl_spec *spec)
{
	uint8_t *der;
	size_t n = attest_crl(by, spec, &der);

	err.code = 0;
	return bl_crl_parse(der, n, &err);
}

static void lists(enum attest_kind kind, const char *name)
{
	struct world w, other;
	struct bl_crl *c;
	struct bl_cert *twin;

	world_make(&w, kind, NULL, NULL, NULL);
	world_make(&other, ATTEST_P256, NULL, NULL, NULL);
	c = crl(w.made[1], &(struct attest_crl_spec){ .revoked = { other.made[0], w.made[2], other.made[1] } });
	ok(c && bl_crl_names(c, w.cand.v[1]) && bl_crl_issued(c, w.cand.v[1]), "%s: a list is its issuer's", name);
	ok(bl_crl_revokes(c, w.leaf), "%s: a certificate on it is revoked", name);
	ok(bl_crl_from(c) == ATTEST_FROM && bl_crl_until(c) == ATTEST_UNTIL, "%s: its window is read", name);
	ok(!bl_crl_issued(c, w.cand.v[0]) && !bl_crl_issued(c, w.leaf), "%s: it is nobody else's", name);
	ok(bl_crl_names(c, other.cand.v[1]) && !bl_crl_issued(c, other.cand.v[1]), "%s: not even one's of the same name", name);
	twin = attest_parse(attest_issue(w.made[0], attest_key(ATTEST_P256), &(struct attest_spec){ .subject = "CN=twin", .serial = X509_get_serialNumber(w.made[2]->x) ? ASN1_INTEGER_get(X509_get_serialNumber(w.made[2]->x)) : 0 }));
	ok(!bl_crl_revokes(c, twin), "%s: a serial of another issuer is another certificate", name);
	bl_cert_free(twin);
	bl_crl_free(c);
	c = crl(w.made[1], &(struct attest_crl_spec){ .revoked = { other.made[0], NULL } });
	ok(c && !bl_crl_revokes(c, w.leaf), "%s: one that is not on it is not revoked", name);
	bl_crl_free(c);
	c = crl(w.made[1], &(struct attest_crl_spec){ .until = -1 });
	ok(c && bl_crl_until(c) == INT64_MIN && !bl_crl_revokes(c, w.leaf), "%s: a list without a next update says so", name);
	bl_crl_free(c);
	c = crl(w.made[1], &(struct attest_crl_spec){ .key = other.made[1]->key });
	ok(c && bl_crl_names(c, w.cand.v[1]) && !bl_crl_issued(c, w.cand.v[1]), "%s: a list under a wrong key is not its issuer's", name);
	bl_crl_free(c);
	c = crl(w.made[1], &(struct attest_crl_spec){ .has_hash = true, .hash = BL_KEY_SHA1 });
	ok(c && !bl_crl_issued(c, w.cand.v[1]), "%s: nor is one with SHA-1", name);
	bl_crl_free(c);
	world_fini(&other);
	world_fini(&w);
}

static void list_rights(void)
{
	static const struct attest_spec no_crl = { .subject = "CN=middle", .ca = true, .usage = KU_KEY_CERT_SIGN }, plain = { .subject = "CN=middle" };
	struct world w;
	struct bl_crl *c;

	world_make(&w, ATTEST_P256, NULL, &no_crl, NULL);
	c = crl(w.made[1], &(struct attest_crl_spec){ .from = 0 });
	ok(c && !bl_crl_issued(c, w.cand.v[1]), "whose key usage leaves out cRLSign issues no list");
	bl_crl_free(c);
	world_fini(&w);
	world_make(&w, ATTEST_P256, NULL, &plain, NULL);
	c = crl(w.made[1], &(struct attest_crl_spec){ .from = 0 });
	ok(c && !bl_crl_issued(c, w.cand.v[1]), "nor does who is no CA");
	bl_crl_free(c);
	world_fini(&w);
}

static void refused_lists(void)
{
	static const struct { struct attest_crl_spec spec; const char *promise; } bad[] = {
		{ { .ext = { { "2.5.29.27", true, "\2\1\1", 3 } } }, "a delta list is exit 65" },
		{ { .ext = { { "2.5.29.27", false, "\2\1\1", 3 } } }, "even one that does not call itself critical" },
		{ { .ext = { { "2.5.29.28", true, "\x30\3\x84\1\xff", 5 } } }, "an indirect list is exit 65" },
		{ { .ext = { { "2.5.29.28", true, "\x30\3\x81\1\xff", 5 } } }, "a list of some certificates only is exit 65" },
		{ { .ext = { { "1.2.3", true, "\5\0", 2 } } }, "a list with an unknown critical extension is exit 65" },
	};
	struct attest_cert *root = attest_issue(NULL, attest_key(ATTEST_P256), &root_spec);
	struct bl_crl *c;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(!crl(root, &bad[i].spec) && err.code == BL_DATA, "%s", bad[i].promise);
	c = crl(root, &(struct attest_crl_spec){ .ext = { { "2.5.29.20", false, "\2\1\1", 3 } } });
	ok(c, "a list with a number is not");
	bl_crl_free(c);
}

/* What takes more memory than it is long is counted first. */
static void many(void)
{
	struct bl_cert *c;
	struct attest_cert *x;
	char subject[400];

	for (size_t n = 32; n < 34; n++) {
		memset(subject, 0, sizeof subject);
		for (size_t i = 0; i < n; i++)
			sprintf(subject + strlen(subject), "%sOU=%zu", i ? "," : "", i);
		x = attest_issue(NULL, attest_key(ATTEST_P256), &(struct attest_spec){ .subject = subject });
		c = bl_cert_parse(x->der, x->n, &err);
		ok(!c == (n > 32), "a name of %zu attributes is %s", n, n > 32 ? "exit 65" : "read");
		bl_cert_free(c);
	}
	memset(subject, 0, sizeof subject);
	strcpy(subject, "CN=");
	memset(subject + 3, 'x', 64);
	x = attest_issue(NULL, attest_key(ATTEST_P256), &(struct attest_spec){ .subject = subject });
	c = bl_cert_parse(x->der, x->n, &err);
	ok(c, "one of a long attribute is read");
	bl_cert_free(c);
}

static void list_forms(void)
{
	struct attest_cert *root = attest_issue(NULL, attest_key(ATTEST_P256), &root_spec), *leaf = attest_issue(root, attest_key(ATTEST_P256), &leaf_spec);
	uint8_t *der, *bad;
	size_t n = attest_crl(root, &(struct attest_crl_spec){ .revoked = { leaf, NULL } }, &der), good = 0, parsed = 0;
	char *hex = malloc(2 * n + 3), *b64 = malloc(BL_TEXT_B64(n)), *pem = malloc(BL_TEXT_B64(n) + 100);
	struct bl_cert *r = attest_parse(root), *l = attest_parse(leaf);
	struct bl_crl *c;

	bl_text_hex(der, n, hex);
	c = bl_crl_parse((uint8_t *)hex, 2 * n, &err);
	ok(c && bl_crl_issued(c, r) && bl_crl_revokes(c, l), "a list in hex is the same list");
	bl_crl_free(c);
	hex[2 * n] = '\n';
	c = bl_crl_parse((uint8_t *)hex, 2 * n + 1, &err);
	ok(c, "with a newline after it");
	bl_crl_free(c);
	ok(!bl_crl_parse((uint8_t *)hex, 2 * n - 1, &err) && err.code == BL_DATA, "not with half a byte missing");
	hex[7] = 'g';
	ok(!bl_crl_parse((uint8_t *)hex, 2 * n, &err) && err.code == BL_DATA, "nor with a letter that is no digit");
	bl_text_b64(der, n, b64);
	sprintf(pem, "-----BEGIN X509 CRL-----\n%s\n-----END X509 CRL-----\n", b64);
	c = bl_crl_parse((uint8_t *)pem, strlen(pem), &err);
	ok(c && bl_crl_issued(c, r), "a list in PEM is the same list");
	bl_crl_free(c);
	bad = malloc(n + 1);
	for (size_t i = 0; i < n; i++) {
		memcpy(bad, der, n);
		bad[i] ^= 1;
		if ((c = bl_crl_parse(bad, n, &err))) {
			parsed++;
			good += bl_crl_issued(c, r);
		}
		bl_crl_free(c);
	}
	ok(parsed > 50 && !good, "no byte of a list can change");
	memcpy(bad, der, n);
	bad[n] = 0;
	ok(!bl_crl_parse(bad, n + 1, &err) && !bl_crl_parse(bad, n - 1, &err) && !bl_crl_parse(bad, 0, &err), "a list cut short, lengthened or empty is exit 65");
	free(bad);
	free(pem);
	free(b64);
	free(hex);
	bl_cert_free(r);
	bl_cert_free(l);
}

int main(void)
{
	if (bl_mem_init_hashes(&err))
		return 1;
	kinds();
	times();
	structure();
	algorithms();
	links();
	borrowed_key();
	two_roots();
	flood();
	long_path();
	fields();
	refused_extensions();
	flips(ATTEST_P256, "P-256");
	flips(ATTEST_RSA2048, "RSA PSS");
	not_der();
	files();
	lists(ATTEST_P384, "P-384");
	lists(ATTEST_RSA2048, "RSA PSS");
	list_rights();
	refused_lists();
	many();
	list_forms();
	attest_done();
	return tap_done();
}
