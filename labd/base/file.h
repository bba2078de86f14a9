/* Small file helpers.  Used by every layer that keeps state on disk. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "labd/base/buf.h"
#include "labd/base/err.h"

#include <stdbool.h>
#include <sys/types.h>

/* Appends the whole file to 'out'.  ERR_NOT_FOUND, ERR_CAPACITY if it is longer than 'max' bytes. */
int file_read(const char *path, size_t max, struct buf *out, struct err *e) MUST_CHECK;
/* Writes a new file beside 'path', syncs it and renames it over 'path': after a crash there is the
 * old one or the new one. */
int file_write_atomic(const char *path, const void *data, size_t n, mode_t mode, struct err *e) MUST_CHECK;
/* Plain write for /proc and /sys files. */
int file_write_once(const char *path, const char *text, struct err *e) MUST_CHECK;
int file_mkdirs(const char *path, mode_t mode, struct err *e) MUST_CHECK; /* like mkdir -p */
/* Removes a tree without following symbolic links; a missing one is no error. */
int file_remove_tree(const char *path, struct err *e) MUST_CHECK;
bool file_exists(const char *path);

#endif
