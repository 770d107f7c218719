/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gramine's files as we play them: named pipes, so that whoever reads the quote waits for it, served by a thread. The whole way too: the
 * process that asks, under its lockdown, with nothing open to it but these files.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../device.h"
#include "../tap.h"
#include "crypt/mem.h"

static struct device platform;
static struct bl_err err;
static struct bl_provider_data question;
static struct bl_provider_answer got;
static char place[] = "/tmp/bl-gramine.XXXXXX";

enum mood { GOOD, EMPTY, HUGE_ONE, OTHER, CUT };
static enum mood mood;

static const char *path_of(const char *name)
{
	static __thread char path[64];

	snprintf(path, sizeof path, "%s/%s", place, name);
	return path;
}

/* One question. */
static void *serve(void *unused)
{
	uint8_t data[65];
	struct bl_buf b;
	int in = open(path_of("user_report_data"), O_RDONLY | O_CLOEXEC), out;
	ssize_t n = read(in, data, sizeof data), more;

	while (n > 0 && n < 65 && (more = read(in, data + n, (size_t)(65 - n))) > 0)
		n += more;
	close(in);
	bl_buf_init(&b, 1 << 20);
	data[0] ^= mood == OTHER;
	device_quote(&platform, BL_STATEMENT_SGX, data, &b);
	while (mood == HUGE_ONE && b.len < 100000)
		bl_buf_put8(&b, 0);
	b.len = mood == EMPTY || n != 64 ? 0 : mood == CUT ? b.len - 100 : b.len;
	out = open(path_of("quote"), O_WRONLY | O_CLOEXEC);
	for (size_t done = 0; done < b.len && (n = write(out, b.p + done, b.len - done)) > 0; done += (size_t)n)
		;
	close(out);
	bl_buf_fini(&b);
	return unused;
}

static void type(const char *s)
{
	FILE *f = fopen(path_of("attestation_type"), "w");

	fputs(s, f);
	fclose(f);
}

static int ask_it(enum mood m)
{
	enum bl_statement_class class = BL_STATEMENT_SOFTWARE;
	void *device = bl_gramine_tech.open(place, &class, &err);
	pthread_t t;
	int rc;

	mood = m;
	bl_provider_fini(&got);
	bl_provider_init(&got);
	memset(&err, 0, sizeof err);
	pthread_create(&t, NULL, serve, NULL);
	rc = device && class == BL_STATEMENT_SGX ? bl_gramine_tech.quote(device, &question, &got, &err) : -2;
	pthread_join(t, NULL);
	if (device)
		bl_gramine_tech.close(device);
	return rc;
}

static void refuses_type(const char *s, const char *promise)
{
	enum bl_statement_class class;

	type(s);
	ok(!bl_gramine_tech.open(place, &class, &err) && err.code == BL_UNAVAILABLE, "refuses %s: %s", promise, err.msg);
}

static void test_process(void)
{
	struct bl_provider p;
	char spec[64];
	pthread_t t;

	snprintf(spec, sizeof spec, "gramine:%s", place);
	bl_provider_fini(&got);
	bl_provider_init(&got);
	mood = GOOD;
	ok(!bl_provider_start(&p, spec, &err) && p.class == BL_STATEMENT_SGX, "a provider starts: %s", err.msg);
	pthread_create(&t, NULL, serve, NULL);
	ok(!bl_provider_ask(&p, &question, &got, &err) && device_proves(&platform, p.class, &got, question.report, 64),
	   "its process answers with what verifies: %s", err.msg);
	pthread_join(t, NULL);
	waitpid(p.pid, NULL, 0);
}

int main(void)
{
	enum bl_statement_class class;
	uint8_t other[64];

	if (!mkdtemp(place) || mkfifo(path_of("user_report_data"), 0600) || mkfifo(path_of("quote"), 0600))
		skip_all("no room in /tmp");
	if (bl_mem_init(true, &err))
		return 71;
	bl_json_init();
	device_init(&platform, ATTEST_NOW);
	memset(&question, 0x5a, sizeof question);
	memset(other, 0xa5, sizeof other);
	bl_provider_init(&got);
	alarm(60);
	signal(SIGPIPE, SIG_IGN);

	type("dcap");
	ok(!ask_it(GOOD) && got.pieces.n == 1 && !strcmp(got.pieces.v[0].name, "quote.bin"), "the quote is the evidence: %s", err.msg);
	ok(device_proves(&platform, BL_STATEMENT_SGX, &got, question.report, 64), "it verifies for the data that were asked for");
	ok(!device_proves(&platform, BL_STATEMENT_SGX, &got, other, 64), "and not for others");
	type("dcap\n");
	ok(!ask_it(OTHER) && !device_proves(&platform, BL_STATEMENT_SGX, &got, question.report, 64), "a quote over other data proves nothing about ours");
	ok(!ask_it(CUT) && !device_proves(&platform, BL_STATEMENT_SGX, &got, question.report, 64), "nor does one that is cut short");
	ok(ask_it(EMPTY) == -1 && err.code == BL_UNAVAILABLE && !got.pieces.n, "refuses an empty quote: %s", err.msg);
	ok(ask_it(HUGE_ONE) == -1 && err.code == BL_UNAVAILABLE && !got.pieces.n, "refuses a quote of 100,000 bytes: %s", err.msg);
	test_process();
	refuses_type("epid", "quotes of EPID");
	refuses_type("none", "an enclave without attestation");
	refuses_type("", "an empty type");
	refuses_type("dcap and more, and more, and more, and more", "a long type");
	unlink(path_of("attestation_type"));
	ok(!bl_gramine_tech.open(place, &class, &err) && err.code == BL_UNAVAILABLE, "refuses a folder that is not Gramine's: %s", err.msg);
	ok(!bl_gramine_tech.open("/nonexistent", &class, &err) && err.code == BL_UNAVAILABLE, "refuses a root that is not there: %s", err.msg);
	unlink(path_of("user_report_data"));
	unlink(path_of("quote"));
	rmdir(place);
	bl_provider_fini(&got);
	device_fini(&platform);
	return tap_done();
}
