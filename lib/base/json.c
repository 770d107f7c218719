/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json: jansson reads, a tree of our own keeps (members sorted, so that walking one is walking the canonical order), our
 * own printer writes. What jansson accepts and canonical JSON does not know (NUL, large integers) is refused on the way in.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/json.h"
#include "base/num.h"
#include "base/seed.h"
#include "base/text.h"

enum { DEEPEST = 1024 };	/* parser, printer and free recurse; jansson's own bound is 2048 */
#define INTEGER_LIMIT (INT64_C(1) << 53)

struct member {
	char *key;		/* NULL in arrays */
	struct bl_json *value;
};
struct bl_json {
	enum bl_json_kind kind;
	bool failed;		/* a put of something that could not be made: the whole tree is not to be printed */
	union {
		bool truth;
		int64_t integer;
		double real;
		struct { char *s; size_t n; } text;
		struct { struct member *v; size_t n, room; } list;
	};
};

void bl_json_init(void)
{
	json_object_seed((size_t)bl_seed());
}

/* --- the tree --- */

static bool is(const struct bl_json *j, enum bl_json_kind kind)
{
	return j && j->kind == kind;
}

static bool is_list(const struct bl_json *j)
{
	return is(j, BL_JSON_ARRAY) || is(j, BL_JSON_OBJECT);
}

static struct bl_json *new_node(enum bl_json_kind kind)
{
	struct bl_json *j = calloc(1, sizeof *j);

	if (j)
		j->kind = kind;
	return j;
}

void bl_json_free(struct bl_json *j)
{
	if (!j)
		return;
	if (j->kind == BL_JSON_TEXT)
		free(j->text.s);
	if (is_list(j)) {
		for (size_t i = 0; i < j->list.n; i++) {
			free(j->list.v[i].key);
			bl_json_free(j->list.v[i].value);
		}
		free(j->list.v);
	}
	free(j);
}

enum bl_json_kind bl_json_kind(const struct bl_json *j)
{
	return j ? j->kind : BL_JSON_NULL;
}

bool bl_json_bool(const struct bl_json *j)
{
	return is(j, BL_JSON_BOOL) && j->truth;
}

int64_t bl_json_int(const struct bl_json *j)
{
	return is(j, BL_JSON_INT) ? j->integer : 0;
}

double bl_json_real(const struct bl_json *j)
{
	return is(j, BL_JSON_REAL) ? j->real : (double)bl_json_int(j);
}

const char *bl_json_text(const struct bl_json *j, size_t *len)
{
	bool text = is(j, BL_JSON_TEXT);

	if (len)
		*len = text ? j->text.n : 0;
	return text ? j->text.s : NULL;
}

size_t bl_json_count(const struct bl_json *j)
{
	return is_list(j) ? j->list.n : 0;
}

const struct bl_json *bl_json_item(const struct bl_json *array, size_t i)
{
	return is(array, BL_JSON_ARRAY) && i < array->list.n ? array->list.v[i].value : NULL;
}

const char *bl_json_key(const struct bl_json *object, size_t i, const struct bl_json **value)
{
	if (!is(object, BL_JSON_OBJECT) || i >= object->list.n)
		return NULL;
	if (value)
		*value = object->list.v[i].value;
	return object->list.v[i].key;
}

/* Where key is, or would go. Bytes of UTF-8 in order are code points in order, and strcmp compares unsigned bytes. */
static size_t place(const struct bl_json *object, const char *key, bool *found)
{
	size_t low = 0, high = object->list.n;

	*found = false;
	/* Keys mostly arrive in order: try the end first. */
	if (high && strcmp(object->list.v[high - 1].key, key) < 0)
		return high;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = strcmp(object->list.v[mid].key, key);
		if (c == 0) {
			*found = true;
			return mid;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct bl_json *bl_json_get(const struct bl_json *object, const char *key)
{
	bool found = false;
	size_t i = is(object, BL_JSON_OBJECT) ? place(object, key, &found) : 0;

	return found ? object->list.v[i].value : NULL;
}

int64_t bl_json_get_int(const struct bl_json *object, const char *key, int64_t def)
{
	const struct bl_json *j = bl_json_get(object, key);

	return is(j, BL_JSON_INT) ? j->integer : def;
}

const char *bl_json_get_text(const struct bl_json *object, const char *key)
{
	return bl_json_text(bl_json_get(object, key), NULL);
}

bool bl_json_get_hex(const struct bl_json *object, const char *key, uint8_t *out, size_t n)
{
	const char *s = bl_json_get_text(object, key);

	return s && bl_text_unhex(s, strlen(s), out, n);
}

/* --- building --- */

struct bl_json *bl_json_new_object(void)
{
	return new_node(BL_JSON_OBJECT);
}

struct bl_json *bl_json_new_array(void)
{
	return new_node(BL_JSON_ARRAY);
}

struct bl_json *bl_json_new_textn(const char *s, size_t n)
{
	struct bl_json *j;

	if (memchr(s, 0, n) || !bl_text_utf8(s, n))
		return NULL;
	j = new_node(BL_JSON_TEXT);
	if (!j)
		return NULL;
	j->text.n = n;
	j->text.s = strndup(s, n);
	if (!j->text.s) {
		free(j);
		return NULL;
	}
	return j;
}

struct bl_json *bl_json_new_text(const char *s)
{
	return s ? bl_json_new_textn(s, strlen(s)) : NULL;
}

struct bl_json *bl_json_new_int(int64_t v)
{
	struct bl_json *j = v > -INTEGER_LIMIT && v < INTEGER_LIMIT ? new_node(BL_JSON_INT) : NULL;

	if (j)
		j->integer = v;
	return j;
}

struct bl_json *bl_json_new_bool(bool v)
{
	struct bl_json *j = new_node(BL_JSON_BOOL);

	if (j)
		j->truth = v;
	return j;
}

struct bl_json *bl_json_new_null(void)
{
	return new_node(BL_JSON_NULL);
}

/* Room for one member at i, the rest moved up. */
static struct member *open_place(struct bl_json *list, size_t i)
{
	if (list->list.n == list->list.room) {
		size_t room = list->list.room ? list->list.room * 2 : 4;
		struct member *v = reallocarray(list->list.v, room, sizeof *v);
		if (!v)
			return NULL;
		list->list.v = v;
		list->list.room = room;
	}
	memmove(&list->list.v[i + 1], &list->list.v[i], (list->list.n - i) * sizeof *list->list.v);
	list->list.n++;
	list->list.v[i] = (struct member){ 0 };
	return &list->list.v[i];
}

void bl_json_put(struct bl_json *object, const char *key, struct bl_json *v)
{
	char *copy = NULL;
	struct member *m = NULL;
	bool found = false;
	size_t i;

	if (!is(object, BL_JSON_OBJECT)) {
		bl_json_free(v);
		return;
	}
	if (v && bl_text_utf8(key, strlen(key))) {
		i = place(object, key, &found);
		copy = found ? NULL : strdup(key);
		m = found ? &object->list.v[i] : copy ? open_place(object, i) : NULL;
	}
	if (!m) {
		object->failed = true;
		free(copy);
		bl_json_free(v);
		return;
	}
	if (found)
		bl_json_free(m->value);
	else
		m->key = copy;
	m->value = v;
}

void bl_json_add(struct bl_json *array, struct bl_json *v)
{
	struct member *m = v && is(array, BL_JSON_ARRAY) ? open_place(array, array->list.n) : NULL;

	if (m)
		m->value = v;
	else
		bl_json_free(v);
	if (!m && array)
		array->failed = true;
}

void bl_json_put_text(struct bl_json *object, const char *key, const char *s)
{
	bl_json_put(object, key, bl_json_new_text(s));
}

void bl_json_put_hex(struct bl_json *object, const char *key, const uint8_t *p, size_t n)
{
	char *hex = n < SIZE_MAX / 2 ? malloc(2 * n + 1) : NULL;
	struct bl_json *j = NULL;

	if (hex) {
		bl_text_hex(p, n, hex);
		j = bl_json_new_textn(hex, 2 * n);
	}
	free(hex);
	bl_json_put(object, key, j);
}

void bl_json_put_int(struct bl_json *object, const char *key, int64_t v)
{
	bl_json_put(object, key, bl_json_new_int(v));
}

struct bl_json *bl_json_copy(const struct bl_json *j)
{
	struct bl_json *copy;

	if (is(j, BL_JSON_TEXT))
		return bl_json_new_textn(j->text.s, j->text.n);
	copy = j ? new_node(j->kind) : NULL;
	if (!copy)
		return NULL;
	if (!is_list(j)) {
		*copy = *j;
		return copy;
	}
	copy->failed = j->failed;
	for (size_t i = 0; i < j->list.n; i++) {
		if (j->kind == BL_JSON_OBJECT)
			bl_json_put(copy, j->list.v[i].key, bl_json_copy(j->list.v[i].value));
		else
			bl_json_add(copy, bl_json_copy(j->list.v[i].value));
	}
	return copy;
}

/* --- parsing --- */

/*
 * Depth of brackets outside strings, before a parser recurses into them, and how many values there can be, before it makes a hundred bytes
 * of every two: what is wrong, with the line where it passes the bound, or NULL.
 */
static const char *too_much(const char *s, size_t n, unsigned max_depth, unsigned *line)
{
	unsigned depth = 0;
	size_t values = 1;
	bool string = false;

	*line = 1;
	for (size_t i = 0; i < n; i++) {
		char c = s[i];
		*line += c == '\n';
		if (string && c == '\\')
			i++;
		else if (c == '"')
			string = !string;
		else if (!string && (c == '[' || c == '{') && ++depth > max_depth)
			return "nested too deeply";
		else if (!string && (c == ']' || c == '}') && depth)
			depth--;
		values += !string && (c == '[' || c == '{' || c == ',');
		if (values > BL_JSON_VALUES)
			return "more values than are read";
	}
	return NULL;
}

/* jansson's own words quote the text, which may be a secret or a cell. */
static const char *what_is_wrong(const json_error_t *e)
{
	switch (json_error_code(e)) {
	case json_error_out_of_memory:		return "out of memory";
	case json_error_invalid_utf8:		return "not UTF-8";
	case json_error_premature_end_of_input:	return "ends too early";
	case json_error_end_of_input_expected:	return "something follows the end";
	case json_error_duplicate_key:		return "a member is given twice";
	case json_error_numeric_overflow:	return "a number is too large";
	case json_error_null_byte_in_key:
	case json_error_null_character:		return "a string holds NUL";
	default:				return "not JSON";
	}
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->key, ((const struct member *)b)->key);
}

static struct bl_json *convert(const json_t *from, const char **why);

static bool convert_list(struct bl_json *j, const json_t *from, const char **why)
{
	const char *key;
	json_t *v;
	size_t i, n = json_is_array(from) ? json_array_size(from) : json_object_size(from);
	void *iter;

	j->list.v = calloc(n ? n : 1, sizeof *j->list.v);
	if (!j->list.v)
		return false;
	j->list.room = n ? n : 1;
	if (json_is_array(from)) {
		json_array_foreach(from, i, v)
			if (!(j->list.v[j->list.n++].value = convert(v, why)))
				return false;
		return true;
	}
	for (iter = json_object_iter((json_t *)from); iter; iter = json_object_iter_next((json_t *)from, iter)) {
		struct member *m = &j->list.v[j->list.n++];
		key = json_object_iter_key(iter);
		m->key = strdup(key);
		m->value = m->key ? convert(json_object_iter_value(iter), why) : NULL;
		if (!m->value)
			return false;
	}
	qsort(j->list.v, j->list.n, sizeof *j->list.v, by_key);
	return true;
}

/* NULL with *why, else out of memory. */
static struct bl_json *convert(const json_t *from, const char **why)
{
	struct bl_json *j = NULL;

	switch (json_typeof(from)) {
	case JSON_NULL:
		return bl_json_new_null();
	case JSON_TRUE:
	case JSON_FALSE:
		return bl_json_new_bool(json_is_true(from));
	case JSON_STRING:
		return bl_json_new_textn(json_string_value(from), json_string_length(from));
	case JSON_INTEGER:
		if (json_integer_value(from) >= INTEGER_LIMIT || json_integer_value(from) <= -INTEGER_LIMIT) {
			*why = "an integer of 2^53 or more";
			return NULL;
		}
		return bl_json_new_int(json_integer_value(from));
	case JSON_REAL:
		j = new_node(BL_JSON_REAL);
		if (j)
			j->real = json_real_value(from);
		return j;
	case JSON_ARRAY:
	case JSON_OBJECT:
		j = new_node(json_is_array(from) ? BL_JSON_ARRAY : BL_JSON_OBJECT);
		if (j && !convert_list(j, from, why)) {
			bl_json_free(j);
			return NULL;
		}
		return j;
	}
	return NULL;
}

struct bl_json *bl_json_parse(const char *s, size_t n, unsigned max_depth, int code, struct bl_err *err)
{
	const char *why = NULL;
	json_error_t e;
	json_t *from;
	struct bl_json *j;
	unsigned line;

	assert(max_depth <= DEEPEST);
	if ((why = too_much(s, n, max_depth, &line))) {
		bl_err_set(err, code, "line %u: %s", line, why);
		return NULL;
	}
	from = json_loadb(s, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
	if (!from) {
		bl_err_set(err, code, "line %d, column %d: %s", e.line > 0 ? e.line : 1, e.column > 0 ? e.column : 1, what_is_wrong(&e));
		return NULL;
	}
	j = convert(from, &why);
	json_decref(from);
	if (!j && why)
		bl_err_set(err, code, "%s", why);
	else if (!j)
		bl_err_set(err, BL_OSERR, "out of memory");
	return j;
}

/* --- printing --- */

void bl_json_print_text(const char *s, size_t n, struct bl_buf *b)
{
	static const char shortest[32] = { ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't' };
	size_t from = 0;

	if (!bl_text_utf8(s, n)) {
		b->failed = true;
		return;
	}
	bl_buf_put8(b, '"');
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		bl_buf_put(b, s + from, i - from);
		from = i + 1;
		if (c >= 0x20)
			bl_buf_printf(b, "\\%c", c);
		else if (shortest[c])
			bl_buf_printf(b, "\\%c", shortest[c]);
		else
			bl_buf_printf(b, "\\u%04x", c);
	}
	bl_buf_put(b, s + from, n - from);
	bl_buf_put8(b, '"');
}

/* indent: columns of the line that j begins on, or -1 for the canonical form. */
static void print(const struct bl_json *j, struct bl_buf *b, int indent)
{
	char number[BL_NUM_TEXT];
	int inner = indent < 0 ? -1 : indent + 2;

	if (!j || j->failed) {
		b->failed = true;
		return;
	}
	switch (j->kind) {
	case BL_JSON_NULL:
		bl_buf_puts(b, "null");
		return;
	case BL_JSON_BOOL:
		bl_buf_puts(b, j->truth ? "true" : "false");
		return;
	case BL_JSON_INT:
		bl_num_print_i128(j->integer, number);
		bl_buf_puts(b, number);
		return;
	case BL_JSON_REAL:
		b->failed = true;
		return;
	case BL_JSON_TEXT:
		bl_json_print_text(j->text.s, j->text.n, b);
		return;
	case BL_JSON_ARRAY:
	case BL_JSON_OBJECT:
		break;
	}
	bl_buf_put8(b, j->kind == BL_JSON_ARRAY ? '[' : '{');
	for (size_t i = 0; i < j->list.n && !b->failed; i++) {
		const struct member *m = &j->list.v[i];
		if (i)
			bl_buf_put8(b, ',');
		if (indent >= 0)
			bl_buf_printf(b, "\n%*s", inner, "");
		if (m->key) {
			bl_json_print_text(m->key, strlen(m->key), b);
			bl_buf_puts(b, indent < 0 ? ":" : ": ");
		}
		print(m->value, b, inner);
	}
	if (indent >= 0 && j->list.n)
		bl_buf_printf(b, "\n%*s", indent, "");
	bl_buf_put8(b, j->kind == BL_JSON_ARRAY ? ']' : '}');
}

void bl_json_print(const struct bl_json *j, struct bl_buf *b)
{
	print(j, b, -1);
}

void bl_json_print_pretty(const struct bl_json *j, struct bl_buf *b)
{
	print(j, b, 0);
}

bool bl_json_canonical(const char *s, size_t n, unsigned max_depth)
{
	struct bl_err err;
	struct bl_json *j = bl_json_parse(s, n, max_depth, BL_DATA, &err);
	struct bl_buf b;
	bool same;

	bl_buf_init(&b, n);
	bl_json_print(j, &b);
	same = !b.failed && b.len == n && (n == 0 || !memcmp(b.p, s, n));
	bl_buf_fini(&b);
	bl_json_free(j);
	return same;
}
