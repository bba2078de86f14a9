/* Opening, migrating and running: everything that knows SQLite's calling conventions.  What is stored is
 * in store_user.c, store_session.c, store_lab.c and store_attempt.c. */
#include "labd/site/store/store_int.h"

#include "labd/base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BUSY_MS 5000

/* Fills 'e' from the database. */
static int db_err(struct store *s, const char *what, struct err *e)
{
    const char *text = sqlite3_errmsg(s->db);
    switch (sqlite3_errcode(s->db) & 0xff) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
        return err_set(e, ERR_CAPACITY, "%s: %s", what, text);
    case SQLITE_CONSTRAINT:
        return err_set(e, ERR_CONFLICT, "%s: %s", what, text);
    case SQLITE_BUSY:
        return err_set(e, ERR_TIMEOUT, "%s: the database is in use by another program", what);
    default:
        return err_set(e, ERR_SYS, "%s: %s", what, text);
    }
}

static int run_script(struct store *s, const char *sql, const char *what, struct err *e)
{
    if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return db_err(s, what, e);
    return 0;
}

int store_begin(struct store *s, struct err *e)
{
    return run_script(s, "BEGIN IMMEDIATE", "begin a transaction", e);
}

int store_commit(struct store *s, struct err *e)
{
    if (run_script(s, "COMMIT", "write to the database", e) == 0)
        return 0;
    store_rollback(s);
    return -1;
}

void store_rollback(struct store *s)
{
    if (sqlite3_get_autocommit(s->db) == 0)
        (void)run_script(s, "ROLLBACK", "take back a transaction", NULL);
}

static int read_version(struct store *s, int *version, struct err *e)
{
    sqlite3_stmt *q = NULL;
    if (sqlite3_prepare_v2(s->db, "PRAGMA user_version", -1, &q, NULL) != SQLITE_OK ||
        sqlite3_step(q) != SQLITE_ROW) {
        (void)db_err(s, "read the schema version of the database", e);
        sqlite3_finalize(q);
        return -1;
    }
    *version = sqlite3_column_int(q, 0);
    sqlite3_finalize(q);
    return 0;
}

/* Every reference still leads somewhere: a migration that rewrote a table could have cut one. */
static int check_references(struct store *s, struct err *e)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(s->db, "PRAGMA foreign_key_check", -1, &q, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(q);
    if (rc == SQLITE_ROW)
        (void)err_set(e, ERR_INTERNAL, "bring the database schema up to date: a row of %s refers to nothing",
                      (const char *)sqlite3_column_text(q, 0));
    else if (rc != SQLITE_DONE)
        (void)db_err(s, "check the references in the database", e);
    sqlite3_finalize(q);
    return rc == SQLITE_DONE ? 0 : -1;
}

/* Foreign keys are not enforced yet: a table that others refer to could not be written anew. */
static int migrate(struct store *s, struct err *e)
{
    int version;
    if (store_begin(s, e) < 0)
        return -1;
    if (read_version(s, &version, e) < 0) {
        store_rollback(s);
        return -1;
    }
    if (version < 0 || version > store_nmigrations) {
        store_rollback(s);
        return err_set(e, ERR_UNSUPPORTED,
                       "the database has schema version %d but this labd knows %d: install a newer labd",
                       version, store_nmigrations);
    }
    for (int i = version; i < store_nmigrations; i++) {
        char pragma[48];
        snprintf(pragma, sizeof pragma, "PRAGMA user_version = %d", i + 1);
        if (run_script(s, store_migrations[i], "bring the database schema up to date", e) < 0 ||
            run_script(s, pragma, "note the schema version", e) < 0) {
            store_rollback(s);
            return -1;
        }
    }
    if (version < store_nmigrations && check_references(s, e) < 0) {
        store_rollback(s);
        return -1;
    }
    return store_commit(s, e);
}

static int configure(struct store *s, struct err *e)
{
    sqlite3_busy_timeout(s->db, BUSY_MS);
    if (sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK ||
        sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) != SQLITE_OK ||
        sqlite3_db_config(s->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL) != SQLITE_OK ||
        sqlite3_db_config(s->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL) != SQLITE_OK)
        return db_err(s, "configure the database", e);
    /* FULL: wanted state is on disk before labhost hears of it, also after a power cut. */
    return run_script(s,
                      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF;"
                      "PRAGMA cache_size = -1024; PRAGMA temp_store = MEMORY;",
                      "configure the database", e);
}

static int prepare_all(struct store *s, struct err *e)
{
    for (int i = 0; i < SQL_COUNT; i++)
        if (sqlite3_prepare_v3(s->db, store_sql[i], -1, SQLITE_PREPARE_PERSISTENT, &s->stmt[i], NULL) !=
            SQLITE_OK)
            return db_err(s, "prepare a statement", e);
    return 0;
}

struct store *store_open(const char *path, struct err *e)
{
    AUTO(store_closep) struct store *s = xcalloc(1, sizeof *s);
    if (sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        if (s->db == NULL)
            err_set(e, ERR_CAPACITY, "open the database %s: out of memory", path);
        else
            err_set(e, ERR_SYS, "open the database %s: %s", path, sqlite3_errmsg(s->db));
        return NULL;
    }
    if (configure(s, e) < 0 || migrate(s, e) < 0 ||
        run_script(s, "PRAGMA foreign_keys = ON", "configure the database", e) < 0 || prepare_all(s, e) < 0) {
        err_wrap(e, "%s", path);
        return NULL;
    }
    return TAKE(s);
}

void store_close(struct store *s)
{
    if (s == NULL)
        return;
    for (int i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(s->stmt[i]);
    sqlite3_close(s->db);
    free(s);
}

void store_closep(struct store **s)
{
    store_close(*s);
}

int store_secret(struct store *s, const char *name, const uint8_t fresh[STORE_SECRET_LEN],
                 uint8_t out[STORE_SECRET_LEN], struct err *e)
{
    sqlite3_stmt *q;

    if (store_exec(s, store_bind(s, SQL_SECRET_ADD, "tb", name, fresh, STORE_SECRET_LEN), "keep a secret",
                   e) < 0)
        return -1;
    q = store_bind(s, SQL_SECRET_FIND, "t", name);
    if (store_row(s, q, "read a secret", e) < 0)
        return -1;
    memcpy(out, sqlite3_column_blob(q, 0), STORE_SECRET_LEN); /* a CHECK has its length */
    sqlite3_reset(q);
    return 0;
}

bool store_writable(struct store *s, struct err *e)
{
    if (store_begin(s, e) < 0)
        return false;
    bool ok =
        run_script(s, "UPDATE institutions SET title = title WHERE id = 1", "write to the database", e) == 0;
    store_rollback(s);
    return ok;
}

sqlite3_stmt *store_bind(struct store *s, enum store_sql id, const char *types, ...)
{
    sqlite3_stmt *q = s->stmt[id];
    va_list ap;
    sqlite3_reset(q);
    va_start(ap, types);
    for (int i = 1; *types != '\0'; i++, types++) {
        const char *t;
        const void *b;
        switch (*types) {
        case 'i':
            sqlite3_bind_int64(q, i, va_arg(ap, int64_t));
            break;
        case 't':
            sqlite3_bind_text(q, i, va_arg(ap, const char *), -1, SQLITE_STATIC);
            break;
        case 'T':
            t = va_arg(ap, const char *);
            sqlite3_bind_text(q, i, t != NULL && *t != '\0' ? t : NULL, -1, SQLITE_STATIC);
            break;
        case 'b':
            b = va_arg(ap, const void *);
            sqlite3_bind_blob(q, i, b, va_arg(ap, int), SQLITE_STATIC);
            break;
        default:
            sqlite3_bind_null(q, i);
            break;
        }
    }
    va_end(ap);
    return q;
}

int store_step(struct store *s, sqlite3_stmt *q, const char *what, struct err *e)
{
    switch (sqlite3_step(q)) {
    case SQLITE_ROW:
        return 1;
    case SQLITE_DONE:
        sqlite3_reset(q);
        return 0;
    default:
        db_err(s, what, e);
        sqlite3_reset(q);
        return -1;
    }
}

int store_exec(struct store *s, sqlite3_stmt *q, const char *what, struct err *e)
{
    int r;
    while ((r = store_step(s, q, what, e)) == 1)
        ;
    return r;
}

int store_row(struct store *s, sqlite3_stmt *q, const char *what, struct err *e)
{
    int r = store_step(s, q, what, e);
    if (r == 0)
        return err_set(e, ERR_NOT_FOUND, "%s: there is none", what);
    return r < 0 ? -1 : 0;
}

int store_count(struct store *s, sqlite3_stmt *q, const char *what, int64_t *n, struct err *e)
{
    if (store_row(s, q, what, e) < 0)
        return -1;
    *n = sqlite3_column_int64(q, 0);
    sqlite3_reset(q);
    return 0;
}

void store_col_text(sqlite3_stmt *q, int col, char *out, size_t size)
{
    const unsigned char *t = sqlite3_column_text(q, col);
    snprintf(out, size, "%s", t == NULL ? "" : (const char *)t);
}

char *store_col_dup(sqlite3_stmt *q, int col)
{
    const unsigned char *t = sqlite3_column_text(q, col);
    return t == NULL ? NULL : xstrdup((const char *)t);
}
