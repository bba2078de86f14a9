#include "grading/probe/packet.h"

#include <string.h>
#include <sys/socket.h>

enum {
    ETHER_LEN = 14,
    TYPE_IPV4 = 0x0800,
    TYPE_ARP = 0x0806,
    TYPE_IPV6 = 0x86dd,
    TYPE_VLAN = 0x8100,
    TYPE_QINQ = 0x88a8,
    PROTO_HOPOPTS = 0,
    PROTO_ICMP = 1,
    PROTO_TCP = 6,
    PROTO_UDP = 17,
    PROTO_ROUTING = 43,
    PROTO_ICMPV6 = 58,
    PROTO_DSTOPTS = 60,
    ICMP_UNREACHABLE = 3,
    ICMPV6_UNREACHABLE = 1,
    ICMPV6_SOLICIT = 135,
    ICMPV6_ADVERT = 136,
    OPTION_TARGET_MAC = 2,
};
#define TAGS_MAX 2
#define EXT_HEADERS_MAX 8

/* What is left of the frame; take() is the only thing that moves on. */
struct cursor {
    const uint8_t *p;
    size_t n;
};

static const uint8_t *take(struct cursor *c, size_t n)
{
    const uint8_t *p = c->p;

    if (c->n < n)
        return NULL;
    c->p += n;
    c->n -= n;
    return p;
}

static uint16_t be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)be16(p) << 16 | be16(p + 2);
}

/* RFC 826. */
static bool arp(struct cursor *c, struct packet *out)
{
    static const uint8_t ether_ipv4[] = {0, 1, 8, 0, 6, 4};
    const uint8_t *h = take(c, 28);
    unsigned op;

    if (h == NULL || memcmp(h, ether_ipv4, sizeof ether_ipv4) != 0 || (op = be16(h + 6)) < 1 || op > 2)
        return false;
    out->kind = PROBE_NEIGHBOUR;
    out->reply = op == 2;
    out->src.family = out->dst.family = AF_INET;
    memcpy(out->mac, h + 8, 6);
    memcpy(out->src.b, h + 14, 4);
    memcpy(out->dst.b, h + 24, 4);
    out->data = c->p;
    return true;
}

/* RFC 4861, sections 4.3, 4.4 and 7.1.  'out->mac' is where the frame came from. */
static bool discovery(struct cursor *c, struct packet *out)
{
    const uint8_t *h = take(c, 24), *option;

    if (h == NULL || h[1] != 0 || out->ttl != 255)
        return false;
    out->kind = PROBE_NEIGHBOUR;
    out->reply = h[0] == ICMPV6_ADVERT;
    memcpy(out->reply ? out->src.b : out->dst.b, h + 8, 16);
    while ((option = take(c, 8)) != NULL && option[1] != 0) {
        if (out->reply && option[0] == OPTION_TARGET_MAC)
            memcpy(out->mac, option + 2, 6);
        if (take(c, ((size_t)option[1] - 1) * 8) == NULL)
            break;
    }
    out->data = c->p;
    return true;
}

/* RFC 791. */
static bool ipv4(struct cursor *c, struct packet *out, unsigned *proto)
{
    const uint8_t *h = take(c, 20);
    size_t head, total;

    if (h == NULL || h[0] >> 4 != 4)
        return false;
    head = (size_t)(h[0] & 15) * 4;
    total = be16(h + 2);
    if (head < 20 || total < head || (be16(h + 6) & 0x3fff) != 0)
        return false;
    if (c->n > total - 20)
        c->n = total - 20; /* padding of short frames */
    if (take(c, head - 20) == NULL)
        return false;
    out->src.family = out->dst.family = AF_INET;
    memcpy(out->src.b, h + 12, 4);
    memcpy(out->dst.b, h + 16, 4);
    out->ttl = h[8];
    *proto = h[9];
    return true;
}

/* RFC 8200. */
static bool ipv6(struct cursor *c, struct packet *out, unsigned *proto)
{
    const uint8_t *h = take(c, 40), *x;
    unsigned next;

    if (h == NULL || h[0] >> 4 != 6)
        return false;
    if (c->n > be16(h + 4))
        c->n = be16(h + 4);
    out->src.family = out->dst.family = AF_INET6;
    memcpy(out->src.b, h + 8, 16);
    memcpy(out->dst.b, h + 24, 16);
    out->ttl = h[7];
    next = h[6];
    for (int i = 0; i < EXT_HEADERS_MAX; i++) {
        if (next != PROTO_HOPOPTS && next != PROTO_ROUTING && next != PROTO_DSTOPTS) {
            *proto = next;
            return true;
        }
        if ((x = take(c, 8)) == NULL || take(c, (size_t)x[1] * 8) == NULL)
            return false;
        next = x[0];
    }
    return false;
}

static bool transport(struct cursor *c, unsigned proto, struct packet *out);

/* RFC 792, RFC 4443: after eight bytes, as much of the packet as fits. */
static bool quoted(struct cursor *c, struct packet *out)
{
    struct packet inner = {.error = true};
    bool v4 = out->src.family == AF_INET;
    unsigned proto = 0;

    if (out->error || take(c, 8) == NULL || !(v4 ? ipv4(c, &inner, &proto) : ipv6(c, &inner, &proto)) ||
        !transport(c, proto, &inner) || inner.kind == PROBE_NEIGHBOUR)
        return false;
    inner.src = out->src;
    inner.dst = out->dst;
    inner.ttl = out->ttl;
    *out = inner;
    return true;
}

static bool transport(struct cursor *c, unsigned proto, struct packet *out)
{
    const uint8_t *h;
    bool v4 = out->src.family == AF_INET;

    if (proto == (v4 ? PROTO_ICMP : PROTO_ICMPV6)) {
        unsigned request = v4 ? 8 : 128, reply = v4 ? 0 : 129;

        if (c->n > 0 && c->p[0] == (v4 ? ICMP_UNREACHABLE : ICMPV6_UNREACHABLE))
            return quoted(c, out);
        if (!v4 && c->n > 0 && (c->p[0] == ICMPV6_SOLICIT || c->p[0] == ICMPV6_ADVERT))
            return discovery(c, out);
        if ((h = take(c, 8)) == NULL || (h[0] != request && h[0] != reply))
            return false;
        out->kind = PROBE_ICMP;
        out->reply = h[0] == reply;
    } else if (proto == PROTO_UDP) {
        if ((h = take(c, 8)) == NULL)
            return false;
        out->kind = PROBE_UDP;
        out->sport = be16(h);
        out->dport = be16(h + 2);
    } else if (proto == PROTO_TCP) {
        size_t head;

        if ((h = take(c, 20)) == NULL)
            return false;
        head = (size_t)(h[12] >> 4) * 4;
        if (head < 20 || take(c, head - 20) == NULL)
            return false;
        out->kind = PROBE_TCP;
        out->sport = be16(h);
        out->dport = be16(h + 2);
        out->seq = be32(h + 4);
        out->ack = be32(h + 8);
        out->flags = h[13];
    } else {
        return false;
    }
    out->data = c->p;
    out->ndata = c->n;
    return true;
}

/* The EtherType behind VLAN tags, with 'c' at what it tells of; 0 if the frame is too short. */
static unsigned ether(struct cursor *c, struct packet *out)
{
    const uint8_t *h = take(c, ETHER_LEN);
    unsigned type;

    memset(out, 0, sizeof *out);
    if (h == NULL)
        return 0;
    memcpy(out->mac, h + 6, 6);
    type = be16(h + 12);
    for (int i = 0; i < TAGS_MAX && (type == TYPE_VLAN || type == TYPE_QINQ); i++) {
        if ((h = take(c, 4)) == NULL)
            return 0;
        type = be16(h + 2);
    }
    return type;
}

static bool network(struct cursor *c, unsigned type, struct packet *out, unsigned *proto)
{
    return type == TYPE_IPV4 ? ipv4(c, out, proto) : type == TYPE_IPV6 && ipv6(c, out, proto);
}

bool packet_parse(const uint8_t *frame, size_t n, struct packet *out)
{
    struct cursor c = {frame, n};
    struct packet p;
    unsigned type = ether(&c, &p), proto = 0;

    if (type == TYPE_ARP ? !arp(&c, &p) : !network(&c, type, &p, &proto) || !transport(&c, proto, &p))
        return false;
    *out = p;
    return true;
}

bool packet_parse_outer(const uint8_t *frame, size_t n, struct packet *out, unsigned *proto)
{
    struct cursor c = {frame, n};
    struct packet p;

    if (!network(&c, ether(&c, &p), &p, proto))
        return false;
    p.data = c.p;
    p.ndata = c.n;
    *out = p;
    return true;
}

uint16_t packet_checksum(const uint8_t *p, size_t n)
{
    uint32_t sum = 0;

    for (size_t i = 0; i + 1 < n; i += 2)
        sum += be16(p + i);
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}
