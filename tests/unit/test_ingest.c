/* SPDX-License-Identifier: Apache-2.0 */
/* From text to columns: values, inferred types, schemas as text, and the spool that a pipe is kept in. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "../blf.h"
#include "../csv.h"
#include "../tap.h"
#include "base/num.h"
#include "base/time.h"
#include "format/infer.h"
#include "format/load.h"
#include "format/schema.h"
#include "format/spool.h"
#include "format/value.h"

static uint64_t seed = 11;

static uint64_t rnd(void)
{
	return blf_random(&seed);
}

/* --- values --- */

static size_t make_number(char *p)
{
	static const char odd[] = "0123456789.-+eE 0:T/";
	size_t n = 0;

	if (rnd() % 4 == 0)
		p[n++] = '-';
	for (uint64_t k = rnd() % 3 ? 1 + rnd() % 7 : rnd() % 22; k; k--)
		p[n++] = (char)('0' + rnd() % 10);
	if (rnd() % 2)
		p[n++] = '.';
	for (uint64_t k = rnd() % 6; k; k--)
		p[n++] = (char)('0' + rnd() % 10);
	if (n && rnd() % 8 == 0)
		p[rnd() % n] = rnd() % 3 ? odd[rnd() % (sizeof(odd) - 1)] : (char)rnd();
	return n;
}

static void test_numbers(void)
{
	char p[64];
	unsigned ints = 0, decimals = 0, doubles = 0, valid[3] = { 0 };

	for (int i = 0; i < 300000; i++) {
		size_t n = make_number(p);
		int64_t a = 1, b = 1;
		double d = 1;
		unsigned scale = (unsigned)(rnd() % 10), precision = scale + 1 + (unsigned)(rnd() % (18 - scale));
		bool x, y;

		memset(p + n, i % 2 ? '7' : '.', sizeof(p) - n);	/* what comes after must not matter */
		x = bl_num_parse_i64(p, n, &a);
		y = bl_value_int(p, n, &b);
		ints += x != y || (x && a != b);
		valid[0] += x;
		x = bl_num_parse_dec(p, n, scale, &a) && (a < 0 ? -(uint64_t)a : (uint64_t)a) < (uint64_t)bl_num_pow10(precision);
		y = bl_value_decimal(p, n, precision, scale, &b);
		decimals += x != y || (x && a != b);
		valid[1] += x;
		x = bl_num_parse_f64(p, n, &d);
		y = bl_value_double(p, n, &b);
		memcpy(&a, &d, 8);
		doubles += x != y || (x && a != b);
		valid[2] += x;
	}
	ok(valid[0] > 10000 && valid[1] > 10000 && valid[2] > 10000, "many of the random texts are numbers, many are not");
	is_int(ints, 0, "the fast way to integers is the strict one");
	is_int(decimals, 0, "and that to decimals");
	is_int(doubles, 0, "and that to doubles");
}

static void test_dates(void)
{
	unsigned bad = 0, differ = 0;
	char p[80];

	for (int64_t d = -719162; d <= 2932896; d += 1) {
		int64_t v = INT64_MIN;

		bl_time_print_date(d, p);
		bad += !bl_value_date(p, 10, &v) || v != d;
	}
	is_int(bad, 0, "every day from year 1 to 9999 is read");
	for (int i = 0; i < 300000; i++) {
		int64_t a = 1, b = 1;
		bool x, y;

		snprintf(p, sizeof(p), "%04d-%02d-%02d  ", (int)(rnd() % 10000), (int)(rnd() % 14), (int)(rnd() % 34));
		if (rnd() % 4 == 0)
			p[rnd() % 10] = (char)rnd();
		x = bl_time_parse_date(p, 10, &a);
		y = bl_value_date(p, 10, &b);
		differ += x != y || (x && a != b);
	}
	is_int(differ, 0, "and nothing that is none");
	ok(!bl_value_date("2024-01-01x", 11, &(int64_t){ 0 }) && !bl_value_date("2024-1-01", 9, &(int64_t){ 0 }), "of exactly ten bytes");
}

/* --- inference --- */

/* Lines of one column, the header left out; its type as text. */
static const char *infer(const char *lines)
{
	static char out[32];
	size_t n = strlen(lines) + 2;
	char *p = malloc(n + 1);
	struct csv_text t = { (const uint8_t *)p, n, 0, 0 };
	struct bl_err err = { 0 };
	struct bl_csv *c;
	struct bl_csv_rows r;
	struct bl_infer *f = bl_infer_new(1);
	int more;

	memcpy(p, "c\n", 2);
	memcpy(p + 2, lines, n - 1);
	c = bl_csv_new((struct bl_csv_source){ csv_read, &t }, (struct bl_csv_dialect){ ',', '"', NULL, 0 }, &err);
	more = bl_csv_next(c, &r, &err);
	while (more == 1 && (more = bl_csv_next(c, &r, &err)) == 1)
		bl_infer_add(f, &r);
	bl_type_print(bl_infer_type(f, 0), out);
	bl_infer_free(f);
	bl_csv_free(c);
	free(p);
	return more ? err.msg[0] ? "error" : "?" : out;
}

static void test_inference(void)
{
	static const struct { const char *lines, *type, *why; } cases[] = {
		{ "", "text", "no rows" }, { "\n\n", "text", "no values" }, { "\"\"\n1\n", "text", "empty text is a text" },
		{ "true\nFALSE\n", "bool", "true and false" }, { "true\n\nfalse", "bool", "with NULLs" }, { "true\n1\n", "text", "a bool and a number" },
		{ "t\nf\n", "text", "t and f alone say nothing" },
		{ "1\n-2\n\n0\n", "bigint", "whole numbers" }, { "\"1\"\n\"22\"\n", "bigint", "a quoted number is a number" },
		{ "007\n1\n", "text", "leading zeros are kept" }, { "1\n007", "text", "also late" }, { "1\n-07\n", "text", "also after a sign" },
		{ "00\n", "text", "two zeros" }, { "0\n", "bigint", "one zero is a number" }, { "+1\n", "text", "a plus sign is kept" },
		{ "9223372036854775807\n-9223372036854775808\n", "bigint", "the ends of 64 bits" },
		{ "9223372036854775808\n", "text", "a whole number too long for 64 bits is kept" },
		{ "123456789012345678901234567890\n", "text", "as long identifiers are" },
		{ "1.5\n2\n", "decimal(2,1)", "a point" }, { "1.50\n-22.2\n", "decimal(4,2)", "the most places, and the most digits before" },
		{ "0.05\n", "decimal(3,2)", "a zero before the point counts" }, { "17.00\n", "decimal(4,2)", "places are kept" },
		{ "100000\n0.123\n", "decimal(9,3)", "digits of different values" },
		{ "123456789012345678\n0.5\n", "text", "no type holds both exactly" }, { "12345678901234.25\n1.12345\n", "double", "more than 18 digits together" },
		{ "1.\n", "text", "no digits after the point" }, { ".5\n", "text", "none before" }, { "1.2.3\n", "text", "two points" },
		{ "1e3\n", "double", "an exponent" }, { "1e3\n2\n1.5\n", "double", "with others" }, { "1e400\n", "text", "too large" }, { "1e-400\n", "text", "too small" },
		{ "1e\n", "text", "no exponent after all" }, { "1e3\n9007199254740993\n", "text", "a whole number that a double cannot hold" },
		{ "1e3\n9007199254740992\n", "double", "one that it can" }, { "0.1\n3.1415926535897932384\n", "text", "more digits than a double holds" },
		{ "0.12345678901234567\n12345.1\n", "double", "17 of them" }, { "NaN\n", "text", "not a number" }, { "inf\n", "text", "infinity" },
		{ "2024-02-29\n1999-12-31\n", "date", "dates" }, { "2023-02-29\n", "text", "no such day" }, { "2024-02-29\n1\n", "text", "a date and a number" },
		{ "2024-02-29T00:00:00Z\n", "timestamp", "times" }, { "2024-02-29 12:00:00\n2024-02-29\n", "timestamp", "a date alone is its midnight" },
		{ "2024-02-29\n2024-02-29 12:00:00.123456\n", "timestamp", "also first" }, { "2024-02-29 25:00:00\n", "text", "no such hour" },
		{ "2024-02-29T00:00:00+02:00\n", "timestamp", "with a zone" }, { "x\n1\n", "text", "words" }, { "1\nx\n", "text", "a word among numbers" },
		{ " 1\n", "text", "a space" }, { "12345678\n123456789\n1234567890123456\n", "bigint", "of every length" },
		{ "\"1\"\"\"\n", "text", "a quote inside" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		is_str(infer(cases[i].lines), cases[i].type, "%s: %s", cases[i].why, cases[i].type);
}

/* Whatever the type inferred, every value can be loaded as it, and comes back as the same number. */
static void test_inferred_loads(void)
{
	unsigned bad = 0, kinds[8] = { 0 };

	for (int i = 0; i < 4000; i++) {
		char lines[2048], *p = lines;
		const char *type;
		struct bl_type t;

		for (uint64_t k = 1 + rnd() % 5; k; k--) {
			p += make_number(p);
			*p++ = '\n';
		}
		*p = 0;
		if (memchr(lines, '"', (size_t)(p - lines)) || memchr(lines, ',', (size_t)(p - lines)) || strlen(lines) != (size_t)(p - lines))
			continue;
		type = infer(lines);
		if (!bl_type_parse(type, strlen(type), &t))
			continue;
		kinds[t.kind]++;
		for (const char *s = lines, *e; *s && (e = strchr(s, '\n')); s = e + 1) {
			size_t n = (size_t)(e - s);
			int64_t v;

			if (n && s[n - 1] == '\r')
				n--;
			if (n && t.kind == BL_TYPE_INT)
				bad += !bl_value_int(s, n, &v);
			else if (n && t.kind == BL_TYPE_DECIMAL)
				bad += !bl_value_decimal(s, n, t.precision, t.scale, &v);
			else if (n && t.kind == BL_TYPE_DOUBLE)
				bad += !bl_value_double(s, n, &v);
		}
	}
	is_int(bad, 0, "every value of a random column is one of the inferred type");
	ok(kinds[BL_TYPE_INT] && kinds[BL_TYPE_DECIMAL] && kinds[BL_TYPE_DOUBLE] && kinds[BL_TYPE_TEXT], "of each kind of number");
}

/* --- schemas --- */

static void test_schemas(void)
{
	static const char *const good[] = {
		"a bigint, b text", "a bigint\nb decimal(5,2)\n", "# people\n\na int , b NUMERIC(5, 2) # money\n\"c d\" varchar,\n\"e\"\"f\" DOUBLE PRECISION",
		"x date,\ny timestamp", "\xc3\xa9 bool",
	};
	static const char *const bad[] = { "", "a", "a bigint b text", "a bigint,, b text", "a number", "a decimal(19,2)", "a bigint, a text", "\"a bigint", ", a bigint", "a bigint(3)" };
	struct bl_err err;
	struct bl_schema s, again, other;
	struct bl_buf b, c;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		bool same = false;

		bl_buf_init(&b, 4096);
		bl_buf_init(&c, 4096);
		if (!bl_schema_parse(&s, good[i], strlen(good[i]), &err)) {
			bl_schema_print(&s, &b);
			same = !bl_schema_parse(&again, (const char *)b.p, b.len, &err);
			if (same)
				bl_schema_print(&again, &c);
			same = same && b.len == c.len && !memcmp(b.p, c.p, b.len) && s.n == again.n;
			bl_schema_fini(&again);
			bl_schema_fini(&s);
		}
		ok(same, "a schema is read, printed, and read as the same: %zu", i + 1);
		bl_buf_fini(&b);
		bl_buf_fini(&c);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(bl_schema_parse(&s, bad[i], strlen(bad[i]), &err) && err.code == BL_USAGE, "what is none is 64: '%s'", bad[i]);
	ok(!bl_schema_parse(&s, "a text, b text", 14, &err) && !bl_schema_parse(&other, "b bigint, a date", 16, &err) &&
	   !bl_schema_apply(&s, &other, &err) && s.col[0].type.kind == BL_TYPE_DATE && s.col[1].type.kind == BL_TYPE_INT, "types go by name, in any order");
	bl_schema_fini(&other);
	ok(!bl_schema_parse(&other, "a text", 6, &err) && bl_schema_apply(&s, &other, &err) && err.code == BL_DATA && strstr(err.msg, "'b' is not in the schema"),
	   "a column that the schema lacks is named");
	bl_schema_fini(&other);
	ok(!bl_schema_parse(&other, "a text, b text, A text", 22, &err) && bl_schema_apply(&s, &other, &err) && strstr(err.msg, "'A' of the schema is not in the table"),
	   "and one that the table lacks");
	bl_schema_fini(&other);
	bl_schema_fini(&s);
}

/* --- the spool --- */

/* The bytes of the file without a name that this process has open, or NULL. */
static uint8_t *unnamed(size_t *n)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;
	uint8_t *p = NULL;

	while (d && !p && (e = readdir(d))) {
		char path[300], link[300] = "";
		struct stat st;
		int fd;

		snprintf(path, sizeof(path), "/proc/self/fd/%s", e->d_name);
		if (readlink(path, link, sizeof(link) - 1) < 0 || !strstr(link, "(deleted)") || strstr(link, "memfd"))
			continue;
		fd = open(path, O_RDONLY);
		if (fd >= 0 && !fstat(fd, &st) && st.st_size)
			p = blf_bytes(fd, n);
		close(fd);
	}
	if (d)
		closedir(d);
	return p;
}

static bool feed(int fd, const uint8_t *p, size_t n)
{
	pid_t pid = fork();

	if (pid)
		return pid > 0;
	while (n) {
		ssize_t k = write(fd, p, n);

		if (k <= 0)
			_exit(1);
		p += k;
		n -= (size_t)k;
	}
	_exit(0);
}

static bool read_all(struct bl_spool *s, const uint8_t *want, size_t n)
{
	struct bl_err err;
	size_t at = 0;
	ssize_t k;
	static uint8_t p[100000];

	while ((k = bl_spool_read(s, p, 1 + rnd() % sizeof(p), &err)) > 0) {
		if (at + (size_t)k > n || memcmp(p, want + at, (size_t)k) != 0)
			return false;
		at += (size_t)k;
	}
	return !k && at == n;
}

static void test_spool(void)
{
	static const size_t sizes[] = { 0, 1, 262143, 262144, 262145, 524288, 3000000 };
	uint8_t *p = malloc(3000000);

	for (size_t i = 0; i < 3000000; i++)
		p[i] = (uint8_t)"a secret of 23 letters "[i % 23];
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct bl_err err;
		struct bl_spool *s;
		int fds[2];
		uint8_t *file;
		size_t len = 0;

		if (pipe(fds) || !feed(fds[1], p, sizes[i]))
			abort();
		close(fds[1]);
		s = bl_spool_new(fds[0], BL_SPOOL_TWICE, &err);
		ok(s && read_all(s, p, sizes[i]) && !bl_spool_rewind(s, &err) && read_all(s, p, sizes[i]) && bl_spool_total(s) == sizes[i],
		   "a pipe of %zu bytes is read twice", sizes[i]);
		file = unnamed(&len);
		if (sizes[i] <= 262144)
			ok(!file, "and stays in memory");
		else
			ok(file && len >= sizes[i] - 262144 && !memmem(file, len, "secret", 6), "from a file that holds no plaintext and has no name");
		free(file);
		bl_spool_free(s);
		close(fds[0]);
	}
	{
		struct bl_err err;
		int fd = blf_file(p, 100000);
		struct bl_spool *s;

		lseek(fd, 10, SEEK_SET);
		s = bl_spool_new(fd, BL_SPOOL_TWICE, &err);
		ok(s && bl_spool_total(s) == 99990 && read_all(s, p + 10, 99990) && !bl_spool_rewind(s, &err) && read_all(s, p + 10, 99990),
		   "a file is read twice from where it stood");
		bl_spool_free(s);
		close(fd);
	}
	free(p);
}

int main(void)
{
	struct bl_err err;

	if (bl_mem_init(true, &err))
		return 1;
	test_numbers();
	test_dates();
	test_inference();
	test_inferred_loads();
	test_schemas();
	test_spool();
	return tap_done();
}
