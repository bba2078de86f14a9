/* Attributes of the exercise language as tables.  Used by exercise_read.c. */
#ifndef GRADING_EXERCISE_ATTR_H
#define GRADING_EXERCISE_ATTR_H

#include "grading/exercise.h"

#include <libxml/tree.h>
#include <stddef.h>

enum xattr_type {
    XA_NAME,     /* char[NAME_SIZE], NAME_PATTERN */
    XA_TEXT,     /* char *, white space folded, not empty */
    XA_FILE,     /* char *, a file name without folder */
    XA_DIR,      /* char *, at most two names with a slash between */
    XA_UINT,     /* unsigned, within min .. max */
    XA_INT,      /* int, within min .. max */
    XA_PORT,     /* uint16_t */
    XA_DURATION, /* unsigned, milliseconds, within min .. max; "500ms", "20s", "2m" */
    XA_BOOL,     /* bool, yes or no */
    XA_NAMES,    /* struct exercise_names, blanks between */
    XA_SEEN,     /* char[PROBE_PORT_SIZE], "NODE:IF" or "LINK:a" */
    XA_TO,       /* struct exercise_check: an address or a reference's name */
    XA_NET,      /* struct probe_ref: "10.0.1.250/24" */
    XA_GATEWAY,  /* struct probe_ref */
    XA_NET6,
    XA_GATEWAY6,
    XA_KIND,          /* const struct check_kind * */
    XA_POLICY,        /* enum exercise_policy */
    XA_EXPECT,        /* enum exercise_expect */
    XA_PROTO,         /* enum probe_kind: icmp, udp, and tcp if 'max' is PROBE_TCP */
    XA_OUTER,         /* enum probe_outer */
    XA_ADDR,          /* struct probe_addr */
    XA_ACTION,        /* enum exercise_action */
    XA_STATE,         /* bool: new or established */
    XA_PORT_OR_OTHER, /* struct exercise_check: a port, or "other" */
    XA_PATH,          /* char[PROBE_PATH_SIZE], as of probe_path_ok() */
    XA_DOMAIN,        /* char[PROBE_DOMAIN_SIZE], as of probe_domain_parse() */
    XA_RRTYPE,        /* uint16_t, the number of a type of probe_dns_types */
    XA_AREA,          /* uint32_t: "0" or "0.0.0.0" */
    XA_NETS,          /* struct exercise_nets: IPv4 prefixes, and IPv6 if 'max' is AF_INET6, blanks between */
    XA_AS,            /* uint32_t: an AS number, RFC 6793 */
    XA_AS_PATH,       /* char[PROBE_AS_PATH_SIZE]: AS numbers, blanks between */
    XA_RATE,          /* unsigned, bits a second, within min .. max: "256kbit" */
    XA_FORM,          /* enum exercise_form */
    XA_BANDS,         /* struct exercise_bands: "1s:100 5s:50", times within min .. max milliseconds */
};

struct xattr {
    const char *name;
    enum xattr_type type;
    size_t offset; /* in the struct that the element fills */
    bool needed;
    long min, max;
};
#define XATTRS_END \
    { \
        NULL, XA_NAME, 0, false, 0, 0 \
    }

/* Entry that takes any attribute and looks at none. */
#define XATTR_ANY "*"

/* Stores the attributes of 'x' in 'obj'; reports those that are unknown, missing or malformed.  Returns
 * a bit for each entry of 'attrs' that was given and understood. */
unsigned exercise_attrs(struct topo_msgs *m, const xmlNode *x, const struct xattr *attrs, void *obj);

/* Folds white space in place: no line breaks, one blank between words, none around. */
void exercise_fold(char *s);

#endif
