#include "labd/ctl/ctl_http.h"

#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "labd/ctl/ctl.h"
#include "labd/ctl/ctl_sse.h"
#include "labd/ctl/ctl_text.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#define REPLY_MAX (64u << 20)
#define CONNECT_TIMEOUT_MS 10000L
#define REQUEST_TIMEOUT_MS 120000L
#define SILENCE_MAX_S 60L /* an event stream pings every 15 seconds */

struct ctl_http {
    CURL *easy;   /* reused, so that the connection is */
    char *base;   /* "http://localhost", no slash at the end */
    char *socket; /* or NULL */
    char *host, *prefix, *token;
    struct curl_slist *headers;
    char error[CURL_ERROR_SIZE];
};

static volatile sig_atomic_t caught;

static void on_signal(int signo)
{
    caught = signo;
}

void ctl_signals_catch(void)
{
    struct sigaction sa = {.sa_handler = on_signal};

    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
}

bool ctl_signals_caught(void)
{
    return caught != 0;
}

void ctl_signals_clear(void)
{
    caught = 0;
}

static int watch(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)arg, (void)a, (void)b, (void)c, (void)d;
    return caught != 0;
}

/* Splits "https://host:port/prefix/" into base, host and prefix. */
static int take_server(struct ctl_http *h, const char *server, struct err *e)
{
    size_t scheme = strncmp(server, "http://", 7) == 0 ? 7 : strncmp(server, "https://", 8) == 0 ? 8 : 0;
    size_t n = strlen(server);

    if (scheme == 0 || n == scheme || strpbrk(server, " \t\r\n?#@\"<>") != NULL || n > 1000)
        return err_set(e, ERR_INVALID, "server '%s' is not a URL such as https://labs.example.org", server);
    while (server[n - 1] == '/')
        n--;
    if (n <= scheme)
        return err_set(e, ERR_INVALID, "server '%s' names no host", server);
    h->base = xstrndup(server, n);
    size_t host = strcspn(h->base + scheme, "/");
    h->host = xstrndup(h->base + scheme, host);
    h->prefix = xstrdup(h->base + scheme + host);
    return 0;
}

static int take_token(struct ctl_http *h, const char *token, struct err *e)
{
    for (const char *p = token; *p != '\0'; p++)
        if (*p <= ' ' || *p > '~')
            return err_set(e, ERR_INVALID, "the token holds a blank or a character that no token has");
    h->token = xstrdup(token);
    AUTO(mem_freep) char *line = xasprintf("Authorization: Bearer %s", token);
    h->headers = curl_slist_append(h->headers, line);
    mem_wipe(line, strlen(line));
    return 0;
}

static int setup(struct ctl_http *h, const struct ctl_http_config *config, struct err *e)
{
    if (config->server != NULL) {
        if (take_server(h, config->server, e) < 0)
            return -1;
    } else {
        h->socket = xstrdup(config->socket != NULL ? config->socket : CTL_SOCKET);
        h->base = xstrdup("http://localhost");
        h->host = xstrdup("localhost");
        h->prefix = xstrdup("");
    }
    if (config->token != NULL && take_token(h, config->token, e) < 0)
        return -1;
    h->headers = curl_slist_append(h->headers, "Content-Type: application/json");
    h->headers = curl_slist_append(h->headers, "Expect:");
    return 0;
}

struct ctl_http *ctl_http_new(const struct ctl_http_config *config, struct err *e)
{
    struct ctl_http *h = xcalloc(1, sizeof *h);

    if (setup(h, config, e) < 0) {
        ctl_http_free(h);
        return NULL;
    }
    return h;
}

void ctl_http_free(struct ctl_http *h)
{
    if (h == NULL)
        return;
    curl_easy_cleanup(h->easy);
    curl_slist_free_all(h->headers);
    if (h->token != NULL)
        mem_wipe(h->token, strlen(h->token));
    free(h->token);
    free(h->base);
    free(h->socket);
    free(h->host);
    free(h->prefix);
    free(h);
}

const char *ctl_http_host(const struct ctl_http *h)
{
    return h->host;
}

const char *ctl_http_prefix(const struct ctl_http *h)
{
    return h->prefix;
}

const char *ctl_http_token(const struct ctl_http *h)
{
    return h->token;
}

/* What every handle of ours has in common. */
static void prepare(const struct ctl_http *h, CURL *easy, const char *url, char *error)
{
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "labctl");
    if (h->socket != NULL) {
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, h->socket);
        curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* http_proxy of the environment is not for it */
    }
}

/* For requests that change nothing.  The others are short, and ending one would leave it open whether
 * a lab was made. */
static void interruptible(CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, watch);
}

/* The error that curl's 'code' means to a person. */
static int failure(const struct ctl_http *h, CURL *easy, CURLcode code, const char *error, struct err *e)
{
    const char *why = error[0] != '\0' ? error : curl_easy_strerror(code);
    long sys = 0;

    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &sys);
    if (caught != 0)
        return err_set(e, ERR_TIMEOUT, "interrupted");
    if (h->socket != NULL && code == CURLE_COULDNT_CONNECT) {
        if (sys == EACCES || sys == EPERM)
            return err_set(e, ERR_DENIED,
                           "you may not open %s: run labctl as root, or use --server and --token", h->socket);
        return err_set(e, ERR_UNREACHABLE,
                       "no labd answers at %s: start it, or name its socket with --socket", h->socket);
    }
    if (code == CURLE_OPERATION_TIMEDOUT)
        return err_set(e, ERR_UNREACHABLE, "%s does not answer: %s", h->base, why);
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        return err_set(e, ERR_UNREACHABLE, "%s cannot be trusted: %s", h->base, why);
    if (code == CURLE_FILESIZE_EXCEEDED)
        return err_set(e, ERR_PROTOCOL, "labd's answer is longer than %u bytes", REPLY_MAX);
    return err_set(e, ERR_UNREACHABLE, "no answer from labd at %s: %s",
                   h->socket != NULL ? h->socket : h->base, why);
}

enum err_code ctl_http_code(long status)
{
    for (int code = 1; code < ERR_CODE_COUNT; code++)
        if (err_http_status((enum err_code)code) == status)
            return (enum err_code)code;
    return status == 413 ? ERR_CAPACITY : status < 500 ? ERR_INVALID : ERR_INTERNAL;
}

int ctl_http_problem(long status, const char *body, size_t n, struct err *e)
{
    json_t *j = json_loadb(body, n, 0, NULL);
    const char *text = text_str(j, "detail"), *type = text_str(j, "type"), *lab = text_str(j, "lab");
    /* The problem's type may be a URI that ends in one of our names. */
    const char *tail = type + strlen(type);
    while (tail > type && strchr(":/#", tail[-1]) == NULL)
        tail--;
    enum err_code code = err_code_from_name(tail);
    if (strcmp(err_code_name(code), tail) != 0)
        code = ctl_http_code(status);

    if (text[0] == '\0')
        text = text_str(j, "title");
    if (text[0] == '\0')
        err_set(e, code, "labd answered with status %ld", status);
    else if (lab[0] != '\0' && strstr(text, lab) == NULL)
        err_set(e, code, "%s (lab %s)", text, lab);
    else
        err_set(e, code, "%s", text);
    json_decref(j);
    return -1;
}

static size_t collect(char *data, size_t size, size_t n, void *arg)
{
    struct buf *b = arg;

    (void)size; /* always 1 */
    if (b->len + n > REPLY_MAX)
        return 0;
    buf_add(b, data, n);
    return n;
}

/* The reused handle, aimed at 'path'. */
static CURL *aim(struct ctl_http *h, const char *path, struct err *e)
{
    AUTO(mem_freep) char *url = xasprintf("%s%s", h->base, path);

    if (h->easy == NULL)
        h->easy = curl_easy_init();
    if (h->easy == NULL) {
        err_set(e, ERR_INTERNAL, "libcurl does not start");
        return NULL;
    }
    curl_easy_reset(h->easy); /* keeps the connection */
    h->error[0] = '\0';
    prepare(h, h->easy, url, h->error);
    curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, h->headers);
    return h->easy;
}

/* Sends the request; '*status' is below 400 and 'answer' holds the body. */
static int exchange(struct ctl_http *h, const char *method, const char *path, json_t *body, long *status,
                    struct buf *answer, struct err *e)
{
    AUTO(mem_freep) char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;

    json_decref(body);
    CURL *easy = aim(h, path, e);
    if (easy == NULL)
        return -1;
    if (strcmp(method, "GET") != 0) {
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, text != NULL ? text : "");
    } else {
        interruptible(easy);
    }
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, REQUEST_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, answer);
    CURLcode code = curl_easy_perform(easy);
    if (code != CURLE_OK)
        return failure(h, easy, code == CURLE_WRITE_ERROR ? CURLE_FILESIZE_EXCEEDED : code, h->error, e);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, status);
    return *status < 400 ? 0 : ctl_http_problem(*status, buf_str(answer), answer->len, e);
}

int ctl_http_text(struct ctl_http *h, const char *path, struct buf *out, struct err *e)
{
    long status = 0;

    if (exchange(h, "GET", path, NULL, &status, out, e) < 0)
        return -1;
    return status < 300
               ? 0
               : err_set(e, ERR_PROTOCOL, "%s does not answer like labd (status %ld)", h->base, status);
}

int ctl_http(struct ctl_http *h, const char *method, const char *path, json_t *body, json_t **reply,
             struct err *e)
{
    AUTO(buf_clear) struct buf answer = BUF_INIT;
    long status = 0;

    if (exchange(h, method, path, body, &status, &answer, e) < 0)
        return -1;
    json_t *j = answer.len == 0 ? json_null() : json_loadb(answer.data, answer.len, 0, NULL);
    if (status >= 300 || j == NULL) {
        json_decref(j);
        return err_set(e, ERR_PROTOCOL, "%s does not answer like labd (status %ld)", h->base, status);
    }
    if (reply != NULL)
        *reply = j;
    else
        json_decref(j);
    return 0;
}

struct following {
    CURL *easy;
    struct sse sse;
    struct buf problem;
    ctl_http_event_fn *fn;
    void *arg;
    int stopped; /* as sse_feed() returns */
    struct err e;
};

static size_t on_stream(char *data, size_t size, size_t n, void *arg)
{
    struct following *f = arg;
    long status = 0;

    (void)size;
    curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 300)
        return collect(data, 1, n, &f->problem);
    f->stopped = sse_feed(&f->sse, data, n, f->fn, f->arg, &f->e);
    return f->stopped == 0 ? n : 0;
}

int ctl_http_events(struct ctl_http *h, const char *path, ctl_http_event_fn *fn, void *arg, struct err *e)
{
    struct following f = {.easy = aim(h, path, e), .sse = SSE_INIT, .fn = fn, .arg = arg};
    long status = 0;
    int rc;

    if (f.easy == NULL)
        return -1;
    interruptible(f.easy);
    curl_easy_setopt(f.easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(f.easy, CURLOPT_LOW_SPEED_TIME, SILENCE_MAX_S);
    curl_easy_setopt(f.easy, CURLOPT_WRITEFUNCTION, on_stream);
    curl_easy_setopt(f.easy, CURLOPT_WRITEDATA, &f);
    CURLcode code = curl_easy_perform(f.easy);
    curl_easy_getinfo(f.easy, CURLINFO_RESPONSE_CODE, &status);
    if (f.stopped > 0)
        rc = 0;
    else if (f.stopped < 0)
        rc = err_set(e, f.e.code, "%s", f.e.msg);
    else if (code != CURLE_OK)
        rc = failure(h, f.easy, code, h->error, e);
    else if (status >= 300)
        rc = ctl_http_problem(status, buf_str(&f.problem), f.problem.len, e);
    else
        rc = err_set(e, ERR_UNREACHABLE, "labd ended the event stream");
    sse_clear(&f.sse);
    buf_clear(&f.problem);
    return rc;
}

CURL *ctl_http_connect(struct ctl_http *h, struct err *e)
{
    char error[CURL_ERROR_SIZE] = "";
    CURL *easy = curl_easy_init();

    if (easy == NULL) {
        err_set(e, ERR_INTERNAL, "libcurl does not start");
        return NULL;
    }
    prepare(h, easy, h->base, error);
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    CURLcode code = curl_easy_perform(easy);
    if (code == CURLE_OK) {
        curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
        return easy;
    }
    failure(h, easy, code, error, e);
    curl_easy_cleanup(easy);
    return NULL;
}
