/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bl-tee: the helper. With a socket as descriptor 3, a vault's directory as descriptor 4 and no arguments, or --provider alone, it locks
 * itself down and serves one session, without a word on any other channel. As /init of a virtual machine it does that
 * in a process of its own, behind the machine's port. From a terminal: `check` tells what of that holds on this machine.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mask.h"
#include "base/opt.h"
#include "base/out.h"
#include "crypt/mem.h"
#include "policy/vault.h"
#include "tee/build.h"
#include "tee/init.h"
#include "tee/provider.h"
#include "tee/sandbox.h"
#include "tee/session.h"
#include "tee/spawn.h"
#include "tee/wire.h"

/* --- the helper --- */

/* Its client is the first process of a virtual machine. */
static bool is_in_vm(int argc, char **argv)
{
	return argc == 2 && !strcmp(argv[1], "vm");
}

static bool is_spawned(int argc, char **argv)
{
	int domain = 0, type = 0;
	socklen_t n = sizeof domain, m = sizeof type;
	struct stat st;

	if (argc != 1 && !is_in_vm(argc, argv) && (argc != 3 || strcmp(argv[1], "--provider")))
		return false;
	return !getsockopt(BL_SPAWN_SOCK, SOL_SOCKET, SO_DOMAIN, &domain, &n) && domain == AF_UNIX &&
	       !getsockopt(BL_SPAWN_SOCK, SOL_SOCKET, SO_TYPE, &type, &m) && type == SOCK_SEQPACKET &&
	       !fstat(BL_SPAWN_VAULT, &st) && S_ISDIR(st.st_mode);
}

static int by_byte(const void *a, const void *b)
{
	return memcmp(a, b, 1);
}

/* The C library asks for the size of memory when something large is sorted for the first time, and remembers it. */
static void prime_sort(void)
{
	char large[2048] = { 0 };

	qsort(large, sizeof large, 1, by_byte);
}

/* Everything that opens a file or asks the system comes before bl_sandbox_enter. */
static int serve(uint8_t backend, const char *spec, struct bl_err *err)
{
	static const int keep[] = { BL_SPAWN_SOCK, BL_SPAWN_VAULT };
	struct bl_provider provider;
	struct bl_session_self self = { .backend = backend };
	struct bl_vault vault;
	int rc;

	if (bl_sandbox_begin(keep, 2, &self.mask, err) || bl_mem_init(true, err))
		return -1;
	bl_build_read(self.build);
	bl_json_init();
	prime_sort();
	signal(SIGCHLD, SIG_IGN);		/* who asks the platform ends before us, and nobody waits for it */
	if (bl_provider_start(&provider, spec, err) || bl_vault_open(&vault, BL_SPAWN_VAULT, "vault", err))
		return -1;
	close(BL_SPAWN_VAULT);
	const int sync_fd[] = { vault.journal, vault.checkpoint, vault.cells, vault.snapshot };
	rc = bl_sandbox_enter(BL_SPAWN_SOCK, provider.sock, sync_fd, vault.snapshot < 0 ? 3 : 4, &self.mask, err) ? -1 :
	     bl_session_run(BL_SPAWN_SOCK, &vault, &provider, &self, err);
	bl_provider_stop(&provider);
	bl_vault_close(&vault);
	return rc;
}

/* --- check --- */

static bool json;

static const char *const layers[BL_MASK_COUNT] = {
	[BL_MASK_NNP] = "can gain no privileges",
	[BL_MASK_NODUMP] = "no process of its user can trace it or read its memory",
	[BL_MASK_NOCORE] = "leaves no core file",
	[BL_MASK_USERNS] = "user namespace of its own",
	[BL_MASK_NETNS] = "no network",
	[BL_MASK_MNTNS] = "mounts of its own",
	[BL_MASK_IPCNS] = "no System V objects, host name or control groups of others",
	[BL_MASK_EMPTYROOT] = "an empty, read-only root directory",
	[BL_MASK_NOCAPS] = "no capabilities, none to be had",
	[BL_MASK_LANDLOCK] = "no file, port or abstract socket can be opened (landlock)",
	[BL_MASK_SECCOMP] = "system calls outside a short list end it",
	[BL_MASK_MEMLOCK] = "keys are never swapped",
	[BL_MASK_SECRETMEM] = "keys are hidden from every other mapping (memfd_secret)",
	[BL_MASK_MDWE] = "memory cannot become executable",
	[BL_MASK_CLOSEFDS] = "inherits no descriptor",
	[BL_MASK_UNTRACED] = "was not traced when it started",
	[BL_MASK_UNREADABLE] = "its file cannot be read by its user, so it is untraceable from the first instruction",
	[BL_MASK_OTHERUID] = "runs as another user than its client",
};

/* A value that weakens, and how. prefix: compared with the beginning only. */
static const struct setting {
	const char *name, *path, *weak, *why;
	bool prefix, needed;		/* needed: weak when the kernel does not know it */
} settings[] = {
	{ "fs.suid_dumpable", "/proc/sys/fs/suid_dumpable", "1", "a helper that its user cannot read is traceable until it locks down", false, false },
	{ "kernel.apparmor_restrict_unprivileged_userns", "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
	  "only root's helper gets namespaces and an empty root", false, false },
	{ "kernel.core_pattern", "/proc/sys/kernel/core_pattern", "|", "dumps go to a program whatever the limit says; only nodump stops them", true, false },
	{ "kernel.unprivileged_userns_clone", "/proc/sys/kernel/unprivileged_userns_clone", "0",
	  "only root's helper gets namespaces and an empty root", false, false },
	{ "kernel.yama.ptrace_scope", "/proc/sys/kernel/yama/ptrace_scope", "0",
	  "a helper that its user can read is traceable until it locks down", false, true },
	{ "secretmem.enable", "/sys/module/secretmem/parameters/enable", "N", "keys are locked in memory but not hidden", false, false },
	{ "swap", "/proc/swaps", "/", "rows, unlike keys, may be written to it", true, false },
	{ "user.max_user_namespaces", "/proc/sys/user/max_user_namespaces", "0", "only root's helper gets namespaces and an empty root", false, false },
};
enum { SETTINGS = sizeof settings / sizeof *settings, VALUE = 256 };

/* The first line of it; of the list of swaps, which has a heading, the second. */
static bool read_setting(const struct setting *s, char value[VALUE])
{
	char text[1024], *at = text;
	struct bl_err ignored;
	ssize_t n;
	int fd = open(s->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	n = bl_file_readn(fd, text, sizeof text - 1, &ignored);
	close(fd);
	if (n < 0)
		return false;
	text[n] = 0;
	if (!strcmp(s->name, "swap")) {
		at = strchr(text, '\n');
		at = at && at[1] ? at + 1 : strcpy(text, "none");
		at[strcspn(at, " \t")] = 0;
	}
	snprintf(value, VALUE, "%.*s", (int)strcspn(at, "\n"), at);
	return true;
}

/* value NULL: there is none. */
static bool is_weak(const struct setting *s, const char *value)
{
	if (!value)
		return s->needed;
	return s->prefix ? !strncmp(value, s->weak, strlen(s->weak)) : !strcmp(value, s->weak);
}

/* A child of this very program locks itself down and says what holds. */
static int ask_child(uint32_t *mask, struct bl_err *err)
{
	int p[2], status = 0;
	ssize_t n;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) || (pid = fork()) < 0)
		return bl_err_sys(err, BL_OSERR, "cannot start a process");
	if (!pid) {
		uint32_t m = 0;
		if (bl_sandbox_begin(&p[1], 1, &m, err) || bl_sandbox_enter(p[1], -1, &p[1], 1, &m, err))
			_exit(err->code);
		_exit(write(p[1], &m, sizeof m) == sizeof m ? 0 : BL_OSERR);
	}
	close(p[1]);
	n = bl_file_readn(p[0], mask, sizeof *mask, err);
	close(p[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == BL_UNAVAILABLE)
		return bl_err_set(err, BL_UNAVAILABLE, "cannot lock down while being traced");
	return n == sizeof *mask ? 0 : bl_err_set(err, BL_OSERR, "cannot lock down a process on this machine");
}

/* --- check: devices that give evidence --- */

static const char *wanted;		/* --provider */
static struct found { const struct bl_provider_tech *tech; const char *root; bool there; enum bl_statement_class class; struct bl_err why; } found[8];
static size_t nfound;
static struct bl_provider_answer tried;

/* A question over zeros: what the helper would hear, and why it would not, which it does not say. */
static int try_it(struct found *f, struct bl_err *err)
{
	static const struct bl_provider_data zeros;
	void *device = f->tech->open(f->root, &f->class, err);
	int rc = device ? f->tech->quote(device, &zeros, &tried, err) : -1;

	if (device)
		f->tech->close(device);
	f->there = !rc;
	return rc ? bl_err_where(err, "provider '%s'", f->tech->name) : 0;
}

/* All that can be seen, or the one that is wanted, which is asked. */
static int find_providers(struct bl_err *err)
{
	const struct bl_provider_tech *tech;
	const char *root;

	bl_provider_init(&tried);
	if (wanted) {
		if (bl_provider_parse(wanted, &tech, &root, err))
			return -1;
		if (tech)
			found[nfound++] = (struct found){ .tech = tech, .root = root };
		return tech ? try_it(&found[0], err) : 0;
	}
	while (nfound < sizeof found / sizeof *found && (tech = bl_provider_tech_at(nfound))) {
		struct found *f = &found[nfound++];
		f->tech = tech;
		f->root = tech->root;
		void *device = tech->open(tech->root, &f->class, &f->why);
		f->there = device;
		if (device)
			tech->close(device);
	}
	return 0;
}

static void print_providers(void)
{
	for (const struct found *f = found; f < found + nfound; f++) {
		printf("%-4s %-12s ", f->there ? "yes" : "no", f->tech->name);
		if (f->there)
			printf("evidence of class %s, from %s%s\n", bl_statement_class_name(f->class), f->root,
			       wanted || f->tech->probed ? "" : " where it is named");
		else
			printf("%s\n", f->why.msg);
	}
	for (size_t i = 0; i < tried.pieces.n; i++)
		printf("     %-12s %zu bytes\n", tried.pieces.v[i].name, tried.pieces.v[i].n);
}

static struct bl_json *json_providers(void)
{
	struct bl_json *list = bl_json_new_array(), *pieces = bl_json_new_object();

	for (size_t i = 0; i < tried.pieces.n; i++)
		bl_json_put(pieces, tried.pieces.v[i].name, bl_json_new_int((int64_t)tried.pieces.v[i].n));
	for (const struct found *f = found; f < found + nfound; f++) {
		struct bl_json *p = bl_json_new_object();
		bl_json_put_text(p, "name", f->tech->name);
		bl_json_put_text(p, "root", f->root);
		bl_json_put(p, "probed", bl_json_new_bool(f->tech->probed));
		bl_json_put(p, "class", f->there ? bl_json_new_text(bl_statement_class_name(f->class)) : bl_json_new_null());
		bl_json_put(p, "why", f->there ? bl_json_new_null() : bl_json_new_text(f->why.msg));
		if (wanted)
			bl_json_put(p, "pieces", pieces);
		bl_json_add(list, p);
	}
	if (!wanted || !nfound)
		bl_json_free(pieces);
	return list;
}

/* --- check: what is said --- */

static void print_lines(uint32_t mask)
{
	char value[VALUE];

	for (unsigned i = 0; i < BL_MASK_COUNT; i++)
		if (i != BL_MASK_OTHERUID)	/* nobody is at the other end here */
			printf("%-4s %-11s %s\n", mask >> i & 1 ? "yes" : "no", bl_mask_name(i), layers[i]);
	putchar('\n');
	for (size_t i = 0; i < SETTINGS; i++) {
		const struct setting *s = &settings[i];
		const char *v = read_setting(s, value) ? value : NULL;
		if (is_weak(s, v))
			printf("weak %s = %s: %s\n", s->name, v ? v : "(none)", s->why);
		else
			printf("ok   %s = %s\n", s->name, v ? v : "(none)");
	}
	if (nfound)
		putchar('\n');
	print_providers();
}

static int print_json(uint32_t mask, struct bl_err *err)
{
	struct bl_json *root = bl_json_new_object(), *l = bl_json_new_object(), *list = bl_json_new_array();
	char value[VALUE];

	for (unsigned i = 0; i < BL_MASK_COUNT; i++)
		if (i != BL_MASK_OTHERUID)
			bl_json_put(l, bl_mask_name(i), bl_json_new_bool(mask >> i & 1));
	for (size_t i = 0; i < SETTINGS; i++) {
		struct bl_json *s = bl_json_new_object();
		const char *v = read_setting(&settings[i], value) ? value : NULL;
		bl_json_put_text(s, "name", settings[i].name);
		bl_json_put(s, "value", v ? bl_json_new_text(v) : bl_json_new_null());
		bl_json_put(s, "weak", is_weak(&settings[i], v) ? bl_json_new_text(settings[i].why) : bl_json_new_null());
		bl_json_add(list, s);
	}
	bl_json_put_text(root, "schema", "bl-tee/1");
	bl_json_put(root, "layers", l);
	bl_json_put(root, "settings", list);
	bl_json_put(root, "providers", json_providers());
	return bl_out_json(root, err);
}

static int check(int argc, char **argv, struct bl_err *err)
{
	uint32_t mask;
	int rc;

	if (argc)
		return bl_err_set(err, BL_USAGE, "unexpected operand '%s'", argv[0]);
	bl_json_init();
	if (ask_child(&mask, err) || bl_mem_init(true, err))
		return -1;
	rc = find_providers(err) || (json && print_json(mask, err)) ? -1 : 0;
	if (!rc && !json)
		print_lines(mask);
	bl_provider_fini(&tried);
	return rc;
}

/* --- the command line --- */

static const struct bl_opt check_opts[] = {
	{ BL_OPT_FLAG, 0, "json", NULL, "JSON instead of lines", &json, NULL, 0, 0, false },
	{ BL_OPT_TEXT, 0, "provider", "NAME[:ROOT]", "ask this device for evidence, as the helper would", &wanted, NULL, 0, 0, false },
	{ BL_OPT_END, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, false },
};
static const struct bl_opt_verb verbs[] = {
	{ "check", "", "which layers of the lockdown hold here, what weakens them, what proves it", check_opts, check, "bl-tee check" },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};

int main(int argc, char **argv)
{
	static const struct bl_opt_prog prog = {
		.name = "bl-tee", .summary = "The helper that holds keys and rows; other programs of bl start it.", .verbs = verbs,
		.example = "bl-tee check",
	};
	struct bl_err err = { 0 };

	if (bl_init_is(argv[0]))
		return bl_init_run();
	if (is_spawned(argc, argv))
		return serve(is_in_vm(argc, argv) ? BL_WIRE_VM : BL_WIRE_PROC, argv[1] ? argv[2] : NULL, &err) ? err.code : 0;
	return bl_opt_main(&prog, argc, argv);
}
