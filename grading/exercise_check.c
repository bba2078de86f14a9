/* The meaning of an exercise: do its names exist, do its checks make sense, can each of them pass? */
#include "grading/answer.h"
#include "grading/check/check.h"
#include "grading/exercise_parts.h"
#include "topology/topo_value.h"

#include <stdio.h>
#include <string.h>

#define KINDS_SEGMENT (1u << TOPO_NETWORK | 1u << TOPO_HUB | 1u << TOPO_SWITCH)

#define COMPLAIN(k, line, ...) topo_msgs_add((k)->m, (line), TOPO_ERROR, __VA_ARGS__)

static bool negative(const struct exercise_check *c)
{
    return c->kind != NULL && c->kind->negative;
}

/* ---- references ---- */
static void check_ref_place(struct check_review *k, const struct probe_ref *r, int line)
{
    const struct topo_ref *at;
    char hint[VALUE_HINT_SIZE];

    if (r->segment[0] == '\0')
        return;
    at = topo_index_find(&k->ix, r->segment);
    if (at == NULL)
        COMPLAIN(k, line, "reference '%s': the topology has no '%s'%s", r->name, r->segment,
                 check_like_topo(k, r->segment, KINDS_SEGMENT, hint));
    else if (at->kind != TOPO_NETWORK && at->kind != TOPO_HUB && at->kind != TOPO_SWITCH)
        COMPLAIN(k, line,
                 "reference '%s': '%s' is a %s; a reference host attaches to a network, hub or switch",
                 r->name, r->segment, topo_kind_name(at->kind));
    else if (r->vlan != 0 && at->kind != TOPO_SWITCH)
        COMPLAIN(k, line, "reference '%s': '%s' is a %s and has no VLANs", r->name, r->segment,
                 topo_kind_name(at->kind));
}

static void check_ref_address(struct check_review *k, const struct probe_ref *r, size_t n, int line)
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

static void check_refs(struct check_review *k)
{
    const struct exercise *x = k->x;

    for (size_t i = 0; i < x->nrefs; i++) {
        const struct probe_ref *r = &x->refs[i];
        int line = x->ref_lines[i];

        if (check_ref_find(x, r->name) != r)
            COMPLAIN(k, line, "there is a reference '%s' already", r->name);
        if (r->nnets == 0)
            COMPLAIN(k, line, "reference '%s' needs an address or address6", r->name);
        check_ref_place(k, r, line);
        for (size_t n = 0; n < r->nnets; n++)
            check_ref_address(k, r, n, line);
    }
}

/* ---- relations between checks ---- */
static void check_control(struct check_review *k, const struct exercise_check *c)
{
    const struct exercise_check *o = exercise_check_find(k->x, c->control);
    char hint[VALUE_HINT_SIZE];

    if (!negative(c))
        return;
    if (c->control[0] == '\0')
        COMPLAIN(k, c->line,
                 "check '%s' needs a control: what is blocked proves nothing unless something passes", c->id);
    else if (o == NULL)
        COMPLAIN(k, c->line, "check '%s': there is no check '%s' to be its control%s", c->id, c->control,
                 check_like_check(k, c->control, hint));
    else if (negative(o) || check_alone(o) || answer_asked(o))
        COMPLAIN(k, c->line,
                 "check '%s': its control '%s' must be a check that something passes, without a cut", c->id,
                 c->control);
}

static void check_requires(struct check_review *k, const struct exercise_check *c)
{
    for (size_t i = 0; i < c->requires.n; i++) {
        const struct exercise_check *o = exercise_check_find(k->x, c->requires.v[i]);
        char hint[VALUE_HINT_SIZE];

        if (o == NULL)
            COMPLAIN(k, c->line, "check '%s' requires '%s', which does not exist%s", c->id, c->requires.v[i],
                     check_like_check(k, c->requires.v[i], hint));
        else if ((check_alone(o) && !check_alone(c)) || (check_reboots(o) && !check_reboots(c)))
            COMPLAIN(k, c->line, "check '%s' requires '%s', which %s and therefore runs later", c->id,
                     c->requires.v[i],
                     check_reboots(o) ? "reboots nodes"
                     : o->cut.n > 0   ? "cuts a link"
                                      : "brings a router");
        else if (answer_asked(o) && !answer_asked(c))
            COMPLAIN(k, c->line, "check '%s' requires '%s', which is a question: only another question may",
                     c->id, c->requires.v[i]);
    }
}

/* Depth-first along requires and control; 'state' is 0 new, 1 on the way, 2 done. */
static bool cyclic(struct check_review *k, size_t i, char *state)
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

static void check_checks(struct check_review *k)
{
    const struct exercise *x = k->x;
    char state[EXERCISE_CHECKS_MAX] = {0};

    for (size_t i = 0; i < x->nchecks; i++) {
        const struct exercise_check *c = &x->checks[i];

        if (c->id[0] != '\0' && exercise_check_find(x, c->id) != c)
            COMPLAIN(k, c->line, "there is a check '%s' already", c->id);
        if (c->kind == NULL)
            continue;
        c->kind->review(k, c);
        check_control(k, c);
        check_requires(k, c);
        if (state[i] == 0 && cyclic(k, i, state))
            COMPLAIN(k, c->line, "check '%s' depends on itself by requires or control", c->id);
    }
}

static void check_wrongs(struct check_review *k)
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
static void check_size(struct check_review *k)
{
    struct probe_spec *s;
    struct err e;

    if ((s = grading_spec(k->x, GRADING_ALL_SHARED, GRADING_STEADY, &e)) == NULL)
        COMPLAIN(k, k->x->line, "%s", e.msg);
    probe_spec_free(s);
    for (size_t i = 0; i < k->x->nchecks; i++) {
        if (!check_alone(&k->x->checks[i]) || k->x->checks[i].cut.n > PROBE_CUT_MAX)
            continue;
        if ((s = grading_spec(k->x, i, GRADING_BROKEN, &e)) == NULL)
            COMPLAIN(k, k->x->checks[i].line, "%s", e.msg);
        probe_spec_free(s);
    }
}

void exercise_check(const struct exercise *x, const struct topo *t, struct topo_msgs *m)
{
    struct check_review k = {.x = x, .t = t, .m = m};

    topo_index_init(&k.ix, t);
    check_refs(&k);
    check_checks(&k);
    check_wrongs(&k);
    check_size(&k);
    topo_index_clear(&k.ix);
}

bool exercise_reboots(const struct exercise *x)
{
    for (size_t i = 0; i < x->nchecks; i++)
        if (check_reboots(&x->checks[i]))
            return true;
    return false;
}
