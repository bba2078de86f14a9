#include "labd/ctl/ctl_mutant.h"

#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "labd/ctl/ctl_script.h"
#include "topology/topo.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#define STATEMENT_MAX 1024u

static const char *const fault_names[MUTANT_FAULTS] = {
    [MUTANT_DROP] = "drop",         [MUTANT_ADDRESS] = "address",     [MUTANT_PREFIX] = "prefix",
    [MUTANT_NEXT_HOP] = "next-hop", [MUTANT_INTERFACE] = "interface", [MUTANT_SWITCH] = "switch",
};

/* The statement that is being looked at. */
struct maker {
    struct mutants *m;
    const struct topo_node *node;
    const char *script;
    const struct script_statement *s;
    unsigned excused;            /* bits of enum mutant_fault */
    unsigned nth[MUTANT_FAULTS]; /* of this statement so far */
};

/* Puts 'with' in the place of the statement's bytes 'at' .. 'at' + 'len'. */
static void make(struct maker *k, enum mutant_fault fault, size_t at, size_t len, const char *with)
{
    const struct script_statement *s = k->s;
    const char *node = k->node->name, *what = fault_names[fault];
    unsigned nth = ++k->nth[fault];

    if ((k->excused & (1u << fault)) != 0) {
        k->m->excused++;
        return;
    }
    XGROW(k->m->v, k->m->n, k->m->cap);
    k->m->v[k->m->n++] = (struct mutant){
        .name = nth == 1 ? xasprintf("%s.sh:%u %s", node, s->line, what)
                         : xasprintf("%s.sh:%u %s %u", node, s->line, what, nth),
        .node = xstrdup(node),
        .at = (size_t)(s->text - k->script) + at,
        .len = len,
        .with = xstrdup(with),
        .was = xstrndup(s->text, s->len),
        .now = xasprintf("%.*s%s%.*s", (int)at, s->text, with, (int)(s->len - at - len), s->text + at + len),
    };
}

/* ---- addresses ---- */

/* Characters that make a longer word of what stands beside them. */
static bool joins(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

struct found { /* an address in a statement */
    size_t at, len;
    int family;
    uint8_t bytes[16];
    unsigned bits; /* of the family */
    int prefix;    /* -1: none */
    size_t prefix_at, prefix_len;
};

/* The number behind the "/" that follows the address. */
static void take_prefix(const struct script_statement *s, struct found *f)
{
    size_t i = f->at + f->len, n = 0;
    int value = 0;

    f->prefix = -1;
    if (i >= s->len || s->text[i] != '/')
        return;
    for (i++; i + n < s->len && n < 3 && isdigit((unsigned char)s->text[i + n]); n++)
        value = value * 10 + (s->text[i + n] - '0');
    if (n == 0 || value > (int)f->bits || (i + n < s->len && joins(s->text[i + n])))
        return;
    f->prefix = value;
    f->prefix_at = i;
    f->prefix_len = n;
}

/* Is there an address at 'at'? */
static bool address_at(const struct script_statement *s, size_t at, struct found *f)
{
    char text[INET6_ADDRSTRLEN];
    size_t n = 0, colons = 0;

    if (at > 0 && (joins(s->text[at - 1]) || strchr(".:", s->text[at - 1]) != NULL))
        return false;
    while (at + n < s->len && (isxdigit((unsigned char)s->text[at + n]) || strchr(".:", s->text[at + n])))
        colons += s->text[at + n++] == ':';
    if (colons == 1) /* "10.0.0.1:80" */
        n = strcspn(s->text + at, ":");
    while (n > 0 && s->text[at + n - 1] == '.')
        n--;
    if (n == 0 || n >= sizeof text || (at + n < s->len && joins(s->text[at + n])))
        return false;
    *f = (struct found){.at = at, .len = n, .family = colons > 1 ? AF_INET6 : AF_INET};
    memcpy(text, s->text + at, n);
    text[n] = '\0';
    f->bits = f->family == AF_INET6 ? 128 : 32;
    if (inet_pton(f->family, text, f->bytes) != 1)
        return false;
    take_prefix(s, f);
    return true;
}

static bool is_network(const struct found *f)
{
    if (f->prefix < 0)
        return false;
    for (unsigned bit = (unsigned)f->prefix; bit < f->bits; bit++)
        if ((f->bytes[bit / 8] & (0x80u >> bit % 8)) != 0)
            return false;
    return true;
}

/* A digit's neighbour of the same length, so that nothing else changes. */
static unsigned other(unsigned n, unsigned base, unsigned max)
{
    return n % base == base - 1 || n >= max ? n - 1 : n + 1;
}

static void another_address(struct maker *k, struct found *f, enum mutant_fault fault)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t *last = &f->bytes[f->bits / 8 - 1];

    if (f->prefix == 0)
        return; /* all there is */
    unsigned bit = (unsigned)f->prefix - 1;
    if (is_network(f))
        f->bytes[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
    else
        *last = (uint8_t)(f->family == AF_INET ? other(*last, 10, 254) : other(*last, 16, 255));
    inet_ntop(f->family, f->bytes, text, sizeof text);
    make(k, fault, f->at, f->len, text);
}

static void another_prefix(struct maker *k, const struct found *f)
{
    char text[16];

    if (f->prefix <= 0)
        return;
    snprintf(text, sizeof text, "%u", other((unsigned)f->prefix, 10, f->bits));
    make(k, MUTANT_PREFIX, f->prefix_at, f->prefix_len, text);
}

static bool begins(const struct script_statement *s, const char *words)
{
    return s->len > strlen(words) && strncmp(s->text, words, strlen(words)) == 0;
}

/* "via 10.0.0.1" of the shell, and what follows the prefix in FRR's "ip route". */
static bool is_next_hop(const struct script_statement *s, size_t at, unsigned before)
{
    if (s->lang == SCRIPT_FRR)
        return before == 1 && (begins(s, "ip route ") || begins(s, "ipv6 route "));
    while (at > 0 && s->text[at - 1] == ' ')
        at--;
    return at >= 4 && strncmp(s->text + at - 4, " via", 4) == 0;
}

static void addresses(struct maker *k)
{
    struct found f;
    unsigned before = 0;

    for (size_t i = 0; i < k->s->len; i++) {
        if (!address_at(k->s, i, &f))
            continue;
        another_address(k, &f, is_next_hop(k->s, i, before++) ? MUTANT_NEXT_HOP : MUTANT_ADDRESS);
        another_prefix(k, &f);
        i += f.len - 1;
    }
}

/* ---- interfaces ---- */

/* The node's interface whose name stands at 'at'; the longest. */
static size_t interface_at(const struct maker *k, size_t at)
{
    const struct script_statement *s = k->s;
    size_t best = k->node->nifaces, longest = 0;

    if (at > 0 && (joins(s->text[at - 1]) || s->text[at - 1] == '-'))
        return best;
    for (size_t i = 0; i < k->node->nifaces; i++) {
        const char *name = k->node->ifaces[i].name;
        size_t n = strlen(name);

        if (n > longest && at + n <= s->len && strncmp(s->text + at, name, n) == 0 &&
            (at + n == s->len || (!joins(s->text[at + n]) && s->text[at + n] != '-'))) {
            longest = n;
            best = i;
        }
    }
    return best;
}

static void interfaces(struct maker *k)
{
    for (size_t at = 0; k->node->nifaces > 1 && at < k->s->len; at++) {
        size_t i = interface_at(k, at);

        if (i == k->node->nifaces)
            continue;
        make(k, MUTANT_INTERFACE, at, strlen(k->node->ifaces[i].name),
             k->node->ifaces[(i + 1) % k->node->nifaces].name);
        at += strlen(k->node->ifaces[i].name) - 1;
    }
}

/* ---- switches ---- */

static bool contains(const struct script_statement *s, const char *what)
{
    return memmem(s->text, s->len, what, strlen(what)) != NULL;
}

/* A whole word at 'at'? */
static bool word_at(const struct script_statement *s, size_t at, const char *word)
{
    size_t n = strlen(word);

    return (at == 0 || !joins(s->text[at - 1])) && at + n <= s->len && strncmp(s->text + at, word, n) == 0 &&
           (at + n == s->len || !joins(s->text[at + n]));
}

/* The value of a kernel parameter: "net.ipv4.ip_forward = 1", "echo 1 >/proc/sys/...". */
static void parameter(struct maker *k)
{
    const struct script_statement *s = k->s;
    bool written = contains(s, "/proc/sys/");

    if (!written && !contains(s, "net."))
        return;
    for (size_t i = 1; i < s->len; i++) {
        size_t before = i;

        while (before > 0 && s->text[before - 1] == ' ')
            before--;
        bool value = before > 0 && s->text[before - 1] == '=';
        value = value || (written && before >= 4 && strncmp(s->text + before - 4, "echo", 4) == 0);
        if (value && (word_at(s, i, "0") || word_at(s, i, "1")))
            make(k, MUTANT_SWITCH, i, 1, s->text[i] == '1' ? "0" : "1");
    }
}

static void verdict(struct maker *k)
{
    static const struct {
        const char *was, *now;
    } words[] = {{"accept", "drop"}, {"drop", "accept"}, {"reject", "accept"},
                 {"ACCEPT", "DROP"}, {"DROP", "ACCEPT"}, {"REJECT", "ACCEPT"}};
    const struct script_statement *s = k->s;

    if (s->lang != SCRIPT_NFT &&
        (s->lang != SCRIPT_SHELL || (!contains(s, "nft ") && !contains(s, "tables "))))
        return;
    for (size_t i = 0; i < s->len; i++)
        for (size_t w = 0; w < ARRAY_LEN(words); w++)
            if (word_at(s, i, words[w].was))
                make(k, MUTANT_SWITCH, i, strlen(words[w].was), words[w].now);
}

static void switches(struct maker *k)
{
    if (k->s->lang != SCRIPT_FRR) {
        parameter(k);
        verdict(k);
    } else if (begins(k->s, "no ")) {
        make(k, MUTANT_SWITCH, 0, strlen("no "), "");
    } else if (!k->s->structure) {
        make(k, MUTANT_SWITCH, 0, 0, "no ");
    }
}

/* ---- all of a script ---- */

/* An empty body is none to the shell, so ":" stands there. */
static void drop(struct maker *k)
{
    if (!k->s->structure)
        make(k, MUTANT_DROP, 0, k->s->len, k->s->lang == SCRIPT_SHELL ? ":" : "");
}

/* The faults that the note of 's' excuses: "same", "same prefix drop: nobody sees it". */
static int read_note(const char *node, const struct script_statement *s, unsigned *excused, struct err *e)
{
    AUTO(mem_freep) char *note = xstrndup(s->note != NULL ? s->note : "", s->note != NULL ? s->note_len : 0);
    char *save = NULL;

    *excused = 0;
    if (s->note == NULL)
        return 0;
    note[strcspn(note, ":")] = '\0';
    const char *word = strtok_r(note, " \t", &save);
    if (word == NULL || strcmp(word, "same") != 0)
        return err_set(e, ERR_INVALID, "%s.sh:%u: after 'mutant:' comes 'same'", node, s->line);
    while ((word = strtok_r(NULL, " \t", &save)) != NULL) {
        int fault = 0;
        while (fault < MUTANT_FAULTS && strcmp(word, fault_names[fault]) != 0)
            fault++;
        if (fault == MUTANT_FAULTS)
            return err_set(e, ERR_INVALID,
                           "%s.sh:%u: '%.40s' is no fault of a mutant; a reason stands after ':'", node,
                           s->line, word);
        *excused |= 1u << fault;
    }
    if (*excused == 0)
        *excused = (1u << MUTANT_FAULTS) - 1;
    return 0;
}

int mutants_add(struct mutants *m, const struct topo_node *node, const char *script, struct err *e)
{
    struct script_statement s;
    struct script reader;

    script_init(&reader, script);
    while (script_next(&reader, &s)) {
        struct maker k = {.m = m, .node = node, .script = script, .s = &s};

        if (read_note(node->name, &s, &k.excused, e) < 0)
            return -1;
        if (s.len > STATEMENT_MAX) /* each mutant holds a copy, and there may be many */
            continue;
        drop(&k);
        addresses(&k);
        interfaces(&k);
        switches(&k);
    }
    return 0;
}

static void clear(struct mutant *x)
{
    free(x->name);
    free(x->node);
    free(x->with);
    free(x->was);
    free(x->now);
}

void mutants_thin(struct mutants *m, size_t n)
{
    if (n >= m->n)
        return;
    /* One of each of 'n' equal stretches, not always the first: faults come in a rhythm, line by line. */
    size_t from = 0, total = m->n;
    for (size_t i = 0; i < n; i++) {
        size_t to = (i + 1) * total / n;
        size_t keep = from + ((uint32_t)i * 2654435761u >> 16) % (to - from);
        for (; from < to; from++)
            if (from != keep)
                clear(&m->v[from]);
        m->v[i] = m->v[keep];
    }
    m->n = n;
}

const struct mutant *mutants_find(const struct mutants *m, const char *name)
{
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->v[i].name, name) == 0)
            return &m->v[i];
    return NULL;
}

void mutants_clear(struct mutants *m)
{
    for (size_t i = 0; i < m->n; i++)
        clear(&m->v[i]);
    free(m->v);
    *m = (struct mutants){0};
}

void mutant_apply(const struct mutant *x, const char *script, struct buf *out)
{
    buf_add(out, script, x->at);
    buf_puts(out, x->with);
    buf_puts(out, script + x->at + x->len);
}

/* Each line of 'text' behind 'mark'. */
static void marked(char mark, const char *text, struct buf *out)
{
    for (const char *p = text; *p != '\0';) {
        size_t n = strcspn(p, "\n");

        buf_putc(out, mark);
        buf_add(out, p, n);
        buf_putc(out, '\n');
        p += n + (p[n] == '\n');
    }
}

void mutant_diff(const struct mutant *x, struct buf *out)
{
    marked('-', x->was, out);
    marked('+', x->now, out);
}
