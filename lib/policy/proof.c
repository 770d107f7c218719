/* SPDX-License-Identifier: Apache-2.0 */
/* proof: see proof.h. */
#include "policy/proof.h"

#include <string.h>

#include "base/text.h"

static struct bl_json *list(const uint8_t (*hash)[BL_TREE_HASH], size_t n)
{
	struct bl_json *a = bl_json_new_array();
	char hex[2 * BL_TREE_HASH + 1];

	for (size_t i = 0; i < n; i++) {
		bl_text_hex(hash[i], BL_TREE_HASH, hex);
		bl_json_add(a, bl_json_new_text(hex));
	}
	return a;
}

struct bl_json *bl_proof_inclusion(const uint8_t (*leaf)[BL_TREE_HASH], uint64_t index, const char *line, const struct bl_note *note,
				   const char *text)
{
	uint8_t hash[BL_TREE_PROOF][BL_TREE_HASH];
	size_t n = bl_tree_prove(leaf, note->size, index, hash);
	struct bl_json *j = bl_json_new_object();

	bl_json_put_text(j, "checkpoint", text);
	bl_json_put_int(j, "index", (int64_t)index);
	bl_json_put_text(j, "line", line);
	bl_json_put(j, "proof", list((const uint8_t (*)[BL_TREE_HASH])hash, n));
	bl_json_put_text(j, "schema", "bl-inclusion/1");
	return j;
}

struct bl_json *bl_proof_consistency(const uint8_t (*leaf)[BL_TREE_HASH], const struct bl_note *old, const char *old_text,
				     const struct bl_note *note, const char *text)
{
	uint8_t hash[BL_TREE_PROOF][BL_TREE_HASH];
	size_t n = bl_tree_prove_extends(leaf, note->size, old->size, hash);
	struct bl_json *j = bl_json_new_object();

	bl_json_put_text(j, "new", text);
	bl_json_put_text(j, "old", old_text);
	bl_json_put(j, "proof", list((const uint8_t (*)[BL_TREE_HASH])hash, n));
	bl_json_put_text(j, "schema", "bl-consistency/1");
	return j;
}

static bool get_note(const struct bl_json *j, const char *key, struct bl_note *n)
{
	const char *s = bl_json_get_text(j, key);
	struct bl_err err;

	return s && !bl_note_parse(n, s, strlen(s), &err);
}

int bl_proof_parse(struct bl_proof *p, const struct bl_json *j, struct bl_err *err)
{
	const char *schema = bl_json_get_text(j, "schema");
	const struct bl_json *hashes = bl_json_get(j, "proof");
	int64_t index = bl_json_get_int(j, "index", -1);

	memset(p, 0, sizeof *p);
	p->entry = schema && !strcmp(schema, "bl-inclusion/1");
	if (!p->entry && (!schema || strcmp(schema, "bl-consistency/1")))
		return bl_err_set(err, BL_DATA, "neither a proof nor a checkpoint");
	if (!hashes || bl_json_kind(hashes) != BL_JSON_ARRAY || bl_json_count(hashes) > BL_TREE_PROOF)
		goto bad;
	for (p->n = 0; p->n < bl_json_count(hashes); p->n++) {
		const struct bl_json *v = bl_json_item(hashes, p->n);
		size_t len;
		const char *hex = bl_json_kind(v) == BL_JSON_TEXT ? bl_json_text(v, &len) : NULL;
		if (!hex || !bl_text_unhex(hex, len, p->hash[p->n], BL_TREE_HASH))
			goto bad;
	}
	if (!p->entry)
		return get_note(j, "old", &p->old) && get_note(j, "new", &p->note) ? 0 : bl_err_set(err, BL_DATA, "a malformed proof");
	p->line = bl_json_get_text(j, "line");
	p->index = (uint64_t)index;
	if (p->line && index >= 0 && get_note(j, "checkpoint", &p->note))
		return 0;
bad:
	return bl_err_set(err, BL_DATA, "a malformed proof");
}

bool bl_proof_holds(const struct bl_proof *p)
{
	const uint8_t (*hash)[BL_TREE_HASH] = (const uint8_t (*)[BL_TREE_HASH])p->hash;
	uint8_t leaf[BL_TREE_HASH];

	if (!p->entry)
		return !strcmp(p->old.origin, p->note.origin) &&
		       bl_tree_extends(p->note.root, p->note.size, p->old.root, p->old.size, hash, p->n);
	bl_tree_leaf(p->line, strlen(p->line), leaf);
	return bl_tree_includes(p->note.root, p->note.size, p->index, leaf, hash, p->n);
}
