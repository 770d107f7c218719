/* SPDX-License-Identifier: Apache-2.0 */
/* out: output files that are complete or absent. */
#ifndef BL_BASE_OUT_H
#define BL_BASE_OUT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

struct bl_json;

/*
 * An output that is complete or absent: a temporary file beside the target, synced and renamed by commit; or stdout
 * when path is NULL or "-". Never replaces a file that this process reads, nor one in a folder that it told (bl_file_input;
 * same device and inode: 64). What exists and is no regular file (/dev/null, a pipe) is written to directly. Interrupting the program removes the temporary file.
 */
struct bl_out {
	int fd;			/* write here */
	char *path, *tmp;	/* NULL for stdout */
	bool excl, done;
};
void bl_out_init(struct bl_out *o);
/* mode 0666 & ~umask usually, 0600 for secrets. excl: refuse an existing target (73). */
int bl_out_open(struct bl_out *o, const char *path, mode_t mode, bool excl, struct bl_err *err);
int bl_out_commit(struct bl_out *o, struct bl_err *err);		/* fsync, rename, fsync of the folder; 74 */
void bl_out_fini(struct bl_out *o);					/* removes the temporary file unless committed */

/* All of it at once: what is in b, 71 when b failed; and a JSON document, indented, to stdout: j is taken over. */
int bl_out_put(const char *path, mode_t mode, const struct bl_buf *b, struct bl_err *err);
int bl_out_json(struct bl_json *j, struct bl_err *err);
/* Before bytes are made that nobody reads ("a grant"): 64 where nothing but a terminal was given to put them. */
int bl_out_check(const char *path, const char *what, struct bl_err *err);

#endif
