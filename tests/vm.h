/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vm: what tests of a helper in a virtual machine share: a vault, a folder for its copy, a socketpair that is the machine's port, and what a
 * helper does to its vault.
 */
#ifndef TESTS_VM_H
#define TESTS_VM_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "crypt/mem.h"
#include "crypt/note.h"
#include "tap.h"
#include "tee/keep.h"
#include "tee/ship.h"

static struct bl_err err;
static char base[] = "/tmp/bl-vm.XXXXXX", vault[64], copy[64];
static uint8_t noise[200000];

static void empty(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[512];

	while (d && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || snprintf(path, sizeof path, "%s/%s", dir, e->d_name) >= (int)sizeof path)
			continue;
		if (unlink(path)) {
			empty(path);
			rmdir(path);
		}
	}
	if (d)
		closedir(d);
}

static int enter(const char *dir)
{
	return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void put_at(const char *dir, const char *name, const void *p, size_t n, off_t off)
{
	char path[512];
	int fd;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || (n ? pwrite(fd, p, n, off) != (ssize_t)n : ftruncate(fd, off)))
		exit(1);
	close(fd);
}

static void make_vault(void)
{
	uint8_t pk[BL_IDENT_PK];

	empty(vault);
	rmdir(vault);
	empty(copy);
	if (bl_vault_make(vault, pk, &err)) {
		printf("# %s\n", err.msg);
		exit(1);
	}
}

/* What a helper does to its vault: n transactions, and the checkpoint over them. */
static void work(int dir, int n, size_t more)
{
	struct bl_journal *j = NULL;
	struct bl_vault v;
	struct bl_buf note, text;

	bl_buf_init(&note, BL_NOTE_MAX);
	bl_buf_init(&text, 64 << 10);
	for (size_t i = 0; i < more; i++)
		bl_buf_put8(&text, 'x');
	bl_buf_put8(&text, 0);
	if (bl_vault_open(&v, dir, "copy", &err) || bl_journal_open(&j, v.journal, NULL, NULL, &err) || bl_journal_lock(j, &err))
		goto bad;
	for (int i = 0; i < n; i++) {
		for (int k = 0; k < 2; k++) {
			struct bl_json *e = bl_json_new_object();
			bl_json_put_text(e, "what", (const char *)text.p);
			bl_journal_add(j, "test", e);
		}
		if (bl_journal_commit(j, &err))
			goto bad;
	}
	if (bl_journal_checkpoint(j, &v.id, &note, &err) || pwrite(v.checkpoint, note.p, note.len, 0) != (ssize_t)note.len)
		goto bad;
	bl_journal_close(j);
	bl_vault_close(&v);
	bl_buf_fini(&note);
	bl_buf_fini(&text);
	return;
bad:
	printf("# work: %s\n", err.msg);
	_exit(99);
}

static int port[2];			/* the client's end, the machine's */
static struct bl_keep keep;
static struct bl_frame_link client;

static void open_port(void)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, port))
		exit(1);
	bl_frame_init_vm(&client, BL_FRAME_CLIENT);
	client.append = bl_keep_append;
	client.arg = &keep;
}

/* Before anything else; false where there is no room. */
static bool set_up(void)
{
	if (bl_mem_init(false, &err) || !mkdtemp(base))
		return false;
	bl_json_init();
	for (size_t i = 0; i < sizeof noise; i++)
		noise[i] = (uint8_t)(i * 31 + i / 7);
	snprintf(vault, sizeof vault, "%s/vault", base);
	snprintf(copy, sizeof copy, "%s/copy", base);
	return !mkdir(copy, 0700);
}

static void tear_down(void)
{
	empty(base);
	rmdir(base);
}

#endif
