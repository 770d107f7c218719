/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opt: one table per program makes option parsing, --help, --version, completion (--_options) and the manners:
 * long names are never abbreviated, an option given twice is refused, numbers are strict, `--` ends options, an unknown
 * word gets "did you mean".  Values come from the command line, else the environment variable, else
 * $XDG_CONFIG_HOME/bl/config (lines `NAME = VALUE`, NAME the long option name).
 */
#ifndef BL_BASE_OPT_H
#define BL_BASE_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum bl_opt_kind {
	BL_OPT_END = 0,
	BL_OPT_FLAG,		/* into: bool * */
	BL_OPT_TEXT,		/* into: const char ** */
	BL_OPT_INT,		/* into: uint64_t *; min..max checked */
	BL_OPT_LIST,		/* into: struct bl_opt_list *; the only kind that may repeat */
};
struct bl_opt_list {
	const char *item[64];
	size_t n;
};
struct bl_opt {
	enum bl_opt_kind kind;
	char letter;		/* 0: long form only */
	const char *name;	/* long form without dashes, never NULL */
	const char *arg;	/* "FILE", NULL for flags */
	const char *help;	/* one line, lower case, no full stop */
	void *into;
	const char *env;	/* e.g. "BL_VAULT", NULL: not from the environment or the config file */
	uint64_t min, max;	/* BL_OPT_INT */
	bool secret;		/* hidden from --help (never used for secrets in argv: there are none) */
};

struct bl_opt_verb {		/* a subcommand; an array of them ends with name NULL */
	const char *name;
	const char *args;	/* "FILE..." for the synopsis */
	const char *summary;
	const struct bl_opt *opts;	/* ends with BL_OPT_END; shared options are repeated in each table */
	int (*run)(int argc, char **argv, struct bl_err *err);	/* operands only; returns an exit class, or -1 with err set */
	const char *example;
};
struct bl_opt_prog {
	const char *name;	/* "bl-query" */
	const char *args;	/* "[OPTION...] SQL FILE...", NULL with verbs */
	const char *summary;	/* one line: what it does */
	const struct bl_opt *opts;
	int (*run)(int argc, char **argv, struct bl_err *err);	/* as above; NULL with verbs */
	const struct bl_opt_verb *verbs;
	const char *example;	/* lines that work when pasted */
};

/*
 * The whole of main(): ignores nothing, parses, answers --help and --version on stdout, runs, prints the error once,
 * checks stdout. -q and -v are provided to every program (see bl_opt_quiet, bl_opt_verbose), and need not be in tables.
 */
int bl_opt_main(const struct bl_opt_prog *prog, int argc, char **argv);

extern bool bl_opt_quiet;	/* -q: errors only */
extern unsigned bl_opt_verbose;	/* -v, may repeat */
/* A diagnostic on stderr, "PROG: ..."; silent under -q. */
void bl_opt_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* As bl_opt_note, only with -v. */
void bl_opt_detail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
