/* The pure parts of grading: what to ask the machine, and what its answer means.  Used inside grading/
 * and by tests, which need no machine for it. */
#ifndef GRADING_GRADING_PARTS_H
#define GRADING_GRADING_PARTS_H

#include "grading/exercise.h"
#include "grading/grading.h"

enum grading_status { GRADING_FAIL, GRADING_PASS, GRADING_BLOCKED, GRADING_ERROR };
const char *grading_status_name(enum grading_status s);

#define GRADING_TEXT 400
/* What one round of probes says about one check. */
struct grading_verdict {
    enum grading_status status;
    char observed[GRADING_TEXT];
    unsigned good, parts; /* what is right of what gives points by itself; else 0 */
    int64_t after_ms;     /* checks with a cut: when traffic flowed again, from the cut on; else -1 */
};

/* ---- grading_spec.c ---- */
#define GRADING_ALL_SHARED ((size_t)-1)
enum grading_phase {
    GRADING_STEADY,   /* one sample */
    GRADING_BROKEN,   /* the links of the check's cut are down; samples until traffic flows again */
    GRADING_REBOOTED, /* one sample, after the nodes of the check were rebooted */
};
/* The probes for check 'which', or for all checks that share their rounds.  ERR_CAPACITY if they are too many. */
struct probe_spec *grading_spec(const struct exercise *x, size_t which, enum grading_phase phase,
                                struct err *e);
#define GRADING_PROBE_ID 16
void grading_probe_id(size_t check, bool back, char out[GRADING_PROBE_ID]);
/* The 'n'th probe for a part of a check. */
void grading_part_id(size_t check, size_t part, size_t n, char out[GRADING_PROBE_ID]);
/* What the check sends to: 'to', or the address of its reference. */
struct probe_addr grading_target(const struct exercise *x, const struct exercise_check *c);
/* The address of reference 'name' in 'family'; family 0 if it has none. */
struct probe_addr grading_ref_addr(const struct exercise *x, const char *name, int family);

struct grading_outcome { /* of one check after all rounds */
    struct grading_verdict v;
    unsigned streak, samples;
    unsigned good[EXERCISE_HOLD_MAX]; /* the parts that were as expected, of the last samples */
    int64_t pass_ms;                  /* when the streak that lasted began; -1: none */
};

/* ---- grading_judge.c ---- */
/* Judges check 'i' alone by the result of a GRADING_STEADY round.  'before_cut': the state before the cut of
 * a check that has one; it passes if the packet arrives and crosses a link that is to be cut. */
struct grading_verdict grading_judge(const struct exercise *x, size_t i, const struct probe_result *r,
                                     bool before_cut);
/* Judges check 'i', which has a cut, by the result of a GRADING_BROKEN round. */
struct grading_verdict grading_judge_cut(const struct exercise *x, size_t i, const struct probe_result *r);
/* The verdict of check 'i', which reboots nodes, by what became after that of the checks that it names, o[k] of check
 * k: each is worth the same share of the points. */
struct grading_verdict grading_judge_rebooted(const struct exercise *x, size_t i,
                                              const struct grading_outcome *o);
/* Turns verdicts into blocked where a required check, one that is to pass again, or the control did not pass.  v[i] belongs to
 * check i; checks with 'skip'[i] (or NULL) are left alone. */
void grading_block(const struct exercise *x, struct grading_verdict *v, const bool *skip);

/* ---- grading_report.c ---- */
/* How many parts were as expected in each of the last 'hold' samples. */
unsigned grading_held(const struct grading_outcome *o, unsigned hold);
void grading_expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT]);
json_t *grading_report(const struct exercise *x, const char *lab, const struct grading_outcome *o,
                       const json_t *failures, bool typed, int64_t started_ms, int64_t finished_ms);

#endif
