/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv: RFC 4180 records from a descriptor, streaming, bounded: quoted fields, embedded newlines, CRLF, a byte order mark.
 * The fast path indexes structural bytes with SIMD; another --delimiter or --quote takes the libcsv path (csvodd.c).
 */
#ifndef BL_FORMAT_CSV_H
#define BL_FORMAT_CSV_H

#include "base/err.h"
#include "format/type.h"

/* A field: bytes without its quotes; `quoted` tells `""` (empty text) from nothing (NULL). If `escaped`, doubled quotes
 * are still inside and bl_csv_unescape gives the value. */
struct bl_csv_field { const char *p; uint32_t n; bool quoted, escaped; };

enum { BL_CSV_FIELD = 16 << 20, BL_CSV_RECORD = 64 << 20 };	/* most bytes of a field, a record */

#endif
