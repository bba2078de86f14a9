/* From checks to probes.  Pure. */
#include "grading/check/check.h"
#include "labd/base/mem.h"

#include <stdio.h>
#include <string.h>

void grading_probe_id(size_t check, bool back, char out[GRADING_PROBE_ID])
{
    snprintf(out, GRADING_PROBE_ID, back ? "c%u-back" : "c%u", (unsigned)check & 0xffff);
}

void grading_part_id(size_t check, size_t part, size_t n, char out[GRADING_PROBE_ID])
{
    snprintf(out, GRADING_PROBE_ID, "c%u-%u-%u", (unsigned)check & 0xff, (unsigned)part & 0xff,
             (unsigned)n & 0xff);
}

struct probe_addr grading_ref_addr(const struct exercise *x, const char *name, int family)
{
    for (size_t i = 0; i < x->nrefs; i++)
        for (size_t k = 0; k < x->refs[i].nnets && strcmp(x->refs[i].name, name) == 0; k++)
            if (x->refs[i].net[k].addr.family == family)
                return x->refs[i].net[k].addr;
    return (struct probe_addr){0, {0}};
}

struct probe_addr grading_target(const struct exercise *x, const struct exercise_check *c)
{
    if (c->to_ref[0] == '\0')
        return c->to;
    /* The family that both references have; the first of the sender's, by preference. */
    for (size_t i = 0; i < x->nrefs; i++)
        for (size_t k = 0; k < x->refs[i].nnets && strcmp(x->refs[i].name, c->from) == 0; k++) {
            struct probe_addr a = grading_ref_addr(x, c->to_ref, x->refs[i].net[k].addr.family);

            if (a.family != 0)
                return a;
        }
    return (struct probe_addr){0, {0}};
}

struct probe_spec *grading_spec(const struct exercise *x, size_t which, enum grading_phase phase,
                                struct err *e)
{
    AUTO(probe_spec_freep) struct probe_spec *s = probe_spec_new();

    for (size_t i = 0; i < x->nchecks; i++) {
        const struct exercise_check *c = &x->checks[i];

        if (which == GRADING_ALL_SHARED ? check_alone(c) : which != i)
            continue;
        if (c->kind != NULL && c->kind->spec(s, x, i, phase, e) < 0)
            return NULL;
    }
    return TAKE(s);
}
