#include "grading/probe.h"
#include "labd/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct row {
    const char *name, *text;
    bool net, ok;
    const char *want;
} rows[] = {
    {"IPv4", "10.0.1.1", false, true, "10.0.1.1"},
    {"IPv6 in short form", "2001:DB8:0:0::1", false, true, "2001:db8::1"},
    {"name", "router", false, false, NULL},
    {"empty", "", false, false, NULL},
    {"octet too large", "10.0.1.256", false, false, NULL},
    {"IPv4 with prefix where none belongs", "10.0.1.1/24", false, false, NULL},
    {"scope", "fe80::1%eth0", false, false, NULL},
    {"very long", "1111111111111111111111111111111111111111111111111111111", false, false, NULL},
    {"IPv4 net", "10.0.1.250/24", true, true, "10.0.1.250"},
    {"IPv6 net", "2001:db8::fa/64", true, true, "2001:db8::fa"},
    {"net without prefix", "10.0.1.250", true, false, NULL},
    {"net with empty prefix", "10.0.1.250/", true, false, NULL},
    {"IPv4 prefix too long", "10.0.1.250/33", true, false, NULL},
    {"IPv6 prefix too long", "::1/129", true, false, NULL},
    {"prefix with sign", "10.0.1.250/+24", true, false, NULL},
    {"prefix with tail", "10.0.1.250/24x", true, false, NULL},
    {"prefix of many digits", "10.0.1.250/00000000024", true, false, NULL},
};

static void test_parse(void **state)
{
    const struct row *r = *state;
    struct probe_addr a = {0, {0}};
    unsigned prefix = 0;
    char text[PROBE_ADDR_TEXT];

    assert_int_equal(r->net ? probe_addr_parse_net(r->text, &a, &prefix) : probe_addr_parse(r->text, &a),
                     r->ok);
    assert_string_equal(probe_addr_text(&a, text), r->ok ? r->want : "-");
}

static const struct in_row {
    const char *name, *addr, *net;
    bool in;
} in_rows[] = {
    {"inside /24", "10.0.1.7", "10.0.1.250/24", true},
    {"outside /24", "10.0.2.7", "10.0.1.250/24", false},
    {"inside /30", "10.0.0.6", "10.0.0.5/30", true},
    {"just outside /30", "10.0.0.8", "10.0.0.5/30", false},
    {"everything is in /0", "192.0.2.1", "10.0.0.0/0", true},
    {"itself in /32", "10.0.0.5", "10.0.0.5/32", true},
    {"neighbour not in /32", "10.0.0.4", "10.0.0.5/32", false},
    {"IPv6 inside /64", "2001:db8::1", "2001:db8::fa/64", true},
    {"IPv6 outside /64", "2001:db8:0:1::1", "2001:db8::fa/64", false},
    {"other family", "::1", "0.0.0.0/0", false},
};

static void test_in_net(void **state)
{
    const struct in_row *r = *state;
    struct probe_addr a, net;
    unsigned prefix;

    assert_true(probe_addr_parse(r->addr, &a));
    assert_true(probe_addr_parse_net(r->net, &net, &prefix));
    assert_int_equal(probe_addr_in_net(&a, &net, prefix), r->in);
}

static const struct mac_row {
    const char *text;
    bool ok;
} mac_rows[] = {
    {"02:00:5e:10:00:ff", true},
    {"02:00:5e:10:00:fF", false},
    {"02-00-5e-10-00-ff", false},
    {"02:00:5e:10:00", false},
    {"02:00:5e:10:00:ff:", false},
    {"02:00:5e:10:00:f", false},
    {"", false},
};

static void test_mac(void **state)
{
    const struct mac_row *r = *state;
    uint8_t mac[6];
    char text[18];

    assert_int_equal(probe_mac_parse(r->text, mac), r->ok);
    if (r->ok)
        assert_string_equal(probe_mac_text(mac, text), r->text);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(in_rows) + ARRAY_LEN(mac_rows)];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[n++] = (struct CMUnitTest){rows[i].name, test_parse, NULL, NULL, (void *)(uintptr_t)&rows[i]};
    for (size_t i = 0; i < ARRAY_LEN(in_rows); i++)
        tests[n++] =
            (struct CMUnitTest){in_rows[i].name, test_in_net, NULL, NULL, (void *)(uintptr_t)&in_rows[i]};
    for (size_t i = 0; i < ARRAY_LEN(mac_rows); i++)
        tests[n++] =
            (struct CMUnitTest){mac_rows[i].text, test_mac, NULL, NULL, (void *)(uintptr_t)&mac_rows[i]};
    return cmocka_run_group_tests_name("probe_addr", tests, NULL, NULL);
}
