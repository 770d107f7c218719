/* SPDX-License-Identifier: Apache-2.0 */
/* What names a provider, what an answer may hold, and what the process that asks may send. */
#include "../device.h"
#include "../tap.h"
#include "crypt/mem.h"

static struct bl_err err;
static struct bl_provider_answer got;

static void again(void)
{
	bl_provider_fini(&got);
	bl_provider_init(&got);
	memset(&err, 0, sizeof err);
}

/* --- NAME[:ROOT] --- */

static void test_names(void)
{
	static const char *const none[] = { "", "configfs", "configfs-tsm2", "nsm:", "nsm:dev/nsm", ":/dev/nsm", "software:/x", "nsm /dev/nsm", "snp" };
	static const char *const order[] = { "configfs-tsm", "sev-guest", "gramine", "nsm", "tpm2" };
	const struct bl_provider_tech *t;
	const char *root;
	struct bl_provider p;

	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		ok(bl_provider_tech_at(i) && !strcmp(bl_provider_tech_at(i)->name, order[i]) && bl_provider_tech_at(i)->probed == (i < 4), "%s is %s", order[i], i < 4 ? "tried in its turn" : "asked only where somebody names it");
	for (size_t i = 0; (t = bl_provider_tech_at(i)); i++) {
		const struct bl_provider_tech *same;
		ok(!bl_provider_parse(t->name, &same, &root, &err) && same == t && !strcmp(root, t->root), "'%s' is at %s", t->name, t->root);
	}
	ok(!bl_provider_parse("nsm:/some/where:else", &t, &root, &err) && t == &bl_nsm_tech && !strcmp(root, "/some/where:else"), "or where it is told to be");
	ok(!bl_provider_parse("software", &t, &root, &err) && !t, "'software' is no provider");
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		ok(bl_provider_parse(none[i], &t, &root, &err) && err.code == BL_USAGE, "'%s' is refused: %s", none[i], err.msg);
	ok(!bl_provider_start(&p, "software", &err) && p.sock == -1 && p.class == BL_STATEMENT_SOFTWARE && !strcmp(p.name, "software"),
	   "class software starts no process");
	bl_provider_stop(&p);
	ok(bl_provider_start(&p, "nsm:/nonexistent/nsm", &err) && err.code == BL_UNAVAILABLE && p.sock == -1, "what was named and is not there is 69: %s", err.msg);
}

/* --- pieces --- */

static void test_put(void)
{
	static uint8_t room[BL_STATEMENT_ROOM + 1] = { 7 };

	again();
	ok(!bl_provider_put(&got, "quote.msg", room, 3, &err) && !bl_provider_put(&got, "quote.sig", room, BL_STATEMENT_ROOM - 3, &err), "pieces fill the room");
	ok(got.pieces.n == 2 && got.pieces.v[0].n == 3 && got.pieces.v[1].p == got.pieces.v[0].p + 3 && got.pieces.v[0].p[0] == 7, "and are where they are said to be");
	ok(bl_provider_put(&got, "pcrs.bin", room, 1, &err) && err.code == BL_UNAVAILABLE, "a byte more is refused: %s", err.msg);
	again();
	ok(bl_provider_put(&got, "report.bin", room, sizeof room, &err) && bl_provider_put(&got, "report.bin", room, SIZE_MAX, &err), "so is one piece that is too large");
	ok(bl_provider_put(&got, "report.bin", room, 0, &err), "and one that is empty");
	ok(bl_provider_put(&got, "root.pem", room, 1, &err) && bl_provider_put(&got, "../report.bin", room, 1, &err), "and a name that evidence does not have");
	ok(!bl_provider_put(&got, "report.bin", room, 1, &err) && bl_provider_put(&got, "report.bin", room, 1, &err), "and a name that is taken");
	for (int i = 1; i < BL_STATEMENT_PIECES; i++) {
		char name[16];
		snprintf(name, sizeof name, "crl-%d.der", i);
		bl_provider_put(&got, name, room, 1, &err);
	}
	ok(got.pieces.n == BL_STATEMENT_PIECES && bl_provider_put(&got, "vek.der", room, 1, &err), "and a ninth");
}

/* A table of one entry, of so many bytes, that says where its certificate is. */
static size_t table(uint8_t *p, size_t n, uint32_t at, uint32_t len)
{
	memset(p, 0, n);
	memset(p, 1, 16);
	memcpy(p + 16, &at, 4);
	memcpy(p + 20, &len, 4);
	return n;
}

static void test_snp(void)
{
	static uint8_t report[BL_SNP_REPORT + 1], t[BL_STATEMENT_ROOM];
	static const struct { const char *why; size_t n; uint32_t at, len; size_t kept; } c[] = {
		{ "is kept to the end of its last certificate", 4096, 48, 100, 148 }, { "is kept though its certificate be empty", 4096, 48, 0, 48 },
		{ "whose certificate is beyond it is left out", 4096, 4000, 97, 0 }, { "whose certificate is at four gigabytes is left out", 4096, UINT32_MAX, 1, 0 },
		{ "whose certificate has four gigabytes is left out", 4096, 48, UINT32_MAX, 0 }, { "without an end is left out", 24, 0, 24, 0 },
		{ "that fits with the report is kept", BL_STATEMENT_ROOM - BL_SNP_REPORT, 48, BL_STATEMENT_ROOM - BL_SNP_REPORT - 48, BL_STATEMENT_ROOM - BL_SNP_REPORT },
		{ "that does not is left out", BL_STATEMENT_ROOM, 48, BL_STATEMENT_ROOM - BL_SNP_REPORT - 47, 0 },
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		again();
		table(t, c[i].n, c[i].at, c[i].len);
		ok(!bl_provider_put_snp(&got, report, BL_SNP_REPORT, t, c[i].n, &err) && got.pieces.n == 1 &&
		   !strcmp(got.pieces.v[0].name, c[i].kept ? "extended.bin" : "report.bin") && got.pieces.v[0].n == BL_SNP_REPORT + c[i].kept, "a table %s", c[i].why);
	}
	again();
	memset(t, 0, 4096);
	ok(!bl_provider_put_snp(&got, report, BL_SNP_REPORT, t, 4096, &err) && !strcmp(got.pieces.v[0].name, "report.bin"), "an empty table is left out");
	again();
	memset(t, 1, 4096);
	ok(!bl_provider_put_snp(&got, report, BL_SNP_REPORT, t, 4096, &err) && !strcmp(got.pieces.v[0].name, "report.bin"), "so is what is no table");
	again();
	ok(bl_provider_put_snp(&got, report, BL_SNP_REPORT + 1, NULL, 0, &err) && err.code == BL_UNAVAILABLE, "a report of another length is refused: %s", err.msg);
}

/* --- packets --- */

static bool takes(const char *p, size_t n)
{
	again();
	return !bl_provider_read(&got, (const uint8_t *)p, n, &err);
}
#define TAKES(s) takes(s, sizeof s - 1)

static void test_read(void)
{
#define ONE "\0\0\0\0\12report.bin\3\0\0\0abc"
	ok(TAKES(ONE) && got.pieces.n == 1 && got.pieces.v[0].n == 3 && !memcmp(got.pieces.v[0].p, "abc", 3), "a piece is read");
	ok(TAKES(ONE "\7vek.der\1\0\0\0d") && got.pieces.n == 2 && *got.pieces.v[1].p == 'd', "and another");
	for (size_t i = 0; i < sizeof ONE - 1; i++)
		if (!ok(!takes(ONE, i) && err.code == BL_UNAVAILABLE, "the first %zu bytes are refused", i))
			break;
	ok(!TAKES(ONE "\0"), "a byte more is refused");
	ok(!TAKES(ONE "\12report.bin\1\0\0\0d"), "a name twice");
	ok(!TAKES("\0\0\0\0\12report.bin\xff\xff\xff\xff" "abc"), "a length of four gigabytes");
	ok(!TAKES("\0\0\0\0\12report.bin\0\0\0\0"), "an empty piece");
	ok(!TAKES("\0\0\0\0\0\1\0\0\0d"), "an empty name");
	ok(!TAKES("\0\0\0\0\13report.bin\0\1\0\0\0d"), "a name with a zero byte");
	ok(!TAKES("\0\0\0\0\15Milan/vek.der\1\0\0\0d"), "a name with a folder");
	ok(!TAKES("\0\0\0\0\10root.pem\1\0\0\0d"), "a name that evidence does not have");
	ok(!TAKES("\0\0\0\0\30crl-4567890123456789.der\1\0\0\0d"), "a name that is too long");
	ok(!TAKES("\x45\0\0\0") && err.code == BL_UNAVAILABLE, "an exit class is one: %s", err.msg);
	ok(!TAKES("\x45\0\0\0\12report.bin\3\0\0\0abc"), "and has no pieces");
	ok(!TAKES("\x4d\0\0\0") && err.code == BL_UNAVAILABLE, "whichever it is, the evidence is unavailable");
}

int main(void)
{
	if (bl_mem_init(true, &err))
		return 71;
	bl_provider_init(&got);
	test_names();
	test_put();
	test_snp();
	test_read();
	bl_provider_fini(&got);
	return tap_done();
}
