#include "labd/base/file.h"

#include "labd/base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int file_read(const char *path, size_t max, struct buf *out, struct err *e)
{
    AUTO(mem_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    AUTO(buf_clear) struct buf b = BUF_INIT;
    char chunk[16384];
    ssize_t n;

    if (fd < 0) {
        err_sys(e, "read %s", path);
        if (e != NULL && e->sys == ENOENT)
            e->code = ERR_NOT_FOUND;
        return -1;
    }
    while ((n = read(fd, chunk, sizeof chunk)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(e, "read %s", path);
        if (b.len + (size_t)n > max)
            return err_set(e, ERR_CAPACITY, "%s is longer than %zu bytes", path, max);
        buf_add(&b, chunk, (size_t)n);
    }
    buf_add(out, buf_str(&b), b.len);
    return 0;
}

static int write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t w = write(fd, p, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return -1;
        p += w;
        n -= (size_t)w;
    }
    return 0;
}

int file_write_atomic(const char *path, const void *data, size_t n, mode_t mode, struct err *e)
{
    char tmp[PATH_MAX];

    if (snprintf(tmp, sizeof tmp, "%s.new.%d", path, (int)getpid()) >= (int)sizeof tmp)
        return err_set(e, ERR_INVALID, "path %s is too long", path);
    AUTO(mem_closep) int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return err_sys(e, "create %s", tmp);
    if (fchmod(fd, mode) < 0 || write_all(fd, data, n) < 0 || fdatasync(fd) < 0 || rename(tmp, path) < 0) {
        err_sys(e, "write %s", path);
        unlink(tmp);
        return -1;
    }
    return 0;
}

int file_write_once(const char *path, const char *text, struct err *e)
{
    AUTO(mem_closep) int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return err_sys(e, "open %s", path);
    if (write_all(fd, text, strlen(text)) < 0)
        return err_sys(e, "write '%s' to %s", text, path);
    return 0;
}

int file_mkdirs(const char *path, mode_t mode, struct err *e)
{
    char p[PATH_MAX];
    size_t n = strlen(path);

    if (n == 0 || n >= sizeof p)
        return err_set(e, ERR_INVALID, "path '%s' is empty or too long", path);
    memcpy(p, path, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (p[i] != '/' && p[i] != '\0')
            continue;
        char keep = p[i];
        p[i] = '\0';
        if (mkdir(p, mode) < 0 && errno != EEXIST)
            return err_sys(e, "make folder %s", p);
        p[i] = keep;
    }
    return 0;
}

/* A student may nest folders far deeper than we have descriptors for: what lies below DEPTH_MAX levels
 * is moved up to the top of the tree and removed in the next pass. */
#define DEPTH_MAX 200

struct remover {
    int top;
    unsigned moved;
};

static int remove_at(struct remover *r, int dirfd, const char *name, unsigned depth)
{
    if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return -1;
    if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0)
        return 0;
    if (errno != ENOTEMPTY && errno != EEXIST)
        return -1;
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    if (depth == 0)
        r->top = fd;
    if (depth > DEPTH_MAX) {
        char up[32];
        snprintf(up, sizeof up, ".deep-%u", r->moved++);
        int rc = renameat(dirfd, name, r->top, up);
        close(fd);
        return rc;
    }
    DIR *d = fdopendir(fd);
    if (d == NULL) {
        close(fd);
        return -1;
    }
    const struct dirent *entry;
    int rc = 0;
    while (rc == 0 && (errno = 0, entry = readdir(d)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            rc = remove_at(r, fd, entry->d_name, depth + 1);
    }
    int sys = errno;
    closedir(d);
    errno = sys;
    return rc < 0 ? -1 : unlinkat(dirfd, name, AT_REMOVEDIR);
}

int file_remove_tree(const char *path, struct err *e)
{
    struct remover r = {-1, 0};
    unsigned before;

    do {
        before = r.moved;
        if (remove_at(&r, AT_FDCWD, path, 0) == 0 || errno == ENOENT)
            return 0;
    } while (errno == ENOTEMPTY && r.moved != before);
    /* A last pass: the one before moved folders up without meeting them again. */
    if (errno == ENOTEMPTY && remove_at(&r, AT_FDCWD, path, 0) == 0)
        return 0;
    return err_sys(e, "remove %s", path);
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}
