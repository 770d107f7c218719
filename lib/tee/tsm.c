/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tsm: evidence by Linux's configfs-tsm (Documentation/ABI/testing/configfs-tsm-report; 6.7 and later), for SEV-SNP and TDX guests
 * alike. A report is a directory that is made, written to and read: inblob in one write, which counts when it is closed; then outblob,
 * and for SNP auxblob, the host's certificates. Who else writes into our directory shows in its generation: that has to have
 * grown by our write alone, or what was read may be over somebody else's data.
 *
 * Where ROOT is named, it may be an ordinary directory that a service watches and fills; its files are waited for.
 */
#include "tee/provider.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"
#include "crypt/mem.h"
#include "tee/devnode.h"

enum {
	ITEM = 40, TEXT = 64, STALE_S = 60,
	APPEAR_TRIES = 500, APPEAR_MS = 2,	/* for a service that fills ROOT */
	BUSY_TRIES = 10, BUSY_MS = 200,		/* for a TDX module that still works on another quote */
};

struct tsm { int root; char provider[TEXT]; enum bl_statement_class class; };

static const struct { const char *provider; enum bl_statement_class class; } classes[] = {
	{ "sev_guest", BL_STATEMENT_SNP }, { "tdx_guest", BL_STATEMENT_TDX },
};

/* --- the files of a report --- */

/* An attribute: one short line, without its newline. */
static int attribute(int item, const char *name, char text[TEXT], struct bl_err *err)
{
	struct bl_buf b;
	int rc;

	bl_buf_init(&b, TEXT - 1);
	if ((rc = bl_devnode_read(item, name, &b)))
		bl_err_sys(err, BL_UNAVAILABLE, "cannot read '%s'", name);
	else
		snprintf(text, TEXT, "%.*s", (int)b.len, b.len ? (const char *)b.p : "");
	text[rc ? 0 : strcspn(text, "\n")] = 0;
	bl_buf_fini(&b);
	return rc;
}

static int generation(int item, uint64_t *v, struct bl_err *err)
{
	char text[TEXT];

	if (attribute(item, "generation", text, err))
		return -1;
	return bl_num_parse_u64(text, strlen(text), v) ? 0 : bl_err_set(err, BL_UNAVAILABLE, "'generation' is no number");
}

static int read_blob(int item, const char *name, struct bl_buf *b, struct bl_err *err)
{
	for (int i = 0; bl_devnode_read(item, name, b); i++) {
		if (i == BUSY_TRIES || (errno != EBUSY && errno != EAGAIN && errno != EINTR))
			return bl_err_sys(err, BL_UNAVAILABLE, "cannot read '%s'", name);
		bl_buf_clear(b);
		poll(NULL, 0, BUSY_MS);
	}
	return b->len ? 0 : bl_err_set(err, BL_UNAVAILABLE, "'%s' is empty", name);
}

/* --- a report: made, used, removed --- */

static int make_item(int root, char name[ITEM], struct bl_err *err)
{
	uint32_t r;
	int fd;

	bl_mem_random(&r, sizeof r);
	snprintf(name, ITEM, "bl-%d-%08x", getpid(), r);
	if (mkdirat(root, name, 0700))
		return bl_err_sys(err, BL_UNAVAILABLE, "cannot make a report");
	if ((fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0)
		return fd;
	bl_err_sys(err, BL_UNAVAILABLE, "cannot open a report");
	unlinkat(root, name, AT_REMOVEDIR);
	return -1;
}

static void drop_item(int root, const char *name, int item)
{
	close(item);
	unlinkat(root, name, AT_REMOVEDIR);
}

/* Who answers, once his files are there: the kernel's are at once. */
static int who(int item, char provider[TEXT], struct bl_err *err)
{
	struct stat st;

	for (int i = 0; i < APPEAR_TRIES && fstatat(item, "provider", &st, 0) && errno == ENOENT; i++)
		poll(NULL, 0, APPEAR_MS);
	return attribute(item, "provider", provider, err);
}

/* Reports of ours whose makers were killed. Another one's with such a name, in use, is younger than that. */
static void sweep(int root)
{
	int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	while (d && (e = readdir(d))) {
		struct stat st;
		int pid, end = 0;
		if (sscanf(e->d_name, "bl-%d-%*8[0-9a-f]%n", &pid, &end) == 1 && end && !e->d_name[end] && kill(pid, 0) && errno == ESRCH &&
		    !fstatat(root, e->d_name, &st, AT_SYMLINK_NOFOLLOW) && time(NULL) - st.st_mtime > STALE_S)
			unlinkat(root, e->d_name, AT_REMOVEDIR);
	}
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
}

/* --- the technology --- */

static void tsm_close(void *device)
{
	struct tsm *t = device;

	close(t->root);
	free(t);
}

static int learn(struct tsm *t, struct bl_err *err)
{
	char name[ITEM];
	int item = make_item(t->root, name, err), rc;

	if (item < 0)
		return -1;
	rc = who(item, t->provider, err);
	drop_item(t->root, name, item);
	if (rc)
		return -1;
	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
		if (!strcmp(classes[i].provider, t->provider)) {
			t->class = classes[i].class;
			return 0;
		}
	return bl_err_set(err, BL_UNAVAILABLE, "evidence of '%s' is not served", t->provider);
}

static void *tsm_open(const char *root, enum bl_statement_class *class, struct bl_err *err)
{
	const int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct tsm *t;

	if (fd < 0) {
		bl_err_sys(err, BL_UNAVAILABLE, "cannot open '%s'", root);
		return NULL;
	}
	if (!(t = calloc(1, sizeof *t))) {
		close(fd);
		bl_err_set(err, BL_OSERR, "out of memory");
		return NULL;
	}
	t->root = fd;
	sweep(fd);
	if (learn(t, err)) {
		bl_err_where(err, "'%s'", root);
		tsm_close(t);
		return NULL;
	}
	*class = t->class;
	return t;
}

static int ask(const struct tsm *t, int item, const uint8_t data[BL_STATEMENT_REPORT], struct bl_buf *out, struct bl_buf *aux, struct bl_err *err)
{
	struct bl_err ignored;
	char provider[TEXT];
	uint64_t before, after;

	if (who(item, provider, err) || generation(item, &before, err) || bl_devnode_write(item, "inblob", data, BL_STATEMENT_REPORT, err) || read_blob(item, "outblob", out, err))
		return -1;
	if (t->class == BL_STATEMENT_SNP && read_blob(item, "auxblob", aux, &ignored))
		bl_buf_clear(aux);	/* no certificates: whoever verifies has them, or not */
	if (generation(item, &after, err) || attribute(item, "provider", provider, err))
		return -1;
	if (after != before + 1)
		return bl_err_set(err, BL_UNAVAILABLE, "the report was not made of our data alone");
	if (strcmp(provider, t->provider))
		return bl_err_set(err, BL_UNAVAILABLE, "'%s' answers now, not '%s'", provider, t->provider);
	return 0;
}

static int tsm_quote(void *device, const struct bl_provider_data *data, struct bl_provider_answer *a, struct bl_err *err)
{
	const struct tsm *t = device;
	struct bl_buf out, aux;
	char name[ITEM];
	int item = make_item(t->root, name, err), rc;

	if (item < 0)
		return -1;
	bl_buf_init(&out, BL_STATEMENT_ROOM);
	bl_buf_init(&aux, BL_STATEMENT_ROOM);
	rc = ask(t, item, data->report, &out, &aux, err);
	drop_item(t->root, name, item);
	if (!rc)
		rc = t->class == BL_STATEMENT_SNP ? bl_provider_put_snp(a, out.p, out.len, aux.p, aux.len, err) :
		     bl_provider_put(a, "quote.bin", out.p, out.len, err);
	bl_buf_fini(&out);
	bl_buf_fini(&aux);
	return rc;
}

const struct bl_provider_tech bl_tsm_tech = { "configfs-tsm", "/sys/kernel/config/tsm/report", true, tsm_open, tsm_quote, tsm_close };
