/* Helpers of the tests of importers: labs written as one text, "--- PATH" before each file. */
#ifndef TESTS_UNIT_IMPORT_ROWS_H
#define TESTS_UNIT_IMPORT_ROWS_H

#include "tests/unit/topo_rows.h"
#include "topology/foreign/import.h"

#include <sys/stat.h>
#include <unistd.h>

/* What an import gave. */
struct imported {
    char dir[64];
    char *xml;  /* NULL: nothing */
    char *said; /* the messages, the folder's name left out */
    struct topo *t;
    struct err e;
};

static inline void imported_clear(struct imported *r)
{
    topo_free(r->t);
    free(r->xml);
    free(r->said);
    if (r->dir[0] != '\0')
        assert_int_equal(file_remove_tree(r->dir, NULL), 0);
}

/* 's' without the folder's name. */
static inline char *without_dir(const char *s, const char *dir)
{
    struct buf b = BUF_INIT;
    size_t n = strlen(dir);

    while (*s != '\0')
        if (strncmp(s, dir, n) == 0 && s[n] == '/')
            s += n + 1;
        else
            buf_putc(&b, *s++);
    return buf_take(&b);
}

static inline void run_import(struct imported *r, const char *format, const char *path)
{
    AUTO(import_log_clear) struct import_log log = IMPORT_LOG_INIT;
    AUTO(buf_clear) struct buf said = BUF_INIT;
    const struct topo_import_options o = {.name = "lab"};
    const struct import_format *f = import_format_find(format);

    assert_non_null(f);
    r->t = f->run(path, &o, &log, &r->e);
    import_log_print(&log, &said);
    r->said = without_dir(buf_str(&said), r->dir[0] != '\0' ? r->dir : path);
    if (r->t == NULL) {
        assert_true(import_log_errors(&log) > 0);
        return;
    }
    assert_int_equal(import_log_errors(&log), 0);
    r->xml = topo_write(r->t);
    /* Whatever comes out is valid and reads the same. */
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep) struct topo *again = topo_load_mem(r->xml, strlen(r->xml), &m, &r->e);
    if (again == NULL)
        fail_msg("%s\n%s", r->e.msg, r->xml);
    assert_true(topo_equal(r->t, again));
}

static inline void write_section(const char *dir, const char *rel, size_t nrel, const char *text, size_t n)
{
    AUTO(mem_freep) char *path = xasprintf("%s/%.*s", dir, (int)nrel, rel);
    char *slash = strrchr(path, '/');

    *slash = '\0';
    assert_int_equal(file_mkdirs(path, 0755, NULL), 0);
    *slash = '/';
    assert_int_equal(file_write_atomic(path, text, n, 0644, NULL), 0);
}

/* Imports a lab of which the first file is 'text' up to the first "--- PATH". */
static inline void import_text(struct imported *r, const char *format, const char *text)
{
    const struct import_format *f = import_format_find(format);
    const char *name = f->main_file;
    size_t nname = strlen(name);

    *r = (struct imported){.dir = "/tmp/test_import.XXXXXX"};
    assert_non_null(mkdtemp(r->dir));
    for (;;) {
        const char *next = strncmp(text, "--- ", 4) == 0 ? text : strstr(text, "\n--- ");
        const char *end = next == NULL ? text + strlen(text) : next == text ? text : next + 1;
        if (end != text || next == NULL)
            write_section(r->dir, name, nname, text, (size_t)(end - text));
        if (next == NULL)
            break;
        name = end + 4;
        nname = strcspn(name, "\n");
        text = name + nname + (name[nname] == '\n');
    }
    AUTO(mem_freep) char *path = xasprintf("%s/%s", r->dir, f->main_file);
    run_import(r, format, f->is_folder ? r->dir : path);
}

/* A row of most tests: the lab, what has to be in the XML, what has to be said; NULL: nothing in particular.
 * 'without' must not be in the XML; 'says' "" : there must be no message. */
struct import_row {
    const char *name, *lab, *xml, *says, *without;
};

static inline void check_row(const struct import_row *row, const char *format)
{
    AUTO(imported_clear) struct imported r = {{0}, NULL, NULL, NULL, {0}};

    import_text(&r, format, row->lab);
    if (row->xml != NULL && (r.xml == NULL || strstr(r.xml, row->xml) == NULL))
        fail_msg("\"%s\" is not in\n%s\n%s", row->xml, r.xml != NULL ? r.xml : "(nothing)", r.said);
    if (row->without != NULL && r.xml != NULL && strstr(r.xml, row->without) != NULL)
        fail_msg("\"%s\" is in\n%s", row->without, r.xml);
    if (row->says != NULL && row->says[0] == '\0')
        assert_string_equal(r.said, "");
    else if (row->says != NULL && strstr(r.said, row->says) == NULL)
        fail_msg("\"%s\" is not said in\n%s", row->says, r.said);
}

/* The lab at 'path' gives the golden XML and says the golden words. */
static inline void check_golden(const char *format, const char *path)
{
    AUTO(imported_clear) struct imported r = {{0}, NULL, NULL, NULL, {0}};
    AUTO(mem_freep) char *xml = xasprintf("tests/golden/import/%s.xml", format);
    AUTO(mem_freep) char *said = xasprintf("tests/golden/import/%s.warnings", format);

    run_import(&r, format, path);
    if (r.xml == NULL) {
        fail_msg("%s", r.said);
        return; /* never; for those who do not know fail_msg() */
    }
    assert_golden(xml, r.xml);
    assert_golden(said, r.said);
}

#endif
