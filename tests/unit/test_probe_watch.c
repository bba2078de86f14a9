/* The capture filter, run by the kernel itself: a socket filter works on a pair of datagram sockets, too,
 * and needs no privilege there. */
#include "grading/probe/watch.h"
#include "labd/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define MACS "\x02\0\0\0\0\1\x02\0\0\0\0\2"
#define V4(src, dst) "\x08\0\x45\0\0\x1c\0\1\0\0\x40\1\0\0\x0a\0\1" src "\x0a\0\2" dst "\x08\0\0\0\0\0\0\0"
#define V6(src, dst) \
    "\x86\xdd\x60\0\0\0\0\0\x3b\x40\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0" src \
    "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0" dst
#define ROW(name, text, ok) \
    { \
        name, text, sizeof(text) - 1, ok, false, false \
    }
#define ROW_ARP(name, text, ok) \
    { \
        name, text, sizeof(text) - 1, ok, true, false \
    }
#define ROW_BPDU(name, text, ok) \
    { \
        name, text, sizeof(text) - 1, ok, false, true \
    }
#define BPDU "\x01\x80\xc2\0\0\0\x02\0\0\0\0\2\0\x26\x42\x42\3\0\0"

static const struct row {
    const char *name, *frame;
    size_t n;
    bool pass, arp, bpdu; /* the filter lets ARP pass, and BPDUs */
} rows[] = {
    ROW("IPv4 from a reference", MACS V4("\xfa", "\x01"), true),
    ROW("IPv4 to a target", MACS V4("\x01", "\x0a"), true),
    ROW("IPv4 between others", MACS V4("\x01", "\x01"), false),
    ROW("IPv6 from a reference", MACS V6("\xfa", "\1"), true),
    ROW("IPv6 to a reference", MACS V6("\1", "\xfa"), true),
    ROW("IPv6 between others", MACS V6("\1", "\2"), false),
    ROW("VLAN-tagged", MACS "\x81\0\0\x0a\x08\0", true),
    ROW("ARP", MACS "\x08\x06\0\1", false),
    ROW_ARP("ARP that is wanted", MACS "\x08\x06\0\1", true),
    ROW_ARP("IPv4 beside ARP", MACS V4("\xfa", "\x01"), true),
    ROW_ARP("IPv6 beside ARP", MACS V6("\1", "\xfa"), true),
    ROW_ARP("others beside ARP", MACS V6("\1", "\2"), false),
    ROW_ARP("LLDP", MACS "\x88\xcc\0\1", false),
    ROW("BPDU", BPDU, false),
    ROW_BPDU("BPDU that is wanted", BPDU, true),
    ROW_BPDU("IPv4 beside BPDUs", MACS V4("\xfa", "\x01"), true),
    ROW_BPDU("IPv6 beside BPDUs", MACS V6("\1", "\xfa"), true),
    ROW_BPDU("others beside BPDUs", MACS V6("\1", "\2"), false),
    ROW_BPDU("ARP beside BPDUs", MACS "\x08\x06\0\1", false),
    ROW("cut short", MACS "\x08\0\x45", false),
};

static size_t add(struct probe_addr *a, const char *text)
{
    assert_true(probe_addr_parse(text, a));
    return 1;
}

/* As many addresses as there can be, so that no jump of the filter is too long. */
static int filtered_pair(int fds[2], bool arp, bool bpdu)
{
    struct watch_want want = {.arp = arp, .bpdu = bpdu};
    struct sock_filter code[WATCH_FILTER_MAX];
    struct sock_fprog prog = {0, code};
    size_t n = 0;

    n += add(&want.addrs[n], "10.0.1.250");
    n += add(&want.addrs[n], "fd00::fa");
    while (n < WATCH_ADDRS_MAX - 1) {
        char text[32];

        snprintf(text, sizeof text, n % 2 ? "172.16.0.%zu" : "fd77::1:%zu", n);
        n += add(&want.addrs[n], text);
    }
    n += add(&want.addrs[n], "10.0.2.10");
    want.naddrs = n;
    prog.len = (unsigned short)watch_filter(&want, code);
    assert_true(prog.len <= WATCH_FILTER_MAX);
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
    return setsockopt(fds[1], SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof prog);
}

static void test_row(void **state)
{
    const struct row *r = *state;
    char b[128];
    int fds[2];

    assert_int_equal(filtered_pair(fds, r->arp, r->bpdu), 0);
    (void)!send(fds[0], r->frame, r->n, 0); /* fails with EPERM where the filter says no */
    assert_int_equal(recv(fds[1], b, sizeof b, MSG_DONTWAIT), r->pass ? (ssize_t)r->n : -1);
    close(fds[0]);
    close(fds[1]);
}

static void test_everything(void **state)
{
    const struct watch_want want = {.all = true};
    struct sock_filter code[WATCH_FILTER_MAX];

    (void)state;
    assert_int_equal(watch_filter(&want, code), 1);
    assert_int_equal(code[0].code, BPF_RET | BPF_K);
    assert_int_equal(code[0].k, WATCH_SNAP);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 1];

    for (size_t n = 0; n < ARRAY_LEN(rows); n++)
        tests[n] = (struct CMUnitTest){rows[n].name, test_row, NULL, NULL, (void *)(uintptr_t)&rows[n]};
    tests[ARRAY_LEN(rows)] = (struct CMUnitTest)cmocka_unit_test(test_everything);
    return cmocka_run_group_tests_name("probe_watch", tests, NULL, NULL);
}
