/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A helper with a provider: the second socket of its sandbox, and the lockdown of the process at its other end, which asks a device. Children
 * lock themselves down and try what is forbidden.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "../locked.h"

/* --- the second socket, and who is at its other end --- */

static int second[2];

/* As lock_down, with a provider's socket. */
static void with_provider(const long *a)
{
	static const int sync_fd[] = { SYNC };
	uint32_t m = 0;

	if (bl_sandbox_enter(SOCK, OTHER, sync_fd, 1, &m, &err))
		_exit(99);
	call(a);
}

static int asking(const long *a)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		prepare(second[0]);
		dup2(second[1], OTHER);
		/* Whoever began, entered: the parent that it compares is the one that began. */
		uint32_t m = 0;
		static const int keep[] = { SOCK, SYNC, REPORT, OTHER };
		if (bl_sandbox_begin(keep, 4, &m, &err) || bl_mem_init(true, &err))
			_exit(99);
		with_provider(a);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void test_second(void)
{
	static char byte[1];
	static struct iovec iov = { byte, 1 };
	static struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, second))
		exit(1);
	ok(lived(asking((const long[7]){ SYS_sendto, OTHER, PTR(byte), 1, MSG_NOSIGNAL, 0, 0 })), "a helper asks its provider over a second socket");
	ok(send(second[0], "x", 1, MSG_NOSIGNAL) == 1 && lived(asking((const long[7]){ SYS_recvmsg, OTHER, PTR(&m), 0 })), "and hears it");
	ok(lived(asking((const long[7]){ SYS_sendto, SOCK, PTR(byte), 1, MSG_NOSIGNAL, 0, 0 })), "and speaks to its client as before");
	recv(pair[0], byte, 1, MSG_DONTWAIT);
	ok(died(asking((const long[7]){ SYS_sendto, REPORT, PTR(byte), 1, MSG_NOSIGNAL, 0, 0 })), "a third would be one too many");
	ok(died(asking((const long[7]){ SYS_sendto, OTHER, PTR(byte), 1, MSG_NOSIGNAL, PTR(byte), 1 })), "nor may the second be told an address");
	ok(died(asking((const long[7]){ SYS_recvfrom, OTHER, PTR(byte), 1, 0, 0, 0 })), "nor be heard by another call");
	close(second[0]);
	close(second[1]);
}

/* What asks a device: locked down as that is, with nothing open but its socket and what lies beneath the root. */
static const char *root = dir;

static int confined(void (*what)(const long *), const long *arg)
{
	int status = -1;
	pid_t helper = getpid(), pid = fork();

	if (!pid) {
		prepare(pair[0]);
		if (bl_sandbox_begin_child(helper, SOCK, &err))
			_exit(99);
		bl_sandbox_enter_child(root);
		what(arg);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void use_root(const long *a)
{
	char path[64];
	int fd;

	(void)a;
	snprintf(path, sizeof path, "%s/made", dir);
	if (mkdir(path, 0700) || rmdir(path) || (fd = open("journal", O_RDWR | O_CLOEXEC)) < 0 || write(fd, "", 1) != 1)
		_exit(1);
	if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 || open("/proc/self/maps", O_RDONLY | O_CLOEXEC) >= 0 || mkdir("/tmp/bl-made", 0700) == 0)
		_exit(2);
	if (open("new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0)
		_exit(3);
	for (int i = 3; i < 64; i++)
		if (i != SOCK && i != fd && fcntl(i, F_GETFL) >= 0)
			_exit(4);
	if (prctl(PR_GET_DUMPABLE) || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		_exit(5);
}

static const short device_calls[] = {
	SYS_recvfrom, SYS_openat, SYS_mkdirat, SYS_unlinkat, SYS_ioctl, SYS_writev, SYS_alarm, SYS_nanosleep, SYS_clock_nanosleep, 0,
}, node_calls[] = { SYS_recvfrom, SYS_ioctl, SYS_writev, SYS_alarm, SYS_nanosleep, SYS_clock_nanosleep, 0 };

static void test_device(void)
{
	static char byte[1];
	const long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);

	test_all_calls(confined, device_calls, "every system call that who asks a device does not need ends that process");
	ok(died(confined(call, (const long[7]){ SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0 })), "it maps nothing executable");
	ok(died(confined(call, (const long[7]){ SYS_sendto, SOCK, PTR(byte), 1, MSG_NOSIGNAL, PTR(byte), 1 })), "it tells no socket an address");
	root = "/dev/null";
	test_all_calls(confined, node_calls, "nor does it open anything, landlock or not, where its device is no directory");
	root = dir;
	if (abi < 1)
		skip(1, "no landlock on this machine");
	else
		is_int(WEXITSTATUS(confined(use_root, NULL)), 0, "it opens what lies beneath its root and nothing else, makes no file, and inherits no descriptor");
}

int main(void)
{
	if (!mkdtemp(dir) || chdir(dir) || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		skip_all("no room in /tmp");
	if (!lived(locked(call, (const long[7]){ SYS_getpid })))
		ok(0, "a process locks itself down: %s", err.msg);
	if (!HOLDS(SECCOMP)) {
		skip(1, "no system call filter on this machine or in this build");
	} else {
		test_second();
		test_device();
	}
	if (!chdir("/")) {
		char cmd[64];
		snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
		if (system(cmd))
			return 1;
	}
	return tap_done();
}
