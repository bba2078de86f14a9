/* Judging an attempt again by its evidence.  Pure. */
#include "grading/check/check.h"
#include "grading/evidence.h"
#include "grading/grading_rounds.h"
#include "labd/base/mem.h"

#include <stdio.h>
#include <string.h>

#define NOWHERE SIZE_MAX

/* ---- does the evidence answer what a check asks now? ---- */

static bool announced(const struct probe_spec *s, const struct probe_addr *a)
{
    for (size_t i = 0; i < s->npeers; i++)
        if (probe_addr_equal(&s->peers[i].announce, a))
            return true;
    return false;
}

/* The first 'bits' of an address. */
static struct probe_addr head(const struct probe_addr *a, unsigned bits)
{
    struct probe_addr h = {bits > 0 ? a->family : 0, {0}};

    for (unsigned b = 0; b < bits; b++)
        h.b[b / 8] |= (uint8_t)(a->b[b / 8] & 0x80 >> b % 8);
    return h;
}

/* What does not matter: the number of the check in its exercise, and what is drawn anew for each round. */
static void blur(struct probe_spec *s)
{
    for (size_t i = 0; i < s->nprobes; i++) {
        struct probe *p = &s->probes[i];
        size_t n = 1 + strspn(p->id + 1, "0123456789");

        memmove(p->id, p->id + n, strlen(p->id + n) + 1);
        if (p->drawn)
            p->port = 0;
        if (p->drawn || announced(s, &p->to))
            p->to = head(&p->to, p->drawn ? p->drawn_in : 0);
    }
    for (size_t i = 0; i < s->nscripts; i++)
        memcpy(s->scripts[i].id, "c", sizeof "c");
    for (size_t i = 0; i < s->npeers; i++)
        s->peers[i].announce = (struct probe_addr){0, {0}};
}

static json_t *asks(const struct exercise *x, size_t i, enum grading_phase phase)
{
    struct err e;
    AUTO(probe_spec_freep) struct probe_spec *s = grading_spec(x, i, phase, &e);

    if (s == NULL)
        return NULL;
    blur(s);
    return probe_spec_to_json(s);
}

static bool asks_same(const struct exercise *a, size_t i, const struct exercise *b, size_t k,
                      enum grading_phase phase)
{
    json_t *x = asks(a, i, phase), *y = asks(b, k, phase);
    bool same = x != NULL && y != NULL && json_equal(x, y);

    json_decref(x);
    json_decref(y);
    return same;
}

static bool names_same(const struct exercise_names *a, const struct exercise_names *b)
{
    for (size_t i = 0; i < a->n; i++)
        if (!check_names_hold(b, a->v[i]))
            return false;
    return a->n == b->n;
}

static bool answered(const struct exercise *then, size_t i, const struct exercise *now, size_t k)
{
    const struct exercise_check *a = &then->checks[i], *b = &now->checks[k];

    return check_alone(a) == check_alone(b) && (a->cut.n > 0) == (b->cut.n > 0) &&
           check_reboots(a) == check_reboots(b) && names_same(&a->nodes, &b->nodes) &&
           asks_same(then, i, now, k, GRADING_STEADY) &&
           (b->cut.n == 0 || asks_same(then, i, now, k, GRADING_BROKEN));
}

static size_t find_check(const struct exercise *x, const char *id)
{
    const struct exercise_check *c = exercise_check_find(x, id);

    return c != NULL ? (size_t)(c - x->checks) : NOWHERE;
}

/* ---- the record as a source ---- */

struct record {
    const struct exercise *now;
    struct evidence *evidence;
    size_t next;
    int64_t clock_ms;
};

static const struct probe_result *record_round(void *arg, size_t which, enum grading_phase phase,
                                               struct err *e)
{
    struct record *r = arg;
    const char *check = which == GRADING_ALL_SHARED ? "" : r->now->checks[which].id;

    for (size_t i = r->next; i < r->evidence->nrounds; i++) {
        const struct evidence_round *v = &r->evidence->rounds[i];

        if (v->phase == phase && strcmp(v->check, check) == 0) {
            r->next = i + 1;
            r->clock_ms = v->ended_ms;
            return v->result;
        }
    }
    err_set(e, ERR_NOT_FOUND, "the evidence has no more rounds");
    return NULL;
}

static const struct evidence_reboot *record_of(const struct record *r, size_t which)
{
    for (size_t i = 0; i < r->evidence->nreboots; i++)
        if (strcmp(r->evidence->reboots[i].check, r->now->checks[which].id) == 0)
            return &r->evidence->reboots[i];
    return NULL;
}

/* The clock goes on to the beginning of the next round, if one was made after that. */
static int record_reboot(void *arg, size_t which, int64_t *ended_ms, struct err *e)
{
    struct record *r = arg;
    const struct evidence_reboot *b = record_of(r, which);

    if (b == NULL)
        return err_set(e, ERR_NOT_FOUND, "the evidence has no reboot for check '%s'",
                       r->now->checks[which].id);
    *ended_ms = r->clock_ms = b->ended_ms;
    for (size_t i = r->next; i < r->evidence->nrounds; i++) {
        const struct evidence_round *v = &r->evidence->rounds[i];

        if (v->phase != GRADING_REBOOTED || strcmp(v->check, b->check) != 0)
            continue;
        r->clock_ms = v->began_ms;
        break;
    }
    return 0;
}

static int record_down(void *arg, size_t which, char why[GRADING_TEXT], struct err *e)
{
    const struct evidence_reboot *b = record_of(arg, which);

    (void)e;
    snprintf(why, GRADING_TEXT, "%s", b != NULL ? b->down : "");
    return 0;
}

static int record_typed(void *arg, size_t which, bool *typed, struct err *e)
{
    const struct evidence_reboot *b = record_of(arg, which);

    (void)e;
    *typed = b != NULL && b->typed;
    return 0;
}

static int64_t record_now(void *arg)
{
    const struct record *r = arg;

    return r->clock_ms;
}

/* To the beginning of the next round. */
static void record_pause(void *arg, unsigned ms)
{
    struct record *r = arg;

    (void)ms;
    if (r->next < r->evidence->nrounds)
        r->clock_ms = r->evidence->rounds[r->next].began_ms;
}

static void renumber_one(char id[NAME_SIZE], const struct exercise *then, const struct exercise *now)
{
    char old[NAME_SIZE], *rest;
    unsigned long n;
    size_t k;

    memcpy(old, id, sizeof old);
    n = strtoul(old + 1, &rest, 10);
    k = old[0] == 'c' && n < then->nchecks ? find_check(now, then->checks[n].id) : NOWHERE;
    if (k == NOWHERE)
        id[0] = '\0';
    else
        snprintf(id, NAME_SIZE, "c%u%.16s", (unsigned)k & 0xffff, rest);
}

/* Gives the probes in 'r' the ids that they would have now; those of checks that are gone get none. */
static void renumber(struct probe_result *r, const struct exercise *then, const struct exercise *now)
{
    for (size_t i = 0; i < r->nprobes; i++)
        renumber_one(r->probes[i].id, then, now);
    for (size_t i = 0; i < r->nscripts; i++)
        renumber_one(r->scripts[i].id, then, now);
}

/* ---- what stays as it was ---- */

struct again {
    const struct exercise *now;
    const json_t *old
        [EXERCISE_CHECKS_MAX]; /* what the old report says about each check, or NULL: it was not measured */
    struct grading_known known[EXERCISE_CHECKS_MAX];
    const char *why[EXERCISE_CHECKS_MAX]; /* of those that are fixed */
};

static const json_t *find_old(const json_t *report, const char *id)
{
    const json_t *checks = json_object_get(report, "checks");
    json_t *c;
    size_t i;

    json_array_foreach(checks, i, c) {
        const char *s = json_string_value(json_object_get(c, "id"));

        if (s != NULL && strcmp(s, id) == 0)
            return c;
    }
    return NULL;
}

/* GRADING_ERROR for what was not measured. */
static enum grading_status old_status(const json_t *check)
{
    const char *s = json_string_value(json_object_get(check, "status"));

    for (enum grading_status st = GRADING_FAIL; s != NULL && st < GRADING_ERROR; st++)
        if (strcmp(grading_status_name(st), s) == 0)
            return st;
    return GRADING_ERROR;
}

static void keep(struct again *a, size_t i, const char *why)
{
    a->known[i] = (struct grading_known){true, old_status(a->old[i]), false};
    a->why[i] = why;
}

static void keep_unanswered(struct again *a, const struct exercise *then)
{
    for (size_t k = 0; k < a->now->nchecks; k++) {
        size_t i = find_check(then, a->now->checks[k].id);

        if (i == NOWHERE)
            keep(a, k, "This check did not exist when the attempt was made.");
        else if (!answered(then, i, a->now, k))
            keep(a, k, "It asks for other probes now than those that were made in this attempt.");
    }
}

/* True if the rounds have to be judged once more, because there is more to be kept. */
static bool keep_open(struct again *a, const struct grading_outcome *o)
{
    bool more = false;

    for (size_t i = 0; i < a->now->nchecks; i++)
        if (a->known[i].open) {
            keep(a, i, "What was seen in this attempt does not tell how it would be by the new rules.");
            more = true;
        }
    if (more)
        return true;
    for (size_t i = 0; i < a->now->nchecks; i++)
        if (!a->known[i].fixed && o[i].v.status == GRADING_ERROR) {
            keep(a, i, "It depends on a check that was not measured in this attempt.");
            more = true;
        }
    return more;
}

/* ---- the report ---- */

static void set_points(json_t *check, json_int_t score, json_int_t max)
{
    json_object_set_new(check, "score", json_integer(score));
    json_object_set_new(check, "max_score", json_integer(max));
}

/* The points of a verdict that is kept: the same share of what the check is worth now. */
static json_int_t share(const json_t *old, json_int_t points)
{
    json_int_t score = json_integer_value(json_object_get(old, "score")),
               max = json_integer_value(json_object_get(old, "max_score"));

    if (old_status(old) == GRADING_PASS)
        return points;
    return score > 0 && score < max ? score * points / max : 0;
}

static json_t *kept_json(const struct again *a, size_t i, json_t *judged)
{
    const struct exercise_check *c = &a->now->checks[i];
    json_t *j;

    if (a->known[i].status == GRADING_ERROR) {
        j = json_incref(judged);
        set_points(j, 0, 0);
        json_object_set_new(j, "observed", json_string("It was not measured, and costs nothing."));
    } else {
        j = json_deep_copy(a->old[i]);
        set_points(j, share(a->old[i], c->points), c->points);
        json_object_set_new(j, "title", json_string(c->title));
    }
    json_object_set_new(j, "kept", json_string(a->why[i]));
    return j;
}

/* What was counted and timed in the rounds that are not in the evidence any more. */
static void fill_in(json_t *check, const json_t *old, bool since_before)
{
    json_t *samples = json_object_get(old, "samples");

    if (json_is_integer(samples))
        json_object_set(check, "samples", samples);
    if (since_before) {
        json_t *t = json_object_get(old, "time_to_pass_ms");

        json_object_set_new(check, "time_to_pass_ms", json_is_integer(t) ? json_incref(t) : json_null());
    }
}

static void merge(const struct again *a, const struct record *r, const struct grading_outcome *o,
                  json_t *report)
{
    json_t *checks = json_object_get(report, "checks");
    json_int_t score = 0, max = 0;

    for (size_t i = 0; i < a->now->nchecks; i++) {
        json_t *c = json_array_get(checks, i);
        bool since_before = r->evidence->dropped > 0 && o[i].v.after_ms < 0 && o[i].pass_ms >= 0 &&
                            o[i].pass_ms == r->evidence->rounds[0].began_ms;

        if (a->known[i].fixed)
            json_array_set_new(checks, i, kept_json(a, i, c));
        else
            fill_in(c, a->old[i], since_before);
        c = json_array_get(checks, i);
        score += json_integer_value(json_object_get(c, "score"));
        max += json_integer_value(json_object_get(c, "max_score"));
    }
    set_points(report, score, max);
}

static int judge_all(struct again *a, struct record *r, unsigned held_then, struct grading_outcome *o,
                     struct err *e)
{
    do {
        r->next = 0;
        r->clock_ms = r->evidence->nrounds > 0 ? r->evidence->rounds[0].began_ms : 0;
        const struct grading_source from = {.round = record_round,
                                            .reboot = record_reboot,
                                            .down = record_down,
                                            .typed = record_typed,
                                            .now_ms = record_now,
                                            .pause = record_pause,
                                            .arg = r,
                                            .held_then = held_then};

        if (grading_rounds(a->now, &from, a->known, NULL, NULL, o, e) < 0)
            return -1;
    } while (keep_open(a, o));
    return 0;
}

int grading_again(const struct exercise *now, const struct exercise *then, const json_t *evidence,
                  const json_t *old, const json_t *failures, json_t **report, struct err *e)
{
    const char *lab = json_string_value(json_object_get(old, "lab"));
    AUTO(evidence_freep) struct evidence *ev = evidence_read(evidence, e);
    AUTO(mem_freep) struct grading_outcome *o = xcalloc(now->nchecks + 1, sizeof *o);
    struct again a = {.now = now};
    struct record r = {.now = now, .evidence = ev};

    if (ev == NULL)
        return -1;
    if (lab == NULL || !json_is_array(json_object_get(old, "checks")))
        return err_set(e, ERR_INVALID, "the old report is not complete");
    for (size_t i = 0; i < ev->nrounds; i++)
        renumber(ev->rounds[i].result, then, now);
    for (size_t i = 0; i < now->nchecks; i++)
        a.old[i] = find_old(old, now->checks[i].id);
    keep_unanswered(&a, then);
    if (judge_all(&a, &r, then->hold, o, e) < 0)
        return -1;
    json_t *j = grading_report(now, lab, o, failures, json_is_true(json_object_get(old, "typed_during")),
                               json_integer_value(json_object_get(old, "started")),
                               json_integer_value(json_object_get(old, "finished")));
    json_object_set(j, "attempt", json_object_get(old, "attempt"));
    if (json_object_get(old, "seed_id") != NULL)
        json_object_set(j, "seed_id", json_object_get(old, "seed_id"));
    merge(&a, &r, o, j);
    *report = j;
    return 0;
}
