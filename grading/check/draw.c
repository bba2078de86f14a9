/* Addresses at random, for kinds that ask for what nobody can foresee. */
#include "grading/check/check.h"

#include <sys/random.h>
#include <sys/socket.h>

#define DRAWS 1024

static unsigned bits_of(const struct probe_addr *a)
{
    return a->family == AF_INET ? 32 : 128;
}

bool check_draw(const struct probe_addr *net, unsigned len,
                bool (*fine)(const void *arg, const struct probe_addr *a), const void *arg,
                struct probe_addr *out)
{
    for (int n = 0; n < (len < bits_of(net) ? DRAWS : 1); n++) {
        struct probe_addr a = *net;
        uint8_t random[16];

        if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
            return false;
        for (unsigned b = len; b < bits_of(net); b++) {
            uint8_t bit = (uint8_t)(0x80 >> b % 8);

            a.b[b / 8] = (uint8_t)((a.b[b / 8] & ~bit) | (random[b / 8] & bit));
        }
        if (fine(arg, &a)) {
            *out = a;
            return true;
        }
    }
    return false;
}

bool check_addr_inner(const struct probe_addr *a, unsigned len)
{
    unsigned zeros = 0, ones = 0;

    for (unsigned b = len; b < bits_of(a); b++)
        *(a->b[b / 8] & 0x80 >> b % 8 ? &ones : &zeros) += 1;
    return zeros + ones < 2 || (zeros > 0 && ones > 0);
}

bool check_addr_known(const struct exercise *x, const struct probe_addr *a)
{
    struct probe_addr taken;
    unsigned prefix;

    for (size_t i = 0; i < x->nchecks; i++)
        for (size_t k = 0; k < x->checks[i].nparts; k++)
            if (probe_addr_equal(&x->checks[i].parts[k].to, a))
                return true;
    for (size_t i = 0; i < x->nrefs; i++)
        for (size_t k = 0; k < x->refs[i].nnets; k++)
            if (probe_addr_equal(&x->refs[i].net[k].addr, a) ||
                probe_addr_equal(&x->refs[i].net[k].gateway, a))
                return true;
    for (size_t i = 0; x->topo != NULL && i < x->topo->nnodes; i++)
        for (size_t f = 0; f < x->topo->nodes[i].nifaces; f++)
            for (size_t k = 0; k < x->topo->nodes[i].ifaces[f].naddrs; k++)
                if (probe_addr_parse_net(x->topo->nodes[i].ifaces[f].addrs[k].text, &taken, &prefix) &&
                    probe_addr_equal(&taken, a))
                    return true;
    return false;
}
