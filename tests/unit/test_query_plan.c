/* SPDX-License-Identifier: Apache-2.0 */
/* Plans: the goldens of tests/gold/plans.txt, what makes two spellings one plan, and what must stay two. */
#include "../query.h"
#include "../tap.h"

static void check(const char *sql, const char *wanted)
{
	struct query q, again;
	char *text = NULL, *twice = NULL;
	const char *bad = NULL;

	if (!query(&q, sql)->rc) {
		text = query_text(&q.p);
		bad = query_bad(&q.p);
		query(&again, sql);
		twice = again.rc ? NULL : query_text(&again.p);
		bl_arena_fini(&again.a);
	}
	ok(text && twice && !bad && !strcmp(text, wanted) && !strcmp(text, twice), "%.90s", sql);
	if (!text)
		printf("# %s\n", q.err.msg);
	else if (bad)
		printf("# breaks the contract: %s\n", bad);
	else if (strcmp(text, wanted))
		for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
			printf("# %s\n", line);
	free(text);
	free(twice);
	bl_arena_fini(&q.a);
}

/* The file: "-- SQL", the lines of its plan, an empty line. */
static int goldens(const char *top)
{
	static char line[4096], sql[4096], plan[65536];
	char path[4096];
	FILE *f;

	snprintf(path, sizeof path, "%s/tests/gold/plans.txt", top);
	f = fopen(path, "r");
	if (!ok(f != NULL, "the goldens are there"))
		return -1;
	while (fgets(line, sizeof line, f)) {
		if (!strncmp(line, "-- ", 3)) {
			line[strcspn(line, "\n")] = 0;
			strcpy(sql, line + 3);
			plan[0] = 0;
		} else if (strcmp(line, "\n")) {
			strncat(plan, line, sizeof plan - strlen(plan) - 1);
		} else {
			check(sql, plan);
		}
	}
	fclose(f);
	return 0;
}

static void compare(const char *a, const char *b, bool same, const char *promise)
{
	struct query p, q;
	char *s = query(&p, a)->rc ? NULL : query_text(&p.p), *t = query(&q, b)->rc ? NULL : query_text(&q.p);

	ok(s && t && !strcmp(s, t) == same, "%s", promise);
	if (!s || !t)
		printf("# %s %s\n", p.err.msg, q.err.msg);
	free(s);
	free(t);
	bl_arena_fini(&p.a);
	bl_arena_fini(&q.a);
}

static void spellings(void)
{
	compare("select count(*) from t where id=1", "SELECT /* x */ Count ( * )\nFROM T -- y\nWHERE ID = 1 ;", true, "case, space and comments do not matter");
	compare("select x.id from t x where x.age > 1", "select y.\"id\" from t as y where y.AGE > 1", true, "aliases of the table and quotes do not");
	compare("select sum(fare * 1.50) from t", "select sum(fare * 1.5) from t", true, "nor zeros at the end of a number");
	compare("select id from t where fare = 3", "select id from t where fare = 3.000", true, "nor the scale of what is compared with");
	compare("select id from t where 5 < id", "select id from t where id > 5", true, "nor the side of a literal");
	compare("select id from t where id != 5", "select id from t where id <> 5", true, "nor <> or !=");
	compare("select id from t where id between 1 and 2", "select id from t where (id >= 1) and id <= 2", true, "nor BETWEEN");
	compare("select id from t where ok and (id = 1 and qty = 2)", "select id from t where ok and id = 1 and qty = 2", true, "nor parentheses in AND");
	compare("select case id when 1 then 2 end from t", "select case when id = 1 then 2 else null end from t", true, "nor the form of CASE");
	compare("select count(1) from t", "select count(*) from t", true, "nor what count counts when it is a constant");
	compare("select sex, count(*) from t group by 1", "select sex, count(*) from t group by \"Sex\"", true, "nor the way a key is named");
	compare("select sex, count(*) n from t group by sex order by n", "select sex, count(*) as n from t group by sex order by 2", true, "nor that of an order");
	compare("select stddev(age) as s from t", "select stddev_samp(age) as s from t", true, "nor synonyms of functions");
	compare("select extract(year from born) as y from t", "select year(born) as y from t", true, "nor of fields");
	compare("select sum(2 * (fare - 1)) as s from t", "select sum(fare * 2 - 2) as s from t", true, "nor the form of what is affine");
	compare("select id from t where id = date '2020-01-02' - date '2020-01-01'", "select id from t where id = 1", true, "nor arithmetic on literals");
	compare("select id::text as x from t", "select cast(id as text) as x from t", true, "nor the form of a cast");
	compare("select id from t where id = 1", "select id from t where id = 2", false, "literals do");
	compare("select id from t", "select id as x from t", false, "names of outputs do");
	compare("select id from t limit 1", "select id from t limit 2", false, "limits do");
	compare("select id from t limit 1", "select id from t limit 1 offset 1", false, "offsets do");
	compare("select qty from t", "select \"QTY\" from t", false, "columns that differ by case do");
	compare("select id from t order by id", "select id from t order by id desc nulls last", false, "orders do");
	compare("select sum(fare) from t", "select sum(fare) filter (where ok) from t", false, "filters do");
	compare("select 1 from t", "select 1.0 from t", false, "types of literals do");
	compare("select '1' from t", "select 1 from t", false, "text is not a number");
	compare("select null::int as x from t", "select null::text as x from t", false, "nor is one NULL like another");
	compare("select age > 1 from t", "select age > 1.5 from t", false, "doubles do");
	compare("select sum(fare::decimal(5,2)) from t", "select sum(fare::decimal(6,2)) from t", false, "casts with their own overflow do");
}

static void cells(void)
{
	struct query q;

	query(&q, "select count(id), sum(id), avg(id + 1), sum(2 * id - 3), stddev(-id), variance(id / 1.0) from t");
	ok(!q.rc && q.p.ncell == 3, "affine forms of a column share its cells");
	bl_arena_fini(&q.a);
	query(&q, "select sum(id), sum(id), sum(id) * 2, sum(id) from t order by sum(id)");
	ok(!q.rc && q.p.nagg == 1, "an aggregate asked twice is one");
	bl_arena_fini(&q.a);
	query(&q, "select sum(id) from t having count(*) > 5 order by avg(fare)");
	ok(!q.rc && q.p.nagg == 3 && q.p.ncell == 5 && q.p.nout == 1, "aggregates of HAVING and ORDER BY are cells too");
	bl_arena_fini(&q.a);
	query(&q, "select sum(case when ok then id end) from t");
	ok(!q.rc && q.p.agg[0].nterm == 1 && q.p.agg[0].ncheck == 1 && q.p.cell[q.p.agg[0].check[0]].check, "a branch that is NULL is still looked at");
	bl_arena_fini(&q.a);
	query(&q, "select count(*) filter (where ok), sum(case when ok then 0 else 1 end) from t");
	ok(!q.rc && !q.p.cell[q.p.agg[0].check[0]].check, "a check cell that is also printed is an ordinary one");
	bl_arena_fini(&q.a);
	query(&q, "select sex from t group by sex");
	ok(!q.rc && q.p.ncell == 1 && q.p.cell[0].check, "a group without aggregates has its rows checked");
	bl_arena_fini(&q.a);
	query(&q, "select min(age * 2) from t");
	ok(!q.rc && q.p.cell[q.p.agg[0].term[0].s].arg->op == BL_OP_MUL, "min keeps its argument whole");
	bl_arena_fini(&q.a);
	query(&q, "select sum(case when id = 1 then fare when id = 2 then price else 7 end) from t");
	ok(!q.rc && q.p.agg[0].nterm == 3 && !q.p.agg[0].ncheck, "branches may be of different columns");
	bl_arena_fini(&q.a);
	query(&q, "select count(*) from t where age > 3 group by Sex order by max(born)");
	ok(!q.rc && q.p.used[3] && q.p.used[2] && q.p.used[7] && !q.p.used[0] && !q.p.used[QUERY_SECRET], "used says which columns must be read");
	bl_arena_fini(&q.a);
}

/* At the end of 128 bits. */
static void large(void)
{
	struct query q;

	query(&q, "select sum(age / -1.0 * 1099511627776 * 1099511627776 * -140737488355328) from t");
	ok(!q.rc && q.p.agg[0].term[0].mul < 0 && q.p.cell[q.p.agg[0].term[0].s].arg->op == BL_OP_DIV, "a factor that cannot change its sign leaves it to the argument");
	bl_arena_fini(&q.a);
	query(&q, "select sum(age / -2.0 * 3) from t");
	ok(!q.rc && q.p.agg[0].term[0].mul == -15 && q.p.agg[0].term[0].mul_scale == 1, "other quotients are factors");
	bl_arena_fini(&q.a);
	query(&q, "select 170141183460469231731687303715884105729 from t");
	ok(!q.rc && q.p.out[0].expr->lit.f == 0x1p127, "a number of 39 digits is the double nearest to it");
	bl_arena_fini(&q.a);
}

static void print_expr(const char *sql, const char *wanted)
{
	struct query q;
	struct bl_buf b;

	bl_buf_init(&b, 4096);
	if (!query(&q, sql)->rc)
		bl_plan_print_expr(&q.p, q.p.out[0].expr, &b);
	bl_buf_put8(&b, 0);
	is_str((char *)b.p, wanted, "in words: %s", wanted);
	bl_buf_fini(&b);
	bl_arena_fini(&q.a);
}

static void words(void)
{
	print_expr("select floor(AGE / 10) * 10 from t", "floor(age / 10) * 10");
	print_expr("select sum(2 * fare + 1) filter (where Sex = 'm') / count(*) from t",
		   "cast(sum((2 * fare) + 1.0000) filter (where Sex = 'm') as double) / cast(count(*) as double)");
	print_expr("select count(distinct \"odd name\") from t", "count(distinct \"odd name\")");
	print_expr("select case when ok then 'it''s' end from t", "case when ok then 'it''s' else null end");
	print_expr("select id in (1, 2) and not born > '2020-01-01' from t", "(id in (1, 2)) and (not (born > date '2020-01-01'))");
}

int main(void)
{
	const char *top = getenv("BL_TOP");

	if (goldens(top ? top : "."))
		return 1;
	spellings();
	cells();
	large();
	words();
	return tap_done();
}
