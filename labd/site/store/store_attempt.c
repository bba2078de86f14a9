/* Attempts and the scores made of them. */
#include "labd/base/mem.h"
#include "labd/site/store/store_int.h"

#include <string.h>

static const char *const state_names[] = {[ATTEMPT_QUEUED] = "queued",
                                          [ATTEMPT_RUNNING] = "running",
                                          [ATTEMPT_DONE] = "done",
                                          [ATTEMPT_ERROR] = "error"};

const char *store_attempt_state_name(enum store_attempt_state st)
{
    return state_names[st];
}

void store_attempt_clear(struct store_attempt *a)
{
    free(a->report);
    free(a->former);
    a->report = a->former = NULL;
}

int store_attempt_add(struct store *s, int64_t inst, struct store_attempt *a, struct err *e)
{
    sqlite3_stmt *q = store_bind(s, SQL_ATTEMPT_ADD, "itiTtii", inst, a->lab, a->user, a->exercise,
                                 state_names[a->state], a->started, a->max_score);
    if (store_row(s, q, "store the attempt", e) < 0)
        return -1;
    int64_t id = sqlite3_column_int64(q, 0), number = sqlite3_column_int64(q, 1);
    if (store_exec(s, q, "store the attempt", e) < 0)
        return -1;
    a->id = id;
    a->number = number;
    return 0;
}

int store_attempt_running(struct store *s, int64_t inst, int64_t id, struct err *e)
{
    return store_exec(s, store_bind(s, SQL_ATTEMPT_RUNNING, "ii", inst, id), "start the attempt", e);
}

int store_attempt_finish(struct store *s, int64_t inst, const struct store_attempt *a, struct err *e)
{
    sqlite3_stmt *q = store_bind(s, SQL_ATTEMPT_FINISH, "iitiiiTTi", inst, a->id, state_names[a->state],
                                 a->finished, a->score, a->max_score, a->error, a->report, (int64_t)a->spent);
    if (a->state != ATTEMPT_DONE)
        sqlite3_bind_null(q, 5); /* an attempt that did not end properly has no score */
    return store_exec(s, q, "store the report", e);
}

int store_attempt_interrupt(struct store *s, int64_t inst, int64_t now, struct err *e)
{
    sqlite3_stmt *q =
        store_bind(s, SQL_ATTEMPT_INTERRUPT, "iit", inst, now,
                   "interrupted: the server was restarted while it was grading; please check again");
    return store_exec(s, q, "mark interrupted attempts", e);
}

int store_read_attempt(sqlite3_stmt *q, struct store_attempt *a)
{
    char state[16];
    a->id = sqlite3_column_int64(q, 0);
    store_col_text(q, 1, a->lab, sizeof a->lab);
    a->user = sqlite3_column_int64(q, 2);
    store_col_text(q, 3, a->exercise, sizeof a->exercise);
    a->number = sqlite3_column_int64(q, 4);
    store_col_text(q, 5, state, sizeof state);
    a->state = ATTEMPT_ERROR;
    for (size_t i = 0; i < ARRAY_LEN(state_names); i++)
        if (strcmp(state_names[i], state) == 0)
            a->state = (enum store_attempt_state)i;
    a->started = sqlite3_column_int64(q, 6);
    a->finished = sqlite3_column_int64(q, 7);
    a->score = sqlite3_column_int64(q, 8);
    a->max_score = sqlite3_column_int64(q, 9);
    store_col_text(q, 10, a->error, sizeof a->error);
    a->report = store_col_dup(q, 11);
    a->spent = sqlite3_column_int64(q, 12) != 0;
    a->counts = sqlite3_column_int64(q, 13);
    a->former = store_col_dup(q, 14);
    a->evidence = sqlite3_column_int64(q, 15) != 0;
    return 16;
}

static int find_one(struct store *s, sqlite3_stmt *q, struct store_attempt *out, struct err *e)
{
    if (store_row(s, q, "find the attempt", e) < 0)
        return -1;
    store_read_attempt(q, out);
    sqlite3_reset(q);
    return 0;
}

int store_attempt_find(struct store *s, int64_t inst, int64_t id, struct store_attempt *out, struct err *e)
{
    return find_one(s, store_bind(s, SQL_ATTEMPT_FIND, "ii", inst, id), out, e);
}

int store_attempt_latest(struct store *s, int64_t inst, const char *lab, struct store_attempt *out,
                         struct err *e)
{
    return find_one(s, store_bind(s, SQL_ATTEMPT_LATEST, "it", inst, lab), out, e);
}

static int each(struct store *s, sqlite3_stmt *q, store_attempt_fn *fn, void *arg, struct err *e)
{
    int r;
    while ((r = store_step(s, q, "list the attempts", e)) == 1) {
        struct store_attempt a;
        store_read_attempt(q, &a);
        fn(&a, arg);
        store_attempt_clear(&a);
    }
    return r;
}

int store_attempt_each(struct store *s, int64_t inst, const char *lab, store_attempt_fn *fn, void *arg,
                       struct err *e)
{
    return each(s, store_bind(s, SQL_ATTEMPT_EACH, "it", inst, lab), fn, arg, e);
}

int store_attempt_history(struct store *s, int64_t inst, int64_t user, const char *exercise, int64_t max,
                          store_attempt_fn *fn, void *arg, struct err *e)
{
    return each(s, store_bind(s, SQL_ATTEMPT_HISTORY, "iiti", inst, user, exercise, max), fn, arg, e);
}

int store_attempt_count(struct store *s, int64_t inst, enum store_attempt_state st, int64_t *n, struct err *e)
{
    return store_count(s, store_bind(s, SQL_ATTEMPT_COUNT, "it", inst, state_names[st]), "count the attempts",
                       n, e);
}

int store_failures_each(struct store *s, int64_t inst, int64_t user, const char *exercise, const char *lab,
                        int64_t before, store_failures_fn *fn, void *arg, struct err *e)
{
    sqlite3_stmt *q = store_bind(s, SQL_FAILURES_EACH, "iiTti", inst, user, exercise, lab, before);
    char check[NAME_SIZE];
    int r;

    while ((r = store_step(s, q, "count the failed checks", e)) == 1) {
        store_col_text(q, 0, check, sizeof check);
        fn(check, sqlite3_column_int64(q, 1), arg);
    }
    return r;
}

static void read_score(sqlite3_stmt *q, int col, struct store_score *out)
{
    out->attempts = sqlite3_column_int64(q, col);
    out->scored = sqlite3_column_type(q, col + 1) != SQLITE_NULL;
    out->best = sqlite3_column_int64(q, col + 1);
    out->max = sqlite3_column_int64(q, col + 2);
    out->began = sqlite3_column_int64(q, col + 3);
    out->ended = sqlite3_column_int64(q, col + 4);
    out->last = sqlite3_column_int64(q, col + 5);
    out->last_counts = sqlite3_column_int64(q, col + 6);
    out->best_counts = sqlite3_column_int64(q, col + 7);
    out->overridden = sqlite3_column_type(q, col + 8) != SQLITE_NULL;
    out->override = sqlite3_column_int64(q, col + 8);
}

int store_score_find(struct store *s, int64_t inst, int64_t user, const char *exercise,
                     struct store_score *out, struct err *e)
{
    sqlite3_stmt *q = store_bind(s, SQL_SCORE_FIND, "iit", inst, user, exercise);
    if (store_row(s, q, "find the scores", e) < 0)
        return -1;
    read_score(q, 0, out);
    sqlite3_reset(q);
    return 0;
}

int store_overview_each(struct store *s, int64_t inst, store_overview_fn *fn, void *arg, struct err *e)
{
    sqlite3_stmt *q = store_bind(s, SQL_OVERVIEW_EACH, "i", inst);
    int r;
    while ((r = store_step(s, q, "list the scores", e)) == 1) {
        struct store_overview o;
        store_col_text(q, 0, o.login, sizeof o.login);
        store_col_text(q, 1, o.name, sizeof o.name);
        store_col_text(q, 2, o.exercise, sizeof o.exercise);
        store_col_text(q, 3, o.lab, sizeof o.lab);
        read_score(q, 4, &o.score);
        fn(&o, arg);
    }
    return r;
}
