/* labctl exercise new: a small exercise that is right, to be changed step by step.  The files are those of
 * labd/ctl/template/, taken in as they were at build time. */
#include "grading/exercise.h"
#include "labd/base/buf.h"
#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "labd/base/name.h"
#include "labd/ctl/ctl.h"

#include <string.h>

#define ID "@ID@" /* in the files: the exercise's id */

#define TEMPLATE(symbol, path) \
    extern const char(symbol)[]; \
    __asm__(".section .rodata\n" #symbol ":\n.incbin \"labd/ctl/template/" path "\"\n.byte 0\n.previous\n")

TEMPLATE(template_exercise, "exercise.xml");
TEMPLATE(template_topology, "topology.xml");
TEMPLATE(template_instructions, "instructions.md");
TEMPLATE(template_solution_h1, "solution/h1.sh");
TEMPLATE(template_solution_h2, "solution/h2.sh");
TEMPLATE(template_one_h1, "wrong/one-for-both/h1.sh");
TEMPLATE(template_prefix_h1, "wrong/prefix/h1.sh");
TEMPLATE(template_prefix_h2, "wrong/prefix/h2.sh");

static const struct {
    const char *path, *text;
} files[] = {
    {"exercise.xml", template_exercise},        {"topology.xml", template_topology},
    {"instructions.md", template_instructions}, {"solution/h1.sh", template_solution_h1},
    {"solution/h2.sh", template_solution_h2},   {"wrong/one-for-both/h1.sh", template_one_h1},
    {"wrong/prefix/h1.sh", template_prefix_h1}, {"wrong/prefix/h2.sh", template_prefix_h2},
};

static int put(const char *dir, const char *path, const char *text, const char *id, struct err *e)
{
    AUTO(mem_freep) char *file = xasprintf("%s/%s", dir, path), *folder = xstrdup(file);
    AUTO(buf_clear) struct buf out = BUF_INIT;

    for (const char *at; (at = strstr(text, ID)) != NULL; text = at + strlen(ID)) {
        buf_add(&out, text, (size_t)(at - text));
        buf_puts(&out, id);
    }
    buf_puts(&out, text);
    *strrchr(folder, '/') = '\0';
    if (file_mkdirs(folder, 0755, e) < 0)
        return -1;
    return file_write_atomic(file, buf_str(&out), out.len, 0644, e);
}

int cmd_exercise_new(struct ctl *c, struct err *e)
{
    AUTO(mem_freep) char *dir = xstrdup(c->args[0]);
    size_t n = strlen(dir);

    while (n > 1 && dir[n - 1] == '/')
        dir[--n] = '\0';
    const char *slash = strrchr(dir, '/'), *id = slash != NULL ? slash + 1 : dir;
    if (name_check(id, "exercise", e) < 0) /* the folder's name is the exercise's id */
        return -1;
    if (file_exists(dir))
        return err_set(e, ERR_CONFLICT, "%s exists already: name a folder that does not", dir);
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        if (put(dir, files[i].path, files[i].text, id, e) < 0)
            return -1;
    fprintf(c->out, "%s: made; now: labctl exercise test %s\n", dir, dir);
    return 0;
}
