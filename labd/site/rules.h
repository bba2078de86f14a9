/* What an exercise allows: how many attempts, how soon after each other, and which score counts.  Used inside
 * labd/site. */
#ifndef SITE_RULES_H
#define SITE_RULES_H

#include "grading/exercise.h"
#include "labd/site/labs.h"

/* The rules of 'exercise' as it is in the folder now, whatever it was when a lab was started; those that allow
 * everything if it is not there (any more).  Borrowed, never NULL. */
const struct exercise_rules *rules_of(const struct site *s, const char *exercise);

/* 0 if 'w' may have 'lab' checked at 'now'.  ERR_RATE if it is too early: then '*wait_ms' is how long to wait.
 * ERR_CONFLICT if no attempts are left.  Neither an instructor nor a raw lab has to obey any rules. */
int rules_allow(struct site *s, const struct lab *lab, const struct who *w, int64_t now, int64_t *wait_ms,
                struct err *e) MUST_CHECK;

/* {policy, max, left, cooldown_ms, wait_ms} for whose attempts are 'sc'; new reference. */
json_t *rules_json(const struct exercise_rules *r, const struct store_score *sc, int64_t now);

/* Adds to 'j': score (the one that counts), best_score, last_score (each null without points), overridden, attempts. */
void rules_score(json_t *j, const struct exercise_rules *r, const struct store_score *sc);
/* False if there is no score; else '*score' is the one that counts. */
bool rules_counts(const struct exercise_rules *r, const struct store_score *sc, int64_t *score);

#endif
