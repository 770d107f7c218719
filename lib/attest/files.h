/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files: evidence and collateral by the names of the guide, from directories, single files, `collateral.json` and bundles, into
 * bl_evidence_files. Bytes only: nothing here is believed, and no trust anchor comes from here.
 */
#ifndef BL_ATTEST_FILES_H
#define BL_ATTEST_FILES_H

#include "attest/evidence.h"

/* Room that an arena for one set of files needs: collateral, what a directory may have of evidence, and what is made of one piece. */
enum { BL_FILES_ARENA = BL_EVIDENCE_COLLATERAL + 12 * BL_EVIDENCE_MAX };

/* A name that evidence has beside it, also behind PRODUCT/ or FMSPC/; and one that evidence itself has. */
bool bl_files_known(const char *name);
bool bl_files_is_evidence(const char *name);
/* Copies into f. Where the name is there already: replaced if `replace`, else left. 65 when it is too much. */
int bl_files_put(struct bl_evidence_files *f, struct bl_arena *a, const char *name, const void *p, size_t n, const char *signer,
		 bool replace, struct bl_err *err);
/* The known names of a directory; evidence too, if `evidence`. What is there already is kept. 66. */
int bl_files_directory(struct bl_evidence_files *f, struct bl_arena *a, const char *path, bool evidence, struct bl_err *err);
/*
 * A directory, or one file by its name, a collateral.json or a bundle; replaces what is there. Files of one argument do not replace
 * each other. 64 for a name that says nothing, 65 for a collateral.json or bundle that does not parse, 66.
 */
int bl_files_collateral(struct bl_evidence_files *f, struct bl_arena *a, const char *path, struct bl_err *err);
/* The same of bytes at hand; `name` without its directory. */
int bl_files_parse(struct bl_evidence_files *f, struct bl_arena *a, const char *name, const uint8_t *p, size_t n, bool replace, struct bl_err *err);
/* Collateral for a bundle: files and directories, and in these those of one platform each (Milan, 00806f050000). 64 when there is none. */
int bl_files_gather(struct bl_evidence_files *f, struct bl_arena *a, char *const *path, size_t n, struct bl_err *err);

#endif
