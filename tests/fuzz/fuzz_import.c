/* The importers; of one format only where FUZZ_ONLY is "-FORMAT".  The first line of an input names the format.  What
 * follows is the file, or a folder: then a line "--- PATH" begins each of its files.  What an importer makes has to be
 * a valid topology that reads the same after it was written; nothing may be read from outside the folder. */
#include "labd/base/buf.h"
#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "topology/foreign/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECRET "this-is-outside-the-folder"
#define FILES_MAX 20

/* In memory: most of the time would go into files. */
static char top[] = "/dev/shm/fuzz_import.XXXXXX";

static void require(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "fuzz_import: %s\n", what);
    abort();
}

static void write_file(const char *path, const char *s, size_t n)
{
    FILE *f = fopen(path, "we");

    if (f == NULL)
        return; /* not every name is one for a file */
    fwrite(s, 1, n, f);
    fclose(f);
}

static void clean_up(void)
{
    require(file_remove_tree(top, NULL) == 0, "cannot clean up");
}

static void set_up(void)
{
    AUTO(mem_freep) char *outside = NULL;

    require(mkdtemp(top) != NULL, "cannot make a folder");
    outside = xasprintf("%s/outside", top);
    write_file(outside, SECRET, strlen(SECRET));
    atexit(clean_up);
}

/* A path of a section, if it stays in the folder: the fuzzer itself must not write elsewhere. */
static bool harmless(const char *rel)
{
    return rel[0] != '/' && rel[0] != '\0' && strstr(rel, "..") == NULL && strlen(rel) < 100;
}

static void add_section(const char *dir, const char *name, size_t nname, const char *s, size_t n)
{
    AUTO(mem_freep) char *rel = xstrndup(name, nname);
    AUTO(mem_freep) char *path = xasprintf("%s/%s", dir, rel);
    char *slash = strrchr(path, '/');

    if (!harmless(rel))
        return;
    *slash = '\0';
    if (file_mkdirs(path, 0755, NULL) < 0)
        return;
    *slash = '/';
    write_file(path, s, n);
}

/* Writes the sections of 's'; before the first one stands the file 'main'. */
static void add_sections(const char *dir, const char *main, const char *s, size_t n)
{
    const char *end = s + n, *name = main;
    size_t nname = strlen(main);

    for (int i = 0; i < FILES_MAX; i++) {
        const char *next = memmem(s, (size_t)(end - s), "\n--- ", 5);
        const char *stop = next != NULL ? next + 1 : end, *nl;
        add_section(dir, name, nname, s, (size_t)(stop - s));
        if (next == NULL)
            return;
        name = next + 5;
        nl = memchr(name, '\n', (size_t)(end - name));
        nname = (size_t)((nl != NULL ? nl : end) - name);
        s = nl != NULL ? nl + 1 : end;
    }
}

/* 'innocent': the input does not hold the secret itself, which the fuzzer soon guesses. */
static void use(const struct topo *t, bool innocent)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT, again_m = TOPO_MSGS_INIT;
    AUTO(mem_freep) char *xml = topo_write(t);
    struct err e = {0};
    AUTO(topo_freep) struct topo *again = topo_load_mem(xml, strlen(xml), &again_m, &e);

    require(topo_check(t, &m) == 0, "the model is not valid");
    if (again == NULL)
        fprintf(stderr, "%s\n%s\n", e.msg, xml);
    require(again != NULL, "what was written cannot be read");
    require(topo_equal(t, again), "what was written reads differently");
    require(!innocent || strstr(xml, SECRET) == NULL, "something from outside the folder is in it");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *s = (const char *)data, *nl = memchr(s, '\n', size);
    AUTO(import_log_clear) struct import_log log = IMPORT_LOG_INIT;
    AUTO(mem_freep) char *name = nl != NULL ? xstrndup(s, (size_t)(nl - s)) : NULL;
    const struct import_format *f = name != NULL ? import_format_find(name) : NULL;
    AUTO(topo_freep) struct topo *t = NULL;
    AUTO(mem_freep) char *dir = NULL, *path = NULL;
    const char *only = getenv("FUZZ_ONLY");
    const bool extras = size % 2 == 0;
    const struct topo_import_options o = {.hosts = extras, .delay = extras, .ospf = extras};
    AUTO(buf_clear) struct buf said = BUF_INIT;

    if (f == NULL || (only != NULL && only[0] == '-' && strcmp(only + 1, f->name) != 0))
        return 0;
    if (strstr(top, "XXXXXX") != NULL)
        set_up();
    dir = xasprintf("%s/lab", top);
    require(file_remove_tree(dir, NULL) == 0, "cannot remove the last lab");
    require(file_mkdirs(dir, 0755, NULL) == 0, "cannot make the lab");
    add_sections(dir, f->main_file, nl + 1, size - (size_t)(nl + 1 - s));
    path = f->is_folder ? xstrdup(dir) : xasprintf("%s/%s", dir, f->main_file);
    t = f->run(path, &o, &log, NULL);
    import_log_print(&log, &said);
    if (t != NULL)
        use(t, memmem(data, size, SECRET, 8) == NULL);
    return 0;
}
