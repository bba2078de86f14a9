#include "labd/ctl/ctl_text.h"

#include "labd/base/mem.h"

#include <stdbool.h>
#include <string.h>

/* Length of the UTF-8 sequence at 's' and its code point, 0 if there is none (RFC 3629). */
static size_t utf8(const unsigned char *s, size_t n, uint32_t *cp)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;

    if (len == 0 || len > n)
        return 0;
    *cp = len == 1 ? s[0] : s[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if (s[i] >> 6 != 2)
            return 0;
        *cp = *cp << 6 | (s[i] & 0x3f);
    }
    return *cp < least[len] || *cp > 0x10ffff || (*cp >= 0xd800 && *cp <= 0xdfff) ? 0 : len;
}

/* Characters that move the cursor, or reorder what stands around them. */
static bool dangerous(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x200e || cp == 0x200f || cp == 0x061c ||
           (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069) || cp == 0xfeff;
}

static void add_safe(struct buf *out, const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s;

    for (size_t i = 0; i < n;) {
        uint32_t cp = 0;
        size_t len = utf8(p + i, n - i, &cp);

        if (len == 0 || (len == 1 && dangerous(cp)))
            buf_printf(out, "\\x%02x", p[i]);
        else if (dangerous(cp))
            buf_printf(out, "\\u{%x}", cp);
        else
            buf_add(out, s + i, len);
        i += len == 0 ? 1 : len;
    }
}

char *text_safe(const char *s, size_t n)
{
    struct buf out = BUF_INIT;

    add_safe(&out, s, n);
    return buf_take(&out);
}

void text_lines(FILE *f, const char *indent, const char *s)
{
    while (*s != '\0') {
        size_t n = strcspn(s, "\n");
        AUTO(mem_freep) char *safe = text_safe(s, n);

        fprintf(f, "%s%s\n", indent, safe);
        s += n + (s[n] == '\n');
    }
}

size_t text_width(const char *s)
{
    size_t n = 0;

    for (; *s != '\0'; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

void text_cell(struct text_table *t, const char *fmt, ...)
{
    AUTO(mem_freep) char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = xvasprintf(fmt, ap);
    va_end(ap);
    XGROW(t->cells, t->n, t->cap);
    t->cells[t->n++] = text_safe(text, strlen(text));
}

void text_table_print(const struct text_table *t, FILE *f)
{
    AUTO(mem_freep) size_t *width = xcalloc(t->columns, sizeof *width);

    for (size_t i = 0; i < t->n; i++) {
        size_t w = text_width(t->cells[i]);
        if (w > width[i % t->columns])
            width[i % t->columns] = w;
    }
    for (size_t i = 0; i < t->n; i++) {
        bool last = i % t->columns == t->columns - 1;
        size_t pad = last ? 0 : width[i % t->columns] - text_width(t->cells[i]) + 2;

        fprintf(f, "%s%*s%s", t->cells[i], (int)pad, "", last ? "\n" : "");
    }
}

void text_table_clear(struct text_table *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->cells[i]);
    free(t->cells);
    *t = (struct text_table){.columns = t->columns};
}

void text_json(FILE *f, const json_t *j)
{
    AUTO(mem_freep) char *s = json_dumps(j, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_ENCODE_ANY);

    for (const char *p = s; p != NULL && *p != '\0'; p++) {
        if (*p == 0x7f)
            fputs("\\u007f", f); /* jansson takes DEL for printable */
        else
            putc(*p, f);
    }
    putc('\n', f);
}

const char *text_str(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));

    return s != NULL ? s : "";
}

int64_t text_int(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);

    return json_is_real(v) ? (int64_t)json_real_value(v) : json_integer_value(v);
}

static void part(struct buf *out, const char *name, double value, const char *unit)
{
    if (value > 0)
        buf_printf(out, "%s%s %.6g%s", out->len > 0 ? ", " : "", name, value, unit);
}

void text_impair(const json_t *impair, struct buf *out)
{
    struct buf b = BUF_INIT;
    double rate = (double)text_int(impair, "rate_bps");

    part(&b, "delay", (double)text_int(impair, "delay_us") / 1e3, "ms");
    part(&b, "jitter", (double)text_int(impair, "jitter_us") / 1e3, "ms");
    part(&b, "loss", (double)text_int(impair, "loss_ppm") / 1e4, "%");
    part(&b, "duplicate", (double)text_int(impair, "duplicate_ppm") / 1e4, "%");
    part(&b, "corrupt", (double)text_int(impair, "corrupt_ppm") / 1e4, "%");
    part(&b, "reorder", (double)text_int(impair, "reorder_ppm") / 1e4, "%");
    part(&b, "rate",
         rate >= 1e9   ? rate / 1e9
         : rate >= 1e6 ? rate / 1e6
                       : rate / 1e3,
         rate >= 1e9   ? "gbit"
         : rate >= 1e6 ? "mbit"
                       : "kbit");
    buf_puts(out, b.len > 0 ? buf_str(&b) : "none");
    buf_clear(&b);
}
