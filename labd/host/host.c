/* labhost as a whole: what this machine can do, and the way to start, which is recovery. */
#include "labd/host/host.h"

#include "labd/base/file.h"
#include "labd/base/log.h"
#include "labd/base/mem.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

uint64_t host_memory_mb(const char *field)
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

/* Where this program is installed: labconsole and labprobe are beside it. */
static char *self_dir(void)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

    path[n > 0 ? n : 0] = '\0';
    return xstrdup(dirname(path));
}

static void probe_drivers(struct host *h, const char *wanted)
{
    const struct guest_ops *ops;

    for (size_t i = 0; (ops = guest_each(i)) != NULL && h->ndrivers < DRIVERS_MAX; i++) {
        AUTO(buf_clear) struct buf notes = BUF_INIT;
        struct err e = {0};
        bool ok = ops->probe(&h->guest, &notes, &e) == 0;
        if (ok && ops->wired && !h->net_ok) {
            ok = false;
            err_set(&e, ERR_UNSUPPORTED, "%s", h->net_why);
        }
        h->drivers[h->ndrivers].ops = ops;
        h->drivers[h->ndrivers].ok = ok;
        h->drivers[h->ndrivers].why = ok ? NULL : xstrdup(e.msg);
        h->drivers[h->ndrivers].notes = buf_take(&notes);
        h->ndrivers++;
        if (!ok)
            log_warn("driver.unusable", "driver", ops->name, "why", e.msg);
        /* Without a wish: the first real one that works.  fake only by its name. */
        if (ok && h->default_driver == NULL && (wanted != NULL ? strcmp(wanted, ops->name) == 0 : ops->wired))
            h->default_driver = ops;
    }
}

const struct guest_ops *host_driver(const struct host *h, const char *name, struct err *e)
{
    if (name == NULL && h->default_driver != NULL)
        return h->default_driver;
    for (size_t i = 0; i < h->ndrivers; i++) {
        if (name != NULL ? strcmp(h->drivers[i].ops->name, name) != 0 : !h->drivers[i].ops->wired)
            continue;
        if (h->drivers[i].ok)
            return h->drivers[i].ops;
        err_set(e, ERR_UNSUPPORTED, "guest driver %s does not work on this machine: %s",
                h->drivers[i].ops->name, h->drivers[i].why);
        return NULL;
    }
    err_set(e, ERR_UNSUPPORTED, "there is no guest driver %s%s", name != NULL ? "called " : "that works here",
            name != NULL ? name : "");
    return NULL;
}

struct host *host_open(struct loop *l, const struct host_options *o, struct err *e)
{
    AUTO(buf_clear) struct buf notes = BUF_INIT;
    struct err why = {0};
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    struct host *h = xcalloc(1, sizeof *h);
    h->loop = l;
    h->self_dir = self_dir();
    h->guest = (struct guest_host){.state_dir = o->state_dir,
                                   .run_dir = o->run_dir,
                                   .image_dir = o->image_dir,
                                   .parallel = cores > 2 ? (unsigned)cores : 2};
    const struct net_options net = {.run_dir = o->run_dir, .private_ovs = o->private_ovs};
    bool only_fake = o->driver != NULL && strcmp(o->driver, "fake") == 0;
    if (only_fake)
        err_set(&why, ERR_UNSUPPORTED, "labhost was started for driver fake only");
    else
        h->net_ok = net_host_open(&net, &h->net, &notes, &why) == 0;
    if (!h->net_ok) {
        h->net_why = xstrdup(why.msg);
        if (!only_fake)
            log_err("net.unusable", &why, NULL);
    }
    h->notes = buf_take(&notes);
    probe_drivers(h, o->driver);
    if (h->default_driver == NULL && o->driver != NULL && host_driver(h, o->driver, e) == NULL) {
        host_close(h);
        return NULL;
    }
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/host.sock", o->run_dir);
    if (lab_load_all(h, e) < 0 ||
        (h->server = rpc_server_new(l, path, o->allow_uid, host_methods, h, e)) == NULL) {
        host_close(h);
        return NULL;
    }
    return h;
}

struct leftovers {
    struct host *host;
    const char *what;
};

static void remove_leftover(const char *id, void *arg)
{
    struct leftovers *l = arg;
    struct err e;

    if (lab_find(l->host, id) != NULL)
        return;
    log_warn("leftover.removed", "lab", id, "found", l->what);
    if (work_purge(l->host, id, &e) < 0)
        log_err("leftover.remove", &e, "lab", id, NULL);
}

int host_recover(struct host *h, struct err *e)
{
    for (size_t i = 0; i < h->ndrivers; i++) {
        struct leftovers l = {h, h->drivers[i].ops->name};
        if (h->drivers[i].ok && h->drivers[i].ops->leftovers(&h->guest, remove_leftover, &l, e) < 0)
            return err_wrap(e, "look for leftovers of driver %s", h->drivers[i].ops->name);
    }
    if (h->net_ok) {
        struct leftovers l = {h, "wiring"};
        if (net_leftovers(&h->net, remove_leftover, &l, e) < 0)
            return err_wrap(e, "look for leftover wiring");
    }
    for (struct lab *lab = h->labs, *next; lab != NULL; lab = next) {
        next = lab->next;
        struct job *j = xcalloc(1, sizeof *j);
        j->kind = JOB_RECONCILE;
        job_add(lab, j);
    }
    return 0;
}

void host_close(struct host *h)
{
    struct err e;

    if (h == NULL)
        return;
    rpc_server_free(h->server);
    bool empty = h->labs == NULL;
    while (h->labs != NULL)
        lab_remove(h->labs);
    if (empty && h->net_ok && net_host_close(&h->net, &e) < 0)
        log_err("net.close", &e, NULL);
    for (size_t i = 0; i < h->ndrivers; i++) {
        free(h->drivers[i].why);
        free(h->drivers[i].notes);
    }
    free(h->notes);
    free(h->net_why);
    free(h->self_dir);
    free(h);
}
