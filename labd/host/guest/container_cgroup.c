/* Control groups: one per node below /paralab/LAB, by the unified hierarchy only.  Membership is what we
 * need of it - everything of a node dies by one write - and memory and pids limits where there are
 * controllers for them. */
#include "labd/host/guest/container_int.h"

#include "labd/base/file.h"
#include "labd/base/loop.h"
#include "labd/base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define OURS CGROUP_ROOT CGROUP_OURS

static bool has_word(const char *file, const char *word)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    size_t n = strlen(word);

    if (file_read(file, 4096, &text, NULL) < 0)
        return false;
    for (const char *p = buf_str(&text); (p = strstr(p, word)) != NULL; p += n)
        if ((p == text.data || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\n' || p[n] == '\0'))
            return true;
    return false;
}

struct cgroup_limits cgroup_limits(void)
{
    return (struct cgroup_limits){has_word(OURS "/cgroup.subtree_control", "memory"),
                                  has_word(OURS "/cgroup.subtree_control", "pids")};
}

/* One by one: a controller that cannot be had must not cost us the other. */
static void enable(const char *dir, const char *controller)
{
    char path[PATH_MAX], word[32];

    snprintf(word, sizeof word, "+%s", controller);
    if (path_make(path, NULL, "%s/cgroup.subtree_control", dir) < 0 || has_word(path, controller))
        return;
    /* Refused where the controller belongs to another hierarchy; cgroup_limits() reads what we got. */
    if (file_write_once(path, word, NULL) < 0)
        return;
}

static int make_group(const char *dir, struct err *e)
{
    if (mkdir(dir, 0755) < 0 && errno != EEXIST)
        return err_sys(e, "make control group %s", dir);
    enable(dir, "memory");
    enable(dir, "pids");
    return 0;
}

int cgroup_enter(struct buf *notes, struct err *e)
{
    struct statfs fs;

    if (statfs(CGROUP_ROOT, &fs) < 0)
        return err_sys(e, "look at " CGROUP_ROOT);
    if (fs.f_type != CGROUP2_SUPER_MAGIC &&
        mount("cgroup2", CGROUP_ROOT, "cgroup2", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL) < 0)
        return err_sys(e, "mount the unified cgroup hierarchy on " CGROUP_ROOT);
    enable(CGROUP_ROOT, "memory");
    enable(CGROUP_ROOT, "pids");
    if (make_group(OURS, e) < 0)
        return -1;
    struct cgroup_limits have = cgroup_limits();
    if (!have.memory)
        buf_puts(notes,
                 "no memory controller in the unified cgroup hierarchy: guests run without a memory limit\n");
    if (!have.pids)
        buf_puts(notes,
                 "no pids controller in the unified cgroup hierarchy: processes are limited per user of a"
                 " guest only\n");
    return 0;
}

int cgroup_lab_make(const char *lab, struct err *e)
{
    char dir[PATH_MAX];

    if (path_make(dir, e, OURS "/%s", lab) < 0 || make_group(OURS, e) < 0)
        return -1;
    return make_group(dir, e);
}

static int node_path(const struct node_ref *n, const char *file, char *out, struct err *e)
{
    return path_make(out, e, OURS "/%s/%s%s", n->lab, n->node, file);
}

bool cgroup_exists(const struct node_ref *n)
{
    char dir[PATH_MAX];

    return node_path(n, "", dir, NULL) == 0 && file_exists(dir);
}

void cgroup_kill(const struct node_ref *n)
{
    char path[PATH_MAX];

    /* Missing: nothing to kill.  cgroup_remove() finds out whether it worked. */
    if (node_path(n, "/cgroup.kill", path, NULL) < 0 || file_write_once(path, "1", NULL) < 0)
        return;
}

/* Groups inside the group first: the guest's root owns it and may have made some. */
static int remove_groups(const char *dir, unsigned depth)
{
    char sub[PATH_MAX];

    if (rmdir(dir) == 0 || errno == ENOENT)
        return 0;
    if (depth > 64)
        return -1;
    DIR *d = opendir(dir);
    if (d == NULL)
        return errno == ENOENT ? 0 : -1;
    const struct dirent *entry;
    while ((entry = readdir(d)) != NULL)
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
            path_make(sub, NULL, "%s/%s", dir, entry->d_name) == 0)
            if (remove_groups(sub, depth + 1) < 0)
                break;
    closedir(d);
    return rmdir(dir) == 0 || errno == ENOENT ? 0 : -1;
}

int cgroup_remove(const struct node_ref *n, unsigned timeout_ms, struct err *e)
{
    char dir[PATH_MAX];
    int64_t due = loop_now_ms() + timeout_ms;

    if (node_path(n, "", dir, e) < 0)
        return -1;
    while (remove_groups(dir, 0) < 0) {
        if (errno != EBUSY || loop_now_ms() > due)
            return err_sys(e, "remove control group %s", dir);
        cgroup_kill(n);
        usleep(2000);
    }
    return 0;
}

void cgroup_lab_remove(const char *lab)
{
    char dir[PATH_MAX];

    if (path_make(dir, NULL, OURS "/%s", lab) == 0)
        rmdir(dir);
}
