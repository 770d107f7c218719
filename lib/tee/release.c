/* SPDX-License-Identifier: Apache-2.0 */
/* release: see release.h. */
#include "tee/release.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/out.h"
#include "base/time.h"

enum { TICK_MS = 50 };

int bl_release_challenge(const struct bl_release_way *w, const struct bl_header *h, struct bl_wire_challenge *c, struct bl_err *err)
{
	struct bl_buf b;
	int rc;

	bl_buf_init(&b, BL_HANDOFF_CHALLENGE);
	rc = bl_file_read(w->challenge, &b, err) || bl_handoff_get_challenge(b.p, b.len, c, err) || bl_handoff_fits(c, h, bl_time_now(), err);
	bl_buf_fini(&b);
	return rc ? bl_err_where(err, "'%s'", w->challenge) : 0;
}

/* Whoever reads our stdout is told that nothing more comes, though we stay. */
static int end_stdout(struct bl_err *err)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC), rc = fd < 0 ? -1 : dup2(fd, STDOUT_FILENO);

	if (fd >= 0)
		close(fd);
	return rc < 0 ? bl_err_sys(err, BL_IOERR, "cannot end the standard output") : 0;
}

static int write_evidence(const struct bl_release_way *w, const struct bl_wire_hello *h, const struct bl_wire_challenge *c, const char *statement,
			  size_t n, struct bl_err *err)
{
	struct bl_buf b;
	int rc;

	bl_buf_init(&b, BL_HANDOFF_EVIDENCE_MAX);
	bl_handoff_put_evidence(&b, h, c, statement, n);
	rc = bl_out_put(w->evidence, 0666, &b, err);
	bl_buf_fini(&b);
	return rc || strcmp(w->evidence, "-") ? rc : end_stdout(err);
}

/* Opened without waiting for a writer; -2 while there is no such file. */
static int open_grant(const char *path, struct bl_err *err)
{
	int fd;

	if (!strcmp(path, "-"))
		return bl_file_open(path, err);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 && errno == ENOENT)
		return -2;
	return fd < 0 ? bl_err_sys(err, BL_NOINPUT, "cannot open '%s'", path) : fd;
}

/* What is there by now, as far as it fits; 1 when a pipe has ended. */
static int read_more(int fd, bool regular, uint8_t *p, size_t max, size_t *have, struct bl_err *err)
{
	struct pollfd f = { .fd = fd, .events = POLLIN };
	ssize_t n;

	if (!regular && poll(&f, 1, TICK_MS) <= 0)
		return 0;
	n = read(fd, p + *have, max - *have);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : bl_err_sys(err, BL_IOERR, "cannot read the grant");
	*have += (size_t)n;
	if (!n && regular)
		poll(NULL, 0, TICK_MS);		/* a shell makes the file before there is anything in it */
	return !n && !regular;
}

static int late(struct bl_err *err)
{
	return bl_err_set(err, BL_TEMPFAIL, "no grant came before the challenge expired");
}

static int wait_for_file(const char *path, int64_t expires, struct bl_err *err)
{
	int fd;

	while ((fd = open_grant(path, err)) == -2) {
		if (bl_time_now() > expires)
			return late(err);
		poll(NULL, 0, TICK_MS);
	}
	return fd;
}

static int read_grant(const struct bl_release_way *w, int fd, const struct bl_wire_challenge *c, uint8_t body[BL_GRANT_BODY], struct bl_err *err)
{
	uint8_t p[BL_HANDOFF_GRANT + 1];
	const uint8_t *at;
	size_t have = 0;
	struct stat st;
	int rc = 0;

	if (fstat(fd, &st) || S_ISDIR(st.st_mode))
		return bl_err_set(err, BL_NOINPUT, "'%s' is not a file", w->grant);
	/* Longer than a grant is found out where its end would be. */
	while (!rc && have < BL_HANDOFF_GRANT && bl_handoff_may_grant(p, have) &&
	       !(rc = read_more(fd, S_ISREG(st.st_mode), p, sizeof p, &have, err)) && have < BL_HANDOFF_GRANT)
		if (bl_time_now() > c->expires)
			rc = late(err);
	if (rc > 0)
		rc = bl_err_set(err, have ? BL_DATA : BL_REFUSED, have ? "the grant was cut short" : "the owner granted nothing");
	if (!rc && !(rc = bl_handoff_get_grant(p, have, &at, err)))
		memcpy(body, at, BL_GRANT_BODY);
	return rc < 0 ? bl_err_where(err, "'%s'", w->grant) : 0;
}

int bl_release_ask(const struct bl_release_way *w, const struct bl_wire_hello *h, const struct bl_wire_challenge *c, const char *statement,
		   size_t n, uint8_t body[BL_GRANT_BODY], struct bl_err *err)
{
	struct stat st;
	int fd = -1, rc;

	if (!stat(w->grant, &st) && S_ISFIFO(st.st_mode) && (fd = open_grant(w->grant, err)) < 0)
		return fd == -2 ? bl_err_set(err, BL_NOINPUT, "'%s' went away", w->grant) : -1;
	rc = write_evidence(w, h, c, statement, n, err);
	if (!rc && fd < 0)
		fd = wait_for_file(w->grant, c->expires, err);
	if (!rc)
		rc = fd < 0 ? -1 : read_grant(w, fd, c, body, err);
	if (fd >= 0)
		close(fd);
	return rc;
}
