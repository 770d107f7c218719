/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vault: see vault.h. A vault is built under a temporary name beside its own and renamed when every file and the folder are
 * on the disk, so it is complete or absent; an interruption waits until it is either. Opening follows no link and
 * opens no path, only names in a directory that the caller holds.
 */
#include "policy/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "crypt/mem.h"
#include "crypt/note.h"
#include "policy/journal.h"

static const char *const files[] = { "helper.key", "helper.pub", "journal", "checkpoint", "cells", "snapshot" };
enum { FILES = sizeof files / sizeof *files, TMP = 20 };

/* --- making --- */

/* A new file with these bytes, on the disk; its descriptor is returned. */
static int put_file(int dir, const char *name, mode_t mode, const void *p, size_t n, struct bl_err *err)
{
	int fd = openat(dir, name, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0)
		return bl_err_sys(err, BL_CANTCREAT, "cannot create '%s'", name);
	if (bl_file_write(fd, p, n, err))
		bl_err_where(err, "'%s'", name);
	else if (fsync(fd))
		bl_err_sys(err, BL_IOERR, "cannot write '%s'", name);
	else
		return fd;
	close(fd);
	return -1;
}

static int put_closed(int dir, const char *name, mode_t mode, const struct bl_buf *b, struct bl_err *err)
{
	int fd = b->failed ? bl_err_set(err, BL_OSERR, "out of memory") : put_file(dir, name, mode, b->p, b->len, err);

	return fd < 0 ? -1 : close(fd);
}

static int put_keys(int dir, const struct bl_ident *id, struct bl_err *err)
{
	struct bl_buf key, pub;
	int ret = -1;

	bl_buf_init(&key, 16 << 10);
	bl_buf_init(&pub, 4 << 10);
	bl_ident_print_pub(id->pk, &pub);
	if (!bl_ident_print(id, NULL, &key, err) && !put_closed(dir, "helper.key", 0600, &key, err))
		ret = put_closed(dir, "helper.pub", 0644, &pub, err);
	bl_buf_wipe(&key);
	bl_buf_fini(&pub);
	return ret;
}

/* The journal with its first entry, and the checkpoint over it. */
static int put_journal(int dir, const struct bl_ident *id, struct bl_err *err)
{
	struct bl_json *init = bl_json_new_object();
	struct bl_journal *j = NULL;
	struct bl_buf note;
	char fpr[BL_IDENT_FPR];
	int fd = put_file(dir, "journal", 0600, NULL, 0, err), ret = -1;

	bl_buf_init(&note, BL_NOTE_MAX);
	bl_ident_fpr(id->pk, fpr);
	bl_json_put_text(init, "vault", fpr);
	if (fd < 0 || bl_journal_open(&j, fd, NULL, NULL, err) || bl_journal_lock(j, err))
		goto out;
	bl_journal_add(j, "init", init);
	init = NULL;
	if (!bl_journal_commit(j, err) && !bl_journal_checkpoint(j, id, &note, err))
		ret = put_closed(dir, "checkpoint", 0600, &note, err);
out:
	bl_json_free(init);
	bl_journal_close(j);
	bl_buf_fini(&note);
	if (fd >= 0)
		close(fd);
	return ret;
}

static int fill(int dir, uint8_t pk[BL_IDENT_PK], struct bl_err *err)
{
	struct bl_ident id;
	struct bl_buf none;
	int ret = -1;

	bl_buf_init(&none, 0);
	if (bl_ident_generate(&id, err))
		return -1;
	if (!put_keys(dir, &id, err) && !put_journal(dir, &id, err) && !put_closed(dir, "cells", 0600, &none, err) &&
	    !put_closed(dir, "snapshot", 0600, &none, err))
		ret = fsync(dir) ? bl_err_sys(err, BL_IOERR, "cannot sync") : 0;
	memcpy(pk, id.pk, BL_IDENT_PK);
	bl_ident_fini(&id);
	return ret;
}

/* Gives the directory its name, unless that is taken. */
static int publish(int parent, const char *tmp, const char *name)
{
	if (!renameat2(parent, tmp, parent, name, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	/* Where the file system cannot, the name is taken by an empty directory, which rename then replaces. */
	if (mkdirat(parent, name, 0700))
		return -1;
	if (!renameat(parent, tmp, parent, name))
		return 0;
	unlinkat(parent, name, AT_REMOVEDIR);
	return -1;
}

static void discard(int parent, int dir, const char *tmp)
{
	for (size_t i = 0; dir >= 0 && i < FILES; i++)
		unlinkat(dir, files[i], 0);
	unlinkat(parent, tmp, AT_REMOVEDIR);
}

static int check_free(int parent, const char *name, const char *path, struct bl_err *err)
{
	struct stat st;

	/* "/" has no last component, and neither has "". */
	if (*name && fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW))
		return 0;
	errno = *path ? EEXIST : ENOENT;
	bl_err_sys(err, BL_CANTCREAT, "cannot make '%s'", path);
	return bl_err_hint(err, "a vault is never made over anything that exists");
}

/* In parent, under the last component `name`; path is for messages. */
static int make_in(int parent, const char *name, const char *path, uint8_t pk[BL_IDENT_PK], struct bl_err *err)
{
	char tmp[TMP] = ".bl-";
	uint8_t random[6];
	int dir, ret = -1;

	bl_mem_random(random, sizeof random);
	bl_text_hex(random, sizeof random, tmp + 4);
	if (mkdirat(parent, tmp, 0700))
		return bl_err_sys(err, BL_CANTCREAT, "cannot make '%s'", path);
	dir = openat(parent, tmp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		bl_err_sys(err, BL_CANTCREAT, "cannot make '%s'", path);
	else if (fill(dir, pk, err))
		bl_err_where(err, "cannot make '%s'", path);
	else if (publish(parent, tmp, name))
		bl_err_sys(err, BL_CANTCREAT, "cannot make '%s'", path);
	else
		ret = 0;
	if (ret)
		discard(parent, dir, tmp);
	else if (fsync(parent) && errno != EINVAL && errno != ENOTSUP)
		ret = bl_err_sys(err, BL_IOERR, "cannot sync the folder of '%s'", path);
	if (dir >= 0)
		close(dir);
	return ret;
}

/* The folder that dir lies in, or -1; *name is its last component, to be freed. The name is free. */
static int open_parent(const char *dir, char **name, struct bl_err *err)
{
	size_t n = strlen(dir), start;
	char *folder;
	int parent;

	while (n > 1 && dir[n - 1] == '/')
		n--;
	for (start = n; start && dir[start - 1] != '/';)
		start--;
	folder = start ? strndup(dir, start) : strdup(".");
	*name = strndup(dir + start, n - start);
	parent = folder && *name ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	free(folder);
	if (parent < 0)
		bl_err_sys(err, BL_CANTCREAT, "cannot make '%s'", dir);
	else if (check_free(parent, *name, dir, err)) {
		close(parent);
		parent = -1;
	}
	if (parent < 0) {
		free(*name);
		*name = NULL;
	}
	return parent;
}

int bl_vault_make(const char *dir, uint8_t pk[BL_IDENT_PK], struct bl_err *err)
{
	sigset_t interrupts, before;
	char *name;
	int parent = open_parent(dir, &name, err), ret;

	if (parent < 0)
		return -1;
	sigemptyset(&interrupts);
	sigaddset(&interrupts, SIGINT);
	sigaddset(&interrupts, SIGTERM);
	sigaddset(&interrupts, SIGHUP);
	sigprocmask(SIG_BLOCK, &interrupts, &before);
	ret = make_in(parent, name, dir, pk, err);
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(parent);
	free(name);
	return ret;
}

int bl_vault_may_make(const char *dir, struct bl_err *err)
{
	char *name;
	int parent = open_parent(dir, &name, err), ret = 0;

	if (parent < 0)
		return -1;
	if (faccessat(parent, ".", W_OK | X_OK, AT_EACCESS))
		ret = bl_err_sys(err, BL_CANTCREAT, "cannot make '%s'", dir);
	close(parent);
	free(name);
	return ret;
}

/* --- opening --- */

static int open_file(int dir, const char *name, int flags, const char *vault, struct bl_err *err)
{
	struct stat st;
	/* O_NONBLOCK: a pipe put in a file's place must not stop us before we know it for one. */
	int fd = openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 && (errno == EACCES || errno == EPERM || errno == EROFS) && flags & O_RDWR)
		return bl_err_sys(err, BL_CANTCREAT, "cannot write '%s/%s'", vault, name);
	if (fd < 0 && errno != ENOENT && errno != ELOOP && errno != ENOTDIR)
		return bl_err_sys(err, BL_NOINPUT, "cannot open '%s/%s'", vault, name);
	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	if (fd >= 0)
		close(fd);
	bl_err_set(err, BL_NOINPUT, "'%s' is not a vault: it has no file '%s'", vault, name);
	return bl_err_hint(err, "bl-keygen -V DIR makes one");
}

/* Only what it is for is lost where it cannot be had: no link, pipe or read-only folder in its place stops a vault. */
static int open_snapshot(int dir)
{
	int fd = openat(dir, "snapshot", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
	struct stat st;

	if (fd < 0 || (!fstat(fd, &st) && S_ISREG(st.st_mode)))
		return fd;
	close(fd);
	return -1;
}

int bl_vault_open(struct bl_vault *v, int dir, const char *name, struct bl_err *err)
{
	int key, ret = -1;

	*v = (struct bl_vault){ .journal = -1, .checkpoint = -1, .cells = -1, .snapshot = -1 };
	key = open_file(dir, "helper.key", O_RDONLY, name, err);
	if (key >= 0 && (v->journal = open_file(dir, "journal", O_RDWR | O_APPEND, name, err)) >= 0 &&
	    (v->checkpoint = open_file(dir, "checkpoint", O_RDWR, name, err)) >= 0 &&
	    (v->cells = open_file(dir, "cells", O_RDWR, name, err)) >= 0) {
		char shown[512];
		snprintf(shown, sizeof shown, "%s/helper.key", name);
		ret = bl_ident_read_fd(&v->id, key, shown, err);
		v->snapshot = ret ? -1 : open_snapshot(dir);
	}
	if (key >= 0)
		close(key);
	if (ret)
		bl_vault_close(v);
	return ret;
}

void bl_vault_close(struct bl_vault *v)
{
	int fds[] = { v->journal, v->checkpoint, v->cells, v->snapshot };

	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	bl_ident_fini(&v->id);
	*v = (struct bl_vault){ .journal = -1, .checkpoint = -1, .cells = -1, .snapshot = -1 };
}
