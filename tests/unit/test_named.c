/* SPDX-License-Identifier: Apache-2.0 */
/* What a policy has to name before a key is given to a machine of each class: what its owner's own machine shows, and nobody else's can. */
#include <stdlib.h>

#include "attest/appraise.h"
#include "attest/named.h"
#include "crypt/mem.h"
#include "../tap.h"

static struct bl_err err;

/* Evidence that says `words`, under a policy, as if what is named in it was found: what is then lacking. */
static const char *lacks(enum bl_statement_class c, const char *words, const char *policy, bool key)
{
	struct bl_evidence e = { .words = bl_json_parse(words, strlen(words), 8, BL_DATA, &err) };
	struct bl_json *p = bl_appraise_parse(policy, strlen(policy), &err);
	struct bl_named n = { .registers = 0 };
	const char *hint = NULL, *what;

	e.policy = p;
	if (bl_json_get(p, "measurement"))
		bl_evidence_pass(&e, BL_EVIDENCE_APPRAISAL, "measurement");
	if (bl_json_get(p, "signer"))
		bl_evidence_skip(&e, BL_EVIDENCE_APPRAISAL, "signer", "not there");
	if (key)
		bl_evidence_pass(&e, BL_EVIDENCE_AUTHENTIC, "ak-binding");
	bl_named_see(&n, &e);
	what = bl_named_lacks(&n, c, &hint);
	if (!!what != !!hint)
		what = "a hint";
	bl_json_free(p);
	bl_evidence_fini(&e);
	return !what ? "nothing" : strstr(what, "whose") ? "whose" : strstr(what, "what may run") ? "what" : what;
}

#define POLICY(rest) "{\"version\":1" rest "}"
#define MEASURED ",\"measurement\":[\"aa\"]"
#define REGISTERS(rest) ",\"registers\":{" rest "}"
#define RTMRS "{\"measurement\":[\"aa\"],\"rtmr0\":[\"00\"],\"rtmr1\":[\"11\"],\"rtmr2\":[\"22\"],\"rtmr3\":[\"00\"]}"
#define PCRS "{\"pcr0\":[\"00\"],\"pcr1\":[\"11\"],\"pcr2\":[\"22\"],\"pcr8\":[\"88\"],\"pcr16\":[\"00\"],\"sha256:4\":[\"44\"],\"pcr4\":[\"44\"],\"sha256:16\":[\"00\"]," \
	"\"sha256:7\":[\"77\"],\"sha256:9\":[\"99\"]}"

int main(void)
{
	static const struct { enum bl_statement_class c; const char *words, *policy; bool key; const char *lacks, *promise; } t[] = {
		{ BL_STATEMENT_SNP, "{}", POLICY(""), false, "what", "a genuine SNP guest alone is nobody's" },
		{ BL_STATEMENT_SNP, "{}", POLICY(MEASURED), false, "nothing", "its measurement says which" },
		{ BL_STATEMENT_SNP, "{}", POLICY(",\"signer\":[\"aa\"]"), false, "what", "a check that was skipped names nothing" },
		{ BL_STATEMENT_SGX, "{}", POLICY(MEASURED), false, "nothing", "so does that of an enclave" },
		{ BL_STATEMENT_SGX, RTMRS, POLICY(REGISTERS("\"rtmr1\":[\"11\"],\"rtmr2\":[\"22\"]")), false, "what", "a register of another technology does not" },
		{ BL_STATEMENT_TDX, RTMRS, POLICY(MEASURED), false, "what", "of TDX it is the firmware's, with any kernel" },
		{ BL_STATEMENT_TDX, RTMRS, POLICY(REGISTERS("\"rtmr0\":[\"00\"],\"rtmr1\":[\"11\"],\"rtmr2\":[\"22\"]")), false, "what",
		  "and registers alone may be extended by any firmware" },
		{ BL_STATEMENT_TDX, RTMRS, POLICY(MEASURED REGISTERS("\"rtmr1\":[\"11\"]")), false, "what", "a kernel without its initial RAM disk is not enough" },
		{ BL_STATEMENT_TDX, RTMRS, POLICY(MEASURED REGISTERS("\"rtmr2\":[\"22\"],\"rtmr3\":[\"00\"]")), false, "what", "nor is that without the kernel" },
		{ BL_STATEMENT_TDX, RTMRS, POLICY(MEASURED REGISTERS("\"rtmr1\":[\"11\"],\"rtmr2\":[\"22\"]")), false, "nothing", "all three are" },
		{ BL_STATEMENT_TDX, "{}", POLICY(MEASURED REGISTERS("\"rtmr1\":[\"11\"],\"rtmr2\":[\"22\"]")), false, "what", "if the evidence has them" },
		{ BL_STATEMENT_NITRO, PCRS, POLICY(MEASURED), false, "nothing", "an enclave's image is named by its measurement" },
		{ BL_STATEMENT_NITRO, PCRS, POLICY(REGISTERS("\"pcr0\":[\"00\"]")), false, "nothing", "which is PCR 0" },
		{ BL_STATEMENT_NITRO, PCRS, POLICY(REGISTERS("\"pcr8\":[\"88\"]")), false, "nothing", "or by who signed it" },
		{ BL_STATEMENT_NITRO, PCRS, POLICY(REGISTERS("\"pcr1\":[\"11\"]")), false, "what", "not by a kernel that everybody has" },
		{ BL_STATEMENT_NITRO, PCRS, POLICY(REGISTERS("\"pcr2\":[\"22\"]")), false, "what", "nor by an application under some kernel" },
		{ BL_STATEMENT_NITRO, PCRS, POLICY(REGISTERS("\"pcr1\":[\"11\"],\"pcr2\":[\"22\"]")), false, "nothing", "but by both" },
		{ BL_STATEMENT_NITRO, PCRS, POLICY(REGISTERS("\"pcr4\":[\"44\"],\"pcr16\":[\"00\"]")), false, "what", "nor by its instance, nor by what it extends itself" },
		{ BL_STATEMENT_TPM2, PCRS, POLICY(REGISTERS("")), true, "what", "no register at all names nothing" },
		{ BL_STATEMENT_TPM2, PCRS, POLICY(REGISTERS("\"sha256:16\":[\"00\"],\"pcr16\":[\"00\"]")), true, "what", "a PCR that anybody may set back names nothing" },
		{ BL_STATEMENT_TPM2, PCRS, POLICY(REGISTERS("\"sha256:9\":[\"99\"],\"pcr8\":[\"88\"]")), true, "what", "nor one that a loader extends which nobody named" },
		{ BL_STATEMENT_TPM2, PCRS, POLICY(REGISTERS("\"pcr0\":[\"00\"]")), true, "what", "nor a firmware that boots anything" },
		{ BL_STATEMENT_TPM2, PCRS, POLICY(REGISTERS("\"sha256:4\":[\"44\"],\"sha256:9\":[\"99\"]")), true, "nothing", "the loader and what it booted do" },
		{ BL_STATEMENT_TPM2, PCRS, POLICY(REGISTERS("\"sha256:7\":[\"77\"]")), true, "nothing", "and whose signature a loader must have" },
		{ BL_STATEMENT_TPM2, PCRS, POLICY(REGISTERS("\"pcr4\":[\"44\"]")), false, "whose", "of some TPM that is worth nothing" },
		{ BL_STATEMENT_TPM2, PCRS, POLICY(REGISTERS("\"sha384:4\":[\"44\"]")), true, "what", "a bank that was not quoted says nothing" },
		{ BL_STATEMENT_TPM2, "{\"x:4\":[\"44\"],\"pcr04x\":[\"44\"]}", POLICY(REGISTERS("\"pcr04x\":[\"44\"]")), true, "what", "nor does what is no register" },
		{ BL_STATEMENT_SOFTWARE, "{}", POLICY(MEASURED), true, "what", "of class software nothing can be named" },
	};

	if (bl_mem_init_hashes(&err))
		exit(1);
	bl_json_init();
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
		is_str(lacks(t[i].c, t[i].words, t[i].policy, t[i].key), t[i].lacks, "%s", t[i].promise);
	return tap_done();
}
