/* Names to numbers: a balanced tree, since the names come from strangers. */
#include "labd/base/mem.h"
#include "topology/foreign/import_lab.h"

#include <search.h>
#include <stdint.h>
#include <string.h>

struct named {
    char *key;
    size_t value;
};
struct import_map {
    void *root;
};

static int order(const void *a, const void *b)
{
    const struct named *x = a, *y = b;

    return strcmp(x->key, y->key);
}

static void entry_free(void *p)
{
    struct named *e = p;

    free(e->key);
    free(e);
}

struct import_map *import_map_new(void)
{
    return xcalloc(1, sizeof(struct import_map));
}

void import_map_free(struct import_map *m)
{
    if (m == NULL)
        return;
    tdestroy(m->root, entry_free);
    free(m);
}

size_t import_map_put(struct import_map *m, const char *key, size_t value, bool *fresh)
{
    struct named *e = xcalloc(1, sizeof *e), **found;
    bool added;
    size_t got;

    e->key = xstrdup(key);
    e->value = value;
    found = tsearch(e, &m->root, order);
    if (found == NULL)
        abort(); /* out of memory, as in mem.h */
    added = *found == e;
    got = (*found)->value;
    if (!added)
        entry_free(e);
    if (fresh != NULL)
        *fresh = added;
    return got;
}

void import_map_set(struct import_map *m, const char *key, size_t value)
{
    const struct named want = {(char *)(uintptr_t)key, 0};
    struct named *const *found;

    import_map_put(m, key, value, NULL);
    found = tfind(&want, &m->root, order);
    if (found != NULL)
        (*found)->value = value;
}

bool import_map_get(const struct import_map *m, const char *key, size_t *value)
{
    const struct named want = {(char *)(uintptr_t)key, 0};
    struct named *const *found = tfind(&want, &m->root, order);

    if (found == NULL)
        return false;
    *value = (*found)->value;
    return true;
}
