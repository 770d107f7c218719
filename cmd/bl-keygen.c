/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bl-keygen: makes identities and vaults, shows public keys and fingerprints. A private key is made 0600 under a name that
 * nothing had before, and reaches the standard output only when that is asked for by name.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/opt.h"
#include "base/out.h"
#include "base/term.h"
#include "crypt/ident.h"
#include "crypt/mem.h"
#include "policy/vault.h"

enum { PATH = 4096, PASSPHRASE = 1024, PEM = 16 << 10 };

static const char *output, *input, *vault;
static bool public, fingerprint, passphrase, json, dry;

static const struct bl_opt opts[] = {
	{ BL_OPT_TEXT, 'o', "output", "FILE", "make an identity: FILE (.pem) and its .pub; - is the standard output", &output, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 'V', "vault", "DIR", "make a vault; with -y or -l, that vault's key", &vault, NULL, 0, 0, false },
	{ BL_OPT_FLAG, 'y', "public", NULL, "print the public key of -i or -V", &public, NULL, 0, 0, false },
	{ BL_OPT_FLAG, 'l', "fingerprint", NULL, "print the fingerprint of -i or -V", &fingerprint, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 'i', "identity", "FILE", "a private or a public key, for -y and -l", &input, NULL, 0, 0, false },
	{ BL_OPT_FLAG, 0, "passphrase", NULL, "ask for a passphrase to encrypt the new identity", &passphrase, NULL, 0, 0, false },
	{ BL_OPT_FLAG, 0, "json", NULL, "with -l: JSON instead of a line", &json, NULL, 0, 0, false },
	{ BL_OPT_FLAG, 'n', "dry-run", NULL, "check that it could be made, make nothing", &dry, NULL, 0, 0, false },
	{ BL_OPT_END, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, false },
};

/* --- making --- */

static int ask_new(char *pass, struct bl_err *err)
{
	char *again = bl_mem_new(PASSPHRASE);
	int ret = -1;

	if (!again)
		bl_err_set(err, BL_OSERR, "out of guarded memory");
	else if (!bl_term_secret("passphrase: ", pass, PASSPHRASE, err) && !bl_term_secret("the same again: ", again, PASSPHRASE, err)) {
		if (!*pass)
			bl_err_set(err, BL_USAGE, "an empty passphrase protects nothing");
		else if (strcmp(pass, again))
			bl_err_set(err, BL_USAGE, "the passphrases differ");
		else
			ret = 0;
	}
	bl_mem_free(again);
	return ret;
}

/* "me.pem" has "me.pub", any other FILE has "FILE.pub". */
static int name_pub(char path[PATH], struct bl_err *err)
{
	size_t n = strlen(output);

	if (n > 4 && !strcmp(output + n - 4, ".pem") && output[n - 5] != '/')
		n -= 4;
	if (n + 5 > PATH)
		return bl_err_set(err, BL_USAGE, "the file's name is too long");
	snprintf(path, PATH, "%.*s.pub", (int)n, output);
	return 0;
}

static int put(struct bl_out *o, const struct bl_buf *b, struct bl_err *err)
{
	return b->failed ? bl_err_set(err, BL_OSERR, "out of memory") : bl_file_write(o->fd, b->p, b->len, err);
}

/* A new name for each; what is there stays. */
static int open_new(struct bl_out *o, const char *path, mode_t mode, struct bl_err *err)
{
	if (!bl_out_open(o, path, mode, true, err))
		return 0;
	if (errno == EEXIST)
		bl_err_hint(err, "a key is never overwritten; choose another name, or remove that one yourself");
	return -1;
}

static void tell(const uint8_t pk[BL_IDENT_PK], const char *pub)
{
	char fpr[BL_IDENT_FPR];

	bl_ident_fpr(pk, fpr);
	if (pub) {
		bl_opt_note("made '%s' and its public key '%s', %s", output, pub, fpr);
		bl_opt_note("next: bl-ingest -i '%s' -p policy.json -r vault/helper.pub -o table.blf table.csv", output);
	} else {
		bl_opt_note("made a private key, %s", fpr);
		bl_opt_note("next: bl-keygen -y -i FILE, where FILE is what it was written to");
	}
}

/* Both files or, failing that, none. */
static int publish(struct bl_out *key, struct bl_out *pub, const char *pub_path, struct bl_err *err)
{
	if (pub && bl_out_commit(pub, err))
		return -1;
	if (!bl_out_commit(key, err))
		return 0;
	if (pub)
		unlink(pub_path);
	return -1;
}

static int make_identity(struct bl_err *err)
{
	bool to_stdout = !strcmp(output, "-");
	char *pass = bl_mem_new(PASSPHRASE), path[PATH];
	struct bl_out key, pub;
	struct bl_buf key_pem, pub_pem;
	struct bl_ident id = { 0 };
	int ret = -1;

	bl_out_init(&key);
	bl_out_init(&pub);
	bl_buf_init(&key_pem, PEM);
	bl_buf_init(&pub_pem, PEM);
	if (!pass) {
		bl_err_set(err, BL_OSERR, "out of guarded memory");
		goto out;
	}
	/* The names come first: nobody should type a passphrase for a key that cannot be written. */
	if (!to_stdout && (name_pub(path, err) || open_new(&pub, path, 0666, err)))
		goto out;
	if (open_new(&key, output, 0600, err))
		goto out;
	if (dry) {
		bl_opt_note(to_stdout ? "would print a new private key" : "would make '%s' and '%s'", output, path);
		ret = 0;
		goto out;
	}
	if ((passphrase && ask_new(pass, err)) || bl_ident_generate(&id, err) ||
	    bl_ident_print(&id, passphrase ? pass : NULL, &key_pem, err))
		goto out;
	bl_ident_print_pub(id.pk, &pub_pem);
	if ((!to_stdout && put(&pub, &pub_pem, err)) || put(&key, &key_pem, err) || publish(&key, to_stdout ? NULL : &pub, path, err))
		goto out;
	tell(id.pk, to_stdout ? NULL : path);
	ret = 0;
out:
	bl_out_fini(&key);
	bl_out_fini(&pub);
	bl_buf_wipe(&key_pem);
	bl_buf_fini(&pub_pem);
	bl_ident_fini(&id);
	bl_mem_free(pass);
	return ret;
}

static int make_vault(struct bl_err *err)
{
	uint8_t pk[BL_IDENT_PK];
	char fpr[BL_IDENT_FPR];

	if (dry) {
		if (bl_vault_may_make(vault, err))
			return -1;
		bl_opt_note("would make the vault '%s'", vault);
		return 0;
	}
	if (bl_vault_make(vault, pk, err))
		return -1;
	bl_ident_fpr(pk, fpr);
	bl_opt_note("made the vault '%s' and its public key '%s/helper.pub', %s", vault, vault, fpr);
	bl_opt_note("next: bl-ingest -i owner.pem -p policy.json -r '%s/helper.pub' -o table.blf table.csv", vault);
	return 0;
}

/* --- showing --- */

static void print_json(const uint8_t pk[BL_IDENT_PK], struct bl_buf *b)
{
	struct bl_json *j = bl_json_new_object();
	char fpr[BL_IDENT_FPR];

	bl_ident_fpr(pk, fpr);
	bl_json_put_text(j, "schema", "bl-keygen/1");
	bl_json_put_text(j, "fingerprint", fpr);
	bl_json_put_hex(j, "public_key", pk, BL_IDENT_PK);
	bl_json_print_pretty(j, b);
	bl_buf_put8(b, '\n');
	bl_json_free(j);
}

static int show(struct bl_err *err)
{
	static const struct bl_ident_ask ask = { bl_term_passphrase, NULL };
	uint8_t pk[BL_IDENT_PK];
	char path[PATH], fpr[BL_IDENT_FPR];
	struct bl_buf b;
	int ret = -1;

	bl_buf_init(&b, PEM);
	if (vault && snprintf(path, sizeof path, "%s/helper.pub", vault) >= PATH) {
		bl_err_set(err, BL_USAGE, "the vault's name is too long");
		goto out;
	}
	if (vault ? bl_ident_read_pub(pk, path, err) : bl_ident_read_either(pk, input, &ask, err))
		goto out;
	bl_ident_fpr(pk, fpr);
	if (public)
		bl_ident_print_pub(pk, &b);
	else if (json)
		print_json(pk, &b);
	else
		bl_buf_printf(&b, "%s\n", fpr);
	ret = bl_out_put(output, 0666, &b, err);
out:
	bl_buf_fini(&b);
	return ret;
}

static int run(int argc, char **argv, struct bl_err *err)
{
	bool shows = public || fingerprint;

	if (argc) {
		bl_err_set(err, BL_USAGE, "unexpected operand '%s'", argv[0]);
		return bl_err_hint(err, "keys are named by options: -o FILE makes one, -y -i FILE and -l -i FILE show one");
	}
	/* Never for making: a variable set for other programs would turn into a vault. */
	if (shows && !input && !vault && (vault = getenv("BL_VAULT")) && !*vault)
		vault = NULL;
	if (public && fingerprint)
		return bl_err_set(err, BL_USAGE, "-y and -l exclude each other");
	if (shows && !input == !vault)
		return bl_err_set(err, BL_USAGE, input ? "-i and -V exclude each other" : "a key is missing: give -i FILE or -V DIR");
	if (shows && passphrase)
		return bl_err_set(err, BL_USAGE, "--passphrase is for new identities; those of keys at hand are asked for");
	if (shows && dry)
		return bl_err_set(err, BL_USAGE, "-n is for making keys; -y and -l change nothing");
	if (json && !fingerprint)
		return bl_err_set(err, BL_USAGE, "--json goes with -l only");
	if (!shows && input)
		return bl_err_set(err, BL_USAGE, "-i needs -y, to print its public key, or -l, to print its fingerprint");
	if (!shows && !output == !vault) {
		bl_err_set(err, BL_USAGE, output ? "-o and -V exclude each other" : "nothing to do");
		return bl_err_hint(err, "-o FILE makes an identity, -V DIR makes a vault, -y and -l show keys");
	}
	if (vault && passphrase) {
		bl_err_set(err, BL_USAGE, "a vault's key takes no passphrase");
		return bl_err_hint(err, "the helper that uses it has nobody to ask");
	}
	if (bl_mem_init(false, err))
		return -1;
	bl_json_init();
	return shows ? show(err) : output ? make_identity(err) : make_vault(err);
}

int main(int argc, char **argv)
{
	static const struct bl_opt_prog prog = {
		.name = "bl-keygen", .args = "[OPTION...]", .summary = "Makes identities and vaults; shows public keys and fingerprints.",
		.opts = opts, .run = run, .example = "bl-keygen -o me.pem\nbl-keygen -l -i me.pem",
	};
	return bl_opt_main(&prog, argc, argv);
}
