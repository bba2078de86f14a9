/* persistence: the checks in 'of' pass once more after the nodes were rebooted cold, so that what was only in memory
 * or in a kernel is gone.  The state machine (grading_rounds.c) does that when all else is judged; here is what it asks
 * the machine for, and in what words.
 *
 * Checks that run alone can not be named: they disturb the lab, and what they show depends on what the others do. */
#include "grading/answer.h"
#include "grading/check/check.h"

#include <string.h>

static const struct xattr attrs[] = {
    {"of", XA_NAMES, offsetof(struct exercise_check, of), true, 0, 0},
    {"nodes", XA_NAMES, offsetof(struct exercise_check, nodes), false, 0, 0},
    XATTRS_END,
};

static void review_of(struct check_review *k, const struct exercise_check *c, const char *name)
{
    const struct exercise_check *o = exercise_check_find(k->x, name);
    char hint[VALUE_HINT_SIZE];

    if (o == NULL)
        CHECK_COMPLAIN(k, c, "check '%s': of names '%s', which does not exist%s", c->id, name,
                       check_like_check(k, name, hint));
    else if (check_alone(o))
        CHECK_COMPLAIN(k, c,
                       "check '%s': of names '%s', which runs alone; name checks of what the network does "
                       "undisturbed",
                       c->id, name);
    else if (answer_asked(o))
        CHECK_COMPLAIN(k, c, "check '%s': of names '%s', which is a question: a reboot changes no answer",
                       c->id, name);
    else if (o->control[0] != '\0' && !check_names_hold(&c->of, o->control))
        CHECK_COMPLAIN(k, c, "check '%s': of names '%s' and has to name its control '%s', too", c->id, name,
                       o->control);
}

static void review(struct check_review *k, const struct exercise_check *c)
{
    for (size_t i = 0; i < c->of.n; i++)
        review_of(k, c, c->of.v[i]);
    for (size_t i = 0; i < c->nodes.n; i++) {
        const struct topo_ref *r = topo_index_find(&k->ix, c->nodes.v[i]);
        char hint[VALUE_HINT_SIZE];

        if (r == NULL || !topo_kind_is_node(r->kind))
            CHECK_COMPLAIN(k, c, "check '%s': nodes names '%s', which is %s%s", c->id, c->nodes.v[i],
                           r == NULL ? "not in the topology" : "not a host or router",
                           check_like_topo(k, c->nodes.v[i], 1u << TOPO_HOST | 1u << TOPO_ROUTER, hint));
    }
}

/* What the named checks send, under their own probe ids; in the exercise's order, whatever that of 'of' is. */
static int spec(struct probe_spec *s, const struct exercise *x, size_t i, enum grading_phase phase,
                struct err *e)
{
    (void)phase;
    for (size_t k = 0; k < x->nchecks; k++) {
        const struct exercise_check *o = &x->checks[k];

        if (check_names_hold(&x->checks[i].of, o->id) && !check_alone(o) && o->kind != NULL &&
            o->kind->spec(s, x, k, GRADING_STEADY, e) < 0)
            return -1;
    }
    return 0;
}

static void expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT])
{
    check_text(out, "After a reboot of ");
    if (c->nodes.n == 0)
        check_text(out, "all nodes");
    else
        check_text_links(out, &c->nodes);
    for (size_t i = 0, n = 0; i < x->nchecks; i++)
        if (check_names_hold(&c->of, x->checks[i].id))
            check_text(out, "%s \"%.100s\"", n++ == 0 ? " this holds as before:" : ",", x->checks[i].title);
    check_text(out, ".");
}

const struct check_kind check_persistence = {
    .name = "persistence",
    .attrs = attrs,
    .alone = true,
    .reboots = true,
    .review = review,
    .spec = spec,
    .expected = expected,
};
