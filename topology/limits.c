#include "topology/limits.h"

#include "labd/base/mem.h"
#include "topology/topo_value.h"

#include <arpa/inet.h>
#include <string.h>

#define PATH_LEN_MAX 255

const char *const limit_frr_daemons[] = {
    "zebra", "staticd", "bgpd",   "ospfd", "ospf6d", "ripd",    "ripngd", "isisd", "pimd", "ldpd",
    "nhrpd", "eigrpd",  "babeld", "pbrd",  "bfdd",   "fabricd", "vrrpd",  "pathd", NULL,
};

bool limit_frr_daemon_ok(const char *name)
{
    for (size_t i = 0; limit_frr_daemons[i] != NULL; i++)
        if (strcmp(limit_frr_daemons[i], name) == 0)
            return true;
    return false;
}

static bool below(const char *path, const char *dir)
{
    size_t n = strlen(dir);

    return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

const char *limit_path_fault(const char *path)
{
    static const char *const closed[] = {"/proc", "/sys", "/dev", "/run/lab"};

    if (path[0] != '/')
        return "is not absolute";
    if (strlen(path) > PATH_LEN_MAX)
        return "is longer than 255 bytes";
    for (const char *s = path; *s != '\0'; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return "holds a control character";
    for (const char *s = path; *s != '\0'; s += strcspn(s, "/")) {
        size_t n = strcspn(++s, "/");
        if (n == 0)
            return "has an empty part or ends in '/'";
        if ((n == 1 && s[0] == '.') || (n == 2 && s[0] == '.' && s[1] == '.'))
            return "has a part \".\" or \"..\"";
    }
    for (size_t i = 0; i < ARRAY_LEN(closed); i++)
        if (below(path, closed[i]))
            return "is in a folder of the system (/proc, /sys, /dev, /run/lab)";
    return NULL;
}

static bool within(const char *net, const struct value_addr *a)
{
    struct value_addr n;

    return value_addr(net, &n) && value_addr_within(&n, a);
}

const char *limit_gateway_fault(const struct value_addr *a)
{
    const char *fault = value_addr_fault(a);

    if (fault != NULL)
        return fault;
    if (!a->has_prefix || a->prefix == 0 || a->prefix > (a->family == AF_INET ? 30 : 126))
        return "has a prefix length that leaves no room for a neighbour";
    if (value_addr_link_local(a) || within("169.254.0.0/16", a))
        return "is link-local";
    if (within(PLAN_TRANSIT, a) || within(PLAN_TRANSIT6, a))
        return "is of a range that the platform numbers its side of the gateway with";
    return value_addr_edge(a) ? "is the network or broadcast address of its prefix" : NULL;
}

const char *limit_impair_fault(const struct plan_impair *i)
{
    if (i->delay_us > 100000000)
        return "delay is longer than 100s";
    if (i->jitter_us > i->delay_us)
        return "jitter is larger than delay";
    if (i->loss_ppm > 1000000 || i->duplicate_ppm > 1000000 || i->corrupt_ppm > 1000000 ||
        i->reorder_ppm > 1000000)
        return "a percentage is above 100%";
    if (i->reorder_ppm > 0 && i->delay_us == 0)
        return "reorder needs a delay, which the reordered packets overtake";
    if (i->rate_bps > 100000000000u || (i->rate_bps > 0 && i->rate_bps < 1000))
        return "rate is not between 1kbit and 100gbit";
    return NULL;
}
