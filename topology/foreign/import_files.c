/* Files of a foreign lab into files of a node. */
#include "labd/base/mem.h"
#include "topology/foreign/import_lab.h"
#include "topology/foreign/import_text.h"
#include "topology/limits.h"
#include "topology/topo_grow.h"
#include "topology/topo_value.h"

#include <string.h>

#define FILE_MAX_BYTES (1u << 20)
#define DEPTH_MAX 16

static struct topo_file *find(struct topo_node *n, const char *path)
{
    for (size_t i = 0; i < n->nfiles; i++)
        if (strcmp(n->files[i].path, path) == 0)
            return &n->files[i];
    return NULL;
}

/* A node gets the text of a file without what surrounds it; is that all the difference? */
static bool survives(const char *text)
{
    AUTO(mem_freep) char *got = value_dedent(text);
    size_t n = strlen(text), g = strlen(got);

    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' ' || text[n - 1] == '\t'))
        n--;
    while (g > 0 && (got[g - 1] == '\n' || got[g - 1] == ' ' || got[g - 1] == '\t'))
        g--;
    return n == g && memcmp(text, got, n) == 0;
}

void import_file_text(struct import *im, struct import_node *x, const char *path, const char *text, size_t n,
                      uint32_t mode, struct import_at at)
{
    AUTO(mem_freep) char *ours = import_frr_path(path);
    const char *fault = limit_path_fault(ours);
    char shown[VALUE_SHOW_SIZE], real[VALUE_SHOW_SIZE];
    struct topo_file *f;

    value_show(path, shown);
    if (strcmp(ours, path) != 0)
        import_warn(im, at.rel, at.line, "%s of \"%s\" becomes %s", shown, x->n.name, value_show(ours, real));
    if (fault != NULL) {
        import_warn(im, at.rel, at.line, "%s of \"%s\" %s and is left out", shown, x->n.name, fault);
        return;
    }
    if (!import_text_ok(ours, strlen(ours)) || !import_text_ok(text, n)) {
        import_warn(im, at.rel, at.line, "%s of \"%s\" is not UTF-8 text and is left out", shown, x->n.name);
        return;
    }
    if (n > im->text_left || x->n.nfiles >= LIMIT_FILES_MAX) {
        import_warn(im, at.rel, at.line, "%s of \"%s\" is left out: %s", shown, x->n.name,
                    n > im->text_left ? "a topology has no room for so much text"
                                      : "a node has 254 files at most");
        return;
    }
    im->text_left -= n;
    if (!survives(text))
        import_warn(im, at.rel, at.line,
                    "%s of \"%s\" loses white space: empty lines at its begin, blanks in empty lines, "
                    "or what all lines begin with",
                    shown, x->n.name);
    f = find(&x->n, ours);
    if (f == NULL) {
        f = TOPO_PUSH(x->n.files, x->n.nfiles);
        f->path = xstrdup(ours);
    } else {
        import_warn(im, at.rel, at.line, "%s of \"%s\" replaces one of before", shown, x->n.name);
        free(f->text);
    }
    f->text = xstrndup(text, n);
    f->mode = mode;
}

static void add_file(struct import *im, struct import_node *x, const char *rel, const char *path,
                     uint32_t mode, struct import_at at)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err e = {0};
    mode_t own = 0;

    if (folder_read(&im->folder, rel, FILE_MAX_BYTES, &b, &own, &e) < 0) {
        import_warn(im, at.rel, at.line, "%s, and is left out", e.msg);
        return;
    }
    import_file_text(im, x, path, buf_str(&b), b.len, mode != 0 ? mode : (uint32_t)own & 0777,
                     (struct import_at){rel, 0});
}

static void add_folder(struct import *im, struct import_node *x, const char *rel, const char *path,
                       uint32_t mode, struct import_at at, int depth)
{
    struct folder_entry *v = NULL;
    struct err e = {0};
    size_t n = 0;

    if (depth > DEPTH_MAX) {
        import_warn(im, rel, 0, "folders are nested more than %d deep; the rest is left out", DEPTH_MAX);
        return;
    }
    if (folder_list(&im->folder, rel, &v, &n, &e) < 0) {
        import_warn(im, at.rel, at.line, "%s, and is left out", e.msg);
        return;
    }
    if (n == 0)
        import_warn(im, rel, 0, "the folder is empty and is left out: a topology has files only");
    for (size_t i = 0; i < n; i++) {
        AUTO(mem_freep) char *inner = xasprintf("%s/%s", rel, v[i].name);
        AUTO(mem_freep) char *to = xasprintf("%s/%s", strcmp(path, "/") == 0 ? "" : path, v[i].name);
        if (v[i].kind == FOLDER_FILE)
            add_file(im, x, inner, to, mode, (struct import_at){inner, 0});
        else if (v[i].kind == FOLDER_DIR)
            add_folder(im, x, inner, to, mode, (struct import_at){inner, 0}, depth + 1);
        else if (v[i].kind == FOLDER_LINK)
            import_warn(im, inner, 0, "a symbolic link is not followed and is left out");
        else
            import_warn(im, inner, 0, "this is no regular file and is left out");
    }
    folder_entries_free(v, n);
}

void import_file_tree(struct import *im, struct import_node *x, const char *rel, const char *path,
                      uint32_t mode, struct import_at at)
{
    if (folder_kind(&im->folder, rel) == FOLDER_DIR)
        add_folder(im, x, rel, path, mode, at, 0);
    else
        add_file(im, x, rel, path, mode, at);
}
