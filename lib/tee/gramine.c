/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gramine: SGX quotes where Gramine runs the helper in an enclave: report data are written to ROOT/user_report_data, the quote is read
 * from ROOT/quote. Only quotes for DCAP (attestation_type `dcap`): those of EPID are no longer verified by anybody.
 */
#include "tee/provider.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TYPE = 32 };

/* Appends; EFBIG where there is more than b may hold. */
static int read_all(int dir, const char *name, struct bl_buf *b, struct bl_err *err)
{
	uint8_t part[4096];
	ssize_t n = 0;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && !b->failed && (n = read(fd, part, sizeof part)) > 0)
		bl_buf_put(b, part, (size_t)n);
	if (b->failed)
		errno = EFBIG;
	if (fd < 0 || n < 0 || b->failed)
		bl_err_sys(err, BL_UNAVAILABLE, "cannot read '%s'", name);
	if (fd >= 0)
		close(fd);
	return fd < 0 || n < 0 || b->failed ? -1 : 0;
}

static int write_data(int dir, const uint8_t data[BL_STATEMENT_REPORT], struct bl_err *err)
{
	int fd = openat(dir, "user_report_data", O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, data, BL_STATEMENT_REPORT);

	if (n >= 0 && n != BL_STATEMENT_REPORT)
		errno = EIO;
	if (n != BL_STATEMENT_REPORT)
		bl_err_sys(err, BL_UNAVAILABLE, "cannot write 'user_report_data'");
	if (fd >= 0 && close(fd) && n == BL_STATEMENT_REPORT) {
		bl_err_sys(err, BL_UNAVAILABLE, "cannot write 'user_report_data'");
		n = -1;
	}
	return n == BL_STATEMENT_REPORT ? 0 : -1;
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

static void gramine_close(void *device)
{
	close(*(int *)device);
	free(device);
}

static void *gramine_open(const char *root, enum bl_statement_class *class, struct bl_err *err)
{
	const int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int *dir;

	if (fd < 0) {
		bl_err_sys(err, BL_UNAVAILABLE, "cannot open '%s'", root);
		return NULL;
	}
	if (!(dir = malloc(sizeof *dir))) {
		close(fd);
		bl_err_set(err, BL_OSERR, "out of memory");
		return NULL;
	}
	*dir = fd;
	if (check_type(fd, err)) {
		bl_err_where(err, "'%s'", root);
		gramine_close(dir);
		return NULL;
	}
	*class = BL_STATEMENT_SGX;
	return dir;
}

static int gramine_quote(void *device, const struct bl_provider_data *data, struct bl_provider_answer *a, struct bl_err *err)
{
	const int dir = *(const int *)device;
	struct bl_buf b;
	int rc;

	bl_buf_init(&b, BL_STATEMENT_ROOM);
	rc = write_data(dir, data->report, err) || read_all(dir, "quote", &b, err) || bl_provider_put(a, "quote.bin", b.p, b.len, err) ? -1 : 0;
	bl_buf_fini(&b);
	return rc;
}

const struct bl_provider_tech bl_gramine_tech = { "gramine", "/dev/attestation", true, gramine_open, gramine_quote, gramine_close };
