/* The author's files in a private disk that is not in use yet.  They are written through the mounted overlay,
 * so that folders keep the image's owners and modes, and found with openat2(RESOLVE_IN_ROOT), so that no link
 * leads out of the tree; labd/host/guest/container_files.c does the same for containers. */
#include "images/xen/stage1.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SEED "/lab/seed"
#define DONE "/private/seeded"

static int root_fd = -1;

static int open_in(const char *path, int flags, mode_t mode)
{
    struct open_how how = {
        .flags = (uint64_t)(flags | O_CLOEXEC),
        .mode = mode,
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };

    return (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
}

static void write_all(int fd, const char *path, const char *s, size_t n)
{
    while (n > 0) {
        ssize_t k = write(fd, s, n);
        if (k <= 0)
            stage1_fail("cannot write %s: %s", path, strerror(errno));
        s += k;
        n -= (size_t)k;
    }
}

static int create(const char *path)
{
    int fd = open_in(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY, 0600);

    if (fd < 0)
        stage1_fail("cannot create %s: %s", path, strerror(errno));
    return fd;
}

static void finish(int fd, const char *path, mode_t mode)
{
    if (fchmod(fd, mode & 07777) < 0 || close(fd) < 0)
        stage1_fail("cannot write %s: %s", path, strerror(errno));
}

static void write_text(const char *path, const char *text)
{
    int fd = create(path);

    write_all(fd, path, text, strlen(text));
    finish(fd, path, 0644);
}

static void seed_file(int from, const char *path, mode_t mode)
{
    char chunk[16384];
    ssize_t n;
    int fd = create(path);

    while ((n = read(from, chunk, sizeof(chunk))) > 0)
        write_all(fd, path, chunk, (size_t)n);
    if (n < 0)
        stage1_fail("cannot read " SEED "%s: %s", path, strerror(errno));
    finish(fd, path, mode);
}

/* A folder that is there already, or a link to one, stays as it is. */
static void seed_folder(const char *path)
{
    char parent[PATH_MAX];
    const char *name = strrchr(path, '/') + 1;

    int there = open_in(path, O_PATH | O_DIRECTORY, 0);
    if (there >= 0) {
        close(there);
        return;
    }
    snprintf(parent, sizeof(parent), "%.*s", (int)(name - path), path);
    int dir = open_in(parent, O_PATH | O_DIRECTORY, 0);
    if (dir < 0 || mkdirat(dir, name, 0755) < 0)
        stage1_fail("cannot make the folder %s: %s", path, strerror(errno));
    close(dir);
}

/* Copies the folder 'fd', which is SEED and then 'path' ("" or "/..."; room for PATH_MAX).  Takes 'fd'. */
static void seed_tree(int fd, char *path)
{
    DIR *d = fdopendir(fd);
    struct dirent *e;
    struct stat st;
    size_t len = strlen(path);

    if (d == NULL)
        stage1_fail("cannot read " SEED "%s: %s", path, strerror(errno));
    while ((e = readdir(d)) != NULL) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (len + 1 + strlen(e->d_name) >= PATH_MAX)
            stage1_fail("a path in " SEED " is too long");
        snprintf(path + len, PATH_MAX - len, "/%s", e->d_name);
        int child = openat(dirfd(d), e->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (child < 0 || fstat(child, &st) < 0)
            stage1_fail("cannot open " SEED "%s: %s", path, strerror(errno));
        if (S_ISDIR(st.st_mode)) {
            seed_folder(path);
            seed_tree(child, path);
        } else if (S_ISREG(st.st_mode)) {
            seed_file(child, path, st.st_mode);
            close(child);
        } else {
            stage1_fail(SEED "%s is neither a file nor a folder", path);
        }
        path[len] = '\0';
    }
    closedir(d);
}

void seed_once(const char *root, const char *hostname)
{
    static char path[PATH_MAX], text[512];
    struct stat st;

    if (lstat(DONE, &st) == 0)
        return;
    root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root_fd < 0)
        stage1_fail("cannot open the root of the node: %s", strerror(errno));
    snprintf(text, sizeof(text), "%s\n", hostname);
    write_text("/etc/hostname", text);
    snprintf(text, sizeof(text),
             "127.0.0.1\tlocalhost\n127.0.1.1\t%s\n::1\tlocalhost ip6-localhost\n"
             "ff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n",
             hostname);
    write_text("/etc/hosts", text);
    int seed = open(SEED, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (seed >= 0)
        seed_tree(seed, path);
    else if (errno != ENOENT)
        stage1_fail("cannot open " SEED ": %s", strerror(errno));
    /* The mark comes after all that it stands for is on the disk: a seeding that was cut short starts anew. */
    sync();
    int done = open(DONE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (done < 0 || fsync(done) < 0)
        stage1_fail("cannot write to the private disk: %s", strerror(errno));
    close(done);
    close(root_fd);
}
