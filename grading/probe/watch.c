#include "grading/probe/watch.h"

#include "labd/base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RECEIVE_BUFFER (8 << 20)
#define BRIDGES 0x0180c200u /* 01:80:c2:00:00:0x are for bridges alone: IEEE 802.1D-2004, 7.12.6 */

static struct sock_filter stmt(unsigned code, uint32_t k)
{
    return (struct sock_filter)BPF_STMT((uint16_t)code, k);
}

static struct sock_filter jump(unsigned code, uint32_t k, uint8_t t, uint8_t f)
{
    return (struct sock_filter)BPF_JUMP((uint16_t)code, k, t, f);
}

/* "Accept if the word loaded last is that of one of the addresses."  Each comparison is followed by
 * its own return, so that no jump is longer than the 255 instructions that classic BPF allows. */
static size_t match_word(const struct watch_want *want, int family, struct sock_filter *out)
{
    size_t n = 0;

    for (size_t i = 0; i < want->naddrs; i++) {
        const uint8_t *b = want->addrs[i].b + (family == AF_INET ? 0 : 12);

        if (want->addrs[i].family != family)
            continue;
        out[n++] = jump(BPF_JMP | BPF_JEQ | BPF_K,
                        (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3], 0, 1);
        out[n++] = stmt(BPF_RET | BPF_K, WATCH_SNAP);
    }
    return n;
}

size_t watch_filter(const struct watch_want *want, struct sock_filter *out)
{
    size_t n = 0, skip;

    if (want->all) {
        out[n++] = stmt(BPF_RET | BPF_K, WATCH_SNAP);
        return n;
    }
    if (want->bpdu) {
        out[n++] = stmt(BPF_LD | BPF_W | BPF_ABS, 0);
        out[n++] = jump(BPF_JMP | BPF_JEQ | BPF_K, BRIDGES, 0, 1);
        out[n++] = stmt(BPF_RET | BPF_K, WATCH_SNAP);
    }
    out[n++] = stmt(BPF_LD | BPF_H | BPF_ABS, 12);
    out[n++] = jump(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_8021Q, 0, 1);
    out[n++] = stmt(BPF_RET | BPF_K, WATCH_SNAP);
    out[n++] = jump(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 4, 0);
    out[n++] = jump(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 4, 0);
    out[n++] = jump(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_ARP, 0, 1);
    out[n++] = stmt(BPF_RET | BPF_K, want->arp ? WATCH_SNAP : 0);
    out[n++] = stmt(BPF_RET | BPF_K, 0);
    skip = n;
    out[n++] = stmt(BPF_JMP | BPF_JA, 0); /* to the IPv6 part; the distance is set below */
    out[n++] = stmt(BPF_LD | BPF_W | BPF_ABS, 26);
    n += match_word(want, AF_INET, out + n);
    out[n++] = stmt(BPF_LD | BPF_W | BPF_ABS, 30);
    n += match_word(want, AF_INET, out + n);
    out[n++] = stmt(BPF_RET | BPF_K, 0);
    out[skip].k = (uint32_t)(n - skip - 1);
    out[n++] = stmt(BPF_LD | BPF_W | BPF_ABS, 34); /* the last word is enough for a first look */
    n += match_word(want, AF_INET6, out + n);
    out[n++] = stmt(BPF_LD | BPF_W | BPF_ABS, 50);
    n += match_word(want, AF_INET6, out + n);
    out[n++] = stmt(BPF_RET | BPF_K, 0);
    return n;
}

int watch_open(const char *dev, const char *port, bool outgoing_is_in, const struct watch_want *want,
               struct watch *out, struct err *e)
{
    struct sock_filter code[WATCH_FILTER_MAX];
    struct sock_fprog prog = {0, code};
    struct sockaddr_ll ll = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    AUTO(mem_closep) int fd = -1;
    int on = 1, size = RECEIVE_BUFFER;

    if (want->naddrs > WATCH_ADDRS_MAX)
        return err_set(e, ERR_INTERNAL, "too many addresses to watch");
    prog.len = (unsigned short)watch_filter(want, code);
    if ((ll.sll_ifindex = (int)if_nametoindex(dev)) == 0)
        return err_set(e, ERR_NOT_FOUND, "port '%s': there is no device '%s' on this machine", port, dev);
    /* Protocol 0: nothing is received before the filter is in place and the device is bound. */
    fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof prog) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) < 0 ||
        bind(fd, (const struct sockaddr *)&ll, sizeof ll) < 0)
        return err_sys(e, "watch port '%s'", port);
    memset(out, 0, sizeof *out);
    out->fd = TAKE_FD(fd);
    snprintf(out->port, sizeof out->port, "%s", port);
    out->outgoing_is_in = outgoing_is_in;
    out->all = want->all;
    return 0;
}

void watch_close(struct watch *w)
{
    mem_closep(&w->fd);
    w->fd = -1;
}

size_t watch_read(struct watch *w, void *buf, int64_t *t_ns, bool *in)
{
    char control[CMSG_SPACE(sizeof(struct timespec)) + 64];
    struct sockaddr_ll from = {0};
    struct iovec iov = {buf, WATCH_SNAP};
    struct msghdr m = {.msg_name = &from,
                       .msg_namelen = sizeof from,
                       .msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof control};
    struct timespec t;
    ssize_t n;

    do
        n = recvmsg(w->fd, &m, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return 0;
    clock_gettime(CLOCK_REALTIME, &t);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
            memcpy(&t, CMSG_DATA(c), sizeof t);
    *t_ns = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
    *in = (from.sll_pkttype == PACKET_OUTGOING) == w->outgoing_is_in;
    return (size_t)n;
}

uint64_t watch_lost(struct watch *w)
{
    struct tpacket_stats s = {0};
    socklen_t n = sizeof s;

    return getsockopt(w->fd, SOL_PACKET, PACKET_STATISTICS, &s, &n) == 0 ? s.tp_drops : 0;
}
