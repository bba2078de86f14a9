/* Parses a captured Ethernet frame as far as probes need it.  Used by labprobe on packets that anyone
 * in a lab may have made. */
#ifndef GRADING_PROBE_PACKET_H
#define GRADING_PROBE_PACKET_H

#include "grading/probe.h"

#define PACKET_FIN 0x01
#define PACKET_SYN 0x02
#define PACKET_RST 0x04
#define PACKET_ACK 0x10

struct packet {
    struct probe_addr src, dst;
    uint8_t ttl;
    enum probe_kind kind;
    bool reply; /* ICMP: an echo reply, else a request; NEIGHBOUR: an advertisement */
    /* The packet is destination-unreachable: 'src' and 'dst' are its own, the rest is that of the packet it quotes. */
    bool error;
    uint16_t sport, dport; /* UDP, TCP */
    uint32_t seq, ack;     /* TCP */
    uint8_t flags;         /* TCP */
    uint8_t mac[6];        /* NEIGHBOUR: where the sender says it is */
    const uint8_t *data;   /* payload, borrowed from the frame; may be cut short by the capture */
    size_t ndata;
};

/* False if it is none of echo, UDP, TCP, neighbour discovery in an unfragmented IPv4 or IPv6 packet, nor ARP, or
 * cut before its headers end.  What asks for a neighbour has the asking address as 'src' and the wanted one as
 * 'dst'; what advertises one has the advertised address as 'src'.  Checksums are not verified: the host that answers does. */
bool packet_parse(const uint8_t *frame, size_t n, struct packet *out);

/* The outermost IP packet of a frame: 'src', 'dst', 'ttl', its protocol, and in 'data' what it holds, as far as it was
 * captured; nothing else of 'out'.  False as above. */
bool packet_parse_outer(const uint8_t *frame, size_t n, struct packet *out, unsigned *proto);

/* RFC 1071; 'n' is even. */
uint16_t packet_checksum(const uint8_t *p, size_t n);

#endif
