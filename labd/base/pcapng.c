#include "labd/base/pcapng.h"

#include "labd/base/mem.h"

#include <string.h>

/* Block and option types. */
#define SECTION 0x0a0d0d0au
#define INTERFACE 1u
#define PACKET 6u
#define OPTION_COMMENT 1
#define OPTION_NAME 2  /* of an interface */
#define OPTION_FLAGS 2 /* of a packet */
#define OPTION_TSRESOL 9
#define BYTE_ORDER_MAGIC 0x1a2b3c4du

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

static void option(struct buf *b, uint16_t type, const void *data, size_t n)
{
    put16(b, type);
    put16(b, (uint16_t)n);
    padded(b, data, n);
}

static void block(struct buf *out, uint32_t type, const struct buf *body)
{
    uint32_t length = (uint32_t)body->len + 12;

    put32(out, type);
    put32(out, length);
    buf_add(out, body->data, body->len);
    put32(out, length);
}

void pcapng_section(struct buf *out)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;

    put32(&b, BYTE_ORDER_MAGIC);
    put16(&b, 1); /* version 1.0 */
    put16(&b, 0);
    put32(&b, 0xffffffff); /* length of the section not given */
    put32(&b, 0xffffffff);
    block(out, SECTION, &b);
}

void pcapng_interface(struct buf *out, uint16_t link_type, uint32_t snap, const char *name,
                      uint8_t resolution)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;

    put16(&b, link_type);
    put16(&b, 0);
    put32(&b, snap);
    option(&b, OPTION_NAME, name, strlen(name));
    option(&b, OPTION_TSRESOL, &resolution, 1);
    put32(&b, 0); /* end of options */
    block(out, INTERFACE, &b);
}

void pcapng_packet(struct buf *out, uint32_t interface, uint64_t time, const void *data, uint32_t captured,
                   uint32_t length, enum pcapng_direction direction, const char *comment)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    uint32_t flags = direction;

    put32(&b, interface);
    put32(&b, (uint32_t)(time >> 32));
    put32(&b, (uint32_t)time);
    put32(&b, captured);
    put32(&b, length);
    padded(&b, data, captured);
    if (direction != PCAPNG_UNKNOWN)
        option(&b, OPTION_FLAGS, &flags, sizeof flags);
    if (comment != NULL)
        option(&b, OPTION_COMMENT, comment, strlen(comment));
    if (direction != PCAPNG_UNKNOWN || comment != NULL)
        put32(&b, 0);
    block(out, PACKET, &b);
}
