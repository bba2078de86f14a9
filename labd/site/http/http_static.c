#include "labd/site/http/http_static.h"

#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "labd/site/http/http_int.h"

#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 4096
#define DEPTH_MAX 8
#define INDEX_MAX (1u << 20)
#define NONCE_MARK "__CSP_NONCE__"

struct entry {
    char *url;  /* "/assets/app-1234.js" */
    char *path; /* on disk */
    const char *type;
    bool immutable; /* its name changes when its content does */
};

struct http_static {
    struct entry *v;
    size_t n, cap;
    const char *const *pages;
    struct buf index;
};

static const char *type_of(const char *name)
{
    static const struct {
        const char *ending, *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".json", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".txt", "text/plain; charset=utf-8"},
    };
    size_t n = strlen(name);
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        size_t m = strlen(types[i].ending);
        if (n > m && strcmp(name + n - m, types[i].ending) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

static int walk(struct http_static *s, const char *dir, const char *url, int depth, struct err *e);

static int add(struct http_static *s, const char *path, char *url, const char *name, int depth, struct err *e)
{
    struct stat st;
    AUTO(mem_freep) char *own = url;

    if (lstat(path, &st) < 0)
        return err_sys(e, "%s", path);
    if (S_ISDIR(st.st_mode))
        return depth < DEPTH_MAX ? walk(s, path, url, depth + 1, e)
                                 : err_set(e, ERR_CAPACITY, "%s: more than %d folders deep", path, DEPTH_MAX);
    if (!S_ISREG(st.st_mode) || !http_path_ok(url) || strcmp(url, "/index.html") == 0)
        return 0;
    if (s->n == FILES_MAX)
        return err_set(e, ERR_CAPACITY, "%s: more than %d files", path, FILES_MAX);
    XGROW(s->v, s->n, s->cap);
    s->v[s->n++] = (struct entry){.url = TAKE(own),
                                  .path = xstrdup(path),
                                  .type = type_of(name),
                                  .immutable = strncmp(url, "/assets/", 8) == 0};
    return 0;
}

static int walk(struct http_static *s, const char *dir, const char *url, int depth, struct err *e)
{
    DIR *d = opendir(dir);
    struct dirent *de;
    int rc = 0;

    if (d == NULL)
        return err_sys(e, "open the folder %s", dir);
    while (rc == 0 && (de = readdir(d)) != NULL) {
        if (de->d_name[0] == '.')
            continue;
        AUTO(mem_freep) char *path = xasprintf("%s/%s", dir, de->d_name);
        rc = add(s, path, xasprintf("%s/%s", url, de->d_name), de->d_name, depth, e);
    }
    closedir(d);
    return rc;
}

static int by_url(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->url, ((const struct entry *)b)->url);
}

struct http_static *http_static_load(const char *dir, const char *const *pages, struct err *e)
{
    struct http_static *s = xcalloc(1, sizeof *s);
    AUTO(mem_freep) char *index = xasprintf("%s/index.html", dir);

    s->pages = pages;
    if (walk(s, dir, "", 0, e) < 0 || file_read(index, INDEX_MAX, &s->index, e) < 0) {
        http_static_free(s);
        return NULL;
    }
    qsort(s->v, s->n, sizeof *s->v, by_url);
    return s;
}

void http_static_free(struct http_static *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->n; i++) {
        free(s->v[i].url);
        free(s->v[i].path);
    }
    free(s->v);
    buf_clear(&s->index);
    free(s);
}

static bool is_page(const struct http_static *s, const char *path)
{
    for (const char *const *p = s->pages; *p != NULL; p++) {
        size_t n = strlen(*p);
        if (strcmp(path, *p) == 0 || (n > 1 && (*p)[n - 1] == '/' && strncmp(path, *p, n) == 0))
            return true;
    }
    return false;
}

static void serve_index(const struct http_static *s, struct http_req *r)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    unsigned char random[16];
    const char *p = buf_str(&s->index), *hit;

    randombytes_buf(random, sizeof random);
    sodium_bin2hex(r->nonce, sizeof r->nonce, random, sizeof random);
    for (; (hit = strstr(p, NONCE_MARK)) != NULL; p = hit + strlen(NONCE_MARK)) {
        buf_add(&b, p, (size_t)(hit - p));
        buf_puts(&b, r->nonce);
    }
    buf_puts(&b, p);
    http_reply_text(r, MHD_HTTP_OK, "text/html; charset=utf-8", buf_str(&b), b.len);
}

static void serve_file(struct http_req *r, const struct entry *f)
{
    struct stat st;
    int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        if (fd >= 0)
            close(fd);
        http_problem_status(r, MHD_HTTP_NOT_FOUND, "this file is gone since the server started");
        return;
    }
    struct MHD_Response *m = MHD_create_response_from_fd64((uint64_t)st.st_size, fd);
    if (m == NULL)
        abort();
    MHD_add_response_header(m, "Content-Type", f->type);
    http_reply_header(r, "Cache-Control", f->immutable ? "public, max-age=31536000, immutable" : "no-cache");
    http_finish(r, MHD_HTTP_OK, m);
}

bool http_static_serve(const struct http_static *s, struct http_req *r)
{
    struct entry key = {.url = r->path};
    const struct entry *f = s->n == 0 ? NULL : bsearch(&key, s->v, s->n, sizeof *s->v, by_url);

    if (f == NULL && !is_page(s, r->path))
        return false;
    if (strcmp(r->method, "GET") != 0 && strcmp(r->method, "HEAD") != 0) {
        http_reply_header(r, "Allow", "GET");
        http_problem_status(r, MHD_HTTP_METHOD_NOT_ALLOWED, "this address does not know that method");
    } else if (f != NULL) {
        serve_file(r, f);
    } else {
        serve_index(s, r);
    }
    return true;
}
