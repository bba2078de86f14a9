/* The words of labctl link. */
#include "labd/base/mem.h"
#include "labd/ctl/ctl_link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct row {
    const char *name, *before, *words, *want; /* 'before': both directions; 'want' NULL: refused */
} rows[] = {
    {"down", "{}", "down", "{\"state\":\"down\"}"},
    {"up", "{}", "up", "{\"state\":\"up\"}"},
    {"the last state wins", "{}", "up down", "{\"state\":\"down\"}"},
    {"delay", "{}", "delay=20ms", "{\"impair\":{\"a\":{\"delay_us\":20000},\"b\":{\"delay_us\":20000}}}"},
    {"state and delay", "{}", "up delay=1s",
     "{\"state\":\"up\",\"impair\":{\"a\":{\"delay_us\":1000000},\"b\":{\"delay_us\":1000000}}}"},
    {"what is not mentioned stays", "{\"delay_us\":20000}", "loss=1%",
     "{\"impair\":{\"a\":{\"delay_us\":20000,\"loss_ppm\":10000},\"b\":{\"delay_us\":20000,\"loss_ppm\":10000}}}"},
    {"zero takes away", "{\"delay_us\":20000,\"loss_ppm\":10000}", "loss=0",
     "{\"impair\":{\"a\":{\"delay_us\":20000},\"b\":{\"delay_us\":20000}}}"},
    {"zero rate", "{\"rate_bps\":1000}", "rate=0", "{\"impair\":{\"a\":{},\"b\":{}}}"},
    {"clear", "{\"delay_us\":20000,\"rate_bps\":1000}", "clear", "{\"impair\":{\"a\":{},\"b\":{}}}"},
    {"one direction", "{}", "from=a delay=20ms", "{\"impair\":{\"a\":{\"delay_us\":20000},\"b\":{}}}"},
    {"each its own", "{}", "from=a delay=20ms from=b rate=10mbit",
     "{\"impair\":{\"a\":{\"delay_us\":20000},\"b\":{\"rate_bps\":10000000}}}"},
    {"clear one direction", "{\"delay_us\":1000}", "from=b clear",
     "{\"impair\":{\"a\":{\"delay_us\":1000},\"b\":{}}}"},
    {"no such key", "{}", "speed=1", NULL},
    {"no value", "{}", "delay", NULL},
    {"no unit", "{}", "delay=20", NULL},
    {"wrong unit", "{}", "rate=20ms", NULL},
    {"negative", "{}", "delay=-1ms", NULL},
    {"part of a key", "{}", "del=20ms", NULL},
    {"no such end", "{}", "from=c", NULL},
    {"empty word", "{}", "=", NULL},
};

/* An impairment without the members that are zero, so that rows need not list them. */
static void drop_zeros(json_t *j)
{
    const char *key;
    json_t *v;
    void *next;

    json_object_foreach_safe(j, next, key, v) {
        if (json_is_object(v))
            drop_zeros(v);
        else if (json_is_integer(v) && json_integer_value(v) == 0)
            json_object_del(j, key);
    }
}

static void test_row(void **state)
{
    const struct row *r = *state;
    struct link_change c;
    struct err e = {0};
    json_t *before = json_loads(r->before, 0, NULL);
    AUTO(mem_freep) char *words = xstrdup(r->words);
    char *save = NULL;
    int rc = link_change_init(&c, before, before, &e);

    json_decref(before);
    assert_int_equal(rc, 0);
    for (char *w = strtok_r(words, " ", &save); w != NULL && rc == 0; w = strtok_r(NULL, " ", &save))
        rc = link_change_word(&c, w, &e);
    if (r->want == NULL) {
        assert_int_equal(rc, -1);
        assert_int_equal(e.code, ERR_INVALID);
        return;
    }
    assert_int_equal(rc, 0);
    json_t *got = link_change_json(&c), *want = json_loads(r->want, 0, NULL);
    drop_zeros(got);
    AUTO(mem_freep) char *shown = json_dumps(got, 0);
    if (!json_equal(got, want))
        fail_msg("%s, not %s", shown, r->want);
    json_decref(got);
    json_decref(want);
}

static void test_bad_status(void **state)
{
    struct link_change c;
    struct err e = {0};
    json_t *j = json_pack("{s:s}", "delay_us", "much");

    (void)state;
    assert_int_equal(link_change_init(&c, j, NULL, &e), -1);
    json_decref(j);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 1];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        union {
            const struct row *in;
            void *out;
        } row = {&rows[i]};

        tests[n++] = (struct CMUnitTest){rows[i].name, test_row, NULL, NULL, row.out};
    }
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_bad_status);
    return _cmocka_run_group_tests("ctl_link", tests, n, NULL, NULL);
}
