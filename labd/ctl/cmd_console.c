/* labctl console: the terminal that we run in becomes the node's.  The console itself lives in
 * labconsole; when labd goes away we come back and go on at the byte where we were. */
#include "labd/base/loop.h"
#include "labd/base/mem.h"
#include "labd/base/name.h"
#include "labd/ctl/ctl.h"
#include "labd/ctl/ctl_http.h"
#include "labd/ctl/ctl_lab.h"
#include "labd/ctl/ctl_stream.h"
#include "labd/ctl/ctl_text.h"
#include "labd/ctl/ctl_ws.h"

#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define DETACH 0x1d      /* Ctrl-] */
#define ACK_EVERY 16384u /* far below the 128 KiB after which labconsole waits for us */
#define RETRY_MS 500

struct console {
    struct ctl *c;
    const char *lab, *node;
    int64_t offset; /* of the next byte to show; -1: the oldest one held */
    int64_t acked;
    bool detached;
};

static void window(unsigned *rows, unsigned *cols)
{
    struct winsize w = {0};

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) < 0 || w.ws_row == 0 || w.ws_col == 0)
        w = (struct winsize){.ws_row = 24, .ws_col = 80};
    *rows = w.ws_row;
    *cols = w.ws_col;
}

static void resized(struct ctl_stream *s)
{
    unsigned rows, cols;

    window(&rows, &cols);
    const uint8_t size[4] = {(uint8_t)(rows >> 8), (uint8_t)rows, (uint8_t)(cols >> 8), (uint8_t)cols};
    ctl_ws_send(s->ws, 'r', size, sizeof size);
}

static void typed(struct ctl_stream *s, const char *data, size_t n)
{
    struct console *k = s->arg;
    const char *end = memchr(data, DETACH, n);
    size_t send = end != NULL ? (size_t)(end - data) : n;

    if (send > 0)
        ctl_ws_send(s->ws, 'i', data, send);
    if (end != NULL || n == 0)
        k->detached = s->done = true;
}

static void show(struct console *k, struct ctl_ws *ws, const uint8_t *data, size_t n)
{
    uint8_t ack[8];
    uint64_t at = 0;

    if (n < 9 || data[0] != 'o')
        return;
    for (int i = 1; i <= 8; i++)
        at = at << 8 | data[i];
    fwrite(data + 9, 1, n - 9, k->c->out);
    fflush(k->c->out);
    k->offset = (int64_t)(at + (n - 9));
    if (k->offset - k->acked < (int64_t)ACK_EVERY)
        return;
    k->acked = k->offset;
    for (int i = 0; i < 8; i++)
        ack[i] = (uint8_t)((uint64_t)k->offset >> (56 - 8 * i));
    ctl_ws_send(ws, 'a', ack, sizeof ack);
}

static void message(struct ctl_stream *s, bool text, const uint8_t *data, size_t n)
{
    struct console *k = s->arg;

    if (!text) {
        show(k, s->ws, data, n);
        return;
    }
    json_t *hello = json_loadb((const char *)data, n, 0, NULL);
    if (json_is_integer(json_object_get(hello, "offset")))
        k->acked = k->offset = text_int(hello, "offset");
    json_decref(hello);
}

/* One connection.  As ctl_stream_run(). */
static int attach(struct console *k, bool *opened, struct err *e)
{
    unsigned rows, cols;
    struct ctl_stream s = {
        .in = STDIN_FILENO, .input = typed, .message = message, .resized = resized, .arg = k};

    window(&rows, &cols);
    AUTO(mem_freep)
    char *path = xasprintf("/api/v1/labs/%s/nodes/%s/console?offset=%lld&rows=%u&cols=%u", k->lab, k->node,
                           (long long)k->offset, rows, cols);
    s.ws = ctl_ws_open(k->c->http, path, e);
    *opened = s.ws != NULL;
    if (s.ws == NULL)
        return -1;
    int rc = ctl_stream_run(&s, e);
    if (rc >= 0)
        ctl_ws_finish(s.ws);
    ctl_ws_free(s.ws);
    return rc;
}

/* Waits before the next try; true if the user wants to leave instead. */
static bool leave(void)
{
    int64_t until = loop_now_ms() + RETRY_MS;
    char data[256];

    for (int64_t left = RETRY_MS; left > 0; left = until - loop_now_ms()) {
        struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};

        if (poll(&p, 1, (int)left) > 0) {
            ssize_t n = read(STDIN_FILENO, data, sizeof data);
            if (n <= 0 || memchr(data, DETACH, (size_t)n) != NULL || memchr(data, 3, (size_t)n) != NULL)
                return true;
        }
        if (ctl_signals_caught())
            return true;
    }
    return false;
}

static bool worth_retrying(const struct err *e)
{
    return e->code == ERR_UNREACHABLE || e->code == ERR_PROTOCOL;
}

static int attach_until_left(struct console *k, struct err *e)
{
    bool opened = false, lost = false;
    int rc;

    for (;;) {
        rc = attach(k, &opened, e);
        if (rc >= 0 || !worth_retrying(e) || (!opened && !lost))
            return rc;
        if (opened || !lost)
            fprintf(k->c->err, "\r\nlabctl: the connection is lost; trying again, Ctrl-] gives up\r\n");
        lost = true;
        if (leave()) {
            k->detached = true;
            return 0;
        }
    }
}

int cmd_console(struct ctl *c, struct err *e)
{
    char id[LAB_ID_SIZE];
    struct console k = {.c = c, .lab = id, .node = c->args[1], .offset = -1};
    struct termios saved, raw;

    if (name_check(k.node, "node", e) < 0 || ctl_lab_find(c, c->args[0], id, e) < 0)
        return -1;
    if (tcgetattr(STDIN_FILENO, &saved) < 0 || isatty(STDOUT_FILENO) != 1)
        return err_set(e, ERR_INVALID, "a console needs a terminal: scripts use labctl exec");
    fprintf(c->err, "labctl: console of %s; Ctrl-] detaches\n", k.node);
    ctl_signals_catch(); /* so that the terminal is put back */
    raw = saved;
    cfmakeraw(&raw);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
    int rc = attach_until_left(&k, e);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
    fprintf(c->err, "\nlabctl: %s\n",
            rc < 0       ? "the console is gone"
            : k.detached ? "detached"
                         : "the console was closed");
    return rc < 0 ? -1 : 0;
}
