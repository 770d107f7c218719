/* SPDX-License-Identifier: Apache-2.0 */
/* /dev/nsm as we play it: its ioctl is taken to a security module of our own, which reads the request as CBOR and answers with what a test chooses. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../device.h"
#include "../tap.h"
#include "crypt/mem.h"

static struct device platform;
static const char *instead;		/* hex of another answer */
static size_t cut, says;		/* cut: so many bytes less; says: a length */
static int fails;
static enum aws_flaw flaw;
static bool understood;

static int nsm_ioctl(int fd, unsigned long nr, void *arg);
#define ioctl(fd, nr, arg) nsm_ioctl(fd, nr, arg)
#include "../../lib/tee/nsm.c"
#undef ioctl

static const uint8_t *member(const struct bl_cur *c, const char *name, size_t n)
{
	struct bl_cur at;
	struct bl_cbor v;

	return bl_cbor_find(*c, name, &at) && bl_cbor_get(&at, &v) && v.type == BL_CBOR_BYTES && v.v == n ? v.p : NULL;
}

static int nsm_ioctl(int fd, unsigned long nr, void *arg)
{
	const struct { struct iovec request, response; } *m = arg;
	struct bl_cur c, in;
	struct bl_buf b, doc;
	struct iovec *to = &((struct message *)arg)->response;

	(void)fd;
	if ((errno = fails))
		return -1;
	bl_cur_init(&c, m->request.iov_base, m->request.iov_len);
	understood = nr == _IOWR(0x0a, 0, struct message) && bl_cbor_check(m->request.iov_base, m->request.iov_len) && bl_cbor_find(c, "Attestation", &in) &&
		     (platform.aws.user_data = member(&in, "user_data", 64)) && (platform.aws.nonce = member(&in, "nonce", 32)) &&
		     (platform.aws.public_key = member(&in, "public_key", 32));
	bl_buf_init(&b, 1 << 16);
	bl_buf_init(&doc, 1 << 16);
	aws_document(&doc, &platform.aws, flaw);
	aws_head(&b, BL_CBOR_MAP, 1);
	aws_text(&b, "Attestation");
	aws_head(&b, BL_CBOR_MAP, 1);
	aws_text(&b, "document");
	aws_bytes(&b, doc.p, doc.len);
	if (instead) {
		b.len = strlen(instead) / 2;
		bl_text_unhex(instead, 2 * b.len, b.p, b.len);
	}
	memcpy(to->iov_base, b.p, b.len - cut);
	to->iov_len = says ? says : b.len - cut;
	bl_buf_fini(&b);
	bl_buf_fini(&doc);
	return 0;
}

/* --- a question --- */

static struct bl_err err;
static struct bl_provider_data question;
static struct bl_provider_answer got;

static int ask_it(void)
{
	enum bl_statement_class class = BL_STATEMENT_SOFTWARE;
	void *device = bl_nsm_tech.open("/dev/null", &class, &err);
	int rc;

	bl_provider_fini(&got);
	bl_provider_init(&got);
	memset(&err, 0, sizeof err);
	rc = device && class == BL_STATEMENT_NITRO ? bl_nsm_tech.quote(device, &question, &got, &err) : -2;
	if (device)
		bl_nsm_tech.close(device);
	return rc;
}

static void refuses(const char *hex, const char *promise)
{
	instead = hex;
	ok(ask_it() == -1 && err.code == BL_UNAVAILABLE && !got.pieces.n, "refuses %s: %s", promise, err.msg);
	instead = NULL;
}

int main(void)
{
	enum bl_statement_class class;

	if (bl_mem_init(true, &err))
		return 71;
	bl_json_init();
	device_init(&platform, ATTEST_NOW);
	for (size_t i = 0; i < sizeof question; i++)
		((uint8_t *)&question)[i] = (uint8_t)(i * 5 + 1);
	bl_provider_init(&got);

	ok(!ask_it() && understood, "the module reads the request: report data, nonce and key: %s", err.msg);
	ok(got.pieces.n == 1 && !strcmp(got.pieces.v[0].name, "doc.cbor"), "its document is the evidence");
	ok(device_proves(&platform, BL_STATEMENT_NITRO, &got, question.nonce, 32), "it verifies with the nonce that was asked for");
	ok(!device_proves(&platform, BL_STATEMENT_NITRO, &got, question.digest, 32), "and with no other");
	flaw = AWS_OTHER_KEY;
	ok(!ask_it() && !device_proves(&platform, BL_STATEMENT_NITRO, &got, question.nonce, 32), "what another key signed does not");
	flaw = AWS_NONE;
	refuses("a1654572726f726f496e76616c6964417267756d656e74", "an error, and says which");
	ok(strstr(err.msg, "InvalidArgument"), "by its name");
	refuses("", "an empty answer");
	refuses("a0", "an empty map");
	refuses("a16b4174746573746174696f6ea0", "an attestation without a document");
	refuses("a16b4174746573746174696f6ea168646f63756d656e746161", "a document that is text");
	refuses("a16b4174746573746174696f6ea168646f63756d656e7440", "an empty document");
	refuses("a16b4174746573746174696f6ea168646f63756d656e745bffffffffffffffff", "a document longer than memory");
	refuses("a16b4174746573746174696f6e80", "an attestation that is a list");
	refuses("6b4174746573746174696f6e", "an answer that is text");
	cut = 1;
	refuses(NULL, "an answer that is cut short");
	cut = 0;
	says = 0x3001;
	refuses(NULL, "an answer that says to be longer than its room");
	says = 0;
	fails = EMSGSIZE;
	refuses(NULL, "a module that cannot be asked");
	ok(!bl_nsm_tech.open("/nonexistent/nsm", &class, &err) && err.code == BL_UNAVAILABLE, "refuses a device that is not there: %s", err.msg);
	bl_provider_fini(&got);
	device_fini(&platform);
	return tap_done();
}
