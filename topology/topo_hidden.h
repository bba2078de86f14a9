/* Parts of a topology that students do not see: what is left for them, and texts without the names of the
 * rest.  Used by the drawing, the grader's reports, labd and labctl.
 *
 * A node, element or link is hidden when the author says so; so is a link with a hidden end, because a link
 * that is seen says what is at its ends.  The interface of a visible node on a hidden wire stays, as one
 * that is not connected. */
#ifndef TOPOLOGY_TOPO_HIDDEN_H
#define TOPOLOGY_TOPO_HIDDEN_H

#include "topology/topo.h"
#include "topology/topo_index.h"

/* 'ix' is the index of 't', 'l' one of its links; 't' is valid, as everywhere here. */
bool topo_link_hidden(const struct topo *t, const struct topo_index *ix, const struct topo_link *l);

/* What a student sees: 't' without hidden nodes, elements, links and files.  Its texts are those of 't', which must
 * outlive it; topo_seen_free(), never topo_free(). */
struct topo *topo_seen(const struct topo *t);
void topo_seen_free(struct topo *seen); /* NULL is fine */
void topo_seen_freep(struct topo **seen);

/* The names of a topology, told apart for redact().  A copy: it does not need 't' any more. */
struct topo_secrets;
struct topo_secrets *topo_secrets_new(const struct topo *t); /* NULL if nothing of it is hidden */
void topo_secrets_free(struct topo_secrets *s);              /* NULL is fine */
void topo_secrets_freep(struct topo_secrets **s);
/* 'text' with TOPO_NOT_SHOWN for each name of a hidden part, ":interface" and what is joined to it by '-' ("xl-r1")
 * included; names of visible parts stay, also where a hidden one is inside ("r1-west").  The caller frees.
 * 's' NULL: a copy. */
#define TOPO_NOT_SHOWN "[not shown]"
char *topo_redact(const struct topo_secrets *s, const char *text);

#endif
