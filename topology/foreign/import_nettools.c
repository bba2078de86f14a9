#include "topology/foreign/import_nettools.h"

#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "topology/topo_value.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct words {
    char **w;
    size_t n, at;
};

static const char *peek(const struct words *s)
{
    return s->at < s->n ? s->w[s->at] : "";
}

/* Takes the next word if it is 'word'. */
static bool take(struct words *s, const char *word)
{
    if (s->at >= s->n || strcmp(s->w[s->at], word) != 0)
        return false;
    s->at++;
    return true;
}

/* Takes the next word, or "" if there is none. */
static const char *next(struct words *s)
{
    return s->at < s->n ? s->w[s->at++] : "";
}

int nettools_mask(const char *s)
{
    struct in_addr a;
    uint32_t v;
    int n = 0;

    if (inet_pton(AF_INET, s, &a) != 1)
        return -1;
    v = ntohl(a.s_addr);
    for (; n < 32 && (v >> (31 - n) & 1); n++)
        ;
    return n == 32 || v << n == 0 ? n : -1;
}

/* What ifconfig and route took for the mask of an address that came without one. */
static int class_length(const struct value_addr *a)
{
    return a->ip[0] < 128 ? 8 : a->ip[0] < 192 ? 16 : 24;
}

static bool address(const char *s, struct value_addr *a)
{
    return value_addr(s, a);
}

static bool plain_iface(const char *s)
{
    return s[0] != '\0' && s[0] != '-' &&
           s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-")] == '\0';
}

/* ---- ifconfig IFACE ... ---- */
struct ifconfig {
    struct value_addr a;
    bool has_address;
    const char *mtu, *mac, *state;
    int mask;
};

static bool read_ifconfig(struct words *s, struct ifconfig *c)
{
    if (take(s, "add") || (take(s, "inet6") && take(s, "add"))) {
        c->has_address = address(next(s), &c->a) && c->a.has_prefix;
        if (!c->has_address)
            return false;
    }
    while (s->at < s->n) {
        if (take(s, "up"))
            c->state = "up";
        else if (take(s, "down"))
            c->state = "down";
        else if (take(s, "netmask"))
            c->mask = nettools_mask(next(s));
        else if (take(s, "broadcast"))
            next(s); /* the last address of the network, which "broadcast +" gives */
        else if (take(s, "mtu"))
            c->mtu = next(s);
        else if (take(s, "hw") && take(s, "ether"))
            c->mac = next(s);
        else if (!c->has_address && address(peek(s), &c->a))
            c->has_address = next(s)[0] != '\0';
        else
            return false;
    }
    return c->mask != -1 && (c->mtu == NULL || c->mtu[strspn(c->mtu, "0123456789")] == '\0');
}

static char *ifconfig(struct words *s)
{
    struct ifconfig c = {.mask = -2};
    const char *iface = next(s), *dev;
    struct buf b = BUF_INIT;
    char text[VALUE_ADDR_SIZE];

    if (!plain_iface(iface) || s->at >= s->n || !read_ifconfig(s, &c))
        return NULL;
    AUTO(mem_freep) char *bare = xstrndup(iface, strcspn(iface, ":"));
    dev = bare;
    if (c.mac != NULL)
        buf_printf(&b, "ip link set dev %s address %s; ", dev, c.mac);
    if (c.mtu != NULL)
        buf_printf(&b, "ip link set dev %s mtu %s; ", dev, c.mtu);
    if (c.has_address && c.a.family == AF_INET && memcmp(c.a.ip, "\0\0\0\0", 4) == 0) {
        buf_printf(&b, "ip address flush dev %s; ", dev);
    } else if (c.has_address) {
        if (!c.a.has_prefix) {
            c.a.prefix = (unsigned)(c.mask >= 0 ? c.mask : c.a.family == AF_INET6 ? 64 : class_length(&c.a));
            c.a.has_prefix = true;
        }
        buf_printf(&b, "ip address add %s%s dev %s", value_addr_format(&c.a, text),
                   c.a.family == AF_INET && c.a.prefix < 31 ? " broadcast +" : "", dev);
        if (strchr(iface, ':') != NULL)
            buf_printf(&b, " label %s", iface);
        buf_puts(&b, "; ");
    }
    buf_printf(&b, "ip link set dev %s %s", dev, c.state != NULL ? c.state : "up");
    return buf_take(&b);
}

/* ---- route add|del ... ---- */
static char *route(struct words *s)
{
    bool six = (take(s, "-A") && take(s, "inet6")) || take(s, "-6"), net;
    const char *verb = next(s), *via = NULL, *dev = NULL, *metric = NULL, *target;
    char text[VALUE_ADDR_SIZE];
    struct value_addr to, gw;
    struct buf b = BUF_INIT;
    bool all;

    if (strcmp(verb, "add") != 0 && strcmp(verb, "del") != 0)
        return NULL;
    net = take(s, "-net");
    if (!net)
        take(s, "-host");
    target = next(s);
    all = strcmp(target, "default") == 0 || strcmp(target, "0.0.0.0") == 0 ||
          strcmp(target, "0.0.0.0/0") == 0 || strcmp(target, "::/0") == 0;
    if (!all && !value_addr(target, &to))
        return NULL;
    if (!all && !to.has_prefix) {
        to.has_prefix = true;
        to.prefix = to.family == AF_INET6 ? 128 : net ? (unsigned)class_length(&to) : 32;
    }
    while (s->at < s->n) {
        int mask;
        if (take(s, "gw")) {
            via = next(s);
        } else if (take(s, "dev")) {
            dev = next(s);
        } else if (take(s, "metric")) {
            metric = next(s);
        } else if (take(s, "netmask")) {
            mask = nettools_mask(next(s));
            if (mask < 0)
                return NULL;
            if (!all)
                to.prefix = (unsigned)mask;
        } else if (s->at + 1 == s->n && plain_iface(peek(s))) {
            dev = next(s);
        } else {
            return NULL;
        }
    }
    if ((via != NULL && !value_addr(via, &gw)) || (dev != NULL && !plain_iface(dev)) ||
        (via == NULL && dev == NULL && strcmp(verb, "add") == 0) ||
        (metric != NULL && metric[strspn(metric, "0123456789")] != '\0'))
        return NULL;
    six = six || (!all && to.family == AF_INET6) || (via != NULL && gw.family == AF_INET6);
    buf_printf(&b, "ip %sroute %s %s", six ? "-6 " : "", verb,
               all ? "default" : value_addr_format(&to, text));
    if (via != NULL)
        buf_printf(&b, " via %s", value_addr_format(&gw, text));
    if (dev != NULL)
        buf_printf(&b, " dev %s", dev);
    if (metric != NULL)
        buf_printf(&b, " metric %s", metric);
    return buf_take(&b);
}

char *nettools_translate(char **w, size_t n)
{
    const char *slash = strrchr(w[0], '/'), *name = slash != NULL ? slash + 1 : w[0];
    struct words s = {w, n, 1};

    /* A comment ends a command. */
    for (size_t i = 0; i < s.n; i++)
        if (w[i][0] == '#')
            s.n = i;
    if (strcmp(name, "ifconfig") == 0)
        return ifconfig(&s);
    return strcmp(name, "route") == 0 ? route(&s) : NULL;
}
