/* The agent of Xen guests without Xen: its frames, its sessions over a socket, the report of a boot, and
 * stage 1's parts that need no machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "images/xen/agent_boot.c"    // NOLINT(bugprone-suspicious-include): no library has them
#include "images/xen/agent_frame.c"   // NOLINT(bugprone-suspicious-include)
#include "images/xen/agent_session.c" // NOLINT(bugprone-suspicious-include)
#include "images/xen/agent_spawn.c"   // NOLINT(bugprone-suspicious-include)

#include "labd/base/buf.h"

#include <pty.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <time.h>

/* ---- frames -------------------------------------------------------------------------------------------- */

/* Each row: bytes, and what they are as "TYPE:payload" with '|' between frames; "!" is a broken one. */
static const struct frame_row {
    const char *name, *bytes;
    size_t n;
    const char *want;
} frame_rows[] = {
#define BYTES(s) s, sizeof(s) - 1
    {"frame: nothing", BYTES(""), ""},
    {"frame: half a head", BYTES("\0\0"), ""},
    {"frame: without payload", BYTES("\0\0\0\1i"), "i:|"},
    {"frame: with payload", BYTES("\0\0\0\4iabc"), "i:abc|"},
    {"frame: two", BYTES("\0\0\0\4iabc\0\0\0\2xY"), "i:abc|x:Y|"},
    {"frame: half a payload", BYTES("\0\0\0\4iab"), "i:ab"},
    {"frame: empty ones", BYTES("\0\0\0\1a\0\0\0\1b\0\0\0\1c"), "a:|b:|c:|"},
    {"frame: of length 0", BYTES("\0\0\0\0i"), "!"},
    {"frame: a byte too long", BYTES("\0\x10\0\1i"), "!"},
    {"frame: of the greatest length", BYTES("\0\x10\0\0ia"), "i:a"},
    {"frame: of negative length", BYTES("\xff\xff\xff\xffi"), "!"},
    {"frame: broken after a good one", BYTES("\0\0\0\2ia\0\0\0\0i"), "i:a|!"},
};

/* Feeds the bytes in parts of 'step' and writes down what comes out. */
static void decode(const char *bytes, size_t n, size_t step, struct buf *out)
{
    struct frame_in f = {0};

    for (size_t from = 0; from < n; from += step) {
        size_t part = n - from < step ? n - from : step;
        for (size_t at = 0; at < part;) {
            struct frame_piece p;
            bool have;
            long k = frame_take(&f, (const uint8_t *)bytes + from + at, part - at, &p, &have);
            if (k < 0) {
                buf_printf(out, "!");
                return;
            }
            assert_true(k > 0);
            at += (size_t)k;
            if (!have)
                continue;
            if (p.first)
                buf_printf(out, "%c:", p.type);
            buf_add(out, p.data, p.n);
            if (p.last)
                buf_printf(out, "|");
        }
    }
}

static void test_frame(void **state)
{
    const struct frame_row *r = *state;

    for (size_t step = 1; step <= r->n + 1; step++) {
        struct buf out = BUF_INIT;
        decode(r->bytes, r->n, step, &out);
        assert_string_equal(buf_str(&out), r->want);
        buf_clear(&out);
    }
}

static const struct words_row {
    const char *name, *bytes;
    size_t n, want;
} words_rows[] = {
    {"words: one", BYTES("ls\0"), 1},
    {"words: an empty one later", BYTES("a\0\0b\0"), 3},
    {"words: as many as there may be", BYTES("a\0b\0c\0d\0"), 4},
    {"words: too many", BYTES("a\0b\0c\0d\0e\0"), 0},
    {"words: none", BYTES(""), 0},
    {"words: no name", BYTES("\0a\0"), 0},
    {"words: the last is cut", BYTES("ls\0-l"), 0},
};

static void test_words(void **state)
{
    const struct words_row *r = *state;
    char bytes[32], *words[5];

    memcpy(bytes, r->bytes, r->n);
    assert_int_equal(frame_words(bytes, r->n, words, 4), r->want);
    if (r->want > 0)
        assert_null(words[r->want]);
}

/* ---- a session over a socket ----------------------------------------------------------------------------- */

struct client {
    int fd, agent_fd;
    pthread_t thread;
    const char *terminal;
};

static ssize_t sock_read(void *arg, void *to, size_t n)
{
    ssize_t k = recv(*(int *)arg, to, n, MSG_DONTWAIT);

    if (k < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    return k > 0 ? k : -1;
}

static ssize_t sock_write(void *arg, const void *from, size_t n)
{
    ssize_t k = send(*(int *)arg, from, n, MSG_DONTWAIT | MSG_NOSIGNAL);

    return k < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : k;
}

static void sock_woken(void *arg)
{
    (void)arg;
}

static bool sock_connected(void *arg)
{
    struct pollfd p = {.fd = *(int *)arg, .events = POLLRDHUP};

    return poll(&p, 1, 0) == 0 || (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) == 0;
}

static void *session_thread(void *arg)
{
    struct client *c = arg;
    struct agent_channel channel = {
        .arg = &c->agent_fd,
        .fd = c->agent_fd,
        .read = sock_read,
        .write = sock_write,
        .woken = sock_woken,
        .connected = sock_connected,
    };

    agent_session(&channel, c->terminal);
    /* A socket that is closed with unread input throws away what it has sent; a vchan does not. */
    char unread[4096];
    shutdown(c->agent_fd, SHUT_WR);
    while (recv(c->agent_fd, unread, sizeof(unread), 0) > 0)
        ;
    close(c->agent_fd);
    return NULL;
}

static void client_start(struct client *c, const char *terminal)
{
    int pair[2];
    struct timeval limit = {.tv_sec = 10};

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    *c = (struct client){.fd = pair[0], .agent_fd = pair[1], .terminal = terminal};
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    assert_int_equal(pthread_create(&c->thread, NULL, session_thread, c), 0);
}

static void client_end(struct client *c)
{
    close(c->fd);
    pthread_join(c->thread, NULL);
}

static void client_send(struct client *c, uint8_t type, const void *payload, size_t n)
{
    uint8_t head[FRAME_HEAD];

    frame_head(head, type, n);
    assert_int_equal(send(c->fd, head, sizeof(head), MSG_NOSIGNAL), sizeof(head));
    for (size_t at = 0; at < n;) {
        ssize_t k = send(c->fd, (const char *)payload + at, n - at, MSG_NOSIGNAL);
        if (k < 0 && errno == EINTR)
            continue;
        assert_true(k > 0);
        at += (size_t)k;
    }
}

/* A child's end interrupts what has a time limit. */
static bool receive(struct client *c, void *to, size_t n)
{
    for (size_t got = 0; got < n;) {
        ssize_t k = recv(c->fd, (char *)to + got, n - got, 0);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        got += (size_t)k;
    }
    return true;
}

/* Reads frames until the last one.  "o:", "e:" and "x:" with all of their payload; -1: closed without. */
static int client_collect(struct client *c, struct buf *out, struct buf *errors)
{
    uint8_t head[FRAME_HEAD] = {0}, payload[CHUNK] = {0};

    while (receive(c, head, sizeof(head))) {
        size_t n = ((size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3]) - 1;
        assert_true(n <= sizeof(payload) && receive(c, payload, n));
        if (head[4] == XEN_AGENT_EXIT) {
            assert_int_equal(n, 1);
            assert_false(receive(c, head, 1)); /* it is the last */
            return payload[0];
        }
        if (head[4] == XEN_AGENT_HELLO) {
            assert_int_equal(n, 1);
            assert_int_equal(payload[0], XEN_AGENT_VERSION);
            continue;
        }
        assert_true(head[4] == XEN_AGENT_OUTPUT || head[4] == XEN_AGENT_ERROR);
        buf_add(head[4] == XEN_AGENT_OUTPUT ? out : errors, payload, n);
    }
    return -1;
}

static void client_run(struct client *c, const char *script)
{
    struct buf words = BUF_INIT;

    buf_add(&words, "/bin/sh\0-c\0", 11);
    buf_add(&words, script, strlen(script) + 1);
    client_send(c, XEN_AGENT_EXEC, words.data, words.len);
    buf_clear(&words);
}

static const struct session_row {
    const char *name, *script, *input; /* NULL: the input stays open */
    const char *out, *errors;
    int status;
} session_rows[] = {
    {"session: output", "echo one; echo two", "", "one\ntwo\n", "", 0},
    {"session: both outputs", "echo out; echo err >&2", "", "out\n", "err\n", 0},
    {"session: exit status", "exit 7", "", "", "", 7},
    {"session: killed by a signal", "kill -9 $$", "", "", "", 137},
    {"session: input", "cat", "what comes goes", "what comes goes", "", 0},
    {"session: input that nobody reads", "sleep 0.1; echo end", "much", "end\n", "", 0},
    {"session: input that stays open", "echo end", NULL, "end\n", "", 0},
    {"session: input is closed by the command", "exec <&-; sleep 0.1; echo end", "much", "end\n", "", 0},
    {"session: outputs closed early", "exec >&- 2>&-; sleep 0.1; exit 3", "", "", "", 3},
    {"session: a daemon that keeps the pipes", "sleep 60 & echo pid", "", "pid\n", "", 0},
    {"session: environment", "env | sort | grep -v ^PWD=", "",
     "HOME=/root\nLANG=C.UTF-8\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nUSER=root\n",
     "", 0},
    {"session: no other descriptors", "ls /proc/self/fd", "", "0\n1\n2\n3\n", "", 0},
    {"session: no signal ignored or blocked", "grep -cE '^Sig(Blk|Ign):.0*(180000000)?$' /proc/self/status",
     "", "2\n", "", 0},
    {"session: a session of its own",
     "read -r p _ _ _ g s _ </proc/$$/stat; test $p = $g -a $p = $s && echo yes", "", "yes\n", "", 0},
};

static void test_session(void **state)
{
    const struct session_row *r = *state;
    struct buf out = BUF_INIT, errors = BUF_INIT;
    struct client c;

    client_start(&c, "/dev/null");
    client_run(&c, r->script);
    if (r->input != NULL && r->input[0] != '\0')
        client_send(&c, XEN_AGENT_INPUT, r->input, strlen(r->input));
    if (r->input != NULL)
        client_send(&c, XEN_AGENT_INPUT, NULL, 0);
    int status = client_collect(&c, &out, &errors);
    client_end(&c);
    assert_string_equal(buf_str(&out), r->out);
    assert_string_equal(buf_str(&errors), r->errors);
    assert_int_equal(status, r->status);
    buf_clear(&out);
    buf_clear(&errors);
}

static void test_cannot_run(void **state)
{
    struct buf out = BUF_INIT, errors = BUF_INIT;
    struct client c;
    (void)state;

    client_start(&c, "/dev/null");
    client_send(&c, XEN_AGENT_EXEC, "no-such-program", 16);
    assert_int_equal(client_collect(&c, &out, &errors), 127);
    client_end(&c);
    assert_string_equal(buf_str(&errors), "cannot run no-such-program: No such file or directory\n");
    assert_int_equal(out.len, 0);
    buf_clear(&out);
    buf_clear(&errors);
}

/* Each row: what a client sends that does not keep to the rules.  It is closed, without a last frame. */
static const struct odd_row {
    const char *name, *bytes;
    size_t n;
} odd_rows[] = {
    {"odd: input before a command", BYTES("\0\0\0\2ia")},
    {"odd: an unknown frame", BYTES("\0\0\0\2?a")},
    {"odd: a frame of length 0", BYTES("\0\0\0\0")},
    {"odd: a frame too long", BYTES("\x7f\0\0\0X")},
    {"odd: a command too long", BYTES("\0\x10\0\0X")},
    {"odd: an empty command", BYTES("\0\0\0\1X")},
    {"odd: a command without its end", BYTES("\0\0\0\3Xls")},
    {"odd: a second command", BYTES("\0\0\0\7Xsleep\0\0\0\0\7Xsleep\0")},
    {"odd: a size after a command", BYTES("\0\0\0\7Xsleep\0\0\0\0\5r\0\1\0\1")},
    {"odd: half a size", BYTES("\0\0\0\3r\0\1")},
    {"odd: a size and more", BYTES("\0\0\0\6r\0\1\0\1\1")},
};

static void test_odd(void **state)
{
    const struct odd_row *r = *state;
    struct buf out = BUF_INIT, errors = BUF_INIT;
    struct client c;
    static char rest[XEN_AGENT_COMMAND_MAX + 2 * CHUNK];

    client_start(&c, "/dev/null");
    assert_int_equal(send(c.fd, r->bytes, r->n, MSG_NOSIGNAL), r->n);
    /* Of the two that are only announced as too long, one is closed for its announcement. */
    for (size_t at = 0; strcmp(r->name, "odd: a command too long") == 0 && at < sizeof(rest);) {
        ssize_t k = send(c.fd, rest + at, sizeof(rest) - at, MSG_NOSIGNAL);
        if (k <= 0)
            break;
        at += (size_t)k;
    }
    assert_int_equal(client_collect(&c, &out, &errors), -1);
    client_end(&c);
    assert_int_equal(out.len, 0);
    buf_clear(&out);
    buf_clear(&errors);
}

/* 4 MB through the command and back, with a reader of its own as a client has one. */
#define MUCH (4u << 20)

static void *send_much(void *arg)
{
    struct client *c = arg;
    static uint8_t part[60000];

    for (size_t i = 0; i < sizeof(part); i++)
        part[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t at = 0; at < MUCH; at += sizeof(part))
        client_send(c, XEN_AGENT_INPUT, part, MUCH - at < sizeof(part) ? MUCH - at : sizeof(part));
    client_send(c, XEN_AGENT_INPUT, NULL, 0);
    return NULL;
}

static void test_much_both_ways(void **state)
{
    struct buf out = BUF_INIT, errors = BUF_INIT;
    struct client c;
    pthread_t sender;
    size_t wrong = 0;
    (void)state;

    client_start(&c, "/dev/null");
    client_run(&c, "cat");
    assert_int_equal(pthread_create(&sender, NULL, send_much, &c), 0);
    assert_int_equal(client_collect(&c, &out, &errors), 0);
    pthread_join(sender, NULL);
    client_end(&c);
    assert_int_equal(out.len, MUCH);
    for (size_t at = 0; at < MUCH; at++)
        wrong += (uint8_t)out.data[at] != (uint8_t)(at % 60000 * 7 + at % 60000 / 251);
    assert_int_equal(wrong, 0);
    buf_clear(&out);
    buf_clear(&errors);
}

/* A command that floods its output and reads nothing does not stop; one that reads nothing does not keep its
 * output from coming, although the client's input has filled everything on its way. */
static void test_input_is_full(void **state)
{
    struct buf out = BUF_INIT, errors = BUF_INIT;
    struct client c;
    static const char part[50000];
    (void)state;

    client_start(&c, "/dev/null");
    client_run(&c, "sleep 0.5; head -c 300000 /dev/zero; exit 5");
    fcntl(c.fd, F_SETFL, O_NONBLOCK);
    uint8_t head[FRAME_HEAD];
    frame_head(head, XEN_AGENT_INPUT, 1000000);
    assert_int_equal(send(c.fd, head, sizeof(head), 0), sizeof(head));
    for (int i = 0; i < 20; i++) /* until nothing goes any more */
        if (send(c.fd, part, sizeof(part), MSG_NOSIGNAL) <= 0)
            break;
    fcntl(c.fd, F_SETFL, 0);
    assert_int_equal(client_collect(&c, &out, &errors), 5);
    client_end(&c);
    assert_int_equal(out.len, 300000);
    buf_clear(&out);
    buf_clear(&errors);
}

static int count_lines(const char *path)
{
    struct buf b = BUF_INIT;
    char chunk[256];
    int n = 0, fd = open(path, O_RDONLY | O_CLOEXEC);

    for (ssize_t k; fd >= 0 && (k = read(fd, chunk, sizeof(chunk))) > 0;)
        buf_add(&b, chunk, (size_t)k);
    if (fd >= 0)
        close(fd);
    for (size_t i = 0; i < b.len; i++)
        n += b.data[i] == '\n';
    buf_clear(&b);
    return n;
}

/* When the client goes away, its command and what that has started go, too. */
static void test_client_vanishes(void **state)
{
    char path[] = "/tmp/test-xen-agent-XXXXXX", script[256];
    struct client c;
    uint8_t hello[FRAME_HEAD + 1], frame[FRAME_HEAD + 3];
    (void)state;

    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    snprintf(script, sizeof(script), "sleep 60 & echo up; while :; do sleep 0.05; echo x >>%s; done", path);
    client_start(&c, "/dev/null");
    client_run(&c, script);
    assert_true(receive(&c, hello, sizeof(hello)));
    assert_true(receive(&c, frame, sizeof(frame)));
    client_end(&c); /* returns: the session has ended */
    int before = count_lines(path);
    poll(NULL, 0, 200);
    assert_int_equal(count_lines(path), before);
    unlink(path);
}

/* A client that does not read holds up nobody but itself. */
static void test_reader_sleeps(void **state)
{
    struct buf out = BUF_INIT, errors = BUF_INIT;
    struct client lazy, other;
    (void)state;

    client_start(&lazy, "/dev/null");
    client_run(&lazy, "yes | head -c 3000000");
    poll(NULL, 0, 100);
    client_start(&other, "/dev/null");
    client_run(&other, "echo quick");
    assert_int_equal(client_collect(&other, &out, &errors), 0);
    client_end(&other);
    assert_string_equal(buf_str(&out), "quick\n");
    buf_clear(&out);
    assert_int_equal(client_collect(&lazy, &out, &errors), 0);
    client_end(&lazy);
    assert_int_equal(out.len, 3000000);
    buf_clear(&out);
    buf_clear(&errors);
}

static void test_kill_all(void **state)
{
    struct buf out = BUF_INIT, errors = BUF_INIT;
    struct client c[3];
    (void)state;

    for (int i = 0; i < 3; i++) {
        client_start(&c[i], "/dev/null");
        client_run(&c[i], "sleep 60");
    }
    poll(NULL, 0, 100);
    agent_session_kill_all();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(client_collect(&c[i], &out, &errors), 137);
        client_end(&c[i]);
    }
    for (size_t i = 0; i < XEN_AGENT_CLIENTS_MAX; i++)
        assert_int_equal(running[i], 0);
    buf_clear(&out);
    buf_clear(&errors);
}

static void test_resize(void **state)
{
    struct buf out = BUF_INIT, errors = BUF_INIT;
    struct winsize size = {0};
    struct client c;
    int master, slave;
    char name[64];
    (void)state;

    assert_int_equal(openpty(&master, &slave, name, NULL, NULL), 0);
    client_start(&c, name);
    client_send(&c, XEN_AGENT_RESIZE, "\0\x2a\1\x02", 4);
    assert_int_equal(client_collect(&c, &out, &errors), 0);
    client_end(&c);
    assert_int_equal(ioctl(slave, TIOCGWINSZ, &size), 0);
    assert_int_equal(size.ws_row, 42);
    assert_int_equal(size.ws_col, 258);
    close(master);
    close(slave);
}

static void test_resize_of_no_terminal(void **state)
{
    struct buf out = BUF_INIT, errors = BUF_INIT;
    struct client c;
    (void)state;

    client_start(&c, "/dev/null");
    client_send(&c, XEN_AGENT_RESIZE, "\0\x2a\0\x50", 4);
    assert_int_equal(client_collect(&c, &out, &errors), 1);
    client_end(&c);
}

/* ---- the report of a boot --------------------------------------------------------------------------------- */

static const struct boot_row {
    const char *name, *text;
    size_t n;
    const char *outcome, *output;
} boot_rows[] = {
    {"boot: ok", BYTES("ok\n"), "ok", ""},
    {"boot: with output", BYTES("ok\none\ntwo\n"), "ok", "one\ntwo\n"},
    {"boot: failed", BYTES("failed 3\nwrong\n"), "failed 3", "wrong\n"},
    {"boot: failed by a signal", BYTES("failed 137\n"), "failed 137", ""},
    {"boot: nothing", BYTES(""), "failed 126", ""},
    {"boot: not a line", BYTES("ok"), "failed 126", ""},
    {"boot: another word", BYTES("oh\nok\n"), "failed 126", ""},
    {"boot: failed without a number", BYTES("failed \n"), "failed 126", ""},
    {"boot: failed with a long number", BYTES("failed 1000\n"), "failed 126", ""},
    {"boot: failed with more", BYTES("failed 1 \n"), "failed 126", ""},
    {"boot: failed, cut", BYTES("failed\n"), "failed 126", ""},
};

static void test_boot(void **state)
{
    const struct boot_row *r = *state;
    struct boot_report b;

    boot_parse(r->text, r->n, &b);
    assert_string_equal(b.outcome, r->outcome);
    assert_int_equal(b.noutput, strlen(r->output));
    if (b.noutput > 0)
        assert_memory_equal(b.output, r->output, b.noutput);
}

static void test_boot_waits_for_the_writer(void **state)
{
    char path[] = "/tmp/test-xen-agent-XXXXXX", text[64];
    (void)state;

    int fd = mkostemp(path, O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    pid_t writer = fork(); /* has the lock as lab-init has it: by inheritance */
    if (writer == 0) {
        ssize_t k = write(fd, "ok\n", 3);
        poll(NULL, 0, 200);
        k += write(fd, "late\n", 5);
        _exit(k == 8 ? 0 : 1);
    }
    close(fd);
    assert_int_equal(boot_wait(path, text, sizeof(text)), 8);
    assert_memory_equal(text, "ok\nlate\n", 8);
    assert_int_equal(boot_wait("/nowhere", text, sizeof(text)), 0);
    waitpid(writer, NULL, 0);
    unlink(path);
}

#define ROWS(r) (sizeof(r) / sizeof(*(r)))
#define ADD(rows, test) \
    for (size_t i = 0; i < ROWS(rows); i++) \
        tests[n++] = (struct CMUnitTest) \
        { \
            (rows)[i].name, test, NULL, NULL, (void *)(uintptr_t) & (rows)[i] \
        }

int main(void)
{
    static const struct CMUnitTest rest[] = {
        cmocka_unit_test(test_cannot_run),
        cmocka_unit_test(test_much_both_ways),
        cmocka_unit_test(test_input_is_full),
        cmocka_unit_test(test_client_vanishes),
        cmocka_unit_test(test_reader_sleeps),
        cmocka_unit_test(test_kill_all),
        cmocka_unit_test(test_resize),
        cmocka_unit_test(test_resize_of_no_terminal),
        cmocka_unit_test(test_boot_waits_for_the_writer),
    };
    struct CMUnitTest tests[ROWS(frame_rows) + ROWS(words_rows) + ROWS(session_rows) + ROWS(odd_rows) +
                            ROWS(boot_rows) + ROWS(rest)];
    size_t n = 0;

    signal(SIGPIPE, SIG_IGN);
    ADD(frame_rows, test_frame);
    ADD(words_rows, test_words);
    ADD(session_rows, test_session);
    ADD(odd_rows, test_odd);
    ADD(boot_rows, test_boot);
    memcpy(tests + n, rest, sizeof(rest));
    return cmocka_run_group_tests_name("xen_agent", tests, NULL, NULL);
}
