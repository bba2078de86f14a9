/* A foreign lab in the making.  Used by the importers of formats that are folders of files.
 *
 * An importer opens a lab, adds nodes, fills their model, files and scripts, and takes the topology out
 * with import_lab_finish(), which decides what is a host and what a router and turns FRR's files into
 * <frr>. */
#ifndef FOREIGN_IMPORT_LAB_H
#define FOREIGN_IMPORT_LAB_H

#include "labd/base/buf.h"
#include "labd/base/folder.h"
#include "topology/foreign/import.h"
#include "topology/foreign/slug.h"

#define IMPORT_NODES_MAX 4096
#define IMPORT_SCRIPT_MAX (256u << 10) /* bytes of one script or configuration file */

/* Where something is said, for messages. */
struct import_at {
    const char *rel; /* below the folder */
    int line;
};

struct import_node {
    struct topo_node n; /* .name is ours */
    char *was;          /* its name there */
    struct import_at where;
    struct buf script; /* what its startup is made of */
    bool starts_frr;   /* the script starts FRR, or the image did */
    bool may_forward;  /* a machine there forwards when it has two interfaces */
};

struct import_map; /* names to numbers */

struct import {
    struct import_log *log;
    struct topo *t; /* elements, links, notes; nodes come last */
    struct slug_set *names;
    struct folder folder;
    char *dir; /* the folder as the user gave it; "" for the current one */
    struct import_node **nodes;
    size_t nnodes;
    struct import_map *by_name; /* node's name there -> index */
    struct import_map *images;  /* those that were spoken of */
    size_t text_left;           /* bytes that may still be taken in: the XML has a limit */
};

/* 'dir' is opened; 0, or -1 with 'e' and a message. */
int import_lab_open(struct import *im, const char *dir, struct import_log *log, struct err *e);
/* The same for a lab whose main file is 'path': its folder is opened, its text is appended to 'text', and '*rel'
 * is its name in the folder, which the caller frees. */
int import_lab_open_file(struct import *im, const char *path, struct import_log *log, struct buf *text,
                         char **rel, struct err *e);
void import_lab_close(struct import *im); /* AUTO(import_lab_close) */
/* The name of the topology: 'wanted' if given, else made of 'label', else "imported". */
void import_lab_name(struct import *im, const char *wanted, const char *label);
void import_lab_note(struct import *im, const char *text); /* in the drawing */
/* A valid topology, which the caller owns, or NULL. */
struct topo *import_lab_finish(struct import *im, struct err *e);

/* "FILE:LINE: warning: ..."; 'rel' is below the folder. */
void import_warn(struct import *im, const char *rel, int line, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* The same as the error that ends the import.  Returns -1. */
int import_fail(struct import *im, struct err *e, const char *rel, int line, const char *fmt, ...)
    PRINTF_LIKE(5, 6);
/* A text file of the lab in UTF-8; 0, or -1 after an error ('e') or, with 'e' NULL, a warning about 'from':'line'. */
int import_read(struct import *im, const char *rel, struct buf *out, struct err *e);

/* Adds a node, or finds the one that has that name there.  '*fresh' may be NULL; 'rel' is not copied. */
struct import_node *import_node_add(struct import *im, const char *was, const char *rel, int line,
                                    bool *fresh);
struct import_node *import_node_find(const struct import *im, const char *was);
/* An image that we do not have: said once for each. */
void import_warn_of_image(struct import *im, const char *image, struct import_at at);
/* A link with a name made of those of its ends, which are nodes or elements of ours. */
struct topo_link *import_link_add(struct import *im, const char *a, const char *aif, const char *b,
                                  const char *bif);
/* A network or switch with a name made of 'label'. */
struct topo_element *import_element_add(struct import *im, enum topo_kind kind, const char *label);
/* An interface with that name, or one that is allowed and near to it, with a warning. */
struct topo_iface *import_iface_add(struct import *im, struct import_node *x, const char *name,
                                    const char *rel, int line);

/* ---- import_files.c ---- */
/* A file with that text; one that is there already is replaced. */
void import_file_text(struct import *im, struct import_node *x, const char *path, const char *text, size_t n,
                      uint32_t mode, struct import_at at);
/* The file or folder 'rel' of the lab, as 'path' in the node; 'mode' 0: as it is there. */
void import_file_tree(struct import *im, struct import_node *x, const char *rel, const char *path,
                      uint32_t mode, struct import_at at);

/* ---- import_script.c ---- */
/* Adds commands of a script to the node's startup, those for Quagga, ifconfig and route translated.
 * 'line' is where the first of them stands. */
void import_script_add(struct import *im, struct import_node *x, const char *text, const char *rel, int line);
/* One command made of words that no shell may change. */
void import_script_words(struct import_node *x, const char *const *words, size_t n);
void import_script_sysctl(struct import *im, struct import_node *x, const char *key, const char *value,
                          struct import_at at);
void import_script_env(struct import *im, struct import_node *x, const char *key, const char *value,
                       struct import_at at);
void import_script_mac(struct import *im, struct import_node *x, const char *iface, const char *mac,
                       struct import_at at);

/* ---- import_frr.c ---- */
/* Quagga's path or FRR's as we have it; the caller frees. */
char *import_frr_path(const char *path);
/* Turns the node's files in /etc/frr into <frr>, or into files that FRR reads when it is started. */
void import_frr_finish(struct import *im, struct import_node *x);

/* ---- import_map.c ---- */
struct import_map *import_map_new(void);
void import_map_free(struct import_map *m);
/* The number of 'key', entered as 'value' if it is new; 'fresh' may be NULL. */
size_t import_map_put(struct import_map *m, const char *key, size_t value, bool *fresh);
void import_map_set(struct import_map *m, const char *key, size_t value); /* also over an older one */
bool import_map_get(const struct import_map *m, const char *key, size_t *value);

/* "512m", "1Gb", "64MiB", "268435456": MiB, rounded up.  false: it is no size. */
bool import_memory(const char *s, uint32_t *mb);
/* Sets the node's memory or processors within what is allowed, with a warning where that differs. */
void import_set_memory(struct import *im, struct import_node *x, const char *text, struct import_at at);
void import_set_cpus(struct import *im, struct import_node *x, const char *text, struct import_at at);

#endif
