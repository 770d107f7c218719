/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunk: the plaintext of a column chunk to vectors; codec.h is the way there. The bytes have been authenticated, but
 * whoever holds the key may have sealed anything, so every width, count and length is checked before it is used.
 * The rest of the public face is in reader.h.
 */
#ifndef BL_FORMAT_CHUNK_H
#define BL_FORMAT_CHUNK_H

#include "format/reader.h"

/* Room for n bytes of plaintext, aligned to 64 with BL_CHUNK_LEAD bytes of the same allocation before; NULL: no memory. */
enum { BL_CHUNK_LEAD = 64 };
uint8_t *bl_chunk_room(struct bl_chunk *c, size_t n);
/* Takes the n bytes of plaintext now in that room as a chunk of `rows` values of type t. 65 malformed, 71 no memory. */
int bl_chunk_parse(struct bl_chunk *c, struct bl_type t, uint32_t rows, size_t n, struct bl_err *err);

#endif
