/* SPDX-License-Identifier: Apache-2.0 */
/* /dev/sev-guest as we play it: its ioctl is taken to a host of our own, whose certificates, errors and moods a test chooses. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../device.h"
#include "../tap.h"
#include "crypt/mem.h"

static struct device platform;
static struct host {
	bool no_certs, no_extended, other_data, huge, garbage;
	int busy;			/* answers of the host that say so first */
	uint32_t firmware, status, size, want;	/* want: bytes of certificates that it asks room for; 0: as many as it has */
	unsigned plain, asked, extended;	/* requests that came */
} host;

static int host_ioctl(int fd, unsigned long nr, void *arg);
static int host_poll(void *p, unsigned long n, int ms)
{
	(void)p, (void)n, (void)ms;
	return 0;
}
#define ioctl(fd, nr, arg) host_ioctl(fd, nr, arg)
#define poll(p, n, ms) host_poll(p, n, ms)
#include "../../lib/tee/sevguest.c"
#undef ioctl
#undef poll

static int fail(struct message *m, uint32_t firmware, uint32_t vmm)
{
	m->firmware = firmware;
	m->host = vmm;
	errno = EIO;
	return -1;
}

static int host_ioctl(int fd, unsigned long nr, void *arg)
{
	struct message *m = arg;
	const struct request *q = (const void *)(uintptr_t)m->request;
	struct extended *x = (void *)(uintptr_t)m->request;
	struct response *r = (void *)(uintptr_t)m->response;
	static struct bl_buf report, table;
	uint8_t data[64];

	host.asked++;
	if (fd < 0 || m->version != 1 || q->vmpl || (nr != _IOWR('S', 0, struct message) && nr != _IOWR('S', 2, struct message))) {
		errno = EINVAL;
		return -1;
	}
	if (host.busy && host.busy--)
		return fail(m, 0xffffffff, 2);
	if (host.firmware)
		return fail(m, host.firmware, 0);
	if (nr == _IOWR('S', 2, struct message) && host.no_extended) {
		errno = ENOTTY;
		return -1;
	}
	bl_buf_init(&report, 1 << 16);
	bl_buf_init(&table, 1 << 16);
	memcpy(data, q->user_data, 64);
	data[0] ^= host.other_data;
	device_report(&platform, data, &report);
	device_table(&platform, &table);
	if (nr == _IOWR('S', 2, struct message) && !host.no_certs) {
		const uint32_t want = host.want ? host.want : (uint32_t)((table.len + 4095) & ~4095u);
		if (x->ncerts < want) {
			x->ncerts = want;
			bl_buf_fini(&report);
			bl_buf_fini(&table);
			return fail(m, 0xffffffff, 1);
		}
		if (host.garbage)
			memset(table.p, 0xff, table.len);
		memcpy((void *)(uintptr_t)x->certs, table.p, table.len);
		host.extended++;
	}
	host.plain += nr == _IOWR('S', 0, struct message);
	memset(r, 0, sizeof *r);
	r->status = host.status;
	r->size = host.size ? host.size : host.huge ? UINT32_MAX : BL_SNP_REPORT;
	memcpy(r->report, report.p, report.len);
	bl_buf_fini(&report);
	bl_buf_fini(&table);
	return 0;
}

/* --- a question --- */

static struct bl_err err;
static struct bl_provider_data question;
static struct bl_provider_answer got;

static int ask_it(const struct host *h)
{
	enum bl_statement_class class = BL_STATEMENT_SOFTWARE;
	void *device = bl_sevguest_tech.open("/dev/null", &class, &err);
	int rc;

	host = *h;
	bl_provider_fini(&got);
	bl_provider_init(&got);
	memset(&err, 0, sizeof err);
	rc = device && class == BL_STATEMENT_SNP ? bl_sevguest_tech.quote(device, &question, &got, &err) : -2;
	if (device)
		bl_sevguest_tech.close(device);
	return rc;
}

static bool proves(const char *name)
{
	return got.pieces.n == 1 && !strcmp(got.pieces.v[0].name, name) && device_proves(&platform, BL_STATEMENT_SNP, &got, question.report, 64);
}

static bool refused(const struct host *h)
{
	return ask_it(h) == -1 && err.code == BL_UNAVAILABLE && !got.pieces.n;
}

int main(void)
{
	uint8_t other[64];
	enum bl_statement_class class;

	if (bl_mem_init(true, &err))
		return 71;
	bl_json_init();
	device_init(&platform, ATTEST_NOW);
	memset(&question, 0x5a, sizeof question);
	memset(other, 0xa5, sizeof other);
	bl_provider_init(&got);

	ok(!ask_it(&(struct host){ 0 }) && proves("extended.bin"), "an extended report verifies by itself: %s", err.msg);
	ok(host.extended == 1 && !host.plain, "after the host said how much room it wants");
	ok(!device_proves(&platform, BL_STATEMENT_SNP, &got, other, 64), "and not for other data");
	ok(!ask_it(&(struct host){ .no_certs = true }) && !strcmp(got.pieces.v[0].name, "report.bin"), "a host without certificates: the report alone");
	ok(!ask_it(&(struct host){ .no_extended = true }) && !strcmp(got.pieces.v[0].name, "report.bin") && host.plain == 1,
	   "no extended requests: a plain one");
	ok(!ask_it(&(struct host){ .want = 5 * 4096 }) && !strcmp(got.pieces.v[0].name, "report.bin"), "a host that wants more room than there may be: a plain one");
	ok(!ask_it(&(struct host){ .want = 4095 }) && !strcmp(got.pieces.v[0].name, "report.bin"), "or parts of pages");
	ok(!ask_it(&(struct host){ .garbage = true }) && !strcmp(got.pieces.v[0].name, "report.bin"), "a table that is none is left out");
	ok(!ask_it(&(struct host){ .busy = 3 }) && proves("extended.bin"), "a busy host is asked again");
	ok(refused(&(struct host){ .busy = 1000 }), "and not for ever: %s", err.msg);
	is_int(host.asked, 10, "five times, each way");
	ok(refused(&(struct host){ .firmware = 0x16 }) && strstr(err.msg, "0x16"), "refuses what the firmware refuses, and says its code: %s", err.msg);
	ok(refused(&(struct host){ .status = 0x16 }), "refuses a report whose status is not 0: %s", err.msg);
	ok(refused(&(struct host){ .size = BL_SNP_REPORT - 1 }), "refuses a report that is too short: %s", err.msg);
	ok(refused(&(struct host){ .huge = true }), "refuses a report longer than its answer: %s", err.msg);
	ok(!ask_it(&(struct host){ .other_data = true }) && !proves("extended.bin"), "a report over other data proves nothing about ours");
	ok(!bl_sevguest_tech.open("/nonexistent/sev-guest", &class, &err) && err.code == BL_UNAVAILABLE, "refuses a device that is not there: %s", err.msg);
	bl_provider_fini(&got);
	device_fini(&platform);
	return tap_done();
}
