/* The exercises of a site: read at the start, and one when it was mended.  Used by labd/site. */
#ifndef SITE_EXERCISES_H
#define SITE_EXERCISES_H

#include "grading/exercise.h"
#include "labd/site/labs.h"
#include "labd/site/site_int.h"

struct site_exercise {
    struct exercise *x;
    char *xml, *topology; /* the texts; a lab keeps copies, so that it is graded by what it was made from */
    char *html;           /* the instructions */
    size_t nodes[VIEWS];
    json_t *drawing[VIEWS];
    struct topo_secrets *secrets; /* or NULL: nothing is hidden */
};

/* Reads DIR/NAME/exercise.xml.  A broken exercise is logged, line by line, and left out.  'dir' NULL: no
 * exercises.  -1 only if the folder cannot be read. */
struct exercises *exercises_load(const char *dir, struct err *e);
void exercises_free(struct exercises *xs);
/* Reads the folder of exercise 'id' again.  -1 with the first problem: then the exercise is as it was.  What
 * exercises_find() gave for it is gone. */
int exercises_reload(struct exercises *xs, const char *id, struct err *e) MUST_CHECK;
const struct site_exercise *exercises_find(const struct exercises *xs, const char *id); /* borrowed or NULL */
size_t exercises_count(const struct exercises *xs);

http_handler_fn exercises_list, exercises_get;
/* Answers a student whose parameters give no valid topology; why is logged, for it may name hidden parts. */
void exercises_misfit(struct http_req *r, const char *id, const struct err *e);

#endif
