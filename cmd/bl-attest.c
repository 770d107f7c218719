/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bl-attest: verifies and shows evidence of TEEs and receipts of released answers, computes what evidence will measure, bundles
 * collateral, makes a challenge before a key is granted. Opens what it is given, and the list of nonces beside the owner's key, nothing else:
 * no network, no vault. A secret key only signs what -i was given for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attest/batch.h"
#include "attest/bundle.h"
#include "attest/claims.h"
#include "attest/ear.h"
#include "attest/named.h"
#include "attest/platform.h"
#include "attest/predict.h"
#include "attest/report.h"
#include "base/file.h"
#include "base/opt.h"
#include "base/out.h"
#include "base/term.h"
#include "base/time.h"
#include "crypt/mem.h"
#include "tee/owner.h"

static const char *key, *output, *type, *policy, *nonce, *when, *format, *identity;
static struct bl_opt_list collateral, roots;
static bool json, explain, batch;
static const char *ovmf, *ovmf_hash, *kernel, *initrd, *append, *cpu_type, *cpu_sig, *vmm, *features;
static uint64_t vcpus, seconds = 600;

#define OPT_KEY { BL_OPT_TEXT, 0, "key", "PUB", "of a receipt or statement: the vault's public key (helper.pub)", &key, NULL, 0, 0, false }
#define OPT_TYPE { BL_OPT_TEXT, 0, "type", "T", "auto, snp, tdx, sgx, nitro, tpm, nvidia, azure, receipt, statement", &type, NULL, 0, 0, false }
#define OPT_JSON { BL_OPT_FLAG, 0, "json", NULL, "JSON instead of text", &json, NULL, 0, 0, false }
#define OPT_END { BL_OPT_END, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, false }

static const struct bl_opt verify_opts[] = {
	OPT_TYPE,
	{ BL_OPT_LIST, 0, "collateral", "PATH", "certificates, lists, TCB info: a directory, file or bundle", &collateral, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 'p', "policy", "FILE", "the appraisal policy (JSON), instead of the default one", &policy, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 0, "nonce", "HEX", "what the evidence must answer", &nonce, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 0, "time", "WHEN", "judge at RFC 3339, seconds since 1970, or 'signed'; default: now", &when, NULL, 0, 0, false },
	{ BL_OPT_LIST, 0, "root", "PEM", "trust these self-signed certificates, not the built-in ones", &roots, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 'f', "format", "FORMAT", "table, json, or ear (signed by -i)", &format, NULL, 0, 0, false },
	OPT_JSON,
	{ BL_OPT_FLAG, 0, "explain", NULL, "in the table, the checks that passed too", &explain, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 'i', "identity", "FILE", "the private key that signs an EAR", &identity, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 'o', "output", "FILE", "with -f: result to FILE; else, of a receipt: the published answer", &output, NULL, 0, 0, false },
	{ BL_OPT_FLAG, 0, "batch", NULL, "a JSON object a line in, one out", &batch, NULL, 0, 0, false },
	OPT_KEY, OPT_END,
};
static const struct bl_opt show_opts[] = { OPT_TYPE, OPT_KEY, OPT_JSON, OPT_END };
static const struct bl_opt measure_opts[] = {
	{ BL_OPT_TEXT, 0, "ovmf", "FILE", "the firmware", &ovmf, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 0, "ovmf-hash", "HEX", "its digest by 'measure ovmf', instead of its pages", &ovmf_hash, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 0, "kernel", "FILE", "the kernel", &kernel, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 0, "initrd", "FILE", "its first root", &initrd, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 0, "append", "TEXT", "its command line", &append, NULL, 0, 0, false },
	{ BL_OPT_INT, 0, "vcpus", "N", "virtual processors", &vcpus, NULL, 1, BL_MEASURE_VCPUS, false },
	{ BL_OPT_TEXT, 0, "vcpu-type", "T", "their type, as EPYC-Milan", &cpu_type, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 0, "vcpu-sig", "X", "or their signature, hex", &cpu_sig, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 0, "vmm", "VMM", "qemu (default), ec2, gce", &vmm, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 0, "guest-features", "X", "SEV features, hex; default: 1", &features, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 'f', "format", "FORMAT", "hex (default), json, or policy: ready for verify -p", &format, NULL, 0, 0, false },
	OPT_JSON, OPT_END,
};
static const struct bl_opt bundle_opts[] = {
	{ BL_OPT_TEXT, 'i', "identity", "FILE", "the private key that signs it", &identity, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 'o', "output", "FILE", "the bundle; default: the standard output", &output, NULL, 0, 0, false },
	OPT_END,
};

static const struct bl_opt challenge_opts[] = {
	{ BL_OPT_TEXT, 'i', "identity", "FILE", "the owner's private key; its nonce is kept in FILE.nonces", &identity, "BL_IDENTITY", 0, 0, false },
	{ BL_OPT_INT, 0, "seconds", "N", "how long it may be answered (600)", &seconds, NULL, 1, 86400, false },
	{ BL_OPT_TEXT, 'o', "output", "FILE", "the challenge; default: the standard output", &output, NULL, 0, 0, false },
	OPT_END,
};

static int usage(struct bl_err *err, const char *what) { return bl_err_set(err, BL_USAGE, "%s", what); }

static int start(struct bl_err *err)
{
	if (bl_mem_init_hashes(err))
		return -1;
	bl_json_init();
	return 0;
}

static const struct bl_ident_ask asking = { bl_term_passphrase, NULL };

/* --- receipts --- */

/* What it says, once it verified: what a forger wrote is not shown. */
static int show_receipt(const char *path, const struct bl_verify_run *run, const uint8_t *pk, struct bl_err *err)
{
	struct bl_claims r = { .n = 0 };
	int rc = -1;

	if (bl_claims_examine(&r, run->p, run->n, pk, NULL, err)) {
		rc = err->code == BL_DATA ? bl_err_where(err, "'%s'", path) : -1;
	} else if (!r.good) {
		bl_err_set(err, BL_NO, "'%s' does not verify", path);
		bl_err_hint(err, "'bl-attest verify' tells which check fails");
	} else if (json) {
		rc = bl_out_json(bl_claims_json(&r, key), err);
	} else {
		bl_claims_print(&r, stdout);
		rc = 0;
	}
	if (!rc && !key)
		bl_opt_note("vault key not pinned: compare it with its owner's, or give --key");
	bl_claims_fini(&r);
	return rc;
}

/* --- verify, show --- */

static int settings(struct bl_verify *v, uint8_t pk[BL_IDENT_PK], struct bl_err *err)
{
	if ((type && bl_verify_type(v, type, err)) || (when && bl_verify_time(v, when, err)) || (nonce && bl_verify_nonce(v, nonce, err)))
		return -1;
	if (key || (output && !format && !batch)) {
		if (v->tech)
			return usage(err, key ? "--key is for receipts and statements" : "--output without -f is the answer that a receipt is about; add -f");
		v->receipt = true;	/* whoever asks about a receipt is not answered about anything else */
	}
	if (key && bl_ident_read_pub(pk, key, err))
		return -1;
	v->vault_pk = key ? pk : NULL;
	v->answer = format || batch ? NULL : output;
	return bl_verify_with(v, policy, &roots, &collateral, err);
}

static int print_run(const struct bl_verify_run *r, const struct bl_verify *v, struct bl_err *err)
{
	struct bl_ident id = { .sk = NULL };
	struct bl_buf b;
	int rc = 0;

	bl_buf_init(&b, BL_REPORT_MAX);
	if (format && !strcmp(format, "ear"))
		rc = bl_ident_read(&id, identity, &asking, err) || bl_ear_print(r, v->policy_id, &id, bl_time_now(), &b, err) ? -1 : 0;
	else if (json || (format && !strcmp(format, "json")))
		bl_report_json(r, v->policy_id, NULL, &b);
	else if (!bl_opt_quiet && !r->code)
		bl_report_table(r, v->policy_id, explain, &b);
	if (!rc && b.len)
		rc = bl_out_put(format ? output : NULL, 0666, &b, err);	/* else it is what was published */
	bl_buf_fini(&b);
	bl_ident_fini(&id);
	return rc;
}

/* What passes here, of a helper's platform, may pass for every machine of its kind: a grant asks for more. */
static void note_unnamed(const struct bl_verify_run *r)
{
	const int class = !strcmp(r->type, "statement") || !strcmp(r->type, "receipt") ? bl_platform_class(r->e.tech) : -1;
	struct bl_named named = { .registers = 0 };
	const char *lacks, *hint;

	if (class < 0)
		return;
	bl_named_see(&named, &r->e);
	if ((lacks = bl_named_lacks(&named, (enum bl_statement_class)class, &hint)))
		bl_opt_note("%s: others could show the same, and 'bl-policy grant' refuses it", lacks);
}

/* Verifies or parses, prints, and says in one line why not. */
static int examine(struct bl_verify_run *r, const struct bl_verify *v, const char *path, bool show, struct bl_err *err)
{
	struct bl_err first = { .code = 0 };
	char why[1200];

	if ((show ? bl_verify_show : bl_verify_run)(r, v, &first) && first.code != BL_DATA) {
		*err = first;
		return -1;
	}
	if (!show && (roots.n || collateral.n) && bl_platform_alone(r))	/* what it has no use for is not passed over */
		return usage(err, "evidence of class software needs no --root or --collateral");
	if (print_run(r, v, err))
		return -1;
	if (r->code) {
		*err = first;
		return bl_err_where(err, "'%s'", path);
	}
	if (!show && bl_verify_exit(r) == BL_OK)
		note_unnamed(r);
	if (show || bl_verify_exit(r) == BL_OK)
		return 0;
	return bl_err_set(err, BL_NO, "'%s' does not verify: %s", path, bl_report_why(r, why, sizeof why));
}

/* What a helper left for the owner of a file: HELLO and challenge become what its statement has to be about. */
static int open_statement(struct bl_verify_run *r, const struct bl_verify *v, struct bl_statement_about *about, struct bl_err *err)
{
	const bool other = v->tech || (type && !strcmp(type, "receipt"));
	struct bl_handoff_evidence e;
	struct bl_err why;

	if (!v->statement && (other || !bl_handoff_may_evidence(r->p, r->n)))
		return 0;
	if (bl_handoff_get_evidence(r->p, r->n, &e, &why))
		return bl_err_set(err, BL_DATA, "not evidence of a helper");
	bl_wire_about(&e.hello, &e.challenge, about);
	r->about = about;
	return bl_verify_take(r, e.statement, e.len, err);
}

static int one(const char *path, const struct bl_verify *v, bool show, struct bl_err *err)
{
	struct bl_verify_run *r = malloc(sizeof *r);
	struct bl_statement_about about;
	int rc = -1;

	if (!r)
		return bl_err_set(err, BL_OSERR, "out of memory");
	bl_verify_begin(r);
	if (bl_verify_open(r, v, path, err) || open_statement(r, v, &about, err))
		rc = err->code == BL_DATA ? bl_err_where(err, "'%s'", path) : -1;
	else if (bl_verify_is_receipt(r, v) && show)
		rc = show_receipt(path, r, v->vault_pk, err);
	else
		rc = examine(r, v, path, show, err);
	bl_verify_end(r);
	free(r);
	return rc;
}

/* Malformed collateral or roots under --json: an object all the same. */
static int unsettled(const struct bl_verify *v, struct bl_err *err)
{
	struct bl_verify_run *r = calloc(1, sizeof *r);
	struct bl_err why = *err;

	if (!r)
		return bl_err_set(err, BL_OSERR, "out of memory");
	r->code = why.code;
	snprintf(r->why, sizeof r->why, "%s", why.msg);
	if (!print_run(r, v, err))
		*err = why;
	free(r);
	return -1;
}

static int many(const char *path, struct bl_verify *v, struct bl_err *err)
{
	struct bl_out out;
	int fd, worst = 0, rc = -1;

	if ((fd = bl_file_open(path, err)) < 0)
		return -1;
	bl_out_init(&out);
	if (!(v->cache = bl_evidence_cache_new()))
		bl_err_set(err, BL_OSERR, "out of memory");
	else if (!bl_out_open(&out, output, 0666, false, err) && !bl_batch_run(v, fd, out.fd, &worst, err) && !bl_out_commit(&out, err))
		rc = worst ? bl_err_set(err, worst, worst == BL_DATA ? "some line is not evidence that can be read" : "some evidence does not verify") : 0;
	bl_out_fini(&out);
	close(fd);
	return rc;
}

static int run(const char *path, bool show, struct bl_err *err)
{
	struct bl_verify *v = malloc(sizeof *v);
	uint8_t pk[BL_IDENT_PK];
	int rc = -1;

	if (!v)
		return bl_err_set(err, BL_OSERR, "out of memory");
	bl_verify_init(v);
	if (start(err))
		;
	else if (!settings(v, pk, err))
		rc = batch ? many(path, v, err) : one(path, v, show, err);
	else if (err->code == BL_DATA && !batch && !show)
		rc = unsettled(v, err);
	bl_verify_fini(v);
	free(v);
	return rc;
}

static int verify(int argc, char **argv, struct bl_err *err)
{
	if (argc > 1 || (!argc && !batch))
		return usage(err, argc ? "one piece of evidence at a time, or --batch" : "evidence, or a receipt, is missing");
	if (format && strcmp(format, "table") && strcmp(format, "json") && strcmp(format, "ear"))
		return bl_err_set(err, BL_USAGE, "'%s' is no format: table, json, ear", format);
	if (format && json)
		return usage(err, "--json is -f json: one of them is enough");
	if (batch && (explain || (format && strcmp(format, "json"))))
		return usage(err, "--batch prints a JSON object a line, and nothing else");
	if ((format && !strcmp(format, "ear")) != !!identity)
		return usage(err, identity ? "-i signs an EAR: add -f ear" : "-f ear needs the key that signs it: -i FILE");
	if (output && !format && argc && !strcmp(output, "-") && !strcmp(argv[0], "-"))
		return usage(err, "only one of the receipt and the answer can be read from stdin");
	return run(argc ? argv[0] : "-", false, err);
}

static int show(int argc, char **argv, struct bl_err *err)
{
	if (argc != 1)
		return usage(err, argc ? "one piece of evidence at a time" : "evidence, or a receipt, is missing");
	return run(argv[0], true, err);
}

/* --- measure, bundle --- */

static int measure(int argc, char **argv, struct bl_err *err)
{
	const struct bl_predict p = { ovmf, ovmf_hash, kernel, initrd, append, cpu_type, cpu_sig, vmm, features, (unsigned)vcpus };
	enum bl_predict_form form = json ? BL_PREDICT_JSON : BL_PREDICT_HEX;
	struct bl_buf b;
	int rc;

	if (!argc || argc > 2)
		return usage(err, "say what: snp, ovmf, eif FILE, tee FILE");
	if (format && json)
		return usage(err, "--json is -f json: one of them is enough");
	if (format && !strcmp(format, "json"))
		form = BL_PREDICT_JSON;
	else if (format && !strcmp(format, "policy"))
		form = BL_PREDICT_POLICY;
	else if (format && strcmp(format, "hex"))
		return bl_err_set(err, BL_USAGE, "'%s' is no format: hex, json, policy", format);
	if (start(err))
		return -1;
	bl_buf_init(&b, BL_REPORT_MAX);
	rc = bl_predict_print(&p, argv[0], argc > 1 ? argv[1] : NULL, form, &b, err) ? -1 : bl_out_put(NULL, 0666, &b, err);
	bl_buf_fini(&b);
	return rc;
}

static int bundle(int argc, char **argv, struct bl_err *err)
{
	struct bl_evidence_files *f = calloc(1, sizeof *f);
	struct bl_ident id = { .sk = NULL };
	struct bl_arena a;
	struct bl_buf b;
	int rc = -1;

	bl_arena_init(&a, BL_FILES_ARENA);
	bl_buf_init(&b, BL_BUNDLE_MAX + 1);
	if (!argc)
		usage(err, "a directory or a file is missing");
	else if (!f)
		bl_err_set(err, BL_OSERR, "out of memory");
	else if (!start(err) && !bl_files_gather(f, &a, argv, (size_t)argc, err) && !(identity && bl_ident_read(&id, identity, &asking, err)))
		rc = bl_bundle_print(f, bl_time_now(), identity ? &id : NULL, &b, err) || bl_out_put(output, 0666, &b, err) ? -1 : 0;
	bl_buf_fini(&b);
	bl_ident_fini(&id);
	bl_arena_fini(&a);
	free(f);
	return rc;
}

/* --- challenge --- */

static int challenge(int argc, char **argv, struct bl_err *err)
{
	uint8_t out[BL_HANDOFF_CHALLENGE];
	struct bl_ident id = { .sk = NULL };
	struct bl_header h = { .own = NULL };
	struct bl_buf b;
	int fd = -1, rc = -1;

	if (argc != 1 || !identity)
		return usage(err, argc == 1 ? "the owner's key is missing: give -i FILE" : "one sealed file is needed");
	if (bl_out_check(output, "a challenge", err))
		return -1;
	bl_buf_init(&b, sizeof out);
	if (!start(err) && (fd = bl_file_open(argv[0], err)) >= 0 && !bl_ident_read(&id, identity, &asking, err) &&
	    (bl_header_read(&h, fd, err) || bl_owner_challenge(&(struct bl_owner){ identity, &id }, &h, (int64_t)seconds, out, err)))
		bl_err_where(err, "'%s'", argv[0]);
	else if (!err->code) {
		bl_buf_put(&b, out, sizeof out);
		rc = bl_out_put(output, 0666, &b, err);
	}
	if (fd >= 0)
		close(fd);
	bl_buf_fini(&b);
	bl_header_fini(&h);
	bl_ident_fini(&id);
	return rc;
}

static const struct bl_opt_verb verbs[] = {
	{ "verify", "EVIDENCE", "check evidence of a TEE, or the receipt of an answer", verify_opts, verify,
	  "bl-attest verify --key vault/helper.pub --output mean.jsonl mean.receipt" },
	{ "show", "EVIDENCE", "what evidence says (not verified); of a receipt, once it verified", show_opts, show, "bl-attest show mean.receipt" },
	{ "measure", "snp|ovmf|eif FILE|tee FILE", "what evidence will show of these files", measure_opts, measure,
	  "bl-attest measure tee -f policy \"$(command -v bl-tee)\"" },
	{ "bundle", "DIR|FILE...", "collateral in one dated document", bundle_opts, bundle, "bl-attest bundle -i owner.pem -o milan.json milan" },
	{ "challenge", "FILE", "ask helpers for evidence, before a grant of FILE's key", challenge_opts, challenge,
	  "bl-attest challenge -i owner.pem -o challenge people.blf" },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};

int main(int argc, char **argv)
{
	static const struct bl_opt_prog prog = {
		.name = "bl-attest", .summary = "Verifies evidence of TEEs and receipts of released answers.", .verbs = verbs,
		.example = "bl-attest verify mean.receipt",
	};
	return bl_opt_main(&prog, argc, argv);
}
