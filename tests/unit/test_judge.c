/* SPDX-License-Identifier: Apache-2.0 */
/* The judge on requests: who may ask, the release expression, limits, and what is said: refusals, explain, the schema. */
#include "../judge.h"

/* --- section 5 and 6: the release expression, limits, one failure --- */

#define WITH(release) "{'version': 1, 'entity': 'id', " JUDGE_COLUMNS ", 'principals': [{'role': 'analyst', 'any': true}], 'release': " release \
	", 'tee': {'class': 'software'}}"
#define FPR_7 "SHA256:OeC+G8ECg3/1NB47cdvPG8f7gnUbbAE18HLuOD+VwKQ"

static void release(const char *expression, const char *sql, const char *verdict, const char *path, unsigned nrule, const char *promise)
{
	char policy[8192];
	struct bl_asker who = judge_asker();
	struct bl_err err = { 0 };
	struct bl_policy p;
	struct judge j;

	snprintf(policy, sizeof policy, WITH("%s"), expression);
	for (char *at; (at = strstr(policy, "@me"));) {
		char rest[8192];
		strcpy(rest, at + 3);
		snprintf(at, sizeof policy - (size_t)(at - policy), "%s%s", who.fpr, rest);
	}
	who.purpose = "study";
	if (judge_parse(&p, policy, &err)) {
		ok(false, "%s: %s", promise, err.msg);
		return;
	}
	judge_n(&j, &p, &who, sql, strlen(sql));
	if (!ok(!strcmp(said(&j.v), verdict) && (!path || !strcmp(j.v.path, path)) && j.v.nrule == nrule, "%s: %s", promise, expression))
		printf("# got %s by %s, %u rules: %s\n", said(&j.v), j.v.path, j.v.nrule, j.v.err.msg);
	bl_arena_fini(&j.a);
	bl_doc_fini(&p);
}

static void releases(void)
{
	static const char count[] = "select count(*) from t", min[] = "select min(age) from t", rows[] = "select open from t";

	release("true", count, "open", NULL, 0, "true is open");
	release("false", count, "release", "release", 0, "false refuses");
	release("{'min_entities': 5}", count, "run", NULL, 1, "a rule on data is for the gate");
	release("{'all': [{'min_entities': 5}, {'zeros': 'suppress'}, {'differencing': {}}]}", count, "run", NULL, 3, "all of them are");
	release("{'all': [{'min_entities': 5}, false]}", count, "release", "release.all[1]", 0, "nothing helps a false in all");
	release("{'any': [{'min_entities': 5}, true]}", count, "open", NULL, 0, "a true in any makes rules on data moot");
	release("{'any': [{'min_entities': 5}, {'role': 'owner'}]}", count, "run", NULL, 1, "a false in any leaves the others");
	release("{'any': [{'role': 'owner'}, {'role': 'auditor'}]}", count, "role", "release.any[0].role", 0, "any without a pass fails");
	release("{'at_least': {'n': 2, 'of': [true, {'min_entities': 5}, {'zeros': 'allow'}]}}", count, "run", NULL, 2, "at_least counts both kinds");
	release("{'at_least': {'n': 2, 'of': [true, {'role': 'analyst'}, {'zeros': 'allow'}]}}", count, "open", NULL, 0, "enough passes open");
	release("{'at_least': {'n': 2, 'of': [false, {'role': 'owner'}, {'zeros': 'allow'}]}}", count, "release", NULL, 0, "too few left refuse");
	release("{'principal': '@me'}", count, "open", NULL, 0, "the principal named passes");
	release("{'principal': '" FPR_7 "'}", count, "principal", "release.principal", 0, "another does not");
	release("{'role': 'analyst'}", count, "open", NULL, 0, "so with roles");
	release("{'role': 'owner'}", count, "role", "release.role", 0, "that one does not have");
	release("{'purpose': 'study'}", count, "open", NULL, 0, "and purposes");
	release("{'purpose': 'sale'}", count, "purpose", "release.purpose", 0, "that were not named");
	release("{'all': [{'purpose': 'study'}, {'any': [{'dp': true}, {'min_entities': 20}]}]}", count, "run", NULL, 1, "the exact road is found");
	release("{'dp': true}", count, "dp", "release.dp", 0, "no answer is differentially private yet");
	release("{'all': [{'purpose': 'sale'}, {'role': 'owner'}]}", count, "purpose", "release.all[0].purpose", 0, "the first rule that fails is told");
	/* 1800000000 is Friday, 2027-01-15T08:00:00Z. */
	release("{'time': {'hours': '08-18'}}", count, "open", NULL, 0, "within the hours");
	release("{'time': {'hours': '00-08'}}", count, "time", "release.time", 0, "at the end of the hours");
	release("{'time': {'days': '5-5'}}", count, "open", NULL, 0, "on the day");
	release("{'time': {'days': '1-4'}}", count, "time", NULL, 0, "on another");
	release("{'time': {'after': '2027-01-15T08:00:00Z'}}", count, "open", NULL, 0, "from the moment on");
	release("{'time': {'after': '2027-01-15T08:00:01Z'}}", count, "time", NULL, 0, "not before it");
	release("{'time': {'before': '2027-01-15T08:00:00Z'}}", count, "time", NULL, 0, "and until it");
	release("true", min, "open", NULL, 0, "a minimum is answered where nothing is tested");
	release("{'any': [{'role': 'analyst'}, {'min_entities': 5}]}", min, "open", NULL, 0, "for whoever it is true");
	release("{'any': [{'role': 'owner'}, {'min_entities': 5}]}", min, "functions", NULL, 0, "for nobody else");
	release("true", rows, "open", NULL, 0, "rows are printed where nothing is tested");
	release("{'min_entities': 1}", rows, "run", NULL, 1, "or where one is enough");
	release("{'min_entities': 2}", rows, "min_entities", "release.min_entities", 0, "a row is one entity, known without data");
	release("{'any': [{'min_entities': 2}, {'zeros': 'allow'}]}", rows, "run", NULL, 1, "unless another rule may pass");
	release("{'min_entities': 5}", "select 1 from t", "min_entities", NULL, 0, "rows of constants are rows");
	release("{'min_entities': 5}", "select 1 from t limit 1", "min_entities", NULL, 0, "a limit changes nothing");
	release("false", "select count(name) from t", "uses", NULL, 0, "uses come before rules");
}

static void one_entity(void)
{
	static const char policy[] = "{'version': 1, 'entity': ['id', 'cls'], 'columns': {'*': {'uses': ['group', 'project'], 'class': 'public'}}, "
		"'principals': [{'role': 'analyst', 'any': true}], 'release': {'min_entities': 5}, 'tee': {'class': 'software'}}";
	static const struct question q[] = {
		AT("a group by the entity is one entity", "select id, cls, count(*) from t group by id, cls", "min_entities", NULL, "release.min_entities"),
		NO("whatever else is a key", "select count(*) from t group by sex, cls, id", "min_entities", NULL),
		NO("by DISTINCT too", "select distinct cls, id from t", "min_entities", NULL),
		RUNS("by half of it that is not known", "select count(*) from t group by id"),
		RUNS("nor by a function of it", "select count(*) from t group by bin(id, 10), cls"),
	};

	ASK(policy, q);
}

static void otherwise(void)
{
	static const struct { const char *otherwise, *release, *sql, *verdict; bool never; const char *promise; } cases[] = {
		{ "log", "false", "select count(*) from t", "run", true, "log runs what no rule lets pass, and says so" },
		{ "log", "{'min_entities': 2}", "select cls from t", "run", true, "rows too" },
		{ "log", "false", "select count(*) from t where cls > 1", "uses", false, "log never covers uses" },
		{ "log", "false", "select min(cls) from t", "functions", false, "nor functions" },
		{ "review", "false", "select count(*) from t", "release", true, "what is put to review is not released here" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bl_asker who = judge_asker();
		struct bl_err err = { 0 };
		struct bl_policy p;
		struct judge j;
		char policy[1024];
		snprintf(policy, sizeof policy, "{'version': 1, 'entity': 'row', 'columns': {'*': {'uses': ['project', 'aggregate'], 'class': 'public'}}, "
			 "'principals': [{'role': 'analyst', 'any': true}], 'tee': {'class': 'software'}, 'otherwise': '%s', 'release': %s}",
			 cases[i].otherwise, cases[i].release);
		if (judge_parse(&p, policy, &err))
			abort();
		judge_n(&j, &p, &who, cases[i].sql, strlen(cases[i].sql));
		if (!ok(!strcmp(said(&j.v), cases[i].verdict) && (!cases[i].never || j.v.statically_false), "%s", cases[i].promise))
			printf("# got %s: %s\n", said(&j.v), j.v.err.msg);
		bl_arena_fini(&j.a);
		bl_doc_fini(&p);
	}
}

static void limits(void)
{
	static const char policy[] = "{'version': 1, 'entity': 'row', 'columns': {'*': {'uses': ['aggregate', 'group', 'project'], 'class': 'public'}}, 'release': true, "
		"'principals': [{'role': 'analyst', 'any': true}], 'tee': {'class': 'software'}, 'limits': {'columns_out': 2, 'sql_bytes': 100}}";
	static const struct question q[] = {
		OPENS("two columns are two", "select count(*), sum(cls) from t"),
		AT("three are too many", "select cls, sex, open from t", "limits.columns_out", NULL, "limits.columns_out"),
		OPENS("what is only sorted by does not count", "select cls, sex from t order by open"),
	};
	struct bl_asker who = judge_asker();
	struct bl_err err = { 0 };
	struct bl_policy p;
	struct judge j;

	ASK(policy, q);
	if (judge_parse(&p, policy, &err))
		abort();
	who.sql_bytes = 100;
	judge_n(&j, &p, &who, "select 1 from t", 15);
	is_str(said(&j.v), "open", "a text as long as the limit passes");
	bl_arena_fini(&j.a);
	who.sql_bytes = 101;
	judge_n(&j, &p, &who, "select 1 from t", 15);
	is_str(j.v.err.msg, "refused: limits.sql_bytes (100)", "a longer one is refused, and its length is not told");
	bl_arena_fini(&j.a);
	bl_doc_fini(&p);
}

/* --- step 2: who, where, when, why --- */

#define BARE "'version': 1, 'entity': 'row', 'release': true, "
static void admit(const char *members, void (*change)(struct bl_asker *), const char *message, const char *path, const char *promise)
{
	struct bl_asker who = judge_asker();
	char policy[4096];
	struct bl_err err = { 0 };
	struct bl_policy p;
	struct bl_verdict v;
	int rc;

	if (change)
		change(&who);
	snprintf(policy, sizeof policy, "{" BARE "%s}", members);
	for (char *at; (at = strstr(policy, "@me"));) {
		char rest[4096];
		strcpy(rest, at + 3);
		snprintf(at, sizeof policy - (size_t)(at - policy), "%s%s", judge_asker().fpr, rest);
	}
	if (judge_parse(&p, policy, &err)) {
		ok(false, "%s: %s", promise, err.msg);
		return;
	}
	rc = bl_judge_admit(&v, &p, &who);
	if (!ok(message ? rc == -1 && v.kind == BL_VERDICT_REFUSE && !strcmp(v.err.msg, message) && v.err.code == BL_REFUSED && (!path || !strcmp(v.path, path))
			: !rc && v.kind == BL_VERDICT_RUN, "%s", promise))
		printf("# got %d by %s: %s\n", rc, v.path, v.err.msg);
	bl_doc_fini(&p);
}

static void as_owner(struct bl_asker *who) { memcpy(who->pk, judge_owner, 32); bl_ident_fpr(who->pk, who->fpr); }
static void with_study(struct bl_asker *who) { who->purpose = "study"; }
static void with_sale(struct bl_asker *who) { who->purpose = "sale"; }
static void with_tpm(struct bl_asker *who) { who->tee_class = BL_TEE_TPM2; }
static void with_nnp(struct bl_asker *who) { who->lockdown = 1; }
static void earlier(struct bl_asker *who) { who->now = 1000000000; }

static void admits(void)
{
	static const char soft[] = "'tee': {'class': 'software'}", stranger[] = "refused: principals (this identity may not ask)";
	char m[2048];

#define MEMBERS(...) (snprintf(m, sizeof m, __VA_ARGS__), m)
	admit(MEMBERS("%s", soft), as_owner, NULL, NULL, "the owner is implied");
	admit(MEMBERS("%s, 'principals': []", soft), as_owner, NULL, NULL, "an empty list is the owner");
	admit(MEMBERS("%s", soft), NULL, stranger, "principals", "nobody else is");
	admit(MEMBERS("%s, 'principals': [{'role': 'analyst', 'key': '@me'}]", soft), NULL, NULL, NULL, "who is listed by key may ask");
	admit(MEMBERS("%s, 'principals': [{'role': 'analyst', 'key': '" FPR_7 "'}]", soft), NULL, stranger, NULL, "who is not may not");
	admit(MEMBERS("%s, 'principals': [{'role': 'analyst', 'any': true}]", soft), NULL, NULL, NULL, "any is anybody");
	admit(MEMBERS("%s, 'principals': [{'role': 'auditor', 'key': '@me'}, {'role': 'analyst', 'any': true}]", soft), NULL, stranger, NULL,
	      "the first match gives the role, and an auditor gets the same text");
	admit(MEMBERS("%s, 'principals': [{'role': 'custodian', 'any': true}]", soft), NULL, stranger, NULL, "a custodian does not ask");
	admit(MEMBERS("%s, 'principals': [{'role': 'operator', 'any': true}]", soft), NULL, stranger, NULL, "nor does an operator");
	admit(MEMBERS("%s, 'principals': [{'role': 'operator', 'any': true}]", soft), as_owner, NULL, NULL, "the owner stays the owner");
	admit(MEMBERS("%s, 'principals': [{'role': 'analyst', 'cert': {'ca': '" FPR_7 "', 'subject': 'O=x'}}]", soft), NULL, stranger, NULL,
	      "nobody is let in by what cannot be checked yet");
	admit(MEMBERS("'principals': [{'role': 'analyst', 'any': true}]"), NULL, "refused: tee (the policy asks for class hardware, this helper is software)", "tee.class",
	      "the default class is hardware");
	admit(MEMBERS("'tee': {'class': 'tpm2'}, 'principals': [{'role': 'analyst', 'any': true}]"), with_tpm, NULL, NULL, "a class that is there is enough");
	admit(MEMBERS("'tee': {'class': 'tpm2'}, 'principals': [{'role': 'analyst', 'any': true}]"), NULL,
	      "refused: tee (the policy asks for class tpm2, this helper is software)", "tee.class", "a lower one is not");
	admit(MEMBERS("'tee': {'class': 'software', 'lockdown': ['nnp', 'seccomp']}, 'principals': [{'role': 'analyst', 'any': true}]"), with_nnp,
	      "refused: tee (this helper lacks seccomp)", "tee.lockdown", "every layer listed must be there");
	admit(MEMBERS("'tee': {'class': 'software', 'lockdown': ['nnp']}, 'principals': [{'role': 'analyst', 'any': true}]"), with_nnp, NULL, NULL, "and then it passes");
	admit(MEMBERS("'tee': {'class': 'software', 'rollback': 'cosign'}, 'principals': [{'role': 'analyst', 'any': true}]"), NULL,
	      "refused: tee (rollback: not enforced by this version)", "tee.rollback", "what cannot be kept is refused by name");
	admit(MEMBERS("'tee': {'class': 'software', 'technologies': ['tdx']}, 'principals': [{'role': 'analyst', 'any': true}]"), NULL,
	      "refused: tee (technologies: this helper has no evidence of it)", "tee.technologies", "so are technologies");
	admit(MEMBERS("%s, 'mitigate': {'dp': true}, 'principals': [{'role': 'analyst', 'any': true}]", soft), NULL,
	      "refused: mitigate.dp (not enforced by this version)", "mitigate.dp", "and noise that is not made yet");
	admit(MEMBERS("%s, 'valid': {'not_after': '2020-01-01T00:00:00Z'}, 'principals': [{'role': 'analyst', 'any': true}]", soft), NULL,
	      "refused: valid (the policy has expired)", "valid.not_after", "an expired policy answers nobody");
	admit(MEMBERS("%s, 'expires': '2020-01-01T00:00:00Z'", soft), as_owner, "refused: valid (the policy has expired)", "expires", "nor its owner");
	admit(MEMBERS("%s, 'expires': '2020-01-01T00:00:00Z', 'principals': [{'role': 'analyst', 'any': true}]", soft), earlier, NULL, NULL, "before that it does");
	admit(MEMBERS("%s, 'valid': {'not_before': '2020-01-01T00:00:00Z'}, 'principals': [{'role': 'analyst', 'any': true}]", soft), earlier,
	      "refused: valid (the policy is not valid yet)", "valid.not_before", "nor one that is not valid yet");
	admit(MEMBERS("%s, 'retention': {'delete_after': '2020-01-01T00:00:00Z'}, 'principals': [{'role': 'analyst', 'any': true}]", soft), NULL,
	      "refused: retention (the time for which the data may be kept is over)", "retention.delete_after", "nor data that should be gone");
	admit(MEMBERS("%s, 'purposes': ['study'], 'principals': [{'role': 'analyst', 'any': true}]", soft), NULL,
	      "refused: purposes (a purpose must be named)", "purposes", "a purpose must be named where the policy lists them");
	admit(MEMBERS("%s, 'purposes': ['study'], 'principals': [{'role': 'analyst', 'any': true}]", soft), with_sale,
	      "refused: purposes (not one of the policy's purposes)", NULL, "one of them");
	admit(MEMBERS("%s, 'purposes': ['teaching', 'study'], 'principals': [{'role': 'analyst', 'any': true}]", soft), with_study, NULL, NULL, "and then it passes");
	admit(MEMBERS("%s, 'principals': [{'role': 'analyst', 'any': true}]", soft), with_sale, NULL, NULL, "without a list it does not matter");
	admit(MEMBERS("'expires': '2020-01-01T00:00:00Z'"), NULL, "refused: tee (the policy asks for class hardware, this helper is software)", NULL,
	      "the first failure is told: the helper");
	admit(MEMBERS("%s, 'expires': '2020-01-01T00:00:00Z', 'purposes': ['x']", soft), NULL, "refused: valid (the policy has expired)", NULL, "then the time");
	admit(MEMBERS("%s, 'purposes': ['x']", soft), NULL, stranger, NULL, "then the asker");
#undef MEMBERS
}

/* --- the words --- */

static void messages(void)
{
	static const struct { const char *sql, *msg; } each[] = {
		{ "select cls from t", "refused: uses (printing 'cls' needs project; it has filter, group and aggregate)" },
		{ "select born, count(*) from t group by born", "refused: uses (grouping by 'born' needs group; it has filter)" },
		{ "select count(sex) from t", "refused: uses (aggregating 'sex' needs aggregate; it has filter and group)" },
		{ "select count(*) from t where fare > 1", "refused: uses (a condition on 'fare' needs filter; it has aggregate)" },
		{ "select avg(fare) from t", "refused: functions (avg of 'fare': it has sum)" },
		{ "select min(age) from t", "refused: functions (min of 'age' is the value of one person)" },
		{ "select sum(age * cls) from t", "refused: expressions (inside an aggregate stands a column, or a * column + b)" },
		{ "select count(*) from t where age > 13", "refused: grid (5 of 'age': the literal is not a multiple of it)" },
		{ "select age, count(*) from t group by age", "refused: bin (10 of 'age': as a group key the column stands in bin(column, width) only)" },
		{ "select count(*) from t where zip like 'x'", "refused: like ('zip': a test on part of a text)" },
		{ "select open from t", "refused: min_entities (10; each row is about one)" },
	};
	struct bl_asker who = judge_asker();
	struct bl_err err = { 0 };
	struct bl_policy p;
	struct judge j;

	if (judge_parse(&p, JUDGE_STRICT, &err))
		abort();
	for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
		judge_n(&j, &p, &who, each[i].sql, strlen(each[i].sql));
		is_str(j.v.err.msg, each[i].msg, "in words: %s", each[i].sql);
		bl_arena_fini(&j.a);
	}
	judge_n(&j, &p, &who, "select cls from t", 17);
	is_str(j.v.err.hint, "columns.cls.uses in the policy decides this; bl-query --schema shows what each column may do", "the hint names the place in the policy");
	bl_arena_fini(&j.a);
	bl_doc_fini(&p);
}

static const char explained[] =
"runs; what fails is withheld; refused when nothing is left\n"
"\n"
"output  is            column  needs           has\n"
"sex     sex           sex     group           filter group\n"
"avg     avg(cls)      cls     aggregate, avg  filter group aggregate count sum avg\n"
"n       count(*)              nothing\n"
"WHERE   ok            ok      filter          filter\n"
"HAVING  sum(cls) > 3  cls     aggregate, sum  filter group aggregate count sum avg\n"
"\n"
"tested  min_entities  at least 10 entities are in it, and none or at least 10 outside it        release.all[0].min_entities\n"
"fails   role          the asker's role is owner                                                 release.all[1].any[0].role\n"
"tested  dominance     all but its 2 largest contributions come to at least 10 % of the largest  release.all[1].any[1].dominance\n"
"moot    zeros         it is not empty, and not the same for nearly all of a group               release.all[2].any[0].zeros\n"
"passes  role          the asker's role is analyst                                               release.all[2].any[1].role\n"
"\n"
"suppress         groups and cells that fail are withheld, and the smallest group beside them where they could be worked out\n"
"round            counts and sums of counts are rounded to multiples of 5\n"
"budget.refusals  a refused or suppressed request is one of the 100 that you may have\n"
"limits           at most 10000 rows, 10000 groups, 60 seconds\n";
static const char refusal[] =
"refused: uses (printing 'cls' needs project; it has filter, group and aggregate)\n"
"columns.cls.uses in the policy decides this; bl-query --schema shows what each column may do\n"
"\n"
"output    is    column  needs             has\n"
"open      open  open    project           project filter group aggregate\n"
"cls       cls   cls     missing: project  filter group aggregate\n"
"ORDER BY  age   age     missing: project  filter group aggregate\n";
static const char catalogued[] =
"column  type           class       may                             in aggregates                                            values\n"
"id      bigint         identifier  aggregate                       count count_distinct\n"
"sex     text           quasi       filter group\n"
"cls     bigint         sensitive   filter group aggregate          count sum avg\n"
"age     double         quasi       filter group aggregate          count sum avg var stddev min max quantile                0 to 100, grid 5, bin 10\n"
"fare    decimal(12,4)  sensitive   aggregate                       sum\n"
"born    date           sensitive   filter\n"
"seen    timestamp      sensitive   group\n"
"ok      bool           sensitive   filter\n"
"zip     text           sensitive   filter group\n"
"city    text           sensitive   filter group                                                                             like\n"
"open    bigint         public      project filter group aggregate  count count_distinct sum avg var stddev covar corr regr  grid 0.5\n"
"raw     double         sensitive   filter group aggregate          count count_distinct sum avg var stddev covar corr regr\n"
"\n"
"a value is released when\n"
"  all of these                                                                  release.all\n"
"    at least 10 entities are in it, and none or at least 10 outside it          release.all[0].min_entities\n"
"    any of these                                                                release.all[1].any\n"
"      the asker's role is owner                                                 release.all[1].any[0].role\n"
"      all but its 2 largest contributions come to at least 10 % of the largest  release.all[1].any[1].dominance\n"
"    any of these                                                                release.all[2].any\n"
"      it is not empty, and not the same for nearly all of a group               release.all[2].any[0].zeros\n"
"      the asker's role is analyst                                               release.all[2].any[1].role\n"
"\n"
"otherwise: reject\n"
"entity: id\n"
"limits: rows_out 10000, groups 10000, columns_out 64, sql_bytes 32768, seconds 60\n";

static const char *text_of(struct bl_buf *b)
{
	bl_buf_put8(b, 0);
	return b->failed ? "(failed)" : (const char *)b->p;
}

/* What explain or the catalogue put into json, canonical. */
static const char *json_of(struct bl_json *json, struct bl_buf *b)
{
	bl_buf_clear(b);
	bl_json_print(json, b);
	bl_json_free(json);
	return text_of(b);
}

static bool balanced(const char *json)
{
	return bl_json_canonical(json, strlen(json), 16);
}

static void explains(void)
{
	static const char sql[] = "select sex, avg(cls), count(*) as n from t where ok group by sex having sum(cls) > 3";
	static const char policy[] = "{'version': 1, 'entity': 'id', " JUDGE_COLUMNS ", 'principals': [{'role': 'analyst', 'any': true}], 'budget': {'principal': {'refusals': 100}},"
		"'release': {'all': [{'min_entities': 10}, {'any': [{'role': 'owner'}, {'dominance': {'p_percent': 10}}]}, {'any': [{'zeros': 'suppress'}, {'role': 'analyst'}]}]},"
		"'mitigate': {'suppress': {}, 'round': 5}, 'tee': {'class': 'software'}}";
	struct bl_asker who = judge_asker();
	struct bl_json *json = bl_json_new_object();
	struct bl_err err = { 0 };
	struct bl_policy p;
	struct bl_buf b;
	struct judge j;
	const char *s;

	if (judge_parse(&p, policy, &err))
		abort();
	bl_buf_init(&b, 1 << 20);
	judge_n(&j, &p, &who, sql, sizeof sql - 1);
	bl_judge_explain(&j.v, &p, &judge_schema, &j.plan, &b, json);
	is_str(text_of(&b), explained, "explain says what each column needs and has, which rules are tested, and what follows");
	s = json_of(json, &b);
	ok(balanced(s) && strstr(s, "{\"clause\":\"WHERE\",\"expression\":\"ok\",\"needs\":[{\"column\":\"ok\",\"functions\":[],\"granted\":true,") &&
	   strstr(s, "{\"param\":\"10\",\"path\":\"release.all[0].min_entities\",") && strstr(s, "\"state\":\"moot\"") && strstr(s, "\"verdict\":\"run\""), "the same as JSON");
	bl_arena_fini(&j.a);

	bl_buf_clear(&b);
	json = bl_json_new_object();
	judge_n(&j, &p, &who, "select open, cls from t order by age", 36);
	bl_judge_explain(&j.v, &p, &judge_schema, &j.plan, &b, json);
	ok(!strncmp(text_of(&b), refusal, sizeof refusal - 1), "of a refusal it says all that is missing");
	if (strncmp(text_of(&b), refusal, sizeof refusal - 1))
		printf("%s", text_of(&b));
	s = json_of(json, &b);
	ok(balanced(s) && strstr(s, "\"refused\":{\"hint\":") && strstr(s, "\"path\":\"columns.cls.uses\",\"pos\":13,\"rule\":\"uses\"}"), "with its place, as JSON");
	bl_arena_fini(&j.a);

	/* To somebody who may not ask: nothing of the policy. */
	bl_buf_clear(&b);
	json = bl_json_new_object();
	p.nprincipal = 0;
	judge_n(&j, &p, &who, sql, sizeof sql - 1);
	bl_judge_explain(&j.v, &p, &judge_schema, &j.plan, &b, json);
	is_str(text_of(&b), "refused: principals (this identity may not ask)\n"
	       "its owner has to list the fingerprint that 'bl-keygen -l -i FILE' prints of it\n", "a stranger is told nothing else");
	s = json_of(json, &b);
	ok(!strstr(s, "clauses") && !strstr(s, "rules"), "not as JSON either");
	bl_buf_clear(&b);
	bl_judge_schema(&p, &judge_schema, &j.v, &b, NULL);
	is_str(text_of(&b), "", "nor shown the table");
	bl_arena_fini(&j.a);
	p.nprincipal = 1;

	bl_buf_clear(&b);
	json = bl_json_new_object();
	bl_judge_admit(&j.v, &p, &who);
	bl_judge_schema(&p, &judge_schema, &j.v, &b, json);
	is_str(text_of(&b), catalogued, "the schema shows columns with a use, rules in words, limits");
	s = json_of(json, &b);
	ok(balanced(s) && !strstr(s, "note") && !strstr(s, "\"name\":\"name\"") && strstr(s, "\"bin\":\"10\",\"bounds\":[\"0\",\"100\"]"), "as JSON too, without the hidden ones");
	p.entity[0] = "note";
	bl_buf_clear(&b);
	json = bl_json_new_object();
	bl_judge_schema(&p, &judge_schema, &j.v, &b, json);
	ok(!strstr(text_of(&b), "note") && !strstr(json_of(json, &b), "note"), "an entity that is hidden stays hidden");
	bl_buf_fini(&b);
	bl_doc_fini(&p);
}

int main(void)
{
	admits();
	releases();
	one_entity();
	otherwise();
	limits();
	messages();
	explains();
	return tap_done();
}
