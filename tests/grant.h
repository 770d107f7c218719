/* SPDX-License-Identifier: Apache-2.0 */
/* grant: who takes part in a key release, and sealed files that only their owner can open, for tests. */
#ifndef TESTS_GRANT_H
#define TESTS_GRANT_H

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "crypt/mem.h"
#include "format/writer.h"
#include "policy/doc.h"
#include "policy/vault.h"
#include "tap.h"
#include "tee/grant.h"

enum { ROWS = 200, NOW = 1000000 };

static char dir[] = "/tmp/bl-grant.XXXXXX", vault_dir[64], owner_path[64];
static struct bl_ident owner, analyst, stranger;
static uint8_t vault_pk[BL_IDENT_PK];
static struct bl_err err;

static inline bool is_refusal(int code) { return code == BL_PROTOCOL || code == BL_REFUSED || code == BL_DATA; }

/* A sealed file that only its owner can open. */
static inline int seal(const char *tee, const struct bl_ident *by)
{
	static struct bl_column col[] = { { "id", { BL_TYPE_INT, 0, 0 } }, { "g", { BL_TYPE_INT, 0, 0 } } };
	struct bl_header h = { .name = "t", .schema = { 2, col }, .nentity = 1, .policy_version = 1 };
	char *s, fpr[BL_IDENT_FPR];
	struct bl_policy p;
	struct bl_writer w;
	int fd = memfd_create("t", MFD_CLOEXEC);

	bl_ident_fpr(analyst.pk, fpr);
	if (asprintf(&s, "{\"dataset\":\"t\",\"entity\":\"id\",\"principals\":[{\"role\":\"analyst\",\"key\":\"%s\"}],\"columns\":{\"*\":{\"uses\":[\"group\","
		     "\"filter\",\"aggregate\"],\"class\":\"quasi\"}},\"release\":{\"min_entities\":10},\"tee\":{%s},\"version\":1}", fpr, tee) < 0 ||
	    bl_doc_parse(&p, s, strlen(s), &err)) {
		printf("# %s\n", err.msg);
		exit(1);
	}
	h.policy = p.canonical;
	h.policy_len = p.canonical_len;
	if (bl_writer_open(&w, fd, &h, by, NULL, 0, &err)) {
		printf("# %s\n", err.msg);
		exit(1);
	}
	for (int i = 0; i < ROWS; i++) {
		w.col[0].i64[i] = i;
		w.col[1].i64[i] = i % 4;
		w.rows++;
	}
	if (bl_writer_close(&w, &err))
		abort();
	bl_writer_fini(&w);
	bl_doc_fini(&p);
	free(s);
	return fd;
}

static inline void header_of(struct bl_header *h, int fd)
{
	if (bl_header_read(h, fd, &err))
		exit(1);
}

static inline int read_only(int fd)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static inline void key_of(const struct bl_header *h, const struct bl_ident *by, uint8_t key[BL_BLF_KEY])
{
	if (bl_header_unlock(h, by, key, &err))
		exit(1);
}

static inline struct bl_grant terms(const struct bl_header *h)
{
	struct bl_grant g = { .not_before = NOW - 10, .expires = NOW + 10, .requests = 3, .size = 7, .root = { 9 } };

	memcpy(g.file_id, h->file_id, 32);
	memcpy(g.policy_hash, h->policy_hash, 32);
	memcpy(g.journal, vault_pk, 32);
	return g;
}

/* Identities, a vault, a place for the owner's nonces; false: no room. */
static inline bool enter(void)
{
	if (bl_mem_init(true, &err))
		exit(1);
	bl_json_init();
	prctl(PR_SET_DUMPABLE, 0);
	if (!mkdtemp(dir))
		return false;
	snprintf(vault_dir, sizeof vault_dir, "%s/vault", dir);
	snprintf(owner_path, sizeof owner_path, "%s/owner.pem", dir);
	if (bl_vault_make(vault_dir, vault_pk, &err) || bl_ident_generate(&owner, &err) || bl_ident_generate(&analyst, &err) ||
	    bl_ident_generate(&stranger, &err))
		exit(1);
	return true;
}

static inline void leave(void)
{
	static const char *const files[] = { "helper.key", "helper.pub", "journal", "checkpoint", "cells", "snapshot" };
	char path[96];

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "%s/%s", vault_dir, files[i]);
		unlink(path);
	}
	rmdir(vault_dir);
	rmdir(dir);
	bl_ident_fini(&owner);
	bl_ident_fini(&analyst);
	bl_ident_fini(&stranger);
}

#endif
