/* SPDX-License-Identifier: Apache-2.0 */
/*
 * term: see term.h. The prompt restores the echo whatever ends it, a signal included.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>

#include "base/file.h"
#include "base/term.h"
#include "base/text.h"

bool bl_term_is(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && !(term && !strcmp(term, "dumb"));
}

/* --- passphrases --- */

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

/* One line without its newline: its length, -1 with errno (EINTR: a signal; E2BIG: too long; ENODATA: no line). */
static ssize_t read_line(int tty, char *out, size_t n)
{
	size_t len = 0;
	bool over = false;

	for (;;) {
		char c;
		ssize_t r = read(tty, &c, 1);
		if (r < 0 || caught)
			return -1;
		if (r == 0) {
			errno = ENODATA;
			return -1;
		}
		if (c == '\n') {
			errno = E2BIG;
			return over ? -1 : (ssize_t)len;
		}
		if (len + 1 < n)
			out[len++] = c;
		else
			over = true;
	}
}

int bl_term_secret(const char *prompt, char *out, size_t n, struct bl_err *err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
	enum { SIGNALS = sizeof signals / sizeof *signals };
	struct sigaction old[SIGNALS], act = { .sa_handler = on_signal };
	struct termios before, silent;
	ssize_t len;
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY), why;

	if (tty < 0 || tcgetattr(tty, &before)) {
		if (tty >= 0)
			close(tty);
		return bl_err_set(err, BL_NOINPUT, "there is no terminal to ask for the passphrase on");
	}
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	do {
		caught = 0;
		for (int i = 0; i < SIGNALS; i++)
			sigaction(signals[i], &act, &old[i]);
		tcsetattr(tty, TCSAFLUSH, &silent);
		len = bl_file_write(tty, prompt, strlen(prompt), err) ? -1 : read_line(tty, out, n);
		why = errno;
		(void)!write(tty, "\n", 1);
		tcsetattr(tty, TCSAFLUSH, &before);
		for (int i = 0; i < SIGNALS; i++)
			sigaction(signals[i], &old[i], NULL);
		if (caught)
			raise(caught);
	} while (caught == SIGTSTP);	/* stopped and continued: ask again */
	close(tty);
	if (len >= 0) {
		out[len] = 0;
		return 0;
	}
	explicit_bzero(out, n);
	if (why == E2BIG)
		return bl_err_set(err, BL_USAGE, "the passphrase is longer than %zu bytes", n - 1);
	return bl_err_set(err, BL_NOINPUT, "no passphrase was given");
}

int bl_term_passphrase(void *arg, const char *path, char *out, size_t n, struct bl_err *err)
{
	char *prompt = NULL;
	size_t size;
	FILE *f = open_memstream(&prompt, &size);
	int rc;

	(void)arg;
	if (!f)
		return bl_err_set(err, BL_OSERR, "out of memory");
	fputs("passphrase of '", f);
	bl_text_puts(path, f);
	fputs("': ", f);
	rc = fclose(f) ? bl_err_set(err, BL_OSERR, "out of memory") : bl_term_secret(prompt, out, n, err);
	free(prompt);
	return rc;
}
