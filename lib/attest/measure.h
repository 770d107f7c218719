/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure: the digest that evidence will show for a guest, from the files that it is started from: AMD SEV-SNP launch digests
 * (SNP firmware ABI 8.17, PAGE_INFO) and the PCRs of AWS Nitro enclave images. Reads bytes, opens nothing.
 */
#ifndef BL_ATTEST_MEASURE_H
#define BL_ATTEST_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attest/ovmf.h"
#include "attest/vmsa.h"
#include "base/json.h"

enum { BL_MEASURE_LEN = 48, BL_MEASURE_VCPUS = 4096, BL_MEASURE_MAX = 1 << 30 };	/* digest; most processors; most bytes of a file */

struct bl_measure_bytes { const uint8_t *p; size_t n; };	/* p NULL: not given */
struct bl_measure_snp {
	struct bl_measure_bytes ovmf, kernel, initrd;
	const char *append;		/* the kernel's command line; NULL is "" */
	unsigned vcpus;			/* 1..BL_MEASURE_VCPUS */
	uint32_t cpu;			/* signature as CPUID Fn0000_0001_EAX; see bl_measure_cpu */
	enum bl_vmsa_vmm vmm;
	uint64_t features;		/* SEV features of the guest, usually 1 */
	const uint8_t *ovmf_hash;	/* the digest after the firmware's own pages, instead of them; NULL: from ovmf */
};

/*
 * The launch digest. 65 for a firmware without metadata, or without room for kernel hashes when there is a kernel; 64 for
 * an initrd or command line without kernel, or a number of processors out of range.
 */
int bl_measure_snp(const struct bl_measure_snp *m, uint8_t out[BL_MEASURE_LEN], struct bl_err *err);
/* The digest after the firmware's pages alone: what ovmf_hash takes. */
int bl_measure_ovmf(const uint8_t *p, size_t n, uint8_t out[BL_MEASURE_LEN], struct bl_err *err);
/* PCR0 (image), PCR1 (kernel and first ramdisk), PCR2 (the other ramdisks) of an enclave image; its checksum must hold. */
int bl_measure_eif(const uint8_t *p, size_t n, uint8_t pcr[3][BL_MEASURE_LEN], struct bl_err *err);

/* QEMU's name of a processor ("EPYC-Milan-v2") to its signature; NULL-ended list of the names. */
bool bl_measure_cpu(const char *type, uint32_t *cpu);
extern const char *const bl_measure_cpus[];
/* "qemu", "ec2", "gce", in either case. */
bool bl_measure_vmm(const char *name, enum bl_vmsa_vmm *vmm);

/* A ready appraisal policy that accepts exactly this. */
struct bl_json *bl_measure_policy_snp(const uint8_t digest[BL_MEASURE_LEN]);
struct bl_json *bl_measure_policy_eif(uint8_t pcr[3][BL_MEASURE_LEN]);

#endif
