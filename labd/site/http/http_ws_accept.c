/* The answer to a handshake: base64(SHA-1(key + a fixed GUID)), RFC 6455 section 4.2.2.  Nothing secret
 * depends on it. */
#include "labd/base/mem.h"
#include "labd/site/http/http_ws.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

void http_ws_accept(const char *key, char out[HTTP_WS_ACCEPT_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    char text[128];

    snprintf(text, sizeof text, "%.64s%s", key, GUID);
    if (EVP_Digest(text, strlen(text), digest, &n, EVP_sha1(), NULL) != 1 || n != 20)
        abort();
    sodium_bin2base64(out, HTTP_WS_ACCEPT_SIZE, digest, n, sodium_base64_VARIANT_ORIGINAL);
}
