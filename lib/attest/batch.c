/* SPDX-License-Identifier: Apache-2.0 */
/* batch: see batch.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attest/batch.h"
#include "attest/report.h"
#include "base/file.h"
#include "base/text.h"

static int take_b64(struct bl_verify_run *r, const char *s, struct bl_err *err)
{
	size_t n = strlen(s);
	uint8_t *p = malloc(n + 1);
	long len;
	int rc;

	if (!p)
		return bl_err_set(err, BL_OSERR, "out of memory");
	len = bl_text_unb64(s, n, p, n + 1);
	rc = len < 0 ? bl_err_set(err, BL_DATA, "'evidence_b64' is not base64") : bl_verify_take(r, p, (size_t)len, err);
	free(p);
	return rc;
}

static int read_collateral(struct bl_verify *v, struct bl_verify_run *r, const struct bl_json *j, struct bl_err *err)
{
	const char *one = bl_json_text(j, NULL);

	if (one)
		return bl_files_collateral(&v->files, &r->a, one, err);
	if (bl_json_kind(j) != BL_JSON_ARRAY)
		return bl_err_set(err, BL_DATA, "'collateral' is a path or a list of paths");
	for (size_t i = 0; i < bl_json_count(j); i++) {
		if (!(one = bl_json_text(bl_json_item(j, i), NULL)))
			return bl_err_set(err, BL_DATA, "'collateral' is a path or a list of paths");
		if (bl_files_collateral(&v->files, &r->a, one, err))
			return -1;
	}
	return 0;
}

static int read_time(struct bl_verify *v, const struct bl_json *j, struct bl_err *err)
{
	char text[24];
	const char *s = bl_json_text(j, NULL);

	if (bl_json_kind(j) == BL_JSON_INT)
		snprintf(text, sizeof text, "%lld", (long long)bl_json_int(j));
	else if (!s)
		return bl_err_set(err, BL_DATA, "'time' is text or seconds since 1970");
	return bl_verify_time(v, s ? s : text, err);
}

static int text_member(const char *key, const struct bl_json *j, const char **s, struct bl_err *err)
{
	*s = bl_json_text(j, NULL);
	return *s ? 0 : bl_err_set(err, BL_DATA, "'%s' is to be text", key);
}

/* Canonical JSON has no reals; an id must come back as it came. */
static bool can_print(const struct bl_json *id)
{
	struct bl_buf b;
	bool good;

	bl_buf_init(&b, BL_BATCH_LINE);
	bl_json_print(id, &b);
	good = !b.failed;
	bl_buf_fini(&b);
	return good;
}

/* The line over the command's settings, and its evidence. */
static int read_line(struct bl_verify *v, struct bl_verify_run *r, const struct bl_json *j, struct bl_err *err)
{
	const char *path = NULL, *b64 = NULL, *s, *key;
	const struct bl_json *m;
	int rc;

	if (bl_json_kind(j) != BL_JSON_OBJECT)
		return bl_err_set(err, BL_DATA, "a line is a JSON object");
	for (size_t i = 0; (key = bl_json_key(j, i, &m)); i++) {
		if (!strcmp(key, "id"))
			rc = can_print(m) ? 0 : bl_err_set(err, BL_DATA, "'id' holds a number that is not whole");
		else if (!strcmp(key, "evidence"))
			rc = text_member(key, m, &path, err);
		else if (!strcmp(key, "evidence_b64"))
			rc = text_member(key, m, &b64, err);
		else if (!strcmp(key, "type"))
			rc = text_member(key, m, &s, err) || bl_verify_type(v, s, err) ? -1 : 0;
		else if (!strcmp(key, "nonce"))
			rc = text_member(key, m, &s, err) || bl_verify_nonce(v, s, err) ? -1 : 0;
		else if (!strcmp(key, "time"))
			rc = read_time(v, m, err);
		else if (!strcmp(key, "collateral"))
			rc = read_collateral(v, r, m, err);
		else
			rc = bl_err_set(err, BL_DATA, "unknown member '%s'", key);
		if (rc)
			return rc;
	}
	if (v->statement)
		return bl_err_set(err, BL_DATA, "a helper's statement is verified alone, not in a batch");
	if (v->vault_pk && v->tech)
		return bl_err_set(err, BL_DATA, "a vault's key was given: nothing but a receipt is verified by it");
	if (!path == !b64)
		return bl_err_set(err, BL_DATA, "one of 'evidence' and 'evidence_b64' is needed");
	if (path && !strcmp(path, "-"))
		return bl_err_set(err, BL_DATA, "evidence of a line is a file or a directory");
	return path ? bl_verify_open(r, v, path, err) : take_b64(r, b64, err);
}

/* cut: only the beginning of a line is here, which says nothing, whatever it is. */
static int judge(const struct bl_verify *all, const char *s, size_t n, bool cut, struct bl_buf *out, struct bl_err *err)
{
	struct bl_json *j = NULL, *none = bl_json_new_null();
	const struct bl_json *id;
	struct bl_verify_run *r = malloc(sizeof *r);
	struct bl_verify *v = malloc(sizeof *v);
	int rc = -1;

	if (!r || !v || !none) {
		bl_err_set(err, BL_OSERR, "out of memory");
		goto out;
	}
	*v = *all;		/* what it points to stays the command's; what a line adds lives in the run's arena */
	bl_verify_begin(r);
	r->time_source = v->time_source;
	if (cut)
		bl_err_set(err, BL_DATA, "a line of %d bytes or more", BL_BATCH_LINE);
	else
		j = bl_json_parse(s, n, 4, BL_DATA, err);
	if (!j || read_line(v, r, j, err)) {
		r->code = err->code == BL_NOINPUT ? BL_NOINPUT : BL_DATA;
		snprintf(r->why, sizeof r->why, "%s", err->msg);
	} else {
		bl_verify_run(r, v, err);
	}
	bl_buf_clear(out);
	id = bl_json_get(j, "id");
	bl_report_json(r, v->policy_id, id && can_print(id) ? id : none, out);
	rc = out->failed ? bl_err_set(err, BL_OSERR, "out of memory") : bl_verify_exit(r);
	bl_verify_end(r);
	bl_json_free(j);
out:
	free(r);
	free(v);
	bl_json_free(none);
	return rc;
}

int bl_batch_line(const struct bl_verify *v, const char *s, size_t n, struct bl_buf *out, struct bl_err *err)
{
	return judge(v, s, n, false, out, err);
}

static int answer(const struct bl_verify *v, const char *s, size_t n, bool cut, struct bl_buf *out, int to, int *worst, struct bl_err *err)
{
	int rc;

	if (n && s[n - 1] == '\r')
		n--;
	if (!n)
		return 0;
	rc = judge(v, s, n, cut, out, err);
	if (rc < 0 || bl_file_write(to, out->p, out->len, err))
		return -1;
	*worst = rc > *worst ? rc : *worst;
	return 0;
}

int bl_batch_run(const struct bl_verify *v, int fd, int to, int *worst, struct bl_err *err)
{
	char *line = malloc(BL_BATCH_LINE);
	size_t have = 0, done;
	struct bl_buf out;
	ssize_t got = 1;
	bool rest = false;	/* of a line that was too long, and is answered */
	int rc = line ? 0 : bl_err_set(err, BL_OSERR, "out of memory");

	bl_buf_init(&out, BL_REPORT_MAX);
	*worst = 0;
	while (!rc && got > 0) {
		char *end;
		do
			got = read(fd, line + have, BL_BATCH_LINE - have);
		while (got < 0 && errno == EINTR);
		if (got < 0) {
			rc = bl_err_sys(err, BL_IOERR, "cannot read");
			break;
		}
		have += (size_t)got;
		for (done = 0; !rc && (end = memchr(line + done, '\n', have - done)); done = (size_t)(end - line) + 1) {
			rc = rest ? 0 : answer(v, line + done, (size_t)(end - line) - done, false, &out, to, worst, err);
			rest = false;
		}
		memmove(line, line + done, have - done);
		have -= done;
		if (!rc && (rest || have == BL_BATCH_LINE)) {
			rc = rest ? 0 : answer(v, line, have, true, &out, to, worst, err);
			rest = true;
			have = 0;
		}
	}
	if (!rc && have && !rest)
		rc = answer(v, line, have, false, &out, to, worst, err);
	bl_buf_fini(&out);
	free(line);
	return rc;
}
