/* exec.open and capture.open: a program of the host with its standard streams as frames.  The program
 * ends with the stream, and the stream with the program. */
#include "labd/host/host.h"

#include "labd/base/log.h"
#include "labd/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK 32768u
#define QUEUE_MAX (256u << 10) /* output that waits for the peer before the program is left waiting */
#define INPUT_MAX (1u << 20)   /* input that waits for the program before the peer is left waiting */
#define ARGS_MAX 64u
#define ARG_BYTES_MAX (128u << 10)

struct pipe_end {
    int fd; /* -1 when closed */
    struct loop_fd *watch;
    uint8_t type;
};

struct exec {
    struct host *host;
    struct frame_conn *conn;
    pid_t pid; /* 0 once reaped */
    int status;
    struct pipe_end out[2]; /* stdout, stderr */
    int in;
    struct loop_fd *in_watch;
    struct buf input;
    bool input_end;
};

static void end_close(struct pipe_end *p)
{
    loop_fd_del(p->watch);
    p->watch = NULL;
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
}

static void input_close(struct exec *x)
{
    loop_fd_del(x->in_watch);
    x->in_watch = NULL;
    if (x->in >= 0)
        close(x->in);
    x->in = -1;
    buf_clear(&x->input);
}

static void exec_free(struct exec *x)
{
    end_close(&x->out[0]);
    end_close(&x->out[1]);
    input_close(x);
    frame_conn_free(x->conn);
    free(x);
}

/* All output delivered and the program reaped: the last frame. */
static void maybe_finish(struct exec *x)
{
    if (x->pid != 0 || x->out[0].fd >= 0 || x->out[1].fd >= 0)
        return;
    if (x->conn != NULL) {
        uint8_t status = (uint8_t)(WIFEXITED(x->status) ? WEXITSTATUS(x->status) : 128 + WTERMSIG(x->status));
        frame_send(x->conn, FRAME_EXIT, &status, 1);
        frame_close_after_send(TAKE(x->conn));
    }
    exec_free(x);
}

static void output_pause(struct exec *x, bool paused)
{
    for (int i = 0; i < 2; i++)
        if (x->out[i].watch != NULL)
            loop_fd_events(x->out[i].watch, paused ? 0 : LOOP_IN);
}

static void drained(struct frame_conn *c, void *arg)
{
    (void)c;
    output_pause(arg, false);
}

static void on_output(int fd, unsigned events, void *arg)
{
    struct exec *x = arg;
    struct pipe_end *p = fd == x->out[0].fd ? &x->out[0] : &x->out[1];
    char chunk[CHUNK];

    (void)events;
    ssize_t n = read(fd, chunk, sizeof chunk);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0 && x->conn != NULL) {
        frame_send(x->conn, p->type, chunk, (size_t)n);
        if (frame_queued(x->conn) > QUEUE_MAX)
            output_pause(x, true);
        return;
    }
    if (n <= 0) {
        end_close(p);
        maybe_finish(x);
    }
}

static void on_exit_status(pid_t pid, int status, void *arg)
{
    struct exec *x = arg;

    (void)pid;
    x->pid = 0;
    x->status = status;
    input_close(x);
    /* A daemon that it started may hold its pipes open for ever: what is there now is all. */
    for (int i = 0; i < 2; i++) {
        char chunk[CHUNK];
        ssize_t n;
        while (x->out[i].fd >= 0 && (n = read(x->out[i].fd, chunk, sizeof chunk)) > 0)
            if (x->conn != NULL)
                frame_send(x->conn, x->out[i].type, chunk, (size_t)n);
        end_close(&x->out[i]);
    }
    maybe_finish(x);
}

static void feed(struct exec *x)
{
    while (x->in >= 0 && x->input.len > 0) {
        ssize_t n = write(x->in, x->input.data, x->input.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0) {
            input_close(x);
            return;
        }
        buf_consume(&x->input, (size_t)n);
    }
    if (x->in >= 0 && x->input.len == 0 && x->input_end) {
        input_close(x);
        return;
    }
    if (x->in_watch != NULL)
        loop_fd_events(x->in_watch, x->input.len > 0 ? LOOP_OUT : 0);
    if (x->conn != NULL)
        frame_pause(x->conn, x->input.len > INPUT_MAX);
}

static void on_input_ready(int fd, unsigned events, void *arg)
{
    struct exec *x = arg;

    (void)fd;
    if (events == (LOOP_IN | LOOP_OUT) && x->input.len == 0)
        input_close(x); /* the program closed its standard input */
    else
        feed(x);
}

static void on_frame(struct frame_conn *c, uint8_t type, const uint8_t *p, size_t n, void *arg)
{
    struct exec *x = arg;

    (void)c;
    if (type != FRAME_INPUT || x->in < 0 || x->input_end)
        return;
    if (n == 0)
        x->input_end = true;
    else
        buf_add(&x->input, p, n);
    feed(x);
}

static void on_gone(struct frame_conn *c, const struct err *e, void *arg)
{
    struct exec *x = arg;

    (void)e;
    frame_conn_free(c);
    x->conn = NULL;
    if (x->pid > 0)
        kill(-x->pid, SIGKILL);
    output_pause(x, false); /* reads on and drops, until the program has ended */
}

static void start(struct rpc_call *call, struct host *h, const char *const *argv, bool with_input)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1}, er[2] = {-1, -1};
    struct err e;
    pid_t pid = -1;

    if ((with_input && pipe2(in, O_CLOEXEC) < 0) || pipe2(out, O_CLOEXEC) < 0 || pipe2(er, O_CLOEXEC) < 0) {
        err_sys(&e, "pipe");
    } else {
        const int fds[3] = {in[0], out[1], er[1]};
        pid = proc_spawn(argv, fds, NULL, 0, NULL, &e);
    }
    for (int i = 0; i < 3; i++) {
        int fd = i == 0 ? in[0] : i == 1 ? out[1] : er[1];
        if (fd >= 0)
            close(fd);
    }
    struct exec *x = xcalloc(1, sizeof *x);
    *x = (struct exec){.host = h,
                       .pid = pid,
                       .in = in[1],
                       .out = {{out[0], NULL, FRAME_OUTPUT}, {er[0], NULL, FRAME_ERROR}}};
    if (pid < 0 || loop_child_add(h->loop, pid, on_exit_status, x, &e) < 0) {
        if (pid > 0) {
            kill(-pid, SIGKILL);
            waitpid(pid, NULL, 0);
        }
        rpc_fail(call, &e);
        exec_free(x);
        return;
    }
    for (int i = 0; i < 2; i++) {
        fcntl(x->out[i].fd, F_SETFL, O_NONBLOCK);
        x->out[i].watch = loop_fd_add(h->loop, x->out[i].fd, LOOP_IN, on_output, x);
    }
    if (x->in >= 0) {
        fcntl(x->in, F_SETFL, O_NONBLOCK);
        x->in_watch = loop_fd_add(h->loop, x->in, 0, on_input_ready, x);
    }
    x->conn = rpc_stream(call, NULL);
    if (x->conn == NULL) {
        kill(-pid, SIGKILL);
        return;
    }
    frame_conn_set(x->conn, on_frame, on_gone, x);
    frame_conn_on_drain(x->conn, drained);
}

static int command(const json_t *req, const char **cmd, struct err *e)
{
    const json_t *argv = json_object_get(req, "argv");
    size_t n = json_array_size(argv), bytes = 0;

    if (n == 0 || n > ARGS_MAX)
        return err_set(e, ERR_INVALID, "a command has 1 to %u words", ARGS_MAX);
    for (size_t i = 0; i < n; i++) {
        cmd[i] = json_string_value(json_array_get(argv, i));
        if (cmd[i] == NULL || (bytes += strlen(cmd[i])) > ARG_BYTES_MAX)
            return err_set(e, ERR_INVALID, "the command's words must be texts of at most %u bytes in all",
                           ARG_BYTES_MAX);
    }
    if (cmd[0][0] == '\0' || cmd[0][0] == '-')
        return err_set(e, ERR_INVALID, "a command begins with the name of a program");
    cmd[n] = NULL;
    return 0;
}

void stream_exec(struct rpc_call *call, struct lab *lab, size_t node, json_t *req)
{
    const struct guest_lab g = lab_guest(lab);
    const char *cmd[ARGS_MAX + 1];
    AUTO(argv_clear) struct argv argv = {0};
    struct err e;

    if (lab->nodes[node].state != NODE_RUNNING && lab->nodes[node].state != NODE_FAILED &&
        lab->nodes[node].state != NODE_BOOTING) {
        err_set(&e, ERR_CONFLICT, "node %s does not run", lab->plan->nodes[node].name);
        rpc_fail(call, &e);
        return;
    }
    if (command(req, cmd, &e) < 0 || lab->ops->exec_argv(&g, node, cmd, &argv, &e) < 0) {
        rpc_fail(call, &e);
        return;
    }
    lab->typed++;
    start(call, lab->host, argv_get(&argv), true);
}

void stream_capture(struct rpc_call *call, struct lab *lab, json_t *req)
{
    const char *port = json_string_value(json_object_get(req, "port"));
    const char *filter = json_string_value(json_object_get(req, "filter"));
    struct err e;

    if (!lab->ops->wired) {
        err_set(&e, ERR_UNSUPPORTED, "driver %s has no wires to capture on", lab->ops->name);
        rpc_fail(call, &e);
        return;
    }
    const char *dev = net_port_dev(lab->plan, port != NULL ? port : "", &e);
    if (dev == NULL) {
        rpc_fail(call, &e);
        return;
    }
    /* The filter is one argument behind the options, so it can hold no option; tcpdump gives up its
     * privileges before it reads a packet. */
    const char *argv[] = {"tcpdump", "-i", dev, "-U", "-w", "-", "-Z", "nobody", "--", filter, NULL};
    start(call, lab->host, argv, false);
}
