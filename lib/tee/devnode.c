/* SPDX-License-Identifier: Apache-2.0 */
/* devnode: see devnode.h. */
#include "tee/devnode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

void *bl_devnode_open(const char *root, int flags, struct bl_err *err)
{
	int *fd = malloc(sizeof *fd);

	if (!fd) {
		bl_err_set(err, BL_OSERR, "out of memory");
		return NULL;
	}
	if ((*fd = open(root, flags | O_CLOEXEC)) < 0) {
		bl_err_sys(err, BL_UNAVAILABLE, "cannot open '%s'", root);
		free(fd);
		return NULL;
	}
	return fd;
}

int bl_devnode_fd(const void *device)
{
	return *(const int *)device;
}

void bl_devnode_close(void *device)
{
	close(*(int *)device);
	free(device);
}

int bl_devnode_read(int dir, const char *name, struct bl_buf *b)
{
	uint8_t part[4096];
	ssize_t n;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC), saved;

	if (fd < 0)
		return -1;
	while ((n = read(fd, part, sizeof part)) > 0 && !b->failed)
		bl_buf_put(b, part, (size_t)n);
	saved = b->failed ? EFBIG : errno;
	close(fd);
	errno = saved;
	return n < 0 || b->failed ? -1 : 0;
}

int bl_devnode_write(int dir, const char *name, const void *p, size_t n, struct bl_err *err)
{
	int fd = openat(dir, name, O_WRONLY | O_CLOEXEC), why = 0;
	ssize_t put = fd < 0 ? -1 : write(fd, p, n);

	if (put != (ssize_t)n)
		why = put < 0 ? errno : EIO;
	if (fd >= 0 && close(fd) && !why)
		why = errno;
	errno = why;
	return why ? bl_err_sys(err, BL_UNAVAILABLE, "cannot write '%s'", name) : 0;
}
