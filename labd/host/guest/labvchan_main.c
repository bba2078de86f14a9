/* labvchan: runs a command in a Xen guest with this program's standard streams, by the guest's agent (xen_agent.h).
 *
 *   labvchan exec DOMID LOCK WORD...         ends with the command's status
 *   labvchan resize DOMID LOCK ROWS COLUMNS  sets the size of the guest's console
 *
 * The agent offers one instance of its vchan at a time and a new one as soon as somebody has come; who comes holds
 * LOCK until he was greeted, so that no two take the same.  All that the guest sends is hostile: bounded,
 * and used as bytes only. */
#include "labd/base/buf.h"
#include "labd/base/err.h"
#include "labd/base/loop.h"
#include "labd/base/mem.h"
#include "labd/host/guest/xen_agent.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libxenvchan.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <xenstore.h>

#define GREETING_MS 15000
#define RETRY_US 20000
#define NUMBER_MAX 10u /* digits */
#define ALIVE_MS 1000  /* between two looks whether the domain is still there */
#define CHUNK 16384u
#define INPUT_MAX (64u << 10) /* input that waits for the guest before we leave ours waiting */
#define FAILED 126            /* our exit status when the agent cannot be reached */

struct session {
    struct libxenvchan *ch;
    struct xs_handle *xs;
    int domid;
    struct buf out, in; /* bytes for the guest, bytes from it */
    bool input_end;     /* nothing more to read from our standard input */
    int status;         /* of the command; -1: it runs */
};

static int next_frame(const struct session *s, uint8_t *type, const char **data, size_t *n);

/* ---- bytes ---- */

/* Enough is read when a whole frame is there: the rest waits in the ring. */
static bool wants_more(const struct session *s)
{
    const char *data;
    uint8_t type;
    size_t n;

    return s->in.len < CHUNK || next_frame(s, &type, &data, &n) == 0;
}

/* Moves what fits; -1 when the guest's side is gone. */
static int pump(struct session *s)
{
    char chunk[CHUNK];

    for (;;) {
        bool moved = false;
        if (s->out.len > 0) {
            int n = libxenvchan_write(s->ch, s->out.data, s->out.len);
            if (n < 0)
                return -1;
            buf_consume(&s->out, (size_t)n);
            moved |= n > 0;
        }
        if (wants_more(s) && libxenvchan_data_ready(s->ch) > 0) {
            int n = libxenvchan_read(s->ch, chunk, sizeof chunk);
            if (n < 0)
                return -1;
            buf_add(&s->in, chunk, (size_t)n);
            moved |= n > 0;
        }
        if (!moved)
            return libxenvchan_is_open(s->ch) == 0 && libxenvchan_data_ready(s->ch) <= 0 ? -1 : 0;
    }
}

static void queue(struct session *s, enum xen_agent_frame type, const void *data, size_t n)
{
    uint32_t len = htonl((uint32_t)n + 1);

    buf_add(&s->out, &len, sizeof len);
    buf_putc(&s->out, (char)type);
    buf_add(&s->out, data, n);
}

/* The next whole frame of 'in': 1, none yet: 0, against the rules: -1.  Valid until the buffer is touched. */
static int next_frame(const struct session *s, uint8_t *type, const char **data, size_t *n)
{
    uint32_t len;

    if (s->in.len < sizeof len)
        return 0;
    memcpy(&len, s->in.data, sizeof len);
    len = ntohl(len);
    if (len < 1 || len > XEN_AGENT_FRAME_MAX)
        return -1;
    if (s->in.len < sizeof len + len)
        return 0;
    *type = (uint8_t)s->in.data[4];
    *data = s->in.data + 5;
    *n = len - 1;
    return 1;
}

static int write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t w = write(fd, p, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return -1;
        p += w;
        n -= (size_t)w;
    }
    return 0;
}

/* Handles all whole frames; -1 if the guest does not keep to the rules or nobody reads our output. */
static int take_frames(struct session *s)
{
    const char *data;
    uint8_t type;
    size_t n;
    int rc;

    while ((rc = next_frame(s, &type, &data, &n)) > 0) {
        switch (type) {
        case XEN_AGENT_HELLO:
            break;
        case XEN_AGENT_OUTPUT:
            rc = write_all(STDOUT_FILENO, data, n);
            break;
        case XEN_AGENT_ERROR:
            rc = write_all(STDERR_FILENO, data, n);
            break;
        case XEN_AGENT_EXIT:
            if (n == 1)
                s->status = (uint8_t)data[0];
            rc = n == 1 ? 0 : -1;
            break;
        default:
            rc = -1;
        }
        if (rc < 0)
            return -1;
        buf_consume(&s->in, 5 + n);
    }
    return rc;
}

/* ---- coming in ---- */

static int wait_for_guest(struct session *s, int64_t due)
{
    struct pollfd p = {.fd = libxenvchan_fd_for_select(s->ch), .events = POLLIN};
    int64_t left = due - loop_now_ms();

    if (left <= 0 || poll(&p, 1, (int)left) <= 0)
        return -1;
    return libxenvchan_wait(s->ch); /* takes the event, does not block now */
}

static bool greeted(struct session *s, int64_t due)
{
    const char *data;
    uint8_t type = 0;
    size_t n = 0;
    int rc;

    while ((rc = next_frame(s, &type, &data, &n)) == 0)
        if (pump(s) < 0 || (next_frame(s, &type, &data, &n) == 0 && wait_for_guest(s, due) < 0))
            return false;
    if (rc < 0 || type != XEN_AGENT_HELLO || n != 1 || data[0] != XEN_AGENT_VERSION)
        return false;
    buf_consume(&s->in, 5 + n);
    return true;
}

static int take_lock(const char *path, int64_t due, struct err *e)
{
    AUTO(mem_closep) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_sys(e, "open %s", path);
    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (loop_now_ms() > due)
            return err_set(e, ERR_TIMEOUT, "the guest's agent greets nobody");
        usleep(RETRY_US);
    }
    return TAKE_FD(fd);
}

/* The path of the instance that the agent offers now. */
static bool offered(const struct session *s, char *path, size_t size)
{
    char key[64];
    unsigned len = 0;

    snprintf(key, sizeof key, "/local/domain/%d/" XEN_AGENT_OFFERED, s->domid);
    char *text = xs_read(s->xs, XBT_NULL, key, &len);
    unsigned long number = text != NULL && len > 0 && len <= NUMBER_MAX ? strtoul(text, NULL, 10) : 0;
    free(text);
    int n = snprintf(path, size, "/local/domain/%d/", s->domid);
    snprintf(path + n, size - (size_t)n, XEN_AGENT_CHANNEL, (unsigned)number);
    return number != 0;
}

/* A domain that was destroyed or saved says nothing any more, and does not go away before we let go of its pages. */
static bool domain_gone(const struct session *s)
{
    return !xs_is_domain_introduced(s->xs, (unsigned)s->domid);
}

/* The instance that xenstore shows may be that of the last client, whose successor is not there yet: try again. */
static int come_in(struct session *s, const char *lock_path, struct err *e)
{
    int64_t due = loop_now_ms() + GREETING_MS;
    char path[64];

    AUTO(mem_closep) int lock = take_lock(lock_path, due, e);
    if (lock < 0)
        return -1;
    while (loop_now_ms() < due) {
        s->ch = offered(s, path, sizeof path) ? libxenvchan_client_init(NULL, s->domid, path) : NULL;
        if (s->ch != NULL) {
            s->ch->blocking = 0;
            int64_t soon = loop_now_ms() + GREETING_MS / 5;
            if (greeted(s, soon < due ? soon : due))
                return 0;
            libxenvchan_close(s->ch);
            s->ch = NULL;
            buf_clear(&s->in);
        }
        usleep(RETRY_US);
    }
    return err_set(e, ERR_TIMEOUT, "the guest's agent does not answer; reset the node if it was ended");
}

/* ---- passing on ---- */

static void read_input(struct session *s)
{
    char chunk[CHUNK];
    ssize_t n = read(STDIN_FILENO, chunk, sizeof chunk);

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    queue(s, XEN_AGENT_INPUT, chunk, n > 0 ? (size_t)n : 0);
    s->input_end = n <= 0;
}

static int pass(struct session *s, struct err *e)
{
    while (s->status < 0) {
        int alive = pump(s);
        if (take_frames(s) < 0)
            return err_set(e, ERR_PROTOCOL, "the guest's agent does not keep to its protocol");
        if (s->status >= 0)
            break;
        if (libxenvchan_data_ready(s->ch) > 0)
            continue; /* pump() had enough; for what is there already no event will come */
        if (alive < 0)
            return err_set(e, ERR_UNREACHABLE, "the guest's agent has gone");
        bool hungry = !s->input_end && s->out.len < INPUT_MAX;
        struct pollfd p[2] = {{.fd = libxenvchan_fd_for_select(s->ch), .events = POLLIN},
                              {.fd = hungry ? STDIN_FILENO : -1, .events = POLLIN}};
        int n = poll(p, 2, ALIVE_MS);
        if (n < 0 && errno != EINTR)
            return err_sys(e, "wait for the guest");
        if (n == 0 && domain_gone(s))
            return err_set(e, ERR_UNREACHABLE, "the guest has gone");
        if (p[0].revents != 0 && libxenvchan_wait(s->ch) < 0)
            return err_set(e, ERR_UNREACHABLE, "the guest's agent has gone");
        if (p[1].revents != 0)
            read_input(s);
    }
    return 0;
}

static int request(struct session *s, int argc, char **argv, struct err *e)
{
    if (strcmp(argv[1], "resize") == 0) {
        uint16_t size[2] = {htons((uint16_t)strtoul(argv[4], NULL, 10)),
                            htons((uint16_t)strtoul(argv[5], NULL, 10))};
        s->input_end = true;
        queue(s, XEN_AGENT_RESIZE, size, sizeof size);
        return 0;
    }
    AUTO(buf_clear) struct buf words = BUF_INIT;
    for (int i = 4; i < argc; i++)
        buf_add(&words, argv[i], strlen(argv[i]) + 1);
    if (argc - 4 > (int)XEN_AGENT_WORDS_MAX || words.len > XEN_AGENT_COMMAND_MAX)
        return err_set(e, ERR_INVALID, "the command has more than %u words or %u bytes", XEN_AGENT_WORDS_MAX,
                       XEN_AGENT_COMMAND_MAX);
    queue(s, XEN_AGENT_EXEC, words.data, words.len);
    return 0;
}

static bool usage_ok(int argc, char **argv)
{
    if (argc < 5 || strtoul(argv[2], NULL, 10) == 0)
        return false;
    return strcmp(argv[1], "exec") == 0 || (strcmp(argv[1], "resize") == 0 && argc == 6);
}

int main(int argc, char **argv)
{
    struct session s = {.status = -1};
    struct err e = {0};

    if (!usage_ok(argc, argv)) {
        fputs("labvchan is started by labhost\n", stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    s.domid = (int)strtoul(argv[2], NULL, 10);
    s.xs = xs_open(0);
    int rc = s.xs != NULL ? request(&s, argc, argv, &e) : err_sys(&e, "connect to xenstore");
    if (rc == 0 && (rc = come_in(&s, argv[3], &e)) == 0)
        rc = pass(&s, &e);
    if (s.ch != NULL)
        libxenvchan_close(s.ch);
    if (s.xs != NULL)
        xs_close(s.xs);
    buf_clear(&s.in);
    buf_clear(&s.out);
    if (rc < 0)
        fprintf(stderr, "%s\n", e.msg);
    return rc < 0 ? FAILED : s.status;
}
