/* The parts of topo_check().  Used inside topology/ only. */
#ifndef TOPOLOGY_TOPO_CHECK_H
#define TOPOLOGY_TOPO_CHECK_H

#include "topology/topo.h"
#include "topology/topo_index.h"
#include "topology/topo_value.h"

struct check {
    const struct topo *t;
    struct topo_index ix;
    struct topo_msgs *m;
    size_t nrouters;
    size_t guesses; /* comparisons for suggestions that may still be made: hostile files have many names */
};

void check_node(struct check *c, const struct topo_node *n); /* topo_check_node.c */
void check_addresses(struct check *c);                       /* topo_check_addr.c */
/* False, with a message: it is no address with a prefix length that 'what' ("an interface") could have. */
bool check_one_address(struct check *c, const struct topo_text *x, const char *what, struct value_addr *out);
void check_internets(struct check *c); /* topo_check_internet.c */
void check_routes(struct check *c, const struct topo_node *n);
void check_links(struct check *c); /* topo_check_link.c */
void check_switch(struct check *c, const struct topo_element *x);
void check_bonds_and_mirrors(struct check *c, const struct topo_element *x); /* topo_check_bond.c */

/* Warnings about wires; the topology is valid.  topo_check_wire.c */
void check_wires(struct check *c);

#define check_error(c, line, ...) topo_msgs_add((c)->m, line, TOPO_ERROR, __VA_ARGS__)
#define check_warn(c, line, ...) topo_msgs_add((c)->m, line, TOPO_WARNING, __VA_ARGS__)

/* " (did you mean 'x'?)" or "": names that are of no use as an answer are not worth offering, so the
 * caller says by 'kinds' (bits of enum topo_kind) what would do. */
const char *check_suggest(struct check *c, const char *wrong, unsigned kinds, char out[VALUE_HINT_SIZE]);

/* May 'n' more candidates be compared?  Counts them if so. */
bool check_may_guess(struct check *c, size_t n);

#endif
