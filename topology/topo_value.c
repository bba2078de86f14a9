#include "topology/topo_value.h"

#include "labd/base/buf.h"
#include "labd/base/mem.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

bool value_uint(const char *s, uint32_t *out)
{
    uint64_t v = 0;
    int digits = 0;

    for (; digit(*s) && digits < 11; s++, digits++)
        v = v * 10 + (uint64_t)(*s - '0');
    if (*s != '\0' || digits == 0 || digits > 10 || v > UINT32_MAX)
        return false;
    *out = (uint32_t)v;
    return true;
}

bool value_int(const char *s, int *out)
{
    uint32_t v;
    bool minus = *s == '-';

    if (!value_uint(s + minus, &v) || v > 1000000)
        return false;
    *out = minus ? -(int)v : (int)v;
    return true;
}

bool value_mode(const char *s, uint32_t *out)
{
    size_t n = strlen(s);
    uint32_t v = 0;

    if (n < 3 || n > 4)
        return false;
    for (; *s != '\0'; s++) {
        if (*s < '0' || *s > '7')
            return false;
        v = v * 8 + (uint32_t)(*s - '0');
    }
    *out = v;
    return true;
}

bool value_bool(const char *s, bool *out)
{
    if (strcmp(s, "yes") != 0 && strcmp(s, "no") != 0)
        return false;
    *out = *s == 'y';
    return true;
}

/* ---- decimal numbers with a unit; 'scale' is in millionths, so that 1.5ms is exact ---- */
struct unit {
    const char *name;
    uint64_t factor;
};

/* At most 9 digits before the point and 6 after it: the result times 10^11 fits 64 bits only after
 * the exact division, so multiply in 128. */
static bool quantity(const char *s, const struct unit *units, size_t n, uint64_t max, uint64_t *out)
{
    uint64_t micro = 0;
    int whole = 0, frac = 0;

    for (; digit(*s); s++, whole++)
        micro = whole < 9 ? micro * 10 + (uint64_t)(*s - '0') : micro;
    if (whole == 0 || whole > 9)
        return false;
    if (*s == '.') {
        s++;
        for (; digit(*s); s++, frac++)
            micro = frac < 6 ? micro * 10 + (uint64_t)(*s - '0') : micro;
        if (frac == 0 || frac > 6)
            return false;
    }
    for (; frac < 6; frac++)
        micro *= 10;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(s, units[i].name) != 0)
            continue;
        unsigned __int128 v = (unsigned __int128)micro * units[i].factor;
        if (v % 1000000 != 0 || v / 1000000 > max)
            return false;
        *out = (uint64_t)(v / 1000000);
        return true;
    }
    return false;
}

static const struct unit delay_units[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}};
static const struct unit percent_units[] = {{"%", 10000}};
static const struct unit rate_units[] = {{"bit", 1}, {"kbit", 1000}, {"mbit", 1000000}, {"gbit", 1000000000}};

static bool quantity32(const char *s, const struct unit *units, size_t n, uint32_t *out)
{
    uint64_t v;

    if (!quantity(s, units, n, UINT32_MAX, &v))
        return false;
    *out = (uint32_t)v;
    return true;
}

bool value_delay(const char *s, uint32_t *us)
{
    return quantity32(s, delay_units, ARRAY_LEN(delay_units), us);
}

bool value_percent(const char *s, uint32_t *ppm)
{
    return quantity32(s, percent_units, ARRAY_LEN(percent_units), ppm);
}

bool value_rate(const char *s, uint64_t *bps)
{
    return quantity(s, rate_units, ARRAY_LEN(rate_units), 1000000000000u, bps);
}

static void add_quantity(struct buf *b, uint64_t v, const struct unit *units, size_t n)
{
    size_t i = n - 1;

    while (i > 0 && v % units[i].factor != 0)
        i--;
    buf_printf(b, "%llu%s", (unsigned long long)(v / units[i].factor), units[i].name);
}

void value_add_delay(struct buf *b, uint32_t us)
{
    /* At most 9 digits are read back: above that the unit has to be a larger one. */
    if (us > 999999999)
        buf_printf(b, "%u.%06us", us / 1000000, us % 1000000);
    else
        add_quantity(b, us, delay_units, ARRAY_LEN(delay_units));
}

void value_add_percent(struct buf *b, uint32_t ppm)
{
    char frac[8];
    size_t n;

    buf_printf(b, "%u", ppm / 10000);
    if (ppm % 10000 != 0) {
        n = (size_t)snprintf(frac, sizeof frac, "%04u", ppm % 10000);
        while (frac[n - 1] == '0')
            frac[--n] = '\0';
        buf_printf(b, ".%s", frac);
    }
    buf_putc(b, '%');
}

void value_add_rate(struct buf *b, uint64_t bps)
{
    if (bps > 999999999 && bps % 1000000000 != 0)
        buf_printf(b, "%llu.%06llumbit", (unsigned long long)(bps / 1000000),
                   (unsigned long long)(bps % 1000000));
    else
        add_quantity(b, bps, rate_units, ARRAY_LEN(rate_units));
}

/* ---- addresses ---- */
size_t value_addr_len(const struct value_addr *a)
{
    return a->family == AF_INET ? 4 : 16;
}

bool value_addr(const char *s, struct value_addr *out)
{
    struct value_addr a = {0};
    char ip[INET6_ADDRSTRLEN];
    const char *slash = strchr(s, '/');
    size_t n = slash != NULL ? (size_t)(slash - s) : strlen(s);
    uint32_t prefix;

    if (n >= sizeof ip)
        return false;
    memcpy(ip, s, n);
    ip[n] = '\0';
    if (inet_pton(AF_INET, ip, a.ip) == 1)
        a.family = AF_INET;
    else if (inet_pton(AF_INET6, ip, a.ip) == 1)
        a.family = AF_INET6;
    else
        return false;
    a.prefix = (unsigned)value_addr_len(&a) * 8;
    if (slash != NULL) {
        if (!value_uint(slash + 1, &prefix) || prefix > a.prefix || strlen(slash + 1) > 3)
            return false;
        a.prefix = prefix;
        a.has_prefix = true;
    }
    *out = a;
    return true;
}

static bool bit(const uint8_t *ip, unsigned i)
{
    return (ip[i / 8] >> (7 - i % 8)) & 1;
}

bool value_addr_within(const struct value_addr *net, const struct value_addr *host)
{
    if (net->family != host->family)
        return false;
    if (memcmp(net->ip, host->ip, net->prefix / 8) != 0)
        return false;
    for (unsigned i = net->prefix / 8 * 8; i < net->prefix; i++)
        if (bit(net->ip, i) != bit(host->ip, i))
            return false;
    return true;
}

bool value_addr_host_bits(const struct value_addr *a)
{
    for (unsigned i = a->prefix; i < value_addr_len(a) * 8; i++)
        if (bit(a->ip, i))
            return true;
    return false;
}

bool value_addr_link_local(const struct value_addr *a)
{
    return a->family == AF_INET6 && a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

const char *value_addr_fault(const struct value_addr *a)
{
    static const uint8_t zero[16], loop6[16] = {[15] = 1};

    if (memcmp(a->ip, zero, value_addr_len(a)) == 0)
        return "is the unspecified address";
    if (a->family == AF_INET ? a->ip[0] >= 224 : a->ip[0] == 0xff)
        return "is a multicast or reserved address";
    if (a->family == AF_INET ? a->ip[0] == 127 : memcmp(a->ip, loop6, 16) == 0)
        return "is a loopback address";
    return NULL;
}

/* Of an IPv4 network that has room for more than two (RFC 3021). */
bool value_addr_edge(const struct value_addr *a)
{
    struct value_addr inverse = *a;

    if (a->family != AF_INET || a->prefix > 30)
        return false;
    for (int i = 0; i < 4; i++)
        inverse.ip[i] = (uint8_t)~a->ip[i];
    return !value_addr_host_bits(a) || !value_addr_host_bits(&inverse);
}

value_number value_addr_number(const struct value_addr *a)
{
    value_number v = 0;

    for (size_t i = 0; i < value_addr_len(a); i++)
        v = v << 8 | a->ip[i];
    return v;
}

struct value_addr value_addr_of(value_number v, int family, unsigned prefix)
{
    struct value_addr a = {.family = family, .prefix = prefix, .has_prefix = true};

    for (size_t i = value_addr_len(&a); i-- > 0; v >>= 8)
        a.ip[i] = (uint8_t)v;
    return a;
}

const char *value_addr_format(const struct value_addr *a, char out[VALUE_ADDR_SIZE])
{
    char ip[INET6_ADDRSTRLEN] = "";

    inet_ntop(a->family, a->ip, ip, sizeof ip);
    if (a->has_prefix)
        snprintf(out, VALUE_ADDR_SIZE, "%s/%u", ip, a->prefix);
    else
        snprintf(out, VALUE_ADDR_SIZE, "%s", ip);
    return out;
}
