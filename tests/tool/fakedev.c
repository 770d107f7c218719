/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fakedev KIND ROOT OUT [FLAW]: plays the device of a confidential machine for shell tests: real reports and quotes, over whatever report
 * data it is given, under a hierarchy of its own.
 *
 *	"$build/tests/tool/fakedev" snp root out >said & device=$!
 *	while ! [ -s said ]; do sleep 0.1; done		# it says `ready`
 *	... bl-tee --provider configfs-tsm:$PWD/root; bl-attest verify --root out/root.pem --collateral out ...
 *	kill $device; wait $device
 *
 * KIND   snp, tdx: ROOT is a configfs-tsm (provider configfs-tsm:ROOT); sgx: Gramine's files (provider gramine:ROOT). ROOT is made, or empty.
 * OUT    is made: root.pem for --root, and what verifies a report or quote beside it (vek.der, ask_ark.pem; tcb_info.json, ...).
 * FLAW   other-data  evidence over other data than it was given
 *        foreign     somebody else writes to each report too: its generation says so (snp, tdx)
 *        bare        reports without the host's certificates (snp)
 *
 * A directory cannot do what configfs does, so blobs are named pipes: who reads waits for who writes; and a report is removed when the
 * process that made it is gone. Ends by SIGTERM, or with whoever started it; then ROOT is empty again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../device.h"
#include "crypt/mem.h"

enum { ITEMS = 256, NAME = 64 };
static struct device platform;
static enum bl_statement_class class;
static const char *flaw = "";
static volatile sig_atomic_t over;
static struct item { char name[NAME]; pid_t maker, server; } items[ITEMS];	/* name empty: free */

static void stop(int sig)
{
	(void)sig;
	over = 1;
}

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "fakedev: %s: %s\n", what, strerror(errno));
	exit(71);
}

static bool has(const char *name)
{
	return !strcmp(flaw, name);
}

/* --- files --- */

static void put_at(int dir, const char *name, const void *p, size_t n)
{
	int fd = openat(dir, ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, p, n) != (ssize_t)n || close(fd) || renameat(dir, ".new", dir, name))
		die(name);
}

static void put_text(int dir, const char *name, const char *s)
{
	put_at(dir, name, s, strlen(s));
}

/* All that somebody writes into a pipe until he closes it; what does not fit is forgotten. */
static size_t take(int dir, const char *name, uint8_t *p, size_t most)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got;

	while (fd >= 0 && (got = read(fd, p + n, most - n)) > 0)
		n += (size_t)got;
	close(fd);
	return n;
}

static void give(int dir, const char *name, const struct bl_buf *b)
{
	int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
	ssize_t put;

	for (size_t n = 0; fd >= 0 && n < b->len && (put = write(fd, b->p + n, b->len - n)) > 0; n += (size_t)put)
		;
	close(fd);
}

static void write_out(const char *out)
{
	static struct bl_evidence_files f;
	struct bl_buf b;
	int dir;

	if ((mkdir(out, 0755) && errno != EEXIST) || (dir = open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		die(out);
	bl_buf_init(&b, 1 << 20);
	attest_pem(&b, device_root(&platform, class));
	put_at(dir, "root.pem", b.p, b.len);
	if (class == BL_STATEMENT_SNP) {
		put_at(dir, "vek.der", platform.vek->der, platform.vek->n);
		bl_buf_clear(&b);
		attest_pem(&b, platform.ask);
		attest_pem(&b, platform.ark);
		put_at(dir, "ask_ark.pem", b.p, b.len);
	} else {
		device_collateral(&platform, class, &f);
		for (size_t i = 0; i < f.n; i++)
			if (strcmp(f.v[i].name, "quote.bin"))
				put_at(dir, f.v[i].name, f.v[i].p, f.v[i].n);
	}
	bl_buf_fini(&b);
	close(dir);
}

/* --- one question --- */

static void answer(int dir, const char *in, const char *out, bool tsm)
{
	uint8_t data[256];
	struct bl_buf b, table;

	if (take(dir, in, data, sizeof data) != 64)
		return;			/* the kernel would refuse to make a report; a reader waits until he gives up */
	data[0] ^= has("other-data");
	bl_buf_init(&b, 1 << 20);
	bl_buf_init(&table, 1 << 20);
	if (tsm)
		put_text(dir, "generation", has("foreign") ? "2\n" : "1\n");
	if (class == BL_STATEMENT_SNP)
		device_report(&platform, data, &b);
	else
		device_quote(&platform, class, data, &b);
	give(dir, out, &b);
	if (class == BL_STATEMENT_SNP) {
		if (!has("bare"))
			device_table(&platform, &table);
		give(dir, "auxblob", &table);
	}
	bl_buf_fini(&b);
	bl_buf_fini(&table);
}

/* A process that answers, and dies with us. */
static pid_t serve(int dir, const char *in, const char *out, bool tsm)
{
	const pid_t us = getpid(), pid = fork();

	if (pid)
		return pid;
	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	do
		answer(dir, in, out, tsm);
	while (!tsm && getppid() == us);
	_exit(0);
}

/* --- configfs-tsm --- */

static const char *const names[] = { "inblob", "outblob", "auxblob", "generation", "provider", ".new" };

static void begin_item(int root, const char *name)
{
	struct item *x = items;
	int dir = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	while (x < items + ITEMS && *x->name)
		x++;
	if (dir < 0 || x == items + ITEMS || strlen(name) >= NAME || sscanf(name, "bl-%d-", &x->maker) != 1) {
		close(dir);
		return;
	}
	strcpy(x->name, name);
	if (mkfifoat(dir, "inblob", 0600) || mkfifoat(dir, "outblob", 0600) || (class == BL_STATEMENT_SNP && mkfifoat(dir, "auxblob", 0600)))
		die(name);
	put_text(dir, "generation", "0\n");
	x->server = serve(dir, "inblob", "outblob", true);
	put_text(dir, "provider", class == BL_STATEMENT_SNP ? "sev_guest\n" : "tdx_guest\n");	/* the last: they wait for it */
	close(dir);
}

static void end_item(int root, struct item *x)
{
	int dir = openat(root, x->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	kill(x->server, SIGKILL);
	waitpid(x->server, NULL, 0);
	for (size_t i = 0; dir >= 0 && i < sizeof names / sizeof *names; i++)
		unlinkat(dir, names[i], 0);
	close(dir);
	unlinkat(root, x->name, AT_REMOVEDIR);
	*x->name = 0;
}

/* Also as a zombie that nobody waits for. */
static bool gone(pid_t pid)
{
	char path[32], state = 'Z';
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	if (!(f = fopen(path, "re")))
		return true;
	if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		state = 'Z';
	fclose(f);
	return state == 'Z';
}

static void end_items(int root, bool all)
{
	for (struct item *x = items; x < items + ITEMS; x++)
		if (*x->name && (all || gone(x->maker)))
			end_item(root, x);
}

static void watch(int root, const char *path, pid_t starter)
{
	char events[4096] __attribute__((aligned(8)));
	struct pollfd p = { .fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), .events = POLLIN };

	if (inotify_add_watch(p.fd, path, IN_CREATE | IN_ONLYDIR) < 0)
		die(path);
	puts("ready");
	fflush(stdout);
	while (!over && getppid() == starter) {
		const struct inotify_event *e;
		const ssize_t n = poll(&p, 1, 100) > 0 ? read(p.fd, events, sizeof events) : 0;
		for (ssize_t at = 0; at < n; at += (ssize_t)(sizeof *e + e->len)) {
			e = (const void *)(events + at);
			if (e->mask & IN_ISDIR)
				begin_item(root, e->name);
		}
		end_items(root, false);
	}
	end_items(root, true);
}

/* --- gramine --- */

static void gramine(int root, pid_t starter)
{
	pid_t server;

	if (mkfifoat(root, "user_report_data", 0600) || mkfifoat(root, "quote", 0600))
		die("a pipe");
	put_text(root, "attestation_type", "dcap");
	server = serve(root, "user_report_data", "quote", false);
	puts("ready");
	fflush(stdout);
	while (!over && getppid() == starter)
		poll(NULL, 0, 100);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	unlinkat(root, "user_report_data", 0);
	unlinkat(root, "quote", 0);
	unlinkat(root, "attestation_type", 0);
}

int main(int argc, char **argv)
{
	static const char *const flaws[] = { "", "other-data", "foreign", "bare" };
	const pid_t starter = getppid();
	struct bl_err err;
	bool known = false;
	int root, c;

	c = argc < 4 ? -1 : bl_statement_class(argv[1]);
	flaw = argc == 5 ? argv[4] : "";
	for (size_t i = 0; i < sizeof flaws / sizeof *flaws; i++)
		known |= has(flaws[i]);
	if (argc > 5 || !known || (c != BL_STATEMENT_SNP && c != BL_STATEMENT_TDX && c != BL_STATEMENT_SGX)) {
		fputs("usage: fakedev snp|tdx|sgx ROOT OUT [other-data|foreign|bare]\n", stderr);
		return 64;
	}
	class = (enum bl_statement_class)c;
	signal(SIGTERM, stop);
	if (bl_mem_init(true, &err))
		return 71;
	bl_json_init();
	device_init(&platform, time(NULL));
	write_out(argv[3]);
	if ((mkdir(argv[2], 0700) && errno != EEXIST) || (root = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		die(argv[2]);
	if (class == BL_STATEMENT_SGX)
		gramine(root, starter);
	else
		watch(root, argv[2], starter);
	close(root);
	device_fini(&platform);
	return 0;
}
