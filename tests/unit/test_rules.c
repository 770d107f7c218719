/* SPDX-License-Identifier: Apache-2.0 */
/* The data rules on results made by hand: who may be in a cell, who may dominate it, what is withheld, what is rounded. */
#include <sys/mman.h>
#include <unistd.h>

#include "../rules.h"
#include "../tap.h"
#include "crypt/mem.h"

/* A question of one group of n people out of `pop`, of whom the value is known of `known`. */
static bool count_of(uint32_t n, uint32_t pop, uint32_t known, const char *release)
{
	ask("select count(qty) from t", release, "");
	r.population = pop;
	r.universe[0] = known;
	group(0);
	people(0, n, 1, 1);
	return passes();
}

/* --- min_entities --- */

static void sizes(void)
{
	ok(!count_of(9, 100, 100, K10) && count_of(10, 100, 100, K10) && count_of(11, 100, 100, K10), "k-1 people fail, k and k+1 pass");
	ok(!count_of(0, 100, 100, K10), "nobody fails");
	ok(!count_of(889, 891, 891, K10), "P 891, a count over 889: refused");
	ok(count_of(881, 891, 891, K10) && !count_of(882, 891, 891, K10), "over 881: passed; over 882: refused");
	ok(count_of(891, 891, 891, K10), "over all: passed");
	ok(!count_of(889, 891, 889, K10), "all of whom it is known, and two are not: refused");
	ok(count_of(714, 891, 714, K10), "177 of 891 unknown: passed");
	ok(!count_of(713, 891, 714, K10), "all of whom it is known but one: refused");
	ok(count_of(704, 891, 714, K10) && !count_of(705, 891, 714, K10), "but ten: passed; but nine: refused");
	ok(count_of(889, 891, 891, "{\"min_entities\":{\"k\":10,\"complement\":false}}"), "without complement 889 of 891 pass");
	count_of(9, 100, 100, "{\"all\":[{\"zeros\":\"suppress\"},{\"min_entities\":10}]}");
	ok(out.nfired == 1 && fired("release.all[1].min_entities"), "the rule that failed is named by its place");
}

static bool sum_of(const char *sql, const char *release, uint32_t zero, uint32_t some)
{
	ask(sql, release, "");
	group(0);
	people(0, zero, 1, 0);
	people(zero, zero + some, 1, 7);
	return passes();
}

static void contributions(void)
{
	ok(!sum_of("select avg(qty) from t", K10, 4, 8), "an average over 12 of whom 4 have 0 fails: D 12, N 8");
	ok(sum_of("select avg(qty) from t", K10, 2, 10), "with 10 who have more than 0 it passes");
	ok(sum_of("select sum(qty) from t", K10, 1, 59), "a sum over 60 of whom one has 0 passes");
	ok(!sum_of("select var_pop(qty) from t", K10, 1, 59), "squares over 60 of whom one has 0 fail");
	ok(!sum_of("select var_pop(qty) from t", K10, 9, 50) && sum_of("select var_pop(qty) from t", K10, 10, 50) &&
	   sum_of("select var_pop(qty) from t", K10, 0, 60), "squares: 9 with 0 fail, 10 pass, none pass");
	ok(!sum_of("select sum(qty) from t", K10, 60, 0), "a sum of nothing but 0 fails");
	ok(sum_of("select sum(qty) from t", "{\"all\":[" K10 ",{\"zeros\":\"allow\"}]}", 60, 0), "and passes where zeros are allowed");
	ok(!sum_of("select sum(qty) from t", "{\"all\":[" K10 ",{\"zeros\":\"allow\"}]}", 9, 0), "not over fewer than k people");
	ok(!sum_of("select sum(price * disc) from t", K10, 1, 59), "a product in which one of 60 has 0 fails");
	ok(!sum_of("select max(qty) from t", K10, 0, 60) && !sum_of("select median(qty) from t", "{\"all\":[" K10 ",{\"endpoints\":10}]}", 0, 60),
	   "min, max and median never pass");
	ask("select sum(qty) from t", K10, "");
	group(0);
	people(0, 60, 1, 7);
	r.acc[r.ncell - 1].null = true;
	ok(!passes(), "a sum that does not fit is not tested, so it fails");
}

/* --- zeros --- */

#define BITS "\"columns\":{\"qty\":{\"uses\":[\"aggregate\"],\"bounds\":[0,1]%s}}"
static bool bits(const char *class, const char *release, uint32_t zero, uint32_t one)
{
	char more[200];

	snprintf(more, sizeof more, BITS, class);
	ask("select sum(qty) from t", release, more);
	group(0);
	people(0, zero, 1, 0);
	people(zero, zero + one, 1, 1);
	return passes();
}

static void zeros(void)
{
	const char *quasi = ",\"class\":\"quasi\"", *sensitive = ",\"class\":\"sensitive\"";
	const char *said = "{\"all\":[" K10 ",{\"zeros\":\"suppress\"}]}", *allow = "{\"all\":[" K10 ",{\"zeros\":\"allow\"}]}";

	ok(bits(quasi, K10, 0, 60) && bits(quasi, K10, 3, 57), "everybody has the same: passes for a column that is not sensitive");
	ok(!bits(sensitive, K10, 0, 60) && !bits(sensitive, said, 0, 60), "for a sensitive one it fails, said or not");
	ok(!bits("", K10, 0, 60), "a column without a class is sensitive");
	ok(!bits(sensitive, said, 9, 51) && bits(sensitive, said, 10, 50), "fewer than k who differ fail, k pass");
	ok(bits(sensitive, allow, 9, 51) && bits(sensitive, allow, 0, 60), "unless zeros are allowed");
	ok(count_of(0, 100, 100, "{\"all\":[{\"min_entities\":{\"k\":10,\"complement\":false}},{\"zeros\":\"allow\"}]}"), "allowed: nobody passes");
	ok(!count_of(9, 100, 100, "{\"any\":[" K10 ",{\"zeros\":\"allow\"}]}"), "`zeros` is no reason to release what is not empty");
}

/* --- dominance --- */

static bool dominated(const char *sql, const char *rule, bl_i128 top)
{
	char release[200];

	snprintf(release, sizeof release, "{\"all\":[" K10 ",{\"dominance\":%s}]}", rule);
	ask(sql, release, "");
	group(0);
	people(0, 39, 1, 5);
	people(39, 40, 1, top);
	return passes();
}

static void dominance_of_cells(void)
{
	ok(dominated("select sum(qty) from t", "{\"p_percent\":10}", 1900) && !dominated("select sum(qty) from t", "{\"p_percent\":10}", 1901),
	   "a sum: 190 from the third on is 10%% of 1900, not of 1901");
	ok(fired("release.all[1].dominance"), "and dominance is named");
	ok(dominated("select count(qty) from t", "{\"p_percent\":10}", 1901), "a count of one row each is nobody's");
	ok(!dominated("select var_pop(qty) from t", "{\"p_percent\":10}", 101) && dominated("select var_pop(qty) from t", "{\"p_percent\":10}", 97),
	   "variances are tested on squares");
	ask("select count(*) from t", "{\"all\":[" K10 ",{\"dominance\":{\"nk\":[1,50]}}]}", "");
	group(0);
	people(0, 20, 1, 0);
	people(20, 21, 20, 0);
	ok(!passes(), "a count: half of the rows are one entity's");
	ask("select count(*) from t", "{\"dominance\":{\"nk\":[1,50]}}", "");
	group(0);
	people(0, 20, 1, 0);
	ok(!passes(), "a rule that says nothing of a cell is no reason to release it");
}

/* --- dof --- */

static void dof(void)
{
	const char *m10 = "{\"all\":[" K10 ",{\"dof\":10}]}", *ratio = "{\"all\":[" K10 ",{\"dof\":{\"min\":1,\"max_ratio\":\"0.05\"}}]}";

	ok(!sum_of("select stddev(qty) from t", m10, 0, 10) && sum_of("select stddev(qty) from t", m10, 0, 11), "dof 10: 10 people fail, 11 pass");
	ok(sum_of("select avg(qty) from t", m10, 0, 10), "an average has no such rule");
	ok(!sum_of("select stddev(qty) from t", ratio, 0, 19) && sum_of("select stddev(qty) from t", ratio, 0, 20), "max_ratio 0.05: one of 20");
}

/* --- conditions --- */

/* Of n people the first m are under the condition: cells 0 (value), 1 (rest). */
static bool branch(const char *sql, const char *more, uint32_t n, uint32_t m)
{
	ask(sql, K10, more);
	group(0);
	for (uint32_t e = 0; e < n; e++) {
		people(e, e + 1, 1, 3);
		for (uint32_t c = 0; c < r.ncell; c++)
			if (q.p.cell[c].cond && (e < m) == (q.p.cell[c].cond->op == BL_OP_NOT))
				outside(c);
	}
	return passes();
}

static void conditions(void)
{
	const char *quasi = "\"columns\":{\"*\":{\"uses\":[\"aggregate\",\"filter\"],\"class\":\"quasi\"}}";
	const char *filter = "select sum(qty) filter (where ok) from t", *one = "select sum(case when ok then 1 else 0 end) from t";

	ok(branch(filter, quasi, 60, 30) && !branch(filter, quasi, 60, 9), "what stands under a condition is a cell");
	ok(!branch(filter, quasi, 60, 51) && branch(filter, quasi, 60, 50), "and so is the rest of its group");
	ok(branch(filter, quasi, 60, 60), "the rest may be nobody");
	ok(!branch(filter, "", 60, 60), "but not where the condition is on a sensitive column");
	ok(!branch(filter, quasi, 60, 0), "the condition may not be nobody's");
	ok(branch(one, quasi, 60, 60) && !branch(one, quasi, 60, 0), "an ELSE 0 may be nobody's; what is worth something may not");
	ok(!branch("select sum(case when ok then 1 else 2 end) from t", quasi, 60, 60), "nor may an ELSE 2");
	ok(!branch("select Pclass, count(*) from t group by Pclass having sum(case when ok then qty end) > 3", quasi, 60, 1),
	   "an aggregate that is not printed is tested too");
	ask("select count(*), sum(qty) filter (where ok) from t", K10, "\"mitigate\":{\"suppress\":{}}");
	group(0);
	for (uint32_t e = 0; e < 60; e++) {
		people(e, e + 1, 1, 3);
		for (uint32_t c = 0; c < r.ncell; c++)
			if (q.p.cell[c].cond && (e < 55) == (q.p.cell[c].cond->op == BL_OP_NOT))
				outside(c);
	}
	apply();
	ok(!out.all_passed && shown(0, 0) && !shown(0, (uint32_t)q.p.agg[1].term[0].s), "where the rest is small the condition is withheld, the count is not");
}

/* --- unions and suppression --- */


static void groups_of(const char *sql, const char *release, const char *more, uint32_t pop, uint32_t n, ...)
{
	uint32_t at = 0;
	va_list ap;

	ask(sql, release, more);
	r.population = pop;
	for (uint32_t c = 0; c < r.ncell; c++)
		r.universe[c] = pop;
	va_start(ap, n);
	for (uint32_t g = 0; g < n; g++) {
		uint32_t size = va_arg(ap, uint32_t);
		group(g + 1);
		people(at, at + size, 1, 5);
		at += size;
	}
	va_end(ap);
	apply();
}

static void unions(void)
{
	groups_of("select Pclass, count(*) from t group by Pclass", K10, "", 891, 3, 216, 184, 491);
	ok(out.all_passed, "three classes pass");
	groups_of("select Pclass, count(*) from t group by Pclass", K10, "", 892, 3, 216, 184, 491);
	ok(!out.all_passed && fired("release.min_entities"), "their union is everybody but one: refused, though each group passes");
	groups_of("select Pclass, count(*) from t group by Pclass", K10, "", 901, 3, 216, 184, 491);
	ok(out.all_passed, "everybody but ten passes");
	groups_of("select Pclass, avg(qty) from t group by Pclass", K10, "", 892, 3, 216, 184, 491);
	ok(!out.all_passed, "so it is for sums");
	groups_of("select Pclass, count(*) from t group by Pclass", "{\"any\":[" K10 ",{\"principal\":\"" FPR "\"}]}", "", 892, 3, 216, 184, 491);
	ok(out.all_passed, "and not for whom it is released anyway");
	groups_of("select Pclass, count(*) from t group by Pclass", K10, SUPPRESS, 892, 3, 216, 184, 491);
	ok(!out.all_passed && shown(0, 0) && !shown(1, 0) && shown(2, 0), "with suppression the smallest group is withheld");
}

static void suppression(void)
{
	const char *embarked = "select Pclass, count(*) from t group by Pclass";

	groups_of(embarked, K10, SUPPRESS, 891, 4, 168, 77, 644, 2);
	ok(shown(0, 0) && shown(2, 0) && out.dropped[3] && out.dropped[1], "2 unknown are withheld, and the next smallest with them");
	ok(!out.all_passed && !out.nothing_left && out.acc[3].null && out.acc[1].null, "what is withheld is not in the answer");
	groups_of(embarked, K10, "\"mitigate\":{\"suppress\":{\"secondary\":false}}", 2000, 4, 168, 77, 644, 2);
	ok(shown(1, 0) && out.dropped[3], "without secondary suppression only what is small");
	groups_of(embarked, K10, SUPPRESS, 891, 8, 38, 41, 77, 73, 34, 20, 6, 1);
	ok(shown(0, 0) && shown(1, 0) && shown(2, 0) && shown(3, 0) && shown(4, 0) && out.dropped[5] && out.dropped[6] && out.dropped[7],
	   "survivors' ages in tens: 60 (6) and 80 (1) withheld, 50 (20) with them");
	groups_of(embarked, K10, "", 891, 6, 38, 41, 77, 73, 34, 27);
	ok(out.all_passed, "clipped at 50 all of 38 41 77 73 34 27 pass");
	groups_of(embarked, K10, SUPPRESS, 891, 2, 5, 6);
	ok(out.nothing_left, "nothing is left of small groups");
	groups_of(embarked, K10, SUPPRESS, 891, 2, 5, 20);
	ok(out.nothing_left, "nor of one small and one that must hide it");
	groups_of(embarked, K10, SUPPRESS, 891, 3, 20, 20, 3);
	ok(!shown(0, 0) && shown(1, 0) && !shown(2, 0), "of two equal ones the first in key order is withheld");
	ask(embarked, K10, "");
	apply();
	ok(out.nothing_left, "no row at all: nothing is left, with suppression or without");
	groups_of("select Pclass, stddev(qty), count(*) from t group by Pclass", "{\"all\":[" K10 ",{\"dof\":20}]}", SUPPRESS, 891, 2, 200, 12);
	ok(shown(1, 0) && !shown(1, (uint32_t)q.p.agg[0].term[0].ss) && !shown(1, (uint32_t)q.p.agg[0].term[0].s) && !out.dropped[1],
	   "a cell that fails takes the aggregate with it, not the count beside it");

	ask("select Pclass, sum(qty) from t group by Pclass", K10, SUPPRESS);
	group(1);
	people(0, 30, 2, 5);
	group(2);
	people(0, 20, 1, 5);
	group(3);
	people(0, 3, 1, 5);
	apply();
	ok(out.dropped[2] && out.dropped[1] && !out.dropped[0],
	   "with several rows each, a withheld group is hidden though released ones hold all its people");
}

static void domains(void)
{
	const char *sql = "select Pclass, count(*) from t group by Pclass";
	const char *list = SUPPRESS ",\"columns\":{\"Pclass\":{\"uses\":[\"group\"],\"domain\":[3,1,2,9,\"2\"]}}";
	const char *steps = SUPPRESS ",\"columns\":{\"Pclass\":{\"uses\":[\"group\"],\"domain\":{\"from\":1,\"to\":4,\"step\":1}}}";

	groups_of(sql, K10, list, 891, 3, 216, 3, 491);
	ok(out.dropped[1] && out.dropped[0] == out.acc[0].null, "a small group of a listed key is withheld");
	ok(out.nextra >= 2 && out.extra_key[out.nextra - 1].i == 9 && out.extra_key[out.nextra - 2].i == 2,
	   "its key is named, and so is one without rows, each once");
	groups_of(sql, K10, steps, 891, 3, 216, 184, 491);
	ok(out.nextra == 1 && out.extra_key[0].i == 4, "steps are a list");
	groups_of(sql, K10, steps, 891, 1, 5);
	ok(out.nothing_left && !out.nextra, "nothing but NULLs is nothing");
	groups_of("select bin(Pclass, 10), count(*) from t group by bin(Pclass, 10)", K10, steps, 891, 2, 200, 300);
	is_int(out.nextra, 0, "a bin is not a listed key");
}

/* --- the expression --- */

static void expressions(void)
{
	ok(!count_of(9, 100, 100, "{\"any\":[" K10 ",{\"principal\":\"" FPR2 "\"}]}"), "any: neither");
	ok(count_of(9, 100, 100, "{\"any\":[" K10 ",{\"principal\":\"" FPR "\"}]}"), "any: a static one");
	ok(!count_of(9, 100, 100, "{\"at_least\":{\"n\":2,\"of\":[" K10 ",{\"principal\":\"" FPR "\"},{\"role\":\"owner\"}]}}"), "at_least 2: one");
	ok(count_of(10, 100, 100, "{\"at_least\":{\"n\":2,\"of\":[" K10 ",{\"principal\":\"" FPR "\"},{\"role\":\"owner\"}]}}"), "at_least 2: two");
	ok(!count_of(50, 100, 100, "{\"all\":[" K10 ",false]}") && count_of(50, 100, 100, "{\"all\":[" K10 ",true]}"), "true and false");
	ok(!count_of(50, 100, 100, "{\"at_least\":{\"n\":2,\"of\":[" K10 ",{\"dof\":10}]}}"), "a rule that is moot does not count");
	ask("select count(*) from t", "true", "");
	v.open = true;
	r.by_entity = false;
	group(0);
	ok(passes() && shown(0, 0), "released statically: nothing is tested, entities are not needed");
	ask("select count(*) from t", K10, "");
	r.by_entity = false;
	group(0);
	ok(apply() && err.code == BL_BUG, "otherwise a result without entities is our mistake");
	ask("select count(*) from t", "false", "");
	v.statically_false = true;
	group(0);
	people(0, 500, 1, 0);
	ok(!passes(), "statically false: everything fails");
	ask("select Pclass, count(*) from t group by Pclass", K10, "\"otherwise\":\"log\"");
	group(1);
	people(0, 3, 1, 0);
	apply();
	ok(!out.all_passed && shown(0, 0) && out.acc[0].i == 3, "`log` withholds nothing and says that it failed");
}

/* --- rounding --- */

static int64_t rounded(const char *mitigate, uint32_t n)
{
	char more[100];

	snprintf(more, sizeof more, "\"mitigate\":{%s}", mitigate);
	ask("select count(*) from t", "{\"all\":[{\"min_entities\":{\"k\":1,\"complement\":false}},{\"zeros\":\"allow\"}]}", more);
	group(0);
	people(0, n, 1, 0);
	return apply() ? -1 : (int64_t)out.acc[0].i;
}

static void rounding(void)
{
	static const int mid[][2] = { { 0, 0 }, { 1, 3 }, { 6, 3 }, { 7, 9 }, { 12, 9 }, { 13, 15 }, { 18, 15 }, { 19, 21 }, { 24, 21 } };
	static const int five[][2] = { { 2, 0 }, { 3, 5 }, { 7, 5 }, { 8, 10 }, { 12, 10 }, { 13, 15 }, { 23, 25 }, { 18, 20 }, { 44, 45 } };

	for (size_t i = 0; i < sizeof mid / sizeof *mid; i++)
		is_int(rounded("\"midpoint\":6", (uint32_t)mid[i][0]), mid[i][1], "midpoint 6: %d is %d", mid[i][0], mid[i][1]);
	for (size_t i = 0; i < sizeof five / sizeof *five; i++)
		is_int(rounded("\"round\":5", (uint32_t)five[i][0]), five[i][1], "round 5: %d is %d", five[i][0], five[i][1]);
	is_int(rounded("\"round\":2", 3), 4, "halves go up");
	ask("select sum(qty), sum(id), count(*) from t", K10, "\"mitigate\":{\"round\":5},\"columns\":{\"qty\":{\"uses\":[\"aggregate\"],\"domain\":[0,1],\"class\":\"quasi\"}}");
	group(0);
	people(0, 33, 1, 1);
	apply();
	ok(out.acc[q.p.agg[0].term[0].s].i == 35 && out.acc[q.p.agg[2].term[0].n].i == 35, "counts, and sums of what is 0 or 1, are rounded");
	is_int(out.acc[q.p.agg[1].term[0].s].i, 35, "declared or not");
	is_int(r.acc[q.p.agg[2].term[0].n].i, 33, "the raw result is left alone");
	ask("select sum(qty), count(*) from t", K10, "\"mitigate\":{\"round\":5}");
	group(0);
	people(0, 33, 1, -4);
	people(33, 50, 1, 0);
	group(0);
	people(0, 33, 1, 2);
	people(33, 66, 1, 1);
	apply();
	is_int(out.acc[q.p.agg[0].term[0].s].i, -140, "a sum of zeros and one other number is that number times a rounded count");
	is_int(out.acc[r.ncell + (uint32_t)q.p.agg[0].term[0].s].i, 99, "sums of several numbers are not rounded");
}

/* --- differencing --- */

static int store_fd = -1;
static uint8_t named[64][BL_CELLS_HASH];
static size_t nnamed;

static void open_store(bool fresh)
{
	static const uint8_t key[32] = { 7 }, dataset[32] = { 9 };

	bl_cells_close(store);
	store = NULL;
	if (fresh) {
		if (store_fd >= 0)
			close(store_fd);
		store_fd = memfd_create("cells", MFD_CLOEXEC);
		nnamed = 0;
	}
	if (bl_cells_open(&store, store_fd, key, dataset, named, nnamed, &err))
		abort();
}

/* What the gate does: written when it passes, another process asks next. */
static bool released(void)
{
	bool good = passes(), written = false;

	if (rc || bl_cells_write(store, named[nnamed], &written, &err))
		abort();
	nnamed += written;
	open_store(false);
	return good;
}

#define DIFF "{\"all\":[" K10 ",{\"differencing\":{\"k\":10%s}}]}"
static bool set_is_released(const char *sql, const char *mode, uint32_t from, uint32_t to, uint32_t from2, uint32_t to2)
{
	char release[200];

	snprintf(release, sizeof release, DIFF, mode);
	ask(sql, release, "");
	group(0);
	people(from, to, 1, 7);
	people(from2, to2, 1, 7);
	return released();
}

static void differencing(void)
{
	const char *n = "select count(*) from t", *s = "select sum(qty) from t", *xor = ",\"mode\":\"xor\"";

	for (int i = 0; i < 2; i++) {
		const char *sql = i ? s : n, *what = i ? "sums" : "counts";
		open_store(true);
		ok(set_is_released(sql, "", 0, 100, 0, 0) && !set_is_released(sql, "", 0, 99, 0, 0), "%s: A of 100, then A minus 1: refused", what);
		ok(!set_is_released(sql, xor, 0, 99, 0, 0), "%s: by xor too", what);
		ok(fired("release.all[1].differencing"), "%s: the rule is named", what);
		ok(set_is_released(sql, "", 0, 90, 0, 0), "%s: A minus 10: passed", what);
		ok(set_is_released(sql, "", 0, 100, 0, 0), "%s: the same again: passed", what);
		open_store(true);
		ok(set_is_released(sql, "", 0, 100, 0, 0) && !set_is_released(sql, "", 0, 99, 100, 110), "%s: a 1, b 10: refused by either", what);
		ok(set_is_released(sql, xor, 0, 99, 100, 110), "%s: passed by xor", what);
	}
	open_store(true);
	ok(set_is_released(n, "", 0, 100, 0, 0), "a count");
	ask(s, "{\"all\":[" K10 ",{\"differencing\":{\"k\":10}}]}", "");
	group(0);
	people(0, 50, 1, 7);
	people(50, 95, 1, 8);
	ok(released(), "a sum that is none in other words is not held against it");
	open_store(true);
	ok(!set_is_released("select count(*) from t", "", 0, 9, 0, 0) && nnamed == 0, "what is refused is not stored");
	open_store(true);
	groups_of("select Pclass, count(*) from t group by Pclass", "{\"all\":[" K10 ",{\"differencing\":{\"k\":10}}]}", "", 2000, 3, 100, 100, 100);
	ok(released(), "a partition is released");
	ok(!set_is_released(n, "", 0, 299, 0, 0), "its union is stored: all of it but one is refused");
	ok(set_is_released(n, "", 0, 300, 0, 0) && set_is_released(n, "", 0, 200, 0, 0), "all of it, and all but one of its groups, pass");
}

static void in_one_request(void)
{
	const char *sql = "select count(id), count(qty) from t", *rule = "{\"all\":[" K10 ",{\"differencing\":{\"k\":10}}]}";

	open_store(true);
	for (int missing = 0; missing < 11; missing++) {
		ask(sql, rule, missing == 3 ? SUPPRESS : "");
		group(0);
		for (uint32_t e = 0; e < 100; e++) {
			people(e, e + 1, 1, 1);
			if (e >= 100u - (unsigned)missing)
				outside(1);
		}
		open_store(true);
		apply();
		if (missing == 0 || missing == 10)
			ok(out.all_passed, "two counts of one request that differ by %d pass", missing);
		else if (missing == 3)
			ok(shown(0, 0) && !shown(0, 1), "with suppression the later of two is withheld");
		else
			ok(!out.all_passed, "by %d they do not", missing);
	}
}

static bool zero_one(const char *release, const char *more, const char *sql, uint32_t zero, uint32_t from, uint32_t to)
{
	ask(sql, release, more);
	group(0);
	people(0, zero, 1, 0);
	people(from, to, 1, 1);
	return released();
}

static void counts_in_other_words(void)
{
	const char *rule = "{\"all\":[{\"min_entities\":{\"k\":10,\"complement\":false}},{\"differencing\":{\"k\":10}}]}";
	const char *said = "\"columns\":{\"qty\":{\"uses\":[\"aggregate\"],\"bounds\":[0,1],\"class\":\"quasi\"}}";
	const char *quasi = "\"columns\":{\"qty\":{\"uses\":[\"aggregate\"],\"class\":\"quasi\"}}";

	for (int i = 0; i < 2; i++) {
		const char *more = i ? said : quasi, *what = i ? "declared" : "not declared";
		open_store(true);
		ok(zero_one(rule, more, "select count(*) from t", 0, 100, 199), "a count of 99 who have 1 (%s)", what);
		ok(!zero_one(rule, more, "select sum(qty) from t", 100, 100, 200), "then the sum over 100 who have 1 and 100 who have 0: refused");
		open_store(true);
		ok(zero_one(rule, more, "select sum(qty) from t", 100, 100, 200), "the sum first");
		ok(!zero_one(rule, more, "select count(*) from t", 0, 100, 199), "then the count: refused");
		ok(zero_one(rule, more, "select count(*) from t", 0, 100, 200), "the count of the same people: passed");
		open_store(true);
		ok(zero_one(rule, more, "select avg(qty) from t", 5, 5, 105) && zero_one(rule, more, "select avg(qty) from t", 5, 5, 105),
		   "n and S of an average are not held against each other");
		ok(zero_one(rule, more, "select count(*) from t", 0, 0, 105), "nor is its n when it is asked for alone");
	}
}

/* `from` to `to` contribute `each`, whoever is in `from2` to `to2` contributes 0. */
static bool constant(const char *sql, uint32_t from, uint32_t to, int each, uint32_t from2, uint32_t to2)
{
	ask(sql, "{\"all\":[{\"min_entities\":{\"k\":10,\"complement\":false}},{\"differencing\":{\"k\":10}}]}", "");
	group(0);
	people(from, to, 1, each);
	people(from2, to2, 1, 0);
	return released();
}

static void counts_in_disguise(void)
{
	const char *n = "select count(*) from t", *s = "select sum(qty) from t";

	for (int each = -2; each < 3; each++) {
		if (!each)
			continue;
		open_store(true);
		ok(constant(n, 100, 200, 1, 0, 0), "a count of 100");
		ok(!constant(s, 101, 200, each, 0, 0), "then a sum of %d for all of them but one: refused", each);
		ok(constant(s, 100, 200, each, 0, 0), "for all of them: passed");
		open_store(true);
		ok(constant(s, 100, 200, each, 300, 400), "a sum in which 100 have %d and 100 have 0", each);
		ok(!constant(n, 101, 200, 1, 0, 0), "then a count of the 100 but one: refused");
		ok(!constant(n, 101, 200, 1, 500, 510), "padded with ten others: refused by either");
		ok(constant(n, 90, 200, 1, 0, 0), "of ten more: passed");
	}
}

static bool rows(const char *sql, uint32_t n, uint32_t odd, int more)
{
	ask(sql, "{\"all\":[{\"min_entities\":10},{\"differencing\":{\"k\":10}}]}", "");
	group(0);
	people(0, n - odd, 12, 7);
	people(n - odd, n, more, 7);
	return released();
}

static void rows_of_people(void)
{
	for (int i = 0; i < 2; i++) {
		const char *sql = i ? "select sum(qty) from t" : "select count(*) from t", *what = i ? "sum" : "count";
		open_store(true);
		ok(rows(sql, 30, 0, 0), "a %s over 30 people with 12 rows each", what);
		ok(!rows(sql, 30, 1, 11), "then over the same people without one row of one of them: refused");
		ok(rows(sql, 30, 12, 11), "without one row of twelve of them: passed");
		ok(rows(sql, 30, 0, 0), "the first again: passed");
	}
}

static void full(void)
{
	const char *rule = "{\"all\":[" K10 ",{\"differencing\":{\"k\":10,\"cells\":1}}]}";

	open_store(true);
	groups_of("select count(*) from t", rule, "", 2000, 1, 100);
	ok(released(), "room for one set");
	groups_of("select count(*) from t", rule, "", 2000, 1, 100);
	ok(released(), "the same set needs no room");
	groups_of("select count(*) from t", rule, "", 2000, 1, 200);
	ok(rc && err.code == BL_REFUSED && strstr(err.msg, "differencing"), "another one does: refused, nothing is forgotten");
}

int main(void)
{
	if (bl_mem_init(false, &err))
		return 1;
	bl_json_init();
	sizes();
	contributions();
	zeros();
	dominance_of_cells();
	dof();
	conditions();
	unions();
	suppression();
	domains();
	expressions();
	rounding();
	differencing();
	in_one_request();
	counts_in_other_words();
	counts_in_disguise();
	rows_of_people();
	full();
	bl_cells_close(store);
	bl_arena_fini(&q.a);
	bl_arena_fini(&a);
	bl_doc_fini(&p);
	return tap_done();
}
