/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_tpmdev: a TPM that answers anything. The input is answers: a byte says what each is made from (nothing, a key, values, a quote, all
 * of them what would be accepted; and whether its header is put right), u16 how many bytes are turned in it, and these. First they go to
 * each reader alone, then to a whole quote. Never a crash; no view leaves its answer; what is accepted is what was asked for; and a key
 * that was made is flushed, unless the TPM fell silent.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crypt/hash.h"
#include "crypt/mem.h"
#include "tee/tpmdev.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ANSWERS = 24, HANDLE = 0x80000001 };
static const struct bl_provider_data about = { .digest = { 0xaa, 0xbb } };
/* The generator of P-256. */
static const uint8_t generator[64] = {
	0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb,
	0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a,
	0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
};

struct answer { uint8_t p[BL_TPMCMD_MAX + 16]; size_t n; };
static struct answer base[5];		/* nothing, a key, values of PCRs 0 to 7 and 8 to 15, a quote */

static void be(struct answer *a, uint64_t v, int n)
{
	while (n--)
		a->p[a->n++] = (uint8_t)(v >> 8 * n);
}

static void add(struct answer *a, const void *p, size_t n)
{
	memcpy(a->p + a->n, p, n);
	a->n += n;
}

static void fit(struct answer *a)
{
	const size_t n = a->n;

	a->n = 2;
	be(a, n, 4);
	a->n = n;
}

static void parameters(struct answer *a, const struct answer *in)
{
	be(a, in->n, 4);
	add(a, in->p, in->n);
	be(a, 0, 2);
	be(a, 1, 1);
	be(a, 0, 2);
	fit(a);
}

static void make_bases(void)
{
	static const uint8_t zeros[512];
	static struct answer in;
	uint8_t digest[32];

	for (int i = 0; i < 5; i++) {
		base[i].n = 0;
		be(&base[i], i == 1 || i == 4 ? 0x8002 : 0x8001, 2);
		be(&base[i], 10, 4);
		be(&base[i], 0, 4);
	}
	be(&base[1], HANDLE, 4);
	be(&in, 20 + 2 * 34, 2);
	be(&in, 0x0023000b00050472, 8);
	be(&in, 0x000000100018000b, 8);
	be(&in, 0x00030010, 4);
	be(&in, 32, 2);
	add(&in, generator, 32);
	be(&in, 32, 2);
	add(&in, generator + 32, 32);
	parameters(&base[1], &in);
	for (int i = 2; i < 4; i++) {
		be(&base[i], 1, 4);
		be(&base[i], 1, 4);
		be(&base[i], 0xb, 2);
		be(&base[i], i == 2 ? 0x03ff0000 : 0x0300ff00, 4);
		be(&base[i], 8, 4);
		for (int k = 0; k < 8; k++) {
			be(&base[i], 32, 2);
			add(&base[i], zeros, 32);
		}
		fit(&base[i]);
	}
	bl_hash_sha256(zeros, sizeof zeros, digest);
	in.n = 0;
	be(&in, 113, 2);
	be(&in, 0xff5443478018, 6);
	be(&in, 0, 2);
	be(&in, 32, 2);
	add(&in, about.digest, 32);
	add(&in, zeros, 25);
	be(&in, 1, 4);
	be(&in, 0x000b03ffff00, 6);
	be(&in, 32, 2);
	add(&in, digest, 32);
	in.p[1] = (uint8_t)(in.n - 2);
	be(&in, 0x0018000b, 4);
	be(&in, 0x000101, 3);
	be(&in, 0x000101, 3);
	parameters(&base[4], &in);
}

static bool within(struct bl_tpm_bytes b, const struct answer *a)
{
	return b.p >= a->p && b.p + b.n <= a->p + a->n;
}

static void alone(const struct answer *a)
{
	static uint8_t value[BL_TPMCMD_PCRS][BL_TPMCMD_PCR];
	struct bl_err err;

	for (int kind = BL_TPMCMD_P256; kind <= BL_TPMCMD_RSA; kind++)
		for (int what = 0; what < 3; what++) {
			const enum bl_tpmcmd_key key_kind = (enum bl_tpmcmd_key)kind;
			struct bl_tpmcmd_response r;
			struct bl_tpmcmd_quoted q;
			struct bl_key *key = NULL;
			uint32_t handle = 0;
			uint16_t got;

			if (bl_tpmcmd_open(&r, what == 1 ? BL_TPMCMD_BARE : BL_TPMCMD_PASSWORD, a->p, a->n, &err))
				continue;
			if (r.rc) {
				assert(bl_tpmcmd_refused(r.rc, "be read", &err) && err.code == BL_UNAVAILABLE);
				assert(!(bl_tpmcmd_again(r.rc) && bl_tpmcmd_unsupported(r.rc)));
			} else if (what == 0) {
				const int rc = bl_tpmcmd_created(&r, key_kind, &handle, &key, &err);
				assert(!rc == (key != NULL) && (!handle || handle >> 24 == 0x80) && (rc || handle));
				bl_key_free(key);
			} else if (what == 1) {
				if (!bl_tpmcmd_values(&r, 0x0ff1, &got, value, &err))
					assert(got && !(got & ~0x0ff1));
			} else if (!bl_tpmcmd_quoted(&r, key_kind, about.digest, &q, &err)) {
				assert(within(q.msg, a) && within(q.sig, a) && memmem(q.msg.p, q.msg.n, about.digest, 32));
			}
		}
}

/* Whole: is a handle that was made flushed, as long as the TPM speaks? */
static void whole(const struct answer *a, size_t n)
{
	static struct bl_tpmdev d;
	static uint8_t cmd[BL_TPMCMD_MAX];
	struct bl_provider_answer out;
	bool made = n && a[0].n >= 14 && !memcmp(a[0].p, "\x80\2", 2) && !memcmp(a[0].p + 6, "\0\0\0\0\x80", 5);
	bool flushed = false;
	struct bl_err err;
	int fd[2], rc;
	ssize_t got;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fd))
		abort();
	for (size_t i = 0; i < n; i++)
		if (send(fd[1], a[i].p, a[i].n, 0) < 0)
			break;
	shutdown(fd[1], SHUT_WR);
	d.fd = fd[0];
	d.is_socket = true;
	d.lost = false;
	d.patience = 5;
	bl_provider_init(&out);
	rc = bl_tpmdev_quote(&d, &about, &out, &err);
	while ((got = recv(fd[1], cmd, sizeof cmd, MSG_DONTWAIT)) > 0)
		flushed = flushed || !memcmp(cmd + 6, "\0\0\1\x65", 4);
	assert(rc ? err.code == BL_UNAVAILABLE : out.pieces.n == 4);
	made = made && bl_tpmcmd_size(a[0].p) == a[0].n;
	assert(!made || flushed || d.lost);
	bl_provider_fini(&out);
	close(fd[0]);
	close(fd[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct answer a[ANSWERS];
	struct bl_cur c;
	struct bl_err err;
	size_t n = 0;

	if (!base[0].n) {
		bl_mem_init(true, &err);
		make_bases();
	}
	bl_cur_init(&c, data, size);
	while (c.left && n < ANSWERS) {
		const uint8_t how = bl_cur_get8(&c);
		size_t at = bl_cur_get8(&c), len = bl_cur_get16(&c) % 1024;
		const uint8_t *p;

		a[n] = base[how % 5];
		at = at < a[n].n ? at : a[n].n;
		len = len < c.left ? len : c.left;
		p = bl_cur_get(&c, len);
		for (size_t i = 0; p && i < len; i++)
			a[n].p[at + i] = (uint8_t)((at + i < a[n].n ? a[n].p[at + i] : 0) ^ p[i]);
		if (at + len > a[n].n)
			a[n].n = at + len;
		if (how & 0x80)
			fit(&a[n]);
		alone(&a[n]);
		n++;
	}
	whole(a, n);
	return 0;
}
