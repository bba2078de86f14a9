/* path: the packet arrives over some links and not over others, by sightings at their ends; or, with a cut,
 * the network finds another way within the time to settle.
 *
 * That a packet was on a link does not say that it went that way: a hub gives everybody a copy.  Of two links that meet
 * at a machine, that machine has to receive it over the one and send it over the other.  On links that are to be avoided
 * its content must not be readable in whatever it may be wrapped into. */
#include "grading/check/flow.h"

#include <stdio.h>
#include <string.h>

static const struct xattr attrs[] = {
    FLOW_ENDS,
    FLOW_PROTO,
    FLOW_ARRIVAL,
    FLOW_BOTH,
    {"via", XA_NAMES, offsetof(struct exercise_check, via), false, 0, 0},
    {"avoids", XA_NAMES, offsetof(struct exercise_check, avoids), false, 0, 0},
    {"cut", XA_NAMES, offsetof(struct exercise_check, cut), false, 0, 0},
    {"settle", XA_DURATION, offsetof(struct exercise_check, settle_ms), false, 1000, 90000},
    XATTRS_END,
};

static void review(struct check_review *k, const struct exercise_check *c)
{
    flow_review(k, c);
    check_review_links(k, c, "via", &c->via);
    check_review_links(k, c, "avoids", &c->avoids);
    flow_review_cut(k, c);
    if (c->via.n + c->avoids.n + c->cut.n == 0)
        CHECK_COMPLAIN(k, c, "check '%s': a path needs via, avoids or cut", c->id);
    for (size_t i = 0; i < c->via.n; i++)
        if (check_names_hold(&c->cut, c->via.v[i]) || check_names_hold(&c->avoids, c->via.v[i]))
            CHECK_COMPLAIN(
                k, c, "check '%s' can never pass: the path has to use link '%s' and has to do without it",
                c->id, c->via.v[i]);
    if (!flow_watched(c))
        topo_msgs_add(k->m, c->line, TOPO_WARNING,
                      "check '%s' has no seen-at: a router that answers for the address will pass", c->id);
}

static int spec(struct probe_spec *s, const struct exercise *x, size_t i, enum grading_phase phase,
                struct err *e)
{
    const struct exercise_check *c = &x->checks[i];

    if (flow_spec(s, x, i, phase, e) < 0 || check_spec_links(s, &c->via, e) < 0 ||
        check_spec_links(s, &c->avoids, e) < 0 || check_spec_links(s, &c->cut, e) < 0)
        return -1;
    for (size_t n = 0; n < s->nports; n++)
        for (size_t k = 0; k < c->avoids.n; k++)
            s->ports[n].whole = s->ports[n].whole || check_link_end(s->ports[n].name, c->avoids.v[k]);
    s->probes[s->nprobes - 1].outer = c->avoids.n > 0 ? PROBE_OUTER_ANY : PROBE_OUTER_NONE;
    if (phase == GRADING_BROKEN)
        flow_spec_again(s, x, c);
    return 0;
}

/* "seattle-denver, denver-kansas": the watched links in the order of the packet. */
static void path_text(const struct probe_sample *s, char *out, size_t size)
{
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < s->nsightings && n + 1 < size; i++) {
        const struct probe_sighting *g = &s->sightings[i];
        size_t len = strcspn(g->port, ":");
        bool again = false;

        if (g->what != PROBE_REQUEST ||
            (strcmp(g->port + len, ":a") != 0 && strcmp(g->port + len, ":b") != 0))
            continue;
        for (size_t k = 0; k < i; k++)
            again = again || (s->sightings[k].what == PROBE_REQUEST &&
                              strncmp(s->sightings[k].port, g->port, len + 1) == 0);
        if (!again)
            n += (size_t)snprintf(out + n, size - n, "%s%.*s", n > 0 ? ", " : "", (int)len, g->port);
    }
}

/* ---- from link to link ---- */
static const struct topo_link *link_find(const struct topo *t, const char *name)
{
    for (size_t i = 0; t != NULL && i < t->nlinks; i++)
        if (strcmp(t->links[i].name, name) == 0)
            return &t->links[i];
    return NULL;
}

static bool is_machine(const struct topo *t, const char *name)
{
    for (size_t i = 0; i < t->nnodes; i++)
        if (strcmp(t->nodes[i].name, name) == 0)
            return true;
    return false;
}

/* Was it seen at that end of the link, on its way to the machine there ('in') or from it? */
static bool seen_at_end(const struct probe_sample *s, const struct topo_link *l, int end, bool in)
{
    char port[PROBE_PORT_SIZE];

    snprintf(port, sizeof port, "%s:%c", l->name, 'a' + end);
    return flow_seen(s, port, in, PROBE_REQUEST) != NULL;
}

/* False if links 'from' and 'to' meet at a machine, whose name is then in '*at', that did not send over the one what
 * it received over the other.  Two that meet at both ends do so at either. */
static bool went_on(const struct topo *t, const char *from, const char *to, const struct probe_sample *s,
                    const char **at)
{
    const struct topo_link *a = link_find(t, from), *b = link_find(t, to);
    bool went = false;

    *at = NULL;
    for (int i = 0; a != NULL && b != NULL && i < 2; i++)
        for (int k = 0; k < 2; k++)
            if (strcmp(a->end[i].node, b->end[k].node) == 0 && is_machine(t, a->end[i].node)) {
                *at = a->end[i].node;
                went = went || (seen_at_end(s, a, i, true) && seen_at_end(s, b, k, false));
            }
    return *at == NULL || went;
}

static bool readable_on(const struct probe_sample *s, const char *link)
{
    for (size_t i = 0; i < s->nsightings; i++)
        if (s->sightings[i].what == PROBE_CLEAR && check_link_end(s->sightings[i].port, link))
            return true;
    return false;
}

static struct grading_verdict judge_sample(const struct flow *f, const struct probe_sample *s)
{
    struct grading_verdict v = flow_reach(f, s);
    const struct probe_sighting *last = NULL;
    char path[GRADING_TEXT / 2];
    const char *at;

    if (v.status != GRADING_PASS)
        return v;
    path_text(s, path, sizeof path);
    for (size_t i = 0; i < f->c->via.n; i++) {
        const struct probe_sighting *g = flow_crossed(s, f->c->via.v[i]);

        if (g == NULL)
            return check_verdict(
                GRADING_FAIL, "The packet arrived, but did not use link %s. Watched links that it used: %s.",
                f->c->via.v[i], path[0] != '\0' ? path : "none");
        if (last != NULL && g->t_us < last->t_us)
            return check_verdict(GRADING_FAIL, "The packet used the links in another order: %s.", path);
        last = g;
    }
    for (size_t i = 0; i + 1 < f->c->via.n; i++)
        if (!went_on(f->x->topo, f->c->via.v[i], f->c->via.v[i + 1], s, &at))
            return check_verdict(
                GRADING_FAIL,
                "The packet was seen on links %s and %s, but %s did not take it from the one to "
                "the other.",
                f->c->via.v[i], f->c->via.v[i + 1], at);
    for (size_t i = 0; i < f->c->avoids.n; i++) {
        if (flow_crossed(s, f->c->avoids.v[i]) != NULL)
            return check_verdict(GRADING_FAIL, "The packet used link %s.", f->c->avoids.v[i]);
        if (readable_on(s, f->c->avoids.v[i]))
            return check_verdict(GRADING_FAIL, "The packet used link %s, wrapped into another one.",
                                 f->c->avoids.v[i]);
    }
    return path[0] != '\0' ? check_verdict(GRADING_PASS, "The packet arrived by way of %s.", path) : v;
}

static struct grading_verdict judge(const struct exercise *x, size_t i, const struct probe_result *r)
{
    const struct probe_sample *s;
    struct grading_verdict v;
    struct flow f;

    if ((s = flow_sample(r, i, false, &v)) == NULL)
        return v;
    flow_init(&f, x, &x->checks[i], false);
    return judge_sample(&f, s);
}

static struct grading_verdict judge_broken(const struct exercise *x, size_t i, const struct probe_result *r)
{
    return flow_judge_again(x, i, r, judge_sample);
}

static void expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT])
{
    flow_text(out, x, c);
    flow_text_arrival(out, c);
    if (c->via.n > 0) {
        check_text(out, " by way of link%s ", c->via.n > 1 ? "s" : "");
        check_text_links(out, &c->via);
    }
    if (c->avoids.n > 0) {
        check_text(out, " without using link%s ", c->avoids.n > 1 ? "s" : "");
        check_text_links(out, &c->avoids);
    }
    if (c->cut.n > 0) {
        check_text(out, ", on another way within %u seconds after link%s ", c->settle_ms / 1000,
                   c->cut.n > 1 ? "s" : "");
        check_text_links(out, &c->cut);
        check_text(out, "%s cut", c->cut.n > 1 ? " are" : " is");
    }
    if (c->both)
        check_text(out, ", and the answer comes back");
    check_text(out, ".");
}

const struct check_kind check_path = {
    .name = "path",
    .attrs = attrs,
    .proto = PROBE_ICMP,
    .review = review,
    .spec = spec,
    .judge = judge,
    .judge_before = flow_judge_before,
    .judge_broken = judge_broken,
    .expected = expected,
};
