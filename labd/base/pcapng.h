/* Writes captures (draft-ietf-opsawg-pcapng), in the byte order of this machine.  Used by labctl, for what it records,
 * and labd, for the evidence of a check. */
#ifndef BASE_PCAPNG_H
#define BASE_PCAPNG_H

#include "labd/base/buf.h"

#include <stdint.h>

#define PCAPNG_ETHERNET 1 /* link type */

enum pcapng_direction { PCAPNG_UNKNOWN, PCAPNG_INBOUND, PCAPNG_OUTBOUND };

/* Each appends one block: the section, its interfaces, which are numbered from 0, and packets.  A time counts units of
 * 10^-'resolution' seconds since 1970. */
void pcapng_section(struct buf *out);
void pcapng_interface(struct buf *out, uint16_t link_type, uint32_t snap, const char *name,
                      uint8_t resolution);
/* 'captured' bytes at 'data' of a packet of 'length'.  'comment' or NULL. */
void pcapng_packet(struct buf *out, uint32_t interface, uint64_t time, const void *data, uint32_t captured,
                   uint32_t length, enum pcapng_direction direction, const char *comment);

#endif
