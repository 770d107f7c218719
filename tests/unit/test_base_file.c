/* SPDX-License-Identifier: Apache-2.0 */
/* Files: bounded reads; outputs that are complete or absent, never an input, never over what must not be replaced. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"
#include "base/file.h"
#include "base/out.h"

static struct bl_err err;
static char dir[] = "/tmp/bl-file.XXXXXX";

static int code(int rc)
{
	return rc < 0 ? err.code : 0;
}

static void put_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	close(fd);
}

/* What a file holds, or "absent". */
static const char *get_file(const char *name)
{
	static char text[256];
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	text[n < 0 ? 0 : n] = 0;
	return n < 0 ? "absent" : text;
}

static unsigned entries(void)
{
	DIR *d = opendir(".");
	unsigned n = 0;
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static mode_t mode(const char *name)
{
	struct stat st;
	return stat(name, &st) ? 0 : st.st_mode & 07777;
}

static void test_reading(void)
{
	struct bl_buf b;
	char p[8];
	int fds[2], fd;

	put_file("ten", "0123456789");
	put_file("none", "");
	bl_buf_init(&b, 10);
	ok(!bl_file_read("ten", &b, &err) && b.len == 10 && !memcmp(b.p, "0123456789", 10), "a file just as long as may be is read");
	bl_buf_clear(&b);
	b.max = 9;
	is_int(code(bl_file_read("ten", &b, &err)), BL_DATA, "one that is longer is 65");
	ok(strstr(err.msg, "ten"), "and named");
	bl_buf_fini(&b);
	bl_buf_init(&b, 10);
	ok(!bl_file_read("none", &b, &err) && !b.len, "nothing is read as nothing");
	bl_buf_puts(&b, "ab");
	b.max = 12;
	ok(!bl_file_read("ten", &b, &err) && b.len == 12 && !memcmp(b.p, "ab01", 4), "a file is added to what is there");
	is_int(code(bl_file_read("nowhere", &b, &err)), BL_NOINPUT, "a file that is not there is 66");
	is_str(err.msg, "cannot open 'nowhere': No such file or directory", "with why");
	is_int(code(bl_file_open(".", &err)), BL_NOINPUT, "so is a folder");
	bl_buf_fini(&b);

	if (pipe(fds))
		abort();
	if (!fork()) {		/* a pipe that comes in pieces */
		for (int i = 0; i < 5; i++) {
			(void)!write(fds[1], "ab", 2);
			usleep(1000);
		}
		_exit(0);
	}
	close(fds[1]);
	memset(p, 0, sizeof p);
	is_int(bl_file_readn(fds[0], p, 7, &err), 7, "seven bytes are waited for");
	is_int(bl_file_readn(fds[0], p, 7, &err), 3, "until the end");
	is_int(bl_file_readn(fds[0], p, 7, &err), 0, "after which there is nothing");
	close(fds[0]);
	wait(NULL);
	fd = bl_file_open("ten", &err);
	ok(fcntl(fd, F_GETFD) & FD_CLOEXEC, "a descriptor is closed on exec");
	ok(!bl_file_pread(fd, p, 4, 6, &err) && !memcmp(p, "6789", 4), "bytes at a place");
	is_int(code(bl_file_pread(fd, p, 4, 7, &err)), BL_DATA, "a byte past the end is truncated");
	is_int(code(bl_file_pread(fd, p, 1, UINT64_MAX, &err)), BL_DATA, "so is any place past what a file can have");
	is_int(code(bl_file_pread(fd, p, 4, (uint64_t)INT64_MAX - 1, &err)), BL_DATA, "however near to it");
	is_int(code(bl_file_write(fd, "x", 1, &err)), BL_IOERR, "a write that fails is 74");
	close(fd);
	is_int(code((int)bl_file_readn(fd, p, 1, &err)), BL_IOERR, "so is a read");

	pid_t pid = fork();
	int status;
	if (!pid) {
		close(0);
		if (open("ten", O_RDONLY))
			_exit(9);
		int first = bl_file_open("-", &err);
		if (first < 3 || bl_file_readn(first, p, 1, &err) != 1 || p[0] != '0')
			_exit(8);
		_exit(bl_file_open("-", &err) < 0 ? err.code : 7);
	}
	waitpid(pid, &status, 0);
	is_int(WEXITSTATUS(status), BL_USAGE, "standard input is had once, the second time is 64");
	unlink("ten");
	unlink("none");
}

static int output(struct bl_out *o, const char *name, bool excl)
{
	bl_out_init(o);
	return code(bl_out_open(o, name, 0666, excl, &err));
}

static void test_atomic(void)
{
	struct bl_out o;

	umask(027);
	is_int(output(&o, "new", false), 0, "an output is opened");
	bl_file_write(o.fd, "abc", 3, &err);
	is_str(get_file("new"), "absent", "its name is not there before it is complete");
	is_int(entries(), 1, "only a temporary file");
	is_int(code(bl_out_commit(&o, &err)), 0, "committed");
	is_str(get_file("new"), "abc", "it is there");
	is_int(entries(), 1, "and nothing else");
	is_int(mode("new"), 0640, "of the mode that the umask leaves");
	bl_out_fini(&o);
	is_str(get_file("new"), "abc", "and stays");

	output(&o, "new", false);
	bl_file_write(o.fd, "xyz", 3, &err);
	bl_out_fini(&o);
	is_str(get_file("new"), "abc", "an output given up leaves the old one");
	is_int(entries(), 1, "and nothing else");
	output(&o, "new", false);
	bl_file_write(o.fd, "xy", 2, &err);
	bl_out_commit(&o, &err);
	bl_out_fini(&o);
	is_str(get_file("new"), "xy", "one committed replaces it");

	bl_out_init(&o);
	bl_out_open(&o, "secret", 0600, true, &err);
	bl_out_commit(&o, &err);
	bl_out_fini(&o);
	is_int(mode("secret"), 0600, "a secret is 0600");
	umask(022);

	/* Exclusive: seen at once when it is there, and at the end when it came in between. */
	is_int(output(&o, "new", true), BL_CANTCREAT, "what exists is refused when it must be new");
	bl_out_fini(&o);
	is_int(output(&o, "race", true), 0, "what does not is opened");
	put_file("race", "other");
	is_int(code(bl_out_commit(&o, &err)), BL_CANTCREAT, "and refused when somebody else was faster");
	bl_out_fini(&o);
	is_str(get_file("race"), "other", "whose file stays");
	is_int(entries(), 3, "with nothing left");
	if (symlink("nowhere", "dangling"))
		abort();
	is_int(output(&o, "dangling", true), BL_CANTCREAT, "a link to nowhere exists, too");
	bl_out_fini(&o);

	if (mkdir("sub", 0700) || symlink("sub/target", "link"))
		abort();
	put_file("sub/target", "old");
	output(&o, "link", false);
	bl_file_write(o.fd, "through", 7, &err);
	bl_out_commit(&o, &err);
	bl_out_fini(&o);
	is_str(get_file("sub/target"), "through", "a link is written through");
	struct stat st;
	ok(!lstat("link", &st) && S_ISLNK(st.st_mode), "and stays a link");

	is_int(output(&o, "sub", false), BL_CANTCREAT, "a folder is no output");
	bl_out_fini(&o);
	is_int(output(&o, "no/such/folder", false), BL_CANTCREAT, "nor is a file in one that is not there");
	bl_out_fini(&o);
	is_int(output(&o, "", false), BL_CANTCREAT, "nor is a name of nothing");
	bl_out_fini(&o);
	is_int(output(&o, "absent/", false), BL_CANTCREAT, "nor one that ends in a slash");
	bl_out_fini(&o);
	is_int(output(&o, "/dev/null", false), 0, "a device is written to");
	bl_file_write(o.fd, "x", 1, &err);
	is_int(code(bl_out_commit(&o, &err)), 0, "directly");
	bl_out_fini(&o);
	ok(!stat("/dev/null", &st) && S_ISCHR(st.st_mode), "and never replaced");
	is_int(output(&o, "/dev/full", false), 0, "also a full one");
	is_int(code(bl_file_write(o.fd, "x", 1, &err)), BL_IOERR, "which is 74");
	bl_out_fini(&o);
	if (system("rm -rf new secret race dangling link sub"))
		abort();
}

static void test_put(void)
{
	struct bl_buf b;
	char have[8] = "";

	bl_buf_init(&b, 4);
	bl_buf_puts(&b, "all");
	is_int(code(bl_out_put("put", 0600, &b, &err)), 0, "a buffer is put into a file");
	int fd = open("put", O_RDONLY);
	ok(read(fd, have, sizeof have) == 3 && !memcmp(have, "all", 3), "all of it");
	close(fd);
	bl_buf_puts(&b, "more");
	is_int(code(bl_out_put("put", 0600, &b, &err)), BL_OSERR, "one that overflowed is 71");
	fd = open("put", O_RDONLY);
	ok(read(fd, have, sizeof have) == 3, "and leaves the file as it was");
	close(fd);
	bl_buf_fini(&b);
	unlink("put");
}

static void test_inputs(void)
{
	struct bl_out o;
	int fd;

	put_file("in", "input");
	if (link("in", "hard") || symlink("in", "soft"))
		abort();
	static const char *const same[] = { "in", "./in", "hard", "soft" };
	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		bl_out_init(&o);
		fd = bl_file_open("in", &err);
		is_int(code(bl_out_open(&o, same[i], 0666, false, &err)), BL_USAGE, "an output is never an input, here by the name '%s'", same[i]);
		close(fd);
		bl_out_fini(&o);
	}
	put_file("other", "x");
	bl_out_init(&o);
	fd = bl_file_open("in", &err);
	is_int(code(bl_out_open(&o, "other", 0666, false, &err)), 0, "another file may be");
	close(fd);
	bl_out_fini(&o);

	/* The shell's > on an input */
	pid_t pid = fork();
	int status;
	if (!pid) {
		fd = open("in", O_RDWR);
		dup2(fd, 1);
		bl_out_init(&o);
		bl_file_input(fd);
		_exit(code(bl_out_open(&o, "-", 0666, false, &err)));
	}
	waitpid(pid, &status, 0);
	is_int(WEXITSTATUS(status), BL_USAGE, "nor when it is standard output");
	is_str(get_file("in"), "input", "and nothing happened to it");

	bl_out_init(&o);
	fd = bl_file_open("/dev/null", &err);
	is_int(code(bl_out_open(&o, "/dev/null", 0666, false, &err)), 0, "a device may be both");
	close(fd);
	bl_out_fini(&o);

	if (mkdir("folder", 0700) || (fd = open("folder", O_RDONLY | O_DIRECTORY)) < 0)
		abort();
	bl_file_input(fd);
	close(fd);
	bl_out_init(&o);
	is_int(code(bl_out_open(&o, "folder/new", 0666, false, &err)), BL_USAGE, "nothing is put into a folder that is read");
	bl_out_fini(&o);
	rmdir("folder");
	unlink("in");
	unlink("hard");
	unlink("soft");
	unlink("other");
}

static const int fatal[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };

static void test_signals(void)
{
	struct bl_out o;
	int status;

	for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) {
		pid_t pid = fork();
		if (!pid) {
			output(&o, "part", false);
			bl_file_write(o.fd, "half", 4, &err);
			raise(fatal[i]);
			_exit(9);
		}
		waitpid(pid, &status, 0);
		ok(WIFSIGNALED(status) && WTERMSIG(status) == fatal[i], "a signal (%d) ends the program", fatal[i]);
		is_int(entries(), 0, "and leaves nothing behind");
	}
	pid_t pid = fork();
	if (!pid) {
		signal(SIGHUP, SIG_IGN);
		output(&o, "part", false);
		raise(SIGHUP);
		bl_file_write(o.fd, "whole", 5, &err);
		bl_out_commit(&o, &err);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	is_int(status, 0, "what the parent ignores stays ignored");
	is_str(get_file("part"), "whole", "and the work is done");
	unlink("part");
}

static void test_stdout(void)
{
	int status;
	pid_t pid;
	fflush(stdout);
	for (int lost = 0; lost < 2; lost++) {
		pid = fork();
		if (!pid) {
			int fd = open(lost ? "/dev/full" : "/dev/null", O_WRONLY);
			dup2(fd, 1);
			printf("an answer\n");
			_exit(code(bl_file_close_stdout(&err)));
		}
		waitpid(pid, &status, 0);
		is_int(WEXITSTATUS(status), lost ? BL_IOERR : 0, lost ? "a lost answer is 74" : "one that arrived is not");
	}
	pid = fork();
	if (!pid) {
		int fd = open("/dev/full", O_WRONLY);
		dup2(fd, 1);
		for (int i = 0; i < 100000; i++)
			printf("an answer\n");
		fd = open("/dev/null", O_WRONLY);
		dup2(fd, 1);		/* the last flush works; an earlier one did not */
		_exit(code(bl_file_close_stdout(&err)));
	}
	waitpid(pid, &status, 0);
	is_int(WEXITSTATUS(status), BL_IOERR, "an earlier loss is not forgotten");
}

int main(void)
{
	for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
		signal(fatal[i], SIG_DFL);	/* whoever started this may ignore some; a shell's background job ignores SIGINT */
	if (!mkdtemp(dir) || chdir(dir))
		return 1;
	umask(022);
	test_reading();
	bl_file_forget_inputs();
	test_atomic();
	test_put();
	test_inputs();
	test_signals();
	test_stdout();
	return chdir("/") | rmdir(dir) | tap_done();
}
