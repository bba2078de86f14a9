/* What attempts were judged by, and judging them again. */
#include "labd/base/buf.h"
#include "labd/site/store/store_int.h"

#include <string.h>

int store_evidence_add(struct store *s, int64_t inst, int64_t attempt, const void *packed, size_t n,
                       struct err *e)
{
    return store_exec(s, store_bind(s, SQL_EVIDENCE_ADD, "iib", inst, attempt, packed, (int)n),
                      "store the evidence", e);
}

int store_evidence_find(struct store *s, int64_t inst, int64_t attempt, struct buf *out, struct err *e)
{
    sqlite3_stmt *q = store_bind(s, SQL_EVIDENCE_FIND, "ii", inst, attempt);

    if (store_row(s, q, "find the evidence", e) < 0)
        return -1;
    buf_add(out, sqlite3_column_blob(q, 0), (size_t)sqlite3_column_bytes(q, 0));
    sqlite3_reset(q);
    return 0;
}

int store_regrade_count(struct store *s, int64_t inst, const char *exercise, int64_t *n, struct err *e)
{
    return store_count(s, store_bind(s, SQL_REGRADE_COUNT, "it", inst, exercise), "count the attempts", n, e);
}

int store_regrade_next(struct store *s, int64_t inst, const char *exercise, int64_t after,
                       struct store_attempt *out, char login[STORE_LOGIN_SIZE], struct topo_seed *seed,
                       struct err *e)
{
    sqlite3_stmt *q = store_bind(s, SQL_REGRADE_NEXT, "iti", inst, exercise, after);

    if (store_row(s, q, "find the next attempt", e) < 0)
        return -1;
    int col = store_read_attempt(q, out);
    store_col_text(q, col, login, STORE_LOGIN_SIZE);
    memcpy(seed->key, sqlite3_column_blob(q, col + 1), sizeof seed->key); /* a CHECK has its length */
    sqlite3_reset(q);
    return 0;
}

int store_regrade_add(struct store *s, int64_t inst, const struct store_attempt *a, int64_t author,
                      int64_t made, struct err *e)
{
    if (store_begin(s, e) < 0)
        return -1;
    sqlite3_stmt *q = store_bind(s, SQL_REGRADE_ADD, "iiii", inst, a->id, author, made);
    if (store_row(s, q, "keep the former score", e) < 0 || store_exec(s, q, "keep the former score", e) < 0 ||
        store_exec(s, store_bind(s, SQL_REGRADE_SET, "iiiit", inst, a->id, a->score, a->max_score, a->report),
                   "store the new score", e) < 0) {
        store_rollback(s);
        return -1;
    }
    return store_commit(s, e);
}
