/* The handshake's hash: base64(SHA-1(key + a fixed GUID)), RFC 6455 section 4.2.2.  SHA-1 (FIPS 180-4)
 * is here because libsodium, rightly, has none; nothing secret depends on it. */
#include "labd/site/http/http_ws.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define MESSAGE_MAX 119 /* two blocks with padding and length */

static uint32_t rotl(uint32_t x, int n)
{
    return x << n | x >> (32 - n);
}

static void block(uint32_t h[5], const uint8_t p[64])
{
    uint32_t w[80];
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];

    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 | (uint32_t)p[4 * i + 2] << 8 |
               p[4 * i + 3];
    for (int i = 16; i < 80; i++)
        w[i] = rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    for (int i = 0; i < 80; i++) {
        uint32_t f, k;
        if (i < 20) {
            f = (b & c) | (~b & d);
            k = 0x5a827999;
        } else if (i < 40) {
            f = b ^ c ^ d;
            k = 0x6ed9eba1;
        } else if (i < 60) {
            f = (b & c) | (b & d) | (c & d);
            k = 0x8f1bbcdc;
        } else {
            f = b ^ c ^ d;
            k = 0xca62c1d6;
        }
        uint32_t t = rotl(a, 5) + f + e + k + w[i];
        e = d;
        d = c;
        c = rotl(b, 30);
        b = a;
        a = t;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
}

static void sha1(const char *s, size_t n, uint8_t out[20])
{
    uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    uint8_t m[128] = {0};

    memcpy(m, s, n);
    m[n] = 0x80;
    size_t blocks = n + 9 <= 64 ? 1 : 2;
    m[blocks * 64 - 2] = (uint8_t)(n * 8 >> 8);
    m[blocks * 64 - 1] = (uint8_t)(n * 8);
    for (size_t i = 0; i < blocks; i++)
        block(h, m + 64 * i);
    for (int i = 0; i < 20; i++)
        out[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

void http_ws_accept(const char *key, char out[HTTP_WS_ACCEPT_SIZE])
{
    char text[MESSAGE_MAX + 1];
    uint8_t digest[20];

    int n = snprintf(text, sizeof text, "%.64s%s", key, GUID);
    sha1(text, (size_t)n, digest);
    sodium_bin2base64(out, HTTP_WS_ACCEPT_SIZE, digest, sizeof digest, sodium_base64_VARIANT_ORIGINAL);
}
