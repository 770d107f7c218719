/* SPDX-License-Identifier: Apache-2.0 */
/* Several cells of one request together: none of them tells of fewer than k, all of them may. */
#include "../rules.h"
#include "../tap.h"
#include "crypt/mem.h"

/* Entities from..to-1 of the last group are in the aggregates of the mask, with so many rows in each. */
static void under(uint32_t from, uint32_t to, unsigned mask, int rows, bl_i128 value)
{
	for (uint32_t e = from; e < to; e++) {
		bl_i128 *part = entity(e);
		for (uint32_t i = 0; i < q.p.nagg; i++) {
			const struct bl_agg *g = &q.p.agg[i];
			int in = mask >> i & 1 ? rows : 0;
			int32_t s = g->term[0].s, n = s >= 0 ? (int32_t)q.p.cell[s].n : g->term[0].n;
			part[n] = in;
			if (s >= 0)
				part[s] = in * value;
			if (g->ncheck)
				part[g->check[0]] = rows - in;
		}
	}
}

static bool two(const char *of, const char *more, uint32_t without, bool whole, int rows)
{
	char sql[200];

	snprintf(sql, sizeof sql, "select %s filter (where id < 1), %s filter (where id > 1)%s%s from t", of, of, *more ? ", " : "", more);
	ask(sql, whole ? K10 : "{\"min_entities\":{\"k\":10,\"complement\":false}}", "");
	group(0);
	under(0, 100, 5, rows, 7);
	under(100, 200, 6, rows, 8);
	under(200, 200 + without, 4, rows, 9);
	return passes();
}

static void together(void)
{
	static const char *const of[] = { "count(*)", "sum(qty)", "avg(qty)" };

	for (int i = 0; i < 3; i++) {
		ok(two(of[i], "", 0, false, 1), "%s under two conditions that cover all passes", of[i]);
		ok(!two(of[i], "", 1, false, 1), "%s under two conditions that leave one: refused", of[i]);
		ok(fired("release.min_entities"), "and the rule is named");
		ok(two(of[i], "", 10, false, 1), "that leave ten: passed");
		ok(!two(of[i], of[i], 9, false, 1), "with the total of all, nine: refused");
		ok(two(of[i], of[i], 10, false, 1), "ten: passed");
		ok(!two(of[i], of[i], 1, false, 12), "whoever has twelve rows: refused");
	}
	ask("select sum(qty) filter (where id < 1), sum(qty) filter (where id > 1) from t", K10, "");
	r.population = 201;
	r.universe[0] = r.universe[1] = r.universe[2] = r.universe[3] = r.universe[4] = r.universe[5] = 201;
	group(0);
	under(0, 100, 1, 1, 7);
	under(100, 200, 2, 1, 8);
	ok(!passes(), "that leave one of the file: refused");
	for (uint32_t more = 4; more < 7; more++) {
		ask("select sum(qty) filter (where id < 1), sum(qty) filter (where id < 2), sum(qty) filter (where id < 3), sum(qty) from t", K10, "");
		group(0);
		under(0, 100, 9, 1, 1);
		under(100, 200, 10, 1, 2);
		under(200, 300, 12, 1, 3);
		under(300, 305, 14, 1, 4);
		under(305, 305 + more, 13, 1, 5);
		ok(passes() == (more > 4), "two overlaps of parts, together %u people: the parts less the total tell of them", 5 + more);
	}
	ask("select sum(qty) filter (where id < 1), sum(qty) filter (where id > 1), count(*) from t", K10, SUPPRESS);
	group(0);
	under(0, 100, 5, 1, 7);
	under(100, 200, 6, 1, 8);
	under(200, 201, 4, 1, 9);
	apply();
	ok(!shown(0, (uint32_t)q.p.agg[0].term[0].s) && !shown(0, (uint32_t)q.p.agg[1].term[0].s) && shown(0, (uint32_t)q.p.agg[2].term[0].n), "with suppression the parts are withheld, the count of all is not");
}

/* Of a sum over 200, what a condition leaves: `few` people with 1 each, and one with `large`. */
static bool rest(const char *rule, uint32_t few, bl_i128 large, bool total)
{
	ask(total ? "select sum(qty), sum(qty) filter (where id < 1) from t" : "select count(*), sum(qty) filter (where id < 1) from t", rule, "");
	group(0);
	under(0, 100, 3, 1, 100);
	under(100, 100 + few, 1, 1, 1);
	under(100 + few, 101 + few, 1, 1, large);
	return passes();
}

static void rest_of_a_sum(void)
{
	const char *p10 = "{\"all\":[" K10 ",{\"dominance\":{\"p_percent\":10}}]}", *nk = "{\"all\":[" K10 ",{\"dominance\":{\"nk\":[1,90]}}]}";

	ok(rest(K10, 20, 1000, true), "what a sum under a condition leaves of the whole is not looked at without dominance");
	ok(!rest(p10, 20, 1000, true) && fired("release.all[1].dominance"), "with p %% it is: 19 < 100 fails");
	ok(rest(p10, 20, 190, true), "19 >= 19 passes");
	ok(rest(p10, 20, 1000, false), "where the whole is not printed it is not looked at");
	ok(!rest(nk, 20, 1000, true) && rest(nk, 20, 100, true), "nk: 1000 of 1020 fails, 100 of 120 passes");
}

static void distinct(void)
{
	for (uint32_t more = 0; more < 12; more++) {
		ask("select count(distinct id) filter (where id < 1), count(distinct id) filter (where id > 1) from t", K10, "");
		group(0);
		for (uint32_t e = 0; e < 200 + more; e++) {
			bl_i128 *part = entity(e);
			for (uint32_t i = 0; i < 2; i++) {
				part[q.p.cell[q.p.agg[i].term[0].s].n] = e < 200 && e / 100 == i;
				part[q.p.agg[i].check[0]] = !(e < 200 && e / 100 == i);
			}
		}
		ok(passes() == (!more || more >= 10), "numbers of different values under two conditions that leave %u", more);
	}
}

int main(void)
{
	if (bl_mem_init(false, &err))
		return 1;
	bl_json_init();
	together();
	rest_of_a_sum();
	distinct();
	bl_arena_fini(&q.a);
	bl_arena_fini(&a);
	bl_doc_fini(&p);
	return tap_done();
}
