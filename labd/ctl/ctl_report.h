/* A grading report as text.  Used by labctl grade and labctl exercise test. */
#ifndef CTL_CTL_REPORT_H
#define CTL_CTL_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* The table of checks, then what was expected and observed where points are missing; with 'indent' in
 * front of every line.  'failed_only' leaves out checks that passed. */
void report_print(FILE *f, const char *indent, const json_t *report, bool failed_only);

#endif
