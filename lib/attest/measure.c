/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure: see measure.h. Each page of a launch extends the digest by SHA-384 over the 112 bytes of PAGE_INFO; the processors'
 * pages differ only between the first and the others, so that theirs are hashed once each.
 */
#include "attest/measure.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cur.h"
#include "base/text.h"
#include "crypt/hash.h"
#include "crypt/key.h"

enum { PAGE = BL_OVMF_PAGE, LEN = BL_MEASURE_LEN, PAGE_INFO = 0x70 };
enum { NORMAL = 1, VMSA = 2, ZERO = 3, UNMEASURED = 4, SECRETS = 5, CPUID = 6 };
#define TOP (UINT64_C(1) << 32)			/* the firmware ends there */
#define VMSA_GPA UINT64_C(0xfffffffff000)	/* of every processor */

/* --- the running digest --- */

static void sha384(const void *p, size_t n, uint8_t out[LEN])
{
	uint8_t d[64];

	bl_key_digest(BL_KEY_SHA384, p, n, d);
	memcpy(out, d, LEN);
}

/* One page whose contents have that digest; NULL: contents are not measured, or are zero by type. */
static void extend(uint8_t d[LEN], uint8_t type, uint64_t gpa, const uint8_t *contents)
{
	uint8_t info[PAGE_INFO] = { 0 };	/* not an image under migration, no rights for the other VMPLs */

	memcpy(info, d, LEN);
	if (contents)
		memcpy(info + LEN, contents, LEN);
	info[96] = PAGE_INFO;
	info[98] = type;
	for (unsigned i = 0; i < 8; i++)
		info[104 + i] = (uint8_t)(gpa >> 8 * i);
	sha384(info, sizeof info, d);
}

static void extend_normal(uint8_t d[LEN], uint64_t gpa, const uint8_t *p, size_t n)
{
	uint8_t contents[LEN];

	for (size_t at = 0; at < n; at += PAGE) {
		sha384(p + at, PAGE, contents);
		extend(d, NORMAL, gpa + at, contents);
	}
}

static void extend_blank(uint8_t d[LEN], uint8_t type, uint64_t gpa, size_t n)
{
	for (size_t at = 0; at < n; at += PAGE)
		extend(d, type, gpa + at, NULL);
}

int bl_measure_ovmf(const uint8_t *p, size_t n, uint8_t out[BL_MEASURE_LEN], struct bl_err *err)
{
	if (bl_ovmf_check(n, err))
		return -1;
	memset(out, 0, LEN);
	extend_normal(out, TOP - n, p, n);
	return 0;
}

/* --- the page of kernel hashes, as QEMU writes it (target/i386/sev.c) --- */

enum { GUID = 16, HASH_ENTRY = GUID + 2 + BL_HASH_LEN, HASH_TABLE = GUID + 2 + 3 * HASH_ENTRY, HASH_PADDED = (HASH_TABLE + 15) / 16 * 16 };

static const uint8_t guid_table[GUID] = { 0x06, 0xd6, 0x38, 0x94, 0x22, 0x4f, 0xc9, 0x4c, 0xb4, 0x79, 0xa7, 0x93, 0xd4, 0x11, 0xfd, 0x21 };
static const uint8_t guid_append[GUID] = { 0xd8, 0x2d, 0xd0, 0x97, 0x20, 0xbd, 0x94, 0x4c, 0xaa, 0x78, 0xe7, 0x71, 0x4d, 0x36, 0xab, 0x2a };
static const uint8_t guid_initrd[GUID] = { 0x31, 0xf7, 0xba, 0x44, 0x2f, 0x3a, 0xd7, 0x4b, 0x9a, 0xf1, 0x41, 0xe2, 0x91, 0x69, 0x78, 0x1d };
static const uint8_t guid_kernel[GUID] = { 0x37, 0x94, 0xe7, 0x4d, 0xd2, 0xab, 0x7f, 0x42, 0xb8, 0x35, 0xd5, 0xb1, 0x72, 0xd2, 0x04, 0x5b };

static uint8_t *put_head(uint8_t *at, const uint8_t guid[GUID], size_t size)
{
	memcpy(at, guid, GUID);
	at[GUID] = (uint8_t)size;
	at[GUID + 1] = (uint8_t)(size >> 8);
	return at + GUID + 2;
}

static uint8_t *put_hash(uint8_t *at, const uint8_t guid[GUID], const void *p, size_t n)
{
	at = put_head(at, guid, HASH_ENTRY);
	bl_hash_sha256(n ? p : "", n, at);
	return at + BL_HASH_LEN;
}

static void fill_hashes(uint8_t page[PAGE], size_t at, const struct bl_measure_snp *m)
{
	const char *append = m->append ? m->append : "";
	uint8_t *p = page + at;

	memset(page, 0, PAGE);
	p = put_head(p, guid_table, HASH_TABLE);
	p = put_hash(p, guid_append, append, strlen(append) + 1);
	p = put_hash(p, guid_initrd, m->initrd.p, m->initrd.n);
	put_hash(p, guid_kernel, m->kernel.p, m->kernel.n);
}

static int extend_hashes(uint8_t d[LEN], const struct bl_measure_snp *m, const struct bl_ovmf *o, uint32_t gpa, uint32_t size,
			 struct bl_err *err)
{
	uint8_t page[PAGE];
	size_t at = o->hashes % PAGE;

	if (!m->kernel.p) {
		extend_blank(d, ZERO, gpa, size);
		return 0;
	}
	if (!o->has_hashes || size != PAGE || at > PAGE - HASH_PADDED)
		return bl_err_set(err, BL_DATA, "firmware: its room for kernel hashes is not where its table of GUIDs says");
	fill_hashes(page, at, m);
	extend_normal(d, gpa, page, PAGE);
	return 0;
}

/* --- SNP: firmware, its sections, one page a processor --- */

static int extend_sections(uint8_t d[LEN], const struct bl_measure_snp *m, const struct bl_ovmf *o, struct bl_err *err)
{
	bool hashes = false;

	for (size_t i = 0; i < o->nsection; i++) {
		uint32_t gpa = o->section[i].gpa, size = o->section[i].size;

		switch (o->section[i].type) {
		case BL_OVMF_SEC_MEM:
			extend_blank(d, m->vmm == BL_VMSA_GCE ? UNMEASURED : ZERO, gpa, size);
			break;
		case BL_OVMF_SECRETS:
			extend(d, SECRETS, gpa, NULL);
			break;
		case BL_OVMF_CPUID:
			if (m->vmm != BL_VMSA_EC2)
				extend(d, CPUID, gpa, NULL);
			break;
		case BL_OVMF_SVSM_CAA:
			extend_blank(d, ZERO, gpa, size);
			break;
		case BL_OVMF_KERNEL_HASHES:
			hashes = true;
			if (extend_hashes(d, m, o, gpa, size, err))
				return -1;
			break;
		}
	}
	/* EC2's monitor adds them when all else is there. */
	for (size_t i = 0; m->vmm == BL_VMSA_EC2 && i < o->nsection; i++)
		if (o->section[i].type == BL_OVMF_CPUID)
			extend(d, CPUID, o->section[i].gpa, NULL);
	if (m->kernel.p && !hashes) {
		bl_err_set(err, BL_DATA, "firmware: no section for kernel hashes, so that it would not check the kernel");
		return bl_err_hint(err, "use a build that has one (OvmfPkg/AmdSev), or leave out --kernel");
	}
	return 0;
}

static void extend_vcpus(uint8_t d[LEN], const struct bl_measure_snp *m, const struct bl_ovmf *o)
{
	uint8_t page[BL_VMSA_SIZE], contents[LEN];

	for (unsigned i = 0; i < m->vcpus; i++) {
		if (i < 2) {
			bl_vmsa_fill(page, m->vmm, i ? o->reset : BL_VMSA_BOOT_EIP, m->cpu, m->features);
			sha384(page, sizeof page, contents);
		}
		extend(d, VMSA, VMSA_GPA, contents);
	}
}

int bl_measure_snp(const struct bl_measure_snp *m, uint8_t out[BL_MEASURE_LEN], struct bl_err *err)
{
	struct bl_ovmf o;
	uint8_t d[LEN];

	if (m->vcpus < 1 || m->vcpus > BL_MEASURE_VCPUS)
		return bl_err_set(err, BL_USAGE, "number of vCPUs: from 1 to %d", BL_MEASURE_VCPUS);
	if (!m->kernel.p && (m->initrd.p || (m->append && *m->append)))
		return bl_err_set(err, BL_USAGE, "an initrd or a command line is measured only together with a kernel");
	if (bl_ovmf_parse(&o, m->ovmf.p, m->ovmf.n, err))
		return -1;
	if (m->vcpus > 1 && !o.has_reset)
		return bl_err_set(err, BL_DATA, "firmware: does not say where processors after the first one start");
	if (m->ovmf_hash)
		memcpy(d, m->ovmf_hash, LEN);
	else if (bl_measure_ovmf(m->ovmf.p, m->ovmf.n, d, err))
		return -1;
	if (extend_sections(d, m, &o, err))
		return -1;
	extend_vcpus(d, m, &o);
	memcpy(out, d, LEN);
	return 0;
}

/* --- Nitro enclave images (EIF), big-endian: a header, then each section as {type u16, flags u16, size u64} and its bytes --- */

enum {
	EIF_HEADER = 548, EIF_CRC = 544, EIF_VERSION = 4, EIF_COUNT = 26, EIF_OFFSETS = 28, EIF_SIZES = 284, EIF_SECTIONS = 32, EIF_SECTION = 12,
	EIF_KERNEL = 1, EIF_APPEND = 2, EIF_RAMDISK = 3, EIF_SIGNATURE = 4, EIF_METADATA = 5,
};

struct eif { struct { unsigned type; struct bl_measure_bytes b; } v[EIF_SECTIONS]; size_t n, ramdisks; bool kernel; };

static uint64_t big(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

/* CRC-32 of ISO-HDLC, over the image without the field that holds it. */
static uint32_t crc_more(const uint32_t table[256], uint32_t crc, const uint8_t *p, size_t n)
{
	while (n--)
		crc = table[(crc ^ *p++) & 0xff] ^ crc >> 8;
	return crc;
}

static uint32_t eif_crc(const uint8_t *p, size_t n)
{
	uint32_t table[256];

	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (unsigned k = 0; k < 8; k++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320 : 0);
	}
	return ~crc_more(table, crc_more(table, 0xffffffff, p, EIF_CRC), p + EIF_HEADER, n - EIF_HEADER);
}

static int eif_bad(struct bl_err *err, const char *what)
{
	return bl_err_set(err, BL_DATA, "enclave image: %s", what);
}

/* One section, which begins where the last one ended: the header's table must say the same. */
static int eif_section(struct eif *e, const uint8_t *p, size_t n, size_t *at, struct bl_err *err)
{
	const uint8_t *offset = p + EIF_OFFSETS + 8 * e->n, *length = p + EIF_SIZES + 8 * e->n;
	uint64_t size;
	unsigned type;

	if (n - *at < EIF_SECTION)
		return eif_bad(err, "truncated");
	type = (unsigned)big(p + *at, 2);
	size = big(p + *at + 4, 8);
	if (size > n - *at - EIF_SECTION)
		return eif_bad(err, "a section is longer than the image");
	if (big(offset, 8) != *at || big(length, 8) != size)
		return eif_bad(err, "its table of sections does not fit its sections");
	if (type < EIF_KERNEL || type > EIF_METADATA)
		return bl_err_set(err, BL_DATA, "enclave image: a section of type %u, which we do not know how to measure", type);
	e->kernel = e->kernel || type == EIF_KERNEL;
	e->ramdisks += type == EIF_RAMDISK;
	e->v[e->n].type = type;
	e->v[e->n++].b = (struct bl_measure_bytes){ p + *at + EIF_SECTION, (size_t)size };
	*at += EIF_SECTION + (size_t)size;
	return 0;
}

static int eif_parse(struct eif *e, const uint8_t *p, size_t n, struct bl_err *err)
{
	size_t at = EIF_HEADER, count;

	*e = (struct eif){ 0 };
	if (n < EIF_HEADER || memcmp(p, ".eif", 4))
		return eif_bad(err, "not one");
	if (!big(p + 4, 2) || big(p + 4, 2) > EIF_VERSION)
		return bl_err_set(err, BL_DATA, "enclave image: version %u, we know 1 to %d", (unsigned)big(p + 4, 2), EIF_VERSION);
	count = (size_t)big(p + EIF_COUNT, 2);
	if (count > EIF_SECTIONS)
		return eif_bad(err, "more sections than it may have");
	while (e->n < count)
		if (eif_section(e, p, n, &at, err))
			return -1;
	if (at != n)
		return eif_bad(err, "bytes after the last section");
	if (big(p + EIF_CRC, 4) != eif_crc(p, n))
		return eif_bad(err, "its checksum does not hold: damaged");
	return e->kernel && e->ramdisks ? 0 : eif_bad(err, "no kernel or no ramdisk");
}

/* SHA-384 of zeros and of the SHA-384 of the chosen sections in file order, as a PCR is extended once. */
static void eif_pcr(const struct eif *e, unsigned pcr, uint8_t *room, uint8_t out[LEN])
{
	uint8_t extended[2 * LEN] = { 0 };
	size_t n = 0, ramdisk = 0;

	for (size_t i = 0; i < e->n; i++) {
		bool is_ramdisk = e->v[i].type == EIF_RAMDISK, first = is_ramdisk && !ramdisk++;
		bool boot = e->v[i].type == EIF_KERNEL || e->v[i].type == EIF_APPEND || first;

		if (!(pcr == 0 ? boot || is_ramdisk : pcr == 1 ? boot : is_ramdisk && !first) || !e->v[i].b.n)
			continue;
		memcpy(room + n, e->v[i].b.p, e->v[i].b.n);
		n += e->v[i].b.n;
	}
	sha384(room, n, extended + LEN);
	sha384(extended, sizeof extended, out);
}

int bl_measure_eif(const uint8_t *p, size_t n, uint8_t pcr[3][BL_MEASURE_LEN], struct bl_err *err)
{
	struct eif e;
	uint8_t *room;

	if (n > BL_MEASURE_MAX)
		return bl_err_set(err, BL_DATA, "enclave image: more than %d MiB", BL_MEASURE_MAX >> 20);
	if (eif_parse(&e, p, n, err))
		return -1;
	if (!(room = malloc(n)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	for (unsigned i = 0; i < 3; i++)
		eif_pcr(&e, i, room, pcr[i]);
	free(room);
	return 0;
}

/* --- names --- */

/* QEMU's processors, by CPUID family, model and stepping. */
static const struct cpu { uint8_t family, model, stepping; } zen = { 23, 1, 2 }, rome = { 23, 49, 0 }, milan = { 25, 1, 1 }, genoa = { 25, 17, 0 },
	turin = { 26, 0, 0 };
const char *const bl_measure_cpus[] = { "EPYC", "EPYC-v1", "EPYC-v2", "EPYC-v3", "EPYC-v4", "EPYC-IBPB", "EPYC-Rome", "EPYC-Rome-v1", "EPYC-Rome-v2",
	"EPYC-Rome-v3", "EPYC-Milan", "EPYC-Milan-v1", "EPYC-Milan-v2", "EPYC-Genoa", "EPYC-Genoa-v1", "EPYC-Turin", NULL };
static const struct cpu *const cpus[] = { &zen, &zen, &zen, &zen, &zen, &zen, &rome, &rome, &rome, &rome, &milan, &milan, &milan, &genoa, &genoa, &turin };
_Static_assert(sizeof cpus / sizeof *cpus + 1 == sizeof bl_measure_cpus / sizeof *bl_measure_cpus, "a signature for each name");

bool bl_measure_cpu(const char *type, uint32_t *cpu)
{
	for (size_t i = 0; bl_measure_cpus[i]; i++) {
		const struct cpu *c = cpus[i];

		if (strcmp(type, bl_measure_cpus[i]))
			continue;
		/* Families above 15 are 15 and the rest in the extended field; all of ours are. */
		*cpu = (uint32_t)(c->family - 15) << 20 | (uint32_t)(c->model >> 4) << 16 | 15u << 8 | (uint32_t)(c->model & 15) << 4 | c->stepping;
		return true;
	}
	return false;
}

bool bl_measure_vmm(const char *name, enum bl_vmsa_vmm *vmm)
{
	static const char *const names[] = { [BL_VMSA_QEMU] = "qemu", [BL_VMSA_EC2] = "ec2", [BL_VMSA_GCE] = "gce" };

	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcasecmp(name, names[i])) {
			*vmm = (enum bl_vmsa_vmm)i;
			return true;
		}
	return false;
}

/* --- policies --- */

static struct bl_json *one_hex(const uint8_t digest[LEN])
{
	struct bl_json *a = bl_json_new_array();
	char hex[2 * LEN + 1];

	bl_text_hex(digest, LEN, hex);
	bl_json_add(a, bl_json_new_text(hex));
	return a;
}

static struct bl_json *policy(const char *type, const uint8_t digest[LEN])
{
	struct bl_json *j = bl_json_new_object(), *types = bl_json_new_array();

	bl_json_add(types, bl_json_new_text(type));
	bl_json_put_int(j, "version", 1);
	bl_json_put(j, "types", types);
	bl_json_put(j, "measurement", one_hex(digest));
	return j;
}

struct bl_json *bl_measure_policy_snp(const uint8_t digest[BL_MEASURE_LEN])
{
	return policy("snp", digest);
}

struct bl_json *bl_measure_policy_eif(uint8_t pcr[3][BL_MEASURE_LEN])
{
	struct bl_json *j = policy("nitro", pcr[0]), *registers = bl_json_new_object();

	bl_json_put(registers, "pcr1", one_hex(pcr[1]));
	bl_json_put(registers, "pcr2", one_hex(pcr[2]));
	bl_json_put(j, "registers", registers);
	return j;
}
