/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lex: SQL text to tokens, as PostgreSQL cuts them. One pass, one token at a time; what this dialect leaves out
 * (E'' strings, dollar quotes, parameters) is refused here by name. The text is valid UTF-8 without NUL.
 */
#include <stdarg.h>
#include <string.h>

#include "format/table.h"
#include "query/ast.h"

int bl_lex_fail(struct bl_sql *q, uint32_t pos, uint32_t len, int code, const char *fmt, ...)
{
	va_list ap;

	if (q->place)
		*q->place = (struct bl_place){ pos, len };
	va_start(ap, fmt);
	bl_err_vset(q->err, code, fmt, ap);
	va_end(ap);
	return -1;
}

void *bl_lex_alloc(struct bl_sql *q, size_t n, size_t size)
{
	void *p = bl_arena_array(q->a, n, size);

	if (!p)
		bl_err_set(q->err, BL_OSERR, "out of memory");
	return p;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

bool bl_lex_equal(struct bl_str a, struct bl_str b)
{
	return a.n == b.n && !memcmp(a.p, b.p, a.n);
}

int bl_lex_output(struct bl_sql *q, struct bl_str name, uint32_t pos, uint32_t len)
{
	static const struct bl_str reserved = { BL_TABLE_SUPPRESSED, sizeof BL_TABLE_SUPPRESSED - 1 };

	if (!name.p || !bl_lex_equal(name, reserved))
		return 0;
	return bl_lex_fail(q, pos, len, BL_USAGE, "the name '" BL_TABLE_SUPPRESSED "' is reserved: call this column otherwise");
}

bool bl_lex_same(struct bl_str a, struct bl_str b)
{
	if (a.n != b.n)
		return false;
	for (uint32_t i = 0; i < a.n; i++)
		if (lower((uint8_t)a.p[i]) != lower((uint8_t)b.p[i]))
			return false;
	return true;
}

bool bl_lex_is(const struct bl_tok *t, const char *word)
{
	return t->kind == BL_TOK_WORD && bl_lex_same(t->s, (struct bl_str){ word, (uint32_t)strlen(word) });
}

int bl_lex_shown(struct bl_str s)
{
	uint32_t n = s.n;

	if (n > 64)
		for (n = 64; n && ((uint8_t)s.p[n] & 0xc0) == 0x80; n--)
			;
	return (int)n;
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(int c)
{
	return (lower((uint8_t)c) >= 'a' && lower((uint8_t)c) <= 'z') || c == '_' || c >= 0x80;
}

/* The byte i ahead, or -1 past the end. */
static int ahead(const struct bl_sql *q, uint32_t i)
{
	return i < q->n - q->at ? (uint8_t)q->text[q->at + i] : -1;
}

/* White space and comments; block comments nest. */
static int skip(struct bl_sql *q)
{
	for (;;) {
		int c = ahead(q, 0);
		if (c == ' ' || (c >= '\t' && c <= '\r' && c != '\v')) {
			q->at++;
		} else if (c == '-' && ahead(q, 1) == '-') {
			while (ahead(q, 0) >= 0 && ahead(q, 0) != '\n' && ahead(q, 0) != '\r')
				q->at++;
		} else if (c == '/' && ahead(q, 1) == '*') {
			uint32_t start = q->at, depth = 0;
			do {
				if (ahead(q, 0) < 0)
					return bl_lex_fail(q, start, 2, BL_USAGE, "the comment has no end");
				if (ahead(q, 0) == '/' && ahead(q, 1) == '*')
					depth++, q->at += 2;
				else if (ahead(q, 0) == '*' && ahead(q, 1) == '/')
					depth--, q->at += 2;
				else
					q->at++;
			} while (depth);
		} else {
			return 0;
		}
	}
}

/* 'text' or "name", a doubled quote standing for one. */
static int quoted(struct bl_sql *q, struct bl_tok *t, int quote)
{
	size_t doubled = 0;
	uint32_t start = ++q->at;
	char *s;

	for (;; q->at++) {
		if (ahead(q, 0) < 0)
			return bl_lex_fail(q, t->pos, 1, BL_USAGE, quote == '"' ? "the name has no closing quote" : "the text has no closing quote");
		if (ahead(q, 0) != quote)
			continue;
		if (ahead(q, 1) != quote)
			break;
		doubled++, q->at++;
	}
	t->s = (struct bl_str){ q->text + start, q->at++ - start };
	if (!doubled)
		return 0;
	s = bl_lex_alloc(q, t->s.n, 1);
	if (!s)
		return -1;
	uint32_t n = 0;
	for (uint32_t i = 0; i < t->s.n; i++) {
		s[n++] = t->s.p[i];
		i += t->s.p[i] == quote;
	}
	t->s = (struct bl_str){ s, n };
	return 0;
}

static int number(struct bl_sql *q, struct bl_tok *t)
{
	uint32_t i = 0;

	while (is_digit(ahead(q, i)))
		i++;
	if (ahead(q, i) == '.') {
		i++;
		while (is_digit(ahead(q, i)))
			i++;
	}
	if (ahead(q, i) == 'e' || ahead(q, i) == 'E') {
		uint32_t e = i + 1 + (ahead(q, i + 1) == '-' || ahead(q, i + 1) == '+');
		if (is_digit(ahead(q, e))) {
			for (i = e; is_digit(ahead(q, i)); i++)
				;
		}
	}
	if (is_word(ahead(q, i)) || ahead(q, i) == '$' || ahead(q, i) == '.')
		return bl_lex_fail(q, q->at, i + 1, BL_USAGE, "a number may not run into what follows it");
	t->s = (struct bl_str){ q->text + q->at, i };
	q->at += i;
	return 0;
}

int bl_lex_next(struct bl_sql *q, struct bl_tok *t)
{
	int c, d, r = 0;

	if (skip(q))
		return -1;
	*t = (struct bl_tok){ .kind = BL_TOK_END, .pos = q->at };
	c = ahead(q, 0);
	d = ahead(q, 1);
	if (c < 0)
		return 0;
	if (is_word(c)) {
		uint32_t i = 1;
		while (is_word(ahead(q, i)) || is_digit(ahead(q, i)) || ahead(q, i) == '$')
			i++;
		if (i == 1 && d == '\'' && strchr("ebxnEBXN", c))
			return bl_lex_fail(q, q->at, 2, BL_USAGE, "%c'...' strings are not supported by this version", c);
		t->kind = BL_TOK_WORD;
		t->s = (struct bl_str){ q->text + q->at, i };
		q->at += i;
	} else if (c == '\'') {
		t->kind = BL_TOK_STRING;
		r = quoted(q, t, '\'');
	} else if (c == '"') {
		t->kind = BL_TOK_QUOTED;
		r = quoted(q, t, '"');
		if (!r && !t->s.n)
			r = bl_lex_fail(q, t->pos, 2, BL_USAGE, "a quoted name may not be empty");
	} else if (is_digit(c) || (c == '.' && is_digit(d))) {
		t->kind = BL_TOK_NUMBER;
		r = number(q, t);
	} else if (c == '$') {
		r = is_digit(d) ? bl_lex_fail(q, q->at, 2, BL_USAGE, "parameters are not supported by this version")
				: bl_lex_fail(q, q->at, 1, BL_USAGE, "dollar quotes are not supported by this version");
	} else if (strchr("()+-*/%<>=!|:,;.^[", c)) {
		t->kind = BL_TOK_OP;
		t->op = c;
		q->at++;
		if ((c == '<' && (d == '=' || d == '>')) || (c == '>' && d == '=') || (c == '!' && d == '=') || (c == '|' && d == '|') ||
		    (c == ':' && d == ':')) {
			t->op = BL_TOK_PAIR(c, d);
			q->at++;
		}
		/* PostgreSQL reads "%-" and the like as one operator of its own. */
		if (strchr("%|!", c) && (ahead(q, 0) == '-' || ahead(q, 0) == '+') && !(ahead(q, 0) == '-' && ahead(q, 1) == '-'))
			r = bl_lex_fail(q, t->pos, q->at + 1 - t->pos, BL_USAGE, "put a space before the sign");
	} else {
		r = bl_lex_fail(q, q->at, 1, BL_USAGE, "syntax error at '%c'", c >= ' ' && c < 0x7f ? c : '?');
	}
	t->len = q->at - t->pos;
	return r;
}
