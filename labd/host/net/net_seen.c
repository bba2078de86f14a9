/* What the kernel has: one rtnetlink dump (rtnetlink(7)) instead of a look per device.  Only reads; all
 * changes go through "ip" and "tc". */
#include "labd/host/net/net_impl.h"

#include "labd/base/mem.h"

#include <errno.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAX 65536u /* the kernel fills at most 32 KiB per datagram of a dump */

static int netlink_open(struct err *e)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd < 0)
        err_sys(e, "open a netlink socket");
    return fd;
}

static void read_text(struct rtattr *a, char *out, size_t size)
{
    snprintf(out, size, "%.*s", (int)RTA_PAYLOAD(a), (char *)RTA_DATA(a));
}

static void read_link(struct nlmsghdr *h, const char *prefix, struct net_seen *out)
{
    struct ifinfomsg *info = NLMSG_DATA(h);
    struct net_dev d = {.nsid = -1, .up = info->ifi_flags & IFF_UP};
    int len = (int)IFLA_PAYLOAD(h);

    for (struct rtattr *a = IFLA_RTA(info); RTA_OK(a, len); a = RTA_NEXT(a, len)) {
        switch (a->rta_type) {
        case IFLA_IFNAME:
            read_text(a, d.name, sizeof d.name);
            break;
        case IFLA_IFALIAS:
            read_text(a, d.alias, sizeof d.alias);
            break;
        case IFLA_QDISC:
            read_text(a, d.qdisc, sizeof d.qdisc);
            break;
        case IFLA_MTU:
            memcpy(&d.mtu, RTA_DATA(a), sizeof d.mtu);
            break;
        case IFLA_LINK_NETNSID:
            memcpy(&d.nsid, RTA_DATA(a), sizeof d.nsid);
            break;
        default:
            break;
        }
    }
    if (strncmp(d.name, prefix, strlen(prefix)) != 0)
        return;
    XGROW(out->v, out->n, out->cap);
    out->v[out->n++] = d;
}

static int order(const void *a, const void *b)
{
    const struct net_dev *x = a, *y = b;

    return strcmp(x->name, y->name);
}

/* Reads datagrams until the end of the dump.  1: finished, 0: more to come, -1: 'e'. */
static int read_answer(int fd, char *space, const char *prefix, struct net_seen *out, struct err *e)
{
    ssize_t got = recv(fd, space, ANSWER_MAX, 0);

    if (got < 0)
        return errno == EINTR ? 0 : err_sys(e, "read the network devices");
    size_t len = (size_t)got;
    for (struct nlmsghdr *h = (struct nlmsghdr *)(void *)space; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len)) {
        if (h->nlmsg_type == NLMSG_DONE)
            return 1;
        if (h->nlmsg_type == NLMSG_ERROR) {
            errno = -((struct nlmsgerr *)NLMSG_DATA(h))->error;
            return err_sys(e, "read the network devices");
        }
        if (h->nlmsg_type == RTM_NEWLINK)
            read_link(h, prefix, out);
    }
    return 0;
}

int net_seen_read(const char *prefix, struct net_seen *out, struct err *e)
{
    struct {
        struct nlmsghdr h;
        struct ifinfomsg info;
    } ask = {.h = {.nlmsg_len = sizeof ask,
                   .nlmsg_type = RTM_GETLINK,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                   .nlmsg_seq = 1}};
    AUTO(net_seen_clear) struct net_seen seen = {0};
    AUTO(mem_closep) int fd = netlink_open(e);
    AUTO(mem_freep) char *space = xcalloc(1, ANSWER_MAX);
    int rc;

    if (fd < 0)
        return -1;
    if (send(fd, &ask, sizeof ask, 0) < 0)
        return err_sys(e, "ask for the network devices");
    while ((rc = read_answer(fd, space, prefix, &seen, e)) == 0) {
    }
    if (rc < 0)
        return -1;
    if (seen.n > 0)
        qsort(seen.v, seen.n, sizeof *seen.v, order);
    *out = seen;
    seen = (struct net_seen){0};
    return 0;
}

const struct net_dev *net_seen_find(const struct net_seen *s, const char *name)
{
    struct net_dev key = {0};

    if (s->n == 0)
        return NULL;
    snprintf(key.name, sizeof key.name, "%s", name);
    return bsearch(&key, s->v, s->n, sizeof *s->v, order);
}

void net_seen_clear(struct net_seen *s)
{
    free(s->v);
    *s = (struct net_seen){0};
}

int net_seen_nsid(pid_t pid, int *out, struct err *e)
{
    struct {
        struct nlmsghdr h;
        struct rtgenmsg gen;
        char pad[3];
        struct rtattr a;
        uint32_t pid;
    } ask = {.h = {.nlmsg_len = sizeof ask, .nlmsg_type = RTM_GETNSID, .nlmsg_flags = NLM_F_REQUEST},
             .a = {.rta_len = RTA_LENGTH(sizeof ask.pid), .rta_type = NETNSA_PID},
             .pid = (uint32_t)pid};
    _Alignas(struct nlmsghdr) char space[1024];
    AUTO(mem_closep) int fd = netlink_open(e);

    if (fd < 0)
        return -1;
    if (send(fd, &ask, sizeof ask, 0) < 0)
        return err_sys(e, "ask for the network namespace of process %d", (int)pid);
    ssize_t got = recv(fd, space, sizeof space, 0);
    struct nlmsghdr *h = (struct nlmsghdr *)(void *)space;
    if (got < 0)
        return err_sys(e, "read the network namespace of process %d", (int)pid);
    if (!NLMSG_OK(h, (size_t)got))
        return err_set(e, ERR_PROTOCOL, "the kernel's answer about the namespace of process %d is cut",
                       (int)pid);
    if (h->nlmsg_type == NLMSG_ERROR) {
        errno = -((struct nlmsgerr *)NLMSG_DATA(h))->error;
        return err_sys(e, "network namespace of process %d", (int)pid);
    }
    int len = (int)(h->nlmsg_len - NLMSG_SPACE(sizeof(struct rtgenmsg)));
    struct rtattr *a = (struct rtattr *)(void *)(space + NLMSG_SPACE(sizeof(struct rtgenmsg)));
    *out = -1;
    for (; RTA_OK(a, len); a = RTA_NEXT(a, len))
        if (a->rta_type == NETNSA_NSID)
            memcpy(out, RTA_DATA(a), sizeof *out);
    return 0;
}

bool net_dev_lab(const char *dev, char lab[LAB_ID_SIZE])
{
    char id[LAB_ID_SIZE];

    if (strncmp(dev, "pl", 2) != 0 || strlen(dev) <= 2 + LAB_ID_LEN ||
        strchr(".wsri", dev[2 + LAB_ID_LEN]) == NULL)
        return false;
    memcpy(id, dev + 2, LAB_ID_LEN);
    id[LAB_ID_LEN] = '\0';
    if (!lab_id_ok(id))
        return false;
    memcpy(lab, id, sizeof id);
    return true;
}
