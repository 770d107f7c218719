/* SPDX-License-Identifier: Apache-2.0 */
/* progress: see progress.h. Never touches a stderr that is no terminal, unless SIGUSR1 asks. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/opt.h"
#include "base/progress.h"
#include "base/term.h"
#include "base/time.h"

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

static void print_line(const struct bl_progress *p, uint64_t now, char out[256])
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
	snprintf(out, 256, "%s: %s%s, %s/s%s", p->what, done, total, speed, left);
}

/* Over the line drawn before: cut where the terminal would wrap it, for only one line can be taken back. */
static void draw(const struct bl_progress *p, uint64_t now)
{
	struct winsize size = { 0 };
	char line[256];

	print_line(p, now, line);
	if (!ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col && size.ws_col <= strlen(line))
		line[size.ws_col - 1] = 0;
	fprintf(stderr, "\r\033[K%s", line);
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
		char line[256];
		print_line(p, now, line);
		fprintf(stderr, "%s%s\n", p->drawn ? "\r\033[K" : "", line);
		p->drawn = false;
	} else if (now - p->last_ns >= 100000000) {
		draw(p, now);
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
