/* Answers in words: what a student says to a question, and whether it is the answer.  Used by the check kind "answer",
 * by labd, which takes them, and by labctl.  Pure. */
#ifndef GRADING_ANSWER_H
#define GRADING_ANSWER_H

#include "grading/exercise.h"

#include <jansson.h>

#define ANSWER_MAX 200u /* bytes of an answer, UTF-8 */
#define ANSWER_SIZE \
    (2 * ANSWER_MAX + 1) /* of its canonical form: a small letter may take more bytes than a large one */

const char *answer_form_name(enum exercise_form form);
/* Is it a question?  Then the members of 'c' that are about answers count. */
bool answer_asked(const struct exercise_check *c);
/* The one form of all texts that say the same: without blanks around, in small letters, addresses as of RFC 5952, MAC
 * addresses without separators.  ERR_INVALID, with a sentence that does not quote 'text', if it has not that form, is
 * empty, too long, no UTF-8, or holds control characters. */
int answer_canonical(enum exercise_form form, const char *text, char out[ANSWER_SIZE],
                     struct err *e) MUST_CHECK;
/* Calls 'fn' for each text that is expected: "expect", and what is between the | of "also"; until it gives false. */
typedef bool answer_fn(const char *text, void *arg);
bool answer_each(const struct exercise_check *c, answer_fn *fn, void *arg);
/* Compares canonical forms in a time that does not depend on how much of them is the same. */
bool answer_right(const struct exercise_check *c, const char *text);
/* How many different answers are in 'wrong' (an array of texts, or NULL) beside 'but' (or NULL). */
unsigned answer_wrong(enum exercise_form form, const json_t *wrong, const char *but);

/* Takes what the student said to the questions of 'x', {check: text}, and the answers that were wrong in earlier
 * attempts, {check: [text]} (NULL: tries are not counted), for grading_run() and grading_again(). */
void answers_give(struct exercise *x, const json_t *given, const json_t *wrong);
/* {check: text}, as it was given; new reference. */
json_t *answers_given(const struct exercise *x);

#endif
