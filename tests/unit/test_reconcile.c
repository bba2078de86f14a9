/* reconcile(): from wanted and observed to steps, without a machine. */
#include "labd/base/mem.h"
#include "labd/host/reconcile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Nodes a, b, c; each list is spelled as the letters of its nodes. */
static const struct row {
    const char *name;
    enum lab_wanted wanted;
    enum guest_state seen[3];
    const char *reset, *remove, *wipe, *create, *await;
} rows[] = {
    {"reconcile: fresh lab",
     LAB_PRESENT,
     {GUEST_ABSENT, GUEST_ABSENT, GUEST_ABSENT},
     "",
     "",
     "",
     "abc",
     "abc"},
    {"reconcile: complete lab",
     LAB_PRESENT,
     {GUEST_RUNNING, GUEST_RUNNING, GUEST_RUNNING},
     "",
     "",
     "",
     "",
     "abc"},
    {"reconcile: killed while creating",
     LAB_PRESENT,
     {GUEST_RUNNING, GUEST_CREATED, GUEST_ABSENT},
     "",
     "b",
     "",
     "bc",
     "abc"},
    {"reconcile: one died",
     LAB_PRESENT,
     {GUEST_RUNNING, GUEST_STOPPED, GUEST_RUNNING},
     "",
     "b",
     "",
     "b",
     "abc"},
    {"reconcile: reset one",
     LAB_PRESENT,
     {GUEST_RUNNING, GUEST_RUNNING, GUEST_RUNNING},
     "b",
     "b",
     "b",
     "b",
     "abc"},
    {"reconcile: reset one that is gone",
     LAB_PRESENT,
     {GUEST_RUNNING, GUEST_ABSENT, GUEST_RUNNING},
     "b",
     "",
     "b",
     "b",
     "abc"},
    {"reconcile: reset all",
     LAB_PRESENT,
     {GUEST_RUNNING, GUEST_RUNNING, GUEST_CREATED},
     "abc",
     "abc",
     "abc",
     "abc",
     "abc"},
    {"reconcile: take down",
     LAB_ABSENT,
     {GUEST_RUNNING, GUEST_CREATED, GUEST_STOPPED},
     "",
     "abc",
     "",
     "",
     ""},
    {"reconcile: take down the rest",
     LAB_ABSENT,
     {GUEST_ABSENT, GUEST_ABSENT, GUEST_STOPPED},
     "",
     "c",
     "",
     "",
     ""},
    {"reconcile: take down, nothing there",
     LAB_ABSENT,
     {GUEST_ABSENT, GUEST_ABSENT, GUEST_ABSENT},
     "",
     "",
     "",
     "",
     ""},
};

static void check(const size_t *list, size_t n, const char *want)
{
    char got[8] = "";

    for (size_t i = 0; i < n; i++)
        got[i] = (char)('a' + (int)list[i]);
    assert_string_equal(got, want);
}

static void test_reconcile(void **state)
{
    const struct row *r = *state;
    struct plan_node nodes[3] = {0};
    const struct plan p = {.nodes = nodes, .nnodes = 3};
    struct guest_observed seen[3];
    bool reset[3] = {0};
    struct steps s;

    for (size_t i = 0; i < 3; i++) {
        seen[i] = (struct guest_observed){.state = r->seen[i]};
        reset[i] = strchr(r->reset, 'a' + (int)i) != NULL;
    }
    reconcile(&p, r->wanted, seen, *r->reset ? reset : NULL, &s);
    check(s.remove, s.nremove, r->remove);
    check(s.wipe, s.nwipe, r->wipe);
    check(s.create, s.ncreate, r->create);
    check(s.await, s.nawait, r->await);
    assert_int_equal(s.attach, r->wanted == LAB_PRESENT);
    assert_int_equal(s.detach, r->wanted == LAB_ABSENT);
    assert_int_equal(s.forget, r->wanted == LAB_ABSENT);
    steps_clear(&s);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows)];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        union {
            const struct row *in;
            void *out;
        } row = {.in = &rows[i]};
        tests[i] = (struct CMUnitTest){rows[i].name, test_reconcile, NULL, NULL, row.out};
    }
    return _cmocka_run_group_tests("reconcile", tests, ARRAY_LEN(rows), NULL, NULL);
}
