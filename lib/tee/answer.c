/* SPDX-License-Identifier: Apache-2.0 */
/* answer: see answer.h. */
#include "tee/answer.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"

static const char schema[] = "bl-answer/1";
enum { DEPTH = 24, MEMBERS = 12, NOTHING = -1 };

static void put_text(struct bl_json *j, const char *key, const char *s)
{
	bl_json_put(j, key, s ? bl_json_new_text(s) : bl_json_new_null());
}

static struct bl_json *columns(const struct bl_table *t)
{
	struct bl_json *list = bl_json_new_array();
	char type[32];

	for (uint32_t i = 0; i < t->ncol; i++) {
		struct bl_json *c = bl_json_new_object();
		bl_type_print(t->col[i].type, type);
		bl_json_put_text(c, "name", t->col[i].name);
		bl_json_put_text(c, "type", type);
		bl_json_add(list, c);
	}
	return list;
}

int bl_answer_print(const struct bl_answer *a, struct bl_buf *b, struct bl_err *err)
{
	struct bl_json *j = bl_json_new_object(), *place;
	const struct bl_table *t = &a->table;
	size_t at = b->len;

	bl_json_put_int(j, "code", a->err.code);
	bl_json_put(j, "columns", columns(t));
	bl_json_put(j, "document", a->document ? bl_json_copy(a->document) : bl_json_new_null());
	bl_json_put_text(j, "hint", a->err.code ? a->err.hint : "");
	bl_json_put_text(j, "message", a->err.code ? a->err.msg : "");
	put_text(j, "note", a->note);
	if (a->place.pos != SIZE_MAX) {
		place = bl_json_new_array();
		bl_json_add(place, bl_json_new_int((int64_t)a->place.pos));
		bl_json_add(place, bl_json_new_int((int64_t)a->place.len));
	} else {
		place = bl_json_new_null();
	}
	bl_json_put(j, "place", place);
	put_text(j, "receipt", a->receipt);
	bl_json_put_int(j, "rows", (int64_t)t->nrow);
	bl_json_put_text(j, "schema", schema);
	put_text(j, "text", a->text);
	put_text(j, "warning", a->warning);
	bl_buf_put32(b, 0);
	bl_json_print(j, b);
	bl_json_free(j);
	if (b->failed)
		return bl_err_set(err, BL_REFUSED, "refused: limits.answer (an answer of at most %zu MiB)", b->max >> 20);
	uint32_t len = (uint32_t)(b->len - at - 4);
	memcpy(b->p + at, &len, sizeof len);
	for (uint64_t i = 0; i < t->nrow * t->ncol; i++) {
		bl_buf_put32(b, t->cell[i].p ? t->cell[i].n : UINT32_MAX);
		bl_buf_put(b, t->cell[i].p ? t->cell[i].p : "", t->cell[i].p ? t->cell[i].n : 0);
	}
	return b->failed ? bl_err_set(err, BL_REFUSED, "refused: limits.answer (an answer of at most %zu MiB)", b->max >> 20) : 0;
}

/* A text, or null: false for anything else. */
static bool get_text(const struct bl_json *j, const char *key, const char **s)
{
	const struct bl_json *v = bl_json_get(j, key);

	*s = v && bl_json_kind(v) == BL_JSON_TEXT ? bl_json_text(v, NULL) : NULL;
	return *s || (v && bl_json_kind(v) == BL_JSON_NULL);
}

static bool get_head(struct bl_answer *a)
{
	const struct bl_json *j = a->root, *place = bl_json_get(j, "place");
	const char *s = bl_json_get_text(j, "schema"), *msg = bl_json_get_text(j, "message"), *hint = bl_json_get_text(j, "hint");
	int64_t code = bl_json_get_int(j, "code", NOTHING);

	if (!s || strcmp(s, schema) || !msg || !hint || bl_json_count(j) != MEMBERS || !place || code < 0 || code > 255)
		return false;
	a->err.code = (int)code;
	snprintf(a->err.msg, sizeof a->err.msg, "%s", msg);
	snprintf(a->err.hint, sizeof a->err.hint, "%s", hint);
	a->place.pos = SIZE_MAX;
	if (bl_json_kind(place) == BL_JSON_ARRAY && bl_json_count(place) == 2 && bl_json_kind(bl_json_item(place, 0)) == BL_JSON_INT &&
	    bl_json_kind(bl_json_item(place, 1)) == BL_JSON_INT)
		a->place = (struct bl_place){ (size_t)bl_json_int(bl_json_item(place, 0)), (size_t)bl_json_int(bl_json_item(place, 1)) };
	a->document = bl_json_get(j, "document");
	if (!a->document || bl_json_kind(a->document) != BL_JSON_OBJECT)
		a->document = NULL;
	return get_text(j, "note", &a->note) && get_text(j, "warning", &a->warning) && get_text(j, "text", &a->text) &&
	       get_text(j, "receipt", &a->receipt);
}

static bool get_table(struct bl_answer *a, struct bl_cur *c, struct bl_arena *arena)
{
	const struct bl_json *cols = bl_json_get(a->root, "columns");
	int64_t rows = bl_json_get_int(a->root, "rows", NOTHING);
	struct bl_table_col *col;
	struct bl_str *cell;
	size_t n;

	if (!cols || bl_json_kind(cols) != BL_JSON_ARRAY || bl_json_count(cols) > BL_TYPE_COLUMNS || rows < 0 ||
	    !bl_num_mul((size_t)rows, bl_json_count(cols), &n) || n > c->left / 4)
		return false;
	a->table.ncol = (uint32_t)bl_json_count(cols);
	a->table.nrow = (uint64_t)rows;
	col = bl_arena_array(arena, a->table.ncol, sizeof *col);
	cell = bl_arena_array(arena, n, sizeof *cell);
	if (!col || !cell)
		return false;
	for (uint32_t i = 0; i < a->table.ncol; i++) {
		const char *type = bl_json_get_text(bl_json_item(cols, i), "type");
		col[i].name = bl_json_get_text(bl_json_item(cols, i), "name");
		if (!col[i].name || !type || !bl_type_parse(type, strlen(type), &col[i].type))
			return false;
	}
	for (size_t i = 0; i < n; i++) {
		uint32_t len = bl_cur_get32(c);
		if (len != UINT32_MAX)
			cell[i] = (struct bl_str){ (const char *)bl_cur_get(c, len), len };
	}
	a->table.col = col;
	a->table.cell = cell;
	return !c->bad && !c->left;
}

int bl_answer_parse(struct bl_answer *a, const uint8_t *p, size_t n, struct bl_arena *arena, struct bl_err *err)
{
	struct bl_cur c;
	uint32_t len;
	const uint8_t *text;

	memset(a, 0, sizeof *a);
	bl_cur_init(&c, p, n);
	len = bl_cur_get32(&c);
	text = bl_cur_get(&c, len);
	if (!text || !(a->root = bl_json_parse((const char *)text, len, DEPTH, BL_PROTOCOL, err)) || !get_head(a) || !get_table(a, &c, arena)) {
		bl_answer_fini(a);
		return bl_err_set(err, BL_PROTOCOL, "the helper sent a malformed answer");
	}
	return 0;
}

void bl_answer_fini(struct bl_answer *a)
{
	bl_json_free(a->root);
	memset(a, 0, sizeof *a);
}
