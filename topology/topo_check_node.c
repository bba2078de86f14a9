/* Hosts and routers: sizes, interfaces, files, FRR. */
#include "topology/topo_check.h"

#include "labd/base/mem.h"
#include "topology/limits.h"
#include "topology/topo_value.h"

#include <stdio.h>
#include <string.h>

static const char *show(const char *s, char out[VALUE_SHOW_SIZE])
{
    return value_show(s != NULL ? s : "", out);
}

/* ---- interfaces ---- */
static void check_network(struct check *c, const struct topo_iface *f)
{
    const struct topo_ref *ref = topo_index_find(&c->ix, f->network);
    char shown[VALUE_SHOW_SIZE], hint[VALUE_HINT_SIZE];

    if (ref == NULL)
        check_error(c, f->line, "there is no network '%s'%s", show(f->network, shown),
                    check_suggest(c, f->network, 1u << TOPO_NETWORK, hint));
    else if (ref->kind != TOPO_NETWORK)
        check_error(c, f->line, "'%s' is a %s, not a network; connect the interface to it with a <link>",
                    show(f->network, shown), topo_kind_name(ref->kind));
}

static void check_iface(struct check *c, const struct topo_node *n, const struct topo_iface *f)
{
    char shown[VALUE_SHOW_SIZE], name[VALUE_SHOW_SIZE];
    const struct topo_slot *slot;
    bool v6 = false;

    show(f->name, shown);
    show(n->name, name);
    if (f->name == NULL)
        check_error(c, f->line, "<interface> lacks the attribute 'name'");
    else if (!ifname_ok(f->name))
        check_error(
            c, f->line,
            "interface name '%s' is not allowed: use 1 to 15 characters from a-z, 0-9, '.', '_' and '-', "
            "beginning with a letter, and not \"lo\"",
            shown);
    if (f->mtu != 0 && (f->mtu < LIMIT_MTU_MIN || f->mtu > LIMIT_MTU_MAX))
        check_error(c, f->line, "MTU %u of %s:%s is out of range: use %d to %d", f->mtu, name, shown,
                    LIMIT_MTU_MIN, LIMIT_MTU_MAX);
    for (size_t i = 0; i < f->naddrs; i++)
        v6 = v6 || strchr(f->addrs[i].text, ':') != NULL;
    if (v6 && f->mtu >= LIMIT_MTU_MIN && f->mtu < 1280)
        check_error(c, f->line, "MTU %u of %s:%s is too small for its IPv6 address: IPv6 needs 1280", f->mtu,
                    name, shown);
    if (f->network != NULL)
        check_network(c, f);
    slot = topo_index_slot(&c->ix, (size_t)(n - c->t->nodes), f->name);
    if (slot == NULL)
        return;
    if (&n->ifaces[slot->i] != f)
        check_error(c, f->line, "'%s' has two interfaces named '%s'", name, shown);
    else if (f->network != NULL && slot->link >= 0)
        check_error(c, f->line,
                    "interface '%s' of '%s' is attached to network '%s' and to the link in line %d", shown,
                    name, f->network, c->t->links[slot->link].line);
    else if (f->network == NULL && slot->link < 0)
        check_warn(c, f->line, "interface '%s' of '%s' is not connected to anything", shown, name);
}

/* ---- files ---- */
static int order_paths(const void *a, const void *b, void *files)
{
    const struct topo_file *f = files;
    const size_t *x = a, *y = b;
    int c = strcmp(f[*x].path, f[*y].path);

    return c != 0 ? c : (*x > *y) - (*x < *y);
}

static void check_file(struct check *c, const struct topo_node *n, const struct topo_file *f)
{
    const char *fault = f->path != NULL ? limit_path_fault(f->path) : NULL;
    char shown[VALUE_SHOW_SIZE], name[VALUE_SHOW_SIZE];

    if (f->path == NULL)
        check_error(c, f->line, "<file> lacks the attribute 'path'");
    else if (fault != NULL)
        check_error(c, f->line, "file path '%s' %s", show(f->path, shown), fault);
    else if (n->frr &&
             (strcmp(f->path, "/etc/frr/daemons") == 0 || strcmp(f->path, "/etc/frr/frr.conf") == 0))
        check_error(c, f->line, "%s is made from <frr>; write its text there", f->path);
    if (f->mode > 07777)
        check_error(c, f->line, "file mode %o is out of range", f->mode);
    if (f->hidden && !n->hidden)
        check_warn(c, f->line,
                   "the hidden file %s is on the disk of '%s', which is not hidden: root can read it there",
                   show(f->path, shown), show(n->name, name));
}

static void check_files(struct check *c, const struct topo_node *n)
{
    AUTO(mem_freep) size_t *v = xcalloc(n->nfiles + 1, sizeof *v);
    const struct topo_file *f = n->files;
    char shown[VALUE_SHOW_SIZE];
    size_t k = 0;

    if (n->nfiles > LIMIT_FILES_MAX)
        check_error(c, n->line, "a node has %zu files; the most is %d", n->nfiles, LIMIT_FILES_MAX);
    for (size_t i = 0; i < n->nfiles; i++) {
        check_file(c, n, &f[i]);
        if (f[i].path != NULL)
            v[k++] = i;
    }
    qsort_r(v, k, sizeof *v, order_paths, n->files);
    for (size_t i = 1; i < k; i++)
        if (strcmp(f[v[i - 1]].path, f[v[i]].path) == 0)
            check_error(c, f[v[i]].line, "'%s' has the file %s already, in line %d",
                        n->name != NULL ? n->name : "", show(f[v[i]].path, shown), f[v[i - 1]].line);
}

/* ---- FRR ---- */
static void check_frr(struct check *c, const struct topo_node *n)
{
    char shown[VALUE_SHOW_SIZE], hint[VALUE_HINT_SIZE];

    if (n->kind != TOPO_ROUTER)
        check_error(c, n->frr_line, "only a <router> runs FRR; make '%s' a router or remove <frr>",
                    show(n->name, shown));
    for (size_t i = 0; i < n->nfrr_daemons; i++) {
        struct value_guess g;
        if (limit_frr_daemon_ok(n->frr_daemons[i]))
            continue;
        value_guess_init(&g, n->frr_daemons[i]);
        for (size_t k = 0; limit_frr_daemons[k] != NULL; k++)
            value_guess_offer(&g, limit_frr_daemons[k]);
        check_error(c, n->frr_line, "FRR has no daemon '%s'%s", show(n->frr_daemons[i], shown),
                    value_guess_hint(&g, hint));
    }
}

/* A router that was given addresses, but nothing that would tell it of the networks behind the other
 * routers.  Without addresses, configuring it is the student's work. */
static void check_idle(struct check *c, const struct topo_node *n)
{
    char name[VALUE_SHOW_SIZE];

    if (n->kind != TOPO_ROUTER || c->nrouters < 2 || n->frr || n->nroutes + n->nfiles > 0 ||
        n->startup.text != NULL || n->nifaces < 2)
        return;
    for (size_t i = 0; i < n->nifaces; i++)
        if (n->ifaces[i].naddrs == 0)
            return;
    check_warn(c, n->line, "router '%s' has no route, no <frr> and no script: it knows only its own networks",
               show(n->name, name));
}

void check_node(struct check *c, const struct topo_node *n)
{
    struct err e;
    char name[VALUE_SHOW_SIZE];

    show(n->name, name);
    if (n->image != NULL && name_check(n->image, "image", &e) < 0)
        check_error(c, n->line, "%s", e.msg);
    if (n->memory_mb != 0 && (n->memory_mb < LIMIT_MEMORY_MIN || n->memory_mb > LIMIT_MEMORY_MAX))
        check_error(c, n->line, "memory=\"%u\" of '%s' is out of range: use %d to %d (MiB)", n->memory_mb,
                    name, LIMIT_MEMORY_MIN, LIMIT_MEMORY_MAX);
    if (n->vcpus > LIMIT_VCPUS_MAX)
        check_error(c, n->line, "vcpus=\"%u\" of '%s' is out of range: use 1 to %d", n->vcpus, name,
                    LIMIT_VCPUS_MAX);
    if (n->nifaces > LIMIT_IFACES_MAX)
        check_error(c, n->line, "'%s' has %zu interfaces; the most is %d", name, n->nifaces,
                    LIMIT_IFACES_MAX);
    for (size_t i = 0; i < n->nifaces; i++)
        check_iface(c, n, &n->ifaces[i]);
    check_routes(c, n);
    check_files(c, n);
    if (n->frr)
        check_frr(c, n);
    check_idle(c, n);
}
