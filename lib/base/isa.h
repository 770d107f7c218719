/* SPDX-License-Identifier: Apache-2.0 */
/* isa: which of the x86-64 levels that loops are compiled for this processor has. */
#ifndef BL_BASE_ISA_H
#define BL_BASE_ISA_H

enum bl_isa_level { BL_ISA_V2, BL_ISA_V3, BL_ISA_V4 };	/* v2 is asked of every machine */
enum bl_isa_level bl_isa(void);

#endif
