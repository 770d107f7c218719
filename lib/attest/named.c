/* SPDX-License-Identifier: Apache-2.0 */
/* named: see named.h. */
#include "attest/named.h"

#include <string.h>

#include "base/num.h"

/* rtmr1, pcr4, sha256:4: the number, or -1. */
static int number(const char *name)
{
	const char *at = strchr(name, ':');
	uint64_t v;

	at = at ? at + 1 : !strncmp(name, "rtmr", 4) ? name + 4 : !strncmp(name, "pcr", 3) ? name + 3 : "";
	return bl_num_parse_u64(at, strlen(at), &v) && v < 32 ? (int)v : -1;
}

void bl_named_see(struct bl_named *n, const struct bl_evidence *e)
{
	const struct bl_json *map = bl_json_get(e->policy, "registers"), *list;
	const char *name;

	for (size_t i = 0; i < e->ncheck; i++) {
		if (e->check[i].result != BL_EVIDENCE_PASS)
			continue;
		n->measurement = n->measurement || !strcmp(e->check[i].name, "measurement");
		n->signer = n->signer || !strcmp(e->check[i].name, "signer");
		n->key = n->key || !strcmp(e->check[i].name, "ak-binding");
	}
	/* One that the evidence has and that is not in its list has failed; one that it lacks says nothing. */
	for (size_t i = 0; (name = bl_json_key(map, i, &list)); i++)
		if (bl_json_get(e->words, name) && number(name) >= 0)
			n->registers |= UINT32_C(1) << number(name);
}

static bool all(const struct bl_named *n, uint32_t registers)
{
	return (n->registers & registers) == registers;
}

#define REGISTER(i) (UINT32_C(1) << (i))

/*
 * SNP, SGX: the measurement is of all of it, the signer answers for that. TDX: MRTD is of the firmware, which is everybody's; that measures
 * kernel, command line and initial RAM disk into RTMR 1 and 2, and another firmware could put the same there. Nitro: PCR 0 is of the whole
 * image, 8 of who signed it, 1 of the kernel and 2 of the application. TPM: 4 is of the loader and 7 of whose signature one must have, both
 * measured by the firmware; 8 to 15 are what that loader says, and those from 16 on can be set back by anybody.
 */
static bool names_code(const struct bl_named *n, enum bl_statement_class c)
{
	switch (c) {
	case BL_STATEMENT_SNP:
	case BL_STATEMENT_SGX:
		return n->measurement || n->signer;
	case BL_STATEMENT_TDX:
		return n->measurement && all(n, REGISTER(1) | REGISTER(2));
	case BL_STATEMENT_NITRO:
		return n->measurement || n->signer || all(n, REGISTER(0)) || all(n, REGISTER(8)) || all(n, REGISTER(1) | REGISTER(2));
	case BL_STATEMENT_TPM2:
		return all(n, REGISTER(4)) || all(n, REGISTER(7));
	case BL_STATEMENT_SOFTWARE:
	case BL_STATEMENT_CLASSES:
		break;
	}
	return false;
}

const char *bl_named_lacks(const struct bl_named *n, enum bl_statement_class c, const char **hint)
{
	if (!names_code(n, c)) {
		*hint = c == BL_STATEMENT_TPM2 ? "name it: PCR 4 or 7 (sha256:4, sha256:7) in registers of -p FILE; what others hold, who boots there may choose" :
			c == BL_STATEMENT_TDX ? "name it: tee.measurements, or measurement, is the firmware; beside it registers rtmr1 and rtmr2 in -p FILE" :
			"name it: tee.measurements in the file's policy, or measurement or signer in -p FILE";
		return "nobody says what may run there";
	}
	if (c != BL_STATEMENT_TPM2 || n->key)
		return NULL;
	*hint = "name its key: ak in -p FILE, as 'bl-attest show' prints it";
	return "nobody says whose TPM that is";
}
