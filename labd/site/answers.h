/* The questions of a lab, what its owner says to them, and how many tries are left.  Used by labd/site. */
#ifndef SITE_ANSWERS_H
#define SITE_ANSWERS_H

#include "labd/site/labs.h"

struct exercise;

/* The questions of 'x', without answers; NULL if there are none. */
struct answers *answers_new(const struct exercise *x);
void answers_free(struct answers *as); /* NULL is fine */
/* Reads again what was said and what was wrong.  What cannot be read is logged and stays as it was. */
void answers_refresh(struct site *s, struct lab *lab);
/* [{check, title, form, answer, tries, left}]; never what is expected; new reference. */
json_t *answers_json(const struct answers *as);

/* What answers_give() of grading wants for an attempt that begins now, or is judged again; new references.  'given' may
 * be NULL.  '*wrong' is NULL in a raw lab, whose tries are not counted. */
int answers_of_attempt(struct site *s, int64_t inst, const struct store_attempt *row, json_t **given,
                       json_t **wrong, struct err *e) MUST_CHECK;

http_handler_fn answer_put;

#endif
