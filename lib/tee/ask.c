/* SPDX-License-Identifier: Apache-2.0 */
/* ask: see ask.h. Functions stand in the order in which a request passes them. */
#include "tee/ask.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "crypt/hash.h"
#include "crypt/mem.h"
#include "crypt/note.h"
#include "policy/cells.h"
#include "policy/words.h"
#include "query/exec.h"
#include "tee/entry.h"
#include "tee/gate.h"
#include "tee/sandbox.h"
#include "tee/wire.h"

enum { RUN_MEMORY = 1 << 30, CLOCK_SLACK = 300, YEAR = 365 * 86400 };
static const char withheld_note[] = "groups and cells that fail min_entities are withheld";

struct run {				/* one request */
	struct bl_ask *k;
	const struct bl_request *q;
	struct bl_arena *a;
	struct bl_answer *out;
	const struct bl_header *h;
	char principal[BL_IDENT_FPR];
	struct bl_asker who;
	struct bl_verdict v;
	struct bl_plan plan;
	bool planned;
	struct bl_entry entry;
	struct bl_result raw;
	struct bl_buf note;		/* the newest checkpoint */
	uint64_t start_ns;
};

/* --- a session's part --- */

/* A key of the vault for one use. */
static void vault_key(const struct bl_vault *v, const char *label, const void *context, size_t n, uint8_t out[32])
{
	uint8_t prk[32], info[128];
	size_t len = strlen(label) + 1;

	assert(len + n <= sizeof info);
	memcpy(info, label, len);
	memcpy(info + len, context, n);
	bl_hash_extract("bl vault v1", 11, v->id.sk, 32, prk);
	bl_hash_expand(prk, info, len + n, out, 32);
	bl_mem_wipe(prk, sizeof prk);
}

static int open_journal(struct bl_ask *k, struct bl_err *err)
{
	uint8_t key[32];
	int rc = bl_journal_open(&k->journal, k->vault->journal, bl_ledger_fold, k->ledger, err);

	if (rc || k->vault->snapshot < 0)
		return rc;
	vault_key(k->vault, "snapshot", "", 0, key);
	rc = bl_journal_snapshot(k->journal, k->vault->snapshot, key, &bl_ledger_state, err);
	bl_mem_wipe(key, sizeof key);
	return rc;
}

int bl_ask_init(struct bl_ask *k, struct bl_err *err)
{
	const struct bl_header *h = bl_reader_header(k->reader);

	bl_ident_fpr(h->owner, k->owner);
	if (bl_doc_parse(&k->policy, h->policy, h->policy_len, err))
		return -1;
	if (k->policy.canonical_len != h->policy_len || memcmp(k->policy.canonical, h->policy, h->policy_len) ||
	    k->policy.version != h->policy_version)
		return bl_err_set(err, BL_DATA, "header: the policy is not in canonical form");
	if (bl_lint_check(&k->policy, &h->schema, err))
		return -1;
	if (!(k->ledger = bl_ledger_new()))
		return bl_err_set(err, BL_OSERR, "out of memory");
	return open_journal(k, err);
}

void bl_ask_fini(struct bl_ask *k)
{
	bl_journal_close(k->journal);
	bl_ledger_free(k->ledger);
	bl_doc_fini(&k->policy);
}

/* --- 1: the file --- */

/* The data key, for as long as it takes to derive the others from it. */
static int unlock(struct bl_ask *k, struct bl_err *err)
{
	uint8_t *key;
	int rc = -1;

	if (bl_sandbox_recheck(err))
		return -1;
	if (k->key)
		return bl_reader_unlock(k->reader, k->key, err);
	if (!(key = bl_mem_new(BL_BLF_KEY)))
		return bl_err_set(err, BL_OSERR, "out of memory");
	if (!bl_header_unlock(bl_reader_header(k->reader), &k->vault->id, key, err) && !bl_reader_unlock(k->reader, key, err))
		rc = 0;
	bl_mem_free(key);
	return rc;
}

/* Is this header at least as new as any seen before of this dataset? */
static int check_version(const struct run *r, struct bl_err *err)
{
	const struct bl_ledger_dataset *d = bl_ledger_find(r->k->ledger, r->k->owner, r->h->name);

	if (!d || r->h->policy_version > d->version)
		return 0;
	if (r->h->policy_version < d->version)
		bl_err_set(err, BL_REFUSED, "refused: version (policy %llu was replaced by %llu)", (unsigned long long)r->h->policy_version,
			   (unsigned long long)d->version);
	else if (memcmp(r->h->policy_hash, d->policy, 32))
		bl_err_set(err, BL_REFUSED, "refused: version (another policy was seen as %llu)", (unsigned long long)d->version);
	else
		return 0;
	return bl_err_hint(err, "ask the owner for the file with its newest policy");
}

static bool is_registered(const struct run *r)
{
	const struct bl_ledger_dataset *d = bl_ledger_find(r->k->ledger, r->k->owner, r->h->name);

	return d && d->version == r->h->policy_version && bl_ledger_knows(r->k->ledger, r->h->file_id, r->entry.footer);
}

/*
 * The checkpoint is written after the journal was synced, under the same lock: no crash leaves it ahead. Where it is, the
 * journal was cut or set back, and whoever did it forgot the file beside it.
 */
static int check_checkpoint(const struct bl_ask *k, struct bl_err *err)
{
	char text[BL_NOTE_MAX];
	ssize_t n = pread(k->vault->checkpoint, text, sizeof text, 0);
	uint8_t root[BL_TREE_HASH];
	struct bl_note note;

	if (n < 0)
		return bl_err_sys(err, BL_IOERR, "cannot read the checkpoint");
	if (bl_note_parse(&note, text, (size_t)n, err) || bl_note_signed(&note, k->vault->id.pk) != BL_NOTE_GOOD)
		return bl_err_set(err, BL_DATA, "the checkpoint is not one of this vault");
	bl_journal_root(k->journal, root);
	if (note.size < bl_journal_size(k->journal) || (note.size == bl_journal_size(k->journal) && !memcmp(note.root, root, sizeof root)))
		return 0;
	bl_err_set(err, BL_REFUSED, "the vault was rolled back: its journal is not the one that its checkpoint signs");
	return bl_err_hint(err, "bl-audit verify tells more; the owner decides");
}

static int lock(struct bl_ask *k, struct bl_err *err)
{
	if (bl_journal_lock(k->journal, err))
		return bl_err_where(err, "vault");
	if (k->anchored || !check_checkpoint(k, err)) {
		k->anchored = true;
		return 0;
	}
	bl_journal_unlock(k->journal);
	return -1;
}

/*
 * Unlocks the file and, the first time this vault meets it, checks every chunk's hash and writes the `dataset` entry. The
 * journal is not locked while a large file is read.
 */
static int meet_file(struct run *r, struct bl_err *err)
{
	struct bl_ask *k = r->k;
	bool known;
	int rc = -1;

	if (k->ready) {
		memcpy(r->entry.footer, bl_reader_footer_hash(k->reader), 32);
		if (lock(k, err))
			return -1;
		rc = check_version(r, err);
		bl_journal_unlock(k->journal);
		return rc;
	}
	if (unlock(k, err))
		return -1;
	memcpy(r->entry.footer, bl_reader_footer_hash(k->reader), 32);
	if (lock(k, err))
		return -1;
	known = is_registered(r);
	rc = check_version(r, err);
	bl_journal_unlock(k->journal);
	if (rc || known) {
		k->ready = !rc;
		return rc;
	}
	if (bl_reader_verify(k->reader, err) || lock(k, err))
		return -1;
	if (!(rc = check_version(r, err)) && !is_registered(r)) {
		bl_journal_add(k->journal, "dataset", bl_entry_dataset(&r->entry));
		rc = bl_journal_commit(k->journal, err);
	}
	bl_journal_unlock(k->journal);
	k->ready = !rc;
	return rc;
}

/* --- 2, 3, 5: the judge --- */

/* Same question, same hash, however it is spelled: over the plan where there is one, else over the text. */
static void hash_request(struct run *r)
{
	static const char label[] = "bl request v1";
	struct bl_hash *h = bl_hash_new();
	const char *purpose = r->q->purpose ? r->q->purpose : "";
	struct bl_buf text;

	assert(h);
	bl_buf_init(&text, 16 << 20);
	if (r->planned) {
		struct bl_plan p = r->plan;
		p.table = (char *)(uintptr_t)r->h->name;	/* what it is called here is no part of the question */
		bl_plan_print(&p, &text);
	}
	bl_hash_add(h, label, sizeof label);
	bl_hash_add(h, r->h->file_id, 32);
	bl_hash_add(h, r->h->policy_hash, 32);
	bl_hash_add(h, r->entry.footer, 32);
	bl_hash_add(h, purpose, strlen(purpose) + 1);
	if (r->planned && !text.failed) {
		bl_hash_add(h, "plan", 4);
		bl_hash_add(h, text.p, text.len);
	} else {
		bl_hash_add(h, "text", 4);
		bl_hash_add(h, r->q->sql ? r->q->sql : "", r->q->sql_len);
	}
	bl_hash_end(h, r->entry.request);
	bl_hash_free(h);
	bl_buf_fini(&text);
}

/* Plans and judges; 0 when the verdict (run or refuse) is in r->v, -1 for SQL that is wrong. */
static int judge(struct run *r, struct bl_err *err)
{
	const struct bl_schema *s = &r->h->schema;
	bool *visible = bl_arena_array(r->a, s->n, sizeof *visible);
	struct bl_place place = { SIZE_MAX, 0 };

	if (!visible)
		return bl_err_set(err, BL_REFUSED, "refused: limits.memory");
	bl_judge_visible(&r->k->policy, s, visible);
	if (bl_plan_make(&r->plan, r->a, r->q->sql, r->q->sql_len, r->q->table ? r->q->table : r->h->name, s, visible, &place, err)) {
		r->out->place = place;
		if (err->code != BL_REFUSED)
			return -1;
		r->v.kind = BL_VERDICT_REFUSE;
		r->v.rule_name = "uses";
		r->v.err = *err;
		return 0;
	}
	r->planned = true;
	hash_request(r);
	bl_judge_plan(&r->v, &r->k->policy, s, &r->plan, &r->who);
	r->out->place = r->v.kind == BL_VERDICT_REFUSE ? r->v.place : (struct bl_place){ SIZE_MAX, 0 };
	return 0;
}

/* --- 6: counters, and what the journal hears --- */

/* What was answered before is answered again, free of charge. */
static int check_refusals(const struct run *r, struct bl_err *err)
{
	uint64_t requests, most;

	bl_doc_limits(&r->k->policy, r->principal, &requests, &most);
	if (bl_ledger_refusals(r->k->ledger, r->k->owner, r->h->name, r->principal) < most ||
	    bl_ledger_released(r->k->ledger, r->entry.request, r->principal))
		return 0;
	bl_err_set(err, BL_REFUSED, "refused: budget.principal.refusals (%llu, all used)", (unsigned long long)most);
	return bl_err_hint(err, "the owner may raise it in a new version of the policy");
}

static int check_budget(const struct run *r, struct bl_err *err)
{
	uint64_t most, refusals;

	bl_doc_limits(&r->k->policy, r->principal, &most, &refusals);
	if (bl_ledger_requests(r->k->ledger, r->k->owner, r->h->name, r->principal) < most ||
	    bl_ledger_released(r->k->ledger, r->entry.request, r->principal))
		return check_refusals(r, err);
	bl_err_set(err, BL_REFUSED, "refused: budget.principal.requests (%llu, all used)", (unsigned long long)most);
	return bl_err_hint(err, "the owner may raise it in a new version of the policy");
}

static int sync_journal(struct run *r, struct bl_err *err)
{
	return bl_journal_commit(r->k->journal, err) ? bl_err_where(err, "vault") : 0;
}

/* A verdict's transaction, and the checkpoint of the journal as it stands then. */
static int commit(struct run *r, struct bl_err *err)
{
	struct bl_ask *k = r->k;

	bl_buf_clear(&r->note);
	if (sync_journal(r, err) || bl_journal_checkpoint(k->journal, &k->vault->id, &r->note, err))
		return -1;
	/* The journal is what counts: a checkpoint that cannot be written is older, never wrong. */
	if (pwrite(k->vault->checkpoint, r->note.p, r->note.len, 0) != (ssize_t)r->note.len)
		return bl_err_sys(err, BL_IOERR, "vault: cannot write the checkpoint");
	return 0;
}

/* A refusal is an answer, and an entry: with its request, unless that is in the journal already. */
static int record_refusal(struct run *r, const char *stage, const char *rule, bool reserved, const struct bl_err *why, struct bl_err *err)
{
	const struct bl_entry_verdict v = { .outcome = "refuse", .stage = stage, .rule = rule };
	int rc;

	if (lock(r->k, err))
		return -1;
	if (!reserved)
		bl_journal_add(r->k->journal, "request", bl_entry_request(&r->entry, r->q->id));
	bl_journal_add(r->k->journal, "verdict", bl_entry_verdict(&r->entry, &v));
	rc = commit(r, err);
	bl_journal_unlock(r->k->journal);
	r->out->err = *why;
	return rc;
}

/* Makes the request durable before a row is looked at. 1: refused, and answered. */
static int reserve(struct run *r, struct bl_err *err)
{
	const struct bl_entry_verdict over = { .outcome = "refuse", .stage = "judge", .rule = "budget" };
	struct bl_journal *j = r->k->journal;
	bool refused;
	int rc;

	if (lock(r->k, err))
		return -1;
	refused = check_version(r, &r->out->err) || check_budget(r, &r->out->err);
	bl_journal_add(j, "request", bl_entry_request(&r->entry, r->q->id));
	if (refused)
		bl_journal_add(j, "verdict", bl_entry_verdict(&r->entry, &over));
	rc = refused ? commit(r, err) : sync_journal(r, err);
	bl_journal_unlock(j);
	return rc ? rc : refused;
}

/* --- 7: the run --- */

static bool needs(const struct bl_verdict *v, enum bl_rule_kind kind)
{
	for (uint32_t i = 0; i < v->nrule; i++)
		if (v->rule[i]->kind == kind)
			return true;
	return false;
}

/* The dataset, by owner and name: what the differencing store is kept for. */
static void dataset_id(const struct bl_header *h, uint8_t out[32])
{
	uint8_t t[32 + BL_TYPE_NAME];

	memcpy(t, h->owner, 32);
	memcpy(t + 32, h->name, BL_TYPE_NAME);
	bl_hash_sha256(t, sizeof t, out);
}

static void name_entity(const void *key, const void *p, size_t n, uint8_t id[16])
{
	bl_hash_keyed16(key, p, n, id);
}

static int run_plan(struct run *r, struct bl_err *err)
{
	const struct bl_policy *p = &r->k->policy;
	struct bl_exec x = {
		.by_entity = !r->v.open,
		.max_groups = r->plan.kind == BL_PLAN_GROUPS ? p->limits.groups : p->limits.rows_out,
		.deadline_ns = r->start_ns + (p->limits.seconds < YEAR ? p->limits.seconds : YEAR) * 1000000000ull,
		.memory = RUN_MEMORY,
	};
	uint8_t id[32], key[32];
	int rc;

	if (needs(&r->v, BL_RULE_DIFFERENCING)) {
		/* Entities of a dataset have the same names in every file of it, and other names under another vault. */
		dataset_id(r->h, id);
		vault_key(r->k->vault, "entity", id, sizeof id, key);
		x.name = name_entity;
		x.name_arg = key;
	}
	rc = bl_exec_run(&r->plan, r->k->reader, &x, r->a, &r->raw, err);
	bl_mem_wipe(key, sizeof key);
	return rc;
}

/* --- 8, 9, 10: gate, store, journal --- */

static int open_cells(const struct run *r, struct bl_cells **store, struct bl_err *err)
{
	const struct bl_ledger_dataset *d = bl_ledger_find(r->k->ledger, r->k->owner, r->h->name);
	uint8_t id[32], key[32];
	int rc;

	dataset_id(r->h, id);
	vault_key(r->k->vault, "cells", id, sizeof id, key);
	rc = bl_cells_open(store, r->k->vault->cells, key, id, d ? d->cells : NULL, d ? d->ncells : 0, err);
	bl_mem_wipe(key, sizeof key);
	return rc;
}

static int hash_output(const struct bl_table *t, uint8_t out[32], struct bl_err *err)
{
	struct bl_buf rows;
	int rc = 0;

	bl_buf_init(&rows, BL_WIRE_ANSWER_MAX);
	bl_table_jsonl(t, &rows);
	if (rows.failed)
		rc = bl_err_set(err, BL_REFUSED, "refused: limits.answer (at most %d MiB)", BL_WIRE_ANSWER_MAX >> 20);
	else
		bl_hash_sha256(rows.p, rows.len, out);
	bl_buf_fini(&rows);
	return rc;
}

static int put_receipt(struct run *r, const struct bl_entry_verdict *v, const uint8_t id[16], struct bl_err *err)
{
	struct bl_json *j = bl_entry_receipt(&r->entry, v, id, r->out->table.ncol, r->out->table.nrow, r->out->note);
	struct bl_buf b;
	int rc = -1;

	bl_buf_init(&b, BL_RECEIPT_MAX);
	bl_json_put(j, "checkpoint", bl_json_new_textn((const char *)r->note.p, r->note.len));
	bl_json_put(j, "journal", bl_journal_proof(r->k->journal));
	if (!bl_receipt_sign(j, r->k->evidence, r->k->session, &b, err) &&
	    (r->out->receipt = bl_arena_strndup(r->a, (const char *)b.p, b.len)))
		rc = 0;
	bl_buf_fini(&b);
	return rc;
}

static void gate_refusal(const struct bl_gate *g, struct bl_err *why)
{
	char place[2 * BL_WORDS_RULE];

	if (g->reason)
		bl_words_place(g->reason, place);
	else
		snprintf(place, sizeof place, "release");
	bl_err_set(why, BL_REFUSED, "refused: %s", place);
	bl_err_hint(why, "ask about larger groups, or fewer of them at once");
}

/* With the journal locked: verdict, cells and release as one transaction, then the receipt. */
static int release(struct run *r, struct bl_gate *g, struct bl_cells *store, struct bl_err *err)
{
	static const char *const outcomes[] = { "release", "suppressed", "log", "refuse" };
	struct bl_entry_verdict v = { .outcome = outcomes[g->outcome], .stage = "gate", .ntested = r->v.nrule, .tested = r->v.rule,
				      .nfired = g->nfired, .fired = g->fired };
	uint8_t id[16], output[32], cells[BL_CELLS_HASH];
	bool written = false;

	if (g->outcome == BL_GATE_REFUSE) {
		gate_refusal(g, &r->out->err);
		bl_journal_add(r->k->journal, "verdict", bl_entry_verdict(&r->entry, &v));
		return commit(r, err);
	}
	r->out->table = g->release.table;
	r->out->note = g->could_withhold ? withheld_note : NULL;
	if (g->outcome == BL_GATE_LOG)
		r->out->warning = "the policy would refuse this answer; it was released and logged";
	if (hash_output(&r->out->table, output, err) || (store && bl_cells_write(store, cells, &written, err)))
		return -1;
	v.output = output;
	v.cells = written ? cells : NULL;
	bl_mem_random(id, sizeof id);
	bl_journal_add(r->k->journal, "verdict", bl_entry_verdict(&r->entry, &v));
	bl_journal_add(r->k->journal, "release", bl_entry_release(&r->entry, output, id));
	return commit(r, err) || put_receipt(r, &v, id, err) ? -1 : 0;
}

/* What others were refused meanwhile counts: the number of data-dependent refusals stays within the budget. */
static int pass_gate(struct run *r, struct bl_err *err)
{
	const struct bl_entry_verdict over = { .outcome = "refuse", .stage = "gate", .rule = "budget" };
	struct bl_cells *store = NULL;
	struct bl_gate gate;
	int rc = -1;

	if (lock(r->k, err))
		return -1;
	if (check_version(r, &r->out->err) || check_refusals(r, &r->out->err)) {
		bl_journal_add(r->k->journal, "verdict", bl_entry_verdict(&r->entry, &over));
		rc = commit(r, err);
	} else if (!(needs(&r->v, BL_RULE_DIFFERENCING) && open_cells(r, &store, err)) &&
		   !bl_gate_run(&gate, &r->k->policy, &r->v, &r->plan, &r->raw, store, r->a, err)) {
		rc = release(r, &gate, store, err);
	}
	bl_cells_close(store);
	bl_journal_abandon(r->k->journal);
	bl_journal_unlock(r->k->journal);
	return rc;
}

/* --- the whole --- */

static void put_counter(struct bl_buf *text, struct bl_json *doc, const char *what, uint64_t used, uint64_t most)
{
	if (most == UINT64_MAX)
		return;
	bl_buf_printf(text, "%s left: %llu of %llu\n", what, (unsigned long long)(used < most ? most - used : 0), (unsigned long long)most);
	bl_json_put_int(doc, what, (int64_t)(used < most ? most - used : 0));
}

/* How much of the principal's own budget is left. */
static void put_budget(const struct run *r, struct bl_buf *text, struct bl_json *doc)
{
	const struct bl_ask *k = r->k;
	struct bl_json *left = bl_json_new_object();
	uint64_t requests, refusals;

	bl_doc_limits(&k->policy, r->principal, &requests, &refusals);
	if (text->len && (requests != UINT64_MAX || refusals != UINT64_MAX))
		bl_buf_puts(text, "\n");
	put_counter(text, left, "requests", bl_ledger_requests(k->ledger, k->owner, r->h->name, r->principal), requests);
	put_counter(text, left, "refusals", bl_ledger_refusals(k->ledger, k->owner, r->h->name, r->principal), refusals);
	bl_json_put(doc, "left", left);
}

/* What an analyst may know without asking a question of the data: no key is opened, nothing is counted. */
static int tell(struct run *r, struct bl_err *err)
{
	struct bl_json *doc = bl_json_new_object();
	const struct bl_policy *p = &r->k->policy;
	struct bl_buf text;
	int rc = -1;

	r->out->document = doc;
	if (lock(r->k, err))
		return -1;
	rc = check_version(r, err);
	bl_journal_unlock(r->k->journal);
	if (rc)
		return rc;
	bl_buf_init(&text, 4 << 20);
	if (r->q->kind == BL_REQUEST_SCHEMA) {
		bl_judge_schema(p, &r->h->schema, &r->v, &text, doc);
	} else {
		if (r->planned)
			bl_judge_explain(&r->v, p, &r->h->schema, &r->plan, &text, doc);
		if (r->v.kind == BL_VERDICT_REFUSE)
			r->out->err = r->v.err;
	}
	put_budget(r, &text, doc);
	r->out->text = text.failed ? NULL : bl_arena_strndup(r->a, (const char *)text.p, text.len);
	bl_buf_fini(&text);
	return r->out->text ? 0 : bl_err_set(err, BL_REFUSED, "refused: limits.memory");
}

static int answer(struct run *r, struct bl_err *err)
{
	struct bl_err why;
	int rc;

	if (r->q->time < r->who.now - CLOCK_SLACK || r->q->time > r->who.now + CLOCK_SLACK)
		return bl_err_set(err, BL_REFUSED, "refused: time (the request was made at another time than now)");
	bl_judge_admit(&r->v, &r->k->policy, &r->who);
	r->entry.role = r->v.role;
	hash_request(r);
	if (r->v.kind == BL_VERDICT_REFUSE) {		/* whoever may not ask opens no key, and is told nothing */
		r->out->err = r->v.err;
		return r->q->kind == BL_REQUEST_QUERY ? record_refusal(r, "judge", r->v.rule_name, false, &r->v.err, err) : 0;
	}
	if (r->q->kind == BL_REQUEST_QUERY && meet_file(r, err)) {
		why = *err;
		return why.code == BL_REFUSED ? record_refusal(r, "judge", "version", false, &why, err) : -1;
	}
	if (r->q->kind != BL_REQUEST_SCHEMA && judge(r, err))
		return -1;
	if (r->q->kind != BL_REQUEST_QUERY)
		return tell(r, err);
	if (r->v.kind == BL_VERDICT_REFUSE)
		return record_refusal(r, "judge", r->v.rule_name, false, &r->v.err, err);
	if ((rc = reserve(r, err)))
		return rc < 0 ? -1 : 0;
	if (run_plan(r, err) || pass_gate(r, err)) {
		why = *err;
		return why.code == BL_REFUSED ? record_refusal(r, "run", "limits", true, &why, err) : -1;
	}
	return 0;
}

void bl_ask_run(struct bl_ask *k, const struct bl_request *q, struct bl_arena *a, struct bl_answer *out)
{
	struct run r = { .k = k, .q = q, .a = a, .out = out, .h = bl_reader_header(k->reader), .start_ns = bl_time_mono_ns() };
	struct bl_err err = { 0 };

	*out = (struct bl_answer){ .place = { SIZE_MAX, 0 } };
	bl_ident_fpr(q->principal, r.principal);
	memcpy(r.who.pk, q->principal, sizeof r.who.pk);
	memcpy(r.who.fpr, r.principal, sizeof r.who.fpr);
	r.who.owner = r.h->owner;
	r.who.purpose = q->purpose;
	r.who.now = bl_time_now();
	r.who.tee_class = k->tee_class;
	r.who.lockdown = k->mask;
	r.who.sql_bytes = q->sql_len;
	r.entry = (struct bl_entry){ .file = r.h, .owner = k->owner, .principal = r.principal, .purpose = q->purpose };
	bl_buf_init(&r.note, BL_NOTE_MAX);
	if (answer(&r, &err))
		*out = (struct bl_answer){ .err = err, .place = out->place };
	bl_buf_fini(&r.note);
	if (out->err.code) {		/* a refusal has no table, whatever came before it */
		out->table = (struct bl_table){ 0 };
		out->receipt = out->note = out->warning = NULL;
	}
}
