/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program on directories of our own making, as its users have them: an AMD and an Intel in order, and one thing wrong at a time:
 * revoked, expired, stale, signed by somebody else, updated. Exit status and reason are what is promised.
 */
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../attest-amd.h"
#include "../attest-quote.h"
#include "../tap.h"
#include "base/json.h"
#include "crypt/mem.h"

extern char **environ;
static struct bl_arena arena;
static struct bl_err err;
static char program[512], dir[] = "/tmp/bl-made-XXXXXX", evidence[64], root_pem[64];

/* --- files --- */

static void put(const char *where, const char *name, const void *p, size_t n)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", where, name);
	f = fopen(path, "wb");
	assert(f && fwrite(p, 1, n, f) == n);
	fclose(f);
}

static void put_pem(const char *where, const char *name, const struct attest_cert *a, const struct attest_cert *b)
{
	struct bl_buf pem;

	bl_buf_init(&pem, 1 << 16);
	attest_pem(&pem, a);
	if (b)
		attest_pem(&pem, b);
	put(where, name, pem.p, pem.len);
	bl_buf_fini(&pem);
}

static void sweep(const char *where)
{
	char cmd[128];

	snprintf(cmd, sizeof cmd, "rm -rf '%s'", where);
	if (system(cmd))
		fprintf(stderr, "cannot sweep %s\n", where);
}

/* --- the program --- */

struct answer { int rc; char reason[64]; int authentic; };

static struct answer ask(int64_t time)
{
	char when[32], out[1 << 16];
	char *argv[] = { program, (char *)"verify", (char *)"--json", (char *)"--root", root_pem, (char *)"--time", when, evidence, NULL };
	struct answer a = { .rc = -1, .authentic = -2 };
	posix_spawn_file_actions_t fa;
	struct bl_json *j;
	const struct bl_json *authentic;
	const char *reason;
	size_t n = 0;
	ssize_t got;
	int fd[2], status;
	pid_t pid;

	snprintf(when, sizeof when, "%lld", (long long)time);
	if (pipe(fd))
		return a;
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, fd[1], 1);
	posix_spawn_file_actions_addclose(&fa, fd[0]);
	posix_spawn_file_actions_addopen(&fa, 2, "/dev/null", O_WRONLY, 0);
	status = posix_spawn(&pid, program, &fa, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	close(fd[1]);
	while (!status && n < sizeof out && (got = read(fd[0], out + n, sizeof out - n)) > 0)
		n += (size_t)got;
	close(fd[0]);
	if (status || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return a;
	a.rc = WEXITSTATUS(status);
	if ((j = bl_json_parse(out, n, 32, BL_DATA, &err))) {
		reason = bl_json_get_text(j, "reason");
		snprintf(a.reason, sizeof a.reason, "%s", reason ? reason : "none");
		authentic = bl_json_get(j, "authentic");
		a.authentic = authentic && bl_json_kind(authentic) == BL_JSON_BOOL ? bl_json_bool(authentic) : -1;
	}
	bl_json_free(j);
	return a;
}

/* reason "none": exit 0. Everything else makes evidence not authentic, but for the status of a platform and what is missing. */
static void expect(int64_t time, const char *reason, const char *promise)
{
	const bool good = !strcmp(reason, "none"), authentic = good || !strcmp(reason, "tcb-status") || !strcmp(reason, "collateral-missing");
	struct answer a = ask(time);

	if (!ok(a.rc == !good && !strcmp(a.reason, reason) && a.authentic == authentic, "%s: %s", promise, reason))
		printf("# exit %d, reason %s, authentic %d\n", a.rc, a.reason, a.authentic);
}

/* --- AMD --- */

static struct attest_cert *ark, *ask_cert, *stranger;

static void amd(const struct amd *w, const char *reason, const char *promise)
{
	struct attest_cert *middle = w->ask_until ? attest_issue(ark, attest_key(ATTEST_RSA4096), &(struct attest_spec){ .subject = "CN=SEV-Milan", .ca = true, .until = w->ask_until }) : ask_cert;
	struct attest_cert *vek = amd_vek(w->vek_by_stranger ? stranger : middle, w);
	uint8_t report[1184], *der;
	size_t n;

	mkdir(evidence, 0700);
	put(evidence, "report.bin", report, amd_report(report, NULL, w->report_by_stranger ? stranger->key : vek->key));
	put(evidence, "vek.der", vek->der, vek->n);
	put_pem(evidence, "ask_ark.pem", middle, ark);
	put_pem(dir, "root.pem", w->other_root ? stranger : ark, NULL);
	if (!w->no_crl) {
		n = attest_crl(ark, &(struct attest_crl_spec){ .from = w->crl_from, .until = w->crl_until, .revoked = { w->revoke_ask ? middle : NULL },
							       .key = w->crl_by_stranger ? stranger->key : NULL }, &der);
		put(evidence, "crl.der", der, n);
		n = attest_crl(middle, &(struct attest_crl_spec){ .revoked = { w->revoke_vek ? vek : NULL } }, &der);
		put(evidence, "crl-ask.der", der, n);
	}
	expect(ATTEST_NOW, reason, promise);
	sweep(evidence);
}

static void amds(void)
{
	ark = attest_issue(NULL, attest_key(ATTEST_RSA4096), &(struct attest_spec){ .subject = "CN=ARK-Milan", .ca = true });
	ask_cert = attest_issue(ark, attest_key(ATTEST_RSA4096), &(struct attest_spec){ .subject = "CN=SEV-Milan", .ca = true });
	stranger = attest_issue(NULL, attest_key(ATTEST_P384), &(struct attest_spec){ .subject = "CN=SEV-Milan", .ca = true });
	amd(&(struct amd){ 0 }, "none", "AMD: in order");
	amd(&(struct amd){ .no_crl = true }, "none", "AMD: without lists the default policy is content");
	amd(&(struct amd){ .revoke_vek = true }, "revoked", "AMD: a revoked VEK");
	amd(&(struct amd){ .revoke_ask = true }, "revoked", "AMD: a revoked ASK");
	amd(&(struct amd){ .vek_until = ATTEST_NOW - 1 }, "cert-expired", "AMD: an expired VEK");
	amd(&(struct amd){ .ask_until = ATTEST_NOW - 1 }, "cert-expired", "AMD: an expired ASK");
	amd(&(struct amd){ .vek_from = ATTEST_NOW + 1 }, "cert-not-yet-valid", "AMD: a VEK of tomorrow");
	amd(&(struct amd){ .crl_until = ATTEST_NOW }, "crl-stale", "AMD: a list at its nextUpdate");
	amd(&(struct amd){ .crl_from = ATTEST_NOW + 1 }, "collateral-future", "AMD: a list of tomorrow");
	amd(&(struct amd){ .crl_by_stranger = true }, "crl-signature", "AMD: a list by another key");
	amd(&(struct amd){ .vek_by_stranger = true }, "chain", "AMD: a VEK by another ASK of that name");
	amd(&(struct amd){ .report_by_stranger = true }, "signature", "AMD: a report by another key");
	amd(&(struct amd){ .other_root = true }, "root-unknown", "AMD: another root");
	amd(&(struct amd){ .snp = 25 }, "tcb-mismatch", "AMD: after a TCB recovery, the new VEK for the old report");
}

/* --- Intel --- */

static void intel_judge(struct intel *i, const char *reason, const char *promise)
{
	struct bl_evidence_files f;

	intel_make(i, &f);
	mkdir(evidence, 0700);
	for (size_t k = 0; k < f.n; k++)
		put(evidence, f.v[k].name, f.v[k].p, f.v[k].n);
	put_pem(dir, "root.pem", i->root, NULL);
	expect(ATTEST_NOW, reason, promise);
	sweep(evidence);
	intel_fini(i);
	bl_arena_fini(&arena);
}

static void intels(bool sgx)
{
	const char *t = sgx ? "SGX" : "TDX";
	struct intel i;
	char promise[128];

#define CASE(reason, what, ...) do { \
	intel_init(&i, &arena); \
	if (sgx) \
		intel_sgx(&i, 3); \
	__VA_ARGS__; \
	snprintf(promise, sizeof promise, "%s: %s", t, what); \
	intel_judge(&i, reason, promise); \
} while (0)
	CASE("none", "in order", (void)0);
	CASE("none", "in order, collateral in one file", i.one_file = true);
	CASE("revoked", "a revoked PCK", i.pck_crl.revoked[0] = i.pck);
	CASE("revoked", "a revoked PCK CA", i.root_crl.revoked[0] = i.ca);
	CASE("revoked", "a revoked TCB signing key", i.root_crl.revoked[0] = i.tcb);
	CASE("cert-expired", "an expired PCK", intel_pck(&i, i.ca, NULL, 0, ATTEST_NOW - 1));
	CASE("cert-not-yet-valid", "a PCK of tomorrow", intel_pck(&i, i.ca, NULL, ATTEST_NOW + 1, 0));
	CASE("crl-stale", "a PCK list at its nextUpdate", i.pck_crl.until = ATTEST_NOW);
	CASE("crl-stale", "a root list at its nextUpdate", i.root_crl.until = ATTEST_NOW);
	CASE("crl-signature", "a PCK list by another key", i.pck_crl.key = i.tcb->key);
	CASE("collateral-stale", "TCB info at its nextUpdate", i.expires = ATTEST_NOW);
	CASE("collateral-future", "TCB info of tomorrow", i.issued = ATTEST_NOW + 1);
	CASE("chain", "a PCK by another CA", intel_pck(&i, i.other_ca, NULL, 0, 0));
	CASE("collateral-missing", "no list of the PCK CA", i.without = "pck_crl.der");
	CASE("tcb-status", "after a TCB recovery a platform that was not updated",
	     i.levels = intel_printf(&i, "%s,%s", intel_level(&i, (uint8_t[16]){ 6, 6, 2, 2, 200 }, 300, (uint8_t[16]){ 6, 0, 3 }, "UpToDate", ""),
				     intel_level(&i, (uint8_t[16]){ 5, 5, 2, 2, 200 }, 300, (uint8_t[16]){ 5, 0, 3 }, "OutOfDate", ",\"advisoryIDs\":[\"INTEL-SA-00828\"]")));
#undef CASE
}

int main(void)
{
	const ssize_t n = readlink("/proc/self/exe", program, sizeof program - 32);
	char *at = n > 0 ? strstr(program, "/tests/unit/") : NULL;

	if (!at)
		skip_all("the build tree is not where it was");
	memcpy(at, "/bin/bl-attest", sizeof "/bin/bl-attest");
	if (access(program, X_OK))
		skip_all("bl-attest is not built");
	if (bl_mem_init_hashes(&err) || !mkdtemp(dir))
		return 1;
	bl_json_init();
	bl_arena_init(&arena, 64 << 20);
	snprintf(evidence, sizeof evidence, "%s/evidence", dir);
	snprintf(root_pem, sizeof root_pem, "%s/root.pem", dir);
	amds();
	attest_done();
	intels(false);
	intels(true);
	sweep(dir);
	bl_arena_fini(&arena);
	return tap_done();
}
