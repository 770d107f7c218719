/* SPDX-License-Identifier: Apache-2.0 */
/* disguise: see disguise.h. */
#include "policy/disguise.h"

static bl_u128 size_of(bl_i128 v)
{
	return v < 0 ? -(bl_u128)v : (bl_u128)v;
}

/* The largest number that divides both. */
static bl_u128 divisor(bl_u128 a, bl_u128 b)
{
	while (b) {
		bl_u128 rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

bool bl_disguise_find(const bl_i128 *n, const bl_i128 *s, size_t stride, uint64_t count, bl_i128 *unit)
{
	bl_u128 common = 0, least = 1;
	bool plus = false, minus = false;

	for (uint64_t i = 0; i < count; i++) {
		bl_i128 rows = n[i * stride], v = s[i * stride];
		if (rows <= 0)
			continue;
		bl_u128 each = size_of(v) / (bl_u128)rows + (size_of(v) % (bl_u128)rows != 0);
		least = each > least ? each : least;
		/* Most sums are soon seen to be none. */
		if (common != size_of(v))
			common = divisor(common, size_of(v));
		plus = plus || v > 0;
		minus = minus || v < 0;
		if ((plus && minus) || (common && least > common))
			return false;
	}
	if (common >> 126)
		return false;
	*unit = !common ? 1 : (bl_i128)(common % least ? common : least) * (minus ? -1 : 1);
	return true;
}
