/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pck: see pck.h. Reads DER by hand, because what a certificate library offers for a private extension is its bytes; strict,
 * each value once, numbers in their shortest form.
 */
#include "attest/pck.h"

#include <string.h>

#include "base/cur.h"

/* The content of one DER element of that tag, definite and as short as can be. */
static bool der_get(struct bl_cur *c, uint8_t tag, struct bl_cur *in)
{
	uint8_t got = bl_cur_get8(c);
	size_t n = bl_cur_get8(c);
	const uint8_t *p;

	if (n == 0x81) {
		n = bl_cur_get8(c);
		c->bad |= n < 0x80;
	} else if (n == 0x82) {
		n = (size_t)bl_cur_get8(c) << 8;
		n |= bl_cur_get8(c);
		c->bad |= n < 0x100;
	} else if (n >= 0x80) {
		return false;
	}
	p = bl_cur_get(c, n);
	if (!p || c->bad || got != tag)
		return false;
	bl_cur_init(in, p, n);
	return true;
}

static bool der_bytes(struct bl_cur *c, uint8_t tag, uint8_t *out, size_t n)
{
	struct bl_cur in;

	if (!der_get(c, tag, &in) || in.left != n)
		return false;
	memcpy(out, in.p, n);
	return true;
}

/* INTEGER 0..most */
static bool der_number(struct bl_cur *c, unsigned most, unsigned *out)
{
	struct bl_cur in;

	if (!der_get(c, 0x02, &in) || !in.left || in.left > 3 || in.p[0] & 0x80 || (in.left > 1 && !in.p[0] && !(in.p[1] & 0x80)))
		return false;
	for (*out = 0; in.left;)
		*out = *out << 8 | bl_cur_get8(&in);
	return *out <= most;
}

enum { OCTETS = 0x04, OID = 0x06, ENUMERATED = 0x0a, SEQUENCE = 0x30 };
static const uint8_t sgx_oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01 };

/* One of a sequence of { OID, value }: its arc under sgx_oid (then `over`, when not 0), or 0. The value stays in *pair. */
static unsigned der_pair(struct bl_cur *c, uint8_t over, struct bl_cur *pair)
{
	struct bl_cur oid;
	size_t n = sizeof sgx_oid, k = n + (over != 0);

	if (!der_get(c, SEQUENCE, pair) || !der_get(pair, OID, &oid) || oid.left != k + 1 || memcmp(oid.p, sgx_oid, n) ||
	    (over && oid.p[n] != over))
		return 0;
	return oid.p[k] < 64 ? oid.p[k] : 0;
}

/* .2: sixteen component SVNs, PCESVN, CPUSVN; each once. */
static bool pck_tcb(struct bl_pck *p, struct bl_cur *value)
{
	struct bl_cur list, pair;
	uint64_t seen = 0;
	unsigned v = 0;

	if (!der_get(value, SEQUENCE, &list))
		return false;
	while (list.left) {
		unsigned arc = der_pair(&list, 2, &pair);
		bool good = arc == 18 ? der_bytes(&pair, OCTETS, p->cpu_svn, sizeof p->cpu_svn) :
			    arc && arc < 18 && der_number(&pair, arc == 17 ? UINT16_MAX : UINT8_MAX, &v);
		if (!good || pair.left || seen >> arc & 1)
			return false;
		seen |= UINT64_C(1) << arc;
		if (arc == 17)
			p->pce_svn = (uint16_t)v;
		else if (arc < 17)
			p->sgx[arc - 1] = (uint8_t)v;
	}
	return seen == 0x7fffe;
}

static bool pck_pair(struct bl_pck *p, unsigned arc, struct bl_cur *value)
{
	switch (arc) {
	case 1: return der_bytes(value, OCTETS, p->ppid, sizeof p->ppid) && !value->left;
	case 2: return pck_tcb(p, value) && !value->left;
	case 3: return der_bytes(value, OCTETS, p->pce_id, sizeof p->pce_id) && !value->left;
	case 4: return der_bytes(value, OCTETS, p->fmspc, sizeof p->fmspc) && !value->left;
	case 5: return der_bytes(value, ENUMERATED, &p->type, 1) && !value->left;
	default: return arc;		/* 6, 7: the platform's instance and configuration */
	}
}

bool bl_pck_parse(struct bl_pck *p, const uint8_t *ext, size_t n)
{
	struct bl_cur all, list, pair;
	uint64_t seen = 0;

	*p = (struct bl_pck){ .pce_svn = 0 };
	bl_cur_init(&all, ext, n);
	if (!der_get(&all, SEQUENCE, &list) || all.left)
		return false;
	while (list.left) {
		unsigned arc = der_pair(&list, 0, &pair);
		if (seen >> arc & 1 || !pck_pair(p, arc, &pair))
			return false;
		seen |= UINT64_C(1) << arc;
	}
	return (seen & 0x3e) == 0x3e;
}

bool bl_pck_read(struct bl_pck *p, const struct bl_cert *c)
{
	size_t n = 0;
	const uint8_t *ext = bl_cert_extension(c, "1.2.840.113741.1.13.1", &n);

	return ext && bl_pck_parse(p, ext, n);
}
