/* SPDX-License-Identifier: Apache-2.0 */
/* value: see value.h. */
#include "format/value.h"

#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "base/time.h"

/* Up to 19 digits, eight at a time from the end. */
static inline bool whole(const char *p, size_t n, uint64_t *v)
{
	uint64_t sum = 0, unit = 1, w;

	for (; n > 8; n -= 8, unit *= 100000000) {
		w = bl_value_word(p + n - 8, 8);
		if (!bl_value_all_digits(w))
			return false;
		sum += bl_value_join(w) * unit;
	}
	w = bl_value_word(p, n);
	*v = sum + bl_value_join(w) * unit;
	return bl_value_all_digits(w);
}

bool bl_value_int(const char *p, size_t n, int64_t *v)
{
	bool negative = n && *p == '-';
	size_t digits = n - negative;
	uint64_t a;

	/* Anything longer that fits has leading zeros. */
	if (digits - 1 >= 19)
		return bl_num_parse_i64(p, n, v);
	if (!whole(p + negative, digits, &a) || a > (uint64_t)INT64_MAX + negative)
		return false;
	*v = negative ? (int64_t)(0 - a) : (int64_t)a;
	return true;
}

bool bl_value_decimal(const char *p, size_t n, unsigned precision, unsigned scale, int64_t *v)
{
	bool negative = n && *p == '-';
	size_t digits = n - negative;
	unsigned after = 0;
	uint64_t w, most = (uint64_t)bl_num_pow10(precision) - 1;
	int64_t r;

	if (digits - 1 < 8 && scale <= 8) {
		w = bl_value_word(p + negative, digits);
		/* No '.' first or last. */
		if (bl_value_all_digits(w) || (bl_value_point(&w, &after) && after && after + 1 < digits)) {
			if (after <= scale) {
				/* Below 10^16 with eight digits and eight places. */
				w = bl_value_join(w) * (uint64_t)bl_num_pow10(scale - after);
				*v = negative ? -(int64_t)w : (int64_t)w;
				return w <= most;
			}
		}
	}
	if (!bl_num_parse_dec(p, n, scale, &r) || (r < 0 ? -(uint64_t)r : (uint64_t)r) > most)
		return false;
	*v = r;
	return true;
}

bool bl_value_double(const char *p, size_t n, int64_t *bits)
{
	double d;

	if (!bl_num_parse_f64(p, n, &d))
		return false;
	memcpy(bits, &d, sizeof(d));
	return true;
}

bool bl_value_date(const char *p, size_t n, int64_t *days)
{
	static const uint8_t length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	static const uint16_t before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	unsigned y, m, d, d10, d1;
	uint64_t w;
	bool leap;

	if (n != 10)
		return false;
	/* "YYYY-MM-" in one word: digits 0..9, dashes 0. */
	w = bl_le64(p) ^ UINT64_C(0x2d30302d30303030);
	d10 = (uint8_t)p[8] - '0';
	d1 = (uint8_t)p[9] - '0';
	if ((((w + UINT64_C(0x7f76767f76767676)) | w) & UINT64_C(0x8080808080808080)) || d10 > 9 || d1 > 9)
		return false;
	y = (unsigned)((w & 0xff) * 1000 + (w >> 8 & 0xff) * 100 + (w >> 16 & 0xff) * 10 + (w >> 24 & 0xff));
	m = (unsigned)((w >> 40 & 0xff) * 10 + (w >> 48 & 0xff));
	d = d10 * 10 + d1;
	leap = y % 4 == 0 && (y % 100 || y % 400 == 0);
	if (!y || m - 1 > 11 || d - 1 >= (unsigned)length[m - 1] + (m == 2 && leap))
		return false;
	/* Days of the years before, from year 1, then those of this one; 719,162 of them come before 1970. */
	y--;
	*days = (int64_t)(y * 365 + y / 4 - y / 100 + y / 400) + before[m - 1] + (m > 2 && leap) + d - 1 - 719162;
	return true;
}

bool bl_value_stamp(const char *p, size_t n, int64_t *us)
{
	int64_t days;

	if (n != 10)
		return bl_time_parse_stamp(p, n, us);
	if (!bl_value_date(p, n, &days))
		return false;
	*us = days * INT64_C(86400000000);
	return true;
}

bool bl_value_bool(const char *p, size_t n, int64_t *v)
{
	static const struct { const char *name; bool v; } names[] = {
		{ "true", true }, { "false", false }, { "t", true }, { "f", false }, { "1", true }, { "0", false },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strlen(names[i].name) == n && !strncasecmp(names[i].name, p, n)) {
			*v = names[i].v;
			return true;
		}
	return false;
}
