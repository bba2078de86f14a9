#include "labd/site/exercises.h"

#include "labd/base/file.h"
#include "labd/base/log.h"
#include "labd/base/mem.h"
#include "labd/site/deadlines.h"
#include "labd/site/labs.h"
#include "labd/site/rules.h"

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>

struct exercises {
    struct site_exercise *v;
    size_t n, cap;
};

static void clear(struct site_exercise *se)
{
    exercise_free(se->x);
    free(se->xml);
    free(se->topology);
    free(se->html);
    json_decref(se->drawing);
}

/* One log line per problem, "FILE:LINE: error: text", as labctl validate prints them. */
static void log_problems(const char *dir, const char *file, const struct topo_msgs *m)
{
    AUTO(mem_freep) char *path = xasprintf("%s/%s", dir, file);
    AUTO(buf_clear) struct buf b = BUF_INIT;
    char *line, *rest;

    topo_msgs_print(m, path, &b);
    for (line = b.data; line != NULL && *line != '\0'; line = rest) {
        rest = strchr(line, '\n');
        if (rest != NULL)
            *rest++ = '\0';
        log_warn("exercise.problem", "at", line);
    }
}

static int read_text(const char *dir, const char *file, size_t max, char **out, struct err *e)
{
    AUTO(mem_freep) char *path = xasprintf("%s/%s", dir, file);
    AUTO(buf_clear) struct buf b = BUF_INIT;

    if (file_read(path, max, &b, e) < 0)
        return -1;
    *out = buf_take(&b);
    return 0;
}

/* CommonMark and tables.  Raw HTML and javascript: addresses are left out, as nothing asks for them. */
static char *markdown(const char *text)
{
    const int options = CMARK_OPT_DEFAULT | CMARK_OPT_VALIDATE_UTF8;

    if (text == NULL)
        return xstrdup("");
    cmark_gfm_core_extensions_ensure_registered();
    cmark_parser *parser = cmark_parser_new(options);
    cmark_syntax_extension *tables = cmark_find_syntax_extension("table");
    if (tables == NULL || !cmark_parser_attach_syntax_extension(parser, tables))
        abort(); /* a library without what it is built for */
    cmark_parser_feed(parser, text, strlen(text));
    cmark_node *document = cmark_parser_finish(parser);
    char *html = cmark_render_html(document, options, cmark_parser_get_syntax_extensions(parser));
    if (html == NULL)
        abort();
    cmark_node_free(document);
    cmark_parser_free(parser);
    return html;
}

static int load_one(const char *dir, struct site_exercise *out, struct err *e)
{
    AUTO(topo_msgs_clear) struct topo_msgs xm = TOPO_MSGS_INIT;
    AUTO(topo_msgs_clear) struct topo_msgs tm = TOPO_MSGS_INIT;
    struct site_exercise se = {.x = exercise_load_dir(dir, &xm, &tm, e)};

    log_problems(dir, "exercise.xml", &xm);
    log_problems(dir, se.x != NULL ? se.x->topo_file : "topology.xml", &tm);
    if (se.x == NULL)
        return -1;
    if (read_text(dir, "exercise.xml", EXERCISE_FILE_MAX, &se.xml, e) < 0 ||
        read_text(dir, se.x->topo_file, TOPO_FILE_MAX, &se.topology, e) < 0) {
        clear(&se);
        return -1;
    }
    se.html = markdown(se.x->instructions);
    se.drawing = topo_drawing_json(se.x->topo);
    *out = se;
    return 0;
}

static int only_folders(const struct dirent *d)
{
    return name_ok(d->d_name);
}

struct exercises *exercises_load(const char *dir, struct err *e)
{
    struct dirent **list = NULL;
    struct err why;

    struct exercises *xs = xcalloc(1, sizeof *xs);
    int n = dir == NULL ? 0 : scandir(dir, &list, only_folders, alphasort);
    if (n < 0) {
        err_sys(e, "read the folder of exercises %s", dir);
        free(xs);
        return NULL;
    }
    for (int i = 0; i < n; i++) {
        AUTO(mem_freep) char *path = xasprintf("%s/%s", dir, list[i]->d_name);
        AUTO(mem_freep) char *file = xasprintf("%s/exercise.xml", path);
        struct site_exercise se;
        if (file_exists(file)) {
            if (load_one(path, &se, &why) == 0) {
                XGROW(xs->v, xs->n, xs->cap);
                xs->v[xs->n++] = se;
                log_info("exercise.loaded", "id", se.x->id, "title", se.x->title);
            } else {
                log_err("exercise.left-out", &why, "folder", path, NULL);
            }
        }
        free(list[i]);
    }
    free(list);
    return xs;
}

void exercises_free(struct exercises *xs)
{
    if (xs == NULL)
        return;
    for (size_t i = 0; i < xs->n; i++)
        clear(&xs->v[i]);
    free(xs->v);
    free(xs);
}

size_t exercises_count(const struct exercises *xs)
{
    return xs->n;
}

const struct site_exercise *exercises_find(const struct exercises *xs, const char *id)
{
    for (size_t i = 0; i < xs->n; i++)
        if (strcmp(xs->v[i].x->id, id) == 0)
            return &xs->v[i];
    return NULL;
}

/* ---- HTTP ---- */

static int summary(struct site *s, const struct who *w, const struct site_exercise *se, json_t **out,
                   struct err *e)
{
    const struct exercise *x = se->x;
    struct store_score score;

    if (store_score_find(s->store, w->inst, w->user, x->id, &score, e) < 0)
        return -1;
    json_t *deadline = deadline_json(s, w->inst, x->id, e);
    if (deadline == NULL)
        return -1;
    const char *lab = labs_of_exercise(s->labs, w->inst, w->user, x->id);
    *out = json_pack("{s:s, s:o, s:o, s:o, s:i, s:I, s:i, s:s?, s:o, s:o}", "id", x->id, "title",
                     json_text(x->title), "summary", json_text(x->summary), "level", json_text(x->level),
                     "minutes", (int)x->minutes, "nodes", (json_int_t)x->topo->nnodes, "max_score",
                     (int)exercise_max_score(x), "lab", lab, "rules",
                     rules_json(&x->rules, &score, loop_wall_ms()), "deadline", deadline);
    rules_score(*out, &x->rules, &score);
    return 0;
}

void exercises_list(struct http_req *r, void *arg)
{
    struct site *s = arg;
    json_t *list = json_array(), *one;
    struct err e;

    for (size_t i = 0; i < s->exercises->n; i++) {
        if (summary(s, who_of(r), &s->exercises->v[i], &one, &e) < 0) {
            json_decref(list);
            http_problem(r, &e);
            return;
        }
        json_array_append_new(list, one);
    }
    http_reply_json(r, 200, json_pack("{s:o}", "exercises", list));
}

void exercises_get(struct http_req *r, void *arg)
{
    struct site *s = arg;
    const struct site_exercise *se = exercises_find(s->exercises, http_param(r, "id"));
    json_t *j, *checks;
    struct err e;

    if (se == NULL) {
        http_problem_status(r, 404, "there is no such exercise");
        return;
    }
    if (summary(s, who_of(r), se, &j, &e) < 0) {
        http_problem(r, &e);
        return;
    }
    checks = json_array();
    for (size_t i = 0; i < se->x->nchecks; i++)
        json_array_append_new(checks, json_pack("{s:s, s:o, s:i}", "id", se->x->checks[i].id, "title",
                                                json_text(se->x->checks[i].title), "points",
                                                (int)se->x->checks[i].points));
    json_object_set_new(j, "checks", checks);
    json_object_set_new(j, "instructions_html", json_string(se->html));
    json_object_set_new(j, "source", json_text(se->x->source));
    json_object_set(j, "topology", se->drawing);
    http_reply_json(r, 200, j);
}
