/* Helpers of the tests of topology/: one cmocka test per row of a table, golden files. */
#ifndef TESTS_UNIT_TOPO_ROWS_H
#define TESTS_UNIT_TOPO_ROWS_H

#include "labd/base/buf.h"
#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "topology/topo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GOLDEN "tests/golden/topology/"

/* Topologies in the golden folder: NAME.xml as an author writes it, NAME.written.xml as topo_write() does. */
static const char *const golden_topologies[] = {"everything", "reuse", "pools", "internet", "parameters"};

/* Adds a test named 'name' that gets 'row' as its *state. */
static inline struct CMUnitTest row_test(const char *name, CMUnitTestFunction fn, const void *row)
{
    return (struct CMUnitTest){name, fn, NULL, NULL, (void *)(uintptr_t)row};
}

/* Fails, showing both, unless 'text' is what the golden file holds.  GOLDEN_UPDATE=1 writes it. */
static inline void assert_golden(const char *path, const char *text)
{
    AUTO(buf_clear) struct buf want = BUF_INIT;
    struct err e = {0};

    if (getenv("GOLDEN_UPDATE") != NULL) {
        assert_int_equal(file_write_atomic(path, text, strlen(text), 0644, &e), 0);
        return;
    }
    if (file_read(path, 16u << 20, &want, &e) < 0)
        fail_msg("%s (GOLDEN_UPDATE=1 makes it)", e.msg);
    assert_string_equal(buf_str(&want), text);
}

static inline void load_text(const char *path, struct buf *out)
{
    struct err e = {0};

    if (file_read(path, 16u << 20, out, &e) < 0)
        fail_msg("%s", e.msg);
}

static inline struct topo *load_valid(const char *xml)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    struct err e = {0};
    struct topo *t = topo_load_mem(xml, strlen(xml), &m, &e);

    if (t == NULL)
        fail_msg("%s", e.msg);
    return t;
}

static inline bool has_msg(const struct topo_msgs *m, int line, enum topo_severity severity, const char *part)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->items[i].line == line && m->items[i].severity == severity &&
            strstr(m->items[i].text, part) != NULL)
            return true;
    return false;
}

/* Fails, listing what there is, unless 'm' has such a message. */
static inline void assert_msg(const struct topo_msgs *m, int line, enum topo_severity severity,
                              const char *part)
{
    AUTO(buf_clear) struct buf all = BUF_INIT;

    if (has_msg(m, line, severity, part))
        return;
    topo_msgs_print(m, "t", &all);
    fail_msg("no %s in line %d with \"%s\" in:\n%s", severity == TOPO_ERROR ? "error" : "warning", line, part,
             buf_str(&all));
}

#endif
