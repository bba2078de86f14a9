/* What runs in a node before it is ready: one /bin/sh script and the files it needs.
 *
 * When the script runs, the guest's init has the interfaces in place, named and up.  Values that come
 * from the topology are canonical addresses, checked names and numbers, none of which sh would change;
 * the author's own commands are taken as they are. */
#include "topology/plan_make.h"

#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "topology/limits.h"
#include "topology/topo_grow.h"
#include "topology/topo_value.h"

#include <arpa/inet.h>
#include <string.h>

#define MTU_DEFAULT 1500

/* ---- addresses and routes: one run of ip for all of them ---- */
static void add_addresses(struct buf *b, const struct topo_iface *f)
{
    struct value_addr a;
    char text[VALUE_ADDR_SIZE];

    if (f->mtu != 0 && f->mtu != MTU_DEFAULT)
        buf_printf(b, "link set dev %s mtu %u\n", f->name, f->mtu);
    for (size_t i = 0; i < f->naddrs; i++) {
        if (!value_addr(f->addrs[i].text, &a))
            continue; /* topo_check() refused it */
        /* Without duplicate address detection an IPv6 address is of use at once, as the routes below
         * and the author's commands expect; the author vouches for the addresses. */
        buf_printf(b, "address add %s %s dev %s\n", value_addr_format(&a, text),
                   a.family == AF_INET ? "broadcast +" : "nodad", f->name);
    }
}

static void add_route(struct buf *b, const struct topo_route *r)
{
    struct value_addr to, via;
    char text[VALUE_ADDR_SIZE];

    if (!value_addr(r->via, &via))
        return;
    if (strcmp(r->to, "default") == 0)
        buf_printf(b, "route add %s", via.family == AF_INET ? "0.0.0.0/0" : "::/0");
    else if (value_addr(r->to, &to))
        buf_printf(b, "route add %s", value_addr_format(&to, text));
    else
        return;
    buf_printf(b, " via %s", value_addr_format(&via, text));
    if (r->dev != NULL)
        buf_printf(b, " dev %s", r->dev);
    buf_putc(b, '\n');
}

static void add_network(struct buf *b, const struct topo_node *n)
{
    AUTO(buf_clear) struct buf ip = BUF_INIT;

    for (size_t i = 0; i < n->nifaces; i++)
        add_addresses(&ip, &n->ifaces[i]);
    for (size_t i = 0; i < n->nroutes; i++)
        add_route(&ip, &n->routes[i]);
    if (ip.len > 0)
        buf_printf(b, "ip -batch - <<'END'\n%sEND\n", buf_str(&ip));
}

static void add_forwarding(struct buf *b, const struct topo_node *n)
{
    if (n->kind != TOPO_ROUTER)
        return;
    /* Also when off: a network namespace may inherit the machine's own setting. */
    for (int six = 0; six < 2; six++)
        buf_printf(b, "echo %d >/proc/sys/net/%s\n", n->forwarding,
                   six ? "ipv6/conf/all/forwarding" : "ipv4/ip_forward");
}

/* ---- FRR ---- */
static void add_file(struct plan_node *out, const char *path, uint32_t mode, char *content)
{
    struct plan_file *f = TOPO_PUSH(out->files, out->nfiles);

    f->path = xstrdup(path);
    f->mode = mode;
    f->content = content;
}

static bool runs(const struct topo_node *n, const char *daemon)
{
    if (strcmp(daemon, "zebra") == 0 || strcmp(daemon, "staticd") == 0)
        return true;
    for (size_t i = 0; i < n->nfrr_daemons; i++)
        if (strcmp(n->frr_daemons[i], daemon) == 0)
            return true;
    return false;
}

static char *frr_daemons_file(const struct topo_node *n)
{
    struct buf b = BUF_INIT;

    for (size_t i = 0; limit_frr_daemons[i] != NULL; i++)
        buf_printf(&b, "%s=%s\n", limit_frr_daemons[i], runs(n, limit_frr_daemons[i]) ? "yes" : "no");
    buf_puts(&b, "vtysh_enable=yes\n");
    return buf_take(&b);
}

static char *frr_conf_file(const struct topo_node *n)
{
    struct buf b = BUF_INIT;
    AUTO(mem_freep) char *text = value_dedent(n->frr_conf != NULL ? n->frr_conf : "");

    /* A configuration that FRR itself wrote begins with "frr version", and is complete. */
    if (strncmp(text, "frr ", 4) != 0)
        buf_printf(&b, "frr defaults traditional\nhostname %s\nservice integrated-vtysh-config\n!\n",
                   n->name);
    buf_puts(&b, text);
    return buf_take(&b);
}

/* How FRR starts in a guest, in one place. */
static void add_frr(struct buf *b, const struct topo_node *n, struct plan_node *out)
{
    if (!n->frr)
        return;
    add_file(out, "/etc/frr/daemons", 0640, frr_daemons_file(n));
    add_file(out, "/etc/frr/frr.conf", 0640, frr_conf_file(n));
    buf_puts(b, "/usr/lib/lab/frr-start\n"); /* of the guest image; gives the files to the user frr, too */
}

void plan_node_software(const struct topo_node *n, struct plan_node *out)
{
    struct buf b = BUF_INIT;

    for (size_t i = 0; i < n->nfiles; i++)
        add_file(out, n->files[i].path, n->files[i].mode, value_dedent(n->files[i].text));
    add_forwarding(&b, n);
    add_network(&b, n);
    add_frr(&b, n, out);
    if (n->startup.text != NULL) {
        AUTO(mem_freep) char *text = value_dedent(n->startup.text);
        buf_puts(&b, text);
    }
    out->startup = xasprintf("%s%s" PLAN_RC_LOCAL, b.len > 0 ? "set -e\n" : "", buf_str(&b));
    buf_clear(&b);
}
