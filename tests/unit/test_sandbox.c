/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sandbox from inside: children lock themselves down and try what is forbidden, and what a session must still be able to
 * do. Which layers hold depends on the machine: a layer that the mask does not claim is skipped with that reason.
 *
 * The same program has roles in the shell test: `victim plain|locked` holds a secret and prints where it is, `attack PID
 * ADDRESS` tries to read it, `as UID PROGRAM ARGUMENT...` becomes somebody else by setuid and execve (setpriv would keep
 * capabilities over exec, and the 0711 file would be readable to it), `hold HELPER VAULT [PROVIDER]` keeps a session open, `trace HELPER VAULT`
 * starts a helper as a debugger does.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../locked.h"
#include "attest/statement.h"
#include "base/json.h"
#include "base/mask.h"
#include "crypt/gcm.h"
#include "crypt/hash.h"
#include "crypt/ident.h"
#include "crypt/mem.h"
#include "policy/journal.h"
#include "tee/frame.h"
#include "tee/sandbox.h"
#include "tee/spawn.h"

/* --- what is forbidden --- */

static const short session_calls[] = { SYS_pwrite64, SYS_ftruncate, SYS_fsync, SYS_fdatasync, SYS_recvmsg, 0 };

static void call_int80(const long *a)
{
	(void)a;
	__asm__ volatile("int $0x80" : : "a"(20L /* getpid of i386 */) : "memory", "r8", "r9", "r10", "r11");
}

#define DIES(promise, ...) ok(died(locked(call, (const long[7]){ __VA_ARGS__ })), promise)

static void test_arguments(void)
{
	static char path[] = "/", byte[1];
	static struct iovec iov = { byte, 1 };
	static struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	static struct flock l = { .l_type = F_WRLCK };

	DIES("the x32 calls die", 0x40000000 | SYS_getpid);
	ok(!lived(locked(call_int80, NULL)), "so do those of 32 bits");
	DIES("memory cannot be mapped executable", SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	DIES("nor a file at all", SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE, SYNC, 0);
	DIES("nor made executable", SYS_mprotect, 0, 4096, PROT_EXEC);
	DIES("a descriptor that is not the vault's cannot be written", SYS_write, OTHER, PTR(byte), 1);
	DIES("nor can standard error", SYS_write, 2, PTR(byte), 1);
	DIES("nor at a place", SYS_pwrite64, OTHER, PTR(byte), 1, 0);
	DIES("nor be cut", SYS_ftruncate, OTHER, 0);
	DIES("nor be locked", SYS_fcntl, OTHER, F_OFD_SETLK, PTR(&l));
	DIES("a descriptor's flags cannot be set", SYS_fcntl, SYNC, F_SETFL, 0);
	DIES("nor can it be doubled", SYS_fcntl, SYNC, F_DUPFD, 10);
	DIES("nor another signal asked for", SYS_fcntl, SYNC, F_SETOWN, 1);
	DIES("frames leave by the socket alone", SYS_sendto, SYNC, PTR(byte), 1, MSG_NOSIGNAL, 0, 0);
	DIES("without other flags", SYS_sendto, SOCK, PTR(byte), 1, MSG_OOB, 0, 0);
	DIES("and without an address", SYS_sendto, SOCK, PTR(byte), 1, MSG_NOSIGNAL, PTR(byte), 1);
	DIES("in either half of the pointer", SYS_sendto, SOCK, PTR(byte), 1, MSG_NOSIGNAL, 1L << 32, 0);
	DIES("a descriptor cannot be sent", SYS_sendmsg, SOCK, PTR(&m), MSG_NOSIGNAL);
	DIES("frames come by the socket alone", SYS_recvmsg, OTHER, PTR(&m), 0);
	DIES("a helper without provider has no second socket", SYS_sendto, -1, PTR(byte), 1, MSG_NOSIGNAL, 0, 0);
	DIES("a path cannot be asked about", SYS_newfstatat, AT_FDCWD, PTR(path), PTR(byte), 0);
	DIES("dumpable cannot be set again", SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
	DIES("nor the parent's signal be waived", SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0);
	DIES("nor a name be taken", SYS_prctl, PR_SET_NAME, PTR(path), 0, 0, 0);
}

/* --- what a session needs --- */

static void work(const long *a)
{
	static const uint8_t key[32], nonce[12];
	uint8_t out[64], hash[32];
	struct bl_ident id;
	struct bl_journal *j = NULL;
	struct bl_json *o = bl_json_new_object();
	struct bl_gcm *g = bl_gcm_new(key);
	struct stat st;
	char *big = malloc(64 << 20);

	(void)a;
	if (!big || !g || bl_gcm_seal(g, nonce, NULL, 0, key, 32, out) || bl_gcm_open(g, nonce, NULL, 0, out, 48, out))
		_exit(2);
	memset(big, 1, 64 << 20);
	bl_hash_sha256(big, 1000, hash);
	free(big);
	bl_gcm_free(g);
	if (bl_ident_generate(&id, &err) || bl_ident_sign(&id, "x", hash, 32, out) || !bl_ident_check(id.pk, "x", hash, 32, out))
		_exit(3);
	bl_json_put_text(o, "vault", "x");
	if (bl_journal_open(&j, SYNC, NULL, NULL, &err) || bl_journal_lock(j, &err))
		_exit(4);
	bl_journal_add(j, "init", o);
	if (bl_journal_commit(j, &err))
		_exit(5);
	bl_journal_close(j);
	for (int i = 0; i < 2000; i++) {	/* past the pool, into libsodium's memory, and back */
		void *p = bl_mem_new(100), *q = bl_mem_new(i == 1000 ? 200000 : 64);
		if (!p || !q)
			_exit(6);
		bl_mem_free(q);
		bl_mem_free(p);
	}
	bl_ident_fini(&id);
	if (fstat(OTHER, &st) || fcntl(OTHER, F_GETFL) < 0 || pread(OTHER, out, 1, 0) != 0 || lseek(OTHER, 0, SEEK_END) < 0)
		_exit(7);
	poll(NULL, 0, 1);
	if (bl_sandbox_recheck(&err))
		_exit(8);
}

static void exchange(const long *a)
{
	uint8_t hello[112] = { 0 }, packet[BL_FRAME_MAX];
	struct bl_frame_link l;
	struct bl_frame f;
	int fd;

	(void)a;
	bl_frame_init(&l, BL_FRAME_HELPER);
	if (bl_frame_send(&l, SOCK, BL_FRAME_HELLO, 0, hello, sizeof hello, -1, &err) || bl_frame_recv(&l, SOCK, packet, &f, &fd, &err) ||
	    f.type != BL_FRAME_CHALLENGE)
		_exit(2);
}

static void test_work(void)
{
	static uint8_t packet[BL_FRAME_MAX];
	struct bl_frame_link l;
	struct bl_frame f;
	uint8_t challenge[144] = { 0 };
	int fd;
	pid_t pid;

	ok(lived(locked(work, NULL)), "a locked helper hashes, encrypts, signs, locks and syncs its journal, and allocates");
	bl_frame_init(&l, BL_FRAME_CLIENT);
	if (!(pid = fork()))
		_exit(!lived(locked(exchange, NULL)));
	bool heard = !bl_frame_recv(&l, pair[0], packet, &f, &fd, &err) &&
		     !bl_frame_send(&l, pair[0], BL_FRAME_CHALLENGE, 0, challenge, sizeof challenge, -1, &err);
	int status = -1;
	waitpid(pid, &status, 0);
	ok(heard && lived(status), "and speaks over its socket");
}

/* --- what the kernel says of it --- */

static char status_text[8192];

static const char *status_of(pid_t pid, const char *name)
{
	static char value[64];
	char path[64], find[32], *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/status", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, status_text + 1, sizeof status_text - 2);
	if (fd >= 0)
		close(fd);
	status_text[0] = '\n';
	status_text[n < 0 ? 0 : n + 1] = 0;
	snprintf(find, sizeof find, "\n%s:", name);
	at = strstr(status_text, find);
	value[0] = 0;
	if (at)
		sscanf(at + strlen(find), " %63[^\n]", value);
	return value;
}

static void rest(const long *a)
{
	(void)a;
	uint8_t b[16];
	struct iovec iov = { b, sizeof b };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	recvmsg(SOCK, &m, 0);
}

/* A locked child that waits for a packet; lock = false: one that only waits. */
static pid_t resting(bool lock)
{
	int p[2];
	uint32_t m = 0;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC))
		exit(1);
	if (!(pid = fork())) {
		for (int i = 30; i < 50; i++)
			dup2(0, i);		/* descriptors that are nobody's business, kept over exec */
		prepare(p[1]);
		if (lock)
			m = lock_down();
		if (write(REPORT, &m, sizeof m) == sizeof m)
			rest(NULL);
		_exit(0);
	}
	close(p[1]);
	if (read(p[0], &m, sizeof m) == sizeof m)
		mask = m;
	close(p[0]);
	return pid;
}

static void test_status(void)
{
	static const char *const caps[] = { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" };
	char path[64], target[64];
	pid_t pid = resting(true);
	struct stat mine, its;
	bool none = true;
	ssize_t n;

	is_int(atoi(status_of(pid, "Threads")), 1, "a helper has one thread");
	if (HOLDS(NNP))
		is_str(status_of(pid, "NoNewPrivs"), "1", "it can gain no privileges");
	if (HOLDS(SECCOMP))
		is_str(status_of(pid, "Seccomp"), "2", "its system calls are filtered");
	for (size_t i = 0; i < sizeof caps / sizeof *caps; i++)
		none &= strspn(status_of(pid, caps[i]), "0") == 16;
	ok(none == !!HOLDS(NOCAPS), "it has no capability of any kind");
	snprintf(path, sizeof path, "/proc/%d/root", pid);
	n = readlink(path, target, sizeof target);
	if (n < 0) {
		ok(errno == EACCES || errno == EPERM, "its root and descriptors are closed to its own user");
	} else {
		/* By root: the directory itself, through the link. */
		int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (HOLDS(EMPTYROOT))
			ok(root >= 0 && faccessat(root, "proc", F_OK, 0) && faccessat(root, "etc", F_OK, 0) && !fstat(root, &its) &&
			   its.st_nlink == 2, "its root directory is empty");
		else
			skip(1, "no mount namespace to be had");
		close(root);
		unsigned extra = 0;
		for (int i = 0; i < 64; i++) {
			snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, i);
			n = readlink(path, target, sizeof target - 1);
			target[n < 0 ? 0 : n] = 0;
			extra += n >= 0 && i > OTHER;
			extra += i < 3 && strcmp(target, "/dev/null");
		}
		is_int(extra, 0, "it inherits no descriptor, and its standard ones are /dev/null");
		static const struct { const char *name; unsigned bit; } ns[] = {
			{ "user", BL_MASK_USERNS }, { "mnt", BL_MASK_MNTNS }, { "net", BL_MASK_NETNS }, { "ipc", BL_MASK_IPCNS },
			{ "uts", BL_MASK_IPCNS }, { "cgroup", BL_MASK_IPCNS },
		};
		bool apart = true;
		for (size_t i = 0; i < sizeof ns / sizeof *ns; i++) {
			snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, ns[i].name);
			snprintf(target, sizeof target, "/proc/self/ns/%s", ns[i].name);
			apart &= !(mask >> ns[i].bit & 1) || (!stat(path, &its) && !stat(target, &mine) && its.st_ino != mine.st_ino);
		}
		ok(apart, "the namespaces that it claims are its own");
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* --- traced, orphaned, crashing --- */

static void test_traced(void)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		uint32_t m = 0;
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		_exit(bl_sandbox_begin(NULL, 0, &m, &err) ? err.code : 0);
	}
	waitpid(pid, &status, 0);
	is_int(WIFEXITED(status) ? WEXITSTATUS(status) : -1, BL_UNAVAILABLE, "a helper that is traced at its start does not start (69)");
}

static void test_orphan(void)
{
	int p[2], got;
	char byte;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC))
		exit(1);
	if (!(pid = fork())) {
		resting(true);		/* holds the pipe's end only until it is locked: so watch the socket's pair instead */
		_exit(0);
	}
	close(p[1]);
	waitpid(pid, NULL, 0);
	/* The grandchild was the last to hold p[1], as 20 or above, until begin closed it. */
	got = (int)read(p[0], &byte, 1);
	close(p[0]);
	ok(!got, "no descriptor of the parent's survives in the helper");
	/* It held the other end of the socket: with our copy of that end closed, its death is the end of the connection. */
	int fresh[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fresh))
		exit(1);
	if (!(pid = fork())) {
		dup2(fresh[1], pair[1]);
		close(fresh[0]);
		close(fresh[1]);
		resting(true);
		_exit(0);
	}
	close(fresh[1]);
	waitpid(pid, NULL, 0);
	struct pollfd poll_end = { .fd = fresh[0] };
	ok(poll(&poll_end, 1, 3000) == 1 && poll_end.revents & POLLHUP, "a helper dies with whoever started it");
	close(fresh[0]);
}

static bool core_after(bool lock)
{
	int status = -1;
	pid_t pid = resting(lock);

	kill(pid, SIGSEGV);
	waitpid(pid, &status, 0);
	return WCOREDUMP(status);
}

static void test_core(void)
{
	const struct rlimit most = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit before;

	getrlimit(RLIMIT_CORE, &before);
	if (setrlimit(RLIMIT_CORE, &most) || !core_after(false))
		skip(1, "no process leaves a core here");
	else
		ok(!core_after(true), "a crash leaves no core");
	setrlimit(RLIMIT_CORE, &before);
}

/* --- memory --- */

static void test_pool(void)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		uint8_t *p[4], *q;
		const unsigned got = bl_mem_init(false, &err) ? 0 : bl_mem_pool(4096);
		for (int i = 0; i < 4; i++)
			memset(p[i] = bl_mem_new(1000), 0xa5, 1000);
		q = p[1];
		bl_mem_free(p[1]);
		if (!(p[1] = bl_mem_new(960)) || p[1] != q)
			_exit(2);
		for (int i = 0; i < 960; i++)
			if (p[1][i])
				_exit(3);
		if (bl_mem_pool(4096) || !bl_mem_new(5000) || !bl_mem_new(4096) || !bl_mem_new(1))
			_exit(4);
		_exit(p[3] != p[0] + 3 * 1024 || (got & BL_MEM_HIDDEN && !(got & BL_MEM_LOCKED)));
	}
	waitpid(pid, &status, 0);
	ok(lived(status), "the pool gives zeroed blocks, takes them back wiped, and is not missed when it is full");
	if (!(pid = fork())) {
		uint8_t *p;
		bl_mem_pool(4096);
		p = bl_mem_new(4096);
		p[4096] = 1;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	ok(!lived(status), "a byte behind it is nobody's");
}

/* --- roles for the shell test --- */

static int victim(const char *mode)
{
	static char plain[64];
	char *hidden;
	uint32_t m = 0;
	char line[128];

	dup2(1, REPORT);
	dup2(1, SOCK);
	dup2(1, SYNC);
	dup2(1, OTHER);
	if (!strcmp(mode, "locked"))
		m = lock_down();
	if (bl_mem_init(false, &err) || !(hidden = bl_mem_new(64)))
		return 1;
	strcpy(plain, "the secret");
	strcpy(hidden, "the secret");
	snprintf(line, sizeof line, "%p %p %x\n", (void *)plain, (void *)hidden, m);
	if (write(REPORT, line, strlen(line)) < 0)
		_exit(1);
	for (;;)
		poll(NULL, 0, 1000);
}

/* By each road: what was read, or why not. */
static void attack_at(pid_t pid, unsigned long at)
{
	char path[64], got[16] = "";
	struct iovec to = { got, 10 }, from = { (void *)at, 10 };
	int fd;
	ssize_t n;

	n = process_vm_readv(pid, &to, 1, &from, 1, 0);
	printf("vm_readv %s\n", n == 10 ? got : strerrorname_np(errno));
	snprintf(path, sizeof path, "/proc/%d/mem", pid);
	memset(got, 0, sizeof got);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : pread(fd, got, 10, (off_t)at);
	printf("mem %s\n", n == 10 ? got : strerrorname_np(errno));
	memset(got, 0, sizeof got);
	if (!ptrace(PTRACE_ATTACH, pid, 0, 0)) {
		int status;
		waitpid(pid, &status, 0);
		for (int i = 0; i < 2; i++) {
			long word;
			errno = 0;
			word = ptrace(PTRACE_PEEKDATA, pid, at + (unsigned long)i * 8, 0);
			if (errno)
				break;
			memcpy(got + i * 8, &word, i ? 2 : 8);
		}
		ptrace(PTRACE_DETACH, pid, 0, 0);
		printf("ptrace %s\n", *got ? got : "attached");
	} else {
		printf("ptrace %s\n", strerrorname_np(errno));
	}
}

static int become(const char *uid, char **argv)
{
	const uid_t id = (uid_t)atoi(uid);

	if (setgroups(0, NULL) || setgid(id) || setuid(id))
		return 71;
	execv(argv[0], argv);
	return 71;
}

/* Prints pid, mask and class of a helper in a session, and keeps it until standard input ends. */
static int hold(const char *path, const char *vault, const char *provider)
{
	static uint8_t packet[BL_FRAME_MAX];
	struct bl_frame_link l;
	struct bl_spawn s;
	struct bl_frame f;
	char addr[4096], byte;
	int fd;

	snprintf(addr, sizeof addr, "proc:%s", path);
	if (bl_spawn_open(&s, addr, provider, vault, &err))
		return bl_err_print(&err, "hold");
	bl_frame_init(&l, BL_FRAME_CLIENT);
	if (bl_frame_recv(&l, s.sock, packet, &f, &fd, &err) || (f.type == BL_FRAME_ERROR && bl_frame_error(&f, NULL, &err))) {
		bl_spawn_close(&s, &err);
		return bl_err_print(&err, "hold");
	}
	printf("%d %x %s\n", s.pid, bl_le32(f.body + 4), bl_statement_class_name(f.body[3]));
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	bl_frame_send(&l, s.sock, BL_FRAME_BYE, 0, NULL, 0, -1, &err);
	bl_spawn_close(&s, &err);
	return 0;
}

/* Its exit status, once it has run to its end under our hands. */
static int trace(const char *path, const char *vault)
{
	int s[2], status = 0;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s) || (pid = fork()) < 0)
		return 71;
	alarm(10);
	if (!pid) {
		int at[2] = { fcntl(s[1], F_DUPFD, 20), fcntl(open(vault, O_RDONLY | O_DIRECTORY), F_DUPFD, 20) };
		dup2(at[0], BL_SPAWN_SOCK);
		dup2(at[1], BL_SPAWN_VAULT);
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execl(path, "bl-tee", NULL);
		_exit(71);
	}
	close(s[1]);
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
		ptrace(PTRACE_CONT, pid, 0, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 70;
}

static int play(int argc, char **argv)
{
	if (!strcmp(argv[1], "victim"))
		return victim(argv[2]);
	if ((argc == 4 || argc == 5) && !strcmp(argv[1], "hold"))
		return hold(argv[2], argv[3], argv[4]);
	if (argc == 4 && !strcmp(argv[1], "trace"))
		return trace(argv[2], argv[3]);
	if (argc == 4 && !strcmp(argv[1], "attack")) {
		attack_at(atoi(argv[2]), strtoul(argv[3], NULL, 16));
		return 0;
	}
	return argc > 3 && !strcmp(argv[1], "as") ? become(argv[2], argv + 3) : 64;
}

int main(int argc, char **argv)
{
	if (argc > 2)
		return play(argc, argv);
	if (!mkdtemp(dir) || chdir(dir) || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		skip_all("no room in /tmp");
	test_pool();
	test_traced();
	if (!lived(locked(call, (const long[7]){ SYS_getpid })))
		ok(0, "a process locks itself down: %s", err.msg);
	char names[256];
	bl_mask_print(mask, names);
	printf("# in force: %s\n", names);
	test_work();
	test_orphan();
	if (!HOLDS(SECCOMP)) {
		skip(1, "no system call filter on this machine or in this build");
	} else {
		test_all_calls(locked, session_calls, "every system call that a session does not need ends the process");
		test_arguments();
		test_status();
		test_core();
	}
	if (!chdir("/")) {
		char cmd[64];
		snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
		if (system(cmd))
			return 1;
	}
	return tap_done();
}
