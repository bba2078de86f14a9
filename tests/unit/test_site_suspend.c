/* Suspended labs: asked for, refused, failed, and kept over the death of either daemon. */
#include "tests/site/fixture.h"

#define RAW(driver) \
    "{\"driver\":\"" driver "\",\"topology\":" \
    "\"<topology name='raw' version='1'><host name='h1'/><host name='h2'/></topology>\"}"

static char *lab_path(const char *id, const char *rest)
{
    return xasprintf("/api/v1/labs/%s%s", id, rest);
}

static void lab_reply_of(struct fixture *f, const char *token, const char *method, const char *id,
                         const char *rest, struct reply *r)
{
    AUTO(mem_freep) char *path = lab_path(id, rest);

    request(f, token, method, path, strcmp(method, "GET") == 0 ? NULL : "{}", r);
}

/* Asks for 'rest' and wants 202 and that state of the lab. */
static void change(struct fixture *f, const char *token, const char *id, const char *rest, const char *state)
{
    struct reply r;

    lab_reply_of(f, token, "POST", id, rest, &r);
    if (r.status != 202 || strcmp(text_at(r.json, "state"), state) != 0)
        fail_msg("%s: %d, wanted 202 and '%s': %s", rest, r.status, state, r.body);
    reply_clear(&r);
}

/* Wants that problem with those words. */
static void refused(struct fixture *f, const char *token, const char *id, const char *rest, int status,
                    const char *words)
{
    struct reply r;

    lab_reply_of(f, token, "POST", id, rest, &r);
    if (r.status != status || strstr(text_at(r.json, "detail"), words) == NULL)
        fail_msg("%s: %d, wanted %d and '%s': %s", rest, r.status, status, words, r.body);
    reply_clear(&r);
}

static void wants(struct fixture *f, const char *token, const char *id, const char *state, const char *node,
                  const char *error)
{
    struct reply r;

    lab_reply_of(f, token, "GET", id, "", &r);
    assert_string_equal(text_at(r.json, "state"), state);
    assert_string_equal(text_at(json_array_get(json_object_get(r.json, "nodes"), 0), "state"), node);
    assert_string_equal(text_at(r.json, "error"), error);
    reply_clear(&r);
}

static void running_lab(struct fixture *f, char id[16])
{
    lab_begin(f, f->student, id);
    lab_wait(f, f->student, id, "running");
}

static void suspended_lab(struct fixture *f, char id[16])
{
    running_lab(f, id);
    change(f, f->student, id, "/suspend", "suspending");
    lab_wait(f, f->student, id, "suspended");
}

/* Of the instructor, who may choose the driver. */
static void raw_lab(struct fixture *f, const char *body, char id[16])
{
    struct reply r;

    request(f, f->instructor, "POST", "/api/v1/labs", body, &r);
    assert_int_equal(r.status, 202);
    snprintf(id, 16, "%s", text_at(r.json, "id"));
    reply_clear(&r);
    lab_wait(f, f->instructor, id, "running");
}

static bool can_suspend(struct fixture *f, const char *token, const char *id)
{
    struct reply r;

    lab_reply_of(f, token, "GET", id, "", &r);
    assert_true(json_is_boolean(json_object_get(r.json, "can_suspend")));
    bool can = json_is_true(json_object_get(r.json, "can_suspend"));
    reply_clear(&r);
    return can;
}

/* labd as it is after the death of a former one, which had written that state. */
static void labd_died_after_writing(struct fixture *f, const char *id, enum store_lab_state st)
{
    struct err e;

    fixture_kill(&f->site, SIGKILL);
    struct store *s = store_open(f->db, &e);
    fixture_check(s == NULL ? -1 : 0, &e);
    fixture_check(store_lab_set_state(s, STORE_INSTITUTION_DEFAULT, id, st, NULL, 1, &e), &e);
    store_close(s);
    fixture_site_start(f);
}

static void host_goes(struct fixture *f)
{
    fixture_kill(&f->host, SIGKILL);
    for (int i = 0; i < 500; i++) {
        if (status_of(f, NULL, "GET", "/healthz", NULL) == 503)
            return;
        usleep(10000);
    }
    fail_msg("labd does not notice that labhost is away");
}

/* ---- the plain course ---- */

static void test_suspend_and_resume(void **state)
{
    struct fixture *f = *state;
    char id[16];
    struct reply r;

    running_lab(f, id);
    assert_true(can_suspend(f, f->student, id));
    change(f, f->student, id, "/suspend", "suspending");
    lab_wait(f, f->student, id, "suspended");
    wants(f, f->student, id, "suspended", "suspended", "");
    change(f, f->student, id, "/suspend", "suspended"); /* it is already */
    request(f, NULL, "GET", "/metrics", NULL, &r);
    assert_non_null(strstr(r.body, "paralab_labs{state=\"suspended\"} 1\n"));
    reply_clear(&r);
    change(f, f->student, id, "/resume", "starting");
    lab_wait(f, f->student, id, "running");
    wants(f, f->student, id, "running", "running", "");
    change(f, f->student, id, "/resume", "running"); /* nothing to do */
    change(f, f->instructor, id, "/suspend", "suspending");
}

static void test_resumed_before_it_slept(void **state)
{
    struct fixture *f = *state;
    char id[16];

    running_lab(f, id);
    change(f, f->student, id, "/suspend", "suspending");
    change(f, f->student, id, "/resume", "starting");
    lab_wait(f, f->student, id, "running");
}

static void test_deleted_while_suspended(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep) char *path = NULL;
    char id[16];

    suspended_lab(f, id);
    path = lab_path(id, "");
    assert_int_equal(status_of(f, f->student, "DELETE", path, NULL), 202);
    lab_wait(f, f->student, id, "");
    lab_begin(f, f->student, id); /* its place is free */
}

static void test_stopping_is_final(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep) char *path = NULL;
    char id[16];

    suspended_lab(f, id);
    host_goes(f); /* so that it stays as it is */
    change(f, f->student, id, "/resume", "starting");
    path = lab_path(id, "");
    assert_int_equal(status_of(f, f->student, "DELETE", path, NULL), 202);
    refused(f, f->student, id, "/resume", 409, "the lab is stopping");
    refused(f, f->student, id, "/suspend", 409, "the lab is stopping");
    refused(f, f->student, id, "/start", 409, "the lab is stopping");
    fixture_host_start(f);
    lab_wait(f, f->student, id, "");
}

static void test_overview_says_so(void **state)
{
    struct fixture *f = *state;
    char id[16];
    struct reply r;

    suspended_lab(f, id);
    request(f, f->instructor, "GET", "/api/v1/overview", NULL, &r);
    json_t *row = json_array_get(json_object_get(r.json, "rows"), 0);
    assert_string_equal(text_at(row, "state"), "suspended");
    assert_int_equal(json_integer_value(json_object_get(row, "nodes_ready")), 0);
    reply_clear(&r);
}

/* ---- what a suspended lab refuses ---- */

static const struct refused_row {
    const char *name, *method, *rest, *body;
} refused_rows[] = {
    {"reset", "POST", "/reset", "{}"},
    {"reset of a node", "POST", "/reset", "{\"node\":\"h1\"}"},
    {"start", "POST", "/start", "{}"},
    {"start of a node", "POST", "/nodes/h1/start", "{}"},
    {"link change", "PATCH", "/links/l1", "{\"state\":\"down\"}"},
    {"check", "POST", "/attempts", "{}"},
    {"console", "GET", "/nodes/h1/console", NULL},
    {"exec", "GET", "/nodes/h1/exec", NULL},
    {"capture", "GET", "/capture?port=l1:a", NULL},
};

static struct fixture *fx;
static char fx_lab[16];

static void test_refused(void **state)
{
    const struct refused_row *row = *state;
    AUTO(mem_freep) char *path = lab_path(fx_lab, row->rest);
    AUTO(mem_freep) char *want = xasprintf("lab %s is suspended; resume it first", fx_lab);
    struct reply r;

    request(fx, fx->instructor, row->method, path, row->body, &r);
    assert_int_equal(r.status, 409);
    assert_string_equal(text_at(r.json, "detail"), want);
    reply_clear(&r);
    wants(fx, fx->student, fx_lab, "suspended", "suspended", "");
}

static void test_refused_while_falling_asleep(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep) char *want = NULL;
    char id[16];

    running_lab(f, id);
    host_goes(f); /* so that it stays as it is */
    change(f, f->student, id, "/suspend", "suspending");
    want = xasprintf("lab %s is being suspended; resume it first", id);
    refused(f, f->student, id, "/reset", 409, want);
}

/* ---- when it cannot be suspended ---- */

static void test_driver_cannot(void **state)
{
    struct fixture *f = *state;
    char id[16];

    raw_lab(f, RAW("rigid"), id);
    assert_false(can_suspend(f, f->instructor, id));
    refused(f, f->instructor, id, "/suspend", 501, "driver rigid cannot suspend labs");
    wants(f, f->instructor, id, "running", "running", "");
    /* And nobody remembers that it was to. */
    fixture_site_stop(f);
    fixture_site_start(f);
    host_wait(f);
    wants(f, f->instructor, id, "running", "running", "");
    host_goes(f);
    refused(f, f->instructor, id, "/suspend", 503, "the lab host does not answer");
}

static void test_suspending_fails(void **state)
{
    struct fixture *f = *state;
    char id[16];

    raw_lab(f, RAW("stubborn"), id);
    for (int i = 0; i < 2; i++) {
        change(f, f->instructor, id, "/suspend", "suspending");
        lab_wait(f, f->instructor, id, "running");
        wants(f, f->instructor, id, "running", "running", "the lab could not be suspended: the disk is full");
    }
    change(f, f->instructor, id, "/reset", "starting");
    lab_wait(f, f->instructor, id, "running");
    wants(f, f->instructor, id, "running", "running", "");
}

static void test_no_memory_to_resume(void **state)
{
    struct fixture *f = *state;
    char id[16];

    raw_lab(f, RAW("tight"), id);
    change(f, f->instructor, id, "/suspend", "suspending");
    lab_wait(f, f->instructor, id, "suspended");
    refused(f, f->instructor, id, "/resume", 507, "100 MB of memory left");
    wants(f, f->instructor, id, "suspended", "suspended", "");
    refused(f, f->instructor, id, "/resume", 507, "100 MB of memory left");
}

/* Neither asleep nor awake: whoever wants it to wake up may try again. */
static void test_failed_while_it_was_resumed(void **state)
{
    struct fixture *f = *state;
    char id[16];

    raw_lab(f, RAW("frail"), id);
    change(f, f->instructor, id, "/suspend", "suspending");
    lab_wait(f, f->instructor, id, "suspended");
    change(f, f->instructor, id, "/resume", "starting");
    lab_wait(f, f->instructor, id, "failed");
    wants(f, f->instructor, id, "failed", "suspended", FAKE_FRAIL);
    change(f, f->instructor, id, "/resume", "starting");
    lab_wait(f, f->instructor, id, "running");
    wants(f, f->instructor, id, "running", "running", "");
}

static void test_while_it_starts(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep) char *want = NULL;
    char id[16];

    lab_begin(f, f->student, id);
    want = xasprintf("lab %s is still starting", id);
    refused(f, f->student, id, "/suspend", 409, want);
    lab_wait(f, f->student, id, "running");
}

/* The probes of a sleeping lab are answered by nobody, and that would count against the student. */
static void test_while_it_is_checked(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep) char *attempts = NULL;
    char id[16];

    running_lab(f, id);
    attempts = lab_path(id, "/attempts");
    assert_int_equal(status_of(f, f->student, "POST", attempts, ""), 202);
    refused(f, f->student, id, "/suspend", 409, "is being checked");
    wants(f, f->student, id, "running", "running", "");
}

static void test_lost_lab(void **state)
{
    struct fixture *f = *state;
    char id[16];

    running_lab(f, id);
    fixture_kill(&f->host, SIGKILL);
    fixture_host_start(f);
    lab_wait(f, f->student, id, "failed");
    refused(f, f->student, id, "/suspend", 404, "no such lab");
    wants(f, f->student, id, "failed", "stopped",
          "the lab host has lost this lab: stop it and start it again");
}

/* ---- kept over the death of either daemon ---- */

static void test_kept_over_restarts(void **state)
{
    struct fixture *f = *state;
    char id[16];

    suspended_lab(f, id);
    fixture_site_stop(f);
    fixture_site_start(f);
    host_wait(f);
    wants(f, f->student, id, "suspended", "suspended", "");
    host_goes(f);
    wants(f, f->student, id, "suspended", "suspended", "");
    fixture_site_stop(f); /* a labd that has never seen labhost */
    fixture_site_start(f);
    wants(f, f->student, id, "suspended", "suspended", "");
}

static void test_wanted_while_labhost_was_away(void **state)
{
    struct fixture *f = *state;
    char id[16];

    running_lab(f, id);
    host_goes(f);
    change(f, f->student, id, "/suspend", "suspending");
    change(f, f->student, id, "/suspend", "suspending"); /* impatient */
    fixture_host_start(f);
    lab_wait(f, f->student, id, "suspended");
    host_goes(f);
    change(f, f->student, id, "/resume", "starting");
    fixture_host_start(f);
    lab_wait(f, f->student, id, "running");
}

static void test_changed_mind_while_labhost_was_away(void **state)
{
    struct fixture *f = *state;
    char id[16];

    suspended_lab(f, id);
    host_goes(f);
    change(f, f->student, id, "/resume", "starting");
    change(f, f->student, id, "/suspend", "suspending");
    fixture_host_start(f);
    host_wait(f);
    lab_wait(f, f->student, id, "suspended");
}

static void test_refused_later(void **state)
{
    struct fixture *f = *state;
    char id[16];

    raw_lab(f, RAW("tight"), id);
    change(f, f->instructor, id, "/suspend", "suspending");
    lab_wait(f, f->instructor, id, "suspended");
    host_goes(f);
    change(f, f->instructor, id, "/resume", "starting");
    fixture_host_start(f);
    lab_wait(f, f->instructor, id, "suspended");
    wants(f, f->instructor, id, "suspended", "suspended",
          "this host has 100 MB of memory left, the lab needs 512 MB");
}

/* Connected, and yet no answer: what is wanted stays, and is asked for again. */
static void test_no_answer(void **state)
{
    struct fixture *f = *state;
    char id[16];

    raw_lab(f, RAW("deaf"), id);
    change(f, f->instructor, id, "/suspend", "suspending");
    lab_wait(f, f->instructor, id, "suspended");
    change(f, f->instructor, id, "/resume", "starting");
    lab_wait(f, f->instructor, id, "running");
}

static void test_labd_died_before_asking(void **state)
{
    struct fixture *f = *state;
    char id[16];

    running_lab(f, id);
    labd_died_after_writing(f, id, LAB_SUSPENDING);
    lab_wait(f, f->student, id, "suspended");
    wants(f, f->student, id, "suspended", "suspended", "");
    labd_died_after_writing(f, id, LAB_STARTING);
    lab_wait(f, f->student, id, "running");
    wants(f, f->student, id, "running", "running", "");
}

/* Only a lab that never ran may be made again by itself: fresh nodes in the place of work would be a lie. */
static void test_lost_while_it_was_resumed(void **state)
{
    struct fixture *f = *state;
    char id[16];

    suspended_lab(f, id);
    fixture_kill(&f->host, SIGKILL);
    assert_int_equal(unlink(f->host_file), 0);
    change(f, f->student, id, "/resume", "starting");
    fixture_host_start(f);
    lab_wait(f, f->student, id, "failed");
    wants(f, f->student, id, "failed", "stopped",
          "the lab host has lost this lab: stop it and start it again");
}

/* What was asked meanwhile does not make it one that is there. */
static void test_lost_while_it_was_to_sleep(void **state)
{
    struct fixture *f = *state;
    char id[16];

    running_lab(f, id);
    host_goes(f);
    change(f, f->student, id, "/suspend", "suspending");
    fixture_host_start(f);
    lab_wait(f, f->student, id, "failed");
    usleep(1300000); /* longer than labd waits before it asks again */
    wants(f, f->student, id, "failed", "stopped",
          "the lab host has lost this lab: stop it and start it again");
}

/* ---- set up ---- */

static int setup(void **state)
{
    struct fixture *f;

    if (fixture_setup(state) < 0)
        return -1;
    f = *state;
    host_wait(f);
    return 0;
}

/* With a labhost that keeps its labs, as the real one does. */
static int setup_keeping(void **state)
{
    struct fixture *f;

    if (setup(state) < 0)
        return -1;
    f = *state;
    snprintf(f->host_file, sizeof f->host_file, "%s/labs", f->dir);
    host_goes(f);
    fixture_host_start(f);
    host_wait(f);
    return 0;
}

static int group_setup(void **state)
{
    if (setup(state) < 0)
        return -1;
    fx = *state;
    *state = NULL; /* else it would take the place of every test's row */
    suspended_lab(fx, fx_lab);
    return 0;
}

static int group_teardown(void **state)
{
    void *f = fx;

    (void)state;
    return fixture_teardown(&f);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, fixture_teardown)
#define K(f) cmocka_unit_test_setup_teardown(f, setup_keeping, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(test_suspend_and_resume),
        T(test_resumed_before_it_slept),
        T(test_deleted_while_suspended),
        K(test_stopping_is_final),
        T(test_overview_says_so),
        T(test_refused_while_falling_asleep),
        T(test_driver_cannot),
        T(test_suspending_fails),
        T(test_no_memory_to_resume),
        T(test_failed_while_it_was_resumed),
        T(test_while_it_starts),
        T(test_while_it_is_checked),
        T(test_lost_lab),
        K(test_kept_over_restarts),
        K(test_wanted_while_labhost_was_away),
        K(test_changed_mind_while_labhost_was_away),
        K(test_refused_later),
        T(test_no_answer),
        K(test_labd_died_before_asking),
        K(test_lost_while_it_was_resumed),
        T(test_lost_while_it_was_to_sleep),
    };
    struct CMUnitTest all[ARRAY_LEN(refused_rows) + ARRAY_LEN(tests)];
    size_t n = 0;

    for (; n < ARRAY_LEN(refused_rows); n++) {
        union {
            const void *in;
            void *out;
        } row = {&refused_rows[n]};
        all[n] = (struct CMUnitTest){refused_rows[n].name, test_refused, NULL, NULL, row.out};
    }
    memcpy(&all[n], tests, sizeof tests);
    n += ARRAY_LEN(tests);
    return _cmocka_run_group_tests("site_suspend", all, n, group_setup, group_teardown);
}
