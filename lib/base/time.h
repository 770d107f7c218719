/* SPDX-License-Identifier: Apache-2.0 */
/*
 * time: days and microseconds since 1970-01-01 UTC in the proleptic Gregorian calendar, and their texts (RFC 3339).
 */
#ifndef BL_BASE_TIME_H
#define BL_BASE_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BL_TIME_TEXT = 40 };
/* The calendar: 0001-01-01, and the day after 9999-12-31. Parsers give nothing outside of it and printers expect nothing else. */
#define BL_TIME_FIRST_DAY INT64_C(-719162)
#define BL_TIME_END_DAY INT64_C(2932897)
#define BL_TIME_DAY_US INT64_C(86400000000)
/* Is it in the calendar? */
bool bl_time_is_date(int64_t days);
bool bl_time_is_stamp(int64_t us);
/* "YYYY-MM-DD", years 0001..9999. */
bool bl_time_parse_date(const char *s, size_t n, int64_t *days);
size_t bl_time_print_date(int64_t days, char out[BL_TIME_TEXT]);
/* "YYYY-MM-DDTHH:MM:SS[.ffffff](Z|+hh:mm)"; a space for the T and a missing zone (UTC) are accepted. Microseconds. */
bool bl_time_parse_stamp(const char *s, size_t n, int64_t *us);
/* Always with T and Z; fraction only when it is not zero, without trailing zeros. */
size_t bl_time_print_stamp(int64_t us, char out[BL_TIME_TEXT]);
void bl_time_civil(int64_t days, int *year, unsigned *month, unsigned *day);
int64_t bl_time_days(int year, unsigned month, unsigned day);
/* Wall clock in seconds since 1970; monotonic clock in nanoseconds. */
int64_t bl_time_now(void);
uint64_t bl_time_mono_ns(void);
/* ISO 8601 duration of days, hours, minutes, seconds, weeks ("P90D", "PT12H", "P2W") in seconds; no years or months. */
bool bl_time_parse_duration(const char *s, size_t n, int64_t *seconds);

#endif
