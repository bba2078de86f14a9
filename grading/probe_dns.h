/* Domain names and the contents of DNS records as text in one form each, so that what an exercise expects and
 * what a server said can be compared.  Used by the exercise reader, the check of kind dns, and labprobe. */
#ifndef GRADING_PROBE_DNS_H
#define GRADING_PROBE_DNS_H

#include "grading/probe.h"

/* The types that can be asked for, by number (RFC 1035, RFC 3596); NULL after the last. */
extern const char *const probe_dns_types[];               /* "A", "AAAA", .. */
unsigned probe_dns_type(size_t i);                        /* the number of probe_dns_types[i] */
const char *probe_dns_type_name(unsigned type);           /* "?" if it is none of them */
const char *probe_dns_code_name(int rcode, char out[24]); /* "NXDOMAIN", "error 17" */

/* Lower case, no dot at the end.  False unless it is labels of letters, digits, - and _ that fit a message. */
bool probe_domain_parse(const char *s, char out[PROBE_DOMAIN_SIZE]);
bool probe_domain_in(const char *name, const char *zone); /* the zone itself, or below it; both as parsed */

/* The content of a record of 'type': an address, a name, "10 mail.example" (MX), or printable text (TXT).
 * False if it can not be one. */
bool probe_record_parse(unsigned type, const char *s, char out[PROBE_VALUE_SIZE]);

#endif
