/* When attempts at exercises are due. */
#include "labd/site/store/store_int.h"

int store_deadline_put(struct store *s, int64_t inst, const char *exercise, const struct store_deadline *d,
                       struct err *e)
{
    return store_exec(s, store_bind(s, SQL_DEADLINE_PUT, "itii", inst, exercise, d->due, d->percent),
                      "store the deadline", e);
}

int store_deadline_del(struct store *s, int64_t inst, const char *exercise, struct err *e)
{
    return store_exec(s, store_bind(s, SQL_DEADLINE_DEL, "it", inst, exercise), "remove the deadline", e);
}

int store_deadline_find(struct store *s, int64_t inst, const char *exercise, struct store_deadline *out,
                        struct err *e)
{
    sqlite3_stmt *q = store_bind(s, SQL_DEADLINE_FIND, "it", inst, exercise);

    if (store_row(s, q, "find the deadline", e) < 0)
        return -1;
    out->due = sqlite3_column_int64(q, 0);
    out->percent = sqlite3_column_int64(q, 1);
    sqlite3_reset(q);
    return 0;
}
