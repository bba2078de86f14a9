#include "labd/ctl/ctl_pcapng.h"

#include <stdio.h>
#include <string.h>

#define PCAP_HEADER 24u
#define PCAP_RECORD 16u

/* Block and option types of pcapng. */
#define SECTION 0x0a0d0d0au
#define INTERFACE 1u
#define PACKET 6u
#define OPTION_NAME 2
#define OPTION_TSRESOL 9

void pcapng_init(struct pcapng *p, const char *name)
{
    *p = (struct pcapng){.in = BUF_INIT};
    snprintf(p->name, sizeof p->name, "%s", name);
}

void pcapng_clear(struct pcapng *p)
{
    buf_clear(&p->in);
}

/* A 32-bit number in the byte order of the pcap stream. */
static uint32_t get32(const struct pcapng *p, size_t at)
{
    uint32_t v;

    memcpy(&v, p->in.data + at, sizeof v);
    return p->swapped ? __builtin_bswap32(v) : v;
}

/* pcapng is written in the byte order of this machine; its magic tells which that is. */
static void put32(struct buf *b, uint32_t v)
{
    buf_add(b, &v, sizeof v);
}

static void put16(struct buf *b, uint16_t v)
{
    buf_add(b, &v, sizeof v);
}

static void padded(struct buf *b, const void *data, size_t n)
{
    static const char zero[4];

    buf_add(b, data, n);
    buf_add(b, zero, (4 - n % 4) % 4);
}

static void block(struct buf *out, uint32_t type, const struct buf *body)
{
    uint32_t length = (uint32_t)body->len + 12;

    put32(out, type);
    put32(out, length);
    buf_add(out, body->data, body->len);
    put32(out, length);
}

static int header(struct pcapng *p, struct buf *out, struct err *e)
{
    struct buf b = BUF_INIT;
    uint32_t magic = get32(p, 0);

    p->swapped = magic == 0xd4c3b2a1 || magic == 0x4d3cb2a1;
    magic = get32(p, 0);
    if (magic != 0xa1b2c3d4 && magic != 0xa1b23c4d)
        return err_set(e, ERR_PROTOCOL, "labd sent a capture that does not begin like pcap");
    p->nanoseconds = magic == 0xa1b23c4d;

    put32(&b, 0x1a2b3c4d); /* byte-order magic; version 1.0; length of the section not given */
    put16(&b, 1);
    put16(&b, 0);
    put32(&b, 0xffffffff);
    put32(&b, 0xffffffff);
    block(out, SECTION, &b);
    buf_truncate(&b, 0);

    uint8_t resolution = p->nanoseconds ? 9 : 6;
    put16(&b, (uint16_t)(get32(p, 20) & 0xffff)); /* link type */
    put16(&b, 0);
    put32(&b, get32(p, 16)); /* snapshot length */
    put16(&b, OPTION_NAME);
    put16(&b, (uint16_t)strlen(p->name));
    padded(&b, p->name, strlen(p->name));
    put16(&b, OPTION_TSRESOL);
    put16(&b, 1);
    padded(&b, &resolution, 1);
    put32(&b, 0); /* end of options */
    block(out, INTERFACE, &b);
    buf_clear(&b);
    buf_consume(&p->in, PCAP_HEADER);
    p->started = true;
    return 0;
}

/* The record at '*at' if it is whole; moves '*at' past it.  1: done; 0: more bytes are needed. */
static int record(const struct pcapng *p, size_t *at, struct buf *out, struct err *e)
{
    struct buf b = BUF_INIT;
    size_t left = p->in.len - *at;

    if (left < PCAP_RECORD)
        return 0;
    uint32_t captured = get32(p, *at + 8);
    if (captured > PCAPNG_PACKET_MAX)
        return err_set(e, ERR_PROTOCOL, "labd sent a packet of %u bytes", captured);
    if (left < PCAP_RECORD + captured)
        return 0;
    uint64_t stamp = (uint64_t)get32(p, *at) * (p->nanoseconds ? 1000000000u : 1000000u) + get32(p, *at + 4);
    put32(&b, 0); /* the interface */
    put32(&b, (uint32_t)(stamp >> 32));
    put32(&b, (uint32_t)stamp);
    put32(&b, captured);
    put32(&b, get32(p, *at + 12));
    padded(&b, p->in.data + *at + PCAP_RECORD, captured);
    block(out, PACKET, &b);
    buf_clear(&b);
    *at += PCAP_RECORD + captured;
    return 1;
}

int pcapng_feed(struct pcapng *p, const uint8_t *data, size_t n, struct buf *out, struct err *e)
{
    size_t at = 0;
    int rc = 1;

    buf_add(&p->in, data, n);
    if (!p->started && p->in.len < PCAP_HEADER)
        return 0;
    if (!p->started && header(p, out, e) < 0)
        return -1;
    while (rc > 0)
        rc = record(p, &at, out, e);
    buf_consume(&p->in, at);
    return rc;
}
