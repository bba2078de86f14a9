/* What a DHCP client of labprobe says, and what it makes of servers: messages as bytes.  No socket is open here. */
#include "grading/probe/speech.h"
#include "labd/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NONCE "\x12\x34\x56\x78\xaa\xbb\xcc\xdd\xee\xff\0\0\0\0\0\0"
#define MAC "\2\xaa\xbb\xcc\xdd\xee"
#define FIXED 240
#define BYTES(s) s, sizeof(s) - 1
#define TYPE(t) "\x35\1" t
#define SERVER "\x36\4\n\0\1\1"
#define END "\xff"

static const struct probe probe = {.kind = PROBE_UDP, .ask = {.speak = PROBE_SAY_DHCP}};

static void ask(struct shot *s)
{
    memset(s, 0, sizeof *s);
    memcpy(s->nonce, NONCE, NONCE_SIZE);
    s->s.answer.code = PROBE_ANSWER_NONE;
    assert_int_equal(speech_dhcp.request(&probe, s, NULL), 0);
}

static void shot_clear(struct shot *s)
{
    buf_clear(&s->tx);
    buf_clear(&s->rx);
    free(s->s.answer.values);
}

/* A reply that offers or gives 10.0.1.'last'. */
static void receive(struct shot *s, uint8_t last, const char *options, size_t n)
{
    uint8_t m[FIXED] = {2, 1, 6, 0, 0x12, 0x34, 0x56, 0x78, [16] = last != 0 ? 10 : 0, 0, last != 0, last};

    memcpy(m + 28, (const uint8_t[]){2, 0xaa, 0xbb, 0xcc, 0xdd, 0xee}, 6);
    memcpy(m + 236, (const uint8_t[]){99, 130, 83, 99}, 4);
    buf_truncate(&s->rx, 0);
    buf_add(&s->rx, m, sizeof m);
    buf_add(&s->rx, options, n);
}

/* The value of option 'code' in s->tx. */
static const char *option(const struct shot *s, uint8_t code, size_t *n)
{
    for (size_t i = FIXED; i + 1 < s->tx.len && (uint8_t)s->tx.data[i] != 0xff;
         i += 2 + (size_t)s->tx.data[i + 1])
        if ((uint8_t)s->tx.data[i] == code) {
            *n = (size_t)s->tx.data[i + 1];
            return s->tx.data + i + 2;
        }
    fail_msg("there is no option %u", code);
    return NULL;
}

static void test_discover(void **state)
{
    AUTO(shot_clear) struct shot s;
    size_t n;

    (void)state;
    ask(&s);
    assert_in_range(s.tx.len, 300, 548);
    assert_memory_equal(s.tx.data, "\1\1\6\0\x12\x34\x56\x78\0\0\x80\0", 12);
    assert_memory_equal(s.tx.data + 28, MAC "\0", 7);
    assert_memory_equal(option(&s, 53, &n), "\1", 1);
    assert_memory_equal(option(&s, 55, &n), "\1\3\6\17\x33", 5);
}

static void test_request_of_what_was_offered(void **state)
{
    AUTO(shot_clear) struct shot s;
    size_t n;

    (void)state;
    ask(&s);
    receive(&s, 100, BYTES(TYPE("\2") SERVER END));
    assert_false(speech_dhcp.answer(&probe, &s, false));
    assert_int_equal(s.s.answer.code, PROBE_DHCP_OFFER);
    assert_memory_equal(option(&s, 53, &n), "\3", 1);
    assert_memory_equal(option(&s, 50, &n), "\n\0\1\x64", 4);
    assert_memory_equal(option(&s, 54, &n), "\n\0\1\1", 4);
    assert_memory_equal(s.tx.data + 12, "\0\0\0\0", 4); /* no address of its own yet */
}

static void test_second_offer_is_late(void **state)
{
    AUTO(shot_clear) struct shot s;

    (void)state;
    ask(&s);
    receive(&s, 100, BYTES(TYPE("\2") SERVER END));
    speech_dhcp.answer(&probe, &s, false);
    receive(&s, 200, BYTES(TYPE("\2") "\x36\4\n\0\1\2" END));
    assert_false(speech_dhcp.answer(&probe, &s, false));
    assert_string_equal(s.s.answer.values[0], "address 10.0.1.100");
    receive(&s, 200, BYTES(TYPE("\5") "\x36\4\n\0\1\2" END)); /* nobody asked that server */
    assert_false(speech_dhcp.answer(&probe, &s, false));
    assert_int_equal(s.s.answer.code, PROBE_DHCP_OFFER);
}

static void test_ack_before_an_offer_is_nothing(void **state)
{
    AUTO(shot_clear) struct shot s;

    (void)state;
    ask(&s);
    receive(&s, 100, BYTES(TYPE("\5") SERVER END));
    assert_false(speech_dhcp.answer(&probe, &s, false));
    assert_int_equal(s.s.answer.code, PROBE_ANSWER_NONE);
}

/* ---- what follows the request ---- */

static const struct row {
    const char *name;
    uint8_t last;
    const char *options;
    size_t n;
    int code; /* PROBE_DHCP_OFFER: it is not the answer */
    const char *values[7];
} rows[] = {
    {"a lease",
     101,
     BYTES(TYPE("\5") SERVER "\1\4\xff\xff\xff\0\3\4\n\0\1\1\6\4\n\0\1\x35\17\7Lab.Org" END),
     PROBE_DHCP_ACK,
     {"address 10.0.1.101", "domain lab.org", "server 10.0.1.1", "mask 255.255.255.0", "router 10.0.1.1",
      "dns 10.0.1.53"}},
    {"padding, and no end",
     101,
     BYTES("\0\0" TYPE("\5") SERVER "\0"),
     PROBE_DHCP_ACK,
     {"address 10.0.1.101", "server 10.0.1.1"}},
    {"two routers",
     101,
     BYTES(TYPE("\5") SERVER "\3\10\n\0\1\1\n\0\1\2" END),
     PROBE_DHCP_ACK,
     {"address 10.0.1.101", "server 10.0.1.1", "router 10.0.1.1", "router 10.0.1.2"}},
    {"more routers than there is room for",
     101,
     BYTES(TYPE("\5") SERVER "\3\x20\n\0\1\1\n\0\1\2\n\0\1\3\n\0\1\4\n\0\1\5\n\0\1\6\n\0\1\7\n\0\1\10" END),
     PROBE_DHCP_ACK,
     {"address 10.0.1.101", "server 10.0.1.1", "router 10.0.1.1", "router 10.0.1.2", "router 10.0.1.3",
      "router 10.0.1.4"}},
    {"an option twice",
     101,
     BYTES(TYPE("\5") SERVER "\3\4\n\0\1\1\3\4\n\0\1\2" END),
     PROBE_DHCP_ACK,
     {"address 10.0.1.101", "server 10.0.1.1", "router 10.0.1.1"}},
    {"a domain that is not printable",
     101,
     BYTES(TYPE("\5") SERVER "\17\5\33[2\xff\0" END),
     PROBE_DHCP_ACK,
     {"address 10.0.1.101", "domain ?[2?", "server 10.0.1.1"}},
    {"a domain with a dot at its end",
     101,
     BYTES(TYPE("\5") SERVER "\17\4lab." END),
     PROBE_DHCP_ACK,
     {"address 10.0.1.101", "domain lab", "server 10.0.1.1"}},
    {"a refusal", 0, BYTES(TYPE("\6") SERVER END), PROBE_DHCP_NAK, {"address 10.0.1.100", "server 10.0.1.1"}},
    {"no address", 0, BYTES(TYPE("\5") SERVER END), PROBE_ANSWER_BAD, {NULL}},
    {"no type", 101, BYTES(SERVER END), PROBE_ANSWER_BAD, {NULL}},
    {"a type of two bytes", 101, BYTES("\x35\2\5\5" SERVER END), PROBE_ANSWER_BAD, {NULL}},
    {"a mask of three bytes", 101, BYTES(TYPE("\5") SERVER "\1\3\xff\xff\xff" END), PROBE_ANSWER_BAD, {NULL}},
    {"an option beyond the end", 101, BYTES(TYPE("\5") SERVER "\17\7lab"), PROBE_ANSWER_BAD, {NULL}},
    {"an option without its length", 101, BYTES(TYPE("\5") SERVER "\17"), PROBE_ANSWER_BAD, {NULL}},
    {"no server", 101, BYTES(TYPE("\5") END), PROBE_DHCP_OFFER, {"address 10.0.1.100", "server 10.0.1.1"}},
    {"another type",
     101,
     BYTES(TYPE("\7") SERVER END),
     PROBE_DHCP_OFFER,
     {"address 10.0.1.100", "server 10.0.1.1"}},
};

static void test_answer(void **state)
{
    const struct row *r = *state;
    AUTO(shot_clear) struct shot s;
    size_t n = 0;

    ask(&s);
    receive(&s, 100, BYTES(TYPE("\2") SERVER END));
    speech_dhcp.answer(&probe, &s, false);
    receive(&s, r->last, r->options, r->n);
    assert_int_equal(speech_dhcp.answer(&probe, &s, false), r->code != PROBE_DHCP_OFFER);
    assert_int_equal(s.s.answer.code, r->code);
    for (; r->values[n] != NULL; n++)
        assert_string_equal(s.s.answer.values[n], r->values[n]);
    assert_int_equal(s.s.answer.nvalues, n);
}

/* ---- whose message it is ---- */
static const struct owner_row {
    const char *name;
    size_t at; /* of a byte that is made another */
    bool belongs;
} owner_rows[] = {
    {"a server's name", 44, true},
    {"another transaction", 7, false},
    {"another client", 33, false},
    {"another link layer", 1, false},
    {"another length of addresses", 2, false},
    {"no cookie", 239, false},
};

static void test_belongs(void **state)
{
    const struct owner_row *r = *state;
    AUTO(shot_clear) struct shot s;
    bool reply = false;

    ask(&s);
    receive(&s, 100, BYTES(TYPE("\2") SERVER END));
    s.rx.data[r->at] = (char)(s.rx.data[r->at] ^ 1);
    assert_int_equal(speech_dhcp.belongs(&s, (const uint8_t *)s.rx.data, s.rx.len, &reply), r->belongs);
    assert_int_equal(reply, r->belongs);
    assert_false(speech_dhcp.belongs(&s, (const uint8_t *)s.rx.data, FIXED - 1, &reply));
}

static void test_own_message_is_no_reply(void **state)
{
    AUTO(shot_clear) struct shot s;
    bool reply = true;

    (void)state;
    ask(&s);
    assert_true(speech_dhcp.belongs(&s, (const uint8_t *)s.tx.data, s.tx.len, &reply));
    assert_false(reply);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(owner_rows) + 5];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[n++] = (struct CMUnitTest){rows[i].name, test_answer, NULL, NULL, (void *)(uintptr_t)&rows[i]};
    for (size_t i = 0; i < ARRAY_LEN(owner_rows); i++)
        tests[n++] = (struct CMUnitTest){owner_rows[i].name, test_belongs, NULL, NULL,
                                         (void *)(uintptr_t)&owner_rows[i]};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_discover);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_request_of_what_was_offered);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_second_offer_is_late);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_ack_before_an_offer_is_nothing);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_own_message_is_no_reply);
    return cmocka_run_group_tests_name("probe_dhcp", tests, NULL, NULL);
}
