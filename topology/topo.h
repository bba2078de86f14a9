/* The topology: what an author wrote in XML, as plain structs.  Used by the planner, the grader, labd
 * and labctl; knows nothing of running labs.
 *
 *   reader (topo_read.c), importers -> struct topo -> topo_check() -> plan_make(), topo_write(), drawing
 *
 * The model holds the author's values as they are, also wrong ones, so that one run can name all
 * problems.  Only topo_check() makes it trustworthy; topo_load_*() does reading and checking in one. */
#ifndef TOPOLOGY_TOPO_H
#define TOPOLOGY_TOPO_H

#include "labd/base/err.h"
#include "topology/plan.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOPO_FILE_MAX (4u << 20) /* bytes of XML of which a lab is made */
#define TOPO_MSGS_MAX 50
#define TOPO_RSTP_PRIORITY 32768u             /* unless declared */
#define TOPO_INTERNET_GATEWAY "100.64.0.1/24" /* of RFC 6598; unless declared */

struct buf;
struct topo_seed; /* topo_seed.h */

/* ---- messages: every problem of a file in one list ---- */
enum topo_severity { TOPO_WARNING, TOPO_ERROR };
struct topo_msg {
    int line; /* 1 ..; 0: the file as a whole */
    enum topo_severity severity;
    char *text; /* one sentence, printable UTF-8, no newline */
};
struct topo_msgs {
    struct topo_msg *items;
    size_t n, cap;
    size_t nerrors, nwarnings; /* counted also when TOPO_MSGS_MAX are kept already */
};
#define TOPO_MSGS_INIT \
    { \
        NULL, 0, 0, 0, 0 \
    }
void topo_msgs_add(struct topo_msgs *m, int line, enum topo_severity severity, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
void topo_msgs_sort(struct topo_msgs *m); /* worst first: errors, then warnings, each by line; stable */
/* "FILE:LINE: error: text" per line; 'file' is printed as it is. */
void topo_msgs_print(const struct topo_msgs *m, const char *file, struct buf *out);
void topo_msgs_clear(struct topo_msgs *m); /* AUTO(topo_msgs_clear) */

/* ---- the model; 'line' is where the element starts, 0 if it did not come from a file ---- */
enum topo_kind { TOPO_HOST, TOPO_ROUTER, TOPO_SWITCH, TOPO_HUB, TOPO_NETWORK, TOPO_INTERNET, TOPO_LINK };
const char *topo_kind_name(enum topo_kind k); /* "host" ..: the XML element's name */

struct topo_pos {
    bool set;
    int x, y; /* any scale */
};
struct topo_text { /* text as written, indentation included */
    char *text;
    int line;
};
struct topo_iface {
    char *name;
    char *network;           /* the network element it is attached to, or NULL: a link names it */
    uint32_t mtu;            /* 0: not given */
    struct topo_text *addrs; /* "10.0.1.10/24", "2001:db8::10/64" */
    size_t naddrs;
    int line;
};
struct topo_route {
    char *to, *via; /* "default" or a prefix; a gateway address */
    char *dev;      /* or NULL; needed with a link-local gateway */
    int line;
};
struct topo_file {
    char *path;
    uint32_t mode;
    char *text;
    bool hidden;
    int line;
};
struct topo_node { /* host, router */
    enum topo_kind kind;
    char *name;
    char *image;               /* NULL: "base" */
    uint32_t memory_mb, vcpus; /* 0: not given */
    bool forwarding;           /* routers only */
    bool hidden;               /* from students; see topo_hidden.h */
    struct topo_pos pos;
    struct topo_iface *ifaces;
    size_t nifaces;
    struct topo_route *routes;
    size_t nroutes;
    struct topo_file *files;
    size_t nfiles;
    bool frr; /* <frr> is there: FRR runs */
    char **frr_daemons;
    size_t nfrr_daemons;
    char *frr_conf; /* as written; NULL: empty */
    int frr_line;
    struct topo_text startup; /* .text NULL: none */
    struct topo_text *notes;
    size_t nnotes;
    int line;
};
struct topo_words {
    char **items;
    size_t n;
};
struct topo_port { /* of a switch; a bond of several is one, too */
    char *name;
    bool bond;
    struct topo_words members;  /* of a bond: names of ports */
    bool passive;               /* a bond that waits for the other end to begin with LACP */
    enum plan_mirror mirror;    /* what it shows of other ports */
    struct topo_words mirrored; /* names of ports and bonds; none: all others */
    enum plan_vlan_mode mode;
    uint32_t access;  /* with PLAN_VLAN_ACCESS */
    uint32_t native;  /* with PLAN_VLAN_TRUNK; 0: none */
    uint32_t *trunks; /* none: all VLANs */
    size_t ntrunks;
    int line;
};
struct topo_element { /* switch, hub, network, internet */
    enum topo_kind kind;
    char *name;
    bool rstp;
    uint32_t rstp_priority;
    uint32_t mac_ageing; /* seconds; 0: not given */
    bool hidden;
    struct topo_pos pos;
    struct topo_port *ports;
    size_t nports;
    struct topo_text *addrs; /* of an internet's gateway: "100.64.0.1/24" */
    size_t naddrs;
    int line;
};
struct topo_end {
    char *node;  /* a node or an element */
    char *iface; /* its interface or port; NULL: a hub, a network, an internet, or a plain port of a switch */
};
struct topo_link {
    char *name;
    struct topo_end end[2];       /* a, b */
    struct plan_impair impair[2]; /* [0]: what leaves a; [1]: what leaves b */
    bool up;
    bool hidden; /* itself; so is one with a hidden end */
    int line;
};
struct topo_note { /* of the drawing */
    char *text;
    struct topo_pos pos;
    int line;
};
enum topo_parameter_type { TOPO_INTEGER, TOPO_CHOICE, TOPO_PREFIX, TOPO_NAME };
struct topo_parameter { /* what differs from student to student, with the value of this one */
    char *name;
    enum topo_parameter_type type;
    char *value; /* "64513", "10.70.3.0/24" */
    int line;
};
struct topo {
    char *name, *title; /* title may be NULL */
    struct topo_parameter *parameters;
    size_t nparameters;
    struct topo_node *nodes;
    size_t nnodes;
    struct topo_element *elements;
    size_t nelements;
    struct topo_link *links;
    size_t nlinks;
    struct topo_note *notes;
    size_t nnotes;
    int line;
};

struct topo *topo_new(const char *name);
void topo_free(struct topo *t); /* NULL is fine */
void topo_freep(struct topo **t);

/* ---- reading and checking ---- */
/* Reads without checking the meaning.  NULL (and 'e') if there is no model at all: unreadable, too
 * large, not well-formed, a DTD, the wrong root, malformed parameters; that problem is in 'm' too.  Otherwise
 * the model, and what is wrong with its form in 'm'.  'm' is never NULL and may hold messages already.
 * Parameters have the values of 'seed'; NULL stands for the seed called TOPO_SEED_NUMBER, and so do the
 * functions without one. */
struct topo *topo_read_seeded(const char *data, size_t n, const struct topo_seed *seed, struct topo_msgs *m,
                              struct err *e);
struct topo *topo_read_mem(const char *data, size_t n, struct topo_msgs *m, struct err *e);
/* Adds what is wrong with the meaning, sorts 'm', and returns the number of errors in it, those of
 * the reader included: 0 says that 't' is valid. */
size_t topo_check(const struct topo *t, struct topo_msgs *m);
/* Both in one: a valid topology or NULL, 'e' then holding the first error with its line.  'm' (or
 * NULL) gets all messages.  No more than a lab may be: TOPO_FILE_MAX, PLAN_NODES_MAX, 200,000 elements. */
struct topo *topo_load_file_seeded(const char *path, const struct topo_seed *seed, struct topo_msgs *m,
                                   struct err *e);
struct topo *topo_load_file(const char *path, struct topo_msgs *m, struct err *e);
struct topo *topo_load_seeded(const char *data, size_t n, const struct topo_seed *seed, struct topo_msgs *m,
                              struct err *e);
struct topo *topo_load_mem(const char *data, size_t n, struct topo_msgs *m, struct err *e);
/* The same for tools that work on the user's own files: up to 64 MiB, 200,000 nodes and 2,000,000 elements.
 * A warning says when no lab can be made of it.  'text' (or NULL) gets what the file holds. */
struct topo *topo_load_large_file(const char *path, const struct topo_seed *seed, struct buf *text,
                                  struct topo_msgs *m, struct err *e);

/* The XML text; the caller frees.  Reading it gives an equal model. */
char *topo_write(const struct topo *t);
/* The same in the order of 'data', the document from which 't' was read, and with its comments. */
char *topo_write_like(const struct topo *t, const char *data, size_t n);
bool topo_equal(const struct topo *a, const struct topo *b); /* line numbers apart */

/* The published schema (topology.rng, made from topology.rnc) as it was at build time. */
extern const char topo_rng[]; /* text, ends with NUL */

/* ---- drawing ---- */
#define TOPO_DRAW_WIDTH 1000
#define TOPO_DRAW_HEIGHT 600
struct topo_point {
    double x, y; /* 0 .. TOPO_DRAW_WIDTH, 0 .. TOPO_DRAW_HEIGHT */
};
/* Where to draw: one point per node, then one per element; the caller frees; NULL if there are none.
 * Deterministic.  The author's positions (scaled) if all have one, else a layout of our own. */
struct topo_point *topo_layout(const struct topo *t);
/* {nodes:[{name,kind,x,y,interfaces:[{name,mac:null,link,network,addresses}]}],
 *  elements:[{name,kind,x,y}], links:[{name,a:{node,interface},b,state,impairment:{a,b}}]}; hidden parts have
 * hidden:true. */
json_t *topo_drawing_json(const struct topo *t); /* new reference */
enum topo_labels { TOPO_LABEL_ADDRESSES, TOPO_LABEL_INTERFACES, TOPO_LABEL_NAMES };
/* Each node with its name and, but for TOPO_LABEL_NAMES, its interfaces, for TOPO_LABEL_ADDRESSES with their first
 * addresses too; large drawings have names only.  The caller frees. */
char *topo_render_svg(const struct topo *t, enum topo_labels labels);

#endif
