/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers from hostile text and back, at the edges. */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "../tap.h"
#include "base/num.h"

static void test_checked(void)
{
	size_t r = 7;

	ok(bl_num_add(SIZE_MAX - 1, 1, &r) && r == SIZE_MAX, "the largest sum is had");
	ok(!bl_num_add(SIZE_MAX, 1, &r) && r == SIZE_MAX, "one more is not, and the result is untouched");
	ok(bl_num_mul(SIZE_MAX / 3, 3, &r), "the largest product");
	ok(!bl_num_mul(SIZE_MAX / 2 + 1, 2, &r), "one more is not");
	ok(bl_num_mul(0, SIZE_MAX, &r) && r == 0, "nothing of much is nothing");
}

static void test_integers(void)
{
	static const struct { const char *s; bool good; int64_t v; } v[] = {
		{ "0", true, 0 }, { "-0", true, 0 }, { "007", true, 7 }, { "9223372036854775807", true, INT64_MAX },
		{ "-9223372036854775808", true, INT64_MIN }, { "9223372036854775808", false, 0 }, { "-9223372036854775809", false, 0 },
		{ "18446744073709551616", false, 0 }, { "99999999999999999999999", false, 0 }, { "", false, 0 }, { "-", false, 0 },
		{ "--1", false, 0 }, { "+1", false, 0 }, { " 1", false, 0 }, { "1 ", false, 0 }, { "12abc", false, 0 }, { "1.0", false, 0 },
		{ "0x10", false, 0 }, { "1e3", false, 0 }, { "\xd9\xa1", false, 0 },
	};
	uint64_t u = 5;

	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		int64_t got = 42;
		bool good = bl_num_parse_i64(v[i].s, strlen(v[i].s), &got);
		ok(good == v[i].good && got == (v[i].good ? v[i].v : 42), "'%s' is %s", v[i].s, v[i].good ? "a number" : "none");
	}
	ok(bl_num_parse_u64("18446744073709551615", 20, &u) && u == UINT64_MAX, "the largest of 64 bits");
	ok(!bl_num_parse_u64("18446744073709551616", 20, &u) && u == UINT64_MAX, "one more is none");
	ok(!bl_num_parse_u64("-1", 2, &u), "nor is one below zero");
	ok(bl_num_parse_u64("12x", 2, &u) && u == 12, "no byte after the n-th is looked at");
}

static void test_decimals(void)
{
	static const struct { const char *s; unsigned scale; bool good; int64_t v; } v[] = {
		{ "12.34", 2, true, 1234 }, { "-12.340", 2, true, -1234 }, { "12.345", 2, false, 0 }, { "12.300000", 1, true, 123 },
		{ "12", 2, true, 1200 }, { "0.00", 0, true, 0 }, { "0.01", 0, false, 0 }, { "-0.00", 2, true, 0 }, { "12.", 2, false, 0 },
		{ ".5", 2, false, 0 }, { "1.2.3", 2, false, 0 }, { "1e2", 2, false, 0 }, { "", 0, false, 0 }, { "-", 0, false, 0 }, { "-.1", 1, false, 0 },
		{ "9.223372036854775807", 18, true, INT64_MAX }, { "9.223372036854775808", 18, false, 0 },
		{ "-9.223372036854775808", 18, true, INT64_MIN }, { "10", 18, false, 0 }, { "9223372036854775807", 0, true, INT64_MAX },
		{ "92233720368547758.08", 2, false, 0 }, { "92233720368547758.07", 2, true, INT64_MAX },
		{ "18446744073709551616.00", 2, false, 0 }, { "00000000000000000000001.5", 1, true, 15 }, { "1,5", 1, false, 0 },
	};

	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		int64_t got = 42;
		bool good = bl_num_parse_dec(v[i].s, strlen(v[i].s), v[i].scale, &got);
		ok(good == v[i].good && got == (v[i].good ? v[i].v : 42), "'%s' at scale %u", v[i].s, v[i].scale);
	}
}

static const char *dec(bl_i128 v, unsigned scale)
{
	static char out[BL_NUM_TEXT];
	size_t n = bl_num_print_dec(v, scale, out);
	return n == strlen(out) ? out : "length";
}

static void test_print_decimals(void)
{
	bl_i128 most = (bl_i128)(~(bl_u128)0 >> 1);
	char out[BL_NUM_TEXT];

	is_str(dec(12340, 3), "12.340", "as many digits as the scale");
	is_str(dec(5, 3), "0.005", "with zeros before");
	is_str(dec(-5, 3), "-0.005", "below zero");
	is_str(dec(0, 2), "0.00", "zero has them too");
	is_str(dec(0, 0), "0", "and none at scale 0");
	is_str(dec(-1, 0), "-1", "a whole number");
	is_str(dec(most, 0), "170141183460469231731687303715884105727", "the largest");
	is_str(dec(-most - 1, 0), "-170141183460469231731687303715884105728", "the smallest");
	is_str(dec(-most - 1, 38), "-1.70141183460469231731687303715884105728", "at the largest scale");
	is_str(dec(1, 38), "0.00000000000000000000000000000000000001", "the smallest above zero");
	bl_num_print_i128(-most - 1, out);
	is_str(out, "-170141183460469231731687303715884105728", "the same by its other name");
	is_int(bl_num_pow10(18), 1000000000000000000, "ten to the eighteenth");
	bl_i128 ten = 1;
	bool all = true;
	for (unsigned n = 0; n <= 38; n++, ten = n <= 38 ? ten * 10 : ten)
		all = all && bl_num_pow10_i128(n) == ten;
	ok(all, "every power of ten up to the thirty-eighth");
	ok(bl_num_pow10_i128(38) / bl_num_pow10(18) == bl_num_pow10_i128(20), "and to the thirty-eighth");
}

static void test_parse_doubles(void)
{
	static const char *const bad[] = { "", "-", "+1", ".5", "5.", "1e", "1e+", "e5", "nan", "NaN", "inf", "-inf", "infinity", "0x1p3", "1 ", " 1",
					   "1,5", "1e400", "-1e400", "1e5.5", "1_000", "1d", "--1", "1e--5", "1.5.5" };
	static const struct { const char *s; double v; } good[] = {
		{ "0", 0 }, { "1", 1 }, { "-1.5", -1.5 }, { "1e3", 1000 }, { "1E+3", 1000 }, { "1e-3", 0.001 }, { "0.1", 0.1 },
		{ "9007199254740993", 9007199254740992.0 }, { "9007199254740992", 9007199254740992.0 }, { "90071992547409.93", 90071992547409.93 },
		{ "0.3", 0.3 }, { "123456789012345.6", 123456789012345.6 }, { "12345678901234.567", 12345678901234.567 },
		{ "2.2250738585072011e-308", 0x0.fffffffffffffp-1022 }, { "4.9406564584124654e-324", 0x1p-1074 }, { "2.4703282292062327e-324", 0 },
		{ "1.7976931348623157e308", DBL_MAX }, { "1e-400", 0 }, { "00.5", 0.5 }, { "0.000000000000001", 1e-15 },
		{ "179769313486231570000000000000000000000000000000000000000000000000000000000000", 1.7976931348623157e77 },
	};
	char *tail = malloc(4000);
	double v;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		v = 42;
		ok(!bl_num_parse_f64(bad[i], strlen(bad[i]), &v) && v == 42, "'%s' is no number", bad[i]);
	}
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		ok(bl_num_parse_f64(good[i].s, strlen(good[i].s), &v) && v == good[i].v, "'%s' is the nearest double", good[i].s);
	ok(bl_num_parse_f64("-0", 2, &v) && v == 0 && signbit(v), "minus zero keeps its sign");
	ok(bl_num_parse_f64("1.5x", 3, &v) && v == 1.5, "no byte after the n-th is looked at");
	memset(tail, '1', 4000);
	ok(!bl_num_parse_f64(tail, 4000, &v), "thousands of digits are no number");
	free(tail);

	/* The fast path divides once; strtod is the oracle. */
	unsigned wrong = 0;
	uint64_t seed = 1;
	for (int i = 0; i < 200000; i++) {
		char s[40];
		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		int n = snprintf(s, sizeof s, "%llu.%0*llu", (unsigned long long)(seed >> 34), 1 + (int)((seed >> 8) % 8),
				 (unsigned long long)(seed >> 20) % 10);
		wrong += !bl_num_parse_f64(s, (size_t)n, &v) || v != strtod(s, NULL);
	}
	is_int(wrong, 0, "200,000 decimals are read as strtod reads them");
}

static const char *f64(double v)
{
	static char out[BL_NUM_TEXT];
	size_t n = bl_num_print_f64(v, out);
	return n == strlen(out) ? out : "length";
}

static void test_print_doubles(void)
{
	static const struct { double v; const char *s; } t[] = {
		{ 0, "0" }, { -0.0, "-0" }, { 3, "3" }, { -17, "-17" }, { 0.1, "0.1" }, { 1.0 / 3, "0.3333333333333333" }, { 2.0 / 3, "0.6666666666666666" },
		{ 9007199254740991.0, "9007199254740991" }, { 9007199254740992.0, "9007199254740992" }, { 1e15, "1000000000000000" }, { 1e22, "1e+22" },
		{ 1e-5, "1e-05" }, { 0.0001, "0.0001" }, { 5e-324, "5e-324" }, { DBL_MIN, "2.2250738585072014e-308" }, { DBL_MAX, "1.7976931348623157e+308" },
		{ 0x1p-26, "1.4901161193847656e-08" }, { 0x1p-44, "5.684341886080802e-14" }, { 0x1p-1017, "7.120236347223045e-307" }, { -0x1p-44, "-5.684341886080802e-14" },
		{ 0x1p89, "6.189700196426902e+26" }, { 123456.789, "123456.789" }, { 0.1 + 0.2, "0.30000000000000004" },
	};
	unsigned lost = 0;
	uint64_t seed = 1;

	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
		is_str(f64(t[i].v), t[i].s, "%a prints shortest", t[i].v);
	for (int k = -1074; k < 1024; k++) {
		double v = ldexp(1, k), back;
		const char *s = f64(v);
		lost += !bl_num_parse_f64(s, strlen(s), &back) || back != v;
	}
	is_int(lost, 0, "every power of two reads back");
	for (int i = 0; i < 200000; i++) {
		double v, back;
		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		uint64_t bits = seed ^ seed >> 29;
		memcpy(&v, &bits, sizeof v);
		if (!isfinite(v))
			continue;
		const char *s = f64(v);
		lost += !bl_num_parse_f64(s, strlen(s), &back) || memcmp(&back, &v, sizeof v);
	}
	is_int(lost, 0, "and every bit pattern of 200,000");
}

/* Quotients made with exact rational arithmetic in another language: numerator and denominator in two halves. */
static const struct { uint64_t num[2], den[2]; double v; } ratios[] = {
	{ { 0x0, 0x1 }, { 0x0, 0x3 }, 0x1.5555555555555p-2 },
	{ { 0x0, 0x2 }, { 0x0, 0x3 }, 0x1.5555555555555p-1 },
	{ { 0xffffffffffffffff, 0xffffffffffffffff }, { 0x0, 0x3 }, -0x1.5555555555555p-2 },
	{ { 0x0, 0x1 }, { 0x0, 0x1 }, 0x1.0000000000000p+0 },
	{ { 0x7fffffffffffffff, 0xffffffffffffffff }, { 0x0, 0x1 }, 0x1.0000000000000p+127 },
	{ { 0x8000000000000000, 0x0 }, { 0x0, 0x1 }, -0x1.0000000000000p+127 },
	{ { 0x0, 0x1 }, { 0x7fffffffffffffff, 0xffffffffffffffff }, 0x1.0000000000000p-127 },
	{ { 0x8000000000000000, 0x0 }, { 0x7fffffffffffffff, 0xffffffffffffffff }, -0x1.0000000000000p+0 },
	{ { 0x7fffffffffffffff, 0xffffffffffffffff }, { 0x7fffffffffffffff, 0xffffffffffffffff }, 0x1.0000000000000p+0 },
	{ { 0x7fffffffffffffff, 0xffffffffffffffff }, { 0x0, 0x3 }, 0x1.5555555555555p+125 },
	{ { 0x4b3b4ca85a86c47a, 0x98a224000000000 }, { 0x0, 0x7 }, 0x1.57ea83019dd5dp+123 },
	{ { 0x0, 0x20000000000001 }, { 0x0, 0x1 }, 0x1.0000000000000p+53 },
	{ { 0x0, 0x20000000000003 }, { 0x0, 0x1 }, 0x1.0000000000002p+53 },
	{ { 0x0, 0x40000000000002 }, { 0x0, 0x1 }, 0x1.0000000000000p+54 },
	{ { 0x0, 0x40000000000006 }, { 0x0, 0x1 }, 0x1.0000000000002p+54 },
	{ { 0x0, 0x60000000000003 }, { 0x0, 0x3 }, 0x1.0000000000000p+53 },
	{ { 0x4000000000000, 0x2000000000000000 }, { 0x0, 0x1000000000000000 }, 0x1.0000000000000p+54 },
	{ { 0x4000000000000, 0x2000000000000001 }, { 0x0, 0x1000000000000000 }, 0x1.0000000000001p+54 },
	{ { 0x4000000000000, 0x1fffffffffffffff }, { 0x0, 0x1000000000000000 }, 0x1.0000000000000p+54 },
	{ { 0x0, 0x88 }, { 0x0, 0xd8 }, 0x1.425ed097b425fp-1 },
	{ { 0x0, 0x156 }, { 0x0, 0x1 }, 0x1.5600000000000p+8 },
	{ { 0x0, 0x5 }, { 0x0, 0xde0b6b3a7640000 }, 0x1.70ef54646d497p-58 },
	{ { 0x5ce0e9a56015fec5, 0xaadfa328ae398115 }, { 0x0, 0xde0b6b3a7640000 }, 0x1.ac53a7e04bcdap+66 },
	{ { 0xb4c4b357a5793b85, 0xf675ddc000000001 }, { 0x0, 0x8ac7230489e80000 }, -0x1.158e460913d00p+63 },
	{ { 0x4000000000000000, 0x1 }, { 0x200, 0x0 }, 0x1.0000000000000p+53 },
	{ { 0x4000000000000100, 0x0 }, { 0x200, 0x0 }, 0x1.0000000000000p+53 },
	{ { 0x4000000000000200, 0x0 }, { 0x200, 0x0 }, 0x1.0000000000000p+53 },
	{ { 0x4000000000000600, 0x0 }, { 0x400, 0x0 }, 0x1.0000000000002p+52 },
	{ { 0x0, 0x1 }, { 0x4000000000000000, 0x0 }, 0x1.0000000000000p-126 },
	{ { 0x7fffffffffffffff, 0xffffffffffffffff }, { 0x4000000000000000, 0x0 }, 0x1.0000000000000p+1 },
	{ { 0x20000000, 0x10000000000 }, { 0x0, 0x10000000000 }, 0x1.0000000000000p+53 },
	{ { 0xffffffffffffffff, 0xffffff650d58b21c }, { 0x0, 0x62e3a6a3a450 }, -0x1.911f3835490e7p-8 },
	{ { 0x12, 0x5d9dc9f81818e811 }, { 0x0, 0xe8 }, 0x1.443fd8f6a08efp+60 },
	{ { 0xffffffffffffffff, 0xfffffffffffffffe }, { 0x0, 0x11e20b6b0d549b }, -0x1.ca16ca82bc4abp-52 },
	{ { 0x69, 0xf21ddb66cad4a26 }, { 0x72, 0xf28c105d1fb17c23 }, 0x1.d3f48c69a33c0p-1 },
	{ { 0xfffffffffffffb62, 0xf029cf0e0d62f257 }, { 0x7cf, 0xcb1e29c658cda14 }, -0x1.2e7ede9b35a59p-1 },
	{ { 0xffffffffffffffb5, 0xdde84152243b6935 }, { 0x0, 0x229a9824ede6a4 }, -0x1.123817c51a8bcp+17 },
	{ { 0x0, 0xd08f6d0558 }, { 0x94e3bf, 0x1a61dbe22e44158b }, 0x1.6698eac8d6b75p-48 },
	{ { 0x0, 0xbeaae4 }, { 0x0, 0x1187 }, 0x1.5c1af53783651p+11 },
	{ { 0x69, 0x9e7769b10f4205b4 }, { 0x0, 0x881ed162ae2eb154 }, 0x1.8d45d9cc9ae3dp+7 },
	{ { 0x0, 0x12b7731af10 }, { 0x1fcc714cbd87ad, 0x5c90a9587403e430 }, 0x1.2d5cbd609b13ap-77 },
	{ { 0x53d1cc, 0x3e7d1bfbc7a2ea20 }, { 0x1fa, 0x867347214cdd2055 }, 0x1.52e6e6f268484p+13 },
	{ { 0xffffffffd906d0c0, 0xb649b5f78d1933c6 }, { 0x1ac2863a830e07bc, 0x1e398f1012bd4ace }, -0x1.74d767920b59cp-32 },
	{ { 0x0, 0xeee26e87555 }, { 0x0, 0x504be4b6bf46c69 }, 0x1.7ccdd5962e9fap-15 },
	{ { 0x0, 0x30e }, { 0xe0, 0xca02135e92b1d3f2 }, 0x1.bd49db8e45c29p-63 },
	{ { 0x0, 0x59ab1fee08f }, { 0x1980, 0x9474031b7f26144b }, 0x1.c20f7d42560dcp-35 },
	{ { 0x795451abd81, 0xf1d69ed617f5e837 }, { 0x3e2020, 0x10a3d6b2aa05e11a }, 0x1.f3f6013ba1b78p+20 },
	{ { 0x0, 0x93a5aa3c81 }, { 0x48db40, 0x72158370d269a9a5 }, 0x1.0365f06565370p-47 },
	{ { 0x3c33905c6af07, 0x58d5563dab2cd31e }, { 0x0, 0x2b0537e5affb229 }, 0x1.663d177f7ff04p+56 },
	{ { 0x0, 0x37dc76fb0f17a300 }, { 0x1bd0561e6, 0x211c70cf49952399 }, 0x1.01132a169aaebp-35 },
	{ { 0xfff55a41eb5f0618, 0x80e4efc320ea7d50 }, { 0x0, 0x232a06066d22876 }, -0x1.360f2881b0951p+58 },
	{ { 0xffffffffffffffff, 0xfffffffffffcb90f }, { 0x0, 0x8cdb30dd2e1609 }, -0x1.7d2f5007e99dcp-38 },
	{ { 0xffffffffffffffff, 0xffe909e40376e4b6 }, { 0xf52ddf, 0x616499c9e25a7605 }, -0x1.7f98917fa405bp-36 },
	{ { 0x0, 0x168 }, { 0x0, 0x3b618 }, 0x1.8400fa0c01da4p-10 },
	{ { 0xffffffffffffffff, 0xffffffffffffffff }, { 0x24143435cc5, 0x2eae05cf96d0cc5f }, -0x1.c61d95db62795p-106 },
	{ { 0xffffffffffffffff, 0xffe85e2677250bff }, { 0x79ff, 0x519088f590fbbd11 }, -0x1.8cb859625dfacp-27 },
	{ { 0x29ea9e1a8ef4, 0xf341e07a83f73f16 }, { 0x3a734d, 0xdd27a65bd628881 }, 0x1.6f2b896bfb80ep+23 },
	{ { 0xcae3a2b7f, 0xdfe01893f3aed0b6 }, { 0x66, 0x65e7e4236472f1a3 }, 0x1.fb3b89737b9ccp+28 },
	{ { 0xffffffffffffffff, 0xe65f25de5d9f32f5 }, { 0x0, 0x30 }, -0x1.115e6c116eb33p+55 },
	{ { 0x0, 0x3866761 }, { 0x0, 0x38488 }, 0x1.008846b6bc907p+8 },
	{ { 0xffffffffffffffff, 0xfffffffffffffff3 }, { 0x0, 0x1 }, -0x1.a000000000000p+3 },
	{ { 0xffffffffffffffff, 0xffffffffffffe1a3 }, { 0x0, 0x3439d1de2a0 }, -0x1.29ab2b9e9c8d8p-29 },
	{ { 0xffffffffffffffff, 0xfffffffffb166300 }, { 0x0, 0x144d12607679d }, -0x1.ef95d16fc1935p-23 },
	{ { 0x0, 0xba79a2ef80f }, { 0x0, 0x3b0f9d81f7296ab }, 0x1.94236faee0446p-15 },
	{ { 0xec0a9c9084236974, 0x8504d39788b4ea29 }, { 0x0, 0x127 }, -0x1.151e8f288fde8p+116 },
	{ { 0xffffffffffffffff, 0xfffffbc34278579b }, { 0x0, 0x2c4aa87dd42fddbb }, -0x1.87da93b8e545bp-20 },
	{ { 0x0, 0x1 }, { 0x961ef95c9bcf35, 0x873be078f3b7a50d }, 0x1.b48df5fb2badep-120 },
	{ { 0x1313e687322e25, 0xc215a82a06ec41ad }, { 0x2c8e7cf1174c77a2, 0xdd02de92a49636a2 }, 0x1.b671d72af2102p-10 },
	{ { 0x1, 0xe883a1d45de00997 }, { 0x0, 0xe42c59db916 }, 0x1.120b9bc3bd4b1p+21 },
	{ { 0x3a2eddbbd, 0x5464ecc280b0c08b }, { 0x7e12, 0xc9d488b1cfbf3360 }, 0x1.d893df67fd1e7p+18 },
	{ { 0x0, 0x19cb655 }, { 0x0, 0x68bf224b }, 0x1.f855397d9f308p-7 },
};

static bl_i128 whole(const uint64_t half[2])
{
	return (bl_i128)((bl_u128)half[0] << 64 | half[1]);
}

static void test_ratio(void)
{
	unsigned wrong = 0;
	uint64_t seed = 1;

	for (size_t i = 0; i < sizeof ratios / sizeof *ratios; i++)
		ok(bl_num_ratio(whole(ratios[i].num), whole(ratios[i].den)) == ratios[i].v, "ratio %zu is the nearest double", i);
	for (int i = 0; i < 200000; i++) {
		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		int64_t a = (int64_t)(seed >> 11) - (INT64_C(1) << 52), b = (int64_t)(seed * seed >> 12) + 1;
		wrong += bl_num_ratio(a, b) != (double)a / (double)b;
	}
	is_int(wrong, 0, "200,000 small ones are what the processor divides");
	ok(bl_num_ratio(0, 5) == 0, "nothing is zero");
	ok(!signbit(bl_num_ratio(0, 5)), "without a sign");
}

int main(void)
{
	test_checked();
	test_integers();
	test_decimals();
	test_print_decimals();
	test_parse_doubles();
	test_print_doubles();
	test_ratio();
	return tap_done();
}
