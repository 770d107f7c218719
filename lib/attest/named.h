/* SPDX-License-Identifier: Apache-2.0 */
/*
 * named: has anybody said what may run on a machine, and not only what kind of machine it may be? Genuine evidence is had from every machine
 * of its kind, the attacker's own among them; what sets one apart is a value that nobody else's can show. Most do not: a register that
 * whoever runs there may extend shows whatever he has extended it with, unless what ran before him is named, too.
 */
#ifndef BL_ATTEST_NAMED_H
#define BL_ATTEST_NAMED_H

#include "attest/evidence.h"
#include "attest/statement.h"

struct bl_named { bool measurement, signer, key; uint32_t registers; };	/* zeros: nothing is */
/* Adds what the policy of one verification, which is to pass, names of this evidence. */
void bl_named_see(struct bl_named *n, const struct bl_evidence *e);
/* What is still to be said for a machine of this class to be a particular one, and in *hint how; NULL: nothing. Of class software nothing can. */
const char *bl_named_lacks(const struct bl_named *n, enum bl_statement_class c, const char **hint);

#endif
