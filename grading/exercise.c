/* Loading an exercise as a whole, and its memory. */
#include "grading/exercise.h"

#include "grading/exercise_parts.h"
#include "labd/base/buf.h"
#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "topology/topo_parameter.h"

#include <stdio.h>
#include <stdlib.h>
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
        free(c->across.v);
        free(c->links.v);
        free(c->of.v);
        free(c->nodes.v);
        free(c->text);
        free(c->answer);
        free(c->also);
        free(c->given);
        free(c->run);
        free(c->program);
        for (size_t k = 0; k < c->nparts; k++)
            free(c->parts[k].text);
        free(c->parts);
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

/* Then it can be read only when the topology can. */
static bool uses_parameters(const char *xml, size_t n)
{
    return memmem(xml, n, "${", 2) != NULL;
}

struct exercise *exercise_load_seeded(const char *xml, size_t n, const char *topo_xml, size_t topo_n,
                                      const struct topo_seed *seed, struct topo_msgs *xm,
                                      struct topo_msgs *tm, struct err *e)
{
    AUTO(topo_msgs_clear) struct topo_msgs own = TOPO_MSGS_INIT;
    AUTO(exercise_freep) struct exercise *x = NULL;
    AUTO(topo_freep) struct topo *t = NULL;
    struct topo_msgs *m = xm != NULL ? xm : &own;
    struct err te = {0};

    t = topo_load_seeded(topo_xml, topo_n, seed, tm, &te);
    if ((t != NULL || !uses_parameters(xml, n)) && (x = exercise_read(xml, n, t, m, e)) == NULL)
        return NULL;
    if (t == NULL) {
        err_set(e, te.code, "topology: %s", te.msg);
        return NULL;
    }
    x->topo = TAKE(t);
    exercise_check(x, x->topo, m);
    return finish(TAKE(x), "exercise.xml", m, e);
}

struct exercise *exercise_load_mem(const char *xml, size_t n, const char *topo_xml, size_t topo_n,
                                   struct topo_msgs *xm, struct topo_msgs *tm, struct err *e)
{
    return exercise_load_seeded(xml, n, topo_xml, topo_n, NULL, xm, tm, e);
}

/* Reads exercise.xml and the topology that it names.  '*x' has no topology if 'te' says why; NULL with 'e' if
 * there is nothing to go on with. */
static struct exercise *read_both(const char *dir, const struct buf *xml, const struct topo_seed *seed,
                                  struct topo_msgs *m, struct topo_msgs *tm, struct err *te, struct err *e)
{
    bool twice = uses_parameters(buf_str(xml), xml->len);
    AUTO(topo_msgs_clear) struct topo_msgs first = TOPO_MSGS_INIT;
    AUTO(exercise_freep)
    struct exercise *x = exercise_read(buf_str(xml), xml->len, NULL, twice ? &first : m, e);
    AUTO(mem_freep) char *path = NULL;
    AUTO(topo_freep) struct topo *t = NULL;

    if (x != NULL && x->topo_file != NULL) {
        path = xasprintf("%s/%s", dir, x->topo_file);
        if ((t = topo_load_file_seeded(path, seed, tm, te)) == NULL)
            err_wrap(te, "%s", x->topo_file);
    }
    if (twice && (t != NULL || x == NULL || x->topo_file == NULL)) {
        exercise_free(x);
        x = exercise_read(buf_str(xml), xml->len, t, m, e);
    }
    if (x != NULL)
        x->topo = TAKE(t);
    return TAKE(x);
}

/* The messages of a text that is filled, as messages about exercise.xml. */
static void check_text(const struct exercise *x, const char *text, const char *file, int line,
                       struct topo_msgs *m)
{
    AUTO(topo_msgs_clear) struct topo_msgs own = TOPO_MSGS_INIT;

    free(topo_reference_fill(x->topo, text, false, 0, &own));
    for (size_t i = 0; i < own.n; i++)
        topo_msgs_add(m, line, TOPO_ERROR, "'%s': %s", file, own.items[i].text);
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
    if (x->instructions != NULL && x->topo != NULL)
        check_text(x, x->instructions, x->instructions_file, x->line, m);
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

struct exercise *exercise_load_dir_seeded(const char *dir, const struct topo_seed *seed, struct topo_msgs *xm,
                                          struct topo_msgs *tm, struct err *e)
{
    AUTO(topo_msgs_clear) struct topo_msgs own = TOPO_MSGS_INIT;
    AUTO(exercise_freep) struct exercise *x = NULL;
    AUTO(mem_freep) char *path = xasprintf("%s/exercise.xml", dir);
    AUTO(buf_clear) struct buf xml = BUF_INIT;
    struct topo_msgs *m = xm != NULL ? xm : &own;
    struct err te = {0};
    char name[NAME_SIZE];

    if (file_read(path, EXERCISE_FILE_MAX, &xml, e) < 0)
        return NULL;
    if ((x = read_both(dir, &xml, seed, m, tm, &te, e)) == NULL) {
        err_wrap(e, "%s", path);
        return NULL;
    }
    x->dir = xstrdup(dir);
    if (x->id[0] != '\0' && strcmp(folder_name(dir, name), x->id) != 0 && strcmp(name, ".") != 0)
        topo_msgs_add(m, x->line, TOPO_ERROR, "the id is '%s', but the folder is '%s'", x->id, name);
    if (x->topo != NULL) {
        exercise_programs_load(x, m);
        exercise_check(x, x->topo, m);
    }
    load_instructions(x, m);
    if (x->topo != NULL)
        exercise_files_check(x, m);
    if (te.code != ERR_NONE && m->nerrors == 0) {
        err_set(e, te.code, "%s/%s", dir, te.msg);
        return NULL;
    }
    return finish(TAKE(x), path, m, e);
}

struct exercise *exercise_load_dir(const char *dir, struct topo_msgs *xm, struct topo_msgs *tm, struct err *e)
{
    return exercise_load_dir_seeded(dir, NULL, xm, tm, e);
}
