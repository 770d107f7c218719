/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmsa: the first register state of a guest's processor, as the monitors lay it out and the launch digest covers it (AMD64
 * APM volume 2, appendix B). Only what differs between monitors is an argument.
 */
#ifndef BL_ATTEST_VMSA_H
#define BL_ATTEST_VMSA_H

#include <stdint.h>

enum { BL_VMSA_SIZE = 4096 };
enum bl_vmsa_vmm { BL_VMSA_QEMU, BL_VMSA_EC2, BL_VMSA_GCE };
#define BL_VMSA_BOOT_EIP 0xfffffff0u	/* where the first processor starts */

/* Fills the page for a processor that starts at eip, has the CPUID signature `cpu` and those SEV features. */
void bl_vmsa_fill(uint8_t page[BL_VMSA_SIZE], enum bl_vmsa_vmm vmm, uint32_t eip, uint32_t cpu, uint64_t features);

#endif
