/* SPDX-License-Identifier: Apache-2.0 */
/* Progress: one line at a terminal, redrawn at most ten times a second and never wider than it; SIGUSR1 prints one anywhere. */
#include "base/progress.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"

static char shown[65536];

/* What half a second of work shows on a terminal of so many columns (0: a pipe) of this kind, signalled halfway if asked. */
static const char *watch(unsigned short columns, const char *term, bool signalled)
{
	struct winsize size = { .ws_row = 24, .ws_col = columns };
	int fd[2] = { -1, -1 };
	size_t n = 0;
	ssize_t got;
	pid_t pid;

	if (columns) {
		fd[0] = posix_openpt(O_RDWR | O_NOCTTY);
		if (fd[0] < 0 || grantpt(fd[0]) || unlockpt(fd[0]) || (fd[1] = open(ptsname(fd[0]), O_RDWR | O_NOCTTY)) < 0 ||
		    ioctl(fd[1], TIOCSWINSZ, &size))
			return NULL;
	} else if (pipe(fd)) {
		return NULL;
	}
	fflush(stdout);
	if (!(pid = fork())) {
		struct bl_progress p;
		setenv("TERM", term, 1);
		dup2(fd[1], 2);
		bl_progress_init(&p, "sealing", 1000000000);
		for (uint64_t i = 1; i <= 50; i++) {
			if (signalled && i == 25)
				raise(SIGUSR1);
			usleep(10000);
			bl_progress_step(&p, i * 1000000);
		}
		bl_progress_fini(&p);
		_exit(0);
	}
	close(fd[1]);
	while (n < sizeof shown - 1 && (got = read(fd[0], shown + n, sizeof shown - 1 - n)) > 0)
		n += (size_t)got;
	shown[n] = 0;
	close(fd[0]);
	waitpid(pid, NULL, 0);
	return shown;
}

int main(void)
{
	const char *s = watch(80, "xterm", false);
	size_t draws = 0, longest = 0;

	if (!s)
		skip_all("no terminal can be made here");
	ok(strstr(s, "sealing: ") && strstr(s, " of 1.0 GB, ") && strstr(s, " s left"), "bytes, rate and time left are shown");
	for (const char *p = s; (p = strstr(p, "sealing")); p++)
		draws++;
	ok(draws > 1 && draws <= 6, "at most ten times a second");
	ok(!strchr(s, '\n'), "on one line");
	ok(strlen(s) > 4 && !strcmp(s + strlen(s) - 4, "\r\033[K"), "which is taken away at the end");

	s = watch(20, "xterm", false);
	for (const char *p = s; (p = strstr(p, "sealing")); p++)
		if (strcspn(p, "\r") > longest)
			longest = strcspn(p, "\r");
	is_int((long long)longest, 19, "a narrow terminal gets as much as fits, and does not wrap");
	is_str(watch(80, "dumb", false), "", "a dumb terminal gets nothing");
	is_str(watch(0, "xterm", false), "", "nor does a pipe");
	s = watch(0, "xterm", true);
	ok(!strncmp(s, "sealing: ", 9) && strchr(s, '\n') == s + strlen(s) - 1, "SIGUSR1 prints one line, also into a pipe");
	return tap_done();
}
