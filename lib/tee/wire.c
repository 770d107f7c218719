/* SPDX-License-Identifier: Apache-2.0 */
/* wire: see wire.h. Lengths are fixed or checked against what arrived; nothing here decides anything. */
#include "tee/wire.h"

#include <string.h>

#include "crypt/hash.h"
#include "crypt/hpke.h"
#include "crypt/mem.h"
#include "tee/frame.h"

enum { HEAD = BL_HPKE_ENC + 4, KIB = 1 << 10, MIB = 1 << 20 };

static int broken(struct bl_err *err, const char *what)
{
	return bl_err_set(err, BL_PROTOCOL, "the other side sent a malformed %s", what);
}

static void put32(uint8_t *p, uint32_t v) { memcpy(p, &v, sizeof v); }
static void put64(uint8_t *p, uint64_t v) { memcpy(p, &v, sizeof v); }

/* --- HELLO, CHALLENGE, EVIDENCE --- */

void bl_wire_put_hello(uint8_t out[BL_WIRE_HELLO], struct bl_wire_hello *h)
{
	memset(h->start, 0, sizeof h->start);
	h->start[0] = 1;			/* version */
	h->start[2] = h->backend;
	h->start[3] = h->class;
	put32(h->start + 4, h->mask);
	put32(h->start + 8, BL_FRAME_MAX);
	memcpy(out, h->start, BL_WIRE_START);
	memcpy(out + 16, h->kem_pk, 32);
	memcpy(out + 48, h->sig_pk, 32);
	memcpy(out + 80, h->build, 32);
}

int bl_wire_get_hello(const uint8_t *p, size_t n, struct bl_wire_hello *h, struct bl_err *err)
{
	if (n != BL_WIRE_HELLO)
		return broken(err, "HELLO");
	if (bl_le16(p) != 1 || (p[2] != BL_WIRE_PROC && p[2] != BL_WIRE_VM) || p[3] >= BL_STATEMENT_CLASSES || bl_le32(p + 8) != BL_FRAME_MAX || bl_le32(p + 12))
		return bl_err_set(err, BL_PROTOCOL, "the helper is of another kind or version");
	memcpy(h->start, p, BL_WIRE_START);
	h->backend = p[2];
	h->class = p[3];
	h->mask = bl_le32(p + 4);
	memcpy(h->kem_pk, p + 16, 32);
	memcpy(h->sig_pk, p + 48, 32);
	memcpy(h->build, p + 80, 32);
	return 0;
}

void bl_wire_put_challenge(uint8_t out[BL_WIRE_CHALLENGE], const struct bl_wire_challenge *c)
{
	memcpy(out, c->nonce, 32);
	memcpy(out + 32, c->owner_pk, 32);
	memcpy(out + 64, c->policy_hash, 32);
	memcpy(out + 96, c->file_id, 32);
	put64(out + 128, (uint64_t)c->expires);
	put64(out + 136, 0);
}

int bl_wire_get_challenge(const uint8_t *p, size_t n, struct bl_wire_challenge *c, struct bl_err *err)
{
	if (n != BL_WIRE_CHALLENGE || bl_le64(p + 136))
		return broken(err, "CHALLENGE");
	memcpy(c->nonce, p, 32);
	memcpy(c->owner_pk, p + 32, 32);
	memcpy(c->policy_hash, p + 64, 32);
	memcpy(c->file_id, p + 96, 32);
	c->expires = (int64_t)bl_le64(p + 128);
	return 0;
}

void bl_wire_about(const struct bl_wire_hello *h, const struct bl_wire_challenge *c, struct bl_statement_about *a)
{
	memcpy(a->nonce, c->nonce, 32);
	memcpy(a->kem_pk, h->kem_pk, 32);
	memcpy(a->sig_pk, h->sig_pk, 32);
	memcpy(a->owner_pk, c->owner_pk, 32);
	memcpy(a->policy_hash, c->policy_hash, 32);
	memcpy(a->file_id, c->file_id, 32);
	memcpy(a->hello, h->start, BL_WIRE_START);
	memcpy(a->build, h->build, 32);
}

void bl_wire_report(const struct bl_wire_hello *h, const struct bl_wire_challenge *c, uint8_t report[BL_WIRE_REPORT])
{
	struct bl_statement_about a;

	bl_wire_about(h, c, &a);
	bl_statement_report(&a, report);
}

void bl_wire_session(const uint8_t report[BL_WIRE_REPORT], uint8_t session[64])
{
	static const char label[] = "bl-tee session v1";
	uint8_t t[sizeof label + BL_WIRE_REPORT];

	memcpy(t, label, sizeof label);
	memcpy(t + sizeof label, report, BL_WIRE_REPORT);
	bl_hash_sha512(t, sizeof t, session);
}

void bl_wire_put_evidence(struct bl_buf *b, uint8_t class, const void *statement, size_t n)
{
	bl_buf_put16(b, class);
	bl_buf_put16(b, 1);
	bl_buf_put16(b, BL_WIRE_STATEMENT);
	bl_buf_put16(b, 0);
	bl_buf_put32(b, (uint32_t)n);
	bl_buf_put(b, statement, n);
}

int bl_wire_get_evidence(const uint8_t *p, size_t n, uint8_t class, const char **statement, size_t *len, struct bl_err *err)
{
	struct bl_cur c;
	uint64_t head;

	bl_cur_init(&c, p, n);
	head = bl_cur_get64(&c);
	*len = bl_cur_get32(&c);
	*statement = (const char *)bl_cur_get(&c, *len);
	if (c.bad || c.left || head != (class | (uint64_t)1 << 16 | (uint64_t)BL_WIRE_STATEMENT << 32))
		return broken(err, "EVIDENCE");
	return 0;
}

/* --- sealing --- */

/* HPKE's info: label with its NUL, session, and for answers the request's hash. */
static size_t make_info(uint8_t info[160], const char *label, const uint8_t session[64], const uint8_t *request)
{
	size_t n = strlen(label) + 1;

	memcpy(info, label, n);
	memcpy(info + n, session, 64);
	n += 64;
	if (request) {
		memcpy(info + n, request, 32);
		n += 32;
	}
	return n;
}

static int seal(const uint8_t pk[32], const uint8_t *info, size_t ilen, const uint8_t *p, size_t n, struct bl_buf *out, struct bl_err *err)
{
	size_t at = out->len;

	if (!bl_buf_room(out, HEAD + n + BL_HPKE_TAG))
		return bl_err_set(err, BL_OSERR, "out of memory");
	out->len += HEAD + n + BL_HPKE_TAG;
	put32(out->p + at + BL_HPKE_ENC, (uint32_t)(n + BL_HPKE_TAG));
	if (bl_hpke_seal(pk, info, ilen, NULL, 0, p, n, out->p + at, out->p + at + HEAD))
		return bl_err_set(err, BL_REFUSED, "a key of the other side is not usable");
	return 0;
}

static int unseal(const uint8_t sk[32], const uint8_t *info, size_t ilen, const uint8_t *p, size_t n, struct bl_buf *plain,
		  const char *what, struct bl_err *err)
{
	if (n < HEAD + BL_HPKE_TAG || bl_le32(p + BL_HPKE_ENC) != n - HEAD)
		return broken(err, what);
	if (n - HEAD > plain->max || !bl_buf_room(plain, n - HEAD - BL_HPKE_TAG))
		return broken(err, what);
	if (bl_hpke_open(sk, p, info, ilen, NULL, 0, p + HEAD, n - HEAD, plain->p + plain->len))
		return bl_err_set(err, BL_PROTOCOL, "the %s was not sealed for this session", what);
	plain->len += n - HEAD - BL_HPKE_TAG;
	return 0;
}

static const char request_label[] = "bl-tee request v1", answer_label[] = "bl-tee answer v1";

int bl_wire_seal_request(const uint8_t kem_pk[32], const uint8_t session[64], const struct bl_buf *plain, struct bl_buf *out, struct bl_err *err)
{
	uint8_t info[160];

	return seal(kem_pk, info, make_info(info, request_label, session, NULL), plain->p, plain->len, out, err);
}

int bl_wire_open_request(const uint8_t kem_sk[32], const uint8_t session[64], const uint8_t *p, size_t n, struct bl_buf *plain, struct bl_err *err)
{
	uint8_t info[160];

	return unseal(kem_sk, info, make_info(info, request_label, session, NULL), p, n, plain, "request", err);
}

/* Plaintext of an answer: u64 length, bytes, zeros up to the step. */
static size_t padded(size_t n)
{
	for (size_t step = 4 * KIB; step <= 256 * KIB; step *= 4)
		if (n <= step)
			return step;
	return (n + MIB - 1) / MIB * MIB;
}

size_t bl_wire_answer_room(void)
{
	return padded(BL_WIRE_ANSWER_MAX + 8) + BL_WIRE_SEALED;
}

int bl_wire_seal_answer(const uint8_t kem_pk[32], const uint8_t session[64], const uint8_t request[32], const struct bl_buf *plain,
			struct bl_buf *out, struct bl_err *err)
{
	size_t n = padded(plain->len + 8);
	struct bl_buf b;
	uint8_t info[160];
	int rc = -1;

	bl_buf_init(&b, n);
	bl_buf_room(&b, n);
	bl_buf_put64(&b, plain->len);
	bl_buf_put(&b, plain->p, plain->len);
	if (b.failed) {
		bl_err_set(err, BL_OSERR, "out of memory");
	} else {
		memset(b.p + b.len, 0, n - b.len);
		b.len = n;
		rc = seal(kem_pk, info, make_info(info, answer_label, session, request), b.p, b.len, out, err);
	}
	bl_buf_wipe(&b);
	return rc;
}

int bl_wire_open_answer(const uint8_t kem_sk[32], const uint8_t session[64], const uint8_t request[32], const uint8_t *p, size_t n,
			struct bl_buf *plain, struct bl_err *err)
{
	uint8_t info[160];
	uint64_t len;

	if (unseal(kem_sk, info, make_info(info, answer_label, session, request), p, n, plain, "answer", err))
		return -1;
	if (plain->len < 8 || (len = bl_le64(plain->p)) > plain->len - 8)
		return broken(err, "answer");
	memmove(plain->p, plain->p + 8, len);
	plain->len = len;
	return 0;
}
