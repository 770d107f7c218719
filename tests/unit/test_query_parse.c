/* SPDX-License-Identifier: Apache-2.0 */
/* What the parser and the binder refuse: by name, with the right class, at the right place, and in bounded time and memory. */
#include "../query.h"
#include "../tap.h"

/* sql, with the part that the caret must stand under between { and }; the message is expected to hold `says`. */
static void refused(int code, const char *marked, const char *says)
{
	char sql[1024];
	size_t n = 0, pos = 0, len = 0;
	struct query q;

	for (const char *c = marked; *c; c++) {
		if (*c == '{')
			pos = n;
		else if (*c == '}')
			len = n - pos;
		else
			sql[n++] = *c;
	}
	sql[n] = 0;
	query(&q, sql);
	ok(q.rc == -1 && q.err.code == code && strstr(q.err.msg, says) && q.place.pos == pos && q.place.len == len, "%s: %s", sql, says);
	if (q.rc != -1 || q.err.code != code || !strstr(q.err.msg, says) || q.place.pos != pos || q.place.len != len)
		printf("# got %d %d '%s' at %zu+%zu, wanted %d '%s' at %zu+%zu\n", q.rc, q.err.code, q.err.msg, q.place.pos, q.place.len, code, says,
		       pos, len);
	bl_arena_fini(&q.a);
}

static void accepted(const char *sql)
{
	struct query q;

	ok(query(&q, sql)->rc == 0, "accepted: %.25s ...", sql);
	if (q.rc)
		printf("# %s\n", q.err.msg);
	bl_arena_fini(&q.a);
}

static void constructs(void)
{
	refused(BL_USAGE, "select qty from t {join} u on t.id = u.id", "a join is not supported");
	refused(BL_USAGE, "select id from t {left} join u using (id)", "a join is not supported");
	refused(BL_USAGE, "select id from t{,} u", "a join is not supported");
	refused(BL_USAGE, "select id from t x {natural} join u", "a join is not supported");
	refused(BL_USAGE, "select id from {(}select 1) u", "a subquery in FROM is not supported");
	refused(BL_USAGE, "select ({select} 1) from t", "a subquery is not supported");
	refused(BL_USAGE, "select id from t where id in ({select} 1)", "a subquery is not supported");
	refused(BL_USAGE, "select id from t where {exists} (select 1)", "EXISTS is not supported");
	refused(BL_USAGE, "select id from t where id = {any} (select 1)", "ANY, ALL or SOME is not supported");
	refused(BL_USAGE, "{with} a as (select 1) select * from a", "'with' is not supported");
	refused(BL_USAGE, "select id from t {union} all select id from t", "'union' is not supported");
	refused(BL_USAGE, "select id from t {intersect} select id from t", "'intersect' is not supported");
	refused(BL_USAGE, "select id from t {EXCEPT} select id from t", "'EXCEPT' is not supported");
	refused(BL_USAGE, "select sum(id) {over} (partition by qty) from t", "OVER is not supported");
	refused(BL_USAGE, "select id from t {window} w as ()", "'window' is not supported");
	refused(BL_USAGE, "select count(*) from t group by {grouping} sets ((id))", "GROUPING SETS is not supported");
	refused(BL_USAGE, "select count(*) from t group by {rollup} (id)", "ROLLUP is not supported");
	refused(BL_USAGE, "select count(*) from t group by {cube} (id)", "CUBE is not supported");
	refused(BL_USAGE, "select count(*) from t group by {(})", "an empty grouping set is not supported");
	refused(BL_USAGE, "{insert} into t values (1)", "'insert' is not supported");
	refused(BL_USAGE, "{UPDATE} t set id = 1", "'UPDATE' is not supported");
	refused(BL_USAGE, "{delete} from t", "'delete' is not supported");
	refused(BL_USAGE, "{drop} table t", "'drop' is not supported");
	refused(BL_USAGE, "{explain} select 1", "'explain' is not supported");
	refused(BL_USAGE, "select distinct {on} (id) id from t", "DISTINCT ON is not supported");
	refused(BL_USAGE, "select id {into} u from t", "'into' is not supported");
	refused(BL_USAGE, "select id from t {for} update", "'for' is not supported");
	refused(BL_USAGE, "select id from t {fetch} first 1 row only", "'fetch' is not supported");
	refused(BL_USAGE, "select id from t {tablesample} system (1)", "TABLESAMPLE is not supported");
	refused(BL_USAGE, "select id from s{.}t", "a schema's name before a table is not supported");
	refused(BL_USAGE, "select id from generate_series{(}1, 2)", "a function in FROM is not supported");
	refused(BL_USAGE, "select {sum(distinct age)} from t", "sum(DISTINCT ...) is not supported");
	refused(BL_USAGE, "select {corr}(age, fare) from t", "the function 'corr' is not supported by this version");
	refused(BL_USAGE, "select {quantile}(age, 0.5) from t", "the function 'quantile' is not supported");
	refused(BL_USAGE, "select percentile_cont(0.5) {within} group (order by age) from t", "WITHIN GROUP is not supported");
	refused(BL_USAGE, "select {covar_pop}(age, fare) from t", "the function 'covar_pop' is not supported");
	refused(BL_USAGE, "select {regr_slope}(age, fare) from t", "the function 'regr_slope' is not supported");
	refused(BL_USAGE, "select {histogram}(age, 0, 1, 2) from t", "the function 'histogram' is not supported");
	refused(BL_USAGE, "select {bool_and}(ok) from t", "the function 'bool_and' is not supported");
	refused(BL_USAGE, "select {now}() from t", "the function 'now' is not supported");
	refused(BL_USAGE, "select {random}() from t", "the function 'random' is not supported");
	refused(BL_USAGE, "select string_agg(\"Sex\", ',' {order} by id) from t", "ORDER BY inside a function is not supported");
	refused(BL_USAGE, "select {array}[1] from t", "ARRAY is not supported");
	refused(BL_USAGE, "select (1{,} 2) from t", "a row of values is not supported");
	refused(BL_USAGE, "select id{^}2 from t", "the operator '^' is not supported");
	refused(BL_USAGE, "select id from t where id is {distinct} from 1", "IS DISTINCT FROM is not supported");
	refused(BL_USAGE, "select id from t where sex {similar} to 'a'", "'similar' is not supported");
	refused(BL_USAGE, "select id from t where sex like 'a' {escape} 'b'", "ESCAPE is not supported");
	refused(BL_USAGE, "select sex {collate} \"C\" from t", "'collate' is not supported");
	refused(BL_USAGE, "select seen {at} time zone 'UTC' from t", "'at' is not supported");
	refused(BL_USAGE, "select id from t where id between {symmetric} 2 and 1", "BETWEEN SYMMETRIC is not supported");
	refused(BL_USAGE, "select {$1} from t", "parameters are not supported");
	refused(BL_USAGE, "select {$}$a$$ from t", "dollar quotes are not supported");
	refused(BL_USAGE, "select {E'}a' from t", "E'...' strings are not supported");
	refused(BL_USAGE, "select id from t limit {all}", "LIMIT ALL is not supported");
	refused(BL_USAGE, "select cast(id as {blob}) from t", "the type 'blob' is not supported");
	refused(BL_USAGE, "select id from t; {select} id from t", "one query at a time");
}

static void mistakes(void)
{
	refused(BL_USAGE, "{selec} id from t", "syntax error at 'selec'");
	refused(BL_USAGE, "select id from t where{}", "syntax error at the end");
	refused(BL_USAGE, "select 1{}", "a query needs FROM");
	refused(BL_USAGE, "{}", "syntax error at the end");
	refused(BL_USAGE, "select {'}a from t", "the text has no closing quote");
	refused(BL_USAGE, "select {\"}a from t", "the name has no closing quote");
	refused(BL_USAGE, "select {\"\"} from t", "a quoted name may not be empty");
	refused(BL_USAGE, "select id {/*} from t", "the comment has no end");
	refused(BL_USAGE, "select {1a} from t", "a number may not run into");
	refused(BL_USAGE, "select id from t where id = 1 {=} 2", "syntax error at '='");
	refused(BL_USAGE, "select id from t {#} x", "syntax error at '#'");
	refused(BL_USAGE, "select id from t limit {-}1", "LIMIT and OFFSET take a whole number");
	refused(BL_USAGE, "select id from t offset {1.5}", "LIMIT and OFFSET take a whole number");
	refused(BL_USAGE, "select id {\"a\tb\"} from t", "a name may not hold control characters");
	refused(BL_USAGE, "select {coutn}(*) from t", "no function 'coutn'");
	refused(BL_USAGE, "select {nosuch}(id) from t", "no function 'nosuch'");
	refused(BL_USAGE, "select {abs(id, id)} from t", "'abs' takes 1 argument");
	refused(BL_USAGE, "select {count()} from t", "'count' takes one argument");
	refused(BL_USAGE, "select {abs(id) filter (where ok)} from t", "'abs' is not an aggregate");
	refused(BL_USAGE, "select count({sum(id)}) from t", "an aggregate may not stand in an aggregate");
	refused(BL_USAGE, "select id from t where {count(*)} > 1", "an aggregate may not stand in WHERE");
	refused(BL_USAGE, "select count(*) from t group by {sum(id)}", "an aggregate may not stand in GROUP BY");
	refused(BL_USAGE, "select count(*) from t group by {1}", "an aggregate may not stand in GROUP BY");
	refused(BL_USAGE, "select {id}, count(*) from t", "column 'id' must appear in GROUP BY or inside an aggregate");
	refused(BL_USAGE, "select sex from t group by sex order by {age}", "column 'age' must appear in GROUP BY");
	refused(BL_USAGE, "select sex from t group by sex having {age} > 1", "column 'age' must appear in GROUP BY");
	refused(BL_USAGE, "select id from t order by {2}", "ORDER BY names a column of the answer that is not there");
	refused(BL_USAGE, "select id from t group by {0}", "GROUP BY names a column of the answer that is not there");
	refused(BL_USAGE, "select id from t order by {'a'}", "a constant in ORDER BY");
	refused(BL_USAGE, "select id as a, age as a from t order by {a}", "'a' in ORDER BY is ambiguous");
	refused(BL_USAGE, "select distinct sex from t order by {age}", "ORDER BY of SELECT DISTINCT");
	refused(BL_USAGE, "select {distinct} count(*) from t group by sex", "DISTINCT with GROUP BY is not supported");
	refused(BL_USAGE, "select {Qty} from t", "the name 'Qty' is ambiguous");
	refused(BL_USAGE, "select id from {u}", "no table 'u'");
	refused(BL_USAGE, "select {x}.id from t", "no table 'x' in FROM");
	refused(BL_USAGE, "select {t}.id from t as x", "no table 't' in FROM");
	refused(BL_USAGE, "select id from t where {id + 1}", "WHERE needs a condition, not bigint");
	refused(BL_USAGE, "select id from t where {sex = 5}", "cannot compare text and bigint");
	refused(BL_USAGE, "select id from t where {id = '5'}", "cannot compare text and bigint");
	refused(BL_USAGE, "select id from t where born = {'soon'}", "this text is not a date");
	refused(BL_USAGE, "select {date 'soon'} from t", "this text is not a date");
	refused(BL_USAGE, "select {sex + 1} from t", "'+' does not take text and bigint");
	refused(BL_USAGE, "select {born + born} from t", "'+' does not take date and date");
	refused(BL_USAGE, "select {-sex} from t", "'-' does not take text");
	refused(BL_USAGE, "select {age % 2} from t", "'%' does not take double and bigint");
	refused(BL_USAGE, "select {sum(sex)} from t", "'sum' does not take text");
	refused(BL_USAGE, "select {avg(ok)} from t", "'avg' does not take bool");
	refused(BL_USAGE, "select {min(ok)} from t", "'min' does not take bool");
	refused(BL_USAGE, "select {median(born)} from t", "'median' does not take date");
	refused(BL_USAGE, "select {median(sex)} from t", "'median' does not take text");
	refused(BL_USAGE, "select {case when ok then 1 else sex end} from t", "the branches of CASE mix");
	refused(BL_USAGE, "select case when {id} then 1 end from t", "WHEN needs a condition");
	refused(BL_USAGE, "select id from t where sex like {sex}", "the pattern of LIKE must be a literal");
	refused(BL_USAGE, "select round(fare, {id}) from t", "'round' needs a literal number of digits");
	refused(BL_USAGE, "select bin(age, {0}) from t", "'bin' needs a positive literal width");
	refused(BL_USAGE, "select {cast(born as int)} from t", "cannot cast date to bigint");
	refused(BL_USAGE, "select {interval '1 day'} from t", "an interval can only be added");
	refused(BL_USAGE, "select born + {interval 'a while'} from t", "an interval is written like");
	refused(BL_USAGE, "select id {%-}1 from t", "put a space before the sign");
}

/* Hidden and absent are one: a schema where the column is hidden answers as a schema without it. */
static void hidden(void)
{
	struct query a, b;
	struct bl_schema without = { QUERY_NCOL - 1, query_columns };
	static const char *const asked[] = {
		"select secret from t", "select count(*) from t where secret > 1", "select sum(Secret) from t", "select id from t order by secret",
		"select count(*) from t group by secret", "select t.secret from t", "select \"secret\" from t", "select secre from t",
		"select id as secret from t order by secret", "select sex as secret, count(*) from t group by secret", "select * from t",
	};

	refused(BL_REFUSED, "select {secret} from t", "refused: uses (no column 'secret' that you may use)");
	refused(BL_REFUSED, "select id, {zzzzzz} from t", "refused: uses (no column 'zzzzzz' that you may use)");
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
		query(&a, asked[i]);
		memset(&b, 0, sizeof b);
		bl_arena_init(&b.a, 64 << 20);
		b.rc = bl_plan_make(&b.p, &b.a, asked[i], strlen(asked[i]), "t", &without, NULL, &b.place, &b.err);
		char *ta = a.rc ? NULL : query_text(&a.p), *tb = b.rc ? NULL : query_text(&b.p);
		ok(a.rc == b.rc && a.err.code == b.err.code && !strcmp(a.err.msg, b.err.msg) && !strcmp(a.err.hint, b.err.hint) &&
		   a.place.pos == b.place.pos && a.place.len == b.place.len && (a.rc || !strcmp(ta, tb)), "hidden is as absent: %s", asked[i]);
		free(ta);
		free(tb);
		bl_arena_fini(&a.a);
		bl_arena_fini(&b.a);
	}
	query(&a, "select secre from t");
	ok(!strstr(a.err.hint, "secret"), "a hidden name is never suggested");
	bl_arena_fini(&a.a);
	query(&a, "select agee from t");
	is_str(a.err.hint, "did you mean 'age'?", "a visible one is");
	bl_arena_fini(&a.a);
	query(&a, "select * from t");
	ok(!a.rc && a.p.nout == QUERY_NCOL - 1, "a star is the visible columns");
	bl_arena_fini(&a.a);
}

static char *repeat(const char *head, const char *unit, size_t n, const char *tail)
{
	size_t u = strlen(unit), h = strlen(head), t = strlen(tail);
	char *s = malloc(h + n * u + t + 1);

	memcpy(s, head, h);
	for (size_t i = 0; i < n; i++)
		memcpy(s + h + i * u, unit, u);
	memcpy(s + h + n * u, tail, t + 1);
	return s;
}

static void limit(const char *head, const char *unit, size_t n, const char *tail, const char *says, const char *promise)
{
	struct query q;
	char *s = repeat(head, unit, n, tail);

	query(&q, s);
	ok(says ? q.rc && q.err.code == BL_USAGE && strstr(q.err.msg, says) : !q.rc, "%s", promise);
	if (says ? !q.rc || !strstr(q.err.msg, says) : q.rc)
		printf("# %d %s\n", q.err.code, q.err.msg);
	bl_arena_fini(&q.a);
	free(s);
}

static void limits(void)
{
	struct query q;

	limit("select id from t where ", "(", 60, "id = 1))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))", NULL, "60 parentheses are read");
	limit("select id from t where ", "(", 5000, "id", "nested more than 64 deep", "5,000 parentheses are not");
	limit("select ", "- ", 5000, "id from t", "nested more than 64 deep", "nor 5,000 signs");
	limit("select id from t where ", "not ", 5000, "ok", "nested more than 64 deep", "nor 5,000 NOT");
	limit("select id", " + 1", 5000, " from t", "nested more than 64 deep", "nor a sum of 5,000");
	limit("select ", "case when ok then ", 500, "1", "nested more than 64 deep", "nor 500 CASE");
	limit("select ", "abs(", 5000, "id", "nested more than 64 deep", "nor 5,000 calls");
	limit("select id", "::text", 3000, " from t", "nested more than 64 deep", "nor 3,000 casts");
	limit("select id from t where ok", " or ok", 3000, "", NULL, "an OR of 3,000 is read");
	limit("select id from t where id in (1", ",1", 9000, ")", NULL, "an IN of 9,000 is read");
	limit("select id from t where id in (1", ",1", 12000, ")", "too large", "one of 12,000 is not");
	limit("select id from t where ", "                                ", 1100, "ok", "longer than 32 KiB", "text past 32 KiB is not read");
	limit("select id", ",id", 63, " from t", NULL, "64 columns are an answer");
	limit("select id", ",id", 64, " from t", "more than 64 columns", "65 are not");
	limit("select sum(case", " when id = 1 then 2", 150, " end) from t", "too large", "conditions that pile up are bounded");
	limit("select id from t where ", "ok between ", 40, "ok and ok and ok", "syntax error", "BETWEEN does not chain");
	limit("select case ", "case ", 50, "id when 1 then 1 when 2 then 2 end from t", "", "operands that double are bounded");
	query_n(&q, "select id\0 from t", 17);
	ok(q.rc && q.err.code == BL_USAGE && strstr(q.err.msg, "NUL") && q.place.pos == 9, "a NUL byte is refused");
	bl_arena_fini(&q.a);
	query(&q, "select '\xff' from t");
	ok(q.rc && q.err.code == BL_USAGE && strstr(q.err.msg, "UTF-8"), "text that is not UTF-8 is refused");
	bl_arena_fini(&q.a);
	bl_arena_init(&q.a, 2000);
	ok(bl_plan_make(&q.p, &q.a, "select id, age, sex from t where id in (1, 2, 3)", 48, "t", &query_schema, NULL, NULL, &q.err) &&
	   q.err.code == BL_OSERR, "memory that runs out is an error");
	bl_arena_fini(&q.a);
}

static void names(void)
{
	char name[8];
	struct bl_err err;

	accepted("select pclass, SEX, t.Age, T.ID, \"Pclass\", \"odd name\", qty, \"QTY\" from T");
	accepted("select x.age from \"t\" as x order by x.id");
	accepted("SELECT id FROM t -- a comment\n/* and /* another */ */ WHERE id=1;");
	accepted("select id a from t group by id order by a limit 5 offset 3;");
	refused(BL_REFUSED, "select {\"pclass\"} from t", "no column 'pclass'");
	ok(!bl_plan_table("select a from Some_T x", 22, name, sizeof name, NULL, &err) && !strcmp(name, "Some_T"), "the table is found without a schema");
	ok(bl_plan_table("select a from much_too_long", 27, name, sizeof name, NULL, &err) && err.code == BL_USAGE, "a table's name has a limit");
}

/* Whoever reads an answer must not take a column of the query's for the one that names what was withheld. */
static void reserved(void)
{
	static struct bl_column column[] = { { "id", { BL_TYPE_INT, 0, 0 } }, { "_suppressed", { BL_TYPE_TEXT, 0, 0 } } };
	static const struct bl_schema schema = { 2, column };
	static const struct { const char *sql; size_t pos, len; } no[] = { { "select _suppressed from t", 7, 11 }, { "select id, * from t", 11, 1 } };
	struct query q;

	refused(BL_USAGE, "select id as {_suppressed} from t", "'_suppressed' is reserved");
	refused(BL_USAGE, "select count(*) {\"_suppressed\"} from t", "'_suppressed' is reserved");
	accepted("select id as suppressed, qty as _suppressed_2 from t");
	for (int i = 0; i < 2; i++) {
		memset(&q, 0, sizeof q);
		bl_arena_init(&q.a, 1 << 20);
		ok(bl_plan_make(&q.p, &q.a, no[i].sql, strlen(no[i].sql), "t", &schema, NULL, &q.place, &q.err) && q.err.code == BL_USAGE &&
		   strstr(q.err.msg, "is reserved") && q.place.pos == no[i].pos && q.place.len == no[i].len, "a column of that name is not printed: %s", no[i].sql);
		bl_arena_fini(&q.a);
	}
	bl_arena_init(&q.a, 1 << 20);
	ok(!bl_plan_make(&q.p, &q.a, "select _suppressed as s from t where _suppressed <> ''", 54, "t", &schema, NULL, &q.place, &q.err),
	   "under another name it is");
	bl_arena_fini(&q.a);
}

int main(void)
{
	constructs();
	mistakes();
	hidden();
	limits();
	names();
	reserved();
	return tap_done();
}
