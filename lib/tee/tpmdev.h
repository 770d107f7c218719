/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tpmdev: quotes by a TPM 2.0, over its raw commands (tpmcmd.h). What a quote proves: that a TPM with this key (which an owner pins, or
 * a certificate vouches for) saw these measurements of the machine's boot, and was asked with this digest by somebody who had the device.
 * Not that the helper asked: everything in it that is the helper's own rests on the machine being the one that its PCRs say.
 */
#ifndef BL_TEE_TPMDEV_H
#define BL_TEE_TPMDEV_H

#include "tee/provider.h"
#include "tee/tpmcmd.h"

struct bl_tpmdev {
	int fd;			/* does not block: the device, or one end of a socket */
	bool is_socket;
	int patience;		/* milliseconds for all of it, however often the TPM is busy meanwhile */
	int64_t deadline;
	bool lost;		/* what comes next is not the answer to what is asked next */
	uint8_t room[BL_TPMCMD_MAX];
};
/* The pieces quote.msg, quote.sig, ak_pub.pem, pcrs.bin, over data->digest. 69. Leaves no key behind in the TPM, unless it stopped answering. */
int bl_tpmdev_quote(struct bl_tpmdev *d, const struct bl_provider_data *data, struct bl_provider_answer *out, struct bl_err *err);

#endif
