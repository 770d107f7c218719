/* SPDX-License-Identifier: Apache-2.0 */
/* isa: see isa.h. A level is taken by what its loops use of it; no processor has those and lacks the rest. */
#include "base/isa.h"

enum bl_isa_level bl_isa(void)
{
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
	    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd"))
		return BL_ISA_V4;
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma"))
		return BL_ISA_V3;
	return BL_ISA_V2;
}
