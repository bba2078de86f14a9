/* Sessions and failed sign-ins.  The database holds a hash of each token, never the token. */
#include "labd/site/store/store_int.h"

int store_session_add(struct store *s, int64_t inst, int64_t user, const uint8_t hash[STORE_TOKEN_HASH_LEN],
                      int64_t now, int64_t *id, struct err *e)
{
    sqlite3_stmt *q =
        store_bind(s, SQL_SESSION_ADD, "iibi", inst, user, (const void *)hash, STORE_TOKEN_HASH_LEN, now);
    if (store_row(s, q, "begin a session", e) < 0)
        return -1;
    int64_t got = sqlite3_column_int64(q, 0);
    if (store_exec(s, q, "begin a session", e) < 0)
        return -1;
    *id = got;
    return 0;
}

int store_session_find(struct store *s, int64_t inst, const uint8_t hash[STORE_TOKEN_HASH_LEN],
                       int64_t created_min, int64_t used_min, struct store_session *out, struct err *e)
{
    sqlite3_stmt *q = store_bind(s, SQL_SESSION_FIND, "ibii", inst, (const void *)hash, STORE_TOKEN_HASH_LEN,
                                 created_min, used_min);
    char role[16];
    if (store_row(s, q, "find the session", e) < 0)
        return -1;
    out->id = sqlite3_column_int64(q, 0);
    out->created = sqlite3_column_int64(q, 1);
    out->used = sqlite3_column_int64(q, 2);
    out->user.id = sqlite3_column_int64(q, 3);
    store_col_text(q, 4, out->user.login, sizeof out->user.login);
    store_col_text(q, 5, out->user.name, sizeof out->user.name);
    store_col_text(q, 6, role, sizeof role);
    out->user.role = store_role_from_name(role);
    out->user.pwhash[0] = '\0';
    sqlite3_reset(q);
    return 0;
}

int store_session_touch(struct store *s, int64_t inst, int64_t id, int64_t now, struct err *e)
{
    return store_exec(s, store_bind(s, SQL_SESSION_TOUCH, "iii", inst, id, now), "note the use of a session",
                      e);
}

int store_session_del(struct store *s, int64_t inst, int64_t id, struct err *e)
{
    return store_exec(s, store_bind(s, SQL_SESSION_DEL, "ii", inst, id), "end a session", e);
}

int store_session_expire(struct store *s, int64_t inst, int64_t created_min, int64_t used_min, struct err *e)
{
    return store_exec(s, store_bind(s, SQL_SESSION_EXPIRE, "iii", inst, created_min, used_min),
                      "end old sessions", e);
}

int store_session_count(struct store *s, int64_t inst, int64_t created_min, int64_t used_min, int64_t *n,
                        struct err *e)
{
    return store_count(s, store_bind(s, SQL_SESSION_COUNT, "iii", inst, created_min, used_min),
                       "count the sessions", n, e);
}

static const char *kind_name(enum store_signin_kind kind)
{
    return kind == SIGNIN_ACCOUNT ? "account" : "address";
}

int store_signin_fail(struct store *s, int64_t inst, enum store_signin_kind kind, const char *key,
                      int64_t now, int64_t window, int64_t *count, int64_t *since, struct err *e)
{
    if (store_exec(s, store_bind(s, SQL_SIGNIN_PURGE, "ii", inst, now - window), "forget old sign-ins", e) <
        0)
        return -1;
    sqlite3_stmt *q = store_bind(s, SQL_SIGNIN_FAIL, "itti", inst, kind_name(kind), key, now);
    if (store_row(s, q, "count a sign-in", e) < 0)
        return -1;
    int64_t c = sqlite3_column_int64(q, 0), t = sqlite3_column_int64(q, 1);
    if (store_exec(s, q, "count a sign-in", e) < 0)
        return -1;
    *count = c;
    *since = t;
    return 0;
}

int store_signin_forgive(struct store *s, int64_t inst, enum store_signin_kind kind, const char *key,
                         struct err *e)
{
    return store_exec(s, store_bind(s, SQL_SIGNIN_FORGIVE, "itt", inst, kind_name(kind), key),
                      "forgive a sign-in", e);
}

int store_signin_forget(struct store *s, int64_t inst, enum store_signin_kind kind, const char *key,
                        struct err *e)
{
    return store_exec(s, store_bind(s, SQL_SIGNIN_FORGET, "itt", inst, kind_name(kind), key),
                      "forget sign-ins", e);
}
