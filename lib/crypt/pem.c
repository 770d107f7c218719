/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pem: see pem.h. Not OpenSSL's reader: that one asks the terminal for a passphrase when a header says so, guesses at old labels, and
 * takes base64 that it would not print.
 */
#include "crypt/pem.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "crypt/der.h"

static const char dashes[] = "-----";

bool bl_pem_is(const uint8_t *p, size_t n)
{
	/* A DER sequence begins with 0x30, which is '0' in a text, and goes on with a length that a text cannot have there. */
	return n > 10 && !(p[0] == 0x30 && (p[1] & 0x80 || bl_der_length(p, n, BL_DER_SEQUENCE, NULL) == n)) && memmem(p, n, "-----BEGIN ", 11);
}

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Is the line that begins here, up to white space at its end, "-----WHAT LABEL-----"? Returns its length without its newline. */
static size_t boundary(const uint8_t *p, size_t n, const char *what, const char *label)
{
	const uint8_t *nl = memchr(p, '\n', n);
	size_t line = nl ? (size_t)(nl - p) : n, len = line, w = strlen(what), l = strlen(label);

	while (len && (blank(p[len - 1]) || !p[len - 1]))
		len--;
	if (len != 5 + w + 1 + l + 5 || memcmp(p, dashes, 5) || memcmp(p + 5, what, w) || p[5 + w] != ' ' ||
	    memcmp(p + 6 + w, label, l) || memcmp(p + 6 + w + l, dashes, 5))
		return 0;
	/* NULs may follow the text; the caller sees to what comes after them. */
	return memchr(p, 0, line) ? len : line;
}

/* The base64 between two boundaries; room for n bytes in text. */
static int block(const uint8_t *p, size_t n, uint8_t *text, bl_pem_each_fn *each, void *arg, struct bl_err *err)
{
	size_t len = 0;
	long got;
	int ret;
	uint8_t *der;

	for (size_t i = 0; i < n; i++)
		if (!blank(p[i]))
			text[len++] = p[i];
	if (!(der = malloc(len + 1)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	got = bl_text_unb64((const char *)text, len, der, len);
	ret = got <= 0 ? bl_err_set(err, BL_DATA, "PEM block is not base64") : each(arg, der, (size_t)got, err);
	free(der);
	return ret;
}

/* From the line after BEGIN to the end of the END line; 0: failed. */
static size_t one(const uint8_t *p, size_t n, const char *label, uint8_t *text, bl_pem_each_fn *each, void *arg, struct bl_err *err)
{
	for (size_t at = 0; at < n;) {
		const uint8_t *nl = memchr(p + at, '\n', n - at);
		size_t end = boundary(p + at, n - at, "END", label);

		if (end)
			return block(p, at, text, each, arg, err) ? 0 : at + end;
		if (!nl)
			break;
		at = (size_t)(nl - p) + 1;
	}
	bl_err_set(err, BL_DATA, "PEM block of %s has no end", label);
	return 0;
}

static bool rest_is_blank(const uint8_t *p, size_t n)
{
	while (n && blank(*p))
		p++, n--;
	while (n && !*p)
		p++, n--;
	return !n;
}

int bl_pem_each(const uint8_t *p, size_t n, const char *label, bl_pem_each_fn *each, void *arg, struct bl_err *err)
{
	uint8_t *text = malloc(n + 1);
	size_t at = 0, last = 0;	/* where the last block ended; 0: none yet */
	bool over = false;		/* nothing after it; asked once a block, for what follows may be long */
	int ret = -1;

	if (!text)
		return bl_err_set(err, BL_OSERR, "out of memory");
	while (at < n && !over) {
		const uint8_t *nl = memchr(p + at, '\n', n - at);
		size_t head = boundary(p + at, n - at, "BEGIN", label), got;

		if (head) {
			if (!(got = one(p + at + head, n - at - head, label, text, each, arg, err)))
				goto out;
			last = at += head + got;
			over = rest_is_blank(p + at, n - at);
			continue;
		}
		if (n - at > 5 && !memcmp(p + at, dashes, 5)) {
			bl_err_set(err, BL_DATA, "a PEM line that neither begins nor ends a %s", label);
			goto out;
		}
		if (!nl)
			break;
		at = (size_t)(nl - p) + 1;
	}
	if (!last)
		bl_err_set(err, BL_DATA, "not a PEM text with a %s", label);
	else if (!rest_is_blank(p + last, n - last))
		bl_err_set(err, BL_DATA, "text after the last %s", label);
	else
		ret = 0;
out:
	free(text);
	return ret;
}

void bl_pem_put(struct bl_buf *out, const char *label, const uint8_t *der, size_t n)
{
	enum { LINE = 48 };	/* bytes; 64 characters */
	char text[BL_TEXT_B64(LINE)];

	bl_buf_printf(out, "-----BEGIN %s-----\n", label);
	for (size_t at = 0; at < n; at += LINE) {
		bl_buf_put(out, text, bl_text_b64(der + at, n - at < LINE ? n - at : LINE, text));
		bl_buf_put8(out, '\n');
	}
	bl_buf_printf(out, "-----END %s-----\n", label);
}
