/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem: starts the two libraries, guarded memory, wiping, comparing, randomness. OpenSSL is started only when somebody
 * asks, for its first use costs milliseconds that a client which only signs need not spend; it never reads a
 * configuration file. Randomness is the kernel's, through libsodium.
 */
#include "crypt/mem.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sodium.h>
#include <string.h>

#include "crypt/gcm.h"
#include "crypt/hash.h"

static bool started;

int bl_mem_init(bool openssl, struct bl_err *err)
{
	uint8_t byte;

	if (sodium_init() < 0)
		return bl_err_set(err, BL_OSERR, "cannot start libsodium");
	if (!openssl || started)
		return 0;
	/* RAND is touched as well: nothing here uses it but PBES2, and it seeds itself from a file on old kernels. */
	if (!OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) || bl_hash_init() ||
	    bl_gcm_init() || RAND_bytes(&byte, 1) != 1)
		return bl_err_set(err, BL_OSERR, "cannot start OpenSSL");
	started = true;
	return 0;
}

void *bl_mem_new(size_t n)
{
	/*
	 * libsodium puts the block against the guard page behind it, so it is aligned only if its size is. Where locking is
	 * refused (RLIMIT_MEMLOCK) the memory is given all the same: guarded, wiped, and swappable.
	 */
	size_t size = n <= SIZE_MAX - 15 ? (n + 15) & ~(size_t)15 : n;
	void *p = sodium_malloc(size ? size : 16);

	return p ? memset(p, 0, size) : NULL;
}

void bl_mem_free(void *p)
{
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
