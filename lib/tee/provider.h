/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider: where the evidence of a helper's platform comes from. A device is asked by a process of its own that holds no key and can
 * open nothing but that device: the helper itself never reads what a device says, and its sandbox has one socket more.
 * A technology is one file with one `struct bl_provider_tech` and one row in the table of provider.c.
 */
#ifndef BL_TEE_PROVIDER_H
#define BL_TEE_PROVIDER_H

#include <sys/types.h>

#include "attest/statement.h"

/* What evidence is asked to hold: report data of 64 bytes, SHA-256(T) where a device has room for 32, and for Nitro the rest. */
struct bl_provider_data { uint8_t report[BL_STATEMENT_REPORT], digest[32], kem_pk[32], nonce[32]; };

/* What a device said: bytes in room, at most BL_STATEMENT_ROOM of them. */
struct bl_provider_answer { struct bl_statement_pieces pieces; struct bl_buf room; };
void bl_provider_init(struct bl_provider_answer *a);
void bl_provider_fini(struct bl_provider_answer *a);
/* Copies a piece, under the name that it has in a directory of evidence. 69 when a device says more than fits. */
int bl_provider_put(struct bl_provider_answer *a, const char *name, const void *p, size_t n, struct bl_err *err);
/*
 * An SNP report with the host's certificate table behind it: `extended.bin`, cut after the table's last certificate; `report.bin` alone
 * where there is no table, or none that is whole. 69 when the report is none by its length.
 */
int bl_provider_put_snp(struct bl_provider_answer *a, const void *report, size_t n, const void *table, size_t ntable, struct bl_err *err);

struct bl_provider_tech {
	const char *name, *root;	/* "configfs-tsm", "/sys/kernel/config/tsm/report" */
	bool probed;			/* tried where nobody names a provider */
	/*
	 * What lies at root: NULL and 69 when it is not there or cannot be used. *class says what its evidence will be. Cheap: the helper
	 * opens and closes it once to see, then the process that asks opens it for itself. What is opened later in `quote` lies beneath
	 * root, a directory; anything else is opened here.
	 */
	void *(*open)(const char *root, enum bl_statement_class *class, struct bl_err *err);
	/* Evidence over data, once. 69 when the device does not give it. No guarded memory (bl_mem_new) and no new kind of system call. */
	int (*quote)(void *device, const struct bl_provider_data *data, struct bl_provider_answer *out, struct bl_err *err);
	void (*close)(void *device);
};
extern const struct bl_provider_tech bl_tsm_tech, bl_sevguest_tech, bl_gramine_tech, bl_nsm_tech, bl_tpmdev_tech;

/* The i-th, in the order in which they are tried; NULL after the last. */
const struct bl_provider_tech *bl_provider_tech_at(size_t i);
/*
 * The technology that NAME[:ROOT] names, and its root, an absolute path; "software" is none: 0 with *tech NULL. 64 for what is no
 * provider.
 */
int bl_provider_parse(const char *spec, const struct bl_provider_tech **tech, const char **root, struct bl_err *err);

struct bl_provider { int sock; pid_t pid; enum bl_statement_class class; const char *name; };	/* sock -1: class software, no process */
/*
 * Between bl_sandbox_begin, bl_mem_init and the opening of the vault: sees what spec names (69 when it cannot be had), or, where spec
 * is NULL, the first probed one that is there, or none; then forks the process that asks it. That ends with its answer or with the
 * caller, whichever is first; nobody needs to wait for it (a caller that ignores SIGCHLD keeps no zombie).
 */
int bl_provider_start(struct bl_provider *p, const char *spec, struct bl_err *err);
/*
 * Within the sandbox, once: the answer is copied into *a, which is initialised, and the process ends. 69 when none comes in time
 * (30 s), or none that is well-formed.
 */
int bl_provider_ask(struct bl_provider *p, const struct bl_provider_data *data, struct bl_provider_answer *a, struct bl_err *err);
/* The process ends if it has not yet. */
void bl_provider_stop(struct bl_provider *p);

/*
 * What the process answers in one packet: u32 code; of 0 then pieces up to the end: u8 length and name, u32 length and bytes. Into *a,
 * which is initialised: names that evidence has, distinct, none empty, all within the room. -1 (69) otherwise.
 */
enum { BL_PROVIDER_PACKET = 4 + BL_STATEMENT_PIECES * (1 + BL_STATEMENT_NAME + 4) + BL_STATEMENT_ROOM };
int bl_provider_read(struct bl_provider_answer *a, const uint8_t *p, size_t n, struct bl_err *err);

#endif
