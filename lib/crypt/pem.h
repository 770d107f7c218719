/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pem: the blocks of one kind in a PEM text (RFC 7468). Private to lib/crypt; ident.c reads its two fixed forms by itself.
 */
#ifndef BL_CRYPT_PEM_H
#define BL_CRYPT_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Calls each(arg, der, n, err) for every block of the label, in order, until one fails. Text before a block is skipped, as RFC 7468
 * wants; a block of another label, a line that ends none, anything but white space and NULs after the last block are 65, and so
 * is a text without a block.
 */
typedef int bl_pem_each_fn(void *arg, const uint8_t *der, size_t n, struct bl_err *err);
int bl_pem_each(const uint8_t *p, size_t n, const char *label, bl_pem_each_fn *each, void *arg, struct bl_err *err);
/* One block, in lines of 64 characters. The buffer's failure is its own. */
void bl_pem_put(struct bl_buf *out, const char *label, const uint8_t *der, size_t n);
/* Does it look like PEM rather than DER? */
bool bl_pem_is(const uint8_t *p, size_t n);

#endif
