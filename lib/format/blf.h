/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blf: the sealed file as a whole: header, layout constants. FORMAT.md is the byte table. header.c makes and parses the
 * signed header, footer.c the encrypted signed footer; writer.h and reader.h use both.
 */
#ifndef BL_FORMAT_BLF_H
#define BL_FORMAT_BLF_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypt/ident.h"
#include "format/type.h"

enum {
	BL_BLF_VERSION = 1,
	BL_BLF_HEADER_MAX = 1 << 20,
	BL_BLF_POLICY_MAX = 256 << 10,
	BL_BLF_RECIPIENTS = 64,
	BL_BLF_ENTITY = 16,		/* most columns in the entity */
	BL_BLF_GROUPS = 1 << 20,	/* most row groups */
	BL_BLF_SHARDS = 1 << 16,
	BL_BLF_KEY = 32,
};

struct bl_blf_recipient { uint8_t pk[BL_IDENT_PK]; uint8_t enc[32]; uint8_t sealed[BL_BLF_KEY + 16]; };

struct bl_header {
	uint8_t file_id[32];
	char name[BL_TYPE_NAME];		/* dataset */
	struct bl_schema schema;
	uint32_t nentity;			/* 0: the entity is "row" */
	uint32_t entity[BL_BLF_ENTITY];		/* column numbers */
	uint64_t policy_version;
	const char *policy;			/* canonical JSON bytes */
	size_t policy_len;
	uint32_t shard_index, shard_count;	/* 0 of 1 for a whole table */
	uint8_t shard_set[32];			/* set id; zero for a whole table */
	uint8_t seed[32];			/* HMAC-SHA256(entity hash seed, "commit"): the seed itself is derived from the file key */
	uint8_t commitment[32];			/* of the file key */
	uint32_t nrecipient;
	struct bl_blf_recipient *recipient;
	uint8_t owner[BL_IDENT_PK];
	uint8_t policy_hash[32];		/* SHA-256 of the policy bytes; computed, not stored */
	uint8_t hash[32];			/* SHA-256 of the whole header, signature included; computed */
	uint64_t size;				/* bytes of the whole header: where the first row group begins; computed */
	void *own;				/* what header_parse allocated */
};

/* Appends the whole signed header to b. Recipients must be filled by bl_header_grant. */
int bl_header_print(const struct bl_header *h, const struct bl_ident *owner, struct bl_buf *b, struct bl_err *err);
/* Reads, bounds, checks the signature, parses. 65 for anything else. pread on fd, or from memory. */
int bl_header_read(struct bl_header *h, int fd, struct bl_err *err);
int bl_header_parse(struct bl_header *h, const uint8_t *p, size_t n, struct bl_err *err);
void bl_header_fini(struct bl_header *h);
/* Seals the file key to a recipient, bound to (file id, owner, commitment). */
int bl_header_grant(struct bl_header *h, const uint8_t pk[BL_IDENT_PK], const uint8_t key[BL_BLF_KEY], struct bl_err *err);
/* Opens it with a recipient's identity: 77 when it is not listed, 65 when its record does not open or the commitment differs. key is guarded memory of the caller. */
int bl_header_unlock(const struct bl_header *h, const struct bl_ident *id, uint8_t key[BL_BLF_KEY], struct bl_err *err);
/* A key made from the file key: HKDF-SHA256 with the file id as salt and "blf LABEL", NUL, number n as info. */
void bl_header_derive(const uint8_t file_id[32], const uint8_t key[BL_BLF_KEY], const char *label, uint32_t n, uint8_t out[32]);
/* Is it the file key that the header commits to? 65. */
int bl_header_check(const struct bl_header *h, const uint8_t key[BL_BLF_KEY], struct bl_err *err);
/* The commitment and the seed commitment of a file key. */
void bl_header_commit(const uint8_t file_id[32], const uint8_t key[BL_BLF_KEY], uint8_t commitment[32], uint8_t seed[32]);

#endif
