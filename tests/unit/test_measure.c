/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_measure: launch digests of a synthetic firmware against values that sev-snp-measure (virtee, 0.0.12) gave for the same bytes,
 * PCRs of a synthetic enclave image against SHA-384 of its parts, the digests of ../shared where it is there, and what is refused.
 */
#include <stdlib.h>

#include "attest/measure.h"
#include "base/file.h"
#include "base/text.h"
#include "../tap.h"

enum { FW = 3 * 4096, META = 0x800, TABLE_END = FW - 32 - 18 };

static struct bl_err err;

/* --- a firmware --- */

struct section { uint32_t gpa, size, type; };
static const struct section usual[] = { { 0x800000, 0x9000, 1 }, { 0x80a000, 0x1000, 1 }, { 0x80d000, 0x1000, 2 }, { 0x80e000, 0x1000, 3 },
					{ 0x811000, 0x1000, 0x10 }, { 0x80f000, 0x1000, 4 } };

static void le(uint8_t *p, uint64_t v, unsigned n)
{
	while (n--) {
		*p++ = (uint8_t)v;
		v >>= 8;
	}
}

/* From text form, little-endian in its first three fields. */
static void guid(uint8_t *p, const char *s)
{
	static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
	char hex[33];
	uint8_t b[16];
	size_t n = 0;

	for (; *s; s++)
		if (*s != '-')
			hex[n++] = *s;
	bl_text_unhex(hex, 32, b, 16);
	for (size_t i = 0; i < 16; i++)
		p[i] = b[order[i]];
}

static size_t entry(uint8_t *fw, size_t end, const char *id, const uint32_t *v, size_t n)
{
	end -= 16;
	guid(fw + end, id);
	le(fw + end - 2, 18 + 4 * n, 2);
	end -= 2 + 4 * n;
	for (size_t i = 0; i < n; i++)
		le(fw + end + 4 * i, v[i], 4);
	return end;
}

/* The entries stand before one another: the last one put is the first in the file. */
static void firmware(uint8_t fw[FW], const struct section *s, size_t n, uint32_t hashes, uint32_t reset)
{
	uint32_t table[2] = { hashes, 0x400 }, meta = META;
	size_t end = TABLE_END;

	for (size_t i = 0; i < FW; i++)
		fw[i] = (uint8_t)(i * 7 + (i >> 8));
	memcpy(fw + FW - META, "ASEV", 4);
	le(fw + FW - META + 4, 16 + 12 * n, 4);
	le(fw + FW - META + 8, 1, 4);
	le(fw + FW - META + 12, n, 4);
	for (size_t i = 0; i < n; i++) {
		le(fw + FW - META + 16 + 12 * i, s[i].gpa, 4);
		le(fw + FW - META + 20 + 12 * i, s[i].size, 4);
		le(fw + FW - META + 24 + 12 * i, s[i].type, 4);
	}
	if (n)
		end = entry(fw, end, "dc886566-984a-4798-a75e-5585a7bf67cc", &meta, 1);
	if (reset)
		end = entry(fw, end, "00f771de-1a7e-4fcb-890e-68c77e2fb44e", &reset, 1);
	if (hashes)
		end = entry(fw, end, "7255371f-3a3b-4b04-927b-1da6efa8d454", table, 2);
	le(fw + TABLE_END, TABLE_END - end + 18, 2);
	guid(fw + TABLE_END + 2, "96b582de-1fb2-45f7-baea-a366c55a082d");
}

static uint8_t fw[FW];

static struct bl_measure_snp plain(unsigned vcpus, const char *cpu)
{
	struct bl_measure_snp m = { .ovmf = { fw, FW }, .vcpus = vcpus, .features = 1 };

	bl_measure_cpu(cpu, &m.cpu);
	return m;
}

static struct bl_measure_bytes bytes(const char *s)
{
	return (struct bl_measure_bytes){ (const uint8_t *)s, strlen(s) };
}

/* The digest in hex, or "exit N". */
static const char *digest(const struct bl_measure_snp *m)
{
	static char out[2 * BL_MEASURE_LEN + 1];
	uint8_t d[BL_MEASURE_LEN];

	if (bl_measure_snp(m, d, &err))
		snprintf(out, sizeof out, "exit %d", err.code);
	else
		bl_text_hex(d, sizeof d, out);
	return out;
}

static void test_gold(void)
{
	struct bl_measure_snp m;
	uint8_t eleven[BL_MEASURE_LEN], d[BL_MEASURE_LEN];
	char hex[2 * BL_MEASURE_LEN + 1];

	firmware(fw, usual, 6, 0x811c00, 0x80b004);
	m = plain(1, "EPYC-v4");
	is_str(digest(&m), "ef5598691e6f1155f80859f547cb2a835e5ab4b70f0038e24ae3f3aed07214a63a96fa6940a70bafcae9b082c3a4ed91", "qemu, one vCPU");
	m.vmm = BL_VMSA_EC2;
	is_str(digest(&m), "54e3ae3d094466cc9128243574de3afe5461176c5a6cc66aa67b9c3fea0acce55816426022f3c5acb2e7454135f83429", "ec2, one vCPU");
	m.vmm = BL_VMSA_GCE;
	is_str(digest(&m), "321d2852790c10effe3876bcd0e61fe608d105178d41db2924f9db7dfd5a7b07a2e2c307ae7ce13f9df66aa83125e69b", "gce, one vCPU");
	m = plain(3, "EPYC-Milan");
	is_str(digest(&m), "3a3e056e58d4dc3144ce25083837fbb0c1e9daafef5a5a23a9ce22a29a3ce32273e1c7261b00307377732e59b0639450", "qemu, three vCPUs");
	m.vmm = BL_VMSA_EC2;
	is_str(digest(&m), "8db12ad45e853464bcf7e4ba505c5fdceefcbbdcbc42c903ac2ea4733a0e6002dc99b9410de594165e1f6e97df9d629e", "ec2, three vCPUs");
	m.vmm = BL_VMSA_GCE;
	is_str(digest(&m), "832e0458249ee49c5e05f3913bed62448685ffd9889a7d5b253daefcf88a183f8f559377aa555ebd71e39c02a0fb5bec", "gce, three vCPUs");
	m = plain(2, "EPYC-Rome");
	m.kernel = bytes("a kernel");
	is_str(digest(&m), "ddda0da37217fc38d24f592de42e4536ca84e4cd92e8618ea8f4332714b6c21ab315910d8a23e439fb932a5b99da030c", "a kernel alone");
	m.initrd = bytes("a ramdisk");
	m.append = "console=ttyS0";
	is_str(digest(&m), "84cdf1ec35b459ea3574f8216af4f0476313a439ea6d96de865c437d8544677b6de7d89fe58b8b0485c31da045298a82", "kernel, initrd, command line");
	m = plain(1, "EPYC-Turin");
	m.features = 0x21;
	is_str(digest(&m), "a09bf3fd4becb6167b1f0589d5d1c58d47634482c6b491358a5e55cb9a5c3e6406515c61d5af56033c73ad8e7bd46571", "guest features");
	m = plain(4, "EPYC-Genoa");
	m.vmm = BL_VMSA_EC2;
	m.features = 0x21;
	m.kernel = bytes("a kernel");
	m.initrd = bytes("a ramdisk");
	m.append = "x";
	is_str(digest(&m), "35c993457ef119ef3b75a6f5e1bc4c2b70b41b78174bcbe69760e8e0f222c5ee9903660fc765f92a475cf5b042ceb1a1", "all of it on ec2");
	ok(!bl_measure_ovmf(fw, FW, d, &err), "the firmware alone is measured");
	bl_text_hex(d, sizeof d, hex);
	is_str(hex, "42be0b2c1f3df4f782ab1d971dcc060cf8d2439ed063a26c85af7462a3faf36d23f32b0b23f2740f8b97e387f3992df0", "the firmware alone");
	m = plain(1, "EPYC-v4");
	m.ovmf_hash = d;
	is_str(digest(&m), "ef5598691e6f1155f80859f547cb2a835e5ab4b70f0038e24ae3f3aed07214a63a96fa6940a70bafcae9b082c3a4ed91", "from its digest: the same");
	memset(eleven, 0x11, sizeof eleven);
	m.ovmf_hash = eleven;
	is_str(digest(&m), "032f1fc43035d694119b988f422bd4c26b939cebfd11b9b9b092673464a121a7c78b492a51f0b3d87ea84e7add5aae7d", "from another digest: another");
}

static void test_refused(void)
{
	struct section odd[2] = { { 0x800000, 0x1000, 5 }, { 0, 0, 0 } };
	struct bl_measure_snp m;
	uint8_t d[BL_MEASURE_LEN];

	firmware(fw, usual, 4, 0x811c00, 0x80b004);
	m = plain(1, "EPYC");
	m.kernel = bytes("k");
	is_str(digest(&m), "exit 65", "a kernel that the firmware would not check is refused");
	ok(strstr(err.msg, "kernel hashes"), "and the reason is said: %s", err.msg);
	firmware(fw, usual, 6, 0, 0x80b004);
	is_str(digest(&m), "exit 65", "a section for kernel hashes, but no place for the table");
	firmware(fw, usual, 6, 0x811f80, 0x80b004);
	is_str(digest(&m), "exit 65", "a table of kernel hashes that would pass the end of its page");
	firmware(fw, NULL, 0, 0x811c00, 0x80b004);
	m = plain(1, "EPYC");
	is_str(digest(&m), "exit 65", "a firmware without metadata is refused");
	ok(strstr(err.msg, "metadata"), "and the reason is said: %s", err.msg);
	firmware(fw, usual, 6, 0x811c00, 0);
	m = plain(2, "EPYC");
	is_str(digest(&m), "exit 65", "two vCPUs without a place for the second to start");
	m.vcpus = 1;
	ok(strlen(digest(&m)) == 96, "one vCPU needs no such place");
	m.vcpus = 0;
	is_str(digest(&m), "exit 64", "no vCPU");
	m.vcpus = BL_MEASURE_VCPUS + 1;
	is_str(digest(&m), "exit 64", "more vCPUs than there are");
	m.vcpus = 1;
	m.append = "x";
	is_str(digest(&m), "exit 64", "a command line without a kernel");
	m.append = NULL;
	m.initrd = bytes("x");
	is_str(digest(&m), "exit 64", "an initrd without a kernel");
	m = plain(1, "EPYC");
	for (size_t n = 0; n < FW; n += n % 4096 == 4095 ? 1 : 4095) {
		m.ovmf.n = n;
		is_str(digest(&m), "exit 65", "a firmware cut to %zu bytes", n);
	}
	m = plain(1, "EPYC");
	firmware(fw, odd, 1, 0x811c00, 0x80b004);
	is_str(digest(&m), "exit 65", "a section of an unknown type");
	odd[0] = (struct section){ 0x800000, 0xfffff000, 1 };
	firmware(fw, odd, 1, 0x811c00, 0x80b004);
	is_str(digest(&m), "exit 65", "a section of four gigabytes");
	odd[0] = (struct section){ 0x800000, 0x1001, 1 };
	firmware(fw, odd, 1, 0x811c00, 0x80b004);
	is_str(digest(&m), "exit 65", "a section of a page and a byte");
	firmware(fw, usual, 6, 0x811c00, 0x80b004);
	le(fw + FW - META + 12, 0xffffffff, 4);
	is_str(digest(&m), "exit 65", "four billion sections");
	firmware(fw, usual, 6, 0x811c00, 0x80b004);
	le(fw + TABLE_END, 0xffff, 2);
	is_str(digest(&m), "exit 65", "a table longer than the firmware");
	ok(bl_measure_ovmf(fw, 4095, d, &err) && err.code == BL_DATA, "no digest of what is not whole pages");
}

/* Nothing that is said about the launch may change unseen. */
static void test_flips(void)
{
	struct bl_measure_snp m = plain(2, "EPYC");
	char first[2 * BL_MEASURE_LEN + 1];
	size_t same = 0;

	firmware(fw, usual, 6, 0x811c00, 0x80b004);
	m.kernel = bytes("k");
	snprintf(first, sizeof first, "%s", digest(&m));
	for (size_t i = FW - META; i < FW; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			fw[i] ^= (uint8_t)(1 << bit);
			same += !strcmp(digest(&m), first);
			fw[i] ^= (uint8_t)(1 << bit);
		}
	is_int(same, 0, "no bit of the firmware's end flips without another digest or a refusal");
}

/* --- enclave images --- */

struct eif { unsigned type; const char *s; };

static void be(uint8_t *p, uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> 8 * (n - 1 - i));
}

static void crc(uint8_t *p, size_t n)
{
	uint32_t c = 0xffffffff;

	for (size_t i = 0; i < n; i++) {
		if (i >= 544 && i < 548)
			continue;
		c ^= p[i];
		for (unsigned k = 0; k < 8; k++)
			c = c >> 1 ^ (c & 1 ? 0xedb88320 : 0);
	}
	be(p + 544, ~c, 4);
}

static size_t image(uint8_t *p, const struct eif *s, size_t count)
{
	size_t at = 548;

	memset(p, 0, at);
	memcpy(p, ".eif", 4);
	be(p + 4, 4, 2);
	be(p + 8, 1 << 30, 8);
	be(p + 16, 2, 8);
	be(p + 26, count, 2);
	for (size_t i = 0; i < count; i++) {
		size_t n = strlen(s[i].s);
		be(p + 28 + 8 * i, at, 8);
		be(p + 284 + 8 * i, n, 8);
		be(p + at, s[i].type, 2);
		be(p + at + 2, 0, 2);
		be(p + at + 4, n, 8);
		memcpy(p + at + 12, s[i].s, n);
		at += 12 + n;
	}
	crc(p, at);
	return at;
}

static void test_eif(void)
{
	static const struct eif s[] = { { 1, "the kernel" }, { 2, "reboot=k panic=30" }, { 5, "{\"ImageName\":\"x\"}" }, { 3, "first ramdisk" },
					{ 3, "second ramdisk" }, { 3, "third ramdisk" } };
	static const char *const want[3] = {
		"f8ac44dd39dcbefb5be50023da08b1ffc9fbe81f38393f1e8cc4ff806a23266b9081d29a0aaed704116e6be716758521",
		"edde7e70eda2a0c834ee1443fec3f62ec43674480935154674756e6f5fc5d659d7305c99fafbcb50609a2de8b4cd937b",
		"df0db8e4570859ccbf1cdf2b80040f60ed093a9166c4f476ba5c0c5838d29c905ba837d6cc48b327889e11177ab1d5b2",
	};
	uint8_t p[2048], pcr[3][BL_MEASURE_LEN];
	char hex[2 * BL_MEASURE_LEN + 1];
	size_t n = image(p, s, 6), passed = 0;

	is_int(bl_measure_eif(p, n, pcr, &err), 0, "an image is measured");
	for (unsigned i = 0; i < 3; i++) {
		bl_text_hex(pcr[i], BL_MEASURE_LEN, hex);
		is_str(hex, want[i], "PCR%u", i);
	}
	for (size_t i = 0; i < n; i++) {
		p[i] ^= 1;
		passed += !bl_measure_eif(p, n, pcr, &err);
		p[i] ^= 1;
	}
	is_int(passed, 0, "an image with one bit flipped has no PCRs");
	for (size_t i = 0; i < n; i++)
		passed += !bl_measure_eif(p, i, pcr, &err);
	passed += !bl_measure_eif(p, n + 1, pcr, &err);
	is_int(passed, 0, "nor has one cut short, or one with a byte after it");
	be(p + 548 + 4, UINT64_MAX, 8);
	be(p + 284, UINT64_MAX, 8);
	crc(p, n);
	ok(bl_measure_eif(p, n, pcr, &err) && err.code == BL_DATA, "a section of 2^64 bytes");
	n = image(p, s, 3);
	ok(bl_measure_eif(p, n, pcr, &err) && err.code == BL_DATA, "no ramdisk");
	be(p + 26, 33, 2);
	crc(p, n);
	ok(bl_measure_eif(p, n, pcr, &err) && err.code == BL_DATA, "33 sections");
}

/* --- names and policies --- */

static void test_names(void)
{
	enum bl_vmsa_vmm vmm;
	uint32_t cpu = 0;

	ok(bl_measure_cpu("EPYC-v3", &cpu) && cpu == 0x800f12, "EPYC");
	ok(bl_measure_cpu("EPYC-Rome", &cpu) && cpu == 0x830f10, "Rome");
	ok(bl_measure_cpu("EPYC-Milan-v2", &cpu) && cpu == 0xa00f11, "Milan");
	ok(bl_measure_cpu("EPYC-Genoa", &cpu) && cpu == 0xa10f10, "Genoa");
	ok(bl_measure_cpu("EPYC-Turin", &cpu) && cpu == 0xb00f00, "Turin");
	ok(!bl_measure_cpu("Skylake", &cpu) && !bl_measure_cpu("", &cpu), "no other");
	ok(bl_measure_vmm("QEMU", &vmm) && vmm == BL_VMSA_QEMU && bl_measure_vmm("ec2", &vmm) && vmm == BL_VMSA_EC2 && !bl_measure_vmm("xen", &vmm),
	   "monitors in either case");
}

static void test_policy(void)
{
	uint8_t pcr[3][BL_MEASURE_LEN] = { { 1 }, { 2 }, { 3 } };
	struct bl_json *j = bl_measure_policy_snp(pcr[0]);
	struct bl_buf b;

	bl_buf_init(&b, 4096);
	bl_json_print(j, &b);
	bl_json_free(j);
	bl_buf_put8(&b, 0);
	is_str((char *)b.p, "{\"measurement\":[\"010000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\"],"
	       "\"types\":[\"snp\"],\"version\":1}", "a policy that accepts this launch");
	bl_buf_clear(&b);
	j = bl_measure_policy_eif(pcr);
	bl_json_print(j, &b);
	bl_buf_put8(&b, 0);
	ok(strstr((char *)b.p, "\"registers\":{\"pcr1\":[\"02"), "and one for an enclave image");
	bl_json_free(j);
	bl_buf_fini(&b);
}

/* --- the vectors, where they are --- */

static char dir[512];

static struct bl_measure_bytes load(struct bl_buf *b, const char *name)
{
	char path[1024];

	bl_buf_init(b, BL_OVMF_MAX);
	snprintf(path, sizeof path, "%s/%s", dir, name);
	if (bl_file_read(path, b, &err))
		printf("# %s\n", err.msg);
	return (struct bl_measure_bytes){ b->p, b->len };
}

static void vector(const struct bl_json *c, size_t at)
{
	const struct bl_json *args = bl_json_get(c, "args");
	struct bl_measure_snp m = { .vcpus = 1, .features = 1 };
	const char *want = bl_json_get_text(c, "digest");
	struct bl_buf b[3] = { { 0 } };
	char hex[2 * BL_MEASURE_LEN + 1] = "exit 65";
	uint8_t d[BL_MEASURE_LEN];
	int rc;

	for (size_t i = 2; i + 1 < bl_json_count(args); i += 2) {
		const char *name = bl_json_text(bl_json_item(args, i), NULL), *v = bl_json_text(bl_json_item(args, i + 1), NULL);
		if (!strcmp(name, "--ovmf"))
			m.ovmf = load(&b[0], v);
		else if (!strcmp(name, "--kernel"))
			m.kernel = load(&b[1], v);
		else if (!strcmp(name, "--initrd"))
			m.initrd = load(&b[2], v);
		else if (!strcmp(name, "--append"))
			m.append = v;
		else if (!strcmp(name, "--vcpus"))
			m.vcpus = (unsigned)atoi(v);
		else if (!strcmp(name, "--vcpu-type"))
			ok(bl_measure_cpu(v, &m.cpu), "%s is known", v);
		else if (!strcmp(name, "--vmm"))
			ok(bl_measure_vmm(v, &m.vmm), "%s is known", v);
		else
			ok(false, "option %s", name);
	}
	rc = !strcmp(bl_json_text(bl_json_item(args, 1), NULL), "ovmf") ? bl_measure_ovmf(m.ovmf.p, m.ovmf.n, d, &err) : bl_measure_snp(&m, d, &err);
	if (!rc)
		bl_text_hex(d, sizeof d, hex);
	is_str(hex, want ? want : "exit 65", "vector %zu", at);
	for (size_t i = 0; i < 3; i++)
		bl_buf_fini(&b[i]);
}

static void test_vectors(void)
{
	const char *top = getenv("BL_TOP");
	struct bl_json *j = NULL;
	struct bl_buf b;

	snprintf(dir, sizeof dir, "%s/../shared/vectors/attest/snp-measure", top ? top : ".");
	load(&b, "expect.json");
	if (b.len)
		j = bl_json_parse((const char *)b.p, b.len, 16, BL_DATA, &err);
	if (!j)
		skip(1, "the shared vectors are absent");
	for (size_t i = 0; j && i < bl_json_count(bl_json_get(j, "cases")); i++)
		vector(bl_json_item(bl_json_get(j, "cases"), i), i);
	bl_json_free(j);
	bl_buf_fini(&b);
}

int main(void)
{
	bl_json_init();
	test_gold();
	test_refused();
	test_flips();
	test_eif();
	test_names();
	test_policy();
	test_vectors();
	return tap_done();
}
