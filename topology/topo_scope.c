#include "topology/topo_scope.h"

#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "labd/base/name.h"
#include "topology/topo_parameter.h"
#include "topology/topo_value.h"

#include <stdio.h>
#include <string.h>

size_t topo_word_len(const char *s)
{
    size_t n = 0;

    if (s[0] < 'a' || s[0] > 'z')
        return 0;
    while ((s[n] >= 'a' && s[n] <= 'z') || (s[n] >= '0' && s[n] <= '9') || s[n] == '_')
        n++;
    return n <= NAME_MAX_LEN ? n : 0;
}

bool topo_word_ok(const char *s)
{
    size_t n = topo_word_len(s);

    return n > 0 && s[n] == '\0';
}

const struct topo_scope *topo_scope_find(const struct topo_scope *sc, const char *name)
{
    while (sc != NULL && strcmp(sc->name, name) != 0)
        sc = sc->up;
    return sc;
}

/* "{name}", "{name+9:3}" */
struct place {
    size_t len; /* with its braces */
    char name[NAME_SIZE];
    bool computed; /* it has a sum or a width, so the value must be a number */
    bool minus;
    uint32_t add;
    uint32_t width;
};

/* Up to 6 digits at 's'. */
static size_t read_digits(const char *s, uint32_t *out)
{
    size_t n = strspn(s, "0123456789");
    char text[8];

    if (n == 0 || n > 6)
        return 0;
    memcpy(text, s, n);
    text[n] = '\0';
    return value_uint(text, out) ? n : 0;
}

static bool read_place(const char *s, struct place *p)
{
    size_t n = topo_word_len(s + 1), i = 1 + n, digits;

    *p = (struct place){.len = 0};
    if (n == 0)
        return false;
    memcpy(p->name, s + 1, n);
    if (s[i] == '+' || s[i] == '-') {
        p->minus = s[i] == '-';
        p->computed = true;
        if ((digits = read_digits(s + i + 1, &p->add)) == 0)
            return false;
        i += 1 + digits;
    }
    if (s[i] == ':') {
        p->computed = true;
        if ((digits = read_digits(s + i + 1, &p->width)) == 0 || p->width > 9)
            return false;
        i += 1 + digits;
    }
    p->len = i + 1;
    return s[i] == '}';
}

static void unknown(const struct topo_scope *sc, const struct place *p, int line, struct topo_msgs *m)
{
    AUTO(buf_clear) struct buf known = BUF_INIT;

    for (; sc != NULL && known.len < 200; sc = sc->up)
        buf_printf(&known, "%s{%s}", known.len > 0 ? ", " : "", sc->name);
    topo_msgs_add(m, line, TOPO_ERROR, "there is no {%s} here; there is %s", p->name, buf_str(&known));
}

static bool add_place(struct buf *b, const struct topo_scope *sc, const struct place *p, bool strict,
                      int line, struct topo_msgs *m)
{
    const struct topo_scope *found = topo_scope_find(sc, p->name);
    char shown[VALUE_SHOW_SIZE];
    uint32_t v;

    if (found == NULL) {
        if (strict)
            unknown(sc, p, line, m);
        return false;
    }
    if (!p->computed) {
        buf_puts(b, found->value);
        return true;
    }
    if (!value_uint(found->value, &v)) {
        topo_msgs_add(m, line, TOPO_ERROR, "{%s} is '%s', which is no number to compute with", p->name,
                      value_show(found->value, shown));
        return false;
    }
    if (p->minus && p->add > v) {
        topo_msgs_add(m, line, TOPO_ERROR, "{%s-%u} is below 0 where {%s} is %u", p->name, p->add, p->name,
                      v);
        return false;
    }
    buf_printf(b, "%0*llu", (int)p->width,
               p->minus ? (unsigned long long)v - p->add : (unsigned long long)v + p->add);
    return true;
}

char *topo_scope_fill(const struct topo_scope *sc, const struct topo *t, const char *s, bool strict, int line,
                      struct topo_msgs *m)
{
    struct buf b = BUF_INIT;
    struct place p;

    while (*s != '\0' && b.len <= TOPO_FILE_MAX) {
        size_t plain = strcspn(s, "{$");

        buf_add(&b, s, plain);
        s += plain;
        if (*s == '$')
            s += topo_reference_take(t, sc, s, strict, line, m, &b);
        else if (*s == '{' && read_place(s, &p) && add_place(&b, sc, &p, strict, line, m))
            s += p.len;
        else if (*s == '{')
            buf_putc(&b, *s++);
    }
    return buf_take(&b);
}
