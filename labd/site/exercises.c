#include "labd/site/exercises.h"

#include "labd/base/file.h"
#include "labd/base/log.h"
#include "labd/base/mem.h"
#include "labd/site/deadlines.h"
#include "labd/site/labs.h"
#include "labd/site/rules.h"
#include "labd/site/seed.h"
#include "topology/topo_hidden.h"
#include "topology/topo_parameter.h"

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
    for (int i = 0; i < VIEWS; i++)
        json_decref(se->drawing[i]);
    topo_secrets_free(se->secrets);
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

/* The instructions for the student whose values 't' has.  They were checked when the exercise was loaded. */
static char *instructions(const struct exercise *x, const struct topo *t)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(mem_freep)
    char *text = x->instructions != NULL ? topo_reference_fill(t, x->instructions, false, 0, &m) : NULL;

    return markdown(text);
}

static json_t *drawing(const struct topo *t, enum lab_view v)
{
    AUTO(topo_seen_freep) struct topo *seen = v == VIEW_STUDENT ? topo_seen(t) : NULL;

    return topo_drawing_json(seen != NULL ? seen : t);
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
    AUTO(buf_clear) struct buf xml = BUF_INIT;
    if (exercise_text(dir, &xml, e) < 0 ||
        read_text(dir, se.x->topo_file, TOPO_FILE_MAX, &se.topology, e) < 0) {
        clear(&se);
        return -1;
    }
    se.xml = buf_take(&xml);
    se.html = instructions(se.x, se.x->topo);
    AUTO(topo_seen_freep) struct topo *seen = topo_seen(se.x->topo);
    se.nodes[VIEW_ALL] = se.x->topo->nnodes;
    se.nodes[VIEW_STUDENT] = seen->nnodes;
    for (enum lab_view v = 0; v < VIEWS; v++)
        se.drawing[v] = drawing(se.x->topo, v);
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

int exercises_reload(struct exercises *xs, const char *id, struct err *e)
{
    struct site_exercise fresh;

    for (size_t i = 0; i < xs->n; i++) {
        if (strcmp(xs->v[i].x->id, id) != 0)
            continue;
        if (load_one(xs->v[i].x->dir, &fresh, e) < 0)
            return -1;
        clear(&xs->v[i]);
        xs->v[i] = fresh;
        log_info("exercise.reloaded", "id", fresh.x->id, "title", fresh.x->title);
        return 0;
    }
    return err_set(e, ERR_NOT_FOUND, "there is no such exercise");
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
                     "minutes", (int)x->minutes, "nodes", (json_int_t)se->nodes[exercise_view(x->id, w)],
                     "max_score", (int)exercise_max_score(x), "lab", lab, "rules",
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

/* The lab whose values are asked for: that of ?lab=, else the user's of this exercise, else NULL.  False: r
 * has its answer. */
static bool asked_lab(struct site *s, struct http_req *r, const struct site_exercise *se,
                      const struct lab **lab)
{
    const struct who *w = who_of(r);
    const char *id = http_query(r, "lab");

    if (id != NULL) {
        *lab = labs_visible(s, r, id);
        return *lab != NULL;
    }
    id = labs_of_exercise(s->labs, w->inst, w->user, se->x->id);
    *lab = id != NULL ? labs_find(s->labs, w->inst, id) : NULL;
    return true;
}

/* The exercise as it is for one seed; NULL with 'e'. */
static struct exercise *seeded(const struct site_exercise *se, const struct topo_seed *seed, struct err *e)
{
    return exercise_load_seeded(se->xml, strlen(se->xml), se->topology, strlen(se->topology), seed, NULL,
                                NULL, e);
}

void exercises_misfit(struct http_req *r, const char *id, const struct err *e)
{
    log_warn("exercise.misfit", "exercise", id, "why", e->msg);
    http_problem_status(r, 500, "this exercise cannot be made with your values: tell your instructor");
}

static json_t *checks_json(const struct exercise *x)
{
    json_t *checks = json_array();

    for (size_t i = 0; i < x->nchecks; i++)
        json_array_append_new(checks,
                              json_pack("{s:s, s:o, s:i}", "id", x->checks[i].id, "title",
                                        json_text(x->checks[i].title), "points", (int)x->checks[i].points));
    return checks;
}

void exercises_get(struct http_req *r, void *arg)
{
    struct site *s = arg;
    const struct site_exercise *se = exercises_find(s->exercises, http_param(r, "id"));
    const struct who *w = who_of(r);
    AUTO(exercise_freep) struct exercise *own = NULL;
    const struct lab *lab;
    struct topo_seed seed;
    struct err e;
    json_t *j;

    if (se == NULL) {
        http_problem_status(r, 404, "there is no such exercise");
        return;
    }
    if (!asked_lab(s, r, se, &lab))
        return;
    if (lab != NULL)
        seed = lab->row.seed;
    else
        seed_of_user(s, w->inst, w->user, se->x->id, SEED_ATTEMPT, &seed);
    enum lab_view v = exercise_view(se->x->id, w);
    if (se->x->topo->nparameters > 0 && (own = seeded(se, &seed, &e)) == NULL) {
        if (v == VIEW_ALL)
            http_problem(r, &e);
        else
            exercises_misfit(r, se->x->id, &e);
        return;
    }
    if (summary(s, w, se, &j, &e) < 0) {
        http_problem(r, &e);
        return;
    }
    AUTO(mem_freep) char *html = own != NULL ? instructions(se->x, own->topo) : NULL;
    json_object_set_new(j, "checks", checks_json(own != NULL ? own : se->x));
    json_object_set_new(j, "instructions_html", json_string(html != NULL ? html : se->html));
    json_object_set_new(j, "source", json_text(se->x->source));
    json_object_set_new(j, "topology", own != NULL ? drawing(own->topo, v) : json_incref(se->drawing[v]));
    http_reply_json(r, 200, j);
}
