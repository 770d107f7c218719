/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence of Azure's confidential VMs. */
#include "../tap.h"
#include "../vectors.h"

int main(void)
{
	static char name[64][128];
	size_t n;

	bl_json_init();
	if (bl_mem_init(true, &err))
		return 71;
	n = run_cases("azure-hcl", name, 64);
	for (size_t i = 0; i < n; i++)
		run_case("azure-hcl", name[i], &bl_azure_tech, NULL);
	return tap_done();
}
