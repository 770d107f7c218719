/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem: starts the two libraries, guarded memory, wiping, comparing, randomness. OpenSSL is started only when somebody
 * asks, for its first use costs milliseconds that a client which only signs need not spend; it never reads a
 * configuration file. Randomness is the kernel's, through libsodium.
 */
#include "crypt/mem.h"

#include <openssl/crypto.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "crypt/gcm.h"
#include "crypt/hash.h"

/*
 * No configuration file, and none of what costs time without being used: the tables of legacy names and of error texts (half a
 * millisecond of a helper's two). Algorithms are fetched from the provider by name, which needs neither. RAND is left
 * alone: nothing here uses it but PBES2, outside any sandbox.
 */
static const uint64_t QUICK = OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS |
			      OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS;

static bool started, ciphers;

int bl_mem_init(bool openssl, struct bl_err *err)
{
	if (sodium_init() < 0)
		return bl_err_set(err, BL_OSERR, "cannot start libsodium");
	if (!openssl || ciphers)
		return 0;
	if (bl_mem_init_hashes(err))
		return -1;
	if (bl_gcm_init())
		return bl_err_set(err, BL_OSERR, "cannot start OpenSSL");
	ciphers = true;
	return 0;
}

int bl_mem_init_hashes(struct bl_err *err)
{
	if (bl_mem_init(false, err))
		return -1;
	if (started)
		return 0;
	if (!OPENSSL_init_crypto(QUICK, NULL) || bl_hash_init())
		return bl_err_set(err, BL_OSERR, "cannot start OpenSSL");
	started = true;
	return 0;
}

/* --- the pool: slots, each block a run of them; the lengths of the runs are kept elsewhere --- */

enum { SLOT = 64, PAGE = 4096 };
static struct { uint8_t *p; size_t slots; uint16_t *run; } pool;

/* n bytes of memory that only this process can see, or MAP_FAILED. */
static void *map_hidden(void *at, size_t n)
{
	void *p = MAP_FAILED;
	int fd = (int)syscall(SYS_memfd_secret, 0x80000 /* O_CLOEXEC */);

	if (fd < 0)
		return p;
	if (!ftruncate(fd, (off_t)n))
		p = mmap(at, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	close(fd);
	return p;
}

unsigned bl_mem_pool(size_t n)
{
	unsigned got = 0;
	uint8_t *p;

	n = (n + PAGE - 1) / PAGE * PAGE;
	if (pool.p || n / SLOT > UINT16_MAX)
		return 0;
	/* A page before and a page behind that nobody can touch. */
	if ((p = mmap(NULL, n + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) == MAP_FAILED)
		return 0;
	if (!(pool.run = calloc(n / SLOT, sizeof *pool.run)))
		goto fail;
	if (map_hidden(p + PAGE, n) != MAP_FAILED)
		got = BL_MEM_LOCKED | BL_MEM_HIDDEN;
	else if (mmap(p + PAGE, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		goto fail;
	else if (!mlock(p + PAGE, n))
		got = BL_MEM_LOCKED;
	madvise(p + PAGE, n, MADV_DONTDUMP);
	madvise(p + PAGE, n, MADV_DONTFORK);
	pool.p = p + PAGE;
	pool.slots = n / SLOT;
	return got;
fail:
	free(pool.run);
	munmap(p, n + 2 * PAGE);
	return 0;
}

/* The first gap that is wide enough; NULL: none, or no pool. Free slots are zero already. */
static void *pool_new(size_t n)
{
	const size_t want = (n + SLOT - 1) / SLOT;
	size_t gap = 0;

	for (size_t i = 0; i < pool.slots && want <= pool.slots; i++) {
		if (pool.run[i]) {
			i += pool.run[i] - 1u;
			gap = 0;
		} else if (++gap == want) {
			pool.run[i + 1 - want] = (uint16_t)want;
			return pool.p + (i + 1 - want) * SLOT;
		}
	}
	return NULL;
}

static bool pool_free(void *p)
{
	const size_t i = ((uintptr_t)p - (uintptr_t)pool.p) / SLOT;

	if (i >= pool.slots || !pool.p)
		return false;
	sodium_memzero(p, (size_t)pool.run[i] * SLOT);
	pool.run[i] = 0;
	return true;
}

void *bl_mem_new(size_t n)
{
	/*
	 * libsodium puts the block against the guard page behind it, so it is aligned only if its size is. Where locking is
	 * refused (RLIMIT_MEMLOCK) the memory is given all the same: guarded, wiped, and swappable.
	 */
	size_t size = n <= SIZE_MAX - SLOT ? (n + 15) & ~(size_t)15 : n;
	void *p;

	if (!size)
		size = 16;
	if ((p = pool_new(size)))
		return p;
	return (p = sodium_malloc(size)) ? memset(p, 0, size) : NULL;
}

void bl_mem_free(void *p)
{
	if (!pool_free(p))
		sodium_free(p);
}

void bl_mem_wipe(void *p, size_t n)
{
	sodium_memzero(p, n);
}

bool bl_mem_equal(const void *a, const void *b, size_t n)
{
	return sodium_memcmp(a, b, n) == 0;
}

void bl_mem_random(void *p, size_t n)
{
	randombytes_buf(p, n);
}
