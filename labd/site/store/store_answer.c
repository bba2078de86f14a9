/* What students say to questions, and whose values there are. */
#include "labd/base/mem.h"
#include "labd/site/store/store_int.h"

#include <string.h>

int store_answer_put(struct store *s, int64_t inst, const char *lab, const char *question, const char *text,
                     struct err *e)
{
    return store_exec(s, store_bind(s, SQL_ANSWER_PUT, "ittt", inst, lab, question, text), "store the answer",
                      e);
}

int store_answer_del(struct store *s, int64_t inst, const char *lab, const char *question, struct err *e)
{
    return store_exec(s, store_bind(s, SQL_ANSWER_DEL, "itt", inst, lab, question), "remove the answer", e);
}

static int each(struct store *s, sqlite3_stmt *q, store_answer_fn *fn, void *arg, struct err *e)
{
    int r;

    while ((r = store_step(s, q, "list the answers", e)) == 1) {
        AUTO(mem_freep) char *text = store_col_dup(q, 1);
        char question[NAME_SIZE];

        store_col_text(q, 0, question, sizeof question);
        fn(question, text, arg);
    }
    return r;
}

int store_answer_each(struct store *s, int64_t inst, const char *lab, store_answer_fn *fn, void *arg,
                      struct err *e)
{
    return each(s, store_bind(s, SQL_ANSWER_EACH, "it", inst, lab), fn, arg, e);
}

int store_wrong_each(struct store *s, int64_t inst, int64_t user, const char *exercise, int64_t before,
                     store_answer_fn *fn, void *arg, struct err *e)
{
    return each(s, store_bind(s, SQL_WRONG_EACH, "iiti", inst, user, exercise, before), fn, arg, e);
}

int store_seeds_each(struct store *s, int64_t inst, const char *exercise, int64_t user, int64_t max,
                     store_seed_fn *fn, void *arg, struct err *e)
{
    sqlite3_stmt *q = store_bind(s, SQL_SEEDS_EACH, "itii", inst, exercise, user, max);
    char login[STORE_LOGIN_SIZE];
    struct topo_seed seed;
    int r;

    while ((r = store_step(s, q, "list the seeds", e)) == 1) {
        store_col_text(q, 0, login, sizeof login);
        memcpy(seed.key, sqlite3_column_blob(q, 1), sizeof seed.key); /* a CHECK has its length */
        fn(login, &seed, arg);
    }
    return r;
}
