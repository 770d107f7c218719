/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spawning the helper: what it gets and what it does not, and what is said of its end. The helper here is this program under
 * its other name; the file `mode` in the vault tells it what to do.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"
#include "tee/frame.h"
#include "tee/spawn.h"

extern char **environ;
static struct bl_err err;
static char dir[] = "/tmp/bl-spawn.XXXXXX", helper[64], vault[64];

/* --- as the helper --- */

/* What it found, as 112 bytes of HELLO. */
static void report(uint8_t out[112], int argc)
{
	struct sigaction sa;
	sigset_t set;
	struct stat st;
	unsigned extra = 0;

	memset(out, 0, 112);
	for (int i = 5; i < 256; i++)
		extra += fcntl(i, F_GETFD) >= 0;
	sigprocmask(SIG_SETMASK, NULL, &set);
	sigaction(SIGPIPE, NULL, &sa);
	out[0] = (uint8_t)argc;
	out[1] = environ && *environ;
	out[2] = (uint8_t)extra;
	out[3] = !fstat(BL_SPAWN_VAULT, &st) && S_ISDIR(st.st_mode);
	out[4] = sigismember(&set, SIGTERM) == 1;
	out[5] = sa.sa_handler == SIG_IGN;
	out[6] = getpgrp() == getpid();
}

static int be_helper(int argc)
{
	const struct rlimit none = { 0, 0 };
	struct bl_frame_link l;
	char mode[16] = "";
	uint8_t body[112], packet[BL_FRAME_MAX];
	struct bl_frame f;
	int fd;

	setrlimit(RLIMIT_CORE, &none);
	fd = openat(BL_SPAWN_VAULT, "mode", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, mode, sizeof mode - 1) < 0)
		return BL_NOINPUT;
	close(fd);
	if (!strncmp(mode, "exit", 4))
		return atoi(mode + 4);
	if (!strncmp(mode, "kill", 4)) {
		signal(atoi(mode + 4), SIG_DFL);	/* sanitizers catch some */
		raise(atoi(mode + 4));
	}
	report(body, argc);
	bl_frame_init(&l, BL_FRAME_HELPER);
	bl_frame_send(&l, BL_SPAWN_SOCK, BL_FRAME_HELLO, 0, body, sizeof body, -1, &err);
	if (!strcmp(mode, "hang"))
		for (;;)
			pause();
	bl_frame_recv(&l, BL_SPAWN_SOCK, packet, &f, &fd, &err);
	return 0;
}

/* --- as the test --- */

static void set_mode(const char *mode)
{
	char path[96];
	int fd;

	snprintf(path, sizeof path, "%s/mode", vault);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, mode, strlen(mode)) != (ssize_t)strlen(mode))
		exit(1);
	close(fd);
}

/* Spawns, receives HELLO if there is one, closes: the class that is left. */
static int meet(const char *addr, uint8_t hello[112])
{
	static uint8_t packet[BL_FRAME_MAX];
	struct bl_frame_link l;
	struct bl_spawn s;
	struct bl_frame f;
	int fd;

	err = (struct bl_err){ 0 };
	if (bl_spawn_open(&s, addr, NULL, vault, &err))
		return err.code;
	bl_frame_init(&l, BL_FRAME_CLIENT);
	if (!bl_frame_recv(&l, s.sock, packet, &f, &fd, &err) && hello)
		memcpy(hello, f.body, 112);
	bl_spawn_close(&s, &err);
	return err.code;
}

static void test_clean(void)
{
	uint8_t h[112] = { 0 };
	sigset_t set;
	int fd = open("/dev/null", O_RDONLY), twice = dup(fd);		/* no O_CLOEXEC: an inherited descriptor */

	set_mode("");
	setenv("SECRET", "1", 1);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	is_int(meet(NULL, h), 0, "the helper of BL_LIBEXEC is found, says HELLO and ends");
	ok(h[0] == 1 && !h[1], "it has one argument, its name, and no environment");
	ok(!h[2] && h[3], "and the socket and the vault's directory, no other descriptor");
	ok(!h[4] && !h[5], "no signal blocked or ignored");
	is_int(h[6], 1, "and a process group of its own");
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	close(fd);
	close(twice);
	/* Descriptors 3 and 4 free in the parent: the pair and the directory themselves land there. */
	for (int i = 3; i < 12; i++)
		close(i);
	memset(h, 0, sizeof h);
	is_int(meet(NULL, h), 0, "the same when 3 and 4 are free in the parent");
	ok(!h[2] && h[3], "with the right descriptors");
	for (int i = 3; i < 12; i++)
		if (fcntl(i, F_GETFD) >= 0)
			ok(0, "descriptor %d is left open in the parent", i);
}

static void test_ends(void)
{
	static const struct { const char *mode; int code; const char *words; } ends[] = {
		{ "exit66", BL_NOINPUT, "cannot open its vault" }, { "exit73", BL_CANTCREAT, "cannot write" },
		{ "exit69", BL_UNAVAILABLE, "not available" }, { "exit71", BL_OSERR, "operating system" }, { "exit70", BL_BUG, "bug" },
		{ "exit1", BL_PROTOCOL, "no known class" }, { "exit0", BL_UNAVAILABLE, "closed the connection" },
		{ "kill11", BL_BUG, "crashed (Segmentation fault)" }, { "kill31", BL_BUG, "sandbox" }, { "kill6", BL_BUG, "crashed (Aborted)" },
		{ "kill9", BL_UNAVAILABLE, "was killed (Killed)" }, { "kill15", BL_UNAVAILABLE, "was killed (Terminated)" },
	};
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		set_mode(ends[i].mode);
		is_int(meet(NULL, NULL), ends[i].code, "a helper whose end is %s is class %d", ends[i].mode, ends[i].code);
		ok(strstr(err.msg, ends[i].words), "and is said plainly: %s", err.msg);
	}
	set_mode("hang");
	is_int(meet(NULL, NULL), 0, "a helper that does not end is ended, and an answer that arrived stays good");
}

static void test_addresses(void)
{
	static const char *const later[] = { "unix:/run/x", "tls:host:1" }, *const none[] = { "", "proc:", "procx", "tcp:1" };
	char addr[96];

	set_mode("");
	for (size_t i = 0; i < sizeof later / sizeof *later; i++)
		ok(meet(later[i], NULL) == BL_USAGE && strstr(err.msg, "not built"), "'%s' is refused by name", later[i]);
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		is_int(meet(none[i], NULL), BL_USAGE, "'%s' is no address", none[i]);
	snprintf(addr, sizeof addr, "proc:%s/bl-tee", helper);
	is_int(meet(addr, NULL), 0, "proc:PATH is a helper by path");
	is_int(meet("proc:/nonexistent/bl-tee", NULL), BL_UNAVAILABLE, "a helper that is not there is 69");
	is_int(meet("proc:/", NULL), BL_UNAVAILABLE, "nor is a folder a helper");
	setenv("BL_LIBEXEC", "/nonexistent", 1);
	is_int(meet("proc", NULL), BL_UNAVAILABLE, "BL_LIBEXEC is not passed over when there is no helper in it");
	setenv("BL_LIBEXEC", helper, 1);
	strcat(vault, "/mode");
	is_int(meet(NULL, NULL), BL_NOINPUT, "a vault that is no directory is 66");
	*strrchr(vault, '/') = 0;
}

int main(int argc, char **argv)
{
	char self[256], path[96];
	ssize_t n;

	if (!strcmp(argv[0], "bl-tee"))
		return be_helper(argc);
	n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n <= 0 || !mkdtemp(dir))
		skip_all("no /proc, or no room in /tmp");
	self[n] = 0;
	snprintf(helper, sizeof helper, "%s/libexec", dir);
	snprintf(vault, sizeof vault, "%s/vault", dir);
	snprintf(path, sizeof path, "%s/bl-tee", helper);
	if (mkdir(helper, 0700) || mkdir(vault, 0700) || symlink(self, path))
		skip_all("no room in /tmp");
	setenv("BL_LIBEXEC", helper, 1);
	test_clean();
	test_ends();
	test_addresses();
	unlink(path);
	rmdir(helper);
	snprintf(path, sizeof path, "%s/mode", vault);
	unlink(path);
	rmdir(vault);
	rmdir(dir);
	return tap_done();
}
