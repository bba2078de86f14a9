/* pcap to pcapng: what libpcap wrote is what libpcap reads back. */
#include "labd/base/mem.h"
#include "labd/ctl/ctl_pcapng.h"

#include <pcap/pcap.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PACKETS 40

static const struct row {
    const char *name;
    bool nanoseconds, swapped;
    size_t step; /* bytes fed at a time; 0: all */
} rows[] = {
    {"microseconds, whole", false, false, 0},  {"nanoseconds, whole", true, false, 0},
    {"byte by byte", false, false, 1},         {"seven bytes at a time", true, false, 7},
    {"the other byte order", false, true, 13},
};

static void put(struct buf *b, uint32_t v, bool swapped)
{
    v = swapped ? __builtin_bswap32(v) : v;
    buf_add(b, &v, 4);
}

/* A pcap file by its definition (draft-ietf-opsawg-pcap): packet i has i * 7 bytes of value i. */
static void write_pcap(const struct row *r, struct buf *b)
{
    put(b, r->nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, r->swapped);
    uint16_t version[2] = {r->swapped ? 0x0200 : 2, r->swapped ? 0x0400 : 4};
    buf_add(b, version, 4);
    put(b, 0, r->swapped);
    put(b, 0, r->swapped);
    put(b, 65535, r->swapped);
    put(b, 1, r->swapped);
    for (uint32_t i = 0; i < PACKETS; i++) {
        put(b, 1700000000u + i, r->swapped);
        put(b, i * 1000 + 1, r->swapped);
        put(b, i * 7, r->swapped);
        put(b, i * 7 + 3, r->swapped);
        for (uint32_t k = 0; k < i * 7; k++)
            buf_putc(b, (char)i);
    }
}

static void check(const struct row *r, struct buf *pcapng)
{
    char why[PCAP_ERRBUF_SIZE] = "";
    FILE *f = fmemopen(pcapng->data, pcapng->len, "rb");
    pcap_t *p = pcap_fopen_offline_with_tstamp_precision(
        f, r->nanoseconds ? PCAP_TSTAMP_PRECISION_NANO : PCAP_TSTAMP_PRECISION_MICRO, why);
    struct pcap_pkthdr *h;
    const u_char *data;
    uint32_t n = 0;

    if (p == NULL)
        fail_msg("libpcap: %s", why);
    assert_int_equal(pcap_datalink(p), DLT_EN10MB);
    while (pcap_next_ex(p, &h, &data) == 1) {
        assert_int_equal(h->ts.tv_sec, 1700000000 + n);
        assert_int_equal(h->ts.tv_usec, n * 1000 + 1);
        assert_int_equal(h->caplen, n * 7);
        assert_int_equal(h->len, n * 7 + 3);
        for (uint32_t k = 0; k < h->caplen; k++)
            assert_int_equal(data[k], n);
        n++;
    }
    assert_int_equal(n, PACKETS);
    pcap_close(p);
}

static void test_row(void **state)
{
    const struct row *r = *state;
    AUTO(buf_clear) struct buf in = BUF_INIT, out = BUF_INIT;
    struct pcapng p;
    struct err e = {0};

    write_pcap(r, &in);
    pcapng_init(&p, "r1:eth0");
    size_t step = r->step > 0 ? r->step : in.len;
    for (size_t at = 0; at < in.len; at += step) {
        size_t n = step < in.len - at ? step : in.len - at;
        assert_int_equal(pcapng_feed(&p, (const uint8_t *)in.data + at, n, &out, &e), 0);
    }
    assert_int_equal(p.in.len, 0);
    pcapng_clear(&p);
    assert_non_null(memmem(buf_str(&out), out.len, "r1:eth0", 7));
    check(r, &out);
}

static void test_not_pcap(void **state)
{
    AUTO(buf_clear) struct buf out = BUF_INIT;
    struct pcapng p;
    struct err e = {0};

    (void)state;
    pcapng_init(&p, "x");
    assert_int_equal(pcapng_feed(&p, (const uint8_t *)"this is no capture file at all", 30, &out, &e), -1);
    assert_int_equal(e.code, ERR_PROTOCOL);
    pcapng_clear(&p);
}

static void test_huge_packet(void **state)
{
    static const struct row plain = {.name = ""};
    AUTO(buf_clear) struct buf in = BUF_INIT, out = BUF_INIT;
    struct pcapng p;
    struct err e = {0};

    (void)state;
    write_pcap(&plain, &in);
    memset(in.data + 24 + 8, 0xff, 4); /* the captured length of the first packet */
    pcapng_init(&p, "x");
    assert_int_equal(pcapng_feed(&p, (const uint8_t *)in.data, in.len, &out, &e), -1);
    assert_int_equal(e.code, ERR_PROTOCOL);
    pcapng_clear(&p);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 2];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        union {
            const struct row *in;
            void *out;
        } row = {&rows[i]};

        tests[n++] = (struct CMUnitTest){rows[i].name, test_row, NULL, NULL, row.out};
    }
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_not_pcap);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_huge_packet);
    return _cmocka_run_group_tests("ctl_pcapng", tests, n, NULL, NULL);
}
