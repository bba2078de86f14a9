/* Checks of services on a real network: real servers, and the ways in which something else can look like them.
 * Needs root, dnsmasq and busybox. */
#include "tests/contract/check_rows.c" /* NOLINT(bugprone-suspicious-include) */

/* ---- dns ---- */
#define DNS_ON(node, records) \
    "n $" node " dnsmasq --conf-file=/dev/null --user=root --pid-file=/tmp/$" node \
    ".pid --no-resolv --no-hosts --local=/lab.test/ --local=/in-addr.arpa/ " records "\n"
#define KILL(file) \
    "p=$(cat " file "); kill $p; while kill -0 $p 2>/dev/null; do sleep 0.1; done; rm -f " file "\n"
#define DNS_OFF(node) KILL("/tmp/$" node ".pid")
#define RECORDS \
    "--host-record=www.lab.test,10.0.2.80,fd00:2::80 --host-record=pool.lab.test,10.0.2.81 " \
    "--host-record=pool.lab.test,10.0.2.82 --cname=ftp.lab.test,www.lab.test --mx-host=lab.test,mail.lab.test,10 " \
    "--txt-record=lab.test,'v=spf1 -all' --dns-rr=lab.test,2,036e7331036c6162047465737400 " \
    "--ptr-record=80.2.0.10.in-addr.arpa,www.lab.test"
#define NAMES(zone, records) \
    "from='refa' kind='dns' to='10.0.2.10' seen-at='h2:eth0' zone='" zone "'>" records "</check>"
#define WWW "<record name='www.lab.test' type='A'>10.0.2.80</record>"
#define ALL \
    NAMES("lab.test", WWW "<record name='www.lab.test' type='AAAA'>fd00:2:0::80</record>" \
                          "<record name='ftp.lab.test' type='CNAME'>www.lab.test.</record>" \
                          "<record name='ftp.lab.test' type='A'>10.0.2.80</record>" \
                          "<record name='pool.lab.test' type='A'>10.0.2.82</record>" \
                          "<record name='pool.lab.test' type='A'>10.0.2.81</record>" \
                          "<record name='lab.test' type='MX'>10 mail.lab.test</record>" \
                          "<record name='lab.test' type='TXT'>v=spf1 -all</record>" \
                          "<record name='Lab.Test' type='NS'>ns1.lab.test</record>")
#define REDIRECT(proto, port) \
    "n $r1 nft 'add table t; add chain t c { type nat hook prerouting priority -100; }; add rule t c " proto \
    " dport " port " redirect'\n"
#define NFT_GONE "n $r1 nft delete table t\n"

/* ---- http ---- */
#define WEB_ON \
    "mkdir /tmp/$h2.web; echo '<h1>Welcome to the lab</h1>' >/tmp/$h2.web/index.html\n" \
    "ip netns exec $h2 busybox httpd -f -p 8000 -h /tmp/$h2.web >/dev/null 2>&1 & echo $! >/tmp/$h2.web.pid\n" \
    "for i in 1 2 3 4 5 6 7 8 9; do n $h2 busybox nc -z 127.0.0.1 8000 && break; sleep 0.2; done\n"
#define WEB_OFF KILL("/tmp/$h2.web.pid") "rm -r /tmp/$h2.web\n"
#define PAGE(port, attrs) \
    "from='refa' kind='http' to='10.0.2.10' seen-at='h2:eth0' text='Welcome to' port='" port "' " attrs "/>"

/* ---- dhcp ---- */
/* The file of leases tells whether clients gave theirs back. */
#define DHCP_ON(node, attrs) \
    "n $" node " dnsmasq --conf-file=/dev/null --user=root --pid-file=/tmp/$" node \
    ".pid --no-resolv --no-hosts --port=0 --dhcp-leasefile=/tmp/$" node ".leases " attrs "\n"
#define DHCP_OFF(node) \
    KILL("/tmp/$" node ".pid") "test ! -s /tmp/$" node ".leases; rm /tmp/$" node ".leases\n"
#define POOL "--dhcp-range=10.0.1.100,10.0.1.149,255.255.255.0 "
#define OPTIONS "--dhcp-option=3,10.0.1.1 --dhcp-option=6,10.0.2.53 --domain=lab.test"
#define UDHCPD_ON \
    "touch /tmp/$h1.leases; printf '%s\n' 'start 10.0.1.100' 'end 10.0.1.149' 'interface eth0' \"lease_file /tmp/$h1.leases\" " \
    "'opt subnet 255.255.255.0' 'opt router 10.0.1.1' 'opt dns 10.0.2.53' 'opt domain lab.test' >/tmp/$h1.conf\n" \
    "ip netns exec $h1 busybox udhcpd -f /tmp/$h1.conf >/dev/null 2>&1 & echo $! >/tmp/$h1.pid\n" \
    "for i in 1 2 3 4 5 6 7 8 9; do n $h1 ss -lun | grep -q ':67 ' && break; sleep 0.2; done\n"
#define LEASES \
    "from='refa' kind='dhcp' seen-at='h1:eth0' first='10.0.1.100' last='10.0.1.149' router='10.0.1.1' " \
    "dns='10.0.2.53' domain='lab.test'/>"

/* Has one page for everything. */
static void serve_all(uint16_t port)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    int fd = socket(AF_INET6, SOCK_STREAM, 0), on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&any, sizeof any) < 0 || listen(fd, 8) < 0)
        _exit(1);
    (void)!write(9, "1", 1);
    for (;;) {
        static const char page[] = "HTTP/1.0 200 OK\r\n\r\nWelcome to everything";
        char b[2048];
        int c = accept(fd, NULL, NULL);

        if (read(c, b, sizeof b) > 0)
            (void)!write(c, page, sizeof page - 1);
        close(c);
    }
}

static int service_setup(void **state)
{
    if (group_setup(state) < 0)
        return -1;
    servers[nservers++] = child_in(H2, serve_all, 8080);
    servers[nservers++] = child_in(R1, serve_all, 8000);
    return servers[nservers - 1] > 0 ? 0 : -1;
}

static const struct check_row rows[] = {
    {"dns: all kinds of records", DNS_ON("h2", RECORDS), DNS_OFF("h2"), ALL, GRADING_PASS,
     "answered for all records, over UDP and TCP"},
    {"dns: a reverse zone", DNS_ON("h2", RECORDS), DNS_OFF("h2"),
     NAMES("2.0.10.in-addr.arpa", "<record name='80.2.0.10.in-addr.arpa' type='PTR'>www.lab.test</record>"),
     GRADING_PASS, "answered for all"},
    {"dns: another address", DNS_ON("h2", "--host-record=www.lab.test,10.0.2.81"), DNS_OFF("h2"),
     NAMES("lab.test", WWW), GRADING_FAIL, "is \"10.0.2.81\" instead of \"10.0.2.80\""},
    {"dns: one address too many",
     DNS_ON("h2", "--host-record=www.lab.test,10.0.2.81 --host-record=www.lab.test,10.0.2.80"), DNS_OFF("h2"),
     NAMES("lab.test", WWW), GRADING_FAIL, "also holds \"10.0.2.81\""},
    {"dns: a name is missing", DNS_ON("h2", "--host-record=mail.lab.test,10.0.2.80"), DNS_OFF("h2"),
     NAMES("lab.test", WWW), GRADING_FAIL, "(A) over UDP is NXDOMAIN"},
    {"dns: no server, and the name in the client's file of hosts",
     "mkdir -p /etc/netns/$refa; echo 10.0.2.80 www.lab.test >/etc/netns/$refa/hosts",
     "rm -r /etc/netns/$refa", NAMES("lab.test", WWW), GRADING_FAIL, "refused a question over UDP"},
    {"dns: the port is closed to TCP",
     DNS_ON("h2",
            RECORDS) "n $r1 nft 'add table t; add chain t f { type filter hook forward priority 0; }; add "
                     "rule t f tcp dport 53 drop'",
     NFT_GONE DNS_OFF("h2"), NAMES("lab.test", WWW), GRADING_FAIL, "did not arrive at h2:eth0"},
    {"dns: cheat, one answer for all names", DNS_ON("h2", "--address=/lab.test/10.0.2.80"), DNS_OFF("h2"),
     NAMES("lab.test", WWW), GRADING_FAIL, "A random name below lab.test has the address 10.0.2.80"},
    {"dns: cheat, the router leads questions to its own server", DNS_ON("r1", RECORDS) REDIRECT("udp", "53"),
     NFT_GONE DNS_OFF("r1"), NAMES("lab.test", WWW), GRADING_FAIL, "something else answered"},
    {"dns: cheat, the router takes the server's address",
     "ip -n $r1 addr add 10.0.2.10/32 dev lo\n" DNS_ON("r1", RECORDS),
     DNS_OFF("r1") "ip -n $r1 addr del 10.0.2.10/32 dev lo", NAMES("lab.test", WWW), GRADING_FAIL,
     "something else answered"},
    {"dns: cheat, questions over TCP are led to another server",
     DNS_ON("h2", RECORDS) DNS_ON("r1", RECORDS) REDIRECT("tcp", "53"), NFT_GONE DNS_OFF("r1") DNS_OFF("h2"),
     NAMES("lab.test", WWW), GRADING_FAIL, "something else answered"},
    {"dhcp: leases, which are given back", DHCP_ON("h1", POOL OPTIONS), DHCP_OFF("h1"), LEASES, GRADING_PASS,
     "gave two clients the addresses 10.0.1.1"},
    {"dhcp: another server", UDHCPD_ON, KILL("/tmp/$h1.pid") "rm /tmp/$h1.conf /tmp/$h1.leases", LEASES,
     GRADING_PASS, "gave two clients the addresses 10.0.1.1"},
    {"dhcp: a range that begins too low",
     DHCP_ON("h1", "--no-ping --dhcp-range=10.0.1.90,10.0.1.99,255.255.255.0 " OPTIONS), DHCP_OFF("h1"),
     LEASES, GRADING_FAIL, "is not of the range"},
    {"dhcp: the server is its clients' router and name server", DHCP_ON("h1", "--no-ping " POOL),
     DHCP_OFF("h1"), LEASES, GRADING_FAIL, "the router 10.0.1.10 instead of 10.0.1.1."},
    {"dhcp: no server", NULL, NULL, LEASES, GRADING_FAIL, "arrived at h1:eth0, but no offer came back"},
    {"dhcp: cheat, another machine is the server", DHCP_ON("r1", "--no-ping " POOL OPTIONS), DHCP_OFF("r1"),
     LEASES, GRADING_FAIL, "not from h1:eth0: something else is a server, too"},
    {"dhcp: cheat, one address for everybody",
     DHCP_ON("h1", "--no-ping --dhcp-range=10.0.1.100,10.0.1.100,255.255.255.0 " OPTIONS), DHCP_OFF("h1"),
     LEASES, GRADING_FAIL, "no offer came back"},
    {"http: a page", WEB_ON, WEB_OFF, PAGE("8000", "path='/index.html'"), GRADING_PASS,
     "answered for /index.html"},
    {"http: the page of a folder, for a host of a name", WEB_ON, WEB_OFF, PAGE("8000", "host='www.lab.test'"),
     GRADING_PASS, "answered for /"},
    {"http: another page", WEB_ON "echo Hello >/tmp/$h2.web/index.html", WEB_OFF, PAGE("8000", ""),
     GRADING_FAIL, "does not hold \"Welcome to\". It begins with \"Hello"},
    {"http: no such page", WEB_ON, WEB_OFF, PAGE("8000", "path='/news.html'"), GRADING_FAIL,
     "status 404 instead of 200"},
    {"http: no server", NULL, NULL, PAGE("8000", ""), GRADING_FAIL, "port 8000 was refused"},
    {"http: cheat, one page for everything", NULL, NULL, PAGE("8080", ""), GRADING_FAIL,
     "A page of a random name, which can not exist, was answered with status 200"},
    {"http: cheat, the router leads requests to its own server", WEB_ON REDIRECT("tcp", "8000"),
     NFT_GONE WEB_OFF, PAGE("8000", ""), GRADING_FAIL, "something else answered"},
    {"http: cheat, the router takes the server's address", "ip -n $r1 addr add 10.0.2.10/32 dev lo",
     "ip -n $r1 addr del 10.0.2.10/32 dev lo", PAGE("8000", ""), GRADING_FAIL, "something else answered"},
};

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows)];

    for (size_t n = 0; n < ARRAY_LEN(rows); n++)
        tests[n] =
            (struct CMUnitTest){rows[n].name, test_check, NULL, check_unset, (void *)(uintptr_t)&rows[n]};
    return cmocka_run_group_tests_name("probe_service", tests, service_setup, group_teardown);
}
