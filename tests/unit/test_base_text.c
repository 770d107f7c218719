/* SPDX-License-Identifier: Apache-2.0 */
/* Hex, base64 (RFC 4648 section 10), UTF-8 (RFC 3629), spelling, names of layers, error values. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../tap.h"
#include "base/err.h"
#include "base/mask.h"
#include "base/text.h"

static void test_hex(void)
{
	char s[11];
	uint8_t p[5] = { 9, 9, 9, 9, 9 };

	bl_text_hex((const uint8_t *)"\x00\x01\x7f\x80\xff", 5, s);
	is_str(s, "00017f80ff", "hex is lower case");
	ok(bl_text_unhex("00017F80fF", 10, p, 5) && !memcmp(p, "\x00\x01\x7f\x80\xff", 5), "and is read in either");
	ok(!bl_text_unhex("00017f80f", 9, p, 5) && !bl_text_unhex("00017f80ff", 10, p, 4), "of the right length only");
	ok(!bl_text_unhex("0g", 2, p, 1) && !bl_text_unhex("0x", 2, p, 1) && !bl_text_unhex(" 0", 2, p, 1) && !bl_text_unhex("\xff""0", 2, p, 1),
	   "and without anything else");
	bl_text_hex(NULL, 0, s);
	is_str(s, "", "nothing is nothing");
	ok(bl_text_unhex("", 0, p, 0), "both ways");
}

static void test_base64(void)
{
	static const char *const v[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
					    { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" } };
	static const char *const bad[] = { "Z", "Zg", "Zg=", "Zg===", "=", "==", "====", "Z===", "Zh==", "Zm9=", "Zg==Zg==", "Zm9v\n", "Zm 9v", "Zm9-", "Zm9_", "Zg=a",
					   "Zm9v=", "\xff\xff\xff\xff" };
	char s[20];
	uint8_t p[12];
	unsigned wrong = 0;

	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		bl_text_b64((const uint8_t *)v[i][0], strlen(v[i][0]), s);
		is_str(s, v[i][1], "base64 of '%s'", v[i][0]);
		ok(bl_text_unb64(s, strlen(s), p, sizeof p) == (long)strlen(v[i][0]) && !memcmp(p, v[i][0], strlen(v[i][0])), "and back");
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		is_int(bl_text_unb64(bad[i], strlen(bad[i]), p, sizeof p), -1, "what is not quite base64 is refused: %zu", i);
	memset(p, 9, sizeof p);
	ok(bl_text_unb64("Zm9vYg==", 8, p, 3) == -1 && p[3] == 9, "what does not fit is refused, nothing past the room");
	is_int(bl_text_unb64("Zm9v", 4, p, 3), 3, "what just fits is not");
	for (unsigned i = 0; i < 256; i++) {		/* all last characters of one byte: 64 texts, 4 of which are right */
		char t[5] = { 'Q', (char)i, '=', '=', 0 };
		wrong += bl_text_unb64(t, 4, p, 3) == 1;
	}
	is_int(wrong, 4, "one text for each value");
}

static void test_utf8(void)
{
	static const struct { const char *s; bool good; } v[] = {
		{ "", true }, { "abc", true }, { "\xc2\x80", true }, { "\xdf\xbf", true }, { "\xe0\xa0\x80", true }, { "\xed\x9f\xbf", true }, { "\xee\x80\x80", true },
		{ "\xef\xbf\xbf", true }, { "\xf0\x90\x80\x80", true }, { "\xf4\x8f\xbf\xbf", true }, { "long enough for words \xe2\x82\xac and more words after it", true },
		{ "\x80", false }, { "\xbf", false }, { "\xc0\x80", false }, { "\xc1\xbf", false }, { "\xc2", false }, { "\xc2\x41", false }, { "\xe0\x9f\xbf", false },
		{ "\xed\xa0\x80", false }, { "\xed\xbf\xbf", false }, { "\xe2\x82", false }, { "\xf0\x8f\xbf\xbf", false }, { "\xf4\x90\x80\x80", false },
		{ "\xf5\x80\x80\x80", false }, { "\xff", false }, { "\xfe", false }, { "\xf0\x90\x80", false }, { "12345678\xff", false }, { "1234567\xe2\x82", false },
	};

	for (size_t i = 0; i < sizeof v / sizeof *v; i++)
		ok(bl_text_utf8(v[i].s, strlen(v[i].s)) == v[i].good, "text %zu is %sUTF-8", i, v[i].good ? "" : "not ");
	ok(bl_text_control("\x1b[", 2) == 1 && bl_text_control("\x7f", 1) == 1 && bl_text_control("\n", 1) == 1, "ESC, DEL and the like are controls");
	ok(bl_text_control("\xc2\x9b", 2) == 2 && bl_text_control("\xc2\x80", 2) == 2, "and U+0080..009F");
	ok(!bl_text_control("\xc2\xa0", 2) && !bl_text_control("\xc2", 1) && !bl_text_control("a", 1) && !bl_text_control("", 0), "other characters are not");
	ok(bl_text_utf8("a\0b", 3), "NUL is a character here");
	ok(!bl_text_utf8("\xe2\x82\xac", 2), "no byte after the n-th is looked at");
	is_int(bl_text_columns("abc", 3), 3, "columns of ASCII");
	is_int(bl_text_columns("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9), 3, "of longer forms");
	is_int(bl_text_columns("e\xcc\x81o\xcd\xaf", 6), 2, "combining marks take none");
	is_int(bl_text_columns("\xcd\xb0", 2), 1, "the letter after them takes one");
}

static void test_spelling(void)
{
	static const char *const names[] = { "output", "input", "policy", "age", "fare" };

	is_int(bl_text_distance("policy", "policy", 9), 0, "the same word");
	is_int(bl_text_distance("policy", "POLICY", 9), 0, "in either case");
	is_int(bl_text_distance("polciy", "policy", 9), 1, "two letters swapped");
	is_int(bl_text_distance("polcy", "policy", 9), 1, "one left out");
	is_int(bl_text_distance("pollicy", "policy", 9), 1, "one too many");
	is_int(bl_text_distance("kitten", "sitting", 9), 3, "kitten, sitting");
	is_int(bl_text_distance("abc", "xyz", 2), 2, "no more than the cap");
	is_int(bl_text_distance("", "abc", 9), 3, "from nothing");
	is_str(bl_text_nearest("polcy", names, 5), "policy", "the nearest name");
	is_str(bl_text_nearest("aeg", names, 5), "age", "of short words too");
	ok(!bl_text_nearest("xyzzy", names, 5), "none when none is near");
	char longer[200];
	memset(longer, 'a', 199);
	longer[199] = 0;
	is_int(bl_text_distance(longer, "a", 5), 5, "a word of 199 letters is far from all");
}

static void test_masks(void)
{
	char out[256];
	unsigned bad = 0;

	for (unsigned i = 0; i < BL_MASK_COUNT; i++)
		bad += bl_mask_bit(bl_mask_name(i)) != (int)i;
	is_int(bad, 0, "every layer is found by its name");
	ok(!bl_mask_name(BL_MASK_COUNT) && bl_mask_bit("nosuch") == -1, "and no other");
	bl_mask_print(1u << BL_MASK_NNP | 1u << BL_MASK_SECCOMP, out);
	is_str(out, "nnp seccomp", "a mask prints in the order of its bits");
	bl_mask_print(0, out);
	is_str(out, "", "an empty one as nothing");
	bl_mask_print(UINT32_MAX, out);
	ok(strlen(out) < 256 && strstr(out, "otheruid"), "a full one fits");
}

/* What fn prints to stderr. */
static const char *caught(const struct bl_err *err)
{
	static char text[4096];
	FILE *f = tmpfile();
	int saved = dup(2);
	size_t n;

	fflush(stderr);
	dup2(fileno(f), 2);
	bl_err_print(err, "bl-test");
	fflush(stderr);
	dup2(saved, 2);
	close(saved);
	rewind(f);
	n = fread(text, 1, sizeof text - 1, f);
	text[n] = 0;
	fclose(f);
	return text;
}

static void test_errors(void)
{
	struct bl_err err = { 0 };
	char big[3000];

	is_int(bl_err_set(&err, BL_DATA, "column '%s'", "age"), -1, "a finder returns -1");
	bl_err_hint(&err, "ask");
	bl_err_where(&err, "chunk %d", 12);
	is_str(err.msg, "chunk 12: column 'age'", "each caller adds where");
	is_str(caught(&err), "bl-test: chunk 12: column 'age'\nbl-test: hint: ask\n", "it prints as two lines");
	bl_err_set(&err, BL_DATA, "%s again", err.msg);
	is_str(err.msg, "chunk 12: column 'age' again", "a message may be made of itself");
	is_str(err.hint, "", "and a new one has no hint");
	errno = ENOENT;
	bl_err_sys(&err, BL_NOINPUT, "cannot open '%s'", "x");
	is_str(err.msg, "cannot open 'x': No such file or directory", "why, from the system");
	is_int(errno, ENOENT, "which is kept");
	bl_err_set(&err, BL_DATA, "a\nb\x1b[31mc\x7f\xc2\x9b" "d\xc2\xa9\xe2\x82\xac");
	is_str(caught(&err), "bl-test: a?b?[31mc???d\xc2\xa9\xe2\x82\xac\n", "control characters print as '?', other letters as they are");
	memset(big, 'y', sizeof big - 1);
	big[sizeof big - 1] = 0;
	bl_err_set(&err, BL_DATA, "%s", big);
	bl_err_where(&err, "place");
	ok(!strncmp(err.msg, "place: yyy", 10) && strlen(err.msg) == sizeof err.msg - 1, "what is too long is cut at its end");
	bl_err_where(&err, "%s", big);
	is_int(strlen(err.msg), sizeof err.msg - 1, "a place too");
	const char *shown = caught(&err);
	ok(strchr(shown, '\n') == shown + strlen(shown) - 1, "and is still one line");
}

int main(void)
{
	test_hex();
	test_base64();
	test_utf8();
	test_spelling();
	test_masks();
	test_errors();
	return tap_done();
}
