/* labhost as a whole: what this machine can do, and the way to start, which is recovery. */
#include "labd/host/host.h"

#include "labd/base/log.h"
#include "labd/base/mem.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
        h->drivers[h->ndrivers].watch_fd = -1;
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
                                   .program_dir = h->self_dir,
                                   .parallel = cores > 2 ? (unsigned)cores : 2};
    const struct net_options net = {.run_dir = o->run_dir,
                                    .private_ovs = o->private_ovs,
                                    .internet = o->internet,
                                    .internet_allow = o->internet_allow,
                                    .ninternet_allow = o->ninternet_allow};
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

/* ---- guests that are no processes: their driver tells when some have ended ---- */

#define REWATCH_MS 1000u

static void watch_driver(struct host *h, size_t i);

static void rewatch(void *arg)
{
    struct host *h = arg;

    for (size_t i = 0; i < h->ndrivers; i++)
        watch_driver(h, i);
}

static void unwatch_driver(struct host *h, size_t i)
{
    loop_fd_del(h->drivers[i].watch);
    h->drivers[i].watch = NULL;
    if (h->drivers[i].watch_fd >= 0)
        close(h->drivers[i].watch_fd);
    h->drivers[i].watch_fd = -1;
}

static void guests_ended(int fd, unsigned events, void *arg)
{
    struct host *h = arg;
    char some[256];

    (void)events;
    for (size_t i = 0; i < h->ndrivers; i++) {
        if (h->drivers[i].watch_fd != fd)
            continue;
        if (read(fd, some, sizeof some) <= 0) { /* ended: what happens until the next one is seen then */
            unwatch_driver(h, i);
            loop_timer_add(h->loop, REWATCH_MS, rewatch, h);
        }
        for (struct lab *lab = h->labs; lab != NULL; lab = lab->next)
            if (lab->ops == h->drivers[i].ops)
                lab_look(lab);
    }
}

static void watch_driver(struct host *h, size_t i)
{
    const struct guest_ops *ops = h->drivers[i].ops;
    struct err e;

    if (!h->drivers[i].ok || ops->watch == NULL || h->drivers[i].watch_fd >= 0)
        return;
    h->drivers[i].watch_fd = ops->watch(&h->guest, &e);
    if (h->drivers[i].watch_fd < 0)
        log_err("driver.watch", &e, "driver", ops->name, NULL);
    else
        h->drivers[i].watch = loop_fd_add(h->loop, h->drivers[i].watch_fd, LOOP_IN, guests_ended, h);
}

int host_recover(struct host *h, struct err *e)
{
    rewatch(h);
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
        job_add(lab, job_reconcile());
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
        unwatch_driver(h, i);
        free(h->drivers[i].why);
        free(h->drivers[i].notes);
    }
    free(h->notes);
    free(h->net_why);
    free(h->self_dir);
    free(h);
}
