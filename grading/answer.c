#include "grading/answer.h"

#include "grading/check/check.h"
#include "grading/exercise_attr.h"
#include "labd/base/mem.h"

#include <limits.h>
#include <locale.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#define MAC_DIGITS 12

const char *answer_form_name(enum exercise_form form)
{
    static const char *const names[] = {[EXERCISE_FORM_TEXT] = "text",
                                        [EXERCISE_FORM_NUMBER] = "number",
                                        [EXERCISE_FORM_ADDRESS] = "address",
                                        [EXERCISE_FORM_MAC] = "mac"};

    return names[form];
}

bool answer_asked(const struct exercise_check *c)
{
    return c->kind != NULL && c->kind->question;
}

/* ---- canonical forms ---- */

/* Small letters, by the locale of the thread.  False for what is no UTF-8 there, or no text. */
static bool lower(const char *s, char out[ANSWER_SIZE])
{
    mbstate_t from = {0}, to = {0};
    char one[MB_LEN_MAX];
    size_t at = 0, n;
    wchar_t w;

    for (; *s != '\0'; s += n) {
        n = mbrtowc(&w, s, strlen(s), &from);
        if (n > strlen(s) || iswcntrl((wint_t)w))
            return false;
        size_t len = wcrtomb(one, (wchar_t)towlower((wint_t)w), &to);
        if (len == (size_t)-1 || at + len >= ANSWER_SIZE)
            return false;
        memcpy(out + at, one, len);
        at += len;
    }
    out[at] = '\0';
    return true;
}

static bool text_form(const char *text, char out[ANSWER_SIZE])
{
    AUTO(mem_freep) char *s = xstrdup(text);
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0), before;

    exercise_fold(s);
    if (utf8 == (locale_t)0) /* part of libc */
        abort();
    before = uselocale(utf8);
    bool fine = *s != '\0' && lower(s, out);
    uselocale(before);
    freelocale(utf8);
    return fine;
}

static bool number_form(const char *s, char out[ANSWER_SIZE])
{
    bool minus = *s == '-';

    s += minus || *s == '+';
    if (*s == '\0' || s[strspn(s, "0123456789")] != '\0')
        return false;
    while (s[0] == '0' && s[1] != '\0')
        s++;
    snprintf(out, ANSWER_SIZE, "%s%s", minus && strcmp(s, "0") != 0 ? "-" : "", s);
    return true;
}

static bool address_form(const char *s, char out[ANSWER_SIZE])
{
    char text[PROBE_ADDR_TEXT];
    struct probe_addr a;
    unsigned prefix;

    if (probe_addr_parse(s, &a))
        snprintf(out, ANSWER_SIZE, "%s", probe_addr_text(&a, text));
    else if (probe_addr_parse_net(s, &a, &prefix))
        snprintf(out, ANSWER_SIZE, "%s/%u", probe_addr_text(&a, text), prefix);
    else
        return false;
    return true;
}

static bool mac_form(const char *s, char out[ANSWER_SIZE])
{
    size_t n = 0;

    for (; *s != '\0'; s++) {
        if (strchr(":-.", *s) != NULL)
            continue;
        if (strchr("0123456789abcdef", *s) == NULL || n >= MAC_DIGITS)
            return false;
        out[n++] = *s;
    }
    out[n] = '\0';
    return n == MAC_DIGITS;
}

int answer_canonical(enum exercise_form form, const char *text, char out[ANSWER_SIZE], struct err *e)
{
    static const struct {
        bool (*make)(const char *s, char out[ANSWER_SIZE]);
        const char *needs;
    } forms[] = {
        [EXERCISE_FORM_TEXT] = {NULL, ""},
        [EXERCISE_FORM_NUMBER] = {number_form, "a whole number, such as 42"},
        [EXERCISE_FORM_ADDRESS] = {address_form,
                                   "an address or a prefix, such as 10.0.1.1, 10.0.1.0/24 or 2001:db8::/64"},
        [EXERCISE_FORM_MAC] = {mac_form, "a MAC address, such as 02:00:00:00:00:01"},
    };
    char plain[ANSWER_SIZE];

    if (strlen(text) > ANSWER_MAX)
        return err_set(e, ERR_INVALID, "an answer may not be longer than %u bytes", ANSWER_MAX);
    if (!text_form(text, plain))
        return err_set(e, ERR_INVALID, "an answer must be one line of plain text");
    if (forms[form].make == NULL)
        memcpy(out, plain, sizeof plain);
    else if (!forms[form].make(plain, out))
        return err_set(e, ERR_INVALID, "the answer must be %s", forms[form].needs);
    return 0;
}

/* ---- what is expected ---- */

bool answer_each(const struct exercise_check *c, answer_fn *fn, void *arg)
{
    if (c->answer != NULL && !fn(c->answer, arg))
        return false;
    for (const char *p = c->also; p != NULL;) {
        size_t n = strcspn(p, "|");
        AUTO(mem_freep) char *one = xstrndup(p, n);

        if (!fn(one, arg))
            return false;
        p = p[n] == '|' ? p + n + 1 : NULL;
    }
    return true;
}

struct comparison {
    enum exercise_form form;
    unsigned char said[crypto_generichash_BYTES];
    bool same;
};

static bool digest(enum exercise_form form, const char *text, unsigned char out[crypto_generichash_BYTES])
{
    char plain[ANSWER_SIZE];
    struct err e;

    if (answer_canonical(form, text, plain, &e) < 0)
        return false;
    crypto_generichash(out, crypto_generichash_BYTES, (const unsigned char *)plain, strlen(plain), NULL, 0);
    return true;
}

/* With each of them, whatever the others gave. */
static bool compare(const char *text, void *arg)
{
    struct comparison *m = arg;
    unsigned char want[crypto_generichash_BYTES];

    if (digest(m->form, text, want))
        m->same = (sodium_memcmp(want, m->said, sizeof want) == 0) | m->same;
    return true;
}

bool answer_right(const struct exercise_check *c, const char *text)
{
    struct comparison m = {.form = c->form};

    return digest(c->form, text, m.said) && answer_each(c, compare, &m) && m.same;
}

unsigned answer_wrong(enum exercise_form form, const json_t *wrong, const char *but)
{
    json_t *seen = json_object(), *v;
    char plain[ANSWER_SIZE];
    struct err e;
    size_t i;

    json_array_foreach(wrong, i, v) {
        if (json_is_string(v) && answer_canonical(form, json_string_value(v), plain, &e) == 0)
            json_object_set_new(seen, plain, json_true());
    }
    if (but != NULL && answer_canonical(form, but, plain, &e) == 0)
        json_object_del(seen, plain);
    size_t n = json_object_size(seen);
    json_decref(seen);
    return (unsigned)n;
}

void answers_give(struct exercise *x, const json_t *given, const json_t *wrong)
{
    for (size_t i = 0; i < x->nchecks; i++) {
        struct exercise_check *c = &x->checks[i];
        const char *text = json_string_value(json_object_get(given, c->id));

        if (!answer_asked(c))
            continue;
        free(c->given);
        c->given = text != NULL ? xstrdup(text) : NULL;
        c->wrong = answer_wrong(c->form, json_object_get(wrong, c->id), text);
    }
}

json_t *answers_given(const struct exercise *x)
{
    json_t *j = json_object();

    for (size_t i = 0; i < x->nchecks; i++)
        if (x->checks[i].given != NULL)
            json_object_set_new(j, x->checks[i].id, json_string(x->checks[i].given));
    return j;
}
