/* net_port.c: which device a capture is made on. */
#include "tests/unit/net_rows.h"

static const struct row {
    const char *name, *in, *want;
    enum err_code code;
} rows[] = {
    {"interface of a node", "h1:eth1", "plaaaaaa.1", ERR_NONE},
    {"end a of a cable", "cable:a", "plaaaaaa.0", ERR_NONE},
    {"end b of a cable", "cable:b", "plaaaaaa.2", ERR_NONE},
    {"end a of a pair", "uplink:a", "plaaaaaa.8", ERR_NONE},
    {"end b of a pair", "uplink:b", "plaaaaaa.9", ERR_NONE},
    {"the hub's end is the guest's device", "tohub:b", "plaaaaaa.1", ERR_NONE},
    {"the switch's end is the guest's device", "access:a", "plaaaaaa.5", ERR_NONE},
    {"no colon", "h1", NULL, ERR_INVALID},
    {"empty", "", NULL, ERR_INVALID},
    {"empty name", ":eth0", NULL, ERR_INVALID},
    {"option", "-w:eth0", NULL, ERR_INVALID},
    {"path", "../x:eth0", NULL, ERR_INVALID},
    {"long name", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:a", NULL, ERR_INVALID},
    {"unknown node", "h9:eth0", NULL, ERR_NOT_FOUND},
    {"unknown interface", "h1:eth7", NULL, ERR_NOT_FOUND},
    {"third end", "cable:c", NULL, ERR_INVALID},
};

static void test_port(void **state)
{
    const struct row *c = *state;
    AUTO(plan_freep) struct plan *p = net_plan(net_sample, "aaaaaa");
    struct err e = {0};
    const char *dev = net_port_dev(p, c->in, &e);

    assert_int_equal(e.code, c->code);
    if (c->want == NULL)
        assert_null(dev);
    else
        assert_string_equal(dev, c->want);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows)];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        union {
            const void *in;
            void *out;
        } row = {.in = &rows[i]};
        tests[i] = (struct CMUnitTest){rows[i].name, test_port, NULL, NULL, row.out};
    }
    return cmocka_run_group_tests_name("net_port", tests, NULL, NULL);
}
