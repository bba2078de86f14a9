/* Jobs in processes: how many at a time, what comes of them, and how they end. */
#include "labd/base/mem.h"
#include "labd/ctl/ctl_http.h"
#include "labd/ctl/ctl_jobs.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define JOBS 7

struct table {
    struct { /* of all processes */
        _Atomic unsigned at_work, came;
    } * shared;
    unsigned most; /* at_work, as a process saw it */
    size_t begun, ended;
    bool ok[JOBS];
    char why[JOBS][ERR_MSG_SIZE];
};

static void setup(struct table *t)
{
    *t = (struct table){
        .shared = mmap(NULL, sizeof *t->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)};
    assert_ptr_not_equal(t->shared, MAP_FAILED);
}

static void clear(struct table *t)
{
    munmap(t->shared, sizeof *t->shared);
}

static void nap(void)
{
    nanosleep(&(struct timespec){0, 1000000}, NULL);
}

static void begin(size_t i, void *arg)
{
    struct table *t = arg;

    assert_int_equal(i, t->begun);
    t->begun++;
}

static bool end(size_t i, const json_t *result, const struct err *e, void *arg)
{
    struct table *t = arg;
    unsigned n = (unsigned)json_integer_value(json_object_get(result, "at_work"));

    t->ended++;
    t->ok[i] = result != NULL && (size_t)json_integer_value(json_object_get(result, "i")) == i;
    t->most = n > t->most ? n : t->most;
    snprintf(t->why[i], sizeof t->why[i], "%s", e->msg);
    return !json_is_true(json_object_get(result, "last"));
}

/* The first three stay until all of them are there. */
static json_t *together(size_t i, void *arg)
{
    const struct table *t = arg;
    unsigned n = ++t->shared->at_work;

    ++t->shared->came;
    for (int k = 0; k < 20000 && t->shared->came < 3; k++)
        nap();
    --t->shared->at_work;
    return json_pack("{s:I, s:i}", "i", (json_int_t)i, "at_work", (int)n);
}

static void test_at_a_time(void **state)
{
    struct table t;

    (void)state;
    setup(&t);
    const struct ctl_jobs jobs = {JOBS, 3, begin, together, end, &t};
    assert_int_equal(ctl_jobs_run(&jobs), JOBS);
    assert_int_equal(t.begun, JOBS);
    assert_int_equal(t.ended, JOBS);
    assert_int_equal(t.most, 3);
    for (size_t i = 0; i < JOBS; i++)
        assert_true(t.ok[i]);
    clear(&t);
}

static json_t *mishap(size_t i, void *arg)
{
    (void)arg;
    if (i == 0)
        raise(SIGKILL);
    return i == 1 ? NULL : json_pack("{s:I}", "i", (json_int_t)i);
}

static void test_mishaps(void **state)
{
    struct table t;

    (void)state;
    setup(&t);
    const struct ctl_jobs jobs = {3, 1, begin, mishap, end, &t};
    assert_int_equal(ctl_jobs_run(&jobs), 3);
    assert_string_equal(t.why[0], "its process was ended by signal 9");
    assert_string_equal(t.why[1], "its process ended without a result");
    assert_true(t.ok[2]);
    clear(&t);
}

/* More than a pipe holds. */
static json_t *large(size_t i, void *arg)
{
    AUTO(mem_freep) char *text = xcalloc(1, 1000001);

    (void)arg;
    memset(text, 'x', 1000000);
    return json_pack("{s:I, s:s}", "i", (json_int_t)i, "text", text);
}

static void test_large_results(void **state)
{
    struct table t;

    (void)state;
    setup(&t);
    const struct ctl_jobs jobs = {4, 2, begin, large, end, &t};
    assert_int_equal(ctl_jobs_run(&jobs), 4);
    for (size_t i = 0; i < 4; i++)
        assert_true(t.ok[i]);
    clear(&t);
}

static json_t *last_is_2(size_t i, void *arg)
{
    (void)arg;
    return json_pack("{s:I, s:b}", "i", (json_int_t)i, "last", i == 2);
}

static void test_no_more(void **state)
{
    struct table t;

    (void)state;
    setup(&t);
    const struct ctl_jobs jobs = {JOBS, 1, begin, last_is_2, end, &t};
    assert_int_equal(ctl_jobs_run(&jobs), 3);
    assert_int_equal(t.ended, 3);
    clear(&t);
}

/* The second asks for the end of all; both learn of it, from us alone. */
static json_t *until_told(size_t i, void *arg)
{
    const struct table *t = arg;

    ++t->shared->came;
    for (int k = 0; k < 20000 && t->shared->came < 2; k++)
        nap();
    if (i == 1)
        kill(getppid(), SIGINT);
    for (int k = 0; k < 20000 && !ctl_signals_caught(); k++)
        nap();
    return ctl_signals_caught() ? json_pack("{s:I}", "i", (json_int_t)i) : NULL;
}

static void test_signal(void **state)
{
    struct table t;

    (void)state;
    setup(&t);
    ctl_signals_catch();
    const struct ctl_jobs jobs = {JOBS, 2, begin, until_told, end, &t};
    size_t ran = ctl_jobs_run(&jobs);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    assert_int_equal(ran, 2);
    assert_true(t.ok[0] && t.ok[1]);
    assert_false(ctl_signals_caught());
    clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_at_a_time),     cmocka_unit_test(test_mishaps),
        cmocka_unit_test(test_large_results), cmocka_unit_test(test_no_more),
        cmocka_unit_test(test_signal),
    };

    return cmocka_run_group_tests_name("ctl_jobs", tests, NULL, NULL);
}
