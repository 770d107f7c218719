/* SPDX-License-Identifier: Apache-2.0 */
/* entry: see entry.h. */
#include "tee/entry.h"

#include "base/time.h"
#include "policy/words.h"

static struct bl_json *dataset(const struct bl_entry *e)
{
	struct bl_json *j = bl_json_new_object();

	bl_json_put_text(j, "name", e->file->name);
	bl_json_put_text(j, "owner", e->owner);
	return j;
}

static struct bl_json *file(const struct bl_entry *e)
{
	struct bl_json *j = bl_json_new_object();

	bl_json_put_hex(j, "id", e->file->file_id, 32);
	bl_json_put_hex(j, "policy", e->file->policy_hash, 32);
	bl_json_put_int(j, "version", (int64_t)e->file->policy_version);
	return j;
}

static struct bl_json *list_of(struct bl_json *item)
{
	struct bl_json *list = bl_json_new_array();

	bl_json_add(list, item);
	return list;
}

static void put_purpose(struct bl_json *j, const struct bl_entry *e)
{
	bl_json_put(j, "purpose", e->purpose ? bl_json_new_text(e->purpose) : bl_json_new_null());
}

/* What request and verdict say alike. */
static struct bl_json *question(const struct bl_entry *e)
{
	struct bl_json *j = bl_json_new_object();

	bl_json_put(j, "dataset", dataset(e));
	bl_json_put(j, "files", list_of(file(e)));
	bl_json_put_text(j, "principal", e->principal);
	put_purpose(j, e);
	bl_json_put_hex(j, "request", e->request, sizeof e->request);
	bl_json_put_text(j, "role", bl_words_role(e->role));
	return j;
}

struct bl_json *bl_entry_dataset(const struct bl_entry *e)
{
	struct bl_json *j = bl_json_new_object();

	bl_json_put_hex(j, "file", e->file->file_id, 32);
	bl_json_put_hex(j, "footer", e->footer, sizeof e->footer);
	bl_json_put_text(j, "name", e->file->name);
	bl_json_put_text(j, "owner", e->owner);
	bl_json_put_hex(j, "policy", e->file->policy_hash, 32);
	bl_json_put_int(j, "version", (int64_t)e->file->policy_version);
	return j;
}

struct bl_json *bl_entry_request(const struct bl_entry *e, const uint8_t id[16])
{
	struct bl_json *j = question(e);

	bl_json_put_hex(j, "nonce", id, 16);
	return j;
}

static struct bl_json *rule(const struct bl_rule *r)
{
	struct bl_json *j = bl_json_new_object();
	char param[BL_WORDS_RULE];

	bl_words_param(r, param);
	bl_json_put_text(j, "param", param);
	bl_json_put_text(j, "rule", bl_words_name(r->kind));
	return j;
}

static bool has(const struct bl_rule *const *list, uint32_t n, const struct bl_rule *r)
{
	for (uint32_t i = 0; i < n; i++)
		if (list[i] == r)
			return true;
	return false;
}

struct bl_json *bl_entry_verdict(const struct bl_entry *e, const struct bl_entry_verdict *v)
{
	struct bl_json *j = question(e), *rules = bl_json_new_array(), *cells = bl_json_new_array(), *r;

	bl_json_put(j, "approvals", bl_json_new_array());
	bl_json_put(j, "charge", bl_json_new_array());
	bl_json_put_text(j, "outcome", v->outcome);
	bl_json_put_text(j, "stage", v->stage);
	for (uint32_t i = 0; i < v->ntested; i++) {
		r = rule(v->tested[i]);
		bl_json_put_text(r, "result", has(v->fired, v->nfired, v->tested[i]) ? "fail" : "pass");
		bl_json_add(rules, r);
	}
	if (v->rule) {
		r = bl_json_new_object();
		bl_json_put_text(r, "result", "fail");
		bl_json_put_text(r, "rule", v->rule);
		bl_json_add(rules, r);
	}
	bl_json_put(j, "rules", rules);
	if (v->cells) {
		r = bl_json_new_object();
		bl_json_put_hex(r, "hash", v->cells, 32);
		bl_json_add(cells, bl_json_copy(bl_json_get(r, "hash")));
		bl_json_free(r);
	}
	bl_json_put(j, "cells", cells);
	if (v->output)
		bl_json_put_hex(j, "output", v->output, 32);
	return j;
}

struct bl_json *bl_entry_release(const struct bl_entry *e, const uint8_t output[32], const uint8_t receipt[16])
{
	struct bl_json *j = bl_json_new_object();

	bl_json_put_hex(j, "output", output, 32);
	bl_json_put_text(j, "principal", e->principal);
	bl_json_put_hex(j, "receipt", receipt, 16);
	bl_json_put_hex(j, "request", e->request, sizeof e->request);
	return j;
}

struct bl_json *bl_entry_receipt(const struct bl_entry *e, const struct bl_entry_verdict *v, const uint8_t receipt[16], uint32_t columns,
				 uint64_t rows, const char *note)
{
	struct bl_json *j = bl_json_new_object(), *answer = bl_json_new_object(), *f = file(e), *rules = bl_json_new_array(), *r;
	char stamp[BL_TIME_TEXT];

	bl_json_put_int(answer, "columns", columns);
	bl_json_put_int(answer, "rows", (int64_t)rows);
	bl_json_put(j, "answer", answer);
	bl_json_put_hex(f, "footer", e->footer, sizeof e->footer);
	bl_json_put_text(f, "name", e->file->name);
	bl_json_put_text(f, "owner", e->owner);
	bl_json_put(j, "files", list_of(f));
	bl_json_put_hex(j, "id", receipt, 16);
	bl_json_put_hex(j, "output", v->output, 32);
	bl_json_put_text(j, "principal", e->principal);
	put_purpose(j, e);
	bl_json_put_hex(j, "request", e->request, sizeof e->request);
	bl_json_put_text(j, "role", bl_words_role(e->role));
	bl_json_put_text(j, "rollback", "none");
	for (uint32_t i = 0; i < v->ntested; i++) {
		r = rule(v->tested[i]);
		bl_json_put_text(r, "path", v->tested[i]->path);
		bl_json_add(rules, r);
	}
	bl_json_put(j, "rules", rules);
	bl_json_put_text(j, "schema", "bl-receipt/1");
	bl_json_put(j, "suppressed", bl_json_new_null());
	bl_time_print_stamp(bl_time_now() * 1000000, stamp);
	bl_json_put_text(j, "time", stamp);
	bl_json_put(j, "withheld", note ? bl_json_new_text(note) : bl_json_new_null());
	return j;
}
