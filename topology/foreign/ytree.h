/* YAML to a tree, by libyaml, which has the prefix yaml_ for itself.  Used by the importer of containerlab.
 *
 * An alias is the same item at another place, so that the tree is no larger than the file, whatever its
 * aliases say.  A walk over it can still be long: it is paid for from a budget. */
#ifndef FOREIGN_YTREE_H
#define FOREIGN_YTREE_H

#include "labd/base/err.h"
#include "topology/topo.h"

enum ytree_kind { YTREE_SCALAR, YTREE_LIST, YTREE_MAP };
struct ytree_item {
    enum ytree_kind kind;
    int line;
    const char *text;                /* of a scalar */
    bool plain;                      /* a scalar without quotes: null, true and numbers are meant */
    size_t n;                        /* of items in a list, of pairs in a map */
    const struct ytree_item **items; /* of a map: key, value, key, value ... */
};

struct ytree;
/* The first document in 'data', or NULL, 'e' and an error in 'm': it is no YAML, too deep or too large, an
 * alias contains itself.  The items live as long as the result. */
struct ytree *ytree_parse(const char *data, size_t n, struct topo_msgs *m, struct err *e);
void ytree_free(struct ytree *y);
void ytree_freep(struct ytree **y);
const struct ytree_item *ytree_root(const struct ytree *y);

/* Takes 'n' from the budget of visits; false: it is used up. */
bool ytree_pay(struct ytree *y, size_t n);
/* The value of 'key' in a map, also one that "<<" merges in; NULL: it is no map, or has none. */
const struct ytree_item *ytree_get(struct ytree *y, const struct ytree_item *map, const char *key);
/* The text of a scalar, or NULL: it is none, or null. */
const char *ytree_text(const struct ytree_item *i);

#endif
