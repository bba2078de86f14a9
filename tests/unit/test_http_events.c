/* Event streams and WebSockets whose peers do not take part any more: they are dropped. */
#include "labd/base/loop.h"
#include "labd/base/mem.h"
#include "labd/site/http/http_events.h"
#include "labd/site/http/http_ws.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PING_MS 40

/* The server runs in a child and tells by one byte on a pipe that a stream has ended. */
static struct {
    pid_t pid;
    int ended;
    char address[64];
} server;
static int tell_fd;
static struct http_events *stream;
static struct loop *loop;

static void tell(void)
{
    if (write(tell_fd, "x", 1) != 1)
        _exit(1);
}

static void again(void *arg)
{
    (void)arg;
    if (stream != NULL)
        http_events_wake(stream);
}

/* Always something new, 64 KiB at a time. */
static void fill(struct buf *out, void *arg)
{
    static char data[65536];

    (void)arg;
    memset(data, 'a', sizeof data - 1);
    http_event_add(out, "news", data);
    loop_timer_add(loop, 0, again, NULL);
}

static void nothing(struct buf *out, void *arg)
{
    (void)out, (void)arg;
}

static void ended(void *arg)
{
    (void)arg;
    stream = NULL;
    tell();
}

static void get_endless(struct http_req *r, void *arg)
{
    stream = http_reply_events(r, fill, ended, arg);
}

static void get_silent(struct http_req *r, void *arg)
{
    http_reply_events(r, nothing, ended, arg);
}

static void ws_open(struct http_ws *ws, void *arg)
{
    (void)ws, (void)arg;
}

static void ws_message(struct http_ws *ws, bool text, const uint8_t *data, size_t n, void *arg)
{
    (void)ws, (void)text, (void)data, (void)n, (void)arg;
}

static void get_ws(struct http_req *r, void *arg)
{
    static const struct http_ws_ops ops = {ws_open, ws_message, NULL, ended};

    http_reply_ws(r, &ops, 1024, arg);
}

static int nobody(struct http_req *r, struct http_identity *id, void *arg, struct err *e)
{
    (void)r, (void)id, (void)arg, (void)e;
    return 0;
}

static void __attribute__((noreturn)) run(int fd)
{
    static const struct http_route routes[] = {
        {"GET", "/endless", HTTP_LEVEL_PUBLIC, 0, get_endless},
        {"GET", "/silent", HTTP_LEVEL_PUBLIC, 0, get_silent},
        {"WS", "/ws", HTTP_LEVEL_PUBLIC, 0, get_ws},
        {NULL, NULL, 0, 0, NULL},
    };
    struct http_config c = {.routes = routes, .auth = nobody, .ping_ms = PING_MS};
    struct err e;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    loop = loop_new(&e);
    if (loop == NULL || http_server_listen(http_server_new(loop, &c), fd, &e) < 0 || loop_run(loop, &e) < 0)
        fprintf(stderr, "%s\n", e.msg);
    _exit(1);
}

static int setup(void **state)
{
    struct err e;
    int fds[2], fd = http_listen_tcp("127.0.0.1:0", server.address, sizeof server.address, &e);

    (void)state;
    if (fd < 0 || pipe(fds) < 0)
        return -1;
    server.ended = fds[0];
    tell_fd = fds[1];
    server.pid = fork();
    if (server.pid == 0)
        run(fd);
    close(fd);
    close(tell_fd);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kill(server.pid, SIGKILL);
    waitpid(server.pid, NULL, 0);
    close(server.ended);
    return 0;
}

static int get(const char *path, const char *headers)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    AUTO(mem_freep) char *text = xasprintf("GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", path, headers);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    sa.sin_port = htons((uint16_t)strtoul(server.address + strlen("127.0.0.1:"), NULL, 10));
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    return fd;
}

static bool has_ended(int ms)
{
    struct pollfd p = {.fd = server.ended, .events = POLLIN};

    return poll(&p, 1, ms) == 1;
}

static void test_stream_that_nobody_reads(void **state)
{
    int fd = get("/endless", "");

    (void)state;
    assert_true(has_ended(100 * PING_MS));
    close(fd);
}

static void test_stream_with_a_reader(void **state)
{
    static char chunk[65536];
    int fd = get("/endless", "");
    struct pollfd p = {.fd = fd, .events = POLLIN};
    size_t total = 0;
    int64_t until = loop_now_ms() + 10LL * PING_MS;

    (void)state;
    while (loop_now_ms() < until && poll(&p, 1, 1000) == 1) {
        ssize_t n = recv(fd, chunk, sizeof chunk, 0);
        assert_true(n > 0);
        total += (size_t)n;
    }
    assert_true(total > 1u << 20);
    assert_false(has_ended(0));
    close(fd);
    assert_true(has_ended(100 * PING_MS));
}

static void test_silent_stream_pings(void **state)
{
    char text[4096] = "";
    size_t n = 0, pings = 0;
    int fd = get("/silent", "");

    (void)state;
    while (pings < 5) {
        ssize_t got = recv(fd, text + n, sizeof text - 1 - n, 0);
        assert_true(got > 0);
        n += (size_t)got;
        text[n] = '\0';
        pings = 0;
        for (const char *p = text; (p = strstr(p, ": ping\n\n")) != NULL; p++)
            pings++;
    }
    assert_false(has_ended(0));
    close(fd);
    assert_true(has_ended(100 * PING_MS)); /* a ping found out */
}

#define HANDSHAKE \
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static void test_websocket_without_pongs(void **state)
{
    int fd = get("/ws", HANDSHAKE);

    (void)state;
    assert_true(has_ended(100 * PING_MS));
    close(fd);
}

static void test_websocket_with_pongs(void **state)
{
    static const uint8_t pong[] = {0x8a, 0x80, 1, 2, 3, 4};
    int fd = get("/ws", HANDSHAKE);

    (void)state;
    for (int i = 0; i < 20; i++) {
        assert_false(has_ended(PING_MS));
        assert_int_equal(send(fd, pong, sizeof pong, MSG_NOSIGNAL), (int)sizeof pong);
    }
    close(fd);
    assert_true(has_ended(100 * PING_MS));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_stream_that_nobody_reads), T(test_stream_with_a_reader), T(test_silent_stream_pings),
        T(test_websocket_without_pongs),  T(test_websocket_with_pongs),
    };
    return cmocka_run_group_tests_name("http_events", tests, NULL, NULL);
}
