/* Questions of labprobe, and what servers make of them: messages as bytes.  No socket is open here. */
#include "grading/probe/speech.h"
#include "grading/probe_dns.h"
#include "labd/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <arpa/nameser.h>
#include <cmocka.h>

#define NONCE "\x12\x34\x55\x55\x55\x55\x55\x55\x55\x55\x55\x55\x55\x55\x55\x55"
#define QUESTION "\3WwW\3lAb\4TeSt\0\0\1\0\1" /* as the nonce spells it, at byte 12 */
#define HEAD(flags, answers) "\x12\x34" flags "\0\1\0" answers "\0\0\0\0" QUESTION
#define OWNER "\xc0\x0c"
#define A(owner, a) owner "\0\1\0\1\0\0\0\x3c\0\4" a
#define BYTES(s) s, sizeof(s) - 1

static void ask(struct probe *p, struct shot *s, enum probe_kind kind, const char *domain, bool fresh)
{
    struct err e = {0};

    memset(p, 0, sizeof *p);
    memset(s, 0, sizeof *s);
    p->kind = kind;
    p->ask = (struct probe_ask){.speak = PROBE_SAY_DNS, .type = ns_t_a, .fresh = fresh};
    snprintf(p->ask.domain, sizeof p->ask.domain, "%s", domain);
    memcpy(s->nonce, NONCE, NONCE_SIZE);
    memset(s->hex, 'a', NONCE_HEX);
    s->s.answer.code = PROBE_ANSWER_NONE;
    assert_int_equal(speech_dns.request(p, s, &e), 0);
}

static void shot_clear(struct shot *s)
{
    buf_clear(&s->tx);
    buf_clear(&s->rx);
    free(s->s.answer.values);
}

static void test_request(void **state)
{
    static const char want[] = HEAD("\1\0", "\0");
    AUTO(shot_clear) struct shot s;
    struct probe p;

    (void)state;
    ask(&p, &s, PROBE_UDP, "www.lab.test", false);
    assert_int_equal(s.tx.len, sizeof want - 1);
    assert_memory_equal(s.tx.data, want, s.tx.len);
    assert_int_equal(s.mark, 12);
    assert_int_equal(s.nmark, sizeof QUESTION - 1);
}

static void test_request_on_tcp_has_its_length(void **state)
{
    AUTO(shot_clear) struct shot s;
    struct probe p;

    (void)state;
    ask(&p, &s, PROBE_TCP, "www.lab.test", false);
    assert_int_equal(s.tx.data[1], s.tx.len - 2);
    assert_memory_equal(s.tx.data + s.mark, QUESTION, sizeof QUESTION - 1);
}

static void test_fresh_label(void **state)
{
    AUTO(shot_clear) struct shot s;
    struct probe p;

    (void)state;
    ask(&p, &s, PROBE_UDP, "lab.test", true);
    assert_int_equal(s.tx.data[s.mark], NONCE_HEX);
    assert_int_equal(s.tx.data[s.mark + NONCE_HEX + 1], 3);
}

static void test_longest_names(void **state)
{
    char domain[PROBE_DOMAIN_SIZE] = "";

    (void)state;
    for (int fresh = 0; fresh <= 1; fresh++) {
        AUTO(shot_clear) struct shot s;
        size_t n = fresh ? PROBE_FRESH_MAX : PROBE_DOMAIN_SIZE - 1;
        struct probe p;

        for (size_t i = 0; i < n; i++)
            domain[i] = i % 60 == 59 && i + 1 < n ? '.' : 'a';
        domain[n] = '\0';
        ask(&p, &s, PROBE_UDP, domain, fresh);
        assert_in_range(s.tx.len, n, 12 + 255 + 4);
    }
}

static const struct row {
    const char *name;
    const char *bytes;
    size_t n;
    int code; /* PROBE_ANSWER_NONE: it is not the answer to this question */
    const char *value;
} rows[] = {
    {"an address", BYTES(HEAD("\x81\x80", "\1") A(OWNER, "\n\0\2\x50")), 0, "10.0.2.80"},
    {"no such name", BYTES(HEAD("\x81\x83", "\0")), 3, NULL},
    {"by an alias, in the wrong order",
     BYTES(HEAD("\x81\x80", "\2") A("\3web\xc0\x10", "\n\0\2\x50") OWNER
           "\0\5\0\1\0\0\0\x3c\0\6\3web\xc0\x10"),
     0, "10.0.2.80"},
    {"an address of another name", BYTES(HEAD("\x81\x80", "\1") A("\3web\xc0\x10", "\n\0\2\x50")), 0, NULL},
    {"an alias in a circle", BYTES(HEAD("\x81\x80", "\1") OWNER "\0\5\0\1\0\0\0\x3c\0\2\xc0\x0c"), 0, NULL},
    {"record of another type", BYTES(HEAD("\x81\x80", "\1") OWNER "\0\x1c\0\1\0\0\0\x3c\0\4\n\0\2\x50"), 0,
     NULL},
    {"another id", BYTES("\x12\x35\x81\x80\0\1\0\0\0\0\0\0" QUESTION), PROBE_ANSWER_NONE, NULL},
    {"another spelling", BYTES("\x12\x34\x81\x80\0\1\0\0\0\0\0\0\3www\3lab\4test\0\0\1\0\1"),
     PROBE_ANSWER_NONE, NULL},
    {"the question itself", BYTES(HEAD("\1\0", "\0")), PROBE_ANSWER_NONE, NULL},
    {"nothing", BYTES(""), PROBE_ANSWER_NONE, NULL},
    {"a name that points to itself", BYTES(HEAD("\x81\x80", "\1") "\xc0\x1e\0\1\0\1\0\0\0\x3c\0\4\n\0\2\x50"),
     PROBE_ANSWER_BAD, NULL},
    {"a name that points beyond the end", BYTES(HEAD("\x81\x80", "\1") A("\xc3\xff", "\n\0\2\x50")),
     PROBE_ANSWER_BAD, NULL},
    {"more records announced than there are", BYTES(HEAD("\x81\x80", "\2") A(OWNER, "\n\0\2\x50")),
     PROBE_ANSWER_BAD, NULL},
    {"bytes after the end", BYTES(HEAD("\x81\x80", "\0") "x"), PROBE_ANSWER_BAD, NULL},
    {"an address of three bytes", BYTES(HEAD("\x81\x80", "\1") OWNER "\0\1\0\1\0\0\0\x3c\0\3\n\0\2"),
     PROBE_ANSWER_BAD, NULL},
    {"a length beyond the end", BYTES(HEAD("\x81\x80", "\1") OWNER "\0\1\0\1\0\0\0\x3c\0\xff\n\0\2"),
     PROBE_ANSWER_BAD, NULL},
};

static void test_answer(void **state)
{
    const struct row *r = *state;

    for (int tcp = 0; tcp <= 1; tcp++) {
        AUTO(shot_clear) struct shot s;
        const uint8_t length[2] = {(uint8_t)(r->n >> 8), (uint8_t)r->n};
        struct probe p;
        int code = tcp && r->code == PROBE_ANSWER_NONE ? PROBE_ANSWER_BAD : r->code;

        ask(&p, &s, tcp ? PROBE_TCP : PROBE_UDP, "www.lab.test", false);
        if (tcp)
            buf_add(&s.rx, length, 2);
        buf_add(&s.rx, r->bytes, r->n);
        assert_int_equal(speech_dns.answer(&p, &s, false), code != PROBE_ANSWER_NONE);
        assert_int_equal(s.s.answer.code, code);
        assert_int_equal(s.s.answer.nvalues, r->value != NULL);
        if (r->value != NULL)
            assert_string_equal(s.s.answer.values[0], r->value);
    }
}

/* It waits for the rest as long as there may be more. */
static void test_half_an_answer_on_tcp(void **state)
{
    AUTO(shot_clear) struct shot s;
    struct probe p;

    (void)state;
    ask(&p, &s, PROBE_TCP, "www.lab.test", false);
    buf_add(&s.rx, "\0\x30\x12\x34", 4);
    assert_false(speech_dns.answer(&p, &s, false));
    assert_true(speech_dns.answer(&p, &s, true));
    assert_int_equal(s.s.answer.code, PROBE_ANSWER_BAD);
}

/* ---- records as text ---- */
static const struct value_row {
    const char *name;
    unsigned type;
    const char *in, *out; /* NULL: it can not be one */
} value_rows[] = {
    {"IPv6 in its shortest form", ns_t_aaaa, "FD00:0:0::1", "fd00::1"},
    {"IPv4 for AAAA", ns_t_aaaa, "10.0.0.1", NULL},
    {"name with a dot at its end", ns_t_ns, "NS.lab.test.", "ns.lab.test"},
    {"name with two", ns_t_ns, "ns.lab.test..", NULL},
    {"the root", ns_t_ns, ".", NULL},
    {"exchange", ns_t_mx, "010 Mail.lab.test", "10 mail.lab.test"},
    {"exchange without a name", ns_t_mx, "10 ", NULL},
    {"text", ns_t_txt, "v=spf1 -all", "v=spf1 -all"},
    {"text with a backslash", ns_t_txt, "a\\b", NULL},
    {"a type that is not asked for", ns_t_soa, "x", NULL},
};

static void test_value(void **state)
{
    const struct value_row *r = *state;
    char out[PROBE_VALUE_SIZE] = "untouched";

    assert_int_equal(probe_record_parse(r->type, r->in, out), r->out != NULL);
    assert_string_equal(out, r->out != NULL ? r->out : "untouched");
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(value_rows) + 5];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[n++] = (struct CMUnitTest){rows[i].name, test_answer, NULL, NULL, (void *)(uintptr_t)&rows[i]};
    for (size_t i = 0; i < ARRAY_LEN(value_rows); i++)
        tests[n++] = (struct CMUnitTest){value_rows[i].name, test_value, NULL, NULL,
                                         (void *)(uintptr_t)&value_rows[i]};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_request);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_request_on_tcp_has_its_length);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_fresh_label);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_longest_names);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_half_an_answer_on_tcp);
    return cmocka_run_group_tests_name("probe_dns", tests, NULL, NULL);
}
