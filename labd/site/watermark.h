/* Values as watermarks: a wrong answer that is right for another student's values was perhaps not found out, but heard.
 * That is for an instructor to judge: it changes no score, and no student is told.  Used inside labd/site. */
#ifndef SITE_WATERMARK_H
#define SITE_WATERMARK_H

#include "labd/site/site_int.h"

struct exercise;

#define WATERMARK_OTHERS_MAX 500 /* students of whom the values are looked at */
#define WATERMARK_NAMED_MAX 5    /* of those that fit */

struct watermarks;
/* The seeds of all others who have or had a lab of the exercise at this institution.  NULL with 'e'. */
struct watermarks *watermarks_new(struct site *s, int64_t inst, const struct store_attempt *row,
                                  struct err *e);
void watermarks_free(struct watermarks *w); /* NULL is fine */
/* Adds "others", logins, to those failed questions of 'report' of 'x', made of the two texts, that somebody else would
 * have passed with the same answer.  Reads the exercise once for each of them: for a worker. */
void watermarks_flag(const struct watermarks *w, const struct exercise *x, const char *exercise_xml,
                     const char *topology, json_t *report);
/* Takes "others" over from the report of an attempt that was judged again, where the check still fails. */
void watermarks_keep(const json_t *old, json_t *report);

#endif
