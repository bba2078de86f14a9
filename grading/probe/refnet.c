#include "grading/probe/refnet.h"

#include "labd/base/file.h"
#include "labd/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int refnet_enter(pid_t pid, struct err *e)
{
    char path[64];
    AUTO(mem_closep) int fd = -1;

    snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
    if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
        return err_sys(e, "open %s", path);
    if (setns(fd, CLONE_NEWNET) < 0)
        return err_sys(e, "enter the network namespace of process %d", (int)pid);
    return 0;
}

/* ---- one rtnetlink request ---- */
struct request {
    struct nlmsghdr head;
    uint8_t body[256];
};

static void *request_body(struct request *r, size_t n)
{
    r->head.nlmsg_len = (uint32_t)NLMSG_LENGTH(n);
    return NLMSG_DATA(&r->head);
}

static void request_attr(struct request *r, uint16_t type, const void *data, size_t n)
{
    struct rtattr a = {(uint16_t)RTA_LENGTH(n), type};
    uint8_t *at = r->body + NLMSG_ALIGN(r->head.nlmsg_len) - NLMSG_HDRLEN;

    memcpy(at, &a, sizeof a);
    memcpy(at + sizeof a, data, n);
    r->head.nlmsg_len = (uint32_t)(NLMSG_ALIGN(r->head.nlmsg_len) + RTA_SPACE(n));
}

/* Sends and waits for the acknowledgement; what exists already is fine. */
static int request_do(int fd, struct request *r, const char *what, struct err *e)
{
    struct {
        struct nlmsghdr head;
        struct nlmsgerr body;
        uint8_t more[512];
    } reply;
    ssize_t n;

    r->head.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
    if (send(fd, r, r->head.nlmsg_len, 0) < 0 || (n = recv(fd, &reply, sizeof reply, 0)) < 0)
        return err_sys(e, "%s", what);
    if ((size_t)n < NLMSG_LENGTH(sizeof reply.body) || reply.head.nlmsg_type != NLMSG_ERROR)
        return err_set(e, ERR_INTERNAL, "%s: unexpected answer of the kernel", what);
    if (reply.body.error != 0 && reply.body.error != -EEXIST) {
        errno = -reply.body.error;
        return err_sys(e, "%s", what);
    }
    return 0;
}

static int link_up(int fd, int ifindex, struct err *e)
{
    struct request r = {.head = {.nlmsg_type = RTM_NEWLINK}};
    struct ifinfomsg *m = request_body(&r, sizeof *m);

    m->ifi_index = ifindex;
    m->ifi_flags = m->ifi_change = IFF_UP;
    return request_do(fd, &r, "bring the reference host's interface up", e);
}

static size_t addr_len(const struct probe_addr *a)
{
    return a->family == AF_INET ? 4 : 16;
}

static int addr_add(int fd, int ifindex, const struct probe_addr *a, unsigned prefix, struct err *e)
{
    struct request r = {.head = {.nlmsg_type = RTM_NEWADDR, .nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL}};
    struct ifaddrmsg *m = request_body(&r, sizeof *m);

    m->ifa_family = (uint8_t)a->family;
    m->ifa_prefixlen = (uint8_t)prefix;
    m->ifa_flags = IFA_F_NODAD;
    m->ifa_index = (unsigned)ifindex;
    request_attr(&r, IFA_LOCAL, a->b, addr_len(a));
    request_attr(&r, IFA_ADDRESS, a->b, addr_len(a));
    return request_do(fd, &r, "give the reference host its address", e);
}

static int route_add(int fd, int ifindex, const struct probe_addr *gateway, struct err *e)
{
    struct request r = {.head = {.nlmsg_type = RTM_NEWROUTE, .nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL}};
    struct rtmsg *m = request_body(&r, sizeof *m);

    m->rtm_family = (uint8_t)gateway->family;
    m->rtm_table = RT_TABLE_MAIN;
    m->rtm_protocol = RTPROT_STATIC;
    m->rtm_scope = RT_SCOPE_UNIVERSE;
    m->rtm_type = RTN_UNICAST;
    request_attr(&r, RTA_GATEWAY, gateway->b, addr_len(gateway));
    request_attr(&r, RTA_OIF, &ifindex, sizeof ifindex);
    return request_do(fd, &r, "give the reference host its gateway", e);
}

/* Settings that make it a quiet, predictable host: it takes no advice from the students' routers, and
 * with IPv6 it says nothing on its own (no router solicitation, no duplicate address detection). */
static int quiet(bool ipv6, struct err *e)
{
    static const char *const v4[][2] = {
        {"accept_redirects", "0"}, {"secure_redirects", "0"}, {"rp_filter", "0"}};
    static const char *const v6[][2] = {{"addr_gen_mode", "1"},    {"accept_ra", "0"},
                                        {"accept_redirects", "0"}, {"router_solicitations", "0"},
                                        {"dad_transmits", "0"},    {"disable_ipv6", "0"}};
    char path[128];

    for (size_t i = 0; i < ARRAY_LEN(v4); i++) {
        snprintf(path, sizeof path, "/proc/sys/net/ipv4/conf/%s/%s", REFNET_DEV, v4[i][0]);
        if (file_write_once(path, v4[i][1], e) < 0)
            return -1;
    }
    for (size_t i = 0; ipv6 && i < ARRAY_LEN(v6); i++) {
        snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/%s", REFNET_DEV, v6[i][0]);
        if (file_write_once(path, v6[i][1], e) < 0)
            return -1;
    }
    return 0;
}

int refnet_setup(const struct probe_ref *r, struct err *e)
{
    int ifindex = (int)if_nametoindex(REFNET_DEV);
    AUTO(mem_closep) int fd = -1;

    if (ifindex == 0)
        return err_set(e, ERR_NOT_FOUND, "reference '%s' has no interface %s", r->name, REFNET_DEV);
    if ((fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)) < 0)
        return err_sys(e, "open a netlink socket");
    if (quiet(probe_ref_has(r, AF_INET6), e) < 0 || link_up(fd, ifindex, e) < 0)
        return err_wrap(e, "reference '%s'", r->name);
    for (size_t i = 0; i < r->nnets; i++) {
        if (addr_add(fd, ifindex, &r->net[i].addr, r->net[i].prefix, e) < 0)
            return err_wrap(e, "reference '%s'", r->name);
        if (r->net[i].gateway.family != 0 && route_add(fd, ifindex, &r->net[i].gateway, e) < 0)
            return err_wrap(e, "reference '%s'", r->name);
    }
    return 0;
}
