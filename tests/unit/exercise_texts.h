/* What the tests of grading share: an exercise from the texts of its two files, and what its first check makes of probes. */
#ifndef TESTS_UNIT_EXERCISE_TEXTS_H
#define TESTS_UNIT_EXERCISE_TEXTS_H

#include "grading/exercise.h"
#include "grading/grading_parts.h"
#include "labd/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static inline struct exercise *exercise_of_texts(const char *xml, const char *topology)
{
    struct err e = {0};
    struct exercise *x = exercise_load_mem(xml, strlen(xml), topology, strlen(topology), NULL, NULL, &e);

    if (x == NULL)
        fail_msg("%s", e.msg);
    return x;
}

/* The verdict on the first check when "probes" of the result are 'probes'. */
static inline struct grading_verdict exercise_judged(const struct exercise *x, const char *probes)
{
    AUTO(mem_freep) char *text = xasprintf("{\"lost\":0,\"probes\":[%s]}", probes);
    json_t *j = json_loads(text, 0, NULL);
    struct err e = {0};
    AUTO(probe_result_freep) struct probe_result *r = probe_result_from_json(j, &e);

    json_decref(j);
    if (r == NULL)
        fail_msg("%s: %s", e.msg, text);
    return grading_judge(x, 0, r, false);
}

#endif
