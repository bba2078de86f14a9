/* The labs of a site: what is wanted (in the database), what labhost says is there, and the status that
 * is made of both.  Used by labd/site. */
#ifndef SITE_LABS_H
#define SITE_LABS_H

#include "labd/site/site_int.h"

/* Who looks at a lab: a student who works at an exercise does not see its hidden parts; instructors do, and so does
 * whoever started a lab from a topology of his own. */
enum lab_view { VIEW_STUDENT, VIEW_ALL, VIEWS };

struct lab {
    struct lab *next;
    struct labs *all;
    int64_t inst;
    struct store_lab row;
    json_t
        *drawing[VIEWS]; /* nodes with MACs, elements, links; the part of the status that does not change */
    struct topo_secrets *secrets; /* names that students do not read; NULL if nothing is hidden */
    json_t *live;                 /* the last lab object of labhost, or NULL */
    json_t *attempt;              /* the latest ATTEMPT, or NULL */
    struct answers *answers;      /* its questions, or NULL */
    bool broken;                  /* its texts cannot be read, so nobody knows what of it is hidden */
    int64_t seq;      /* hostlink_seq() when labhost was last asked to create, suspend or resume it */
    bool pending;     /* row.state says that it is to sleep, or to wake: labhost may not know it yet */
    unsigned changes; /* times that labhost was asked to suspend or resume it */
    struct loop_timer *again; /* labhost did not answer */
    unsigned max_score;       /* of its exercise; 0: nothing to check */
    int internet_line;        /* of the topology, where its <internet> is; 0: none */
    struct loop_timer *calm;  /* watchers were told just now */
    bool changed;             /* since then */
    char *status_text[VIEWS]; /* of lab_status(), or NULL: must be made again */
};

/* Reads the labs from the database and begins to follow labhost. */
struct labs *labs_new(struct site *s, struct err *e);
void labs_free(struct labs *ls);

/* The lab if 'w' may see it: its owner, or an instructor of its institution.  Else NULL, and r has its 404. */
struct lab *labs_visible(struct site *s, struct http_req *r, const char *id);
struct lab *labs_find(struct labs *ls, int64_t inst, const char *id); /* or NULL */
typedef void labs_fn(struct lab *lab, void *arg);
void labs_each(struct labs *ls, labs_fn *fn, void *arg); /* 'fn' deletes none */
/* The id of the user's lab of an exercise, or NULL. */
const char *labs_of_exercise(const struct labs *ls, int64_t inst, int64_t user, const char *exercise);

/* ---- what is seen of a lab; lab_view.c.  What is hidden from a view is, for it, not there: every answer is that
 * for an unknown name. ---- */
enum lab_view exercise_view(const char *exercise,
                            const struct who *w); /* of what belongs to it; "": to none */
enum lab_view lab_view(const struct lab *lab, const struct who *w);
bool lab_has_node(const struct lab *lab, enum lab_view view, const char *node);
bool lab_has_link(const struct lab *lab, enum lab_view view, const char *link);
/* "NODE:IF", or "LINK:a", "LINK:b". */
bool lab_has_port(const struct lab *lab, enum lab_view view, const char *port);
/* A sentence of labhost's, which may name any part; the caller frees. */
char *lab_said(const struct lab *lab, enum lab_view view, const char *sentence);
/* http_problem() with what labhost said about 'lab'. */
void lab_problem(struct http_req *r, const struct lab *lab, const struct err *e);

/* ---- changes; lab_start.c, labs.c ---- */
struct lab_wish {
    int64_t inst, owner;
    const char *owner_login, *owner_name;
    const char *exercise;     /* "" for a raw lab */
    const char *name;         /* or NULL: the topology's */
    const char *topology;     /* XML */
    const char *exercise_xml; /* or NULL */
    const char *driver;
    const struct topo_secrets *secrets; /* of the exercise; borrowed */
    bool varies;                        /* the exercise has parameters, which hidden names may be made of */
    const struct topo_seed *seed;       /* or NULL: the owner's */
};
/* Checks everything and stores the lab as wanted; labhost is not asked yet.  NULL with 'e'. */
struct lab *lab_make(struct labs *ls, const struct lab_wish *wish, struct err *e);
/* Makes the memory of a lab from its row, whose texts it takes over on success. */
struct lab *lab_from_row(struct labs *ls, int64_t inst, struct store_lab *row, struct err *e);
/* {lab, driver, plan} for lab.create. */
json_t *lab_create_args(const struct lab *lab, struct err *e);
int lab_set_state(struct lab *lab, enum store_lab_state st, const char *error, struct err *e) MUST_CHECK;
void lab_ask_delete(struct lab *lab);           /* its state is STOPPING; goes on until it is gone */
void lab_update(struct lab *lab, json_t *live); /* what labhost says; borrowed */
void lab_gone(struct lab *lab);                 /* frees it */

/* ---- suspended labs; lab_suspend.c ---- */
bool lab_sleeps(const struct lab *lab); /* it is suspended, or being */
/* ERR_CONFLICT with the sentence for everything that a suspended lab refuses. */
int lab_awake(const struct lab *lab, struct err *e) MUST_CHECK;
/* After each connect, with what labhost says: asks it for what it may not have heard. */
void lab_settle(struct lab *lab, json_t *live);

/* ---- status; lab_status.c ---- */
json_t *lab_status(const struct lab *lab, enum lab_view view); /* STATUS; new reference */
/* The same as JSON text; borrowed until the next change. */
const char *lab_status_text(struct lab *lab, enum lab_view view);
void lab_status_changed(struct lab *lab); /* both texts must be made again */
const char *lab_state_name(const struct lab *lab);
void lab_count_nodes(const struct lab *lab, size_t *ready, size_t *all); /* hidden ones, too */

http_handler_fn lab_list, lab_post, lab_get, lab_delete, lab_reset, lab_start, lab_start_node, lab_patch_link,
    lab_suspend, lab_resume;

#endif
