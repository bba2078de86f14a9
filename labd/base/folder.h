/* Reading in a folder that a stranger filled.  Used by what takes in others' folders: importers.
 *
 * Nothing outside the folder is ever opened: no "..", no absolute path, no symbolic link, only regular
 * files, and no more of them than a budget allows. */
#ifndef BASE_FOLDER_H
#define BASE_FOLDER_H

#include "labd/base/buf.h"
#include "labd/base/err.h"

#include <stdbool.h>
#include <sys/types.h>

#define FOLDER_BYTES_MAX (16u << 20) /* of all files that are read */
#define FOLDER_ENTRIES_MAX 10000     /* of all folders that are listed */

struct folder {
    int fd;
    size_t bytes_left, entries_left;
};
#define FOLDER_INIT \
    { \
        -1, 0, 0 \
    }

enum folder_kind { FOLDER_NOTHING, FOLDER_FILE, FOLDER_DIR, FOLDER_LINK, FOLDER_OTHER };
struct folder_entry {
    char *name;
    enum folder_kind kind;
};

int folder_open(struct folder *f, const char *path, struct err *e) MUST_CHECK;
void folder_close(struct folder *f); /* AUTO(folder_close) */

/* Appends the regular file 'rel' (a path below the folder) to 'out' and sets '*mode' (may be NULL) to its
 * permission bits.  ERR_NOT_FOUND; ERR_DENIED for a way out of the folder or a symbolic link;
 * ERR_INVALID for what is no regular file; ERR_CAPACITY beyond 'max' bytes or the folder's budget. */
int folder_read(struct folder *f, const char *rel, size_t max, struct buf *out, mode_t *mode,
                struct err *e) MUST_CHECK;

/* What 'rel' is; FOLDER_NOTHING also for what cannot be reached without leaving the folder. */
enum folder_kind folder_kind(const struct folder *f, const char *rel);

/* The entries of the folder 'rel' ("." for the whole) sorted by name, without "." and "..", for
 * folder_entries_free().  Errors as above. */
int folder_list(struct folder *f, const char *rel, struct folder_entry **out, size_t *n,
                struct err *e) MUST_CHECK;
void folder_entries_free(struct folder_entry *v, size_t n);

#endif
