/* A real labd for tests: a child process on a port that the kernel chose and on a unix socket, beside a
 * fake labhost; and a client that can say anything. */
#ifndef TESTS_SITE_FIXTURE_H
#define TESTS_SITE_FIXTURE_H

#include "labd/base/buf.h"
#include "labd/base/file.h"
#include "labd/base/log.h"
#include "labd/site/http/http.h"
#include "labd/site/password.h"
#include "labd/site/site.h"
#include "labd/site/store/store.h"
#include "tests/site/fake_host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

#define FIXTURE_QUOTA 2
#define FIXTURE_GRADERS 3

struct fixture {
    char dir[64], db[96], host_socket[96], socket[96], log[96], address[64];
    uint16_t port;
    pid_t host, site;
    bool secure_cookies;
    char host_file[96]; /* where the fake labhost keeps its labs; "": nowhere */
    char exercises[96]; /* folder of a test that changes exercises; "": the shared one */
    /* tokens of those who signed in */
    char student[64], student_csrf[80], other[64], instructor[64];
};

static inline void fixture_check(int rc, const struct err *e)
{
    if (rc < 0)
        fail_msg("%s", e->msg);
}

static inline pid_t fixture_fork(const struct fixture *f)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int fd = open(f->log, O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (fd < 0)
        _exit(1);
    dup2(fd, STDERR_FILENO);
    return 0;
}

static inline void fixture_host_start(struct fixture *f)
{
    f->host = fixture_fork(f);
    if (f->host == 0)
        fake_host_run(f->host_socket, f->host_file[0] != '\0' ? f->host_file : NULL);
    for (int i = 0; i < 500; i++) {
        struct err e;
        int fd = frame_connect(f->host_socket, &e);
        if (fd >= 0) {
            close(fd);
            return;
        }
        usleep(10000);
    }
    fail_msg("the fake labhost does not start");
}

static inline void fixture_kill(pid_t *pid, int sig)
{
    if (*pid <= 0)
        return;
    kill(*pid, sig);
    waitpid(*pid, NULL, 0);
    *pid = 0;
}

static inline void fixture_stop_loop(int signo, void *arg)
{
    (void)signo;
    loop_stop(arg);
}

static inline void __attribute__((noreturn)) fixture_site_run(const struct site_options *o)
{
    struct err e;
    struct loop *l = loop_new(&e);
    struct site *s = site_open(l, o, &e);

    if (s == NULL || loop_signal_add(l, SIGTERM, fixture_stop_loop, l, &e) < 0 || loop_run(l, &e) < 0) {
        log_err("fixture", &e, NULL);
        _exit(1);
    }
    site_close(s);
    loop_free(l);
    exit(0); /* not _exit(): a leak checker reports now */
}

static inline void fixture_site_start(struct fixture *f)
{
    struct site_options o = {.db = f->db,
                             .host_socket = f->host_socket,
                             .exercises = f->exercises[0] != '\0' ? f->exercises : "tests/site/exercises",
                             .web = "tests/site/web",
                             .secure_cookies = f->secure_cookies,
                             .quota = FIXTURE_QUOTA,
                             .graders = FIXTURE_GRADERS};
    struct err e;

    o.tcp_fd = http_listen_tcp("127.0.0.1:0", f->address, sizeof f->address, &e);
    fixture_check(o.tcp_fd, &e);
    f->port = (uint16_t)strtoul(f->address + strlen("127.0.0.1:"), NULL, 10);
    o.unix_fd = http_listen_unix(f->socket, 0600, &e);
    fixture_check(o.unix_fd, &e);
    f->site = fixture_fork(f);
    if (f->site == 0)
        fixture_site_run(&o);
    close(o.tcp_fd);
    close(o.unix_fd);
}

/* Orderly; a leak or a crash of labd fails the test. */
static inline void fixture_site_stop(struct fixture *f)
{
    int status = 0;

    if (f->site <= 0)
        return;
    kill(f->site, SIGTERM);
    waitpid(f->site, &status, 0);
    f->site = 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("labd ended with wait status 0x%x; see %s", (unsigned)status, f->log);
}

/* ---- the client: plain sockets ---- */

struct reply {
    int status;
    char *head, *body; /* NUL-terminated */
    size_t body_len;
    json_t *json; /* of the body, or NULL */
};

static inline void reply_clear(struct reply *r)
{
    free(r->head);
    free(r->body);
    json_decref(r->json);
    memset(r, 0, sizeof *r);
}

static inline int client_tcp(const struct fixture *f)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (f == NULL)
        abort(); /* the set-up has failed and the test runs all the same */
    sa.sin_port = htons(f->port);
    assert_return_code(connect(fd, (struct sockaddr *)&sa, sizeof sa), errno);
    return fd;
}

static inline int client_unix(const struct fixture *f)
{
    struct err e;
    int fd = frame_connect(f->socket, &e);

    fixture_check(fd, &e);
    return fd;
}

static inline void client_send(int fd, const void *data, size_t n)
{
    const char *p = data;

    while (n > 0) {
        ssize_t w = send(fd, p, n, MSG_NOSIGNAL);
        if (w <= 0)
            return; /* the server may close early; its answer says why */
        p += w;
        n -= (size_t)w;
    }
}

/* One byte less than 'ms' is enough: false at the end of file or after that time without a byte. */
static inline bool client_recv(int fd, struct buf *b, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char chunk[16384];

    if (poll(&p, 1, ms) <= 0)
        return false;
    ssize_t n = recv(fd, chunk, sizeof chunk, 0);
    if (n <= 0)
        return false;
    buf_add(b, chunk, (size_t)n);
    return true;
}

static inline void reply_parse(struct buf *b, struct reply *r)
{
    char *end = b->data == NULL ? NULL : strstr(b->data, "\r\n\r\n");

    memset(r, 0, sizeof *r);
    if (end == NULL)
        return; /* status 0: no answer */
    r->head = xstrndup(b->data, (size_t)(end - b->data) + 2);
    r->body_len = b->len - (size_t)(end + 4 - b->data);
    r->body = xcalloc(r->body_len + 1, 1);
    memcpy(r->body, end + 4, r->body_len);
    r->status = (int)strtol(strchr(r->head, ' ') + 1, NULL, 10);
    r->json = json_loadb(r->body, r->body_len, 0, NULL);
}

/* Sends the bytes and reads until the server closes or is silent for 'ms'. */
static inline void client_talk(int fd, const void *data, size_t n, int ms, struct reply *r)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;

    client_send(fd, data, n);
    while (client_recv(fd, &b, ms))
        ;
    close(fd);
    reply_parse(&b, r);
}

/* For what the server need not close after. */
static inline void client_raw(int fd, const void *data, size_t n, struct reply *r)
{
    client_talk(fd, data, n, 2000, r);
}

/* 'headers' (or NULL) are whole lines; 'body' NULL: none. */
static inline void request_on(int fd, const char *method, const char *path, const char *headers,
                              const char *body, struct reply *r)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;

    buf_printf(&b, "%s %s HTTP/1.1\r\nHost: lab.test\r\nConnection: close\r\n%s", method, path,
               headers != NULL ? headers : "");
    if (body != NULL)
        buf_printf(&b, "Content-Type: application/json\r\nContent-Length: %zu\r\n", strlen(body));
    buf_printf(&b, "\r\n%s", body != NULL ? body : "");
    client_talk(fd, buf_str(&b), b.len, 60000,
                r); /* it closes; hashing a password takes long on a busy machine */
}

static inline void request(struct fixture *f, const char *token, const char *method, const char *path,
                           const char *body, struct reply *r)
{
    AUTO(mem_freep) char *auth = token == NULL ? NULL : xasprintf("Authorization: Bearer %s\r\n", token);

    request_on(client_tcp(f), method, path, auth, body, r);
}

/* The status only. */
static inline int status_of(struct fixture *f, const char *token, const char *method, const char *path,
                            const char *body)
{
    struct reply r;

    request(f, token, method, path, body, &r);
    int status = r.status;
    reply_clear(&r);
    return status;
}

static inline const char *text_at(const json_t *j, const char *name)
{
    const char *s = json_string_value(json_object_get(j, name));

    return s != NULL ? s : "";
}

/* ---- accounts ---- */

static inline void fixture_account(struct store *st, const char *login, enum store_role role)
{
    struct store_user u = {.role = role};
    struct err e;
    int64_t id;

    snprintf(u.login, sizeof u.login, "%s", login);
    snprintf(u.name, sizeof u.name, "The %s", login);
    fixture_check(password_hash("correct horse", u.pwhash, &e), &e);
    fixture_check(store_user_put(st, STORE_INSTITUTION_DEFAULT, &u, loop_wall_ms(), &id, &e), &e);
}

static inline void sign_in(struct fixture *f, const char *login, char token[64], char csrf[80])
{
    AUTO(mem_freep) char *body = xasprintf("{\"login\":\"%s\",\"password\":\"correct horse\"}", login);
    struct reply r;

    request(f, NULL, "POST", "/api/v1/session", body, &r);
    assert_int_equal(r.status, 200);
    snprintf(token, 64, "%s", text_at(r.json, "token"));
    if (csrf != NULL)
        snprintf(csrf, 80, "%s", text_at(r.json, "csrf"));
    reply_clear(&r);
}

/* ---- set up and tear down ---- */

static inline int fixture_setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    struct err e;

    if (sodium_init() < 0)
        return -1;
    snprintf(f->dir, sizeof f->dir, "/tmp/labd-test-XXXXXX");
    if (mkdtemp(f->dir) == NULL)
        return -1;
    snprintf(f->db, sizeof f->db, "%s/labd.db", f->dir);
    snprintf(f->host_socket, sizeof f->host_socket, "%s/host.sock", f->dir);
    snprintf(f->socket, sizeof f->socket, "%s/labd.sock", f->dir);
    snprintf(f->log, sizeof f->log, "%s/log", f->dir);
    struct store *st = store_open(f->db, &e);
    if (st == NULL)
        return -1;
    fixture_account(st, "sam", ROLE_STUDENT);
    fixture_account(st, "olga", ROLE_STUDENT);
    fixture_account(st, "iris", ROLE_INSTRUCTOR);
    store_close(st);
    fixture_host_start(f);
    fixture_site_start(f);
    sign_in(f, "sam", f->student, f->student_csrf);
    sign_in(f, "olga", f->other, NULL);
    sign_in(f, "iris", f->instructor, NULL);
    *state = f;
    return 0;
}

static inline int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    struct err e;

    fixture_site_stop(f);
    fixture_kill(&f->host, SIGKILL);
    int rc = file_remove_tree(f->dir, &e);
    free(f);
    return rc;
}

/* ---- labs ---- */

/* Starts the lab of an exercise and gives its id. */
/* A lab of 'exercise', whose id is 'id' then. */
static inline void lab_begin_of(struct fixture *f, const char *token, const char *exercise, char id[16])
{
    AUTO(mem_freep) char *body = xasprintf("{\"exercise\":\"%s\"}", exercise);
    struct reply r;

    request(f, token, "POST", "/api/v1/labs", body, &r);
    if (r.status != 202)
        fail_msg("start of a lab: %d %s", r.status, r.body);
    snprintf(id, 16, "%s", text_at(r.json, "id"));
    reply_clear(&r);
}

static inline void lab_begin(struct fixture *f, const char *token, char id[16])
{
    lab_begin_of(f, token, "tiny", id);
}

/* Waits until the lab has that state; "" means gone. */
static inline void lab_wait(struct fixture *f, const char *token, const char *id, const char *state)
{
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s", id);

    for (int i = 0; i < 500; i++) {
        struct reply r;
        request(f, token, "GET", path, NULL, &r);
        bool there = *state == '\0' ? r.status == 404 : strcmp(text_at(r.json, "state"), state) == 0;
        reply_clear(&r);
        if (there)
            return;
        usleep(10000);
    }
    fail_msg("lab %s does not become '%s'", id, state);
}

/* Until labd has found labhost. */
static inline void host_wait(struct fixture *f)
{
    for (int i = 0; i < 500; i++) {
        if (status_of(f, NULL, "GET", "/healthz", NULL) == 200)
            return;
        usleep(10000);
    }
    fail_msg("labd does not find labhost");
}

/* ---- attempts ---- */

/* Has lab 'id' checked by 'token'; the answer's path, to be freed, and its body. */
static inline char *hand_in_as(struct fixture *f, const char *token, const char *id, int want,
                               json_t **attempt)
{
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s/attempts", id);
    struct reply r;

    request(f, token, "POST", path, "", &r);
    if (r.status != want)
        fail_msg("attempt: %d, wanted %d: %s", r.status, want, r.body);
    char *one =
        xasprintf("/api/v1/attempts/%lld", (long long)json_integer_value(json_object_get(r.json, "id")));
    *attempt = json_incref(r.json);
    reply_clear(&r);
    return one;
}

static inline char *hand_in(struct fixture *f, const char *id, int want, json_t **attempt)
{
    return hand_in_as(f, f->student, id, want, attempt);
}

/* The attempt at its end; a new reference. */
static inline json_t *attempt_wait(struct fixture *f, const char *token, const char *path)
{
    for (int i = 0; i < 2000; i++) {
        struct reply r;
        request(f, token, "GET", path, NULL, &r);
        const char *st = text_at(r.json, "state");
        bool over = strcmp(st, "done") == 0 || strcmp(st, "error") == 0;
        json_t *j = over ? json_incref(r.json) : NULL;
        reply_clear(&r);
        if (over)
            return j;
        usleep(10000);
    }
    fail_msg("%s does not end", path);
    return NULL;
}

#endif
