/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gramine: SGX quotes where Gramine runs the helper in an enclave: report data are written to ROOT/user_report_data, the quote is read
 * from ROOT/quote. Only quotes for DCAP (attestation_type `dcap`): those of EPID are no longer verified by anybody.
 */
#include "tee/provider.h"

#include <fcntl.h>
#include <string.h>

#include "tee/devnode.h"

enum { TYPE = 32 };

static int read_all(int dir, const char *name, struct bl_buf *b, struct bl_err *err)
{
	return bl_devnode_read(dir, name, b) ? bl_err_sys(err, BL_UNAVAILABLE, "cannot read '%s'", name) : 0;
}

/* The quotes that are to be had there. */
static int check_type(int dir, struct bl_err *err)
{
	struct bl_buf b;
	size_t n;
	int rc;

	bl_buf_init(&b, TYPE);
	if (!(rc = read_all(dir, "attestation_type", &b, err))) {
		n = b.len && b.p[b.len - 1] == '\n' ? b.len - 1 : b.len;
		if (n != 4 || memcmp(b.p, "dcap", 4))
			rc = bl_err_set(err, BL_UNAVAILABLE, "attestation_type '%.*s' is not served, only 'dcap'", (int)n, n ? (const char *)b.p : "");
	}
	bl_buf_fini(&b);
	return rc;
}

static void *gramine_open(const char *root, enum bl_statement_class *class, struct bl_err *err)
{
	void *device = bl_devnode_open(root, O_RDONLY | O_DIRECTORY, err);

	if (device && check_type(bl_devnode_fd(device), err)) {
		bl_err_where(err, "'%s'", root);
		bl_devnode_close(device);
		return NULL;
	}
	*class = BL_STATEMENT_SGX;
	return device;
}

static int gramine_quote(void *device, const struct bl_provider_data *data, struct bl_provider_answer *a, struct bl_err *err)
{
	const int dir = bl_devnode_fd(device);
	struct bl_buf b;
	int rc;

	bl_buf_init(&b, BL_STATEMENT_ROOM);
	rc = bl_devnode_write(dir, "user_report_data", data->report, sizeof data->report, err) || read_all(dir, "quote", &b, err) || bl_provider_put(a, "quote.bin", b.p, b.len, err) ? -1 : 0;
	bl_buf_fini(&b);
	return rc;
}

const struct bl_provider_tech bl_gramine_tech = { "gramine", "/dev/attestation", true, gramine_open, gramine_quote, bl_devnode_close };
