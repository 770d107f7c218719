/* SPDX-License-Identifier: Apache-2.0 */
/* audit: see audit.h. */
#include "policy/audit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "policy/ledger.h"

enum { PATH = 4096 };

static int fold(void *arg, const struct bl_json *entry, struct bl_err *err)
{
	struct bl_audit *a = arg;
	const char *what = bl_json_get_text(entry, "kind"), *vault = bl_json_get_text(entry, "vault");
	int64_t seq = bl_json_get_int(entry, "seq", -1);

	if (!seq && !strcmp(what, "init") && vault && bl_ident_is_fpr(vault))
		memcpy(a->init, vault, sizeof a->init);
	if ((uint64_t)seq == a->wanted)
		bl_json_print(entry, &a->line);
	return bl_ledger_fold(a->ledger, entry, err);
}

static const char *in_vault(const struct bl_audit *a, const char *name, char path[PATH])
{
	snprintf(path, PATH, "%s/%s", a->dir, name);
	return path;
}

/* A flipped byte hits one of these names at most, so a file without any of them near its start never was a journal. */
static bool looks_like_journal(int fd)
{
	static const char *const names[] = { "\"kind\":", "\"prev\":", "\"seq\":", "\"time\":" };
	static char p[BL_JOURNAL_LINE];
	ssize_t n = pread(fd, p, sizeof p, 0);

	for (size_t i = 0; n > 0 && i < sizeof names / sizeof *names; i++)
		if (memmem(p, (size_t)n, names[i], strlen(names[i])))
			return true;
	return false;
}

int bl_audit_open(struct bl_audit *a, const char *dir, const char *key, struct bl_err *err)
{
	char path[PATH];

	*a = (struct bl_audit){ .dir = dir, .fd = -1, .wanted = UINT64_MAX, .has_key = key };
	bl_buf_init(&a->line, BL_JOURNAL_LINE + 1);
	if (key && bl_ident_read_pub(a->key, key, err))
		return -1;
	if (!dir)
		return 0;
	if (strlen(dir) > PATH - 64)
		return bl_err_set(err, BL_USAGE, "the vault's name is too long");
	if ((a->fd = bl_file_open(in_vault(a, "journal", path), err)) < 0)
		return -1;
	a->has_vault = !access(in_vault(a, "helper.pub", path), F_OK);
	return a->has_vault ? bl_ident_read_pub(a->vault, path, err) : 0;
}

int bl_audit_read(struct bl_audit *a, struct bl_err *err)
{
	if (!(a->ledger = bl_ledger_new()))
		return bl_err_set(err, BL_OSERR, "out of memory");
	if (bl_journal_open(&a->j, a->fd, fold, a, err))
		return bl_err_where(err, "'%s/journal'", a->dir);
	bl_journal_keep(a->j);
	if (!bl_journal_lock(a->j, err))
		return 0;
	if (err->code != BL_DATA)
		return bl_err_where(err, "'%s/journal'", a->dir);
	if (!looks_like_journal(a->fd))
		return bl_err_set(err, BL_DATA, "'%s/journal' is not a journal", a->dir);
	a->damaged = true;
	a->bad = bl_journal_bad(a->j);
	return -1;
}

void bl_audit_close(struct bl_audit *a)
{
	bl_journal_close(a->j);
	bl_ledger_free(a->ledger);
	bl_buf_fini(&a->line);
	if (a->fd >= 0)
		close(a->fd);
}

/* --- checkpoints --- */

int bl_audit_note(const char *path, struct bl_buf *b, struct bl_note *n, struct bl_err *err)
{
	bl_buf_init(b, BL_NOTE_MAX);
	if (bl_file_read(path, b, err))
		return err->code == BL_DATA ? bl_err_set(err, BL_DATA, "'%s': not a checkpoint", path) : -1;
	return bl_note_parse(n, (const char *)b->p, b->len, err) ? bl_err_where(err, "'%s'", path) : 0;
}

int bl_audit_signatures(struct bl_audit *a, const struct bl_note *n, struct bl_err *err)
{
	enum bl_note_check vault = a->has_vault ? bl_note_signed(n, a->vault) : BL_NOTE_ABSENT;
	enum bl_note_check own = a->has_key ? bl_note_signed(n, a->key) : BL_NOTE_ABSENT, co = BL_NOTE_ABSENT;
	const char *by;
	int64_t time;

	if (a->has_key)
		co = bl_note_cosigned(n, a->key, &by, &time);
	if (vault == BL_NOTE_BAD || own == BL_NOTE_BAD || co == BL_NOTE_BAD)
		return bl_err_set(err, BL_NO, "its signature does not verify");
	if (a->has_vault && vault == BL_NOTE_ABSENT)
		return bl_err_set(err, BL_NO, "it is not signed by the vault's key");
	if (co == BL_NOTE_GOOD && time >= a->time) {
		memcpy(a->by, by, strlen(by) + 1);
		a->time = time;
	}
	a->vouched |= own == BL_NOTE_GOOD || co == BL_NOTE_GOOD;
	if (vault != BL_NOTE_GOOD && own != BL_NOTE_GOOD && co != BL_NOTE_GOOD)
		a->unchecked = true;
	else if (n->size > a->signed_size)
		a->signed_size = n->size;
	return 0;
}

int bl_audit_extends(struct bl_audit *a, const struct bl_note *n, struct bl_err *err)
{
	uint64_t size = bl_journal_size(a->j);
	uint8_t root[BL_TREE_HASH];

	if (n->size > size)
		return bl_err_set(err, BL_NO, "it signs %llu entries, the journal has %llu: rolled back or cut",
				  (unsigned long long)n->size, (unsigned long long)size);
	bl_tree_root_of(bl_journal_leaves(a->j), n->size, root);
	if (!memcmp(root, n->root, sizeof root))
		return 0;
	a->damaged = true;
	a->bad = n->size ? n->size - 1 : 0;
	return bl_err_set(err, BL_NO, "seq %llu is not the entry that it signs", (unsigned long long)a->bad);
}

/* The vault's own checkpoints may be absent, or empty before the first one. */
static int check_checkpoint(struct bl_audit *a, const char *path, bool own, struct bl_err *err)
{
	struct bl_buf b;
	struct bl_note n;
	int rc;

	if (own && access(path, F_OK))
		return 0;
	rc = bl_audit_note(path, &b, &n, err);
	if (rc && err->code == BL_DATA && own && !b.len)
		rc = 0;
	else if (rc && err->code == BL_DATA)
		err->code = BL_NO;
	else if (!rc && (bl_audit_signatures(a, &n, err) || bl_audit_extends(a, &n, err)))
		rc = bl_err_where(err, "'%s'", path);
	bl_buf_fini(&b);
	return rc;
}

int bl_audit_checkpoints(struct bl_audit *a, const char *elsewhere, struct bl_err *err)
{
	char path[PATH], fpr[BL_IDENT_FPR];

	if (a->has_vault && a->init[0]) {
		bl_ident_fpr(a->vault, fpr);
		a->damaged = strcmp(fpr, a->init);
		if (a->damaged)
			return bl_err_set(err, BL_NO, "seq 0: the journal is of vault %s, helper.pub is %s", a->init, fpr);
	}
	if (check_checkpoint(a, in_vault(a, "checkpoint", path), true, err) ||
	    check_checkpoint(a, in_vault(a, "checkpoint.cosigned", path), true, err) ||
	    (elsewhere && check_checkpoint(a, elsewhere, false, err)))
		return -1;
	if (!a->has_key || a->vouched)
		return 0;
	bl_ident_fpr(a->key, fpr);
	return bl_err_set(err, BL_NO, "no checkpoint is signed by %s", fpr);
}
