/* SPDX-License-Identifier: Apache-2.0 */
/* Quotes of TPMs. */
#include "../tap.h"
#include "../vectors.h"

int main(void)
{
	static char name[64][128];
	size_t n;

	bl_json_init();
	if (bl_mem_init(true, &err))
		return 71;
	n = run_cases("tpm", name, 64);
	for (size_t i = 0; i < n; i++)
		run_case("tpm", name[i], &bl_tpm_tech, "tpm");
	return tap_done();
}
