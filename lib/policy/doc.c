/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doc: see doc.h. JSON in, reals turned into decimal strings, the tree printed canonically and hashed, checked against the
 * grammar, then read into fields. What is read here has been checked: only memory can fail.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mask.h"
#include "base/text.h"
#include "base/time.h"
#include "crypt/hash.h"
#include "policy/column.h"
#include "policy/grammar.h"
#include "policy/rule.h"

enum { ARENA = 32 << 20 };	/* far above what 256 KiB of JSON can need */

static int no_memory(struct bl_err *err)
{
	return bl_err_set(err, BL_OSERR, "out of memory");
}

/* --- canonical form --- */

/* The shortest text of v without an exponent, or false: at most 18 digits on either side of the point. */
static bool plain(double v, char out[BL_NUM_TEXT])
{
	char digits[BL_NUM_TEXT], shortest[BL_NUM_TEXT], *e;
	size_t n = 0, places = 0;
	long exponent = 0, point;

	if (!bl_num_print_f64(v, shortest))
		return false;
	e = strchr(shortest, 'e');
	if (e) {
		exponent = strtol(e + 1, NULL, 10);
		*e = 0;
	}
	for (const char *s = shortest + (*shortest == '-'); *s; s++) {
		if (*s != '.')
			digits[n++] = *s;
		else
			places = strlen(s + 1);
	}
	point = (long)(n - places) + exponent;		/* digits before the point */
	if (point > 18 || point < -18 || (long)n - point > 18)
		return false;
	if (*shortest == '-')
		*out++ = '-';
	if (point <= 0) {
		*out++ = '0';
		*out++ = '.';
		for (long i = point; i < 0; i++)
			*out++ = '0';
	}
	for (size_t i = 0; i < n; i++) {
		if (i && (long)i == point)
			*out++ = '.';
		*out++ = digits[i];
	}
	for (long i = (long)n; i < point; i++)
		*out++ = '0';
	*out = 0;
	return true;
}

/* A copy in which every real is a decimal string. NULL with err. */
static struct bl_json *canonical(const struct bl_json *j, const struct bl_shape_at *at, struct bl_err *err)
{
	struct bl_json *copy, *item;
	char text[BL_NUM_TEXT];
	bool object = bl_json_kind(j) == BL_JSON_OBJECT;

	if (bl_json_kind(j) == BL_JSON_REAL && !plain(bl_json_real(j), text)) {
		bl_shape_fail(at, err, "a number of more than 18 digits before or after the point");
		return NULL;
	}
	if (!object && bl_json_kind(j) != BL_JSON_ARRAY) {
		copy = bl_json_kind(j) == BL_JSON_REAL ? bl_json_new_text(text) : bl_json_copy(j);
		if (!copy)
			no_memory(err);
		return copy;
	}
	if (bl_json_count(j) > BL_DOC_ITEMS) {
		bl_shape_fail(at, err, "more than %d items", BL_DOC_ITEMS);
		return NULL;
	}
	copy = object ? bl_json_new_object() : bl_json_new_array();
	for (size_t i = 0; i < bl_json_count(j); i++) {
		const struct bl_json *v = bl_json_item(j, i);
		struct bl_shape_at member = { at, object ? bl_json_key(j, i, &v) : NULL, i };
		item = copy ? canonical(v, &member, err) : NULL;
		if (!item) {
			bl_json_free(copy);
			return NULL;
		}
		if (object)
			bl_json_put(copy, member.key, item);
		else
			bl_json_add(copy, item);
	}
	if (!copy)
		no_memory(err);
	return copy;
}

static int canonicalise(struct bl_policy *p, const char *s, size_t n, struct bl_err *err)
{
	struct bl_json *j;
	struct bl_buf b;
	int rc = 0;

	if (n > BL_DOC_MAX)
		return bl_err_set(err, BL_CONFIG, "longer than %d bytes", BL_DOC_MAX);
	j = bl_json_parse(s, n, BL_DOC_DEPTH, BL_CONFIG, err);
	if (!j)
		return -1;
	p->json = canonical(j, NULL, err);
	bl_json_free(j);
	if (!p->json)
		return -1;
	bl_buf_init(&b, BL_DOC_MAX);
	bl_json_print(p->json, &b);
	p->canonical_len = b.len;
	if (b.failed)
		rc = bl_err_set(err, BL_CONFIG, "longer than %d bytes in canonical form", BL_DOC_MAX);
	else if (!(p->canonical = bl_arena_strndup(&p->arena, (const char *)b.p, b.len)))
		rc = no_memory(err);
	else
		bl_hash_sha256(b.p, b.len, p->hash);
	bl_buf_fini(&b);
	return rc;
}

/* --- fields --- */

static int64_t seconds(const struct bl_json *j, const char *name, int64_t none)
{
	size_t n;
	const char *s = bl_json_text(bl_json_get(j, name), &n);
	int64_t us;

	return s && bl_time_parse_stamp(s, n, &us) ? us / 1000000 - (us % 1000000 < 0) : none;
}

static uint64_t count(const struct bl_json *j, const char *name, uint64_t none)
{
	return bl_json_get(j, name) ? (uint64_t)bl_json_get_int(j, name, 0) : none;
}

/* The words of a list. */
static int take_texts(struct bl_policy *p, const struct bl_json *list, uint32_t *n, const char ***v, struct bl_err *err)
{
	*v = bl_arena_array(&p->arena, bl_json_count(list), sizeof **v);
	if (!*v)
		return no_memory(err);
	*n = (uint32_t)bl_json_count(list);
	for (size_t i = 0; i < *n; i++)
		(*v)[i] = bl_json_text(bl_json_item(list, i), NULL);
	return 0;
}

static int take_entity(struct bl_policy *p, const struct bl_json *j, struct bl_err *err)
{
	const char *name = bl_json_text(j, NULL);

	if (!name)
		return take_texts(p, j, &p->nentity, &p->entity, err);
	if (!strcmp(name, "row"))
		return 0;
	p->entity = bl_arena_alloc(&p->arena, sizeof *p->entity);
	if (!p->entity)
		return no_memory(err);
	p->entity[0] = name;
	p->nentity = 1;
	return 0;
}

static int take_principals(struct bl_policy *p, const struct bl_json *list, struct bl_err *err)
{
	static const char ways[] = "key cert oidc any";		/* enum bl_who */

	p->principal = bl_arena_array(&p->arena, bl_json_count(list), sizeof *p->principal);
	if (!p->principal)
		return no_memory(err);
	for (size_t i = 0; i < bl_json_count(list); i++) {
		struct bl_doc_principal *who = &p->principal[p->nprincipal++];
		const char *key;
		who->json = bl_json_item(list, i);
		who->role = (enum bl_role)(bl_shape_word(bl_grammar_roles, bl_json_get_text(who->json, "role")) + BL_ROLE_CUSTODIAN);
		who->fpr = bl_json_get_text(who->json, "key");
		for (size_t k = 0; (key = bl_json_key(who->json, k, NULL)); k++)
			if (bl_shape_word(ways, key) >= 0)
				who->who = (enum bl_who)bl_shape_word(ways, key);
	}
	return 0;
}

static int take_columns(struct bl_policy *p, const struct bl_json *map, struct bl_err *err)
{
	const struct bl_json *j;
	const char *name;

	p->column = bl_arena_array(&p->arena, bl_json_count(map), sizeof *p->column);
	if (!p->column)
		return no_memory(err);
	for (size_t i = 0; (name = bl_json_key(map, i, &j)); i++) {
		struct bl_doc_column *c = &p->column[p->ncolumn];
		if (strcmp(name, "*"))
			p->ncolumn++;
		else
			c = p->star = bl_arena_alloc(&p->arena, sizeof *c);
		if (!c)
			return no_memory(err);
		bl_column_take(c, name, j);
	}
	return 0;
}

static void take_mitigate(struct bl_policy *p, const struct bl_json *j)
{
	const struct bl_json *s = bl_json_get(j, "suppress"), *round = bl_json_get(j, "round");

	p->suppress = s;
	p->secondary = s && (!bl_json_get(s, "secondary") || bl_json_bool(bl_json_get(s, "secondary")));
	p->round = (uint64_t)(bl_json_kind(round) == BL_JSON_OBJECT ? bl_json_get_int(round, "base", 0) : bl_json_int(round));
	p->midpoint = (uint64_t)bl_json_get_int(j, "midpoint", 0);
	p->cell_key = bl_json_get(j, "cell_key");
	p->mitigate_dp = bl_json_bool(bl_json_get(j, "dp"));
}

static void take_limits(struct bl_policy *p, const struct bl_json *j)
{
	p->limits.rows_out = count(j, "rows_out", 10000);
	p->limits.groups = count(j, "groups", 10000);
	p->limits.columns_out = count(j, "columns_out", 64);
	p->limits.sql_bytes = count(j, "sql_bytes", 32768);
	p->limits.seconds = count(j, "seconds", 60);
	p->limits.quantum_ms = count(j, "quantum_ms", p->dp ? 100 : 0);
}

const char *bl_doc_platform(size_t i)
{
	static const char *const members[] = { "technologies", "measurements", "min_tcb" };

	return i < sizeof members / sizeof *members ? members[i] : NULL;
}

static void take_tee(struct bl_policy *p, const struct bl_json *j)
{
	const char *class = bl_json_get_text(j, "class"), *bit;
	const struct bl_json *list = bl_json_get(j, "lockdown");

	p->tee = j;
	p->tee_class = class ? (enum bl_tee_class)bl_shape_word("software tpm2 hardware", class) : BL_TEE_HARDWARE;
	for (size_t i = 0; (bit = bl_json_text(bl_json_item(list, i), NULL)); i++)
		p->lockdown |= UINT32_C(1) << bl_mask_bit(bit);
}

static void take_scalars(struct bl_policy *p)
{
	const struct bl_json *j = p->json, *budget = bl_json_get(bl_json_get(j, "budget"), "principal"), *v = bl_json_get(j, "valid");
	const char *otherwise = bl_json_get_text(j, "otherwise"), *expressions = bl_json_get_text(j, "expressions");
	const char *title = bl_json_get_text(j, "title"), *note = bl_json_get_text(j, "note"), *derive = bl_json_get_text(j, "derive");

	p->version = (uint64_t)bl_json_get_int(j, "version", 0);
	p->dataset = bl_json_get_text(j, "dataset");
	p->title = title ? title : "";
	p->note = note ? note : "";
	if (otherwise)
		p->otherwise = (enum bl_otherwise)bl_shape_word("reject review log", otherwise);
	if (expressions)
		p->expressions = bl_shape_word("affine polynomial any", expressions);
	p->derive_sealed = derive && !strcmp(derive, "sealed");
	p->template = bl_json_get_text(j, "template");
	p->budget_requests = count(budget, "requests", UINT64_MAX);
	p->budget_refusals = count(budget, "refusals", UINT64_MAX);
	p->not_before = seconds(v, "not_before", INT64_MIN);
	p->not_after = seconds(v, "not_after", seconds(j, "expires", INT64_MAX));
	p->delete_after = seconds(p->retention, "delete_after", INT64_MAX);
}

static void take_sections(struct bl_policy *p)
{
	const struct bl_json *j = p->json;

	p->dp = bl_json_get(j, "dp");
	p->budget = bl_json_get(j, "budget");
	p->review = bl_json_get(j, "review");
	p->combine = bl_json_get(j, "combine");
	p->train = bl_json_get(j, "train");
	p->infer = bl_json_get(j, "infer");
	p->plot = bl_json_get(j, "plot");
	p->retention = bl_json_get(j, "retention");
	p->amend = bl_json_get(j, "amend");
	p->requires = bl_json_get(j, "requires");
}

static int take(struct bl_policy *p, struct bl_err *err)
{
	const struct bl_json *j = p->json, *purposes = bl_json_get(j, "purposes");

	take_sections(p);
	take_scalars(p);
	take_mitigate(p, bl_json_get(j, "mitigate"));
	take_limits(p, bl_json_get(j, "limits"));
	take_tee(p, bl_json_get(j, "tee"));
	p->has_purposes = purposes;
	return take_entity(p, bl_json_get(j, "entity"), err) || take_columns(p, bl_json_get(j, "columns"), err) ||
	       take_principals(p, bl_json_get(j, "principals"), err) || take_texts(p, purposes, &p->npurpose, &p->purpose, err) ||
	       bl_rule_parse(p, bl_json_get(j, "release"), &p->release, err) ? -1 : 0;
}

int bl_doc_parse(struct bl_policy *p, const char *s, size_t n, struct bl_err *err)
{
	*p = (struct bl_policy){ 0 };
	bl_arena_init(&p->arena, ARENA);
	if (!canonicalise(p, s, n, err) && !bl_grammar_check(p->json, err) && !take(p, err))
		return 0;
	bl_doc_fini(p);
	return -1;
}

void bl_doc_fini(struct bl_policy *p)
{
	bl_json_free(p->json);
	bl_arena_fini(&p->arena);
	*p = (struct bl_policy){ 0 };
}

/* --- against a table --- */

const struct bl_doc_column *bl_doc_column_of(const struct bl_policy *p, const char *name)
{
	/* Sorted, as members of a bl_json object are. */
	for (uint32_t low = 0, high = p->ncolumn; low < high;) {
		uint32_t mid = low + (high - low) / 2;
		int c = strcmp(p->column[mid].name, name);
		if (!c)
			return &p->column[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return p->star;
}

void bl_doc_limits(const struct bl_policy *p, const char *fpr, uint64_t *requests, uint64_t *refusals)
{
	const struct bl_json *own = bl_json_get(bl_json_get(p->budget, "principals"), fpr);

	*requests = count(own, "requests", p->budget_requests);
	*refusals = count(own, "refusals", p->budget_refusals);
}

static bool in_schema(const struct bl_schema *s, const char *name)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (!strcmp(s->col[i].name, name))
			return true;
	return false;
}

static int not_there(const struct bl_schema *s, const char *where, const char *name, struct bl_err *err)
{
	const char **names = calloc(s->n ? s->n : 1, sizeof *names), *near;

	bl_err_set(err, BL_CONFIG, "%s: the table has no column '%s'", where, name);
	if (!names)
		return -1;
	for (uint32_t i = 0; i < s->n; i++)
		names[i] = s->col[i].name;
	near = bl_text_nearest(name, names, s->n);
	if (near)
		bl_err_hint(err, "did you mean '%s'?", near);
	free(names);
	return -1;
}

int bl_doc_check_schema(const struct bl_policy *p, const struct bl_schema *s, struct bl_err *err)
{
	bool fitted[BL_TYPE_TEXT + 1][19][19] = { { { false } } };	/* by kind, precision and scale of a column */

	for (uint32_t i = 0; i < p->nentity; i++)
		if (!in_schema(s, p->entity[i]))
			return not_there(s, "entity", p->entity[i], err);
	for (uint32_t i = 0; i < p->ncolumn; i++)
		if (!in_schema(s, p->column[i].name))
			return not_there(s, "columns", p->column[i].name, err);
	for (uint32_t i = 0; i < s->n; i++) {
		const struct bl_doc_column *c = bl_doc_column_of(p, s->col[i].name);
		struct bl_type t = s->col[i].type;
		/* What "*" says may be long, and need fit each type but once. */
		bool known = c && c == p->star && fitted[t.kind][t.precision][t.scale];
		if (c && !known && bl_column_check(c, &s->col[i], err))
			return -1;
		if (c == p->star)
			fitted[t.kind][t.precision][t.scale] = true;
	}
	return 0;
}
