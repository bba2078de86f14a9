#include "labd/base/csv.h"

#include <string.h>

static void separate(struct buf *out)
{
    if (out->len > 0 && out->data[out->len - 1] != '\n')
        buf_putc(out, ',');
}

/* Excel, LibreOffice and Google's sheets skip blanks before they look for a formula; fullwidth forms of the
 * signs are taken for them in some languages. */
static int formula(const char *s)
{
    static const char *const wide[] = {"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};

    if ((unsigned char)*s < 0x20 && *s != '\0')
        return 1;
    s += strspn(s, " \t\r\n\v\f");
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (strncmp(s, wide[i], strlen(wide[i])) == 0)
            return 1;
    return *s != '\0' && strchr("=+-@|", *s) != NULL;
}

void csv_text(struct buf *out, const char *s)
{
    separate(out);
    buf_putc(out, '"');
    if (s != NULL && formula(s))
        buf_putc(out, '\'');
    for (; s != NULL && *s != '\0'; s++) {
        if (*s == '"')
            buf_putc(out, '"');
        buf_putc(out, (unsigned char)*s < 0x20 || *s == 0x7f ? ' ' : *s);
    }
    buf_putc(out, '"');
}

void csv_number(struct buf *out, int64_t n)
{
    separate(out);
    buf_printf(out, "%lld", (long long)n);
}

void csv_end(struct buf *out)
{
    buf_puts(out, "\r\n");
}
