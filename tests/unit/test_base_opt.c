/* SPDX-License-Identifier: Apache-2.0 */
/* Options: one table parses, explains and lists; strict, never abbreviated, never twice. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"
#include "base/opt.h"

static bool flag;
static const char *text, *vault;
static uint64_t number;
static struct bl_opt_list list;

#define OPTS \
	{ BL_OPT_FLAG, 'x', "extra", NULL, "a flag", &flag, NULL, 0, 0, false }, \
	{ BL_OPT_TEXT, 'o', "output", "FILE", "a text", &text, NULL, 0, 0, false }, \
	{ BL_OPT_INT, 0, "number", "N", "a number", &number, NULL, 3, 10, false }, \
	{ BL_OPT_LIST, 'r', "recipient", "KEY", "a list", &list, NULL, 0, 0, false }, \
	{ BL_OPT_TEXT, 'V', "vault", "DIR", "from the environment", &vault, "BL_TEST_VAULT", 0, 0, false }, \
	{ BL_OPT_FLAG, 0, "hidden", NULL, "not shown", &flag, NULL, 0, 0, true }, \
	{ BL_OPT_END, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, false }

static const struct bl_opt opts[] = { OPTS };

static int report(int argc, char **argv, struct bl_err *err)
{
	if (argc == 1 && !strcmp(argv[0], "fail")) {
		bl_err_set(err, BL_REFUSED, "refused");
		return bl_err_hint(err, "ask");
	}
	if (argc == 1 && !strcmp(argv[0], "no"))
		return BL_NO;
	printf("%d %s %llu %s q%d v%u", flag, text ? text : "-", (unsigned long long)number, vault ? vault : "-", bl_opt_quiet, bl_opt_verbose);
	for (size_t i = 0; i < list.n; i++)
		printf(" r=%s", list.item[i]);
	for (int i = 0; i < argc; i++)
		printf(" [%s]", argv[i]);
	bl_opt_note("a note");
	bl_opt_detail("a detail");
	return argv[argc] != NULL;
}

static const struct bl_opt_verb verbs[] = {
	{ "show", "FILE...", "shows", opts, report, "bl-test show x" },
	{ "verify", "", "verifies", opts, report, "bl-test verify" },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};
static const struct bl_opt_prog plain = { .name = "bl-test", .args = "[OPTION...] FILE", .summary = "Tests.", .opts = opts, .run = report, .example = "bl-test x" };
static const struct bl_opt_prog verbed = { .name = "bl-test", .summary = "Tests.", .verbs = verbs, .example = "bl-test show x" };

static char out[8192], err[8192];
static int rc;

static void slurp(const char *path, char *to)
{
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(to, 1, 8191, f) : 0;
	to[n] = 0;
	if (f)
		fclose(f);
}

/* Words, separated by spaces ('_' is a word of nothing), through a process of its own. */
static void run(const struct bl_opt_prog *prog, const char *line)
{
	static char name[] = "bl-test";
	char copy[256], *argv[80] = { name }, *save = NULL;
	int argc = 1, status;

	snprintf(copy, sizeof copy, "%s", line);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = strcmp(w, "_") ? w : w + 1;
	fflush(stdout);
	pid_t pid = fork();
	if (!pid) {
		if (!freopen("out", "w", stdout) || !freopen("err", "w", stderr))
			_exit(99);
		exit(bl_opt_main(prog, argc, argv));
	}
	waitpid(pid, &status, 0);
	rc = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	slurp("out", out);
	slurp("err", err);
}

static void gives(const char *line, const char *want)
{
	run(&plain, line);
	if (!ok(!rc && !strcmp(out, want), "'%s' is taken", line))
		printf("# %d: got '%s', wanted '%s': %s\n", rc, out, want, err);
}

static void refused(const char *line, const char *says)
{
	run(&plain, line);
	unsigned lines = 0;
	for (const char *p = err; *p; p++)
		lines += *p == '\n';
	if (!ok(rc == BL_USAGE && !*out && lines == 2 && strstr(err, says) && strstr(err, "hint: "), "'%s' is refused in two lines", line))
		printf("# %d: '%s' '%s', wanted '%s'\n", rc, out, err, says);
}

static void test_taken(void)
{
	gives("a b", "0 - 0 - q0 v0 [a] [b]");
	gives("-x", "1 - 0 - q0 v0");
	gives("--extra", "1 - 0 - q0 v0");
	gives("-o f", "0 f 0 - q0 v0");
	gives("-of", "0 f 0 - q0 v0");
	gives("-xof", "1 f 0 - q0 v0");
	gives("--output f", "0 f 0 - q0 v0");
	gives("--output=f", "0 f 0 - q0 v0");
	gives("--output=", "0  0 - q0 v0");
	gives("-o -", "0 - 0 - q0 v0");
	gives("-o -x", "0 -x 0 - q0 v0");
	gives("-o --", "0 -- 0 - q0 v0");
	gives("-o _", "0  0 - q0 v0");
	gives("--number 3", "0 - 3 - q0 v0");
	gives("--number=10", "0 - 10 - q0 v0");
	gives("-r a --recipient b -rc", "0 - 0 - q0 v0 r=a r=b r=c");
	gives("a -x b", "1 - 0 - q0 v0 [a] [b]");
	gives("a -- -x --extra", "0 - 0 - q0 v0 [a] [-x] [--extra]");
	gives("- a", "0 - 0 - q0 v0 [-] [a]");
	gives("-V d", "0 - 0 d q0 v0");
	gives("-q", "0 - 0 - q1 v0");
	is_str(err, "", "and says nothing");
	gives("-v -vv", "0 - 0 - q0 v3");
	is_str(err, "bl-test: a note\nbl-test: a detail\n", "and tells the details");
	gives("_ a", "0 - 0 - q0 v0 [] [a]");
}

static void test_refused(void)
{
	refused("-x -x", "'-x' is given twice");
	refused("-x --extra", "'--extra' is given twice");
	refused("-o a -o a", "twice");
	refused("-q -q", "twice");
	refused("--ext", "unknown option '--ext'");
	refused("--outptu", "did you mean '--output'?");
	refused("--out=x", "unknown option '--out'");
	refused("-z", "unknown option '-z'");
	refused("-xz", "unknown option '-z'");
	refused("--extra=yes", "takes no value");
	refused("--hiden", "unknown option '--hiden'");
	ok(!strstr(err, "hidden"), "and no hidden one is suggested");
	refused("-o", "needs a value");
	refused("--output", "needs a value");
	refused("--number 2", "from 3 to 10");
	refused("--number 11", "from 3 to 10");
	refused("--number 5x", "'5x' is not a whole number");
	refused("--number -1", "'-1' is not a whole number");
	refused("--number _", "is not a whole number");
	refused("--number 0x5", "is not a whole number");
	refused("--number 99999999999999999999", "is not a whole number");
}

static void test_others(void)
{
	run(&plain, "fail");
	ok(rc == BL_REFUSED && !strcmp(err, "bl-test: refused\nbl-test: hint: ask\n"), "an error is printed once, with its own hint");
	run(&plain, "no");
	ok(rc == BL_NO && !*err, "a no is an exit status");
	run(&plain, "--help");
	ok(!rc && !*err && strstr(out, "-o, --output FILE") && strstr(out, "--quiet") && strstr(out, "bl-test x\n"), "--help explains all on stdout");
	ok(!strstr(out, "hidden") && !strstr(out, "_options"), "but what is hidden");
	run(&plain, "-h --nonsense");
	ok(!rc, "-h does, whatever follows");
	run(&plain, "--version");
	ok(!rc && !strncmp(out, "bl-test ", 8) && strchr(out, '.'), "--version answers");
	run(&plain, "--_options");
	ok(!rc && strstr(out, "option\to\toutput\tFILE\ta text\n"), "--_options lists the table");
	run(&verbed, "show a");
	ok(!rc && strstr(out, "[a]"), "a command runs");
	run(&verbed, "");
	ok(rc == BL_USAGE && strstr(err, "a command is missing"), "none is missing");
	run(&verbed, "shwo");
	ok(rc == BL_USAGE && strstr(err, "did you mean 'show'?"), "a misspelt one is known");
	run(&verbed, "show --help");
	ok(!rc && strstr(out, "usage: bl-test show [OPTION...] FILE...") && strstr(out, "--output"), "each explains itself");
	run(&verbed, "--help");
	ok(!rc && strstr(out, "verify") && strstr(out, "shows"), "and all are listed");
	run(&verbed, "verify -z");
	ok(rc == BL_USAGE && strstr(err, "try 'bl-test verify --help'"), "a hint is for the command at hand");
	run(&verbed, "-x show");
	ok(rc == BL_USAGE, "options come after the command");
}

static void config(const char *s)
{
	FILE *f = fopen("config/bl/config", "w");
	fputs(s, f);
	fclose(f);
}

static void test_sources(void)
{
	char cwd[200], path[256];

	if (!getcwd(cwd, sizeof cwd) || mkdir("config", 0700) || mkdir("config/bl", 0700))
		abort();
	snprintf(path, sizeof path, "%s/config", cwd);
	setenv("XDG_CONFIG_HOME", path, 1);
	config("# comment\n\n vault = from config \nother = 5\n");
	gives("", "0 - 0 from config q0 v0");
	setenv("BL_TEST_VAULT", "env", 1);
	gives("", "0 - 0 env q0 v0");
	gives("-V arg", "0 - 0 arg q0 v0");
	setenv("BL_TEST_VAULT", "", 1);
	gives("", "0 - 0 from config q0 v0");
	config("output = x\n");
	gives("", "0 - 0 - q0 v0");
	config("vault\n");
	run(&plain, "");
	ok(rc == BL_CONFIG && strstr(err, "line 1"), "a line without '=' is 78");
	config("vault = a\nvault = b\n");
	run(&plain, "");
	ok(rc == BL_CONFIG && strstr(err, "line 2"), "so is one given twice");
	config("vault = a");
	gives("", "0 - 0 a q0 v0");
	config("VAULT = a\n");
	run(&plain, "");
	ok(rc == BL_CONFIG, "and a name that is none");
	setenv("XDG_CONFIG_HOME", "config", 1);
	setenv("HOME", "/nonexistent", 1);
	gives("", "0 - 0 - q0 v0");
}

int main(void)
{
	char dir[] = "/tmp/bl-opt.XXXXXX", command[64];

	if (!mkdtemp(dir) || chdir(dir))
		return 1;
	unsetenv("BL_TEST_VAULT");
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	test_taken();
	test_refused();
	test_others();
	test_sources();
	snprintf(command, sizeof command, "rm -r %s", dir);
	return chdir("/") | system(command) | tap_done();
}
