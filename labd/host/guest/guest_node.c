/* Nodes by name: their folders, the lock of their lab, and which labs have any. */
#include "labd/host/guest/guest_node.h"

#include "labd/base/file.h"
#include "labd/base/loop.h"
#include "labd/base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define WAIT_MS 10000

struct node_ref node_ref(const struct guest_lab *lab, size_t node)
{
    return (struct node_ref){lab->host, lab->plan->lab, lab->plan->nodes[node].name};
}

int path_make(char *out, struct err *e, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(out, PATH_MAX, fmt, ap);
    va_end(ap);
    if (n < 0 || n >= PATH_MAX)
        return err_set(e, ERR_INVALID, "path %.60s... is longer than %d bytes", out, PATH_MAX - 1);
    return 0;
}

int path_run(const struct node_ref *n, const char *file, char *out, struct err *e)
{
    return path_make(out, e, "%s/labs/%s/%s%s", n->host->run_dir, n->lab, n->node, file);
}

int path_state(const struct node_ref *n, const char *file, char *out, struct err *e)
{
    return path_make(out, e, "%s/labs/%s/nodes/%s%s", n->host->state_dir, n->lab, n->node, file);
}

int lab_lock(const struct guest_host *h, const char *lab, struct err *e)
{
    char dir[PATH_MAX], path[PATH_MAX];
    int64_t due = loop_now_ms() + WAIT_MS;

    if (path_make(dir, e, "%s/labs/%s", h->run_dir, lab) < 0 || path_make(path, e, "%s/.lock", dir) < 0 ||
        file_mkdirs(dir, 0711, e) < 0)
        return -1;
    AUTO(mem_closep) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_sys(e, "open %s", path);
    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return err_sys(e, "lock %s", path);
        if (loop_now_ms() > due)
            return err_set(e, ERR_TIMEOUT, "another process works on the guests of lab %s", lab);
        usleep(1000);
    }
    return TAKE_FD(fd);
}

uint64_t meminfo_mb(const char *field)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    size_t n = strlen(field);
    struct err e;

    if (file_read("/proc/meminfo", 1u << 16, &text, &e) < 0)
        return 0;
    for (const char *line = buf_str(&text); line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, field, n) == 0 && line[n] == ':')
            return strtoull(line + n + 1, NULL, 10) / 1024;
    }
    return 0;
}

/* ---- names ---- */

void each_entry(const char *dir, name_fn *fn, void *arg)
{
    DIR *d = opendir(dir);
    const struct dirent *entry;

    while (d != NULL && (entry = readdir(d)) != NULL)
        if (entry->d_name[0] != '.')
            fn(entry->d_name, arg);
    if (d != NULL)
        closedir(d);
}

void names_add(struct names *s, const char *name)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->v[i], name) == 0)
            return;
    XGROW(s->v, s->n, s->cap);
    s->v[s->n++] = xstrdup(name);
}

void names_clear(struct names *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->v[i]);
    free(s->v);
}

void add_node(const char *name, void *names)
{
    if (name_ok(name))
        names_add(names, name);
}

struct nodes_seen {
    struct names *labs;
    const char *dir;
    const char *lab;
};

static void lab_if_node(const char *name, void *arg)
{
    const struct nodes_seen *s = arg;

    if (name_ok(name))
        names_add(s->labs, s->lab);
}

static void add_lab_with_nodes(const char *lab, void *arg)
{
    struct nodes_seen *s = arg;
    char dir[PATH_MAX];

    s->lab = lab;
    if (lab_id_ok(lab) && path_make(dir, NULL, "%s/%s", s->dir, lab) == 0)
        each_entry(dir, lab_if_node, s);
}

int labs_with_nodes(const struct guest_host *h, struct names *labs, struct err *e)
{
    char dir[PATH_MAX];

    if (path_make(dir, e, "%s/labs", h->run_dir) < 0)
        return -1;
    each_entry(dir, add_lab_with_nodes, &(struct nodes_seen){.labs = labs, .dir = dir});
    if (path_make(dir, e, "%s/labs", h->state_dir) < 0)
        return -1;
    each_entry(dir, add_lab_with_nodes, &(struct nodes_seen){.labs = labs, .dir = dir});
    return 0;
}

int lab_remove_folders(const struct guest_host *h, const char *lab, struct err *e)
{
    char path[PATH_MAX];

    if (path_make(path, e, "%s/labs/%s", h->run_dir, lab) < 0 || file_remove_tree(path, e) < 0 ||
        path_make(path, e, "%s/labs/%s/nodes", h->state_dir, lab) < 0)
        return -1;
    return file_remove_tree(path, e);
}
