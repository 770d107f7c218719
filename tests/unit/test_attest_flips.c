/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every byte of every piece of evidence, and of what lies beside it, changed: one bit of it, and all of them. Of evidence of our own of
 * every technology all bytes; of the known cases, where they are, every byte of one of each and some of the others, or with --all
 * every byte of every case, which takes the better part of an hour (FLIPS_SHOW=1: a line for each file).
 *
 *	test_attest_flips [--all [TECHNOLOGY]]
 *	test_attest_flips --write DIR		evidence of our own, a directory each with its root.pem, for tests of the program
 */
#include <dirent.h>
#include <sys/stat.h>

#include "../flips-made.h"

#define VECTORS "../shared/vectors/attest/"
static const char *const techs[] = { "snp", "snp-made", "tdx", "sgx", "nitro", "nvidia", "tpm", "azure-hcl" };
static bool every;
static char *policy_any;

static char *slurp(const char *path, size_t *n)
{
	struct bl_buf b;
	char *s = NULL;

	bl_buf_init(&b, 16 << 20);
	if (!bl_file_read(path, &b, &err)) {
		bl_buf_put8(&b, 0);
		s = (char *)b.p;
		*n = b.len - 1;
		return s;
	}
	bl_buf_fini(&b);
	return NULL;
}

static void load(struct flip_case *c, const char *dir, const char *sub, const char *name)
{
	char path[1024];
	size_t n;
	char *s;

	snprintf(path, sizeof path, "%s/%s/%s", dir, sub, name);
	if (!(s = slurp(path, &n)))
		return;
	flip_add(c, name, s, n);
	free(s);
}

static void sweep(struct flip_case *c, bool first)
{
	flip_both = every;
	flip_all(c, every || first ? 1 : 61, every ? 1 : first ? 31 : 199);
	flip_end(c);
}

static struct flip_case *begin(const char *dir, const struct bl_json *x, const char *how, int64_t time)
{
	struct flip_case *c = flip_new(dir + strlen(VECTORS), policy_any, time);
	const char *nonce = bl_json_get_text(x, "nonce"), *with = bl_json_get_text(bl_json_get(x, "fields"), "nonce_stated_by_collector");
	char path[1024];

	snprintf(c->what + strlen(c->what), sizeof c->what - strlen(c->what), "%s%s", *how ? ", " : "", how);
	if ((nonce || with) && bl_verify_nonce(&c->set, nonce ? nonce : with, &err))
		printf("# nonce: %s\n", err.msg);
	if (bl_json_bool(bl_json_get(x, "needs_custom_root")) || bl_json_get_text(x, "anchor_source")) {
		snprintf(path, sizeof path, "%s/%s", dir, bl_json_get_text(x, "anchor_source") ? "root.pem" : "ask_ark.pem");
		if (bl_verify_root(&c->set, path, &err))
			printf("# root: %s\n", err.msg);
	}
	return c;
}

static void one(const char *tech, const char *dir, const struct bl_json *x, bool first)
{
	static const char *const beside[] = { "vek.der", "vek.pem", "ask_ark.pem", "crl.der", "crl.pem", "quote.sig", "pcrs.bin", "ak_pub.pem", "ak_cert.pem", "chain.pem", "td_quote.bin", "tpm_quote.msg", "tpm_quote.sig", NULL };
	static const char *const intel[] = { "tcb_info.json", "qe_identity.json", "tcb_sign_chain.pem", "pck_crl.der", "pck_crl_issuer_chain.pem", "root_ca_crl.der", NULL };
	static const char *const own[] = { "report.bin", "extended.bin", "quote.bin", "doc.cbor", "quote.msg", "hcl_report.bin", NULL };
	const struct bl_json *cases = bl_json_get(x, "cases");
	int64_t time = bl_json_get_int(x, "time", 1700000000);
	const char *since = bl_json_text(bl_json_item(bl_json_get(x, "pck_validity"), 0), NULL);
	struct flip_case *c;

	if (!bl_json_get(x, "time") && since) {
		struct bl_verify v = { 0 };
		if (!bl_verify_time(&v, since, &err))
			time = v.time + 365 * 86400;
	}
	if (!strcmp(tech, "tdx") || !strcmp(tech, "sgx")) {
		if (!bl_json_count(cases)) {
			c = begin(dir, x, "alone", time);
			load(c, dir, ".", "quote.bin");
			load(c, dir, ".", "pck_chain.pem");
			sweep(c, false);
		}
		for (size_t i = 0; i < bl_json_count(cases); i++) {
			const struct bl_json *k = bl_json_item(cases, i);
			const char *sub = bl_json_get_text(k, "dir");
			if (!bl_json_get_text(k, "tcb_status"))
				continue;
			c = begin(dir, x, sub, bl_json_get_int(k, "time", 0));
			load(c, dir, ".", "quote.bin");
			for (const char *const *n = intel; *n; n++)
				load(c, dir, sub, *n);
			sweep(c, first && !i);
			if (!every && !first)
				continue;
			c = begin(dir, x, sub, bl_json_get_int(k, "time", 0));
			strcat(c->what, ", one file");
			load(c, dir, ".", "quote.bin");
			load(c, dir, sub, "collateral.json");
			if (c->n == 2)
				sweep(c, false);
			else
				flip_end(c);
		}
		return;
	}
	for (const char *const *o = own; *o; o++) {
		c = begin(dir, x, *o, time);
		load(c, dir, ".", *o);
		if (c->n && !(!strcmp(*o, "extended.bin") && c->v[0].n <= 1184 + 24)) {
			for (const char *const *n = beside; *n && strcmp(*o, "extended.bin"); n++)
				load(c, dir, ".", *n);
			sweep(c, first);
		} else {
			flip_end(c);
		}
	}
	if (!strcmp(tech, "snp")) {
		c = begin(dir, x, "extended.bin and files", time);
		load(c, dir, ".", "extended.bin");
		load(c, dir, ".", "vek.der");
		load(c, dir, ".", "ask_ark.pem");
		if (c->n == 3)
			sweep(c, false);
		else
			flip_end(c);
	}
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void vectors(const char *tech)
{
	char dir[512], path[1024], *name[128];
	struct dirent *d;
	size_t n = 0, len;
	bool first = true;
	DIR *h;

	snprintf(dir, sizeof dir, VECTORS "%s", tech);
	if (!(h = opendir(dir)))
		return;
	while ((d = readdir(h)) && n < 128)
		if (d->d_name[0] != '.' && strncmp(d->d_name, "neg-", 4))
			name[n++] = strdup(d->d_name);
	closedir(h);
	qsort(name, n, sizeof *name, by_name);
	for (size_t i = 0; i < n; i++) {
		struct bl_json *x;
		char *s;
		snprintf(dir, sizeof dir, VECTORS "%s/%s", tech, name[i]);
		snprintf(path, sizeof path, "%s/expect.json", dir);
		s = slurp(path, &len);
		x = s ? bl_json_parse(s, len, 32, BL_DATA, &err) : NULL;
		if (x && bl_json_bool(bl_json_get(x, "authentic"))) {
			one(tech, dir, x, first);
			first = false;
		}
		bl_json_free(x);
		free(s);
		free(name[i]);
	}
}

/* Evidence of our own; `whole`: every byte of what lies beside it, too. */
static void made(struct flip_case *c, bool whole)
{
	flip_all(c, every || whole ? 1 : 7, every || whole ? 1 : 13);
	flip_end(c);
}

static void ours(void)
{
	made_init();
	made(made_snp(), true);
	made(made_bundle(), false);
	made(made_extended(false), true);
	made(made_extended(true), false);
	made(made_quote("made/tdx", 4, BL_QUOTE_TDX10, false), true);
	made(made_quote("made/tdx, version 5", 5, BL_QUOTE_TDX15, true), false);
	made(made_quote("made/sgx", 3, BL_QUOTE_SGX, false), false);
	made(made_nitro(), true);
	made(made_tpm(), true);
	made(made_nvidia(), true);
	made(made_azure(false), false);
	made(made_azure(true), false);
	bl_certs_fini(&made_intel.anchors.own);
	made_fini();
}

static bool spew(const char *dir, const char *name, const void *p, size_t n)
{
	char path[512];
	FILE *f;
	bool good;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "wb");
	good = f && fwrite(p, 1, n, f) == n;
	return f && !fclose(f) && good;
}

/* The case was made last, under made_root. */
static bool put(struct flip_case *c, const char *top, const char *name)
{
	char dir[300];
	bool good;

	snprintf(dir, sizeof dir, "%s/%s", top, name);
	good = !mkdir(dir, 0777) && spew(dir, "root.pem", made_root->der, made_root->n);
	for (size_t k = 0; good && k < c->n; k++)
		good = spew(dir, c->v[k].name, c->v[k].p, c->v[k].n);
	flip_end(c);
	return good;
}

static bool write_ours(const char *top)
{
	bool good;

	made_init();
	good = put(made_snp(), top, "snp") && put(made_quote("", 4, BL_QUOTE_TDX10, false), top, "tdx") && put(made_nitro(), top, "nitro") &&
	       put(made_tpm(), top, "tpm") && put(made_nvidia(), top, "nvidia") && put(made_azure(false), top, "azure");
	bl_certs_fini(&made_intel.anchors.own);
	made_fini();
	return good;
}

int main(int argc, char **argv)
{
	size_t n;

	if (bl_mem_init(true, &err)) {
		printf("Bail out! %s\n", err.msg);
		return 1;
	}
	bl_json_init();
	if (argc == 3 && !strcmp(argv[1], "--write"))
		return !write_ours(argv[2]);
	every = argc > 1 && !strcmp(argv[1], "--all");
	if (argc < 3)
		ours();
	policy_any = slurp(VECTORS "policy-any.json", &n);
	for (size_t i = 0; policy_any && i < sizeof techs / sizeof *techs; i++)
		if (argc < 3 || !strcmp(argv[2], techs[i]))
			vectors(techs[i]);
	if (!policy_any)
		skip(1, "the attestation vectors are not here");
	printf("# %zu changes, %zu passed, of those %zu with the same report\n", flip_sum.tried, flip_sum.passed, flip_sum.same);
	free(policy_any);
	return tap_done();
}
