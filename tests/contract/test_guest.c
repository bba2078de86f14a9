/* The contract of labd/host/guest/guest.h: the same tests for every driver.  Needs root and the guest image
 * for driver container; runs beside any other instance and leaves nothing. */
#include "tests/contract/guest_fixture.c" /* NOLINT(bugprone-suspicious-include) */

static void creates_and_reports_every_node(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < FIXTURE_NODES; i++)
        assert_int_equal(fixture_state(f, i), GUEST_ABSENT);
    fixture_create(f);
    for (size_t i = 0; i < FIXTURE_NODES; i++)
        assert_int_equal(fixture_state(f, i), GUEST_CREATED);
}

static void creating_again_changes_nothing(void **state)
{
    struct fixture *f = *state;

    fixture_boot(f);
    pid_t before = fixture_pid(f, 1);
    fixture_create(f);
    assert_int_equal(fixture_pid(f, 1), before);
    assert_int_equal(fixture_state(f, 1), GUEST_RUNNING);
}

static void creates_only_what_it_is_told(void **state)
{
    struct fixture *f = *state;
    struct err e;

    assert_ok(f->ops->create(&f->lab, &f->all[2], 1, fixture_report, f, &e), &e);
    assert_int_equal(fixture_state(f, 0), GUEST_ABSENT);
    assert_int_equal(fixture_state(f, 2), GUEST_CREATED);
    assert_int_equal(f->seen[0].reports, 0);
}

static void is_running_once_it_has_booted(void **state)
{
    struct fixture *f = *state;

    fixture_boot(f);
    for (size_t i = 0; i < FIXTURE_NODES; i++)
        assert_int_equal(fixture_state(f, i), GUEST_RUNNING);
}

static char broken[] = "echo no such network\nexit 3\n";
static char fine[] = "echo configured\n";

/* What the nodes of the shared lab have been told to do, and how that went. */
static void assert_startups(struct fixture *f)
{
    assert_int_equal(f->seen[0].why.code, ERR_TOOL);
    assert_non_null(strstr(f->seen[0].why.msg, "3"));
    assert_string_equal(buf_str(&f->seen[0].output), "no such network\n");
    assert_int_equal(f->seen[1].why.code, ERR_NONE);
    assert_string_equal(buf_str(&f->seen[1].output), "configured\n");
    assert_int_equal(f->seen[2].why.code, ERR_NONE);
}

static void a_failed_startup_is_told_with_its_output(void **state)
{
    struct fixture *f = *state;

    fixture_boot(f);
    assert_startups(f);
    assert_int_equal(fixture_state(f, 0), GUEST_RUNNING);
}

static void a_later_process_learns_how_the_startup_went(void **state)
{
    struct fixture *f = *state;
    struct err e;

    fixture_boot(f);
    fixture_forget(f);
    assert_ok(f->ops->wait(&f->lab, f->all, FIXTURE_NODES, 1000, fixture_report, f, &e), &e);
    assert_startups(f);
}

static void runs_commands(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_clear) struct buf out = BUF_INIT;

    fixture_boot(f);
    assert_int_equal(fixture_sh(f, 2, "cat; echo wrong >&2; exit 7", "typed\n", &out), 7);
    assert_string_equal(buf_str(&out), "typed\nwrong\n");
}

static void commands_get_no_environment_of_ours(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(setenv("LABHOST_SECRET", "x", 1), 0);
    fixture_boot(f);
    fixture_expect(f, 0, "env | grep -c LABHOST_SECRET || true", "0\n");
}

static void refuses_commands_where_nothing_runs(void **state)
{
    struct fixture *f = *state;
    AUTO(argv_clear) struct argv argv = {0};
    struct err e;

    assert_int_equal(f->ops->exec_argv(&f->lab, 1, (const char *[]){"true", NULL}, &argv, &e), -1);
    assert_int_equal(e.code, ERR_CONFLICT);
    assert_non_null(strstr(e.msg, "h2"));
}

static void refuses_a_console_where_nothing_runs(void **state)
{
    struct fixture *f = *state;
    struct err e;
    int fd = -1;

    assert_int_equal(f->ops->console(&f->lab, 1, &fd, &e), -1);
    assert_int_equal(e.code, ERR_CONFLICT);
    assert_int_equal(fd, -1);
}

static int console(struct fixture *f, size_t node)
{
    struct err e;
    int fd = -1;

    assert_ok(f->ops->console(&f->lab, node, &fd, &e), &e);
    return fd;
}

static void type(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void opens_a_shell_on_a_terminal(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_clear) struct buf got = BUF_INIT;

    fixture_boot(f);
    AUTO(mem_closep) int fd = console(f, 0);
    type(fd, "echo it$((41 + 1))works; test -t 0 && tty\n");
    assert_true(fixture_read_until(fd, "it42works", &got));
    assert_true(fixture_read_until(fd, "/dev/", &got));
}

static void opens_another_shell_after_the_first_has_ended(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_clear) struct buf got = BUF_INIT, again = BUF_INIT;

    fixture_boot(f);
    AUTO(mem_closep) int first = console(f, 0);
    type(first, "exit\n");
    assert_false(fixture_read_until(first, "this never comes", &got)); /* end of file, or the time is over */
    AUTO(mem_closep) int second = console(f, 0);
    type(second, "echo back$((1 + 1))\n");
    assert_true(fixture_read_until(second, "back2", &again));
}

static void removing_twice_is_fine(void **state)
{
    struct fixture *f = *state;
    struct err e;

    fixture_boot(f);
    for (int i = 0; i < 2; i++) {
        assert_ok(f->ops->remove(&f->lab, f->all, 2, &e), &e);
        assert_int_equal(fixture_state(f, 0), GUEST_ABSENT);
        assert_int_equal(fixture_state(f, 1), GUEST_ABSENT);
        assert_int_equal(fixture_state(f, 2), GUEST_RUNNING);
    }
}

static void restart(struct fixture *f, bool wipe)
{
    struct err e;

    assert_ok(f->ops->remove(&f->lab, f->all, FIXTURE_NODES, &e), &e);
    if (wipe)
        assert_ok(f->ops->wipe(&f->lab, 0, &e), &e);
    fixture_boot(f);
}

static void work_survives_a_restart(void **state)
{
    struct fixture *f = *state;

    fixture_boot(f);
    fixture_expect(f, 0, "echo mine > work.txt", "");
    restart(f, false);
    fixture_expect(f, 0, "cat work.txt", "mine\n");
}

static void wiping_discards_the_work_of_one_node(void **state)
{
    struct fixture *f = *state;

    fixture_boot(f);
    fixture_expect(f, 0, "echo mine > work.txt", "");
    fixture_expect(f, 1, "echo other > work.txt", "");
    restart(f, true);
    fixture_expect(f, 0, "ls work.txt 2>/dev/null || echo gone", "gone\n");
    fixture_expect(f, 1, "cat work.txt", "other\n");
}

static void wiping_twice_is_fine(void **state)
{
    struct fixture *f = *state;
    struct err e;

    assert_ok(f->ops->wipe(&f->lab, 0, &e), &e);
    assert_ok(f->ops->wipe(&f->lab, 0, &e), &e);
}

static void count_ours(const char *lab, void *arg)
{
    unsigned *count = arg;

    assert_true(lab_id_ok(lab));
    ++*count;
}

static unsigned leftovers(struct fixture *f)
{
    unsigned count = 0;
    struct err e;

    assert_ok(f->ops->leftovers(&f->host, count_ours, &count, &e), &e);
    return count;
}

static void leftovers_name_the_lab_until_it_is_purged(void **state)
{
    struct fixture *f = *state;
    struct err e;

    fixture_boot(f);
    assert_int_equal(leftovers(f), 1);
    assert_ok(f->ops->purge(&f->host, f->plan.lab, &e), &e);
    assert_int_equal(leftovers(f), 0);
    assert_int_equal(fixture_state(f, 0), GUEST_ABSENT);
}

static void purging_an_unknown_lab_is_fine(void **state)
{
    struct fixture *f = *state;
    struct err e;

    assert_ok(f->ops->purge(&f->host, "zzzzzz", &e), &e);
    assert_int_equal(leftovers(f), 0);
}

static void purge_refuses_what_is_no_lab_id(void **state)
{
    struct fixture *f = *state;
    struct err e;

    assert_int_equal(f->ops->purge(&f->host, "../etc", &e), -1);
    assert_int_equal(e.code, ERR_INVALID);
}

/* ---- drivers that can suspend ---- */

static void suspend(struct fixture *f)
{
    struct err e;

    assert_ok(f->ops->suspend(&f->lab, &e), &e);
    for (size_t i = 0; i < FIXTURE_NODES; i++)
        assert_int_equal(fixture_state(f, i), GUEST_SUSPENDED);
}

static void resume(struct fixture *f)
{
    struct err e;

    fixture_forget(f);
    assert_ok(f->ops->restore(&f->lab, fixture_report, f, &e), &e);
    for (size_t i = 0; i < FIXTURE_NODES; i++)
        assert_int_equal(f->seen[i].reports, 1);
    assert_ok(f->ops->wake(&f->lab, &e), &e);
    fixture_forget(f);
    assert_ok(f->ops->wait(&f->lab, f->all, FIXTURE_NODES, 20000, fixture_report, f, &e), &e);
    assert_startups(f);
    for (size_t i = 0; i < FIXTURE_NODES; i++)
        assert_int_equal(fixture_state(f, i), GUEST_RUNNING);
}

static void a_suspended_lab_goes_on_where_it_was(void **state)
{
    struct fixture *f = *state;

    fixture_boot(f);
    fixture_expect(f, 0, "echo mine > work.txt", "");
    suspend(f);
    resume(f);
    fixture_expect(f, 0, "cat work.txt", "mine\n");
    suspend(f); /* and again */
    resume(f);
    fixture_expect(f, 0, "cat work.txt", "mine\n");
}

static void a_suspended_node_takes_no_commands(void **state)
{
    struct fixture *f = *state;
    AUTO(argv_clear) struct argv argv = {0};
    struct err e;
    int fd = -1;

    fixture_boot(f);
    suspend(f);
    suspend(f); /* once more is fine */
    assert_int_equal(f->ops->exec_argv(&f->lab, 1, (const char *[]){"true", NULL}, &argv, &e), -1);
    assert_int_equal(e.code, ERR_CONFLICT);
    assert_non_null(strstr(e.msg, "suspended"));
    assert_int_equal(f->ops->console(&f->lab, 1, &fd, &e), -1);
    assert_int_equal(e.code, ERR_CONFLICT);
    resume(f);
}

static void a_suspended_lab_can_be_removed(void **state)
{
    struct fixture *f = *state;
    struct err e;

    fixture_boot(f);
    fixture_expect(f, 0, "echo mine > work.txt", "");
    suspend(f);
    assert_ok(f->ops->remove(&f->lab, f->all, FIXTURE_NODES, &e), &e);
    assert_int_equal(fixture_state(f, 0), GUEST_ABSENT);
    fixture_boot(f);
    fixture_expect(f, 0, "cat work.txt", "mine\n"); /* the disk stays */
}

/* Each has a lab of its own, and most boot nothing. */
#define ROW(driver, test) \
    { \
#driver ": " #test, test, fixture_setup, fixture_teardown, (void *)(uintptr_t)&guest_##driver \
    }
#define TESTS(driver) \
    ROW(driver, creates_and_reports_every_node), ROW(driver, creates_only_what_it_is_told), \
        ROW(driver, refuses_commands_where_nothing_runs), ROW(driver, refuses_a_console_where_nothing_runs), \
        ROW(driver, wiping_twice_is_fine), ROW(driver, purging_an_unknown_lab_is_fine), \
        ROW(driver, purge_refuses_what_is_no_lab_id)

/* These share a lab, which booting again leaves as it is: a boot is most of their time where it takes seconds. */
#define SHARED(driver, test) \
    { \
#driver ": " #test, test, NULL, NULL, NULL \
    }
#define RUNNING_TESTS(driver) \
    SHARED(driver, is_running_once_it_has_booted), SHARED(driver, a_failed_startup_is_told_with_its_output), \
        SHARED(driver, a_later_process_learns_how_the_startup_went), \
        SHARED(driver, creating_again_changes_nothing), SHARED(driver, runs_commands), \
        SHARED(driver, commands_get_no_environment_of_ours), SHARED(driver, opens_a_shell_on_a_terminal), \
        SHARED(driver, opens_another_shell_after_the_first_has_ended), \
        SHARED(driver, work_survives_a_restart), SHARED(driver, wiping_discards_the_work_of_one_node)
#define SUSPEND_TESTS(driver) \
    SHARED(driver, a_suspended_lab_goes_on_where_it_was), \
        SHARED(driver, a_suspended_node_takes_no_commands), SHARED(driver, a_suspended_lab_can_be_removed)
#define LAST_TESTS(driver) \
    SHARED(driver, removing_twice_is_fine), SHARED(driver, leftovers_name_the_lab_until_it_is_purged)

#define SHARED_SETUP(driver) \
    static int set_up_##driver(void **state) \
    { \
        *state = (void *)(uintptr_t)&guest_##driver; \
        return set_up_startups(state); \
    }
static int set_up_startups(void **state)
{
    if (fixture_setup(state) != 0)
        return -1;
    struct fixture *f = *state;
    f->nodes[0].startup = broken;
    f->nodes[1].startup = fine;
    return 0;
}
SHARED_SETUP(fake)
SHARED_SETUP(container)
SHARED_SETUP(xen)

static bool in_dom0(void)
{
    AUTO(buf_clear) struct buf capabilities = BUF_INIT;

    return file_read("/proc/xen/capabilities", 4096, &capabilities, NULL) == 0 &&
           strstr(buf_str(&capabilities), "control_d") != NULL;
}

int main(void)
{
    const struct CMUnitTest alone[] = {TESTS(fake), TESTS(container)};
    const struct CMUnitTest on_fake[] = {RUNNING_TESTS(fake), SUSPEND_TESTS(fake), LAST_TESTS(fake)};
    const struct CMUnitTest on_container[] = {RUNNING_TESTS(container), LAST_TESTS(container)};
    const struct CMUnitTest alone_on_xen[] = {TESTS(xen)};
    const struct CMUnitTest on_xen[] = {RUNNING_TESTS(xen), SUSPEND_TESTS(xen), LAST_TESTS(xen)};

    cmocka_set_test_filter(getenv("TEST_FILTER"));
    /* A dom0 has minutes only for what needs it; "make check" runs the others beside it. */
    if (in_dom0())
        return cmocka_run_group_tests(alone_on_xen, NULL, NULL) +
               cmocka_run_group_tests(on_xen, set_up_xen, fixture_teardown);
    return cmocka_run_group_tests(alone, NULL, NULL) +
           cmocka_run_group_tests(on_fake, set_up_fake, fixture_teardown) +
           cmocka_run_group_tests(on_container, set_up_container, fixture_teardown);
}
