/* Rows of tests that run a whole command of labctl against a small server. */
#ifndef TESTS_UNIT_CTL_ROWS_H
#define TESTS_UNIT_CTL_ROWS_H

#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "labd/ctl/ctl.h"
#include "tests/unit/ctl_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define NODES(r1, error) \
    "\"nodes\":[{\"name\":\"h1\",\"kind\":\"host\",\"state\":\"running\",\"error\":null,\"output\":null,\"interfaces\":" \
    "[{\"name\":\"eth0\",\"mac\":\"02:00:00:00:00:01\",\"link\":\"l1\",\"network\":null,\"addresses\":[\"10.0.0.1/24\"]}]}," \
    "{\"name\":\"r1\",\"kind\":\"router\",\"state\":\"" r1 "\",\"error\":" error ",\"output\":" error \
    ",\"interfaces\":[]}]"
#define LAB(state, r1, error) \
    "{\"id\":\"abc123\",\"name\":\"two-lans\",\"owner\":{\"login\":\"root\",\"name\":\"Root\"},\"exercise\":null,\"title\":\"T\"," \
    "\"state\":\"" state \
    "\",\"driver\":\"fake\",\"error\":null,\"started_ms\":1000,\"ready_ms\":2500," NODES( \
        r1, \
        error) "," \
               "\"links\":[{\"name\":\"l1\",\"a\":{\"node\":\"h1\",\"interface\":\"eth0\"},\"b\":{\"node\":\"hub1\",\"interface\":null}," \
               "\"state\":\"up\",\"impairment\":{\"a\":{\"delay_us\":20000},\"b\":{}}}]}"
#define RUNNING LAB("running", "running", "null")
#define STARTING LAB("starting", "creating", "null")
#define FAILED LAB("failed", "failed", "\"the startup \\u001b[2Jfailed\"")
#define SUSPENDING LAB("suspending", "running", "null")
#define SUSPENDED LAB("suspended", "suspended", "null")
#define LAB_EVENT(lab) "event: lab\ndata: " lab "\n\n"
#define WITH_ERROR(state, text) \
    "{\"id\":\"abc123\",\"name\":\"two-lans\",\"state\":\"" state "\",\"error\":\"" text "\",\"nodes\":[]}"
#define STOPPING LAB("stopping", "stopped", "null")
#define PROBLEM(code, status, detail) \
    "{\"type\":\"" code "\",\"title\":\"T\",\"status\":" #status ",\"detail\":\"" detail "\"}"
#define REPORT(score) \
    "{\"schema\":1,\"lab\":\"abc123\",\"exercise\":\"e\",\"score\":" #score \
    ",\"max_score\":10,\"checks\":[{\"id\":\"c1\",\"kind\":" \
    "\"reachability\",\"title\":\"h2 is reached\",\"status\":\"fail\",\"score\":0,\"max_score\":10,\"evidence\":\"wire\"," \
    "\"observed\":\"nothing \\u001b[31marrived\",\"expected\":\"a probe\",\"hint\":null}]}"

/* A lab is started, its nodes' scripts end with status 7, and it gets the score. */
#define TRIAL(score) \
    {"POST /api/v1/labs", 202, STARTING}, {"GET /api/v1/labs/abc123/events", 200, LAB_EVENT(RUNNING)}, \
        {"POST /api/v1/labs/abc123/attempts", 202, \
         "{\"id\":7,\"state\":\"done\",\"report\":" REPORT(score) "}"}, \
        {"DELETE /api/v1/labs/abc123", 202, STOPPING}, \
    { \
        "GET /api/v1/labs/abc123", 404, PROBLEM("not-found", 404, "gone") \
    }

struct ctl_row {
    const char *name;
    const char *argv[8]; /* after "labctl" */
    struct answer answers[8];
    int status;
    const char *out[4]; /* each is part of standard output */
    const char *err;    /* part of standard error; "" : it is empty */
    const char *asked;  /* a line of the server's log that has to be there, or NULL */
};

static inline void ctl_contains(const char *what, const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("%s: '%s' is not in:\n%s", what, part, text);
}

/* Runs labctl in this process against the server's socket. */
static inline int ctl_run(const struct server *s, const char *const *words, char **out, char **err)
{
    char *argv[16] = {xstrdup("labctl")};
    int argc = 1;
    size_t n;
    FILE *fo = open_memstream(out, &n), *fe = open_memstream(err, &n);

    while (words[argc - 1] != NULL) {
        argv[argc] = xstrdup(words[argc - 1]);
        argc++;
    }
    setenv("LABCTL_SOCKET", s->socket, 1);
    unsetenv("LABCTL_SERVER");
    unsetenv("LABCTL_TOKEN");
    int status = ctl_main(argc, argv, fo, fe);
    fclose(fo);
    fclose(fe);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return status;
}

static inline void ctl_test_row(void **state)
{
    const struct ctl_row *r = *state;
    AUTO(mem_freep) char *out = NULL, *err = NULL;
    AUTO(buf_clear) struct buf log = BUF_INIT;
    struct server s = {0};
    struct err e;

    server_start(&s, r->answers);
    int status = ctl_run(&s, r->argv, &out, &err);
    int rc = file_exists(s.log) ? file_read(s.log, 1u << 20, &log, &e) : 0;
    server_stop(&s);
    if (status != r->status)
        fail_msg("status %d, not %d; %s", status, r->status, err);
    if (r->out[0] != NULL && r->out[0][0] == '\0')
        assert_string_equal(out, "");
    for (size_t i = 0; i < ARRAY_LEN(r->out) && r->out[i] != NULL; i++)
        ctl_contains("standard output", out, r->out[i]);
    if (r->err[0] == '\0')
        assert_string_equal(err, "");
    ctl_contains("standard error", err, r->err);
    assert_null(strchr(out, '\033'));
    assert_null(strchr(err, '\033'));
    assert_int_equal(rc, 0);
    if (r->asked != NULL)
        ctl_contains("the server's log", buf_str(&log), r->asked);
}

/* Appends one test for each of 'n' rows. */
static inline void ctl_row_tests(const struct ctl_row *rows, size_t n, struct CMUnitTest *tests)
{
    for (size_t i = 0; i < n; i++) {
        union {
            const struct ctl_row *in;
            void *out;
        } row = {&rows[i]};

        tests[i] = (struct CMUnitTest){rows[i].name, ctl_test_row, NULL, NULL, row.out};
    }
}

#endif
