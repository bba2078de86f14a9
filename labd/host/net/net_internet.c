/* The way of a lab to the outside world.
 *
 *   guests == plLAB.N | in0  gateway  out0 | piLAB  this machine == the world
 *
 * The gateway is a network namespace of its own, so that labs may use what addresses they like; it translates them
 * to its address on the transit, which no other lab has.  The machine, where labhost was started, translates again
 * to its own.  Both drop what is not for the outside: the gateway, because a firewall of the operator may be loaded
 * anew and take our table on the machine along; the machine, because only there it is known what is its own.
 *
 * The gateway's name in /run/netns is the first that is made and the last that goes, so all that may be left of a
 * lab is found by it.  "piLAB" is switched on when everything else is there. */
#include "labd/host/net/net_impl.h"

#include "labd/base/file.h"
#include "labd/base/log.h"
#include "labd/base/mem.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NETNS "/run/netns/" /* of ip-netns(8) */
#define TRANSIT 0xc6120000u /* PLAN_TRANSIT */

static void gateway_name(const struct net_host *h, const char *lab, char out[NET_GATEWAY_SIZE])
{
    snprintf(out, NET_GATEWAY_SIZE, "paralab-%s-%s", h->owner, lab);
}

static void gateway_path(const struct net_host *h, const char *lab, char out[NET_GATEWAY_SIZE + sizeof NETNS])
{
    char name[NET_GATEWAY_SIZE];

    gateway_name(h, lab, name);
    snprintf(out, NET_GATEWAY_SIZE + sizeof NETNS, NETNS "%s", name);
}

/* ---- programs ---- */

/* To run something among the mounts with which labhost was started, where names of namespaces are, and, if 'home', in its
 * network namespace.  Driver container gives each labhost mounts of its own, which end with it. */
static void begin(struct argv *a, const struct net_host *h, bool home)
{
    if (!h->internet) /* not yet, or no more: it is there still */
        return;
    argv_add(a, "nsenter");
    argv_addf(a, "--mount=/proc/%d/fd/%d", (int)getpid(), h->mounts);
    if (home)
        argv_addf(a, "--net=/proc/%d/fd/%d", (int)getpid(), h->home);
    argv_add(a, "--");
}

static int feed(const struct net_host *h, const struct argv *a, const struct buf *input, struct err *e)
{
    const struct proc_spec s = {.argv = argv_get(a), .input = input->data, .input_len = input->len};

    return proc_check(h->runner, &s, NULL, e);
}

static int run_ip(const struct net_host *h, bool home, const struct buf *batch, struct err *e)
{
    AUTO(argv_clear) struct argv a = {0};

    begin(&a, h, home);
    argv_add(&a, "ip");
    argv_add(&a, "-batch");
    argv_add(&a, "-");
    return feed(h, &a, batch, e);
}

static int gateway_ip(const struct net_host *h, const char *name, const struct buf *batch, struct err *e)
{
    AUTO(argv_clear) struct argv a = {0};

    begin(&a, h, false);
    argv_add(&a, "ip");
    argv_add(&a, "-netns");
    argv_add(&a, name);
    argv_add(&a, "-batch");
    argv_add(&a, "-");
    return feed(h, &a, batch, e);
}

/* Adds or deletes a name. */
static int name_gateway(const struct net_host *h, const char *verb, const char *name, struct err *e)
{
    AUTO(argv_clear) struct argv a = {0};

    begin(&a, h, false);
    argv_add(&a, "ip");
    argv_add(&a, "netns");
    argv_add(&a, verb);
    argv_add(&a, name);
    const struct proc_spec s = {.argv = argv_get(&a)};
    return proc_check(h->runner, &s, NULL, e);
}

static int home_nft(const struct net_host *h, const struct buf *rules, struct err *e)
{
    AUTO(argv_clear) struct argv a = {0};

    begin(&a, h, true);
    argv_add(&a, "nft");
    argv_add(&a, "-f");
    argv_add(&a, "-");
    return feed(h, &a, rules, e);
}

static int gateway_nft(const struct net_host *h, const char *name, const struct buf *rules, struct err *e)
{
    AUTO(argv_clear) struct argv a = {0};

    begin(&a, h, false);
    argv_add(&a, "ip");
    argv_add(&a, "netns");
    argv_add(&a, "exec");
    argv_add(&a, name);
    argv_add(&a, "nft");
    argv_add(&a, "-f");
    argv_add(&a, "-");
    return feed(h, &a, rules, e);
}

/* ---- making ---- */

static bool has_ipv6(const struct plan_internet *n)
{
    for (size_t i = 0; i < n->naddrs; i++)
        if (strchr(n->addrs[i], ':') != NULL)
            return true;
    return false;
}

/* Which end of the transit: 0 is the machine's, 1 the gateway's. */
static void add_transit(struct buf *b, const struct net_host *h, uint32_t slot, unsigned end, const char *dev)
{
    uint32_t a = TRANSIT + 2 * slot + end, n = 2 * slot + end;

    buf_printf(b, "addr add %u.%u.%u.%u/31 dev %s\n", a >> 24, a >> 16 & 0xff, a >> 8 & 0xff, a & 0xff, dev);
    if (h->outside_ipv6)
        buf_printf(b, "addr add fdb1:7a3c:90e2::%x:%x/127 dev %s nodad\n", n >> 16, n & 0xffff, dev);
}

static void add_default_routes(struct buf *b, const struct net_host *h, uint32_t slot)
{
    uint32_t a = TRANSIT + 2 * slot, n = 2 * slot;

    buf_printf(b, "route add default via %u.%u.%u.%u\n", a >> 24, a >> 16 & 0xff, a >> 8 & 0xff, a & 0xff);
    if (h->outside_ipv6)
        buf_printf(b, "route add ::/0 via fdb1:7a3c:90e2::%x:%x\n", n >> 16, n & 0xffff);
}

/* The side of the machine: "piLAB", off, with "out0" in the gateway. */
static int make_transit(const struct net_host *h, const char *lab, const char *name, struct err *e)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;

    buf_printf(&b, "link add pi%s group %u type veth peer name out0 netns %s\n", lab, net_internet_group(h),
               name);
    buf_printf(&b, "link set pi%s alias paralab-%s addrgenmode none\n", lab, h->owner);
    return run_ip(h, true, &b, e);
}

static int make_inside(const struct net_host *h, const struct plan *p, const char *name, struct err *e)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    const char *dev = p->ports[p->internet->port].dev;
    uint32_t g = net_dev_group(p->lab);
    char path[NET_GATEWAY_SIZE + sizeof NETNS];

    buf_printf(
        &b,
        "link add %s group %u mtu %u type veth peer name in0 address 0e:%02x:%02x:%02x:%02x:00 mtu 1500 "
        "netns %s\n",
        dev, g, NET_MTU, (unsigned)(g >> 24), (unsigned)(g >> 16 & 0xff), (unsigned)(g >> 8 & 0xff),
        (unsigned)(g & 0xff), name);
    gateway_path(h, p->lab, path);
    const struct net_far_end far = {.netns = path,
                                    .mounts = h->mounts,
                                    .dev = "in0",
                                    .no_ipv6 = !has_ipv6(p->internet),
                                    .forwards = true};
    if (run_ip(h, false, &b, e) < 0 || net_dev_quiet(h, dev, e) < 0)
        return -1;
    return net_far_quiet(h, &far, 1, e);
}

static int number_gateway(const struct net_host *h, const struct plan *p, const char *name, uint32_t slot,
                          struct err *e)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;

    buf_puts(&b, "link set lo up\nlink set out0 addrgenmode none\n");
    add_transit(&b, h, slot, 1, "out0");
    for (size_t i = 0; i < p->internet->naddrs; i++)
        buf_printf(&b, "addr add %s dev in0%s\n", p->internet->addrs[i],
                   strchr(p->internet->addrs[i], ':') != NULL ? " nodad" : "");
    buf_puts(&b, "link set in0 up\nlink set out0 up\n");
    add_default_routes(&b, h, slot);
    return gateway_ip(h, name, &b, e);
}

static int open_transit(const struct net_host *h, const char *lab, uint32_t slot, struct err *e)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    AUTO(mem_freep) char *dev = xasprintf("pi%s", lab);

    add_transit(&b, h, slot, 0, dev);
    buf_printf(&b, "link set %s up\n", dev);
    return run_ip(h, true, &b, e);
}

static int make(const struct net_host *h, const struct plan *p, uint32_t slot, struct err *e)
{
    AUTO(buf_clear) struct buf home = BUF_INIT, gateway = BUF_INIT;
    char name[NET_GATEWAY_SIZE];

    gateway_name(h, p->lab, name);
    net_internet_home_rules(h, &home);
    net_internet_gateway_rules(h, &gateway);
    if (home_nft(h, &home, e) < 0 || name_gateway(h, "add", name, e) < 0 ||
        gateway_nft(h, name, &gateway, e) < 0 || make_inside(h, p, name, e) < 0 ||
        make_transit(h, p->lab, name, e) < 0 || number_gateway(h, p, name, slot, e) < 0)
        return -1;
    return open_transit(h, p->lab, slot, e);
}

/* Sees only whether it was made to the end: nobody else may change what is inside. */
static int complete(const struct net_host *h, const struct plan *p, bool *out, struct err *e)
{
    AUTO(argv_clear) struct argv a = {0};
    AUTO(net_seen_clear) struct net_seen seen = {0};
    AUTO(proc_result_clear) struct proc_result r = {0};
    const char *dev = p->ports[p->internet->port].dev;
    char path[NET_GATEWAY_SIZE + sizeof NETNS];

    *out = false;
    gateway_path(h, p->lab, path);
    if (net_seen_read(dev, &seen, e) < 0)
        return -1;
    if (!file_exists(path) || net_seen_find(&seen, dev) == NULL)
        return 0;
    begin(&a, h, true);
    argv_add(&a, "ip");
    argv_add(&a, "-o");
    argv_add(&a, "link");
    argv_add(&a, "show");
    argv_add(&a, "up");
    argv_add(&a, "dev");
    argv_addf(&a, "pi%s", p->lab);
    const struct proc_spec s = {.argv = argv_get(&a)};
    if (proc_run(h->runner, &s, &r, e) < 0)
        return -1;
    *out = r.status == 0 && r.out.len > 0;
    return 0;
}

/* What is left of an earlier one, and what Open vSwitch knows of its device. */
static int clear(const struct net_host *h, const struct plan *p, struct err *e)
{
    AUTO(argv_clear) struct argv a = {0};
    AUTO(buf_clear) struct buf b = BUF_INIT;
    const char *dev = p->ports[p->internet->port].dev;

    net_ovs_begin(&a, h, "ovs-vsctl");
    argv_add(&a, "--if-exists");
    argv_add(&a, "del-port");
    argv_add(&a, dev);
    buf_printf(&b, "link del %s\n", dev);
    if (net_ovs_run(h, &a, NULL, e) < 0 || net_ip_batch(h, &b, true, e) < 0)
        return -1;
    return net_internet_close(h, p->lab, e);
}

int net_internet_check(const struct net_host *h, const struct plan *p, struct err *e)
{
    if (p->internet == NULL || h->internet)
        return 0;
    return err_set(e, ERR_DENIED, "%s connects to the internet, which labs on this machine may not: %s",
                   p->segments[p->ports[p->internet->port].segment].element,
                   h->no_internet[0] != '\0' ? h->no_internet
                                             : "ask its operator, who can start labhost with --internet");
}

int net_internet_open(const struct net_host *h, const struct plan *p, uint32_t slot, struct err *e)
{
    bool there = false;
    struct err ignored;

    if (p->internet == NULL)
        return 0;
    if (net_internet_check(h, p, e) < 0 || complete(h, p, &there, e) < 0)
        return -1;
    if (there)
        return 0;
    if (clear(h, p, e) == 0 && make(h, p, slot, e) == 0)
        return 0;
    if (clear(h, p, &ignored) < 0)
        log_err("internet.remove", &ignored, "lab", p->lab, NULL);
    return err_wrap(e, "make the way out of lab %s", p->lab);
}

/* ---- removing ---- */

int net_internet_close(const struct net_host *h, const char *lab, struct err *e)
{
    AUTO(argv_clear) struct argv a = {0};
    AUTO(proc_result_clear) struct proc_result r = {0};
    char name[NET_GATEWAY_SIZE], path[NET_GATEWAY_SIZE + sizeof NETNS];

    gateway_name(h, lab, name);
    gateway_path(h, lab, path);
    if (!file_exists(path))
        return 0;
    /* A namespace is taken down in the background, and its devices with it; this one is gone at once. */
    begin(&a, h, true);
    argv_add(&a, "ip");
    argv_add(&a, "link");
    argv_add(&a, "del");
    argv_addf(&a, "pi%s", lab);
    const struct proc_spec s = {.argv = argv_get(&a)};
    if (proc_run(h->runner, &s, &r, e) < 0) /* whatever its status: it may not have been made */
        return -1;
    return name_gateway(h, "del", name, e);
}

void net_internet_each(const struct net_host *h, void (*each)(const char *lab, void *arg), void *arg)
{
    char prefix[NET_GATEWAY_SIZE];
    DIR *d = opendir(NETNS);
    const struct dirent *entry;

    if (d == NULL) /* nobody ever made a namespace */
        return;
    gateway_name(h, "", prefix);
    while ((entry = readdir(d)) != NULL)
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 && lab_id_ok(entry->d_name + strlen(prefix)))
            each(entry->d_name + strlen(prefix), arg);
    closedir(d);
}

/* ---- the machine ---- */

static bool forwards(const char *path)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err ignored;

    return file_read(path, 16, &text, &ignored) == 0 && buf_str(&text)[0] == '1';
}

struct cut {
    const struct net_host *h;
};

static void cut_one(const char *lab, void *arg)
{
    const struct cut *c = arg;
    struct err e;

    if (net_internet_close(c->h, lab, &e) < 0)
        log_err("internet.remove", &e, "lab", lab, NULL);
}

void net_internet_stop(const struct net_host *h)
{
    AUTO(argv_clear) struct argv a = {0};
    AUTO(proc_result_clear) struct proc_result r = {0};
    struct cut c = {h};
    struct err ignored;

    net_internet_each(h, cut_one, &c);
    begin(&a, h, true);
    argv_add(&a, "nft");
    argv_add(&a, "delete");
    argv_add(&a, "table");
    argv_add(&a, "inet");
    argv_addf(&a, "paralab_%s", h->owner);
    const struct proc_spec s = {.argv = argv_get(&a)};
    if (proc_run(h->runner, &s, &r, &ignored) < 0) {
        /* there is no nft, so there is no table */
    }
}

static int keep_home(struct net_host *h, struct err *e)
{
    h->home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    h->mounts = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    return h->home < 0 || h->mounts < 0 ? err_sys(e, "open the namespaces of this process") : 0;
}

void net_internet_end(const struct net_host *h)
{
    if (!h->internet)
        return;
    close(h->home);
    close(h->mounts);
}

void net_internet_start(struct net_host *h, const struct net_options *o, struct buf *notes)
{
    AUTO(buf_clear) struct buf rules = BUF_INIT;
    struct err e;

    h->allow = o->internet_allow;
    h->nallow = o->ninternet_allow;
    h->outside_ipv6 = forwards("/proc/sys/net/ipv6/conf/all/forwarding");
    if (!o->internet) {
        net_internet_stop(h); /* an earlier labhost may have given it */
        return;
    }
    net_internet_home_rules(h, &rules);
    if (!forwards("/proc/sys/net/ipv4/ip_forward"))
        snprintf(h->no_internet, sizeof h->no_internet,
                 "it does not forward IPv4; set net.ipv4.ip_forward=1 in /etc/sysctl.d and restart labhost");
    else if (home_nft(h, &rules, &e) < 0)
        snprintf(h->no_internet, sizeof h->no_internet, "%s", e.msg);
    if (h->no_internet[0] == '\0' && keep_home(h, &e) < 0)
        snprintf(h->no_internet, sizeof h->no_internet, "%s", e.msg);
    h->internet = h->no_internet[0] == '\0';
    if (!h->internet)
        buf_printf(notes, "labs get no way to the internet from this machine: %s\n", h->no_internet);
    else if (!h->outside_ipv6)
        buf_puts(notes, "this machine does not forward IPv6: labs get to the internet by IPv4 only\n");
}
