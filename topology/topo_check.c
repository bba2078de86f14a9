/* Does the topology make sense?  Names here; nodes, addresses and links in files of their own. */
#include "topology/topo_check.h"

#include "labd/base/mem.h"
#include "topology/topo_size.h"
#include "topology/topo_value.h"

#include <string.h>

#define GUESSES_MAX 200000

bool check_may_guess(struct check *c, size_t n)
{
    if (c->m->n >= TOPO_MSGS_MAX || n > c->guesses) /* nobody would read it, or it would take too long */
        return false;
    c->guesses -= n;
    return true;
}

const char *check_suggest(struct check *c, const char *wrong, unsigned kinds, char out[VALUE_HINT_SIZE])
{
    struct value_guess g;

    value_guess_init(&g, wrong);
    if (!check_may_guess(c, c->ix.nrefs))
        return value_guess_hint(&g, out);
    for (size_t i = 0; i < c->ix.nrefs; i++)
        if (kinds & (1u << c->ix.refs[i].kind) && name_ok(c->ix.refs[i].name))
            value_guess_offer(&g, c->ix.refs[i].name);
    return value_guess_hint(&g, out);
}

static void check_name(struct check *c, const char *name, const char *what, int line)
{
    struct err e;

    if (name == NULL)
        check_error(c, line, "<%s> lacks the attribute 'name'", what);
    else if (name_check(name, what, &e) < 0)
        check_error(c, line, "%s", e.msg);
}

static void check_names(struct check *c)
{
    const struct topo *t = c->t;

    check_name(c, t->name, "topology", t->line);
    for (size_t i = 0; i < t->nnodes; i++)
        check_name(c, t->nodes[i].name, topo_kind_name(t->nodes[i].kind), t->nodes[i].line);
    for (size_t i = 0; i < t->nelements; i++)
        check_name(c, t->elements[i].name, topo_kind_name(t->elements[i].kind), t->elements[i].line);
    for (size_t i = 0; i < t->nlinks; i++)
        check_name(c, t->links[i].name, "link", t->links[i].line);
    for (size_t i = 1; i < c->ix.nrefs; i++) {
        const struct topo_ref *a = &c->ix.refs[i - 1], *b = &c->ix.refs[i];
        char shown[VALUE_SHOW_SIZE];
        if (strcmp(a->name, b->name) == 0)
            check_error(c, b->line, "the name '%s' is taken already: the %s in line %d has it",
                        value_show(b->name, shown), topo_kind_name(a->kind), a->line);
    }
}

size_t topo_check(const struct topo *t, struct topo_msgs *m)
{
    return topo_check_within(t, &topo_size_lab, m);
}

size_t topo_check_within(const struct topo *t, const struct topo_size *max, struct topo_msgs *m)
{
    struct check c = {.t = t, .m = m, .guesses = GUESSES_MAX};
    size_t hidden = 0;

    if (t->nnodes > max->nodes) {
        topo_msgs_add(m, t->line, TOPO_ERROR, "the topology has %zu hosts and routers; the most is %zu",
                      t->nnodes, max->nodes);
        return m->nerrors;
    }
    topo_size_grew(max, 0, t->nnodes, topo_size_lab.nodes, m);
    topo_index_init(&c.ix, t);
    if (t->nnodes == 0)
        check_error(&c, t->line, "the topology has no <host> and no <router>");
    if (t->title != NULL && strlen(t->title) > 200)
        check_error(&c, t->line, "the title is longer than 200 bytes");
    check_names(&c);
    for (size_t i = 0; i < t->nnodes; i++) {
        c.nrouters += t->nodes[i].kind == TOPO_ROUTER;
        hidden += t->nodes[i].hidden;
    }
    if (t->nnodes > 0 && hidden == t->nnodes)
        check_warn(&c, t->line, "every host and router is hidden: a student has none to work on");
    for (size_t i = 0; i < t->nnodes; i++)
        check_node(&c, &t->nodes[i]);
    for (size_t i = 0; i < t->nelements; i++)
        check_switch(&c, &t->elements[i]);
    check_links(&c);
    check_addresses(&c);
    check_internets(&c);
    if (m->nerrors == 0)
        check_wires(&c);
    topo_index_clear(&c.ix);
    topo_msgs_sort(m);
    return m->nerrors;
}
