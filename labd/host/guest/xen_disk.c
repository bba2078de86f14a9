/* Disks of guests: files on loop devices that detach themselves (LO_FLAGS_AUTOCLEAR, loop(4)) when the last user lets
 * go, so that nobody has to remember them: neither a killed labhost nor a destroyed domain leaves one. */
#include "labd/host/guest/guest_image.h"
#include "labd/host/guest/xen_int.h"

#include "labd/base/file.h"
#include "labd/base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define TRIES 100

/* ---- loop devices ---- */

/* Does the open loop device have this very file, read-only? */
static bool backs(int loop, const struct stat *file)
{
    struct loop_info64 info;

    return ioctl(loop, LOOP_GET_STATUS64, &info) == 0 && info.lo_inode == file->st_ino &&
           info.lo_device == file->st_dev && (info.lo_flags & LO_FLAGS_READ_ONLY) != 0;
}

static int find_shared(const struct stat *file, char dev[XEN_DEV_SIZE])
{
    DIR *d = opendir("/sys/block");
    const struct dirent *entry;
    int found = -1;

    while (d != NULL && found < 0 && (entry = readdir(d)) != NULL) {
        char path[PATH_MAX];
        if (strncmp(entry->d_name, "loop", 4) != 0 ||
            path_make(path, NULL, "/sys/block/%s/loop/backing_file", entry->d_name) < 0 || !file_exists(path))
            continue;
        snprintf(dev, XEN_DEV_SIZE, "/dev/%.20s", entry->d_name);
        /* It may go between the look and the open: what counts is what the open device says. */
        found = open(dev, O_RDONLY | O_CLOEXEC);
        if (found >= 0 && !backs(found, file)) {
            close(found);
            found = -1;
        }
    }
    if (d != NULL)
        closedir(d);
    return found;
}

static int attach(int file, bool read_only, char dev[XEN_DEV_SIZE], int *fd, struct err *e)
{
    const struct loop_config c = {
        .fd = (uint32_t)file,
        .info = {.lo_flags = LO_FLAGS_AUTOCLEAR | (read_only ? (uint32_t)LO_FLAGS_READ_ONLY : 0)}};

    AUTO(mem_closep) int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    if (control < 0)
        return err_sys(e, "open /dev/loop-control");
    for (int i = 0; i < TRIES; i++) {
        int number = ioctl(control, LOOP_CTL_GET_FREE);
        if (number < 0)
            return err_sys(e, "get a free loop device");
        snprintf(dev, XEN_DEV_SIZE, "/dev/loop%d", number);
        AUTO(mem_closep) int loop = open(dev, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
        if (loop < 0)
            return err_sys(e, "open %s", dev);
        if (ioctl(loop, LOOP_CONFIGURE, &c) == 0) {
            *fd = TAKE_FD(loop);
            return 0;
        }
        if (errno != EBUSY) /* somebody else was quicker */
            return err_sys(e, "attach a file to %s", dev);
    }
    return err_set(e, ERR_CONFLICT, "another program takes every loop device");
}

int xen_loop(const char *path, bool read_only, char dev[XEN_DEV_SIZE], int *fd, struct err *e)
{
    struct stat st;

    AUTO(mem_closep)
    int file = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | (read_only ? 0 : O_NOFOLLOW));
    if (file < 0 || fstat(file, &st) < 0)
        return err_sys(e, "open %s", path);
    int shared = read_only ? find_shared(&st, dev) : -1;
    if (shared >= 0) {
        *fd = shared;
        return 0;
    }
    return attach(file, read_only, dev, fd, e) < 0 ? err_wrap(e, "disk %s", path) : 0;
}

/* ---- private disks ---- */

/* Only what holds data: the template is nearly all hole, and so is the copy. */
static int copy_sparse(int from, int to, struct err *e)
{
    struct stat st;
    off_t at = 0;

    if (fstat(from, &st) < 0 || ftruncate(to, st.st_size) < 0)
        return err_sys(e, "make a private disk");
    while ((at = lseek(from, at, SEEK_DATA)) >= 0) {
        off_t end = lseek(from, at, SEEK_HOLE);
        if (end < 0 || lseek(to, at, SEEK_SET) < 0)
            return err_sys(e, "copy the template of private disks");
        while (at < end) { /* copy_file_range(2) does not cross file systems of different kinds */
            ssize_t n = sendfile(to, from, &at, (size_t)(end - at));
            if (n <= 0)
                return err_sys(e, "copy the template of private disks");
        }
    }
    return errno == ENXIO ? 0 : err_sys(e, "read the template of private disks");
}

int xen_layer(const struct node_ref *n, const char *template, const char *image, struct err *e)
{
    char dir[PATH_MAX], path[PATH_MAX], new[PATH_MAX];

    if (path_state(n, "", dir, e) < 0 || path_state(n, "/layer.ext4", path, e) < 0 ||
        path_state(n, "/layer.new", new, e) < 0)
        return -1;
    if (file_exists(path))
        return 0;
    if (file_mkdirs(dir, 0711, e) < 0 || guest_image_record(n, image, e) < 0)
        return -1;
    AUTO(mem_closep) int from = open(template, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return err_sys(e, "open %s", template);
    AUTO(mem_closep) int to = open(new, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (to < 0)
        return err_sys(e, "create %s", new);
    if (copy_sparse(from, to, e) < 0) {
        unlink(new);
        return -1;
    }
    return rename(new, path) < 0 ? err_sys(e, "rename %s", new) : 0;
}
