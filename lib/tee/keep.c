/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keep: see keep.h. Cells come before the journal that names them, the checkpoint behind the journal that it signs: whatever a crash
 * here leaves undone is what a crash of the helper leaves undone, and is mended or passed over in the same way.
 */
#include "tee/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "crypt/note.h"
#include "policy/cells.h"
#include "tee/ship.h"

int bl_keep_open(struct bl_keep *k, const char *vault, struct bl_err *err)
{
	int dir = open(vault, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	memset(k, 0, sizeof *k);
	bl_buf_init(&k->entries, BL_SHIP_MOST);
	k->vault = (struct bl_vault){ .journal = -1, .checkpoint = -1, .cells = -1, .snapshot = -1 };
	if (dir < 0)
		return bl_err_sys(err, BL_NOINPUT, "cannot open vault '%s'", vault);
	bl_file_input(dir);
	rc = bl_vault_open(&k->vault, dir, vault, err);
	close(dir);
	if (!rc && (rc = bl_journal_open(&k->journal, k->vault.journal, NULL, NULL, err)))
		bl_keep_close(k);
	return rc;
}

void bl_keep_close(struct bl_keep *k)
{
	bl_journal_close(k->journal);
	k->journal = NULL;
	bl_buf_fini(&k->entries);
	bl_vault_close(&k->vault);
}

static int descriptor(const struct bl_keep *k, unsigned file)
{
	const int fd[BL_SHIP_FILES] = { -1, k->vault.cells, k->vault.journal, k->vault.checkpoint, k->vault.snapshot };

	return fd[file];
}

static int get_size(const struct bl_keep *k, unsigned file, uint64_t *size, struct bl_err *err)
{
	const int fd = descriptor(k, file);
	struct stat st = { .st_size = 0 };

	if (fd >= 0 && fstat(fd, &st))
		return bl_err_sys(err, BL_IOERR, "cannot read the vault");
	*size = (uint64_t)st.st_size;
	return 0;
}

/* --- out --- */

struct source { const struct bl_keep *k; const struct bl_buf *key; uint8_t head[BL_SHIP_HEAD]; uint64_t size[BL_SHIP_FILES]; unsigned file; uint64_t at; };

/* The next n bytes of the lengths, then of the files. */
static int fill(struct source *s, uint8_t *p, size_t n, struct bl_err *err)
{
	while (n) {
		const uint64_t left = s->size[s->file] - s->at;
		const size_t some = n < left ? n : (size_t)left;
		if (s->file == BL_SHIP_KEY)
			memcpy(p, s->key->p + s->at, some);
		else if (some && bl_file_pread(descriptor(s->k, s->file), p, some, s->at, err))
			return bl_err_where(err, "vault");
		s->at += some;
		p += some;
		n -= some;
		if (s->at == s->size[s->file] && n) {
			s->file++;
			s->at = 0;
		}
	}
	return 0;
}

static int send_all(struct source *s, uint64_t total, struct bl_frame_link *l, int sock, struct bl_err *err)
{
	uint8_t body[BL_FRAME_BODY];
	size_t have = BL_SHIP_HEAD;

	memcpy(body, s->head, BL_SHIP_HEAD);
	do {
		const size_t n = total < sizeof body - have ? (size_t)total : sizeof body - have;
		if (fill(s, body + have, n, err) ||
		    bl_frame_send(l, sock, BL_FRAME_ATTACH, total > n ? BL_FRAME_MORE : 0, body, have + n, -1, err))
			return -1;
		total -= n;
		have = 0;
	} while (total);
	return 0;
}

int bl_keep_attach(struct bl_keep *k, struct bl_frame_link *l, int sock, struct bl_err *err)
{
	struct source s = { .k = k };
	struct bl_buf key;
	uint64_t total = 0;
	int rc = -1;

	if (bl_journal_lock(k->journal, err))
		return bl_err_where(err, "vault");
	bl_buf_init(&key, 16 << 10);
	if (bl_ident_print(&k->vault.id, NULL, &key, err))
		goto out;
	s.key = &key;
	for (unsigned i = 0; i < BL_SHIP_FILES; i++) {
		if (i == BL_SHIP_KEY)
			s.size[i] = key.len;
		else if (get_size(k, i, &s.size[i], err))
			goto out;
		if (s.size[i] > BL_SHIP_MOST - total) {
			bl_err_set(err, BL_UNAVAILABLE, "the vault is larger than a helper in a virtual machine takes (%d MiB)", BL_SHIP_MOST >> 20);
			goto out;
		}
		total += s.size[i];
		memcpy(s.head + 8 * i, &s.size[i], 8);
	}
	rc = send_all(&s, total, l, sock, err);
out:
	bl_buf_wipe(&key);
	bl_ident_fini(&k->vault.id);		/* it is not needed any more */
	return rc;
}

/* --- in --- */

static int broken(struct bl_err *err, const char *what)
{
	return bl_err_set(err, BL_PROTOCOL, "the helper broke the protocol: %s", what);
}

static int cannot(struct bl_err *err)
{
	return bl_err_sys(err, BL_IOERR, "vault: cannot write");
}

/* May this file be changed like that? Cells are cut back to where the change begins. */
static int begin(struct bl_keep *k, unsigned file, uint64_t offset, uint64_t size, struct bl_err *err)
{
	uint64_t has, end;

	if (get_size(k, file, &has, err))
		return -1;
	if (size > BL_SHIP_MOST || offset > size)
		return broken(err, "a change of its vault that is too large");
	switch (file) {
	case BL_SHIP_CELLS:
		if (offset > has)
			return broken(err, "cells with a gap");
		if (offset == has)
			break;
		if (bl_cells_end(k->vault.cells, &end, err))
			return -1;
		if (offset < end)
			return broken(err, "cells that would be lost");
		if (ftruncate(k->vault.cells, (off_t)offset))
			return cannot(err);
		break;
	case BL_SHIP_JOURNAL:
		if (offset != has || has != bl_journal_bytes(k->journal) || size == offset)
			return broken(err, "entries that do not follow the journal's last");
		break;
	case BL_SHIP_CHECKPOINT:
		if (offset || size < has || !size || size > BL_NOTE_MAX)
			return broken(err, "a checkpoint that is none");
		break;
	default:
		if (offset || !size)
			return broken(err, "a snapshot that is none");
		if (k->vault.snapshot >= 0 && has > size && ftruncate(k->vault.snapshot, (off_t)size))
			return cannot(err);
	}
	k->file = file;
	k->next = offset;
	k->size = size;
	bl_buf_clear(&k->entries);
	return 0;
}

/*
 * One write where the file's own writer makes one: the checkpoint comes in one piece, entries wait until all are here. What a helper sends of
 * them before it breaks off, or we do, is nowhere.
 */
static int put(struct bl_keep *k, const uint8_t *p, size_t n, struct bl_err *err)
{
	const int fd = descriptor(k, k->file);
	struct bl_note note;

	if (k->file == BL_SHIP_JOURNAL) {
		bl_buf_put(&k->entries, p, n);
		return k->entries.failed ? bl_err_set(err, BL_OSERR, "out of memory") : 0;
	}
	if (k->file == BL_SHIP_CHECKPOINT &&
	    (n != k->size || bl_note_parse(&note, (const char *)p, n, err) || note.size > bl_journal_size(k->journal)))
		return broken(err, "a checkpoint that is not of this journal");
	for (uint64_t at = k->next; fd >= 0 && n; ) {
		ssize_t did = pwrite(fd, p, n, (off_t)at);
		if (did < 0 && errno == EINTR)
			continue;
		if (did <= 0)
			return cannot(err);
		p += did;
		n -= (size_t)did;
		at += (uint64_t)did;
	}
	return 0;
}

/* Whole entries that continue the journal, or none of them. */
static int add_entries(struct bl_keep *k, struct bl_err *err)
{
	if (!bl_file_write(k->vault.journal, k->entries.p, k->entries.len, err) && !bl_journal_follow(k->journal, err))
		return 0;
	if (err->code == BL_DATA)
		err->code = BL_PROTOCOL;
	if (ftruncate(k->vault.journal, (off_t)bl_journal_bytes(k->journal)))
		bl_err_hint(err, "what was written of it is cut off by the next request");
	return bl_err_where(err, "vault");
}

/* All of a file's change is here. */
static int finish(struct bl_keep *k, struct bl_err *err)
{
	if (!k->file)
		return 0;
	if (k->next != k->size)
		return broken(err, "a change of its vault that breaks off");
	if (k->file == BL_SHIP_JOURNAL && add_entries(k, err))
		return -1;
	if (k->file <= BL_SHIP_JOURNAL && fdatasync(descriptor(k, k->file)))
		return cannot(err);
	k->file = 0;
	return 0;
}

int bl_keep_append(void *arg, const struct bl_frame *f, uint64_t *synced, struct bl_err *err)
{
	struct bl_keep *k = arg;
	const unsigned file = f->len < BL_SHIP_PIECE ? 0 : bl_le16(f->body), last = f->len < BL_SHIP_PIECE ? 0 : bl_le16(f->body + 2);
	const uint64_t offset = file ? bl_le64(f->body + 8) : 0, size = file ? bl_le64(f->body + 16) : 0;
	const size_t n = f->len - BL_SHIP_PIECE;

	if (!file || file >= BL_SHIP_FILES || last > 1 || bl_le32(f->body + 4))
		return broken(err, "a malformed APPEND");
	if (file != k->file) {
		if (file < k->file)
			return broken(err, "changes of its vault in the wrong order");
		if (finish(k, err) || begin(k, file, offset, size, err))
			return -1;
	}
	if (offset != k->next || size != k->size || n > size - offset || (!n && offset != size))
		return broken(err, "a change of its vault with a gap");
	if (put(k, f->body + BL_SHIP_PIECE, n, err))
		return -1;
	k->next += n;
	if (!last)
		return 0;
	if (finish(k, err))
		return -1;
	*synced = bl_journal_bytes(k->journal);
	return 1;
}

bool bl_keep_holds(const struct bl_keep *k, uint64_t before, const struct bl_json *receipt)
{
	const struct bl_json *says = bl_json_get(receipt, "journal");
	const int64_t index = bl_json_get_int(says, "index", -1), size = bl_json_get_int(says, "size", -1);
	uint8_t root[BL_TREE_HASH], ours[BL_TREE_HASH];

	bl_journal_root(k->journal, ours);
	return index >= 0 && (uint64_t)index >= before && size >= 0 && (uint64_t)size == bl_journal_size(k->journal) &&
	       bl_json_get_hex(says, "root", root, sizeof root) && !memcmp(root, ours, sizeof root);
}
