/* SPDX-License-Identifier: Apache-2.0 */
/* Measurement reports of NVIDIA devices. */
#include "../tap.h"
#include "../vectors.h"

int main(void)
{
	static char name[64][128];
	size_t n;

	bl_json_init();
	if (bl_mem_init(true, &err))
		return 71;
	n = run_cases("nvidia", name, 64);
	for (size_t i = 0; i < n; i++)
		run_case("nvidia", name[i], &bl_nvidia_tech, "fields");
	return tap_done();
}
