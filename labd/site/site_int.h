/* Inside labd/site only: the site and the parts of it. */
#ifndef SITE_SITE_INT_H
#define SITE_SITE_INT_H

#include "labd/base/buf.h"
#include "labd/base/name.h"
#include "labd/rpc/rpc.h"
#include "labd/site/http/http.h"
#include "labd/site/site.h"
#include "labd/site/store/store.h"

#include <jansson.h>

struct exercises;
struct labs;
struct attempts;
struct hostlink;
struct regrade;
struct signins;
struct stream;
struct watcher;

struct site {
    struct loop *loop;
    struct store *store;
    struct http_server *http;
    struct http_static *files;
    char *host_socket;
    bool secure_cookies;
    unsigned quota;
    unsigned graders;
    uint8_t seed_key[STORE_SECRET_LEN]; /* seed.h */
    struct exercises *exercises;
    struct labs *labs;
    struct attempts *attempts;
    struct regrade *regrades; /* the latest of each exercise */
    struct hostlink *host;
    struct signins *signins;
    struct stream *streams;   /* open WebSockets */
    struct watcher *watchers; /* open event streams */
};

extern const struct http_route site_routes[]; /* ends with a NULL method */

/* Who asks; in http_identity.who. */
struct who {
    int64_t inst, user;
    int64_t session; /* 0 on the local socket */
    enum store_role role;
    char login[STORE_LOGIN_SIZE], name[STORE_TEXT_SIZE];
};
static inline const struct who *who_of(const struct http_req *r)
{
    return http_identity(r)->who;
}
static inline bool who_teaches(const struct who *w)
{
    return w->role >= ROLE_INSTRUCTOR;
}

/* A JSON string member; NULL if it is absent or null; ERR_INVALID if it is something else, longer than
 * 'max' bytes, or holds a NUL.  'out' is borrowed from 'j'. */
int json_member_text(const json_t *j, const char *name, size_t max, const char **out,
                     struct err *e) MUST_CHECK;
/* 0 becomes null. */
json_t *json_time(int64_t ms);
/* "" becomes null; bytes that are not UTF-8 become '?'. */
json_t *json_text(const char *s);

#endif
