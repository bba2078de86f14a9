/* <parameter>: reading, checking, drawing.
 *
 * Every value is drawn for its own name, so that a parameter which comes or goes moves no other, but for
 * those that must differ: prefixes and names.  Prefixes are given largest first: then those given before
 * take whole blocks, and whether the pool is large enough hangs on no seed.  What validates for one student
 * validates for all. */
#include "topology/topo_parameter.h"

#include "labd/base/mem.h"
#include "topology/topo_attr.h"
#include "topology/topo_grow.h"
#include "topology/topo_value.h"
#include "topology/topo_xml.h"

#include <stddef.h>
#include <string.h>

struct declared {
    char *name, *type, *pool;
    struct topo_words values;
    uint32_t min, max, length;
    unsigned given; /* a bit for each of A_... below */
    int line;
    const struct type *kind;
    struct value_addr net; /* of the pool */
};
struct range { /* of numbers that are taken */
    value_number first, last;
};
struct reader {
    struct declared *v;
    size_t n;
    const struct topo_seed *seed;
    struct topo *t;
    struct topo_msgs *m;
};

enum { NAME, TYPE, MIN, MAX, VALUES, POOL, LENGTH };
#define BIT(a) (1u << (a))

static const struct type {
    const char *name;
    enum topo_parameter_type type;
    unsigned needs;
    const char *form;
} types[] = {
    {"integer", TOPO_INTEGER, BIT(MIN) | BIT(MAX), "min=\"NUMBER\" and max=\"NUMBER\""},
    {"choice", TOPO_CHOICE, BIT(VALUES), "values=\"WORD WORD ...\""},
    {"prefix", TOPO_PREFIX, BIT(POOL) | BIT(LENGTH), "pool=\"PREFIX\" and length=\"LENGTH\""},
    {"name", TOPO_NAME, 0, "no more"},
};

/* A name is one of each with a dash between: it fits an interface's 15 bytes, and nobody minds it. */
static const char *const name_heads[] = {
    "amber",  "brave", "brisk", "calm",  "clear", "clever", "cosmic", "crisp", "dapper", "deep",  "early",
    "fair",   "fast",  "fine",  "fond",  "frank", "fresh",  "gentle", "glad",  "golden", "good",  "grand",
    "great",  "green", "happy", "hardy", "high",  "jolly",  "keen",   "kind",  "large",  "late",  "light",
    "lively", "lucky", "lunar", "merry", "mild",  "modest", "neat",   "noble", "novel",  "open",  "polite",
    "proud",  "quick", "quiet", "rapid", "ready", "rich",   "round",  "royal", "sharp",  "shiny", "silver",
    "smart",  "snowy", "solar", "solid", "sunny", "swift",  "tidy",   "vivid", "warm",
};
static const char *const name_tails[] = {
    "acorn",  "alder",  "aspen",  "badger", "beech",  "birch",  "bison",  "brook", "cedar",  "cherry",
    "clover", "comet",  "coral",  "crane",  "daisy",  "dune",   "eagle",  "elm",   "falcon", "fern",
    "fjord",  "forest", "garden", "glade",  "grove",  "harbor", "hazel",  "heron", "hill",   "island",
    "ivy",    "lake",   "lark",   "laurel", "lemon",  "lily",   "linden", "lynx",  "maple",  "meadow",
    "moss",   "oak",    "ocean",  "olive",  "orchid", "osprey", "otter",  "owl",   "pearl",  "pebble",
    "pine",   "planet", "plum",   "poplar", "puffin", "quartz", "raven",  "reef",  "river",  "robin",
    "spruce", "swan",   "tulip",  "willow",
};
#define NAMES ((value_number)ARRAY_LEN(name_heads) * ARRAY_LEN(name_tails))

static void words_clear(struct topo_words *w)
{
    for (size_t i = 0; i < w->n; i++)
        free(w->items[i]);
    free(w->items);
}

static void reader_clear(struct reader *r)
{
    for (size_t i = 0; i < r->n; i++) {
        free(r->v[i].name);
        free(r->v[i].type);
        free(r->v[i].pool);
        words_clear(&r->v[i].values);
    }
    free(r->v);
}

#define COMPLAIN(r, d, ...) topo_msgs_add((r)->m, (d)->line, TOPO_ERROR, __VA_ARGS__)

/* ---- checking ---- */
static void check_type(struct reader *r, struct declared *d)
{
    char shown[VALUE_SHOW_SIZE], hint[VALUE_HINT_SIZE];
    struct value_guess g;

    if (d->type == NULL) {
        COMPLAIN(r, d, "parameter '%s' needs type=\"integer\", \"choice\", \"prefix\" or \"name\"", d->name);
        return;
    }
    value_guess_init(&g, d->type);
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        value_guess_offer(&g, types[i].name);
        if (strcmp(types[i].name, d->type) == 0)
            d->kind = &types[i];
    }
    if (d->kind == NULL)
        COMPLAIN(r, d, "type=\"%s\" of parameter '%s' is not integer, choice, prefix or name%s",
                 value_show(d->type, shown), d->name, value_guess_hint(&g, hint));
    else if ((d->given & ~(BIT(NAME) | BIT(TYPE))) != d->kind->needs)
        COMPLAIN(r, d, "beside its name and type=\"%s\", parameter '%s' has %s", d->type, d->name,
                 d->kind->form);
}

static void check_choice(struct reader *r, const struct declared *d)
{
    char shown[VALUE_SHOW_SIZE];

    if (d->values.n == 0 || d->values.n > TOPO_CHOICES_MAX)
        COMPLAIN(r, d, "parameter '%s' has %zu values; it may have 1 to %d", d->name, d->values.n,
                 TOPO_CHOICES_MAX);
    for (size_t i = 0; i < d->values.n && i < TOPO_CHOICES_MAX; i++) {
        if (strlen(d->values.items[i]) > TOPO_CHOICE_MAX)
            COMPLAIN(r, d, "a value of parameter '%s' is longer than %d bytes", d->name, TOPO_CHOICE_MAX);
        for (size_t k = 0; k < i; k++)
            if (strcmp(d->values.items[i], d->values.items[k]) == 0)
                COMPLAIN(r, d, "parameter '%s' has the value '%s' twice", d->name,
                         value_show(d->values.items[i], shown));
    }
}

static value_number ones(unsigned bits)
{
    return bits < 128 ? ((value_number)1 << bits) - 1 : ~(value_number)0;
}

static bool overlap(const struct value_addr *a, const struct value_addr *b)
{
    return value_addr_within(a->prefix < b->prefix ? a : b, a->prefix < b->prefix ? b : a);
}

static void check_prefix(struct reader *r, struct declared *d)
{
    char shown[VALUE_SHOW_SIZE], ip[VALUE_ADDR_SIZE];
    unsigned bits;

    if (!value_addr(d->pool, &d->net) || !d->net.has_prefix || d->net.prefix == 0) {
        COMPLAIN(r, d, "pool=\"%s\" of parameter '%s' is not a prefix such as 10.64.0.0/10 or 2001:db8::/32",
                 value_show(d->pool, shown), d->name);
        d->net = (struct value_addr){0};
        return;
    }
    bits = (unsigned)value_addr_len(&d->net) * 8;
    if (value_addr_host_bits(&d->net)) {
        struct value_addr a = value_addr_of(value_addr_number(&d->net) & ~ones(bits - d->net.prefix),
                                            d->net.family, d->net.prefix);
        COMPLAIN(r, d, "pool=\"%s\" of parameter '%s' has bits set right of its length; write %s", d->pool,
                 d->name, value_addr_format(&a, ip));
    }
    if (d->length < d->net.prefix || d->length > bits)
        COMPLAIN(r, d, "length=\"%u\" of parameter '%s' is not %u to %u, as in %s", d->length, d->name,
                 d->net.prefix, bits, d->pool);
    for (const struct declared *o = r->v; o < d; o++)
        if (o->net.family == d->net.family && o->net.prefix != d->net.prefix && overlap(&o->net, &d->net))
            COMPLAIN(
                r, d,
                "pool=\"%s\" of parameter '%s' overlaps, but is not, the pool of '%s' in line %d; take the same",
                d->pool, d->name, o->name, o->line);
}

static void check(struct reader *r, struct declared *d)
{
    char shown[VALUE_SHOW_SIZE];

    if (d->name == NULL || !topo_word_ok(d->name)) {
        COMPLAIN(r, d, "<parameter> needs a name: a letter, then a-z, 0-9 and _%s%s",
                 d->name != NULL ? "; not " : "", d->name != NULL ? value_show(d->name, shown) : "");
        return;
    }
    for (const struct declared *o = r->v; o < d; o++)
        if (o->name != NULL && strcmp(o->name, d->name) == 0)
            COMPLAIN(r, d, "there is a parameter '%s' already, in line %d", d->name, o->line);
    check_type(r, d);
    if (d->kind == NULL || (d->given & d->kind->needs) != d->kind->needs)
        return;
    if (d->kind->type == TOPO_INTEGER && d->min > d->max)
        COMPLAIN(r, d, "min=\"%u\" of parameter '%s' is above its max=\"%u\"", d->min, d->name, d->max);
    else if (d->kind->type == TOPO_CHOICE)
        check_choice(r, d);
    else if (d->kind->type == TOPO_PREFIX)
        check_prefix(r, d);
}

/* ---- drawing ---- */
/* One of the numbers below 'n' that are in none of the 'ntaken' ranges, which are in order and apart.  False
 * if there is none. */
static bool draw_free(const struct reader *r, const char *name, value_number n, const struct range *taken,
                      size_t ntaken, value_number *out)
{
    value_number left = n, v;

    for (size_t i = 0; i < ntaken; i++)
        left -= taken[i].last - taken[i].first + 1;
    if (left == 0)
        return false;
    v = topo_seed_draw(r->seed, name, left);
    for (size_t i = 0; i < ntaken && taken[i].first <= v; i++)
        v += taken[i].last - taken[i].first + 1;
    *out = v;
    return true;
}

static void take(struct range *taken, size_t *n, struct range new)
{
    size_t i = (*n)++;

    for (; i > 0 && taken[i - 1].first > new.first; i--)
        taken[i] = taken[i - 1];
    taken[i] = new;
}

/* The pool's subnets of the length of 'd' that the prefixes given so far lie in. */
static size_t taken_subnets(const struct reader *r, const struct declared *d, struct range *taken)
{
    value_number first = value_addr_number(&d->net);
    unsigned shift = (unsigned)value_addr_len(&d->net) * 8 - d->length;
    size_t n = 0;

    for (size_t i = 0; i < r->n; i++) {
        struct value_addr a;
        value_number from;

        if (r->t->parameters[i].value == NULL || r->v[i].kind->type != TOPO_PREFIX ||
            !value_addr(r->t->parameters[i].value, &a) || !value_addr_within(&d->net, &a))
            continue;
        from = value_addr_number(&a) - first;
        take(taken, &n,
             (struct range){from >> shift,
                            (from + ones((unsigned)value_addr_len(&a) * 8 - a.prefix)) >> shift});
    }
    return n;
}

static void draw_prefix(struct reader *r, size_t i)
{
    const struct declared *d = &r->v[i];
    struct range taken[TOPO_PARAMETERS_MAX];
    size_t n = taken_subnets(r, d, taken);
    unsigned bits = (unsigned)value_addr_len(&d->net) * 8;
    char text[VALUE_ADDR_SIZE];
    value_number v;

    if (!draw_free(r, d->name, (value_number)1 << (d->length - d->net.prefix), taken, n, &v)) {
        COMPLAIN(r, d, "pool=\"%s\" is too small for all prefixes: nothing is left for parameter '%s'",
                 d->pool, d->name);
        return;
    }
    struct value_addr a =
        value_addr_of(value_addr_number(&d->net) + (v << (bits - d->length)), d->net.family, d->length);
    r->t->parameters[i].value = xstrdup(value_addr_format(&a, text));
}

/* Those with the shortest length first; equal ones in the order of the file. */
static void draw_prefixes(struct reader *r)
{
    for (uint32_t length = 0; length <= 128; length++)
        for (size_t i = 0; i < r->n; i++)
            if (r->v[i].kind->type == TOPO_PREFIX && r->v[i].length == length)
                draw_prefix(r, i);
}

static void draw_names(struct reader *r)
{
    struct range taken[TOPO_PARAMETERS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < r->n; i++) {
        value_number v;
        if (r->v[i].kind->type != TOPO_NAME || !draw_free(r, r->v[i].name, NAMES, taken, n, &v))
            continue;
        take(taken, &n, (struct range){v, v});
        r->t->parameters[i].value =
            xasprintf("%s-%s", name_heads[v / ARRAY_LEN(name_tails)], name_tails[v % ARRAY_LEN(name_tails)]);
    }
}

static void draw(struct reader *r)
{
    r->t->parameters = xcalloc(r->n, sizeof *r->t->parameters);
    r->t->nparameters = r->n;
    for (size_t i = 0; i < r->n; i++) {
        struct declared *d = &r->v[i];
        struct topo_parameter *p = &r->t->parameters[i];

        *p = (struct topo_parameter){xstrdup(d->name), d->kind->type, NULL, d->line};
        if (p->type == TOPO_INTEGER)
            p->value = xasprintf(
                "%u", d->min + (uint32_t)topo_seed_draw(r->seed, d->name, (value_number)d->max - d->min + 1));
        else if (p->type == TOPO_CHOICE)
            p->value = xstrdup(d->values.items[(size_t)topo_seed_draw(r->seed, d->name, d->values.n)]);
    }
    draw_prefixes(r);
    draw_names(r);
}

/* ---- reading ---- */
static void read_one(struct reader *r, xmlNode *x)
{
    static const struct attr attrs[] = {
        [NAME] = {"name", A_STRING, offsetof(struct declared, name)},
        [TYPE] = {"type", A_STRING, offsetof(struct declared, type)},
        [MIN] = {"min", A_UINT, offsetof(struct declared, min)},
        [MAX] = {"max", A_UINT, offsetof(struct declared, max)},
        [VALUES] = {"values", A_NAMES, offsetof(struct declared, values)},
        [POOL] = {"pool", A_STRING, offsetof(struct declared, pool)},
        [LENGTH] = {"length", A_UINT, offsetof(struct declared, length)},
        ATTRS_END,
    };
    struct declared *d = TOPO_PUSH(r->v, r->n);
    AUTO(mem_freep) char *text = topo_xml_text(x);
    size_t errors = r->m->nerrors;

    d->line = topo_xml_line(x);
    d->given = topo_attrs(r->m, x, attrs, d);
    if (xmlFirstElementChild(x) != NULL || text[strspn(text, " \t\r\n")] != '\0')
        COMPLAIN(r, d, "<parameter> is empty; what it is, its attributes say");
    if (r->m->nerrors == errors) /* a malformed attribute counts as not given */
        check(r, d);
}

static bool is_parameter(const xmlNode *x)
{
    return x->type == XML_ELEMENT_NODE && x->ns == NULL && strcmp((const char *)x->name, "parameter") == 0;
}

int topo_parameters_read(xmlNode *root, const struct topo_seed *seed, struct topo *t, struct topo_msgs *m,
                         struct err *e)
{
    AUTO(reader_clear) struct reader r = {.seed = seed, .t = t, .m = m};
    size_t errors = m->nerrors;
    struct topo_seed number;

    if (seed == NULL) {
        topo_seed_number(&number, TOPO_SEED_NUMBER);
        r.seed = &number;
    }
    for (xmlNode *c = root->children, *next; c != NULL; c = next) {
        next = c->next;
        if (!is_parameter(c))
            continue;
        if (r.n == TOPO_PARAMETERS_MAX)
            return topo_fatal(m, e, topo_xml_line(c), "there are more than %d parameters",
                              TOPO_PARAMETERS_MAX);
        read_one(&r, c);
        xmlUnlinkNode(c);
        xmlFreeNode(c);
    }
    if (m->nerrors == errors && r.n > 0)
        draw(&r);
    if (m->nerrors == errors)
        return 0;
    return err_set(e, ERR_INVALID, "line %d: %s", m->items[m->n - 1].line, m->items[m->n - 1].text);
}
