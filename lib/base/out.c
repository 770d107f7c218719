/* SPDX-License-Identifier: Apache-2.0 */
/* out: see out.h. An interrupted program leaves no temporary file behind; a killed one (SIGKILL, power) may. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/out.h"
#include "base/text.h"

/* --- what a signal must remove --- */

enum { PENDING = 16, DOCUMENT = 64 << 20 };
static char *volatile pending[PENDING];

static void on_signal(int sig)
{
	for (int i = 0; i < PENDING; i++)
		if (pending[i])
			unlink(pending[i]);
	raise(sig);		/* SA_RESETHAND: the default action, as soon as we return */
}

static void pending_add(char *tmp)
{
	static const int fatal[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	static bool installed;

	for (size_t i = 0; !installed && i < sizeof fatal / sizeof *fatal; i++) {
		struct sigaction act = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND }, old;
		/* What the parent ignores (nohup) stays ignored. */
		if (!sigaction(fatal[i], NULL, &old) && old.sa_handler == SIG_DFL)
			sigaction(fatal[i], &act, NULL);
	}
	installed = true;
	for (int i = 0; i < PENDING; i++)
		if (!pending[i]) {
			pending[i] = tmp;
			return;
		}
}

static void pending_remove(const char *tmp)
{
	for (int i = 0; i < PENDING; i++)
		if (pending[i] == tmp)
			pending[i] = NULL;
}

/* --- outputs --- */

void bl_out_init(struct bl_out *o)
{
	*o = (struct bl_out){ .fd = -1 };
}

/* The folder that path lies in, to be freed. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return !slash ? strdup(".") : slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* Does path lie in a folder that is an input, as a vault is? */
static bool in_input(const char *path)
{
	char *folder = folder_of(path);
	struct stat st;
	bool in = folder && !stat(folder, &st) && bl_file_is_input(&st);

	free(folder);
	return in;
}

/* Creates the temporary file beside o->path. */
static int open_beside(struct bl_out *o, const char *name, mode_t mode, struct bl_err *err)
{
	char *folder = folder_of(o->path), random[13];
	uint8_t bytes[6];
	int ret = -1;

	if (!folder || getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
		goto out;
	bl_text_hex(bytes, sizeof bytes, random);
	if (asprintf(&o->tmp, "%s/.bl-%s", folder, random) < 0) {
		o->tmp = NULL;
		goto out;
	}
	pending_add(o->tmp);
	o->fd = open(o->tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, mode);
	if (o->fd < 0) {
		pending_remove(o->tmp);
		free(o->tmp);
		o->tmp = NULL;
		goto out;
	}
	ret = 0;
out:
	free(folder);
	return ret ? bl_err_sys(err, BL_CANTCREAT, "cannot create '%s'", name) : 0;
}

int bl_out_open(struct bl_out *o, const char *path, mode_t mode, bool excl, struct bl_err *err)
{
	struct stat st;

	o->excl = excl;
	if (!path || !strcmp(path, "-")) {
		if (!fstat(STDOUT_FILENO, &st) && S_ISREG(st.st_mode) && bl_file_is_input(&st))
			return bl_err_set(err, BL_USAGE, "standard output is also an input");
		o->fd = STDOUT_FILENO;
		return 0;
	}
	if (!*path || path[strlen(path) - 1] == '/') {
		errno = *path ? EISDIR : ENOENT;
		return bl_err_sys(err, BL_CANTCREAT, "cannot create '%s'", path);
	}
	if (in_input(path))
		return bl_err_set(err, BL_USAGE, "output '%s' would lie in a vault", path);
	if (excl && !lstat(path, &st)) {
		errno = EEXIST;
		return bl_err_sys(err, BL_CANTCREAT, "cannot create '%s'", path);
	}
	if (!stat(path, &st)) {
		if (bl_file_is_input(&st))
			return bl_err_set(err, BL_USAGE, "output '%s' is also an input", path);
		if (S_ISDIR(st.st_mode)) {
			errno = EISDIR;
			return bl_err_sys(err, BL_CANTCREAT, "cannot create '%s'", path);
		}
		if (!S_ISREG(st.st_mode)) {	/* /dev/null, a pipe: written to, never replaced */
			o->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
			return o->fd < 0 ? bl_err_sys(err, BL_CANTCREAT, "cannot open '%s'", path) : 0;
		}
		o->path = realpath(path, NULL);		/* through a link, as the shell's > goes */
	} else {
		o->path = strdup(path);
	}
	if (!o->path)
		return bl_err_sys(err, BL_CANTCREAT, "cannot create '%s'", path);
	return open_beside(o, path, mode, err);
}

/* Gives tmp its name, unless that is taken. */
static int publish_new(const char *tmp, const char *path)
{
	if (!renameat2(AT_FDCWD, tmp, AT_FDCWD, path, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (link(tmp, path))
		return -1;
	unlink(tmp);
	return 0;
}

static int sync_folder(const char *path)
{
	char *folder = folder_of(path);
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1, ret = fd < 0 ? -1 : fsync(fd);

	if (ret && fd >= 0 && (errno == EINVAL || errno == ENOTSUP))
		ret = 0;		/* a file system that cannot, e.g. some network ones */
	if (fd >= 0)
		close(fd);
	free(folder);
	return ret;
}

int bl_out_commit(struct bl_out *o, struct bl_err *err)
{
	int fd = o->fd;

	if (fd == STDOUT_FILENO) {		/* bl_file_close_stdout has the last word */
		o->done = true;
		return 0;
	}
	if (fsync(fd) && errno != EINVAL && errno != EROFS && errno != ENOTSUP)
		return bl_err_sys(err, BL_IOERR, "cannot write '%s'", o->path ? o->path : "output");
	o->fd = -1;
	if (close(fd))
		return bl_err_sys(err, BL_IOERR, "cannot write '%s'", o->path ? o->path : "output");
	if (o->tmp) {
		if (o->excl ? publish_new(o->tmp, o->path) : rename(o->tmp, o->path))
			return bl_err_sys(err, errno == EEXIST ? BL_CANTCREAT : BL_IOERR, "cannot create '%s'", o->path);
		pending_remove(o->tmp);
		free(o->tmp);
		o->tmp = NULL;
		if (sync_folder(o->path))
			return bl_err_sys(err, BL_IOERR, "cannot sync the folder of '%s'", o->path);
	}
	o->done = true;
	return 0;
}

void bl_out_fini(struct bl_out *o)
{
	if (o->fd >= 0 && o->fd != STDOUT_FILENO)
		close(o->fd);
	if (o->tmp) {
		unlink(o->tmp);
		pending_remove(o->tmp);
	}
	free(o->tmp);
	free(o->path);
	bl_out_init(o);
}

/* --- at once --- */

int bl_out_put(const char *path, mode_t mode, const struct bl_buf *b, struct bl_err *err)
{
	struct bl_out o;
	int rc;

	if (b->failed)
		return bl_err_set(err, BL_OSERR, "out of memory");
	bl_out_init(&o);
	rc = bl_out_open(&o, path, mode, false, err) || bl_file_write(o.fd, b->p, b->len, err) || bl_out_commit(&o, err) ? -1 : 0;
	bl_out_fini(&o);
	return rc;
}

int bl_out_json(struct bl_json *j, struct bl_err *err)
{
	struct bl_buf b;
	int rc;

	bl_buf_init(&b, DOCUMENT);
	bl_json_print_pretty(j, &b);
	bl_buf_put8(&b, '\n');
	rc = bl_out_put(NULL, 0666, &b, err);
	bl_buf_fini(&b);
	bl_json_free(j);
	return rc;
}

int bl_out_check(const char *path, const char *what, struct bl_err *err)
{
	if (path || !isatty(STDOUT_FILENO))
		return 0;
	bl_err_set(err, BL_USAGE, "%s is not for a terminal", what);
	return bl_err_hint(err, "give -o FILE, or -o - to insist");
}
