/* SPDX-License-Identifier: Apache-2.0 */
/* The vault: complete or absent, never over anything, opened through its directory's descriptor without following links. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"
#include "base/file.h"
#include "crypt/mem.h"
#include "crypt/note.h"
#include "policy/journal.h"
#include "policy/vault.h"

static struct bl_err err;
static char dir[] = "/tmp/bl-vault.XXXXXX";
static uint8_t pk[BL_IDENT_PK];

static int code(int rc)
{
	return rc ? err.code : 0;
}

static int open_it(struct bl_vault *v, const char *name)
{
	int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = code(bl_vault_open(v, fd, name, &err));
	close(fd);
	return rc;
}

static unsigned mode(const char *name)
{
	struct stat st;
	return stat(name, &st) ? 0 : (unsigned)st.st_mode & 07777;
}

static unsigned entries(const char *name)
{
	DIR *d = opendir(name);
	unsigned n = 0;
	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n - 2;
}

static int keep_init(void *arg, const struct bl_json *e, struct bl_err *er)
{
	(void)er;
	snprintf(arg, 64, "%s %s", bl_json_get_text(e, "kind"), bl_json_get_text(e, "vault"));
	return 0;
}

static void test_make(void)
{
	struct bl_vault v;
	struct bl_journal *j = NULL;
	struct bl_note n;
	uint8_t pub[BL_IDENT_PK], root[BL_TREE_HASH];
	char text[BL_NOTE_MAX], init[64] = "", want[64] = "init ";
	ssize_t len;

	is_int(code(bl_vault_may_make("v", &err)), 0, "a vault may be made");
	is_int(code(bl_vault_make("v", pk, &err)), 0, "and is");
	is_int(entries("."), 1, "nothing else is left beside it");
	is_int(entries("v"), 6, "with six files");
	is_int(mode("v"), 0700, "the directory is 0700");
	is_int(mode("v/helper.key"), 0600, "the key is 0600");
	is_int(mode("v/journal"), 0600, "so is the journal");
	is_int(code(bl_ident_read_pub(pub, "v/helper.pub", &err)), 0, "its public key is there");
	ok(!memcmp(pub, pk, sizeof pk), "and is the one that was told");

	is_int(open_it(&v, "v"), 0, "it opens");
	ok(!memcmp(v.id.pk, pk, sizeof pk), "with that identity");
	is_int(fcntl(v.journal, F_GETFL) & (O_ACCMODE | O_APPEND), O_RDWR | O_APPEND, "the journal is for appending");
	is_int(fcntl(v.cells, F_GETFL) & (O_ACCMODE | O_APPEND), O_RDWR, "the cells for writing");
	is_int(fcntl(v.snapshot, F_GETFL) & (O_ACCMODE | O_APPEND), O_RDWR, "the snapshot too");
	ok(!bl_journal_open(&j, v.journal, keep_init, init, &err) && !bl_journal_lock(j, &err), "the journal verifies");
	is_int(bl_journal_size(j), 1, "with one entry");
	bl_ident_fpr(pk, want + 5);
	is_str(init, want, "init, which names the vault");
	len = pread(v.checkpoint, text, sizeof text, 0);
	ok(len > 0 && !bl_note_parse(&n, text, (size_t)len, &err) && bl_note_signed(&n, pk) == BL_NOTE_GOOD, "the checkpoint is signed by it");
	bl_journal_root(j, root);
	ok(n.size == 1 && !memcmp(n.root, root, sizeof root), "and is of that journal");
	bl_journal_close(j);
	bl_vault_close(&v);
	bl_vault_close(&v);
	is_int(v.journal, -1, "closed, it holds nothing");
}

static void test_never_over(void)
{
	static const char *const taken[] = { "v", "v/", "v//", "v/../v", ".", "..", "/", "file", "link", "dangling", "" };
	struct stat before, after;

	close(open("file", O_CREAT | O_WRONLY, 0600));
	if (symlink("v", "link") || symlink("nowhere", "dangling"))
		abort();
	stat("v/helper.key", &before);
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
		is_int(code(bl_vault_make(taken[i], pk, &err)), BL_CANTCREAT, "'%s' is taken", taken[i]);
		is_int(code(bl_vault_may_make(taken[i], &err)), BL_CANTCREAT, "and it says so beforehand");
	}
	stat("v/helper.key", &after);
	ok(before.st_ino == after.st_ino && before.st_mtime == after.st_mtime, "the vault that was there is untouched");
	is_int(code(bl_vault_make("no/such/place", pk, &err)), BL_CANTCREAT, "a folder that is not there is not made");
	is_int(entries("."), 4, "and nothing is left behind");
	is_int(code(bl_vault_make("with/slash", pk, &err)), BL_CANTCREAT, "nor a path of two");
	if (mkdir("sub", 0700))
		abort();
	is_int(code(bl_vault_make("sub/v//", pk, &err)), 0, "slashes at the end are fine");
	is_int(code(bl_vault_make("./sub/w", pk, &err)), 0, "so is any path");
}

/* A disk that fills up at each point: the file size limit stands in for it. */
static void test_full(void)
{
	unsigned left = 0, made = 0;

	for (rlim_t most = 0; most < 400; most += 20) {
		int status;
		pid_t pid = fork();
		if (!pid) {
			struct rlimit limit = { most, most };
			signal(SIGXFSZ, SIG_IGN);
			setrlimit(RLIMIT_FSIZE, &limit);
			_exit(bl_vault_make("full", pk, &err) ? err.code : 0);
		}
		waitpid(pid, &status, 0);
		if (!access("full", F_OK)) {
			made++;
			made -= system("rm -r full") != 0;
		} else {
			left += WEXITSTATUS(status) != BL_IOERR;
		}
	}
	ok(made > 0 && made < 20, "a full disk stops it");
	is_int(left, 0, "with 74");
	is_int(entries("."), 5, "and leaves nothing");
}

/* Killed at any moment there is a whole vault under the name or none; an interrupt waits, and leaves nothing else either. */
static void test_interrupted(void)
{
	unsigned part = 0, litter = 0;

	static const int how[] = { SIGINT, SIGTERM, SIGKILL };

	for (unsigned i = 0; i < 60; i++) {
		struct bl_vault v;
		int status;
		pid_t pid = fork();
		if (!pid) {
			bl_vault_make("int", pk, &err);
			_exit(0);
		}
		usleep(i * 40);
		kill(pid, how[i % 3]);
		waitpid(pid, &status, 0);
		if (!access("int", F_OK)) {
			part += open_it(&v, "int") != 0;
			bl_vault_close(&v);
			part += system("rm -r int") != 0;
		}
		if (how[i % 3] == SIGKILL)
			part += system("rm -rf .bl-*") != 0;
		litter += entries(".") != 5;
	}
	is_int(part, 0, "interrupted or killed, it is complete or absent");
	is_int(litter, 0, "with nothing left beside it");
}

static void spoil(const char *command, int want, const char *promise)
{
	struct bl_vault v;
	char c[256];

	snprintf(c, sizeof c, "rm -rf s && cp -R v s && chmod 600 s/helper.key && cd s && %s", command);
	if (system(c))
		abort();
	is_int(open_it(&v, "s"), want, "%s", promise);
	ok(want ? v.journal == -1 && !v.id.sk : 1, "and holds nothing then");
	bl_vault_close(&v);
}

static void test_open(void)
{
	spoil("true", 0, "a copy opens");
	spoil("chmod 640 helper.key", BL_REFUSED, "a key that the group may read is refused");
	spoil("chmod 604 helper.key", BL_REFUSED, "so is one that the world may read");
	spoil("mv helper.key k && ln -s k helper.key", BL_NOINPUT, "a link for a key is not followed");
	spoil("mv journal j && ln -s j journal", BL_NOINPUT, "nor for a journal");
	spoil("mv checkpoint c && ln -s c checkpoint", BL_NOINPUT, "nor for a checkpoint");
	spoil("rm cells && mkfifo cells", BL_NOINPUT, "a pipe for the cells is refused, without waiting");
	spoil("rm helper.key && mkfifo -m 600 helper.key", BL_NOINPUT, "nor is a pipe a key");
	spoil("rm journal && mkdir journal", BL_NOINPUT, "a folder is no journal");
	spoil("rm journal", BL_NOINPUT, "without a journal it is no vault");
	spoil("rm helper.key", BL_NOINPUT, "nor without a key");
	spoil("rm helper.pub", 0, "the helper needs no public key");
	spoil("cp helper.pub helper.key", BL_DATA, "a public key for a private one is 65");
	spoil(": >helper.key", BL_DATA, "so is an empty one");
	if (geteuid()) {
		spoil("chmod 400 journal", BL_CANTCREAT, "a journal that may not be written is 73");
		spoil("chmod 400 checkpoint", BL_CANTCREAT, "so is a checkpoint");
	} else {
		skip(4, "root may write anything");
	}
}

/* The one file that is made again, and that may be missing. */
static void without(const char *command, bool there, const char *promise)
{
	struct bl_vault v;
	struct stat st;
	char c[256];

	snprintf(c, sizeof c, "rm -rf s && cp -R v s && chmod 600 s/helper.key && cd s && rm snapshot && %s", command);
	if (system(c))
		abort();
	is_int(open_it(&v, "s"), 0, "%s", promise);
	ok((v.snapshot >= 0) == there && (!there || (!fstat(v.snapshot, &st) && S_ISREG(st.st_mode))), "%s", there ? "and has one" : "and has none");
	ok(!there || mode("s/snapshot") == 0600, "which is nobody else's");
	bl_vault_close(&v);
	if (system("chmod 700 s"))
		abort();
}

static void test_snapshot(void)
{
	struct stat st;

	without("true", true, "a vault of before there were snapshots opens");
	without("ln -s elsewhere snapshot", false, "a link for a snapshot is not followed");
	ok(lstat("s/elsewhere", &st), "nor made through");
	without("ln -s journal snapshot", false, "nor if it leads to what is there");
	without("mkfifo snapshot", false, "a pipe stops nothing");
	without("mkdir snapshot", false, "nor a folder");
	if (geteuid()) {
		without("chmod 500 .", false, "nor a vault to which nothing can be added");
		without(": >snapshot && chmod 400 snapshot", false, "nor one that may not be written");
	} else {
		skip(6, "root may write anything");
	}
}

int main(void)
{
	if (!mkdtemp(dir) || chdir(dir) || bl_mem_init(false, &err))
		return 1;
	umask(022);
	bl_json_init();
	test_make();
	test_never_over();
	test_full();
	test_interrupted();
	test_open();
	test_snapshot();
	char remove[64];
	snprintf(remove, sizeof remove, "rm -rf %s", dir);
	return chdir("/") | system(remove) | tap_done();
}
