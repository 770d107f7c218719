/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider: see provider.h. The process that asks is forked before there is a key to inherit (the pool of bl_mem is in no child), lets
 * go of every descriptor but its socket, opens the device, locks itself down around it, and answers one question of 160 bytes.
 */
#include "tee/provider.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attest/files.h"
#include "attest/snp.h"
#include "tee/sandbox.h"

enum { PATIENCE_MS = 30000, ENTRY = 24, ENTRIES = 64 };

_Static_assert(sizeof(struct bl_provider_data) == 160, "the question");

static const struct bl_provider_tech *const techs[] = { &bl_tsm_tech, &bl_sevguest_tech, &bl_gramine_tech, &bl_nsm_tech, &bl_tpmdev_tech };
enum { TECHS = sizeof techs / sizeof *techs };

const struct bl_provider_tech *bl_provider_tech_at(size_t i)
{
	return i < TECHS ? techs[i] : NULL;
}

/* --- what a device said --- */

void bl_provider_init(struct bl_provider_answer *a)
{
	a->pieces.n = 0;
	bl_buf_init(&a->room, BL_STATEMENT_ROOM);
}

void bl_provider_fini(struct bl_provider_answer *a)
{
	a->pieces.n = 0;
	bl_buf_fini(&a->room);
}

int bl_provider_put(struct bl_provider_answer *a, const char *name, const void *p, size_t n, struct bl_err *err)
{
	struct bl_statement_pieces *s = &a->pieces;
	const uint8_t *at;

	if (strlen(name) >= BL_STATEMENT_NAME || !(bl_files_is_evidence(name) || bl_files_known(name)))
		return bl_err_set(err, BL_UNAVAILABLE, "'%s' is no name of evidence", name);
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->v[i].name, name))
			return bl_err_set(err, BL_UNAVAILABLE, "'%s' came twice", name);
	if (!n || s->n == BL_STATEMENT_PIECES || n > BL_STATEMENT_ROOM - a->room.len)
		return bl_err_set(err, BL_UNAVAILABLE, "'%s' is empty, or more than evidence may be (%d bytes)", name, BL_STATEMENT_ROOM);
	bl_buf_put(&a->room, p, n);
	if (a->room.failed)
		return bl_err_set(err, BL_OSERR, "out of memory");
	strcpy(s->v[s->n].name, name);
	s->v[s->n++].n = n;
	at = a->room.p;			/* which may have moved */
	for (size_t i = 0; i < s->n; at += s->v[i++].n)
		s->v[i].p = at;
	return 0;
}

/* How long a table of certificates is: to the end of the last one. 0: none that is whole. */
static size_t table_end(const uint8_t *p, size_t n)
{
	static const uint8_t none[ENTRY];
	size_t end = 0, i;

	for (i = 0; i < ENTRIES && (i + 1) * ENTRY <= n && memcmp(p + i * ENTRY, none, ENTRY); i++) {
		const size_t at = bl_le32(p + i * ENTRY + 16), len = bl_le32(p + i * ENTRY + 20);
		if (at > n || len > n - at)
			return 0;
		end = at + len > end ? at + len : end;
	}
	if (!i || i == ENTRIES || (i + 1) * ENTRY > n)
		return 0;
	return end > (i + 1) * ENTRY ? end : (i + 1) * ENTRY;
}

int bl_provider_put_snp(struct bl_provider_answer *a, const void *report, size_t n, const void *table, size_t ntable, struct bl_err *err)
{
	const size_t end = table ? table_end(table, ntable) : 0;
	struct bl_buf b;
	int rc;

	if (n != BL_SNP_REPORT)
		return bl_err_set(err, BL_UNAVAILABLE, "a report of %zu bytes, not %d", n, BL_SNP_REPORT);
	if (!end || end > BL_STATEMENT_ROOM - BL_SNP_REPORT)
		return bl_provider_put(a, "report.bin", report, n, err);
	bl_buf_init(&b, BL_STATEMENT_ROOM);
	bl_buf_put(&b, report, n);
	bl_buf_put(&b, table, end);
	rc = b.failed ? bl_err_set(err, BL_OSERR, "out of memory") : bl_provider_put(a, "extended.bin", b.p, b.len, err);
	bl_buf_fini(&b);
	return rc;
}

/* --- the packet that carries it --- */

static void put_answer(struct bl_buf *b, int code, const struct bl_provider_answer *a)
{
	bl_buf_put32(b, (uint32_t)code);
	for (size_t i = 0; !code && i < a->pieces.n; i++) {
		const struct bl_statement_piece *piece = &a->pieces.v[i];
		bl_buf_put8(b, (uint8_t)strlen(piece->name));
		bl_buf_puts(b, piece->name);
		bl_buf_put32(b, (uint32_t)piece->n);
		bl_buf_put(b, piece->p, piece->n);
	}
}

static int read_piece(struct bl_provider_answer *a, struct bl_cur *c, struct bl_err *err)
{
	char name[BL_STATEMENT_NAME] = "";
	const uint8_t len = bl_cur_get8(c), *text = len < sizeof name ? bl_cur_get(c, len) : NULL, *p;
	uint32_t n;

	if (text)
		memcpy(name, text, len);
	n = bl_cur_get32(c);
	p = bl_cur_get(c, n);
	if (!text || !p || strlen(name) != len || strchr(name, '/'))
		return bl_err_set(err, BL_UNAVAILABLE, "the platform's evidence came malformed");
	return bl_provider_put(a, name, p, n, err);
}

int bl_provider_read(struct bl_provider_answer *a, const uint8_t *p, size_t n, struct bl_err *err)
{
	struct bl_cur c;
	uint32_t code;

	bl_cur_init(&c, p, n);
	code = bl_cur_get32(&c);
	if (c.bad || (code ? c.left : !c.left))
		return bl_err_set(err, BL_UNAVAILABLE, "the platform's evidence came malformed");
	if (code)
		return bl_err_set(err, BL_UNAVAILABLE, "the platform gave no evidence");
	while (c.left)
		if (read_piece(a, &c, err))
			return -1;
	return 0;
}

/* --- NAME[:ROOT] --- */

int bl_provider_parse(const char *spec, const struct bl_provider_tech **tech, const char **root, struct bl_err *err)
{
	const char *colon = strchr(spec, ':');
	const size_t n = colon ? (size_t)(colon - spec) : strlen(spec);

	*tech = NULL;
	*root = NULL;
	if (!strcmp(spec, "software"))
		return 0;
	if (colon && colon[1] != '/')
		return bl_err_set(err, BL_USAGE, "provider '%s': its root is no absolute path", spec);
	for (size_t i = 0; i < TECHS; i++) {
		if (strlen(techs[i]->name) != n || memcmp(techs[i]->name, spec, n))
			continue;
		*tech = techs[i];
		*root = colon ? colon + 1 : techs[i]->root;
		return 0;
	}
	bl_err_set(err, BL_USAGE, "provider '%s' is none", spec);
	return bl_err_hint(err, "bl-tee check lists them");
}

/* --- the process that asks --- */

/* The question, whole; false when the helper went away or sent something else. */
static bool hear(int sock, struct bl_provider_data *data)
{
	struct bl_provider_data more[2];
	ssize_t n;

	do
		n = recv(sock, more, sizeof more, 0);
	while (n < 0 && errno == EINTR);
	*data = more[0];
	return n == sizeof *data;
}

static void say(int sock, int code, const struct bl_provider_answer *a)
{
	struct bl_buf b;

	bl_buf_init(&b, BL_PROVIDER_PACKET);
	put_answer(&b, code, a);
	if (!b.failed)
		while (sendto(sock, b.p, b.len, MSG_NOSIGNAL, NULL, 0) < 0 && errno == EINTR)
			;
	bl_buf_fini(&b);
}

static void answer(const struct bl_provider_tech *tech, const char *root, int sock, pid_t helper)
{
	enum bl_statement_class class;
	struct bl_provider_answer a;
	struct bl_provider_data data;
	struct bl_err err = { 0 };
	void *device;
	int rc = -1;

	if (bl_sandbox_begin_child(helper, sock, &err))
		return;
	device = tech->open(root, &class, &err);
	bl_sandbox_enter_child(root);
	bl_provider_init(&a);
	if (hear(sock, &data)) {
		/* A device that never answers must not keep us: the helper has given up by then, and perhaps gone. */
		alarm(PATIENCE_MS / 1000);
		if (device)
			rc = tech->quote(device, &data, &a, &err);
		say(sock, rc ? err.code ? err.code : BL_UNAVAILABLE : 0, &a);
	}
	if (device)
		tech->close(device);
	bl_provider_fini(&a);
}

/* --- the helper's side --- */

static void *see(struct bl_provider *p, const struct bl_provider_tech *tech, const char *root, struct bl_err *err)
{
	void *device = tech->open(root, &p->class, err);

	if (device)
		tech->close(device);
	else
		bl_err_where(err, "provider '%s'", tech->name);
	return device;
}

static int find(struct bl_provider *p, const char *spec, const struct bl_provider_tech **tech, const char **root, struct bl_err *err)
{
	struct bl_err ignored;

	if (spec) {
		if (bl_provider_parse(spec, tech, root, err))
			return -1;
		return !*tech || see(p, *tech, *root, err) ? 0 : -1;
	}
	*tech = NULL;
	for (size_t i = 0; i < TECHS && !*tech; i++)
		if (techs[i]->probed && see(p, techs[i], *root = techs[i]->root, &ignored))
			*tech = techs[i];
	return 0;
}

int bl_provider_start(struct bl_provider *p, const char *spec, struct bl_err *err)
{
	const struct bl_provider_tech *tech;
	const char *root = NULL;
	const pid_t helper = getpid();
	int pair[2];

	*p = (struct bl_provider){ .sock = -1, .pid = -1, .class = BL_STATEMENT_SOFTWARE, .name = "software" };
	if (find(p, spec, &tech, &root, err))
		return -1;
	if (!tech) {
		p->class = BL_STATEMENT_SOFTWARE;
		return 0;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return bl_err_sys(err, BL_OSERR, "provider '%s': cannot make a socket", tech->name);
	if ((p->pid = fork()) < 0) {
		bl_err_sys(err, BL_OSERR, "provider '%s': cannot start a process", tech->name);
		close(pair[0]);
		close(pair[1]);
		return -1;
	}
	if (!p->pid) {
		answer(tech, root, pair[1], helper);
		_exit(0);
	}
	close(pair[1]);
	p->sock = pair[0];
	p->name = tech->name;
	return 0;
}

/* One packet, in time; its length, or -1. */
static ssize_t wait_for(int sock, uint8_t packet[BL_PROVIDER_PACKET])
{
	struct iovec iov = { packet, BL_PROVIDER_PACKET };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct pollfd p = { .fd = sock, .events = POLLIN };
	ssize_t n;
	int rc;

	do
		rc = poll(&p, 1, PATIENCE_MS);
	while (rc < 0 && errno == EINTR);
	if (rc != 1)
		return -1;
	do
		n = recvmsg(sock, &m, 0);
	while (n < 0 && errno == EINTR);
	return m.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -1 : n;
}

int bl_provider_ask(struct bl_provider *p, const struct bl_provider_data *data, struct bl_provider_answer *a, struct bl_err *err)
{
	uint8_t *packet = malloc(BL_PROVIDER_PACKET);
	ssize_t n = -1;
	int rc;

	assert(p->sock >= 0);
	if (packet && sendto(p->sock, data, sizeof *data, MSG_NOSIGNAL, NULL, 0) == sizeof *data)
		n = wait_for(p->sock, packet);
	rc = n > 0 ? bl_provider_read(a, packet, (size_t)n, err) :
	     bl_err_set(err, packet ? BL_UNAVAILABLE : BL_OSERR, packet ? "the platform's evidence does not come" : "out of memory");
	free(packet);
	bl_provider_stop(p);
	return rc ? bl_err_where(err, "provider '%s'", p->name) : 0;
}

void bl_provider_stop(struct bl_provider *p)
{
	if (p->sock >= 0)
		close(p->sock);
	p->sock = -1;
}
