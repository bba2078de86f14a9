#include "topology/foreign/import_text.h"

#include "labd/base/buf.h"
#include "labd/base/mem.h"

#include <stdint.h>
#include <string.h>

char *import_indent(const char *text)
{
    struct buf b = BUF_INIT;

    buf_putc(&b, '\n');
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        if (n > 0) {
            buf_puts(&b, "      ");
            buf_add(&b, text, n);
        }
        buf_putc(&b, '\n');
        text += n + (text[n] == '\n');
    }
    buf_puts(&b, "    ");
    return buf_take(&b);
}

/* Bytes of the character at 's', of which 'n' > 0 are there; 0: not allowed. */
static size_t char_len(const unsigned char *s, size_t n)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    uint32_t c = len == 1 ? s[0] : s[0] & (0x7fu >> len);

    if (len > n || (s[0] >= 0x80 && s[0] < 0xc2) || s[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3fu);
    }
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) || c == 0xfffe || c == 0xffff)
        return 0;
    return c >= 0x20 || c == '\t' || c == '\n' || c == '\r' ? len : 0;
}

bool import_text_ok(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s, *end = p + n;

    while (p < end) {
        size_t len = char_len(p, (size_t)(end - p));
        if (len == 0)
            return false;
        p += len;
    }
    return true;
}

char *import_quote(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    struct buf b = BUF_INIT;

    if (*word != '\0' && word[strspn(word, plain)] == '\0') {
        buf_puts(&b, word);
        return buf_take(&b);
    }
    buf_putc(&b, '\'');
    for (; *word != '\0'; word++) {
        if (*word == '\'')
            buf_puts(&b, "'\\''");
        else
            buf_putc(&b, *word);
    }
    buf_putc(&b, '\'');
    return buf_take(&b);
}
