#include "grading/probe_dns.h"

#include "labd/base/mem.h"

#include <arpa/nameser.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define LABEL_MAX 63
#define TXT_MAX 255

const char *const probe_dns_types[] = {"A", "AAAA", "CNAME", "MX", "NS", "PTR", "TXT", NULL};
static const uint16_t numbers[] = {ns_t_a, ns_t_aaaa, ns_t_cname, ns_t_mx, ns_t_ns, ns_t_ptr, ns_t_txt};

unsigned probe_dns_type(size_t i)
{
    return numbers[i];
}

const char *probe_dns_type_name(unsigned type)
{
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        if (numbers[i] == type)
            return probe_dns_types[i];
    return "?";
}

const char *probe_dns_code_name(int rcode, char out[24])
{
    static const char *const names[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};

    if (rcode >= 0 && (size_t)rcode < ARRAY_LEN(names))
        snprintf(out, 24, "%s", names[rcode]);
    else
        snprintf(out, 24, "error %d", rcode);
    return out;
}

bool probe_domain_parse(const char *s, char out[PROBE_DOMAIN_SIZE])
{
    char name[PROBE_DOMAIN_SIZE];
    size_t n = 0, label = 0;

    for (; *s != '\0'; s++) {
        char c = *s >= 'A' && *s <= 'Z' ? (char)(*s + ('a' - 'A')) : *s;

        if (c == '.') {
            if (label == 0)
                return false;
            if (s[1] == '\0')
                break;
            label = 0;
        } else if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-_", c) == NULL || ++label > LABEL_MAX) {
            return false;
        }
        if (n + 1 >= sizeof name)
            return false;
        name[n++] = c;
    }
    name[n] = '\0';
    if (n == 0)
        return false;
    memcpy(out, name, n + 1);
    return true;
}

bool probe_domain_in(const char *name, const char *zone)
{
    size_t n = strlen(name), z = strlen(zone);

    return n >= z && strcmp(name + n - z, zone) == 0 && (n == z || name[n - z - 1] == '.');
}

static bool address(int family, const char *s, char out[PROBE_VALUE_SIZE])
{
    char text[PROBE_ADDR_TEXT];
    struct probe_addr a;

    if (!probe_addr_parse(s, &a) || a.family != family)
        return false;
    snprintf(out, PROBE_VALUE_SIZE, "%s", probe_addr_text(&a, text));
    return true;
}

static bool exchange(const char *s, char out[PROBE_VALUE_SIZE])
{
    char domain[PROBE_DOMAIN_SIZE];
    size_t n = strspn(s, "0123456789");
    unsigned preference = 0;

    for (size_t i = 0; i < n && preference <= UINT16_MAX; i++)
        preference = preference * 10 + (unsigned)(s[i] - '0');
    if (n == 0 || preference > UINT16_MAX || s[n] != ' ' || !probe_domain_parse(s + n + 1, domain))
        return false;
    snprintf(out, PROBE_VALUE_SIZE, "%u %s", preference, domain);
    return true;
}

static bool printable(const char *s, char out[PROBE_VALUE_SIZE])
{
    size_t n = strlen(s);

    for (size_t i = 0; i < n; i++)
        if (s[i] < 0x20 || s[i] > 0x7e || s[i] == '\\')
            return false;
    if (n == 0 || n > TXT_MAX)
        return false;
    memcpy(out, s, n + 1);
    return true;
}

bool probe_record_parse(unsigned type, const char *s, char out[PROBE_VALUE_SIZE])
{
    char domain[PROBE_DOMAIN_SIZE];

    switch (type) {
    case ns_t_a:
        return address(AF_INET, s, out);
    case ns_t_aaaa:
        return address(AF_INET6, s, out);
    case ns_t_mx:
        return exchange(s, out);
    case ns_t_txt:
        return printable(s, out);
    case ns_t_cname:
    case ns_t_ns:
    case ns_t_ptr:
        if (!probe_domain_parse(s, domain))
            return false;
        snprintf(out, PROBE_VALUE_SIZE, "%s", domain);
        return true;
    default:
        return false;
    }
}
