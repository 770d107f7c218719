/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opt: the whole of main(). One table of options is parsed, explained and listed for completion, so that none of the
 * three can differ from the others. getopt_long is not used: it abbreviates, and cannot be told not to.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/num.h"
#include "base/opt.h"
#include "base/text.h"

bool bl_opt_quiet;
unsigned bl_opt_verbose;

enum { MOST = 64, MOST_NAMES = 80 };	/* options of one table; those and the common ones, or verbs */

static const struct bl_opt_prog *program;
static const struct bl_opt_verb *verb;
static bool help, version, list;

/* What every program has. -v counts: parse() knows it by its place. */
static const struct bl_opt common[] = {
	{ BL_OPT_FLAG, 'q', "quiet", NULL, "only errors on stderr", &bl_opt_quiet, NULL, 0, 0, false },
	{ BL_OPT_FLAG, 'v', "verbose", NULL, "more detail on stderr; may repeat", NULL, NULL, 0, 0, false },
	{ BL_OPT_FLAG, 'h', "help", NULL, "show this and exit", &help, NULL, 0, 0, false },
	{ BL_OPT_FLAG, 0, "version", NULL, "show the version and exit", &version, NULL, 0, 0, false },
	{ BL_OPT_FLAG, 0, "_options", NULL, "list the options for completion", &list, NULL, 0, 0, true },
	{ BL_OPT_END, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, false },
};
static const struct bl_opt none[] = { { BL_OPT_END, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, false } };

static const struct bl_opt *table(void)
{
	const struct bl_opt *t = verb ? verb->opts : program->verbs ? NULL : program->opts;

	return t ? t : none;
}

void bl_opt_note(const char *fmt, ...)
{
	struct bl_err text;
	va_list ap;

	if (bl_opt_quiet)
		return;
	va_start(ap, fmt);
	bl_err_vset(&text, 0, fmt, ap);
	va_end(ap);
	bl_err_line(program ? program->name : "bl", text.msg);
}

void bl_opt_detail(const char *fmt, ...)
{
	struct bl_err text;
	va_list ap;

	if (bl_opt_quiet || !bl_opt_verbose)
		return;
	va_start(ap, fmt);
	bl_err_vset(&text, 0, fmt, ap);
	va_end(ap);
	bl_err_line(program ? program->name : "bl", text.msg);
}

/* --- help --- */

/* Text from a column on, where the cursor is; broken between words so that a line fits 80. */
static void print_wrapped(const char *text, size_t indent)
{
	enum { WIDTH = 79 };
	size_t at = indent;

	for (const char *word = text; *word;) {
		size_t n = strcspn(word, " ");
		if (at > indent && at + 1 + n > WIDTH) {
			printf("\n%*s", (int)indent, "");
			at = indent;
		} else if (at > indent) {
			putchar(' ');
			at++;
		}
		printf("%.*s", (int)n, word);
		at += n;
		word += n + (word[n] == ' ');
	}
	putchar('\n');
}

static void print_options(const struct bl_opt *t)
{
	for (; t->kind != BL_OPT_END; t++) {
		char left[64];
		int n;
		if (t->secret)
			continue;
		n = t->letter ? snprintf(left, sizeof left, "-%c, --%s", t->letter, t->name) :
				snprintf(left, sizeof left, "    --%s", t->name);
		if (t->arg)
			snprintf(left + n, sizeof left - (size_t)n, " %s", t->arg);
		printf("  %-26s ", left);
		print_wrapped(t->help, 29);
	}
}

static void print_help(void)
{
	const char *example = verb ? verb->example : program->example;

	if (verb)
		printf("usage: %s %s [OPTION...]%s%s\n%s\n", program->name, verb->name, verb->args && *verb->args ? " " : "",
		       verb->args ? verb->args : "", verb->summary);
	else
		printf("usage: %s %s\n%s\n", program->name, program->verbs ? "COMMAND [OPTION...] [ARGUMENT...]" : program->args,
		       program->summary);
	if (program->verbs && !verb) {
		puts("\ncommands:");
		for (const struct bl_opt_verb *v = program->verbs; v->name; v++) {
			printf("  %-14s ", v->name);
			print_wrapped(v->summary, 17);
		}
		printf("\n'%s COMMAND --help' tells more about each.\n", program->name);
	}
	puts("\noptions:");
	print_options(table());
	print_options(common);
	if (example) {
		printf("\nexample:\n  ");
		for (const char *p = example; *p; p++) {
			putchar(*p);
			if (*p == '\n' && p[1])
				fputs("  ", stdout);
		}
		if (example[0] && example[strlen(example) - 1] != '\n')
			putchar('\n');
	}
}

/* Tab-separated, for the completion script: "verb NAME ARGS SUMMARY" and "option LETTER NAME ARG HELP", "-" for none. */
static void print_list(void)
{
	if (program->verbs && !verb)
		for (const struct bl_opt_verb *v = program->verbs; v->name; v++)
			printf("verb\t%s\t%s\t%s\n", v->name, v->args && *v->args ? v->args : "-", v->summary);
	for (int i = 0; i < 2; i++)
		for (const struct bl_opt *o = i ? common : table(); o->kind != BL_OPT_END; o++)
			if (!o->secret)
				printf("option\t%c\t%s\t%s\t%s\n", o->letter ? o->letter : '-', o->name, o->arg ? o->arg : "-",
				       o->help);
}

/* --- values --- */

/* Stores one value; `from` names its source in errors. */
static int store(const struct bl_opt *o, const char *from, const char *value, int code, struct bl_err *err)
{
	uint64_t max = o->max ? o->max : UINT64_MAX, v;

	assert(o->kind != BL_OPT_END);
	switch (o->kind) {
	case BL_OPT_FLAG:
		*(bool *)o->into = true;
		return 0;
	case BL_OPT_TEXT:
		*(const char **)o->into = value;
		return 0;
	case BL_OPT_INT:
		if (bl_num_parse_u64(value, strlen(value), &v) && v >= o->min && v <= max) {
			*(uint64_t *)o->into = v;
			return 0;
		}
		if (max == UINT64_MAX)
			return bl_err_set(err, code, "%s: '%s' is not a whole number from %llu up", from, value,
					  (unsigned long long)o->min);
		return bl_err_set(err, code, "%s: '%s' is not a whole number from %llu to %llu", from, value,
				  (unsigned long long)o->min, (unsigned long long)max);
	case BL_OPT_LIST: {
		struct bl_opt_list *l = o->into;
		if (l->n == sizeof l->item / sizeof *l->item)
			return bl_err_set(err, code, "%s: given more than %zu times", from, l->n);
		l->item[l->n++] = value;
		return 0;
	}
	case BL_OPT_END:
		break;
	}
	return -1;
}

/* A flag outside the command line is spelled out. */
static int store_text(const struct bl_opt *o, const char *from, const char *value, struct bl_err *err)
{
	if (o->kind != BL_OPT_FLAG)
		return store(o, from, value, BL_CONFIG, err);
	if (strcmp(value, "true") && strcmp(value, "false"))
		return bl_err_set(err, BL_CONFIG, "%s: '%s' is neither 'true' nor 'false'", from, value);
	*(bool *)o->into = !strcmp(value, "true");
	return 0;
}

/* --- the command line --- */

struct parse {
	bool seen[MOST];	/* options of table(), given on the command line, by the environment or the configuration */
	bool seen_common[sizeof common / sizeof *common];
};

static const struct bl_opt *find(const char *name, size_t n, char letter)
{
	for (int i = 0; i < 2; i++)
		for (const struct bl_opt *o = i ? common : table(); o->kind != BL_OPT_END; o++)
			if (name ? strlen(o->name) == n && !memcmp(o->name, name, n) : o->letter && o->letter == letter)
				return o;
	return NULL;
}

/* The one name that begins with word, which is no shorter than three: what an abbreviation meant. */
static const char *begun(const char *word, const char *const *names, size_t n)
{
	const char *found = NULL;

	for (size_t i = 0; strlen(word) >= 3 && i < n; i++)
		if (!strncmp(names[i], word, strlen(word))) {
			if (found)
				return NULL;
			found = names[i];
		}
	return found;
}

static int unknown_option(const char *arg, size_t n, struct bl_err *err)
{
	const char *names[MOST_NAMES], *near;
	char word[64];
	size_t count = 0;

	for (int i = 0; i < 2; i++)
		for (const struct bl_opt *o = i ? common : table(); o->kind != BL_OPT_END && count < MOST_NAMES; o++)
			if (!o->secret)
				names[count++] = o->name;
	snprintf(word, sizeof word, "%.*s", n < 60 ? (int)n : 60, arg);
	near = word[0] == '-' && word[1] == '-' ? begun(word + 2, names, count) : NULL;
	if (!near && word[0] == '-' && word[1] == '-')
		near = bl_text_nearest(word + 2, names, count);
	if (near)
		return bl_err_set(err, BL_USAGE, "unknown option '%s', did you mean '--%s'?", word, near);
	bl_err_set(err, BL_USAGE, "unknown option '%s'", word);
	return program->verbs && !verb ? bl_err_hint(err, "the options of a command come after it; see '%s --help'", program->name) : -1;
}

/* One option with its value (NULL: none was attached); takes the next argument when it needs one. */
static int take(struct parse *p, const struct bl_opt *o, const char *shown, const char *value, char ***next, struct bl_err *err)
{
	bool is_common = o >= common && o < common + sizeof common / sizeof *common;
	bool *seen = is_common ? &p->seen_common[o - common] : &p->seen[o - table()];
	char from[72];

	if (o->kind == BL_OPT_FLAG && value)
		return bl_err_set(err, BL_USAGE, "option '%s' takes no value", shown);
	if (o == &common[1]) {
		bl_opt_verbose++;
		return 0;
	}
	if (*seen && o->kind != BL_OPT_LIST)
		return bl_err_set(err, BL_USAGE, "option '%s' is given twice", shown);
	*seen = true;
	if (o->kind != BL_OPT_FLAG && !value && !(value = **next))
		return bl_err_set(err, BL_USAGE, "option '%s' needs a value: %s", shown, o->arg);
	if (o->kind != BL_OPT_FLAG && value == **next)
		++*next;
	snprintf(from, sizeof from, "option '%s'", shown);
	return store(o, from, value, BL_USAGE, err);
}

/* Operands are moved to the front of argv, in order; returns how many, or -1. Stops at --help and its like. */
static int parse(struct parse *p, char **argv, struct bl_err *err)
{
	char **next = argv, **operand = argv;
	bool ended = false;

	while (*next && !help && !version && !list) {
		char *arg = *next++;
		if (ended || arg[0] != '-' || !arg[1]) {
			*operand++ = arg;
		} else if (!strcmp(arg, "--")) {
			ended = true;
		} else if (arg[1] == '-') {
			char *equals = strchr(arg, '='), shown[64];
			size_t n = equals ? (size_t)(equals - arg) : strlen(arg);
			const struct bl_opt *o = find(arg + 2, n - 2, 0);
			snprintf(shown, sizeof shown, "--%s", o ? o->name : "");
			if (!o)
				return unknown_option(arg, n, err);
			if (take(p, o, shown, equals ? equals + 1 : NULL, &next, err))
				return -1;
		} else {
			for (char *c = arg + 1; *c; c++) {
				const struct bl_opt *o = find(NULL, 0, *c);
				char shown[3] = { '-', *c, 0 };
				bool attached;
				if (!o)
					return unknown_option(shown, 2, err);
				attached = o->kind != BL_OPT_FLAG && c[1];
				if (take(p, o, shown, attached ? c + 1 : NULL, &next, err))
					return -1;
				if (o->kind != BL_OPT_FLAG)
					break;
			}
		}
	}
	return (int)(operand - argv);
}

/* --- the environment and the configuration file --- */

static int from_environment(struct parse *p, struct bl_err *err)
{
	for (const struct bl_opt *o = table(); o->kind != BL_OPT_END; o++) {
		const char *value = o->env && !p->seen[o - table()] ? getenv(o->env) : NULL;
		if (!value || !*value)
			continue;
		if (store_text(o, o->env, value, err))
			return -1;
		p->seen[o - table()] = true;
	}
	return 0;
}

static char *trim(char *s, char *end)
{
	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	while (end > s && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	*end = 0;
	return s;
}

/* One "NAME = VALUE". Names of other programs' options are none of our business. */
static int config_line(struct parse *p, bool seen[MOST], char *line, char *end, struct bl_err *err)
{
	char *equals, *name, *value;
	const struct bl_opt *o;
	size_t i;

	line = trim(line, end);
	if (!*line || *line == '#')
		return 0;
	equals = strchr(line, '=');
	if (!equals)
		return bl_err_set(err, BL_CONFIG, "'NAME = VALUE' is expected");
	value = trim(equals + 1, line + strlen(line));
	name = trim(line, equals);
	if (!*name || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")])
		return bl_err_set(err, BL_CONFIG, "'%s' is not an option name", name);
	for (o = table(); o->kind != BL_OPT_END; o++)
		if (o->env && !strcmp(o->name, name))
			break;
	if (o->kind == BL_OPT_END)
		return 0;
	i = (size_t)(o - table());
	if (seen[i] && o->kind != BL_OPT_LIST)
		return bl_err_set(err, BL_CONFIG, "'%s' is given twice", name);
	seen[i] = true;
	return p->seen[i] ? 0 : store_text(o, name, value, err);
}

static int from_config(struct parse *p, struct bl_err *err)
{
	static struct bl_buf text;		/* the values point into it until the program ends */
	const char *home = getenv("XDG_CONFIG_HOME"), *tail = "bl/config";
	bool seen[MOST] = { false }, wanted = false;
	char path[4096], *line, *next;
	unsigned number = 1;

	for (const struct bl_opt *o = table(); o->kind != BL_OPT_END; o++)
		wanted = wanted || o->env;
	if (!home || home[0] != '/') {		/* the specification: relative paths are to be ignored */
		home = getenv("HOME");
		tail = ".config/bl/config";
	}
	if (!wanted || !home || !*home || snprintf(path, sizeof path, "%s/%s", home, tail) >= (int)sizeof path)
		return 0;
	if (access(path, F_OK))
		return 0;
	bl_buf_init(&text, 64 << 10);
	if (bl_file_read(path, &text, err)) {
		err->code = BL_CONFIG;
		return -1;
	}
	if (memchr(text.p ? text.p : (const uint8_t *)"", 0, text.len))
		return bl_err_set(err, BL_CONFIG, "%s: not a text file", path);
	bl_buf_put8(&text, 0);
	if (text.failed)
		return bl_err_set(err, BL_CONFIG, "%s: longer than %zu bytes", path, text.max - 1);
	for (line = (char *)text.p; line; line = next, number++) {
		char *end = strchrnul(line, '\n');
		next = *end ? end + 1 : NULL;
		if (config_line(p, seen, line, end, err))
			return bl_err_where(err, "%s: line %u", path, number);
	}
	return 0;
}

/* --- main --- */

static size_t options(void)
{
	size_t n = 0;

	while (table()[n].kind != BL_OPT_END)
		n++;
	return n;
}

static int find_verb(char ***argv, struct bl_err *err)
{
	const char *names[MOST_NAMES], *near, *word = **argv;
	size_t count = 0;

	if (!word)
		return bl_err_set(err, BL_USAGE, "a command is missing");
	if (word[0] == '-')			/* --help and its like; anything else has no table to be in */
		return 0;
	for (const struct bl_opt_verb *v = program->verbs; v->name; v++) {
		if (!strcmp(v->name, word)) {
			verb = v;
			++*argv;
			return 0;
		}
		if (count < MOST_NAMES)
			names[count++] = v->name;
	}
	near = bl_text_nearest(word, names, count);
	if (near)
		return bl_err_set(err, BL_USAGE, "unknown command '%s', did you mean '%s'?", word, near);
	return bl_err_set(err, BL_USAGE, "unknown command '%s'", word);
}

static int run(char **argv, struct bl_err *err)
{
	struct parse p = { .seen = { false } };
	int n;

	if (program->verbs && find_verb(&argv, err))
		return -1;
	assert(options() <= MOST);
	n = parse(&p, argv, err);
	if (n < 0)
		return -1;
	if (help || version || list) {
		if (help)
			print_help();
		else if (version)
			printf("%s %s\n", program->name, BL_VERSION);
		else
			print_list();
		return 0;
	}
	if (program->verbs && !verb)
		return bl_err_set(err, BL_USAGE, "a command is missing");
	argv[n] = NULL;
	if (from_environment(&p, err) || from_config(&p, err))
		return -1;
	return (verb ? verb->run : program->run)(n, argv, err);
}

int bl_opt_main(const struct bl_opt_prog *prog, int argc, char **argv)
{
	struct bl_err err = { 0 };
	int code;

	program = prog;
	/* A closed 0, 1 or 2 would be given to the next file opened. Opened the wrong way round: using it still fails. */
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) < 0)
			return BL_OSERR;
	code = run(argv + (argc > 0), &err);
	if (code < 0) {
		if (err.code == BL_OK)
			bl_err_set(&err, BL_BUG, "failed without a reason");
		if (err.code == BL_USAGE && !err.hint[0])
			bl_err_hint(&err, "try '%s%s%s --help'", prog->name, verb ? " " : "", verb ? verb->name : "");
		code = bl_err_print(&err, prog->name);
	}
	if (bl_file_close_stdout(&err)) {
		bl_err_print(&err, prog->name);
		if (code <= BL_NO)
			code = BL_IOERR;
	}
	return code;
}
