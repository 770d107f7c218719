/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach: see attach.h. The data is neither opened nor checked: whoever asks for a row checks it, against the footer's
 * signature, which a new header does not touch.
 */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "format/footer.h"
#include "policy/attach.h"

enum { COPY = 1 << 20 };

/* The entity was checked for NULL, and a shard cut by it, when the table was sealed: another one needs the table again. */
static bool same_entity(const struct bl_header *h, const struct bl_policy *p)
{
	if (h->nentity != p->nentity)
		return false;
	for (uint32_t i = 0; i < h->nentity; i++)
		if (strcmp(h->schema.col[h->entity[i]].name, p->entity[i]))
			return false;
	return true;
}

/* What the policy in the file says about its successor. A policy that this version cannot read may say anything. */
static int check_old(const struct bl_source *file, struct bl_err *err)
{
	struct bl_policy old;
	int rc = 0;

	if (bl_doc_parse(&old, file->text, file->len, err))
		return bl_err_where(err, "the file's policy");
	if (old.amend) {
		rc = bl_err_set(err, BL_REFUSED, "amend: the file's policy wants signatures that this version cannot check");
		bl_err_hint(err, "attach with a version that can, or seal the table anew");
	}
	bl_doc_fini(&old);
	return rc;
}

int bl_attach_check(const struct bl_source *file, const struct bl_policy *p, const uint8_t owner[BL_IDENT_PK], struct bl_err *err)
{
	const struct bl_header *h = &file->header;

	if (memcmp(h->owner, owner, BL_IDENT_PK)) {
		bl_err_set(err, BL_REFUSED, "the file belongs to another key");
		return bl_err_hint(err, "only its owner may change its policy: give that identity with -i");
	}
	if (check_old(file, err))
		return -1;
	if (p->version <= h->policy_version)
		return bl_err_set(err, BL_CONFIG, "version: %llu is not above the file's %llu", (unsigned long long)p->version,
				  (unsigned long long)h->policy_version);
	if (p->dataset && strcmp(p->dataset, h->name))
		return bl_err_set(err, BL_CONFIG, "dataset: '%s' is not the file's '%s'", p->dataset, h->name);
	if (!same_entity(h, p)) {
		bl_err_set(err, BL_CONFIG, "entity: not the file's");
		return bl_err_hint(err, "the entity is fixed when a table is sealed: seal it anew with bl-ingest");
	}
	return bl_lint_check(p, &h->schema, err);
}

/* Keeps the last bytes of all that passes. */
static void remember(uint8_t tail[BL_FOOTER_TAIL], const uint8_t *p, size_t n)
{
	if (n >= BL_FOOTER_TAIL) {
		memcpy(tail, p + n - BL_FOOTER_TAIL, BL_FOOTER_TAIL);
		return;
	}
	memmove(tail, tail + n, BL_FOOTER_TAIL - n);
	memcpy(tail + BL_FOOTER_TAIL - n, p, n);
}

static int copy_rest(const struct bl_source *file, int fd, struct bl_err *err)
{
	uint8_t tail[BL_FOOTER_TAIL] = { 0 }, *p = file->bytes.p + file->header.size, *room = malloc(COPY);
	ssize_t n = (ssize_t)(file->bytes.len - file->header.size);
	uint64_t total = 0;
	int rc = -1;

	if (!room) {
		bl_err_set(err, BL_OSERR, "out of memory");
		goto out;
	}
	/* First what was read to find the header, then what follows it. */
	for (; n > 0; n = bl_file_readn(file->fd, p = room, COPY, err)) {
		if (bl_file_write(fd, p, (size_t)n, err))
			goto out;
		remember(tail, p, (size_t)n);
		total += (uint64_t)n;
	}
	if (n < 0)
		goto out;
	if (bl_footer_ends(tail, total)) {
		rc = 0;
		goto out;
	}
	bl_err_set(err, BL_DATA, "the file does not end as a sealed file does");
	bl_err_hint(err, "it was cut short: take it from a copy");
out:
	free(room);
	return rc;
}

int bl_attach_write(struct bl_source *file, const struct bl_policy *p, const struct bl_ident *owner, int fd, struct bl_err *err)
{
	struct bl_header h = file->header;
	struct bl_buf b;
	int rc;

	h.policy = p->canonical;
	h.policy_len = p->canonical_len;
	h.policy_version = p->version;
	bl_buf_init(&b, BL_BLF_HEADER_MAX);
	rc = bl_header_print(&h, owner, &b, err) || bl_file_write(fd, b.p, b.len, err) || copy_rest(file, fd, err) ? -1 : 0;
	bl_buf_fini(&b);
	return rc;
}
