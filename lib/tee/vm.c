/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vm: see vm.h. QEMU gets two descriptors beside /dev/null, our end of the port and the sealed file: the file that was checked is the file
 * that the machine reads, whatever its name says by then. Nothing of what the machine's console may say is kept.
 */
#include "tee/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/time.h"

enum { PORT = 3, FILE_FD = 4, HIGH = 10, BOOT_S = 45, END_MS = 200, ARGS = 256, ARGS_TEXT = 64 << 10, CMDLINE = 2048 };

static const char *const machine[] = {
	"-accel", "tcg", "-M", "q35", "-cpu", "max", "-m", "2048",
	"-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny", "-device", "virtio-rng-pci",
};
static const char *const fixed[] = {
	"-nodefaults", "-no-user-config", "-nographic", "-no-reboot",
	"-chardev", "socket,id=bl0,fd=3", "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=bl0,name=bl.helper",
	"-add-fd", "fd=4,set=1", "-blockdev", "driver=raw,node-name=bl1,read-only=on,file.driver=file,file.filename=/dev/fdset/1,file.locking=off",
	"-device", "virtio-blk-pci,drive=bl1,serial=bl.file",
};
#define COUNT(a) (sizeof(a) / sizeof *(a))

bool bl_vm_is(const char *addr)
{
	return addr && !strncmp(addr, "vm:", 3);
}

/* --- the command line --- */

struct command {
	char *argv[ARGS + COUNT(machine) + COUNT(fixed) + 8];
	size_t n;
	char kernel[PATH_MAX], initrd[PATH_MAX];
	struct bl_buf args, cmdline;
};

static void push(struct command *c, const char *arg)
{
	c->argv[c->n++] = (char *)(uintptr_t)arg;
}

static int join(char path[PATH_MAX], const char *dir, const char *name, struct bl_err *err)
{
	return snprintf(path, PATH_MAX, "%s/%s", dir, name) < PATH_MAX ? 0 : bl_err_set(err, BL_USAGE, "helper address: '%s' is too long", dir);
}

/* A file that is there and can be read; QEMU opens it by name. */
static int find(char path[PATH_MAX], const char *dir, const char *name, struct bl_err *err)
{
	int fd;

	if (join(path, dir, name, err))
		return -1;
	if ((fd = bl_file_open(path, err)) < 0)
		return bl_err_hint(err, "a helper in a virtual machine is a folder with kernel, initrd and cmdline, as 'make vm' makes one");
	close(fd);
	return 0;
}

static int read_text(const char *dir, const char *name, struct bl_buf *b, struct bl_err *err)
{
	char path[PATH_MAX];

	if (find(path, dir, name, err) || bl_file_read(path, b, err))
		return -1;
	bl_buf_put8(b, 0);
	if (b->failed || strlen((const char *)b->p) + 1 != b->len)
		return bl_err_set(err, BL_CONFIG, "%s: longer than %zu bytes, or not a text", path, b->max - 1);
	return 0;
}

/* The machine's arguments: those of the file `args`, if there is one. */
static int push_machine(struct command *c, const char *dir, struct bl_err *err)
{
	char path[PATH_MAX], *line, *save = NULL;

	if (join(path, dir, "args", err))
		return -1;
	if (access(path, F_OK)) {
		for (size_t i = 0; i < COUNT(machine); i++)
			push(c, machine[i]);
		return 0;
	}
	if (read_text(dir, "args", &c->args, err))
		return -1;
	for (line = strtok_r((char *)c->args.p, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (c->n == ARGS)
			return bl_err_set(err, BL_CONFIG, "%s: more than %d arguments", path, ARGS - 1);
		push(c, line);
	}
	return 0;
}

static int make_command(struct command *c, const char *dir, struct bl_err *err)
{
	const char *qemu = getenv("BL_QEMU");

	push(c, qemu && *qemu ? qemu : "qemu-system-x86_64");
	if (find(c->kernel, dir, "kernel", err) || find(c->initrd, dir, "initrd", err) || read_text(dir, "cmdline", &c->cmdline, err) ||
	    push_machine(c, dir, err))
		return -1;
	c->cmdline.p[strcspn((const char *)c->cmdline.p, "\n")] = 0;
	for (size_t i = 0; i < COUNT(fixed); i++)
		push(c, fixed[i]);
	push(c, "-kernel");
	push(c, c->kernel);
	push(c, "-initrd");
	push(c, c->initrd);
	push(c, "-append");
	push(c, (const char *)c->cmdline.p);
	push(c, NULL);
	return 0;
}

/* --- the process --- */

/* In the child. told: where an errno goes when there will be no QEMU. */
static void become(const struct command *c, int port, int file, int told, pid_t parent)
{
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	/* A machine without its client serves nobody, and would keep on running. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(BL_UNAVAILABLE);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);		/* Ctrl-C is the client's */
	if (null >= 0 && dup2(null, 0) == 0 && dup2(null, 1) == 1 && dup2(null, 2) == 2 && dup2(port, PORT) == PORT && dup2(file, FILE_FD) == FILE_FD &&
	    dup2(told, FILE_FD + 1) == FILE_FD + 1 && !fcntl(FILE_FD + 1, F_SETFD, FD_CLOEXEC) && !close_range(FILE_FD + 2, ~0u, 0))
		execvp(c->argv[0], c->argv);
	if (write(FILE_FD + 1, &errno, sizeof errno) < 0)
		_exit(BL_OSERR);
	_exit(BL_UNAVAILABLE);
}

static int above(int fd)
{
	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, HIGH);
}

/* Starts QEMU with these two descriptors, which stay the caller's. */
static int start(struct bl_vm *v, const struct command *c, int port, int file, struct bl_err *err)
{
	int told[2] = { -1, -1 }, high[3], why = 0;
	const pid_t me = getpid();
	ssize_t n;

	if (pipe2(told, O_CLOEXEC))
		return bl_err_sys(err, BL_OSERR, "cannot make the descriptors of a virtual machine");
	high[0] = above(port);
	high[1] = above(file);
	high[2] = above(told[1]);
	if (high[0] < 0 || high[1] < 0 || high[2] < 0 || (v->pid = fork()) < 0)
		why = errno;
	else if (!v->pid)
		become(c, high[0], high[1], high[2], me);
	close(told[1]);
	for (int i = 0; i < 3; i++)
		if (high[i] >= 0)
			close(high[i]);
	if (!why && (n = bl_file_readn(told[0], &why, sizeof why, err)) && n != sizeof why)
		why = EIO;
	close(told[0]);
	if (!why)
		return 0;
	if (v->pid > 0)
		waitpid(v->pid, NULL, 0);
	v->pid = -1;
	errno = why;
	bl_err_sys(err, BL_UNAVAILABLE, "cannot start '%s'", c->argv[0]);
	return why == ENOENT ? bl_err_hint(err, "install qemu-system-x86, or name another QEMU in BL_QEMU") : -1;
}

static int boot(struct bl_vm *v, const struct command *c, int file, struct bl_err *err)
{
	int pair[2], rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return bl_err_sys(err, BL_OSERR, "cannot make the descriptors of a virtual machine");
	v->sock = pair[0];
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	rc = start(v, c, pair[1], file, err);
	close(pair[1]);
	return rc;
}

/* --- the way to HELLO --- */

static void set_deadline(struct bl_frame_link *l)
{
	l->deadline = bl_time_mono_ns() + BOOT_S * 1000000000ull;
}

/* Waits for the helper's ATTACH, then locks the vault: two machines may boot at a time, though only one is served. */
static int attach(struct bl_vm *v, struct bl_frame_link *l, struct bl_err *err)
{
	struct bl_buf none;
	int rc;

	bl_buf_init(&none, 0);
	set_deadline(l);
	rc = bl_frame_recv_long(l, v->sock, BL_FRAME_ATTACH, &none, err);
	bl_buf_fini(&none);
	set_deadline(l);
	return rc || bl_keep_attach(&v->keep, l, v->sock, err) ? -1 : 0;
}

int bl_vm_open(struct bl_vm *v, const char *addr, const char *vault, int file, struct bl_frame_link *l, struct bl_err *err)
{
	struct command *c = calloc(1, sizeof *c);
	int rc = -1;

	*v = (struct bl_vm){ .pid = -1, .sock = -1 };
	if (!c)
		return bl_err_set(err, BL_OSERR, "out of memory");
	bl_buf_init(&c->args, ARGS_TEXT);
	bl_buf_init(&c->cmdline, CMDLINE);
	if (!addr[3])
		bl_err_set(err, BL_USAGE, "helper address '%s' names no folder", addr);
	else if (!make_command(c, addr + 3, err) && !bl_keep_open(&v->keep, vault, err)) {
		bl_frame_init_vm(l, BL_FRAME_CLIENT);
		l->append = bl_keep_append;
		l->arg = &v->keep;
		v->link = l;
		if (boot(v, c, file, err) || attach(v, l, err))
			bl_vm_close(v, err);
		else
			rc = 0;
	}
	bl_buf_fini(&c->args);
	bl_buf_fini(&c->cmdline);
	free(c);
	return rc;
}

/* --- its end --- */

static void explain(int status, struct bl_err *err)
{
	if (WIFSIGNALED(status)) {
		bl_err_set(err, BL_UNAVAILABLE, "the virtual machine was killed (%s)", strsignal(WTERMSIG(status)));
	} else if (WEXITSTATUS(status)) {
		bl_err_set(err, BL_UNAVAILABLE, "the virtual machine could not be run (QEMU's exit status is %d)", WEXITSTATUS(status));
		bl_err_hint(err, "kernel, initrd, cmdline and args have to suit this machine and its QEMU; bl-tee(8) says how to see what it says");
	} else {
		bl_err_set(err, BL_UNAVAILABLE, "the virtual machine ended");
		bl_err_hint(err, "the kernel has to run /init of the initrd, and its modules have to fit: see 'make vm'");
	}
}

void bl_vm_close(struct bl_vm *v, struct bl_err *err)
{
	const bool late = v->link && v->link->deadline && bl_time_mono_ns() >= v->link->deadline;
	struct pollfd p = { .fd = -1, .events = POLLIN };
	bool ended;
	int status = 0;

	if (v->pid > 0) {
		/* Where the connection was lost the machine is ending, or gone: why, it says itself. */
		p.fd = err->code == BL_UNAVAILABLE ? pidfd_open(v->pid, 0) : -1;
		ended = p.fd >= 0 && poll(&p, 1, END_MS) > 0;
		if (p.fd >= 0)
			close(p.fd);
		if (!ended)
			kill(v->pid, SIGKILL);
		while (waitpid(v->pid, &status, 0) < 0 && errno == EINTR)
			;
		if (ended)
			explain(status, err);
		else if (err->code == BL_UNAVAILABLE && late)
			bl_err_hint(err, "a virtual machine has %d seconds to say HELLO; bl-tee(8) says how to see what it does instead", BOOT_S);
	}
	if (v->sock >= 0)
		close(v->sock);
	bl_keep_close(&v->keep);
	v->pid = -1;
	v->sock = -1;
}
