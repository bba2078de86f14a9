/* What the tests of grading share: an exercise from the texts of its two files. */
#ifndef TESTS_UNIT_EXERCISE_TEXTS_H
#define TESTS_UNIT_EXERCISE_TEXTS_H

#include "grading/exercise.h"

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

#endif
