/* DHCP (RFC 2131) as a client that nobody has seen before: it broadcasts DISCOVER, asks for the first address that it
 * is offered, and gives the address back when all is over, so that no lease stays.
 *
 * The nonce of a client is its hardware address and the transaction's id, which servers repeat.  Frames are made by
 * hand: the kernel sends nothing from 0.0.0.0, nor with an address that is not the interface's. */
#include "grading/probe/engine.h"
#include "grading/probe/refnet.h"
#include "grading/probe/speech.h"
#include "labd/base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { CLIENT = 68, SERVER = 67 };
/* Places in a message, and in it before the options. */
enum {
    OP,
    HTYPE,
    HLEN,
    XID = 4,
    FLAGS = 10,
    CIADDR = 12,
    YIADDR = 16,
    CHADDR = 28,
    COOKIE = 236,
    OPTIONS = 240
};
enum { MESSAGE = 300 }; /* the least that BOOTP allowed, RFC 1542, section 2.1 */
enum { BOOTREQUEST = 1, BOOTREPLY = 2 };
enum { DISCOVER = 1, REQUEST = 3, RELEASE = 7 };
/* RFC 2132 */
enum {
    PAD = 0,
    MASK = 1,
    ROUTERS = 3,
    NAME_SERVERS = 6,
    DOMAIN = 15,
    WANTED_ADDRESS = 50,
    LEASE_TIME = 51,
    TYPE = 53,
    SERVER_ID = 54,
    WANTED_OPTIONS = 55,
    END = 255
};
#define ANSWER_MAX 2048 /* bytes: a frame and more */
#define ADDRESSES_MAX 4 /* of one option */
#define FRAME_SIZE (sizeof(struct ethhdr) + 20 + 8 + MESSAGE)

static const uint8_t cookie[] = {99, 130, 83, 99};

/* Locally administered, as those of the guests are. */
static void client_mac(const struct shot *s, uint8_t out[6])
{
    out[0] = 2;
    memcpy(out + 1, s->nonce + 4, 5);
}

/* ---- what the client says ---- */
static size_t option(uint8_t *at, uint8_t code, const void *data, size_t n)
{
    at[0] = code;
    at[1] = (uint8_t)n;
    memcpy(at + 2, data, n);
    return 2 + n;
}

/* Into s->tx. */
static void message(struct shot *s, uint8_t type)
{
    static const uint8_t wanted[] = {MASK, ROUTERS, NAME_SERVERS, DOMAIN, LEASE_TIME};
    uint8_t m[MESSAGE] = {[OP] = BOOTREQUEST, [HTYPE] = 1, [HLEN] = 6}, *o = m + OPTIONS;

    memcpy(m + XID, s->nonce, 4);
    client_mac(s, m + CHADDR);
    memcpy(m + COOKIE, cookie, sizeof cookie);
    o += option(o, TYPE, &type, 1);
    if (type != DISCOVER)
        o += option(o, SERVER_ID, s->server, 4);
    if (type == RELEASE) {
        memcpy(m + CIADDR, s->lease, 4);
    } else {
        m[FLAGS] = 0x80; /* it has no address yet: answers are broadcast, section 4.1 */
        o += option(o, WANTED_OPTIONS, wanted, sizeof wanted);
    }
    if (type == REQUEST)
        o += option(o, WANTED_ADDRESS, s->lease, 4);
    *o = END;
    buf_truncate(&s->tx, 0);
    buf_add(&s->tx, m, sizeof m);
}

static int request(const struct probe *p, struct shot *s, struct err *e)
{
    (void)p, (void)e;
    message(s, DISCOVER);
    return 0;
}

static bool belongs(const struct shot *s, const uint8_t *data, size_t n, bool *reply)
{
    uint8_t mac[6];

    client_mac(s, mac);
    if (n < OPTIONS || data[HTYPE] != 1 || data[HLEN] != sizeof mac || memcmp(data + XID, s->nonce, 4) != 0 ||
        memcmp(data + CHADDR, mac, sizeof mac) != 0 || memcmp(data + COOKIE, cookie, sizeof cookie) != 0)
        return false;
    *reply = data[OP] == BOOTREPLY;
    return true;
}

/* ---- what a server says ---- */
struct options {
    const uint8_t *v[END];
    uint8_t n[END];
};

/* Of a code that comes twice the first counts. */
static bool options_read(const uint8_t *p, size_t n, struct options *o)
{
    memset(o, 0, sizeof *o);
    while (n > 0 && *p != END) {
        uint8_t code = *p++;

        n--;
        if (code == PAD)
            continue;
        if (n == 0 || *p > n - 1)
            return false;
        if (o->v[code] == NULL) {
            o->v[code] = p + 1;
            o->n[code] = *p;
        }
        n -= (size_t)*p + 1;
        p += (size_t)*p + 1;
    }
    return true;
}

static void value_add(struct probe_answer *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void value_add(struct probe_answer *a, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    if (a->nvalues < PROBE_VALUES_MAX)
        vsnprintf(a->values[a->nvalues++], sizeof a->values[0], fmt, ap);
    va_end(ap);
}

static bool addresses(struct probe_answer *a, const char *what, const struct options *o, unsigned code)
{
    char text[INET_ADDRSTRLEN];

    for (unsigned i = 0; i + 4 <= o->n[code] && i < 4 * ADDRESSES_MAX; i += 4)
        value_add(a, "%s %s", what, inet_ntop(AF_INET, o->v[code] + i, text, sizeof text));
    return o->n[code] % 4 == 0;
}

/* In lower case, with what is not printable as '?'; some servers end it with a NUL or a dot. */
static void domain(struct probe_answer *a, const struct options *o)
{
    char text[UINT8_MAX + 1] = "";
    size_t n = o->n[DOMAIN];

    while (n > 0 && (o->v[DOMAIN][n - 1] == '\0' || o->v[DOMAIN][n - 1] == '.'))
        n--;
    for (size_t i = 0; i < n; i++) {
        char c = (char)o->v[DOMAIN][i];

        text[i] = c < 0x20 || c > 0x7e ? '?' : c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
    if (n > 0)
        value_add(a, "domain %s", text);
}

/* All that an OFFER or an ACK holds. */
static bool take_apart(const uint8_t *data, const struct options *o, struct probe_answer *a)
{
    static const uint8_t none[4];
    char text[INET_ADDRSTRLEN];

    if (o->n[SERVER_ID] != 4 || memcmp(data + YIADDR, none, sizeof none) == 0)
        return false;
    if (a->values == NULL)
        a->values = xcalloc(PROBE_VALUES_MAX, sizeof *a->values);
    a->nvalues = 0;
    value_add(a, "address %s", inet_ntop(AF_INET, data + YIADDR, text, sizeof text));
    domain(a, o);
    return addresses(a, "server", o, SERVER_ID) && addresses(a, "mask", o, MASK) &&
           addresses(a, "router", o, ROUTERS) && addresses(a, "dns", o, NAME_SERVERS);
}

static bool bad(struct probe_answer *a)
{
    free(a->values);
    *a = (struct probe_answer){.code = PROBE_ANSWER_BAD};
    return true;
}

/* An offer is taken, and not yet the end; what others say meanwhile does not matter. */
static bool answer(const struct probe *p, struct shot *s, bool closed)
{
    const uint8_t *data = (const uint8_t *)buf_str(&s->rx);
    struct probe_answer *a = &s->s.answer;
    struct options o;
    bool reply = false;
    int type;

    (void)p, (void)closed;
    if (!belongs(s, data, s->rx.len, &reply) || !reply || a->code == PROBE_ANSWER_BAD)
        return false;
    if (!options_read(data + OPTIONS, s->rx.len - OPTIONS, &o) || o.n[TYPE] != 1)
        return bad(a);
    type = o.v[TYPE][0];
    if (a->code == PROBE_ANSWER_NONE && type == PROBE_DHCP_OFFER) {
        if (!take_apart(data, &o, a))
            return bad(a);
        memcpy(s->lease, data + YIADDR, sizeof s->lease);
        memcpy(s->server, o.v[SERVER_ID], sizeof s->server);
        message(s, REQUEST);
        a->code = type;
        return false;
    }
    if (a->code != PROBE_DHCP_OFFER || (type != PROBE_DHCP_ACK && type != PROBE_DHCP_NAK) ||
        o.n[SERVER_ID] != 4 || memcmp(o.v[SERVER_ID], s->server, sizeof s->server) != 0)
        return false;
    if (type == PROBE_DHCP_ACK) {
        if (!take_apart(data, &o, a))
            return bad(a);
        memcpy(s->lease, data + YIADDR, sizeof s->lease);
    }
    a->code = type;
    return true;
}

const struct speech speech_dhcp = {
    .answer_max = ANSWER_MAX,
    .request = request,
    .belongs = belongs,
    .answer = answer,
};

/* ---- on the wire ---- */
static int listen_open(const struct volley *v, struct err *e)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, sizeof(struct ethhdr) + 9), /* the protocol */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 3),
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, sizeof(struct ethhdr)), /* X: length of the IP header */
        BPF_STMT(BPF_LD | BPF_H | BPF_IND, sizeof(struct ethhdr) + 2),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CLIENT, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, ANSWER_MAX),
    };
    struct sock_fprog prog = {ARRAY_LEN(code), code};
    struct sockaddr_ll ll = {.sll_family = AF_PACKET,
                             .sll_protocol = htons(ETH_P_IP),
                             .sll_ifindex = (int)if_nametoindex(REFNET_DEV)};
    AUTO(mem_closep) int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof prog) < 0 ||
        bind(fd, (const struct sockaddr *)&ll, sizeof ll) < 0)
        return err_sys(e, "open a socket for probe '%s'", v->p->id);
    return TAKE_FD(fd);
}

int dhcp_open(struct volley *v, struct err *e)
{
    for (unsigned i = 0; i < v->p->count; i++)
        if ((v->shots[i].fd = listen_open(v, e)) < 0)
            return -1;
    return neighbour_open(v, e); /* which sends frames */
}

static void send_message(struct volley *v, const struct shot *s, const uint8_t to[6], const uint8_t src[4],
                         const uint8_t dst[4])
{
    enum { INNER = 8 + MESSAGE, LENGTH = 20 + INNER };
    uint8_t f[FRAME_SIZE] = {0}, *ip = f + sizeof(struct ethhdr), *udp = ip + 20;
    uint16_t sum;

    memcpy(f, to, 6);
    client_mac(s, f + 6);
    f[12] = ETH_P_IP >> 8;
    memcpy(ip, (const uint8_t[]){0x45, 0x10, LENGTH >> 8, LENGTH & 0xff}, 4);
    ip[8] = v->p->ttl;
    ip[9] = IPPROTO_UDP;
    memcpy(ip + 12, src, 4);
    memcpy(ip + 16, dst, 4);
    sum = packet_checksum(ip, 20);
    ip[10] = (uint8_t)(sum >> 8);
    ip[11] = (uint8_t)sum;
    /* The last two: no checksum, RFC 768. */
    memcpy(udp, (const uint8_t[]){0, CLIENT, 0, SERVER, INNER >> 8, INNER & 0xff, 0, 0}, 8);
    memcpy(udp + 8, s->tx.data, MESSAGE);
    if (send(v->fd, f, sizeof f, 0) < 0)
        snprintf(v->error, sizeof v->error, "could not send: %s", strerror(errno));
}

void dhcp_fire(struct volley *v, struct shot *s)
{
    static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, nobody[4];

    send_message(v, s, everybody, nobody, everybody);
}

size_t dhcp_unwrap(struct shot *s, uint8_t *frame, size_t n)
{
    struct packet p;
    bool reply;

    if (!packet_parse(frame, n, &p) || p.kind != PROBE_UDP || p.error || p.sport != SERVER ||
        !belongs(s, p.data, p.ndata, &reply))
        return 0;
    memcpy(s->server_mac, p.mac, sizeof s->server_mac);
    memmove(frame, p.data, p.ndata);
    return p.ndata;
}

void dhcp_release(struct volley *v)
{
    for (unsigned i = 0; i < v->fired; i++) {
        struct shot *s = &v->shots[i];

        if (s->s.answer.code != PROBE_DHCP_ACK)
            continue;
        message(s, RELEASE);
        send_message(v, s, s->server_mac, s->lease, s->server);
    }
}
