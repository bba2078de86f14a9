/* Asks who has an address, as frames of our own: the kernel's neighbour table keeps the first answer and says
 * nothing of a second. */
#include "grading/probe/engine.h"
#include "grading/probe/refnet.h"
#include "labd/base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define FRAME_MIN 60

int neighbour_open(struct volley *v, struct err *e)
{
    struct sock_filter nothing[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    struct sock_fprog prog = {1, nothing};
    struct sockaddr_ll ll = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(REFNET_DEV)};
    /* Protocol 0 and a filter: it only sends, answers are read from the watch. */
    AUTO(mem_closep) int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof prog) < 0 ||
        bind(fd, (const struct sockaddr *)&ll, sizeof ll) < 0)
        return err_sys(e, "open a socket for probe '%s'", v->p->id);
    v->fd = TAKE_FD(fd);
    return 0;
}

/* RFC 826. */
static size_t arp_request(const struct volley *v, uint8_t *f)
{
    static const uint8_t head[] = {8, 6, 0, 1, 8,
                                   0, 6, 4, 0, 1}; /* ARP; Ethernet, IPv4, 6 and 4 bytes, request */

    memset(f, 0xff, 6);
    memcpy(f + 6, v->mac, 6);
    memcpy(f + 12, head, sizeof head);
    memcpy(f + 22, v->mac, 6);
    memcpy(f + 28, v->self.b, 4);
    memcpy(f + 38, v->p->to.b, 4);
    return FRAME_MIN;
}

/* RFC 4861, section 4.3, to the solicited-node address of RFC 4291, section 2.7.1. */
static size_t solicitation(const struct volley *v, uint8_t *f)
{
    enum { ETHER = 14, IP = 40, MESSAGE = 32 };
    uint8_t *ip = f + ETHER, *m = ip + IP, pseudo[IP + MESSAGE] = {0};
    const uint8_t *to = v->p->to.b;
    uint16_t sum;

    memcpy(f, (const uint8_t[]){0x33, 0x33, 0xff, to[13], to[14], to[15]}, 6);
    memcpy(f + 6, v->mac, 6);
    memcpy(f + 12, (const uint8_t[]){0x86, 0xdd}, 2);
    memcpy(ip, (const uint8_t[]){0x60, 0, 0, 0, 0, MESSAGE, IPPROTO_ICMPV6, 255}, 8);
    memcpy(ip + 8, v->self.b, 16);
    memcpy(ip + 24, (const uint8_t[]){0xff, 2, [11] = 1, 0xff, to[13], to[14], to[15]}, 16);
    m[0] = 135;
    memcpy(m + 8, to, 16);
    memcpy(m + 24, (const uint8_t[]){1, 1}, 2); /* option: the asker's link-layer address */
    memcpy(m + 26, v->mac, 6);
    memcpy(pseudo, ip + 8, 32); /* RFC 8200, section 8.1 */
    pseudo[35] = MESSAGE;
    pseudo[39] = IPPROTO_ICMPV6;
    memcpy(pseudo + IP, m, MESSAGE);
    sum = packet_checksum(pseudo, sizeof pseudo);
    m[2] = (uint8_t)(sum >> 8);
    m[3] = (uint8_t)sum;
    return ETHER + IP + MESSAGE;
}

void neighbour_fire(struct volley *v)
{
    uint8_t frame[128] = {0};
    size_t n = v->p->to.family == AF_INET ? arp_request(v, frame) : solicitation(v, frame);

    if (send(v->fd, frame, n, 0) < 0)
        snprintf(v->error, sizeof v->error, "could not send: %s", strerror(errno));
}
