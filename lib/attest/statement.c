/* SPDX-License-Identifier: Apache-2.0 */
/* statement: see statement.h. A class has one form: members of another one make a statement malformed. */
#include "attest/statement.h"

#include <string.h>

#include "attest/signed.h"
#include "base/text.h"
#include "crypt/hash.h"

static const char domain[] = "bl software evidence v1";
static const char *const classes[BL_STATEMENT_CLASSES] = { "software", "tpm2", "snp", "tdx", "sgx", "nitro" };
enum { CHALLENGE = 128, TRANSCRIPT = 320 };

const char *bl_statement_class_name(unsigned c)
{
	return c < BL_STATEMENT_CLASSES ? classes[c] : NULL;
}

int bl_statement_class(const char *name)
{
	for (int i = 0; name && i < BL_STATEMENT_CLASSES; i++)
		if (!strcmp(name, classes[i]))
			return i;
	return -1;
}

/* --- the transcript --- */

static size_t transcript(const struct bl_statement_about *a, uint8_t t[TRANSCRIPT])
{
	static const char label[] = "bl-tee report v1";
	const struct { const uint8_t *p; uint32_t n; } field[] = {
		{ a->nonce, 32 }, { a->kem_pk, 32 }, { a->sig_pk, 32 }, { a->owner_pk, 32 }, { a->policy_hash, 32 }, { a->file_id, 32 },
		{ a->hello, BL_STATEMENT_HELLO }, { a->build, 32 },
	};
	uint8_t *q = t;

	memcpy(q, label, sizeof label);
	q += sizeof label;
	for (size_t i = 0; i < sizeof field / sizeof *field; i++) {
		memcpy(q, &field[i].n, 4);
		memcpy(q + 4, field[i].p, field[i].n);
		q += 4 + field[i].n;
	}
	return (size_t)(q - t);
}

void bl_statement_report(const struct bl_statement_about *a, uint8_t report[BL_STATEMENT_REPORT])
{
	uint8_t t[TRANSCRIPT];

	bl_hash_sha512(t, transcript(a, t), report);
}

void bl_statement_digest(const struct bl_statement_about *a, uint8_t digest[32])
{
	uint8_t t[TRANSCRIPT];

	bl_hash_sha256(t, transcript(a, t), digest);
}

/* --- writing --- */

static void put_platform(struct bl_json *j, const struct bl_statement_about *a, const struct bl_statement_pieces *pieces)
{
	struct bl_json *list = bl_json_new_object();
	uint8_t challenge[CHALLENGE];
	struct bl_buf b;

	memcpy(challenge, a->nonce, 32);
	memcpy(challenge + 32, a->owner_pk, 32);
	memcpy(challenge + 64, a->policy_hash, 32);
	memcpy(challenge + 96, a->file_id, 32);
	bl_json_put_hex(j, "challenge", challenge, sizeof challenge);
	for (size_t i = 0; i < pieces->n; i++) {
		bl_buf_init(&b, BL_TEXT_B64(BL_STATEMENT_ROOM));
		if (pieces->v[i].n <= BL_STATEMENT_ROOM && bl_buf_room(&b, BL_TEXT_B64(pieces->v[i].n)))
			bl_text_b64(pieces->v[i].p, pieces->v[i].n, (char *)b.p);
		/* NULL spoils the tree, and whoever prints it is told. */
		bl_json_put(list, pieces->v[i].name, b.p ? bl_json_new_text((const char *)b.p) : NULL);
		bl_buf_fini(&b);
	}
	bl_json_put(j, "pieces", list);
}

struct bl_json *bl_statement_new(const struct bl_ident *vault, const struct bl_statement_about *a, const struct bl_statement_pieces *pieces)
{
	struct bl_json *j = bl_json_new_object();
	uint8_t report[BL_STATEMENT_REPORT];

	bl_statement_report(a, report);
	bl_json_put_hex(j, "build", a->build, 32);
	bl_json_put_text(j, "class", bl_statement_class_name(a->hello[3]));
	bl_json_put_hex(j, "hello", a->hello, BL_STATEMENT_HELLO);
	bl_json_put_hex(j, "kem", a->kem_pk, 32);
	bl_json_put_hex(j, "key", a->sig_pk, 32);
	bl_json_put_hex(j, "report", report, sizeof report);
	bl_json_put_hex(j, "vault", vault->pk, 32);
	bl_json_put_text(j, "version", BL_VERSION);
	if (pieces)
		put_platform(j, a, pieces);
	if (!bl_signed_add(j, domain, vault))
		bl_json_put(j, "sig", NULL);
	return j;
}

/* --- reading --- */

static bool take_piece(struct bl_statement *s, const char *name, const struct bl_json *v)
{
	struct bl_statement_piece *piece = &s->pieces.v[s->pieces.n];
	const char *text = bl_json_text(v, NULL);
	size_t n = text ? strlen(text) : 0, max = n / 4 * 3;
	long got;

	if (!n || s->pieces.n == BL_STATEMENT_PIECES || strlen(name) >= sizeof piece->name || !bl_buf_room(&s->room, max))
		return false;
	got = bl_text_unb64(text, n, s->room.p + s->room.len, max);
	if (got <= 0)
		return false;
	strcpy(piece->name, name);
	piece->n = (size_t)got;
	s->room.len += piece->n;
	s->pieces.n++;
	return true;
}

static bool take_platform(struct bl_statement *s, const struct bl_json *j)
{
	const struct bl_json *list = bl_json_get(j, "pieces"), *v;
	uint8_t challenge[CHALLENGE], *at;

	if (!bl_signed_hex(j, "challenge", challenge, sizeof challenge) || !list || bl_json_kind(list) != BL_JSON_OBJECT || !bl_json_count(list))
		return false;
	memcpy(s->about.nonce, challenge, 32);
	memcpy(s->about.owner_pk, challenge + 32, 32);
	memcpy(s->about.policy_hash, challenge + 64, 32);
	memcpy(s->about.file_id, challenge + 96, 32);
	for (size_t i = 0; i < bl_json_count(list); i++) {
		const char *name = bl_json_key(list, i, &v);
		if (!take_piece(s, name, v))
			return false;
	}
	at = s->room.p;				/* where it lies now that it does not move any more */
	for (size_t i = 0; i < s->pieces.n; at += s->pieces.v[i++].n)
		s->pieces.v[i].p = at;
	return true;
}

bool bl_statement_parse(struct bl_statement *s, const struct bl_json *j)
{
	const int class = bl_statement_class(bl_json_get_text(j, "class"));
	uint8_t sig[BL_IDENT_SIG];

	memset(s, 0, sizeof *s);
	bl_buf_init(&s->room, BL_STATEMENT_ROOM + 3);	/* what a last padding would have held */
	if (class < 0 || !bl_signed_hex(j, "hello", s->about.hello, BL_STATEMENT_HELLO) || !bl_signed_hex(j, "kem", s->about.kem_pk, 32) ||
	    !bl_signed_hex(j, "key", s->about.sig_pk, 32) || !bl_signed_hex(j, "build", s->about.build, 32) ||
	    !bl_signed_hex(j, "report", s->report, BL_STATEMENT_REPORT) || !bl_signed_hex(j, "vault", s->vault_pk, BL_IDENT_PK) ||
	    !bl_json_get_text(j, "version") || !bl_signed_get(j, sig) || s->about.hello[3] != class)
		return false;
	s->class = (enum bl_statement_class)class;
	s->mask = bl_le32(s->about.hello + 4);
	if (class == BL_STATEMENT_SOFTWARE)
		return !bl_json_get(j, "challenge") && !bl_json_get(j, "pieces");
	if (take_platform(s, j))
		return true;
	bl_statement_fini(s);
	return false;
}

void bl_statement_fini(struct bl_statement *s)
{
	bl_buf_fini(&s->room);
	s->pieces.n = 0;
}

bool bl_statement_signed(const struct bl_statement *s, const struct bl_json *j)
{
	return bl_signed_check(j, domain, s->vault_pk);
}

bool bl_statement_bound(const struct bl_statement *s)
{
	uint8_t report[BL_STATEMENT_REPORT];

	bl_statement_report(&s->about, report);
	return s->class == BL_STATEMENT_SOFTWARE || !memcmp(report, s->report, sizeof report);
}

static bool same_challenge(const struct bl_statement_about *a, const struct bl_statement_about *b)
{
	return !memcmp(a->nonce, b->nonce, 32) && !memcmp(a->owner_pk, b->owner_pk, 32) && !memcmp(a->policy_hash, b->policy_hash, 32) &&
	       !memcmp(a->file_id, b->file_id, 32);
}

static bool same_helper(const struct bl_statement_about *a, const struct bl_statement_about *b)
{
	return !memcmp(a->kem_pk, b->kem_pk, 32) && !memcmp(a->sig_pk, b->sig_pk, 32) && !memcmp(a->build, b->build, 32) &&
	       !memcmp(a->hello, b->hello, BL_STATEMENT_HELLO);
}

int bl_statement_check(struct bl_statement *s, const char *text, size_t n, const struct bl_statement_about *a, struct bl_err *err)
{
	struct bl_json *j = bl_json_parse(text, n, BL_STATEMENT_DEPTH, BL_PROTOCOL, err);
	uint8_t report[BL_STATEMENT_REPORT];
	int rc = -1;

	memset(s, 0, sizeof *s);
	bl_statement_report(a, report);
	if (!j || !bl_json_canonical(text, n, BL_STATEMENT_DEPTH) || !bl_statement_parse(s, j)) {
		bl_err_set(err, BL_PROTOCOL, "the helper's evidence is malformed");
	} else if (!bl_statement_signed(s, j)) {
		bl_err_set(err, BL_REFUSED, "the helper's evidence does not verify");
	} else if (!same_helper(&s->about, a) || memcmp(s->report, report, sizeof report) ||
		   (s->class != BL_STATEMENT_SOFTWARE && !same_challenge(&s->about, a))) {
		bl_err_set(err, BL_REFUSED, "the helper's evidence is about another session");
	} else {
		rc = 0;
	}
	bl_json_free(j);
	return rc;
}
