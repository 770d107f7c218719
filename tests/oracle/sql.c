/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql: the oracle of our parser. Reads one statement a line, makes variants of each by moving, doubling, dropping and
 * exchanging its words, and prints those that our parser accepts and PostgreSQL's does not; and those that PostgreSQL reads
 * differently once every expression has the parentheses that we understood. Built by tests/t/210-sql-oracle.t where
 * libpg_query is.
 */
#include <pg_query.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/ast.h"

enum { LINES = 512, WORDS = 256, LINE = 4096 };
static char line[LINES][LINE];
static int nline;
static unsigned long tried, accepted, bad;

static unsigned roll(unsigned n)
{
	static unsigned long long s = 88172645463325252ull;

	s ^= s << 13, s ^= s >> 7, s ^= s << 17;
	return (unsigned)(s >> 33) % n;
}

static int opens[LINE], closes[LINE];

static void mark(const struct bl_ast *x)
{
	if (!x)
		return;
	if (x->kind == BL_AST_OP || x->kind == BL_AST_BETWEEN || x->kind == BL_AST_IN || x->kind == BL_AST_CASE || x->kind == BL_AST_CAST ||
	    x->kind == BL_AST_CALL) {
		opens[x->pos]++;
		closes[x->pos + x->len]++;
	}
	for (uint32_t i = 0; i < x->narg; i++)
		mark(x->arg[i]);
	mark(x->filter);
}

/* The statement with the parentheses of our tree. */
static char *explicit(const char *sql, const struct bl_ast_select *s)
{
	static char out[16 * LINE];
	size_t n = strlen(sql), k = 0;

	memset(opens, 0, sizeof opens);
	memset(closes, 0, sizeof closes);
	for (uint32_t i = 0; i < s->nitem; i++)
		mark(s->item[i]);
	mark(s->where);
	for (uint32_t i = 0; i < s->ngroup; i++)
		mark(s->group[i]);
	mark(s->having);
	for (uint32_t i = 0; i < s->norder; i++)
		mark(s->order[i].expr);
	for (size_t i = 0; i <= n; i++) {
		for (int j = 0; j < closes[i]; j++)
			out[k++] = ')';
		for (int j = 0; j < opens[i]; j++)
			out[k++] = '(';
		out[k++] = sql[i];
	}
	return out;
}

/* A tree without the places in it. */
static void strip(char *json)
{
	char *to = json;

	for (char *p = json; *p;) {
		if (!strncmp(p, "\"location\":", 11) || !strncmp(p, "\"stmt_len\":", 11)) {
			for (p += 11; *p >= '0' && *p <= '9'; p++)
				;
			p += *p == ',';
			continue;
		}
		*to++ = *p++;
	}
	*to = 0;
}

static void try(const char *sql)
{
	struct bl_arena a;
	struct bl_err err = { 0 };
	struct bl_ast_select s;
	struct bl_sql q = { .text = sql, .n = (uint32_t)strlen(sql), .a = &a, .err = &err };
	PgQueryParseResult r, again;

	tried++;
	bl_arena_init(&a, 1 << 20);
	if (bl_clause_select(&q, &s)) {
		bl_arena_fini(&a);
		return;
	}
	accepted++;
	r = pg_query_parse(sql);
	again = pg_query_parse(explicit(sql, &s));
	if (!r.error)
		strip(r.parse_tree);
	if (!again.error)
		strip(again.parse_tree);
	if (r.error) {
		bad++;
		printf("we accept, PostgreSQL says '%s': %s\n", r.error->message, sql);
	} else if (again.error || strcmp(r.parse_tree, again.parse_tree)) {
		bad++;
		printf("we read it differently: %s\n  as: %s\n", sql, explicit(sql, &s));
		if (again.error)
			printf("  %s\n", again.error->message);
	}
	pg_query_free_parse_result(r);
	pg_query_free_parse_result(again);
	bl_arena_fini(&a);
}

/* Words at white space; the corpus puts white space around what may be exchanged. */
static int split(char *s, char **word)
{
	int n = 0;

	for (char *p = strtok(s, " "); p && n < WORDS; p = strtok(NULL, " "))
		word[n++] = p;
	return n;
}

static void mutate(void)
{
	static char a[LINE], b[LINE], out[4 * LINE];
	char *w[WORDS + 8], *v[WORDS + 8];
	int n, m;

	strcpy(a, line[roll((unsigned)nline)]);
	strcpy(b, line[roll((unsigned)nline)]);
	n = split(a, w);
	m = split(b, v);
	for (unsigned k = 1 + roll(2); k; k--) {
		int i = (int)roll((unsigned)n), j = (int)roll((unsigned)m);
		switch (roll(4)) {
		case 0:
			w[i] = v[j];
			break;
		case 1:
			if (n < WORDS) {
				memmove(w + i + 1, w + i, (size_t)(n - i) * sizeof *w);
				w[i] = v[j];
				n++;
			}
			break;
		case 2:
			if (n > 1) {
				memmove(w + i, w + i + 1, (size_t)(n - i - 1) * sizeof *w);
				n--;
			}
			break;
		default: {
			int o = (int)roll((unsigned)n);
			char *t = w[i];
			w[i] = w[o];
			w[o] = t;
		}
		}
	}
	out[0] = 0;
	for (int i = 0; i < n; i++) {
		strcat(out, w[i]);
		if (roll(12))
			strcat(out, " ");
	}
	try(out);
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 20000;

	while (nline < LINES && fgets(line[nline], LINE, stdin)) {
		line[nline][strcspn(line[nline], "\n")] = 0;
		if (!line[nline][0])
			continue;
		unsigned long before = accepted;
		try(line[nline]);
		if (accepted == before)
			printf("not accepted: %s\n", line[nline]);
		nline++;
	}
	for (unsigned long i = 0; nline && i < rounds; i++)
		mutate();
	printf("tried %lu accepted %lu bad %lu\n", tried, accepted, bad);
	return bad != 0;
}
