/* What the hypervisor says of our domains.  Reads only its list, so it is quick and does not depend on xenstored,
 * which guests can keep busy. */
#include "labd/host/guest/xen_int.h"

#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "labd/host/guest/guest_result.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <xenctrl.h>

#define AT_ONCE 64u
#define PAGES_PER_MB 256u

bool xen_is_dom0(void)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;

    return file_read("/proc/xen/capabilities", 4096, &text, NULL) == 0 &&
           strstr(buf_str(&text), "control_d") != NULL;
}

static void closep(xc_interface **xc)
{
    if (*xc != NULL)
        xc_interface_close(*xc);
}

static xc_interface *open_xc(struct err *e)
{
    xc_interface *xc = xc_interface_open(NULL, NULL, 0);

    if (xc == NULL)
        err_sys(e, "open the hypervisor's control interface");
    return xc;
}

static enum guest_end end_of(uint32_t flags)
{
    switch (flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask) {
    case SHUTDOWN_poweroff:
        return GUEST_END_OFF;
    case SHUTDOWN_reboot:
    case SHUTDOWN_watchdog:
        return GUEST_END_REBOOT;
    case SHUTDOWN_crash:
        return GUEST_END_CRASH;
    default:
        return GUEST_END_UNKNOWN;
    }
}

static void add(struct xen_domains *out, const xc_domaininfo_t *info, const char *lab, size_t node)
{
    bool suspended = (info->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask) == SHUTDOWN_suspend;

    XGROW(out->v, out->n, out->cap);
    struct xen_domain *d = &out->v[out->n++];
    *d = (struct xen_domain){.domid = info->domain,
                             .node = node,
                             .paused = (info->flags & XEN_DOMINF_paused) != 0,
                             .ended = (info->flags & XEN_DOMINF_shutdown) != 0 && !suspended,
                             .dying = (info->flags & XEN_DOMINF_dying) != 0,
                             .end = end_of(info->flags)};
    snprintf(d->lab, sizeof d->lab, "%s", lab);
}

int xen_domains_read(const struct guest_host *h, const char *lab, struct xen_domains *out, struct err *e)
{
    xc_domaininfo_t info[AT_ONCE];
    uint32_t next = 1; /* 0 is us */
    int got;

    AUTO(closep) xc_interface *xc = open_xc(e);
    if (xc == NULL)
        return -1;
    struct xen_domains found = {0};
    do {
        got = xc_domain_getinfolist(xc, next, AT_ONCE, info);
        if (got < 0) {
            err_sys(e, "list the domains of this machine");
            xen_domains_clear(&found);
            return -1;
        }
        for (int i = 0; i < got; i++) {
            char id[LAB_ID_SIZE];
            size_t node;
            if (xen_uuid_parse(info[i].handle, h->run_dir, id, &node) &&
                (lab == NULL || strcmp(id, lab) == 0))
                add(&found, &info[i], id, node);
            next = info[i].domain + 1u;
        }
    } while (got == (int)AT_ONCE);
    *out = found;
    return 0;
}

void xen_domains_clear(struct xen_domains *d)
{
    free(d->v);
    *d = (struct xen_domains){0};
}

const struct xen_domain *xen_domains_find(const struct xen_domains *d, size_t node)
{
    for (size_t i = 0; i < d->n; i++)
        if (d->v[i].node == node && !d->v[i].dying)
            return &d->v[i];
    return NULL;
}

int xen_pause(const struct xen_domains *d, bool paused, struct err *e)
{
    AUTO(closep) xc_interface *xc = open_xc(e);
    if (xc == NULL)
        return -1;
    for (size_t i = 0; i < d->n; i++) {
        if (d->v[i].dying)
            continue;
        int rc = paused ? xc_domain_pause(xc, d->v[i].domid) : xc_domain_unpause(xc, d->v[i].domid);
        /* Gone meanwhile; or not paused at all. */
        if (rc < 0 && errno != ESRCH && (paused || errno != EINVAL))
            return err_sys(e, "%s domain %u", paused ? "pause" : "continue", d->v[i].domid);
    }
    return 0;
}

int xen_host_memory(uint64_t *free_mb, uint64_t *total_mb, struct err *e)
{
    xc_physinfo_t info = {0};

    AUTO(closep) xc_interface *xc = open_xc(e);
    if (xc == NULL)
        return -1;
    if (xc_physinfo(xc, &info) < 0)
        return err_sys(e, "ask the hypervisor for its memory");
    *free_mb = (info.free_pages + info.scrub_pages - info.outstanding_pages) / PAGES_PER_MB;
    *total_mb = info.total_pages / PAGES_PER_MB;
    return 0;
}

int xen_command_line(char *out, size_t size, struct err *e)
{
    xen_commandline_t line = {0};

    AUTO(closep) xc_interface *xc = open_xc(e);
    if (xc == NULL)
        return -1;
    if (xc_version(xc, XENVER_commandline, line) < 0)
        return err_sys(e, "ask the hypervisor for its command line");
    snprintf(out, size, "%.*s", (int)sizeof line, line);
    return 0;
}

/* A saved state counts more than a domain: one that exists beside it is of an interrupted resume, stands still and
 * has changed nothing. */
static enum guest_state state_of(const struct node_ref *n, const struct xen_domain *d)
{
    char run[PATH_MAX];

    if (xen_saved(n))
        return GUEST_SUSPENDED;
    if (path_run(n, "", run, NULL) < 0)
        return GUEST_ABSENT;
    if (d == NULL)
        return file_exists(run) ? GUEST_STOPPED : GUEST_ABSENT;
    if (d->ended)
        return GUEST_STOPPED;
    return guest_result_exists(run) ? GUEST_RUNNING : GUEST_CREATED;
}

int xen_observe(const struct guest_lab *lab, struct guest_observed *out, struct err *e)
{
    AUTO(xen_domains_clear) struct xen_domains d = {0};

    if (xen_domains_read(lab->host, lab->plan->lab, &d, e) < 0)
        return -1;
    for (size_t i = 0; i < lab->plan->nnodes; i++) {
        const struct node_ref n = node_ref(lab, i);
        const struct xen_domain *one = xen_domains_find(&d, i);
        out[i] = (struct guest_observed){.state = state_of(&n, one)};
        if (out[i].state == GUEST_STOPPED && one != NULL)
            out[i].end = one->end;
    }
    return 0;
}

int xen_running(const struct guest_lab *lab, size_t node, uint32_t *domid, struct err *e)
{
    const struct node_ref n = node_ref(lab, node);
    AUTO(xen_domains_clear) struct xen_domains d = {0};

    if (xen_domains_read(lab->host, lab->plan->lab, &d, e) < 0)
        return -1;
    const struct xen_domain *one = xen_domains_find(&d, node);
    if (xen_saved(&n))
        return err_set(e, ERR_CONFLICT, "node %s is suspended", n.node);
    if (one == NULL || one->ended)
        return err_set(e, ERR_CONFLICT, "node %s does not run", n.node);
    *domid = one->domid;
    return 0;
}
