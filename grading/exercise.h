/* An exercise: metadata, grading plan, reference and wrong solutions.  Read from a folder (or from
 * memory for an instructor's upload) and checked against its topology, so that what is returned can be
 * graded.  Used by the grader, labd and labctl.  Shape: grading/exercise.rnc.
 *
 *   exercise_read.c XML -> struct exercise,  exercise_check.c its meaning,  exercise_files.c what else is
 *   in the folder,  exercise_embed.c XML without a folder,  exercise.c all of it in one,  check/ what is particular to a kind of check */
#ifndef GRADING_EXERCISE_H
#define GRADING_EXERCISE_H

#include "grading/probe.h"
#include "labd/base/err.h"
#include "labd/base/name.h"
#include "topology/topo.h"

#include <stdbool.h>
#include <stddef.h>

#define EXERCISE_FILE_MAX (1u << 20)
#define EXERCISE_CHECKS_MAX 64
#define EXERCISE_WRONGS_MAX 32
#define EXERCISE_PARTS_MAX 24
#define EXERCISE_HOLD_MAX 10
#define EXERCISE_HINTS_MAX 8 /* of one check */
#define EXERCISE_HOPS_ANY (-1)
#define EXERCISE_PRIORITY_ANY (-1)
#define EXERCISE_TEXT_MAX (256u << 10) /* instructions, a script */

struct buf;
struct check_kind;

/* What a closed TCP port has to look like. */
enum exercise_expect {
    EXERCISE_ANY,      /* no connection, whatever the reason */
    EXERCISE_FILTERED, /* the SYN never arrived at 'seen_at' */
    EXERCISE_REFUSED,  /* it arrived there, and that host refused it */
};

/* What a firewall has to do with a flow. */
enum exercise_action { EXERCISE_PASS, EXERCISE_DROP, EXERCISE_REJECT };

/* What an answer in words has to be. */
enum exercise_form { EXERCISE_FORM_TEXT, EXERCISE_FORM_NUMBER, EXERCISE_FORM_ADDRESS, EXERCISE_FORM_MAC };

struct exercise_names { /* of links or checks */
    char (*v)[NAME_SIZE];
    size_t n, cap;
};

#define EXERCISE_BANDS_MAX 8
struct exercise_bands { /* ascending times, descending credit */
    struct {
        unsigned ms, percent;
    } v[EXERCISE_BANDS_MAX];
    size_t n;
};

#define EXERCISE_NETS_MAX 32
struct exercise_nets {
    struct probe_prefix v[EXERCISE_NETS_MAX];
    size_t n;
};

struct exercise_hint {
    char *text;
    unsigned after; /* attempts in which the check failed, at least 1; then it is shown */
};

struct exercise_check {
    char id[NAME_SIZE];
    const struct check_kind *kind; /* grading/check/check.h; NULL while reading an unknown one */
    char *title;
    unsigned points;
    struct exercise_names requires; /* ids: this check is blocked unless each passes */
    char control[NAME_SIZE];        /* id, "" if none; always there for negative checks */
    char from[NAME_SIZE];           /* a reference */
    struct probe_addr to;
    char to_ref[NAME_SIZE]; /* "" unless 'to' names a reference */
    enum probe_kind proto;
    uint16_t port;
    char seen_at[PROBE_PORT_SIZE];          /* "@REF" if to_ref */
    int hops;                               /* routers between, or EXERCISE_HOPS_ANY */
    bool both;                              /* the answer, too, must come back */
    struct exercise_names via, avoids, cut; /* links */
    struct exercise_names across;           /* links on which nothing may be readable */
    struct exercise_names links;            /* spanning-tree: on which bridges speak to each other */
    char root[NAME_SIZE];                   /* ... and the node that has to be the root, or "" */
    int priority;                           /* ... with this one, or EXERCISE_PRIORITY_ANY */
    struct exercise_names of, nodes;        /* persistence: the checks; what is rebooted, none: all nodes */
    enum probe_outer outer;                 /* what crosses them instead */
    uint16_t outer_port;
    unsigned at_least_bps, at_most_bps; /* bandwidth; 0: no bound */
    unsigned settle_ms;                 /* how long the network may take to find a new path after the cut */
    struct exercise_bands bands;        /* convergence: the credit for an interruption of at most so long */
    enum exercise_expect expect;
    enum exercise_action action;
    bool other;       /* 'port' stands for all that the other parts do not name */
    bool established; /* answers have to pass, too */
    struct probe_addr as,
        becomes;                /* nat: the source and the destination after translation; family 0: as sent */
    char path[PROBE_PATH_SIZE]; /* http */
    /* http: the host, "" if the address is asked for; dns: the zone, and of a part its name; dhcp: of a lease, or "" */
    char domain[PROBE_DOMAIN_SIZE];
    unsigned status;     /* http */
    uint16_t type;       /* of a part of dns */
    char *run;           /* script: the file of the program below the folder, "checks/mail.sh", or NULL */
    char *program;       /* script: its text, or NULL if it is in a folder that was not read */
    unsigned timeout_ms; /* script */
    char *text;          /* http: a part of the page; of a part of dns: as of probe_record_parse(); or NULL */
    char peer[NAME_SIZE];     /* ospf: the reference where our router is */
    char heard_by[NAME_SIZE]; /* ospf: where another one is, or "" */
    uint32_t area;
    unsigned hello_ms, dead_ms;         /* 0: as usual; spanning-tree: hello_ms */
    uint32_t own_as, router_as;         /* bgp: of our router and of the student's */
    struct probe_addr router;           /* bgp: the student's; dhcp: of a lease; family 0: any */
    struct probe_addr first, last, dns; /* dhcp: the range; the name server, family 0: any */
    char as_path[PROBE_AS_PATH_SIZE];   /* what 'hears' has to come with; "": any */
    struct exercise_nets not_hears;
    struct exercise_nets hears;            /* what our router has to be told */
    struct exercise_nets prefixes, absent; /* route: where packets have to leave at 'seen_at', and must not */
    /* answer: what is right, and what is, too, with | between, or NULL; how many wrong ones are allowed, 0: any */
    char *answer, *also;
    enum exercise_form form;
    unsigned tries;
    char *given;    /* what the student said, or NULL; set by answers_give(), as is: */
    unsigned wrong; /* other answers that were wrong before */
    struct exercise_hint *hints;
    size_t nhints;
    /* What the check looks at one by one, each for its share of the points: the elements in it that its kind
     * knows.  A part has the id and the kind of its check, and no parts. */
    struct exercise_check *parts;
    size_t nparts, cap_parts;
    int line;
};

enum exercise_policy { EXERCISE_BEST, EXERCISE_LAST };

/* What a student may do; labd enforces it. */
struct exercise_rules {
    enum exercise_policy policy; /* whose score counts */
    unsigned max;                /* attempts; 0: as many as one likes */
    unsigned cooldown_ms;        /* from the end of an attempt to the next */
};

struct exercise_wrong {
    char *dir; /* "wrong/no-forwarding" */
    unsigned score;
    char *why;
    int line;
};

struct exercise {
    char id[NAME_SIZE];
    char *title, *level, *summary, *source; /* source may be NULL */
    unsigned minutes, version;
    char *dir;               /* the folder, NULL if from memory */
    char *instructions_file; /* "instructions.md" */
    char *instructions;      /* Markdown with references to parameters; NULL if from memory */
    char *solution_dir;      /* "solution", relative to 'dir'; NULL if there is none */
    struct exercise_wrong *wrongs;
    size_t nwrongs;
    struct topo *topo; /* valid */
    char *topo_file;   /* "topology.xml" */
    struct exercise_rules rules;
    unsigned deadline_ms, hold, interval_ms;
    struct probe_ref refs[PROBE_REFS_MAX];
    int ref_lines[PROBE_REFS_MAX];
    size_t nrefs;
    struct exercise_check *checks;
    size_t nchecks;
    int line;
};

/* Reads 'dir'/exercise.xml and everything that it names.  The exercise's id must be the folder's
 * name.  NULL with 'e' holding the first problem; 'xm' and 'tm' (each may be NULL) get all problems of
 * exercise.xml (missing or wrong scripts included) and of the topology file.  Parameters have the values of
 * 'seed', as topo_load_seeded() says. */
struct exercise *exercise_load_dir_seeded(const char *dir, const struct topo_seed *seed, struct topo_msgs *xm,
                                          struct topo_msgs *tm, struct err *e);
struct exercise *exercise_load_dir(const char *dir, struct topo_msgs *xm, struct topo_msgs *tm,
                                   struct err *e);
/* The same from two texts; <instructions>, <solution> and <wrong> are not followed. */
struct exercise *exercise_load_seeded(const char *xml, size_t n, const char *topo_xml, size_t topo_n,
                                      const struct topo_seed *seed, struct topo_msgs *xm,
                                      struct topo_msgs *tm, struct err *e);
struct exercise *exercise_load_mem(const char *xml, size_t n, const char *topo_xml, size_t topo_n,
                                   struct topo_msgs *xm, struct topo_msgs *tm, struct err *e);
/* Appends 'dir'/exercise.xml with the programs of its checks inside, for those who keep an exercise without its folder:
 * what the functions above make of it can be graded.  Without such checks it is the file as it is. */
int exercise_text(const char *dir, struct buf *out, struct err *e) MUST_CHECK;
void exercise_free(struct exercise *x); /* NULL is fine */
void exercise_freep(struct exercise **x);

unsigned exercise_max_score(const struct exercise *x);
bool exercise_reboots(const struct exercise *x); /* does grading reboot nodes? */
const struct exercise_check *exercise_check_find(const struct exercise *x, const char *id);

/* Appends, with the values of parameters, the script of 'node' in 'which' ("solution", "wrong/no-forwarding": solution_dir or a
 * wrongs[].dir).  ERR_NOT_FOUND if that node has none: then nothing is run there. */
int exercise_script(const struct exercise *x, const char *which, const char *node, struct buf *out,
                    struct err *e) MUST_CHECK;

/* Calls 'fn' with each answer in the file "answers" of 'which', with the values of parameters; if there is no such file,
 * with none.  ERR_INVALID, naming the line, for what is no answer to a question of 'x'. */
typedef void exercise_answer_fn(const char *check, const char *text, void *arg);
int exercise_answers(const struct exercise *x, const char *which, exercise_answer_fn *fn, void *arg,
                     struct err *e) MUST_CHECK;

/* The published schema (exercise.rng, made from exercise.rnc) as it was at build time. */
extern const char exercise_rng[], exercise_rng_end[];

#endif
