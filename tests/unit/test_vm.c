/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first process of a virtual machine, without one: a socketpair is its port, a folder its memory. What the client hears and when;
 * clients that mean harm; how helpers and machines end. Under the name of QEMU this program is a machine whose helper is $BL_TEST_TEE
 * (690-vm.t; its memory is in $BL_TEST_DIR), under that of the helper it is one that does as the file `mode` in its vault says.
 */
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>

#include "../vm.h"
#include "tee/init.h"
#include "tee/spawn.h"
#include "tee/vm.h"

static char self[256], helper[96];

/* --- the first process of a machine, its helper this program --- */

static int be_helper(void)
{
	const struct rlimit none = { 0, 0 };
	static uint8_t packet[BL_FRAME_MAX];
	char mode[16] = "";
	struct bl_frame_link l;
	struct bl_frame f;
	int fd = openat(4, "mode", O_RDONLY | O_CLOEXEC);

	setrlimit(RLIMIT_CORE, &none);
	if (fd < 0 || read(fd, mode, sizeof mode - 1) < 0)
		return BL_NOINPUT;
	close(fd);
	if (bl_mem_init(false, &err))
		return BL_OSERR;
	bl_json_init();
	if (!strncmp(mode, "exit", 4))
		return atoi(mode + 4);
	if (!strncmp(mode, "kill", 4)) {
		signal(atoi(mode + 4), SIG_DFL);
		raise(atoi(mode + 4));
	}
	bl_frame_init(&l, BL_FRAME_HELPER);
	memset(packet, 0, 112);
	if (bl_frame_send(&l, 3, BL_FRAME_HELLO, 0, packet, 112, -1, &err) || bl_frame_recv(&l, 3, packet, &f, &fd, &err))
		return 0;
	work(4, 1, 10);
	if (!strcmp(mode, "die"))
		raise(SIGKILL);
	if (bl_frame_send(&l, 3, BL_FRAME_EVIDENCE, 0, packet, 100, -1, &err) || bl_frame_recv(&l, 3, packet, &f, &fd, &err))
		return 0;
	if (f.type == BL_FRAME_OPEN)	/* the disk came along */
		return fd >= 0 && read(fd, packet, 4) == 4 && !memcmp(packet, "disk", 4) ? BL_CONFIG : BL_BUG;
	bl_frame_send(&l, 3, BL_FRAME_BYE, 0, NULL, 0, -1, &err);
	return 0;
}

/* A machine with a fresh vault to be given; everything that it says is seen. */
static pid_t serve(const char *mode, int file)
{
	pid_t pid;

	make_vault();
	put_at(copy, "mode", mode, strlen(mode), 0);
	open_port();
	client.append = NULL;
	pid = fork();
	if (!pid) {
		const struct bl_init in = { port[1], enter(copy), file, helper };
		close(port[0]);
		alarm(60);
		_exit(bl_init_serve(&in, &err));
	}
	close(port[1]);
	return pid;
}

/* The next frame; 0 at the end. */
static struct bl_frame got;
static int next(void)
{
	static uint8_t packet[BL_FRAME_MAX];
	int fd;

	err = (struct bl_err){ 0 };
	return bl_frame_recv(&client, port[0], packet, &got, &fd, &err) ? 0 : got.type;
}

static void say(uint16_t type, const void *p, size_t n)
{
	struct bl_err why;

	if (bl_frame_send(&client, port[0], type, 0, p, n, -1, &why))
		printf("# cannot say %u: %s\n", type, why.msg);
}

/* Whatever the state: a client that does not use our code. */
static void say_anyway(uint16_t type, const void *p, size_t n)
{
	static uint8_t b[BL_FRAME_MAX] = "BLT1";

	memcpy(b + 4, &type, 2);
	memcpy(b + 8, &client.out_seq, 4);
	memcpy(b + 12, &(uint32_t){ (uint32_t)n }, 4);
	memcpy(b + BL_FRAME_HEAD, p, n);
	if (send(port[0], b, BL_FRAME_HEAD + n, MSG_NOSIGNAL) < 0)
		printf("# nobody hears\n");
	client.out_seq++;
}

static void give(void)
{
	if (next() != BL_FRAME_ATTACH || bl_keep_open(&keep, vault, &err) || bl_keep_attach(&keep, &client, port[0], &err)) {
		printf("# %s\n", err.msg);
		exit(1);
	}
	bl_file_forget_inputs();
}

static int done(pid_t pid)
{
	int status = 0;

	close(port[0]);
	waitpid(pid, &status, 0);
	bl_keep_close(&keep);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The machine's last word: the class of ERROR, 0 for none. */
static int last_word(void)
{
	while (next())
		if (got.type == BL_FRAME_ERROR)
			return (int)bl_le32(got.body);
	return 0;
}

/* To where the helper said HELLO and hears a challenge. */
static pid_t challenged(const char *mode, int file)
{
	pid_t pid = serve(mode, file);

	give();
	if (next() != BL_FRAME_HELLO)
		printf("# no HELLO\n");
	say(BL_FRAME_CHALLENGE, noise, 144);
	return pid;
}

/* Takes what is shipped and says SYNCED. The type of what comes then. */
static int sync_and_next(void)
{
	uint64_t size = 0;
	int type;

	while ((type = next()) == BL_FRAME_APPEND) {
		if (bl_le16(got.body) == BL_SHIP_JOURNAL)
			size = bl_le64(got.body + 16);
		if (bl_le16(got.body + 2))
			say(BL_FRAME_SYNCED, &size, 8);
	}
	return type;
}

static void test_order(void)
{
	struct pollfd p;
	uint64_t size;
	pid_t pid = serve("", -1);

	give();
	is_int(next(), BL_FRAME_HELLO, "a helper starts once its vault is there, and says HELLO");
	say(BL_FRAME_CHALLENGE, noise, 144);
	ok(next() == BL_FRAME_APPEND && bl_le16(got.body) == BL_SHIP_JOURNAL && !bl_le16(got.body + 2),
	   "what it did is heard before its answer: the journal");
	size = bl_le64(got.body + 16);
	ok(next() == BL_FRAME_APPEND && bl_le16(got.body) == BL_SHIP_CHECKPOINT && bl_le16(got.body + 2) == 1, "then the checkpoint, which is all");
	p = (struct pollfd){ port[0], POLLIN, 0 };
	is_int(poll(&p, 1, 200), 0, "and no answer before SYNCED");
	say(BL_FRAME_SYNCED, &size, 8);
	is_int(next(), BL_FRAME_EVIDENCE, "then it comes");
	say(BL_FRAME_BYE, NULL, 0);
	is_int(next(), BL_FRAME_BYE, "nothing changed, nothing is shipped");
	is_int(done(pid), 0, "and it ends well");
}

static void test_ends(void)
{
	static const struct { const char *mode; int code; } ends[] = {
		{ "exit66", BL_NOINPUT }, { "exit73", BL_CANTCREAT }, { "exit70", BL_BUG }, { "exit0", BL_UNAVAILABLE }, { "exit1", BL_PROTOCOL },
		{ "kill11", BL_BUG }, { "kill31", BL_BUG }, { "kill9", BL_UNAVAILABLE },
	};
	pid_t pid;

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		pid = serve(ends[i].mode, -1);
		give();
		is_int(last_word(), ends[i].code, "a helper whose end is %s is told of as %d", ends[i].mode, ends[i].code);
		is_int(done(pid), ends[i].code, "and the machine ends with it");
	}
	pid = challenged("die", -1);
	is_int(sync_and_next(), BL_FRAME_ERROR, "what a helper did before it was killed is shipped, before that is told");
	is_int(bl_le32(got.body), BL_UNAVAILABLE, "as 69");
	done(pid);
	memcpy(helper, "/x", 2);
	pid = serve("", -1);
	give();
	is_int(last_word(), BL_UNAVAILABLE, "a helper that is not there is 69");
	memcpy(helper, base, 2);
	done(pid);
}

static void test_disk(void)
{
	static const uint8_t open_body[20] = { 0, 0, 1 };
	char path[96];
	int fd;
	pid_t pid;

	snprintf(path, sizeof path, "%s/disk", base);
	put_at(base, "disk", "disk", 4, 0);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	pid = challenged("", fd);
	sync_and_next();
	say(BL_FRAME_OPEN, open_body, 20);
	is_int(last_word(), BL_CONFIG, "OPEN reaches the helper with the disk as its descriptor");
	done(pid);
	close(fd);
	pid = challenged("", -1);
	sync_and_next();
	say(BL_FRAME_OPEN, open_body, 20);
	is_int(last_word(), BL_NOINPUT, "a machine without a disk says 66");
	done(pid);
}

static void test_hostile_client(void)
{
	static uint8_t body[BL_FRAME_BODY];
	uint64_t size = 0;
	pid_t pid;

	pid = serve("", -1);
	next();
	say_anyway(BL_FRAME_CHALLENGE, noise, 144);
	ok(last_word() == BL_PROTOCOL && done(pid) == BL_PROTOCOL, "another word than ATTACH is 76");
	pid = serve("", -1);
	next();
	say_anyway(BL_FRAME_ATTACH, noise, 39);
	ok(last_word() == BL_PROTOCOL && done(pid) == BL_PROTOCOL, "so is an ATTACH that is shorter than its head");
	for (int i = 0; i < 4; i++) {
		/* One file too large; all of them together; shorter than it says; longer. */
		static const uint64_t len[4][BL_SHIP_FILES] = {
			{ 0, 0, UINT64_MAX, 0, 0 }, { 100, BL_SHIP_MOST / 2, BL_SHIP_MOST / 2, 0, 0 }, { 5, 5, 5, 5, 5 }, { 0, 5, 0, 0, 0 },
		};
		memset(body, 0, sizeof body);
		memcpy(body, len[i], sizeof len[i]);
		pid = serve("", -1);
		next();
		say_anyway(BL_FRAME_ATTACH, body, BL_SHIP_HEAD + 10);
		is_int(last_word(), BL_PROTOCOL, "a vault that is not as its lengths say is 76 (%d)", i);
		is_int(done(pid), BL_PROTOCOL, "and no helper was started on it");
	}
	pid = challenged("", -1);
	while (next() == BL_FRAME_APPEND && !bl_le16(got.body + 2))
		;
	say(BL_FRAME_SYNCED, &size, 8);
	is_int(last_word(), BL_PROTOCOL, "a SYNCED of another size is 76: the answer is never heard");
	done(pid);
	pid = challenged("", -1);
	is_int(sync_and_next(), BL_FRAME_EVIDENCE, "(here nothing is to be synced)");
	say_anyway(BL_FRAME_SYNCED, &size, 8);
	is_int(last_word(), BL_PROTOCOL, "a SYNCED that nobody waits for is 76");
	done(pid);
	pid = challenged("", -1);
	sync_and_next();
	say_anyway(BL_FRAME_REQUEST, noise, 90);
	is_int(last_word(), BL_PROTOCOL, "a request before its file is 76, from the first process itself");
	done(pid);
	/* Clients that leave, at each step. */
	pid = serve("", -1);
	is_int(done(pid), BL_UNAVAILABLE, "a client that leaves before the vault came ends the machine");
	pid = serve("", -1);
	next();
	say_anyway(BL_FRAME_ATTACH, body, 0);
	done(pid);
	pid = challenged("", -1);
	next();
	is_int(done(pid), BL_UNAVAILABLE, "so does one that leaves instead of syncing");
	pid = challenged("", -1);
	sync_and_next();
	is_int(done(pid), BL_UNAVAILABLE, "or in the middle of a session, and no helper is left behind");
}

/* --- the machine's process --- */

static int meet(const char *addr)
{
	struct bl_frame_link l;
	struct bl_vm v;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), rc;

	err = (struct bl_err){ 0 };
	rc = bl_vm_open(&v, addr, vault, fd, &l, &err) ? err.code : 0;
	if (!rc)
		bl_vm_close(&v, &err);
	bl_file_forget_inputs();
	close(fd);
	return rc;
}

static void test_machine(void)
{
	static char text[70000];
	char addr[96], dir[80];
	unsigned fds = 0, after = 0;

	make_vault();
	snprintf(dir, sizeof dir, "%s/image", base);
	snprintf(addr, sizeof addr, "vm:%s", dir);
	mkdir(dir, 0700);
	for (int i = 0; i < 64; i++)
		fds += fcntl(i, F_GETFD) >= 0;
	is_int(meet("vm:"), BL_USAGE, "an address without a folder is none");
	is_int(meet(addr), BL_NOINPUT, "a folder without a kernel is 66");
	put_at(dir, "kernel", "k", 1, 0);
	put_at(dir, "initrd", "i", 1, 0);
	memset(text, 'x', sizeof text);
	put_at(dir, "cmdline", text, 3000, 0);
	is_int(meet(addr), BL_DATA, "a command line that is too long is refused");
	put_at(dir, "cmdline", NULL, 0, 0);
	put_at(dir, "cmdline", "quiet\n", 6, 0);
	setenv("BL_QEMU", "/nonexistent/qemu", 1);
	ok(meet(addr) == BL_UNAVAILABLE && strstr(err.hint, "BL_QEMU"), "no QEMU is 69, and where to get one is said");
	setenv("BL_QEMU", "/bin/false", 1);
	ok(meet(addr) == BL_UNAVAILABLE && strstr(err.msg, "exit status is 1"), "one that fails is 69: %s", err.msg);
	setenv("BL_QEMU", "/bin/true", 1);
	ok(meet(addr) == BL_UNAVAILABLE && strstr(err.msg, "ended"), "and one that ends: %s", err.msg);
	setenv("BL_QEMU", self, 1);
	setenv("BL_TEST_TEE", helper, 1);
	setenv("BL_TEST_DIR", base, 1);
	is_int(meet(addr), 0, "a machine that asks for its vault gets it");
	put_at(dir, "args", "-machine\nnone\n\n-m\n1", 19, 0);
	setenv("BL_TEST_ARGS", "-machine none -m 1 ", 1);
	is_int(meet(addr), 0, "the file args stands in place of our machine");
	unsetenv("BL_TEST_ARGS");
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = i % 2 ? '\n' : 'x';
	put_at(dir, "args", text, 2000, 0);
	is_int(meet(addr), BL_CONFIG, "too many of them are refused");
	put_at(dir, "args", NULL, 0, 0);
	strcat(vault, "x");
	is_int(meet(addr), BL_NOINPUT, "and so is a vault that is not there, before anything is started");
	vault[strlen(vault) - 1] = 0;
	for (int i = 0; i < 64; i++)
		after += fcntl(i, F_GETFD) >= 0;
	is_int(after, fds, "no descriptor is left open by any of it");
	ok(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "and no process");
	empty(dir);
	rmdir(dir);
}

/* A machine that was broken into: its helper answers, and what was charged for it is kept from the client. */
static int keep_quiet(const struct bl_init *in)
{
	static uint8_t packet[BL_FRAME_MAX];
	struct bl_frame_link out, to;
	struct bl_ship s;
	struct bl_frame f;
	int pair[2], fd, high;
	pid_t pid;

	bl_frame_init_vm(&out, BL_FRAME_HELPER);
	bl_frame_init(&to, BL_FRAME_CLIENT);
	if (bl_ship_attach(&s, &out, in->port, in->dir, &err) || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) ||
	    (high = fcntl(pair[1], F_DUPFD_CLOEXEC, 10)) < 0 || bl_spawn_start(&pid, in->helper, "vm", NULL, high, in->dir))
		return BL_OSERR;
	close(pair[1]);
	close(high);
	for (;;) {
		struct pollfd p[2] = { { pair[0], POLLIN, 0 }, { in->port, POLLIN, 0 } };
		poll(p, 2, -1);
		if (p[0].revents ? bl_frame_recv(&to, pair[0], packet, &f, &fd, &err) || bl_frame_send(&out, in->port, f.type, f.flags, f.body, f.len, -1, &err) :
				   bl_frame_recv(&out, in->port, packet, &f, &fd, &err) ||
				   bl_frame_send(&to, pair[0], f.type, f.flags, f.body, f.len, f.type == BL_FRAME_OPEN ? in->file : -1, &err))
			return err.code;
	}
}

/* As QEMU would be started: the port is descriptor 3, the disk 4. */
static int be_machine(int argc, char **argv)
{
	const char *want = getenv("BL_TEST_ARGS");
	char dir[128], args[128] = "";
	struct bl_init in = { .port = 3, .file = 4, .helper = getenv("BL_TEST_TEE") };

	for (int i = 1; want && i < argc && strcmp(argv[i], "-nodefaults"); i++) {
		strncat(args, argv[i], 32);
		strcat(args, " ");
	}
	if (want && strcmp(args, want))
		return 1;
	snprintf(dir, sizeof dir, "%s/machine.XXXXXX", getenv("BL_TEST_DIR"));
	if (!mkdtemp(dir))
		return 1;
	in.dir = enter(dir);
	if (getenv("BL_TEST_QUIET"))
		return keep_quiet(&in);
	return bl_init_serve(&in, &err);
}

int main(int argc, char **argv)
{
	ssize_t n;

	if (argc > 1 && !strcmp(argv[0], "bl-tee"))
		return be_helper();
	if (argc > 2)
		return be_machine(argc, argv);
	n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n <= 0 || !set_up())
		skip_all("no /proc, or no room in /tmp");
	self[n] = 0;
	snprintf(helper, sizeof helper, "%s/bl-tee", base);
	if (symlink(self, helper))
		skip_all("no room in /tmp");
	alarm(300);
	test_order();
	test_ends();
	test_disk();
	test_hostile_client();
	test_machine();
	tear_down();
	return tap_done();
}
