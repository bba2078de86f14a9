#include "topology/foreign/slug.h"

#include "labd/base/mem.h"

#include <search.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* ---- letters ---- */
static const char latin1[] = /* U+00C0 .. */
    "a a a a a a aec e e e e i i i i d n o o o o o   o u u u u y thss"
    "a a a a a a aec e e e e i i i i d n o o o o o   o u u u u y thy ";
static const char latin_a[] = /* U+0100 .. U+017F */
    "a a a a a a c c c c c c c c d d d d e e e e e e e e e e g g g g "
    "g g g g h h h h i i i i i i i i i i ijijj j k k k l l l l l l l "
    "l l l n n n n n n n ngngo o o o o o oeoer r r r r r s s s s s s "
    "s s t t t t t t u u u u u u u u u u u u w w y y y z z z z z z s ";
static const char greek[] = /* U+0391 .. U+03A9, and the same 32 later */
    "a v g d e z i thi k l m n x o p r s s t y f chpso ";
static const char greek_accented[] = /* U+03AC .. U+03AF */
    "a e i i ";
static const char cyrillic[] = /* U+0410 .. U+042F, and the same 32 later */
    "a b v g d e zhz i y k l m n o p r s t u f khtschshsh  y   e yuya";

static const char *two(const char *table, uint32_t i)
{
    return table + (size_t)i * 2;
}

/* The two bytes (blank-padded) that spell 'c', or NULL for what is no letter that we know. */
static const char *spell(uint32_t c)
{
    if (c >= 0xc0 && c <= 0xff)
        return two(latin1, c - 0xc0);
    if (c >= 0x100 && c <= 0x17f)
        return two(latin_a, c - 0x100);
    if (c >= 0x391 && c <= 0x3a9)
        return two(greek, c - 0x391);
    if (c >= 0x3b1 && c <= 0x3c9)
        return two(greek, c - 0x3b1);
    if (c >= 0x3ac && c <= 0x3af)
        return two(greek_accented, c - 0x3ac);
    if (c >= 0x410 && c <= 0x42f)
        return two(cyrillic, c - 0x410);
    if (c >= 0x430 && c <= 0x44f)
        return two(cyrillic, c - 0x430);
    switch (c) {
    case 0x386:
        return "a ";
    case 0x388:
        return "e ";
    case 0x389:
    case 0x38a:
        return "i ";
    case 0x38c:
    case 0x38f:
    case 0x3cc:
    case 0x3ce:
        return "o ";
    case 0x38e:
    case 0x3cd:
        return "y ";
    case 0x401:
    case 0x451:
        return "e ";
    case 0x404:
    case 0x454:
        return "ye";
    case 0x406:
    case 0x456:
        return "i ";
    case 0x407:
    case 0x457:
        return "yi";
    case 0x218:
    case 0x219:
        return "s ";
    case 0x21a:
    case 0x21b:
        return "t ";
    default:
        return NULL;
    }
}

/* The next character; malformed bytes count as a blank. */
static uint32_t next_char(const unsigned char **p)
{
    const unsigned char *s = *p;
    uint32_t c = *s++;
    int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;

    if (c >= 0x80) {
        c = more == 0 ? ' ' : c & (0x3fu >> more);
        for (; more > 0 && (*s & 0xc0) == 0x80; more--)
            c = c << 6 | (*s++ & 0x3fu);
        if (more > 0)
            c = ' ';
    }
    *p = s;
    return c;
}

#define LABEL_MAX 256

void slug_make(const char *label, size_t max, char out[NAME_SIZE])
{
    char all[LABEL_MAX + 4] = "";
    const unsigned char *p = (const unsigned char *)label;
    size_t n = 0, cut;

    while (*p != '\0' && n < LABEL_MAX) {
        uint32_t c = next_char(&p);
        const char *s = spell(c);
        if (c >= 'A' && c <= 'Z')
            c += 'a' - 'A';
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            all[n++] = (char)c;
        } else if (s != NULL) {
            for (int i = 0; i < 2; i++)
                if (s[i] != ' ')
                    all[n++] = s[i];
        } else if (c == '\'' || c == 0x2019 || (c >= 0x300 && c <= 0x36f)) {
            continue; /* apostrophes and combining accents are part of a word */
        } else if (n > 0 && all[n - 1] != '-') {
            all[n++] = '-';
        }
    }
    while (n > 0 && all[n - 1] == '-')
        n--;
    cut = n;
    if (n > max) {
        for (cut = max; cut > 0 && all[cut] != '-'; cut--)
            ;
        if (cut < max / 2)
            cut = max;
        while (cut > 0 && all[cut - 1] == '-')
            cut--;
    }
    memcpy(out, all, cut);
    out[cut] = '\0';
}

/* ---- the set: a balanced tree, since labels come from strangers ---- */
struct used {
    char name[NAME_SIZE];
    unsigned next; /* suffix to try next for this base */
};

struct slug_set {
    void *root;
};

static int order(const void *a, const void *b)
{
    const struct used *x = a, *y = b;

    return strcmp(x->name, y->name);
}

struct slug_set *slug_set_new(void)
{
    return xcalloc(1, sizeof(struct slug_set));
}

void slug_set_free(struct slug_set *s)
{
    if (s == NULL)
        return;
    tdestroy(s->root, free);
    free(s);
}

void slug_set_freep(struct slug_set **s)
{
    slug_set_free(*s);
    *s = NULL;
}

/* The entry of 'name'; '*fresh' tells whether it is a new one. */
static struct used *enter(struct slug_set *s, const char *name, bool *fresh)
{
    struct used *u = xcalloc(1, sizeof *u);
    struct used **found;

    snprintf(u->name, sizeof u->name, "%s", name);
    u->next = 2;
    found = tsearch(u, &s->root, order);
    if (found == NULL)
        abort(); /* out of memory, as in mem.h */
    *fresh = *found == u;
    if (!*fresh)
        free(u);
    return *found;
}

void slug_unique(struct slug_set *s, char name[NAME_SIZE], const char *fallback)
{
    char base[NAME_SIZE], tail[16];
    bool fresh;
    struct used *u;

    if (name[0] == '\0')
        snprintf(base, sizeof base, "%s", fallback);
    else if (name[0] >= '0' && name[0] <= '9')
        snprintf(base, sizeof base, "n%.*s", NAME_MAX_LEN - 1, name);
    else
        snprintf(base, sizeof base, "%s", name);
    u = enter(s, base, &fresh);
    snprintf(name, NAME_SIZE, "%s", base);
    while (!fresh) {
        size_t room = (size_t)(NAME_MAX_LEN - snprintf(tail, sizeof tail, "-%u", u->next++));
        size_t n = strlen(base) < room ? strlen(base) : room;
        while (n > 1 && base[n - 1] == '-')
            n--;
        snprintf(name, NAME_SIZE, "%.*s%s", (int)n, base, tail);
        enter(s, name, &fresh);
    }
}
