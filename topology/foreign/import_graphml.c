/* GraphML, as the Internet Topology Zoo (S. Knight et al., IEEE JSAC 29(9), 2011) writes it, to model.
 *
 * A node becomes a router named after its label, an edge a link with an interface at each end.  A node
 * that the Zoo marks as a hyperedge, and GraphML's own <hyperedge>, become a network.  Longitude and
 * latitude become positions and, if that is wanted, delays; the speed of an edge becomes its rate.  Hosts
 * and OSPF are added by graphml_extra.c. */
#include "topology/foreign/graphml_extra.h"
#include "topology/foreign/import.h"

#include "labd/base/buf.h"
#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "topology/foreign/geo.h"
#include "topology/foreign/slug.h"
#include "topology/foreign/xml_tools.h"
#include "topology/limits.h"
#include "topology/topo.h"
#include "topology/topo_grow.h"
#include "topology/topo_value.h"
#include "topology/topo_xml.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NAME_LEN 24      /* of a node: there stays room to tell equal ones apart */
#define LINK_NAME_LEN 15 /* of each half of a link's name */
#define KEYS_MAX 256

/* ---- what the file says ---- */
enum domain { D_NODE, D_EDGE, D_GRAPH };
enum meaning {
    M_LABEL,
    M_LONGITUDE,
    M_LATITUDE,
    M_HYPEREDGE,
    M_NETWORK,
    M_CREATOR,
    M_SOURCE,
    M_SPEED_RAW,
    M_SPEED,
    M_SPEED_UNITS,
    M_LINK_LABEL,
    M_COUNT,
};
static const struct {
    enum domain domain;
    enum meaning meaning;
    const char *name; /* attr.name of its <key> */
} meanings[] = {
    {D_NODE, M_LABEL, "label"},
    {D_NODE, M_LONGITUDE, "Longitude"},
    {D_NODE, M_LATITUDE, "Latitude"},
    {D_NODE, M_HYPEREDGE, "hyperedge"},
    {D_EDGE, M_SPEED_RAW, "LinkSpeedRaw"},
    {D_EDGE, M_SPEED, "LinkSpeed"},
    {D_EDGE, M_SPEED_UNITS, "LinkSpeedUnits"},
    {D_EDGE, M_LINK_LABEL, "LinkLabel"},
    {D_EDGE, M_LABEL, "label"},
    {D_GRAPH, M_LABEL, "label"},
    {D_GRAPH, M_NETWORK, "Network"},
    {D_GRAPH, M_CREATOR, "Creator"},
    {D_GRAPH, M_SOURCE, "Source"},
};

struct key {
    char *id;
    enum domain domain;
    enum meaning meaning;
};

/* Texts of the <data> children of an element, by meaning; NULL: none. */
struct data {
    char *text[M_COUNT];
};

struct vertex {
    char *id;
    bool hyper;
    struct geo_point at;
    size_t made; /* index of the router or network that it became */
};

struct import {
    struct topo_msgs *m;
    const struct topo_import_options *o;
    struct topo *t;
    struct key *keys;
    size_t nkeys;
    struct vertex *vertices;
    size_t nvertices;
    size_t *by_id; /* the vertices that are <node>, sorted by id */
    size_t nids;
    size_t (*edges)[2];
    size_t nedges;
    struct slug_set *names;
    struct buf others; /* names of data that nobody reads here */
    size_t nothers;
    size_t unlabelled, described, dangling;
    size_t unplaced;  /* links without a delay, for an end's place is not known */
    size_t unshaped;  /* attachments to networks, which have no rate and no delay */
    size_t odd_rates; /* not between 1 kbit/s and 100 Gbit/s */
};

static void data_clear(struct data *d)
{
    for (int i = 0; i < M_COUNT; i++)
        free(d->text[i]);
}

static void import_clear(struct import *im)
{
    for (size_t i = 0; i < im->nvertices; i++)
        free(im->vertices[i].id);
    for (size_t i = 0; i < im->nkeys; i++)
        free(im->keys[i].id);
    free(im->vertices);
    free(im->keys);
    free(im->by_id);
    free(im->edges);
    slug_set_free(im->names);
    buf_clear(&im->others);
    topo_free(im->t);
}

static bool domain_of(const char *word, enum domain *d)
{
    static const char *const words[] = {"node", "edge", "graph"};

    for (int i = 0; i < 3; i++)
        if (word != NULL && strcmp(word, words[i]) == 0) {
            *d = (enum domain)i;
            return true;
        }
    return false;
}

/* Data that has no place in a topology: it is named once.  "id" and "key" only number the elements. */
static void add_other(struct import *im, enum domain d, const char *name)
{
    char shown[VALUE_SHOW_SIZE];

    if (d == D_GRAPH || strcmp(name, "id") == 0 || strcmp(name, "key") == 0 || im->nothers++ >= 12)
        return;
    buf_printf(&im->others, "%s%s", im->others.len > 0 ? ", " : "", value_show(name, shown));
}

static void read_key(struct import *im, const xmlNode *x)
{
    AUTO(mem_freep) char *name = xml_get(x, "attr.name");
    AUTO(mem_freep) char *word = xml_get(x, "for");
    AUTO(mem_freep) char *id = xml_get(x, "id");
    bool known = false;
    enum domain d;

    if (name == NULL || id == NULL || !domain_of(word, &d) || im->nkeys >= KEYS_MAX)
        return;
    for (size_t i = 0; i < ARRAY_LEN(meanings); i++)
        if (meanings[i].domain == d && strcmp(meanings[i].name, name) == 0) {
            *TOPO_PUSH(im->keys, im->nkeys) = (struct key){xstrdup(id), d, meanings[i].meaning};
            known = true;
        }
    if (!known)
        add_other(im, d, name);
}

static void read_data(const struct import *im, const xmlNode *x, enum domain d, struct data *out)
{
    for (const xmlNode *c = x->children; c != NULL; c = c->next) {
        AUTO(mem_freep) char *id = xml_is(c, "data") ? xml_get(c, "key") : NULL;
        for (size_t i = 0; id != NULL && i < im->nkeys; i++) {
            const struct key *k = &im->keys[i];
            if (k->domain == d && strcmp(k->id, id) == 0 && out->text[k->meaning] == NULL)
                out->text[k->meaning] = topo_xml_text(c);
        }
    }
}

static bool says_something(const char *s)
{
    return s != NULL && s[strspn(s, " \t\r\n")] != '\0' && strcmp(s, "None") != 0;
}

/* ---- nodes ---- */
static void read_node(struct import *im, const xmlNode *x)
{
    struct vertex *v = TOPO_PUSH(im->vertices, im->nvertices);
    AUTO(data_clear) struct data d = {{NULL}};
    char name[NAME_SIZE] = "", fallback[NAME_SIZE];
    const char *label;

    v->id = xml_get(x, "id");
    read_data(im, x, D_NODE, &d);
    label = says_something(d.text[M_LABEL]) ? d.text[M_LABEL] : NULL;
    v->hyper = d.text[M_HYPEREDGE] != NULL && strcmp(d.text[M_HYPEREDGE], "1") == 0;
    v->at.has_x = d.text[M_LONGITUDE] != NULL && geo_number(d.text[M_LONGITUDE], 180, &v->at.x);
    v->at.has_y = d.text[M_LATITUDE] != NULL && geo_number(d.text[M_LATITUDE], 90, &v->at.y);
    if (label != NULL)
        slug_make(label, NAME_LEN, name);
    snprintf(fallback, sizeof fallback, "%s-%zu", v->hyper ? "net" : "node", im->nvertices - 1);
    im->unlabelled += name[0] == '\0' && !v->hyper;
    slug_unique(im->names, name, fallback);
    if (v->hyper) {
        struct topo_element *e = TOPO_PUSH(im->t->elements, im->t->nelements);
        e->kind = TOPO_NETWORK;
        e->name = xstrdup(name);
        e->rstp_priority = 0;
        v->made = im->t->nelements - 1;
    } else {
        struct topo_node *n = TOPO_PUSH(im->t->nodes, im->t->nnodes);
        n->kind = TOPO_ROUTER;
        n->name = xstrdup(name);
        n->forwarding = true;
        if (label != NULL && strcmp(label, name) != 0)
            *TOPO_PUSH(n->notes, n->nnotes) = (struct topo_text){xstrdup(label), 0};
        v->made = im->t->nnodes - 1;
    }
}

static int order_ids(const void *a, const void *b, void *arg)
{
    const struct vertex *v = arg;
    const size_t *x = a, *y = b;
    const char *s = v[*x].id != NULL ? v[*x].id : "", *t = v[*y].id != NULL ? v[*y].id : "";
    int c = strcmp(s, t);

    return c != 0 ? c : (*x > *y) - (*x < *y);
}

static void sort_ids(struct import *im)
{
    size_t twice = 0;

    im->nids = im->nvertices;
    im->by_id = xcalloc(im->nids + 1, sizeof *im->by_id);
    for (size_t i = 0; i < im->nids; i++)
        im->by_id[i] = i;
    qsort_r(im->by_id, im->nids, sizeof *im->by_id, order_ids, im->vertices);
    for (size_t i = 1; i < im->nids; i++) {
        const char *a = im->vertices[im->by_id[i - 1]].id, *b = im->vertices[im->by_id[i]].id;
        twice += a != NULL && b != NULL && strcmp(a, b) == 0;
    }
    if (twice > 0)
        topo_msgs_add(im->m, 0, TOPO_WARNING,
                      "%zu nodes have the id of another one: edges lead to one of them only", twice);
}

/* false if no node has that id. */
static bool find_vertex(const struct import *im, const char *id, size_t *out)
{
    size_t lo = 0, hi = im->nids;

    while (id != NULL && lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        const char *s = im->vertices[im->by_id[mid]].id;
        int c = strcmp(s != NULL ? s : "", id);
        if (c == 0) {
            *out = im->by_id[mid];
            return true;
        }
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return false;
}

/* ---- edges ---- */
static const char *made_name(const struct import *im, size_t v)
{
    const struct vertex *x = &im->vertices[v];

    return x->hyper ? im->t->elements[x->made].name : im->t->nodes[x->made].name;
}

static struct topo_iface *add_iface(struct import *im, size_t v)
{
    struct topo_node *n = &im->t->nodes[im->vertices[v].made];
    struct topo_iface *f = TOPO_PUSH(n->ifaces, n->nifaces);

    f->name = xasprintf("eth%zu", n->nifaces - 1);
    return f;
}

static struct topo_link *add_link(struct import *im, size_t a, size_t b)
{
    struct topo_link *l = TOPO_PUSH(im->t->links, im->t->nlinks);
    char half[2][NAME_SIZE], name[NAME_SIZE];
    const size_t v[2] = {a, b};

    for (int k = 0; k < 2; k++) {
        slug_make(made_name(im, v[k]), LINK_NAME_LEN, half[k]);
        l->end[k].node = xstrdup(made_name(im, v[k]));
        if (!im->vertices[v[k]].hyper)
            l->end[k].iface = xstrdup(add_iface(im, v[k])->name);
    }
    snprintf(name, sizeof name, "%.15s-%.15s", half[0], half[1]);
    slug_unique(im->names, name, "link");
    l->name = xstrdup(name);
    l->up = true;
    return l;
}

/* The link that it made; NULL if an end is a network, to which the other is attached. */
static struct topo_link *join(struct import *im, size_t a, size_t b, int line)
{
    struct topo_link *l = NULL;
    const struct vertex *x = &im->vertices[a], *y = &im->vertices[b];
    size_t(*e)[2];

    if (a == b && x->hyper) {
        topo_msgs_add(im->m, line, TOPO_WARNING, "an edge from network \"%s\" to itself is left out",
                      made_name(im, a));
        return NULL;
    }
    if (x->hyper != y->hyper)
        add_iface(im, x->hyper ? b : a)->network = xstrdup(made_name(im, x->hyper ? a : b));
    else
        l = add_link(im, a, b);
    e = TOPO_PUSH(im->edges, im->nedges);
    (*e)[0] = a;
    (*e)[1] = b;
    return l;
}

static void shape(struct import *im, const struct data *d, size_t a, size_t b, struct topo_link *l)
{
    const struct geo_point *p = &im->vertices[a].at, *q = &im->vertices[b].at;
    double rate = im->o != NULL && im->o->no_rates ? 0
                                                   : graphml_rate(d->text[M_SPEED_RAW], d->text[M_SPEED],
                                                                  d->text[M_SPEED_UNITS], &im->odd_rates),
           us = 0;
    bool delay = im->o != NULL && im->o->delay;

    if (delay && p->has_x && p->has_y && q->has_x && q->has_y)
        us = geo_delay_us(p, q);
    else
        im->unplaced += delay && l != NULL;
    im->unshaped += l == NULL && (rate > 0 || us > 0);
    for (int k = 0; k < 2 && l != NULL; k++) {
        l->impair[k].rate_bps = (uint64_t)rate;
        l->impair[k].delay_us = (uint32_t)lround(us);
    }
}

static void read_edge(struct import *im, const xmlNode *x)
{
    AUTO(mem_freep) char *source = xml_get(x, "source");
    AUTO(mem_freep) char *target = xml_get(x, "target");
    AUTO(data_clear) struct data d = {{NULL}};
    size_t a, b;

    if (!find_vertex(im, source, &a) || !find_vertex(im, target, &b)) {
        im->dangling++;
        return;
    }
    read_data(im, x, D_EDGE, &d);
    im->described += says_something(d.text[M_LINK_LABEL]) || says_something(d.text[M_LABEL]);
    shape(im, &d, a, b, join(im, a, b, topo_xml_line(x)));
}

/* GraphML's own hyperedge: a network that its endpoints are attached to. */
static void read_hyperedge(struct import *im, const xmlNode *x)
{
    struct topo_element *e = TOPO_PUSH(im->t->elements, im->t->nelements);
    struct vertex *v;
    char name[NAME_SIZE] = "";
    size_t to, self = im->nvertices;

    e->kind = TOPO_NETWORK;
    slug_unique(im->names, name, "net");
    e->name = xstrdup(name);
    v = TOPO_PUSH(im->vertices, im->nvertices); /* not in 'by_id': no edge can name it */
    v->hyper = true;
    v->made = im->t->nelements - 1;
    for (const xmlNode *c = x->children; c != NULL; c = c->next) {
        AUTO(mem_freep) char *id = xml_is(c, "endpoint") ? xml_get(c, "node") : NULL;
        if (find_vertex(im, id, &to))
            join(im, self, to, topo_xml_line(x));
        else
            im->dangling += id != NULL;
    }
}

/* ---- the graph ---- */
static void set_positions(struct import *im)
{
    AUTO(mem_freep) struct geo_point *at = xcalloc(im->nvertices + 1, sizeof *at);
    AUTO(mem_freep) struct topo_pos *pos = xcalloc(im->nvertices + 1, sizeof *pos);
    size_t lost = 0;

    for (size_t i = 0; i < im->nvertices; i++) {
        at[i] = im->vertices[i].at;
        lost += !(at[i].has_x && at[i].has_y);
    }
    if (!geo_positions(at, im->nvertices, (const size_t(*)[2])im->edges, im->nedges, pos)) {
        if (im->nvertices > 0)
            topo_msgs_add(im->m, 0, TOPO_WARNING,
                          "%zu of %zu nodes have no coordinates: no positions are set", lost, im->nvertices);
        return;
    }
    if (lost > 0)
        topo_msgs_add(im->m, 0, TOPO_WARNING,
                      "%zu of %zu nodes have no coordinates and are put near their neighbours", lost,
                      im->nvertices);
    for (size_t i = 0; i < im->nvertices; i++) {
        const struct vertex *v = &im->vertices[i];
        if (v->hyper)
            im->t->elements[v->made].pos = pos[i];
        else
            im->t->nodes[v->made].pos = pos[i];
    }
}

/* The topology's name and title, and where it comes from. */
static void describe(struct import *im, const xmlNode *graph)
{
    const struct topo_import_options *o = im->o;
    AUTO(data_clear) struct data d = {{NULL}};
    AUTO(slug_set_freep) struct slug_set *one = slug_set_new();
    char name[NAME_SIZE] = "";
    const char *label;

    read_data(im, graph, D_GRAPH, &d);
    label = says_something(d.text[M_LABEL]) ? d.text[M_LABEL] : d.text[M_NETWORK];
    if (o != NULL && o->name != NULL)
        snprintf(name, sizeof name, "%s", o->name);
    else if (label != NULL)
        slug_make(label, NAME_MAX_LEN, name);
    if (o == NULL || o->name == NULL)
        slug_unique(one, name, "imported");
    free(im->t->name);
    im->t->name = xstrdup(o != NULL && o->name != NULL ? o->name : name);
    if (says_something(label)) {
        char shown[VALUE_SHOW_SIZE];
        im->t->title = xstrdup(value_show(label, shown));
    }
    if (d.text[M_CREATOR] != NULL && strstr(d.text[M_CREATOR], "Topology Zoo") != NULL) {
        struct topo_note *n = TOPO_PUSH(im->t->notes, im->t->nnotes);
        n->text = xasprintf(
            "Source: Internet Topology Zoo (S. Knight et al., IEEE JSAC 29(9), 2011), CC-BY-4.0; %s",
            says_something(d.text[M_SOURCE]) ? d.text[M_SOURCE] : im->t->name);
    }
}

static void warn_of_losses(struct import *im)
{
    if (im->unlabelled > 0)
        topo_msgs_add(
            im->m, 0, TOPO_WARNING,
            "%zu nodes have no label of letters or digits and are named after their place in the file",
            im->unlabelled);
    if (im->described > 0)
        topo_msgs_add(im->m, 0, TOPO_WARNING, "labels of %zu edges are not carried over", im->described);
    if (im->odd_rates > 0)
        topo_msgs_add(
            im->m, 0, TOPO_WARNING,
            "speeds of %zu edges are not between 1 kbit/s and 100 Gbit/s: too fast ones are set to that, "
            "too slow ones left out",
            im->odd_rates);
    if (im->unplaced > 0)
        topo_msgs_add(im->m, 0, TOPO_WARNING,
                      "%zu links get no delay, because an end of theirs has no coordinates", im->unplaced);
    if (im->unshaped > 0)
        topo_msgs_add(
            im->m, 0, TOPO_WARNING,
            "rate or delay of %zu edges to hyperedge nodes are not carried over: networks have none",
            im->unshaped);
    if (im->nothers > 0)
        topo_msgs_add(im->m, 0, TOPO_WARNING, "what the file calls %s%s is not carried over",
                      buf_str(&im->others), im->nothers > 12 ? " and so on" : "");
    if (im->dangling > 0)
        topo_msgs_add(im->m, 0, TOPO_WARNING, "%zu ends of edges name no node and are left out",
                      im->dangling);
}

static void read_graph(struct import *im, const xmlNode *graph)
{
    for (const xmlNode *c = graph->children; c != NULL; c = c->next) {
        if (!xml_is(c, "node"))
            continue;
        read_node(im, c);
        if (xml_child(c, "graph") != NULL)
            topo_msgs_add(im->m, topo_xml_line(c), TOPO_WARNING,
                          "the graph inside a node is not carried over");
    }
    sort_ids(im);
    for (const xmlNode *c = graph->children; c != NULL; c = c->next) {
        if (xml_is(c, "edge"))
            read_edge(im, c);
        else if (xml_is(c, "hyperedge"))
            read_hyperedge(im, c);
    }
}

static void warn_of_graph(struct import *im, const xmlNode *root, const xmlNode *graph)
{
    AUTO(mem_freep) char *edges = xml_get(graph, "edgedefault");

    if (edges != NULL && strcmp(edges, "directed") == 0)
        topo_msgs_add(im->m, topo_xml_line(graph), TOPO_WARNING,
                      "the edges have a direction, which links have not");
    for (const xmlNode *c = root->children; c != NULL; c = c->next)
        if (xml_is(c, "graph") && c != graph)
            topo_msgs_add(im->m, topo_xml_line(c), TOPO_WARNING,
                          "only the first graph of a file is carried over");
}

/* What the file had wrong shows in the model: names are ours, but numbers of things are not. */
static int check_result(struct import *im, struct err *e)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;

    if (topo_check_within(im->t, &topo_size_tool, &m) == 0)
        return 0;
    for (size_t i = 0; i < m.n; i++)
        if (m.items[i].severity == TOPO_ERROR)
            return topo_fatal(im->m, e, 0, "%s", m.items[i].text);
    return topo_fatal(im->m, e, 0, "the graph makes no valid topology");
}

struct topo *topo_import_graphml_mem(const char *data, size_t n, const struct topo_import_options *o,
                                     struct topo_msgs *m, struct err *e)
{
    AUTO(topo_xml_freep) xmlDoc *doc = topo_xml_parse(data, n, &topo_size_tool, m, e);
    AUTO(import_clear) struct import im = {.m = m, .o = o};
    const xmlNode *root, *graph;

    if (doc == NULL)
        return NULL;
    root = xmlDocGetRootElement(doc);
    graph = xml_is(root, "graphml") ? xml_child(root, "graph") : NULL;
    if (graph == NULL) {
        topo_fatal(m, e, topo_xml_line(root), "this is not GraphML: there is no <graph> in <graphml>");
        return NULL;
    }
    im.t = topo_new("imported");
    im.names = slug_set_new();
    for (const xmlNode *c = root->children; c != NULL; c = c->next)
        if (xml_is(c, "key"))
            read_key(&im, c);
    describe(&im, graph);
    warn_of_graph(&im, root, graph);
    read_graph(&im, graph);
    set_positions(&im);
    warn_of_losses(&im);
    if (o != NULL && o->hosts)
        graphml_add_hosts(im.t, im.names);
    if (o != NULL && o->ospf)
        graphml_add_ospf(im.t, m);
    if (check_result(&im, e) < 0)
        return NULL;
    topo_msgs_sort(m);
    return TAKE(im.t);
}

struct topo *topo_import_graphml_file(const char *path, const struct topo_import_options *o,
                                      struct topo_msgs *m, struct err *e)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err why = {0};

    if (file_read(path, topo_size_tool.bytes, &b, &why) < 0) {
        topo_msgs_add(m, 0, TOPO_ERROR, "%s", why.msg);
        if (e != NULL)
            *e = why;
        return NULL;
    }
    return topo_import_graphml_mem(buf_str(&b), b.len, o, m, e);
}
