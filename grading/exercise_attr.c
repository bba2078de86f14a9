#include "grading/exercise_attr.h"

#include "grading/check/check.h"
#include "grading/probe_dns.h"
#include "labd/base/mem.h"
#include "topology/topo_value.h"
#include "topology/topo_xml.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define TEXT_MAX 2000
#define NAMES_MAX 64
#define KINDS_MAX 64

void exercise_fold(char *s)
{
    char *to = s;

    for (const char *p = s; *p != '\0'; p++) {
        bool blank = strchr(" \t\r\n", *p) != NULL;

        if (!blank)
            *to++ = *p;
        else if (to > s && to[-1] != ' ')
            *to++ = ' ';
    }
    if (to > s && to[-1] == ' ')
        to--;
    *to = '\0';
}

/* ---- values; each says in '*why' what is wrong ---- */
struct why {
    char text[160];
};

static bool bad(struct why *w, const char *text)
{
    snprintf(w->text, sizeof w->text, "%s", text);
    return false;
}

/* Decimal digits from '*s' on, which moves behind them. */
static bool digits(const char **s, long max, long *out)
{
    long n = 0;
    const char *p = *s;

    for (; *p >= '0' && *p <= '9'; p++)
        if ((n = n * 10 + (*p - '0')) > max)
            return false;
    if (p == *s)
        return false;
    *s = p;
    *out = n;
    return true;
}

static bool read_number(const char *v, const struct xattr *a, long *out, struct why *w)
{
    long n;

    if (digits(&v, a->max, &n) && *v == '\0' && n >= a->min) {
        *out = n;
        return true;
    }
    snprintf(w->text, sizeof w->text, "it must be a whole number from %ld to %ld", a->min, a->max);
    return false;
}

static bool read_port_or_other(const char *v, const struct xattr *a, struct exercise_check *c, struct why *w)
{
    long n = 0;

    c->other = strcmp(v, "other") == 0;
    if (!c->other && !read_number(v, a, &n, w)) {
        snprintf(w->text, sizeof w->text, "it must be a port from %ld to %ld, or \"other\"", a->min, a->max);
        return false;
    }
    c->port = (uint16_t)n;
    return true;
}

/* "500ms", "20s", "2m" from '*s' on, which moves behind it; -1 if there is none. */
static long milliseconds(const char **s)
{
    static const struct {
        const char *name;
        long ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}};
    long n;

    if (digits(s, 1000000, &n))
        for (size_t i = 0; i < ARRAY_LEN(units); i++)
            if (strncmp(*s, units[i].name, strlen(units[i].name)) == 0) {
                *s += strlen(units[i].name);
                return n * units[i].ms;
            }
    return -1;
}

static bool read_duration(const char *v, const struct xattr *a, unsigned *out, struct why *w)
{
    long ms = milliseconds(&v);

    if (ms >= a->min && ms <= a->max && *v == '\0') {
        *out = (unsigned)ms;
        return true;
    }
    snprintf(w->text, sizeof w->text, "it must be a time from %ldms to %lds, such as \"500ms\" or \"20s\"",
             a->min, a->max / 1000);
    return false;
}

static bool read_bands(const char *v, const struct xattr *a, struct exercise_bands *out, struct why *w)
{
    struct exercise_bands b = {.n = 0};
    bool fine = true;

    while (fine && *(v += strspn(v, " \t\r\n")) != '\0') {
        long ms = milliseconds(&v), percent = 0;

        fine = b.n < EXERCISE_BANDS_MAX && ms >= a->min && ms <= a->max && *v == ':';
        v += fine;
        fine = fine && digits(&v, 100, &percent) && percent > 0 && strchr(" \t\r\n", *v) != NULL;
        if (fine) {
            b.v[b.n].ms = (unsigned)ms;
            b.v[b.n++].percent = (unsigned)percent;
        }
    }
    if (fine && b.n > 0) {
        *out = b;
        return true;
    }
    snprintf(w->text, sizeof w->text,
             "it must be up to %d times from %ldms to %lds with a percentage each, such as \"1s:100 5s:50\"",
             EXERCISE_BANDS_MAX, a->min, a->max / 1000);
    return false;
}

/* RFC 2328 writes areas as addresses; most people write small ones as numbers. */
static bool read_area(const char *v, uint32_t *out, struct why *w)
{
    struct probe_addr a;
    const char *p = v;
    long n;

    if (probe_addr_parse(v, &a) && a.family == AF_INET)
        *out = (uint32_t)a.b[0] << 24 | (uint32_t)a.b[1] << 16 | (uint32_t)a.b[2] << 8 | a.b[3];
    else if (digits(&p, UINT32_MAX, &n) && *p == '\0')
        *out = (uint32_t)n;
    else
        return bad(w, "it must be an area such as \"0\" or \"0.0.0.1\"");
    return true;
}

static bool read_as(const char **v, uint32_t *out)
{
    long n;

    if (!digits(v, UINT32_MAX, &n) || n == 0)
        return false;
    *out = (uint32_t)n;
    return true;
}

static bool read_as_path(const char *v, char out[PROBE_AS_PATH_SIZE], struct why *w)
{
    char path[PROBE_AS_PATH_SIZE] = "";
    size_t len = 0;
    uint32_t as;

    while (*(v += strspn(v, " \t\r\n")) != '\0') {
        if (!read_as(&v, &as) || strchr(" \t\r\n", *v) == NULL)
            return bad(w, "it must be AS numbers with blanks between them");
        len += (size_t)snprintf(path + len, sizeof path - len, "%s%u", len > 0 ? " " : "", as);
        if (len >= sizeof path)
            return bad(w, "it holds too much");
    }
    memcpy(out, path, sizeof path);
    return len > 0 || bad(w, "it names nothing");
}

static bool read_rate(const char *v, const struct xattr *a, unsigned *out, struct why *w)
{
    uint64_t bps;

    if (!value_rate(v, &bps))
        return bad(w, "it must be a rate such as \"256kbit\" or \"0.5mbit\"");
    if (bps < (uint64_t)a->min || bps > (uint64_t)a->max) {
        snprintf(w->text, sizeof w->text, "it must be from %ldkbit to %ldkbit", a->min / 1000, a->max / 1000);
        return false;
    }
    *out = (unsigned)bps;
    return true;
}

static bool read_nets(const char *v, const struct xattr *a, struct exercise_nets *out, struct why *w)
{
    struct exercise_nets all = {.n = 0};
    bool both = a->max == AF_INET6;

    while (*(v += strspn(v, " \t\r\n")) != '\0') {
        char text[PROBE_ADDR_TEXT + 8];
        size_t n = strcspn(v, " \t\r\n");
        struct probe_prefix *p = &all.v[all.n];

        if (n >= sizeof text || all.n >= EXERCISE_NETS_MAX)
            return bad(w, "it holds too much");
        memcpy(text, v, n);
        text[n] = '\0';
        if (!probe_addr_parse_net(text, &p->addr, &p->len) || (p->addr.family != AF_INET && !both))
            return bad(w, both ? "it must be prefixes such as \"10.0.1.0/24\" with blanks between them"
                               : "it must be IPv4 prefixes such as \"10.0.1.0/24\" with blanks between them");
        for (unsigned bit = p->len; bit < (p->addr.family == AF_INET ? 32 : 128); bit++)
            if (p->addr.b[bit / 8] & 0x80 >> bit % 8)
                return bad(w, "a prefix in it has bits of a host behind its length");
        all.n++;
        v += n;
    }
    *out = all;
    return all.n > 0 || bad(w, "it names nothing");
}

static bool file_name_ok(const char *v, size_t n)
{
    if (n == 0 || n > 60 || *v == '.' || *v == '-')
        return false;
    for (size_t i = 0; i < n; i++)
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", v[i]) == NULL ||
            v[i] == '\0')
            return false;
    return true;
}

static bool dir_ok(const char *v)
{
    size_t head = strcspn(v, "/");

    return file_name_ok(v, head) && (v[head] == '\0' || file_name_ok(v + head + 1, strlen(v + head + 1)));
}

static bool read_names(const char *v, struct exercise_names *out, struct why *w)
{
    while (*(v += strspn(v, " \t\r\n")) != '\0') {
        char name[NAME_SIZE];
        size_t n = strcspn(v, " \t\r\n");

        if (n >= sizeof name || out->n >= NAMES_MAX)
            return bad(w, "it holds too much");
        memcpy(name, v, n);
        name[n] = '\0';
        if (!name_ok(name))
            return bad(w, "it must be names with blanks between them");
        XGROW(out->v, out->n, out->cap);
        memcpy(out->v[out->n++], name, n + 1);
        v += n;
    }
    return out->n > 0 || bad(w, "it names nothing");
}

static bool read_seen(const char *v, char *out, struct why *w)
{
    const char *colon = strchr(v, ':');
    char head[NAME_SIZE];

    if (colon != NULL && (size_t)(colon - v) < sizeof head) {
        memcpy(head, v, (size_t)(colon - v));
        head[colon - v] = '\0';
        if (name_ok(head) && ifname_ok(colon + 1)) {
            snprintf(out, PROBE_PORT_SIZE, "%s", v);
            return true;
        }
    }
    return bad(w, "it must be NODE:INTERFACE, LINK:a or LINK:b");
}

static bool read_to(const char *v, struct exercise_check *c, struct why *w)
{
    if (probe_addr_parse(v, &c->to))
        return true;
    if (!name_ok(v))
        return bad(w, "it must be an IPv4 or IPv6 address, or the name of a reference");
    snprintf(c->to_ref, sizeof c->to_ref, "%s", v);
    return true;
}

/* net[0] is IPv4 and net[1] IPv6 while reading; exercise_read.c moves them together. */
static bool read_net(const char *v, struct probe_ref *r, int family, bool gateway, struct why *w)
{
    int i = family == AF_INET6;
    struct probe_addr a;
    unsigned prefix = 0;

    if (gateway ? !probe_addr_parse(v, &a) : !probe_addr_parse_net(v, &a, &prefix))
        return bad(w, gateway ? "it is not an address" : "it must be ADDRESS/PREFIX");
    if (a.family != family)
        return bad(w, family == AF_INET ? "it must be an IPv4 address" : "it must be an IPv6 address");
    if (gateway) {
        r->net[i].gateway = a;
    } else {
        r->net[i].addr = a;
        r->net[i].prefix = prefix;
    }
    return true;
}

static bool read_word(const char *v, const char *const *words, size_t n, unsigned *out, struct why *w)
{
    char hint[VALUE_HINT_SIZE];
    struct value_guess g;

    value_guess_init(&g, v);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(words[i], v) == 0) {
            *out = (unsigned)i;
            return true;
        }
        value_guess_offer(&g, words[i]);
    }
    snprintf(w->text, sizeof w->text, "it is not known here%s", value_guess_hint(&g, hint));
    return false;
}

static bool read_kind(const char *v, const struct check_kind **out, struct why *w)
{
    const char *words[KINDS_MAX] = {0};
    unsigned n = 0, k;

    while (n < KINDS_MAX && check_kinds[n] != NULL) {
        words[n] = check_kinds[n]->name;
        n++;
    }
    if (!read_word(v, words, n, &k, w))
        return false;
    *out = check_kinds[k];
    return true;
}

static bool read_rrtype(const char *v, uint16_t *out, struct why *w)
{
    unsigned n = 0, k;

    while (probe_dns_types[n] != NULL)
        n++;
    if (!read_word(v, probe_dns_types, n, &k, w))
        return false;
    *out = (uint16_t)probe_dns_type(k);
    return true;
}

/* Stores value 'v' at 'at', or in the struct 'obj' where the type says so. */
static bool store(const char *v, const struct xattr *a, void *obj, void *at, struct why *w)
{
    static const char *const expects[] = {"any", "filtered", "refused"},
                             *const protos[] = {"icmp", "udp", "tcp"}, *const bools[] = {"no", "yes"},
                             *const actions[] = {"pass", "drop", "reject"},
                             *const states[] = {"new", "established"}, *const outers[] = {"esp", "udp"},
                             *const policies[] = {"best", "last"},
                             *const forms[] = {"text", "number", "address", "mac"};
    unsigned u = 0;
    long n = 0;

    switch (a->type) {
    case XA_NAME:
        if (!name_ok(v))
            return bad(w, "a name is a-z, then up to 30 of a-z, 0-9 and -");
        snprintf(at, NAME_SIZE, "%s", v);
        return true;
    case XA_TEXT: {
        AUTO(mem_freep) char *s = xstrdup(v);

        exercise_fold(s);
        if (*s == '\0' || strlen(s) > TEXT_MAX)
            return bad(w, *s == '\0' ? "it is empty" : "it is too long");
        free(*(char **)at);
        *(char **)at = TAKE(s);
        return true;
    }
    case XA_FILE:
    case XA_DIR:
        if (a->type == XA_FILE ? !file_name_ok(v, strlen(v)) : !dir_ok(v))
            return bad(w, "it must be a plain name inside the exercise's folder");
        free(*(char **)at);
        *(char **)at = xstrdup(v);
        return true;
    case XA_UINT:
        return read_number(v, a, &n, w) && (*(unsigned *)at = (unsigned)n, true);
    case XA_INT:
        return read_number(v, a, &n, w) && (*(int *)at = (int)n, true);
    case XA_PORT:
        return read_number(v, a, &n, w) && (*(uint16_t *)at = (uint16_t)n, true);
    case XA_DURATION:
        return read_duration(v, a, at, w);
    case XA_BOOL:
        return read_word(v, bools, 2, &u, w) && (*(bool *)at = u == 1, true);
    case XA_NAMES:
        return read_names(v, at, w);
    case XA_SEEN:
        return read_seen(v, at, w);
    case XA_TO:
        return read_to(v, obj, w);
    case XA_NET:
    case XA_GATEWAY:
        return read_net(v, obj, AF_INET, a->type == XA_GATEWAY, w);
    case XA_NET6:
    case XA_GATEWAY6:
        return read_net(v, obj, AF_INET6, a->type == XA_GATEWAY6, w);
    case XA_KIND:
        return read_kind(v, at, w);
    case XA_EXPECT:
        return read_word(v, expects, ARRAY_LEN(expects), &u, w) &&
               (*(enum exercise_expect *)at = (enum exercise_expect)u, true);
    case XA_POLICY:
        return read_word(v, policies, ARRAY_LEN(policies), &u, w) &&
               (*(enum exercise_policy *)at = (enum exercise_policy)u, true);
    case XA_FORM:
        return read_word(v, forms, ARRAY_LEN(forms), &u, w) &&
               (*(enum exercise_form *)at = (enum exercise_form)u, true);
    case XA_PROTO:
        return read_word(v, protos, a->max == PROBE_TCP ? 3 : 2, &u, w) &&
               (*(enum probe_kind *)at = (enum probe_kind)u, true);
    case XA_ACTION:
        return read_word(v, actions, ARRAY_LEN(actions), &u, w) &&
               (*(enum exercise_action *)at = (enum exercise_action)u, true);
    case XA_STATE:
        return read_word(v, states, ARRAY_LEN(states), &u, w) && (*(bool *)at = u == 1, true);
    case XA_OUTER:
        return read_word(v, outers, ARRAY_LEN(outers), &u, w) &&
               (*(enum probe_outer *)at = u == 0 ? PROBE_OUTER_ESP : PROBE_OUTER_UDP, true);
    case XA_PORT_OR_OTHER:
        return read_port_or_other(v, a, obj, w);
    case XA_PATH:
        if (!probe_path_ok(v))
            return bad(w, "it must be the path of a page, such as \"/index.html\", without a query");
        snprintf(at, PROBE_PATH_SIZE, "%s", v);
        return true;
    case XA_DOMAIN:
        return probe_domain_parse(v, at) || bad(w, "it must be a domain name, such as \"www.example.net\"");
    case XA_RRTYPE:
        return read_rrtype(v, at, w);
    case XA_AREA:
        return read_area(v, at, w);
    case XA_AS:
        return (read_as(&v, at) && *v == '\0') || bad(w, "it must be an AS number from 1 to 4294967295");
    case XA_AS_PATH:
        return read_as_path(v, at, w);
    case XA_NETS:
        return read_nets(v, a, at, w);
    case XA_RATE:
        return read_rate(v, a, at, w);
    case XA_BANDS:
        return read_bands(v, a, at, w);
    case XA_ADDR:
        return probe_addr_parse(v, at) || bad(w, "it must be an IPv4 or IPv6 address");
    }
    return bad(w, "it has an unknown type");
}

/* ---- the table ---- */
static void unknown(struct topo_msgs *m, const xmlNode *x, const char *name, const struct xattr *attrs)
{
    xmlChar *kind = xmlGetNoNsProp(x, (const xmlChar *)"kind"); /* a check's attributes are its kind's */
    char shown[VALUE_SHOW_SIZE], shown_kind[VALUE_SHOW_SIZE], hint[VALUE_HINT_SIZE];
    struct value_guess g;

    value_guess_init(&g, name);
    for (; attrs->name != NULL; attrs++)
        value_guess_offer(&g, attrs->name);
    topo_msgs_add(m, topo_xml_line(x), TOPO_ERROR, "<%s%s%s%s> has no attribute '%s'%s",
                  (const char *)x->name, kind != NULL ? " kind=\"" : "",
                  kind != NULL ? value_show((const char *)kind, shown_kind) : "", kind != NULL ? "\"" : "",
                  value_show(name, shown), value_guess_hint(&g, hint));
    xmlFree(kind);
}

unsigned exercise_attrs(struct topo_msgs *m, const xmlNode *x, const struct xattr *attrs, void *obj)
{
    unsigned given = 0, good = 0;

    for (const xmlAttr *p = x->properties; p != NULL; p = p->next) {
        const char *name = (const char *)p->name;
        xmlChar *v = xmlNodeListGetString(x->doc, p->children, 1);
        char shown[VALUE_SHOW_SIZE];
        struct why w = {""};
        unsigned i = 0;

        while (attrs[i].name != NULL && (p->ns != NULL || strcmp(attrs[i].name, name) != 0) &&
               strcmp(attrs[i].name, XATTR_ANY) != 0)
            i++;
        if (attrs[i].name == NULL) {
            unknown(m, x, name, attrs);
        } else if (strcmp(attrs[i].name, XATTR_ANY) != 0) {
            const char *value = v != NULL ? (const char *)v : "";

            given |= 1u << i;
            if (store(value, &attrs[i], obj, (char *)obj + attrs[i].offset, &w))
                good |= 1u << i;
            else
                topo_msgs_add(m, topo_xml_line(x), TOPO_ERROR, "<%s %s=\"%s\">: %s", (const char *)x->name,
                              name, value_show(value, shown), w.text);
        }
        xmlFree(v);
    }
    for (unsigned i = 0; attrs[i].name != NULL; i++)
        if (attrs[i].needed && !(given & 1u << i))
            topo_msgs_add(m, topo_xml_line(x), TOPO_ERROR, "<%s> needs the attribute '%s'",
                          (const char *)x->name, attrs[i].name);
    return good;
}
