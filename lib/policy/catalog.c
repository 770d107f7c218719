/* SPDX-License-Identifier: Apache-2.0 */
/* catalog: see catalog.h. A hidden column leaves no trace here, not even as the entity. */
#include "policy/catalog.h"

#include <stdio.h>
#include <string.h>

#include "policy/lineage.h"
#include "policy/words.h"

enum { DETAIL = 512, DOMAIN = 12 };	/* bytes of the details of a column; values of a domain that are shown to people */

static void put(char *out, const char *between, const char *s)
{
	size_t n = strlen(out);

	if (n < DETAIL)
		snprintf(out + n, DETAIL - n, "%s%s", n ? between : "", s);
}

static void put_dec(char *out, const char *name, const struct bl_dec *d)
{
	char num[BL_NUM_TEXT], both[BL_NUM_TEXT + 16];

	if (!d->set)
		return;
	bl_num_print_dec(d->v, d->scale, num);
	snprintf(both, sizeof both, "%s %s", name, num);
	put(out, ", ", both);
}

/* A value of the document: text or integer. */
static void value(const struct bl_json *j, char out[BL_TYPE_NAME])
{
	const char *s = bl_json_text(j, NULL);

	if (s)
		snprintf(out, BL_TYPE_NAME, "%s", s);
	else
		snprintf(out, BL_TYPE_NAME, "%lld", (long long)bl_json_int(j));
}

static void put_domain(char *out, const struct bl_json *domain)
{
	char one[BL_TYPE_NAME], whole[DETAIL] = "";

	if (!domain)
		return;
	if (bl_json_kind(domain) == BL_JSON_OBJECT) {
		static const char *const part[] = { "from", "to", "step" };
		for (int i = 0; i < 3; i++) {
			if (!bl_json_get(domain, part[i]))
				continue;
			value(bl_json_get(domain, part[i]), one);
			put(whole, " ", part[i]);
			put(whole, " ", one);
		}
	}
	for (size_t i = 0; bl_json_kind(domain) == BL_JSON_ARRAY && i < bl_json_count(domain); i++) {
		value(bl_json_item(domain, i), one);
		put(whole, " | ", i < DOMAIN ? one : "...");
		if (i == DOMAIN)
			break;
	}
	put(out, ", ", whole);
}

static void put_bounds(char *out, const struct bl_doc_column *c)
{
	char lo[BL_NUM_TEXT], hi[BL_NUM_TEXT], both[2 * BL_NUM_TEXT + 16];

	if (c->lo.set && c->hi.set) {
		bl_num_print_dec(c->lo.v, c->lo.scale, lo);
		bl_num_print_dec(c->hi.v, c->hi.scale, hi);
		snprintf(both, sizeof both, "%s to %s", lo, hi);
		put(out, ", ", both);
	} else if (c->lo_text && c->hi_text) {
		snprintf(both, sizeof both, "%.60s to %.60s", c->lo_text, c->hi_text);
		put(out, ", ", both);
	}
}

static void names(char *out, unsigned bits, const char *(*name)(unsigned))
{
	for (unsigned i = 0; name(i); i++)
		if (bits >> i & 1)
			put(out, " ", name(i));
}

static struct bl_json *list(unsigned bits, const char *(*name)(unsigned))
{
	struct bl_json *a = bl_json_new_array();

	for (unsigned i = 0; name(i); i++)
		if (bits >> i & 1)
			bl_json_add(a, bl_json_new_text(name(i)));
	return a;
}

static void put_dec_json(struct bl_json *o, const char *name, const struct bl_dec *d)
{
	char num[BL_NUM_TEXT];

	if (!d->set)
		return;
	bl_num_print_dec(d->v, d->scale, num);
	bl_json_put_text(o, name, num);
}

static struct bl_json *column_json(const struct bl_column *col, const struct bl_grant *g, const char *type)
{
	const struct bl_doc_column *c = g->doc;
	struct bl_json *o = bl_json_new_object(), *bounds;

	bl_json_put_text(o, "name", col->name);
	bl_json_put_text(o, "type", type);
	bl_json_put_text(o, "class", bl_words_class(c->class));
	bl_json_put(o, "uses", list(g->uses, bl_lineage_use_name));
	bl_json_put(o, "functions", list(g->functions, bl_lineage_function_name));
	bl_json_put(o, "like", bl_json_new_bool(c->like));
	put_dec_json(o, "grid", &c->grid);
	put_dec_json(o, "bin", &c->bin);
	if ((c->lo.set && c->hi.set) || (c->lo_text && c->hi_text)) {
		char lo[BL_NUM_TEXT], hi[BL_NUM_TEXT];
		bounds = bl_json_new_array();
		bl_num_print_dec(c->lo.v, c->lo.scale, lo);
		bl_num_print_dec(c->hi.v, c->hi.scale, hi);
		bl_json_add(bounds, bl_json_new_text(c->lo.set ? lo : c->lo_text));
		bl_json_add(bounds, bl_json_new_text(c->lo.set ? hi : c->hi_text));
		bl_json_put(o, "bounds", bounds);
	}
	if (c->domain)
		bl_json_put(o, "domain", bl_json_copy(c->domain));
	return o;
}

static void columns(const struct bl_policy *p, const struct bl_schema *s, struct bl_buf *text, struct bl_json *json)
{
	struct bl_json *a = json ? bl_json_new_array() : NULL;
	struct bl_words_table t;

	bl_words_init(&t, 6);
	bl_words_row(&t, (const char *[]){ "column", "type", "class", "may", "in aggregates", "values" });
	for (uint32_t i = 0; i < s->n; i++) {
		struct bl_grant g = bl_lineage_grant(p, s->col[i].name);
		char type[32], uses[DETAIL] = "", fns[DETAIL] = "", detail[DETAIL] = "";
		if (!g.uses)
			continue;
		bl_type_print(s->col[i].type, type);
		names(uses, g.uses, bl_lineage_use_name);
		names(fns, g.functions, bl_lineage_function_name);
		put_domain(detail, g.doc->domain);
		put_bounds(detail, g.doc);
		put_dec(detail, "grid", &g.doc->grid);
		put_dec(detail, "bin", &g.doc->bin);
		if (g.doc->like)
			put(detail, ", ", "like");
		bl_words_row(&t, (const char *[]){ s->col[i].name, type, bl_words_class(g.doc->class), uses, fns, detail });
		if (a)
			bl_json_add(a, column_json(&s->col[i], &g, type));
	}
	if (text)
		bl_words_print(&t, text);
	if (json)
		bl_json_put(json, "columns", a);
	bl_words_fini(&t);
}

/* The expression as a tree, two spaces a level. */
static void rule(const struct bl_rule *r, unsigned depth, struct bl_words_table *t, struct bl_json *a)
{
	char words[BL_WORDS_RULE], line[BL_WORDS_RULE + 32];

	bl_words_rule(r, words);
	snprintf(line, sizeof line, "%*s%s", (int)(2 * depth), "", words);
	bl_words_row(t, (const char *[]){ line, r->path });
	if (a && !r->narg) {
		struct bl_json *o = bl_json_new_object();
		bl_json_put_text(o, "rule", bl_words_name(r->kind));
		bl_json_put_text(o, "path", r->path);
		bl_json_put_text(o, "words", words);
		bl_json_add(a, o);
	}
	for (uint32_t i = 0; i < r->narg; i++)
		rule(r->arg[i], depth + 1, t, a);
}

static void rules(const struct bl_policy *p, struct bl_buf *text, struct bl_json *json)
{
	struct bl_json *a = json ? bl_json_new_array() : NULL;
	struct bl_words_table t;

	bl_words_init(&t, 2);
	rule(p->release, 1, &t, a);
	if (text) {
		bl_buf_puts(text, "\na value is released when\n");
		bl_words_print(&t, text);
		bl_buf_printf(text, "\notherwise: %s\n", bl_words_otherwise(p->otherwise));
	}
	if (json) {
		bl_json_put(json, "release", a);
		bl_json_put_text(json, "otherwise", bl_words_otherwise(p->otherwise));
	}
	bl_words_fini(&t);
}

/* The entity, when nothing of it is hidden. */
static void entity(const struct bl_policy *p, struct bl_buf *text, struct bl_json *json)
{
	struct bl_json *a = NULL;

	for (uint32_t i = 0; i < p->nentity; i++)
		if (!bl_lineage_grant(p, p->entity[i]).uses)
			return;
	if (text)
		bl_buf_puts(text, "entity:");
	if (json)
		a = bl_json_new_array();
	for (uint32_t i = 0; i < p->nentity; i++) {
		if (text)
			bl_buf_printf(text, "%s %s", i ? "," : "", p->entity[i]);
		if (a)
			bl_json_add(a, bl_json_new_text(p->entity[i]));
	}
	if (text)
		bl_buf_puts(text, p->nentity ? "\n" : " row\n");
	if (json)
		bl_json_put(json, "entity", a);
}

static void purposes(const struct bl_policy *p, struct bl_buf *text, struct bl_json *json)
{
	struct bl_json *a = json ? bl_json_new_array() : NULL;

	for (uint32_t i = 0; i < p->npurpose; i++) {
		if (text)
			bl_buf_printf(text, "%s%s", i ? ", " : "purposes: ", p->purpose[i]);
		if (a)
			bl_json_add(a, bl_json_new_text(p->purpose[i]));
	}
	if (text && p->npurpose)
		bl_buf_puts(text, "\n");
	if (json)
		bl_json_put(json, "purposes", a);
}

static void limits(const struct bl_policy *p, struct bl_buf *text, struct bl_json *json)
{
	const struct { const char *name; uint64_t v; } each[] = {
		{ "rows_out", p->limits.rows_out }, { "groups", p->limits.groups }, { "columns_out", p->limits.columns_out },
		{ "sql_bytes", p->limits.sql_bytes }, { "seconds", p->limits.seconds },
	};
	struct bl_json *o = json ? bl_json_new_object() : NULL;

	for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
		if (text)
			bl_buf_printf(text, "%s%s %llu", i ? ", " : "limits: ", each[i].name, (unsigned long long)each[i].v);
		if (o)
			bl_json_put_int(o, each[i].name, (int64_t)each[i].v);
	}
	if (text)
		bl_buf_puts(text, "\n");
	if (json)
		bl_json_put(json, "limits", o);
}

void bl_catalog_print(const struct bl_policy *p, const struct bl_schema *s, const struct bl_verdict *admitted, struct bl_buf *text,
		      struct bl_json *json)
{
	/* Nothing for whoever was not admitted. */
	if (admitted->kind != BL_VERDICT_RUN)
		return;
	columns(p, s, text, json);
	rules(p, text, json);
	entity(p, text, json);
	purposes(p, text, json);
	limits(p, text, json);
}
