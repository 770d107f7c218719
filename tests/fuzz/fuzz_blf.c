/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sealed file from somebody who holds the keys: header, footer and chunks are sealed and signed around the fuzzer's bytes, so
 * that the parsers behind the cryptography are reached. 65 or sound vectors, never more memory than the limits say.
 */
#include "../blf.h"
#include "base/num.h"
#include "format/chunk.h"
#include "format/footer.h"

static struct bl_ident owner;
static uint8_t key[32] = { 9 };

static void start(void)
{
	struct bl_err err;

	if (owner.sk)
		return;
	if (bl_mem_init(true, &err))
		abort();
	blf_identity(&owner, 1);
}

static void bad(const struct bl_err *err)
{
	if (err->code != BL_DATA || !err->msg[0])
		abort();
}

/* Makes the four counts of a header's fields (from the commitment on) fit its length, as chance never would. */
static void fit_header(uint8_t *p, size_t n)
{
	uint32_t count[4] = { p[112] % 4, p[116] % 3, p[120] % 3, 0 };
	size_t fixed = 336 - 80 + 132 * count[0] + 4 * count[1] + 112 * count[2];

	count[3] = n > fixed ? (uint32_t)(n - fixed) : 0;
	memcpy(p + 112, count, sizeof(count));
}

/* The bytes as the fields of a header whose magic, length, owner and signature are right. */
static void fuzz_header(const uint8_t *p, size_t n, bool fit)
{
	static const uint8_t magic[] = { 0x89, 'B', 'L', 'F', '\r', '\n', 0x1a, '\n', 1, 0, 0, 0 };
	struct bl_header h;
	struct bl_err err = { 0 };
	struct bl_buf b;
	uint8_t sig[BL_IDENT_SIG], file[32];

	bl_buf_init(&b, BL_BLF_HEADER_MAX);
	bl_buf_put(&b, magic, sizeof(magic));
	bl_buf_put32(&b, (uint32_t)(sizeof(magic) + 4 + 64 + n + sizeof(sig)));
	bl_buf_put(&b, memset(file, 3, 32), 32);
	bl_buf_put(&b, owner.pk, 32);
	bl_buf_put(&b, p, n);
	if (fit && n > 128)
		fit_header(b.p + 80, n);
	if (bl_ident_sign(&owner, "blf header v1", b.p, b.len, sig))
		abort();
	bl_buf_put(&b, sig, sizeof(sig));
	if (b.failed) {
		bl_buf_fini(&b);
		return;
	}
	if (bl_header_parse(&h, b.p, b.len, &err)) {
		bad(&err);
	} else {
		struct bl_buf again;

		bl_buf_init(&again, BL_BLF_HEADER_MAX);
		if (bl_header_print(&h, &owner, &again, &err) || again.len != b.len || memcmp(again.p, b.p, b.len) != 0)
			abort();		/* what is accepted has one form */
		bl_buf_fini(&again);
		bl_header_fini(&h);
	}
	bl_buf_fini(&b);
}

/* The bytes as the plaintext of a footer, sealed and signed. */
static void fuzz_footer(const uint8_t *p, size_t n)
{
	struct bl_footer_head head = { .kind = BL_FOOTER_FOOTER, .flags = BL_FOOTER_FINAL | BL_FOOTER_END };
	struct bl_header h = { .size = 1000, .schema.n = 3 };
	struct bl_footer f;
	struct bl_err err = { 0 };
	struct bl_buf b;
	struct bl_gcm *g = bl_footer_key(h.file_id, key, "footer", 0);
	uint8_t text[96] = { 0 }, sig[BL_IDENT_SIG];
	uint64_t data = n >= 24 ? bl_le64(p + 16) % (1 << 20) : 0;

	memcpy(h.owner, owner.pk, 32);
	if (n >= 16) {
		head.group = bl_le32(p + 8);
		head.column = bl_le32(p + 12);
	}
	bl_buf_init(&b, BL_FOOTER_MAX);
	if (bl_footer_seal(g, h.file_id, &head, p, n, &b))
		abort();
	bl_hash_sha256(b.p, b.len, text + 64);
	if (bl_ident_sign(&owner, "blf footer v1", text, sizeof(text), sig))
		abort();
	bl_buf_put(&b, sig, sizeof(sig));
	bl_buf_put64(&b, b.len + BL_FOOTER_TAIL);
	bl_buf_put(&b, "BLF end\n", 8);
	if (bl_footer_parse(&f, &h, key, b.p, b.len, h.size + data + b.len, &err))
		bad(&err);
	else if (f.size != data || f.columns != 3)
		abort();
	bl_gcm_free(g);
	bl_buf_fini(&b);
}

static const struct bl_type types[] = { { BL_TYPE_INT, 0, 0 }, { BL_TYPE_DOUBLE, 0, 0 }, { BL_TYPE_TEXT, 0, 0 }, { BL_TYPE_DECIMAL, 9, 2 } };

/* Parses a chunk's plaintext and looks at every value of every vector. */
static void read_chunk(const uint8_t *p, size_t n, struct bl_type t, uint32_t rows)
{
	struct bl_chunk *c = bl_chunk_new();
	struct bl_err err = { 0 };
	uint64_t sum = 0;
	uint32_t nd;

	memcpy(bl_chunk_room(c, n), p, n);
	if (bl_chunk_parse(c, t, rows, n, &err)) {
		bad(&err);
		rows = 0;
	}
	for (uint32_t from = 0; from < rows; from += BL_TYPE_VECTOR) {
		uint32_t k = rows - from < BL_TYPE_VECTOR ? rows - from : BL_TYPE_VECTOR;
		struct bl_vec v;

		bl_chunk_vec(c, from, k, &v);
		for (uint32_t i = 0; i < k; i++) {
			struct bl_str s = { NULL, 0 };

			if (v.code && v.code[i] >= v.ndict)
				abort();
			if (t.kind == BL_TYPE_TEXT)
				s = v.code ? v.dict[v.code[i]] : v.str[i];
			else
				sum += (uint64_t)(v.i64 ? v.i64 : (const int64_t *)(const void *)v.f64)[i];
			for (uint32_t j = 0; j < s.n; j += 64)
				sum += (uint8_t)s.p[j];
			if (s.n)
				sum += (uint8_t)s.p[s.n - 1];
		}
	}
	__asm__ volatile("" : : "r"(sum));	/* every byte was really read */
	bl_chunk_dict(c, &nd);
	bl_chunk_free(c);
}

/* The bytes as such a plaintext. */
static void fuzz_chunk(const uint8_t *p, size_t n, uint8_t what)
{
	read_chunk(p, n, types[what % 4], n >= 12 ? bl_le32(p + 8) % (BL_TYPE_GROUP + 2) : 0);
}

/* A sound plaintext, of values that the first 16 bytes choose, with some bytes of it replaced. */
static void fuzz_flipped(const uint8_t *p, size_t n, uint8_t what)
{
	static uint64_t null[BL_TYPE_GROUP / 64];
	static int64_t value[BL_TYPE_GROUP];
	static uint32_t end[BL_TYPE_GROUP];
	static uint8_t text[64 << 10];
	struct bl_writer_column w = { .type = types[what % 4], .i64 = value, .null = null, .text = text, .end = end };
	uint64_t state = n >= 16 ? bl_le64(p) | 1 : 1, mask;
	uint32_t rows = n >= 16 ? bl_le32(p + 8) % 3000 : 0;
	struct bl_codec *k = bl_codec_new();
	struct bl_stat stat;
	struct bl_err err;
	struct bl_buf b;

	if (n < 16)
		rows = 0;
	mask = rows ? (UINT64_C(1) << p[12] % 64) - 1 : 0;
	memset(null, 0, sizeof(null));
	for (uint32_t i = 0; i < rows; i++) {
		uint64_t x = blf_random(&state);

		value[i] = p[13] % 3 == 1 && i ? value[i - 1] + (x % 16 == 0) : p[13] % 3 ? (int64_t)(x % 50 * 1000000) : (int64_t)(x & mask);
		if (w.type.kind == BL_TYPE_DOUBLE) {
			double d = (double)(value[i] % 1000000) / 100;
			memcpy(&value[i], &d, sizeof(d));
		}
		if (p[14] % 4 && x >> 40 & p[14] % 4)
			null[i / 64] |= UINT64_C(1) << i % 64;
		else
			for (uint64_t m = x % (p[15] % 20 + 1u); m; m--)
				text[w.text_len++] = (uint8_t)("abc"[(x >> m) % 3]);
		end[i] = (uint32_t)w.text_len;
	}
	bl_buf_init(&b, 1 << 24);
	if (bl_codec_put(k, &w, rows, &b, &stat, &err))
		abort();
	for (size_t i = 16; i + 3 <= n; i += 3)
		b.p[bl_le16(p + i) % b.len] = p[i + 2];
	read_chunk(b.p, b.len, w.type, rows);
	bl_buf_fini(&b);
	bl_codec_free(k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	start();
	if (!size)
		return 0;
	if (*data < 64)
		fuzz_header(data + 1, size - 1, *data % 4 != 0);
	else if (*data < 128)
		fuzz_footer(data + 1, size - 1);
	else if (*data < 160)
		fuzz_chunk(data + 1, size - 1, *data);
	else
		fuzz_flipped(data + 1, size - 1, *data);
	return 0;
}
