/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vault and a machine that means harm. First byte even: changes of the vault, as APPEND brings them, to a journal of one entry, one record of
 * cells and a checkpoint; u8 file and last, u16 offset and size relative to what there is, u16 length, bytes, or one more good entry.
 * What was there stays there, and the journal always verifies. Odd: the vault that a client sends a machine, as a stream.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "crypt/mem.h"
#include "policy/record.h"
#include "tee/keep.h"
#include "tee/ship.h"

enum { ENTRY = 1 << 10, STREAM = 60 << 10 };
static struct { uint8_t p[ENTRY]; size_t n; } first, second;	/* journals of one entry, of two */
static struct bl_ident id;

static int put(const void *p, size_t n)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, p, n) != (ssize_t)n)
		abort();
	return fd;
}

static void set_up(void)
{
	struct bl_journal *j = NULL;
	struct bl_err err;
	int fd = put("", 0);

	if (bl_mem_init(false, &err) || bl_ident_generate(&id, &err) || fcntl(fd, F_SETFL, O_APPEND) ||
	    bl_journal_open(&j, fd, NULL, NULL, &err) || bl_journal_lock(j, &err))
		abort();
	bl_json_init();
	for (int i = 0; i < 2; i++) {
		bl_journal_add(j, "test", bl_json_new_object());
		if (bl_journal_commit(j, &err))
			abort();
		const ssize_t n = pread(fd, i ? second.p : first.p, ENTRY, 0);
		*(i ? &second.n : &first.n) = (size_t)n;
	}
	bl_journal_close(j);
	close(fd);
}

static bool begins_with(int fd, const uint8_t *p, size_t n)
{
	static uint8_t b[BL_RECORD_BOX + 4096];

	return pread(fd, b, n, 0) == (ssize_t)n && !memcmp(b, p, n);
}

static void append(const uint8_t *data, size_t size)
{
	static uint8_t cells[BL_RECORD_BOX + 4096], body[BL_FRAME_BODY];
	const uint64_t plain = 64;
	struct bl_keep k = { .file = 0 };
	struct bl_journal *check = NULL;
	struct bl_err err;
	struct bl_cur c;
	size_t ncells;

	memcpy(cells, "bl-cells", 8);
	memcpy(cells + 8, &plain, 8);
	ncells = (size_t)bl_record_len(plain);
	k.vault = (struct bl_vault){ .journal = put(first.p, first.n), .cells = put(cells, ncells), .checkpoint = put("x", 1), .snapshot = put("", 0) };
	if (fcntl(k.vault.journal, F_SETFL, O_APPEND) || bl_journal_open(&k.journal, k.vault.journal, NULL, NULL, &err) ||
	    bl_journal_lock(k.journal, &err))
		abort();
	bl_buf_init(&k.entries, BL_SHIP_MOST);
	bl_cur_init(&c, data, size);
	while (c.left) {
		const uint8_t how = bl_cur_get8(&c);
		const int fds[] = { k.vault.snapshot, k.vault.cells, k.vault.journal, k.vault.checkpoint, k.vault.snapshot };
		const uint16_t head[4] = { how & 7, how >> 3 & 3 };
		struct stat st;
		if (fstat(fds[how % 5], &st))
			abort();
		uint64_t offset = (uint64_t)st.st_size + (uint64_t)(int16_t)bl_cur_get16(&c), synced = 0;
		uint64_t to = offset + (uint64_t)(int16_t)bl_cur_get16(&c);
		size_t n = bl_cur_get16(&c) % (BL_SHIP_ROOM + 1);
		memset(body, 0, BL_SHIP_PIECE);
		if (how & 32) {		/* the good entry, whole or its beginning */
			n = n % (second.n - first.n + 1);
			memcpy(body + BL_SHIP_PIECE, second.p + first.n, n);
			to = how & 64 ? offset + second.n - first.n : to;
		} else {
			n = n < c.left ? n : c.left;
			if (n)
				memcpy(body + BL_SHIP_PIECE, bl_cur_get(&c, n), n);
		}
		memcpy(body, head, 8);
		memcpy(body + 8, &offset, 8);
		memcpy(body + 16, &to, 8);
		struct bl_frame f = { BL_FRAME_APPEND, 0, 0, (uint32_t)(how & 128 ? n : BL_SHIP_PIECE + n), body };
		const int rc = bl_keep_append(&k, &f, &synced, &err);
		if (rc < 0)
			break;		/* and so does the session */
		if (rc == 1 && (fstat(k.vault.journal, &st) || synced != (uint64_t)st.st_size))
			abort();
	}
	if (!begins_with(k.vault.journal, first.p, first.n) || !begins_with(k.vault.cells, cells, ncells))
		abort();
	bl_journal_close(k.journal);
	if (bl_journal_open(&check, k.vault.journal, NULL, NULL, &err) || bl_journal_lock(check, &err))
		abort();
	bl_journal_close(check);
	k.journal = NULL;
	bl_buf_fini(&k.entries);
	bl_vault_close(&k.vault);
}

static void attach(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "helper.key", "cells", "journal", "checkpoint", "snapshot" };
	static char dir[] = "/dev/shm/bl-fuzz.XXXXXX";
	static int at = -1;
	struct bl_frame_link l;
	struct bl_err err = { 0 };
	struct bl_ship s;
	int pair[2];

	if (at < 0 && (!mkdtemp(dir) || (at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0))
		abort();
	if (size > STREAM || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return;
	if (write(pair[1], data, size) != (ssize_t)size || shutdown(pair[1], SHUT_WR))
		abort();
	bl_frame_init_vm(&l, BL_FRAME_HELPER);
	if (!bl_ship_attach(&s, &l, pair[0], at, &err)) {
		uint64_t sum = 0;
		for (size_t i = 0; i < BL_SHIP_FILES; i++) {
			struct stat st;
			if (fstatat(at, names[i], &st, AT_SYMLINK_NOFOLLOW) || (uint64_t)st.st_size != s.file[i].size)
				abort();
			sum += s.file[i].size;
		}
		if (sum > BL_SHIP_MOST)
			abort();
		bl_ship_fini(&s);
	} else if (err.code != BL_PROTOCOL && err.code != BL_UNAVAILABLE) {
		abort();
	}
	for (size_t i = 0; i < BL_SHIP_FILES; i++)
		unlinkat(at, names[i], 0);
	close(pair[0]);
	close(pair[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!first.n)
		set_up();
	if (size)
		(*data & 1 ? attach : append)(data + 1, size - 1);
	return 0;
}
