/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_receipt: any bytes as a receipt, as evidence, as a proof. Nobody who does not hold the keys makes one that verifies in
 * full; a receipt whose form is right is signed here under fixed keys, so that the checks behind the signatures are reached.
 */
#include <assert.h>
#include <string.h>

#include "attest/receipt.h"
#include "crypt/mem.h"
#include "policy/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct bl_err err;
static struct bl_ident vault, session;
static struct bl_json *evidence;

static void verify(const void *p, size_t n)
{
	struct bl_receipt_check checks[BL_RECEIPT_CHECKS];
	struct bl_receipt_claims c;
	size_t k;
	bool good;

	if (!bl_receipt_verify(p, n, vault.pk, &c, checks, &k, &good, &err)) {
		assert(k <= BL_RECEIPT_CHECKS);
		bl_receipt_fini(&c);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct bl_statement_about about;
	uint8_t seed[32] = { 1 };
	struct bl_statement said;
	static struct bl_proof proof;
	struct bl_json *j;
	struct bl_buf b;

	if (!evidence) {
		bl_mem_init(true, &err);
		bl_json_init();
		bl_ident_from_seed(&vault, seed, &err);
		seed[0] = 2;
		bl_ident_from_seed(&session, seed, &err);
		memcpy(about.sig_pk, session.pk, 32);
		evidence = bl_statement_new(&vault, &about, NULL);
	}
	verify(p, n);
	if (!bl_statement_check(&said, (const char *)p, n, &about, &err))
		assert(!memcmp(said.vault_pk, vault.pk, 32));
	bl_statement_fini(&said);
	if (!(j = bl_json_parse((const char *)p, n, BL_RECEIPT_DEPTH, BL_DATA, &err)))
		return 0;
	if (!bl_proof_parse(&proof, j, &err))
		bl_proof_holds(&proof);
	if (bl_json_kind(j) != BL_JSON_OBJECT) {
		bl_json_free(j);
		return 0;
	}
	bl_json_put_text(j, "schema", "bl-receipt/1");
	bl_buf_init(&b, BL_RECEIPT_MAX);
	if (!bl_receipt_sign(j, evidence, &session, &b, &err))
		verify(b.p, b.len);
	bl_buf_fini(&b);
	return 0;
}
