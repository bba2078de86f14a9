/* Life and death of the model. */
#include "labd/base/mem.h"
#include "topology/topo.h"

#include <stdlib.h>

const char *topo_kind_name(enum topo_kind k)
{
    static const char *const names[] = {
        [TOPO_HOST] = "host", [TOPO_ROUTER] = "router",   [TOPO_SWITCH] = "switch",
        [TOPO_HUB] = "hub",   [TOPO_NETWORK] = "network", [TOPO_INTERNET] = "internet",
        [TOPO_LINK] = "link",
    };

    return names[k];
}

struct topo *topo_new(const char *name)
{
    struct topo *t = xcalloc(1, sizeof *t);

    t->name = xstrdup(name);
    return t;
}

static void texts_free(struct topo_text *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(v[i].text);
    free(v);
}

static void iface_clear(struct topo_iface *f)
{
    free(f->name);
    free(f->network);
    texts_free(f->addrs, f->naddrs);
}

static void node_clear(struct topo_node *n)
{
    free(n->name);
    free(n->image);
    for (size_t i = 0; i < n->nifaces; i++)
        iface_clear(&n->ifaces[i]);
    free(n->ifaces);
    for (size_t i = 0; i < n->nroutes; i++) {
        free(n->routes[i].to);
        free(n->routes[i].via);
        free(n->routes[i].dev);
    }
    free(n->routes);
    for (size_t i = 0; i < n->nfiles; i++) {
        free(n->files[i].path);
        free(n->files[i].text);
    }
    free(n->files);
    for (size_t i = 0; i < n->nfrr_daemons; i++)
        free(n->frr_daemons[i]);
    free(n->frr_daemons);
    free(n->frr_conf);
    free(n->startup.text);
    texts_free(n->notes, n->nnotes);
}

static void words_free(struct topo_words *w)
{
    for (size_t i = 0; i < w->n; i++)
        free(w->items[i]);
    free(w->items);
}

static void element_clear(struct topo_element *x)
{
    free(x->name);
    for (size_t i = 0; i < x->nports; i++) {
        free(x->ports[i].name);
        free(x->ports[i].trunks);
        words_free(&x->ports[i].members);
        words_free(&x->ports[i].mirrored);
    }
    free(x->ports);
    texts_free(x->addrs, x->naddrs);
}

void topo_free(struct topo *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->nnodes; i++)
        node_clear(&t->nodes[i]);
    for (size_t i = 0; i < t->nelements; i++)
        element_clear(&t->elements[i]);
    for (size_t i = 0; i < t->nlinks; i++) {
        free(t->links[i].name);
        for (int k = 0; k < 2; k++) {
            free(t->links[i].end[k].node);
            free(t->links[i].end[k].iface);
        }
    }
    for (size_t i = 0; i < t->nnotes; i++)
        free(t->notes[i].text);
    for (size_t i = 0; i < t->nparameters; i++) {
        free(t->parameters[i].name);
        free(t->parameters[i].value);
    }
    free(t->parameters);
    free(t->nodes);
    free(t->elements);
    free(t->links);
    free(t->notes);
    free(t->name);
    free(t->title);
    free(t);
}

void topo_freep(struct topo **t)
{
    topo_free(*t);
    *t = NULL;
}
