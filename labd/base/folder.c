#include "labd/base/folder.h"

#include "labd/base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_beneath(int dir, const char *rel, int flags)
{
    struct open_how how = {
        .flags = (uint64_t)(flags | O_CLOEXEC),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };

    return (int)syscall(SYS_openat2, dir, rel, &how, sizeof how);
}

static int refuse(const char *rel, struct err *e)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
        return err_set(e, ERR_NOT_FOUND, "%s is not there", rel);
    case ELOOP:
        return err_set(e, ERR_DENIED, "%s is or passes through a symbolic link, which is not followed", rel);
    case EXDEV:
        return err_set(e, ERR_DENIED, "%s is outside the folder", rel);
    default:
        return err_sys(e, "read %s", rel);
    }
}

int folder_open(struct folder *f, const char *path, struct err *e)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) {
        err_sys(e, "read %s", path);
        if (e != NULL && e->sys == ENOENT)
            e->code = ERR_NOT_FOUND;
        return -1;
    }
    *f = (struct folder){fd, FOLDER_BYTES_MAX, FOLDER_ENTRIES_MAX};
    return 0;
}

void folder_close(struct folder *f)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
}

int folder_read(struct folder *f, const char *rel, size_t max, struct buf *out, mode_t *mode, struct err *e)
{
    /* Not blocking: a pipe without a writer would hold us up before fstat() can tell. */
    AUTO(mem_closep) int fd = open_beneath(f->fd, rel, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct stat st;
    char chunk[16384];
    ssize_t n;

    if (fd < 0)
        return refuse(rel, e);
    if (fstat(fd, &st) < 0)
        return err_sys(e, "read %s", rel);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_INVALID, "%s is no regular file", rel);
    while ((n = read(fd, chunk, sizeof chunk)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(e, "read %s", rel);
        if (b.len + (size_t)n > max)
            return err_set(e, ERR_CAPACITY, "%s is longer than %zu bytes", rel, max);
        if (b.len + (size_t)n > f->bytes_left)
            return err_set(e, ERR_CAPACITY, "%s would make it more than %u MiB in all", rel,
                           FOLDER_BYTES_MAX >> 20);
        buf_add(&b, chunk, (size_t)n);
    }
    f->bytes_left -= b.len;
    buf_add(out, buf_str(&b), b.len);
    if (mode != NULL)
        *mode = st.st_mode & 07777;
    return 0;
}

static enum folder_kind kind_of(mode_t mode)
{
    if (S_ISREG(mode))
        return FOLDER_FILE;
    if (S_ISDIR(mode))
        return FOLDER_DIR;
    return S_ISLNK(mode) ? FOLDER_LINK : FOLDER_OTHER;
}

enum folder_kind folder_kind(const struct folder *f, const char *rel)
{
    AUTO(mem_closep) int fd = open_beneath(f->fd, rel, O_PATH | O_NOFOLLOW);
    struct stat st;

    return fd < 0 || fstat(fd, &st) < 0 ? FOLDER_NOTHING : kind_of(st.st_mode);
}

static int by_name(const void *a, const void *b)
{
    const struct folder_entry *x = a, *y = b;

    return strcmp(x->name, y->name);
}

int folder_list(struct folder *f, const char *rel, struct folder_entry **out, size_t *n, struct err *e)
{
    int fd = open_beneath(f->fd, rel, O_RDONLY | O_DIRECTORY);
    struct folder_entry *v = NULL;
    const struct dirent *d;
    size_t len = 0, cap = 0;
    DIR *dir;

    if (fd < 0)
        return refuse(rel, e);
    dir = fdopendir(fd);
    if (dir == NULL) {
        err_sys(e, "read %s", rel);
        close(fd);
        return -1;
    }
    while ((d = readdir(dir)) != NULL) {
        struct stat st;

        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0 ||
            fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (f->entries_left == 0) {
            closedir(dir);
            folder_entries_free(v, len);
            return err_set(e, ERR_CAPACITY, "there are more than %d files and folders", FOLDER_ENTRIES_MAX);
        }
        f->entries_left--;
        XGROW(v, len, cap);
        v[len++] = (struct folder_entry){xstrdup(d->d_name), kind_of(st.st_mode)};
    }
    closedir(dir);
    if (len > 0)
        qsort(v, len, sizeof *v, by_name);
    *out = v;
    *n = len;
    return 0;
}

void folder_entries_free(struct folder_entry *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(v[i].name);
    free(v);
}
