/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over canonical JSON says what parse, print and compare say: on every change of every byte, and on every cut. */
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/canon.h"

static const char *const samples[] = {
	"{}", "[]", "\"\"", "0", "-1", "true", "false", "null", "9007199254740991", "-9007199254740991", "[0,10,-20,[]]", "{\"\":{\"\":[{}]}}",
	"{\"B\":3,\"a\":1,\"a b\":3,\"aa\":2}", "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u000b\\u001f/\x7f\"", "{\"\\n\":1,\"\\u001f\":2,\" \":3,\"\\\"\":4,\"\\\\\":5}",
	"[\"\xc3\xa9\",\"e\xcc\x81\",\"\xe2\x80\xa8\",\"\xef\xbf\xbd\",\"\xf0\x9f\x98\x80\",\"\xf4\x8f\xbf\xbf\"]",
	"{\"\xc3\xa9\":null,\"\xef\xbf\xbd\":false,\"\xf0\x9f\x98\x80\":true}", "[[[[[[[[1]]]]]]]]", "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}",
	"{\"dataset\":{\"name\":\"people\",\"owner\":\"SHA256:x\"},\"kind\":\"request\",\"part\":true,\"seq\":12,\"time\":\"2026-01-01T00:00:00Z\"}",
};
enum { SAMPLES = sizeof samples / sizeof *samples, DEPTH = 8 };

static unsigned long tried;

/* Both ways agree, and where they accept, the tree prints as what it was read from. */
static bool agree(const char *s, size_t n)
{
	/* In memory of its own, so that a step past the end is seen by a sanitizer. */
	char *copy = memcpy(malloc(n ? n : 1), s, n);
	struct bl_json *j = bl_canon_parse(copy, n, DEPTH);
	bool good = !j == !bl_json_canonical(copy, n, DEPTH);
	struct bl_buf b;

	bl_buf_init(&b, 1 << 16);
	bl_json_print(j, &b);
	good = good && (!j || (!b.failed && b.len == n && !memcmp(b.p, s, n)));
	bl_buf_fini(&b);
	bl_json_free(j);
	free(copy);
	tried++;
	return good;
}

static void test_samples(void)
{
	bool good = true;

	for (size_t i = 0; i < SAMPLES; i++) {
		struct bl_json *j = bl_canon_parse(samples[i], strlen(samples[i]), DEPTH);
		ok(j && agree(samples[i], strlen(samples[i])), "sample %zu is canonical", i);
		bl_json_free(j);
	}
	for (size_t i = 0; i < SAMPLES; i++)
		for (size_t n = 0; n < strlen(samples[i]); n++)
			good = good && agree(samples[i], n);
	ok(good, "cut anywhere, both ways say the same");
}

static void test_bytes(void)
{
	char s[512];
	bool change = true, insert = true, erase = true;

	for (size_t i = 0; i < SAMPLES; i++) {
		const size_t n = strlen(samples[i]);
		for (size_t at = 0; at <= n; at++) {
			for (unsigned byte = 0; byte < 256; byte++) {
				memcpy(s, samples[i], n);
				s[at] = (char)byte;
				change = change && (at == n || agree(s, n));
				memmove(s + at + 1, samples[i] + at, n - at);
				insert = insert && agree(s, n + 1);
			}
			memcpy(s, samples[i], at);
			if (at < n) {
				memcpy(s + at, samples[i] + at + 1, n - at - 1);
				erase = erase && agree(s, n - 1);
			}
		}
	}
	ok(change, "with any byte as any other");
	ok(insert, "with any byte in any place");
	ok(erase, "without any byte");
}

/* Random text of JSON's own tokens, most of it wrong in one place. */
static void test_tokens(void)
{
	static const char *const tokens[] = {
		"{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "\"\"", "0", "-", "1", "9007199254740992", "-9007199254740992", "00", "-0", "1.0", "1e1", "true", "null",
		" ", "\n", "\"\\u0000\"", "\"\\u0008\"", "\"\\u001F\"", "\"\\u0020\"", "\"\\u00e9\"", "\"\\/\"", "\"\\", "\"\xff\"", "\"\xed\xa0\x80\"", "{\"a\":1,\"a\":1}",
		"{\"b\":1,\"a\":1}", "{\"a\":[],\"b\":{}}", "18446744073709551616", "\"\\ud83d\\ude00\"", "\xef\xbb\xbf", "{\"a\\u0000\":1}", "{\"a", "\"",
	};
	uint32_t state = 1;
	bool good = true;

	for (unsigned i = 0; i < 200000 && good; i++) {
		char s[512];
		size_t n = 0;
		for (unsigned k = (state >> 8) % 9; k != (unsigned)-1; k--) {
			state = state * 1664525 + 1013904223;
			const char *t = tokens[(state >> 16) % (sizeof tokens / sizeof *tokens)];
			memcpy(s + n, t, strlen(t));
			n += strlen(t);
		}
		good = agree(s, n);
	}
	ok(good, "and on two hundred thousand heaps of tokens");
}

static void test_depth(void)
{
	const size_t n = 1 << 20;
	char *deep = malloc(n);
	struct bl_json *j;

	ok((j = bl_canon_parse("[[[[1]]]]", 9, 4)), "as deep as asked for");
	bl_json_free(j);
	ok(!bl_canon_parse("[[[[1]]]]", 9, 3) && !bl_canon_parse("[]", 2, 0), "and not deeper");
	ok((j = bl_canon_parse("[[],[[]],[]]", 12, 3)), "closed brackets do not count");
	bl_json_free(j);
	ok((j = bl_canon_parse("7", 1, 0)), "nor does a bare number");
	bl_json_free(j);
	memset(deep, '[', n);
	ok(!bl_canon_parse(deep, n, 1024), "a million brackets are refused at the bound");
	free(deep);
}

int main(void)
{
	bl_json_init();
	test_samples();
	test_bytes();
	test_tokens();
	test_depth();
	printf("# %lu texts\n", tried);
	return tap_done();
}
