/* The kinds of checks: one file each, behind one table.  Used inside grading/: the reader takes a kind's
 * attributes from here, exercise_check.c its meaning, grading_spec.c its probes, grading_judge.c its
 * verdicts, grading_report.c its words.  None of these knows a kind by name.
 *
 * A new kind is one file and one line in check.c, one alternative in exercise.rnc, and a paragraph with an
 * example in paralab-exercise(5). */
#ifndef GRADING_CHECK_CHECK_H
#define GRADING_CHECK_CHECK_H

#include "grading/exercise_attr.h"
#include "grading/grading_parts.h"
#include "topology/topo_index.h"
#include "topology/topo_value.h"

/* What an exercise's meaning is looked at with. */
struct check_review {
    const struct exercise *x;
    const struct topo *t;
    struct topo_index ix;
    struct topo_msgs *m;
};
#define CHECK_TTL 64 /* of what is sent */
#define CHECK_COMPLAIN(k, c, ...) topo_msgs_add((k)->m, (c)->line, TOPO_ERROR, __VA_ARGS__)

struct check_kind {
    const char *name;          /* the value of kind="" */
    const struct xattr *attrs; /* beside those that every check has; in struct exercise_check */
    /* The element that a check of this kind holds several of, and its attributes, in the struct exercise_check of
     * a part; NULL if there is none. */
    const char *part;
    const struct xattr *part_attrs;
    /* Takes the text in such an element into 'part', or adds to 'm' why it can not; NULL if it is empty. */
    void (*part_text)(struct topo_msgs *m, struct exercise_check *part, const char *text);
    enum probe_kind proto; /* unless the attribute 'proto' says otherwise */
    uint16_t port;         /* unless the attribute 'port' says otherwise */
    bool program;          /* it runs one of the author's, which <program> may hold */
    bool alone;            /* it needs a round of its own, after those of the others */
    bool reboots;          /* .. and the nodes are rebooted before it: it comes last of all */
    bool negative;         /* it passes when nothing happens, and therefore needs a control */
    /* It is about what the student says, which does not change while it is graded.  Nobody learns how it ended
     * before the report tells: neither by the progress of grading nor by a check that requires it. */
    bool question;
    /* Adds to k->m what can not be meant. */
    void (*review)(struct check_review *k, const struct exercise_check *c);
    /* Adds what has to be sent and watched for check 'i'.  ERR_CAPACITY. */
    int (*spec)(struct probe_spec *s, const struct exercise *x, size_t i, enum grading_phase phase,
                struct err *e);
    /* Judges a GRADING_STEADY round; NULL where a link is always cut, or nodes are rebooted. */
    struct grading_verdict (*judge)(const struct exercise *x, size_t i, const struct probe_result *r);
    /* The same for a check with a cut, and its GRADING_BROKEN round; NULL where nothing can be cut. */
    struct grading_verdict (*judge_before)(const struct exercise *x, size_t i, const struct probe_result *r);
    struct grading_verdict (*judge_broken)(const struct exercise *x, size_t i, const struct probe_result *r);
    /* What should happen, as a sentence for the student. */
    void (*expected)(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT]);
};

/* The table; NULL after the last. */
extern const struct check_kind *const check_kinds[];
const struct check_kind *check_kind_find(const char *name); /* or NULL */
/* Not in the rounds that all checks share: it cuts links, or its kind says so. */
bool check_alone(const struct exercise_check *c);

bool check_reboots(const struct exercise_check *c); /* its round comes after a cold reboot */

/* In the files of their names. */
extern const struct check_kind check_reachability, check_unreachable, check_tcp_open, check_tcp_closed,
    check_path, check_route, check_nat, check_address, check_firewall, check_vpn, check_dns, check_http,
    check_convergence, check_ospf, check_bgp, check_bandwidth, check_dhcp, check_spanning_tree,
    check_persistence, check_script, check_answer;

/* ---- check.c: for all kinds ---- */
const struct probe_ref *check_ref_find(const struct exercise *x, const char *name); /* or NULL */
bool check_names_hold(const struct exercise_names *names, const char *name);
/* " (did you mean 'x'?)" or "": among the references; the checks; what 'kinds', bits of enum topo_kind, name. */
const char *check_like_ref(struct check_review *k, const char *wrong, char out[VALUE_HINT_SIZE]);
const char *check_like_check(struct check_review *k, const char *wrong, char out[VALUE_HINT_SIZE]);
const char *check_like_topo(struct check_review *k, const char *wrong, unsigned kinds,
                            char out[VALUE_HINT_SIZE]);
/* Complains unless seen_at is a port of the topology ("" is fine), the names are links. */
void check_review_port(struct check_review *k, const struct exercise_check *c, const char *port);
void check_review_links(struct check_review *k, const struct exercise_check *c, const char *what,
                        const struct exercise_names *links);
bool check_link_end(const char *port, const char *link); /* is it LINK:a or LINK:b? */
/* Makes 's' watch a port, both ends of links; attach a reference (once each). */
int check_spec_port(struct probe_spec *s, const char *port, struct err *e) MUST_CHECK;
int check_spec_links(struct probe_spec *s, const struct exercise_names *links, struct err *e) MUST_CHECK;
/* Makes 's' cut the links of the check's cut. */
void check_spec_cut(struct probe_spec *s, const struct exercise_check *c);
void check_spec_ref(struct probe_spec *s, const struct exercise *x, const char *name);
/* A new probe with one sample and all else as usual.  NULL with ERR_CAPACITY. */
struct probe *check_spec_probe(struct probe_spec *s, const char *id, struct err *e);
/* The outcome of probe 'id', or NULL with '*v' an error: what could not be measured is nobody's failure. */
const struct probe_outcome *check_outcome(const struct probe_result *r, const char *id,
                                          struct grading_verdict *v);
struct grading_verdict check_verdict(enum grading_status status, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The verdict of a check by those of its 'n' parts: each is worth the same share of the points. */
struct grading_verdict check_join(size_t n, const struct grading_verdict *v);
/* Appends to a text of GRADING_TEXT bytes. */
void check_text(char out[GRADING_TEXT], const char *fmt, ...) PRINTF_LIKE(2, 3);
void check_text_links(char out[GRADING_TEXT], const struct exercise_names *links);
void check_text_nets(char out[GRADING_TEXT], const struct exercise_nets *nets);
/* " from a test host on lan1 (10.0.1.250)" */
void check_text_ref(char out[GRADING_TEXT], const struct exercise *x, const char *ref, int family);

/* ---- draw.c: addresses at random ---- */
/* Draws an address of the prefix until one is 'fine'; false if there is, or seems to be, none. */
bool check_draw(const struct probe_addr *net, unsigned len,
                bool (*fine)(const void *arg, const struct probe_addr *a), const void *arg,
                struct probe_addr *out);
/* Neither the first nor the last of its subnet, unless that has no others. */
bool check_addr_inner(const struct probe_addr *a, unsigned len);
/* Does the exercise speak of this address?  Then somebody may rightly have it. */
bool check_addr_known(const struct exercise *x, const struct probe_addr *a);

#endif
