#include "labd/site/rules.h"

#include "labd/site/exercises.h"

#include <stdio.h>

const struct exercise_rules *rules_of(const struct site *s, const char *exercise)
{
    static const struct exercise_rules none = {EXERCISE_BEST, 0, 0};
    const struct site_exercise *se = exercises_find(s->exercises, exercise);

    return se != NULL ? &se->x->rules : &none;
}

/* Milliseconds from 'now' until the next attempt. */
static int64_t wait_of(const struct exercise_rules *r, const struct store_score *sc, int64_t now)
{
    int64_t left = sc->ended + r->cooldown_ms - now;

    /* A clock that was set back does not lock anybody out for longer than the rule says. */
    return sc->ended == 0 || left < 0 ? 0 : left < r->cooldown_ms ? left : r->cooldown_ms;
}

static int64_t left_of(const struct exercise_rules *r, const struct store_score *sc)
{
    return sc->attempts < r->max ? r->max - sc->attempts : 0;
}

/* "40 s", "12 min": rounded up, so that who waits that long is not refused again. */
static const char *span(int64_t ms, char out[24])
{
    long long s = (ms + 999) / 1000;

    if (s <= 120)
        snprintf(out, 24, "%lld s", s);
    else
        snprintf(out, 24, "%lld min", (s + 59) / 60);
    return out;
}

int rules_allow(struct site *s, const struct lab *lab, const struct who *w, int64_t now, int64_t *wait_ms,
                struct err *e)
{
    const struct exercise_rules *r = rules_of(s, lab->row.exercise);
    struct store_score sc;
    char wait[24], rule[24];

    if (who_teaches(w) || lab->row.exercise[0] == '\0')
        return 0;
    if (store_score_find(s->store, lab->inst, lab->row.owner, lab->row.exercise, &sc, e) < 0)
        return -1;
    if (r->max > 0 && left_of(r, &sc) == 0)
        return err_set(e, ERR_CONFLICT, "no attempts are left: this exercise allows %u, and all are used",
                       r->max);
    int64_t ms = wait_of(r, &sc, now);
    if (ms == 0)
        return 0;
    *wait_ms = ms;
    return err_set(e, ERR_RATE, "try again in %s: this exercise asks for %s between two attempts",
                   span(ms, wait), span(r->cooldown_ms, rule));
}

json_t *rules_json(const struct exercise_rules *r, const struct store_score *sc, int64_t now)
{
    return json_pack("{s:s, s:o, s:o, s:I, s:I}", "policy", r->policy == EXERCISE_LAST ? "last" : "best",
                     "max", r->max > 0 ? json_integer(r->max) : json_null(), "left",
                     r->max > 0 ? json_integer(left_of(r, sc)) : json_null(), "cooldown_ms",
                     (json_int_t)r->cooldown_ms, "wait_ms", (json_int_t)wait_of(r, sc, now));
}

bool rules_counts(const struct exercise_rules *r, const struct store_score *sc, int64_t *score)
{
    if (sc->overridden)
        *score = sc->override;
    else if (sc->scored)
        *score = r->policy == EXERCISE_LAST ? sc->last_counts : sc->best_counts;
    return sc->overridden || sc->scored;
}

void rules_score(json_t *j, const struct exercise_rules *r, const struct store_score *sc)
{
    int64_t counts;
    bool any = rules_counts(r, sc, &counts);

    json_object_set_new(j, "score", any ? json_integer(counts) : json_null());
    json_object_set_new(j, "best_score", sc->scored ? json_integer(sc->best) : json_null());
    json_object_set_new(j, "last_score", sc->scored ? json_integer(sc->last) : json_null());
    json_object_set_new(j, "overridden", json_boolean(sc->overridden));
    json_object_set_new(j, "attempts", json_integer(sc->attempts));
}
