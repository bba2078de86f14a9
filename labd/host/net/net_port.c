/* Names of wires as people write them: "NODE:IF", "LINK:a", "LINK:b". */
#include "labd/host/net/net.h"

#include <string.h>

static const char *of_link(const struct plan *p, const struct plan_link *l, int end, struct err *e)
{
    int32_t i = l->port[end] >= 0 ? l->port[end] : l->port[!end];

    if (i >= 0)
        return p->ports[i].dev;
    err_set(e, ERR_NOT_FOUND, "link %s has no device to capture on", l->name);
    return NULL;
}

const char *net_port_dev(const struct plan *p, const char *port, struct err *e)
{
    char name[NAME_SIZE];
    const char *colon = strchr(port, ':');

    if (colon == NULL || (size_t)(colon - port) >= sizeof name) {
        err_set(e, ERR_INVALID, "name a wire as NODE:INTERFACE, LINK:a or LINK:b");
        return NULL;
    }
    memcpy(name, port, (size_t)(colon - port));
    name[colon - port] = '\0';
    const char *rest = colon + 1;
    if (name_check(name, "node or link", e) < 0)
        return NULL;
    const struct plan_node *n = plan_node_find(p, name);
    for (size_t i = 0; n != NULL && i < n->nifaces; i++)
        if (strcmp(n->ifaces[i].name, rest) == 0)
            return p->ports[n->ifaces[i].port].dev;
    const struct plan_link *l = plan_link_find(p, name);
    if (l != NULL && (strcmp(rest, "a") == 0 || strcmp(rest, "b") == 0))
        return of_link(p, l, rest[0] == 'b', e);
    if (n != NULL)
        err_set(e, ERR_NOT_FOUND, "node %s has no such interface", name);
    else if (l != NULL)
        err_set(e, ERR_INVALID, "link %s has the ends a and b only", name);
    else
        err_set(e, ERR_NOT_FOUND, "the lab has no node or link %s", name);
    return NULL;
}
