/* SPDX-License-Identifier: Apache-2.0 */
/* What a provider's process sends, from anyone; and what it read as a host's table of certificates. The first byte chooses. */
#include <stdlib.h>
#include <string.h>

#include "attest/files.h"
#include "attest/snp.h"
#include "crypt/mem.h"
#include "tee/provider.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t report[BL_SNP_REPORT];
	struct bl_provider_answer a;
	struct bl_err err;
	size_t sum = 0;
	int rc;

	if (!n)
		return 0;
	bl_provider_init(&a);
	rc = *p % 2 ? bl_provider_read(&a, p + 1, n - 1, &err) : bl_provider_put_snp(&a, report, sizeof report, p + 1, n - 1, &err);
	if (!rc && (!a.pieces.n || a.pieces.n > BL_STATEMENT_PIECES))
		abort();
	for (size_t i = 0; i < a.pieces.n; i++) {
		const struct bl_statement_piece *x = &a.pieces.v[i];
		if (!x->n || x->p != a.room.p + sum || strchr(x->name, '/') || !(bl_files_is_evidence(x->name) || bl_files_known(x->name)))
			abort();
		sum += x->n;
	}
	if (sum != a.room.len || sum > BL_STATEMENT_ROOM)
		abort();
	bl_provider_fini(&a);
	return 0;
}
