/* The file systems of a Xen guest.  The root is an overlay of the shared read-only disk (xvda, squashfs) and
 * the node's private one (xvdb, ext4); the rest is as in a container (labd/host/guest/oci_config.c). */
#include "images/xen/stage1.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHARED_DISK "/dev/xvda"
#define PRIVATE_DISK "/dev/xvdb"

static void mount_one(const char *source, const char *at, const char *type, unsigned long flags,
                      const char *data)
{
    if (mount(source, at, type, flags, data) < 0)
        stage1_fail("cannot mount %s (%s) on %s: %s", source, type, at, strerror(errno));
}

static void make_folder(const char *path, mode_t mode)
{
    if (mkdir(path, mode) < 0 && errno != EEXIST)
        stage1_fail("cannot make the folder %s: %s", path, strerror(errno));
}

static void wait_for(const char *disk)
{
    for (unsigned ms = 0; access(disk, F_OK) < 0; ms += 5) {
        if (ms >= STAGE1_WAIT_MS)
            stage1_fail("the disk %s did not come within %u s", disk, STAGE1_WAIT_MS / 1000);
        stage1_sleep(5);
    }
}

void mount_kernel_files(void)
{
    make_folder("/proc", 0755);
    make_folder("/sys", 0755);
    make_folder("/dev", 0755);
    mount_one("proc", "/proc", "proc", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL);
    mount_one("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL);
    mount_one("dev", "/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, "mode=755");
}

void mount_root(const char *at)
{
    make_folder("/shared", 0755);
    make_folder("/private", 0755);
    make_folder(at, 0755);
    wait_for(SHARED_DISK);
    mount_one(SHARED_DISK, "/shared", "squashfs", MS_RDONLY, NULL);
    wait_for(PRIVATE_DISK);
    mount_one(PRIVATE_DISK, "/private", "ext4", MS_NOATIME, NULL);
    make_folder("/private/upper", 0755);
    make_folder("/private/work", 0755);
    mount_one("overlay", at, "overlay", MS_NOATIME,
              "lowerdir=/shared,upperdir=/private/upper,workdir=/private/work");
}

static const char *below(const char *root, const char *path, char out[256])
{
    snprintf(out, 256, "%s%s", root, path);
    return out;
}

void mount_guest_files(const char *root)
{
    static const char *const moved[] = {"/proc", "/sys", "/dev"};
    static const struct {
        const char *at, *type;
        unsigned long flags;
        const char *data;
    } fresh[] = {
        {"/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "ptmxmode=0666,mode=0620,gid=5"},
        {"/dev/shm", "tmpfs", MS_NOSUID | MS_NOEXEC | MS_NODEV, "mode=1777,size=16m"},
        {"/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=16m"},
        /* A small node must not lose all of its memory to a full /tmp. */
        {"/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=25%"},
    };
    static const struct {
        const char *at, *to;
    } links[] = {
        {"/dev/fd", "/proc/self/fd"},
        {"/dev/stdin", "/proc/self/fd/0"},
        {"/dev/stdout", "/proc/self/fd/1"},
        {"/dev/stderr", "/proc/self/fd/2"},
    };
    char path[256];

    for (size_t i = 0; i < sizeof(moved) / sizeof(*moved); i++)
        if (mount(moved[i], below(root, moved[i], path), NULL, MS_MOVE, NULL) < 0)
            stage1_fail("cannot move %s: %s", moved[i], strerror(errno));
    make_folder(below(root, "/dev/pts", path), 0755);
    make_folder(below(root, "/dev/shm", path), 01777);
    for (size_t i = 0; i < sizeof(fresh) / sizeof(*fresh); i++)
        mount_one(fresh[i].type, below(root, fresh[i].at, path), fresh[i].type, fresh[i].flags,
                  fresh[i].data);
    for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
        if (symlink(links[i].to, below(root, links[i].at, path)) < 0 && errno != EEXIST)
            stage1_fail("cannot make %s: %s", links[i].at, strerror(errno));
    make_folder(below(root, "/run/lab", path), 0755);
    make_folder(below(root, "/run/lock", path), 01777);
}

/* Removes what is in the folder 'fd' and belongs to the file system 'dev': the initramfs, whose memory the
 * guest gets back.  Takes 'fd'. */
static void empty(int fd, dev_t dev)
{
    DIR *d = fdopendir(fd);
    struct dirent *e;
    struct stat st;

    if (d == NULL) {
        close(fd);
        return;
    }
    while ((e = readdir(d)) != NULL) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
            fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_dev != dev)
            continue;
        if (S_ISDIR(st.st_mode)) {
            int child = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (child >= 0)
                empty(child, dev);
            unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
        } else {
            unlinkat(dirfd(d), e->d_name, 0);
        }
    }
    closedir(d);
}

void mount_switch(const char *root)
{
    struct stat st;
    int old = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (old < 0 || fstat(old, &st) < 0)
        stage1_fail("cannot open the initramfs: %s", strerror(errno));
    empty(old, st.st_dev);
    if (chdir(root) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0)
        stage1_fail("cannot change to the root of the node: %s", strerror(errno));
}
