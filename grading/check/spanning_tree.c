/* spanning-tree: bridges that are cabled in a loop have made a tree of it, by the protocol of IEEE 802.1D.  On
 * each of the links one of them announces the root, the same everywhere; a broadcast crosses each link once and
 * arrives once; with a cut, the network finds another way within the time to settle.
 *
 * BPDUs alone prove nothing, for they can be forged; that a broadcast arrives once shows only that there is no
 * loop, as with a cable unplugged; the cut tells a link that stands by from one that is dead. */
#include "grading/check/flow.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define HELLO_MS 2000  /* IEEE 802.1D-2004, table 17-1 */
#define SLACK_MS 1000  /* beyond a hello: for its sender, and for us to begin */
#define PREFIX_MAX 30u /* a longer one has no broadcast address */

static const struct xattr attrs[] = {
    FLOW_ENDS,
    FLOW_BOTH,
    {"links", XA_NAMES, offsetof(struct exercise_check, links), true, 0, 0},
    {"root", XA_NAME, offsetof(struct exercise_check, root), false, 0, 0},
    {"priority", XA_INT, offsetof(struct exercise_check, priority), false, 0, 0xffff},
    {"hello", XA_DURATION, offsetof(struct exercise_check, hello_ms), false, 1000, 10000},
    {"cut", XA_NAMES, offsetof(struct exercise_check, cut), false, 0, 0},
    {"settle", XA_DURATION, offsetof(struct exercise_check, settle_ms), false, 1000, 90000},
    XATTRS_END,
};

/* ---- the topology ---- */
static const struct topo_link *link_find(const struct topo *t, const char *name)
{
    for (size_t i = 0; i < t->nlinks; i++)
        if (strcmp(t->links[i].name, name) == 0)
            return &t->links[i];
    return NULL;
}

static bool is_node(const struct topo *t, const char *name)
{
    for (size_t i = 0; i < t->nnodes; i++)
        if (strcmp(t->nodes[i].name, name) == 0)
            return true;
    return false;
}

/* The end where the link's one device is that sees all of it: the first that is at a node. */
static int watched_end(const struct topo *t, const struct topo_link *l)
{
    return is_node(t, l->end[0].node) ? 0 : 1;
}

static void port_of(const struct exercise *x, const char *link, char out[PROBE_PORT_SIZE])
{
    const struct topo_link *l = link_find(x->topo, link);

    snprintf(out, PROBE_PORT_SIZE, "%s:%c", link, l != NULL && watched_end(x->topo, l) == 1 ? 'b' : 'a');
}

/* Who sent what was seen at the watched end of 'link'. */
static const char *sender(const struct exercise *x, const char *link, bool in)
{
    const struct topo_link *l = link_find(x->topo, link);

    return l != NULL ? l->end[watched_end(x->topo, l) ^ (int)in].node : "";
}

/* ---- meaning ---- */
static void review_links(struct check_review *k, const struct exercise_check *c)
{
    bool root = c->root[0] == '\0';
    char hint[VALUE_HINT_SIZE];

    check_review_links(k, c, "links", &c->links);
    for (size_t i = 0; i < c->links.n; i++) {
        const struct topo_link *l = link_find(k->t, c->links.v[i]);

        if (l == NULL)
            continue;
        if (!is_node(k->t, l->end[0].node) && !is_node(k->t, l->end[1].node))
            CHECK_COMPLAIN(k, c, "check '%s': links names '%s', which has no end at a node", c->id,
                           c->links.v[i]);
        root = root || strcmp(l->end[0].node, c->root) == 0 || strcmp(l->end[1].node, c->root) == 0;
    }
    if (!root && c->links.n > 0)
        CHECK_COMPLAIN(k, c, "check '%s': root '%s' is at no end of its links%s", c->id, c->root,
                       check_like_topo(k, c->root, ~0u, hint));
}

/* The network of the sender in IPv4, or -1. */
static int ipv4_net(const struct probe_ref *r)
{
    for (size_t i = 0; r != NULL && i < r->nnets; i++)
        if (r->net[i].addr.family == AF_INET && r->net[i].prefix <= PREFIX_MAX)
            return (int)i;
    return -1;
}

static void review(struct check_review *k, const struct exercise_check *c)
{
    const struct probe_ref *from = check_ref_find(k->x, c->from);
    struct probe_addr to = grading_target(k->x, c);
    int n = ipv4_net(from);

    flow_review(k, c);
    flow_review_cut(k, c);
    review_links(k, c);
    if (from != NULL && n < 0)
        CHECK_COMPLAIN(k, c, "check '%s': reference '%s' has no IPv4 network to broadcast in", c->id,
                       c->from);
    else if (from != NULL && to.family != 0 &&
             !probe_addr_in_net(&to, &from->net[n].addr, from->net[n].prefix))
        CHECK_COMPLAIN(k, c, "check '%s': 'to' is not in the IPv4 network of reference '%s'", c->id, c->from);
    if (!flow_watched(c))
        CHECK_COMPLAIN(k, c, "check '%s' needs seen-at: where the copies of a broadcast are counted", c->id);
}

/* ---- probes ---- */
static struct probe_addr broadcast(const struct probe_ref *r)
{
    int n = ipv4_net(r);
    struct probe_addr a = {0, {0}};

    if (n < 0)
        return a;
    a = r->net[n].addr;
    for (unsigned bit = r->net[n].prefix; bit < 32; bit++)
        a.b[bit / 8] |= (uint8_t)(0x80u >> bit % 8);
    return a;
}

static int spec(struct probe_spec *s, const struct exercise *x, size_t i, enum grading_phase phase,
                struct err *e)
{
    const struct exercise_check *c = &x->checks[i];
    struct probe_addr all = broadcast(check_ref_find(x, c->from));
    unsigned listen = (c->hello_ms > 0 ? c->hello_ms : HELLO_MS) + SLACK_MS;
    char id[GRADING_PROBE_ID];

    if (flow_spec(s, x, i, phase, e) < 0 || check_spec_links(s, &c->cut, e) < 0)
        return -1;
    if (phase == GRADING_BROKEN) {
        flow_spec_again(s, x, c);
        return 0;
    }
    for (size_t n = 0; n < c->links.n; n++) {
        char port[PROBE_PORT_SIZE];

        port_of(x, c->links.v[n], port);
        if (check_spec_port(s, port, e) < 0)
            return -1;
    }
    if (s->listen_ms < listen)
        s->listen_ms = listen;
    grading_part_id(i, 0, 0, id);
    return flow_spec_to(s, c, id, &all, e) != NULL ? 0 : -1;
}

/* ---- verdicts ---- */
static unsigned copies(const struct probe_sample *s, const char *port, bool in)
{
    const struct probe_sighting *g = flow_seen(s, port, in, PROBE_REQUEST);

    return g != NULL ? g->copies : 0;
}

/* The broadcast came once to where it should, once over each link, and never back; or '*v' says what it did. */
static bool flooded_once(const struct exercise *x, const struct exercise_check *c, const struct flow *f,
                         const struct probe_sample *s, struct grading_verdict *v)
{
    unsigned there = copies(s, f->far, true), back;
    char home[PROBE_PORT_SIZE];

    snprintf(home, sizeof home, "@%s", c->from);
    back = copies(s, home, true);
    if (there > 1 || back > 0)
        *v =
            check_verdict(GRADING_FAIL,
                          "A broadcast went round in a loop: %u copies of it arrived at %s, and %u came back "
                          "to its sender.",
                          there, f->place, back);
    else if (there == 0)
        *v = check_verdict(GRADING_FAIL, "A broadcast did not arrive at %s.", f->place);
    for (size_t i = 0; i < c->links.n && there == 1 && back == 0; i++) {
        char port[PROBE_PORT_SIZE];
        unsigned n;

        port_of(x, c->links.v[i], port);
        if ((n = copies(s, port, false) + copies(s, port, true)) == 1)
            continue;
        *v = n == 0 ? check_verdict(GRADING_FAIL, "A broadcast did not reach link %s: nobody sends there.",
                                    c->links.v[i])
                    : check_verdict(GRADING_FAIL, "A broadcast crossed link %s %u times.", c->links.v[i], n);
        return false;
    }
    return there == 1 && back == 0;
}

/* "4096, 02:00:00:00:00:01" */
static const char *bridge_text(const struct probe_bridge *b, char out[32])
{
    char mac[18];

    snprintf(out, 32, "%u, %s", b->priority, probe_mac_text(b->mac, mac));
    return out;
}

/* The BPDU at the watched end of 'link' after 'last' (NULL: the first), or NULL. */
static const struct probe_bpdu *bpdu_next(const struct exercise *x, const struct probe_result *r,
                                          const char *link, const struct probe_bpdu *last)
{
    char port[PROBE_PORT_SIZE];

    port_of(x, link, port);
    for (const struct probe_bpdu *b = last != NULL ? last + 1 : r->bpdus; b < r->bpdus + r->nbpdus; b++)
        if (strcmp(b->port, port) == 0)
            return b;
    return NULL;
}

/* The node that others than 'node' say they are, by what leaves it; or NULL.  A bridge without the protocol passes
 * on what the others say. */
static const char *same_bridge(const struct exercise *x, const struct exercise_check *c,
                               const struct probe_result *r, const struct probe_bpdu *b, const char *node)
{
    for (size_t i = 0; i < c->links.n; i++)
        for (const struct probe_bpdu *o = NULL; (o = bpdu_next(x, r, c->links.v[i], o)) != NULL;)
            if (probe_bridge_equal(&o->bridge, &b->bridge) &&
                strcmp(sender(x, c->links.v[i], o->in), node) != 0)
                return sender(x, c->links.v[i], o->in);
    return NULL;
}

struct tree { /* what the BPDUs say so far */
    const struct probe_bpdu *first;
    const char *root; /* the node that says that it is the root; or NULL */
};

/* What is said on one link fits to 't', to which it is added; or '*v' says why not. */
static bool link_speaks(const struct exercise *x, const struct exercise_check *c, const char *link,
                        const struct probe_result *r, struct tree *t, struct grading_verdict *v)
{
    const struct probe_bpdu *b = bpdu_next(x, r, link, NULL);
    const char *node = b != NULL ? sender(x, link, b->in) : "", *other;
    char one[32], two[32];

    if (b == NULL) {
        *v = check_verdict(GRADING_FAIL, "No BPDU was seen on link %s.", link);
        return false;
    }
    for (; b != NULL; b = bpdu_next(x, r, link, b)) {
        if (t->first == NULL)
            t->first = b;
        if (!probe_bridge_equal(&b->root, &t->first->root)) {
            *v = check_verdict(
                GRADING_FAIL,
                "Not all name the same root bridge: on link %s it is (%s), on link %.*s it is (%s).", link,
                bridge_text(&b->root, one), (int)strcspn(t->first->port, ":"), t->first->port,
                bridge_text(&t->first->root, two));
            return false;
        }
        if (strcmp(sender(x, link, b->in), node) != 0) {
            *v = check_verdict(
                GRADING_FAIL, "On link %s both %s and %s speak as if the other did not: one does not listen.",
                link, node, sender(x, link, b->in));
            return false;
        }
        if ((other = same_bridge(x, c, r, b, node)) != NULL) {
            *v =
                check_verdict(GRADING_FAIL,
                              "BPDUs of one bridge (%s) come from %s and from %s: one of them passes on what "
                              "it should take part in.",
                              bridge_text(&b->bridge, one), node, other);
            return false;
        }
        if (probe_bridge_equal(&b->root, &b->bridge))
            t->root = node;
    }
    return true;
}

static struct grading_verdict judge_bpdus(const struct exercise *x, const struct exercise_check *c,
                                          const struct probe_result *r)
{
    struct tree t = {NULL, NULL};
    struct grading_verdict v;
    char text[32];

    if (r->more_bpdus)
        return check_verdict(GRADING_FAIL, "More than %d different BPDUs were seen in a few seconds.",
                             PROBE_BPDUS_MAX);
    for (size_t i = 0; i < c->links.n; i++)
        if (!link_speaks(x, c, c->links.v[i], r, &t, &v))
            return v;
    if (t.first == NULL)
        return check_verdict(GRADING_ERROR, "The check names no links.");
    bridge_text(&t.first->root, text);
    if (c->root[0] != '\0' && t.root == NULL)
        return check_verdict(GRADING_FAIL, "The root bridge is (%s), which is none of those on the links.",
                             text);
    if (c->root[0] != '\0' && strcmp(t.root, c->root) != 0)
        return check_verdict(GRADING_FAIL, "The root bridge is %s (%s), not %s.", t.root, text, c->root);
    if (c->priority != EXERCISE_PRIORITY_ANY && t.first->root.priority != c->priority)
        return check_verdict(GRADING_FAIL, "The root bridge has priority %u, not %d.", t.first->root.priority,
                             c->priority);
    return check_verdict(GRADING_PASS,
                         "A broadcast arrived once, and all BPDUs name the same root bridge, %s (%s).",
                         t.root != NULL ? t.root : "elsewhere", text);
}

static struct grading_verdict judge_sample(const struct flow *f, const struct probe_sample *s)
{
    struct grading_verdict v = flow_reach(f, s);
    const struct probe_sighting *g;

    if (v.status != GRADING_PASS)
        return v;
    g = flow_seen(s, f->far, true, PROBE_REQUEST);
    if (g->ttl != CHECK_TTL)
        return check_verdict(GRADING_FAIL, "The packet arrived at %s through a router.", f->place);
    if (g->copies > 1)
        return check_verdict(GRADING_FAIL, "The packet arrived at %s %u times.", f->place, g->copies);
    return v;
}

static struct grading_verdict judge(const struct exercise *x, size_t i, const struct probe_result *r)
{
    const struct exercise_check *c = &x->checks[i];
    const struct probe_sample *s;
    const struct probe_outcome *o;
    char id[GRADING_PROBE_ID];
    struct grading_verdict v;
    struct flow f;

    grading_part_id(i, 0, 0, id);
    if ((s = flow_sample(r, i, false, &v)) == NULL || (o = check_outcome(r, id, &v)) == NULL)
        return v;
    flow_init(&f, x, c, false);
    if (!flooded_once(x, c, &f, &o->samples[0], &v))
        return v;
    v = judge_sample(&f, s);
    return v.status == GRADING_PASS ? judge_bpdus(x, c, r) : v;
}

static struct grading_verdict judge_before(const struct exercise *x, size_t i, const struct probe_result *r)
{
    struct grading_verdict v = judge(x, i, r);

    if (v.status == GRADING_FAIL)
        return check_verdict(GRADING_FAIL, "Already before the cut: %.300s", v.observed);
    return v.status == GRADING_PASS ? flow_judge_before(x, i, r) : v;
}

static struct grading_verdict judge_broken(const struct exercise *x, size_t i, const struct probe_result *r)
{
    return flow_judge_again(x, i, r, judge_sample);
}

static void expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT])
{
    check_text(out, "A broadcast");
    check_text_ref(out, x, c->from, AF_INET);
    check_text(out, " arrives once");
    if (c->seen_at[0] != '\0')
        check_text(out, " at %s", c->seen_at);
    check_text(out, " and crosses each of the links ");
    check_text_links(out, &c->links);
    check_text(out, " once; BPDUs there all name ");
    if (c->root[0] != '\0')
        check_text(out, "%s", c->root);
    else
        check_text(out, "the same bridge");
    check_text(out, " as root");
    if (c->priority != EXERCISE_PRIORITY_ANY)
        check_text(out, ", with priority %d", c->priority);
    if (c->cut.n > 0) {
        check_text(out, "; packets get through again within %u seconds after link%s ", c->settle_ms / 1000,
                   c->cut.n > 1 ? "s" : "");
        check_text_links(out, &c->cut);
        check_text(out, "%s cut", c->cut.n > 1 ? " are" : " is");
    }
    check_text(out, ".");
}

const struct check_kind check_spanning_tree = {
    .name = "spanning-tree",
    .attrs = attrs,
    .proto = PROBE_ICMP,
    .review = review,
    .spec = spec,
    .judge = judge,
    .judge_before = judge_before,
    .judge_broken = judge_broken,
    .expected = expected,
};
