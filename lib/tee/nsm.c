/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nsm: documents of AWS Nitro's security module, by /dev/nsm: one CBOR item there, one back (linux/nsm.h; the names are those of AWS's
 * nsm-api). user_data is the report data, nonce and public_key are the session's.
 */
#include "tee/provider.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "attest/cbor.h"
#include "tee/devnode.h"

enum { REQUEST_MAX = 512, RESPONSE_MAX = 0x3000 };

struct message { struct iovec request, response; };
_Static_assert(sizeof(struct message) == 32, "the kernel's own size");
#define NSM_RAW _IOWR(0x0a, 0, struct message)

/* --- the request --- */

static void put_head(struct bl_buf *b, enum bl_cbor_type type, uint64_t v)
{
	uint8_t out[9];

	bl_buf_put(b, out, bl_cbor_put(out, type, v));
}

static void put_text(struct bl_buf *b, const char *s)
{
	put_head(b, BL_CBOR_TEXT, strlen(s));
	bl_buf_puts(b, s);
}

static void put_bytes(struct bl_buf *b, const char *name, const void *p, size_t n)
{
	put_text(b, name);
	put_head(b, BL_CBOR_BYTES, n);
	bl_buf_put(b, p, n);
}

static void put_request(struct bl_buf *b, const struct bl_provider_data *data)
{
	put_head(b, BL_CBOR_MAP, 1);
	put_text(b, "Attestation");
	put_head(b, BL_CBOR_MAP, 3);
	put_bytes(b, "user_data", data->report, sizeof data->report);
	put_bytes(b, "nonce", data->nonce, sizeof data->nonce);
	put_bytes(b, "public_key", data->kem_pk, sizeof data->kem_pk);
}

/* --- the response: {"Attestation": {"document": bytes}}, or {"Error": text} --- */

static int take_response(const uint8_t *p, size_t n, struct bl_provider_answer *a, struct bl_err *err)
{
	struct bl_cur c, at, in;
	struct bl_cbor v;

	bl_cur_init(&c, p, n);
	if (!bl_cbor_check(p, n))
		return bl_err_set(err, BL_UNAVAILABLE, "the security module's answer is malformed");
	if (bl_cbor_find(c, "Error", &at) && bl_cbor_get(&at, &v) && v.type == BL_CBOR_TEXT)
		return bl_err_set(err, BL_UNAVAILABLE, "the security module says '%.*s'", v.v > 64 ? 64 : (int)v.v, (const char *)v.p);
	if (!bl_cbor_find(c, "Attestation", &at) || !bl_cbor_find(at, "document", &in) || !bl_cbor_get(&in, &v) || v.type != BL_CBOR_BYTES)
		return bl_err_set(err, BL_UNAVAILABLE, "the security module gave no document");
	return bl_provider_put(a, "doc.cbor", v.p, v.v, err);
}

/* --- the technology --- */

static void *nsm_open(const char *root, enum bl_statement_class *class, struct bl_err *err)
{
	*class = BL_STATEMENT_NITRO;
	return bl_devnode_open(root, O_RDWR, err);
}

static int nsm_quote(void *device, const struct bl_provider_data *data, struct bl_provider_answer *a, struct bl_err *err)
{
	uint8_t *response = malloc(RESPONSE_MAX);
	struct message m;
	struct bl_buf b;
	int rc;

	bl_buf_init(&b, REQUEST_MAX);
	put_request(&b, data);
	m = (struct message){ { b.p, b.len }, { response, RESPONSE_MAX } };
	if (b.failed || !response)
		rc = bl_err_set(err, BL_OSERR, "out of memory");
	else if (ioctl(bl_devnode_fd(device), NSM_RAW, &m))
		rc = bl_err_sys(err, BL_UNAVAILABLE, "cannot ask the security module");
	else if (m.response.iov_len > RESPONSE_MAX)
		rc = bl_err_set(err, BL_UNAVAILABLE, "the security module's answer is malformed");
	else
		rc = take_response(response, m.response.iov_len, a, err);
	bl_buf_fini(&b);
	free(response);
	return rc;
}

const struct bl_provider_tech bl_nsm_tech = { "nsm", "/dev/nsm", true, nsm_open, nsm_quote, bl_devnode_close };
