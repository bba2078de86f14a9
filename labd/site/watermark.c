#include "labd/site/watermark.h"

#include "grading/answer.h"
#include "labd/base/mem.h"

#include <stdio.h>
#include <string.h>

struct other {
    char login[STORE_LOGIN_SIZE];
    struct topo_seed seed;
};

struct watermarks {
    struct other *v;
    size_t n, cap;
};

static void add(const char *login, const struct topo_seed *seed, void *arg)
{
    struct watermarks *w = arg;

    XGROW(w->v, w->n, w->cap);
    snprintf(w->v[w->n].login, sizeof w->v[w->n].login, "%s", login);
    w->v[w->n++].seed = *seed;
}

struct watermarks *watermarks_new(struct site *s, int64_t inst, const struct store_attempt *row,
                                  struct err *e)
{
    struct watermarks *w = xcalloc(1, sizeof *w);

    if (store_seeds_each(s->store, inst, row->exercise, row->user, WATERMARK_OTHERS_MAX, add, w, e) == 0)
        return w;
    watermarks_free(w);
    return NULL;
}

void watermarks_free(struct watermarks *w)
{
    if (w != NULL)
        free(w->v);
    free(w);
}

static bool failed(const json_t *check)
{
    const char *status = json_string_value(json_object_get(check, "status"));

    return status != NULL && strcmp(status, "fail") == 0;
}

/* Is it a question that failed for what was said to it? */
static bool suspect(const struct exercise_check *c, const json_t *check)
{
    return answer_asked(c) && c->given != NULL && failed(check) && !answer_right(c, c->given);
}

static void name(json_t *check, const char *login)
{
    json_t *others = json_object_get(check, "others");

    if (others == NULL)
        json_object_set_new(check, "others", others = json_array());
    if (json_array_size(others) < WATERMARK_NAMED_MAX)
        json_array_append_new(others, json_text(login));
}

void watermarks_flag(const struct watermarks *w, const struct exercise *x, const char *exercise_xml,
                     const char *topology, json_t *report)
{
    const json_t *checks = json_object_get(report, "checks");
    bool any = false;

    for (size_t i = 0; i < x->nchecks; i++)
        any = any || suspect(&x->checks[i], json_array_get(checks, i));
    for (size_t k = 0; any && x->topo->nparameters > 0 && k < w->n; k++) {
        struct err e;
        AUTO(exercise_freep)
        struct exercise *y = exercise_load_seeded(exercise_xml, strlen(exercise_xml), topology,
                                                  strlen(topology), &w->v[k].seed, NULL, NULL, &e);
        for (size_t i = 0; y != NULL && i < x->nchecks; i++)
            if (suspect(&x->checks[i], json_array_get(checks, i)) &&
                answer_right(&y->checks[i], x->checks[i].given))
                name(json_array_get(checks, i), w->v[k].login);
    }
}

void watermarks_keep(const json_t *old, json_t *report)
{
    json_t *checks = json_object_get(report, "checks"), *former = json_object_get(old, "checks"), *c, *f;
    size_t i, k;

    json_array_foreach(checks, i, c) {
        json_array_foreach(former, k, f) {
            json_t *others = json_object_get(f, "others");

            if (others != NULL && failed(c) && json_equal(json_object_get(f, "id"), json_object_get(c, "id")))
                json_object_set(c, "others", others);
        }
    }
}
