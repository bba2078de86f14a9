/* How rounds of probes become outcomes: which round comes next, when it is enough, what holds.  Used inside
 * grading/.  It does not know where the rounds come from: grading_run.c makes them, grading_again.c has a record. */
#ifndef GRADING_GRADING_ROUNDS_H
#define GRADING_GRADING_ROUNDS_H

#include "grading/grading_parts.h"

struct grading_source {
    /* The next round for check 'which', or for all that share theirs.  Borrowed until the next call.  NULL with 'e':
     * ERR_NOT_FOUND from a record that has no more of them. */
    const struct probe_result *(*round)(void *arg, size_t which, enum grading_phase phase, struct err *e);
    /* Reboots the nodes of check 'which' cold and waits until none of them is on its way any more, at '*ended_ms'. */
    int (*reboot)(void *arg, size_t which, int64_t *ended_ms, struct err *e);
    /* Of the lab after that: 'why' gets the sentence that says which of these nodes does not run, or "". */
    int (*down)(void *arg, size_t which, char why[GRADING_TEXT], struct err *e);
    /* .. and whether somebody has typed into it since. */
    int (*typed)(void *arg, size_t which, bool *typed, struct err *e);
    int64_t (*now_ms)(void *arg); /* since whenever; in a record the time of the rounds */
    void (*pause)(void *arg, unsigned ms);
    void *arg;
    int64_t t0_ms; /* when grading began */
    /* 0: the rounds are made now.  Else they are a record, of a time when checks had to hold for so many. */
    unsigned held_then;
};

/* Of each check: beside the outcome. */
struct grading_known {
    bool fixed;                 /* not to be judged: it has this status */
    enum grading_status status; /* if 'fixed' */
    bool open;                  /* out: the record could not tell */
};

/* Fills o[x->nchecks].  'known' has one per check if the source is a record, else it is NULL.  'progress' may be NULL.
 * -1 with 'e' if it could not be measured.  Blocks as long as the source does. */
int grading_rounds(const struct exercise *x, const struct grading_source *from, struct grading_known *known,
                   grading_progress_fn *progress, void *arg, struct grading_outcome *o,
                   struct err *e) MUST_CHECK;

#endif
