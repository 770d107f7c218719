/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locked: for tests of the sandbox: children that lock themselves down and do one thing, and every system call tried. The test's working
 * directory is a folder of its own; `pair` is a SEQPACKET pair.
 */
#ifndef TESTS_LOCKED_H
#define TESTS_LOCKED_H

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mask.h"
#include "crypt/mem.h"
#include "tap.h"
#include "tee/sandbox.h"

enum { SOCK = 3, SYNC = 4, REPORT = 5, OTHER = 6 };	/* the child's descriptors; OTHER is one that nobody may write */

static struct bl_err err;
static char dir[] = "/tmp/bl-sandbox.XXXXXX";
static int pair[2];
static uint32_t mask;		/* of the last child */

#define HOLDS(bit) (mask >> BL_MASK_##bit & 1)

/* --- a locked child --- */

/* SOCK, SYNC, REPORT and OTHER in place, nothing locked yet. */
static inline void prepare(int report)
{
	int from[] = { pair[1], open("journal", O_RDWR | O_APPEND | O_CREAT, 0600), report, open("other", O_RDWR | O_CREAT, 0600) };

	for (int i = 0; i < 4; i++)
		from[i] = fcntl(from[i], F_DUPFD, 20);
	for (int i = 0; i < 4; i++)
		dup2(from[i], SOCK + i);
	alarm(20);
}

static inline uint32_t lock_down(void)
{
	static const int keep[] = { SOCK, SYNC, REPORT, OTHER }, sync_fd[] = { SYNC, REPORT };
	uint32_t m = 0;

	if (bl_sandbox_begin(keep, 4, &m, &err) || bl_mem_init(true, &err))
		_exit(err.code);
	bl_json_init();
	if (bl_sandbox_enter(SOCK, -1, sync_fd, 2, &m, &err))
		_exit(err.code);
	return m;
}

/* Runs `what` in a locked child; returns its wait status. Exit status 0: it survived. */
static inline int locked(void (*what)(const long *), const long *arg)
{
	int p[2], status = -1;
	uint32_t m = 0;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC))
		exit(1);
	if (!(pid = fork())) {
		prepare(p[1]);
		m = lock_down();
		if (write(REPORT, &m, sizeof m) != sizeof m)
			_exit(99);
		what(arg);
		_exit(0);
	}
	close(p[1]);
	if (read(p[0], &m, sizeof m) == sizeof m)
		mask = m;
	close(p[0]);
	waitpid(pid, &status, 0);
	return status;
}

static inline bool died(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

static inline bool lived(int status)
{
	if (WIFSIGNALED(status))
		printf("# killed: %s\n", strsignal(WTERMSIG(status)));
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

static inline void call(const long *a)
{
	syscall(a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
}

#define PTR(p) ((long)(uintptr_t)(p))

/* --- every call --- */

/* May be made with any arguments; more of them by a session, with some, which are tried below; and by who asks a device. */
static const short any[] = {
	SYS_pread64, SYS_readv, SYS_lseek, SYS_fstat, SYS_close, SYS_poll, SYS_getrandom, SYS_clock_gettime, SYS_gettimeofday,
	SYS_time, SYS_futex, SYS_sched_yield, SYS_getpid, SYS_rt_sigreturn, SYS_restart_syscall, SYS_exit, SYS_exit_group, SYS_munmap,
	SYS_mremap, SYS_madvise, SYS_brk, SYS_mlock, SYS_munlock, SYS_mmap, SYS_mprotect, SYS_sendto, SYS_newfstatat, SYS_prctl, SYS_fcntl,
	SYS_write, 0,
};
static inline bool listed(const short *list, long nr)
{
	for (size_t i = 0; list[i]; i++)		/* read is call 0, and not tried */
		if (list[i] == nr)
			return true;
	return false;
}

static inline void test_all_calls(int (*run)(void (*)(const long *), const long *), const short *more, const char *promise)
{
	unsigned bad = 0, tried = 0;

	for (long nr = 1; nr < 480; nr++) {
		long arg[7] = { nr, -1, -1, -1, -1, -1, -1 };
		/* uretprobe, uprobe: the kernel's own, no filter sees them */
		if (nr == 335 || nr == 336 || listed(any, nr) || listed(more, nr))
			continue;
		tried++;
		if (!died(run(call, arg)))
			bad++, printf("# system call %ld does not die\n", nr);
	}
	ok(!bad && tried > 400, "%s", promise);
}

#endif
