/* The scripts of a probe spec and of its result, to and from JSON.  Used by probe_spec.c and probe_result.c. */
#ifndef GRADING_PROBE_SCRIPT_H
#define GRADING_PROBE_SCRIPT_H

#include "grading/probe.h"

json_t *probe_scripts_to_json(const struct probe_spec *s); /* new reference; NULL if there are none */
/* Reads them into 's', which has its references.  Does not trust 'list'. */
int probe_scripts_read(const json_t *list, struct probe_spec *s, struct err *e) MUST_CHECK;
unsigned probe_scripts_duration_ms(const struct probe_spec *s);

json_t *probe_script_outcomes_to_json(const struct probe_result *r); /* as above */
int probe_script_outcomes_read(const json_t *list, struct probe_result *r, struct err *e) MUST_CHECK;

#endif
