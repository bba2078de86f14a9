/* labconsole as a process, on the terminals of real guests: it outlives who started it and goes with its
 * lab.  For every driver; needs root, the guest image and the built labconsole. */
#include "tests/contract/guest_fixture.c" /* NOLINT(bugprone-suspicious-include) */

#include "labd/host/console/console_client.h"
#include "labd/rpc/frame.h"
#include "labd/rpc/rpc.h"

#include <arpa/inet.h>
#include <endian.h>
#include <signal.h>
#include <sys/wait.h>

static char program_dir[PATH_MAX]; /* where labconsole was built: two folders above this test */

struct screen {
    int fd;
    uint64_t next;   /* offset of the next byte */
    struct buf text; /* all that came */
};

static int lab_setup(void **state)
{
    if (fixture_setup(state) < 0)
        return -1;
    struct fixture *f = *state;
    char path[256];
    struct err e;

    fixture_boot(f);
    snprintf(path, sizeof path, "%s/labs/%s/plan.json", f->state_dir, f->plan.lab);
    json_t *j = plan_to_json(&f->plan);
    AUTO(mem_freep) char *text = json_dumps(j, 0);
    json_decref(j);
    assert_ok(file_write_atomic(path, text, strlen(text), 0600, &e), &e);
    return 0;
}

static int lab_teardown(void **state)
{
    struct fixture *f = *state;

    console_stop(f->run_dir, f->plan.lab);
    return fixture_teardown(state);
}

static void start(struct fixture *f)
{
    struct err e;

    assert_ok(console_start(&f->lab, f->ops, program_dir, &e), &e);
}

static void screen_open(struct screen *s, struct fixture *f, const char *node, json_int_t offset)
{
    char path[PATH_MAX];
    json_t *reply = NULL;
    struct err e;

    assert_ok(console_socket_path(f->run_dir, f->plan.lab, path, sizeof path, &e), &e);
    *s = (struct screen){.fd = frame_connect(path, &e)};
    assert_ok(s->fd < 0, &e);
    json_t *req = json_pack("{s:s, s:s, s:I, s:i, s:i}", "do", "console.open", "node", node, "offset", offset,
                            "rows", 33, "cols", 99);
    assert_ok(rpc_call_fd(s->fd, req, 5000, &reply, &e), &e);
    s->next = (uint64_t)json_integer_value(json_object_get(reply, "offset"));
    json_decref(req);
    json_decref(reply);
}

static void screen_close(struct screen *s)
{
    close(s->fd);
    buf_clear(&s->text);
}

static void screen_type(struct screen *s, const char *text)
{
    struct err e;

    assert_ok(frame_write_fd(s->fd, FRAME_INPUT, text, strlen(text), &e), &e);
}

/* Reads and acknowledges until 'text' has come. */
static void screen_expect(struct screen *s, const char *text)
{
    while (strstr(buf_str(&s->text), text) == NULL) {
        AUTO(mem_freep) char *payload = NULL;
        uint64_t offset;
        uint8_t type;
        size_t n;
        struct err e;
        if (frame_read_fd(s->fd, 8000, &type, &payload, &n, &e) < 0)
            fail_msg("'%s' did not come (%s); there is: %s", text, e.msg, buf_str(&s->text));
        assert_int_equal(type, FRAME_OUTPUT);
        assert_true(n > sizeof offset);
        memcpy(&offset, payload, sizeof offset);
        assert_int_equal(be64toh(offset), s->next);
        s->next += n - sizeof offset;
        buf_add(&s->text, payload + sizeof offset, n - sizeof offset);
        uint64_t ack = htobe64(s->next);
        assert_ok(frame_write_fd(s->fd, FRAME_ACK, &ack, sizeof ack, &e), &e);
    }
}

static void a_shell_answers(void **state)
{
    struct fixture *f = *state;
    struct screen s;

    start(f);
    screen_open(&s, f, "far-router", -1);
    screen_type(&s, "echo n$((20+1))n; stty size\r");
    screen_expect(&s, "n21n");
    screen_expect(&s, "33 99");
    screen_close(&s);
}

static void starting_twice_keeps_the_first(void **state)
{
    struct fixture *f = *state;
    struct screen s;

    start(f);
    screen_open(&s, f, "h1", -1);
    screen_type(&s, "echo a$((1+1))\r");
    screen_expect(&s, "a2");
    start(f);
    screen_type(&s, "echo b$((1+1))\r");
    screen_expect(&s, "b2");
    screen_close(&s);
}

static void it_outlives_who_started_it(void **state)
{
    struct fixture *f = *state;
    struct screen s, again;
    int up[2];
    char ready;

    assert_int_equal(pipe(up), 0);
    pid_t starter = fork();
    if (starter == 0) {
        start(f);
        if (write(up[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    close(up[1]);
    assert_int_equal(read(up[0], &ready, 1), 1);
    close(up[0]);
    screen_open(&s, f, "h1", -1);
    screen_type(&s, "keep=kept; echo before$((1+1))\r");
    screen_expect(&s, "before2");
    screen_close(&s);
    kill(starter, SIGKILL);
    waitpid(starter, NULL, 0);
    screen_open(&again, f, "h1", 0);
    screen_expect(&again, "before2");
    screen_type(&again, "echo $keep-$((2+2))\r");
    screen_expect(&again, "kept-4");
    screen_close(&again);
}

static void after_its_end_a_session_comes_back_on_enter(void **state)
{
    struct fixture *f = *state;
    struct screen s;

    start(f);
    screen_open(&s, f, "h2", -1);
    screen_type(&s, "exit\r");
    screen_expect(&s, "session ended");
    screen_type(&s, "\r");
    screen_type(&s, "echo new$((1+1))\r");
    screen_expect(&s, "new2");
    screen_close(&s);
}

static void a_guest_that_is_made_again_gets_a_new_session(void **state)
{
    struct fixture *f = *state;
    struct screen s;
    struct err e;

    start(f);
    screen_open(&s, f, "h2", -1);
    screen_type(&s, "echo old$((1+1))\r");
    screen_expect(&s, "old2");
    assert_ok(f->ops->remove(&f->lab, &f->all[1], 1, &e), &e);
    if (f->ops == &guest_fake) /* has no process that could end */
        screen_type(&s, "exit\r");
    screen_expect(&s, "session ended");
    screen_type(&s, "\r");
    screen_expect(&s, "does not run");
    fixture_create(f);
    screen_type(&s, "\r");
    screen_type(&s, "echo again$((1+1))\r");
    screen_expect(&s, "again2");
    screen_close(&s);
}

static void an_unknown_node_is_refused(void **state)
{
    struct fixture *f = *state;
    char path[PATH_MAX];
    struct err e;

    start(f);
    assert_ok(console_socket_path(f->run_dir, f->plan.lab, path, sizeof path, &e), &e);
    json_t *req = json_pack("{s:s, s:s, s:i}", "do", "console.open", "node", "../h1", "offset", -1);
    assert_int_equal(rpc_call_path(path, req, 5000, NULL, &e), -1);
    assert_int_equal(e.code, ERR_NOT_FOUND);
    json_decref(req);
}

static void it_goes_with_its_lab(void **state)
{
    struct fixture *f = *state;
    struct screen s;
    char *payload = NULL;
    uint8_t type;
    size_t n;
    struct err e;

    start(f);
    screen_open(&s, f, "h1", -1);
    screen_type(&s, "echo up$((1+1))\r");
    screen_expect(&s, "up2");
    assert_ok(f->ops->purge(&f->host, f->plan.lab, &e), &e);
    while (frame_read_fd(s.fd, 6000, &type, &payload, &n, &e) == 0)
        free(payload);
    assert_int_equal(e.code, ERR_UNREACHABLE); /* it closed; a timeout would mean that it lives on */
    screen_close(&s);
}

#define ROW(driver, test) \
    { \
#driver ": " #test, test, lab_setup, lab_teardown, (void *)(uintptr_t)&guest_##driver \
    }
#define TESTS(driver) \
    ROW(driver, a_shell_answers), ROW(driver, starting_twice_keeps_the_first), \
        ROW(driver, it_outlives_who_started_it), ROW(driver, after_its_end_a_session_comes_back_on_enter), \
        ROW(driver, a_guest_that_is_made_again_gets_a_new_session), ROW(driver, an_unknown_node_is_refused), \
        ROW(driver, it_goes_with_its_lab)

int main(void)
{
    const struct CMUnitTest tests[] = {TESTS(fake), TESTS(container)};
    char self[PATH_MAX];

    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return 1;
    self[n] = '\0';
    for (int up = 0; up < 3; up++)
        if (strrchr(self, '/') != NULL)
            *strrchr(self, '/') = '\0';
    snprintf(program_dir, sizeof program_dir, "%s", self);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
