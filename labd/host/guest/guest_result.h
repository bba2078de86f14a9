/* What a guest's init said about its startup script, kept as the file "booted" in the node's run folder
 * so that every process, also after a crash, sees the same.  Used by the drivers only.
 *
 * The text is "ok\n" or "failed N\n" followed by what the script printed; all of it is hostile. */
#ifndef HOST_GUEST_RESULT_H
#define HOST_GUEST_RESULT_H

#include "labd/base/buf.h"
#include "labd/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define GUEST_OUTPUT_MAX 8192u
#define GUEST_RESULT_MAX (GUEST_OUTPUT_MAX + 32u) /* the first line and the output */

struct guest_result {
    int status;         /* 0: ok, else what the script ended with */
    const char *output; /* borrowed from the text */
    size_t n;
};

/* Splits 'text'.  ERR_PROTOCOL if its first line is neither of the two. */
int guest_result_parse(const char *text, size_t n, struct guest_result *out, struct err *e) MUST_CHECK;

/* Turns a result into the error that guest_ops.wait() reports; returns 0 for status 0. */
int guest_result_err(const struct guest_result *r, struct err *e) MUST_CHECK;

/* 'dir' is the node's run folder.  Loading a missing file is ERR_NOT_FOUND. */
int guest_result_save(const char *dir, const char *text, size_t n, struct err *e) MUST_CHECK;
int guest_result_load(const char *dir, struct buf *text, struct err *e) MUST_CHECK;
bool guest_result_exists(const char *dir);
int guest_result_remove(const char *dir, struct err *e) MUST_CHECK; /* none: ok */

#endif
