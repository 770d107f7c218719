/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tpmdev: see tpmdev.h. No PCR is extended, not by the helper's own measurement either: whoever has the device extends the same ones with
 * anything, and those of debugging and applications (16, 23) can even be set back; so a value there would prove nothing but that
 * somebody wrote it. PCRs 0 to 15 hold what firmware, loader and kernel measured before anybody else ran, and cannot be set back but by
 * starting again: these are what a policy names.
 */
#include "tee/tpmdev.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/time.h"
#include "crypt/hash.h"

/* Shorter than what whoever asks us waits (provider.c), so that a busy TPM is left without our key. Flushing takes no time to speak of. */
enum { PATIENCE = 25000, FLUSH = 2000, PAUSE = 10, PAUSE_MOST = 320, TRIES = 3, PEM_MOST = 1024 };

/* --- one command there, one response back --- */

static int64_t now(void)
{
	return (int64_t)(bl_time_mono_ns() / 1000000);
}

static int wait_for(const struct bl_tpmdev *d, short events, struct bl_err *err)
{
	struct pollfd p = { .fd = d->fd, .events = events };

	for (;;) {
		const int64_t left = d->deadline - now();
		const int n = left > 0 ? poll(&p, 1, (int)left) : 0;

		if (n > 0)
			return 0;
		if (!n)
			return bl_err_set(err, BL_UNAVAILABLE, "the TPM does not answer");
		if (errno != EINTR)
			return bl_err_sys(err, BL_UNAVAILABLE, "cannot wait for the TPM");
	}
}

/* A device takes a command whole. */
static int say(const struct bl_tpmdev *d, const uint8_t *p, size_t n, struct bl_err *err)
{
	while (n) {
		const ssize_t put = d->is_socket ? send(d->fd, p, n, MSG_NOSIGNAL) : write(d->fd, p, n);

		if (put > 0) {
			p += put;
			n -= (size_t)put;
		} else if (put < 0 && errno == EAGAIN) {
			if (wait_for(d, POLLOUT, err))
				return -1;
		} else if (!put || errno != EINTR) {
			return bl_err_sys(err, BL_UNAVAILABLE, "the TPM takes no command");
		}
	}
	return 0;
}

/* Older kernels give a response once, whole, or what fits of it: so the whole room is offered, each time. */
static int hear(struct bl_tpmdev *d, size_t *n, struct bl_err *err)
{
	size_t len = 0, size = 0;

	while (!size || len < size) {
		ssize_t got;

		if (wait_for(d, POLLIN, err))
			return -1;
		got = read(d->fd, d->room + len, sizeof d->room - len);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got < 0)
			return bl_err_sys(err, BL_UNAVAILABLE, "cannot read what the TPM answers");
		if (!got)
			return bl_err_set(err, BL_UNAVAILABLE, "the TPM's answer is cut short");
		len += (size_t)got;
		if (!size && len >= BL_TPMCMD_HEAD && !(size = bl_tpmcmd_size(d->room)))
			return bl_err_set(err, BL_UNAVAILABLE, "the TPM's answer has no length that one can have");
	}
	if (len > size)
		return bl_err_set(err, BL_UNAVAILABLE, "the TPM answers more than it was asked");
	*n = size;
	return 0;
}

/* r is a view of d's room. A refusal is an answer: 0, with r->rc. */
static int ask(struct bl_tpmdev *d, const uint8_t *p, size_t n, enum bl_tpmcmd_session session, struct bl_tpmcmd_response *r, struct bl_err *err)
{
	for (int pause = PAUSE;; pause = pause < PAUSE_MOST ? pause * 2 : pause) {
		size_t got;

		if (d->lost)
			return bl_err_set(err, BL_UNAVAILABLE, "the TPM does not answer any more");
		if (say(d, p, n, err) || hear(d, &got, err)) {
			d->lost = true;
			return -1;
		}
		if (bl_tpmcmd_open(r, session, d->room, got, err))
			return -1;
		if (!bl_tpmcmd_again(r->rc))
			return 0;
		if (now() + pause >= d->deadline)
			return bl_err_set(err, BL_UNAVAILABLE, "the TPM is busy");
		poll(NULL, 0, pause);
	}
}

/* --- a quote --- */

struct quote {			/* copies: the room is used again */
	enum bl_tpmcmd_key kind;
	uint8_t msg[BL_TPMCMD_MAX], sig[BL_TPMCMD_MAX], digest[32];
	size_t nmsg, nsig;
	uint8_t value[BL_TPMCMD_PCRS][BL_TPMCMD_PCR];
};

static int create(struct bl_tpmdev *d, enum bl_tpmcmd_key kind, struct bl_tpmcmd_response *r, struct bl_err *err)
{
	uint8_t cmd[BL_TPMCMD_ROOM];

	return ask(d, cmd, bl_tpmcmd_create(cmd, kind), BL_TPMCMD_PASSWORD, r, err);
}

/*
 * P-256, made in moments: an RSA key is searched for, on some chips for half a minute, and each time anew. But TPMs are allowed to have no
 * elliptic curves, and then RSA. Nothing but such a refusal leads there: a key must not depend on how busy the TPM is.
 */
static int make_key(struct bl_tpmdev *d, enum bl_tpmcmd_key *kind, uint32_t *handle, struct bl_key **key, struct bl_err *err)
{
	struct bl_tpmcmd_response r;

	*kind = BL_TPMCMD_P256;
	if (create(d, *kind, &r, err))
		return -1;
	if (bl_tpmcmd_unsupported(r.rc)) {
		*kind = BL_TPMCMD_RSA;
		if (create(d, *kind, &r, err))
			return -1;
	}
	if (r.rc)
		return bl_tpmcmd_refused(r.rc, "make its attestation key", err);
	return bl_tpmcmd_created(&r, *kind, handle, key, err);
}

static int read_values(struct bl_tpmdev *d, struct quote *q, struct bl_err *err)
{
	uint8_t cmd[BL_TPMCMD_ROOM];
	struct bl_tpmcmd_response r;
	uint16_t left = 0xffff, got;

	for (; left; left &= (uint16_t)~got) {
		if (ask(d, cmd, bl_tpmcmd_read(cmd, left), BL_TPMCMD_BARE, &r, err))
			return -1;
		if (r.rc)
			return bl_tpmcmd_refused(r.rc, "read its PCRs", err);
		if (bl_tpmcmd_values(&r, left, &got, q->value, err))
			return -1;
	}
	return 0;
}

static int sign(struct bl_tpmdev *d, uint32_t handle, const uint8_t data[32], struct quote *q, struct bl_err *err)
{
	uint8_t cmd[BL_TPMCMD_ROOM];
	struct bl_tpmcmd_response r;
	struct bl_tpmcmd_quoted got;

	if (ask(d, cmd, bl_tpmcmd_quote(cmd, handle, data), BL_TPMCMD_PASSWORD, &r, err))
		return -1;
	if (r.rc)
		return bl_tpmcmd_refused(r.rc, "quote", err);
	if (bl_tpmcmd_quoted(&r, q->kind, data, &got, err))
		return -1;
	memcpy(q->msg, got.msg.p, q->nmsg = got.msg.n);
	memcpy(q->sig, got.sig.p, q->nsig = got.sig.n);
	memcpy(q->digest, got.digest, sizeof q->digest);
	return 0;
}

/* Somebody may extend a PCR between reading and quoting; it takes a machine at work, not an attack. */
static int take(struct bl_tpmdev *d, uint32_t handle, const uint8_t data[32], struct quote *q, struct bl_err *err)
{
	uint8_t digest[32];

	for (int i = 0; i < TRIES; i++) {
		if (read_values(d, q, err) || sign(d, handle, data, q, err))
			return -1;
		bl_hash_sha256(q->value, sizeof q->value, digest);
		if (!memcmp(digest, q->digest, sizeof digest))
			return 0;
	}
	return bl_err_set(err, BL_UNAVAILABLE, "the TPM's PCRs change faster than they can be quoted");
}

/* A key that cannot be flushed is a slot lost until the machine starts again, or until the device is closed, but no quote lost. */
static void flush(struct bl_tpmdev *d, uint32_t handle)
{
	uint8_t cmd[BL_TPMCMD_ROOM];
	struct bl_tpmcmd_response r;
	struct bl_err ignored;

	d->deadline = now() + (d->patience < FLUSH ? d->patience : FLUSH);
	if (handle)
		ask(d, cmd, bl_tpmcmd_flush(cmd, handle), BL_TPMCMD_BARE, &r, &ignored);
}

static int put(const struct quote *q, const struct bl_key *key, struct bl_provider_answer *out, struct bl_err *err)
{
	struct bl_buf pem;
	int rc;

	bl_buf_init(&pem, PEM_MOST);
	bl_key_print(key, &pem);
	rc = pem.failed ? bl_err_set(err, BL_OSERR, "out of memory") :
	     bl_provider_put(out, "quote.msg", q->msg, q->nmsg, err) || bl_provider_put(out, "quote.sig", q->sig, q->nsig, err) ||
	     bl_provider_put(out, "ak_pub.pem", pem.p, pem.len, err) || bl_provider_put(out, "pcrs.bin", q->value, sizeof q->value, err) ? -1 : 0;
	bl_buf_fini(&pem);
	return rc;
}

int bl_tpmdev_quote(struct bl_tpmdev *d, const struct bl_provider_data *data, struct bl_provider_answer *out, struct bl_err *err)
{
	struct bl_key *key = NULL;
	struct quote q = { .nmsg = 0 };
	uint32_t handle = 0;
	int rc;

	d->deadline = now() + d->patience;
	rc = make_key(d, &q.kind, &handle, &key, err) || take(d, handle, data->digest, &q, err) ? -1 : 0;
	flush(d, handle);
	if (!rc)
		rc = put(&q, key, out, err);
	bl_key_free(key);
	return rc;
}

/* --- the technology --- */

static int open_socket(const char *path, struct bl_err *err)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const size_t n = strlen(path);
	int fd;

	if (n >= sizeof a.sun_path)
		return bl_err_set(err, BL_UNAVAILABLE, "'%s': longer than the path of a socket can be", path);
	memcpy(a.sun_path, path, n);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a)) {
		bl_err_sys(err, BL_UNAVAILABLE, "cannot reach a TPM at '%s'", path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

static int open_device(const char *path, struct bl_err *err)
{
	const int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	const bool denied = fd < 0 && errno == EACCES;

	if (fd < 0)
		bl_err_sys(err, BL_UNAVAILABLE, "cannot open the TPM '%s'", path);
	if (denied)
		bl_err_hint(err, "its group (often tss) may use it: let the helper's user be a member");
	return fd;
}

/* Nothing is asked here: what a TPM says is not for the process that holds keys. */
static void *open_root(const char *root, enum bl_statement_class *class, struct bl_err *err)
{
	struct bl_tpmdev *d;
	struct stat st;
	int fd = -1;

	if (stat(root, &st))
		bl_err_sys(err, BL_UNAVAILABLE, "no TPM at '%s'", root);
	else if (S_ISSOCK(st.st_mode))
		fd = open_socket(root, err);
	else if (S_ISCHR(st.st_mode))
		fd = open_device(root, err);
	else
		bl_err_set(err, BL_UNAVAILABLE, "'%s' is neither a device nor a socket", root);
	if (fd < 0)
		return NULL;
	if (!(d = calloc(1, sizeof *d))) {
		bl_err_set(err, BL_OSERR, "out of memory");
		close(fd);
		return NULL;
	}
	d->fd = fd;
	d->is_socket = S_ISSOCK(st.st_mode);
	d->patience = PATIENCE;
	*class = BL_STATEMENT_TPM2;
	return d;
}

static int quote(void *device, const struct bl_provider_data *data, struct bl_provider_answer *out, struct bl_err *err)
{
	return bl_tpmdev_quote(device, data, out, err);
}

static void close_device(void *device)
{
	struct bl_tpmdev *d = device;

	close(d->fd);
	free(d);
}

/* Only where it is named: a TPM is in most machines, and says less of them than what else is tried. */
const struct bl_provider_tech bl_tpmdev_tech = {
	.name = "tpm2", .root = "/dev/tpmrm0", .probed = false, .open = open_root, .quote = quote, .close = close_device,
};
