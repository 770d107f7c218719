/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter: see filter.h. What is allowed is what the code of a session does on descriptors that it has: it opens nothing, makes
 * no socket, process or thread, maps nothing executable, and sends no descriptor (sendto, not sendmsg). The process that asks a device
 * may do more, for it opens files; it holds nothing that is secret.
 *
 * Arguments that the kernel takes as int or unsigned are compared by their low half, as the kernel does; pointers by both.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tee/filter.h"

#if !defined(__x86_64__)
#error "the allow-list is written for x86-64"
#endif

enum { MOST = 256, X32 = 0x40000000 };
struct prog { struct sock_filter op[MOST]; unsigned short n; };

#define ARG_LOW(i) ((uint32_t)(offsetof(struct seccomp_data, args) + (i) * 8))
#define ARG_HIGH(i) (ARG_LOW(i) + 4)

static void put(struct prog *p, uint16_t code, size_t jt, size_t jf, uint32_t k)
{
	assert(p->n < MOST && jt < 256 && jf < 256);
	p->op[p->n++] = (struct sock_filter){ code, (uint8_t)jt, (uint8_t)jf, k };
}

static void load(struct prog *p, uint32_t offset)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, offset);
}

static void end(struct prog *p, uint32_t action)
{
	put(p, BPF_RET | BPF_K, 0, 0, action);
}

/* Between these two: conditions on the arguments of call nr, all of which must hold. */
static unsigned short begin_call(struct prog *p, int nr)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, (uint32_t)nr);
	return p->n;
}

static void end_call(struct prog *p, unsigned short start)
{
	end(p, SECCOMP_RET_ALLOW);
	assert(p->n - start < 256);
	p->op[start - 1].jf = (uint8_t)(p->n - start);
}

static void allow(struct prog *p, int nr)
{
	end_call(p, begin_call(p, nr));
}

/* The argument, masked, is one of n values. */
static void one_of(struct prog *p, unsigned arg, uint32_t mask, const int *v, size_t n)
{
	load(p, ARG_LOW(arg));
	if (mask != UINT32_MAX)
		put(p, BPF_ALU | BPF_AND | BPF_K, 0, 0, mask);
	for (size_t i = 0; i < n; i++)
		put(p, BPF_JMP | BPF_JEQ | BPF_K, n - i, 0, (uint32_t)v[i]);
	end(p, SECCOMP_RET_KILL_PROCESS);
}

static void equal(struct prog *p, unsigned arg, uint32_t mask, int v)
{
	one_of(p, arg, mask, &v, 1);
}

static void is_null(struct prog *p, unsigned arg)
{
	const int zero = 0;

	equal(p, arg, UINT32_MAX, 0);
	load(p, ARG_HIGH(arg));
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, (uint32_t)zero);
	end(p, SECCOMP_RET_KILL_PROCESS);
}

/* n 0: on whatever there is. */
static void allow_packets(struct prog *p, int receive, const int *sock, size_t n)
{
	unsigned short at = begin_call(p, receive);

	if (n)
		one_of(p, 0, UINT32_MAX, sock, n);
	end_call(p, at);
	at = begin_call(p, SYS_sendto);
	if (n)
		one_of(p, 0, UINT32_MAX, sock, n);
	equal(p, 3, UINT32_MAX, MSG_NOSIGNAL);
	is_null(p, 4);
	end_call(p, at);
}

static void allow_memory(struct prog *p)
{
	static const int free_calls[] = { SYS_munmap, SYS_mremap, SYS_madvise, SYS_brk, SYS_mlock, SYS_munlock };
	unsigned short at = begin_call(p, SYS_mmap);

	equal(p, 2, PROT_EXEC, 0);
	equal(p, 3, MAP_ANONYMOUS, MAP_ANONYMOUS);
	end_call(p, at);
	at = begin_call(p, SYS_mprotect);
	equal(p, 2, PROT_EXEC, 0);
	end_call(p, at);
	for (size_t i = 0; i < sizeof free_calls / sizeof *free_calls; i++)
		allow(p, free_calls[i]);
}

/* fcntl: flags of any descriptor, locks on those of the vault. */
static void allow_files(struct prog *p, const int *sync_fd, size_t n)
{
	static const int syncs[] = { SYS_write, SYS_pwrite64, SYS_ftruncate, SYS_fsync, SYS_fdatasync };
	static const int locks[] = { F_OFD_SETLK, F_OFD_SETLKW, F_OFD_GETLK };
	unsigned short at;

	for (size_t i = 0; n && i < sizeof syncs / sizeof *syncs; i++) {
		at = begin_call(p, syncs[i]);
		one_of(p, 0, UINT32_MAX, sync_fd, n);
		end_call(p, at);
	}
	at = begin_call(p, SYS_fcntl);
	load(p, ARG_LOW(1));
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, F_GETFL);
	end(p, SECCOMP_RET_ALLOW);
	if (n) {
		one_of(p, 1, UINT32_MAX, locks, sizeof locks / sizeof *locks);
		one_of(p, 0, UINT32_MAX, sync_fd, n);
		end_call(p, at);
	} else {
		end(p, SECCOMP_RET_KILL_PROCESS);
		p->op[at - 1].jf = (uint8_t)(p->n - at);
	}
	/* fstat is this call with an empty path. The root is empty, but a path would still tell. */
	at = begin_call(p, SYS_newfstatat);
	equal(p, 3, UINT32_MAX, AT_EMPTY_PATH);
	end_call(p, at);
}

static void allow_rest(struct prog *p)
{
	/* getpid: OpenSSL asks whether it was forked. time, gettimeofday, clock_gettime: what the vdso does not serve. */
	static const int calls[] = {
		SYS_pread64, SYS_read, SYS_readv, SYS_lseek, SYS_fstat, SYS_close, SYS_poll, SYS_getrandom, SYS_clock_gettime,
		SYS_gettimeofday, SYS_time, SYS_futex, SYS_sched_yield, SYS_getpid, SYS_rt_sigreturn, SYS_restart_syscall, SYS_exit,
		SYS_exit_group,
	};
	/* Reading back, never setting. */
	static const int reads[] = { PR_GET_DUMPABLE, PR_GET_NO_NEW_PRIVS, PR_GET_SECCOMP };
	unsigned short at;

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		allow(p, calls[i]);
	at = begin_call(p, SYS_prctl);
	one_of(p, 0, UINT32_MAX, reads, sizeof reads / sizeof *reads);
	end_call(p, at);
}

/* --- for good --- */

static void begin(struct prog *p)
{
	load(p, offsetof(struct seccomp_data, arch));
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, AUDIT_ARCH_X86_64);
	end(p, SECCOMP_RET_KILL_PROCESS);
	load(p, offsetof(struct seccomp_data, nr));
	put(p, BPF_JMP | BPF_JGE | BPF_K, 0, 1, X32);
	end(p, SECCOMP_RET_KILL_PROCESS);
}

static int install(struct prog *p)
{
	struct sock_fprog f = { p->n, p->op };
	long rc;

	/* SPEC_ALLOW: no analyst's code runs in here, so the helper need not be protected from itself at the price of slower
	 * loads on old kernels; against others see the sandbox. */
	rc = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW, &f);
	if (rc > 0)
		errno = ESRCH;		/* a thread that could not be brought along */
	return rc ? -1 : 0;
}

int bl_filter_install(int sock, int provider, const int *sync_fd, size_t nsync)
{
	const int socks[] = { sock, provider };
	struct prog p = { .n = 0 };

	assert(nsync <= BL_FILTER_FDS);
	begin(&p);
	allow_packets(&p, SYS_recvmsg, socks, provider < 0 ? 1 : 2);
	allow_memory(&p);
	allow_files(&p, sync_fd, nsync);
	allow_rest(&p);
	end(&p, SECCOMP_RET_KILL_PROCESS);
	return install(&p);
}

int bl_filter_install_child(bool directory)
{
	static const int calls[] = { SYS_ioctl, SYS_write, SYS_writev, SYS_fcntl, SYS_alarm, SYS_nanosleep, SYS_clock_nanosleep };
	/* What may be opened is landlock's to say: where there is none, anything of the user's. */
	static const int opening[] = { SYS_openat, SYS_mkdirat, SYS_unlinkat, SYS_newfstatat };
	struct prog p = { .n = 0 };

	begin(&p);
	allow_packets(&p, SYS_recvfrom, NULL, 0);
	allow_memory(&p);
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		allow(&p, calls[i]);
	for (size_t i = 0; directory && i < sizeof opening / sizeof *opening; i++)
		allow(&p, opening[i]);
	allow_rest(&p);
	end(&p, SECCOMP_RET_KILL_PROCESS);
	return install(&p);
}
