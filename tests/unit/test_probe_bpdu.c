/* Which frames are BPDUs, and that a bridge that says the same again and again is heard once. */
#include "grading/probe/engine.h"
#include "labd/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define GROUP "\x01\x80\xc2\0\0\0"
#define FROM "\x02\0\0\0\0\x07"
#define LLC "\0\x26\x42\x42\3"
#define ROOT "\x10\0\x02\0\0\0\0\1"
#define BRIDGE "\x80\0\x02\0\0\0\0\2"
/* Protocol 0, version, type, flags, root, cost, bridge, port, the four times. */
#define BODY(version, type, flags) \
    "\0\0" version type flags ROOT "\0\0\0\4" BRIDGE "\x80\1\0\0\x14\0\2\0\x0f\0"
#define ROW(name, text, ok) \
    { \
        name, text, sizeof(text) - 1, ok \
    }

static const struct row {
    const char *name, *frame;
    size_t n;
    bool ok;
} rows[] = {
    ROW("configuration", GROUP FROM LLC BODY("\0", "\0", "\0"), true),
    ROW("configuration and padding", GROUP FROM LLC BODY("\0", "\0", "\1") "\0\0\0\0\0\0\0\0\0", true),
    ROW("rapid, designated", GROUP FROM LLC BODY("\2", "\2", "\x3c"), true),
    ROW("rapid, from a root port", GROUP FROM LLC BODY("\2", "\2", "\x38"), false),
    ROW("rapid in version 0", GROUP FROM LLC BODY("\0", "\2", "\x3c"), false),
    ROW("topology change", GROUP FROM LLC BODY("\0", "\x80", "\0"), false),
    ROW("to somebody", "\2\0\0\0\0\1" FROM LLC BODY("\0", "\0", "\0"), false),
    ROW("LLDP's group", "\x01\x80\xc2\0\0\x0e" FROM LLC BODY("\0", "\0", "\0"), false),
    ROW("another LLC", GROUP FROM "\0\x26\xaa\xaa\3" BODY("\0", "\0", "\0"), false),
    {"a byte short", GROUP FROM LLC BODY("\0", "\0", "\0"), 51, false},
    ROW("only the head", GROUP FROM LLC, false),
    ROW("nothing", "", false),
};

static void test_row(void **state)
{
    const struct row *r = *state;
    struct probe_bpdu b = {.in = true};
    uint8_t *frame = xcalloc(r->n + 1, 1);

    memcpy(frame, r->frame, r->n);
    frame = xrealloc(frame, r->n > 0 ? r->n : 1, 1); /* so that a sanitizer sees its exact end */
    assert_int_equal(bpdu_parse(frame, r->n, &b), r->ok);
    free(frame);
    assert_true(b.in);
    if (!r->ok)
        return;
    assert_int_equal(b.root.priority, 4096);
    assert_int_equal(b.root.mac[5], 1);
    assert_int_equal(b.bridge.priority, 32768);
    assert_int_equal(b.bridge.mac[5], 2);
}

static void hear(struct engine *en, const char *port, bool in, uint16_t priority)
{
    uint8_t frame[64] = {0};

    memcpy(frame, rows[0].frame, rows[0].n);
    frame[34] = (uint8_t)(priority >> 8);
    frame[35] = (uint8_t)priority;
    bpdu_frame(en, frame, rows[0].n, port, in);
}

static void test_repetitions_are_left_out(void **state)
{
    struct engine en = {0};

    (void)state;
    for (int i = 0; i < 3; i++) {
        hear(&en, "l1:a", true, 1);
        hear(&en, "l1:a", false, 1);
        hear(&en, "l1:a", true, 2);
        hear(&en, "l2:a", true, 1);
    }
    assert_int_equal(en.nbpdus, 4);
    assert_string_equal(en.bpdus[3].port, "l2:a");
    assert_false(en.bpdus[1].in);
    assert_false(en.more_bpdus);
    free(en.bpdus);
}

/* A student may make up as many as he likes: the list ends somewhere, and says so. */
static void test_a_flood_is_noticed(void **state)
{
    struct engine en = {0};

    (void)state;
    for (uint16_t i = 0; i < PROBE_BPDUS_MAX; i++)
        hear(&en, "l1:a", true, i);
    assert_false(en.more_bpdus);
    for (uint16_t i = 0; i < 2000; i++)
        hear(&en, "l1:a", true, i);
    assert_true(en.more_bpdus);
    assert_int_equal(en.nbpdus, PROBE_BPDUS_MAX);
    assert_int_equal(en.lost, 0);
    free(en.bpdus);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 2];
    size_t n = 0;

    for (; n < ARRAY_LEN(rows); n++)
        tests[n] = (struct CMUnitTest){rows[n].name, test_row, NULL, NULL, (void *)(uintptr_t)&rows[n]};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_repetitions_are_left_out);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_a_flood_is_noticed);
    return cmocka_run_group_tests_name("probe_bpdu", tests, NULL, NULL);
}
