/* Values of attributes: text to number and back.  Used inside topology/, and for options of programs.
 *
 * Parsers return false and leave '*out' untouched when the text is not of the form; ranges are the
 * business of topo_check().  Formatters write what the parsers read back to the same value. */
#ifndef TOPOLOGY_TOPO_VALUE_H
#define TOPOLOGY_TOPO_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

bool value_uint(const char *s, uint32_t *out);    /* decimal digits only */
bool value_int(const char *s, int *out);          /* with sign; -1000000 .. 1000000 */
bool value_mode(const char *s, uint32_t *out);    /* octal, 3 or 4 digits: "0644" */
bool value_bool(const char *s, bool *out);        /* "yes", "no" */
bool value_delay(const char *s, uint32_t *us);    /* "20ms", "1.5s", "300us" */
bool value_percent(const char *s, uint32_t *ppm); /* "0.1%" */
bool value_rate(const char *s, uint64_t *bps);    /* "10mbit", "1.5gbit", "64kbit", "800bit" */

void value_add_delay(struct buf *b, uint32_t us);
void value_add_percent(struct buf *b, uint32_t ppm);
void value_add_rate(struct buf *b, uint64_t bps);

/* An address or a prefix. */
struct value_addr {
    int family; /* AF_INET, AF_INET6 */
    uint8_t ip[16];
    unsigned prefix;
    bool has_prefix;
};
bool value_addr(const char *s, struct value_addr *out); /* "10.0.0.1", "2001:db8::/32" */
/* Bytes of the address: 4 or 16. */
size_t value_addr_len(const struct value_addr *a);
bool value_addr_within(const struct value_addr *net, const struct value_addr *host);
bool value_addr_host_bits(const struct value_addr *a);    /* any bit right of the prefix? */
bool value_addr_link_local(const struct value_addr *a);   /* fe80::/10 */
const char *value_addr_fault(const struct value_addr *a); /* "is a loopback address", ..., or NULL */
bool value_addr_edge(const struct value_addr *a); /* the network or broadcast address of its prefix? */
/* The address as a number, most significant byte first, and back; the result has the prefix length. */
typedef unsigned __int128 value_number;
value_number value_addr_number(const struct value_addr *a);
struct value_addr value_addr_of(value_number v, int family, unsigned prefix);
#define VALUE_ADDR_SIZE 64
/* Canonical text into 'out'; with "/prefix" if there is one. */
const char *value_addr_format(const struct value_addr *a, char out[VALUE_ADDR_SIZE]);

/* Text of an element as programs get it: empty lines at both ends dropped, the indentation that all
 * lines share removed, one newline at the end; "" if nothing is left.  The caller frees. */
char *value_dedent(const char *s);

/* 's' cut to a readable length, with control bytes and malformed UTF-8 replaced, for messages. */
#define VALUE_SHOW_SIZE 64
const char *value_show(const char *s, char out[VALUE_SHOW_SIZE]);

/* The candidate that 's' was probably meant to be, or NULL.  Offer each candidate in turn. */
struct value_guess {
    const char *wrong, *best;
    size_t distance;
};
void value_guess_init(struct value_guess *g, const char *wrong);
void value_guess_offer(struct value_guess *g, const char *candidate);
/* " (did you mean 'x'?)" for the end of a sentence, or "". */
#define VALUE_HINT_SIZE 64
const char *value_guess_hint(const struct value_guess *g, char out[VALUE_HINT_SIZE]);

#endif
