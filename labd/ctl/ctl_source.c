#include "labd/ctl/ctl_source.h"

#include "grading/exercise.h"
#include "labd/base/buf.h"
#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "labd/ctl/ctl_text.h"
#include "topology/topo.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Is the first element of the file <exercise>?  Only a guess at what to try: the reader decides. */
static bool looks_like_exercise(const char *path)
{
    char head[4096];
    FILE *f = fopen(path, "re");
    size_t n = f != NULL ? fread(head, 1, sizeof head - 1, f) : 0;

    if (f != NULL)
        fclose(f);
    head[n] = '\0';
    for (const char *p = strchr(head, '<'); p != NULL; p = strchr(p + 1, '<')) {
        if (p[1] == '!' && strncmp(p, "<!--", 4) == 0) {
            p = strstr(p, "-->");
            if (p == NULL)
                return false;
        } else if (p[1] != '?' && p[1] != '!') {
            return strncmp(p, "<exercise", 9) == 0 && strchr(" \t\r\n>/", p[9]) != NULL;
        }
    }
    return false;
}

char *source_exercise_dir(const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return NULL;
    if (S_ISDIR(st.st_mode)) {
        /* A folder without exercise.xml is one too: the error is about the missing file then.  The real
         * path, because the folder's name is the exercise's id also for "." and "x/". */
        char *real = realpath(path, NULL);
        return real != NULL ? real : xstrdup(path);
    }
    if (!S_ISREG(st.st_mode) || !looks_like_exercise(path)) /* what a pipe holds can be read once only */
        return NULL;
    AUTO(mem_freep) char *real = realpath(path, NULL);
    const char *slash = real != NULL ? strrchr(real, '/') : NULL;
    return slash != NULL ? xstrndup(real, (size_t)(slash - real)) : NULL;
}

/* {key: the text of the file 'path'}, added to 'body'. */
static int add_text(json_t *body, const char *key, const struct buf *text, const char *path, struct err *e)
{
    json_t *s = json_stringn(buf_str(text), text->len);

    if (s == NULL)
        return err_set(e, ERR_INVALID, "%s is not UTF-8 text", path);
    json_object_set_new(body, key, s);
    return 0;
}

static int add_file(json_t *body, const char *key, const char *path, size_t max, struct err *e)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;

    return file_read(path, max, &text, e) < 0 ? -1 : add_text(body, key, &text, path, e);
}

json_t *source_exercise(const char *dir, const char *topology_file, struct err *e)
{
    AUTO(mem_freep)
    char *xml = xasprintf("%s/exercise.xml", dir), *topo = xasprintf("%s/%s", dir, topology_file);
    AUTO(buf_clear) struct buf text = BUF_INIT;
    json_t *body = json_object();

    if (exercise_text(dir, &text, e) < 0 || add_text(body, "exercise_xml", &text, xml, e) < 0 ||
        add_file(body, "topology", topo, TOPO_FILE_MAX, e) < 0) {
        json_decref(body);
        return NULL;
    }
    return body;
}

static void print_problems(const struct topo_msgs *m, const char *file, FILE *f)
{
    AUTO(buf_clear) struct buf out = BUF_INIT;

    topo_msgs_print(m, file, &out);
    text_lines(f, "", buf_str(&out));
}

/* 'n' problems were printed, or none: then 'e' says already why 'path' cannot be read. */
static int refuse(const char *path, size_t n, struct err *e)
{
    if (n > 0)
        return err_set(e, ERR_INVALID, "%s has %zu error%s, so nothing was started", path, n,
                       n == 1 ? "" : "s");
    if (e->code == ERR_CAPACITY) /* it is too long, which no other machine would mend */
        e->code = ERR_INVALID;
    return -1;
}

static int read_stdin(struct buf *text, struct err *e)
{
    char chunk[16384];
    ssize_t n;

    while ((n = read(STDIN_FILENO, chunk, sizeof chunk)) > 0) {
        buf_add(text, chunk, (size_t)n);
        if (text->len > TOPO_FILE_MAX)
            return err_set(e, ERR_INVALID, "the topology is longer than %u bytes", TOPO_FILE_MAX);
    }
    if (n < 0)
        return err_sys(e, "read the standard input");
    if (text->len == 0) /* as when a pipe's other end has failed, and said why */
        return err_set(e, ERR_INVALID, "the standard input is empty, so nothing was started");
    return 0;
}

static int add_stdin(json_t *body, FILE *problems, struct err *e)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(buf_clear) struct buf text = BUF_INIT;
    AUTO(topo_freep) struct topo *t = NULL;

    if (read_stdin(&text, e) < 0)
        return -1;
    t = topo_load_mem(buf_str(&text), text.len, &m, e);
    if (t == NULL) {
        print_problems(&m, "standard input", problems);
        return refuse("the standard input", m.nerrors, e);
    }
    json_object_set_new(body, "topology", json_stringn(buf_str(&text), text.len));
    return 0;
}

static int add_topology(json_t *body, const char *path, FILE *problems, struct err *e)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep) struct topo *t = topo_load_file(path, &m, e);

    if (t != NULL)
        return add_file(body, "topology", path, TOPO_FILE_MAX, e);
    print_problems(&m, path, problems);
    return refuse(path, m.nerrors, e);
}

static json_t *exercise_lab(const char *dir, FILE *problems, struct err *e)
{
    AUTO(topo_msgs_clear) struct topo_msgs xm = TOPO_MSGS_INIT, tm = TOPO_MSGS_INIT;
    AUTO(exercise_freep) struct exercise *x = exercise_load_dir(dir, &xm, &tm, e);

    if (x != NULL)
        return source_exercise(dir, x->topo_file, e);
    /* Which file the topology is, only a loaded exercise knows; by custom it is topology.xml. */
    AUTO(mem_freep) char *xml = xasprintf("%s/exercise.xml", dir), *topo = xasprintf("%s/topology.xml", dir);
    print_problems(&xm, xml, problems);
    print_problems(&tm, topo, problems);
    (void)refuse(dir, xm.nerrors + tm.nerrors, e);
    return NULL;
}

json_t *source_lab(const char *arg, FILE *problems, struct err *e)
{
    AUTO(mem_freep) char *dir = NULL;
    json_t *body = json_object();
    int rc = 0;

    if (strcmp(arg, "-") == 0) {
        rc = add_stdin(body, problems, e);
    } else if ((dir = source_exercise_dir(arg)) != NULL) {
        json_decref(body);
        return exercise_lab(dir, problems, e);
    } else if (access(arg, F_OK) == 0 || strchr(arg, '/') != NULL || strchr(arg, '.') != NULL) {
        rc = add_topology(body, arg, problems, e);
    } else {
        rc = name_check(arg, "exercise", e);
        json_object_set_new(body, "exercise", json_string(arg));
    }
    if (rc < 0) {
        json_decref(body);
        return NULL;
    }
    return body;
}
