/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_measure: any bytes as firmware and as an enclave image. The end of the firmware, where its tables are, is what varies; the CRC of
 * an image is made right here, so that what is behind it is reached.
 */
#include <assert.h>
#include <string.h>

#include "attest/measure.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { FW = 8192, FOOTER = FW - 32 - 18 };
static struct bl_err err;

static void measure(const uint8_t *p, size_t n)
{
	static const uint8_t hash[BL_MEASURE_LEN] = { 1 };
	struct bl_measure_snp m = { .ovmf = { p, n }, .vcpus = 2, .features = 1, .ovmf_hash = hash };
	uint8_t d[BL_MEASURE_LEN];
	struct bl_ovmf o;

	if (!bl_ovmf_parse(&o, p, n, &err)) {
		uint64_t total = 0;
		for (size_t i = 0; i < o.nsection; i++)
			total += o.section[i].size;
		assert(o.nsection <= BL_OVMF_SECTIONS && total <= BL_OVMF_SECTION_BYTES);
		if (total > 1 << 20)
			return;		/* right, and slow */
	}
	bl_measure_snp(&m, d, &err);
	m.kernel = (struct bl_measure_bytes){ hash, 4 };
	m.vmm = BL_VMSA_EC2;
	bl_measure_snp(&m, d, &err);
}

static void image(const uint8_t *p, size_t n)
{
	static uint8_t room[1 << 16];
	uint8_t pcr[3][BL_MEASURE_LEN];
	uint32_t c = 0xffffffff;

	bl_measure_eif(p, n, pcr, &err);
	if (n < 548 || n > sizeof room)
		return;
	memcpy(room, p, n);
	for (size_t i = 0; i < n; i++) {
		if (i >= 544 && i < 548)
			continue;
		c ^= room[i];
		for (unsigned k = 0; k < 8; k++)
			c = c >> 1 ^ (c & 1 ? 0xedb88320 : 0);
	}
	for (unsigned i = 0; i < 4; i++)
		room[544 + i] = (uint8_t)(~c >> (24 - 8 * i));
	bl_measure_eif(room, n, pcr, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t guid[16] = { 0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45, 0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d };
	static uint8_t fw[FW];
	size_t k = n < 4000 ? n : 4000;

	measure(p, n);
	image(p, n);
	memset(fw, 0, sizeof fw);
	memcpy(fw + FOOTER - k, p, k);
	fw[FOOTER] = (uint8_t)(k + 18);
	fw[FOOTER + 1] = (uint8_t)((k + 18) >> 8);
	memcpy(fw + FOOTER + 2, guid, sizeof guid);
	measure(fw, sizeof fw);
	return 0;
}
