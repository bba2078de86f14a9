#include "labd/ctl/ctl_stream.h"

#include "labd/base/mem.h"
#include "labd/ctl/ctl_http.h"
#include "labd/ctl/ctl_ws.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 32768u
#define UNSENT_MAX (256u << 10)

static volatile sig_atomic_t resized;

static void on_resize(int signo)
{
    (void)signo;
    resized = 1;
}

static void deliver(bool text, const uint8_t *data, size_t n, void *arg)
{
    struct ctl_stream *s = arg;

    if (!s->done)
        s->message(s, text, data, n);
}

static int read_input(struct ctl_stream *s, struct err *e)
{
    char data[CHUNK];
    ssize_t n = read(s->in, data, sizeof data);

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    if (n < 0 && errno != EIO) /* EIO: the terminal has gone */
        return err_sys(e, "read the standard input");
    if (n <= 0)
        s->in = -1;
    s->input(s, data, n > 0 ? (size_t)n : 0);
    return 0;
}

/* One round.  0: go on; else as ctl_stream_run(), plus one. */
static int round_(struct ctl_stream *s, const sigset_t *open, struct err *e)
{
    bool listen = s->in >= 0 && ctl_ws_queued(s->ws) < UNSENT_MAX;
    struct pollfd p[2] = {{.fd = ctl_ws_fd(s->ws), .events = ctl_ws_events(s->ws)},
                          {.fd = listen ? s->in : -1, .events = POLLIN}};

    if (ppoll(p, 2, NULL, open) < 0 && errno != EINTR)
        return err_sys(e, "poll");
    if (ctl_signals_caught())
        return 2;
    if (resized != 0) {
        resized = 0;
        if (s->resized != NULL)
            s->resized(s);
    }
    if (p[1].revents != 0 && read_input(s, e) < 0)
        return -1;
    if (s->done)
        return 1;
    int rc = ctl_ws_io(s->ws, deliver, s, e);
    return s->done ? 1 : rc < 0 ? -1 : rc > 0 ? 2 : 0;
}

int ctl_stream_run(struct ctl_stream *s, struct err *e)
{
    struct sigaction sa = {.sa_handler = on_resize}, old;
    sigset_t block, open;

    /* Signals come only inside ppoll(), so that none is missed between a look at its flag and the wait. */
    sigemptyset(&block);
    sigaddset(&block, SIGINT);
    sigaddset(&block, SIGTERM);
    sigaddset(&block, SIGWINCH);
    sigprocmask(SIG_BLOCK, &block, &open);
    sigaction(SIGWINCH, &sa, &old);
    /* What came with the answer to the upgrade does not wake poll(). */
    int rc = ctl_ws_io(s->ws, deliver, s, e);
    rc = s->done ? 1 : rc < 0 ? -1 : rc > 0 ? 2 : 0;
    while (rc == 0)
        rc = round_(s, &open, e);
    sigaction(SIGWINCH, &old, NULL);
    sigprocmask(SIG_SETMASK, &open, NULL);
    return rc < 0 ? -1 : rc - 1;
}

/* ---- exec ---- */

struct running {
    const struct ctl_exec *x;
    int status; /* -1: not ended */
};

static void exec_input(struct ctl_stream *s, const char *data, size_t n)
{
    ctl_ws_send(s->ws, 'i', data, n);
}

static void exec_message(struct ctl_stream *s, bool text, const uint8_t *data, size_t n)
{
    struct running *r = s->arg;

    if (text || n == 0)
        return;
    if (data[0] == 'o' || data[0] == 'e')
        r->x->output(data[0] == 'e', data + 1, n - 1, r->x->arg);
    if (data[0] == 'x' && n >= 2) {
        r->status = data[1];
        s->done = true;
    }
}

static void send_input(struct ctl_ws *ws, const char *input, size_t n)
{
    for (size_t at = 0; at < n; at += CHUNK)
        ctl_ws_send(ws, 'i', input + at, n - at < CHUNK ? n - at : CHUNK);
    ctl_ws_send(ws, 'i', NULL, 0);
}

int ctl_exec(struct ctl_http *h, const struct ctl_exec *x, int *status, struct err *e)
{
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s/nodes/%s/exec", x->lab, x->node);
    struct running r = {x, -1};
    struct ctl_stream s = {.in = x->in, .input = exec_input, .message = exec_message, .arg = &r};
    json_t *hello = json_pack("{s:O}", "argv", x->argv);
    AUTO(mem_freep) char *text = json_dumps(hello, JSON_COMPACT);

    json_decref(hello);
    if (text == NULL)
        return err_set(e, ERR_INVALID, "the command is not valid UTF-8");
    s.ws = ctl_ws_open(h, path, e);
    if (s.ws == NULL)
        return -1;
    ctl_ws_send_text(s.ws, text);
    if (x->in < 0)
        send_input(s.ws, x->input, x->input_len);
    int rc = ctl_stream_run(&s, e);
    if (rc > 0)
        rc = ctl_signals_caught()
                 ? err_set(e, ERR_TIMEOUT, "interrupted")
                 : err_set(e, ERR_CONFLICT, "the command was ended with its node %s", x->node);
    ctl_ws_finish(s.ws);
    ctl_ws_free(s.ws);
    if (rc == 0)
        *status = r.status;
    return rc;
}
