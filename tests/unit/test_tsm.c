/* SPDX-License-Identifier: Apache-2.0 */
/*
 * configfs-tsm against a kernel of our own: its calls on files are taken to a model of drivers/virt/coco/tsm.c, which is that of a report:
 * inblob counts when it is closed, a report is made at the first read after a write, generations are counted. Directories are real
 * ones, so that what is left behind shows. And the whole way: the process that asks, its answer, what a helper makes of it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../device.h"
#include "../tap.h"
#include "base/file.h"
#include "base/num.h"
#include "crypt/mem.h"

/* --- the kernel --- */

enum { FDS = 8, FIRST = 1000 };
static struct device platform;
static char place[] = "/tmp/bl-tsm.XXXXXX";

static struct kernel {
	const char *provider, *changes_to;	/* after the report was made */
	unsigned foreign;			/* writes of somebody else's */
	int mkdir_errno, write_errno, read_errno, busy;		/* busy: reads of outblob that fail with EBUSY first */
	bool ignores_writes, no_aux, short_reads, empty, slow;
	size_t out, aux;			/* so many bytes instead; 0: as they come */
	const uint8_t *instead;			/* answers over these data */
} k;

static struct report {		/* there is one at a time */
	uint64_t written, made;
	uint8_t in[64];
	size_t nin;
	bool has_in;
	unsigned writes;
	struct bl_buf out, aux;
} report;
/* Descriptors that only the model knows: the process that asks could not make any. */
static struct { const char *name; char text[64]; bool begun; size_t writes, at; } open_file[FDS];

static void forget(void)
{
	bl_buf_fini(&report.out);
	bl_buf_fini(&report.aux);
	memset(&report, 0, sizeof report);
	bl_buf_init(&report.out, 1 << 20);
	bl_buf_init(&report.aux, 1 << 20);
}

static int make_report(void)
{
	const uint8_t *data = k.instead ? k.instead : report.in;

	if (!report.has_in)
		return EINVAL;
	if (report.made == report.written && report.out.len)
		return 0;
	if (k.busy && k.busy--)
		return EBUSY;
	if (k.read_errno)
		return k.read_errno;
	bl_buf_clear(&report.out);
	bl_buf_clear(&report.aux);
	if (!strcmp(k.provider, "tdx_guest"))
		device_quote(&platform, BL_STATEMENT_TDX, data, &report.out);
	else
		device_report(&platform, data, &report.out);
	if (!k.no_aux)
		device_table(&platform, &report.aux);
	for (; report.aux.len && report.aux.len % 4096; bl_buf_put8(&report.aux, 0))	/* the host's pages */
		;
	for (; k.out > report.out.len; bl_buf_put8(&report.out, 0))
		;
	report.out.len = k.empty ? 0 : k.out ? k.out : report.out.len;
	report.aux.len = k.aux ? k.aux : report.aux.len;
	report.made = report.written;
	report.written += k.foreign;
	if (k.changes_to)
		k.provider = k.changes_to;
	return 0;
}

static int kernel_openat(int dir, const char *name, int flags)
{
	static const char *const names[] = { "generation", "inblob", "outblob", "auxblob", "provider" };
	const char *found = NULL;
	int fd = 0;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(names[i], name))
			found = names[i];
	if (!found)
		return openat(dir, name, flags);
	if (!strcmp(name, "auxblob") && !strcmp(k.provider, "tdx_guest")) {
		errno = ENOENT;
		return -1;
	}
	while (open_file[fd].name)
		if (++fd == FDS)
			exit(1);
	memset(&open_file[fd], 0, sizeof *open_file);
	open_file[fd].name = found;
	if (!strcmp(name, "generation"))
		snprintf(open_file[fd].text, sizeof open_file[fd].text, "%llu\n", (unsigned long long)report.written);
	if (!strcmp(name, "provider"))
		snprintf(open_file[fd].text, sizeof open_file[fd].text, "%s\n", k.provider);
	return FIRST + fd;
}

static ssize_t kernel_read(int fd, void *p, size_t n)
{
	const char *name = open_file[fd -= FIRST].name, *from = open_file[fd].text;
	const struct bl_buf *b = !strcmp(name, "outblob") ? &report.out : !strcmp(name, "auxblob") ? &report.aux : NULL;
	size_t left = b ? 0 : strlen(from);

	if (b && !open_file[fd].begun) {
		while (k.slow)
			poll(NULL, 0, 1000);
		if ((errno = make_report()))
			return -1;
		open_file[fd].begun = true;
	}
	if (b && b->len)
		from = (const char *)b->p;
	left = (b ? b->len : left) - open_file[fd].at;
	n = n > left ? left : n;
	n = k.short_reads && n > 7 ? 7 : n;
	memcpy(p, from + open_file[fd].at, n);
	open_file[fd].at += n;
	return (ssize_t)n;
}

static ssize_t kernel_write(int fd, const void *p, size_t n)
{
	if (k.write_errno) {
		errno = k.write_errno;
		return -1;
	}
	open_file[fd - FIRST].writes++;
	if (report.nin + n <= 64)
		memcpy(report.in + report.nin, p, n);
	report.nin += n;
	return (ssize_t)n;
}

static int kernel_close(int fd)
{
	if (fd < FIRST)
		return close(fd);
	if (open_file[fd -= FIRST].writes && !k.ignores_writes) {
		report.has_in = report.nin == 64 && open_file[fd].writes == 1;
		report.written++;
	}
	open_file[fd].name = NULL;
	return 0;
}

static int kernel_mkdirat(int dir, const char *name, mode_t mode)
{
	forget();
	if ((errno = k.mkdir_errno))
		return -1;
	return mkdirat(dir, name, mode);
}

static int kernel_fstatat(int dir, const char *name, struct stat *st, int flags)
{
	return strcmp(name, "provider") ? fstatat(dir, name, st, flags) : 0;
}

#define openat(dir, name, flags) kernel_openat(dir, name, flags)
#define read(fd, p, n) kernel_read(fd, p, n)
#define write(fd, p, n) kernel_write(fd, p, n)
#define close(fd) kernel_close(fd)
#define mkdirat(dir, name, mode) kernel_mkdirat(dir, name, mode)
#define fstatat(dir, name, st, flags) kernel_fstatat(dir, name, st, flags)
#include "../../lib/tee/devnode.c"
#include "../../lib/tee/tsm.c"
#undef openat
#undef read
#undef write
#undef close
#undef mkdirat
#undef fstatat

/* --- a question --- */

static struct bl_err err;
static struct bl_provider_data question;
static struct bl_provider_answer got;
static enum bl_statement_class class;

static void reset(const char *provider)
{
	k = (struct kernel){ .provider = provider };
	bl_provider_fini(&got);
	bl_provider_init(&got);
	memset(&err, 0, sizeof err);
}

/* Opens, asks once, closes. */
static int ask_it(void)
{
	void *device = bl_tsm_tech.open(place, &class, &err);
	int rc = device ? bl_tsm_tech.quote(device, &question, &got, &err) : -1;

	if (device)
		bl_tsm_tech.close(device);
	return rc;
}

static unsigned left_behind(void)
{
	DIR *d = opendir(place);
	unsigned n = 0;

	while (d && readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static const char *name_of_piece(size_t i)
{
	return i < got.pieces.n ? got.pieces.v[i].name : "";
}

static void test_good(void)
{
	uint8_t other[64];

	memcpy(other, question.report, 64);
	other[63] ^= 1;
	reset("sev_guest");
	ok(!ask_it() && class == BL_STATEMENT_SNP && got.pieces.n == 1, "a report of sev_guest is of class snp: %s", err.msg);
	is_str(name_of_piece(0), "extended.bin", "it comes with the host's certificates");
	ok(got.pieces.v[0].n % 4096 != BL_SNP_REPORT && got.pieces.v[0].n > 2500, "without the zeros behind them");
	ok(device_proves(&platform, class, &got, question.report, 64), "it verifies for the data that were asked for");
	ok(!device_proves(&platform, class, &got, other, 64), "and not for others");
	reset("sev_guest");
	k.no_aux = true;
	ok(!ask_it() && !strcmp(name_of_piece(0), "report.bin") && got.pieces.v[0].n == BL_SNP_REPORT, "where the host gives none it comes alone");
	reset("sev_guest");
	k.aux = 100;
	ok(!ask_it() && !strcmp(name_of_piece(0), "report.bin"), "and where the host's table is cut short");
	reset("tdx_guest");
	ok(!ask_it() && class == BL_STATEMENT_TDX && got.pieces.n == 1, "a quote of tdx_guest is of class tdx: %s", err.msg);
	is_str(name_of_piece(0), "quote.bin", "it is a quote");
	ok(device_proves(&platform, class, &got, question.report, 64), "it verifies for the data that were asked for");
	ok(!device_proves(&platform, class, &got, other, 64), "and not for others");
	reset("sev_guest");
	k.short_reads = true;
	ok(!ask_it() && device_proves(&platform, class, &got, question.report, 64), "reads of seven bytes make the same");
	reset("tdx_guest");
	k.busy = 2;
	ok(!ask_it() && got.pieces.n == 1, "a module that works on another quote is asked again");
	is_int(left_behind(), 0, "no report is left behind");
}

#define REFUSED(promise, ...) do { \
	reset("sev_guest"); \
	__VA_ARGS__; \
	ok(ask_it() && err.code == BL_UNAVAILABLE && !got.pieces.n && !left_behind(), promise ": %s", err.msg); \
} while (0)

static void test_bad(void)
{
	static const uint8_t zeros[64];

	REFUSED("refuses a report that somebody else wrote to as well", k.foreign = 1);
	REFUSED("refuses one that never took our data", k.ignores_writes = true, report.has_in = true);
	REFUSED("refuses one whose provider became another", k.changes_to = "tdx_guest");
	REFUSED("refuses what may not be made", k.mkdir_errno = EPERM);
	REFUSED("refuses what takes no data", k.write_errno = EBUSY);
	REFUSED("refuses what gives an error", k.read_errno = EIO);
	REFUSED("refuses what stays busy", k.busy = 1000);
	REFUSED("refuses a report that is too large for its reader", k.read_errno = EFBIG);
	REFUSED("refuses a report of 1183 bytes", k.out = BL_SNP_REPORT - 1);
	REFUSED("refuses a report of a megabyte", k.out = 1 << 20);
	REFUSED("refuses an empty report", k.empty = true);
	REFUSED("refuses another platform by its name", k.provider = "arm_cca_guest");
	ok(strstr(err.msg, "arm_cca_guest"), "and says it");
	reset("tdx_guest");
	k.empty = true;
	ok(ask_it() && !got.pieces.n, "refuses an empty quote");
	reset("sev_guest");
	k.instead = zeros;
	ok(!ask_it() && !device_proves(&platform, class, &got, question.report, 64), "a report over other data proves nothing about ours");
	ok(!bl_tsm_tech.open("/nonexistent", &class, &err) && err.code == BL_UNAVAILABLE, "refuses a root that is not there");
}

static void test_stale(void)
{
	struct timespec old[2] = { { .tv_sec = time(NULL) - 3600 }, { .tv_sec = time(NULL) - 3600 } };
	char dead[64], alive[64];
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	snprintf(dead, sizeof dead, "%s/bl-%d-00112233", place, pid);
	snprintf(alive, sizeof alive, "%s/bl-%d-00112233", place, getpid());
	mkdir(dead, 0700);
	mkdir(alive, 0700);
	reset("sev_guest");
	ok(!ask_it() && !access(dead, F_OK), "a report that is younger than a minute may be another one's");
	utimensat(AT_FDCWD, dead, old, 0);
	utimensat(AT_FDCWD, alive, old, 0);
	reset("sev_guest");
	ok(!ask_it() && access(dead, F_OK) && !access(alive, F_OK), "one of a process that is gone is removed, one of a living is not");
	rmdir(alive);
}

/* --- the whole way --- */

static bool ends(pid_t pid)
{
	int status = -1;

	for (int i = 0; i < 200; i++, poll(NULL, 0, 10))
		if (waitpid(pid, &status, WNOHANG) == pid)
			return true;
	return false;
}

static void test_process(void)
{
	char spec[64];
	struct bl_provider p;
	pid_t pid, helper;
	int pipe_fd[2];

	snprintf(spec, sizeof spec, "configfs-tsm:%s", place);
	reset("sev_guest");
	ok(!bl_provider_start(&p, spec, &err) && p.class == BL_STATEMENT_SNP && p.sock >= 0, "a provider starts: %s", err.msg);
	is_str(p.name, "configfs-tsm", "it is the one that was named");
	pid = p.pid;
	ok(!bl_provider_ask(&p, &question, &got, &err) && device_proves(&platform, p.class, &got, question.report, 64),
	   "its process answers with what verifies: %s", err.msg);
	ok(ends(pid) && p.sock < 0, "and ends");
	reset("sev_guest");
	k.foreign = 1;
	bl_provider_start(&p, spec, &err);
	pid = p.pid;
	ok(bl_provider_ask(&p, &question, &got, &err) && err.code == BL_UNAVAILABLE && !got.pieces.n, "what a device does not give is 69: %s", err.msg);
	ok(ends(pid), "and its process ends too");
	reset("sev_guest");
	bl_provider_start(&p, spec, &err);
	bl_provider_stop(&p);
	ok(ends(p.pid), "one that is not asked ends with the session");
	reset("sev_guest");
	bl_provider_start(&p, spec, &err);
	kill(p.pid, SIGKILL);
	ok(bl_provider_ask(&p, &question, &got, &err) && err.code == BL_UNAVAILABLE, "one that was killed is missed at once: %s", err.msg);
	ends(p.pid);
	ok(bl_provider_start(&p, "configfs-tsm:/nonexistent", &err) && err.code == BL_UNAVAILABLE, "one that is not there does not start: %s", err.msg);
	is_int(left_behind(), 0, "no report is left behind");

	/* A helper that is killed while its provider waits for the device. */
	reset("sev_guest");
	k.slow = true;
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) || pipe2(pipe_fd, O_CLOEXEC))
		exit(1);
	if (!(helper = fork())) {
		bl_provider_start(&p, spec, &err);
		if (write(pipe_fd[1], &p.pid, sizeof p.pid) != sizeof p.pid)
			_exit(1);
		bl_provider_ask(&p, &question, &got, &err);
		_exit(0);
	}
	close(pipe_fd[1]);
	if (read(pipe_fd[0], &pid, sizeof pid) != sizeof pid)
		exit(1);
	close(pipe_fd[0]);
	poll(NULL, 0, 50);
	kill(helper, SIGKILL);
	waitpid(helper, NULL, 0);
	ok(ends(pid), "a helper's death is its provider's");
}

int main(void)
{
	if (!mkdtemp(place))
		skip_all("no room in /tmp");
	if (bl_mem_init(true, &err))
		return 71;
	bl_json_init();
	device_init(&platform, ATTEST_NOW);
	for (size_t i = 0; i < sizeof question; i++)
		((uint8_t *)&question)[i] = (uint8_t)(i * 3 + 1);
	test_good();
	test_bad();
	test_stale();
	test_process();
	bl_provider_fini(&got);
	bl_buf_fini(&report.out);
	bl_buf_fini(&report.aux);
	device_fini(&platform);
	/* What a killed provider left is swept by hand. */
	char cmd[64];
	snprintf(cmd, sizeof cmd, "rm -rf %s", place);
	if (system(cmd))
		return 1;
	return tap_done();
}
