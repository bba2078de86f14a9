/* Scrollback, sessions, several viewers and flow control of a node's console, on a real terminal with a
 * real child behind it. */
#include "labd/base/mem.h"
#include "labd/host/console/console_node.h"
#include "labd/host/console/console_ring.h"

#include <arpa/inet.h>
#include <endian.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- ring ---- */

static void test_ring_keeps_the_newest(void **state)
{
    struct ring r = {0};
    uint64_t total = 0;
    size_t n;

    (void)state;
    for (unsigned round = 0; total < (size_t)3 * RING_MAX; round++) {
        char chunk[7001];
        size_t len = 1 + ((size_t)round * 7919) % sizeof chunk;
        for (size_t i = 0; i < len; i++)
            chunk[i] = (char)((total + i) % 251);
        ring_add(&r, chunk, len);
        total += len;
    }
    assert_int_equal(r.end, total);
    assert_int_equal(r.end - r.start, RING_MAX);
    for (uint64_t o = r.start; o < r.end; o += n) {
        const char *p = ring_at(&r, o, &n);
        assert_true(n > 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal((unsigned char)p[i], (o + i) % 251);
    }
    assert_null(ring_at(&r, r.end, &n));
    ring_clear(&r);
}

static void test_ring_grows_with_use(void **state)
{
    struct ring r = {0};
    size_t n;

    (void)state;
    assert_null(ring_at(&r, 0, &n));
    ring_add(&r, "abc", 3);
    assert_true(r.cap <= 4096);
    assert_memory_equal(ring_at(&r, 1, &n), "bc", 2);
    ring_clear(&r);
}

static void test_ring_more_than_it_holds(void **state)
{
    struct ring r = {0};
    char *big = xcalloc(RING_MAX + 10, 1);

    (void)state;
    big[RING_MAX + 9] = 'z';
    ring_add(&r, big, RING_MAX + 10);
    assert_int_equal(r.end, RING_MAX + 10);
    assert_int_equal(r.start, 10);
    ring_clear(&r);
    free(big);
}

/* ---- a node whose terminal runs a command of the test's choice ---- */

static const char *command;
static struct err refuse;

static int test_console(const struct guest_lab *lab, size_t node, int *fd, struct err *e)
{
    (void)lab, (void)node;
    if (refuse.code != ERR_NONE) {
        *e = refuse;
        return -1;
    }
    pid_t pid = forkpty(fd, NULL, NULL, NULL);
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    return pid > 0 ? 0 : err_sys(e, "forkpty");
}

static const struct guest_ops ops = {.name = "test", .console = test_console};

struct seat { /* one viewer of the test */
    struct frame_conn *conn;
    struct buf text;
    uint64_t next; /* offset expected */
    uint64_t lost;
    bool acks;
};

static struct loop *loop;
static struct console_node *node;
static const char *wanted;
static struct seat *watched;

static void seat_frame(struct frame_conn *c, uint8_t type, const uint8_t *p, size_t n, void *arg)
{
    struct seat *s = arg;
    uint64_t offset;

    assert_int_equal(type, FRAME_OUTPUT);
    assert_true(n > sizeof offset);
    memcpy(&offset, p, sizeof offset);
    offset = be64toh(offset);
    assert_true(offset >= s->next);
    s->lost += offset - s->next;
    s->next = offset + n - sizeof offset;
    buf_add(&s->text, p + sizeof offset, n - sizeof offset);
    if (s->acks) {
        uint64_t ack = htobe64(s->next);
        frame_send(c, FRAME_ACK, &ack, sizeof ack);
    }
    if (s == watched && wanted != NULL && strstr(buf_str(&s->text), wanted) != NULL)
        loop_stop(loop);
}

static void seat_gone(struct frame_conn *c, const struct err *e, void *arg)
{
    struct seat *s = arg;

    (void)e;
    frame_conn_free(c);
    s->conn = NULL;
}

static void seat_open(struct seat *s, int64_t offset, bool acks)
{
    int sv[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
    *s = (struct seat){.acks = acks};
    s->conn = frame_conn_new(loop, sv[0], seat_frame, seat_gone, s);
    uint64_t from = console_node_offset(node, offset);
    s->next = from;
    console_node_attach(node, frame_conn_new(loop, sv[1], seat_frame, seat_gone, NULL), from, 24, 80);
}

static void seat_close(struct seat *s)
{
    frame_conn_free(s->conn);
    buf_clear(&s->text);
}

static void too_late(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

/* Runs the loop until 's' has read 'text'. */
static void expect(struct seat *s, const char *text)
{
    struct err e;

    watched = s;
    wanted = text;
    if (strstr(buf_str(&s->text), text) == NULL) {
        struct loop_timer *t = loop_timer_add(loop, 8000, too_late, NULL);
        assert_int_equal(loop_run(loop, &e), 0);
        if (strstr(buf_str(&s->text), text) == NULL)
            fail_msg("'%s' did not come; there is: %s", text, buf_str(&s->text));
        loop_timer_del(t);
    }
    wanted = NULL;
}

static void type(struct seat *s, const char *text)
{
    frame_send(s->conn, FRAME_INPUT, text, strlen(text));
}

static int setup(void **state)
{
    static struct plan_node nodes[1];
    static struct plan plan = {.nodes = nodes, .nnodes = 1};
    static struct guest_lab lab = {.plan = &plan};
    struct err e;

    (void)state;
    refuse = (struct err){0};
    loop = loop_new(&e);
    node = console_node_new(loop, &lab, &ops, 0);
    return loop != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    console_node_free(node);
    loop_free(loop);
    return 0;
}

static void test_two_viewers_and_a_late_one(void **state)
{
    struct seat a, b, c, d;

    (void)state;
    command = "stty -echo; echo hello; read x; echo got:$x; sleep 100";
    seat_open(&a, -1, true);
    seat_open(&b, -1, true);
    expect(&a, "hello");
    expect(&b, "hello");
    type(&b, "42\n");
    expect(&a, "got:42");
    uint64_t end = a.next;
    seat_open(&c, -1, true); /* everything again */
    expect(&c, "got:42");
    assert_non_null(strstr(buf_str(&c.text), "hello"));
    seat_open(&d, (int64_t)end - 4, true); /* goes on from where it was */
    expect(&d, "2");
    assert_true(d.text.len <= 4);
    seat_close(&a), seat_close(&b), seat_close(&c), seat_close(&d);
}

static void test_session_ends_and_comes_back(void **state)
{
    struct seat a;

    (void)state;
    command = "echo first; exit";
    seat_open(&a, -1, true);
    expect(&a, "session ended");
    command = "echo second; sleep 100";
    type(&a, "x"); /* nothing: only Enter opens a new one */
    type(&a, "\r");
    expect(&a, "second");
    seat_close(&a);
}

static void test_guest_that_does_not_run(void **state)
{
    struct seat a;

    (void)state;
    err_set(&refuse, ERR_CONFLICT, "node h1 does not run");
    seat_open(&a, -1, true);
    expect(&a, "node h1 does not run");
    refuse = (struct err){0};
    command = "echo back; sleep 100";
    type(&a, "\r");
    expect(&a, "back");
    seat_close(&a);
}

static void test_resize(void **state)
{
    struct seat a;
    const uint16_t size[2] = {htons(50), htons(132)};

    (void)state;
    command = "stty -echo; echo ready; read x; stty size; sleep 100";
    seat_open(&a, -1, true);
    expect(&a, "ready");
    frame_send(a.conn, FRAME_RESIZE, size, sizeof size);
    type(&a, "\n");
    expect(&a, "50 132");
    seat_close(&a);
}

/* A viewer that acknowledges loses nothing, however much comes. */
static void test_flood_to_a_good_viewer(void **state)
{
    struct seat a;

    (void)state;
    command = "stty -onlcr; seq 1 400000; echo; echo the-end";
    seat_open(&a, -1, true);
    expect(&a, "the-end");
    assert_int_equal(a.lost, 0);
    seat_close(&a);
}

/* One that never acknowledges holds the guest for a while only; then it loses, and the good one goes on. */
static void test_flood_with_a_stuck_viewer(void **state)
{
    struct seat a, stuck;

    (void)state;
    command = "stty -onlcr; seq 1 400000; echo; echo the-end";
    seat_open(&a, -1, true);
    seat_open(&stuck, -1, false);
    frame_pause(stuck.conn, true);
    expect(&a, "the-end");
    assert_int_equal(a.lost, 0);
    frame_pause(stuck.conn, false);
    expect(&stuck, "the-end");
    assert_true(stuck.lost > 0);
    seat_close(&a), seat_close(&stuck);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ring_keeps_the_newest),
        cmocka_unit_test(test_ring_grows_with_use),
        cmocka_unit_test(test_ring_more_than_it_holds),
        cmocka_unit_test_setup_teardown(test_two_viewers_and_a_late_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_session_ends_and_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_guest_that_does_not_run, setup, teardown),
        cmocka_unit_test_setup_teardown(test_resize, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flood_to_a_good_viewer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flood_with_a_stuck_viewer, setup, teardown),
    };
    signal(SIGCHLD, SIG_IGN);
    return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
