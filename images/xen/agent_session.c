/* The loop of a client.  Three flows, each with a small buffer, none of which waits for another: frames to the
 * client, the client's input to the command, and the command's end.  A client that does not read leaves the
 * command waiting at its full pipe; a command that does not read leaves the client waiting at a full channel,
 * but its output goes on. */
#include "images/xen/agent_session.h"

#include "images/xen/agent_frame.h"
#include "images/xen/agent_spawn.h"
#include "labd/host/guest/xen_agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK 8192
#define INPUT_MAX (4L * CHUNK)

enum state {
    WAITING, /* for the first frame */
    RUNNING,
    DRAINING, /* the command has ended, its last output is still in the pipes */
    LEAVING,  /* the last frame is in the buffer */
};

struct session {
    const struct agent_channel *channel;
    const char *terminal;
    enum state state;
    struct frame_in frames;
    char *command; /* as far as it has come */
    size_t ncommand;
    struct agent_command run;
    uint8_t status;
    size_t drain[2];   /* bytes that are still to come of each output */
    bool input_end;    /* the client has sent all of its input */
    int turn;          /* which output goes next */
    size_t nin, in_at; /* in 'in': filled up to nin, given away up to in_at */
    size_t nout, out_at;
    uint8_t in[INPUT_MAX];
    uint8_t out[FRAME_HEAD + CHUNK];
};

/* ---- the commands of all sessions, for agent_session_kill_all() --------------------------------------- */

static pthread_mutex_t running_lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t running[XEN_AGENT_CLIENTS_MAX];

static void running_set(pid_t from, pid_t to)
{
    pthread_mutex_lock(&running_lock);
    for (size_t i = 0; i < XEN_AGENT_CLIENTS_MAX; i++) {
        if (running[i] == from) {
            running[i] = to;
            break;
        }
    }
    pthread_mutex_unlock(&running_lock);
}

void agent_session_kill_all(void)
{
    pthread_mutex_lock(&running_lock);
    for (size_t i = 0; i < XEN_AGENT_CLIENTS_MAX; i++)
        if (running[i] > 0)
            kill(-running[i], SIGKILL);
    pthread_mutex_unlock(&running_lock);
}

/* ---- towards the client ------------------------------------------------------------------------------- */

/* Only when the buffer is empty; 'n' <= CHUNK. */
static void send_frame(struct session *s, uint8_t type, const void *payload, size_t n)
{
    frame_head(s->out, type, n);
    memcpy(s->out + FRAME_HEAD, payload, n);
    s->out_at = 0;
    s->nout = FRAME_HEAD + n;
}

static void finish(struct session *s, uint8_t status)
{
    send_frame(s, XEN_AGENT_EXIT, &status, 1);
    s->state = LEAVING;
}

/* 1: something went, 0: nothing can, -1: the client is gone. */
static int flush(struct session *s)
{
    int moved = 0;

    while (s->out_at < s->nout) {
        ssize_t k = s->channel->write(s->channel->arg, s->out + s->out_at, s->nout - s->out_at);
        if (k <= 0)
            return k < 0 ? -1 : moved;
        s->out_at += (size_t)k;
        moved = 1;
    }
    s->nout = s->out_at = 0;
    return moved;
}

static void output_close(struct session *s, int which)
{
    if (s->run.out[which] >= 0)
        close(s->run.out[which]);
    s->run.out[which] = -1;
}

/* Puts a frame with what the command has printed into the empty buffer.  False: there is nothing now. */
static bool output_take(struct session *s)
{
    static const uint8_t types[2] = {XEN_AGENT_OUTPUT, XEN_AGENT_ERROR};

    for (int i = 0; i < 2; i++) {
        int which = (s->turn + i) % 2;
        size_t max = CHUNK;
        uint8_t chunk[CHUNK];
        if (s->run.out[which] < 0)
            continue;
        if (s->state == DRAINING && s->drain[which] < max)
            max = s->drain[which];
        ssize_t k = max > 0 ? read(s->run.out[which], chunk, max) : 0;
        if (k < 0 && (errno == EAGAIN || errno == EINTR) && s->state != DRAINING)
            continue;
        if (k <= 0) {
            output_close(s, which);
            continue;
        }
        if (s->state == DRAINING)
            s->drain[which] -= (size_t)k;
        send_frame(s, types[which], chunk, (size_t)k);
        s->turn = 1 - which; /* a flood on one does not hold up the other */
        return true;
    }
    if (s->state == DRAINING && s->run.out[0] < 0 && s->run.out[1] < 0) {
        finish(s, s->status);
        return true;
    }
    return false;
}

/* ---- towards the command ------------------------------------------------------------------------------ */

static void input_close(struct session *s)
{
    if (s->run.in >= 0)
        close(s->run.in);
    s->run.in = -1;
    s->nin = s->in_at = 0;
}

/* True: something went, so there may be room for more, of which no event will tell. */
static bool input_give(struct session *s)
{
    size_t before = s->nin;

    while (s->run.in >= 0 && s->in_at < s->nin) {
        ssize_t k = write(s->run.in, s->in + s->in_at, s->nin - s->in_at);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0 && errno == EAGAIN)
            break;
        if (k < 0) {
            input_close(s); /* the command does not want more; what still comes is thrown away */
            return true;
        }
        s->in_at += (size_t)k;
    }
    memmove(s->in, s->in + s->in_at, s->nin - s->in_at);
    s->nin -= s->in_at;
    s->in_at = 0;
    bool given = s->nin < before;
    if (s->input_end && s->nin == 0)
        input_close(s);
    return given;
}

static bool input_room(const struct session *s)
{
    return s->state != LEAVING && INPUT_MAX - s->nin >= CHUNK;
}

static void start(struct session *s)
{
    char *words[XEN_AGENT_WORDS_MAX + 1];
    char problem[256];

    if (frame_words(s->command, s->ncommand, words, XEN_AGENT_WORDS_MAX) == 0) {
        s->state = LEAVING; /* nothing to send: it is closed */
        return;
    }
    int rc = agent_spawn(words, &s->run);
    if (rc != 0) {
        int n = snprintf(problem, sizeof(problem), "cannot run %.100s: %s\n", words[0], strerror(rc));
        s->status = 127;
        s->state = DRAINING;
        send_frame(s, XEN_AGENT_ERROR, problem, (size_t)n);
        return;
    }
    running_set(0, s->run.pid);
    s->state = RUNNING;
}

static void resize(struct session *s)
{
    const uint8_t *p = (const uint8_t *)s->command;

    if (s->ncommand != 4) {
        s->state = LEAVING;
        return;
    }
    struct winsize size = {.ws_row = (unsigned short)(p[0] << 8 | p[1]),
                           .ws_col = (unsigned short)(p[2] << 8 | p[3])};
    int fd = open(s->terminal, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    bool done = fd >= 0 && ioctl(fd, TIOCSWINSZ, &size) == 0;
    if (fd >= 0)
        close(fd);
    finish(s, done ? 0 : 1);
}

/* False: this client does not keep to the rules. */
static bool piece(struct session *s, const struct frame_piece *p)
{
    if (s->state == WAITING) {
        if ((p->type != XEN_AGENT_EXEC && p->type != XEN_AGENT_RESIZE) ||
            s->ncommand + p->n > XEN_AGENT_COMMAND_MAX)
            return false;
        if (p->n > 0) {
            char *more = realloc(s->command, s->ncommand + p->n);
            if (more == NULL)
                return false;
            s->command = more;
            memcpy(more + s->ncommand, p->data, p->n);
            s->ncommand += p->n;
        }
        if (p->last && p->type == XEN_AGENT_EXEC)
            start(s);
        else if (p->last)
            resize(s);
        return true;
    }
    if (p->type != XEN_AGENT_INPUT)
        return false;
    if (p->first && p->last && p->n == 0) {
        s->input_end = true;
    } else if (s->run.in >= 0 && !s->input_end) {
        memcpy(s->in + s->nin, p->data, p->n); /* input_room() has seen to it */
        s->nin += p->n;
    }
    return true;
}

/* 1: something came, 0: nothing, -1: the client is gone or does not keep to the rules. */
static int take(struct session *s)
{
    uint8_t chunk[CHUNK];
    struct frame_piece p;
    bool have;

    if (!input_room(s))
        return 0;
    ssize_t n = s->channel->read(s->channel->arg, chunk, sizeof(chunk));
    if (n <= 0)
        return (int)n;
    for (size_t at = 0; at < (size_t)n && s->state != LEAVING;) {
        long k = frame_take(&s->frames, chunk + at, (size_t)n - at, &p, &have);
        if (k < 0 || (have && !piece(s, &p)))
            return -1;
        at += (size_t)k;
    }
    return 1;
}

/* ---- the command's end -------------------------------------------------------------------------------- */

static void ended(struct session *s)
{
    int status = 0;

    if (s->state != RUNNING || waitpid(s->run.pid, &status, WNOHANG) != s->run.pid)
        return;
    running_set(s->run.pid, 0);
    s->run.pid = 0;
    close(s->run.ended);
    s->run.ended = -1;
    s->status = (uint8_t)(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
    input_close(s);
    /* A daemon that it has started may hold the pipes for ever: what is in them now is all. */
    for (int i = 0; i < 2; i++) {
        int n = 0;
        if (s->run.out[i] >= 0 && ioctl(s->run.out[i], FIONREAD, &n) == 0 && n > 0)
            s->drain[i] = (size_t)n;
    }
    s->state = DRAINING;
}

static void clear(struct session *s)
{
    input_close(s);
    output_close(s, 0);
    output_close(s, 1);
    if (s->run.pid > 0) {
        kill(-s->run.pid, SIGKILL);
        waitpid(s->run.pid, NULL, 0);
        running_set(s->run.pid, 0);
    }
    if (s->run.ended >= 0)
        close(s->run.ended);
    free(s->command);
    free(s);
}

static void wait_for_something(struct session *s)
{
    const struct agent_channel *c = s->channel;
    bool room = s->nout == 0;
    struct pollfd p[] = {
        {.fd = c->fd,
         .events = c->event_only ? POLLIN : (short)((input_room(s) ? POLLIN : 0) | (room ? 0 : POLLOUT))},
        {.fd = s->run.ended, .events = POLLIN},
        {.fd = s->nin > 0 ? s->run.in : -1, .events = POLLOUT},
        {.fd = room ? s->run.out[0] : -1, .events = POLLIN},
        {.fd = room ? s->run.out[1] : -1, .events = POLLIN},
    };

    if (poll(p, sizeof(p) / sizeof(*p), -1) > 0 && p[0].revents != 0)
        c->woken(c->arg);
}

void agent_session(const struct agent_channel *c, const char *terminal)
{
    static const uint8_t version = XEN_AGENT_VERSION;
    struct session *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return;
    s->channel = c;
    s->terminal = terminal;
    s->run = AGENT_COMMAND_NONE;
    send_frame(s, XEN_AGENT_HELLO, &version, 1);
    for (;;) {
        int sent = flush(s);
        if (sent < 0 || !c->connected(c->arg) || (s->state == LEAVING && s->nout == 0))
            break;
        ended(s);
        bool printed = s->state != WAITING && s->state != LEAVING && s->nout == 0 && output_take(s);
        int came = take(s);
        if (came < 0)
            break;
        bool given = input_give(s);
        if (sent == 0 && came == 0 && !printed && !given)
            wait_for_something(s);
    }
    clear(s);
}
