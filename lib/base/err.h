/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err: the error value.  Whoever can fail takes a struct bl_err last and
 * returns -1 or NULL; the finder says what, each caller adds where, main
 * prints once.  A message never holds a secret, a cell, or a count of rows.
 */
#ifndef BL_BASE_ERR_H
#define BL_BASE_ERR_H

#include <stdarg.h>
#include <stddef.h>

/* Exit classes; DESIGN.md says who must act on each. */
enum {
	BL_OK = 0,
	BL_NO = 1,		/* the verifier's answer is no */
	BL_USAGE = 64,		/* wrong usage, SQL that does not parse */
	BL_DATA = 65,		/* malformed, forged or truncated data */
	BL_NOINPUT = 66,	/* cannot open input */
	BL_UNAVAILABLE = 69,	/* helper or TEE unavailable */
	BL_BUG = 70,
	BL_OSERR = 71,		/* operating system refused */
	BL_CANTCREAT = 73,
	BL_IOERR = 74,
	BL_TEMPFAIL = 75,	/* pending review, or locked */
	BL_PROTOCOL = 76,	/* peer broke protocol */
	BL_REFUSED = 77,	/* refused by policy, budget, identity, evidence */
	BL_CONFIG = 78,		/* bad configuration or policy document */
};

struct bl_err {
	int code;		/* an exit class, BL_OK when nothing failed */
	char msg[1024];		/* without program name, without newline */
	char hint[512];		/* empty when the user cannot act */
};

/* Sets code and message; clears the hint; always returns -1, so that a finder says `return bl_err_set(...)`. */
int bl_err_set(struct bl_err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int bl_err_vset(struct bl_err *err, int code, const char *fmt, va_list ap) __attribute__((format(printf, 3, 0)));
/* As bl_err_set, with ": " and strerror(errno) after the message. */
int bl_err_sys(struct bl_err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Puts "where: " before the message; returns -1. */
int bl_err_where(struct bl_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Sets the hint; returns -1. */
int bl_err_hint(struct bl_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Prints "PROG: text" as one line to stderr, control characters (below 0x20, 0x7f, U+0080..009F) as '?'. */
void bl_err_line(const char *prog, const char *text);
/* Prints "PROG: msg" and, if there is one, "PROG: hint: ..." the same way; returns err->code. */
int bl_err_print(const struct bl_err *err, const char *prog);

#endif
