/* Figures of a console: echo round trip and bytes per second, the same way for three ways to a shell.
 *
 *   bench_console pty                                 a bare pseudoterminal on this machine
 *   bench_console labd SERVER TOKEN LAB NODE          labd's WebSocket, as a browser uses it
 *   bench_console shellinabox PORT                    shellinabox's requests, as its page makes them
 *
 * The environment: ECHOES (how many), CAT (a file that the shell behind the terminal can read).
 * Prints "MEDIAN_US P99_US BYTES_PER_S". */
#include "labd/base/buf.h"
#include "labd/base/err.h"
#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "labd/ctl/ctl_http.h"
#include "labd/ctl/ctl_ws.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 60000
#define QUIET_MS 400
#define ECHOES_MAX 100000
#define ACK_EVERY 16384

/* A terminal: 'type' sends, 'read' waits at most 'ms' and appends what came (nothing: silence). */
struct terminal {
    void (*type)(struct terminal *t, const char *data, size_t n);
    void (*read)(struct terminal *t, int ms, struct buf *out);
    int fd[2];
    pid_t pid;
    struct ctl_ws *ws;
    struct buf came; /* read already */
    uint64_t offset, acked;
    char session[128];
    struct buf answer;
    bool polling;
};

static void die(const char *what)
{
    fprintf(stderr, "bench_console: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static bool readable(int fd, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, ms) > 0;
}

/* ---- a bare pty ---- */

static void write_all(int fd, const char *data, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, data, n);
        if (done <= 0)
            die("write");
        data += done;
        n -= (size_t)done;
    }
}

static void pty_type(struct terminal *t, const char *data, size_t n)
{
    write_all(t->fd[0], data, n);
}

static void pty_read(struct terminal *t, int ms, struct buf *out)
{
    char data[65536];

    if (!readable(t->fd[0], ms))
        return;
    ssize_t n = read(t->fd[0], data, sizeof data);
    if (n <= 0)
        die("the shell is gone");
    buf_add(out, data, (size_t)n);
}

static void pty_open(struct terminal *t)
{
    t->pid = forkpty(&t->fd[0], NULL, NULL, NULL);
    if (t->pid < 0)
        die("forkpty");
    if (t->pid == 0) {
        execl("/bin/bash", "bash", "--norc", "--noediting", (char *)NULL);
        _exit(127);
    }
    t->type = pty_type;
    t->read = pty_read;
}

/* ---- labd ---- */

static void labd_message(bool text, const uint8_t *data, size_t n, void *arg)
{
    struct terminal *t = arg;
    uint8_t ack[8];

    if (text || n < 9 || data[0] != 'o')
        return;
    uint64_t at = 0;
    for (int i = 1; i <= 8; i++)
        at = at << 8 | data[i];
    t->offset = at + n - 9;
    buf_add(&t->came, data + 9, n - 9);
    if (t->offset - t->acked < ACK_EVERY)
        return;
    t->acked = t->offset;
    for (int i = 0; i < 8; i++)
        ack[i] = (uint8_t)(t->offset >> (56 - 8 * i));
    ctl_ws_send(t->ws, 'a', ack, sizeof ack);
}

static void labd_type(struct terminal *t, const char *data, size_t n)
{
    struct err e = {0};

    ctl_ws_send(t->ws, 'i', data, n);
    if (ctl_ws_io(t->ws, labd_message, t, &e) != 0) {
        fprintf(stderr, "bench_console: %s\n", e.msg);
        exit(1);
    }
}

static void labd_read(struct terminal *t, int ms, struct buf *out)
{
    struct err e = {0};

    if (t->came.len == 0 && !readable(ctl_ws_fd(t->ws), ms))
        return;
    if (ctl_ws_io(t->ws, labd_message, t, &e) != 0) {
        fprintf(stderr, "bench_console: %s\n", e.msg);
        exit(1);
    }
    buf_add(out, t->came.data, t->came.len);
    buf_truncate(&t->came, 0);
}

static void labd_open(struct terminal *t, char **argv)
{
    struct err e = {0};
    const struct ctl_http_config config = {.server = argv[0], .token = argv[1]};
    struct ctl_http *h = ctl_http_new(&config, &e); /* ends with the process */
    AUTO(mem_freep)
    char *path = xasprintf("/api/v1/labs/%s/nodes/%s/console?rows=24&cols=80", argv[2], argv[3]);

    t->ws = h != NULL ? ctl_ws_open(h, path, &e) : NULL;
    if (t->ws == NULL) {
        fprintf(stderr, "bench_console: %s\n", e.msg);
        exit(1);
    }
    t->type = labd_type;
    t->read = labd_read;
}

/* ---- shellinabox: one request waits for output (fd 0), others carry keys (fd 1) ---- */

static int tcp(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
        die("connect to shellinabox");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static void post(int fd, const char *body)
{
    AUTO(mem_freep)
    char *request =
        xasprintf("POST /? HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded; "
                  "charset=utf-8\r\nContent-Length: %zu\r\n\r\n%s",
                  strlen(body), body);

    write_all(fd, request, strlen(request));
}

/* Reads one whole answer into 'b'; false if none came within 'ms'. */
static bool answer(int fd, int ms, struct buf *b, size_t *head)
{
    char data[65536];

    for (;;) {
        const char *end = strstr(buf_str(b), "\r\n\r\n"), *length = strcasestr(buf_str(b), "content-length:");
        if (end != NULL && length != NULL) {
            *head = (size_t)(end + 4 - b->data);
            if (b->len >= *head + strtoul(length + 15, NULL, 10))
                return true;
        }
        if (!readable(fd, ms))
            return false;
        ssize_t n = recv(fd, data, sizeof data, 0);
        if (n <= 0)
            die("shellinabox closed the connection");
        buf_add(b, data, (size_t)n);
    }
}

static void box_poll(struct terminal *t)
{
    AUTO(mem_freep) char *body = xasprintf("width=80&height=24&session=%s", t->session);

    if (!t->polling)
        post(t->fd[0], body);
    t->polling = true;
}

static void box_type(struct terminal *t, const char *data, size_t n)
{
    AUTO(buf_clear) struct buf body = BUF_INIT, b = BUF_INIT;
    size_t head;

    box_poll(t);
    buf_printf(&body, "width=80&height=24&session=%s&keys=", t->session);
    for (size_t i = 0; i < n; i++)
        buf_printf(&body, "%02X", (unsigned char)data[i]);
    post(t->fd[1], buf_str(&body));
    if (!answer(t->fd[1], WAIT_MS, &b, &head))
        die("shellinabox does not take keys");
}

static void box_read(struct terminal *t, int ms, struct buf *out)
{
    size_t head;

    box_poll(t);
    if (!answer(t->fd[0], ms, &t->answer, &head))
        return;
    json_t *j = json_loadb(t->answer.data + head, t->answer.len - head, 0, NULL);
    const json_t *data = json_object_get(j, "data");
    buf_add(out, json_string_value(data), json_string_length(data));
    const char *session = json_string_value(json_object_get(j, "session"));
    if (session != NULL)
        snprintf(t->session, sizeof t->session, "%s", session);
    json_decref(j);
    buf_truncate(&t->answer, 0);
    t->polling = false;
}

static void box_open(struct terminal *t, int port)
{
    AUTO(buf_clear) struct buf out = BUF_INIT;

    t->fd[0] = tcp(port);
    t->fd[1] = tcp(port);
    post(t->fd[0], "width=80&height=24&rooturl=http://localhost/");
    t->polling = true;
    box_read(t, WAIT_MS, &out);
    if (t->session[0] == '\0')
        die("shellinabox gave no session");
    t->type = box_type;
    t->read = box_read;
}

/* ---- the measures ---- */

static void type_text(struct terminal *t, const char *text)
{
    t->type(t, text, strlen(text));
}

static void until_quiet(struct terminal *t)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    size_t before;

    do {
        before = b.len;
        t->read(t, QUIET_MS, &b);
    } while (b.len > before);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* One key at a time, the next when the last is back.  The terminal itself echoes (no shell involved). */
static void measure_echo(struct terminal *t, size_t n, double *median, double *p99)
{
    AUTO(mem_freep) double *us = xcalloc(n, sizeof *us);

    type_text(t, "stty raw echo; exec cat >/dev/null\r");
    until_quiet(t);
    for (size_t i = 0; i < n; i++) {
        AUTO(buf_clear) struct buf b = BUF_INIT;
        double begin = now_us();

        t->type(t, "x", 1);
        while (b.len == 0) {
            t->read(t, WAIT_MS, &b);
            if (now_us() - begin > WAIT_MS * 1e3)
                die("no echo");
        }
        us[i] = now_us() - begin;
        if (b.data[0] != 'x')
            die("the echo is something else");
    }
    qsort(us, n, sizeof *us, by_value);
    *median = us[n / 2];
    *p99 = us[n * 99 / 100];
}

/* From the Enter key to the marker behind the last byte. */
static double measure_cat(struct terminal *t, const char *file, size_t *bytes)
{
    AUTO(mem_freep) char *command = xasprintf("cat %s; printf 'E%%sD' N\r", file);
    AUTO(buf_clear) struct buf b = BUF_INIT;
    size_t total = 0;

    until_quiet(t);
    double begin = now_us();
    type_text(t, command);
    while (memmem(buf_str(&b), b.len, "END", 3) == NULL) {
        /* Only the last bytes can still begin the marker. */
        size_t drop = b.len > 2 ? b.len - 2 : 0;

        total += drop;
        buf_consume(&b, drop);
        t->read(t, WAIT_MS, &b);
        if (now_us() - begin > 10.0 * WAIT_MS * 1e3)
            die("the end of the file does not come");
    }
    *bytes = total + b.len;
    return (now_us() - begin) / 1e6;
}

int main(int argc, char **argv)
{
    struct terminal t = {.fd = {-1, -1}};
    const char *echoes = getenv("ECHOES"), *file = getenv("CAT");
    size_t n = echoes != NULL ? strtoul(echoes, NULL, 10) : 500, bytes = 0;
    double median, p99;

    if (argc == 2 && strcmp(argv[1], "pty") == 0) {
        pty_open(&t);
    } else if (argc == 6 && strcmp(argv[1], "labd") == 0) {
        labd_open(&t, argv + 2);
    } else if (argc == 3 && strcmp(argv[1], "shellinabox") == 0) {
        box_open(&t, (int)strtol(argv[2], NULL, 10));
    } else {
        fputs("usage: bench_console pty | labd SERVER TOKEN LAB NODE | shellinabox PORT\n", stderr);
        return 2;
    }
    if (n < 10 || n > ECHOES_MAX || file == NULL) {
        fputs("bench_console: ECHOES must be 10 to 100000, CAT a file\n", stderr);
        return 2;
    }
    double seconds = measure_cat(&t, file, &bytes);
    measure_echo(&t, n, &median, &p99);
    printf("%.0f %.0f %.0f\n", median, p99, (double)bytes / seconds);
    if (t.pid > 0) {
        kill(t.pid, SIGKILL);
        waitpid(t.pid, NULL, 0);
    }
    return 0;
}
