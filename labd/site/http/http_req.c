/* What a handler may ask of a request. */
#include "labd/base/mem.h"
#include "labd/site/http/http_int.h"

#include <string.h>

#define JSON_DEPTH_MAX 32

const struct http_identity *http_identity(const struct http_req *r)
{
    return &r->identity;
}

int64_t http_peer_uid(const struct http_req *r)
{
    return r->peer_uid;
}

const char *http_peer_address(const struct http_req *r)
{
    return r->peer;
}

const char *http_header(const struct http_req *r, const char *name)
{
    return MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, name);
}

const char *http_cookie(const struct http_req *r, const char *name)
{
    return MHD_lookup_connection_value(r->conn, MHD_COOKIE_KIND, name);
}

/* The parameters are slices of r->path, in the order of the braces of the route. */
const char *http_param(const struct http_req *r, const char *name)
{
    struct http_req *w = (struct http_req *)(uintptr_t)r; /* the copy is a cache, not a change */
    size_t n = strlen(name), i = 0;

    for (const char *p = r->route->path; (p = strchr(p, '{')) != NULL && i < HTTP_PARAMS_MAX; p++, i++) {
        if (strncmp(p + 1, name, n) != 0 || p[1 + n] != '}')
            continue;
        size_t len = r->params[i].n;
        if (len >= sizeof w->param_buf[i])
            return ""; /* longer than any name of ours: names nothing */
        memcpy(w->param_buf[i], r->params[i].at, len);
        w->param_buf[i][len] = '\0';
        return w->param_buf[i];
    }
    abort(); /* the table and the handler disagree */
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Decodes in place; false for a bad escape or an encoded NUL. */
static bool decode(char *s)
{
    char *out = s;

    while (*s != '\0') {
        if (*s != '%') {
            *out++ = *s++;
            continue;
        }
        int hi = hex(s[1]), lo = hi < 0 ? -1 : hex(s[2]);
        if (lo < 0 || (hi == 0 && lo == 0))
            return false;
        *out++ = (char)(hi * 16 + lo);
        s += 3;
    }
    *out = '\0';
    return true;
}

static bool utf8_ok(const char *s)
{
    json_t *j = json_string(s); /* checks */

    json_decref(j);
    return j != NULL;
}

const char *http_query(struct http_req *r, const char *name)
{
    const char *raw = MHD_lookup_connection_value(r->conn, MHD_GET_ARGUMENT_KIND, name);

    if (raw == NULL)
        return NULL;
    char *s = xstrdup(raw);
    if (!decode(s) || !utf8_ok(s)) {
        free(s);
        return NULL;
    }
    XGROW(r->decoded, r->ndecoded, r->capdecoded);
    r->decoded[r->ndecoded++] = s;
    return s;
}

/* Depth by brackets outside strings: refused before a parser recurses. */
static bool too_deep(const char *s, size_t n)
{
    int depth = 0;
    bool string = false;

    for (size_t i = 0; i < n; i++) {
        if (string) {
            if (s[i] == '\\')
                i++;
            else if (s[i] == '"')
                string = false;
        } else if (s[i] == '"') {
            string = true;
        } else if (s[i] == '{' || s[i] == '[') {
            if (++depth > JSON_DEPTH_MAX)
                return true;
        } else if (s[i] == '}' || s[i] == ']') {
            depth--;
        }
    }
    return false;
}

json_t *http_body(struct http_req *r, struct err *e)
{
    json_error_t je;

    if (r->json != NULL)
        return r->json;
    if (r->body.len == 0) {
        err_set(e, ERR_INVALID, "the request has no body; a JSON object is needed");
        return NULL;
    }
    if (too_deep(r->body.data, r->body.len)) {
        err_set(e, ERR_INVALID, "the JSON is nested deeper than %d", JSON_DEPTH_MAX);
        return NULL;
    }
    r->json = json_loadb(r->body.data, r->body.len, JSON_REJECT_DUPLICATES, &je);
    if (r->json == NULL) {
        err_set(e, ERR_INVALID, "line %d of the body is not JSON: %.100s", je.line, je.text);
        return NULL;
    }
    if (!json_is_object(r->json)) {
        json_decref(r->json);
        r->json = NULL;
        err_set(e, ERR_INVALID, "the body must be a JSON object");
        return NULL;
    }
    return r->json;
}
