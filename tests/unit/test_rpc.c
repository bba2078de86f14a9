/* Frames and requests, both ends in one process; a hostile peer on a raw socket. */
#include "labd/base/loop.h"
#include "labd/base/mem.h"
#include "labd/rpc/frame.h"
#include "labd/rpc/rpc.h"

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

static char sock_path[64];

static void do_echo(struct rpc_call *call, json_t *req, void *arg)
{
    (void)arg;
    rpc_reply(call, json_pack("{s:O}", "text", json_object_get(req, "text")));
}

static void do_fail(struct rpc_call *call, json_t *req, void *arg)
{
    struct err e;

    (void)req, (void)arg;
    err_set(&e, ERR_CAPACITY, "no room");
    rpc_fail(call, &e);
}

static void stream_frame(struct frame_conn *c, uint8_t type, const uint8_t *p, size_t n, void *arg)
{
    (void)arg;
    frame_send(c, type, p, n);
}

static void stream_closed(struct frame_conn *c, const struct err *e, void *arg)
{
    (void)e, (void)arg;
    frame_conn_free(c);
}

static void do_stream(struct rpc_call *call, json_t *req, void *arg)
{
    (void)req, (void)arg;
    struct frame_conn *c = rpc_stream(call, NULL);
    if (c != NULL)
        frame_conn_set(c, stream_frame, stream_closed, NULL);
}

struct late {
    struct rpc_call *call;
};

static void answer_late(void *arg)
{
    struct late *l = arg;

    rpc_reply(l->call, NULL);
    free(l);
}

static void do_late(struct rpc_call *call, json_t *req, void *arg)
{
    struct late *l = xcalloc(1, sizeof *l);

    (void)req;
    l->call = call;
    loop_timer_add(arg, 30, answer_late, l);
}

/* labhost answers that something behind it is not there. */
static void do_beyond(struct rpc_call *call, json_t *req, void *arg)
{
    struct err e;

    (void)req, (void)arg;
    err_set(&e, ERR_UNREACHABLE, "the switch does not run");
    rpc_fail(call, &e);
}

static const struct rpc_method methods[] = {
    {"echo", do_echo}, {"fail", do_fail},     {"stream", do_stream},
    {"late", do_late}, {"beyond", do_beyond}, {NULL, NULL},
};

static void on_term(int signo, void *arg)
{
    (void)signo;
    loop_stop(arg);
}

static pid_t server;

static int start_server(void **state)
{
    int ready[2];
    char c;

    (void)state;
    snprintf(sock_path, sizeof sock_path, "/tmp/plrpc.%d", (int)getpid());
    assert_int_equal(pipe(ready), 0);
    server = fork();
    if (server == 0) {
        struct err e;
        struct loop *l = loop_new(&e);
        struct rpc_server *s = rpc_server_new(l, sock_path, getuid(), methods, l, &e);
        if (s == NULL || loop_signal_add(l, SIGTERM, on_term, l, &e) < 0 || write(ready[1], "r", 1) != 1 ||
            loop_run(l, &e) < 0)
            _exit(1);
        rpc_server_free(s);
        loop_free(l);
        _exit(0);
    }
    close(ready[1]);
    int rc = read(ready[0], &c, 1) == 1 ? 0 : -1;
    close(ready[0]);
    return rc;
}

static int stop_server(void **state)
{
    int status = 0;

    (void)state;
    kill(server, SIGTERM);
    waitpid(server, &status, 0);
    return status == 0 ? 0 : -1;
}

static void test_echo(void **state)
{
    struct err e;
    json_t *reply = NULL;
    json_t *req = json_pack("{s:s, s:i, s:s}", "do", "echo", "id", 7, "text", "hello");

    (void)state;
    assert_int_equal(rpc_call_path(sock_path, req, 2000, &reply, &e), 0);
    assert_string_equal(json_string_value(json_object_get(reply, "text")), "hello");
    assert_int_equal(json_integer_value(json_object_get(reply, "id")), 7);
    json_decref(reply);
    json_decref(req);
}

static void test_error_code_travels(void **state)
{
    struct err e;
    json_t *req = json_pack("{s:s}", "do", "fail");

    (void)state;
    assert_int_equal(rpc_call_path(sock_path, req, 2000, NULL, &e), -1);
    assert_int_equal(e.code, ERR_CAPACITY);
    assert_string_equal(e.msg, "no room");
    json_decref(req);
}

static void test_who_answers_is_reachable(void **state)
{
    struct err e;
    json_t *req = json_pack("{s:s}", "do", "beyond");

    (void)state;
    assert_int_equal(rpc_call_path(sock_path, req, 2000, NULL, &e), -1);
    assert_int_equal(e.code, ERR_TOOL);
    assert_string_equal(e.msg, "the switch does not run");
    json_decref(req);
}

static void test_unknown_method(void **state)
{
    struct err e;
    json_t *req = json_pack("{s:s}", "do", "nothing");

    (void)state;
    assert_int_equal(rpc_call_path(sock_path, req, 2000, NULL, &e), -1);
    assert_int_equal(e.code, ERR_NOT_FOUND);
    json_decref(req);
}

static void test_many_on_one_connection(void **state)
{
    struct err e;
    int fd = frame_connect(sock_path, &e);

    (void)state;
    /* All requests before the first reply: they are answered one by one, in order. */
    for (int i = 0; i < 100; i++) {
        char text[64];
        int n =
            snprintf(text, sizeof text, "{\"do\":\"%s\",\"id\":%d,\"text\":1}", i % 10 ? "echo" : "late", i);
        assert_int_equal(frame_write_fd(fd, FRAME_JSON, text, (size_t)n, &e), 0);
    }
    for (int i = 0; i < 100; i++) {
        uint8_t type;
        char *payload;
        size_t n;
        assert_int_equal(frame_read_fd(fd, 2000, &type, &payload, &n, &e), 0);
        json_t *j = json_loads(payload, 0, NULL);
        assert_int_equal(json_integer_value(json_object_get(j, "id")), i);
        json_decref(j);
        free(payload);
    }
    close(fd);
}

static void test_stream_big(void **state)
{
    struct err e;
    int fd = frame_connect(sock_path, &e);
    json_t *req = json_pack("{s:s}", "do", "stream");
    static char data[300000];

    (void)state;
    assert_int_equal(rpc_call_fd(fd, req, 2000, NULL, &e), 0);
    json_decref(req);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)i;
    for (int round = 0; round < 5; round++) {
        uint8_t type;
        char *payload;
        size_t n;
        assert_int_equal(frame_write_fd(fd, FRAME_OUTPUT, data, sizeof data, &e), 0);
        assert_int_equal(frame_read_fd(fd, 5000, &type, &payload, &n, &e), 0);
        assert_int_equal(type, FRAME_OUTPUT);
        assert_int_equal(n, sizeof data);
        assert_memory_equal(payload, data, n);
        free(payload);
    }
    close(fd);
}

static void test_peer_leaves_during_call(void **state)
{
    struct err e;
    const char *text = "{\"do\":\"late\"}";

    (void)state;
    for (int i = 0; i < 20; i++) {
        int fd = frame_connect(sock_path, &e);
        assert_int_equal(frame_write_fd(fd, FRAME_JSON, text, strlen(text), &e), 0);
        close(fd);
    }
    usleep(60000);
    test_echo(NULL); /* the server is still there */
}

static const struct hostile {
    const char *name;
    const char bytes[16];
    size_t n;
} hostile[] = {
    {"hostile: zero length", {0, 0, 0, 0}, 4},
    {"hostile: four gigabytes", {(char)0xff, (char)0xff, (char)0xff, (char)0xff}, 4},
};

static void test_hostile(void **state)
{
    const struct hostile *h = *state;
    struct err e;
    char c;
    int fd = frame_connect(sock_path, &e);

    assert_int_equal(send(fd, h->bytes, h->n, 0), h->n);
    assert_int_equal(recv(fd, &c, 1, 0), 0); /* it hangs up */
    close(fd);
    test_echo(NULL);
}

static void test_second_server_refused(void **state)
{
    struct err e;
    struct loop *l = loop_new(&e);

    (void)state;
    assert_null(rpc_server_new(l, sock_path, getuid(), methods, l, &e));
    assert_int_equal(e.code, ERR_CONFLICT);
    loop_free(l);
}

struct async {
    struct loop *loop;
    int *left; /* answers still to come, of all calls */
    int calls;
    enum err_code code;
};

static void async_done(json_t *reply, struct frame_conn *conn, const struct err *e, void *arg)
{
    struct async *a = arg;

    assert_null(conn);
    a->calls++;
    a->code = e != NULL ? e->code : ERR_NONE;
    assert_int_equal(reply != NULL, e == NULL);
    if (--*a->left == 0)
        loop_stop(a->loop);
}

static void test_async(void **state)
{
    struct err e;
    int left = 4;
    struct async good = {.loop = loop_new(&e), .left = &left}, late = good, gone = good, none = good;
    struct loop *l = good.loop;

    (void)state;
    rpc_start(l, sock_path, json_pack("{s:s,s:i}", "do", "echo", "text", 1), false, 2000, async_done, &good);
    rpc_start(l, sock_path, json_pack("{s:s,s:i}", "do", "echo", "text", 1), false, 2000, async_done, &good);
    rpc_start(l, sock_path, json_pack("{s:s}", "do", "late"), false, 5, async_done, &late);
    rpc_start(l, "/tmp/no-such-socket", json_pack("{s:s}", "do", "late"), false, 5, async_done, &gone);
    rpc_cancel(rpc_start(l, sock_path, json_pack("{s:s}", "do", "late"), false, 5, async_done, &none));
    assert_int_equal(loop_run(l, &e), 0);
    assert_int_equal(good.calls, 2);
    assert_int_equal(good.code, ERR_NONE);
    assert_int_equal(late.code, ERR_TIMEOUT);
    assert_int_equal(gone.code, ERR_UNREACHABLE);
    assert_int_equal(none.calls, 0);
    loop_free(l);
}

int main(void)
{
    union {
        const struct hostile *in;
        void *out;
    } h0 = {.in = &hostile[0]}, h1 = {.in = &hostile[1]};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_error_code_travels),
        cmocka_unit_test(test_who_answers_is_reachable),
        cmocka_unit_test(test_unknown_method),
        cmocka_unit_test(test_many_on_one_connection),
        cmocka_unit_test(test_stream_big),
        cmocka_unit_test(test_peer_leaves_during_call),
        {hostile[0].name, test_hostile, NULL, NULL, h0.out},
        {hostile[1].name, test_hostile, NULL, NULL, h1.out},
        cmocka_unit_test(test_second_server_refused),
        cmocka_unit_test(test_async),
    };
    return cmocka_run_group_tests_name("rpc", tests, start_server, stop_server);
}
