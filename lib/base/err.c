/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err: fills and prints the error value. Every setter formats aside before it touches the error, so that a message may
 * be made of itself. Control bytes are kept in the value and replaced when it is printed: the one place nobody skips.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

int bl_err_vset(struct bl_err *err, int code, const char *fmt, va_list ap)
{
	char msg[sizeof err->msg];

	vsnprintf(msg, sizeof msg, fmt, ap);
	err->code = code;
	memcpy(err->msg, msg, sizeof msg);
	err->hint[0] = 0;
	return -1;
}

int bl_err_set(struct bl_err *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	bl_err_vset(err, code, fmt, ap);
	va_end(ap);
	return -1;
}

int bl_err_sys(struct bl_err *err, int code, const char *fmt, ...)
{
	int saved = errno;
	size_t n;
	va_list ap;

	va_start(ap, fmt);
	bl_err_vset(err, code, fmt, ap);
	va_end(ap);
	n = strlen(err->msg);
	snprintf(err->msg + n, sizeof err->msg - n, ": %s", strerror(saved));
	errno = saved;
	return -1;
}

int bl_err_where(struct bl_err *err, const char *fmt, ...)
{
	char both[2 * sizeof err->msg + 2];
	size_t n;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(both, sizeof err->msg, fmt, ap);
	va_end(ap);
	n = strlen(both);
	snprintf(both + n, sizeof both - n, ": %s", err->msg);
	/* What does not fit is cut at the end: the place matters more than the tail of the reason. */
	both[sizeof err->msg - 1] = 0;
	memcpy(err->msg, both, sizeof err->msg);
	return -1;
}

int bl_err_hint(struct bl_err *err, const char *fmt, ...)
{
	char hint[sizeof err->hint];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(hint, sizeof hint, fmt, ap);
	va_end(ap);
	memcpy(err->hint, hint, sizeof hint);
	return -1;
}

void bl_err_line(const char *prog, const char *text)
{
	char line[1200];
	size_t n = (size_t)snprintf(line, sizeof line - 1, "%s: %s", prog, text);

	if (n > sizeof line - 2)
		n = sizeof line - 2;
	for (size_t i = 0; i < n; i++) {
		size_t control = bl_text_control(line + i, n - i);
		memset(line + i, '?', control);
		i += control > 1;
	}
	line[n++] = '\n';
	fwrite(line, 1, n, stderr);
}

int bl_err_print(const struct bl_err *err, const char *prog)
{
	bl_err_line(prog, err->msg);
	if (err->hint[0]) {
		char hint[sizeof err->hint + 8];
		snprintf(hint, sizeof hint, "hint: %s", err->hint);
		bl_err_line(prog, hint);
	}
	return err->code;
}
