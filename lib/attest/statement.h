/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement: what a helper says of itself at the beginning of a session, signed by its vault's key: the session's keys, its
 * lockdown, its build, and, of a class above `software`, the evidence of the platform that it runs on. It travels in EVIDENCE,
 * to the owner who grants a key, and in every receipt.
 *
 * {"build":HEX,"class":CLASS,"hello":HEX,"kem":HEX,"key":HEX,"report":HEX,"sig":B64,"vault":HEX,"version":V}; above `software`
 * also "challenge":HEX (nonce, owner's key, policy hash, file id: 128 bytes) and "pieces":{NAME:B64,...}, named as evidence is in
 * a directory (report.bin, quote.msg, vek.der, ...). `hello` is the first 16 bytes of HELLO; `sig` is by the vault's key over
 * "bl software evidence v1" NUL and the canonical bytes without `sig`.
 *
 * The transcript T binds it all: "bl-tee report v1" NUL, then nonce, kem_pk, sig_pk, owner_pk, policy_hash, file_id, hello,
 * build, each u32 length and bytes. `report` is SHA-512(T), and a platform's evidence has to hold it (or SHA-256(T), where
 * a device has room for 32 bytes). Without such evidence a statement proves who holds the vault's key and nothing else.
 */
#ifndef BL_ATTEST_STATEMENT_H
#define BL_ATTEST_STATEMENT_H

#include "base/err.h"
#include "base/json.h"
#include "crypt/ident.h"

/* As in HELLO. */
enum bl_statement_class {
	BL_STATEMENT_SOFTWARE, BL_STATEMENT_TPM2, BL_STATEMENT_SNP, BL_STATEMENT_TDX, BL_STATEMENT_SGX, BL_STATEMENT_NITRO, BL_STATEMENT_CLASSES,
};
enum {
	BL_STATEMENT_REPORT = 64, BL_STATEMENT_HELLO = 16, BL_STATEMENT_PIECES = 8, BL_STATEMENT_NAME = 24,
	BL_STATEMENT_ROOM = 40 << 10,	/* bytes of all pieces: in base64 they fit into one frame */
	BL_STATEMENT_DEPTH = 16,
};
/* "software", "tpm2", "snp", "tdx", "sgx", "nitro"; NULL past the end. And back, or -1. */
const char *bl_statement_class_name(unsigned c);
int bl_statement_class(const char *name);

struct bl_statement_about {		/* the fields of T */
	uint8_t nonce[32], kem_pk[32], sig_pk[32], owner_pk[32], policy_hash[32], file_id[32], hello[BL_STATEMENT_HELLO], build[32];
};
void bl_statement_report(const struct bl_statement_about *a, uint8_t report[BL_STATEMENT_REPORT]);	/* SHA-512(T) */
void bl_statement_digest(const struct bl_statement_about *a, uint8_t digest[32]);			/* SHA-256(T) */

struct bl_statement_piece { char name[BL_STATEMENT_NAME]; const uint8_t *p; size_t n; };
struct bl_statement_pieces { struct bl_statement_piece v[BL_STATEMENT_PIECES]; size_t n; };	/* names distinct */

/* The class is the one that a->hello names; pieces: NULL for class software, else the platform's evidence. */
struct bl_json *bl_statement_new(const struct bl_ident *vault, const struct bl_statement_about *a, const struct bl_statement_pieces *pieces);

struct bl_statement {			/* what one says */
	enum bl_statement_class class;
	struct bl_statement_about about;	/* of class software without nonce, owner_pk, policy_hash, file_id: zeros */
	uint8_t report[BL_STATEMENT_REPORT], vault_pk[BL_IDENT_PK];
	uint32_t mask;
	struct bl_statement_pieces pieces;	/* bytes in room */
	struct bl_buf room;
};
/* Reads without believing; false when it is malformed: then there is nothing in s to be freed. */
bool bl_statement_parse(struct bl_statement *s, const struct bl_json *j);
void bl_statement_fini(struct bl_statement *s);
/* Is it signed by the vault's key that it names, and does `report` bind the rest (of a class above software)? */
bool bl_statement_signed(const struct bl_statement *s, const struct bl_json *j);
bool bl_statement_bound(const struct bl_statement *s);
/*
 * The other side of a session: is this text a statement about exactly these? 76 malformed, 77 not so. What it says is in s then, too, which
 * is the caller's to free in any case. What the platform's evidence is worth is not asked here (platform.h).
 */
int bl_statement_check(struct bl_statement *s, const char *text, size_t n, const struct bl_statement_about *a, struct bl_err *err);

#endif
