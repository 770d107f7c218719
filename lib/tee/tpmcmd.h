/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tpmcmd: the commands of a TPM 2.0 that a quote takes, as bytes, and what comes back (TCG TPM 2.0 Library, parts 2 and 3). No device, no
 * clock: bytes in, bytes out. A response is anybody's: nothing of it is used before its length was seen to be there, and nothing is
 * taken that was not asked for. Failures are 69.
 */
#ifndef BL_TEE_TPMCMD_H
#define BL_TEE_TPMCMD_H

#include "attest/tpm.h"

enum {
	BL_TPMCMD_ROOM = 512,		/* of the longest command */
	BL_TPMCMD_MAX = 4096,		/* of a response; no TPM says more */
	BL_TPMCMD_HEAD = 10,
	BL_TPMCMD_PCRS = 16, BL_TPMCMD_PCR = 32,	/* PCRs 0 to 15, of SHA-256 */
};

/* --- commands; each returns its length --- */

/*
 * The attestation key: a primary key of the endorsement hierarchy, which is computed from the TPM's own seed and this template, and from
 * nothing else. So one TPM has one such key, after a reboot and after its owner was cleared too, until its maker's seed is replaced.
 */
enum bl_tpmcmd_key { BL_TPMCMD_P256, BL_TPMCMD_RSA };
size_t bl_tpmcmd_create(uint8_t out[BL_TPMCMD_ROOM], enum bl_tpmcmd_key kind);
size_t bl_tpmcmd_quote(uint8_t out[BL_TPMCMD_ROOM], uint32_t handle, const uint8_t data[32]);
size_t bl_tpmcmd_read(uint8_t out[BL_TPMCMD_ROOM], uint16_t pcrs);	/* bit i is PCR i; a TPM answers with eight at most */
size_t bl_tpmcmd_flush(uint8_t out[BL_TPMCMD_ROOM], uint32_t handle);

/* --- responses --- */

/* The length of the response that begins with these BL_TPMCMD_HEAD bytes; 0: none can. */
size_t bl_tpmcmd_size(const uint8_t head[BL_TPMCMD_HEAD]);

struct bl_tpmcmd_response { uint32_t rc; struct bl_cur body; };
/* One whole response, to a command with a password session or without. */
enum bl_tpmcmd_session { BL_TPMCMD_BARE, BL_TPMCMD_PASSWORD };
int bl_tpmcmd_open(struct bl_tpmcmd_response *r, enum bl_tpmcmd_session session, const uint8_t *p, size_t n, struct bl_err *err);

/* Of its rc: the same command may succeed later; or the TPM has no keys of this kind, and there may be another. */
bool bl_tpmcmd_again(uint32_t rc);
bool bl_tpmcmd_unsupported(uint32_t rc);
/* "the TPM cannot WHAT: ..." in plain words. */
int bl_tpmcmd_refused(uint32_t rc, const char *what, struct bl_err *err);

/*
 * The key that was made: *handle to be flushed, also on failure, unless it is 0. *key is the caller's to free.
 */
int bl_tpmcmd_created(struct bl_tpmcmd_response *r, enum bl_tpmcmd_key kind, uint32_t *handle, struct bl_key **key, struct bl_err *err);
/* Values of some of the PCRs that were asked for, at least one; which ones: *got. The others are left alone. */
int bl_tpmcmd_values(struct bl_tpmcmd_response *r, uint16_t asked, uint16_t *got, uint8_t value[BL_TPMCMD_PCRS][BL_TPMCMD_PCR], struct bl_err *err);
/* The quote of all of them over data, and its signature, as views; the digest of the values that it is of. */
struct bl_tpmcmd_quoted { struct bl_tpm_bytes msg, sig; uint8_t digest[32]; };
int bl_tpmcmd_quoted(struct bl_tpmcmd_response *r, enum bl_tpmcmd_key kind, const uint8_t data[32], struct bl_tpmcmd_quoted *q, struct bl_err *err);

#endif
