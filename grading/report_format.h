/* A report in the formats of other programs.  Used by labctl.
 *
 *   json        the report itself
 *   junit       JUnit XML, as continuous integration reads it; grading/report_junit.c
 *   gradescope  results.json of a Gradescope autograder; grading/report_gradescope.c
 *
 * Nothing gets lost: each format carries the JSON of the report or of its checks along, where it has a place
 * for what it does not understand. */
#ifndef GRADING_REPORT_FORMAT_H
#define GRADING_REPORT_FORMAT_H

#include "labd/base/buf.h"

#include <jansson.h>

/* Appends 'report', as grading_run() makes it; members that are absent or of another type count as empty. */
typedef void report_format_fn(const json_t *report, struct buf *out);

struct report_format {
    const char *name;
    report_format_fn *write;
};
extern const struct report_format report_formats[];               /* ends with a NULL name */
const struct report_format *report_format_find(const char *name); /* NULL if there is none */

/* ---- for the files of the formats ---- */
report_format_fn report_junit, report_gradescope;
const char *report_text(const json_t *object, const char *key); /* "" if it is not there */
json_int_t report_int(const json_t *object, const char *key);   /* 0 if it is not there */

#endif
