/* The examples in the man pages of the two languages are valid, and there is one for every element. */
#include "grading/exercise.h"
#include "labd/base/buf.h"
#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "topology/topo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define EXAMPLES_MAX 72

static struct example {
    char name[80];         /* "paralab-topology.5 line 17" */
    char *text, *topology; /* 'topology': of an exercise, the next example */
} examples[EXAMPLES_MAX];
static size_t nexamples;

/* Collects the literal blocks of a page that are XML. */
static void collect(const char *page)
{
    AUTO(mem_freep) char *path = xasprintf("labd/man/%s.scd", page);
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err e;
    int line = 1;
    bool inside = false;

    if (file_read(path, 1u << 20, &text, &e) < 0) {
        fprintf(stderr, "%s (run from the repository's folder)\n", e.msg);
        abort();
    }
    for (const char *p = buf_str(&text); *p != '\0'; line++) {
        const char *end = p + strcspn(p, "\n");

        if (strncmp(p, "```", 3) == 0) {
            inside = !inside;
            const char *body = end + 1, *stop = inside ? strstr(body, "\n```") : NULL;
            if (inside && stop != NULL && body[0] == '<' && nexamples < EXAMPLES_MAX) {
                struct example *x = &examples[nexamples++];
                snprintf(x->name, sizeof x->name, "%s line %d", page, line + 1);
                x->text = xstrndup(body, (size_t)(stop + 1 - body));
            }
        }
        p = *end != '\0' ? end + 1 : end;
    }
}

static bool is_exercise(const struct example *x)
{
    return strncmp(x->text, "<exercise", 9) == 0;
}

static void test_example(void **state)
{
    const struct example *x = *state;
    AUTO(topo_msgs_clear) struct topo_msgs xm = TOPO_MSGS_INIT, tm = TOPO_MSGS_INIT;
    AUTO(topo_freep) struct topo *t = NULL;
    AUTO(exercise_freep) struct exercise *ex = NULL;
    AUTO(buf_clear) struct buf said = BUF_INIT;
    struct err e = {0};

    if (is_exercise(x)) {
        assert_non_null(x->topology);
        ex = exercise_load_mem(x->text, strlen(x->text), x->topology, strlen(x->topology), &xm, &tm, &e);
    } else {
        t = topo_load_mem(x->text, strlen(x->text), &tm, &e);
    }
    topo_msgs_print(&xm, "exercise", &said);
    topo_msgs_print(&tm, "topology", &said);
    if (t == NULL && ex == NULL)
        fail_msg("%s\n%s", e.msg, buf_str(&said));
}

/* Every element of the schema 'rng' stands in an example whose root is 'root'. */
static void all_elements(const char *rng, const char *root)
{
    size_t n = 0;

    for (const char *p = strstr(rng, "<element name=\""); p != NULL; p = strstr(p, "<element name=\"")) {
        p += strlen("<element name=\"");
        size_t len = strcspn(p, "\"");
        bool found = false;

        n++;
        for (size_t i = 0; i < nexamples && !found; i++) {
            for (const char *q = examples[i].text; q != NULL && !found; q = strchr(q + 1, '<'))
                found = strncmp(examples[i].text + 1, root, strlen(root)) == 0 &&
                        strncmp(q + 1, p, len) == 0 && strchr(" />", q[len + 1]) != NULL;
        }
        if (!found)
            fail_msg("no example shows <%.*s>", (int)len, p);
    }
    assert_true(n > 5);
}

static void test_topology_elements(void **state)
{
    (void)state;
    all_elements(topo_rng, "topology");
}

static void test_exercise_elements(void **state)
{
    (void)state;
    all_elements(exercise_rng, "exercise");
}

int main(void)
{
    struct CMUnitTest tests[EXAMPLES_MAX + 2];
    size_t n = 0;

    collect("paralab-topology.5");
    collect("paralab-exercise.5");
    for (size_t i = 0; i < nexamples; i++) {
        if (i + 1 < nexamples && !is_exercise(&examples[i + 1]))
            examples[i].topology = examples[i + 1].text;
        tests[n++] = (struct CMUnitTest){examples[i].name, test_example, NULL, NULL, &examples[i]};
    }
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_topology_elements);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_exercise_elements);
    int rc = _cmocka_run_group_tests("ctl_man", tests, n, NULL, NULL);
    for (size_t i = 0; i < nexamples; i++)
        free(examples[i].text);
    return rc;
}
