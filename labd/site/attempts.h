/* Attempts: a queue, and a worker process for each that is graded.  Used by labd/site. */
#ifndef SITE_ATTEMPTS_H
#define SITE_ATTEMPTS_H

#include "labd/site/labs.h"
#include "labd/site/site_int.h"

#define ATTEMPT_LIMIT_MS (10u * 60 * 1000)

/* Turns what a former labd left running into errors. */
struct attempts *attempts_new(struct site *s, struct err *e);
void attempts_free(
    struct attempts *as); /* kills the workers; their attempts are "interrupted" at the next start */

json_t *attempts_latest(struct site *s, const struct lab *lab); /* ATTEMPT, or NULL; new reference */
/* An ATTEMPT as 'view' sees it: a student's has no check's "full", the words that name hidden parts, nor
 * "others", whose answer it would have been.  New
 * reference; 'attempt' stays the caller's. */
json_t *attempt_seen(json_t *attempt, enum lab_view view);
bool attempts_busy(const struct site *s, const struct lab *lab); /* it is being graded, or is going to be */
void attempts_lab_gone(struct site *s, const struct lab *lab);   /* ends the open attempt of it */

int64_t attempts_open(const struct site *s, const struct lab *lab); /* the id of the open one, or 0 */
/* Queues one for 'lab', which has an exercise and no open attempt; lab->attempt shows it.  It may have ended in an
 * error already when this returns 0. */
int attempts_begin(struct site *s, struct lab *lab, int64_t now, int64_t *id, struct err *e) MUST_CHECK;
/* ATTEMPT with its progress, as 'view' sees it; new reference. */
json_t *attempts_json(const struct site *s, const struct store_attempt *row, enum lab_view view);

/* Takes score, max_score and report of a done attempt into 'row'; ERR_INTERNAL if the worker's numbers make no sense. */
int attempt_accept(struct store_attempt *row, json_t *report, struct err *e) MUST_CHECK;
/* {check: attempts of its user before it in which it failed}, as grading_run() wants it; new reference. */
json_t *attempt_failures(struct site *s, int64_t inst, const struct store_attempt *row, struct err *e);
/* Shows the new score of 'row' where its lab shows the old one. */
void attempt_regraded(struct site *s, int64_t inst, const struct store_attempt *row);

/* ---- attempts_http.c ---- */
http_handler_fn attempt_post, attempt_list, attempt_get;

/* ---- evidence_http.c ---- */
http_handler_fn evidence_get, evidence_get_packets;

#endif
