/* SPDX-License-Identifier: Apache-2.0 */
/* The session's bytes: what binds challenge, request and answer together holds, and nothing else opens. */
#include <stdlib.h>

#include "../tap.h"
#include "base/text.h"
#include "crypt/hash.h"
#include "crypt/mem.h"
#include "tee/answer.h"
#include "tee/request.h"
#include "tee/wire.h"

static struct bl_err err;

static void fill(uint8_t *p, uint8_t from) { for (int i = 0; i < 32; i++) p[i] = (uint8_t)(from + i); }

/* The example of the transcript: every field counts up. */
static void transcript(void)
{
	struct bl_wire_hello h = { .backend = BL_WIRE_PROC, .mask = 0xffff }, back;
	struct bl_wire_challenge c = { .expires = 7 }, d;
	uint8_t report[BL_WIRE_REPORT], other[BL_WIRE_REPORT], hello[BL_WIRE_HELLO], challenge[BL_WIRE_CHALLENGE];
	char hex[2 * BL_WIRE_REPORT + 1];

	fill(c.nonce, 0x00);
	fill(h.kem_pk, 0x20);
	fill(h.sig_pk, 0x40);
	fill(c.owner_pk, 0x60);
	fill(c.policy_hash, 0x80);
	fill(c.file_id, 0xa0);
	fill(h.build, 0xc0);
	bl_wire_put_hello(hello, &h);
	ok(!bl_wire_get_hello(hello, sizeof hello, &back, &err) && !memcmp(&back, &h, sizeof h), "HELLO comes back");
	bl_wire_report(&h, &c, report);
	bl_text_hex(report, sizeof report, hex);
	is_str(hex, "af03cd5dff82ce46d30604cbbbbacf27b211acecf879dbd01dca6e77a91d215e7286400f6bc6533f1af98c12fd98df71d96b50759cad1cb1650765116136bac6",
	       "report data is the SHA-512 of the transcript");
	bl_wire_put_challenge(challenge, &c);
	ok(!bl_wire_get_challenge(challenge, sizeof challenge, &d, &err) && !memcmp(&d, &c, sizeof c), "CHALLENGE comes back");
	int same = 0;
	for (size_t i = 0; i < 128; i++) {
		challenge[i] ^= 1;
		bl_wire_get_challenge(challenge, sizeof challenge, &d, &err);
		bl_wire_report(&h, &d, other);
		same += !memcmp(report, other, sizeof report);
		challenge[i] ^= 1;
	}
	for (size_t i = 0; i < sizeof h.start; i++) {
		back = h;
		back.start[i] ^= 1;
		bl_wire_report(&back, &c, other);
		same += !memcmp(report, other, sizeof report);
	}
	is_int(same, 0, "and every byte of challenge and HELLO changes it");
	hello[2] = BL_WIRE_VM;
	hello[3] = BL_STATEMENT_SNP;
	ok(!bl_wire_get_hello(hello, sizeof hello, &back, &err) && back.backend == BL_WIRE_VM && back.class == BL_STATEMENT_SNP,
	   "backend and class are told");
	hello[3] = BL_STATEMENT_CLASSES;
	ok(bl_wire_get_hello(hello, sizeof hello, &back, &err) && err.code == BL_PROTOCOL, "an unknown class is refused");
	hello[3] = BL_STATEMENT_SOFTWARE;
	hello[2] = 2;
	ok(bl_wire_get_hello(hello, sizeof hello, &back, &err) && err.code == BL_PROTOCOL, "another backend is refused");
	ok(bl_wire_get_hello(hello, sizeof hello - 1, &back, &err) && err.code == BL_PROTOCOL, "and a short HELLO");
	challenge[140] = 1;
	ok(bl_wire_get_challenge(challenge, sizeof challenge, &d, &err), "what must be zero is");
}

static void requests(void)
{
	struct bl_ident me = { 0 }, helper = { 0 }, other = { 0 };
	struct bl_request q = { .kind = BL_REQUEST_QUERY, .sql = "select 1", .sql_len = 8, .purpose = "study" }, r;
	uint8_t session[64] = { 1 }, elsewhere[64] = { 2 }, kem_pk[32], kem_sk[32], wrong[32];
	struct bl_buf plain, sealed, back;

	bl_buf_init(&plain, 1 << 20);
	bl_buf_init(&sealed, 1 << 20);
	bl_buf_init(&back, 1 << 20);
	if (bl_ident_generate(&me, &err) || bl_ident_generate(&helper, &err) || bl_ident_generate(&other, &err))
		abort();
	bl_ident_kem_pk(helper.pk, kem_pk);
	bl_ident_kem_sk(&helper, kem_sk);
	bl_ident_kem_sk(&other, wrong);
	ok(!bl_request_print(&q, &me, session, &plain, &err) && !bl_wire_seal_request(kem_pk, session, &plain, &sealed, &err), "a request is signed and sealed");
	ok(!bl_wire_open_request(kem_sk, session, sealed.p, sealed.len, &back, &err) && !bl_request_parse(&r, back.p, back.len, session, &err) &&
	   !strcmp(r.sql, "select 1") && !strcmp(r.purpose, "study") && !r.table && !memcmp(r.principal, me.pk, 32) &&
	   !memcmp(r.hash, q.hash, 32) && !memcmp(r.id, q.id, 16), "and comes back as it was");
	bl_request_fini(&r);
	ok(bl_request_parse(&r, back.p, back.len, elsewhere, &err) && err.code == BL_REFUSED, "a signature of another session is refused");
	bl_buf_clear(&back);
	ok(bl_wire_open_request(kem_sk, elsewhere, sealed.p, sealed.len, &back, &err), "another session does not open it");
	ok(bl_wire_open_request(wrong, session, sealed.p, sealed.len, &back, &err), "nor does another helper");
	int opened = 0;
	for (size_t i = 0; i < sealed.len; i++) {
		bl_buf_clear(&back);
		sealed.p[i] ^= 0x40;
		opened += !bl_wire_open_request(kem_sk, session, sealed.p, sealed.len, &back, &err);
		sealed.p[i] ^= 0x40;
	}
	is_int(opened, 0, "nor one with a byte flipped anywhere");
	int taken = 0;
	for (size_t i = 0; i < plain.len; i++) {
		plain.p[i] ^= 2;
		if (!bl_request_parse(&r, plain.p, plain.len, session, &err)) {
			taken++;
			bl_request_fini(&r);
		}
		plain.p[i] ^= 2;
	}
	is_int(taken, 0, "a byte flipped inside the seal breaks signature or form");
	for (size_t i = 0; i < plain.len; i++)
		if (!bl_request_parse(&r, plain.p, i, session, &err)) {
			taken++;
			bl_request_fini(&r);
		}
	is_int(taken, 0, "and so does every cut");
	bl_buf_fini(&plain);
	bl_buf_fini(&sealed);
	bl_buf_fini(&back);
	bl_ident_fini(&me);
	bl_ident_fini(&helper);
	bl_ident_fini(&other);
}

static void answers(void)
{
	static const struct bl_table_col col[] = { { "n", { BL_TYPE_INT, 0, 0 } }, { "s", { BL_TYPE_TEXT, 0, 0 } }, { "d", { BL_TYPE_DECIMAL, 38, 4 } } };
	static const struct bl_str cell[] = { { "1", 1 }, { "", 0 }, { NULL, 0 }, { "-2", 2 }, { "a,\"b", 4 }, { "1.5000", 6 } };
	struct bl_answer a = { .place = { 3, 4 }, .note = "withheld", .receipt = "{}\n", .table = { 3, 2, col, cell } }, b;
	struct bl_ident me = { 0 };
	uint8_t session[64] = { 1 }, request[32] = { 9 }, pk[32], sk[32];
	struct bl_buf plain, sealed, back;
	struct bl_arena arena;
	int bad = 0;

	bl_buf_init(&plain, 4 << 20);
	bl_buf_init(&sealed, bl_wire_answer_room());
	bl_buf_init(&back, bl_wire_answer_room());
	bl_arena_init(&arena, 64 << 20);
	if (bl_ident_generate(&me, &err))
		abort();
	bl_ident_kem_pk(me.pk, pk);
	bl_ident_kem_sk(&me, sk);
	ok(!bl_answer_print(&a, &plain, &err) && !bl_answer_parse(&b, plain.p, plain.len, &arena, &err), "an answer comes back");
	ok(b.table.nrow == 2 && b.table.ncol == 3 && !strcmp(b.table.col[2].name, "d") && b.table.col[2].type.scale == 4 && b.place.pos == 3 &&
	   !strcmp(b.note, "withheld") && !b.warning && !strcmp(b.receipt, "{}\n"), "as it was");
	ok(b.table.cell[1].p && !b.table.cell[1].n && !b.table.cell[2].p && b.table.cell[4].n == 4, "a NULL apart from an empty text");
	bl_answer_fini(&b);
	for (size_t i = 0; i < plain.len; i++)
		if (!bl_answer_parse(&b, plain.p, i, &arena, &err)) {
			bad++;
			bl_answer_fini(&b);
		}
	is_int(bad, 0, "one that was cut anywhere is malformed");
	ok(!bl_wire_seal_answer(pk, session, request, &plain, &sealed, &err) && sealed.len == 4096 + BL_WIRE_SEALED, "sealed, it has one of a few lengths");
	ok(!bl_wire_open_answer(sk, session, request, sealed.p, sealed.len, &back, &err) && back.len == plain.len && !memcmp(back.p, plain.p, plain.len),
	   "its asker opens it");
	request[0] ^= 1;
	bl_buf_clear(&back);
	ok(bl_wire_open_answer(sk, session, request, sealed.p, sealed.len, &back, &err), "under no other request");
	size_t want[] = { 4088, 4096, 4089, 16384, 100000, 262144, 300000, 1 << 20 };
	for (size_t i = 0; i < sizeof want / sizeof *want; i += 2) {
		bl_buf_clear(&plain);
		bl_buf_clear(&sealed);
		bl_buf_room(&plain, want[i]);
		plain.len = want[i];
		bad += bl_wire_seal_answer(pk, session, request, &plain, &sealed, &err) || sealed.len != want[i + 1] + BL_WIRE_SEALED;
	}
	is_int(bad, 0, "lengths are 4, 16, 64, 256 KiB, then whole MiB");
	bl_buf_fini(&plain);
	bl_buf_fini(&sealed);
	bl_buf_fini(&back);
	bl_arena_fini(&arena);
	bl_ident_fini(&me);
}

/* The table's faces. */
static void controls(void)
{
	static const struct bl_table_col col[] = { { "a\302\233b", { BL_TYPE_TEXT, 0, 0 } } };
	static const struct bl_str cell[] = { { "\302\2332J \033[2J \177 \302\240 \303\237", 17 }, { "\302", 1 } };
	const struct bl_table t = { 1, 2, col, cell };
	struct bl_buf b;

	bl_buf_init(&b, 4096);
	bl_table_text(&t, &b);
	bl_buf_put8(&b, 0);
	is_str((char *)b.p, "a?b\n?2J ?[2J ? \302\240 \303\237\n\302\n", "a terminal is told nothing by a value or a name, in whatever form");
	bl_buf_fini(&b);
}

static void faces(void)
{
	static const struct bl_table_col col[] = { { "n", { BL_TYPE_INT, 0, 0 } }, { "a \"b\"", { BL_TYPE_TEXT, 0, 0 } }, { "_suppressed", { BL_TYPE_TEXT, 0, 0 } } };
	static const struct bl_str cell[] = { { "1", 1 }, { "", 0 }, { "", 0 }, { NULL, 0 }, { NULL, 0 }, { "n", 1 }, { "-20", 3 }, { "x\ny\302\233z", 6 }, { "", 0 } };
	const struct bl_table t = { 3, 3, col, cell };
	static const struct { void (*print)(const struct bl_table *, struct bl_buf *); const char *want, *promise; } face[] = {
		{ bl_table_csv, "n,\"a \"\"b\"\"\",_suppressed\n1,\"\",\"\"\n,,n\n-20,\"x\ny\302\233z\",\"\"\n", "csv tells NULL from empty text" },
		{ bl_table_jsonl, "{\"n\":1,\"a \\\"b\\\"\":\"\",\"_suppressed\":\"\"}\n{\"n\":null,\"a \\\"b\\\"\":null,\"_suppressed\":\"n\"}\n"
				  "{\"n\":-20,\"a \\\"b\\\"\":\"x\\ny\302\233z\",\"_suppressed\":\"\"}\n", "JSON lines keep the order of columns" },
		{ bl_table_json, "{\"columns\":[{\"name\":\"n\",\"type\":\"bigint\"},{\"name\":\"a \\\"b\\\"\",\"type\":\"text\"},"
				 "{\"name\":\"_suppressed\",\"type\":\"text\"}],\"rows\":[\n[1,\"\",\"\"],\n[null,null,\"n\"],\n[-20,\"x\\ny\302\233z\",\"\"]],"
				 "\"schema\":\"bl-query/1\"}\n", "one document has columns, rows and a schema" },
		{ bl_table_text, "  n  a \"b\"\n  1  \n  \302\267  \n-20  x?y?z\n", "a table for people aligns and marks what is withheld, without the column that says so" },
	};

	for (size_t i = 0; i < sizeof face / sizeof *face; i++) {
		struct bl_buf b;
		bl_buf_init(&b, 4096);
		face[i].print(&t, &b);
		bl_buf_put8(&b, 0);
		is_str((char *)b.p, face[i].want, "%s", face[i].promise);
		bl_buf_fini(&b);
	}
}

int main(void)
{
	if (bl_mem_init(false, &err))
		return 1;
	bl_json_init();
	transcript();
	requests();
	answers();
	faces();
	controls();
	return tap_done();
}
