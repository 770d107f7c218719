/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_journal: how long a vault takes to open, with its snapshot and without. By hand, after make:
 *
 *	gcc -O2 -Ilib -D_GNU_SOURCE -o bench_journal tests/bench/bench_journal.c build/libbl.a -ljansson -lcsv -lzstd -lsodium -lcrypto -lm
 *	./bench_journal make DIR ENTRIES	a new vault; entries as of a helper: request, verdict, release, each of another question
 *	./bench_journal fold DIR ROUNDS		least processor and wall time of opening it, every entry verified
 *	./bench_journal open DIR ROUNDS		the same with a snapshot, and what writing it cost the first time
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "base/time.h"
#include "crypt/hash.h"
#include "crypt/mem.h"
#include "policy/journal.h"
#include "policy/ledger.h"
#include "policy/vault.h"

static struct bl_err err;

static const char owner[] = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", who[] = "SHA256:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg";
static const char z[] = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

static struct bl_json *parse(const char *s)
{
	struct bl_json *j = bl_json_parse(s, strlen(s), BL_JOURNAL_DEPTH, BL_BUG, &err);

	if (!j)
		abort();
	return j;
}

static struct bl_json *shape(uint64_t i)
{
	char s[2048], hash[65];
	uint8_t h[32];
	uint64_t question = i / 3;

	bl_hash_sha256(&question, sizeof question, h);
	bl_text_hex(h, sizeof h, hash);
	if (i == 1)
		snprintf(s, sizeof s, "{\"kind\":\"dataset\",\"file\":\"%s\",\"footer\":\"%s\",\"name\":\"titanic\",\"owner\":\"%s\",\"policy\":\"%s\",\"version\":1}", z, z, owner, z);
	else if (i % 3 == 0)
		snprintf(s, sizeof s, "{\"kind\":\"release\",\"output\":\"%s\",\"principal\":\"%s\",\"receipt\":\"%.32s\",\"request\":\"%s\",\"end\":true}", z, who, z, hash);
	else
		snprintf(s, sizeof s, "{\"kind\":\"%s\",\"dataset\":{\"name\":\"titanic\",\"owner\":\"%s\"},\"files\":[{\"id\":\"%s\",\"policy\":\"%s\",\"version\":1}],"
			 "\"principal\":\"%s\",\"purpose\":null,\"request\":\"%s\",\"role\":\"analyst\",%s}", i % 3 == 1 ? "request" : "verdict", owner, z, z, who, hash,
			 i % 3 == 1 ? "\"nonce\":\"9f86d081884c7d659a2feaa0c55ad015\"" :
			 "\"approvals\":[],\"cells\":[],\"charge\":[],\"outcome\":\"release\",\"output\":\"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\",\"part\":true,"
			 "\"rules\":[{\"param\":\"k 10\",\"result\":\"pass\",\"rule\":\"min_entities\"}],\"stage\":\"gate\"");
	return parse(s);
}

static int make(const char *dir, uint64_t n)
{
	char path[512], prev[65];
	uint8_t pk[32], h[32];
	struct bl_buf b;
	int fd, d;

	if (bl_vault_make(dir, pk, &err) || (d = open(dir, O_RDONLY | O_DIRECTORY)) < 0)
		return -1;
	snprintf(path, sizeof path, "%s/journal", dir);
	bl_buf_init(&b, 4 << 20);
	if (bl_file_read(path, &b, &err) || (fd = openat(d, "journal", O_WRONLY | O_APPEND)) < 0)
		return -1;
	bl_hash_sha256(b.p, b.len - 1, h);
	bl_buf_clear(&b);
	n = (n - 1) / 3 * 3 + 1;		/* whole transactions */
	for (uint64_t i = 1; i < n; i++) {
		struct bl_json *e = shape(i);
		size_t start = b.len;
		bl_text_hex(h, sizeof h, prev);
		bl_json_put_int(e, "seq", (int64_t)i);
		bl_json_put_text(e, "prev", prev);
		bl_json_put_text(e, "time", "2026-11-25T12:00:00Z");
		bl_json_print(e, &b);
		bl_json_free(e);
		bl_hash_sha256(b.p + start, b.len - start, h);
		bl_buf_put8(&b, '\n');
		if (b.failed || ((b.len > 1 << 20 || i + 1 == n) && bl_file_write(fd, b.p, b.len, &err)))
			return -1;
		if (b.len > 1 << 20)
			bl_buf_clear(&b);
	}
	return 0;
}

static double seconds(clockid_t c)
{
	struct timespec t;

	clock_gettime(c, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct cost { double cpu, wall; };

static void begin(struct cost *c)
{
	*c = (struct cost){ seconds(CLOCK_PROCESS_CPUTIME_ID), seconds(CLOCK_MONOTONIC) };
}

static void end(struct cost *c)
{
	*c = (struct cost){ 1e3 * (seconds(CLOCK_PROCESS_CPUTIME_ID) - c->cpu), 1e3 * (seconds(CLOCK_MONOTONIC) - c->wall) };
}

static int once(const char *dir, bool snapshot, struct cost *opening, struct cost *unlock, uint64_t *size)
{
	static const uint8_t key[32];
	struct bl_journal *j = NULL;
	struct bl_ledger *l = NULL;
	struct bl_vault v;
	int d = open(dir, O_RDONLY | O_DIRECTORY), rc;

	if (bl_vault_open(&v, d, dir, &err))
		return -1;
	begin(opening);
	rc = !(l = bl_ledger_new()) || bl_journal_open(&j, v.journal, bl_ledger_fold, l, &err) ||
	     (snapshot && bl_journal_snapshot(j, v.snapshot, key, &bl_ledger_state, &err)) || bl_journal_lock(j, &err);
	end(opening);
	if (!rc)
		*size = bl_journal_size(j);
	begin(unlock);
	if (!rc)
		bl_journal_unlock(j);
	end(unlock);
	bl_journal_close(j);
	bl_ledger_free(l);
	bl_vault_close(&v);
	close(d);
	return rc;
}

int main(int argc, char **argv)
{
	struct cost first = { 0 }, one, unlock, least = { 1e9, 1e9 };
	uint64_t size = 0;
	int rc = 0;

	if (argc != 4 || bl_mem_init(true, &err))
		return 64;
	bl_json_init();
	if (!strcmp(argv[1], "make")) {
		rc = make(argv[2], strtoull(argv[3], NULL, 10));
	} else {
		const bool snapshot = !strcmp(argv[1], "open");
		for (int i = 0; i < atoi(argv[3]) && !(rc = once(argv[2], snapshot, &one, &unlock, &size)); i++) {
			if (!i)
				first = unlock;
			least.cpu = one.cpu < least.cpu ? one.cpu : least.cpu;
			least.wall = one.wall < least.wall ? one.wall : least.wall;
		}
		printf("%llu entries: cpu %.3f ms, wall %.3f ms", (unsigned long long)size, least.cpu, least.wall);
		printf(snapshot ? "; written in cpu %.3f ms, wall %.3f ms\n" : "\n", first.cpu, first.wall);
	}
	if (rc)
		fprintf(stderr, "%s\n", err.msg);
	return rc ? 1 : 0;
}
