/* reconcile(): from wanted and observed to steps, without a machine. */
#include "labd/base/mem.h"
#include "labd/host/reconcile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Nodes a, b, c; each list is spelled as the letters of its nodes.  'start' "-": none may be started. */
static const struct row {
    const char *name;
    enum lab_wanted wanted;
    enum guest_state seen[3];
    const char *reset, *reboot, *start, *remove, *wipe, *create, *await;
    bool suspend, restore;
} rows[] = {
    {.name = "reconcile: fresh lab",
     .wanted = LAB_PRESENT,
     .seen = {GUEST_ABSENT, GUEST_ABSENT, GUEST_ABSENT},
     .create = "abc",
     .await = "abc"},
    {.name = "reconcile: complete lab",
     .wanted = LAB_PRESENT,
     .seen = {GUEST_RUNNING, GUEST_RUNNING, GUEST_RUNNING},
     .await = "abc"},
    {.name = "reconcile: killed while creating",
     .wanted = LAB_PRESENT,
     .seen = {GUEST_RUNNING, GUEST_CREATED, GUEST_ABSENT},
     .remove = "b",
     .create = "bc",
     .await = "abc"},
    {.name = "reconcile: one died",
     .wanted = LAB_PRESENT,
     .seen = {GUEST_RUNNING, GUEST_STOPPED, GUEST_RUNNING},
     .remove = "b",
     .create = "b",
     .await = "abc"},
    {.name = "reconcile: one was switched off and stays so",
     .wanted = LAB_PRESENT,
     .seen = {GUEST_RUNNING, GUEST_STOPPED, GUEST_ABSENT},
     .start = "-",
     .remove = "b",
     .await = "a"},
    {.name = "reconcile: one rebooted, another was switched off",
     .wanted = LAB_PRESENT,
     .seen = {GUEST_STOPPED, GUEST_STOPPED, GUEST_RUNNING},
     .start = "a",
     .remove = "ab",
     .create = "a",
     .await = "ac"},
    {.name = "reconcile: reset one",
     .wanted = LAB_PRESENT,
     .seen = {GUEST_RUNNING, GUEST_RUNNING, GUEST_RUNNING},
     .reset = "b",
     .remove = "b",
     .wipe = "b",
     .create = "b",
     .await = "abc"},
    {.name = "reconcile: reset one that is gone",
     .wanted = LAB_PRESENT,
     .seen = {GUEST_RUNNING, GUEST_ABSENT, GUEST_RUNNING},
     .reset = "b",
     .wipe = "b",
     .create = "b",
     .await = "abc"},
    {.name = "reconcile: reboot two with their disks; what is off stays off",
     .wanted = LAB_PRESENT,
     .seen = {GUEST_RUNNING, GUEST_RUNNING, GUEST_ABSENT},
     .reboot = "ab",
     .start = "-",
     .remove = "ab",
     .create = "ab",
     .await = "ab"},
    {.name = "reconcile: reboot one that is off and one that was half made",
     .wanted = LAB_PRESENT,
     .seen = {GUEST_STOPPED, GUEST_CREATED, GUEST_RUNNING},
     .reboot = "ab",
     .start = "-",
     .remove = "ab",
     .create = "ab",
     .await = "abc"},
    {.name = "reconcile: reset all",
     .wanted = LAB_PRESENT,
     .seen = {GUEST_RUNNING, GUEST_RUNNING, GUEST_CREATED},
     .reset = "abc",
     .remove = "abc",
     .wipe = "abc",
     .create = "abc",
     .await = "abc"},
    {.name = "reconcile: take down",
     .wanted = LAB_ABSENT,
     .seen = {GUEST_RUNNING, GUEST_CREATED, GUEST_STOPPED},
     .remove = "abc"},
    {.name = "reconcile: take down the rest",
     .wanted = LAB_ABSENT,
     .seen = {GUEST_ABSENT, GUEST_ABSENT, GUEST_STOPPED},
     .remove = "c"},
    {.name = "reconcile: take down, nothing there",
     .wanted = LAB_ABSENT,
     .seen = {GUEST_ABSENT, GUEST_ABSENT, GUEST_ABSENT}},
    {.name = "reconcile: take down a suspended lab",
     .wanted = LAB_ABSENT,
     .seen = {GUEST_SUSPENDED, GUEST_SUSPENDED, GUEST_ABSENT},
     .remove = "ab"},
    {.name = "reconcile: suspend; what is half made boots anew later",
     .wanted = LAB_ASLEEP,
     .seen = {GUEST_RUNNING, GUEST_CREATED, GUEST_STOPPED},
     .remove = "bc",
     .suspend = true},
    {.name = "reconcile: suspended already",
     .wanted = LAB_ASLEEP,
     .seen = {GUEST_SUSPENDED, GUEST_SUSPENDED, GUEST_ABSENT}},
    {.name = "reconcile: resume; what was off boots",
     .wanted = LAB_PRESENT,
     .seen = {GUEST_SUSPENDED, GUEST_SUSPENDED, GUEST_ABSENT},
     .create = "c",
     .await = "abc",
     .restore = true},
};

static const char *list(const char *s)
{
    return s != NULL ? s : "";
}

static void check(const size_t *nodes, size_t n, const char *want)
{
    char got[8] = "";

    for (size_t i = 0; i < n; i++)
        got[i] = (char)('a' + (int)nodes[i]);
    assert_string_equal(got, want);
}

static void test_reconcile(void **state)
{
    const struct row *r = *state;
    struct plan_node nodes[3] = {0};
    const struct plan p = {.nodes = nodes, .nnodes = 3};
    struct guest_observed seen[3];
    bool reset[3] = {0}, reboot[3] = {0}, start[3] = {0};
    struct steps s;

    for (size_t i = 0; i < 3; i++) {
        seen[i] = (struct guest_observed){.state = r->seen[i]};
        reset[i] = strchr(list(r->reset), 'a' + (int)i) != NULL;
        reboot[i] = strchr(list(r->reboot), 'a' + (int)i) != NULL;
        start[i] = strchr(list(r->start), 'a' + (int)i) != NULL;
    }
    const struct asked asked = {.reset = r->reset != NULL ? reset : NULL,
                                .reboot = r->reboot != NULL ? reboot : NULL,
                                .start = r->start != NULL ? start : NULL};
    reconcile(&p, r->wanted, seen, &asked, &s);
    check(s.remove, s.nremove, list(r->remove));
    check(s.wipe, s.nwipe, list(r->wipe));
    check(s.create, s.ncreate, list(r->create));
    check(s.await, s.nawait, list(r->await));
    assert_int_equal(s.suspend, r->suspend);
    assert_int_equal(s.restore, r->restore);
    assert_int_equal(s.attach, r->wanted == LAB_PRESENT);
    assert_int_equal(s.detach, r->wanted != LAB_PRESENT);
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
