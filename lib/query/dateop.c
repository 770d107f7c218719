/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dateop: fields of dates and timestamps, truncation, intervals, in UTC and the proleptic Gregorian calendar. Outside the
 * years 0001 to 9999 everything is NULL.
 */
#include "base/time.h"
#include "query/ops.h"

static const int64_t DAY_US = BL_TIME_DAY_US, HOUR_US = INT64_C(3600000000), MINUTE_US = 60000000, SECOND_US = 1000000;

enum field { YEAR, QUARTER, MONTH, WEEK, DAY, HOUR, MINUTE, SECOND, DOW, ISODOW, DOY };

struct when { int64_t day, us; int year; unsigned month, mday; };	/* us: within the day */

static bool split(struct bl_type t, int64_t x, struct when *w)
{
	if (t.kind == BL_TYPE_STAMP ? !bl_time_is_stamp(x) : !bl_time_is_date(x))
		return false;
	w->day = t.kind == BL_TYPE_STAMP ? x / DAY_US - (x % DAY_US < 0) : x;
	w->us = t.kind == BL_TYPE_STAMP ? x - w->day * DAY_US : 0;
	bl_time_civil(w->day, &w->year, &w->month, &w->mday);
	return true;
}

static int isodow(int64_t day)		/* 1970-01-01 was a Thursday */
{
	return (int)(((day + 3) % 7 + 7) % 7) + 1;
}

/* ISO 8601: the week of its Thursday, counted in that Thursday's year. */
static int64_t iso_week(int64_t day)
{
	int64_t thursday = day - isodow(day) + 4;
	int year;
	unsigned month, mday;

	bl_time_civil(thursday, &year, &month, &mday);
	return (thursday - bl_time_days(year, 1, 1)) / 7 + 1;
}

static int64_t part(enum field f, const struct when *w)
{
	switch (f) {
	case YEAR: return w->year;
	case QUARTER: return (w->month - 1) / 3 + 1;
	case MONTH: return w->month;
	case WEEK: return iso_week(w->day);
	case DAY: return w->mday;
	case HOUR: return w->us / HOUR_US;
	case MINUTE: return w->us / MINUTE_US % 60;
	case SECOND: return w->us % MINUTE_US;		/* at scale 6 */
	case DOW: return isodow(w->day) % 7;
	case ISODOW: return isodow(w->day);
	default: return w->day - bl_time_days(w->year, 1, 1) + 1;
	}
}

static int64_t truncated(enum field f, const struct when *w)
{
	switch (f) {
	case YEAR: return bl_time_days(w->year, 1, 1) * DAY_US;
	case QUARTER: return bl_time_days(w->year, (w->month - 1) / 3 * 3 + 1, 1) * DAY_US;
	case MONTH: return bl_time_days(w->year, w->month, 1) * DAY_US;
	case WEEK: return (w->day - isodow(w->day) + 1) * DAY_US;
	case DAY: return w->day * DAY_US;
	case HOUR: return w->day * DAY_US + w->us / HOUR_US * HOUR_US;
	case MINUTE: return w->day * DAY_US + w->us / MINUTE_US * MINUTE_US;
	default: return w->day * DAY_US + w->us / SECOND_US * SECOND_US;
	}
}

/* Months first, to the last day of a month that is too short, then microseconds. */
bool bl_dateop_add(int64_t stamp, int64_t months, int64_t us, bl_i128 *r)
{
	int64_t total, day, next;
	struct when w;
	int year;

	if (!split((struct bl_type){ .kind = BL_TYPE_STAMP }, stamp, &w) ||
	    __builtin_add_overflow((int64_t)w.year * 12 + w.month - 1, months, &total) || total < 12 || total >= 12 * 10000)
		return false;
	year = (int)(total / 12);
	day = bl_time_days(year, (unsigned)(total % 12) + 1, 1);
	next = total % 12 == 11 ? bl_time_days(year + 1, 1, 1) : bl_time_days(year, (unsigned)(total % 12) + 2, 1);
	day = day + w.mday - 1 < next ? day + w.mday - 1 : next - 1;
	*r = (bl_i128)day * DAY_US + w.us + us;
	return true;
}

static int run(struct bl_eval *v, struct bl_ops_node *n, const uint64_t *active, uint32_t m)
{
	const struct bl_ops_node *arg = n->arg[n->op == BL_OP_DATE_PART || n->op == BL_OP_DATE_TRUNC];
	const enum field *f = n->state;
	const bool interval = n->op == BL_OP_ADD_INTERVAL;
	const int64_t months = interval ? (int64_t)n->e->arg[1]->lit.i : 0, us = interval ? (int64_t)n->e->arg[2]->lit.i : 0;

	(void)v;
	(void)m;
	BL_OPS_EACH(i, active) {
		const int64_t x = arg->out.i64[i * arg->out.step];
		struct when w;
		bl_i128 r;
		if (interval ? !bl_dateop_add(x, months, us, &r) : !split(arg->type, x, &w)) {
			bl_ops_null(n, i);
			continue;
		}
		if (!interval)
			r = n->op == BL_OP_DATE_TRUNC ? truncated(*f, &w) : part(*f, &w);
		bl_eval_put(n, i, r);
	}
	return 0;
}

int bl_dateop_bind(struct bl_eval *v, struct bl_ops_node *n)
{
	static const char *const names[] = {
		[YEAR] = "year", [QUARTER] = "quarter", [MONTH] = "month", [WEEK] = "week", [DAY] = "day", [HOUR] = "hour", [MINUTE] = "minute",
		[SECOND] = "second", [DOW] = "dow", [ISODOW] = "isodow", [DOY] = "doy",
	};
	static const struct { int64_t min, max; } ranges[] = {
		[YEAR] = { 1, 9999 }, [QUARTER] = { 1, 4 }, [MONTH] = { 1, 12 }, [WEEK] = { 1, 53 }, [DAY] = { 1, 31 }, [HOUR] = { 0, 23 },
		[MINUTE] = { 0, 59 }, [SECOND] = { 0, 59999999 }, [DOW] = { 0, 6 }, [ISODOW] = { 1, 7 }, [DOY] = { 1, 366 },
	};
	enum field *f = bl_compile_alloc(v, 1, sizeof *f);

	if (!f)
		return -1;
	*f = n->op == BL_OP_YEAR ? YEAR : n->op == BL_OP_MONTH ? MONTH : DAY;
	if (n->op == BL_OP_DATE_PART || n->op == BL_OP_DATE_TRUNC)
		for (unsigned k = 0; k < sizeof names / sizeof *names; k++)
			if (strlen(names[k]) == n->e->arg[0]->lit.s.n && !memcmp(names[k], n->e->arg[0]->lit.s.p, strlen(names[k])))
				*f = (enum field)k;
	n->state = f;
	n->strict = run;
	if (n->op == BL_OP_ADD_INTERVAL)
		n->narg = 1;
	if (n->type.kind == BL_TYPE_STAMP)
		bl_compile_range(n, n->least, n->most);
	else
		bl_compile_range(n, ranges[*f].min, ranges[*f].max);
	return 0;
}
