/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: what is refused, canonical printing, building. */
#include <stdlib.h>

#include "../tap.h"
#include "base/json.h"

static struct bl_err err;
static struct bl_buf b;

static struct bl_json *parse(const char *s)
{
	err.code = 0;
	return bl_json_parse(s, strlen(s), 8, BL_DATA, &err);
}

/* Canonical text of s, or "refused". */
static const char *canon(const char *s)
{
	struct bl_json *j = parse(s);

	bl_buf_clear(&b);
	if (j)
		bl_json_print(j, &b);
	bl_json_free(j);
	bl_buf_put8(&b, 0);
	return j && !b.failed ? (const char *)b.p : "refused";
}

static void test_refused(void)
{
	static const struct { const char *what, *s; } v[] = {
		{ "nothing", "" }, { "white space", " \n" }, { "a duplicate key", "{\"a\":1,\"a\":2}" },
		{ "a duplicate key in disguise", "{\"a\":1,\"\\u0061\":2}" }, { "a duplicate key further in", "[{\"b\":{\"a\":1,\"a\":1}}]" },
		{ "an integer of 2^53", "9007199254740992" }, { "an integer of -2^53", "-9007199254740992" },
		{ "an integer of 2^53 deep inside", "[[{\"a\":9007199254740992}]]" },
		{ "an integer past 64 bits", "99999999999999999999" }, { "a number past doubles", "1e400" },
		{ "something after the end", "{} x" }, { "two values", "1 2" }, { "a comma too many", "[1,]" }, { "a comma in an object", "{\"a\":1,}" },
		{ "a key without quotes", "{a:1}" }, { "single quotes", "'a'" }, { "a comment", "[1] // one" }, { "NaN", "NaN" }, { "a plus", "+1" },
		{ "a leading zero", "01" }, { "a bare point", "1." }, { "a hexadecimal", "0x1" }, { "NUL in a string", "\"a\\u0000b\"" },
		{ "NUL in a key", "{\"a\\u0000b\":1}" }, { "half a surrogate", "\"\\ud800\"" }, { "the other half", "\"\\udc00\"" },
		{ "halves the wrong way round", "\"\\udc00\\ud800\"" }, { "bytes that are not UTF-8", "\"\xff\"" }, { "an overlong form", "\"\xc0\xaf\"" },
		{ "a surrogate in UTF-8", "\"\xed\xa0\x80\"" }, { "a control byte", "\"\n\"" }, { "an unknown escape", "\"\\x41\"" },
		{ "an open string", "\"abc" }, { "an open array", "[[1]" }, { "a bracket too many", "[1]]" }, { "a byte order mark", "\xef\xbb\xbf{}" },
		{ "TRUE", "TRUE" },
	};

	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		struct bl_json *j = parse(v[i].s);
		ok(!j && err.code == BL_DATA, "%s is refused", v[i].what);
		bl_json_free(j);
	}
	ok(!bl_json_parse("[]\0", 3, 8, BL_CONFIG, &err) && err.code == BL_CONFIG, "NUL after the end too, in the class asked for");
	ok(!parse("{\"secret cell\": oops}") && !strstr(err.msg, "secret") && !strstr(err.msg, "oops"), "the message quotes nothing of the text");
	ok(!parse("{\n\n\"a\": oops}") && strstr(err.msg, "line 3"), "but names the line");
}

static void test_depth(void)
{
	is_str(canon("[[[[[[[[1]]]]]]]]"), "[[[[[[[[1]]]]]]]]", "eight deep is the bound");
	is_str(canon("[[[[[[[[[1]]]]]]]]]"), "refused", "nine is not");
	is_str(canon("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}"), "refused", "nor nine objects");
	is_str(canon("[\"[[[[[[[[[[[[\",\"\\\"[[[[[[[[[[[\"]"), "[\"[[[[[[[[[[[[\",\"\\\"[[[[[[[[[[[\"]", "brackets in strings do not count");
	is_str(canon("[[],[],[],[],[],[],[],[],[],[],[]]"), "[[],[],[],[],[],[],[],[],[],[],[]]", "nor do closed ones");
	size_t n = 1 << 20;
	char *deep = malloc(n);
	memset(deep, '[', n);
	ok(!bl_json_parse(deep, n, 1024, BL_DATA, &err) && err.code == BL_DATA, "a million brackets are refused before anything recurses");
	deep[0] = '[';
	for (size_t i = 1; i < 2 * BL_JSON_VALUES; i += 2)
		memcpy(deep + i, ",1", 2);
	deep[1] = ' ';
	memcpy(deep + 2 * BL_JSON_VALUES - 1, "]", 1);
	struct bl_json *j = bl_json_parse(deep, 2 * BL_JSON_VALUES, 8, BL_DATA, &err);
	ok(bl_json_count(j) == BL_JSON_VALUES - 1, "a list and its items are as many values as are read");
	bl_json_free(j);
	memcpy(deep + 2 * BL_JSON_VALUES - 1, ",1]", 3);
	ok(!bl_json_parse(deep, 2 * BL_JSON_VALUES + 2, 8, BL_DATA, &err) && strstr(err.msg, "more values"), "and one more is refused before anything is made of them");
	free(deep);
}

static void test_canonical(void)
{
	static const struct { const char *in, *out; } v[] = {
		{ " { } ", "{}" }, { "[ ]", "[]" }, { "null", "null" }, { " true ", "true" }, { "-0", "0" },
		{ "9007199254740991", "9007199254740991" }, { "-9007199254740991", "-9007199254740991" },
		{ "{\"b\":1,\"a\":2,\"B\":3,\"\":4}", "{\"\":4,\"B\":3,\"a\":2,\"b\":1}" },
		{ "{\"a\":1,\"aa\":2,\"a b\":3}", "{\"a\":1,\"a b\":3,\"aa\":2}" },
		/* By code point, not by UTF-16 unit: U+FFFD before U+1F600. */
		{ "{\"\\ud83d\\ude00\":1,\"\\ufffd\":2,\"z\":3,\"\xc3\xa9\":4}", "{\"z\":3,\"\xc3\xa9\":4,\"\xef\xbf\xbd\":2,\"\xf0\x9f\x98\x80\":1}" },
		{ "\"\\u001f\\u001F\\u0001\\u000b\"", "\"\\u001f\\u001f\\u0001\\u000b\"" },
		{ "\"\\u0008\\u000c\\u000a\\u000d\\u0009\"", "\"\\b\\f\\n\\r\\t\"" },
		{ "\"\\u0022\\u005c\\u002f\\/\"", "\"\\\"\\\\//\"" }, { "\"\\u007f\"", "\"\x7f\"" }, { "\"\\u00e9\"", "\"\xc3\xa9\"" },
		{ "\"e\\u0301\"", "\"e\xcc\x81\"" }, { "\"\\u2028\"", "\"\xe2\x80\xa8\"" },
		{ "[1 ,\n\t\"a\" , {\"x\" : [ null ] }]", "[1,\"a\",{\"x\":[null]}]" },
	};

	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		is_str(canon(v[i].in), v[i].out, "canonical: %s", v[i].out);
		ok(bl_json_canonical(v[i].out, strlen(v[i].out), 8), "which is canonical");
		if (strcmp(v[i].in, v[i].out))
			ok(!bl_json_canonical(v[i].in, strlen(v[i].in), 8), "and nothing else is");
	}
	is_str(canon("1.5"), "refused", "a real has no canonical form");
	is_str(canon("[1.0]"), "refused", "nor has a whole one");
	is_str(canon("1e2"), "refused", "nor one with an exponent");
	ok(!bl_json_canonical("{}\n", 3, 8), "a newline after it is not part of it");
	ok(!bl_json_canonical("", 0, 8), "nothing is not canonical");
}

static void test_access(void)
{
	struct bl_json *j = parse("{\"t\":\"x\\ty\",\"i\":-7,\"r\":1.5,\"n\":null,\"b\":true,\"a\":[10,20],\"o\":{\"k\":1}}");
	const struct bl_json *v = NULL, *a = bl_json_get(j, "a");
	size_t n;

	is_int(bl_json_kind(j), BL_JSON_OBJECT, "an object");
	is_int(bl_json_count(j), 7, "of seven members");
	is_str(bl_json_key(j, 0, &v), "a", "the first by code point");
	ok(v == a, "with its value");
	ok(!bl_json_key(j, 7, &v), "there is no eighth");
	is_int(bl_json_get_int(j, "i", 1), -7, "an integer");
	is_int(bl_json_get_int(j, "r", 1), 1, "a real is none");
	is_int(bl_json_get_int(j, "t", 1), 1, "nor is a text");
	is_int(bl_json_get_int(j, "zz", 1), 1, "nor what is not there");
	is_str(bl_json_get_text(j, "t"), "x\ty", "a text");
	ok(!bl_json_get_text(j, "i"), "an integer is none");
	ok(bl_json_real(bl_json_get(j, "r")) == 1.5 && bl_json_real(bl_json_get(j, "i")) == -7, "a real, and an integer as one");
	ok(bl_json_bool(bl_json_get(j, "b")) && !bl_json_bool(bl_json_get(j, "i")), "a truth, and what is none");
	is_int(bl_json_kind(bl_json_get(j, "n")), BL_JSON_NULL, "null is there");
	ok(bl_json_get(j, "n") && !bl_json_get(j, "N"), "and differs from absence");
	is_int(bl_json_int(bl_json_item(a, 1)), 20, "an item");
	ok(!bl_json_item(a, 2) && !bl_json_item(j, 0) && !bl_json_get(a, "a"), "nothing past the end, nor by the wrong way");
	is_str(bl_json_text(bl_json_get(j, "t"), &n), "x\ty", "with its length");
	is_int(n, 3, "of three bytes");
	ok(!bl_json_get(NULL, "x") && !bl_json_count(NULL) && bl_json_kind(NULL) == BL_JSON_NULL, "NULL is asked without harm");
	bl_json_free(j);
	bl_json_free(NULL);
}

static const char *printed(struct bl_json *j)
{
	bl_buf_clear(&b);
	bl_json_print(j, &b);
	bl_json_free(j);
	bl_buf_put8(&b, 0);
	return b.failed ? "failed" : (const char *)b.p;
}

static void test_building(void)
{
	struct bl_json *j = bl_json_new_object(), *a = bl_json_new_array(), *copy;

	bl_json_put_text(j, "z", "last");
	bl_json_put_int(j, "n", 5);
	bl_json_put_hex(j, "h", (const uint8_t *)"\x00\xff", 2);
	bl_json_add(a, bl_json_new_bool(false));
	bl_json_add(a, bl_json_new_null());
	bl_json_put(j, "a", a);
	bl_json_put_int(j, "n", 6);
	copy = bl_json_copy(j);
	is_str(printed(j), "{\"a\":[false,null],\"h\":\"00ff\",\"n\":6,\"z\":\"last\"}", "members are sorted, a second put replaces");
	is_str(printed(copy), "{\"a\":[false,null],\"h\":\"00ff\",\"n\":6,\"z\":\"last\"}", "a copy outlives what it was made of");

	j = bl_json_new_object();
	bl_json_put_int(j, "big", INT64_C(1) << 53);
	is_str(printed(j), "failed", "2^53 spoils the tree");
	j = bl_json_new_object();
	bl_json_put_text(j, "bad", "\xff");
	is_str(printed(j), "failed", "so does what is not UTF-8");
	j = bl_json_new_object();
	bl_json_put_text(j, "\xff", "x");
	is_str(printed(j), "failed", "also as a key");
	j = bl_json_new_object();
	bl_json_put(j, "t", bl_json_new_textn("a\0b", 3));
	is_str(printed(j), "failed", "and NUL");
	j = bl_json_new_object();
	bl_json_put(j, "x", NULL);
	is_str(printed(j), "failed", "and a value that could not be made");
	j = bl_json_new_array();
	a = bl_json_new_array();
	bl_json_add(a, NULL);
	bl_json_add(j, a);
	copy = bl_json_copy(j);
	is_str(printed(j), "failed", "however deep");
	is_str(printed(copy), "failed", "and a copy of it is no better");
	j = bl_json_new_array();
	bl_json_put(j, "k", bl_json_new_null());
	bl_json_put(NULL, "k", bl_json_new_null());
	bl_json_add(NULL, bl_json_new_null());
	bl_json_free(j);
	ok(1, "a put into what is no object frees the value");

	struct bl_buf small;
	bl_buf_init(&small, 5);
	bl_json_print_text("abcdef", 6, &small);
	ok(small.failed, "what does not fit the buffer is told");
	bl_buf_fini(&small);

	j = parse("{\"b\":[1,{}],\"a\":{\"x\":null},\"e\":[]}");
	bl_buf_clear(&b);
	bl_json_print_pretty(j, &b);
	bl_buf_put8(&b, 0);
	is_str((const char *)b.p, "{\n  \"a\": {\n    \"x\": null\n  },\n  \"b\": [\n    1,\n    {}\n  ],\n  \"e\": []\n}", "for people it is indented");
	bl_json_free(j);
}

int main(void)
{
	bl_json_init();
	bl_json_init();
	bl_buf_init(&b, 1 << 16);
	test_refused();
	test_depth();
	test_canonical();
	test_access();
	test_building();
	bl_buf_fini(&b);
	return tap_done();
}
