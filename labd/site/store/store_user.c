/* Institutions, hosts and accounts. */
#include "labd/base/mem.h"
#include "labd/site/store/store_int.h"

#include <string.h>

static const char *const role_names[] = {[ROLE_NONE] = "none",
                                         [ROLE_STUDENT] = "student",
                                         [ROLE_INSTRUCTOR] = "instructor",
                                         [ROLE_ADMIN] = "admin"};

const char *store_role_name(enum store_role r)
{
    return role_names[r];
}

enum store_role store_role_from_name(const char *name)
{
    for (size_t i = ROLE_STUDENT; i < ARRAY_LEN(role_names); i++)
        if (strcmp(role_names[i], name) == 0)
            return (enum store_role)i;
    return ROLE_NONE;
}

int store_institution_add(struct store *s, const char *name, const char *title, int64_t *id, struct err *e)
{
    if (name_check(name, "institution", e) < 0 || store_begin(s, e) < 0)
        return -1;
    if (store_exec(s, store_bind(s, SQL_INSTITUTION_ADD, "tt", name, title), "add an institution", e) < 0) {
        store_rollback(s);
        return -1;
    }
    int64_t inst = sqlite3_last_insert_rowid(s->db);
    if (store_exec(s, store_bind(s, SQL_HOST_ADD, "it", inst, "local"), "add a host", e) < 0) {
        store_rollback(s);
        return -1;
    }
    if (store_commit(s, e) < 0)
        return -1;
    *id = inst;
    return 0;
}

int store_institution_each(struct store *s, store_institution_fn *fn, void *arg, struct err *e)
{
    sqlite3_stmt *q = store_bind(s, SQL_INSTITUTION_EACH, "");
    int64_t ids[256];
    char names[256][NAME_SIZE];
    size_t n = 0;
    int r;
    /* Copied first, so that 'fn' may use the store. */
    while ((r = store_step(s, q, "list the institutions", e)) == 1 && n < ARRAY_LEN(ids)) {
        ids[n] = sqlite3_column_int64(q, 0);
        store_col_text(q, 1, names[n], sizeof names[n]);
        n++;
    }
    sqlite3_reset(q);
    if (r < 0)
        return -1;
    if (r == 1)
        return err_set(e, ERR_CAPACITY, "more than %zu institutions", ARRAY_LEN(ids));
    for (size_t i = 0; i < n; i++)
        fn(ids[i], names[i], arg);
    return 0;
}

int store_institution_name(struct store *s, int64_t inst, char out[NAME_SIZE], struct err *e)
{
    sqlite3_stmt *q = store_bind(s, SQL_INSTITUTION_NAME, "i", inst);
    if (store_row(s, q, "find the institution", e) < 0)
        return -1;
    store_col_text(q, 0, out, NAME_SIZE);
    sqlite3_reset(q);
    return 0;
}

int store_institution_internet(struct store *s, int64_t inst, bool *out, struct err *e)
{
    int64_t n;

    if (store_count(s, store_bind(s, SQL_INSTITUTION_INTERNET, "i", inst), "find the institution", &n, e) < 0)
        return -1;
    *out = n != 0;
    return 0;
}

int store_institution_set_internet(struct store *s, const char *name, bool internet, struct err *e)
{
    if (store_begin(s, e) < 0)
        return -1;
    sqlite3_stmt *q = store_bind(s, SQL_INSTITUTION_SET_INTERNET, "ti", name, (int64_t)internet);
    if (store_row(s, q, "find the institution", e) < 0 || store_exec(s, q, "change the institution", e) < 0) {
        store_rollback(s);
        return -1;
    }
    return store_commit(s, e);
}

int store_host_find(struct store *s, int64_t inst, const char *name, int64_t *id, struct err *e)
{
    return store_count(s, store_bind(s, SQL_HOST_FIND, "it", inst, name), "find the host", id, e);
}

int store_user_put(struct store *s, int64_t inst, const struct store_user *u, int64_t now, int64_t *id,
                   struct err *e)
{
    int64_t got;
    if (store_begin(s, e) < 0)
        return -1;
    sqlite3_stmt *q = store_bind(s, SQL_USER_PUT, "itttTi", inst, u->login, u->name, store_role_name(u->role),
                                 u->pwhash, now);
    if (store_row(s, q, "store the account", e) < 0) {
        store_rollback(s);
        return -1;
    }
    got = sqlite3_column_int64(q, 0);
    if (store_exec(s, q, "store the account", e) < 0 ||
        store_exec(s, store_bind(s, SQL_USER_END_SESSIONS, "ii", inst, got), "end the account's sessions",
                   e) < 0) {
        store_rollback(s);
        return -1;
    }
    if (store_commit(s, e) < 0)
        return -1;
    *id = got;
    return 0;
}

int store_user_find(struct store *s, int64_t inst, const char *login, struct store_user *out, struct err *e)
{
    sqlite3_stmt *q = store_bind(s, SQL_USER_FIND, "it", inst, login);
    char role[16];
    if (store_row(s, q, "find the account", e) < 0)
        return -1;
    out->id = sqlite3_column_int64(q, 0);
    store_col_text(q, 1, out->login, sizeof out->login);
    store_col_text(q, 2, out->name, sizeof out->name);
    store_col_text(q, 3, role, sizeof role);
    store_col_text(q, 4, out->pwhash, sizeof out->pwhash);
    out->role = store_role_from_name(role);
    sqlite3_reset(q);
    return 0;
}
