/* Scores that an instructor set by hand. */
#include "labd/site/store/store_int.h"

int store_override_add(struct store *s, int64_t inst, int64_t user, const char *exercise,
                       const struct store_override *o, struct err *e)
{
    sqlite3_stmt *q = store_bind(s, SQL_OVERRIDE_ADD, "iititii", inst, user, exercise, o->score, o->reason,
                                 o->author, o->made);

    if (!o->set)
        sqlite3_bind_null(q, 4);
    return store_exec(s, q, "store the score", e);
}

int store_override_each(struct store *s, int64_t inst, int64_t user, const char *exercise, int64_t max,
                        store_override_fn *fn, void *arg, struct err *e)
{
    sqlite3_stmt *q = store_bind(s, SQL_OVERRIDE_EACH, "iiti", inst, user, exercise, max);
    int r;

    while ((r = store_step(s, q, "list the scores that were set", e)) == 1) {
        struct store_override o = {.set = sqlite3_column_type(q, 0) != SQLITE_NULL,
                                   .score = sqlite3_column_int64(q, 0),
                                   .made = sqlite3_column_int64(q, 4)};
        store_col_text(q, 1, o.reason, sizeof o.reason);
        store_col_text(q, 2, o.author_login, sizeof o.author_login);
        store_col_text(q, 3, o.author_name, sizeof o.author_name);
        fn(&o, arg);
    }
    return r;
}
