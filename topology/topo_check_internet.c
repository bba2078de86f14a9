/* The way to the outside world. */
#include "topology/topo_check.h"

#include "topology/limits.h"

#include <arpa/inet.h>

static void check_gateway(struct check *c, const struct topo_text *x, int *family)
{
    struct value_addr a;
    char shown[VALUE_SHOW_SIZE];
    const char *fault;

    if (!check_one_address(c, x, "a gateway", &a))
        return;
    fault = limit_gateway_fault(&a);
    if (fault != NULL)
        check_error(c, x->line, "the gateway %s %s; use %s, for instance", value_show(x->text, shown), fault,
                    a.family == AF_INET ? TOPO_INTERNET_GATEWAY : "2001:db8::1/64");
    if (*family == a.family)
        check_error(c, x->line, "an <internet> has one %s address, not two",
                    a.family == AF_INET ? "IPv4" : "IPv6");
    *family = a.family;
}

void check_internets(struct check *c)
{
    const struct topo_element *first = NULL;

    for (size_t i = 0; i < c->t->nelements; i++) {
        const struct topo_element *x = &c->t->elements[i];
        int family = AF_UNSPEC;
        if (x->kind != TOPO_INTERNET)
            continue;
        if (first != NULL)
            check_error(c, x->line, "a topology has at most one <internet>; the first is in line %d",
                        first->line);
        else
            first = x;
        if (x->naddrs > LIMIT_GATEWAYS_MAX)
            check_error(c, x->line, "an <internet> has at most one IPv4 and one IPv6 address");
        for (size_t k = 0; k < x->naddrs && k < LIMIT_GATEWAYS_MAX; k++)
            check_gateway(c, &x->addrs[k], &family);
    }
}
