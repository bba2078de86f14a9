/* Loading an exercise as a whole, and its memory. */
#include "grading/exercise.h"

#include "grading/exercise_parts.h"
#include "labd/base/buf.h"
#include "labd/base/file.h"
#include "labd/base/mem.h"

#include <stdio.h>
#include <string.h>

void exercise_free(struct exercise *x)
{
    if (x == NULL)
        return;
    for (size_t i = 0; i < x->nchecks; i++) {
        struct exercise_check *c = &x->checks[i];

        free(c->title);
        free(c->requires.v);
        free(c->via.v);
        free(c->avoids.v);
        free(c->cut.v);
        for (size_t k = 0; k < c->nhints; k++)
            free(c->hints[k].text);
        free(c->hints);
    }
    for (size_t i = 0; i < x->nwrongs; i++) {
        free(x->wrongs[i].dir);
        free(x->wrongs[i].why);
    }
    free(x->checks);
    free(x->wrongs);
    free(x->title);
    free(x->level);
    free(x->summary);
    free(x->source);
    free(x->dir);
    free(x->instructions_file);
    free(x->instructions);
    free(x->solution_dir);
    free(x->topo_file);
    topo_free(x->topo);
    free(x);
}

void exercise_freep(struct exercise **x)
{
    exercise_free(*x);
}

unsigned exercise_max_score(const struct exercise *x)
{
    unsigned sum = 0;

    for (size_t i = 0; i < x->nchecks; i++)
        sum += x->checks[i].points;
    return sum;
}

const struct exercise_check *exercise_check_find(const struct exercise *x, const char *id)
{
    for (size_t i = 0; id[0] != '\0' && i < x->nchecks; i++)
        if (strcmp(x->checks[i].id, id) == 0)
            return &x->checks[i];
    return NULL;
}

/* 'x' if there is no error among the messages; else it is freed and 'e' holds the first. */
static struct exercise *finish(struct exercise *x, const char *file, struct topo_msgs *m, struct err *e)
{
    topo_msgs_sort(m);
    if (m->nerrors == 0)
        return x;
    for (size_t i = 0; i < m->n; i++)
        if (m->items[i].severity == TOPO_ERROR) {
            err_set(e, ERR_INVALID, "%s:%d: %s", file, m->items[i].line > 0 ? m->items[i].line : 1,
                    m->items[i].text);
            break;
        }
    exercise_free(x);
    return NULL;
}

struct exercise *exercise_load_mem(const char *xml, size_t n, const char *topo_xml, size_t topo_n,
                                   struct topo_msgs *xm, struct topo_msgs *tm, struct err *e)
{
    AUTO(topo_msgs_clear) struct topo_msgs own = TOPO_MSGS_INIT;
    AUTO(exercise_freep) struct exercise *x = NULL;
    struct topo_msgs *m = xm != NULL ? xm : &own;

    if ((x = exercise_read(xml, n, m, e)) == NULL)
        return NULL;
    if ((x->topo = topo_load_mem(topo_xml, topo_n, tm, e)) == NULL) {
        err_wrap(e, "topology");
        return NULL;
    }
    exercise_check(x, x->topo, m);
    return finish(TAKE(x), "exercise.xml", m, e);
}

/* The topology that exercise.xml names. */
static int load_topology(struct exercise *x, struct topo_msgs *tm, struct err *e)
{
    AUTO(mem_freep) char *path = xasprintf("%s/%s", x->dir, x->topo_file);

    x->topo = topo_load_file(path, tm, e);
    return x->topo != NULL ? 0 : err_wrap(e, "%s", x->topo_file);
}

static void load_instructions(struct exercise *x, struct topo_msgs *m)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    AUTO(mem_freep) char *path = NULL;
    struct err e;

    if (x->instructions_file == NULL) {
        topo_msgs_add(m, x->line, TOPO_ERROR, "<exercise> needs a <instructions>");
        return;
    }
    path = xasprintf("%s/%s", x->dir, x->instructions_file);
    if (file_read(path, EXERCISE_TEXT_MAX, &text, &e) < 0)
        topo_msgs_add(m, x->line, TOPO_ERROR, "%s", e.msg);
    else if (strlen(buf_str(&text)) != text.len)
        topo_msgs_add(m, x->line, TOPO_ERROR, "'%s' is not a text", x->instructions_file);
    else
        x->instructions = buf_take(&text);
}

static const char *folder_name(const char *dir, char out[NAME_SIZE])
{
    size_t end = strlen(dir), start;

    while (end > 0 && dir[end - 1] == '/')
        end--;
    for (start = end; start > 0 && dir[start - 1] != '/'; start--)
        ;
    snprintf(out, NAME_SIZE, "%.*s", (int)(end - start < NAME_SIZE ? end - start : NAME_SIZE - 1),
             dir + start);
    return out;
}

struct exercise *exercise_load_dir(const char *dir, struct topo_msgs *xm, struct topo_msgs *tm, struct err *e)
{
    AUTO(topo_msgs_clear) struct topo_msgs own = TOPO_MSGS_INIT;
    AUTO(exercise_freep) struct exercise *x = NULL;
    AUTO(mem_freep) char *path = xasprintf("%s/exercise.xml", dir);
    AUTO(buf_clear) struct buf xml = BUF_INIT;
    struct topo_msgs *m = xm != NULL ? xm : &own;
    struct err te = {0};
    char name[NAME_SIZE];
    bool topo_bad;

    if (file_read(path, EXERCISE_FILE_MAX, &xml, e) < 0)
        return NULL;
    if ((x = exercise_read(buf_str(&xml), xml.len, m, e)) == NULL) {
        err_wrap(e, "%s", path);
        return NULL;
    }
    x->dir = xstrdup(dir);
    if (x->id[0] != '\0' && strcmp(folder_name(dir, name), x->id) != 0 && strcmp(name, ".") != 0)
        topo_msgs_add(m, x->line, TOPO_ERROR, "the id is '%s', but the folder is '%s'", x->id, name);
    topo_bad = x->topo_file != NULL && load_topology(x, tm, &te) < 0;
    if (x->topo != NULL)
        exercise_check(x, x->topo, m);
    load_instructions(x, m);
    if (x->topo != NULL)
        exercise_files_check(x, m);
    if (topo_bad && m->nerrors == 0) {
        err_set(e, te.code, "%s/%s", dir, te.msg);
        return NULL;
    }
    return finish(TAKE(x), path, m, e);
}
