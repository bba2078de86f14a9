/* The handshake of a WebSocket. */
#include "labd/base/mem.h"
#include "labd/ctl/ctl_ws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Key and answer of RFC 6455, section 1.3. */
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define OK "HTTP/1.1 101 Switching Protocols\r\n"

static const struct row {
    const char *name, *head;
    int want; /* 0 agreed, -1 broken, else the status that refuses */
    long length;
} rows[] = {
    {"agreed", OK "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " ACCEPT "\r\n\r\n", 0,
     -1},
    {"names in any case", OK "UPGRADE: WebSocket\r\nsec-websocket-accept:" ACCEPT " \r\n\r\n", 0, -1},
    {"wrong accept", OK "Upgrade: websocket\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
     -1, -1},
    {"no accept", OK "Upgrade: websocket\r\n\r\n", -1, -1},
    {"no upgrade", OK "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n", -1, -1},
    {"accept only as part of another name",
     OK "Upgrade: websocket\r\nX-Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n", -1, -1},
    {"refused", "HTTP/1.1 404 Not Found\r\nContent-Length: 12\r\n\r\n", 404, 12},
    {"refused without a length", "HTTP/1.1 403 Forbidden\r\n\r\n", 403, -1},
    {"refused with a bad length", "HTTP/1.1 403 Forbidden\r\nContent-Length: -5\r\n\r\n", 403, -1},
    {"no upgrade but a page", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", 200, 3},
    {"not HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n", -1, -1},
    {"no status", "HTTP/1.1 abc\r\n\r\n", -1, -1},
    {"status out of range", "HTTP/1.1 9999 X\r\n\r\n", -1, -1},
};

static void test_row(void **state)
{
    const struct row *r = *state;
    struct err e = {0};
    long length = -1;

    assert_int_equal(ws_check_head(r->head, strlen(r->head), KEY, &length, &e), r->want);
    assert_int_equal(length, r->length);
    if (r->want < 0)
        assert_int_equal(e.code, ERR_PROTOCOL);
}

static void test_accept(void **state)
{
    char out[WS_ACCEPT_SIZE];

    (void)state;
    ws_accept(KEY, out);
    assert_string_equal(out, ACCEPT);
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
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_accept);
    return _cmocka_run_group_tests("ctl_ws", tests, n, NULL, NULL);
}
