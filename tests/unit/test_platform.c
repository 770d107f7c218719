/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence of a platform inside a helper's statement: what it has to hold, every byte of it altered, crossed between sessions; and the
 * owner who is asked for a key because of it. The AMD is our own; the statement is signed by a vault, as a helper's is.
 */
#include "../attest-amd.h"
#include "../grant.h"
#include "attest/appraise.h"
#include "attest/platform.h"
#include "base/time.h"
#include "tee/handoff.h"
#include "tee/owner.h"

static struct attest_cert *ark, *ask_cert, *vek;
static struct bl_verify settings;
static struct bl_ident vault, session;
static struct bl_wire_hello hello = { .backend = BL_WIRE_VM, .class = BL_STATEMENT_SNP, .mask = 0x1ffff };
static uint8_t report[1184];

/* --- statements --- */

static struct bl_statement_piece extra;		/* what else the host puts beside it */
static uint8_t vmpl;

static void pieces_of(struct bl_statement_pieces *p, const struct bl_buf *chain)
{
	*p = (struct bl_statement_pieces){ { { "report.bin", report, sizeof report }, { "vek.der", vek->der, vek->n },
					     { "ask_ark.pem", chain->p, chain->len } }, 3 };
	if (extra.n)
		p->v[p->n++] = extra;
}

/* The text of a statement about a, with a report over `data`. */
static void state(struct bl_buf *text, const struct bl_statement_about *a, const uint8_t data[64])
{
	struct bl_statement_pieces p;
	struct bl_buf chain;
	struct bl_json *j;

	bl_buf_init(&chain, 1 << 16);
	attest_pem(&chain, ask_cert);
	attest_pem(&chain, ark);
	amd_report(report, data, vek->key);
	report[0x30] = vmpl;
	amd_sign(report, vek->key);
	pieces_of(&p, &chain);
	j = bl_statement_new(&vault, a, &p);
	bl_buf_clear(text);
	bl_json_print(j, text);
	bl_json_free(j);
	bl_buf_fini(&chain);
}

/* Verifies the text as what a helper left; the exit class, and the first reason. */
static int judge(const struct bl_buf *text, const struct bl_statement_about *a, char reason[64])
{
	struct bl_verify_run *r = malloc(sizeof *r);
	const struct bl_evidence_check *c;
	int rc;

	bl_verify_begin(r);
	bl_verify_take(r, text->p, text->len, &err);
	r->about = a;
	rc = bl_verify_run(r, &settings, &err) ? r->code : bl_verify_exit(r);
	c = bl_evidence_reason(&r->e);
	snprintf(reason, 64, "%s", rc == BL_DATA ? "malformed" : c ? c->reason : "none");
	bl_verify_end(r);
	free(r);
	return rc;
}

static void expect(const struct bl_buf *text, const struct bl_statement_about *a, const char *want, const char *promise)
{
	char reason[64];

	judge(text, a, reason);
	is_str(reason, want, "%s", promise);
}

static struct bl_statement_about about_this(void)
{
	struct bl_wire_challenge c = { .expires = 1 };
	struct bl_statement_about a;
	uint8_t p[BL_WIRE_HELLO];

	memset(c.nonce, 0x11, 32);
	memcpy(c.owner_pk, owner.pk, 32);
	memset(c.policy_hash, 0x33, 32);
	memset(c.file_id, 0x44, 32);
	bl_ident_kem_pk(session.pk, hello.kem_pk);
	memcpy(hello.sig_pk, session.pk, 32);
	bl_wire_put_hello(p, &hello);
	bl_wire_about(&hello, &c, &a);
	return a;
}

static void statements(void)
{
	struct bl_statement_about a = about_this(), b;
	uint8_t data[64], other[64];
	struct bl_statement s;
	struct bl_buf text;
	char reason[64];
	int wrong = 0;

	bl_buf_init(&text, 1 << 16);
	bl_statement_report(&a, data);
	state(&text, &a, data);
	expect(&text, &a, "none", "a statement whose report holds the session's data is accepted");
	ok(!bl_statement_check(&s, (const char *)text.p, text.len, &a, &err) && s.pieces.n == 3 && s.pieces.v[1].n == sizeof report, "and comes apart again");
	bl_statement_fini(&s);
	settings.vault_pk = stranger.pk;
	expect(&text, &a, "root-unknown", "not under another vault's key");
	settings.vault_pk = vault.pk;
	expect(&text, &a, "none", "but under that vault's");

	for (size_t i = 0; i < text.len; i += 7) {	/* the owner, below, sees every one */
		text.p[i] ^= (uint8_t)(1 << i % 7);
		if (judge(&text, &a, reason) == BL_OK)
			wrong++, printf("# byte %zu is accepted\n", i);
		text.p[i] ^= (uint8_t)(1 << i % 7);
	}
	is_int(wrong, 0, "no flipped byte of it is");

	/* Fields of the session, each altered: what was signed is about another one. */
	for (size_t i = 0; i < sizeof a; i++) {
		b = a;
		((uint8_t *)&b)[i] ^= 1;
		if (judge(&text, &b, reason) == BL_OK)
			wrong++, printf("# field byte %zu is accepted\n", i);
		/* A vault that says so of a report made for the first one: the report still does not. */
		b.hello[3] = BL_STATEMENT_SNP;
		if (!memcmp(&a, &b, sizeof a))
			continue;
		state(&text, &b, data);
		if (judge(&text, &b, reason) != BL_NO || strcmp(reason, "nonce"))
			wrong++, printf("# field byte %zu: %s\n", i, reason);
		state(&text, &a, data);
	}
	is_int(wrong, 0, "nor a report made for another session, whichever byte of key, nonce, owner, policy, file, HELLO or build differs");

	memset(other, 7, sizeof other);
	state(&text, &a, other);
	expect(&text, &a, "nonce", "nor a report over something else");
	state(&text, &a, data);
	settings.own_anchors = false;
	expect(&text, &a, "root-unknown", "nor one under a root that nobody gave");
	settings.own_anchors = true;
	bl_buf_fini(&text);
}

/* A host that knows of a key that leaked shows the list from before that was known. */
static void lists(void)
{
	static const char *const names[] = { "crl.der", "Milan/crl.der", "crl-asks.der" }, *const pieces[] = { "crl.der", "milan/crl.der", "Milan/crl.der", "crl.pem" };
	struct bl_statement_about a = about_this();
	uint8_t data[64], *der;
	struct bl_buf text;
	struct bl_evidence_files none = settings.files;
	size_t n;

	bl_buf_init(&text, 1 << 16);
	bl_statement_report(&a, data);
	n = attest_crl(ask_cert, &(struct attest_crl_spec){ .from = 0 }, &der);
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		extra = (struct bl_statement_piece){ .p = der, .n = n };
		strcpy(extra.name, pieces[i]);
		state(&text, &a, data);
		expect(&text, &a, "none", "a list that the host shows may say that nothing is revoked");
		for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
			uint8_t *newer;
			size_t len = attest_crl(ask_cert, &(struct attest_crl_spec){ .revoked = { vek } }, &newer);
			ok(!bl_files_put(&settings.files, &settings.a, names[k], newer, len, NULL, true, &err), "(the owner's %s, the host's %s)", names[k], pieces[i]);
			expect(&text, &a, "revoked", "the owner's says otherwise, under whatever name of it either comes");
			settings.files = none;
		}
	}
	extra.n = 0;
	bl_buf_fini(&text);
}

/* A class has its own form, and its own technology. */
static void forms(void)
{
	struct bl_statement_about a = about_this();
	struct bl_statement_pieces p;
	struct bl_buf text, big;
	struct bl_statement s;
	uint8_t data[64];
	struct bl_json *j;

	bl_buf_init(&text, 1 << 17);
	bl_buf_init(&big, 1 << 17);
	bl_statement_report(&a, data);
	amd_report(report, data, vek->key);
	for (int i = 0; i < BL_STATEMENT_CLASSES; i++) {
		struct bl_statement_about b = a;
		b.hello[3] = (uint8_t)i;
		p = (struct bl_statement_pieces){ { { "report.bin", report, sizeof report } }, 1 };
		bl_statement_report(&b, data);
		amd_report(report, data, vek->key);
		j = bl_statement_new(&vault, &b, i ? &p : NULL);
		ok(bl_statement_parse(&s, j), "class %s has a form", bl_statement_class_name((unsigned)i));
		bl_statement_fini(&s);
		bl_buf_clear(&text);
		bl_json_print(j, &text);
		expect(&text, &b, i == BL_STATEMENT_SOFTWARE ? "none" : i == BL_STATEMENT_SNP ? "collateral-missing" : "malformed",
		       "and an SNP report is evidence of class snp alone");
		bl_json_put_text(j, "class", bl_statement_class_name((unsigned)(i + 1) % BL_STATEMENT_CLASSES));
		ok(!bl_statement_parse(&s, j), "not under the name of another class");
		bl_json_free(j);
	}
	static const struct { const char *name; size_t n; const char *why; } bad[] = {
		{ "root.pem", 100, "a root" }, { "../report.bin", 100, "a path" },
		{ "report.bin", BL_STATEMENT_ROOM + 1, "more than fits" }, { "a-name-that-is-longer-than", 1, "a name that is longer than names are" },
	};
	bl_buf_room(&big, BL_STATEMENT_ROOM + 1);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		p = (struct bl_statement_pieces){ { { "", big.p, bad[i].n } }, 1 };
		memcpy(p.v[0].name, bad[i].name, strnlen(bad[i].name, BL_STATEMENT_NAME - 1));
		j = bl_statement_new(&vault, &a, &p);
		bl_buf_clear(&text);
		if (j)
			bl_json_print(j, &text);
		ok(text.failed || !text.len || judge(&text, &a, (char[64]){ 0 }) == BL_DATA, "a piece that is %s is malformed", bad[i].why);
		bl_json_free(j);
		text.failed = false;
	}
	bl_buf_fini(&text);
	bl_buf_fini(&big);
}

/* --- the owner --- */

static struct bl_buf ch, ev;
static struct bl_owner_terms want = { .nvault = 1, .requests = 1, .appraisal = &settings };

/* Evidence of a live session for a new challenge for h, its report over `data` or, NULL, over what it should. */
static void ask_for(const struct bl_header *h, const uint8_t *data)
{
	uint8_t out[BL_HANDOFF_CHALLENGE], right[64];
	struct bl_statement_about a;
	struct bl_wire_challenge c;
	struct bl_buf text;

	bl_buf_init(&text, 1 << 16);
	if (bl_owner_challenge(&(struct bl_owner){ owner_path, &owner }, h, 60, out, &err) || bl_handoff_get_challenge(out, sizeof out, &c, &err))
		exit(1);
	bl_buf_clear(&ch);
	bl_buf_put(&ch, out, sizeof out);
	bl_wire_about(&hello, &c, &a);
	bl_statement_report(&a, right);
	state(&text, &a, data ? data : right);
	bl_buf_clear(&ev);
	bl_handoff_put_evidence(&ev, &hello, &c, (const char *)text.p, text.len);
	bl_buf_fini(&text);
}

static int grant(const struct bl_header *h)
{
	uint8_t out[BL_HANDOFF_GRANT];

	err = (struct bl_err){ 0 };
	return bl_owner_grant(&(struct bl_owner){ owner_path, &owner }, h, &want, &ch, &ev, out, &err) ? err.code : 0;
}

static int grant_under(const char *tee, const char *appraisal)
{
	struct bl_header h;
	int fd = seal(tee, &owner), rc;

	header_of(&h, fd);
	ask_for(&h, NULL);
	settings.policy = appraisal ? bl_appraise_parse(appraisal, strlen(appraisal), &err) : NULL;
	rc = appraisal && !settings.policy ? -1 : grant(&h);
	bl_json_free(settings.policy);
	settings.policy = NULL;
	bl_header_fini(&h);
	close(fd);
	return rc;
}

#define EIGHTS "0808080808080808"
#define MEASURED EIGHTS EIGHTS EIGHTS EIGHTS EIGHTS EIGHTS
#define OTHERWISE "0808080808080809" EIGHTS EIGHTS EIGHTS EIGHTS EIGHTS

static void owners(void)
{
	struct bl_header h;
	int fd, wrong = 0;

	bl_buf_init(&ch, 1 << 16);
	bl_buf_init(&ev, 1 << 17);
	want.vault = (const uint8_t (*)[BL_IDENT_PK])vault.pk;
	is_int(grant_under("\"class\":\"hardware\",\"measurements\":[\"" MEASURED "\"]", NULL), 0, "the guest that the file's policy names gets the key");
	is_int(grant_under("\"class\":\"hardware\",\"measurements\":[\"" OTHERWISE "\"]", NULL), BL_REFUSED, "another guest does not");
	ok(strstr(err.msg, "measurement"), "for its measurement");
	is_int(grant_under("\"class\":\"hardware\"", NULL), BL_REFUSED, "no guest does where nobody says which");
	ok(strstr(err.hint, "tee.measurements"), "and how to say it is told");
	is_int(grant_under("\"class\":\"hardware\"", "{\"version\":1,\"measurement\":[\"" MEASURED "\"]}"), 0, "the owner may say it at the grant");
	is_int(grant_under("\"class\":\"hardware\"", "{\"version\":1,\"measurement\":[\"" OTHERWISE "\"]}"), BL_REFUSED, "and then it holds");
	is_int(grant_under("\"class\":\"hardware\",\"measurements\":[\"" OTHERWISE "\"]", "{\"version\":1,\"measurement\":[\"" MEASURED "\"]}"), BL_REFUSED,
	       "but does not replace what the file's policy says");
	is_int(grant_under("\"class\":\"hardware\",\"technologies\":[\"tdx\",\"nitro\"],\"measurements\":[\"" MEASURED "\"]", NULL), BL_REFUSED,
	       "a technology that the policy does not list is refused");
	is_int(grant_under("\"class\":\"hardware\",\"technologies\":[\"tdx\",\"sev-snp\"],\"measurements\":[\"" MEASURED "\"]", NULL), 0, "one that it lists is not");
	is_int(grant_under("\"class\":\"hardware\",\"technologies\":[],\"measurements\":[\"" MEASURED "\"]", NULL), BL_REFUSED, "where it lists none, all are");
	is_int(grant_under("\"class\":\"hardware\",\"measurements\":[]", "{\"version\":1,\"measurement\":[\"" MEASURED "\"]}"), BL_REFUSED, "and so is every guest where no measurement is");
	is_int(grant_under("\"class\":\"hardware\",\"measurements\":[\"" MEASURED "\"],\"min_tcb\":{\"snp\":25}", NULL), BL_REFUSED, "nor is an old firmware accepted");
	ok(strstr(err.msg, "needs snp >= 25, has 24"), "and how far it is behind is told");
	is_int(grant_under("\"class\":\"hardware\",\"measurements\":[\"" MEASURED "\"],\"min_tcb\":{\"snp\":24}", NULL), 0, "a new enough one is");
	vmpl = 2;
	is_int(grant_under("\"class\":\"hardware\",\"measurements\":[\"" MEASURED "\"]", NULL), BL_REFUSED, "a guest at VMPL 2 is refused by default");
	is_int(grant_under("\"class\":\"hardware\",\"measurements\":[\"" MEASURED "\"]", "{\"version\":1,\"vmpl\":[2]}"), 0,
	       "but is the owner's to accept, of whom the file's policy cannot say it");
	is_int(grant_under("\"class\":\"hardware\",\"measurements\":[\"" OTHERWISE "\"]", "{\"version\":1,\"vmpl\":[2]}"), BL_REFUSED, "with the file's own words as before");
	vmpl = 0;
	is_int(grant_under("\"class\":\"hardware\",\"measurements\":[\"" MEASURED "\"],\"min_tcb\":{\"snp\":25}", "{\"version\":1,\"min_tcb_of\":[]}"), BL_REFUSED,
	       "nor does the owner say of which firmware a word of the file's is");
	is_int(grant_under("\"class\":\"hardware\",\"measurements\":[\"" MEASURED "\"]", "{\"version\":1,\"types\":[\"tdx\"]}"), BL_REFUSED, "and the owner's hold, too");
	is_int(grant_under("\"class\":\"tpm2\"", "{\"version\":1,\"measurement\":[\"" MEASURED "\"]}"), 0, "hardware is enough where a TPM would be");
	is_int(grant_under("\"class\":\"software\"", NULL), BL_REFUSED, "even where software would do, evidence that nobody pinned is no evidence");
	settings.own_anchors = false;
	is_int(grant_under("\"class\":\"hardware\",\"measurements\":[\"" MEASURED "\"]", NULL), BL_REFUSED, "an AMD of somebody's own is none");
	settings.own_anchors = true;

	fd = seal("\"class\":\"hardware\",\"measurements\":[\"" MEASURED "\"]", &owner);
	header_of(&h, fd);
	ask_for(&h, (uint8_t[64]){ 1 });
	is_int(grant(&h), BL_REFUSED, "a report of another session gets nothing");
	ask_for(&h, NULL);
	for (size_t i = 0; i < ev.len; i++) {
		ev.p[i] ^= (uint8_t)(1 << i % 8);
		int code = grant(&h);
		if (!is_refusal(code))
			wrong++, printf("# evidence at %zu: %d\n", i, code);
		ev.p[i] ^= (uint8_t)(1 << i % 8);
	}
	is_int(wrong, 0, "a byte of the evidence altered anywhere: no grant");
	/* The same, signed anew by the vault, whose key a host may hold: the report itself does not bear it. */
	for (size_t i = 0; i < sizeof report; i += 3) {
		report[i] ^= 1;
		struct bl_statement_pieces p = { { { "report.bin", report, sizeof report }, { "vek.der", vek->der, vek->n } }, 2 };
		struct bl_wire_challenge c;
		struct bl_statement_about a;
		struct bl_buf text;
		bl_handoff_get_challenge(ch.p, ch.len, &c, &err);
		bl_wire_about(&hello, &c, &a);
		struct bl_json *j = bl_statement_new(&vault, &a, &p);
		bl_buf_init(&text, 1 << 16);
		bl_json_print(j, &text);
		bl_buf_clear(&ev);
		bl_handoff_put_evidence(&ev, &hello, &c, (const char *)text.p, text.len);
		bl_buf_fini(&text);
		bl_json_free(j);
		int code = grant(&h);
		if (!is_refusal(code))
			wrong++, printf("# report at %zu: %d\n", i, code);
		report[i] ^= 1;
	}
	is_int(wrong, 0, "a byte of the report altered by whoever holds the vault's key: no grant either");
	bl_buf_fini(&ch);
	bl_buf_fini(&ev);
	bl_header_fini(&h);
	close(fd);
}

int main(void)
{
	if (!enter() || bl_ident_generate(&vault, &err) || bl_ident_generate(&session, &err))
		skip_all("no room in /tmp");
	ark = attest_issue(NULL, attest_key(ATTEST_RSA4096), &(struct attest_spec){ .subject = "CN=ARK-Milan", .ca = true });
	ask_cert = attest_issue(ark, attest_key(ATTEST_RSA4096), &(struct attest_spec){ .subject = "CN=SEV-Milan", .ca = true });
	vek = amd_vek(ask_cert, &(struct amd){ 0 });
	bl_verify_init(&settings);
	attest_anchor(&settings.anchors, ark);
	settings.own_anchors = true;
	settings.cache = bl_evidence_cache_new();	/* thousands of times the same certificates */
	statements();
	lists();
	forms();
	owners();
	bl_verify_fini(&settings);
	attest_done();
	bl_ident_fini(&vault);
	bl_ident_fini(&session);
	leave();
	return tap_done();
}
