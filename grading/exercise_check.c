/* The meaning of an exercise: do its names exist, do its checks make sense, can each of them pass? */
#include "grading/exercise_parts.h"
#include "grading/grading_parts.h"
#include "topology/topo_index.h"
#include "topology/topo_value.h"

#include <stdio.h>
#include <string.h>

struct checker {
    const struct exercise *x;
    const struct topo *t;
    struct topo_index ix;
    struct topo_msgs *m;
};

#define KINDS_SEGMENT (1u << TOPO_NETWORK | 1u << TOPO_HUB | 1u << TOPO_SWITCH)

#define COMPLAIN(k, line, ...) topo_msgs_add((k)->m, (line), TOPO_ERROR, __VA_ARGS__)

static bool negative(const struct exercise_check *c)
{
    return c->kind == EXERCISE_UNREACHABLE || c->kind == EXERCISE_TCP_CLOSED;
}

static const struct probe_ref *find_ref(const struct exercise *x, const char *name)
{
    for (size_t i = 0; i < x->nrefs; i++)
        if (strcmp(x->refs[i].name, name) == 0)
            return &x->refs[i];
    return NULL;
}

/* ---- what a name was probably meant to be ---- */
static const char *like_ref(struct checker *k, const char *wrong, char out[VALUE_HINT_SIZE])
{
    struct value_guess g;

    value_guess_init(&g, wrong);
    for (size_t i = 0; i < k->x->nrefs; i++)
        value_guess_offer(&g, k->x->refs[i].name);
    return value_guess_hint(&g, out);
}

static const char *like_check(struct checker *k, const char *wrong, char out[VALUE_HINT_SIZE])
{
    struct value_guess g;

    value_guess_init(&g, wrong);
    for (size_t i = 0; i < k->x->nchecks; i++)
        value_guess_offer(&g, k->x->checks[i].id);
    return value_guess_hint(&g, out);
}

/* 'kinds': bits of enum topo_kind that would do. */
static const char *like_topo(struct checker *k, const char *wrong, unsigned kinds, char out[VALUE_HINT_SIZE])
{
    struct value_guess g;

    value_guess_init(&g, wrong);
    for (size_t i = 0; i < k->ix.nrefs && k->m->n < TOPO_MSGS_MAX; i++)
        if (kinds & 1u << k->ix.refs[i].kind)
            value_guess_offer(&g, k->ix.refs[i].name);
    return value_guess_hint(&g, out);
}

/* ---- references ---- */
static void check_ref_place(struct checker *k, const struct probe_ref *r, int line)
{
    const struct topo_ref *at;
    char hint[VALUE_HINT_SIZE];

    if (r->segment[0] == '\0')
        return;
    at = topo_index_find(&k->ix, r->segment);
    if (at == NULL)
        COMPLAIN(k, line, "reference '%s': the topology has no '%s'%s", r->name, r->segment,
                 like_topo(k, r->segment, KINDS_SEGMENT, hint));
    else if (at->kind != TOPO_NETWORK && at->kind != TOPO_HUB && at->kind != TOPO_SWITCH)
        COMPLAIN(k, line,
                 "reference '%s': '%s' is a %s; a reference host attaches to a network, hub or switch",
                 r->name, r->segment, topo_kind_name(at->kind));
    else if (r->vlan != 0 && at->kind != TOPO_SWITCH)
        COMPLAIN(k, line, "reference '%s': '%s' is a %s and has no VLANs", r->name, r->segment,
                 topo_kind_name(at->kind));
}

static void check_ref_address(struct checker *k, const struct probe_ref *r, size_t n, int line)
{
    const struct probe_addr *a = &r->net[n].addr;
    char text[PROBE_ADDR_TEXT];

    if (r->net[n].gateway.family != 0 && !probe_addr_in_net(&r->net[n].gateway, a, r->net[n].prefix))
        COMPLAIN(k, line, "reference '%s': gateway %s is outside its prefix", r->name,
                 probe_addr_text(&r->net[n].gateway, text));
    for (size_t i = 0; i < k->t->nnodes; i++)
        for (size_t f = 0; f < k->t->nodes[i].nifaces; f++) {
            const struct topo_iface *iface = &k->t->nodes[i].ifaces[f];

            for (size_t j = 0; j < iface->naddrs; j++) {
                struct probe_addr taken;
                unsigned prefix;

                if (probe_addr_parse_net(iface->addrs[j].text, &taken, &prefix) &&
                    probe_addr_equal(&taken, a))
                    COMPLAIN(k, line, "reference '%s': address %s belongs to %s:%s", r->name,
                             probe_addr_text(a, text), k->t->nodes[i].name, iface->name);
            }
        }
}

static void check_refs(struct checker *k)
{
    const struct exercise *x = k->x;

    for (size_t i = 0; i < x->nrefs; i++) {
        const struct probe_ref *r = &x->refs[i];
        int line = x->ref_lines[i];

        if (find_ref(x, r->name) != r)
            COMPLAIN(k, line, "there is a reference '%s' already", r->name);
        if (r->nnets == 0)
            COMPLAIN(k, line, "reference '%s' needs an address or address6", r->name);
        check_ref_place(k, r, line);
        for (size_t n = 0; n < r->nnets; n++)
            check_ref_address(k, r, n, line);
    }
}

/* ---- one check ---- */
static void check_links(struct checker *k, const struct exercise_check *c, const char *what,
                        const struct exercise_names *names)
{
    for (size_t i = 0; i < names->n; i++) {
        const struct topo_ref *r = topo_index_find(&k->ix, names->v[i]);
        char hint[VALUE_HINT_SIZE];

        if (r == NULL || r->kind != TOPO_LINK)
            COMPLAIN(k, c->line, "check '%s': %s names '%s', which is %s%s", c->id, what, names->v[i],
                     r == NULL ? "not in the topology" : "not a link",
                     like_topo(k, names->v[i], 1u << TOPO_LINK, hint));
    }
}

static bool holds(const struct exercise_names *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->v[i], name) == 0)
            return true;
    return false;
}

static void check_path(struct checker *k, const struct exercise_check *c)
{
    check_links(k, c, "via", &c->via);
    check_links(k, c, "avoids", &c->avoids);
    check_links(k, c, "cut", &c->cut);
    if (c->cut.n > PROBE_CUT_MAX)
        COMPLAIN(k, c->line, "check '%s': more than %d links are cut", c->id, PROBE_CUT_MAX);
    if (c->kind != EXERCISE_PATH && c->via.n + c->avoids.n + c->cut.n > 0)
        COMPLAIN(k, c->line, "check '%s': via, avoids and cut belong to kind=\"path\"", c->id);
    if (c->kind == EXERCISE_PATH && c->via.n + c->avoids.n + c->cut.n == 0)
        COMPLAIN(k, c->line, "check '%s': a path needs via, avoids or cut", c->id);
    if (c->cut.n > 0 && c->settle_ms < 1000 * k->x->hold)
        COMPLAIN(k, c->line, "check '%s': settle is too short to see the traffic hold", c->id);
    for (size_t i = 0; i < c->via.n; i++)
        if (holds(&c->cut, c->via.v[i]) || holds(&c->avoids, c->via.v[i]))
            COMPLAIN(k, c->line,
                     "check '%s' can never pass: the path has to use link '%s' and has to do without it",
                     c->id, c->via.v[i]);
}

static void check_seen_at(struct checker *k, const struct exercise_check *c)
{
    size_t n = strcspn(c->seen_at, ":");
    char head[NAME_SIZE];
    const struct topo_ref *r;

    if (c->seen_at[0] == '\0' || n >= sizeof head)
        return;
    memcpy(head, c->seen_at, n);
    head[n] = '\0';
    r = topo_index_find(&k->ix, head);
    if (r != NULL && topo_kind_is_node(r->kind) &&
        topo_index_slot(&k->ix, topo_index_owner(&k->ix, r), c->seen_at + n + 1) != NULL)
        return;
    if (r != NULL && r->kind == TOPO_LINK &&
        (strcmp(c->seen_at + n, ":a") == 0 || strcmp(c->seen_at + n, ":b") == 0))
        return;
    COMPLAIN(k, c->line, "check '%s': the topology has no port '%s' to watch", c->id, c->seen_at);
}

static void check_target(struct checker *k, const struct exercise_check *c)
{
    const struct probe_ref *from = find_ref(k->x, c->from), *to = NULL;
    struct probe_addr target = grading_target(k->x, c);
    char text[PROBE_ADDR_TEXT], hint[VALUE_HINT_SIZE];

    if (c->from[0] != '\0' && from == NULL)
        COMPLAIN(k, c->line, "check '%s': there is no reference '%s'%s", c->id, c->from,
                 like_ref(k, c->from, hint));
    if (c->to_ref[0] != '\0') {
        if ((to = find_ref(k->x, c->to_ref)) == NULL)
            COMPLAIN(k, c->line, "check '%s': '%s' is neither an address nor a reference%s", c->id, c->to_ref,
                     like_ref(k, c->to_ref, hint));
        else if (to == from)
            COMPLAIN(k, c->line, "check '%s' goes from '%s' to itself", c->id, c->to_ref);
        else if (from != NULL && from->nnets > 0 && to->nnets > 0 && target.family == 0)
            COMPLAIN(k, c->line, "check '%s': '%s' and '%s' have no addresses of the same family", c->id,
                     c->from, c->to_ref);
        if (c->seen_at[0] != '\0')
            COMPLAIN(k, c->line, "check '%s': seen-at is '%s' itself when 'to' names a reference", c->id,
                     c->to_ref);
        return;
    }
    if (c->to.family == 0 || from == NULL)
        return;
    if (!probe_ref_has(from, c->to.family))
        COMPLAIN(k, c->line, "check '%s': reference '%s' has no address of the family of %s", c->id, c->from,
                 probe_addr_text(&c->to, text));
    for (size_t i = 0; i < from->nnets; i++)
        if (from->net[i].addr.family == c->to.family && from->net[i].gateway.family == 0 &&
            !probe_addr_in_net(&c->to, &from->net[i].addr, from->net[i].prefix))
            COMPLAIN(k, c->line, "check '%s': reference '%s' has no gateway towards %s", c->id, c->from,
                     probe_addr_text(&c->to, text));
}

/* What counts as arrival must be seen where the student can not fake it. */
static void check_evidence(struct checker *k, const struct exercise_check *c)
{
    bool watched = c->seen_at[0] != '\0' || c->to_ref[0] != '\0';

    if (watched)
        return;
    if (c->kind == EXERCISE_REACHABILITY || c->kind == EXERCISE_UNREACHABLE)
        COMPLAIN(k, c->line,
                 "check '%s' needs seen-at: an answer alone may come from a router that took the address",
                 c->id);
    else if (c->kind == EXERCISE_TCP_CLOSED && c->expect != EXERCISE_ANY)
        COMPLAIN(k, c->line, "check '%s' needs seen-at to tell a filtered port from a refused one", c->id);
    else if (c->kind == EXERCISE_TCP_OPEN || c->kind == EXERCISE_PATH)
        topo_msgs_add(k->m, c->line, TOPO_WARNING,
                      "check '%s' has no seen-at: a router that answers for the address will pass", c->id);
}

static void check_options(struct checker *k, const struct exercise_check *c)
{
    bool tcp = c->kind == EXERCISE_TCP_OPEN || c->kind == EXERCISE_TCP_CLOSED;

    if ((tcp || c->proto == PROBE_UDP) && c->port == 0)
        COMPLAIN(k, c->line, "check '%s' needs a port", c->id);
    if (c->proto == PROBE_ICMP && c->port != 0)
        COMPLAIN(k, c->line, "check '%s': a port makes sense for tcp-open, tcp-closed or proto=\"udp\"",
                 c->id);
    if (c->expect != EXERCISE_ANY && c->kind != EXERCISE_TCP_CLOSED)
        COMPLAIN(k, c->line, "check '%s': expect belongs to kind=\"tcp-closed\"", c->id);
    if (c->hops != EXERCISE_HOPS_ANY && (negative(c) || (c->seen_at[0] == '\0' && c->to_ref[0] == '\0')))
        COMPLAIN(k, c->line, "check '%s': hops needs something that arrives where it is watched", c->id);
}

/* ---- relations between checks ---- */
static void check_control(struct checker *k, const struct exercise_check *c)
{
    const struct exercise_check *o = exercise_check_find(k->x, c->control);
    char hint[VALUE_HINT_SIZE];

    if (!negative(c)) {
        if (c->control[0] != '\0')
            COMPLAIN(k, c->line, "check '%s': a control belongs to unreachable and tcp-closed", c->id);
        return;
    }
    if (c->control[0] == '\0')
        COMPLAIN(k, c->line,
                 "check '%s' needs a control: what is blocked proves nothing unless something passes", c->id);
    else if (o == NULL)
        COMPLAIN(k, c->line, "check '%s': there is no check '%s' to be its control%s", c->id, c->control,
                 like_check(k, c->control, hint));
    else if (negative(o) || o->cut.n > 0)
        COMPLAIN(k, c->line,
                 "check '%s': its control '%s' must be a check that something passes, without a cut", c->id,
                 c->control);
}

static void check_requires(struct checker *k, const struct exercise_check *c)
{
    for (size_t i = 0; i < c->requires.n; i++) {
        const struct exercise_check *o = exercise_check_find(k->x, c->requires.v[i]);
        char hint[VALUE_HINT_SIZE];

        if (o == NULL)
            COMPLAIN(k, c->line, "check '%s' requires '%s', which does not exist%s", c->id, c->requires.v[i],
                     like_check(k, c->requires.v[i], hint));
        else if (o->cut.n > 0 && c->cut.n == 0)
            COMPLAIN(k, c->line, "check '%s' requires '%s', which cuts a link and therefore runs later",
                     c->id, c->requires.v[i]);
    }
}

/* Depth-first along requires and control; 'state' is 0 new, 1 on the way, 2 done. */
static bool cyclic(struct checker *k, size_t i, char *state)
{
    const struct exercise_check *c = &k->x->checks[i];

    if (state[i] != 0)
        return state[i] == 1;
    state[i] = 1;
    for (size_t n = 0; n <= c->requires.n; n++) {
        const struct exercise_check *o =
            exercise_check_find(k->x, n < c->requires.n ? c->requires.v[n] : c->control);

        if (o != NULL && cyclic(k, (size_t)(o - k->x->checks), state)) {
            state[i] = 2;
            return true;
        }
    }
    state[i] = 2;
    return false;
}

static void check_checks(struct checker *k)
{
    const struct exercise *x = k->x;
    char state[EXERCISE_CHECKS_MAX] = {0};

    for (size_t i = 0; i < x->nchecks; i++) {
        const struct exercise_check *c = &x->checks[i];

        if (c->id[0] != '\0' && exercise_check_find(x, c->id) != c)
            COMPLAIN(k, c->line, "there is a check '%s' already", c->id);
        if (c->kind == EXERCISE_KIND_COUNT)
            continue;
        check_target(k, c);
        check_seen_at(k, c);
        check_path(k, c);
        check_evidence(k, c);
        check_options(k, c);
        check_control(k, c);
        check_requires(k, c);
        if (state[i] == 0 && cyclic(k, i, state))
            COMPLAIN(k, c->line, "check '%s' depends on itself by requires or control", c->id);
    }
}

static void check_wrongs(struct checker *k)
{
    const struct exercise *x = k->x;
    unsigned max = exercise_max_score(x);

    if (x->nchecks > 0 && max == 0)
        COMPLAIN(k, x->line, "no check gives any points");
    if (x->nwrongs > 0 && x->solution_dir == NULL)
        COMPLAIN(k, x->line, "there are wrong solutions, but no <solution>");
    for (size_t i = 0; i < x->nwrongs; i++) {
        const struct exercise_wrong *w = &x->wrongs[i];

        if (w->dir == NULL)
            continue;
        if (max > 0 && w->score >= max)
            COMPLAIN(k, w->line, "wrong solution '%s' is promised %u of %u points: then it is not wrong",
                     w->dir, w->score, max);
        for (size_t o = 0; o < i; o++)
            if (x->wrongs[o].dir != NULL && strcmp(x->wrongs[o].dir, w->dir) == 0)
                COMPLAIN(k, w->line, "there is a wrong solution '%s' already", w->dir);
    }
}

/* The machine takes only so many ports and probes at a time. */
static void check_size(struct checker *k)
{
    struct probe_spec *s;
    struct err e;

    if ((s = grading_spec(k->x, GRADING_ALL_UNCUT, GRADING_STEADY, &e)) == NULL)
        COMPLAIN(k, k->x->line, "%s", e.msg);
    probe_spec_free(s);
    for (size_t i = 0; i < k->x->nchecks; i++) {
        if (k->x->checks[i].cut.n == 0 || k->x->checks[i].cut.n > PROBE_CUT_MAX)
            continue;
        if ((s = grading_spec(k->x, i, GRADING_BROKEN, &e)) == NULL)
            COMPLAIN(k, k->x->checks[i].line, "%s", e.msg);
        probe_spec_free(s);
    }
}

void exercise_check(const struct exercise *x, const struct topo *t, struct topo_msgs *m)
{
    struct checker k = {.x = x, .t = t, .m = m};

    topo_index_init(&k.ix, t);
    check_refs(&k);
    check_checks(&k);
    check_wrongs(&k);
    check_size(&k);
    topo_index_clear(&k.ix);
}
