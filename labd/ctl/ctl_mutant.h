/* One-fault mutants of a solution's script (DeMillo, Lipton, Sayward: Hints on test data selection, 1978):
 * each differs from it by one fault of the kinds that students make.  An exercise that gives one of them all
 * points does not look closely enough.  Pure text work.  Used by labctl exercise test. */
#ifndef CTL_CTL_MUTANT_H
#define CTL_CTL_MUTANT_H

#include "labd/base/err.h"

#include <stddef.h>

struct buf;
struct topo_node;

enum mutant_fault {
    MUTANT_DROP,      /* a statement is missing */
    MUTANT_ADDRESS,   /* an address is another: of a host in its last digit, of a network in the last bit of
                         the prefix */
    MUTANT_PREFIX,    /* the last digit of a prefix length */
    MUTANT_NEXT_HOP,  /* as MUTANT_ADDRESS, where a route leads */
    MUTANT_INTERFACE, /* another one of that node */
    MUTANT_SWITCH,    /* on instead of off: 1 and 0, accept and drop, FRR's "no" */
    MUTANT_FAULTS
};

struct mutant {
    char *name;      /* "r1.sh:3 drop"; "r1.sh:3 address 2" if it is the second such fault of that line */
    char *node;      /* "r1" */
    size_t at, len;  /* bytes of the script, and .. */
    char *with;      /* .. what stands there instead */
    char *was, *now; /* the statement without and with the fault; now "" or ":": it is missing */
};

struct mutants {
    struct mutant *v;
    size_t n, cap;
    size_t excused; /* faults that the author says change nothing */
};

/* Adds to 'm' the mutants of 'script', which is 'node's, in the order of its lines.  Faults that a comment
 * excuses are counted, not made: "# mutant: same" before the statement or behind it, for FRR "! mutant: same"
 * before it; with names, as in "# mutant: same prefix drop", only those faults; a reason may follow ":".
 * Statements of more than 1024 bytes are left alone.
 * ERR_INVALID, naming the line, if such a comment cannot be read; 'm' has some of the mutants then. */
int mutants_add(struct mutants *m, const struct topo_node *node, const char *script,
                struct err *e) MUST_CHECK;
/* Leaves 'n' of them at most, spread over the whole, always the same ones of the same list. */
void mutants_thin(struct mutants *m, size_t n);
const struct mutant *mutants_find(const struct mutants *m, const char *name); /* NULL: none */
void mutants_clear(struct mutants *m);                                        /* AUTO(mutants_clear) */

/* Appends 'script' with the fault; it is the one that the mutant was made of. */
void mutant_apply(const struct mutant *x, const char *script, struct buf *out);
/* Appends what differs, as lines of a diff: "-ip link set eth0 up\n". */
void mutant_diff(const struct mutant *x, struct buf *out);

#endif
