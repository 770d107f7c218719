/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_exec: time of a plan over a sealed file, reading and decrypting included, without process, policy and printing.
 * By hand, after make:
 *
 *	gcc -O2 -Ilib -Itests -D_GNU_SOURCE -o bench_exec tests/bench/bench_exec.c build/libbl.a -ljansson -lcsv -lzstd -lsodium -lcrypto -lm
 *	./bench_exec make FILE ROWS		a table shaped like TPC-H's lineitem, without comments
 *	./bench_exec run FILE ROUNDS [-e] SQL	-e: by entity (l_orderkey); prints the least processor time and ns a row
 */
#include "../exec.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <time.h>

static const struct bl_column columns[] = {
	{ "l_orderkey", { BL_TYPE_INT, 0, 0 } },	 { "l_partkey", { BL_TYPE_INT, 0, 0 } },	{ "l_quantity", { BL_TYPE_DECIMAL, 15, 2 } },
	{ "l_extendedprice", { BL_TYPE_DECIMAL, 15, 2 } }, { "l_discount", { BL_TYPE_DECIMAL, 15, 2 } }, { "l_tax", { BL_TYPE_DECIMAL, 15, 2 } },
	{ "l_returnflag", { BL_TYPE_TEXT, 0, 0 } },	 { "l_linestatus", { BL_TYPE_TEXT, 0, 0 } },	{ "l_shipdate", { BL_TYPE_DATE, 0, 0 } },
	{ "l_shipmode", { BL_TYPE_TEXT, 0, 0 } },
};

static uint64_t state = 88172645463325252u;
static int64_t below(int64_t n)
{
	state ^= state << 13, state ^= state >> 7, state ^= state << 17;
	return (int64_t)(state >> 11) % n;
}

static int row(struct exec_file *f, uint64_t i)
{
	static const char *const mode[] = { "REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB" };
	static uint64_t order;
	static int64_t date, left;
	struct bl_writer_column *c = f->w.col;
	uint32_t r = f->w.rows;
	int64_t part = below(200000) + 1, qty = below(50) + 1, price = 90000 + part / 10 % 20001 + 100 * (part % 1000), ship;
	const char *flag, *m = mode[below(7)];

	if (!left || !i) {
		order++;
		left = below(7) + 1;
		date = 8035 + below(2406);
	}
	left--;
	ship = date + 1 + below(121);
	c[0].i64[r] = (int64_t)(order / 8 * 32 + order % 8);
	c[1].i64[r] = part;
	c[2].i64[r] = qty * 100;
	c[3].i64[r] = qty * price;
	c[4].i64[r] = below(11);
	c[5].i64[r] = below(9);
	c[8].i64[r] = ship;
	flag = ship + 1 + below(30) > 9298 ? "N" : below(2) ? "R" : "A";
	return exec_text(f, 6, flag, 1) || exec_text(f, 7, ship > 9298 ? "O" : "F", 1) || exec_text(f, 9, m, strlen(m)) || exec_row(f);
}

static int make(const char *path, uint64_t rows)
{
	const struct bl_schema s = { sizeof columns / sizeof *columns, (struct bl_column *)columns };
	const uint32_t entity[] = { 0 };
	struct exec_file f;
	int fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);

	if (fd < 0 || exec_begin_fd(&f, &s, entity, 1, fd))
		return 1;
	for (uint64_t i = 0; i < rows; i++)
		if (row(&f, i))
			return 1;
	return bl_writer_close(&f.w, &f.err);
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int run(int argc, char **argv)
{
	struct exec_file f = { .fd = open(argv[2], O_RDONLY) };
	struct bl_exec x = { .max_groups = 10000000, .memory = (size_t)4 << 30 };
	uint64_t best = UINT64_MAX, rows = 0;
	const uint8_t key[32] = { 5 };
	struct rusage u;

	x.by_entity = !strcmp(argv[4], "-e");
	x.name = exec_name;
	x.name_arg = key;
	if (exec_open(&f))
		return 1;
	for (int i = 0; i < atoi(argv[3]); i++) {
		struct bl_arena a;
		struct bl_plan p;
		struct bl_result out;
		uint64_t t = cpu_ns();

		bl_arena_init(&a, (size_t)8 << 30);
		if (exec_plan(&p, &a, &f, argv[argc - 1], &f.err) || bl_exec_run(&p, f.r, &x, &a, &out, &f.err)) {
			fprintf(stderr, "%s\n", f.err.msg);
			return 1;
		}
		t = cpu_ns() - t;
		best = t < best ? t : best;
		rows = out.ngroup;
		if (!i && out.ngroup < 10 && getenv("SHOW"))
			for (uint64_t g = 0; g < out.ngroup * out.ncell; g++)
				printf("%lld %g\n", (long long)out.acc[g].i, out.acc[g].f);
		bl_arena_fini(&a);
	}
	getrusage(RUSAGE_SELF, &u);
	printf("%8.2f ms %7.3f ns/row %8llu groups %6ld KB  %.60s\n", (double)best / 1e6, (double)best / (double)bl_reader_rows(f.r), (unsigned long long)rows,
	       u.ru_maxrss, argv[argc - 1]);
	return 0;
}

int main(int argc, char **argv)
{
	struct bl_err err;

	if (bl_mem_init(true, &err))
		return 1;
	if (argc == 4 && !strcmp(argv[1], "make"))
		return make(argv[2], strtoull(argv[3], NULL, 10));
	return argc >= 5 && !strcmp(argv[1], "run") ? run(argc, argv) : 64;
}
