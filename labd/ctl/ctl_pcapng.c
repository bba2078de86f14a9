#include "labd/ctl/ctl_pcapng.h"

#include "labd/base/pcapng.h"

#include <stdio.h>
#include <string.h>

#define PCAP_HEADER 24u
#define PCAP_RECORD 16u

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

static int header(struct pcapng *p, struct buf *out, struct err *e)
{
    uint32_t magic = get32(p, 0);

    p->swapped = magic == 0xd4c3b2a1 || magic == 0x4d3cb2a1;
    magic = get32(p, 0);
    if (magic != 0xa1b2c3d4 && magic != 0xa1b23c4d)
        return err_set(e, ERR_PROTOCOL, "labd sent a capture that does not begin like pcap");
    p->nanoseconds = magic == 0xa1b23c4d;

    pcapng_section(out);
    pcapng_interface(out, (uint16_t)(get32(p, 20) & 0xffff), get32(p, 16), p->name, p->nanoseconds ? 9 : 6);
    buf_consume(&p->in, PCAP_HEADER);
    p->started = true;
    return 0;
}

/* The record at '*at' if it is whole; moves '*at' past it.  1: done; 0: more bytes are needed. */
static int record(const struct pcapng *p, size_t *at, struct buf *out, struct err *e)
{
    size_t left = p->in.len - *at;

    if (left < PCAP_RECORD)
        return 0;
    uint32_t captured = get32(p, *at + 8);
    if (captured > PCAPNG_PACKET_MAX)
        return err_set(e, ERR_PROTOCOL, "labd sent a packet of %u bytes", captured);
    if (left < PCAP_RECORD + captured)
        return 0;
    uint64_t stamp = (uint64_t)get32(p, *at) * (p->nanoseconds ? 1000000000u : 1000000u) + get32(p, *at + 4);
    pcapng_packet(out, 0, stamp, p->in.data + *at + PCAP_RECORD, captured, get32(p, *at + 12), PCAPNG_UNKNOWN,
                  NULL);
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
