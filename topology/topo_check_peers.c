#include "topology/topo_check_peers.h"

#include "labd/base/mem.h"

#include <string.h>

static int order_peers(const void *a, const void *b)
{
    const struct peer *x = a, *y = b;
    int c = (x->a.family > y->a.family) - (x->a.family < y->a.family);

    if (c == 0)
        c = (x->a.prefix > y->a.prefix) - (x->a.prefix < y->a.prefix);
    if (c == 0)
        c = memcmp(x->a.ip, y->a.ip, sizeof x->a.ip);
    return c != 0 ? c : (x->member > y->member) - (x->member < y->member);
}

void peers_init(struct peers *p, const struct topo_iface *const *v, size_t n)
{
    size_t most = 0;

    for (size_t i = 0; i < n; i++)
        most += v[i]->naddrs;
    *p = (struct peers){.items = xcalloc(most + 1, sizeof *p->items)};
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < v[i]->naddrs; k++) {
            struct peer *x = &p->items[p->n];
            x->member = i;
            p->n += value_addr(v[i]->addrs[k].text, &x->a) && x->a.has_prefix;
        }
    qsort(p->items, p->n, sizeof *p->items, order_peers);
}

void peers_clear(struct peers *p)
{
    free(p->items);
    *p = (struct peers){0};
}

/* The first at or behind 'from' that is not before 'key'. */
static size_t lower(const struct peers *p, size_t from, const struct peer *key)
{
    size_t hi = p->n;

    while (from < hi) {
        size_t mid = from + (hi - from) / 2;
        if (order_peers(&p->items[mid], key) < 0)
            from = mid + 1;
        else
            hi = mid;
    }
    return from;
}

/* The lowest address of the network of 'bits' bits that 'a' is in. */
static struct value_addr base_of(const struct value_addr *a, unsigned bits)
{
    struct value_addr net = *a;

    for (unsigned i = bits; i < sizeof net.ip * 8; i++)
        net.ip[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
    net.prefix = bits;
    return net;
}

/* Each prefix length that is there has a search of its own.  In the network of 'a', or, with 'exact', at it. */
static bool any(const struct peers *p, const struct value_addr *a, size_t self, bool exact)
{
    for (size_t i = lower(p, 0, &(struct peer){.a = {.family = a->family}}), next;
         i < p->n && p->items[i].a.family == a->family; i = next) {
        unsigned length = p->items[i].a.prefix;
        unsigned bits = exact ? (unsigned)value_addr_len(a) * 8 : a->prefix < length ? a->prefix : length;
        struct value_addr net = base_of(a, bits);
        struct peer key = {.a = net}, behind = {.a = {.family = a->family, .prefix = length + 1}};

        key.a.prefix = length;
        next = lower(p, i, &behind);
        for (size_t k = lower(p, i, &key); k < next && value_addr_within(&net, &p->items[k].a); k++)
            if (p->items[k].member != self)
                return true;
    }
    return false;
}

bool peers_meet(const struct peers *p, const struct value_addr *a, size_t self)
{
    return any(p, a, self, false);
}

bool peers_have(const struct peers *p, const struct value_addr *a, size_t self)
{
    return any(p, a, self, true);
}
