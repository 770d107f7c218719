/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request: what an analyst asks, canonical JSON signed by the analyst's key and bound to one session:
 *   {"id":HEX16,"kind":"query|explain|schema","principal":HEX32,"purpose":TEXT|null,"schema":"bl-request/1","sql":TEXT|null,
 *    "table":TEXT|null,"time":N}
 * On the wire 64 bytes of Ed25519 over "bl-tee request sig v1" NUL, session hash, SHA-256(JSON) stand before it. `table` renames the dataset.
 */
#ifndef BL_TEE_REQUEST_H
#define BL_TEE_REQUEST_H

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "crypt/ident.h"

enum bl_request_kind { BL_REQUEST_QUERY, BL_REQUEST_EXPLAIN, BL_REQUEST_SCHEMA };

struct bl_request {
	enum bl_request_kind kind;
	uint8_t id[16];
	uint8_t principal[BL_IDENT_PK];
	const char *sql, *purpose, *table;	/* NULL: none */
	size_t sql_len;
	int64_t time;				/* Unix seconds, by the asker's clock */
	uint8_t hash[32];			/* of the JSON */
	struct bl_json *root;			/* holds the texts of a parsed one */
};

/* Fills id, time, principal and hash; appends signature and JSON. */
int bl_request_print(struct bl_request *q, const struct bl_ident *asker, const uint8_t session[64], struct bl_buf *b, struct bl_err *err);
/* 76 malformed, 77 not signed by the key that it names. */
int bl_request_parse(struct bl_request *q, const uint8_t *p, size_t n, const uint8_t session[64], struct bl_err *err);
void bl_request_fini(struct bl_request *q);

#endif
