/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text: hex, base64 (RFC 4648), UTF-8, and the spelling distance behind "did you mean".
 */
#ifndef BL_BASE_TEXT_H
#define BL_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Lower-case hex with terminator: out holds 2n+1. */
void bl_text_hex(const uint8_t *p, size_t n, char *out);
/* Exactly 2n lower-case or upper-case hex digits to n bytes; false otherwise. */
bool bl_text_unhex(const char *s, size_t len, uint8_t *out, size_t n);

/* Base64 with padding and terminator: out holds BL_TEXT_B64(n). */
#define BL_TEXT_B64(n) (((n) + 2) / 3 * 4 + 1)
size_t bl_text_b64(const uint8_t *p, size_t n, char *out);
/* Strict: padding right, no stray bits, no white space. Returns the length written, or -1; never writes past max. */
long bl_text_unb64(const char *s, size_t len, uint8_t *out, size_t max);

/* Valid UTF-8 (RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF). NUL is valid here; callers refuse it where it matters. */
bool bl_text_utf8(const char *s, size_t n);
/* Bytes of the control character that s begins with (n bytes left): 1, 2 for U+0080..009F, which terminals obey as well (U+009B as
 * ESC [), or 0. */
size_t bl_text_control(const char *s, size_t n);
/* Number of terminal columns, taking each code point as one and combining marks (U+0300..036F) as none. */
size_t bl_text_columns(const char *s, size_t n);
/* Prints text of others for a terminal: control bytes, C1 (U+0080..009F) among them, as '?'. Returns the columns. */
size_t bl_text_puts(const char *s, FILE *to);
/* Damerau-Levenshtein distance, at most `cap` (then cap). Case-insensitive in ASCII. */
unsigned bl_text_distance(const char *a, const char *b, unsigned cap);
/* The nearest of n names within distance 1 + len/3, or NULL. */
const char *bl_text_nearest(const char *word, const char *const *names, size_t n);

#endif
