/* SPDX-License-Identifier: Apache-2.0 */
/* tap: TAP for C tests: ok(cond, "promise"), is_str, is_int, skip_all, then `return tap_done();`. */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int tap_n, tap_bad;

static inline int __attribute__((format(printf, 2, 3))) tap_ok(int good, const char *fmt, ...)
{
	va_list ap;
	printf("%sok %d - ", good ? "" : "not ", ++tap_n);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	if (!good)
		tap_bad++;
	fflush(stdout);
	return good;
}
#define ok(good, ...) (tap_ok(!!(good), __VA_ARGS__) ? 1 : (printf("# at %s:%d: %s\n", __FILE__, __LINE__, #good), 0))
#define is_int(got, want, ...) do { long long tap_g = (long long)(got), tap_w = (long long)(want); \
	if (!tap_ok(tap_g == tap_w, __VA_ARGS__)) printf("# at %s:%d: got %lld, wanted %lld\n", __FILE__, __LINE__, tap_g, tap_w); } while (0)
#define is_str(got, want, ...) do { const char *tap_g = (got), *tap_w = (want); \
	if (!tap_ok(tap_g && !strcmp(tap_g, tap_w), __VA_ARGS__)) \
		printf("# at %s:%d: got '%s', wanted '%s'\n", __FILE__, __LINE__, tap_g ? tap_g : "(null)", tap_w); } while (0)
#define skip(n, why) do { for (int tap_i = 0; tap_i < (n); tap_i++) printf("ok %d # SKIP %s\n", ++tap_n, why); } while (0)
#define skip_all(why) do { printf("1..0 # SKIP %s\n", why); return 0; } while (0)
static inline int tap_done(void)
{
	printf("1..%d\n", tap_n);
	return tap_bad != 0 || tap_n == 0;
}

#endif
