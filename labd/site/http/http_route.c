/* Matching a path against the table.  Pure. */
#include "labd/site/http/http.h"

#include <stdio.h>
#include <string.h>

static bool plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

static size_t segment(const char *p)
{
    return strcspn(p, "/");
}

/* No name of ours needs an escape, so a path with one names nothing: %2e, %2f and %00 end here. */
bool http_path_ok(const char *path)
{
    if (path[0] != '/')
        return false;
    for (const char *p = path + 1; *p != '\0';) {
        size_t n = segment(p);
        if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
            return false;
        for (size_t i = 0; i < n; i++)
            if (!plain(p[i]))
                return false;
        p += n;
        if (*p == '/' && *++p == '\0')
            return false;
    }
    return true;
}

static bool match(const char *pattern, const char *path, struct http_slice values[HTTP_PARAMS_MAX])
{
    size_t nvalues = 0;

    while (*pattern == '/' && *path == '/') {
        pattern++;
        path++;
        size_t n = segment(pattern), m = segment(path);
        if (n > 0 && pattern[0] == '{') {
            if (m == 0 || nvalues == HTTP_PARAMS_MAX)
                return false;
            values[nvalues++] = (struct http_slice){path, m};
        } else if (n != m || strncmp(pattern, path, n) != 0) {
            return false;
        }
        pattern += n;
        path += m;
    }
    return *pattern == '\0' && *path == '\0';
}

static bool method_matches(const char *of_route, const char *asked)
{
    if (strcmp(of_route, "WS") == 0)
        return strcmp(asked, "GET") == 0; /* without a proper handshake it gets 426 */
    return strcmp(of_route, asked) == 0 || (strcmp(of_route, "GET") == 0 && strcmp(asked, "HEAD") == 0);
}

const struct http_route *http_route_find(const struct http_route *routes, const char *method,
                                         const char *path, struct http_slice values[HTTP_PARAMS_MAX],
                                         char *allow, size_t size)
{
    size_t used = 0;

    allow[0] = '\0';
    if (!http_path_ok(path))
        return NULL;
    for (const struct http_route *r = routes; r->method != NULL; r++) {
        if (!match(r->path, path, values))
            continue;
        if (method_matches(r->method, method))
            return r;
        const char *name = strcmp(r->method, "WS") == 0 ? "GET" : r->method;
        int n = snprintf(allow + used, size - used, "%s%s", used > 0 ? ", " : "", name);
        if (n > 0 && used + (size_t)n < size)
            used += (size_t)n;
    }
    return NULL;
}
