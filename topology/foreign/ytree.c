#include "topology/foreign/ytree.h"

#include "labd/base/mem.h"
#include "topology/foreign/import_lab.h"
#include "topology/topo_grow.h"
#include "topology/topo_xml.h"

#include <string.h>
#include <yaml.h>

#define DEPTH_MAX 24
#define ITEMS_MAX 200000
#define VISITS_MAX 2000000
#define MERGES_MAX 8 /* "<<" within "<<" */

struct ytree {
    struct ytree_item **all;
    size_t nall;
    struct import_map *anchors; /* name -> index in 'all' + 1; 0 while it is being read */
    const struct ytree_item *root;
    size_t visits;
};

struct loader {
    struct ytree *y;
    yaml_parser_t parser;
    struct topo_msgs *m;
    struct err *e;
};

static void loader_clear(struct loader *l)
{
    yaml_parser_delete(&l->parser);
}

void ytree_free(struct ytree *y)
{
    if (y == NULL)
        return;
    for (size_t i = 0; i < y->nall; i++) {
        free((void *)(uintptr_t)y->all[i]->text);
        free((void *)(uintptr_t)y->all[i]->items);
        free(y->all[i]);
    }
    free(y->all);
    import_map_free(y->anchors);
    free(y);
}

void ytree_freep(struct ytree **y)
{
    ytree_free(*y);
    *y = NULL;
}

static int next(struct loader *l, yaml_event_t *event)
{
    if (yaml_parser_parse(&l->parser, event))
        return 0;
    return topo_fatal(l->m, l->e, (int)l->parser.problem_mark.line + 1, "this is no YAML: %s",
                      l->parser.problem != NULL ? l->parser.problem : "it cannot be read");
}

static struct ytree_item *add_item(struct loader *l, enum ytree_kind kind, const yaml_event_t *event)
{
    int line = (int)event->start_mark.line + 1;
    struct ytree_item *i;

    if (l->y->nall >= ITEMS_MAX) {
        topo_fatal(l->m, l->e, line, "the file has more than %d items", ITEMS_MAX);
        return NULL;
    }
    i = xcalloc(1, sizeof *i);
    i->kind = kind;
    i->line = line;
    *TOPO_PUSH(l->y->all, l->y->nall) = i;
    return i;
}

/* An anchor that is given twice means the later one from then on. */
static void set_anchor(struct loader *l, const yaml_char_t *anchor, size_t index)
{
    if (anchor != NULL)
        import_map_set(l->y->anchors, (const char *)anchor, index);
}

static const struct ytree_item *load_alias(struct loader *l, const yaml_event_t *event)
{
    size_t at = 0;

    if (import_map_get(l->y->anchors, (const char *)event->data.alias.anchor, &at) && at > 0)
        return l->y->all[at - 1];
    topo_fatal(l->m, l->e, (int)event->start_mark.line + 1, "the alias \"*%s\" has no anchor before it",
               (const char *)event->data.alias.anchor);
    return NULL;
}

static const struct ytree_item *load(struct loader *l, const yaml_event_t *event, int depth);

/* The children of a list or map up to its end. */
static int load_children(struct loader *l, struct ytree_item *into, yaml_event_type_t end, int depth)
{
    const struct ytree_item **v = NULL;
    size_t n = 0;
    int rc = 0;

    for (;;) {
        yaml_event_t event;
        const struct ytree_item *child;
        if (next(l, &event) < 0) {
            rc = -1;
            break;
        }
        if (event.type == end) {
            yaml_event_delete(&event);
            break;
        }
        child = load(l, &event, depth + 1);
        yaml_event_delete(&event);
        if (child == NULL) {
            rc = -1;
            break;
        }
        *TOPO_PUSH(v, n) = child;
    }
    into->items = v;
    into->n = end == YAML_MAPPING_END_EVENT ? n / 2 : n;
    return rc;
}

static const struct ytree_item *load(struct loader *l, const yaml_event_t *event, int depth)
{
    struct ytree_item *i;
    size_t index;

    if (event->type == YAML_ALIAS_EVENT)
        return load_alias(l, event);
    if (depth > DEPTH_MAX) {
        topo_fatal(l->m, l->e, (int)event->start_mark.line + 1, "items are nested more than %d deep",
                   DEPTH_MAX);
        return NULL;
    }
    if (event->type == YAML_SCALAR_EVENT) {
        i = add_item(l, YTREE_SCALAR, event);
        if (i == NULL)
            return NULL;
        i->text = xstrndup((const char *)event->data.scalar.value, event->data.scalar.length);
        i->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        set_anchor(l, event->data.scalar.anchor, l->y->nall);
        return i;
    }
    bool list = event->type == YAML_SEQUENCE_START_EVENT;
    const yaml_char_t *anchor = list ? event->data.sequence_start.anchor : event->data.mapping_start.anchor;
    i = add_item(l, list ? YTREE_LIST : YTREE_MAP, event);
    if (i == NULL)
        return NULL;
    index = l->y->nall;
    set_anchor(l, anchor, 0); /* not until it is complete: nothing contains itself */
    if (load_children(l, i, list ? YAML_SEQUENCE_END_EVENT : YAML_MAPPING_END_EVENT, depth) < 0)
        return NULL;
    set_anchor(l, anchor, index);
    return i;
}

/* To the first item of the first document. */
static int load_document(struct loader *l)
{
    yaml_event_t event;

    for (;;) {
        yaml_event_type_t type;
        if (next(l, &event) < 0)
            return -1;
        type = event.type;
        if (type == YAML_STREAM_END_EVENT) {
            yaml_event_delete(&event);
            return topo_fatal(l->m, l->e, 1, "the file is empty");
        }
        if (type != YAML_STREAM_START_EVENT && type != YAML_DOCUMENT_START_EVENT)
            break;
        yaml_event_delete(&event);
    }
    l->y->root = load(l, &event, 0);
    yaml_event_delete(&event);
    return l->y->root != NULL ? 0 : -1;
}

struct ytree *ytree_parse(const char *data, size_t n, struct topo_msgs *m, struct err *e)
{
    AUTO(ytree_freep) struct ytree *y = xcalloc(1, sizeof *y);
    AUTO(loader_clear) struct loader l = {.y = y, .m = m, .e = e};

    y->anchors = import_map_new();
    y->visits = VISITS_MAX;
    if (!yaml_parser_initialize(&l.parser)) {
        err_set(e, ERR_CAPACITY, "no memory for the YAML parser");
        return NULL;
    }
    yaml_parser_set_encoding(&l.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&l.parser, (const unsigned char *)data, n);
    if (load_document(&l) < 0)
        return NULL;
    return TAKE(y);
}

const struct ytree_item *ytree_root(const struct ytree *y)
{
    return y->root;
}

bool ytree_pay(struct ytree *y, size_t n)
{
    if (n > y->visits) {
        y->visits = 0;
        return false;
    }
    y->visits -= n;
    return true;
}

static const struct ytree_item *get(struct ytree *y, const struct ytree_item *map, const char *key,
                                    int merges)
{
    if (map == NULL || map->kind != YTREE_MAP || !ytree_pay(y, map->n + 1))
        return NULL;
    for (size_t i = 0; i < map->n; i++)
        if (map->items[2 * i]->kind == YTREE_SCALAR && strcmp(map->items[2 * i]->text, key) == 0)
            return map->items[2 * i + 1];
    for (size_t i = 0; i < map->n && merges < MERGES_MAX; i++) {
        const struct ytree_item *k = map->items[2 * i], *v = map->items[2 * i + 1], *found = NULL;
        if (k->kind != YTREE_SCALAR || strcmp(k->text, "<<") != 0)
            continue;
        for (size_t j = 0; v->kind == YTREE_LIST && j < v->n && found == NULL && ytree_pay(y, 1); j++)
            found = get(y, v->items[j], key, merges + 1);
        if (v->kind == YTREE_MAP)
            found = get(y, v, key, merges + 1);
        if (found != NULL)
            return found;
    }
    return NULL;
}

const struct ytree_item *ytree_get(struct ytree *y, const struct ytree_item *map, const char *key)
{
    return get(y, map, key, 0);
}

const char *ytree_text(const struct ytree_item *i)
{
    if (i == NULL || i->kind != YTREE_SCALAR)
        return NULL;
    if (i->plain && (i->text[0] == '\0' || strcmp(i->text, "~") == 0 || strcasecmp(i->text, "null") == 0))
        return NULL;
    return i->text;
}
