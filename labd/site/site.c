/* Putting the parts together, and taking them apart in the order in which they need each other. */
#include "labd/site/site.h"

#include "labd/base/log.h"
#include "labd/base/mem.h"
#include "labd/site/attempts.h"
#include "labd/site/exercises.h"
#include "labd/site/hostlink.h"
#include "labd/site/http/http_static.h"
#include "labd/site/labs.h"
#include "labd/site/regrade.h"
#include "labd/site/seed.h"
#include "labd/site/session.h"
#include "labd/site/site_int.h"
#include "labd/site/stream.h"

#include <sodium.h>
#include <string.h>
#include <unistd.h>

static const char *const pages[] = {"/",     "/signin", "/exercises", "/exercises/",
                                    "/labs", "/labs/",  "/overview",  NULL};

/* The administrator on the local socket: an account like others, so that it can own labs, but without a
 * password. */
static int ensure_root(struct store *st, struct err *e)
{
    struct store_user u;
    int64_t id;

    if (store_user_find(st, STORE_INSTITUTION_DEFAULT, "root", &u, e) == 0)
        return 0;
    if (e->code != ERR_NOT_FOUND)
        return -1;
    u = (struct store_user){.login = "root", .name = "Administrator", .role = ROLE_ADMIN};
    return store_user_put(st, STORE_INSTITUTION_DEFAULT, &u, loop_wall_ms(), &id, e);
}

static int load(struct site *s, const struct site_options *o, struct err *e)
{
    if (sodium_init() < 0)
        return err_set(e, ERR_INTERNAL, "libsodium does not start");
    s->store = store_open(o->db, e);
    if (s->store == NULL || ensure_root(s->store, e) < 0 || seeds_open(s, e) < 0)
        return -1;
    s->exercises = exercises_load(o->exercises, e);
    if (s->exercises == NULL)
        return -1;
    if (o->web != NULL) {
        s->files = http_static_load(o->web, pages, e);
        if (s->files == NULL)
            return err_wrap(e, "load the front end");
    }
    s->signins = signins_new(s);
    s->attempts = attempts_new(s, e);
    if (s->attempts == NULL)
        return -1;
    s->labs = labs_new(s, e);
    return s->labs == NULL ? -1 : 0;
}

static int serve(struct site *s, int *tcp_fd, int *unix_fd, struct err *e)
{
    struct http_config c = {.routes = site_routes, .auth = session_auth, .arg = s, .files = s->files};

    s->http = http_server_new(s->loop, &c);
    if (*tcp_fd >= 0 && http_server_listen(s->http, TAKE_FD(*tcp_fd), e) < 0)
        return -1;
    return *unix_fd >= 0 ? http_server_listen(s->http, TAKE_FD(*unix_fd), e) : 0;
}

struct site *site_open(struct loop *l, const struct site_options *o, struct err *e)
{
    AUTO(mem_closep) int tcp_fd = o->tcp_fd;
    AUTO(mem_closep) int unix_fd = o->unix_fd;
    struct site *s = xcalloc(1, sizeof *s);

    s->loop = l;
    s->host_socket = xstrdup(o->host_socket);
    s->secure_cookies = o->secure_cookies;
    s->quota = o->quota;
    s->graders = o->graders;
    if (load(s, o, e) < 0 || serve(s, &tcp_fd, &unix_fd, e) < 0) {
        site_close(s);
        return NULL;
    }
    return s;
}

void site_close(struct site *s)
{
    if (s == NULL)
        return;
    streams_end_all(s);
    hostlink_free(s->host); /* requests that wait for labhost get their answer */
    signins_free(s->signins);
    http_server_free(s->http);
    regrades_free(s);
    attempts_free(s->attempts);
    labs_free(s->labs);
    http_static_free(s->files);
    exercises_free(s->exercises);
    store_close(s->store);
    free(s->host_socket);
    free(s);
}
