/* Text: what programs in a node get of it, what messages show of it, and what was probably meant. */
#include "topology/topo_value.h"

#include "labd/base/buf.h"
#include "labd/base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static bool blank(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] != ' ' && s[i] != '\t' && s[i] != '\r')
            return false;
    return true;
}

static size_t line_len(const char *s)
{
    const char *nl = strchr(s, '\n');

    return nl != NULL ? (size_t)(nl - s) : strlen(s);
}

/* The leading white space that all lines which hold more than that begin with. */
static size_t shared_indent(const char *s)
{
    const char *first = NULL;
    size_t shared = 0;

    for (size_t n;; s += n + 1) {
        n = line_len(s);
        if (!blank(s, n)) {
            size_t i = 0;
            while (i < n && (s[i] == ' ' || s[i] == '\t') &&
                   (first == NULL || (i < shared && s[i] == first[i])))
                i++;
            if (first == NULL)
                first = s;
            shared = i;
        }
        if (s[n] == '\0')
            return shared;
    }
}

char *value_dedent(const char *s)
{
    struct buf b = BUF_INIT;
    size_t indent, keep = 0;

    while (*s != '\0' && blank(s, line_len(s))) {
        s += line_len(s);
        s += *s == '\n';
    }
    indent = shared_indent(s);
    for (size_t n; *s != '\0'; s += n, s += *s == '\n') {
        n = line_len(s);
        if (!blank(s, n)) {
            buf_add(&b, s + indent, n - indent);
            keep = b.len + 1;
        }
        buf_putc(&b, '\n');
    }
    if (keep < b.len)
        buf_truncate(&b, keep);
    return buf_take(&b);
}

/* Bytes of the well-formed printable character at 's', or 0. */
static size_t utf8_len(const unsigned char *s)
{
    uint32_t c, min;
    size_t n;

    if (s[0] < 0x80)
        return s[0] >= 0x20 && s[0] != 0x7f ? 1 : 0;
    if (s[0] >= 0xc2 && s[0] <= 0xdf)
        n = 2, c = s[0] & 0x1fu, min = 0xa0; /* not the C1 control characters */
    else if (s[0] >= 0xe0 && s[0] <= 0xef)
        n = 3, c = s[0] & 0x0fu, min = 0x800;
    else if (s[0] >= 0xf0 && s[0] <= 0xf4)
        n = 4, c = s[0] & 0x07u, min = 0x10000;
    else
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3fu);
    }
    if (c < min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    if (c == 0x2028 || c == 0x2029 || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
        return 0; /* line separators and what turns the direction of writing */
    return n;
}

const char *value_show(const char *s, char out[VALUE_SHOW_SIZE])
{
    const unsigned char *p = (const unsigned char *)s;
    size_t o = 0;

    while (*p != '\0') {
        size_t n = utf8_len(p);
        if (o + (n ? n : 1) + sizeof "..." > VALUE_SHOW_SIZE) {
            memcpy(out + o, "...", 3);
            o += 3;
            break;
        }
        if (n == 0)
            out[o++] = '?';
        for (size_t i = 0; i < n; i++)
            out[o++] = (char)p[i];
        p += n ? n : 1;
    }
    out[o] = '\0';
    return out;
}

/* ---- what was probably meant: optimal string alignment distance (Damerau, CACM 7(3), 1964, with
 * adjacent transpositions only) ---- */
#define GUESS_MAX 40

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t distance(const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b);
    uint8_t d[3][GUESS_MAX + 1];

    if (la > GUESS_MAX || lb > GUESS_MAX)
        return GUESS_MAX;
    for (size_t j = 0; j <= lb; j++)
        d[0][j] = (uint8_t)j;
    for (size_t i = 1; i <= la; i++) {
        uint8_t *row = d[i % 3], *up = d[(i - 1) % 3], *up2 = d[(i + 1) % 3];
        row[0] = (uint8_t)i;
        for (size_t j = 1; j <= lb; j++) {
            size_t v = min_size(min_size(up[j] + 1u, row[j - 1] + 1u), up[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                v = min_size(v, up2[j - 2] + 1u);
            row[j] = (uint8_t)v;
        }
    }
    return d[la % 3][lb];
}

void value_guess_init(struct value_guess *g, const char *wrong)
{
    size_t n = strlen(wrong);

    g->wrong = wrong;
    g->best = NULL;
    g->distance = n <= 2 ? 2 : n <= 5 ? 3 : 4; /* only what is closer than this */
}

void value_guess_offer(struct value_guess *g, const char *candidate)
{
    size_t d = distance(g->wrong, candidate);

    if (d < g->distance && d < strlen(candidate)) {
        g->distance = d;
        g->best = candidate;
    }
}

const char *value_guess_hint(const struct value_guess *g, char out[VALUE_HINT_SIZE])
{
    out[0] = '\0';
    if (g->best != NULL)
        snprintf(out, VALUE_HINT_SIZE, " (did you mean '%s'?)", g->best);
    return out;
}
