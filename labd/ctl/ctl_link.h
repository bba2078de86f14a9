/* The words of labctl link, as a change of a link.  Used by cmd_link.c. */
#ifndef CTL_CTL_LINK_H
#define CTL_CTL_LINK_H

#include "labd/base/err.h"
#include "topology/plan.h"

#include <jansson.h>
#include <stdbool.h>

struct link_change {
    struct plan_impair impair[2];
    int from;          /* words are about: 0 both directions, 1 what leaves a, 2 what leaves b */
    const char *state; /* "up", "down" or NULL; static */
    bool impaired;     /* any word about impairments was there */
};

/* Begins with the impairments that hold now; 'a' and 'b' may be NULL. */
int link_change_init(struct link_change *c, const json_t *a, const json_t *b, struct err *e) MUST_CHECK;
/* "up", "down", "clear", "from=a", "delay=20ms", "loss=0" ...; ERR_INVALID names the word. */
int link_change_word(struct link_change *c, const char *word, struct err *e) MUST_CHECK;
json_t *link_change_json(const struct link_change *c); /* the body of PATCH; new reference */

#endif
