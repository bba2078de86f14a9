/* Grading a running lab: rounds of probes until every check holds or the deadline has passed, then a
 * report.  Used by a forked worker of labd: it blocks.
 *
 *   exercise -> grading_spec() -> labhost "probe.run" -> grading_judge() -> report
 *
 * Only grading_run() talks to labhost; all else is pure.  What students say to questions is in the exercise before
 * that: answers_give() of answer.h. */
#ifndef GRADING_GRADING_H
#define GRADING_GRADING_H

#include "labd/base/err.h"

#include <jansson.h>
#include <stddef.h>

struct exercise;
struct plan;

/* 'done' of 'total' checks hold at the moment; may fall again. */
typedef void grading_progress_fn(size_t done, size_t total, void *arg);

/* Grades lab 'lab', which labhost at 'host_socket' runs and which was made from 'x' by 'p'.  If the lab
 * was typed into meanwhile, grades again, at most twice.  '*report' is a new reference:
 * {schema:1, lab, exercise, attempt:null, started, finished, score, max_score, typed_during, checks:[{id, kind,
 * title, status, score, max_score, evidence, observed, expected, hint, hint_after, time_to_pass_ms, samples}]},
 * times in milliseconds since 1970; a question has "answer", what was said, or null; a check whose words name hidden parts has them in full:{observed, expected}.
 * The caller sets "attempt".  'failures' (NULL: none) is {check: earlier attempts in which it failed}: "hint" holds
 * the hints that are due by now, one on each line, or null, and "hint_after" how many more failed attempts the next
 * one takes, or null if there is no other.  '*evidence' is a new reference, too: what the verdicts were made of, as of
 * evidence.h.  -1 if it could not be graded, for a reason that
 * is ours and not the student's: then the attempt is an error and costs nothing.
 * Blocks up to some minutes. */
int grading_run(const struct exercise *x, const struct plan *p, const char *host_socket, const char *lab,
                const json_t *failures, grading_progress_fn *progress, void *arg, json_t **report,
                json_t **evidence, struct err *e) MUST_CHECK;

/* Judges an attempt again by its evidence, which is of exercise 'then' and is to be judged by 'now', on the network and
 * with the parameters that both were loaded with.  'old' is its report so far, 'failures' as above.  '*report' is a
 * new reference, like that of grading_run(); lab, attempt, seed_id and times are those of 'old'.  Where the evidence cannot tell,
 * because the check asks for other probes now, or did not exist, "kept" says why: the check keeps its verdict, and of
 * its points the same share; one that was never measured is worth nothing, in score and max_score.  -1 with 'e' if
 * the evidence or the old report is not readable.  Pure. */
int grading_again(const struct exercise *now, const struct exercise *then, const json_t *evidence,
                  const json_t *old, const json_t *failures, json_t **report, struct err *e) MUST_CHECK;

#endif
