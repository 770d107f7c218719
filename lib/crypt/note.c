/* SPDX-License-Identifier: Apache-2.0 */
/* note: see note.h. */
#include "crypt/note.h"

#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "crypt/hash.h"

enum { TYPE_ED25519 = 1, TYPE_COSIGNATURE = 4, KEY_ID = 4, LINE = 1024, SIGNED = KEY_ID + BL_IDENT_SIG, COSIGNED = SIGNED + 8 };
static const char dash[] = "\xe2\x80\x94 ";	/* U+2014 and a space */

void bl_note_origin(const uint8_t pk[BL_IDENT_PK], char out[BL_NOTE_ORIGIN])
{
	uint8_t h[BL_HASH_LEN];

	bl_hash_sha256(pk, BL_IDENT_PK, h);
	memcpy(out, "bl-journal/", 11);
	bl_text_hex(h, 8, out + 11);
}

/* First 4 bytes of SHA-256(NAME || 0x0A || type || key). */
static void key_id(const char *name, uint8_t type, const uint8_t pk[BL_IDENT_PK], uint8_t id[KEY_ID])
{
	uint8_t b[BL_NOTE_NAME + 2 + BL_IDENT_PK], h[BL_HASH_LEN];
	size_t n = strlen(name);

	memcpy(b, name, n);
	b[n] = '\n';
	b[n + 1] = type;
	memcpy(b + n + 2, pk, BL_IDENT_PK);
	bl_hash_sha256(b, n + 2 + BL_IDENT_PK, h);
	memcpy(id, h, KEY_ID);
}

int bl_note_sign(struct bl_buf *b, uint64_t size, const uint8_t root[32], const struct bl_ident *vault, struct bl_err *err)
{
	char origin[BL_NOTE_ORIGIN], b64[BL_TEXT_B64(SIGNED)];
	uint8_t blob[SIGNED];
	size_t start = b->len;

	bl_note_origin(vault->pk, origin);
	bl_text_b64(root, 32, b64);
	bl_buf_printf(b, "%s\n%llu\n%s\n", origin, (unsigned long long)size, b64);
	key_id(origin, TYPE_ED25519, vault->pk, blob);
	if (b->failed || bl_ident_sign_raw(vault, b->p + start, b->len - start, blob + KEY_ID))
		return bl_err_set(err, BL_OSERR, "cannot sign the checkpoint");
	bl_text_b64(blob, sizeof blob, b64);
	bl_buf_printf(b, "\n%s%s %s\n", dash, origin, b64);
	return b->failed ? bl_err_set(err, BL_OSERR, "out of memory") : 0;
}

/* The next line without its newline, at most LINE bytes; false at the end or without a newline. */
static bool next_line(const char **s, const char *end, const char **line, size_t *n)
{
	const char *nl = *s < end ? memchr(*s, '\n', (size_t)(end - *s)) : NULL;

	if (!nl || nl - *s > LINE)
		return false;
	*line = *s;
	*n = (size_t)(nl - *s);
	*s = nl + 1;
	return true;
}

static bool take_name(char out[BL_NOTE_NAME], const char *s, size_t n)
{
	if (!n || n >= BL_NOTE_NAME || !bl_text_utf8(s, n))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] <= ' ' || s[i] == '+' || s[i] == 0x7f)
			return false;
	memcpy(out, s, n);
	out[n] = '\0';
	return true;
}

static bool take_signature(struct bl_note_sig *sig, const char *line, size_t n)
{
	uint8_t blob[LINE];
	const size_t mark = sizeof dash - 1;

	if (n < mark || memcmp(line, dash, mark))
		return false;
	line += mark;
	n -= mark;
	const char *space = memchr(line, ' ', n);
	if (!space || !take_name(sig->name, line, (size_t)(space - line)))
		return false;
	long len = bl_text_unb64(space + 1, n - (size_t)(space + 1 - line), blob, sizeof blob);
	if (len <= KEY_ID)
		return false;
	sig->len = len <= BL_NOTE_BLOB ? (size_t)len : 0;
	memcpy(sig->blob, blob, sig->len);
	return true;
}

int bl_note_parse(struct bl_note *n, const char *s, size_t len, struct bl_err *err)
{
	const char *p = s, *end, *line;
	size_t k;

	memset(n, 0, sizeof *n);
	n->text = s;
	if (!len || len > BL_NOTE_MAX)
		goto bad;
	end = s + len;
	if (!next_line(&p, end, &line, &k) || !take_name(n->origin, line, k))
		goto bad;
	if (!next_line(&p, end, &line, &k) || !bl_num_parse_u64(line, k, &n->size) || (k > 1 && *line == '0'))
		goto bad;
	if (!next_line(&p, end, &line, &k) || bl_text_unb64(line, k, n->root, sizeof n->root) != sizeof n->root)
		goto bad;
	n->len = (size_t)(p - s);
	if (!next_line(&p, end, &line, &k) || k)
		goto bad;
	while (p < end) {
		if (n->nsig == BL_NOTE_SIGS || !next_line(&p, end, &line, &k) || !take_signature(&n->sig[n->nsig], line, k))
			goto bad;
		n->nsig++;
	}
	if (n->nsig)
		return 0;
bad:
	return bl_err_set(err, BL_DATA, "not a checkpoint");
}

enum bl_note_check bl_note_signed(const struct bl_note *n, const uint8_t pk[BL_IDENT_PK])
{
	char origin[BL_NOTE_ORIGIN];
	enum bl_note_check found = BL_NOTE_ABSENT;
	uint8_t id[KEY_ID];

	bl_note_origin(pk, origin);
	if (strcmp(origin, n->origin))
		return BL_NOTE_ABSENT;
	key_id(origin, TYPE_ED25519, pk, id);
	for (size_t i = 0; i < n->nsig; i++) {
		const struct bl_note_sig *s = &n->sig[i];
		if (strcmp(s->name, origin) || !s->len || memcmp(s->blob, id, KEY_ID))
			continue;
		if (s->len != SIGNED || !bl_ident_check_raw(pk, n->text, n->len, s->blob + KEY_ID))
			return BL_NOTE_BAD;
		found = BL_NOTE_GOOD;
	}
	return found;
}

static bool check_cosignature(const struct bl_note *n, const struct bl_note_sig *s, const uint8_t pk[BL_IDENT_PK], int64_t *time)
{
	struct bl_buf b;
	uint64_t t = 0;
	bool good;

	if (s->len != COSIGNED)
		return false;
	for (unsigned i = 0; i < 8; i++)
		t = t << 8 | s->blob[KEY_ID + i];
	if (t >= 253402300800)		/* the year 10000 */
		return false;
	bl_buf_init(&b, BL_NOTE_MAX + 64);
	bl_buf_printf(&b, "cosignature/v1\ntime %llu\n", (unsigned long long)t);
	bl_buf_put(&b, n->text, n->len);
	good = !b.failed && bl_ident_check_raw(pk, b.p, b.len, s->blob + KEY_ID + 8);
	bl_buf_fini(&b);
	*time = (int64_t)t;
	return good;
}

enum bl_note_check bl_note_cosigned(const struct bl_note *n, const uint8_t pk[BL_IDENT_PK], const char **by, int64_t *time)
{
	enum bl_note_check found = BL_NOTE_ABSENT;
	uint8_t id[KEY_ID];

	for (size_t i = 0; i < n->nsig; i++) {
		const struct bl_note_sig *s = &n->sig[i];
		key_id(s->name, TYPE_COSIGNATURE, pk, id);
		if (!s->len || memcmp(s->blob, id, KEY_ID))
			continue;
		if (!check_cosignature(n, s, pk, time))
			return BL_NOTE_BAD;
		*by = s->name;
		found = BL_NOTE_GOOD;
	}
	return found;
}
