#include "labd/ctl/ctl_script.h"

#include "labd/base/mem.h"

#include <stdint.h>
#include <string.h>

#define BLANKS " \t"
#define NOTE "mutant:"

struct span {
    const char *p;
    size_t n;
};

/* Shell words that begin or end what encloses others, and those that change nothing in the network. */
static const char *const shell_first[] = {
    "for", "while", "until", "if",    "case",   "select", "do",   "then",  "else", "elif",
    "fi",  "done",  "esac",  "{",     "}",      "(",      ")",    ";;",    "set",  "exit",
    "cd",  ":",     "true",  "sleep", "return", "wait",   "trap", "shift", "read", "break"};
static const char *const shell_last[] = {"do", "then", "else", "in", "{", "(", ";;", "|", "||", "&&"};
/* Lines of FRR that choose what the next ones are about. */
static const char *const frr_first[] = {"configure", "conf",
                                        "exit",      "end",
                                        "interface", "router",
                                        "vrf",       "line",
                                        "key",       "address-family",
                                        "write",     "copy",
                                        "exit-vrf",  "exit-address-family",
                                        "route-map", "debug",
                                        "log",       "hostname"};

void script_init(struct script *s, const char *text)
{
    *s = (struct script){.at = text, .line = 1};
}

static struct span trim(struct span s)
{
    while (s.n > 0 && strchr(BLANKS, s.p[0]) != NULL)
        s.p++, s.n--;
    while (s.n > 0 && strchr(BLANKS "\r", s.p[s.n - 1]) != NULL)
        s.n--;
    return s;
}

static bool is(struct span s, const char *word)
{
    return s.n == strlen(word) && strncmp(s.p, word, s.n) == 0;
}

static bool one_of(struct span s, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is(s, words[i]))
            return true;
    return false;
}

static struct span first_word(struct span s)
{
    size_t n = 0;

    while (n < s.n && strchr(BLANKS "\n", s.p[n]) == NULL)
        n++;
    return (struct span){s.p, n};
}

static struct span last_word(struct span s)
{
    size_t n = 0;

    while (n < s.n && strchr(BLANKS "\n", s.p[s.n - n - 1]) == NULL)
        n++;
    return (struct span){s.p + s.n - n, n};
}

static const char *find(struct span s, const char *what)
{
    return memmem(s.p, s.n, what, strlen(what));
}

/* Of a comment, which begins with a character of its language: "# mutant: same". */
static bool take_note(struct script *s, struct span comment)
{
    struct span body = trim((struct span){comment.p + 1, comment.n - 1});

    if (body.n < strlen(NOTE) || strncmp(body.p, NOTE, strlen(NOTE)) != 0)
        return false;
    body = trim((struct span){body.p + strlen(NOTE), body.n - strlen(NOTE)});
    s->note = body.p;
    s->note_len = body.n;
    return true;
}

static struct span line_here(const struct script *s)
{
    return (struct span){s->at, strcspn(s->at, "\n")};
}

static void next_line(struct script *s)
{
    s->at += strcspn(s->at, "\n");
    if (*s->at == '\n')
        s->at++;
    s->line++;
}

/* ---- the shell ---- */

struct scan {
    char quote;    /* ' or ", 0 outside */
    bool joined;   /* the line ended with a backslash */
    size_t end;    /* of the line without its comment */
    size_t here;   /* where "<<" stands, SIZE_MAX: nowhere */
    bool has_here; /* in this statement */
};

/* Looks at one line of a shell statement, on from 'x'. */
static void scan_line(struct scan *x, struct span l)
{
    x->joined = false;
    x->here = SIZE_MAX;
    x->end = l.n;
    for (size_t i = 0; i < l.n; i++) {
        char c = l.p[i];

        if (c == '\\' && x->quote != '\'') {
            x->joined = i + 1 == l.n;
            i++;
        } else if (x->quote != 0) {
            x->quote = c == x->quote ? '\0' : x->quote;
        } else if (c == '\'' || c == '"') {
            x->quote = c;
        } else if (c == '#' && (i == 0 || strchr(BLANKS ";", l.p[i - 1]) != NULL)) {
            x->end = i;
            return;
        } else if (c == '<' && i + 1 < l.n && l.p[i + 1] == '<') {
            if (i + 2 < l.n && l.p[i + 2] == '<') /* a here-string */
                i++;
            else if (x->here == SIZE_MAX)
                x->here = i + 2;
            i++;
        }
    }
}

/* "<<" was found at 'rest'; 'statement' is what reads it. */
static void begin_here(struct script *s, struct span rest, struct span statement)
{
    size_t n = 0;

    s->tabs = rest.n > 0 && rest.p[0] == '-';
    if (s->tabs)
        rest.p++, rest.n--;
    rest = trim(rest);
    for (size_t i = 0; i < rest.n && strchr(BLANKS ";|&<>)", rest.p[i]) == NULL; i++)
        if (strchr("'\"\\", rest.p[i]) == NULL && n + 1 < sizeof s->end)
            s->end[n++] = rest.p[i];
    s->end[n] = '\0';
    s->lang = find(statement, "vtysh") != NULL || find(statement, "frr") != NULL ? SCRIPT_FRR
              : find(statement, "nft") != NULL                                   ? SCRIPT_NFT
                                                                                 : SCRIPT_TEXT;
}

static bool shell_structure(struct span s)
{
    struct span first = first_word(s), last = last_word(s);
    bool assigns = memchr(first.p, '=', first.n) != NULL, alone = first.n == s.n;

    if (one_of(first, shell_first, ARRAY_LEN(shell_first)) ||
        one_of(last, shell_last, ARRAY_LEN(shell_last)) || assigns)
        return true;
    if ((is(first, "echo") || is(first, "printf")) && memchr(s.p, '>', s.n) == NULL &&
        memchr(s.p, '|', s.n) == NULL)
        return true;
    return (alone && s.n > 0 && s.p[s.n - 1] == ')') || (s.n > 2 && strncmp(s.p + s.n - 2, ";;", 2) == 0);
}

static bool continues(const struct scan *x, struct span line)
{
    struct span last = last_word(trim((struct span){line.p, x->end}));

    return x->quote != 0 || x->joined || is(last, "|") || is(last, "||") || is(last, "&&");
}

static void shell_statement(struct script *s, struct script_statement *out)
{
    struct scan x = {.here = SIZE_MAX};
    struct span line = line_here(s), all = trim(line), here = {NULL, 0};

    out->line = s->line;
    for (;;) {
        scan_line(&x, line);
        if (x.here != SIZE_MAX)
            here = (struct span){line.p + x.here, x.end - x.here};
        if (x.end < line.n)
            take_note(s, (struct span){line.p + x.end, line.n - x.end});
        all = trim((struct span){all.p, (size_t)(line.p + x.end - all.p)});
        next_line(s);
        if (!continues(&x, line) || *s->at == '\0')
            break;
        line = line_here(s);
    }
    if (here.p != NULL)
        begin_here(s, here, all);
    *out = (struct script_statement){.lang = SCRIPT_SHELL,
                                     .text = all.p,
                                     .len = all.n,
                                     .line = out->line,
                                     .structure = here.p != NULL || shell_structure(all)};
}

/* ---- here-documents ---- */

static bool is_structure(enum script_lang lang, struct span s)
{
    bool braces = s.p[s.n - 1] == '{' || s.p[0] == '}';

    if (lang == SCRIPT_FRR)
        return one_of(first_word(s), frr_first, ARRAY_LEN(frr_first));
    return braces || (lang == SCRIPT_TEXT && s.p[0] == '[');
}

/* Only where a line may end with one: a comment in FRR has a line of its own. */
static struct span without_comment(struct script *s, struct span l)
{
    if (s->lang == SCRIPT_FRR)
        return l;
    for (size_t i = 1; i < l.n; i++)
        if (l.p[i] == '#' && strchr(BLANKS, l.p[i - 1]) != NULL &&
            (take_note(s, (struct span){l.p + i, l.n - i}) || s->lang == SCRIPT_NFT))
            return trim((struct span){l.p, i});
    return l;
}

static void here_statement(struct script *s, struct script_statement *out)
{
    struct span all = without_comment(s, trim(line_here(s)));

    *out = (struct script_statement){.lang = s->lang,
                                     .text = all.p,
                                     .len = all.n,
                                     .line = s->line,
                                     .structure = is_structure(s->lang, all)};
    next_line(s);
}

static bool ends_here(const struct script *s, struct span line)
{
    while (s->tabs && line.n > 0 && line.p[0] == '\t')
        line.p++, line.n--;
    return s->end[0] != '\0' && is(line, s->end);
}

bool script_next(struct script *s, struct script_statement *out)
{
    for (; *s->at != '\0'; next_line(s)) {
        struct span line = trim(line_here(s));
        bool inside = s->end[0] != '\0', bang = inside && s->lang == SCRIPT_FRR;

        if (ends_here(s, line_here(s))) {
            s->end[0] = '\0';
        } else if (line.n > 0 && (line.p[0] == '#' || (bang && line.p[0] == '!'))) {
            take_note(s, line);
        } else if (line.n > 0) {
            if (inside)
                here_statement(s, out);
            else
                shell_statement(s, out);
            out->note = TAKE(s->note);
            out->note_len = s->note_len;
            return true;
        }
    }
    return false;
}

bool script_same(const char *a, const char *b)
{
    struct script s, t;
    struct script_statement x, y;

    script_init(&s, a);
    script_init(&t, b);
    for (;;) {
        bool more = script_next(&s, &x);
        if (script_next(&t, &y) != more)
            return false;
        if (!more)
            return true;
        if (x.lang != y.lang || x.len != y.len || memcmp(x.text, y.text, x.len) != 0)
            return false;
    }
}
