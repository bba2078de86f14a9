/* A stream of pcap bytes as pcapng.  Used by cmd_capture.c.
 *
 * labhost sends classic pcap (draft-ietf-opsawg-pcap), which any libpcap writes; what users keep is
 * pcapng (draft-ietf-opsawg-pcapng), which also names the wire. */
#ifndef CTL_CTL_PCAPNG_H
#define CTL_CTL_PCAPNG_H

#include "labd/base/buf.h"
#include "labd/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCAPNG_PACKET_MAX (256u << 10) /* the largest snapshot length of libpcap */

struct pcapng {
    struct buf in; /* not yet a whole header or record */
    char name[64]; /* of the interface */
    bool started, swapped, nanoseconds;
};

void pcapng_init(struct pcapng *p, const char *name);
/* Takes 'n' more bytes of pcap and appends to 'out' what they mean.  ERR_PROTOCOL if it is not pcap. */
int pcapng_feed(struct pcapng *p, const uint8_t *data, size_t n, struct buf *out, struct err *e) MUST_CHECK;
void pcapng_clear(struct pcapng *p);

#endif
