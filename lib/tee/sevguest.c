/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sevguest: SEV-SNP reports by the older of Linux's two ways, /dev/sev-guest (Documentation/virt/coco/sev-guest.rst; 5.19 and later):
 * an extended request, which brings the host's certificates along, else a plain one. Requests of VMPL 0.
 *
 * An error comes in two halves: of the firmware (low) and of the host (high). The host says `invalid length` to who brings no room for
 * its certificates, and how much it wants; and `busy` to who should ask again.
 */
#include "tee/provider.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "tee/devnode.h"

enum { PAGE = 4096, CERTS_MAX = 4 * PAGE, TRIES = 5, PAUSE_MS = 200, HOST_INVALID_LEN = 1, HOST_BUSY = 2, RESPONSE = 4000, REPORT_AT = 32 };

/* As in linux/sev-guest.h, which not every system has. */
struct request { uint8_t user_data[64]; uint32_t vmpl; uint8_t reserved[28]; };
struct extended { struct request plain; uint64_t certs; uint32_t ncerts; };
struct response { uint32_t status, size; uint8_t reserved[24], report[RESPONSE - REPORT_AT]; };
struct message { uint8_t version; uint64_t request, response; uint32_t firmware, host; };
_Static_assert(sizeof(struct request) == 96 && sizeof(struct extended) == 112 && sizeof(struct response) == RESPONSE && sizeof(struct message) == 32,
	       "the kernel's own sizes");
#define GET_REPORT _IOWR('S', 0, struct message)
#define GET_EXTENDED _IOWR('S', 2, struct message)

static int call(int fd, unsigned long nr, const void *request, struct response *r, struct message *m)
{
	for (int i = 0; i < TRIES; i++) {
		if (i)
			poll(NULL, 0, PAUSE_MS);
		*m = (struct message){ .version = 1, .request = (uintptr_t)request, .response = (uintptr_t)r };
		if (!ioctl(fd, nr, m))
			return 0;
		if (m->host != HOST_BUSY && errno != EINTR && errno != EAGAIN)
			return -1;
	}
	return -1;
}

/* The report, and in certs, of CERTS_MAX bytes, what the host has of them. */
static int extended(int fd, const uint8_t data[64], struct response *r, uint8_t *certs, size_t *ncerts)
{
	struct extended q = { .certs = 0 };
	struct message m;

	*ncerts = 0;
	memcpy(q.plain.user_data, data, 64);
	if (!call(fd, GET_EXTENDED, &q, r, &m))
		return 0;		/* the host has none */
	if (m.host != HOST_INVALID_LEN || !q.ncerts || q.ncerts > CERTS_MAX || q.ncerts % PAGE)
		return -1;
	q.certs = (uintptr_t)certs;
	*ncerts = q.ncerts;
	return call(fd, GET_EXTENDED, &q, r, &m);
}

static int plain(int fd, const uint8_t data[64], struct response *r, struct bl_err *err)
{
	struct request q = { .vmpl = 0 };
	struct message m;

	memcpy(q.user_data, data, 64);
	if (!call(fd, GET_REPORT, &q, r, &m))
		return 0;
	return m.firmware | m.host ? bl_err_set(err, BL_UNAVAILABLE, "no report: firmware %#x, host %#x", m.firmware, m.host) :
	       bl_err_sys(err, BL_UNAVAILABLE, "no report");
}

static void *sevguest_open(const char *root, enum bl_statement_class *class, struct bl_err *err)
{
	*class = BL_STATEMENT_SNP;
	return bl_devnode_open(root, O_RDWR, err);
}

static int sevguest_quote(void *device, const struct bl_provider_data *data, struct bl_provider_answer *a, struct bl_err *err)
{
	const int fd = bl_devnode_fd(device);
	struct response r = { .status = 0 };
	uint8_t *certs = calloc(1, CERTS_MAX);
	size_t ncerts = 0;
	int rc;

	if (!certs)
		return bl_err_set(err, BL_OSERR, "out of memory");
	if ((rc = extended(fd, data->report, &r, certs, &ncerts))) {
		ncerts = 0;
		memset(&r, 0, sizeof r);
		rc = plain(fd, data->report, &r, err);
	}
	if (!rc && r.status)
		rc = bl_err_set(err, BL_UNAVAILABLE, "no report: status %#x", r.status);
	if (!rc && r.size > sizeof r.report)
		rc = bl_err_set(err, BL_UNAVAILABLE, "a report longer than its answer");
	if (!rc)
		rc = bl_provider_put_snp(a, r.report, r.size, ncerts ? certs : NULL, ncerts, err);
	free(certs);
	return rc;
}

const struct bl_provider_tech bl_sevguest_tech = { "sev-guest", "/dev/sev-guest", true, sevguest_open, sevguest_quote, bl_devnode_close };
