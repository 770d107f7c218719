/* SPDX-License-Identifier: Apache-2.0 */
/* vmsa: see vmsa.h. Offsets are those of the SEV-ES save area; everything not written is zero. */
#include "attest/vmsa.h"

#include <string.h>

enum {
	ES = 0, CS = 0x10, SS = 0x20, DS = 0x30, FS = 0x40, GS = 0x50, GDTR = 0x60, LDTR = 0x70, IDTR = 0x80, TR = 0x90,
	EFER = 0xd0, CR4 = 0x148, CR0 = 0x158, DR7 = 0x160, DR6 = 0x168, RFLAGS = 0x170, RIP = 0x178, G_PAT = 0x268, RDX = 0x310,
	SEV_FEATURES = 0x3b0, XCR0 = 0x3e8, MXCSR = 0x408, X87_FCW = 0x410,
};

/* What the monitors do each in their own way. */
static const struct monitor {
	uint16_t cs_boot, ss, tr;	/* attributes */
	uint64_t pat;
	uint32_t rdx;			/* 0: the CPUID signature */
	uint32_t mxcsr, fcw;
} monitors[] = {
	[BL_VMSA_QEMU] = { 0x9b, 0x93, 0x8b, 0x7040600070406, 0, 0x1f80, 0x37f },
	[BL_VMSA_EC2] = { 0x9a, 0x92, 0x83, 0x7040600070406, 0x600, 0, 0 },
	[BL_VMSA_GCE] = { 0x9b, 0x93, 0x8b, 0x70106, 0x600, 0, 0 },
};

static void put(uint8_t *page, unsigned at, uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		page[at + i] = (uint8_t)(v >> 8 * i);
}

/* Selector, attributes, limit, base. */
static void segment(uint8_t *page, unsigned at, uint16_t selector, uint16_t attributes, uint64_t base)
{
	put(page, at, selector, 2);
	put(page, at + 2, attributes, 2);
	put(page, at + 4, 0xffff, 4);
	put(page, at + 8, base, 8);
}

void bl_vmsa_fill(uint8_t page[BL_VMSA_SIZE], enum bl_vmsa_vmm vmm, uint32_t eip, uint32_t cpu, uint64_t features)
{
	static const unsigned data[] = { ES, DS, FS, GS };
	const struct monitor *m = &monitors[vmm];

	memset(page, 0, BL_VMSA_SIZE);
	for (size_t i = 0; i < sizeof data / sizeof *data; i++)
		segment(page, data[i], 0, 0x93, 0);
	segment(page, CS, 0xf000, eip == BL_VMSA_BOOT_EIP ? m->cs_boot : 0x9b, eip & 0xffff0000);
	segment(page, SS, 0, m->ss, 0);
	segment(page, GDTR, 0, 0, 0);
	segment(page, LDTR, 0, 0x82, 0);
	segment(page, IDTR, 0, 0, 0);
	segment(page, TR, 0, m->tr, 0);
	put(page, EFER, 0x1000, 8);	/* SVME, by KVM */
	put(page, CR4, 0x40, 8);	/* MCE, by KVM */
	put(page, CR0, 0x10, 8);
	put(page, DR7, 0x400, 8);
	put(page, DR6, 0xffff0ff0, 8);
	put(page, RFLAGS, 2, 8);
	put(page, RIP, eip & 0xffff, 8);
	put(page, G_PAT, m->pat, 8);
	put(page, RDX, m->rdx ? m->rdx : cpu, 8);
	put(page, SEV_FEATURES, features, 8);
	put(page, XCR0, 1, 8);
	put(page, MXCSR, m->mxcsr, 4);
	put(page, X87_FCW, m->fcw, 2);
}
