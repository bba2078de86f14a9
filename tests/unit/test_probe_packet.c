/* Frames as they may come from a lab, good and bad. */
#include "grading/probe/packet.h"
#include "labd/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#define MACS "\x02\0\0\0\0\1\x02\0\0\0\0\2"
#define V4(len, frag, ttl, proto) "\x08\0\x45\0\0" len "\0\1" frag ttl proto "\0\0\x0a\0\1\xfa\x0a\0\2\x0a"
#define V6(len, next, hop) \
    "\x86\xdd\x60\0\0\0\0" len next hop "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1" \
    "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2"
#define TCP(off, flags) "\x9c\x40\0\x50\0\0\0\x11\0\0\0\x22" off flags "\1\0\0\0\0\0"
#define ARP_ADDRS "\2\0\0\0\0\7\x0a\0\1\1\2\0\0\0\0\1\x0a\0\1\xfa"
#define ARP(op) "\x08\x06\0\1\x08\0\6\4\0" op ARP_ADDRS
#define ND(type) type "\0\0\0\0\0\0\0\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10"
#define QUOTED_UDP "\x45\0\0\x20\0\1\0\0\x3f\x11\0\0\x0a\0\3\3\x0a\0\4\4\x9c\x40\0\x35\0\x0c\0\0"
#define ROW(name, text, ok, kind, reply, ttl, ndata, sport) \
    { \
        name, text, sizeof(text) - 1, ok, kind, reply, ttl, ndata, sport \
    }

static const struct row { // NOLINT(clang-analyzer-optin.performance.Padding): in the order of reading
    const char *name, *frame;
    size_t n;
    bool ok;
    enum probe_kind kind;
    bool reply;
    unsigned ttl;
    size_t ndata;
    unsigned sport;
} rows[] = {
    ROW("echo request",
        MACS V4("\x20", "\0\0", "\x3f", "\1") "\x08\0\0\0\0\1\0\1"
                                              "abcd",
        true, PROBE_ICMP, false, 63, 4, 0),
    ROW("echo reply",
        MACS V4("\x20", "\0\0", "\x40", "\1") "\0\0\0\0\0\1\0\1"
                                              "abcd",
        true, PROBE_ICMP, true, 64, 4, 0),
    ROW("don't fragment",
        MACS V4("\x20", "\x40\0", "\x40", "\1") "\0\0\0\0\0\1\0\1"
                                                "abcd",
        true, PROBE_ICMP, true, 64, 4, 0),
    ROW("padding is not payload",
        MACS V4("\x1e", "\0\0", "\x40", "\1") "\0\0\0\0\0\1\0\1"
                                              "abcdefgh",
        true, PROBE_ICMP, true, 64, 2, 0),
    ROW("VLAN tag",
        MACS "\x81\0\0\x0a" V4("\x20", "\0\0", "\x40", "\1") "\x08\0\0\0\0\1\0\1"
                                                             "abcd",
        true, PROBE_ICMP, false, 64, 4, 0),
    ROW("two tags",
        MACS "\x88\xa8\0\x0a\x81\0\0\x0b" V4("\x20", "\0\0", "\x40", "\1") "\x08\0\0\0\0\1\0\1"
                                                                           "abcd",
        true, PROBE_ICMP, false, 64, 4, 0),
    ROW("three tags",
        MACS "\x81\0\0\x0a\x81\0\0\x0a\x81\0\0\x0b" V4("\x20", "\0\0", "\x40", "\1") "\x08\0\0\0\0\1\0\1",
        false, 0, false, 0, 0, 0),
    ROW("destination unreachable",
        MACS V4("\x20", "\0\0", "\x40", "\1") "\3\1\0\0\0\0\0\0"
                                              "abcd",
        false, 0, false, 0, 0, 0),
    ROW("first fragment",
        MACS V4("\x20", "\x20\0", "\x40", "\1") "\x08\0\0\0\0\1\0\1"
                                                "abcd",
        false, 0, false, 0, 0, 0),
    ROW("later fragment",
        MACS V4("\x20", "\0\1", "\x40", "\1") "\x08\0\0\0\0\1\0\1"
                                              "abcd",
        false, 0, false, 0, 0, 0),
    ROW("total length below the header",
        MACS V4("\x13", "\0\0", "\x40", "\1") "\x08\0\0\0\0\1\0\1"
                                              "abcd",
        false, 0, false, 0, 0, 0),
    ROW("total length cuts the echo header",
        MACS V4("\x18", "\0\0", "\x40", "\1") "\x08\0\0\0\0\1\0\1"
                                              "abcd",
        false, 0, false, 0, 0, 0),
    ROW("frame ends in the IPv4 header", MACS "\x08\0\x45\0\0\x20", false, 0, false, 0, 0, 0),
    ROW("frame ends in the Ethernet header", "\x02\0\0\0\0\1", false, 0, false, 0, 0, 0),
    ROW("no bytes", "", false, 0, false, 0, 0, 0),
    ROW("ARP", MACS "\x08\x06\0\1\x08\0\6\4\0\1", false, 0, false, 0, 0, 0),
    ROW("UDP",
        MACS V4("\x20", "\0\0", "\x40", "\x11") "\x9c\x40\0\7\0\x0c\0\0"
                                                "abcd",
        true, PROBE_UDP, false, 64, 4, 40000),
    ROW("TCP with data", MACS V4("\x2c", "\0\0", "\x40", "\6") TCP("\x50", "\x10") "abcd", true, PROBE_TCP,
        false, 64, 4, 40000),
    ROW("TCP with options", MACS V4("\x2c", "\0\0", "\x40", "\6") TCP("\x60", "\2") "\2\4\5\xb4", true,
        PROBE_TCP, false, 64, 0, 40000),
    ROW("TCP header longer than the packet", MACS V4("\x2c", "\0\0", "\x40", "\6") TCP("\xf0", "\2") "abcd",
        false, 0, false, 0, 0, 0),
    ROW("TCP header shorter than itself", MACS V4("\x2c", "\0\0", "\x40", "\6") TCP("\x40", "\2") "abcd",
        false, 0, false, 0, 0, 0),
    ROW("IPv6 echo request",
        MACS V6("\x0c", "\x3a", "\x3f") "\x80\0\0\0\0\1\0\1"
                                        "abcd",
        true, PROBE_ICMP, false, 63, 4, 0),
    ROW("IPv6 with hop-by-hop options",
        MACS V6("\x14", "\0", "\x40") "\x3a\0\1\4\0\0\0\0"
                                      "\x81\0\0\0\0\1\0\1"
                                      "abcd",
        true, PROBE_ICMP, true, 64, 4, 0),
    ROW("IPv6 option header beyond the end",
        MACS V6("\x14", "\0", "\x40") "\x3a\xff\1\4\0\0\0\0"
                                      "\x81\0\0\0\0\1\0\1"
                                      "abcd",
        false, 0, false, 0, 0, 0),
    ROW("IPv6 fragment",
        MACS V6("\x14", "\x2c", "\x40") "\x3a\0\0\1\0\0\0\0"
                                        "\x81\0\0\0\0\1\0\1"
                                        "abcd",
        false, 0, false, 0, 0, 0),
    ROW("ICMP in IPv6",
        MACS V6("\x0c", "\1", "\x40") "\x08\0\0\0\0\1\0\1"
                                      "abcd",
        false, 0, false, 0, 0, 0),
    ROW("port unreachable quotes a datagram",
        MACS V4("\x3c", "\0\0", "\x40", "\1") "\3\3\0\0\0\0\0\0" QUOTED_UDP "abcd", true, PROBE_UDP, false,
        64, 4, 40000),
    ROW("unreachable quotes an unreachable",
        MACS V4("\x58", "\0\0", "\x40",
                "\1") "\3\3\0\0\0\0\0\0\x45\0\0\x3c\0\1\0\0\x40\1\0\0\x0a\0\1\1\x0a\0\1\2"
                      "\3\3\0\0\0\0\0\0" QUOTED_UDP "abcd",
        false, 0, false, 0, 0, 0),
    ROW("unreachable quotes too little",
        MACS V4("\x2c", "\0\0", "\x40", "\1") "\3\3\0\0\0\0\0\0\x45\0\0\x20\0\1\0\0\x40\x11", false, 0, false,
        0, 0, 0),
    ROW("time exceeded", MACS V4("\x3c", "\0\0", "\x40", "\1") "\x0b\0\0\0\0\0\0\0" QUOTED_UDP "abcd", false,
        0, false, 0, 0, 0),
    ROW("IPv6 unreachable quotes an echo request",
        MACS V6("\x3c", "\x3a", "\x40") "\1\4\0\0\0\0\0\0\x60\0\0\0\0\x0c\x3a\x3f"
                                        "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\3\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\4"
                                        "\x80\0\0\0\0\1\0\1"
                                        "abcd",
        true, PROBE_ICMP, false, 64, 4, 0),
    ROW("ARP request", MACS ARP("\1"), true, PROBE_NEIGHBOUR, false, 0, 0, 0),
    ROW("ARP reply", MACS ARP("\2") "padding", true, PROBE_NEIGHBOUR, true, 0, 0, 0),
    ROW("reverse ARP", MACS ARP("\3"), false, 0, false, 0, 0, 0),
    ROW("ARP cut short", MACS "\x08\x06\0\1\x08\0\6\4\0\1", false, 0, false, 0, 0, 0),
    ROW("ARP of another hardware", MACS "\x08\x06\0\6\x08\0\6\4\0\1" ARP_ADDRS, false, 0, false, 0, 0, 0),
    ROW("neighbour solicitation", MACS V6("\x18", "\x3a", "\xff") ND("\x87"), true, PROBE_NEIGHBOUR, false,
        255, 0, 0),
    ROW("neighbour advertisement", MACS V6("\x20", "\x3a", "\xff") ND("\x88") "\2\1\2\0\0\0\0\5", true,
        PROBE_NEIGHBOUR, true, 255, 0, 0),
    ROW("neighbour advertisement with an option without end",
        MACS V6("\x20", "\x3a", "\xff") ND("\x88") "\2\0\2\0\0\0\0\5", true, PROBE_NEIGHBOUR, true, 255, 0,
        0),
    ROW("neighbour advertisement from beyond a router", MACS V6("\x18", "\x3a", "\xfe") ND("\x88"), false, 0,
        false, 0, 0, 0),
    ROW("neighbour advertisement cut short", MACS V6("\x10", "\x3a", "\xff") ND("\x88"), false, 0, false, 0,
        0, 0),
    ROW("IPv4 in an IPv6 frame", MACS "\x86\xdd\x45\0\0\x20\0\1\0\0\x40\1\0\0", false, 0, false, 0, 0, 0),
};

static void test_row(void **state)
{
    const struct row *r = *state;
    struct packet p;

    assert_int_equal(packet_parse((const uint8_t *)r->frame, r->n, &p), r->ok);
    if (!r->ok)
        return;
    assert_int_equal(p.kind, r->kind);
    assert_int_equal(p.reply, r->reply);
    assert_int_equal(p.ttl, r->ttl);
    assert_int_equal(p.ndata, r->ndata);
    assert_int_equal(p.sport, r->sport);
}

static void test_fields(void **state)
{
    static const char frame[] = MACS V4("\x2c", "\0\0", "\x40", "\6") TCP("\x50", "\x12") "abcd";
    struct packet p;
    char text[PROBE_ADDR_TEXT];

    (void)state;
    assert_true(packet_parse((const uint8_t *)frame, sizeof frame - 1, &p));
    assert_string_equal(probe_addr_text(&p.src, text), "10.0.1.250");
    assert_string_equal(probe_addr_text(&p.dst, text), "10.0.2.10");
    assert_int_equal(p.dport, 80);
    assert_int_equal(p.seq, 17);
    assert_int_equal(p.ack, 34);
    assert_int_equal(p.flags, PACKET_SYN | PACKET_ACK);
    assert_memory_equal(p.data, "abcd", 4);
}

/* Who has it is said in ARP by the sender's part, in neighbour discovery by the target. */
static void test_neighbours(void **state)
{
    static const char arp[] = MACS ARP("\2"), *const macs[] = {"02:00:00:00:00:05", "02:00:00:00:00:02"};
    static const char nd[][14 + 40 + 32 + 1] = {MACS V6("\x20", "\x3a", "\xff") ND("\x88") "\2\1\2\0\0\0\0\5",
                                                MACS V6("\x18", "\x3a", "\xff") ND("\x88")};
    struct packet p;
    char text[PROBE_ADDR_TEXT], mac[18];

    (void)state;
    assert_true(packet_parse((const uint8_t *)arp, sizeof arp - 1, &p));
    assert_string_equal(probe_addr_text(&p.src, text), "10.0.1.1");
    assert_string_equal(probe_addr_text(&p.dst, text), "10.0.1.250");
    assert_string_equal(probe_mac_text(p.mac, mac), "02:00:00:00:00:07");
    for (size_t i = 0; i < 2; i++) { /* with and without the option that tells the MAC */
        assert_true(packet_parse((const uint8_t *)nd[i], sizeof nd[i] - 1, &p));
        assert_string_equal(probe_addr_text(&p.src, text), "fd00::10");
        assert_string_equal(probe_addr_text(&p.dst, text), "fd00::2");
        assert_string_equal(probe_mac_text(p.mac, mac), macs[i]);
    }
}

/* The addresses are those of who complains and who is told, the rest is that of the packet complained about. */
static void test_error_quotes(void **state)
{
    static const char frame[] = MACS V4("\x3c", "\0\0", "\x40", "\1") "\3\3\0\0\0\0\0\0" QUOTED_UDP "abcd";
    struct packet p;
    char text[PROBE_ADDR_TEXT];

    (void)state;
    assert_true(packet_parse((const uint8_t *)frame, sizeof frame - 1, &p));
    assert_true(p.error);
    assert_string_equal(probe_addr_text(&p.src, text), "10.0.1.250");
    assert_string_equal(probe_addr_text(&p.dst, text), "10.0.2.10");
    assert_int_equal(p.dport, 53);
    assert_memory_equal(p.data, "abcd", 4);
}

/* What is outermost, of a protocol that is not looked into. */
static void test_outer(void **state)
{
    static const char esp[] = MACS "\x81\0\0\x0a" V4("\x20", "\0\0", "\x40", "\x32") "\0\0\1\1\0\0\0\1ciph";
    struct packet p;
    unsigned proto = 0;

    (void)state;
    assert_false(packet_parse((const uint8_t *)esp, sizeof esp - 1, &p));
    assert_true(packet_parse_outer((const uint8_t *)esp, sizeof esp - 1, &p, &proto));
    assert_int_equal(proto, 50);
    assert_int_equal(p.ndata, 12);
    assert_memory_equal(p.data + 8, "ciph", 4);
    assert_false(packet_parse_outer((const uint8_t *)esp, 30, &p, &proto));
}

static void test_checksum(void **state)
{
    static const uint8_t sample[] = {0x00, 0x01, 0xf2, 0x03,
                                     0xf4, 0xf5, 0xf6, 0xf7}; /* RFC 1071, section 3 */

    (void)state;
    assert_int_equal(packet_checksum(sample, sizeof sample), 0x220d);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 5];
    size_t n = 0;

    for (; n < ARRAY_LEN(rows); n++)
        tests[n] = (struct CMUnitTest){rows[n].name, test_row, NULL, NULL, (void *)(uintptr_t)&rows[n]};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_fields);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_neighbours);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_error_quotes);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_outer);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_checksum);
    return cmocka_run_group_tests_name("probe_packet", tests, NULL, NULL);
}
