/* The scripts of a probe spec.  Used by probe_run.c. */
#ifndef HOST_PROBE_SCRIPT_H
#define HOST_PROBE_SCRIPT_H

#include "grading/probe.h"
#include "labd/host/host.h"

/* Runs the scripts of 's', whose references are attached and set up, and adds what they say to 'result'.  Blocks. */
int probe_scripts_run(const struct lab *lab, const struct probe_spec *s, json_t *result,
                      struct err *e) MUST_CHECK;

#endif
