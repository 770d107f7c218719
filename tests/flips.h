/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flips: one piece of evidence with all that lies beside it, judged as bl-attest judges it, and again with one byte changed: each byte of
 * each file, one bit of it and all of them. None may pass, but where the byte means nothing: those places are classes, told by the
 * bytes alone and never by the verdict, and there the whole report must be the same to the letter.
 */
#ifndef TESTS_FLIPS_H
#define TESTS_FLIPS_H

#include <stdlib.h>
#include <time.h>

#include "attest/appraise.h"
#include "attest/files.h"
#include "attest/report.h"
#include "attest/verify.h"
#include "base/file.h"
#include "crypt/hash.h"
#include "crypt/mem.h"
#include "tap.h"

enum { FLIP_PIECES = 32 };
struct flip_piece { char name[64]; uint8_t *p; size_t n; };
struct flip_case {
	char what[200];
	struct flip_piece v[FLIP_PIECES]; size_t n;	/* the first is the evidence */
	struct bl_verify set;				/* time, nonce, policy, roots */
	struct bl_arena a;
	struct bl_evidence_files base;			/* all but the evidence, as they are */
	char *report;					/* on what was not altered */
};

static struct bl_err err;
static struct bl_verify_run flip_run;
static struct { size_t tried, passed, same; } flip_sum;
static bool flip_both = true;		/* one bit of a byte, and all of them; else the one or the other, in turn */

/* --- classes of bytes that mean nothing: each with its reason --- */

static bool flip_space(uint8_t c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
static bool flip_ends(const char *s, const char *end) { return strlen(s) >= strlen(end) && !strcmp(s + strlen(s) - strlen(end), end); }

/* Where the first armour begins, if this is PEM. */
static size_t flip_armour(const uint8_t *p, size_t n)
{
	const uint8_t *at = memmem(p, n, "-----BEGIN ", 11);

	return at ? (size_t)(at - p) : 0;
}

/* Where the JSON string that begins at i ends (its quote), or n. */
static size_t flip_string(const uint8_t *p, size_t n, size_t i)
{
	for (i++; i < n && p[i] != '"'; i++)
		i += p[i] == '\\';
	return i;
}

/* Is place i of a JSON text inside of a string, or one of its quotes? */
static bool flip_in_text(const uint8_t *p, size_t n, size_t i)
{
	for (size_t at = 0; at <= i && at < n; at++)
		if (p[at] == '"') {
			size_t end = flip_string(p, n, at);
			if (i <= end)
				return true;
			at = end;
		}
	return false;
}

/* Is place i in the value of that member: an object or a string, as it stands? */
static bool flip_in_value(const struct flip_piece *f, const char *member, size_t i)
{
	const uint8_t *p = f->p, *key;
	char quoted[80];
	size_t from, at, depth = 0;

	snprintf(quoted, sizeof quoted, "\"%s\"", member);
	if (!(key = memmem(p, f->n, quoted, strlen(quoted))))
		return false;
	for (from = (size_t)(key - p) + strlen(quoted); from < f->n && p[from] != '{' && p[from] != '"'; from++)
		;
	for (at = from; at < f->n; at++) {
		if (p[at] == '"')
			at = flip_string(p, f->n, at);
		depth += p[at] == '{';
		depth -= p[at] == '}';
		if (!depth)
			break;
	}
	return i >= from && i <= at;
}

/* Is place i in the GUID of an entry of the table after an SNP report? */
static bool flip_in_label(const struct flip_piece *f, size_t i)
{
	static const uint8_t none[24];

	for (size_t at = 1184; at + 24 <= f->n && memcmp(f->p + at, none, 24); at += 24)
		if (i >= at && i < at + 16)
			return true;
	return false;
}

/* The class of a change at i from was to now, or NULL: such a change must be refused. */
static const char *flip_class(const struct flip_case *c, const struct flip_piece *f, size_t i, uint8_t was, uint8_t now)
{
	static const char *const hex_members[] = { "tcb_info_signature", "qe_identity_signature", "pck_crl", "root_ca_crl", NULL };
	const char *signed_member = !strcmp(f->name, "tcb_info.json") ? "tcbInfo" : !strcmp(f->name, "qe_identity.json") ? "enclaveIdentity" : NULL;
	const bool pem = flip_ends(f->name, ".pem"), all = !strcmp(f->name, "collateral.json"), space = flip_space(was) && flip_space(now);
	const bool hex = (was ^ now) == 0x20 && (was | 0x20) >= 'a' && (was | 0x20) <= 'f';

	/* RFC 7468, 5.2: text before the first boundary is explanation for people, and is no part of what is encoded. */
	if (pem && i < flip_armour(f->p, f->n))
		return "text before the armour";
	/* RFC 7468, 2: white space between and after the lines of base64 is ignored, whichever it is. */
	if (pem && space)
		return "white space of the armour";
	/* RFC 8259, 2: white space between tokens. What is signed is bytes, and none of those is meant here. */
	if ((all || signed_member) && space && !flip_in_text(f->p, f->n, i) && !(signed_member && flip_in_value(f, signed_member, i)))
		return "white space of JSON outside of what is signed";
	/* A digit of hex is a number, whatever its case. */
	if (signed_member && hex && flip_in_value(f, "signature", i) && !flip_in_value(f, signed_member, i))
		return "case of a hex digit";
	for (const char *const *m = hex_members; all && hex && *m; m++)
		if (flip_in_value(f, *m, i))
			return "case of a hex digit";
	/* The table after a report is the host's, with entries for others in it: one that has another name is not read. Only where files have what it had. */
	if (f == c->v && !strcmp(f->name, "extended.bin") && c->n > 1 && flip_in_label(f, i))
		return "label of an entry that files do without";
	/* Of the report of a TD in Azure's report: CPUSVN and MAC mean something to the processor alone; nothing is read from them. */
	if (f == c->v && !strcmp(f->name, "hcl_report.bin") && f->p[0x4c0 + 8] == 4 && ((i >= 0x20 + 16 && i < 0x20 + 32) || (i >= 0x20 + 224 && i < 0x20 + 256)))
		return "CPUSVN and MAC of a TD report";
	return NULL;
}

/* --- one verification --- */

/* The report without what tells that a file was altered: hashes of files. */
static char *flip_report(const struct bl_verify_run *r)
{
	struct bl_buf b;
	char *s;

	bl_buf_init(&b, BL_REPORT_MAX);
	bl_report_json(r, "policy", NULL, &b);
	bl_buf_put8(&b, 0);
	s = b.failed ? NULL : strdup((const char *)b.p);
	bl_buf_fini(&b);
	for (char *at = s; at && (at = strstr(at, "sha256\":\"")); at += 9)
		for (char *h = at + 9; *h && *h != '"'; h++)
			*h = '.';
	return s;
}

/* Judges with piece k as it stands now in c->v (its other pieces as they were); flip_run is the caller's to end. */
static bool flip_judge(struct flip_case *c, size_t k)
{
	struct bl_verify_run *r = &flip_run;
	int rc = 0;

	bl_verify_begin(r);
	r->files = c->base;
	r->p = c->v[0].p;
	r->n = c->v[0].n;
	if (k)
		rc = bl_files_parse(&r->files, &r->a, c->v[k].name, c->v[k].p, c->v[k].n, true, &err);
	return !rc && !bl_verify_run(r, &c->set, &err) && bl_verify_exit(r) == BL_OK;
}

/* Reads all files but the evidence; false and why when the case does not pass as it is. */
static bool flip_begin(struct flip_case *c)
{
	bool good = true;

	bl_arena_init(&c->a, BL_FILES_ARENA);
	memset(&c->base, 0, sizeof c->base);
	for (size_t k = 1; k < c->n; k++)
		good = good && !bl_files_parse(&c->base, &c->a, c->v[k].name, c->v[k].p, c->v[k].n, false, &err);
	good = good && flip_judge(c, 0);
	c->report = good ? flip_report(&flip_run) : NULL;
	if (!good) {
		const struct bl_evidence_check *x = bl_evidence_reason(&flip_run.e);
		printf("# %s: %s %s %s\n", c->what, flip_run.code ? flip_run.why : "", x ? x->name : "", x ? x->detail : "");
	}
	bl_verify_end(&flip_run);
	return c->report;
}

static void flip_end(struct flip_case *c)
{
	free(c->report);
	bl_arena_fini(&c->a);
	for (size_t k = 0; k < c->n; k++)
		free(c->v[k].p);
	bl_evidence_cache_free(c->set.cache);
	bl_certs_fini(&c->set.anchors.own);
	bl_json_free(c->set.policy);
	memset(c, 0, sizeof *c);
}

/* Every step-th byte of piece k from `from` on; returns how many changes passed that are of no class, or changed what is reported. */
static size_t flip_sweep(struct flip_case *c, size_t k, size_t from, size_t step)
{
	struct flip_piece *f = &c->v[k];
	size_t bad = 0, accepted = 0;
	clock_t begun = clock();

	for (size_t i = from; i < f->n; i += step)
		for (size_t all = flip_both ? 0 : i / step % 2; all < (flip_both ? 2 : i / step % 2 + 1); all++) {
			const uint8_t was = f->p[i], now = (uint8_t)(was ^ (all ? 0xffu : 1u << i % 8));
			const char *class = flip_class(c, f, i, was, now);
			f->p[i] = now;
			flip_sum.tried++;
			if (flip_judge(c, k)) {
				char *s = flip_report(&flip_run);
				bool same = s && !strcmp(s, c->report);
				accepted++;
				flip_sum.passed++;
				flip_sum.same += same;
				bad += !class || !same;
				if ((!class || !same) && bad <= 20)
					printf("# %s: %s: byte %zu of %zu, %02x to %02x: passes%s\n", c->what, f->name, i, f->n, was, now,
					       same ? "" : ", and says something else");
				free(s);
			}
			bl_verify_end(&flip_run);
			f->p[i] = was;
		}
	if (getenv("FLIPS_SHOW"))
		printf("# %s: %s: %zu bytes, step %zu: %zu passed, %zu wrongly, %.1f s\n", c->what, f->name, f->n, step, accepted, bad,
		       (double)(clock() - begun) / CLOCKS_PER_SEC);
	return bad;
}

/* All pieces: the evidence with one step, what lies beside it with another; the first byte moves with the case, so that strides meet all places. */
static void flip_all(struct flip_case *c, size_t own, size_t beside)
{
	static size_t turn;

	if (!flip_begin(c)) {
		ok(false, "%s: passes as it is", c->what);
		return;
	}
	for (size_t k = 0; k < c->n; k++) {
		bool evidence = !k || flip_ends(c->v[k].name, ".bin") || flip_ends(c->v[k].name, ".sig") || flip_ends(c->v[k].name, ".msg");
		size_t step = evidence ? own : beside;
		ok(!flip_sweep(c, k, turn++ % step, step), "%s: no byte of %s can be changed", c->what, c->v[k].name);
	}
}

static void flip_add(struct flip_case *c, const char *name, const void *p, size_t n)
{
	struct flip_piece *f = &c->v[c->n++];

	snprintf(f->name, sizeof f->name, "%s", name);
	f->p = malloc(n + 1);
	memcpy(f->p, p, n);
	f->n = n;
}

static struct flip_case *flip_new(const char *what, const char *policy, int64_t time)
{
	static struct flip_case c;

	memset(&c, 0, sizeof c);
	snprintf(c.what, sizeof c.what, "%s", what);
	c.set.time_source = "given";
	c.set.time = time;
	c.set.cache = bl_evidence_cache_new();
	c.set.policy = bl_appraise_parse(policy, strlen(policy), &err);
	return &c;
}

#endif
