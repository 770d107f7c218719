/* SPDX-License-Identifier: Apache-2.0 */
/* der: see der.h. */
#include "crypt/der.h"

#include <stdlib.h>
#include <string.h>

#include "base/time.h"

enum { OID_MOST = 64 };

size_t bl_der_length(const uint8_t *p, size_t n, uint8_t tag, size_t *head)
{
	size_t len, h = 2;

	if (n < 2 || p[0] != tag)
		return 0;
	len = p[1];
	if (len & 0x80) {
		size_t more = len & 0x7f;

		if (!more || more > 4 || n < 2 + more || !p[2])
			return 0;
		len = 0;
		for (size_t i = 0; i < more; i++)
			len = len << 8 | p[2 + i];
		if (len < 0x80)
			return 0;
		h += more;
	}
	if (head)
		*head = h;
	return len <= n - h ? h + len : 0;
}

bool bl_der_take(struct bl_der *s, uint8_t tag, struct bl_der *all)
{
	const size_t n = bl_der_length(s->p, s->n, tag, NULL);

	*all = (struct bl_der){ s->p, n };
	s->p += n;
	s->n -= n;
	return n;
}

bool bl_der_enter(struct bl_der *s, uint8_t tag, struct bl_der *in)
{
	size_t head = 0;

	if (!bl_der_length(s->p, s->n, tag, &head) || !bl_der_take(s, tag, in))
		return false;
	in->p += head;
	in->n -= head;
	return true;
}

bool bl_der_same(struct bl_der a, struct bl_der b)
{
	return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n));
}

bool bl_der_next_is(struct bl_der s, uint8_t tag)
{
	return s.n && *s.p == tag;
}

bool bl_der_take_bool(struct bl_der *s, bool *v)
{
	struct bl_der in;

	*v = false;
	if (!bl_der_next_is(*s, BL_DER_BOOLEAN))
		return true;
	if (!bl_der_enter(s, BL_DER_BOOLEAN, &in) || in.n != 1 || (*in.p && *in.p != 0xff))
		return false;
	*v = *in.p;
	return true;
}

static bool two_digits(const uint8_t *p, unsigned least, unsigned most, unsigned *v)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return false;
	*v = (p[0] - '0') * 10u + (p[1] - '0');
	return *v >= least && *v <= most;
}

bool bl_der_time(uint8_t tag, struct bl_der in, int64_t *t)
{
	const uint8_t *p = in.p;
	unsigned century = 0, year, month, day, hour, min, sec, m, d;
	int64_t days;
	int y;

	if (in.n == 15 && tag == BL_DER_TIME) {
		if (!two_digits(p, 0, 99, &century))
			return false;
		p += 2;
	} else if (in.n != 13 || tag != BL_DER_UTC) {
		return false;
	}
	if (!two_digits(p, 0, 99, &year) || !two_digits(p + 2, 1, 12, &month) || !two_digits(p + 4, 1, 31, &day) ||
	    !two_digits(p + 6, 0, 23, &hour) || !two_digits(p + 8, 0, 59, &min) || !two_digits(p + 10, 0, 59, &sec) || p[12] != 'Z')
		return false;
	if (in.n == 13)
		century = year < 50 ? 20 : 19;
	if (!(century + year))
		return false;
	days = bl_time_days((int)(century * 100 + year), month, day);
	bl_time_civil(days, &y, &m, &d);
	if (m != month || d != day)
		return false;
	*t = days * 86400 + hour * 3600 + min * 60 + sec;
	return true;
}

bool bl_der_take_time(struct bl_der *s, int64_t *t)
{
	const uint8_t tag = s->n ? *s->p : 0;
	struct bl_der in;

	return (tag == BL_DER_UTC || tag == BL_DER_TIME) && bl_der_enter(s, tag, &in) && bl_der_time(tag, in, t);
}

/* A dotted OID as it stands in DER; its length, 0 when it is none. */
static size_t print_oid(const char *s, uint8_t out[OID_MOST])
{
	size_t n = 0;
	unsigned long first = 0;

	for (int i = 0;; i++, s++) {
		char *end;
		unsigned long v;

		if (*s < '0' || *s > '9' || (v = strtoul(s, &end, 10)) > (i ? UINT32_MAX : 2) || n + 5 > OID_MOST || (*end && *end != '.'))
			return 0;
		s = end;
		if (!i)
			first = v;
		if (i == 1)
			v += first * 40;
		if (i)
			for (int shift = 28; shift >= 0; shift -= 7)
				if (v >> shift || !shift)
					out[n++] = (uint8_t)((v >> shift & 0x7f) | (shift ? 0x80 : 0));
		if (!*s)
			return i ? n : 0;
	}
}

bool bl_der_is_oid(struct bl_der in, const char *dotted)
{
	uint8_t want[OID_MOST];
	const size_t n = print_oid(dotted, want);

	return n && bl_der_same(in, (struct bl_der){ want, n });
}

