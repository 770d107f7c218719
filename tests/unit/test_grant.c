/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key release, as bytes and at its owner's: every byte of challenge, evidence and grant altered; replayed, reflected, crossed between
 * sessions, datasets, vaults and owners. A nonce is spent once. test_keyed.c has the helper.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include "../grant.h"
#include "attest/receipt.h"
#include "base/time.h"
#include "crypt/hash.h"
#include "crypt/hpke.h"
#include "crypt/note.h"
#include "tee/nonces.h"
#include "tee/owner.h"

static struct bl_ident twin;	/* another session's keys */

/* --- grants as bytes --- */

static struct { uint8_t body[BL_GRANT_BODY], key[32], kem_pk[32], kem_sk[32], report[BL_WIRE_REPORT]; struct bl_header h; } k;

static int open_at(const struct bl_header *h, int64_t now)
{
	uint8_t key[BL_BLF_KEY] = { 0 };
	static const uint8_t none[BL_BLF_KEY];
	struct bl_grant g;
	int rc;

	err = (struct bl_err){ 0 };
	rc = bl_grant_open(&g, key, k.body, sizeof k.body, h, k.kem_sk, k.report, vault_pk, now, &err) ? err.code : 0;
	return memcmp(key, rc ? none : k.key, sizeof key) ? -1 : rc;	/* no key without a yes */
}

static int open_it(void) { return open_at(&k.h, NOW); }

/* A grant whose plaintext is what this test says, signed by the owner all the same. */
static void seal_raw(const uint8_t plain[BL_GRANT_PLAIN])
{
	uint8_t info[96] = "bl-tee grant v1", t[BL_WIRE_REPORT + 32];

	memcpy(info + 16, k.report, BL_WIRE_REPORT);
	memcpy(t, k.report, BL_WIRE_REPORT);
	if (bl_hpke_seal(k.kem_pk, info, 16 + BL_WIRE_REPORT, k.h.hash, 32, plain, BL_GRANT_PLAIN, k.body, k.body + 36))
		abort();
	bl_hash_both(k.body, 32, k.body + 36, BL_GRANT_SEALED, t + BL_WIRE_REPORT);
	bl_ident_sign(&owner, "bl-tee grant sig v1", t, sizeof t, k.body + 36 + BL_GRANT_SEALED);
}

static void plain_of(uint8_t plain[BL_GRANT_PLAIN])
{
	uint8_t info[96] = "bl-tee grant v1";

	memcpy(info + 16, k.report, BL_WIRE_REPORT);
	if (bl_hpke_open(k.kem_sk, k.body, info, 16 + BL_WIRE_REPORT, k.h.hash, 32, k.body + 36, BL_GRANT_SEALED, plain))
		abort();
}

static void grants(int fd)
{
	struct bl_ident session = { 0 };
	struct bl_grant g, back;
	uint8_t good[BL_GRANT_BODY], plain[BL_GRANT_PLAIN], want[BL_GRANT_PLAIN] = "BLG1\1", key[32], sk[32];
	int wrong = 0;

	header_of(&k.h, fd);
	key_of(&k.h, &owner, k.key);
	memset(k.report, 0x5a, sizeof k.report);
	if (bl_ident_generate(&session, &err) || bl_ident_generate(&twin, &err))
		abort();
	bl_ident_kem_pk(session.pk, k.kem_pk);
	bl_ident_kem_sk(&session, k.kem_sk);
	g = terms(&k.h);
	ok(!bl_grant_seal(k.body, &g, k.key, &owner, k.kem_pk, k.report, k.h.hash, &err) && !open_it(), "a grant gives the session its key");
	ok(!bl_grant_open(&back, key, k.body, sizeof k.body, &k.h, k.kem_sk, k.report, vault_pk, NOW, &err) && !memcmp(&g, &back, sizeof g),
	   "and its terms as they were");
	/* By hand, as PROTOCOL.md has it. */
	memcpy(want + 8, k.h.file_id, 32);
	memcpy(want + 40, k.key, 32);
	memcpy(want + 72, k.h.policy_hash, 32);
	memcpy(want + 104, &g.not_before, 8);
	memcpy(want + 112, &g.expires, 8);
	memcpy(want + 120, &g.requests, 4);
	memcpy(want + 124, vault_pk, 32);
	memcpy(want + 156, &g.size, 8);
	memcpy(want + 164, g.root, 32);
	plain_of(plain);
	ok(!memcmp(plain, want, sizeof plain), "its plaintext is the table's, byte for byte");
	memcpy(good, k.body, sizeof good);

	for (size_t i = 0; i < sizeof k.body; i++) {
		k.body[i] ^= (uint8_t)(1 << i % 8);
		int code = open_it();
		wrong += code != BL_REFUSED && code != BL_PROTOCOL;
		wrong += !bl_grant_check(k.body, sizeof k.body, owner.pk, k.report, &err);
		k.body[i] = good[i];
	}
	is_int(wrong, 0, "a byte of a grant altered anywhere: no key, and the client sees it too");
	for (size_t i = 0; i < sizeof k.report; i++) {
		k.report[i] ^= 1;
		wrong += open_it() != BL_REFUSED;
		k.report[i] ^= 1;
	}
	is_int(wrong, 0, "nor under any other transcript");
	for (size_t n = 0; n < sizeof k.body; n++)
		wrong += !bl_grant_open(&back, key, k.body, n, &k.h, k.kem_sk, k.report, vault_pk, NOW, &err) || err.code != BL_PROTOCOL;
	is_int(wrong, 0, "nor cut short");
	memcpy(sk, k.kem_sk, 32);
	bl_ident_kem_sk(&twin, k.kem_sk);
	is_int(open_it(), BL_REFUSED, "another session's key does not open it");
	memcpy(k.kem_sk, sk, 32);

	struct bl_header h = k.h;
	h.hash[31] ^= 1;
	is_int(open_at(&h, NOW), BL_REFUSED, "another header: refused");
	h = k.h;
	memcpy(h.owner, stranger.pk, 32);
	is_int(open_at(&h, NOW), BL_REFUSED, "another owner's file: refused, for its owner did not sign");
	is_int(open_at(&k.h, NOW - 11), BL_REFUSED, "too early");
	is_int(open_at(&k.h, NOW + 11), BL_REFUSED, "too late");
	is_int(open_at(&k.h, NOW + 10), 0, "the last second");

	for (size_t i = 0; i < BL_GRANT_PLAIN; i++) {
		const bool advice = i >= 104 && i < 124, floor = i >= 156 && i < 196;	/* times, requests; size and root: the journal tells */
		if (advice || floor)
			continue;
		plain[i] ^= 0x10;
		seal_raw(plain);
		plain[i] ^= 0x10;
		int code = open_it();
		if (!is_refusal(code))
			wrong++, printf("# plaintext at %zu: %d\n", i, code);
	}
	is_int(wrong, 0, "an owner who names another file, key, policy, vault or version grants nothing");
	seal_raw(plain);
	is_int(open_it(), 0, "unaltered, it does");
	memset(plain + 120, 0, 4);
	seal_raw(plain);
	is_int(open_it(), BL_PROTOCOL, "no requests at all are no grant");
	plain[120] = 1;
	memset(plain + 156, 0, 8);
	seal_raw(plain);
	is_int(open_it(), BL_PROTOCOL, "a root without a size neither");
	uint8_t zero[32] = { 0 };
	ok(bl_grant_seal(k.body, &g, k.key, &owner, zero, k.report, k.h.hash, &err) && err.code == BL_REFUSED, "nothing is sealed to a key of small order");
	bl_ident_fini(&session);
}

/* --- the owner --- */

/* A helper of a vault, as far as an owner sees it. */
static void evidence_of(struct bl_buf *b, const struct bl_ident *vault, const struct bl_wire_challenge *c, const struct bl_wire_hello *h)
{
	struct bl_statement_about about;
	struct bl_buf text;
	struct bl_json *j;

	bl_wire_about(h, c, &about);
	j = bl_statement_new(vault, &about, NULL);
	bl_buf_init(&text, BL_FRAME_BODY);
	bl_json_print(j, &text);
	bl_buf_clear(b);
	bl_handoff_put_evidence(b, h, c, (const char *)text.p, text.len);
	bl_buf_fini(&text);
	bl_json_free(j);
}

static struct bl_wire_hello some_hello(uint32_t mask)
{
	struct bl_wire_hello h = { .backend = BL_WIRE_PROC, .mask = mask };
	uint8_t p[BL_WIRE_HELLO];

	bl_ident_kem_pk(twin.pk, h.kem_pk);
	memcpy(h.sig_pk, twin.pk, 32);
	bl_wire_put_hello(p, &h);
	return h;
}

static struct bl_buf ch, ev;
static struct bl_owner_terms want = { .nvault = 1, .requests = 1 };

static int grant_as(const struct bl_ident *id, const struct bl_header *h)
{
	uint8_t out[BL_HANDOFF_GRANT];

	err = (struct bl_err){ 0 };
	return bl_owner_grant(&(struct bl_owner){ owner_path, id }, h, &want, &ch, &ev, out, &err) ? err.code : 0;
}

static void new_challenge(const struct bl_header *h, struct bl_wire_challenge *c)
{
	uint8_t out[BL_HANDOFF_CHALLENGE];

	if (bl_owner_challenge(&(struct bl_owner){ owner_path, &owner }, h, 60, out, &err) || bl_handoff_get_challenge(out, sizeof out, c, &err)) {
		printf("# %s\n", err.msg);
		exit(1);
	}
	bl_buf_clear(&ch);
	bl_buf_put(&ch, out, sizeof out);
}

static void owners(int fd)
{
	struct bl_wire_hello hello = some_hello(0xffff);
	struct bl_wire_challenge c, d;
	struct bl_header h, other, hard;
	uint8_t out[BL_HANDOFF_CHALLENGE];
	struct bl_buf keep;
	struct stat st;
	char path[96];
	int wrong = 0, fd2 = seal("\"class\":\"software\"", &owner), fd3 = seal("\"class\":\"hardware\"", &owner),
	    fd4 = seal("\"class\":\"software\",\"lockdown\":[\"seccomp\"]", &owner);

	header_of(&h, fd);
	header_of(&other, fd2);
	bl_buf_init(&ch, 1 << 16);
	bl_buf_init(&ev, 1 << 17);
	bl_buf_init(&keep, 1 << 17);
	want.vault = (const uint8_t (*)[BL_IDENT_PK])stranger.pk;	/* whose vault it is, in this part */
	ok(bl_owner_challenge(&(struct bl_owner){ owner_path, &stranger }, &h, 60, out, &err) && err.code == BL_REFUSED,
	   "nobody makes a challenge for another owner's file");
	new_challenge(&h, &c);
	snprintf(path, sizeof path, "%s.nonces", owner_path);
	ok(!stat(path, &st) && (st.st_mode & 0777) == 0600, "a nonce is kept beside the key, for its owner alone");
	evidence_of(&ev, &stranger, &c, &hello);
	for (size_t i = 0; i < ch.len; i++) {
		ch.p[i] ^= (uint8_t)(1 << i % 8);
		int code = grant_as(&owner, &h);
		if (!is_refusal(code))
			wrong++, printf("# challenge at %zu: %d\n", i, code);
		ch.p[i] ^= (uint8_t)(1 << i % 8);
	}
	is_int(wrong, 0, "a byte of the challenge altered anywhere: no grant");
	for (size_t i = 0; i < ev.len; i++) {
		ev.p[i] ^= (uint8_t)(1 << i % 8);
		int code = grant_as(&owner, &h);
		if (!is_refusal(code))
			wrong++, printf("# evidence at %zu: %d\n", i, code);
		ev.p[i] ^= (uint8_t)(1 << i % 8);
	}
	is_int(wrong, 0, "a byte of the evidence altered anywhere: no grant");
	const size_t whole = ev.len;
	for (ev.len = 0; ev.len < whole; ev.len++)
		wrong += !is_refusal(grant_as(&owner, &h));
	is_int(wrong, 0, "nor for evidence cut short");
	bl_buf_put(&keep, ev.p, ev.len);
	bl_buf_clear(&ev);
	bl_buf_put(&ev, ch.p, ch.len);
	is_int(grant_as(&owner, &h), BL_DATA, "a challenge that comes back as evidence is none");
	bl_buf_clear(&ev);
	bl_buf_put(&ev, keep.p, keep.len);
	is_int(grant_as(&owner, &other), BL_REFUSED, "not for another dataset's file");
	is_int(grant_as(&stranger, &h), BL_REFUSED, "not by another owner");
	want.vault = (const uint8_t (*)[BL_IDENT_PK])vault_pk;
	is_int(grant_as(&owner, &h), BL_REFUSED, "not to a vault that was not named");
	ok(strstr(err.msg, "SHA256:"), "whose fingerprint is told");
	want.vault = (const uint8_t (*)[BL_IDENT_PK])stranger.pk;
	d = c;
	d.expires++;
	evidence_of(&ev, &stranger, &d, &hello);
	is_int(grant_as(&owner, &h), BL_REFUSED, "not for a challenge that was stretched on its way");
	new_challenge(&other, &d);
	evidence_of(&ev, &stranger, &d, &hello);
	bl_handoff_put_challenge(out, &c, &owner, &err);
	bl_buf_clear(&ch);
	bl_buf_put(&ch, out, sizeof out);
	is_int(grant_as(&owner, &h), BL_REFUSED, "not for evidence of another challenge");

	evidence_of(&ev, &stranger, &c, &hello);
	is_int(grant_as(&owner, &h), 0, "after all of that the nonce is not spent, and the evidence as it was is granted");
	is_int(grant_as(&owner, &h), BL_REFUSED, "once");
	ok(strstr(err.msg, "answered already"), "which is what is said");
	hello.kem_pk[0] ^= 1;
	evidence_of(&ev, &stranger, &c, &hello);
	is_int(grant_as(&owner, &h), BL_REFUSED, "also for another session's evidence");
	hello.kem_pk[0] ^= 1;

	d = c;
	bl_mem_random(d.nonce, 32);
	bl_handoff_put_challenge(out, &d, &owner, &err);
	bl_buf_clear(&ch);
	bl_buf_put(&ch, out, sizeof out);
	evidence_of(&ev, &stranger, &d, &hello);
	is_int(grant_as(&owner, &h), BL_REFUSED, "a nonce that was not kept here is not answered");
	d.expires = bl_time_now() - 1;
	bl_handoff_put_challenge(out, &d, &owner, &err);
	bl_buf_clear(&ch);
	bl_buf_put(&ch, out, sizeof out);
	evidence_of(&ev, &stranger, &d, &hello);
	is_int(grant_as(&owner, &h), BL_REFUSED, "nor one that has expired");

	header_of(&hard, fd3);
	new_challenge(&hard, &c);
	evidence_of(&ev, &stranger, &c, &hello);
	is_int(grant_as(&owner, &hard), BL_REFUSED, "software is not enough where the policy asks for hardware");
	bl_header_fini(&hard);
	header_of(&hard, fd4);
	new_challenge(&hard, &c);
	hello = some_hello(0);
	evidence_of(&ev, &stranger, &c, &hello);
	is_int(grant_as(&owner, &hard), BL_REFUSED, "nor a helper without the lockdown that the policy wants");
	ok(strstr(err.msg, "seccomp"), "whose missing layer is named");
	hello = some_hello(0xffff);
	evidence_of(&ev, &stranger, &c, &hello);
	is_int(grant_as(&owner, &hard), 0, "one with it is");
	bl_header_fini(&hard);

	/* A checkpoint of another vault. */
	new_challenge(&h, &c);
	evidence_of(&ev, &stranger, &c, &hello);
	bl_buf_clear(&keep);
	bl_note_sign(&keep, 3, k.key, &owner, &err);
	want.checkpoint = (const char *)keep.p;
	want.checkpoint_len = keep.len;
	is_int(grant_as(&owner, &h), BL_REFUSED, "a checkpoint has to be that vault's");
	want.checkpoint = NULL;
	bl_buf_fini(&ch);
	bl_buf_fini(&ev);
	bl_buf_fini(&keep);
	bl_header_fini(&h);
	bl_header_fini(&other);
	close(fd2);
	close(fd3);
	close(fd4);
}

static void nonces(void)
{
	uint8_t n[32] = { 1 };
	char path[96];
	int fd;

	snprintf(path, sizeof path, "%s.nonces", owner_path);
	ok(!bl_nonces_add(owner_path, n, bl_time_now() - 5, &err) && bl_nonces_use(owner_path, n, &err) && err.code == BL_REFUSED,
	   "an expired nonce is gone");
	/* Twenty at once spend it once. */
	bl_nonces_add(owner_path, n, bl_time_now() + 60, &err);
	for (int i = 0; i < 20; i++)
		if (!fork())
			_exit(bl_nonces_use(owner_path, n, &err) ? err.code : 0);
	int won = 0, lost = 0, status;
	while (wait(&status) > 0) {
		won += WIFEXITED(status) && !WEXITSTATUS(status);
		lost += WIFEXITED(status) && WEXITSTATUS(status) == BL_REFUSED;
	}
	ok(won == 1 && lost == 19, "twenty at once spend a nonce once");
	chmod(path, 0644);
	ok(bl_nonces_add(owner_path, n, bl_time_now() + 60, &err) && err.code == BL_REFUSED, "a list that others may read is refused");
	chmod(path, 0600);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (write(fd, "x\n", 2) != 2)
		abort();
	close(fd);
	ok(bl_nonces_add(owner_path, n, bl_time_now() + 60, &err) && err.code == BL_DATA, "and one that is damaged");
	unlink(path);
}

int main(void)
{
	int fd;

	if (!enter())
		skip_all("no room in /tmp");
	fd = seal("\"class\":\"software\"", &owner);
	grants(fd);
	owners(fd);
	nonces();
	close(fd);
	bl_header_fini(&k.h);
	bl_ident_fini(&twin);
	leave();
	return tap_done();
}
