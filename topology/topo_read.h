/* The parts of the reader.  Used by topo_read*.c only. */
#ifndef TOPOLOGY_TOPO_READ_H
#define TOPOLOGY_TOPO_READ_H

#include "topology/topo.h"
#include "topology/topo_pool.h"

#include <libxml/tree.h>

struct reader {
    struct topo *t;
    struct topo_msgs *m;
    struct topo_pools pools;
};

enum element {
    E_HOST,
    E_ROUTER,
    E_SWITCH,
    E_HUB,
    E_NETWORK,
    E_INTERNET,
    E_LINK,
    E_DRAWN_NOTE,
    E_POOL,
    E_INTERFACE,
    E_ADDRESS,
    E_GATEWAY,
    E_ROUTE,
    E_STARTUP,
    E_FILE,
    E_FRR,
    E_NOTE,
    E_PORT,
    E_BOND,
    E_IMPAIR,
    E_COUNT
};
#define BIT(e) (1u << (e))

/* Reads the child elements of 'x', of which those in 'allowed' (BIT()s) may be there, into 'obj'. */
void read_children(struct reader *r, const xmlNode *x, unsigned allowed, void *obj);
/* The text of an element that holds nothing else; the caller frees. */
char *read_text(struct reader *r, const xmlNode *x);
/* Takes white space off both ends of 's'. */
void read_trim(char *s);
/* 's', or NULL, 's' being freed, if it is blank. */
char *read_text_or_null(char *s);
/* 'list' of '*n' texts gets the text of 'x', unless it is blank, which is reported.  Returns the list, which
 * may have moved. */
struct topo_text *read_push_text(struct reader *r, const xmlNode *x, struct topo_text *list, size_t *n);
bool read_all_space(const char *s);

/* One element each, with all that is in it; 'parent' is what holds it. */
typedef void read_fn(struct reader *r, const xmlNode *x, void *parent);
read_fn read_host, read_router, read_interface, read_address, read_route, read_startup, read_file, read_frr,
    read_note; /* topo_read_node.c */
read_fn read_switch, read_hub, read_network, read_internet, read_gateway, read_port,
    read_bond; /* topo_read_switch.c */

#endif
