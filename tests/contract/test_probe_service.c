/* Checks of services on a real network: real servers, and the ways in which something else can look like them.
 * Needs root and dnsmasq. */
#include "tests/contract/probe_fixture.c" /* NOLINT(bugprone-suspicious-include) */

/* ---- dns ---- */
#define DNS_ON(node, records) \
    "n $" node " dnsmasq --conf-file=/dev/null --user=root --pid-file=/tmp/$" node \
    ".pid --no-resolv --no-hosts --local=/lab.test/ --local=/in-addr.arpa/ " records "\n"
#define DNS_OFF(node) "kill $(cat /tmp/$" node ".pid); rm -f /tmp/$" node ".pid\n"
#define RECORDS \
    "--host-record=www.lab.test,10.0.2.80,fd00:2::80 --host-record=pool.lab.test,10.0.2.81 " \
    "--host-record=pool.lab.test,10.0.2.82 --cname=ftp.lab.test,www.lab.test --mx-host=lab.test,mail.lab.test,10 " \
    "--txt-record=lab.test,'v=spf1 -all' --dns-rr=lab.test,2,036e7331036c6162047465737400 " \
    "--ptr-record=80.2.0.10.in-addr.arpa,www.lab.test"
#define CHECK(zone, records) "kind='dns' to='10.0.2.10' seen-at='h2:eth0' zone='" zone "'>" records "</check>"
#define WWW "<record name='www.lab.test' type='A'>10.0.2.80</record>"
#define ALL \
    CHECK("lab.test", WWW "<record name='www.lab.test' type='AAAA'>fd00:2:0::80</record>" \
                          "<record name='ftp.lab.test' type='CNAME'>www.lab.test.</record>" \
                          "<record name='ftp.lab.test' type='A'>10.0.2.80</record>" \
                          "<record name='pool.lab.test' type='A'>10.0.2.82</record>" \
                          "<record name='pool.lab.test' type='A'>10.0.2.81</record>" \
                          "<record name='lab.test' type='MX'>10 mail.lab.test</record>" \
                          "<record name='lab.test' type='TXT'>v=spf1 -all</record>" \
                          "<record name='Lab.Test' type='NS'>ns1.lab.test</record>")
#define REDIRECT(proto) \
    "n $r1 nft 'add table t; add chain t c { type nat hook prerouting priority -100; }; add rule t c " proto \
    " dport 53 redirect'\n"
#define NFT_GONE "n $r1 nft delete table t\n"

static const struct check_row rows[] = {
    {"dns: all kinds of records", DNS_ON("h2", RECORDS), DNS_OFF("h2"), ALL, GRADING_PASS,
     "answered for all records, over UDP and TCP"},
    {"dns: a reverse zone", DNS_ON("h2", RECORDS), DNS_OFF("h2"),
     CHECK("2.0.10.in-addr.arpa", "<record name='80.2.0.10.in-addr.arpa' type='PTR'>www.lab.test</record>"),
     GRADING_PASS, "answered for all"},
    {"dns: another address", DNS_ON("h2", "--host-record=www.lab.test,10.0.2.81"), DNS_OFF("h2"),
     CHECK("lab.test", WWW), GRADING_FAIL, "is \"10.0.2.81\" instead of \"10.0.2.80\""},
    {"dns: one address too many",
     DNS_ON("h2", "--host-record=www.lab.test,10.0.2.81 --host-record=www.lab.test,10.0.2.80"), DNS_OFF("h2"),
     CHECK("lab.test", WWW), GRADING_FAIL, "also holds \"10.0.2.81\""},
    {"dns: a name is missing", DNS_ON("h2", "--host-record=mail.lab.test,10.0.2.80"), DNS_OFF("h2"),
     CHECK("lab.test", WWW), GRADING_FAIL, "(A) over UDP is NXDOMAIN"},
    {"dns: no server, and the name in the client's file of hosts",
     "mkdir -p /etc/netns/$refa; echo 10.0.2.80 www.lab.test >/etc/netns/$refa/hosts",
     "rm -r /etc/netns/$refa", CHECK("lab.test", WWW), GRADING_FAIL, "refused a question over UDP"},
    {"dns: the port is closed to TCP",
     DNS_ON("h2",
            RECORDS) "n $r1 nft 'add table t; add chain t f { type filter hook forward priority 0; }; add "
                     "rule t f tcp dport 53 drop'",
     NFT_GONE DNS_OFF("h2"), CHECK("lab.test", WWW), GRADING_FAIL, "did not arrive at h2:eth0"},
    {"dns: cheat, one answer for all names", DNS_ON("h2", "--address=/lab.test/10.0.2.80"), DNS_OFF("h2"),
     CHECK("lab.test", WWW), GRADING_FAIL, "A random name below lab.test has the address 10.0.2.80"},
    {"dns: cheat, the router leads questions to its own server", DNS_ON("r1", RECORDS) REDIRECT("udp"),
     NFT_GONE DNS_OFF("r1"), CHECK("lab.test", WWW), GRADING_FAIL, "something else answered"},
    {"dns: cheat, the router takes the server's address",
     "ip -n $r1 addr add 10.0.2.10/32 dev lo\n" DNS_ON("r1", RECORDS),
     DNS_OFF("r1") "ip -n $r1 addr del 10.0.2.10/32 dev lo", CHECK("lab.test", WWW), GRADING_FAIL,
     "something else answered"},
    {"dns: cheat, questions over TCP are led to another server",
     DNS_ON("h2", RECORDS) DNS_ON("r1", RECORDS) REDIRECT("tcp"), NFT_GONE DNS_OFF("r1") DNS_OFF("h2"),
     CHECK("lab.test", WWW), GRADING_FAIL, "something else answered"},
};

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows)];

    for (size_t n = 0; n < ARRAY_LEN(rows); n++)
        tests[n] =
            (struct CMUnitTest){rows[n].name, test_check, NULL, check_unset, (void *)(uintptr_t)&rows[n]};
    return cmocka_run_group_tests_name("probe_service", tests, space_setup, space_teardown);
}
