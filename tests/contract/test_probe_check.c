/* Whole checks on a real network of namespaces, from the exercise's text to the verdict: what is right passes, and
 * ways to look right without being so fail.  Needs root. */
#include "tests/contract/check_rows.c" /* NOLINT(bugprone-suspicious-include) */

#define NAT_TABLE(hook, priority, rule) \
    "n $r1 nft 'add table t; add chain t c { type nat hook " hook " priority " priority \
    "; }; add rule t c " rule "'"
#define NAT_GONE "n $r1 nft delete table t"
#define SNAT "from='refa' kind='nat' to='10.0.2.10' seen-at='h2:eth0' as='10.0.2.1'/>"
#define DNAT \
    "from='refa' kind='nat' proto='tcp' port='8080' to='10.0.1.1' seen-at='h2:eth0' becomes='10.0.2.10'/>"

#define INTERFACE(port, from, address) "<interface port='" port "' from='" from "' address='" address "'/>"
#define ADDRESS(interfaces) "kind='address'>" interfaces "</check>"
#define R1_ETH0 INTERFACE("r1:eth0", "refa", "10.0.1.1")
#define R1_ALL \
    R1_ETH0 INTERFACE("r1:eth1", "refb", "10.0.2.1") INTERFACE("r1:eth0", "refa", "fd00:1::1") \
        INTERFACE("r1:eth1", "refb", "fd00:2::1")
#define H1_ETH0 INTERFACE("h1:eth0", "refa", "10.0.1.10")
#define H1_LOSES "ip -n $h1 addr del 10.0.1.10/24 dev eth0\n"
#define H1_GETS "ip -n $h1 addr add 10.0.1.10/24 dev eth0; ip -n $h1 route add default via 10.0.1.1\n"

#define FIREWALL \
    "kind='firewall'><flow from='refa' to='10.0.2.10' seen-at='h2:eth0' proto='tcp' port='80' expect='pass' state='established'/>" \
    "<flow from='refa' to='fd00:2::10' seen-at='h2:eth0' proto='tcp' port='80' expect='pass' state='established'/>" \
    "<flow from='refa' to='10.0.2.10' seen-at='h2:eth0' proto='tcp' port='other' expect='drop'/>" \
    "<flow from='refa' to='refb' expect='pass' state='established'/><flow from='refb' to='refa' expect='drop'/>" \
    "<flow from='refb' to='refa' proto='udp' port='53' expect='reject'/></check>"
#define FILTER(family, policy, rules) \
    "n $r1 nft 'add table " family " t; add chain " family \
    " t f { type filter hook forward priority 0; policy " policy "; }; '\nr() { n $r1 nft add rule " family \
    " t f $1; }\n" rules
#define FILTER_GONE(family) "n $r1 nft delete table " family " t"
#define ANSWERS "r 'ct state established,related accept'\n"
#define WEB "r 'iifname eth0 tcp dport 80 accept'\n"
#define PING "r 'iifname eth0 meta l4proto { icmp, icmpv6 } accept'\n"
#define NO_DNS "r 'iifname eth1 udp dport 53 reject'\n"

static const struct check_row check_rows[] = {
    {"nat: source translated", NAT_TABLE("postrouting", "100", "oifname eth1 snat to 10.0.2.1"), NAT_GONE,
     SNAT, GRADING_PASS, "answer came back"},
    {"nat: cheat, routed without translation", NULL, NULL, SNAT, GRADING_FAIL,
     "10.0.1.250 instead of 10.0.2.1"},
    {"nat: cheat, the router takes the far address", "ip -n $r1 addr add 10.0.2.10/32 dev lo",
     "ip -n $r1 addr del 10.0.2.10/32 dev lo", SNAT, GRADING_FAIL, "something else answered"},
    {"nat: cheat, a copy is sent with the private source",
     NAT_TABLE(
         "postrouting", "100",
         "oifname eth1 snat to 10.0.2.1'; n $r1 nft 'add chain t d { type filter hook prerouting priority "
         "-300; }; add rule t d iifname eth0 ip daddr 10.0.2.10 dup to 10.0.2.10 device eth1"),
     NAT_GONE, SNAT, GRADING_FAIL, "10.0.1.250 instead of 10.0.2.1"},
    {"nat: destination and port translated",
     NAT_TABLE("prerouting", "-100", "tcp dport 8080 dnat ip to 10.0.2.10:80"), NAT_GONE, DNAT, GRADING_PASS,
     "answer came back"},
    {"nat: cheat, redirected to a server on the router",
     NAT_TABLE("prerouting", "-100", "tcp dport 8080 redirect to :80"), NAT_GONE, DNAT, GRADING_FAIL,
     "something else answered"},
    {"nat: cheat, the source is hidden as well",
     NAT_TABLE(
         "prerouting", "-100",
         "tcp dport 8080 dnat ip to 10.0.2.10:80'; n $r1 nft 'add chain t o { type nat hook postrouting "
         "priority 100; }; add rule t o masquerade"),
     NAT_GONE, DNAT, GRADING_FAIL, "10.0.2.1 instead of 10.0.1.250"},
    {"address: every interface, both families", NULL, NULL, ADDRESS(R1_ALL), GRADING_PASS, "All 4"},
    {"address: one of four missing", "ip -n $r1 addr del 10.0.2.1/24 dev eth1",
     "ip -n $r1 addr add 10.0.2.1/24 dev eth1", ADDRESS(R1_ALL), GRADING_FAIL,
     "3 of 4 as expected. Nobody answered for 10.0.2.1 at r1:eth1"},
    {"address: IPv6 missing", "ip -n $h1 addr del fd00:1::10/64 dev eth0",
     "ip -n $h1 addr add fd00:1::10/64 dev eth0 nodad", ADDRESS(INTERFACE("h1:eth0", "refa", "fd00:1::10")),
     GRADING_FAIL, "Nobody answered for fd00:1::10"},
    {"address: cheat, the router has the host's address on its loopback",
     H1_LOSES "ip -n $r1 addr add 10.0.1.10/32 dev lo", "ip -n $r1 addr del 10.0.1.10/32 dev lo\n" H1_GETS,
     ADDRESS(H1_ETH0), GRADING_FAIL, "did not come from h1:eth0, but from 02:00:00:00:02:01"},
    {"address: cheat, the router is the host's proxy",
     H1_LOSES "ip -n $r1 neigh add proxy 10.0.1.10 dev eth0; ip -n $r1 route add 10.0.1.10/32 dev eth1\n"
              "n $r1 sysctl -qw net.ipv4.neigh.eth0.proxy_delay=0",
     "ip -n $r1 neigh del proxy 10.0.1.10 dev eth0; ip -n $r1 route del 10.0.1.10/32 dev eth1\n" H1_GETS,
     ADDRESS(H1_ETH0), GRADING_FAIL, "did not come from h1:eth0"},
    {"address: cheat, proxy ARP for everything instead of an address",
     "ip -n $r1 addr del 10.0.1.1/24 dev eth0; ip -n $r1 route add default dev eth1; ip -n $r1 route add 10.0.1.250/32 dev eth0\n"
     "n $r1 sysctl -qw net.ipv4.conf.eth0.proxy_arp=1 net.ipv4.neigh.eth0.proxy_delay=0",
     "n $r1 sysctl -qw net.ipv4.conf.eth0.proxy_arp=0; ip -n $r1 route del default dev eth1; ip -n $r1 route del 10.0.1.250/32 dev eth0\n"
     "ip -n $r1 addr add 10.0.1.1/24 dev eth0",
     ADDRESS(R1_ETH0), GRADING_FAIL, "too, which is not one of its addresses"},
    {"address: two machines have it", "ip -n $h1 addr add 10.0.1.1/32 dev eth0",
     "ip -n $h1 addr del 10.0.1.1/32 dev eth0", ADDRESS(R1_ETH0), GRADING_FAIL,
     "Two machines answered for 10.0.1.1: r1:eth0, and another one (02:00:00:00:01:01)"},
    {"address: two machines have it, IPv6", "ip -n $h1 addr add fd00:1::1/128 dev eth0 nodad",
     "ip -n $h1 addr del fd00:1::1/128 dev eth0", ADDRESS(INTERFACE("r1:eth0", "refa", "fd00:1::1")),
     GRADING_FAIL, "Two machines answered for fd00:1::1"},
    {"address: cheat, an answer with another hardware address",
     "ip -n $h1 link set eth0 address 02:00:00:00:09:09", "ip -n $h1 link set eth0 address 02:00:00:00:01:01",
     ADDRESS(H1_ETH0), GRADING_FAIL, "02:00:00:00:09:09, which is not its own"},
    {"firewall: as it should be", FILTER("inet", "drop", ANSWERS WEB PING NO_DNS), FILTER_GONE("inet"),
     FIREWALL, GRADING_PASS, "All 6"},
    {"firewall: cheat, everything is blocked", FILTER("inet", "drop", ""), FILTER_GONE("inet"), FIREWALL,
     GRADING_FAIL, "0 of 6"},
    {"firewall: cheat, blocked but for a server on the firewall itself",
     FILTER("inet", "drop",
            "n $r1 nft 'add chain inet t p { type nat hook prerouting priority -100; }'\n"
            "n $r1 nft add rule inet t p tcp dport 80 redirect"),
     FILTER_GONE("inet"), FIREWALL, GRADING_FAIL,
     "0 of 6 as expected. TCP to 10.0.2.10 port 80 was answered by something else: it was never seen at h2:eth0."},
    {"firewall: nothing is blocked", NULL, NULL, FIREWALL, GRADING_FAIL,
     "3 of 6 as expected. TCP to 10.0.2.10 port "},
    {"firewall: IPv6 forgotten", FILTER("ip", "drop", ANSWERS WEB PING NO_DNS), FILTER_GONE("ip"), FIREWALL,
     GRADING_FAIL, "4 of 6 as expected. ICMP echo to fd00:1::fa arrived at the test host fd00:1::fa."},
    {"firewall: answers are not let back", FILTER("inet", "drop", WEB PING NO_DNS), FILTER_GONE("inet"),
     FIREWALL, GRADING_FAIL,
     "TCP to 10.0.2.10 port 80 arrived at h2:eth0, but its answer did not come back."},
    {"firewall: dropped instead of rejected", FILTER("inet", "drop", ANSWERS WEB PING), FILTER_GONE("inet"),
     FIREWALL, GRADING_FAIL, "5 of 6 as expected. UDP to 10.0.1.250 port 53 disappeared"},
    {"firewall: rejected instead of dropped",
     FILTER("inet", "drop", ANSWERS WEB PING NO_DNS "r 'reject with icmpx admin-prohibited'"),
     FILTER_GONE("inet"), FIREWALL, GRADING_FAIL,
     "did not arrive, but its sender was told so. ICMP echo to 10.0.1.250 did not arrive, but its sender was told"},
};

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(check_rows)];

    for (size_t i = 0; i < ARRAY_LEN(check_rows); i++)
        tests[i] = (struct CMUnitTest){check_rows[i].name, test_check, NULL, check_unset,
                                       (void *)(uintptr_t)&check_rows[i]};
    return cmocka_run_group_tests_name("probe_check", tests, group_setup, group_teardown);
}
