/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init: see init.h. The root of an initramfs cannot be left by pivot_root, which the helper's empty root needs; bound over itself and entered,
 * it is a mount like any other.
 */
#include "tee/init.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tee/ship.h"
#include "tee/spawn.h"

enum { LINGER_MS = 5000, DEVICES_MS = 10000, TICK_MS = 10, MODULES = 64, PATH = 512, HIGH = 10 };

/* --- the session --- */

struct proxy {
	const struct bl_init *in;
	struct bl_frame_link out, helper;	/* to the client; to the helper */
	struct bl_ship ship;
	int sock;
	pid_t pid;
	uint8_t packet[BL_FRAME_MAX];
};

static int start_helper(struct proxy *p, struct bl_err *err)
{
	int pair[2], high, vault;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return bl_err_sys(err, BL_OSERR, "cannot make the helper's socket");
	high = fcntl(pair[1], F_DUPFD_CLOEXEC, HIGH);
	vault = fcntl(p->in->dir, F_DUPFD_CLOEXEC, HIGH);
	p->sock = pair[0];
	errno = high < 0 || vault < 0 ? errno : bl_spawn_start(&p->pid, p->in->helper, "vm", NULL, high, vault);
	if (errno)
		bl_err_sys(err, BL_UNAVAILABLE, "cannot start the helper");
	else
		err->code = 0;
	close(pair[1]);
	if (high >= 0)
		close(high);
	if (vault >= 0)
		close(vault);
	return err->code ? -1 : 0;
}

/* The helper's next frame, behind what it did to its vault. 1: it has ended. */
static int from_helper(struct proxy *p, struct bl_err *err)
{
	struct bl_frame f;
	int fd;

	if (bl_frame_recv(&p->helper, p->sock, p->packet, &f, &fd, err)) {
		if (err->code == BL_UNAVAILABLE)
			return 1;
		if (err->code == BL_PROTOCOL)
			err->code = BL_BUG;
		return -1;
	}
	if (!p->out.more_type && bl_ship_changes(&p->ship, &p->out, p->in->port, err))
		return -1;
	return bl_frame_send(&p->out, p->in->port, f.type, f.flags, f.body, f.len, -1, err);
}

static int to_helper(struct proxy *p, struct bl_err *err)
{
	struct bl_frame f;
	int fd;

	if (bl_frame_recv(&p->out, p->in->port, p->packet, &f, &fd, err))
		return -1;
	if (f.type == BL_FRAME_OPEN && p->in->file < 0)
		return bl_err_set(err, BL_NOINPUT, "there is no disk with the sealed file");
	if (!bl_frame_send(&p->helper, p->sock, f.type, f.flags, f.body, f.len, f.type == BL_FRAME_OPEN ? p->in->file : -1, err))
		return 0;
	return err->code == BL_UNAVAILABLE ? 1 : -1;
}

static int step(struct proxy *p, struct bl_err *err)
{
	struct pollfd fds[2] = { { .fd = p->sock, .events = POLLIN }, { .fd = p->in->port, .events = POLLIN } };
	int rc;

	do
		rc = poll(fds, 2, -1);
	while (rc < 0 && errno == EINTR);
	if (rc < 0)
		return bl_err_sys(err, BL_OSERR, "cannot wait for a frame");
	return fds[0].revents ? from_helper(p, err) : to_helper(p, err);
}

/* How the helper ended. by_force: nobody needs it any more. */
static int reap(struct proxy *p, bool by_force)
{
	int status = 0;

	if (p->pid <= 0)
		return 0;
	if (by_force)
		kill(p->pid, SIGKILL);
	while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
		;
	p->pid = -1;
	return bl_spawn_class(status);
}

/* It ended without a last word: what it did is kept, then the client is told how it ended. */
static int after_end(struct proxy *p, struct bl_err *err)
{
	const int class = reap(p, false);

	if (p->out.more_type)		/* in the middle of an answer: nothing fits there but ERROR */
		p->out.more_type = 0;
	else if (bl_ship_changes(&p->ship, &p->out, p->in->port, err))
		return -1;
	return bl_err_set(err, class ? class : BL_UNAVAILABLE, "the helper ended");
}

int bl_init_serve(const struct bl_init *in, struct bl_err *err)
{
	struct proxy *p = calloc(1, sizeof *p);
	int rc;

	if (!p)
		return bl_err_set(err, BL_OSERR, "out of memory"), err->code;
	p->in = in;
	p->sock = p->pid = -1;
	*err = (struct bl_err){ 0 };
	bl_frame_init_vm(&p->out, BL_FRAME_HELPER);
	bl_frame_init(&p->helper, BL_FRAME_CLIENT);
	rc = bl_ship_attach(&p->ship, &p->out, in->port, in->dir, err);
	if (!rc && !(rc = start_helper(p, err))) {
		while (p->out.state != BL_FRAME_DONE && !(rc = step(p, err)))
			;
		if (rc > 0)
			rc = after_end(p, err);
	}
	reap(p, true);
	/* Our own word for it, unless there is nobody to tell: then 69 came from the port. */
	if (rc && p->out.state != BL_FRAME_DONE)
		bl_frame_send_error(&p->out, in->port, err->code, 0);
	bl_ship_fini(&p->ship);
	if (p->sock >= 0)
		close(p->sock);
	free(p);
	return rc ? err->code : 0;
}

/* --- the machine --- */

static int own_root(struct bl_err *err)
{
	if (mount("/", "/mnt", NULL, MS_BIND, NULL) || chdir("/mnt") || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		return bl_err_sys(err, BL_OSERR, "cannot enter a root of its own");
	return 0;
}

static int make_mounts(struct bl_err *err)
{
	static const struct { const char *type, *at; unsigned long flags; const char *opts; } m[] = {
		{ "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL }, { "sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
		{ "devtmpfs", "/dev", MS_NOSUID | MS_NOEXEC, NULL }, { "tmpfs", "/vault", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=700" },
	};
	for (size_t i = 0; i < sizeof m / sizeof *m; i++)
		if (mount("none", m[i].at, m[i].type, m[i].flags, m[i].opts))
			return bl_err_sys(err, BL_OSERR, "cannot mount '%s'", m[i].at);
	for (int fd = open("/dev/null", O_RDWR); fd >= 0 && fd < 2; )
		fd = dup(fd);
	return 0;
}

static int insert(const char *name)
{
	char path[PATH];
	int fd, rc;

	snprintf(path, sizeof path, "/modules/%s", name);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return -1;
	rc = (int)syscall(SYS_finit_module, fd, "", 0);
	close(fd);
	return rc && errno != EEXIST ? -1 : 0;
}

static int wanted(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/*
 * In the order of their names; one that misses a symbol of a later one gets another turn after it. Which of them this machine needs shows
 * only in what is there afterwards: a driver without its device may refuse.
 */
static void load_modules(void)
{
	struct dirent **list = NULL;
	bool done[MODULES] = { false };
	int n = scandir("/modules", &list, wanted, alphasort), before, left = 0;

	do {
		before = left;
		left = 0;
		for (int i = 0; i < n && i < MODULES; i++) {
			done[i] = done[i] || !insert(list[i]->d_name);
			left += !done[i];
		}
	} while (left && left != before);
	for (int i = 0; i < n; i++)
		free(list[i]);
	free(list);
}

/* The first line of DIR/ENTRY/ATTR is this text. */
static bool has_attr(const char *dir, const char *entry, const char *attr, const char *text)
{
	char path[PATH], line[64] = "";
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "%s/%s/%s", dir, entry, attr);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return false;
	n = read(fd, line, sizeof line - 1);
	close(fd);
	line[n > 0 ? n : 0] = 0;
	line[strcspn(line, "\n")] = 0;
	return !strcmp(line, text);
}

/* Opens the device whose entry in dir has that attribute. -1: there is none. */
static int open_device(const char *dir, const char *attr, const char *text, int flags)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[PATH];
	int fd = -1;

	while (d && fd < 0 && (e = readdir(d))) {
		if (!wanted(e) || !has_attr(dir, e->d_name, attr, text))
			continue;
		snprintf(path, sizeof path, "/dev/%s", e->d_name);
		fd = open(path, flags | O_CLOEXEC);
	}
	if (d)
		closedir(d);
	return fd;
}

/* A device may come a little later than its driver. */
static int await_port(struct bl_err *err)
{
	for (int ms = 0; ms < DEVICES_MS; ms += TICK_MS) {
		int fd = open_device("/sys/class/virtio-ports", "name", "bl.helper", O_RDWR | O_NONBLOCK);
		if (fd >= 0)
			return fd;
		poll(NULL, 0, TICK_MS);
	}
	return bl_err_set(err, BL_UNAVAILABLE, "this machine has no port 'bl.helper'");
}

/* To the kernel's log, and so to a console where there is one: nothing but what was missing before any vault came. */
static void say(const struct bl_err *err)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		dprintf(fd, "<3>bl-tee: %s\n", err->msg);
		close(fd);
	}
}

static void run(struct bl_err *err)
{
	struct bl_init in = { .helper = "/init" };
	struct pollfd p = { .events = 0 };

	if (own_root(err) || make_mounts(err)) {
		say(err);
		return;
	}
	load_modules();
	mount("none", "/sys/kernel/config", "configfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);	/* for evidence; not every kernel has it */
	if ((in.port = await_port(err)) < 0) {
		say(err);
		return;
	}
	in.file = open_device("/sys/block", "serial", "bl.file", O_RDONLY);
	in.dir = open("/vault", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bl_init_serve(&in, err);
	/* The last word may still be on its way: until the client hangs up, or has had time enough. */
	p.fd = in.port;
	poll(&p, 1, LINGER_MS);
}

bool bl_init_is(const char *argv0)
{
	return getpid() == 1 && argv0 && !strcmp(argv0, "/init");
}

int bl_init_run(void)
{
	struct bl_err err = { 0 };

	signal(SIGPIPE, SIG_IGN);
	umask(077);
	run(&err);
	sync();
	reboot(RB_POWER_OFF);
	return BL_OSERR;
}
