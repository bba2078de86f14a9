/* What lab-init keeps of a script's output: everything up to 8 KiB, else both ends and a mark. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

int init_main(int argc, char **argv);
#define main init_main
#include "images/init/init.c" // NOLINT(bugprone-suspicious-include): its functions are static
#undef main

#include <stdio.h>

#define KEEP (HEAD_MAX + TAIL_MAX)

static const struct row {
    const char *name;
    size_t total, piece; /* bytes printed, and how many at a time */
    const char *mark;    /* what stands in the gap, or NULL if there is none */
} rows[] = {
    {"nothing", 0, 1, NULL},
    {"one byte", 1, 1, NULL},
    {"exactly the head", HEAD_MAX, 1000, NULL},
    {"one more than the head", HEAD_MAX + 1, 4096, NULL},
    {"exactly all that is kept", KEEP, 4096, NULL},
    {"one byte too many", KEEP + 1, 4096, "\n[1 bytes left out]\n"},
    {"a flood byte by byte", 100000, 1, "\n[91872 bytes left out]\n"},
    {"a flood in odd pieces", 1000003, 3001, "\n[991875 bytes left out]\n"},
    {"one piece larger than everything", 50000, 50000, "\n[41872 bytes left out]\n"},
};

/* Bytes that never repeat in a way that would hide a shift. */
static char byte_at(size_t i)
{
    return (char)('a' + i * 7 % 26 + i / 4096 % 3);
}

static void test_output(void **state)
{
    const struct row *r = *state;
    char *in = malloc(r->total + 1), *got = calloc(1, 16384);
    static struct output o;
    int p[2];

    assert_non_null(in);
    assert_non_null(got);
    memset(&o, 0, sizeof(o));
    for (size_t i = 0; i < r->total; i++)
        in[i] = byte_at(i);
    for (size_t at = 0; at < r->total; at += r->piece)
        output_add(&o, in + at, r->total - at < r->piece ? r->total - at : r->piece);

    assert_int_equal(pipe(p), 0);
    output_write(&o, p[1]);
    close(p[1]);
    size_t n = 0;
    for (ssize_t k; (k = read(p[0], got + n, 16384 - n)) > 0;)
        n += (size_t)k;
    close(p[0]);

    assert_true(n <= 8192);
    if (r->mark == NULL) {
        assert_int_equal(n, r->total);
        assert_memory_equal(got, in, n);
    } else {
        size_t m = strlen(r->mark);
        assert_int_equal(n, KEEP + m);
        assert_memory_equal(got, in, HEAD_MAX);
        assert_memory_equal(got + HEAD_MAX, r->mark, m);
        assert_memory_equal(got + HEAD_MAX + m, in + r->total - TAIL_MAX, TAIL_MAX);
    }
    free(in);
    free(got);
}

int main(void)
{
    struct CMUnitTest tests[sizeof(rows) / sizeof(*rows)];

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        tests[i] = (struct CMUnitTest){rows[i].name, test_output, NULL, NULL, (void *)(uintptr_t)&rows[i]};
    return cmocka_run_group_tests_name("init_output", tests, NULL, NULL);
}
