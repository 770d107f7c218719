/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text: hex, base64, UTF-8 and spelling. The base64 decoder accepts exactly one text for each value. Nothing here is
 * constant time.
 */
#include <string.h>

#include "base/text.h"

void bl_text_hex(const uint8_t *p, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = 0;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool bl_text_unhex(const char *s, size_t len, uint8_t *out, size_t n)
{
	if (len % 2 || len / 2 != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int high = hex_value(s[2 * i]), low = hex_value(s[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

size_t bl_text_b64(const uint8_t *p, size_t n, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *start = out;

	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16;
		if (i + 1 < n)
			v |= (uint32_t)p[i + 1] << 8;
		if (i + 2 < n)
			v |= p[i + 2];
		*out++ = digits[v >> 18];
		*out++ = digits[v >> 12 & 63];
		*out++ = i + 1 < n ? digits[v >> 6 & 63] : '=';
		*out++ = i + 2 < n ? digits[v & 63] : '=';
	}
	*out = 0;
	return (size_t)(out - start);
}

static int b64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

long bl_text_unb64(const char *s, size_t len, uint8_t *out, size_t max)
{
	size_t pad = 0, n = 0;

	if (len % 4)
		return -1;
	while (pad < 2 && pad < len && s[len - 1 - pad] == '=')
		pad++;
	if (len / 4 * 3 - pad > max)
		return -1;
	for (size_t i = 0; i < len; i += 4) {
		size_t chars = i + 4 < len ? 4 : 4 - pad;
		uint32_t v = 0;
		for (size_t j = 0; j < 4; j++) {
			int d = j < chars ? b64_value(s[i + j]) : 0;
			if (d < 0)
				return -1;
			v = v << 6 | (uint32_t)d;
		}
		for (size_t j = 0; j < chars - 1; j++, v <<= 8)
			out[n++] = (uint8_t)(v >> 16);
		if (v & 0xffffff)		/* bits that no byte took: a second text for the same bytes */
			return -1;
	}
	return (long)n;
}

/* Length of the valid sequence at s, 0 if there is none; the table is RFC 3629 section 4. */
static size_t sequence(const unsigned char *s, size_t n)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (n < len || s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

bool bl_text_utf8(const char *s, size_t n)
{
	while (n) {
		uint64_t word;
		size_t len;
		for (; n >= sizeof word; s += sizeof word, n -= sizeof word) {
			memcpy(&word, s, sizeof word);
			if (word & UINT64_C(0x8080808080808080))
				break;
		}
		if (!n)
			break;
		len = sequence((const unsigned char *)s, n);
		if (!len)
			return false;
		s += len;
		n -= len;
	}
	return true;
}

size_t bl_text_control(const char *s, size_t n)
{
	uint8_t c = n ? (uint8_t)*s : 0x20, after = n > 1 ? (uint8_t)s[1] : 0;

	if (c < 0x20 || c == 0x7f)
		return 1;
	return c == 0xc2 && after >= 0x80 && after < 0xa0 ? 2 : 0;
}

size_t bl_text_columns(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t columns = 0;

	for (size_t i = 0; i < n; i++) {
		/* U+0300..036F is CC 80..BF and CD 80..AF. */
		bool combining = i + 1 < n && (u[i] == 0xcc || (u[i] == 0xcd && u[i + 1] < 0xb0));
		columns += (u[i] & 0xc0) != 0x80 && !combining;
	}
	return columns;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

size_t bl_text_puts(const char *s, FILE *to)
{
	const char *start = s;

	for (; *s; s++) {
		const unsigned char c = (unsigned char)*s, next = (unsigned char)s[1];
		const bool c1 = c == 0xc2 && next >= 0x80 && next < 0xa0;
		putc(c1 || c < 0x20 || c == 0x7f ? '?' : c, to);
		s += c1;
	}
	return bl_text_columns(start, (size_t)(s - start));
}

unsigned bl_text_distance(const char *a, const char *b, unsigned cap)
{
	enum { WORD = 64 };		/* longer words are never misspelt options or columns worth a hint */
	unsigned row[3][WORD + 1], *before = row[0], *last = row[1], *now = row[2];
	size_t la = strlen(a), lb = strlen(b);

	if (la > WORD || lb > WORD)
		return cap;
	for (unsigned j = 0; j <= lb; j++)
		now[j] = j;
	for (unsigned i = 1; i <= la; i++) {
		unsigned *spare = before;
		before = last;
		last = now;
		now = spare;
		now[0] = i;
		for (unsigned j = 1; j <= lb; j++) {
			char x = lower(a[i - 1]), y = lower(b[j - 1]);
			now[j] = least(last[j - 1] + (x != y), least(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && x == lower(b[j - 2]) && lower(a[i - 2]) == y)
				now[j] = least(now[j], before[j - 2] + 1);
		}
	}
	return least(now[lb], cap);
}

const char *bl_text_nearest(const char *word, const char *const *names, size_t n)
{
	unsigned best = 2 + (unsigned)(strlen(word) / 3);
	const char *found = NULL;

	for (size_t i = 0; i < n; i++) {
		unsigned d = bl_text_distance(word, names[i], best);
		if (d < best) {
			best = d;
			found = names[i];
		}
	}
	return found;
}
