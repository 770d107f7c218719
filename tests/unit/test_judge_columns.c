/* SPDX-License-Identifier: Apache-2.0 */
/* The judge on columns: uses by lineage, functions, expressions, grids, bins, classes, and the attacks that need no data. */
#include "../judge.h"

/* --- section 3: uses follow values --- */

static const struct question uses[] = {
	AT("a row is printed only of columns with project", "select open from t where open > 1", "min_entities", NULL, "release.all[0].min_entities"),
	AT("a column without project is not printed", "select cls from t", "uses", "cls from", "columns.cls.uses"),
	NO("nor under another name", "select open, cls as open2 from t", "uses", "cls as"),
	NO("nor beside one that may be", "select open + cls from t", "uses", "cls from"),
	NO("nor coalesced", "select coalesce(age, -1) from t", "uses", "age,"),
	NO("nor cast", "select cast(sex as text) from t", "uses", "sex as"),
	NO("nor as one bit of a row", "select case when age > 30 then 1 else 0 end from t", "uses", "age >"),
	NO("nor as a bare comparison", "select open = cls from t", "uses", "cls from"),
	NO("nor to sort rows by", "select open from t order by cls limit 1", "uses", "cls limit"),
	NO("nor to sort rows by, as an expression", "select open from t order by cls * 2 desc", "uses", "cls * 2"),
	NO("nor by DISTINCT", "select distinct sex from t", "uses", "sex from"),
	NO("nor by a star", "select * from t", "uses", "*"),
	RUNS("DISTINCT of what may be printed is a group", "select distinct open from t"),
	AT("a column without filter is not in WHERE", "select count(*) from t where fare > 3", "uses", "fare >", "columns.fare.uses"),
	NO("nor as a truth by itself", "select count(*) from t where seen is null", "uses", "seen is"),
	NO("nor where it cannot matter", "select count(*) from t where fare = fare or true", "uses", "fare = fare"),
	NO("nor multiplied away", "select count(*) from t where 0 * fare = 0", "uses", "fare = 0"),
	NO("nor in a branch that is never taken", "select count(*) from t where case when false then fare > 1 else true end", "uses", "fare > 1"),
	NO("nor in FILTER", "select count(*) filter (where fare > 1) from t", "uses", "fare > 1"),
	NO("nor in a CASE inside a sum", "select sum(case when fare > 1 then cls end) from t", "uses", "fare > 1"),
	NO("nor in a later branch of it", "select sum(case when cls = 1 then 1 when seen is null then 2 else 3 end) from t", "uses", "seen is"),
	NO("nor in HAVING's aggregates", "select sex, count(*) from t group by sex having sum(case when fare > 2 then 1 else 0 end) > 3", "uses", "fare > 2"),
	NO("nor in ORDER BY's", "select sex, count(*) from t group by sex order by sum(case when fare > 2 then 1 else 0 end)", "uses", "fare > 2"),
	NO("nor in a condition that is a key", "select seen = timestamp '2020-01-01', count(*) from t group by 1", "uses", "seen ="),
	NO("nor hidden in NULLIF", "select nullif(seen, timestamp '2020-01-01'), count(*) from t group by 1", "uses", "seen,"),
	RUNS("filter is enough for WHERE", "select count(*) from t where sex = 'f' and born > date '2000-01-01' and ok"),
	RUNS("and for conditions inside aggregates", "select sum(case when born is null then cls else 0 end), count(*) filter (where not ok) from t"),
	RUNS("and for a truth value summed", "select sum(cast(ok as bigint)) from t"),
	AT("a column without group is not a key", "select born, count(*) from t group by born", "uses", "born", "columns.born.uses"),
	NO("nor a function of it", "select year(born), count(*) from t group by year(born)", "uses", "born)"),
	NO("nor part of a key", "select count(*) from t group by sex || born", "uses", "born"),
	NO("nor when it is not printed", "select count(*) from t group by born", "uses", "born"),
	NO("nor in a CASE that is a key", "select case when born is null then 1 else 2 end, count(*) from t group by 1", "uses", "born is"),
	NO("nor what chooses a branch of a key", "select case when ok then cls else 0 end, count(*) from t group by 1", "uses", "ok then"),
	NO("a key with a condition needs filter too", "select case when seen is null then 1 end, count(*) from t group by 1", "uses", "seen is"),
	RUNS("group is enough for a key", "select seen, count(*) from t group by seen"),
	RUNS("and for functions of it", "select date_trunc('month', seen), count(*) from t group by 1"),
	NO("a condition on a key after grouping needs filter", "select seen, count(*) from t group by seen having seen > timestamp '2020-01-01'", "uses", "seen > t"),
	NO("also in the answer", "select seen is null, count(*) from t group by seen", "uses", "seen is"),
	NO("also in an order", "select count(*) from t group by seen order by case when seen is null then 1 else 2 end", "uses", "seen is"),
	RUNS("a group key may be sorted by", "select count(*) from t group by seen order by seen desc limit 3 offset 1"),
	RUNS("conditions on aggregates need nothing", "select sex, count(*) > 5 from t group by sex having sum(cls) > 1 order by avg(cls)"),
	AT("a column without aggregate is not aggregated", "select count(sex) from t", "uses", "sex)", "columns.sex.uses"),
	NO("nor in HAVING", "select count(*) from t having count(sex) > 1", "uses", "sex) >"),
	NO("nor in ORDER BY", "select sex, count(*) from t group by sex order by count(zip)", "uses", "zip)"),
	NO("nor in one branch", "select sum(case when ok then cls else cast(born - date '2000-01-01' as bigint) end) from t", "uses", "born -"),
	NO("nor multiplied by nothing", "select sum(0 * cast(zip as bigint)) from t", "uses", "zip as"),
	RUNS("count(*) needs nothing", "select count(*), count(1), sum(2) from t"),
	RUNS("aggregate is enough", "select count(cls), sum(cls), avg(cls) from t"),
	NO("a hidden column is not there", "select count(name) from t", "uses", "name)"),
	NO("nor one that the policy does not name", "select count(note) from t", "uses", "note)"),
	NO("nor behind an alias", "select x.name as n, count(*) from t x group by n", "uses", "x.name"),
	NO("nor by concatenation", "select name || '' as x, count(*) from t group by name || ''", "uses", "name ||"),
	NO("nor counted by kind", "select count(distinct name) from t", "uses", "name)"),
	NO("nor to sort by", "select sex, count(*) from t group by sex order by max(name)", "uses", "name)"),
	NO("of two failures the leftmost is told", "select fare, cls from t where seen is null", "uses", "fare,"),
	NO("windows are not in the language", "select sum(cls) over (partition by id) from t", "sql", NULL),
	NO("nor are subqueries", "select count(n) from (select name as n from t) x", "sql", NULL),
	NO("nor lists from elsewhere", "select count(*) from t where cls in (select 1 from t)", "sql", NULL),
};

/* Every scalar of the dialect, made of one column. */
static const char *const texts[] = {
	"@", "lower(@)", "upper(@)", "trim(@)", "@ || 'x'", "concat('a', @)", "coalesce(@, 'x')", "replace(@, 'a', 'b')", "left(@, 2)", "right(@, 2)",
	"substr(@, 1, 2)", "length(@)", "position('a' in @)", "nullif(@, 'a')", "nullif('a', @)", "greatest(@, 'a')", "least('b', @)", "@ = 'a'", "@ <> 'a'",
	"@ < 'a'", "@ <= 'a'", "'a' > @", "@ >= 'a'", "@ in ('a', 'b')", "@ not in ('a')", "@ between 'a' and 'b'", "@ like 'a%'", "@ ilike 'a'",
	"starts_with(@, 'a')", "@ is null", "@ is not null", "(@ = 'a') is true", "(@ = 'a') is not false", "not @ = 'a'", "@ = 'a' and true",
	"@ = 'a' or false", "case when @ = 'a' then 1 else 2 end", "case when true then @ end", "case @ when 'a' then 1 end", "cast(@ as bigint)",
	"cast(@ as date)", "case when false then 1 when @ is null then 2 else 3 end", "replace('x', @, 'y')",
};
static const char *const numbers[] = {
	"-@", "@ + 1", "1 - @", "@ * 2", "@ / 2", "2 / @", "abs(@)", "ceil(@)", "floor(@)", "round(@)", "round(@, 1)", "trunc(@)", "sign(@)",
	"sqrt(@)", "exp(@)", "ln(@)", "log(@)", "power(@, 2)", "power(2, @)", "clip(@, 1, 2)", "clip(1, @, 2)", "width_bucket(@, 0, 10, 5)", "bin(@, 10)",
	"greatest(@, 1)", "least(1, @)", "nullif(@, 1)", "coalesce(null, @)", "cast(@ as text)", "cast(@ as decimal(5, 1))", "@ > 1", "@ in (1, 2)",
	"case when @ > 1 then 1 else 0 end", "floor(@ / 10) * 10", "bin(clip(@, 0, 50), 10)", "@ = @", "mod(cast(@ as bigint), 7)",
};
static const char *const times[] = {
	"year(@)", "month(@)", "day(@)", "extract(quarter from @)", "date_trunc('month', @)", "@ + interval '1 month'", "@ - interval '1 day'", "cast(@ as timestamp)",
	"cast(@ as text)", "extract(dow from @)", "@ > date '2000-01-01'",
};

/* form with every @ replaced by s. */
static void put(char *out, size_t size, const char *form, const char *s)
{
	size_t n = 0;

	for (; *form; form++)
		n += (size_t)snprintf(out + n, size - n, "%.*s", *form == '@' ? (int)strlen(s) : 1, *form == '@' ? s : form);
}

/* With "*" granted one use after the other: where the column stands, that use and no other lets it pass. */
static void everywhere(const char *column, const char *const *form, size_t n)
{
	static const struct { const char *sql; unsigned use; } at[] = {
		{ "select count(*) from t where (@) is null", BL_USE_FILTER }, { "select count(*) from t group by @", BL_USE_GROUP },
		{ "select @ from t", BL_USE_PROJECT }, { "select distinct @ from t", BL_USE_PROJECT },
		{ "select open from t order by @", BL_USE_PROJECT }, { "select count(*) filter (where (@) is null) from t", BL_USE_FILTER },
		{ "select sum(case when (@) is null then 1 end) from t having count(*) > 1", BL_USE_FILTER },
	};
	struct bl_asker who = judge_asker();

	for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
		size_t wrong = 0, planned = 0;
		for (size_t k = 0; k < n; k++) {
			for (unsigned grant = 0; grant < 16; grant++) {
				char value[256], sql[512], policy[512];
				struct bl_err err = { 0 };
				struct bl_policy p;
				struct judge j;
				bool fits, tested;
				snprintf(policy, sizeof policy, "{'version': 1, 'entity': 'row', 'columns': {'open': {'uses': ['project'], 'class': 'public'}, "
					 "'*': {'uses': ['train'%s%s%s%s], 'class': 'public', 'like': true}}, 'principals': [{'role': 'analyst', 'any': true}], "
					 "'release': true, 'tee': {'class': 'software'}}", grant & 1 ? ", 'project'" : "", grant & 2 ? ", 'filter'" : "",
					 grant & 4 ? ", 'group'" : "", grant & 8 ? ", 'aggregate'" : "");
				if (judge_parse(&p, policy, &err))
					abort();
				put(value, sizeof value, form[k], column);
				put(sql, sizeof sql, at[i].sql, value);
				judge_n(&j, &p, &who, sql, strlen(sql));
				planned += j.planned;
				fits = (p.star->uses & at[i].use) && j.planned;
				tested = strchr(form[k], '=') || strchr(form[k], '<') || strchr(form[k], '>') || strstr(form[k], " in (") || strstr(form[k], "like") ||
					 strstr(form[k], " is ") || strstr(form[k], "between") || strstr(form[k], "nullif") || strstr(form[k], "starts") ||
					 strstr(form[k], "case @") || strstr(form[k], "not in");
				if (tested && !(p.star->uses & BL_USE_FILTER))
					fits = false;
				if (j.planned && strcmp(said(&j.v), fits ? "open" : "uses")) {
					printf("# %s under %u: %s %s\n", sql, grant, said(&j.v), j.v.err.msg);
					wrong++;
				}
				bl_arena_fini(&j.a);
				bl_doc_fini(&p);
			}
		}
		ok(!wrong && planned == 16 * n, "every function of '%s' needs its use: %s", column, at[i].sql);
		if (planned != 16 * n)
			printf("# planned %zu of %zu\n", planned, 16 * n);
	}
}

/* --- section 2 and 4: functions, classes, expressions --- */

static const struct question functions[] = {
	AT("a function that the column does not have is refused", "select avg(fare) from t", "functions", "avg(fare)", "columns.fare.functions"),
	NO("in HAVING", "select sum(fare) from t having count(fare) > 3", "functions", "count(fare)"),
	NO("in ORDER BY", "select sex, count(*) from t group by sex order by avg(fare)", "functions", "avg(fare)"),
	NO("in a filtered aggregate", "select count(fare) filter (where ok) from t", "functions", "count(fare)"),
	NO("in one branch", "select avg(case when ok then cls else fare end) from t", "functions", "avg(case"),
	RUNS("one that it has is not", "select sum(fare) from t"),
	RUNS("affine forms are the same function", "select sum(2 * fare) from t"),
	AT("a constant added counts, and so needs count", "select sum(fare + 1) from t", "functions", "sum(fare", "columns.fare.functions"),
	NO("even alone", "select sum(0 * fare + 1) from t", "functions", "sum(0"),
	RUNS("where count is there it is fine", "select sum(cls + 1) from t"),
	NO("variance is not average", "select variance(cls) from t", "functions", "variance"),
	NO("nor is stddev", "select stddev(cls) from t", "functions", "stddev"),
	NO("count(distinct) is a function of its own", "select count(distinct cls) from t", "functions", "count(distinct"),
	RUNS("and allowed where it is listed", "select count(distinct id) from t"),
	AT("minimum is one person's value", "select min(age) from t", "functions", "min(age)", "columns.age.functions"),
	NO("maximum too", "select sex, max(age) from t group by sex", "functions", "max(age)"),
	NO("median too", "select median(age) from t", "functions", "median(age)"),
	NO("whether it is printed or not", "select sex, count(*) from t group by sex order by min(age)", "functions", "min(age)"),
	NO("or compared", "select sex, count(*) from t group by sex having max(age) > 50", "functions", "max(age)"),
	RUNS("an identifier is counted", "select count(id) from t"),
	NO("and nothing else", "select sum(id) from t", "functions", "sum(id)"),
	NO("nor filtered by", "select count(*) from t where id = 1", "uses", "id = 1"),
	NO("nor grouped by", "select id, sum(cls) from t group by id", "uses", "id"),
};
static const struct question expressions[] = {
	AT("a product of columns is not affine", "select sum(age * cls) from t", "expressions", "age * cls", "expressions"),
	NO("nor is a square", "select sum(cls * cls) from t", "expressions", "cls * cls"),
	NO("nor a sum of columns", "select sum(age + cls) from t", "expressions", "age + cls"),
	NO("nor a function", "select sum(abs(age)) from t", "expressions", "abs(age)"),
	NO("nor a step", "select sum(floor(age)) from t", "expressions", "floor(age)"),
	NO("nor a clip", "select avg(clip(age, 0, 50)) from t", "expressions", "clip(age"),
	NO("nor a rounding cast", "select sum(cast(age as bigint)) from t", "expressions", "age as"),
	NO("nor a power", "select sum(power(age, 9)) from t", "expressions", "power(age"),
	NO("nor least and greatest", "select sum(least(age, 5)) from t", "expressions", "least(age"),
	NO("nor coalesce", "select sum(coalesce(age, 5)) from t", "expressions", "coalesce(age"),
	NO("nor nullif", "select count(nullif(cls, 5)) from t", "expressions", "nullif(cls"),
	NO("nor a comparison counted", "select count(cls > 5) from t", "expressions", "cls > 5"),
	NO("nor inside a branch", "select sum(case when ok then abs(age) else 0 end) from t", "expressions", "abs(age)"),
	NO("nor in HAVING", "select count(*) from t having sum(abs(age)) > 5", "expressions", "abs(age)"),
	NO("nor in ORDER BY", "select sex from t group by sex order by sum(abs(age))", "expressions", "abs(age)"),
	RUNS("a * column + b is", "select sum(3 - 2 * age), avg((age + 1) / 2), stddev(-age) from t"),
	RUNS("branches of such are", "select sum(case when ok then 2 * age when born is null then cls else 7 end) from t"),
	RUNS("arithmetic between aggregates is after the gate", "select sum(age) / count(*) * 100, round(avg(age), 1) from t"),
};
static const struct question fine[] = {
	RUNS("a literal on the grid", "select count(*) from t where age >= 15 and age < 30.0"),
	AT("one off it is refused", "select count(*) from t where age > 13", "grid", "13", "columns.age.grid"),
	NO("by a hair", "select count(*) from t where age > 15.0000000001", "grid", "15.0000000001"),
	NO("wherever it stands", "select count(*) from t where 13 < age", "grid", "13"),
	NO("in BETWEEN", "select count(*) from t where age between 10 and 22", "grid", "22"),
	NO("in a list", "select count(*) from t where age in (10, 20, 31)", "grid", "31"),
	NO("in FILTER", "select count(*) filter (where age = 1) from t", "grid", "1)"),
	NO("in a CASE inside a sum", "select sum(case when age > 11 then 1 end) from t", "grid", "11"),
	NO("in HAVING's aggregates", "select count(*) from t having count(*) filter (where age < 62) > 1", "grid", "62"),
	NO("in ORDER BY's", "select sex from t group by sex order by count(*) filter (where age < 62)", "grid", "62"),
	RUNS("lists on the grid pass", "select count(*) from t where age in (10, 20, 35) or age is null or age not in (5)"),
	NO("the column is not compared shifted", "select count(*) from t where age + 2 > 15", "grid", "age + 2"),
	NO("nor scaled", "select count(*) from t where age * 10 > 135", "grid", "age * 10"),
	NO("nor negated", "select count(*) from t where -age < -15", "grid", "age <"),
	NO("nor rounded", "select count(*) from t where floor(age) = 15", "grid", "age) ="),
	NO("nor cast to whole numbers", "select count(*) from t where cast(age as bigint) = 15", "grid", "age as"),
	NO("nor cast to fewer digits", "select count(*) from t where cast(open as decimal(3, 1)) = 2.5", "grid", "open as"),
	NO("nor as text", "select count(*) from t where cast(age as text) = '15'", "grid", "age as"),
	NO("nor with another column", "select count(*) from t where age > cls", "grid", "age >"),
	NO("nor with itself", "select count(*) from t where age = age", "grid", "age = "),
	NO("nor through coalesce", "select count(*) from t where coalesce(age, 0) > 15", "grid", "age, 0"),
	NO("nor through CASE", "select count(*) from t where case when ok then age else 5 end > 15", "grid", "age else"),
	NO("nor through a bin", "select count(*) from t where bin(age, 10) = 10", "grid", "age, 10"),
	NO("nor through nullif", "select count(*) from t where nullif(age, 13) is null", "grid", "13"),
	RUNS("a decimal grid", "select count(*) from t where open > 2.5 and open <> 7"),
	AT("refuses what is finer", "select count(*) from t where open > 2.25", "grid", "2.25", "columns.open.grid"),
	RUNS("NULL is on every grid", "select count(*) from t where age = null"),
	AT("a raw key is refused where there is a bin", "select age, count(*) from t group by age", "bin", "age", "columns.age.bin"),
	NO("and a function of it", "select floor(age / 10) * 10, count(*) from t group by 1", "bin", "age / 10"),
	RUNS("a bin is not", "select bin(age, 10), count(*) from t group by bin(age, 10)"),
	RUNS("nor a wider one", "select bin(age, 20), count(*) from t group by 1"),
	NO("a narrower one is", "select bin(age, 5), count(*) from t group by 1", "bin", "5)"),
	NO("and a crooked one", "select bin(age, 15), count(*) from t group by 1", "bin", "15)"),
	RUNS("a clipped column may be binned", "select bin(clip(age, 0, 50), 10), count(*) from t group by 1"),
	RUNS("by CASE", "select bin(case when age > 50 then 50 else age end, 10) as b, count(*) from t group by 1"),
	RUNS("by the other CASE", "select bin(case when age <= 50 then age else 50 end, 10) as b, count(*) from t group by 1"),
	RUNS("by least and greatest", "select bin(greatest(least(age, 50), 10), 10), count(*) from t group by 1"),
	NO("a clip off the grid is refused", "select bin(clip(age, 0, 47), 10), count(*) from t group by 1", "grid", "47"),
	NO("a CASE that is no clip is refused", "select bin(case when age = 50 then 1000 else age end, 10) as b, count(*) from t group by 1", "bin", "age"),
	NO("even where it looks like one", "select bin(case when age > 50 then 1000 else age end, 10) as b, count(*) from t group by 1", "bin", "age"),
	NO("or clips one column by another", "select bin(case when raw > 50 then 50 else age end, 10) as b, count(*) from t group by 1", "bin", "age"),
	NO("a shifted bin is refused", "select bin(age + 5, 10), count(*) from t group by 1", "bin", "age + 5"),
	RUNS("functions of a bin are coarser still", "select bin(age, 10) / 20, cast(bin(age, 10) as text) || sex, count(*) from t group by 1, 2"),
	NO("a condition as a key is no bin", "select age >= 50, count(*) from t group by 1", "bin", "age >="),
	NO("nor in CASE beside one", "select case when age = 50 then 99 else bin(age, 10) end, count(*) from t group by 1", "bin", "age ="),
	NO("buckets are no bin", "select width_bucket(age, 0, 100, 10), count(*) from t group by 1", "bin", "age, 0"),
	RUNS("after grouping a bin is a released value", "select bin(age, 10), count(*) from t group by 1 having bin(age, 10) > 13"),
	RUNS("a grid without a bin lets the column be a key", "select open, count(*) from t group by open"),
	RUNS("and its bins on the grid", "select bin(open, 2.5), count(*) from t group by 1"),
	NO("not those off it", "select bin(open, 0.75), count(*) from t group by 1", "grid", "0.75"),
	RUNS("and buckets on the grid", "select width_bucket(open, 0, 10, 20), count(*) from t group by 1"),
	NO("not those off it", "select width_bucket(open, 0, 10, 40), count(*) from t group by 1", "grid", "width_bucket"),
	NO("nor those that begin off it", "select width_bucket(open, 0.25, 10.25, 20), count(*) from t group by 1", "grid", "width_bucket"),
	NO("nor floors of it", "select floor(open / 3), count(*) from t group by 1", "grid", "open /"),
	NO("nor casts that lose some", "select cast(open as decimal(3, 1)), count(*) from t group by 1", "grid", "open as"),
	RUNS("texts of it pass", "select cast(open as text), count(*) from t group by 1"),
	RUNS("clips on the grid", "select clip(open, 1, 10), count(*) from t group by 1"),
	NO("not those off it", "select clip(open, 1, 9.75), count(*) from t group by 1", "grid", "9.75"),
	RUNS("conditions on the grid", "select case when open > 2.5 then 1 else open end, count(*) from t group by 1"),
	NO("not those off it", "select case when open > 2.75 then 1 else open end, count(*) from t group by 1", "grid", "2.75"),
	RUNS("a column without either may be cut anywhere", "select floor(raw / 7.3), count(*) from t where abs(raw) > 0.123 group by 1"),
	AT("LIKE needs like", "select count(*) from t where zip like '75%'", "like", "zip like", "columns.zip.like"),
	NO("ILIKE too", "select count(*) from t where zip ilike '75%'", "like", "zip"),
	NO("starts_with too", "select count(*) from t where starts_with(zip, '75')", "like", "zip,"),
	NO("a test on part of a text too", "select count(*) from t where substr(zip, 1, 2) = '75'", "like", "zip,"),
	NO("by left", "select count(*) from t where left(zip, 1) in ('7', '8')", "like", "zip,"),
	NO("by right", "select count(*) from t where right(zip, 1) is null", "like", "zip,"),
	NO("by position", "select count(*) from t where position('5' in zip) > 1", "like", "zip)"),
	NO("by replace", "select count(*) from t where replace(zip, '7', '') <> zip", "like", "zip, "),
	NO("by length", "select count(*) from t where length(zip) = 5", "like", "zip)"),
	NO("by its order", "select count(*) from t where zip >= '75' and zip < '76'", "like", "zip >="),
	NO("by BETWEEN", "select count(*) from t where zip between '75' and '76'", "like", "zip between"),
	NO("by greatest", "select count(*) from t where greatest(zip, '75') = zip", "like", "zip, "),
	NO("by the number in it", "select count(*) from t where cast(zip as bigint) / 1000 = 75", "like", "zip as"),
	NO("in FILTER", "select count(*) filter (where zip like '7%') from t", "like", "zip like"),
	NO("in a CASE inside a sum", "select sum(case when left(zip, 1) = '7' then 1 end) from t", "like", "zip, 1"),
	NO("in a condition that is a key", "select zip like '7%', count(*) from t group by 1", "like", "zip like"),
	RUNS("equality does not", "select count(*) from t where zip = '75001' or lower(zip) in ('a', 'b') or zip is null"),
	RUNS("a prefix may be a key of a group", "select left(zip, 2), count(*) from t group by 1"),
	RUNS("where like is granted", "select count(*) from t where city like 'P%' or left(city, 1) = 'B' or city < 'C'"),
};

static void classes(void)
{
	static const char policy[] = "{'version': 1, 'entity': 'row', 'columns': {'id': {'uses': ['project', 'filter', 'group', 'aggregate'], 'class': 'identifier', 'functions': ['count', 'count_distinct', 'sum']}, "
		"'sex': {'uses': ['project', 'filter'], 'class': 'quasi'}, 'cls': {'uses': ['project'], 'class': 'sensitive'}, 'age': {'uses': ['project']}, "
		"'open': {'uses': ['project', 'aggregate'], 'class': 'public'}}, 'principals': [{'role': 'analyst', 'any': true}], 'release': true, "
		"'tee': {'class': 'software'}}";
	static const struct question q[] = {
		NO("an identifier is not printed, though the policy says so", "select id from t", "uses", "id from"),
		NO("nor filtered by", "select count(*) from t where id = 1", "uses", "id ="),
		NO("nor a key", "select count(*) from t group by id", "uses", "id"),
		NO("nor summed", "select sum(id) from t", "functions", "sum(id)"),
		OPENS("it is counted", "select count(id), count(distinct id) from t"),
		NO("a quasi-identifier is not printed", "select sex from t", "uses", "sex from"),
		OPENS("it is filtered by", "select count(*) from t where sex = 'f'"),
		NO("a sensitive column whose only use is above its class is hidden", "select cls from t", "uses", "cls from"),
		OPENS("without a class there is no ceiling", "select age from t"),
		OPENS("a public one is printed", "select open from t"),
		OPENS("of values that may be printed as they are any function is answered", "select max(open), median(open) from t"),
		OPENS("and the additive ones", "select sum(open), stddev(open), count(distinct open) from t"),
	};

	ASK(policy, q);
}

static void truths(void)
{
	static const char policy[] = "{'version': 1, 'entity': 'row', 'columns': {'ok': {'uses': ['group', 'aggregate', 'project']}, 'cls': {'uses': ['group', 'aggregate', 'project']}}, "
		"'principals': [{'role': 'analyst', 'any': true}], 'release': true, 'tee': {'class': 'software'}}";
	static const struct question q[] = {
		OPENS("a truth value is a key like any other", "select ok, count(*), count(ok) from t group by ok"),
		OPENS("and printed", "select ok from t"),
		NO("it is tested where it chooses a branch of a key", "select case when ok then 1 end, count(*) from t group by 1", "uses", "ok then"),
		NO("of a row", "select case when ok then cls end from t", "uses", "ok then"),
		NO("of a sum", "select sum(case when ok then cls end) from t", "uses", "ok then"),
		NO("in WHERE", "select count(*) from t where ok", "uses", "ok"),
		NO("in FILTER", "select count(*) filter (where ok) from t", "uses", "ok)"),
		NO("when it is summed", "select sum(cast(ok as bigint)) from t", "uses", "ok as"),
		NO("as HAVING", "select count(*) from t group by ok having ok", "uses", "ok"),
		NO("in an answer", "select case when ok then 1 else 0 end, count(*) from t group by ok", "uses", "ok then"),
		NO("negated", "select not ok, count(*) from t group by 1", "uses", "ok,"),
	};

	ASK(policy, q);
}

static void any_expression(void)
{
#define ANY(expressions, release) "{'version': 1, 'entity': 'row', 'columns': {'*': {'uses': ['aggregate', 'filter'], 'class': 'public', 'grid': 5, 'functions': " \
		"['count', 'sum', 'min', 'count_distinct']}, 'sex': {'uses': ['filter']}}, 'principals': [{'role': 'analyst', 'any': true}], " \
		"'tee': {'class': 'software'}, 'expressions': '" expressions "', 'release': " release "}"
	static const struct question open[] = {
		OPENS("any expression, where nothing is tested", "select sum(abs(cls) * open), min(cls + open), count(distinct mod(cls, 3)) from t"),
		NO("its columns are still asked about", "select sum(length(sex) * cls) from t", "uses", "sex) *"),
		NO("and conditions in it are on the grid", "select sum(abs(case when cls > 7 then 1 else cls end)) from t", "grid", "7"),
	}, closed[] = {
		NO("not otherwise", "select sum(abs(cls)) from t", "expressions", "abs(cls)"),
		NO("nor of a minimum", "select count(distinct cls + 1) from t", "expressions", "cls + 1"),
	};

	ASK(ANY("any", "true"), open);
	ASK(ANY("any", "{'min_entities': 3}"), closed);
	ASK(ANY("affine", "true"), closed);
	ASK(ANY("polynomial", "{'min_entities': 3}"), closed);
}

/* --- what is not known is refused --- */

static void unknown_to(struct bl_policy *p, struct judge *j, const char *promise)
{
	struct bl_asker who = judge_asker();

	bl_judge_plan(&j->v, p, &judge_schema, &j->plan, &who);
	ok(j->v.kind == BL_VERDICT_REFUSE && !strcmp(j->v.rule_name, "uses") && j->v.err.code == BL_REFUSED, "%s: %s", promise, j->v.err.msg);
	bl_arena_fini(&j->a);
}

static void unknowns(void)
{
	static const char sql[] = "select bin(age, 10), count(cls) from t where sex = 'f' group by 1 having count(cls) > 3 order by 2";
	struct bl_asker who = judge_asker();
	struct bl_err err = { 0 };
	struct bl_policy p;
	struct judge j;

	if (judge_parse(&p, JUDGE_STRICT, &err))
		abort();
#define FRESH() judge_n(&j, &p, &who, sql, sizeof sql - 1)
	FRESH();
	is_str(said(&j.v), "run", "the plan to be broken runs");
	bl_arena_fini(&j.a);
	FRESH();
	j.plan.where->op = (enum bl_op)(BL_OP_ADD_INTERVAL + 1);
	unknown_to(&p, &j, "an operator that the judge does not know");
	FRESH();
	j.plan.key[0]->op = (enum bl_op)-1;
	unknown_to(&p, &j, "or none at all, in a key");
	FRESH();
	j.plan.having->op = (enum bl_op)1000;
	unknown_to(&p, &j, "in HAVING");
	FRESH();
	j.plan.cell[1].arg->op = (enum bl_op)1000;
	unknown_to(&p, &j, "inside an aggregate");
	FRESH();
	j.plan.kind = (enum bl_plan_kind)9;
	unknown_to(&p, &j, "a kind of plan");
	FRESH();
	j.plan.agg[0].fn = (enum bl_agg_fn)99;
	unknown_to(&p, &j, "an aggregate");
	FRESH();
	j.plan.cell[1].kind = (enum bl_cell_kind)99;
	unknown_to(&p, &j, "a kind of cell");
	FRESH();
	j.plan.agg[0].term[0].n = 77;
	unknown_to(&p, &j, "a cell that is not there");
	FRESH();
	j.plan.out[0].expr = j.plan.key[0];
	unknown_to(&p, &j, "a column among released values");
	FRESH();
	j.plan.where = j.plan.out[1].expr;
	unknown_to(&p, &j, "an aggregate among rows");
	FRESH();
	j.plan.out[0].expr->index = 5;
	unknown_to(&p, &j, "a key that is not there");
	FRESH();
	j.plan.cell[1].arg->index = 500;
	unknown_to(&p, &j, "a column that is not there");
	FRESH();
	j.plan.cell[0].arg = j.plan.cell[1].arg;
	unknown_to(&p, &j, "a group that is not tested by its rows");
	/* A plan made as if everything were visible. */
	bl_arena_init(&j.a, 1 << 20);
	if (bl_plan_make(&j.plan, &j.a, "select count(note) from t", 25, "t", &judge_schema, NULL, &j.v.place, &j.v.err))
		abort();
	bl_judge_plan(&j.v, &p, &judge_schema, &j.plan, &who);
	is_str(j.v.err.msg, "refused: uses (no column 'note' that you may use)", "a hidden column has the text of one that is not there");
	bl_arena_fini(&j.a);
	judge_n(&j, &p, &who, "select count(nota) from t", 25);
	is_str(j.v.err.msg, "refused: uses (no column 'nota' that you may use)", "which is this");
	bl_arena_fini(&j.a);
	bl_doc_fini(&p);
}

/* --- the rest of the attacks on one file that need no data, and the honest questions, under one open-handed policy --- */

static void attacks(void)
{
	static const char policy[] = "{'version': 1, 'entity': 'id', 'columns': {'*': {'uses': ['filter', 'group', 'join', 'aggregate', 'train'], 'class': 'quasi', 'functions': "
		"['count', 'count_distinct', 'sum', 'avg', 'var', 'stddev'], 'like': true}, 'name': {'uses': [], 'class': 'identifier'}}, 'principals': "
		"[{'role': 'analyst', 'any': true}], 'release': {'all': [{'min_entities': 10}, {'dominance': {'p_percent': 10}}, {'differencing': {}}, {'dof': 10}]}, "
		"'tee': {'class': 'software'}}";
	static const struct question q[] = {
		NO("the youngest", "select min(age) from t", "functions", "min("),
		NO("the highest fare", "select cls, max(fare) from t group by cls", "functions", "max("),
		NO("every row, coalesced", "select coalesce(age, -1) from t", "uses", "age"),
		NO("one bit of every row", "select case when age > 30 then 1 else 0 end from t", "uses", "age"),
		NO("one row by sorting", "select age from t order by id limit 1", "uses", "age"),
		NO("one row by offset", "select age from t limit 1 offset 17", "uses", "age"),
		NO("all rows by a constant", "select 1 from t where age > 30", "min_entities", NULL),
		NO("a group for each person", "select id, sum(age) from t group by id", "min_entities", NULL),
		NO("a group for each person, not printed", "select sum(age) from t group by id, sex order by 1", "min_entities", NULL),
		NO("distinct persons", "select distinct id from t", "uses", "id"),
		NO("a cast that fails for some", "select sum(cast(zip as bigint)) from t", "expressions", "zip"),
		NO("a product that is zero for all but one", "select sum(age * cast(id as bigint)) from t", "expressions", "age"),
		NO("a power that leaves only the largest", "select sum(power(fare, 100)) from t", "expressions", "power"),
		NO("a comparison counted", "select count(nullif(id, 5)) from t", "expressions", "nullif"),
		NO("letters of a hidden name", "select count(*) from t where name like 'A%'", "uses", "name"),
		NO("order of a hidden name", "select sex, count(*) from t group by sex order by count(distinct name)", "uses", "name"),
		RUNS("a rate by class", "select cls, avg(ok::int) from t group by cls order by cls"),
		RUNS("counts by class", "select cls, count(*) from t group by cls having count(*) > 200"),
		RUNS("two at once", "select count(*), sum(cls) from t where sex = 'female'"),
		RUNS("bins", "select bin(age, 10), count(*) from t where cls = 1 and age is not null group by bin(age, 10)"),
		RUNS("bins by floor", "select floor(age / 10) * 10, count(*) from t where cls = 1 group by floor(age / 10) * 10"),
		RUNS("bins of a clipped column", "select bin(case when age > 50 then 50 else age end, 10) b, count(*) from t where cls = 1 group by b"),
		RUNS("bins by clip", "select bin(clip(age, 0, 50), 10) as b, count(*) from t where cls = 1 and age is not null group by 1 order by 1"),
		RUNS("bins of the least", "select floor(least(age, 50) / 10) * 10 as b, count(*) from t group by 1"),
		RUNS("the last sorted first", "select cls, avg(fare) from t group by cls order by avg(fare) desc limit 2"),
		RUNS("what only data can refuse", "select sum(case when id = 1 then age else 0 end), sum(age) filter (where id = 2) from t where id <> 3"),
	};

	ASK(policy, q);
}

int main(void)
{
	ASK(JUDGE_STRICT, uses);
	everywhere("zip", texts, sizeof texts / sizeof *texts);
	everywhere("raw", numbers, sizeof numbers / sizeof *numbers);
	everywhere("seen", times, sizeof times / sizeof *times);
	ASK(JUDGE_STRICT, functions);
	ASK(JUDGE_STRICT, expressions);
	ASK(JUDGE_STRICT, fine);
	classes();
	truths();
	any_expression();
	unknowns();
	attacks();
	return tap_done();
}
