/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pck: the extension 1.2.840.113741.1.13.1 of a Provisioning Certification Key's certificate: which platform it is and what its
 * firmware was when Intel made the certificate (Intel: SGX PCK Certificate and CRL Profile).
 */
#ifndef BL_ATTEST_PCK_H
#define BL_ATTEST_PCK_H

#include "crypt/cert.h"

enum { BL_PCK_SVNS = 16 };
struct bl_pck {
	uint8_t sgx[BL_PCK_SVNS], cpu_svn[16], pce_id[2], fmspc[6], ppid[16];
	uint16_t pce_svn;
	uint8_t type;
};
/* The content of the extension. False when it is not well formed. */
bool bl_pck_parse(struct bl_pck *p, const uint8_t *ext, size_t n);
/* That of a certificate. False too when it has none. */
bool bl_pck_read(struct bl_pck *p, const struct bl_cert *c);

#endif
