/* route: packets into a prefix leave a router at the port that a route should lead them to, wherever they end: nobody
 * needs to have the addresses, which are drawn anew each round.
 *
 * A packet seen there was routed if its TTL is lower, and there only: a router that copies what it gets to all of its
 * ports has no routes.  The control is packets into other prefixes, which must not leave there: a default route would do
 * for all.  Where prefixes overlap the longer one decides, as it does in routing tables. */
#include "grading/check/flow.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define HALVES 2 /* of a prefix, an address from each: a route to less than all of it will not do */
#define NET_TEXT (PROBE_ADDR_TEXT + 4)

static const struct xattr attrs[] = {
    {"from", XA_NAME, offsetof(struct exercise_check, from), true, 0, 0},
    {"out", XA_SEEN, offsetof(struct exercise_check, seen_at), true, 0, 0},
    {"prefixes", XA_NETS, offsetof(struct exercise_check, prefixes), true, 0, AF_INET6},
    {"absent", XA_NETS, offsetof(struct exercise_check, absent), false, 0, AF_INET6},
    {"hops", XA_INT, offsetof(struct exercise_check, hops), false, 1, 60},
    XATTRS_END,
};

static const char *net_text(const struct probe_prefix *net, char out[NET_TEXT])
{
    char text[PROBE_ADDR_TEXT];

    snprintf(out, NET_TEXT, "%s/%u", probe_addr_text(&net->addr, text), net->len);
    return out;
}

/* The 'n'th of the prefixes, then of those that must not leave; '*others': those of the other list.  NULL after the last. */
static const struct probe_prefix *net_at(const struct exercise_check *c, size_t n,
                                         const struct exercise_nets **others)
{
    bool first = n < c->prefixes.n;

    *others = first ? &c->absent : &c->prefixes;
    if (first)
        return &c->prefixes.v[n];
    n -= c->prefixes.n;
    return n < c->absent.n ? &c->absent.v[n] : NULL;
}

/* ---- addresses ---- */
struct pick {
    const struct exercise *x;
    const struct probe_prefix *net;
    const struct exercise_nets *others;
    bool stranger; /* none that the exercise speaks of */
};

/* What routers forward: RFC 6890 names those that they do not. */
static bool ordinary(const struct probe_addr *a)
{
    const uint8_t *b = a->b;

    if (a->family == AF_INET)
        return b[0] != 0 && b[0] != 127 && b[0] < 224 && (b[0] != 169 || b[1] != 254);
    return (b[0] != 0 || b[1] != 0) && b[0] != 0xff && (b[0] != 0xfe || b[1] < 0x80);
}

static bool pick_fine(const void *arg, const struct probe_addr *a)
{
    const struct pick *p = arg;

    if (!check_addr_inner(a, p->net->len) || !ordinary(a))
        return false;
    for (size_t i = 0; i < p->others->n; i++)
        if (p->others->v[i].len > p->net->len &&
            probe_addr_in_net(a, &p->others->v[i].addr, p->others->v[i].len))
            return false;
    return !p->stranger || !check_addr_known(p->x, a);
}

/* An address of that half of 'net', of which '*len' bits are not at random; false if there is none. */
static bool draw(const struct exercise *x, const struct probe_prefix *net, const struct exercise_nets *others,
                 size_t half, struct probe_addr *out, unsigned *len)
{
    struct pick p = {.x = x, .net = net, .others = others, .stranger = true};
    struct probe_addr from = net->addr;
    bool host = net->len == (from.family == AF_INET ? 32 : 128);

    if (host && half > 0)
        return false;
    *len = net->len + !host;
    if (half > 0)
        from.b[net->len / 8] |= (uint8_t)(0x80 >> net->len % 8);
    if (check_draw(&from, *len, pick_fine, &p, out))
        return true;
    p.stranger = false;
    return check_draw(&from, *len, pick_fine, &p, out);
}

/* ---- meaning ---- */
static const struct probe_prefix *net_find(const struct exercise_nets *nets, int family)
{
    for (size_t i = 0; i < nets->n; i++)
        if (nets->v[i].addr.family == family)
            return &nets->v[i];
    return NULL;
}

static const char *family_name(int family)
{
    return family == AF_INET ? "IPv4" : "IPv6";
}

/* Is 'net' among the first 'n' of the list? */
static bool listed(const struct exercise_nets *nets, size_t n, const struct probe_prefix *net)
{
    for (size_t i = 0; i < n; i++)
        if (nets->v[i].len == net->len && probe_addr_equal(&nets->v[i].addr, &net->addr))
            return true;
    return false;
}

static void review_nets(struct check_review *k, const struct exercise_check *c)
{
    const struct exercise_nets *others;
    const struct probe_prefix *net;
    struct probe_addr to;
    char text[NET_TEXT];
    unsigned len;

    for (size_t n = 0; (net = net_at(c, n, &others)) != NULL; n++) {
        size_t at = n < c->prefixes.n ? n : n - c->prefixes.n;

        flow_review_addr(k, c, &net->addr);
        if (listed(n < c->prefixes.n ? &c->prefixes : &c->absent, at, net))
            CHECK_COMPLAIN(k, c, "check '%s' names %s twice", c->id, net_text(net, text));
        else if (n < c->prefixes.n && listed(others, others->n, net))
            CHECK_COMPLAIN(k, c, "check '%s' can never pass: packets into %s have to leave and must not",
                           c->id, net_text(net, text));
        else if (!draw(k->x, net, others, 0, &to, &len) && !draw(k->x, net, others, 1, &to, &len))
            CHECK_COMPLAIN(k, c, "check '%s': there is no address in %s that a packet could be sent to",
                           c->id, net_text(net, text));
    }
}

static void review(struct check_review *k, const struct exercise_check *c)
{
    static const int families[] = {AF_INET, AF_INET6};

    flow_review_from(k, c);
    check_review_port(k, c, c->seen_at);
    review_nets(k, c);
    for (size_t f = 0; f < 2; f++) {
        bool all = false; /* a default route is what it asks for */

        for (size_t i = 0; i < c->prefixes.n; i++)
            all = all || (c->prefixes.v[i].addr.family == families[f] && c->prefixes.v[i].len == 0);
        if (net_find(&c->prefixes, families[f]) != NULL && !all && net_find(&c->absent, families[f]) == NULL)
            topo_msgs_add(k->m, c->line, TOPO_WARNING,
                          "check '%s' has no absent prefix of %s: a default route will pass", c->id,
                          family_name(families[f]));
    }
}

/* ---- the machine at 'out' ---- */
static const struct topo_node *node_find(const struct topo *t, const char *name, size_t n)
{
    for (size_t i = 0; t != NULL && i < t->nnodes; i++)
        if (strncmp(t->nodes[i].name, name, n) == 0 && t->nodes[i].name[n] == '\0')
            return &t->nodes[i];
    return NULL;
}

/* The machine that sends at 'port', with its interface there, borrowed; or NULL. */
static const struct topo_node *sender(const struct topo *t, const char *port, const char **iface)
{
    size_t n = strcspn(port, ":");
    const struct topo_node *node = node_find(t, port, n);

    *iface = port + n + 1;
    for (size_t i = 0; node == NULL && t != NULL && i < t->nlinks; i++) {
        const struct topo_link *l = &t->links[i];

        if (strncmp(l->name, port, n) != 0 || l->name[n] != '\0')
            continue;
        /* A link to a switch has one port, whichever end is named. */
        for (int k = 0; node == NULL && k < 2; k++) {
            const struct topo_end *end = &l->end[(port[n + 1] == 'b') ^ k];

            node = node_find(t, end->node, strlen(end->node));
            *iface = end->iface;
        }
    }
    return node;
}

/* The 'n'th other port of that machine; false after the last. */
static bool other_port(const struct exercise *x, const struct exercise_check *c, size_t n,
                       char out[PROBE_PORT_SIZE])
{
    const char *iface;
    const struct topo_node *node = sender(x->topo, c->seen_at, &iface);

    for (size_t i = 0; node != NULL && i < node->nifaces; i++)
        if (strcmp(node->ifaces[i].name, iface) != 0 && n-- == 0) {
            snprintf(out, PROBE_PORT_SIZE, "%s:%s", node->name, node->ifaces[i].name);
            return true;
        }
    return false;
}

/* ---- probes ---- */
static int spec(struct probe_spec *s, const struct exercise *x, size_t i, enum grading_phase phase,
                struct err *e)
{
    const struct exercise_check *c = &x->checks[i];
    const struct exercise_nets *others;
    const struct probe_prefix *net;
    char port[PROBE_PORT_SIZE];

    (void)phase;
    if (flow_spec_ends(s, x, c, e) < 0)
        return -1;
    for (size_t n = 0; other_port(x, c, n, port); n++)
        if (check_spec_port(s, port, e) < 0)
            return -1;
    for (size_t n = 0; (net = net_at(c, n, &others)) != NULL; n++)
        for (size_t half = 0, asked = 0; half < HALVES; half++) {
            char id[GRADING_PROBE_ID];
            struct probe_addr to;
            struct probe *p;
            unsigned len;

            if (!draw(x, net, others, half, &to, &len))
                continue;
            grading_part_id(i, n, asked++, id);
            if ((p = flow_spec_to(s, c, id, &to, e)) == NULL)
                return -1;
            p->drawn = true;
            p->drawn_in = len;
        }
    return 0;
}

/* ---- verdicts ---- */
static const struct probe_sighting *left_at(const struct probe_sample *s, const char *port)
{
    return flow_seen(s, port, false, PROBE_REQUEST);
}

/* Where else the packet left the machine, as it left at 'out' ('g') if that is not NULL; or NULL. */
static const struct probe_sighting *left_elsewhere(const struct exercise *x, const struct exercise_check *c,
                                                   const struct probe_sample *s,
                                                   const struct probe_sighting *g)
{
    char port[PROBE_PORT_SIZE];

    for (size_t n = 0; other_port(x, c, n, port); n++) {
        const struct probe_sighting *o = left_at(s, port);

        if (o != NULL && (g == NULL || o->ttl == g->ttl))
            return o;
    }
    return NULL;
}

static struct grading_verdict judge_absence(const struct exercise *x, const struct exercise_check *c,
                                            const char *net, const struct probe_sample *s)
{
    const struct probe_sighting *o = left_elsewhere(x, c, s, NULL);

    if (o != NULL)
        return check_verdict(GRADING_FAIL, "Packets for %s left at %s, not at %s.", net, o->port, c->seen_at);
    if (s->reply_us >= 0)
        return check_verdict(GRADING_FAIL,
                             "Packets for %s were answered, but did not leave at %s: something nearer has "
                             "taken their addresses.",
                             net, c->seen_at);
    return check_verdict(GRADING_FAIL, "Packets for %s did not leave at %s.", net, c->seen_at);
}

static struct grading_verdict judge_sample(const struct exercise *x, const struct exercise_check *c,
                                           const struct probe_prefix *prefix, const struct probe_sample *s)
{
    const struct probe_sighting *g = left_at(s, c->seen_at), *sent, *o;
    struct probe_addr self = grading_ref_addr(x, c->from, prefix->addr.family);
    char net[NET_TEXT], text[PROBE_ADDR_TEXT], want[32], got[32], home[PROBE_PORT_SIZE + 1];
    int hops;

    net_text(prefix, net);
    if (g == NULL)
        return judge_absence(x, c, net, s);
    snprintf(home, sizeof home, "@%s", c->from);
    if ((sent = left_at(s, home)) != NULL && !probe_addr_equal(&g->dst, &sent->dst))
        return check_verdict(GRADING_FAIL, "Packets for %s left at %s with the destination changed to %s.",
                             net, c->seen_at, probe_addr_text(&g->dst, text));
    if (!probe_addr_equal(&g->src, &self))
        return check_verdict(GRADING_FAIL, "Packets for %s left at %s with the source address changed to %s.",
                             net, c->seen_at, probe_addr_text(&g->src, text));
    hops = CHECK_TTL - g->ttl;
    if (hops < 1)
        return check_verdict(GRADING_FAIL,
                             "Packets for %s left at %s, but no router had taken them, by their TTL of %d.",
                             net, c->seen_at, g->ttl);
    if (c->hops != EXERCISE_HOPS_ANY && hops != c->hops)
        return check_verdict(GRADING_FAIL,
                             "Packets for %s left at %s after %s instead of %s, by their TTL of %d.", net,
                             c->seen_at, flow_routers(hops, got), flow_routers(c->hops, want), g->ttl);
    if ((o = left_elsewhere(x, c, s, g)) != NULL)
        return check_verdict(GRADING_FAIL, "Packets for %s left at %s, and copies of them at %s.", net,
                             c->seen_at, o->port);
    return check_verdict(GRADING_PASS, "Packets for %s left at %s.", net, c->seen_at);
}

/* The sample of the 'k'th address that was drawn from prefix 'n'; NULL if there was none, or with an error in '*v'. */
static const struct probe_sample *sample(const struct probe_result *r, size_t i, size_t n, size_t k,
                                         struct grading_verdict *v)
{
    const struct probe_outcome *o;
    char id[GRADING_PROBE_ID];

    grading_part_id(i, n, k, id);
    if (k > 0 && probe_outcome_find(r, id) == NULL)
        return NULL;
    o = check_outcome(r, id, v);
    return o != NULL ? &o->samples[o->nsamples - 1] : NULL;
}

static struct grading_verdict judge_net(const struct exercise *x, size_t i, size_t n,
                                        const struct probe_result *r)
{
    const struct exercise_check *c = &x->checks[i];
    struct grading_verdict v = {.status = GRADING_PASS};
    const struct probe_sample *s;

    for (size_t k = 0; k < HALVES && v.status == GRADING_PASS && (s = sample(r, i, n, k, &v)) != NULL; k++)
        v = judge_sample(x, c, &c->prefixes.v[n], s);
    return v;
}

static struct grading_verdict judge(const struct exercise *x, size_t i, const struct probe_result *r)
{
    const struct exercise_check *c = &x->checks[i];
    struct grading_verdict v[EXERCISE_NETS_MAX], error = {.status = GRADING_PASS};

    for (size_t n = 0; n < c->prefixes.n; n++)
        v[n] = judge_net(x, i, n, r);
    for (size_t n = 0; n < c->absent.n; n++) {
        int family = c->absent.v[n].addr.family;
        const struct probe_sample *s;
        bool leaks = false;

        for (size_t k = 0; k < HALVES && (s = sample(r, i, c->prefixes.n + n, k, &error)) != NULL; k++)
            leaks = leaks || left_at(s, c->seen_at) != NULL;
        if (error.status != GRADING_PASS)
            return error;
        /* Which ones is not said: it would be known what to make an exception for. */
        for (size_t p = 0; p < c->prefixes.n && leaks; p++)
            if (c->prefixes.v[p].addr.family == family && v[p].status == GRADING_PASS)
                v[p] = check_verdict(GRADING_FAIL,
                                     "Packets for other %s destinations left at %s, too: no route to these "
                                     "prefixes shows in that.",
                                     family_name(family), c->seen_at);
    }
    return check_join(c->prefixes.n, v);
}

static void expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT])
{
    char text[32];

    check_text(out, "Packets");
    check_text_ref(out, x, c->from, c->prefixes.v[0].addr.family);
    check_text(out, " into ");
    check_text_nets(out, &c->prefixes);
    check_text(out, " leave at %s", c->seen_at);
    if (c->hops != EXERCISE_HOPS_ANY)
        check_text(out, " after %s", flow_routers(c->hops, text));
    check_text(out, c->absent.n > 0 ? ", and those for other destinations do not." : ".");
}

const struct check_kind check_route = {
    .name = "route",
    .attrs = attrs,
    .proto = PROBE_ICMP,
    .review = review,
    .spec = spec,
    .judge = judge,
    .expected = expected,
};
