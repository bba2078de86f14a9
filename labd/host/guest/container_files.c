/* The author's files in a node's new private layer.  They are written through the mounted overlay, so that
 * folders keep the image's owners and modes, and found with openat2(RESOLVE_IN_ROOT), so that no link
 * leads out of the tree. */
#include "labd/host/guest/container_int.h"

#include "labd/base/mem.h"
#include "labd/host/guest/oci_config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_in(int root, const char *path, int flags, mode_t mode)
{
    struct open_how how = {
        .flags = (uint64_t)(flags | O_CLOEXEC),
        .mode = mode,
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };

    return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

/* What we make belongs to the guest's root, what the image has keeps its owner. */
static int own(int fd, uint32_t uid_base)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -1;
    if (st.st_uid >= uid_base && st.st_uid - uid_base < OCI_ID_RANGE)
        return 0;
    return fchown(fd, uid_base, uid_base);
}

static int make_folder(int root, uint32_t uid_base, const char *parent, const char *name, const char *path)
{
    AUTO(mem_closep) int dir = open_in(root, parent, O_PATH | O_DIRECTORY, 0);
    if (dir < 0)
        return -1;
    if (mkdirat(dir, name, 0755) < 0)
        return errno == EEXIST ? 0 : -1;
    AUTO(mem_closep) int made = open_in(root, path, O_RDONLY | O_DIRECTORY, 0);
    return made < 0 ? -1 : own(made, uid_base);
}

/* Makes the folders above the file 'path'. */
static int make_parents(int root, uint32_t uid_base, const char *path)
{
    char p[PATH_MAX];

    for (size_t i = 1; i < sizeof p && path[i] != '\0'; i++) {
        if (path[i] != '/')
            continue;
        memcpy(p, path, i);
        p[i] = '\0';
        char *slash = strrchr(p, '/');
        const char *name = slash + 1;
        char parent[PATH_MAX] = "/";
        if (slash != p) {
            memcpy(parent, p, (size_t)(slash - p));
            parent[slash - p] = '\0';
        }
        if (make_folder(root, uid_base, parent, name, p) < 0)
            return -1;
    }
    return 0;
}

static int write_file(int root, uint32_t uid_base, const char *path, mode_t mode, const char *text,
                      struct err *e)
{
    size_t n = strlen(text);

    if (path[0] != '/' || strlen(path) >= PATH_MAX || strstr(path, "/../") != NULL)
        return err_set(e, ERR_INVALID, "file %.80s is not an absolute path inside the node", path);
    if (make_parents(root, uid_base, path) < 0)
        return err_sys(e, "make the folder of %s in the node", path);
    AUTO(mem_closep) int fd = open_in(root, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY, 0600);
    if (fd < 0)
        return err_sys(e, "create %s in the node", path);
    for (size_t done = 0; done < n;) {
        ssize_t w = write(fd, text + done, n - done);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return err_sys(e, "write %s in the node", path);
        done += (size_t)w;
    }
    if (own(fd, uid_base) < 0 || fchmod(fd, mode & 07777) < 0)
        return err_sys(e, "set owner and mode of %s in the node", path);
    return 0;
}

int files_seed(const struct guest_lab *lab, size_t node, const char *rootfs, struct err *e)
{
    const struct plan_node *p = &lab->plan->nodes[node];
    uint32_t uid = lab->uid_base;

    AUTO(mem_closep) int root = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return err_sys(e, "open %s", rootfs);
    AUTO(mem_freep) char *hostname = xasprintf("%s\n", p->name);
    AUTO(mem_freep)
    char *hosts = xasprintf("127.0.0.1\tlocalhost\n127.0.1.1\t%s\n::1\tlocalhost ip6-localhost\n"
                            "ff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n",
                            p->name);
    if (write_file(root, uid, "/etc/hostname", 0644, hostname, e) < 0 ||
        write_file(root, uid, "/etc/hosts", 0644, hosts, e) < 0)
        return -1;
    for (size_t i = 0; i < p->nfiles; i++)
        if (write_file(root, uid, p->files[i].path, p->files[i].mode, p->files[i].content, e) < 0)
            return -1;
    return 0;
}
