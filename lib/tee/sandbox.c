/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox: see sandbox.h. The order is what makes it work: the user namespace is entered after exec (entered before, its maker
 * may trace us), dumpable is dropped after the mounts, landlock before the filter, the filter last.
 *
 * No uid is mapped in the user namespace: nothing after it needs one, and a helper that cannot write its own map is the usual case.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/prctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mask.h"
#include "crypt/mem.h"
#include "tee/filter.h"
#include "tee/sandbox.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || __has_feature(address_sanitizer) || \
	__has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
enum { SANITIZED = 1 };		/* its runtime opens /proc, forks and traces itself at the end */
#else
enum { SANITIZED = 0 };
#endif

/* Newer than the oldest headers that this builds with. */
enum { MDWE_SET = 65, MDWE_GET = 66, MDWE_REFUSE_EXEC_GAIN = 1 };
enum { KEEP = 16, NOFILE = 64, POOL = 64 << 10 };
static const rlim_t data_limit = (rlim_t)4 << 30;

static pid_t parent;
static uint32_t in_force;

static void set(uint32_t *mask, unsigned bit, bool good)
{
	if (good)
		*mask |= 1u << bit;
}

/* --- begin --- */

/* 1: traced, 0: not, -1: no way to tell. */
static int is_traced(void)
{
	char text[4096];
	const char *at;
	ssize_t n;
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0)
		return -1;
	text[n] = 0;
	at = strstr(text, "\nTracerPid:\t");
	return at ? at[12] != '0' : -1;
}

static int stdio_to_null(struct bl_err *err)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; fd >= 0 && i < 3; i++)
		if (fd != i && dup2(fd, i) < 0)
			return bl_err_sys(err, BL_OSERR, "cannot let go of standard input and output");
	if (fd > 2)
		close(fd);
	return fd < 0 ? bl_err_sys(err, BL_OSERR, "cannot open '/dev/null'") : 0;
}

/* Everything above stdio but these, which are in ascending order. */
static bool close_others(const int *keep, size_t n)
{
	unsigned from = 3;
	bool good = true;

	for (size_t i = 0; i < n; i++) {
		assert(keep[i] >= (int)from);
		if ((unsigned)keep[i] > from)
			good &= !close_range(from, (unsigned)keep[i] - 1, 0);
		from = (unsigned)keep[i] + 1;
	}
	return good && !close_range(from, ~0u, 0);
}

/* Who is at the other end of the first of these that is a connection? */
static bool is_other_uid(const int *fd, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct ucred peer;
		socklen_t len = sizeof peer;
		if (!getsockopt(fd[i], SOL_SOCKET, SO_PEERCRED, &peer, &len) && peer.pid)
			return peer.uid != getuid();
	}
	return false;
}

static bool limit(int what, rlim_t soft, rlim_t hard)
{
	struct rlimit l = { soft, hard };

	return !setrlimit((__rlimit_resource_t)what, &l) && !getrlimit((__rlimit_resource_t)what, &l) && l.rlim_cur == soft;
}

int bl_sandbox_begin(const int *keep, size_t nkeep, uint32_t *mask, struct bl_err *err)
{
	const int traced = is_traced(), dumpable = prctl(PR_GET_DUMPABLE);
	struct rlimit l;
	unsigned memory;

	assert(nkeep <= KEEP);
	parent = getppid();
	if (traced > 0)
		return bl_err_set(err, BL_UNAVAILABLE, "the helper is being traced");
	set(mask, BL_MASK_UNTRACED, !traced);
	/* A file that its user may not read makes its process undumpable from the first instruction; 1 is the ordinary value. */
	set(mask, BL_MASK_UNREADABLE, dumpable == 0 || dumpable == 2);
	set(mask, BL_MASK_OTHERUID, is_other_uid(keep, nkeep));
	clearenv();
	umask(077);
	if (stdio_to_null(err))
		return -1;
	set(mask, BL_MASK_CLOSEFDS, close_others(keep, nkeep));
	set(mask, BL_MASK_NOCORE, limit(RLIMIT_CORE, 0, 0));
	if (!getrlimit(RLIMIT_MEMLOCK, &l))
		limit(RLIMIT_MEMLOCK, l.rlim_max, l.rlim_max);
	memory = bl_mem_pool(POOL);
	set(mask, BL_MASK_MEMLOCK, memory & BL_MEM_LOCKED);
	set(mask, BL_MASK_SECRETMEM, memory & BL_MEM_HIDDEN);
	return 0;
}

/* --- enter, in order --- */

static int drop_privileges(uint32_t *mask, struct bl_err *err)
{
	set(mask, BL_MASK_NNP, !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	/* The signal comes when the parent ends from now on; it may have ended before. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		return bl_err_set(err, BL_UNAVAILABLE, "whoever started the helper is gone");
	limit(RLIMIT_NOFILE, NOFILE, NOFILE);
	if (!SANITIZED)			/* shadow memory would count */
		limit(RLIMIT_DATA, data_limit, data_limit);
	return 0;
}

/* The namespaces a process is in have inode numbers; 0: cannot tell. */
static ino_t namespace(const char *name)
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof path, "/proc/self/ns/%s", name);
	return stat(path, &st) ? 0 : st.st_ino;
}

static void leave_namespaces(uint32_t *mask)
{
	static const struct { int flag; const char *name; unsigned bit; } ns[] = {
		{ CLONE_NEWUSER, "user", BL_MASK_USERNS }, { CLONE_NEWNS, "mnt", BL_MASK_MNTNS }, { CLONE_NEWNET, "net", BL_MASK_NETNS },
		{ CLONE_NEWIPC, "ipc", BL_MASK_IPCNS }, { CLONE_NEWUTS, "uts", BL_MASK_IPCNS }, { CLONE_NEWCGROUP, "cgroup", BL_MASK_IPCNS },
	};
	enum { N = sizeof ns / sizeof *ns };
	uint32_t failed = 0;
	ino_t before[N];
	int all = 0;

	for (size_t i = 0; i < N; i++) {
		before[i] = namespace(ns[i].name);
		all |= ns[i].flag;
	}
	/* All at once, or each that can be had: root without user namespaces, a kernel without one of the others. */
	if (unshare(all))
		for (size_t i = 0; i < N; i++)
			set(&failed, ns[i].bit, unshare(ns[i].flag));
	for (size_t i = 0; i < N; i++) {
		const ino_t now = namespace(ns[i].name);
		set(&failed, ns[i].bit, now && now == before[i]);
	}
	for (size_t i = 0; i < N; i++)
		set(mask, ns[i].bit, !(failed >> ns[i].bit & 1));
}

/* Only in a mount namespace of our own. */
static bool empty_root(void)
{
	static const char *const places[] = { "/tmp", "/usr", "/etc" };
	struct statfs fs;
	size_t i = 0;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return false;
	while (mount("none", places[i], "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,mode=555"))
		if (++i == sizeof places / sizeof *places)
			return false;
	/* The old root ends up over the new one, and is then let go of. */
	if (chdir(places[i]) || syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/"))
		return false;
	return !statfs("/", &fs) && fs.f_type == TMPFS_MAGIC && access("/proc", F_OK) && access("/tmp", F_OK);
}

static bool no_capabilities(void)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2] = { { 0 } };

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (int cap = 0; !prctl(PR_CAPBSET_DROP, cap, 0, 0, 0); cap++)
		;
	if (syscall(SYS_capset, &h, d) || syscall(SYS_capget, &h, d))
		return false;
	return !(d[0].effective | d[0].permitted | d[0].inheritable | d[1].effective | d[1].permitted | d[1].inheritable);
}

static void forbid_tricks(uint32_t *mask)
{
	set(mask, BL_MASK_NODUMP, !prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	set(mask, BL_MASK_MDWE, !prctl(MDWE_SET, MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) &&
				prctl(MDWE_GET, 0, 0, 0, 0) & MDWE_REFUSE_EXEC_GAIN);
	/* Against other processes on this core. Refused in most virtual machines; no layer of the mask. */
	prctl(PR_SET_SPECULATION_CTRL, PR_SPEC_INDIRECT_BRANCH, PR_SPEC_FORCE_DISABLE, 0, 0);
}

/* Reading, writing, making and removing directories beneath it, where it is a directory. */
static void open_to(int ruleset, const char *root)
{
	struct __attribute__((packed)) { uint64_t allowed; int32_t fd; } rule = { 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 7, -1 };

	rule.fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rule.fd < 0)
		return;
	syscall(SYS_landlock_add_rule, ruleset, 1 /* path beneath */, &rule, 0);
	close(rule.fd);
}

/* Everything that this kernel can handle is handled, and nothing allowed but beneath root, if there is one. */
static bool landlock(const char *root)
{
	static const unsigned fs_rights[] = { 0, 13, 14, 15, 15, 16 };		/* by version: how many there are */
	struct { uint64_t fs, net, scoped; } attr;
	const long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);	/* 1: ask for the version */
	size_t size;
	int fd;
	bool good;

	if (abi < 1)
		return false;
	attr.fs = (1u << fs_rights[abi < 5 ? abi : 5]) - 1;
	attr.net = abi >= 4 ? 3 : 0;		/* bind and connect of TCP */
	attr.scoped = abi >= 6 ? 3 : 0;		/* abstract sockets, signals */
	size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
	fd = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (fd < 0)
		return false;
	if (root)
		open_to(fd, root);
	good = !syscall(SYS_landlock_restrict_self, fd, 0);
	close(fd);
	return good;
}

int bl_sandbox_enter(int sock, int provider, const int *sync_fd, size_t nsync, uint32_t *mask, struct bl_err *err)
{
	if (drop_privileges(mask, err))
		return -1;
	if (!SANITIZED) {
		leave_namespaces(mask);
		if (*mask >> BL_MASK_MNTNS & 1)
			set(mask, BL_MASK_EMPTYROOT, empty_root());
		set(mask, BL_MASK_NOCAPS, no_capabilities());
		forbid_tricks(mask);
		set(mask, BL_MASK_LANDLOCK, landlock(NULL));
		limit(RLIMIT_NPROC, 0, 0);
		set(mask, BL_MASK_SECCOMP, !bl_filter_install(sock, provider, sync_fd, nsync) && prctl(PR_GET_SECCOMP) == 2);
	}
	in_force = *mask;
	return 0;
}

int bl_sandbox_recheck(struct bl_err *err)
{
	const struct { unsigned bit; int ask, want; } checks[] = {
		{ BL_MASK_NODUMP, PR_GET_DUMPABLE, 0 }, { BL_MASK_NNP, PR_GET_NO_NEW_PRIVS, 1 }, { BL_MASK_SECCOMP, PR_GET_SECCOMP, 2 },
	};
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
		if (in_force >> checks[i].bit & 1 && prctl(checks[i].ask, 0, 0, 0, 0) != checks[i].want)
			return bl_err_set(err, BL_OSERR, "the sandbox no longer holds: '%s'", bl_mask_name(checks[i].bit));
	return 0;
}

/* --- the process that asks a device --- */

int bl_sandbox_begin_child(pid_t helper, int sock, struct bl_err *err)
{
	/* A helper within landlock signals nobody, not even by ending (Linux 6.12): then the end of its socket is what tells. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != helper)
		return bl_err_set(err, BL_UNAVAILABLE, "the helper is gone");
	close_others(&sock, 1);
	limit(RLIMIT_CORE, 0, 0);
	return 0;
}

void bl_sandbox_enter_child(const char *root)
{
	uint32_t mask = 0;		/* nobody asks for it */
	struct stat st;
	const bool directory = !stat(root, &st) && S_ISDIR(st.st_mode);

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	limit(RLIMIT_NOFILE, NOFILE, NOFILE);
	if (SANITIZED)
		return;
	no_capabilities();
	forbid_tricks(&mask);
	landlock(root);
	limit(RLIMIT_NPROC, 0, 0);
	bl_filter_install_child(directory);
}
