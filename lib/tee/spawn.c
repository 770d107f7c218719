/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn: see spawn.h. The helper gets two descriptors and perhaps a provider's name: no environment, no signal mask, no
 * terminal's process group (Ctrl-C and Ctrl-Z are the client's; a helper stopped with the journal's lock would stop everybody).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "tee/frame.h"
#include "tee/spawn.h"

enum { HIGH = 10, GRACE_MS = 2000 };	/* HIGH: above the descriptors that the helper gets */

static int join(char path[PATH_MAX], const char *dir, size_t n)
{
	return snprintf(path, PATH_MAX, "%.*s/bl-tee", (int)n, dir) < PATH_MAX ? 0 : -1;
}

static int find_helper(char path[PATH_MAX], struct bl_err *err)
{
	const char *dir = getenv("BL_LIBEXEC");
	char self[PATH_MAX];
	ssize_t n;

	if (dir && *dir)
		return join(path, dir, strlen(dir)) ? bl_err_set(err, BL_UNAVAILABLE, "'BL_LIBEXEC' is too long") : 0;
	n = readlink("/proc/self/exe", self, sizeof self);
	if (n > 0 && n < (ssize_t)sizeof self) {
		const char *slash = memrchr(self, '/', (size_t)n);
		if (slash && !join(path, self, (size_t)(slash - self)) && !access(path, X_OK))
			return 0;
	}
	return join(path, BL_LIBEXEC_DIR, sizeof BL_LIBEXEC_DIR - 1);
}

static int parse_addr(const char *addr, char path[PATH_MAX], struct bl_err *err)
{
	static const char *const later[] = { "unix:", "tls:" };

	if (!addr || !strcmp(addr, "proc"))
		return find_helper(path, err);
	for (size_t i = 0; i < sizeof later / sizeof *later; i++)
		if (!strncmp(addr, later[i], strlen(later[i])))
			return bl_err_set(err, BL_USAGE, "helper address '%s': '%s' is not built in this version", addr, later[i]);
	if (strncmp(addr, "proc:", 5) || !addr[5] || strlen(addr + 5) >= PATH_MAX) {
		bl_err_set(err, BL_USAGE, "helper address '%s' is none", addr);
		return bl_err_hint(err, "'proc' is the installed helper, 'proc:PATH' another one, 'vm:DIR' one in a virtual machine");
	}
	strcpy(path, addr + 5);
	return 0;
}

static int above(int fd)
{
	int up = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, HIGH);

	if (fd >= 0)
		close(fd);
	return up;
}

int bl_spawn_start(pid_t *pid, const char *path, const char *arg, const char *value, int sock, int vault)
{
	static char name[] = "bl-tee";
	char *const argv[] = { name, (char *)(uintptr_t)arg, (char *)(uintptr_t)value, NULL }, *const envp[] = { NULL };
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int rc;

	if ((rc = posix_spawn_file_actions_init(&fa)))
		return rc;
	if ((rc = posix_spawnattr_init(&attr))) {
		posix_spawn_file_actions_destroy(&fa);
		return rc;
	}
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	if (!(rc = posix_spawn_file_actions_adddup2(&fa, sock, BL_SPAWN_SOCK)) &&
	    !(rc = posix_spawn_file_actions_adddup2(&fa, vault, BL_SPAWN_VAULT)) &&
	    !(rc = posix_spawn_file_actions_addclosefrom_np(&fa, BL_SPAWN_VAULT + 1)))
		rc = posix_spawn(pid, path, &fa, &attr, argv, envp);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&fa);
	return rc;
}

int bl_spawn_open(struct bl_spawn *s, const char *addr, const char *provider, const char *vault, struct bl_err *err)
{
	int pair[2] = { -1, -1 }, dir = -1, rc = -1;
	char path[PATH_MAX];

	s->pid = -1;
	s->sock = -1;
	if (parse_addr(addr, path, err))
		return -1;
	if ((dir = open(vault, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return bl_err_sys(err, BL_NOINPUT, "cannot open vault '%s'", vault);
	bl_file_input(dir);
	if ((dir = above(dir)) < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) ||
	    (pair[1] = above(pair[1])) < 0) {
		bl_err_sys(err, BL_OSERR, "cannot make the helper's descriptors");
		goto out;
	}
	if ((errno = bl_spawn_start(&s->pid, path, provider ? "--provider" : NULL, provider, pair[1], dir))) {
		const bool absent = errno == ENOENT;
		s->pid = -1;
		bl_err_sys(err, BL_UNAVAILABLE, "cannot start the helper '%s'", path);
		if (absent)
			bl_err_hint(err, "install bl, or name its folder in BL_LIBEXEC");
		goto out;
	}
	s->sock = pair[0];
	pair[0] = -1;
	rc = 0;
out:
	if (dir >= 0)
		close(dir);
	for (int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			close(pair[i]);
	return rc;
}

/* The helper sees the end of our side and ends; one that does not is killed. */
static void hang_up(struct bl_spawn *s)
{
	struct pollfd p = { .fd = pidfd_open(s->pid, 0), .events = POLLIN };
	int rc;

	close(s->sock);
	if (p.fd < 0)
		return;
	do
		rc = poll(&p, 1, GRACE_MS);
	while (rc < 0 && errno == EINTR);
	if (!rc)
		kill(s->pid, SIGKILL);
	close(p.fd);
}

static void explain(int status, struct bl_err *err)
{
	if (WIFEXITED(status) && WEXITSTATUS(status)) {
		const uint32_t code[2] = { (uint32_t)WEXITSTATUS(status), 0 };
		const struct bl_frame f = { .type = BL_FRAME_ERROR, .len = sizeof code, .body = (const uint8_t *)code };
		bl_frame_error(&f, NULL, err);
		return;
	}
	if (!WIFSIGNALED(status))
		return;
	switch (WTERMSIG(status)) {
	case SIGSYS:
		bl_err_set(err, BL_BUG, "the helper was stopped by its sandbox: a bug of its own, or its kernel is too new for it");
		break;
	case SIGSEGV:
	case SIGBUS:
	case SIGABRT:
	case SIGILL:
	case SIGFPE:
	case SIGTRAP:
		bl_err_set(err, BL_BUG, "the helper crashed (%s)", strsignal(WTERMSIG(status)));
		break;
	default:
		bl_err_set(err, BL_UNAVAILABLE, "the helper was killed (%s)", strsignal(WTERMSIG(status)));
	}
}

int bl_spawn_class(int status)
{
	struct bl_err err = { .code = BL_OK };

	explain(status, &err);
	return err.code;
}

void bl_spawn_leave(struct bl_spawn *s)
{
	if (s->pid >= 0)
		close(s->sock);
	s->pid = -1;
	s->sock = -1;
}

void bl_spawn_close(struct bl_spawn *s, struct bl_err *err)
{
	int status;
	pid_t got;

	if (s->pid < 0)
		return;
	hang_up(s);
	do
		got = waitpid(s->pid, &status, 0);
	while (got < 0 && errno == EINTR);
	if (got == s->pid && err->code == BL_UNAVAILABLE)
		explain(status, err);
	s->pid = -1;
	s->sock = -1;
}
