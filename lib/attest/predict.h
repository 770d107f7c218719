/* SPDX-License-Identifier: Apache-2.0 */
/*
 * predict: what evidence will show of a guest, an enclave image or a helper, from files and words of a command line; measure.h does
 * the arithmetic.
 */
#ifndef BL_ATTEST_PREDICT_H
#define BL_ATTEST_PREDICT_H

#include "attest/measure.h"
#include "base/buf.h"

struct bl_predict {		/* as on the command line; NULL: not given */
	const char *ovmf, *ovmf_hash, *kernel, *initrd, *append, *cpu_type, *cpu_sig, *vmm, *features;
	unsigned vcpus;		/* 0: not given */
};
enum bl_predict_form { BL_PREDICT_HEX, BL_PREDICT_JSON, BL_PREDICT_POLICY };

/* what: "snp", "ovmf" (no operand), "eif", "tee" (one: the file). 64, 65, 66. Newline at the end. */
int bl_predict_print(const struct bl_predict *p, const char *what, const char *file, enum bl_predict_form form, struct bl_buf *out, struct bl_err *err);

#endif
