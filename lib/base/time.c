/* SPDX-License-Identifier: Apache-2.0 */
/*
 * time: calendar arithmetic by whole days, without the C library's (whose answers depend on TZ). Parsers accept years
 * 0001 to 9999 and never a leap second; printers expect what the parsers gave.
 */
#include <stdio.h>
#include <time.h>

#include "base/num.h"
#include "base/time.h"

enum { DAY = 86400 };
#define US INT64_C(1000000)

/* n decimal digits at s; -1 when one is not a digit. */
static int field(const char *s, size_t n)
{
	int v = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		v = v * 10 + (s[i] - '0');
	}
	return v;
}

/*
 * Days are counted in eras of 400 years that begin on 1 March, so that the leap day is the last of its year and the
 * lengths of the months before it follow (153 m + 2) / 5.
 */
int64_t bl_time_days(int year, unsigned month, unsigned day)
{
	int64_t y = (int64_t)year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400, in_era = y - era * 400;
	int64_t in_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + (int64_t)day - 1;

	return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

void bl_time_civil(int64_t days, int *year, unsigned *month, unsigned *day)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, d = z - era * 146097;
	int64_t y = (d - d / 1460 + d / 36524 - d / 146096) / 365, in_year = d - (365 * y + y / 4 - y / 100);
	int64_t m = (5 * in_year + 2) / 153;

	*day = (unsigned)(in_year - (153 * m + 2) / 5 + 1);
	*month = (unsigned)(m < 10 ? m + 3 : m - 9);
	*year = (int)(y + era * 400 + (*month <= 2));
}

bool bl_time_is_date(int64_t days)
{
	return days >= BL_TIME_FIRST_DAY && days < BL_TIME_END_DAY;
}

bool bl_time_is_stamp(int64_t us)
{
	return us >= BL_TIME_FIRST_DAY * BL_TIME_DAY_US && us < BL_TIME_END_DAY * BL_TIME_DAY_US;
}

bool bl_time_parse_date(const char *s, size_t n, int64_t *days)
{
	static const int length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int y, m, d;
	bool leap;

	if (n != 10 || s[4] != '-' || s[7] != '-')
		return false;
	y = field(s, 4);
	m = field(s + 5, 2);
	d = field(s + 8, 2);
	leap = y % 4 == 0 && (y % 100 || y % 400 == 0);
	if (y < 1 || m < 1 || m > 12 || d < 1 || d > length[m - 1] + (m == 2 && leap))
		return false;
	*days = bl_time_days(y, (unsigned)m, (unsigned)d);
	return true;
}

size_t bl_time_print_date(int64_t days, char out[BL_TIME_TEXT])
{
	int y;
	unsigned m, d;

	bl_time_civil(days, &y, &m, &d);
	return (size_t)snprintf(out, BL_TIME_TEXT, "%04d-%02u-%02u", y, m, d);
}

bool bl_time_parse_stamp(const char *s, size_t n, int64_t *us)
{
	int64_t days, t, zone = 0, fraction = 0;
	int h, m, sec;
	size_t i = 19;

	if (n < 19 || !bl_time_parse_date(s, 10, &days) || (s[10] != 'T' && s[10] != ' ') || s[13] != ':' || s[16] != ':')
		return false;
	h = field(s + 11, 2);
	m = field(s + 14, 2);
	sec = field(s + 17, 2);
	if (h < 0 || h > 23 || m < 0 || m > 59 || sec < 0 || sec > 59)
		return false;
	if (i < n && s[i] == '.') {
		int64_t unit = US;
		for (i++; i < n && s[i] >= '0' && s[i] <= '9'; i++) {
			unit /= 10;
			if (!unit)
				return false;
			fraction += (s[i] - '0') * unit;
		}
		if (unit == US)
			return false;
	}
	if (n - i == 6 && (s[i] == '+' || s[i] == '-') && s[i + 3] == ':') {
		int zh = field(s + i + 1, 2), zm = field(s + i + 4, 2);
		if (zh < 0 || zh > 23 || zm < 0 || zm > 59)
			return false;
		zone = (s[i] == '-' ? -1 : 1) * (zh * 3600 + zm * 60);
	} else if (i != n && (n - i != 1 || s[i] != 'Z')) {
		return false;
	}
	t = (days * DAY + h * 3600 + m * 60 + sec - zone) * US + fraction;
	if (!bl_time_is_stamp(t))		/* a zone must not lead out of the years that can be printed */
		return false;
	*us = t;
	return true;
}

size_t bl_time_print_stamp(int64_t us, char out[BL_TIME_TEXT])
{
	int64_t t = us / US - (us % US < 0), fraction = us - t * US, days = t / DAY - (t % DAY < 0);
	int s = (int)(t - days * DAY);
	size_t n = bl_time_print_date(days, out);

	n += (size_t)snprintf(out + n, BL_TIME_TEXT - n, "T%02d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
	if (fraction) {
		n += (size_t)snprintf(out + n, BL_TIME_TEXT - n, ".%06d", (int)fraction);
		while (out[n - 1] == '0')
			n--;
	}
	out[n++] = 'Z';
	out[n] = 0;
	return n;
}

int64_t bl_time_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec;
}

uint64_t bl_time_mono_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

bool bl_time_parse_duration(const char *s, size_t n, int64_t *seconds)
{
	static const struct { char letter; bool time; int64_t unit; } parts[] = {
		{ 'W', false, 7 * DAY }, { 'D', false, DAY }, { 'H', true, 3600 }, { 'M', true, 60 }, { 'S', true, 1 },
	};
	int64_t all = 0;
	size_t i = 1, part = 0;
	bool time = false, any = false;

	if (n < 3 || s[0] != 'P')
		return false;
	while (i < n) {
		size_t start;
		uint64_t v;
		int64_t t;
		if (s[i] == 'T' && !time) {
			time = true;
			any = false;		/* "P1DT": something must follow */
			i++;
		}
		for (start = i; i < n && s[i] >= '0' && s[i] <= '9'; i++)
			;
		if (i == n || !bl_num_parse_u64(s + start, i - start, &v) || v > INT64_MAX)
			return false;
		while (part < 5 && (parts[part].letter != s[i] || parts[part].time != time))
			part++;
		if (part == 5 || __builtin_mul_overflow((int64_t)v, parts[part].unit, &t) || __builtin_add_overflow(all, t, &all))
			return false;
		part++;
		i++;
		any = true;
	}
	*seconds = all;
	return any;
}
