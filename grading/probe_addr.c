/* Addresses of probes: text to bytes and back, for both families, and MACs. */
#include "grading/probe.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

bool probe_addr_parse(const char *s, struct probe_addr *out)
{
    struct probe_addr a = {0, {0}};

    if (s == NULL || strlen(s) >= PROBE_ADDR_TEXT)
        return false;
    if (inet_pton(AF_INET, s, a.b) == 1)
        a.family = AF_INET;
    else if (inet_pton(AF_INET6, s, a.b) == 1)
        a.family = AF_INET6;
    else
        return false;
    *out = a;
    return true;
}

bool probe_addr_parse_net(const char *s, struct probe_addr *out, unsigned *prefix)
{
    char text[PROBE_ADDR_TEXT];
    struct probe_addr a;
    unsigned bits = 0;
    const char *slash = s == NULL ? NULL : strchr(s, '/'), *p;

    if (slash == NULL || (size_t)(slash - s) >= sizeof text)
        return false;
    memcpy(text, s, (size_t)(slash - s));
    text[slash - s] = '\0';
    for (p = slash + 1; *p >= '0' && *p <= '9' && p - slash <= 3; p++)
        bits = bits * 10 + (unsigned)(*p - '0');
    if (p == slash + 1 || *p != '\0' || !probe_addr_parse(text, &a))
        return false;
    if (bits > (a.family == AF_INET ? 32u : 128u))
        return false;
    *out = a;
    *prefix = bits;
    return true;
}

const char *probe_addr_text(const struct probe_addr *a, char out[PROBE_ADDR_TEXT])
{
    if (a->family == 0 || inet_ntop(a->family, a->b, out, PROBE_ADDR_TEXT) == NULL)
        memcpy(out, "-", 2);
    return out;
}

bool probe_addr_equal(const struct probe_addr *a, const struct probe_addr *b)
{
    return a->family == b->family && memcmp(a->b, b->b, a->family == AF_INET ? 4 : 16) == 0;
}

bool probe_addr_in_net(const struct probe_addr *a, const struct probe_addr *net, unsigned prefix)
{
    unsigned whole = prefix / 8, rest = prefix % 8;
    uint8_t mask = (uint8_t)(0xff << (8 - rest));

    if (a->family != net->family || prefix > (a->family == AF_INET ? 32u : 128u))
        return false;
    return memcmp(a->b, net->b, whole) == 0 && (rest == 0 || ((a->b[whole] ^ net->b[whole]) & mask) == 0);
}

bool probe_mac_parse(const char *s, uint8_t out[6])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t mac[6] = {0};

    for (size_t i = 0; i < 17; i++) {
        const char *digit = s[i] != '\0' ? strchr(digits, s[i]) : NULL;

        if (i % 3 == 2 ? s[i] != ':' : digit == NULL)
            return false;
        if (i % 3 != 2)
            mac[i / 3] = (uint8_t)(mac[i / 3] << 4 | (digit - digits));
    }
    if (s[17] != '\0')
        return false;
    memcpy(out, mac, sizeof mac);
    return true;
}

const char *probe_mac_text(const uint8_t mac[6], char out[18])
{
    snprintf(out, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
    return out;
}
