/* SPDX-License-Identifier: Apache-2.0 */
/*
 * term: terminals. The prompt restores the echo whatever ends it, a signal included; progress never touches a stderr that
 * is not a terminal, except when SIGUSR1 asks.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "base/opt.h"
#include "base/term.h"
#include "base/time.h"

bool bl_term_is(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && !(term && !strcmp(term, "dumb"));
}

bool bl_term_colour(int fd)
{
	const char *no = getenv("NO_COLOR");

	return bl_term_is(fd) && !(no && *no);
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

/* --- progress --- */

static volatile sig_atomic_t asked;

static void on_usr1(int sig)
{
	(void)sig;
	asked = 1;
}

/* Bytes as people say them: "754 MB". */
static void print_bytes(double n, char out[32])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	size_t u = 0;

	for (; n >= 999.5 && u < 4; u++)
		n /= 1000;
	snprintf(out, 32, "%.*f %s", u && n < 9.95 ? 1 : 0, n, units[u]);
}

static void draw(const struct bl_progress *p, uint64_t now, const char *before, const char *after)
{
	double seconds = (double)(now - p->start_ns) / 1e9, rate = seconds > 0 ? (double)p->done / seconds : 0;
	char done[32], total[40] = "", speed[32], left[48] = "";

	print_bytes((double)p->done, done);
	print_bytes(rate, speed);
	if (p->total) {
		memcpy(total, " of ", 4);
		print_bytes((double)p->total, total + 4);
		if (rate > 0 && p->total >= p->done)
			snprintf(left, sizeof left, ", %.0f s left", (double)(p->total - p->done) / rate);
	}
	fprintf(stderr, "%s%s: %s%s, %s/s%s%s", before, p->what, done, total, speed, left, after);
}

void bl_progress_init(struct bl_progress *p, const char *what, uint64_t total)
{
	struct sigaction act = { .sa_handler = on_usr1, .sa_flags = SA_RESTART };

	*p = (struct bl_progress){
		.what = what, .total = total, .start_ns = bl_time_mono_ns(), .on = !bl_opt_quiet && bl_term_is(STDERR_FILENO),
	};
	p->last_ns = p->start_ns;
	sigaction(SIGUSR1, &act, NULL);
}

void bl_progress_step(struct bl_progress *p, uint64_t done)
{
	uint64_t now;

	p->done = done;
	if (!p->on && !asked)
		return;
	now = bl_time_mono_ns();
	if (asked) {
		asked = 0;
		draw(p, now, p->drawn ? "\r\033[K" : "", "\n");
		p->drawn = false;
	} else if (now - p->last_ns >= 100000000) {
		draw(p, now, "\r\033[K", "");
		p->drawn = true;
		p->last_ns = now;
	}
}

void bl_progress_fini(struct bl_progress *p)
{
	if (p->drawn)
		fputs("\r\033[K", stderr);
	p->on = p->drawn = false;
}
