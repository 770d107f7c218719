/* SPDX-License-Identifier: Apache-2.0 */
/* A newer policy on a sealed file: who may, when, and that nothing but the header changes. */
#include <stdlib.h>
#include <unistd.h>

#include "../tap.h"
#include "base/file.h"
#include "base/out.h"
#include "crypt/mem.h"
#include "format/reader.h"
#include "format/writer.h"
#include "policy/attach.h"

#define POLICY(version, more) "{\"version\":" version ",\"entity\":\"id\",\"columns\":{\"x\":{\"uses\":[\"group\"]}}," \
	"\"release\":{\"min_entities\":10},\"tee\":{\"class\":\"software\"}" more "}"

enum { ROWS = 200000 };		/* some 1.6 MB */
static struct bl_err err;
static struct bl_ident owner, other;

static void identity(struct bl_ident *id, uint8_t n)
{
	uint8_t seed[32] = { n };

	if (bl_ident_from_seed(id, seed, &err))
		abort();
}

static void parse(struct bl_policy *p, const char *s)
{
	if (bl_doc_parse(p, s, strlen(s), &err)) {
		printf("# %s\n", err.msg);
		abort();
	}
}

/* A sealed table of `rows` rows under this policy, at path. */
static void seal(const char *path, const char *policy, uint32_t rows)
{
	static struct bl_column col[2] = { { "id", { BL_TYPE_INT, 0, 0 } }, { "x", { BL_TYPE_TEXT, 0, 0 } } };
	struct bl_header h = { .name = "people", .schema = { 2, col }, .nentity = 1, .entity = { 0 } };
	struct bl_writer w;
	struct bl_policy p;
	struct bl_out out;
	bool bad;

	parse(&p, policy);
	h.policy = p.canonical;
	h.policy_len = p.canonical_len;
	h.policy_version = p.version;
	bl_file_forget_inputs();		/* each is a program's run of its own */
	bl_out_init(&out);
	bad = bl_out_open(&out, path, 0600, false, &err) || bl_writer_open(&w, out.fd, &h, &owner, NULL, 0, &err);
	for (uint32_t i = 0; i < rows && !bad; i++) {
		/* Ids that no encoding makes small: the file is to be longer than a header can be. */
		bad = (w.rows == BL_TYPE_GROUP && bl_writer_row_group(&w, false, &err)) || bl_writer_text(&w, 1, 1, &err);
		w.col[0].i64[w.rows] = (int64_t)(i * UINT64_C(0x9e3779b97f4a7c15) >> 1);
		w.col[1].text[w.col[1].text_len++] = (uint8_t)('a' + i % 3);
		w.col[1].end[w.rows++] = (uint32_t)w.col[1].text_len;
	}
	if (bad || bl_writer_close(&w, &err) || bl_out_commit(&out, &err)) {
		printf("# %s\n", err.msg);
		abort();
	}
	bl_writer_fini(&w);
	bl_out_fini(&out);
	bl_doc_fini(&p);
}

static int may(const char *path, const char *policy, const struct bl_ident *id)
{
	struct bl_source s;
	struct bl_policy p;
	int rc;

	parse(&p, policy);
	if (bl_source_open(&s, path, &err))
		abort();
	rc = bl_attach_check(&s, &p, id->pk, &err);
	bl_source_close(&s);
	bl_doc_fini(&p);
	return rc;
}

static void refuses(const char *policy, int code, const char *message, const char *promise)
{
	ok(may("old.blf", policy, &owner) && err.code == code, "class %d: %s", code, promise);
	is_str(err.msg, message, "%s", message);
}

static int attach(const char *from, const char *to, const char *policy)
{
	struct bl_source s;
	struct bl_policy p;
	struct bl_out out;
	int rc;

	parse(&p, policy);
	bl_file_forget_inputs();
	bl_out_init(&out);
	if (bl_source_open(&s, from, &err) || bl_attach_check(&s, &p, owner.pk, &err) || bl_out_open(&out, to, 0600, false, &err))
		abort();
	rc = bl_attach_write(&s, &p, &owner, out.fd, &err) || bl_out_commit(&out, &err) ? -1 : 0;
	bl_out_fini(&out);
	bl_source_close(&s);
	bl_doc_fini(&p);
	return rc;
}

static void whole(const char *path, struct bl_buf *b)
{
	bl_buf_init(b, 64 << 20);
	if (bl_file_read(path, b, &err))
		abort();
}

static void rules(void)
{
	ok(!may("old.blf", POLICY("4", ""), &owner), "the owner may attach a higher version");
	ok(!may("old.blf", POLICY("4", ",\"dataset\":\"people\""), &owner), "that names the file's dataset");
	ok(may("old.blf", POLICY("4", ""), &other) && err.code == BL_REFUSED, "another key may not: class 77");
	refuses(POLICY("3", ""), BL_CONFIG, "version: 3 is not above the file's 3", "an equal version");
	refuses(POLICY("2", ""), BL_CONFIG, "version: 2 is not above the file's 3", "a lower version");
	refuses(POLICY("4", ",\"dataset\":\"other\""), BL_CONFIG, "dataset: 'other' is not the file's 'people'", "another dataset");
	refuses("{\"version\":4,\"entity\":\"x\"}", BL_CONFIG, "entity: not the file's", "another entity");
	refuses("{\"version\":4,\"entity\":\"row\"}", BL_CONFIG, "entity: not the file's", "rows in place of an entity");
	refuses("{\"version\":4,\"entity\":[\"id\",\"x\"]}", BL_CONFIG, "entity: not the file's", "a wider entity");
	refuses(POLICY("4", ",\"review\":{\"approvers\":[\"SHA256:x8fuzt/N/biYNglWwwjpeBJ7On0+DFNrqs7zKmqmGnM\"]}"), BL_CONFIG,
		"E17 review: not enforced by this version", "what nobody would keep");
	refuses("{\"version\":4,\"entity\":\"id\",\"release\":{\"min_entities\":9},\"columns\":{\"y\":{}}}", BL_CONFIG,
		"E01 columns: the table has no column 'y' (did you mean 'x'?)", "a column that the table lacks");
	seal("amend.blf", POLICY("3", ",\"amend\":{\"of\":[\"SHA256:x8fuzt/N/biYNglWwwjpeBJ7On0+DFNrqs7zKmqmGnM\"],\"n\":1}"), 3);
	ok(may("amend.blf", POLICY("4", ""), &owner) && err.code == BL_REFUSED, "a policy that wants signatures is not replaced without: class 77");
}

static void bytes(void)
{
	struct bl_buf old, new;
	struct bl_header a, b;
	uint8_t key[BL_BLF_KEY], again[BL_BLF_KEY];

	is_int(attach("old.blf", "new.blf", POLICY("9", ",\"title\":\"newer\"")), 0, "attaches");
	whole("old.blf", &old);
	whole("new.blf", &new);
	if (bl_header_parse(&a, old.p, old.len, &err) || bl_header_parse(&b, new.p, new.len, &err))
		abort();
	ok(b.policy_version == 9 && strstr(b.policy, "\"title\":\"newer\""), "the new header has the new policy, signed");
	ok(!memcmp(a.file_id, b.file_id, 32) && !memcmp(a.commitment, b.commitment, 32) && !memcmp(a.owner, b.owner, 32) &&
	   !memcmp(a.seed, b.seed, 32) && !strcmp(a.name, b.name), "file id, key commitment, owner, seed and name stay");
	ok(a.nrecipient == b.nrecipient && !memcmp(a.recipient, b.recipient, a.nrecipient * sizeof *a.recipient), "so do the recipients");
	ok(a.schema.n == b.schema.n && !memcmp(a.schema.col, b.schema.col, a.schema.n * sizeof *a.schema.col) && a.nentity == b.nentity &&
	   a.entity[0] == b.entity[0], "and the schema and the entity");
	ok(old.len - a.size == new.len - b.size && !memcmp(old.p + a.size, new.p + b.size, old.len - a.size), "all behind the header is the same, byte for byte");
	ok(!bl_header_unlock(&a, &owner, key, &err) && !bl_header_unlock(&b, &owner, again, &err) && !memcmp(key, again, sizeof key),
	   "the same key opens it");
	bl_header_fini(&a);
	bl_header_fini(&b);
	bl_buf_fini(&old);
	bl_buf_fini(&new);
}

/* The new file is as good as the old one: every chunk is where the footer says. */
static void reads(void)
{
	struct bl_reader *r = NULL;
	uint8_t key[BL_BLF_KEY];
	int fd = bl_file_open("new.blf", &err);

	ok(!bl_reader_open(&r, fd, &err) && !bl_header_unlock(bl_reader_header(r), &owner, key, &err) && !bl_reader_unlock(r, key, &err) &&
	   !bl_reader_verify(r, &err) && bl_reader_rows(r) == ROWS, "a reader verifies and reads it");
	bl_reader_close(r);
	close(fd);
}

static void damage(void)
{
	struct bl_buf b;
	struct bl_source s;
	struct bl_header h;
	struct bl_out out;

	whole("old.blf", &b);
	if (bl_header_parse(&h, b.p, b.len, &err))
		abort();
	static const size_t cut[] = { 1, 8, 16, 100 };
	for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) {
		bl_file_forget_inputs();
		bl_out_init(&out);
		if (bl_out_open(&out, "cut.blf", 0600, false, &err) || bl_file_write(out.fd, b.p, b.len - cut[i], &err) || bl_out_commit(&out, &err))
			abort();
		bl_out_fini(&out);
		ok(attach("cut.blf", "never.blf", POLICY("9", "")) && err.code == BL_DATA, "%zu bytes short: class 65", cut[i]);
	}
	ok(access("never.blf", F_OK), "and no file is left behind");
	b.p[h.size - 1] ^= 1;
	bl_file_forget_inputs();
	bl_out_init(&out);
	if (bl_out_open(&out, "cut.blf", 0600, false, &err) || bl_file_write(out.fd, b.p, b.len, &err) || bl_out_commit(&out, &err))
		abort();
	bl_out_fini(&out);
	ok(bl_source_open(&s, "cut.blf", &err) && err.code == BL_DATA, "a header whose signature does not verify: class 65");
	bl_header_fini(&h);
	bl_buf_fini(&b);
}

int main(void)
{
	char dir[] = "/tmp/bl-attach.XXXXXX";

	if (!mkdtemp(dir) || chdir(dir) || bl_mem_init(true, &err))
		abort();
	bl_json_init();
	identity(&owner, 1);
	identity(&other, 2);
	seal("old.blf", POLICY("3", ""), 0);
	attach("old.blf", "new.blf", POLICY("9", ""));
	ok(!access("new.blf", F_OK), "an empty table takes a policy too");
	seal("old.blf", POLICY("3", ""), 0);
	rules();
	/* More than a header's room, so that bytes behind it come from the descriptor too. */
	seal("old.blf", POLICY("3", ""), ROWS);
	bytes();
	reads();
	damage();
	bl_ident_fini(&owner);
	bl_ident_fini(&other);
	static const char *const files[] = { "old.blf", "new.blf", "cut.blf", "amend.blf" };
	for (size_t i = 0; i < 4; i++)
		unlink(files[i]);
	if (chdir("/") || rmdir(dir))
		printf("# %s is not empty\n", dir);
	return tap_done();
}
