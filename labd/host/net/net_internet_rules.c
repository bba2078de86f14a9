/* What the two firewalls of a way to the outside let through; see net_internet.c. */
#include "labd/host/net/net_impl.h"

#include "labd/base/mem.h"

#include <string.h>

#define CONNECTIONS_MAX 4096 /* of a lab at a time */
/* Device groups behind those that net_dev_group() gives to labs: 26 * 36^5 of them. */
#define GROUP_FIRST 1572120577u
#define GROUPS 575000000u

/* Not for the outside: RFC 6890, and a cloud's metadata service that has a public address. */
static const char *const closed[] = {"0.0.0.0/8",      "10.0.0.0/8",     "100.64.0.0/10", "127.0.0.0/8",
                                     "168.63.129.16",  "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
                                     "192.168.0.0/16", "198.18.0.0/15",  "224.0.0.0/3"};

uint32_t net_internet_group(const struct net_host *h)
{
    return GROUP_FIRST + (uint32_t)(strtoul(h->owner, NULL, 16) % GROUPS);
}

/* Ends a chain that new connections of labs go through. */
static void add_destinations(struct buf *b, const struct net_host *h)
{
    for (size_t i = 0; i < h->nallow; i++)
        buf_printf(b, "  %s daddr %s accept\n", strchr(h->allow[i], ':') != NULL ? "ip6" : "ip", h->allow[i]);
    buf_puts(b, "  ip daddr { ");
    for (size_t i = 0; i < ARRAY_LEN(closed); i++)
        buf_printf(b, "%s%s", i > 0 ? ", " : "", closed[i]);
    buf_puts(b, " } drop\n"
                "  ip6 daddr != 2000::/3 drop\n"                /* global addresses */
                "  ip6 daddr { 2001::/32, 2002::/16 } drop\n"); /* IPv4 in IPv6: Teredo, 6to4 */
}

void net_internet_home_rules(const struct net_host *h, struct buf *b)
{
    uint32_t g = net_internet_group(h);

    /* Made first, so that deleting it cannot fail; the three are one transaction. */
    buf_printf(b, "table inet paralab_%s\ndelete table inet paralab_%s\ntable inet paralab_%s {\n", h->owner,
               h->owner, h->owner);
    buf_printf(b,
               " chain forward {\n"
               "  type filter hook forward priority -10; policy accept;\n"
               "  iifgroup %u jump out\n"
               "  oifgroup %u ct state != { established, related } drop\n"
               " }\n",
               g, g);
    buf_printf(b,
               " chain out {\n"
               "  oifgroup %u drop\n"
               "  fib saddr . iif oif missing drop\n"
               "  ct state invalid drop\n",
               g);
    add_destinations(b, h);
    buf_printf(
        b,
        " }\n"
        " chain input {\n"
        "  type filter hook input priority -10; policy accept;\n"
        "  iifgroup %u icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept\n"
        "  iifgroup %u drop\n"
        " }\n"
        " chain translate {\n"
        "  type nat hook postrouting priority 100; policy accept;\n"
        "  iifgroup %u masquerade\n"
        " }\n"
        "}\n",
        g, g, g);
}

void net_internet_gateway_rules(const struct net_host *h, struct buf *b)
{
    buf_printf(b,
               "table inet paralab {\n"
               " chain forward {\n"
               "  type filter hook forward priority 0; policy drop;\n"
               "  iifname in0 fib saddr . iif oif missing drop\n"
               "  ct state invalid drop\n"
               "  ct state { established, related } accept\n"
               "  iifname != in0 drop\n"
               "  oifname != out0 drop\n"
               "  ct count over %d drop\n",
               CONNECTIONS_MAX);
    add_destinations(b, h);
    buf_puts(b, "  accept\n"
                " }\n"
                " chain input {\n"
                "  type filter hook input priority 0; policy drop;\n"
                "  icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept\n"
                "  iifname in0 fib saddr . iif oif missing drop\n"
                "  iifname in0 icmp type echo-request accept\n"
                "  iifname in0 icmpv6 type echo-request accept\n"
                " }\n"
                " chain translate {\n"
                "  type nat hook postrouting priority 100; policy accept;\n"
                "  oifname out0 masquerade\n"
                " }\n"
                "}\n");
}
