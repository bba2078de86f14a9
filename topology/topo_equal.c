/* Are two models the same?  Line numbers do not count.  Compares member by member, not what the writer
 * makes of them, so that it can judge the writer. */
#include "topology/topo.h"

#include <string.h>

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_texts(const struct topo_text *a, size_t na, const struct topo_text *b, size_t nb)
{
    if (na != nb)
        return false;
    for (size_t i = 0; i < na; i++)
        if (!same(a[i].text, b[i].text))
            return false;
    return true;
}

static bool same_pos(const struct topo_pos *a, const struct topo_pos *b)
{
    return a->set == b->set && (!a->set || (a->x == b->x && a->y == b->y));
}

static bool same_iface(const struct topo_iface *a, const struct topo_iface *b)
{
    return same(a->name, b->name) && same(a->network, b->network) && a->mtu == b->mtu &&
           same_texts(a->addrs, a->naddrs, b->addrs, b->naddrs);
}

static bool same_node(const struct topo_node *a, const struct topo_node *b)
{
    if (a->kind != b->kind || !same(a->name, b->name) || !same(a->image, b->image) ||
        a->memory_mb != b->memory_mb || a->vcpus != b->vcpus || a->forwarding != b->forwarding ||
        a->hidden != b->hidden || !same_pos(&a->pos, &b->pos) || a->frr != b->frr ||
        !same(a->frr_conf, b->frr_conf) || !same(a->startup.text, b->startup.text) ||
        a->nifaces != b->nifaces || a->nroutes != b->nroutes || a->nfiles != b->nfiles ||
        a->nfrr_daemons != b->nfrr_daemons || !same_texts(a->notes, a->nnotes, b->notes, b->nnotes))
        return false;
    for (size_t i = 0; i < a->nifaces; i++)
        if (!same_iface(&a->ifaces[i], &b->ifaces[i]))
            return false;
    for (size_t i = 0; i < a->nroutes; i++)
        if (!same(a->routes[i].to, b->routes[i].to) || !same(a->routes[i].via, b->routes[i].via) ||
            !same(a->routes[i].dev, b->routes[i].dev))
            return false;
    for (size_t i = 0; i < a->nfiles; i++)
        if (!same(a->files[i].path, b->files[i].path) || a->files[i].mode != b->files[i].mode ||
            a->files[i].hidden != b->files[i].hidden || !same(a->files[i].text, b->files[i].text))
            return false;
    for (size_t i = 0; i < a->nfrr_daemons; i++)
        if (!same(a->frr_daemons[i], b->frr_daemons[i]))
            return false;
    return true;
}

static bool same_words(const struct topo_words *a, const struct topo_words *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (!same(a->items[i], b->items[i]))
            return false;
    return true;
}

static bool same_port(const struct topo_port *a, const struct topo_port *b)
{
    return same(a->name, b->name) && a->mode == b->mode && a->access == b->access && a->native == b->native &&
           a->ntrunks == b->ntrunks && a->bond == b->bond && a->passive == b->passive &&
           a->mirror == b->mirror && same_words(&a->members, &b->members) &&
           same_words(&a->mirrored, &b->mirrored) &&
           (a->ntrunks == 0 || memcmp(a->trunks, b->trunks, a->ntrunks * sizeof *a->trunks) == 0);
}

static bool same_element(const struct topo_element *a, const struct topo_element *b)
{
    if (a->kind != b->kind || !same(a->name, b->name) || a->rstp != b->rstp ||
        a->rstp_priority != b->rstp_priority || a->mac_ageing != b->mac_ageing || a->hidden != b->hidden ||
        !same_pos(&a->pos, &b->pos) || a->nports != b->nports ||
        !same_texts(a->addrs, a->naddrs, b->addrs, b->naddrs))
        return false;
    for (size_t i = 0; i < a->nports; i++)
        if (!same_port(&a->ports[i], &b->ports[i]))
            return false;
    return true;
}

static bool same_impair(const struct plan_impair *a, const struct plan_impair *b)
{
    return a->delay_us == b->delay_us && a->jitter_us == b->jitter_us && a->loss_ppm == b->loss_ppm &&
           a->duplicate_ppm == b->duplicate_ppm && a->corrupt_ppm == b->corrupt_ppm &&
           a->reorder_ppm == b->reorder_ppm && a->rate_bps == b->rate_bps;
}

static bool same_link(const struct topo_link *a, const struct topo_link *b)
{
    for (int k = 0; k < 2; k++)
        if (!same(a->end[k].node, b->end[k].node) || !same(a->end[k].iface, b->end[k].iface) ||
            !same_impair(&a->impair[k], &b->impair[k]))
            return false;
    return same(a->name, b->name) && a->up == b->up && a->hidden == b->hidden;
}

bool topo_equal(const struct topo *a, const struct topo *b)
{
    if (!same(a->name, b->name) || !same(a->title, b->title) || a->nnodes != b->nnodes ||
        a->nelements != b->nelements || a->nlinks != b->nlinks || a->nnotes != b->nnotes ||
        a->nparameters != b->nparameters)
        return false;
    for (size_t i = 0; i < a->nparameters; i++) /* a name is written as a choice of one */
        if (!same(a->parameters[i].name, b->parameters[i].name) ||
            !same(a->parameters[i].value, b->parameters[i].value))
            return false;
    for (size_t i = 0; i < a->nnodes; i++)
        if (!same_node(&a->nodes[i], &b->nodes[i]))
            return false;
    for (size_t i = 0; i < a->nelements; i++)
        if (!same_element(&a->elements[i], &b->elements[i]))
            return false;
    for (size_t i = 0; i < a->nlinks; i++)
        if (!same_link(&a->links[i], &b->links[i]))
            return false;
    for (size_t i = 0; i < a->nnotes; i++)
        if (!same(a->notes[i].text, b->notes[i].text) || !same_pos(&a->notes[i].pos, &b->notes[i].pos))
            return false;
    return true;
}
