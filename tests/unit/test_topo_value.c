/* Values of attributes, text for programs, text for messages, guesses. */
#include "tests/unit/topo_rows.h"
#include "topology/topo_value.h"

#include <sys/socket.h>

/* ---- delay, percent, rate: text, value (or refused), canonical text ---- */
enum what { DELAY, PERCENT, RATE };
static const struct quantity {
    const char *name, *in;
    enum what what;
    bool ok;
    uint64_t value;
    const char *canonical;
} quantities[] = {
    {"delay in ms", "20ms", DELAY, true, 20000, "20ms"},
    {"delay with a fraction", "1.5s", DELAY, true, 1500000, "1500ms"},
    {"delay in us", "300us", DELAY, true, 300, "300us"},
    {"delay of zero", "0ms", DELAY, true, 0, "0s"},
    {"delay finer than 1 us", "0.5us", DELAY, false, 0, NULL},
    {"delay without unit", "20", DELAY, false, 0, NULL},
    {"delay with blank", "20 ms", DELAY, false, 0, NULL},
    {"delay with sign", "-1ms", DELAY, false, 0, NULL},
    {"delay of ten digits", "1234567890us", DELAY, false, 0, NULL},
    {"delay larger than 32 bits", "5000s", DELAY, false, 0, NULL},
    {"delay with the largest value", "4294.967295s", DELAY, true, 4294967295, "4294.967295s"},
    {"delay with seven places", "1.0000001s", DELAY, false, 0, NULL},
    {"delay with a lone point", "1.s", DELAY, false, 0, NULL},
    {"percent", "1%", PERCENT, true, 10000, "1%"},
    {"percent with a fraction", "0.1%", PERCENT, true, 1000, "0.1%"},
    {"percent, one in a million", "0.0001%", PERCENT, true, 1, "0.0001%"},
    {"percent finer than one in a million", "0.00001%", PERCENT, false, 0, NULL},
    {"percent without sign", "1", PERCENT, false, 0, NULL},
    {"rate in mbit", "10mbit", RATE, true, 10000000, "10mbit"},
    {"rate in bit", "800bit", RATE, true, 800, "800bit"},
    {"rate with a fraction", "1.5gbit", RATE, true, 1500000000, "1500.000000mbit"},
    {"rate that no unit divides", "1000.000001mbit", RATE, true, 1000000001, "1000.000001mbit"},
    {"rate in bytes", "10mbps", RATE, false, 0, NULL},
    {"empty", "", RATE, false, 0, NULL},
};

static bool parse(enum what what, const char *s, uint64_t *v)
{
    uint32_t v32 = 0;
    bool ok = what == DELAY     ? value_delay(s, &v32)
              : what == PERCENT ? value_percent(s, &v32)
                                : value_rate(s, v);

    if (what != RATE)
        *v = v32;
    return ok;
}

static void test_quantity(void **state)
{
    const struct quantity *q = *state;
    AUTO(buf_clear) struct buf b = BUF_INIT;
    uint64_t v = 0, again = 0;

    assert_int_equal(parse(q->what, q->in, &v), q->ok);
    if (!q->ok)
        return;
    assert_int_equal(v, q->value);
    if (q->what == DELAY)
        value_add_delay(&b, (uint32_t)v);
    else if (q->what == PERCENT)
        value_add_percent(&b, (uint32_t)v);
    else
        value_add_rate(&b, v);
    assert_string_equal(buf_str(&b), q->canonical);
    assert_true(parse(q->what, buf_str(&b), &again));
    assert_int_equal(again, v);
}

/* ---- addresses ---- */
static const struct address {
    const char *name, *in;
    const char *canonical;
    int family; /* 0: refused */
    bool host_bits;
} addresses[] = {
    {"IPv4", "10.0.1.10", "10.0.1.10", AF_INET, false},
    {"IPv4 with prefix", "10.0.1.10/24", "10.0.1.10/24", AF_INET, true},
    {"IPv4 network", "10.0.1.0/24", "10.0.1.0/24", AF_INET, false},
    {"IPv6, not canonical", "2001:DB8:0:0::1/64", "2001:db8::1/64", AF_INET6, true},
    {"IPv6 network", "2001:db8::/32", "2001:db8::/32", AF_INET6, false},
    {"octet too large", "10.0.1.300/24", NULL, 0, false},
    {"leading zeros", "010.0.1.1/24", NULL, 0, false},
    {"prefix too long for IPv4", "10.0.1.1/33", NULL, 0, false},
    {"prefix too long for IPv6", "::1/129", NULL, 0, false},
    {"prefix missing", "10.0.1.1/", NULL, 0, false},
    {"prefix with sign", "10.0.1.1/+8", NULL, 0, false},
    {"prefix with zeros", "10.0.1.1/0024", NULL, 0, false},
    {"shell metacharacter", "10.0.1.1;reboot", NULL, 0, false},
    {"option", "-4", NULL, 0, false},
    {"zone", "fe80::1%eth0", NULL, 0, false},
    {"very long", "1111111111111111111111111111111111111111111111111111111111111111111111", NULL, 0, false},
};

static void test_address(void **state)
{
    const struct address *x = *state;
    struct value_addr a;
    char text[VALUE_ADDR_SIZE];

    assert_int_equal(value_addr(x->in, &a), x->family != 0);
    if (x->family == 0)
        return;
    assert_int_equal(a.family, x->family);
    assert_string_equal(value_addr_format(&a, text), x->canonical);
    assert_int_equal(value_addr_host_bits(&a), x->host_bits);
}

/* ---- texts ---- */
static const struct text {
    const char *name, *in, *out;
} dedents[] = {
    {"dedent: one line", "echo", "echo\n"},
    {"dedent: shared indentation", "\n      a\n        b\n\n      c\n    ", "a\n  b\n\nc\n"},
    {"dedent: first line not indented", "a\n  b\n", "a\n  b\n"},
    {"dedent: tabs and blanks do not mix", "\ta\n  b", "\ta\n  b\n"},
    {"dedent: nothing", " \n\t\n ", ""},
    {"dedent: empty", "", ""},
    {"dedent: several empty lines at the ends", "\n\n a\n\n\n", "a\n"},
    {"dedent: blank line shorter than the indentation", "    a\n \n    b", "a\n\nb\n"},
};

static void test_dedent(void **state)
{
    const struct text *x = *state;
    AUTO(mem_freep) char *once = value_dedent(x->in);
    AUTO(mem_freep) char *twice = value_dedent(once);

    assert_string_equal(once, x->out);
    assert_string_equal(twice, x->out);
}

static const struct text shows[] = {
    {"show: plain", "abc", "abc"},
    {"show: letters of other alphabets", "Z\xc3\xbcrich \xce\x91", "Z\xc3\xbcrich \xce\x91"},
    {"show: control bytes", "a\n\x1b[31m\x7f", "a??[31m?"},
    {"show: malformed UTF-8", "a\xff\xc3(\xe2\x82", "a?\?(?\?"},
    {"show: overlong UTF-8", "\xc0\xaf", "??"},
    {"show: surrogate", "\xed\xa0\x80", "???"},
    {"show: right-to-left override", "a\xe2\x80\xae", "a???"},
};

static void test_show(void **state)
{
    const struct text *x = *state;
    char out[VALUE_SHOW_SIZE];

    assert_string_equal(value_show(x->in, out), x->out);
}

static void test_show_cuts_long_text(void **state)
{
    char in[400], out[VALUE_SHOW_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof in - 1; i += 3)
        memcpy(in + i, "\xe2\x82\xac", 3);
    in[sizeof in - 1] = '\0';
    value_show(in, out);
    assert_true(strlen(out) < VALUE_SHOW_SIZE);
    assert_string_equal(out + strlen(out) - 3, "...");
    assert_int_equal((strlen(out) - 3) % 3, 0); /* no character in halves */
}

static const struct guess {
    const char *name, *wrong, *candidates[4], *want;
} guesses[] = {
    {"guess: letters swapped", "hots", {"host", "hub"}, "host"},
    {"guess: letter missing", "interfce", {"interface", "route"}, "interface"},
    {"guess: the nearest one", "lan2", {"lan1", "wan7", "lan22"}, "lan1"},
    {"guess: nothing near", "banana", {"host", "router"}, NULL},
    {"guess: short names need to be near", "a", {"xyz", "q"}, NULL},
    {"guess: too long to compare", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", {"a"}, NULL},
};

static void test_guess(void **state)
{
    const struct guess *x = *state;
    struct value_guess g;

    value_guess_init(&g, x->wrong);
    for (int i = 0; i < 4 && x->candidates[i] != NULL; i++)
        value_guess_offer(&g, x->candidates[i]);
    if (x->want == NULL)
        assert_null(g.best);
    else
        assert_string_equal(g.best, x->want);
}

int main(void)
{
    struct CMUnitTest tests[100];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(quantities); i++)
        tests[n++] = row_test(quantities[i].name, test_quantity, &quantities[i]);
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++)
        tests[n++] = row_test(addresses[i].name, test_address, &addresses[i]);
    for (size_t i = 0; i < ARRAY_LEN(dedents); i++)
        tests[n++] = row_test(dedents[i].name, test_dedent, &dedents[i]);
    for (size_t i = 0; i < ARRAY_LEN(shows); i++)
        tests[n++] = row_test(shows[i].name, test_show, &shows[i]);
    for (size_t i = 0; i < ARRAY_LEN(guesses); i++)
        tests[n++] = row_test(guesses[i].name, test_guess, &guesses[i]);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_show_cuts_long_text);
    return _cmocka_run_group_tests("topo_value", tests, n, NULL, NULL);
}
