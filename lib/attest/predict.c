/* SPDX-License-Identifier: Apache-2.0 */
/* predict: see predict.h. */
#include <stdlib.h>
#include <string.h>

#include "attest/predict.h"
#include "base/file.h"
#include "base/text.h"
#include "crypt/hash.h"

#define usage(err, ...) bl_err_set(err, BL_USAGE, __VA_ARGS__)

static int read_file(struct bl_buf *b, const char *path, struct bl_measure_bytes *bytes, struct bl_err *err)
{
	if (!path)
		return 0;
	if (bl_file_read(path, b, err))
		return -1;
	bytes->p = b->p ? b->p : (const uint8_t *)"";
	bytes->n = b->len;
	return 0;
}

/* Hexadecimal with or without 0x, at most 64 bits. */
static bool parse_hex(const char *s, uint64_t *v)
{
	size_t n;

	s += !strncmp(s, "0x", 2) ? 2 : 0;
	n = strspn(s, "0123456789abcdefABCDEF");
	if (!n || n > 16 || s[n])
		return false;
	*v = strtoull(s, NULL, 16);
	return true;
}

static int unknown_cpu(const char *name, struct bl_err *err)
{
	const char *near;
	size_t n = 0;

	while (bl_measure_cpus[n])
		n++;
	near = bl_text_nearest(name, bl_measure_cpus, n);
	bl_err_set(err, BL_USAGE, "'%s' is no processor that is known here", name);
	return near ? bl_err_hint(err, "did you mean '%s'? any other by --vcpu-sig", near) : bl_err_hint(err, "give its signature: --vcpu-sig");
}

static int snp_words(const struct bl_predict *p, struct bl_measure_snp *m, uint8_t hash[BL_MEASURE_LEN], struct bl_err *err)
{
	uint64_t v = 0;

	if (!p->ovmf || !p->vcpus || !p->cpu_type == !p->cpu_sig)
		return usage(err, "measure snp needs --ovmf, --vcpus, and one of --vcpu-type and --vcpu-sig");
	if (p->cpu_type && !bl_measure_cpu(p->cpu_type, &m->cpu))
		return unknown_cpu(p->cpu_type, err);
	if (p->cpu_sig && (!parse_hex(p->cpu_sig, &v) || v > UINT32_MAX))
		return usage(err, "'%s' is no processor signature: 32 bits in hex", p->cpu_sig);
	m->cpu = p->cpu_sig ? (uint32_t)v : m->cpu;
	if (p->vmm && !bl_measure_vmm(p->vmm, &m->vmm))
		return usage(err, "'%s' is no VMM: qemu, ec2, gce", p->vmm);
	m->features = 1;
	if (p->features && !parse_hex(p->features, &m->features))
		return usage(err, "'%s' is no set of SEV features: hex", p->features);
	if (p->ovmf_hash && !bl_text_unhex(p->ovmf_hash, strlen(p->ovmf_hash), hash, BL_MEASURE_LEN))
		return usage(err, "--ovmf-hash '%s' is not 48 bytes in hex", p->ovmf_hash);
	m->ovmf_hash = p->ovmf_hash ? hash : NULL;
	m->append = p->append;
	m->vcpus = p->vcpus;
	return 0;
}

static int measure_snp(const struct bl_predict *p, uint8_t out[BL_MEASURE_LEN], struct bl_err *err)
{
	struct bl_measure_snp m = { .append = NULL };
	uint8_t hash[BL_MEASURE_LEN];
	struct bl_buf b[3];
	int rc;

	for (int i = 0; i < 3; i++)
		bl_buf_init(&b[i], BL_MEASURE_MAX);
	rc = snp_words(p, &m, hash, err) || read_file(&b[0], p->ovmf, &m.ovmf, err) || read_file(&b[1], p->kernel, &m.kernel, err) ||
	     read_file(&b[2], p->initrd, &m.initrd, err) || bl_measure_snp(&m, out, err) ? -1 : 0;
	for (int i = 0; i < 3; i++)
		bl_buf_fini(&b[i]);
	return rc;
}

static void print_json(struct bl_json *j, struct bl_buf *out)
{
	if (!j)
		out->failed = true;
	else
		bl_json_print_pretty(j, out);
	bl_buf_put8(out, '\n');
	bl_json_free(j);
}

/* One digest of n bytes in the form asked for; policy is taken over. */
static void print_digest(const char *name, const uint8_t *p, size_t n, enum bl_predict_form form, struct bl_json *fragment, struct bl_buf *out)
{
	char hex[2 * BL_MEASURE_LEN + 1];
	struct bl_json *j;

	if (form == BL_PREDICT_POLICY) {
		print_json(fragment, out);
		return;
	}
	bl_json_free(fragment);
	bl_text_hex(p, n, hex);
	if (form == BL_PREDICT_HEX) {
		bl_buf_printf(out, "%s\n", hex);
		return;
	}
	j = bl_json_new_object();
	bl_json_put_text(j, name, hex);
	print_json(j, out);
}

static int print_eif(const struct bl_measure_bytes *f, enum bl_predict_form form, struct bl_buf *out, struct bl_err *err)
{
	static const char *const names[] = { "pcr0", "pcr1", "pcr2" };
	struct bl_json *j = bl_json_new_object();
	uint8_t pcr[3][BL_MEASURE_LEN];
	char hex[2 * BL_MEASURE_LEN + 1];

	if (bl_measure_eif(f->p, f->n, pcr, err)) {
		bl_json_free(j);
		return -1;
	}
	for (int i = 0; i < 3; i++) {
		bl_text_hex(pcr[i], BL_MEASURE_LEN, hex);
		bl_json_put_text(j, names[i], hex);
		if (form == BL_PREDICT_HEX)
			bl_buf_printf(out, "%s %s\n", names[i], hex);
	}
	if (form == BL_PREDICT_JSON)
		print_json(bl_json_copy(j), out);
	if (form == BL_PREDICT_POLICY)
		print_json(bl_measure_policy_eif(pcr), out);
	bl_json_free(j);
	return 0;
}

/* The helper's own file, as its receipts would name it. */
static void print_tee(const struct bl_measure_bytes *f, enum bl_predict_form form, struct bl_buf *out)
{
	struct bl_json *j = bl_json_new_object(), *list = bl_json_new_array(), *types = bl_json_new_array(), *must = bl_json_new_array();
	uint8_t hash[BL_HASH_LEN];
	char hex[2 * BL_HASH_LEN + 1];

	bl_hash_sha256(f->p, f->n, hash);
	bl_text_hex(hash, sizeof hash, hex);
	bl_json_add(list, bl_json_new_text(hex));
	bl_json_add(types, bl_json_new_text("receipt"));
	bl_json_add(must, bl_json_new_text("measurement"));
	bl_json_put_int(j, "version", 1);
	bl_json_put(j, "types", types);
	bl_json_put(j, "measurement", list);
	bl_json_put(j, "must", must);
	print_digest("sha256", hash, sizeof hash, form, j, out);
}

int bl_predict_print(const struct bl_predict *p, const char *what, const char *file, enum bl_predict_form form, struct bl_buf *out, struct bl_err *err)
{
	bool snp = !strcmp(what, "snp"), only_ovmf = !strcmp(what, "ovmf"), eif = !strcmp(what, "eif");
	bool any = p->ovmf || p->ovmf_hash || p->kernel || p->initrd || p->append || p->cpu_type || p->cpu_sig || p->vmm || p->features || p->vcpus;
	uint8_t digest[BL_MEASURE_LEN];
	struct bl_measure_bytes f = { .n = 0 };
	struct bl_buf b;
	int rc = -1;

	if (!snp && !only_ovmf && !eif && strcmp(what, "tee"))
		return usage(err, "'%s' is nothing that can be measured: snp, ovmf, eif, tee", what);
	if (snp || only_ovmf ? !!file : !file || any)
		return usage(err, "measure %s takes %s", what, snp || only_ovmf ? "its files by options" : "one file, and none of the options of snp");
	if (only_ovmf && (!p->ovmf || p->ovmf_hash || p->kernel || p->initrd || p->append || p->cpu_type || p->cpu_sig || p->vmm || p->features || p->vcpus))
		return usage(err, "measure ovmf takes --ovmf, and nothing else");
	if (only_ovmf && form == BL_PREDICT_POLICY)
		return usage(err, "no evidence shows the digest of a firmware alone: there is no policy of it");
	if (snp) {
		if (measure_snp(p, digest, err))
			return -1;
		print_digest("measurement", digest, sizeof digest, form, bl_measure_policy_snp(digest), out);
		return 0;
	}
	bl_buf_init(&b, BL_MEASURE_MAX);
	if (read_file(&b, only_ovmf ? p->ovmf : file, &f, err))
		goto out;
	if (only_ovmf && bl_measure_ovmf(f.p, f.n, digest, err))
		goto out;
	if (only_ovmf)
		print_digest("ovmf_hash", digest, sizeof digest, form, NULL, out);
	else if (eif && print_eif(&f, form, out, err))
		goto out;
	else if (!eif)
		print_tee(&f, form, out);
	rc = 0;
out:
	bl_buf_fini(&b);
	return rc;
}
