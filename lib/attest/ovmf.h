/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ovmf: what a guest firmware image says about its own launch: the GUIDed table at its end and the SEV metadata that it points
 * to (edk2, OvmfPkg/ResetVector/Ia16/ResetVectorVtf0.asm and X64/OvmfSevMetadata.asm). Every size in there is foreign.
 */
#ifndef BL_ATTEST_OVMF_H
#define BL_ATTEST_OVMF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { BL_OVMF_PAGE = 4096, BL_OVMF_MAX = 64 << 20, BL_OVMF_SECTIONS = 64, BL_OVMF_SECTION_BYTES = 256 << 20 };
enum bl_ovmf_type { BL_OVMF_SEC_MEM = 1, BL_OVMF_SECRETS = 2, BL_OVMF_CPUID = 3, BL_OVMF_SVSM_CAA = 4, BL_OVMF_KERNEL_HASHES = 0x10 };

struct bl_ovmf {
	struct { uint32_t gpa, size; enum bl_ovmf_type type; } section[BL_OVMF_SECTIONS];	/* in file order, whole pages */
	size_t nsection;
	bool has_hashes, has_reset;
	uint32_t hashes;	/* gpa of the table of kernel hashes */
	uint32_t reset;		/* where the other processors start */
};

/* 65 for an image that is not whole pages, has no table or metadata, or has a section that nobody knows how to measure. */
int bl_ovmf_parse(struct bl_ovmf *o, const uint8_t *p, size_t n, struct bl_err *err);
/* Whole pages and not too many: all that a digest of the image alone wants. */
int bl_ovmf_check(size_t n, struct bl_err *err);

#endif
