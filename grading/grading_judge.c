/* From probe results to verdicts.  Pure.  What is observed is told in the words of the lab's drawing:
 * ports, addresses, links; never the command that would help. */
#include "grading/grading_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *grading_status_name(enum grading_status s)
{
    static const char *const names[] = {[GRADING_FAIL] = "fail",
                                        [GRADING_PASS] = "pass",
                                        [GRADING_BLOCKED] = "blocked",
                                        [GRADING_ERROR] = "error"};

    return names[s];
}

/* One check under judgement. */
struct trial {
    const struct exercise *x;
    const struct exercise_check *c;
    char far[PROBE_PORT_SIZE];
    char place[PROBE_PORT_SIZE + 32]; /* 'far' in words */
    struct probe_addr self, to;
    char to_text[PROBE_ADDR_TEXT];
};

static void trial_init(struct trial *t, const struct exercise *x, const struct exercise_check *c, bool back)
{
    memset(t, 0, sizeof *t);
    t->x = x;
    t->c = c;
    t->to = grading_target(x, c);
    t->self = grading_ref_addr(x, c->from, t->to.family);
    if (back) {
        struct probe_addr a = t->to;

        t->to = t->self;
        t->self = a;
    }
    probe_addr_text(&t->to, t->to_text);
    if (c->to_ref[0] != '\0') {
        snprintf(t->far, sizeof t->far, "@%s", back ? c->from : c->to_ref);
        snprintf(t->place, sizeof t->place, "the test host %s", t->to_text);
    } else if (c->seen_at[0] != '\0') {
        snprintf(t->far, sizeof t->far, "%s", c->seen_at);
        snprintf(t->place, sizeof t->place, "%s", c->seen_at);
    } else {
        snprintf(t->place, sizeof t->place, "%s", t->to_text);
    }
}

static struct grading_verdict verdict(enum grading_status status, const char *fmt, ...) PRINTF_LIKE(2, 3);
static struct grading_verdict verdict(enum grading_status status, const char *fmt, ...)
{
    struct grading_verdict v = {.status = status, .after_ms = -1};
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(v.observed, sizeof v.observed, fmt, ap);
    va_end(ap);
    return v;
}

static const struct probe_sighting *seen(const struct probe_sample *s, const char *port, bool in,
                                         enum probe_what what)
{
    for (size_t i = 0; i < s->nsightings; i++)
        if (s->sightings[i].in == in && s->sightings[i].what == what &&
            strcmp(s->sightings[i].port, port) == 0)
            return &s->sightings[i];
    return NULL;
}

/* When the sample first crossed 'link', or NULL. */
static const struct probe_sighting *crossed(const struct probe_sample *s, const char *link)
{
    size_t n = strlen(link);

    for (size_t i = 0; i < s->nsightings; i++) {
        const struct probe_sighting *g = &s->sightings[i];

        if ((g->what == PROBE_REQUEST || g->what == PROBE_SYN) && strncmp(g->port, link, n) == 0 &&
            (strcmp(g->port + n, ":a") == 0 || strcmp(g->port + n, ":b") == 0))
            return g;
    }
    return NULL;
}

static const char *routers(int n, char out[32])
{
    snprintf(out, 32, n == 1 ? "%d router" : "%d routers", n);
    return out;
}

/* Did it arrive at the far port as it was sent?  True, or '*v' says what happened instead. */
static bool arrived(const struct trial *t, const struct probe_sample *s, bool answered,
                    struct grading_verdict *v)
{
    const struct probe_sighting *g =
        seen(s, t->far, true, t->c->proto == PROBE_TCP ? PROBE_SYN : PROBE_REQUEST);
    char text[PROBE_ADDR_TEXT], want[32], got[32];
    int hops;

    if (g == NULL) {
        if (answered)
            *v = verdict(GRADING_FAIL,
                         "An answer came in the name of %s, but the packet was never seen at %s: "
                         "something else answered for that address.",
                         t->to_text, t->place);
        else
            *v = verdict(GRADING_FAIL, "The packet did not arrive at %s.", t->place);
        return false;
    }
    if (!probe_addr_equal(&g->dst, &t->to)) {
        *v = verdict(GRADING_FAIL, "A packet for %s arrived at %s, but with the destination changed to %s.",
                     t->to_text, t->place, probe_addr_text(&g->dst, text));
        return false;
    }
    if (!probe_addr_equal(&g->src, &t->self)) {
        *v = verdict(GRADING_FAIL, "The packet arrived at %s, but with the source address changed to %s.",
                     t->place, probe_addr_text(&g->src, text));
        return false;
    }
    hops = 64 - g->ttl;
    if (t->c->hops != EXERCISE_HOPS_ANY && hops != t->c->hops) {
        *v = verdict(GRADING_FAIL, "The packet arrived at %s after %s instead of %s, by its TTL of %d.",
                     t->place, routers(hops, got), routers(t->c->hops, want), g->ttl);
        return false;
    }
    return true;
}

/* Echo requests and datagrams, one direction and its answer. */
static struct grading_verdict judge_reach(const struct trial *t, const struct probe_sample *s)
{
    struct grading_verdict v;

    if (t->far[0] != '\0' && !arrived(t, s, s->reply_us >= 0, &v))
        return v;
    if (t->c->both && s->reply_us < 0)
        return t->far[0] == '\0'
                   ? verdict(GRADING_FAIL, "No answer came from %s.", t->to_text)
                   : verdict(GRADING_FAIL, "The packet arrived at %s, but no answer came back.", t->place);
    if (t->c->both && t->far[0] != '\0' && seen(s, t->far, false, PROBE_REPLY) == NULL)
        return verdict(GRADING_FAIL,
                       "The packet arrived at %s, but the answer that came back did not leave from there.",
                       t->place);
    if (t->far[0] == '\0')
        return verdict(GRADING_PASS, "An answer came from %s.", t->to_text);
    return t->c->both ? verdict(GRADING_PASS, "The packet arrived at %s and the answer came back.", t->place)
                      : verdict(GRADING_PASS, "The packet arrived at %s.", t->place);
}

static struct grading_verdict judge_unreachable(const struct trial *t, const struct probe_sample *s)
{
    if (seen(s, t->far, true, PROBE_REQUEST) != NULL)
        return verdict(GRADING_FAIL, "The packet arrived at %s.", t->place);
    if (s->reply_us >= 0)
        return verdict(GRADING_FAIL, "An answer came in the name of %s.", t->to_text);
    return verdict(GRADING_PASS, "The packet did not arrive at %s.", t->place);
}

static struct grading_verdict judge_open(const struct trial *t, const struct probe_sample *s)
{
    struct grading_verdict v;
    unsigned port = t->c->port;

    if (s->tcp == PROBE_TCP_REFUSED)
        return verdict(GRADING_FAIL, "The connection to %s port %u was refused.", t->to_text, port);
    if (s->tcp == PROBE_TCP_UNREACHABLE)
        return verdict(GRADING_FAIL, "%s was reported unreachable.", t->to_text);
    if (s->tcp != PROBE_TCP_OPEN)
        return verdict(GRADING_FAIL, "The connection to %s port %u was not answered.", t->to_text, port);
    if (t->far[0] == '\0')
        return verdict(GRADING_PASS, "%s accepted a connection to port %u.", t->to_text, port);
    if (!arrived(t, s, true, &v))
        return v;
    if (seen(s, t->far, false, PROBE_SYNACK) == NULL)
        return verdict(GRADING_FAIL,
                       "A connection to %s port %u was accepted, but not by the host behind %s.", t->to_text,
                       port, t->place);
    return verdict(GRADING_PASS, "%s accepted a connection to port %u.", t->place, port);
}

static struct grading_verdict judge_closed(const struct trial *t, const struct probe_sample *s)
{
    bool there = t->far[0] != '\0' && seen(s, t->far, true, PROBE_SYN) != NULL;
    unsigned port = t->c->port;

    if (s->tcp == PROBE_TCP_OPEN)
        return verdict(GRADING_FAIL, "A connection to %s port %u was accepted.", t->to_text, port);
    if (t->c->expect == EXERCISE_FILTERED && there)
        return verdict(GRADING_FAIL, "The attempt to connect to port %u arrived at %s.", port, t->place);
    if (t->c->expect == EXERCISE_REFUSED && (!there || seen(s, t->far, false, PROBE_RST) == NULL))
        return verdict(GRADING_FAIL,
                       there ? "The attempt to connect to port %u arrived at %s, which did not refuse it."
                             : "The attempt to connect to port %u did not arrive at %s.",
                       port, t->place);
    return verdict(GRADING_PASS,
                   there ? "%s port %u refused the connection." : "No connection to %s port %u came about.",
                   t->to_text, port);
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

static struct grading_verdict judge_path(const struct trial *t, const struct probe_sample *s)
{
    struct grading_verdict v = judge_reach(t, s);
    const struct probe_sighting *last = NULL;
    char path[GRADING_TEXT / 2];

    if (v.status != GRADING_PASS)
        return v;
    path_text(s, path, sizeof path);
    for (size_t i = 0; i < t->c->via.n; i++) {
        const struct probe_sighting *g = crossed(s, t->c->via.v[i]);

        if (g == NULL)
            return verdict(GRADING_FAIL,
                           "The packet arrived, but did not use link %s. Watched links that it used: %s.",
                           t->c->via.v[i], path[0] != '\0' ? path : "none");
        if (last != NULL && g->t_us < last->t_us)
            return verdict(GRADING_FAIL, "The packet used the links in another order: %s.", path);
        last = g;
    }
    for (size_t i = 0; i < t->c->avoids.n; i++)
        if (crossed(s, t->c->avoids.v[i]) != NULL)
            return verdict(GRADING_FAIL, "The packet used link %s.", t->c->avoids.v[i]);
    return path[0] != '\0' ? verdict(GRADING_PASS, "The packet arrived by way of %s.", path) : v;
}

static struct grading_verdict judge_before_cut(const struct trial *t, const struct probe_sample *s)
{
    struct grading_verdict v = judge_reach(t, s);

    if (v.status != GRADING_PASS) {
        char why[GRADING_TEXT];

        memcpy(why, v.observed, sizeof why);
        return verdict(GRADING_FAIL, "Already before the cut: %.300s", why);
    }
    for (size_t i = 0; i < t->c->cut.n; i++)
        if (crossed(s, t->c->cut.v[i]) != NULL)
            return v;
    return verdict(GRADING_FAIL,
                   "Before the cut the packet did not use link %s, so cutting it shows nothing.",
                   t->c->cut.v[0]);
}

static struct grading_verdict judge_sample(const struct trial *t, const struct probe_sample *s)
{
    switch (t->c->kind) {
    case EXERCISE_REACHABILITY:
        return judge_reach(t, s);
    case EXERCISE_UNREACHABLE:
        return judge_unreachable(t, s);
    case EXERCISE_TCP_OPEN:
        return judge_open(t, s);
    case EXERCISE_TCP_CLOSED:
        return judge_closed(t, s);
    case EXERCISE_PATH:
        return judge_path(t, s);
    case EXERCISE_KIND_COUNT:
        break;
    }
    return verdict(GRADING_ERROR, "This kind of check is not known.");
}

/* The outcome of a probe, or NULL with '*v' an error: what could not be measured is nobody's failure. */
static const struct probe_outcome *outcome(const struct probe_result *r, size_t check, bool back,
                                           struct grading_verdict *v)
{
    const struct probe_outcome *o;
    char id[GRADING_PROBE_ID];

    grading_probe_id(check, back, id);
    o = probe_outcome_find(r, id);
    if (r->lost > 0)
        *v = verdict(GRADING_ERROR, "The capture lost packets.");
    else if (o == NULL || (o->error[0] == '\0' && o->nsamples == 0))
        *v = verdict(GRADING_ERROR, "The probe gave no result.");
    else if (o->error[0] != '\0')
        *v = verdict(GRADING_ERROR, "The probe could not be made: %s", o->error);
    else
        return o;
    return NULL;
}

struct grading_verdict grading_judge(const struct exercise *x, size_t i, const struct probe_result *r,
                                     bool before_cut)
{
    const struct exercise_check *c = &x->checks[i];
    const struct probe_outcome *o;
    struct grading_verdict v, back;
    struct trial t;

    if ((o = outcome(r, i, false, &v)) == NULL)
        return v;
    trial_init(&t, x, c, false);
    v = before_cut ? judge_before_cut(&t, &o->samples[o->nsamples - 1])
                   : judge_sample(&t, &o->samples[o->nsamples - 1]);
    if (v.status != GRADING_PASS || !c->both || c->to_ref[0] == '\0' || c->kind != EXERCISE_REACHABILITY)
        return v;
    if ((o = outcome(r, i, true, &back)) == NULL)
        return back;
    trial_init(&t, x, c, true);
    back = judge_sample(&t, &o->samples[o->nsamples - 1]);
    return back.status == GRADING_PASS ? v : back;
}

struct grading_verdict grading_judge_cut(const struct exercise *x, size_t i, const struct probe_result *r)
{
    const struct exercise_check *c = &x->checks[i];
    const struct probe_outcome *o;
    struct grading_verdict v, last;
    struct trial t;
    size_t good = 0, streak = 0;

    if ((o = outcome(r, i, false, &v)) == NULL)
        return v;
    trial_init(&t, x, c, false);
    for (size_t n = 0; n < o->nsamples; n++) {
        last = judge_sample(&t, &o->samples[n]);
        streak = last.status == GRADING_PASS ? streak + 1 : 0;
        good += last.status == GRADING_PASS;
    }
    if (streak >= x->hold) {
        last.after_ms = o->samples[o->nsamples - streak].sent_us / 1000;
        return last;
    }
    return verdict(
        GRADING_FAIL,
        "With link %s cut, %zu of %zu packets in %d seconds got through as expected. The last: %.200s",
        c->cut.v[0], good, o->nsamples, (int)(o->samples[o->nsamples - 1].sent_us / 1000000) + 1,
        last.observed);
}

/* ---- dependencies ---- */
static bool block_one(const struct exercise *x, struct grading_verdict *v, size_t i, const char *id,
                      bool control)
{
    const struct exercise_check *o = exercise_check_find(x, id);
    enum grading_status s;

    if (o == NULL || (s = v[o - x->checks].status) == GRADING_PASS)
        return false;
    if (s == GRADING_ERROR)
        v[i] = verdict(GRADING_ERROR, "It depends on \"%.200s\", which could not be measured.", o->title);
    else if (control)
        v[i] = verdict(GRADING_BLOCKED,
                       "Not judged: that nothing passes proves nothing while \"%.200s\" does not pass.",
                       o->title);
    else
        v[i] = verdict(GRADING_BLOCKED, "Not judged: \"%.200s\" comes first.", o->title);
    return true;
}

void grading_block(const struct exercise *x, struct grading_verdict *v, const bool *skip)
{
    bool changed = true;

    while (changed) {
        changed = false;
        for (size_t i = 0; i < x->nchecks; i++) {
            const struct exercise_check *c = &x->checks[i];

            if ((skip != NULL && skip[i]) || v[i].status == GRADING_BLOCKED || v[i].status == GRADING_ERROR)
                continue;
            for (size_t k = 0;
                 k < c->requires.n && v[i].status != GRADING_BLOCKED && v[i].status != GRADING_ERROR; k++)
                changed = block_one(x, v, i, c->requires.v[k], false) || changed;
            if (v[i].status != GRADING_BLOCKED && v[i].status != GRADING_ERROR)
                changed = block_one(x, v, i, c->control, true) || changed;
        }
    }
}
