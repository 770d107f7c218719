/* SPDX-License-Identifier: Apache-2.0 */
/* Dates, times and durations at the edges of the calendar. */
#include <stdlib.h>
#include <time.h>

#include "../tap.h"
#include "base/time.h"

static void test_days(void)
{
	static const struct { const char *s; int64_t days; } v[] = {
		{ "0001-01-01", -719162 },
		{ "0001-02-28", -719104 },
		{ "0001-03-01", -719103 },
		{ "0004-02-29", -718008 },
		{ "0100-02-28", -682945 },
		{ "0100-03-01", -682944 },
		{ "0400-02-29", -573372 },
		{ "1582-10-04", -141438 },
		{ "1582-10-15", -141427 },
		{ "1600-02-29", -135081 },
		{ "1899-12-31", -25568 },
		{ "1900-02-28", -25509 },
		{ "1900-03-01", -25508 },
		{ "1969-12-31", -1 },
		{ "1970-01-01", 0 },
		{ "1999-12-31", 10956 },
		{ "2000-02-29", 11016 },
		{ "2000-03-01", 11017 },
		{ "2024-02-29", 19782 },
		{ "2026-11-25", 20782 },
		{ "2100-02-28", 47540 },
		{ "2100-03-01", 47541 },
		{ "9999-12-31", 2932896 },
	};
	static const char *const bad[] = { "", "2026-11-2", "2026-11-255", "2026-1-25", "26-11-25", "0000-01-01", "2026-00-01", "2026-13-01", "2026-01-00",
		"2026-01-32", "2026-04-31", "2026-02-29", "1900-02-29", "2100-02-29", "2026/11/25", "2026-11/25", "-001-01-01", "+026-01-01", "2026-11-2x",
		" 026-11-25", "20261125", "10000-01-01" };
	char out[BL_TIME_TEXT];
	int64_t d;
	unsigned wrong = 0;

	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		ok(bl_time_parse_date(v[i].s, 10, &d) && d == v[i].days, "%s is day %lld", v[i].s, (long long)v[i].days);
		bl_time_print_date(v[i].days, out);
		is_str(out, v[i].s, "and back");
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		d = 42;
		ok(!bl_time_parse_date(bad[i], strlen(bad[i]), &d) && d == 42, "'%s' is no date", bad[i]);
	}
	/* Every day of the calendar follows the one before it. */
	int y = 1, last = 0;
	unsigned m = 1, day = 1;
	static const unsigned length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	for (d = -719162; d <= 2932896; d++) {
		int cy;
		unsigned cm, cd;
		bl_time_civil(d, &cy, &cm, &cd);
		wrong += cy != y || cm != m || cd != day || bl_time_days(y, m, day) != d;
		last = cy;
		if (++day > length[m - 1] + (m == 2 && y % 4 == 0 && (y % 100 || y % 400 == 0))) {
			day = 1;
			if (++m > 12) {
				m = 1;
				y++;
			}
		}
	}
	is_int(wrong, 0, "each of the 3,652,059 days follows the one before");
	is_int(last, 9999, "to the end of 9999");
	ok(bl_time_days(0, 3, 1) == -719468 && bl_time_days(-400, 3, 1) == -719468 - 146097, "before the year 1 the count goes on");
	int cy;
	unsigned cm, cd;
	bl_time_civil(-719468 - 146097 - 1, &cy, &cm, &cd);
	ok(cy == -400 && cm == 2 && cd == 29, "and back again");
}

static void test_stamps(void)
{
	static const struct { const char *s; int64_t us; const char *back; } v[] = {
		{ "1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z" }, { "1970-01-01 00:00:00", 0, "1970-01-01T00:00:00Z" },
		{ "1970-01-01T00:00:00.000001Z", 1, "1970-01-01T00:00:00.000001Z" }, { "1969-12-31T23:59:59.999999Z", -1, "1969-12-31T23:59:59.999999Z" },
		{ "1969-12-31T23:59:59.5Z", -500000, "1969-12-31T23:59:59.5Z" }, { "2026-11-25T10:20:30.120Z", 1795602030120000, "2026-11-25T10:20:30.12Z" },
		{ "2026-11-25T10:20:30+02:00", 1795594830000000, "2026-11-25T08:20:30Z" }, { "2026-11-25T10:20:30-00:30", 1795603830000000, "2026-11-25T10:50:30Z" },
		{ "0001-01-01T00:00:00Z", -62135596800000000, "0001-01-01T00:00:00Z" },
		{ "9999-12-31T23:59:59.999999Z", 253402300799999999, "9999-12-31T23:59:59.999999Z" },
		{ "0001-01-01T00:00:00-00:01", -62135596740000000, "0001-01-01T00:01:00Z" }, { "2000-02-29T23:59:59+00:00", 951868799000000, "2000-02-29T23:59:59Z" },
	};
	static const char *const bad[] = { "", "1970-01-01", "1970-01-01T", "1970-01-01T00:00", "1970-01-01T24:00:00Z", "1970-01-01T00:60:00Z",
		"1970-01-01T23:59:60Z", "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00.1234567Z", "1970-01-01T00:00:00z", "1970-01-01t00:00:00Z",
		"1970-01-01T00:00:00ZZ", "1970-01-01T00:00:00 Z", "1970-01-01T00:00:00+0200", "1970-01-01T00:00:00+24:00", "1970-01-01T00:00:00+02:60",
		"1970-01-01T00:00:00+2:00", "1970-02-30T00:00:00Z", "1970-01-01T-1:00:00Z", "1970-01-01T00:00:00,5Z", "1970-01-01  00:00:00",
		"0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01" };
	char out[BL_TIME_TEXT];
	int64_t us;

	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		ok(bl_time_parse_stamp(v[i].s, strlen(v[i].s), &us) && us == v[i].us, "%s", v[i].s);
		is_int(bl_time_print_stamp(v[i].us, out), strlen(v[i].back), "its text has the length told");
		is_str(out, v[i].back, "and is in UTC");
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		us = 42;
		ok(!bl_time_parse_stamp(bad[i], strlen(bad[i]), &us) && us == 42, "'%s' is no time", bad[i]);
	}
}

static void test_durations(void)
{
	static const struct { const char *s; int64_t v; } v[] = {
		{ "P90D", 7776000 }, { "PT12H", 43200 }, { "P2W", 1209600 }, { "P1DT2H3M4S", 93784 }, { "PT0S", 0 }, { "P1W1D", 691200 }, { "PT90M", 5400 },
		{ "PT9223372036854775807S", INT64_MAX }, { "P0D", 0 },
	};
	static const char *const bad[] = { "", "P", "PT", "P1", "1D", "P1DT", "P1Y", "P1M", "PT1D", "P1H", "PT1S1M", "PT1H1H", "P-1D", "P1.5D", "P1D ", " P1D", "p1d",
		"P1DT1H ", "PTT1H", "P1D1W", "PT9223372036854775808S", "P106751991167301D", "P106751991167300DT99999999H", "PT1", "PTS" };
	int64_t s;

	for (size_t i = 0; i < sizeof v / sizeof *v; i++)
		ok(bl_time_parse_duration(v[i].s, strlen(v[i].s), &s) && s == v[i].v, "%s is %lld seconds", v[i].s, (long long)v[i].v);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		s = 42;
		ok(!bl_time_parse_duration(bad[i], strlen(bad[i]), &s) && s == 42, "'%s' is no duration", bad[i]);
	}
}

int main(void)
{
	/* Nothing may depend on where the machine stands. */
	setenv("TZ", "America/St_Johns", 1);
	tzset();
	test_days();
	test_stamps();
	test_durations();
	ok(bl_time_now() > 1700000000, "the clock is past 2023");
	uint64_t before = bl_time_mono_ns();
	ok(bl_time_mono_ns() >= before, "and the other one never goes back");
	return tap_done();
}
