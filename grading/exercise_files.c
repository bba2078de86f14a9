/* What lies beside exercise.xml: the scripts and answers of the reference and the wrong solutions, the programs of checks. */
#include "grading/answer.h"
#include "grading/exercise_attr.h"
#include "grading/exercise_parts.h"
#include "labd/base/buf.h"
#include "labd/base/file.h"
#include "labd/base/folder.h"
#include "labd/base/mem.h"
#include "topology/topo_parameter.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ANSWERS "answers"

static void closedirp(DIR **d)
{
    if (*d != NULL)
        closedir(*d);
}

/* The node of the topology that "r1.sh" is for, or NULL. */
static const char *script_of_node(const struct exercise *x, const char *file)
{
    for (size_t i = 0; x->topo != NULL && i < x->topo->nnodes; i++) {
        const char *name = x->topo->nodes[i].name;
        size_t n = strlen(name);

        if (strncmp(file, name, n) == 0 && strcmp(file + n, ".sh") == 0)
            return name;
    }
    return NULL;
}

/* Appends a file of solution 'which', with the values of parameters. */
static int read_filled(const struct exercise *x, const char *which, const char *file, struct buf *out,
                       struct err *e)
{
    AUTO(mem_freep) char *path = xasprintf("%s/%s/%s", x->dir, which, file), *filled = NULL;
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(buf_clear) struct buf text = BUF_INIT;

    if (file_read(path, EXERCISE_TEXT_MAX, &text, e) < 0)
        return -1;
    filled = topo_reference_fill(x->topo, buf_str(&text), false, 0, &m);
    if (m.nerrors > 0)
        return err_set(e, ERR_INVALID, "%s/%s: %s", which, file, m.items[0].text);
    buf_puts(out, filled);
    return 0;
}

static int read_script(const struct exercise *x, const char *which, const char *node, struct buf *out,
                       struct err *e)
{
    AUTO(mem_freep) char *file = xasprintf("%s.sh", node);

    return read_filled(x, which, file, out, e);
}

/* "CHECK: TEXT", which is cut into the two; an empty line or a comment gives "". */
static int read_answer(const struct exercise *x, char *line, const char **check, const char **text,
                       struct err *e)
{
    const struct exercise_check *c;
    char plain[ANSWER_SIZE], *colon;

    exercise_fold(line);
    *check = *text = "";
    if (line[0] == '\0' || line[0] == '#')
        return 0;
    if ((colon = strchr(line, ':')) == NULL)
        return err_set(e, ERR_INVALID, "this is not \"CHECK: TEXT\"");
    *colon = '\0';
    c = exercise_check_find(x, line);
    if (c == NULL || !answer_asked(c))
        return err_set(e, ERR_INVALID, "the exercise asks no question '%.64s'", line);
    *check = line;
    *text = colon + 1 + (colon[1] == ' ');
    return answer_canonical(c->form, *text, plain, e);
}

static int read_answers(const struct exercise *x, const char *which, exercise_answer_fn *fn, void *arg,
                        struct err *e)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    AUTO(mem_freep) char *all = NULL;
    unsigned n = 0;

    if (read_filled(x, which, ANSWERS, &text, e) < 0)
        return e->code == ERR_NOT_FOUND ? 0 : -1;
    all = xstrdup(buf_str(&text));
    for (char *line = all, *next; line != NULL; line = next) {
        const char *check, *said;

        n++;
        if ((next = strchr(line, '\n')) != NULL)
            *next++ = '\0';
        if (read_answer(x, line, &check, &said, e) < 0)
            return err_wrap(e, "%s/%s:%u", which, ANSWERS, n);
        if (check[0] != '\0')
            fn(check, said, arg);
    }
    return 0;
}

static void ignore(const char *check, const char *text, void *arg)
{
    (void)check;
    (void)text;
    (void)arg;
}

static void check_dir(const struct exercise *x, const char *which, int line, struct topo_msgs *m)
{
    AUTO(mem_freep) char *path = xasprintf("%s/%s", x->dir, which);
    AUTO(closedirp) DIR *d = opendir(path);
    const struct dirent *f;
    size_t n = 0;

    if (d == NULL) {
        topo_msgs_add(m, line, TOPO_ERROR, "folder '%s': %s", which, strerror(errno));
        return;
    }
    while ((f = readdir(d)) != NULL) {
        if (f->d_name[0] == '.')
            continue;
        AUTO(buf_clear) struct buf script = BUF_INIT;
        const char *node = script_of_node(x, f->d_name);
        bool answers = strcmp(f->d_name, ANSWERS) == 0;
        struct err e;
        if (node == NULL && !answers)
            topo_msgs_add(m, line, TOPO_ERROR,
                          "folder '%s': '%.100s' is not NODE.sh of a node of the topology", which, f->d_name);
        else if (answers ? read_answers(x, which, ignore, NULL, &e) < 0
                         : read_script(x, which, node, &script, &e) < 0)
            topo_msgs_add(m, line, TOPO_ERROR, "%s", e.msg);
        n += node != NULL || answers;
    }
    if (n == 0)
        topo_msgs_add(m, line, TOPO_ERROR, "folder '%s' holds neither a script nor answers", which);
}

void exercise_files_check(const struct exercise *x, struct topo_msgs *m)
{
    if (x->solution_dir != NULL)
        check_dir(x, x->solution_dir, x->line, m);
    for (size_t i = 0; i < x->nwrongs; i++)
        if (x->wrongs[i].dir != NULL)
            check_dir(x, x->wrongs[i].dir, x->wrongs[i].line, m);
}

/* ---- programs of checks ---- */
int exercise_program_read(const char *dir, const char *run, struct buf *out, struct err *e)
{
    AUTO(folder_close) struct folder f = FOLDER_INIT;
    AUTO(buf_clear) struct buf text = BUF_INIT;

    if (folder_open(&f, dir, e) < 0)
        return -1;
    if (folder_read(&f, run, PROBE_SCRIPT_SIZE - 1, &text, NULL, e) < 0 ||
        probe_script_check(buf_str(&text), text.len, e) < 0)
        return err_wrap(e, "'%s'", run);
    buf_add(out, buf_str(&text), text.len);
    return 0;
}

void exercise_programs_load(struct exercise *x, struct topo_msgs *m)
{
    for (size_t i = 0; i < x->nchecks; i++) {
        struct exercise_check *c = &x->checks[i];
        AUTO(topo_msgs_clear) struct topo_msgs own = TOPO_MSGS_INIT;
        AUTO(buf_clear) struct buf text = BUF_INIT;
        struct err e;

        if (c->run == NULL || c->program != NULL)
            continue;
        if (exercise_program_read(x->dir, c->run, &text, &e) < 0) {
            topo_msgs_add(m, c->line, TOPO_ERROR, "check '%s': %s", c->id, e.msg);
            continue;
        }
        c->program = topo_reference_fill(x->topo, buf_str(&text), false, 0, &own);
        for (size_t k = 0; k < own.n; k++)
            topo_msgs_add(m, c->line, TOPO_ERROR, "check '%s': '%s': %s", c->id, c->run, own.items[k].text);
    }
}

static bool known_dir(const struct exercise *x, const char *which)
{
    if (x->solution_dir != NULL && strcmp(x->solution_dir, which) == 0)
        return true;
    for (size_t i = 0; i < x->nwrongs; i++)
        if (strcmp(x->wrongs[i].dir, which) == 0)
            return true;
    return false;
}

int exercise_script(const struct exercise *x, const char *which, const char *node, struct buf *out,
                    struct err *e)
{
    if (x->dir == NULL || !known_dir(x, which))
        return err_set(e, ERR_INVALID, "exercise '%s' has no solution '%s'", x->id, which);
    if (name_check(node, "node", e) < 0)
        return -1;
    return read_script(x, which, node, out, e);
}

int exercise_answers(const struct exercise *x, const char *which, exercise_answer_fn *fn, void *arg,
                     struct err *e)
{
    if (x->dir == NULL || !known_dir(x, which))
        return err_set(e, ERR_INVALID, "exercise '%s' has no solution '%s'", x->id, which);
    return read_answers(x, which, fn, arg, e);
}
