/* The root filesystem of a node: the shared image, seen with the lab's ids through an idmapped mount, and
 * the node's private layer over it.
 *
 * All mounts here live for the time of create() only: a container's own mount namespace keeps what it
 * needs.  So labhost's namespace stays small, and one that is killed has nothing to leave behind.
 * mount_setattr(2): idmapped mounts; overlay on idmapped layers needs Linux 5.19. */
#include "labd/host/guest/container_int.h"

#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "labd/host/guest/guest_image.h"
#include "labd/host/guest/oci_config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define IMAGE_PREFIX ".image-" /* no node has such a name */

/* ---- a user namespace to map by ---- */

static int write_map(pid_t pid, const char *which, uint32_t base, struct err *e)
{
    char path[64], text[64];

    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, which);
    snprintf(text, sizeof text, "0 %u %u", base, OCI_ID_RANGE);
    return file_write_once(path, text, e);
}

/* Lives until its parent closes 'hold' or dies, whichever comes first. */
static _Noreturn void userns_child(int ready, int hold)
{
    char ok = unshare(CLONE_NEWUSER) == 0;

    if (write(ready, &ok, 1) != 1)
        _exit(1);
    while (read(hold, &ok, 1) < 0 && errno == EINTR) {
    }
    _exit(0);
}

static int userns_of(pid_t pid, uint32_t base, struct err *e)
{
    char path[64];

    if (write_map(pid, "uid_map", base, e) < 0 || write_map(pid, "gid_map", base, e) < 0)
        return -1;
    snprintf(path, sizeof path, "/proc/%d/ns/user", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? err_sys(e, "open %s", path) : fd;
}

/* A descriptor of a user namespace whose ids 0 .. 65535 are 'base' .. outside. */
static int userns_open(uint32_t base, struct err *e)
{
    int ready[2], hold[2], fd = -1;
    char ok = 0;

    if (pipe2(ready, O_CLOEXEC) < 0)
        return err_sys(e, "pipe");
    if (pipe2(hold, O_CLOEXEC) < 0) {
        err_sys(e, "pipe");
        close(ready[0]);
        close(ready[1]);
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(hold[1]);
        userns_child(ready[1], hold[0]);
    }
    close(ready[1]);
    close(hold[0]);
    if (pid < 0)
        err_sys(e, "fork");
    else if (read(ready[0], &ok, 1) != 1 || !ok)
        err_set(e, ERR_UNSUPPORTED,
                "this kernel makes no user namespaces; allow them (sysctl user.max_user_namespaces)");
    else
        fd = userns_of(pid, base, e);
    close(ready[0]);
    close(hold[1]);
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
    return fd;
}

/* ---- the image ---- */

/* A detached, read-only, idmapped clone of the mount at 'tree'. */
static int image_clone(const char *tree, uint32_t uid_base, struct err *e)
{
    AUTO(mem_closep) int userns = userns_open(uid_base, e);
    if (userns < 0)
        return -1;
    AUTO(mem_closep) int fd = open_tree(AT_FDCWD, tree, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (fd < 0)
        return err_sys(e, "clone the mount of image %s", tree);
    struct mount_attr attr = {
        .attr_set = MOUNT_ATTR_IDMAP | MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV,
        .userns_fd = (uint64_t)userns,
    };
    if (mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0) {
        err_sys(e, "map the ids of image %s", tree);
        if (e != NULL && (e->sys == EINVAL || e->sys == ENOSYS || e->sys == EPERM))
            err_set(
                e, ERR_UNSUPPORTED,
                "the file system of %s does not support idmapped mounts; keep the images on ext4, xfs or btrfs"
                " (Linux 5.19 or later)",
                tree);
        return -1;
    }
    return TAKE_FD(fd);
}

int rootfs_probe(const struct guest_host *h, struct err *e)
{
    char tree[PATH_MAX], init[PATH_MAX];

    if (path_make(tree, e, "%s/base/root", h->image_dir) < 0 ||
        path_make(init, e, "%s/sbin/lab-init", tree) < 0)
        return -1;
    if (!file_exists(init))
        return err_set(e, ERR_NOT_FOUND, "there is no guest image at %s; build it with 'make image'", tree);
    for (int i = 0; i < 3; i++) {
        const char *dir = i == 0 ? h->run_dir : i == 1 ? h->state_dir : h->image_dir;
        if (strpbrk(dir, ",:\\") != NULL)
            return err_set(e, ERR_INVALID, "folder %s: overlay mounts need a path without , : and \\", dir);
    }
    AUTO(mem_closep) int fd = image_clone(tree, 1u << 20, e);
    return fd < 0 ? -1 : 0;
}

static int image_mount_point(const struct guest_host *h, const char *lab, const char *name, char *out,
                             struct err *e)
{
    return path_make(out, e, "%s/labs/%s/" IMAGE_PREFIX "%s", h->run_dir, lab, name);
}

/* A mount point that an earlier, killed worker left may still be covered. */
static int uncover(const char *path, struct err *e)
{
    while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0) {
    }
    if (errno != EINVAL && errno != ENOENT)
        return err_sys(e, "unmount %s", path);
    if (rmdir(path) < 0 && errno != ENOENT)
        return err_sys(e, "remove mount point %s", path);
    return 0;
}

int rootfs_image_mount(const struct guest_lab *lab, const char *name, struct err *e)
{
    char tree[PATH_MAX], point[PATH_MAX];

    if (path_make(tree, e, "%s/%s/root", lab->host->image_dir, name) < 0 ||
        image_mount_point(lab->host, lab->plan->lab, name, point, e) < 0 || uncover(point, e) < 0 ||
        file_mkdirs(point, 0711, e) < 0)
        return -1;
    AUTO(mem_closep) int fd = image_clone(tree, lab->uid_base, e);
    if (fd < 0)
        return -1;
    if (move_mount(fd, "", AT_FDCWD, point, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return err_sys(e, "mount image %s", tree);
    return 0;
}

void rootfs_image_umount(const struct guest_host *h, const char *lab)
{
    char dir[PATH_MAX], point[PATH_MAX];
    struct err ignored; /* a mount in a private namespace goes with its last process at the latest */

    if (path_make(dir, NULL, "%s/labs/%s", h->run_dir, lab) < 0)
        return;
    DIR *d = opendir(dir);
    const struct dirent *entry;
    while (d != NULL && (entry = readdir(d)) != NULL)
        if (strncmp(entry->d_name, IMAGE_PREFIX, sizeof IMAGE_PREFIX - 1) == 0 &&
            path_make(point, NULL, "%s/%s", dir, entry->d_name) == 0 && uncover(point, &ignored) < 0)
            continue;
    if (d != NULL)
        closedir(d);
}

/* ---- a node ---- */

/* Makes upper and an empty work folder.  'fresh' tells that the layer is new: one that was not completely
 * filled when its maker died is discarded. */
static int layer_prepare(const struct node_ref *n, uint32_t uid_base, const char *image, bool *fresh,
                         struct err *e)
{
    char dir[PATH_MAX], upper[PATH_MAX], work[PATH_MAX], seeded[PATH_MAX];

    if (path_state(n, "", dir, e) < 0 || path_state(n, "/upper", upper, e) < 0 ||
        path_state(n, "/work", work, e) < 0 || path_state(n, "/seeded", seeded, e) < 0)
        return -1;
    bool new = !file_exists(seeded);
    if ((new &&file_remove_tree(upper, e) < 0) || file_remove_tree(work, e) < 0 ||
        file_mkdirs(dir, 0711, e) < 0)
        return -1;
    if (mkdir(upper, 0755) < 0 && errno != EEXIST)
        return err_sys(e, "make folder %s", upper);
    if (new &&chown(upper, uid_base, uid_base) < 0)
        return err_sys(e, "give %s to the lab", upper);
    if (mkdir(work, 0700) < 0)
        return err_sys(e, "make folder %s", work);
    if (new &&guest_image_record(n, image, e) < 0)
        return -1;
    *fresh = new;
    return 0;
}

static int overlay_mount(const struct guest_lab *lab, const struct node_ref *n, const char *image,
                         const char *rootfs, struct err *e)
{
    char point[PATH_MAX], upper[PATH_MAX], work[PATH_MAX];

    if (image_mount_point(lab->host, n->lab, image, point, e) < 0 || path_state(n, "/upper", upper, e) < 0 ||
        path_state(n, "/work", work, e) < 0)
        return -1;
    /* "volatile": without it each unmount would sync the whole disk.  What a power cut takes are the
     * guests anyway. */
    AUTO(mem_freep)
    char *options =
        xasprintf("lowerdir=%s,upperdir=%s,workdir=%s,index=off,metacopy=off,volatile", point, upper, work);
    if (mount("overlay", rootfs, "overlay", MS_NOSUID | MS_NODEV, options) < 0)
        return err_sys(e, "mount the root file system of node %s", n->node);
    return 0;
}

int rootfs_mount(const struct guest_lab *lab, size_t node, const char *image, struct err *e)
{
    const struct node_ref n = node_ref(lab, node);
    char rootfs[PATH_MAX], seeded[PATH_MAX];
    bool fresh = false;

    if (path_run(&n, "/rootfs", rootfs, e) < 0 || path_state(&n, "/seeded", seeded, e) < 0 ||
        uncover(rootfs, e) < 0 || layer_prepare(&n, lab->uid_base, image, &fresh, e) < 0 ||
        file_mkdirs(rootfs, 0711, e) < 0 || overlay_mount(lab, &n, image, rootfs, e) < 0)
        return -1;
    if (!fresh)
        return 0;
    if (files_seed(lab, node, rootfs, e) < 0)
        return -1;
    AUTO(mem_closep) int fd = open(seeded, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd < 0 ? err_sys(e, "create %s", seeded) : 0;
}

int rootfs_umount(const struct node_ref *n, struct err *e)
{
    char rootfs[PATH_MAX];

    if (path_run(n, "/rootfs", rootfs, e) < 0)
        return -1;
    return uncover(rootfs, e);
}
