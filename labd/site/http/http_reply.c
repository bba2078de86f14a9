/* Replies.  Every response passes finish(), which adds the security headers. */
#include "labd/base/mem.h"
#include "labd/site/http/http_int.h"

#include <stdio.h>
#include <string.h>

void http_reply_header(struct http_req *r, const char *name, const char *value)
{
    struct http_extra_header *h = xcalloc(1, sizeof *h);

    h->name = xstrdup(name);
    h->value = xstrdup(value);
    h->next = r->headers;
    r->headers = h;
}

static void security_headers(const struct http_req *r, struct MHD_Response *m)
{
    char csp[512];

    /* A page may run what it came with and talk to where it came from, nothing else; everything that is
     * not a page may do nothing at all. */
    if (r->nonce[0] != '\0')
        snprintf(csp, sizeof csp,
                 "default-src 'none'; script-src 'self' 'nonce-%s'; style-src 'self' 'nonce-%s'; "
                 "img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
                 "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
                 r->nonce, r->nonce);
    else
        snprintf(csp, sizeof csp, "default-src 'none'; frame-ancestors 'none'");
    MHD_add_response_header(m, "Content-Security-Policy", csp);
    MHD_add_response_header(m, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(m, "X-Frame-Options", "DENY");
    MHD_add_response_header(m, "Referrer-Policy", "no-referrer");
    MHD_add_response_header(m, "Cross-Origin-Opener-Policy", "same-origin");
    MHD_add_response_header(m, "Cross-Origin-Resource-Policy", "same-origin");
    MHD_add_response_header(m, "Permissions-Policy", "camera=(), geolocation=(), microphone=()");
}

void http_finish(struct http_req *r, int status, struct MHD_Response *m)
{
    bool cached = false;

    for (const struct http_extra_header *h = r->headers; h != NULL; h = h->next) {
        MHD_add_response_header(m, h->name, h->value);
        if (strcmp(h->name, "Cache-Control") == 0)
            cached = true;
    }
    if (!cached)
        MHD_add_response_header(m, "Cache-Control", "no-store");
    security_headers(r, m);
    http_answer(r, status, m);
}

static struct MHD_Response *from_text(const char *text, size_t n)
{
    char *copy = xstrndup(text, n);
    struct MHD_Response *m = MHD_create_response_from_buffer(n, copy, MHD_RESPMEM_MUST_FREE);

    if (m == NULL)
        abort();
    return m;
}

void http_reply_text(struct http_req *r, int status, const char *type, const char *text, size_t n)
{
    char *copy = xcalloc(n + 1, 1);

    memcpy(copy, text, n);
    struct MHD_Response *m = MHD_create_response_from_buffer(n, copy, MHD_RESPMEM_MUST_FREE);
    if (m == NULL)
        abort();
    MHD_add_response_header(m, "Content-Type", type);
    http_finish(r, status, m);
}

static void reply_json(struct http_req *r, int status, const char *type, json_t *j)
{
    AUTO(mem_freep) char *text = json_dumps(j, JSON_COMPACT);

    json_decref(j);
    if (text == NULL)
        abort();
    struct MHD_Response *m = from_text(text, strlen(text));
    MHD_add_response_header(m, "Content-Type", type);
    http_finish(r, status, m);
}

void http_reply_json(struct http_req *r, int status, json_t *j)
{
    reply_json(r, status, "application/json", j);
}

void http_reply_empty(struct http_req *r, int status)
{
    http_finish(r, status, from_text("", 0));
}

static const char *title_of(int status)
{
    static const struct {
        int status;
        const char *title;
    } titles[] = {
        {400, "Bad Request"},         {401, "Unauthorized"},       {403, "Forbidden"},
        {404, "Not Found"},           {405, "Method Not Allowed"}, {409, "Conflict"},
        {413, "Content Too Large"},   {426, "Upgrade Required"},   {429, "Too Many Requests"},
        {500, "Server Error"},        {501, "Not Implemented"},    {502, "Bad Gateway"},
        {503, "Service Unavailable"}, {504, "Gateway Timeout"},    {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < ARRAY_LEN(titles); i++)
        if (titles[i].status == status)
            return titles[i].title;
    return "Error";
}

/* A sentence that may quote what a stranger sent, so it may hold bytes that JSON does not take. */
static json_t *sentence(const char *s)
{
    json_t *j = json_string(s);

    if (j != NULL)
        return j;
    AUTO(mem_freep) char *copy = xstrdup(s);
    for (char *p = copy; *p != '\0'; p++)
        if ((unsigned char)*p >= 0x80)
            *p = '?';
    return json_string(copy);
}

static void problem(struct http_req *r, int status, const char *code, const char *detail, json_t *extra)
{
    json_t *j = json_object();

    json_object_set_new(j, "type", json_sprintf("urn:paralab:%s", code));
    json_object_set_new(j, "title", json_string(title_of(status)));
    json_object_set_new(j, "status", json_integer(status));
    json_object_set_new(j, "detail", sentence(detail));
    if (extra != NULL)
        json_object_update_missing(j, extra);
    json_decref(extra);
    reply_json(r, status, "application/problem+json", j);
}

void http_problem_with(struct http_req *r, const struct err *e, json_t *extra)
{
    problem(r, err_http_status(e->code), err_code_name(e->code), e->msg, extra);
}

void http_problem(struct http_req *r, const struct err *e)
{
    http_problem_with(r, e, NULL);
}

void http_problem_status(struct http_req *r, int status, const char *detail)
{
    static const struct {
        int status;
        enum err_code code;
    } codes[] = {{401, ERR_AUTH},     {403, ERR_DENIED}, {404, ERR_NOT_FOUND},  {409, ERR_CONFLICT},
                 {413, ERR_CAPACITY}, {429, ERR_RATE},   {503, ERR_UNREACHABLE}};
    enum err_code code = status < 500 ? ERR_INVALID : ERR_INTERNAL;

    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (codes[i].status == status)
            code = codes[i].code;
    problem(r, status, err_code_name(code), detail, NULL);
}
