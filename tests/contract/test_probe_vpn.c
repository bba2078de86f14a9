/* The check 'vpn' on a real network of namespaces, through tunnels that encrypt, some that do not, and traffic beside
 * them.  Needs root.  The tunnels are programs of ours, for not every kernel has IPsec. */
#include "tests/contract/check_fixture.c" /* NOLINT(bugprone-suspicious-include) */

#include <arpa/inet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sodium.h>
#include <sys/ioctl.h>

#define TUNNEL_UDP 51820
#define TUNNEL_ESP 50 /* the protocol number in place of a port */
#define HEAD ((size_t)8)
#define WEST "192.0.2.1"
#define EAST "192.0.2.2"

/* An Internet socket between the two ends that carries what the tunnel makes. */
static int carrier(const char *self, const char *peer, uint16_t port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port == TUNNEL_ESP ? 0 : port)};
    int fd = port == TUNNEL_ESP ? socket(AF_INET, SOCK_RAW, IPPROTO_ESP) : socket(AF_INET, SOCK_DGRAM, 0);

    inet_pton(AF_INET, self, &in.sin_addr);
    if (fd < 0 || bind(fd, (struct sockaddr *)&in, sizeof in) < 0)
        _exit(1);
    inet_pton(AF_INET, peer, &in.sin_addr);
    if (connect(fd, (struct sockaddr *)&in, sizeof in) < 0)
        _exit(1);
    return fd;
}

/* Each packet becomes: eight bytes as ESP has them, a nonce, the packet under authenticated encryption. */
static void tunnel(const char *self, const char *peer, uint16_t port)
{
    static const uint8_t key[crypto_secretbox_KEYBYTES] = {1};
    struct ifreq ifr = {.ifr_name = "tun0", .ifr_flags = IFF_TUN | IFF_NO_PI};
    int tun = open("/dev/net/tun", O_RDWR), fd = carrier(self, peer, port);
    uint8_t plain[2048], wire[2048], *nonce = wire + HEAD, *box = nonce + crypto_secretbox_NONCEBYTES;
    const size_t more = HEAD + crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;

    if (tun < 0 || ioctl(tun, TUNSETIFF, &ifr) < 0)
        _exit(1);
    (void)!write(9, "1", 1);
    for (;;) {
        struct pollfd p[2] = {{tun, POLLIN, 0}, {fd, POLLIN, 0}};
        ssize_t n;

        poll(p, 2, -1);
        if (p[0].revents != 0 && (n = read(tun, plain, sizeof plain - more)) > 0) {
            memset(wire, 7, HEAD);
            randombytes_buf(nonce, crypto_secretbox_NONCEBYTES);
            crypto_secretbox_easy(box, plain, (size_t)n, nonce, key);
            (void)!send(fd, wire, (size_t)n + more, 0);
        }
        if (p[1].revents != 0 && (n = read(fd, wire, sizeof wire)) > 0) {
            size_t ip = port == TUNNEL_ESP ? (size_t)(wire[0] & 15) * 4 : 0, size = (size_t)n - ip;

            memmove(wire, wire + ip, size); /* a raw socket shows the IP header, too */
            if (size > more && crypto_secretbox_open_easy(plain, box, size - more + crypto_secretbox_MACBYTES,
                                                          nonce, key) == 0)
                (void)!write(tun, plain, size - more);
        }
    }
}

static void tunnel_west(uint16_t port)
{
    tunnel(WEST, EAST, port);
}

static void tunnel_east(uint16_t port)
{
    tunnel(EAST, WEST, port);
}

static const char topology[] =
    "<topology name='t'><router name='r1'><interface name='eth0' network='lan'/><interface name='eth2'/></router>"
    "<router name='r2'><interface name='eth0'/><interface name='eth1' network='lan3'/></router>"
    "<network name='lan'/><network name='lan3'/><link name='wan' a='r1:eth2' b='r2:eth0'/></topology>";
static const char head[] =
    "<exercise id='x' title='X'><summary>s</summary><topology file='t.xml'/><grading>"
    "<reference name='refa' at='lan' address='10.0.1.250/24' gateway='10.0.1.1' address6='fd00:1::fa/64' gateway6='fd00:1::1'/>"
    "<reference name='refc' at='lan3' address='10.0.3.250/24' gateway='10.0.3.1' address6='fd00:3::fa/64' gateway6='fd00:3::1'/>"
    "<check id='c' title='t' points='1' kind='vpn' from='refa' to='refc' across='wan' ";

#define UDP "outer='udp' outer-port='51820'"
#define ESP "outer='esp'"
#define ROUTES(west, east) \
    "ip -n $r1 route add 10.0.3.0/24 " west "; ip -n $r2 route add 10.0.1.0/24 " east "\n"
#define THROUGH "for x in $r1 $r2; do ip -n $x link set tun0 up; done\n" ROUTES("dev tun0", "dev tun0")
#define BESIDE ROUTES("via " EAST, "via " WEST)
#define VXLAN(router, self, peer, inner) \
    "ip -n " router " link add vx type vxlan id 7 dstport 51820 local " self " remote " peer \
    "; ip -n " router " addr add " inner "/30 dev vx; ip -n " router " link set vx up\n"

static const struct row {
    const char *name;
    uint16_t tunnel; /* 0: none */
    const char *set, *outer;
    enum grading_status status;
    const char *observed;
} rows[] = {
    {"an encrypting tunnel over UDP", TUNNEL_UDP, THROUGH, UDP, GRADING_PASS,
     "on the way UDP port 51820 crossed"},
    {"an encrypting tunnel as ESP", TUNNEL_ESP, THROUGH, ESP, GRADING_PASS, "on the way ESP crossed"},
    {"another protocol than asked for", TUNNEL_UDP, THROUGH, ESP, GRADING_FAIL, "no packet of ESP"},
    {"another port than asked for", TUNNEL_UDP, THROUGH, "outer='udp' outer-port='4500'", GRADING_FAIL,
     "no packet of UDP port 4500"},
    {"cheat, a plain route", 0, BESIDE, UDP, GRADING_FAIL, "could be read on link wan"},
    {"cheat, a plain route beside the tunnel", TUNNEL_UDP, BESIDE, UDP, GRADING_FAIL,
     "could be read on link wan, in a packet from 10.0.1.250 to 10.0.3.250"},
    {"cheat, the answers go beside the tunnel", TUNNEL_UDP,
     "for x in $r1 $r2; do ip -n $x link set tun0 up; done\n" ROUTES("dev tun0", "via " WEST), UDP,
     GRADING_FAIL, "could be read on link wan, in a packet from 10.0.3.250 to 10.0.1.250"},
    {"cheat, a tunnel that does not encrypt", 0,
     VXLAN("$r1", WEST, EAST, "10.9.0.1") VXLAN("$r2", EAST, WEST, "10.9.0.2")
         ROUTES("via 10.9.0.2", "via 10.9.0.1"),
     UDP, GRADING_FAIL, "could be read on link wan, in a packet from 192.0.2.1 to 192.0.2.2"},
    {"no way at all", 0, NULL, UDP, GRADING_FAIL, "did not arrive"},
};

static pid_t ends[2];

static void row_end(void)
{
    for (int i = 0; i < 2; i++) {
        if (ends[i] > 0 && kill(ends[i], SIGKILL) == 0)
            waitpid(ends[i], NULL, 0);
        ends[i] = 0;
    }
}

static int row_unset(void **state)
{
    (void)state;
    row_end(); /* and tun0 with them */
    return shell(
        "ip -n $r1 route del 10.0.3.0/24 2>/dev/null || true; ip -n $r2 route del 10.0.1.0/24 2>/dev/null || true\n"
        "for x in $r1 $r2; do ip -n $x link del vx 2>/dev/null || true; done");
}

static void test_row(void **state)
{
    const struct row *row = *state;
    AUTO(mem_freep) char *xml = xasprintf("%s%s/></grading></exercise>", head, row->outer);

    if (row->tunnel != 0) {
        ends[0] = child_in(R1, tunnel_west, row->tunnel);
        ends[1] = child_in(R2, tunnel_east, row->tunnel);
    }
    assert_int_equal(shell(row->set), 0);
    check_judged(xml, topology, row->status, row->observed);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows)];

    if (sodium_init() < 0)
        return 1;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[i] = (struct CMUnitTest){rows[i].name, test_row, NULL, row_unset, (void *)(uintptr_t)&rows[i]};
    return cmocka_run_group_tests_name("probe_vpn", tests, group_setup, group_teardown);
}
