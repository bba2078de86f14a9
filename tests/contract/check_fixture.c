/* What the tests of whole checks share: from the exercise's text to the verdict.  Not a program: included by the
 * tests. */
#include "tests/contract/probe_fixture.c" /* NOLINT(bugprone-suspicious-include) */

/* What labhost resolves from its plan. */
static void resolve(struct probe_spec *s)
{
    AUTO(probe_spec_freep) struct probe_spec *all = spec_new();

    for (size_t i = 0; i < s->nrefs; i++) {
        const struct probe_ref *r = probe_ref_find(all, s->refs[i].name);

        assert_non_null(r);
        memcpy(s->refs[i].mac, r->mac, sizeof r->mac);
        s->refs[i].pid = r->pid;
    }
    for (size_t i = 0; i < s->nports; i++)
        for (size_t k = 0; k < all->nports; k++)
            if (strcmp(s->ports[i].name, all->ports[k].name) == 0) {
                memcpy(s->ports[i].dev, all->ports[k].dev, sizeof s->ports[i].dev);
                memcpy(s->ports[i].mac, all->ports[k].mac, sizeof s->ports[i].mac);
            }
}

/* Grades the one check of the exercise 'xml' and expects 'status', with 'observed' in its words. */
static void check_judged(const char *xml, const char *topology, enum grading_status status,
                         const char *observed)
{
    struct err e = {0};
    AUTO(exercise_freep)
    struct exercise *x = exercise_load_mem(xml, strlen(xml), topology, strlen(topology), NULL, NULL, &e);
    AUTO(probe_spec_freep) struct probe_spec *s = NULL;
    AUTO(probe_result_freep) struct probe_result *r = NULL;
    struct grading_verdict v;

    if (x == NULL)
        fail_msg("%s", e.msg);
    /* A reference starts in a fresh namespace; ours is left from the row before. */
    assert_int_equal(shell("for x in $refa $refb $refc; do ip -n $x neigh flush all; done"), 0);
    s = grading_spec(x, GRADING_ALL_SHARED, GRADING_STEADY, &e);
    assert_non_null(s);
    resolve(s);
    r = probe_run(s);
    v = grading_judge(x, 0, r, false);
    if (v.status != status || strstr(v.observed, observed) == NULL)
        fail_msg("%s: %s", grading_status_name(v.status), v.observed);
}
