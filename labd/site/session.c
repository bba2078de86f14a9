/* Sessions.  A token is 32 random bytes; the database holds its hash; the CSRF token is another hash of
 * it, so it need not be stored and does not give the token away. */
#include "labd/site/session.h"

#include "labd/base/log.h"
#include "labd/base/mem.h"
#include "labd/site/password.h"
#include "labd/site/stream.h"
#include "labd/site/watch.h"
#include "labd/site/worker.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define TOKEN_BYTES 32
#define TOKEN_SIZE 44 /* base64url without padding, and the NUL */
#define TOUCH_MS (60ll * 1000)
#define WORKERS_MAX 2
#define WAITING_MAX 32
#define HASH_LIMIT_MS 20000

bool login_ok(const char *login)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    size_t n = strlen(login);

    return n >= 1 && n < STORE_LOGIN_SIZE && strchr(first, login[0]) != NULL &&
           strspn(login, "abcdefghijklmnopqrstuvwxyz0123456789._@-") == n;
}

bool person_name_ok(const char *name)
{
    size_t n = strlen(name);
    json_t *utf8 = json_string(name);

    json_decref(utf8);
    if (n < 1 || n >= STORE_TEXT_SIZE || utf8 == NULL)
        return false;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
            return false;
    return true;
}

static void token_hash(const char *token, uint8_t out[STORE_TOKEN_HASH_LEN])
{
    crypto_generichash(out, STORE_TOKEN_HASH_LEN, (const uint8_t *)token, strlen(token), NULL, 0);
}

static void token_csrf(const char *token, char out[HTTP_CSRF_SIZE])
{
    static const uint8_t key[crypto_generichash_KEYBYTES] = "paralab csrf token of a session";
    uint8_t h[32];

    crypto_generichash(h, sizeof h, (const uint8_t *)token, strlen(token), key, sizeof key);
    sodium_bin2hex(out, HTTP_CSRF_SIZE, h, sizeof h);
}

/* ---- who is asking ---- */

static struct who *who_new(int64_t session, const struct store_user *u)
{
    struct who *w = xcalloc(1, sizeof *w);

    w->inst = STORE_INSTITUTION_DEFAULT;
    w->user = u->id;
    w->session = session;
    w->role = u->role;
    memcpy(w->login, u->login, sizeof w->login);
    memcpy(w->name, u->name, sizeof w->name);
    return w;
}

/* The socket is of mode 0660; of those who can connect, root and labd itself are the administrator. */
static int local_admin(struct site *s, struct http_identity *id, struct err *e)
{
    struct store_user u;

    if (store_user_find(s->store, STORE_INSTITUTION_DEFAULT, "root", &u, e) < 0)
        return -1;
    id->who = who_new(0, &u);
    id->level = ROLE_ADMIN;
    return 0;
}

static const char *bearer(const struct http_req *r)
{
    const char *a = http_header(r, "Authorization");

    return a != NULL && strncasecmp(a, "Bearer ", 7) == 0 ? a + 7 : NULL;
}

int session_auth(struct http_req *r, struct http_identity *id, void *arg, struct err *e)
{
    struct site *s = arg;
    const char *token = bearer(r);
    uint8_t hash[STORE_TOKEN_HASH_LEN];
    struct store_session ss;
    int64_t now = loop_wall_ms();

    if (token == NULL && (http_peer_uid(r) == 0 || http_peer_uid(r) == (int64_t)geteuid()))
        return local_admin(s, id, e);
    if (token == NULL) {
        token = http_cookie(r, "session");
        id->by_cookie = true;
    }
    if (token == NULL || strlen(token) != TOKEN_SIZE - 1)
        return 0;
    token_hash(token, hash);
    if (store_session_find(s->store, STORE_INSTITUTION_DEFAULT, hash, now - SESSION_LIFE_MS,
                           now - SESSION_IDLE_MS, &ss, e) < 0)
        return e->code == ERR_NOT_FOUND ? 0 : -1;
    if (now - ss.used > TOUCH_MS &&
        store_session_touch(s->store, STORE_INSTITUTION_DEFAULT, ss.id, now, e) < 0)
        log_err("session.touch", e, NULL); /* a full disk must not lock everybody out */
    token_csrf(token, id->csrf);
    id->level = (int)ss.user.role;
    id->who = who_new(ss.id, &ss.user);
    return 0;
}

static json_t *session_json(const struct store_user *u, int64_t inst, struct site *s, const char *csrf,
                            const char *token)
{
    char institution[NAME_SIZE] = "";
    struct err e;

    if (store_institution_name(s->store, inst, institution, &e) < 0)
        log_err("session.institution", &e, NULL);
    return json_pack("{s:{s:s, s:o, s:s, s:s}, s:s, s:s?}", "user", "login", u->login, "name",
                     json_text(u->name), "role", store_role_name(u->role), "institution", institution, "csrf",
                     csrf, "token", token);
}

void session_get(struct http_req *r, void *arg)
{
    const struct who *w = who_of(r);
    struct store_user u = {.id = w->user, .role = w->role};

    memcpy(u.login, w->login, sizeof u.login);
    memcpy(u.name, w->name, sizeof u.name);
    http_reply_json(r, 200, session_json(&u, w->inst, arg, http_identity(r)->csrf, NULL));
}

static void set_cookie(const struct site *s, struct http_req *r, const char *token, long long age_s)
{
    AUTO(mem_freep)
    char *c = xasprintf("session=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Strict%s", token, age_s,
                        s->secure_cookies ? "; Secure" : "");

    http_reply_header(r, "Set-Cookie", c);
}

void session_signout(struct http_req *r, void *arg)
{
    struct site *s = arg;
    const struct who *w = who_of(r);
    struct err e;

    if (w->session != 0 && store_session_del(s->store, w->inst, w->session, &e) < 0) {
        http_problem(r, &e);
        return;
    }
    if (w->session != 0) {
        streams_end_session(s, w->session);
        watchers_end_session(s, w->session);
    }
    set_cookie(s, r, "", 0);
    http_reply_empty(r, 204);
}

/* ---- sign-in: the hash is computed in a worker, at most two at a time ---- */

struct signin {
    struct signin *next;
    struct signins *all;
    struct http_req *req;
    struct worker *worker;
    struct store_user user; /* id 0: there is none */
    char login[STORE_LOGIN_SIZE], peer[64];
    char password[PASSWORD_MAX + 1];
    bool matches;
};

struct signins {
    struct site *site;
    struct signin *list; /* oldest first; the first ones have workers */
    size_t running, waiting;
};

struct signins *signins_new(struct site *s)
{
    struct signins *sg = xcalloc(1, sizeof *sg);

    sg->site = s;
    return sg;
}

static void signin_free(struct signin *g)
{
    struct signin **p = &g->all->list;

    while (*p != g)
        p = &(*p)->next;
    *p = g->next;
    mem_wipe(g->password, sizeof g->password);
    free(g);
}

void signins_free(struct signins *sg)
{
    if (sg == NULL)
        return;
    while (sg->list != NULL) {
        worker_kill(sg->list->worker);
        signin_free(sg->list);
    }
    free(sg);
}

static int verify(int fd, void *arg)
{
    const struct signin *g = arg;

    return worker_send(fd, json_pack("{s:b}", "matches", password_matches(g->user.pwhash, g->password))) < 0;
}

static void verified(json_t *j, void *arg)
{
    struct signin *g = arg;

    g->matches = json_is_true(json_object_get(j, "matches"));
}

static int begin_session(struct site *s, const struct signin *g, char token[TOKEN_SIZE], struct err *e)
{
    uint8_t random[TOKEN_BYTES], hash[STORE_TOKEN_HASH_LEN];
    int64_t id, now = loop_wall_ms();

    randombytes_buf(random, sizeof random);
    sodium_bin2base64(token, TOKEN_SIZE, random, sizeof random, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    token_hash(token, hash);
    if (store_session_expire(s->store, STORE_INSTITUTION_DEFAULT, now - SESSION_LIFE_MS,
                             now - SESSION_IDLE_MS, e) < 0)
        return -1;
    return store_session_add(s->store, STORE_INSTITUTION_DEFAULT, g->user.id, hash, now, &id, e);
}

static void welcome(struct site *s, struct signin *g)
{
    char token[TOKEN_SIZE], csrf[HTTP_CSRF_SIZE];
    struct err e;

    if (begin_session(s, g, token, &e) < 0 ||
        store_signin_forget(s->store, STORE_INSTITUTION_DEFAULT, SIGNIN_ACCOUNT, g->login, &e) < 0 ||
        store_signin_forgive(s->store, STORE_INSTITUTION_DEFAULT, SIGNIN_ADDRESS, g->peer, &e) < 0) {
        http_problem(g->req, &e);
        return;
    }
    token_csrf(token, csrf);
    log_info("session.begin", "login", g->login, "peer", g->peer);
    set_cookie(s, g->req, token, SESSION_LIFE_MS / 1000);
    http_reply_json(g->req, 200, session_json(&g->user, STORE_INSTITUTION_DEFAULT, s, csrf, token));
}

static void start_next(struct signins *sg);

static void hash_ended(const struct err *e, void *arg)
{
    struct signin *g = arg;
    struct signins *sg = g->all;

    sg->running--;
    if (e != NULL) {
        http_problem(g->req, e);
    } else if (g->matches) {
        welcome(sg->site, g);
    } else {
        log_warn("session.refused", "login", g->login, "peer", g->peer);
        http_problem_status(g->req, 401, "the login or the password is wrong");
    }
    signin_free(g);
    start_next(sg);
}

static void start_next(struct signins *sg)
{
    static const struct worker_ops ops = {verified, hash_ended};
    struct err e;

    for (struct signin *g = sg->list, *next; g != NULL && sg->running < WORKERS_MAX; g = next) {
        next = g->next;
        if (g->worker != NULL)
            continue;
        sg->waiting--;
        g->worker = worker_start(sg->site->loop, verify, g, HASH_LIMIT_MS, &ops, g, &e);
        if (g->worker != NULL) {
            sg->running++;
        } else {
            http_problem(g->req, &e);
            signin_free(g);
        }
    }
}

/* Counts the try as failed before it is verified, so that parallel tries count, too; success takes it
 * back.  Unknown accounts are counted like others, so the limit does not tell which exist. */
static int limited(struct site *s, const struct signin *g, int64_t *retry_s, struct err *e)
{
    int64_t count[2], since[2], now = loop_wall_ms();

    if (store_signin_fail(s->store, STORE_INSTITUTION_DEFAULT, SIGNIN_ACCOUNT, g->login, now,
                          SIGNIN_WINDOW_MS, &count[0], &since[0], e) < 0 ||
        store_signin_fail(s->store, STORE_INSTITUTION_DEFAULT, SIGNIN_ADDRESS, g->peer, now, SIGNIN_WINDOW_MS,
                          &count[1], &since[1], e) < 0)
        return -1;
    bool account = count[0] > SIGNIN_ACCOUNT_MAX, address = count[1] > SIGNIN_ADDRESS_MAX;
    if (!account && !address)
        return 0;
    int64_t from = address ? since[1] : since[0];
    *retry_s = (from + SIGNIN_WINDOW_MS - now) / 1000 + 1;
    log_warn("session.limited", "login", g->login, "peer", g->peer);
    return err_set(e, ERR_RATE, "too many failed sign-ins: try again in %d minutes",
                   (int)(*retry_s / 60 + 1));
}

static int read_credentials(struct http_req *r, struct signin *g, struct err *e)
{
    const char *login, *password;
    json_t *j = http_body(r, e);

    if (j == NULL || json_member_text(j, "login", 256, &login, e) < 0 ||
        json_member_text(j, "password", PASSWORD_MAX, &password, e) < 0)
        return -1;
    if (login == NULL || password == NULL)
        return err_set(e, ERR_INVALID, "\"login\" and \"password\" are needed");
    if (!login_ok(login))
        return err_set(e, ERR_AUTH, "the login or the password is wrong");
    snprintf(g->login, sizeof g->login, "%s", login);
    snprintf(g->password, sizeof g->password, "%s", password);
    snprintf(g->peer, sizeof g->peer, "%s", http_peer_address(r));
    return 0;
}

void session_signin(struct http_req *r, void *arg)
{
    struct site *s = arg;
    struct signins *sg = s->signins;
    struct signin *g = xcalloc(1, sizeof *g), **tail = &sg->list;
    int64_t retry_s = 0;
    struct err e = {.code = ERR_NONE};

    g->all = sg;
    g->req = r;
    while (*tail != NULL)
        tail = &(*tail)->next;
    *tail = g;
    if (sg->waiting >= WAITING_MAX)
        err_set(&e, ERR_RATE, "too many people sign in at this moment: try again in a few seconds");
    else if (read_credentials(r, g, &e) == 0 && limited(s, g, &retry_s, &e) == 0 &&
             store_user_find(s->store, STORE_INSTITUTION_DEFAULT, g->login, &g->user, &e) < 0 &&
             e.code == ERR_NOT_FOUND)
        e.code = ERR_NONE; /* the worker takes its time and says no */
    if (e.code != ERR_NONE) {
        char text[16];
        snprintf(text, sizeof text, "%d", retry_s > 0 ? (int)retry_s : 3);
        if (e.code == ERR_RATE)
            http_reply_header(r, "Retry-After", text);
        http_problem(r, &e);
        signin_free(g);
        return;
    }
    sg->waiting++;
    start_next(sg);
}
