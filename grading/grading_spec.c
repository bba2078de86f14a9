/* From checks to probes.  Pure. */
#include "grading/grading_parts.h"
#include "labd/base/mem.h"

#include <stdio.h>
#include <string.h>

#define TTL 64
#define TIMEOUT_MS 1500
#define TCP_TIMEOUT_MS 2200 /* a lost SYN is sent again after one second */
#define CUT_INTERVAL_MS 250
#define CUT_STREAK_MIN 3

void grading_probe_id(size_t check, bool back, char out[GRADING_PROBE_ID])
{
    snprintf(out, GRADING_PROBE_ID, back ? "c%u-back" : "c%u", (unsigned)check & 0xffff);
}

struct probe_addr grading_ref_addr(const struct exercise *x, const char *name, int family)
{
    for (size_t i = 0; i < x->nrefs; i++)
        for (size_t k = 0; k < x->refs[i].nnets && strcmp(x->refs[i].name, name) == 0; k++)
            if (x->refs[i].net[k].addr.family == family)
                return x->refs[i].net[k].addr;
    return (struct probe_addr){0, {0}};
}

struct probe_addr grading_target(const struct exercise *x, const struct exercise_check *c)
{
    if (c->to_ref[0] == '\0')
        return c->to;
    /* The family that both references have; the first of the sender's, by preference. */
    for (size_t i = 0; i < x->nrefs; i++)
        for (size_t k = 0; k < x->refs[i].nnets && strcmp(x->refs[i].name, c->from) == 0; k++) {
            struct probe_addr a = grading_ref_addr(x, c->to_ref, x->refs[i].net[k].addr.family);

            if (a.family != 0)
                return a;
        }
    return (struct probe_addr){0, {0}};
}

static int add_port(struct probe_spec *s, const char *name, struct err *e)
{
    for (size_t i = 0; i < s->nports; i++)
        if (strcmp(s->ports[i].name, name) == 0)
            return 0;
    if (s->nports >= PROBE_PORTS_MAX)
        return err_set(e, ERR_CAPACITY, "the checks watch more than %d ports", PROBE_PORTS_MAX);
    snprintf(s->ports[s->nports++].name, PROBE_PORT_SIZE, "%s", name);
    return 0;
}

static int add_links(struct probe_spec *s, const struct exercise_names *links, struct err *e)
{
    for (size_t i = 0; i < links->n; i++)
        for (int end = 'a'; end <= 'b'; end++) {
            char port[PROBE_PORT_SIZE];

            snprintf(port, sizeof port, "%s:%c", links->v[i], end);
            if (add_port(s, port, e) < 0)
                return -1;
        }
    return 0;
}

static void add_ref(struct probe_spec *s, const struct exercise *x, const char *name)
{
    if (probe_ref_find(s, name) != NULL)
        return;
    for (size_t i = 0; i < x->nrefs; i++)
        if (strcmp(x->refs[i].name, name) == 0)
            s->refs[s->nrefs++] = x->refs[i];
}

static int add_probe(struct probe_spec *s, const struct exercise *x, size_t i, bool back,
                     enum grading_phase phase, struct err *e)
{
    const struct exercise_check *c = &x->checks[i];
    struct probe *p;

    if (s->nprobes >= PROBE_PROBES_MAX)
        return err_set(e, ERR_CAPACITY, "the checks need more than %d probes", PROBE_PROBES_MAX);
    p = &s->probes[s->nprobes++];
    grading_probe_id(i, back, p->id);
    p->kind = c->proto;
    snprintf(p->from, sizeof p->from, "%s", back ? c->to_ref : c->from);
    p->to = grading_target(x, c);
    if (back)
        p->to = grading_ref_addr(x, c->from, p->to.family);
    p->port = c->port;
    p->ttl = TTL;
    if (c->to_ref[0] != '\0')
        snprintf(p->far, sizeof p->far, "@%s", back ? c->from : c->to_ref);
    else
        snprintf(p->far, sizeof p->far, "%s", c->seen_at);
    p->count = 1;
    p->interval_ms = CUT_INTERVAL_MS;
    p->timeout_ms = c->proto == PROBE_TCP ? TCP_TIMEOUT_MS : TIMEOUT_MS;
    p->stop = 1;
    if (phase == GRADING_BROKEN) {
        p->count = c->settle_ms / CUT_INTERVAL_MS;
        if (p->count > PROBE_COUNT_MAX) {
            p->count = PROBE_COUNT_MAX;
            p->interval_ms = c->settle_ms / p->count;
        }
        p->stop = x->hold > CUT_STREAK_MIN ? x->hold : CUT_STREAK_MIN;
    }
    return 0;
}

/* Two references test each direction by itself; a student's host is only ever asked for its answer. */
static bool has_back(const struct exercise_check *c)
{
    return c->both && c->to_ref[0] != '\0' && c->kind == EXERCISE_REACHABILITY;
}

struct probe_spec *grading_spec(const struct exercise *x, size_t which, enum grading_phase phase,
                                struct err *e)
{
    AUTO(probe_spec_freep) struct probe_spec *s = probe_spec_new();

    for (size_t i = 0; i < x->nchecks; i++) {
        const struct exercise_check *c = &x->checks[i];

        if (which == GRADING_ALL_UNCUT ? c->cut.n > 0 : which != i)
            continue;
        add_ref(s, x, c->from);
        if (c->to_ref[0] != '\0')
            add_ref(s, x, c->to_ref);
        else if (c->seen_at[0] != '\0' && add_port(s, c->seen_at, e) < 0)
            return NULL;
        if (add_links(s, &c->via, e) < 0 || add_links(s, &c->avoids, e) < 0 || add_links(s, &c->cut, e) < 0 ||
            add_probe(s, x, i, false, phase, e) < 0 ||
            (has_back(c) && add_probe(s, x, i, true, phase, e) < 0))
            return NULL;
        for (size_t k = 0; phase == GRADING_BROKEN && k < c->cut.n; k++)
            snprintf(s->cut[s->ncut++], NAME_SIZE, "%s", c->cut.v[k]);
    }
    return TAKE(s);
}
