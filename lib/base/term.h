/* SPDX-License-Identifier: Apache-2.0 */
/*
 * term: what a terminal changes: passphrase prompts on /dev/tty. progress.h has the rest.
 */
#ifndef BL_BASE_TERM_H
#define BL_BASE_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* True when fd is a terminal and TERM is not "dumb". */
bool bl_term_is(int fd);
/* Reads a line without echo from /dev/tty into out (n bytes with terminator); 66 without a terminal. */
int bl_term_secret(const char *prompt, char *out, size_t n, struct bl_err *err);
/* "passphrase of 'PATH': " asked that way, controls in the path as '?'; arg is not used (a struct bl_ident_ask). */
int bl_term_passphrase(void *arg, const char *path, char *out, size_t n, struct bl_err *err);

#endif
