/* Labs: the wanted state, on disk before labhost is asked for anything. */
#include "labd/base/mem.h"
#include "labd/site/store/store_int.h"

#include <string.h>

static const char *const state_names[] = {
    [LAB_STARTING] = "starting", [LAB_RUNNING] = "running",       [LAB_FAILED] = "failed",
    [LAB_STOPPING] = "stopping", [LAB_SUSPENDING] = "suspending", [LAB_SUSPENDED] = "suspended",
    [LAB_GONE] = "gone"};

const char *store_lab_state_name(enum store_lab_state st)
{
    return state_names[st];
}

void store_lab_clear(struct store_lab *l)
{
    free(l->topology);
    free(l->exercise_xml);
    l->topology = l->exercise_xml = NULL;
}

int store_lab_add(struct store *s, int64_t inst, const struct store_lab *l, struct err *e)
{
    sqlite3_stmt *q = store_bind(s, SQL_LAB_ADD, "itiiTtttTttib", inst, l->id, l->host, l->owner, l->exercise,
                                 l->name, l->title, l->topology, l->exercise_xml, l->driver,
                                 state_names[l->state], l->created, l->seed.key, (int)sizeof l->seed.key);
    return store_exec(s, q, "store the lab", e);
}

int store_lab_set_state(struct store *s, int64_t inst, const char *id, enum store_lab_state st,
                        const char *error, int64_t ready, struct err *e)
{
    sqlite3_stmt *q = store_bind(s, SQL_LAB_SET_STATE, ready > 0 ? "ittTi" : "ittTn", inst, id,
                                 state_names[st], error, ready);
    return store_exec(s, q, "store the lab's state", e);
}

int store_lab_mend(struct store *s, int64_t inst, const char *id, const char *exercise_xml, struct err *e)
{
    return store_exec(s, store_bind(s, SQL_LAB_MEND, "itt", inst, id, exercise_xml), "mend the lab", e);
}

int store_lab_end(struct store *s, int64_t inst, const char *id, struct err *e)
{
    if (store_begin(s, e) < 0)
        return -1;
    if (store_exec(s, store_bind(s, SQL_ANSWER_END, "it", inst, id), "end the lab", e) < 0 ||
        store_exec(s, store_bind(s, SQL_LAB_END, "it", inst, id), "end the lab", e) < 0) {
        store_rollback(s);
        return -1;
    }
    return store_commit(s, e);
}

static void read_lab(sqlite3_stmt *q, struct store_lab *l)
{
    char state[16];
    store_col_text(q, 0, l->id, sizeof l->id);
    l->host = sqlite3_column_int64(q, 1);
    l->owner = sqlite3_column_int64(q, 2);
    store_col_text(q, 3, l->owner_login, sizeof l->owner_login);
    store_col_text(q, 4, l->owner_name, sizeof l->owner_name);
    store_col_text(q, 5, l->exercise, sizeof l->exercise);
    store_col_text(q, 6, l->name, sizeof l->name);
    store_col_text(q, 7, l->title, sizeof l->title);
    l->topology = store_col_dup(q, 8);
    l->exercise_xml = store_col_dup(q, 9);
    store_col_text(q, 10, l->driver, sizeof l->driver);
    store_col_text(q, 11, state, sizeof state);
    l->state = LAB_STARTING;
    for (size_t i = 0; i < ARRAY_LEN(state_names); i++)
        if (strcmp(state_names[i], state) == 0)
            l->state = (enum store_lab_state)i;
    store_col_text(q, 12, l->error, sizeof l->error);
    l->created = sqlite3_column_int64(q, 13);
    l->ready = sqlite3_column_int64(q, 14);
    if (sqlite3_column_bytes(q, 15) == sizeof l->seed.key)
        memcpy(l->seed.key, sqlite3_column_blob(q, 15), sizeof l->seed.key);
}

int store_lab_each(struct store *s, int64_t inst, store_lab_fn *fn, void *arg, struct err *e)
{
    sqlite3_stmt *q = store_bind(s, SQL_LAB_EACH, "i", inst);
    struct store_lab *v = NULL;
    size_t n = 0, cap = 0;
    int r;
    while ((r = store_step(s, q, "list the labs", e)) == 1) {
        XGROW(v, n, cap);
        read_lab(q, &v[n++]);
    }
    /* Copied first, so that 'fn' may use the store. */
    for (size_t i = 0; i < n; i++) {
        if (r == 0)
            fn(&v[i], arg);
        store_lab_clear(&v[i]);
    }
    free(v);
    return r;
}
